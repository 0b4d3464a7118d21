//! The wire form of proofs that a batch fits no domain.

use std::collections::BTreeMap;

use placecard_feasibility::certificate::{BatchCover, Misfit};
use serde::{Deserialize, Serialize};

use super::stock::WireExclusion;

/// A domain, and why it cannot hold the batch.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireDomain {
    domain: String,
    why: WireMisfit,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum WireMisfit {
    Size { resource: String, wanted: i64, has: i64 },
    NoNode { role: usize, nodes: BTreeMap<String, WireExclusion> },
}

pub(super) fn written(cover: BatchCover) -> Vec<WireDomain> {
    let one = |(domain, misfit): (String, Misfit)| {
        let why = match misfit {
            Misfit::TooSmall { resource, wanted, has } => {
                WireMisfit::Size { resource, wanted, has }
            }
            Misfit::NoNode { role, excluded } => {
                let nodes = excluded.into_iter().map(|(node, why)| (node, why.into()));
                WireMisfit::NoNode { role, nodes: nodes.collect() }
            }
        };
        WireDomain { domain, why }
    };
    cover.domains.into_iter().map(one).collect()
}

pub(super) fn read(key: String, wire: Vec<WireDomain>) -> BatchCover {
    let one = |WireDomain { domain, why }: WireDomain| {
        let misfit = match why {
            WireMisfit::Size { resource, wanted, has } => {
                Misfit::TooSmall { resource, wanted, has }
            }
            WireMisfit::NoNode { role, nodes } => {
                let excluded = nodes.into_iter().map(|(node, why)| (node, why.into())).collect();
                Misfit::NoNode { role, excluded }
            }
        };
        (domain, misfit)
    };
    BatchCover { key, domains: wire.into_iter().map(one).collect() }
}
