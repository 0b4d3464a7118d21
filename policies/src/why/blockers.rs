//! Who is in the way on the nodes of a group.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use placecard_feasibility::filter::cycle::Host;
use placecard_feasibility::filter::{node_ports, volume_restrictions};
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::inventory::requests::{Resources, requests};

use super::amounts::amount_of;
use super::facts::{Fact, Lack, Scene};
use super::groups::{Group, Held, Holder, Shared};

/// Names the pods, by their controllers, that are in the way on the nodes of the groups.
pub(crate) fn name_blockers(scene: &Scene<'_>, groups: &mut [Group]) {
    let hosts: BTreeMap<&str, &Host<'_>> =
        scene.cycle.hosts.iter().map(|host| (host.node.name.as_str(), host)).collect();
    for group in groups {
        let Group { nodes, facts, .. } = group;
        let members: Vec<&Host<'_>> =
            nodes.iter().filter_map(|node| hosts.get(node.as_str()).copied()).collect();
        for shared in facts {
            of_fact(scene, &members, shared);
        }
    }
}

fn of_fact(scene: &Scene<'_>, hosts: &[&Host<'_>], shared: &mut Shared) {
    let mut found = Found::default();
    for host in hosts {
        match &shared.fact {
            Fact::Resource { name, lack: Lack::Taken } => {
                for pod in &host.pods {
                    let taken = requests(pod, Some(scene.cycle.semantics.resizing));
                    found.note(pod, amount_of(&Resources::of(&taken), name));
                }
            }
            Fact::Slots => host.pods.iter().for_each(|pod| found.note(pod, 1)),
            Fact::Port(wanted) => {
                for (port, pod) in node_ports::takers(scene.cycle.pod, host) {
                    found.note(pod, i64::from(port.port == *wanted));
                }
            }
            Fact::Disk => volume_restrictions::disk_takers(scene.cycle.pod, host)
                .for_each(|pod| found.note(pod, 1)),
            Fact::ClaimInUse(claim) => {
                scene.users(claim).iter().for_each(|pod| found.note(pod, 1));
            }
            Fact::AntiAffinity(index) => {
                scene.matched(*index, host.node).iter().for_each(|pod| found.note(pod, 1));
            }
            Fact::Repelled(key) => {
                scene.repellers(key, host.node).iter().for_each(|pod| found.note(pod, 1));
            }
            Fact::Reserved => {
                let pods = scene.cycle.nominated.get(host.node.name.as_str());
                pods.into_iter().flatten().for_each(|pod| found.note(pod, 1));
            }
            Fact::Spread(index) => {
                let spread = scene.cycle.pod.spread.get(*index);
                for count in scene.counts(host.node) {
                    if spread.is_some_and(|spread| *spread == count.spread) {
                        shared.emptiest.extend(count.emptiest.iter().map(|it| (*it).to_owned()));
                    }
                }
            }
            _ => return,
        }
    }
    shared.holders = found.holders();
}

/// The pods in the way, by controller. A pod is counted once, however often it is met.
#[derive(Default)]
struct Found<'a> {
    pods: BTreeMap<(&'a str, &'a str), (&'a Pod, i64)>,
}

impl<'a> Found<'a> {
    /// A pod that has this much of what is wanted; none if that is nothing.
    fn note(&mut self, pod: &'a Pod, amount: i64) {
        if amount > 0 {
            self.pods.insert((&pod.namespace, &pod.name), (pod, amount));
        }
    }

    fn holders(self) -> Vec<(Holder, Held)> {
        let mut by_owner: BTreeMap<Holder, Held> = BTreeMap::new();
        for (pod, amount) in self.pods.into_values() {
            let held = by_owner.entry(Holder::of(pod)).or_default();
            held.pods.insert(pod.name.clone());
            held.nodes.extend(pod.node.as_deref().map(str::to_owned));
            held.amount = held.amount.saturating_add(amount);
        }
        let mut holders: Vec<(Holder, Held)> = by_owner.into_iter().collect();
        holders.sort_by_cached_key(|(holder, held)| {
            (Reverse(held.amount), Reverse(held.pods.len()), holder.clone())
        });
        holders
    }
}
