//! Places of which a schema of ours says something: in a configuration, in a vocabulary, in a role
//! coordination, and in the typed entries of an annotation.

use placecard_findings::FieldPath;
use placecard_language::affinity::written;
use placecard_language::coordination::check;
use placecard_language::vocabulary_check;
use placecard_policies::coordination::is_coordination;
use placecard_policies::{read, vocabulary};
use serde_json::Value;

use super::documents::Document;
use super::place::Field;
use super::schema::Rules;
use crate::config;

/// What a schema is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Configuration,
    Vocabulary,
    Coordination,
    Entries,
}

/// A place with the schema that describes it.
pub(super) struct Described<'a> {
    pub(super) of: Of,
    schema: Value,
    /// From where the schema begins.
    pub(super) path: FieldPath,
    /// What stands where the schema begins.
    pub(super) value: &'a Value,
}

impl Described<'_> {
    /// What is said of a path from where the schema begins.
    pub(super) fn rules(&self, path: &FieldPath) -> Rules<'_> {
        Rules::at(&self.schema, path, self.value)
    }
}

/// A field of a document.
pub(super) fn described<'a>(document: &Document, found: &Field<'a>) -> Option<Described<'a>> {
    if document.is_configuration() {
        let schema = serde_json::from_str(&config::schema()).ok()?;
        let path = found.path.clone();
        return Some(Described {
            of: Of::Configuration,
            schema,
            path,
            value: &found.document.value,
        });
    }
    let (number, path) = found.object()?;
    let value = found.document.object(found.document.objects.get(number)?)?;
    let reference = read::reference(value)?;
    let (of, schema) = if vocabulary::is_vocabulary(&reference) {
        (Of::Vocabulary, vocabulary_check::schema())
    } else if is_coordination(&reference) {
        (Of::Coordination, check::schema())
    } else {
        return None;
    };
    Some(Described { of, schema, path, value })
}

/// A field in the value of an annotation with typed entries, which is read as a text of its own.
pub(super) fn of_entries<'a>(found: &Field<'a>) -> Described<'a> {
    let (path, value) = (found.path.clone(), &found.document.value);
    Described { of: Of::Entries, schema: written::schema(), path, value }
}
