//! Values of labels, one of every kind that some requirements can tell apart.

use std::collections::BTreeSet;

use crate::label::{LONGEST_VALUE, integer, is_label_value, is_node_name};
use crate::requirement::{Operator, Requirement, flaw, is_opaque};

/// A requirement that must hold (true) or must not.
pub(crate) type Wanted<'a> = (&'a Requirement, bool);

/// A requirement as it is tried on many values: whether it can be read, and what it lists.
struct Trial<'a> {
    one: &'a Requirement,
    readable: bool,
    listed: BTreeSet<&'a str>,
    wanted: bool,
}

impl<'a> Trial<'a> {
    fn of((one, wanted): &Wanted<'a>) -> Self {
        let listed = one.values.iter().map(String::as_str).collect();
        Self { one, readable: flaw(one).is_none(), listed, wanted: *wanted }
    }

    /// Does the value of this label do, or its absence, without any other label? What is not known
    /// may hold.
    fn does(&self, key: &str, value: Option<&str>) -> bool {
        let value = value.filter(|_| self.one.key == key);
        let is_listed = value.is_some_and(|value| self.listed.contains(value));
        let integers = || Some((integer(value?)?, integer(self.one.values.first()?)?));
        let holds = match self.one.operator {
            Operator::In => is_listed,
            Operator::NotIn => !is_listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Gt => integers().is_some_and(|(value, bound)| value > bound),
            Operator::Lt => integers().is_some_and(|(value, bound)| value < bound),
            Operator::Other(_) => return true,
        };
        (self.readable && holds) == self.wanted
    }
}

fn trials<'a>(demands: &[Vec<Vec<Wanted<'a>>>]) -> Vec<Vec<Vec<Trial<'a>>>> {
    let way = |way: &Vec<Wanted<'a>>| way.iter().map(Trial::of).collect();
    demands.iter().map(|ways| ways.iter().map(way).collect()).collect()
}

/// Is there a value of the label, or its absence, that meets all demands? Each demand is a list of
/// ways, each way a conjunction. What is not known may hold.
pub(crate) fn has_value(key: &str, demands: &[Vec<Vec<Wanted<'_>>>]) -> bool {
    let trials = trials(demands);
    kinds(demands).into_iter().any(|value| {
        let does = |trial: &Trial<'_>| trial.does(key, value.as_deref());
        trials.iter().all(|ways| ways.iter().any(|way| way.iter().all(does)))
    })
}

/// As [`has_value`], of the name of a node: `In` and `NotIn` alone speak of it.
pub(super) fn has_name(demands: &[Vec<Vec<Wanted<'_>>>]) -> bool {
    let trials = trials(demands);
    let names = kinds(demands).into_iter().flatten().chain(names(demands));
    names.filter(|name| is_node_name(name)).any(|name| {
        let does = |trial: &Trial<'_>| {
            let listed = trial.listed.contains(name.as_str());
            is_opaque(trial.one) || (listed == (trial.one.operator == Operator::In)) == trial.wanted
        };
        trials.iter().all(|ways| ways.iter().any(|way| way.iter().all(does)))
    })
}

fn all<'a>(demands: &'a [Vec<Vec<Wanted<'a>>>]) -> impl Iterator<Item = &'a Requirement> {
    demands.iter().flatten().flatten().map(|one| one.0)
}

/// Names of nodes may be longer than values of labels.
fn names(demands: &[Vec<Vec<Wanted<'_>>>]) -> Vec<String> {
    all(demands).flat_map(|one| one.values.clone()).collect()
}

/// Absence, every value that is named, a word that is not, and between any two operands of
/// comparisons a spelling of an integer that is not: all such are alike.
fn kinds(demands: &[Vec<Vec<Wanted<'_>>>]) -> Vec<Option<String>> {
    let named: BTreeSet<&String> = all(demands).flat_map(|one| &one.values).collect();
    let mut kinds: Vec<Option<String>> = vec![None];
    let legal = named.iter().filter(|value| is_label_value(value));
    kinds.extend(legal.map(|value| Some((*value).clone())));
    let unnamed = |value: &String| !named.contains(value);
    kinds.push((0..=named.len()).map(|n| format!("word{n}")).find(unnamed));
    let mut starts = BTreeSet::from([0]);
    for compared in all(demands).filter(|one| one.operator.is_comparison()) {
        for bound in compared.values.iter().filter_map(|value| integer(value)) {
            let next = bound.checked_add(1);
            starts.extend([Some(bound), next].into_iter().flatten().filter(|start| *start >= 0));
        }
    }
    let mut ends = starts.iter().skip(1).map(|start| start - 1).collect::<Vec<i64>>();
    ends.push(i64::MAX);
    for (start, end) in starts.into_iter().zip(ends) {
        let spellings = (start..=end).flat_map(|number| {
            let digits = number.to_string().len();
            (digits..=LONGEST_VALUE).map(move |width| format!("{number:0>width$}"))
        });
        // Each is another string, so at most one more than are named.
        let mut spellings = spellings.take(named.len().saturating_add(1));
        kinds.extend(spellings.find(unnamed).map(Some));
    }
    kinds
}
