//! The real scheduler on the same workload: `oracle bench` of tests/oracle, as a process.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::Failure;
use crate::cluster::{Kind, Size};
use crate::verdicts::Counts;

/// A line of `oracle bench`.
#[derive(Clone, Debug, Deserialize)]
pub struct Timed {
    pub kubernetes: String,
    kind: String,
    feasible: usize,
    counts: BTreeMap<String, usize>,
    pub repetitions: usize,
    /// The fastest repetition, in microseconds.
    pub best_us: f64,
    /// The middle one.
    pub median_us: f64,
    /// The processor time of one repetition, of all threads, in microseconds.
    pub cpu_us: f64,
}

impl Timed {
    /// What it found, to be held against what was found before.
    pub fn found(&self) -> Counts {
        let rejected = self.counts.iter().map(|(key, count)| (key.clone(), *count)).collect();
        Counts { feasible: self.feasible, rejected }
    }
}

/// Times all kinds on a cluster.
///
/// # Errors
///
/// If the program does not run, or answers something else.
pub fn time(oracle: &Path, size: Size, repetitions: usize) -> Result<Vec<(Kind, Timed)>, Failure> {
    let (nodes, pods) = (size.nodes.to_string(), size.pods.to_string());
    let repetitions = repetitions.to_string();
    let output = Command::new(oracle)
        .args(["bench", "--kind", "all", "--nodes", &nodes, "--pods", &pods])
        .args(["--repetitions", &repetitions])
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{}: {}", oracle.display(), output.status).into());
    }
    let mut found = Vec::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let timed: Timed = serde_json::from_str(line)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == timed.kind);
        found.push((kind.ok_or("a kind that nobody asked for")?, timed));
    }
    Ok(found)
}
