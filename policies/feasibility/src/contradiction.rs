//! Can any node meet all demands that one pod makes on its node? If not: which of them clash?
//!
//! A demand is a disjunction of terms; all demands must hold. Each entry of `nodeSelector` is a
//! demand of one term, required node affinity is one demand, each rule is one, and a required
//! topology key is the demand that the label exists. Keys are independent of one another, so a
//! conjunction is satisfiable exactly when no key's [`Domain`] is empty; disjunctions are searched
//! by DPLL with these domains, under a budget.

use crate::domain::Domain;
use crate::label::Labels;
use crate::requirement::{Flaw, Requirement};

/// The caller's name of a demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DemandId(pub u32);

/// The caller's name of one requirement, so that it can point at the exact word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AtomId(pub u32);

/// What a requirement is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The node's name (`matchFields`).
    Name,
    /// The node label with this key.
    Label(String),
}

/// One requirement of a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atom {
    /// The caller's name for it.
    pub id: AtomId,
    /// True for `matchFields`, false for a requirement on a label.
    pub field: bool,
    /// What must hold.
    pub requirement: Requirement,
}

/// A conjunction of requirements; without any it matches no node, as in the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermDemand {
    /// What must hold, all of it.
    pub atoms: Vec<Atom>,
}

/// A disjunction of terms, one of which must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The caller's name for it.
    pub id: DemandId,
    /// The alternatives.
    pub terms: Vec<TermDemand>,
}

/// What a member of a contradiction asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wants {
    /// One of these values (or names).
    OneOf(Vec<String>),
    /// None of these values (or names).
    NotOneOf(Vec<String>),
    /// The label, with any value.
    Present,
    /// No such label.
    Absent,
    /// An integer greater than this.
    Greater(i64),
    /// An integer less than this.
    Less(i64),
}

/// One requirement that takes part in a contradiction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The demand it belongs to.
    pub demand: DemandId,
    /// Which of the demand's terms, from 0.
    pub term: usize,
    /// The requirement.
    pub atom: AtomId,
    /// What it is about.
    pub subject: Subject,
    /// What it asks for.
    pub wants: Wants,
}

/// Why a term matches no node whatever the rest of the pod says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dead {
    /// It has no requirement.
    Empty,
    /// The scheduler cannot read this requirement.
    Unreadable(AtomId, Flaw),
}

/// A term that matches no node by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadTerm {
    /// The demand it belongs to.
    pub demand: DemandId,
    /// Which of the demand's terms, from 0.
    pub term: usize,
    /// Why.
    pub why: Dead,
}

/// What would be possible if one demand of a contradiction were dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Without {
    /// The demand to drop.
    pub demand: DemandId,
    /// The values that the others then leave to the contradiction's only subject.
    pub left: Domain,
}

/// A minimal set of demands that no node can meet together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Core {
    /// The demands, in the caller's order. Without any one of them a node is possible.
    pub demands: Vec<DemandId>,
    /// The requirements in them that clash, in the caller's order. Without any one of them a node
    /// is possible. Empty if a demand can hold on no node because all of its terms are dead.
    pub clashes: Vec<Clash>,
    /// Terms of these demands that match nothing by themselves, in the caller's order.
    pub dead: Vec<DeadTerm>,
    /// If all clashes have one subject: what is left to it without each of the demands.
    pub without: Vec<Without>,
    /// False if the budget ran out while the set was made smaller: it clashes, but may hold more
    /// than is needed.
    pub minimal: bool,
}

impl Core {
    /// The subjects of the clashes, sorted, each once.
    #[must_use]
    pub fn subjects(&self) -> Vec<&Subject> {
        let mut subjects: Vec<&Subject> = self.clashes.iter().map(|clash| &clash.subject).collect();
        subjects.sort();
        subjects.dedup();
        subjects
    }
}

/// A node that meets all demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
}

/// The answer about the demands of one pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeVerdict {
    /// This node meets all demands, as far as they can be read: opaque requirements are taken to
    /// hold.
    Satisfiable(Witness),
    /// No node of any cluster can.
    Contradiction(Core),
    /// The budget ran out first.
    Undecided,
}

/// A budget that decides every pod met in practice within milliseconds.
pub const BUDGET: u64 = 200_000;

/// Decides whether some node can meet all demands. `budget` bounds the work: the number of terms
/// that are looked at during the search.
#[must_use]
pub fn decide(_demands: &[Demand], _budget: u64) -> NodeVerdict {
    NodeVerdict::Undecided
}
