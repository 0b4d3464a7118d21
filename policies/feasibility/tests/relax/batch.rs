//! What is proved of a batch and its domains: no order and no choice of nodes places all of its
//! pods there, and no other certificate passes.

use std::cell::Cell;
use std::collections::BTreeMap;

use placecard_feasibility::batches::misfit::misfits;
use placecard_feasibility::certificate::stock::Exclusion;
use placecard_feasibility::certificate::{
    Argument, BatchCover, Certificate, Misfit, Refusal, verify_batch,
};
use placecard_feasibility::empty_inventory::at_rest;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::judge;
use placecard_feasibility::profile::Profile;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;

use crate::{HOSTNAME, ZONE, config, nodes, pod, semantics};

/// Whether some choice of nodes places the pods, one after the other: the plain judge tries all.
fn fits(inventory: &mut Inventory, pods: &[Pod]) -> bool {
    let Some((first, rest)) = pods.split_first() else { return true };
    let names: Vec<String> =
        judge(inventory, first, semantics()).feasible().map(str::to_owned).collect();
    names.into_iter().any(|node| {
        let key = (first.namespace.clone(), first.name.clone());
        let placed = Pod { node: Some(node.as_str().into()), ..first.clone() };
        inventory.pods.insert(key.clone(), placed);
        let found = fits(inventory, rest);
        inventory.pods.remove(&key);
        found
    })
}

fn batch() -> impl Strategy<Value = Vec<(Pod, u64)>> {
    // Nothing but nodes and the batch: what companions could do is not a matter of sizes.
    let alone = pod().prop_map(|pod| {
        pod.with(|spec| {
            spec.affinity = Vec::new();
            spec.spread = Vec::new();
        })
    });
    vec((alone, 1u64..3), 1..3)
}

fn certificate(cover: BatchCover) -> Certificate {
    let argument = Argument::Batch(cover);
    Certificate { assume: argument.needs(), core: Vec::new(), argument }
}

#[test]
fn no_choice_of_nodes_places_a_batch_where_it_is_proved_not_to_fit() {
    let mut runner = TestRunner::new(config(1500));
    let seen: [Cell<usize>; 2] = Default::default();
    let drawn = (nodes(), batch(), select(vec![HOSTNAME, ZONE]));
    let result = runner.run(&drawn, |(nodes, batch, key)| {
        let inventory = Inventory { nodes, ..Inventory::default() };
        let profile = Profile::of(semantics());
        let (cover, left) = misfits(&inventory, key, &batch, semantics(), &profile);
        let mut pods = Vec::new();
        for (role, (pod, count)) in batch.iter().enumerate() {
            let one = |number| Pod { name: format!("{role}-{number}"), ..pod.clone() };
            pods.extend((0..*count).map(one));
        }
        for (domain, misfit) in &cover.domains {
            let of = |node: &&Node| node.labels.get(key) == Some(domain);
            let nodes = inventory.nodes.values().filter(of);
            let nodes = nodes.map(|node| (node.name.clone(), at_rest(node))).collect();
            let mut alone = Inventory { nodes, ..Inventory::default() };
            prop_assert!(!fits(&mut alone, &pods), "{domain}: {misfit:?}");
            let [sizes, others] = &seen;
            let kind = if matches!(misfit, Misfit::TooSmall { .. }) { sizes } else { others };
            kind.set(kind.get() + 1);
        }
        let verified = verify_batch(&certificate(cover), &inventory, &batch, semantics());
        let expected = if left.is_empty() { Ok(()) } else { Err(Refusal::Argument) };
        prop_assert_eq!(verified, expected);
        Ok(())
    });
    result.unwrap();
    let seen = seen.map(|count| count.get());
    assert!(seen.iter().all(|&count| count >= 100), "{seen:?}");
}

#[test]
fn a_certificate_of_anything_else_is_refused() {
    let mut runner = TestRunner::new(config(1500));
    let seen = Cell::new(0);
    let drawn = (nodes(), batch(), select(vec![HOSTNAME, ZONE]), any::<Index>());
    let result = runner.run(&drawn, |(nodes, batch, key, at)| {
        let inventory = Inventory { nodes, ..Inventory::default() };
        let profile = Profile::of(semantics());
        let (cover, left) = misfits(&inventory, key, &batch, semantics(), &profile);
        if !left.is_empty() || cover.domains.is_empty() {
            return Ok(());
        }
        seen.set(seen.get() + 1);
        let check = |cover: &BatchCover, inventory: &Inventory, batch: &[(Pod, u64)]| {
            verify_batch(&certificate(cover.clone()), inventory, batch, semantics())
        };
        let names: Vec<String> = cover.domains.keys().cloned().collect();
        let domain = names.get(at.index(names.len())).cloned().unwrap_or_default();
        // A domain is left out, or is made up.
        let mut fewer = cover.clone();
        let misfit = fewer.domains.remove(&domain).unwrap();
        prop_assert_eq!(check(&fewer, &inventory, &batch), Err(Refusal::Argument));
        let mut more = cover.clone();
        more.domains.insert("nowhere".to_owned(), misfit.clone());
        prop_assert_eq!(check(&more, &inventory, &batch), Err(Refusal::Facts));
        // A number is another one, or a node lacks something else.
        let mutated = match misfit {
            Misfit::TooSmall { resource, wanted, has } => {
                vec![
                    Misfit::TooSmall { resource: resource.clone(), wanted: wanted + 1, has },
                    Misfit::TooSmall { resource: resource.clone(), wanted, has: has - 1 },
                    Misfit::TooSmall { resource: "memory".to_owned(), wanted, has },
                ]
            }
            Misfit::NoNode { role, excluded } => {
                let made_up = |_| Exclusion::NoLabel("nobody-asks".to_owned());
                let other: BTreeMap<String, Exclusion> =
                    excluded.keys().map(|node| (node.clone(), made_up(node))).collect();
                vec![
                    Misfit::NoNode { role: batch.len(), excluded: excluded.clone() },
                    Misfit::NoNode { role, excluded: other },
                    Misfit::NoNode { role, excluded: BTreeMap::new() },
                ]
            }
        };
        for misfit in mutated {
            let mut other = cover.clone();
            other.domains.insert(domain.clone(), misfit.clone());
            prop_assert!(check(&other, &inventory, &batch).is_err(), "{misfit:?}");
        }
        // Another key, another cluster, or no word of what it takes for granted.
        let other = BatchCover { key: "rack".to_owned(), ..cover.clone() };
        prop_assert!(check(&other, &inventory, &batch).is_err());
        let mut larger = inventory.clone();
        let labels = [(key.to_owned(), "late".to_owned())].into();
        let late = Node { name: "late".to_owned(), labels, ..Node::default() };
        larger.nodes.insert("late".to_owned(), late);
        prop_assert_eq!(check(&cover, &larger, &batch), Err(Refusal::Argument));
        let unknown = Inventory { unknown: [Kind::Node].into(), ..inventory.clone() };
        prop_assert_eq!(check(&cover, &unknown, &batch), Err(Refusal::Beyond));
        prop_assert!(check(&cover, &inventory, &[]).is_err());
        let silent = Certificate { assume: [].into(), ..certificate(cover.clone()) };
        let verified = verify_batch(&silent, &inventory, &batch, semantics());
        prop_assert_eq!(verified, Err(Refusal::Assumptions));
        Ok(())
    });
    result.unwrap();
    assert!(seen.get() >= 100, "{}", seen.get());
}
