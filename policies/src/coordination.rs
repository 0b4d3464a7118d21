//! Role coordination: a RoleCoordination under review, whose pods are whose, and what becomes of
//! them.

pub mod crew;
pub mod definition;
pub(crate) mod expand;
pub mod forecast;
pub mod gather;
pub mod inline;
pub mod membership;
pub mod news;
pub mod ordinal;
pub mod outlook;
pub mod players;
pub mod pod_groups;
pub mod rollout;
pub mod rollouts;
pub mod roster;
pub(crate) mod rules;
pub mod status;
pub mod step;
pub mod troupe;

use placecard_feasibility::batches::{self, Layout};
use placecard_findings::{FieldPath, Finding, Label, ObjectRef, Site};
use placecard_language::coordination::check as language;
use placecard_language::coordination::inline as language_inline;
use placecard_language::coordination::{
    AffinityScheduling, CoordinationDetail, CoordinationProblem, Exclusive, Group,
};
use placecard_language::keys;
use serde_json::Value;

use crate::surroundings::{Answer, Reference};
use crate::vocabulary::{path, told};
use crate::{read, words};

/// Whether an object is a RoleCoordination of ours, of whatever version.
#[must_use]
pub fn is_coordination(object: &ObjectRef) -> bool {
    object.group() == keys::GROUP && object.kind == keys::COORDINATION_KIND
}

/// Whether coordinations stand in an object: in one of ours, or in a RoleBasedGroup.
#[must_use]
pub(crate) fn is_written(object: &ObjectRef, value: &Value) -> bool {
    is_coordination(object) || language_inline::is_written(value)
}

/// Checks a RoleCoordination, or the coordinations inside a RoleBasedGroup. With any finding there
/// is no group.
#[must_use]
pub fn check(value: &Value) -> (Option<Group>, Vec<Finding>) {
    let (group, problems) = match language_inline::is_home(value) {
        true => language_inline::check(value),
        false => language::check(value),
    };
    let object = read::reference(value).unwrap_or_default();
    (group, problems.iter().map(|problem| finding(&object, value, problem)).collect())
}

/// What a RoleCoordination answers to who names it: nothing can be made of one that is wrong.
/// `namespace` stands for an absent `metadata.namespace`.
pub(crate) fn answer(value: &Value, object: &ObjectRef, namespace: &str) -> (Reference, Answer) {
    let own = &object.namespace;
    let namespace = if own.is_empty() { namespace.to_owned() } else { own.clone() };
    let answer = match language::check(value).0 {
        Some(group) => {
            Answer::Coordination(Box::new(Group { namespace: namespace.clone(), ..group }))
        }
        None => Answer::Unreachable,
    };
    (Reference::Coordination { namespace, name: object.name.clone() }, answer)
}

/// How the engine lays out the batches of a coordination.
fn layout(affinity: &AffinityScheduling) -> Layout {
    let exclusive = match affinity.exclusive {
        Exclusive::None => batches::Exclusive::None,
        Exclusive::Preferred => batches::Exclusive::Preferred,
        Exclusive::Required => batches::Exclusive::Required,
    };
    Layout::over(&affinity.topology_key, exclusive)
}

fn finding(object: &ObjectRef, value: &Value, problem: &CoordinationProblem) -> Finding {
    let at = path(value, &problem.pointer);
    let place = at.to_string();
    let site =
        if problem.on_key && at != FieldPath::root() { Site::key(at) } else { Site::value(at) };
    let worded = words::coordination::problem(problem);
    let mut finding = told(object, problem.code, site, &place, &worded);
    finding.suggestion.clone_from(&problem.suggestion);
    if let CoordinationDetail::Duplicate { first, .. } = &problem.detail {
        finding.labels.push(Label::new(Site::value(path(value, first)), "the first is here"));
    }
    finding
}
