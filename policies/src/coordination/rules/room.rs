//! Batches that no domain of a cluster could hold, even if nothing ran there.
//!
//! What is found by sums and by what nodes lack has a certificate; where that finds no reason, the
//! pods are placed by trial, and only if no way is left is anything said.

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::batches::empty::whole;
use placecard_feasibility::batches::misfit::{asked, misfits};
use placecard_feasibility::batches::trial::{Outcome, trial};
use placecard_feasibility::batches::{Batch, DECISIONS, Member, domains};
use placecard_feasibility::certificate::{Argument, BatchCover, Certificate, Misfit, verify_batch};
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::profile::Profile;
use placecard_findings::Finding;

use super::{Part, Scene};
use crate::bounds;
use crate::cluster::Cluster;
use crate::stored::next_pod;
use crate::words;

/// A batch of more pods than this is not tried.
const MOST_PODS: u64 = 4_096;

/// The nodes of a cluster, and who schedules there.
pub(crate) struct Ground {
    pub(crate) inventory: Inventory,
    semantics: Semantics,
    profile: Profile,
    /// What a report calls it.
    pub(crate) name: String,
    /// No other kinds of nodes will come.
    pub(crate) closed: bool,
}

/// A batch that fits nowhere, for the words.
pub(crate) struct Misfits<'a> {
    pub(crate) ground: &'a Ground,
    pub(crate) parts: &'a [Part<'a>],
    pub(crate) first: &'a Part<'a>,
    /// One pod of each role, and how many of them there are.
    pub(crate) batch: &'a [(Pod, u64)],
    /// Why, as far as that is a matter of sizes and of what nodes lack.
    pub(crate) cover: &'a BatchCover,
    /// How many domains there are.
    pub(crate) domains: usize,
    /// The proof, if those are all of the reasons.
    pub(crate) certificate: Option<Certificate>,
    /// Ratios that fit.
    pub(crate) smaller: Option<Vec<u64>>,
    /// Wider domains that hold a batch.
    pub(crate) wider: Option<String>,
}

/// What a cluster says of a coordination all of whose roles are known.
pub(super) fn of_coordination(scene: &Scene<'_>, parts: &[Part<'_>]) -> Option<Finding> {
    let first = parts.first()?;
    if parts.len() != first.coordination.roles.len() {
        return None;
    }
    let (ground, batch) = judged(scene, parts)?;
    let nodes = &ground.inventory.nodes;
    if ground.inventory.is_unknown(Kind::Node) || nodes.is_empty() {
        return None;
    }
    let key = first.affinity.topology_key.as_str();
    let labelled = nodes.values().filter(|node| node.labels.contains_key(key)).count();
    if labelled == 0 && ground.inventory.templates.is_empty() {
        return Some(words::room::no_domain(scene, first, &ground));
    }
    let found = misfit(scene, parts, &ground, &batch);
    let missing = nodes.len() - labelled;
    found.or_else(|| (missing > 0).then(|| words::room::unlabelled(scene, first, &ground, missing)))
}

/// The cluster, and one pod of each role.
fn judged(scene: &Scene<'_>, parts: &[Part<'_>]) -> Option<(Ground, Vec<(Pod, u64)>)> {
    let surroundings = scene.surroundings;
    let mut batch = Vec::new();
    let mut ground: Option<Ground> = None;
    for part in parts {
        let object = &part.player.object;
        let local;
        let (cluster, nodes): (&Cluster, _) = match (&surroundings.cluster, &surroundings.live) {
            (Some(cluster), _) => (cluster, None),
            (None, Some(live)) if live.knows_nodes() => {
                local = live.local(object, &surroundings.words);
                (&local, Some(live))
            }
            (None, _) => return None,
        };
        let stored = bounds::with_subject(object, surroundings, |subject| {
            next_pod(cluster, object, subject.template, subject.spec).ok()
        });
        let pod = stored??.pod;
        if ground.is_none() {
            let inventory = match nodes {
                Some(live) => live.nodes(&surroundings.words),
                None => of_nodes(&cluster.inventory),
            };
            ground = Some(Ground {
                inventory,
                semantics: cluster.semantics,
                profile: cluster.profile_of(&pod)?.into_owned(),
                name: cluster.name.clone(),
                closed: cluster.closed,
            });
        }
        batch.push((pod, u64::from(part.ratio).saturating_mul(part.player.pods)));
    }
    Some((ground?, batch))
}

fn of_nodes(inventory: &Inventory) -> Inventory {
    Inventory {
        nodes: inventory.nodes.clone(),
        templates: inventory.templates.clone(),
        unknown: inventory.unknown.clone(),
        ..Inventory::default()
    }
}

fn misfit(
    scene: &Scene<'_>,
    parts: &[Part<'_>],
    ground: &Ground,
    batch: &[(Pod, u64)],
) -> Option<Finding> {
    let pods = batch.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
    let key = parts.first()?.affinity.topology_key.as_str();
    let (cover, left) = misfits(&ground.inventory, key, batch, ground.semantics, &ground.profile);
    if no_node_at_all(&cover, ground) {
        return None;
    }
    let has_templates = !ground.inventory.templates.is_empty();
    let is_open = !left.is_empty() || has_templates;
    if is_open && (pods > MOST_PODS || may_fit(ground, key, batch, &cover)) {
        return None;
    }
    let argument = Argument::Batch(cover.clone());
    let certificate = Certificate { assume: argument.needs(), core: Vec::new(), argument };
    let verified = verify_batch(&certificate, &ground.inventory, batch, ground.semantics).is_ok();
    let domains = cover.domains.len() + left.len();
    let fits = |key: &str, batch: &[(Pod, u64)]| {
        let (cover, _) = misfits(&ground.inventory, key, batch, ground.semantics, &ground.profile);
        does_fit(ground, key, batch, &cover)
    };
    // Ratios count replicas.
    let are_pods = parts.iter().all(|part| part.player.pods == 1);
    let smaller =
        if pods > MOST_PODS || !are_pods { None } else { smaller(batch, |batch| fits(key, batch)) };
    let levels: Vec<&String> =
        scene.surroundings.words.levels.iter().map(|level| &level.key).collect();
    let at = levels.iter().position(|one| *one == key).unwrap_or(levels.len());
    let mut wider = levels.get(..at).unwrap_or_default().iter().rev();
    let wider = wider.find(|key| pods <= MOST_PODS && fits(key, batch));
    Some(words::room::misfit(
        scene,
        &Misfits {
            ground,
            parts,
            first: parts.first()?,
            batch,
            cover: &cover,
            domains,
            certificate: verified.then_some(certificate),
            smaller,
            wider: wider.map(|key| (*key).clone()),
        },
    ))
}

/// A role that no node takes at all has nothing to do with its batch: that is told where its
/// workload is reviewed.
fn no_node_at_all(cover: &BatchCover, ground: &Ground) -> bool {
    let mut excluded: BTreeMap<usize, BTreeSet<&String>> = BTreeMap::new();
    for misfit in cover.domains.values() {
        if let Misfit::NoNode { role, excluded: nodes } = misfit {
            excluded.entry(*role).or_default().extend(nodes.keys());
        }
    }
    excluded.values().any(|nodes| nodes.len() == ground.inventory.nodes.len())
}

/// The ratios divided by the smallest number with which a batch fits.
fn smaller(batch: &[(Pod, u64)], fits: impl Fn(&[(Pod, u64)]) -> bool) -> Option<Vec<u64>> {
    let divisor = batch.iter().fold(0, |all, (_, count)| gcd(all, *count));
    let divided = |by: u64| -> Vec<(Pod, u64)> {
        batch.iter().map(|(pod, count)| (pod.clone(), count / by)).collect()
    };
    let by = (2..=divisor.min(MOST_PODS)).find(|by| divisor % by == 0 && fits(&divided(*by)))?;
    Some(batch.iter().map(|(_, count)| count / by).collect())
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Whether a domain that is not covered might hold the batch.
fn may_fit(ground: &Ground, key: &str, batch: &[(Pod, u64)], cover: &BatchCover) -> bool {
    try_domains(ground, key, batch, cover, |outcome| !matches!(outcome, Outcome::Stuck(_)))
}

/// Whether a domain surely holds the batch.
fn does_fit(ground: &Ground, key: &str, batch: &[(Pod, u64)], cover: &BatchCover) -> bool {
    try_domains(ground, key, batch, cover, |outcome| matches!(outcome, Outcome::Fits(_)))
}

fn try_domains(
    ground: &Ground,
    key: &str,
    batch: &[(Pod, u64)],
    cover: &BatchCover,
    is: impl Fn(&Outcome) -> bool,
) -> bool {
    let whole_batch = Batch { number: 0, members: members(batch), domain: None };
    let mut whole = whole(&ground.inventory, &whole_batch, ground.semantics, &ground.profile);
    let all = domains(&whole.state, key);
    // What a template could bring is not known where it is open; then it may fit.
    if whole.open {
        return true;
    }
    let mut left: Vec<(&String, &Vec<u32>)> =
        all.iter().filter(|(value, _)| !cover.domains.contains_key(*value)).collect();
    left.sort_by_key(|(_, nodes)| std::cmp::Reverse(nodes.len()));
    left.into_iter().any(|(value, nodes)| {
        let domain = (key, value.as_str(), nodes.as_slice());
        let outcome = trial(&mut whole.state, &whole.batch, domain, DECISIONS, false, false);
        is(&outcome)
    })
}

/// The pods of a batch, each with a name of its own.
fn members(batch: &[(Pod, u64)]) -> Vec<Member> {
    let mut members = Vec::new();
    for (role, (pod, count)) in batch.iter().enumerate() {
        for number in 0..*count {
            // No pod has such a name.
            let name = format!("{}/{role}/{number}", pod.name);
            let pod = Pod { name, uid: String::new(), node: None, ..pod.clone() };
            members.push(Member { role, pod });
        }
    }
    members
}

/// What a batch asks for together.
pub(crate) fn asked_by(batch: &[(Pod, u64)]) -> BTreeMap<String, i64> {
    asked(batch)
}
