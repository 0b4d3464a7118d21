//! The cluster of a command line, ready to be judged on.

use std::io::Read;
use std::path::Path;

use placecard_policies::cluster::{Cluster, Counts};
use placecard_policies::feasibility::judge::Semantics;
use placecard_policies::surroundings::ServerVersion;
use placecard_policies::words;

use crate::cluster::{Loaded, Progress, load};

/// A cluster, and what is to be said of how it was read.
pub(crate) struct Taken {
    pub(crate) cluster: Cluster,
    /// For standard error: a line or more each.
    pub(crate) complaints: Vec<String>,
}

/// Reads a cluster from files and folders. `closed`: the vocabulary says that no other kinds of
/// nodes will come.
///
/// # Errors
/// What could not be read, or that it holds no node.
pub(crate) fn read(
    paths: &[String],
    server: ServerVersion,
    closed: bool,
    stdin: &mut dyn Read,
) -> Result<Taken, String> {
    let read = load(paths, stdin, &mut Progress::silent()).map_err(|complaints| {
        complaints.iter().map(ToString::to_string).collect::<Vec<String>>().join("\n")
    })?;
    let Loaded { inventory, summary } = read;
    let names: Vec<String> = summary.names.iter().map(|path| file_name(path).to_owned()).collect();
    let name = words::list(&names, "and", 1);
    let semantics = Semantics::of_minor(server.0);
    Ok(Taken {
        cluster: Cluster { inventory, semantics, name, closed, counts: Counts::default() },
        complaints: summary.complaints.iter().map(ToString::to_string).collect(),
    })
}

/// What a report calls a file: its name without its folders.
fn file_name(path: &str) -> &str {
    let name = Path::new(path).file_name().and_then(|name| name.to_str());
    name.filter(|_| path != "-").unwrap_or(path)
}
