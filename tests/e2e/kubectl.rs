//! What `kubectl apply` does on the client's side: the manifest as last applied is kept in an
//! annotation, and the patch deletes what left the manifest and sets what differs from the object.

use placecard_tests::controlplane::{Answer, Api, Patch, Target};
use serde_json::{Map, Value, json};

use super::world::accepted;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Creates the object, or patches it. `None`: there was nothing to patch.
#[track_caller]
pub(crate) fn apply(api: &Api, manifest: &Value) -> Option<Answer> {
    let mut modified = manifest.clone();
    modified["metadata"]["annotations"][LAST_APPLIED] = json!(manifest.to_string());
    let target = Target::of(manifest);
    let Ok(current) = api.get(&target) else { return Some(accepted(api.create(&modified))) };
    let original = current.object["metadata"]["annotations"][LAST_APPLIED].as_str();
    let original: Value = serde_json::from_str(original.unwrap_or("{}")).expect("a manifest");
    let patch = three_way(&original, &modified, &current.object)?;
    Some(accepted(api.patch(&target, Patch::Strategic, &patch)))
}

/// The strategic merge patch, for objects whose only lists that merge are the containers: those
/// have `name` as merge key, tolerations and node selector terms are replaced whole.
fn three_way(original: &Value, modified: &Value, current: &Value) -> Option<Value> {
    let (Some(modified), Some(current)) = (modified.as_object(), current.as_object()) else {
        return (modified != current).then(|| modified.clone());
    };
    let mut patch = Map::new();
    for key in original.as_object().into_iter().flatten().map(|(key, _)| key) {
        if !modified.contains_key(key) {
            patch.insert(key.clone(), Value::Null);
        }
    }
    for (key, wanted) in modified {
        let before = original.get(key).unwrap_or(&Value::Null);
        let change = match current.get(key) {
            None => Some(wanted.clone()),
            Some(present) if key == "containers" => containers(before, wanted, present),
            Some(present) => three_way(before, wanted, present),
        };
        if let Some(change) = change {
            patch.insert(key.clone(), change);
        }
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

fn containers(original: &Value, modified: &Value, current: &Value) -> Option<Value> {
    let named = |list: &Value, name: &Value| {
        let list = list.as_array()?;
        list.iter().find(|item| item["name"] == *name).cloned()
    };
    let mut patches = Vec::new();
    for wanted in modified.as_array().expect("containers") {
        let name = &wanted["name"];
        let before = named(original, name).unwrap_or_default();
        let present = named(current, name).unwrap_or(json!({}));
        if let Some(mut patch) = three_way(&before, wanted, &present) {
            patch["name"] = name.clone();
            patches.push(patch);
        }
    }
    (!patches.is_empty()).then_some(Value::Array(patches))
}

#[test]
fn a_patch_sets_what_differs_and_deletes_what_left_the_manifest() {
    let original = json!({"a": 1, "gone": 1, "list": [1], "containers": [{"name": "x", "p": 1}]});
    let modified = json!({"a": 1, "list": [2], "containers": [{"name": "x", "q": 2}]});
    let current = json!({"a": 1, "gone": 1, "list": [1, 3], "defaulted": 1,
        "containers": [{"name": "x", "p": 1, "defaulted": 1}]});
    let patch = json!({"gone": null, "list": [2],
        "containers": [{"name": "x", "p": null, "q": 2}]});
    assert_eq!(three_way(&original, &modified, &current), Some(patch));
    let same = json!({"a": 1, "containers": [{"name": "x", "defaulted": 1}], "more": 1});
    let manifest = json!({"a": 1, "containers": [{"name": "x"}]});
    assert_eq!(three_way(&manifest, &manifest, &same), None);
}
