//! The cluster on which a batch would fit if anything ever lets it: whole nodes without pods, and
//! those that node templates would bring.
//!
//! Everything here errs on one side. Nodes are neither cordoned nor in trouble, companions,
//! claims and volumes could be made, a spread could be even, and what a template leaves open suits the
//! pods. What is left are labels, taints, resources, host ports and how the pods of the batch repel
//! one another. A batch for which no domain has room here has none in the cluster, whatever
//! becomes of the other pods, as long as no other nodes come.

use std::collections::BTreeSet;

use super::{Batch, Member};
use crate::empty_inventory::at_rest;
use crate::inventory::Inventory;
use crate::inventory::node::Node;
use crate::inventory::pod::Pod;
use crate::inventory::template::NodeTemplate;
use crate::judge::Semantics;
use crate::node_template::virtual_nodes;
use crate::node_terms::{NodeTerm, conjoin_all};
use crate::profile::Profile;
use crate::state::{State, objects_of};

/// More alternatives than this are not multiplied out.
const MOST_TERMS: usize = 64;

/// Whole nodes.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The nodes, and nothing on them.
    pub state: State,
    /// The batch, without what other pods could change.
    pub batch: Batch,
    /// The nodes that there are not, by name, and the template that would bring each.
    pub templates: Vec<(String, String)>,
    /// A template could bring nodes that are not among these: that nothing fits proves nothing.
    pub open: bool,
}

/// The whole nodes for a batch.
#[must_use]
pub fn whole(
    inventory: &Inventory,
    batch: &Batch,
    semantics: Semantics,
    profile: &Profile,
) -> Whole {
    let mut bare = objects_of(inventory);
    bare.nodes = inventory.nodes.iter().map(|(name, one)| (name.clone(), at_rest(one))).collect();
    let members: Vec<Member> =
        batch.members.iter().map(|one| Member { role: one.role, pod: alone(&one.pod) }).collect();
    let mut wishes: Vec<Pod> = Vec::new();
    let together = together(&members);
    let open = together.is_none() && !inventory.templates.is_empty();
    for pod in members.iter().map(|one| &one.pod).chain(&together) {
        let nameless = Pod { name: String::new(), ..pod.clone() };
        if !wishes.contains(&nameless) {
            wishes.push(nameless);
        }
    }
    let mut templates = Vec::new();
    for template in inventory.templates.values() {
        for node in brought(template, &wishes, members.len(), inventory) {
            templates.push((node.name.clone(), template.name.clone()));
            bare.nodes.insert(node.name.clone(), node);
        }
    }
    let mut state = State::of(&bare, semantics);
    state.set_profile(profile.clone());
    let batch = Batch { number: batch.number, members, domain: None };
    Whole { state, batch, templates, open }
}

/// The pod without what other objects could change.
fn alone(pod: &Pod) -> Pod {
    let pod = Pod { nominated_node: None, volumes: Vec::new(), ..pod.clone() };
    pod.with(|spec| {
        spec.affinity = Vec::new();
        spec.spread = Vec::new();
    })
}

/// A pod that asks for what all members ask of their node; `None`: they have too many alternatives.
fn together(members: &[Member]) -> Option<Pod> {
    let mut whole = Pod::default();
    let mut rules: Vec<Vec<NodeTerm>> = Vec::new();
    for member in members {
        let pod = &member.pod;
        whole.spec.containers.extend(pod.containers.iter().cloned());
        whole.spec.tolerations.extend(pod.tolerations.iter().cloned());
        whole.spec.node_selector.extend(pod.node_selector.clone());
        let known = pod.node_affinity.as_ref().filter(|terms| !rules.contains(terms));
        rules.extend(known.cloned());
    }
    whole.spec.node_affinity = conjoin_all(&None, &rules, MOST_TERMS).ok()?;
    Some(whole)
}

/// The nodes that a template brings at most: in each zone one for each pod, made to suit each of
/// the wishes.
fn brought(
    template: &NodeTemplate,
    wishes: &[Pod],
    pods: usize,
    inventory: &Inventory,
) -> Vec<Node> {
    let most = template.max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut nodes = Vec::new();
    for wish in wishes {
        for one in virtual_nodes(template, wish, inventory) {
            for _ in 0..pods.min(most) {
                let own = one.node.name.clone();
                let mut name = own.clone();
                while !seen.insert(name.clone()) {
                    name = format!("{own}-{}", seen.len());
                }
                let mut node = Node { name: name.clone(), ..one.node.clone() };
                for value in node.labels.values_mut().filter(|value| **value == own) {
                    value.clone_from(&name);
                }
                nodes.push(node);
            }
        }
    }
    nodes
}
