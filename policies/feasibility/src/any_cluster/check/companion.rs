//! Is there really no other pod that could be the companion that a pod requires?
//!
//! Every namespace that is named, and one that is not, is tried for every companion, and every way
//! in which each anti-affinity term can fail to select it.

use std::collections::{BTreeMap, BTreeSet};

use crate::any_cluster::Reading;
use crate::any_cluster::check::values::{Wanted, has_value};
use crate::inventory::pod::Pod;
use crate::label::{Labels, NAMESPACE_NAME, is_node_name};
use crate::pod_affinity::AffinityTerm;
use crate::requirement::{Requirement, matches};
use crate::selector::{Selector, selector_flaw};

/// Whose label, and which: of a companion or of a namespace.
type Variable = (Owner, String);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    Companion(usize),
    Namespace(String),
}

/// What labels must be.
type Facts<'a> = BTreeMap<Variable, Vec<Wanted<'a>>>;

/// Steps after which a proof counts as too long to be checked.
const MOST_STEPS: u32 = 200_000;

struct Search<'a> {
    own: &'a str,
    affinity: Vec<&'a AffinityTerm>,
    /// The anti-affinity terms of each companion.
    anti: Vec<Vec<&'a AffinityTerm>>,
    named: BTreeSet<String>,
    reading: Reading,
    steps: u32,
}

/// Do these terms of the pod leave no companion, and is the pod none itself?
pub(super) fn is_refuted(pod: &Pod, affinity: &[usize], anti: &[usize], reading: Reading) -> bool {
    let pick = |terms: &'_ [AffinityTerm], places: &[usize]| {
        places.iter().map(|place| terms.get(*place).cloned()).collect::<Option<Vec<_>>>()
    };
    let (Some(affinity), Some(anti)) =
        (pick(&pod.affinity, affinity), pick(&pod.anti_affinity, anti))
    else {
        return false;
    };
    let keys: BTreeSet<&str> = anti.iter().map(|term| term.topology_key.as_str()).collect();
    let shared = |key: &&str| affinity.iter().any(|term| term.topology_key == **key);
    if affinity.is_empty() || !keys.iter().all(shared) {
        return false;
    }
    let of_key = |key: &&str| anti.iter().filter(|term| term.topology_key == **key).collect();
    let mut groups: Vec<Vec<&AffinityTerm>> = keys.iter().map(of_key).collect();
    if groups.is_empty() {
        groups.push(Vec::new());
    }
    let mut named = BTreeSet::from([pod.namespace.clone()]);
    for term in affinity.iter().chain(&anti) {
        let selected = term.namespace_selector.iter().flat_map(|one| &one.requirements);
        let by_name = selected.filter(|one| one.key == NAMESPACE_NAME);
        named.extend(term.namespaces.iter().chain(by_name.flat_map(|one| &one.values)).cloned());
    }
    named.retain(|name| *name == pod.namespace || is_namespace(name));
    let mut search = Search {
        own: &pod.namespace,
        affinity: affinity.iter().collect(),
        anti: groups,
        named,
        reading,
        steps: 0,
    };
    !search.selects_itself(&pod.labels) && search.none_from(0, &Facts::new())
}

fn is_namespace(name: &str) -> bool {
    is_node_name(name) && !name.contains('.') && name.len() <= 63
}

/// What a term says of a namespace: it is meant whatever its labels are, or if they match, or not.
enum Scope<'a> {
    Always,
    If(&'a Selector),
    Never,
}

fn scope<'a>(term: &'a AffinityTerm, own: &str, name: &str, widened: bool) -> Scope<'a> {
    let named = term.namespaces.iter().any(|one| one == name);
    match &term.namespace_selector {
        None if term.namespaces.is_empty() && own == name => Scope::Always,
        _ if named => Scope::Always,
        None => Scope::Never,
        Some(one) if one.is_everything() => Scope::Always,
        Some(one) if widened && one.matches(&Labels::new()) => Scope::Always,
        Some(one) => Scope::If(one),
    }
}

impl<'a> Search<'a> {
    /// May the pod be selected by all affinity terms, whatever the labels of its namespace?
    fn selects_itself(&self, labels: &Labels) -> bool {
        let selects = |one: &Requirement| selector_flaw(one).is_some() || matches(one, labels);
        let mut selectors = self.affinity.iter().flat_map(|term| &term.selector);
        selectors.all(|one| one.requirements.iter().all(selects))
            && self.in_scopes(self.own, &mut Facts::new())
    }

    /// Notes what the labels of the namespace must be; false if no affinity term may mean it.
    fn in_scopes(&self, name: &str, facts: &mut Facts<'a>) -> bool {
        let owner = || Owner::Namespace(name.to_owned());
        for term in &self.affinity {
            match scope(term, self.own, name, self.reading.affinity_widened) {
                Scope::Always => {}
                Scope::Never => return false,
                Scope::If(selector) => {
                    selector.requirements.iter().for_each(|one| note(facts, owner(), one, true));
                }
            }
        }
        is_possible(facts)
    }

    /// Is there no way to have the companions from this one on?
    fn none_from(&mut self, companion: usize, facts: &Facts<'a>) -> bool {
        let Some(anti) = self.anti.get(companion).cloned() else { return false };
        let names: Vec<String> = self.named.iter().cloned().collect();
        let mut fresh = (0..=names.len()).map(|n| format!("unnamed{companion}-{n}"));
        let fresh = fresh.find(|name| !self.named.contains(name));
        names.into_iter().chain(fresh).all(|name| {
            let mut facts = facts.clone();
            for one in self.affinity.iter().flat_map(|term| &term.selector) {
                for one in &one.requirements {
                    note(&mut facts, Owner::Companion(companion), one, true);
                }
            }
            !self.in_scopes(&name, &mut facts) || self.none_spared(companion, &name, &anti, &facts)
        })
    }

    /// Is there no way for the companion in this namespace to escape these anti-affinity terms?
    fn none_spared(
        &mut self,
        companion: usize,
        name: &str,
        anti: &[&'a AffinityTerm],
        facts: &Facts<'a>,
    ) -> bool {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return false;
        }
        if !is_possible(facts) {
            return true;
        }
        let Some((term, rest)) = anti.split_first() else {
            return self.none_from(companion + 1, facts);
        };
        let scope = scope(term, self.own, name, self.reading.anti_widened);
        let by_label = match scope {
            Scope::Never => return self.none_spared(companion, name, rest, facts),
            Scope::Always => None,
            Scope::If(selector) => Some(selector),
        };
        let Some(selector) = &term.selector else {
            return self.none_spared(companion, name, rest, facts);
        };
        let of_pod = selector.requirements.iter().map(|one| (Owner::Companion(companion), one));
        let of_namespace = by_label.iter().flat_map(|one| &one.requirements);
        let of_namespace = of_namespace.map(|one| (Owner::Namespace(name.to_owned()), one));
        let ways: Vec<_> = of_pod.chain(of_namespace).collect();
        // A term that cannot be read selects nothing.
        if ways.iter().any(|(_, one)| selector_flaw(one).is_some()) {
            return self.none_spared(companion, name, rest, facts);
        }
        ways.into_iter().all(|(owner, one)| {
            let mut facts = facts.clone();
            note(&mut facts, owner, one, false);
            self.none_spared(companion, name, rest, &facts)
        })
    }
}

fn note<'a>(facts: &mut Facts<'a>, owner: Owner, one: &'a Requirement, holds: bool) {
    if selector_flaw(one).is_none() {
        facts.entry((owner, one.key.clone())).or_default().push((one, holds));
    }
}

fn is_possible(facts: &Facts<'_>) -> bool {
    facts.iter().all(|((owner, key), wanted)| match owner {
        Owner::Namespace(name) if key == NAMESPACE_NAME => {
            let labels = Labels::from([(key.clone(), name.clone())]);
            wanted.iter().all(|(one, holds)| matches(one, &labels) == *holds)
        }
        _ => has_value(key, &[vec![wanted.clone()]]),
    })
}
