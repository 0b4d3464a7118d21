//! The bytes of the pod's images that a node has already, scaled down for images that few nodes
//! have, so that one node does not draw all pods.
//!
//! Semantics: `pkg/scheduler/framework/plugins/imagelocality`.

use std::collections::{BTreeMap, BTreeSet};

use crate::filter::cycle::{Cycle, Host};
use crate::inventory::pod::Pod;
use crate::judge::Semantics;
use crate::score::MOST;

const MIB: i64 = 1024 * 1024;
/// Less than this is not worth a point.
const LEAST: i64 = 23 * MIB;
/// More than this for each container counts no more.
const ENOUGH: i64 = 1000 * MIB;

/// The points of each node.
#[must_use]
pub fn score(cycle: &Cycle<'_>, feasible: &[&Host<'_>]) -> Vec<i64> {
    let mut nodes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for host in &cycle.hosts {
        for image in &host.node.images {
            nodes.entry(image).or_default().insert(&host.node.name);
        }
    }
    let (containers, wanted) = wanted(cycle.pod, cycle.semantics);
    let one = |host: &&Host<'_>| {
        let sizes = wanted.iter().filter_map(|image| {
            let nodes = nodes.get(image.as_str())?;
            let size = cycle.inventory.image_sizes.get(image.as_str())?;
            let here = nodes.contains(host.node.name.as_str());
            here.then(|| spread_out(*size, nodes.len(), cycle.hosts.len()))
        });
        points(sizes.fold(0, i64::saturating_add), containers)
    };
    feasible.iter().map(one).collect()
}

/// How many containers the pod has, and the images that it wants.
pub(crate) fn wanted(pod: &Pod, semantics: Semantics) -> (usize, Vec<String>) {
    let containers = pod.init_containers.iter().chain(&pod.containers);
    let mut images: Vec<String> = containers.map(|one| tagged(&one.image)).collect();
    let containers = images.len();
    if semantics.image_volumes {
        images.extend(pod.image_volumes.iter().map(|image| tagged(image)));
    }
    (containers, images)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "as the scheduler computes it"
)]
pub(crate) fn spread_out(size: i64, nodes: usize, all: usize) -> i64 {
    (size as f64 * (nodes as f64 / all as f64)) as i64
}

pub(crate) fn points(sum: i64, containers: usize) -> i64 {
    let most = ENOUGH.saturating_mul(i64::try_from(containers).unwrap_or(i64::MAX));
    let sum = if sum < LEAST { LEAST } else { sum.min(most) };
    let share = i128::from(MOST) * i128::from(sum - LEAST) / i128::from((most - LEAST).max(1));
    i64::try_from(share).unwrap_or(0)
}

/// The image with the tag that is meant where none is written.
fn tagged(image: &str) -> String {
    if image.rfind(':') <= image.rfind('/') {
        return format!("{image}:latest");
    }
    image.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_a_tag_is_the_latest() {
        let table = [
            ("web", "web:latest"),
            ("web:1", "web:1"),
            ("registry:5000/web", "registry:5000/web:latest"),
            ("registry:5000/web:1", "registry:5000/web:1"),
            ("", ":latest"),
        ];
        for (image, expected) in table {
            assert_eq!(tagged(image), expected);
        }
    }
}
