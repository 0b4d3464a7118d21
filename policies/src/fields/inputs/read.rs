//! From objects to facts.

use k8s_openapi::api::core::v1::PodAffinityTerm;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::limit_range::LimitRange;
use placecard_feasibility::inventory::volume::StorageClass;
use placecard_feasibility::label::NAMESPACE_NAME;
use placecard_feasibility::requirement::Requirement;
use placecard_feasibility::selector::Selector;
use placecard_findings::ObjectRef;
use placecard_language::intent::Origin;
use serde::Deserialize as _;
use serde_json::Value;

use super::{BudgetFacts, ClaimFacts, Inputs, TemplateFacts, TermFacts, Written};
use crate::bounds::{Subject, with_template};
use crate::contradict::{is_by_kube_scheduler, rule_place};
use crate::expand::source;
use crate::kinds::REVISION_LABELS;
use crate::native;
use crate::object::{Map, Object, Template};
use crate::read::{below, label_selector};
use crate::snapshot::add;
use crate::surroundings::Surroundings;

/// The annotation of the class of claims that name none.
const IS_DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

/// What one object says of itself, before it is among others.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A pod template.
    Template(Box<TemplateFacts>),
    /// A namespace, with its labels.
    Namespace(String, Map),
    /// A PodDisruptionBudget.
    Budget(ObjectRef, Selector),
    /// A StorageClass; whether claims that name none are of it.
    Class(Box<StorageClass>, bool),
    /// A PersistentVolumeClaim: its namespace and name.
    Claim((String, String), ClaimFacts),
    /// A LimitRange.
    LimitRange(Box<LimitRange>),
    /// A RuntimeClass, with its `scheduling.nodeSelector`.
    RuntimeClass(String, Map),
    /// A PriorityClass.
    PriorityClass(String),
}

/// What an object that could be read says with the rules in its templates. The folder is left open.
#[must_use]
pub fn of_templates(object: &Object, surroundings: &Surroundings) -> Vec<Fact> {
    // Pods of a controller are what its template makes.
    if object.is_pod() && object.controller().is_some() {
        return Vec::new();
    }
    let one = |template: &Template| {
        let mut facts = TemplateFacts {
            object: object.reference.clone(),
            path: template.path.clone(),
            labels: template.labels.iter().collect(),
            more_labels: object.kind.is_none(),
            revision: object.kind.and_then(|kind| kind.revision_label),
            replicas: object.replicas,
            is_whole: is_by_kube_scheduler(&template.spec) && !is_part(object),
            tells_ready: template.containers.tells_ready,
            ..TemplateFacts::default()
        };
        if demands_anything(template) {
            with_template(object, template, surroundings, |subject| terms(subject, &mut facts));
        }
        Fact::Template(Box::new(facts))
    };
    object.templates.iter().map(one).collect()
}

/// What an object says that holds no template; `namespace` stands for an absent one.
#[must_use]
pub fn of_other(written: &Value, reference: &ObjectRef, namespace: &str) -> Vec<Fact> {
    let (name, own) = (|| reference.name.clone(), reference.namespace.as_str());
    let namespace = if own.is_empty() { namespace } else { own };
    let fact = match (reference.group(), reference.kind.as_str()) {
        ("", "Namespace") => {
            let mut labels: Map = map(below(written, &["metadata", "labels"]));
            labels.insert(NAMESPACE_NAME.to_owned(), name());
            Some(Fact::Namespace(name(), labels))
        }
        ("policy", "PodDisruptionBudget") => {
            let selector = below(written, &["spec", "selector"]).and_then(label_selector);
            let object = ObjectRef { namespace: namespace.to_owned(), ..reference.clone() };
            selector.map(|one| Fact::Budget(object, native::selector(&one)))
        }
        ("storage.k8s.io", "StorageClass") => {
            let annotations = map(below(written, &["metadata", "annotations"]));
            let is_default = annotations.get(IS_DEFAULT).is_some_and(|value| value == "true");
            Some(Fact::Class(Box::new(class(written, &reference.name)), is_default))
        }
        ("", "PersistentVolumeClaim") => {
            let text = |field| below(written, &["spec", field]).and_then(Value::as_str);
            let class = text("storageClassName").map(str::to_owned);
            let is_bound = text("volumeName").is_some_and(|name| !name.is_empty());
            Some(Fact::Claim((namespace.to_owned(), name()), ClaimFacts { class, is_bound }))
        }
        ("", "LimitRange") => return ranges(written, namespace),
        ("node.k8s.io", "RuntimeClass") => {
            let selector = map(below(written, &["scheduling", "nodeSelector"]));
            Some(Fact::RuntimeClass(name(), selector))
        }
        ("scheduling.k8s.io", "PriorityClass") => Some(Fact::PriorityClass(name())),
        _ => None,
    };
    fact.into_iter().collect()
}

/// What cannot be read bounds nothing.
fn ranges(written: &Value, namespace: &str) -> Vec<Fact> {
    let mut alone = Inventory::default();
    if add(&mut alone, &written.to_string()).is_err() {
        return Vec::new();
    }
    let ranges = alone.limit_ranges.into_values();
    let range = |range| LimitRange { namespace: namespace.to_owned(), ..range };
    ranges.map(|one| Fact::LimitRange(Box::new(range(one)))).collect()
}

impl Inputs {
    /// Adds what an object says; `folder` names the files that belong together. It is found once
    /// [`Inputs::settle`] has seen everything.
    pub fn add(&mut self, fact: Fact, folder: usize) {
        match fact {
            Fact::Template(facts) => {
                self.templates.push(TemplateFacts { folder: Some(folder), ..*facts });
            }
            Fact::Namespace(name, labels) => {
                self.namespaces.insert(name, labels);
            }
            Fact::Budget(object, selector) => {
                self.budgets.push(BudgetFacts { object, selector, folder: Some(folder) });
            }
            Fact::Class(class, is_default) => {
                if is_default {
                    self.default_class = Some(class.name.clone());
                }
                self.classes.insert(class.name.clone(), *class);
            }
            Fact::Claim(name, facts) => {
                self.claims.insert(name, facts);
            }
            Fact::LimitRange(range) => self.limit_ranges.push((folder, *range)),
            Fact::RuntimeClass(name, selector) => {
                let known = self.runtime_classes.get(&name);
                let is_same = known.is_none_or(|one| one.as_ref() == Some(&selector));
                self.runtime_classes.insert(name, is_same.then_some(selector));
            }
            Fact::PriorityClass(name) => {
                self.priority_classes.insert(name);
            }
        }
    }
}

fn map(written: Option<&Value>) -> Map {
    written.and_then(|labels| Map::deserialize(labels).ok()).unwrap_or_default()
}

/// storage.k8s.io/v1 StorageClass; volumes are bound at once if it says nothing.
fn class(written: &Value, name: &str) -> StorageClass {
    let mode = written.get("volumeBindingMode").and_then(Value::as_str);
    let alternatives = written.get("allowedTopologies").and_then(Value::as_array);
    let allowed_topologies = alternatives.into_iter().flatten().map(|one| {
        let labels = one.get("matchLabelExpressions").and_then(Value::as_array);
        let labels = labels.into_iter().flatten().filter_map(|label| {
            let key = label.get("key")?.as_str()?;
            let values = label.get("values")?.as_array()?.iter();
            let values: Vec<&str> = values.filter_map(Value::as_str).collect();
            Some(Requirement::one_of(key, &values))
        });
        labels.collect()
    });
    let provisioner = written.get("provisioner").and_then(Value::as_str).unwrap_or_default();
    StorageClass {
        name: name.to_owned(),
        provisioner: provisioner.to_owned(),
        waits: mode == Some("WaitForFirstConsumer"),
        allowed_topologies: allowed_topologies.collect(),
    }
}

/// The API server takes no workload of `apps` without a selector.
fn is_part(object: &Object) -> bool {
    object.kind.is_some_and(|kind| kind.group == "apps") && object.selector.is_none()
}

fn demands_anything(template: &Template) -> bool {
    let spec = &template.spec;
    !spec.node_selector.is_empty() || spec.affinity.is_some() || template.says_anything()
}

/// The required terms of a template with where they are written, and its demands on nodes.
fn terms(subject: &Subject<'_>, facts: &mut TemplateFacts) {
    let one = |near: bool, sources: &[(usize, Origin)], index: usize, native: &PodAffinityTerm| {
        let read = native::pod_term(native, subject.frame.labels);
        let is_revision = |key: &String| REVISION_LABELS.contains(&key.as_str());
        let of_revision = read.match_keys.iter().any(is_revision);
        let others = read.match_keys.iter().filter(|key| !is_revision(key)).count();
        let written = match source(sources, index) {
            Some(origin) => {
                let place = rule_place(subject.template, origin, origin.span.clone());
                Written::Rule(Box::new((place.site, place.quote)))
            }
            None => Written::Field { near, index, selects: native.label_selector.is_some() },
        };
        let compares_more = others + read.mismatch_keys.len() > 0;
        TermFacts { term: read.term, compares_more, of_revision, written }
    };
    let near = native::required_affinity(subject.spec).iter().enumerate();
    let sources = &subject.sources.affinity;
    facts.near = near.map(|(at, term)| one(true, sources, at, term)).collect();
    let apart = native::required_anti_affinity(subject.spec).iter().enumerate();
    let sources = &subject.sources.anti_affinity;
    facts.apart = apart.map(|(at, term)| one(false, sources, at, term)).collect();
    // Without the room that is left for more where there were some before.
    facts.demands = subject.demands.demands.as_slice().to_vec();
}
