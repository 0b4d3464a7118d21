//! Templates that do not say that their pods are in a coordination: without that nobody asks.

use placecard_findings::{Finding, Site};
use placecard_language::coordination::Source;
use placecard_language::keys;

use super::{Part, Scene};
use crate::words;

/// A workload that plays a role, and whose template names no coordination, or another one.
pub(super) fn missing(scene: &Scene<'_>, part: &Part<'_>) -> Option<Finding> {
    let template = part.player.object.templates.first()?;
    let role = scene.group.role(&part.player.role)?;
    if part.player.names || !matches!(role.source, Source::Workload { .. }) {
        return None;
    }
    let written = template.annotations.get(keys::COORDINATE);
    let metadata = template.path.key("metadata");
    let site = match written {
        Some(_) => Site::value(template.annotation(keys::COORDINATE)),
        None if template.annotations.is_empty() => Site::key(metadata),
        None => Site::key(metadata.key("annotations")),
    };
    let site = part.player.at(site);
    Some(words::roles::not_coordinated(scene, part, site, written.map(String::as_str)))
}
