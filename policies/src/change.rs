//! What an expansion adds to a pod spec: one list for the linter's text edits and the webhook's patch.

use k8s_openapi::api::core::v1::{
    NodeSelectorTerm, PodAffinityTerm, PreferredSchedulingTerm, Toleration,
    TopologySpreadConstraint, WeightedPodAffinityTerm,
};

/// One change of a pod spec.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The required node terms become these.
    RequiredNodeTerms(Vec<NodeSelectorTerm>),
    /// One more preferred node term.
    PreferredNodeTerm(PreferredSchedulingTerm),
    /// The required pod affinity term.
    PodAffinity(PodAffinityTerm),
    /// One more preferred pod affinity term.
    PreferredPodAffinity(WeightedPodAffinityTerm),
    /// One more required pod anti-affinity term.
    PodAntiAffinity(PodAffinityTerm),
    /// One more preferred pod anti-affinity term.
    PreferredPodAntiAffinity(WeightedPodAffinityTerm),
    /// One more topology spread constraint.
    Spread(TopologySpreadConstraint),
    /// One more toleration, at the end.
    Toleration(Toleration),
    /// The toleration at this index is replaced.
    ReplaceToleration(usize, Toleration),
}
