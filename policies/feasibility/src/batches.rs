//! Batches: pods of several roles, all of which go to one topology domain.
//!
//! A coordination divides the replicas of its roles into batches, and each batch is to be placed
//! whole: on one node, in one rack, in one zone. The scheduler takes pod after pod and never looks
//! ahead, so the first pod of a batch may take a domain that has no room for the last. Here a batch
//! is tried out as a whole, on a [`State`] that answers for each pod what the scheduler would say
//! once the earlier ones stand. Read in this order:
//!
//! 1. [`trial`]: one batch on one domain. What fits comes with the node of each pod.
//! 2. [`room`]: how many batches each domain holds, and what is in the way of one more.
//! 3. [`plan`]: which batch goes where, and which has to wait.
//! 4. [`empty`]: whole nodes, to ask whether there could ever be room.
//!
//! The first three are about the cluster of the moment: other pods come and go meanwhile, so what
//! they say is never a reason to refuse something.
//!
//! Where the requests on a node add up to more than 64 bits hold, they wrap as they do in the scheduler,
//! and then a trial may miss a way that it leaves open.

pub mod empty;
pub mod misfit;
pub mod plan;
pub mod room;
pub mod trial;

use std::collections::BTreeMap;

use crate::inventory::pod::Pod;
use crate::state::State;

/// A pod of a batch that has no node yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Its role, as a number of the caller's.
    pub role: usize,
    /// The pod as it would be created, without a node. If the state has a pod of this name, it is
    /// this one.
    pub pod: Pod,
}

/// Pods that go to one domain together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The number of the batch, counted from 0.
    pub number: u64,
    /// Those of its pods that have no node yet.
    pub members: Vec<Member>,
    /// The domain in which others of its pods are, so that there is no choice left.
    pub domain: Option<String>,
}

/// Whether a domain may hold several batches of one coordination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exclusive {
    /// It may.
    None,
    /// It may, but one without is taken first.
    #[default]
    Preferred,
    /// It may not.
    Required,
}

/// How batches are laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The node label whose values are the domains. Nodes without it are in none.
    pub topology_key: String,
    /// Whether domains are shared.
    pub exclusive: Exclusive,
    /// How many decisions a trial may take, at least; where these do not suffice, nothing is known.
    pub decisions: u64,
}

impl Layout {
    /// Domains by this label, and the usual bound of work.
    #[must_use]
    pub fn over(topology_key: &str, exclusive: Exclusive) -> Self {
        Self { topology_key: topology_key.to_owned(), exclusive, decisions: DECISIONS }
    }
}

/// Decisions of a trial; some milliseconds.
pub const DECISIONS: u64 = 2_000;

/// The nodes of each domain by number, in the order of their names.
#[must_use]
pub fn domains(state: &State, topology_key: &str) -> BTreeMap<String, Vec<u32>> {
    let mut named: BTreeMap<&str, Vec<(&str, u32)>> = BTreeMap::new();
    for number in 0..u32::try_from(state.node_bound()).unwrap_or(u32::MAX) {
        let Some(node) = state.node(number) else { continue };
        if let Some(value) = node.labels.get(topology_key) {
            named.entry(value).or_default().push((&node.name, number));
        }
    }
    let sorted = |mut nodes: Vec<(&str, u32)>| {
        nodes.sort_unstable();
        nodes.into_iter().map(|(_, number)| number).collect()
    };
    named.into_iter().map(|(value, nodes)| (value.to_owned(), sorted(nodes))).collect()
}
