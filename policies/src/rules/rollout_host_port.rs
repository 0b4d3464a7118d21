//! Updates that need a free node because of a port.

use placecard_feasibility::certificate::Update;
use placecard_findings::{Code, FieldPath, Finding, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::bounds::update;
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = super::ROLLOUT_HOST_PORT;

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE, Family::Rollout,
        "an update that adds a pod first, of pods that take a port of their node",
        include_str!("rollout_host_port.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// One pod of a node has the port (the filter NodePorts), so the pod that an update adds needs a node
/// without an old one.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let Some(port) = case.template.containers.host_ports.first() else { return };
    let replicas = u64::try_from(case.object.replicas.unwrap_or(1)).unwrap_or_default();
    let Some(Update { surge: 1.., unavailable: 0 }) = update(case.object, replicas) else { return };
    if case.doubt().is_some() {
        return;
    }
    let site = Site::value(case.template.path.join(&port.path));
    let label = Label::new(site, "one pod of a node has it").quoting(port.port.to_string());
    let message = match replicas {
        1 => format!("each update needs a second node whose port {} is free", port.port),
        _ => format!("each update needs {} nodes for port {}", replicas.saturating_add(1), port.port),
    };
    let mut finding = case.risk(CODE, message, label);
    let strategy = match case.object.strategy.written {
        true => Label::new(Site::key(FieldPath::of(&["spec", "strategy"])), ""),
        false => Label::new(Site::key(FieldPath::of(&["spec"])), ""),
    };
    finding.labels.push(Label { text: "a new pod runs before an old one goes".to_owned(), ..strategy });
    finding.help = vec![
        Help::text("maxSurge: 0 and maxUnavailable: 1, or strategy.type: Recreate"),
        Help::text("a DaemonSet, if each node is to have one"),
    ];
    findings.push(finding);
}
