//! Who is in the way on the nodes of a group.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use placecard_feasibility::filter::cycle::{Host, taken};
use placecard_feasibility::filter::{node_ports, volume_restrictions};
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::{Pod, PodSpec};
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::state::Tenant;

use super::amounts::amount_of;
use super::facts::{Fact, Lack, Scene};
use super::groups::{Group, Held, Holder, HolderOf, Shared, holder_of};
use super::rest::Rest;
use crate::kinds::POD_TEMPLATE_HASH;

/// Names the pods, by their controllers, that are in the way on the nodes of the groups.
pub(crate) fn name_blockers(scene: &Scene<'_>, rest: &Rest<'_>, groups: &mut [Group]) {
    let hosts: BTreeMap<&str, &Host<'_>> =
        scene.cycle.hosts.iter().map(|host| (host.node.name.as_str(), host)).collect();
    for group in groups {
        let Group { nodes, facts, .. } = group;
        let members: Vec<&Host<'_>> =
            nodes.iter().filter_map(|node| hosts.get(node.as_str()).copied()).collect();
        for shared in facts {
            of_fact(scene, rest, &members, shared);
        }
    }
}

fn of_fact<'t>(
    scene: &'t Scene<'t>,
    rest: &'t Rest<'_>,
    hosts: &'t [&'t Host<'t>],
    shared: &mut Shared,
) {
    let mut found = Found { named: matches!(rest, Rest::Nobody), ..Found::default() };
    let pod = scene.cycle.pod;
    match &shared.fact {
        Fact::Resource { name, lack: Lack::Taken } => {
            let mut amounts = Amounts::new(name, scene.cycle.semantics);
            found.note_tenants(rest, hosts, |tenant| amounts.of(tenant.spec));
        }
        Fact::Slots => found.note_tenants(rest, hosts, |_| 1),
        Fact::Port(wanted) => {
            for host in hosts {
                let takers = node_ports::takers(pod, host);
                let takers = takers.filter(|(port, _)| port.port == *wanted);
                // A pod may have the port at several addresses.
                let once: BTreeMap<(&str, &str), &Pod> =
                    takers.map(|(_, it)| ((&*it.namespace, &*it.name), it)).collect();
                found.note_all(once.into_values());
            }
        }
        Fact::Disk => {
            for host in hosts {
                found.note_all(volume_restrictions::disk_takers(pod, host));
            }
        }
        Fact::ClaimInUse(claim) => found.note_all(scene.users(claim).iter().copied()),
        Fact::AntiAffinity(index) => {
            let term = pod.anti_affinity.get(*index);
            for node in one_of_each(hosts, term.map_or("", |term| &term.topology_key)) {
                found.note_all(scene.matched(*index, node).iter().copied());
            }
        }
        Fact::Repelled(key) => {
            for node in one_of_each(hosts, key) {
                found.note_all(scene.repellers(key, node).iter().copied());
            }
        }
        Fact::Reserved => {
            for host in hosts {
                let pods = scene.cycle.nominated.get(host.node.name.as_str());
                found.note_all(pods.into_iter().flatten().copied());
            }
        }
        Fact::Spread(index) => {
            if let Some(spread) = pod.spread.get(*index) {
                shared.emptiest.extend(scene.emptiest(spread).map(str::to_owned));
            }
        }
        _ => return,
    }
    shared.holders = found.holders();
}

/// A node of each domain.
fn one_of_each<'h>(hosts: &[&Host<'h>], key: &str) -> impl Iterator<Item = &'h Node> + use<'h> {
    let value = |host: &&Host<'h>| Some((host.node.labels.get(key)?.as_str(), host.node));
    hosts.iter().filter_map(value).collect::<BTreeMap<&str, &Node>>().into_values()
}

/// What pods have of a resource, worked out once for all that share a spec.
pub(crate) struct Amounts<'n> {
    name: &'n str,
    semantics: Semantics,
    /// By where the spec is: for as long as this is asked, that is there.
    known: HashMap<*const PodSpec, i64>,
}

impl<'n> Amounts<'n> {
    pub(crate) fn new(name: &'n str, semantics: Semantics) -> Self {
        Self { name, semantics, known: HashMap::new() }
    }

    /// `spec` has to outlive this.
    pub(crate) fn of(&mut self, spec: &PodSpec) -> i64 {
        let amount = || amount_of(&taken(spec, self.semantics), self.name);
        *self.known.entry(std::ptr::from_ref(spec)).or_insert_with(amount)
    }
}

/// The pods in the way, by controller.
#[derive(Default)]
struct Found<'t> {
    /// The names of the pods are wanted.
    named: bool,
    places: HashMap<HolderOf<'t>, usize>,
    held: Vec<(HolderOf<'t>, Has<'t>)>,
}

#[derive(Default)]
struct Has<'t> {
    count: usize,
    amount: i64,
    pods: Vec<&'t str>,
    nodes: Vec<&'t str>,
}

impl<'t> Found<'t> {
    /// A pod that has this much of what is wanted; none if that is nothing.
    fn note(&mut self, tenant: &Tenant<'t>, node: Option<&'t str>, amount: i64) {
        if amount <= 0 {
            return;
        }
        let holder = holder_of(tenant);
        let place = *self.places.entry(holder).or_insert_with(|| {
            self.held.push((holder, Has::default()));
            self.held.len() - 1
        });
        let Some((_, has)) = self.held.get_mut(place) else { return };
        has.count += 1;
        has.amount = has.amount.saturating_add(amount);
        if self.named {
            has.pods.push(tenant.name);
        }
        // Pods come node by node.
        has.nodes.extend(node.filter(|node| has.nodes.last() != Some(node)));
    }

    /// Everybody on the nodes.
    fn note_tenants(
        &mut self,
        rest: &'t Rest<'_>,
        hosts: &'t [&'t Host<'t>],
        mut amount: impl FnMut(&Tenant<'t>) -> i64,
    ) {
        for host in hosts {
            for tenant in rest.tenants(host) {
                let amount = amount(&tenant);
                self.note(&tenant, Some(&host.node.name), amount);
            }
        }
    }

    /// These pods, none of which was there before.
    fn note_all(&mut self, pods: impl Iterator<Item = &'t Pod>) {
        for pod in pods {
            self.note(&Tenant::of(pod, POD_TEMPLATE_HASH), pod.node.as_deref(), 1);
        }
    }

    fn holders(self) -> Vec<(Holder, Held)> {
        let mut nodes: BTreeMap<&str, Arc<str>> = BTreeMap::new();
        let mut holders: Vec<(Holder, Held)> = Vec::new();
        for (holder, mut has) in self.held {
            has.nodes.sort_unstable();
            has.nodes.dedup();
            let node = |name: &'t str| nodes.entry(name).or_insert_with(|| name.into()).clone();
            let held = Held {
                count: has.count,
                pods: has.pods.into_iter().map(str::to_owned).collect(),
                amount: has.amount,
                nodes: has.nodes.into_iter().map(node).collect(),
            };
            holders.push((Holder::from(&holder), held));
        }
        holders.sort_unstable_by(|(one, has), (other, had)| {
            let most = |held: &Held| (Reverse(held.amount), Reverse(held.count));
            most(has).cmp(&most(had)).then_with(|| one.cmp(other))
        });
        holders
    }
}
