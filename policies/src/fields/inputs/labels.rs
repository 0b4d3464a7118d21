//! The labels of a template, of which many are kept and few are asked for.

use crate::object::Map;

/// Labels without room for more, in the order of their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Box<[(Box<str>, Box<str>)]>);

impl Labels {
    /// The value of a label.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(one, _)| (**one).cmp(key)).ok()?;
        self.0.get(at).map(|(_, value)| &**value)
    }

    /// The label of a number, and its value.
    pub(super) fn at(&self, number: usize) -> Option<(&str, &str)> {
        self.0.get(number).map(|(key, value)| (&**key, &**value))
    }

    /// How many there are.
    pub(super) const fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }

    /// As everybody else has them.
    #[must_use]
    pub fn to_map(&self) -> Map {
        self.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }
}

impl<'a> FromIterator<(&'a String, &'a String)> for Labels {
    fn from_iter<T: IntoIterator<Item = (&'a String, &'a String)>>(labels: T) -> Self {
        let pair = |(key, value): (&String, &String)| (key.as_str().into(), value.as_str().into());
        let mut all: Box<[(Box<str>, Box<str>)]> = labels.into_iter().map(pair).collect();
        all.sort();
        Self(all)
    }
}
