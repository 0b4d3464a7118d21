//! The chart on a real API server: Helm installs, upgrades and uninstalls it, and every object that it
//! can render is taken.

use std::process::Output;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use placecard_tests::chart::{self, RELEASE, RELEASE_NAMESPACE};
use placecard_tests::controlplane::{Api, ControlPlane, Patch, Target, or_skipped, wait_for};
use placecard_tests::webhook::Webhook;
use serde_json::{Value, json};

use crate::chart::objects::sets;

const PATIENCE: Duration = Duration::from_secs(30);

/// Kinds of others that the chart makes objects of, each with any content.
const FOREIGN: &[(&str, &str)] = &[
    ("cert-manager.io", "Issuer"),
    ("cert-manager.io", "Certificate"),
    ("monitoring.coreos.com", "ServiceMonitor"),
    ("monitoring.coreos.com", "PrometheusRule"),
];

fn accepted(api: &Api, object: &Value) -> Value {
    api.apply("tests", object).unwrap_or_else(|refusal| panic!("{object}: {refusal}")).object
}

fn namespace(api: &Api) {
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    let object = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": RELEASE_NAMESPACE, "labels": labels}});
    accepted(api, &object);
}

fn foreign(api: &Api) {
    for (group, kind) in FOREIGN {
        let plural = format!("{}s", kind.to_lowercase());
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.{group}")},
            "spec": {"group": group, "scope": "Namespaced",
                "names": {"plural": plural, "kind": kind},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema":
                    {"openAPIV3Schema": {"type": "object",
                        "x-kubernetes-preserve-unknown-fields": true}}}]}});
        accepted(api, &definition);
        wait_for(PATIENCE, kind, || {
            let version = format!("{group}/v1");
            api.list(&version, kind, "", "").map(drop).map_err(|one| one.to_string())
        });
    }
}

#[test]
fn the_api_server_takes_every_object_that_can_be_rendered() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let api = plane.api();
    namespace(api);
    foreign(api);
    let mut count = 0;
    for values in sets() {
        for (template, object) in chart::rendered(&values).expect("rendered").iter() {
            let taken = api.dry_run().apply("tests", object);
            assert!(taken.is_ok(), "{template}: {}", taken.expect_err("seen"));
            count += 1;
            // Whom the standard of the namespace restricts.
            if object["kind"] == "Deployment" && values["hostNetwork"] != true {
                let template = &object["spec"]["template"];
                let mut metadata = template["metadata"].clone();
                metadata["name"] = json!("one");
                metadata["namespace"] = json!(RELEASE_NAMESPACE);
                let pod = json!({"apiVersion": "v1", "kind": "Pod",
                    "metadata": metadata, "spec": template["spec"]});
                let answer = api.dry_run().create(&pod);
                let answer = answer.unwrap_or_else(|refusal| panic!("{values}: {refusal}"));
                assert_eq!(answer.warnings, Vec::<String>::new(), "{values}");
            }
        }
    }
    assert!(count > 100, "{count}");
}

fn helm(plane: &ControlPlane, verb: &[&str], values: &Value) -> Output {
    let kubeconfig = plane.kubeconfig.to_str().expect("UTF-8");
    let to = ["--kubeconfig", kubeconfig, "--namespace", RELEASE_NAMESPACE];
    let output = chart::ask_helm(&[verb, &to[..]].concat(), values);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{verb:?}: {said}");
    output
}

fn configuration(api: &Api, kind: &str) -> Option<Value> {
    let target = Target::new("admissionregistration.k8s.io/v1", kind, "", "placecard");
    match api.get(&target) {
        Ok(answer) => Some(answer.object),
        Err(refusal) if refusal.status == 404 => None,
        Err(refusal) => panic!("{refusal}"),
    }
}

const CONFIGURATIONS: [&str; 2] =
    ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Writes the authority, as cert-manager does.
fn inject(api: &Api, webhook: &Webhook) {
    for kind in CONFIGURATIONS {
        let mut installed = configuration(api, kind).expect("installed");
        for one in installed["webhooks"].as_array_mut().expect("webhooks") {
            one["clientConfig"]["caBundle"] = json!(STANDARD.encode(&webhook.ca_pem));
        }
        installed["metadata"].as_object_mut().expect("metadata").remove("managedFields");
        api.put(&installed).unwrap_or_else(|refusal| panic!("{refusal}"));
    }
}

/// All webhooks are reached under this address from now on, instead of through a Service.
fn lead_to(api: &Api, webhook: &Webhook) {
    for kind in CONFIGURATIONS {
        let installed = configuration(api, kind).expect("installed");
        let name = installed["metadata"]["name"].as_str().expect("a name").to_owned();
        let mut reached = chart::reached(installed, &name, &webhook.url, &webhook.ca_pem);
        reached["metadata"].as_object_mut().expect("metadata").remove("managedFields");
        api.put(&reached).unwrap_or_else(|refusal| panic!("{refusal}"));
    }
}

fn pod(name: &str, rule: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop",
            "annotations": {"placecard.dev/require": rule}},
        "spec": {"containers": [{"name": "main", "image": "registry.invalid/none"}]}})
}

/// The installed webhook writes rules into pods, and refuses what cannot be read.
fn is_at_work(api: &Api) {
    wait_for(PATIENCE, "pods get their rules", || {
        let answer = api.dry_run().create(&pod("good", "on zone/eu-1a"));
        let object = answer.map_err(|refusal| refusal.to_string())?.object;
        let terms = &object["spec"]["affinity"]["nodeAffinity"];
        if terms.is_null() { Err(object.to_string()) } else { Ok(()) }
    });
    wait_for(PATIENCE, "what cannot be read is refused", || {
        match api.dry_run().create(&pod("bad", "onn zone/eu-1a")) {
            Err(refusal) if refusal.status == 403 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}

#[test]
fn helm_installs_upgrades_and_uninstalls_it() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let api = plane.api();
    let folder = chart::folder();
    let folder = folder.to_str().expect("UTF-8");
    foreign(api);
    accepted(api, &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}));
    // The authority is written by somebody else, as by cert-manager.
    let mut values = json!({"certificates": {"mode": "cert-manager"},
        "audit": {"evict": "on"}, "coordination": {"rollouts": "on"}});
    let install = ["install", RELEASE, folder, "--create-namespace", "-f", "-"];
    let notes = String::from_utf8(helm(&plane, &install, &values).stdout).expect("UTF-8");
    assert!(notes.contains("kubectl -n placecard-system rollout status"), "{notes}");
    assert!(notes.contains("objects are admitted without it (failurePolicy Ignore)"), "{notes}");
    for (template, object) in chart::rendered(&over_least(&values)).expect("rendered").iter() {
        let there = api.get(&Target::of(object));
        assert!(there.is_ok(), "{template}: {}", there.expect_err("seen"));
    }
    let webhook = Webhook::follow(&plane);
    inject(api, &webhook);

    // An older definition, as after an upgrade of placecard.
    let definition = Target::new(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "",
        "placementvocabularies.placecard.dev",
    );
    let old = json!({"metadata": {"labels": {"app.kubernetes.io/version": "0.0.1"}},
        "spec": {"names": {"categories": ["old"]}}});
    api.patch(&definition, Patch::Merge, &old).expect("patched");
    values["replicas"] = json!(3);
    values["timeoutSeconds"] = json!(7);
    helm(&plane, &["upgrade", RELEASE, folder, "-f", "-"], &values);
    let deployment = Target::new("apps/v1", "Deployment", RELEASE_NAMESPACE, "placecard-webhook");
    assert_eq!(api.get(&deployment).expect("there").object["spec"]["replicas"], 3);
    let labels = api.get(&definition).expect("there").object["metadata"]["labels"].clone();
    assert_eq!(labels["app.kubernetes.io/version"], "0.1.0", "the definition is upgraded");
    let names = api.get(&definition).expect("there").object["spec"]["names"].clone();
    assert_eq!(names["categories"], json!(["placecard"]), "the definition is upgraded");
    for kind in CONFIGURATIONS {
        for one in configuration(api, kind).expect("there")["webhooks"].as_array().expect("some") {
            assert_eq!(one["timeoutSeconds"], 7, "{kind}");
            let authority = one["clientConfig"]["caBundle"].as_str();
            assert_eq!(authority, Some(STANDARD.encode(&webhook.ca_pem).as_str()), "{kind}");
        }
    }
    lead_to(api, &webhook);
    is_at_work(api);

    helm(&plane, &["uninstall", RELEASE], &Value::Null);
    for kind in CONFIGURATIONS {
        assert!(configuration(api, kind).is_none(), "{kind}");
    }
    assert!(api.get(&deployment).is_err());
    assert!(api.get(&definition).is_ok(), "the definitions stay");
    wait_for(PATIENCE, "nobody is asked", || {
        let answer = api.dry_run().create(&pod("free", "onn zone/eu-1a"));
        answer.map(drop).map_err(|refusal| refusal.to_string())
    });
    // And the definitions that stayed are of the next release.
    helm(&plane, &["install", RELEASE, folder, "-f", "-"], &values);
}

/// What the harness would say of certificates is taken back.
fn over_least(values: &Value) -> Value {
    let mut values = values.clone();
    values["certificates"]["caBundle"] = json!("");
    values
}
