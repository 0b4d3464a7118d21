//! Requirements on labels, read once: strings are numbers, and what cannot be read is known to
//! match nothing.

use super::strings::{Pairs, Strings, value_of};
use super::table::NONE;
use crate::label::{Labels, integer};
use crate::node_terms::{NodeSet, NodeTerm, requirement_flaw};
use crate::requirement::{Operator, Requirement};
use crate::selector::{Selector, selector_flaw};

/// What must hold of one label. Values are sorted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Test {
    In(Box<[u32]>),
    NotIn(Box<[u32]>),
    Exists,
    Absent,
    Above(i64),
    Below(i64),
    Never,
}

/// One requirement; `name`: on the name of the node, whatever the key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Need {
    key: u32,
    name: bool,
    test: Test,
}

/// Requirements that all must hold, sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Needs(Box<[Need]>);

fn need(strings: &mut Strings, name: bool, one: &Requirement, readable: bool) -> Need {
    let key = strings.add(&one.key);
    if !readable {
        return Need { key, name, test: Test::Never };
    }
    let mut values: Vec<u32> = one.values.iter().map(|value| strings.add(value)).collect();
    values.sort_unstable();
    values.dedup();
    let values = values.into_boxed_slice();
    let operand = one.values.first().and_then(|value| integer(value));
    let test = match (&one.operator, operand) {
        (Operator::In, _) => Test::In(values),
        (Operator::NotIn, _) => Test::NotIn(values),
        (Operator::Exists, _) => Test::Exists,
        (Operator::DoesNotExist, _) => Test::Absent,
        (Operator::Gt, Some(operand)) => Test::Above(operand),
        (Operator::Lt, Some(operand)) => Test::Below(operand),
        (Operator::Gt | Operator::Lt | Operator::Other(_), _) => Test::Never,
    };
    Need { key, name, test }
}

impl Needs {
    fn of(mut needs: Vec<Need>) -> Self {
        if needs.iter().any(|need| need.test == Test::Never) {
            return Self::never();
        }
        needs.sort_unstable();
        needs.dedup();
        Self(needs.into_boxed_slice())
    }

    /// Requirements that nothing meets.
    pub(super) fn never() -> Self {
        Self(Box::new([Need { key: NONE, name: false, test: Test::Never }]))
    }

    /// Those of a label selector.
    pub(super) fn of_selector(strings: &mut Strings, selector: &Selector) -> Self {
        let requirements = selector.requirements.iter();
        Self::of(
            requirements
                .map(|one| need(strings, false, one, selector_flaw(one).is_none()))
                .collect(),
        )
    }

    /// Those of a selector, or of `null`, which matches nothing.
    pub(super) fn of_optional(strings: &mut Strings, selector: Option<&Selector>) -> Self {
        selector.map_or_else(Self::never, |selector| Self::of_selector(strings, selector))
    }

    /// Those of a node selector term; an empty one matches nothing.
    fn of_term(strings: &mut Strings, term: &NodeTerm) -> Self {
        if term.is_empty() {
            return Self::never();
        }
        let requirements = term.requirements();
        Self::of(
            requirements
                .map(|(field, one)| {
                    need(strings, field, one, requirement_flaw(field, one).is_none())
                })
                .collect(),
        )
    }

    /// Those of a `nodeSelector`: equal values, even ones that no label could have.
    fn of_labels(strings: &mut Strings, labels: &Labels) -> Self {
        let one = |(key, value): (&String, &String)| {
            let test = Test::In(Box::new([strings.add(value)]));
            Need { key: strings.add(key), name: false, test }
        };
        Self::of(labels.iter().map(one).collect())
    }

    /// Do the labels, each looked up by its key, of a node with this name meet them?
    fn admits(&self, strings: &Strings, name: u32, label: impl Fn(u32) -> Option<u32>) -> bool {
        self.0.iter().all(|need| {
            let value = if need.name { Some(name) } else { label(need.key) };
            let number = |value: Option<u32>| value.and_then(|it| integer(strings.text(it)));
            match &need.test {
                Test::In(values) => value.is_some_and(|value| values.binary_search(&value).is_ok()),
                Test::NotIn(values) => {
                    value.is_none_or(|value| values.binary_search(&value).is_err())
                }
                Test::Exists => value.is_some(),
                Test::Absent => value.is_none(),
                Test::Above(least) => number(value).is_some_and(|number| number > *least),
                Test::Below(most) => number(value).is_some_and(|number| number < *most),
                Test::Never => false,
            }
        })
    }

    /// Do the labels meet the selector?
    pub(super) fn matches(&self, pairs: &[(u32, u32)]) -> bool {
        self.0.iter().all(|need| {
            let value = value_of(pairs, need.key);
            match &need.test {
                Test::In(values) => value.is_some_and(|value| values.binary_search(&value).is_ok()),
                Test::NotIn(values) => {
                    value.is_none_or(|value| values.binary_search(&value).is_err())
                }
                Test::Exists => value.is_some(),
                Test::Absent => value.is_none(),
                Test::Above(_) | Test::Below(_) | Test::Never => false,
            }
        })
    }

    /// The lists of label values of which a match must have one, by key.
    pub(super) fn choices(&self) -> impl Iterator<Item = (u32, &[u32])> {
        self.0.iter().filter_map(|need| match &need.test {
            Test::In(values) => Some((need.key, &**values)),
            _ => None,
        })
    }

    /// A key that a match must have.
    pub(super) fn key(&self) -> Option<u32> {
        self.0.iter().find(|need| need.test == Test::Exists).map(|need| need.key)
    }

    /// The lists of label values of which a match must have none, by key.
    pub(super) fn barred(&self) -> impl Iterator<Item = (u32, &[u32])> {
        self.0.iter().filter_map(|need| match &need.test {
            Test::NotIn(values) => Some((need.key, &**values)),
            _ => None,
        })
    }

    /// The keys that a match must not have.
    pub(super) fn barred_keys(&self) -> impl Iterator<Item = u32> {
        self.0.iter().filter(|need| need.test == Test::Absent).map(|need| need.key)
    }

    /// True if nothing can meet them because they cannot be read.
    pub(super) fn is_never(&self) -> bool {
        self.0.iter().any(|need| need.test == Test::Never)
    }

    /// Marks the strings that they name.
    pub(super) fn mark(&self, used: &mut [bool]) {
        for need in &self.0 {
            mark(used, need.key);
            if let Test::In(values) | Test::NotIn(values) = &need.test {
                values.iter().for_each(|value| mark(used, *value));
            }
        }
    }

    /// For reports and comparisons.
    pub(super) fn text(&self, strings: &Strings) -> String {
        let mut texts: Vec<String> = self.0.iter().map(|need| need.text(strings)).collect();
        texts.sort();
        texts.join(" & ")
    }
}

impl Need {
    fn text(&self, strings: &Strings) -> String {
        let list = |values: &[u32]| {
            let mut texts: Vec<&str> = values.iter().map(|value| strings.text(*value)).collect();
            texts.sort_unstable();
            texts.join(",")
        };
        let test = match &self.test {
            Test::In(values) => format!("in {}", list(values)),
            Test::NotIn(values) => format!("notin {}", list(values)),
            other => format!("{other:?}"),
        };
        format!("{}{} {test}", if self.name { "name " } else { "" }, strings.text(self.key))
    }
}

/// Marks a string as used.
pub(super) fn mark(used: &mut [bool], id: u32) {
    if let Some(known) = used.get_mut(id as usize) {
        *known = true;
    }
}

/// Marks the strings of labels.
pub(super) fn mark_pairs(used: &mut [bool], pairs: &Pairs) {
    for (key, value) in pairs {
        mark(used, *key);
        mark(used, *value);
    }
}

/// `nodeSelector` and required node affinity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct NodeRules {
    selector: Needs,
    terms: Option<Box<[Needs]>>,
}

impl NodeRules {
    /// Reads the rules of a pod.
    pub(super) fn of(strings: &mut Strings, selector: &Labels, set: &NodeSet) -> Self {
        let selector = Needs::of_labels(strings, selector);
        let terms = set
            .as_ref()
            .map(|terms| terms.iter().map(|term| Needs::of_term(strings, term)).collect());
        Self { selector, terms }
    }

    /// Do they admit the node of this name, whose labels are looked up by key?
    pub(super) fn admit(
        &self,
        strings: &Strings,
        name: u32,
        label: impl Fn(u32) -> Option<u32>,
    ) -> bool {
        let term = |terms: &[Needs]| terms.iter().any(|term| term.admits(strings, name, &label));
        self.selector.admits(strings, name, &label) && self.terms.as_deref().is_none_or(term)
    }

    /// Marks the strings that they name.
    pub(super) fn mark(&self, used: &mut [bool]) {
        self.selector.mark(used);
        self.terms.iter().flatten().for_each(|term| term.mark(used));
    }
}
