//! Batches that wait until the one before is ready, of pods that are ready as soon as they run.

use placecard_findings::{Finding, Site};
use placecard_language::coordination::BatchMode;

use super::{Part, Scene};
use crate::words;

/// A role of sequential batches whose containers have no readiness probe.
pub(super) fn without_probe(scene: &Scene<'_>, part: &Part<'_>) -> Option<Finding> {
    let template = part.player.object.templates.first()?;
    if part.affinity.batch_mode != BatchMode::Sequential || template.containers.tells_ready {
        return None;
    }
    let site = part.player.at(Site::key(template.spec_path(&["containers"])));
    Some(words::roles::without_probe(scene, part, site))
}
