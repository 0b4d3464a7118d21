//! Coordinations that stand inside a RoleBasedGroup (`workloads.x-k8s.io`), in `spec.coordination`:
//! the same form as in a RoleCoordination, about the roles of that very object.
//!
//! RoleBasedGroup has a list of that name of its own, whose entries have no type and pace rollouts
//! and scaling (api/workloads/v1alpha1, up to v0.8.0-alpha.5): those are its controller's business.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::check::{self, group_of};
use super::{CoordinationProblem, Group};
use crate::keys;

/// Group and kind of the objects in which coordinations may stand.
pub const HOME: (&str, &str) = ("workloads.x-k8s.io", "RoleBasedGroup");

/// Where they stand.
pub const LIST: &str = "/spec/coordination";

/// The fields of a strategy that RoleBasedGroup does not have itself.
const OURS: &[&str] = &["maxUnavailableRatio", "manageRollout"];

/// Whether an object is one in which coordinations may stand.
#[must_use]
pub fn is_home(value: &Value) -> bool {
    let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
    (group_of(text("apiVersion")), text("kind")) == HOME
}

/// Whether a RoleBasedGroup holds coordinations of our form.
#[must_use]
pub fn is_written(value: &Value) -> bool {
    is_home(value) && entries(value).any(is_ours)
}

fn entries(value: &Value) -> impl Iterator<Item = &Value> {
    value.pointer(LIST).and_then(Value::as_array).into_iter().flatten()
}

/// An entry with a type or with one of our strategies.
fn is_ours(entry: &Value) -> bool {
    let rolling = entry.pointer("/strategy/rollingUpdate");
    entry.get("type").is_some()
        || entry.pointer("/strategy/affinityScheduling").is_some()
        || OURS.iter().any(|field| rolling.is_some_and(|one| one.get(field).is_some()))
}

/// Checks the coordinations of a RoleBasedGroup, as those of a RoleCoordination that refers to its
/// roles are checked; pointers are those of the RoleBasedGroup.
///
/// With any problem there is no group, nor if none stand there.
#[must_use]
pub fn check(value: &Value) -> (Option<Group>, Vec<CoordinationProblem>) {
    if !is_written(value) {
        return (None, Vec::new());
    }
    let (group, mut problems) = check::check(&resource(value));
    // What its own fields say is its controller's business.
    problems.retain(|one| {
        let of_roles = one.pointer.starts_with("/spec/roles");
        one.pointer.starts_with(LIST) || (of_roles && one.pointer.ends_with("/name"))
    });
    (group, problems)
}

/// The RoleCoordination that says the same. Entries of RoleBasedGroup's own form are replaced by
/// ones that say nothing, so that the others keep their places.
#[must_use]
pub fn resource(value: &Value) -> Value {
    let names: Vec<Value> = value
        .pointer("/spec/roles")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|role| role.get("name").cloned().unwrap_or_else(|| json!("")))
        .collect();
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let name = text("/metadata/name").filter(|name| !name.is_empty()).unwrap_or("unnamed");
    let group = json!({
        "apiVersion": text("/apiVersion").unwrap_or_default(),
        "kind": HOME.1,
        "name": name,
    });
    let roles: Vec<Value> =
        names.iter().map(|role| json!({"name": role, "groupRef": group, "role": role})).collect();
    let taken: BTreeSet<&str> =
        entries(value).filter_map(|one| one.get("name")?.as_str()).collect();
    let mut blank = String::from("own");
    while taken.iter().any(|name| name.starts_with(&blank)) {
        blank.push('-');
    }
    let of_entry = |(index, entry): (usize, &Value)| match is_ours(entry) {
        true => entry.clone(),
        false => json!({"name": format!("{blank}{index}"), "type": "RollingUpdate",
            "roles": names.first().into_iter().collect::<Vec<_>>(),
            "strategy": {"rollingUpdate": {}}}),
    };
    let coordination: Vec<Value> = entries(value).enumerate().map(of_entry).collect();
    let mut metadata = Map::from_iter([("name".to_owned(), json!(name))]);
    if let Some(namespace) = text("/metadata/namespace") {
        metadata.insert("namespace".to_owned(), json!(namespace));
    }
    json!({
        "apiVersion": keys::API_VERSION,
        "kind": keys::COORDINATION_KIND,
        "metadata": metadata,
        "spec": {"roles": roles, "coordination": coordination},
    })
}

/// The RoleCoordination to be written in place of the coordinations of a RoleBasedGroup: without
/// entries of its own form.
#[must_use]
pub fn replacement(value: &Value) -> Value {
    let mut resource = resource(value);
    let ours: Vec<Value> = entries(value).filter(|one| is_ours(one)).cloned().collect();
    if let Some(list) = resource.pointer_mut(LIST) {
        *list = Value::Array(ours);
    }
    resource
}
