//! Pods that are evicted, if that was asked for.

use placecard_policies::audit::Audit;
use placecard_policies::audit::evict::{Eviction, Fate, evictions};
use placecard_policies::cluster::Cluster;
use placecard_policies::feasibility::state::State;

use crate::plan::{Ask, Evict};

/// Pods of one workload that are evicted in one run: its new pod should come up first.
const MOST_OF_ONE: usize = 1;

/// An eviction, and what became of it.
pub(super) type Evicted = (Eviction, Fate);

/// Evicts, or says what would be evicted; `None`: nobody asked for it.
///
/// # Errors
/// The API server cannot be reached any more.
pub(super) fn carry_out(
    ask: &Ask,
    evict: Evict,
    cluster: &Cluster,
    found: &Audit,
) -> Result<Option<Vec<Evicted>>, String> {
    if evict == Evict::No {
        return Ok(None);
    }
    let mut state = State::of(&cluster.inventory, cluster.semantics);
    let plan = evictions(&found.groups, cluster, &mut state, MOST_OF_ONE);
    drop(state);
    let fates = match evict {
        Evict::Yes => of_live(ask, cluster, &plan)?,
        Evict::No | Evict::DryRun => plan.iter().map(|_| Fate::Would).collect(),
    };
    Ok(Some(plan.into_iter().zip(fates).collect()))
}

#[cfg(feature = "live")]
fn of_live(ask: &Ask, cluster: &Cluster, plan: &[Eviction]) -> Result<Vec<Fate>, String> {
    use crate::plan::ClusterSource;
    let ClusterSource::Live(access) = &ask.cluster else { return Ok(Vec::new()) };
    let judged = |one: &Eviction| cluster.inventory.pods.get(&one.pod).cloned();
    let pods = plan.iter().filter_map(judged).collect::<Vec<_>>();
    crate::live::evict(access, &pods)
}

/// The plan has said already that this is not possible.
#[cfg(not(feature = "live"))]
fn of_live(_: &Ask, _: &Cluster, _: &[Eviction]) -> Result<Vec<Fate>, String> {
    Ok(Vec::new())
}
