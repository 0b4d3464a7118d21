use serde_json::json;

use super::*;
use crate::object::Map;

fn vocabulary(spec: Value, annotations: Value) -> Value {
    json!({"apiVersion": keys::API_VERSION, "kind": keys::VOCABULARY_KIND,
        "metadata": {"name": "default", "annotations": annotations}, "spec": spec})
}

fn pools(names: &[&str]) -> Value {
    let pool = |name: &&str| json!({"name": name, "nodes": format!("p={name}")});
    vocabulary(json!({"pools": names.iter().map(pool).collect::<Vec<_>>()}), json!({}))
}

fn users(count: usize) -> Vec<InUse> {
    let user = |number: usize| {
        let object = placecard_findings::ObjectRef {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: "ml".to_owned(),
            name: format!("d{number}"),
        };
        let template = Map::from([(keys::REQUIRE.to_owned(), "on pool/a".to_owned())]);
        InUse::of(object, &Map::new(), &template, None).expect("intents")
    };
    (0..count).map(user).collect()
}

fn asked(new: Option<&Value>, old: Option<&Value>, in_use: Option<&[InUse]>) -> Admission {
    let operation = match (new, old) {
        (Some(_), Some(_)) => Operation::Update,
        (Some(_), None) => Operation::Create,
        (None, _) => Operation::Delete,
    };
    answer(&Asked { operation, new, old, current: &Words::default(), in_use })
}

fn message(admission: &Admission) -> &str {
    admission.denial.as_ref().map_or("", |denial| denial.message.as_str())
}

#[test]
fn a_mistake_is_told_with_its_path_and_a_guess() {
    let bad = vocabulary(json!({"pools": [{"name": "a", "nodes": "x", "gaurd": {}}]}), json!({}));
    let refused = asked(Some(&bad), None, Some(&[]));
    assert_eq!(
        message(&refused),
        "PlacementVocabulary default: no field is named gaurd here (spec.pools[0].gaurd); \
         did you mean guard? [unknown-key]"
    );
    let denial = refused.denial.as_ref().expect("a refusal");
    assert_eq!(denial.causes[0].field, "spec.pools[0].gaurd");
    assert!(!denial.retryable);
    assert_eq!(refused.audit, [("findings", "unknown-key".to_owned())]);
    // It was as bad before: whatever else is changed may pass.
    let mut later = bad.clone();
    later["spec"]["inventory"] = json!("open");
    assert_eq!(asked(Some(&later), Some(&bad), Some(&[])).denial, None);
    later["spec"]["inventory"] = json!("shut");
    assert!(message(&asked(Some(&later), Some(&bad), Some(&[]))).contains("inventory"));
}

#[test]
fn a_word_in_use_goes_by_force_only() {
    let (old, new) = (pools(&["a", "b"]), pools(&["b"]));
    let refused = asked(Some(&new), Some(&old), Some(&users(14)));
    let lines: Vec<&str> = message(&refused).lines().collect();
    assert_eq!(
        lines[0],
        "PlacementVocabulary default: 14 workloads could not be read any more, for their words are \
         gone [word-in-use]"
    );
    assert_eq!(lines[1], "  Deployment ml/d0: no pool is named a");
    assert_eq!((lines.len(), lines[11]), (13, "  and 4 more"));
    assert!(!refused.denial.expect("a refusal").retryable);
    assert_eq!(asked(Some(&new), Some(&old), Some(&[])).denial, None, "nobody uses it");

    let mut forced = new.clone();
    forced["metadata"]["annotations"] = json!({keys::FORCE: "the nodes are gone"});
    let passed = asked(Some(&forced), Some(&old), Some(&users(14)));
    assert_eq!(passed.denial, None);
    let [warning] = passed.warnings.as_slice() else { panic!("{:?}", passed.warnings) };
    assert!(warning.starts_with("default: 14 workloads could not"), "{warning}");
    assert!(warning.len() <= 120, "{warning}");
    forced["metadata"]["annotations"] = json!({keys::FORCE: "  "});
    assert!(message(&asked(Some(&forced), Some(&old), Some(&users(1)))).contains("[empty-value]"));
}

#[test]
fn a_deletion_takes_all_words_away() {
    let mut old = pools(&["a"]);
    assert!(message(&asked(None, Some(&old), Some(&users(1)))).contains("[word-in-use]"));
    assert_eq!(asked(None, Some(&old), Some(&[])).denial, None);
    old["metadata"]["annotations"] = json!({keys::FORCE: "moving"});
    assert_eq!(asked(None, Some(&old), Some(&users(1))).denial, None);
}

#[test]
fn a_creation_is_a_change_of_what_is_in_use() {
    let new = pools(&["b"]);
    assert_eq!(asked(Some(&new), None, Some(&users(1))).denial, None, "a was no word before");
    let (current, _) = check(&pools(&["a"]));
    let asked = Asked {
        operation: Operation::Create,
        new: Some(&new),
        old: None,
        current: &current,
        in_use: Some(&users(1)),
    };
    assert!(message(&answer(&asked)).contains("[word-in-use]"));
    // A stored vocabulary that cannot be read is not in use, whatever it says.
    let broken = vocabulary(json!({"pool": []}), json!({}));
    let asked = Asked { operation: Operation::Update, old: Some(&broken), ..asked };
    assert!(message(&answer(&asked)).contains("[word-in-use]"));
}

#[test]
fn while_the_workloads_are_not_known_only_additions_pass() {
    let (one, two) = (pools(&["a"]), pools(&["a", "b"]));
    assert_eq!(asked(Some(&two), Some(&one), None), Admission::default());
    assert_eq!(asked(Some(&one), None, None), Admission::default());
    for (new, old) in [(Some(&one), &two), (None, &one)] {
        let refused = asked(new, Some(old), None);
        assert_eq!(
            message(&refused),
            "PlacementVocabulary default: words go, and who uses them is not known yet; trying \
             again may help [word-in-use]"
        );
        assert!(refused.denial.expect("a refusal").retryable);
    }
    let mut forced = one.clone();
    forced["metadata"]["annotations"] = json!({keys::FORCE: "now"});
    let passed = asked(Some(&forced), Some(&two), None);
    assert_eq!((passed.denial, passed.warnings.len()), (None, 1));
}

#[test]
fn what_says_nothing_new_or_is_going_is_let_through() {
    let old = vocabulary(json!({"pool": []}), json!({}));
    let mut new = old.clone();
    new["metadata"]["finalizers"] = json!(["a.b/c"]);
    new["metadata"]["annotations"] = json!({"other": "x"});
    assert_eq!(asked(Some(&new), Some(&old), None), Admission::default());
    new["spec"] = json!({"pols": []});
    new["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert_eq!(asked(Some(&new), Some(&old), None), Admission::default());
}
