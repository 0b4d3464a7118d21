//! `tolerate`, and the tolerations of pools.

use serde_json::{Value, json};

use super::{Case, case, check};

fn tolerate(tolerate: &'static str) -> Case {
    case("pod", "").tolerate(tolerate)
}

fn held(tolerations: Value) -> Value {
    json!({"tolerations": tolerations})
}

#[test]
fn forms() {
    check(&[
        tolerate("gpu").gives(&["tolerate gpu"]),
        tolerate("gpu=a100").gives(&["tolerate gpu=a100"]),
        tolerate("gpu=").gives(&["tolerate gpu="]),
        tolerate("gpu:NoSchedule").gives(&["tolerate gpu:NoSchedule"]),
        tolerate("gpu=a100:NoExecute for 5m").gives(&["tolerate gpu=a100:NoExecute for 300s"]),
        tolerate("a;b").gives(&["tolerate a", "tolerate b"]),
        tolerate("a\na").gives(&["tolerate a"]),
        case("Deployment", "").tolerate("gpu").gives(&["tolerate gpu"]),
        case("DaemonSet", "").tolerate("gpu").gives(&["tolerate gpu"]),
        tolerate("gpu for 5s").codes(&["toleration-syntax"]),
        tolerate("*").codes(&["toleration-syntax"]),
    ]);
}

#[test]
fn only_if_not_implied() {
    check(&[
        tolerate("gpu=a100:NoSchedule")
            .with(held(json!([{"key": "gpu", "operator": "Exists"}])))
            .gives(&["tolerate gpu"]),
        tolerate("gpu").with(held(json!([{"operator": "Exists"}]))).gives(&["tolerate *"])
            .codes(&["toleration-everything"]),
        tolerate("gpu").with(held(json!([{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]))).gives(&[
            "tolerate gpu:NoSchedule",
            "tolerate gpu",
        ]),
        tolerate("gpu:NoSchedule")
            .with(held(json!([{"key": "gpu", "value": "a", "effect": "NoSchedule"}])))
            .gives(&["tolerate gpu=a:NoSchedule", "tolerate gpu:NoSchedule"]),
        // Seconds do not matter for NoSchedule.
        tolerate("x:NoSchedule")
            .with(held(json!([{"key": "x", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 9}])))
            .gives(&["tolerate x:NoExecute for 9s", "tolerate x:NoSchedule"]),
        case("pod", "on pool/h100")
            .with(held(json!([{"key": "nvidia.com/gpu", "operator": "Exists"}])))
            .gives(&["nodes {accelerator In (h100)}", "tolerate nvidia.com/gpu"]),
    ]);
}

#[test]
fn the_first_one_counts_for_eviction() {
    let written = |seconds: i64| json!([{"key": "x", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}]);
    check(&[
        tolerate("x:NoExecute for 9s")
            .with(held(written(9)))
            .gives(&["tolerate x:NoExecute for 9s"]),
        tolerate("x:NoExecute for 9s")
            .with(held(written(10)))
            .codes(&["not-expressible"])
            .gives(&["tolerate x:NoExecute for 10s"]),
        tolerate("x:NoExecute").with(held(written(10))).codes(&["not-expressible"]),
        tolerate("x").with(held(written(10))).codes(&["not-expressible"]),
        // Another value, another taint.
        tolerate("x=a:NoExecute for 9s")
            .with(held(
                json!([{"key": "x", "value": "b", "effect": "NoExecute", "tolerationSeconds": 10}]),
            ))
            .gives(&["tolerate x=b:NoExecute for 10s", "tolerate x=a:NoExecute for 9s"]),
        tolerate("x=a:NoExecute for 9s")
            .with(held(json!([{"operator": "Exists", "effect": "NoExecute"}])))
            .codes(&["not-expressible"]),
        // The one that lasts differently is never looked at.
        tolerate("x:NoExecute for 9s")
            .with(held(json!([
                {"key": "x", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 9},
                {"key": "x", "operator": "Exists"}
            ])))
            .gives(&["tolerate x:NoExecute for 9s", "tolerate x"]),
        tolerate("x:NoExecute for 9s")
            .with(held(json!([
                {"key": "x", "value": "a", "effect": "NoExecute", "tolerationSeconds": 9},
                {"key": "x", "value": "a", "effect": "NoExecute", "tolerationSeconds": 7}
            ])))
            .gives(&[
                "tolerate x=a:NoExecute for 9s",
                "tolerate x=a:NoExecute for 7s",
                "tolerate x:NoExecute for 9s",
            ]),
        // How long is settled by the first, for scheduling the rule adds to it.
        tolerate("x")
            .with(held(json!([
                {"key": "x", "operator": "Exists", "effect": "NoExecute"},
                {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0}
            ])))
            .gives(&["tolerate x:NoExecute", "tolerate *:NoExecute for 0s", "tolerate x"]),
        // Two rules about one taint.
        tolerate("x:NoExecute for 9s; x:NoExecute for 8s").codes(&["not-expressible"]),
        case("pod", "on pool/big")
            .tolerate("pool=big:NoExecute for 9s")
            .codes(&["not-expressible"]),
    ]);
}

#[test]
fn defaulted_elements_are_replaced() {
    let defaults = |more: &[Value]| {
        let mut list = vec![
            json!({"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}),
            json!({"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}),
        ];
        list.extend(more.iter().cloned());
        held(json!(list))
    };
    check(&[
        tolerate("node.kubernetes.io/not-ready:NoExecute for 30s").with(defaults(&[])).gives(&[
            "tolerate node.kubernetes.io/not-ready:NoExecute for 30s",
            "tolerate node.kubernetes.io/unreachable:NoExecute for 300s",
        ]),
        tolerate("node.kubernetes.io/unreachable").with(defaults(&[])).gives(&[
            "tolerate node.kubernetes.io/not-ready:NoExecute for 300s",
            "tolerate node.kubernetes.io/unreachable",
        ]),
        tolerate("node.kubernetes.io/unreachable=:NoExecute for 30s").with(defaults(&[])).gives(&[
            "tolerate node.kubernetes.io/not-ready:NoExecute for 300s",
            "tolerate node.kubernetes.io/unreachable=:NoExecute for 30s",
        ]),
        tolerate("node.kubernetes.io/not-ready:NoExecute for 5m").with(defaults(&[])).gives(&[
            "tolerate node.kubernetes.io/not-ready:NoExecute for 300s",
            "tolerate node.kubernetes.io/unreachable:NoExecute for 300s",
        ]),
        // The default comes first, whatever the user's own says behind it.
        tolerate("node.kubernetes.io/not-ready:NoExecute")
            .with(defaults(&[json!({"operator": "Exists", "effect": "NoExecute"})]))
            .gives(&[
                "tolerate node.kubernetes.io/not-ready:NoExecute",
                "tolerate node.kubernetes.io/unreachable:NoExecute for 300s",
                "tolerate *:NoExecute",
            ]),
        tolerate("x:NoExecute for 9s").with(defaults(&[])).gives(&[
            "tolerate node.kubernetes.io/not-ready:NoExecute for 300s",
            "tolerate node.kubernetes.io/unreachable:NoExecute for 300s",
            "tolerate x:NoExecute for 9s",
        ]),
    ]);
}
