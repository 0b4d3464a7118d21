//! The pods of a node, of a namespace or of a controller, without a copy of each.

use std::collections::{BTreeMap, BTreeSet};

use super::State;
use super::table::NONE;
use crate::inventory::NamespacedName;
use crate::inventory::disruption::DisruptionBudget;
use crate::inventory::pod::{Owner, Pod, PodSpec};

/// A pod on a node: who it is, and what it takes.
#[derive(Clone, Copy, Debug)]
pub struct Tenant<'t> {
    /// Its namespace.
    pub namespace: &'t str,
    /// Its name.
    pub name: &'t str,
    /// The controller that made it.
    pub owner: Option<&'t Owner>,
    /// The value of the one label that was asked for.
    pub label: Option<&'t str>,
    /// Everything that it shares with others.
    pub spec: &'t PodSpec,
}

impl<'t> Tenant<'t> {
    /// The pod, with this label of its.
    #[must_use]
    pub fn of(pod: &'t Pod, label: &str) -> Self {
        Self {
            namespace: &pod.namespace,
            name: &pod.name,
            owner: pod.owner.as_deref(),
            label: pod.labels.get(label).map(String::as_str),
            spec: &pod.spec,
        }
    }
}

impl State {
    /// The pods on a node but for those with these numbers, in no order, each with the value of
    /// this label.
    pub fn tenants<'t>(
        &'t self,
        node: &str,
        label: &str,
        leave: &'t BTreeSet<u32>,
    ) -> impl Iterator<Item = Tenant<'t>> + use<'t> {
        let key = self.strings.get(label);
        let slot = self.node_number(node).map(|number| self.nodes.slot(number));
        let pods = slot.map(|slot| slot.pods.as_slice()).unwrap_or_default();
        let there = pods.iter().filter(|pod| leave.is_empty() || !leave.contains(pod));
        there.map(move |pod| self.tenant(*pod, key))
    }

    /// The value of a label of the pod with this number.
    #[must_use]
    pub fn label_of(&self, pod: u32, label: &str) -> Option<&str> {
        let key = self.strings.get(label)?;
        let (kind, _) = self.pods.kind(pod);
        let mut labels = self.pods.labels.key(kind.labels).iter();
        let (_, value) = labels.find(|(one, _)| *one == key)?;
        Some(self.strings.text(*value))
    }

    /// One of the notes ([`PodSpec::notes`](crate::inventory::pod::PodSpec::notes)) of the pod with
    /// this number.
    #[must_use]
    pub fn note_of(&self, pod: u32, key: &str) -> Option<&str> {
        let (kind, _) = self.pods.kind(pod);
        self.pods.specs.at(kind.spec).template.notes.get(key).map(String::as_str)
    }

    /// The pods of a namespace that `wanted` wants; it sees of each the value of this label.
    pub fn pods_of(
        &self,
        namespace: &str,
        label: &str,
        wanted: impl Fn(&Tenant<'_>) -> bool,
    ) -> Vec<Pod> {
        let Some(id) = self.strings.get(namespace) else {
            return Vec::new();
        };
        let key = self.strings.get(label);
        let classes = self.pods.classes.iter().filter(|(_, kind, _)| kind.namespace == id);
        let pods = classes.flat_map(|(_, _, class)| &class.pods);
        let wanted = pods.filter(|pod| wanted(&self.tenant(**pod, key)));
        wanted.map(|pod| self.pod_of(*pod)).collect()
    }

    /// What is said of a pod, with the value of the label whose key has this number.
    fn tenant(&self, pod: u32, key: Option<u32>) -> Tenant<'_> {
        let (kind, _) = self.pods.kind(pod);
        let mut labels = self.pods.labels.key(kind.labels).iter();
        let value = key.and_then(|key| labels.find(|(one, _)| *one == key));
        let owner = self.pods.owner_of(pod);
        Tenant {
            namespace: self.strings.text(kind.namespace),
            name: self.pods.name(pod),
            owner: (owner != NONE).then(|| &**self.pods.owners.key(owner)),
            label: value.map(|(_, value)| self.strings.text(*value)),
            spec: &self.pods.specs.at(kind.spec).template,
        }
    }

    /// How many pods each budget lets go, as [`DisruptionBudget::disruptions_allowed`] says.
    #[must_use]
    pub fn disruptions_allowed(&self) -> BTreeMap<&NamespacedName, i32> {
        let budgets = self.objects.budgets.iter();
        budgets.map(|(name, budget)| (name, self.allowed_by(budget))).collect()
    }

    /// How many pods the budget lets go.
    #[must_use]
    pub fn allowed_by(&self, budget: &DisruptionBudget) -> i32 {
        if let Some(allowed) = budget.allowed {
            return allowed;
        }
        let of_namespace = |namespace| self.strings.text(namespace) == budget.namespace;
        let classes = self.pods.classes.iter();
        let classes = classes.filter(|(_, kind, _)| of_namespace(kind.namespace));
        let likes: Vec<(Pod, Pod, &[u32])> = classes
            .map(|(_, kind, class)| {
                let pending = self.pod_like(*kind);
                let bound = Pod { node: Some("".into()), ..pending.clone() };
                (bound, pending, class.pods.as_slice())
            })
            .collect();
        budget.disruptions_allowed(likes.iter().flat_map(|(bound, pending, pods)| {
            pods.iter().map(move |pod| {
                let (node, terminating) = self.pods.whereabouts(*pod);
                let has_node = node != NONE || self.pods.stray_name(*pod).is_some();
                if has_node && !terminating { bound } else { pending }
            })
        }))
    }
}
