//! Keys that are ignored.

use placecard_findings::{Code, Edit, FieldPath, Finding, Fix, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("match-label-key-absent");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Affinity,
        "a key of matchLabelKeys that the pods never carry",
        include_str!("match_label_key_absent.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// Keys that the incoming pod lacks are ignored
/// (pkg/scheduler/framework/plugins/podtopologyspread/common.go, `filterTopologySpreadConstraints`).
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let mut lists: Vec<(&[String], FieldPath)> = Vec::new();
    let demands = case.pod_demands();
    for demand in demands {
        if let Some(list) = &demand.term.match_label_keys {
            lists.push((list, demand.path.key("matchLabelKeys")));
        }
        if let Some(list) = &demand.term.mismatch_label_keys {
            lists.push((list, demand.path.key("mismatchLabelKeys")));
        }
    }
    let spread = case.template.spec_path(&["topologySpreadConstraints"]);
    for (index, one) in case.template.spec.spread.iter().enumerate() {
        if let Some(list) = &one.match_label_keys {
            lists.push((list, spread.index(index).key("matchLabelKeys")));
        }
    }
    for (list, path) in lists {
        for (index, key) in list.iter().enumerate() {
            if case.frame.labels.contains_key(key) || may_be_added(case, key) {
                continue;
            }
            let site = Site::value(path.index(index));
            let label = Label::new(site.clone(), "is ignored").quoting(key.clone());
            let mut finding = case.risk(CODE, format!("the pods have no label {key}"), label);
            finding.help = help(case);
            let other = revision(case).filter(|other| REVISIONS.contains(&key.as_str()) && !list.iter().any(|one| one == other));
            finding.fix = other.map(|other| Fix::safe(vec![Edit::text(site, key, other)]));
            findings.push(finding);
        }
    }
}

/// Whether the controller of the pods, or an operator, adds the label.
fn may_be_added(case: &TemplateCase<'_>, key: &str) -> bool {
    let Some(kind) = case.object.kind else { return true };
    let by_controller: &[&str] = match kind.kind {
        "Deployment" | "ReplicaSet" => &["pod-template-hash"],
        "StatefulSet" => &[
            "controller-revision-hash",
            "statefulset.kubernetes.io/pod-name",
            "apps.kubernetes.io/pod-index",
        ],
        "DaemonSet" => &["controller-revision-hash", "pod-template-generation"],
        "Job" | "CronJob" => &[
            "batch.kubernetes.io/controller-uid",
            "batch.kubernetes.io/job-name",
            "batch.kubernetes.io/job-completion-index",
            "controller-uid",
            "job-name",
        ],
        _ => return case.object.is_pod(),
    };
    by_controller.contains(&key)
}

/// The labels that tell the revisions of some kind apart.
const REVISIONS: &[&str] = &["pod-template-hash", "controller-revision-hash"];

/// The one of this kind.
fn revision(case: &TemplateCase<'_>) -> Option<&'static str> {
    match case.object.kind.map(|kind| kind.kind) {
        Some("Deployment") => Some("pod-template-hash"),
        Some("StatefulSet" | "DaemonSet") => Some("controller-revision-hash"),
        _ => None,
    }
}

fn help(case: &TemplateCase<'_>) -> Vec<Help> {
    vec![match revision(case) {
        Some(label) => Help::text(format!("the label that tells revisions apart is {label} here")),
        None => Help::text("drop the key, or add the label to the template"),
    }]
}
