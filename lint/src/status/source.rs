//! The cluster as the controller sees it: the same index, filled from a dump or from lists.

use std::collections::BTreeSet;
use std::io::Read;

use placecard_policies::feasibility::inventory::kind::Kind;
use placecard_policies::live::{Live, WATCHED, Watched};
use placecard_policies::snapshot::object::{Object, Sink};
use placecard_policies::snapshot::problem::Problem;
use placecard_policies::surroundings::ServerVersion;

use crate::cluster::{Complaint, Progress, Summary, load_into};
use crate::plan::ClusterSource;

/// A cluster, and what is to be said of how it was read.
pub(super) struct Taken {
    pub(super) live: Live,
    /// What reports call it.
    pub(super) name: String,
    pub(super) nodes: usize,
    /// As of when, in seconds since 1970: not before the newest moment in it.
    pub(super) now: i64,
    pub(super) complaints: Vec<String>,
}

/// Takes the objects as they are written.
struct Reading {
    live: Live,
    problems: Vec<Problem>,
}

impl Reading {
    fn new(server: ServerVersion) -> Self {
        let mut live = Live::new(server);
        WATCHED.into_iter().for_each(|kind| live.list(kind));
        Self { live, problems: Vec::new() }
    }
}

/// The kind of an object that says this of itself; what does not say its group is taken by its kind.
fn watched(api_version: Option<&str>, kind: &str) -> Option<Watched> {
    let named = |one: &Watched| one.row().kind == kind;
    let of = |one: &Watched| api_version.is_none_or(|version| one.api_version() == version);
    WATCHED.into_iter().find(|one| named(one) && of(one))
}

impl Sink for Reading {
    fn put(&mut self, _: Object) -> bool {
        false
    }

    fn wants(&self, api_version: Option<&str>, kind: &str) -> bool {
        watched(api_version, kind).is_some()
    }

    fn see(&mut self, api_version: Option<&str>, kind: &str, object: &[u8]) {
        let Some(kind) = watched(api_version, kind) else { return };
        // Of kinds that everybody reads, whoever reads the text complains.
        if let Err(problem) = self.live.put(kind, object)
            && kind.kind().is_none()
        {
            self.problems.push(problem);
        }
    }

    fn set_unknown(&mut self, kinds: BTreeSet<Kind>) {
        for kind in WATCHED {
            if !kind.kind().is_some_and(|kind| kinds.contains(&kind)) {
                self.live.listed(kind);
            }
        }
    }
}

/// Reads a cluster from where it is.
///
/// # Errors
/// What could not be read, or that it holds no node.
pub(super) fn read(
    source: &ClusterSource,
    server: ServerVersion,
    stdin: &mut dyn Read,
) -> Result<Taken, String> {
    let (reading, summary) = load_from(source, server, stdin).map_err(|complaints| {
        complaints.iter().map(ToString::to_string).collect::<Vec<String>>().join("\n")
    })?;
    let told = reading.problems.iter().map(|problem| Complaint::of("", problem));
    let complaints = summary.complaints.iter().cloned().chain(told);
    let name = match summary.names.as_slice() {
        [one] => file_name(one).to_owned(),
        _ => summary.name(),
    };
    Ok(Taken {
        name,
        nodes: summary.seen.count(Kind::Node),
        now: now(source, &summary),
        complaints: complaints.map(|one| one.to_string()).collect(),
        live: reading.live,
    })
}

fn load_from(
    source: &ClusterSource,
    server: ServerVersion,
    stdin: &mut dyn Read,
) -> Result<(Reading, Summary), Vec<Complaint>> {
    let paths: &[String] = match source {
        ClusterSource::Files(paths) => paths,
        #[cfg(feature = "live")]
        ClusterSource::Live(access) => {
            return crate::live::load_as(access, true, || Reading::new(server));
        }
        // The plan has said so already.
        _ => &[],
    };
    let mut reading = Reading::new(server);
    let summary = load_into(paths, stdin, &mut reading, &mut Progress::silent())?;
    Ok((reading, summary))
}

/// As of when a cluster is looked at.
fn now(source: &ClusterSource, summary: &Summary) -> i64 {
    #[cfg(feature = "live")]
    if matches!(source, ClusterSource::Live(_)) {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let since = since.map(|since| since.as_secs()).unwrap_or_default();
        return i64::try_from(since).unwrap_or(i64::MAX);
    }
    let _ = source;
    summary.seen.newest.seconds().unwrap_or(0)
}

/// A path without its folders.
fn file_name(path: &str) -> &str {
    let name = std::path::Path::new(path).file_name().and_then(|name| name.to_str());
    name.filter(|_| path != "-").unwrap_or(path)
}
