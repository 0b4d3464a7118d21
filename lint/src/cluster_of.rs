//! The cluster of a command line, ready to be judged on.

use std::io::Read;
use std::path::Path;

use placecard_language::Words;
use placecard_language::vocabulary::Inventory as Closeness;
use placecard_policies::cluster::{Cluster, Counts};
use placecard_policies::feasibility::judge::Semantics;
use placecard_policies::node_templates::node_templates;
use placecard_policies::scheduling::Schedulers;
use placecard_policies::words;

use crate::cluster::{Loaded, Progress, load};
use crate::plan::Inputs;
use crate::scheduler_configuration::configured;

/// A cluster, and what is to be said of how it was read.
pub(crate) struct Taken {
    pub(crate) cluster: Cluster,
    /// For standard error: a line or more each.
    pub(crate) complaints: Vec<String>,
}

/// Reads a cluster from files and folders, and the configuration of its scheduler; the vocabulary
/// says which nodes may be added.
///
/// # Errors
/// What could not be read, or that it holds no node.
pub(crate) fn read(
    paths: &[String],
    inputs: &Inputs,
    words: &Words,
    stdin: &mut dyn Read,
) -> Result<Taken, String> {
    let semantics = Semantics::of_minor(inputs.server.0);
    let mut notes = Vec::new();
    let mut schedulers = None;
    if let Some(path) = &inputs.scheduler_config {
        let found = configured(path, semantics, stdin)?;
        notes = found.notes;
        let name = file_name(path).to_owned();
        schedulers = Some(Schedulers { name, configuration: found.configuration });
    }
    let read = load(paths, stdin, &mut Progress::silent()).map_err(|complaints| {
        complaints.iter().map(ToString::to_string).collect::<Vec<String>>().join("\n")
    })?;
    let Loaded { mut inventory, summary } = read;
    inventory.templates = node_templates(words);
    let names: Vec<String> = summary.names.iter().map(|path| file_name(path).to_owned()).collect();
    let name = words::list(&names, "and", 1);
    let closed = words.inventory == Closeness::Closed;
    let complaints = summary.complaints.iter().map(ToString::to_string);
    Ok(Taken {
        cluster: Cluster {
            inventory,
            semantics,
            name,
            closed,
            schedulers,
            counts: Counts::default(),
        },
        complaints: complaints.chain(notes).collect(),
    })
}

/// What a report calls a file: its name without its folders.
fn file_name(path: &str) -> &str {
    let name = Path::new(path).file_name().and_then(|name| name.to_str());
    name.filter(|_| path != "-").unwrap_or(path)
}
