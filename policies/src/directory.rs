//! What the answers say of ids and Leases, for the reader of annotations.

use std::collections::BTreeMap;

use placecard_findings::ObjectRef;
use placecard_language::affinity::ObjectId;
use placecard_language::checked::NamespaceFacts;
use placecard_language::directory::{
    Directory, Followed, Holder, ObjectKind, ObjectName, PodFacts, Unknown, Want,
};
use placecard_language::keys::Place;
use placecard_language::read::{Reading, read_with};
use serde::Deserialize;
use serde_json::Value;

use crate::applied;
use crate::kinds;
use crate::object::{Map, Object};
use crate::read;
use crate::surroundings::{Answer, Objects, Reference, Surroundings};

/// The answers, and what a pod's own record says of earlier ones.
pub(crate) struct Known<'a> {
    objects: &'a Objects,
    recorded: Vec<Followed>,
}

impl<'a> Known<'a> {
    /// For the annotations of an object. Only a pod repeats what it recorded: it is placed once,
    /// while a template is expanded anew whenever it changes.
    pub(crate) fn of(object: &Object, annotations: &Map, objects: &'a Objects) -> Self {
        let record = annotations.get(placecard_language::keys::APPLIED);
        let record = record.filter(|_| object.is_pod());
        let recorded = record.map(|text| applied::leases(text)).unwrap_or_default();
        Self { objects, recorded }
    }
}

/// Reads the annotations of a template, by what is known of other objects.
pub(crate) fn reading(
    object: &Object,
    annotations: &Map,
    place: Place,
    surroundings: &Surroundings,
    namespace: Option<&NamespaceFacts>,
) -> Reading {
    let known = Known::of(object, annotations, &surroundings.objects);
    read_with(annotations, place, &surroundings.words, namespace, &known)
}

/// The question behind a want.
pub(crate) fn reference(want: &Want) -> Reference {
    match want.clone() {
        Want::Object { kind, id } => Reference::Object { kind, id },
        Want::Node { name } => Reference::Node { name },
        Want::Lease { namespace, name } => Reference::Lease { namespace, name },
        Want::Pod { namespace, name } => Reference::Pod { namespace, name },
    }
}

impl Known<'_> {
    fn answer(&self, reference: &Reference) -> Result<&Answer, Unknown> {
        match self.objects.get(reference) {
            Some(Answer::Absent) => Err(Unknown::Absent),
            Some(Answer::Unreachable) => Err(Unknown::Unreachable),
            Some(answer) => Ok(answer),
            None => Err(Unknown::NotAsked),
        }
    }
}

impl Directory for Known<'_> {
    fn object(&self, kind: ObjectKind, id: ObjectId) -> Result<ObjectName, Unknown> {
        match self.answer(&Reference::Object { kind, id })? {
            Answer::Name(name) => Ok(name.clone()),
            _ => Err(Unknown::NotAsked),
        }
    }

    fn node(&self, name: &str) -> Result<&BTreeMap<String, String>, Unknown> {
        match self.answer(&Reference::Node { name: name.to_owned() })? {
            Answer::Node(labels) => Ok(labels),
            _ => Err(Unknown::NotAsked),
        }
    }

    fn lease(&self, namespace: &str, name: &str) -> Result<&str, Unknown> {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        match self.answer(&Reference::Lease { namespace, name })? {
            Answer::Lease(holder) => Ok(holder),
            _ => Err(Unknown::NotAsked),
        }
    }

    fn pod(&self, namespace: &str, name: &str) -> Result<PodFacts, Unknown> {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        match self.answer(&Reference::Pod { namespace, name })? {
            Answer::Pod(facts) => Ok(facts.clone()),
            _ => Err(Unknown::NotAsked),
        }
    }

    fn recorded(&self, namespace: &str, lease: &str) -> Option<Holder> {
        let same = |one: &&Followed| one.namespace == namespace && one.name == lease;
        self.recorded.iter().find(same).map(|one| one.holder.clone())
    }
}

/// What an object answers under its UID.
pub(crate) fn named(value: &Value, namespace: &str) -> Option<(Reference, Answer)> {
    let object = read::reference(value)?;
    let kind = match (object.api_version.as_str(), object.kind.as_str()) {
        ("v1", "Node") => ObjectKind::Node,
        ("v1", "Service") => ObjectKind::Service,
        ("v1", "PersistentVolume") => ObjectKind::PersistentVolume,
        ("coordination.k8s.io/v1", "Lease") => ObjectKind::Lease,
        _ => return None,
    };
    let id = value.pointer("/metadata/uid").and_then(Value::as_str)?.parse().ok()?;
    let in_namespace = matches!(kind, ObjectKind::Service | ObjectKind::Lease);
    let namespace = match (in_namespace, object.namespace.is_empty()) {
        (true, true) => namespace.to_owned(),
        (true, false) => object.namespace,
        (false, _) => String::new(),
    };
    let name = ObjectName { namespace, name: object.name };
    Some((Reference::Object { kind, id }, Answer::Name(name)))
}

/// What nodes, pods, Leases and volumes say of where they are.
pub(crate) fn placed(
    value: &Value,
    object: &ObjectRef,
    namespace: &str,
) -> Option<(Reference, Answer)> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let labels = || {
        let labels = value.pointer("/metadata/labels");
        labels.and_then(|labels| Map::deserialize(labels).ok()).unwrap_or_default()
    };
    let name = object.name.clone();
    let own = &object.namespace;
    let namespace = || if own.is_empty() { namespace.to_owned() } else { own.clone() };
    Some(match (object.api_version.as_str(), object.kind.as_str()) {
        ("v1", "Node") => (Reference::Node { name }, Answer::Node(labels())),
        ("v1", "Pod") => {
            let stays = labels().get(kinds::POD_NAME_LABEL) == Some(&name);
            let facts = PodFacts { node: text("/spec/nodeName").to_owned(), keeps_its_name: stays };
            (Reference::Pod { namespace: namespace(), name }, Answer::Pod(facts))
        }
        ("v1", "PersistentVolume") => {
            let volume = crate::claims::volume(value)?;
            (Reference::PersistentVolume { name }, Answer::Volume(Box::new(volume)))
        }
        ("coordination.k8s.io/v1", "Lease") => {
            let holder = text("/spec/holderIdentity").to_owned();
            (Reference::Lease { namespace: namespace(), name }, Answer::Lease(holder))
        }
        _ => return None,
    })
}
