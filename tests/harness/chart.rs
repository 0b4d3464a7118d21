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
    rendered(template, &text)
}

/// The objects of the template for custom workloads, with these as the chart's value: group, version
/// and resource.
///
/// # Panics
/// If the template is not there, or needs more than a loop over the value.
#[must_use]
pub fn custom_workloads(workloads: &[(&str, &str, &str)]) -> Vec<Value> {
    let template = "custom-workloads.yaml";
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/placecard/templates").join(template);
    let text = fs::read_to_string(path).expect("a template of the chart");
    let text = text.strip_prefix("{{- if .Values.workloads }}\n").expect("nothing without a value");
    let text = text.strip_suffix("{{- end }}\n").expect("an end");
    if workloads.is_empty() {
        return Vec::new();
    }
    let mut lines = String::new();
    let mut block: Option<String> = None;
    for line in text.lines() {
        match (line, &mut block) {
            ("{{- range .Values.workloads }}", None) => block = Some(String::new()),
            ("{{- end }}", Some(_)) => {
                let text = block.take().unwrap_or_default();
                for (group, version, resource) in workloads {
                    let one = text.replace("{{ .group }}", group);
                    let one = one.replace("{{ .version }}", version);
                    lines.push_str(&one.replace("{{ .resource }}", resource));
                }
            }
            (line, Some(block)) => {
                block.push_str(line);
                block.push('\n');
            }
            (line, None) => {
                lines.push_str(line);
                lines.push('\n');
            }
        }
    }
    rendered(template, &lines)
}

fn rendered(template: &str, text: &str) -> Vec<Value> {
    let text = text
        .replace("{{ .Release.Namespace }}", RELEASE_NAMESPACE)
        .replace("{{ .Values.caBundle }}", "\"\"")
        .replace("{{ .Values.failurePolicy }}", "Ignore")
        .replace("{{ .Values.timeoutSeconds }}", "5")
        .replace("{{- if eq .Values.audit.evict \"on\" }}\n", "")
        .replace("{{- if eq .Values.coordination.controller \"on\" }}\n", "")
        .replace("{{- if eq .Values.coordination.rollouts \"on\" }}\n", "")
        .replace("{{- if eq .Values.admissionPolicy.guards \"inlined\" }}\n", "")
        .replace("{{- if eq .Values.admissionPolicy.guards \"parametrised\" }}\n", "")
        .replace("{{- end }}\n", "")
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
    reached(objects(template).remove(0), name, url, ca_pem)
}

/// The same of a configuration that is rendered already.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn reached(mut configuration: Value, name: &str, url: &str, ca_pem: &str) -> Value {
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
