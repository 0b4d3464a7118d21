//! Findings that an annotation of the object silences, and what it may silence.

use std::collections::BTreeSet;

use placecard_findings::Finding;
use placecard_language::intent::Ignore;

use crate::object::{Object, Template};
use crate::{rules, words};

/// Takes out what the object's own `ignore` silences, and reports what silences nothing.
pub(super) fn apply(
    object: &Object,
    template: &Template,
    ignores: &[Ignore],
    on_cluster: bool,
    findings: &mut Vec<Finding>,
) {
    let mut used = BTreeSet::new();
    findings.retain(|finding| {
        let ignore = ignores.iter().position(|ignore| ignore.code == finding.code.as_str());
        match ignore.filter(|_| finding.verdict.can_be_silenced()) {
            Some(index) => {
                used.insert(index);
                false
            }
            None => true,
        }
    });
    for (index, ignore) in ignores.iter().enumerate() {
        // Without a cluster nothing can be said of one, and nothing be ignored.
        let of_cluster = rules::find(&ignore.code).is_some_and(|rule| rule.verdict.is_of_cluster());
        if !used.contains(&index) && (on_cluster || !of_cluster) {
            findings.push(words::trouble::unused_ignore(&object.reference, template, ignore));
        }
    }
}
