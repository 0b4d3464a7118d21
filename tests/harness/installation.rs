//! The chart as a release installs it: all that Helm renders is stored, and the webhook runs with the
//! flags and the environment of its Deployment, with a token of its account.
//!
//! Two things differ, because there is neither a kubelet nor a network of pods: the process is started
//! by whoever installs, and listens on a loopback port; and the Service leads to `localhost` by name,
//! because its endpoints may not be loopback addresses. The API server calls the Service all the same,
//! and asks for its name in the certificate.
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a harness fails the test that uses it by panicking"
)]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::chart::{self, RELEASE, RELEASE_NAMESPACE};
use crate::controlplane::{Api, Patch, Target};

/// The name of the Service, which API servers ask for in the certificate.
pub const HOST: &str = "placecard-webhook.placecard-system.svc";

/// Kinds of the configurations.
pub const CONFIGURATIONS: [&str; 2] =
    ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// The name of those for custom resources, which there are if the values name some.
const OF_WORKLOADS: &str = "placecard-workloads";

/// Stores the namespace of the release and every object that Helm renders with these values, but for
/// those of the kinds that are left out.
///
/// # Panics
/// If the chart refuses the values, or the API server an object.
pub fn apply(api: &Api, values: &Value, left_out: &[&str]) {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": RELEASE_NAMESPACE}});
    let objects = chart::rendered(values).unwrap_or_else(|error| panic!("{error}"));
    let stays = |object: &&Value| left_out.iter().all(|kind| object["kind"] != **kind);
    let rendered = objects.iter().map(|(_, object)| object).filter(stays);
    for object in std::iter::once(&namespace).chain(rendered) {
        if let Err(refusal) = api.apply("harness", object) {
            panic!("{refusal}");
        }
    }
}

/// The Deployment, as it is stored.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn deployment(api: &Api) -> Value {
    let target = Target::new("apps/v1", "Deployment", RELEASE_NAMESPACE, "placecard-webhook");
    api.get(&target).unwrap_or_else(|refusal| panic!("{refusal}")).object
}

fn container(deployment: &Value) -> &Value {
    &deployment["spec"]["template"]["spec"]["containers"][0]
}

/// The flags of a pod of the Deployment, but for the address; the API server is found by a kubeconfig.
///
/// # Panics
/// If they are no strings, or the path is none.
#[must_use]
pub fn flags(deployment: &Value, address: &str, kubeconfig: &Path) -> Vec<String> {
    let flags = container(deployment)["args"].as_array().expect("flags").iter();
    let flags = flags.map(|flag| match flag.as_str().expect("a string") {
        "--addr=0.0.0.0:8443" => format!("--addr={address}"),
        "--identity=$(POD_NAME)" => "--identity=the-one".to_owned(),
        other => other.to_owned(),
    });
    let kubeconfig = format!("--kubeconfig={}", kubeconfig.to_str().expect("UTF-8"));
    // The API server asks by the Service's name, and tests by an address.
    let names = ["--tls-name=127.0.0.1", "--tls-name=localhost"].map(str::to_owned);
    flags.chain([kubeconfig]).chain(names).collect()
}

/// The environment of a pod of the Deployment, without what its fields become.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn environment(deployment: &Value) -> Vec<(String, String)> {
    let variables = container(deployment)["env"].as_array().expect("variables").iter();
    let own = variables.filter_map(|one| {
        Some((one["name"].as_str()?.to_owned(), one["value"].as_str()?.to_owned()))
    });
    own.collect()
}

/// A configuration of the release; `None`: there is none.
///
/// # Panics
/// If it cannot be read.
#[must_use]
pub fn configuration(api: &Api, kind: &str) -> Option<Value> {
    named(api, kind, RELEASE)
}

fn named(api: &Api, kind: &str, name: &str) -> Option<Value> {
    let target = Target::new("admissionregistration.k8s.io/v1", kind, "", name);
    match api.get(&target) {
        Ok(answer) => Some(answer.object),
        Err(refusal) if refusal.status == 404 => None,
        Err(refusal) => panic!("{refusal}"),
    }
}

/// All configurations of the release; `None`: it is not installed.
fn configurations(api: &Api) -> Option<Vec<Value>> {
    let own: Option<Vec<Value>> =
        CONFIGURATIONS.iter().map(|kind| configuration(api, kind)).collect();
    let of_workloads = CONFIGURATIONS.iter().filter_map(|kind| named(api, kind, OF_WORKLOADS));
    Some(own?.into_iter().chain(of_workloads).collect())
}

/// What stands in `caBundle` of all webhooks.
///
/// # Errors
/// It is not the same, or not there yet.
///
/// # Panics
/// If a configuration has no webhooks.
pub fn authority(api: &Api) -> Result<String, String> {
    let mut found = BTreeSet::new();
    for installed in configurations(api).ok_or("not installed")? {
        for one in installed["webhooks"].as_array().expect("webhooks") {
            let bundle = &one["clientConfig"]["caBundle"];
            found.insert(bundle.as_str().unwrap_or_default().to_owned());
        }
    }
    match found.into_iter().collect::<Vec<_>>().as_slice() {
        [one] if !one.is_empty() => Ok(one.clone()),
        other => Err(format!("{other:?}")),
    }
}

/// The Service leads to this machine from now on, to whichever port a webhook names.
///
/// # Panics
/// If the API server refuses it.
pub fn lead_home(api: &Api) {
    let home = json!({"type": "ExternalName", "externalName": "localhost"});
    let target = Target::new("v1", "Service", RELEASE_NAMESPACE, "placecard-webhook");
    match api.patch(&target, Patch::Merge, &json!({"spec": home})) {
        Err(refusal) if refusal.status == 404 => {}
        other => return drop(other.unwrap_or_else(|refusal| panic!("{refusal}"))),
    }
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": RELEASE_NAMESPACE}});
    let service = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": target.name, "namespace": RELEASE_NAMESPACE}, "spec": home});
    for object in [namespace, service] {
        api.apply("harness", &object).unwrap_or_else(|refusal| panic!("{refusal}"));
    }
}

/// The Service leads to this loopback address from now on, for all webhooks.
///
/// # Panics
/// If they are not installed, or not reached through a Service.
pub fn lead_to(api: &Api, address: SocketAddr) {
    lead_home(api);
    for mut installed in configurations(api).expect("installed") {
        for one in installed["webhooks"].as_array_mut().expect("webhooks") {
            let service = one["clientConfig"]["service"].as_object_mut().expect("a Service");
            service.insert("port".to_owned(), json!(address.port()));
        }
        installed["metadata"].as_object_mut().expect("metadata").remove("managedFields");
        api.put(&installed).unwrap_or_else(|refusal| panic!("{refusal}"));
    }
}
