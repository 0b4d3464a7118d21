//! Pods with volumes: these filters look at each node that is left.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::State;
use super::bits::{ones, set};
use super::decide::Scratch;
use crate::filter::cycle::{Cycle, Host};
use crate::filter::{Plugin, Stage};
use crate::inventory::pod::{Pod, PodVolume};
use crate::inventory::requests::Resources;
use crate::judge::{Narrowed, Objection, States, narrow};

/// The filters that look at volumes, in their order.
const BY_VOLUME: [Plugin; 4] = [
    Plugin::VolumeRestrictions,
    Plugin::NodeVolumeLimits,
    Plugin::VolumeBinding,
    Plugin::VolumeZone,
];

impl State {
    /// A cycle without nodes.
    fn bare_cycle<'a>(&'a self, pod: &'a Pod) -> Cycle<'a> {
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
        let has_disk = pod.volumes.iter().any(|volume| matches!(volume, PodVolume::Disk(_)));
        for plugin in BY_VOLUME {
            let mut found = BTreeMap::new();
            for number in ones(&scratch.decision.feasible) {
                let Some(node) = self.nodes.node(number) else {
                    continue;
                };
                let limits = self.objects.csi_nodes.get(&node.name).map(|csi| &csi.limits);
                let looks_at_pods = match plugin {
                    Plugin::VolumeRestrictions => has_disk,
                    Plugin::NodeVolumeLimits => limits.is_some_and(|limits| !limits.is_empty()),
                    _ => false,
                };
                let mounted = self.nodes.slot(number).mounted.iter().filter(|_| looks_at_pods);
                let pods: Vec<Pod> = mounted.map(|pod| self.mounted(*pod)).collect();
                let host = Host {
                    node,
                    pods: pods.iter().collect(),
                    requested: Resources::default(),
                    allocatable: Resources::default(),
                    ports: BTreeSet::new(),
                };
                if let Err(rejection) = states.filter(plugin, &cycle, &host) {
                    set(found.entry(rejection.code).or_insert_with(Vec::new), number);
                }
            }
            for (code, row) in found {
                scratch.clear_mask();
                super::bits::unite(&mut scratch.mask, &row);
                scratch.strike(plugin, code);
            }
        }
    }

    /// A pod, as far as the filters of volumes read it.
    pub(super) fn mounted(&self, pod: u32) -> Pod {
        let (kind, _) = self.pods.kind(pod);
        let mount = self.pods.mounts.get(&pod).cloned().unwrap_or_default();
        Pod {
            namespace: self.strings.text(kind.namespace).to_owned(),
            uid: mount.uid,
            volumes: mount.volumes,
            ..Pod::default()
        }
    }
}
