//! What a snapshot adds to the manifests: whoever runs pods, and what else it lists.

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::contradiction::{Atom, AtomId, Demand, DemandId, TermDemand};
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::requirement::Requirement;
use placecard_findings::ObjectRef;

use super::{BudgetFacts, ClaimFacts, Inputs, TemplateFacts, TermFacts, World, Written};
use crate::kinds;
use crate::why::groups::Holder;

impl Inputs {
    /// Adds what a snapshot holds and the manifests do not: one template for all pods of a workload.
    pub fn add_cluster(&mut self, cluster: &Inventory) {
        let mut workloads: BTreeMap<Holder, (&Pod, i64)> = BTreeMap::new();
        for pod in cluster.pods.values().filter(|pod| !pod.finished) {
            workloads.entry(Holder::of(pod)).or_insert((pod, 0)).1 += 1;
        }
        let known: BTreeSet<Holder> =
            self.templates.iter().map(|one| holder(&one.object)).collect();
        for (holder, (pod, count)) in workloads {
            if !known.contains(&holder) {
                self.templates.push(template(&holder, pod, count));
            }
        }
        for (name, labels) in &cluster.namespaces {
            self.namespaces.entry(name.clone()).or_insert_with(|| labels.clone());
        }
        for ((namespace, name), budget) in &cluster.budgets {
            let same =
                |one: &BudgetFacts| one.object.namespace == *namespace && one.object.name == *name;
            let (false, Some(selector)) = (self.budgets.iter().any(same), &budget.selector) else {
                continue;
            };
            let object = ObjectRef {
                api_version: "policy/v1".to_owned(),
                kind: "PodDisruptionBudget".to_owned(),
                namespace: namespace.clone(),
                name: name.clone(),
            };
            self.budgets.push(BudgetFacts { object, selector: selector.clone(), folder: None });
        }
        for (name, class) in &cluster.classes {
            self.classes.entry(name.clone()).or_insert_with(|| class.clone());
        }
        for (name, claim) in &cluster.claims {
            let class = Some(claim.class.clone()).filter(|class| !class.is_empty());
            let facts = ClaimFacts { class, is_bound: !claim.volume.is_empty() };
            self.claims.entry(name.clone()).or_insert(facts);
        }
        self.priority_classes.extend(cluster.priority_classes.keys().cloned());
        self.all_namespaces |= !cluster.is_unknown(Kind::Namespace);
        self.all_priority_classes |= !cluster.is_unknown(Kind::PriorityClass);
        if self.world == World::Open && !cluster.is_unknown(Kind::Pod) {
            self.world = World::Snapshot;
        }
    }
}

fn holder(object: &ObjectRef) -> Holder {
    Holder {
        namespace: object.namespace.clone(),
        kind: object.kind.clone(),
        name: object.name.clone(),
    }
}

/// The template that the pods of a workload were made from, as far as one of them shows it.
fn template(holder: &Holder, pod: &Pod, count: i64) -> TemplateFacts {
    let api_version = pod.owner.as_ref().map_or("v1", |owner| owner.api_version.as_str());
    let is_alone = pod.owner.is_none();
    let labels = pod.labels.iter();
    let labels = labels.filter(|(key, _)| is_alone || !kinds::is_volatile(key));
    let terms = |terms: &[AffinityTerm]| {
        let one = |term: &AffinityTerm| TermFacts {
            term: term.clone(),
            compares_more: false,
            of_revision: false,
            written: Written::Elsewhere,
        };
        terms.iter().map(one).collect()
    };
    TemplateFacts {
        object: ObjectRef {
            api_version: api_version.to_owned(),
            kind: holder.kind.clone(),
            namespace: holder.namespace.clone(),
            name: holder.name.clone(),
        },
        labels: labels.collect(),
        replicas: Some(count),
        near: terms(&pod.affinity),
        apart: terms(&pod.anti_affinity),
        demands: demands(pod),
        is_whole: true,
        // A pod that runs has a companion already.
        tells_ready: true,
        ..TemplateFacts::default()
    }
}

/// The node rules of a pod as demands; nobody asks where these are written.
fn demands(pod: &Pod) -> Vec<Demand> {
    let atom = |field: bool, requirement: Requirement| Atom { id: AtomId(0), field, requirement };
    let selector = pod.node_selector.iter().enumerate().map(|(index, (key, value))| {
        let atoms = vec![atom(false, Requirement::one_of(key, &[value.as_str()]))];
        (index, vec![TermDemand { atoms }])
    });
    let term = |term: &NodeTerm| TermDemand {
        atoms: term.requirements().map(|(field, one)| atom(field, one.clone())).collect(),
    };
    let affinity = pod.node_affinity.iter().map(|terms| {
        (pod.node_selector.len(), terms.iter().map(term).collect::<Vec<TermDemand>>())
    });
    let id = |index: usize| DemandId(u32::try_from(index).unwrap_or(u32::MAX));
    selector.chain(affinity).map(|(index, terms)| Demand { id: id(index), terms }).collect()
}
