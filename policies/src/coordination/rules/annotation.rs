//! Templates that do not say that their pods are in a coordination: without that nobody asks.

use placecard_findings::{Finding, Site, api_group};
use placecard_language::coordination::{Group, Source};
use placecard_language::keys;

use super::{Home, Part, Scene};
use crate::coordination::players::{self, Player};
use crate::object::{Object, Template};
use crate::surroundings::{Answer, Reference, Surroundings};
use crate::words;

/// What has to be known of others, if it is at hand: the coordinations of the namespace.
pub(crate) fn reference(object: &Object) -> Option<Reference> {
    let namespace = object.reference.namespace.clone();
    let holds_pods = !object.is_pod() && !object.templates.is_empty();
    (holds_pods && object.controller().is_none()).then_some(Reference::Cast { namespace })
}

/// A workload under review that plays a role in a coordination that its template does not name.
pub(super) fn of_workload(
    object: &Object,
    template: &Template,
    surroundings: &Surroundings,
) -> Option<Finding> {
    let reference = reference(object)?;
    let namespace = object.reference.namespace.clone();
    let known = surroundings.objects.get(&reference);
    let known = known.or_else(|| surroundings.objects.get(&Reference::Coordinations { namespace }));
    let Some(Answer::Coordinations(roster)) = known else { return None };
    let of = |group: &Group| group.roles.iter().find(|role| plays(object, &role.source)).cloned();
    roster.groups().iter().find_map(|group| {
        let role = of(group)?;
        if players::names(template, &group.name, &surroundings.words) {
            return None;
        }
        let home = Home::of_group(group);
        let player = Player { names: false, ..Player::under_review(&role.name, object) };
        let scene = Scene { group, home: &home, reviewed: &object.reference, surroundings };
        let part = scene.part(&player)?;
        missing(&scene, &part).map(|finding| scene.seen(finding))
    })
}

fn plays(object: &Object, source: &Source) -> bool {
    let Source::Workload { api_version, kind, name } = source else { return false };
    let own = &object.reference;
    api_group(api_version) == own.group() && *kind == own.kind && *name == own.name
}

/// A workload that plays a role, and whose template names no coordination, or another one.
pub(super) fn missing(scene: &Scene<'_>, part: &Part<'_>) -> Option<Finding> {
    let template = part.player.object.templates.first()?;
    let role = scene.group.role(&part.player.role)?;
    if part.player.names || !matches!(role.source, Source::Workload { .. }) {
        return None;
    }
    let written = template.annotations.get(keys::COORDINATE);
    let metadata = template.path.key("metadata");
    let site = match written {
        Some(_) => Site::value(template.annotation(keys::COORDINATE)),
        None if template.annotations.is_empty() => Site::key(metadata),
        None => Site::key(metadata.key("annotations")),
    };
    let site = part.player.at(site);
    Some(words::roles::not_coordinated(scene, part, site, written.map(String::as_str)))
}
