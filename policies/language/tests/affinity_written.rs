//! Typed entries as annotations spell them: mistakes with their places, and the published schema.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use placecard_language::affinity::written::{self, EntryDetail, EntryProblem};
use placecard_language::affinity::{AffinityTarget, NamedKind};
use proptest::prelude::*;
use serde_json::{Value, json};

const UID: &str = "3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2b";

fn shown(problem: &EntryProblem) -> String {
    let detail = match &problem.detail {
        EntryDetail::Shape(detail) => {
            let name = format!("{detail:?}");
            name.split([' ', '{']).next().unwrap_or_default().to_owned()
        }
        EntryDetail::Invalid(reason) => format!("{}: {reason}", reason.name()),
    };
    let key = if problem.on_key { " (key)" } else { "" };
    let meant = problem.suggestion.as_ref().map(|word| format!(" -> {word}")).unwrap_or_default();
    format!("{} {}{key} {detail}{meant}", problem.code, problem.pointer)
}

fn with(fields: Value) -> Value {
    let mut entry = json!({
        "category": "Topology", "strength": "Preferred", "target": {"type": "RackId", "value": 42},
    });
    if let (Some(entry), Value::Object(fields)) = (entry.as_object_mut(), fields) {
        entry.extend(fields);
    }
    json!({"entries": [entry]})
}

fn target(category: &str, target: Value) -> Value {
    with(json!({"category": category, "strength": "Required", "target": target}))
}

/// Each value has one problem: its place, what it is, and what was meant.
#[track_caller]
fn check(cases: impl IntoIterator<Item = (Value, &'static str)>) {
    for (value, expected) in cases {
        let problems = written::read(&value).expect_err(&value.to_string());
        let shown: Vec<_> = problems.iter().map(shown).collect();
        let (_, told) = shown[0].split_once(' ').expect("a code");
        assert_eq!((told, shown.len()), (expected, 1), "{value}: {shown:?}");
    }
}

#[test]
fn mistakes_of_entries_are_told_at_their_field() {
    check([
        (json!({}), " (key) MissingField"),
        (json!([]), " WrongType"),
        (Value::Null, " WrongType"),
        (json!({"entries": {}}), "/entries WrongType"),
        (json!({"entries": [], "entires": []}), "/entires (key) UnknownField -> entries"),
        (with(json!({"wieght": 1})), "/entries/0/wieght (key) UnknownField -> weight"),
        (with(json!({"category": "topology"})), "/entries/0/category WrongValue -> Topology"),
        (
            with(json!({"category": "Facility"})),
            "/entries/0/category facility-reserved: 0x05 is the category Facility, which is reserved",
        ),
        (
            with(json!({"strength": "Adaptive"})),
            "/entries/0/strength adaptive-reserved: 0x03 is the strength Adaptive, which is reserved",
        ),
        (with(json!({"direction": "Away"})), "/entries/0/direction WrongValue -> away"),
        (with(json!({"strength": null})), "/entries/0/strength WrongType"),
        (
            with(
                json!({"direction": "away", "category": "Resource", "target": {"type": "NodeId", "value": UID}}),
            ),
            "/entries/0/direction away-outside-topology: Resource cannot be away, only Topology can",
        ),
        (
            with(json!({"category": "Trust", "target": {"type": "TrustDomain", "value": "a"}})),
            "/entries/0/strength preferred-trust: Trust cannot be Preferred, only Required",
        ),
        (
            with(json!({"category": "Resource"})),
            "/entries/0/target/type target-of-other-category: RackId is not a target of Resource",
        ),
        (with(json!({"weight": 0})), "/entries/0/weight weight-range: a weight is 1 to 100, not 0"),
        (
            with(json!({"weight": 101})),
            "/entries/0/weight weight-range: a weight is 1 to 100, not 101",
        ),
        (with(json!({"weight": -1})), "/entries/0/weight WrongValue"),
        (with(json!({"weight": 1.5})), "/entries/0/weight WrongType"),
        (with(json!({"weight": 50.0})), "/entries/0/weight WrongType"),
        (
            with(json!({"weight": 50, "strength": "Required"})),
            "/entries/0/weight weight-of-required: a required entry has no weight",
        ),
        (with(json!({"level": "a b"})), "/entries/0/level level-form: \"a b\" is not a level"),
    ]);
}

#[test]
fn mistakes_of_targets_are_told_at_their_field() {
    check([
        (
            target("Trust", json!({"type": "TrustDomain", "value": ""})),
            "/entries/0/target/value empty-trust-domain: the trust domain is empty",
        ),
        (
            target("Trust", json!({"type": "TrustDomain", "value": 7})),
            "/entries/0/target/value not-a-trust-domain: 7 is not a text",
        ),
        (
            target("Trust", json!({"type": "TrustDomain", "name": "a"})),
            "/entries/0/target/name not-by-name: TrustDomain has no names",
        ),
        (
            target("Topology", json!({"type": "RackId", "value": "42"})),
            "/entries/0/target/value not-a-rack: a RackId is a number from 0 to 4294967295, not \"42\"",
        ),
        (
            target("Topology", json!({"type": "RackId", "value": -1})),
            "/entries/0/target/value not-a-rack: a RackId is a number from 0 to 4294967295, not -1",
        ),
        (
            target("Topology", json!({"type": "RackId", "value": 4_294_967_296_u64})),
            "/entries/0/target/value not-a-rack: a RackId is a number from 0 to 4294967295, not 4294967296",
        ),
        (
            target("Topology", json!({"type": "RackId", "value": 42.0})),
            "/entries/0/target/value WrongType",
        ),
        (
            target("Topology", json!({"type": "RackId"})),
            "/entries/0/target no-target: RackId without value",
        ),
        (
            target("Topology", json!({"type": "NodeId"})),
            "/entries/0/target no-target: NodeId without value and name",
        ),
    ]);
}

#[test]
fn mistakes_of_ids_and_names_are_told_at_their_field() {
    let far = "x".repeat(254);
    check([
        (
            target("Topology", json!({"type": "NodeId", "value": 7})),
            "/entries/0/target/value not-an-id: \"7\" is not a UUID",
        ),
        (
            target("Topology", json!({"type": "NodeId", "value": "worker-1"})),
            "/entries/0/target/value not-an-id: \"worker-1\" is not a UUID",
        ),
        (
            target("Topology", json!({"type": "NodeId", "value": UID, "name": "a"})),
            "/entries/0/target/name value-and-name: a NodeId has a value or a name, not both",
        ),
        (
            target("Topology", json!({"type": "NodeId", "name": "a/b"})),
            "/entries/0/target/name name-form: \"a/b\" is not a name of a NodeId",
        ),
        (
            target("Topology", json!({"type": "NodeId", "name": far})),
            "/entries/0/target/name name-form: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" is not a name of a NodeId",
        ),
        (
            target("Topology", json!({"type": "ServiceId", "name": "a/b/c"})),
            "/entries/0/target/name name-form: \"a/b/c\" is not a name of a ServiceId",
        ),
        (
            target("Topology", json!({"type": "ServiceId", "name": "/b"})),
            "/entries/0/target/name name-form: \"/b\" is not a name of a ServiceId",
        ),
        (
            target("Resource", json!({"type": "ResourceId", "name": "volume/"})),
            "/entries/0/target/name name-form: \"volume/\" is not a name of a ResourceId",
        ),
        (
            target("Resource", json!({"type": "ResourceId", "name": "fast.nvme"})),
            "/entries/0/target/name name-form: \"fast.nvme\" is not a name of a ResourceId",
        ),
        (
            target("Resource", json!({"type": "rackid", "value": 1})),
            "/entries/0/target/type WrongValue -> RackId",
        ),
        (target("Resource", json!({"value": 1})), "/entries/0/target (key) MissingField"),
        (target("Resource", json!("node-1")), "/entries/0/target WrongType"),
    ]);
}

#[test]
fn names_weights_and_levels_are_read() {
    let read = |value: &Value| {
        let entries = written::read(value).unwrap_or_else(|problems| panic!("{problems:?}"));
        assert_eq!(written::read(&written::write(&entries)).as_ref(), Ok(&entries));
        entries.into_iter().next().expect("one entry")
    };
    for (category, of, name, kind, namespace, plain) in [
        (
            "Topology",
            "NodeId",
            "ip-10-0-0-1.ec2.internal",
            NamedKind::Node,
            None,
            "ip-10-0-0-1.ec2.internal",
        ),
        ("Topology", "ServiceId", "cache", NamedKind::Service, None, "cache"),
        ("Topology", "ServiceId", "search/cache", NamedKind::Service, Some("search"), "cache"),
        ("State", "LeaseId", "search/shard.7", NamedKind::Lease, Some("search"), "shard.7"),
        ("Resource", "ResourceId", "fast-nvme", NamedKind::Resource, None, "fast-nvme"),
        ("Resource", "ResourceId", "volume/pv-7", NamedKind::Volume, None, "pv-7"),
    ] {
        let entry = read(&target(category, json!({"type": of, "name": name})));
        let AffinityTarget::Named(named) = entry.target() else { panic!("{entry:?}") };
        let found = (named.kind, named.namespace.as_deref(), named.name.as_str());
        assert_eq!(found, (kind, namespace, plain));
        assert_eq!(entry.target().to_string(), format!("{of} {name}"));
    }
    let entry = read(&with(json!({"weight": 80, "level": "rack", "direction": "away"})));
    assert_eq!((entry.weight(), entry.level()), (Some(80), Some("rack")));
    // The direction may be left out, the id may be in capitals: it is written in one way.
    let value = json!({"type": "NodeId", "value": UID.to_uppercase()});
    let entry = read(&target("Topology", value));
    let text = written::write(std::slice::from_ref(&entry));
    assert_eq!(text["entries"][0]["direction"], "toward");
    assert_eq!(text["entries"][0]["target"]["value"], UID);
}

#[test]
fn contradictions_are_told_at_the_later_entry() {
    let entry = |direction| {
        with(json!({"strength": "Required", "direction": direction}))["entries"][0].clone()
    };
    let other = with(json!({}))["entries"][0].clone();
    for (entries, pointer) in [
        (vec![entry("toward"), other.clone(), entry("away")], "/entries/2"),
        (vec![entry("away"), entry("toward"), other], "/entries/1"),
    ] {
        let problems = written::read(&json!({ "entries": entries })).unwrap_err();
        let shown: Vec<_> = problems.iter().map(shown).collect();
        assert_eq!(shown, [format!("invalid-intent {pointer} contradictory: contradictory")]);
    }
}

#[test]
fn many_mistakes_are_bounded_and_none_hides_the_shape() {
    let wrong = json!({"category": "Resource", "strength": "Required", "target": {"type": "RackId", "value": 1}});
    let odd = json!({"category": "Resorce"});
    let mut entries = vec![wrong; 1000];
    let problems = written::read(&json!({ "entries": entries })).unwrap_err();
    assert_eq!(problems.len(), 100);
    entries.push(odd);
    let problems = written::read(&json!({ "entries": entries })).unwrap_err();
    assert!(problems.iter().all(|problem| problem.pointer.starts_with("/entries/1000")));
    assert!(problems.iter().any(|problem| problem.suggestion.as_deref() == Some("Resource")));
    let fractions =
        json!({"entries": vec![with(json!({"weight": 1.0}))["entries"][0].clone(); 500]});
    assert_eq!(written::read(&fractions).unwrap_err().len(), 100);
}

fn any_of(values: &[Value]) -> impl Strategy<Value = Value> + use<> {
    prop::sample::select(values.to_vec())
}

fn texts(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| Value::from(*text)).collect()
}

/// Entries of every kind, most of them wrong in some way.
fn document() -> impl Strategy<Value = Value> {
    let mut values =
        texts(&[UID, "payments", "", "3F2B8C1E-9A4D-4E6F-8B21-0C5D7E9F1A2B", "worker-1"]);
    values.extend([json!(42), json!(0), json!(-1), json!(4_294_967_296_u64), json!(true)]);
    let names =
        texts(&["a", "a.b", "a/b", "volume/a.b", "A", "", "a/b/c", "a..b", "-a", "volume/"]);
    let levels = texts(&["zone", "a.b/c", "", "a b", "a/b/c", "-", "A/b", "a_b"]);
    let weights = [json!(1), json!(100), json!(0), json!(101), json!("1")];
    let types =
        texts(&["NodeId", "ResourceId", "LeaseId", "ServiceId", "TrustDomain", "RackId", "Rack"]);
    let target = (
        any_of(&types),
        prop::option::weighted(0.8, any_of(&values)),
        prop::option::weighted(0.3, any_of(&names)),
    )
        .prop_map(|(of, value, name)| {
            let mut target = json!({"type": of});
            for (field, value) in [("value", value), ("name", name)] {
                if let Some(value) = value {
                    target[field] = value;
                }
            }
            target
        });
    (
        any_of(&texts(&["Resource", "State", "Topology", "Trust", "Facility"])),
        any_of(&texts(&["Required", "Preferred"])),
        prop::option::of(any_of(&texts(&["toward", "away"]))),
        target,
        prop::option::weighted(0.2, any_of(&weights)),
        prop::option::weighted(0.2, any_of(&levels)),
    )
        .prop_map(|(category, strength, direction, target, weight, level)| {
            let mut entry = json!({"category": category, "strength": strength, "target": target});
            for (field, value) in [("direction", direction), ("weight", weight), ("level", level)] {
                if let Some(value) = value {
                    entry[field] = value;
                }
            }
            json!({"entries": [entry]})
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Another checker with the published schema takes exactly what is read here.
    #[test]
    fn the_schema_takes_what_is_read_and_nothing_else(document in document()) {
        let validator = validator();
        let read = written::read(&document);
        prop_assert_eq!(read.is_ok(), validator.is_valid(&document), "{:?}", read);
        if let Ok(entries) = read {
            prop_assert!(validator.is_valid(&written::write(&entries)));
        }
    }
}

fn validator() -> &'static jsonschema::Validator {
    static VALIDATOR: std::sync::LazyLock<jsonschema::Validator> = std::sync::LazyLock::new(|| {
        jsonschema::draft202012::new(&written::schema()).expect("a schema")
    });
    &VALIDATOR
}
