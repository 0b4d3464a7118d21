//! The policy without parameters, which the webhook keeps: no pod without rules is ever refused, and
//! the guards are kept at every moment, whatever happens to the API server, the kind and the webhook.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use placecard_policies::admission_policy::inlined::Inlined;
use placecard_policies::admission_policy::{self, Guards, INLINED, Unplaced, Values};
use placecard_policies::language::checked::{Group, Words};
use placecard_policies::language::vocabulary::{Guard, NamespaceSet};
use placecard_policies::words::admission_policy as words;
use placecard_tests::chart;
use placecard_tests::controlplane::{Api, ControlPlane, Patch, Target, or_skipped, wait_for};
use placecard_tests::vocabulary::{define, definition_target, object, target};
use placecard_tests::webhook::Webhook;
use serde_json::{Value, json};

use super::ground::{accepted, namespace, pod, refused};

const PATIENCE: Duration = Duration::from_secs(90);

fn policy() -> Target {
    Target::new("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "", INLINED)
}

/// Pools of these names, each with a guard, for the namespace `inference`.
fn pools(names: &[&str]) -> Value {
    let pool = |name: &&str| {
        json!({"name": name, "nodes": format!("pool={name}"),
            "guard": {"key": format!("pool.example.com/{name}"), "effect": "NoSchedule"},
            "allowedNamespaces": {"names": ["inference"]}})
    };
    json!({"pools": names.iter().map(pool).collect::<Vec<_>>()})
}

fn tolerates(pool: &str) -> Value {
    let one = json!({"key": format!("pool.example.com/{pool}"), "operator": "Exists"});
    pod("web", "tolerates", &json!({"tolerations": [one]}))
}

fn becomes(api: &Api, pool: &str, guarded: bool) {
    wait_for(PATIENCE, &format!("{pool} is guarded: {guarded}"), || {
        match api.dry_run().create(&tolerates(pool)) {
            Err(refusal) if guarded && refusal.message.contains(words::TOLERATES) => Ok(()),
            Ok(_) if !guarded => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}

/// What was seen while something else was done.
#[derive(Debug, Default)]
struct Seen {
    /// Pods without rules that were created.
    created: AtomicUsize,
    /// Pods that tolerate a guard and were refused for that.
    guarded: AtomicUsize,
    /// Pods without rules that were refused by anybody but an API server that is not ready, and
    /// pods that came past the guard.
    wrong: Mutex<Vec<String>>,
}

/// Pods without rules, and others that tolerate the guard of a pool, one after the other, while
/// something else is done.
fn meanwhile(api: &Api, pool: &str, act: impl FnOnce()) -> Seen {
    let (ended, seen) = (AtomicBool::new(false), Seen::default());
    let wrong = |what: String| seen.wrong.lock().expect("no panic").push(what);
    let usual = pod("web", "usual", &json!({}));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::SeqCst) {
                match api.dry_run().create(&usual) {
                    Ok(_) => {
                        seen.created.fetch_add(1, Ordering::SeqCst);
                    }
                    Err(refusal) if not_ready(refusal.status, &refusal.message) => {}
                    Err(refusal) => wrong(refusal.to_string()),
                }
                match api.dry_run().create(&tolerates(pool)) {
                    Ok(answer) => wrong(format!("past the guard: {}", answer.object)),
                    Err(refusal) if refusal.message.contains(words::TOLERATES) => {
                        seen.guarded.fetch_add(1, Ordering::SeqCst);
                    }
                    Err(refusal) if not_ready(refusal.status, &refusal.message) => {}
                    Err(refusal) => wrong(refusal.to_string()),
                }
            }
        });
        act();
        ended.store(true, Ordering::SeqCst);
    });
    seen
}

/// Nobody there, starting, stopping; who is not ready yet refuses everybody.
fn not_ready(status: u16, message: &str) -> bool {
    matches!(status, 0 | 429 | 500..) || message.contains("not yet ready to handle request")
}

fn restart(plane: &ControlPlane) {
    for order in ["kill apiserver", "start apiserver"] {
        plane.order(order).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[track_caller]
fn all_right(seen: &Seen) {
    let wrong = seen.wrong.lock().expect("no panic");
    assert!(wrong.is_empty(), "{} of {seen:?}", wrong.len());
    let counts = [&seen.created, &seen.guarded].map(|count| count.load(Ordering::SeqCst));
    assert!(counts.iter().all(|count| *count > 10), "{counts:?}");
}

#[test]
fn no_pod_without_rules_is_refused_and_guards_are_kept_at_every_moment() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let api = plane.api();
    for name in ["web", "inference"] {
        accepted(api.create(&namespace(name, &json!({}))));
    }
    // As the chart does it.
    for template in ["admission-policy.yaml", "guards-inlined.yaml"] {
        for object in chart::objects(template) {
            accepted(api.create(&object));
        }
    }
    define(api);
    let webhook = Webhook::follow(&plane);
    let leader = webhook.keep_guards(&plane, "one");
    accepted(api.create(&object(&pools(&["a", "b"]))));
    becomes(api, "a", true);
    becomes(api, "b", true);
    accepted(api.dry_run().create(&tolerates("c")));
    accepted(api.dry_run().create(&pod("inference", "p", &tolerates("a")["spec"])));
    let status = wait_for(PATIENCE, "the policy's types are checked", || {
        let status = accepted(api.get(&policy()))["status"].clone();
        if status["typeChecking"].is_null() { Err(status.to_string()) } else { Ok(status) }
    });
    assert_eq!(status["typeChecking"], json!({}));

    // Killed and started, again and again.
    let seen = meanwhile(api, "a", || (0..3).for_each(|_| restart(&plane)));
    all_right(&seen);

    // The vocabulary changes.
    wait_for(PATIENCE, "the leader is back", || leader.held().then_some(()).ok_or(String::new()));
    let mut other = object(&pools(&["a", "c"]));
    other["metadata"]["resourceVersion"] =
        accepted(api.get(&target()))["metadata"]["resourceVersion"].clone();
    let seen = meanwhile(api, "a", || {
        accepted(api.put(&other));
        becomes(api, "c", true);
        becomes(api, "b", false);
    });
    all_right(&seen);
    // Nothing of one that cannot be used.
    let broken = json!({"spec": {"pools": [{"name": "a", "nodes": "a=b", "guard":
        {"key": "k", "effect": "NoSchedule"}, "allowedNamespaces": {"names": ["-"]}},
        {"name": "a", "nodes": "c=d"}]}});
    drop(api.patch(&target(), Patch::Merge, &broken));
    refused(api.dry_run().create(&tolerates("c")), words::TOLERATES);

    // The kind is removed, and the API server starts without it: the guards stay.
    let seen = meanwhile(api, "a", || {
        accepted(api.delete(&definition_target()));
        wait_for(PATIENCE, "the kind is gone", || match api.get(&definition_target()) {
            Err(refusal) if refusal.status == 404 => Ok(()),
            other => Err(format!("{other:?}")),
        });
        restart(&plane);
        refused(api.dry_run().create(&tolerates("a")), words::TOLERATES);
        restart(&plane);
        refused(api.dry_run().create(&tolerates("c")), words::TOLERATES);
    });
    all_right(&seen);
    // And with a webhook that starts without it.
    drop(leader);
    drop(webhook);
    let webhook = Webhook::follow(&plane);
    let leader = webhook.keep_guards(&plane, "two");
    wait_for(PATIENCE, "it is the leader", || leader.held().then_some(()).ok_or(String::new()));
    refused(api.dry_run().create(&tolerates("c")), words::TOLERATES);

    // It comes back with other guards, and somebody has deleted the policy.
    accepted(api.delete(&policy()));
    define(api);
    accepted(api.create(&object(&pools(&["b"]))));
    becomes(api, "b", true);
    becomes(api, "a", false);
    wait_for(PATIENCE, "it says so", || match webhook.metric("placecard_guards_current{}") {
        Some(1.0) => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

/// So many groups, each for so many namespaces by name and by so many labels.
fn groups(groups: usize, names: usize, labels: usize) -> Words {
    let allowed = NamespaceSet {
        names: (0..names).map(|number| format!("{number}")).collect(),
        match_labels: (0..labels).map(|number| (format!("l{number}"), "v".to_owned())).collect(),
    };
    let pool = |number: usize| {
        let guard = Guard {
            key: format!("g/{number}"),
            value: String::new(),
            effect: "NoSchedule".to_owned(),
        };
        let (guard, allowed_namespaces) = (Some(guard), Some(allowed.clone()));
        (format!("{number}"), Group { guard, allowed_namespaces, ..Group::default() })
    };
    Words { pools: (0..groups).map(pool).collect::<BTreeMap<_, _>>(), ..Words::default() }
}

/// Guards, names and labels of each, of some that are just allowed.
const LARGEST: [(usize, usize, usize); 3] = [(500, 1, 64), (500, 200, 4), (100, 1_000, 10)];

/// As large as they may be, the guards are still evaluated for every object.
#[test]
fn the_largest_guards_are_evaluated() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let api = plane.api();
    // Where all labels are, each is looked at, of each guard.
    let all: serde_json::Map<String, Value> =
        (0..64).map(|number| (format!("l{number}"), "v".into())).collect();
    accepted(api.create(&namespace("web", &json!({}))));
    accepted(api.create(&namespace("all", &Value::Object(all.clone()))));
    for object in chart::objects("guards-inlined.yaml") {
        accepted(api.create(&object));
    }
    for (many, names, labels) in LARGEST {
        let inlined = Inlined::of(&groups(many, names, labels)).expect("they fit");
        let values = Values::new("x", Unplaced::Deny, false);
        let text = admission_policy::guards_policy(&values, &Guards::Inlined(inlined));
        let object: Value = serde_saphyr::from_str(&text).expect("YAML");
        drop(api.delete(&policy()));
        wait_for(PATIENCE, "nothing is guarded", || {
            let open = api.dry_run().create(&pod("web", "p", &tolerations(0)));
            open.map(drop).map_err(|refusal| refusal.to_string())
        });
        accepted(api.create(&object));
        let told = format!("{many} guards, {names} names, {labels} labels");
        wait_for(PATIENCE, &told, || {
            match api.dry_run().create(&pod("web", "p", &tolerations(0))) {
                Err(refusal) if refusal.message.contains(words::TOLERATES) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
        // Seven, and two of the API server's own.
        refused(api.dry_run().create(&pod("web", "p", &tolerations(many - 1))), words::TOLERATES);
        accepted(api.dry_run().create(&pod("web", "p", &tolerations(many))));
        accepted(api.dry_run().create(&pod("all", "p", &tolerations(0))));
        accepted(api.dry_run().create(&namespace("fresh", &json!({"a": "b"}))));
        accepted(api.dry_run().create(&namespace("fresh", &Value::Object(all.clone()))));
    }
}

/// The toleration of a guard after others, which reach none.
fn tolerations(guard: usize) -> Value {
    let others = (0..6).map(|number| format!("other/{number}"));
    let keys = others.chain([format!("g/{guard}")]);
    json!({"tolerations":
        keys.map(|key| json!({"key": key, "operator": "Exists"})).collect::<Vec<_>>()})
}
