//! What objects answer to rules of other objects.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use placecard_feasibility::label::NAMESPACE_NAME;
use placecard_findings::ObjectRef;
use placecard_language::intent::TargetKind;
use serde::Deserialize as _;
use serde_json::Value;

use super::{below, reference};
use crate::object::Map;
use crate::surroundings::{Answer, Reference, Selects};
use crate::{coordination, directory, kinds};

/// What an object answers about itself to rules of other objects: a Service or workload its
/// selector, a Namespace its labels, a claim its access modes; an autoscaler answers for the
/// workload that it scales. `namespace` stands for an absent `metadata.namespace`.
#[must_use]
pub fn answers(value: &Value, namespace: &str) -> Vec<(Reference, Answer)> {
    reference(value).map(|object| answers_of(value, &object, namespace)).unwrap_or_default()
}

/// As [`answers`], of an object whose name is known.
#[must_use]
pub fn answers_of(value: &Value, object: &ObjectRef, namespace: &str) -> Vec<(Reference, Answer)> {
    let mut answers = own_answers(value, object, namespace);
    answers.extend(directory::named(value, object, namespace));
    answers
}

fn own_answers(value: &Value, object: &ObjectRef, namespace: &str) -> Vec<(Reference, Answer)> {
    if let Some(answer) = directory::placed(value, object, namespace) {
        return vec![answer];
    }
    if coordination::is_coordination(object) {
        return vec![coordination::answer(value, object, namespace)];
    }
    let inside = coordination::inline::answer(value, object, namespace);
    let schemas = coordination::inline::schemas(value);
    if inside.is_some() || !schemas.is_empty() {
        return inside.into_iter().chain(schemas).collect();
    }
    let at = if object.namespace.is_empty() { namespace } else { &object.namespace }.to_owned();
    let scale = scale(value, &object.api_version, &object.kind, (&at, &object.name));
    let target =
        |kind| Reference::Target { kind, namespace: at.clone(), name: object.name.clone() };
    let selector = || {
        below(value, &["spec", "selector"])
            .and_then(|selector| LabelSelector::deserialize(selector).ok())
    };
    let kind = match (object.api_version.as_str(), object.kind.as_str()) {
        ("v1", "Service") => {
            let labels = below(value, &["spec", "selector"])
                .and_then(|labels| Map::deserialize(labels).ok())
                .filter(|labels| !labels.is_empty());
            let selector = labels.map(|labels| LabelSelector {
                match_labels: Some(labels),
                match_expressions: None,
            });
            return vec![(
                target(TargetKind::Service),
                Answer::Selector(selector.map(Selects::from)),
            )];
        }
        ("v1", "Namespace") => {
            let mut labels = below(value, &["metadata", "labels"])
                .and_then(|labels| Map::deserialize(labels).ok())
                .unwrap_or_default();
            // Written by the API server on every namespace.
            labels.insert(NAMESPACE_NAME.to_owned(), object.name.clone());
            let reference = Reference::Namespace { name: object.name.clone() };
            return vec![(reference, Answer::Namespace(labels))];
        }
        ("v1", "PersistentVolumeClaim") => {
            let modes = below(value, &["spec", "accessModes"]);
            let modes = modes.and_then(|modes| Vec::deserialize(modes).ok()).unwrap_or_default();
            let reference = Reference::AccessModes { namespace: at, name: object.name.clone() };
            return vec![(reference, Answer::AccessModes(modes))];
        }
        ("autoscaling/v1" | "autoscaling/v2", "HorizontalPodAutoscaler") => {
            return autoscaler(value, object, &at).into_iter().collect();
        }
        ("apps/v1", "ReplicaSet") => return scale.into_iter().collect(),
        ("apps/v1", "Deployment") => TargetKind::Deployment,
        ("apps/v1", "StatefulSet") => TargetKind::StatefulSet,
        ("apps/v1", "DaemonSet") => TargetKind::DaemonSet,
        ("batch/v1", "Job") => TargetKind::Job,
        _ => return Vec::new(),
    };
    let selector = match (kind, selector()) {
        // A manifest of a Job has no selector yet; its pods carry its name.
        (TargetKind::Job, None) => Some(LabelSelector {
            match_labels: Some(BTreeMap::from([(
                kinds::JOB_NAME_LABEL.to_owned(),
                object.name.clone(),
            )])),
            match_expressions: None,
        }),
        (_, selector) => selector,
    };
    let selector = Answer::Selector(selector.map(Selects::from));
    std::iter::once((target(kind), selector)).chain(scale).collect()
}

/// How a workload counts its replicas (apps/v1: 1 replica if it says nothing).
fn scale(
    value: &Value,
    api_version: &str,
    kind: &str,
    (namespace, name): (&str, &str),
) -> Option<(Reference, Answer)> {
    let counts = ["Deployment", "ReplicaSet", "StatefulSet"].contains(&kind);
    (api_version == "apps/v1" && counts).then(|| {
        let number = |keys: &[&str]| below(value, keys).and_then(Value::as_u64);
        let start =
            number(&["spec", "ordinals", "start"]).and_then(|start| u32::try_from(start).ok());
        let replicas = number(&["spec", "replicas"]).unwrap_or(1);
        let reference =
            Reference::Scale { kind: kind.into(), namespace: namespace.into(), name: name.into() };
        (reference, Answer::Scale { replicas, start: start.unwrap_or(0) })
    })
}

/// What a HorizontalPodAutoscaler says of the workload that it scales (autoscaling/v2: at least 1
/// replica if it says nothing).
fn autoscaler(value: &Value, object: &ObjectRef, namespace: &str) -> Option<(Reference, Answer)> {
    let spec = value.get("spec")?;
    let text = |field: &str| {
        below(spec, &["scaleTargetRef", field]).and_then(Value::as_str).map(Box::from)
    };
    let count = |field: &str| spec.get(field).and_then(Value::as_u64);
    let reference = Reference::Autoscaler {
        kind: text("kind")?,
        namespace: namespace.into(),
        name: text("name")?,
    };
    let least = count("minReplicas").unwrap_or(1);
    let most = count("maxReplicas")?;
    Some((reference, Answer::Autoscaler { object: Box::new(object.clone()), least, most }))
}
