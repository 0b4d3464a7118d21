//! RoleBasedGroups: whether the server keeps coordinations in them, and those of one.
//!
//! Hardly any server does, and of others no group is ever read: what the server keeps is asked once
//! a minute at most, of its own description, which every client may read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use placecard_policies::coordination::inline::{keeps_batches, of_object};
use placecard_policies::language::coordination::inline::HOME;
use placecard_policies::surroundings::{Answer, Reference};
use serde_json::Value;
use tokio::time::Instant;

use super::{Cluster, Missing, lock, own_answer, path};

/// The versions that there are, the older first: it has a list of that name.
const VERSIONS: [&str; 2] = ["v1alpha1", "v1alpha2"];

/// So long is believed what was read.
const FRESH: Duration = Duration::from_secs(60);

/// What the server keeps of the list, by version.
#[derive(Debug, Default)]
pub(super) struct Schemas(Mutex<BTreeMap<String, (Instant, Arc<Value>)>>);

impl Cluster {
    /// What the server keeps of the coordinations inside a RoleBasedGroup of this version.
    pub(super) async fn group_schema(&self, version: &str) -> Result<Answer, Missing> {
        self.kept_of_groups(version).await.map(Answer::Schema)
    }

    async fn kept_of_groups(&self, version: &str) -> Result<Arc<Value>, Missing> {
        let known = lock(&self.kept.schemas.0).get(version).cloned();
        if let Some((_, schema)) = known.filter(|(since, _)| since.elapsed() < FRESH) {
            return Ok(schema);
        }
        let (group, kind) = HOME;
        let described = self.get(&path("openapi/v3/apis", &[group, version])?).await;
        // A definition that is new is served before it is described: that is not remembered.
        let described = described?;
        let schema = of_kind(&described, kind).map(of_object).ok_or(Missing::NotFound)?;
        let schema = Arc::new(schema);
        let entry = (Instant::now(), Arc::clone(&schema));
        lock(&self.kept.schemas.0).insert(version.to_owned(), entry);
        Ok(schema)
    }

    /// The coordinations inside a RoleBasedGroup, where the server keeps any.
    pub(super) async fn in_group(
        &self,
        namespace: &str,
        name: &str,
        reference: &Reference,
    ) -> Result<Answer, Missing> {
        for version in VERSIONS {
            // What cannot be told from the description, the group itself tells.
            let keeps = self.kept_of_groups(version).await;
            if keeps.is_ok_and(|schema| !keeps_batches(&schema)) {
                continue;
            }
            let (group, _) = HOME;
            let names = ["namespaces", namespace, "rolebasedgroups", name];
            let read = self.get(&path(&format!("apis/{group}/{version}"), &names)?).await;
            let value = match read {
                Err(Missing::NotFound) => continue,
                Err(Missing::Forbidden) => {
                    tracing::warn!(namespace, name, "not allowed to read the RoleBasedGroup");
                    return Ok(Answer::Absent);
                }
                other => other?,
            };
            let answer = own_answer(&value, reference);
            if answer != Answer::Absent {
                return Ok(answer);
            }
        }
        Ok(Answer::Absent)
    }
}

/// The schema of a kind in a description (OpenAPI v3).
pub(crate) fn of_kind<'a>(description: &'a Value, kind: &str) -> Option<&'a Value> {
    let schemas = description.pointer("/components/schemas")?.as_object()?;
    let is = |schema: &&Value| {
        let kinds = schema.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
        let mut kinds = kinds.into_iter().flatten();
        kinds.any(|one| one.get("kind").and_then(Value::as_str) == Some(kind))
    };
    schemas.values().find(is)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kind_is_found_in_the_description() {
        let of = |kind: &str, spec: Value| {
            json!({"x-kubernetes-group-version-kind": [
                {"group": HOME.0, "kind": kind, "version": "v1alpha1"}], "properties": {"spec": spec}})
        };
        let list = json!({"properties": {"coordination": {"items": {"properties": {
            "name": {}, "type": {}, "roles": {"items": {}}, "strategy": {"properties": {
                "affinityScheduling": {"properties": {
                    "ratios": {"additionalProperties": {"type": "integer"}}}}}}}}}}});
        let description = json!({"components": {"schemas": {
            "a": of("RoleBasedGroupList", json!({})), "b": of(HOME.1, list)}}});
        let schema = of_kind(&description, HOME.1).map(of_object).unwrap_or_default();
        assert!(keeps_batches(&schema), "{schema}");
        let bare = json!({"components": {"schemas": {"b": of(HOME.1, json!({}))}}});
        let schema = of_kind(&bare, HOME.1).map(of_object);
        assert_eq!(schema, Some(Value::Null));
        assert!(!keeps_batches(&Value::Null));
        assert!(of_kind(&json!({}), HOME.1).is_none());
    }
}
