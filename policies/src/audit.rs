//! What no longer holds in a cluster: which rules of running pods are not kept where they run, and
//! which pending pods can not be placed.
//!
//! The scheduler looks at the rules of a pod once, when it places it; nothing moves the pod when a
//! label, a taint or a neighbour changes ("ignored during execution"). So a rule that does not hold
//! any longer is no mistake of the cluster: the pod runs, and the report says what its author may
//! take for granted and can not. Verdicts are those of the filters ([`Standing`]); all of it is
//! data, `words/audit.rs` has the sentences.

pub mod broken;
pub mod evict;
pub mod intents;
pub mod live;
pub mod loss;
pub mod pending;

use std::collections::BTreeMap;
use std::sync::Arc;

use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::profile::Profile;
use placecard_feasibility::state::{Standing, State};
use placecard_findings::Severity;
use placecard_language::checked::Words;
use placecard_language::keys;

use crate::audit::broken::Group;
use crate::audit::intents::{Lapsed, Meaning};
use crate::audit::loss::Loss;
use crate::audit::pending::Pending;
use crate::cluster::Cluster;
use crate::directory::Known;
use crate::surroundings::{Objects, Reference, ServerVersion};

/// What is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// Only the pods of this namespace are reported.
    pub namespace: Option<String>,
    /// These nodes are taken to be gone.
    pub without: Vec<loss::Without>,
    /// The words by which rules in words are read; `None`: no vocabulary is known, and they are not.
    pub words: Option<Arc<Words>>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Running pods that were judged.
    pub running: usize,
    /// Rules that do not hold: the gravest first, then by owner.
    pub groups: Vec<Group>,
    /// Rules in words that do not hold by what they mean now, by owner.
    pub lapsed: Vec<Lapsed>,
    /// Pending pods that were judged.
    pub waiting: usize,
    /// Those that no node takes, by owner.
    pub pending: Vec<Pending>,
    /// What failed nodes, and those that were asked about, mean; `None`: there are none.
    pub loss: Option<Loss>,
    /// Pods that were not judged.
    pub left_out: LeftOut,
}

/// Pods that were not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Static pods: their kubelet runs them whatever a scheduler would say.
    pub fixed: usize,
    /// Pods with scheduling gates.
    pub gated: usize,
    /// Running pods with rules in words, because no vocabulary is known; their fields were judged.
    pub worded: usize,
    /// Pods of schedulers whose profile is not known, by name.
    pub schedulers: BTreeMap<String, usize>,
}

impl Audit {
    /// The greatest severity of what was found.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        let broken = self.groups.iter().map(|group| group.severity);
        let pending = self.pending.iter().map(|_| Severity::Error);
        let lost = self.loss.iter().filter(|loss| loss.is_felt()).map(|_| Severity::Error);
        let lapsed = self.lapsed.iter().map(|_| Severity::Error);
        broken.chain(pending).chain(lost).chain(lapsed).max()
    }
}

/// The profiles of the schedulers of a cluster.
#[must_use]
pub fn profiles(cluster: &Cluster) -> Vec<Profile> {
    match &cluster.schedulers {
        Some(known) => known.configuration.profiles.clone(),
        None => vec![Profile::of(cluster.semantics)],
    }
}

/// Does a kubelet run the pod by itself? The API server shows a mirror of it.
#[must_use]
pub fn is_static(pod: &Pod) -> bool {
    pod.owner.as_ref().is_some_and(|owner| owner.kind == "Node")
}

/// Looks at every pod of a cluster. `step` is told how far it has come: what is looked at now.
#[must_use]
pub fn audit(cluster: &Cluster, ask: &Ask, step: &mut dyn FnMut(Step)) -> Audit {
    step(Step::Counting);
    let mut state = State::of(&cluster.inventory, cluster.semantics);
    let mut standing = Standing::new(profiles(cluster));
    step(Step::Running);
    standing.refresh(&mut state);
    let mut audit = Audit::default();
    let asked = |pod: &Pod| ask.namespace.as_ref().is_none_or(|it| *it == pod.namespace);
    let mut waiting = Vec::new();
    for pod in cluster.inventory.pods.values() {
        if pod.finished || pod.terminating || !asked(pod) {
            continue;
        }
        if is_static(pod) {
            audit.left_out.fixed += 1;
        } else if cluster.profile_of(pod).is_none() {
            let name = pod.scheduler_name().to_owned();
            *audit.left_out.schedulers.entry(name).or_default() += 1;
        } else if pod.node.is_some() {
            audit.running += 1;
            let worded = pod.notes.contains_key(keys::REQUIRE) && ask.words.is_none();
            audit.left_out.worded += usize::from(worded);
        } else if !pod.gates.is_empty() {
            audit.left_out.gated += 1;
        } else {
            waiting.push(pod);
        }
    }
    audit.groups = broken::groups(cluster, &mut state, &standing, &asked);
    if let Some(words) = &ask.words {
        let objects = Objects::default();
        let known = Known::beside(&objects, &cluster.inventory);
        let answer = |reference: &Reference| known.find(reference);
        let meaning = Meaning { words, server: ServerVersion::default(), answer: &answer };
        audit.lapsed = intents::lapsed(&state, &profiles(cluster), &meaning, &asked);
    }
    step(Step::Pending);
    audit.waiting = waiting.len();
    audit.pending = pending::pending(cluster, &mut state, &waiting);
    step(Step::Loss);
    audit.loss = loss::loss(cluster, state, &ask.without, &asked);
    audit
}

/// How far an audit has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Pods are put on their nodes.
    Counting,
    /// Running pods are looked at.
    Running,
    /// Pending pods are looked at.
    Pending,
    /// Pods of nodes that failed are placed elsewhere.
    Loss,
}

#[cfg(test)]
mod tests;
