//! How all coordinations of a cluster stand, as somebody who looks at it wants to know: what the
//! controller sees, in which domain each batch is, and why some domains have fewer batches than
//! others.

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::batches::plan::{Waiting, plan};
use placecard_feasibility::batches::room::rooms;
use placecard_feasibility::batches::trial::Blocked;
use placecard_feasibility::batches::{self, Batch, Exclusive, Layout, Member};
use placecard_feasibility::inventory::NamespacedName;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::profile::HOSTNAME;
use placecard_feasibility::state::State;
use placecard_language::checked::Words;
use placecard_language::coordination::written::{CoordinationStatus, Phase};
use placecard_language::keys;

use super::gather::{Case, Orphan, gather};
use super::layout;
use super::rollouts::{Rolled, gather_rollouts};
use super::status::{Stall, of_case};
use super::step::{Observed, Situation, Step, Wait, reserve, step};
use crate::live::Live;

/// A coordination, and how it stands.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// The namespace.
    pub namespace: String,
    /// The name of the RoleCoordination, or what the long form of the annotation calls it.
    pub group: String,
    /// What its status says, or would.
    pub entry: CoordinationStatus,
    /// Nothing goes on without somebody's help.
    pub stall: Option<Stall>,
    /// What it is about.
    pub view: View,
}

/// What a coordination is about.
#[derive(Clone, Debug)]
pub enum View {
    /// Batches.
    Batches(Box<Batches>),
    /// A rollout.
    Rollout(Box<Rolled>),
}

/// The batches of a coordination.
#[derive(Clone, Debug)]
pub struct Batches {
    /// The label whose values are the domains.
    pub topology_key: String,
    /// How the batches stand, and what the controller would do.
    pub step: Step,
    /// The batches of each domain, by number; domains without any are there as well.
    pub domains: BTreeMap<String, Vec<u64>>,
    /// Nodes without the label: no batch goes there.
    pub unlabelled: usize,
    /// Domains that have fewer batches than others, by more than one.
    pub uneven: Vec<Uneven>,
    /// Batches whose pods the scheduler places and finds no nodes for, and why.
    pub stuck: BTreeMap<u64, Waiting>,
}

/// A domain with fewer batches than others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uneven {
    /// The domain.
    pub domain: String,
    /// How many batches it has.
    pub batches: usize,
    /// Why it does not have more.
    pub cause: Cause,
}

/// Why a domain does not have more batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It does not take another one: room, taints, or what else rejects its nodes.
    Full(Blocked),
    /// It would take more now: it came, or got room, when the batches were placed already.
    Later(usize),
    /// No batch is whole, so nothing could be tried.
    Unknown,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Outlooks {
    /// By namespace and name, in the order written.
    pub found: Vec<Outlook>,
    /// RoleCoordinations that cannot be used, and why.
    pub unusable: Vec<(NamespacedName, String)>,
    /// Pods that wait for a coordination that is not there.
    pub orphans: Vec<Orphan>,
}

impl Outlook {
    /// Somebody has to do something.
    #[must_use]
    pub fn needs_help(&self) -> bool {
        let stuck = match &self.view {
            View::Batches(batches) => !batches.stuck.is_empty(),
            View::Rollout(_) => false,
        };
        self.stall.is_some() || self.entry.phase == Phase::Failed || stuck
    }
}

/// How everything stands; `now` is in seconds since 1970.
#[must_use]
pub fn outlooks(live: &Live, words: &Words, now: i64) -> Outlooks {
    let gathered = gather(live, words, &[]);
    let mut state = live.state().clone();
    for case in gathered.cases.values() {
        reserve(&case.situation(now), &mut state);
    }
    let mut found: Vec<Outlook> = Vec::new();
    for case in gathered.cases.into_values() {
        let step = step(&case.situation(now), &mut state);
        found.push(of_batches(&case, step, &mut state, now));
    }
    for rolled in gather_rollouts(live, now) {
        let (entry, stall) = rolled.status();
        found.push(Outlook {
            namespace: rolled.namespace.clone(),
            group: rolled.group.clone(),
            entry,
            stall,
            view: View::Rollout(Box::new(rolled)),
        });
    }
    let mut places: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for ((namespace, name), one) in live.coordinated() {
        let written = one.group.iter().flat_map(|group| &group.coordinations);
        for (place, one) in written.enumerate() {
            places.insert((namespace, name, &one.name), place);
        }
    }
    let place = |one: &Outlook| {
        let at = (one.namespace.as_str(), one.group.as_str(), one.entry.name.as_str());
        places.get(&at).copied()
    };
    found.sort_by(|a, b| {
        let key = |one: &Outlook| (one.namespace.clone(), one.group.clone(), place(one));
        key(a).cmp(&key(b))
    });
    let unusable = live.coordinated().filter(|(_, one)| one.group.is_none());
    let unusable = unusable.map(|(name, one)| (name.clone(), one.fault.clone())).collect();
    Outlooks { found, unusable, orphans: gathered.orphans }
}

fn of_batches(case: &Case, step: Step, state: &mut State, now: i64) -> Outlook {
    let layout = layout(&case.affinity);
    let all = batches::domains(state, &layout.topology_key);
    let labelled: BTreeSet<u32> = all.values().flatten().copied().collect();
    let mut domains: BTreeMap<String, Vec<u64>> =
        all.into_keys().map(|domain| (domain, Vec::new())).collect();
    for batch in step.batches.iter().filter(|batch| batch.scheduled > 0) {
        if let Some(domain) = &batch.domain {
            domains.entry(domain.clone()).or_default().push(batch.number);
        }
    }
    let situation = case.situation(now);
    let uneven = uneven(&situation, &domains, &layout, state);
    let stuck = stuck(&situation, &step, &layout, state);
    let view = Batches {
        topology_key: layout.topology_key.clone(),
        unlabelled: state.node_count().saturating_sub(labelled.len()),
        domains,
        uneven,
        stuck,
        step,
    };
    Outlook {
        namespace: case.namespace.clone(),
        group: case.group.clone(),
        entry: of_case(case, &view.step, now),
        stall: Stall::of(&view.step),
        view: View::Batches(Box::new(view)),
    }
}

/// The domains that have two batches less than another one, and why.
fn uneven(
    situation: &Situation<'_>,
    domains: &BTreeMap<String, Vec<u64>>,
    layout: &Layout,
    state: &mut State,
) -> Vec<Uneven> {
    let most = domains.values().map(Vec::len).max().unwrap_or(0);
    let behind = || domains.iter().filter(|(_, batches)| batches.len() + 2 <= most);
    if behind().next().is_none() {
        return Vec::new();
    }
    let sample = sample(situation, layout);
    // As if the batches had nothing to do with one another: what else is in the way.
    let alone = Layout { exclusive: Exclusive::None, ..layout.clone() };
    let wanted = vec![sample.clone(); most];
    let wanted: Vec<Batch> = wanted.into_iter().enumerate().map(renamed).collect();
    let rooms = match sample.members.is_empty() {
        true => Vec::new(),
        false => rooms(state, &wanted, &alone, true),
    };
    let cause = |domain: &String| {
        let room = rooms.iter().find(|room| room.domain == *domain);
        match room.map(|room| (room.batches, room.blocked.clone())) {
            Some((0, Some(blocked))) => Cause::Full(blocked),
            Some((more, _)) if more > 0 => Cause::Later(more),
            _ => Cause::Unknown,
        }
    };
    let of = |(domain, batches): (&String, &Vec<u64>)| Uneven {
        domain: domain.clone(),
        batches: batches.len(),
        cause: cause(domain),
    };
    behind().map(of).collect()
}

/// The pods of a batch that runs, as new ones that may go anywhere.
fn sample(situation: &Situation<'_>, layout: &Layout) -> Batch {
    let mut by_batch: BTreeMap<u64, Vec<&Observed>> = BTreeMap::new();
    for pod in situation.pods.iter().filter(|pod| pod.pod.node.is_some()) {
        by_batch.entry(pod.batch).or_default().push(pod);
    }
    let largest = by_batch.into_values().max_by_key(Vec::len).unwrap_or_default();
    let members = largest.into_iter().enumerate().map(|(role, one)| {
        let mut pod = one.pod.clone().with(|spec| {
            spec.node_selector.retain(|key, _| *key != layout.topology_key && key != HOSTNAME);
            spec.affinity.retain(|term| !is_ours(term));
            spec.anti_affinity.retain(|term| !is_ours(term));
        });
        pod.node = None;
        pod.terminating = false;
        pod.uid.clear();
        Member { role, pod }
    });
    Batch { members: members.collect(), ..Batch::default() }
}

/// Copies of a batch have names that no pod has.
fn renamed((number, mut batch): (usize, Batch)) -> Batch {
    batch.number = number as u64;
    for (at, member) in batch.members.iter_mut().enumerate() {
        member.pod = Pod { name: format!("/{number}/{at}"), ..member.pod.clone() };
    }
    batch
}

fn is_ours(term: &AffinityTerm) -> bool {
    let requirements = term.selector.iter().flat_map(|selector| &selector.requirements);
    requirements.into_iter().any(|one| one.key == keys::COORDINATION || one.key == keys::BATCH)
}

/// The batches whose pods the scheduler did not place, and what is in the way.
fn stuck(
    situation: &Situation<'_>,
    step: &Step,
    layout: &Layout,
    state: &mut State,
) -> BTreeMap<u64, Waiting> {
    let mut found = BTreeMap::new();
    for batch in step.batches.iter().filter(|batch| batch.wait == Some(Wait::Nodes)) {
        let open = situation.pods.iter().filter(|pod| {
            let waits = pod.pod.gates.is_empty() && pod.unschedulable.is_some();
            pod.batch == batch.number && pod.pod.node.is_none() && waits
        });
        let members = open.enumerate().map(|(role, one)| Member { role, pod: one.pod.clone() });
        let members: Vec<Member> = members.collect();
        if members.is_empty() {
            continue;
        }
        let batch = Batch { number: batch.number, members, domain: batch.domain.clone() };
        let mut ground = state.clone();
        for Member { pod, .. } in &batch.members {
            ground.remove_pod(&pod.namespace, &pod.name);
        }
        let planned = plan(&mut ground, std::slice::from_ref(&batch), layout, &BTreeSet::new());
        found.extend(planned.waiting.into_iter().map(|waiting| (batch.number, waiting)));
    }
    found
}
