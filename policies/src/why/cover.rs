//! The few demands of a pod that suffice to exclude every node.
//!
//! Every fact excludes some nodes; a core is a set of demands whose facts exclude all of them, and
//! no part of which does. It is minimal for the demands as they stand together: a demand that is
//! judged with the others (the domains that a spread constraint counts, say) excludes what it
//! excludes beside them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::certificate::{Argument, Axiom, Certificate, Cover};
use placecard_feasibility::filter::Plugin;
use placecard_feasibility::judge::{Judgement, NodeJudgement};
use placecard_feasibility::requirement::Requirement;

use super::facts::{Fact, Facts};

/// A demand of the pod, whatever the nodes are like that do not meet it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demand {
    /// Its tolerations: it goes nowhere where a taint is not tolerated.
    Tolerations,
    /// A requirement on a label of the node.
    Label(Requirement),
    /// Its required node affinity, of several terms.
    NodeTerms,
    /// Amounts of a resource.
    Resource(String),
    /// What else a fact is about: it is its own demand.
    Of(Fact),
}

impl Demand {
    /// The demand that a fact is about.
    #[must_use]
    pub fn of(fact: &Fact) -> Self {
        match fact {
            Fact::Taint(_) => Self::Tolerations,
            Fact::Label { requirement, .. } => Self::Label(requirement.clone()),
            Fact::NodeTerms => Self::NodeTerms,
            Fact::Resource { name, .. } => Self::Resource(name.clone()),
            other => Self::Of(other.clone()),
        }
    }
}

/// A member of a core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The demand.
    pub demand: Demand,
    /// How many nodes it excludes, alone.
    pub excludes: usize,
    /// How many of those that the members before it leave it excludes too.
    pub excludes_more: usize,
}

/// With more demands than this the smallest core is not searched for: a minimal one has to do.
const MOST_EXACT: usize = 12;

/// Which of the numbered kinds of nodes each demand excludes.
type Sets<K> = Vec<(K, BTreeSet<usize>)>;

/// The smallest set of demands that excludes every node, what excludes most first; `None` if a node
/// fits or there is none. `facts` has an entry for every node.
#[must_use]
pub fn core(facts: &[Facts]) -> Option<Vec<Member>> {
    let demands = facts.iter().map(|facts| facts.keys().map(Demand::of).collect());
    let members = smallest_cover(demands)?;
    let member = |(demand, excludes, excludes_more)| Member { demand, excludes, excludes_more };
    Some(members.into_iter().map(member).collect())
}

/// The proof that no node fits: for the fewest plugins that reject every node, which nodes each of
/// them rejects. `None` if a node fits, or is shut only because room is kept there for other pods.
#[must_use]
pub fn certificate(judgement: &Judgement<'_>) -> Option<Certificate> {
    let rejects = |node: &NodeJudgement<'_>| node.all.iter().map(|(plugin, _)| *plugin).collect();
    let members = smallest_cover(judgement.nodes.iter().map(rejects))?;
    let nodes = |plugin: Plugin| {
        let by = |node: &&NodeJudgement<'_>| node.all.iter().any(|(other, _)| *other == plugin);
        judgement.nodes.iter().filter(by).map(|node| node.node.to_owned()).collect()
    };
    let excluded: BTreeMap<String, BTreeSet<String>> =
        members.into_iter().map(|(plugin, ..)| (plugin.name().to_owned(), nodes(plugin))).collect();
    Some(Certificate {
        assume: BTreeSet::from([Axiom::Snapshot]),
        core: excluded.keys().cloned().collect(),
        argument: Argument::Cover(Cover { empty: false, excluded }),
    })
}

/// The fewest of the demands that each node fails one of, with the number of nodes that each
/// excludes alone and beyond those before it.
pub(crate) fn smallest_cover<K: Ord + Clone>(
    nodes: impl Iterator<Item = BTreeSet<K>>,
) -> Option<Vec<(K, usize, usize)>> {
    let mut alike: BTreeMap<BTreeSet<K>, usize> = BTreeMap::new();
    for demands in nodes {
        *alike.entry(demands).or_default() += 1;
    }
    if alike.is_empty() || alike.keys().any(BTreeSet::is_empty) {
        return None;
    }
    let weights: Vec<usize> = alike.values().copied().collect();
    let mut excluded: BTreeMap<K, BTreeSet<usize>> = BTreeMap::new();
    for (number, demands) in alike.keys().enumerate() {
        for demand in demands {
            excluded.entry(demand.clone()).or_default().insert(number);
        }
    }
    let sets: Sets<K> = excluded.into_iter().collect();
    let mut chosen = greedy(&sets, &weights);
    if sets.len() <= MOST_EXACT
        && let Some(smaller) = smallest(&sets, weights.len(), chosen.len())
    {
        chosen = smaller;
    }
    Some(members(chosen.iter().filter_map(|at| sets.get(*at)).collect(), &weights))
}

fn weight<'s>(numbers: impl Iterator<Item = &'s usize>, weights: &[usize]) -> usize {
    numbers.filter_map(|number| weights.get(*number)).sum()
}

/// Takes what excludes most of the rest, then drops what turned out not to be needed.
fn greedy<K>(sets: &Sets<K>, weights: &[usize]) -> Vec<usize> {
    let mut left: BTreeSet<usize> = (0..weights.len()).collect();
    let mut chosen = Vec::new();
    while !left.is_empty() {
        let gain = |(at, (_, set)): (usize, &(K, BTreeSet<usize>))| {
            (weight(set.intersection(&left), weights), Reverse(at))
        };
        let Some((most, Reverse(best))) = sets.iter().enumerate().map(gain).max() else { break };
        let Some((_, set)) = sets.get(best).filter(|_| most > 0) else { break };
        left = left.difference(set).copied().collect();
        chosen.push(best);
    }
    for at in chosen.clone() {
        let rest: Vec<usize> = chosen.iter().copied().filter(|other| *other != at).collect();
        if covers(sets, &rest, weights.len()) {
            chosen = rest;
        }
    }
    chosen
}

/// The first of the smallest sets that exclude every node, if one is smaller than `known`.
fn smallest<K>(sets: &Sets<K>, numbers: usize, known: usize) -> Option<Vec<usize>> {
    let all = 1_u32.checked_shl(u32::try_from(sets.len()).ok()?)?;
    let chosen =
        |mask: u32| -> Vec<usize> { (0..sets.len()).filter(|at| mask & (1 << at) != 0).collect() };
    let small = |mask: &u32| usize::try_from(mask.count_ones()).is_ok_and(|count| count < known);
    let masks = (1..all).filter(small).map(|mask| (mask.count_ones(), mask));
    let covering = masks.filter(|(_, mask)| covers(sets, &chosen(*mask), numbers));
    covering.min().map(|(_, mask)| chosen(mask))
}

fn covers<K>(sets: &Sets<K>, chosen: &[usize], numbers: usize) -> bool {
    let members = || chosen.iter().filter_map(|at| sets.get(*at));
    (0..numbers).all(|number| members().any(|(_, set)| set.contains(&number)))
}

fn members<K: Ord + Clone>(
    mut chosen: Vec<&(K, BTreeSet<usize>)>,
    weights: &[usize],
) -> Vec<(K, usize, usize)> {
    chosen
        .sort_by_cached_key(|(demand, set)| (Reverse(weight(set.iter(), weights)), demand.clone()));
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    let mut members = Vec::new();
    for (demand, set) in chosen {
        let more = weight(set.difference(&seen), weights);
        members.push((demand.clone(), weight(set.iter(), weights), more));
        seen.extend(set);
    }
    members
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::why::facts::Detail;

    fn facts(list: &[&[usize]]) -> Vec<Facts> {
        let of = |ports: &&[usize]| -> Facts {
            ports.iter().map(|at| (Fact::Spread(*at), Detail::default())).collect()
        };
        list.iter().map(of).collect()
    }

    /// Is it a core? Written without the procedures above: every node fails one of the demands, and
    /// without any of them some node fails none.
    fn check(facts: &[Facts], core: &[Member]) -> Result<(), String> {
        let fails =
            |node: &Facts, demand: &Demand| node.keys().any(|fact| Demand::of(fact) == *demand);
        for node in facts {
            if !core.iter().any(|member| fails(node, &member.demand)) {
                return Err(format!("{node:?} fails none"));
            }
        }
        for left_out in core {
            let rest = || core.iter().filter(|member| member.demand != left_out.demand);
            if facts.iter().all(|node| rest().any(|member| fails(node, &member.demand))) {
                return Err(format!("{left_out:?} is not needed"));
            }
            let excluded = facts.iter().filter(|node| fails(node, &left_out.demand)).count();
            if excluded != left_out.excludes {
                return Err(format!("{left_out:?} excludes {excluded}"));
            }
        }
        Ok(())
    }

    #[test]
    fn the_smallest_core_is_found() {
        // Greedy takes 0 first, because it excludes most, and then needs both others.
        let nodes = facts(&[&[0, 1], &[0, 1], &[0, 2], &[0, 2], &[1], &[2]]);
        let found = core(&nodes).unwrap();
        let demands: Vec<&Demand> = found.iter().map(|member| &member.demand).collect();
        let spread = |at| Demand::Of(Fact::Spread(at));
        assert_eq!(demands, [&spread(1), &spread(2)]);
        assert_eq!(found.iter().map(|member| member.excludes_more).collect::<Vec<_>>(), [3, 3]);
    }

    #[test]
    fn there_is_no_core_while_a_node_fits() {
        assert_eq!(core(&[]), None);
        assert_eq!(core(&facts(&[&[0], &[]])), None);
    }

    #[test]
    fn a_wrong_core_is_refused() {
        let nodes = facts(&[&[0], &[1]]);
        let found = core(&nodes).unwrap();
        assert_eq!(check(&nodes, &found), Ok(()));
        assert!(check(&nodes, &found[..1]).is_err(), "a node is left");
        let mut more = found.clone();
        more.push(Member { demand: Demand::NodeTerms, excludes: 0, excludes_more: 0 });
        assert!(check(&nodes, &more).is_err(), "more than is needed");
        let mut wrong = found;
        wrong[0].excludes += 1;
        assert!(check(&nodes, &wrong).is_err(), "a wrong number");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn every_core_is_minimal(
            nodes in prop::collection::vec(prop::collection::btree_set(0_usize..20, 1..6), 1..30)
        ) {
            let lists: Vec<Vec<usize>> =
                nodes.iter().map(|set| set.iter().copied().collect()).collect();
            let slices: Vec<&[usize]> = lists.iter().map(Vec::as_slice).collect();
            let facts = facts(&slices);
            let found = core(&facts).unwrap();
            prop_assert_eq!(check(&facts, &found), Ok(()));
        }
    }
}
