//! The pods that a cycle counts and leaves out.

use std::collections::BTreeSet;

use placecard_feasibility::filter::cycle::{Cycle, Host};
use placecard_feasibility::inventory::NamespacedName;
use placecard_feasibility::judge::Judgement;
use placecard_feasibility::preemption::{
    Candidate, Preemption, preempt, preempt_within, preemptible,
};
use placecard_feasibility::state::{Named, State, Tenant};

use super::groups::{HolderOf, holder_of};
use crate::kinds::POD_TEMPLATE_HASH;

/// Where the pods are that a cycle leaves out.
#[derive(Clone, Copy, Debug)]
pub enum Rest<'r> {
    /// It has all of them.
    Nobody,
    /// They are among the pods of this state, without those of these numbers, that the cycle was
    /// made of ([`State::aside`], with all that the judge looks at under their own names).
    Counted(&'r State, &'r BTreeSet<u32>),
}

impl Rest<'_> {
    /// All pods on a node of the cycle, in no order.
    pub(crate) fn tenants<'t>(&'t self, host: &'t Host<'_>) -> Vec<Tenant<'t>> {
        match self {
            Self::Nobody => {
                host.pods.iter().map(|pod| Tenant::of(pod, POD_TEMPLATE_HASH)).collect()
            }
            Self::Counted(state, leave) => {
                state.tenants(&host.node.name, POD_TEMPLATE_HASH, leave).collect()
            }
        }
    }

    /// Those of one holder, on all nodes.
    pub(crate) fn held_by<'t>(
        &'t self,
        cycle: &'t Cycle<'_>,
        holder: HolderOf<'t>,
    ) -> impl Iterator<Item = Tenant<'t>> {
        let tenants = cycle.hosts.iter().flat_map(|host| self.tenants(host));
        tenants.filter(move |tenant| holder_of(tenant) == holder)
    }

    /// Which nodes have room for the pod of the cycle once pods of lower priority have gone, the
    /// best first, and who these are. `judgement` is of the same cycle, whatever the pod's priority.
    #[must_use]
    pub fn make_room(
        &self,
        cycle: &Cycle<'_>,
        judgement: &Judgement<'_>,
    ) -> Vec<(String, Vec<NamespacedName>)> {
        match self {
            Self::Nobody => rooms(&preempt(cycle, judgement)),
            Self::Counted(state, leave) => {
                let named = Named::AndBelow(cycle.pod.priority);
                let aside = state.aside(cycle.pod, &cycle.profile, leave, named);
                let mut whole = aside.cycle(cycle.pod, &cycle.profile, cycle.inventory);
                whole.nominated.clone_from(&cycle.nominated);
                rooms(&preempt_within(&whole, judgement, &state.disruptions_allowed()))
            }
        }
    }

    /// Only the nodes of [`Self::make_room`]; in the order of their names, if the pods are only
    /// counted.
    pub(crate) fn nodes_with_room(
        &self,
        cycle: &Cycle<'_>,
        judgement: &Judgement<'_>,
    ) -> Vec<String> {
        match self {
            Self::Nobody => {
                let rooms = self.make_room(cycle, judgement);
                rooms.into_iter().map(|(node, _)| node).collect()
            }
            Self::Counted(state, leave) => {
                let named = Named::FewAndBelow(cycle.pod.priority);
                let aside = state.aside(cycle.pod, &cycle.profile, leave, named);
                let mut whole = aside.cycle(cycle.pod, &cycle.profile, cycle.inventory);
                whole.nominated.clone_from(&cycle.nominated);
                preemptible(&whole, judgement).into_iter().map(str::to_owned).collect()
            }
        }
    }
}

fn rooms(found: &Preemption<'_>) -> Vec<(String, Vec<NamespacedName>)> {
    let room = |candidate: &Candidate<'_>| {
        let victims = candidate.victims.iter().map(|victim| victim.pod);
        let names = victims.map(|pod| (pod.namespace.clone(), pod.name.clone()));
        (candidate.node.to_owned(), names.collect())
    };
    found.candidates.iter().map(room).collect()
}

#[cfg(test)]
mod tests;
