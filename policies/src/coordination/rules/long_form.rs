//! Templates that make a coordination together which no object describes: each says its own part of
//! it, in the long form of the annotation.

use std::collections::BTreeMap;

use placecard_findings::{Finding, Site};
use placecard_language::coordination::sentence::{self, Coordinate};
use placecard_language::coordination::{Group, Strategy};
use placecard_language::keys;

use super::{Home, Part, Scene, counts};
use crate::coordination::players::Player;
use crate::object::Object;
use crate::surroundings::{Answer, Reference, Surroundings, Workload};
use crate::words;

/// Roles that are enough for different numbers of batches. It is told once: at the role with the
/// fewest, or where that has no review of its own, at the one with the most.
pub(super) fn unequal(
    object: &Object,
    coordinate: &Coordinate,
    surroundings: &Surroundings,
) -> Option<Finding> {
    let namespace = &object.reference.namespace;
    let (at, name) = (namespace.clone(), coordinate.name.clone());
    let reference = Reference::LongForm { namespace: at, name };
    let Some(Answer::Workloads(all)) = surroundings.objects.get(&reference) else { return None };
    let mut group = coordinate.group(namespace)?;
    let (mut players, mut sites) = (Vec::new(), BTreeMap::new());
    for workload in all.iter() {
        let Some((player, coordinate, site)) = part(workload, &group, surroundings) else {
            continue;
        };
        let Some(own) = &coordinate.own else { continue };
        // Of several that play a role the first counts, as for the plan.
        if sites.contains_key(&own.role) {
            continue;
        }
        add(&mut group, &own.role, own.ratio);
        sites.insert(own.role.clone(), (site, coordinate.origin.text.clone()));
        players.push(player);
    }
    let home = Home::Words { site: Site::default(), quote: String::new(), others: sites };
    let scene = Scene { group: &group, home: &home, reviewed: &object.reference, surroundings };
    let parts: Vec<Part<'_>> = players.iter().filter_map(|player| scene.part(player)).collect();
    let (most, least) = counts::extremes(&scene, &parts)?;
    let teller = if least.0.player.is_reviewed { least } else { most };
    let tells = teller.0.player.object.reference == object.reference;
    tells.then(|| scene.seen(words::roles::unequal(&scene, most, least)))
}

/// The role of a workload, what its template says of it, and where.
fn part(
    workload: &Workload,
    group: &Group,
    surroundings: &Surroundings,
) -> Option<(Player, Coordinate, Site)> {
    let words = &surroundings.words;
    let mut player = Player::of_workload("", workload, group, words)?;
    let template = player.object.templates.first()?;
    let said = template.annotations.get(keys::COORDINATE)?;
    let coordinate = sentence::read(said, words).0?;
    let site = Site::within(template.annotation(keys::COORDINATE), coordinate.origin.span.clone());
    let site = player.at(site);
    player.role.clone_from(&coordinate.own.as_ref()?.role);
    Some((player, coordinate, site))
}

fn add(group: &mut Group, role: &str, ratio: u32) {
    for coordination in &mut group.coordinations {
        if let Strategy::AffinityScheduling(affinity) = &mut coordination.strategy {
            affinity.ratios.insert(role.to_owned(), ratio);
        }
    }
}
