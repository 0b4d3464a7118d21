//! Who plays the roles of a coordination, as far as it is known, and how many of them there are.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::sync::Arc;

use placecard_findings::{FieldPath, ObjectRef, Site};
use placecard_language::checked::Words;
use placecard_language::coordination::{Group, Source, check, sentence};
use placecard_language::keys;
use serde_json::Value;

use crate::coordination::crew::{Crew, crews, templates_at};
use crate::coordination::is_coordination;
use crate::kinds;
use crate::object::{Object, Template};
use crate::read;
use crate::surroundings::{Answer, Reference, Surroundings, Workload};

/// Who plays a role.
#[derive(Clone, Debug)]
pub(crate) struct Player {
    /// The role.
    pub(crate) role: String,
    /// What the role is called inside the group of another controller; empty for a workload.
    pub(crate) inside: String,
    /// The object, as far as it can be read.
    pub(crate) object: Object,
    /// The object as it is written; null if only what can be read of it is at hand.
    pub(crate) written: Value,
    /// How many replicas there are; `None`: not known.
    pub(crate) count: Option<Count>,
    /// How many pods one replica is.
    pub(crate) pods: u64,
    /// Its template names the coordination.
    pub(crate) names: bool,
    /// It has a review of its own in the same run.
    pub(crate) is_reviewed: bool,
    /// What is wrong with it alone is said where it is reviewed.
    pub(crate) speaks: bool,
}

/// A number of replicas, and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// How many.
    pub(crate) replicas: u64,
    /// The value, or the key of the mapping that lacks it.
    pub(crate) site: Site,
    /// The number stands there, and is not the default.
    pub(crate) is_written: bool,
}

impl Player {
    /// The workload under review.
    pub(crate) fn under_review(role: &str, object: &Object) -> Self {
        Self {
            role: role.to_owned(),
            inside: String::new(),
            count: count(object),
            object: object.clone(),
            written: Value::Null,
            pods: 1,
            names: true,
            is_reviewed: true,
            speaks: false,
        }
    }

    /// A role that a workload plays.
    pub(crate) fn of_workload(
        role: &str,
        workload: &Workload,
        group: &Group,
        words: &Words,
    ) -> Option<Self> {
        let mut object = read::object(&workload.written, words).ok()?;
        read::keep_written(&mut object, &workload.written);
        if object.reference.namespace.is_empty() {
            group.namespace.clone_into(&mut object.reference.namespace);
        }
        let names = object.templates.iter().any(|one| names(one, &group.name, words));
        let speaks = workload.is_reviewed && names;
        let (role, count) = (role.to_owned(), count(&object));
        let (inside, written) = (String::new(), workload.written.clone());
        let is_reviewed = workload.is_reviewed;
        Some(Self { role, inside, count, object, written, pods: 1, names, is_reviewed, speaks })
    }

    /// A role inside the group of another controller.
    fn of_group(role: &str, workload: &Workload, inside: &str, words: &Words) -> Option<Self> {
        let mut object = read::object(&workload.written, words).ok()?;
        let templates = templates_at(&workload.written, inside);
        let templates = templates.iter().map(|at| read::template_at(&workload.written, at));
        object.templates = templates.collect::<Option<Vec<Template>>>().unwrap_or_default();
        read::keep_written(&mut object, &workload.written);
        let crews = crews(&workload.written);
        let pods = crews.iter().find(|crew| crew.inside == inside).map_or(1, Crew::pods).max(1);
        let count = inside_count(&workload.written, &object.reference, inside);
        let (role, written) = (role.to_owned(), workload.written.clone());
        let inside = inside.to_owned();
        let is_reviewed = workload.is_reviewed;
        let (names, speaks) = (false, false);
        Some(Self { role, inside, count, object, written, pods, names, is_reviewed, speaks })
    }

    /// A place in its object.
    pub(crate) fn at(&self, site: Site) -> Site {
        site.in_object(self.object.reference.clone())
    }
}

/// Whether a template names the group. One that cannot be read says something else is wrong.
pub(crate) fn names(template: &Template, group: &str, words: &Words) -> bool {
    let Some(said) = template.annotations.get(keys::COORDINATE) else { return false };
    let coordinate = sentence::read(said, words).0;
    coordinate.is_none_or(|one| one.own.is_none() && one.name == group)
}

/// How many replicas a workload has (apps/v1: 1 if it says nothing; batch/v1: a Job has as many
/// indices as completions). Of other kinds, what is written by the convention of the scale
/// subresource.
fn count(object: &Object) -> Option<Count> {
    let whole = |number: i64| u64::try_from(number).ok();
    let row = object.kind;
    let (field, number) = match (row.map(|row| row.kind), object.parallel) {
        (Some("Job"), parallel) if parallel.completions.is_some() => {
            ("completions", parallel.completions)
        }
        (Some("Job"), parallel) => ("parallelism", parallel.parallelism),
        _ => ("replicas", object.replicas),
    };
    let spec = FieldPath::of(&["spec"]);
    match number {
        Some(number) => {
            let site = Site::value(spec.key(field));
            Some(Count { replicas: whole(number)?, site, is_written: true })
        }
        None => row.map(|_| Count { replicas: 1, site: Site::key(spec), is_written: false }),
    }
}

/// How many replicas a role inside a group has: instances of an RBG's role, groups of a
/// LeaderWorkerSet, Jobs of a replicated Job, slices of a DisaggregatedSet; each 1 if it says nothing.
fn inside_count(written: &Value, object: &ObjectRef, inside: &str) -> Option<Count> {
    let spec = FieldPath::of(&["spec"]);
    let (path, field) = match object.kind.as_str() {
        "LeaderWorkerSet" => (spec, "replicas"),
        "DisaggregatedSet" => (spec, "slices"),
        "RoleBasedGroup" => (named(written, "roles", inside)?, "replicas"),
        "JobSet" => (named(written, "replicatedJobs", inside)?, "replicas"),
        _ => return None,
    };
    let value = written.pointer(&path.key(field).pointer()).filter(|value| !value.is_null());
    match value {
        Some(value) => {
            let site = Site::value(path.key(field));
            Some(Count { replicas: value.as_u64()?, site, is_written: true })
        }
        None => Some(Count { replicas: 1, site: Site::key(path), is_written: false }),
    }
}

/// The element of a list of the spec that has this name.
pub(crate) fn named(written: &Value, list: &str, name: &str) -> Option<FieldPath> {
    let elements = written.pointer(&format!("/spec/{list}"))?.as_array()?;
    let is = |one: &Value| one.get("name").and_then(Value::as_str) == Some(name);
    let index = elements.iter().position(is)?;
    Some(FieldPath::of(&["spec", list]).index(index))
}

/// The object that a role refers to.
pub(crate) fn reference(group: &Group, source: &Source) -> Option<Reference> {
    let (Source::Workload { api_version, kind, name }
    | Source::Group { api_version, kind, name, .. }) = source
    else {
        return None;
    };
    let object = ObjectRef {
        api_version: api_version.clone(),
        kind: kind.clone(),
        namespace: group.namespace.clone(),
        name: name.clone(),
    };
    Some(Reference::Workload { object: Box::new(object) })
}

/// Those who are known to play the roles of a group, in the order of the roles.
pub(crate) fn players(group: &Group, surroundings: &Surroundings) -> Vec<Player> {
    let mut found = Vec::new();
    let words = &surroundings.words;
    for role in &group.roles {
        let answer = reference(group, &role.source)
            .and_then(|reference| surroundings.objects.get(&reference));
        let Some(Answer::Workload(workload)) = answer else { continue };
        found.extend(match &role.source {
            Source::Workload { .. } => Player::of_workload(&role.name, workload, group, words),
            Source::Group { role: inside, .. } => {
                Player::of_group(&role.name, workload, inside, words)
            }
            Source::Annotation => None,
        });
    }
    found
}

/// Those who play the roles of coordinations that stand in the group itself.
pub(crate) fn inside(group: &Group, written: &Value, surroundings: &Surroundings) -> Vec<Player> {
    let workload = Workload { written: written.clone(), is_reviewed: true };
    let words = &surroundings.words;
    let roles = group.roles.iter();
    roles.filter_map(|role| Player::of_group(&role.name, &workload, &role.name, words)).collect()
}

/// What workloads answer to the RoleCoordinations that refer to them; `true`: the object has a
/// review of its own. `namespace` stands for an absent `metadata.namespace`. Of `objects` none is
/// looked at if no coordination refers to any.
pub fn answers(
    coordinations: impl Iterator<Item = impl Borrow<Value>>,
    objects: impl Iterator<Item = (bool, impl Borrow<Value>)>,
    namespace: &str,
) -> Vec<(Reference, Answer)> {
    let mut asked: Vec<Reference> = Vec::new();
    for value in coordinations {
        let value = value.borrow();
        let Some(object) = read::reference(value).filter(is_coordination) else { continue };
        let Some(mut group) = check::check(value).0 else { continue };
        group.namespace =
            if object.namespace.is_empty() { namespace.to_owned() } else { object.namespace };
        asked.extend(group.roles.iter().filter_map(|role| reference(&group, &role.source)));
    }
    asked.sort();
    asked.dedup();
    let mut found: Vec<(Reference, Answer)> = Vec::new();
    if asked.is_empty() {
        return found;
    }
    for (is_reviewed, value) in objects {
        let value = value.borrow();
        let Some(object) = read::reference(value) else { continue };
        let is = |one: &&Reference| is_of(one, &object, namespace);
        for reference in asked.iter().filter(is) {
            if !found.iter().any(|(known, _)| known == reference) {
                let workload = Workload { written: value.clone(), is_reviewed };
                found.push((reference.clone(), Answer::Workload(Box::new(workload))));
            }
        }
    }
    found
}

/// What workloads whose templates name a coordination in the long form answer for it; `true`: the
/// object has a review of its own. `namespace` stands for an absent `metadata.namespace`.
pub fn long_forms(
    objects: impl Iterator<Item = (bool, impl Borrow<Value>)>,
    namespace: &str,
) -> Vec<(Reference, Answer)> {
    let mut found: BTreeMap<Reference, Vec<Workload>> = BTreeMap::new();
    for (is_reviewed, value) in objects {
        let value = value.borrow();
        let Some(name) = in_long_form(value) else { continue };
        let Some(object) = read::reference(value) else { continue };
        let own = object.namespace;
        let namespace = if own.is_empty() { namespace.to_owned() } else { own };
        let reference = Reference::LongForm { namespace, name: name.to_owned() };
        let all = found.entry(reference).or_default();
        if all.len() < MOST_WORKLOADS {
            all.push(Workload { written: value.clone(), is_reviewed });
        }
    }
    let answer = |(reference, all)| (reference, Answer::Workloads(Arc::new(all)));
    found.into_iter().map(answer).collect()
}

/// The coordination that the template of a workload names in the long form.
#[must_use]
pub fn in_long_form(value: &Value) -> Option<&str> {
    let annotations = read::below(value, &["spec", "template", "metadata", "annotations"])?;
    // The name comes first, and in the short form alone.
    let mut said = annotations.get(keys::COORDINATE)?.as_str()?.split_whitespace();
    said.next().filter(|_| said.next().is_some())
}

/// No more workloads of one coordination in the long form are kept.
const MOST_WORKLOADS: usize = 64;

/// Whether a reference to a workload means this object; versions of one kind are the same object.
#[must_use]
pub fn is_of(reference: &Reference, object: &ObjectRef, namespace: &str) -> bool {
    let Reference::Workload { object: asked } = reference else {
        return false;
    };
    let own = if object.namespace.is_empty() { namespace } else { &object.namespace };
    asked.group() == object.group()
        && asked.kind == object.kind
        && asked.name == object.name
        && asked.namespace == own
}

/// Whether an object may play a role: it has a pod template, or is a group that coordinations know.
#[must_use]
pub fn may_play(object: &ObjectRef, written: &Value) -> bool {
    let of_group = || {
        placecard_language::coordination::GROUP_KINDS
            .iter()
            .any(|(group, kind, _)| *group == object.group() && *kind == object.kind)
    };
    kinds::find(object.group(), &object.kind).is_some_and(|row| !row.template.is_empty())
        || written.pointer("/spec/template/spec").is_some()
        || of_group()
}
