//! Where rendered documents come from: what `helm template` and `kustomize build` say of it.

use serde_json::Value;

use crate::index::{Index, Role};
use crate::load::{Document, Source};
use crate::render::place::Placed;

/// What Helm writes above each document: <https://helm.sh/docs/helm/helm_template/>.
const HELM: &str = "Source:";
/// What kustomize writes with `buildMetadata: [originAnnotations]`; a mapping in YAML.
const KUSTOMIZE: &str = "config.kubernetes.io/origin";

/// The file that the document of a finding was rendered from, as its renderer names it.
#[must_use]
pub fn origin(index: &Index, placed: &Placed) -> Option<String> {
    let place = placed.primary();
    let file = index.files.get(place.file).filter(|file| file.role == Role::Judged)?;
    let at = place.span.start;
    // The last one that begins before it: between two documents stands nothing of either.
    let documents = index.documents(place.file);
    let begun = documents.partition_point(|document| document.span.start <= at);
    let document = documents.get(begun.checked_sub(1)?)?;
    of_helm(document, &file.source).or_else(|| of_kustomize(index, document, placed))
}

fn of_helm(document: &Document, source: &Source) -> Option<String> {
    let tree = document.tree(source);
    let root = tree.outermost()?;
    let above = tree.comments.partition_point(|comment| comment.span.start < root.outer_start);
    let above = tree.comments.get(..above)?.iter();
    let path = above.rev().find_map(|comment| comment.text.strip_prefix(HELM))?.trim();
    (!path.is_empty()).then(|| path.to_owned())
}

fn of_kustomize(index: &Index, document: &Document, placed: &Placed) -> Option<String> {
    let file = placed.primary().file;
    let object = index.object_in(file, document, &placed.finding.object)?;
    let object = document.object(object)?;
    let annotations = object.pointer("/metadata/annotations")?;
    let text = annotations.get(KUSTOMIZE).and_then(Value::as_str)?;
    let path = text.lines().find_map(|line| line.strip_prefix("path:"))?.trim();
    (!path.is_empty()).then(|| path.to_owned())
}
