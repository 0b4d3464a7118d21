//! Pods that no scheduler places.

use placecard_findings::{Code, Finding, Help, Label, Severity, Site, Verdict};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase, is_placeholder};

const CODE: Code = Code::new("node-name-bypasses-scheduler");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Node,
        "nodeName binds the pods by hand, so that no scheduler looks at them",
        include_str!("node_name_bypasses_scheduler.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// k8s.io/api/core/v1 PodSpec.NodeName: the kubelet of that node starts the pod if it can.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let name = &case.template.spec.node_name;
    // A pod that runs has been bound, whoever did it.
    let bound = !case.object.uid.is_empty() || case.object.is_pod();
    if name.is_empty() || bound || is_placeholder(name) {
        return;
    }
    let site = Site::value(case.template.spec_path(&["nodeName"]));
    let label = Label::new(site, "past the scheduler").quoting(name.clone());
    let object = case.object.reference.clone();
    let message = "nodeName binds the pods by hand: no scheduler looks at them";
    let mut finding = Finding::new(CODE, Verdict::Risk, object, message, label);
    finding.severity = Severity::Warning;
    finding.why = Some("room, taints, affinity to pods and spreading are not looked at".to_owned());
    finding.help = vec![Help::text("pin them by node affinity with matchFields and metadata.name")];
    findings.push(finding);
}
