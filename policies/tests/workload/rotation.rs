//! Pods of one kind that nobody has seen before, of applications that are there.

use serde_json::{Value, json};

use crate::cluster::{APPS, Kind, NAMESPACES, arrival};

/// Pod `n` of a round: of the next application, in that application's namespace, with a name and a
/// template hash that no other pod has. So what it selects by is known, and the pod itself is not:
/// neither its object nor its labels nor what was found for another pod can be looked up.
pub fn warm(kind: Kind, round: usize, n: usize) -> Value {
    let a = application(n);
    let name = format!("warm-{round}-{n}");
    let app = format!("app-{a}");
    let mut pod = arrival(kind, &name, &app, &format!("ns-{}", a % NAMESPACES));
    pod["metadata"]["labels"]["pod-template-hash"] = json!(format!("{app}-{name}"));
    pod
}

/// The same, but every term in it has one more requirement, which nothing fails and which no pod
/// had before; and it tolerates a taint that no pod tolerated before.
pub fn cold(kind: Kind, round: usize, n: usize) -> Value {
    let mut pod = warm(kind, round, n);
    unseen(&mut pod, &format!("cold-{round}-{n}"));
    pod
}

/// Makes every term of a pod one that was not there before, without changing what it matches: no
/// label has the value `word`.
pub fn unseen(pod: &mut Value, word: &str) {
    let toleration = json!({ "key": word, "operator": "Exists", "effect": "NoSchedule" });
    push(&mut pod["spec"]["tolerations"], toleration);
    let besides = |key: &str| json!({ "key": key, "operator": "NotIn", "values": [word] });
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    for term in elements(pod, &format!("affinity/nodeAffinity/{required}/nodeSelectorTerms")) {
        push(&mut term["matchExpressions"], besides("pool"));
    }
    for side in ["podAffinity", "podAntiAffinity"] {
        for term in elements(pod, &format!("affinity/{side}/{required}")) {
            push(&mut term["labelSelector"]["matchExpressions"], besides("version"));
        }
    }
    for term in elements(pod, "topologySpreadConstraints") {
        push(&mut term["labelSelector"]["matchExpressions"], besides("version"));
    }
}

/// The elements of a list in the pod's spec, if it is there.
fn elements<'a>(pod: &'a mut Value, path: &str) -> impl Iterator<Item = &'a mut Value> {
    pod.pointer_mut(&format!("/spec/{path}")).and_then(Value::as_array_mut).into_iter().flatten()
}

fn push(list: &mut Value, element: Value) {
    match list {
        Value::Array(known) => known.push(element),
        other => *other = json!([element]),
    }
}

/// Every application once in `APPS` steps, in an order in which neighbours have little in common.
fn application(n: usize) -> usize {
    (n * 77 + n / APPS) % APPS
}
