//! The HTTP side: routes, and the way from a request to its answer.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Request, State};
use axum::http::{HeaderValue, StatusCode, Version, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use placecard_policies::admission::{Admission, Door};
use placecard_policies::language::Words;
use placecard_policies::language::vocabulary::Inventory;
use placecard_policies::surroundings::{Reference, Surroundings};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument as _;

use crate::admission::{self, AdmissionRequest, BODY_LIMIT, BadRequest};
use crate::clients::Peer;
use crate::closed;
use crate::coordinate::Served;
use crate::decide::{self, Decision, Question};
use crate::leader::Leader;
use crate::metrics::limits::Shed;
use crate::metrics::{Metrics, Subject, Verdict, door_name, kind_name};
use crate::readiness::Readiness;
use crate::respond;
use crate::source::Source;
use crate::vocabulary::Vocabulary;
use crate::watch::Watches;

/// Longest time that look-ups may take, also where the API server would wait longer.
const LOOK_UP: Duration = Duration::from_secs(5);

/// So long an API server waits that does not say how long: the default of the configurations.
const WAITS: Duration = Duration::from_secs(10);

/// The warning of what was admitted because there was no decision in time.
const LATE: &str = "placecard took too long to decide: admitted, and its rules were not looked at";

/// As often is looked up what was not known to be wanted before: a Lease, its holder, the holder's
/// node; and the coordination that refers to a group, the group, and its numbers.
const ROUNDS: usize = 6;

/// Longest time that a body may take to arrive, and before that, that it may wait for room.
const BODY: Duration = Duration::from_secs(5);

/// What the handlers share.
pub struct App {
    /// Vocabulary and server version; without answers.
    pub surroundings: Surroundings,
    /// The vocabulary of the cluster; `None`: that of the surroundings counts.
    pub vocabulary: Option<Vocabulary>,
    /// Whether the server version was given and the cluster's own does not count.
    pub server_is_given: bool,
    /// Who sees to gated batches, once it is known that somebody should.
    pub coordinator: OnceLock<Leader>,
    /// Whether the server has PodGroups for batches.
    pub pod_groups: Served,
    /// Where answers come from.
    pub source: Source,
    /// Counts.
    pub metrics: Metrics,
    /// Bounds the memory of bodies.
    pub bodies: Bodies,
    /// Whether requests should come here.
    pub readiness: Readiness,
    /// The clock; tests have their own.
    pub clock: fn() -> SystemTime,
    /// So long nodes and vocabulary must have stayed as they are before anything is refused because
    /// the inventory is closed.
    pub settled_after: Duration,
}

impl App {
    /// A webhook with these answers, and nothing else that is not usual: no vocabulary, nobody who sees
    /// to batches, the clock of the system.
    #[must_use]
    pub fn new(source: Source, readiness: Readiness) -> Self {
        Self {
            surroundings: Surroundings::default(),
            vocabulary: None,
            server_is_given: false,
            coordinator: OnceLock::new(),
            pod_groups: Served::default(),
            source,
            metrics: Metrics::default(),
            bodies: Bodies::default(),
            readiness,
            clock: SystemTime::now,
            settled_after: Duration::ZERO,
        }
    }

    /// The words that are in use; `None`: they are not known, see [`Vocabulary::words`].
    #[must_use]
    pub fn words(&self) -> Option<Arc<Words>> {
        match &self.vocabulary {
            Some(vocabulary) => vocabulary.words(),
            None => Some(Arc::clone(&self.surroundings.words)),
        }
    }
}

/// Room for the requests that are under way, whoever sends them, and for their bodies: a body waits
/// until there is room for it.
pub struct Bodies {
    kibibytes: Semaphore,
    requests: Semaphore,
}

impl Bodies {
    /// A request takes well under a millisecond, unless the API server has to be asked; more than
    /// these are not answered in time.
    const REQUESTS: usize = 1024;

    /// 32 bodies of the largest size, thousands of the usual one.
    const ROOM: usize = 32 * Self::kibibytes(BODY_LIMIT);

    /// Room for so many bytes; the largest body if the length is not known.
    async fn room(&self, length: Option<usize>) -> Option<SemaphorePermit<'_>> {
        let kibibytes = u32::try_from(Self::kibibytes(length.unwrap_or(BODY_LIMIT))).ok()?;
        timeout(BODY, self.kibibytes.acquire_many(kibibytes)).await.ok()?.ok()
    }

    /// Counts a request for as long as this is held; `None`: there are too many.
    fn request(&self) -> Option<SemaphorePermit<'_>> {
        self.requests.try_acquire().ok()
    }

    const fn kibibytes(bytes: usize) -> usize {
        bytes / 1024 + 1
    }
}

impl Default for Bodies {
    fn default() -> Self {
        let requests = Semaphore::new(Self::REQUESTS);
        Self { kibibytes: Semaphore::new(Self::ROOM), requests }
    }
}

/// All routes.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/mutate", post(mutate))
        .route("/validate", post(validate))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .method_not_allowed_fallback(async || {
            let text = "POST to /mutate and /validate; GET from /healthz, /readyz and /metrics\n";
            (StatusCode::METHOD_NOT_ALLOWED, text)
        })
        .fallback(async || {
            let text = "not found; there are /mutate, /validate, /healthz, /readyz and /metrics\n";
            (StatusCode::NOT_FOUND, text)
        })
        .with_state(app)
}

async fn mutate(State(app): State<Arc<App>>, request: Request) -> Response {
    closing(&app, Door::Mutate, request).await
}

async fn validate(State(app): State<Arc<App>>, request: Request) -> Response {
    closing(&app, Door::Validate, request).await
}

/// A server that is about to stop asks for no further request on a connection of HTTP/1.1: one that is
/// sent in the moment in which the connection ends is lost. HTTP/2 has a message of its own for that.
async fn closing(app: &App, door: Door, request: Request) -> Response {
    let version = request.version();
    let mut response = review(app, door, request).await;
    if version < Version::HTTP_2 && app.readiness.is_draining() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn readyz(State(app): State<Arc<App>>) -> Response {
    let starting = app.source.watches().map(|watches| watches.health().starting());
    let starting = starting.unwrap_or_default().join(", ");
    let words = || app.vocabulary.as_ref().and_then(Vocabulary::obstacle);
    let obstacle = match app.readiness.obstacle((app.clock)()).or_else(words) {
        Some(obstacle) => obstacle.to_owned(),
        None if !starting.is_empty() => format!("not listed yet: {starting}"),
        None => return "ok\n".into_response(),
    };
    (StatusCode::SERVICE_UNAVAILABLE, format!("{obstacle}\n")).into_response()
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    if let Some(watches) = app.source.watches() {
        app.metrics.watches(watches);
    }
    let now = (app.clock)();
    match app.metrics.text(app.readiness.not_after().unwrap_or(now), now) {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn review(app: &App, door: Door, request: Request) -> Response {
    let start = Instant::now();
    if request.extensions().get() == Some(&Peer::Stranger) {
        return strange(app, door);
    }
    // To read it would be the work that there is too much of already.
    let Some(_counted) = app.bodies.request() else { return shed(app, door) };
    let (look_up, answer) = times(request.uri().query());
    let response = match read_body(&app.bodies, request).await {
        Err(bad) => refuse(app, door, &bad),
        Ok((body, _room)) => match admission::parse(&body) {
            Err(bad) => refuse(app, door, &bad),
            Ok(request) => {
                let span = span(door, &request);
                let judging = Box::pin(judge(app, door, &request, start + look_up));
                in_time(app, door, &request, start + answer, judging).instrument(span).await
            }
        },
    };
    app.metrics.duration(door, start.elapsed());
    response
}

/// Never the object itself: it may hold secrets.
fn span(door: Door, request: &AdmissionRequest<'_>) -> tracing::Span {
    tracing::info_span!(
        "admission",
        webhook = door_name(door),
        uid = %request.uid,
        kind = %request.kind.kind,
        namespace = %request.namespace,
        name = %request.name,
        operation = request.operation.as_str(),
        dry_run = request.dry_run,
    )
}

/// How long look-ups may take, and the whole answer. The API server says in the URL how long it waits
/// (`?timeout=10s`): a quarter of that is kept for the decision and the way there and back, a tenth
/// for the way alone.
fn times(query: Option<&str>) -> (Duration, Duration) {
    let told = query
        .unwrap_or_default()
        .split('&')
        .find_map(|pair| pair.strip_prefix("timeout=")?.strip_suffix('s')?.parse().ok());
    let waits = told.map(|seconds: u32| Duration::from_secs(seconds.into()));
    let look_up = waits.map_or(LOOK_UP, |waits| LOOK_UP.min(waits * 3 / 4));
    (look_up, waits.unwrap_or(WAITS) * 9 / 10)
}

fn strange(app: &App, door: Door) -> Response {
    app.metrics.request(Subject::unknown(door), Verdict::Invalid);
    tracing::warn!(webhook = door_name(door), "a client without a certificate that may ask");
    let text = "a certificate is asked for that --client-ca-file and --client-name let in\n";
    (StatusCode::FORBIDDEN, text).into_response()
}

/// The API server goes by its failure policy, as if nobody had answered.
fn shed(app: &App, door: Door) -> Response {
    app.metrics.limits.shed(Shed::Request);
    app.metrics.request(Subject::unknown(door), Verdict::Failed);
    let head = [(header::RETRY_AFTER, "1")];
    (StatusCode::TOO_MANY_REQUESTS, head, "too many requests at once\n").into_response()
}

/// The answer, or if there is none in time one that admits and says so. What was not expanded then is
/// left to the policies that the API server evaluates by itself.
async fn in_time(
    app: &App,
    door: Door,
    request: &AdmissionRequest<'_>,
    deadline: Instant,
    judging: impl Future<Output = Response>,
) -> Response {
    if let Ok(response) = timeout_at(deadline, judging).await {
        return response;
    }
    let kind = kind_name(&request.kind);
    let subject = Subject { door, kind, operation: request.operation.as_str() };
    app.metrics.limits.late(door_name(door));
    tracing::warn!("there was no decision in time; admitted with a warning");
    let warnings = vec![LATE.to_owned()];
    let admission = Admission { warnings, ..Admission::default() };
    let Ok(body) = respond::body(&request.uid, &admission) else {
        return broken(app, subject);
    };
    app.metrics.request(subject, Verdict::of(&admission));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The length that the head announces, if the body is worth reading.
fn check_head(request: &Request) -> Result<Option<usize>, BadRequest> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    admission::check_content_type(header(header::CONTENT_TYPE))?;
    let length = header(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    if length.is_some_and(|length: usize| length > BODY_LIMIT) {
        return Err(BadRequest::TooLarge);
    }
    Ok(length)
}

/// The body, and the room that it takes while it is held.
async fn read_body(
    bodies: &Bodies,
    request: Request,
) -> Result<(Bytes, SemaphorePermit<'_>), BadRequest> {
    let length = check_head(&request)?;
    let room = bodies.room(length).await.ok_or(BadRequest::Interrupted)?;
    match timeout(BODY, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => Ok((body, room)),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(BadRequest::TooLarge)
        }
        Ok(Err(_)) | Err(_) => Err(BadRequest::Interrupted),
    }
}

fn refuse(app: &App, door: Door, bad: &BadRequest) -> Response {
    app.metrics.request(Subject::unknown(door), Verdict::Invalid);
    tracing::warn!(webhook = door_name(door), reason = %bad, "not an AdmissionReview");
    (bad.status(), format!("{bad}\n")).into_response()
}

async fn judge(
    app: &App,
    door: Door,
    request: &AdmissionRequest<'_>,
    deadline: Instant,
) -> Response {
    let kind = kind_name(&request.kind);
    let subject = Subject { door, kind, operation: request.operation.as_str() };
    let admission = match decide(app, door, request, deadline).await {
        Ok(admission) => admission,
        Err(Unable::Broken) => return broken(app, subject),
        Err(Unable::NoWords) => return no_words(app, subject),
    };
    let Ok(body) = respond::body(&request.uid, &admission) else {
        return broken(app, subject);
    };
    let verdict = Verdict::of(&admission);
    app.metrics.request(subject, verdict);
    app.metrics.admission(subject, &admission);
    log(verdict, &admission);
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Why there is no decision.
enum Unable {
    /// It broke off.
    Broken,
    /// What the words mean is not known.
    NoWords,
}

async fn decide(
    app: &App,
    door: Door,
    request: &AdmissionRequest<'_>,
    deadline: Instant,
) -> Result<Admission, Unable> {
    let mut surroundings = app.surroundings.clone();
    let words = app.words();
    if let Some(words) = &words {
        surroundings.words = Arc::clone(words);
    }
    if let Some(server) = app.readiness.server().filter(|_| !app.server_is_given) {
        surroundings.server = server;
    }
    surroundings.coordinating.controller =
        surroundings.coordinating.controller || app.coordinator.get().is_some_and(Leader::is_alive);
    // Without a controller nobody makes them.
    surroundings.coordinating.pod_groups = surroundings.coordinating.pod_groups
        || (surroundings.coordinating.controller && app.pod_groups.get());
    surroundings.coordinating.inside = surroundings.coordinating.inside
        || app.source.watches().is_some_and(Watches::follows_inside);
    let question = guarded(|| decide::question(request, &surroundings)).ok_or(Unable::Broken)?;
    if let (Question::Vocabulary { .. }, Some(vocabulary)) = (&question, &app.vocabulary) {
        vocabulary.review();
    }
    let current = &surroundings.words;
    let of_vocabulary =
        || decide::vocabulary(door, &question, current, || app.source.in_use(current));
    if let Some(admission) = guarded(of_vocabulary).ok_or(Unable::Broken)? {
        return Ok(admission);
    }
    if words.is_none() {
        return Err(Unable::NoWords);
    }
    let (mut asked, mut was_read_again) = (BTreeSet::new(), app.source.watches().is_none());
    // What a Lease's holder is, and where, is known only after the Lease.
    for _ in 0..ROUNDS {
        let references =
            guarded(|| decide::references(&question, &surroundings)).ok_or(Unable::Broken)?;
        let known = &surroundings.objects;
        let open =
            references.into_iter().filter(|one| !asked.contains(one) && known.get(one).is_none());
        let open: Vec<Reference> = open.collect();
        if open.is_empty() {
            let again = guarded(|| decide::unreferred(&question, &surroundings));
            match again.ok_or(Unable::Broken)?.filter(|_| !was_read_again) {
                Some(reference) => {
                    was_read_again = true;
                    for (of, answer) in app.source.read_again(vec![reference], deadline).await {
                        surroundings.objects.insert(of, answer);
                    }
                    continue;
                }
                None => break,
            }
        }
        asked.extend(open.iter().cloned());
        let leads_on = open.iter().any(Reference::leads_on);
        let answers = app.source.objects(open, deadline).await;
        surroundings.objects.extend(answers);
        if !leads_on {
            break;
        }
    }
    let decided = answer(app, door, request, question, surroundings, deadline).await;
    let (mut decision, question, mut surroundings) = decided.ok_or(Unable::Broken)?;
    let reference = decide::mode_reference(&question, &decision.admission);
    let is_open = |one: &Reference| !asked.contains(one) && surroundings.objects.get(one).is_none();
    if let Some(namespace) = reference.filter(is_open) {
        surroundings.objects.extend(app.source.objects(vec![namespace], deadline).await);
        let decided = answer(app, door, request, question, surroundings, deadline).await;
        (decision, ..) = decided.ok_or(Unable::Broken)?;
    }
    Ok(closed::settle(app, decision, deadline).await)
}

/// Answers what everything is known for, and gives back what it was asked; `None` if the decision
/// broke off.
async fn answer(
    app: &App,
    door: Door,
    request: &AdmissionRequest<'_>,
    mut question: Question,
    mut surroundings: Surroundings,
    deadline: Instant,
) -> Option<(Decision, Question, Surroundings)> {
    let closed = surroundings.words.inventory == Inventory::Closed;
    // Only this door tells what holds on the nodes of the moment.
    let judging = match app.source.watches().filter(|_| door == Door::Validate) {
        Some(watches) if guarded(|| decide::keep_written(&mut question, request, closed))? => {
            watches.judging(&decide::basis(&question), deadline).await
        }
        _ => None,
    };
    let Some(judging) = judging else {
        let decision = guarded(|| decide::answer(door, &question, &surroundings))?;
        return Some((decision, question, surroundings));
    };
    surroundings.live = Some(Arc::clone(&judging.live));
    // What fits nowhere takes time in proportion to the cluster: other requests go on meanwhile.
    let decide = move || {
        let decision = guarded(|| decide::answer(door, &question, &surroundings));
        surroundings.live = None;
        drop(judging);
        decision.map(|decision| (decision, question, surroundings))
    };
    tokio::task::spawn_blocking(decide).await.ok().flatten()
}

/// A defect in a decision must not take the connection down, and with it other requests.
fn guarded<T>(decision: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(decision)).ok()
}

fn broken(app: &App, subject: Subject) -> Response {
    app.metrics.request(subject, Verdict::Failed);
    tracing::error!("the decision broke off; please report it with the object");
    let text = "internal error: the decision broke off; the log has the place\n";
    (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
}

/// The API server goes by the failure policy then, as if nobody had answered.
fn no_words(app: &App, subject: Subject) -> Response {
    app.metrics.request(subject, Verdict::Failed);
    tracing::warn!("the words are not known: the vocabulary was not read, or cannot be used");
    let text = "the words are not known: the vocabulary was not read yet, or cannot be used\n";
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

fn log(verdict: Verdict, admission: &Admission) {
    let codes = || {
        let codes = admission.findings.iter().map(|(code, _)| code.as_str());
        codes.collect::<Vec<_>>().join(" ")
    };
    match verdict {
        Verdict::Allowed => {
            tracing::debug!(verdict = verdict.as_str(), operations = admission.patch.len());
        }
        _ => tracing::info!(verdict = verdict.as_str(), codes = codes()),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt as _;

    use super::*;

    #[test]
    fn look_ups_end_before_the_api_server_stops_waiting() {
        let time = |query| times(query).0;
        assert_eq!(time(None), LOOK_UP);
        assert_eq!(time(Some("timeout=2s")), Duration::from_millis(1500));
        assert_eq!(time(Some("a=b&timeout=1s")), Duration::from_millis(750));
        assert_eq!(time(Some("timeout=30s")), LOOK_UP);
        for odd in ["timeout=", "timeout=1m", "timeout=-1s", "timeout=99999999999s", "timeout=1.5s"]
        {
            assert_eq!(time(Some(odd)), LOOK_UP, "{odd}");
        }
        assert_eq!(time(Some("timeout=0s")), Duration::ZERO);
        for (query, answer) in
            [(None, 9000), (Some("timeout=1s"), 900), (Some("timeout=30s"), 27000)]
        {
            let (look_up, whole) = times(query);
            assert_eq!(whole, Duration::from_millis(answer));
            assert!(look_up < whole);
        }
    }

    fn app() -> App {
        let noon = SystemTime::UNIX_EPOCH;
        let readiness = Readiness::new(noon, noon, false);
        let nothing = Source::Files(Box::default());
        App { clock: || SystemTime::UNIX_EPOCH, ..App::new(nothing, readiness) }
    }

    /// It is copied on the way to whoever runs it, for every request.
    #[test]
    fn the_future_of_a_request_is_small() {
        let app = app();
        let of_request = review(&app, Door::Mutate, Request::new(Body::empty()));
        let bytes = size_of_val(&of_request);
        assert!(bytes <= 4096, "{bytes} bytes");
    }

    fn counts(app: &App, line: &str) -> bool {
        let text = app.metrics.text(SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH).unwrap();
        text.lines().any(|found| found == line)
    }

    #[tokio::test]
    async fn who_leaves_says_so_on_connections_that_end_without_a_word() {
        let app = Arc::new(app());
        for (draining, version, expected) in [
            (false, Version::HTTP_11, false),
            (true, Version::HTTP_11, true),
            (true, Version::HTTP_2, false),
        ] {
            if draining {
                app.readiness.drain();
            }
            for path in ["/mutate", "/validate"] {
                let request = Request::post(path).version(version).body(Body::from("{}"));
                let response = router(Arc::clone(&app)).oneshot(request.unwrap()).await.unwrap();
                let close = response.headers().get(header::CONNECTION);
                assert_eq!(close.is_some_and(|close| close == "close"), expected, "{version:?}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_decided_in_time_is_admitted_with_a_warning() {
        let app = app();
        let review = r#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request":
            {"uid": "u", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "name": "a",
            "namespace": "shop", "operation": "CREATE", "object": {}}}"#;
        let request = admission::parse(review.as_bytes()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(4);
        let never = std::future::pending();
        let response = in_time(&app, Door::Mutate, &request, deadline, never).await;
        assert_eq!((response.status(), Instant::now()), (StatusCode::OK, deadline));
        let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let answer = &body["response"];
        assert_eq!((&answer["uid"], &answer["allowed"]), (&"u".into(), &true.into()));
        assert_eq!(answer["warnings"], serde_json::json!([LATE]));
        assert!(counts(&app, r#"placecard_deadline_exceeded_total{webhook="mutate"} 1"#));
        // What is decided in time is not touched.
        let deadline = Instant::now() + Duration::from_secs(4);
        let soon = async { StatusCode::IM_A_TEAPOT.into_response() };
        let response = in_time(&app, Door::Mutate, &request, deadline, soon).await;
        assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
    }

    #[tokio::test]
    async fn more_requests_than_can_be_answered_are_turned_away_unread() {
        let app = app();
        let all: Vec<_> = (0..Bodies::REQUESTS).map(|_| app.bodies.request().unwrap()).collect();
        let response = review(&app, Door::Validate, Request::new("{}".into())).await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert!(counts(&app, r#"placecard_shed_total{what="request"} 1"#));
        drop(all);
        let response = review(&app, Door::Validate, Request::new("{}".into())).await;
        assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "it is looked at");
    }

    #[test]
    fn a_panic_stays_inside() {
        assert_eq!(guarded(|| 7), Some(7));
        assert_eq!(guarded(|| -> u8 { panic!("a defect, on purpose") }), None);
    }
}
