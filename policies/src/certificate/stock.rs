//! The wire form of proofs about a closed inventory.

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::certificate::StockCover;
use placecard_feasibility::certificate::stock::Exclusion;
use placecard_feasibility::empty_inventory::Origin;
use placecard_feasibility::tolerations::Taint;
use serde::{Deserialize, Serialize};

/// What one thing excludes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireExcluded {
    lacks: WireExclusion,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    nodes: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    templates: BTreeSet<WireTemplate>,
}

#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct WireTemplate {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum WireExclusion {
    NodeRules,
    Toleration { key: String, value: String, effect: String },
    Label { key: String },
    Size { resource: String, wanted: i64, has: i64 },
}

impl From<Exclusion> for WireExclusion {
    fn from(why: Exclusion) -> Self {
        match why {
            Exclusion::NodeRules => Self::NodeRules,
            Exclusion::Taint(Taint { key, value, effect }) => {
                Self::Toleration { key, value, effect }
            }
            Exclusion::NoLabel(key) => Self::Label { key },
            Exclusion::TooSmall { resource, wanted, has } => Self::Size { resource, wanted, has },
        }
    }
}

impl From<WireExclusion> for Exclusion {
    fn from(why: WireExclusion) -> Self {
        match why {
            WireExclusion::NodeRules => Self::NodeRules,
            WireExclusion::Toleration { key, value, effect } => {
                Self::Taint(Taint { key, value, effect })
            }
            WireExclusion::Label { key } => Self::NoLabel(key),
            WireExclusion::Size { resource, wanted, has } => {
                Self::TooSmall { resource, wanted, has }
            }
        }
    }
}

pub(super) fn written(cover: StockCover) -> Vec<WireExcluded> {
    let one = |(why, origins): (Exclusion, BTreeSet<Origin>)| {
        let (mut nodes, mut templates) = (BTreeSet::new(), BTreeSet::new());
        for origin in origins {
            match origin {
                Origin::Node(name) => _ = nodes.insert(name),
                Origin::Template { name, zone } => {
                    _ = templates.insert(WireTemplate { name, zone })
                }
            }
        }
        WireExcluded { lacks: why.into(), nodes, templates }
    };
    cover.excluded.into_iter().map(one).collect()
}

pub(super) fn read(wire: Vec<WireExcluded>) -> StockCover {
    let mut excluded: BTreeMap<Exclusion, BTreeSet<Origin>> = BTreeMap::new();
    for WireExcluded { lacks, nodes, templates } in wire {
        let origins = excluded.entry(lacks.into()).or_default();
        origins.extend(nodes.into_iter().map(Origin::Node));
        let template = |WireTemplate { name, zone }| Origin::Template { name, zone };
        origins.extend(templates.into_iter().map(template));
    }
    StockCover { excluded }
}
