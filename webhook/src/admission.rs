//! The question: an `AdmissionReview` of `admission.k8s.io/v1`, read in one pass.
//!
//! Only the envelope is decoded here; the objects in it stay raw text, because most requests are
//! decided without reading most of them. Everything borrows from the body.
//! Source of semantics: `k8s.io/api/admission/v1/types.go`.

use std::borrow::Cow;
use std::fmt;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The only version that is spoken.
pub const API_VERSION: &str = "admission.k8s.io/v1";

/// The largest body that is read, in bytes. The API server takes objects of up to 3 MiB, and an
/// update carries two.
pub const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// What the API server asks about.
#[derive(Debug, Clone)]
pub struct AdmissionRequest<'a> {
    /// Ties the answer to the question.
    pub uid: Cow<'a, str>,
    /// Type of the object.
    pub kind: GroupVersionKind<'a>,
    /// `status`, `scale`, ...; empty for the object itself.
    pub sub_resource: Cow<'a, str>,
    /// Empty on a CREATE with `generateName`.
    pub name: Cow<'a, str>,
    /// Empty for cluster-scoped objects.
    pub namespace: Cow<'a, str>,
    /// What is being done.
    pub operation: Operation,
    /// Nothing will be stored.
    pub dry_run: bool,
    /// The object as it would be stored; absent on DELETE.
    pub object: Option<&'a RawValue>,
    /// The object as it is stored; absent on CREATE.
    pub old_object: Option<&'a RawValue>,
    /// `CreateOptions`, `UpdateOptions`, ...
    pub options: Option<&'a RawValue>,
}

/// The type of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GroupVersionKind<'a> {
    /// Empty for the core group.
    #[serde(borrow)]
    pub group: Cow<'a, str>,
    /// `v1`
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    /// `Pod`
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
}

impl GroupVersionKind<'_> {
    /// `apps/v1`, or `v1` in the core group.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

/// What is being done to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A new object.
    Create,
    /// A change of an object.
    Update,
    /// The end of an object.
    Delete,
    /// `exec`, `attach`, `proxy`, ...
    Connect,
}

impl Operation {
    /// The name in an AdmissionReview.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Create, Self::Update, Self::Delete, Self::Connect]
            .into_iter()
            .find(|operation| operation.as_str() == word)
    }
}

/// Why a body is not a question that can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadRequest {
    /// The `Content-Type` is not JSON.
    ContentType(String),
    /// No bytes.
    Empty,
    /// More than [`BODY_LIMIT`] bytes.
    TooLarge,
    /// The body did not arrive whole.
    Interrupted,
    /// Not JSON, or JSON of another shape; what the decoder says, with line and column.
    Malformed(String),
    /// Another kind of object.
    WrongKind(String),
    /// An AdmissionReview of another version.
    WrongVersion(String),
    /// No `request`: an answer, perhaps.
    NoRequest,
    /// A field of the request that must be there is not.
    Missing(&'static str),
    /// An operation that does not exist.
    WrongOperation(String),
}

impl BadRequest {
    /// The HTTP status of the refusal.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::ContentType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Interrupted => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl std::error::Error for BadRequest {}

impl fmt::Display for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContentType(found) if found.is_empty() => {
                f.write_str("the Content-Type is missing; send application/json")
            }
            Self::ContentType(found) => {
                write!(f, "the Content-Type is {found:?}; send application/json")
            }
            Self::Empty => {
                write!(f, "the body is empty; send an AdmissionReview of {API_VERSION} in JSON")
            }
            Self::TooLarge => {
                write!(f, "the body is larger than {} MiB, the limit", BODY_LIMIT / 1024 / 1024)
            }
            Self::Interrupted => f.write_str("the body did not arrive whole; send it again"),
            Self::Malformed(detail) => {
                write!(f, "the body is not an AdmissionReview in JSON: {detail}")
            }
            Self::WrongKind(found) if found.is_empty() => {
                f.write_str("the body has no kind; send an AdmissionReview")
            }
            Self::WrongKind(found) => {
                write!(f, "the body is of kind {found:?}; send an AdmissionReview")
            }
            Self::WrongVersion(found) => write!(
                f,
                "the AdmissionReview is of version {found:?}; {API_VERSION} is spoken: \
                 set admissionReviewVersions: [v1] in the webhook configuration"
            ),
            Self::NoRequest => f.write_str("the AdmissionReview has no request"),
            Self::Missing(field) => write!(f, "the AdmissionReview has no {field}"),
            Self::WrongOperation(found) => {
                write!(f, "the operation is {found:?}; it is CREATE, UPDATE, DELETE or CONNECT")
            }
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Review<'a> {
    #[serde(borrow)]
    api_version: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    request: Option<Request<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow)]
    uid: Cow<'a, str>,
    #[serde(borrow)]
    kind: GroupVersionKind<'a>,
    #[serde(borrow)]
    sub_resource: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    namespace: Cow<'a, str>,
    #[serde(borrow)]
    operation: Cow<'a, str>,
    dry_run: Option<bool>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    #[serde(borrow)]
    old_object: Option<&'a RawValue>,
    #[serde(borrow)]
    options: Option<&'a RawValue>,
}

/// Whether a `Content-Type` means JSON; parameters such as a charset are passed by.
///
/// # Errors
/// [`BadRequest::ContentType`]
pub fn check_content_type(value: Option<&str>) -> Result<(), BadRequest> {
    let value = value.unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(BadRequest::ContentType(shortened(value)))
    }
}

/// Reads the question.
///
/// # Errors
/// Every [`BadRequest`] but those about content type, size and transport.
pub fn parse(body: &[u8]) -> Result<AdmissionRequest<'_>, BadRequest> {
    if body.trim_ascii().is_empty() {
        return Err(BadRequest::Empty);
    }
    if !body.trim_ascii_start().starts_with(b"{") {
        // The decoder would take a list for the fields of an object in their order.
        return Err(BadRequest::Malformed("it does not begin with {".to_owned()));
    }
    let review: Review<'_> = serde_json::from_slice(body)
        .map_err(|error| BadRequest::Malformed(shortened(&error.to_string())))?;
    if review.kind != "AdmissionReview" {
        return Err(BadRequest::WrongKind(shortened(&review.kind)));
    }
    if review.api_version != API_VERSION {
        return Err(BadRequest::WrongVersion(shortened(&review.api_version)));
    }
    let request = review.request.ok_or(BadRequest::NoRequest)?;
    if request.uid.is_empty() {
        return Err(BadRequest::Missing("request.uid"));
    }
    if request.kind.kind.is_empty() {
        return Err(BadRequest::Missing("request.kind"));
    }
    let operation = match Operation::parse(&request.operation) {
        Some(operation) => operation,
        None if request.operation.is_empty() => {
            return Err(BadRequest::Missing("request.operation"));
        }
        None => return Err(BadRequest::WrongOperation(shortened(&request.operation))),
    };
    Ok(AdmissionRequest {
        uid: request.uid,
        kind: request.kind,
        sub_resource: request.sub_resource,
        name: request.name,
        namespace: request.namespace,
        operation,
        dry_run: request.dry_run.unwrap_or(false),
        object: request.object,
        old_object: request.old_object,
        options: request.options,
    })
}

/// Foreign text in an answer of ours stays short.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{
        "uid":"u-1","kind":{"group":"apps","version":"v1","kind":"Deployment"},
        "resource":{"group":"apps","version":"v1","resource":"deployments"},
        "requestKind":{"group":"apps","version":"v1","kind":"Deployment"},
        "name":"web","namespace":"shop","operation":"UPDATE","userInfo":{"username":"a\"b"},
        "object":{"kind":"Deployment"},"oldObject":{"kind":"Old"},"dryRun":true,
        "options":{"kind":"UpdateOptions"}}}"#;

    #[test]
    fn a_whole_review_is_read_without_copying() {
        let request = parse(WHOLE.as_bytes()).unwrap();
        assert!(matches!(request.uid, Cow::Borrowed("u-1")));
        assert_eq!(request.kind.api_version(), "apps/v1");
        assert_eq!(request.kind.kind, "Deployment");
        assert_eq!((&*request.namespace, &*request.name), ("shop", "web"));
        assert_eq!(request.operation, Operation::Update);
        assert!(request.dry_run);
        assert_eq!(request.sub_resource, "");
        assert_eq!(request.object.unwrap().get(), r#"{"kind":"Deployment"}"#);
        assert_eq!(request.old_object.unwrap().get(), r#"{"kind":"Old"}"#);
        assert_eq!(request.options.unwrap().get(), r#"{"kind":"UpdateOptions"}"#);
    }

    #[test]
    fn objects_and_dry_run_may_be_null_or_absent() {
        for (rest, operation) in [
            (r#","operation":"DELETE","object":null,"oldObject":null,"dryRun":null"#, "DELETE"),
            (r#","operation":"CONNECT""#, "CONNECT"),
        ] {
            let body = format!(
                r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{
                "uid":"u","kind":{{"version":"v1","kind":"Pod"}}{rest}}}}}"#
            );
            let request = parse(body.as_bytes()).unwrap();
            assert!(request.object.is_none() && request.old_object.is_none());
            assert!(!request.dry_run);
            assert_eq!(request.operation.as_str(), operation);
            assert_eq!(request.kind.api_version(), "v1");
        }
    }

    #[test]
    fn every_prefix_of_a_review_is_refused() {
        for end in 0..WHOLE.len() {
            let error = parse(&WHOLE.as_bytes()[..end]).unwrap_err();
            assert!(matches!(error, BadRequest::Empty | BadRequest::Malformed(_)), "{error:?}");
        }
    }

    #[test]
    fn every_bad_review_has_its_own_error() {
        let with = |from: &str, to: &str| WHOLE.replacen(from, to, 1).into_bytes();
        let version = BadRequest::WrongVersion("admission.k8s.io/v1beta1".to_owned());
        let cases: Vec<(Vec<u8>, BadRequest)> = vec![
            (b" \n".to_vec(), BadRequest::Empty),
            (with("admission.k8s.io/v1", "admission.k8s.io/v1beta1"), version),
            (with("apiVersion", "version"), BadRequest::WrongVersion(String::new())),
            (with("AdmissionReview", "Pod"), BadRequest::WrongKind("Pod".to_owned())),
            (b"{}".to_vec(), BadRequest::WrongKind(String::new())),
            (with("\"request\"", "\"response\""), BadRequest::NoRequest),
            (with("u-1", ""), BadRequest::Missing("request.uid")),
            (with("\"uid\"", "\"id\""), BadRequest::Missing("request.uid")),
            (with("\"Deployment\"}", "\"\"}"), BadRequest::Missing("request.kind")),
            (with("\"operation\"", "\"op\""), BadRequest::Missing("request.operation")),
            (with("UPDATE", "update"), BadRequest::WrongOperation("update".to_owned())),
        ];
        for (body, expected) in cases {
            assert_eq!(parse(&body).unwrap_err(), expected);
        }
        let bad_json = ["[]", "null", "\"\"", "{\"kind\":7}", "{} {}", "\u{feff}{}", "{\"a\":"];
        for body in bad_json.map(str::as_bytes).into_iter().chain([&b"{\"kind\":\"\xff\"}"[..]]) {
            assert!(matches!(parse(body), Err(BadRequest::Malformed(_))), "{body:?}");
        }
        assert!(matches!(parse(&with("{\"kind\":\"Old\"}", "{")), Err(BadRequest::Malformed(_))));
    }

    #[test]
    fn no_damaged_byte_breaks_the_reader() {
        for at in 0..WHOLE.len() {
            for byte in [b'"', b'{', b'}', b'[', b',', b':', b'\\', b'0', 0, 0x80, 0xff] {
                let mut body = WHOLE.as_bytes().to_vec();
                body[at] = byte;
                if let Err(error) = parse(&body) {
                    assert_eq!(error.status(), StatusCode::BAD_REQUEST);
                    assert!(error.to_string().len() < 600);
                }
            }
        }
    }

    #[test]
    fn nesting_without_end_is_passed_by_or_refused() {
        let deep = format!("{}{}", "[".repeat(500_000), "]".repeat(500_000));
        let body = WHOLE.replacen(r#"{"kind":"Old"}"#, &deep, 1);
        assert!(parse(body.as_bytes()).is_ok());
        let body = WHOLE.replacen("\"shop\"", &deep, 1);
        assert!(matches!(parse(body.as_bytes()), Err(BadRequest::Malformed(_))));
    }

    #[test]
    fn foreign_text_in_an_error_is_short() {
        let body = WHOLE.replacen("AdmissionReview", &"ü".repeat(100_000), 1);
        assert!(parse(body.as_bytes()).unwrap_err().to_string().len() < 600);
    }

    #[test]
    fn content_types() {
        for good in ["application/json", "Application/JSON ; charset=utf-8"] {
            assert_eq!(check_content_type(Some(good)), Ok(()));
        }
        for bad in [
            None,
            Some(""),
            Some("text/plain"),
            Some("application/yaml"),
            Some("application/jsonp"),
        ] {
            let error = check_content_type(bad).unwrap_err();
            assert_eq!(error.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
            assert!(error.to_string().contains("send application/json"));
        }
    }
}
