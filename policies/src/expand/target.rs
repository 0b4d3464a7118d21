//! Which pods the words of a rule mean.

use placecard_feasibility::requirement::Requirement;
use placecard_feasibility::selector::Selector;
use placecard_findings::ObjectRef;
use placecard_language::intent::{NamedTarget, PodTarget};

use super::Expander;
use crate::frame::Own;
use crate::kinds::{POD_NAME_LABEL, REVISION_LABELS};
use crate::native;
use crate::surroundings::{Answer, Reference, Selects};
use crate::trouble::{Missing, Obstacle};

/// The pods of a target.
#[derive(Clone, Debug)]
pub(crate) struct Pods {
    /// Which.
    pub(crate) selector: Selector,
    /// Label keys whose values they share with the pod under review.
    pub(crate) keys: Vec<String>,
    /// Where; `None` in the namespace of the pod under review.
    pub(crate) namespace: Option<String>,
}

/// What is asked about a named target.
pub(crate) fn reference(target: &NamedTarget, own_namespace: &str) -> Reference {
    Reference::Target {
        kind: target.kind,
        namespace: target.namespace.clone().unwrap_or_else(|| own_namespace.to_owned()),
        name: target.name.clone(),
    }
}

impl Expander<'_> {
    /// The pods that a target means.
    pub(crate) fn resolve(&self, target: &PodTarget) -> Result<Pods, Obstacle> {
        match target {
            PodTarget::Itself => match &self.frame.own {
                Own::Pods { selector, keys } => {
                    Ok(Pods { selector: selector.clone(), keys: keys.clone(), namespace: None })
                }
                Own::NoLabels => Err(Obstacle::SelfHasNoLabels),
                Own::Unreachable => Err(Obstacle::Unresolved {
                    reference: Box::new(Reference::Owner {
                        object: Box::new(ObjectRef {
                            api_version: String::new(),
                            kind: self.owner.kind.clone(),
                            namespace: self.frame.namespace.to_owned(),
                            name: self.owner.name.clone(),
                        }),
                        uid: self.owner.uid.clone(),
                    }),
                    missing: Missing::Unreachable,
                }),
            },
            PodTarget::Pods(selector) => Ok(Pods {
                selector: native::rule_selector(selector),
                keys: Vec::new(),
                namespace: None,
            }),
            PodTarget::Pod { namespace, name } => Ok(Pods {
                selector: Selector {
                    requirements: vec![Requirement::one_of(POD_NAME_LABEL, &[name.as_str()])],
                },
                keys: Vec::new(),
                namespace: namespace.clone(),
            }),
            PodTarget::Named(named) => {
                let reference = reference(named, self.frame.namespace);
                let missing = match self.surroundings.objects.get(&reference) {
                    Some(Answer::Selector(selector)) => {
                        let selector = selector.as_ref().map(steady).unwrap_or_default();
                        if !selector.is_everything() {
                            let namespace = named.namespace.clone();
                            return Ok(Pods { selector, keys: Vec::new(), namespace });
                        }
                        Missing::SelectsNothing
                    }
                    Some(Answer::Absent) => Missing::Absent,
                    Some(Answer::Unreachable) => Missing::Unreachable,
                    _ => Missing::NotAsked,
                };
                Err(Obstacle::Unresolved { reference: Box::new(reference), missing })
            }
        }
    }
}

/// A workload's selector, without the revision labels.
fn steady(selector: &Selects) -> Selector {
    let mut selector = native::selector(&selector.native());
    selector.requirements.retain(|one| !REVISION_LABELS.contains(&one.key.as_str()));
    selector
}
