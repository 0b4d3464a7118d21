//! Effects of tolerations.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::{Check, FieldRule, TemplateCase, is_placeholder};
use crate::words;

const CODE: Code = Code::new("toleration-effect");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Taints,
        "a toleration names an effect that does not exist",
        include_str!("toleration_effect.md"),
    ),
    check: Check::Template(check),
};

/// k8s.io/api/core/v1 TaintEffect.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let at = || case.template.spec_path(&["tolerations"]);
    for (index, one) in case.template.spec.tolerations.iter().enumerate() {
        let effect = one.effect.as_deref().unwrap_or_default();
        if effect.is_empty() || EFFECTS.contains(&effect) || is_placeholder(effect) {
            continue;
        }
        let site = Site::value(at().index(index).key("effect"));
        let label = Label::new(site.clone(), "no such effect").quoting(effect);
        let message = format!("a toleration has the effect {}", words::shorten(effect, 40));
        let mut finding = case.refused(CODE, message, label);
        let plain = |word: &str| word.replace(['_', '-', ' '], "").to_ascii_lowercase();
        let meant = EFFECTS.iter().find(|known| plain(known) == plain(effect));
        finding.help = vec![Help::text(format!("the effects are {}", EFFECTS.join(", ")))];
        finding.suggestion = meant.map(|word| (*word).to_owned());
        finding.fix = meant.map(|word| Fix::safe(vec![Edit::text(site, effect, *word)]));
        findings.push(finding);
    }
}

const EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];
