//! The decision: a pure function of the request and of what was looked up for it.
//!
//! It is made in three steps, so that nothing is looked up while deciding: [`question`] reads the
//! objects, [`references`] names what has to be known besides, and [`answer`] decides.

use std::sync::Arc;

use placecard_findings::{FieldPath, Finding, ObjectRef};
use placecard_policies::admission::{self, Admission, Door};
use placecard_policies::closed::{Again, Attempt, Claim};
use placecard_policies::feasibility::verdict::InventoryIsClosed;
use placecard_policies::language::checked::Words;
use placecard_policies::language::keys;
use placecard_policies::live::{Watched, basis};
use placecard_policies::mode::{self, Mode};
use placecard_policies::object::{Map, Object};
use placecard_policies::read::{self, ReadProblem};
use placecard_policies::review::{self, Review};
use placecard_policies::surroundings::{Reference, Surroundings};
use placecard_policies::unreadable;
use placecard_policies::vocabulary::{self, change::InUse};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::admission::{AdmissionRequest, Operation};

/// What a request asks.
#[derive(Debug, Clone)]
pub enum Question {
    /// Nothing: a deletion, a subresource, a connection, an update that does not touch placement.
    /// Admitted as it is.
    Nothing,
    /// Whether this object may be stored.
    Judge {
        /// What is being done to it.
        operation: admission::Operation,
        /// As it would be stored.
        new: Box<Object>,
        /// As it is stored, on an update.
        old: Option<Box<Object>>,
    },
    /// Whether a vocabulary may become this, or go.
    Vocabulary {
        /// What is being done to it.
        operation: admission::Operation,
        /// As it would be stored, on a creation and on an update.
        new: Option<Box<Value>>,
        /// As it is stored, on an update and on a deletion.
        old: Option<Box<Value>>,
    },
    /// The object has a field whose type is not the API's. The API server refuses that itself.
    Unreadable(ObjectRef, Vec<Finding>),
}

/// Reads the objects of a request.
#[must_use]
pub fn question(request: &AdmissionRequest<'_>, surroundings: &Surroundings) -> Question {
    let kind = (&*request.kind.group, &*request.kind.kind);
    if kind == (keys::GROUP, keys::VOCABULARY_KIND) && request.sub_resource.is_empty() {
        return of_vocabulary(request);
    }
    let operation = match request.operation {
        Operation::Create => admission::Operation::Create,
        Operation::Update => admission::Operation::Update,
        Operation::Delete | Operation::Connect => return Question::Nothing,
    };
    let Some(new) = request.object.filter(|_| request.sub_resource.is_empty()) else {
        return Question::Nothing;
    };
    let new = match object(new, request, surroundings) {
        Ok(new) => new,
        Err(problem) => return unread(request, &problem, Some(new)),
    };
    let old = request.old_object.filter(|_| operation == admission::Operation::Update);
    let old = old.and_then(|old| object(old, request, surroundings).ok());
    if admission::concerns(operation, &new, old.as_ref()) {
        Question::Judge { operation, new: Box::new(new), old: old.map(Box::new) }
    } else {
        Question::Nothing
    }
}

fn unread(
    request: &AdmissionRequest<'_>,
    problem: &ReadProblem,
    raw: Option<&RawValue>,
) -> Question {
    let object = reference(request);
    let written = raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    let findings = unreadable::findings(&object, problem, &written);
    Question::Unreadable(object, findings)
}

fn of_vocabulary(request: &AdmissionRequest<'_>) -> Question {
    let (operation, new, old) = match request.operation {
        Operation::Create => (admission::Operation::Create, request.object, None),
        Operation::Update => (admission::Operation::Update, request.object, request.old_object),
        Operation::Delete => (admission::Operation::Delete, None, request.old_object),
        Operation::Connect => return Question::Nothing,
    };
    let read = |raw: Option<&RawValue>| match raw.map(|raw| serde_json::from_str(raw.get())) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(Box::new(value))),
        Some(Err(error)) => {
            Err(ReadProblem { path: FieldPath::root(), message: error.to_string() })
        }
    };
    match (read(new), read(old)) {
        (Ok(new), Ok(old)) => Question::Vocabulary { operation, new, old },
        (Err(problem), _) | (_, Err(problem)) => unread(request, &problem, None),
    }
}

/// Decides about a vocabulary; `None` for all other questions. `current` are the words that are in
/// use now, `in_use` is what uses them.
#[must_use]
pub fn vocabulary(
    door: Door,
    question: &Question,
    current: &Words,
    in_use: impl FnOnce() -> Option<Vec<InUse>>,
) -> Option<Admission> {
    let Question::Vocabulary { operation, new, old } = question else { return None };
    if door == Door::Mutate {
        return Some(Admission::default());
    }
    let in_use = in_use();
    Some(vocabulary::admission::answer(&vocabulary::admission::Asked {
        operation: *operation,
        new: new.as_deref(),
        old: old.as_deref(),
        current,
        in_use: in_use.as_deref(),
    }))
}

fn reference(request: &AdmissionRequest<'_>) -> ObjectRef {
    ObjectRef {
        api_version: request.kind.api_version(),
        kind: request.kind.kind.to_string(),
        namespace: request.namespace.to_string(),
        name: request.name.to_string(),
    }
}

/// An object of a request. On CREATE the API server leaves out what stands in the URL.
fn object(
    raw: &RawValue,
    request: &AdmissionRequest<'_>,
    surroundings: &Surroundings,
) -> Result<Object, ReadProblem> {
    let mut object = read::object_from_json(raw.get(), &surroundings.words)?;
    if object.reference.namespace.is_empty() {
        object.reference.namespace = request.namespace.to_string();
    }
    if object.reference.name.is_empty() {
        object.reference.name = request.name.to_string();
    }
    Ok(object)
}

/// Prepares the question for being answered on a cluster, where the pods of the new object are
/// judged as they are written; `closed`: the inventory is closed. `false` if it has none that are to
/// be placed, or none whose verdict anybody hears: the pods of a controller were judged at their
/// workload, it reads no warnings, and a thousand replicas that wait for nodes would be explained a
/// thousand times.
#[must_use]
pub fn keep_written(question: &mut Question, request: &AdmissionRequest<'_>, closed: bool) -> bool {
    let Question::Judge { operation, new, old } = question else { return false };
    let is_unheard = new.controller().is_some() && !closed;
    if new.is_pod() && (*operation == admission::Operation::Update || is_unheard) {
        return false;
    }
    let written = |raw: Option<&RawValue>| raw.and_then(|raw| serde_json::from_str(raw.get()).ok());
    // Whether the old one fitted matters only where the new one can be refused for it.
    if let Some(old) = old.as_deref_mut().filter(|_| closed)
        && let Some(written) = written(request.old_object)
    {
        read::keep_written(old, &written);
    }
    let written = written(request.object);
    if let Some(written) = &written {
        read::keep_written(new, written);
    }
    written.is_some()
}

/// The kinds that the verdict on a cluster is read from.
#[must_use]
pub fn basis(question: &Question) -> Vec<Watched> {
    match question {
        Question::Judge { new, .. } => basis::of_verdict(new),
        Question::Nothing | Question::Vocabulary { .. } | Question::Unreadable(..) => Vec::new(),
    }
}

/// What has to be looked up before the question can be answered.
#[must_use]
pub fn references(question: &Question, surroundings: &Surroundings) -> Vec<Reference> {
    let Question::Judge { operation, new, old } = question else { return Vec::new() };
    if new.is_pod() && *operation == admission::Operation::Update {
        // Its fields are fixed; only its annotations are compared.
        return Vec::new();
    }
    let mut references = review::references(new, surroundings);
    if let Some(old) = old {
        references.extend(review::references(old, surroundings));
    }
    // Where there are words of ours there is almost always something to say, and then the mode of the
    // namespace decides: asked now, it is decided once.
    let ours = |annotations: &Map| annotations.keys().any(|key| keys::has_prefix(key));
    let mut templates = new.templates.iter().map(|template| &template.annotations);
    if !new.reference.namespace.is_empty() && (ours(&new.annotations) || templates.any(ours)) {
        references.push(Reference::Namespace { name: new.reference.namespace.clone() });
    }
    references.sort();
    references.dedup();
    references
}

/// What is to be read again before a new pod goes its way because no coordination refers to its group.
#[must_use]
pub fn unreferred(question: &Question, surroundings: &Surroundings) -> Option<Reference> {
    match question {
        Question::Judge { operation: admission::Operation::Create, new, .. } => {
            review::unreferred(new, surroundings)
        }
        _ => None,
    }
}

/// The namespace whose mode decides what becomes of an answer; `None`: it says nothing, in whatever
/// mode. Asked last, so that whatever has nothing to do with us costs no look-up.
#[must_use]
pub fn mode_reference(question: &Question, answer: &Admission) -> Option<Reference> {
    let object = match question {
        Question::Nothing | Question::Vocabulary { .. } => return None,
        Question::Unreadable(object, _) => object,
        Question::Judge { new, .. } => &new.reference,
    };
    let silent = answer.denial.is_none() && answer.warnings.is_empty() && answer.patch.is_empty();
    let name = object.namespace.clone();
    (!silent && !name.is_empty()).then_some(Reference::Namespace { name })
}

/// An answer that would refuse the object if what it rests on were read again, and held.
#[derive(Debug, Clone)]
pub struct Pending {
    door: Door,
    operation: admission::Operation,
    new: Box<Object>,
    review: Review,
    old: Option<(Box<Object>, Review)>,
    words: Arc<Words>,
}

impl Pending {
    /// What is claimed of the nodes, for each template.
    fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.review.placements.iter().filter_map(|one| match &one.closed {
            Some(Attempt::Proved(claim)) => Some(claim.as_ref()),
            _ => None,
        })
    }

    /// The namespace of the object.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.new.reference.namespace
    }

    /// The answer if all of it holds on what was read again; `None`: it does not.
    #[must_use]
    pub fn confirm(&self, again: &Again) -> Option<Admission> {
        self.claims().all(|claim| again.confirms(claim, &self.words)).then(|| self.refused())
    }

    fn refused(&self) -> Admission {
        let review = Review { confirmed: Some(InventoryIsClosed), ..self.review.clone() };
        let old = self.old.as_ref().map(|(old, review)| (old.as_ref(), review));
        admission::answer(self.door, self.operation, (&self.new, &review), old)
    }
}

/// What was decided.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    /// What is answered, unless the pending answer is confirmed.
    pub admission: Admission,
    /// The answer that waits for what it rests on to be read again.
    pub pending: Option<Box<Pending>>,
    /// Proofs that their checker refused.
    pub disputed: usize,
}

impl From<Admission> for Decision {
    fn from(admission: Admission) -> Self {
        Self { admission, ..Self::default() }
    }
}

/// Decides. Both objects of an update are reviewed, because what was wrong before and did not get
/// worse is admitted.
#[must_use]
pub fn answer(door: Door, question: &Question, surroundings: &Surroundings) -> Decision {
    let (operation, new, old) = match question {
        Question::Nothing | Question::Vocabulary { .. } => return Decision::default(),
        Question::Unreadable(object, _)
            if mode::of(&object.namespace, surroundings) == Mode::Off =>
        {
            return Decision::default();
        }
        Question::Unreadable(_, findings) => return warned(findings).into(),
        Question::Judge { operation, new, old } => (*operation, new, old),
    };
    let review = review::review(new, surroundings);
    let old = old.as_ref().map(|old| (old.clone(), review::review(old, surroundings)));
    let beside = old.as_ref().map(|(old, review)| (old.as_ref(), review));
    let admission = admission::answer(door, operation, (new, &review), beside);
    let attempts = review.placements.iter().filter_map(|one| one.closed.as_ref());
    let disputed = attempts.clone().filter(|one| matches!(one, Attempt::Disputed(_))).count();
    if attempts.count() == disputed || admission.denial.is_some() {
        return Decision { admission, pending: None, disputed };
    }
    let (new, words) = (new.clone(), Arc::clone(&surroundings.words));
    let pending = Pending { door, operation, new, review, old, words };
    let changes = pending.refused() != admission;
    Decision { admission, pending: changes.then(|| Box::new(pending)), disputed }
}

/// Admitted with a warning: whoever sees it knows why placement was not looked at.
fn warned(findings: &[Finding]) -> Admission {
    let warning = |finding: &Finding| {
        let path = finding.primary().map(|label| label.site.path.to_string()).unwrap_or_default();
        format!("{path}: {} [{}]", finding.message, finding.code)
    };
    Admission {
        warnings: findings.iter().map(warning).collect(),
        findings: findings.iter().map(|one| (one.code, one.severity)).collect(),
        ..Admission::default()
    }
}
