//! What a pod that is on a node is counted for: terms, resources, ports and volumes.

use super::State;
use super::topology::Moved;
use crate::inventory::pod::PodVolume;

impl State {
    /// Counts a pod for all terms that look for it and those that it carries, or no longer; if its
    /// node has `moved`, only where it has.
    pub(super) fn count_terms(&mut self, pod: u32, node: u32, moved: Option<&Moved>, more: bool) {
        let (_, terminating) = self.pods.whereabouts(pod);
        let class = self.pods.classes.at(self.pods.class_of(pod));
        let topology = &mut self.topology;
        for term in &class.terms {
            let term = self.terms.at(*term);
            for counter in &term.counters {
                if moved.is_none_or(|moved| topology.counter_moved(*counter, moved)) {
                    topology.count(*counter, node, more);
                }
            }
            for spread in term.spreads.iter().filter(|_| !terminating) {
                if moved.is_none_or(|moved| topology.spread_moved(*spread, moved)) {
                    topology.count_spread(*spread, node, more);
                }
            }
        }
        for counter in &class.carried {
            if moved.is_none_or(|moved| topology.counter_moved(*counter, moved)) {
                topology.count(*counter, node, more);
            }
        }
        for (term, weight) in &class.preferred {
            let column = self.scores.preferences.key(*term).column;
            if moved.is_none_or(|moved| moved.column(column)) {
                self.scores.count_preference(topology, *term, *weight, node, more);
            }
        }
    }

    /// Counts what a pod takes from its node, or no longer.
    pub(super) fn count_resources(&mut self, pod: u32, node: u32, more: bool) {
        let (kind, _) = self.pods.kind(pod);
        let spec = self.pods.specs.at(kind.spec);
        self.rows.count(node, &spec.amount, more, &self.nodes.there);
        self.scores.loads.count(node, spec.assumed, more);
        for port in &spec.ports {
            self.ports.count(node, *port, more);
        }
        let Some(mount) = self.pods.mounts.get(&pod) else {
            return;
        };
        self.attachments.count(node, &mount.volumes, more);
        for volume in &mount.volumes {
            let PodVolume::Claim(name) = volume else {
                continue;
            };
            let key = (kind.namespace, name.clone());
            let users = self.pods.claims.entry(key.clone()).or_default();
            *users = if more { *users + 1 } else { users.saturating_sub(1) };
            if *users == 0 {
                self.pods.claims.remove(&key);
            }
        }
        let mounted = &mut self.nodes.slot_mut(node).mounted;
        if more {
            mounted.insert(pod)
        } else {
            mounted.remove(&pod)
        };
    }
}
