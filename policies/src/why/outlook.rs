//! What is to be expected of a pod that fits no node now.

use std::borrow::Cow;

use placecard_feasibility::empty_inventory::{Origin, rested, rows_with};
use placecard_feasibility::filter::cycle::{Cycle, empty_cycle};
use placecard_feasibility::inventory::NamespacedName;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::{Judgement, judge_cycle};
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::relax::grow;
use placecard_feasibility::requirement::Requirement;

use super::changes::Edit;
use super::rest::Rest;
use super::{Diagnosis, diagnose_in_brief};

/// What is to be expected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outlook {
    /// A node fits now.
    #[default]
    Fits,
    /// Preemption, or one more node of a group that may grow, will help.
    Waiting {
        /// The nodes on which pods of lower priority would make room, the best first, and these
        /// pods as namespace and name, most important first.
        preemption: Vec<(String, Vec<NamespacedName>)>,
        /// The groups whose next node would take the pod.
        growth: Vec<String>,
    },
    /// These nodes fit as soon as what runs there now is gone, the node is well again, or a claim
    /// of the pod has its volume.
    CrowdedOut {
        /// Their names, in order.
        nodes: Vec<String>,
        /// The groups whose nodes would fit, though none can be added now.
        groups: Vec<String>,
    },
    /// No node fits, whatever runs there.
    NoInventory,
}

/// Looks at the nodes as if nothing ran there, and as if they were well and not cordoned. Pods that
/// the pod is required near, claims and volumes are taken to come
/// ([`placecard_feasibility::empty_inventory`]).
#[must_use]
pub fn outlook(cycle: &Cycle<'_>, feasible: bool) -> Outlook {
    if feasible {
        return Outlook::Fits;
    }
    outlook_of(cycle, &judge_cycle(cycle), &Rest::Nobody)
}

/// The same of a cycle on which no node fits, as `judgement` says.
pub(crate) fn outlook_of(cycle: &Cycle<'_>, judgement: &Judgement<'_>, rest: &Rest<'_>) -> Outlook {
    let preemption = rest.make_room(cycle, judgement);
    let (grown, _, _) = grow(cycle);
    if !preemption.is_empty() || !grown.is_empty() {
        let mut growth: Vec<String> = grown.into_iter().map(|one| one.template).collect();
        growth.dedup();
        return Outlook::Waiting { preemption, growth };
    }
    let (mut nodes, mut groups) = (Vec::new(), Vec::new());
    let known = cycle.hosts.iter().map(|host| host.node);
    let rows = rows_with(known, cycle.inventory, cycle.pod, cycle.semantics, &cycle.profile);
    for row in rows.into_iter().filter(|row| row.lacks.is_empty()) {
        match row.origin {
            Origin::Node(name) => nodes.push(name),
            Origin::Template { name, .. } => groups.push(name),
        }
    }
    groups.dedup();
    match nodes.is_empty() && groups.is_empty() {
        true => Outlook::NoInventory,
        false => Outlook::CrowdedOut { nodes, groups },
    }
}

/// Why no node could hold the pod even if nothing ran there.
#[must_use]
pub fn diagnose_empty(cycle: &Cycle<'_>) -> Diagnosis {
    let pod = alone(cycle.pod);
    let nodes: Vec<Cow<'_, Node>> = cycle.hosts.iter().map(|host| rested(host.node)).collect();
    let rested = empty_cycle(
        nodes.iter().map(|node| &**node),
        cycle.inventory,
        &pod,
        cycle.semantics,
        Cow::Borrowed(&*cycle.profile),
    );
    let (mut found, _) = diagnose_in_brief(&rested, &Rest::Nobody);
    // Nobody wrote these down as requirements, so nobody can do without them.
    let added = topology_keys(cycle.pod);
    let drops = |edit: &Edit| matches!(edit, Edit::DropLabel(one) if added.contains(one));
    found.ways.retain(|way| !way.edits.iter().any(drops));
    found
}

/// The pod without the pods that it is required near, on nodes that have the labels of their
/// domains.
fn alone(pod: &Pod) -> Pod {
    let mut alone =
        Pod { nominated_node: None, ..pod.clone().with(|spec| spec.affinity = Vec::new()) };
    let needed = topology_keys(pod);
    if needed.is_empty() {
        return alone;
    }
    match &mut alone.node_affinity {
        None => alone.node_affinity = Some(vec![NodeTerm::of(needed)]),
        Some(terms) => {
            // A term without requirements matches no node, and is to stay so.
            let says = |term: &&mut NodeTerm| term.requirements().next().is_some();
            for term in terms.iter_mut().filter(says) {
                term.expressions.extend(needed.iter().cloned());
            }
        }
    }
    alone
}

/// That a node has the labels by which the pod is required near others.
fn topology_keys(pod: &Pod) -> Vec<Requirement> {
    let mut keys: Vec<&str> = pod.affinity.iter().map(|term| term.topology_key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().map(Requirement::exists).collect()
}
