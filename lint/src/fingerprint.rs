//! The name of a finding that survives moved lines: for baselines, and for services that follow a
//! finding from one run to the next.

use std::collections::{BTreeMap, BTreeSet};

use placecard_findings::FieldPath;
use sha2::{Digest, Sha256};

use crate::index::Index;
use crate::render::place::Placed;
use crate::run::Judged;

/// SHA-256 over code, object, and the sorted paths and values of the labels; of what is no object,
/// over its file in place of the object. No line numbers, so a moved line keeps its name.
#[must_use]
pub fn fingerprint(index: &Index, placed: &Placed) -> String {
    let object = &placed.finding.object;
    let mut digest = Sha256::new();
    let mut feed = |text: &str| {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    };
    feed(placed.finding.code.as_str());
    if object.kind.is_empty() {
        feed(placed.file_name(index));
    }
    for part in [&object.api_version, &object.kind, &object.namespace, &object.name] {
        feed(part);
    }
    let mut core: BTreeSet<(String, &str)> = BTreeSet::new();
    for label in &placed.labels {
        let path = label.path.as_ref().map(FieldPath::to_string).unwrap_or_default();
        core.insert((path, &label.value));
    }
    for (path, value) in core {
        feed(&path);
        feed(value);
    }
    let hex: String = digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("pc1:{hex}")
}

/// The fingerprints of all findings, in their order; the second of two equal ones ends in `:2`, for
/// readers that take equal ones for one.
#[must_use]
pub fn unique(judged: &Judged) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let findings = judged.findings.iter();
    findings
        .map(|placed| {
            let name = fingerprint(&judged.index, placed);
            let count = seen.entry(name.clone()).or_default();
            *count += 1;
            if *count == 1 { name } else { format!("{name}:{count}") }
        })
        .collect()
}
