//! What the webhook answers, decided from reviews alone.
//!
//! Denials are closed classes, each a proof; whatever depends on what the review cannot see is a
//! warning. An object whose review was already bad and did not get worse is admitted, and what is
//! being deleted is never looked at.

mod denial;
mod hardening;
mod leniency;

use std::borrow::Cow;
use std::collections::BTreeSet;

use placecard_findings::{Code, Evidence, FieldPath, Finding, Label, Severity, Verdict, api_group};
use placecard_language::keys;

use crate::closed::Attempt;
use crate::mode::Mode;
use crate::object::{Object, Owner, Template};
use crate::patch;
use crate::placed::{Outcome, Placement};
use crate::review::{Expansion, Review};
use crate::words;

pub use denial::{Cause, Denial, Ground, Refusal};

/// Which webhook asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `POST /mutate`: may change the object.
    Mutate,
    /// `POST /validate`: judges the final object.
    Validate,
}

/// What happens to the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It is new.
    Create,
    /// It changes.
    Update,
    /// It goes; never refused.
    Delete,
    /// Anything else; never refused.
    Other,
}

/// The answer to one AdmissionReview.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Admission {
    /// Why it is refused; `None` admits.
    pub denial: Option<Denial>,
    /// One line each, ASCII, at most 120 characters, at most five.
    pub warnings: Vec<String>,
    /// RFC 6902 operations; empty: no patch.
    pub patch: Vec<json_patch::PatchOperation>,
    /// Bare keys, as the API server prefixes them.
    pub audit: Vec<(&'static str, String)>,
    /// Codes and severities of all findings, for metrics.
    pub findings: Vec<(Code, Severity)>,
}

/// Whether a request about these objects has anything to review: it changes what placement depends
/// on, and nothing about it is a deletion or a controller's own business.
#[must_use]
pub fn concerns(operation: Operation, new: &Object, old: Option<&Object>) -> bool {
    if matches!(operation, Operation::Delete | Operation::Other) || new.deleting {
        return false;
    }
    // A mutated or refused ReplicaSet would make its Deployment spawn others for ever.
    if !new.is_pod() && new.controller().is_some_and(is_built_in) {
        return false;
    }
    // The kubelet's own pods, seen through the API.
    if new.is_pod() && new.annotations.contains_key("kubernetes.io/config.mirror") {
        return false;
    }
    match old {
        Some(old) if operation == Operation::Update => changed(new, old) != Changed::Nothing,
        _ => true,
    }
}

/// Whether the owner is a controller of Kubernetes itself: what it makes was judged at the owner.
/// What an operator's resource makes is judged here, where its template is first seen.
fn is_built_in(owner: &Owner) -> bool {
    matches!(api_group(&owner.api_version), "apps" | "batch")
}

/// What an update touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Changed {
    Nothing,
    Replicas,
    Placement,
}

fn changed(new: &Object, old: &Object) -> Changed {
    let ours = |annotations: &crate::object::Map| {
        let ours = annotations.iter().filter(|(key, _)| keys::has_prefix(key));
        ours.map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<_>>()
    };
    let of_template = |template: &Template| {
        let path = template.path.clone();
        (path, template.labels.clone(), ours(&template.annotations), template.spec.clone())
    };
    let coordination = |object: &Object| {
        object.coordination.as_ref().and_then(|written| written.get("spec").cloned())
    };
    let templates = |object: &Object| object.templates.iter().map(of_template).collect::<Vec<_>>();
    if ours(&new.annotations) != ours(&old.annotations)
        || ours(&new.labels) != ours(&old.labels)
        || templates(new) != templates(old)
        || new.strategy != old.strategy
        || coordination(new) != coordination(old)
    {
        return Changed::Placement;
    }
    if new.replicas.unwrap_or(1) == old.replicas.unwrap_or(1) {
        Changed::Nothing
    } else {
        Changed::Replicas
    }
}

/// Answers a request: the new object's review, and the old object and its review on an update.
#[must_use]
pub fn answer(
    door: Door,
    operation: Operation,
    new: (&Object, &Review),
    old: Option<(&Object, &Review)>,
) -> Admission {
    let (object, review) = new;
    let mut admission = Admission::default();
    if review.mode == Mode::Off || !concerns(operation, object, old.map(|(old, _)| old)) {
        return admission;
    }
    if object.is_pod() && operation == Operation::Update {
        return pod_update(door, object, review, old.map(|(old, _)| old));
    }
    admission.findings =
        review.findings.iter().map(|finding| (finding.code, finding.severity)).collect();
    let before = old.map(|(_, review)| review.findings.as_slice()).unwrap_or_default();
    let before: BTreeSet<Identity<'_>> = before.iter().map(identity).collect();
    let shut_before = old.map(|(_, review)| review.placements.as_slice()).unwrap_or_default();
    let scaled = operation == Operation::Update
        && old.is_some_and(|(old, _)| changed(object, old) != Changed::Placement);
    // A controller would put back what is changed in its objects.
    let controlled = !object.is_pod() && object.controller().is_some();
    // Also where they cannot be read: a pod that went on from here would be refused by the policy
    // about unplaced pods, in its words, before it is validated.
    let in_place = !controlled
        && (review.expansions.iter().any(|expansion| expansion.in_place)
            || leniency::in_place(object).next().is_some());
    let mut denying: Vec<(&Finding, Ground)> = Vec::new();
    let mut warning: Vec<&Finding> = Vec::new();
    for finding in &review.findings {
        let ground = ground(object, review, finding, scaled)
            .or_else(|| closed_ground(review, finding, shut_before).filter(|_| !scaled));
        match ground.filter(|_| !before.contains(&identity(finding))) {
            Some(ground) => denying.push((finding, ground)),
            None if finding.severity >= Severity::Warning => warning.push(finding),
            None => {}
        }
    }
    let hardened = old.and_then(|(old, _)| hardening::finding(object, old));
    warning.extend(hardened.as_ref());
    let refusal = refusal(review, object, denying, door);
    let lenient = refusal.as_ref().filter(|_| review.mode == Mode::Warn);
    let told_of = lenient.map(|refusal| leniency::warnings(object, controlled, refusal));
    if let Some(refusal) = lenient {
        if door == Door::Mutate && !controlled {
            admission.patch = leniency::patch(object, refusal);
        }
        admission.audit.push(("mode", review.mode.as_str().to_owned()));
    } else if door == Door::Validate || in_place {
        admission.denial = refusal.as_ref().and_then(|refusal| refusal.denial(object));
    }
    if door == Door::Mutate && in_place && refusal.is_none() {
        for expansion in review.expansions.iter().filter(|expansion| expansion.in_place) {
            if let Some(template) = template(object, expansion) {
                admission.patch.extend(patch::fields(expansion, template));
                admission.patch.extend(patch::labels(expansion, template));
                admission.patch.extend(patch::record(expansion, template));
            }
        }
    }
    // What is refused where it is changed is not validated any more.
    if door == Door::Validate || admission.denial.is_some() {
        let first: Vec<&Finding> = told_of.iter().flatten().map(AsRef::as_ref).collect();
        warning.splice(0..0, first);
        let anything = !warning.is_empty() || admission.denial.is_some();
        warning.extend(review.odd_mode.as_deref().filter(|_| anything));
        admission.warnings = words::admission::warnings(&warning);
    }
    if !review.findings.is_empty() {
        // Each once: thousands of rules can be wrong in the same way.
        let codes: BTreeSet<&str> =
            review.findings.iter().map(|finding| finding.code.as_str()).collect();
        let codes: Vec<&str> = codes.into_iter().collect();
        admission.audit.push(("findings", codes.join(",")));
    }
    admission
}

/// Code, message, and of each label the field and its words.
type Identity<'a> = (Code, &'a str, Vec<(&'a FieldPath, &'a str)>);

/// What makes two findings the same, wherever the words have moved to.
fn identity(finding: &Finding) -> Identity<'_> {
    let labels = finding.labels.iter().map(|label| (&label.site.path, label.quote.as_str()));
    (finding.code, &finding.message, labels.collect())
}

fn template<'a>(object: &'a Object, expansion: &Expansion) -> Option<&'a Template> {
    object.templates.iter().find(|template| template.path == expansion.template)
}

/// The ground on which a finding refuses the object here and now, if there is one.
fn ground(object: &Object, review: &Review, finding: &Finding, scaled: bool) -> Option<Ground> {
    if finding.severity < Severity::Error {
        return None;
    }
    let ground = Ground::of(finding)?;
    let here = match finding.verdict {
        // A pod of a controller was judged at its workload; here it would only fail for ever. But
        // what cannot be written into it must not run without it.
        Verdict::Contradictory => {
            !(object.is_pod() && object.controller().is_some())
                || review.expansions.iter().any(|expansion| !expansion.complete)
        }
        Verdict::ContradictoryGroup => !object.is_pod() && !scaled,
        _ => true,
    };
    here.then_some(ground)
}

/// The ground on which a finding refuses the object because its pods fit no node of a closed
/// inventory. A template whose pods did not fit before, as far as is known, is not worse off.
fn closed_ground(review: &Review, finding: &Finding, before: &[Placement]) -> Option<Ground> {
    let declared = review.confirmed.as_ref()?;
    let certificate = finding.evidence.as_ref().and_then(Evidence::certificate)?;
    let of_finding = |one: &&Placement| match &one.closed {
        Some(Attempt::Proved(claim)) => claim.certificate == *certificate,
        _ => false,
    };
    let template = &review.placements.iter().find(of_finding)?.template;
    let was_shut =
        |one: &Placement| one.template == *template && !matches!(one.outcome, Outcome::Fits);
    if before.iter().any(was_shut) { None } else { Ground::of_closed(finding, declared) }
}

/// Why an object is refused, where its namespace's mode has it refused.
struct Refused<'a> {
    findings: Vec<Cow<'a, Finding>>,
    grounds: Vec<Ground>,
}

impl Refused<'_> {
    /// In the words of the findings.
    fn denial(&self, object: &Object) -> Option<Denial> {
        let findings: Vec<&Finding> = self.findings.iter().map(AsRef::as_ref).collect();
        told(object, &findings, self.grounds.clone())
    }
}

fn refusal<'a>(
    review: &'a Review,
    object: &Object,
    denying: Vec<(&'a Finding, Ground)>,
    door: Door,
) -> Option<Refused<'a>> {
    if !denying.is_empty() {
        let (findings, grounds): (Vec<&Finding>, Vec<Ground>) = denying.into_iter().unzip();
        let findings = findings.into_iter().map(Cow::Borrowed).collect();
        return Some(Refused { findings, grounds });
    }
    let in_place = review.expansions.iter().filter(|expansion| expansion.in_place);
    for expansion in in_place {
        let incomplete = !expansion.complete;
        let absent = door == Door::Validate
            && template(object, expansion).is_some_and(|template| is_absent(expansion, template));
        if !incomplete && !absent {
            continue;
        }
        let mut findings: Vec<Cow<'_, Finding>> = review
            .findings
            .iter()
            .filter(|finding| incomplete && finding.verdict == Verdict::Unresolved)
            .map(Cow::Borrowed)
            .collect();
        if findings.is_empty() {
            findings.push(Cow::Owned(words::admission::not_applied(object, expansion)));
        }
        return Some(Refused { findings, grounds: vec![Ground::NotApplied] });
    }
    None
}

/// The denial on these grounds, in the words of the findings.
fn told(object: &Object, findings: &[&Finding], grounds: Vec<Ground>) -> Option<Denial> {
    let causes = findings.iter().flat_map(|finding| causes(finding)).collect();
    Denial::of(grounds, words::admission::denial(object, findings), causes)
}

/// Whether something that a required rule needs is not in the fields.
fn is_absent(expansion: &Expansion, template: &Template) -> bool {
    if !patch::labels(expansion, template).is_empty() {
        return true;
    }
    if expansion.base == template.spec {
        expansion.changes.iter().any(crate::change::Change::is_required)
    } else {
        !patch::fields(expansion, template).is_empty()
    }
}

fn causes(finding: &Finding) -> Vec<Cause> {
    finding
        .labels
        .iter()
        .map(|label| Cause {
            reason: finding.code.to_string(),
            message: cause(finding, label),
            field: label.site.path.to_string(),
        })
        .collect()
}

/// The words of a label; but none that say how many nodes there are.
fn cause(finding: &Finding, label: &Label) -> String {
    let of_nodes = finding.verdict == Verdict::NoInventory;
    match (&finding.admission, &label.quote, &label.text) {
        (_, quote, _) if of_nodes && !quote.is_empty() => quote.clone(),
        (Some(text), ..) if of_nodes => text.clone(),
        (_, _, text) if !text.is_empty() => text.clone(),
        _ => finding.line(),
    }
}

/// A pod's fields are fixed once it exists: a changed intent would say what no longer happens.
fn pod_update(door: Door, object: &Object, review: &Review, old: Option<&Object>) -> Admission {
    let mut admission = Admission::default();
    let Some(old) = old.filter(|_| door == Door::Validate) else { return admission };
    let changed = keys::KEYS
        .iter()
        .filter(|key| key.intent)
        .find(|key| object.annotations.get(key.full) != old.annotations.get(key.full));
    if let Some(key) = changed {
        let finding = words::admission::changed_intent(object, key.full);
        admission.findings = vec![(finding.code, finding.severity)];
        if review.mode == Mode::Warn {
            admission.warnings = words::admission::warnings(&[&finding]);
        } else {
            let grounds = Ground::of(&finding).into_iter().collect();
            admission.denial = told(object, &[&finding], grounds);
        }
    }
    admission
}
