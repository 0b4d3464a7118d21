//! Objects of a cluster without what no verdict reads: no environment, no commands, no images, no
//! notes of others.
//!
//! What is kept is listed, so a field that is new in the API is left out until it is listed. The
//! tables hold what the readers beside this module read; `policies/tests/redaction.rs` holds that
//! an inventory is the same whether it is read from the object or from what is kept of it.

mod tables;

use placecard_feasibility::inventory::kind::Kind;

use self::tables::{Part, Table, of_more, of_object};
use super::scan::{Entry, Skip, blank, entry};
use crate::live::Watched;

/// What is kept besides what verdicts read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Include {
    /// `env` and `envFrom` of containers.
    pub environment: bool,
    /// The images of containers and volumes, and those that nodes hold: ImageLocality scores by
    /// them.
    pub images: bool,
    /// All annotations, and not only ours, those of autoscalers and those that say where volumes are; never
    /// `kubectl.kubernetes.io/last-applied-configuration`, which holds the whole object again.
    pub annotations: bool,
    /// `command` and `args` of containers.
    pub commands: bool,
}

/// The names of [`Include`], as they are typed.
pub const INCLUDES: [&str; 4] = ["environment", "images", "annotations", "commands"];

impl Include {
    /// Adds what is called so; false if nothing is.
    pub fn add(&mut self, name: &str) -> bool {
        match name {
            "environment" => self.environment = true,
            "images" => self.images = true,
            "annotations" => self.annotations = true,
            "commands" => self.commands = true,
            _ => return false,
        }
        true
    }
}

/// What follows the bytes is no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoObject;

/// Appends what is kept of the object in `json` to `to`, on one line if `json` is on one; `kind` and
/// `apiVersion` are left out, as the API server does in lists.
///
/// # Errors
/// `json` holds no object, or not all of it; `to` is as it was.
pub fn redact(kind: Kind, json: &[u8], include: Include, to: &mut Vec<u8>) -> Result<(), NoObject> {
    by(of_object(kind), json, include, to)
}

/// The same for objects of [`dump::MORE`](super::dump::MORE), which say how coordinations stand.
///
/// # Errors
/// As [`redact`].
pub fn redact_more(kind: Watched, json: &[u8], to: &mut Vec<u8>) -> Result<(), NoObject> {
    by(of_more(kind), json, Include::default(), to)
}

fn by(table: Table, json: &[u8], include: Include, to: &mut Vec<u8>) -> Result<(), NoObject> {
    let begin = to.len();
    let start = blank(json, 0);
    let mut redaction = Redaction { bytes: json, include, to };
    let end = match json.get(start) {
        Some(b'{') => redaction.mapping(start, table),
        _ => None,
    };
    if end.is_some_and(|end| blank(json, end) == json.len()) {
        return Ok(());
    }
    to.truncate(begin);
    Err(NoObject)
}

struct Redaction<'b, 't> {
    bytes: &'b [u8],
    include: Include,
    to: &'t mut Vec<u8>,
}

impl Redaction<'_, '_> {
    /// Writes what is kept of the mapping at `at`; where it ends. `None`: the bytes end before it.
    fn mapping(&mut self, at: usize, table: Table) -> Option<usize> {
        self.to.push(b'{');
        let mut first = true;
        let mut at = at + 1;
        loop {
            let (name, value) = match entry(self.bytes, at) {
                Entry::Key(name, value) => (name, value),
                Entry::End(end) => {
                    self.to.push(b'}');
                    return Some(end + 1);
                }
                Entry::Short | Entry::Broken(_) => return None,
            };
            let part = table(name.as_bytes(), self.include);
            if matches!(part, Part::Drop) {
                at = self.end_of(value)?;
                continue;
            }
            if !std::mem::take(&mut first) {
                self.to.push(b',');
            }
            self.to.push(b'"');
            self.to.extend_from_slice(name.as_bytes());
            self.to.extend_from_slice(b"\":");
            at = self.value(value, part)?;
        }
    }

    /// Writes what is kept of the value at `at`; where it ends. A value of the wrong type stays one.
    fn value(&mut self, at: usize, part: Part) -> Option<usize> {
        match (part, self.bytes.get(at)?) {
            (Part::In(table), b'{') => self.mapping(at, table),
            (Part::Each(table), b'[') => self.list(at, table),
            (Part::Drop | Part::Keep, _) => {
                let end = self.end_of(at)?;
                self.to.extend_from_slice(self.bytes.get(at..end)?);
                Some(end)
            }
            (Part::In(_) | Part::Each(_), first) => {
                let end = self.end_of(at)?;
                let empty: &[u8] = match first {
                    b'{' => b"{}",
                    b'[' => b"[]",
                    b'"' => b"\"\"",
                    _ => self.bytes.get(at..end)?,
                };
                self.to.extend_from_slice(empty);
                Some(end)
            }
        }
    }

    /// The same for a list of mappings.
    fn list(&mut self, at: usize, table: Table) -> Option<usize> {
        self.to.push(b'[');
        let mut first = true;
        let mut at = blank(self.bytes, at + 1);
        while *self.bytes.get(at)? != b']' {
            if !std::mem::take(&mut first) {
                if self.bytes.get(at) != Some(&b',') {
                    return None;
                }
                self.to.push(b',');
                at = blank(self.bytes, at + 1);
            }
            at = blank(self.bytes, self.value(at, Part::In(table))?);
        }
        self.to.push(b']');
        Some(at + 1)
    }

    fn end_of(&self, at: usize) -> Option<usize> {
        match Skip::default().feed(self.bytes, at) {
            (end, true) if end > at => Some(end),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(kind: Kind, json: &str, include: Include) -> Option<String> {
        let mut to = b"before".to_vec();
        let done = redact(kind, json.as_bytes(), include, &mut to);
        let text = String::from_utf8(to).unwrap();
        match done {
            Ok(()) => Some(text.strip_prefix("before").unwrap().to_owned()),
            Err(NoObject) => {
                assert_eq!(text, "before", "{json}");
                None
            }
        }
    }

    #[test]
    fn what_is_not_listed_is_left_out() {
        let pod = r#"{"kind":"Pod","metadata":{"name":"a","managedFields":[{"x":1}],
"annotations":{"a":"b","placecard.dev/require":"near self"}},
"spec":{"containers":[{"name":"c","image":"i","env":[{"name":"PASSWORD","value":"}s3cret\""}],
"envFrom":[{"secretRef":{"name":"s"}}],"command":["run"],"args":["--token=s3cret"],
"resources":{"limits":{"cpu":"1"},"claims":[]}},7],
"volumes":[{"name":"v","secret":{"secretName":"s3cret"}},{"name":"w","ephemeral":{"x":{}}}]}}"#;
        let short = |text: &str| text.replace('\n', "");
        let kept = redacted(Kind::Pod, &short(pod), Include::default());
        let expected = r#"{"metadata":{"name":"a","annotations":{"placecard.dev/require":"near self"}},
"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"1"}}},7],
"volumes":[{"name":"v"},{"name":"w","ephemeral":{}}]}}"#;
        assert_eq!(kept, Some(short(expected)));
        let all = Include { environment: true, images: true, annotations: true, commands: true };
        let kept = redacted(Kind::Pod, &short(pod), all).unwrap();
        for part in [r#""image":"i""#, "PASSWORD", "secretRef", "--token", "run", r#""a":"b""#] {
            assert!(kept.contains(part), "{part}: {kept}");
        }
        assert!(!kept.contains("secretName") && !kept.contains("managedFields"), "{kept}");
    }

    #[test]
    fn the_whole_object_that_kubectl_notes_is_never_kept() {
        let service = r#"{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}","x":"y"}}}"#;
        let include = Include { annotations: true, ..Include::default() };
        let kept = redacted(Kind::Service, service, include);
        assert_eq!(kept.as_deref(), Some(r#"{"metadata":{"annotations":{"x":"y"}}}"#));
    }

    #[test]
    fn what_is_no_object_leaves_nothing() {
        for text in [
            "",
            " ",
            "7",
            "[]",
            "{",
            r#"{"spec""#,
            r#"{"spec":"#,
            r#"{"spec":{"#,
            r#"{"spec":{"containers":["#,
            r#"{"spec":{"containers":[{}"#,
            r#"{"spec":{"containers":[{} {}]}}"#,
            r#"{"metadata":{"name":"a"#,
            "{} {}",
            "{}}",
        ] {
            assert_eq!(redacted(Kind::Pod, text, Include::default()), None, "{text}");
        }
        assert_eq!(redacted(Kind::Pod, " {} ", Include::default()).as_deref(), Some("{}"));
    }

    #[test]
    fn a_value_of_the_wrong_type_stays_one_and_says_nothing() {
        let pod = r#"{"metadata":"s3cret","spec":{"containers":{"s3cret":1},"volumes":null},"status":["s3cret"]}"#;
        let kept = redacted(Kind::Pod, pod, Include::default());
        let expected = r#"{"metadata":"","spec":{"containers":{},"volumes":null},"status":[]}"#;
        assert_eq!(kept.as_deref(), Some(expected));
    }

    #[test]
    fn names_of_what_may_be_included() {
        let mut include = Include::default();
        assert!(INCLUDES.iter().all(|name| include.add(name)) && !include.add("secrets"));
        let all = Include { environment: true, images: true, annotations: true, commands: true };
        assert_eq!(include, all);
    }
}
