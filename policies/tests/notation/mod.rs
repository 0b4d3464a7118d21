//! The placement fields of a pod spec in one line each, for tables of tests.
//!
//! Nothing is left out: a field that has no notation is an error. The well-known topology keys are
//! `node` and `zone`, `example.com/rack` is `rack`; `+50` is a preference with its weight; `a=b`
//! is a matchLabels entry, `a In (b)` an expression; `same` are matchLabelKeys, `other`
//! mismatchLabelKeys.

use serde_json::{Map, Value};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// The lines of a pod spec's placement fields.
pub(crate) fn lines(spec: &Value) -> Vec<String> {
    let mut spec = object(spec);
    let mut lines = Vec::new();
    for (key, value) in object(&spec.remove("nodeSelector").unwrap_or_default()) {
        lines.push(format!("selector {}={}", key, text(&value)));
    }
    let mut affinity = object(&spec.remove("affinity").unwrap_or_default());
    let mut nodes = object(&affinity.remove("nodeAffinity").unwrap_or_default());
    if let Some(required) = nodes.remove(REQUIRED) {
        let mut required = object(&required);
        let terms = array(required.remove("nodeSelectorTerms"));
        let terms: Vec<String> = terms.iter().map(node_term).collect();
        lines.push(format!("nodes {}", terms.join(" or ")));
        done(&required);
    }
    for term in array(nodes.remove(PREFERRED)) {
        let mut term = object(&term);
        let (weight, preference) = (term.remove("weight"), term.remove("preference"));
        lines.push(format!("nodes+{} {}", weight.unwrap(), node_term(&preference.unwrap())));
        done(&term);
    }
    done(&nodes);
    for (word, key) in [("near", "podAffinity"), ("apart", "podAntiAffinity")] {
        let mut pods = object(&affinity.remove(key).unwrap_or_default());
        for term in array(pods.remove(REQUIRED)) {
            lines.push(format!("{word} {}", pod_term(&term)));
        }
        for term in array(pods.remove(PREFERRED)) {
            let mut term = object(&term);
            let (weight, term_of) = (term.remove("weight"), term.remove("podAffinityTerm"));
            lines.push(format!("{word}+{} {}", weight.unwrap(), pod_term(&term_of.unwrap())));
            done(&term);
        }
        done(&pods);
    }
    done(&affinity);
    lines.extend(array(spec.remove("topologySpreadConstraints")).iter().map(constraint));
    lines.extend(array(spec.remove("tolerations")).iter().map(toleration));
    spec.remove("nodeName");
    done(&spec);
    lines
}

fn object(value: &Value) -> Map<String, Value> {
    match value {
        Value::Null => Map::new(),
        value => value.as_object().unwrap_or_else(|| panic!("no mapping: {value}")).clone(),
    }
}

fn array(value: Option<Value>) -> Vec<Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(value) => value.as_array().unwrap_or_else(|| panic!("no list: {value}")).clone(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn done(rest: &Map<String, Value>) {
    assert!(rest.is_empty(), "fields without a notation: {rest:?}");
}

fn level(key: &str) -> &str {
    match key {
        "kubernetes.io/hostname" => "node",
        "topology.kubernetes.io/zone" => "zone",
        "example.com/rack" => "rack",
        key => key,
    }
}

fn strings(value: Option<Value>) -> Vec<String> {
    array(value).iter().map(text).collect()
}

fn requirement(value: &Value) -> String {
    let mut fields = object(value);
    let key = text(&fields.remove("key").unwrap());
    let operator = text(&fields.remove("operator").unwrap());
    let values = fields.remove("values").map(|values| strings(Some(values)).join(","));
    done(&fields);
    let values = values.map(|values| format!(" ({values})")).unwrap_or_default();
    format!("{} {operator}{values}", level(&key))
}

fn node_term(value: &Value) -> String {
    let mut fields = object(value);
    let labels = array(fields.remove("matchExpressions"));
    let names = array(fields.remove("matchFields"));
    done(&fields);
    let parts: Vec<String> = labels.iter().chain(&names).map(requirement).collect();
    format!("{{{}}}", parts.join(", "))
}

fn selector(value: Option<Value>) -> String {
    let Some(value) = value else { return "nobody".to_owned() };
    let mut fields = object(&value);
    let labels = object(&fields.remove("matchLabels").unwrap_or_default());
    let mut parts: Vec<String> =
        labels.iter().map(|(key, value)| format!("{key}={}", text(value))).collect();
    parts.extend(array(fields.remove("matchExpressions")).iter().map(requirement));
    done(&fields);
    format!("{{{}}}", parts.join(", "))
}

fn list(word: &str, value: Option<Value>) -> String {
    value.map(|value| format!(" {word} {}", strings(Some(value)).join(","))).unwrap_or_default()
}

fn pod_term(value: &Value) -> String {
    let mut fields = object(value);
    let mut line = selector(fields.remove("labelSelector"));
    line += &format!(" in {}", level(&text(&fields.remove("topologyKey").unwrap())));
    line += &list("same", fields.remove("matchLabelKeys"));
    line += &list("other", fields.remove("mismatchLabelKeys"));
    line += &list("namespaces", fields.remove("namespaces"));
    if let Some(namespaces) = fields.remove("namespaceSelector") {
        line += &format!(" of {}", selector(Some(namespaces)));
    }
    done(&fields);
    line
}

fn constraint(value: &Value) -> String {
    let mut fields = object(value);
    let when = text(&fields.remove("whenUnsatisfiable").unwrap());
    let when = match when.as_str() {
        "DoNotSchedule" => "hard",
        "ScheduleAnyway" => "soft",
        other => other,
    };
    let mut line = format!("spread {when} {}", fields.remove("maxSkew").unwrap());
    line += &format!(" over {} ", level(&text(&fields.remove("topologyKey").unwrap())));
    line += &selector(fields.remove("labelSelector"));
    line += &list("same", fields.remove("matchLabelKeys"));
    for (word, key) in [
        ("min-domains", "minDomains"),
        ("nodes", "nodeAffinityPolicy"),
        ("taints", "nodeTaintsPolicy"),
    ] {
        if let Some(value) = fields.remove(key) {
            line += &format!(" {word} {}", text(&value));
        }
    }
    done(&fields);
    line
}

fn toleration(value: &Value) -> String {
    let mut fields = object(value);
    let operator = fields.remove("operator").map(|operator| text(&operator));
    let mut line = format!("tolerate {}", text(&fields.remove("key").unwrap_or("*".into())));
    if operator.as_deref() != Some("Exists") {
        line +=
            &format!("={}", fields.remove("value").map(|value| text(&value)).unwrap_or_default());
    }
    if let Some(effect) = fields.remove("effect") {
        line += &format!(":{}", text(&effect));
    }
    if let Some(seconds) = fields.remove("tolerationSeconds") {
        line += &format!(" for {seconds}s");
    }
    done(&fields);
    line
}
