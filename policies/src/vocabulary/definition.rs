//! The CustomResourceDefinition of the vocabulary, generated from its types.

mod rules;

use placecard_language::keys;
use placecard_language::vocabulary_check;
use serde_json::{Value, json};

use crate::resource_definition::Resource;
pub use crate::resource_definition::Rule;
pub use rules::rules;

/// The plural that the API's paths use.
pub const PLURAL: &str = keys::VOCABULARY_PLURAL;

/// The name of the definition.
#[must_use]
pub fn name() -> String {
    resource().name()
}

/// The CustomResourceDefinition (`apiextensions.k8s.io/v1`).
#[must_use]
pub fn definition() -> Value {
    resource().definition()
}

pub(crate) fn resource() -> Resource {
    Resource {
        kind: keys::VOCABULARY_KIND,
        plural: PLURAL,
        short_names: &["vocabulary"],
        namespaced: false,
        has_status: false,
        schema: vocabulary_check::schema(),
        additions: rules::additions(),
        rules: rules(),
        columns: columns(),
    }
}

fn columns() -> Value {
    let force = keys::FORCE.replace('.', "\\.");
    json!([
        {"name": "Inventory", "type": "string", "jsonPath": ".spec.inventory",
         "description": "closed: no node type beyond those seen and the node templates"},
        {"name": "Service-Domain", "type": "string", "jsonPath": ".spec.serviceDomain",
         "description": "the level meant by a bare service id"},
        {"name": "Forced", "type": "string", "priority": 1,
         "jsonPath": format!(".metadata.annotations.{force}"),
         "description": "why words that are in use may go"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ])
}
