//! What the tests run of each target: its seeds, and seeds that are changed byte by byte, the same in
//! every run.

use crate::Target;

/// Numbers that look random (Marsaglia's xorshift64*).
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `end`, and 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        let number = (self.next() >> 16).checked_rem(end).unwrap_or(0);
        usize::try_from(number).unwrap_or(0)
    }
}

/// Bytes that mean something to most readers.
const PIECES: &[&[u8]] = &[
    b"\n",
    b" ",
    b"  ",
    b"\t",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xc3\xa9",
    b":",
    b": ",
    b"- ",
    b"#",
    b" # ",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"\"",
    b"'",
    b"\\",
    b"\\u0000",
    b"|\n",
    b">-\n",
    b"&a ",
    b"*a",
    b"<<: ",
    b"!!int ",
    b"---\n",
    b"...\n",
    b"null",
    b"true",
    b"0",
    b"-1",
    b"1e9",
    b"18446744073709551616",
    b"(",
    b")",
    b";",
    b"=",
    b"/",
    b"*",
    b"self",
    b"in zone",
    b"weight 5",
    b"# placecard: ignore[x] y\n",
];

/// An input made of others: one of them, cut, repeated, crossed with another, or with pieces in it.
///
/// # Panics
/// Without seeds.
#[must_use]
pub fn changed(seeds: &[Vec<u8>], target: &Target, random: &mut Random) -> Vec<u8> {
    let mut bytes = pick(seeds, random);
    for _ in 0..=random.below(5) {
        let at = random.below(bytes.len() + 1);
        let length = random.below(12).min(bytes.len() - at);
        match random.below(7) {
            0 => drop(bytes.drain(at..at + length)),
            1 => {
                let part = bytes[at..at + length].to_vec();
                bytes.splice(at..at, part);
            }
            2 => {
                let other = pick(seeds, random);
                let from = random.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            3 => {
                let bit = 1_u8 << random.below(8);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= bit;
                }
            }
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                bytes.splice(at..at + length.min(4), piece.iter().copied());
            }
        }
    }
    bytes.truncate(target.longest);
    bytes
}

fn pick(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    seeds[random.below(seeds.len())].clone()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::panic::catch_unwind;

    use placecard_tests::variable::number;

    use super::{Random, changed};
    use crate::{TARGETS, Target, find, seeds};

    #[test]
    fn every_target_keeps_its_promise_on_its_seeds_and_near_them() {
        let only = std::env::var("PLACECARD_FUZZ").ok();
        let is_meant = |one: &&Target| only.as_deref().is_none_or(|name| name == one.name);
        let broken: Vec<String> = TARGETS.iter().filter(is_meant).filter_map(broken).collect();
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }

    /// The first input with which a target does not keep its promise.
    fn broken(target: &Target) -> Option<String> {
        let keeps = |input: &[u8]| catch_unwind(|| (target.run)(input)).is_ok();
        let seeds = seeds::of(target);
        assert!(!seeds.is_empty(), "{} has no seed", target.name);
        let seed = seeds.iter().find(|(_, seed)| !keeps(seed));
        if let Some((path, _)) = seed {
            return Some(format!("{}: {}", target.name, path.display()));
        }
        let seeds: Vec<Vec<u8>> = seeds.into_values().collect();
        let mut random = Random::new(number("PROPTEST_RNG_SEED", 1).expect("a number"));
        let factor: u32 = number("PLACECARD_TEST_FACTOR", 1).expect("a number");
        let mut inputs = (0..target.changed.saturating_mul(factor))
            .map(|_| changed(&seeds, target, &mut random));
        let input = inputs.find(|input| !keeps(input))?;
        Some(format!("{}: b\"{}\"", target.name, input.escape_ascii()))
    }

    #[test]
    fn seeds_are_those_of_targets() {
        let folder = seeds::root().join("tests/fuzz/seeds");
        let found: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        for name in &found {
            assert!(find(name).is_some(), "seeds/{name} is of no target");
        }
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        let small =
            found.iter().flat_map(|name| fs::read_dir(seeds::folder(find(name).unwrap())).unwrap());
        let bytes: u64 = small.map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
        assert!(bytes < 200_000, "{bytes} bytes of seeds");
    }
}
