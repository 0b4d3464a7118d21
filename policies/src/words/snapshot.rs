//! Words for what a snapshot of a cluster holds, lacks or cannot be read in.

use std::collections::BTreeSet;

use placecard_feasibility::inventory::kind::Kind;

use crate::snapshot::problem::{Bytes, ObjectName, Problem, ProblemKind};
use crate::snapshot::seen::Seen;
use crate::words::{list, shorten};

/// The primary line of a problem (at most 72 characters as a rule) and the way out, if there is
/// one.
#[must_use]
pub fn problem(problem: &Problem) -> (String, Option<String>) {
    let object = problem.object.as_ref().map(object_name);
    let subject = || object.clone().unwrap_or_else(|| "this object".to_owned());
    let (line, help) = match &problem.kind {
        ProblemKind::Empty => ("there is nothing in it".to_owned(), TAKE),
        ProblemKind::NothingKnown { kinds } if kinds.is_empty() => {
            ("there are no objects in it".to_owned(), TAKE)
        }
        ProblemKind::NothingKnown { kinds } => {
            let kinds: Vec<String> =
                kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            (format!("no nodes in it that can be read, only {}", list(&kinds, "and", 3)), TAKE)
        }
        ProblemKind::CutOff => (
            match &object {
                Some(object) => format!("it ends in the middle of {object}"),
                None => "it ends in the middle of a list".to_owned(),
            },
            "it is cut off: take it again, and wait until kubectl is done",
        ),
        ProblemKind::NotJson { found } => (
            match char::from(*found) {
                found if found.is_ascii_graphic() => format!("JSON has no {found} here"),
                _ => format!("JSON has no byte 0x{found:02X} here"),
            },
            "take it again, with nothing but kubectl's output in it",
        ),
        ProblemKind::Utf16 => (
            "the file is UTF-16, kubectl writes UTF-8".to_owned(),
            "save it as UTF-8; in PowerShell: Out-File -Encoding utf8",
        ),
        ProblemKind::NoText(bytes) => {
            let (line, help) = match bytes {
                Bytes::Gzip => {
                    ("the file is packed by gzip", "give it unpacked; gunzip unpacks it")
                }
                Bytes::Zstd => {
                    ("the file is packed by zstd", "give it unpacked; unzstd unpacks it")
                }
                Bytes::Other => ("the file is no text", TAKE),
            };
            (line.to_owned(), help)
        }
        ProblemKind::NoList => ("the items of this list are no list".to_owned(), TAKE),
        ProblemKind::TooDeep { limit } => {
            (format!("lists in lists, deeper than {limit}"), "give the lists one by one")
        }
        ProblemKind::Unreadable { path, message } => {
            let message = shorten(message, 72);
            let path = if path.is_empty() { String::new() } else { format!("{path}: ") };
            (format!("{} is left out: {path}{message}", subject()), "")
        }
        ProblemKind::TooLarge { limit } => (
            format!("{} is left out: it is larger than {} MiB", subject(), limit >> 20),
            "a cluster holds objects of at most 1.5 MiB",
        ),
        ProblemKind::NoKind => ("something without a kind is left out".to_owned(), ""),
        ProblemKind::NoName => (
            match &problem.object {
                Some(object) => format!("a {} without a name is left out", object.kind),
                None => "an object without a name is left out".to_owned(),
            },
            "",
        ),
        ProblemKind::Duplicate => {
            (format!("{} is there twice, the last one counts", subject()), "")
        }
        ProblemKind::UnknownNode { node, pods: 1 } => {
            (format!("1 pod is on node {node}, which is not there"), MISSING_NODE)
        }
        ProblemKind::UnknownNode { node, pods } => {
            (format!("{pods} pods are on node {node}, which is not there"), MISSING_NODE)
        }
    };
    (line, (!help.is_empty()).then(|| help.to_owned()))
}

const TAKE: &str = "kubectl get nodes,pods,namespaces,pv,pvc,sc,csinodes -A -o json";
const MISSING_NODE: &str = "they count nowhere; it may be gone, or the dump has not all nodes";

fn object_name(object: &ObjectName) -> String {
    let ObjectName { kind, namespace, name } = object;
    let kind = if kind.is_empty() { "object" } else { kind };
    match (namespace.is_empty(), name.is_empty()) {
        (_, true) if object.kind.is_empty() => "an object".to_owned(),
        (_, true) => format!("a {kind}"),
        (true, false) => format!("{kind} {name}"),
        (false, false) => format!("{kind} {namespace}/{name}"),
    }
}

/// What does not limit a verdict because the snapshot does not say it, one line a kind.
#[must_use]
pub fn missing(unknown: &BTreeSet<Kind>) -> Vec<String> {
    let line = |kind: &Kind| {
        let effect = match kind {
            Kind::Node => "other nodes may fit, and may count for spread and affinity",
            Kind::Pod => "what runs there already is not counted",
            Kind::Namespace => "namespaceSelectors on other labels than the name reject nothing",
            Kind::PersistentVolume => "where volumes are is not judged",
            Kind::PersistentVolumeClaim => "claims are not judged",
            Kind::StorageClass => "claims without a volume are not judged",
            Kind::CsiNode => "how many volumes a node holds is not judged",
            _ => return None,
        };
        Some((kind.resource(), effect))
    };
    unknown.iter().filter_map(line).map(|(kind, effect)| format!("{kind}: {effect}")).collect()
}

/// That nothing can be listed on which pods could be placed.
#[must_use]
pub fn no_node_to_list() -> &'static str {
    "there is no node to be listed, so nothing is written: a verdict needs nodes"
}

/// That the server does not tell its version.
#[must_use]
pub fn no_version() -> &'static str {
    "the version of the server may not be read: --kubernetes-version says it"
}

/// That the rules of a server so old are not known.
#[must_use]
pub fn old_server(minor: u32, oldest: u32) -> String {
    format!("the cluster's server is 1.{minor}; it is judged by the rules of 1.{oldest}")
}

/// That a kind is missing in a snapshot, and why: it may not be listed, or is not served.
#[must_use]
pub fn not_listed(kind: Kind, forbidden: Option<&str>) -> String {
    let resource = kind.resource();
    match forbidden {
        Some(told) => {
            format!("{resource} may not be listed, so none is taken to be absent: {told}")
        }
        None => format!("{resource} are not served, so none is taken to be absent"),
    }
}

/// The same, for a namespace.
#[must_use]
pub fn not_listed_in(kind: Kind, namespace: &str, forbidden: &str) -> String {
    format!("{} of namespace {namespace} may not be listed: {forbidden}", kind.resource())
}

/// That a list took so long that its pages do not belong together any longer.
#[must_use]
pub fn too_old(kind: Kind) -> String {
    format!("the list of {} became too old on the way and is taken anew", kind.resource())
}

/// Why a list lacks objects; `None`: it lacks none.
#[must_use]
pub fn lacks(namespaces: Option<&[String]>, selector: Option<&str>) -> Option<String> {
    let namespaces = namespaces.map(|names| match names {
        [name] => format!("namespace {name}"),
        names => format!("namespaces {}", list(names, "and", names.len())),
    });
    let selector = selector.map(|selector| format!("labels {selector}"));
    let parts: Vec<String> = namespaces.into_iter().chain(selector).collect();
    (!parts.is_empty()).then(|| format!("only {}", parts.join(", ")))
}

/// What the snapshot is, for `holds:`: `4 nodes, 31 pods, 2026-11-20 09:00 UTC`.
#[must_use]
pub fn contents(seen: &Seen) -> String {
    let counted = |kind: Kind, one: &str| match seen.count(kind) {
        1 => format!("1 {one}"),
        count => format!("{count} {}", kind.resource()),
    };
    let mut text = counted(Kind::Node, "node");
    if seen.count(Kind::Pod) > 0 {
        text.push_str(", ");
        text.push_str(&counted(Kind::Pod, "pod"));
    }
    if seen.newest.is_known() {
        text.push_str(&format!(", {}", seen.newest));
    }
    text
}
