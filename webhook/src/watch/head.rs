//! What a watch has to know of an object that it passes on: its name and its revision. They stand
//! near the beginning, and nothing after them is looked at here.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

/// Name and revision, as far as they could be read; empty otherwise.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Head {
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.resourceVersion`.
    pub revision: String,
}

impl Head {
    /// Reads the head of an object, which may be cut off or broken further on.
    #[must_use]
    pub fn of(object: &[u8], namespaced: bool) -> Self {
        let mut head = Self::default();
        let mut reader = serde_json::Deserializer::from_slice(object);
        // It ends in an error by design, as soon as everything is known.
        let _ = Object { head: &mut head, namespaced }.deserialize(&mut reader);
        head
    }

    fn is_complete(&self, namespaced: bool) -> bool {
        let placed = !namespaced || !self.namespace.is_empty();
        placed && !self.name.is_empty() && !self.revision.is_empty()
    }
}

struct Object<'h> {
    head: &'h mut Head,
    namespaced: bool,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == "metadata" {
                map.next_value_seed(Metadata { head: self.head, namespaced: self.namespaced })?;
                return Err(A::Error::custom("enough"));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

struct Metadata<'h> {
    head: &'h mut Head,
    namespaced: bool,
}

impl<'de> DeserializeSeed<'de> for Metadata<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Metadata<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the metadata of an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let field = match key.as_ref() {
                "name" => &mut self.head.name,
                "namespace" => &mut self.head.namespace,
                "resourceVersion" => &mut self.head.revision,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *field = map.next_value()?;
            if self.head.is_complete(self.namespaced) {
                return Err(A::Error::custom("enough"));
            }
        }
        Ok(())
    }
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// It is there: new or changed.
    Put,
    /// It is gone, or does not match the selectors any longer.
    Gone,
    /// Nothing; the object holds a revision.
    Bookmark,
    /// The watch ends; the object is a `Status`.
    Error,
}

/// Takes the line of a watch apart, into what happened and the bytes of the object.
///
/// `None`: it is no event. That the object itself is sound is not looked at.
#[must_use]
pub fn event(line: &[u8]) -> Option<(Happened, &[u8])> {
    quick_event(line).or_else(|| any_event(line))
}

/// The same of the beginning of a line that is too long to be held.
#[must_use]
pub fn cut_event(beginning: &[u8]) -> Option<(Happened, &[u8])> {
    quick_start(beginning)
}

/// As Kubernetes' own encoder writes an event: the type first, and nothing between or after
/// (`k8s.io/apimachinery/pkg/apis/meta/v1`, `WatchEvent`).
fn quick_event(line: &[u8]) -> Option<(Happened, &[u8])> {
    let (happened, rest) = quick_start(line)?;
    let object = rest.strip_suffix(b"}")?;
    let bounded = object.first() == Some(&b'{') && object.last() == Some(&b'}');
    bounded.then_some((happened, object))
}

fn quick_start(line: &[u8]) -> Option<(Happened, &[u8])> {
    let rest = line.strip_prefix(br#"{"type":""#)?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    let (name, rest) = rest.split_at_checked(end)?;
    Some((happened(name)?, rest.strip_prefix(br#"","object":"#)?))
}

/// As anybody might write it.
fn any_event(line: &[u8]) -> Option<(Happened, &[u8])> {
    #[derive(Deserialize)]
    struct Written<'a> {
        #[serde(borrow, rename = "type")]
        happened: Cow<'a, str>,
        #[serde(borrow)]
        object: &'a serde_json::value::RawValue,
    }
    let written: Written<'_> = serde_json::from_slice(line).ok()?;
    let object = written.object.get().as_bytes();
    let is_object = object.first() == Some(&b'{');
    is_object.then_some((happened(written.happened.as_bytes())?, object))
}

fn happened(name: &[u8]) -> Option<Happened> {
    match name {
        b"ADDED" | b"MODIFIED" => Some(Happened::Put),
        b"DELETED" => Some(Happened::Gone),
        b"BOOKMARK" => Some(Happened::Bookmark),
        b"ERROR" => Some(Happened::Error),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str, namespaced: bool) -> (String, String, String) {
        let Head { namespace, name, revision } = Head::of(text.as_bytes(), namespaced);
        (namespace, name, revision)
    }

    #[test]
    fn heads_of_sound_cut_and_broken_objects() {
        let all = ("shop".to_owned(), "web".to_owned(), "7".to_owned());
        for text in [
            r#"{"metadata":{"name":"web","namespace":"shop","uid":"u","resourceVersion":"7"}}"#,
            r#"{"kind":"Pod","metadata":{"labels":{"name":"x"},"resourceVersion":"7","namespace":"shop","name":"web","a":1},"spec":{}}"#,
            r#"{"metadata":{"name":"web","namespace":"shop","resourceVersion":"7","labels":{"#,
            r#"{"metadata":{"name":"w\u0065b","namespace":"shop","resourceVersion":"7"},"spec":%"#,
        ] {
            assert_eq!(head(text, true), all, "{text}");
        }
        let node = r#"{"metadata":{"name":"n","resourceVersion":"9","managedFields":["#;
        assert_eq!(head(node, false), (String::new(), "n".into(), "9".into()));
        assert_eq!(head(node, true), (String::new(), "n".into(), "9".into()), "what is there");
        for text in ["", "[]", "7", "{", r#"{"metadata":[]}"#, r#"{"metadata":{"name":7}}"#] {
            assert_eq!(Head::of(text.as_bytes(), true), Head::default(), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(Head::of(deep.as_bytes(), true), Head::default());
    }

    #[test]
    fn events_in_any_spelling() {
        let event = |text: &'static str| event(text.as_bytes());
        let put = Some((Happened::Put, br#"{"a":1}"#.as_slice()));
        for text in [
            r#"{"type":"ADDED","object":{"a":1}}"#,
            r#"{"type":"MODIFIED","object":{"a":1}}"#,
            r#"{ "type": "ADDED", "object": {"a":1} }"#,
            r#"{"object":{"a":1},"type":"ADDED"}"#,
            r#"{"object":{"a":1},"new":[],"type":"ADDED"}"#,
        ] {
            assert_eq!(event(text), put, "{text}");
        }
        assert!(matches!(event(r#"{"type":"DELETED","object":{}}"#), Some((Happened::Gone, _))));
        assert!(matches!(event(r#"{"type":"ERROR","object":{}}"#), Some((Happened::Error, _))));
        for text in [
            "",
            "{}",
            "garbage",
            r#"{"type":"ODD","object":{}}"#,
            r#"{"type":"ADDED"}"#,
            r#"{"type":"ADDED","object":7}"#,
        ] {
            assert_eq!(event(text), None, "{text}");
        }
    }

    /// What is broken inside of the object is found by whoever reads the object.
    #[test]
    fn an_object_that_is_broken_is_passed_on() {
        let line = br#"{"type":"ADDED","object":{"metadata":{"name":"a"},"spec":%}}"#;
        let (happened, object) = event(line).unwrap();
        assert_eq!(happened, Happened::Put);
        assert_eq!(Head::of(object, false).name, "a");
    }
}
