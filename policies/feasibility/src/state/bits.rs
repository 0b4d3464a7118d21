//! Sets of small numbers.

use std::collections::BTreeMap;

/// Adds a number to a row of bits, which grows as it must.
pub(super) fn set(row: &mut Vec<u64>, at: u32) {
    let word = at as usize / 64;
    if row.len() <= word {
        row.resize(word + 1, 0);
    }
    if let Some(word) = row.get_mut(word) {
        *word |= 1 << (at % 64);
    }
}

/// Takes a number out.
pub(super) fn clear(row: &mut [u64], at: u32) {
    if let Some(word) = row.get_mut(at as usize / 64) {
        *word &= !(1 << (at % 64));
    }
}

/// Adds the number or takes it out.
pub(super) fn assign(row: &mut Vec<u64>, at: u32, present: bool) {
    if present { set(row, at) } else { clear(row, at) }
}

/// Is the number in it?
pub(super) fn has(row: &[u64], at: u32) -> bool {
    row.get(at as usize / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
}

/// Adds all numbers of another row; those beyond the end of the first are left out.
pub(super) fn unite(row: &mut [u64], more: &[u64]) {
    for (word, more) in row.iter_mut().zip(more) {
        *word |= more;
    }
}

/// The numbers, ascending.
pub(super) fn ones(row: &[u64]) -> impl Iterator<Item = u32> {
    (0u32..).zip(row).flat_map(|(index, word)| ones_of(*word).map(move |bit| index * 64 + bit))
}

/// The bits of one word, ascending.
pub(super) fn ones_of(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        (word != 0).then(|| {
            let bit = word.trailing_zeros();
            word &= word - 1;
            bit
        })
    })
}

/// A set that is a sorted list while it is thin and a row of bits when it is not.
#[derive(Clone, Debug, Default)]
pub(super) struct Set {
    len: u32,
    thin: Vec<u32>,
    row: Vec<u64>,
}

/// Lists shorter than this stay lists.
const SHORT: usize = 24;

impl Set {
    /// True without any number.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many numbers there are.
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// Adds a number; false if it was there.
    pub(super) fn insert(&mut self, number: u32) -> bool {
        if !self.row.is_empty() {
            if has(&self.row, number) {
                return false;
            }
            set(&mut self.row, number);
            self.len += 1;
            return true;
        }
        let Err(at) = self.thin.binary_search(&number) else {
            return false;
        };
        self.thin.insert(at, number);
        self.len += 1;
        let largest = self.thin.last().copied().unwrap_or(0) as usize;
        if self.thin.len() > SHORT && self.thin.len() * 32 > largest {
            self.thin.iter().for_each(|number| set(&mut self.row, *number));
            self.thin = Vec::new();
        }
        true
    }

    /// Takes a number out; false if it was not there.
    pub(super) fn remove(&mut self, number: u32) -> bool {
        if self.row.is_empty() {
            let Ok(at) = self.thin.binary_search(&number) else {
                return false;
            };
            self.thin.remove(at);
            self.len -= 1;
            return true;
        }
        if !has(&self.row, number) {
            return false;
        }
        clear(&mut self.row, number);
        self.len -= 1;
        if (self.len as usize) < SHORT / 2 {
            self.thin = ones(&self.row).collect();
            self.row = Vec::new();
        }
        true
    }

    /// Is the number in it?
    pub(super) fn contains(&self, number: u32) -> bool {
        if self.row.is_empty() {
            self.thin.binary_search(&number).is_ok()
        } else {
            has(&self.row, number)
        }
    }

    /// The numbers, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        self.thin.iter().copied().chain(ones(&self.row))
    }

    /// Adds the numbers to a row of bits, which grows as it must.
    pub(super) fn grow_into(&self, row: &mut Vec<u64>) {
        let last = self.thin.last().map_or(0, |largest| *largest as usize / 64 + 1);
        let len = last.max(self.row.len());
        if row.len() < len {
            row.resize(len, 0);
        }
        self.add_to(row);
    }

    /// Takes the numbers out of a row of bits.
    pub(super) fn take_from(&self, row: &mut [u64]) {
        for (word, less) in row.iter_mut().zip(&self.row) {
            *word &= !less;
        }
        self.thin.iter().for_each(|number| clear(row, *number));
    }

    /// Adds the numbers to a row of bits that is long enough.
    pub(super) fn add_to(&self, row: &mut [u64]) {
        unite(row, &self.row);
        for number in &self.thin {
            if let Some(word) = row.get_mut(*number as usize / 64) {
                *word |= 1 << (number % 64);
            }
        }
    }
}

/// How often each number was added.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Those that were added at all.
    pub(super) some: Set,
    /// How often beyond the first time.
    more: BTreeMap<u32, u32>,
}

impl Tally {
    /// Adds a number; how often it is there now.
    pub(super) fn add(&mut self, number: u32) -> u32 {
        if self.some.insert(number) {
            return 1;
        }
        let more = self.more.entry(number).or_default();
        *more += 1;
        *more + 1
    }

    /// Takes a number out once; how often it was there.
    pub(super) fn remove(&mut self, number: u32) -> u32 {
        let Some(more) = self.more.get_mut(&number) else {
            return u32::from(self.some.remove(number));
        };
        let before = *more + 1;
        *more -= 1;
        if *more == 0 {
            self.more.remove(&number);
        }
        before
    }

    /// How often the number is there.
    pub(super) fn of(&self, number: u32) -> u32 {
        match self.more.get(&number) {
            Some(more) => *more + 1,
            None => u32::from(self.some.contains(number)),
        }
    }

    /// The numbers that are there more than `least` times; `least` above 0.
    pub(super) fn above(&self, least: u32) -> impl Iterator<Item = u32> {
        self.more.iter().filter(move |(_, more)| **more >= least).map(|(number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn a_tally_counts(steps in prop::collection::vec((0u32..400, any::<bool>()), 0..900)) {
            let mut tally = Tally::default();
            let mut model: BTreeMap<u32, u32> = BTreeMap::new();
            for (number, add) in steps {
                // Half of the numbers crowd together.
                let number = if number < 200 { number / 8 } else { number };
                let known = model.entry(number).or_default();
                if add {
                    *known += 1;
                    prop_assert_eq!(tally.add(number), *known);
                } else {
                    prop_assert_eq!(tally.remove(number), *known);
                    *known = known.saturating_sub(1);
                }
            }
            model.retain(|_, count| *count > 0);
            prop_assert_eq!(tally.some.iter().collect::<Vec<_>>(), model.keys().copied().collect::<Vec<_>>());
            prop_assert_eq!(tally.some.len() as usize, model.len());
            for number in 0..400 {
                prop_assert_eq!(tally.of(number), model.get(&number).copied().unwrap_or(0));
            }
            let above: Vec<u32> = tally.above(1).collect();
            let expected = model.iter().filter(|(_, count)| **count > 1).map(|(number, _)| *number);
            prop_assert_eq!(above, expected.collect::<Vec<_>>());
            let mut row = vec![0; 7];
            tally.some.add_to(&mut row);
            prop_assert_eq!(ones(&row).collect::<Vec<_>>(), model.keys().copied().collect::<Vec<_>>());
            let mut grown = vec![1];
            tally.some.grow_into(&mut grown);
            tally.some.take_from(&mut grown);
            prop_assert_eq!(ones(&grown).count(), usize::from(!model.contains_key(&0)));
        }
    }
}
