//! Anti-affinity with an empty selector.

use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::native;
use crate::words;

const CODE: Code = Code::new("anti-affinity-selector-everything");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Affinity,
        "required anti-affinity against every pod of the namespace",
        include_str!("anti_affinity_selector_everything.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// `{}` matches every pod, and the term holds in both directions
/// (pkg/scheduler/framework/plugins/interpodaffinity/filtering.go, `satisfyExistingPodsAntiAffinity`).
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for demand in case.pod_demands() {
        let selector = demand.term.label_selector.as_ref().map(native::selector);
        let keyed = [&demand.term.match_label_keys, &demand.term.mismatch_label_keys];
        let keyed = keyed.iter().any(|keys| keys.as_ref().is_some_and(|keys| !keys.is_empty()));
        let all = selector.is_some_and(|one| one.is_everything()) && !keyed;
        if demand.near || !demand.required || !all {
            continue;
        }
        let site = Site::value(demand.path.key("labelSelector"));
        let level = words::level(&demand.term.topology_key);
        let message = "the pods keep every other pod of the namespace away";
        let mut finding = case.risk(CODE, message, Label::new(site, "selects every pod"));
        finding.why =
            Some(format!("no other pod of the namespace may be in the same {level}, and none of its \
                 pods may join one, those of DaemonSets included"));
        finding.help = vec![Help::text("select the pods that are meant")];
        findings.push(finding);
    }
}
