//! The kind of the vocabulary, as the chart installs it.
#![expect(clippy::panic, reason = "a harness fails the test that uses it by panicking")]

use std::time::Duration;

use placecard_policies::language::keys;
use placecard_policies::vocabulary::definition;
use serde_json::{Value, json};

use crate::controlplane::{Api, Target, wait_for};

/// How long the API server's own controllers may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Names the definition of the kind.
#[must_use]
pub fn definition_target() -> Target {
    let name = definition::name();
    Target::new("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", &name)
}

/// Names the one vocabulary of a cluster.
#[must_use]
pub fn target() -> Target {
    Target::new(keys::API_VERSION, keys::VOCABULARY_KIND, "", keys::VOCABULARY_NAME)
}

/// The vocabulary with this spec.
#[must_use]
pub fn object(spec: &Value) -> Value {
    json!({
        "apiVersion": keys::API_VERSION,
        "kind": keys::VOCABULARY_KIND,
        "metadata": {"name": keys::VOCABULARY_NAME},
        "spec": spec,
    })
}

/// Installs the definition and waits until it is served.
///
/// # Panics
/// If the API server refuses it, or never serves it.
pub fn define(api: &Api) {
    api.apply("test", &definition::definition()).unwrap_or_else(|refusal| panic!("{refusal}"));
    wait_for(PATIENCE, "the definition is established", || {
        let found = api.get(&definition_target()).map_err(|refusal| refusal.to_string())?.object;
        let conditions = found["status"]["conditions"].clone();
        let is = |kind: &str, status: &str| {
            let all = conditions.as_array();
            all.into_iter().flatten().any(|one| one["type"] == kind && one["status"] == status)
        };
        assert!(!is("NonStructuralSchema", "True"), "{conditions}");
        if is("Established", "True") && is("NamesAccepted", "True") {
            Ok(())
        } else {
            Err(conditions.to_string())
        }
    });
    wait_for(PATIENCE, "the kind is served", || {
        let listed = api.list(keys::API_VERSION, keys::VOCABULARY_KIND, "", "");
        listed.map_err(|refusal| refusal.to_string())
    });
}
