//! The plain judge over what is counted: for all reasons, for nodes where room is being made for
//! other pods, and for profiles that are not the ordinary one. It looks at nodes and domains, not
//! at pods.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::State;
use super::decide::Scratch;
use super::shapes::{Prepared, Shape};
use super::strings::Pairs;
use crate::filter::cycle::{Cycle, Host};
use crate::filter::default_spread::constraints;
use crate::filter::inter_pod_affinity::{self, Counts};
use crate::filter::pod_topology_spread;
use crate::filter::{Stage, volume_restrictions};
use crate::inventory::pod::{HostPort, Pod, TopologySpread, WhenUnsatisfiable};
use crate::inventory::requests::Resources;
use crate::judge::{Judgement, States, judge_cycle, judge_states};

/// What hosts refer to while the plain judge looks at them.
#[derive(Debug)]
struct Guests {
    /// The pods with volumes, and one that stands for all others.
    pods: BTreeMap<u32, Pod>,
    blank: Pod,
    nominated: Vec<Pod>,
}

impl State {
    /// What the plain judge says, with all reasons, given to `then`. `prepared` as in
    /// [`State::decide`].
    pub fn judgement<R>(
        &self,
        pod: &Pod,
        prepared: Prepared,
        then: impl FnOnce(&Judgement<'_>) -> R,
    ) -> R {
        match self.shapes.prepared(prepared) {
            Some(shape) if !self.spreads_by_default(pod) => {
                let guests = self.guests(pod, |_| true);
                let cycle = self.counted_cycle(pod, &guests, |_| true);
                then(&judge_states(&cycle, &self.counted_states(&cycle, shape)))
            }
            _ => then(&judge_cycle(&self.view().cycle(pod))),
        }
    }

    /// The whole decision by the plain judge.
    pub(super) fn decide_counted(&self, pod: &Pod, shape: &Shape, scratch: &mut Scratch) {
        if self.spreads_by_default(pod) {
            return self.decide_plainly(pod, scratch);
        }
        scratch.begin(&self.nodes.there);
        let guests = self.guests(pod, |_| true);
        let cycle = self.counted_cycle(pod, &guests, |_| true);
        self.adopt(judge_states(&cycle, &self.counted_states(&cycle, shape)), scratch);
    }

    /// Judges again the nodes where room is being made for pods to which this one must yield.
    pub(super) fn yield_room(&self, pod: &Pod, shape: &Shape, scratch: &mut Scratch) {
        if self.pods.nominated.is_empty() || scratch.decision.pre_filter.is_some() {
            return;
        }
        let guests = self.guests(pod, |_| false);
        let names = guests.nominated.iter().filter_map(|other| other.nominated_node.as_deref());
        let nodes: BTreeSet<u32> = names.filter_map(|name| self.node_number(name)).collect();
        if nodes.is_empty() {
            return;
        }
        let guests = self.guests(pod, |node| nodes.contains(&node));
        let cycle = self.counted_cycle(pod, &guests, |node| nodes.contains(&node));
        self.adopt(judge_states(&cycle, &self.counted_states(&cycle, shape)), scratch);
    }

    /// Might default constraints reject a node for the pod? They are not counted.
    fn spreads_by_default(&self, pod: &Pod) -> bool {
        let hard =
            |one: &TopologySpread| one.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule;
        pod.spread.is_empty() && self.profile.default_spread.constraints.iter().any(hard)
    }

    fn guests(&self, pod: &Pod, wanted: impl Fn(u32) -> bool) -> Guests {
        let nodes = self.nodes.slots().filter(|(node, _)| wanted(*node));
        let mounted = nodes.flat_map(|(_, slot)| &slot.mounted);
        let nominated = self.pods.nominated.keys().map(|other| self.pod_of(*other));
        let yields = |other: &Pod| {
            other.priority >= pod.priority && !other.is_same(pod) && self.profile.serves(other)
        };
        Guests {
            pods: mounted.map(|other| (*other, self.mounted(*other))).collect(),
            blank: Pod::default(),
            nominated: nominated.filter(yields).collect(),
        }
    }

    /// The cluster of these nodes; the filters that count pods must not look at them.
    fn counted_cycle<'a>(
        &'a self,
        pod: &'a Pod,
        guests: &'a Guests,
        wanted: impl Fn(u32) -> bool,
    ) -> Cycle<'a> {
        let mut hosts: Vec<Host<'a>> = (self.nodes.iter())
            .filter(|(node, _)| wanted(*node))
            .map(|(number, node)| {
                let slot = self.nodes.slot(number);
                // Of several with wrong volumes the first by name is the one that is said.
                let mut pods: Vec<&Pod> =
                    slot.mounted.iter().filter_map(|pod| guests.pods.get(pod)).collect();
                pods.sort_unstable_by_key(|pod| (&pod.namespace, &pod.name));
                pods.resize(slot.pods.len(), &guests.blank);
                Host {
                    node,
                    pods,
                    others: 0,
                    requested: self.requested(number),
                    allocatable: Resources::of(&node.allocatable),
                    ports: self.ports_on(number),
                }
            })
            .collect();
        hosts.sort_by(|one, other| one.node.name.cmp(&other.node.name));
        let mut nominated: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
        for other in &guests.nominated {
            if let Some(node) = &other.nominated_node {
                nominated.entry(node).or_default().push(other);
            }
        }
        Cycle {
            pod,
            inventory: &self.objects,
            semantics: self.semantics,
            profile: Cow::Borrowed(&self.profile),
            spread: constraints(&self.objects, pod, &self.profile),
            hosts,
            nominated,
        }
    }

    /// The ports that are taken on a node.
    fn ports_on(&self, node: u32) -> BTreeSet<&HostPort> {
        let pods = self.nodes.slot(node).pods.iter();
        let specs = pods.map(|pod| self.pods.specs.at(self.pods.kind(*pod).0.spec));
        let with_ports = specs.filter(|spec| !spec.ports.is_empty());
        with_ports.flat_map(|spec| crate::filter::node_ports::host_ports(&spec.template)).collect()
    }

    /// What the pre-filters find, from the counts.
    fn counted_states<'a>(&'a self, cycle: &Cycle<'a>, shape: &Shape) -> States<'a> {
        let namespace = self.strings.get(&cycle.pod.namespace);
        let in_use = |claim: &str| {
            namespace.is_some_and(|id| self.pods.claims.contains_key(&(id, claim.to_owned())))
        };
        let restrictions = volume_restrictions::pre_filter_with(cycle, &in_use);
        let spread = self.counted_spread(cycle, shape);
        States::with_counts(cycle, restrictions, spread, self.counted_terms(cycle, shape))
    }

    fn counted_spread<'a>(
        &'a self,
        cycle: &Cycle<'a>,
        shape: &Shape,
    ) -> Stage<pod_topology_spread::State<'a>> {
        let hard =
            |one: &&TopologySpread| one.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule;
        let written = cycle.spread.iter().filter(hard).cloned();
        let counts = shape.spread.iter().map(|constraint| {
            let spread = self.topology.spreads.at(constraint.spread);
            let extent = self.topology.extents.at(spread.extent);
            let domains = self.topology.columns.at(constraint.column).values();
            let counted = domains.filter(|(_, domain)| extent.size(*domain) > 0);
            let count =
                |(value, domain)| (self.strings.text(value), i64::from(spread.pods.of(domain)));
            counted.map(count).collect::<BTreeMap<_, _>>()
        });
        pod_topology_spread::State::counted(cycle, written.zip(counts).collect())
    }

    fn counted_terms<'a>(
        &'a self,
        cycle: &Cycle<'a>,
        shape: &Shape,
    ) -> Stage<inter_pod_affinity::State<'a>> {
        let mut pairs = Pairs::new();
        self.strings.known_pairs(&cycle.pod.labels, &mut pairs);
        let companions = self.counts(shape.affinity.iter().copied());
        let repelled = self.counts(shape.anti_affinity.iter().copied());
        let repelling = self.counts(self.repelling(shape, &pairs));
        inter_pod_affinity::State::counted(cycle, companions, repelled, repelling)
    }

    /// The counts by label and value.
    fn counts(&self, counters: impl Iterator<Item = u32>) -> Counts<'_> {
        let mut counts = Counts::new();
        for counter in counters {
            let counter = self.topology.counters.at(counter);
            let column = self.topology.columns.at(counter.column);
            let key = self.strings.text(column.key);
            for (value, domain) in column.values() {
                let count = i64::from(counter.pods.of(domain));
                if count > 0 {
                    *counts.entry((key, self.strings.text(value))).or_default() += count;
                }
            }
        }
        counts
    }
}
