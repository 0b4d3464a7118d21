//! `on` and `not-on`.

use serde_json::{Value, json};

use super::{Case, case, check};
use crate::shop::{PREFERRED, REQUIRED};

/// Hand-written required node terms.
fn terms(terms: Value) -> Value {
    json!({"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}}})
}

fn label(key: &str, values: &[&str]) -> Value {
    json!({"matchExpressions": [{"key": key, "operator": "In", "values": values}]})
}

fn on(require: &'static str) -> Case {
    case("pod", require)
}

#[test]
fn every_target() {
    check(&[
        on("on node/n1").gives(&["nodes {metadata.name In (n1)}"]),
        on("on zone/eu-1a").gives(&["nodes {zone In (eu-1a)}"]),
        on("on example.com/rack/r7").gives(&["nodes {rack In (r7)}"]),
        on("on pool/h100")
            .gives(&["nodes {accelerator In (h100)}", "tolerate nvidia.com/gpu:NoSchedule"]),
        on("on pool/a100").gives(&["nodes {accelerator In (a100), spot DoesNotExist}"]),
        on("on pool/big").gives(&["nodes {cores Gt (31)}", "tolerate pool=big:NoExecute"]),
        on("on trust/payments")
            .gives(&["nodes {trust In (payments)}", "tolerate trust=payments:NoSchedule"]),
        on("on resource/nvme").gives(&["nodes {disk In (nvme)}"]),
        on("on nodes(a in (x,y),b!=z,c,!d,e>3,f<9)").gives(&[
            "nodes {a In (x,y), b NotIn (z), c Exists, d DoesNotExist, e Gt (3), f Lt (9)}",
        ]),
        on("on nodes(*)").gives(&[]),
        on("on volume/data").gives(&["nodes {zone In (a)}"]),
        on("on volume/anywhere").gives(&[]),
        on("on volume/waiting").codes(&["unresolved"]),
        on("on volume/unknown").codes(&["unresolved"]),
    ]);
}

#[test]
fn alternatives_and_negation() {
    check(&[
        on("on pool/h100 or pool/a100").gives(&[
            "nodes {accelerator In (h100)} or {accelerator In (a100), spot DoesNotExist}",
            "tolerate nvidia.com/gpu:NoSchedule",
        ]),
        on("on zone/a or zone/a").gives(&["nodes {zone In (a)}"]),
        on("not-on pool/h100").gives(&["nodes {accelerator NotIn (h100)}"]),
        on("not-on pool/a100").gives(&["nodes {accelerator NotIn (a100)} or {spot Exists}"]),
        on("not-on zone/a or zone/b").gives(&["nodes {zone NotIn (a,b)}"]),
        on("not-on zone/a\nnot-on zone/b").gives(&["nodes {zone NotIn (a,b)}"]),
        on("not-on node/n1 or node/n2")
            .gives(&["nodes {metadata.name NotIn (n1), metadata.name NotIn (n2)}"]),
        on("not-on nodes(k>3)").gives(&["nodes {k DoesNotExist} or {k Lt (4)}"]),
        on("not-on nodes(k<3)").gives(&["nodes {k DoesNotExist} or {k Gt (2)}"]),
        on("not-on nodes(k<0)").gives(&[]),
        on("not-on nodes(k>9223372036854775807)").gives(&[]),
        on("on nodes(k<0)").codes(&["node-affinity-unsatisfiable"]).gives(&[]),
        on("not-on nodes(*)").codes(&["node-affinity-unsatisfiable"]).gives(&[]),
        on("not-on nodes(a,b)").gives(&["nodes {a DoesNotExist} or {b DoesNotExist}"]),
        on("on zone/a\nnot-on pool/h100").gives(&["nodes {zone In (a), accelerator NotIn (h100)}"]),
        on("on zone/a\non zone/b").codes(&["node-affinity-unsatisfiable"]).gives(&[]),
        on("on zone/a or zone/b\non zone/b or zone/c").gives(&["nodes {zone In (b)}"]),
    ]);
}

#[test]
fn products_with_hand_written_terms() {
    check(&[
        on("on zone/a").with(terms(json!([label("disk", &["ssd"]), label("disk", &["nvme"])]))).gives(
            &["nodes {disk In (ssd), zone In (a)} or {disk In (nvme), zone In (a)}"],
        ),
        on("on zone/a or zone/b").with(terms(json!([label("x", &["1"]), label("y", &["2"])]))).gives(&[
            "nodes {x In (1), zone In (a)} or {x In (1), zone In (b)} or {y In (2), zone In (a)} or {y In (2), zone In (b)}",
        ]),
        // Said already, more narrowly.
        on("on zone/a or zone/b")
            .with(terms(json!([label("topology.kubernetes.io/zone", &["a"])])))
            .gives(&["nodes {zone In (a)}"]),
        // Products that no node can match go.
        on("on zone/a")
            .with(terms(json!([
                label("topology.kubernetes.io/zone", &["b"]),
                label("topology.kubernetes.io/zone", &["a", "b"])
            ])))
            .gives(&["nodes {zone In (a,b), zone In (a)}"]),
        // Empty and unparsable terms match nothing, and stay.
        on("on zone/a").with(terms(json!([{}, label("x", &["1"])]))).gives(&["nodes {} or {x In (1), zone In (a)}"]).codes(&["node-affinity-empty-term"]),
        on("on zone/a")
            .with(terms(json!([
                {"matchExpressions": [{"key": "k", "operator": "Gt", "values": ["many"]}]},
                label("x", &["1"])
            ])))
            .gives(&["nodes {k Gt (many)} or {x In (1), zone In (a)}"])
            .codes(&["node-affinity-unparsable-value"]),
        on("on zone/a")
            .with(terms(json!([{"matchFields": [
                {"key": "metadata.name", "operator": "In", "values": ["n1"]}]}])))
            .gives(&["nodes {zone In (a), metadata.name In (n1)}"]),
        on("on node/n2")
            .with(terms(json!([{"matchFields": [
                {"key": "metadata.name", "operator": "In", "values": ["n1"]}]}])))
            .codes(&["node-affinity-unsatisfiable"]),
        on("on zone/a")
            .with(json!({"nodeSelector": {"disk": "ssd"}}))
            .gives(&["selector disk=ssd", "nodes {zone In (a)}"]),
        on("on zone/a")
            .with(json!({"nodeSelector": {"topology.kubernetes.io/zone": "b"}}))
            .codes(&["node-selector-contradicts-affinity"]),
    ]);
}

#[test]
fn at_most_64_terms() {
    let eight = |key: &str| {
        let values: Vec<String> = (0..9).map(|i| format!("nodes({key}={i})")).collect();
        format!("on {}", values.join(" or "))
    };
    let leak = |text: String| -> &'static str { text.leak() };
    let rules = leak(format!("{}\n{}", eight("a"), eight("b")));
    check(&[on(rules).codes(&["not-expressible"]).gives(&[])]);
    let values: Vec<Value> = (0..33).map(|i| label("a", &[&i.to_string()])).collect();
    check(&[on("on zone/a or zone/b").with(terms(json!(values))).codes(&["not-expressible"])]);
}

#[test]
fn preferences() {
    let soft = |prefer| case("pod", "").prefer(prefer);
    check(&[
        soft("on zone/a").gives(&["nodes+50 {zone In (a)}"]),
        soft("on pool/h100 weight 80")
            .gives(&["nodes+80 {accelerator In (h100)}", "tolerate nvidia.com/gpu:NoSchedule"]),
        soft("not-on nodes(lifecycle=spot) weight 20")
            .gives(&["nodes+20 {lifecycle NotIn (spot)}"]),
        // No node scores twice.
        soft("on zone/a or nodes(disk=ssd)")
            .gives(&["nodes+50 {zone In (a)}", "nodes+50 {disk In (ssd), zone NotIn (a)}"]),
        soft("on nodes(k>3) or zone/a")
            .gives(&["nodes+50 {zone In (a)}", "nodes+50 {k Gt (3), zone NotIn (a)}"]),
        soft("on zone/a weight 7")
            .with(json!({"affinity": {"nodeAffinity": {PREFERRED: [
                {"weight": 7, "preference": label("topology.kubernetes.io/zone", &["a"])}]}}}))
            .gives(&["nodes+7 {zone In (a)}"]),
        soft("on zone/a weight 7")
            .with(json!({"affinity": {"nodeAffinity": {PREFERRED: [
                {"weight": 8, "preference": label("topology.kubernetes.io/zone", &["a"])}]}}}))
            .gives(&["nodes+8 {zone In (a)}", "nodes+7 {zone In (a)}"]),
    ]);
}

#[test]
fn kinds() {
    check(&[
        case("Deployment", "on zone/a").gives(&["nodes {zone In (a)}"]),
        case("CronJob", "on zone/a").gives(&["nodes {zone In (a)}"]),
        case("DaemonSet", "on zone/a\nnot-on nodes(spot)")
            .tolerate("x:NoSchedule")
            .gives(&["nodes {zone In (a), spot DoesNotExist}", "tolerate x:NoSchedule"]),
        case("DaemonSet", "near service/db").codes(&["no-effect-here"]).gives(&[]),
        case("DaemonSet", "apart-from self").codes(&["no-effect-here"]).gives(&[]),
        case("DaemonSet", "spread over zone").codes(&["no-effect-here"]).gives(&[]),
        case("DaemonSet", "at-most 1 self").codes(&["no-effect-here"]).gives(&[]),
        case("DaemonSet", "").prefer("on zone/a").codes(&["no-effect-here"]).gives(&[]),
        // Its controller writes the node terms of its pods.
        case("pod of a DaemonSet", "on zone/a").gives(&[]),
        // A bound pod: node rules are checked against its node, pod rules are never read.
        case("pod", "on node/n1")
            .with(json!({"nodeName": "n1"}))
            .gives(&["nodes {metadata.name In (n1)}"]),
        case("pod", "on node/n2")
            .with(json!({"nodeName": "n1"}))
            .codes(&["node-affinity-unsatisfiable"]),
        case("pod", "near service/db")
            .with(json!({"nodeName": "n1"}))
            .codes(&["scheduler-bypassed"])
            .gives(&[]),
    ]);
}
