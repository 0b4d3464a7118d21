//! Where would the pod go? Three stages, one after the other.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::filter::cycle::Cycle;
use crate::judge::{Judgement, judge_cycle, score_cycle};
use crate::score::Score;

/// What the stages found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranking<'a> {
    /// Every node, and what rejects it.
    pub judgement: Judgement<'a>,
    /// The nodes that pass, the best first. Those with as many points are equally good: the
    /// scheduler takes any of the first ones; here they are in the order of their names.
    pub ranked: Vec<Ranked<'a>>,
}

/// A node that passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked<'a> {
    /// Its name.
    pub node: &'a str,
    /// Its points. `None` if the scheduler does not score: because no other node passes, or because
    /// a score plugin fails, so that the pod is not placed at all.
    pub score: Option<Score>,
}

/// Filters the nodes, scores those that pass, and adapts their order.
#[must_use]
pub fn rank<'a>(cycle: &Cycle<'a>) -> Ranking<'a> {
    let judgement = filter(cycle);
    let scores = score(cycle, &judgement);
    let ranked = adapt(order(&judgement, scores));
    Ranking { judgement, ranked }
}

/// Which nodes fulfil all that is required ([`judge_cycle`])?
fn filter<'a>(cycle: &Cycle<'a>) -> Judgement<'a> {
    judge_cycle(cycle)
}

/// How well do they fulfil what is preferred ([`score_cycle`])?
fn score<'a>(cycle: &Cycle<'a>, judgement: &Judgement<'_>) -> BTreeMap<&'a str, Score> {
    score_cycle(cycle, judgement)
}

/// Adapts the order to what is known beyond the cluster of the moment. This stage is where entries
/// of a placement request with the strength *Adaptive* will count; that strength is reserved, so
/// it gives back what it gets.
fn adapt(ranked: Vec<Ranked<'_>>) -> Vec<Ranked<'_>> {
    ranked
}

fn order<'a>(judgement: &Judgement<'a>, mut scores: BTreeMap<&'a str, Score>) -> Vec<Ranked<'a>> {
    let feasible = judgement.nodes.iter().filter(|node| node.first.is_none());
    let mut ranked: Vec<Ranked<'a>> =
        feasible.map(|node| Ranked { node: node.node, score: scores.remove(node.node) }).collect();
    ranked.sort_by_key(|one| Reverse(one.score.as_ref().map_or(0, |score| score.total)));
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::cycle::cycle;
    use crate::inventory::Inventory;
    use crate::inventory::node::Node;
    use crate::inventory::pod::{Pod, PodSpec};
    use crate::inventory::requests::{CPU, MEMORY, PODS};
    use crate::judge::Semantics;
    use crate::quantity::Quantity;

    fn node(name: &str, cpu: i64, pods: i64) -> Node {
        let amounts = [(CPU, cpu), (MEMORY, 1 << 34), (PODS, pods)];
        let amount = |(name, amount): (&str, i64)| (name.to_owned(), Quantity::of_units(amount));
        let allocatable = amounts.map(amount).into();
        Node { name: name.to_owned(), allocatable, ..Node::default() }
    }

    #[test]
    fn the_best_node_is_first_and_equal_ones_are_in_the_order_of_their_names() {
        let mut inventory = Inventory::default();
        for (name, cpu, pods) in [("a", 2, 9), ("b", 4, 9), ("c", 4, 9), ("d", 8, 0)] {
            inventory.nodes.insert(name.to_owned(), node(name, cpu, pods));
        }
        let pod = Pod {
            spec: PodSpec {
                containers: vec![crate::inventory::pod::Container::default()],
                ..PodSpec::default()
            }
            .into(),
            ..Pod::default()
        };
        let ranking = rank(&cycle(&inventory, &pod, Semantics::of_minor(34)));
        let names: Vec<&str> = ranking.ranked.iter().map(|one| one.node).collect();
        assert_eq!(names, ["b", "c", "a"]);
        assert!(ranking.ranked.iter().all(|one| one.score.is_some()));
        assert_eq!(ranking.judgement.nodes.len(), 4);
        // Nobody scores a single node.
        inventory.nodes.retain(|name, _| name == "a");
        let ranking = rank(&cycle(&inventory, &pod, Semantics::of_minor(34)));
        assert_eq!(ranking.ranked, [Ranked { node: "a", score: None }]);
    }
}
