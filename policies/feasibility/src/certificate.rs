//! Certificates: why something can not be, as plain data that a small checker verifies.
//!
//! A procedure that finds an answer may be clever; what it hands over is checked by code that is
//! not: [`verify`] reads nothing but the certificate and the [`Manifest`], [`verify_pod`] the pod and
//! its volumes, and [`verify_cover`], [`verify_stock`] and [`verify_batch`] a cluster. The checkers share no code with the procedures. A certificate whose
//! checker refuses it proves nothing: its verdict must become `Unknown`.
//!
//! The wire form is JSON, made where JSON is known; [`VERSION`] is its version.

pub mod batch;
mod companions;
mod counting;
mod cover;
mod requirements;
pub mod stock;

use std::collections::{BTreeMap, BTreeSet};

use crate::any_cluster::check::check;
use crate::any_cluster::{Assumption, Contradiction, KnownVolume};
use crate::inventory::pod::Pod;
use crate::judge::Semantics;

pub use batch::{BatchCover, Misfit, verify as verify_batch};
pub use cover::{verify as verify_cover, verify_exclusions};
pub use stock::{StockCover, verify as verify_stock};

/// The version of the wire form.
pub const VERSION: u32 = 1;

/// Something that a proof takes for granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Axiom {
    /// A0: labels have the syntax that the API server enforces, and each namespace carries its
    /// name.
    LabelSyntax,
    /// No node that runs a replica is relabelled on the key: running pods stay where they are,
    /// whatever becomes of the labels.
    NoRelabelling,
    /// No taint is added to a node that runs a replica: a spread constraint that honours taints
    /// would not count it any more.
    NoNewTaint,
    /// A1: nodes carry the labels that a kubelet writes (`kubernetes.io/os`, `arch`, `hostname`).
    KubeletLabels,
    /// A2: no two nodes have one host name.
    UniqueHostname,
    /// A3: a node is in one zone, a zone in one region.
    NestedLevels,
    /// Other objects (claims, volumes, autoscalers) are as they were read.
    OtherObjects,
    /// The server reads negative namespace selectors as its version is known to
    /// (kubernetes#141526).
    ServerVersion,
    /// The cluster is as it was read.
    Snapshot,
    /// There are no nodes of other kinds than those that were read.
    ClosedInventory,
}

impl Axiom {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::LabelSyntax,
        Self::NoRelabelling,
        Self::NoNewTaint,
        Self::KubeletLabels,
        Self::UniqueHostname,
        Self::NestedLevels,
        Self::OtherObjects,
        Self::ServerVersion,
        Self::Snapshot,
        Self::ClosedInventory,
    ];

    /// The name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LabelSyntax => "A0",
            Self::NoRelabelling => "no-relabelling",
            Self::NoNewTaint => "no-new-taint",
            Self::KubeletLabels => "A1",
            Self::UniqueHostname => "A2",
            Self::NestedLevels => "A3",
            Self::OtherObjects => "other-objects",
            Self::ServerVersion => "server-version",
            Self::Snapshot => "snapshot",
            Self::ClosedInventory => "closed-inventory",
        }
    }
}

/// An argument, what it rests on and whom it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// What it takes for granted.
    pub assume: BTreeSet<Axiom>,
    /// The fields that clash, as JSON pointers into the object, in the order of the argument.
    pub core: Vec<String>,
    /// Why it can not be.
    pub argument: Argument,
}

/// Why something can not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Demands of one pod exclude one another: labels of nodes, companions, volumes.
    AnyCluster(Box<Contradiction>),
    /// Replicas repel one another, and there are fewer domains than replicas.
    Pigeonhole(Pigeonhole),
    /// A spread constraint allows so many replicas a domain, and there are too few domains.
    SpreadWindow(SpreadWindow),
    /// Replicas must be near one another and apart in one level.
    OneReplica(OneReplica),
    /// All replicas mount a claim that one pod at a time may use.
    SharedClaim(SharedClaim),
    /// While all replicas run there is no room for the first pod of an update, and none may stop
    /// before it runs.
    FullUpdate(FullUpdate),
    /// Each node is excluded by a demand.
    Cover(Cover),
    /// Each kind of node that there is, or that a template would bring, lacks something for good.
    Stock(StockCover),
    /// No domain that there is could hold the pods of a batch together.
    Batch(BatchCover),
}

/// Self anti-affinity over a finite set of domains (S1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pigeonhole {
    /// The required anti-affinity term, by its index.
    pub term: usize,
    /// Its topology key.
    pub key: String,
    /// All values of the label that the pod's node rules allow, in order.
    pub domains: Vec<String>,
    /// How many replicas fit a domain: 1.
    pub per_domain: u64,
    /// How many are asked for.
    pub need: u64,
}

/// A hard spread constraint that never finds as many domains as it asks for (S2), so that its
/// minimum always counts as 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpreadWindow {
    /// The constraint, by its index.
    pub constraint: usize,
    /// Its topology key.
    pub key: String,
    /// All values of the label that the pod's node rules allow, in order.
    pub domains: Vec<String>,
    /// `maxSkew`: how many replicas fit a domain.
    pub max_skew: u64,
    /// `minDomains`.
    pub min_domains: u64,
    /// How many replicas are asked for.
    pub need: u64,
}

/// Required near and apart from all possible companions (I4): the first replica may start, no
/// other ever can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneReplica {
    /// The topology key that both sides name.
    pub key: String,
    /// The required affinity terms that say who is a companion, by index; one of them names the
    /// key.
    pub affinity: Vec<usize>,
    /// The required anti-affinity terms over the key that repel each of them, by index.
    pub anti: Vec<usize>,
    /// How many replicas are asked for.
    pub need: u64,
}

/// One claim with the access mode `ReadWriteOncePod` (S4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedClaim {
    /// Its name, in the namespace of the pods.
    pub claim: String,
    /// How many replicas are asked for.
    pub need: u64,
}

/// An update that cannot begin (S6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullUpdate {
    /// Why one pod more than `replicas` has no room; it counts old and new pods alike.
    pub bound: Box<Argument>,
    /// How many pods must run.
    pub replicas: u64,
    /// How many pods more the update may make.
    pub surge: u64,
    /// How many fewer may run meanwhile: 0.
    pub unavailable: u64,
}

/// For each plugin, nodes that it excludes; together all nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// The pods of the cluster were left out: only nodes count, and what is bound to them.
    pub empty: bool,
    /// The excluded nodes, by the name of the plugin. None can be left out.
    pub excluded: BTreeMap<String, BTreeSet<String>>,
}

impl Certificate {
    /// The certificate of a contradiction; `core` are the fields, as pointers.
    #[must_use]
    pub fn of_contradiction(contradiction: Contradiction, core: Vec<String>) -> Self {
        // The requirements that clash are for sentences: the proof does without them.
        let contradiction = Contradiction { core: None, ..contradiction };
        let argument = Argument::AnyCluster(Box::new(contradiction));
        Self { assume: argument.needs(), core, argument }
    }

    /// Whether it owns up to what an argument of its kind takes for granted at least.
    #[must_use]
    pub fn states_its_needs(&self) -> bool {
        let has = |axiom: Axiom| self.assume.contains(&axiom);
        self.argument.needs().into_iter().all(has)
    }
}

impl Argument {
    /// What an argument of this kind takes for granted. A spread constraint that honours taints
    /// needs `NoNewTaint` besides, and a cover a cluster.
    #[must_use]
    pub fn needs(&self) -> BTreeSet<Axiom> {
        match self {
            Self::AnyCluster(contradiction) => {
                let mut needs = BTreeSet::from([Axiom::LabelSyntax]);
                needs.extend(contradiction.assumptions().iter().map(|one| match one {
                    Assumption::VolumesAsGiven | Assumption::VolumesAreMade => Axiom::OtherObjects,
                    Assumption::ServerVersion => Axiom::ServerVersion,
                    Assumption::KubeletLabels => Axiom::KubeletLabels,
                }));
                needs
            }
            Self::Pigeonhole(_) | Self::SpreadWindow(_) | Self::OneReplica(_) => {
                BTreeSet::from([Axiom::LabelSyntax, Axiom::NoRelabelling])
            }
            Self::SharedClaim(_) => BTreeSet::from([Axiom::OtherObjects]),
            Self::FullUpdate(update) => update.bound.needs(),
            Self::Cover(_) | Self::Batch(_) => BTreeSet::from([Axiom::Snapshot]),
            Self::Stock(_) => BTreeSet::from([Axiom::ClosedInventory]),
        }
    }

    /// The name of the kind in the wire form.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::AnyCluster(_) => "any-cluster",
            Self::Pigeonhole(_) => "pigeonhole",
            Self::SpreadWindow(_) => "spread-window",
            Self::OneReplica(_) => "one-replica",
            Self::SharedClaim(_) => "shared-claim",
            Self::FullUpdate(_) => "full-update",
            Self::Cover(_) => "cover",
            Self::Stock(_) => "stock",
            Self::Batch(_) => "batch",
        }
    }
}

/// A workload with equal replicas, as far as arguments about their number need it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The pod that each replica is, as it would be placed: native fields, label keys merged.
    pub pod: Pod,
    /// How many replicas are asked for.
    pub replicas: u64,
    /// Whom each of the pod's required affinity terms selects among the replicas, by index.
    pub affinity_reach: Vec<Reach>,
    /// Whom each of the pod's required anti-affinity terms selects among the replicas, by index.
    pub anti_reach: Vec<Reach>,
    /// Whom each of the pod's spread constraints counts among the replicas, by index.
    pub spread_reach: Vec<Reach>,
    /// How the pods are replaced when the template changes; `None`: old ones go first.
    pub update: Option<Update>,
    /// The access modes of claims in the namespace, as far as they are known.
    pub access_modes: BTreeMap<String, Vec<String>>,
}

/// Among the replicas of one workload, those that a term can select.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// All of them, whatever revision they are of.
    AllRevisions,
    /// Those of one revision: the term compares the label that tells revisions apart.
    OneRevision,
    /// Not known: it compares labels that the template does not show.
    #[default]
    Unknown,
}

/// A rolling update, rounded as the controller rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// How many pods more than asked for it may make.
    pub surge: u64,
    /// How many pods fewer than asked for may run.
    pub unavailable: u64,
}

/// Why a checker refuses a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It assumes less than an argument of its kind must.
    Assumptions,
    /// A number or name is not that of the manifest or the cluster.
    Facts,
    /// The facts are right, but they do not make the argument.
    Argument,
    /// It is about a cluster, or about something that the checker cannot see through.
    Beyond,
}

/// Verifies a certificate about the replicas of a workload.
///
/// # Errors
///
/// Why the certificate proves nothing.
pub fn verify(certificate: &Certificate, manifest: &Manifest) -> Result<(), Refusal> {
    if !certificate.states_its_needs() {
        return Err(Refusal::Assumptions);
    }
    let taints = certificate.assume.contains(&Axiom::NoNewTaint);
    verify_argument(&certificate.argument, manifest, taints)
}

/// Verifies a certificate that no cluster can take one pod, given what is known of its volumes.
///
/// # Errors
///
/// Why the certificate proves nothing.
pub fn verify_pod(
    certificate: &Certificate,
    pod: &Pod,
    volumes: &[KnownVolume],
    semantics: Semantics,
) -> Result<(), Refusal> {
    let Argument::AnyCluster(contradiction) = &certificate.argument else {
        return Err(Refusal::Beyond);
    };
    if !certificate.states_its_needs() {
        return Err(Refusal::Assumptions);
    }
    let holds = check(pod, volumes, contradiction, semantics);
    if holds { Ok(()) } else { Err(Refusal::Argument) }
}

fn verify_argument(argument: &Argument, manifest: &Manifest, taints: bool) -> Result<(), Refusal> {
    match argument {
        Argument::Pigeonhole(one) => counting::pigeonhole(one, manifest, manifest.replicas, false),
        Argument::SpreadWindow(one) => {
            counting::spread_window(one, manifest, manifest.replicas, false, taints)
        }
        Argument::OneReplica(one) => companions::one_replica(one, manifest, manifest.replicas),
        Argument::SharedClaim(one) => counting::shared_claim(one, manifest, manifest.replicas),
        Argument::FullUpdate(update) => full_update(update, manifest, taints),
        Argument::AnyCluster(_) | Argument::Cover(_) | Argument::Stock(_) | Argument::Batch(_) => {
            Err(Refusal::Beyond)
        }
    }
}

fn full_update(one: &FullUpdate, manifest: &Manifest, taints: bool) -> Result<(), Refusal> {
    let update = manifest.update.ok_or(Refusal::Facts)?;
    let stated = Update { surge: one.surge, unavailable: one.unavailable };
    if one.replicas != manifest.replicas || stated != update {
        return Err(Refusal::Facts);
    }
    if update.unavailable > 0 || update.surge == 0 {
        return Err(Refusal::Argument);
    }
    let need = one.replicas.checked_add(1).ok_or(Refusal::Argument)?;
    match one.bound.as_ref() {
        Argument::Pigeonhole(one) => counting::pigeonhole(one, manifest, need, true),
        Argument::SpreadWindow(one) => counting::spread_window(one, manifest, need, true, taints),
        Argument::OneReplica(one) => companions::one_replica(one, manifest, need),
        Argument::SharedClaim(one) => counting::shared_claim(one, manifest, need),
        Argument::AnyCluster(_)
        | Argument::FullUpdate(_)
        | Argument::Cover(_)
        | Argument::Stock(_)
        | Argument::Batch(_) => Err(Refusal::Beyond),
    }
}

#[cfg(test)]
mod tests;
