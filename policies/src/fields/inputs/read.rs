//! From objects to facts.

use k8s_openapi::api::core::v1::PodAffinityTerm;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::limit_range::LimitRange;
use placecard_feasibility::inventory::volume::StorageClass;
use placecard_feasibility::label::NAMESPACE_NAME;
use placecard_feasibility::requirement::Requirement;
use placecard_findings::{ObjectRef, Site};
use placecard_language::intent::Origin;
use placecard_language::keys;
use serde::Deserialize as _;
use serde_json::Value;

use super::{BudgetFacts, ClaimFacts, Inputs, TemplateFacts, TermFacts};
use crate::bounds::{Subject, with_template};
use crate::contradict::{is_by_kube_scheduler, rule_place};
use crate::expand::{affinity_path, source};
use crate::kinds::REVISION_LABELS;
use crate::native;
use crate::object::{Map, Object, Template};
use crate::read::{below, label_selector};
use crate::snapshot::add;
use crate::surroundings::Surroundings;

/// The annotation of the class of claims that name none.
const IS_DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

impl Inputs {
    /// Notes an object that could be read, with what its rules mean; `folder` names the files that
    /// belong together.
    pub fn add(&mut self, object: &Object, surroundings: &Surroundings, folder: usize) {
        for template in &object.templates {
            // Pods of a controller are what its template makes.
            if object.is_pod() && object.controller().is_some() {
                continue;
            }
            let mut facts = TemplateFacts {
                object: object.reference.clone(),
                path: template.path.clone(),
                labels: template.labels.clone(),
                more_labels: object.kind.is_none(),
                revision: object.kind.and_then(|kind| kind.revision_label),
                replicas: object.replicas,
                folder: Some(folder),
                is_whole: is_by_kube_scheduler(&template.spec) && !is_part(object),
                tells_ready: template.containers.tells_ready,
                ..TemplateFacts::default()
            };
            if demands_anything(template) {
                with_template(object, template, surroundings, |subject| terms(subject, &mut facts));
            }
            self.push(facts);
        }
    }

    /// Whether [`Inputs::note`] has something to note of such an object.
    #[must_use]
    pub fn notes(object: &ObjectRef) -> bool {
        matches!(
            (object.group(), object.kind.as_str()),
            ("", "Namespace" | "PersistentVolumeClaim" | "LimitRange")
                | ("policy", "PodDisruptionBudget")
                | ("storage.k8s.io", "StorageClass")
                | ("node.k8s.io", "RuntimeClass")
                | ("scheduling.k8s.io", "PriorityClass")
        )
    }

    /// Notes what an object says that holds no template; `namespace` stands for an absent one.
    pub fn note(&mut self, written: &Value, reference: &ObjectRef, namespace: &str, folder: usize) {
        // So the two cannot grow apart unseen.
        if !Self::notes(reference) {
            return;
        }
        let mut object = reference.clone();
        if object.namespace.is_empty() {
            namespace.clone_into(&mut object.namespace);
        }
        match (object.group(), object.kind.as_str()) {
            ("", "Namespace") => {
                let mut labels: Map = map(below(written, &["metadata", "labels"]));
                labels.insert(NAMESPACE_NAME.to_owned(), object.name.clone());
                self.namespaces.insert(object.name, labels);
            }
            ("policy", "PodDisruptionBudget") => {
                let selector = below(written, &["spec", "selector"]).and_then(label_selector);
                if let Some(selector) = selector.map(|one| native::selector(&one)) {
                    self.push_budget(BudgetFacts { object, selector, folder: Some(folder) });
                }
            }
            ("storage.k8s.io", "StorageClass") => {
                let annotations = map(below(written, &["metadata", "annotations"]));
                if annotations.get(IS_DEFAULT).is_some_and(|value| value == "true") {
                    self.default_class = Some(object.name.clone());
                }
                let class = class(written, &object.name);
                self.classes.insert(object.name, class);
            }
            ("", "PersistentVolumeClaim") => {
                let text = |field| below(written, &["spec", field]).and_then(Value::as_str);
                let class = text("storageClassName").map(str::to_owned);
                let is_bound = text("volumeName").is_some_and(|name| !name.is_empty());
                let name = (object.namespace, object.name);
                self.claims.insert(name, ClaimFacts { class, is_bound });
            }
            ("", "LimitRange") => {
                let mut alone = Inventory::default();
                // What cannot be read bounds nothing.
                if add(&mut alone, &written.to_string()).is_ok() {
                    let ranges = alone.limit_ranges.into_values();
                    let namespace = &object.namespace;
                    self.limit_ranges.extend(ranges.map(|range| {
                        (folder, LimitRange { namespace: namespace.clone(), ..range })
                    }));
                }
            }
            ("node.k8s.io", "RuntimeClass") => {
                let selector = map(below(written, &["scheduling", "nodeSelector"]));
                let known = self.runtime_classes.get(&object.name);
                let selector =
                    known.is_none_or(|one| one.as_ref() == Some(&selector)).then_some(selector);
                self.runtime_classes.insert(object.name, selector);
            }
            ("scheduling.k8s.io", "PriorityClass") => {
                self.priority_classes.insert(object.name);
            }
            _ => {}
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
    !spec.node_selector.is_empty()
        || spec.affinity.is_some()
        || template
            .annotations
            .keys()
            .chain(template.labels.keys())
            .any(|key| keys::has_prefix(key))
}

/// The required terms of a template with where they are written, and its demands on nodes.
fn terms(subject: &Subject<'_>, facts: &mut TemplateFacts) {
    let one = |list: &str, sources: &[(usize, Origin)], index: usize, native: &PodAffinityTerm| {
        let read = native::pod_term(native, subject.frame.labels);
        let is_revision = |key: &String| REVISION_LABELS.contains(&key.as_str());
        let of_revision = read.match_keys.iter().any(is_revision);
        let others = read.match_keys.iter().filter(|key| !is_revision(key)).count();
        let (site, quote) = match source(sources, index) {
            Some(origin) => {
                let place = rule_place(subject.template, origin, origin.span.clone());
                (place.site, place.quote)
            }
            None => {
                let path = subject.template.path.join(&affinity_path(list)).index(index);
                let said =
                    if native.label_selector.is_some() { "labelSelector" } else { "topologyKey" };
                (Site::value(path.key(said)), String::new())
            }
        };
        let compares_more = others + read.mismatch_keys.len() > 0;
        TermFacts { term: read.term, compares_more, of_revision, site, quote }
    };
    let near = native::required_affinity(subject.spec).iter().enumerate();
    let sources = &subject.sources.affinity;
    facts.near = near.map(|(at, term)| one("podAffinity", sources, at, term)).collect();
    let apart = native::required_anti_affinity(subject.spec).iter().enumerate();
    let sources = &subject.sources.anti_affinity;
    facts.apart = apart.map(|(at, term)| one("podAntiAffinity", sources, at, term)).collect();
    facts.demands.clone_from(&subject.demands.demands);
}
