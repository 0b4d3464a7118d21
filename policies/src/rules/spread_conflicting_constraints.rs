//! Two hard spread constraints whose domains cross.

use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::native;
use crate::words;

const CODE: Code = Code::new("spread-conflicting-constraints");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE, Family::Spread,
        "two hard spread constraints over levels that do not lie in one another",
        include_str!("spread_conflicting_constraints.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// Levels of which each lies in those after it.
const NESTED: [&str; 3] =
    ["kubernetes.io/hostname", "topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

/// Pods are placed one after another, each where both constraints allow it: with crossing domains a
/// step may be left over that fits nowhere, though some other arrangement has a place for all.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let all = case.template.spec.spread.iter().enumerate();
    let hard: Vec<(usize, &str)> = all
        .filter(|(_, one)| {
            let selector = one.label_selector.as_ref().map(native::selector);
            one.when_unsatisfiable == "DoNotSchedule"
                && one.max_skew == 1
                && selector.is_some_and(|selector| {
                    !selector.is_everything() && case.frame.matches(&selector) == Some(true)
                })
        })
        .map(|(index, one)| (index, one.topology_key.as_str()))
        .collect();
    let crosses = |one: &str, other: &str| {
        let nested = NESTED.contains(&one) && NESTED.contains(&other);
        one != other && !nested && ![one, other].contains(&"kubernetes.io/hostname")
    };
    let pair = hard.iter().enumerate().find_map(|(at, (first, one))| {
        let later = hard.iter().skip(at + 1);
        let other = later.clone().find(|(_, other)| crosses(one, other))?;
        Some(((*first, *one), *other))
    });
    let Some((first, second)) = pair else { return };
    let path = case.template.spec_path(&["topologySpreadConstraints"]);
    let label = |(index, key): (usize, &str), text: &str| {
        Label::new(Site::value(path.index(index).key("topologyKey")), text).quoting(key)
    };
    let message = "two hard spreads cross: a pod may find no place that meets both";
    let text = format!("even over {}", words::level(second.1));
    let mut finding = case.risk(CODE, message, label(second, &text));
    let text = format!("and even over {}", words::level(first.1));
    finding.labels.push(label(first, &text));
    finding.why = Some("the emptiest domain of one may lie in a full domain of the other".to_owned());
    finding.help = vec![Help::text("whenUnsatisfiable: ScheduleAnyway for one of them, or maxSkew: 2")];
    findings.push(finding);
}
