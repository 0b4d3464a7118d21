//! What is known of ids, of Leases and of what else rules name: answers that were collected, and a
//! snapshot.

mod snapshot;

use std::collections::BTreeMap;

use placecard_feasibility::inventory::Inventory;
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
use crate::review;
use crate::surroundings::{Answer, Objects, Reference, Surroundings};

pub use snapshot::Snapshot;

/// As often is asked for what was not known to be wanted before: a Lease, its holder, the holder's
/// node.
const ROUNDS: usize = 4;

/// What is known of ids and Leases: the answers that were collected, a snapshot behind them, and
/// what a pod's own record says of earlier answers.
///
/// An answer counts before the snapshot, but for what it leaves open: manifests do not say which
/// volume a claim is bound to, on which node a pod is, or who holds a Lease.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    objects: &'a Objects,
    snapshot: Option<Snapshot<'a>>,
    recorded: Vec<Followed>,
}

impl<'a> Known<'a> {
    /// For the annotations of an object. Only a pod repeats what it recorded: it is placed once,
    /// while a template is expanded anew whenever it changes.
    pub(crate) fn of(object: &Object, annotations: &Map, objects: &'a Objects) -> Self {
        let record = annotations.get(placecard_language::keys::APPLIED);
        let record = record.filter(|_| object.is_pod());
        let recorded = record.map(|text| applied::leases(text)).unwrap_or_default();
        Self { objects, snapshot: None, recorded }
    }

    /// Answers and, behind them, a snapshot.
    #[must_use]
    pub const fn beside(objects: &'a Objects, inventory: &'a Inventory) -> Self {
        Self { objects, snapshot: Some(Snapshot(inventory)), recorded: Vec::new() }
    }

    /// The answer to a reference; `None`: nothing is known.
    #[must_use]
    pub fn find(&self, reference: &Reference) -> Option<Answer> {
        let written = self.objects.get(reference);
        let Some(snapshot) = self.snapshot else { return written.cloned() };
        let volume = |name: &str| {
            let reference = Reference::PersistentVolume { name: name.to_owned() };
            let found = self.objects.get(&reference).cloned();
            found.or_else(|| snapshot.answer(&reference)).filter(|one| *one != Answer::Absent)
        };
        let observed = match written {
            Some(Answer::BoundTo(name)) => volume(name),
            Some(answer) if !is_open(reference, answer) => None,
            _ => snapshot.answer(reference),
        };
        let observed = match observed {
            // The snapshot's claim, with the volume that the answers have.
            Some(Answer::BoundTo(name)) => Some(volume(&name).unwrap_or(Answer::BoundTo(name))),
            Some(Answer::Volume(of)) => volume(&of.name).or(Some(Answer::Volume(of))),
            other => other,
        };
        match (written, observed) {
            (Some(written), None | Some(Answer::Absent)) => Some(written.clone()),
            (_, observed) => observed,
        }
    }
}

/// Whether an answer leaves open what only a cluster can say.
fn is_open(reference: &Reference, answer: &Answer) -> bool {
    match answer {
        Answer::Unbound | Answer::BoundTo(_) => true,
        Answer::Pod(facts) => facts.node.is_empty(),
        Answer::Lease(holder) => holder.is_empty(),
        Answer::Unreachable => matches!(reference, Reference::Object { .. }),
        _ => false,
    }
}

/// Answers what the review of an object asks for, as far as a snapshot knows it: what depends on
/// an answer is asked for when that is there, for example the holder of a Lease.
pub fn answer_from(object: &Object, surroundings: &mut Surroundings, inventory: &Inventory) {
    for _ in 0..ROUNDS {
        let mut found = Vec::new();
        for reference in review::references(object, surroundings) {
            let known = Known::beside(&surroundings.objects, inventory);
            let answer = known.find(&reference);
            if let Some(answer) =
                answer.filter(|one| surroundings.objects.get(&reference) != Some(one))
            {
                found.push((reference, answer));
            }
        }
        if found.is_empty() {
            return;
        }
        for (reference, answer) in found {
            surroundings.objects.insert(reference, answer);
        }
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

impl<'a> Known<'a> {
    fn written(&self, reference: &Reference) -> Result<&Answer, Unknown> {
        match self.objects.get(reference) {
            Some(Answer::Absent) => Err(Unknown::Absent),
            Some(Answer::Unreachable) => Err(Unknown::Unreachable),
            Some(answer) => Ok(answer),
            None => Err(Unknown::NotAsked),
        }
    }

    /// What the snapshot says where no answer does.
    fn behind<'s, T>(
        &'s self,
        written: Result<&Answer, Unknown>,
        ask: impl FnOnce(&'s Snapshot<'a>) -> Result<T, Unknown>,
    ) -> Result<T, Unknown> {
        let why = written.err().unwrap_or(Unknown::NotAsked);
        match &self.snapshot {
            Some(snapshot) if why == Unknown::NotAsked => ask(snapshot),
            _ => Err(why),
        }
    }
}

impl Directory for Known<'_> {
    fn object(&self, kind: ObjectKind, id: ObjectId) -> Result<ObjectName, Unknown> {
        match (self.written(&Reference::Object { kind, id }), &self.snapshot) {
            (Ok(Answer::Name(name)), _) => Ok(ObjectName::clone(name)),
            // The API finds nothing by its UID; an id never means something else later.
            (Err(Unknown::Unreachable), Some(snapshot)) => {
                snapshot.object(kind, id).map_err(|_| Unknown::Unreachable)
            }
            (written, _) => self.behind(written, |snapshot| snapshot.object(kind, id)),
        }
    }

    fn node(&self, name: &str) -> Result<&BTreeMap<String, String>, Unknown> {
        match self.written(&Reference::Node { name: name.to_owned() }) {
            Ok(Answer::Node(labels)) => Ok(labels),
            written => self.behind(written, |snapshot| snapshot.node(name)),
        }
    }

    fn lease(&self, namespace: &str, name: &str) -> Result<&str, Unknown> {
        let reference = Reference::Lease { namespace: namespace.to_owned(), name: name.to_owned() };
        match self.written(&reference) {
            Ok(Answer::Lease(holder)) if !holder.is_empty() => Ok(holder),
            Ok(Answer::Lease(_)) => {
                let observed = self.snapshot.as_ref();
                Ok(observed.and_then(|of| of.lease(namespace, name).ok()).unwrap_or_default())
            }
            written => self.behind(written, |snapshot| snapshot.lease(namespace, name)),
        }
    }

    fn pod(&self, namespace: &str, name: &str) -> Result<PodFacts, Unknown> {
        let reference = Reference::Pod { namespace: namespace.to_owned(), name: name.to_owned() };
        match self.written(&reference) {
            Ok(Answer::Pod(facts)) => {
                let observed = self.snapshot.filter(|_| facts.node.is_empty());
                let observed = observed.and_then(|of| of.pod(namespace, name).ok());
                Ok(observed.unwrap_or_else(|| PodFacts::clone(facts)))
            }
            written => self.behind(written, |snapshot| snapshot.pod(namespace, name)),
        }
    }

    fn recorded(&self, namespace: &str, lease: &str) -> Option<Holder> {
        let same = |one: &&Followed| one.namespace == namespace && one.name == lease;
        self.recorded.iter().find(same).map(|one| one.holder.clone())
    }
}

/// What an object answers under its UID.
pub(crate) fn named(
    value: &Value,
    object: &ObjectRef,
    namespace: &str,
) -> Option<(Reference, Answer)> {
    let kind = match (object.api_version.as_str(), object.kind.as_str()) {
        ("v1", "Node") => ObjectKind::Node,
        ("v1", "Service") => ObjectKind::Service,
        ("v1", "PersistentVolume") => ObjectKind::PersistentVolume,
        ("coordination.k8s.io/v1", "Lease") => ObjectKind::Lease,
        _ => return None,
    };
    let id = read::below(value, &["metadata", "uid"]).and_then(Value::as_str)?.parse().ok()?;
    let in_namespace = matches!(kind, ObjectKind::Service | ObjectKind::Lease);
    let namespace = match (in_namespace, object.namespace.is_empty()) {
        (true, true) => namespace.to_owned(),
        (true, false) => object.namespace.clone(),
        (false, _) => String::new(),
    };
    let name = ObjectName { namespace, name: object.name.clone() };
    Some((Reference::Object { kind, id }, Answer::Name(Box::new(name))))
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
            (Reference::Pod { namespace: namespace(), name }, Answer::Pod(Box::new(facts)))
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

#[cfg(test)]
mod tests;
