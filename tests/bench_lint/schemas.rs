//! Schemas for kubeconform from what an API server publishes: a file for each kind, which holds all
//! that it refers to.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use http::Method;
use placecard_tests::controlplane::{Api, ControlPlane};
use serde_json::{Map, Value, json};

use super::Result;

/// Names the files as kubeconform looks for them.
pub(crate) const LOCATION: &str = "{{.ResourceKind}}{{.KindSuffix}}.json";

/// The groups and versions that the manifests use.
const VERSIONS: [&str; 6] = [
    "api/v1",
    "apis/apps/v1",
    "apis/batch/v1",
    "apis/policy/v1",
    "apis/autoscaling/v2",
    "apis/networking.k8s.io/v1",
];

/// Writes the schemas of a new control plane into a folder; how many.
pub(crate) fn write(to: &Path) -> Result<usize> {
    let plane = ControlPlane::start()?;
    fs::create_dir_all(to)?;
    let mut written = 0;
    for version in VERSIONS {
        let document = get(plane.api(), &format!("/openapi/v3/{version}"))?;
        let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
        let schemas = schemas.ok_or_else(|| format!("no schemas in /openapi/v3/{version}"))?;
        for (name, schema) in schemas {
            let Some(file) = file_name(schema, version) else { continue };
            fs::write(to.join(file), whole(name, schemas).to_string())?;
            written += 1;
        }
    }
    Ok(written)
}

fn get(api: &Api, path: &str) -> Result<Value> {
    let answer = api.request(Method::GET, path, "application/json", None);
    Ok(answer.map_err(|refusal| refusal.to_string())?.object)
}

/// `deployment-apps-v1.json`, if this is the schema of one kind of this version alone.
fn file_name(schema: &Value, version: &str) -> Option<String> {
    let [kind] = schema.get("x-kubernetes-group-version-kind")?.as_array()?.as_slice() else {
        return None;
    };
    let text = |field: &str| kind.get(field)?.as_str();
    let (group, name) = (text("group")?, text("kind")?.to_lowercase());
    let number = text("version")?;
    let path =
        if group.is_empty() { format!("api/{number}") } else { format!("apis/{group}/{number}") };
    let first = group.split('.').next().filter(|first| !first.is_empty());
    let suffix = first.map_or_else(|| number.to_owned(), |first| format!("{first}-{number}"));
    (path == version).then(|| format!("{name}-{suffix}.json"))
}

/// The schema of this name with all that it refers to, and nothing else.
fn whole(name: &str, schemas: &Map<String, Value>) -> Value {
    let mut wanted = vec![name.to_owned()];
    let mut known = BTreeSet::new();
    let mut kept = Map::new();
    while let Some(name) = wanted.pop() {
        if !known.insert(name.clone()) {
            continue;
        }
        if let Some(schema) = schemas.get(&name) {
            references(schema, &mut wanted);
            kept.insert(name, schema.clone());
        }
    }
    json!({"$ref": format!("{PREFIX}{name}"), "components": {"schemas": kept}})
}

const PREFIX: &str = "#/components/schemas/";

fn references(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            let name = map.get("$ref").and_then(Value::as_str);
            found.extend(name.and_then(|name| name.strip_prefix(PREFIX)).map(str::to_owned));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}
