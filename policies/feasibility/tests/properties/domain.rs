use std::collections::BTreeSet;

use placecard_feasibility::domain::{Domain, Shape};
use placecard_feasibility::label::is_label_value;
use placecard_feasibility::requirement::{Operator, Requirement, domain, flaw, matches};
use proptest::prelude::*;

use crate::universe::{any_requirement, label_values, readable};

/// A set built by the algebra, and what must be a member of it.
#[derive(Clone, Debug)]
enum Expression {
    Of(Requirement),
    Both(Box<Expression>, Box<Expression>),
    Either(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
}

impl Expression {
    fn domain(&self) -> Domain {
        match self {
            Self::Of(requirement) => domain(requirement),
            Self::Both(a, b) => a.domain().intersect(&b.domain()),
            Self::Either(a, b) => a.domain().union(&b.domain()),
            Self::Not(a) => a.domain().complement(),
        }
    }

    fn holds(&self, value: Option<&str>) -> bool {
        match self {
            Self::Of(one) => {
                let label = value.map(|value| (one.key.clone(), value.to_owned()));
                matches(one, &label.into_iter().collect())
            }
            Self::Both(a, b) => a.holds(value) && b.holds(value),
            Self::Either(a, b) => a.holds(value) || b.holds(value),
            Self::Not(a) => !a.holds(value),
        }
    }
}

fn expression() -> impl Strategy<Value = Expression> {
    readable().prop_map(Expression::Of).prop_recursive(5, 24, 2, |inner| {
        let pair = || (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
        prop_oneof![
            3 => pair().prop_map(|(a, b)| Expression::Both(a, b)),
            2 => pair().prop_map(|(a, b)| Expression::Either(a, b)),
            1 => inner.clone().prop_map(|a| Expression::Not(Box::new(a))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn the_algebra_says_what_its_parts_say(one in expression(), other in expression()) {
        let (set, more) = (one.domain(), other.domain());
        for value in label_values() {
            prop_assert_eq!(set.contains(value), one.holds(value), "{:?} of {:?}", value, set);
        }
        // The universe is complete for these requirements.
        let empty = !label_values().into_iter().any(|value| one.holds(value));
        prop_assert_eq!(set.is_empty(), empty, "{:?}", set);
        let subset = label_values().into_iter().all(|v| !one.holds(v) || other.holds(v));
        prop_assert_eq!(set.is_subset(&more), subset);
        match set.pick() {
            Some(Some(value)) => {
                prop_assert!(is_label_value(&value) && one.holds(Some(&value)), "{}", value);
            }
            Some(None) => prop_assert!(one.holds(None)),
            None => prop_assert!(empty),
        }
    }

    #[test]
    fn a_domain_is_what_the_requirement_matches(one in any_requirement()) {
        let opaque = matches!(one.operator, Operator::Other(_));
        for value in label_values() {
            let found = Expression::Of(one.clone()).holds(value);
            prop_assert_eq!(domain(&one).contains(value), found || opaque);
        }
        prop_assert!(opaque || flaw(&one).is_none() || domain(&one).is_empty());
    }
}

/// Each d-digit integer has 64-d spellings; only when all of them are taken is it gone.
#[test]
fn an_integer_is_gone_when_all_its_spellings_are() {
    for number in ["7", "42", "9223372036854775807"] {
        let operand: i64 = number.parse().unwrap();
        let only = Domain::integers(operand, operand);
        let spellings: Vec<String> =
            (number.len()..=63).map(|width| format!("{number:0>width$}")).collect();
        assert_eq!(spellings.len(), 64 - number.len());
        let nothing = only.intersect(&Domain::one_of(&spellings).complement());
        assert!(nothing.is_empty() && nothing.pick().is_none());
        assert!(only.is_subset(&Domain::one_of(&spellings)));
        for kept in &spellings {
            let others: Vec<&String> = spellings.iter().filter(|one| *one != kept).collect();
            let rest = only.intersect(&Domain::one_of(&others).complement());
            assert_eq!((rest.is_empty(), rest.pick()), (false, Some(Some(kept.clone()))));
        }
    }
}

#[test]
fn comparisons_at_the_edges() {
    let of = |operator: Operator, value: &str| domain(&Requirement::new("k", operator, &[value]));
    assert!(of(Operator::Lt, "0").is_empty());
    assert!(of(Operator::Gt, "9223372036854775807").is_empty());
    assert!(of(Operator::Gt, "9223372036854775808").is_empty());
    assert!(of(Operator::Gt, "-1").is_empty(), "not a legal label value");
    let zero = of(Operator::Lt, "1");
    assert!(zero.contains(Some("0")) && zero.contains(Some("000")) && !zero.contains(Some("1")));
    let most = of(Operator::Gt, "9223372036854775806");
    assert_eq!(most.pick(), Some(Some("9223372036854775807".to_owned())));
    let all = of(Operator::Lt, "9223372036854775807");
    assert!(all.contains(Some("9223372036854775806")) && !all.contains(Some("x")));
    let gap = of(Operator::Gt, "7").intersect(&of(Operator::Lt, "8"));
    assert!(gap.is_empty());
    let words = of(Operator::Gt, "7").intersect(&Domain::one_of(&["x", "2.5", "v9"]));
    assert!(words.is_empty());
}

#[test]
fn shapes_for_sentences() {
    let strings = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    let table = [
        (Domain::nothing(), Shape::Only(vec![])),
        (Domain::present().complement(), Shape::Only(vec![])),
        (Domain::one_of(&["b", "a", "not legal"]), Shape::Only(strings(&["a", "b"]))),
        (Domain::everything(), Shape::AllBut(vec![])),
        (Domain::one_of(&["a"]).complement(), Shape::AllBut(strings(&["a"]))),
        (
            Domain::integers(4, 6).intersect(&Domain::one_of(&["5", "x"]).complement()),
            Shape::Integers { least: 4, greatest: 6, without: strings(&["5"]) },
        ),
        (Domain::integers(4, 6).complement(), Shape::Mixed),
    ];
    for (domain, shape) in table {
        assert_eq!(domain.shape(), shape, "{domain:?}");
    }
}

/// The number of values that can be listed is far from the number of words: a cofinite set never
/// is empty, and its witness is new.
#[test]
fn a_witness_avoids_what_is_excluded() {
    let taken: BTreeSet<String> = (0..1000).map(|n| format!("x{n}")).collect();
    let values: Vec<&String> = taken.iter().collect();
    let rest = Domain::present().intersect(&Domain::one_of(&values).complement());
    let picked = rest.pick_value().unwrap();
    assert!(!taken.contains(&picked) && rest.contains(Some(&picked)));
}
