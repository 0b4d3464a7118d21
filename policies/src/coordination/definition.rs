//! The CustomResourceDefinition of RoleCoordination, generated from its types.

mod rules;

use placecard_language::coordination::check;
use placecard_language::keys;
use serde_json::{Value, json};

use crate::resource_definition::Resource;
pub use crate::resource_definition::Rule;
pub use rules::rules;

/// The plural that the API's paths use.
pub const PLURAL: &str = keys::COORDINATION_PLURAL;

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
        kind: keys::COORDINATION_KIND,
        plural: PLURAL,
        short_names: &["rolecoord"],
        namespaced: true,
        has_status: true,
        schema: check::schema(),
        additions: rules::additions(),
        rules: rules(),
        columns: json!([
            {"name": "Phase", "type": "string", "jsonPath": ".status.phase",
             "description": "how far the coordinations are"},
            {"name": "Batch", "type": "string", "jsonPath": ".status.batch",
             "description": "the batch that is being placed, of how many"},
            {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        ]),
    }
}
