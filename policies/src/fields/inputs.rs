//! Facts about everything that was read together, for the rules that look across manifests.
//!
//! Facts are kept, not documents. Where an object has no namespace, its namespace is "", and it is
//! taken to be in that of the others without one.

use placecard_feasibility::selector::Selector;
use placecard_findings::ObjectRef;

use crate::fields::matches;
use crate::object::{Map, Object};

/// Everything that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs {
    /// Pod templates, in the order of the input.
    pub templates: Vec<TemplateFacts>,
}

/// A pod template.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateFacts {
    /// The object that holds it.
    pub object: ObjectRef,
    /// The labels of its pods that are known.
    pub labels: Map,
    /// Its pods may carry other labels besides.
    pub more_labels: bool,
    /// `spec.replicas` as it is written.
    pub replicas: Option<i64>,
}

impl Inputs {
    /// Notes an object that could be read.
    pub fn add(&mut self, object: &Object) {
        self.templates.extend(object.templates.iter().map(|template| TemplateFacts {
            object: object.reference.clone(),
            labels: template.labels.clone(),
            more_labels: object.kind.is_none(),
            replicas: object.replicas,
        }));
    }

    /// The templates of a namespace whose pods a selector may match, and whether it surely does.
    pub fn selected<'a>(
        &'a self,
        namespace: &'a str,
        selector: &'a Selector,
    ) -> impl Iterator<Item = (&'a TemplateFacts, bool)> {
        let here = self.templates.iter().filter(move |one| one.object.namespace == namespace);
        here.filter_map(move |one| match matches(&one.labels, |_| one.more_labels, selector) {
            Some(false) => None,
            surely => Some((one, surely.is_some())),
        })
    }
}
