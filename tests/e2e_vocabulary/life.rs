//! A vocabulary from its creation to its end, with our webhook in front of the API server.

use http::Method;
use placecard_policies::language::keys;
use placecard_tests::controlplane::{Answer, Api, ControlPlane, Owned, Patch, unique, wait_for};
use placecard_tests::webhook::Webhook;
use placecard_webhook::vocabulary::Taken;
use serde_json::{Value, json};

use super::{PATIENCE, define, definition_target, refused, target, vocabulary};

/// Starts the webhook on a cluster that has no such kind, and goes on with it.
pub(super) fn before_the_kind_exists(plane: &ControlPlane, and_then: impl FnOnce(&Webhook)) {
    let webhook = Webhook::follow(plane);
    seen(&webhook, Taken::Absent);
    and_then(&webhook);
}

#[track_caller]
fn seen(webhook: &Webhook, taken: Taken) {
    wait_for(PATIENCE, "the webhook has seen it", || match webhook.taken() {
        Some(found) if found == taken => Ok(()),
        other => Err(format!("{other:?} instead of {taken:?}")),
    });
}

fn pod(rule: Option<&str>) -> Value {
    let annotations = rule.map_or_else(|| json!({}), |rule| json!({keys::REQUIRE: rule}));
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": unique("words"), "namespace": "default", "annotations": annotations},
        "spec": {"containers": [{"name": "main", "image": "registry.invalid/none"}]},
    })
}

/// Waits until a pod with this rule is admitted: the webhook has the words.
#[track_caller]
fn usable(api: &Api, rule: &str) -> Answer {
    wait_for(PATIENCE, rule, || {
        api.dry_run().create(&pod(Some(rule))).map_err(|refusal| refusal.to_string())
    })
}

/// Waits until a pod with this rule is refused: the words are gone.
#[track_caller]
fn unusable(api: &Api, rule: &str) {
    wait_for(PATIENCE, rule, || match api.dry_run().create(&pod(Some(rule))) {
        Err(refusal) if refusal.message.contains("[unknown-pool]") => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

/// Pods without annotations of ours are created whatever becomes of the vocabulary.
#[track_caller]
fn others_pass(api: &Api) {
    api.dry_run().create(&pod(None)).unwrap_or_else(|refusal| panic!("{refusal}"));
}

fn pools(names: &[&str]) -> Value {
    let pool = |name: &&str| json!({"name": name, "nodes": format!("pool={name}")});
    json!({"pools": names.iter().map(pool).collect::<Vec<_>>()})
}

fn change(api: &Api, patch: &Value) -> placecard_tests::controlplane::Outcome {
    api.patch(&target(), Patch::Merge, patch)
}

#[track_caller]
fn changed(api: &Api, patch: &Value) -> Answer {
    change(api, patch).unwrap_or_else(|refusal| panic!("{refusal}"))
}

pub(super) fn from_creation_to_deletion(api: &Api, webhook: &Webhook) {
    let mut configurations = webhook.install(api, "placecard");
    others_pass(api);
    unusable(api, "on pool/a100");
    misspelt(api);
    in_use(api, webhook);
    broken(api, webhook, &mut configurations);
    gone(api, webhook);
}

/// A misspelt field is refused with a guess, however the client asks for unknown fields to be
/// treated: nothing is pruned before it is seen.
fn misspelt(api: &Api) {
    let mut spec = pools(&["a100"]);
    spec["pools"][0]["gaurd"] = json!({"key": "k", "effect": "NoSchedule"});
    for how in ["Strict", "Warn", "Ignore"] {
        let asking = api.with_query("fieldValidation", how);
        let refusal = refused(asking.create(&vocabulary(&spec)));
        assert_eq!(refusal.status, 403, "{refusal}");
        let told = "no field is named gaurd here (spec.pools[0].gaurd); did you mean guard? \
                    [unknown-key]";
        assert!(refusal.message.contains(told), "{how}: {refusal}");
        assert_eq!(refusal.causes[0].field, "spec.pools[0].gaurd", "{how}");
    }
    // What only meaning can tell.
    let guard = json!({"key": "gpu", "value": "x", "effect": "NoSchedule"});
    let opens = json!({"pools": [
        {"name": "mine", "nodes": "a=b", "guard": guard, "allowedNamespaces": {"names": ["ml"]}},
        {"name": "all", "nodes": "a=c", "tolerations": [{"key": "gpu", "operator": "Exists"}]},
    ]});
    let refusal = refused(api.create(&vocabulary(&opens)));
    assert!(refusal.message.contains("all tolerates the guard of mine"), "{refusal}");
}

/// Who is listed when the pool a100 is about to go.
const LIST: &str = "PlacementVocabulary default: 1 workload could not be read any more, for its \
                    words are gone [word-in-use]\n  \
                    Deployment default/embedder: no pool is named a100; did you mean h100?";

/// Words come, and go when nobody uses them.
fn in_use(api: &Api, webhook: &Webhook) {
    api.create(&vocabulary(&pools(&["a100"]))).unwrap_or_else(|refusal| panic!("{refusal}"));
    usable(api, "on pool/a100");
    assert_eq!(webhook.taken(), Some(Taken::Adopted));
    unusable(api, "on pool/h100");
    changed(api, &json!({"spec": pools(&["a100", "h100"])}));
    usable(api, "on pool/h100");

    let mut old = pools(&["a100", "h100"]);
    old["pools"][0]["deprecated"] = json!(true);
    changed(api, &json!({"spec": old}));
    wait_for(PATIENCE, "the warning of a deprecated word", || {
        let warnings = usable(api, "on pool/a100").warnings;
        let told = warnings.iter().any(|warning| warning.contains("[deprecated-word]"));
        told.then_some(()).ok_or_else(|| format!("{warnings:?}"))
    });

    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "embedder", "namespace": "default"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "embedder"}}, "template": {
            "metadata": {"labels": {"app": "embedder"},
                "annotations": {keys::REQUIRE: "on pool/a100"}},
            "spec": {"containers": [{"name": "main", "image": "registry.invalid/none"}]}}},
    });
    let _deployment = api.create_owned(&deployment);
    // Until the index has seen it, and until then: nobody knows, or nobody uses it.
    let dry = api.dry_run();
    wait_for(PATIENCE, "the Deployment keeps its word", || {
        match change(&dry, &json!({"spec": pools(&["h100"])})) {
            Err(refusal) if refusal.message.contains(LIST) && refusal.status == 403 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    refused(change(api, &json!({"spec": pools(&["h100"])})));
    usable(api, "on pool/a100");
    // What nobody uses may go at any time.
    changed(api, &json!({"spec": pools(&["a100", "t4"])}));
    changed(api, &json!({"spec": pools(&["a100", "h100"])}));

    let annotate = |force: Value| json!({"metadata": {"annotations": {keys::FORCE: force}}});
    let refusal = refused(change(api, &annotate(json!(" "))));
    assert!(refusal.message.contains("[empty-value]"), "{refusal}");
    let mut forced = annotate(json!("the nodes are gone"));
    forced["spec"] = pools(&["h100"]);
    let answer = changed(api, &forced);
    let told = answer.warnings.iter().any(|warning| warning.contains("[word-in-use]"));
    assert!(told, "{:?}", answer.warnings);
    unusable(api, "on pool/a100");
    changed(api, &annotate(Value::Null));
}

/// What is stored while nobody looks, and cannot be used, changes nothing.
fn broken(api: &Api, webhook: &Webhook, configurations: &mut Vec<Owned>) {
    configurations.clear();
    let misspelt = json!({"spec": {"poools": []}});
    wait_for(PATIENCE, "nobody judges the vocabulary", || {
        change(api, &misspelt).map(|_| ()).map_err(|refusal| refusal.to_string())
    });
    seen(webhook, Taken::Broken);
    *configurations = webhook.install(api, "placecard");
    usable(api, "on pool/h100");
    // Mending it is no harder than anything else.
    changed(api, &json!({"spec": {"poools": null}}));
    seen(webhook, Taken::Adopted);
    usable(api, "on pool/h100");
}

/// A deletion takes all words away, and so does that of the kind, which asks nobody.
fn gone(api: &Api, webhook: &Webhook) {
    let user = api.create_owned(&pod(Some("on pool/h100")));
    wait_for(PATIENCE, "the pod keeps its word", || match api.dry_run().delete(&target()) {
        Err(refusal) if refusal.message.contains("  Pod default/words-") => Ok(()),
        other => Err(format!("{other:?}")),
    });
    changed(api, &json!({"metadata": {"annotations": {keys::FORCE: "moving"}}}));
    api.delete(&target()).unwrap_or_else(|refusal| panic!("{refusal}"));
    seen(webhook, Taken::Absent);
    unusable(api, "on pool/h100");
    others_pass(api);
    drop(user);

    api.create(&vocabulary(&pools(&["h100"]))).unwrap_or_else(|refusal| panic!("{refusal}"));
    usable(api, "on pool/h100");
    api.delete(&definition_target()).unwrap_or_else(|refusal| panic!("{refusal}"));
    others_pass(api);
    seen(webhook, Taken::Absent);
    unusable(api, "on pool/h100");
    wait_for(PATIENCE, "the kind is gone", || {
        let path = format!("/apis/{}", keys::API_VERSION);
        match api.request(Method::GET, &path, "application/json", None) {
            Err(refusal) if refusal.status == 404 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    others_pass(api);
    // It may come back.
    define(api);
    wait_for(PATIENCE, "the vocabulary is stored again", || {
        let created = api.create(&vocabulary(&pools(&["h100"])));
        created.map(|_| ()).map_err(|refusal| refusal.to_string())
    });
    usable(api, "on pool/h100");
}
