//! The table through the linter and the webhook's router.

use placecard_tests::doors::{Context, Desk, lint};
use serde_json::{Value, json};

use super::{MODES, cases, refuses};
use crate::e2e::stage::VOCABULARY;

fn namespace(mode: &str) -> Value {
    let labels = if mode.is_empty() { json!({}) } else { json!({"placecard.dev/mode": mode}) };
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web", "labels": labels}})
}

fn context(mode: &str) -> Context {
    let objects = Some(namespace(mode).to_string());
    Context { vocabulary: Some(VOCABULARY.to_owned()), objects }
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().cloned().unwrap_or_default();
    list.iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_webhook_goes_by_the_label() {
    for mode in MODES {
        let desk = Desk::new(&context(mode));
        for case in cases("web") {
            let (answer, object) = desk.admitted(&case.object);
            let about = format!("{mode}: {}: {}: {answer}", case.code, case.object);
            let right = case.code.is_empty();
            assert_eq!(answer["allowed"], right || !refuses(mode), "{about}");
            let told = texts(&answer["warnings"]);
            let code = format!("[{}]", case.code);
            match *mode {
                "off" => {
                    assert_eq!(object, case.object, "{about}");
                    assert_eq!(told, Vec::<String>::new(), "{about}");
                }
                _ if right => {
                    assert_eq!(case.record(&object).is_some(), case.in_place(), "{about}");
                    assert_eq!(case.affinity(&object).is_object(), case.in_place(), "{about}");
                }
                "warn" => {
                    assert!(told.iter().any(|one| one.ends_with(&code)), "{about}");
                    assert!(case.affinity(&object).is_null(), "{about}");
                    let record = case.record(&object);
                    assert_eq!(record.is_some(), case.in_place(), "{about}");
                    if let Some(record) = record {
                        assert_eq!(record["refused"], json!([case.code]), "{about}");
                        let first = told.first().map(String::as_str).unwrap_or_default();
                        assert!(first.ends_with("[not-applied]"), "{about}");
                    }
                    // Once more, as another webhook would have it: the same.
                    let (again, same) = desk.admitted(&object);
                    assert_eq!((&again["allowed"], &same), (&json!(true), &object), "{about}");
                }
                _ => {
                    let said = answer["status"]["details"]["causes"].to_string();
                    assert!(said.contains(case.code), "{about}");
                }
            }
        }
    }
}

#[test]
fn a_label_that_is_no_mode_is_told_beside_the_refusal() {
    let desk = Desk::new(&context("Warn"));
    let deployment = cases("web").into_iter().find(|case| case.code == "unknown-relation");
    let object = deployment.expect("a case").object;
    let (answer, _) = desk.admitted(&object);
    let told = texts(&answer["warnings"]);
    assert!(told.iter().any(|one| one.contains("counts as enforce")), "{answer}");
}

#[test]
fn the_linter_reads_the_label_of_the_manifest() {
    for mode in MODES {
        for case in cases("web") {
            let linted = lint(&context(mode), "it.json", case.object.to_string().as_bytes());
            let about = format!("{mode}: {}: {linted:?}", case.code);
            // What is only missing yet is a warning before the pod is made.
            let error = !matches!(case.code, "" | "unresolved") && refuses(mode);
            assert_eq!(linted.status, u8::from(error), "{about}");
            if case.code.is_empty() {
                assert_eq!(linted.codes().is_empty(), *mode != "off", "{about}");
            } else {
                let of = |finding: &&Value| finding["code"] == case.code;
                let found = linted.findings().iter().find(of).unwrap_or_else(|| panic!("{about}"));
                let severity = if error { "error" } else { "warning" };
                assert_eq!(found["severity"], severity, "{about}");
            }
            assert_eq!(linted.codes().contains(&"no-effect-here"), *mode == "off", "{about}");
        }
    }
}

#[test]
fn the_linter_refuses_a_label_that_is_no_mode() {
    let linted = lint(&Context::default(), "it.json", namespace("Warn").to_string().as_bytes());
    assert_eq!((linted.status, linted.codes()), (1, vec!["value-syntax"]), "{linted:?}");
}
