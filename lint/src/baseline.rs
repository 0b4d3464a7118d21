//! Findings that are known, so that only new ones are told.

use std::collections::BTreeMap;
use std::fs;

use serde::{Deserialize, Serialize};

use crate::fingerprint::fingerprint;
use crate::index::Role;
use crate::load::words;
use crate::run::Judged;

/// The file, version 1: sorted, so that two of them can be compared.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    version: u32,
    findings: Vec<Entry>,
}

/// A finding that is known. Only the fingerprint counts; the rest is for people.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    file: String,
    code: String,
    #[serde(default)]
    object: String,
    #[serde(default)]
    message: String,
    fingerprint: String,
    /// How many of them there are.
    #[serde(default = "once")]
    count: usize,
}

const fn once() -> usize {
    1
}

/// Writes all findings into a file, and says so.
///
/// # Errors
/// The file cannot be written.
pub fn write(judged: &Judged, name: &str) -> Result<String, String> {
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for placed in &judged.findings {
        let print = fingerprint(&judged.index, placed);
        let object = &placed.finding.object;
        let entry = entries.entry(print.clone()).or_insert_with(|| Entry {
            file: placed.file_name(&judged.index).to_owned(),
            code: placed.finding.code.to_string(),
            object: if object.kind.is_empty() { String::new() } else { object.to_string() },
            message: placed.finding.message.clone(),
            fingerprint: print,
            count: 0,
        });
        entry.count += 1;
    }
    let mut findings: Vec<Entry> = entries.into_values().collect();
    findings.sort();
    let count = judged.findings.len();
    let text = serde_json::to_string_pretty(&Written { version: 1, findings }).unwrap_or_default();
    fs::write(name, text + "\n")
        .map_err(|error| format!("{name} cannot be written: {}", words(&error)))?;
    let findings = if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
    Ok(format!("{findings} written to {name}\n"))
}

/// Leaves out what a file knows, and gives a line for each entry that is there no longer. What is in
/// files that were not read now is not missed.
///
/// # Errors
/// The file cannot be read.
pub fn apply(judged: &mut Judged, name: &str) -> Result<Vec<String>, String> {
    let text = fs::read_to_string(name).map_err(|error| format!("{name}: {}", words(&error)))?;
    let written: Written =
        serde_json::from_str(&text).map_err(|error| format!("{name} is no baseline: {error}"))?;
    if written.version != 1 {
        return Err(format!("{name} is a baseline of version {}: 1 is read", written.version));
    }
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &written.findings {
        *left.entry(entry.fingerprint.as_str()).or_default() += entry.count;
    }
    judged.retain(|index, placed| match left.get_mut(fingerprint(index, placed).as_str()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    let files = judged.index.files.iter().filter(|file| file.role == Role::Judged);
    let read: Vec<&str> = files.map(|file| file.source.name.as_str()).collect();
    let mut stale = Vec::new();
    for entry in &written.findings {
        let Some(count) = left.get_mut(entry.fingerprint.as_str()) else { continue };
        if *count > 0 && read.contains(&entry.file.as_str()) {
            let Entry { file, code, object, .. } = entry;
            let of = if object.is_empty() { file.clone() } else { format!("{object} in {file}") };
            stale.push(format!("{name}: {code} of {of} is gone: write the baseline anew"));
            *count = 0;
        }
    }
    Ok(stale)
}
