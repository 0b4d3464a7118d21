//! Labels that no object can have.

use placecard_feasibility::label::{is_label_key, is_label_value};
use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::terms::About;
use crate::fields::{Check, FieldRule, TemplateCase, is_placeholder};
use crate::words;

const CODE: Code = Code::new("label-syntax");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Node,
        "a selector names a label or a value that no object can have",
        include_str!("label_syntax.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation, apimachinery/pkg/util/validation: `IsValidLabelValue`,
/// `IsQualifiedName`. The values of preferred node terms are not looked at.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let mut told = |at: &dyn Fn() -> Site, text: &str, legal: bool, what: &str| {
        if legal || is_placeholder(text) {
            return;
        }
        let label = Label::new(at(), format!("no label has such a {what}")).quoting(text);
        let message = format!("{} is not a legal {what} of a label", words::shorten(text, 30));
        let mut finding = case.refused(CODE, message, label);
        finding.help = vec![Help::text("at most 63 letters, digits, - _ . with a letter or digit at both ends")];
        findings.push(finding);
    };
    let selector = || case.template.spec_path(&["nodeSelector"]);
    for (key, value) in &case.template.spec.node_selector {
        told(&|| Site::key(selector().key(key)), key, is_label_key(key), "key");
        told(&|| Site::value(selector().key(key)), value, is_label_value(value), "value");
    }
    for (path, selector) in case.label_selectors() {
        for (key, value) in selector.match_labels.iter().flatten() {
            let at = || path.keys(&["matchLabels", key]);
            told(&|| Site::key(at()), key, is_label_key(key), "key");
            told(&|| Site::value(at()), value, is_label_value(value), "value");
        }
    }
    for one in case.expressions() {
        told(&|| Site::value(one.path.key("key")), one.key, is_label_key(one.key), "key");
        let values = one.values.iter().enumerate().filter(|_| one.about != About::Preferred);
        for (index, value) in values {
            let at = || Site::value(one.path.key("values").index(index));
            told(&at, value, is_label_value(value), "value");
        }
    }
}
