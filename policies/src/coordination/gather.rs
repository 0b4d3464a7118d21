//! What there is of each coordination that places batches, from the live cluster.
//!
//! A pod belongs to the coordination whose id its label says, if it also has a role there: a label
//! alone makes no member. What was done to pods and is not seen yet counts as if it were.

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::inventory::NamespacedName;
use placecard_feasibility::inventory::pod::Pod;
use placecard_language::checked::Words;
use placecard_language::coordination::sentence::{self, Coordinate};
use placecard_language::coordination::{AffinityScheduling, Coordination, Group, Source};
use placecard_language::keys;

use super::membership::{Membership, Subject, id, membership};
use super::step::{Observed, Situation, Size, Target};
use crate::kinds;
use crate::live::coordinated::Waiter;
use crate::live::groups::{GroupKind, RoleSize};
use crate::live::{Live, Watched};
use crate::object::{Map, Object, Owner};

/// A coordination that places batches, and what there is of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The namespace.
    pub namespace: String,
    /// The name of the RoleCoordination, or what the long form of the annotation calls it.
    pub group: String,
    /// `metadata.uid` of the RoleCoordination; empty without one.
    pub uid: String,
    /// There is a RoleCoordination.
    pub has_object: bool,
    /// It stands in the RoleBasedGroup of its name instead.
    pub inside: Option<GroupObject>,
    /// The name of the coordination.
    pub coordination: String,
    /// How its batches are placed.
    pub affinity: AffinityScheduling,
    /// How large each role is, as far as that is known.
    pub sizes: BTreeMap<String, Size>,
    /// How many pods one replica of a role is, as far as its group says it.
    pub replica_pods: BTreeMap<String, u64>,
    /// How many pods of a role are of its newest template, as far as its workload says it.
    pub updated: BTreeMap<String, u32>,
    /// Its pods.
    pub pods: Vec<Observed>,
}

/// A RoleBasedGroup in which coordinations stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupObject {
    /// `apiVersion`.
    pub api_version: String,
    /// `metadata.uid`.
    pub uid: String,
}

impl Case {
    /// What [`step`](super::step::step) decides on; `now` is in seconds since 1970.
    #[must_use]
    pub fn situation(&self, now: i64) -> Situation<'_> {
        Situation { affinity: &self.affinity, sizes: &self.sizes, pods: &self.pods, now }
    }
}

/// Something that was done to a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The pod as it was before.
    pub pod: Target,
    /// `metadata.resourceVersion` that it has since; `None`: that is not known.
    pub revision: Option<u64>,
    /// What was added to its node selector when its gate went; `None`: it was deleted.
    pub pins: Option<BTreeMap<String, String>>,
}

impl Done {
    /// Is it still to be counted, where the pod is seen like this?
    #[must_use]
    fn is_ahead_of(&self, waiter: &Waiter) -> bool {
        if waiter.uid != self.pod.uid {
            return false;
        }
        // Revisions are numbers that grow, on every server.
        match (self.revision, waiter.resource_version.parse::<u64>()) {
            (Some(revision), Ok(seen)) => seen < revision,
            _ => waiter.resource_version == self.pod.resource_version,
        }
    }
}

/// A pod with the label of a coordination that is not there, and with our gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// The pod.
    pub pod: NamespacedName,
    /// Its UID.
    pub uid: String,
}

/// What there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    /// By namespace and id.
    pub cases: BTreeMap<(String, String), Case>,
    /// Pods that wait for a coordination which is not there, or which has no role for them.
    pub orphans: Vec<Orphan>,
    /// Namespace and id of coordinations that are not there, and that pods say they are in.
    pub missing: BTreeSet<(String, String)>,
    /// What was done and is not seen yet, by the place in the list.
    pub ahead: Vec<usize>,
}

/// Everything that coordinations place in batches. `done`: what was done to pods lately.
#[must_use]
pub fn gather(live: &Live, words: &Words, done: &[Done]) -> Gathered {
    let mut found = Gathered { cases: of_objects(live), ..Gathered::default() };
    add_long_forms(live, words, &mut found.cases);
    let groups = known_groups(live);
    let mut done_by_name: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, one) in done.iter().enumerate() {
        done_by_name.entry((&one.pod.namespace, &one.pod.name)).or_default().push(at);
    }
    let mut labelled = BTreeSet::new();
    for (name, waiter) in live.waiters() {
        let Some(mut pod) = live.state().pod(&name.0, &name.1) else { continue };
        pod.uid.clone_from(&waiter.uid);
        pod.gates.clone_from(&waiter.gates);
        for at in done_by_name.get(&(name.0.as_str(), name.1.as_str())).into_iter().flatten() {
            if let Some(one) = done.get(*at).filter(|one| one.is_ahead_of(waiter)) {
                found.ahead.push(*at);
                apply(&mut pod, one);
            }
        }
        let is_gated = pod.gates.iter().any(|gate| gate == keys::BATCH_GATE);
        if let Some(id) = pod.labels.get(keys::COORDINATION) {
            labelled.insert((pod.namespace.clone(), id.clone()));
        }
        match place(&pod, words, &mut found.cases, &groups) {
            Some((case, role, batch)) => {
                case.pods.push(observed(role, batch, pod, waiter));
            }
            None if is_gated => {
                found.orphans.push(Orphan { pod: name.clone(), uid: waiter.uid.clone() });
            }
            None => {}
        }
    }
    labelled.retain(|key| !found.cases.contains_key(key));
    found.missing = labelled;
    found
}

/// The groups by name, and whether they stand in a RoleBasedGroup.
type Groups<'l> = BTreeMap<(&'l NamespacedName, bool), &'l Group>;

fn known_groups(live: &Live) -> Groups<'_> {
    let objects =
        live.coordinated().filter_map(|(name, one)| Some(((name, false), one.group.as_ref()?)));
    let inside = live.inside_groups().map(|(name, inside)| ((name, true), &inside.group));
    objects.chain(inside).collect()
}

/// The coordinations of RoleCoordinations, and of groups that hold some themselves.
fn of_objects(live: &Live) -> BTreeMap<(String, String), Case> {
    let mut cases = BTreeMap::new();
    let mut add = |namespace: &str, group: &Group, uid: &str, inside: Option<GroupObject>| {
        for coordination in &group.coordinations {
            let placed = coordination.roles.first().and_then(|role| group.placing(role));
            let Some((_, affinity)) = placed.filter(|(found, _)| found.name == coordination.name)
            else {
                continue;
            };
            let case = Case {
                has_object: inside.is_none(),
                inside: inside.clone(),
                uid: uid.to_owned(),
                ..of_group(live, namespace, group, coordination, affinity)
            };
            // Where two are of one name, pods of the second are refused.
            cases.entry(key(namespace, &group.name, &coordination.name)).or_insert(case);
        }
    };
    for ((namespace, _), one) in live.coordinated() {
        if let Some(group) = &one.group {
            add(namespace, group, &one.uid, None);
        }
    }
    for ((namespace, _), one) in live.inside_groups() {
        let (api_version, uid) = (one.api_version.clone(), one.uid.clone());
        add(namespace, &one.group, "", Some(GroupObject { api_version, uid }));
    }
    cases
}

fn key(namespace: &str, group: &str, coordination: &str) -> (String, String) {
    (namespace.to_owned(), id(namespace, group, coordination))
}

/// How large a role is; `None`: that is not known.
fn role_size(live: &Live, namespace: &str, group: &Group, role: &str) -> Option<RoleSize> {
    match &group.role(role)?.source {
        Source::Workload { api_version, kind, name } => {
            let replicas = live.replicas(Watched::find(api_version, kind)?, namespace, name)?;
            Some(RoleSize { replicas, pods: 1 })
        }
        Source::Group { api_version, kind, name, role } => {
            live.group_role(GroupKind::find(api_version, kind)?, namespace, name, role)
        }
        Source::Annotation => None,
    }
}

fn of_group(
    live: &Live,
    namespace: &str,
    group: &Group,
    coordination: &Coordination,
    affinity: &AffinityScheduling,
) -> Case {
    let sizes = coordination.roles.iter();
    let sizes = sizes.filter_map(|role| Some((role, role_size(live, namespace, group, role)?)));
    let sizes: Vec<(&String, RoleSize)> = sizes.collect();
    let replicas =
        |(role, of): &(&String, RoleSize)| ((*role).clone(), Size { replicas: of.replicas });
    let updated = |name: &String| {
        let Source::Workload { api_version, kind, name: called } = &group.role(name)?.source else {
            return None;
        };
        let kind = Watched::find(api_version, kind)?;
        let rollout = live.rollout(kind, namespace, called).filter(|one| one.observed)?;
        Some((name.clone(), rollout.updated))
    };
    Case {
        namespace: namespace.to_owned(),
        group: group.name.clone(),
        uid: String::new(),
        has_object: true,
        inside: None,
        coordination: coordination.name.clone(),
        affinity: affinity.clone(),
        sizes: sizes.iter().map(replicas).collect(),
        replica_pods: sizes.iter().map(|(role, of)| ((*role).clone(), of.pods)).collect(),
        updated: coordination.roles.iter().filter_map(updated).collect(),
        pods: Vec::new(),
    }
}

/// The coordinations that no object describes: each template says its own part.
fn add_long_forms(live: &Live, words: &Words, cases: &mut BTreeMap<(String, String), Case>) {
    for one in live.annotated() {
        let Some(text) = one.annotations.template.get(keys::COORDINATE) else { continue };
        let Some(coordinate) = sentence::read(text, words).0 else { continue };
        let object = &one.object;
        let kind = Watched::find(&object.api_version, &object.kind);
        let replicas = kind
            .filter(|kind| *kind != Watched::Pod)
            .and_then(|kind| live.replicas(kind, &object.namespace, &object.name));
        add_long_form(&object.namespace, &coordinate, replicas, cases);
    }
}

/// The place of one template in a coordination that no object describes.
fn add_long_form(
    namespace: &str,
    coordinate: &Coordinate,
    replicas: Option<u32>,
    cases: &mut BTreeMap<(String, String), Case>,
) {
    let Some(group) = coordinate.group(namespace) else { return };
    let Some(own) = &coordinate.own else { return };
    let Some((coordination, affinity)) = group.placing(&own.role) else { return };
    let key = key(namespace, &group.name, &coordination.name);
    let case = cases.entry(key).or_insert_with(|| Case {
        namespace: namespace.to_owned(),
        group: group.name.clone(),
        uid: String::new(),
        has_object: false,
        inside: None,
        coordination: coordination.name.clone(),
        affinity: affinity.clone(),
        sizes: BTreeMap::new(),
        replica_pods: BTreeMap::new(),
        updated: BTreeMap::new(),
        pods: Vec::new(),
    });
    if !case.has_object && case.inside.is_none() {
        case.affinity.ratios.entry(own.role.clone()).or_insert(own.ratio);
        if let Some(replicas) = replicas {
            case.sizes.entry(own.role.clone()).or_insert(Size { replicas });
        }
    }
}

/// The coordination of a pod, its role there and its batch.
fn place<'c>(
    pod: &Pod,
    words: &Words,
    cases: &'c mut BTreeMap<(String, String), Case>,
    groups: &Groups<'_>,
) -> Option<(&'c mut Case, String, u64)> {
    let id = pod.labels.get(keys::COORDINATION)?;
    let batch = pod.labels.get(keys::BATCH)?.parse().ok()?;
    let key = (pod.namespace.clone(), id.clone());
    if !cases.contains_key(&key) {
        // Nothing but pods says it.
        let coordinate = sentence::read(pod.notes.get(keys::COORDINATE)?, words).0?;
        add_long_form(&pod.namespace, &coordinate, None, cases);
    }
    let case = cases.get_mut(&key)?;
    let role = if case.has_object || case.inside.is_some() {
        let name = (case.namespace.clone(), case.group.clone());
        role_in(pod, groups.get(&(&name, case.inside.is_some()))?)?
    } else {
        sentence::read(pod.notes.get(keys::COORDINATE)?, words).0?.own?.role
    };
    case.affinity.ratios.contains_key(&role).then_some((case, role, batch))
}

/// The role of a pod in a group, by its owner or its labels.
fn role_in(pod: &Pod, group: &Group) -> Option<String> {
    let owner = pod.owner.as_deref().map(|owner| Owner {
        api_version: owner.api_version.clone(),
        kind: owner.kind.clone(),
        name: owner.name.clone(),
        uid: String::new(),
        controller: true,
    });
    let object = Object {
        kind: kinds::find("", "Pod"),
        owners: owner.into_iter().collect(),
        ..Object::default()
    };
    let labels: &Map = &pod.labels;
    let subject = Subject { namespace: &pod.namespace, labels, coordinate: None, object: &object };
    match membership(&subject, std::slice::from_ref(group)) {
        Membership::Member(member) => Some(member.role),
        _ => None,
    }
}

fn observed(role: String, batch: u64, pod: Pod, waiter: &Waiter) -> Observed {
    let replica_pods = pod.labels.get(keys::REPLICA_PODS);
    Observed {
        role,
        batch,
        replica_pods: replica_pods.and_then(|text| text.parse().ok()).unwrap_or(1),
        pod,
        resource_version: waiter.resource_version.clone(),
        created: waiter.created,
        ready: waiter.ready,
        unschedulable: waiter.unschedulable,
    }
}

/// The pod as it is after this.
fn apply(pod: &mut Pod, done: &Done) {
    match &done.pins {
        None => pod.terminating = true,
        Some(pins) => {
            pod.gates.retain(|gate| gate != keys::BATCH_GATE);
            let pins = pins.clone();
            pod.spec.node_selector.extend(pins);
        }
    }
}

#[cfg(test)]
mod tests;
