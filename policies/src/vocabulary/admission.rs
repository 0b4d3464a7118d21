//! Whether a vocabulary may be stored, changed or deleted.
//!
//! What cannot be read is refused, in the words of the linter. What can be read, and would leave
//! words of existing workloads unreadable, is refused with the list of them; `placecard.dev/force`
//! lets it pass. While the workloads are not known, what takes nothing away passes, and the rest may
//! be tried again.

use placecard_findings::{Code, Finding, Severity};
use placecard_language::checked::Words;
use placecard_language::keys;
use serde_json::Value;

use crate::admission::{Admission, Cause, Denial, Ground, Operation};
use crate::object::Object;
use crate::read;
use crate::rules;
use crate::vocabulary::change::{self, InUse};
use crate::vocabulary::check;
use crate::words;

/// A request about a vocabulary.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What is being done to it.
    pub operation: Operation,
    /// As it would be stored; `None` on a deletion.
    pub new: Option<&'a Value>,
    /// As it is stored; `None` on a creation.
    pub old: Option<&'a Value>,
    /// The words that are in use now; they count as the old ones if the stored vocabulary cannot be
    /// read, and so is not in use.
    pub current: &'a Words,
    /// What uses the words; `None`: not known (yet).
    pub in_use: Option<&'a [InUse]>,
}

/// Answers a request of the validating webhook.
#[must_use]
pub fn answer(asked: &Asked<'_>) -> Admission {
    let mut admission = Admission::default();
    let Some(subject) = asked.new.or(asked.old) else { return admission };
    let deleting = |value: &Value| value.pointer("/metadata/deletionTimestamp").is_some();
    let same = asked.new.zip(asked.old).is_some_and(|(new, old)| says(new) == says(old));
    if same || asked.new.is_some_and(deleting) {
        return admission;
    }
    let object = Object {
        reference: read::reference(subject).unwrap_or_default(),
        annotations: annotations(subject),
        ..Object::default()
    };
    let (before, known) = asked.old.map(check).unwrap_or_default();
    let (new, findings) = asked.new.map(check).unwrap_or_default();
    // What was wrong before and did not get worse passes: a finalizer has to be removable.
    let findings: Vec<Finding> = findings.into_iter().filter(|one| !known.contains(one)).collect();
    note(&mut admission, findings.iter());
    if !findings.is_empty() {
        let told: Vec<&Finding> = findings.iter().collect();
        let grounds: Vec<Ground> = findings.iter().filter_map(Ground::of).collect();
        let causes = findings.iter().map(cause).collect();
        let message = words::admission::denial(&object, &told);
        admission.denial = Denial::of(grounds, message, causes);
        return admission;
    }
    let usable = asked.old.is_some() && known.is_empty();
    let old = if usable { &before } else { asked.current };
    let force = object.annotations.get(keys::FORCE).is_some_and(|why| !why.trim().is_empty());
    in_use(asked, (old, &new), &object, force, &mut admission);
    admission
}

/// What a request is about: an update that changes none of it is nothing to us.
fn says(value: &Value) -> (Option<&Value>, Vec<(String, String)>) {
    let ours = annotations(value).into_iter().filter(|(key, _)| keys::has_prefix(key));
    (value.get("spec"), ours.collect())
}

fn annotations(value: &Value) -> crate::object::Map {
    let map = value.pointer("/metadata/annotations").and_then(Value::as_object);
    let texts = map.into_iter().flatten();
    texts.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn in_use(
    asked: &Asked<'_>,
    (old, new): (&Words, &Words),
    object: &Object,
    force: bool,
    admission: &mut Admission,
) {
    if change::only_adds(old, new) {
        return;
    }
    let name = &object.reference;
    let Some(workloads) = asked.in_use else {
        let finding = words::vocabulary_in_use::not_known(name);
        if force {
            warn(admission, finding);
            return;
        }
        let message = format!("{name}: {} [{}]", finding.message, finding.code);
        note(admission, std::iter::once(&finding));
        admission.denial = Denial::of(vec![Ground::NotKnown], message, vec![cause(&finding)]);
        return;
    };
    let lost = change::lost(old, new, workloads);
    if lost.is_empty() {
        return;
    }
    let finding = words::vocabulary_in_use::in_use(name, lost.len());
    if force {
        warn(admission, finding);
        return;
    }
    note(admission, std::iter::once(&finding));
    let message = words::vocabulary_in_use::denial(&finding, &lost);
    let grounds = Ground::of(&finding).into_iter().collect();
    let causes = std::iter::once(&finding).chain(lost.iter().take(MOST_CAUSES)).map(cause);
    admission.denial = Denial::of(grounds, message, causes.collect());
}

/// As many workloads are told apart for machines.
const MOST_CAUSES: usize = 32;

fn warn(admission: &mut Admission, mut finding: Finding) {
    finding.severity = Severity::Warning;
    note(admission, std::iter::once(&finding));
    admission.warnings = words::admission::warnings(&[&finding]);
}

fn note<'a>(admission: &mut Admission, findings: impl Iterator<Item = &'a Finding>) {
    let mut codes: Vec<Code> = Vec::new();
    for finding in findings {
        admission.findings.push((finding.code, finding.severity));
        codes.push(finding.code);
    }
    codes.sort();
    codes.dedup();
    if !codes.is_empty() {
        let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
        admission.audit.push(("findings", codes.join(",")));
    }
}

fn cause(finding: &Finding) -> Cause {
    let field = finding.primary().map(|label| label.site.path.to_string()).unwrap_or_default();
    let message = if finding.code == rules::WORD_IN_USE || finding.object.namespace.is_empty() {
        finding.line()
    } else {
        format!("{}: {}", finding.object, finding.line())
    };
    Cause { reason: finding.code.to_string(), message, field }
}

#[cfg(test)]
mod tests;
