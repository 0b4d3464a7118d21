//! The API server goes and comes back while our webhook runs.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use placecard_policies::language::keys;
use placecard_tests::controlplane::{Api, ControlPlane, Patch, node, or_skipped, unique, wait_for};
use placecard_tests::passage::Passage;
use placecard_tests::vocabulary::{define, object as vocabulary, target};
use placecard_tests::webhook::Webhook;
use serde_json::{Value, json};

use super::{PATIENCE, agrees};

fn pod(rule: Option<&str>) -> Value {
    let annotations = rule.map_or_else(|| json!({}), |rule| json!({keys::REQUIRE: rule}));
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": unique("restart"), "namespace": "default", "annotations": annotations},
        "spec": {"containers": [{"name": "main", "image": "registry.invalid/none"}]},
    })
}

fn pools(names: &[&str]) -> Value {
    let pool = |name: &&str| json!({"name": name, "nodes": format!("pool={name}")});
    json!({"pools": names.iter().map(pool).collect::<Vec<_>>()})
}

#[track_caller]
fn usable(api: &Api, rule: &str) {
    wait_for(PATIENCE, &format!("{rule} is admitted"), || {
        let admitted =
            api.dry_run().create(&pod(Some(rule))).map_err(|refusal| refusal.to_string())?;
        let applied = &admitted.object["metadata"]["annotations"][keys::APPLIED];
        if applied.is_string() { Ok(()) } else { Err("not expanded".to_owned()) }
    });
}

#[track_caller]
fn unusable(api: &Api, rule: &str) {
    wait_for(PATIENCE, &format!("{rule} is refused"), || {
        match api.dry_run().create(&pod(Some(rule))) {
            Err(refusal) if refusal.message.contains("[unknown-pool]") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}

/// Pods that have nothing to do with us, one after the other, while something else is done. Whatever
/// was refused by anybody but an API server that is not ready is returned.
fn meanwhile(api: &Api, act: impl FnOnce()) -> Vec<String> {
    let ended = AtomicBool::new(false);
    let refused = Mutex::new(Vec::new());
    let mut created = 0;
    std::thread::scope(|scope| {
        let creating = scope.spawn(|| {
            let mut created = 0;
            while !ended.load(Ordering::SeqCst) {
                match api.dry_run().create(&pod(None)) {
                    Ok(_) => created += 1,
                    // Nobody there, starting, stopping; who is not ready yet refuses everybody.
                    Err(refusal)
                        if matches!(refusal.status, 0 | 429 | 500..)
                            || refusal.message.contains("not yet ready to handle request") => {}
                    Err(refusal) => refused.lock().expect("no panic").push(refusal.to_string()),
                }
            }
            created
        });
        act();
        ended.store(true, Ordering::SeqCst);
        created = creating.join().expect("no panic");
    });
    assert!(created > 0, "none was created at all");
    refused.into_inner().expect("no panic")
}

#[test]
fn a_webhook_outlives_its_api_server() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let api = plane.api();
    define(api);
    let created = api.create(&vocabulary(&pools(&["a100", "h100", "t4"])));
    created.unwrap_or_else(|refusal| panic!("{refusal}"));
    let passage = Passage::to(plane.server.strip_prefix("https://").expect("an URL"));
    let webhook = Webhook::follow_by(&plane, &passage);
    let _configurations = webhook.install(api, "placecard");
    let watches = webhook.watches().expect("it follows the cluster");
    usable(api, "on pool/h100");
    agrees(&plane, watches, "the start");

    for order in ["stop", "kill"] {
        let refused = meanwhile(api, || {
            // What changes while the webhook does not see it.
            passage.close();
            let gone =
                json!({"spec": pools(if order == "stop" { &["a100", "h100"] } else { &["a100"] })});
            api.patch(&target(), Patch::Merge, &gone).unwrap_or_else(|refusal| panic!("{refusal}"));
            let made = node(&unique("made"), &[("pool", "a100")], &[], &[]);
            api.create(&made).unwrap_or_else(|refusal| panic!("{refusal}"));
            plane.order(&format!("{order} apiserver")).unwrap_or_else(|error| panic!("{error}"));
            plane.order("start apiserver").unwrap_or_else(|error| panic!("{error}"));
            // Annotated ones too, by the words that were known last.
            usable(api, "on pool/a100");
            passage.open();
            unusable(api, if order == "stop" { "on pool/t4" } else { "on pool/h100" });
            usable(api, "on pool/a100");
        });
        assert_eq!(refused, Vec::<String>::new(), "{order}");
        agrees(&plane, watches, "a restart");
    }
    assert_eq!(webhook.absences(), 0, "no answer is no proof that there is no vocabulary");

    // It is still followed.
    let more = json!({"spec": pools(&["a100", "l40"])});
    api.patch(&target(), Patch::Merge, &more).unwrap_or_else(|refusal| panic!("{refusal}"));
    usable(api, "on pool/l40");
}
