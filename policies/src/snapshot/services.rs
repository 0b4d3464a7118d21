//! Services and controllers: which pods belong together, so that the scheduler spreads them by
//! default.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use placecard_feasibility::inventory::NamespacedName;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::selector::Selector;
use serde::Deserialize;

use super::object::Object;
use super::{Metadata, or_default};
use crate::native;
use crate::object::Map;

/// A service as it stands in JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WrittenService {
    #[serde(deserialize_with = "or_default")]
    metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    spec: ServiceSpec,
}

impl WrittenService {
    pub(super) const fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

/// A replication controller as it stands in JSON: its selector is a map, like that of a service.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WrittenReplicationController {
    #[serde(deserialize_with = "or_default")]
    metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    spec: ReplicationControllerSpec,
}

/// A replica set or stateful set as it stands in JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WrittenController {
    #[serde(deserialize_with = "or_default")]
    metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    spec: ControllerSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ServiceSpec {
    selector: Option<Map>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReplicationControllerSpec {
    selector: Option<Map>,
    #[serde(deserialize_with = "or_default")]
    template: Template,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Template {
    #[serde(deserialize_with = "or_default")]
    metadata: TemplateMetadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TemplateMetadata {
    #[serde(deserialize_with = "or_default")]
    labels: Map,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ControllerSpec {
    selector: Option<LabelSelector>,
}

/// The service: its name and its selector. One without a selector has no pods.
pub(super) fn read_service(written: &WrittenService) -> Object {
    Object::Service(name(&written.metadata), written.spec.selector.clone())
}

/// The replication controller. Without a selector it has that of its template
/// (`SetDefaults_ReplicationController`).
pub(super) fn read_replication_controller(written: &WrittenReplicationController) -> Object {
    let WrittenReplicationController { metadata, spec } = written;
    let given = spec.selector.as_ref().filter(|selector| !selector.is_empty());
    let selector = Selector::from_labels(given.unwrap_or(&spec.template.metadata.labels));
    Object::Controller(Kind::ReplicationController, name(metadata), Some(selector))
}

/// The replica set or stateful set.
pub(super) fn read_controller(kind: Kind, written: &WrittenController) -> Object {
    let selector = written.spec.selector.as_ref().map(native::selector);
    Object::Controller(kind, name(&written.metadata), selector)
}

fn name(metadata: &Metadata) -> NamespacedName {
    (metadata.namespace.clone(), metadata.name.clone())
}

#[cfg(test)]
mod tests {
    use placecard_feasibility::inventory::Inventory;
    use placecard_feasibility::requirement::Requirement;
    use serde_json::{Value, json};

    use super::*;
    use crate::snapshot::add;

    fn object(kind: &str, spec: Value) -> Value {
        json!({"kind": kind, "metadata": {"name": "x", "namespace": "a"}, "spec": spec})
    }

    #[test]
    fn selectors_are_read_in_their_three_forms() {
        let map = json!({"app": "web"});
        let set = json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]});
        let template = json!({"metadata": {"labels": {"app": "old"}}});
        let list = json!({"kind": "List", "items": [
            object("Service", json!({"selector": map})),
            {"kind": "Service", "metadata": {"name": "headless"}, "spec": {"selector": null}},
            object("ReplicationController", json!({"selector": {}, "template": template})),
            object("ReplicaSet", json!({"selector": set})),
            object("StatefulSet", json!({})),
        ]});
        let mut inventory = Inventory::default();
        add(&mut inventory, &list.to_string()).unwrap();
        let key = ("a".to_owned(), "x".to_owned());
        let web = Map::from([("app".to_owned(), "web".to_owned())]);
        assert_eq!(inventory.services, [(key.clone(), web)].into());
        let selector = |requirement| Some(Selector { requirements: vec![requirement] });
        let expected = [
            (Kind::ReplicationController, selector(Requirement::one_of("app", &["old"]))),
            (Kind::ReplicaSet, selector(Requirement::exists("app"))),
            (Kind::StatefulSet, None),
        ];
        let expected = expected.map(|(kind, selector)| ((kind, key.clone()), selector));
        assert_eq!(inventory.controllers, expected.into());
    }
}
