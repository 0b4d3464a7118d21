//! An update that requires of replicas to be apart what they were to prefer.
//!
//! Nobody looks at old and new object together but an admission request. Old pods may stand
//! together, required anti-affinity of the new ones looks at them too, and an update that may stop
//! few of them first does not begin then.

use placecard_findings::{Finding, Holds, Label, Severity, Site, Verdict};

use placecard_language::keys;

use crate::bounds::update;
use crate::expand::affinity_path;
use crate::frame;
use crate::native;
use crate::object::{Object, PodSpec, Template};
use crate::rules;
use crate::surroundings::Objects;
use crate::words;

/// The warning, if an update of a Deployment does that.
pub(super) fn finding(new: &Object, old: &Object) -> Option<Finding> {
    let replicas = u64::try_from(new.replicas.unwrap_or(1)).ok()?;
    let numbers = update(new, replicas)?;
    let ([after], [before]) = (new.templates.as_slice(), old.templates.as_slice()) else {
        return None;
    };
    let code = rules::SOFT_TO_HARD_TRANSITION;
    let ignores = after.annotations.get(keys::IGNORE);
    let is_ignored = ignores.is_some_and(|text| text.contains(code.as_str()));
    if numbers.unavailable.saturating_add(1) >= replicas || is_ignored {
        return None;
    }
    let required = native::required_anti_affinity(&after.spec).iter().enumerate();
    let mut own = required.filter(|(_, term)| selects(new, after, before, term));
    let (index, term) = own.find(|(_, term)| {
        let key = &term.topology_key;
        let was_required = native::required_anti_affinity(&before.spec).iter();
        let mut was_required = was_required.filter(|one| one.topology_key == *key);
        let mut was_preferred = preferred(&before.spec).filter(|one| one.topology_key == *key);
        was_preferred.any(|one| selects(old, before, before, one))
            && !was_required.any(|one| selects(old, before, before, one))
    })?;
    let level = words::level(&term.topology_key);
    let path = after.path.join(&affinity_path("podAntiAffinity")).index(index);
    let label = Label::new(Site::value(path.key("topologyKey")), "was preferred before");
    let message = format!("the update may not begin: old pods may share a {level}");
    let message = words::shorten(&message, 72);
    let mut finding = Finding::new(code, Verdict::Risk, new.reference.clone(), message, label);
    finding.severity = Severity::Warning;
    finding.holds = Holds::assuming("if old pods stand together wherever a new one may go");
    Some(finding)
}

/// Whether a term of a template means the pods of `other`, a template of the same object.
fn selects(
    object: &Object,
    template: &Template,
    other: &Template,
    term: &k8s_openapi::api::core::v1::PodAffinityTerm,
) -> bool {
    let read = native::pod_term(term, &template.labels);
    let own = read.term.namespaces.is_empty() && read.term.namespace_selector.is_none();
    let all = read.match_keys.is_empty() && read.mismatch_keys.is_empty();
    let frame = frame::frame(object, other, &Objects::default());
    own && all && read.term.selector.is_some_and(|one| frame.matches(&one) == Some(true))
}

fn preferred(spec: &PodSpec) -> impl Iterator<Item = &k8s_openapi::api::core::v1::PodAffinityTerm> {
    let apart = spec.affinity.as_ref().and_then(|all| all.pod_anti_affinity.as_ref());
    let terms = apart
        .and_then(|apart| apart.preferred_during_scheduling_ignored_during_execution.as_deref());
    terms.unwrap_or_default().iter().map(|one| &one.pod_affinity_term)
}

#[cfg(test)]
mod tests {
    use placecard_language::checked::Words;
    use serde_json::{Value, json};

    use super::*;
    use crate::read;

    fn deployment(required: bool, keys: Value, replicas: u64, strategy: Value) -> Object {
        let term = json!({"topologyKey": "kubernetes.io/hostname",
            "labelSelector": {"matchLabels": {"app": "web"}}, "matchLabelKeys": keys});
        let apart = match required {
            true => json!({"requiredDuringSchedulingIgnoredDuringExecution": [term]}),
            false => json!({"preferredDuringSchedulingIgnoredDuringExecution":
                [{"weight": 1, "podAffinityTerm": term}]}),
        };
        let value = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"replicas": replicas, "strategy": strategy,
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"}},
                    "spec": {"affinity": {"podAntiAffinity": apart}}}}});
        read::object(&value, &Words::default()).unwrap()
    }

    #[test]
    fn only_an_update_from_preferred_to_required_is_told() {
        let rolling = || json!({});
        let recreate = || json!({"type": "Recreate"});
        let soft = |replicas| deployment(false, json!([]), replicas, rolling());
        let hard = |replicas| deployment(true, json!([]), replicas, rolling());
        for (name, new, old, told) in [
            ("hardened", hard(4), soft(4), true),
            ("as before", hard(4), hard(4), false),
            ("softened", soft(4), hard(4), false),
            ("one replica", hard(1), soft(1), false),
            ("all go first", deployment(true, json!([]), 4, recreate()), soft(4), false),
            (
                "old ones do not count",
                deployment(true, json!(["pod-template-hash"]), 4, rolling()),
                soft(4),
                false,
            ),
        ] {
            assert_eq!(finding(&new, &old).is_some(), told, "{name}");
        }
    }
}
