//! Which kinds hold a pod template, and where.

pub mod custom;
pub mod reference;

use placecard_language::keys;

/// A built-in kind that is, or holds, a pod template.
#[derive(Debug, PartialEq, Eq)]
pub struct WorkloadKind {
    /// API group; empty is the core group.
    pub group: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// From the root of the object to the pod template; empty: the object is the pod.
    pub template: &'static [&'static str],
    /// The label that its pods carry per revision, if their controller writes one into selectors.
    pub revision_label: Option<&'static str>,
    /// How the pods of one object are recognised.
    pub own: OwnPods,
    /// Whether the scheduler's built-in soft spread constraints apply to its pods: they do where a
    /// Service, ReplicationController, ReplicaSet or StatefulSet selects the pod
    /// (pkg/scheduler/framework/plugins/podtopologyspread/common.go, `buildDefaultConstraints`).
    pub default_spread: bool,
}

/// How the pods of one controller object are recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnPods {
    /// By `spec.selector`, a LabelSelector.
    Selector,
    /// By `spec.selector`, a map of labels.
    LabelMap,
    /// By the label `batch.kubernetes.io/controller-uid` that the Job controller writes.
    JobUid,
    /// There is no controller: the pod's own labels.
    Labels,
}

/// The label of a Job's pods that names the Job (pkg/apis/batch/types.go).
pub const JOB_NAME_LABEL: &str = "batch.kubernetes.io/job-name";
/// The label of a Job's pods that holds the Job's UID (pkg/apis/batch/types.go).
pub const JOB_UID_LABEL: &str = "batch.kubernetes.io/controller-uid";
/// Label of a StatefulSet's pods: the name, which stays (apps/v1 `StatefulSetPodNameLabel`).
pub const POD_NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
/// The label of a Deployment's pods that names the revision (pkg/apis/apps: DefaultDeploymentUniqueLabelKey).
pub const POD_TEMPLATE_HASH: &str = "pod-template-hash";
/// The revision label of Argo Rollouts.
pub const ROLLOUTS_POD_TEMPLATE_HASH: &str = "rollouts-pod-template-hash";
/// Labels that name a revision.
pub const REVISION_LABELS: &[&str] = &[POD_TEMPLATE_HASH, ROLLOUTS_POD_TEMPLATE_HASH];

/// Labels that tell pods of one application apart, or change with its version: never part of `self`
/// when `self` has to be guessed from a pod's own labels.
pub const VOLATILE_LABELS: &[&str] = &[
    POD_TEMPLATE_HASH,
    ROLLOUTS_POD_TEMPLATE_HASH,
    "controller-revision-hash",
    "pod-template-generation",
    POD_NAME_LABEL,
    "apps.kubernetes.io/pod-index",
    "version",
    "app.kubernetes.io/version",
    "helm.sh/chart",
];
/// Prefixes of volatile labels.
pub const VOLATILE_PREFIXES: &[&str] = &["batch.kubernetes.io/", keys::PREFIX];

/// Whether a label is left out of a guessed `self`.
#[must_use]
pub fn is_volatile(label: &str) -> bool {
    VOLATILE_LABELS.contains(&label)
        || VOLATILE_PREFIXES.iter().any(|prefix| label.starts_with(prefix))
}

/// The built-in kinds.
pub static KINDS: &[WorkloadKind] = &[
    WorkloadKind {
        group: "",
        kind: "Pod",
        template: &[],
        revision_label: None,
        own: OwnPods::Labels,
        default_spread: false,
    },
    WorkloadKind {
        group: "apps",
        kind: "Deployment",
        template: &["spec", "template"],
        revision_label: Some(POD_TEMPLATE_HASH),
        own: OwnPods::Selector,
        default_spread: true,
    },
    WorkloadKind {
        group: "apps",
        kind: "ReplicaSet",
        template: &["spec", "template"],
        revision_label: None,
        own: OwnPods::Selector,
        default_spread: true,
    },
    WorkloadKind {
        group: "apps",
        kind: "StatefulSet",
        template: &["spec", "template"],
        revision_label: None,
        own: OwnPods::Selector,
        default_spread: true,
    },
    WorkloadKind {
        group: "apps",
        kind: "DaemonSet",
        template: &["spec", "template"],
        revision_label: None,
        own: OwnPods::Selector,
        default_spread: false,
    },
    WorkloadKind {
        group: "batch",
        kind: "Job",
        template: &["spec", "template"],
        revision_label: None,
        own: OwnPods::JobUid,
        default_spread: false,
    },
    WorkloadKind {
        group: "batch",
        kind: "CronJob",
        template: &["spec", "jobTemplate", "spec", "template"],
        revision_label: None,
        own: OwnPods::JobUid,
        default_spread: false,
    },
    WorkloadKind {
        group: "",
        kind: "ReplicationController",
        template: &["spec", "template"],
        revision_label: None,
        own: OwnPods::LabelMap,
        default_spread: true,
    },
];

/// The built-in kind of a group and kind.
#[must_use]
pub fn find(group: &str, kind: &str) -> Option<&'static WorkloadKind> {
    KINDS.iter().find(|row| row.group == group && row.kind == kind)
}
