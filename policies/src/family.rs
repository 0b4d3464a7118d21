//! The families of codes: what several rules are about, under one name.

/// What a rule is about. Every code has one family, and is selected and weighed with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// What cannot be read.
    Files,
    /// Rules in words.
    Language,
    /// Roles that are placed together.
    Coordination,
    /// One pod and its node.
    Node,
    /// Pod affinity and anti-affinity.
    Affinity,
    /// Topology spread constraints.
    Spread,
    /// Replicas, autoscalers and updates.
    Rollout,
    /// Taints and tolerations.
    Taints,
    /// Requests, quotas and limit ranges.
    Resources,
    /// Several workloads.
    Workloads,
    /// Claims and volumes.
    Volumes,
    /// Evictions and preemption.
    Disruption,
    /// Room on nodes.
    Cluster,
}

impl Family {
    /// All, in the order of the reference.
    pub const ALL: &[Self] = &[
        Self::Files,
        Self::Language,
        Self::Coordination,
        Self::Node,
        Self::Affinity,
        Self::Spread,
        Self::Rollout,
        Self::Taints,
        Self::Resources,
        Self::Workloads,
        Self::Volumes,
        Self::Disruption,
        Self::Cluster,
    ];

    /// As it is typed and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Language => "language",
            Self::Coordination => "coordination",
            Self::Node => "node",
            Self::Affinity => "affinity",
            Self::Spread => "spread",
            Self::Rollout => "rollout",
            Self::Taints => "taints",
            Self::Resources => "resources",
            Self::Workloads => "workloads",
            Self::Volumes => "volumes",
            Self::Disruption => "disruption",
            Self::Cluster => "cluster",
        }
    }

    /// What its codes are about, in a few words.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Files => "files and fields that cannot be read",
            Self::Language => "rules in words: how they are written, and what they name",
            Self::Coordination => "roles that are placed together",
            Self::Node => "demands of one pod on its node",
            Self::Affinity => "pod affinity and anti-affinity",
            Self::Spread => "topology spread constraints",
            Self::Rollout => "replicas, autoscaling and updates",
            Self::Taints => "taints and tolerations",
            Self::Resources => "requests, quotas and limit ranges",
            Self::Workloads => "what workloads do to one another",
            Self::Volumes => "claims and volumes",
            Self::Disruption => "disruption budgets, priority and preemption",
            Self::Cluster => "what the nodes of a cluster have room for",
        }
    }
}
