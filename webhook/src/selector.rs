//! The selector of a controller, from its JSON.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::Deserialize as _;
use serde_json::Value;

/// `spec.selector` of a controller of any kind, if it is a LabelSelector; a ReplicationController
/// has a map of labels there. `None` for what is neither, because a misread selector selects
/// everything.
#[must_use]
pub(crate) fn of_controller(object: &Value) -> Option<LabelSelector> {
    let selector = object.pointer("/spec/selector")?;
    let text = |field: &str| object.get(field).and_then(Value::as_str);
    if (text("apiVersion"), text("kind")) == (Some("v1"), Some("ReplicationController")) {
        let labels = BTreeMap::<String, String>::deserialize(selector).ok()?;
        return (!labels.is_empty())
            .then_some(LabelSelector { match_labels: Some(labels), match_expressions: None });
    }
    let fields = selector.as_object()?;
    let known = |name: &String| matches!(name.as_str(), "matchLabels" | "matchExpressions");
    if fields.is_empty() || !fields.keys().all(known) {
        return None;
    }
    LabelSelector::deserialize(selector).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_a_selector_is_read_as_one() {
        let with = |kind: &str, selector: Value| {
            of_controller(
                &json!({"apiVersion": "v1", "kind": kind, "spec": {"selector": selector}}),
            )
        };
        let labels = |selector: Option<LabelSelector>| selector.and_then(|s| s.match_labels);
        let web = Some(BTreeMap::from([("app".to_owned(), "web".to_owned())]));
        assert_eq!(labels(with("Rollout", json!({"matchLabels": {"app": "web"}}))), web);
        assert_eq!(labels(with("ReplicationController", json!({"app": "web"}))), web);
        let expression = json!({"matchExpressions": [{"key": "a", "operator": "Exists"}]});
        assert!(with("Rollout", expression).is_some());
        for selector in [
            json!(null),
            json!("app=web"),
            json!({}),
            json!({"app": "web"}),
            json!({"matchLabels": {"app": "web"}, "other": 1}),
            json!({"matchLabels": {"app": 1}}),
            json!([]),
        ] {
            assert_eq!(with("Rollout", selector), None);
        }
        for selector in [json!({}), json!({"matchLabels": {"app": "web"}})] {
            assert_eq!(with("ReplicationController", selector), None);
        }
        assert_eq!(of_controller(&json!({"kind": "Pod"})), None);
        assert_eq!(of_controller(&json!(7)), None);
    }
}
