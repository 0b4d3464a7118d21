//! Why a pod fits no node of a cluster, and what would help.
//!
//! [`diagnose`] asks the exact judge of the scheduler's filters and says of each node everything
//! that is in the way ([`facts`]), puts nodes with equal reasons together ([`groups`]), names whose
//! pods are in the way, finds the few demands that suffice to exclude every node ([`cover`]) and
//! tries out changes ([`changes`]). All of it is data; `words/why.rs` has the sentences.

pub mod amounts;
mod blockers;
pub mod changes;
pub mod cover;
pub mod event;
pub mod facts;
pub mod groups;
pub mod names;
pub mod outlook;
pub mod rest;

use placecard_feasibility::certificate::Certificate;
use placecard_feasibility::filter::cycle::Cycle;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::inventory::requests::Resources;
use placecard_feasibility::judge::{Judgement, judge_cycle};

use changes::{View, Way};
use cover::Member;
use event::Hidden;
use facts::{Facts, Scene};
use groups::Group;
use rest::Rest;

/// What was found of one pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// How many nodes there are.
    pub nodes: usize,
    /// Those that fit, in order.
    pub feasible: Vec<String>,
    /// The others, nearest to fitting first.
    pub groups: Vec<Group>,
    /// The few demands that exclude every node; empty if a node fits.
    pub core: Vec<Member>,
    /// The same for the plugins of the scheduler, as a proof that a checker can verify.
    pub certificate: Option<Certificate>,
    /// What would help; empty if a node fits.
    pub ways: Vec<Way>,
    /// There are so many nodes that not everything was tried that might help.
    pub cut: bool,
    /// The scheduler's words; `None` if a node fits.
    pub event: Option<String>,
    /// What these leave out.
    pub hidden: Option<Hidden>,
}

/// Judges the pod and explains the verdict.
#[must_use]
pub fn diagnose(cycle: &Cycle<'_>) -> Diagnosis {
    let (mut diagnosis, judgement, facts) = found(cycle, &Rest::Nobody);
    if diagnosis.feasible.is_empty() {
        diagnosis.certificate = cover::certificate(&judgement);
        diagnosis.event = event::event(cycle, &judgement);
        diagnosis.hidden = event::hidden(&judgement, &facts, cycle.semantics);
    }
    diagnosis
}

/// The same without the proof, and without the scheduler's words and what they leave out: what a
/// finding says. And the judgement that it rests on.
pub(crate) fn diagnose_in_brief<'a>(
    cycle: &Cycle<'a>,
    rest: &Rest<'_>,
) -> (Diagnosis, Judgement<'a>) {
    let (diagnosis, judgement, _) = found(cycle, rest);
    (diagnosis, judgement)
}

fn found<'a>(cycle: &Cycle<'a>, rest: &Rest<'_>) -> (Diagnosis, Judgement<'a>, Vec<Facts>) {
    let judgement = judge_cycle(cycle);
    let scene = Scene::of(cycle);
    let facts = facts::all_facts(&scene, &judgement);
    let names: Vec<&str> = judgement.nodes.iter().map(|node| node.node).collect();
    let mut groups = groups::group(&names, &facts);
    blockers::name_blockers(&scene, rest, &mut groups);
    let feasible: Vec<String> = judgement.feasible().map(str::to_owned).collect();
    let mut diagnosis = Diagnosis { nodes: names.len(), feasible, groups, ..Diagnosis::default() };
    if diagnosis.feasible.is_empty() {
        diagnosis.core = cover::core(&facts).unwrap_or_default();
        let view = View { cycle, rest, judgement: &judgement };
        (diagnosis.ways, diagnosis.cut) = changes::ways_out(&view, &diagnosis.groups);
    }
    (diagnosis, judgement, facts)
}

/// The cycle as if the pods that `leave` names were not there.
#[must_use]
pub fn without<'a>(mut cycle: Cycle<'a>, leave: impl Fn(&Pod) -> bool) -> Cycle<'a> {
    for host in &mut cycle.hosts {
        if host.pods.iter().any(|pod| leave(pod)) {
            let pods = std::mem::take(&mut host.pods);
            host.requested = Resources::default();
            host.ports.clear();
            for pod in pods.into_iter().filter(|pod| !leave(pod)) {
                host.add(pod, cycle.semantics);
            }
        }
    }
    for pods in cycle.nominated.values_mut() {
        pods.retain(|pod| !leave(pod));
    }
    cycle.nominated.retain(|_, pods| !pods.is_empty());
    cycle
}

#[cfg(test)]
mod tests;
