//! What the containers of a template ask for, as it is written.

use placecard_feasibility::quantity::Quantity;
use placecard_findings::FieldPath;
use serde_json::Value;

use super::TemplateCase;

/// One amount of a container.
#[derive(Clone, Debug)]
pub(crate) struct Amount {
    /// As it is written.
    pub(crate) text: String,
    /// What it means; `None`: it is no quantity.
    pub(crate) quantity: Option<Quantity>,
    /// Where.
    pub(crate) path: FieldPath,
}

/// What a container asks for of one resource.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// The resource.
    pub(crate) resource: String,
    /// `requests`.
    pub(crate) request: Option<Amount>,
    /// `limits`.
    pub(crate) limit: Option<Amount>,
}

/// A container and what it asks for, by resource.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    /// `name`.
    pub(crate) name: String,
    /// `resources`.
    pub(crate) path: FieldPath,
    /// Each resource once, in order.
    pub(crate) asked: Vec<Asked>,
}

/// The containers of a template, those that run first included.
pub(crate) fn containers(case: &TemplateCase<'_>) -> Vec<Container> {
    let mut found = Vec::new();
    for list in ["initContainers", "containers"] {
        let Some(all) = case.in_spec(&[list]).and_then(Value::as_array) else { continue };
        let path = case.template.spec_path(&[list]);
        for (index, container) in all.iter().enumerate() {
            let path = path.index(index).key("resources");
            let name = container.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let asked = asked(container.get("resources"), &path);
            found.push(Container { name, path, asked });
        }
    }
    found
}

fn asked(resources: Option<&Value>, path: &FieldPath) -> Vec<Asked> {
    let mut found: Vec<Asked> = Vec::new();
    for field in ["requests", "limits"] {
        let amounts = resources.and_then(|one| one.get(field)).and_then(Value::as_object);
        for (resource, value) in amounts.into_iter().flatten() {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => continue,
            };
            let quantity = Quantity::parse(&text);
            let amount = Amount { text, quantity, path: path.keys(&[field, resource]) };
            let known = found.iter_mut().find(|one| one.resource == *resource);
            let one = match known {
                Some(one) => one,
                None => {
                    found.push(Asked { resource: resource.clone(), ..Asked::default() });
                    let Some(one) = found.last_mut() else { continue };
                    one
                }
            };
            *(if field == "requests" { &mut one.request } else { &mut one.limit }) = Some(amount);
        }
    }
    found.sort_by(|one, other| one.resource.cmp(&other.resource));
    found
}

/// Whether a resource is one that somebody else than Kubernetes counts
/// (pkg/apis/core/v1/helper: `IsExtendedResourceName`).
pub(crate) fn is_extended(resource: &str) -> bool {
    resource.contains('/')
        && !resource.starts_with("requests.")
        && resource
            .split('/')
            .next()
            .is_some_and(|domain| domain != "kubernetes.io" && !domain.ends_with(".kubernetes.io"))
}
