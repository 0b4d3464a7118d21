//! The vocabulary of a cluster: followed against a stand-in for the API server, and guarded.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{Request, Response, StatusCode};
use kube::client::Body;
use placecard_policies::language::keys;
use placecard_webhook::files::Files;
use placecard_webhook::serve::App;
use placecard_webhook::source::Source;
use placecard_webhook::vocabulary::{Taken, Vocabulary, follow};
use serde_json::{Value, json};
use tower::service_fn;

use crate::support::{answer, app, ask, create, get, plain_pod, post, shared};

/// What the stand-in answers, one after the other; then it is silent.
struct Script(Mutex<VecDeque<Step>>, Mutex<Vec<String>>);

enum Step {
    Answer(u16, String),
    /// No connection.
    Refuse,
}

fn vocabulary(revision: &str, spec: &Value) -> Value {
    json!({"apiVersion": keys::API_VERSION, "kind": keys::VOCABULARY_KIND,
        "metadata": {"name": "default", "resourceVersion": revision}, "spec": spec})
}

fn pool(revision: &str, name: &str) -> Value {
    vocabulary(revision, &json!({"pools": [{"name": name, "nodes": "x=y"}]}))
}

fn list(items: &[Value]) -> Step {
    let list = json!({"metadata": {"resourceVersion": "100"}, "items": items});
    Step::Answer(200, list.to_string())
}

/// Events, and perhaps the beginning of another one.
fn events(events: &[(&str, Value)], rest: &str) -> Step {
    let line =
        |(kind, object): &(&str, Value)| format!("{}\n", json!({"type": kind, "object": object}));
    Step::Answer(200, events.iter().map(line).collect::<String>() + rest)
}

fn status(code: u16) -> Step {
    Step::Answer(code, json!({"kind": "Status", "code": code, "reason": "x"}).to_string())
}

/// Follows by a script until it is at its end; the app, and the paths that were asked for.
async fn followed(script: Vec<Step>) -> (Arc<App>, Vec<String>) {
    let script = Arc::new(Script(Mutex::new(script.into()), Mutex::default()));
    let behind = Arc::clone(&script);
    let service = service_fn(move |request: Request<Body>| {
        let script = Arc::clone(&behind);
        async move {
            script.1.lock().unwrap().push(request.uri().to_string());
            let step = script.0.lock().unwrap().pop_front();
            match step {
                Some(Step::Answer(code, text)) => {
                    let response = Response::builder().status(StatusCode::from_u16(code).unwrap());
                    Ok(response.body(Body::from(text.into_bytes())).unwrap())
                }
                Some(Step::Refuse) => Err(std::io::Error::other("refused")),
                None => std::future::pending().await,
            }
        }
    });
    let app = shared(App { vocabulary: Some(Vocabulary::default()), ..app() });
    let client = kube::Client::new(service, "default");
    // Time is paused, so the pauses pass at once, and this is over when nothing else happens.
    let following = follow(client, Arc::clone(&app));
    let _ = tokio::time::timeout(Duration::from_secs(14), following).await;
    let asked = std::mem::take(&mut *script.1.lock().unwrap());
    (app, asked)
}

fn known(app: &App) -> (Option<Taken>, Vec<String>) {
    let vocabulary = app.vocabulary.as_ref().unwrap();
    let words = vocabulary.words();
    (
        vocabulary.taken(),
        words.map(|words| words.pools.keys().cloned().collect()).unwrap_or_default(),
    )
}

#[tokio::test(start_paused = true)]
async fn the_words_are_those_of_the_last_event() {
    let (app, asked) = followed(vec![
        list(&[pool("1", "a")]),
        events(&[("MODIFIED", pool("2", "b")), ("BOOKMARK", json!({}))], ""),
    ])
    .await;
    assert_eq!(known(&app), (Some(Taken::Adopted), vec!["b".to_owned()]));
    let path =
        "/apis/placecard.dev/v1alpha1/placementvocabularies?fieldSelector=metadata.name%3Ddefault";
    assert_eq!(asked[0], path);
    assert_eq!(asked[1], format!("{path}&watch=true&timeoutSeconds=60&resourceVersion=100"));
    assert_eq!(asked[2], path, "after the watch");
}

#[tokio::test(start_paused = true)]
async fn whatever_breaks_the_words_stay() {
    let broken = vocabulary("9", &json!({"pool": []}));
    for (script, expected) in [
        (vec![status(404)], (Some(Taken::Absent), vec![])),
        (vec![list(&[])], (Some(Taken::Absent), vec![])),
        (vec![status(403)], (None, vec![])),
        (
            vec![Step::Refuse, status(503), list(&[pool("1", "a")])],
            (Some(Taken::Adopted), vec!["a"]),
        ),
        (
            vec![list(&[pool("1", "a")]), Step::Refuse, status(500)],
            (Some(Taken::Adopted), vec!["a"]),
        ),
        (vec![list(&[pool("1", "a")]), status(410)], (Some(Taken::Adopted), vec!["a"])),
        (
            vec![list(&[pool("1", "a")]), events(&[("MODIFIED", broken.clone())], "")],
            (Some(Taken::Broken), vec!["a"]),
        ),
        (vec![list(&[broken])], (Some(Taken::Broken), vec![])),
        // Cut in the middle of an event, which is then found by the next list.
        (
            vec![
                list(&[pool("1", "a")]),
                events(&[], "{\"type\":\"MODIFIED\",\"obj"),
                list(&[pool("2", "b")]),
            ],
            (Some(Taken::Adopted), vec!["b"]),
        ),
        (
            vec![list(&[pool("1", "a")]), events(&[], "garbage\n"), list(&[pool("2", "b")])],
            (Some(Taken::Adopted), vec!["b"]),
        ),
        (
            vec![
                list(&[pool("1", "a")]),
                events(&[("ERROR", json!({"code": 410, "reason": "Expired"}))], ""),
                list(&[pool("2", "b")]),
            ],
            (Some(Taken::Adopted), vec!["b"]),
        ),
        (
            vec![list(&[pool("1", "a")]), events(&[("DELETED", pool("2", "a"))], "")],
            (Some(Taken::Absent), vec![]),
        ),
        // The kind goes, the server starts anew, the kind is back.
        (
            vec![
                list(&[pool("1", "a")]),
                Step::Refuse,
                status(503),
                status(404),
                list(&[pool("7", "c")]),
            ],
            (Some(Taken::Adopted), vec!["c"]),
        ),
    ] {
        let (app, asked) = followed(script).await;
        let expected = (expected.0, expected.1.into_iter().map(str::to_owned).collect());
        assert_eq!(known(&app), expected, "{asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_is_not_served_is_asked_for_less_and_less_until_it_is_reviewed() {
    let served = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicUsize::new(0));
    let (is_served, count) = (Arc::clone(&served), Arc::clone(&asked));
    let service = service_fn(move |request: Request<Body>| {
        count.fetch_add(1, Ordering::SeqCst);
        let watches = request.uri().to_string().contains("watch=true");
        let is_served = is_served.load(Ordering::SeqCst);
        async move {
            let answer = match (is_served, watches) {
                (true, true) => return std::future::pending().await,
                (true, false) => list(&[pool("1", "a")]),
                (false, _) => status(404),
            };
            let Step::Answer(code, text) = answer else { panic!() };
            let response = Response::builder().status(StatusCode::from_u16(code).unwrap());
            Ok::<_, std::io::Error>(response.body(Body::from(text.into_bytes())).unwrap())
        }
    });
    let app = shared(App { vocabulary: Some(Vocabulary::default()), ..app() });
    tokio::spawn(follow(kube::Client::new(service, "default"), Arc::clone(&app)));
    let asked_within = async |seconds| {
        let before = asked.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        asked.load(Ordering::SeqCst) - before
    };
    let first = asked_within(10).await;
    assert!((3..10).contains(&first), "{first}");
    let later = asked_within(3600).await;
    assert!((120..=250).contains(&later), "at most about twice a minute: {later}");
    assert_eq!(known(&app), (Some(Taken::Absent), vec![]));

    // Whoever creates the first one has it reviewed, and its words are known at once.
    served.store(true, Ordering::SeqCst);
    let review = answer(&app, "/validate", &create(&pool("1", "a"))).await;
    assert_eq!(review["response"]["allowed"], true);
    let at_once = asked_within(1).await;
    assert_eq!(at_once, 2, "a list and a watch");
    assert_eq!(known(&app), (Some(Taken::Adopted), vec!["a".to_owned()]));
}

#[tokio::test]
async fn without_words_nothing_is_decided_but_the_vocabulary() {
    let words = Vocabulary::default();
    let app = shared(App { vocabulary: Some(words), ..app() });
    let (code, text) = get(&app, "/readyz").await;
    assert_eq!(
        (code, text.as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "the vocabulary has not been read yet\n")
    );
    let review = |object: &Value| post("/validate", "application/json", create(object).to_string());
    let (code, text) = ask(&app, review(&plain_pod())).await;
    assert_eq!(code, StatusCode::SERVICE_UNAVAILABLE, "{text}");
    let response = answer(&app, "/validate", &create(&pool("1", "a"))).await;
    assert_eq!(response["response"]["allowed"], true);
    let response = answer(&app, "/mutate", &create(&vocabulary("1", &json!({"a": 1})))).await;
    assert_eq!(response["response"]["allowed"], true, "judged by the other webhook");
    let response = answer(&app, "/validate", &create(&vocabulary("1", &json!({"pool": 1})))).await;
    let message = response["response"]["status"]["message"].as_str().unwrap();
    assert!(message.contains("(spec.pool); did you mean pools? [unknown-key]"), "{message}");

    app.vocabulary.as_ref().unwrap().see(None);
    assert_eq!(get(&app, "/readyz").await.0, StatusCode::OK);
    assert_eq!(ask(&app, review(&plain_pod())).await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_workloads_of_the_files_keep_their_words() {
    let mut files = Files::default();
    let deployment = |rule: &str| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {
                "metadata": {"labels": {"a": "b"}, "annotations": {keys::REQUIRE: rule}},
                "spec": {"containers": []}}}})
    };
    files.add(&deployment("on pool/a"));
    files.add(&json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "shop", "labels": {"team": "shop"}}}));
    let app = shared(App { source: Source::Files(Box::new(files)), ..app() });
    let change = |spec: &Value, operation: &str| {
        let mut review = create(&vocabulary("2", spec));
        review["request"]["operation"] = json!(operation);
        review["request"]["oldObject"] = pool("1", "a");
        if operation == "DELETE" {
            review["request"]["object"] = Value::Null;
        }
        review
    };
    let allowed = |labels: Value| {
        json!({"pools": [{"name": "a", "nodes": "x=y", "guard": {"key": "k", "effect": "NoSchedule"},
            "allowedNamespaces": {"matchLabels": labels}}]})
    };
    for (spec, operation, part) in [
        (json!({}), "UPDATE", "  Deployment shop/web: no pool is named a"),
        (json!({}), "DELETE", "  Deployment shop/web: no pool is named a"),
        (allowed(json!({"team": "shop"})), "UPDATE", ""),
        (allowed(json!({"team": "ml"})), "UPDATE", "namespace shop may not use pool a"),
    ] {
        let response = answer(&app, "/validate", &change(&spec, operation)).await;
        let message = response["response"]["status"]["message"].as_str().unwrap_or_default();
        assert_eq!(response["response"]["allowed"], part.is_empty(), "{message}");
        assert!(message.contains(part), "{message}");
    }
    let (_, metrics) = get(&app, "/metrics").await;
    let line = r#"placecard_admission_requests_total{webhook="validate",kind="PlacementVocabulary",operation="DELETE",verdict="denied"} 1"#;
    assert!(metrics.contains(line), "{metrics}");
}
