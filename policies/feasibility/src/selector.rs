//! Label selectors over pods (and namespaces).
//!
//! Semantics: `metav1.LabelSelectorAsSelector`. A selector without requirements matches
//! everything. A `null` selector matches nothing; callers hold it as `Option<Selector>`.

use std::collections::BTreeMap;

use crate::domain::{Domain, Shape};
use crate::label::Labels;
use crate::requirement::{
    Flaw, Operator, Requirement, domain, flaw, is_met, is_opaque, readable_domain,
};

/// A conjunction of requirements; none of them means everything. `matchLabels` entries are `In`
/// requirements with one value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Selector {
    /// What must hold, all of it.
    pub requirements: Vec<Requirement>,
}

impl Selector {
    /// The selector that matches every object.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// The selector of exactly these `matchLabels`.
    #[must_use]
    pub fn from_labels(labels: &Labels) -> Self {
        let one = |(key, value): (&String, &String)| Requirement::one_of(key, &[value.as_str()]);
        Self { requirements: labels.iter().map(one).collect() }
    }

    /// True if there is no requirement, so that every object matches.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Does an object with these labels match? A selector that cannot be read (see
    /// [`selector_flaw`]) matches nothing.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        self.matches_by(|key| labels.get(key).map(String::as_str))
    }

    /// As [`Self::matches`], by what `label` says that the object has for a key.
    #[must_use]
    pub fn matches_by<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        let met = |one: &Requirement| !one.operator.is_comparison() && is_met(one, label(&one.key));
        self.requirements.iter().all(met)
    }

    /// The allowed values of each key that is named; keys that are not named are free. Opaque
    /// requirements and such that cannot be read leave their key free.
    #[must_use]
    pub fn domains(&self) -> BTreeMap<String, Domain> {
        let mut domains = BTreeMap::new();
        for requirement in self.requirements.iter().filter(|one| selector_flaw(one).is_none()) {
            let known = domains.entry(requirement.key.clone()).or_insert_with(Domain::everything);
            known.restrict(&readable_domain(requirement));
        }
        domains
    }

    /// Whether an object can match, as far as its requirements can be read.
    #[must_use]
    pub fn is_satisfiable(&self) -> bool {
        // A requirement that can be read has values; only two on one key exclude one another.
        self.has_few_keys() || self.satisfiable().is_ok()
    }

    /// Labels that match, or a minimal set of requirements that exclude one another (indices into
    /// `requirements`, ascending, all on one key). Requirements that cannot be read never are
    /// among them.
    ///
    /// # Errors
    ///
    /// The indices of the clashing requirements.
    pub fn satisfiable(&self) -> Result<Labels, Vec<usize>> {
        let mut witness = Labels::new();
        for (key, domain) in self.domains() {
            match domain.pick() {
                Some(Some(value)) => {
                    witness.insert(key, value);
                }
                Some(None) => {}
                None => return Err(self.clash_on(&key)),
            }
        }
        Ok(witness)
    }

    /// Drops requirements on the key as long as the rest still excludes every value.
    fn clash_on(&self, key: &str) -> Vec<usize> {
        let readable = |one: &Requirement| one.key == key && selector_flaw(one).is_none();
        let mut core: Vec<(usize, Domain)> = (self.requirements.iter().enumerate())
            .filter(|(_, one)| readable(one))
            .map(|(index, one)| (index, domain(one)))
            .collect();
        let mut position = core.len();
        while position > 0 {
            position -= 1;
            let rest = (core.iter().enumerate()).filter(|(other, _)| *other != position);
            let mut left = Domain::everything();
            rest.for_each(|(_, (_, one))| left.restrict(one));
            if left.is_empty() {
                core.remove(position);
            }
        }
        core.into_iter().map(|(index, _)| index).collect()
    }

    /// The same selector in one form: per key the fewest requirements, sorted; requirements that
    /// cannot be read stay, once each, at the end. Equivalent readable selectors have equal
    /// canonical forms; all that match nothing share `placecard.dev/never Exists, DoesNotExist`
    /// with each other.
    #[must_use]
    pub fn canonical(&self) -> Self {
        self.canonical_by_key().unwrap_or_else(|| self.canonical_by_domains())
    }

    /// The canonical form where each of a few keys is named once, as in nearly all selectors.
    fn canonical_by_key(&self) -> Option<Self> {
        if !self.has_few_keys() || self.requirements.iter().any(|one| selector_flaw(one).is_some())
        {
            return None;
        }
        let mut requirements = self.requirements.clone();
        for one in &mut requirements {
            one.values.sort_unstable();
            one.values.dedup();
        }
        requirements.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Some(Self { requirements })
    }

    /// Whether there are few requirements, each on a key of its own.
    fn has_few_keys(&self) -> bool {
        let is_new = |(at, one): (usize, &Requirement)| {
            self.requirements.iter().take(at).all(|earlier| earlier.key != one.key)
        };
        self.requirements.len() <= FEW && self.requirements.iter().enumerate().all(is_new)
    }

    fn canonical_by_domains(&self) -> Self {
        let mut requirements = Vec::new();
        for (key, domain) in self.domains() {
            if domain.is_empty() {
                requirements = vec![Requirement::exists(NEVER), Requirement::absent(NEVER)];
                break;
            }
            requirements.extend(canonical_requirements(&key, &domain));
        }
        let mut unreadable: Vec<Requirement> =
            self.requirements.iter().filter(|one| selector_flaw(one).is_some()).cloned().collect();
        unreadable.sort();
        unreadable.dedup();
        requirements.extend(unreadable);
        Self { requirements }
    }
}

/// So many keys are compared each with each.
const FEW: usize = 8;

/// The key of the canonical selector that matches nothing.
const NEVER: &str = "placecard.dev/never";

/// Why a selector requirement cannot be read: as [`flaw`], and `Gt` and `Lt` do not exist here.
#[must_use]
pub fn selector_flaw(requirement: &Requirement) -> Option<Flaw> {
    if requirement.operator.is_comparison() { Some(Flaw::Operator) } else { flaw(requirement) }
}

/// The requirements of one key whose conjunction of `In`, `NotIn`, `Exists` and `DoesNotExist`
/// gave this domain, which is not empty.
fn canonical_requirements(key: &str, domain: &Domain) -> Vec<Requirement> {
    let list =
        |operator, values: Vec<String>| Requirement { key: key.to_owned(), operator, values };
    match (domain.absent, domain.shape()) {
        (false, Shape::Only(values)) => vec![list(Operator::In, values)],
        (true, Shape::Only(_)) => vec![Requirement::absent(key)],
        (true, Shape::AllBut(values)) if values.is_empty() => Vec::new(),
        (true, Shape::AllBut(values)) => vec![list(Operator::NotIn, values)],
        (false, Shape::AllBut(values)) if values.is_empty() => vec![Requirement::exists(key)],
        (false, Shape::AllBut(values)) => {
            vec![list(Operator::NotIn, values), Requirement::exists(key)]
        }
        // Needs comparisons, which selectors do not have.
        (_, Shape::Integers { .. } | Shape::Mixed) => Vec::new(),
    }
}

/// True only if every object that matches `a` certainly matches `b`. Exact when both can be read;
/// an unreadable requirement of `b` counts as implied only if `a` has the same one.
#[must_use]
pub fn implies(a: &Selector, b: &Selector) -> bool {
    let from = a.domains();
    if from.values().any(Domain::is_empty) {
        return true;
    }
    let mut unreadable = b.requirements.iter().filter(|one| selector_flaw(one).is_some());
    let everything = Domain::everything();
    unreadable.all(|one| a.requirements.iter().any(|known| known.same_as(one)))
        && (b.domains().iter())
            .all(|(key, wanted)| from.get(key).unwrap_or(&everything).is_subset(wanted))
}

/// True only if `a` and `b` certainly match the same objects.
#[must_use]
pub fn equivalent(a: &Selector, b: &Selector) -> bool {
    implies(a, b) && implies(b, a)
}

/// False only if no object can match both.
#[must_use]
pub fn overlaps(a: &Selector, b: &Selector) -> bool {
    let mut domains = a.domains();
    for (key, other) in b.domains() {
        let known = domains.entry(key).or_insert_with(Domain::everything);
        known.restrict(&other);
    }
    !domains.values().any(Domain::is_empty)
}

/// True if the selector holds an operator that is not known, so that nothing can be proved of it.
#[must_use]
pub fn has_opaque(selector: &Selector) -> bool {
    selector.requirements.iter().any(is_opaque)
}
