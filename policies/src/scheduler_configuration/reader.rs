//! Fields out of JSON, with everything that is wrong on the way.

use placecard_feasibility::judge::Semantics;
use placecard_findings::{FieldPath, Segment};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Form, Problem, ProblemKind, Unjudged, UnjudgedKind};

/// A mapping of JSON.
pub(super) type Mapping = serde_json::Map<String, Value>;

/// So many mistakes are kept, and so many things that are not known.
const MOST: usize = 100;

/// What was found so far.
pub(super) struct Reader {
    pub(super) semantics: Semantics,
    pub(super) problems: Vec<Problem>,
    pub(super) unjudged: Vec<Unjudged>,
    /// The profile that is being read.
    pub(super) scheduler: Option<String>,
}

impl Reader {
    pub(super) fn new(semantics: Semantics) -> Self {
        Self { semantics, problems: Vec::new(), unjudged: Vec::new(), scheduler: None }
    }

    pub(super) fn problem(&mut self, at: &FieldPath, kind: ProblemKind) {
        if self.problems.len() < MOST {
            self.problems.push(Problem { path: at.clone(), kind });
        }
    }

    pub(super) fn unjudged(&mut self, at: &FieldPath, what: UnjudgedKind) {
        if self.unjudged.len() == MOST {
            self.problem(at, ProblemKind::TooMany { most: MOST });
            return;
        }
        let scheduler = self.scheduler.clone();
        self.unjudged.push(Unjudged { path: at.clone(), scheduler, what });
    }

    /// Notes every field that none of the lists has.
    pub(super) fn known_fields(&mut self, at: &FieldPath, found: &Mapping, known: &[&[&str]]) {
        for key in found.keys() {
            if !known.iter().any(|list| list.contains(&key.as_str())) {
                self.unjudged(&at.key(key), UnjudgedKind::Field(key.clone()));
            }
        }
    }

    pub(super) fn mapping<'v>(&mut self, at: &FieldPath, value: &'v Value) -> Option<&'v Mapping> {
        let found = value.as_object();
        if found.is_none() {
            self.problem(at, ProblemKind::Form { expected: Form::Mapping });
        }
        found
    }

    /// The value of a field that is there and not `null`.
    fn field<'v>(found: &'v Mapping, key: &str) -> Option<&'v Value> {
        found.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn inner<'v>(
        &mut self,
        at: &FieldPath,
        found: &'v Mapping,
        key: &str,
    ) -> Option<&'v Mapping> {
        let value = Self::field(found, key)?;
        self.mapping(&at.key(key), value)
    }

    pub(super) fn text(&mut self, at: &FieldPath, found: &Mapping, key: &str) -> Option<String> {
        let value = Self::field(found, key)?;
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.problem(&at.key(key), ProblemKind::Form { expected: Form::Text });
        }
        text
    }

    pub(super) fn truth(&mut self, at: &FieldPath, found: &Mapping, key: &str) -> Option<bool> {
        let truth = Self::field(found, key)?.as_bool();
        if truth.is_none() {
            self.problem(&at.key(key), ProblemKind::Form { expected: Form::Truth });
        }
        truth
    }

    /// A number within bounds, both included.
    pub(super) fn integer(
        &mut self,
        at: &FieldPath,
        found: &Mapping,
        key: &str,
        least: i64,
        most: i64,
    ) -> Option<i64> {
        let value = Self::field(found, key)?;
        let Some(number) = value.as_i64() else {
            self.problem(&at.key(key), ProblemKind::Form { expected: Form::Integer });
            return None;
        };
        if number < least || number > most {
            self.problem(&at.key(key), ProblemKind::Range { found: number, least, most });
            return None;
        }
        Some(number)
    }

    /// The items of a list with their places; none for a field that is absent.
    pub(super) fn list<'v>(
        &mut self,
        at: &FieldPath,
        found: &'v Mapping,
        key: &str,
    ) -> Vec<(FieldPath, &'v Value)> {
        let Some(value) = Self::field(found, key) else {
            return Vec::new();
        };
        let at = at.key(key);
        let Some(items) = value.as_array() else {
            self.problem(&at, ProblemKind::Form { expected: Form::List });
            return Vec::new();
        };
        items.iter().enumerate().map(|(index, item)| (at.index(index), item)).collect()
    }

    /// The items of a list of strings.
    pub(super) fn texts(
        &mut self,
        at: &FieldPath,
        found: &Mapping,
        key: &str,
    ) -> Vec<(FieldPath, String)> {
        let mut texts = Vec::new();
        for (at, item) in self.list(at, found, key) {
            match item.as_str() {
                Some(text) => texts.push((at, text.to_owned())),
                None => self.problem(&at, ProblemKind::Form { expected: Form::Text }),
            }
        }
        texts
    }

    /// A value of a type of the API.
    pub(super) fn typed<T: DeserializeOwned>(
        &mut self,
        at: &FieldPath,
        value: &Value,
    ) -> Option<T> {
        match serde_path_to_error::deserialize(value) {
            Ok(typed) => Some(typed),
            Err(error) => {
                let within = error.path().iter().filter_map(|segment| match segment {
                    serde_path_to_error::Segment::Seq { index } => Some(Segment::Index(*index)),
                    serde_path_to_error::Segment::Map { key } => Some(Segment::key(key)),
                    _ => None,
                });
                let at = at.join(&FieldPath(within.collect()));
                self.problem(&at, ProblemKind::Unreadable { message: error.inner().to_string() });
                None
            }
        }
    }
}
