//! What is said of the mode of a namespace.

use placecard_findings::{FieldPath, Finding, Label, Severity, Site, Verdict};
use placecard_language::{codes, keys};

use crate::mode::Mode;
use crate::object::Object;
use crate::rules;

/// A label that is no mode, in an admission warning.
#[must_use]
pub fn odd(value: &str) -> String {
    format!("{}={value} is none of off, warn and enforce, and counts as enforce", keys::MODE)
}

/// Why an error is a warning.
#[must_use]
pub fn not_refused(mode: Mode, namespace: &str) -> String {
    format!("not refused while namespace {namespace} has {}={}", keys::MODE, mode.as_str())
}

/// What was admitted although it would be refused.
#[must_use]
pub fn unplaced(object: &Object) -> Finding {
    let site = Site::key(FieldPath::of(&["spec"]));
    let mut finding = Finding::new(
        rules::NOT_APPLIED,
        Verdict::Unresolved,
        object.reference.clone(),
        "mode warn: admitted without its rules, none is in its fields",
        Label::new(site, "as it came"),
    );
    finding.severity = Severity::Warning;
    finding
}

/// Rules in a namespace that is passed by.
#[must_use]
pub fn without_effect(object: &Object) -> Finding {
    let namespace = &object.reference.namespace;
    let site = Site::key(FieldPath::of(&["metadata"]));
    let message = format!("no rule has an effect in namespace {namespace}, whose mode is off");
    let label = Label::new(site, format!("the namespace has {}=off", keys::MODE));
    let mut finding = Finding::new(
        codes::NO_EFFECT_HERE,
        Verdict::Risk,
        object.reference.clone(),
        message,
        label,
    );
    finding.severity = Severity::Warning;
    finding
}
