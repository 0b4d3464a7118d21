//! A toleration without a key.

use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("toleration-everything");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(CODE, Family::Taints, "the pods tolerate every taint, also those of nodes that fail or are drained", include_str!("toleration_everything.md"), Sees::Placement),
    check: Check::Template(check),
};

/// k8s.io/api/core/v1 Toleration: an empty key with `Exists` matches all keys and values; without an
/// effect, all effects. The agents of a node want that; a DaemonSet tolerates most of it anyway.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let is_agent = case.object.is_daemon_set();
    for (index, toleration) in case.template.spec.tolerations.iter().enumerate() {
        let filled = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        let all_keys = !filled(&toleration.key) && toleration.operator.as_deref() == Some("Exists");
        // Only for a while, or only what does not drive pods away: somebody has thought about it.
        let is_limited = filled(&toleration.effect) || toleration.toleration_seconds.is_some();
        if is_agent || !all_keys || is_limited {
            continue;
        }
        let at = case.template.spec_path(&["tolerations"]).index(index).key("operator");
        let label = Label::new(Site::value(at), "no key, no effect").quoting("Exists");
        let mut finding = case.risk(CODE, "the pods tolerate every taint of every node", label);
        finding.why = Some(
            "also of nodes that are drained, not ready or out of reach: they are never evicted"
                .to_owned(),
        );
        finding.help = vec![Help::text("list the keys of the taints that are meant")];
        findings.push(finding);
    }
}
