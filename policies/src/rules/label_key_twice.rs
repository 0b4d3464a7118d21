//! Label keys that are told twice.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use placecard_findings::{Code, FieldPath, Finding, Fix, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::terms::PodDemand;
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::native;
use crate::words;

const CODE: Code = Code::new("label-key-twice");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Affinity,
        "a key of matchLabelKeys stands in the labelSelector too",
        include_str!("label_key_twice.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation: the API server takes it in a template, and refuses the pods.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let mut terms: Vec<Keyed<'_>> = Vec::new();
    let asks = |keys: &Option<Vec<String>>| keys.as_ref().is_some_and(|keys| !keys.is_empty());
    for PodDemand { term, path, .. } in case.pod_demands() {
        if !asks(&term.match_label_keys) {
            continue;
        }
        let keys = [&term.match_label_keys, &term.mismatch_label_keys];
        terms.push((&term.label_selector, keys, path.clone()));
    }
    for (index, one) in case.template.spec.spread.iter().enumerate() {
        if asks(&one.match_label_keys) {
            let path = case.template.spec_path(&["topologySpreadConstraints"]).index(index);
            terms.push((&one.label_selector, [&one.match_label_keys, &None], path));
        }
    }
    for (selector, [same, other], path) in terms {
        let selector = selector.as_ref().map(native::selector).unwrap_or_default();
        for (index, key) in same.iter().flatten().enumerate() {
            let by = match () {
                () if selector.requirements.iter().any(|one| one.key == *key) => "labelSelector",
                () if other.iter().flatten().any(|one| one == key) => "mismatchLabelKeys",
                () => continue,
            };
            let at = path.key("matchLabelKeys").index(index);
            let label = Label::new(Site::value(at.clone()), format!("in {by}, too"));
            let message = format!("{} stands in matchLabelKeys and in {by}", words::shorten(key, 25));
            let mut finding = case.refused(CODE, message, label.quoting(key.clone()));
            if !case.object.is_pod() {
                finding.why = Some("the API server takes the template and refuses its pods".to_owned());
            }
            finding.help = vec![Help::text("name the key in one of them")];
            finding.fix = Some(Fix::needs_a_look(vec![case.removal(&at)]));
            findings.push(finding);
        }
    }
}

/// A selector, the keys that it is filled with and those that must differ, and where it stands.
type Keyed<'a> = (&'a Option<LabelSelector>, [&'a Option<Vec<String>>; 2], FieldPath);
