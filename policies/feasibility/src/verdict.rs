//! What is said of a placement in the end, and what it rests on.
//!
//! A verdict rests on assumptions: nothing but logic, what a kubelet writes on its node, a
//! convention, the cluster of the moment, or a declaration that the list of nodes is complete. The
//! strongest class that a proof needs is part of its type, so that what holds in one snapshot only
//! can never become a [`Denial`]. What a certificate assumes in detail is data besides
//! ([`Certificate::assume`]), for reports.
//!
//! ```compile_fail
//! use placecard_feasibility::verdict::{Denial, Proof, Snapshot};
//! fn deny(proof: Proof<Snapshot>) -> Denial {
//!     Denial::of(proof, &()) // the trait `Deniable` is not implemented for `Snapshot`
//! }
//! ```
//!
//! The same with a proof that needs logic alone compiles:
//!
//! ```
//! use placecard_feasibility::verdict::{Denial, Logic, Proof};
//! fn deny(proof: Proof<Logic>) -> Denial {
//!     Denial::of(proof, &())
//! }
//! ```
//!
//! and so does one on a closed inventory, for an operator who has declared it closed:
//!
//! ```
//! use placecard_feasibility::verdict::{ClosedInventory, Denial, InventoryIsClosed, Proof};
//! fn deny(proof: Proof<ClosedInventory>, declared: &InventoryIsClosed) -> Denial {
//!     Denial::of(proof, declared)
//! }
//! ```
//!
//! but not without that declaration:
//!
//! ```compile_fail
//! use placecard_feasibility::verdict::{ClosedInventory, Denial, Proof};
//! fn deny(proof: Proof<ClosedInventory>) -> Denial {
//!     Denial::of(proof, &())
//! }
//! ```

use std::cmp::Ordering;
use std::marker::PhantomData;

use crate::certificate::{Axiom, Certificate};
use crate::inventory::NamespacedName;

/// A class of assumptions; the types that implement it are all here.
pub trait Class: sealed::Class {
    /// Its name in reports.
    const NAME: &'static str;

    /// Whether a proof of this class may use the axiom.
    fn allows(axiom: Axiom) -> bool;
}

/// A class whose proofs may deny, once the operator has declared what it needs.
pub trait Deniable: Class {
    /// The operator's declaration; `()` where none is needed.
    type Declaration;
}

mod sealed {
    pub trait Class {}
}

/// Nothing but logic and what the API server enforces: true on every cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logic {}

/// Besides, what a real kubelet writes on its node (A1); virtual nodes may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kubelet {}

/// Besides, what clusters usually keep to: unique host names, levels that lie in one another
/// (A2, A3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {}

/// The cluster as it was read: the next event can change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snapshot {}

/// The nodes as they were read, without their pods, and the declaration that there are no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedInventory {}

impl sealed::Class for Logic {}
impl sealed::Class for Kubelet {}
impl sealed::Class for Convention {}
impl sealed::Class for Snapshot {}
impl sealed::Class for ClosedInventory {}

impl Class for Logic {
    const NAME: &'static str = "logic";

    fn allows(axiom: Axiom) -> bool {
        match axiom {
            Axiom::LabelSyntax | Axiom::NoRelabelling | Axiom::NoNewTaint => true,
            Axiom::KubeletLabels
            | Axiom::UniqueHostname
            | Axiom::NestedLevels
            | Axiom::OtherObjects
            | Axiom::ServerVersion
            | Axiom::Snapshot
            | Axiom::ClosedInventory => false,
        }
    }
}

impl Class for Kubelet {
    const NAME: &'static str = "kubelet";

    fn allows(axiom: Axiom) -> bool {
        axiom == Axiom::KubeletLabels || Logic::allows(axiom)
    }
}

impl Class for Convention {
    const NAME: &'static str = "convention";

    fn allows(axiom: Axiom) -> bool {
        matches!(axiom, Axiom::UniqueHostname | Axiom::NestedLevels) || Kubelet::allows(axiom)
    }
}

impl Class for ClosedInventory {
    const NAME: &'static str = "closed-inventory";

    fn allows(axiom: Axiom) -> bool {
        axiom == Axiom::ClosedInventory || Convention::allows(axiom)
    }
}

impl Class for Snapshot {
    const NAME: &'static str = "snapshot";

    fn allows(_: Axiom) -> bool {
        true
    }
}

/// The operator's word that all nodes are registered by real kubelets (`kubelets: real`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KubeletsAreReal;

/// The operator's word that host names are unique and levels lie in one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConventionsHold;

/// The operator's word that no other kinds of nodes will come (`inventory: closed`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InventoryIsClosed;

impl Deniable for Logic {
    type Declaration = ();
}

impl Deniable for Kubelet {
    type Declaration = KubeletsAreReal;
}

impl Deniable for Convention {
    type Declaration = ConventionsHold;
}

impl Deniable for ClosedInventory {
    type Declaration = InventoryIsClosed;
}

/// A certificate whose assumptions lie within a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof<A: Class> {
    certificate: Certificate,
    class: PhantomData<A>,
}

impl<A: Class> Proof<A> {
    /// The certificate as a proof of the class, if the class allows all that it assumes and all
    /// that an argument of its kind needs; whether the argument is right, its checker says.
    ///
    /// # Errors
    ///
    /// The certificate, unchanged, if it assumes more than the class allows.
    pub fn of(certificate: Certificate) -> Result<Self, Box<Certificate>> {
        if certificate.states_its_needs()
            && certificate.assume.iter().all(|axiom| A::allows(*axiom))
        {
            Ok(Self { certificate, class: PhantomData })
        } else {
            Err(Box::new(certificate))
        }
    }

    /// What it says.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

/// A proof that needs no facts about one cluster, in the narrowest class that it fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Static {
    /// Logic alone.
    Logic(Proof<Logic>),
    /// Real kubelets besides.
    Kubelet(Proof<Kubelet>),
    /// Conventions besides.
    Convention(Proof<Convention>),
}

impl Static {
    /// The certificate in the narrowest class.
    ///
    /// # Errors
    ///
    /// The certificate, unchanged, if it needs facts about one cluster.
    pub fn of(certificate: Certificate) -> Result<Self, Box<Certificate>> {
        Proof::of(certificate)
            .map(Self::Logic)
            .or_else(|certificate| Proof::of(*certificate).map(Self::Kubelet))
            .or_else(|certificate| Proof::of(*certificate).map(Self::Convention))
    }

    /// What it says.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        match self {
            Self::Logic(proof) => proof.certificate(),
            Self::Kubelet(proof) => proof.certificate(),
            Self::Convention(proof) => proof.certificate(),
        }
    }
}

/// A proof about the nodes of a cluster, whatever runs on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stock {
    /// Of the nodes that were read; others may come.
    Open(Proof<Snapshot>),
    /// Of all nodes that there will be.
    Closed(Proof<ClosedInventory>),
}

impl Stock {
    /// What it says.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        match self {
            Self::Open(proof) => proof.certificate(),
            Self::Closed(proof) => proof.certificate(),
        }
    }
}

/// What is said of a placement, worst first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No cluster could ever hold the pod.
    Contradictory(Static),
    /// The replicas that are asked for could never all run, on any cluster.
    ContradictoryGroup(Static),
    /// No kind of node in the inventory could hold the pod, even empty.
    NoInventory(Stock),
    /// Nodes of the inventory could, but what runs there is in the way, and neither preemption nor
    /// more nodes within the limits help.
    CrowdedOut(Proof<Snapshot>),
    /// Preemption or more nodes within the limits will help.
    Waiting(Proof<Snapshot>),
    /// There is a placement, but the scheduler may miss it.
    Fragile(Witness),
    /// There is a placement.
    Ok(Witness),
    /// Not decided; treated as `Ok` wherever something is enforced.
    Unknown {
        /// What is missing.
        why: Undecided,
    },
}

/// A placement that was found: the pods and the nodes they go to, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// Pods and nodes, in the order of placement.
    pub placements: Vec<(NamespacedName, String)>,
}

/// Why nothing is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undecided {
    /// Another scheduler places it.
    Scheduler {
        /// `spec.schedulerName`.
        name: String,
    },
    /// The object is not whole: a patch, a template.
    Incomplete,
    /// It would take a snapshot, and there is none.
    NoSnapshot,
    /// The snapshot lacks objects of these kinds (plural names), in order.
    Missing {
        /// `persistentvolumes`, …
        kinds: Vec<String>,
    },
    /// The search was cut short.
    Budget,
    /// Something that is not modelled takes part: resource claims, an operator of a newer server.
    Opaque {
        /// What.
        what: String,
    },
}

impl Verdict {
    /// The name in reports.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Contradictory(_) => "contradictory",
            Self::ContradictoryGroup(_) => "contradictory-group",
            Self::NoInventory(_) => "no-inventory",
            Self::CrowdedOut(_) => "crowded-out",
            Self::Waiting(_) => "waiting",
            Self::Fragile(_) => "fragile",
            Self::Ok(_) => "ok",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Its place among the others, 0 the worst; `None` for what is not known.
    #[must_use]
    pub const fn rank(&self) -> Option<u8> {
        match self {
            Self::Contradictory(_) => Some(0),
            Self::ContradictoryGroup(_) => Some(1),
            Self::NoInventory(_) => Some(2),
            Self::CrowdedOut(_) => Some(3),
            Self::Waiting(_) => Some(4),
            Self::Fragile(_) => Some(5),
            Self::Ok(_) => Some(6),
            Self::Unknown { .. } => None,
        }
    }

    /// The certificate of a verdict that has one.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        match self {
            Self::Contradictory(proof) | Self::ContradictoryGroup(proof) => {
                Some(proof.certificate())
            }
            Self::NoInventory(stock) => Some(stock.certificate()),
            Self::CrowdedOut(proof) | Self::Waiting(proof) => Some(proof.certificate()),
            Self::Fragile(_) | Self::Ok(_) | Self::Unknown { .. } => None,
        }
    }

    /// What the certificate assumes, as in reports: `A0`, …
    #[must_use]
    pub fn assumes(&self) -> Vec<&'static str> {
        let axioms = self.certificate().into_iter().flat_map(|one| &one.assume);
        axioms.map(|axiom| axiom.as_str()).collect()
    }

    /// The denial that the verdict allows, given what the operator has declared.
    #[must_use]
    pub fn denial(self, declared: &Declarations) -> Option<Denial> {
        match self {
            Self::Contradictory(proof) | Self::ContradictoryGroup(proof) => match proof {
                Static::Logic(proof) => Some(Denial::of(proof, &())),
                Static::Kubelet(proof) => {
                    declared.kubelets.map(|declared| Denial::of(proof, &declared))
                }
                Static::Convention(proof) => {
                    declared.conventions.map(|declared| Denial::of(proof, &declared))
                }
            },
            Self::NoInventory(Stock::Closed(proof)) => {
                declared.inventory.map(|declared| Denial::of(proof, &declared))
            }
            Self::NoInventory(Stock::Open(_))
            | Self::CrowdedOut(_)
            | Self::Waiting(_)
            | Self::Fragile(_)
            | Self::Ok(_)
            | Self::Unknown { .. } => None,
        }
    }
}

impl PartialOrd for Verdict {
    /// By rank. Verdicts of one rank with different proofs, and what is not known, are not compared.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match self.rank()?.cmp(&other.rank()?) {
            Ordering::Equal => (self == other).then_some(Ordering::Equal),
            unequal => Some(unequal),
        }
    }
}

/// What the operator has declared; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Declarations {
    /// Proofs about real kubelets may deny.
    pub kubelets: Option<KubeletsAreReal>,
    /// Proofs by convention may deny.
    pub conventions: Option<ConventionsHold>,
    /// Proofs about all nodes may deny.
    pub inventory: Option<InventoryIsClosed>,
}

/// A refusal, and the certificate behind it. There is no other way to make one than [`Denial::of`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    certificate: Certificate,
    class: &'static str,
}

impl Denial {
    /// The refusal that a proof allows, for an operator who has declared what its class needs.
    #[must_use]
    pub fn of<A: Deniable>(proof: Proof<A>, _declared: &A::Declaration) -> Self {
        Self { certificate: proof.certificate, class: A::NAME }
    }

    /// Why.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The class of assumptions, `logic` by default.
    #[must_use]
    pub fn class(&self) -> &'static str {
        self.class
    }
}

#[cfg(test)]
mod tests;
