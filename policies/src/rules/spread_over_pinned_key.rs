//! Spreading over one domain.

use placecard_findings::{Code, Finding, Help, Label, Site};
use placecard_feasibility::requirement::Operator;

use super::{Family, Sees, risk};
use crate::fields::terms::{NodeDemand, Wish};
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::native;
use crate::words;

const CODE: Code = Code::new("spread-over-pinned-key");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Spread,
        "a spread constraint over a label that the node rules pin to one value",
        include_str!("spread_over_pinned_key.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// With `nodeAffinityPolicy: Honor`, the default, only nodes that the pod may use are counted: they
/// are one domain, so the skew is never more than the pods in it less themselves.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for (index, constraint) in case.template.spec.spread.iter().enumerate() {
        let honours = constraint.node_affinity_policy.as_deref().unwrap_or("Honor") == "Honor";
        if !honours || constraint.min_domains.is_some_and(|count| count > 1) {
            continue;
        }
        let key = &constraint.topology_key;
        let Some((value, demand)) = pinned(case, key) else { continue };
        let at = case.template.spec_path(&["topologySpreadConstraints"]).index(index);
        let site = Site::value(at.key("topologyKey"));
        let label = Label::new(site, "one domain: nothing to spread over").quoting(key.clone());
        let level = words::level(key);
        let message = format!("the pods may use one {level} only, {value}");
        let mut finding = case.risk(CODE, message, label);
        finding.labels.push(Label::new(Site::value(demand.value_path(0)), "pins it").quoting(value));
        finding.help = vec![Help::text("drop the constraint, or allow more values")];
        findings.push(finding);
    }
}

/// The only value of a node label that the pods accept, and what says so.
fn pinned(case: &TemplateCase<'_>, key: &str) -> Option<(String, NodeDemand)> {
    let required = native::required_node_terms(&case.template.spec).map_or(0, <[_]>::len);
    let must = |demand: &NodeDemand| match demand.wish {
        Wish::Selector => true,
        Wish::Required => required == 1,
        Wish::Preferred => false,
    };
    case.node_demands().iter().find_map(|demand| {
        let one = &demand.requirement;
        match (&one.operator, one.values.as_slice()) {
            (Operator::In, [value]) if one.key == key && must(demand) => {
                Some((value.clone(), demand.clone()))
            }
            _ => None,
        }
    })
}
