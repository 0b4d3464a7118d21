//! The checker of proofs about a closed inventory: each node and each template lacks something for
//! good that the pod asks for.
//!
//! It reads labels, taints and sizes by itself, and calls neither filters nor judge. What may hold
//! is taken to hold: what is not known, what a name could be, what a template leaves open.

use std::collections::{BTreeMap, BTreeSet};

use super::{Argument, Certificate, Refusal};
use crate::any_cluster::check::values::has_value;
use crate::empty_inventory::Origin;
use crate::inventory::Inventory;
use crate::inventory::kind::Kind;
use crate::inventory::node::Node;
use crate::inventory::pod::{Container, Pod, TopologySpread, WhenUnsatisfiable};
use crate::inventory::requests::{CPU, EPHEMERAL_STORAGE, MEMORY, PODS, is_extended};
use crate::inventory::template::NodeTemplate;
use crate::judge::Semantics;
use crate::label::{Labels, integer};
use crate::node_template::USUAL;
use crate::node_terms::NodeTerm;
use crate::profile::HOSTNAME;
use crate::quantity::Quantity;
use crate::requirement::{Flaw, Operator, Requirement, flaw};
use crate::tolerations::{Taint, Toleration, TolerationOperator};

/// Every node and every template, by what excludes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StockCover {
    /// What excludes them.
    pub excluded: BTreeMap<Exclusion, BTreeSet<Origin>>,
}

/// What a kind of node lacks for good.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exclusion {
    /// A label that `nodeSelector` or required node affinity asks for.
    NodeRules,
    /// The pod's toleration of this taint.
    Taint(Taint),
    /// The label of a required domain: of pod affinity, or of a spread constraint.
    NoLabel(String),
    /// Size.
    TooSmall {
        /// The resource.
        resource: String,
        /// What the pod asks for: thousandths of `cpu`, otherwise units.
        wanted: i64,
        /// What the whole node has.
        has: i64,
    },
}

/// Taints that other parts of a cluster put on nodes that are starting, ending or unwell; besides
/// those of Kubernetes, of which all begin with one of two prefixes.
const PASSING: [&str; 8] = [
    "node.kubernetes.io/",
    "node.cloudprovider.kubernetes.io/",
    "node.cilium.io/",
    "startup-taint.cluster-autoscaler.kubernetes.io/",
    "status-taint.cluster-autoscaler.kubernetes.io/",
    "ignore-taint.cluster-autoscaler.kubernetes.io/",
    "ToBeDeletedByClusterAutoscaler",
    "DeletionCandidateOfClusterAutoscaler",
];

/// While a node has it, its labels are still to be written.
const UNINITIALIZED: &str = "node.cloudprovider.kubernetes.io/uninitialized";

/// Taints that say in which state a node is, not what it is for.
#[must_use]
pub fn is_passing(key: &str) -> bool {
    PASSING.iter().any(|prefix| key.starts_with(prefix))
        || key.ends_with("not-ready")
        || key.starts_with("karpenter.sh/")
}

/// A node of the same kind can have another name, and so another value here.
#[must_use]
pub fn is_name_key(key: &str) -> bool {
    key == HOSTNAME
}

/// Can anything be concluded from the node: are its labels written, and does nothing bring nodes of
/// other kinds?
#[must_use]
pub fn is_settled(node: &Node) -> bool {
    !node.doubts.managed && !node.taints.iter().any(|taint| taint.key == UNINITIALIZED)
}

/// May the node have more of an extended resource than it offers? `claimed`: devices that are not
/// on the node's list can be claimed ([`Semantics::claimed_extended_resources`]).
#[must_use]
pub fn may_have_devices(name: &str, has: i64, node: Option<&Node>, claimed: bool) -> bool {
    let unwell = |node: &Node| {
        node.doubts.devices.contains(name) || node.taints.iter().any(|one| is_passing(&one.key))
    };
    (claimed && has == 0) || node.is_some_and(unwell)
}

/// Verifies that the certificate excludes every node and every template of the inventory for the
/// pod. The pods of the inventory are not looked at.
///
/// # Errors
///
/// Why the certificate proves nothing.
pub fn verify(
    certificate: &Certificate,
    inventory: &Inventory,
    pod: &Pod,
    semantics: Semantics,
) -> Result<(), Refusal> {
    let Argument::Stock(cover) = &certificate.argument else { return Err(Refusal::Beyond) };
    if !certificate.states_its_needs() {
        return Err(Refusal::Assumptions);
    }
    let unknown = inventory.is_unknown(Kind::Node) || inventory.nodes.is_empty();
    if unknown || pod.node.is_some() || !inventory.nodes.values().all(is_settled) {
        return Err(Refusal::Beyond);
    }
    let mut left: BTreeSet<Origin> = inventory.nodes.keys().cloned().map(Origin::Node).collect();
    left.extend(inventory.templates.values().flat_map(origins));
    for (why, origins) in &cover.excluded {
        for origin in origins {
            let row = row(origin, inventory).ok_or(Refusal::Facts)?;
            if !row.is_excluded(why, pod, semantics) {
                return Err(Refusal::Facts);
            }
            left.remove(origin);
        }
    }
    if left.is_empty() { Ok(()) } else { Err(Refusal::Argument) }
}

/// Does the node of this name lack that for the pod?
pub(super) fn is_excluded(
    name: &str,
    inventory: &Inventory,
    why: &Exclusion,
    pod: &Pod,
    semantics: Semantics,
) -> bool {
    let row = row(&Origin::Node(name.to_owned()), inventory);
    row.is_some_and(|row| row.is_excluded(why, pod, semantics))
}

fn origins(template: &NodeTemplate) -> Vec<Origin> {
    let of = |zone| Origin::Template { name: template.name.clone(), zone };
    match template.zones.as_slice() {
        [] => vec![of(None)],
        zones => zones.iter().cloned().map(|zone| of(Some(zone))).collect(),
    }
}

/// A kind of node.
struct Row<'a> {
    labels: Labels,
    taints: &'a [Taint],
    allocatable: &'a BTreeMap<String, Quantity>,
    node: Option<&'a Node>,
    template: Option<&'a NodeTemplate>,
}

fn row<'a>(origin: &Origin, inventory: &'a Inventory) -> Option<Row<'a>> {
    match origin {
        Origin::Node(name) => {
            let node = inventory.nodes.get(name)?;
            let Node { labels, taints, allocatable, .. } = node;
            Some(Row {
                labels: labels.clone(),
                taints,
                allocatable,
                node: Some(node),
                template: None,
            })
        }
        Origin::Template { name, zone } => {
            let template = inventory.templates.get(name)?;
            let NodeTemplate { labels, taints, allocatable, .. } = template;
            let mut labels = labels.clone();
            if let Some(zone) = zone {
                let known = template.zones.contains(zone);
                labels.insert(template.zone_key.clone(), known.then(|| zone.clone())?);
            }
            Some(Row { labels, taints, allocatable, node: None, template: Some(template) })
        }
    }
}

impl Row<'_> {
    fn is_excluded(&self, why: &Exclusion, pod: &Pod, semantics: Semantics) -> bool {
        match why {
            Exclusion::NodeRules => !self.may_meet_rules(pod),
            Exclusion::Taint(taint) => {
                matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute")
                    && !is_passing(&taint.key)
                    && self.taints.contains(taint)
                    && !pod.tolerations.iter().any(|one| may_tolerate(one, taint))
            }
            Exclusion::NoLabel(key) => {
                let asked = domains(pod).any(|domain| domain == key);
                asked && !self.is_open(key) && !self.labels.contains_key(key)
            }
            Exclusion::TooSmall { resource, wanted, has } => {
                let extended = is_extended(resource);
                let claimed = semantics.claimed_extended_resources;
                *wanted > 0
                    && wanted > has
                    && self.has(resource) == Some(*has)
                    && least_request(pod, resource).is_some_and(|least| *wanted <= least)
                    && !(extended && may_have_devices(resource, *has, self.node, claimed))
            }
        }
    }

    /// May the label have any value?
    fn is_open(&self, key: &str) -> bool {
        let left_open = |template: &NodeTemplate| {
            let usual = USUAL.contains(&key) || key == template.zone_key;
            (template.partial || usual) && !self.labels.contains_key(key)
        };
        is_name_key(key) || self.template.is_some_and(left_open)
    }

    fn may_meet_rules(&self, pod: &Pod) -> bool {
        let selector = pod.node_selector.iter().all(|(key, value)| {
            self.is_open(key) || self.labels.get(key).is_some_and(|found| found == value)
        });
        let term = |term: &NodeTerm| {
            let said = !term.expressions.is_empty() || !term.fields.is_empty();
            let each = term.expressions.iter().all(|one| self.may_meet(one));
            said && each && self.has_values(pod, &term.expressions)
        };
        let terms = &pod.node_affinity;
        selector
            && self.has_values(pod, &[])
            && terms.as_ref().is_none_or(|terms| terms.iter().any(term))
    }

    /// Is there, for each label that is open, a value that meets all that is asked of it?
    fn has_values(&self, pod: &Pod, expressions: &[Requirement]) -> bool {
        let mut asked = expressions.to_vec();
        let one_of = |(key, value): (&String, &String)| Requirement::one_of(key, &[value]);
        asked.extend(pod.node_selector.iter().map(one_of));
        asked.extend(domains(pod).map(|key| Requirement::exists(key)));
        let keys: BTreeSet<&str> = asked.iter().map(|one| one.key.as_str()).collect();
        keys.into_iter().filter(|key| self.is_open(key) && !is_name_key(key)).all(|key| {
            let of_key = asked.iter().filter(|one| one.key == key);
            has_value(key, &[vec![of_key.map(|one| (one, true)).collect()]])
        })
    }

    fn may_meet(&self, one: &Requirement) -> bool {
        match flaw(one) {
            _ if self.is_open(&one.key) => return true,
            Some(Flaw::Operator) => return true,
            Some(_) => return false,
            None => {}
        }
        let found = self.labels.get(&one.key);
        let listed = found.is_some_and(|value| one.values.contains(value));
        let compared = || Some((integer(found?)?, integer(one.values.first()?)?));
        match one.operator {
            Operator::In => listed,
            Operator::NotIn => !listed,
            Operator::Exists => found.is_some(),
            Operator::DoesNotExist => found.is_none(),
            Operator::Gt => compared().is_some_and(|(value, bound)| value > bound),
            Operator::Lt => compared().is_some_and(|(value, bound)| value < bound),
            Operator::Other(_) => true,
        }
    }

    /// What it has of the resource; `None`: it may be any amount.
    fn has(&self, resource: &str) -> Option<i64> {
        let known = self.allocatable.get(resource).copied();
        let open = |template: &NodeTemplate| {
            template.partial || [CPU, MEMORY, EPHEMERAL_STORAGE, PODS].contains(&resource)
        };
        if known.is_none() && self.template.is_some_and(open) {
            return None;
        }
        Some(amount(resource, known.unwrap_or_default()))
    }
}

/// The labels of which the pod's node must have some value.
fn domains(pod: &Pod) -> impl Iterator<Item = &String> {
    let near = pod.affinity.iter().map(|term| &term.topology_key);
    let hard = |one: &&TopologySpread| one.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule;
    near.chain(pod.spread.iter().filter(hard).map(|one| &one.topology_key))
}

pub(super) fn amount(resource: &str, quantity: Quantity) -> i64 {
    if resource == CPU { quantity.thousandths() } else { quantity.units() }
}

fn may_tolerate(toleration: &Toleration, taint: &Taint) -> bool {
    let any_or = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
    let value = match toleration.operator {
        TolerationOperator::Equal => toleration.value == taint.value,
        TolerationOperator::Exists | TolerationOperator::Other(_) => true,
    };
    any_or(&toleration.key, &taint.key) && any_or(&toleration.effect, &taint.effect) && value
}

/// No less than this is asked for: by the containers that run side by side, by the pod as a whole,
/// or by one container that runs before them. `None`: too large to be sure of.
pub(super) fn least_request(pod: &Pod, resource: &str) -> Option<i64> {
    const MOST: i64 = 1 << 60;
    let asked = |one: &Container| one.requests.get(resource).copied().unwrap_or_default();
    let beside = pod.init_containers.iter().filter(|one| one.restartable);
    let together: Quantity = pod.containers.iter().chain(beside).map(asked).sum();
    let alone = pod.init_containers.iter().map(asked).max().unwrap_or_default();
    let whole = pod.pod_level.get(resource).copied().unwrap_or_default();
    let least = together.max(alone).max(whole);
    let all = least + pod.overhead.get(resource).copied().unwrap_or_default();
    let amounts = [together, alone, whole, all].map(|one| amount(resource, one));
    amounts.iter().all(|one| (0..MOST).contains(one)).then(|| amount(resource, all))
}
