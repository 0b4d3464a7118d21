//! The chart's templates as objects, rendered by the substitutions that they name.
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a harness fails the test that uses it by panicking"
)]

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use placecard_policies::admission_policy::{Unplaced, Values};
use serde_json::{Value, json};

/// Where the chart's own objects live in tests.
pub const RELEASE_NAMESPACE: &str = "placecard-system";

/// The objects of one template, with the chart's default values.
///
/// # Panics
/// If the template is not there, or needs more than these substitutions.
#[must_use]
pub fn objects(template: &str) -> Vec<Value> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/placecard/templates").join(template);
    let text = fs::read_to_string(path).expect("a template of the chart");
    let text = text
        .replace("{{ .Release.Namespace }}", RELEASE_NAMESPACE)
        .replace("{{ .Values.caBundle }}", "\"\"")
        .replace("{{ .Values.failurePolicy }}", "Ignore")
        .replace("{{ .Values.timeoutSeconds }}", "5")
        .replace(&Values::chart().actions, Unplaced::default().actions())
        .replace(&Values::chart().failure_policy, "Fail");
    assert!(!text.contains("{{"), "{template} needs other substitutions");
    text.split("\n---\n")
        .map(|document| {
            serde_saphyr::from_str(document).unwrap_or_else(|error| panic!("{template}: {error}"))
        })
        .collect()
}

/// A configuration of webhooks as the chart installs it, but for two things: it has another name,
/// and its webhooks are reached under a URL instead of through a Service.
///
/// # Panics
/// If the template is no configuration of webhooks.
#[must_use]
pub fn webhooks(template: &str, name: &str, url: &str, ca_pem: &str) -> Value {
    let mut configuration = objects(template).remove(0);
    configuration["metadata"]["name"] = json!(name);
    for webhook in configuration["webhooks"].as_array_mut().expect("webhooks") {
        let path = webhook["clientConfig"]["service"]["path"].as_str().expect("a path").to_owned();
        webhook["clientConfig"] =
            json!({"url": format!("{url}{path}"), "caBundle": STANDARD.encode(ca_pem)});
    }
    configuration
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_way_to_the_webhook_differs_from_the_chart() {
        let there = objects("mutating-webhook.yaml").remove(0);
        let here = webhooks("mutating-webhook.yaml", "x", "https://127.0.0.1:1", "PEM");
        assert_eq!(here["metadata"]["name"], "x");
        let there = there["webhooks"].as_array().expect("webhooks");
        let here = here["webhooks"].as_array().expect("webhooks");
        assert_eq!((there.len(), here.len()), (2, 2));
        for (there, here) in there.iter().zip(here) {
            assert_eq!(
                here["clientConfig"],
                json!({"url": "https://127.0.0.1:1/mutate", "caBundle": "UEVN"})
            );
            let mut same = here.clone();
            same["clientConfig"] = there["clientConfig"].clone();
            assert_eq!(same, *there);
        }
    }

    #[test]
    fn a_template_may_hold_several_objects() {
        let kinds: Vec<Value> =
            objects("rbac.yaml").iter().map(|object| object["kind"].clone()).collect();
        assert_eq!(kinds, ["ServiceAccount", "ClusterRole", "ClusterRoleBinding"]);
    }
}
