//! What is taken down of each object while its tree is there: facts for the rules of others. What
//! stands alone is reviewed at once; the rest is read once more when all facts are there.

use std::collections::BTreeSet;

use placecard_findings::ObjectRef;
use placecard_policies::claims;
use placecard_policies::coordination::{is_coordination, players, roster};
use placecard_policies::fields::inputs::Inputs as Facts;
use placecard_policies::object::Object;
use placecard_policies::read;
use placecard_policies::review::{review_written, stands_alone};
use placecard_policies::surroundings::{Answer, Objects, Reference, Surroundings};
use placecard_policies::vocabulary;
use serde_json::Value;

use crate::index::{Index, ObjectId, Role, Written};
use crate::run::in_namespace;

/// What is taken down of an object.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    name: Option<ObjectRef>,
    /// What it answers about itself.
    answers: Vec<(Reference, Answer)>,
    /// A small object of a kind that facts are taken from.
    written: Option<Value>,
    /// An object with templates.
    object: Option<Box<Object>>,
    /// It answers together with others.
    is_claim_or_volume: bool,
    is_coordination: bool,
    is_in_long_form: bool,
    /// Nothing is to be said of it.
    is_settled: bool,
}

/// Objects that need no second look.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// Where they stand.
    pub(crate) objects: BTreeSet<ObjectId>,
    /// In which namespaces.
    pub(crate) namespaces: BTreeSet<String>,
}

/// Looks at one object; `namespace` stands for an absent one. `alone`: the words, and nothing else.
pub(crate) fn note(
    value: &Value,
    name: Option<&ObjectRef>,
    alone: &Surroundings,
    namespace: Option<&str>,
) -> Noted {
    let object = read::object(value, &alone.words).ok();
    let is_settled = object.as_ref().is_some_and(|object| is_settled(object, value, alone));
    let mut object = object.filter(|one| !one.templates.is_empty());
    if let Some(object) = &mut object {
        in_namespace(object, namespace);
    }
    let Some(name) = name else {
        return Noted { object: object.map(Box::new), ..Noted::default() };
    };
    Noted {
        answers: read::answers(value, namespace.unwrap_or_default()),
        written: Facts::notes(name).then(|| value.clone()),
        object: object.map(Box::new),
        is_claim_or_volume: claims::counts(name),
        is_coordination: is_coordination(name),
        is_in_long_form: players::in_long_form(value).is_some(),
        is_settled,
        name: Some(name.clone()),
    }
}

/// Whether a review finds nothing, whatever there is besides: most Services, ConfigMaps, roles and
/// definitions of resources, whose texts are long.
fn is_settled(object: &Object, value: &Value, alone: &Surroundings) -> bool {
    if !stands_alone(object) || vocabulary::is_vocabulary(&object.reference) {
        return false;
    }
    let review = review_written(object, Some(value), alone);
    review.findings.is_empty() && review.expansions.is_empty() && !review.has_intents
}

/// The objects that need no second look.
pub(crate) fn settled(noted: &[(ObjectId, Noted)]) -> Settled {
    let done = || noted.iter().filter(|(_, one)| one.is_settled);
    let namespaces = done().filter_map(|(_, one)| one.name.as_ref());
    Settled {
        objects: done().map(|(id, _)| *id).collect(),
        namespaces: namespaces.map(|name| name.namespace.clone()).collect(),
    }
}

/// What objects answer about themselves; `namespace` stands for an absent one. The answers are taken
/// out of what was noted.
pub(crate) fn answers(index: &Index, noted: &mut [(ObjectId, Noted)], namespace: &str) -> Objects {
    let mut answers = Objects::default();
    for (_, one) in &mut *noted {
        for (reference, answer) in std::mem::take(&mut one.answers) {
            if answers.get(&reference).is_none() {
                answers.insert(reference, answer);
            }
        }
    }
    let of = |is: fn(&Noted) -> bool| {
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
    namespace: Option<&str>,
    surroundings: &Surroundings,
) -> Facts {
    let mut facts = Facts::default();
    for (id, Noted { name, written, object, .. }) in noted {
        let folder = folders.get(id.file).copied().unwrap_or_default();
        if let (Some(name), Some(written)) = (name, written) {
            facts.note(&written, &name, namespace.unwrap_or_default(), folder);
        }
        if let Some(object) = object {
            facts.add(&object, surroundings, folder);
        }
    }
    facts
}
