//! What a snapshot holds, and what it lacks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use placecard_feasibility::inventory::kind::{KINDS, Kind};
use placecard_feasibility::label::Labels;

use super::alike::Alike;
use super::object::{Object, Read, Sink, labelled_namespace};
use super::problem::{ObjectName, Place, Problem, ProblemKind, kind_of};
use super::stamp::{Moment, Revision};
use crate::words::shorten;

/// At most so many problems are kept; the others are counted.
pub const MOST_PROBLEMS: usize = 100;

/// At most so many kinds that placement does not depend on are told apart.
const MOST_KINDS: usize = 50;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The objects that were read, by kind; 0 for a list that is empty.
    pub counts: BTreeMap<Kind, usize>,
    /// The objects that are left out because they cannot be read, by kind.
    pub left_out: BTreeMap<Kind, usize>,
    /// Objects that are left out and of which not even the kind is known.
    pub nameless: usize,
    /// The objects of kinds that placement does not depend on, by the name of the kind.
    pub passed_over: BTreeMap<String, usize>,
    /// How many objects replaced another of the same kind and name.
    pub duplicates: usize,
    /// Problems beyond [`MOST_PROBLEMS`].
    pub more_problems: usize,
    /// The newest moment in any object: the snapshot is not older.
    pub newest: Moment,
    /// The highest `resourceVersion`: the snapshot is not older.
    pub revision: Revision,
    /// The minor version of the server, `34` for 1.34, if it was read.
    pub server: Option<u32>,
    /// The highest minor version of a kubelet: the server's is not lower.
    pub kubelet: Option<u32>,
    /// The nodes whose conditions call for taints that they lack, and the keys of these taints.
    /// They were added.
    pub tainted: BTreeMap<String, Vec<&'static str>>,
    /// The namespaces that have pods.
    pub pod_namespaces: BTreeSet<String>,
    /// The kinds whose lists say that they lack objects: they are filtered, or not all pages are
    /// there.
    pub incomplete: BTreeSet<Kind>,
    nodes: BTreeSet<String>,
    namespaces: BTreeSet<String>,
    /// Pods that are not finished, by node; sorted in the end.
    pods_by_node: HashMap<String, usize>,
    /// Something of any kind may be missing.
    doubtful: bool,
}

impl Seen {
    /// The kinds of which there may be more objects than were read: those that are not there at
    /// all, those of which some were left out, and those whose lists say so.
    #[must_use]
    pub fn unknown(&self) -> BTreeSet<Kind> {
        let complete = |kind: &Kind| {
            let whole = !self.left_out.contains_key(kind) && !self.incomplete.contains(kind);
            self.counts.contains_key(kind) && whole
        };
        KINDS.into_iter().filter(|kind| self.doubtful || !complete(kind)).collect()
    }

    /// How many objects of a kind were read.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    fn learn(&mut self, read: &Read) {
        self.newest = self.newest.max(read.moment);
        self.revision = self.revision.max(read.revision);
        self.kubelet = self.kubelet.max(read.kubelet);
        *self.counts.entry(read.object.kind()).or_default() += 1;
        match &read.object {
            Object::Node(node, _) => {
                self.nodes.insert(node.name.clone());
                if !read.taints.is_empty() {
                    self.tainted.insert(node.name.clone(), read.taints.clone());
                }
            }
            Object::Namespace(name, _) => {
                self.namespaces.insert(name.clone());
            }
            Object::Pod(pod) => {
                if !self.pod_namespaces.contains(&pod.namespace) {
                    self.pod_namespaces.insert(pod.namespace.clone());
                }
                if let Some(node) = pod.node.as_ref().filter(|_| !pod.finished) {
                    self.count_pod(node);
                }
            }
            _ => {}
        }
    }

    fn count_pod(&mut self, node: &str) {
        match self.pods_by_node.get_mut(node) {
            Some(pods) => *pods += 1,
            None => {
                self.pods_by_node.insert(node.to_owned(), 1);
            }
        }
    }
}

/// Where the objects of a snapshot go while it is read.
pub struct Intake<'s> {
    sink: &'s mut dyn Sink,
    seen: Seen,
    problems: Vec<Problem>,
    alike: Alike,
}

impl<'s> Intake<'s> {
    /// Nothing is read yet.
    pub fn new(sink: &'s mut dyn Sink) -> Self {
        let alike = Alike::default();
        Self { sink, seen: Seen::default(), problems: Vec::new(), alike }
    }

    /// The same, but each pod is read for itself: the referee of the one that remembers pods.
    pub fn forgetful(sink: &'s mut dyn Sink) -> Self {
        Self { alike: Alike::forgetful(), ..Self::new(sink) }
    }

    /// What was read so far.
    #[must_use]
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Takes the problems that were found since it was asked last.
    pub fn take_problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    /// Ends the snapshot: says what is missing, and which pods are bound to nodes that are not
    /// there.
    #[must_use]
    pub fn finish(mut self) -> (Seen, Vec<Problem>) {
        let unknown = self.seen.unknown();
        if unknown.contains(&Kind::Namespace) {
            let named = self.seen.pod_namespaces.difference(&self.seen.namespaces).cloned();
            for name in named.collect::<Vec<_>>() {
                self.sink.put(labelled_namespace(&name, Labels::new()));
            }
        }
        self.sink.set_unknown(unknown);
        let pods_by_node = std::mem::take(&mut self.seen.pods_by_node);
        let pods_by_node: BTreeMap<String, usize> = pods_by_node.into_iter().collect();
        for (node, pods) in pods_by_node {
            if !self.seen.nodes.contains(&node) {
                let kind = ProblemKind::UnknownNode { node, pods };
                self.report(|| Problem { place: None, object: None, kind });
            }
        }
        (self.seen, self.problems)
    }

    /// How many problems are waiting to be taken.
    #[must_use]
    pub fn problem_count(&self) -> usize {
        self.problems.len()
    }

    /// The problems that came after so many, for a reader that knows their places better.
    pub fn problems_since(&mut self, count: usize) -> &mut [Problem] {
        self.problems.get_mut(count..).unwrap_or_default()
    }

    /// Takes note of a problem that was met outside this crate.
    pub fn complain(&mut self, problem: Problem) {
        let name = problem.object.as_ref().map(|object| object.kind.as_str()).unwrap_or_default();
        let kind = kind_of(None, name);
        let left_out = problem.kind.leaves_out();
        if problem.kind.is_fatal() || (left_out && name.is_empty()) {
            self.doubt();
        }
        if left_out && (kind.is_some() || name.is_empty()) {
            self.leave_out(kind, || problem);
        } else {
            self.report(|| problem);
        }
    }

    /// A list of this kind is there, be it empty.
    pub(super) fn note(&mut self, kind: Kind) {
        self.seen.counts.entry(kind).or_default();
    }

    /// A list of this kind lacks objects.
    pub(super) fn note_incomplete(&mut self, kind: Kind) {
        self.seen.incomplete.insert(kind);
    }

    pub(super) fn note_revision(&mut self, revision: Revision) {
        self.seen.revision = self.seen.revision.max(revision);
    }

    pub(super) fn note_server(&mut self, minor: Option<u32>) {
        self.seen.server = self.seen.server.max(minor);
    }

    /// An object of a kind that placement does not depend on.
    pub(super) fn pass_over(&mut self, kind: &str) {
        let counts = &mut self.seen.passed_over;
        if let Some(count) = counts.get_mut(kind) {
            *count += 1;
        } else if counts.len() < MOST_KINDS {
            counts.insert(shorten(kind, 63), 1);
        }
    }

    /// Whether objects of this kind are to be seen as they are written.
    pub(super) fn wants(&self, api_version: Option<&str>, kind: &str) -> bool {
        self.sink.wants(api_version, kind)
    }

    /// An object as it is written, of a kind that is wanted.
    pub(super) fn see(&mut self, api_version: Option<&str>, kind: &str, object: &[u8]) {
        self.sink.see(api_version, kind, object);
    }

    /// Shows an object of a cluster that was read to who wants to see it.
    pub(super) fn show(&mut self, kind: Kind, object: Option<&[u8]>) {
        if let Some(object) = object.filter(|_| self.wants(None, kind.name())) {
            self.see(None, kind.name(), object);
        }
    }

    /// An object that was read; `at`: where, and how it is named.
    pub(super) fn put(&mut self, read: Read, at: impl FnOnce() -> (Place, ObjectName)) {
        let kind = read.object.kind();
        let problem = |kind| {
            let (place, object) = at();
            Problem { place: Some(place), object: Some(object), kind }
        };
        if read.object.name().1.is_empty() {
            self.leave_out(Some(kind), || problem(ProblemKind::NoName));
            return;
        }
        self.seen.learn(&read);
        if let Object::Pod(pod) = &read.object {
            self.alike.remember(pod);
        }
        if read.put(self.sink) {
            self.seen.duplicates += 1;
            self.report(|| problem(ProblemKind::Duplicate));
        }
    }

    /// The pod at the start of the bytes, if it is written like another one; how long it is.
    /// `at` as in [`Self::put`].
    pub(super) fn put_alike(
        &mut self,
        bytes: &[u8],
        at: impl FnOnce() -> (Place, ObjectName),
    ) -> Option<usize> {
        let known = self.alike.find(bytes)?;
        self.seen.newest = self.seen.newest.max(known.moment);
        self.seen.revision = self.seen.revision.max(known.revision);
        *self.seen.counts.entry(Kind::Pod).or_default() += 1;
        if let Some(node) = known.given.node.filter(|_| !known.like.pod.finished) {
            self.seen.count_pod(node);
        }
        let length = known.length;
        if self.sink.put_like(known.like, known.given) {
            self.seen.duplicates += 1;
            self.report(|| {
                let (place, object) = at();
                Problem { place: Some(place), object: Some(object), kind: ProblemKind::Duplicate }
            });
        }
        Some(length)
    }

    /// An object that cannot be read.
    pub(super) fn leave_out(&mut self, kind: Option<Kind>, problem: impl FnOnce() -> Problem) {
        match kind {
            Some(kind) => *self.seen.left_out.entry(kind).or_default() += 1,
            None => self.seen.nameless += 1,
        }
        self.report(problem);
    }

    /// Something of any kind may be missing.
    pub(super) fn doubt(&mut self) {
        self.seen.doubtful = true;
    }

    pub(super) fn report(&mut self, problem: impl FnOnce() -> Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem());
        } else {
            self.seen.more_problems += 1;
        }
    }
}
