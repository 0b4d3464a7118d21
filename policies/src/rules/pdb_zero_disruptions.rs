//! A budget that never lets a pod go.

use placecard_feasibility::selector::Selector;
use placecard_findings::{
    Code, FieldPath, Finding, Help, Holds, Label, ObjectRef, Severity, Site, Verdict,
};
use serde_json::Value;

use super::{Family, Sees, risk};
use crate::fields::inputs::{Inputs, TemplateFacts};
use crate::fields::{Check, FieldRule, ObjectCase};
use crate::native;
use crate::read::label_selector;
use crate::surroundings::{Answer, Reference};

const CODE: Code = Code::new("pdb-zero-disruptions");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(CODE, Family::Disruption, "a PodDisruptionBudget never lets a pod be evicted", include_str!("pdb_zero_disruptions.md"), Sees::Inputs),
    check: Check::Object(check),
};

/// The share of a budget as it is written.
#[derive(Clone, Copy)]
enum Share {
    Pods(i64),
    Percent(i64),
}

impl Share {
    fn read(written: &Value) -> Option<Self> {
        match written {
            Value::Number(number) => number.as_i64().map(Self::Pods),
            Value::String(text) => text.strip_suffix('%')?.parse().ok().map(Self::Percent),
            _ => None,
        }
    }

    /// Percentages are rounded up, for both fields
    /// (pkg/controller/disruption/disruption.go, `getExpectedPodCount`).
    fn of(self, pods: i64) -> i64 {
        match self {
            Self::Pods(count) => count,
            Self::Percent(percent) => pods.saturating_mul(percent).saturating_add(99) / 100,
        }
    }
}

fn check(case: &ObjectCase<'_>, findings: &mut Vec<Finding>) {
    let object = &case.object.reference;
    if (object.group(), object.kind.as_str()) != ("policy", "PodDisruptionBudget") {
        return;
    }
    let (Some(written), Some(inputs)) = (case.written, case.surroundings.inputs.all()) else {
        return;
    };
    let Some(spec) = written.get("spec") else { return };
    let Some(selector) = spec.get("selector").and_then(label_selector) else { return };
    let selector = native::selector(&selector);
    let Some(pods) = pods(case, inputs, &selector) else { return };
    let field = ["minAvailable", "maxUnavailable"].into_iter().find_map(|key| {
        spec.get(key).and_then(Share::read).map(|share| (key, share))
    });
    let Some((key, share)) = field else { return };
    let left = match key {
        "minAvailable" => pods - share.of(pods),
        _ => share.of(pods),
    };
    if left <= 0 {
        findings.push(finding(case, key, share, pods));
    }
}

/// How many pods the budget is about; `None` where that is not known for sure.
fn pods(case: &ObjectCase<'_>, inputs: &Inputs, selector: &Selector) -> Option<i64> {
    let mut sum = None;
    for (facts, surely) in inputs.selected(&case.object.reference.namespace, selector) {
        if !surely {
            return None;
        }
        sum = Some(sum.unwrap_or(0_i64).saturating_add(expected(case, facts)?));
    }
    sum
}

/// The fewest pods that a workload keeps.
fn expected(case: &ObjectCase<'_>, facts: &TemplateFacts) -> Option<i64> {
    let ObjectRef { kind, namespace, name, .. } = &facts.object;
    let scales = matches!(kind.as_str(), "Deployment" | "StatefulSet" | "ReplicaSet");
    let autoscaler = Reference::Autoscaler {
        kind: kind.as_str().into(),
        namespace: namespace.as_str().into(),
        name: name.as_str().into(),
    };
    scales.then(|| match case.surroundings.objects.get(&autoscaler) {
        Some(Answer::Autoscaler { least, .. }) => i64::try_from(*least).unwrap_or(i64::MAX),
        _ => facts.replicas.unwrap_or(1),
    })
}

fn finding(case: &ObjectCase<'_>, key: &str, share: Share, pods: i64) -> Finding {
    let rounded = match share {
        Share::Percent(percent) if key == "minAvailable" && percent < 100 => {
            Some(format!("{percent}% of {pods}, rounded up, is {}", share.of(pods)))
        }
        _ => None,
    };
    let noun = if pods == 1 { "pod" } else { "pods" };
    let message = format!("the budget never lets one of its {pods} {noun} go").replace(
        "one of its 1 pod",
        "its only pod",
    );
    let text = rounded.unwrap_or_else(|| "leaves none over".to_owned());
    let site = Site::value(FieldPath::of(&["spec", key]));
    let mut finding = Finding::new(
        CODE,
        Verdict::Risk,
        case.object.reference.clone(),
        message,
        Label::new(site, text),
    );
    finding.severity = Severity::Warning;
    finding.why = Some("a node with one of them cannot be drained".to_owned());
    finding.help = vec![Help::text("say maxUnavailable: 1")];
    finding.holds = Holds::objects("for the workloads of the input");
    finding
}
