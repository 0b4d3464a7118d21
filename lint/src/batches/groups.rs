//! The roles of other controllers' groups, from the templates of the groups.

use std::sync::Arc;

use placecard_language::coordination::Group;
use placecard_language::keys;
use placecard_policies::cluster::Cluster;
use placecard_policies::coordination::crew::{self, Crew};
use placecard_policies::coordination::forecast::{Cast, Part};
use placecard_policies::object::Object;
use placecard_policies::read;
use placecard_policies::review::review;
use placecard_policies::surroundings::Surroundings;
use placecard_policies::template_pod::Unjudged;
use serde_json::Value;

use super::{Found, Player, member_of};
use crate::plan::Ask;
use crate::run::{Judged, Planned};
use crate::why::pods::next;

/// Who plays a role by the labels of its group.
pub(super) fn crew_of(
    judged: &Judged,
    cluster: &Cluster,
    value: &Value,
    groups: &[Group],
    ask: &Ask,
) -> Vec<Found> {
    let crews = crew::crews(value);
    let Some(reference) = read::reference(value).filter(|_| !crews.is_empty()) else {
        return Vec::new();
    };
    let namespace = match reference.namespace.as_str() {
        "" => ask.namespace.clone().unwrap_or_default(),
        own => own.to_owned(),
    };
    let surroundings = Surroundings {
        words: Arc::clone(&judged.words),
        objects: judged.answers.clone(),
        server: ask.inputs.server,
        ..Surroundings::default()
    };
    let mut found = Vec::new();
    for crew in crews {
        let Some(first) = crew.parts.first() else { continue };
        let labelled = crew::pod(&first.template, &namespace, &crew.name, &crew.labels);
        let Some(object) = pod(&labelled, &surroundings) else { continue };
        let of = object.templates.first();
        let Some(member) = of.and_then(|of| member_of(&object, of, groups, &judged.words)) else {
            continue;
        };
        let cast = cast(&member.role, &crew, &namespace, cluster, &surroundings);
        let name = match crew.inside.as_str() {
            "" => reference.to_string(),
            inside => format!("{inside} of {reference}"),
        };
        found.push((namespace.clone(), member, Player { name, cast }));
    }
    found
}

fn pod(value: &Value, surroundings: &Surroundings) -> Option<Object> {
    let mut object = read::object(value, &surroundings.words).ok()?;
    read::keep_written(&mut object, value);
    Some(object)
}

/// The pods of the role as they would be stored. What a batch adds is not looked at here, so neither
/// are the words that say which coordination they are in.
fn cast(
    role: &str,
    crew: &Crew,
    namespace: &str,
    cluster: &Cluster,
    surroundings: &Surroundings,
) -> Result<Cast, Unjudged> {
    let mut parts = Vec::new();
    for part in &crew.parts {
        let mut bare = crew::pod(&part.template, namespace, &crew.name, &[]);
        if let Some(Value::Object(own)) = bare.pointer_mut("/metadata/annotations") {
            own.remove(keys::COORDINATE);
        }
        let object = pod(&bare, surroundings).ok_or(Unjudged::Partial)?;
        let planned: Vec<Planned> = review(&object, surroundings)
            .expansions
            .into_iter()
            .map(|expansion| Planned { expansion, from_written: true })
            .collect();
        let template = object.templates.first().ok_or(Unjudged::Partial)?;
        let stored = next(Some(&planned), cluster, &object, template)?;
        parts.push(Part { pod: stored.pod, suffixes: part.suffixes.clone() });
    }
    Ok(Cast {
        role: role.to_owned(),
        replicas: crew.replicas,
        start: 0,
        name: crew.name.clone(),
        parts,
    })
}
