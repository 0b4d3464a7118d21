//! Tolerations of another value.

use placecard_feasibility::label::is_label_value;
use placecard_feasibility::tolerations::{Taint, Toleration, TolerationOperator, tolerates};
use placecard_findings::{Code, Edit, Finding, Fix, Help, Holds, Label, Severity, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase, is_placeholder};
use crate::native;
use crate::words;

const CODE: Code = Code::new("toleration-value-mismatch");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Taints,
        "a toleration names the key of a known taint, and not its value",
        include_str!("toleration_value_mismatch.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// k8s.io/api/core/v1 `Toleration.ToleratesTaint`: with `Equal`, which is the default, a value that
/// is left out is the empty one.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let tolerations = &case.template.spec.tolerations;
    let all: Vec<Toleration> = tolerations.iter().map(native::toleration).collect();
    let list = case.template.spec_path(&["tolerations"]);
    for (index, one) in all.iter().enumerate() {
        if one.key.is_empty() || one.operator != TolerationOperator::Equal || is_placeholder(&one.value) {
            continue;
        }
        let (mut taints, sure) = taints(case, &one.key);
        let by_any = |taint: &Taint| all.iter().any(|other| tolerates(other, taint));
        if taints.iter().any(by_any) {
            continue;
        }
        // With another effect, another value would help nobody.
        taints.retain(|taint| one.effect.is_empty() || one.effect == taint.effect);
        // Nodes with several values: one more of them may come with its nodes.
        let Some(taint) = taints.first() else { continue };
        let same = taints.iter().all(|other| other.value == taint.value);
        if !same || !is_slip(&one.value, &taint.value) {
            continue;
        }
        let is_written = !one.value.is_empty();
        let site = Site::value(list.index(index).key(if is_written { "value" } else { "key" }));
        let found = match is_written {
            true => format!("the value {}", words::shorten(&one.value, 18)),
            false => "no value".to_owned(),
        };
        let wanted = match taint.value.as_str() {
            "" => "no value".to_owned(),
            value => format!("the value {}", words::shorten(value, 18)),
        };
        let message = format!("this taint has {wanted}, and {found} is tolerated");
        let quote = if is_written { one.value.clone() } else { one.key.clone() };
        let label = Label::new(site, format!("the taint has {wanted}")).quoting(quote);
        let mut finding = case.risk(CODE, message, label);
        finding.help = vec![Help::text("say operator: Exists, or the value of the taint")];
        if let Some(cluster) = case.surroundings.cluster.as_ref().filter(|_| sure) {
            finding.holds = Holds::snapshot(format!("on the nodes of {}", cluster.name));
        } else {
            finding.holds = Holds::assuming("if the taint is the one that is set by default");
            // Installers other than kubeadm give it a value.
            if taint.value.is_empty() {
                finding.severity = Severity::Note;
            }
        }
        let edit = Edit::set(list.index(index).key("value"), format!("\"{}\"", taint.value));
        finding.fix = is_label_value(&taint.value).then(|| Fix { safe: sure, edits: vec![edit] });
        findings.push(finding);
    }
}

/// Whether one value is written where the other is meant: two names of teams are two teams.
fn is_slip(written: &str, found: &str) -> bool {
    let is_mark = |text: &str| MARKS.iter().any(|mark| mark.eq_ignore_ascii_case(text));
    written.is_empty()
        || written.eq_ignore_ascii_case(found)
        || (is_mark(written) && (found.is_empty() || is_mark(found)))
}

/// Values that say no more than that the taint is there.
const MARKS: &[&str] = &["true", "false", "yes", "no", "present", "exists", "enabled", "1"];

/// The taints of a key: those of the nodes of the cluster, or those that are set by default.
fn taints(case: &TemplateCase<'_>, key: &str) -> (Vec<Taint>, bool) {
    if let Some(cluster) = &case.surroundings.cluster {
        let all = cluster.inventory.nodes.values().flat_map(|node| &node.taints);
        let mut found: Vec<Taint> = all.filter(|taint| taint.key == key).cloned().collect();
        found.sort();
        found.dedup();
        return (found, true);
    }
    let known = BY_DEFAULT.iter().filter(|(known, _)| *known == key);
    let taint = |(key, value): &(&str, &str)| Taint {
        key: (*key).to_owned(),
        value: (*value).to_owned(),
        effect: "NoSchedule".to_owned(),
    };
    (known.map(taint).collect(), false)
}

/// Taints that kubeadm and clouds set by themselves, with their values; the effect is NoSchedule.
const BY_DEFAULT: &[(&str, &str)] = &[
    ("node-role.kubernetes.io/control-plane", ""),
    ("kubernetes.azure.com/scalesetpriority", "spot"),
    ("google.com/tpu", "present"),
];
