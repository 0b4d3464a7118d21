//! A spread constraint that counts nodes which the pod may not use.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::terms::Wish;
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::native;

const CODE: Code = super::SPREAD_NODE_AFFINITY_POLICY_IGNORE;

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE, Family::Spread,
        "a spread constraint counts nodes that the node rules exclude",
        include_str!("spread_node_affinity_policy_ignore.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// With `Ignore` a domain that the pod may not use is counted with no pods
/// (podtopologyspread/common.go, `matchNodeInclusionPolicies`), so the others may hold `maxSkew` each.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let demands = case.node_demands();
    let Some(demand) = demands.iter().find(|one| one.wish != Wish::Preferred) else { return };
    for (index, one) in case.template.spec.spread.iter().enumerate() {
        let ignores = one.node_affinity_policy.as_deref() == Some("Ignore");
        let hard = one.when_unsatisfiable == "DoNotSchedule";
        let counts = || {
            let selector = one.label_selector.as_ref().map(native::selector);
            selector.is_some_and(|selector| {
                !selector.is_everything() && case.frame.matches(&selector) == Some(true)
            })
        };
        if !ignores || !hard || !counts() {
            continue;
        }
        let at = case.template.spec_path(&["topologySpreadConstraints"]).index(index);
        let label = Label::new(Site::value(at.key("nodeAffinityPolicy")), "counts all nodes");
        let message = "the spread counts nodes that the node rules exclude";
        let mut finding = case.risk(CODE, message, label.quoting("Ignore"));
        let key = demand.requirement.key.clone();
        let text = "excludes nodes that are counted";
        finding.labels.push(Label::new(Site::key(demand.key_path()), text).quoting(key));
        let skew = one.max_skew;
        finding.why = Some(format!(
            "where they make up a whole domain, it stays at 0, and no other one gets more than {skew}"
        ));
        finding.help = vec![Help::text("nodeAffinityPolicy: Honor, the default")];
        let honoured = Edit::set(at.key("nodeAffinityPolicy"), "\"Honor\"");
        finding.fix = Some(Fix::safe(vec![honoured]));
        findings.push(finding);
    }
}
