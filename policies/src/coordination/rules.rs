//! What can be refused of a coordination before it hurts: facts of a group and of those who play
//! its roles come in, findings come out.
//!
//! What concerns one role is said at the workload that plays it, what several roles have to do with
//! one another at the object that holds the coordination. Objects are applied in any order, so
//! whatever two of them make together denies neither; what is not known is taken for nothing.

pub(crate) mod annotation;
pub(crate) mod apart;
pub(crate) mod autoscaled;
mod counts;
mod elsewhere;
mod long_form;
mod nodes;
pub(crate) mod order;
mod readiness;
pub(crate) mod room;

use std::collections::BTreeMap;

use placecard_findings::{FieldPath, Finding, ObjectRef, Site};
use placecard_language::coordination::inline;
use placecard_language::coordination::sentence::Coordinate;
use placecard_language::coordination::{
    AffinityScheduling, Coordination, Group, Source, Strategy, check as language,
};
use placecard_language::keys;
use serde_json::Value;

use crate::coordination::membership::{Membership, Subject, membership};
use crate::coordination::players::{self, Player};
use crate::object::{Object, Template};
use crate::surroundings::{Answer, Reference, Surroundings};

/// Where a group is written.
#[derive(Clone, Debug)]
pub(crate) enum Home {
    /// In an object with a list of coordinations.
    Object {
        /// The object.
        object: ObjectRef,
        /// The list, from its root.
        list: FieldPath,
        /// The roles, from its root.
        roles: FieldPath,
    },
    /// In the annotation of the only role.
    Words {
        /// The words.
        site: Site,
        /// As they are written.
        quote: String,
        /// The words of each role, where several templates make the group together.
        others: BTreeMap<String, (Site, String)>,
    },
}

impl Home {
    /// A RoleCoordination.
    pub(crate) fn of_resource(object: ObjectRef) -> Self {
        let (list, roles) =
            (FieldPath::of(&["spec", "coordination"]), FieldPath::of(&["spec", "roles"]));
        Self::Object { object, list, roles }
    }

    fn of_group(group: &Group) -> Self {
        Self::of_resource(ObjectRef {
            api_version: keys::API_VERSION.to_owned(),
            kind: keys::COORDINATION_KIND.to_owned(),
            namespace: group.namespace.clone(),
            name: group.name.clone(),
        })
    }
}

/// A group, and where it is written.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) group: &'a Group,
    pub(crate) home: &'a Home,
    /// The object under review.
    pub(crate) reviewed: &'a ObjectRef,
    pub(crate) surroundings: &'a Surroundings,
}

/// A role of a coordination, and who plays it.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) player: &'a Player,
    /// The coordination by its place in the list.
    pub(crate) index: usize,
    pub(crate) coordination: &'a Coordination,
    pub(crate) affinity: &'a AffinityScheduling,
    /// Replicas in one batch, at least 1.
    pub(crate) ratio: u32,
}

impl<'a> Scene<'a> {
    fn part(&self, player: &'a Player) -> Option<Part<'a>> {
        let mut all = self.group.coordinations.iter().enumerate();
        all.find_map(|(index, coordination)| {
            let Strategy::AffinityScheduling(affinity) = &coordination.strategy else {
                return None;
            };
            let ratio = *affinity.ratios.get(&player.role)?;
            Some(Part { player, index, coordination, affinity, ratio: ratio.max(1) })
        })
    }

    /// Where a ratio is written.
    pub(crate) fn ratio(&self, part: &Part<'_>) -> Site {
        if let Home::Words { others, .. } = self.home
            && let Some((site, _)) = others.get(&part.player.role)
        {
            return site.clone();
        }
        self.strategy(part.index, &["ratios", &part.player.role])
    }

    /// A field of the strategy; the long form is one for all.
    pub(crate) fn strategy(&self, index: usize, field: &[&str]) -> Site {
        match &self.home {
            Home::Object { object, list, .. } => {
                let path = list.index(index).keys(&["strategy", "affinityScheduling"]);
                Site::value(path.keys(field)).in_object(object.clone())
            }
            Home::Words { site, .. } => site.clone(),
        }
    }

    /// The words of the long form.
    pub(crate) fn quote(&self, part: &Part<'_>) -> &str {
        match &self.home {
            Home::Object { .. } => "",
            Home::Words { quote, others, .. } => {
                others.get(&part.player.role).map_or(quote, |(_, words)| words)
            }
        }
    }

    /// Where a role is defined.
    pub(crate) fn role(&self, role: &str) -> Site {
        match &self.home {
            Home::Object { object, roles, .. } => {
                let index = self.group.roles.iter().position(|one| one.name == role);
                let path = roles.index(index.unwrap_or_default()).key("name");
                Site::value(path).in_object(object.clone())
            }
            Home::Words { site, .. } => site.clone(),
        }
    }

    /// The finding with its places as seen from the object under review.
    fn seen(&self, mut finding: Finding) -> Finding {
        for label in &mut finding.labels {
            if label.site.object.as_ref() == Some(self.reviewed) {
                label.site.object = None;
            }
        }
        finding
    }
}

/// What a RoleCoordination has to know of others: who plays its roles.
pub(crate) fn references(written: &Value, namespace: &str, found: &mut Vec<Reference>) {
    let Some(mut group) = language::check(written).0 else { return };
    namespace.clone_into(&mut group.namespace);
    for role in &group.roles {
        found.extend(players::reference(&group, &role.source));
        if let Source::Workload { kind, name, .. } = &role.source {
            let (kind, name) = (kind.as_str().into(), name.as_str().into());
            found.push(Reference::Autoscaler { kind, namespace: namespace.into(), name });
        }
    }
}

/// What is wrong between a RoleCoordination and those who play its roles, or inside a
/// RoleBasedGroup with coordinations.
pub(crate) fn of_resource(
    object: &Object,
    group: &Group,
    surroundings: &Surroundings,
) -> Vec<Finding> {
    let mut group = group.clone();
    group.namespace.clone_from(&object.reference.namespace);
    let home = Home::of_resource(object.reference.clone());
    let players = match &object.coordination {
        // The roles are those of the object itself.
        Some(written) if inline::is_home(written) => players::inside(&group, written, surroundings),
        _ => players::players(&group, surroundings),
    };
    let scene = Scene { group: &group, home: &home, reviewed: &object.reference, surroundings };
    of_group(&scene, &players)
}

/// What is wrong between a group and those who play its roles.
pub(crate) fn of_group(scene: &Scene<'_>, players: &[Player]) -> Vec<Finding> {
    let parts: Vec<Part<'_>> = players.iter().filter_map(|player| scene.part(player)).collect();
    let mut findings = Vec::new();
    for part in parts.iter().filter(|part| !part.player.speaks) {
        findings.extend(of_part(scene, part));
    }
    let silent = parts.iter().filter(|part| !part.player.is_reviewed);
    findings.extend(silent.filter_map(|part| annotation::missing(scene, part)));
    for index in 0..scene.group.coordinations.len() {
        let parts: Vec<Part<'_>> =
            parts.iter().filter(|part| part.index == index).copied().collect();
        findings.extend(counts::unequal(scene, &parts));
        findings.extend(order::one_role_after_another(scene, &parts));
        findings.extend(apart::of_roles(scene, &parts));
        let disjoint = nodes::disjoint(scene, &parts);
        if disjoint.is_none() {
            findings.extend(room::of_coordination(scene, &parts));
        }
        findings.extend(disjoint);
        findings.extend(autoscaled::of_roles(scene, &parts));
    }
    findings.into_iter().map(|finding| scene.seen(finding)).collect()
}

/// What is wrong with one role and who plays it.
fn of_part(scene: &Scene<'_>, part: &Part<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(counts::indivisible(scene, part));
    findings.extend(order::one_by_one(scene, part));
    findings.extend(order::after_leader(scene, part));
    findings.extend(apart::of_role(scene, part));
    findings.extend(readiness::without_probe(scene, part));
    findings.extend(autoscaled::of_role(scene, part));
    findings.extend(elsewhere::exclusive(scene, part));
    findings
}

/// What is wrong with a workload in its role.
pub(crate) fn of_workload(
    object: &Object,
    template: &Template,
    coordinate: Option<&Coordinate>,
    surroundings: &Surroundings,
) -> Vec<Finding> {
    if object.is_pod() {
        return Vec::new();
    }
    let unnamed = annotation::of_workload(object, template, surroundings);
    let Some(coordinate) = coordinate.filter(|_| unnamed.is_none()) else {
        return unnamed.into_iter().collect();
    };
    let namespace = &object.reference.namespace;
    let group = match coordinate.group(namespace) {
        Some(group) => group,
        None => {
            let (namespace, name) = (namespace.clone(), coordinate.name.clone());
            let reference = Reference::Coordination { namespace, name };
            let Some(Answer::Coordination(group)) = surroundings.objects.get(&reference) else {
                return Vec::new();
            };
            Group::clone(group)
        }
    };
    let subject =
        Subject { namespace, labels: &template.labels, coordinate: Some(coordinate), object };
    let groups = [group];
    let Membership::Member(member) = membership(&subject, &groups) else { return Vec::new() };
    let [group] = &groups;
    let home = match &coordinate.own {
        None => Home::of_group(group),
        Some(_) => {
            let origin = &coordinate.origin;
            let site = Site::within(template.annotation(origin.key), origin.span.clone());
            let site = site.in_object(object.reference.clone());
            Home::Words { site, quote: origin.text.clone(), others: BTreeMap::new() }
        }
    };
    let player = Player::under_review(&member.role, object);
    let scene = Scene { group, home: &home, reviewed: &object.reference, surroundings };
    let Some(part) = scene.part(&player) else { return Vec::new() };
    let mut findings: Vec<Finding> =
        of_part(&scene, &part).into_iter().map(|finding| scene.seen(finding)).collect();
    if coordinate.own.is_some() {
        findings.extend(long_form::unequal(object, coordinate, surroundings));
    }
    findings
}
