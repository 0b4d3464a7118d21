//! RoleCoordinations: the group of the documentation, and everything that can be wrong with one.

use placecard_language::coordination::check::check;
use placecard_language::coordination::{
    BatchMode, CoordinationProblem, Exclusive, OnTimeout, Placement, Source, Strategy,
};
use placecard_language::keys;
use serde_json::{Value, json};

fn with(spec: &Value) -> Value {
    json!({
        "apiVersion": keys::API_VERSION,
        "kind": keys::COORDINATION_KIND,
        "metadata": {"name": "llm", "namespace": "ml"},
        "spec": spec,
    })
}

fn shown(problem: &CoordinationProblem) -> String {
    let mut text = format!("{} {}", problem.code, problem.pointer);
    if problem.on_key {
        text.push_str(" (key)");
    }
    if let Some(word) = &problem.suggestion {
        text.push_str(&format!(" -> {word}"));
    }
    text
}

fn problems(value: &Value) -> Vec<String> {
    check(value).1.iter().map(shown).collect()
}

fn workload(kind: &str, name: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": kind, "name": name})
}

/// Six prefill at ratio 2, three decode at ratio 1.
fn documented() -> Value {
    json!({
        "roles": [
            {"name": "prefill", "workloadRef": workload("StatefulSet", "prefill")},
            {"name": "decode", "workloadRef": workload("StatefulSet", "decode")},
            {"name": "cache",
             "groupRef": {"apiVersion": "workloads.x-k8s.io/v1alpha2", "kind": "RoleBasedGroup",
                          "name": "llm"},
             "role": "kv"},
        ],
        "coordination": [
            {"name": "prefill-decode", "type": "AffinityScheduling", "roles": ["prefill", "decode"],
             "strategy": {"affinityScheduling": {"topologyKey": "kubernetes.io/hostname",
                 "ratios": {"prefill": 2, "decode": 1}, "batchMode": "Sequential"}}},
            {"name": "rollout", "type": "RollingUpdate", "roles": ["prefill", "decode"],
             "strategy": {"rollingUpdate": {"maxUnavailableRatio": "10%", "maxSkew": "1%",
                 "partition": "20%"}}},
        ],
    })
}

#[test]
fn the_documented_group_is_read() {
    let (group, problems) = check(&with(&documented()));
    assert_eq!(problems, []);
    let group = group.unwrap();
    assert_eq!((group.namespace.as_str(), group.name.as_str()), ("ml", "llm"));
    let (one, affinity) = group.placing("decode").unwrap();
    assert_eq!(one.name, "prefill-decode");
    assert_eq!(affinity.ratios.get("prefill"), Some(&2));
    assert_eq!(affinity.batch_mode, BatchMode::Sequential);
    assert_eq!(affinity.placement, Placement::Gated);
    assert_eq!(affinity.exclusive, Exclusive::Preferred);
    assert_eq!((affinity.timeout_seconds, affinity.on_timeout), (None, OnTimeout::Wait));
    assert!(group.placing("cache").is_none());
    let Strategy::RollingUpdate(rolling) = &group.coordinations[1].strategy else { panic!() };
    assert_eq!(rolling.max_skew.as_deref(), Some("1%"));
    assert!(!rolling.manage_rollout);
    assert!(matches!(&group.role("cache").unwrap().source,
        Source::Group { role, .. } if role == "kv"));
}

#[test]
fn defaults_follow_the_batch_mode() {
    let mut spec = documented();
    let at = spec.pointer_mut("/coordination/0/strategy/affinityScheduling").unwrap();
    *at = json!({"ratios": {"prefill": 2, "decode": 1}, "batchMode": "Parallel"});
    let (group, problems) = check(&with(&spec));
    assert_eq!(problems, []);
    let group = group.unwrap();
    let (_, affinity) = group.placing("prefill").unwrap();
    assert_eq!(affinity.placement, Placement::Affinity);
    assert_eq!(affinity.topology_key, "kubernetes.io/hostname");
}

/// A pointer into the documented spec, what stands there instead, and what is told.
type Case = (&'static str, &'static str, &'static [&'static str]);

const CASES: &[Case] = &[
    (
        "/roles/0/name",
        r#""Prefill""#,
        &[
            "value-syntax /spec/roles/0/name",
            "unknown-role /spec/coordination/0/roles/0 -> Prefill",
            "unknown-role /spec/coordination/1/roles/0 -> Prefill",
        ],
    ),
    (
        "/roles/1/name",
        r#""prefill""#,
        &[
            "value-syntax /spec/roles/1/name",
            "unknown-role /spec/coordination/0/roles/1",
            "unknown-role /spec/coordination/1/roles/1",
        ],
    ),
    ("/roles/1/workloadRef/name", r#""prefill""#, &["value-syntax /spec/roles/1/workloadRef/name"]),
    (
        "/roles/1/workloadRef/kind",
        r#""DaemonSet""#,
        &["value-syntax /spec/roles/1/workloadRef/kind"],
    ),
    (
        "/roles/1/workloadRef/apiVersion",
        r#""apps/v1/x""#,
        &["value-syntax /spec/roles/1/workloadRef/apiVersion"],
    ),
    (
        "/roles/2/groupRef/kind",
        r#""RoleBasedGroups""#,
        &["value-syntax /spec/roles/2/groupRef/kind -> RoleBasedGroup"],
    ),
    ("/roles/2/groupRef/apiVersion", r#""v1""#, &["value-syntax /spec/roles/2/groupRef/kind"]),
    (
        "/roles/2/workloadRef",
        r#"{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "kv"}"#,
        &["value-syntax /spec/roles/2/groupRef (key)"],
    ),
    ("/roles/0/role", r#""x""#, &["value-syntax /spec/roles/0/role (key)"]),
    (
        "/roles",
        r#"[]"#,
        &[
            "value-syntax /spec/roles",
            "unknown-role /spec/coordination/0/roles/0",
            "unknown-role /spec/coordination/0/roles/1",
            "unknown-role /spec/coordination/1/roles/0",
            "unknown-role /spec/coordination/1/roles/1",
        ],
    ),
    ("/coordination", r#"[]"#, &["value-syntax /spec/coordination"]),
    ("/coordination/0/name", r#""a b""#, &["value-syntax /spec/coordination/0/name"]),
    ("/coordination/0/name", r#""""#, &["value-syntax /spec/coordination/0/name"]),
    ("/coordination/1/name", r#""prefill-decode""#, &["value-syntax /spec/coordination/1/name"]),
    (
        "/coordination/0/roles/1",
        r#""decod""#,
        &[
            "unknown-role /spec/coordination/0/roles/1 -> decode",
            "role-ratio /spec/coordination/0/strategy/affinityScheduling/ratios (key)",
            "role-ratio /spec/coordination/0/strategy/affinityScheduling/ratios/decode (key) -> decod",
        ],
    ),
    (
        "/coordination/0/roles/1",
        r#""prefill""#,
        &[
            "value-syntax /spec/coordination/0/roles/1",
            "role-ratio /spec/coordination/0/strategy/affinityScheduling/ratios/decode (key)",
        ],
    ),
    (
        "/coordination/0/type",
        r#""RollingUpdate""#,
        &["value-syntax /spec/coordination/0/strategy/affinityScheduling (key)"],
    ),
    ("/coordination/0/type", r#""Affinity""#, &["value-syntax /spec/coordination/0/type"]),
    ("/coordination/1/strategy", r#"{}"#, &["value-syntax /spec/coordination/1/strategy (key)"]),
    (
        "/coordination/1/strategy/rollingUpdate/maxSkew",
        r#""1""#,
        &["value-syntax /spec/coordination/1/strategy/rollingUpdate/maxSkew"],
    ),
    (
        "/coordination/1/strategy/rollingUpdate/maxSkew",
        r#""101%""#,
        &["value-syntax /spec/coordination/1/strategy/rollingUpdate/maxSkew"],
    ),
    (
        "/coordination/1/strategy/rollingUpdate/maxUnavailableRatio",
        r#""0%""#,
        &["value-syntax /spec/coordination/1/strategy/rollingUpdate/maxUnavailableRatio"],
    ),
];

/// The same for the fields of `affinityScheduling`.
const AFFINITY: &[Case] = &[
    ("ratios", r#"{"prefill": 2}"#, &["role-ratio ratios (key)"]),
    ("ratios", r#"{"prefill": 2, "decode": 1, "cache": 1}"#, &["role-ratio ratios/cache (key)"]),
    (
        "ratios",
        r#"{"prefill": 0, "decode": -1}"#,
        &["number-range ratios/decode", "number-range ratios/prefill"],
    ),
    (
        "ratios",
        r#"{"prefill": 2147483648, "decode": 2147483647}"#,
        &["number-range ratios/prefill"],
    ),
    (
        "ratios",
        r#"{"prefill": 18446744073709551615, "decode": 1}"#,
        &["number-range ratios/prefill"],
    ),
    ("ratios", r#"{"prefill": 1.0, "decode": 1}"#, &["value-syntax ratios/prefill"]),
    ("ratios", r#"{"prefill": "2", "decode": 1}"#, &["value-syntax ratios/prefill"]),
    ("ratio", r#"{}"#, &["unknown-key ratio (key) -> ratios"]),
    ("topologyKey", r#""a b""#, &["value-syntax topologyKey"]),
    ("topologyKey", r#""""#, &["value-syntax topologyKey"]),
    ("batchMode", r#""sequential""#, &["value-syntax batchMode -> Sequential"]),
    ("exclusive", r#""require""#, &["value-syntax exclusive -> required"]),
    ("placement", r#""affinity""#, &["sequential-needs-gate placement"]),
    ("timeout", r#""10""#, &["value-syntax timeout"]),
    ("timeout", r#""0s""#, &["value-syntax timeout"]),
    ("timeout", r#""10m""#, &[]),
    ("onTimeout", r#""release""#, &["value-syntax onTimeout"]),
    ("onTimeout", r#""wait""#, &[]),
];

#[test]
fn every_mistake_has_its_place() {
    for (pointer, value, expected) in CASES {
        let mut spec = documented();
        let value: Value = serde_json::from_str(value).unwrap();
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        match spec.pointer_mut(pointer) {
            Some(slot) => *slot = value,
            None => spec.pointer_mut(parent).unwrap()[field] = value,
        }
        assert_eq!(problems(&with(&spec)), *expected, "{pointer}");
    }
    let affinity = "/coordination/0/strategy/affinityScheduling";
    for (field, value, expected) in AFFINITY {
        let mut spec = documented();
        let written: Value = serde_json::from_str(value).unwrap();
        spec.pointer_mut(affinity).unwrap()[field] = written;
        let told = problems(&with(&spec));
        let told: Vec<String> =
            told.iter().map(|one| one.replace(&format!("/spec{affinity}/"), "")).collect();
        assert_eq!(told, *expected, "{field}: {value}");
    }
}

#[test]
fn timeouts_are_for_gated_batches() {
    let mut spec = documented();
    let at = spec.pointer_mut("/coordination/0/strategy/affinityScheduling").unwrap();
    at["batchMode"] = json!("Parallel");
    at["timeout"] = json!("10m");
    let place = "value-syntax /spec/coordination/0/strategy/affinityScheduling/timeout (key)";
    assert_eq!(problems(&with(&spec)), [place]);
    spec.pointer_mut("/coordination/0/strategy/affinityScheduling").unwrap()["placement"] =
        json!("gated");
    assert_eq!(problems(&with(&spec)), Vec::<String>::new());
}

#[test]
fn a_role_is_placed_once() {
    let mut spec = documented();
    let mut second = spec["coordination"][0].clone();
    second["name"] = json!("other");
    spec["coordination"].as_array_mut().unwrap().push(second);
    let place = |index| format!("role-placed-twice /spec/coordination/2/roles/{index}");
    assert_eq!(problems(&with(&spec)), [place(0), place(1)]);
}

#[test]
fn groups_of_one_role_take_no_role() {
    let mut spec = documented();
    spec["roles"][2]["groupRef"] = json!({"apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet", "name": "llm"});
    assert_eq!(problems(&with(&spec)), ["value-syntax /spec/roles/2/role (key)"]);
    spec["roles"][2].as_object_mut().unwrap().remove("role");
    assert_eq!(problems(&with(&spec)), Vec::<String>::new());
    spec["roles"][2]["groupRef"]["kind"] = json!("JobSet");
    spec["roles"][2]["groupRef"]["apiVersion"] = json!("jobset.x-k8s.io/v1alpha2");
    assert_eq!(problems(&with(&spec)), ["value-syntax /spec/roles/2 (key)"]);
}

#[test]
fn a_status_is_no_mistake() {
    let mut value = with(&documented());
    value["status"] = json!({"phase": "InProgress", "batch": "2/3", "coordinationStatus": [{
        "name": "prefill-decode", "type": "AffinityScheduling", "phase": "InProgress",
        "roleStates": {"prefill": {"readyReplicas": 2, "targetReplicas": 6}},
        "currentBatch": 2, "totalBatches": 3, "lastUpdateTime": "2026-11-23T00:00:00Z",
        "message": "Deploying batch 2 of 3"}]});
    assert_eq!(problems(&value), Vec::<String>::new());
    let nothing = json!({"apiVersion": keys::API_VERSION, "kind": keys::COORDINATION_KIND});
    assert_eq!(problems(&nothing), ["value-syntax  (key)"]);
    assert_eq!(problems(&json!([])), ["value-syntax "]);
}

mod inline {
    use placecard_language::coordination::inline::{check, is_written, replacement};
    use placecard_language::coordination::{Source, check as resource};
    use serde_json::{Value, json};

    fn prefill_decode() -> Value {
        json!({"name": "prefill-decode", "type": "AffinityScheduling",
            "roles": ["prefill", "decode"], "strategy": {"affinityScheduling": {
                "topologyKey": "kubernetes.io/hostname",
                "ratios": {"prefill": 2, "decode": 1}, "batchMode": "Sequential"}}})
    }

    fn group(version: &str, coordination: &Value) -> Value {
        json!({"apiVersion": format!("workloads.x-k8s.io/{version}"), "kind": "RoleBasedGroup",
            "metadata": {"name": "llm", "namespace": "ml"},
            "spec": {"coordination": coordination, "roles": [
                {"name": "prefill", "replicas": 6}, {"name": "decode", "replicas": 3}]}})
    }

    fn told(value: &Value) -> Vec<String> {
        let (group, problems) = check(value);
        assert!(group.is_none(), "half a coordination");
        problems.iter().map(|one| format!("{} {}", one.code, one.pointer)).collect()
    }

    #[test]
    fn the_group_of_the_document_is_valid_in_both_versions() {
        for version in ["v1alpha1", "v1alpha2"] {
            let value = group(version, &json!([prefill_decode()]));
            let (found, problems) = check(&value);
            assert_eq!(problems, []);
            let found = found.unwrap();
            assert_eq!((found.namespace.as_str(), found.name.as_str()), ("ml", "llm"));
            let sources: Vec<&Source> = found.roles.iter().map(|role| &role.source).collect();
            let expected = |role: &str| Source::Group {
                api_version: format!("workloads.x-k8s.io/{version}"),
                kind: "RoleBasedGroup".to_owned(),
                name: "llm".to_owned(),
                role: role.to_owned(),
            };
            assert_eq!(sources, [&expected("prefill"), &expected("decode")]);
            assert_eq!(found.placing("prefill").unwrap().1.ratios["prefill"], 2);
            // What says the same is a valid object of its own.
            let (other, problems) = resource::check(&replacement(&value));
            assert_eq!((other, problems), (Some(found), Vec::new()));
        }
    }

    #[test]
    fn a_list_of_the_groups_own_form_is_not_ours() {
        let own = json!({"name": "pace", "roles": ["prefill", "nobody"], "strategy": {
            "rollingUpdate": {"maxSkew": "1%", "maxUnavailable": "10%", "partition": "20%"},
            "scaling": {"maxSkew": "10%", "progression": "OrderReady"}}});
        let alone = group("v1alpha1", &json!([own]));
        assert!(!is_written(&alone));
        assert_eq!(check(&alone), (None, Vec::new()));
        let mixed = group("v1alpha1", &json!([own, prefill_decode()]));
        let found = check(&mixed).0.unwrap();
        assert_eq!(found.coordinations.len(), 2, "places in the list are kept");
        assert_eq!(found.coordinations[1].name, "prefill-decode");
        let offered = replacement(&mixed);
        assert_eq!(offered["spec"]["coordination"], json!([prefill_decode()]));
        assert_eq!(check(&json!({"spec": {"coordination": [prefill_decode()]}})).0, None);
        for odd in [json!({}), json!(7), json!([7, null]), json!(null)] {
            assert_eq!(check(&group("v1alpha1", &odd)), (None, Vec::new()));
        }
    }

    #[test]
    fn each_rule_points_into_the_group() {
        let with = |pointer: &str, value: Value| {
            let mut list = json!([prefill_decode()]);
            *list.pointer_mut(pointer).unwrap() = value;
            told(&group("v1alpha1", &list))
        };
        let affinity = "/0/strategy/affinityScheduling";
        assert_eq!(
            with("/0/roles", json!(["prefill", "decoder"])),
            [
                "unknown-role /spec/coordination/0/roles/1",
                "role-ratio /spec/coordination/0/strategy/affinityScheduling/ratios",
                "role-ratio /spec/coordination/0/strategy/affinityScheduling/ratios/decode"
            ]
        );
        let ratios = format!("{affinity}/ratios");
        let at = "/spec/coordination/0/strategy/affinityScheduling/ratios";
        assert_eq!(with(&ratios, json!({"prefill": 2})), [format!("role-ratio {at}")]);
        assert_eq!(
            with(&ratios, json!({"prefill": 2, "decode": 1, "cache": 1})),
            [format!("role-ratio {at}/cache")]
        );
        for ratio in [json!(0), json!(-1), json!(2_147_483_648_i64)] {
            assert_eq!(
                with(&ratios, json!({"prefill": 2, "decode": ratio})),
                [format!("number-range {at}/decode")]
            );
        }
        let told = with(&format!("{affinity}/batchMode"), json!("sequential"));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].ends_with("/batchMode"), "{told:?}");
        let rolling = json!([{"name": "r", "type": "RollingUpdate", "roles": ["prefill"],
            "strategy": {"rollingUpdate": {"maxUnavailableRatio": "10", "maxSkew": "1%"}}}]);
        assert_eq!(
            self::told(&group("v1alpha2", &rolling)),
            ["value-syntax /spec/coordination/0/strategy/rollingUpdate/maxUnavailableRatio"]
        );
    }
}

#[test]
fn only_stateful_sets_are_rolled_out_in_step() {
    let managed = |name: &str, roles: &[&str]| {
        json!({"name": name, "type": "RollingUpdate", "roles": roles,
            "strategy": {"rollingUpdate": {"maxSkew": "1%", "manageRollout": true}}})
    };
    let mut spec = documented();
    spec["roles"][1]["workloadRef"]["kind"] = json!("Deployment");
    spec["coordination"][1] = managed("rollout", &["prefill", "decode", "cache"]);
    let roles = "value-syntax /spec/coordination/1/roles";
    assert_eq!(problems(&with(&spec)), [format!("{roles}/1"), format!("{roles}/2")]);
    let mut spec = documented();
    spec["coordination"][1] = managed("rollout", &["prefill"]);
    let again = managed("again", &["decode", "prefill"]);
    spec["coordination"].as_array_mut().unwrap().push(again);
    assert_eq!(problems(&with(&spec)), ["value-syntax /spec/coordination/2/roles/1"]);
    spec["coordination"][2]["strategy"]["rollingUpdate"]["manageRollout"] = json!(false);
    assert_eq!(problems(&with(&spec)), Vec::<String>::new());
}
