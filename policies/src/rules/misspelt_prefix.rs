//! Keys that are nearly ours.

use placecard_findings::{Code, Edit, FieldPath, Finding, Fix, Help, Label, Severity, Site, Verdict};
use placecard_language::keys;
use placecard_language::suggest::nearest;

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, ObjectCase};
use crate::words;

const CODE: Code = Code::new("misspelt-prefix");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Language,
        "an annotation or label has nearly the prefix of ours, so that nobody reads it",
        include_str!("misspelt_prefix.md"),
        Sees::Placement,
    ),
    check: Check::Object(check),
};

/// What has another prefix belongs to somebody else, and is passed over in silence.
fn check(case: &ObjectCase<'_>, findings: &mut Vec<Finding>) {
    let object = case.object;
    let root = FieldPath::default();
    let mut maps = vec![
        (&root, "annotations", &object.annotations),
        (&root, "labels", &object.labels),
    ];
    if !object.is_pod() {
        for template in &object.templates {
            maps.push((&template.path, "annotations", &template.annotations));
            maps.push((&template.path, "labels", &template.labels));
        }
    }
    for (owner, field, map) in maps {
        for key in map.keys() {
            let Some(meant) = meant(key) else { continue };
            let path = owner.keys(&["metadata", field]);
            let site = Site::key(path.key(key));
            let label = Label::new(site, "read by nobody").quoting(key.clone());
            let message = format!("{} is no key of placecard", words::shorten(key, 50));
            let of = object.reference.clone();
            let mut finding = Finding::new(CODE, Verdict::Risk, of, message, label);
            finding.severity = Severity::Warning;
            finding.help = vec![Help::text(format!("write {meant}"))];
            let free = !map.contains_key(&meant);
            let edit = Edit::rename(path.key(key), meant.clone());
            finding.fix = free.then(|| Fix::needs_a_look(vec![edit]));
            finding.suggestion = Some(meant);
            findings.push(finding);
        }
    }
}

/// The key that is meant: one of ours, behind nearly our prefix.
fn meant(key: &str) -> Option<String> {
    let (domain, name) = key.split_once('/')?;
    if keys::has_prefix(key) || !keys::KEYS.iter().any(|key| key.name == name) {
        return None;
    }
    let ours = keys::GROUP.split('.').next().unwrap_or_default();
    let first = domain.split('.').next().unwrap_or_default();
    let close = nearest(domain, [keys::GROUP]).is_some()
        || first.eq_ignore_ascii_case(ours)
        || first.strip_suffix('s') == Some(ours);
    close.then(|| format!("{}{name}", keys::PREFIX))
}
