//! The pods that are asked about.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use placecard_language::affinity::Affinity;
use placecard_language::{Words, keys};
use placecard_policies::cluster::Cluster;
use placecard_policies::feasibility::inventory::pod::Pod;
use placecard_policies::object::{Object, Template};
use placecard_policies::read;
use placecard_policies::review::review;
use placecard_policies::stored::{Stored, add_manifest, next_pod};
use placecard_policies::surroundings::Surroundings;
use placecard_policies::template_pod::{Unjudged, holder};
use placecard_policies::why::groups::Holder;

use crate::index::Role;
use crate::place::request::{Request, entries};
use crate::plan::{Ask, Inputs};
use crate::run::{Given, Judged, Planned, in_namespace, judge_by};

/// A pod, and what it is called.
pub(crate) struct Subject {
    pub(crate) name: String,
    /// As it is stored, or would be.
    pub(crate) pod: Result<Stored, Unjudged>,
    /// The workload whose next pod it is.
    pub(crate) owner: Option<Holder>,
    pub(crate) runs_on: Option<String>,
    /// Its typed entries.
    pub(crate) request: Option<Request>,
}

/// The pods that the words name: one of the cluster, or those of the templates of manifests.
///
/// What else the manifests hold that decides which pods are let in is added to the cluster.
pub(crate) fn subjects(
    ask: &Ask,
    cluster: &mut Cluster,
    words_of_vocabulary: Words,
    stdin: &mut dyn Read,
) -> Result<Vec<Subject>, String> {
    let words: Vec<&str> = ask.words.iter().map(String::as_str).collect();
    let namespace = ask.namespace.as_deref().unwrap_or("default");
    let named = match words.as_slice() {
        ["pod" | "pods" | "po", name] => Some((namespace, *name)),
        [word] => match word.split_once('/') {
            Some(("pod" | "pods" | "po", name)) => Some((namespace, name)),
            Some((namespace, name)) if !name.contains('/') => Some((namespace, name)),
            Some(_) => None,
            None => Some((namespace, *word)),
        },
        _ => None,
    };
    let pods = &cluster.inventory.pods;
    if let Some(pod) = named.and_then(|(namespace, name)| pods.named(namespace, name)) {
        return Ok(vec![running(cluster, pod)]);
    }
    let is_file = |word: &&str| *word == "-" || Path::new(word).exists();
    if !words.iter().all(is_file) {
        return Err(nothing_of_this_name(ask, cluster, named));
    }
    of_manifests(ask, cluster, words_of_vocabulary, stdin)
}

fn nothing_of_this_name(ask: &Ask, cluster: &Cluster, named: Option<(&str, &str)>) -> String {
    let Some((namespace, name)) = named else {
        return format!("{} names neither a pod nor a file", ask.words.join(" "));
    };
    let elsewhere: Vec<String> = cluster
        .inventory
        .pods
        .keys()
        .filter(|(_, other)| *other == name)
        .map(|(namespace, name)| format!("{namespace}/{name}"))
        .collect();
    let hint = match elsewhere.as_slice() {
        [] => String::new(),
        names => format!("; did you mean {}?", names.join(" or ")),
    };
    let name = format!("{namespace}/{name}");
    format!("no pod {name} in {}, and no such file{hint}", cluster.name)
}

fn running(cluster: &Cluster, pod: &Pod) -> Subject {
    Subject {
        name: format!("{}/{}", pod.namespace, pod.name),
        pod: cluster
            .places(pod)
            .map(|()| Stored::of_cluster(Pod { node: None, nominated_node: None, ..pod.clone() })),
        owner: None,
        runs_on: pod.node.as_deref().map(str::to_owned),
        // What its entries meant when it was made is in its native fields.
        request: None,
    }
}

/// The manifests that the words of a question name, judged. What they hold that decides which pods
/// are let in is added to the cluster.
pub(crate) fn judged_of(
    ask: &Ask,
    cluster: &mut Cluster,
    words: Words,
    stdin: &mut dyn Read,
) -> Result<Judged, String> {
    let inputs = inputs_of(ask);
    let given = Given { words, inventory: &cluster.inventory };
    let judged = judge_by(Some(given), &inputs, stdin)?;
    if let Some(why) = &judged.unusable {
        return Err(why.clone());
    }
    let namespace = ask.namespace.as_deref();
    for (_, _, object) in judged.index.objects() {
        add_manifest(&mut cluster.inventory, &object, namespace);
    }
    Ok(judged)
}

fn inputs_of(ask: &Ask) -> Inputs {
    let namespace = ask.namespace.clone();
    Inputs { paths: ask.words.clone(), vocabulary: None, namespace, ..ask.inputs.clone() }
}

fn of_manifests(
    ask: &Ask,
    cluster: &mut Cluster,
    words: Words,
    stdin: &mut dyn Read,
) -> Result<Vec<Subject>, String> {
    let judged = judged_of(ask, cluster, words, stdin)?;
    let subjects = templates(&judged, cluster, &inputs_of(ask), ask.namespace.as_deref());
    if subjects.is_empty() {
        return Err(format!("no pod template in {}", ask.words.join(", ")));
    }
    Ok(subjects)
}

/// The next pod of every template of the judged objects.
fn templates(
    judged: &Judged,
    cluster: &Cluster,
    inputs: &Inputs,
    namespace: Option<&str>,
) -> Vec<Subject> {
    let mut subjects = Vec::new();
    let surroundings = Surroundings {
        words: Arc::clone(&judged.words),
        objects: judged.answers.clone(),
        server: inputs.server,
        ..Surroundings::default()
    };
    let answers = Arc::new(judged.answers.clone());
    for (id, _, value) in judged.index.objects_of(|role| role == Role::Judged) {
        let Ok(mut object) = read::object(&value, &judged.words) else { continue };
        in_namespace(&mut object, namespace);
        read::keep_written(&mut object, &value);
        for template in &object.templates {
            let pod = next(judged.expansions.get(&id), cluster, &object, template);
            let owner = (!object.is_pod()).then(|| holder(&object));
            let name = object.reference.to_string();
            let request = request(&surroundings, cluster, &object, template)
                .map(|(entries, pod)| Request { entries, pod, answers: Arc::clone(&answers) });
            subjects.push(Subject { name, pod, owner, runs_on: None, request });
        }
    }
    subjects
}

/// The next pod of a template with its rules as native fields. `planned`: what its object's rules
/// expand to.
pub(crate) fn next(
    planned: Option<&Vec<Planned>>,
    cluster: &Cluster,
    object: &Object,
    template: &Template,
) -> Result<Stored, Unjudged> {
    let mut planned = planned.into_iter().flatten().map(|planned| &planned.expansion);
    match planned.find(|one| one.template == template.path) {
        Some(expansion) if !expansion.complete => Err(Unjudged::Rules),
        Some(expansion) => next_pod(cluster, object, template, &expansion.spec),
        // Rules that cannot be read are no rules to be passed over.
        None if has_rules(object, template) => Err(Unjudged::Rules),
        None => next_pod(cluster, object, template, &template.spec),
    }
}

/// Whether a template has rules that count: those of a DaemonSet's pods are in their fields.
fn has_rules(object: &Object, template: &Template) -> bool {
    let of_daemon_set =
        object.is_pod() && object.controller().is_some_and(|owner| owner.kind == "DaemonSet");
    let intent = |key: &String| keys::find(key).is_some_and(|key| key.intent);
    !of_daemon_set && template.annotations.keys().any(intent)
}

/// The typed entries of a template, if it has any and they can be read, and its pod without them.
fn request(
    surroundings: &Surroundings,
    cluster: &Cluster,
    object: &Object,
    template: &Template,
) -> Option<(Vec<Affinity>, Pod)> {
    let entries = entries(&template.annotations)?;
    let mut plain = object.clone();
    for template in &mut plain.templates {
        template
            .annotations
            .retain(|key, _| ![keys::INTENTS, keys::INTENTS_TLV].contains(&key.as_str()));
    }
    let review = review(&plain, surroundings);
    let spec = review.expansions.iter().find(|one| one.template == template.path);
    let spec = spec.map_or(&template.spec, |expansion| &expansion.spec);
    let pod = next_pod(cluster, &plain, template, spec).ok()?.pod;
    Some((entries, pod))
}
