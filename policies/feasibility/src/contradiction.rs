//! Can any node meet all demands that one pod makes on its node? If not: which of them clash?
//!
//! A demand is a disjunction of terms; all demands must hold. Each entry of `nodeSelector` is a
//! demand of one term, required node affinity is one demand, each rule is one, and a required
//! topology key is the demand that the label exists. Keys are independent of one another, so a
//! conjunction is satisfiable exactly when no key's [`Domain`] is empty; disjunctions are searched
//! by DPLL with these domains, under a budget.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::Domain;
use crate::label::{Labels, integer};
pub use crate::node_terms::Subject;
use crate::node_terms::{requirement_domain, requirement_flaw};
use crate::requirement::{Flaw, Operator, Requirement, is_opaque};
use crate::solve::{Clause, Cube, Outcome, State, minimal, solve, spend};

/// The caller's name of a demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DemandId(pub u32);

/// The caller's name of one requirement, so that it can point at the exact word. Requirements of
/// one term with the same name stand or fall together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AtomId(pub u32);

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
    /// If all clashes have one subject: what the others leave to it without this requirement.
    pub left: Option<Domain>,
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

/// A minimal set of requirements that no node can meet together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Core {
    /// The demands that the clashes belong to, in the caller's order.
    pub demands: Vec<DemandId>,
    /// The requirements that clash, in the caller's order. A node can meet the rest of them if
    /// any one is dropped, or all those of one demand. Empty if the demand can hold on no node
    /// because all of its terms are dead.
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
/// that are looked at. One contradiction is reported; to find more, ask again without one of its
/// demands.
#[must_use]
pub fn decide(demands: &[Demand], budget: u64) -> NodeVerdict {
    let readings: Vec<Reading<'_>> = demands.iter().map(Reading::of).collect();
    if let Some(dead) = readings.iter().find(|one| one.ways.is_empty()) {
        return NodeVerdict::Contradiction(Core {
            demands: vec![dead.demand.id],
            clashes: Vec::new(),
            dead: dead.dead.clone(),
            without: Vec::new(),
            minimal: true,
        });
    }
    if let Some(state) = without_choices(&readings) {
        return NodeVerdict::Satisfiable(witness(&state));
    }
    let mut budget = budget;
    if let Some(core) = one_subject_core(&readings, &mut budget) {
        return NodeVerdict::Contradiction(core);
    }
    let clauses: Vec<Clause<Subject>> = readings.iter().map(|one| one.clause(|_| true)).collect();
    match solve(State::new(), &clauses.iter().collect::<Vec<_>>(), &mut budget) {
        Outcome::Satisfiable(state) => NodeVerdict::Satisfiable(witness(&state)),
        Outcome::Undecided => NodeVerdict::Undecided,
        Outcome::Unsatisfiable => {
            NodeVerdict::Contradiction(search_core(&readings, &clauses, &mut budget))
        }
    }
}

/// One readable requirement of a demand.
struct Literal<'a> {
    atom: &'a Atom,
    subject: Subject,
    domain: Domain,
}

/// A term that is not dead, without its opaque requirements (which may hold).
struct Way<'a> {
    term: usize,
    literals: Vec<Literal<'a>>,
}

/// A demand as far as it can be read.
struct Reading<'a> {
    demand: &'a Demand,
    ways: Vec<Way<'a>>,
    dead: Vec<DeadTerm>,
}

impl<'a> Reading<'a> {
    fn of(demand: &'a Demand) -> Self {
        let mut reading = Self { demand, ways: Vec::new(), dead: Vec::new() };
        for (term, alternative) in demand.terms.iter().enumerate() {
            if let Some(why) = death(alternative) {
                reading.dead.push(DeadTerm { demand: demand.id, term, why });
                continue;
            }
            let known = alternative.atoms.iter().filter(|atom| !is_opaque(&atom.requirement));
            let literals = known.map(|atom| {
                let (subject, domain) = requirement_domain(atom.field, &atom.requirement);
                Literal { atom, subject, domain }
            });
            reading.ways.push(Way { term, literals: literals.collect() });
        }
        reading
    }

    /// The demand as a clause of the literals that are kept.
    fn clause(&self, keep: impl Fn((usize, AtomId)) -> bool) -> Clause<Subject> {
        let cubes = self.ways.iter().map(|way| {
            let mut cube: BTreeMap<Subject, Domain> = BTreeMap::new();
            for literal in way.literals.iter().filter(|one| keep((way.term, one.atom.id))) {
                let known = cube.entry(literal.subject.clone()).or_insert_with(Domain::everything);
                known.restrict(&literal.domain);
            }
            cube.into_iter().collect::<Cube<Subject>>()
        });
        merge_cubes(cubes.collect())
    }

    /// What the demand says about one subject: the values that some way allows.
    fn projection(&self, subject: &Subject, keep: impl Fn((usize, AtomId)) -> bool) -> Domain {
        // The complement, so that each way only takes its own values away.
        let mut refused = Domain::everything();
        for way in &self.ways {
            let mut allowed = Domain::everything();
            for literal in &way.literals {
                if literal.subject == *subject && keep((way.term, literal.atom.id)) {
                    allowed.restrict(&literal.domain);
                }
            }
            refused.restrict(&allowed.complement());
        }
        refused.complement()
    }

    /// The subjects that every way names: only these does the demand restrict by itself.
    fn subjects_of_all_ways(&self) -> BTreeSet<&Subject> {
        let mut ways = self.ways.iter();
        let Some(first) = ways.next() else { return BTreeSet::new() };
        let mut common: BTreeSet<&Subject> =
            first.literals.iter().map(|one| &one.subject).collect();
        for way in ways {
            let named: BTreeSet<&Subject> = way.literals.iter().map(|one| &one.subject).collect();
            common.retain(|subject| named.contains(subject));
        }
        common
    }

    /// How many literals there are, for the budget.
    fn size(&self) -> usize {
        self.ways.iter().map(|way| way.literals.len() + 1).sum()
    }
}

fn death(term: &TermDemand) -> Option<Dead> {
    let unreadable = |atom: &Atom| {
        let flaw = requirement_flaw(atom.field, &atom.requirement);
        flaw.filter(|_| !is_opaque(&atom.requirement)).map(|flaw| Dead::Unreadable(atom.id, flaw))
    };
    if term.atoms.is_empty() { Some(Dead::Empty) } else { term.atoms.iter().find_map(unreadable) }
}

/// Cubes about the same single subject become one, so that the search need not branch on them.
fn merge_cubes(cubes: Clause<Subject>) -> Clause<Subject> {
    let mut refused: BTreeMap<Subject, Domain> = BTreeMap::new();
    let mut merged: Clause<Subject> = Vec::new();
    for cube in cubes {
        match cube.as_slice() {
            [(subject, domain)] => {
                let known = refused.entry(subject.clone()).or_insert_with(Domain::everything);
                known.restrict(&domain.complement());
            }
            _ => merged.push(cube),
        }
    }
    merged
        .extend(refused.into_iter().map(|(subject, domain)| vec![(subject, domain.complement())]));
    merged
}

fn witness(state: &State<Subject>) -> Witness {
    let mut labels = Labels::new();
    let mut name = None;
    for (subject, domain) in state {
        match subject {
            Subject::Name => name = domain.pick_value(),
            Subject::Label(key) => {
                if let Some(Some(value)) = domain.pick() {
                    labels.insert(key.clone(), value);
                }
            }
        }
    }
    Witness { name: name.unwrap_or_else(|| "x0".to_owned()), labels }
}

/// The values that demands leave to a subject, given the projection of each.
fn common<'a>(subject: &Subject, projections: impl Iterator<Item = &'a Domain>) -> Domain {
    let mut left = if *subject == Subject::Name { Domain::present() } else { Domain::everything() };
    projections.for_each(|one| left.restrict(one));
    left
}

/// What demands leave to each label where none of them has alternatives, as most have none. `None`:
/// some have, or name a node, or some label has no value left.
fn without_choices(readings: &[Reading<'_>]) -> Option<State<Subject>> {
    let mut state = State::new();
    for reading in readings {
        let [way] = reading.ways.as_slice() else { return None };
        for Literal { subject, domain, .. } in &way.literals {
            if *subject == Subject::Name {
                return None;
            }
            let left = state.entry(subject.clone()).or_insert_with(Domain::everything);
            left.restrict(domain);
            if left.is_empty() {
                return None;
            }
        }
    }
    Some(state)
}

/// The smallest contradiction that needs only what the demands say about one subject.
fn one_subject_core(readings: &[Reading<'_>], budget: &mut u64) -> Option<Core> {
    let mut by_subject: BTreeMap<&Subject, Vec<usize>> = BTreeMap::new();
    for (index, reading) in readings.iter().enumerate() {
        for subject in reading.subjects_of_all_ways() {
            by_subject.entry(subject).or_default().push(index);
        }
    }
    let mut best: Option<Core> = None;
    for (subject, members) in by_subject {
        let members: Vec<&Reading<'_>> =
            members.into_iter().filter_map(|index| readings.get(index)).collect();
        let size = |core: &Core| (core.demands.len(), core.clashes.len());
        if let Some(core) = core_about(subject, &members, budget)
            && best.as_ref().is_none_or(|known| size(&core) < size(known))
        {
            best = Some(core);
        }
    }
    best
}

/// The demands and requirements about one subject that leave it no value, made minimal.
fn core_about(subject: &Subject, members: &[&Reading<'_>], budget: &mut u64) -> Option<Core> {
    let project = |one: &&Reading<'_>| one.projection(subject, |_| true);
    let projections: Vec<Domain> = members.iter().map(project).collect();
    if !common(subject, projections.iter()).is_empty() {
        return None;
    }
    let mut exhausted = false;
    let needed = minimal(members.len(), &mut |chosen| {
        exhausted |= !spend(budget, chosen.len());
        let chosen = chosen.iter().filter_map(|index| projections.get(*index));
        !exhausted && common(subject, chosen).is_empty()
    });
    let members: Vec<&Reading<'_>> =
        needed.iter().filter_map(|index| members.get(*index).copied()).collect();

    let mut dropped: BTreeSet<(usize, usize, AtomId)> = BTreeSet::new();
    let left_without = |dropped: &BTreeSet<(usize, usize, AtomId)>| {
        let kept = members.iter().enumerate().map(|(member, one)| {
            one.projection(subject, |(term, atom)| !dropped.contains(&(member, term, atom)))
        });
        common(subject, kept.collect::<Vec<_>>().iter())
    };
    let literals = named_literals(&members, subject);
    let effort: usize = members.iter().map(|one| one.size()).sum();
    let shared = shared_terms(&literals);
    for (place, _) in
        literals.iter().filter(|((member, term, _), _)| shared.contains(&(*member, *term)))
    {
        exhausted |= !spend(budget, effort);
        dropped.insert(*place);
        if exhausted || !left_without(&dropped).is_empty() {
            dropped.remove(place);
        }
    }
    let kept = literals.iter().filter(|(place, _)| !dropped.contains(place));
    let clashes = kept.map(|(place, literal)| {
        let affordable = spend(budget, effort);
        let mut more = dropped.clone();
        more.insert(*place);
        let left = affordable.then(|| left_without(&more));
        clash(&members, *place, literal, left)
    });
    let clashes = clashes.collect();
    let without = members.iter().enumerate().map(|(index, one)| {
        let others = needed.iter().enumerate().filter(|(other, _)| *other != index);
        let others = others.filter_map(|(_, member)| projections.get(*member));
        Without { demand: one.demand.id, left: common(subject, others) }
    });
    let without = without.collect();
    Some(Core { without, ..core_of(&members, clashes, !exhausted) })
}

/// Member, term, requirement: the place of a literal in a core.
type Place = (usize, usize, AtomId);

fn named_literals<'a>(
    members: &[&'a Reading<'a>],
    subject: &Subject,
) -> Vec<(Place, &'a Literal<'a>)> {
    let mut literals = all_literals(members);
    literals.retain(|(_, literal)| literal.subject == *subject);
    literals
}

fn all_literals<'a>(members: &[&'a Reading<'a>]) -> Vec<(Place, &'a Literal<'a>)> {
    let mut literals = Vec::new();
    for (member, reading) in members.iter().enumerate() {
        for way in &reading.ways {
            let place = |literal: &Literal<'_>| (member, way.term, literal.atom.id);
            literals.extend(way.literals.iter().map(|literal| (place(literal), literal)));
        }
    }
    literals
}

/// The terms (member, term) with more than one literal. The only literal of a term can never be
/// spared: without it the term, and so the demand, would always hold, and no demand of a minimal
/// core can be spared.
fn shared_terms(literals: &[(Place, &Literal<'_>)]) -> BTreeSet<(usize, usize)> {
    let (mut once, mut shared) = (BTreeSet::new(), BTreeSet::new());
    for ((member, term, _), _) in literals {
        if !once.insert((*member, *term)) {
            shared.insert((*member, *term));
        }
    }
    shared
}

fn clash(
    members: &[&Reading<'_>],
    (member, term, atom): Place,
    literal: &Literal<'_>,
    left: Option<Domain>,
) -> Clash {
    let demand = members.get(member).map_or(DemandId(0), |one| one.demand.id);
    let wants = wants(&literal.atom.requirement);
    Clash { demand, term, atom, subject: literal.subject.clone(), wants, left }
}

fn wants(requirement: &Requirement) -> Wants {
    let operand = requirement.values.first().and_then(|value| integer(value)).unwrap_or_default();
    match requirement.operator {
        Operator::In => Wants::OneOf(requirement.values.clone()),
        Operator::NotIn => Wants::NotOneOf(requirement.values.clone()),
        // Opaque requirements take part in no contradiction.
        Operator::Exists | Operator::Other(_) => Wants::Present,
        Operator::DoesNotExist => Wants::Absent,
        Operator::Gt => Wants::Greater(operand),
        Operator::Lt => Wants::Less(operand),
    }
}

fn core_of(members: &[&Reading<'_>], clashes: Vec<Clash>, minimal: bool) -> Core {
    Core {
        demands: members.iter().map(|one| one.demand.id).collect(),
        clashes,
        dead: members.iter().flat_map(|one| one.dead.clone()).collect(),
        without: Vec::new(),
        minimal,
    }
}

/// A minimal contradiction over several subjects, found by search.
fn search_core(readings: &[Reading<'_>], clauses: &[Clause<Subject>], budget: &mut u64) -> Core {
    let mut exhausted = false;
    let mut refuted = |chosen: &[&Clause<Subject>]| match solve(State::new(), chosen, budget) {
        Outcome::Unsatisfiable => true,
        Outcome::Satisfiable(_) => false,
        Outcome::Undecided => {
            exhausted = true;
            false
        }
    };
    let needed = minimal(clauses.len(), &mut |chosen| {
        let chosen: Vec<_> = chosen.iter().filter_map(|index| clauses.get(*index)).collect();
        refuted(&chosen)
    });
    let members: Vec<&Reading<'_>> =
        needed.iter().filter_map(|index| readings.get(*index)).collect();
    let mut literals = all_literals(&members);
    let mut position = 0;
    while let Some((place, _)) = literals.get(position) {
        let place = *place;
        if !shared_terms(&literals).contains(&(place.0, place.1)) {
            position += 1;
            continue;
        }
        let rest: BTreeSet<Place> =
            literals.iter().map(|(other, _)| *other).filter(|other| *other != place).collect();
        let keep = |member| {
            let rest = &rest;
            move |(term, atom)| rest.contains(&(member, term, atom))
        };
        let weaker: Vec<Clause<Subject>> =
            (members.iter().enumerate()).map(|(member, one)| one.clause(keep(member))).collect();
        if refuted(&weaker.iter().collect::<Vec<_>>()) {
            literals.retain(|(other, _)| *other != place);
        } else {
            position += 1;
        }
    }
    let clashes = literals.iter().map(|(place, one)| clash(&members, *place, one, None)).collect();
    core_of(&members, clashes, !exhausted)
}
