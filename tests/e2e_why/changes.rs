//! What `why` proposes, done to a pod as a reader would do it.

use serde_json::{Value, json};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const HARD: &str = "DoNotSchedule";

/// The pod after the change that the sentence asks for; `None` if it asks for something else than a
/// change of the pod.
pub(crate) fn changed(pod: &Value, sentence: &str) -> Option<Value> {
    let mut changed = pod.clone();
    change(&mut changed["spec"], sentence)?;
    Some(changed)
}

fn change(spec: &mut Value, sentence: &str) -> Option<()> {
    if let Some(level) = between(sentence, "nodeTaintsPolicy: Honor, spreading over ", "") {
        for constraint in constraints(spec, level) {
            constraint["nodeTaintsPolicy"] = "Honor".into();
        }
    } else if between(sentence, "prefer the node affinity", ", do not require it").is_some() {
        spec["affinity"]["nodeAffinity"].as_object_mut()?.remove(REQUIRED);
    } else if let Some(level) = between(sentence, "prefer to spread over ", ", do not require it") {
        for constraint in constraints(spec, level) {
            constraint["whenUnsatisfiable"] = "ScheduleAnyway".into();
        }
    } else if between(sentence, "prefer near ", ", do not require it").is_some() {
        spec["affinity"]["podAffinity"].as_object_mut()?.remove(REQUIRED);
    } else if between(sentence, "prefer apart-from ", ", do not require it").is_some() {
        spec["affinity"]["podAntiAffinity"].as_object_mut()?.remove(REQUIRED);
    } else if let Some(holder) = between(sentence, "priority above that of ", ")") {
        let (_, priority) = holder.split_once(" (")?;
        spec["priorityClassName"] = format!("above-{priority}").into();
    } else if let Some((first, second)) = sentence.split_once(" and ") {
        change(spec, first)?;
        change(spec, second)?;
    } else if let Some(port) = between(sentence, "do without host port ", "") {
        let port: u64 = port.parse().ok()?;
        let ports = spec["containers"][0]["ports"].as_array_mut()?;
        ports.retain(|one| one["hostPort"] != port);
    } else if let Some(taint) = between(sentence, "tolerate ", "") {
        tolerate(spec, taint)?;
    } else if let Some(label) = between(sentence, "do without ", "") {
        let key = label.split([' ', '=', '>', '<', '!']).find(|word| !word.is_empty())?;
        forget(spec, key);
    } else if let Some(label) = between(sentence, "allow ", "") {
        let (key, value) = label.split_once(['=', ' '])?;
        allow(spec, key_of(key), value)?;
    } else if let Some((resource, amount)) = sentence.split_once(": ") {
        let resources = &mut spec["containers"][0]["resources"];
        for list in ["requests", "limits"] {
            resources[list].as_object_mut()?.get_mut(resource)?;
            resources[list][resource] = amount.into();
        }
    } else {
        return None;
    }
    Some(())
}

/// Levels have short names, other labels are called by their keys.
fn key_of(level: &str) -> &str {
    match level {
        "zone" => "topology.kubernetes.io/zone",
        "node" => "kubernetes.io/hostname",
        key => key,
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.strip_prefix(start)?.strip_suffix(end)
}

/// The hard spread constraints over a level.
fn constraints<'a>(spec: &'a mut Value, level: &'a str) -> impl Iterator<Item = &'a mut Value> {
    let found = spec["topologySpreadConstraints"].as_array_mut();
    found
        .into_iter()
        .flatten()
        .filter(move |one| one["whenUnsatisfiable"] == HARD && one["topologyKey"] == key_of(level))
}

/// `KEY=VALUE:EFFECT` or `KEY:EFFECT`.
fn tolerate(spec: &mut Value, taint: &str) -> Option<()> {
    let (label, effect) = taint.rsplit_once(':')?;
    let toleration = match label.split_once('=') {
        Some((key, value)) => json!({"key": key, "value": value, "effect": effect}),
        None => json!({"key": label, "operator": "Exists", "effect": effect}),
    };
    let list = spec.as_object_mut()?.entry("tolerations").or_insert_with(|| json!([]));
    list.as_array_mut()?.push(toleration);
    Some(())
}

fn terms(spec: &mut Value) -> impl Iterator<Item = &mut Vec<Value>> {
    let terms = spec.pointer_mut(&format!("/affinity/nodeAffinity/{REQUIRED}/nodeSelectorTerms"));
    let terms = terms.and_then(Value::as_array_mut).into_iter().flatten();
    terms.filter_map(|term| term["matchExpressions"].as_array_mut())
}

/// Takes a label's demands out; a term with no other demand goes with them.
fn forget(spec: &mut Value, key: &str) {
    if let Some(selector) = spec["nodeSelector"].as_object_mut() {
        selector.remove(key);
    }
    let mut empty = false;
    for term in terms(spec) {
        term.retain(|one| one["key"] != key);
        empty |= term.is_empty();
    }
    if empty {
        spec["affinity"]["nodeAffinity"] = json!({});
    }
}

/// One more value for a label.
fn allow(spec: &mut Value, key: &str, value: &str) -> Option<()> {
    let selected = spec["nodeSelector"].as_object_mut().and_then(|one| one.remove(key));
    if let Some(selected) = selected {
        let wider = json!({"key": key, "operator": "In", "values": [selected, value]});
        let term = json!({"nodeSelectorTerms": [{"matchExpressions": [wider]}]});
        let affinity = spec.as_object_mut()?.entry("affinity").or_insert_with(|| json!({}));
        // Beside terms of its own it would go into each of them; no pod of these tests has both.
        let node = affinity.as_object_mut()?.entry("nodeAffinity").or_insert_with(|| json!({}));
        return node[REQUIRED].is_null().then(|| node[REQUIRED] = term);
    }
    for requirement in terms(spec).flatten().filter(|one| one["key"] == key) {
        requirement["values"].as_array_mut()?.push(value.into());
    }
    Some(())
}
