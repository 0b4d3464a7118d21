//! Certificates as JSON, version 1: `{v, verdict, assume, core, proof}`.
//!
//! `core` are JSON pointers into the object that the certificate is about. A reader checks the
//! certificate with [`placecard_feasibility::certificate::verify`] and its kin.

mod batch;
mod contradiction;
mod stock;

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::certificate::{
    Argument, Axiom, Certificate, Cover, FullUpdate, OneReplica, Pigeonhole, SharedClaim,
    SpreadWindow, VERSION,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::certificate::batch::WireDomain;
use crate::certificate::contradiction::WireContradiction;
use crate::certificate::stock::WireExcluded;

pub use crate::contradict::proof::pod_of;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    v: u32,
    verdict: String,
    assume: Vec<String>,
    core: Vec<String>,
    proof: Proof,
}

#[derive(Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
enum Proof {
    AnyCluster {
        contradiction: WireContradiction,
    },
    Pigeonhole {
        key: String,
        domains: Vec<String>,
        per_domain: u64,
        need: u64,
        term: usize,
    },
    SpreadWindow {
        key: String,
        domains: Vec<String>,
        max_skew: u64,
        min_domains: u64,
        need: u64,
        constraint: usize,
    },
    OneReplica {
        key: String,
        affinity: Vec<usize>,
        anti: Vec<usize>,
        need: u64,
    },
    SharedClaim {
        claim: String,
        need: u64,
    },
    FullUpdate {
        bound: Box<Proof>,
        replicas: u64,
        surge: u64,
        unavailable: u64,
    },
    Cover {
        empty: bool,
        excluded: BTreeMap<String, BTreeSet<String>>,
    },
    Stock {
        excluded: Vec<WireExcluded>,
    },
    Batch {
        key: String,
        domains: Vec<WireDomain>,
    },
}

impl From<&Argument> for Proof {
    fn from(argument: &Argument) -> Self {
        match argument.clone() {
            Argument::AnyCluster(contradiction) => {
                Self::AnyCluster { contradiction: contradiction.as_ref().into() }
            }
            Argument::Pigeonhole(Pigeonhole { term, key, domains, per_domain, need }) => {
                Self::Pigeonhole { key, domains, per_domain, need, term }
            }
            Argument::SpreadWindow(SpreadWindow {
                constraint,
                key,
                domains,
                max_skew,
                min_domains,
                need,
            }) => Self::SpreadWindow { key, domains, max_skew, min_domains, need, constraint },
            Argument::OneReplica(OneReplica { key, affinity, anti, need }) => {
                Self::OneReplica { key, affinity, anti, need }
            }
            Argument::SharedClaim(SharedClaim { claim, need }) => Self::SharedClaim { claim, need },
            Argument::FullUpdate(FullUpdate { bound, replicas, surge, unavailable }) => {
                let bound = Box::new(Self::from(bound.as_ref()));
                Self::FullUpdate { bound, replicas, surge, unavailable }
            }
            Argument::Cover(Cover { empty, excluded }) => Self::Cover { empty, excluded },
            Argument::Stock(cover) => Self::Stock { excluded: stock::written(cover) },
            Argument::Batch(cover) => {
                Self::Batch { key: cover.key.clone(), domains: batch::written(cover) }
            }
        }
    }
}

impl From<Proof> for Argument {
    fn from(proof: Proof) -> Self {
        match proof {
            Proof::AnyCluster { contradiction } => Self::AnyCluster(Box::new(contradiction.into())),
            Proof::Pigeonhole { key, domains, per_domain, need, term } => {
                Self::Pigeonhole(Pigeonhole { term, key, domains, per_domain, need })
            }
            Proof::SpreadWindow { key, domains, max_skew, min_domains, need, constraint } => {
                Self::SpreadWindow(SpreadWindow {
                    constraint,
                    key,
                    domains,
                    max_skew,
                    min_domains,
                    need,
                })
            }
            Proof::OneReplica { key, affinity, anti, need } => {
                Self::OneReplica(OneReplica { key, affinity, anti, need })
            }
            Proof::SharedClaim { claim, need } => Self::SharedClaim(SharedClaim { claim, need }),
            Proof::FullUpdate { bound, replicas, surge, unavailable } => {
                let bound = Box::new(Self::from(*bound));
                Self::FullUpdate(FullUpdate { bound, replicas, surge, unavailable })
            }
            Proof::Cover { empty, excluded } => Self::Cover(Cover { empty, excluded }),
            Proof::Stock { excluded } => Self::Stock(stock::read(excluded)),
            Proof::Batch { key, domains } => Self::Batch(batch::read(key, domains)),
        }
    }
}

/// The certificate in its wire form; `verdict` is the name of the verdict that it stands behind.
#[must_use]
pub fn to_json(verdict: &str, certificate: &Certificate) -> Value {
    let wire = Wire {
        v: VERSION,
        verdict: verdict.to_owned(),
        assume: certificate.assume.iter().map(|axiom| axiom.as_str().to_owned()).collect(),
        core: certificate.core.clone(),
        proof: Proof::from(&certificate.argument),
    };
    serde_json::to_value(wire).unwrap_or_default()
}

/// Reads the wire form: the verdict's name and the certificate; `None` for another version, a kind
/// or assumption that is not known, or anything else that is not in the form.
#[must_use]
pub fn from_json(wire: &Value) -> Option<(String, Certificate)> {
    let wire = Wire::deserialize(wire).ok().filter(|wire| wire.v == VERSION)?;
    let known = |name: &String| Axiom::ALL.into_iter().find(|axiom| axiom.as_str() == name);
    let assume: Option<BTreeSet<Axiom>> = wire.assume.iter().map(known).collect();
    let argument = Argument::from(wire.proof);
    Some((wire.verdict, Certificate { assume: assume?, core: wire.core, argument }))
}

#[cfg(test)]
mod tests {
    use placecard_feasibility::any_cluster::{AnyCluster, decide};
    use placecard_feasibility::certificate::verify_pod;
    use placecard_feasibility::inventory::pod::{Pod, PodSpec};
    use placecard_feasibility::judge::Semantics;
    use placecard_feasibility::node_terms::NodeTerm;
    use placecard_feasibility::pod_affinity::AffinityTerm;
    use placecard_feasibility::requirement::Requirement;
    use placecard_feasibility::selector::Selector;
    use serde_json::json;

    use super::*;

    #[test]
    fn contradictions_survive_the_wire_form() {
        let semantics = Semantics::of_minor(34);
        let term = |zone: &str, disk: &str| {
            let disk = Requirement::one_of("disk", &[disk]);
            NodeTerm::of(vec![Requirement::one_of("zone", &[zone]), disk])
        };
        let labels = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let near = |value: &str| AffinityTerm {
            selector: Some(Selector::from_labels(&labels("app", value))),
            topology_key: "zone".to_owned(),
            ..AffinityTerm::default()
        };
        let by_cases = Pod {
            spec: PodSpec {
                node_selector: BTreeMap::from([
                    ("zone".to_owned(), "a".to_owned()),
                    ("disk".to_owned(), "ssd".to_owned()),
                ]),
                node_affinity: Some(vec![term("b", "ssd"), term("a", "hdd")]),
                ..PodSpec::default()
            }
            .into(),
            ..Pod::default()
        };
        let no_common = Pod {
            spec: PodSpec { affinity: vec![near("web"), near("db")], ..PodSpec::default() }.into(),
            ..Pod::default()
        };
        let repelled = Pod {
            spec: PodSpec {
                affinity: vec![near("db")],
                anti_affinity: vec![near("db")],
                ..PodSpec::default()
            }
            .into(),
            ..Pod::default()
        };
        for pod in [by_cases, no_common, repelled] {
            let AnyCluster::Contradiction(found) = decide(&pod, &[], semantics) else { panic!() };
            let certificate = Certificate::of_contradiction(*found, vec!["/spec".to_owned()]);
            let wire = to_json("contradictory", &certificate);
            assert_eq!(wire["proof"]["kind"], "any-cluster");
            let text = wire.to_string();
            let again: Value = serde_json::from_str(&text).unwrap();
            let (verdict, read) = from_json(&again).unwrap();
            assert_eq!(verdict, "contradictory");
            assert_eq!(verify_pod(&read, &pod, &[], semantics), Ok(()), "{text}");
            assert_eq!(to_json(&verdict, &read), wire);
            assert!(verify_pod(&read, &Pod::default(), &[], semantics).is_err(), "another pod");
        }
        assert_eq!(from_json(&json!({"v": 1})), None);
    }
}
