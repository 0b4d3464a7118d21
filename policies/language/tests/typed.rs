//! Typed entries become the rules of sentences, and what is wrong is pointed at in the annotation.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use placecard_language::affinity::{Affinity, AffinityTarget, ObjectId, append, written};
use placecard_language::directory::{
    Directory, Holder, ObjectKind, ObjectName, PodFacts, Unknown, Want,
};
use placecard_language::intent::{Relation, Rule, Strength};
use placecard_language::keys::{self, Place};
use placecard_language::typed::of_sentence::{AsEntry, NoTypedForm, entries_of};
use placecard_language::{NamespaceFacts, Reading, Words, read_with, vocabulary_check};
use proptest::prelude::*;
use serde_json::{Value, json};

const ZONE: &str = "topology.kubernetes.io/zone";

fn words() -> Words {
    let (words, problems) = vocabulary_check::check(&json!({
        "apiVersion": "placecard.dev/v1alpha1", "kind": "PlacementVocabulary",
        "spec": {
            "levels": [
                {"name": "zone", "key": ZONE},
                {"name": "rack", "key": "example.com/rack", "format": "rack-{n}"},
                {"name": "row", "key": "example.com/row"},
            ],
            "serviceDomain": "zone",
            "trustDomains": [{"name": "payments", "nodes": "trust=payments"}],
            "pools": [
                {"name": "mixed", "nodes": "example.com/rack=rack-42,disk=ssd"},
                {"name": "guarded", "nodes": "example.com/rack=rack-42",
                 "tolerations": [{"key": "a", "operator": "Exists"}]},
                {"name": "row-of-42", "nodes": "example.com/rack=rack-42"},
            ],
            "resources": [{"name": "fast-nvme", "uid": uid(50), "nodes": "disk=nvme"}],
        }
    }));
    assert_eq!(problems, []);
    words
}

fn uid(number: u128) -> String {
    ObjectId(number).to_string()
}

/// Nodes 1 (in zone a, row 7) and 2 (without labels), Services 11 (own) and 12 (of namespace
/// other), Leases 21 to 24, PersistentVolume 31.
struct Cluster {
    nodes: BTreeMap<String, BTreeMap<String, String>>,
}

impl Cluster {
    fn new() -> Self {
        let labels = [(ZONE.to_owned(), "a".to_owned()), ("example.com/row".into(), "7".into())];
        let nodes = [("n1".to_owned(), labels.into()), ("n2".to_owned(), BTreeMap::new())];
        Self { nodes: nodes.into() }
    }
}

impl Directory for Cluster {
    fn object(&self, kind: ObjectKind, id: ObjectId) -> Result<ObjectName, Unknown> {
        let (namespace, name) = match (kind, id.0) {
            (ObjectKind::Node, 1) => ("", "n1"),
            (ObjectKind::Node, 2) => ("", "n2"),
            (ObjectKind::Service, 11) => ("search", "db"),
            (ObjectKind::Service, 12) => ("other", "cache"),
            (ObjectKind::Lease, 21) => ("search", "shard"),
            (ObjectKind::PersistentVolume, 31) => ("", "pv-7"),
            (_, 404) => return Err(Unknown::Absent),
            _ => return Err(Unknown::NotAsked),
        };
        Ok(ObjectName { namespace: namespace.to_owned(), name: name.to_owned() })
    }

    fn node(&self, name: &str) -> Result<&BTreeMap<String, String>, Unknown> {
        self.nodes.get(name).ok_or(Unknown::Absent)
    }

    fn lease(&self, namespace: &str, name: &str) -> Result<&str, Unknown> {
        match (namespace, name) {
            ("search", "shard") => Ok("db-0_5f0e"),
            ("search", "job") => Ok("worker-x7"),
            ("search", "kubelet") => Ok("n1"),
            ("search", "free") => Ok(""),
            ("search", "odd") => Ok("Somebody Else"),
            ("search", "starting") => Ok("new-1"),
            ("search", "slow") => Ok("slow-1"),
            ("other", "shard") => Ok("cache-0"),
            _ => Err(Unknown::Absent),
        }
    }

    fn pod(&self, namespace: &str, name: &str) -> Result<PodFacts, Unknown> {
        let (node, keeps_its_name) = match (namespace, name) {
            ("search", "db-0") => ("n2", true),
            ("other", "cache-0") => ("n1", true),
            ("search", "worker-x7") => ("n1", false),
            ("search", "new-1") => ("", false),
            ("search", "slow-1") => return Err(Unknown::Unreachable),
            _ => return Err(Unknown::Absent),
        };
        Ok(PodFacts { node: node.to_owned(), keeps_its_name })
    }

    fn recorded(&self, _: &str, lease: &str) -> Option<Holder> {
        (lease == "moved").then(|| Holder::Node("n1".to_owned()))
    }
}

fn reading(key: &str, value: &str) -> Reading {
    let namespace = NamespaceFacts { name: "search".to_owned(), labels: Some(BTreeMap::new()) };
    let annotations = [(key.to_owned(), value.to_owned())].into();
    read_with(&annotations, Place::Pod, &words(), Some(&namespace), &Cluster::new())
}

fn one_rule(key: &str, value: &str) -> Rule {
    let reading = reading(key, value);
    assert_eq!(reading.problems, [], "{value}");
    assert_eq!(reading.intents.rules.len(), 1, "{value}");
    reading.intents.rules.into_iter().next().expect("a rule")
}

/// What a rule says, wherever it is written.
fn meaning(rule: &Rule) -> String {
    fn drop_places(value: &str) -> String {
        let mut out = String::new();
        let mut rest = value;
        // Places are `span: 1..2`, `span: (1, 2)`, `line: 3`, `key: "placecard.dev/…"`.
        while let Some((before, after)) = rest.split_once("span: ") {
            out.push_str(before);
            let end = after.find([',', '}', ']']).unwrap_or(after.len());
            let end = match after.strip_prefix('(').and_then(|rest| rest.find(')')) {
                Some(close) => close + 2,
                None => end,
            };
            rest = after.get(end..).unwrap_or_default();
        }
        out.push_str(rest);
        for key in [keys::REQUIRE, keys::PREFER, keys::INTENTS_TLV, keys::INTENTS] {
            out = out.replace(&format!("{key:?}"), "KEY");
        }
        let mut lines = out.split("line: ");
        let mut out = lines.next().unwrap_or_default().to_owned();
        for part in lines {
            out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
        }
        out
    }
    // The domain around a node is read off the node, the sentence names it: that is the difference.
    let rule = Rule { entry: None, ..rule.clone() };
    drop_places(&format!("{rule:?}")).replace("observed: true", "observed: false")
}

fn written(entry: &Value) -> Affinity {
    let entries = written::read(&json!({"entries": [entry]})).expect("an entry");
    entries.into_iter().next().expect("one")
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let index = bits >> (18 - 6 * place) & 63;
            text.push(char::from(BASE64[index as usize]));
        }
    }
    text
}

/// The sentence, and the entries that say the same.
fn forms() -> Vec<(&'static str, Vec<Value>)> {
    let entry = |category: &str, target: Value| json!({"category": category, "target": target});
    let id = |of: &str, number: u128| json!({"type": of, "value": uid(number)});
    let name = |of: &str, name: &str| json!({"type": of, "name": name});
    let away = |mut entry: Value| {
        entry["direction"] = json!("away");
        entry
    };
    let level = |mut entry: Value, level: &str| {
        entry["level"] = json!(level);
        entry
    };
    let node =
        |category| vec![entry(category, id("NodeId", 1)), entry(category, name("NodeId", "n1"))];
    let topology = |target| entry("Topology", target);
    let nodes = [node("Resource"), node("State"), node("Topology")].concat();
    let around =
        |label: &str| nodes.iter().map(|entry| level(entry.clone(), label)).collect::<Vec<_>>();
    let service =
        |number, named| vec![topology(id("ServiceId", number)), topology(name("ServiceId", named))];
    let each = |entries: Vec<Value>, change: &dyn Fn(Value) -> Value| {
        entries.into_iter().map(change).collect::<Vec<_>>()
    };
    let rack = topology(json!({"type": "RackId", "value": 42}));
    let lease = |named| entry("State", name("LeaseId", named));
    vec![
        ("on node/n1", [nodes.clone(), around("node"), around("kubernetes.io/hostname")].concat()),
        ("on zone/a", around("zone")),
        ("on example.com/row/7", around("example.com/row")),
        ("not-on node/n1", each(node("Topology"), &away)),
        ("not-on row/7", each(node("Topology"), &|entry| away(level(entry, "row")))),
        ("near service/db in zone", service(11, "db")),
        ("near service/db", each(service(11, "db"), &|entry| level(entry, "node"))),
        ("near service/db in rack", each(service(11, "db"), &|entry| level(entry, "rack"))),
        ("apart-from service/db in zone", each(service(11, "db"), &away)),
        ("near service/other/cache in zone", service(12, "other/cache")),
        ("on rack/rack-42", vec![rack.clone(), level(rack.clone(), "rack")]),
        ("not-on rack/rack-42", vec![away(rack.clone())]),
        ("not-on row/42", vec![away(level(rack.clone(), "row"))]),
        (
            "on trust/payments",
            vec![entry("Trust", json!({"type": "TrustDomain", "value": "payments"}))],
        ),
        (
            "on resource/fast-nvme",
            vec![
                entry("Resource", id("ResourceId", 50)),
                entry("Resource", name("ResourceId", "fast-nvme")),
            ],
        ),
        ("near lease/shard", vec![lease("shard"), entry("State", id("LeaseId", 21))]),
        ("near lease/shard in zone", vec![level(lease("shard"), "zone")]),
        ("near lease/other/shard", vec![lease("other/shard")]),
        ("near lease/job in zone", vec![level(lease("job"), "zone")]),
        ("near lease/kubelet", vec![lease("kubelet")]),
        ("near lease/moved in row", vec![level(lease("moved"), "row")]),
    ]
}

#[test]
fn each_form_of_one_meaning_gives_one_rule() {
    let mut compared = 0;
    for (sentence, entries) in forms() {
        for strength in ["Required", "Preferred"] {
            if strength == "Preferred" && sentence.contains("trust/") {
                continue;
            }
            let key = if strength == "Required" { keys::REQUIRE } else { keys::PREFER };
            let expected = one_rule(key, sentence);
            for mut entry in entries.clone() {
                entry["strength"] = json!(strength);
                let document = json!({"entries": [entry]});
                let yaml = format!("# typed\nentries:\n- {entry}\n");
                for text in [document.to_string(), yaml] {
                    let rule = one_rule(keys::INTENTS, &text);
                    assert_eq!(meaning(&rule), meaning(&expected), "{sentence}: {text}");
                    compared += 1;
                }
                let typed = written(&entry);
                let mut blob = vec![0, 1, 0, 2, 0xca, 0xfe];
                if append(&mut blob, &[typed]).is_ok() {
                    let rule = one_rule(keys::INTENTS_TLV, &base64(&blob));
                    assert_eq!(meaning(&rule), meaning(&expected), "{sentence}: {entry}");
                    compared += 1;
                }
            }
            if strength == "Preferred" {
                let weighted = one_rule(keys::PREFER, &format!("{sentence} weight 80"));
                let mut entry = entries.first().expect("an entry").clone();
                entry["strength"] = json!(strength);
                entry["weight"] = json!(80);
                let rule = one_rule(keys::INTENTS, &json!({"entries": [entry]}).to_string());
                assert_eq!(meaning(&rule), meaning(&weighted), "{sentence}");
                assert_eq!(rule.strength, Strength::Preferred { weight: 80 });
            }
        }
    }
    assert!(compared > 150, "{compared}");
}

#[test]
fn rules_know_where_their_entry_is() {
    let text = "entries:\n- category: Topology\n  strength: Required\n  direction: away\n  \
                target: {type: NodeId, name: n1}\n- category: Topology\n  strength: Required\n  \
                target:\n    type: ServiceId\n    name: \"db\"\n  level: rack\n";
    let reading = reading(keys::INTENTS, text);
    let at = |range: &std::ops::Range<usize>| &text[range.clone()];
    let [node, service] = reading.intents.rules.as_slice() else { panic!("{reading:?}") };
    assert_eq!((at(&node.origin.span), node.origin.line), ("{type: NodeId, name: n1}", 5));
    assert_eq!(node.origin.text, "not-on node/n1");
    assert_eq!((at(&service.origin.span), service.origin.line), ("db", 10));
    assert_eq!(service.origin.text, "near service/db in rack");
}

type Wrong = (String, &'static str, &'static str, Option<&'static str>);

/// A value, the code of its first problem, the marked words and what could stand there.
fn wrong() -> Vec<Wrong> {
    let entry = |rest: &str| format!("entries:\n- {{strength: Required, {rest}}}\n");
    let target = |category: &str, target: &str| {
        entry(&format!("category: {category}, target: {{{target}}}"))
    };
    vec![
        (target("Facility", "type: NodeId, name: a"), "invalid-intent", "Facility", None),
        (
            target("Topologie", "type: NodeId, name: a"),
            "invalid-intent",
            "Topologie",
            Some("Topology"),
        ),
        (target("Trust", "type: NodeId, name: a"), "invalid-intent", "NodeId", None),
        (target("State", "type: LeaseId, name: A"), "invalid-intent", "A", None),
        (target("State", "type: LeaseId, nam: a"), "invalid-intent", "nam", Some("name")),
        (target("State", "type: LeaseId, value: \"a b\""), "invalid-intent", "a b", None),
        (target("Topology", "type: RackId, value: -1"), "invalid-intent", "-1", None),
        (target("Topology", "type: RackId, value: 1.0"), "invalid-intent", "1.0", None),
        (
            target("Trust", "type: TrustDomain, value: paiments"),
            "unknown-trust-domain",
            "paiments",
            Some("payments"),
        ),
        (target("Resource", "type: ResourceId, name: slow"), "unknown-resource", "slow", None),
        (
            target("Topology", "type: ServiceId, name: db}, level: {a: b"),
            "invalid-intent",
            "{a: b}",
            None,
        ),
        (
            entry("category: Topology, target: {type: ServiceId, name: db}, level: rak"),
            "unknown-level",
            "rak",
            Some("rack"),
        ),
        (
            entry("category: Topology, target: {type: NodeId, name: n1}, level: rak"),
            "unknown-level",
            "rak",
            Some("rack"),
        ),
        (
            entry("category: State, direction: away, target: {type: NodeId, name: n1}"),
            "invalid-intent",
            "away",
            None,
        ),
        (
            entry("category: State, target: {type: NodeId, name: n1}, weight: 5"),
            "weight-in-require",
            "5",
            None,
        ),
        ("entries: [{category: State}]".to_owned(), "invalid-intent", "category", None),
        ("entries: {a: 1}".to_owned(), "invalid-intent", "{a: 1}", None),
        ("entry: []".to_owned(), "invalid-intent", "entry", None),
        ("entrys: []".to_owned(), "invalid-intent", "entrys", Some("entries")),
        ("on node/a".to_owned(), "invalid-intent", "on node/a", None),
        ("- a\n- b\n".to_owned(), "invalid-intent", "a", None),
        ("entries: [".to_owned(), "invalid-intent", "[", None),
        ("entries: &x []".to_owned(), "invalid-intent", "[]", None),
        ("entries: []\nentries: []".to_owned(), "invalid-intent", "entries", None),
        ("entries: []".to_owned(), "empty-value", "entries: []", None),
        ("# nothing".to_owned(), "empty-value", "# nothing", None),
        ("".to_owned(), "empty-value", "placecard.dev/intents", None),
    ]
}

#[test]
fn what_is_wrong_is_pointed_at() {
    for (text, code, marked, suggestion) in wrong() {
        let reading = reading(keys::INTENTS, &text);
        let first = reading.problems.first().unwrap_or_else(|| panic!("{text}"));
        assert_eq!(first.code.as_str(), code, "{text}: {first:?}");
        assert_eq!(first.marked, marked, "{text}: {first:?}");
        assert_eq!(first.suggestion.as_deref(), suggestion, "{text}: {first:?}");
        assert_eq!(reading.intents.rules, [], "{text}");
        if let Some(span) = &first.span {
            assert_eq!(first.line as usize, text[..span.start].matches('\n').count() + 1);
            assert_eq!(&text[span.clone()], marked, "{text}");
        }
    }
}

#[test]
fn what_is_wrong_in_bytes_has_their_letters() {
    for (text, code, marked) in [
        ("CRAACQMBBgAEAAAAKgkQAAkDhAYABAAAAAc=", "invalid-intent", "hA"),
        ("CRAACQMBBgAEAAAA", "invalid-intent", "AA"),
        ("CRAACQMB_gAEAAAAKg==", "invalid-intent", "_"),
        ("", "empty-value", "placecard.dev/intents-tlv"),
        ("AAEAAsr+", "empty-value", "AAEAAsr+"),
    ] {
        let reading = reading(keys::INTENTS_TLV, text);
        let first = reading.problems.first().unwrap_or_else(|| panic!("{text}"));
        assert_eq!((first.code.as_str(), first.marked.as_str()), (code, marked), "{first:?}");
    }
    let away = |away: bool| {
        let entry = json!({"category": "Topology", "strength": "Required",
            "direction": if away { "away" } else { "toward" },
            "target": {"type": "RackId", "value": 7}});
        written(&entry)
    };
    let (mut first, mut second) = (Vec::new(), Vec::new());
    append(&mut first, &[away(false)]).expect("bytes");
    append(&mut second, &[away(true)]).expect("bytes");
    let text = base64(&[first, second].concat());
    let reading = reading(keys::INTENTS_TLV, &text);
    // What contradicts is told of the rules, as it is of sentences.
    assert_eq!(reading.problems, []);
    let [toward, away] = reading.intents.rules.as_slice() else { panic!("{reading:?}") };
    assert_eq!((&toward.origin.span, &away.origin.span), (&(0..18), &(17..35)));
}

#[test]
fn what_is_not_known_is_asked_for() {
    let typed = |category: &str, target: Value, level: Value| {
        let mut entry = json!({"category": category, "strength": "Required", "target": target});
        if !level.is_null() {
            entry["level"] = level;
        }
        json!({"entries": [entry]}).to_string()
    };
    let id = |of: &str, number| json!({"type": of, "value": uid(number)});
    let named = |of: &str, name: &str| json!({"type": of, "name": name});
    for (text, missing, asked) in [
        (typed("Resource", id("NodeId", 9), json!(null)), Unknown::NotAsked, 1),
        (typed("Topology", id("ServiceId", 404), json!(null)), Unknown::Absent, 1),
        (typed("Resource", id("ResourceId", 9), json!(null)), Unknown::NotAsked, 1),
        (typed("State", named("LeaseId", "gone"), json!(null)), Unknown::Absent, 1),
        (typed("State", named("LeaseId", "free"), json!(null)), Unknown::NotHeld, 1),
        (typed("State", named("LeaseId", "odd"), json!(null)), Unknown::HolderGone, 1),
        (typed("State", named("LeaseId", "starting"), json!(null)), Unknown::NotPlaced, 3),
        (typed("State", named("LeaseId", "slow"), json!(null)), Unknown::Unreachable, 3),
        (typed("State", named("NodeId", "n2"), json!("zone")), Unknown::Unlabelled, 1),
        (typed("State", named("NodeId", "n3"), json!("zone")), Unknown::Absent, 1),
    ] {
        let reading = reading(keys::INTENTS, &text);
        assert_eq!(reading.problems, [], "{text}");
        let [rule] = reading.intents.rules.as_slice() else { panic!("{text}") };
        let Relation::Unresolved(unresolved) = &rule.relation else { panic!("{rule:?}") };
        assert_eq!(unresolved.missing, missing, "{text}");
        assert_eq!(reading.wants.len(), asked, "{text}: {:?}", reading.wants);
    }
    let held = reading(keys::REQUIRE, "near lease/moved");
    assert_eq!(held.wants, [], "what was recorded is not asked again");
    let job = reading(keys::REQUIRE, "near lease/job in zone");
    assert!(job.wants.contains(&Want::Node { name: "n1".to_owned() }));
}

#[test]
fn any_number_of_entries_is_bounded() {
    let entry = "{category: Topology, strength: Required, target: {type: RackId, value: 1}}";
    let many = format!("entries: [{}]", vec![entry; 3_000].join(", "));
    let reading = reading(keys::INTENTS, &many);
    assert_eq!(reading.intents.rules.len(), 3_000);
    let wrong = many.replace("value: 1", "value: x");
    let reading = self::reading(keys::INTENTS, &wrong);
    assert!(reading.has_error() && reading.problems.len() <= 101, "{}", reading.problems.len());
}

/// The rule of a sentence, and the one of the entry that it becomes.
fn both_ways(sentence: &str, required: bool) -> Result<(), NoTypedForm> {
    let namespace = NamespaceFacts { name: "search".to_owned(), labels: Some(BTreeMap::new()) };
    let (found, problems) = entries_of(sentence, required, &words(), Some(&namespace));
    assert_eq!(problems, [], "{sentence}");
    let [AsEntry { origin, entry }] = found.as_slice() else { panic!("{sentence}: {found:?}") };
    assert_eq!(origin.span, 0..sentence.len());
    let entry = match entry {
        Ok(entry) => entry,
        Err((span, why)) => {
            assert!(!sentence.get(span.clone()).unwrap_or_default().is_empty(), "{sentence}");
            return Err(why.clone());
        }
    };
    let key = if required { keys::REQUIRE } else { keys::PREFER };
    let written = written::write_text(std::slice::from_ref(entry));
    let again = one_rule(keys::INTENTS, &written);
    // An entry does not say what goes without saying: `in node`, `weight 50`.
    let sayings = [&again, &one_rule(key, sentence)].map(|rule| {
        let mut rule = rule.clone();
        rule.origin.text.clear();
        meaning(&rule)
    });
    assert_eq!(sayings[0], sayings[1], "{sentence}: {written}");
    assert_eq!(again.entry.as_deref(), Some(entry));
    Ok(())
}

#[test]
fn a_sentence_becomes_the_entry_that_says_it() {
    for (sentence, _) in forms() {
        for required in [true, false] {
            if !required && sentence.contains("trust/") {
                continue;
            }
            let expected = match sentence {
                "on zone/a" => {
                    Err(NoTypedForm::NotANumber { level: "zone".into(), value: "a".into() })
                }
                _ => Ok(()),
            };
            assert_eq!(both_ways(sentence, required), expected, "{sentence}");
        }
    }
    let kind = |kind: &str| NoTypedForm::Kind { kind: kind.to_owned() };
    let modifier = |word| NoTypedForm::Modifier { word };
    for (sentence, why) in [
        ("spread over zone", NoTypedForm::Counts { relation: "spread" }),
        ("at-most 2 self in zone", NoTypedForm::Counts { relation: "at-most" }),
        ("near self", kind("self")),
        ("near deployment/db", kind("deployment")),
        ("on volume/data", kind("volume")),
        ("near pods(app=db)", NoTypedForm::Selector),
        ("on nodes(example.com/rack=rack-42)", NoTypedForm::Selector),
        ("on node/n1 or node/n2", NoTypedForm::Alternatives),
        ("on pool/mixed", NoTypedForm::Pool { tolerates: false }),
        ("on pool/guarded", NoTypedForm::Pool { tolerates: true }),
        ("not-on trust/payments", NoTypedForm::OnlyToward { kind: "trust" }),
        ("not-on resource/fast-nvme", NoTypedForm::OnlyToward { kind: "resource" }),
        ("apart-from lease/shard", NoTypedForm::OnlyToward { kind: "lease" }),
        ("near service/db of namespaces(*)", modifier("of")),
        ("near service/db same tenant", modifier("same")),
        ("apart-from service/db other tenant", modifier("other")),
        ("apart-from service/db across revisions", modifier("across")),
        ("on rack/042", NoTypedForm::NotANumber { level: "rack".into(), value: "042".into() }),
    ] {
        assert_eq!(both_ways(sentence, true), Err(why), "{sentence}");
    }
    // A pool that is a rack by another name says the same to the scheduler.
    let (found, _) = entries_of("not-on pool/row-of-42", true, &words(), None);
    let entry = found.first().and_then(|one| one.entry.as_ref().ok()).expect("an entry");
    assert_eq!(entry.target(), &AffinityTarget::rack(42));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever sentence has a typed form means the same in it.
    #[test]
    fn sentences_and_their_entries_agree(
        near in any::<bool>(),
        toward in any::<bool>(),
        target in 0_usize..14,
        level in 0_usize..6,
        weight in 0_usize..4,
        required in any::<bool>(),
    ) {
        let level = ["", " in zone", " in rack", " in node", " in row", " in example.com/row"][level];
        let weight = if required { "" } else { ["", " weight 1", " weight 50", " weight 100"][weight] };
        let sentence = if near {
            let target = ["service/db", "service/other/cache", "lease/shard", "lease/other/shard"][target % 4];
            let relation = if toward || target.starts_with("lease") { "near" } else { "apart-from" };
            format!("{relation} {target}{level}{weight}")
        } else {
            let targets = [
                "node/n1", "rack/rack-0", "rack/rack-42", "rack/rack-4294967295", "row/7",
                "example.com/row/7", "node/n2",
            ];
            let relation = if toward { "on" } else { "not-on" };
            format!("{relation} {}{weight}", targets[target % targets.len()])
        };
        prop_assert_eq!(both_ways(&sentence, required), Ok(()), "{}", sentence);
    }

    /// No text stops the way to entries.
    #[test]
    fn any_rules_become_entries_or_reasons_in_their_places(
        words in prop::collection::vec("(near|on|not-on|in|or|;|\n|weight|5|service/|rack/|4|zone|é|pods\\(|a|\\)|self|same|,)", 0..12),
    ) {
        let text = words.join(" ");
        let (found, problems) = entries_of(&text, false, &self::words(), None);
        for one in found {
            prop_assert!(text.get(one.origin.span.clone()).is_some());
            if let Err((span, _)) = one.entry {
                prop_assert!(text.get(span).is_some());
            }
        }
        for problem in problems {
            prop_assert!(problem.span.is_none_or(|span| text.get(span).is_some()));
        }
    }

    /// Whatever is done to the text of entries, it is read as entries or pointed at.
    #[test]
    fn a_mutated_annotation_has_entries_or_a_finding_in_its_place(
        base in 0..BASES.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..9, 0..PIECES.len()), 1..5),
    ) {
        let mut text: Vec<char> = BASES[base].1.chars().collect();
        for (at, length, piece) in edits {
            let start = at.index(text.len() + 1);
            let end = (start + length).min(text.len());
            text.splice(start..end, PIECES[piece].chars());
        }
        let text: String = text.into_iter().collect();
        let reading = reading(BASES[base].0, &text);
        prop_assert!(!reading.intents.rules.is_empty() || !reading.problems.is_empty(), "{text:?}");
        for problem in &reading.problems {
            if let Some(span) = &problem.span {
                let marked = text.get(span.clone());
                prop_assert!(marked.is_some(), "{:?}", text);
                if problem.verbatim {
                    prop_assert_eq!(marked, Some(problem.marked.as_str()), "{:?}", text);
                }
                let line = text[..span.start].matches('\n').count() + 1;
                prop_assert_eq!(problem.line as usize, line, "{:?}", text);
            }
        }
        for rule in &reading.intents.rules {
            prop_assert!(text.get(rule.origin.span.clone()).is_some(), "{:?}", text);
        }
    }
}

const BASES: [(&str, &str); 4] = [
    (
        keys::INTENTS,
        "# typed\nentries:\n- category: Topology\n  strength: Preferred\n  direction: away\n  \
         target: {type: NodeId, name: \"n1\"}\n  weight: 80\n  level: zone\n- category: State\n  \
         strength: Required\n  target:\n    type: LeaseId\n    name: |-\n      shard\n- {category: \
         Trust, strength: Required, target: {type: TrustDomain, value: 'payments'}}\n",
    ),
    (
        keys::INTENTS,
        r#"{"entries": [{"category": "Topology", "strength": "Required", "direction": "toward",
            "target": {"type": "RackId", "value": 42}}, {"category": "Resource", "strength":
            "Preferred", "target": {"type": "NodeId", "value":
            "00000000-0000-0000-0000-000000000001"}, "weight": 1}]}"#,
    ),
    (
        keys::INTENTS,
        "entries: [{category: Topology, strength: Required, target: {type: ServiceId, name: \
         \"d\\u0062\"}, level: topology.kubernetes.io/zone}]",
    ),
    (keys::INTENTS_TLV, "CRAACQMBBgAEAAAAKgkQ\nAAkDgQYABAAAAAcJEAANBAEFAAhwYXltZW50cw=="),
];

const PIECES: &[&str] = &[
    "",
    "",
    "\n",
    "\r\n",
    "\t",
    " ",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"",
    "'",
    "\\",
    "|",
    ">-",
    "&a ",
    "*a",
    "<<: ",
    "---\n",
    "...\n",
    "#",
    "\u{feff}",
    "\u{200b}",
    "\u{202e}",
    "大",
    "é",
    "!!int ",
    "\u{0}",
    "~",
    "null",
    "042",
    "-1",
    "1e9",
    "Facility",
    "Adaptive",
    "level: ",
    "\u{85}",
    "\u{1f600}",
    "=",
    "A",
    "/",
    "?",
    "%",
];
