//! Control planes with both policies, a vocabulary, and users with few rights: one where the API server
//! reads the vocabulary, and one where the guards stand in the policy.

use std::sync::OnceLock;
use std::time::Duration;

use placecard_policies::admission_policy::inlined::Inlined;
use placecard_policies::admission_policy::{Guards, Unplaced, Values, yaml};
use placecard_policies::language::vocabulary_check;
use placecard_policies::words::admission_policy as words;
use placecard_tests::chart::RELEASE_NAMESPACE;
use placecard_tests::controlplane::{Api, ControlPlane, Outcome, node, or_skipped, wait_for};
use placecard_tests::vocabulary::define;
use serde_json::{Value, json};

/// What is guarded: for `inference` and those labelled so, and for `payments`; one for everybody.
pub(super) const VOCABULARY: &str = "
apiVersion: placecard.dev/v1alpha1
kind: PlacementVocabulary
metadata: {name: default}
spec:
  pools:
    - name: a100
      nodes: accelerator=a100
      guard: {key: pool.example.com/a100, value: reserved, effect: NoSchedule}
      allowedNamespaces: {names: [inference], matchLabels: {team: inference, stage: prod}}
    - name: batch
      nodes: pool=batch
      guard: {key: pool.example.com/batch, value: '', effect: NoSchedule}
  trustDomains:
    - name: payments
      nodes: trust.example.com/domain=payments
      guard: {key: trust.example.com/domain, value: payments, effect: NoExecute}
      allowedNamespaces: {names: [payments]}
  schedulers: [batch-scheduler, 'it''s \"odd\" \\d {{ .x }} @MODE@ #: [].']
  agents: {names: [monitoring], matchLabels: {role: agents}}
";

/// The schedulers of the vocabulary.
pub(super) const SCHEDULERS: [&str; 2] =
    ["batch-scheduler", "it's \"odd\" \\d {{ .x }} @MODE@ #: []."];

/// The namespaces, with their labels.
pub(super) const NAMESPACES: &[(&str, &[(&str, &str)])] = &[
    ("web", &[]),
    ("inference", &[]),
    ("labelled", &[("team", "inference"), ("stage", "prod")]),
    ("half", &[("team", "inference")]),
    ("payments", &[("placecard.dev/mode", "warn")]),
    ("off", &[("placecard.dev/mode", "off")]),
    ("monitoring", &[]),
    ("agents-by-label", &[("role", "agents")]),
];

pub(super) struct Ground {
    pub(super) plane: ControlPlane,
}

impl Ground {
    /// The administrator.
    pub(super) fn admin(&self) -> &Api {
        self.plane.api()
    }

    /// Somebody who may write pods, bindings and namespaces, and nothing else.
    pub(super) fn tenant(&self) -> Api {
        self.admin().as_user("tenant", &[])
    }
}

/// Runs a test on both grounds that all tests here share.
pub(super) fn with_ground(test: impl Fn(&Ground)) {
    static PARAMETRISED: OnceLock<Option<Ground>> = OnceLock::new();
    static WRITTEN: OnceLock<Option<Ground>> = OnceLock::new();
    let ground = |guards: fn() -> Guards| {
        move || {
            let plane = or_skipped(ControlPlane::start())?;
            prepare(plane.api(), &guards());
            Some(Ground { plane })
        }
    };
    let grounds = [
        PARAMETRISED.get_or_init(ground(|| Guards::Parametrised)),
        WRITTEN.get_or_init(ground(inlined)),
    ];
    grounds.into_iter().flatten().for_each(test);
}

/// The guards of the vocabulary as literals.
pub(super) fn inlined() -> Guards {
    let (words, problems) =
        vocabulary_check::check(&serde_saphyr::from_str::<Value>(VOCABULARY).expect("YAML"));
    assert!(problems.is_empty(), "{problems:?}");
    Guards::Inlined(Inlined::of(&words).expect("they fit"))
}

fn prepare(api: &Api, guards: &Guards) {
    for (name, labels) in NAMESPACES {
        let labels: serde_json::Map<String, Value> =
            labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
        accepted(api.create(&namespace(name, &Value::Object(labels))));
    }
    accepted(api.create(&namespace(RELEASE_NAMESPACE, &json!({}))));
    grant(api);
    accepted(api.create(&node("plain", &[], &[], &[])));
    let guarded = [("accelerator", "a100")];
    let taints = ["pool.example.com/a100=reserved:NoSchedule"];
    accepted(api.create(&node("guarded", &guarded, &taints, &[])));
    // Here before there was a vocabulary.
    accepted(api.create(&pod("web", "old", &json!({"tolerations": [seconds(10)]}))));
    if *guards == Guards::Parametrised {
        define(api);
        vocabulary(api);
    }
    install(api, guards);
    wait_for(Duration::from_secs(60), "the policy about guards refuses", || {
        let everything = json!({"tolerations": [{"operator": "Exists"}]});
        match api.dry_run().create(&pod("web", "probe", &everything)) {
            Err(refusal) if refusal.message.contains(words::TOLERATES) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    wait_for(Duration::from_secs(60), "the policy about unplaced pods refuses", || {
        let mut pod = pod("web", "probe", &json!({}));
        pod["metadata"]["annotations"] = json!({"placecard.dev/require": "on zone/a"});
        match api.dry_run().create(&pod) {
            Err(refusal) if refusal.status == 403 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}

/// A toleration of the guard of the trust domain, which ends.
pub(super) fn seconds(seconds: u32) -> Value {
    json!({"key": "trust.example.com/domain", "operator": "Exists", "effect": "NoExecute",
        "tolerationSeconds": seconds})
}

/// Stores the vocabulary, whose kind is served.
pub(super) fn vocabulary(api: &Api) {
    accepted(api.create(&serde_saphyr::from_str(VOCABULARY).expect("YAML")));
}

/// The policies, as `placecard export admission-policy` prints them.
pub(super) fn install(api: &Api, guards: &Guards) {
    let values = Values::new(RELEASE_NAMESPACE, Unplaced::Deny, false);
    for document in yaml(&values, guards).split("\n---\n") {
        accepted(api.create(&serde_saphyr::from_str(document).expect("YAML")));
    }
}

/// Everything but the vocabulary, for those who are not administrators.
fn grant(api: &Api) {
    let role = |name: &str, rules: Value| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": name}, "rules": rules})
    };
    let binding = |name: &str, role: &str, subjects: Value| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": name}, "subjects": subjects, "roleRef":
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}})
    };
    let user = |kind: &str, name: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name});
    let everything = json!([{"apiGroups": [""], "verbs": ["*"], "resources":
        ["pods", "pods/binding", "pods/ephemeralcontainers", "pods/status", "bindings",
         "namespaces"]}]);
    let words = json!([{"apiGroups": ["placecard.dev"], "verbs": ["update"],
        "resources": ["placementvocabularies"]}]);
    let users = ["tenant", "namespace-clerk"].into_iter().chain(SCHEDULERS);
    let mut subjects: Vec<Value> = users.map(|name| user("User", name)).collect();
    subjects.push(user("Group", "system:nodes"));
    for object in [
        role("writes-pods", everything),
        role("writes-words", words),
        binding("writes-pods", "writes-pods", subjects.into()),
        binding("writes-words", "writes-words", json!([user("User", "namespace-clerk")])),
    ] {
        accepted(api.create(&object));
    }
}

pub(super) fn namespace(name: &str, labels: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": name, "labels": labels}})
}

/// A pod with more in its spec.
pub(super) fn pod(namespace: &str, name: &str, more: &Value) -> Value {
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [{"name": "main", "image": "registry.invalid/none"}]},
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        pod["spec"][key] = value.clone();
    }
    pod
}

#[track_caller]
pub(super) fn accepted(outcome: Outcome) -> Value {
    match outcome {
        Ok(answer) => answer.object,
        Err(refusal) => panic!("{refusal}"),
    }
}

/// Refused by a policy, with reason Forbidden and these words in full.
#[track_caller]
pub(super) fn refused(outcome: Outcome, words: &str) {
    match outcome {
        Ok(answer) => panic!("accepted: {}", answer.object),
        Err(refusal) => {
            assert_eq!((refusal.status, refusal.reason.as_str()), (403, "Forbidden"), "{refusal}");
            assert!(refusal.message.ends_with(&format!(" denied request: {words}")), "{refusal}");
        }
    }
}
