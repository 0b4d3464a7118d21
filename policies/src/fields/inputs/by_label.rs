//! Templates by a label and its value.

use std::collections::BTreeMap;

/// The indices of templates, ascending, by key and value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ByLabel(BTreeMap<String, BTreeMap<String, Vec<usize>>>);

impl ByLabel {
    /// Adds a template, whose index is not below those that are there.
    pub(super) fn add(&mut self, key: &str, value: &str, index: usize) {
        let values = match self.0.get_mut(key) {
            Some(values) => values,
            None => self.0.entry(key.to_owned()).or_default(),
        };
        match values.get_mut(value) {
            Some(list) => list.push(index),
            None => drop(values.insert(value.to_owned(), vec![index])),
        }
    }

    /// The templates that have the label with this value.
    pub(super) fn get(&self, key: &str, value: &str) -> &[usize] {
        self.0.get(key).and_then(|values| values.get(value)).map_or(&[], Vec::as_slice)
    }

    /// The values of a label, each with its templates.
    pub(super) fn values(&self, key: &str) -> impl Iterator<Item = (&str, &[usize])> {
        let values = self.0.get(key).into_iter().flatten();
        values.map(|(value, at)| (value.as_str(), at.as_slice()))
    }
}
