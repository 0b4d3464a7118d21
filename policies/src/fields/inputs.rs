//! Facts about everything that was read together, for the rules that look across manifests.
//!
//! Facts are kept, not documents. Where an object has no namespace, its namespace is "", and it is
//! taken to be in that of the others without one. What a snapshot holds counts too, except for
//! workloads that the manifests have: these are newer.

mod by_label;
mod cluster;
mod matching;
mod read;
mod starts;
#[cfg(test)]
mod tests;

pub(crate) use matching::selects;
pub use read::{Fact, of_other, of_templates};

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::contradiction::Demand;
use placecard_feasibility::inventory::limit_range::LimitRange;
use placecard_feasibility::inventory::volume::StorageClass;
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::requirement::Operator;
use placecard_feasibility::selector::Selector;
use placecard_findings::{FieldPath, ObjectRef, Site};

use crate::kinds;
use crate::object::Map;
use by_label::ByLabel;

/// Everything that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs {
    /// Pod templates, in the order of the input; after them those of a snapshot.
    pub templates: Vec<TemplateFacts>,
    /// The labels of the namespaces that are known.
    pub namespaces: BTreeMap<String, Map>,
    /// PodDisruptionBudgets.
    pub budgets: Vec<BudgetFacts>,
    /// StorageClasses by name.
    pub classes: BTreeMap<String, StorageClass>,
    /// The class of claims that name none.
    pub default_class: Option<String>,
    /// PersistentVolumeClaims by namespace and name.
    pub claims: BTreeMap<(String, String), ClaimFacts>,
    /// LimitRanges of the manifests, each with the files that it was read with.
    pub limit_ranges: Vec<(usize, LimitRange)>,
    /// `scheduling.nodeSelector` of RuntimeClasses by name; `None`: two of one name differ.
    pub runtime_classes: BTreeMap<String, Option<Map>>,
    /// The names of the PriorityClasses.
    pub priority_classes: BTreeSet<String>,
    /// What there is besides.
    pub world: World,
    /// All namespaces are known.
    pub all_namespaces: bool,
    /// All PriorityClasses are known.
    pub all_priority_classes: bool,
    /// Templates that wait for one another, in the order of their waiting; by the last of them in
    /// the order of the input.
    pub cycles: BTreeMap<usize, Vec<usize>>,
    /// Templates by the object that holds them.
    by_object: BTreeMap<ObjectRef, Vec<usize>>,
    /// Templates by the name of their objects alone.
    by_name: BTreeMap<String, Vec<usize>>,
    /// The first budget of each name.
    budget_by_object: BTreeMap<ObjectRef, usize>,
    /// Templates by a label of their pods.
    by_label: ByLabel,
    /// Templates whose pods may carry any label.
    open: Vec<usize>,
    /// Templates by a label that one of the terms asks for by which they keep pods away.
    apart_by_label: ByLabel,
    /// Templates that keep pods away by other labels than those with a value.
    apart_open: Vec<usize>,
}

/// What there is besides the objects that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum World {
    /// Nobody knows.
    #[default]
    Open,
    /// What the snapshot of a cluster holds, and that is counted.
    Snapshot,
    /// Nothing: somebody has said so.
    Closed,
}

/// A pod template.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TemplateFacts {
    /// The object that holds it.
    pub object: ObjectRef,
    /// Where it stands in the object.
    pub path: FieldPath,
    /// The labels of its pods that are known.
    pub labels: Map,
    /// Its pods may carry other labels besides.
    pub more_labels: bool,
    /// The label that a controller gives to the pods of each revision.
    pub revision: Option<&'static str>,
    /// `spec.replicas` as it is written.
    pub replicas: Option<i64>,
    /// Which files it was read with: those of one folder go together. `None`: a snapshot has it.
    pub folder: Option<usize>,
    /// The pods that it must be near, of one's own rules and fields.
    pub near: Vec<TermFacts>,
    /// The pods that it must be apart from.
    pub apart: Vec<TermFacts>,
    /// What it demands of its node; none without node rules.
    pub demands: Vec<Demand>,
    /// It is placed by kube-scheduler, and nothing of it is missing.
    pub is_whole: bool,
    /// Something says when its pods are ready.
    pub tells_ready: bool,
}

/// A required term about pods.
#[derive(Clone, Debug, PartialEq)]
pub struct TermFacts {
    /// The term, with the label keys merged that the template shows.
    pub term: AffinityTerm,
    /// It compares labels besides that are not known.
    pub compares_more: bool,
    /// It speaks of pods of one revision only.
    pub of_revision: bool,
    /// Where it is written.
    pub site: Site,
    /// The words there; empty for a field.
    pub quote: String,
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetFacts {
    /// Its name.
    pub object: ObjectRef,
    /// Which pods it is about.
    pub selector: Selector,
    /// Which files it was read with; `None`: a snapshot has it.
    pub folder: Option<usize>,
}

/// A PersistentVolumeClaim.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClaimFacts {
    /// `storageClassName`; `None`: the default class.
    pub class: Option<String>,
    /// It has its volume.
    pub is_bound: bool,
}

/// Labels of the pods of a Job from before these had a prefix (pkg/apis/batch/types.go).
const JOB_LABELS: [&str; 2] = ["job-name", "controller-uid"];

/// The most values of a label among which one is looked for that is spelt alike.
const MOST_VALUES: usize = 500;

impl Inputs {
    /// The template of an object that was read.
    #[must_use]
    pub fn of(&self, object: &ObjectRef, path: &FieldPath) -> Option<&TemplateFacts> {
        let all = self.by_object.get(object)?.iter();
        all.filter_map(|index| self.templates.get(*index)).find(|one| one.path == *path)
    }

    /// The place of a template among all.
    pub(crate) fn index_of(&self, facts: &TemplateFacts) -> Option<usize> {
        let all = self.by_object.get(&facts.object)?.iter().copied();
        let mut same = all
            .filter(|index| self.templates.get(*index).is_some_and(|one| one.path == facts.path));
        same.next()
    }

    /// The templates that may keep the pods of this one away, or are kept away by them.
    pub(crate) fn near_conflicts(&self, own: &TemplateFacts) -> BTreeSet<usize> {
        let by_label = own.labels.iter().map(|(key, value)| self.apart_by_label.get(key, value));
        let mut found: BTreeSet<usize> = by_label.flatten().copied().collect();
        found.extend(&self.apart_open);
        for term in &own.apart {
            let meant = self.meant(&own.object.namespace, term);
            found.extend(meant.filter_map(|(other, _)| self.index_of(other)));
        }
        found
    }

    /// The values of a label that templates have, if these are not many.
    pub(crate) fn values_of(&self, key: &str) -> Vec<(&str, &[usize])> {
        let found: Vec<_> = self.by_label.values(key).take(MOST_VALUES + 1).collect();
        if found.len() > MOST_VALUES { Vec::new() } else { found }
    }

    /// Adds a template.
    pub(crate) fn push(&mut self, facts: TemplateFacts) {
        let index = self.templates.len();
        for (key, value) in &facts.labels {
            self.by_label.add(key, value, index);
        }
        if facts.more_labels {
            self.open.push(index);
        }
        for term in &facts.apart {
            let requirements = term.term.selector.iter().flat_map(|one| &one.requirements);
            let mut plain = requirements.filter(|one| one.operator == Operator::In);
            match plain.find(|one| !kinds::is_volatile(&one.key)) {
                Some(one) => {
                    for value in &one.values {
                        self.apart_by_label.add(&one.key, value, index);
                    }
                }
                None => self.apart_open.push(index),
            }
        }
        self.by_name.entry(facts.object.name.clone()).or_default().push(index);
        self.by_object.entry(facts.object.clone()).or_default().push(index);
        self.templates.push(facts);
    }

    /// The templates of the objects that have one of these names.
    pub(crate) fn named(&self, names: &[&str]) -> impl Iterator<Item = &TemplateFacts> + use<'_> {
        let mut all: Vec<usize> =
            names.iter().filter_map(|name| self.by_name.get(*name)).flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter().filter_map(|index| self.templates.get(index))
    }

    /// The budget of an object, and its place among all.
    pub(crate) fn budget(&self, object: &ObjectRef) -> Option<(usize, &BudgetFacts)> {
        let index = *self.budget_by_object.get(object)?;
        Some((index, self.budgets.get(index)?))
    }

    /// Adds a budget.
    fn push_budget(&mut self, facts: BudgetFacts) {
        self.budget_by_object.entry(facts.object.clone()).or_insert(self.budgets.len());
        self.budgets.push(facts);
    }

    /// Says that there is nothing besides.
    pub fn close(&mut self) {
        self.world = World::Closed;
        self.all_namespaces = true;
        self.all_priority_classes = true;
    }

    /// Whether whatever is not here does not exist.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.world != World::Open
    }
}

impl TemplateFacts {
    /// Whether its pods may carry a label that is not among those that are known.
    #[must_use]
    pub fn may_carry(&self, key: &str) -> bool {
        let of_job = matches!(self.object.kind.as_str(), "Job" | "CronJob");
        self.more_labels
            || self.revision == Some(key)
            || (self.object.kind != "Pod" && kinds::is_volatile(key))
            || (of_job && JOB_LABELS.contains(&key))
    }

    /// Whether both belong together as they were written: files of one folder.
    #[must_use]
    pub fn is_beside(&self, folder: Option<usize>) -> bool {
        self.folder.is_none() || folder.is_none() || self.folder == folder
    }

    /// How many pods are asked for, as far as the object says; a DaemonSet does not.
    #[must_use]
    pub fn pods(&self) -> Option<u64> {
        let scales = matches!(
            self.object.kind.as_str(),
            "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController"
        );
        match self.object.kind.as_str() {
            "Pod" => Some(1),
            _ if scales => u64::try_from(self.replicas.unwrap_or(1)).ok(),
            _ => None,
        }
    }
}
