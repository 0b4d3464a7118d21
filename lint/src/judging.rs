//! The review of each object of an input, on several threads at once.

use placecard_findings::{ObjectRef, Severity};
use placecard_policies::directory::answer_from;
use placecard_policies::mode::{self, Mode};
use placecard_policies::object::Object;
use placecard_policies::placed::Outcome;
use placecard_policies::read;
use placecard_policies::review::{Expansion, Review, references, review_written};
use placecard_policies::surroundings::{Answer, Reference, Selects, Surroundings};
use placecard_policies::unreadable;
use placecard_policies::vocabulary;
use placecard_policies::words;
use serde_json::Value;

use crate::half_an_object::half_an_object;
use crate::index::{Index, ObjectId, Role, Written};
use crate::noted::Settled;
use crate::progress::Step;
use crate::render::place::{Placed, place, place_all};
use crate::run::{Beside, Judged, Planned, in_namespace};
use crate::side_by_side;

/// Where the results go.
pub(crate) struct Doing<'a> {
    /// What is known of all objects.
    pub(crate) judged: &'a mut Judged,
    /// Their findings, in no order.
    pub(crate) findings: &'a mut Vec<Placed>,
    /// Hears how far it has come.
    pub(crate) tell: &'a mut dyn FnMut(Step, usize, usize),
    /// How many threads there are.
    pub(crate) threads: usize,
}

/// What was found of one object.
#[derive(Default)]
struct Found {
    /// What is told of it.
    findings: Vec<Placed>,
    /// Whether it is an object and no half of one.
    object: bool,
    /// Whether it cannot be expanded.
    unfit: bool,
    /// What was read and reviewed.
    reviewed: Option<(Object, Review)>,
    /// What becomes of its templates.
    planned: Vec<Planned>,
    /// What it was told of others, beside what all know.
    answers: Vec<(Reference, Answer)>,
}

/// Reviews all objects but those that are settled.
///
/// Each review is told of the controllers of its own pods alone. With a cluster, what it is asked for
/// is kept from one review to the next, so that there is one thread for all.
pub(crate) fn judge_objects(
    (index, settled): (&Index, &Settled),
    beside: Beside<'_>,
    surroundings: &mut Surroundings,
    doing: &mut Doing<'_>,
) {
    let Doing { judged, findings, tell, threads } = doing;
    let all = index.count();
    note_settled(judged, index, settled, surroundings);
    let count = if beside.inventory.is_some() { 1 } else { *threads };
    // What a thread has for objects that ask for more than all others know; made when needed.
    let mut workers: Vec<Option<Surroundings>> = vec![None; count];
    let known: &Surroundings = surroundings;
    let mut answers = Vec::new();
    let mut done = settled.objects.len();
    side_by_side::each(
        &mut workers,
        index.portions(&settled.objects),
        |own, portion| {
            let one = |(id, _, value): (ObjectId, Role, Written)| {
                (id, found(index, beside, (known, &mut *own), id, &value))
            };
            index.within(portion, &settled.objects).into_iter().map(one).collect::<Vec<_>>()
        },
        |_, portion| {
            for (id, found) in portion {
                tell(Step::Judging, done, all);
                done += 1;
                answers.extend(note(judged, findings, id, found));
            }
        },
    );
    if beside.inventory.is_some() {
        if let Some(own) = workers.pop().flatten() {
            *surroundings = own;
        }
    } else {
        for (reference, answer) in answers {
            surroundings.objects.insert(reference, answer);
        }
    }
}

/// Keeps what was found of an object; gives what it was told of others.
fn note(
    judged: &mut Judged,
    findings: &mut Vec<Placed>,
    id: ObjectId,
    found: Found,
) -> Vec<(Reference, Answer)> {
    judged.counts.objects += usize::from(found.object);
    if found.unfit {
        judged.unfit.insert(id);
    }
    if let Some((object, review)) = &found.reviewed {
        judged.counts.templates += object.templates.len();
        note_mode(judged, object, review);
        note_placements(judged, object, review);
    }
    if !found.planned.is_empty() {
        judged.expansions.insert(id, found.planned);
    }
    findings.extend(found.findings);
    found.answers
}

/// What is found of one object, by what all know and what this thread knows.
fn found(
    index: &Index,
    beside: Beside<'_>,
    (known, own): (&Surroundings, &mut Option<Surroundings>),
    id: ObjectId,
    value: &Value,
) -> Found {
    let Some(name) = read::reference(value) else {
        let findings = half_an_object(value).map(|finding| place(index, id, finding));
        return Found { findings: findings.into_iter().collect(), ..Found::default() };
    };
    if vocabulary::is_vocabulary(&name) {
        let (_, mistakes) = vocabulary::check(value);
        let findings = place_all(index, id, mistakes);
        return Found { findings, object: true, ..Found::default() };
    }
    let mut object = match read::object(value, &known.words) {
        Ok(object) => object,
        Err(problem) => {
            let findings = place_all(index, id, unreadable::findings(&name, &problem, value));
            return Found { findings, object: true, unfit: true, ..Found::default() };
        }
    };
    if known.cluster.is_some() {
        read::keep_written(&mut object, value);
    }
    in_namespace(&mut object, beside.namespace);
    let answers = owners(index, &object, beside.namespace, own.as_ref().unwrap_or(known));
    if !answers.is_empty() || beside.inventory.is_some() {
        let own = own.get_or_insert_with(|| known.clone());
        for (reference, answer) in &answers {
            own.objects.insert(reference.clone(), answer.clone());
        }
        if let Some(inventory) = beside.inventory {
            answer_from(&object, own, inventory);
        }
    }
    let surroundings = own.as_ref().unwrap_or(known);
    let mut review = review_written(&object, Some(value), surroundings);
    if review.mode == Mode::Off && review.has_intents {
        review.findings.push(words::mode::without_effect(&object));
    }
    let unfit = review.findings.iter().any(|one| one.severity == Severity::Error)
        || review.expansions.iter().any(|one| !one.complete);
    let findings = place_all(index, id, std::mem::take(&mut review.findings));
    let planned = planned(&object, std::mem::take(&mut review.expansions));
    Found { findings, object: true, unfit, reviewed: Some((object, review)), planned, answers }
}

/// Counts the objects of which nothing is to be said.
fn note_settled(
    judged: &mut Judged,
    index: &Index,
    settled: &Settled,
    surroundings: &Surroundings,
) {
    judged.counts.objects += settled.judged;
    judged.counts.templates += settled.templates;
    let mut last = None;
    for (name, id) in index.names().filter(|(_, id)| settled.objects.contains(id)) {
        let is_judged = index.files.get(id.file).is_some_and(|file| file.role == Role::Judged);
        // Most names of one namespace follow one another: its mode is asked for once.
        if !is_judged || last.replace(&name.namespace) == Some(&name.namespace) {
            continue;
        }
        let mode = mode::of(&name.namespace, surroundings);
        if mode != Mode::Enforce {
            judged.modes.insert(name.namespace.clone(), mode);
        }
    }
}

fn note_mode(judged: &mut Judged, object: &Object, review: &Review) {
    if review.mode != Mode::Enforce {
        judged.modes.insert(object.reference.namespace.clone(), review.mode);
    }
}

fn note_placements(judged: &mut Judged, object: &Object, review: &Review) {
    let Some(on_cluster) = &mut judged.on_cluster else { return };
    for placement in &review.placements {
        match &placement.outcome {
            Outcome::Fits => on_cluster.placed += 1,
            Outcome::Shut => {}
            Outcome::Unjudged(why) => {
                on_cluster.unjudged.push((object.reference.clone(), why.clone()));
            }
        }
    }
}

fn planned(object: &Object, expansions: Vec<Expansion>) -> Vec<Planned> {
    let planned = |expansion: Expansion| {
        let mut templates = object.templates.iter();
        let written = templates.find(|template| template.path == expansion.template);
        let from_written = written.is_none_or(|written| written.spec == expansion.base);
        Planned { expansion, from_written }
    };
    expansions.into_iter().map(planned).collect()
}

/// The controllers that the review of a pod asks for, as far as they are in the input.
fn owners(
    index: &Index,
    object: &Object,
    namespace: Option<&str>,
    surroundings: &Surroundings,
) -> Vec<(Reference, Answer)> {
    let mut answers = Vec::new();
    for reference in references(object, surroundings) {
        let Reference::Owner { object: owner, uid } = &reference else {
            continue;
        };
        let anywhere = || ObjectRef { namespace: String::new(), ..ObjectRef::clone(owner) };
        let is_there = namespace == Some(owner.namespace.as_str());
        let written = index.find(owner);
        let written = written.or_else(|| index.find(&anywhere()).filter(|_| is_there));
        let Some((_, found)) = written.and_then(|id| index.object(id)) else { continue };
        let written = found.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
        // A manifest has no UID yet: its name has to do.
        if written.is_empty() || written == uid {
            let selector = read::controller_selector(&found);
            answers.push((reference, Answer::Selector(selector.map(Selects::from))));
        }
    }
    answers
}

#[cfg(test)]
mod tests;
