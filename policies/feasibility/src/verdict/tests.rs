//! Classes, orders and denials.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::certificate::{Argument, Cover, Pigeonhole, SharedClaim, StockCover};

fn pigeonhole(more: &[Axiom]) -> Certificate {
    let argument = Argument::Pigeonhole(Pigeonhole {
        term: 0,
        key: "zone".to_owned(),
        domains: vec!["a".to_owned()],
        per_domain: 1,
        need: 2,
    });
    let assume = argument.needs().into_iter().chain(more.iter().copied()).collect();
    Certificate { assume, core: vec!["/spec/replicas".to_owned()], argument }
}

fn cover(empty: bool, assume: &[Axiom]) -> Certificate {
    let argument = Argument::Cover(Cover { empty, excluded: BTreeMap::new() });
    Certificate { assume: assume.iter().copied().collect(), core: Vec::new(), argument }
}

fn stock() -> Certificate {
    let argument = Argument::Stock(StockCover::default());
    Certificate { assume: argument.needs(), core: Vec::new(), argument }
}

#[test]
fn a_proof_takes_no_more_for_granted_than_its_class() {
    assert!(Proof::<Logic>::of(pigeonhole(&[])).is_ok());
    assert!(Proof::<Logic>::of(pigeonhole(&[Axiom::NoNewTaint])).is_ok());
    for axiom in [
        Axiom::KubeletLabels,
        Axiom::UniqueHostname,
        Axiom::NestedLevels,
        Axiom::OtherObjects,
        Axiom::ServerVersion,
        Axiom::Snapshot,
        Axiom::ClosedInventory,
    ] {
        let certificate = pigeonhole(&[axiom]);
        let refused = Proof::<Logic>::of(certificate.clone()).unwrap_err();
        assert_eq!(*refused, certificate, "{axiom:?}: handed back unchanged");
        assert!(Proof::<Snapshot>::of(certificate).is_ok(), "{axiom:?}");
    }
    assert!(Proof::<Kubelet>::of(pigeonhole(&[Axiom::KubeletLabels])).is_ok());
    assert!(Proof::<Kubelet>::of(pigeonhole(&[Axiom::UniqueHostname])).is_err());
    assert!(Proof::<Convention>::of(pigeonhole(&[Axiom::NestedLevels])).is_ok());
    assert!(Proof::<ClosedInventory>::of(pigeonhole(&[Axiom::Snapshot])).is_err());
}

#[test]
fn an_argument_owns_up_to_what_its_kind_needs() {
    let mut silent = pigeonhole(&[]);
    silent.assume.remove(&Axiom::NoRelabelling);
    assert!(Proof::<Logic>::of(silent.clone()).is_err());
    assert!(Proof::<Snapshot>::of(silent).is_err());
    let claim = Argument::SharedClaim(SharedClaim { claim: "data".to_owned(), need: 2 });
    let bare = Certificate { assume: BTreeSet::new(), core: Vec::new(), argument: claim };
    assert!(Proof::<Logic>::of(bare).is_err(), "a claim is another object");
    assert!(Proof::<Logic>::of(cover(true, &[])).is_err());
    assert!(Proof::<ClosedInventory>::of(cover(false, &[Axiom::ClosedInventory])).is_err());
    // It knows nothing of taints that pass, and of claims that come.
    assert!(Proof::<ClosedInventory>::of(cover(true, &[Axiom::ClosedInventory])).is_err());
    assert!(Proof::<ClosedInventory>::of(stock()).is_ok());
    assert!(Proof::<Logic>::of(stock()).is_err());
    assert!(Proof::<Snapshot>::of(cover(false, &[Axiom::Snapshot])).is_ok());
}

fn all() -> Vec<Verdict> {
    let now = || Proof::<Snapshot>::of(cover(false, &[Axiom::Snapshot])).unwrap();
    let of = |more: &[Axiom]| Static::of(pigeonhole(more)).unwrap();
    let open = Proof::<Snapshot>::of(cover(true, &[Axiom::Snapshot])).unwrap();
    let closed = Proof::<ClosedInventory>::of(stock()).unwrap();
    vec![
        Verdict::Contradictory(of(&[])),
        Verdict::Contradictory(of(&[Axiom::KubeletLabels])),
        Verdict::Contradictory(of(&[Axiom::UniqueHostname])),
        Verdict::ContradictoryGroup(of(&[])),
        Verdict::NoInventory(Stock::Closed(closed)),
        Verdict::NoInventory(Stock::Open(open)),
        Verdict::CrowdedOut(now()),
        Verdict::Waiting(now()),
        Verdict::Fragile(Witness::default()),
        Verdict::Ok(Witness::default()),
    ]
}

#[test]
fn only_what_is_proved_or_declared_denies() {
    let whole = Declarations {
        kubelets: Some(KubeletsAreReal),
        conventions: Some(ConventionsHold),
        inventory: Some(InventoryIsClosed),
    };
    let classes = |declared: &Declarations| -> Vec<&'static str> {
        let denials = all().into_iter().map(|verdict| verdict.denial(declared));
        denials.map(|denial| denial.map_or("-", |denial| denial.class())).collect()
    };
    let none = ["logic", "-", "-", "logic", "-", "-", "-", "-", "-", "-"];
    assert_eq!(classes(&Declarations::default()), none);
    let every =
        ["logic", "kubelet", "convention", "logic", "closed-inventory", "-", "-", "-", "-", "-"];
    assert_eq!(classes(&whole), every);
    assert!(Static::of(pigeonhole(&[Axiom::OtherObjects])).is_err(), "no class but a snapshot's");
}

#[test]
fn verdicts_are_ordered_from_the_worst_and_what_is_unknown_is_not() {
    let all = all();
    for (index, worse) in all.iter().enumerate() {
        assert_eq!(worse.partial_cmp(worse), Some(Ordering::Equal));
        for better in all.iter().skip(index + 1).filter(|one| one.rank() != worse.rank()) {
            assert!(worse < better, "{} < {}", worse.as_str(), better.as_str());
        }
    }
    let unknown = Verdict::Unknown { why: Undecided::Budget };
    assert_eq!((unknown.rank(), unknown.as_str()), (None, "unknown"));
    assert_eq!(unknown.partial_cmp(&all[0]), None);
    assert_eq!(all[0].assumes(), ["A0", "no-relabelling"]);
    assert_eq!(unknown.clone().denial(&Declarations::default()), None);
    assert!(unknown.assumes().is_empty());
}
