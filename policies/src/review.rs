//! The one review behind both doors.

mod silence;

use std::borrow::Cow;

use placecard_feasibility::selector::Selector;
use placecard_feasibility::verdict::InventoryIsClosed;
use placecard_findings::{FieldPath, Finding, Scope, Severity, Verdict};
use placecard_language::checked::NamespaceFacts;
use placecard_language::intent::{Intents, Relation, Rule};
use placecard_language::keys::{self, Place};
use placecard_language::read::{Reading, read, read_labels};
use serde_json::Value;

use crate::applied;
use crate::bounds;
use crate::change::Change;
use crate::contradict::{self, Demands};
use crate::coordination::{self, expand::Coordinated};
use crate::directory;
use crate::expand::{self, Dead, Expander};
use crate::fields::{self, ObjectCase, TemplateCase};
use crate::frame::{self, Frame};
use crate::mode::{self, Mode};
use crate::native;
use crate::object::{Map, Object, PodSpec, Template};
use crate::placed::{self, Asked, Placement};
use crate::read::at;
use crate::rules;
use crate::standing;
use crate::surroundings::{Reference, Surroundings};
use crate::volumes;
use crate::words;

/// What a review found.
#[derive(Clone, Debug, Default)]
pub struct Review {
    /// In the order of the object: its own metadata, then by template, annotation and line.
    pub findings: Vec<Finding>,
    /// One entry for every template that carries intents, or a record of earlier ones, and could be
    /// read.
    pub expansions: Vec<Expansion>,
    /// Whether the object carries intents at all.
    pub has_intents: bool,
    /// What becomes of the next pod of each template on the cluster, if there is one.
    pub placements: Vec<Placement>,
    /// How much of this may stop the object: the mode of its namespace.
    pub mode: Mode,
    /// What is wrong with the label of the mode.
    pub odd_mode: Option<Box<Finding>>,
    /// What was concluded from a closed inventory was read again and holds, so that it may refuse.
    pub confirmed: Option<InventoryIsClosed>,
}

/// What becomes of one template.
#[derive(Clone, Debug, Default)]
pub struct Expansion {
    /// The template's path; empty for a pod.
    pub template: FieldPath,
    /// In a stable order; empty if everything is there already.
    pub changes: Vec<Change>,
    /// The placement fields that the changes start from: those of the template, without what an
    /// earlier expansion in place added.
    pub base: PodSpec,
    /// The placement fields with the changes made.
    pub spec: PodSpec,
    /// The labels that the pod has to carry besides its own.
    pub labels: Map,
    /// For each rule in words: which fields say it.
    pub added: Vec<String>,
    /// Every required rule is in `spec`; false if something that one of them names is not known.
    pub complete: bool,
    /// The webhook writes it into this very object: a pod, or a template expanded in place.
    pub in_place: bool,
    /// The `applied` annotation that goes with it; `None`: there are no intents (any more).
    pub applied: Option<String>,
}

/// Where the annotations of a template stand.
fn place(object: &Object) -> Place {
    if object.is_pod() {
        Place::Pod
    } else if object.expands_in_place() {
        Place::ExpandedTemplate
    } else {
        Place::Template
    }
}

fn namespace(object: &Object, surroundings: &Surroundings) -> Option<NamespaceFacts> {
    let name = &object.reference.namespace;
    (!name.is_empty()).then(|| NamespaceFacts {
        name: name.clone(),
        labels: surroundings.objects.namespace(name).cloned(),
    })
}

/// What a review of this object needs to know about other objects, each once, in a stable order.
#[must_use]
pub fn references(object: &Object, surroundings: &Surroundings) -> Vec<Reference> {
    let mut found = Vec::new();
    let facts = namespace(object, surroundings);
    if let Some(written) = &object.coordination {
        coordination::rules::references(written, &object.reference.namespace, &mut found);
        coordination::inline::references(written, &mut found);
    }
    found.extend(coordination::rules::annotation::reference(object));
    for template in &object.templates {
        let (at, own) = (place(object), facts.as_ref());
        let reading = directory::reading(object, &template.annotations, at, surroundings, own);
        found.extend(reading.wants.iter().map(directory::reference));
        bounds::references(object, template, &reading.intents.rules, &mut found);
        found.extend(volumes::references(object, template, reading.has_intents));
        let coordinate = reading.intents.coordinate.as_ref();
        coordination::expand::references(object, template, coordinate, surroundings, &mut found);
        if !reading.has_intents {
            continue;
        }
        if coordinate.is_some() && !object.is_pod() {
            found.push(bounds::autoscaler_of(object));
        }
        expand::references(&reading.intents, &object.reference.namespace, &mut found);
        if expand::means_self(&reading.intents) {
            found.extend(frame::reference(object));
        }
        let words = &surroundings.words;
        let mut groups = words.pools.values().chain(words.trust_domains.values());
        if facts.is_some() && groups.any(|group| group.allowed_namespaces.is_some()) {
            found.push(Reference::Namespace { name: object.reference.namespace.clone() });
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The question whose answer says that no coordination refers to the group of the pod. An answer from
/// what was watched may be a moment old; the pod is placed for good.
#[must_use]
pub fn unreferred(object: &Object, surroundings: &Surroundings) -> Option<Reference> {
    let mut templates = object.templates.iter();
    templates.find_map(|one| coordination::expand::unreferred(object, one, surroundings))
}

/// Whether a review may find nothing by what the object says alone. Where it has rules, or where others
/// may be in its way, it asks about these at any rate.
#[must_use]
pub fn may_stand_alone(object: &Object) -> bool {
    object.coordination.is_none() && !object.templates.iter().any(native::may_require_pods)
}

/// Reviews one object.
#[must_use]
pub fn review(object: &Object, surroundings: &Surroundings) -> Review {
    review_written(object, None, surroundings)
}

/// Reviews one object that is still there as it is written.
#[must_use]
pub fn review_written(
    object: &Object,
    written: Option<&Value>,
    surroundings: &Surroundings,
) -> Review {
    let namespace = &object.reference.namespace;
    let mut review = Review {
        mode: mode::of(namespace, surroundings),
        odd_mode: mode::odd(namespace, surroundings).map(Box::new),
        ..Review::default()
    };
    if !object.is_pod() {
        own_metadata(object, surroundings, &mut review);
    }
    for template in &object.templates {
        let before = (review.findings.len(), review.expansions.len());
        of_template(object, template, written, surroundings, &mut review);
        standing::settle(template, &mut review, before);
    }
    fields::of_object(&ObjectCase { object, surroundings, written }, &mut review.findings);
    review
}

/// Annotations and labels of ours on the object itself.
fn own_metadata(object: &Object, surroundings: &Surroundings, review: &mut Review) {
    let place = match (object.reference.group(), object.reference.kind.as_str()) {
        ("", "Namespace") => Place::Namespace,
        (keys::GROUP, keys::VOCABULARY_KIND) => Place::Vocabulary,
        _ if object.templates.is_empty() => Place::Other,
        _ => Place::Workload,
    };
    let reading = read(&object.annotations, place, &surroundings.words, None);
    let labels = read_labels(&object.labels, place);
    let metadata = FieldPath::of(&["metadata"]);
    for problem in reading.problems.iter().chain(&labels) {
        review.findings.push(words::annotation::finding(&object.reference, &metadata, problem));
    }
    if let Some(written) = &object.coordination {
        let (group, findings) = coordination::check(written);
        review.findings.extend(findings);
        let group = group.into_iter();
        let of_roles = |group| coordination::rules::of_resource(object, &group, surroundings);
        review.findings.extend(group.flat_map(of_roles));
        let kept = coordination::inline::findings(&object.reference, written, surroundings);
        review.findings.extend(kept);
    }
}

fn of_template(
    object: &Object,
    template: &Template,
    written: Option<&Value>,
    surroundings: &Surroundings,
    review: &mut Review,
) {
    let facts = template.says_anything().then(|| namespace(object, surroundings)).flatten();
    let place = place(object);
    let mut annotations = Cow::Borrowed(&template.annotations);
    if let Some(undone) = leftover(place, template) {
        annotations.to_mut().remove(keys::APPLIED);
        review.expansions.push(undone);
    }
    let mut reading = directory::reading(object, &annotations, place, surroundings, facts.as_ref());
    let labels = read_labels(&template.labels, place);
    review.has_intents |= reading.has_intents;
    let metadata = template.path.key("metadata");
    let mut findings: Vec<Finding> = reading
        .problems
        .iter()
        .chain(&labels)
        .map(|problem| words::annotation::finding(&object.reference, &metadata, problem))
        .collect();
    let unreadable = findings.iter().any(|finding| finding.severity == Severity::Error);
    let (recorded, mut base) = unexpanded(place, template);
    // A DaemonSet's controller replaces the node terms of its pods: they say nothing about rules.
    let of_daemon_set =
        object.is_pod() && object.controller().is_some_and(|owner| owner.kind == "DaemonSet");
    if !of_daemon_set {
        let coordinate = reading.intents.coordinate.as_ref();
        let coordinated = coordination::expand::place(object, &base, coordinate, surroundings);
        reading.intents.rules.extend(coordinated.rules.iter().cloned());
        if !coordinated.labels.is_empty() {
            base.to_mut().labels.extend(coordinated.labels.clone());
        }
        let frame = frame::frame(object, &base, &surroundings.objects);
        let mut expanded = expand::expand(object, &base, &frame, surroundings, &reading.intents);
        coordinate_too(&coordinated, &mut expanded);
        try_first_batch((object, &base), surroundings, &reading, &coordinated, &mut expanded);
        coordination::expand::beside_batch(&coordinated, &mut expanded.troubles);
        review.has_intents |= coordinated.concerned;
        for trouble in &expanded.troubles {
            findings.push(words::trouble::finding(&object.reference, template, trouble));
        }
        findings.extend(contradictions(object, &base, &frame, surroundings, &reading, &expanded));
        findings.extend(dead_selectors(object, template, &expanded.dead));
        let told = coordination::rules::of_workload(object, template, coordinate, surroundings);
        findings.extend(told);
        let written = written.and_then(|whole| at(whole, &template.path));
        let case = TemplateCase::new((object, &base), &frame, surroundings, written);
        findings.extend(by_hand(&case, &reading, &coordinated));
        let known = !unreadable && is_complete(&expanded);
        let told = !is_contradicted(&findings);
        let judged = (object, template, &*base);
        let placed = on_cluster(judged, &frame, surroundings, &reading, &expanded, (known, told));
        if let Some((placement, found)) = placed {
            tell_once(found, &mut findings);
            review.placements.push(placement);
        }
        let concerned = reading.has_intents || coordinated.concerned;
        if !unreadable && (concerned || recorded) {
            review.expansions.push(expansion(
                object,
                &base,
                &frame,
                surroundings,
                &reading,
                expanded,
                &coordinated,
            ));
        }
    }
    let on_live = || surroundings.live.as_ref().is_some_and(|live| live.knows_nodes());
    let on_cluster = surroundings.cluster.is_some() || on_live();
    silence::apply(object, template, &reading.intents.ignores, on_cluster, &mut findings);
    review.findings.append(&mut findings);
}

/// Whether the template has the record of an expansion in place, and the template without what that
/// added.
fn unexpanded(place: Place, template: &Template) -> (bool, Cow<'_, Template>) {
    let record = template.annotations.get(keys::APPLIED);
    let record = record.filter(|_| place == Place::ExpandedTemplate);
    let mut base = Cow::Borrowed(template);
    if let Some(undone) = record.and_then(|text| applied::undo(text, &template.spec)) {
        base.to_mut().spec = undone;
    }
    (record.is_some(), base)
}

/// What is to be said of the fields that no rule in words has written.
fn by_hand(case: &TemplateCase<'_>, reading: &Reading, coordinated: &Coordinated) -> Vec<Finding> {
    let TemplateCase { object, template, frame, surroundings, .. } = case;
    let mut findings = Vec::new();
    fields::of_template(case, &mut findings);
    if (reading.has_intents || coordinated.concerned) && !findings.is_empty() {
        let meant = meaning(object, template, frame, surroundings, reading, coordinated);
        fields::without_rules(template, &meant.spec, &mut findings);
    }
    findings
}

/// What becomes of the next pod of a template on the cluster, if there is one.
fn on_cluster(
    (object, template, base): (&Object, &Template, &Template),
    frame: &Frame<'_>,
    surroundings: &Surroundings,
    reading: &Reading,
    expanded: &expand::Expanded,
    (known, told): (bool, bool),
) -> Option<(Placement, Vec<Finding>)> {
    let expander = Expander::empty(object, frame, surroundings);
    let asked = |cluster| Asked {
        object,
        template,
        written: base,
        expander: &expander,
        intents: &reading.intents,
        sources: &expanded.sources,
        spec: &expanded.spec,
        known,
        told,
        inputs: surroundings.inputs.all(),
        cluster,
    };
    if !template.scattered.is_empty() {
        return None;
    }
    match (&surroundings.cluster, &surroundings.live) {
        (Some(cluster), _) => Some(placed::judge(&asked(cluster))),
        (None, Some(live)) if live.knows_nodes() => {
            let words = &surroundings.words;
            let local = live.local(object, words);
            Some(placed::judge_live(&asked(&local), live, words))
        }
        (None, _) => None,
    }
}

fn of_volumes(finding: &Finding) -> bool {
    finding.code == rules::PV_AFFINITY_CONFLICT
}

/// It is told already that no cluster at all could take the pod.
fn is_contradicted(findings: &[Finding]) -> bool {
    findings.iter().any(|one| {
        let everywhere = one.holds.scope != Scope::Assumption;
        one.verdict == Verdict::Contradictory && everywhere && !of_volumes(one)
    })
}

/// Adds what was found on a cluster. What fits no cluster at all fits this one neither, and that is
/// told already; but of claims that are bound there the cluster knows more than to which volume.
fn tell_once(on_cluster: Vec<Finding>, findings: &mut Vec<Finding>) {
    let contradicted = is_contradicted(findings);
    // What a cluster shows stands in place of what might be.
    findings.retain(|one| {
        one.verdict != Verdict::Risk || on_cluster.iter().all(|found| found.code != one.code)
    });
    if !contradicted && on_cluster.iter().any(of_volumes) {
        findings.retain(|one| !of_volumes(one));
    }
    if !contradicted && !findings.iter().any(of_volumes) {
        findings.extend(on_cluster);
    }
}

/// What undoes an expansion in place of a template that is not expanded in place any more.
fn leftover(place: Place, template: &Template) -> Option<Expansion> {
    let text = template.annotations.get(keys::APPLIED).filter(|_| place == Place::Template)?;
    let undone = applied::undo(text, &template.spec).filter(|_| applied::keeps_lists(text))?;
    Some(Expansion {
        template: template.path.clone(),
        base: undone.clone(),
        spec: undone,
        complete: true,
        in_place: true,
        ..Expansion::default()
    })
}

fn contradictions(
    object: &Object,
    template: &Template,
    frame: &Frame<'_>,
    surroundings: &Surroundings,
    reading: &Reading,
    expanded: &expand::Expanded,
) -> Vec<Finding> {
    let expander = Expander::empty(object, frame, surroundings);
    let demands =
        Demands::of(template, &expander, &reading.intents, &expanded.sources, &expanded.spec);
    let subject = bounds::Subject {
        object,
        template,
        frame,
        surroundings,
        demands: &demands,
        sources: &expanded.sources,
        spec: &expanded.spec,
    };
    let mut found: Vec<Finding> = contradict::nodes(&subject).into_iter().collect();
    let by_volumes = || volumes::conflict(object, template, &expander, &demands);
    let by_volumes = if found.is_empty() { by_volumes() } else { None };
    found.extend(contradict::pods(&subject));
    if !found.iter().any(|one| one.holds.proof) {
        contradict::entries::add(&subject, &reading.intents, &mut found);
    }
    // A pod that can not be placed at all has no replicas to count.
    if found.is_empty() {
        found.extend(bounds::findings(&subject));
    }
    if found.is_empty() {
        found.extend(contradict::on_kubelets(&subject));
    }
    if !found.is_empty() && fields::has_placeholder(&template.spec) {
        return Vec::new();
    }
    // Last, because other objects are to blame: it neither denies nor hides what does.
    found.extend(by_volumes);
    found
}

/// Adds what a place in a coordination becomes besides rules; what is there already is not added.
fn coordinate_too(coordinated: &Coordinated, expanded: &mut expand::Expanded) {
    expanded.troubles.extend(coordinated.troubles.iter().cloned());
    expanded.added.extend(coordinated.added.iter().cloned());
    for change in &coordinated.changes {
        let is_there = match change {
            Change::SchedulingGate(name) => expanded.spec.scheduling_gates.contains(name),
            Change::SchedulingGroup(name) => expanded.spec.scheduling_group == *name,
            _ => false,
        };
        if !is_there {
            change.apply(&mut expanded.spec);
            expanded.changes.push(change.clone());
        }
    }
}

/// Adds what is in the way of the rules that pods of a template will get.
fn try_first_batch(
    (object, base): (&Object, &Template),
    surroundings: &Surroundings,
    reading: &Reading,
    coordinated: &Coordinated,
    expanded: &mut expand::Expanded,
) {
    let Some((rules, labels)) = &coordinated.first else { return };
    let mut pod = base.clone();
    pod.labels.extend(labels.clone());
    let mut intents = reading.intents.clone();
    intents.rules.extend(rules.iter().cloned());
    let frame = frame::frame(object, &pod, &surroundings.objects);
    let tried = expand::expand(object, &pod, &frame, surroundings, &intents);
    let ours = tried.troubles.into_iter();
    let ours = ours.filter(|trouble| coordinated.origin.as_ref() == Some(&trouble.rule));
    expanded.troubles.extend(ours);
}

/// What the intents mean for a pod without any placement field: independent of what stands in this
/// one already.
fn meaning(
    object: &Object,
    template: &Template,
    frame: &Frame<'_>,
    surroundings: &Surroundings,
    reading: &Reading,
    coordinated: &Coordinated,
) -> expand::Expanded {
    let mut bare = template.clone();
    bare.spec = PodSpec { node_name: template.spec.node_name.clone(), ..PodSpec::default() };
    let mut meaning = expand::expand(object, &bare, frame, surroundings, &reading.intents);
    coordinate_too(coordinated, &mut meaning);
    meaning
}

/// Whether nothing stands there that the rules add to or rest on, so that they became what they mean.
/// Every pod has tolerations, which are nothing to rules about other pods.
fn starts_bare(spec: &PodSpec, reading: &Reading) -> bool {
    let Intents { rules, tolerations, .. } = &reading.intents;
    let about_pods = |rule: &Rule| match rule.relation {
        Relation::Near(_) | Relation::ApartFrom(_) | Relation::AtMost(_) | Relation::Spread(_) => {
            true
        }
        Relation::On(_) | Relation::NotOn(_) | Relation::Unresolved(_) => false,
    };
    let untouched =
        spec.tolerations.is_empty() || (tolerations.is_empty() && rules.iter().all(about_pods));
    untouched
        && spec.affinity.is_none()
        && spec.spread.is_empty()
        && spec.node_selector.is_empty()
        && spec.scheduling_gates.is_empty()
        && spec.scheduling_group.is_empty()
}

/// Every required rule is written.
fn is_complete(expanded: &expand::Expanded) -> bool {
    !expanded.troubles.iter().any(|trouble| trouble.required) && !expanded.impossible
}

fn expansion(
    object: &Object,
    template: &Template,
    frame: &Frame<'_>,
    surroundings: &Surroundings,
    reading: &Reading,
    expanded: expand::Expanded,
    coordinated: &Coordinated,
) -> Expansion {
    let in_place = object.is_pod() || object.expands_in_place();
    let concerned = reading.has_intents || coordinated.concerned;
    let applied = (in_place && concerned).then(|| {
        let meant;
        let expand::Expanded { changes, added, .. } = match starts_bare(&template.spec, reading) {
            true => &expanded,
            false => {
                meant = meaning(object, template, frame, surroundings, reading, coordinated);
                &meant
            }
        };
        if object.is_pod() {
            applied::content(changes, added, applied::followed(&reading.intents.rules))
        } else {
            applied::content_with_own(changes, added, &template.spec, &expanded.spec)
        }
    });
    let complete = is_complete(&expanded);
    Expansion {
        template: template.path.clone(),
        changes: expanded.changes,
        base: template.spec.clone(),
        spec: expanded.spec,
        labels: coordinated.labels.clone(),
        added: expanded.added,
        complete,
        in_place,
        applied,
    }
}

/// Selectors that no pod can match, where that makes a rule or a field say nothing. Required pod
/// affinity is judged with the contradictions.
fn dead_selectors(object: &Object, template: &Template, rules: &[Dead]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Dead { rule, selector } in rules {
        findings.push(words::trouble::dead_rule(&object.reference, template, rule, selector));
    }
    for (path, selector) in written_selectors(&template.spec) {
        if !selector.is_satisfiable() {
            let path = template.path.join(&path);
            findings.push(words::trouble::dead_field(&object.reference, path, &selector));
        }
    }
    findings
}

/// Hand-written selectors besides those of required pod affinity, with their paths.
fn written_selectors(spec: &PodSpec) -> Vec<(FieldPath, Selector)> {
    let mut found = Vec::new();
    for (index, term) in native::required_anti_affinity(spec).iter().enumerate() {
        if let Some(selector) = &term.label_selector {
            let path = expand::affinity_path("podAntiAffinity").index(index).key("labelSelector");
            found.push((path, native::selector(selector)));
        }
    }
    for (index, constraint) in spec.spread.iter().enumerate() {
        if let Some(selector) = &constraint.label_selector {
            let path = FieldPath::of(&["spec", "topologySpreadConstraints"]);
            found.push((path.index(index).key("labelSelector"), native::selector(selector)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::change::edit_value;
    use crate::read;

    #[test]
    fn what_rules_mean_does_not_depend_on_what_stands_in_the_pod() {
        let surroundings = Surroundings::default();
        let any = json!([{"operator": "Exists"}]);
        let lasting = json!([{"key": "node.kubernetes.io/not-ready", "operator": "Exists",
            "effect": "NoExecute", "tolerationSeconds": 300}]);
        let specs = [
            json!({}),
            json!({"affinity": {}}),
            json!({"tolerations": lasting}),
            json!({"tolerations": any}),
            json!({"tolerations": any, "affinity": {}}),
            json!({"tolerations": lasting, "schedulingGates": [{"name": "mine"}]}),
        ];
        for rules in [
            "apart-from self in zone",
            "apart-from self in node\nspread over zone",
            "on zone/a",
            "on zone/a\napart-from self in node",
        ] {
            let applied = |spec: &Value| {
                let value = json!({"apiVersion": "v1", "kind": "Pod",
                    "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"},
                        "annotations": {"placecard.dev/require": rules}},
                    "spec": spec});
                let object = read::object(&value, &surroundings.words).unwrap();
                review(&object, &surroundings).expansions[0].applied.clone().unwrap()
            };
            let meant = applied(&specs[0]);
            assert!(!meant.is_empty());
            for spec in &specs {
                assert_eq!(applied(spec), meant, "{rules} in {spec}");
            }
        }
    }

    #[test]
    fn a_template_that_is_no_longer_expanded_gets_its_own_fields_back() {
        let mut value = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop",
                         "annotations": {"placecard.dev/expand": "template"}},
            "spec": {"selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"},
                    "annotations": {"placecard.dev/require": "on zone/a\napart-from self"}},
                    "spec": {"tolerations": [{"key": "mine", "operator": "Exists"}]}}}});
        let surroundings = Surroundings::default();
        let object = read::object(&value, &surroundings.words).unwrap();
        let first = review(&object, &surroundings);
        assert_eq!(first.findings, []);
        let own = object.templates[0].spec.clone();
        for change in &first.expansions[0].changes {
            edit_value(&mut value["spec"]["template"]["spec"], change.edit());
        }
        let applied = first.expansions[0].applied.clone().unwrap();
        value["spec"]["template"]["metadata"]["annotations"][keys::APPLIED] = json!(applied);
        value["metadata"]["annotations"] = json!({});

        let object = read::object(&value, &surroundings.words).unwrap();
        assert_ne!(object.templates[0].spec, own, "it was expanded");
        let second = review(&object, &surroundings);
        assert_eq!(second.findings, []);
        let undone = &second.expansions[0];
        assert!(undone.in_place && undone.applied.is_none());
        assert_eq!(undone.spec, own);
        let copied = json!({"v": 1, "digest": "x", "added": []}).to_string();
        value["spec"]["template"]["metadata"]["annotations"][keys::APPLIED] = json!(copied);
        let object = read::object(&value, &surroundings.words).unwrap();
        assert_eq!(review(&object, &surroundings).findings.len(), 1, "copied from a pod");
    }
}
