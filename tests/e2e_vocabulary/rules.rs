//! Each rule in CEL: one vocabulary that breaks it, beside the one that breaks none.

use std::collections::BTreeSet;

use placecard_policies::vocabulary::definition;
use placecard_tests::controlplane::Api;
use serde_json::{Value, json};

use super::{linted, refused_twice, vocabulary, whole};

/// The field that the rule is about, the start of its message, and edits of `whole()`.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const CASES: &[Case] = &[
    ("spec", "no level has the name of serviceDomain", &[("/serviceDomain", "\"row\"")]),
    ("spec", "limits.requiredApartFrom", &[("/limits/requiredApartFrom/levels", "[\"row\"]")]),
    ("spec.levels", "a level is there twice", &[("/levels/1/name", "\"zone\"")]),
    (
        "spec.levels",
        "the level node is not the last",
        &[
            ("/levels/1/name", "\"node\""),
            ("/levels/1/key", "\"kubernetes.io/hostname\""),
            ("/levels/2/name", "\"rack\""),
        ],
    ),
    ("spec.levels[]", "the level node has another key", &[("/levels/2/key", "\"a.b/c\"")]),
    ("spec.levels[]", "the key of a level needs", &[("/levels/1/key", "\"rack\"")]),
    ("spec.levels[]", "the format makes no", &[("/levels/1/format", "\"rack\"")]),
    ("spec.levels[]", "this cannot be a name", &[("/levels/1/name", "\"Rack\"")]),
    ("spec.levels[]", "a word of rules", &[("/levels/1/name", "\"pool\"")]),
    ("spec.pools[]", "this cannot be a name", &[("/pools/0/name", "\"a_b\"")]),
    ("spec.pools[]", "a word of rules", &[("/pools/0/name", "\"spread\"")]),
    ("spec.pools[]", "nothing keeps others out", &[("/pools/0/guard", "")]),
    (
        "spec.pools[].tolerations[]",
        "a toleration without a key",
        &[("/pools/0/tolerations/0/key", "")],
    ),
    (
        "spec.pools[].tolerations[]",
        "value goes not with",
        &[("/pools/0/tolerations/0/operator", "\"Exists\"")],
    ),
    (
        "spec.pools[].tolerations[]",
        "tolerationSeconds goes only",
        &[("/pools/0/tolerations/0/effect", "\"NoSchedule\"")],
    ),
    ("spec.trustDomains[]", "nothing keeps others out", &[("/trustDomains/0/guard", "")]),
    ("spec.trustDomains[]", "a rule could not write", &[("/trustDomains/0/name", "\"a b\"")]),
    ("spec.resources[]", "this cannot be a name", &[("/resources/0/name", "\"\"")]),
    ("spec.resources[]", "a word of rules", &[("/resources/0/name", "\"near\"")]),
    ("spec.resources[]", "this is not a UUID", &[("/resources/0/uid", "\"3f2b8c1e\"")]),
    ("spec.workloads[]", "nothing stands where", &[("/workloads/0/templates", "[]")]),
    (
        "spec.workloads[].templates[]",
        "this is not a path",
        &[("/workloads/0/templates", "[\"spec\"]")],
    ),
    ("spec.nodeTemplates[]", "this cannot be a name", &[("/nodeTemplates/0/name", "\"-\"")]),
    (
        "spec.nodeTemplates[].allocatable",
        "this is not an amount",
        &[("/nodeTemplates/0/allocatable/cpu", "\"1 TB\"")],
    ),
    ("spec.nodeTemplates[].count", "count.min", &[("/nodeTemplates/0/count/min", "21")]),
];

/// Rules whose words are not those of the linter, for CEL may not spend as much on them.
const IN_OTHER_WORDS: &[&str] =
    &["a level is there twice", "limits.requiredApartFrom", "count.min"];

/// `whole()` with these values in place of its own; an empty one takes the field away.
fn edited(edits: &[(&str, &str)]) -> Value {
    let mut spec = whole();
    for (pointer, value) in edits {
        if value.is_empty() {
            let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
            let parent = spec.pointer_mut(parent).and_then(Value::as_object_mut);
            assert!(parent.is_some_and(|parent| parent.remove(name).is_some()), "{pointer}");
        } else {
            *spec.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) =
                serde_json::from_str(value).expect("JSON");
        }
    }
    vocabulary(&spec)
}

pub(super) fn every_rule(api: &Api) {
    api.dry_run().create(&vocabulary(&whole())).unwrap_or_else(|refusal| panic!("{refusal}"));
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
    let mut mine = vocabulary(&whole());
    mine["metadata"]["name"] = json!("mine");
    wrong.extend(refused_twice(api, &mine, "the name of a vocabulary is default").err());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    hit.insert(("", "the name of a vocabulary is default"));
    let all: BTreeSet<_> = rules.iter().map(|rule| (rule.at, rule.message)).collect();
    assert_eq!(hit, all);
}
