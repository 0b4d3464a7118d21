//! A plain reading of requirements, for the checkers alone.
//!
//! It decides by trying values one by one, and says that it does not know rather than reason.

use std::collections::BTreeMap;

use crate::label::Labels;
use crate::node_terms::NodeTerm;
use crate::requirement::{Operator, Requirement};
use crate::selector::Selector;

/// Does a label with this value, or its absence, meet the requirement? `None`: not known.
pub(super) fn holds(requirement: &Requirement, value: Option<&str>) -> Option<bool> {
    let listed = || value.is_some_and(|value| requirement.values.iter().any(|one| one == value));
    let number = |text: &str| text.parse::<i64>().ok();
    let compared = |holds: fn(i64, i64) -> bool| match requirement.values.as_slice() {
        [bound] => match (value.and_then(number), number(bound)) {
            (Some(label), Some(bound)) => holds(label, bound),
            _ => false,
        },
        _ => false,
    };
    let valueless = requirement.values.is_empty();
    Some(match requirement.operator {
        Operator::In => listed(),
        Operator::NotIn => !valueless && !listed(),
        Operator::Exists => valueless && value.is_some(),
        Operator::DoesNotExist => valueless && value.is_none(),
        Operator::Gt => compared(|label, bound| label > bound),
        Operator::Lt => compared(|label, bound| label < bound),
        Operator::Other(_) => return None,
    })
}

/// Is every requirement certainly met by the labels?
pub(super) fn certainly_selects(selector: &Selector, labels: &Labels) -> bool {
    let met = |one: &Requirement| {
        !one.operator.is_comparison()
            && holds(one, labels.get(&one.key).map(String::as_str)) == Some(true)
    };
    selector.requirements.iter().all(met)
}

/// The ways in which a node can meet a pod's node rules: by key, what one way asks of the label. A
/// term without requirements, or whose fields name nodes, gives no way that says more.
pub(super) fn ways<'a>(
    selector: &'a Labels,
    terms: &'a Option<Vec<NodeTerm>>,
) -> Vec<BTreeMap<&'a str, Vec<Way<'a>>>> {
    let mut selected: BTreeMap<&str, Vec<Way<'_>>> = BTreeMap::new();
    for (key, value) in selector {
        selected.entry(key).or_default().push(Way::Is(value));
    }
    let Some(terms) = terms else { return vec![selected] };
    let mut ways = Vec::new();
    for term in terms.iter().filter(|term| !term.is_empty()) {
        let mut way = selected.clone();
        for requirement in &term.expressions {
            way.entry(&requirement.key).or_default().push(Way::Meets(requirement));
        }
        ways.push(way);
    }
    ways
}

/// Something asked of a label.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way<'a> {
    /// It has this value.
    Is(&'a str),
    /// It meets a requirement.
    Meets(&'a Requirement),
}

impl Way<'_> {
    /// May the value meet it?
    fn admits(self, value: Option<&str>) -> bool {
        match self {
            Self::Is(wanted) => value == Some(wanted),
            Self::Meets(requirement) => holds(requirement, value).unwrap_or(true),
        }
    }
}

/// All values (`None`: absent) that a label may have, if what is asked of it lists them; `None` if
/// it does not.
pub(super) fn listed<'a>(asked: &[Way<'a>]) -> Option<Vec<Option<&'a str>>> {
    let mut candidates: Option<Vec<Option<&str>>> = None;
    for way in asked {
        let list = match way {
            Way::Is(value) => vec![Some(*value)],
            Way::Meets(one) => match one.operator {
                Operator::In => one.values.iter().map(|value| Some(value.as_str())).collect(),
                Operator::DoesNotExist => vec![None],
                Operator::Gt | Operator::Lt if bound(one).is_none() => Vec::new(),
                _ => continue,
            },
        };
        candidates = Some(list);
    }
    let mut found = candidates?;
    found.retain(|value| asked.iter().all(|way| way.admits(*value)));
    found.sort_unstable();
    found.dedup();
    Some(found)
}

/// The number that a comparison compares with.
fn bound(requirement: &Requirement) -> Option<i64> {
    match requirement.values.as_slice() {
        [bound] => bound.parse().ok(),
        _ => None,
    }
}
