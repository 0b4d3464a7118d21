//! The plain judge over what is counted, for a pod of which nothing was prepared, and as if some
//! pods were not there. It looks at nodes and classes, and at no pods but those of the classes that
//! its terms, or theirs, are about.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::State;
use super::table::NONE;
use crate::filter::cycle::{Cycle, Host};
use crate::filter::default_spread::constraints;
use crate::filter::inter_pod_affinity::{self, incoming_term};
use crate::filter::node_ports::host_ports;
use crate::filter::{pod_topology_spread, volume_restrictions};
use crate::inventory::pod::{HostPort, Pod, PodVolume};
use crate::inventory::requests::{Resources, requests};
use crate::judge::{Judgement, States, judge_states};
use crate::profile::Profile;

/// What hosts refer to while the plain judge looks at them.
#[derive(Debug, Default)]
struct Guests {
    /// The pods with volumes, and one that stands for all others.
    mounted: BTreeMap<u32, Pod>,
    blank: Pod,
    nominated: Vec<Pod>,
    /// A pod of each class that counts for the terms, once as it is and once terminating.
    likes: Vec<Pod>,
    /// By node: those that are there.
    near: BTreeMap<u32, Vec<usize>>,
}

impl State {
    /// What the plain judge says of a pod, by a profile, as if the pods with these numbers
    /// ([`State::pod_number`]) were not there. Nothing has to be prepared; the work grows with the
    /// nodes, the classes and the pods that the terms are about.
    pub fn judge_without<R>(
        &self,
        pod: &Pod,
        profile: &Profile,
        leave: &BTreeSet<u32>,
        then: impl FnOnce(&Judgement<'_>) -> R,
    ) -> R {
        let mut guests = self.guests_without(pod, profile, leave);
        self.seat_classes(pod, profile, leave, &mut guests);
        let mut nominated: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
        for other in &guests.nominated {
            if let Some(node) = &other.nominated_node {
                nominated.entry(node).or_default().push(other);
            }
        }
        let cycle = Cycle {
            pod,
            inventory: &self.objects,
            semantics: self.semantics,
            profile: Cow::Borrowed(profile),
            spread: constraints(&self.objects, pod, profile),
            hosts: self.hosts_without(pod, &guests, leave),
            nominated,
        };
        let terms = Cycle { hosts: self.hosts_of_terms(&guests), ..cycle.clone() };
        let in_use = |claim: &str| self.is_claim_used(&pod.namespace, claim, leave);
        let restrictions = volume_restrictions::pre_filter_with(&cycle, &in_use);
        let spread = pod_topology_spread::pre_filter(&terms);
        let inter_pod = inter_pod_affinity::pre_filter(&terms);
        let states = States::with_counts(&cycle, restrictions, spread, inter_pod);
        then(&judge_states(&cycle, &states))
    }

    /// The pods of a namespace that are not finished.
    #[must_use]
    pub fn pods_in(&self, namespace: &str) -> Vec<Pod> {
        let Some(id) = self.strings.get(namespace) else {
            return Vec::new();
        };
        let classes = self.pods.classes.iter().filter(|(_, kind, _)| kind.namespace == id);
        let pods = classes.flat_map(|(_, _, class)| &class.pods);
        pods.map(|pod| self.pod_of(*pod)).collect()
    }

    fn guests_without(&self, pod: &Pod, profile: &Profile, leave: &BTreeSet<u32>) -> Guests {
        let mounted = self.nodes.slots().flat_map(|(_, slot)| &slot.mounted);
        let mounted = mounted.filter(|other| !leave.contains(other));
        let yields = |other: &Pod| {
            other.priority >= pod.priority && !other.is_same(pod) && profile.serves(other)
        };
        let nominated = self.pods.nominated.keys().filter(|other| !leave.contains(other));
        Guests {
            mounted: mounted.map(|other| (*other, self.mounted(*other))).collect(),
            nominated: nominated.map(|other| self.pod_of(*other)).filter(yields).collect(),
            ..Guests::default()
        }
    }

    /// Finds the classes that the pod's terms select, or that carry terms.
    fn seat_classes(
        &self,
        pod: &Pod,
        profile: &Profile,
        leave: &BTreeSet<u32>,
        guests: &mut Guests,
    ) {
        let spread = constraints(&self.objects, pod, profile);
        let empty = Cycle {
            pod,
            inventory: &self.objects,
            semantics: self.semantics,
            profile: Cow::Borrowed(profile),
            spread: Cow::Borrowed(&spread),
            hosts: Vec::new(),
            nominated: BTreeMap::new(),
        };
        let terms = pod.affinity.iter().chain(&pod.anti_affinity);
        let terms: Vec<_> = terms.map(|term| incoming_term(&empty, term)).collect();
        let concerns = |like: &Pod| {
            let mut selectors = spread.iter().filter_map(|one| one.selector.as_ref());
            terms.iter().any(|term| term.selects(like))
                || (like.namespace == pod.namespace
                    && selectors.any(|selector| selector.matches(&like.labels)))
        };
        for (_, kind, class) in self.pods.classes.iter() {
            let carries = !self.pods.specs.at(kind.spec).template.anti_affinity.is_empty();
            if !carries && terms.is_empty() && spread.is_empty() {
                continue;
            }
            let like = self.pod_like(*kind);
            if !carries && !concerns(&like) {
                continue;
            }
            let mut leaving = like.clone();
            leaving.terminating = true;
            let first = guests.likes.len();
            guests.likes.extend([like, leaving]);
            for other in class.pods.iter().filter(|other| !leave.contains(other)) {
                let (node, terminating) = self.pods.whereabouts(*other);
                if node != NONE {
                    guests.near.entry(node).or_default().push(first + usize::from(terminating));
                }
            }
        }
    }

    /// The nodes with what is taken; the filters that count pods must not look at these.
    fn hosts_without<'a>(
        &'a self,
        pod: &Pod,
        guests: &'a Guests,
        leave: &BTreeSet<u32>,
    ) -> Vec<Host<'a>> {
        let mut left: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for other in leave {
            let (node, _) = self.pods.whereabouts(*other);
            left.entry(node).or_default().push(*other);
        }
        let wants_ports = host_ports(pod).next().is_some();
        let host = |(number, node): (u32, &'a _)| {
            let slot = self.nodes.slot(number);
            // Of several with wrong volumes the first by name is the one that is said.
            let mut pods: Vec<&Pod> =
                slot.mounted.iter().filter_map(|other| guests.mounted.get(other)).collect();
            pods.sort_unstable_by_key(|other| (&other.namespace, &other.name));
            let gone = left.get(&number).map(Vec::as_slice).unwrap_or_default();
            pods.resize(slot.pods.len().saturating_sub(gone.len()), &guests.blank);
            let mut requested = self.requested(number);
            for other in gone {
                let spec = self.pods.specs.at(self.pods.kind(*other).0.spec);
                let taken = requests(&spec.template, Some(self.semantics.resizing));
                requested.subtract(&Resources::of(&taken));
            }
            let ports = match wants_ports {
                true => self.ports_without(number, leave),
                false => BTreeSet::new(),
            };
            let node: &crate::inventory::node::Node = node;
            Host { node, pods, requested, allocatable: Resources::of(&node.allocatable), ports }
        };
        let mut hosts: Vec<Host<'a>> = self.nodes.iter().map(host).collect();
        hosts.sort_by(|one, other| one.node.name.cmp(&other.node.name));
        hosts
    }

    fn ports_without(&self, node: u32, leave: &BTreeSet<u32>) -> BTreeSet<&HostPort> {
        let pods = self.nodes.slot(node).pods.iter().filter(|pod| !leave.contains(pod));
        let specs = pods.map(|pod| self.pods.specs.at(self.pods.kind(*pod).0.spec));
        let with_ports = specs.filter(|spec| !spec.ports.is_empty());
        with_ports.flat_map(|spec| host_ports(&spec.template)).collect()
    }

    /// The nodes with the pods that count for the terms, and with nothing else.
    fn hosts_of_terms<'a>(&'a self, guests: &'a Guests) -> Vec<Host<'a>> {
        let hosts = self.nodes.iter().map(|(number, node)| {
            let near = guests.near.get(&number).map(Vec::as_slice).unwrap_or_default();
            let pods = near.iter().filter_map(|at| guests.likes.get(*at)).collect();
            Host { pods, ..Host::empty(node) }
        });
        hosts.collect()
    }

    /// Do other pods than these use the claim?
    fn is_claim_used(&self, namespace: &str, claim: &str, leave: &BTreeSet<u32>) -> bool {
        let Some(namespace) = self.strings.get(namespace) else {
            return false;
        };
        // Counted for each volume of each pod on a node.
        let uses = self.pods.claims.get(&(namespace, claim.to_owned())).copied().unwrap_or(0);
        let there = leave.iter().filter(|pod| {
            self.pods.whereabouts(**pod).0 != NONE && self.pods.kind(**pod).0.namespace == namespace
        });
        let mounts = there.filter_map(|pod| self.pods.mounts.get(pod));
        let volumes = mounts.flat_map(|mount| &mount.volumes);
        let left = volumes.filter(|one| matches!(one, PodVolume::Claim(name) if name == claim));
        uses as usize > left.count()
    }
}
