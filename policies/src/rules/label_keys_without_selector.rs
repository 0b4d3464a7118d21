//! Label keys that fill no selector.

use placecard_findings::{Code, Edit, FieldPath, Finding, Fix, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::terms::PodDemand;
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("label-keys-without-selector");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Affinity,
        "matchLabelKeys stands beside no labelSelector",
        include_str!("label_keys_without_selector.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation: `validateMatchLabelKeysInTopologySpread`,
/// `validateMatchLabelKeysAndMismatchLabelKeys`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let mut lists: Vec<(&str, &Option<Vec<String>>, bool, FieldPath)> = Vec::new();
    let demands = case.pod_demands();
    for demand in demands {
        let PodDemand { term, path, .. } = demand;
        let selects = term.label_selector.is_some();
        lists.push(("matchLabelKeys", &term.match_label_keys, selects, path.clone()));
        lists.push(("mismatchLabelKeys", &term.mismatch_label_keys, selects, path.clone()));
    }
    let spread = case.template.spec_path(&["topologySpreadConstraints"]);
    for (index, one) in case.template.spec.spread.iter().enumerate() {
        let selects = one.label_selector.is_some();
        lists.push(("matchLabelKeys", &one.match_label_keys, selects, spread.index(index)));
    }
    for (field, keys, selects, path) in lists {
        if selects || keys.as_ref().is_none_or(Vec::is_empty) {
            continue;
        }
        let label = Label::new(Site::key(path.key(field)), "needs a labelSelector");
        let mut finding = case.refused(CODE, format!("{field} stands beside no labelSelector"), label);
        finding.help = vec![Help::text("add the labels of the pods that are meant")];
        let own = case.own_selector().map(|own| Edit::set(path.key("labelSelector"), own));
        finding.fix = own.map(|edit| Fix::needs_a_look(vec![edit]));
        findings.push(finding);
    }
}
