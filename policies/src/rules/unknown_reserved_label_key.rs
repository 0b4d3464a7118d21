//! Names below `kubernetes.io` that mean nothing.

use placecard_findings::{Code, Finding, Help, Label, Site};
use placecard_language::suggest::nearest;

use super::{Family, Sees, risk};
use crate::fields::terms::KeyOf;
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("unknown-reserved-label-key");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Node,
        "a node label of a reserved name that Kubernetes does not know",
        include_str!("unknown_reserved_label_key.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// The labels of nodes that Kubernetes and its components set
/// (k8s.io/api/core/v1/well_known_labels.go and the reference of well-known labels).
const KNOWN: &[&str] = &[
    "kubernetes.io/arch",
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "node.kubernetes.io/instance-type",
    "node.kubernetes.io/windows-build",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
];

/// Bare words that are short for one of these, and are labels of their own.
const BARE: &[(&str, &str)] = &[
    ("hostname", "kubernetes.io/hostname"),
    ("zone", "topology.kubernetes.io/zone"),
    ("region", "topology.kubernetes.io/region"),
];

/// What a topology key probably means, if it is one of Kubernetes that does not exist. Only these
/// domains: others below `kubernetes.io` belong to projects that set labels of their own.
fn meant(key: &str) -> Option<&'static str> {
    if let Some((_, meant)) = BARE.iter().find(|(bare, _)| *bare == key) {
        return Some(meant);
    }
    let (domain, name) = key.split_once('/')?;
    if !matches!(domain, "kubernetes.io" | "topology.kubernetes.io") || KNOWN.contains(&key) {
        return None;
    }
    let same_name = KNOWN.iter().find(|known| known.ends_with(&format!("/{name}"))).copied();
    same_name.or_else(|| nearest(key, KNOWN.iter().copied()))
}

fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for (of, key, path) in case.topology_keys() {
        let Some(meant) = meant(key) else { continue };
        let text = match of {
            KeyOf::Near | KeyOf::Spread => "a node without it is never used",
            KeyOf::Apart => "nodes without it are never kept apart",
            KeyOf::Preference => "nodes without it get no points",
        };
        let label = Label::new(Site::value(path.clone()), text).quoting(*key);
        let mut finding = case.risk(CODE, format!("no node has the label {key} by itself"), label);
        finding.suggestion = Some(meant.to_owned());
        finding.help = vec![Help::text(format!("say {meant}, or label the nodes"))];
        findings.push(finding);
    }
}
