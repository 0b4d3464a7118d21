//! `placecard adopt`: what it reads, and where the result goes.

use std::ffi::OsStr;

use placecard_policies::adopt::Allow;

use super::{Inputs, Plan, inputs, resolve_look};
use crate::args::Typed;

/// What is adopted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptAsk {
    /// What is read.
    pub inputs: Inputs,
    /// What may differ.
    pub allow: Allow,
    /// Where the result goes.
    pub output: Adopted,
}

/// Where the result of `placecard adopt` goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adopted {
    /// The manifests, to standard output.
    Printed,
    /// A unified diff, to standard output.
    Diff,
    /// What became of each field, as JSON.
    Json,
    /// Into the files.
    Written,
}

/// What `placecard adopt` is to do.
///
/// # Errors
/// What is wrong, for exit code 2.
pub(super) fn plan(typed: Typed, terminal: bool, no_color: Option<&OsStr>) -> Result<Plan, String> {
    let Typed::Adopt { sources, diff, write, json, default_spreading, look } = typed else {
        return Err("that is another verb".to_owned());
    };
    let inputs = inputs(sources)?;
    let output = output((diff, write, json), &inputs)?;
    let allow = Allow { default_spread: default_spreading };
    let look = resolve_look(&look, terminal, no_color);
    Ok(Plan::Adopt { ask: AdoptAsk { inputs, allow, output }, look })
}

/// Which of them was asked for.
///
/// # Errors
/// Two of them were, or standard input is to be written.
fn output((diff, write, json): (bool, bool, bool), inputs: &Inputs) -> Result<Adopted, String> {
    match (diff, write, json) {
        (false, false, false) => Ok(Adopted::Printed),
        (true, false, false) => Ok(Adopted::Diff),
        (false, false, true) => Ok(Adopted::Json),
        (false, true, false) if inputs.paths.iter().any(|path| path == "-") => {
            Err("standard input cannot be written: leave out --write".to_owned())
        }
        (false, true, false) => Ok(Adopted::Written),
        _ => Err("--diff, --write and --format json exclude one another".to_owned()),
    }
}
