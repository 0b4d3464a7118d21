//! One soft spread constraint in place of two.

use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, Rule, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("spread-drops-defaults");

pub(super) const RULE: FieldRule = FieldRule {
    rule: Rule {
        severity: placecard_findings::Severity::Note,
        ..risk(
            CODE, Family::Spread,
            "one soft spread constraint takes the place of both built-in ones",
            include_str!("spread_drops_defaults.md"),
            Sees::Placement,
        )
    },
    check: Check::Template(check),
};

const LEVELS: [&str; 2] = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"];

/// The scheduler spreads pods of Services and controllers softly over nodes and zones unless the pod
/// says anything itself (podtopologyspread/plugin.go, `systemDefaultConstraints`). Whoever asks for
/// one soft level meant more, not less.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let [only] = case.template.spec.spread.as_slice() else { return };
    let soft = only.when_unsatisfiable == "ScheduleAnyway";
    let at = LEVELS.iter().position(|level| *level == only.topology_key);
    let apart = case.template.spec.affinity.as_ref().is_some_and(|all| all.pod_anti_affinity.is_some());
    let (true, Some(at), false) = (soft && case.frame.default_spread, at, apart) else { return };
    if case.doubt().is_some() || case.object.is_pod() || case.object.replicas.is_some_and(|one| one < 2) {
        return;
    }
    let (own, other) = if at == 0 { ("nodes", "zones") } else { ("zones", "nodes") };
    let path = case.template.spec_path(&["topologySpreadConstraints"]).index(0).key("topologyKey");
    let label = Label::new(Site::value(path), format!("over {own} only"));
    let message = format!("the pods are not spread over {other} any more");
    let mut finding = case.note(CODE, message, label.quoting(only.topology_key.clone()));
    finding.why = Some(format!(
        "without any constraint the scheduler spreads them over nodes and zones; with one over {own}, \
         over those alone"
    ));
    let missing = LEVELS.get(1 - at).copied().unwrap_or_default();
    finding.help = vec![Help::text(format!("add one over {missing}, or delete this one"))];
    findings.push(finding);
}
