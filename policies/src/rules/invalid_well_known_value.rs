//! Values that belong to another label.

use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("invalid-well-known-value");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Node,
        "a zone where a region is meant, or the reverse",
        include_str!("invalid_well_known_value.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

const ZONE: &str = "topology.kubernetes.io/zone";
const REGION: &str = "topology.kubernetes.io/region";

/// Regions as the large clouds name them: `us-east-1`, `europe-west1`.
fn is_region(value: &str) -> bool {
    let parts: Vec<&str> = value.split('-').collect();
    let word = |part: &str| part.len() > 1 && part.chars().all(|one| one.is_ascii_lowercase());
    let number = |part: &str| !part.is_empty() && part.chars().all(|one| one.is_ascii_digit());
    match parts.as_slice() {
        [area, side, count] => word(area) && word(side) && number(count),
        [area, side] => {
            let name = side.trim_end_matches(|one: char| one.is_ascii_digit());
            let sides = ["north", "south", "east", "west", "central"];
            word(area) && name.len() < side.len() && sides.iter().any(|one| name.ends_with(one))
        }
        _ => false,
    }
}

/// Their zones: `us-east-1a`, `europe-west1-b`.
fn is_zone(value: &str) -> bool {
    let cut = value.strip_suffix(|one: char| one.is_ascii_lowercase());
    cut.is_some_and(|rest| is_region(rest) || rest.strip_suffix('-').is_some_and(is_region))
}

fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for demand in case.node_demands() {
        let key = demand.requirement.key.as_str();
        for (index, value) in demand.requirement.values.iter().enumerate() {
            let message = match key {
                ZONE if is_region(value) => format!("{value} is a region, and no zone"),
                REGION if is_zone(value) => format!("{value} is a zone, and no region"),
                _ => continue,
            };
            let other = if key == ZONE { REGION } else { ZONE };
            let site = Site::value(demand.value_path(index));
            let label = Label::new(site, format!("a value of {key}")).quoting(value.clone());
            let mut finding = case.risk(CODE, message, label);
            finding.help = vec![Help::text(format!("say {other}, or another value"))];
            findings.push(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_and_zones_are_told_apart() {
        for region in ["us-east-1", "eu-central-2", "europe-west1", "us-central1", "ap-southeast-2"] {
            assert!(is_region(region) && !is_zone(region), "{region}");
        }
        for zone in ["us-east-1a", "eu-central-2c", "europe-west1-b", "us-central1-f"] {
            assert!(is_zone(zone) && !is_region(zone), "{zone}");
        }
        for other in ["a", "zone-1", "eu-1a", "rack-7", "", "dc1", "nova", "eastus-1", "fsn1-dc14"] {
            assert!(!is_zone(other), "{other}");
        }
        for other in ["a", "zone-1", "eu-1", "rack-7", "", "dc1", "nova", "eastus-1", "fsn1-dc14"] {
            assert!(!is_region(other), "{other}");
        }
    }
}
