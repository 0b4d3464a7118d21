//! Spread constraints that count the pods of the revision that goes.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, Rule, Sees, risk};
use crate::bounds::update;
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::native;

const CODE: Code = Code::new("spread-no-revision-key");

pub(super) const RULE: FieldRule = FieldRule {
    rule: Rule {
        severity: placecard_findings::Severity::Note,
        ..risk(
            CODE, Family::Spread,
            "a spread constraint counts the pods of the old revision during an update",
            include_str!("spread_no_revision_key.md"),
            Sees::Placement,
        )
    },
    check: Check::Template(check),
};

/// Old and new pods count alike, so what is even while both run need not be so when the old ones are
/// gone (KEP-3243).
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let replicas = case.object.replicas.unwrap_or(2);
    let several = u64::try_from(replicas).ok().filter(|count| *count > 1);
    if several.and_then(|count| update(case.object, count)).is_none() || case.doubt().is_some() {
        return;
    }
    for (index, one) in case.template.spec.spread.iter().enumerate() {
        let Some(selector) = one.label_selector.as_ref().map(native::selector) else { continue };
        let keyed = one.match_label_keys.as_ref().is_some_and(|keys| !keys.is_empty());
        let hard = one.when_unsatisfiable == "DoNotSchedule";
        let of_revision = selector.requirements.iter().any(|one| crate::kinds::is_volatile(&one.key));
        let counts = case.frame.matches(&selector) == Some(true) && !selector.is_everything();
        if keyed || !hard || of_revision || !counts {
            continue;
        }
        let at = case.template.spec_path(&["topologySpreadConstraints"]).index(index);
        let label = Label::new(Site::value(at.key("labelSelector")), "old and new pods count alike");
        let message = "after an update the pods may be spread unevenly";
        let mut finding = case.note(CODE, message, label);
        finding.why =
            Some("the constraint is met while old pods run that are gone afterwards".to_owned());
        finding.help = vec![Help {
            lines: vec![
                format!("  - topologyKey: {}", one.topology_key),
                "+   matchLabelKeys: [pod-template-hash]".to_owned(),
            ],
            ..Help::text("count the pods of one revision")
        }];
        let keys = Edit::set(at.key("matchLabelKeys"), "[\"pod-template-hash\"]");
        finding.fix = Some(Fix::safe(vec![keys]));
        findings.push(finding);
    }
}
