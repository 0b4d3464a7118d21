//! What is taken down of each object while its tree is there: facts for the rules of others, and not
//! the object. It is reviewed at once, too; where that asked for something that others tell, it is read
//! once more when all facts are there.

use std::collections::BTreeSet;

use placecard_findings::ObjectRef;
use placecard_policies::claims;
use placecard_policies::coordination::{is_coordination, players, roster};
use placecard_policies::fields::inputs::{Fact, Inputs as Facts, of_other, of_templates};
use placecard_policies::object::Object;
use placecard_policies::read;
use placecard_policies::review::{may_stand_alone, review_written};
use placecard_policies::surroundings::{Answer, Objects, Reference, Surroundings, Topics};
use placecard_policies::vocabulary;
use serde_json::Value;

use crate::index::{Index, ObjectId, Role, Written};
use crate::run::in_namespace;

/// What is taken down of an object. Of most there is little, and there may be many.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    /// A review found nothing.
    clean: Option<Clean>,
    /// What others may ask about.
    told: Option<Box<Told>>,
}

/// What an object tells others.
#[derive(Debug, Default)]
struct Told {
    /// What it answers about itself.
    answers: Box<[(Reference, Answer)]>,
    /// What it says for the rules of others.
    facts: Vec<Fact>,
    /// The object, where these facts rest on what others answer.
    object: Option<Box<Object>>,
    /// It answers together with others.
    is_claim_or_volume: bool,
    is_coordination: bool,
    is_in_long_form: bool,
}

impl Told {
    const fn is_nothing(&self) -> bool {
        let Self { answers, facts, object, .. } = self;
        let together = self.is_claim_or_volume || self.is_coordination || self.is_in_long_form;
        answers.is_empty() && facts.is_empty() && object.is_none() && !together
    }
}

/// A review that found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Clean {
    /// Unless others say something about these.
    unless: Topics,
    /// So many pod templates were looked at.
    templates: u32,
}

/// Objects that need no second look.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// Where they stand.
    pub(crate) objects: BTreeSet<ObjectId>,
    /// How many of them are judged.
    pub(crate) judged: usize,
    /// How many pod templates these have.
    pub(crate) templates: usize,
}

/// How objects are looked at first.
pub(crate) struct Looking<'a> {
    /// The words and the server, and nothing else.
    pub(crate) alone: Surroundings,
    /// Stands for an absent namespace.
    pub(crate) namespace: Option<&'a str>,
    /// Those that are judged are reviewed at once. On a cluster each is looked at again anyway.
    pub(crate) at_once: bool,
}

/// Looks at one object, which is `judged` itself or only answers others.
pub(crate) fn note(
    value: &Value,
    name: Option<&ObjectRef>,
    judged: bool,
    looking: &Looking<'_>,
) -> Noted {
    let Looking { alone, namespace, at_once } = looking;
    let mut object = read::object(value, &alone.words).ok();
    if let Some(object) = &mut object {
        in_namespace(object, *namespace);
    }
    let clean = object.as_ref().filter(|_| *at_once && judged && name.is_some());
    let clean = clean.and_then(|one| clean_of(one, value, alone));
    let mut told = Told::default();
    if let Some(object) = object.filter(|one| !one.templates.is_empty()) {
        match facts_of(&object, alone) {
            Some(facts) => told.facts = facts,
            None => told.object = Some(Box::new(object)),
        }
    }
    if let Some(name) = name {
        let namespace = namespace.unwrap_or_default();
        told.answers = read::answers_of(value, name, namespace).into();
        told.facts.extend(of_other(value, name, namespace));
        told.facts.shrink_to_fit();
        told.is_claim_or_volume = claims::counts(name);
        told.is_coordination = is_coordination(name);
        told.is_in_long_form = players::in_long_form(value).is_some();
    }
    Noted { clean, told: (!told.is_nothing()).then(|| Box::new(told)) }
}

/// What an object with templates says for the rules of others; `None` if that rests on others.
fn facts_of(object: &Object, alone: &Surroundings) -> Option<Vec<Fact>> {
    let around = alone.clone();
    let facts = of_templates(object, &around);
    around.asked().is_empty().then_some(facts)
}

/// Whether a review finds nothing, and what it asked about.
fn clean_of(object: &Object, value: &Value, alone: &Surroundings) -> Option<Clean> {
    if !may_stand_alone(object) || vocabulary::is_vocabulary(&object.reference) {
        return None;
    }
    let around = alone.clone();
    let review = review_written(object, Some(value), &around);
    let nothing = review.findings.is_empty() && review.expansions.is_empty() && !review.has_intents;
    let templates = u32::try_from(object.templates.len()).ok()?;
    nothing.then(|| Clean { unless: around.asked(), templates })
}

/// The objects that need no second look.
pub(crate) fn settled(index: &Index, noted: &[(ObjectId, Noted)]) -> Settled {
    let mut settled = Settled::default();
    let silent = silent(noted);
    for (id, one) in noted {
        // Nothing is found in what is not judged.
        if index.files.get(id.file).is_some_and(|file| file.role != Role::Judged) {
            settled.objects.insert(*id);
            continue;
        }
        if let Some(clean) = one.clean.filter(|clean| clean.unless.without(silent).is_empty()) {
            settled.objects.insert(*id);
            settled.judged += 1;
            settled.templates += clean.templates as usize;
        }
    }
    settled
}

/// What nobody says anything about.
fn silent(noted: &[(ObjectId, Noted)]) -> Topics {
    let told = || noted.iter().filter_map(|(_, one)| one.told.as_deref());
    let has = |is: fn(&Fact) -> bool| told().any(|one| one.facts.iter().any(is));
    let no = |topic: Topics, is_there: bool| if is_there { Topics::default() } else { topic };
    let ranges = has(|fact| matches!(fact, Fact::LimitRange(_)));
    let classes = has(|fact| matches!(fact, Fact::Class(..)));
    let coordinations = told().any(|one| one.is_coordination || one.is_in_long_form);
    no(Topics::LIMIT_RANGES, ranges)
        | no(Topics::CLASSES, classes)
        | no(Topics::COORDINATIONS, coordinations)
}

/// What objects answer about themselves; `namespace` stands for an absent one. The answers are taken
/// out of what was noted.
pub(crate) fn answers(index: &Index, noted: &mut [(ObjectId, Noted)], namespace: &str) -> Objects {
    let told = noted.iter().filter_map(|(_, one)| one.told.as_deref());
    let mut all = Vec::with_capacity(told.map(|one| one.answers.len()).sum());
    for told in noted.iter_mut().filter_map(|(_, one)| one.told.as_deref_mut()) {
        all.extend(std::mem::take(&mut told.answers));
    }
    let mut answers = Objects::from_iter(all);
    let of = |is: fn(&Told) -> bool| {
        let is = move |one: &Noted| one.told.as_deref().is_some_and(is);
        let ids = noted.iter().filter(move |(_, one)| is(one)).map(|(id, _)| *id);
        ids.filter_map(|id| index.object(id))
    };
    let judged = |role: Role, written: Written| (role == Role::Judged, written);
    let claims = of(|one| one.is_claim_or_volume).map(|(_, written)| written);
    let mut together = claims::answers(claims, namespace);
    let coordinations = || of(|one| one.is_coordination).map(|(_, written)| written);
    together.extend(roster::answers(coordinations(), namespace));
    let all = index.objects().map(|(_, role, written)| judged(role, written));
    together.extend(players::answers(coordinations(), all, namespace));
    let long = of(|one| one.is_in_long_form).map(|(file, written)| judged(file.role, written));
    together.extend(players::long_forms(long, namespace));
    for (reference, answer) in together {
        answers.insert(reference, answer);
    }
    answers
}

/// What the rules that look across manifests know of them. `folders`: a number for the folder of each
/// file.
pub(crate) fn facts(
    noted: Vec<(ObjectId, Noted)>,
    folders: &[usize],
    surroundings: &Surroundings,
) -> Facts {
    let mut facts = Facts::default();
    let told = noted.iter().filter_map(|(_, one)| one.told.as_deref());
    let is_template = |fact: &&Fact| matches!(fact, Fact::Template(_));
    let templates = told.flat_map(|one| &one.facts).filter(is_template).count();
    facts.templates.reserve_exact(templates);
    for (id, one) in noted {
        let Some(one) = one.told else { continue };
        let folder = folders.get(id.file).copied().unwrap_or_default();
        let open = one.object.map(|object| of_templates(&object, surroundings));
        for fact in one.facts.into_iter().chain(open.into_iter().flatten()) {
            facts.add(fact, folder);
        }
    }
    facts
}
