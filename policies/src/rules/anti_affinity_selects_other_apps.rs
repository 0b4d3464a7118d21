//! Anti-affinity among replicas that other workloads fall under, too.

use placecard_feasibility::requirement::Operator;
use placecard_findings::{Code, Finding, Help, Holds, Label};

use super::{Family, Sees, risk};
use crate::fields::inputs::{TemplateFacts, TermFacts};
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::words;

const CODE: Code = Code::new("anti-affinity-selects-other-apps");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE, Family::Workloads,
        "anti-affinity among replicas keeps other workloads away, too",
        include_str!("anti_affinity_selects_other_apps.md"),
        Sees::Inputs,
    ),
    check: Check::Template(check),
};

/// Required terms hold in both directions, so the others need domains of their own.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let Some((inputs, own)) = case.among_required() else { return };
    let namespace = &own.object.namespace;
    for term in &own.apart {
        if inputs.means(namespace, term, own) != Some(true) || is_deliberate(term) {
            continue;
        }
        let others: Vec<&TemplateFacts> = inputs
            .meant(namespace, term)
            .filter(|(other, surely)| *surely && is_other(own, other))
            .map(|(other, _)| other)
            .collect();
        if others.is_empty() || term.of_revision {
            continue;
        }
        let selects = words::selector(term.term.selector.as_ref());
        let label = Label::new(own.site(term), format!("selects {selects}"));
        let label = label.quoting(term.quote());
        let names: Vec<String> = others.iter().map(|one| one.object.to_string()).collect();
        let message = "the anti-affinity of these replicas means other workloads, too";
        let mut finding = case.risk(CODE, message, label);
        let level = words::level(&term.term.topology_key);
        finding.why = Some(match demand(own, &others) {
            Some(pods) => format!(
                "with {} they need {pods} values of {level} between them",
                words::list(&names, "and", 3)
            ),
            None => format!("none of {} shares a {level} with them", words::list(&names, "and", 3)),
        });
        finding.help = vec![Help::text("select a label that only these pods have")];
        finding.holds = Holds::objects("for the workloads that were read");
        findings.push(case.as_sure_as_can_be(finding));
    }
}

/// Whoever lists values, or asks for no value in particular, means a group.
fn is_deliberate(term: &TermFacts) -> bool {
    let selector = term.term.selector.as_ref();
    let single = selector.is_some_and(|selector| {
        !selector.is_everything()
            && selector
                .requirements
                .iter()
                .all(|one| one.operator == Operator::In && one.values.len() == 1)
    });
    !single || !term.term.namespaces.is_empty() || term.term.namespace_selector.is_some()
}

/// Another workload that was written beside this one. Pods that end are passed over, and so is what
/// has no name of its own yet.
fn is_other(own: &TemplateFacts, other: &TemplateFacts) -> bool {
    let lasts = matches!(other.object.kind.as_str(), "Deployment" | "StatefulSet" | "ReplicaSet");
    lasts
        && other.object.name != own.object.name
        && other.object != own.object
        && other.is_beside(own.folder)
}

/// How many domains all of them need together.
fn demand(own: &TemplateFacts, others: &[&TemplateFacts]) -> Option<u64> {
    let mut sum = own.pods()?;
    for other in others {
        sum = sum.saturating_add(other.pods()?);
    }
    Some(sum)
}
