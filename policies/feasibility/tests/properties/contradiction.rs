use std::collections::BTreeSet;

use placecard_feasibility::contradiction::{
    Atom, AtomId, BUDGET, Core, Dead, Demand, DemandId, NodeVerdict, Subject, TermDemand, Wants,
    decide,
};
use placecard_feasibility::domain::{Domain, Shape};
use placecard_feasibility::label::Labels;
use placecard_feasibility::node_terms::{NodeFacts, NodeTerm, is_dead, term_matches};
use placecard_feasibility::requirement::{Flaw, Operator, Requirement};
use proptest::prelude::*;

use crate::universe::{any_term, nodes};

/// Demands of these terms; each requirement gets a name of its own.
fn demands(terms: &[Vec<NodeTerm>]) -> Vec<Demand> {
    let mut next = 0;
    let mut atom = |(field, requirement): (bool, &Requirement)| {
        next += 1;
        Atom { id: AtomId(next), field, requirement: requirement.clone() }
    };
    let mut term =
        |term: &NodeTerm| TermDemand { atoms: term.requirements().map(&mut atom).collect() };
    (0..)
        .zip(terms)
        .map(|(id, terms)| Demand {
            id: DemandId(id),
            terms: terms.iter().map(&mut term).collect(),
        })
        .collect()
}

fn as_term<'a>(atoms: impl Iterator<Item = &'a Atom>) -> NodeTerm {
    let mut term = NodeTerm::default();
    for atom in atoms {
        let list = if atom.field { &mut term.fields } else { &mut term.expressions };
        list.push(atom.requirement.clone());
    }
    term
}

/// The terms of the demand as far as they can be read, if only some requirements are kept.
fn kept(demand: &Demand, keep: &dyn Fn(AtomId) -> bool) -> Vec<NodeTerm> {
    let readable = |atom: &&Atom| !matches!(atom.requirement.operator, Operator::Other(_));
    let alive = demand.terms.iter().filter(|term| !is_dead(&as_term(term.atoms.iter())));
    let kept =
        alive.map(|term| as_term(term.atoms.iter().filter(readable).filter(|atom| keep(atom.id))));
    kept.collect()
}

/// A term without requirements left holds.
fn meets(terms: &[NodeTerm], node: NodeFacts<'_>) -> bool {
    terms.iter().any(|term| term.is_empty() || term_matches(term, node))
}

fn possible(demands: &[&Demand], keep: &dyn Fn(AtomId) -> bool) -> bool {
    let demands: Vec<Vec<NodeTerm>> = demands.iter().map(|one| kept(one, keep)).collect();
    nodes()
        .iter()
        .any(|(name, labels)| demands.iter().all(|terms| meets(terms, NodeFacts { name, labels })))
}

/// The core clashes, and does not without any one of its requirements or demands.
fn check_core(all: &[Demand], core: &Core) -> Result<(), TestCaseError> {
    let members: Vec<&Demand> = all.iter().filter(|one| core.demands.contains(&one.id)).collect();
    prop_assert_eq!(members.len(), core.demands.len());
    prop_assert!(core.minimal);
    if core.clashes.is_empty() {
        let dead = |term: &TermDemand| is_dead(&as_term(term.atoms.iter()));
        prop_assert!(members.len() == 1 && members[0].terms.iter().all(dead));
        prop_assert_eq!(core.dead.len(), members[0].terms.len());
        return Ok(());
    }
    let atoms: BTreeSet<AtomId> = core.clashes.iter().map(|clash| clash.atom).collect();
    prop_assert_eq!(atoms.len(), core.clashes.len());
    prop_assert!(!possible(&members, &|atom| atoms.contains(&atom)), "{:?} do not clash", core);
    for clash in &core.clashes {
        let fewer = |atom| atoms.contains(&atom) && atom != clash.atom;
        prop_assert!(possible(&members, &fewer), "{:?} is not needed in {:?}", clash, core);
        let place = |one: &&Demand| {
            one.id == clash.demand
                && one.terms[clash.term].atoms.iter().any(|atom| atom.id == clash.atom)
        };
        prop_assert!(all.iter().any(|one| place(&one)));
    }
    for dropped in &core.demands {
        let others: Vec<&Demand> =
            members.iter().copied().filter(|one| one.id != *dropped).collect();
        prop_assert!(possible(&others, &|atom| atoms.contains(&atom)));
    }
    let one_subject = core.subjects().len() == 1;
    prop_assert_eq!(core.without.len(), if one_subject { core.demands.len() } else { 0 });
    prop_assert!(core.clashes.iter().all(|clash| clash.left.is_some() == one_subject));
    prop_assert!(core.without.iter().all(|without| !without.left.is_empty()));
    prop_assert!(core.clashes.iter().flat_map(|clash| &clash.left).all(|left| !left.is_empty()));
    Ok(())
}

fn check(terms: &[Vec<NodeTerm>]) -> Result<(), TestCaseError> {
    let all = demands(terms);
    match decide(&all, BUDGET) {
        NodeVerdict::Satisfiable(witness) => {
            let node = NodeFacts { name: &witness.name, labels: &witness.labels };
            for demand in &all {
                prop_assert!(
                    meets(&kept(demand, &|_| true), node),
                    "{:?} fails {:?}",
                    witness,
                    demand
                );
            }
        }
        NodeVerdict::Contradiction(core) => {
            prop_assert!(!possible(&all.iter().collect::<Vec<_>>(), &|_| true));
            check_core(&all, &core)?;
        }
        NodeVerdict::Undecided => prop_assert!(false, "undecided"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn verdicts_are_right_and_cores_minimal(
        terms in prop::collection::vec(prop::collection::vec(any_term(), 1..=3), 1..=6),
    ) {
        check(&terms)?;
    }

    #[test]
    fn conjunctions_are_decided_too(
        terms in prop::collection::vec(prop::collection::vec(any_term(), 1..=1), 1..=5),
    ) {
        check(&terms)?;
    }
}

fn single(requirement: Requirement) -> Vec<NodeTerm> {
    vec![NodeTerm::of(vec![requirement])]
}

#[expect(clippy::panic, reason = "a test's assertion, outside a test function")]
fn contradiction(terms: &[Vec<NodeTerm>]) -> Core {
    match decide(&demands(terms), BUDGET) {
        NodeVerdict::Contradiction(core) => core,
        other => panic!("{terms:?} is {other:?}"),
    }
}

/// {a,b}, {b,c} and {a,c}: any two can hold, the three cannot; the fourth demand is not part of it.
#[test]
fn three_demands_that_clash_only_together() {
    let disk = |values: &[&str]| single(Requirement::one_of("disk", values));
    let core = contradiction(&[
        disk(&["nvme", "ssd"]),
        single(Requirement::one_of("arch", &["arm64"])),
        disk(&["ssd", "hdd"]),
        disk(&["nvme", "hdd"]),
    ]);
    assert_eq!(core.demands, [DemandId(0), DemandId(2), DemandId(3)]);
    assert_eq!(core.subjects(), [&Subject::Label("disk".into())]);
    let left: Vec<Shape> = core.without.iter().map(|one| one.left.shape()).collect();
    assert_eq!(left, ["hdd", "nvme", "ssd"].map(|one| Shape::Only(vec![one.to_owned()])));
    let wants = Wants::OneOf(vec!["nvme".into(), "ssd".into()]);
    assert_eq!(core.clashes[0].wants, wants);
    assert_eq!(core.clashes[0].left.as_ref().map(Domain::shape), Some(left[0].clone()));
}

#[test]
fn what_clashes_is_named() {
    let key = |operator, values: &[&str]| single(Requirement::new("k", operator, values));
    let table = [
        (
            key(Operator::Exists, &[]),
            key(Operator::DoesNotExist, &[]),
            Wants::Present,
            Wants::Absent,
        ),
        (key(Operator::Gt, &["7"]), key(Operator::Lt, &["8"]), Wants::Greater(7), Wants::Less(8)),
        (
            key(Operator::In, &["a"]),
            key(Operator::NotIn, &["a", "b"]),
            Wants::OneOf(vec!["a".into()]),
            Wants::NotOneOf(vec!["a".into(), "b".into()]),
        ),
        (
            vec![NodeTerm::named("n1")],
            vec![NodeTerm::named("n2")],
            Wants::OneOf(vec!["n1".into()]),
            Wants::OneOf(vec!["n2".into()]),
        ),
    ];
    for (one, other, first, second) in table {
        let core = contradiction(&[one, other]);
        let wants: Vec<Wants> = core.clashes.into_iter().map(|clash| clash.wants).collect();
        assert_eq!(wants, [first, second]);
    }
}

/// A comparison without any member clashes alone.
#[test]
fn impossible_alone() {
    for impossible in [
        Requirement::new("k", Operator::Lt, &["0"]),
        Requirement::new("k", Operator::Gt, &["9223372036854775807"]),
    ] {
        let core = contradiction(&[single(Requirement::exists("x")), single(impossible)]);
        assert_eq!((core.demands, core.clashes.len()), (vec![DemandId(1)], 1));
    }
}

#[test]
fn dead_demands_say_why() {
    let unreadable =
        NodeTerm::of(vec![Requirement::exists("x"), Requirement::new("k", Operator::Gt, &["3.5"])]);
    let core =
        contradiction(&[single(Requirement::exists("x")), vec![NodeTerm::default(), unreadable]]);
    assert_eq!(core.demands, [DemandId(1)]);
    let why: Vec<Dead> = core.dead.into_iter().map(|dead| dead.why).collect();
    assert_eq!(why, [Dead::Empty, Dead::Unreadable(AtomId(3), Flaw::NotInteger("3.5".into()))]);
    assert!(contradiction(&[vec![]]).dead.is_empty(), "no terms at all");
}

/// An operator of the future may hold: it is no ground for a contradiction, and does not hide one.
#[test]
fn opaque_operators_prove_nothing() {
    let opaque = Requirement::new("k", Operator::Other("Matches".into()), &["x"]);
    let verdict =
        decide(&demands(&[single(opaque.clone()), single(Requirement::absent("k"))]), BUDGET);
    assert!(matches!(verdict, NodeVerdict::Satisfiable(_)));
    let both = NodeTerm::of(vec![opaque, Requirement::exists("k")]);
    let core = contradiction(&[vec![both], single(Requirement::absent("k"))]);
    assert_eq!(core.clashes.len(), 2);
}

/// Clashes over several keys: (zone a or rack 1), and neither.
#[test]
fn several_subjects() {
    let zone = |operator| Requirement::new("zone", operator, &["a"]);
    let rack = |operator| Requirement::new("rack", operator, &["1"]);
    let either =
        vec![NodeTerm::of(vec![zone(Operator::In)]), NodeTerm::of(vec![rack(Operator::In)])];
    let core =
        contradiction(&[single(zone(Operator::NotIn)), either, single(rack(Operator::NotIn))]);
    assert_eq!((core.demands.len(), core.clashes.len(), core.subjects().len()), (3, 4, 2));
}

/// Large inputs end within the budget, whatever the answer.
#[test]
fn large_inputs_end() {
    let pair = |i: usize| {
        let key = |side: &str| format!("{side}{}", i % 40);
        let (x, y) = ((i / 3 % 7).to_string(), (i / 5 % 7).to_string());
        vec![
            NodeTerm::of(vec![Requirement::one_of(&key("a"), &[&x])]),
            NodeTerm::of(vec![
                Requirement::none_of(&key("b"), &[&y]),
                Requirement::exists(&key("a")),
            ]),
        ]
    };
    let hard: Vec<Vec<NodeTerm>> = (0..2000).map(pair).collect();
    let _ = decide(&demands(&hard), 20_000);
    let many = |value: usize| single(Requirement::one_of("zone", &[value.to_string().as_str()]));
    let same_key: Vec<Vec<NodeTerm>> = (0..10_000).map(many).collect();
    assert_eq!(contradiction(&same_key).demands.len(), 2);
    let avoid = |value: usize| single(Requirement::none_of("zone", &[value.to_string().as_str()]));
    let excluded: Vec<Vec<NodeTerm>> = (0..10_000).map(avoid).collect();
    assert!(matches!(decide(&demands(&excluded), BUDGET), NodeVerdict::Satisfiable(_)));
    assert_eq!(decide(&demands(&hard), 0), NodeVerdict::Undecided);
}

#[test]
fn no_demands_are_met_by_any_node() {
    let NodeVerdict::Satisfiable(witness) = decide(&[], BUDGET) else {
        panic!("nothing is demanded")
    };
    assert!(witness.labels == Labels::new() && !witness.name.is_empty());
}
