//! Objects one by one, as watches bring them: the same readers, without the text of a list around.
#![expect(clippy::result_large_err, reason = "a problem is rare, and says what users need")]

use placecard_feasibility::inventory::kind::Kind;
use serde::de::DeserializeOwned;

use super::alike::Alike;
use super::object::{self, Parse, Sink};
use super::problem::{ObjectName, Problem, ProblemKind};
use super::scan::blank;
use super::value::{Failure, Stream, Whole, name_of, take};

/// Reads objects, and remembers pods that are written alike.
#[derive(Debug)]
pub struct Single {
    alike: Alike,
}

impl Default for Single {
    fn default() -> Self {
        Self { alike: Alike::lasting() }
    }
}

/// Nothing that was read depends on what is remembered, so a copy remembers nothing.
impl Clone for Single {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Single {
    /// Reads one object, hands it on and says what it is called; `json` is the object and nothing
    /// else. The taints that the conditions of nodes stand for are added.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn read(
        &mut self,
        kind: Kind,
        json: &[u8],
        to: &mut dyn Sink,
    ) -> Result<ObjectName, Problem> {
        let fail = |problem| failed(kind.name(), json, problem);
        if kind == Kind::Pod
            && let Some(known) = self.alike.find(json)
            && blank(json, known.length) == json.len()
        {
            let name = ObjectName {
                kind: kind.name().to_owned(),
                namespace: known.like.pod.namespace.clone(),
                name: known.given.name.to_owned(),
            };
            to.put_like(known.like, known.given);
            return Ok(name);
        }
        let mut length = 0;
        let read = object::read(kind, true, Stream { bytes: json, length: &mut length });
        let read = match read {
            Ok(read) if blank(json, length) == json.len() => read,
            _ => match whole(json).and_then(|text| {
                object::read(kind, true, Whole(text)).map_err(|fault| ProblemKind::Unreadable {
                    path: fault.path,
                    message: fault.message,
                })
            }) {
                Ok(read) => read,
                Err(problem) => return Err(fail(problem)),
            },
        };
        let (namespace, name) = read.object.name();
        if name.is_empty() {
            return Err(fail(ProblemKind::NoName));
        }
        let name = ObjectName {
            kind: kind.name().to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        if let object::Object::Pod(pod) = &read.object {
            self.alike.remember(pod);
        }
        read.put(to);
        Ok(name)
    }
}

/// Reads an object of another kind.
///
/// # Errors
///
/// What is wrong with it.
pub fn typed<T: DeserializeOwned>(kind: &str, json: &[u8]) -> Result<T, Problem> {
    match take::<T>(json) {
        Ok((value, length)) if blank(json, length) == json.len() => return Ok(value),
        Ok(_) | Err(Failure::Short | Failure::Broken) => {}
    }
    let read = whole(json).and_then(|text| {
        Whole(text)
            .parse()
            .map_err(|fault| ProblemKind::Unreadable { path: fault.path, message: fault.message })
    });
    read.map_err(|problem| failed(kind, json, problem))
}

/// The text, if it is one and nothing follows the object.
fn whole(json: &[u8]) -> Result<&str, ProblemKind> {
    let wrong = |message: String| ProblemKind::Unreadable { path: String::new(), message };
    let text = std::str::from_utf8(json).map_err(|error| wrong(error.to_string()))?;
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(text),
        Err(error) => Err(wrong(error.to_string())),
    }
}

fn failed(kind: &str, json: &[u8], problem: ProblemKind) -> Problem {
    let object = ObjectName { kind: kind.to_owned(), ..name_of(json) };
    Problem { place: None, object: Some(object), kind: problem }
}
