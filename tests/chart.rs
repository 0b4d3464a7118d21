//! What the chart promises, as Helm renders it; without Helm these leave themselves out.

/// The metrics that are asked for exist.
mod monitoring;
/// Names, labels, and what the pods of the webhook look like.
pub(crate) mod objects;
/// The values: described, checked, and refused where they are dangerous together.
mod values;

use std::collections::{BTreeMap, BTreeSet};

use placecard_policies::coordination::membership::group_labels;
use placecard_policies::kinds::KINDS;
use placecard_policies::language::coordination::GROUP_KINDS;
use placecard_policies::language::keys;
use placecard_policies::live::WATCHED;
use placecard_policies::vocabulary::definition::PLURAL;
use placecard_tests::chart::{self, RELEASE_NAMESPACE};
use placecard_tests::controlplane::or_skipped;
use serde_json::{Value, json};

/// Whether there is no Helm here; then it was said.
fn left_out() -> bool {
    or_skipped(chart::helm()).is_none()
}

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
    if left_out() {
        return;
    }
    let built_in = ["mutating-webhook.yaml", "validating-webhook.yaml"].map(webhooks);
    for webhooks in built_in.into_iter().chain([custom_webhooks()]) {
        assert!(!webhooks.is_empty());
        for webhook in webhooks {
            let who = webhook["name"].as_str().expect("a name").to_owned();
            let of_vocabulary = who == VOCABULARIES;
            assert_eq!(webhook["failurePolicy"], "Ignore", "{who}");
            assert_eq!(webhook["sideEffects"], "None", "{who}");
            assert_eq!(webhook["timeoutSeconds"], 5, "{who}");
            assert_eq!(webhook["admissionReviewVersions"], json!(["v1"]), "{who}");
            let expressions = &webhook["namespaceSelector"]["matchExpressions"];
            // What lives in no namespace is selected by none.
            let all = if of_vocabulary {
                Value::Null
            } else {
                json!([
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
    if left_out() {
        return;
    }
    let policy = rendered("admission-policy.yaml");
    let selector = &policy["spec"]["matchConstraints"]["namespaceSelector"];
    for webhook in webhooks("mutating-webhook.yaml") {
        assert_eq!(webhook["namespaceSelector"], *selector);
    }
}

#[test]
fn mutations_are_reinvoked_and_never_touch_pods_that_exist() {
    if left_out() {
        return;
    }
    for webhook in webhooks("mutating-webhook.yaml") {
        assert_eq!(webhook["reinvocationPolicy"], "IfNeeded");
        if resources(&webhook).contains("/pods") {
            assert_eq!(webhook["rules"][0]["operations"], json!(["CREATE"]));
            assert_eq!(webhook["rules"].as_array().map(Vec::len), Some(1));
        }
    }
}

/// Nothing of ours stands on the pods of a group that a RoleCoordination refers to.
#[test]
fn pods_of_groups_are_seen_by_the_labels_of_the_groups() {
    if left_out() {
        return;
    }
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
    if left_out() {
        return;
    }
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
    if left_out() {
        return;
    }
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
        assert_eq!(rule["verbs"], json!(["get", "list", "watch"]));
    }
}

/// `verb group/resource` of every rule of these objects.
fn allowed<'o>(objects: impl IntoIterator<Item = &'o Value>) -> BTreeSet<String> {
    let rules = objects.into_iter().filter_map(|one| one["rules"].as_array()).flatten();
    let told = rules.flat_map(|rule| {
        let verbs = rule["verbs"].as_array().cloned().unwrap_or_default();
        let of = resources(&json!({"rules": [rule]}));
        verbs.into_iter().flat_map(move |verb| {
            let verb = verb.as_str().unwrap_or_default().to_owned();
            of.clone().into_iter().map(move |one| format!("{verb} {one}"))
        })
    });
    told.collect()
}

const READS: [&str; 3] = ["get", "list", "watch"];

/// What the webhook may write, and the template whose role says so. Those of the last three come with
/// values.
const WRITES: &[(&str, &[&str])] = &[
    (
        "audit-rbac.yaml",
        &[
            "create coordination.k8s.io/leases",
            "update coordination.k8s.io/leases",
            "create events.k8s.io/events",
            "patch events.k8s.io/events",
        ],
    ),
    (
        "guards-rbac.yaml",
        &[
            "create admissionregistration.k8s.io/validatingadmissionpolicies",
            "update admissionregistration.k8s.io/validatingadmissionpolicies",
        ],
    ),
    (
        "coordination-rbac.yaml",
        &[
            "create coordination.k8s.io/leases",
            "update coordination.k8s.io/leases",
            "create events.k8s.io/events",
            "patch events.k8s.io/events",
            "patch /pods",
            "delete /pods",
            "patch placecard.dev/rolecoordinations/status",
            "create scheduling.k8s.io/podgroups",
            "patch scheduling.k8s.io/podgroups",
            "delete scheduling.k8s.io/podgroups",
        ],
    ),
    (
        "certificates-rbac.yaml",
        &[
            "create /secrets",
            "update /secrets",
            "create coordination.k8s.io/leases",
            "update coordination.k8s.io/leases",
            "patch admissionregistration.k8s.io/mutatingwebhookconfigurations",
            "patch admissionregistration.k8s.io/validatingwebhookconfigurations",
        ],
    ),
    ("eviction-rbac.yaml", &["create /pods/eviction"]),
    ("rollout-rbac.yaml", &["patch apps/statefulsets"]),
];

#[test]
fn what_is_written_is_in_roles_of_its_own() {
    if left_out() {
        return;
    }
    let all = chart::rendered(&chart::most()).expect("rendered");
    let mut by_template: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for (template, object) in all.iter() {
        by_template.entry(template).or_default().push(object);
    }
    for (template, objects) in by_template {
        let is_read = |one: &String| READS.iter().any(|verb| one.starts_with(&format!("{verb} ")));
        let writes: BTreeSet<String> =
            allowed(objects).into_iter().filter(|one| !is_read(one)).collect();
        let row = WRITES.iter().find(|(of, _)| *of == template).map_or(&[][..], |(_, row)| row);
        assert_eq!(writes, row.iter().map(|one| (*one).to_owned()).collect(), "{template}");
    }
}

#[test]
fn a_role_is_there_only_if_a_value_asks_for_it() {
    if left_out() {
        return;
    }
    for (template, without, with) in [
        ("eviction-rbac.yaml", json!({}), json!({"audit": {"evict": "on"}})),
        ("eviction-rbac.yaml", json!({"audit": {"evict": "dry-run"}}), chart::most()),
        (
            "audit-rbac.yaml",
            json!({"audit": {"every": 0}, "admissionPolicy": {"guards": "off"}}),
            json!({"audit": {"every": 0}}),
        ),
        ("rollout-rbac.yaml", json!({}), json!({"coordination": {"rollouts": "on"}})),
        ("coordination-rbac.yaml", json!({"coordination": {"controller": "off"}}), json!({})),
        ("guards-rbac.yaml", json!({"admissionPolicy": {"guards": "off"}}), json!({})),
        ("certificates-rbac.yaml", chart::given_certificate(), json!({})),
        ("guards-rbac.yaml", json!({"admissionPolicy": {"guards": "parametrised"}}), json!({})),
    ] {
        let all = chart::rendered(&without).expect("rendered");
        assert!(all.iter().all(|(path, _)| path != template), "{template}: {without}");
        assert!(!chart::objects_with(template, &with).is_empty());
    }
}

/// All there is, nothing that is not named, and of Secrets none but its own.
#[test]
fn no_role_is_wider_than_what_it_names() {
    if left_out() {
        return;
    }
    let mut rules = 0;
    for (template, object) in chart::rendered(&chart::most()).expect("rendered").iter() {
        for rule in object["rules"].as_array().into_iter().flatten() {
            rules += 1;
            assert!(!rule.to_string().contains('*'), "{template}: {rule}");
            let of_secrets = rule["resources"].to_string().contains("\"secrets");
            let is_named = rule["resourceNames"].as_array().is_some_and(|names| !names.is_empty());
            // What is made cannot be limited to a name; that is for its own namespace alone.
            let is_made = object["kind"] == "Role" && rule["verbs"] == json!(["create"]);
            assert!(!of_secrets || is_named || is_made, "{template}: {rule}");
            let strong = ["escalate", "bind", "impersonate", "deletecollection"];
            assert!(!strong.iter().any(|verb| rule["verbs"].to_string().contains(verb)), "{rule}");
        }
    }
    assert!(rules > 10, "{rules}");
}

/// The verbs that the chart's role has, by `group/resource`.
fn verbs() -> BTreeMap<String, BTreeSet<String>> {
    let role = chart::objects("rbac.yaml").into_iter().find(|one| one["kind"] == "ClusterRole");
    let role = role.expect("a ClusterRole");
    let mut verbs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for rule in role["rules"].as_array().expect("rules") {
        for resource in resources(&json!({"rules": [rule]})) {
            let told = rule["verbs"].as_array().expect("verbs").iter();
            let told = told.map(|verb| verb.as_str().expect("a string").to_owned());
            verbs.entry(resource).or_default().extend(told);
        }
    }
    verbs
}

#[test]
fn the_role_allows_what_is_watched_and_nothing_else() {
    if left_out() {
        return;
    }
    let path = |group: &str, plural: &str| format!("{group}/{plural}");
    let watched: BTreeSet<String> =
        WATCHED.into_iter().map(|kind| path(kind.row().group, kind.row().plural)).collect();
    for (resource, verbs) in verbs() {
        // What is ours is its own: the vocabulary. Groups are in a table of their own.
        let group = resource.split('/').next().unwrap_or_default();
        let is_group = GROUP_KINDS.iter().any(|(of, ..)| *of == group);
        if is_group {
            assert_eq!(verbs, READS.map(str::to_owned).into(), "{resource}");
        }
        if resource.starts_with("placecard.dev/") || is_group {
            continue;
        }
        assert!(watched.contains(&resource), "{resource} is allowed and not watched");
        for verb in &verbs {
            assert!(READS.contains(&verb.as_str()), "{resource}: {verb}");
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
    if left_out() {
        return;
    }
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
