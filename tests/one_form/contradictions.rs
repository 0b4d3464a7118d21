use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use placecard_language::affinity::{Affinity, append, written};
use placecard_tests::doors::{Context, Desk};
use serde_json::{Value, json};

use super::{
    Told, VOCABULARY, entry, id, level, name, node, objects, pod, rack, service, told, with,
};

/// The forms of one side of a contradiction, in the order in which their rules are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Sentence,
    Yaml,
    Json,
    Bytes,
}

const FORMS: [Form; 4] = [Form::Sentence, Form::Yaml, Form::Json, Form::Bytes];

impl Form {
    /// The annotation, which counts for the order too: YAML and JSON share one.
    const fn key(self) -> &'static str {
        match self {
            Self::Sentence => "placecard.dev/require",
            Self::Yaml | Self::Json => "placecard.dev/intents",
            Self::Bytes => "placecard.dev/intents-tlv",
        }
    }

    const fn rank(self) -> usize {
        match self {
            Self::Sentence => 0,
            Self::Yaml | Self::Json => 1,
            Self::Bytes => 2,
        }
    }
}

/// One side: how a sentence says it, and how entries do.
struct Side {
    sentence: &'static str,
    entries: Vec<Value>,
}

impl Side {
    /// As an item of its annotation; `None`: this form cannot say it.
    fn item(&self, form: Form, of: usize) -> Option<String> {
        if form == Form::Sentence {
            return Some(self.sentence.to_owned());
        }
        let entry = with(self.entries.get(of)?.clone(), "strength", json!("Required"));
        Some(match form {
            Form::Json => entry.to_string(),
            Form::Yaml => {
                let fields = entry.as_object().expect("fields").iter();
                let lines: Vec<String> =
                    fields.map(|(key, value)| format!("{key}: {value}")).collect();
                lines.join("\n  ")
            }
            _ => {
                let read: Vec<Affinity> =
                    written::read(&json!({"entries": [entry]})).expect("entries");
                let mut blob = Vec::new();
                append(&mut blob, &read).ok()?;
                blob.iter().map(|byte| format!("{byte:02x}")).collect()
            }
        })
    }
}

/// Both sides as annotations, in the order in which their rules are read.
fn annotations(first: (Form, &str), second: (Form, &str)) -> Value {
    let value = |form: Form, items: &[&str]| match form {
        Form::Sentence => items.join("\n"),
        Form::Yaml | Form::Json => format!("entries:\n- {}\n", items.join("\n- ")),
        Form::Bytes => {
            let digits = items.concat();
            let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex");
            STANDARD.encode((0..digits.len()).step_by(2).map(byte).collect::<Vec<_>>())
        }
    };
    if first.0.key() == second.0.key() {
        return json!({first.0.key(): value(first.0, &[first.1, second.1])});
    }
    json!({first.0.key(): value(first.0, &[first.1]), second.0.key(): value(second.0, &[second.1])})
}

struct Opposites {
    toward: Side,
    away: Side,
    code: &'static str,
}

fn opposites() -> Vec<Opposites> {
    let pair = |toward: (&'static str, Vec<Value>), away: (&'static str, Vec<Value>), code| {
        let side = |(sentence, entries)| Side { sentence, entries };
        Opposites { toward: side(toward), away: side(away), code }
    };
    let nodes = [node("Resource", "toward"), node("State", "toward"), node("Topology", "toward")];
    let unsatisfiable = "node-affinity-unsatisfiable";
    vec![
        pair(
            ("on node/n1", nodes.concat()),
            ("not-on node/n1", node("Topology", "away")),
            unsatisfiable,
        ),
        pair(
            ("on rack/rack-42", rack("toward")),
            ("not-on rack/rack-42", rack("away")),
            unsatisfiable,
        ),
        pair(
            ("near service/db in zone", service("toward")),
            ("apart-from service/db in zone", service("away")),
            "affinity-contradicts-anti-affinity",
        ),
        pair(
            ("near service/db", level(service("toward"), "node")),
            ("apart-from service/db", level(service("away"), "node")),
            "affinity-contradicts-anti-affinity",
        ),
    ]
}

fn desk() -> (Context, Desk) {
    let context = Context { vocabulary: Some(VOCABULARY.to_owned()), objects: Some(objects()) };
    let desk = Desk::new(&context);
    (context, desk)
}

#[test]
fn every_pairing_of_forms_says_the_same() {
    let (context, desk) = desk();
    let mut compared = 0;
    for Opposites { toward, away, code } in opposites() {
        // Which of the two is read first decides what is said first.
        for (first, second) in [(&toward, &away), (&away, &toward)] {
            let both =
                annotations((Form::Sentence, first.sentence), (Form::Sentence, second.sentence));
            let expected = told(&context, &desk, &pod(&both, &json!({})));
            assert_eq!(expected.lint.len(), 1, "{expected:#?}");
            assert_eq!(
                (&expected.lint[0][0], &expected.lint[0][2]),
                (&json!(code), &json!("contradictory"))
            );
            assert!(expected.refusal.contains(code), "{expected:#?}");
            for (one, other) in FORMS.into_iter().flat_map(|one| FORMS.map(|other| (one, other))) {
                if one.rank() > other.rank() {
                    continue;
                }
                // By id, and by name.
                let count = first.entries.len().max(second.entries.len());
                for of in [0, count - 1] {
                    let item = |side: &Side, form| side.item(form, of.min(side.entries.len() - 1));
                    let (Some(first), Some(second)) = (item(first, one), item(second, other))
                    else {
                        continue;
                    };
                    let both = annotations((one, &first), (other, &second));
                    let found = told(&context, &desk, &pod(&both, &json!({})));
                    assert_eq!(found, expected, "{one:?} and {other:?}: {both:#}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

/// Whatever an id turns out to be, toward it and away from it exclude each other.
#[test]
fn what_is_not_known_contradicts_itself_in_every_pairing() {
    let (context, desk) = desk();
    let level = |mut entry: Value, level: Option<&str>| {
        if let Some(level) = level {
            entry["level"] = json!(level);
        }
        entry
    };
    let unsatisfiable = ("node-affinity-unsatisfiable", "unresolved");
    let apart = ("affinity-contradicts-anti-affinity", "unresolved");
    for (target, own, of, (code, beside)) in [
        (id("NodeId", 77), None, "Resource", unsatisfiable),
        (id("NodeId", 77), Some("zone"), "State", unsatisfiable),
        (id("NodeId", 77), Some("topology.kubernetes.io/zone"), "Topology", unsatisfiable),
        (name("NodeId", "n77"), Some("rack"), "State", unsatisfiable),
        (id("ServiceId", 77), None, "Topology", apart),
        (name("ServiceId", "nowhere"), Some("node"), "Topology", apart),
    ] {
        let side = |category: &str, direction: &str, own: Option<&str>| Side {
            sentence: "",
            entries: vec![level(entry(category, direction, target.clone()), own)],
        };
        // The same level by another name.
        let other =
            own.map(|level| if level == "zone" { "topology.kubernetes.io/zone" } else { level });
        let (toward, away) = (side(of, "toward", own), side("Topology", "away", other));
        let mut expected: Option<Told> = None;
        for (one, other) in FORMS.into_iter().flat_map(|one| FORMS.map(|other| (one, other))) {
            let (Some(first), Some(second)) = (toward.item(one, 0), away.item(other, 0)) else {
                continue;
            };
            if one == Form::Sentence || other == Form::Sentence || one.rank() > other.rank() {
                continue;
            }
            let both = annotations((one, &first), (other, &second));
            let found = told(&context, &desk, &pod(&both, &json!({})));
            let codes: Vec<&Value> = found.lint.iter().map(|finding| &finding[0]).collect();
            assert!(codes.contains(&&json!(code)), "{both:#}: {found:#?}");
            assert!(codes.iter().all(|found| *found == code || *found == beside), "{codes:?}");
            assert!(found.refusal.contains(code), "{found:#?}");
            let expected =
                expected.get_or_insert_with(|| told(&context, &desk, &pod(&both, &json!({}))));
            assert_eq!(&found, expected, "{both:#}");
        }
        assert!(expected.is_some(), "{target}");
    }
}

/// A Service may be the pod's own: sentences then mean what one pod can keep, while entries are
/// refused, as the model of typed entries has it.
#[test]
fn a_pod_of_the_service_itself_is_the_one_case_that_differs() {
    let (context, desk) = desk();
    let own = |annotations: Value| pod(&annotations, &json!({})).replace("\"ranker\"", "\"db\"");
    let sentences = json!({"placecard.dev/require":
        "near service/db in zone\napart-from service/db in zone"});
    let found = told(&context, &desk, &own(sentences));
    assert_eq!((found.lint.as_slice(), found.refusal.as_str()), (&[][..], ""), "{found:#?}");
    let side = |direction: &str| Side { sentence: "", entries: service(direction) };
    let (toward, away) = (side("toward"), side("away"));
    for form in [Form::Yaml, Form::Bytes] {
        let (first, second) =
            (toward.item(form, 0).expect("one"), away.item(form, 0).expect("one"));
        let found = told(&context, &desk, &own(annotations((form, &first), (form, &second))));
        assert_eq!(found.lint.len(), 1, "{found:#?}");
        assert_eq!(found.lint[0][0], "affinity-contradicts-anti-affinity");
        assert!(found.refusal.contains("affinity-contradicts-anti-affinity"), "{found:#?}");
    }
}

#[test]
fn entries_of_one_target_in_two_levels_may_go_together() {
    let (context, desk) = desk();
    let toward = level(service("toward"), "zone").into_iter();
    let away = level(service("away"), "node").into_iter();
    for (toward, away) in toward.zip(away) {
        let entries: Vec<Value> =
            [toward, away].map(|entry| with(entry, "strength", json!("Required"))).to_vec();
        let value = json!({"entries": entries}).to_string();
        let manifest = pod(&json!({"placecard.dev/intents": value}), &json!({}));
        let found = told(&context, &desk, &manifest);
        assert_eq!((found.lint.as_slice(), found.refusal.as_str()), (&[][..], ""), "{found:#?}");
    }
}

/// What is read off other objects as they are now clashes as long as they are so: nothing is denied.
#[test]
fn what_is_observed_is_no_proof() {
    let (context, desk) = desk();
    let lease = |of: &str, level: &str| {
        let entry = entry("State", "toward", name("LeaseId", of));
        with(with(entry, "level", json!(level)), "strength", json!("Required"))
    };
    let forms = |of: &str, level: &str| {
        let entries = json!({"entries": [lease(of, level)]}).to_string();
        let sentence = format!("near lease/{of} in {level}");
        [("placecard.dev/require", sentence), ("placecard.dev/intents", entries)]
    };
    // The holder's node is in zone eu-1a, and has no row.
    let elsewhere = json!({"topology.kubernetes.io/zone": "eu-1b"});
    for (level, selector, code, holds) in [
        ("example.com/row", json!({}), "unresolved", "while it is so"),
        ("example.com/row", elsewhere.clone(), "unresolved", "while it is so"),
        (
            "zone",
            elsewhere,
            "node-selector-contradicts-affinity",
            "while what it follows is where it is",
        ),
    ] {
        let found = forms("job", level)
            .map(|(key, value)| told(&context, &desk, &pod(&json!({key: value}), &selector)));
        let [sentence, typed] = &found;
        assert_eq!(sentence, typed, "{level}");
        assert_eq!(sentence.lint.len(), 1, "{sentence:#?}");
        assert_eq!(sentence.lint[0][0], code, "{sentence:#?}");
        assert_eq!(sentence.lint[0][5]["text"], holds, "{sentence:#?}");
        assert!(!sentence.refusal.contains("contradicts"), "{sentence:#?}");
    }
}
