//! Facts about everything that was read together, for the rules that look across manifests.
//!
//! Facts are kept, not documents. Where an object has no namespace, its namespace is "", and it is
//! taken to be in that of the others without one. What a snapshot holds counts too, except for
//! workloads that the manifests have: these are newer.

mod cluster;
mod labels;
mod lists;
mod matching;
mod read;
mod starts;
#[cfg(test)]
mod tests;

pub use labels::Labels;
pub(crate) use matching::selects;
pub use read::{Fact, of_other, of_templates};

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::contradiction::Demand;
use placecard_feasibility::inventory::limit_range::LimitRange;
use placecard_feasibility::inventory::volume::StorageClass;
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::selector::Selector;
use placecard_findings::{FieldPath, ObjectRef, Site};

use crate::expand::affinity_path;
use crate::kinds;
use crate::object::Map;
use lists::{Lists, Place};

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
    /// Everything by what it is asked for, from [`Inputs::settle`] on.
    lists: Lists,
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
    pub labels: Labels,
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
    pub written: Written,
}

/// Where a term is written. Of fields only so much is kept as [`TemplateFacts::site`] needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Written {
    /// A snapshot has it.
    #[default]
    Elsewhere,
    /// In a rule: the words.
    Rule(Box<(Site, String)>),
    /// In a field.
    Field {
        /// Among the required terms of `podAffinity`, else of `podAntiAffinity`.
        near: bool,
        /// Its number among them.
        index: usize,
        /// It has a selector.
        selects: bool,
    },
}

impl TermFacts {
    /// The words of the rule that says it; empty for a field.
    #[must_use]
    pub fn quote(&self) -> &str {
        match &self.written {
            Written::Rule(words) => &words.1,
            Written::Elsewhere | Written::Field { .. } => "",
        }
    }
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
        let all = self.lists.of_object(&self.templates, object).iter();
        all.filter_map(|index| self.templates.get(*index)).find(|one| one.path == *path)
    }

    /// The place of a template among all.
    pub(crate) fn index_of(&self, facts: &TemplateFacts) -> Option<usize> {
        let all = self.lists.of_object(&self.templates, &facts.object).iter().copied();
        let mut same = all
            .filter(|index| self.templates.get(*index).is_some_and(|one| one.path == facts.path));
        same.next()
    }

    /// The templates that may keep the pods of this one away, or are kept away by them.
    pub(crate) fn near_conflicts(&self, own: &TemplateFacts) -> BTreeSet<usize> {
        let Lists { apart, apart_open, .. } = &self.lists;
        let by_label =
            own.labels.iter().flat_map(|(key, value)| apart.get(&self.templates, key, value));
        let mut found: BTreeSet<usize> = by_label.map(|at| at.template()).collect();
        found.extend(apart_open);
        for term in &own.apart {
            let meant = self.meant(&own.object.namespace, term);
            found.extend(meant.filter_map(|(other, _)| self.index_of(other)));
        }
        found
    }

    /// The values of a label that templates have, if these are not many.
    pub(crate) fn values_of(
        &self,
        key: &str,
    ) -> Vec<(&str, impl Iterator<Item = &TemplateFacts> + Clone)> {
        let with = |(value, at)| (value, self.at(at));
        let values = self.lists.has.values(&self.templates, key);
        let found: Vec<_> = values.take(MOST_VALUES + 1).map(with).collect();
        if found.len() > MOST_VALUES { Vec::new() } else { found }
    }

    fn at<'a>(&'a self, places: &'a [Place]) -> impl Iterator<Item = &'a TemplateFacts> + Clone {
        places.iter().filter_map(|at| self.templates.get(at.template()))
    }

    /// The templates of the objects that have one of these names.
    pub(crate) fn named(&self, names: &[&str]) -> impl Iterator<Item = &TemplateFacts> + use<'_> {
        let mut all: Vec<usize> = names
            .iter()
            .flat_map(|name| self.lists.named(&self.templates, name))
            .copied()
            .collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter().filter_map(|index| self.templates.get(index))
    }

    /// The budget of an object, and its place among all.
    pub(crate) fn budget(&self, object: &ObjectRef) -> Option<(usize, &BudgetFacts)> {
        let index = self.lists.budget(&self.budgets, object)?;
        Some((index, self.budgets.get(index)?))
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
    /// Where one of its terms is written; of a field the selector, or the level if there is none.
    #[must_use]
    pub fn site(&self, term: &TermFacts) -> Site {
        match &term.written {
            Written::Elsewhere => Site::default(),
            Written::Rule(words) => words.0.clone(),
            Written::Field { near, index, selects } => {
                let list = if *near { "podAffinity" } else { "podAntiAffinity" };
                let path = self.path.join(&affinity_path(list)).index(*index);
                Site::value(path.key(if *selects { "labelSelector" } else { "topologyKey" }))
            }
        }
    }

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
