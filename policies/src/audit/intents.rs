//! Rules in words that do not hold where a pod is, by what the words mean now.
//!
//! A pod carries the fields that its annotations meant when it was created. The vocabulary may have
//! changed since, a Lease may have another holder, a Service select other pods: the fields hold, and
//! what was asked for does not. Each required rule is expanded anew by itself. What its fields say
//! that the pod has already is judged with the pod's own rules; only what differs is judged here.
//!
//! Rules about `self` are left out: who that is can not change while the pod runs.

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::filter::reason::Reason;
use placecard_feasibility::filter::{Plugin, node_affinity};
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::{Pod, PodSpec};
use placecard_feasibility::profile::Profile;
use placecard_feasibility::state::{Alike, Member, State, Whereabouts};
use placecard_findings::{FieldPath, ObjectRef, Severity};
use placecard_language::checked::{NamespaceFacts, Words};
use placecard_language::intent::{Intents, Rule, Strength};
use placecard_language::keys::{self, Place};
use placecard_language::problem::Problem;
use serde_json::json;

use super::broken::Member as Where;
use crate::object::{Object, Owner, PodSpec as Written, Template};
use crate::snapshot::{WrittenPod, parse};
use crate::surroundings::{Answer, Objects, Reference, ServerVersion, Surroundings};
use crate::trouble::{Missing, Obstacle, Trouble};
use crate::why::groups::Holder;
use crate::{directory, expand, frame, kinds, review, words};

/// Pods that are judged one by one in one look, because what a rule about other pods means has
/// changed.
const MOST_JUDGED: usize = 256;

/// As often is asked for what was not known to be wanted before.
const ROUNDS: usize = 4;

/// The pods of one owner for which a rule in words does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lapsed {
    /// Whose pods they are.
    pub owner: Holder,
    /// The rule, as it is written.
    pub rule: String,
    /// How it does not hold.
    pub how: How,
    /// The pods, and the nodes on which they run; not empty.
    pub pods: Vec<Where>,
}

/// How a rule in words does not hold any longer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// The words mean nothing, or what they name is not there; what a review says of it.
    Unreadable(String),
    /// It means other nodes.
    Nodes,
    /// It means pods, none of which is near.
    Near,
    /// It means pods, one of which is near.
    Apart,
    /// It means a spread that the pod exceeds.
    Spread,
}

/// What rules are read by.
pub struct Meaning<'a> {
    /// The vocabulary.
    pub words: &'a std::sync::Arc<Words>,
    /// The server.
    pub server: ServerVersion,
    /// What is known of other objects; `None`: nothing.
    pub answer: &'a dyn Fn(&Reference) -> Option<Answer>,
}

/// One rule, as it would be expanded today.
struct Today {
    text: String,
    how: Result<Pod, String>,
}

/// The rules of running pods that do not hold by what they mean now, by owner.
#[must_use]
pub fn lapsed(
    state: &State,
    profiles: &[Profile],
    meaning: &Meaning<'_>,
    asked: &dyn Fn(&Pod) -> bool,
) -> Vec<Lapsed> {
    let mut found: BTreeMap<(Holder, String, How), Vec<Where>> = BTreeMap::new();
    let mut left = MOST_JUDGED;
    for Alike { like, pods } in state.alike(|spec| !spec.notes.is_empty()) {
        let running =
            |pod: &&Member<'_>| !pod.terminating && matches!(pod.place, Whereabouts::On(_));
        let Some(first) = pods.iter().find(running) else { continue };
        let Some(example) = state.pod_at(first.number) else { continue };
        let of_daemon_set = example.owner.as_ref().is_some_and(|owner| owner.kind == "DaemonSet");
        let profile = profiles.iter().find(|profile| profile.scheduler == like.scheduler_name());
        let Some(profile) = profile.filter(|_| asked(&like) && !of_daemon_set) else { continue };
        let today = read_today(&example, meaning);
        for pod in pods.iter().filter(running) {
            let Whereabouts::On(number) = pod.place else { continue };
            let Some(node) = state.node(number) else { continue };
            for Today { text, how } in &today {
                let how = match how {
                    Err(why) => Some(How::Unreadable(why.clone())),
                    Ok(now) => judge((state, profile), &example, now, (pod, node), &mut left),
                };
                let Some(how) = how else { continue };
                let Some(whole) = state.pod_at(pod.number) else { continue };
                let at = Where { pod: pod.name.to_owned(), node: node.name.clone() };
                found.entry((Holder::of(&whole), text.clone(), how)).or_default().push(at);
            }
        }
    }
    let lapsed = found.into_iter().map(|((owner, rule, how), mut pods)| {
        pods.sort();
        Lapsed { owner, rule, how, pods }
    });
    lapsed.collect()
}

/// What a rule that is expanded today has against the node of a pod. `own` has the pod's own rules.
fn judge(
    (state, profile): (&State, &Profile),
    own: &Pod,
    now: &Pod,
    (pod, node): (&Member<'_>, &Node),
    left: &mut usize,
) -> Option<How> {
    let by_nodes = |rules: &Pod| node_affinity::filter(rules, node).is_err();
    if by_nodes(now) {
        // What the pod's own rules say is told as theirs.
        return (!by_nodes(own)).then_some(How::Nodes);
    }
    let covered = now.affinity.iter().all(|term| own.affinity.contains(term))
        && now.anti_affinity.iter().all(|term| own.anti_affinity.contains(term))
        && now.spread.iter().all(|one| own.spread.contains(one));
    if covered || *left == 0 {
        return None;
    }
    *left -= 1;
    let alone = Pod { name: pod.name.to_owned(), ..now.clone() };
    let leave = BTreeSet::from([pod.number]);
    state.judge_without(&alone, profile, &leave, |judgement| {
        let here = judgement.nodes.iter().find(|one| one.node == node.name)?;
        here.all.iter().find_map(|(plugin, rejection)| {
            let says = |reason| rejection.reasons.contains(&reason);
            match plugin {
                Plugin::InterPodAffinity if says(Reason::PodAffinity) => Some(How::Near),
                Plugin::InterPodAffinity if says(Reason::PodAntiAffinity) => Some(How::Apart),
                Plugin::PodTopologySpread => Some(How::Spread),
                _ => None,
            }
        })
    })
}

/// The required rules of a pod's annotations, each as it would be expanded today.
fn read_today(pod: &Pod, meaning: &Meaning<'_>) -> Vec<Today> {
    let object = bare_object(pod);
    let Some(template) = object.templates.first() else { return Vec::new() };
    let surroundings = surroundings(&object, meaning);
    let facts = NamespaceFacts {
        name: pod.namespace.clone(),
        labels: surroundings.objects.namespace(&pod.namespace).cloned(),
    };
    let (notes, facts) = (&template.annotations, Some(&facts));
    let reading = directory::reading(&object, notes, Place::Pod, &surroundings, facts);
    let metadata = FieldPath::of(&["metadata"]);
    let mut today = Vec::new();
    let required = |one: &&Problem| one.severity == Severity::Error && one.key != keys::PREFER;
    for problem in reading.problems.iter().filter(required) {
        let finding = words::annotation::finding(&object.reference, &metadata, problem);
        let line = usize::try_from(problem.line).unwrap_or(1).saturating_sub(1);
        let text = notes.get(&problem.key).and_then(|text| text.lines().nth(line));
        let text = text.unwrap_or_default().trim().to_owned();
        today.push(Today { text, how: Err(finding.message) });
    }
    let frame = frame::frame(&object, template, &surroundings.objects);
    for rule in reading.intents.rules.iter().filter(|rule| rule.strength == Strength::Required) {
        let alone = Intents { rules: vec![rule.clone()], ..Intents::default() };
        if expand::means_self(&alone) {
            continue;
        }
        let expanded = expand::expand(&object, template, &frame, &surroundings, &alone);
        let how = match expanded.troubles.iter().find(|trouble| is_gone(trouble)) {
            Some(trouble) => {
                Err(words::trouble::finding(&object.reference, template, trouble).message)
            }
            None if !expanded.troubles.is_empty() => continue,
            None => match pod_with(pod, &expanded.spec) {
                Some(now) => Ok(now),
                None => continue,
            },
        };
        today.push(Today { text: text_of(rule), how });
    }
    today
}

fn text_of(rule: &Rule) -> String {
    rule.origin.text.clone()
}

/// Is what the rule names certainly not there?
fn is_gone(trouble: &Trouble) -> bool {
    let Obstacle::Unresolved { missing, .. } = &trouble.obstacle else { return false };
    match missing {
        Missing::Absent
        | Missing::SelectsNothing
        | Missing::NotHeld
        | Missing::HolderGone
        | Missing::Unlabelled => true,
        // It was not asked, or will be known.
        Missing::NotAsked | Missing::Unreachable | Missing::Unbound | Missing::NotPlaced => false,
    }
}

/// The pod with its annotations, and without any placement field.
fn bare_object(pod: &Pod) -> Object {
    let owner = pod.owner.as_ref().map(|owner| Owner {
        api_version: owner.api_version.clone(),
        kind: owner.kind.clone(),
        name: owner.name.clone(),
        uid: String::new(),
        controller: true,
    });
    let labels: BTreeMap<String, String> = (*pod.labels).clone();
    let template = Template {
        labels: labels.clone(),
        annotations: pod.notes.clone(),
        spec: Written::default(),
        ..Template::default()
    };
    Object {
        reference: ObjectRef {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
        },
        labels,
        annotations: pod.notes.clone(),
        owners: owner.into_iter().collect(),
        kind: kinds::find("", "Pod"),
        templates: vec![template],
        ..Object::default()
    }
}

/// What is known of the objects that the rules name.
fn surroundings(object: &Object, meaning: &Meaning<'_>) -> Surroundings {
    let mut surroundings = Surroundings {
        words: std::sync::Arc::clone(meaning.words),
        server: meaning.server,
        objects: Objects::default(),
        ..Surroundings::default()
    };
    let namespace = Reference::Namespace { name: object.reference.namespace.clone() };
    if let Some(answer) = (meaning.answer)(&namespace) {
        surroundings.objects.insert(namespace, answer);
    }
    for _ in 0..ROUNDS {
        let wanted = review::references(object, &surroundings);
        let mut found = false;
        for reference in wanted {
            if surroundings.objects.get(&reference).is_some() {
                continue;
            }
            if let Some(answer) = (meaning.answer)(&reference) {
                surroundings.objects.insert(reference, answer);
                found = true;
            }
        }
        if !found {
            break;
        }
    }
    surroundings
}

/// A pod with these placement fields alone.
fn pod_with(pod: &Pod, spec: &Written) -> Option<Pod> {
    let mut value = json!({
        "metadata": {"name": pod.name, "namespace": pod.namespace, "labels": *pod.labels},
        "spec": spec.lists(),
    });
    value["spec"]["nodeSelector"] = json!(spec.node_selector);
    let read = parse::<WrittenPod>(&value.to_string()).ok()?.read();
    let scheduler = pod.scheduler.clone();
    Some(Pod { spec: PodSpec { scheduler, ..(*read.spec).clone() }.into(), ..read })
}
