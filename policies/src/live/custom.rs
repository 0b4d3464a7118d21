//! Custom resources that the vocabulary says hold pod templates: who uses words of ours there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use placecard_feasibility::inventory::NamespacedName;
use placecard_findings::ObjectRef;
use placecard_language::checked::Words;
use placecard_language::keys;
use placecard_language::vocabulary::WorkloadSpec;
use serde_json::{Value, json};

use super::workload::Annotations;
use crate::object::{Map, Object};
use crate::read;

/// A kind of custom resource, and where its pod templates are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Custom(Arc<WorkloadSpec>);

impl Custom {
    /// The kinds that the vocabulary names.
    #[must_use]
    pub fn all(words: &Words) -> BTreeSet<Self> {
        words.workloads.iter().map(|one| Self(Arc::new(one.clone()))).collect()
    }

    /// Group and version, `ray.io/v1`.
    #[must_use]
    pub fn api_version(&self) -> &str {
        &self.0.api_version
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.0.kind
    }

    fn key(&self) -> (&str, &str, &[String]) {
        (&self.0.api_version, &self.0.kind, &self.0.templates)
    }
}

impl fmt::Display for Custom {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} {}", self.api_version(), self.kind())
    }
}

impl PartialOrd for Custom {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Custom {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// What is known of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Known {
    /// Nothing: it was not listed yet, or may not be.
    #[default]
    Nothing,
    /// Its objects.
    Listed,
    /// The server does not have it, so it has no objects.
    Unserved,
}

/// The objects of a kind that carry annotations of ours and that no controller made.
#[derive(Clone, Debug)]
struct Users {
    /// The vocabulary with this kind alone.
    words: Box<Words>,
    known: Known,
    /// For each template, its annotations and those of the object.
    objects: BTreeMap<NamespacedName, Vec<Annotations>>,
    /// Those that the list which is under way has not named yet.
    left: BTreeSet<NamespacedName>,
}

/// All kinds that the vocabulary names.
#[derive(Clone, Debug, Default)]
pub(super) struct Customs(BTreeMap<Custom, Users>);

impl Customs {
    /// These are all kinds now: of new ones nothing is known, and others are forgotten.
    pub(super) fn declare(&mut self, kinds: &BTreeSet<Custom>) {
        self.0.retain(|kind, _| kinds.contains(kind));
        for kind in kinds {
            self.0.entry(kind.clone()).or_insert_with(|| Users {
                words: Box::new(Words { workloads: vec![(*kind.0).clone()], ..Words::default() }),
                known: Known::Nothing,
                objects: BTreeMap::new(),
                left: BTreeSet::new(),
            });
        }
    }

    /// An object, added or replaced. `false`: it cannot be read, and is not kept in its old form
    /// either. Objects of kinds that are not declared (any more) are passed over.
    pub(super) fn put(&mut self, kind: &Custom, json: &[u8]) -> bool {
        let Some(users) = self.0.get_mut(kind) else { return true };
        let Ok(mut value) = serde_json::from_slice::<Value>(json) else { return false };
        let Some(fields) = value.as_object_mut() else { return false };
        // The items of a list need not say what they are.
        fields.insert("apiVersion".to_owned(), json!(kind.api_version()));
        fields.insert("kind".to_owned(), json!(kind.kind()));
        let name = name_of(&value);
        users.forget(&name);
        let Ok(object) = read::object(&value, &users.words) else { return false };
        let found = annotations(&object);
        if !found.is_empty() {
            users.objects.insert(name, found);
        }
        true
    }

    /// An object is gone, or is there and cannot be read.
    pub(super) fn gone(&mut self, kind: &Custom, name: &NamespacedName) {
        if let Some(users) = self.0.get_mut(kind) {
            users.forget(name);
        }
    }

    pub(super) fn list(&mut self, kind: &Custom) {
        if let Some(users) = self.0.get_mut(kind) {
            users.left = users.objects.keys().cloned().collect();
        }
    }

    pub(super) fn listed(&mut self, kind: &Custom) {
        if let Some(users) = self.0.get_mut(kind) {
            for name in std::mem::take(&mut users.left) {
                users.objects.remove(&name);
            }
            users.known = Known::Listed;
        }
    }

    /// Nothing is known of the kind (any longer); `served`: there may be objects all the same.
    pub(super) fn unknown(&mut self, kind: &Custom, served: bool) {
        if let Some(users) = self.0.get_mut(kind) {
            users.objects.clear();
            users.left.clear();
            users.known = if served { Known::Nothing } else { Known::Unserved };
        }
    }

    /// Whether all of these kinds are known.
    pub(super) fn know(&self, kinds: &BTreeSet<Custom>) -> bool {
        let known = |kind| self.0.get(kind).is_some_and(|users| users.known != Known::Nothing);
        kinds.iter().all(known)
    }

    /// The templates with annotations of ours.
    pub(super) fn annotated(&self) -> impl Iterator<Item = (ObjectRef, &Annotations)> {
        self.0.iter().flat_map(|(kind, users)| {
            users.objects.iter().flat_map(move |((namespace, name), templates)| {
                let object = ObjectRef {
                    api_version: kind.api_version().to_owned(),
                    kind: kind.kind().to_owned(),
                    namespace: namespace.clone(),
                    name: name.clone(),
                };
                templates.iter().map(move |one| (object.clone(), one))
            })
        })
    }
}

impl Users {
    fn forget(&mut self, name: &NamespacedName) {
        self.objects.remove(name);
        self.left.remove(name);
    }
}

fn name_of(value: &Value) -> NamespacedName {
    let text = |pointer| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    (text("/metadata/namespace").to_owned(), text("/metadata/name").to_owned())
}

/// Of each template of an object that no controller made, if it has any of ours.
fn annotations(object: &Object) -> Vec<Annotations> {
    if object.controller().is_some() {
        return Vec::new();
    }
    let ours = |all: &Map| -> Map {
        let is_ours = |key: &String| key.starts_with(keys::PREFIX) && key != keys::APPLIED;
        let all = all.iter().filter(|(key, _)| is_ours(key));
        all.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let own = ours(&object.annotations);
    let templates = object.templates.iter().map(|one| ours(&one.annotations));
    let templates = templates.filter(|template| !template.is_empty());
    templates.map(|template| Annotations { own: own.clone(), template }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(templates: &[&str]) -> BTreeSet<Custom> {
        let spec = WorkloadSpec {
            api_version: "ray.io/v1".to_owned(),
            kind: "RayCluster".to_owned(),
            templates: templates.iter().map(|&one| one.to_owned()).collect(),
        };
        Custom::all(&Words { workloads: vec![spec], ..Words::default() })
    }

    fn cluster(name: &str, rule: &str) -> Vec<u8> {
        let template = json!({"metadata": {"annotations": {"placecard.dev/require": rule}}});
        let plain = json!({"metadata": {"annotations": {"other": "x"}}});
        json!({"metadata": {"name": name, "namespace": "ml"},
            "spec": {"head": {"template": template}, "groups": [{"template": plain},
                {"template": template}]}})
        .to_string()
        .into_bytes()
    }

    fn users(customs: &Customs) -> Vec<String> {
        let told = |(object, one): (ObjectRef, &Annotations)| {
            format!("{object}: {}", one.template["placecard.dev/require"])
        };
        customs.annotated().map(told).collect()
    }

    #[test]
    fn what_the_vocabulary_names_is_kept_and_no_more() {
        let declared = kinds(&["/spec/head/template", "/spec/groups/*/template"]);
        let kind = declared.first().unwrap();
        let mut customs = Customs::default();
        assert!(customs.put(kind, &cluster("early", "on node/x")), "not declared, passed over");
        customs.declare(&declared);
        assert!(!customs.know(&declared) && users(&customs).is_empty());
        customs.list(kind);
        assert!(customs.put(kind, &cluster("a", "on node/x")));
        assert!(customs.put(kind, &cluster("b", "on node/y")));
        customs.listed(kind);
        assert!(customs.know(&declared));
        let (a, b) = ("RayCluster ml/a: on node/x", "RayCluster ml/b: on node/y");
        assert_eq!(users(&customs), [a, a, b, b]);
        // A second list does not have one of them, and another cannot be read any more.
        customs.list(kind);
        assert!(customs.put(kind, &cluster("b", "on node/y")));
        customs.listed(kind);
        assert_eq!(users(&customs), [b, b]);
        let broken = json!({"metadata": {"name": "b", "namespace": "ml"},
            "spec": {"head": {"template": {"metadata": 7}}}});
        assert!(!customs.put(kind, broken.to_string().as_bytes()));
        assert_eq!(users(&customs), [""; 0]);
        assert!(!customs.put(kind, b"[") && !customs.put(kind, b"[]"));

        customs.put(kind, &cluster("c", "on node/x"));
        customs.gone(kind, &("ml".to_owned(), "c".to_owned()));
        assert!(users(&customs).is_empty());
        customs.put(kind, &cluster("d", "on node/x"));
        customs.unknown(kind, true);
        assert!(users(&customs).is_empty() && !customs.know(&declared), "it may not be listed");
        customs.unknown(kind, false);
        assert!(customs.know(&declared), "the server does not have it, so there are no objects");
        // Other templates are read from the beginning.
        let others = kinds(&["/spec/head/template"]);
        customs.declare(&others);
        assert!(!customs.know(&others) && !customs.know(&declared));
        customs.declare(&BTreeSet::new());
        assert!(customs.know(&BTreeSet::new()) && customs.0.is_empty());
    }

    #[test]
    fn what_a_controller_made_is_left_out() {
        let declared = kinds(&["/spec/head/template"]);
        let kind = declared.first().unwrap();
        let mut customs = Customs::default();
        customs.declare(&declared);
        let mut object: Value = serde_json::from_slice(&cluster("a", "on node/x")).unwrap();
        object["metadata"]["ownerReferences"] = json!([{"apiVersion": "ray.io/v1",
            "kind": "RayJob", "name": "j", "uid": "u", "controller": true}]);
        assert!(customs.put(kind, object.to_string().as_bytes()));
        assert!(users(&customs).is_empty());
    }
}
