//! Finds the selectors that some labels might meet, without looking at the others.

use super::needs::Needs;
use super::table::Map;

/// Selectors by a label value that a match must have, by a key that it must have, and the rest.
#[derive(Clone, Debug, Default)]
pub(super) struct Finder {
    by_pair: Map<(u32, u32), Vec<u32>>,
    by_key: Map<u32, Vec<u32>>,
    rest: Vec<u32>,
}

impl Finder {
    /// Adds a selector. Of several label values that a match must have, those count that the fewest
    /// selectors are found by already.
    pub(super) fn add(&mut self, id: u32, needs: &Needs) {
        if needs.is_never() {
            return;
        }
        let crowd = |(key, values): &(u32, &[u32])| {
            let crowd = |value: &u32| self.by_pair.get(&(*key, *value)).map_or(0, Vec::len);
            values.iter().map(crowd).sum::<usize>() + values.len()
        };
        if let Some((key, values)) = needs.choices().min_by_key(crowd) {
            for value in values {
                self.by_pair.entry((key, *value)).or_default().push(id);
            }
        } else if let Some(key) = needs.key() {
            self.by_key.entry(key).or_default().push(id);
        } else {
            self.rest.push(id);
        }
    }

    /// The selectors that the labels might meet, each once.
    pub(super) fn candidates<'a>(
        &'a self,
        pairs: &'a [(u32, u32)],
    ) -> impl Iterator<Item = u32> + 'a {
        let by_pair = pairs.iter().filter_map(|pair| self.by_pair.get(pair));
        let by_key = pairs.iter().filter_map(|(key, _)| self.by_key.get(key));
        by_pair.chain(by_key).chain([&self.rest]).flatten().copied()
    }
}
