//! What is proved of a closed inventory holds whatever becomes of its pods and of the state of its
//! nodes, and whichever of them are there, under whatever names.

use std::cell::Cell;
use std::collections::BTreeMap;

use placecard_feasibility::certificate::stock::{Exclusion, is_passing};
use placecard_feasibility::certificate::{
    Argument, Certificate, Refusal, StockCover, verify_stock,
};
use placecard_feasibility::closed_inventory::prove;
use placecard_feasibility::empty_inventory::{Origin, rows};
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::node::{Doubts, Node};
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::judge;
use placecard_feasibility::node_template::virtual_nodes;
use placecard_feasibility::profile::Profile;
use placecard_feasibility::tolerations::Taint;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;

use crate::{HOSTNAME, config, inventory, pod, semantics};

/// What may happen to a cluster whose kinds of nodes stay the same.
#[derive(Clone, Debug)]
enum Event {
    /// A node of one of the kinds comes, under some name.
    Comes(Index, &'static str),
    /// A node of one of the groups comes.
    Grows(Index),
    Goes(Index),
    /// A node is cordoned, or becomes unwell, or both end.
    Turns(Index, bool),
    /// A pod runs.
    Runs(Pod, Index),
    Ends(Index),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (any::<Index>(), select(vec!["n0", "n9", "spare"]))
            .prop_map(|(of, name)| Event::Comes(of, name)),
        any::<Index>().prop_map(Event::Grows),
        any::<Index>().prop_map(Event::Goes),
        (any::<Index>(), any::<bool>()).prop_map(|(node, well)| Event::Turns(node, well)),
        (pod(), any::<Index>()).prop_map(|(pod, node)| Event::Runs(pod, node)),
        any::<Index>().prop_map(Event::Ends),
    ]
}

fn pick<K: Ord, V>(index: Index, map: &BTreeMap<K, V>) -> Option<&V> {
    if map.is_empty() { None } else { map.values().nth(index.index(map.len())) }
}

/// One event of a cluster with these kinds of nodes; `number` makes names.
fn happen(now: &mut Inventory, kinds: &Inventory, asked: &Pod, event: Event, number: usize) {
    match event {
        Event::Comes(of, name) => {
            if let Some(kind) = pick(of, &kinds.nodes) {
                let mut node = Node { name: name.to_owned(), ..kind.clone() };
                node.labels.insert(HOSTNAME.to_owned(), name.to_owned());
                now.nodes.insert(name.to_owned(), node);
            }
        }
        Event::Grows(of) => {
            let template = pick(of, &kinds.templates);
            let nodes = template.map(|one| virtual_nodes(one, asked, now)).unwrap_or_default();
            for (zone, one) in nodes.into_iter().enumerate() {
                let name = format!("new-{number}-{zone}");
                now.nodes.insert(name.clone(), Node { name, ..one.node });
            }
        }
        Event::Goes(of) => {
            let name = pick(of, &now.nodes).map(|node| node.name.clone());
            name.map(|name| now.nodes.remove(&name));
        }
        Event::Turns(of, well) => {
            let name = pick(of, &now.nodes).map(|node| node.name.clone());
            if let Some(node) = name.and_then(|name| now.nodes.get_mut(&name)) {
                node.unschedulable = !well;
                node.taints.retain(|taint| !taint.key.starts_with("node.kubernetes.io/"));
                if !well {
                    let key = "node.kubernetes.io/unschedulable".to_owned();
                    let effect = "NoSchedule".to_owned();
                    node.taints.push(Taint { key, effect, ..Taint::default() });
                }
            }
        }
        Event::Runs(pod, of) => {
            if let Some(node) = pick(of, &now.nodes) {
                let name = format!("running-{number}");
                let node = Some(node.name.as_str().into());
                let pod = Pod { name: name.clone(), node, ..pod };
                now.pods.insert((pod.namespace.clone(), name), pod);
            }
        }
        Event::Ends(of) => {
            let names: Vec<(String, String)> =
                now.pods.keys().map(|(of, name)| (of.to_owned(), name.to_owned())).collect();
            if !names.is_empty() {
                names.get(of.index(names.len())).map(|name| now.pods.remove(name));
            }
        }
    }
}

#[test]
fn what_is_proved_of_a_closed_inventory_stays_true() {
    let mut runner = TestRunner::new(config(1500));
    let seen: [Cell<usize>; 2] = Default::default();
    let drawn = (inventory(), pod(), vec(event(), 0..12));
    let result = runner.run(&drawn, |(inventory, pod, events)| {
        let profile = Profile::of(semantics());
        let lost = rows(&inventory, &pod, semantics(), &profile);
        let lost = !lost.is_empty() && lost.iter().all(|row| !row.lacks.is_empty());
        let Some(certificate) = prove(&inventory, &pod, semantics(), &profile) else {
            // Rules about names, taints that no group has for good, and nodes that are not there, are
            // all that is not proved.
            let passing = inventory.templates.values().flat_map(|one| &one.taints);
            let passing = passing.filter(|taint| is_passing(&taint.key)).count() > 0;
            let named = format!("{:?}", pod.node_affinity).contains(HOSTNAME)
                || pod.affinity.iter().any(|one| one.topology_key == HOSTNAME)
                || pod.spread.iter().any(|one| one.topology_key == HOSTNAME);
            prop_assert!(!lost || named || passing || inventory.nodes.is_empty(), "not proved");
            return Ok(());
        };
        prop_assert!(lost, "proved, but some row fits");
        prop_assert_eq!(verify_stock(&certificate, &inventory, &pod, semantics()), Ok(()));
        let mut now = inventory.clone();
        for (number, event) in events.into_iter().enumerate() {
            happen(&mut now, &inventory, &pod, event, number);
            let judgement = judge(&now, &pod, semantics());
            let fits: Vec<&str> = judgement.feasible().collect();
            prop_assert!(fits.is_empty(), "{fits:?} of {now:#?}\nagainst {certificate:?}");
        }
        let [proved, with_templates] = &seen;
        proved.set(proved.get() + 1);
        with_templates.set(with_templates.get() + usize::from(!inventory.templates.is_empty()));
        Ok(())
    });
    result.unwrap();
    let seen = seen.map(|count| count.get());
    assert!(seen.iter().all(|&count| count >= 30), "{seen:?}");
}

fn stock(certificate: &Certificate) -> StockCover {
    match &certificate.argument {
        Argument::Stock(cover) => cover.clone(),
        _ => StockCover::default(),
    }
}

/// The certificate with another cover.
fn with(certificate: &Certificate, cover: StockCover) -> Certificate {
    Certificate { argument: Argument::Stock(cover), ..certificate.clone() }
}

#[test]
fn another_cover_or_cluster_is_refused() {
    let mut runner = TestRunner::new(config(1500));
    let seen = Cell::new(0);
    let drawn = (inventory(), pod(), any::<Index>(), option::of(any::<Index>()));
    let result = runner.run(&drawn, |(inventory, pod, one, other)| {
        let profile = Profile::of(semantics());
        let found = prove(&inventory, &pod, semantics(), &profile);
        let Some(certificate) = found else { return Ok(()) };
        seen.set(seen.get() + 1);
        let check = |certificate: &Certificate, inventory: &Inventory| {
            verify_stock(certificate, inventory, &pod, semantics())
        };
        let cover = stock(&certificate);
        let all: Vec<(Exclusion, Origin)> = cover
            .excluded
            .iter()
            .flat_map(|(why, origins)| origins.iter().map(|origin| (why.clone(), origin.clone())))
            .collect();
        let (why, origin) = all.get(one.index(all.len())).cloned().unwrap();
        // A row is left out.
        let mut fewer = cover.clone();
        fewer.excluded.get_mut(&why).map(|origins| origins.remove(&origin));
        prop_assert_eq!(
            check(&with(&certificate, fewer.clone()), &inventory),
            Err(Refusal::Argument)
        );
        // It is excluded by something else that is made up.
        let made_up = match other {
            None => Exclusion::NoLabel("nobody-asks".to_owned()),
            Some(_) => match &why {
                Exclusion::TooSmall { resource, wanted, has } => Exclusion::TooSmall {
                    resource: resource.clone(),
                    wanted: wanted + 1,
                    has: *has,
                },
                _ => Exclusion::TooSmall { resource: "cpu".to_owned(), wanted: 9000, has: 1 },
            },
        };
        fewer.excluded.entry(made_up).or_default().insert(origin);
        prop_assert_eq!(check(&with(&certificate, fewer), &inventory), Err(Refusal::Facts));
        // It says nothing of what it takes for granted.
        let silent = Certificate { assume: [].into(), ..certificate.clone() };
        prop_assert_eq!(check(&silent, &inventory), Err(Refusal::Assumptions));
        // A node came, or nodes are not known, or something may bring others.
        let mut larger = inventory.clone();
        larger.nodes.insert("late".to_owned(), Node::default());
        prop_assert_eq!(check(&certificate, &larger), Err(Refusal::Argument));
        let mut doubted = inventory.clone();
        if let Some(mut node) = doubted.nodes.first_entry() {
            node.get_mut().doubts = Doubts { managed: true, ..Doubts::default() };
        }
        prop_assert_eq!(check(&certificate, &doubted), Err(Refusal::Beyond));
        prop_assert_eq!(prove(&doubted, &pod, semantics(), &profile), None);
        let unknown = Inventory { unknown: [Kind::Node].into(), ..inventory.clone() };
        prop_assert_eq!(check(&certificate, &unknown), Err(Refusal::Beyond));
        prop_assert_eq!(prove(&unknown, &pod, semantics(), &profile), None);
        Ok(())
    });
    result.unwrap();
    assert!(seen.get() >= 30, "{}", seen.get());
}
