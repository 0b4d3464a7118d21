//! The cluster of a command line, ready to be judged on.

use std::io::Read;
use std::path::Path;

use placecard_language::Words;
use placecard_language::vocabulary::Inventory as Closeness;
use placecard_policies::cluster::{Cluster, Counts};
use placecard_policies::feasibility::judge::Semantics;
use placecard_policies::node_templates::node_templates;
use placecard_policies::scheduling::Schedulers;
use placecard_policies::surroundings::{Answer, Reference, ServerVersion};
use placecard_policies::words;

use crate::cluster::{Complaint, Loaded, Progress, load};
use crate::plan::{ClusterSource, Inputs};
use crate::scheduler_configuration::configured;

/// A cluster, and what is to be said of how it was read.
pub(crate) struct Taken {
    pub(crate) cluster: Cluster,
    /// What its definitions of custom resources answer.
    pub(crate) definitions: Vec<(Reference, Answer)>,
    /// The server by which is judged.
    pub(crate) server: ServerVersion,
    /// For standard error: a line or more each.
    pub(crate) complaints: Vec<String>,
}

/// Reads a cluster, and the configuration of its scheduler; the vocabulary says which nodes may be
/// added. Where no server was named, that of the cluster counts, if it is known.
///
/// # Errors
/// What could not be read, or that it holds no node.
pub(crate) fn read(
    source: &ClusterSource,
    inputs: &Inputs,
    words: &Words,
    stdin: &mut dyn Read,
) -> Result<Taken, String> {
    let read = load_from(source, stdin).map_err(|complaints| told(&complaints))?;
    let Loaded { mut inventory, definitions, summary } = read;
    let server = match summary.seen.server.map(ServerVersion) {
        Some(server) if !inputs.server_is_given => server,
        _ => inputs.server,
    };
    let mut notes = Vec::new();
    if server < ServerVersion::OLDEST {
        notes.push(words::snapshot::old_server(server.0, ServerVersion::OLDEST.0));
    }
    let server = server.max(ServerVersion::OLDEST);
    let semantics = Semantics::of_minor(server.0);
    let mut schedulers = None;
    if let Some(path) = &inputs.scheduler_config {
        let found = configured(path, semantics, stdin)?;
        notes = found.notes;
        let name = file_name(path).to_owned();
        schedulers = Some(Schedulers { name, configuration: found.configuration });
    }
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
        definitions,
        server,
        complaints: complaints.chain(notes).collect(),
    })
}

/// Reads a cluster from where it is.
///
/// # Errors
/// As for [`load()`]; or that it cannot be asked.
pub(crate) fn load_from(
    source: &ClusterSource,
    stdin: &mut dyn Read,
) -> Result<Loaded, Vec<Complaint>> {
    match source {
        ClusterSource::Absent => load(&[], stdin, &mut Progress::silent()),
        ClusterSource::Files(paths) => load(paths, stdin, &mut Progress::silent()),
        #[cfg(feature = "live")]
        ClusterSource::Live(access) => crate::live::load(access),
        // The plan has said so already.
        #[cfg(not(feature = "live"))]
        ClusterSource::Live(_) => load(&[], stdin, &mut Progress::silent()),
    }
}

fn told(complaints: &[Complaint]) -> String {
    complaints.iter().map(ToString::to_string).collect::<Vec<String>>().join("\n")
}

/// What a report calls a file: its name without its folders.
fn file_name(path: &str) -> &str {
    let name = Path::new(path).file_name().and_then(|name| name.to_str());
    name.filter(|_| path != "-").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_of_a_snapshot_counts_unless_one_is_named() {
        let read_from = |snapshot: &str, server_is_given: bool| {
            let inputs = Inputs {
                paths: Vec::new(),
                vocabulary: None,
                objects: Vec::new(),
                server: ServerVersion(34),
                server_is_given,
                cluster: ClusterSource::Absent,
                namespace: None,
                scheduler_config: None,
                closed_world: false,
                configuration: crate::plan::Configuration::Isolated,
            };
            let source = ClusterSource::Files(vec!["-".to_owned()]);
            let taken = read(&source, &inputs, &Words::default(), &mut snapshot.as_bytes());
            let taken = taken.unwrap();
            assert_eq!(taken.cluster.semantics, Semantics::of_minor(taken.server.0));
            (taken.server.0, taken.complaints.len())
        };
        let node = r#"{"kind":"Node","metadata":{"name":"a"}}"#;
        let of =
            |minor: u32| format!(r#"{{"serverVersion":{{"gitVersion":"v1.{minor}.1"}}}} {node}"#);
        assert_eq!(read_from(node, false), (34, 0));
        assert_eq!(read_from(&of(37), false), (37, 0));
        assert_eq!(read_from(&of(37), true), (34, 0));
        // Older than what is known: told, and judged as the oldest.
        assert_eq!(read_from(&of(28), false), (ServerVersion::OLDEST.0, 1));
        assert_eq!(read_from(&of(28), true), (34, 0));
    }
}
