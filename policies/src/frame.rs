//! Whom a rule means by `self`, and what is known of the pods under review.

use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::selector::Selector;

use crate::kinds::{self, JOB_NAME_LABEL, JOB_UID_LABEL, OwnPods, REVISION_LABELS};
use crate::native;
use crate::object::{Map, Object, Template};
use crate::surroundings::{Answer, Objects, Reference};

/// Whether fields are written into a template or into a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Labels that controllers add are named by matchLabelKeys.
    Template,
    /// All labels are there: values are written out.
    Pod,
}

/// What is known of the pods of one template.
#[derive(Clone, Debug)]
pub(crate) struct Frame<'a> {
    /// Template or pod.
    pub(crate) form: Form,
    /// Their namespace; empty if unknown.
    pub(crate) namespace: &'a str,
    /// Their labels, without those that controllers add later.
    pub(crate) labels: &'a Map,
    /// Whether they may carry labels besides these that are not known (custom resources).
    pub(crate) more_labels: bool,
    /// `self`.
    pub(crate) own: Own,
    /// The label that tells their revisions apart.
    pub(crate) revision: Option<String>,
    /// Whether the scheduler's built-in soft spread constraints would apply to them.
    pub(crate) default_spread: bool,
}

/// `self`, without the revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    /// The pods that match, and that share the values of these label keys.
    Pods {
        /// Which pods.
        selector: Selector,
        /// Label keys with equal values that are not in the template yet.
        keys: Vec<String>,
    },
    /// No label tells the pods from others.
    NoLabels,
    /// The owner could not be read.
    Unreachable,
}

/// The reference whose answer [`frame`] needs, if any: the controller of a pod.
#[must_use]
pub(crate) fn reference(object: &Object) -> Option<Reference> {
    let owner = object.is_pod().then(|| object.controller()).flatten()?;
    (owner.kind != "Job" && owner.kind != "DaemonSet" && owner.kind != "Node")
        .then(|| Reference::owner(owner, &object.reference.namespace))
}

/// What is known of the pods of a template.
#[must_use]
pub(crate) fn frame<'a>(
    object: &'a Object,
    template: &'a Template,
    objects: &Objects,
) -> Frame<'a> {
    let mut frame = Frame {
        form: if object.is_pod() { Form::Pod } else { Form::Template },
        namespace: &object.reference.namespace,
        labels: &template.labels,
        more_labels: object.kind.is_none(),
        own: by_labels(&template.labels),
        revision: revision_label(object).map(str::to_owned),
        default_spread: object.kind.is_some_and(|kind| kind.default_spread),
    };
    match object.kind.map(|kind| kind.own) {
        Some(OwnPods::Selector | OwnPods::LabelMap) => {
            if let Some(selector) = &object.selector {
                frame.own = by_selector(&native::selector(selector));
            }
        }
        Some(OwnPods::JobUid) => {
            frame.own = Own::Pods {
                selector: Selector {
                    requirements: vec![native::bare_requirement(JOB_NAME_LABEL, Operator::Exists)],
                },
                keys: vec![JOB_UID_LABEL.to_owned()],
            };
        }
        Some(OwnPods::Labels) => by_owner(object, template, objects, &mut frame),
        None => {
            if let Some(selector) = &object.selector {
                frame.own = by_selector(&native::selector(selector));
            }
        }
    }
    frame
}

/// The label that tells the revisions of a workload's pods apart.
fn revision_label(object: &Object) -> Option<&'static str> {
    let custom = || object.custom.and_then(|kind| kind.revision_label);
    object.kind.map_or_else(custom, |kind| kind.revision_label)
}

/// A pod: its controller's selector, if there is one and it is the pod's.
fn by_owner(object: &Object, template: &Template, objects: &Objects, frame: &mut Frame<'_>) {
    let Some(owner) = object.controller() else { return };
    if owner.kind == "Job" {
        let uid = [JOB_UID_LABEL, "controller-uid"]
            .iter()
            .find_map(|key| template.labels.get(*key).map(|value| (*key, value)));
        if let Some((key, value)) = uid {
            let requirement = Requirement::one_of(key, &[value.as_str()]);
            frame.own =
                Own::Pods { selector: Selector { requirements: vec![requirement] }, keys: vec![] };
        }
        return;
    }
    frame.default_spread =
        matches!(owner.kind.as_str(), "ReplicaSet" | "StatefulSet" | "ReplicationController");
    frame.revision = REVISION_LABELS
        .iter()
        .find(|label| owner.kind == "ReplicaSet" && template.labels.contains_key(**label))
        .map(|label| (*label).to_owned());
    let Some(reference) = reference(object) else { return };
    match objects.get(&reference) {
        Some(Answer::Selector(Some(selector))) => {
            let selector = native::selector(&selector.native());
            if !selector.is_everything() && selector.matches(&template.labels) {
                frame.own = by_selector(&selector);
            }
        }
        Some(Answer::Unreachable) => frame.own = Own::Unreachable,
        _ => {}
    }
}

/// A controller's selector without the revision labels.
fn by_selector(selector: &Selector) -> Own {
    let requirements: Vec<Requirement> = selector
        .requirements
        .iter()
        .filter(|requirement| !REVISION_LABELS.contains(&requirement.key.as_str()))
        .cloned()
        .collect();
    own(requirements)
}

/// A pod's own labels without the volatile ones.
fn by_labels(labels: &Map) -> Own {
    let steady = labels.iter().filter(|(key, _)| !kinds::is_volatile(key));
    own(steady.map(|(key, value)| Requirement::one_of(key, &[value.as_str()])).collect())
}

fn own(requirements: Vec<Requirement>) -> Own {
    if requirements.is_empty() {
        Own::NoLabels
    } else {
        Own::Pods { selector: Selector { requirements }, keys: Vec::new() }
    }
}
