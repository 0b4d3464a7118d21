//! Which batch goes where, on the cluster as it is.
//!
//! A slot that a pod leaves can be taken by pods of others before the pod is made again; then it waits.
//! Other batches of the coordination do not take it.

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::batches::plan::{Landing, Plan, plan};
use placecard_feasibility::batches::{self, Batch, Member};
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::profile::HOSTNAME;
use placecard_feasibility::state::{Board, State};

use super::super::layout;
use super::{
    Action, BatchState, Group, Observed, PATIENCE, Situation, Step, Wait, deadline, gives_up,
    is_gated, is_ours, target, turn,
};

/// What is known of one batch.
struct Footing {
    state: BatchState,
    /// What the plan places: pods that have no node, as they would be if they were let go.
    batch: Batch,
    /// All pods are there and it is its turn.
    is_due: bool,
}

/// Decides for all batches.
pub(super) fn decide(situation: &Situation<'_>, groups: &[Group<'_>], state: &mut State) -> Step {
    let layout = layout(situation.affinity);
    let domains = batches::domains(state, &layout.topology_key);
    let mut footings: Vec<Footing> = Vec::new();
    for group in groups {
        footings.push(footing(situation, groups, group, state, &domains));
    }
    let mut step = Step::default();
    if is_ours(situation) {
        let occupied = footings.iter().filter_map(|one| one.state.domain.clone()).collect();
        let asked = |one: &&Footing| one.is_due && !one.batch.members.is_empty();
        let asked: Vec<Batch> =
            footings.iter().filter(asked).map(|one| one.batch.clone()).collect();
        asked.iter().for_each(|batch| give_back(batch, state));
        let found = plan(state, &asked, &layout, &occupied);
        for (group, footing) in groups.iter().zip(&mut footings) {
            conclude(situation, group, footing, &found, &domains, state, &mut step.actions);
        }
    }
    step.batches = footings.into_iter().map(|one| one.state).collect();
    step
}

/// The room that was reserved for its pods is free for them again.
fn give_back(batch: &Batch, state: &mut State) {
    for Member { pod, .. } in &batch.members {
        let known = state.pod(&pod.namespace, &pod.name);
        if known.is_some_and(|known| known.node.is_some()) {
            state.remove_pod(&pod.namespace, &pod.name);
        }
    }
}

/// Has the batches that have begun stand in the state.
pub(super) fn reserve(situation: &Situation<'_>, groups: &[Group<'_>], state: &mut State) {
    let layout = layout(situation.affinity);
    let domains = batches::domains(state, &layout.topology_key);
    let mut begun: Vec<Batch> = Vec::new();
    for group in groups.iter().filter(|group| group.has_begun()) {
        let footing = footing(situation, groups, group, state, &domains);
        if footing.is_due && !footing.batch.members.is_empty() {
            begun.push(footing.batch);
        }
    }
    if !begun.is_empty() {
        plan(state, &begun, &layout, &BTreeSet::new());
    }
}

fn footing(
    situation: &Situation<'_>,
    groups: &[Group<'_>],
    group: &Group<'_>,
    state: &State,
    domains: &BTreeMap<String, Vec<u32>>,
) -> Footing {
    let mut known = group.state();
    let (domain, strays) = domain(situation, group, state);
    known.domain = domain;
    known.strays = strays;
    let missing = group.missing();
    let due = turn(situation, groups, group.number);
    let begun = group.has_begun();
    let late = deadline(situation, groups, group).is_some_and(|at| at <= situation.now);
    known.timed_out = !begun && due.is_ok() && late;
    let open = |pod: &&&Observed| pod.pod.node.is_none();
    let is_lost = known.domain.as_ref().is_some_and(|value| !domains.contains_key(value));
    known.wait = match (begun, due, missing.is_empty()) {
        _ if is_lost => Some(Wait::Lost),
        (false, Err(previous), _) => Some(Wait::Previous(previous)),
        (false, _, false) | (true, _, false) => Some(Wait::Pods(missing.clone())),
        _ if group.pods.iter().any(|pod| pod.pod.node.is_none()) => Some(Wait::Nodes),
        _ if group.pods.iter().any(|pod| pod.ready.is_none()) => Some(Wait::Ready),
        _ => None,
    };
    let mut members: Vec<Member> =
        group.pods.iter().filter(open).map(|pod| member(situation, pod)).collect();
    if begun {
        members.extend(absent(situation, &missing, group.number));
    }
    let batch = Batch { number: group.number, members, domain: known.domain.clone() };
    let is_due = match known.domain {
        Some(_) => !is_lost,
        None => !begun && due.is_ok() && missing.is_empty(),
    };
    Footing { state: known, batch, is_due }
}

/// Where most pods of the batch run, and where others do; where none runs, where they were sent.
fn domain(
    situation: &Situation<'_>,
    group: &Group<'_>,
    state: &State,
) -> (Option<String>, BTreeSet<String>) {
    let key = situation.affinity.topology_key.as_str();
    let mut running: BTreeMap<String, usize> = BTreeMap::new();
    for pod in &group.pods {
        let node = pod.pod.node.as_deref().and_then(|name| state.node(state.node_number(name)?));
        if let Some(value) = node.and_then(|node| node.labels.get(key)) {
            *running.entry(value.clone()).or_insert(0) += 1;
        }
    }
    let most = running.values().max().copied().unwrap_or(0);
    let home = running.iter().find(|(_, count)| **count == most).map(|(value, _)| value.clone());
    if let Some(home) = home {
        running.remove(&home);
        return (Some(home), running.into_keys().collect());
    }
    let sent = |pod: &&&Observed| !is_gated(pod) && pod.pod.node.is_none();
    let sent = group.pods.iter().filter(sent).find_map(|pod| pod.pod.node_selector.get(key));
    (sent.cloned(), BTreeSet::new())
}

/// The pod as the scheduler sees it once it is let go.
fn member(situation: &Situation<'_>, observed: &Observed) -> Member {
    let role = situation.affinity.ratios.keys().position(|role| *role == observed.role);
    let pod = Pod { gates: Vec::new(), nominated_node: None, ..observed.pod.clone() };
    Member { role: role.unwrap_or(usize::MAX), pod }
}

/// Stand-ins for the pods of a batch that has begun which are not there just now: their room is not
/// given to another batch.
fn absent(situation: &Situation<'_>, missing: &BTreeMap<String, u64>, batch: u64) -> Vec<Member> {
    let mut members = Vec::new();
    for (role, count) in missing {
        let Some(like) = situation.pods.iter().find(|pod| pod.role == *role) else { continue };
        for number in 0..*count {
            let mut one = member(situation, like);
            // No object has such a name.
            one.pod.name = format!("/{role}/{batch}/{number}");
            one.pod.uid = String::new();
            one.pod.node = None;
            one.pod.volumes = Vec::new();
            one.pod.spec.node_selector.remove(&situation.affinity.topology_key);
            one.pod.spec.node_selector.remove(HOSTNAME);
            members.push(one);
        }
    }
    members
}

/// What follows from the plan for one batch.
fn conclude(
    situation: &Situation<'_>,
    group: &Group<'_>,
    footing: &mut Footing,
    found: &Plan,
    domains: &BTreeMap<String, Vec<u32>>,
    state: &mut State,
    actions: &mut Vec<Action>,
) {
    let landing = found.landings.iter().find(|one| one.number == group.number);
    let waiting = found.waiting.iter().find(|one| one.number == group.number);
    let runs = group.pods.iter().any(|pod| pod.pod.node.is_some());
    if footing.state.wait == Some(Wait::Lost) {
        replace(group, actions);
        return;
    }
    match (&footing.state.domain, landing, waiting) {
        (Some(domain), landing, waiting) => {
            let domain = domain.clone();
            if let Some((_, blocked)) = waiting.and_then(|one| one.nearest.clone()) {
                let patient = |pod: &&Observed| {
                    pod.unschedulable.is_none_or(|at| situation.now < at.saturating_add(PATIENCE))
                };
                if !runs && !group.pods.iter().all(patient) {
                    replace(group, actions);
                    footing.state.wait = Some(Wait::Lost);
                    return;
                }
                footing.state.wait = Some(Wait::RoomHere(Box::new(blocked)));
            }
            let hosts = landing.map(|one| hosts(situation, footing, one, domains, state));
            release(situation, group, &domain, hosts.as_ref(), actions);
        }
        (None, Some(landing), _) => {
            let hosts = hosts(situation, footing, landing, domains, state);
            release(situation, group, &landing.domain, Some(&hosts), actions);
            footing.state.domain = Some(landing.domain.clone());
            footing.state.wait = Some(Wait::Nodes);
        }
        (None, None, waiting) => {
            if let Some(waiting) = waiting {
                footing.state.wait = Some(Wait::Room(Box::new(waiting.clone())));
            }
            // Once a batch was let go without a domain, so are those of its pods that come later.
            if gives_up(situation, footing.state.timed_out) || group.has_begun() {
                let gated = group.pods.iter().filter(|pod| is_gated(pod));
                actions.extend(
                    gated.map(|pod| Action::Release { pod: target(pod), pins: BTreeMap::new() }),
                );
            }
        }
    }
}

/// The gated pods of the batch are let go to its domain.
fn release(
    situation: &Situation<'_>,
    group: &Group<'_>,
    domain: &str,
    hosts: Option<&BTreeMap<String, String>>,
    actions: &mut Vec<Action>,
) {
    for pod in group.pods.iter().filter(|pod| is_gated(pod)) {
        let mut pins =
            BTreeMap::from([(situation.affinity.topology_key.clone(), domain.to_owned())]);
        if let Some(host) = hosts.and_then(|hosts| hosts.get(&pod.pod.name)) {
            pins.insert(HOSTNAME.to_owned(), host.clone());
        }
        actions.push(Action::Release { pod: target(pod), pins });
    }
}

/// The pods of the batch that have no node and can not find one are made again.
fn replace(group: &Group<'_>, actions: &mut Vec<Action>) {
    let sent = group.pods.iter().filter(|pod| !is_gated(pod) && pod.pod.node.is_none());
    actions.extend(sent.map(|pod| Action::Replace { pod: target(pod) }));
}

/// The host name for each pod, if the scheduler, which takes one pod after the other, would not
/// find room for all of them in the domain by itself; nothing if it would.
fn hosts(
    situation: &Situation<'_>,
    footing: &Footing,
    landing: &Landing,
    domains: &BTreeMap<String, Vec<u32>>,
    state: &mut State,
) -> BTreeMap<String, String> {
    if domains.get(&landing.domain).is_none_or(|nodes| nodes.len() < 2) {
        return BTreeMap::new();
    }
    let members = &footing.batch.members;
    for member in members {
        state.remove_pod(&member.pod.namespace, &member.pod.name);
    }
    let mut board = Board::default();
    let key = &situation.affinity.topology_key;
    let alone = members.iter().all(|member| {
        let pod = member.pod.clone().with(|spec| {
            spec.node_selector.entry(key.clone()).or_insert_with(|| landing.domain.clone());
        });
        state.place(&pod, &mut board).is_some()
    });
    if alone {
        return BTreeMap::new();
    }
    let mut found = BTreeMap::new();
    for (member, node) in members.iter().zip(&landing.nodes) {
        let pod = Pod { node: Some(node.as_str().into()), ..member.pod.clone() };
        state.set_pod(pod);
        let labels = state.node_number(node).and_then(|number| state.node(number));
        let host = labels.and_then(|node| node.labels.get(HOSTNAME));
        found.extend(host.map(|host| (member.pod.name.clone(), host.clone())));
    }
    found
}
