//! The vocabulary's schema, as the linter prints it.

use placecard_language::vocabulary_check;

/// The JSON Schema, with a line break at its end.
#[must_use]
pub fn schema() -> String {
    serde_json::to_string_pretty(&vocabulary_check::schema()).unwrap_or_default() + "\n"
}
