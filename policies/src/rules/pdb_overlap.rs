//! Two budgets about the same pods.

use placecard_findings::{Code, FieldPath, Finding, Help, Holds, Label, Severity, Site, Verdict};

use super::{Family, Sees, risk};
use crate::fields::inputs::{BudgetFacts, TemplateFacts, selects};
use crate::fields::{Check, FieldRule, ObjectCase};
use crate::words;

const CODE: Code = Code::new("pdb-overlap");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE, Family::Disruption,
        "two PodDisruptionBudgets select the same pods",
        include_str!("pdb_overlap.md"),
        Sees::Inputs,
    ),
    check: Check::Object(check),
};

/// A pod with more than one budget cannot be evicted: the API server answers with status 500
/// (pkg/registry/core/pod/storage/eviction.go).
fn check(case: &ObjectCase<'_>, findings: &mut Vec<Finding>) {
    let object = &case.object.reference;
    if (object.group(), object.kind.as_str()) != ("policy", "PodDisruptionBudget") {
        return;
    }
    let Some(inputs) = case.surroundings.inputs.all() else { return };
    let Some((at, own)) = inputs.budget(object) else { return };
    let earlier = inputs.budgets.iter().enumerate().filter(|(index, other)| {
        let before = *index < at || other.folder.is_none();
        before
            && (other.folder.is_none() || other.folder == own.folder)
            && other.object.namespace == object.namespace
            && other.object.name != object.name
    });
    let mine = inputs.selected(&object.namespace, &own.selector);
    let mine = mine.filter(|(one, surely)| *surely && one.is_beside(own.folder));
    let mine: Vec<&TemplateFacts> = mine.map(|(one, _)| one).collect();
    for (_, other) in earlier {
        let both = mine.iter().find(|one| selects(&other.selector, one) == Some(true));
        if let Some(facts) = both {
            findings.push(finding(case, own, other, &facts.object.to_string()));
        }
    }
}

fn finding(case: &ObjectCase<'_>, own: &BudgetFacts, other: &BudgetFacts, pods: &str) -> Finding {
    let selector = Site::value(FieldPath::of(&["spec", "selector"]));
    let text = format!("selects {}", words::selector(Some(&own.selector)));
    let mut finding = Finding::new(
        CODE,
        Verdict::Risk,
        case.object.reference.clone(),
        "a second budget for the same pods: none of them can be evicted",
        Label::new(selector.clone(), text),
    );
    // Files of one folder may be alternatives of one another.
    let is_closed = case.surroundings.inputs.all().is_some_and(|inputs| inputs.is_closed());
    finding.severity = if is_closed { Severity::Error } else { Severity::Warning };
    if other.folder.is_some() {
        let text = format!("so does {}", other.object.name);
        finding.labels.push(Label::new(selector.in_object(other.object.clone()), text));
    }
    finding.why = Some(format!("{pods} is in both, and {} is the other one", other.object.name));
    finding.help = vec![Help::text("one budget for each pod")];
    finding.holds = Holds::objects("while both budgets are there");
    finding
}
