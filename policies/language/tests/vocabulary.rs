//! Vocabularies: the example of the documentation, and everything that can be wrong with one.

use placecard_language::keys;
use placecard_language::vocabulary_check::{VocabularyProblem, check};
use serde_json::{Value, json};

fn with(spec: &Value) -> Value {
    json!({
        "apiVersion": keys::API_VERSION,
        "kind": keys::VOCABULARY_KIND,
        "metadata": {"name": "default", "annotations": {"a": "b"}, "generation": 1.5},
        "spec": spec,
    })
}

fn shown(problem: &VocabularyProblem) -> String {
    let mut text = format!("{} {}", problem.code, problem.pointer);
    if problem.on_key {
        text.push_str(" (key)");
    }
    if let Some(span) = &problem.span {
        text.push_str(&format!(" {}..{}", span.start, span.end));
    }
    if let Some(word) = &problem.suggestion {
        text.push_str(&format!(" -> {word}"));
    }
    text
}

fn problems(value: &Value) -> Vec<String> {
    check(value).1.iter().map(shown).collect()
}

fn documented() -> Value {
    json!({
        "levels": [
            {"name": "region", "key": "topology.kubernetes.io/region"},
            {"name": "zone", "key": "topology.kubernetes.io/zone"},
            {"name": "rack", "key": "topology.example.com/rack", "format": "rack-{n}"},
            {"name": "node", "key": "kubernetes.io/hostname"}
        ],
        "serviceDomain": "zone",
        "pools": [{
            "name": "a100",
            "nodes": "accelerator=a100",
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
            "guard": {"key": "pool.example.com/a100", "value": "reserved", "effect": "NoSchedule"},
            "allowedNamespaces": {"names": ["inference"], "matchLabels": {"team": "inference"}}
        }],
        "trustDomains": [{
            "name": "payments",
            "nodes": "trust.example.com/domain=payments",
            "guard": {"key": "trust.example.com/domain", "value": "payments", "effect": "NoSchedule"},
            "allowedNamespaces": {"names": ["payments"]}
        }],
        "resources": [
            {"name": "fast-nvme", "uid": "3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2b", "nodes": "disk=nvme"}
        ],
        "workloads": [{
            "apiVersion": "ray.io/v1",
            "kind": "RayCluster",
            "templates": ["/spec/headGroupSpec/template", "/spec/workerGroupSpecs/*/template"]
        }],
        "limits": {"requiredApartFrom": {"levels": ["node"], "crossNamespace": false}},
        "schedulers": ["system:kube-scheduler"],
        "agents": {"names": ["kube-system", "monitoring"]},
        "inventory": "open",
        "nodeTemplates": [{
            "name": "h100",
            "labels": {"accelerator": "h100"},
            "taints": [],
            "allocatable": {"cpu": "96", "memory": "1Ti", "nvidia.com/gpu": "8"},
            "zones": ["a", "b"],
            "count": {"min": 0, "max": 20},
            "partial": false
        }]
    })
}

#[test]
fn the_documented_vocabulary_is_fine() {
    let (words, problems) = check(&with(&documented()));
    assert_eq!(problems, []);
    assert_eq!(words.level_names(), ["region", "zone", "rack", "node"]);
    let pool = words.pools.get("a100").expect("a100");
    assert_eq!(pool.tolerations.len(), 2, "its own and the guard's");
    assert_eq!(words.trust_domains.get("payments").map(|domain| domain.tolerations.len()), Some(1));
    assert!(words.resources.contains_key("fast-nvme"));
}

#[test]
fn node_is_always_there_and_last() {
    let (words, problems) = check(&with(&json!({"levels": [{"name": "rack", "key": "a.b/rack"}]})));
    assert_eq!(problems, []);
    assert_eq!(words.level_names(), ["rack", "node"]);
    let (words, problems) = check(&with(&json!({})));
    assert_eq!(problems, []);
    assert_eq!(words.level_names(), ["region", "zone", "node"], "it says nothing about levels");
}

#[test]
fn the_shape_is_checked_before_the_meaning() {
    for (value, expected) in [
        (json!(null), vec!["value-syntax "]),
        (json!([]), vec!["value-syntax "]),
        (json!({}), vec!["value-syntax  (key)", "value-syntax  (key)", "value-syntax  (key)"]),
        (with(&json!({"pool": []})), vec!["unknown-key /spec/pool (key) -> pools"]),
        (with(&json!({"levels": null})), vec!["value-syntax /spec/levels"]),
        (with(&json!({"pools": {"a": 1}})), vec!["value-syntax /spec/pools"]),
        (
            with(&json!({"pools": [{"name": "a", "nods": "b"}]})),
            vec![
                "unknown-key /spec/pools/0/nods (key) -> nodes",
                "value-syntax /spec/pools/0 (key)",
            ],
        ),
        (
            with(&json!({"pools": [{"name": 1, "nodes": "b"}]})),
            vec!["value-syntax /spec/pools/0/name"],
        ),
        (
            with(
                &json!({"pools": [{"name": "a", "nodes": "b", "guard": {"key": "k", "efect": "x"}}]}),
            ),
            vec![
                "unknown-key /spec/pools/0/guard/efect (key) -> effect",
                "value-syntax /spec/pools/0/guard (key)",
            ],
        ),
        (with(&json!({"inventory": "close"})), vec!["value-syntax /spec/inventory -> closed"]),
        (with(&json!({"a/b~c": 1})), vec!["unknown-key /spec/a~1b~0c (key)"]),
        (
            with(
                &json!({"nodeTemplates": [{"name": "a", "count": {"min": -1, "max": 4294967296_u64}}]}),
            ),
            vec![
                "number-range /spec/nodeTemplates/0/count/max",
                "number-range /spec/nodeTemplates/0/count/min",
            ],
        ),
        (
            with(&json!({"nodeTemplates": [{"name": "a", "count": {"min": 1.0}}]})),
            vec!["value-syntax /spec/nodeTemplates/0/count/min"],
        ),
    ] {
        let mut found = problems(&value);
        found.sort();
        assert_eq!(found, expected, "{value}");
    }
}

#[test]
fn names_and_kinds_are_fixed() {
    let value = json!({
        "apiVersion": "placecard.dev/v1", "kind": "Vocabulary", "metadata": {"name": "mine"}, "spec": {}
    });
    assert_eq!(
        problems(&value),
        ["value-syntax /apiVersion", "value-syntax /kind", "value-syntax /metadata/name",]
    );
}

/// Each vocabulary with what is told of it, joined by `; `.
fn told<const N: usize>(cases: [(Value, &str); N]) {
    for (spec, expected) in cases {
        assert_eq!(problems(&with(&spec)).join("; "), expected, "{spec}");
    }
}

/// A pool with these fields.
fn pool(fields: Value) -> Value {
    let mut pool = json!({"name": "a", "nodes": "x=y"});
    if let (Some(pool), Value::Object(fields)) = (pool.as_object_mut(), fields) {
        pool.extend(fields);
    }
    json!({"pools": [pool]})
}

#[test]
fn levels_have_names_and_qualified_keys() {
    told([
        (json!({"levels": [{"name": "Rack", "key": "a.b/c"}]}), "value-syntax /spec/levels/0/name"),
        (json!({"levels": [{"name": "pool", "key": "a.b/c"}]}), "value-syntax /spec/levels/0/name"),
        (json!({"levels": [{"name": "rack", "key": "rack"}]}), "value-syntax /spec/levels/0/key"),
        (json!({"levels": [{"name": "rack", "key": "-/x"}]}), "value-syntax /spec/levels/0/key"),
        (json!({"levels": [{"name": "node", "key": "a.b/c"}]}), "value-syntax /spec/levels/0/key"),
        (
            json!({"levels": [
                {"name": "node", "key": "kubernetes.io/hostname"}, {"name": "rack", "key": "a.b/c"}
            ]}),
            "value-syntax /spec/levels/0",
        ),
        (
            json!({"levels": [{"name": "rack", "key": "a.b/c"}, {"name": "rack", "key": "a.b/d"}]}),
            "value-syntax /spec/levels/1/name",
        ),
        (
            json!({"levels": [{"name": "rack", "key": "a.b/c", "format": "rack"}]}),
            "value-syntax /spec/levels/0/format",
        ),
        (
            json!({"levels": [{"name": "rack", "key": "a.b/c", "format": "{n}-"}]}),
            "value-syntax /spec/levels/0/format",
        ),
        (json!({"serviceDomain": "nod"}), "unknown-level /spec/serviceDomain -> node"),
        (
            json!({"limits": {"requiredApartFrom": {"levels": ["rack"]}}}),
            "unknown-level /spec/limits/requiredApartFrom/levels/0",
        ),
    ]);
}

#[test]
fn pools_have_names_and_selectors() {
    told([
        (pool(json!({"name": "a_b"})), "value-syntax /spec/pools/0/name"),
        (pool(json!({"name": "node"})), "value-syntax /spec/pools/0/name"),
        (pool(json!({"name": "а"})), "value-syntax /spec/pools/0/name -> a"),
        (pool(json!({"nodes": ""})), "selector-syntax /spec/pools/0/nodes"),
        (pool(json!({"nodes": "x=y, z ="})), ""),
        (pool(json!({"nodes": "x=y z"})), "selector-syntax /spec/pools/0/nodes 4..5"),
        (pool(json!({"nodes": "ä=y"})), "selector-syntax /spec/pools/0/nodes 0..2"),
        (pool(json!({"nodes": "x > 3"})), ""),
    ]);
}

#[test]
fn tolerations_are_those_of_the_api() {
    told([
        (
            pool(json!({"tolerations": [{"operator": "Exists"}]})),
            "toleration-syntax /spec/pools/0/tolerations/0",
        ),
        (
            pool(json!({"tolerations": [{"key": "k", "operator": "exists"}]})),
            "value-syntax /spec/pools/0/tolerations/0/operator -> Exists",
        ),
        (
            pool(json!({"tolerations": [{"key": "k", "operator": "Exists", "value": "v"}]})),
            "toleration-syntax /spec/pools/0/tolerations/0/value",
        ),
        (
            pool(json!({"tolerations": [{"key": "k", "effect": "NoSchedul"}]})),
            "value-syntax /spec/pools/0/tolerations/0/effect -> NoSchedule",
        ),
        (
            pool(
                json!({"tolerations": [{"key": "k", "effect": "NoSchedule", "tolerationSeconds": 3}]}),
            ),
            "toleration-syntax /spec/pools/0/tolerations/0/tolerationSeconds",
        ),
    ]);
}

#[test]
fn pools_for_some_namespaces_have_a_guard() {
    told([
        (
            pool(json!({"allowedNamespaces": {}})),
            "value-syntax /spec/pools/0/allowedNamespaces (key)",
        ),
        (
            pool(json!({
                "allowedNamespaces": {"names": ["a"]},
                "guard": {"key": "k", "effect": "PreferNoSchedule"}
            })),
            "value-syntax /spec/pools/0/guard/effect",
        ),
        (
            pool(json!({"guard": {"key": "k", "effect": "NoExecut"}})),
            "value-syntax /spec/pools/0/guard/effect -> NoExecute",
        ),
        (
            pool(json!({"guard": {"key": "k k", "effect": "NoExecute"}})),
            "value-syntax /spec/pools/0/guard/key",
        ),
        (
            pool(json!({
                "allowedNamespaces": {"names": ["A"]}, "guard": {"key": "k", "effect": "NoExecute"}
            })),
            "value-syntax /spec/pools/0/allowedNamespaces/names/0",
        ),
        (
            pool(json!({
                "allowedNamespaces": {"matchLabels": {"a b": "c"}},
                "guard": {"key": "k", "effect": "NoExecute"}
            })),
            "value-syntax /spec/pools/0/allowedNamespaces/matchLabels/a b (key)",
        ),
    ]);
}

#[test]
fn the_rest_has_its_forms_too() {
    told([
        (
            json!({"trustDomains": [{"name": "a b", "nodes": "x"}]}),
            "value-syntax /spec/trustDomains/0/name",
        ),
        (json!({"trustDomains": [{"name": "pool", "nodes": "x"}]}), ""),
        (
            json!({"trustDomains": [{"name": "a", "nodes": "x", "allowedNamespaces": {"names": ["a"]}}]}),
            "value-syntax /spec/trustDomains/0/allowedNamespaces (key)",
        ),
        (
            json!({"resources": [{"name": "a", "nodes": "x", "uid": "1-2"}]}),
            "value-syntax /spec/resources/0/uid",
        ),
        (
            json!({"workloads": [{"apiVersion": "a/v1", "kind": "K", "templates": []}]}),
            "value-syntax /spec/workloads/0/templates",
        ),
        (
            json!({"workloads": [{"apiVersion": "a/v1", "kind": "K", "templates": ["spec/template"]}]}),
            "value-syntax /spec/workloads/0/templates/0",
        ),
        (
            json!({"workloads": [{"apiVersion": "a/v1", "kind": "K", "templates": ["/a~2"]}]}),
            "value-syntax /spec/workloads/0/templates/0",
        ),
        (
            json!({"workloads": [{"apiVersion": "", "kind": "K", "templates": ["/a"]}]}),
            "value-syntax /spec/workloads/0/apiVersion",
        ),
        (json!({"schedulers": [" "]}), "value-syntax /spec/schedulers/0"),
        (json!({"agents": {"names": ["A"]}}), "value-syntax /spec/agents/names/0"),
        (
            json!({"nodeTemplates": [{"name": "a", "count": {"min": 3, "max": 2}}]}),
            "number-range /spec/nodeTemplates/0/count/min",
        ),
        (
            json!({"nodeTemplates": [{"name": "a", "taints": [{"key": "k", "effect": "No"}]}]}),
            "value-syntax /spec/nodeTemplates/0/taints/0/effect",
        ),
        (json!({"nodeTemplates": [{"name": "pool", "zones": ["a"]}]}), ""),
        (
            json!({"nodeTemplates": [{"name": "a", "allocatable": {"a.b/gpu": "8", "memory": "1 TB"}}]}),
            "value-syntax /spec/nodeTemplates/0/allocatable/memory",
        ),
    ]);
}

#[test]
fn a_guard_is_not_opened_by_a_word_for_more_namespaces() {
    let guard = json!({"key": "g.io/k", "value": "v", "effect": "NoSchedule"});
    let guarded = json!({
        "name": "a", "nodes": "x", "guard": guard,
        "allowedNamespaces": {"names": ["one", "two"], "matchLabels": {"team": "ml"}}
    });
    let tolerates = |toleration: Value, allowed: Value| {
        let mut other = json!({"name": "b", "nodes": "x", "tolerations": [toleration]});
        if let (Some(other), true) = (other.as_object_mut(), allowed.is_object()) {
            other.insert("guard".into(), json!({"key": "g.io/b", "effect": "NoSchedule"}));
            other.insert("allowedNamespaces".into(), allowed);
        }
        problems(&with(&json!({"pools": [guarded, other]}))).join("; ")
    };
    let exists = json!({"key": "g.io/k", "operator": "Exists"});
    let everybody = Value::Null;
    let opens = "value-syntax /spec/pools/1/name";
    assert_eq!(tolerates(exists.clone(), everybody.clone()), opens);
    assert_eq!(tolerates(json!({"key": "g.io/k", "value": "v"}), everybody.clone()), opens);
    assert_eq!(tolerates(json!({"key": "g.io/k", "value": "w"}), everybody.clone()), "");
    assert_eq!(
        tolerates(json!({"key": "g.io/k", "value": "v", "effect": "NoExecute"}), everybody),
        ""
    );
    assert_eq!(tolerates(exists.clone(), json!({"names": ["one"]})), "");
    assert_eq!(tolerates(exists.clone(), json!({"names": ["three"]})), opens);
    assert_eq!(tolerates(exists.clone(), json!({"matchLabels": {"team": "ml", "x": "y"}})), "");
    assert_eq!(tolerates(exists, json!({"matchLabels": {"x": "y"}})), opens);
}

#[test]
fn duplicates_name_the_first() {
    let uid = "3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2b";
    let spec = json!({
        "pools": [{"name": "a", "nodes": "x"}, {"name": "b", "nodes": "x"}, {"name": "a", "nodes": "y"}],
        "resources": [
            {"name": "r", "nodes": "x", "uid": uid},
            {"name": "s", "nodes": "x", "uid": uid.to_uppercase()},
        ],
    });
    assert_eq!(
        problems(&with(&spec)),
        ["value-syntax /spec/pools/2/name", "value-syntax /spec/resources/1/uid"]
    );
}

#[test]
fn sizes_are_bounded() {
    let pools: Vec<_> = (0..2001).map(|n| json!({"name": format!("p{n}"), "nodes": "x"})).collect();
    assert_eq!(problems(&with(&json!({"pools": pools}))), ["value-syntax /spec/pools"]);
    let levels: Vec<_> =
        (0..65).map(|n| json!({"name": format!("l{n}"), "key": "a.b/c"})).collect();
    assert_eq!(problems(&with(&json!({"levels": levels}))), ["value-syntax /spec/levels"]);
    let bad: Vec<_> = (0..1000).map(|_| json!({"name": "A", "nodes": "="})).collect();
    assert_eq!(problems(&with(&json!({"pools": bad}))).len(), 100);
}
