//! Where the batches of role coordinations would go, and how their rollouts would.

mod groups;
mod human;
mod rollouts;

use std::collections::BTreeMap;
use std::io::Read;

use placecard_findings::Severity;
use placecard_language::coordination::{Group, inline, sentence};
use placecard_language::{Words, keys};
use placecard_policies::cluster::Cluster;
use placecard_policies::coordination::forecast::{Cast, Forecast, Part, TooMany, forecast};
use placecard_policies::coordination::membership::{Member, Membership, Subject, membership};
use placecard_policies::coordination::troupe::{Troupe, troupes};
use placecard_policies::coordination::{check, is_coordination};
use placecard_policies::feasibility::batches::plan::Waiting;
use placecard_policies::feasibility::batches::room::Room;
use placecard_policies::feasibility::inventory::pod::Pod;
use placecard_policies::feasibility::state::State;
use placecard_policies::object::{Object, Template};
use placecard_policies::read;
use placecard_policies::template_pod::Unjudged;
use placecard_policies::words;
use serde_json::{Value, json};

use self::groups::crew_of;
use self::rollouts::Rollout;
use crate::cluster_of::{self, Taken};
use crate::index::Role;
use crate::plan::{Ask, Look};
use crate::run::{Judged, in_namespace, words_of};
use crate::why::pods::{judged_of, next};
use crate::{Outcome, complaining};

/// A workload that plays a role.
struct Player {
    /// Its name in reports.
    name: String,
    cast: Result<Cast, Unjudged>,
}

/// A role, and who plays it.
type Found = (String, Member, Player);

/// One coordination, and what becomes of its batches.
struct Report {
    troupe: Troupe<Player>,
    found: Result<Forecast, Obstacle>,
}

/// Why there is no forecast.
enum Obstacle {
    /// Nobody plays these roles, or more than one workload does, or what plays it is not judged.
    Roles,
    /// There are too many pods.
    TooMany(TooMany),
}

/// Answers `placecard plan`.
///
/// # Errors
/// Why it could not run.
pub(crate) fn answer(ask: &Ask, look: Look, stdin: &mut dyn Read) -> Result<Outcome, String> {
    let words = words_of(&ask.inputs, stdin)?;
    let Taken { mut cluster, server, complaints, .. } =
        cluster_of::read(&ask.cluster, &ask.inputs, &words, stdin)?;
    let ask = &ask.read_by(server);
    let judged = judged_of(ask, &mut cluster, words.clone(), stdin)?;
    let (groups, own) = groups(&judged, ask.namespace.as_deref())?;
    let reports = reports(&judged, &cluster, &words, &groups, ask);
    let own = groups.get(..own).unwrap_or_default();
    let rollouts = rollouts::rollouts(&judged, own, &words, ask);
    if reports.is_empty() && rollouts.is_empty() {
        return Err(format!("no role coordination in {}", ask.words.join(", ")));
    }
    let waits = |one: &Report| one.found.as_ref().map_or(true, |found| !found.waiting.is_empty());
    let is_open = reports.iter().any(waits) || rollouts.iter().any(Rollout::is_blocked);
    let worst = is_open.then_some(Severity::Error);
    let output = match ask.json {
        true => to_json(&cluster, &reports, &rollouts),
        false => {
            let mut texts = human::render(&cluster, &reports, ask.all, look);
            texts.extend(rollouts.iter().map(|one| rollouts::render(one, ask.all, look)));
            texts.join("\n")
        }
    };
    let complaints = complaining(&complaints);
    Ok(Outcome { worst, fail_on: Some(Severity::Error), complaints, ..Outcome::output(output) })
}

/// The RoleCoordinations among the manifests, and what says the same inside a group; with the number
/// of the former, which come first.
///
/// # Errors
/// One of them is not valid.
fn groups(judged: &Judged, namespace: Option<&str>) -> Result<(Vec<Group>, usize), String> {
    let mut groups: Vec<Group> = Vec::new();
    for (_, _, value) in judged.index.objects() {
        let Some(object) = read::reference(&value).filter(is_coordination) else { continue };
        let (Some(mut group), _) = check(&value) else {
            return Err(format!("{object} is not valid: placecard lint says why"));
        };
        if group.namespace.is_empty() {
            group.namespace = namespace.unwrap_or_default().to_owned();
        }
        groups.push(group);
    }
    let own = groups.len();
    for (_, _, value) in judged.index.objects().filter(|(_, _, value)| inline::is_written(value)) {
        let name = read::reference(&value).map(|object| object.to_string()).unwrap_or_default();
        let (Some(mut group), _) = check(&value) else {
            return Err(format!("{name} is not valid: placecard lint says why"));
        };
        if group.namespace.is_empty() {
            group.namespace = namespace.unwrap_or_default().to_owned();
        }
        groups.push(group);
    }
    Ok((groups, own))
}

fn reports(
    judged: &Judged,
    cluster: &Cluster,
    words: &Words,
    groups: &[Group],
    ask: &Ask,
) -> Vec<Report> {
    let namespace = ask.namespace.as_deref();
    let mut members: Vec<Found> = Vec::new();
    for (id, role, value) in judged.index.objects().filter(|(_, role, _)| *role != Role::Vocabulary)
    {
        members.extend(crew_of(judged, cluster, &value, groups, ask));
        let Ok(mut object) = read::object(&value, words) else { continue };
        in_namespace(&mut object, namespace);
        read::keep_written(&mut object, &value);
        for template in &object.templates {
            let Some(member) = member_of(&object, template, groups, words) else { continue };
            let known = if role == Role::Judged { judged.expansions.get(&id) } else { None };
            let cast = next(known, cluster, &object, template)
                .map(|stored| cast(&member.role, &object, &value, stored.pod));

            let name = object.reference.to_string();
            members.push((object.reference.namespace.clone(), member, Player { name, cast }));
        }
    }
    let mut state = State::of(&cluster.inventory, cluster.semantics);
    troupes(groups, members)
        .into_iter()
        .map(|troupe| {
            let found = foresee(&mut state, cluster, words, &troupe);
            Report { troupe, found }
        })
        .collect()
}

fn member_of(
    object: &Object,
    template: &Template,
    groups: &[Group],
    words: &Words,
) -> Option<Member> {
    let said = template.annotations.get(keys::COORDINATE);
    let coordinate = said.and_then(|value| sentence::read(value, words).0);
    let subject = Subject {
        namespace: &object.reference.namespace,
        labels: &template.labels,
        coordinate: coordinate.as_ref(),
        object,
    };
    match membership(&subject, groups) {
        Membership::Member(member) => Some(*member),
        _ => None,
    }
}

/// The pods of a workload as those of a role.
fn cast(role: &str, object: &Object, value: &Value, pod: Pod) -> Cast {
    let replicas = match object.parallel.completions.or(object.parallel.parallelism) {
        Some(pods) if object.kind.is_some_and(|kind| kind.kind == "Job") => Some(pods),
        _ => object.replicas,
    };
    let start = value.pointer("/spec/ordinals/start").and_then(Value::as_u64).unwrap_or(0);
    Cast {
        role: role.to_owned(),
        replicas: u32::try_from(replicas.unwrap_or(1).max(0)).unwrap_or(u32::MAX),
        start: u32::try_from(start).unwrap_or(0),
        name: object.reference.name.clone(),
        parts: vec![Part { pod, suffixes: None }],
    }
}

fn foresee(
    state: &mut State,
    cluster: &Cluster,
    words: &Words,
    troupe: &Troupe<Player>,
) -> Result<Forecast, Obstacle> {
    if !troupe.missing.is_empty() || !troupe.contested.is_empty() {
        return Err(Obstacle::Roles);
    }
    let casts: Option<Vec<Cast>> =
        troupe.players.values().map(|player| player.cast.as_ref().ok().cloned()).collect();
    let casts = casts.ok_or(Obstacle::Roles)?;
    let first = casts.first().and_then(|cast| cast.parts.first());
    if let Some(profile) = first.and_then(|part| cluster.profile_of(&part.pod)) {
        state.set_profile(profile.into_owned());
    }
    let wider = wider(words, &troupe.affinity.topology_key);
    forecast(state, &troupe.affinity, &casts, &wider).map_err(Obstacle::TooMany)
}

/// The label keys of wider levels, the narrowest first.
fn wider(words: &Words, key: &str) -> Vec<String> {
    let keys: Vec<String> = words.levels.iter().map(|level| level.key.clone()).collect();
    let at = keys.iter().position(|one| one == key).unwrap_or(keys.len());
    keys.into_iter().take(at).rev().collect()
}

/// What a report says of a batch without a place.
fn waits(waiting: &Waiting, key: &str, pods: usize) -> String {
    words::batches::no_room(waiting, key, pods as u64)
}

fn to_json(cluster: &Cluster, reports: &[Report], rollouts: &[Rollout]) -> String {
    let coordination = |report: &Report| {
        let troupe = &report.troupe;
        let mut value = json!({
            "namespace": troupe.namespace,
            "name": troupe.group,
            "coordination": troupe.coordination,
            "topologyKey": troupe.affinity.topology_key,
            "ratios": troupe.affinity.ratios,
        });
        match &report.found {
            Err(obstacle) => value["unjudged"] = json!(human::obstacle(troupe, obstacle)),
            Ok(found) => add_forecast(&mut value, found, &troupe.affinity.topology_key),
        }
        value
    };
    let coordinations: Vec<Value> = reports.iter().map(coordination).collect();
    let snapshot = json!({"name": cluster.name, "nodes": cluster.inventory.nodes.len()});
    let rollouts: Vec<Value> = rollouts.iter().map(rollouts::to_json).collect();
    let answer = json!({"version": 1, "snapshot": snapshot, "coordinations": coordinations,
        "rollouts": rollouts});
    serde_json::to_string_pretty(&answer).unwrap_or_default() + "\n"
}

fn add_forecast(value: &mut Value, found: &Forecast, key: &str) {
    let mut batches: BTreeMap<u64, Value> = BTreeMap::new();
    for (number, domain) in &found.running {
        batches.insert(*number, json!({"batch": number + 1, "domain": domain, "running": true}));
    }
    for landing in &found.landings {
        let pods = found.pods.get(&landing.number).into_iter().flatten().zip(&landing.nodes);
        let pod = |((role, name), node): (&(String, String), &String)| json!({"role": role, "name": name, "node": node});
        let pods: Vec<Value> = pods.map(pod).collect();
        let batch = json!({"batch": landing.number + 1, "domain": landing.domain, "pods": pods});
        batches.insert(landing.number, batch);
    }
    for waiting in &found.waiting {
        let pods = found.pods.get(&waiting.number).map_or(0, Vec::len);
        let message = waits(waiting, key, pods);
        batches.insert(waiting.number, json!({"batch": waiting.number + 1, "message": message}));
    }
    value["batches"] = json!(batches.into_values().collect::<Vec<_>>());
    let room =
        |room: &Room| json!({"domain": room.domain, "nodes": room.nodes, "batches": room.batches});
    value["room"] = json!(found.rooms.iter().map(room).collect::<Vec<_>>());
    let remedies: Vec<String> = found.remedies.iter().map(words::batches::remedy).collect();
    value["remedies"] = json!(remedies);
}
