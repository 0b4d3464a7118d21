//! Hard spread constraints over several labels, of which nodes lack one.

use std::borrow::Cow;

use placecard_feasibility::empty_inventory::{Lack, Origin, rows};
use placecard_feasibility::filter::reason::Reason;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::pod::{Pod, WhenUnsatisfiable};
use placecard_feasibility::profile::Profile;
use placecard_findings::Finding;

use super::Asked;
use crate::words;

/// Nodes that would fit but for the label of one constraint, while they have that of another.
pub(super) fn findings(asked: &Asked<'_>, pod: &Pod) -> Vec<Finding> {
    let hard = |index: &usize| {
        let one = pod.spread.get(*index);
        one.is_some_and(|one| one.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule)
    };
    let all: Vec<usize> = (0..pod.spread.len()).filter(hard).collect();
    let inventory = &asked.cluster.inventory;
    if all.len() < 2 || inventory.is_unknown(Kind::Node) {
        return Vec::new();
    }
    let semantics = asked.cluster.semantics;
    let profile = asked.cluster.profile_of(pod);
    let profile = profile.unwrap_or_else(|| Cow::Owned(Profile::of(semantics)));
    let key = |index: usize| pod.spread.get(index).map_or("", |one| one.topology_key.as_str());
    let mut left_out: Vec<(String, usize)> = Vec::new();
    for row in rows(inventory, pod, semantics, &profile) {
        let only =
            row.lacks.iter().all(|lack| matches!(lack, Lack::Rejected(_, Reason::SpreadKey)));
        let Origin::Node(name) = row.origin else { continue };
        let Some(node) = inventory.nodes.get(&name).filter(|_| only && !row.lacks.is_empty())
        else {
            continue;
        };
        let lacks = all.iter().find(|index| !node.labels.contains_key(key(**index)));
        let has_another = all.iter().any(|index| node.labels.contains_key(key(*index)));
        if let (Some(index), true) = (lacks, has_another) {
            left_out.push((name, *index));
        }
    }
    let Some((_, index)) = left_out.first() else { return Vec::new() };
    let index = *index;
    let names = left_out.into_iter().map(|(name, _)| name).collect();
    vec![words::replicas::keys_apart(asked, index, key(index), names)]
}
