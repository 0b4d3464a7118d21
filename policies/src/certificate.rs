//! Certificates as JSON, version 1: `{v, verdict, assume, core, proof}`.
//!
//! `core` are JSON pointers into the object that the certificate is about. A reader checks the
//! certificate with [`placecard_feasibility::certificate::verify`].

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::certificate::{
    Argument, Axiom, Certificate, Cover, FullUpdate, OneReplica, Pigeonhole, SharedClaim,
    SpreadWindow, VERSION,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
}

impl From<&Argument> for Proof {
    fn from(argument: &Argument) -> Self {
        match argument.clone() {
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
        }
    }
}

impl From<Proof> for Argument {
    fn from(proof: Proof) -> Self {
        match proof {
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
