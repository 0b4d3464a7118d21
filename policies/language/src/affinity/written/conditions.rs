//! What the types of fields cannot say: which field goes with which value of another one.

use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use crate::affinity::{AffinityCategory, AffinityTargetType, surface};

/// A UUID.
const UUID: &str = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";
/// RFC 1123, as `validation.IsDNS1123Label` of k8s.io/apimachinery.
const DNS_LABEL: &str = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
/// RFC 1123, as `validation.IsDNS1123Subdomain`; at most 253 characters.
const DNS_SUBDOMAIN: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
/// The last part of a label key, as `validation.IsQualifiedName`.
const LABEL_NAME: &str = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?";

pub(super) fn any_value(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({"type": ["string", "integer"]})
}

pub(super) fn of_level(schema: &mut Schema) {
    schema.insert("pattern".to_owned(), format!("^({DNS_SUBDOMAIN}/)?{LABEL_NAME}$").into());
}

pub(super) fn of_target(schema: &mut Schema) {
    use AffinityTargetType as Is;
    let uid = json!({"type": "string", "pattern": UUID});
    let one_of = json!([{"required": ["value"]}, {"required": ["name"]}]);
    let by_name = |name: String, longest: usize| {
        let name = json!({"pattern": format!("^({name})$"), "maxLength": longest});
        json!({"properties": {"value": uid, "name": name}, "oneOf": one_of})
    };
    let by_value = |value: Value| json!({"properties": {"value": value, "name": false}, "required": ["value"]});
    let conditions = Is::ALL.map(|of| {
        let then = match of {
            Is::NodeId => by_name(DNS_SUBDOMAIN.to_owned(), 253),
            Is::ResourceId => by_name(format!("{DNS_LABEL}|volume/{DNS_SUBDOMAIN}"), 260),
            Is::LeaseId | Is::ServiceId => by_name(format!("({DNS_LABEL}/)?{DNS_SUBDOMAIN}"), 317),
            Is::TrustDomain => {
                let most = surface::MAX_TRUST_DOMAIN;
                by_value(json!({"type": "string", "minLength": 1, "maxLength": most}))
            }
            Is::RackId => by_value(json!({"type": "integer", "minimum": 0, "maximum": u32::MAX})),
        };
        when(&json!({"type": {"const": of.name()}}), then)
    });
    schema.insert("allOf".to_owned(), conditions.to_vec().into());
}

pub(super) fn of_entry(schema: &mut Schema) {
    let mut conditions: Vec<Value> = AffinityCategory::ALL
        .into_iter()
        .map(|category| {
            let types: Vec<_> =
                surface::targets_of(category).iter().map(|target| target.name()).collect();
            let mut then = json!({"target": {"properties": {"type": {"enum": types}}}});
            if category != AffinityCategory::Topology {
                insert(&mut then, "direction", json!({"const": "toward"}));
            }
            if category == AffinityCategory::Trust {
                insert(&mut then, "strength", json!({"const": "Required"}));
            }
            when(&json!({"category": {"const": category.name()}}), json!({"properties": then}))
        })
        .collect();
    let without = |field: &str| json!({"properties": {field: false}});
    conditions.push(when(&json!({"strength": {"const": "Required"}}), without("weight")));
    let no_level: Vec<_> = AffinityTargetType::ALL
        .into_iter()
        .filter(|target| !surface::takes_level(*target))
        .map(AffinityTargetType::name)
        .collect();
    let target = json!({"target": {"properties": {"type": {"enum": no_level}}}});
    conditions.push(when(&target, without("level")));
    schema.insert("allOf".to_owned(), conditions.into());
}

fn insert(object: &mut Value, field: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(field.to_owned(), value);
    }
}

fn when(fields: &Value, then: Value) -> Value {
    json!({"if": {"properties": fields}, "then": then})
}
