//! The vocabulary's schema and definition, as the linter prints them.

use placecard_language::vocabulary_check;
use placecard_policies::vocabulary::definition;

use crate::load::emit_yaml;

/// The JSON Schema, with a line break at its end.
#[must_use]
pub fn schema() -> String {
    serde_json::to_string_pretty(&vocabulary_check::schema()).unwrap_or_default() + "\n"
}

/// The CustomResourceDefinition in YAML, with a line break at its end.
#[must_use]
pub fn definition() -> String {
    format!(
        "# Written from the types of the vocabulary: placecard schema vocabulary --crd\n{}\n",
        emit_yaml(&definition::definition(), 0)
    )
}
