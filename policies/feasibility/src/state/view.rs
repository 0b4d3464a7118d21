//! The cluster as the plain judge and the scores read it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::State;
use crate::filter::cycle::{Cycle, Host};
use crate::filter::default_spread::constraints;
use crate::filter::node_ports::host_ports;
use crate::inventory::Inventory;
use crate::inventory::pod::Pod;
use crate::inventory::requests::Resources;

/// One pod of each class, and which of them are on each node. Making it takes time for each pod.
#[derive(Debug)]
pub struct View<'s> {
    state: &'s State,
    pods: Vec<Pod>,
    /// By name of the node: its number, and the pods on it.
    nodes: BTreeMap<&'s str, (u32, Vec<usize>)>,
    nominated: Vec<Pod>,
}

impl State {
    /// The cluster as [`crate::judge::judge_cycle`] and [`crate::judge::score_cycle`] read it, for
    /// all the reasons and for scores.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        let mut pods: Vec<Pod> = Vec::new();
        let mut nodes: BTreeMap<&str, (u32, Vec<usize>)> = self
            .nodes
            .iter()
            .map(|(number, node)| (node.name.as_str(), (number, Vec::new())))
            .collect();
        let mut by_class = BTreeMap::new();
        for (number, list) in nodes.values_mut() {
            let mut mounted = Vec::new();
            for pod in &self.nodes.slot(*number).pods {
                let (kind, _) = self.pods.kind(*pod);
                let (_, terminating) = self.pods.whereabouts(*pod);
                let mut add = || {
                    pods.push(self.pod_of(*pod));
                    pods.len() - 1
                };
                if self.pods.mounts.contains_key(pod) {
                    mounted.push(add());
                } else {
                    let kind = (kind.namespace, kind.labels, kind.spec, terminating);
                    list.push(*by_class.entry(kind).or_insert_with(add));
                }
            }
            // Of several with wrong volumes the first by name is the one that is said.
            mounted.sort_by_key(|at| pods.get(*at).map(|pod| (&pod.namespace, &pod.name)));
            list.append(&mut mounted);
        }
        let nominated = self.pods.nominated.keys().map(|pod| self.pod_of(*pod)).collect();
        View { state: self, pods, nodes, nominated }
    }

    /// What the pods on a node take, as far as a filter or a score compares it.
    pub(super) fn requested(&self, node: u32) -> Resources {
        let ([cpu, memory, disk, free_cpu, free_memory, free_disk, _, _], scalars) =
            self.rows.row(node);
        let taken = scalars.into_iter().filter(|(_, _, taken)| *taken != 0);
        let text = |id: u32| self.strings.text(id).to_owned();
        Resources {
            milli_cpu: cpu.wrapping_sub(free_cpu),
            memory: memory.wrapping_sub(free_memory),
            ephemeral_storage: disk.wrapping_sub(free_disk),
            pods: 0,
            scalars: taken.map(|(name, _, taken)| (text(name), taken)).collect(),
        }
    }

    /// What a pod takes.
    pub(super) fn taken(&self, pod: u32) -> Resources {
        let amount = &self.pods.specs.at(self.pods.kind(pod).0.spec).amount;
        let [milli_cpu, memory, ephemeral_storage] = amount.main;
        let scalar = |(name, taken): &(u32, i64)| (self.strings.text(*name).to_owned(), *taken);
        let scalars = amount.scalars.iter().map(scalar).collect();
        Resources { milli_cpu, memory, ephemeral_storage, pods: 0, scalars }
    }

    /// The cluster as an inventory again. Finished pods are not in it, nor what no filter and no
    /// score reads.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        let mut inventory = self.objects.clone();
        let nodes = self.nodes.iter().map(|(_, node)| (node.name.clone(), node.clone()));
        inventory.nodes = nodes.collect();
        inventory.pods = self.pods.numbers().map(|pod| self.pod_of(pod)).collect();
        inventory
    }
}

impl View<'_> {
    /// The cluster while this pod is judged. Pods of a class are one and the same pod, under the
    /// name of one of them.
    #[must_use]
    pub fn cycle<'a>(&'a self, pod: &'a Pod) -> Cycle<'a> {
        let mut nominated: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
        for other in &self.nominated {
            if let Some(node) = &other.nominated_node
                && other.priority >= pod.priority
                && !other.is_same(pod)
                && self.state.profile.serves(other)
            {
                nominated.entry(node).or_default().push(other);
            }
        }
        let hosts = self.nodes.values().filter_map(|(number, pods)| self.host(*number, pods));
        Cycle {
            pod,
            inventory: &self.state.objects,
            semantics: self.state.semantics,
            profile: Cow::Borrowed(&self.state.profile),
            spread: constraints(&self.state.objects, pod, &self.state.profile),
            hosts: hosts.collect(),
            nominated,
        }
    }

    fn host(&self, number: u32, pods: &[usize]) -> Option<Host<'_>> {
        let node = self.state.nodes.node(number)?;
        let requested = self.state.requested(number);
        let allocatable = Resources::of(&node.allocatable);
        let pods: Vec<&Pod> = pods.iter().filter_map(|index| self.pods.get(*index)).collect();
        let ports = pods.iter().flat_map(|pod| host_ports(pod)).collect();
        Some(Host { node, pods, others: 0, requested, allocatable, ports })
    }
}

impl State {
    /// Everything that is counted, in words: equal for states that are equal, however they came
    /// about. For tests.
    #[must_use]
    pub fn census(&self) -> BTreeMap<String, String> {
        let mut census = BTreeMap::new();
        for (number, slot) in self.nodes.slots() {
            let (row, scalars) = self.rows.row(number);
            let scalars: BTreeMap<&str, (i64, i64)> = scalars
                .into_iter()
                .map(|(name, all, taken)| (self.strings.text(name), (all, taken)))
                .collect();
            let (pods, mounted) = (slot.pods.len(), slot.mounted.len());
            let assumed = self.scores.loads.taken(number);
            let text = format!(
                "{row:?} {scalars:?} {pods} pods, {mounted} with volumes, {assumed:?} assumed"
            );
            census.insert(format!("node {}", self.strings.text(slot.name)), text);
        }
        for (_, carrier, counter) in self.carriers.iter() {
            let scope = carrier.part.scope.text(&self.strings);
            let needs = carrier.part.needs.text(&self.strings);
            let counter = self.counter_text(*counter);
            if counter.1 != "{}" {
                census.insert(format!("carriers [{scope}] {needs} {}", counter.0), counter.1);
            }
        }
        for (_, carrier, preference) in self.scores.preferences.iter() {
            let scope = carrier.part.scope.text(&self.strings);
            let needs = carrier.part.needs.text(&self.strings);
            let column = self.topology.columns.at(carrier.column);
            let sums: BTreeMap<&str, i64> = column
                .values()
                .filter_map(|(value, domain)| {
                    Some((self.strings.text(value), *preference.sums.get(&domain)?))
                })
                .collect();
            // Sums of places that are gone would be left out, and are not to be overlooked.
            let text = format!("{sums:?} of {}", preference.sums.len());
            if text != "{} of 0" {
                let key = self.strings.text(column.key);
                census.insert(format!("preferred [{scope}] {needs} {key}"), text);
            }
        }
        for (_, parts, term) in self.terms.iter() {
            let text = |part: &super::terms::Part| {
                format!("[{}] {}", part.scope.text(&self.strings), part.needs.text(&self.strings))
            };
            let parts: Vec<String> = parts.iter().map(text).collect();
            for counter in &term.counters {
                let counter = self.counter_text(*counter);
                census.insert(format!("term {parts:?} {}", counter.0), counter.1);
            }
        }
        census
    }

    fn counter_text(&self, counter: u32) -> (String, String) {
        let counter = self.topology.counters.at(counter);
        let column = self.topology.columns.at(counter.column);
        let text = |id: u32| self.strings.text(id);
        let counts: BTreeMap<&str, u32> = column
            .values()
            .map(|(value, domain)| (text(value), counter.pods.of(domain)))
            .filter(|(_, count)| *count > 0)
            .collect();
        (text(column.key).to_owned(), format!("{counts:?}"))
    }
}
