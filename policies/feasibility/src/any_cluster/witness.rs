//! The cluster on which a pod fits.

use crate::any_cluster::companions::Companions;
use crate::any_cluster::{KnownVolume, Reach, Witness};
use crate::contradiction;
use crate::filter::volume_binding::makes_volumes;
use crate::inventory::Inventory;
use crate::inventory::node::Node;
use crate::inventory::pod::{Pod, PodVolume};
use crate::inventory::requests::{Amounts, PODS, requests};
use crate::inventory::volume::{Claim, ClaimReference, StorageClass, Volume};
use crate::judge::{Semantics, judge};
use crate::label::{Labels, NAMESPACE_NAME};
use crate::quantity::Quantity;

/// How many pods the nodes may run.
const MANY_PODS: i64 = 110;

/// The cluster: the node, for each companion a node that shares one label with it, namespaces with
/// the labels that were chosen, and what the pod's claims need. `None` if the node lacks a topology
/// key, which it cannot.
pub(super) fn build(
    pod: &Pod,
    volumes: &[KnownVolume],
    node: &contradiction::Witness,
    companions: &Companions,
) -> Option<Witness> {
    let mut inventory = Inventory::default();
    let mut allocatable = requests(pod, None);
    allocatable.insert(PODS.to_owned(), Quantity::of_units(MANY_PODS));
    let home = Node {
        name: node.name.clone(),
        labels: node.labels.clone(),
        allocatable,
        ..Node::default()
    };
    inventory.nodes.insert(home.name.clone(), home);
    namespace(&mut inventory, &pod.namespace);
    for (index, companion) in companions.pods.iter().enumerate() {
        let host = unused(&format!("beside-{index}"), |name| inventory.nodes.contains_key(name));
        let value = node.labels.get(&companion.key)?.clone();
        let room = Amounts::from([(PODS.to_owned(), Quantity::of_units(MANY_PODS))]);
        inventory.nodes.insert(
            host.clone(),
            Node {
                name: host.clone(),
                labels: Labels::from([(companion.key.clone(), value)]),
                allocatable: room,
                ..Node::default()
            },
        );
        namespace(&mut inventory, &companion.namespace);
        let is_own = |name: &str| companion.namespace == pod.namespace && name == pod.name.as_str();
        let name = unused(&format!("companion-{index}"), is_own);
        let other = Pod {
            name: name.clone(),
            namespace: companion.namespace.clone(),
            labels: companion.labels.clone().into(),
            node: Some(host.into()),
            // Spread constraints do not count it, affinity does.
            terminating: true,
            ..Pod::default()
        };
        inventory.pods.insert((companion.namespace.clone(), name), other);
    }
    for (name, labels) in &companions.namespaces {
        namespace(&mut inventory, name).extend(labels.clone());
    }
    for volume in &pod.volumes {
        match volume {
            PodVolume::Claim(name) => claim(&mut inventory, pod, volumes, name, None),
            PodVolume::Ephemeral(name) => {
                claim(&mut inventory, pod, volumes, name, Some(pod.uid.clone()));
            }
            PodVolume::Disk(_) | PodVolume::Migrated(_) => {}
        }
    }
    Some(Witness { inventory, node: node.name.clone() })
}

fn unused(name: &str, is_used: impl Fn(&str) -> bool) -> String {
    let mut name = name.to_owned();
    while is_used(&name) {
        name.push('x');
    }
    name
}

fn namespace<'a>(inventory: &'a mut Inventory, name: &str) -> &'a mut Labels {
    let labels = || Labels::from([(NAMESPACE_NAME.to_owned(), name.to_owned())]);
    inventory.namespaces.entry(name.to_owned()).or_insert_with(labels)
}

/// The claim as it is known; otherwise bound to a volume that is reached from every node.
fn claim(
    inventory: &mut Inventory,
    pod: &Pod,
    volumes: &[KnownVolume],
    name: &str,
    controller: Option<String>,
) {
    let key = (pod.namespace.clone(), name.to_owned());
    let mut claim = Claim {
        name: name.to_owned(),
        namespace: pod.namespace.clone(),
        controller,
        ..Claim::default()
    };
    match volumes.iter().find(|known| known.claim == name).map(|known| &known.reach) {
        Some(Reach::Made(class)) if makes_volumes(class) => {
            claim.class.clone_from(&class.name);
            let class = StorageClass { waits: true, ..(**class).clone() };
            inventory.classes.insert(class.name.clone(), class);
        }
        known => {
            let mut volume = match known {
                Some(Reach::Bound(volume)) => (**volume).clone(),
                _ => Volume {
                    name: unused(&format!("volume-of-{name}"), |name| {
                        inventory.volumes.contains_key(name)
                    }),
                    ..Volume::default()
                },
            };
            volume.claim = Some(ClaimReference { claim: key.clone(), uid: String::new() });
            claim.volume.clone_from(&volume.name);
            claim.bound = true;
            inventory.volumes.insert(volume.name.clone(), volume);
        }
    }
    inventory.claims.insert(key, claim);
}

/// Does the judge let the pod go to the node? It does not if something in the pod cannot be read
/// and so was left out.
pub(super) fn is_accepted(witness: &Witness, pod: &Pod, semantics: Semantics) -> bool {
    let judgement = judge(&witness.inventory, pod, semantics);
    judgement.pre_filter.is_none() && judgement.feasible().any(|name| name == witness.node)
}
