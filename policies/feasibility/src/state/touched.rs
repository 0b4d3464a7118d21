//! What events touched, for those who keep up with a state without asking about every pod.

use std::collections::BTreeSet;

use super::table::NONE;

/// What may have changed since it was looked at last. Nothing is noted that cannot matter to
/// whether a pod may stay where it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    /// Anything at all.
    pub(super) everything: bool,
    /// Claims, volumes or classes.
    pub(super) volumes: bool,
    /// Pods that came, went or changed.
    pub(super) pods: BTreeSet<u32>,
    /// Nodes that came or have other labels or taints.
    pub(super) nodes: BTreeSet<u32>,
    /// Counters, and the domain in which they count about one pod more or less; [`NONE`]: in so few
    /// domains that it may matter to pods in others.
    pub(super) counters: BTreeSet<(u32, u32)>,
    /// Counters of spread constraints, and the domain; [`NONE`]: the least of all domains changed.
    pub(super) spreads: BTreeSet<(u32, u32)>,
    /// The nodes that count for spread constraints.
    pub(super) extents: BTreeSet<u32>,
}

/// With more entries than this it is cheaper to look at everything.
const MOST: usize = 1 << 20;

/// A pod of its own accounts for one; what is above two does not matter to it.
const FEW: u32 = 2;

impl Touched {
    /// Everything has to be looked at.
    pub(super) fn everything(&mut self) {
        *self = Self { everything: true, ..Self::default() };
    }

    /// What was noted elsewhere as well.
    pub(super) fn add(&mut self, other: &Self) {
        if other.everything {
            self.everything();
        }
        if self.everything {
            return;
        }
        self.volumes |= other.volumes;
        self.pods.extend(&other.pods);
        self.nodes.extend(&other.nodes);
        self.counters.extend(&other.counters);
        self.spreads.extend(&other.spreads);
        self.extents.extend(&other.extents);
        self.bound();
    }

    /// So that nobody who forgets to look pays for it with memory.
    fn bound(&mut self) {
        let Self { pods, nodes, counters, spreads, extents, .. } = self;
        let all = pods.len() + nodes.len() + counters.len() + spreads.len() + extents.len();
        if all > MOST {
            self.everything();
        }
    }

    /// A pod came, went or changed.
    pub(super) fn pod(&mut self, pod: u32) {
        if !self.everything {
            self.pods.insert(pod);
            self.bound();
        }
    }

    /// A counter counts so many pods in the domain, or did before one left; `domains` have any.
    pub(super) fn counter(&mut self, counter: u32, domain: u32, pods: u32, domains: u32) {
        if self.everything || pods > FEW {
            return;
        }
        self.counters.insert((counter, domain));
        if pods == 1 && domains <= FEW {
            self.counters.insert((counter, NONE));
        }
        self.bound();
    }

    /// A spread constraint counts other pods in the domain, or another `least`.
    pub(super) fn spread(&mut self, spread: u32, domain: u32, least_changed: bool) {
        if !self.everything {
            self.spreads.insert((spread, if least_changed { NONE } else { domain }));
            self.bound();
        }
    }
}
