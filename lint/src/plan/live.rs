//! Which cluster is meant, and what a snapshot of a live one holds.

use std::path::PathBuf;

use placecard_language::problem::Form;
use placecard_policies::snapshot::redact::{INCLUDES, Include};

use crate::args::{LiveFlags, SnapshotFlags};

/// Where a cluster is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClusterSource {
    /// There is none.
    #[default]
    Absent,
    /// In files and folders; `-` is standard input. Not empty.
    Files(Vec<String>),
    /// Behind an API server.
    Live(Access),
}

impl ClusterSource {
    /// Whether there is none.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        *self == Self::Absent
    }
}

/// How an API server is found, as kubectl finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The kubeconfig; `None`: `KUBECONFIG`, `~/.kube/config`, or the service account of the pod.
    pub kubeconfig: Option<PathBuf>,
    /// Its context; `None`: the current one.
    pub context: Option<String>,
}

/// What a dump holds, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotAsk {
    /// The API server.
    pub access: Access,
    /// The file; `None`: standard output.
    pub output: Option<PathBuf>,
    /// The namespaces; empty: all.
    pub namespaces: Vec<String>,
    /// The label selector of pods.
    pub selector: Option<String>,
    /// What is not left out.
    pub include: Include,
}

/// For builds without the feature.
const NOT_LIVE: &str = "this placecard cannot ask live clusters; one that can is built by: \
                        cargo install --locked --path lint --features live";

fn live() -> Result<(), String> {
    if cfg!(feature = "live") { Ok(()) } else { Err(NOT_LIVE.to_owned()) }
}

/// The one cluster that is named by files or flags.
///
/// # Errors
/// It is named twice or by halves, or this build has no access to live clusters.
pub(super) fn source(files: Vec<String>, flags: LiveFlags) -> Result<ClusterSource, String> {
    let LiveFlags { live: is_live, kubeconfig, context } = flags;
    match (is_live, files.is_empty()) {
        (true, true) => {
            live()?;
            let kubeconfig = kubeconfig.map(PathBuf::from);
            Ok(ClusterSource::Live(Access { kubeconfig, context }))
        }
        (true, false) => Err("there is one cluster: --live or --cluster, not both".to_owned()),
        (false, _) if kubeconfig.is_some() || context.is_some() => {
            Err("--kubeconfig and --context say where a live cluster is: add --live".to_owned())
        }
        (false, true) => Ok(ClusterSource::Absent),
        (false, false) => Ok(ClusterSource::Files(files)),
    }
}

/// What a dump holds, and where it goes. `terminal`: whether standard output is one.
///
/// # Errors
/// What is wrong with it, or that this build has no access to live clusters.
pub(super) fn snapshot(flags: SnapshotFlags, terminal: bool) -> Result<SnapshotAsk, String> {
    live()?;
    let SnapshotFlags { live, output, namespaces, all_namespaces, selector, include } = flags;
    if all_namespaces && !namespaces.is_empty() {
        return Err("some namespaces or all: --namespace or --all-namespaces".to_owned());
    }
    if let Some(wrong) = namespaces.iter().find(|name| !Form::DnsLabel.accepts(name)) {
        return Err(format!("--namespace {wrong} is no name of a namespace"));
    }
    let mut included = Include::default();
    for name in include.iter().flat_map(|names| names.split(',')) {
        if !included.add(name.trim()) {
            return Err(format!("--include {name}: there are {}", INCLUDES.join(", ")));
        }
    }
    let output = match output.as_deref() {
        None if terminal => {
            return Err("where to? -o FILE, or -o - for standard output".to_owned());
        }
        None | Some("-") => None,
        Some("") => return Err("--output names no file".to_owned()),
        Some(path) => Some(PathBuf::from(path)),
    };
    let mut named = Vec::new();
    for name in namespaces {
        if !named.contains(&name) {
            named.push(name);
        }
    }
    Ok(SnapshotAsk {
        access: Access { kubeconfig: live.kubeconfig.map(PathBuf::from), context: live.context },
        output,
        namespaces: named,
        selector,
        include: included,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(live: bool, context: Option<&str>) -> LiveFlags {
        LiveFlags { live, kubeconfig: None, context: context.map(str::to_owned) }
    }

    #[test]
    fn a_cluster_is_named_once() {
        let files = vec!["a".to_owned()];
        assert_eq!(source(Vec::new(), flags(false, None)), Ok(ClusterSource::Absent));
        assert_eq!(
            source(files.clone(), flags(false, None)),
            Ok(ClusterSource::Files(files.clone()))
        );
        for (files, flags, part) in [
            (files.clone(), flags(true, None), "not both"),
            (files, flags(false, Some("x")), "add --live"),
            (Vec::new(), flags(false, Some("x")), "add --live"),
        ] {
            let error = source(files, flags).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        let live = source(Vec::new(), flags(true, Some("x")));
        match cfg!(feature = "live") {
            true => assert!(matches!(live, Ok(ClusterSource::Live(_))), "{live:?}"),
            false => assert_eq!(live, Err(NOT_LIVE.to_owned())),
        }
    }

    #[test]
    fn what_a_snapshot_cannot_mean_is_told() {
        let flags = || SnapshotFlags { output: Some("x".into()), ..SnapshotFlags::default() };
        if !cfg!(feature = "live") {
            assert_eq!(snapshot(flags(), false), Err(NOT_LIVE.to_owned()));
            return;
        }
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        for (flags, part) in [
            (SnapshotFlags { output: None, ..flags() }, "where to"),
            (SnapshotFlags { output: Some(String::new()), ..flags() }, "no file"),
            (SnapshotFlags { namespaces: names(&["a/b"]), ..flags() }, "no name of a namespace"),
            (SnapshotFlags { include: names(&["images,secrets"]), ..flags() }, "--include"),
            (
                SnapshotFlags { namespaces: names(&["a"]), all_namespaces: true, ..flags() },
                "some namespaces or all",
            ),
        ] {
            let error = snapshot(flags, true).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        let all = SnapshotFlags {
            namespaces: names(&["b", "a", "b"]),
            include: names(&["images, environment", "commands"]),
            ..flags()
        };
        let ask = snapshot(all, false).unwrap();
        assert_eq!(ask.namespaces, ["b", "a"]);
        let Include { environment, images, annotations, commands } = ask.include;
        assert!(environment && images && commands && !annotations);
    }
}
