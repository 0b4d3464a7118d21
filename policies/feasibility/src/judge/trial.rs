//! One node on which pods are taken away and put back, as preemption tries it out.
//!
//! Semantics: `RunPreFilterExtensionRemovePod` and `RunPreFilterExtensionAddPod` of
//! `pkg/scheduler/framework/runtime/framework.go`: what the pre-filters counted is corrected pod by
//! pod, so a filter that had nothing to say at first stays silent.

use super::{Objection, States, pre_filter, reject_first};
use crate::filter::Stage;
use crate::filter::cycle::{Cycle, Host};
use crate::inventory::pod::Pod;

/// A node under trial, and what the pre-filters counted for all nodes.
pub(crate) struct Trial<'c, 'a> {
    cycle: &'c Cycle<'a>,
    states: States<'a>,
    host: Host<'a>,
}

impl<'c, 'a> Trial<'c, 'a> {
    /// Runs the pre-filters; the node is as it is.
    pub(crate) fn new(cycle: &'c Cycle<'a>, host: &Host<'a>) -> Self {
        Self { cycle, states: pre_filter(cycle), host: host.clone() }
    }

    /// Goes on to another node. What was taken away from this one must have been put back.
    pub(crate) fn move_to(&mut self, host: &Host<'a>) {
        self.host = host.clone();
    }

    /// Takes a pod away.
    pub(crate) fn remove(&mut self, pod: &'a Pod) {
        self.host.remove(pod, self.cycle.semantics);
        if let Stage::Ready(state) = &mut self.states.volume_restrictions {
            state.remove(pod);
        }
        if let Stage::Ready(state) = &mut self.states.spread {
            state.remove(pod, self.cycle.pod, self.host.node);
        }
        if let Stage::Ready(state) = &mut self.states.inter_pod {
            state.remove(pod, self.cycle, self.host.node);
        }
    }

    /// Puts a pod back.
    pub(crate) fn add(&mut self, pod: &'a Pod) {
        self.states.add(&mut self.host, pod, self.cycle);
    }

    /// What rejects the node now; `None`: the pod fits.
    pub(crate) fn objection(&self) -> Option<Objection> {
        reject_first(self.cycle, &self.states, &self.host)
    }
}
