//! Fields of nodes in affinity.

use placecard_feasibility::node_terms;
use placecard_feasibility::requirement::Flaw;
use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::terms::Wish;
use crate::fields::{Check, FieldRule, TemplateCase, is_placeholder};
use crate::native;

const CODE: Code = Code::new("node-field-selector");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Node,
        "matchFields names something else than one node by metadata.name",
        include_str!("node_field_selector.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation: `ValidateNodeFieldSelectorRequirement`. Where no term can be met at all,
/// that is told as a contradiction.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let terms = case.node_terms();
    let required = || terms.iter().filter(|(wish, ..)| *wish == Wish::Required);
    let told = required().count() > 0 && required().all(|(.., term)| node_terms::is_dead(&native::node_term(term)));
    for (wish, path, term) in terms {
        for (index, one) in native::node_term(term).fields.iter().enumerate() {
            let at = path.key("matchFields").index(index);
            let Some(flaw) = node_terms::requirement_flaw(true, one) else { continue };
            if told && *wish == Wish::Required || one.values.iter().any(|text| is_placeholder(text)) {
                continue;
            }
            let (at, text) = match flaw {
                Flaw::Operator => (at.key("operator"), "In or NotIn"),
                Flaw::Key => (at.key("key"), "metadata.name is the only field"),
                _ => (at.key("values"), "the name of one node"),
            };
            let message = "matchFields takes metadata.name, In or NotIn, and one name";
            let mut finding = case.refused(CODE, message, Label::new(Site::value(at), text));
            finding.help = vec![Help::text("write a term for each node: terms are alternatives")];
            findings.push(finding);
        }
    }
}
