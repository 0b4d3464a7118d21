//! The names of objects: of those that the document was judged with, and of those in the other
//! documents that are open.

use std::collections::BTreeSet;

use placecard_findings::ObjectRef;
use placecard_language::Words;
use placecard_policies::read;
use serde_json::Value;

use super::Asked;
use crate::load::{Source, load};

/// So many names of objects are offered.
const MAX_NAMES: usize = 500;
/// So many other open documents are looked through for names.
const MAX_DOCUMENTS: usize = 50;

impl Asked<'_> {
    /// The objects that a target with this head may name, as the rules of `from` name them.
    pub(super) fn objects(&self, head: &str, from: &ObjectRef) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for value in self.known() {
            if names.len() >= MAX_NAMES {
                break;
            }
            names.extend(targets(&value, head, from, &self.checked.judged.words));
        }
        names
    }

    /// The UIDs of the objects that a target of this type may mean, and their names.
    pub(super) fn uids(&self, of: &str) -> BTreeSet<(String, String)> {
        let Some((_, api_version, kind)) = OF_IDS.iter().find(|(known, ..)| *known == of) else {
            return BTreeSet::new();
        };
        let uid = |value: &Value| {
            let object = read::reference(value)?;
            let is_one = object.kind == *kind && object.api_version == *api_version;
            let uid = value.pointer("/metadata/uid").and_then(Value::as_str).filter(|_| is_one)?;
            Some((uid.to_owned(), format!("{kind} {}", object.full_name())))
        };
        self.known().iter().filter_map(uid).take(MAX_NAMES).collect()
    }

    /// All objects that are known: those that the document was judged with, and those of the other
    /// documents that are open.
    fn known(&self) -> Vec<Value> {
        let index = &self.checked.judged.index;
        let mut known: Vec<Value> =
            index.objects().map(|(_, _, value)| Value::clone(&value)).collect();
        let read: BTreeSet<&str> =
            index.files.iter().map(|file| file.source.name.as_str()).collect();
        let others = self.documents.open.values();
        let others = others.filter(|other| !read.contains(other.name.as_str()));
        for other in others.take(MAX_DOCUMENTS) {
            let source = Source::new(other.name.clone(), other.text.raw.as_bytes());
            for document in load(&source) {
                known.extend(document.objects.iter().filter_map(|at| document.object(at).cloned()));
            }
        }
        known
    }
}

/// The targets that begin with a head and that an object is, or holds.
fn targets(value: &Value, head: &str, from: &ObjectRef, words: &Words) -> Vec<String> {
    let Some(reference) = read::reference(value) else { return Vec::new() };
    let ObjectRef { kind, namespace, name, .. } = &reference;
    let here = *namespace == from.namespace;
    if head == "pods(" {
        let Ok(object) = read::object(value, words) else { return Vec::new() };
        let labels = object.templates.iter().flat_map(|template| &template.labels);
        let apps = labels.filter(|(key, _)| APPS.contains(&key.as_str()) && here);
        return apps.map(|(key, value)| format!("pods({key}={value})")).collect();
    }
    let Some((_, _, is_own)) =
        HEADS.iter().find(|(known, named, _)| *known == head && kind.eq_ignore_ascii_case(named))
    else {
        return Vec::new();
    };
    match (here, is_own) {
        (true, _) => vec![format!("{head}{name}")],
        (false, false) if !namespace.is_empty() => vec![format!("{head}{namespace}/{name}")],
        (false, _) => Vec::new(),
    }
}

/// Labels that people tell applications by.
const APPS: &[&str] = &["app", "app.kubernetes.io/name", "app.kubernetes.io/instance", "k8s-app"];

/// The targets of typed entries that are ids, and what objects have these.
const OF_IDS: &[(&str, &str, &str)] = &[
    ("NodeId", "v1", "Node"),
    ("ServiceId", "v1", "Service"),
    ("LeaseId", "coordination.k8s.io/v1", "Lease"),
    ("ResourceId", "v1", "PersistentVolume"),
];

/// The heads of targets, the kinds whose objects they name, and whether these are of the same
/// namespace always.
const HEADS: &[(&str, &str, bool)] = &[
    ("service/", "Service", false),
    ("deployment/", "Deployment", false),
    ("statefulset/", "StatefulSet", false),
    ("daemonset/", "DaemonSet", false),
    ("job/", "Job", false),
    ("lease/", "Lease", false),
    ("volume/", "PersistentVolumeClaim", true),
    ("node/", "Node", true),
];
