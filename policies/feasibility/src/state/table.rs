//! Numbers for things: a slab that hands out numbers and takes them back, and hash indices from
//! things to their numbers.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};

/// No number.
pub(super) const NONE: u32 = u32::MAX;

/// Things by number. Numbers of things that were removed are used again.
#[derive(Clone, Debug, Default)]
pub(super) struct Slab<T> {
    items: Vec<T>,
    live: Vec<bool>,
    free: Vec<u32>,
    /// What a number that was never given out leads to.
    nothing: T,
}

impl<T: Default> Slab<T> {
    /// Adds a thing.
    pub(super) fn add(&mut self, item: T) -> u32 {
        if let Some(id) = self.free.pop() {
            *self.at_mut(id) = item;
            self.set_live(id, true);
            return id;
        }
        let id = u32::try_from(self.items.len()).unwrap_or(NONE);
        self.items.push(item);
        self.live.push(true);
        id
    }

    /// Takes a thing out; its number may be given out again.
    pub(super) fn take(&mut self, id: u32) -> T {
        if self.live.get(id as usize) != Some(&true) {
            return T::default();
        }
        self.set_live(id, false);
        self.free.push(id);
        std::mem::take(self.at_mut(id))
    }

    fn set_live(&mut self, id: u32, live: bool) {
        if let Some(known) = self.live.get_mut(id as usize) {
            *known = live;
        }
    }

    /// Is there a thing with this number?
    pub(super) fn has(&self, id: u32) -> bool {
        self.live.get(id as usize) == Some(&true)
    }

    /// The thing with this number; an empty one if there is none.
    pub(super) fn at(&self, id: u32) -> &T {
        self.items.get(id as usize).unwrap_or(&self.nothing)
    }

    /// The thing with this number, to be changed.
    pub(super) fn at_mut(&mut self, id: u32) -> &mut T {
        self.items.get_mut(id as usize).unwrap_or(&mut self.nothing)
    }

    /// All things with their numbers, in the order of the numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let all = (0u32..).zip(self.items.iter().zip(&self.live));
        all.filter(|(_, (_, live))| **live).map(|(id, (item, _))| (id, item))
    }

    /// All things with their numbers, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut T)> {
        let all = (0u32..).zip(self.items.iter_mut().zip(&self.live));
        all.filter(|(_, (_, live))| **live).map(|(id, (item, _))| (id, item))
    }

    /// How many things there are.
    pub(super) fn len(&self) -> usize {
        self.items.len() - self.free.len()
    }

    /// One more than the largest number ever given out.
    pub(super) fn bound(&self) -> usize {
        self.items.len()
    }
}

/// An open-addressed index: 32 bits of a hash, and the number of the thing that has it. Whoever
/// asks compares the things.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    cells: Vec<(u32, u32)>,
    len: usize,
}

const EMPTY: (u32, u32) = (0, NONE);
const SMALLEST: usize = 16;

impl Index {
    fn cell(&self, at: usize) -> (u32, u32) {
        self.cells.get(at).copied().unwrap_or(EMPTY)
    }

    fn put(&mut self, at: usize, cell: (u32, u32)) {
        if let Some(known) = self.cells.get_mut(at) {
            *known = cell;
        }
    }

    fn mask(&self) -> usize {
        self.cells.len().wrapping_sub(1)
    }

    /// The number of the thing that has this hash and is the `same`.
    pub(super) fn find(&self, hash: u64, mut same: impl FnMut(u32) -> bool) -> Option<u32> {
        if self.cells.is_empty() {
            return None;
        }
        let (short, mask) = (short(hash), self.mask());
        let mut at = short as usize & mask;
        loop {
            let (known, id) = self.cell(at);
            if id == NONE {
                return None;
            }
            if known == short && same(id) {
                return Some(id);
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds a thing that is not there yet.
    pub(super) fn insert(&mut self, hash: u64, id: u32) {
        if (self.len + 1) * 4 > self.cells.len() * 3 {
            let larger = vec![EMPTY; (self.cells.len() * 2).max(SMALLEST)];
            for cell in std::mem::replace(&mut self.cells, larger) {
                if cell.1 != NONE {
                    self.place(cell);
                }
            }
        }
        self.place((short(hash), id));
        self.len += 1;
    }

    fn place(&mut self, cell: (u32, u32)) {
        let mask = self.mask();
        let mut at = cell.0 as usize & mask;
        while self.cell(at).1 != NONE {
            at = (at + 1) & mask;
        }
        self.put(at, cell);
    }

    /// Removes a thing, and closes the gap that it leaves.
    pub(super) fn remove(&mut self, hash: u64, id: u32) {
        let mask = self.mask();
        let mut hole = short(hash) as usize & mask;
        loop {
            match self.cell(hole) {
                (_, NONE) => return,
                (_, known) if known == id => break,
                _ => hole = (hole + 1) & mask,
            }
        }
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let cell = self.cell(at);
            if cell.1 == NONE {
                break;
            }
            let home = cell.0 as usize & mask;
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.put(hole, cell);
                hole = at;
            }
        }
        self.put(hole, EMPTY);
        self.len -= 1;
    }
}

/// The upper half of the hash, which is the better mixed one.
fn short(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// Hashes with a seed of its own, so that nobody can choose names that collide. Nothing but speed
/// depends on the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seed(u64);

impl Default for Seed {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0u8) | 1)
    }
}

impl Seed {
    /// Hashes piece by piece.
    pub(super) fn hasher(self) -> Mixer {
        Mixer(self.0)
    }

    /// The hash of a thing.
    pub(super) fn of(self, thing: &(impl Hash + ?Sized)) -> u64 {
        let mut mixer = Mixer(self.0);
        thing.hash(&mut mixer);
        mixer.finish()
    }
}

/// Multiplies and folds, eight bytes at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mixer(u64);

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Mixer {
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * u128::from(ODD);
        self.0 = (product as u64) ^ ((product >> 64) as u64).rotate_left(29);
    }
}

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        let product = u128::from(self.0 ^ ODD) * u128::from(0xd6e8_feb8_6659_fd93_u64);
        (product as u64) ^ ((product >> 64) as u64)
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            for (to, from) in last.iter_mut().zip(rest) {
                *to = *from;
            }
            self.mix(u64::from_le_bytes(last));
        }
        self.mix(bytes.len() as u64);
    }

    fn write_u8(&mut self, value: u8) {
        self.mix(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.mix(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }
}

/// A hash table with numbers as keys.
pub(super) type Map<K, V> = HashMap<K, V, BuildHasherDefault<Mixer>>;

/// Things that are equal have the same number; each has a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Interner<K, V> {
    seed: Seed,
    entries: Slab<(K, V)>,
    index: Index,
}

impl<K: Default + Eq + Hash, V: Default> Interner<K, V> {
    /// The number of an equal thing.
    pub(super) fn find<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
    {
        self.index.find(self.seed.of(key), |id| self.entries.at(id).0.borrow() == key)
    }

    /// Adds a thing that is not there.
    pub(super) fn add(&mut self, key: K, value: V) -> u32 {
        let hash = self.seed.of(&key);
        let id = self.entries.add((key, value));
        self.index.insert(hash, id);
        id
    }

    /// Takes a thing out.
    pub(super) fn take(&mut self, id: u32) -> (K, V) {
        let hash = self.seed.of(&self.entries.at(id).0);
        self.index.remove(hash, id);
        self.entries.take(id)
    }

    /// The thing with this number.
    pub(super) fn key(&self, id: u32) -> &K {
        &self.entries.at(id).0
    }

    /// The value of the thing with this number.
    pub(super) fn at(&self, id: u32) -> &V {
        &self.entries.at(id).1
    }

    /// The same, to be changed.
    pub(super) fn at_mut(&mut self, id: u32) -> &mut V {
        &mut self.entries.at_mut(id).1
    }

    /// The thing and its value, to be changed.
    pub(super) fn entry_mut(&mut self, id: u32) -> (&K, &mut V) {
        let (key, value) = self.entries.at_mut(id);
        (key, value)
    }

    /// All things with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &K, &V)> {
        self.entries.iter().map(|(id, (key, value))| (id, key, value))
    }

    /// All things with their numbers, values to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &K, &mut V)> {
        self.entries.iter_mut().map(|(id, (key, value))| (id, &*key, value))
    }

    /// How many things there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Takes out all things but these; their numbers.
    pub(super) fn keep(&mut self, used: impl Fn(u32, &V) -> bool) -> Vec<u32> {
        let unused = self.iter().filter(|(id, _, value)| !used(*id, value));
        let unused: Vec<u32> = unused.map(|(id, _, _)| id).collect();
        for id in &unused {
            self.take(*id);
        }
        unused
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn an_index_finds_what_is_in_it(
            steps in prop::collection::vec((0u32..60, any::<bool>()), 0..300),
            weak in 1u64..40,
        ) {
            // A weak hash, so that many things collide.
            let hash = |thing: u32| (u64::from(thing) % weak) << 32;
            let (mut index, mut things) = (Index::default(), Slab::default());
            let mut model: BTreeMap<u32, u32> = BTreeMap::new();
            for (thing, add) in steps {
                match (model.get(&thing).copied(), add) {
                    (None, true) => {
                        let id = things.add(thing);
                        index.insert(hash(thing), id);
                        model.insert(thing, id);
                    }
                    (Some(id), false) => {
                        index.remove(hash(thing), id);
                        prop_assert_eq!(things.take(id), thing);
                        model.remove(&thing);
                    }
                    _ => {}
                }
                prop_assert_eq!(things.len(), model.len());
                for thing in 0..60 {
                    let found = index.find(hash(thing), |id| *things.at(id) == thing);
                    prop_assert_eq!(found, model.get(&thing).copied());
                }
            }
        }
    }

    #[test]
    fn hashes_of_like_things_differ() {
        let seed = Seed::default();
        let mut hashes: Vec<u64> = (0..10_000u32).map(|n| seed.of(&format!("app-{n}"))).collect();
        hashes.extend(["", "a", "a\0", "a\0\0"].map(|text| seed.of(text)));
        let mut short: Vec<u32> = hashes.iter().map(|hash| (hash >> 32) as u32).collect();
        short.sort_unstable();
        short.dedup();
        assert!(short.len() > 9_990, "{}", short.len());
    }
}
