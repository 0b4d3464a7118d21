use placecard_feasibility::label::Labels;
use placecard_feasibility::node_terms::{
    Inexpressible, Negation, NodeFacts, NodeSet, NodeTerm, accepts, conjoin, conjoin_all, disjoint,
    is_dead, is_possible, negate, negate_terms, term_implies, term_matches,
};
use placecard_feasibility::requirement::{Operator, Requirement, matches};
use proptest::prelude::*;

use crate::universe::{any_term, nodes, readable, readable_term};

/// A disjunction of one term.
fn one(term: &NodeTerm) -> &[NodeTerm] {
    std::slice::from_ref(term)
}

fn facts<'a>((name, labels): &'a (&'static str, Labels)) -> NodeFacts<'a> {
    NodeFacts { name, labels }
}

fn any_matches(terms: &[NodeTerm], node: &(&'static str, Labels)) -> bool {
    terms.iter().any(|term| term_matches(term, facts(node)))
}

/// No label of the node is a word that a comparison could meet.
fn comparable(node: &(&'static str, Labels)) -> bool {
    node.1.values().all(|value| value.parse::<i64>().is_ok())
}

fn compares(term: &NodeTerm) -> bool {
    term.expressions.iter().any(|one| one.operator.is_comparison())
}

fn terms(
    term: impl Strategy<Value = NodeTerm>,
    most: usize,
) -> impl Strategy<Value = Vec<NodeTerm>> {
    prop::collection::vec(term, 1..=most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_product_accepts_what_both_accept(
        theirs in terms(any_term(), 3),
        ours in terms(readable_term(), 3),
    ) {
        let merged = conjoin(&theirs, &ours, 64).unwrap();
        for node in nodes() {
            let both = any_matches(&theirs, node) && any_matches(&ours, node);
            prop_assert_eq!(any_matches(&merged, node), both, "{:?} in {:?}", node, merged);
        }
        let dead = |terms: &[NodeTerm]| terms.iter().filter(|t| is_dead(t)).cloned().collect::<Vec<_>>();
        prop_assert_eq!(dead(&merged), dead(&theirs));
        prop_assert_eq!(conjoin(&merged, &ours, 64).unwrap(), merged);
    }

    #[test]
    fn all_rules_hold_together(
        theirs in prop::option::of(terms(any_term(), 2)),
        rules in prop::collection::vec(terms(readable_term(), 2), 0..4),
    ) {
        let merged = conjoin_all(&theirs, &rules, 64).unwrap();
        for node in nodes() {
            let admitted = |set: &NodeSet| accepts(&Labels::new(), set, facts(node));
            let all = admitted(&theirs) && rules.iter().all(|rule| any_matches(rule, node));
            prop_assert_eq!(admitted(&merged), all, "{:?} in {:?}", node, merged);
        }
        prop_assert_eq!(conjoin_all(&merged, &rules, 64).unwrap(), merged);
    }

    #[test]
    fn possibility_and_implication_are_exact(a in any_term(), b in any_term()) {
        let all = nodes();
        let opaque = |term: &NodeTerm| {
            term.expressions.iter().any(|one| matches!(one.operator, Operator::Other(_)))
        };
        let matched = |term: &NodeTerm| all.iter().any(|node| term_matches(term, facts(node)));
        prop_assert!(!matched(&a) || (is_possible(&a) && !is_dead(&a)));
        if !opaque(&a) {
            prop_assert_eq!(is_possible(&a), matched(&a));
        }
        let implied = all.iter().all(|n| !term_matches(&a, facts(n)) || term_matches(&b, facts(n)));
        prop_assert!(implied || !term_implies(&a, &b));
        if !opaque(&a) && !opaque(&b) {
            prop_assert_eq!(term_implies(&a, &b), implied);
        }
    }

    #[test]
    fn a_requirement_and_its_negation_exclude_each_other(one in readable()) {
        let alternatives = match negate(&one) {
            Negation::Always => Vec::new(),
            Negation::Alternatives(alternatives) => alternatives,
            Negation::Unknown => panic!("{one:?} can be read"),
        };
        let always = negate(&one) == Negation::Always;
        for node in nodes() {
            let met = alternatives.iter().filter(|other| matches(other, &node.1)).count();
            let negated = usize::from(always) + met;
            let holds = usize::from(matches(&one, &node.1));
            let word = node.1.get(&one.key).is_some_and(|v| v.parse::<i64>().is_err());
            if always || !(one.operator.is_comparison() && word) {
                prop_assert_eq!(holds + negated, 1, "{:?}", node.1);
            } else {
                prop_assert_eq!(holds + negated, 0, "{:?}", node.1);
            }
        }
    }

    #[test]
    fn negated_terms_match_the_other_nodes(given in terms(any_term(), 3)) {
        let opaque = given.iter().flat_map(|term| &term.expressions).any(|one| negate(one) == Negation::Unknown);
        match negate_terms(&given, 64) {
            Ok(set) => for node in nodes() {
                let inside = any_matches(&given, node);
                let outside = accepts(&Labels::new(), &set, facts(node));
                prop_assert!(!(inside && outside), "{:?}", node);
                if comparable(node) || !given.iter().any(compares) {
                    prop_assert!(inside || outside, "{:?} in {:?}", node, set);
                }
            },
            Err(_) => prop_assert!(opaque),
        }
    }

    #[test]
    fn disjoint_terms_meet_each_node_once(given in terms(readable_term(), 4)) {
        let pieces = disjoint(&given, 256).unwrap();
        let exact = given.iter().filter(|term| compares(term) && is_possible(term)).count() <= 1;
        for node in nodes() {
            let met = pieces.iter().filter(|term| term_matches(term, facts(node))).count();
            let wanted = usize::from(any_matches(&given, node));
            prop_assert!(met <= wanted, "{} terms match {:?}: {:?}", met, node, pieces);
            if exact || comparable(node) {
                prop_assert_eq!(met, wanted, "{:?} in {:?}", node, pieces);
            }
        }
    }
}

/// Terms that match nothing stay what and where they are.
#[test]
fn dead_terms_are_kept_in_place() {
    let ssd = NodeTerm::of(vec![Requirement::one_of("disk", &["ssd"])]);
    let unreadable = NodeTerm::of(vec![Requirement::new("gen", Operator::Gt, &["3.5"])]);
    let zone = NodeTerm::of(vec![Requirement::one_of("zone", &["a"])]);
    let both = NodeTerm::of(vec![
        Requirement::one_of("disk", &["ssd"]),
        Requirement::one_of("zone", &["a"]),
    ]);
    let empty = NodeTerm::default();
    let theirs = [empty.clone(), ssd.clone(), unreadable.clone()];
    assert_eq!(conjoin(&theirs, one(&zone), 64), Ok(vec![empty.clone(), both, unreadable]));
    assert_eq!(conjoin(one(&empty), one(&zone), 64), Ok(vec![empty]));
    let hdd = NodeTerm::of(vec![Requirement::one_of("disk", &["hdd"])]);
    assert_eq!(conjoin(one(&ssd), &[hdd], 64), Ok(vec![]));
    assert_eq!(conjoin(one(&ssd), one(&ssd), 64), Ok(vec![ssd]));
    assert_eq!(conjoin(&[], &[zone], 64), Ok(vec![]));
}

#[test]
fn names_are_fields() {
    let labels = Labels::new();
    let node = |name| NodeFacts { name, labels: &labels };
    let n1 = NodeTerm::named("n1");
    assert!(term_matches(&n1, node("n1")) && !term_matches(&n1, node("n2")));
    assert_eq!(conjoin(one(&n1), &[NodeTerm::named("n2")], 64), Ok(vec![]));
    let Ok(Some(others)) = negate_terms(&[n1.clone(), NodeTerm::named("n2")], 64) else {
        panic!("two names can be negated")
    };
    assert_eq!(others.len(), 1);
    assert!(!any_matches(&others, &("n1", Labels::new())));
    assert!(any_matches(&others, &("n3", Labels::new())));
    // Two values, an operator other than In and NotIn, another field: matches nothing.
    for field in [
        Requirement::one_of("metadata.name", &["n1", "n2"]),
        Requirement::exists("metadata.name"),
        Requirement::one_of("metadata.namespace", &["n1"]),
    ] {
        let term = NodeTerm { expressions: vec![], fields: vec![field] };
        assert!(is_dead(&term) && !term_matches(&term, node("n1")), "{term:?}");
    }
    // A long node name is legal, though as a label value it would not be.
    let long = format!("{}.{}", "a".repeat(60), "b".repeat(60));
    assert!(
        is_possible(&NodeTerm::named(&long)) && term_matches(&NodeTerm::named(&long), node(&long))
    );
}

#[test]
fn limits_are_kept() {
    let term = |key: &str, value: usize| {
        NodeTerm::of(vec![Requirement::one_of(key, &[value.to_string().as_str()])])
    };
    let many = |key: &str, count| (0..count).map(|value| term(key, value)).collect::<Vec<_>>();
    let too_many = Inexpressible::TooMany { limit: 64 };
    assert_eq!(conjoin(&many("a", 8), &many("b", 8), 64).map(|terms| terms.len()), Ok(64));
    assert_eq!(conjoin(&many("a", 13), &many("b", 5), 64), Err(too_many.clone()));
    assert_eq!(conjoin(&many("a", 10_000), &many("b", 10_000), 64), Err(too_many.clone()));
    assert_eq!(conjoin(&many("a", 65), &many("a", 1), 64).map(|terms| terms.len()), Ok(1));
    assert_eq!(disjoint(&many("a", 10_000), 64), Err(too_many.clone()));
    let avoid =
        |value: usize| vec![NodeTerm::of(vec![Requirement::none_of("a", &[&value.to_string()])])];
    let rules: Vec<Vec<NodeTerm>> = (0..10_000).map(avoid).collect();
    let Ok(Some(all)) = conjoin_all(&None, &rules, 64) else { panic!("one NotIn says it") };
    assert_eq!(
        (all.len(), all[0].expressions.len(), all[0].expressions[0].values.len()),
        (1, 1, 10_000)
    );
    // (a = i and b = i), 10 of them: 2^10 ways to avoid them all.
    let pairs: Vec<NodeTerm> = (0..10)
        .map(|i| {
            NodeTerm::of(vec![
                Requirement::exists(&format!("a{i}")),
                Requirement::exists(&format!("b{i}")),
            ])
        })
        .collect();
    assert_eq!(negate_terms(&pairs, 64), Err(too_many));
    let Ok(Some(rest)) = negate_terms(&many("a", 3000), 64) else { panic!("one NotIn says it") };
    assert_eq!(rest.iter().map(|term| term.expressions.len()).sum::<usize>(), 1);
}

#[test]
fn negations_as_documented() {
    let more = |c: &str| Requirement::new("k", Operator::Gt, &[c]);
    let less = |c: &str| Requirement::new("k", Operator::Lt, &[c]);
    let absent = || Requirement::absent("k");
    let table = [
        (more("7"), Negation::Alternatives(vec![absent(), less("8")])),
        (more("007"), Negation::Alternatives(vec![absent(), less("8")])),
        (more("9223372036854775807"), Negation::Always),
        (less("0"), Negation::Always),
        (less("1"), Negation::Alternatives(vec![absent(), more("0")])),
        (more("x"), Negation::Unknown),
        (Requirement::exists("k"), Negation::Alternatives(vec![absent()])),
        (
            Requirement::one_of("k", &["a", "b"]),
            Negation::Alternatives(vec![Requirement::none_of("k", &["a", "b"])]),
        ),
    ];
    for (requirement, expected) in table {
        assert_eq!(negate(&requirement), expected, "{requirement:?}");
    }
    assert_eq!(negate_terms(&[], 64), Ok(None), "nothing to avoid");
    let never = NodeTerm::of(vec![less("0")]);
    assert_eq!(negate_terms(&[never, NodeTerm::default()], 64), Ok(None));
}
