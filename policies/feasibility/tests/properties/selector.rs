use placecard_feasibility::label::Labels;
use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::selector::{Selector, equivalent, implies, overlaps};
use proptest::prelude::*;

use crate::universe::{nodes, selector};

fn objects() -> Vec<Labels> {
    nodes().iter().filter(|(name, _)| *name == "n1").map(|(_, labels)| labels.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn implication_overlap_and_satisfiability_are_exact(a in selector(), b in selector()) {
        let all = objects();
        let implied = all.iter().all(|one| !a.matches(one) || b.matches(one));
        let back = all.iter().all(|one| !b.matches(one) || a.matches(one));
        prop_assert_eq!(implies(&a, &b), implied);
        prop_assert_eq!(equivalent(&a, &b), implied && back);
        prop_assert_eq!(a.canonical() == b.canonical(), implied && back);
        prop_assert_eq!(overlaps(&a, &b), all.iter().any(|one| a.matches(one) && b.matches(one)));
        prop_assert!(equivalent(&a, &a.canonical()));
        prop_assert_eq!(a.canonical().canonical(), a.canonical());
        match a.satisfiable() {
            Ok(witness) => prop_assert!(a.matches(&witness)),
            Err(core) => {
                prop_assert!(!all.iter().any(|one| a.matches(one)));
                let part = |indices: &[usize]| Selector {
                    requirements: indices.iter().map(|i| a.requirements[*i].clone()).collect(),
                };
                prop_assert!(part(&core).satisfiable().is_err());
                for left_out in &core {
                    let fewer: Vec<usize> =
                        core.iter().copied().filter(|index| index != left_out).collect();
                    prop_assert!(part(&fewer).satisfiable().is_ok());
                }
            }
        }
    }
}

/// Nothing is proved of what cannot be read, and it matches nothing.
#[test]
fn unreadable_requirements() {
    let opaque = Requirement::new("a", Operator::Other("Matches".into()), &["x"]);
    let compared = Requirement::new("a", Operator::Gt, &["1"]);
    for unreadable in [opaque, compared] {
        let odd = Selector { requirements: vec![unreadable, Requirement::one_of("a", &["x"])] };
        let plain = Selector { requirements: vec![Requirement::one_of("a", &["x"])] };
        let other = Selector { requirements: vec![Requirement::one_of("a", &["y"])] };
        assert!(!odd.matches(&Labels::from([("a".into(), "x".into())])));
        assert!(implies(&odd, &plain) && !implies(&plain, &odd) && implies(&odd, &odd));
        assert!(overlaps(&odd, &plain) && !overlaps(&odd, &other));
        assert!(odd.satisfiable().is_ok());
        assert_ne!(odd.canonical(), plain.canonical());
    }
}

#[test]
fn an_empty_selector_matches_everything() {
    assert!(Selector::everything().matches(&Labels::new()));
    let labels = Labels::from([("a".into(), "x".into()), ("b".into(), String::new())]);
    let exact = Selector::from_labels(&labels);
    assert!(exact.matches(&labels) && !exact.matches(&Labels::new()));
    assert!(implies(&exact, &Selector::everything()));
}
