//! Ranked nodes, in words.

use placecard_feasibility::score::ScorePlugin;

use super::why::several;

/// A column's title.
#[must_use]
pub fn column(plugin: ScorePlugin) -> &'static str {
    match plugin {
        ScorePlugin::TaintToleration => "taints",
        ScorePlugin::NodeAffinity => "nodes",
        ScorePlugin::NodeResourcesFit => "fit",
        ScorePlugin::PodTopologySpread => "spread",
        ScorePlugin::InterPodAffinity => "pods",
        ScorePlugin::NodeResourcesBalancedAllocation => "balance",
        ScorePlugin::ImageLocality => "images",
        ScorePlugin::VolumeBinding => "volumes",
        ScorePlugin::DynamicResources => "devices",
    }
}

/// What is said first: where the pod would go.
#[must_use]
pub fn headline(subject: &str, nodes: usize, fits: usize, best: &[&str]) -> String {
    match (fits, best) {
        (0, _) => format!("{subject} fits none of {}", several(nodes, "node")),
        (1, [only]) => format!("{subject} goes to {only}: no other of {nodes} nodes fits"),
        (_, [only]) => format!("{subject} goes to {only}, the best of {fits} that fit"),
        (_, []) => format!("{subject} goes to any of {fits} nodes: they are not scored"),
        (_, [first, ..]) => format!(
            "{subject} goes to {first} or {} as good, of {fits} that fit",
            several(best.len().saturating_sub(1), "other node")
        ),
    }
}
