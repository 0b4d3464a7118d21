//! Why no node of an inventory could ever hold a pod, if no kind of node comes that is not there.
//!
//! As [`crate::empty_inventory`], a row is a node as it is at rest, or what a template would bring,
//! and nothing runs anywhere. What the proof rests on is narrower still: labels, lasting taints and
//! the sizes of nodes. Claims and volumes may come and go, and a node of the same kind may come
//! under any name: rules about names exclude nothing here. Where a node seems to be less than its
//! kind is (its devices are not all there, its labels are still to be written), or something may
//! bring nodes of other kinds, there is no proof.

use std::collections::{BTreeMap, BTreeSet};

use crate::certificate::stock::{
    Exclusion, StockCover, is_name_key, is_passing, is_settled, may_have_devices,
};
use crate::certificate::{Argument, Certificate};
use crate::empty_inventory::{Lack, Origin, rows};
use crate::filter::Plugin;
use crate::filter::reason::Reason;
use crate::inventory::Inventory;
use crate::inventory::kind::Kind;
use crate::inventory::node::Node;
use crate::inventory::pod::{Pod, WhenUnsatisfiable};
use crate::inventory::requests::{PODS, is_extended};
use crate::judge::Semantics;
use crate::node_template::USUAL;
use crate::node_terms::NodeTerm;
use crate::profile::Profile;
use crate::requirement::is_opaque;
use crate::tolerations::TolerationOperator;

/// The certificate that no row could hold the pod, without the fields that it is about; `None`: some
/// row could, or it is not known. The pod is as its author wrote it: what a namespace adds to it may
/// change.
#[must_use]
pub fn prove(
    inventory: &Inventory,
    pod: &Pod,
    semantics: Semantics,
    profile: &Profile,
) -> Option<Certificate> {
    let unknown = inventory.is_unknown(Kind::Node);
    let empty = inventory.nodes.is_empty();
    if unknown || empty || pod.node.is_some() || !inventory.nodes.values().all(is_settled) {
        return None;
    }
    let stock = Inventory {
        nodes: inventory.nodes.iter().map(|(name, node)| (name.clone(), lasting(node))).collect(),
        templates: inventory
            .templates
            .iter()
            .map(|(name, template)| {
                let mut template = template.clone();
                template.taints.retain(|taint| !is_passing(&taint.key));
                (name.clone(), template)
            })
            .collect(),
        ..Inventory::default()
    };
    let widened = widened(pod);
    let mut excluded: BTreeMap<Exclusion, BTreeSet<Origin>> = BTreeMap::new();
    for row in rows(&stock, &widened, semantics, profile) {
        let node = match &row.origin {
            Origin::Node(name) => inventory.nodes.get(name),
            Origin::Template { .. } => None,
        };
        let labels = |key: &str| match &row.origin {
            Origin::Node(name) => {
                stock.nodes.get(name).is_some_and(|node| node.labels.contains_key(key))
            }
            Origin::Template { name, .. } => stock.templates.get(name).is_some_and(|one| {
                let open = one.partial || USUAL.contains(&key) || key == one.zone_key;
                open || one.labels.contains_key(key)
            }),
        };
        let lasts = |lack| exclusion(lack, node, semantics, &widened, labels);
        // Where the label of a domain is missing, nothing was chosen for the labels that a template
        // leaves open, and the node rules were not asked.
        let is_label = |why: &Exclusion| matches!(why, Exclusion::NoLabel(_));
        let label = row.lacks.iter().filter_map(lasts).find(is_label);
        let why = label.or_else(|| row.lacks.iter().find_map(lasts))?;
        excluded.entry(why).or_default().insert(row.origin);
    }
    let argument = Argument::Stock(StockCover { excluded });
    Some(Certificate { assume: argument.needs(), core: Vec::new(), argument })
}

/// What each node lacks that the pod asks for, for good; nodes of which that is not known are left
/// out.
#[must_use]
pub fn excluded_nodes(
    inventory: &Inventory,
    pod: &Pod,
    semantics: Semantics,
    profile: &Profile,
) -> BTreeMap<String, Exclusion> {
    let nodes = inventory.nodes.iter().map(|(name, node)| (name.clone(), lasting(node)));
    let stock = Inventory { nodes: nodes.collect(), ..Inventory::default() };
    let widened = widened(pod);
    let mut found = BTreeMap::new();
    for row in rows(&stock, &widened, semantics, profile) {
        let Origin::Node(name) = row.origin else { continue };
        let node = inventory.nodes.get(&name);
        let has = |key: &str| node.is_some_and(|node| node.labels.contains_key(key));
        let lasts = |lack| exclusion(lack, node, semantics, &widened, has);
        if let Some(why) = row.lacks.iter().find_map(lasts) {
            found.insert(name, why);
        }
    }
    found
}

/// Is a node still what a proof saw of it, after an event? What comes and goes does not count.
#[must_use]
pub fn is_as_before(before: &Node, after: &Node) -> bool {
    let (before, after) = (lasting(before), lasting(after));
    before == after
}

/// The node without the taints that come and go.
fn lasting(node: &Node) -> Node {
    let mut node = Node { images: Vec::new(), ..node.clone() };
    node.unschedulable = false;
    node.taints.retain(|taint| !is_passing(&taint.key));
    node
}

/// The pod without what it asks of names, of volumes and in words that are not known: whatever
/// excludes it then, excludes it as it was.
fn widened(pod: &Pod) -> Pod {
    let mut wide = Pod { nominated_node: None, volumes: Vec::new(), ..pod.clone() };
    wide.node_selector.retain(|key, _| !is_name_key(key));
    let terms = wide.node_affinity.take();
    wide.node_affinity = terms.and_then(|terms| {
        let mut left = Vec::new();
        for term in terms {
            let said = term != NodeTerm::default();
            let mut term = NodeTerm { fields: Vec::new(), ..term };
            term.expressions.retain(|one| !is_name_key(&one.key) && !is_opaque(one));
            if said && term == NodeTerm::default() {
                return None;
            }
            left.push(term);
        }
        Some(left)
    });
    for toleration in &mut wide.tolerations {
        if matches!(toleration.operator, TolerationOperator::Other(_)) {
            toleration.operator = TolerationOperator::Exists;
        }
    }
    wide.affinity.retain(|term| !is_name_key(&term.topology_key));
    wide.spread.retain(|one| {
        one.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule
            && !is_name_key(&one.topology_key)
    });
    wide
}

/// What excludes the row for good, if this does.
fn exclusion(
    lack: &Lack,
    node: Option<&Node>,
    semantics: Semantics,
    pod: &Pod,
    has_label: impl Fn(&str) -> bool,
) -> Option<Exclusion> {
    let missing = |keys: Vec<&String>| {
        keys.into_iter().find(|key| !has_label(key)).map(|key| Exclusion::NoLabel(key.clone()))
    };
    match lack {
        Lack::Rejected(Plugin::TaintToleration, Reason::Taint(taint)) => {
            Some(Exclusion::Taint(taint.clone()))
        }
        Lack::Rejected(Plugin::NodeAffinity, Reason::NodeAffinity) => Some(Exclusion::NodeRules),
        Lack::Rejected(_, Reason::SpreadKey) => {
            missing(pod.spread.iter().map(|one| &one.topology_key).collect())
        }
        Lack::Rejected(Plugin::InterPodAffinity, Reason::PodAffinity) => {
            missing(pod.affinity.iter().map(|one| &one.topology_key).collect())
        }
        Lack::Resource { name, wanted, allocatable } => {
            let devices = is_extended(name)
                && may_have_devices(name, *allocatable, node, semantics.claimed_extended_resources);
            (name != PODS && !devices).then(|| Exclusion::TooSmall {
                resource: name.clone(),
                wanted: *wanted,
                has: *allocatable,
            })
        }
        Lack::Rejected(..) => None,
    }
}
