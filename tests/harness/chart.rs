//! The chart's objects, rendered by Helm.
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a harness fails the test that uses it by panicking"
)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::controlplane::find_program;

/// Where the chart's own objects live in tests.
pub const RELEASE_NAMESPACE: &str = "placecard-system";

/// The name of the release.
pub const RELEASE: &str = "placecard";

/// Where Helm is looked for first.
const PROGRAM_VARIABLE: &str = "PLACECARD_HELM";

/// The program that is built with it, and put into the same folder.
const CONTROL_PLANE_VARIABLE: &str = "PLACECARD_CONTROLPLANE";

/// The folder of the chart.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/placecard")
}

/// Where Helm is, which `tests/helm` builds.
///
/// # Errors
/// That it was not built.
///
/// # Panics
/// If the environment names a file that is not there.
pub fn helm() -> Result<PathBuf, String> {
    let asked = std::env::var_os(PROGRAM_VARIABLE).map(PathBuf::from);
    let beside = std::env::var_os(CONTROL_PLANE_VARIABLE)
        .map(|program| PathBuf::from(program).with_file_name("helm"))
        .filter(|path| path.is_file());
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target").join("helm");
    find_program(PROGRAM_VARIABLE, asked, beside.unwrap_or(built), "make helm")
}

/// What Helm said to a command about the chart; `values` are in its standard input, for `-f -`.
///
/// # Panics
/// If Helm is not there.
#[must_use]
pub fn ask_helm(arguments: &[&str], values: &Value) -> Output {
    let program = helm().unwrap_or_else(|reason| panic!("{reason}"));
    let mut child = Command::new(program)
        .args(arguments)
        .env_remove("KUBECONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("helm starts");
    let mut input = child.stdin.take().expect("stdin is piped");
    // It ends without reading where the arguments are wrong already, and says so.
    drop(input.write_all(values.to_string().as_bytes()));
    drop(input);
    child.wait_with_output().expect("helm ends")
}

/// A template's path in the chart's folder for templates, and one of its objects.
type Object = (String, Value);

/// The chart with these values, over its own.
///
/// # Errors
/// Why Helm does not render it, in its words.
///
/// # Panics
/// If Helm is not there, or what it prints is no YAML.
pub fn rendered(values: &Value) -> Result<Arc<[Object]>, String> {
    type Cache = BTreeMap<String, Result<Arc<[Object]>, String>>;
    static CACHE: Mutex<Cache> = Mutex::new(BTreeMap::new());
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    cache.entry(values.to_string()).or_insert_with(|| template(values)).clone()
}

/// The mode of certificates that needs a value of its own.
#[must_use]
pub fn given_certificate() -> Value {
    let pem = "-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n";
    json!({"certificates": {"mode": "secret", "caBundle": STANDARD.encode(pem)}})
}

/// Everything that the values can allow the webhook to do.
#[must_use]
pub fn most() -> Value {
    json!({"audit": {"evict": "on"}, "coordination": {"rollouts": "on"}})
}

fn template(values: &Value) -> Result<Arc<[Object]>, String> {
    let folder = folder();
    let folder = folder.to_str().expect("a path in UTF-8");
    let arguments = ["template", RELEASE, folder, "--namespace", RELEASE_NAMESPACE];
    // Helm that was built from its modules takes itself for an old one.
    let more = ["--kube-version", "1.37", "-f", "-"];
    let output = ask_helm(&[&arguments[..], &more[..]].concat(), values);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8(output.stdout).expect("YAML in UTF-8");
    let documents = text.split("---\n# Source: placecard/").skip(1);
    let objects = documents.filter_map(|document| {
        let (path, text) = document.split_once('\n').expect("lines");
        let path = path.strip_prefix("templates/").expect("a template").to_owned();
        let object: Value =
            serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}\n{text}"));
        // A template whose conditions leave nothing but comments.
        (!object.is_null()).then_some((path, object))
    });
    Ok(objects.collect())
}

/// The objects of one template, with the chart's default values, but that everything is allowed which
/// values can allow.
///
/// # Panics
/// If the template has no objects then.
#[must_use]
pub fn objects(template: &str) -> Vec<Value> {
    objects_with(template, &most())
}

/// The objects of one template with these values.
///
/// # Panics
/// If the template has no objects then, or the chart refuses the values.
#[must_use]
pub fn objects_with(template: &str, values: &Value) -> Vec<Value> {
    let all = rendered(values).unwrap_or_else(|error| panic!("{error}"));
    let objects: Vec<Value> =
        all.iter().filter(|(path, _)| path == template).map(|(_, object)| object.clone()).collect();
    assert!(!objects.is_empty(), "{template} has no objects with {values}");
    objects
}

/// The objects of the template for custom workloads, with these as the chart's value: group, version
/// and resource.
///
/// # Panics
/// If the chart refuses them.
#[must_use]
pub fn custom_workloads(workloads: &[(&str, &str, &str)]) -> Vec<Value> {
    let named = workloads.iter().map(|(group, version, resource)| {
        json!({"group": group, "version": version, "resource": resource})
    });
    let values = json!({"workloads": named.collect::<Vec<_>>()});
    let all = rendered(&values).unwrap_or_else(|error| panic!("{error}"));
    let of = all.iter().filter(|(path, _)| path == "custom-workloads.yaml");
    of.map(|(_, object)| object.clone()).collect()
}

/// A configuration of webhooks as the chart installs it, but for three things: it has another name,
/// the Service has another port, and there is an authority.
///
/// # Panics
/// If the template is no configuration of webhooks.
#[must_use]
pub fn webhooks(template: &str, name: &str, port: u16, ca_pem: &str) -> Value {
    reached(objects(template).remove(0), name, port, ca_pem)
}

/// The same of a configuration that is rendered already.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn reached(mut configuration: Value, name: &str, port: u16, ca_pem: &str) -> Value {
    configuration["metadata"]["name"] = json!(name);
    for webhook in configuration["webhooks"].as_array_mut().expect("webhooks") {
        let config = &mut webhook["clientConfig"];
        assert!(config["service"].is_object(), "{config}");
        config["service"]["port"] = json!(port);
        config["caBundle"] = json!(STANDARD.encode(ca_pem));
    }
    configuration
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controlplane::or_skipped;

    #[test]
    fn only_the_way_to_the_webhook_differs_from_the_chart() {
        let Some(_) = or_skipped(helm()) else { return };
        let there = objects("mutating-webhook.yaml").remove(0);
        let here = webhooks("mutating-webhook.yaml", "x", 1, "PEM");
        assert_eq!(here["metadata"]["name"], "x");
        let there = there["webhooks"].as_array().expect("webhooks");
        let here = here["webhooks"].as_array().expect("webhooks");
        assert_eq!((there.len(), here.len()), (2, 2));
        for (there, here) in there.iter().zip(here) {
            let service = json!({"name": "placecard-webhook", "namespace": RELEASE_NAMESPACE,
                "path": "/mutate", "port": 1});
            assert_eq!(here["clientConfig"], json!({"service": service, "caBundle": "UEVN"}));
            let mut same = here.clone();
            same["clientConfig"] = there["clientConfig"].clone();
            assert_eq!(same, *there);
        }
    }

    #[test]
    fn a_template_may_hold_several_objects_or_none() {
        let Some(_) = or_skipped(helm()) else { return };
        let kinds: Vec<Value> =
            objects("rbac.yaml").iter().map(|object| object["kind"].clone()).collect();
        assert_eq!(kinds, ["ClusterRole", "ClusterRoleBinding"]);
        let all = rendered(&json!({})).expect("rendered");
        assert!(all.iter().all(|(path, _)| path != "guards-parametrised.yaml"));
    }
}
