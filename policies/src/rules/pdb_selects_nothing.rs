//! Budgets about no pods.

use placecard_findings::{Code, FieldPath, Finding, Help, Holds, Label, Severity, Site, Verdict};

use super::{Family, Sees, risk};
use crate::fields::inputs::{BudgetFacts, Inputs, TemplateFacts, World};
use crate::fields::{Check, FieldRule, ObjectCase, is_placeholder};
use crate::words;

const CODE: Code = Code::new("pdb-selects-nothing");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Disruption,
        "a PodDisruptionBudget selects the pods of no workload",
        include_str!("pdb_selects_nothing.md"),
        Sees::Inputs,
    ),
    check: Check::Object(check),
};

/// Without `--closed-world` only a budget is told that has the name of a workload: others may be for
/// pods that are written elsewhere.
fn check(case: &ObjectCase<'_>, findings: &mut Vec<Finding>) {
    let object = &case.object.reference;
    if (object.group(), object.kind.as_str()) != ("policy", "PodDisruptionBudget") {
        return;
    }
    let Some(inputs) = case.surroundings.inputs.all() else { return };
    let Some((_, own)) = inputs.budget(object) else { return };
    let mut values = own.selector.requirements.iter().flat_map(|one| &one.values);
    if own.selector.is_everything() || values.any(|value| is_placeholder(value)) {
        return;
    }
    // Labels that nobody knows count as the ones that are selected.
    if inputs.selected(&object.namespace, &own.selector).next().is_some() {
        return;
    }
    let meant = of_its_name(inputs, own);
    if inputs.world != World::Closed && meant.is_none() {
        return;
    }
    let site = Site::value(FieldPath::of(&["spec", "selector"]));
    let text = format!("selects {}", words::selector(Some(&own.selector)));
    let message = "the budget selects the pods of no workload";
    let label = Label::new(site, text);
    let mut finding = Finding::new(CODE, Verdict::Risk, object.clone(), message, label);
    finding.severity = Severity::Warning;
    finding.why = Some(match meant {
        Some(facts) => format!("the pods of {} have other labels", facts.object),
        None => "it keeps no pod from being evicted".to_owned(),
    });
    finding.help = vec![Help::text("select what matchLabels of the workload select")];
    finding.holds = match inputs.world {
        World::Closed => Holds::objects("for the objects that were read: there are no others"),
        _ => Holds::assuming("if it is about the workload of its name"),
    };
    findings.push(finding);
}

/// The workload that has the name of the budget, or that name without a word for what it is.
fn of_its_name<'a>(inputs: &'a Inputs, own: &BudgetFacts) -> Option<&'a TemplateFacts> {
    let name = own.object.name.as_str();
    let bare = MARKS.iter().find_map(|mark| name.strip_suffix(mark)).unwrap_or(name);
    let mut all = inputs.named(&[name, bare]).filter(|one| {
        one.folder.is_some()
            && one.folder == own.folder
            && one.object.namespace == own.object.namespace
    });
    let found = all.next()?;
    // Of two of one name, nobody knows which one is meant; of a patch, nobody knows the labels.
    let is_sure = all.next().is_none() && found.is_whole && !found.more_labels;
    (is_sure && !found.labels.is_empty()).then_some(found)
}

/// What people add to the names of budgets.
const MARKS: &[&str] = &["-pdb", "-poddisruptionbudget", "-pod-disruption-budget", "-budget"];
