//! Critical pods that ask for nothing.

use placecard_findings::{Code, Finding, Help, Holds, Label, Site};
use serde_json::Value;

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("critical-best-effort");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Resources,
        "pods of a critical priority class request nothing",
        include_str!("critical_best_effort.md"),
        Sees::Text,
    ),
    check: Check::Template(check),
};

/// pkg/kubelet/qos/policy.go: without requests a pod is the first to be killed for memory, but for
/// those of `system-node-critical`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let class = case.in_spec(&["priorityClassName"]).and_then(Value::as_str).unwrap_or_default();
    if class != "system-cluster-critical" {
        return;
    }
    let whole = case.in_spec(&["resources"]).is_some();
    let counts = |one: &str| one == "cpu" || one == "memory";
    let all = case.containers();
    let asks = all.iter().any(|one| one.asked.iter().any(|one| counts(&one.resource)));
    if whole || asks || all.is_empty() || case.doubt().is_some() {
        return;
    }
    let at = case.template.spec_path(&["priorityClassName"]);
    let label = Label::new(Site::value(at), "but no container requests anything").quoting(class);
    let message = "the pods are critical for the cluster and request nothing";
    let mut finding = case.risk(CODE, message, label);
    finding.why = Some("without a request nothing is set aside, and they are the first to be killed for memory".to_owned());
    finding.help = vec![Help::text("request the cpu and memory that they need")];
    finding.holds = Holds::assuming("if no limit range of the namespace gives requests");
    findings.push(finding);
}
