//! A bounded cache that forgets what was not asked for lately.

use std::collections::BTreeMap;

/// Holds at least the `capacity / 2` and at most the `capacity` entries that were used last, in
/// two generations: a full young one becomes the old one, and what is used in the old one returns
/// to the young one.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    young: BTreeMap<K, V>,
    old: BTreeMap<K, V>,
    generation: usize,
}

impl<K: Ord + Clone, V: Clone> Recent<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { young: BTreeMap::new(), old: BTreeMap::new(), generation: (capacity / 2).max(1) }
    }

    pub(crate) fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.insert(key, value.clone());
        Some(value)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.old.remove(&key);
        if self.young.len() >= self.generation && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_bounded_and_keeps_what_is_used() {
        let mut recent = Recent::new(100);
        recent.insert(0, "used".to_owned());
        for key in 1..10_000 {
            recent.insert(key, key.to_string());
            assert_eq!(recent.get(&0).as_deref(), Some("used"));
            assert!(recent.young.len() + recent.old.len() <= 100);
        }
        assert_eq!(recent.get(&1), None);
        assert_eq!(recent.get(&9_999).as_deref(), Some("9999"));
        recent.insert(0, "new".to_owned());
        assert_eq!(recent.get(&0).as_deref(), Some("new"));
    }
}
