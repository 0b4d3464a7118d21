//! Rules about what a cluster makes of a template: whether a pod fits, how many do, and where.
//!
//! Their facts come from `placed.rs` and its folder, their sentences stand in `words/placed.rs`,
//! `words/replicas.rs` and `words/stored.rs`.

use placecard_findings::{Code, Severity, Verdict};

use super::{Family, Rule, rule};

/// More replicas than the nodes of a cluster keep apart.
pub const ANTI_AFFINITY_REPLICAS_EXCEED_DOMAINS: Code =
    Code::new("anti-affinity-replicas-exceed-domains");
/// More pods of a Job at once than the nodes of a cluster keep apart.
pub const GANG_EXCEEDS_DOMAINS: Code = Code::new("gang-exceeds-domains");
/// A spread constraint counts domains that are closed to its pods.
pub const SPREAD_COUNTS_UNUSABLE_DOMAIN: Code = Code::new("spread-counts-unusable-domain");
/// A domain that is almost full bounds the others of an even spread.
pub const SPREAD_CAPACITY_BOUND: Code = Code::new("spread-capacity-bound");
/// Nodes lack the label of one of several hard spread constraints.
pub const SPREAD_KEYS_NOT_ON_SAME_NODES: Code = Code::new("spread-keys-not-on-same-nodes");
/// A DaemonSet admits no node.
pub const DAEMONSET_SELECTS_NO_NODE: Code = Code::new("daemonset-selects-no-node");
/// Old pods stand together where the new ones are to be apart.
pub const SOFT_TO_HARD_TRANSITION: Code = Code::new("soft-to-hard-transition");
/// A pod has to join pods like itself where it may not go.
pub const SELF_AFFINITY_TRAPPED: Code = Code::new("self-affinity-trapped");
/// Replicas that fill their nodes, and a budget that lets one go.
pub const PDB_DRAIN_NO_SPARE_DOMAIN: Code = Code::new("pdb-drain-no-spare-domain");
/// No node of the cluster could hold the pod, even empty.
pub const NO_NODE_FITS: Code = Code::new("no-node-fits");
/// The anti-affinity of other pods keeps the pod out of every node that could hold it.
pub const FOREIGN_ANTI_AFFINITY_BLOCKS: Code = Code::new("foreign-anti-affinity-blocks");
/// What runs on the nodes that could hold the pod is in the way.
pub const WOULD_WAIT: Code = Code::new("would-wait");
/// The quota of the namespace has no room for the replicas, or for the first pod of an update.
pub const QUOTA_BLOCKS_ROLLOUT: Code = Code::new("quota-blocks-rollout");
/// A limit range or a quota of the namespace refuses every such pod.
pub const NAMESPACE_REFUSES_POD: Code = Code::new("namespace-refuses-pod");
/// The priority class does not exist, or says something else than the pod.
pub const PRIORITY_CLASS_REFUSED: Code = Code::new("priority-class-refused");
/// Ports of nodes, and pods that need as many nodes.
pub const ROLLOUT_HOST_PORT: Code = Code::new("rollout-host-port");
/// A spread constraint counts nodes that the node rules exclude.
pub const SPREAD_NODE_AFFINITY_POLICY_IGNORE: Code =
    Code::new("spread-node-affinity-policy-ignore");

/// The rules that need a cluster, and stand on its bounds.
pub(super) static ON_CLUSTER: &[Rule] = &[
    rule(
        NO_NODE_FITS,
        Family::Cluster,
        Severity::Warning,
        Verdict::NoInventory,
        "no node of the cluster could hold the pod, even empty",
        include_str!("no_node_fits.md"),
    ),
    rule(
        FOREIGN_ANTI_AFFINITY_BLOCKS,
        Family::Workloads,
        Severity::Warning,
        Verdict::CrowdedOut,
        "the anti-affinity of other pods keeps the pod out of every node that fits",
        include_str!("foreign_anti_affinity_blocks.md"),
    ),
    rule(
        WOULD_WAIT,
        Family::Cluster,
        Severity::Warning,
        Verdict::CrowdedOut,
        "what runs on the nodes that fit is in the way",
        include_str!("would_wait.md"),
    ),
    rule(
        QUOTA_BLOCKS_ROLLOUT,
        Family::Resources,
        Severity::Warning,
        Verdict::CrowdedOut,
        "a quota of the namespace has no room for the pods that are asked for",
        include_str!("quota_blocks_rollout.md"),
    ),
    rule(
        NAMESPACE_REFUSES_POD,
        Family::Resources,
        Severity::Warning,
        Verdict::CrowdedOut,
        "a limit range or quota of the namespace refuses every such pod",
        include_str!("namespace_refuses_pod.md"),
    ),
    rule(
        PRIORITY_CLASS_REFUSED,
        Family::Disruption,
        Severity::Warning,
        Verdict::CrowdedOut,
        "the priority class does not exist, or contradicts the pod",
        include_str!("priority_class_refused.md"),
    ),
    rule(
        ANTI_AFFINITY_REPLICAS_EXCEED_DOMAINS,
        Family::Rollout,
        Severity::Warning,
        Verdict::NoInventory,
        "more replicas than domains of the cluster, with one replica to a domain",
        include_str!("anti_affinity_replicas_exceed_domains.md"),
    ),
    rule(
        GANG_EXCEEDS_DOMAINS,
        Family::Rollout,
        Severity::Warning,
        Verdict::NoInventory,
        "more pods of a Job at once than domains of the cluster",
        include_str!("gang_exceeds_domains.md"),
    ),
    rule(
        SPREAD_COUNTS_UNUSABLE_DOMAIN,
        Family::Spread,
        Severity::Warning,
        Verdict::NoInventory,
        "a hard spread constraint counts domains that its pods cannot use",
        include_str!("spread_counts_unusable_domain.md"),
    ),
    rule(
        SPREAD_CAPACITY_BOUND,
        Family::Spread,
        Severity::Warning,
        Verdict::CrowdedOut,
        "an almost full domain keeps pods out of the others by a hard spread constraint",
        include_str!("spread_capacity_bound.md"),
    ),
    rule(
        SPREAD_KEYS_NOT_ON_SAME_NODES,
        Family::Spread,
        Severity::Warning,
        Verdict::NoInventory,
        "nodes that would fit lack the label of one of several hard constraints",
        include_str!("spread_keys_not_on_same_nodes.md"),
    ),
    rule(
        DAEMONSET_SELECTS_NO_NODE,
        Family::Node,
        Severity::Warning,
        Verdict::NoInventory,
        "a DaemonSet admits no node of the cluster, and has no pods",
        include_str!("daemonset_selects_no_node.md"),
    ),
    rule(
        SOFT_TO_HARD_TRANSITION,
        Family::Rollout,
        Severity::Warning,
        Verdict::CrowdedOut,
        "an update keeps pods apart from old ones that are everywhere",
        include_str!("soft_to_hard_transition.md"),
    ),
    rule(
        SELF_AFFINITY_TRAPPED,
        Family::Affinity,
        Severity::Warning,
        Verdict::CrowdedOut,
        "near pods of its own labels, which run where it may not go",
        include_str!("self_affinity_trapped.md"),
    ),
    rule(
        PDB_DRAIN_NO_SPARE_DOMAIN,
        Family::Disruption,
        Severity::Note,
        Verdict::NoInventory,
        "replicas fill their nodes, so a drained one has no place meanwhile",
        include_str!("pdb_drain_no_spare_domain.md"),
    ),
];
