//! What an API server asks, and who else reaches the port.
#![expect(clippy::expect_used, reason = "a target fails by panicking")]

use std::sync::LazyLock;

use placecard_lint::load::{Source, load};
use placecard_tests::doors::{Context, Desk, create, update};
use serde_json::{Value, json};

use crate::choices::{Choices, change};

thread_local! {
    static DESK: Desk = Desk::new(&Context {
        vocabulary: Some(include_str!("../../examples/vocabulary.yaml").to_owned()),
        objects: Some(include_str!("../../examples/reviews/objects.yaml").to_owned()),
    });
}

/// Both ways into the webhook.
const PATHS: [&str; 2] = ["/mutate", "/validate"];

/// What is refused is refused in a line.
const LONGEST_REFUSAL: usize = 1024;
/// The bounds of the answer, as the API server and kubectl want them.
const WARNINGS: usize = 5;
const WARNING_LENGTH: usize = 120;

/// A body as it comes over the wire.
pub fn review(data: &[u8]) {
    for path in PATHS {
        let (status, text) = DESK.with(|desk| desk.post(path, "application/json", data.to_vec()));
        if status != 200 {
            assert!((400..500).contains(&status), "{path}: {status} {text}");
            assert!(text.len() < LONGEST_REFUSAL && text.ends_with('\n'), "{path}: {text}");
            continue;
        }
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        // Texts that are passed over may be no UTF-8.
        let asked = String::from_utf8_lossy(data);
        let asked: Value = serde_json::from_str(&asked).expect("what was answered is JSON");
        let response = &answer["response"];
        assert_eq!(response["uid"], asked["request"]["uid"], "{text}");
        is_answer(response);
    }
}

fn is_answer(response: &Value) {
    assert!(response["allowed"].is_boolean(), "{response}");
    if response["allowed"] == false {
        assert!(response["patch"].is_null(), "{response}");
        assert!(response["status"]["message"].as_str().is_some_and(|text| !text.is_empty()));
    }
    let warnings = response["warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert!(warnings.len() <= WARNINGS, "{response}");
    for warning in warnings {
        let text = warning.as_str().expect("a text");
        assert!(text.chars().count() <= WARNING_LENGTH, "{text}");
        assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
    }
    // Whatever the object, the answer is no flood: the patch aside, a status and a few lines.
    let patch = response["patch"].as_str().map_or(0, str::len);
    assert!(response.to_string().len() - patch < 128 * 1024, "{response}");
}

/// The objects of the examples.
static OBJECTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let texts = [
        include_str!("../../examples/clean/critical-agent-over-zones.yaml"),
        include_str!("../../examples/clean/gpu-pool.yaml"),
        include_str!("../../examples/clean/inference-beside-vector-db.yaml"),
        include_str!("../../examples/clean/nightly-batch.yaml"),
        include_str!("../../examples/clean/attested-pool.yaml"),
        include_str!("../../examples/refused/three-demands.yaml"),
        include_str!("../../examples/refused/two-companions.yaml"),
        include_str!("../../examples/coordination/affinity-scheduling-coordination.yaml"),
        include_str!("../../examples/coordination/role-based-group.yaml"),
        include_str!("../../examples/vocabulary.yaml"),
    ];
    let reviews = [
        include_str!("../../examples/reviews/1-pod-of-the-inference-agent.json"),
        include_str!("../../examples/reviews/2-daemonset-on-the-gpu-pools.json"),
        include_str!("../../examples/reviews/3-deployment-in-two-zones.json"),
    ];
    let written = texts.iter().flat_map(|text| {
        let documents = load(&Source::new("x.yaml", text.as_bytes()));
        documents.into_iter().map(|document| document.value)
    });
    let asked = reviews.iter().map(|text| {
        let mut review: Value = serde_json::from_str(text).expect("JSON");
        review["request"]["object"].take()
    });
    written.chain(asked).filter(Value::is_object).collect()
});

/// An object of an example that is changed until hardly anything of it is right.
pub fn changed_object(data: &[u8]) {
    let mut choices = Choices::new(data);
    let number = choices.below(OBJECTS.len());
    let old = OBJECTS.get(number).expect("below their number");
    let is_update = choices.byte() & 3 == 3;
    let mut object = old.clone();
    change(&mut object, &mut choices);
    if !object.is_object() {
        return;
    }
    as_asked_about(&mut object, old);
    DESK.with(|desk| {
        if is_update {
            is_answer(&desk.answer("/mutate", &update(&object, old)));
            is_answer(&desk.answer("/validate", &update(&object, old)));
        }
        let (last, patched) = desk.admitted(&object);
        is_answer(&last);
        let again = desk.answer("/mutate", &create(&patched));
        is_answer(&again);
        if last["allowed"] == true {
            assert_eq!(
                (&again["allowed"], &again["patch"]),
                (&json!(true), &Value::Null),
                "{patched}"
            );
        }
        assert_eq!(desk.admitted(&object), (last, patched), "the same each time");
    });
}

/// An API server asks about objects of a known kind, which have a name and belong somewhere.
fn as_asked_about(object: &mut Value, old: &Value) {
    for field in ["apiVersion", "kind"] {
        object[field] = old[field].clone();
    }
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    for field in ["name", "namespace"] {
        if !object["metadata"][field].is_string() {
            object["metadata"][field] = old["metadata"].get(field).cloned().unwrap_or("a".into());
        }
    }
}

/// The query of the URL.
pub fn timeout(data: &[u8]) {
    let Ok(query) = std::str::from_utf8(data) else { return };
    let body = create(&OBJECTS[0]).to_string();
    for path in PATHS {
        let path = format!("{path}?{query}");
        let Ok(uri) = path.parse::<http::Uri>() else { continue };
        let (status, text) =
            DESK.with(|desk| desk.post(&uri.to_string(), "application/json", body.clone().into()));
        assert_eq!(status, 200, "{text}");
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        is_answer(&answer["response"]);
    }
}
