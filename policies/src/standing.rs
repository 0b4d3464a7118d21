//! What is found in templates of custom resources, as far as it stands there.

use placecard_findings::{Finding, Severity, Verdict};

use crate::object::Template;
use crate::review::Review;
use crate::words;

/// Settles what was added to a review for a template, from so many findings and expansions on.
pub(crate) fn settle(
    template: &Template,
    review: &mut Review,
    (findings, expansions): (usize, usize),
) {
    if !template.scattered.is_empty() {
        // Its operator writes the fields of the pods, and the webhook those of the rules.
        review.expansions.truncate(expansions);
    }
    let found = review.findings.iter_mut().skip(findings);
    found.for_each(|finding| as_it_stands(template, finding));
}

/// What is found in a template that is none, or that nobody told us is one: told where it is
/// written, and no surer than it can be.
fn as_it_stands(template: &Template, finding: &mut Finding) {
    if !template.scattered.is_empty() {
        finding.fix = None;
        let own = finding.labels.iter_mut().filter(|label| label.site.object.is_none());
        own.for_each(|label| label.site.path = template.really(&label.site.path));
    }
    let is_read = matches!(finding.verdict, Verdict::Language | Verdict::NotAllowed);
    if template.guessed && finding.severity == Severity::Error && !is_read {
        finding.severity = Severity::Warning;
        finding.holds = words::trouble::as_it_stands();
        finding.evidence = None;
    }
}
