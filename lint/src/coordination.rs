//! The schema and the definition of RoleCoordination, as the linter prints them.

use placecard_language::coordination::check;
use placecard_policies::coordination::definition;

use crate::load::emit_yaml;

/// The JSON Schema, with a line break at its end.
#[must_use]
pub fn schema() -> String {
    serde_json::to_string_pretty(&check::schema()).unwrap_or_default() + "\n"
}

/// The CustomResourceDefinition in YAML, with a line break at its end.
#[must_use]
pub fn definition() -> String {
    format!(
        "# Written from the types of role coordination: placecard schema coordination --crd\n{}\n",
        emit_yaml(&definition::definition(), 0)
    )
}
