//! Keys: where they may stand, and what is said where they may not.

use std::collections::BTreeMap;

use placecard_language::keys::{self, Place, Slot};
use placecard_language::problem::Detail;
use placecard_language::{Problem, Reading, Words, read, read_labels};

fn annotated(key: &str, value: &str, place: Place) -> Reading {
    let annotations = [(key.to_owned(), value.to_owned())].into();
    read(&annotations, place, &Words::default(), None)
}

fn labelled(key: &str, value: &str, place: Place) -> Vec<Problem> {
    read_labels(&[(key.to_owned(), value.to_owned())].into(), place)
}

fn told(problems: &[Problem]) -> Vec<(&str, Option<&str>)> {
    problems.iter().map(|problem| (problem.code.as_str(), problem.suggestion.as_deref())).collect()
}

const PLACES: [Place; 7] = [
    Place::Pod,
    Place::Template,
    Place::ExpandedTemplate,
    Place::Workload,
    Place::Namespace,
    Place::Vocabulary,
    Place::Other,
];

#[test]
fn annotations_stand_where_the_table_says() {
    use Place as P;
    let pods: &[Place] = &[P::Pod, P::Template, P::ExpandedTemplate];
    for (key, value, places) in [
        (keys::REQUIRE, "near self", pods),
        (keys::PREFER, "near self", pods),
        (keys::TOLERATE, "a", pods),
        (keys::IGNORE, "some-code: why", pods),
        (keys::APPLIED, "x", &[P::Pod, P::ExpandedTemplate]),
        (keys::EXPAND, "template", &[P::Workload]),
        (keys::FORCE, "why", &[P::Vocabulary]),
        (keys::MODE, "warn", &[]),
        (keys::NEVER, "", &[]),
    ] {
        for place in PLACES {
            let reading = annotated(key, value, place);
            if places.contains(&place) {
                assert_eq!(reading.problems, [], "{key} {place:?}");
            } else {
                assert_eq!(told(&reading.problems), [("no-effect-here", None)], "{key} {place:?}");
                assert_eq!(reading.problems.first().and_then(|p| p.span.clone()), None);
            }
        }
    }
}

#[test]
fn an_applied_annotation_in_a_template_was_copied() {
    let detail = |place| annotated(keys::APPLIED, "x", place).problems.pop().map(|p| p.detail);
    assert_eq!(detail(Place::Template), Some(Detail::CopiedFromPod));
    let belongs: &[Place] = &[Place::Pod, Place::ExpandedTemplate];
    let elsewhere =
        Detail::NoEffectHere { place: Place::Workload, slot: Slot::Annotation, belongs };
    assert_eq!(detail(Place::Workload), Some(elsewhere));
}

#[test]
fn unknown_keys_get_the_nearest_one() {
    for (key, suggestion) in [
        ("placecard.dev/requires", Some(keys::REQUIRE)),
        ("placecard.dev/required", Some(keys::REQUIRE)),
        ("placecard.dev/hard", Some(keys::REQUIRE)),
        ("placecard.dev/soft", Some(keys::PREFER)),
        ("placecard.dev/Prefer", Some(keys::PREFER)),
        ("placecard.dev/tolerations", Some(keys::TOLERATE)),
        ("placecard.dev/ignor", Some(keys::IGNORE)),
        ("Placecard.dev/require", Some(keys::REQUIRE)),
        ("placecard.dev/", None),
        ("placecard.dev/something", None),
    ] {
        let reading = annotated(key, "near self", Place::Template);
        assert_eq!(told(&reading.problems), [("unknown-key", suggestion)], "{key}");
        assert!(reading.has_error() && !reading.has_intents, "{key}");
    }
    for key in ["example.com/require", "placecard.device/require", "require", "placecard.dev"] {
        assert_eq!(annotated(key, "x", Place::Template), Reading::default(), "{key}");
    }
}

#[test]
fn a_coordination_is_read_where_pods_differ() {
    let reading = annotated(keys::COORDINATE, "pd role a ratio 2", Place::Pod);
    assert_eq!(told(&reading.problems), []);
    assert!(reading.has_intents);
    assert_eq!(reading.intents.coordinate.map(|one| one.name).as_deref(), Some("pd"));
    let reading = annotated(keys::COORDINATE, "pd", Place::ExpandedTemplate);
    assert_eq!(told(&reading.problems), [("no-effect-here", None)]);
    assert_eq!(reading.intents.coordinate, None);
}

#[test]
fn empty_and_wrong_values_are_told() {
    for (key, place, value, code, suggestion) in [
        (keys::REQUIRE, Place::Pod, "", "empty-value", None),
        (keys::PREFER, Place::Pod, " \t\r\n;; ;\n", "empty-value", None),
        (keys::TOLERATE, Place::Pod, "# nothing", "empty-value", None),
        (keys::IGNORE, Place::Pod, "\n# nothing\n", "empty-value", None),
        (keys::FORCE, Place::Vocabulary, " ", "empty-value", None),
        (keys::EXPAND, Place::Workload, "", "empty-value", None),
        (keys::EXPAND, Place::Workload, "templat", "value-syntax", Some("template")),
        (keys::EXPAND, Place::Workload, "pods", "value-syntax", None),
    ] {
        let reading = annotated(key, value, place);
        assert_eq!(told(&reading.problems), [(code, suggestion)], "{key} {value:?}");
    }
    let reading = annotated(keys::REQUIRE, "\n  # nothing \n", Place::Pod);
    let problem = reading.problems.first().expect("empty");
    assert_eq!((problem.span.clone(), problem.line), (Some(3..12), 2));
}

#[test]
fn labels_stand_where_the_table_says() {
    for (key, value, place, expected) in [
        (keys::MODE, "warn", Place::Namespace, vec![]),
        (keys::MODE, "off", Place::Namespace, vec![]),
        (keys::MODE, "enforce", Place::Namespace, vec![]),
        (keys::MODE, "Enforce", Place::Namespace, vec![("value-syntax", Some("enforce"))]),
        (keys::MODE, "on", Place::Namespace, vec![("value-syntax", None)]),
        (keys::MODE, "", Place::Namespace, vec![("empty-value", None)]),
        (keys::MODE, "warn", Place::Template, vec![("no-effect-here", None)]),
        (keys::REQUIRE, "x", Place::Template, vec![("no-effect-here", None)]),
        (keys::NEVER, "", Place::Pod, vec![("no-effect-here", None)]),
        (keys::BATCH, "3", Place::Template, vec![]),
        (keys::BATCH, "03", Place::Template, vec![("number-range", None)]),
        (keys::BATCH, "", Place::Pod, vec![("number-range", None)]),
        (keys::BATCH, "2147483648", Place::Pod, vec![("number-range", None)]),
        (keys::BATCH, "3", Place::ExpandedTemplate, vec![("no-effect-here", None)]),
        (keys::COORDINATION, "c", Place::Pod, vec![]),
        (keys::COORDINATION, "c", Place::Template, vec![("no-effect-here", None)]),
        ("placecard.dev/mod", "warn", Place::Namespace, vec![("unknown-key", Some(keys::MODE))]),
        ("app", "x", Place::Template, vec![]),
    ] {
        let problems = labelled(key, value, place);
        assert_eq!(told(&problems), expected, "{key}={value} {place:?}");
        assert!(problems.iter().all(|p| p.slot == Slot::Label), "{key}");
    }
}

#[test]
fn keys_are_read_together_and_require_comes_first() {
    let annotations: BTreeMap<String, String> = [
        (keys::PREFER, "near self in zone"),
        (keys::REQUIRE, "apart-from self"),
        (keys::TOLERATE, "a=b"),
        (keys::IGNORE, "some-code: why"),
        ("placecard.dev/requires", "x"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let reading = read(&annotations, Place::Template, &Words::default(), None);
    let rules: Vec<_> = reading.intents.rules.iter().map(|rule| rule.origin.key).collect();
    assert_eq!(rules, [keys::REQUIRE, keys::PREFER]);
    assert_eq!((reading.intents.tolerations.len(), reading.intents.ignores.len()), (1, 1));
    assert_eq!(told(&reading.problems), [("unknown-key", Some(keys::REQUIRE))]);
}
