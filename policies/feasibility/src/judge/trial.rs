//! One node on which pods are taken away and put back, as preemption tries it out.
//!
//! Semantics: `RunPreFilterExtensionRemovePod` and `RunPreFilterExtensionAddPod` of
//! `pkg/scheduler/framework/runtime/framework.go`: what the pre-filters counted is corrected pod by
//! pod, so a filter that had nothing to say at first stays silent.

use std::collections::HashMap;

use super::{Objection, Order, States, order, pre_filter, reject_first};
use crate::filter::Stage;
use crate::filter::cycle::{Cycle, Host, taken};
use crate::inventory::pod::{Pod, PodSpec};
use crate::inventory::requests::Resources;

/// A node under trial, and what the pre-filters counted for all nodes.
pub(crate) struct Trial<'c, 'a> {
    cycle: &'c Cycle<'a>,
    states: States<'a>,
    host: Host<'a>,
    order: Order,
    taken: Taken,
}

/// What pods take, by where their spec is: for as long as a trial, that is there.
type Taken = HashMap<*const PodSpec, Resources>;

impl<'c, 'a> Trial<'c, 'a> {
    /// Runs the pre-filters; the node is as it is.
    pub(crate) fn new(cycle: &'c Cycle<'a>, host: &Host<'a>) -> Self {
        let (states, order) = (pre_filter(cycle), order(cycle));
        Self { cycle, states, host: host.clone(), order, taken: Taken::new() }
    }

    /// Goes on to another node. What was taken away from this one must have been put back.
    pub(crate) fn move_to(&mut self, host: &Host<'a>) {
        self.host = host.clone();
    }

    /// Takes a pod away.
    pub(crate) fn remove(&mut self, pod: &'a Pod) {
        let taken = Self::taken(&mut self.taken, self.cycle, pod);
        self.host.remove_taking(pod, taken);
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
        let taken = Self::taken(&mut self.taken, self.cycle, pod);
        self.states.add(&mut self.host, pod, taken, self.cycle);
    }

    /// What the pod takes; worked out once for all pods that share a spec.
    fn taken<'t>(known: &'t mut Taken, cycle: &Cycle<'_>, pod: &'a Pod) -> &'t Resources {
        let spec: &'a PodSpec = &pod.spec;
        known.entry(std::ptr::from_ref(spec)).or_insert_with(|| taken(spec, cycle.semantics))
    }

    /// What rejects the node now; `None`: the pod fits.
    pub(crate) fn objection(&self) -> Option<Objection> {
        reject_first(self.cycle, &self.states, &self.host, &self.order)
    }
}
