//! What a place in a coordination becomes on a pod: labels, and by placement a pod affinity term, a
//! scheduling gate or a scheduling group.
//!
//! The pod affinity term of a batch and what keeps batches apart are made as rules are: so they are
//! merged with the pod's other rules, or refused beside them, as any two rules are.

use std::collections::BTreeSet;

use placecard_findings::ObjectRef;
use placecard_language::coordination::sentence::Coordinate;
use placecard_language::coordination::{AffinityScheduling, Exclusive, Group, Placement, Source};
use placecard_language::intent::{
    Level, Operator, Origin, PodRule, PodTarget, Relation, Requirement, Rule, Selector, Strength,
};
use placecard_language::keys;

use crate::change::Change;
use crate::coordination::crew::{Crew, crews};
use crate::coordination::membership::{
    Member, Membership, ROLE_BASED_GROUP, Subject, group_of, membership,
};
use crate::coordination::ordinal::{Carried, Ordinal, batch, counted_by, ordinal};
use crate::coordination::pod_groups;
use crate::coordination::roster::Roster;
use crate::object::{Map, Object, Template};
use crate::surroundings::{Answer, Reference, Surroundings};
use crate::trouble::{Missing, Obstacle, Trouble};

/// The weight of keeping batches apart where that is only preferred.
const APART: u8 = 100;

/// What a place in a coordination adds to one pod.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coordinated {
    /// What the scheduler has to see to.
    pub(crate) rules: Vec<Rule>,
    /// Labels of the pod.
    pub(crate) labels: Map,
    /// Other changes of the pod.
    pub(crate) changes: Vec<Change>,
    /// Which fields say it.
    pub(crate) added: Vec<String>,
    /// Why it cannot be said.
    pub(crate) troubles: Vec<Trouble>,
    /// It has a place, or it cannot be said which.
    pub(crate) concerned: bool,
    /// What says so.
    pub(crate) origin: Option<Origin>,
    /// Of a template whose pods will get rules: those of the first batch, with the labels.
    pub(crate) first: Option<(Vec<Rule>, Map)>,
}

/// A second required pod affinity term is in the way of the batch, whatever the first is for. Other
/// troubles are left as they are.
pub(crate) fn beside_batch(coordinated: &Coordinated, troubles: &mut [Trouble]) {
    for trouble in troubles {
        let ours = coordinated.origin.as_ref() == Some(&trouble.rule);
        if let (true, Obstacle::SecondNear { rival, rival_selects, .. }) = (ours, &trouble.obstacle)
        {
            let (rival, selects) = (rival.clone(), rival_selects.clone());
            trouble.obstacle = Obstacle::BesideBatch { rival, selects };
        }
    }
}

/// What has to be known of other objects.
pub(crate) fn references(
    object: &Object,
    template: &Template,
    coordinate: Option<&Coordinate>,
    surroundings: &Surroundings,
    found: &mut Vec<Reference>,
) {
    let is_concerned = match coordinate {
        Some(coordinate) if coordinate.own.is_none() => {
            found.push(named(object, coordinate));
            true
        }
        Some(_) => true,
        None if is_of_group(object, template) => {
            let asked = [Some(of_namespace(object)), in_group(object, template)];
            let asked: Vec<Reference> = asked.into_iter().flatten().collect();
            let concerns = |of: &Reference| match surroundings.objects.get(of) {
                Some(Answer::Coordinations(roster)) => roster.concerns(&template.labels),
                Some(Answer::Coordination(_)) => true,
                _ => false,
            };
            let is_concerned = asked.iter().any(concerns);
            found.extend(asked);
            is_concerned
        }
        None => false,
    };
    if is_concerned && object.is_pod() {
        found.extend(counted(object, template));
        let mut placed = Coordinated::default();
        let member = Placing::of(object, template, coordinate, surroundings, &mut placed)
            .and_then(|placing| placing.found().ok().flatten());
        found.extend(member.and_then(|member| crew_of(object, &member)));
    }
}

/// The question whose answer says that nobody refers to the group of a pod. Whoever answered it may
/// not have seen what was made a moment ago.
pub(crate) fn unreferred(
    object: &Object,
    template: &Template,
    surroundings: &Surroundings,
) -> Option<Reference> {
    let asked = is_of_group(object, template).then(|| of_namespace(object))?;
    match surroundings.objects.get(&asked) {
        Some(Answer::Coordinations(roster)) if !roster.concerns(&template.labels) => Some(asked),
        _ => None,
    }
}

/// The group of a pod that waits for its batch: how many pods one replica is, it alone says.
fn crew_of(object: &Object, member: &Member) -> Option<Reference> {
    let Source::Group { api_version, kind, name, .. } = &member.source else { return None };
    (member.placing.placement != Placement::Affinity).then(|| Reference::Workload {
        object: Box::new(ObjectRef {
            api_version: api_version.clone(),
            kind: kind.clone(),
            namespace: object.reference.namespace.clone(),
            name: name.clone(),
        }),
    })
}

fn named(object: &Object, coordinate: &Coordinate) -> Reference {
    let (namespace, name) = (object.reference.namespace.clone(), coordinate.name.clone());
    Reference::Coordination { namespace, name }
}

/// Whether coordinations may refer to the pod by its group: it says nothing itself, and its labels
/// are those of a group.
fn is_of_group(object: &Object, template: &Template) -> bool {
    let says = template.annotations.contains_key(keys::COORDINATE);
    object.is_pod() && !says && group_of(&template.labels).is_some()
}

fn of_namespace(object: &Object) -> Reference {
    Reference::Coordinations { namespace: object.reference.namespace.clone() }
}

/// The RoleBasedGroup of a pod: coordinations may stand in it.
fn in_group(object: &Object, template: &Template) -> Option<Reference> {
    let name = template.labels.get(ROLE_BASED_GROUP)?.clone();
    Some(Reference::InGroup { namespace: object.reference.namespace.clone(), name })
}

/// The workload that counts the replicas of a pod, if that has to be asked: where a StatefulSet
/// starts, and how many replicas there are where nothing on the pod says which one it is.
fn counted(object: &Object, template: &Template) -> Option<Reference> {
    let owner = object.controller()?;
    let needed = match ordinal(&carried(object, template)) {
        None => true,
        Some(Ordinal::Unit { source, .. }) => source.may_start_later(),
        Some(Ordinal::Batch(_)) => false,
    };
    let (group, kind, name) = counted_by(&template.labels, owner).pop().filter(|_| needed)?;
    let known = [("apps", "StatefulSet"), ("apps", "Deployment"), ("apps", "ReplicaSet")];
    known.contains(&(group.as_str(), kind.as_str())).then(|| Reference::Scale {
        kind: kind.into(),
        namespace: object.reference.namespace.as_str().into(),
        name: name.into(),
    })
}

fn carried<'a>(object: &'a Object, template: &'a Template) -> Carried<'a> {
    Carried {
        name: &object.reference.name,
        labels: &template.labels,
        annotations: &template.annotations,
        controller: object.controller(),
    }
}

/// What the annotation `coordinate` of a template means: of a pod, everything; of a workload, only
/// what is in its way, for the batch is known of pods alone. A pod of a group that says nothing
/// itself has its place by who refers to the group.
pub(crate) fn place(
    object: &Object,
    template: &Template,
    coordinate: Option<&Coordinate>,
    surroundings: &Surroundings,
) -> Coordinated {
    let mut placed = Coordinated::default();
    let placing = Placing::of(object, template, coordinate, surroundings, &mut placed);
    let Some(mut placing) = placing else { return placed };
    if let Err(obstacle) = placing.place() {
        let rule = placing.origin;
        placed = Coordinated { concerned: true, ..Coordinated::default() };
        placed.troubles.push(Trouble { rule, required: true, obstacle });
    }
    placed
}

struct Placing<'a> {
    object: &'a Object,
    template: &'a Template,
    /// What the annotation says; `None`: the labels of the group have to do.
    coordinate: Option<&'a Coordinate>,
    origin: Origin,
    surroundings: &'a Surroundings,
    placed: &'a mut Coordinated,
}

impl<'a> Placing<'a> {
    /// `None`: nothing says that the pod is in a coordination.
    fn of(
        object: &'a Object,
        template: &'a Template,
        coordinate: Option<&'a Coordinate>,
        surroundings: &'a Surroundings,
        placed: &'a mut Coordinated,
    ) -> Option<Self> {
        let origin = match coordinate {
            Some(coordinate) => coordinate.origin.clone(),
            None if is_of_group(object, template) => {
                let (key, name) = group_of(&template.labels)?;
                Origin { key, span: 0..name.len(), line: 1, text: name.to_owned() }
            }
            None => return None,
        };
        Some(Self { object, template, coordinate, origin, surroundings, placed })
    }

    /// The place in the coordination; `None`: it places no such pod.
    fn found(&self) -> Result<Option<Member>, Obstacle> {
        match self.coordinate {
            Some(coordinate) => self.member(coordinate),
            None => self.of_group(),
        }
    }

    fn place(&mut self) -> Result<(), Obstacle> {
        let Some(member) = self.found()? else { return Ok(()) };
        self.placed.concerned = true;
        self.placed.origin = Some(self.origin.clone());
        if !self.object.is_pod() {
            self.template_says(&member)?;
            if member.placing.placement == Placement::Affinity {
                let rules = affinity(&member.id, "0", &member.placing, &self.origin);
                self.placed.first = Some((rules, labels(&member, 0)));
            }
            return Ok(());
        }
        let node = &self.template.spec.node_name;
        if !node.is_empty() {
            return Err(Obstacle::SchedulerBypassed { node: node.clone() });
        }
        let batch = self.batch(&member)?;
        self.label(&member, batch);
        match member.placing.placement {
            Placement::Affinity => self.affinity(&member, batch),
            Placement::Gated if self.surroundings.coordinating.controller => {
                let pods = self.replica_pods(&member)?;
                if pods > 1 {
                    self.placed.labels.insert(keys::REPLICA_PODS.to_owned(), pods.to_string());
                }
                self.change(Change::SchedulingGate(keys::BATCH_GATE.to_owned()));
                self.note("scheduling gate");
            }
            Placement::Gated => return Err(Obstacle::NoController),
            Placement::PodGroup if self.surroundings.coordinating.pod_groups => {
                self.change(Change::SchedulingGroup(pod_groups::name(&member.id, batch.into())));
                self.note("scheduling group");
                // The first of these rules is what the group sees to.
                let rules = affinity(&member.id, &batch.to_string(), &member.placing, &self.origin);
                self.placed.rules.extend(rules.into_iter().skip(1));
            }
            Placement::PodGroup => return Err(Obstacle::NoPodGroups),
        }
        Ok(())
    }

    /// The place in the coordination; `None`: the coordination places no pod of this workload.
    fn member(&self, coordinate: &Coordinate) -> Result<Option<Member>, Obstacle> {
        let groups = self.groups(coordinate)?;
        match membership(&self.subject(), &groups) {
            Membership::Member(member) => Ok(Some(*member)),
            Membership::NoRole { name } => Err(Obstacle::NoRole { coordination: name }),
            // An annotation names one coordination, which was looked up.
            Membership::None | Membership::Unknown { .. } | Membership::Ambiguous { .. } => {
                Ok(None)
            }
        }
    }

    /// How many pods one replica of the role is, where somebody waits for all of them.
    fn replica_pods(&self, member: &Member) -> Result<u64, Obstacle> {
        let Some(reference) = crew_of(self.object, member) else { return Ok(1) };
        let Source::Group { role, .. } = &member.source else { return Ok(1) };
        match self.surroundings.objects.get(&reference) {
            Some(Answer::Workload(group)) => {
                let crews = crews(&group.written);
                Ok(crews.iter().find(|crew| crew.inside == *role).map_or(1, Crew::pods).max(1))
            }
            answer => Err(unresolved(reference, answer)),
        }
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            namespace: &self.object.reference.namespace,
            labels: &self.template.labels,
            coordinate: self.coordinate,
            object: self.object,
        }
    }

    /// The place of a pod whose group a coordination of its namespace refers to; `None`: nobody
    /// refers to it.
    ///
    /// Where there are no RoleCoordinations at all (the server does not have them), pods of groups
    /// go their way. Where they could not be read, one of them may refer to this very group, and the
    /// pod is to be tried again: a pod that was placed without its batch stays so.
    fn of_group(&self) -> Result<Option<Member>, Obstacle> {
        let reference = of_namespace(self.object);
        let unread = |reference| Obstacle::Unresolved {
            reference: Box::new(reference),
            missing: Missing::Unreachable,
        };
        let none = Roster::default();
        let roster = match self.surroundings.objects.get(&reference) {
            Some(Answer::Coordinations(roster)) => roster,
            Some(Answer::Absent) | None => &none,
            Some(_) => return Err(unread(reference)),
        };
        let inside = in_group(self.object, self.template);
        let inside = match inside.as_ref().and_then(|of| self.surroundings.objects.get(of)) {
            Some(Answer::Coordination(group)) => Some(group.as_ref()),
            Some(Answer::Absent) | None => None,
            Some(_) => return Err(inside.map_or(Obstacle::NoPodGroups, unread)),
        };
        let labels = &self.template.labels;
        if !roster.concerns(labels) && inside.is_none() {
            return Ok(None);
        }
        if let Some(name) = roster.broken_for(labels) {
            let namespace = self.object.reference.namespace.clone();
            return Err(unread(Reference::Coordination { namespace, name: name.to_owned() }));
        }
        // Names tell coordinations apart, and those of two objects may be the same.
        let named = |of: &Group| of.coordinations.iter().map(|one| one.name.clone()).collect();
        let clash = inside.and_then(|inside| {
            let names: BTreeSet<String> = named(inside);
            let mut others = roster.groups().iter().filter(|other| other.name == inside.name);
            others.find(|other| !names.is_disjoint(&named(other)))
        });
        if let Some(other) = clash {
            let (first, second) = (other.name.clone(), other.name.clone());
            return Err(Obstacle::TwoCoordinations { first, second });
        }
        let groups: Vec<Group> = roster.groups().iter().chain(inside).cloned().collect();
        match membership(&self.subject(), &groups) {
            Membership::Member(member) => {
                let is_inside = inside.is_some_and(|inside| inside.placing(&member.role).is_some());
                let is_outside = roster.groups().iter().any(|one| one.name == member.group);
                let is_seen = is_outside || self.surroundings.coordinating.inside;
                let waits = member.placing.placement != Placement::Affinity;
                if waits && is_inside && !is_seen {
                    return Err(Obstacle::GatedInGroup);
                }
                Ok(Some(*member))
            }
            Membership::Ambiguous { first, second } => {
                Err(Obstacle::TwoCoordinations { first, second })
            }
            Membership::None | Membership::Unknown { .. } | Membership::NoRole { .. } => Ok(None),
        }
    }

    fn groups(&self, coordinate: &Coordinate) -> Result<Vec<Group>, Obstacle> {
        if coordinate.own.is_some() {
            return Ok(Vec::new());
        }
        let reference = named(self.object, coordinate);
        let missing = match self.surroundings.objects.get(&reference) {
            Some(Answer::Coordination(group)) => return Ok(vec![Group::clone(group)]),
            Some(Answer::Absent) => Missing::Absent,
            None => Missing::NotAsked,
            Some(_) => Missing::Unreachable,
        };
        Err(Obstacle::Unresolved { reference: Box::new(reference), missing })
    }

    /// A workload whose pods have no ordinal makes one batch, or none at all.
    fn template_says(&self, member: &Member) -> Result<(), Obstacle> {
        let kinds = ["Deployment", "ReplicaSet", "ReplicationController"];
        let kind = self.object.reference.kind.as_str();
        let built_in = self.object.kind.is_some() && kinds.contains(&kind);
        let replicas = self.object.replicas.unwrap_or(1);
        let explicit = self.template.labels.contains_key(keys::BATCH);
        if built_in && !explicit && replicas > i64::from(member.ratio) {
            let replicas = u64::try_from(replicas).ok();
            return Err(Obstacle::NoOrdinal { replicas, ratio: member.ratio });
        }
        Ok(())
    }

    fn batch(&self, member: &Member) -> Result<u32, Obstacle> {
        let ratio = member.ratio;
        let scale = counted(self.object, self.template);
        let answer = scale.as_ref().and_then(|scale| self.surroundings.objects.get(scale));
        match ordinal(&carried(self.object, self.template)) {
            Some(Ordinal::Batch(batch)) => Ok(batch),
            Some(Ordinal::Unit { unit, .. }) => {
                let start = match (scale, answer) {
                    // A set of another group that counts alike.
                    (None, _) => 0,
                    (Some(_), Some(Answer::Scale { start, .. })) => *start,
                    (Some(scale), answer) => return Err(unresolved(scale, answer)),
                };
                batch(unit, start, ratio).ok_or(Obstacle::NoOrdinal { replicas: None, ratio })
            }
            None => match (scale, answer) {
                (_, Some(Answer::Scale { replicas, .. })) if *replicas <= u64::from(ratio) => Ok(0),
                (_, Some(Answer::Scale { replicas, .. })) => {
                    Err(Obstacle::NoOrdinal { replicas: Some(*replicas), ratio })
                }
                (Some(scale), answer) => Err(unresolved(scale, answer)),
                (None, _) => Err(Obstacle::NoOrdinal { replicas: None, ratio }),
            },
        }
    }

    fn label(&mut self, member: &Member, batch: u32) {
        self.placed.labels.extend(labels(member, batch));
        self.note(&format!("batch {batch} of {}", member.id));
    }

    fn note(&mut self, fields: &str) {
        let text = &self.origin.text;
        self.placed.added.push(format!("{text} -> {fields}"));
    }

    fn change(&mut self, change: Change) {
        self.placed.changes.push(change);
    }

    /// One required pod affinity term for the batch, and anti-affinity to the others.
    fn affinity(&mut self, member: &Member, batch: u32) {
        let batch = batch.to_string();
        let rules = affinity(&member.id, &batch, &member.placing, &self.origin);
        self.placed.rules.extend(rules);
    }
}

/// The labels of the pods of one batch.
fn labels(member: &Member, batch: u32) -> Map {
    let identification = format!("{}{}", keys::MEMBER_PREFIX, member.coordination);
    Map::from([
        (keys::COORDINATION.to_owned(), member.id.clone()),
        (keys::BATCH.to_owned(), batch.to_string()),
        (identification, keys::MEMBER.to_owned()),
    ])
}

fn unresolved(reference: Reference, answer: Option<&Answer>) -> Obstacle {
    let missing = match answer {
        None => Missing::NotAsked,
        Some(Answer::Absent) => Missing::Absent,
        Some(_) => Missing::Unreachable,
    };
    Obstacle::Unresolved { reference: Box::new(reference), missing }
}

/// The rules of one batch: near its own pods, and apart from those of other batches. Values are
/// written out: a key that lacks somewhere would silently widen a term to the whole coordination,
/// and `NotIn` alone also takes pods without the label.
fn affinity(id: &str, batch: &str, placing: &AffinityScheduling, origin: &Origin) -> Vec<Rule> {
    let requirement = |key: &str, operator: Operator, values: &[&str]| Requirement {
        key: key.to_owned(),
        operator,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        span: (origin.span.start, origin.span.end),
    };
    let ours = requirement(keys::COORDINATION, Operator::In, &[id]);
    let same = vec![ours.clone(), requirement(keys::BATCH, Operator::In, &[batch])];
    let other = vec![
        ours,
        requirement(keys::BATCH, Operator::Exists, &[]),
        requirement(keys::BATCH, Operator::NotIn, &[batch]),
    ];
    let pods = |requirements: Vec<Requirement>| PodRule {
        target: PodTarget::Pods(Selector { requirements }),
        target_origin: origin.clone(),
        namespaces: None,
        same: Vec::new(),
        other: Vec::new(),
        level: Level { name: placing.topology_key.clone(), key: placing.topology_key.clone() },
        across_revisions: true,
    };
    let rule = |strength: Strength, relation: Relation| Rule {
        strength,
        relation,
        follows: None,
        observed: false,
        entry: None,
        origin: origin.clone(),
    };
    let mut rules = vec![rule(Strength::Required, Relation::Near(pods(same)))];
    let apart = match placing.exclusive {
        Exclusive::Required => Some(Strength::Required),
        Exclusive::Preferred => Some(Strength::Preferred { weight: APART }),
        Exclusive::None => None,
    };
    rules.extend(apart.map(|strength| rule(strength, Relation::ApartFrom(pods(other)))));
    rules
}
