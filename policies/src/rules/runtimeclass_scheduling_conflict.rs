//! Runtime classes of nodes on which the pods may not run.

use placecard_feasibility::contradiction::{
    Atom, AtomId, BUDGET, Demand, DemandId, NodeVerdict, TermDemand, decide,
};
use placecard_feasibility::requirement::Requirement;
use placecard_findings::{Code, Finding, Help, Holds, Label, Severity, Site, Verdict};
use serde_json::Value;

use super::{Family, Sees, risk};
use crate::fields::inputs::TemplateFacts;
use crate::fields::{Check, FieldRule, TemplateCase, has_placeholder, is_placeholder};
use crate::object::Map;
use crate::words;

const CODE: Code = Code::new("runtimeclass-scheduling-conflict");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Node,
        "the runtime class of the pods selects nodes that their own rules exclude",
        include_str!("runtimeclass_scheduling_conflict.md"),
        Sees::Inputs,
    ),
    check: Check::Template(check),
};

/// plugin/pkg/admission/runtimeclass `setScheduling`: the selectors are merged, and a pod with another
/// value for a key of the class is refused.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let path = case.template.spec_path(&["runtimeClassName"]);
    let Some(name) = case.in_spec(&["runtimeClassName"]).and_then(Value::as_str) else { return };
    let Some((inputs, facts)) = case.among() else { return };
    let Some(Some(selector)) = inputs.runtime_classes.get(name) else { return };
    if selector.values().any(|value| is_placeholder(value)) || has_placeholder(&case.template.spec) {
        return;
    }
    let own = &case.template.spec.node_selector;
    let differing = own.iter().find(|(key, value)| {
        selector.get(key.as_str()).is_some_and(|other| other != *value)
    });
    let mut finding = match differing {
        Some((key, value)) => {
            let site = Site::value(case.template.spec_path(&["nodeSelector"]).key(key));
            let text = format!("the class demands another value of {}", words::shorten(key, 30));
            let label = Label::new(site, text).quoting(value.clone());
            let name = words::shorten(name, 20);
            let message = format!("runtime class {name} has another value of this label");
            let mut finding = finding(case, message, label);
            finding.why = Some("both selectors are merged, and pods that differ are refused".into());
            finding
        }
        None if facts.is_whole && excludes(selector, facts) => {
            let label = Label::new(Site::value(path), "selects other nodes").quoting(name);
            let name = words::shorten(name, 20);
            let message = format!("the pods may not run where runtime class {name} leads them");
            let mut finding = finding(case, message, label);
            finding.why = Some("no node meets their node rules and the selector of the class".into());
            finding
        }
        None => return,
    };
    finding.holds = Holds::objects(format!("while runtime class {name} is as it was read"));
    findings.push(finding);
}

fn finding(case: &TemplateCase<'_>, message: String, label: Label) -> Finding {
    let object = case.object.reference.clone();
    let mut finding = Finding::new(CODE, Verdict::Risk, object, message, label);
    let is_closed = case.inputs().is_some_and(|inputs| inputs.is_closed());
    finding.severity = if is_closed { Severity::Error } else { Severity::Warning };
    finding.help = vec![
        Help::text("leave the nodes to the class"),
        Help::text("a class for the nodes that are meant"),
    ];
    finding
}

/// Whether the class takes away the last nodes that the pod's own rules leave.
fn excludes(selector: &Map, facts: &TemplateFacts) -> bool {
    let atom = |(key, value): (&String, &String)| Atom {
        id: AtomId(u32::MAX),
        field: false,
        requirement: Requirement::one_of(key, &[value.as_str()]),
    };
    let clash = |demands: &[Demand]| matches!(decide(demands, BUDGET), NodeVerdict::Contradiction(_));
    if selector.is_empty() || clash(&facts.demands) {
        return false;
    }
    let atoms = selector.iter().map(atom).collect();
    let mut all = facts.demands.clone();
    all.push(Demand { id: DemandId(u32::MAX), terms: vec![TermDemand { atoms }] });
    clash(&all)
}
