//! The codes of the rules that are entries of the table.

use placecard_findings::Code;

/// `nodeSelector` and another demand exclude each other.
pub const NODE_SELECTOR_CONTRADICTS_AFFINITY: Code =
    Code::new("node-selector-contradicts-affinity");
/// The node demands of one pod exclude one another.
pub const NODE_AFFINITY_UNSATISFIABLE: Code = Code::new("node-affinity-unsatisfiable");
/// A pod is required near and apart from the same pods.
pub const AFFINITY_CONTRADICTS_ANTI_AFFINITY: Code =
    Code::new("affinity-contradicts-anti-affinity");
/// Replicas are required near and apart from one another.
pub const SELF_AFFINITY_VS_SELF_ANTI_AFFINITY: Code =
    Code::new("self-affinity-vs-self-anti-affinity");
/// More replicas than domains that the node rules allow, one replica to each.
pub const ANTI_AFFINITY_REPLICAS_EXCEED_ALLOWED: Code =
    Code::new("anti-affinity-replicas-exceed-allowed");
/// More replicas than the allowed domains may hold.
pub const SPREAD_MIN_DOMAINS_UNREACHABLE: Code = Code::new("spread-min-domains-unreachable");
/// Replicas share a claim that one pod at a time may use.
pub const SINGLE_WRITER_VOLUME_SHARED: Code = Code::new("single-writer-volume-shared");
/// An autoscaler may ask for more replicas than can ever run.
pub const HPA_MAX_EXCEEDS_DOMAINS: Code = Code::new("hpa-max-exceeds-domains");
/// No update can begin while all replicas run.
pub const ROLLOUT_NEEDS_SPARE_DOMAIN: Code = Code::new("rollout-needs-spare-domain");
/// No pod can match all required pod affinity terms.
pub const POD_AFFINITY_TERMS_NO_COMMON_POD: Code = Code::new("pod-affinity-terms-no-common-pod");
/// No node meets the node demands of a pod and reaches the volumes of its claims.
pub const PV_AFFINITY_CONFLICT: Code = Code::new("pv-affinity-conflict");
/// A required pod affinity term has no selector.
pub const POD_AFFINITY_SELECTOR_NULL: Code = Code::new("pod-affinity-selector-null");
/// A selector that no pod can match.
pub const LABEL_SELECTOR_UNSATISFIABLE: Code = Code::new("label-selector-unsatisfiable");
/// Replicas of a role that are no whole batches.
pub const REPLICAS_NOT_DIVISIBLE: Code = Code::new("replicas-not-divisible");
/// Roles of a coordination with different numbers of batches.
pub const UNEQUAL_BATCHES: Code = Code::new("unequal-batches");
/// Pods of a batch wait for pods that come after them.
pub const BATCH_NEVER_COMPLETE: Code = Code::new("batch-never-complete");
/// Pods of a batch exclude one another in its domain.
pub const BATCH_KEPT_APART: Code = Code::new("batch-kept-apart");
/// Sequential batches of pods that are ready as soon as they run.
pub const READY_WITHOUT_PROBE: Code = Code::new("ready-without-probe");
/// No domain of the cluster could hold a batch, even empty.
pub const BATCH_FITS_NO_DOMAIN: Code = Code::new("batch-fits-no-domain");
/// Nodes without the label whose values are the domains of batches.
pub const TOPOLOGY_LABEL_MISSING: Code = Code::new("topology-label-missing");
/// Roles of a batch whose node rules leave no domain in common.
pub const ROLES_SHARE_NO_DOMAIN: Code = Code::new("roles-share-no-domain");
/// An autoscaler may ask for replicas that make no whole batches.
pub const AUTOSCALER_BREAKS_BATCHES: Code = Code::new("autoscaler-breaks-batches");
/// Another controller keeps the pods of a member to domains of its own.
pub const OTHER_EXCLUSIVE_DOMAIN: Code = Code::new("other-exclusive-domain");
/// A workload that plays a role, whose template does not name the coordination.
pub const NOT_COORDINATED: Code = Code::new("not-coordinated");
/// A template names a coordination in which its workload plays no role.
pub const PLAYS_NO_ROLE: Code = Code::new("plays-no-role");
/// The batch would be a second required pod affinity term.
pub const SECOND_POD_AFFINITY_TERM: Code = Code::new("second-pod-affinity-term");
/// The final pod lacks what its rules become.
pub const NOT_APPLIED: Code = Code::new("not-applied");
/// A change of the vocabulary takes words away that workloads use.
pub const WORD_IN_USE: Code = Code::new("word-in-use");
/// A rule of running pods does not hold where they run.
pub const RULE_NO_LONGER_HOLDS: Code = Code::new("rule-no-longer-holds");
/// No node takes a pending pod.
pub const CANNOT_BE_PLACED: Code = Code::new("cannot-be-placed");
/// Pods of nodes that are lost have no place on the others.
pub const NO_PLACE_WITHOUT: Code = Code::new("no-place-without");
/// The API server does not keep the coordinations inside a RoleBasedGroup.
pub const COORDINATION_PRUNED: Code = Code::new("coordination-pruned");
/// A field whose type is not the API's.
pub const FIELD_TYPE: Code = Code::new("field-type");
/// An `ignore` that silences nothing.
pub const UNUSED_IGNORE: Code = Code::new("unused-ignore");
/// A value of a selector that is no string.
pub const SELECTOR_VALUE_NOT_STRING: Code = Code::new("selector-value-not-string");
