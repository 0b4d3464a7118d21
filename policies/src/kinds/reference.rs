//! The reference of the kinds, as Markdown.

use std::fmt::Write as _;

use super::KINDS;
use super::custom::{CUSTOM_KINDS, CustomKind, Form, Given};

const HEAD: &str = "<!-- Written from policies/src/kinds.rs and policies/src/kinds/; `make update` writes it anew. -->

# Kinds

What holds pods is known by API group and kind, in any version, and never by kind alone.
The vocabulary adds kinds with `spec.workloads`, and stands over this list where it names one ([docs/custom-workloads.md](custom-workloads.md)).

## Built in

| Group | Kind | Pod template |
| --- | --- | --- |
";

const CUSTOM: &str = "
## Custom resources

An operator makes the pods of a custom resource and adds what it likes to them, so little of what is said of them is proved, and their replicas are not counted.
`*` stands for every element of a list and every value of a mapping.

Where a pod template stands, annotations on it mean what they mean on a Deployment's, and `placecard expand` writes the fields of the rules into it.
*Fields* are a part of one, written where the operator wants them: they are judged, and `placecard expand` leaves them alone.
Where the operator takes annotations for its pods, which is said with the fields, sentences may stand there, and the webhook expands the pods.
Fields with a schema of their own are never read as native ones: of CloudNativePG's `affinity` and Percona's only the native parts are, of OpenShift's `nodePlacement` nothing.

| Group | Kind | Where | Labels that its pods have |
| --- | --- | --- | --- |
";

const SHAPE: &str = "
## Other kinds

In a custom resource that neither this list nor the vocabulary knows, what plainly is a pod template is read: a mapping with `spec.containers`, each with a name, with `metadata` or nothing beside it, at most eight steps deep.
Nobody knows what becomes of it: what would be an error is a warning there.
Whole objects inside of others, groups of Kubernetes itself, and what resembles a template without being one are left alone.
";

/// The reference.
#[must_use]
pub fn markdown() -> String {
    let mut text = HEAD.to_owned();
    for row in KINDS {
        let at = row.template.join(".");
        let at = if at.is_empty() { "the object itself".to_owned() } else { format!("`{at}`") };
        _ = writeln!(text, "| {} | {} | {at} |", group(row.group), row.kind);
    }
    text.push_str(CUSTOM);
    for row in CUSTOM_KINDS {
        let (group, labels) = (group(row.group), labels(row));
        _ = writeln!(text, "| {group} | {} | {} | {labels} |", row.kind, places(row));
    }
    text.push_str(SHAPE);
    text
}

fn group(group: &str) -> String {
    if group.is_empty() { "core".to_owned() } else { format!("`{group}`") }
}

fn places(row: &CustomKind) -> String {
    let places = row.pods.iter().map(|pods| {
        let at = pods.at.replace('/', ".");
        let at = at.trim_start_matches('.');
        match pods.form {
            Form::Template => format!("`{at}`"),
            Form::Fields([("spec", "")]) => format!("`{at}`: fields of a pod spec"),
            Form::Fields(list) => {
                let fields =
                    list.iter().map(|(_, really)| format!("`{}`", really.replace('/', ".")));
                format!("`{at}`: {}", fields.collect::<Vec<_>>().join(", "))
            }
        }
    });
    places.collect::<Vec<_>>().join("<br>")
}

fn labels(row: &CustomKind) -> String {
    let labels = row.labels.iter().map(|(key, given)| match given {
        Given::Name => format!("`{key}`: its name"),
        Given::Value(value) => format!("`{key}`: `{value}`"),
    });
    labels.collect::<Vec<_>>().join("<br>")
}
