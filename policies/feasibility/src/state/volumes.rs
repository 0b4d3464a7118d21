//! Pods with volumes: rows of bits where they will do; the plain filters look at the other nodes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::State;
use super::bits::{ones, set};
use super::decide::{Plugins, Scratch, UNRESOLVABLE};
use crate::filter::cycle::{Cycle, Host};
use crate::filter::{Plugin, Stage, node_volume_limits};
use crate::inventory::kind::Kind;
use crate::inventory::node::Node;
use crate::inventory::pod::{Pod, PodVolume};
use crate::inventory::requests::Resources;
use crate::judge::{Narrowed, Objection, States, narrow};

impl State {
    /// A cycle without nodes.
    pub(super) fn bare_cycle<'a>(&'a self, pod: &'a Pod) -> Cycle<'a> {
        Cycle {
            pod,
            inventory: &self.objects,
            semantics: self.semantics,
            profile: Cow::Borrowed(&self.profile),
            spread: Cow::Borrowed(&pod.spread),
            hosts: Vec::new(),
            nominated: BTreeMap::new(),
        }
    }

    /// What the pre-filters find that look at names and volumes.
    fn states<'a>(
        &self,
        cycle: &Cycle<'a>,
        node_affinity: Stage<Option<BTreeSet<String>>>,
    ) -> States<'a> {
        let namespace = self.strings.get(&cycle.pod.namespace);
        let in_use = |claim: &str| {
            namespace.is_some_and(|id| self.pods.claims.contains_key(&(id, claim.to_owned())))
        };
        States::of_volumes(cycle, node_affinity, &in_use)
    }

    /// The pre-filters of a pod that names nodes or has volumes.
    ///
    /// # Errors
    ///
    /// What rejects all nodes at once.
    pub(super) fn pre_filter(
        &self,
        pod: &Pod,
        node_affinity: Stage<Option<BTreeSet<String>>>,
    ) -> Result<Narrowed, Objection> {
        let cycle = self.bare_cycle(pod);
        narrow(&cycle, &self.states(&cycle, node_affinity))
    }

    /// Volumes that are elsewhere, taken, or too many.
    pub(super) fn strike_by_volume(&self, pod: &Pod, scratch: &mut Scratch) {
        let cycle = self.bare_cycle(pod);
        let states = self.states(&cycle, Stage::Skip);
        self.strike_restricted(&cycle, &states, scratch);
        self.strike_full(&cycle, &states, scratch);
        let missing = self.objects.is_unknown(Kind::PersistentVolume);
        let reaching = match &states.volume_binding {
            Stage::Ready(state) => {
                state.only_bound().and_then(|claims| self.reaching(claims, missing))
            }
            Stage::Skip | Stage::Rejected(_) => None,
        };
        let placed = match &states.volume_zone {
            Stage::Ready(places) => self.in_places(places),
            Stage::Skip | Stage::Rejected(_) => None,
        };
        for (plugin, row) in [(Plugin::VolumeBinding, reaching), (Plugin::VolumeZone, placed)] {
            match row {
                Some(row) => scratch.strike_all_but(&row, plugin, UNRESOLVABLE),
                None => self.strike_each(plugin, &cycle, &states, scratch, |_| true),
            }
        }
    }

    /// Disks and claims that others use. Without disks it is the same on every node.
    fn strike_restricted(&self, cycle: &Cycle<'_>, states: &States<'_>, scratch: &mut Scratch) {
        let plugin = Plugin::VolumeRestrictions;
        if cycle.pod.volumes.iter().any(|volume| matches!(volume, PodVolume::Disk(_))) {
            return self.strike_each(plugin, cycle, states, scratch, |_| true);
        }
        let node = Node::default();
        if let Err(rejection) = states.filter(plugin, cycle, &bare_host(&node, &[])) {
            scratch.strike_row(&self.nodes.there, 0, Plugins::of(&[plugin]), rejection.code);
        }
    }

    /// Nodes that can hold no more volumes. Most can hold many more.
    fn strike_full(&self, cycle: &Cycle<'_>, states: &States<'_>, scratch: &mut Scratch) {
        let has_claims = node_volume_limits::has_claims(cycle);
        let wanted = cycle.pod.volumes.len();
        self.strike_each(Plugin::NodeVolumeLimits, cycle, states, scratch, |number| {
            !has_claims || self.attachments.might_exceed(number, wanted)
        });
    }

    /// Looks at each node that is left and suspect.
    fn strike_each(
        &self,
        plugin: Plugin,
        cycle: &Cycle<'_>,
        states: &States<'_>,
        scratch: &mut Scratch,
        is_suspect: impl Fn(u32) -> bool,
    ) {
        let skipped = match plugin {
            Plugin::VolumeBinding => matches!(states.volume_binding, Stage::Skip),
            Plugin::VolumeZone => matches!(states.volume_zone, Stage::Skip),
            _ => false,
        };
        if skipped {
            return;
        }
        let looks_at_pods = matches!(plugin, Plugin::VolumeRestrictions | Plugin::NodeVolumeLimits);
        let mut found = BTreeMap::new();
        for number in ones(&scratch.decision.feasible).filter(|number| is_suspect(*number)) {
            let Some(node) = self.nodes.node(number) else {
                continue;
            };
            let mounted = self.nodes.slot(number).mounted.iter().filter(|_| looks_at_pods);
            let pods: Vec<Pod> = mounted.map(|pod| self.mounted(*pod)).collect();
            if let Err(rejection) = states.filter(plugin, cycle, &bare_host(node, &pods)) {
                set(found.entry(rejection.code).or_insert_with(Vec::new), number);
            }
        }
        for (code, row) in found {
            scratch.strike_row(&row, 0, Plugins::of(&[plugin]), code);
        }
    }

    /// A pod, as far as the filters of volumes read it and their reasons name it.
    pub(super) fn mounted(&self, pod: u32) -> Pod {
        let (kind, _) = self.pods.kind(pod);
        let mount = self.pods.mounts.get(&pod).cloned().unwrap_or_default();
        Pod {
            name: self.pods.name(pod).to_owned(),
            namespace: self.strings.text(kind.namespace).into(),
            uid: mount.uid,
            volumes: mount.volumes,
            ..Pod::default()
        }
    }
}

/// A node with these pods, as far as the filters of volumes read it.
fn bare_host<'a>(node: &'a Node, pods: &'a [Pod]) -> Host<'a> {
    Host {
        node,
        pods: pods.iter().collect(),
        others: 0,
        requested: Resources::default(),
        allocatable: Resources::default(),
        ports: BTreeSet::new(),
    }
}
