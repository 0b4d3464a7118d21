//! Corners of the scheduler's filters by name, one small case each: two nodes, `a` in zone `x` and
//! `b` in zone `y`, the pods that run there, and the pod to be placed.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use placecard_policies::judge_case::{Options, judge_line};
use placecard_policies::surroundings::ServerVersion;
use serde_json::{Value, json};

/// `name`, changes to node `a`, pods (each with its node), the pod's spec, verdicts of both nodes.
struct Corner {
    name: &'static str,
    node: Value,
    pods: Vec<Value>,
    spec: Value,
    expected: [&'static str; 2],
}

fn corner(
    name: &'static str,
    node: Value,
    pods: Vec<Value>,
    spec: Value,
    expected: [&'static str; 2],
) -> Corner {
    Corner { name, node, pods, spec, expected }
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

fn node(name: &str, zone: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"zone": zone, "host": name}},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "10"}},
    })
}

/// A pod with the label `app: web` in the namespace `ns`, changed by `more`.
fn web(on: &str, more: Value) -> Value {
    let mut pod = json!({
        "metadata": {"name": format!("on-{on}"), "namespace": "ns", "labels": {"app": "web"}},
        "spec": {"nodeName": on},
        "status": {"phase": "Running"},
    });
    merge(&mut pod, &more);
    pod
}

fn verdicts(corner: &Corner) -> [String; 2] {
    let mut a = node("a", "x");
    merge(&mut a, &corner.node);
    let pod = json!({
        "metadata": {"name": "p", "namespace": "ns", "labels": {"app": "web"}},
        "spec": corner.spec,
    });
    let case = json!({"id": corner.name, "pod": pod, "cluster": {
        "nodes": [a, node("b", "y")],
        "pods": corner.pods,
        "namespaces": [{"metadata": {"name": "ns"}}, {"metadata": {"name": "other"}}],
    }});
    let options = Options::of(ServerVersion(34));
    let answer = judge_line(&case.to_string(), &options).expect("a case that can be read");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    ["a", "b"].map(|name| {
        let word = &answer["nodes"][name];
        let code = word["c"].as_str().expect("a code");
        word["p"].as_str().map_or(code.to_owned(), |plugin| format!("{code} {plugin}"))
    })
}

fn check(corners: Vec<Corner>) {
    for corner in corners {
        assert_eq!(verdicts(&corner), corner.expected, "{}", corner.name);
    }
}

fn none() -> Value {
    json!({})
}

fn node_terms(terms: Value) -> Value {
    let required = json!({"nodeSelectorTerms": terms});
    json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}})
}

#[test]
fn node_rules() {
    const OUT: &str = "UU NodeAffinity";
    let expression = |key: &str, operator: &str, values: Value| {
        node_terms(json!([{"matchExpressions": [
            {"key": key, "operator": operator, "values": values},
        ]}]))
    };
    let name = |value: &str| json!({"key": "metadata.name", "operator": "In", "values": [value]});
    let label = |value: &str| json!({"metadata": {"labels": {"gen": value}}});
    check(vec![
        corner("an empty term matches nothing", none(), vec![], node_terms(json!([{}])), [OUT; 2]),
        corner(
            "NotIn passes without the label",
            label("1"),
            vec![],
            expression("gen", "NotIn", json!(["1"])),
            [OUT, "S"],
        ),
        corner(
            "Gt does not match a label that is no integer",
            label("2.5"),
            vec![],
            expression("gen", "Gt", json!(["1"])),
            [OUT; 2],
        ),
        corner(
            "Gt reads leading zeros",
            label("007"),
            vec![],
            expression("gen", "Gt", json!(["6"])),
            ["S", OUT],
        ),
        corner(
            "two names in one term conflict",
            none(),
            vec![],
            node_terms(json!([{"matchFields": [name("a"), name("b")]}])),
            [OUT; 2],
        ),
        corner(
            "a name leaves the other nodes out before any other filter",
            json!({"spec": {"unschedulable": true}}),
            vec![],
            node_terms(json!([{"matchFields": [name("b")]}])),
            [OUT, "S"],
        ),
        corner(
            "a cordon is tolerated as its taint",
            json!({"spec": {"unschedulable": true}}),
            vec![],
            json!({"tolerations": [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]}),
            ["S"; 2],
        ),
        corner(
            "PreferNoSchedule only scores",
            json!({"spec": {"taints": [{"key": "k", "effect": "PreferNoSchedule"}]}}),
            vec![],
            none(),
            ["S"; 2],
        ),
    ]);
}

#[test]
fn resources_and_ports() {
    const SHORT: &str = "U NodeResourcesFit";
    let cpu = |amount: &str| json!({"containers": [{"resources": {"requests": {"cpu": amount}}}]});
    let over = || web("a", json!({"spec": cpu("5")}));
    let port = |ip: &str, protocol: &str| {
        let port = json!({"containerPort": 1, "hostPort": 80, "hostIP": ip, "protocol": protocol});
        json!({"containers": [{"ports": [port]}]})
    };
    let uses = |ip: &str, protocol: &str| vec![web("a", json!({"spec": port(ip, protocol)}))];
    let taken = "U NodePorts";
    let nominated = |priority: i32| {
        let pod = json!({
            "spec": {"nodeName": null, "priority": priority, "containers": cpu("3")["containers"]},
            "status": {"nominatedNodeName": "a"},
        });
        vec![web("a", pod)]
    };
    check(vec![
        corner("more than the node", none(), vec![], cpu("5"), ["UU NodeResourcesFit"; 2]),
        corner("more than is free", none(), vec![over()], cpu("1"), [SHORT, "S"]),
        corner("nothing fits an overcommitted node", none(), vec![over()], cpu("0"), ["S"; 2]),
        corner(
            "finished pods take nothing",
            none(),
            vec![web("a", json!({"spec": cpu("4"), "status": {"phase": "Failed"}}))],
            cpu("1"),
            ["S"; 2],
        ),
        corner(
            "terminating pods take what they took",
            none(),
            vec![web(
                "a",
                json!({
                    "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"},
                    "spec": cpu("4"),
                }),
            )],
            cpu("1"),
            [SHORT, "S"],
        ),
        corner(
            "without an allocatable number of pods there is none",
            json!({"status": {"allocatable": {"pods": "0"}}}),
            vec![],
            none(),
            [SHORT, "S"],
        ),
        corner("a nominated pod of equal priority", none(), nominated(0), cpu("2"), [SHORT, "S"]),
        corner("a nominated pod of lower priority", none(), nominated(-1), cpu("2"), ["S"; 2]),
        corner("every address", none(), uses("", "TCP"), port("10.0.0.1", ""), [taken, "S"]),
        corner("two addresses", none(), uses("10.0.0.2", ""), port("10.0.0.1", ""), ["S"; 2]),
        corner("two protocols", none(), uses("", "UDP"), port("", "TCP"), ["S"; 2]),
    ]);
}

fn spread(selector: Value, min_domains: Value) -> Value {
    json!({"topologySpreadConstraints": [{
        "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": selector, "minDomains": min_domains,
    }]})
}

#[test]
fn spreading() {
    const SKEW: &str = "U PodTopologySpread";
    let app = || json!({"matchLabels": {"app": "web"}});
    let elsewhere = json!({"metadata": {"namespace": "other"}});
    let leaving = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
    let without_zone = json!({"metadata": {"labels": {"zone": null}}});
    let one = || vec![web("a", none())];
    check(vec![
        corner("one too many", none(), one(), spread(app(), Value::Null), [SKEW, "S"]),
        corner(
            "pods of other namespaces do not count",
            none(),
            vec![web("a", elsewhere)],
            spread(app(), Value::Null),
            ["S"; 2],
        ),
        corner(
            "terminating pods do not count",
            none(),
            vec![web("a", leaving)],
            spread(app(), Value::Null),
            ["S"; 2],
        ),
        corner(
            "an empty selector counts none",
            none(),
            one(),
            spread(json!({}), Value::Null),
            ["S"; 2],
        ),
        corner(
            "no selector counts none",
            none(),
            one(),
            spread(Value::Null, Value::Null),
            ["S"; 2],
        ),
        corner(
            "too few domains make the minimum 0",
            none(),
            vec![web("a", none()), web("b", none())],
            spread(app(), json!(3)),
            [SKEW; 2],
        ),
    ]);
    // A label that is null is no label to the API, so the case is refused.
    let refused = corner("null", without_zone, vec![], none(), ["S"; 2]);
    let line = json!({"id": 1, "cluster": {"nodes": [refused.node]}}).to_string();
    let error = judge_line(&line, &Options::of(ServerVersion(34))).expect_err("a wrong type");
    assert!(error.contains("cluster.nodes[0].metadata.labels.zone"), "{error}");
}

fn affinity(kind: &str, terms: Value) -> Value {
    json!({"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": terms}}})
}

fn term(key: &str, selector: Value) -> Value {
    json!({"topologyKey": key, "labelSelector": selector})
}

#[test]
fn pods_near_and_apart() {
    let apart = "U InterPodAffinity";
    let far = "UU InterPodAffinity";
    let app = |value: &str| json!({"matchLabels": {"app": value}});
    let near = |terms: Value| affinity("podAffinity", terms);
    let one = || vec![web("a", none())];
    let negative = json!({"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]});
    let mut anywhere = term("zone", app("web"));
    anywhere["namespaceSelector"] = negative;
    check(vec![
        corner("near a pod", none(), one(), near(json!([term("zone", app("web"))])), ["S", far]),
        corner("the first one", none(), vec![], near(json!([term("zone", app("web"))])), ["S"; 2]),
        corner(
            "the first of others",
            none(),
            vec![],
            near(json!([term("zone", app("db"))])),
            [far; 2],
        ),
        corner(
            "the first needs the key",
            none(),
            vec![],
            near(json!([term("rack", app("web"))])),
            [far; 2],
        ),
        corner(
            "a pod on a node without the key is no companion",
            none(),
            one(),
            near(json!([term("rack", app("web"))])),
            [far; 2],
        ),
        corner("no selector", none(), one(), near(json!([term("zone", Value::Null)])), [far; 2]),
        corner("any pod", none(), one(), near(json!([term("zone", json!({}))])), ["S", far]),
        corner(
            "apart from itself",
            none(),
            one(),
            affinity("podAntiAffinity", json!([term("zone", app("web"))])),
            [apart, "S"],
        ),
        corner(
            "the other one keeps apart",
            none(),
            vec![web(
                "a",
                json!({
                    "spec": affinity("podAntiAffinity", json!([term("zone", app("web"))])),
                }),
            )],
            none(),
            [apart, "S"],
        ),
        corner(
            "kubernetes#141526: a negative namespace selector means every namespace",
            none(),
            vec![web("a", json!({"metadata": {"namespace": "not-listed"}}))],
            near(json!([anywhere])),
            ["S", far],
        ),
    ]);
}
