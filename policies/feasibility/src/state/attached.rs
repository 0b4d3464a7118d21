//! How many volumes the pods on each node have, beside how many its drivers take.

use std::collections::BTreeMap;

use crate::inventory::pod::PodVolume;

/// One node.
#[derive(Clone, Copy, Debug, Default)]
struct Attached {
    /// The least that any driver takes, if there are limits.
    least: Option<i64>,
    /// The volumes of the pods on it, at most one of a driver for each.
    volumes: i64,
    /// Those among them for which a claim might be missing or foreign.
    odd: i64,
}

/// All nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Attachments {
    nodes: Vec<Attached>,
}

impl Attachments {
    fn change(&mut self, node: u32, change: impl FnOnce(&mut Attached)) {
        if self.nodes.len() <= node as usize {
            self.nodes.resize(node as usize + 1, Attached::default());
        }
        if let Some(known) = self.nodes.get_mut(node as usize) {
            change(known);
        }
    }

    /// What the drivers on the node take.
    pub(super) fn limit(&mut self, node: u32, limits: Option<&BTreeMap<String, i64>>) {
        let least = limits.and_then(|limits| limits.values().min().copied());
        self.change(node, |one| one.least = least);
    }

    /// Counts the volumes of a pod on the node, or no longer.
    pub(super) fn count(&mut self, node: u32, volumes: &[PodVolume], more: bool) {
        let is_odd = |volume: &&PodVolume| match volume {
            PodVolume::Claim(name) => name.is_empty(),
            PodVolume::Ephemeral(_) => true,
            PodVolume::Disk(_) | PodVolume::Migrated(_) => false,
        };
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let by = (number(volumes.len()), number(volumes.iter().filter(is_odd).count()));
        let sum = |known: i64, by: i64| if more { known + by } else { known - by };
        self.change(node, |one| {
            (one.volumes, one.odd) = (sum(one.volumes, by.0), sum(one.odd, by.1));
        });
    }

    /// Might a pod with so many volumes, whose claims are there, be one too many?
    pub(super) fn might_exceed(&self, node: u32, wanted: usize) -> bool {
        let one = self.nodes.get(node as usize).copied().unwrap_or_default();
        let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
        one.least.is_some_and(|least| one.odd > 0 || one.volumes.saturating_add(wanted) > least)
    }
}
