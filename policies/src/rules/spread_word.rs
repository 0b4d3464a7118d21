//! Words of spread constraints.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::{Check, FieldRule, TemplateCase, is_placeholder};
use crate::words;

const CODE: Code = Code::new("spread-word");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Spread,
        "a field of a spread constraint has a word that it does not know",
        include_str!("spread_word.md"),
    ),
    check: Check::Template(check),
};

/// k8s.io/api/core/v1 UnsatisfiableConstraintAction and NodeInclusionPolicy.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for (index, one) in case.template.spec.spread.iter().enumerate() {
        let at = case.template.spec_path(&["topologySpreadConstraints"]).index(index);
        let when: &[&str] = &["DoNotSchedule", "ScheduleAnyway"];
        let policy: &[&str] = &["Honor", "Ignore"];
        for (field, found, known) in [
            ("whenUnsatisfiable", Some(one.when_unsatisfiable.as_str()), when),
            ("nodeAffinityPolicy", one.node_affinity_policy.as_deref(), policy),
            ("nodeTaintsPolicy", one.node_taints_policy.as_deref(), policy),
        ] {
            let Some(word) = found.filter(|word| !known.contains(word) && !is_placeholder(word)) else {
                continue;
            };
            let site = Site::value(at.key(field));
            let label = Label::new(site.clone(), known.join(" or ")).quoting(word);
            let shown = if word.is_empty() { "not there" } else { word };
            let message = format!("{field} is {}", words::shorten(shown, 40));
            let mut finding = case.refused(CODE, message, label);
            finding.help = vec![Help::text(format!("write {}", known.join(" or ")))];
            let meant = known.iter().find(|known| known.eq_ignore_ascii_case(word));
            finding.suggestion = meant.map(|word| (*word).to_owned());
            finding.fix = meant.map(|meant| Fix::safe(vec![Edit::text(site, word, *meant)]));
            findings.push(finding);
        }
    }
}
