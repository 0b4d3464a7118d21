//! Small universes, complete for the requirements that are generated over them: for every set of
//! generated requirements each combination of truth values that some label has at all, a label of
//! the universe has too.

use std::sync::OnceLock;

use placecard_feasibility::label::Labels;
use placecard_feasibility::node_terms::{NAME_FIELD, NodeTerm};
use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::selector::Selector;
use proptest::prelude::*;

/// What generated requirements name.
pub(crate) const NAMED: [&str; 6] = ["", "x", "y", "0", "7", "007"];
/// The operands of generated comparisons.
const BOUNDS: [&str; 6] = ["0", "1", "6", "7", "8", "9223372036854775807"];
/// The named values, others that no requirement names, and integers around all bounds.
pub(crate) const VALUES: [&str; 17] = [
    "",
    "x",
    "y",
    "z",
    "0",
    "00",
    "1",
    "3",
    "6",
    "7",
    "007",
    "07",
    "8",
    "12",
    "9223372036854775806",
    "9223372036854775807",
    "9223372036854775808",
];
/// Node names: two that requirements name and one that they do not.
pub(crate) const NAMES: [&str; 3] = ["n1", "n2", "n3"];

/// One label's possible values; `None` is absent.
pub(crate) fn label_values() -> Vec<Option<&'static str>> {
    VALUES.iter().copied().map(Some).chain([None]).collect()
}

/// All nodes over the keys `a` and `b`.
pub(crate) fn nodes() -> &'static [(&'static str, Labels)] {
    static NODES: OnceLock<Vec<(&'static str, Labels)>> = OnceLock::new();
    NODES.get_or_init(all_nodes)
}

fn all_nodes() -> Vec<(&'static str, Labels)> {
    let mut nodes = Vec::new();
    for name in NAMES {
        for a in label_values() {
            for b in label_values() {
                let pairs = [("a", a), ("b", b)];
                let labels = pairs.iter().filter_map(|(key, value)| Some((key, (*value)?)));
                let labels = labels.map(|(key, value)| ((*key).to_owned(), value.to_owned()));
                nodes.push((name, labels.collect()));
            }
        }
    }
    nodes
}

fn key() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just("a"), 2 => Just("b")]
}

fn values() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(prop::sample::select(&NAMED[..]).prop_map(str::to_owned), 1..4)
}

fn requirement(key: &str, operator: Operator, values: Vec<String>) -> Requirement {
    Requirement { key: key.to_owned(), operator, values }
}

/// A requirement that selectors can hold.
pub(crate) fn plain() -> impl Strategy<Value = Requirement> {
    prop_oneof![
        3 => (key(), values()).prop_map(|(k, v)| requirement(k, Operator::In, v)),
        3 => (key(), values()).prop_map(|(k, v)| requirement(k, Operator::NotIn, v)),
        1 => key().prop_map(|k| requirement(k, Operator::Exists, vec![])),
        1 => key().prop_map(|k| requirement(k, Operator::DoesNotExist, vec![])),
    ]
}

/// A requirement on a node label that the scheduler can read.
pub(crate) fn readable() -> impl Strategy<Value = Requirement> {
    let bound = || prop::sample::select(&BOUNDS[..]).prop_map(|value| vec![value.to_owned()]);
    prop_oneof![
        4 => plain(),
        1 => (key(), bound()).prop_map(|(k, v)| requirement(k, Operator::Gt, v)),
        1 => (key(), bound()).prop_map(|(k, v)| requirement(k, Operator::Lt, v)),
    ]
}

/// A requirement that the scheduler cannot read, or (last) not yet.
fn unreadable() -> impl Strategy<Value = Requirement> {
    let flawed = vec![
        requirement("a", Operator::Gt, vec!["abc".into()]),
        requirement("b", Operator::Lt, vec!["9223372036854775808".into()]),
        requirement("a", Operator::In, vec![]),
        requirement("a", Operator::Exists, vec!["x".into()]),
        requirement("b", Operator::NotIn, vec!["not legal".into()]),
        requirement("a b", Operator::Exists, vec![]),
        requirement("a", Operator::Other("Matches".into()), vec!["x".into()]),
    ];
    prop::sample::select(flawed)
}

/// Any requirement, readable more often than not.
pub(crate) fn any_requirement() -> impl Strategy<Value = Requirement> {
    prop_oneof![12 => readable(), 1 => unreadable()]
}

fn field() -> impl Strategy<Value = Requirement> {
    let operator = prop_oneof![Just(Operator::In), Just(Operator::NotIn)];
    (operator, prop::sample::select(&NAMES[..2]))
        .prop_map(|(operator, name)| Requirement::new(NAME_FIELD, operator, &[name]))
}

fn term_of(
    requirement: impl Strategy<Value = Requirement>,
    least: usize,
) -> impl Strategy<Value = NodeTerm> {
    let expressions = prop::collection::vec(requirement, least..4);
    let fields = prop_oneof![5 => prop::collection::vec(field(), 0..1), 1 => prop::collection::vec(field(), 1..3)];
    (expressions, fields).prop_map(|(expressions, fields)| NodeTerm { expressions, fields })
}

/// A term as users may write it: empty and unreadable ones too.
pub(crate) fn any_term() -> impl Strategy<Value = NodeTerm> {
    term_of(any_requirement(), 0)
}

/// A term without flaws, not empty.
pub(crate) fn readable_term() -> impl Strategy<Value = NodeTerm> {
    term_of(readable(), 1)
}

/// A selector over pod labels.
pub(crate) fn selector() -> impl Strategy<Value = Selector> {
    prop::collection::vec(plain(), 0..5).prop_map(|requirements| Selector { requirements })
}
