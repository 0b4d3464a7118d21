//! What the mode `warn` makes of a refusal: the object is admitted as it came, with warnings, and the
//! record says what would have been refused. Its rules are written all or not at all: half of them
//! would be something that nobody wrote.

use std::borrow::Cow;
use std::collections::BTreeSet;

use json_patch::PatchOperation;
use placecard_findings::Finding;
use placecard_language::keys;

use super::Refused;
use crate::applied;
use crate::object::{Object, Template};
use crate::patch;
use crate::review::Expansion;
use crate::words;

/// The record in each template that would have been expanded in this object, and the fields as their
/// author wrote them.
pub(super) fn patch(object: &Object, refused: &Refused<'_>) -> Vec<PatchOperation> {
    let codes: BTreeSet<&str> =
        refused.findings.iter().map(|finding| finding.code.as_str()).collect();
    let mut operations = Vec::new();
    for template in in_place(object) {
        let record = template.annotations.get(keys::APPLIED).filter(|_| !object.is_pod());
        let own = record.and_then(|text| applied::undo(text, &template.spec));
        let own = own.unwrap_or_else(|| template.spec.clone());
        let expansion = Expansion {
            template: template.path.clone(),
            base: own.clone(),
            spec: own,
            in_place: true,
            applied: Some(applied::refused(&codes)),
            ..Expansion::default()
        };
        operations.extend(patch::fields(&expansion, template));
        operations.extend(patch::record(&expansion, template));
    }
    operations
}

/// What is told in place of the refusal.
pub(super) fn warnings<'a>(
    object: &Object,
    controlled: bool,
    refused: &Refused<'a>,
) -> Vec<Cow<'a, Finding>> {
    let unplaced = !controlled && in_place(object).next().is_some();
    let first = unplaced.then(|| Cow::Owned(words::mode::unplaced(object)));
    first.into_iter().chain(refused.findings.iter().cloned()).collect()
}

/// The templates with annotations of ours that are expanded in this very object.
pub(super) fn in_place(object: &Object) -> impl Iterator<Item = &Template> {
    let expands = object.is_pod() || object.expands_in_place();
    object.templates.iter().filter(move |template| {
        expands && template.annotations.keys().any(|key| keys::has_prefix(key))
    })
}
