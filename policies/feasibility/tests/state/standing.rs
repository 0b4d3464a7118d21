//! Which pods may not stay where they are: what the plain judge says of each pod's node in the
//! cluster without the pod, whatever happened before.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::filter::Plugin;
use placecard_feasibility::filter::cycle::cycle_of;
use placecard_feasibility::filter::reason::Reason;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::inventory::{Inventory, NamespacedName};
use placecard_feasibility::judge::{Semantics, judge_cycle};
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::profile::Profile;
use placecard_feasibility::requirement::Requirement;
use placecard_feasibility::state::{Breach, Standing, State};
use proptest::prelude::*;

use crate::agree::apply;
use crate::check;
use crate::world::event;

/// By plugin: the first reason.
type Reasons = BTreeMap<Plugin, Reason>;

const LOOKED_AT: [Plugin; 6] = [
    Plugin::TaintToleration,
    Plugin::NodeAffinity,
    Plugin::VolumeBinding,
    Plugin::VolumeZone,
    Plugin::PodTopologySpread,
    Plugin::InterPodAffinity,
];

/// What the plain judge says of the node of each pod, in the cluster without that pod.
fn plainly(
    inventory: &Inventory,
    profile: &Profile,
    semantics: Semantics,
) -> BTreeMap<NamespacedName, Reasons> {
    let mut found = BTreeMap::new();
    for pod in inventory.pods.values() {
        let name = &(pod.namespace.clone(), pod.name.clone());
        let Some(node) = pod.node.as_ref().filter(|_| !pod.finished && !pod.terminating) else {
            continue;
        };
        let mut without = inventory.clone();
        without.pods.remove(name);
        let alone = Pod { node: None, nominated_node: None, ..pod.clone() };
        let cycle = cycle_of(&without, &alone, semantics, Cow::Borrowed(profile));
        let judgement = judge_cycle(&cycle);
        let Some(judged) = judgement.nodes.iter().find(|judged| *judged.node == **node) else {
            continue;
        };
        let looked_at = judged.all.iter().filter(|(plugin, _)| LOOKED_AT.contains(plugin));
        let reasons: Reasons =
            looked_at.map(|(plugin, why)| (*plugin, why.reasons[0].clone())).collect();
        if !reasons.is_empty() {
            found.insert(name.clone(), reasons);
        }
    }
    found
}

fn reason(breach: &Breach) -> Reason {
    match breach {
        Breach::Taint(taint) => Reason::Taint(taint.clone()),
        Breach::NodeAffinity => Reason::NodeAffinity,
        Breach::AddedNodeAffinity => Reason::AddedNodeAffinity,
        Breach::Volume(_, reasons) => reasons[0].clone(),
        Breach::SpreadKey(_) => Reason::SpreadKey,
        Breach::Spread { .. } => Reason::SpreadSkew,
        Breach::Affinity => Reason::PodAffinity,
        Breach::AntiAffinity(_) => Reason::PodAntiAffinity,
        Breach::Repelled(_) => Reason::ExistingAntiAffinity,
    }
}

fn broken(standing: &Standing, state: &State) -> BTreeMap<NamespacedName, (String, Vec<Breach>)> {
    let pods = standing.broken(state).map(|one| {
        let name = (one.namespace.to_owned(), one.name.to_owned());
        (name, (one.node.to_owned(), one.breaches.to_vec()))
    });
    pods.collect()
}

fn said(standing: &Standing, state: &State) -> BTreeMap<NamespacedName, Reasons> {
    let first = |breaches: &Vec<Breach>| {
        let mut reasons = Reasons::new();
        for breach in breaches {
            // The plugin would have met a name that no term leaves before anything else.
            reasons.entry(breach.plugin()).or_insert_with(|| reason(breach));
        }
        reasons
    };
    broken(standing, state).iter().map(|(name, (_, all))| (name.clone(), first(all))).collect()
}

/// Terms that name no node in common are told as one reason with other words.
fn alike(mut reasons: BTreeMap<NamespacedName, Reasons>) -> BTreeMap<NamespacedName, Reasons> {
    for reason in reasons.values_mut().flat_map(BTreeMap::values_mut) {
        if *reason == Reason::NameConflict {
            *reason = Reason::NodeAffinity;
        }
    }
    reasons
}

fn profile(semantics: Semantics, which: u8) -> Profile {
    let mut profile = Profile::of(semantics);
    match which {
        0 => profile.added_nodes = Some(vec![NodeTerm::of(vec![Requirement::exists("zone")])]),
        1 => profile.filter.retain(|plugin| *plugin != Plugin::PodTopologySpread),
        _ => {}
    }
    profile
}

#[test]
fn the_plain_judge_rejects_the_node_of_each_pod_that_stands_badly_and_of_no_other() {
    let events = prop::collection::vec(event(), 20..60);
    let kinds = vec![Kind::Node, Kind::Pod, Kind::Namespace, Kind::PersistentVolume];
    let unknown = prop::sample::subsequence(kinds, 0..2);
    let unknown = prop::option::weighted(0.2, unknown).prop_map(Option::unwrap_or_default);
    let input = (events, (33..38u32).prop_map(Semantics::of_minor), 0..8u8, unknown, 1..25usize);
    check(80, &input, |(events, semantics, which, unknown, pause)| {
        let profile = profile(semantics, which);
        let (mut inventory, mut state) = (Inventory::default(), State::new(semantics));
        let unknown: BTreeSet<Kind> = unknown.into_iter().collect();
        inventory.unknown = unknown.clone();
        state.set_unknown(unknown);
        let mut standing = Standing::new(vec![profile.clone()]);
        for (at, event) in events.into_iter().enumerate() {
            apply(&mut inventory, &mut state, event);
            if at % pause == pause / 2 {
                standing.refresh(&mut state);
                let expected = alike(plainly(&inventory, &profile, semantics));
                assert_eq!(said(&standing, &state), expected, "after {at}");
            }
        }
        standing.refresh(&mut state);
        assert_eq!(said(&standing, &state), alike(plainly(&inventory, &profile, semantics)));
    });
}

#[test]
fn what_is_kept_up_to_date_is_what_is_found_anew() {
    let events = prop::collection::vec(event(), 40..100);
    let input = (events, (33..38u32).prop_map(Semantics::of_minor), 1..8usize);
    check(50, &input, |(events, semantics, pause)| {
        let (mut inventory, mut state) = (Inventory::default(), State::new(semantics));
        let profiles = vec![Profile::of(semantics)];
        let mut standing = Standing::new(profiles.clone());
        for (at, event) in events.into_iter().enumerate() {
            apply(&mut inventory, &mut state, event);
            if at % pause == 0 {
                let before = broken(&standing, &state);
                let update = standing.refresh(&mut state);
                let mut new = State::of(&inventory, semantics);
                let mut fresh = Standing::new(profiles.clone());
                fresh.refresh(&mut new);
                let after = broken(&standing, &state);
                assert_eq!(after, broken(&fresh, &new), "after {at}");
                let worse: BTreeSet<NamespacedName> = update.worse.into_iter().collect();
                for (name, now) in &after {
                    let same = before.get(name).is_some_and(|then| then.1 == now.1);
                    assert!(same || worse.contains(name), "{name:?} {before:?} {after:?}");
                }
            }
        }
    });
}

/// Two copies that take turns, as a writer and its readers have them; whoever looks has the older
/// one, and does not look after every call.
#[test]
fn who_follows_copies_finds_what_is_found_anew() {
    let events = prop::collection::vec(event(), 40..100);
    let rhythm = (1..6usize, 1..4usize, 0..3usize);
    let input = (events, (33..38u32).prop_map(Semantics::of_minor), rhythm);
    check(50, &input, |(events, semantics, (pause, looks, late))| {
        let (mut inventory, mut state) = (Inventory::default(), State::new(semantics));
        let profiles = vec![Profile::of(semantics)];
        let mut standing = Standing::new(profiles.clone());
        assert_eq!(standing.follow(&state), None, "nothing was handed over");
        let mut due = None;
        for (at, event) in events.into_iter().enumerate() {
            apply(&mut inventory, &mut state, event);
            if at % pause == 0 {
                state.hand_over();
                due = (at / pause).is_multiple_of(looks).then_some(at + late);
            }
            if due.is_none_or(|due| at < due) {
                continue;
            }
            // Pods that came after the call have to wait for the next one.
            let copy = state.clone();
            standing.follow(&copy).unwrap();
            let mut new = State::of(&inventory, semantics);
            let mut fresh = Standing::new(profiles.clone());
            fresh.refresh(&mut new);
            let (mut found, expected) = (broken(&standing, &copy), broken(&fresh, &new));
            if standing.postponed_count() == 0 {
                assert_eq!(found, expected, "after {at}");
            }
            found.retain(|name, how| expected.get(name) != Some(how));
            assert_eq!(found, BTreeMap::new(), "after {at}");
        }
        state.hand_over();
        standing.follow(&state).unwrap();
        assert_eq!(standing.postponed_count(), 0);
        let mut new = State::of(&inventory, semantics);
        let mut fresh = Standing::new(profiles);
        fresh.refresh(&mut new);
        assert_eq!(broken(&standing, &state), broken(&fresh, &new));
        state.stop_handing_over();
        assert_eq!(standing.follow(&state), None);
    });
}
