//! A DaemonSet with anti-affinity over more than a node.

use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::native;
use crate::words;

const CODE: Code = Code::new("daemonset-domain-anti-affinity");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE, Family::Rollout,
        "a DaemonSet that keeps its own pods apart over more than a node",
        include_str!("daemonset_domain_anti_affinity.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// Its controller makes a pod for every node, and the scheduler lets one into each domain.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    if !case.object.is_daemon_set() {
        return;
    }
    for demand in case.pod_demands().iter().filter(|one| one.required && !one.near) {
        let read = native::pod_term(demand.term, case.frame.labels);
        let key = &demand.term.topology_key;
        let own = read.term.namespaces.is_empty() && read.term.namespace_selector.is_none();
        let is_self = read.term.selector.is_some_and(|one| case.frame.matches(&one) == Some(true));
        if key == "kubernetes.io/hostname" || key.is_empty() || !own || !is_self {
            continue;
        }
        let level = words::level(key);
        let label = Label::new(
            Site::value(demand.path.key("topologyKey")),
            format!("1 pod for each value of {level}"),
        );
        let message = format!("the pods of this DaemonSet keep one another out of their {level}");
        let message = words::shorten(&message, 72);
        let mut finding = case.risk(CODE, message, label.quoting(key.clone()));
        finding.why = Some(format!("of the nodes of one {level}, one gets its pod; those of others wait"));
        finding.help = vec![Help::text("delete the term: a node gets one pod of a DaemonSet anyway")];
        findings.push(finding);
    }
}
