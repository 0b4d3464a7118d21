//! Facts about everything that was read together, for the rules that look across manifests.
//!
//! Facts are kept, not documents. Where an object has no namespace, its namespace is "", and it is
//! taken to be in that of the others without one.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use placecard_feasibility::selector::Selector;
use placecard_findings::ObjectRef;
use serde::Deserialize as _;
use serde_json::Value;

use crate::frame;
use crate::native;
use crate::object::{Map, Object};
use crate::surroundings::Objects;

/// Everything that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs {
    /// Pod templates, in the order of the input.
    pub templates: Vec<TemplateFacts>,
    /// HorizontalPodAutoscalers.
    pub autoscalers: Vec<AutoscalerFacts>,
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

/// An autoscaler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutoscalerFacts {
    /// Which.
    pub object: ObjectRef,
    /// `spec.scaleTargetRef`: kind and name, in the autoscaler's namespace.
    pub target: (String, String),
    /// `spec.minReplicas`; absent is one.
    pub min: i64,
}

impl Inputs {
    /// Notes an object that could be read.
    pub fn add(&mut self, object: &Object, written: &Value) {
        for template in &object.templates {
            let frame = frame::frame(object, template, &Objects::default());
            self.templates.push(TemplateFacts {
                object: object.reference.clone(),
                labels: template.labels.clone(),
                more_labels: frame.more_labels,
                replicas: object.replicas,
            });
        }
        if object.reference.kind == "HorizontalPodAutoscaler" {
            self.autoscalers.extend(autoscaler(&object.reference, written));
        }
    }

    /// The templates of a namespace whose pods a selector may match, and whether it surely does.
    pub fn selected<'a>(
        &'a self,
        namespace: &'a str,
        selector: &'a Selector,
    ) -> impl Iterator<Item = (&'a TemplateFacts, bool)> {
        let here = self.templates.iter().filter(move |one| one.object.namespace == namespace);
        here.filter_map(move |one| {
            if selector.matches(&one.labels) {
                return Some((one, true));
            }
            let mut known = selector.clone();
            known.requirements.retain(|of| one.labels.contains_key(&of.key));
            (one.more_labels && known.matches(&one.labels)).then_some((one, false))
        })
    }

    /// The autoscaler of a workload.
    #[must_use]
    pub fn autoscaler(&self, workload: &ObjectRef) -> Option<&AutoscalerFacts> {
        self.autoscalers.iter().find(|one| {
            one.object.namespace == workload.namespace
                && one.target == (workload.kind.clone(), workload.name.clone())
        })
    }
}

fn autoscaler(object: &ObjectRef, written: &Value) -> Option<AutoscalerFacts> {
    let target = written.pointer("/spec/scaleTargetRef")?;
    let text = |key: &str| target.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(AutoscalerFacts {
        object: object.clone(),
        target: (text("kind")?, text("name")?),
        min: written.pointer("/spec/minReplicas").and_then(Value::as_i64).unwrap_or(1),
    })
}

/// A selector as it is written, if it is one.
pub(crate) fn selector(written: &Value) -> Option<Selector> {
    let fields = written.as_object()?;
    let known = |name: &String| matches!(name.as_str(), "matchLabels" | "matchExpressions");
    if !fields.keys().all(known) {
        return None;
    }
    LabelSelector::deserialize(written).ok().map(|native| native::selector(&native))
}
