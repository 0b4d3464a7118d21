//! The answer: an [`Admission`] as an `AdmissionReview` of `admission.k8s.io/v1`.
//!
//! The structs are written by hand, because the patch travels as base64 in a string.
//! Source of semantics: `k8s.io/api/admission/v1/types.go`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use placecard_policies::admission::{Admission, Denial};
use serde::Serialize;

use crate::admission::API_VERSION;
use crate::metrics::Verdict;

/// The API server wishes for warnings of at most 120 characters.
const WARNING_LENGTH: usize = 120;

/// More warnings than these are counted in a last one.
const WARNINGS: usize = 5;

/// The API server cuts nothing here, but etcd events and terminals do.
const MESSAGE_LENGTH: usize = 8 * 1024;

/// More causes than these are not told apart any more.
const CAUSES: usize = 64;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: Response<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<&'static str, &'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Status<'a> {
    status: &'static str,
    message: Cow<'a, str>,
    reason: &'static str,
    code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details<'a>>,
}

#[derive(Serialize)]
struct Details<'a> {
    causes: Vec<Cause<'a>>,
}

#[derive(Serialize)]
struct Cause<'a> {
    reason: &'a str,
    message: &'a str,
    field: &'a str,
}

/// The body of the answer to the request with this UID. A refusal carries no patch.
///
/// # Errors
/// None that an admission can bring about; serde's signature has one.
pub fn body(uid: &str, admission: &Admission) -> Result<Vec<u8>, serde_json::Error> {
    let patch = if admission.denial.is_none() && !admission.patch.is_empty() {
        Some(STANDARD.encode(serde_json::to_vec(&admission.patch)?))
    } else {
        None
    };
    serde_json::to_vec(&Review {
        api_version: API_VERSION,
        kind: "AdmissionReview",
        response: Response {
            uid,
            allowed: admission.denial.is_none(),
            status: admission.denial.as_ref().map(status),
            patch_type: patch.as_ref().map(|_| "JSONPatch"),
            patch,
            audit_annotations: audit_annotations(uid, admission),
            warnings: warnings(&admission.warnings),
        },
    })
}

/// What the audit log of the API server keeps of the answer. Where there was anything to say, also
/// what became of the request, and its UID, by which the log of the webhook has it too.
fn audit_annotations<'a>(
    uid: &'a str,
    admission: &'a Admission,
) -> BTreeMap<&'static str, &'a str> {
    let mut all: BTreeMap<&str, &str> =
        admission.audit.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let verdict = match Verdict::of(admission) {
        Verdict::Allowed if !admission.patch.is_empty() => "mutated",
        Verdict::Allowed if all.is_empty() => return all,
        verdict => verdict.as_str(),
    };
    all.extend([("verdict", verdict), ("request", uid)]);
    all
}

/// `Forbidden` with 403, because kubectl hides the message of `Invalid`; what another attempt may
/// mend is `ServiceUnavailable` with 503, which says so to clients that look.
fn status(denial: &Denial) -> Status<'_> {
    let causes = denial.causes.iter().take(CAUSES).map(|cause| Cause {
        reason: &cause.reason,
        message: &cause.message,
        field: &cause.field,
    });
    let causes: Vec<_> = causes.collect();
    let (reason, code) =
        if denial.retryable { ("ServiceUnavailable", 503) } else { ("Forbidden", 403) };
    Status {
        status: "Failure",
        message: cut(&denial.message, MESSAGE_LENGTH),
        reason,
        code,
        details: (!causes.is_empty()).then_some(Details { causes }),
    }
}

/// One line each, ASCII controls replaced (the API server drops warnings that have any), short
/// and few.
fn warnings(all: &[String]) -> Vec<String> {
    let shown = if all.len() > WARNINGS { WARNINGS - 1 } else { all.len() };
    let clean = |warning: &String| {
        let line: String = warning.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        cut(&line, WARNING_LENGTH).into_owned()
    };
    let mut warnings: Vec<String> = all.iter().take(shown).map(clean).collect();
    if shown < all.len() {
        warnings.push(format!("{} more: placecard lint", all.len() - shown));
    }
    warnings
}

/// At most `length` characters; what is left out shows as three dots.
fn cut(text: &str, length: usize) -> Cow<'_, str> {
    match text.char_indices().nth(length) {
        None => Cow::Borrowed(text),
        Some(_) => {
            let kept: String = text.chars().take(length.saturating_sub(3)).collect();
            Cow::Owned(format!("{kept}..."))
        }
    }
}

#[cfg(test)]
mod tests {
    use placecard_policies::admission::{Cause, Ground};
    use serde_json::{Value, json};

    use super::*;

    fn answer(admission: &Admission) -> Value {
        serde_json::from_slice(&body("u-1", admission).unwrap()).unwrap()
    }

    fn add(path: &str) -> Vec<json_patch::PatchOperation> {
        serde_json::from_value(json!([{"op": "add", "path": path, "value": {"a": 1}}])).unwrap()
    }

    #[test]
    fn admitting_says_nothing_else() {
        let expected = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "response": {"uid": "u-1", "allowed": true}});
        assert_eq!(answer(&Admission::default()), expected);
    }

    #[test]
    fn a_patch_is_base64_of_json() {
        let admission = Admission { patch: add("/spec/affinity"), ..Admission::default() };
        let answer = answer(&admission);
        assert_eq!(answer["response"]["patchType"], "JSONPatch");
        let patch = STANDARD.decode(answer["response"]["patch"].as_str().unwrap()).unwrap();
        let patch: Value = serde_json::from_slice(&patch).unwrap();
        assert_eq!(patch, json!([{"op": "add", "path": "/spec/affinity", "value": {"a": 1}}]));
    }

    fn denial(message: String, causes: Vec<Cause>) -> Denial {
        let mut denial = Denial::of(vec![Ground::NotApplied], message, causes).unwrap();
        denial.retryable = false;
        denial
    }

    #[test]
    fn a_refusal_carries_message_causes_and_no_patch() {
        let causes = vec![Cause {
            field: "spec.replicas".to_owned(),
            message: "5 wanted".to_owned(),
            reason: "x".to_owned(),
        }];
        let mut denial = denial("Deployment shop/cart: no [x]".to_owned(), causes);
        let refused = |denial| Admission {
            denial: Some(denial),
            patch: add("/spec"),
            ..Admission::default()
        };
        let expected = json!({"uid": "u-1", "allowed": false, "status": {
            "status": "Failure", "message": "Deployment shop/cart: no [x]",
            "reason": "Forbidden", "code": 403,
            "details": {"causes": [
                {"reason": "x", "message": "5 wanted", "field": "spec.replicas"}]}},
            "auditAnnotations": {"verdict": "denied", "request": "u-1"}});
        assert_eq!(answer(&refused(denial.clone()))["response"], expected);

        denial.retryable = true;
        denial.causes.clear();
        let status = &answer(&refused(denial))["response"]["status"];
        assert_eq!(
            (&status["code"], &status["reason"]),
            (&json!(503), &json!("ServiceUnavailable"))
        );
        assert_eq!(status.get("details"), None);
    }

    #[test]
    fn warnings_are_few_short_lines() {
        let told = |warnings: Vec<String>| {
            answer(&Admission { warnings, ..Admission::default() })["response"]["warnings"].clone()
        };
        let two = told(vec!["two\nlines\u{7f}".to_owned(), "ü".repeat(500)]);
        assert_eq!(two[0], "two lines ");
        assert_eq!(two[1], format!("{}...", "ü".repeat(117)));
        let numbers = |count: usize| told((0..count).map(|n| n.to_string()).collect());
        assert_eq!(numbers(5), json!(["0", "1", "2", "3", "4"]));
        assert_eq!(numbers(9), json!(["0", "1", "2", "3", "5 more: placecard lint"]));
    }

    #[test]
    fn a_message_has_an_end_and_the_uid_is_escaped() {
        let denial = denial("x".repeat(1 << 20), Vec::new());
        let admission = Admission { denial: Some(denial), ..Admission::default() };
        let body = body("a\"b", &admission).unwrap();
        assert!(body.len() < 9_000);
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(answer["response"]["uid"], "a\"b");
    }

    #[test]
    fn the_audit_log_has_the_verdict_of_what_anything_was_said_about() {
        let annotations = |admission: &Admission| {
            let annotations = answer(admission)["response"]["auditAnnotations"].take();
            let request = annotations["request"].clone();
            (annotations["verdict"].clone(), request, annotations["findings"].clone())
        };
        let null = || Value::Null;
        let plain = Admission::default();
        assert_eq!(annotations(&plain), (null(), null(), null()));
        let patch = add("/spec");
        let audit = vec![("findings", "unknown-pool".to_owned())];
        let cases = [
            (Admission { patch: patch.clone(), ..plain.clone() }, "mutated", null()),
            (Admission { audit: audit.clone(), ..plain.clone() }, "allowed", json!("unknown-pool")),
            (Admission { warnings: vec!["w".to_owned()], ..plain.clone() }, "warned", null()),
            (
                Admission {
                    denial: Some(denial("no".to_owned(), Vec::new())),
                    patch,
                    audit,
                    ..plain
                },
                "denied",
                json!("unknown-pool"),
            ),
        ];
        for (admission, verdict, findings) in cases {
            assert_eq!(annotations(&admission), (json!(verdict), json!("u-1"), findings));
        }
    }
}
