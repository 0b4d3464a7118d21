//! Pods that may use special nodes and do not ask for them.

use placecard_findings::{Code, Finding, Help, Label, Site};
use placecard_language::keys;

use super::{Family, Sees, risk};
use crate::fields::amounts::{containers, is_extended};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("toleration-without-targeting");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Taints,
        "the pods tolerate the taint of special nodes, and nothing leads them there",
        include_str!("toleration_without_targeting.md"),
        Sees::Text,
    ),
    check: Check::Template(check),
};

/// A taint keeps others away and draws nobody; only labels and resources lead pods to nodes.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let spec = &case.template.spec;
    let nodes = spec.affinity.as_ref().and_then(|all| all.node_affinity.as_ref());
    let devices = containers(case).iter().any(|one| one.asked.iter().any(|one| is_extended(&one.resource)));
    let claims = case.at(&case.template.spec_path(&["resourceClaims"])).is_some();
    let said = [keys::REQUIRE, keys::PREFER, keys::INTENTS, keys::INTENTS_TLV];
    let in_words = said.iter().any(|key| case.template.annotations.contains_key(*key));
    let led =
        !spec.node_selector.is_empty() || nodes.is_some() || devices || claims || in_words;
    if led || case.object.is_daemon_set() || case.doubt().is_some() {
        return;
    }
    for (index, one) in spec.tolerations.iter().enumerate() {
        let key = one.key.as_deref().unwrap_or_default();
        if !SPECIAL.contains(&key) {
            continue;
        }
        let site = Site::value(case.template.spec_path(&["tolerations"]).index(index).key("key"));
        let label = Label::new(site, "lets them in, and leads nobody there").quoting(key);
        let message = format!("the pods tolerate {key}, and may run anywhere");
        let mut finding = case.risk(CODE, message, label);
        finding.help = vec![Help::text("select those nodes by a label, or ask for their devices")];
        findings.push(finding);
        return;
    }
}

/// Taints of nodes for few.
const SPECIAL: &[&str] =
    &["dedicated", "nvidia.com/gpu", "amd.com/gpu", "google.com/tpu", "aws.amazon.com/neuron"];
