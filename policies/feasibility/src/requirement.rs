//! One requirement, `key operator values`, as written and as the scheduler evaluates it.
//!
//! Semantics: `k8s.io/apimachinery/pkg/labels/selector.go` (`NewRequirement`, `Matches`) and
//! `k8s.io/component-helpers/scheduling/corev1/nodeaffinity`.

use std::collections::BTreeSet;

use crate::domain::Domain;
use crate::label::{Labels, integer, is_label_key, is_label_value};

/// The operator of a requirement.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operator {
    /// The label is there and has one of the values.
    In,
    /// The label is absent or has none of the values.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
    /// The label is an integer greater than the value (nodes only).
    Gt,
    /// The label is an integer less than the value (nodes only).
    Lt,
    /// A word this crate does not know. Today's scheduler lets it match nothing; proofs treat it
    /// as something that may hold.
    Other(String),
}

impl Operator {
    /// Reads the operator as it stands in a manifest.
    #[must_use]
    pub fn read(text: &str) -> Self {
        match text {
            "In" => Self::In,
            "NotIn" => Self::NotIn,
            "Exists" => Self::Exists,
            "DoesNotExist" => Self::DoesNotExist,
            "Gt" => Self::Gt,
            "Lt" => Self::Lt,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The word for a manifest.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::In => "In",
            Self::NotIn => "NotIn",
            Self::Exists => "Exists",
            Self::DoesNotExist => "DoesNotExist",
            Self::Gt => "Gt",
            Self::Lt => "Lt",
            Self::Other(word) => word,
        }
    }

    /// True for `Gt` and `Lt`.
    #[must_use]
    pub fn is_comparison(&self) -> bool {
        matches!(self, Self::Gt | Self::Lt)
    }
}

/// One requirement on one label, as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Requirement {
    /// The label key.
    pub key: String,
    /// What must hold.
    pub operator: Operator,
    /// The operands: at least one for `In` and `NotIn`, none for `Exists` and `DoesNotExist`,
    /// exactly one integer for `Gt` and `Lt`.
    pub values: Vec<String>,
}

/// Why the scheduler cannot read a requirement. A node selector term with such a requirement
/// matches no node; an API server refuses most of them, but not [`Flaw::NotInteger`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// The key is not a legal label key.
    Key,
    /// The value is not a legal label value.
    Value(String),
    /// `In` or `NotIn` without values, values for `Exists`, not exactly one for `Gt` or `Lt`.
    ValueCount(usize),
    /// The operand of `Gt` or `Lt` is not a 64-bit integer.
    NotInteger(String),
    /// The operator is not known (or, among `matchFields`, neither `In` nor `NotIn`).
    Operator,
}

impl Requirement {
    /// A requirement from its parts.
    #[must_use]
    pub fn new(key: &str, operator: Operator, values: &[&str]) -> Self {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        Self { key: key.to_owned(), operator, values }
    }

    /// `key In values`.
    #[must_use]
    pub fn one_of(key: &str, values: &[&str]) -> Self {
        Self::new(key, Operator::In, values)
    }

    /// `key NotIn values`.
    #[must_use]
    pub fn none_of(key: &str, values: &[&str]) -> Self {
        Self::new(key, Operator::NotIn, values)
    }

    /// `key Exists`.
    #[must_use]
    pub fn exists(key: &str) -> Self {
        Self::new(key, Operator::Exists, &[])
    }

    /// `key DoesNotExist`.
    #[must_use]
    pub fn absent(key: &str) -> Self {
        Self::new(key, Operator::DoesNotExist, &[])
    }

    /// Same key, operator and set of values, whatever their order.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.key == other.key
            && self.operator == other.operator
            && self.values.iter().collect::<BTreeSet<_>>()
                == other.values.iter().collect::<BTreeSet<_>>()
    }
}

/// The first flaw of a requirement on a label, in the order in which the scheduler looks; `None`
/// if it can be read.
#[must_use]
pub fn flaw(requirement: &Requirement) -> Option<Flaw> {
    let count = requirement.values.len();
    if let Operator::Other(_) = requirement.operator {
        return Some(Flaw::Operator);
    }
    if !is_label_key(&requirement.key) {
        return Some(Flaw::Key);
    }
    let wrong_count = match requirement.operator {
        Operator::In | Operator::NotIn => count == 0,
        Operator::Exists | Operator::DoesNotExist => count != 0,
        Operator::Gt | Operator::Lt => count != 1,
        Operator::Other(_) => false,
    };
    if wrong_count {
        return Some(Flaw::ValueCount(count));
    }
    if requirement.operator.is_comparison()
        && let Some(value) = requirement.values.iter().find(|value| integer(value).is_none())
    {
        return Some(Flaw::NotInteger(value.clone()));
    }
    let illegal = requirement.values.iter().find(|value| !is_label_value(value));
    illegal.map(|value| Flaw::Value(value.clone()))
}

/// True if the operator is not known: proofs must treat the requirement as something that may hold.
#[must_use]
pub fn is_opaque(requirement: &Requirement) -> bool {
    matches!(requirement.operator, Operator::Other(_))
}

/// Does an object with these labels meet the requirement? A requirement with a [`flaw`] is met by
/// nothing.
#[must_use]
pub fn matches(requirement: &Requirement, labels: &Labels) -> bool {
    is_met(requirement, labels.get(&requirement.key).map(String::as_str))
}

/// As [`matches()`], by the value that the object has for the label; `None`: it has no such label.
#[must_use]
pub fn is_met(requirement: &Requirement, label: Option<&str>) -> bool {
    // Most say no, and of these nobody asks whether they can be read.
    holds(requirement, label) && flaw(requirement).is_none()
}

/// Whether a requirement without a flaw is met.
fn holds(requirement: &Requirement, label: Option<&str>) -> bool {
    let is_one = |value: &str| requirement.values.iter().any(|one| one == value);
    let compare = |holds: fn(i64, i64) -> bool| {
        let operand = requirement.values.first().and_then(|value| integer(value));
        label.and_then(integer).zip(operand).is_some_and(|(a, b)| holds(a, b))
    };
    match requirement.operator {
        Operator::In => label.is_some_and(is_one),
        Operator::NotIn => !label.is_some_and(is_one),
        Operator::Exists => label.is_some(),
        Operator::DoesNotExist => label.is_none(),
        Operator::Gt => compare(|label, operand| label > operand),
        Operator::Lt => compare(|label, operand| label < operand),
        Operator::Other(_) => false,
    }
}

/// The values of the label that meet the requirement: everything for an opaque requirement,
/// nothing for another one with a [`flaw`].
#[must_use]
pub fn domain(requirement: &Requirement) -> Domain {
    if is_opaque(requirement) {
        return Domain::everything();
    }
    if flaw(requirement).is_some() { Domain::nothing() } else { readable_domain(requirement) }
}

/// As [`domain`], of a requirement that has no flaw.
pub(crate) fn readable_domain(requirement: &Requirement) -> Domain {
    let values = &requirement.values;
    let operand = || values.first().and_then(|value| integer(value));
    match &requirement.operator {
        Operator::In => Domain::one_of(values),
        Operator::NotIn => Domain::one_of(values).complement(),
        Operator::Exists => Domain::present(),
        Operator::DoesNotExist => Domain::present().complement(),
        Operator::Gt => operand()
            .and_then(|operand| operand.checked_add(1))
            .map_or_else(Domain::nothing, |least| Domain::integers(least, i64::MAX)),
        Operator::Lt => operand()
            .and_then(|operand| operand.checked_sub(1))
            .map_or_else(Domain::nothing, |greatest| Domain::integers(0, greatest)),
        Operator::Other(_) => Domain::everything(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `k8s.io/apimachinery/pkg/labels` and `nodeaffinity` evaluate: requirement, label, result.
    #[test]
    fn evaluation_as_in_the_scheduler() {
        let table: [(&str, &[&str], Option<&str>, bool); 29] = [
            ("In", &["a", "b"], Some("b"), true),
            ("In", &["a", "b"], Some("c"), false),
            ("In", &["a"], None, false),
            ("In", &[""], Some(""), true),
            ("In", &[""], None, false),
            ("In", &["7"], Some("007"), false),
            ("In", &[], Some("a"), false),
            ("NotIn", &["a"], Some("b"), true),
            ("NotIn", &["a"], Some("a"), false),
            ("NotIn", &["a"], None, true),
            ("NotIn", &[], Some("a"), false),
            ("NotIn", &["not legal"], Some("a"), false),
            ("Exists", &[], Some(""), true),
            ("Exists", &[], None, false),
            ("Exists", &["a"], Some("a"), false),
            ("DoesNotExist", &[], None, true),
            ("DoesNotExist", &[], Some(""), false),
            ("Gt", &["6"], Some("007"), true),
            ("Gt", &["7"], Some("007"), false),
            ("Gt", &["7"], Some("8.5"), false),
            ("Gt", &["7"], None, false),
            ("Gt", &["abc"], Some("9"), false),
            ("Gt", &["1", "2"], Some("9"), false),
            ("Gt", &["-1"], Some("9"), false),
            ("Gt", &["9223372036854775806"], Some("9223372036854775807"), true),
            ("Gt", &["0"], Some("9223372036854775808"), false),
            ("Lt", &["9223372036854775808"], Some("1"), false),
            ("Lt", &["1"], Some("0"), true),
            ("Matches", &["a"], Some("a"), false),
        ];
        for (operator, values, label, expected) in table {
            let requirement = Requirement::new("k", Operator::read(operator), values);
            let labels = label.map(|value| ("k".to_owned(), value.to_owned()));
            let found = matches(&requirement, &labels.into_iter().collect());
            assert_eq!(found, expected, "{requirement:?} on {label:?}");
            assert_eq!(Operator::read(operator).as_str(), operator);
        }
    }

    #[test]
    fn flaws_say_what_is_wrong() {
        let table: [(&str, &str, &[&str], Option<Flaw>); 9] = [
            ("k", "In", &["a"], None),
            ("k", "Gt", &["007"], None),
            ("k", "In", &[], Some(Flaw::ValueCount(0))),
            ("k", "Gt", &["1", "2"], Some(Flaw::ValueCount(2))),
            ("k", "Lt", &["1.5"], Some(Flaw::NotInteger("1.5".to_owned()))),
            ("k", "Lt", &["-1"], Some(Flaw::Value("-1".to_owned()))),
            ("k", "NotIn", &["a", "b c"], Some(Flaw::Value("b c".to_owned()))),
            ("a/b/c", "Exists", &[], Some(Flaw::Key)),
            ("k", "Matches", &[], Some(Flaw::Operator)),
        ];
        for (key, operator, values, expected) in table {
            let requirement = Requirement::new(key, Operator::read(operator), values);
            assert_eq!(flaw(&requirement), expected, "{requirement:?}");
        }
    }
}
