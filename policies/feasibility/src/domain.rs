//! The set of values that one label may have.
//!
//! A value is either absent or a legal label value. The present values fall into *words* (not
//! integers) and integers from 0 to 2^63-1, of which each has several spellings (`7`, `07`, ...,
//! up to 63 bytes). A set is a base (all words or none; some intervals of integers) and a finite
//! set of spellings whose membership is the opposite of what the base says. So finite sets are
//! exceptions to nothing, cofinite sets exceptions to everything, and the form is closed under
//! intersection, union and complement.

use std::collections::BTreeSet;

use crate::label::{LONGEST_VALUE, integer, is_label_value, is_node_name};

/// A closed interval of integers, `least <= greatest`, both in 0 to 2^63-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    /// The smallest member.
    pub least: i64,
    /// The largest member.
    pub greatest: i64,
}

/// A set of possible values of one label (or of a node's name, which is never absent).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Domain {
    /// May the label be absent?
    pub absent: bool,
    /// Are values that are not integers members, unless excepted?
    pub words: bool,
    /// The integers that are members, in all spellings unless excepted: ascending, with gaps.
    pub integers: Vec<Interval>,
    /// The values for which the opposite holds of what `words` and `integers` say.
    pub except: BTreeSet<String>,
}

/// A domain in the terms of a sentence. Says nothing about whether the label may be absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Exactly these values (none: no value at all).
    Only(Vec<String>),
    /// Every value but these.
    AllBut(Vec<String>),
    /// The integers from `least` to `greatest`, without some spellings.
    Integers {
        /// The smallest member.
        least: i64,
        /// The largest member.
        greatest: i64,
        /// Spellings that are not members.
        without: Vec<String>,
    },
    /// Anything else, such as "not an integer greater than 3".
    Mixed,
}

impl Domain {
    /// Absent or any value.
    #[must_use]
    pub fn everything() -> Self {
        Self { absent: true, ..Self::present() }
    }

    /// Not even absent.
    #[must_use]
    pub fn nothing() -> Self {
        Self { absent: false, words: false, integers: Vec::new(), except: BTreeSet::new() }
    }

    /// Any value, but not absent.
    #[must_use]
    pub fn present() -> Self {
        let integers = vec![Interval { least: 0, greatest: i64::MAX }];
        Self { absent: false, words: true, integers, except: BTreeSet::new() }
    }

    /// One of these values; those that are no legal label values can not occur and do not count.
    #[must_use]
    pub fn one_of<S: AsRef<str>>(values: &[S]) -> Self {
        Self::listed(values, is_label_value)
    }

    /// One of these node names; those that are no legal names can not occur and do not count.
    #[must_use]
    pub fn one_of_names<S: AsRef<str>>(names: &[S]) -> Self {
        Self::listed(names, is_node_name)
    }

    fn listed<S: AsRef<str>>(values: &[S], legal: fn(&str) -> bool) -> Self {
        let legal = values.iter().map(AsRef::as_ref).filter(|value| legal(value));
        Self { except: legal.map(str::to_owned).collect(), ..Self::nothing() }
    }

    /// The integers from `least` to `greatest`, both included, in every spelling. Labels cannot
    /// be negative: the interval is cut at 0.
    #[must_use]
    pub fn integers(least: i64, greatest: i64) -> Self {
        let least = least.max(0);
        let mut domain = Self::nothing();
        if least <= greatest {
            domain.integers.push(Interval { least, greatest });
        }
        domain
    }

    /// Is this value (`None`: absent) a member?
    #[must_use]
    pub fn contains(&self, value: Option<&str>) -> bool {
        match value {
            None => self.absent,
            Some(value) => self.base_contains(value) != self.except.contains(value),
        }
    }

    fn base_contains(&self, value: &str) -> bool {
        match integer(value) {
            Some(i) if i >= 0 && !value.starts_with(['+', '-']) => {
                self.integers.iter().any(|part| part.least <= i && i <= part.greatest)
            }
            _ => self.words,
        }
    }

    /// The values that are members of both.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let mut result = self.clone();
        result.restrict(other);
        result
    }

    /// Keeps only the values that are members of `other` too. Many restrictions in a row cost
    /// about as much as the values they name.
    pub fn restrict(&mut self, other: &Self) {
        let base = Self {
            absent: self.absent && other.absent,
            words: self.words && other.words,
            integers: intersect_intervals(&self.integers, &other.integers),
            except: BTreeSet::new(),
        };
        let same = |one: &Self| one.words == base.words && one.integers == base.integers;
        if self.is_finite() {
            // A finite set: no value joins it.
            self.except.retain(|value| other.contains(Some(value)));
        } else if same(self) && same(other) {
            // The same base twice: an exception inside it is missing in one of them and so in
            // both; one outside it must be an exception of both.
            let both = |value: &String| self.except.contains(value) && other.except.contains(value);
            let added: Vec<String> = (other.except.iter())
                .filter(|value| base.base_contains(value) || both(value))
                .cloned()
                .collect();
            if !base.is_total() {
                let outside = |value: &String| !base.base_contains(value);
                self.except.retain(|value| !outside(value) || other.except.contains(value));
            }
            self.except.extend(added);
        } else {
            let values = self.except.union(&other.except);
            let exceptional = |value: &&String| {
                let member = self.contains(Some(value)) && other.contains(Some(value));
                member != base.base_contains(value)
            };
            self.except = values.filter(exceptional).cloned().collect();
        }
        self.absent = base.absent;
        self.words = base.words;
        self.integers = base.integers;
    }

    /// Does the base hold every value?
    fn is_total(&self) -> bool {
        self.words && self.integers == [Interval { least: 0, greatest: i64::MAX }]
    }

    /// The values that are members of one of them.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.complement().intersect(&other.complement()).complement()
    }

    /// The values that are not members.
    #[must_use]
    pub fn complement(&self) -> Self {
        Self {
            absent: !self.absent,
            words: !self.words,
            integers: complement_intervals(&self.integers),
            except: self.except.clone(),
        }
    }

    /// True if there is no member, not even absent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.absent && !self.has_value()
    }

    /// True if some value is a member.
    fn has_value(&self) -> bool {
        // There are more words than anybody can list.
        if self.words || self.except.iter().any(|value| !self.base_contains(value)) {
            return true;
        }
        let excepted = u128::try_from(self.except.len()).unwrap_or(u128::MAX);
        self.integers.iter().map(|part| spellings(*part)).sum::<u128>() > excepted
    }

    /// True if some value is a member of both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let common =
            |few: &Self, many: &Self| few.except.iter().any(|value| many.contains(Some(value)));
        // Words outnumber what two sets can except; finite sets can be looked through.
        (self.absent && other.absent)
            || (self.words && other.words)
            || match (self.is_finite(), other.is_finite()) {
                (true, _) => common(self, other),
                (_, true) => common(other, self),
                _ => !self.intersect(other).is_empty(),
            }
    }

    /// True if every member is a member of `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        !self.overlaps(&other.complement())
    }

    /// Is the base empty, so that `except` lists the present members?
    fn is_finite(&self) -> bool {
        !self.words && self.integers.is_empty()
    }

    /// A member, if there is one: `Some(None)` is "absent", which is taken where possible.
    #[must_use]
    pub fn pick(&self) -> Option<Option<String>> {
        if self.absent { Some(None) } else { self.pick_value().map(Some) }
    }

    /// A present member, if there is one; a legal label value and a legal node name wherever the
    /// domain leaves the choice.
    #[must_use]
    pub fn pick_value(&self) -> Option<String> {
        if let Some(value) = self.except.iter().find(|value| !self.base_contains(value)) {
            return Some(value.clone());
        }
        let free = |candidate: &String| !self.except.contains(candidate);
        if self.words {
            return (0..=self.except.len()).map(|n| format!("x{n}")).find(free);
        }
        // Each candidate is another string, so at most one more than there are exceptions.
        let mut candidates = self.integers.iter().flat_map(|part| {
            (part.least..=part.greatest).flat_map(|i| {
                let digits = i.to_string().len();
                (digits..=LONGEST_VALUE).map(move |width| format!("{i:0>width$}"))
            })
        });
        candidates.find(free)
    }

    /// How a sentence would name the present members.
    #[must_use]
    pub fn shape(&self) -> Shape {
        let list = || self.except.iter().cloned().collect::<Vec<_>>();
        if !self.has_value() {
            return Shape::Only(Vec::new());
        }
        match (self.words, self.integers.as_slice()) {
            (false, []) => Shape::Only(list()),
            (true, [Interval { least: 0, greatest: i64::MAX }]) => Shape::AllBut(list()),
            (false, [part]) if self.except.iter().all(|value| self.base_contains(value)) => {
                let Interval { least, greatest } = *part;
                Shape::Integers { least, greatest, without: list() }
            }
            _ => Shape::Mixed,
        }
    }
}

/// How many label values are spellings of an integer of the interval.
fn spellings(part: Interval) -> u128 {
    let mut total = 0_u128;
    // All integers with `digits` digits have the same number of spellings.
    let mut first = 0_u128;
    for digits in 1..=19_u32 {
        let last = 10_u128.pow(digits) - 1;
        let from = first.max(u128::from(part.least.unsigned_abs()));
        let to = last.min(u128::from(part.greatest.unsigned_abs()));
        if from <= to {
            total += (to - from + 1) * u128::from(64 - digits);
        }
        first = last + 1;
    }
    total
}

fn intersect_intervals(a: &[Interval], b: &[Interval]) -> Vec<Interval> {
    let mut result = Vec::new();
    let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
    while let (Some(x), Some(y)) = (left.peek(), right.peek()) {
        let least = x.least.max(y.least);
        let greatest = x.greatest.min(y.greatest);
        if least <= greatest {
            result.push(Interval { least, greatest });
        }
        if x.greatest < y.greatest {
            left.next();
        } else {
            right.next();
        }
    }
    result
}

fn complement_intervals(parts: &[Interval]) -> Vec<Interval> {
    let mut result = Vec::new();
    // The first integer that is not decided yet; `None` once 2^63-1 is a member.
    let mut next = Some(0_i64);
    for part in parts {
        if let Some(least) = next
            && let Some(greatest) = part.least.checked_sub(1)
            && least <= greatest
        {
            result.push(Interval { least, greatest });
        }
        next = part.greatest.checked_add(1);
    }
    if let Some(least) = next {
        result.push(Interval { least, greatest: i64::MAX });
    }
    result
}
