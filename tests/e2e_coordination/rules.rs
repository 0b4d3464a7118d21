//! Each rule in CEL: one coordination that breaks it, beside the one that breaks none.

use std::collections::BTreeSet;

use placecard_policies::coordination::definition;
use placecard_tests::controlplane::Api;
use serde_json::Value;

use super::{coordination, linted, whole};

/// The field that the rule is about, the start of its message, and edits of `whole()`: a pointer and
/// a value, which is empty where the field goes.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const ROLE: &str = "spec.roles[]";
const ONE: &str = "spec.coordination[]";
const AFFINITY: &str = "spec.coordination[].strategy.affinityScheduling";
const ROLLING: &str = "spec.coordination[].strategy.rollingUpdate";
const WORKLOAD: &str = r#"{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "x"}"#;

const CASES: &[Case] = &[
    (ROLE, "this cannot name a role", &[("/roles/3/name", "\"Shard\"")]),
    (ROLE, "a role has a workloadRef and", &[("/roles/3/workloadRef", WORKLOAD)]),
    (ROLE, "a role has neither", &[("/roles/3/groupRef", "")]),
    (ROLE, "role goes only with", &[("/roles/0/role", "\"x\"")]),
    (
        ROLE,
        "this is not a kind of group",
        &[("/roles/3/groupRef/kind", "\"Group\""), ("/roles/3/role", "\"x\"")],
    ),
    (ROLE, "which role of the group", &[("/roles/2/role", "")]),
    (ROLE, "a LeaderWorkerSet has no roles", &[("/roles/3/role", "\"x\"")]),
    (ROLE, "the pods of this kind", &[("/roles/0/workloadRef/kind", "\"DaemonSet\"")]),
    ("spec", "a coordination names a role", &[("/coordination/2/roles/1", "\"decoder\"")]),
    (
        "spec",
        "two coordinations place",
        &[
            ("/coordination/1/roles/0", "\"decode\""),
            ("/coordination/1/strategy/affinityScheduling/ratios", "{\"decode\": 1}"),
        ],
    ),
    (ONE, "this cannot name a coordination", &[("/coordination/2/name", "\"a b\"")]),
    (ONE, "the strategy of the type", &[("/coordination/2/strategy", "{}")]),
    (
        ONE,
        "a strategy is not that",
        &[("/coordination/1/strategy/rollingUpdate", "{\"maxSkew\": \"1%\"}")],
    ),
    (
        ONE,
        "a role of the coordination has no",
        &[("/coordination/0/roles", "[\"prefill\", \"decode\", \"shard\"]")],
    ),
    (
        ONE,
        "a ratio is of no role",
        &[("/coordination/0/strategy/affinityScheduling/ratios/shard", "1")],
    ),
    (
        AFFINITY,
        "this cannot name a topology key",
        &[("/coordination/0/strategy/affinityScheduling/topologyKey", "\"a b\"")],
    ),
    (
        AFFINITY,
        "sequential batches wait",
        &[
            ("/coordination/0/strategy/affinityScheduling/placement", "\"affinity\""),
            ("/coordination/0/strategy/affinityScheduling/timeout", ""),
            ("/coordination/0/strategy/affinityScheduling/onTimeout", ""),
        ],
    ),
    (
        AFFINITY,
        "timeout goes only",
        &[("/coordination/1/strategy/affinityScheduling/timeout", "\"1m\"")],
    ),
    (
        AFFINITY,
        "onTimeout goes only",
        &[("/coordination/1/strategy/affinityScheduling/onTimeout", "\"wait\"")],
    ),
    (
        AFFINITY,
        "onTimeout release needs",
        &[("/coordination/0/strategy/affinityScheduling/timeout", "")],
    ),
    (
        AFFINITY,
        "this is not a duration",
        &[("/coordination/0/strategy/affinityScheduling/timeout", "\"10\"")],
    ),
    (
        ROLLING,
        "maxUnavailableRatio takes",
        &[("/coordination/2/strategy/rollingUpdate/maxUnavailableRatio", "\"0%\"")],
    ),
    (ROLLING, "maxSkew takes", &[("/coordination/2/strategy/rollingUpdate/maxSkew", "\"101%\"")]),
    (ROLLING, "partition takes", &[("/coordination/2/strategy/rollingUpdate/partition", "\"5\"")]),
];

/// What the schema itself refuses: edits, and a part of what is said.
const SCHEMA: &[(&str, &[(&str, &str)])] = &[
    (
        "greater than or equal to 1",
        &[("/coordination/0/strategy/affinityScheduling/ratios/decode", "0")],
    ),
    (
        "greater than or equal to 1",
        &[("/coordination/0/strategy/affinityScheduling/ratios/decode", "-1")],
    ),
    (
        "less than or equal to 2147483647",
        &[("/coordination/0/strategy/affinityScheduling/ratios/decode", "2147483648")],
    ),
    (
        "must be of type integer",
        &[("/coordination/0/strategy/affinityScheduling/ratios/decode", "\"1\"")],
    ),
    ("Unsupported value", &[("/coordination/0/type", "\"Affinity\"")]),
    (
        "Unsupported value",
        &[("/coordination/0/strategy/affinityScheduling/batchMode", "\"Serial\"")],
    ),
    ("Duplicate value", &[("/coordination/2/roles/1", "\"prefill\"")]),
    ("Duplicate value", &[("/coordination/1/name", "\"rollout\"")]),
    ("Duplicate value", &[("/roles/3/name", "\"cache\"")]),
    ("should have at least 1 items", &[("/coordination", "[]")]),
    ("Required value", &[("/coordination/0/strategy/affinityScheduling/ratios", "")]),
    ("Too many", &[("/coordination/2/roles", "\"MANY\"")]),
];

/// Rules whose words are not those of the linter, for they name no culprit.
const IN_OTHER_WORDS: &[&str] =
    &["two coordinations place", "a role of the coordination has no", "a ratio is of no role"];

/// `whole()` with these values in place of its own.
fn edited(edits: &[(&str, &str)]) -> Value {
    let mut spec = whole();
    for (pointer, value) in edits {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let value = match *value {
            "\"MANY\"" => (0..65).map(|number| format!("r{number}")).collect::<Value>(),
            "" => {
                let parent = spec.pointer_mut(parent).and_then(Value::as_object_mut);
                assert!(parent.is_some_and(|parent| parent.remove(name).is_some()), "{pointer}");
                continue;
            }
            text => serde_json::from_str(text).expect("JSON"),
        };
        match (spec.pointer_mut(parent).expect("a parent"), name.parse::<usize>()) {
            (Value::Array(list), Ok(index)) => list[index] = value,
            (parent, _) => parent[name] = value,
        }
    }
    coordination(&spec)
}

/// Whatever the API server itself refuses, the linter refuses too.
fn refused_twice(api: &Api, object: &Value, part: &str) -> Result<(), String> {
    let told = match api.dry_run().create(object) {
        Ok(_) => return Err(format!("accepted, and not refused for: {part}")),
        Err(refusal) if refusal.status == 422 => refusal.to_string(),
        Err(refusal) => return Err(refusal.to_string()),
    };
    match told.contains(part) {
        false => Err(format!("{part} is not in: {told}")),
        true if linted(object).is_empty() => {
            Err(format!("the linter takes what is refused: {told}"))
        }
        true => Ok(()),
    }
}

pub(super) fn every_rule(api: &Api) {
    let accepted = coordination(&whole());
    api.dry_run().create(&accepted).unwrap_or_else(|refusal| panic!("{refusal}"));
    let (mut hit, mut wrong) = (BTreeSet::new(), Vec::new());
    let rules = definition::rules();
    for (at, start, edits) in CASES {
        let is = |rule: &&definition::Rule| rule.at == *at && rule.message.starts_with(start);
        let rule = rules.iter().find(is).unwrap_or_else(|| panic!("{at}: {start}"));
        assert!(hit.insert((rule.at, rule.message)), "{at}: {start} twice");
        let object = edited(edits);
        // The same words at both doors.
        let part = if IN_OTHER_WORDS.contains(start) {
            rule.message.to_owned()
        } else {
            let told = linted(&object).into_iter().next().unwrap_or_default();
            told.split("; did you mean").next().unwrap_or_default().to_owned()
        };
        if let Err(error) = refused_twice(api, &object, &part) {
            wrong.push(format!("{at}: {error}"));
        }
    }
    for (part, edits) in SCHEMA {
        if let Err(error) = refused_twice(api, &edited(edits), part) {
            wrong.push(error);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let all: BTreeSet<_> = rules.iter().map(|rule| (rule.at, rule.message)).collect();
    assert_eq!(hit, all);
}
