//! Problems of annotations as findings: the place is made here, the words in `language.rs`.

use placecard_findings::{
    Edit, FieldPath, Finding, Fix, Help, Holds, Label, ObjectRef, Site, Verdict,
};
use placecard_language::codes::CODES;
use placecard_language::keys::Slot;
use placecard_language::problem::{Detail, Problem};

use crate::words::{entries, language};

/// The finding of a problem below `metadata`.
#[must_use]
pub fn finding(object: &ObjectRef, metadata: &FieldPath, problem: &Problem) -> Finding {
    let map = match problem.slot {
        Slot::Annotation => "annotations",
        Slot::Label => "labels",
    };
    let path = metadata.keys(&[map, &problem.key]);
    let site = match &problem.span {
        Some(span) => Site::within(path, span.clone()),
        None => Site::key(path),
    };
    let worded = language::problem(problem);
    let verdict = CODES
        .iter()
        .find(|entry| entry.code == problem.code)
        .map_or(Verdict::Language, |entry| entry.verdict);
    let label = Label::new(site.clone(), worded.label).quoting(worded.quote);
    let mut finding = Finding::new(problem.code, verdict, object.clone(), worded.message, label);
    finding.severity = problem.severity;
    finding.help = worded.help.into_iter().map(Help::text).collect();
    finding.admission = worded.admission;
    if let (Some(word), Some(found), true) =
        (&problem.suggestion, worded.replaces, problem.verbatim)
    {
        let edit = Edit::text(site, found, word);
        finding.fix = Some(Fix { safe: false, edits: vec![edit] });
    }
    finding.suggestion.clone_from(&problem.suggestion);
    finding.holds =
        if by_vocabulary(&problem.detail) { Holds::vocabulary() } else { Holds::every_cluster() };
    if let Detail::Typed(flaw) = &problem.detail {
        finding.bytes = entries::bytes(flaw);
        entries::TOGETHER.clone_into(&mut finding.holds.text);
    }
    finding
}

/// Whether another vocabulary would make it right.
fn by_vocabulary(detail: &Detail) -> bool {
    matches!(
        detail,
        Detail::UnknownLevel { .. }
            | Detail::UnknownName { .. }
            | Detail::NotAllowed { .. }
            | Detail::ApartFromLevel { .. }
            | Detail::ApartFromNamespace { .. }
            | Detail::Deprecated { .. }
    )
}
