//! Spread constraints of a DaemonSet.

use placecard_findings::{Code, Finding, Fix, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("daemonset-spread-noop");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Spread,
        "a spread constraint on a DaemonSet changes nothing",
        include_str!("daemonset_spread_noop.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// Each pod of a DaemonSet is pinned to its node by metadata.name, and with `nodeAffinityPolicy:
/// Honor`, the default, only that node is counted (pkg/controller/daemon/util).
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    if !case.object.is_daemon_set() {
        return;
    }
    for (index, constraint) in case.template.spec.spread.iter().enumerate() {
        let honours = constraint.node_affinity_policy.as_deref().unwrap_or("Honor") == "Honor";
        if !honours || constraint.min_domains.is_some_and(|count| count > 1) {
            continue;
        }
        let at = case.template.spec_path(&["topologySpreadConstraints"]).index(index);
        let key = constraint.topology_key.clone();
        let label = Label::new(Site::value(at.key("topologyKey")), "counts one node").quoting(key);
        let message = "a spread constraint on a DaemonSet changes nothing";
        let mut finding = case.risk(CODE, message, label);
        finding.why = Some("each of its pods is for one node, and only that one is counted".to_owned());
        finding.help = vec![Help::text("delete the constraint")];
        // A hard one keeps the pods off nodes without the label, too.
        let safe = constraint.when_unsatisfiable != "DoNotSchedule";
        let edits = vec![case.removal(&at)];
        finding.fix = Some(Fix { safe, edits });
        findings.push(finding);
    }
}
