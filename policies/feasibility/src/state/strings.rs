//! Strings by number, and labels as pairs of numbers.

use super::table::{Index, NONE, Seed, Slab};
use crate::label::Labels;

/// Label keys and values as numbers, sorted by key. A value that is not known is [`NONE`]: it is
/// like no value that any selector names.
pub(super) type Pairs = Vec<(u32, u32)>;

/// All strings that are looked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Strings {
    seed: Seed,
    texts: Slab<Box<str>>,
    index: Index,
}

impl Strings {
    /// The number of a string, if it is known.
    pub(super) fn get(&self, text: &str) -> Option<u32> {
        self.index.find(self.seed.of(text), |id| **self.texts.at(id) == *text)
    }

    /// The number of a string.
    pub(super) fn add(&mut self, text: &str) -> u32 {
        let hash = self.seed.of(text);
        if let Some(known) = self.index.find(hash, |id| **self.texts.at(id) == *text) {
            return known;
        }
        let id = self.texts.add(text.into());
        self.index.insert(hash, id);
        id
    }

    /// The string with this number.
    pub(super) fn text(&self, id: u32) -> &str {
        self.texts.at(id)
    }

    /// How many strings there are.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// One more than the largest number.
    pub(super) fn bound(&self) -> usize {
        self.texts.bound()
    }

    /// The labels as numbers.
    pub(super) fn add_pairs(&mut self, labels: &Labels, pairs: &mut Pairs) {
        pairs.clear();
        for (key, value) in labels {
            pairs.push((self.add(key), self.add(value)));
        }
        pairs.sort_unstable();
    }

    /// The labels as numbers, as far as they are known. A key that is not known is named by no
    /// selector.
    pub(super) fn known_pairs(&self, labels: &Labels, pairs: &mut Pairs) {
        pairs.clear();
        for (key, value) in labels {
            if let Some(key) = self.get(key) {
                pairs.push((key, self.get(value).unwrap_or(NONE)));
            }
        }
        pairs.sort_unstable();
    }

    /// Forgets all strings but these.
    pub(super) fn keep(&mut self, used: &[bool]) {
        let unused = self.texts.iter().filter(|(id, _)| used.get(*id as usize) != Some(&true));
        for id in unused.map(|(id, _)| id).collect::<Vec<_>>() {
            let text = self.texts.take(id);
            self.index.remove(self.seed.of(&*text), id);
        }
    }
}

/// The labels of one node, found without a search; for the many rules that look at them.
#[derive(Clone, Debug, Default)]
pub(super) struct Sheet {
    /// The value of each key, or [`NONE`].
    values: Vec<u32>,
}

impl Sheet {
    /// Writes the labels down, works with them, and wipes them off.
    pub(super) fn with(&mut self, pairs: &[(u32, u32)], work: impl FnOnce(&Self)) {
        for (key, value) in pairs {
            if self.values.len() <= *key as usize {
                self.values.resize(*key as usize + 1, NONE);
            }
            self.write(*key, *value);
        }
        work(self);
        pairs.iter().for_each(|(key, _)| self.write(*key, NONE));
    }

    fn write(&mut self, key: u32, value: u32) {
        if let Some(known) = self.values.get_mut(key as usize) {
            *known = value;
        }
    }

    /// The value of a label.
    pub(super) fn value(&self, key: u32) -> Option<u32> {
        self.values.get(key as usize).copied().filter(|value| *value != NONE)
    }
}

/// Among so many labels it is quicker to jump than to walk.
const MANY: usize = 32;

/// The value of a label.
pub(super) fn value_of(pairs: &[(u32, u32)], key: u32) -> Option<u32> {
    let found = if pairs.len() > MANY {
        pairs.binary_search_by_key(&key, |(known, _)| *known).ok().and_then(|at| pairs.get(at))
    } else {
        pairs.iter().find(|(known, _)| *known == key)
    };
    found.map(|(_, value)| *value)
}
