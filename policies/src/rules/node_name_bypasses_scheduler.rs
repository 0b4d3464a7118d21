//! Pods that no scheduler places.

use placecard_findings::{Code, Finding, Help, Label, Severity, Site, Verdict};

use super::{Family, Sees, risk};
use crate::words;
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
    finding.why = Some(match waiting(case) {
        Some(claim) => {
            let claim = words::shorten(claim, 30);
            format!("claim {claim} waits for a scheduler to name the node, and is never bound")
        }
        None => "room, taints, affinity to pods and spreading are not looked at".to_owned(),
    });
    finding.help = vec![Help::text("pin them by node affinity with matchFields and metadata.name")];
    findings.push(finding);
}

/// A claim of the pods without a volume, whose class waits for the first pod: it has its volume once
/// the scheduler has written `volume.kubernetes.io/selected-node` (pkg/controller/volume/persistentvolume).
fn waiting<'a>(case: &'a TemplateCase<'_>) -> Option<&'a str> {
    let (inputs, namespace) = (case.inputs()?, &case.object.reference.namespace);
    let mut claims = case.template.spec.claims.iter();
    let waits = claims.find(|one| {
        let facts = inputs.claims.get(&(namespace.clone(), one.name.clone()));
        let class = facts.filter(|facts| !facts.is_bound).and_then(|facts| {
            inputs.classes.get(facts.class.as_ref().or(inputs.default_class.as_ref())?)
        });
        class.is_some_and(|class| class.waits)
    });
    waits.map(|one| one.name.as_str())
}
