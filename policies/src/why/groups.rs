//! Nodes that fail for the same reasons, as one group; the nearest to fitting first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::state::Tenant;
use placecard_feasibility::tolerations::Taint;

use super::facts::{Detail, Fact, Facts, Lack};
use super::names::pattern;
use crate::kinds::POD_TEMPLATE_HASH;

/// Whose pods are in the way: a controller or, without one, a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// Namespace.
    pub namespace: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
}

impl Holder {
    /// The controller of the pod. That of a Deployment's pods is a ReplicaSet; its name and the
    /// label of the revision say which Deployment it belongs to.
    #[must_use]
    pub fn of(pod: &Pod) -> Self {
        Self::from(&holder_of(&Tenant::of(pod, POD_TEMPLATE_HASH)))
    }

    /// Is this the pod's [`Holder::of`]? Asked of every pod of a cluster, so nothing is copied.
    #[must_use]
    pub fn holds(&self, pod: &Pod) -> bool {
        self.namespace == pod.namespace && self.has(&Tenant::of(pod, POD_TEMPLATE_HASH))
    }

    /// The same of a pod with the label of its revision.
    pub(crate) fn has(&self, tenant: &Tenant<'_>) -> bool {
        self.borrowed() == holder_of(tenant)
    }

    pub(crate) fn borrowed(&self) -> HolderOf<'_> {
        HolderOf { namespace: &self.namespace, kind: &self.kind, name: &self.name }
    }
}

/// A [`Holder`] that is not copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HolderOf<'t> {
    namespace: &'t str,
    kind: &'t str,
    name: &'t str,
}

impl From<&HolderOf<'_>> for Holder {
    fn from(of: &HolderOf<'_>) -> Self {
        Self {
            namespace: of.namespace.to_owned(),
            kind: of.kind.to_owned(),
            name: of.name.to_owned(),
        }
    }
}

/// The controller of a pod or, without one, the pod; its label is that of the revision.
pub(crate) fn holder_of<'t>(tenant: &Tenant<'t>) -> HolderOf<'t> {
    let namespace = tenant.namespace;
    let Some(owner) = tenant.owner else {
        return HolderOf { namespace, kind: "Pod", name: tenant.name };
    };
    let deployment = tenant.label.and_then(|hash| {
        owner.name.strip_suffix(hash)?.strip_suffix('-').filter(|_| !hash.is_empty())
    });
    match deployment.filter(|_| owner.kind == "ReplicaSet") {
        Some(name) => HolderOf { namespace, kind: "Deployment", name },
        None => HolderOf { namespace, kind: &owner.kind, name: &owner.name },
    }
}

/// What a [`Holder`] has in a group of nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// How many pods.
    pub count: usize,
    /// Their names; none if only the counts of a cluster are there.
    pub pods: BTreeSet<String>,
    /// How much of the resource they take; 0 for what is no amount.
    pub amount: i64,
    /// The nodes on which they run, in order.
    pub nodes: Vec<Arc<str>>,
}

/// A fact that all nodes of a group share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The fact.
    pub fact: Fact,
    /// The least amount that one of them has.
    pub least: i64,
    /// The largest amount that one of them has.
    pub most: i64,
    /// The most of a resource that is free on one of them.
    pub free: i64,
    /// The values of the label, or the domains.
    pub values: BTreeSet<String>,
    /// Of a spread constraint, the domains that have fewest pods and so set the measure.
    pub emptiest: BTreeSet<String>,
    /// Who is in the way: who has most first.
    pub holders: Vec<(Holder, Held)>,
}

/// Nodes that fail for the same reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Their names, in order.
    pub nodes: Vec<String>,
    /// What their names have in common.
    pub name: String,
    /// Why they fail, what is easiest to change first; not empty.
    pub facts: Vec<Shared>,
}

/// How far a fact is from being met: what the pod's own template can change is near, what other
/// pods would have to do is farther, what the node would have to be is farthest.
#[must_use]
pub fn distance(fact: &Fact) -> u32 {
    match fact {
        Fact::Taint(taint) if is_closed_for_good(taint) => 4,
        Fact::Taint(_) | Fact::Reserved => 1,
        Fact::Resource { lack: Lack::Small, .. } => 1,
        Fact::Resource { lack: Lack::Taken, .. }
        | Fact::Slots
        | Fact::Port(_)
        | Fact::Disk
        | Fact::ClaimInUse(_)
        | Fact::VolumeLimit
        | Fact::Cordoned
        | Fact::Spread(_)
        | Fact::Affinity
        | Fact::AntiAffinity(_)
        | Fact::Repelled(_) => 2,
        Fact::Label { .. }
        | Fact::NodeTerms
        | Fact::Name
        | Fact::Resource { lack: Lack::None, .. }
        | Fact::Volume { .. }
        | Fact::NoVolume
        | Fact::VolumeZone
        | Fact::SpreadKey(_)
        | Fact::Other(..) => 4,
    }
}

/// Taints that say that a node is broken, or that it is for the control plane: no pod ought to be
/// told to tolerate them.
#[must_use]
pub fn is_closed_for_good(taint: &Taint) -> bool {
    taint.key.starts_with("node.kubernetes.io/")
        || taint.key.starts_with("node.cloudprovider.kubernetes.io/")
        || taint.key.starts_with("node-role.kubernetes.io/")
}

/// Groups the nodes that do not fit; `facts` in the order of `nodes`.
#[must_use]
pub fn group(nodes: &[&str], facts: &[Facts]) -> Vec<Group> {
    let mut found: BTreeMap<Vec<&Fact>, Vec<(&str, &Facts)>> = BTreeMap::new();
    for (node, facts) in nodes.iter().zip(facts).filter(|(_, facts)| !facts.is_empty()) {
        found.entry(facts.keys().collect()).or_default().push((node, facts));
    }
    let mut groups: Vec<Group> = found.values().map(|members| of_members(members)).collect();
    groups.sort_by_cached_key(|group| {
        let far: u32 = group.facts.iter().map(|shared| distance(&shared.fact)).sum();
        (far, Reverse(group.nodes.len()), group.nodes.first().cloned())
    });
    groups
}

fn of_members(members: &[(&str, &Facts)]) -> Group {
    let names: Vec<&str> = members.iter().map(|(node, _)| *node).collect();
    let mut facts: Vec<Shared> = Vec::new();
    for fact in members.iter().take(1).flat_map(|(_, facts)| facts.keys()) {
        let details = || members.iter().filter_map(|(_, facts)| facts.get(fact));
        let amounts = || details().map(|detail: &Detail| detail.amount);
        facts.push(Shared {
            fact: fact.clone(),
            least: amounts().min().unwrap_or_default(),
            most: amounts().max().unwrap_or_default(),
            free: details().map(|detail| detail.free).max().unwrap_or_default(),
            values: details().filter_map(|detail| detail.value.clone()).collect(),
            emptiest: BTreeSet::new(),
            holders: Vec::new(),
        });
    }
    // What excludes a node whatever the pod asks for comes first.
    facts.sort_by_key(|shared| (shown_at(&shared.fact), shared.fact.clone()));
    Group {
        nodes: names.iter().map(|name| (*name).to_owned()).collect(),
        name: pattern(&names),
        facts,
    }
}

/// The place of a fact in a row: what the node is, then what it has, then who is there.
fn shown_at(fact: &Fact) -> u32 {
    match fact {
        Fact::Name | Fact::Cordoned | Fact::Label { .. } | Fact::NodeTerms => 0,
        Fact::Taint(_) => 1,
        Fact::Resource { .. } | Fact::Slots => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use placecard_feasibility::inventory::pod::Owner;
    use placecard_feasibility::requirement::Requirement;

    use super::*;

    fn taint() -> Fact {
        Fact::Taint(Taint {
            key: "lifecycle".into(),
            value: "spot".into(),
            effect: "NoSchedule".into(),
        })
    }

    fn label(there: bool) -> Fact {
        Fact::Label { requirement: Requirement::one_of("accelerator", &["a100"]), there }
    }

    fn memory() -> Fact {
        Fact::Resource { name: "memory".into(), lack: Lack::Small }
    }

    fn facts(list: &[(Fact, i64, Option<&str>)]) -> Facts {
        let detail = |amount: &i64, value: &Option<&str>| Detail {
            amount: *amount,
            free: *amount,
            value: value.map(str::to_owned),
        };
        list.iter().map(|(fact, amount, value)| (fact.clone(), detail(amount, value))).collect()
    }

    #[test]
    fn nodes_with_equal_reasons_are_one_group_and_the_nearest_comes_first() {
        let table = [
            ("general-1", facts(&[(label(false), 0, None)])),
            ("gpu-t4-1", facts(&[(label(true), 0, Some("t4")), (memory(), 28, None)])),
            ("gpu-a100-1", facts(&[(memory(), 60, None)])),
            ("gpu-a100-spot-1", facts(&[(taint(), 0, None)])),
            ("gpu-a100-2", facts(&[(memory(), 56, None)])),
            ("fits", Facts::new()),
        ];
        let nodes: Vec<&str> = table.iter().map(|(node, _)| *node).collect();
        let all: Vec<Facts> = table.iter().map(|(_, facts)| facts.clone()).collect();
        let groups = group(&nodes, &all);
        let shown: Vec<(&str, usize)> =
            groups.iter().map(|group| (group.name.as_str(), group.nodes.len())).collect();
        assert_eq!(
            shown,
            [("gpu-a100-*", 2), ("gpu-a100-spot-1", 1), ("general-1", 1), ("gpu-t4-1", 1)]
        );
        let first = &groups[0].facts[0];
        assert_eq!((first.least, first.most), (56, 60));
        let last: Vec<&Fact> = groups[3].facts.iter().map(|shared| &shared.fact).collect();
        assert_eq!(last, [&label(true), &memory()]);
        assert_eq!(groups[3].facts[0].values, BTreeSet::from(["t4".to_owned()]));
    }

    #[test]
    fn the_pods_of_a_deployment_are_called_by_its_name() {
        let pod = |kind: &str, name: &str, hash: &str| Pod {
            name: "x".into(),
            namespace: "shop".into(),
            owner: Some(Owner { kind: kind.into(), name: name.into(), ..Owner::default() }.into()),
            labels: [(POD_TEMPLATE_HASH.to_owned(), hash.to_owned())].into(),
            ..Pod::default()
        };
        for (pod, kind, name) in [
            (pod("ReplicaSet", "web-7d9f", "7d9f"), "Deployment", "web"),
            (pod("ReplicaSet", "web-7d9f", "other"), "ReplicaSet", "web-7d9f"),
            (pod("ReplicaSet", "web", ""), "ReplicaSet", "web"),
            (pod("StatefulSet", "db-1", "1"), "StatefulSet", "db-1"),
            (Pod { owner: None, ..pod("", "", "") }, "Pod", "x"),
        ] {
            let holder = Holder::of(&pod);
            assert!(holder.holds(&pod));
            assert!(!Holder { namespace: "other".into(), ..holder.clone() }.holds(&pod));
            assert_eq!((holder.kind.as_str(), holder.name.as_str()), (kind, name));
        }
    }
}
