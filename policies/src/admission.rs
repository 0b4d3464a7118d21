//! What the webhook answers, decided from reviews alone.

use placecard_findings::Finding;

use crate::object::Object;
use crate::review::Review;

/// Which webhook asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `POST /mutate`: may change the object.
    Mutate,
    /// `POST /validate`: judges the final object.
    Validate,
}

/// What happens to the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It is new.
    Create,
    /// It changes.
    Update,
    /// It goes; never refused.
    Delete,
    /// Anything else; never refused.
    Other,
}

/// The answer to one AdmissionReview.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Admission {
    /// Why it is refused; `None` admits.
    pub denial: Option<Denial>,
    /// One line each, ASCII, at most 120 characters, at most five.
    pub warnings: Vec<String>,
    /// RFC 6902 operations; empty: no patch.
    pub patch: Vec<json_patch::PatchOperation>,
    /// Bare keys, as the API server prefixes them.
    pub audit: Vec<(&'static str, String)>,
    /// Codes and severities of all findings, for metrics.
    pub findings: Vec<Finding>,
}

/// A refusal: code 403, reason `Forbidden` (for `Invalid`, kubectl prints the causes and hides the
/// message).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// `status.message`; depends on object and vocabulary alone.
    pub message: String,
    /// `status.details.causes`.
    pub causes: Vec<Cause>,
    /// Whether the same request may succeed later without a change (503, `ServiceUnavailable`).
    pub retryable: bool,
}

/// One entry of `status.details.causes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The finding's code.
    pub reason: String,
    /// The label's text, or the finding's message.
    pub message: String,
    /// The field path.
    pub field: String,
}

/// Answers a request: the new object's review, and the old object and its review on an update.
#[must_use]
pub fn answer(
    door: Door,
    operation: Operation,
    new: (&Object, &Review),
    old: Option<(&Object, &Review)>,
) -> Admission {
    let _ = (door, operation, new, old);
    Admission::default()
}
