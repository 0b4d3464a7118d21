//! What the chart promises.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use clap::Parser as _;
use placecard_policies::coordination::membership::group_labels;
use placecard_policies::kinds::KINDS;
use placecard_policies::language::coordination::GROUP_KINDS;
use placecard_policies::language::keys;
use placecard_policies::live::WATCHED;
use placecard_policies::vocabulary::definition::PLURAL;
use placecard_tests::chart::{self, RELEASE_NAMESPACE};
use serde_json::Value;

/// What coordinations may stand in besides objects of ours.
const GROUPS: &str = "workloads.x-k8s.io/rolebasedgroups";

/// The one webhook that sees no object of a namespace, and deletions.
const VOCABULARIES: &str = "vocabularies.validate.placecard.dev";

fn rendered(name: &str) -> Value {
    chart::objects(name).remove(0)
}

fn webhooks(name: &str) -> Vec<Value> {
    rendered(name)["webhooks"].as_array().expect("webhooks").clone()
}

/// Of custom resources, if there are any: their webhooks.
fn custom_webhooks() -> Vec<Value> {
    let objects = chart::custom_workloads(&[("ray.io", "v1", "rayclusters")]);
    let lists = objects.iter().filter_map(|one| one["webhooks"].as_array().cloned());
    lists.flatten().collect()
}

/// `group/resource` of every rule.
fn resources(webhook: &Value) -> BTreeSet<String> {
    let strings = |value: &Value| -> Vec<String> {
        let list = value.as_array().expect("a list");
        list.iter().map(|item| item.as_str().expect("a string").to_owned()).collect()
    };
    let rules = webhook["rules"].as_array().expect("rules");
    rules
        .iter()
        .flat_map(|rule| {
            let groups = strings(&rule["apiGroups"]);
            let resources = strings(&rule["resources"]);
            groups.into_iter().flat_map(move |group| {
                resources.clone().into_iter().map(move |resource| format!("{group}/{resource}"))
            })
        })
        .collect()
}

#[test]
fn no_webhook_can_brick_a_cluster() {
    let built_in = ["mutating-webhook.yaml", "validating-webhook.yaml"].map(webhooks);
    for webhooks in built_in.into_iter().chain([custom_webhooks()]) {
        assert!(!webhooks.is_empty());
        for webhook in webhooks {
            let who = webhook["name"].as_str().expect("a name").to_owned();
            let of_vocabulary = who == VOCABULARIES;
            assert_eq!(webhook["failurePolicy"], "Ignore", "{who}");
            assert_eq!(webhook["sideEffects"], "None", "{who}");
            assert_eq!(webhook["timeoutSeconds"], 5, "{who}");
            assert_eq!(webhook["admissionReviewVersions"], serde_json::json!(["v1"]), "{who}");
            let expressions = &webhook["namespaceSelector"]["matchExpressions"];
            // What lives in no namespace is selected by none.
            let all = if of_vocabulary {
                Value::Null
            } else {
                serde_json::json!([
                    {"key": "kubernetes.io/metadata.name", "operator": "NotIn",
                     "values": ["kube-system", RELEASE_NAMESPACE]},
                    {"key": "placecard.dev/mode", "operator": "NotIn", "values": ["off"]},
                ])
            };
            assert_eq!(*expressions, all, "{who}");
            for rule in webhook["rules"].as_array().expect("rules") {
                let scope = if of_vocabulary { "Cluster" } else { "Namespaced" };
                assert_eq!(rule["scope"], scope, "{who}");
                let operations = rule["operations"].as_array().expect("operations");
                assert_eq!(operations.contains(&Value::from("DELETE")), of_vocabulary, "{who}");
                assert!(!operations.contains(&Value::from("*")), "{who}");
            }
            assert!(resources(&webhook).iter().all(|name| !name.contains('*')), "{who}");
            assert!(!webhook["matchConditions"].as_array().expect("conditions").is_empty());
        }
    }
}

#[test]
fn the_policy_about_unplaced_pods_passes_by_what_the_webhook_passes_by() {
    let policy = rendered("admission-policy.yaml");
    let selector = &policy["spec"]["matchConstraints"]["namespaceSelector"];
    for webhook in webhooks("mutating-webhook.yaml") {
        assert_eq!(webhook["namespaceSelector"], *selector);
    }
}

#[test]
fn mutations_are_reinvoked_and_never_touch_pods_that_exist() {
    for webhook in webhooks("mutating-webhook.yaml") {
        assert_eq!(webhook["reinvocationPolicy"], "IfNeeded");
        if resources(&webhook).contains("/pods") {
            assert_eq!(webhook["rules"][0]["operations"], serde_json::json!(["CREATE"]));
            assert_eq!(webhook["rules"].as_array().map(Vec::len), Some(1));
        }
    }
}

/// Nothing of ours stands on the pods of a group that a RoleCoordination refers to.
#[test]
fn pods_of_groups_are_seen_by_the_labels_of_the_groups() {
    let labels = group_labels().map(|label| format!("'{label}'")).collect::<Vec<_>>();
    let list = format!("[{}].exists(", labels.join(", "));
    for file in ["mutating-webhook.yaml", "validating-webhook.yaml"] {
        let of_pods = |one: &Value| one["name"].as_str().is_some_and(|of| of.starts_with("pods."));
        let webhooks = webhooks(file);
        let conditions = webhooks.iter().find(|one| of_pods(one)).expect("one for pods");
        let conditions = conditions["matchConditions"].to_string();
        assert!(conditions.contains(&list), "{file}: {list}\n{conditions}");
    }
}

#[test]
fn every_built_in_kind_is_judged() {
    let judged: BTreeSet<String> =
        webhooks("validating-webhook.yaml").iter().flat_map(resources).collect();
    let vocabularies = format!("{}/{PLURAL}", keys::GROUP);
    let kinds: BTreeSet<String> = KINDS
        .iter()
        .map(|kind| format!("{}/{}s", kind.group, kind.kind.to_ascii_lowercase()))
        .chain([vocabularies, format!("{}/{}", keys::GROUP, keys::COORDINATION_PLURAL)])
        .chain([GROUPS.to_owned()])
        .collect();
    assert_eq!(judged, kinds);
}

#[test]
fn custom_resources_are_read_and_judged_only_if_they_are_named() {
    assert_eq!(chart::custom_workloads(&[]), Vec::<Value>::new());
    let named = [("ray.io", "v1", "rayclusters"), ("x.dev", "v1beta1", "jobsets")];
    let objects = chart::custom_workloads(&named);
    let kinds: Vec<&str> = objects.iter().filter_map(|one| one["kind"].as_str()).collect();
    let expected = [
        "ClusterRole",
        "ClusterRoleBinding",
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
    ];
    assert_eq!(kinds, expected);
    let expected = BTreeSet::from(["ray.io/rayclusters", "x.dev/jobsets"].map(str::to_owned));
    assert_eq!(resources(&objects[0]), expected, "the role");
    for webhook in objects.iter().filter_map(|one| one["webhooks"].get(0)) {
        assert_eq!(resources(webhook), expected);
    }
    for rule in objects[0]["rules"].as_array().expect("rules") {
        assert_eq!(rule["verbs"], serde_json::json!(["get", "list", "watch"]));
    }
}

/// What may be written: Leases and Events; evictions, and what waits for its batch, in roles of their
/// own, which the chart leaves out unless it is told to evict, or to coordinate.
#[test]
fn what_is_written_is_in_roles_of_its_own() {
    let rules = |name: &str| -> BTreeSet<String> {
        let objects = chart::objects(name);
        let roles = objects.iter().filter_map(|one| one["rules"].as_array()).flatten();
        let told = roles.flat_map(|rule| {
            let verbs = rule["verbs"].as_array().cloned().unwrap_or_default();
            let of = resources(&serde_json::json!({"rules": [rule]}));
            verbs.into_iter().flat_map(move |verb| {
                let verb = verb.as_str().unwrap_or_default().to_owned();
                of.clone().into_iter().map(move |one| format!("{verb} {one}"))
            })
        });
        told.collect()
    };
    let lease = "coordination.k8s.io/leases";
    let event = "events.k8s.io/events";
    let expected = [
        format!("create {lease}"),
        format!("get {lease}"),
        format!("update {lease}"),
        format!("create {event}"),
        format!("get {event}"),
        format!("patch {event}"),
    ];
    let expected: BTreeSet<String> = expected.into();
    assert_eq!(rules("audit-rbac.yaml"), expected);
    assert_eq!(rules("eviction-rbac.yaml"), ["create /pods/eviction".to_owned()].into());
    let more = [
        "create scheduling.k8s.io/podgroups",
        "delete /pods",
        "delete scheduling.k8s.io/podgroups",
        "list scheduling.k8s.io/podgroups",
        "patch /pods",
        "patch placecard.dev/rolecoordinations/status",
        "patch scheduling.k8s.io/podgroups",
    ];
    let coordination: BTreeSet<String> = more.into_iter().map(str::to_owned).collect();
    assert_eq!(rules("coordination-rbac.yaml"), &expected | &coordination);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/placecard");
    assert_eq!(rules("rollout-rbac.yaml"), ["patch apps/statefulsets".to_owned()].into());
    for (name, value) in [
        ("eviction", "audit.evict"),
        ("coordination", "coordination.controller"),
        ("rollout", "coordination.rollouts"),
    ] {
        let path = root.join(format!("templates/{name}-rbac.yaml"));
        let text = fs::read_to_string(path).expect("a template");
        let guard = format!("{{{{- if eq .Values.{value} \"on\" }}}}\n");
        assert!(text.starts_with(&guard) && text.ends_with("{{- end }}\n"), "{name}");
    }
    let values = fs::read_to_string(root.join("values.yaml")).expect("values");
    let values: Value = serde_saphyr::from_str(&values).expect("YAML");
    assert_eq!(values["audit"]["evict"], "off");
    assert_eq!(values["coordination"]["rollouts"], "off");
}

/// The verbs that the chart's role has, by `group/resource`.
fn verbs() -> BTreeMap<String, BTreeSet<String>> {
    let role = chart::objects("rbac.yaml").into_iter().find(|one| one["kind"] == "ClusterRole");
    let role = role.expect("a ClusterRole");
    let mut verbs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for rule in role["rules"].as_array().expect("rules") {
        for resource in resources(&serde_json::json!({"rules": [rule]})) {
            let told = rule["verbs"].as_array().expect("verbs").iter();
            let told = told.map(|verb| verb.as_str().expect("a string").to_owned());
            verbs.entry(resource).or_default().extend(told);
        }
    }
    verbs
}

#[test]
fn the_role_allows_what_is_watched_and_nothing_else() {
    let path = |group: &str, plural: &str| format!("{group}/{plural}");
    let watched: BTreeSet<String> =
        WATCHED.into_iter().map(|kind| path(kind.row().group, kind.row().plural)).collect();
    for (resource, verbs) in verbs() {
        // What is ours is its own: the vocabulary. Groups are in a table of their own.
        let group = resource.split('/').next().unwrap_or_default();
        let is_group = GROUP_KINDS.iter().any(|(of, ..)| *of == group);
        if is_group {
            let expected = ["get", "list", "watch"].map(str::to_owned);
            assert_eq!(verbs, expected.into(), "{resource}");
        }
        if resource.starts_with("placecard.dev/") || is_group {
            continue;
        }
        assert!(watched.contains(&resource), "{resource} is allowed and not watched");
        for verb in &verbs {
            assert!(["get", "list", "watch"].contains(&verb.as_str()), "{resource}: {verb}");
        }
    }
    let verbs = verbs();
    for resource in watched {
        for verb in ["list", "watch"] {
            let allowed = verbs.get(&resource).is_some_and(|verbs| verbs.contains(verb));
            assert!(allowed, "{resource} is watched, and the role does not allow to {verb} it");
        }
    }
}

#[test]
fn every_call_has_a_service_to_go_to() {
    let service = rendered("service.yaml");
    for name in ["mutating-webhook.yaml", "validating-webhook.yaml"] {
        for webhook in webhooks(name) {
            let target = &webhook["clientConfig"]["service"];
            assert_eq!(target["name"], service["metadata"]["name"]);
            assert_eq!(target["namespace"], service["metadata"]["namespace"]);
            assert_eq!(target["port"], service["spec"]["ports"][0]["port"]);
        }
    }
}

#[test]
fn the_deployment_is_started_with_flags_that_exist() {
    let path = "../charts/placecard/templates/deployment.yaml";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = fs::read_to_string(path).expect("the template of the Deployment");
    let text = text.replace("{{ .Values.defaultMode }}", "warn");
    let text = text.replace("{{ .Values.settledAfter }}", "30");
    let text = text.replace("{{ .Values.audit.every }}", "30");
    let text = text.replace("{{ .Values.audit.evict }}", "dry-run");
    let text = text.replace("{{ .Values.coordination.controller }}", "off");
    let text = text.replace(
        "{{ eq .Values.admissionPolicy.guards \"inlined\" | ternary \"on\" \"off\" }}",
        "on",
    );
    let flags: Vec<&str> =
        text.lines().filter_map(|line| line.trim().strip_prefix("- --")).collect();
    assert!(flags.len() > 3, "{flags:?}");
    let words = flags.iter().map(|flag| format!("--{flag}"));
    let words = std::iter::once("placecard-webhook".to_owned()).chain(words);
    let args = placecard_webhook::args::Args::try_parse_from(words);
    assert!(args.is_ok(), "{}", args.expect_err("seen"));
}
