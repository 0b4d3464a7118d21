//! Templates that are expanded in place: whatever a client sends next, the user's own fields are
//! found again, and nothing changes that need not.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::given::{Given, apply, given, spec_of};
use crate::say::{node_sentence, sentence};

fn templates() -> impl Strategy<Value = Given> {
    prop_oneof![
        given(&["DaemonSet"], node_sentence(), false),
        given(&["expanded Deployment"], sentence(), true),
    ]
}

/// Mappings that hold nothing are nothing.
fn prune(value: &mut Value) -> bool {
    if let Value::Object(fields) = value {
        fields.retain(|_, below| !prune(below));
        return fields.is_empty();
    }
    value.is_null()
}

#[test]
fn clients_cause_no_needless_change() {
    let done = AtomicUsize::new(0);
    crate::run(700, &(templates(), templates()), |(given, other)| {
        let (value, template) = given.object();
        let first = apply(&value);
        let complete = |review: &placecard_policies::review::Review| {
            review.expansions.iter().any(|one| one.complete && one.applied.is_some())
        };
        if !complete(&first.review) {
            return Ok(());
        }
        done.fetch_add(1, Ordering::Relaxed);
        let stored = first.value;
        let annotations = format!("{template}/metadata/annotations");

        // PUT of the manifest, or server-side apply of all of it.
        let put = apply(&value).value;
        prop_assert_eq!(put.to_string(), stored.to_string());

        // Client-side apply of another image: a merge into what is stored.
        let mut merged = stored.clone();
        spec_of(&mut merged, template)["containers"] = json!([{"name": "main", "image": "2"}]);
        let applied = apply(&merged).value;
        prop_assert_eq!(&applied, &merged);

        // The annotations go, ours stays.
        let mut bare = stored.clone();
        let list = bare.pointer_mut(&annotations).unwrap().as_object_mut().unwrap();
        list.retain(|key, _| key == "placecard.dev/applied");
        let mut undone = apply(&bare).value;
        let (mut was, mut is) =
            (spec_of(&mut value.clone(), template).clone(), spec_of(&mut undone, template).clone());
        prune(&mut was);
        prune(&mut is);
        prop_assert_eq!(is, was);
        prop_assert!(undone.pointer(&annotations).unwrap().get("placecard.dev/applied").is_none());

        // Other rules, merged into what is stored.
        let (wanted, _) =
            Given { fields: given.fields.clone(), kind: given.kind, ..other.clone() }.object();
        let rules = wanted.pointer(&annotations).unwrap().clone();
        let wanted = apply(&wanted);
        if wanted.review.expansions.iter().all(|one| one.complete && one.applied.is_some())
            && wanted.review.has_intents
        {
            let mut changed = stored.clone();
            let list = changed.pointer_mut(&annotations).unwrap().as_object_mut().unwrap();
            list.retain(|key, _| key == "placecard.dev/applied");
            list.extend(rules.as_object().unwrap().clone());
            let changed = apply(&changed).value;
            prop_assert_eq!(changed, wanted.value);
        }

        // Another list of tolerations: lists are replaced as a whole.
        let mut manifest = value.clone();
        spec_of(&mut manifest, template)["tolerations"] =
            json!([{"key": "mine", "operator": "Exists"}]);
        let wanted = apply(&manifest);
        if complete(&wanted.review) {
            let mut merged = stored.clone();
            spec_of(&mut merged, template)["tolerations"] =
                json!([{"key": "mine", "operator": "Exists"}]);
            let merged = apply(&merged).value;
            prop_assert_eq!(merged, wanted.value);
        }
        Ok(())
    });
    assert!(done.into_inner() > 200);
}
