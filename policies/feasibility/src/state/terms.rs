//! The terms that pods look for and those that they carry.

use super::State;
use super::counters::{Counter, Spread};
use super::needs::Needs;
use super::pods::Kind;
use super::scope::Scope;
use super::table::NONE;
use super::touched::Touched;
use crate::pod_affinity::AffinityTerm;

/// Pods of some namespaces that meet a selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Part {
    /// The namespaces.
    pub(super) scope: Scope,
    /// The selector.
    pub(super) needs: Needs,
}

/// What is known of the pods that match all parts of a term.
#[derive(Clone, Debug, Default)]
pub(super) struct Term {
    /// The namespaces that each part means today; `None`: every one.
    resolved: Vec<Option<Box<[u32]>>>,
    /// Where they are counted.
    pub(super) counters: Vec<u32>,
    /// Where those that do not terminate are counted for spread constraints.
    pub(super) spreads: Vec<u32>,
}

/// A required anti-affinity term of pods that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Carrier {
    /// Which pods it repels.
    pub(super) part: Part,
    /// The column of its topology key.
    pub(super) column: u32,
}

impl State {
    /// Do pods of this namespace with these labels match the term?
    pub(super) fn matches(&self, term: u32, namespace: u32, pairs: &[(u32, u32)]) -> bool {
        let named = |names: &[u32]| names.binary_search(&namespace).is_ok();
        let resolved = &self.terms.at(term).resolved;
        self.terms
            .key(term)
            .iter()
            .zip(resolved)
            .all(|(part, names)| part.needs.matches(pairs) && names.as_deref().is_none_or(named))
    }

    fn kind_matches(&self, term: u32, kind: &Kind) -> bool {
        self.matches(term, kind.namespace, self.pods.labels.key(kind.labels))
    }

    /// The column of a topology key.
    pub(super) fn column(&mut self, key: &str) -> u32 {
        let key = self.strings.add(key);
        self.topology.column(key, self.nodes.all_facts())
    }

    /// What a pod of the namespace carries with a term; `None`: a term that selects no pods.
    pub(super) fn carrier(&mut self, term: &AffinityTerm, namespace: u32) -> Option<Carrier> {
        let selector = term.selector.as_ref()?;
        let column = self.column(&term.topology_key);
        let scope = Scope::existing(&mut self.strings, term, namespace);
        let needs = Needs::of_selector(&mut self.strings, selector);
        Some(Carrier { part: Part { scope, needs }, column })
    }

    /// The counters of the anti-affinity terms that pods of this kind carry.
    pub(super) fn carried(&mut self, kind: Kind) -> Box<[u32]> {
        let terms = self.pods.specs.at(kind.spec).template.anti_affinity.clone();
        let mut counters = Vec::new();
        for term in terms {
            let Some(carrier) = self.carrier(&term, kind.namespace) else {
                continue;
            };
            let id = self.carriers.find(&carrier).unwrap_or_else(|| {
                let counter = Counter { column: carrier.column, ..Counter::default() };
                let counter = self.topology.counters.add(counter);
                let part = carrier.part.clone();
                let id = self.carriers.add(carrier, counter);
                self.carriers_by_label.add_in(id, &part.needs, part.scope.names());
                id
            });
            let counter = *self.carriers.at(id);
            // A pod that says the same twice counts once.
            if !counters.contains(&counter) {
                counters.push(counter);
            }
        }
        counters.into()
    }

    /// The term of these parts.
    pub(super) fn term(&mut self, parts: Vec<Part>) -> u32 {
        if let Some(known) = self.terms.find(&parts) {
            return known;
        }
        let id = self.terms.add(parts, Term::default());
        self.resolve(id);
        self.find_by_label(id);
        self.match_classes(id);
        id
    }

    /// Makes the term known to classes that come.
    pub(super) fn find_by_label(&mut self, term: u32) {
        let parts = self.terms.key(term);
        let selective = |part: &&Part| part.needs.choices().next().is_some();
        let never = parts.iter().find(|part| part.needs.is_never());
        let best = never.or_else(|| parts.iter().find(selective)).or_else(|| parts.first());
        if let Some(part) = best {
            self.terms_by_label.add(term, &part.needs);
        }
    }

    /// Looks up which namespaces the term means; true if that has changed.
    fn resolve(&mut self, term: u32) -> bool {
        let by_label = self.terms.key(term).iter().any(|part| part.scope.is_by_label());
        let listed: Vec<u32> = if by_label {
            let names = self.objects.namespaces.keys();
            names.filter_map(|name| self.strings.get(name)).collect()
        } else {
            Vec::new()
        };
        let (parts, known) = self.terms.entry_mut(term);
        let resolve = |part: &Part| part.scope.resolve(&self.namespaces, &listed);
        let resolved: Vec<_> = parts.iter().map(resolve).collect();
        let changed = known.resolved != resolved;
        known.resolved = resolved;
        changed
    }

    /// Tells the classes that match the term.
    fn match_classes(&mut self, term: u32) {
        let matching =
            self.pods.classes.iter().filter(|(_, kind, _)| self.kind_matches(term, kind));
        let matching: Vec<u32> = matching.map(|(class, _, _)| class).collect();
        for class in &matching {
            self.pods.classes.at_mut(*class).terms.push(term);
        }
        self.matched = (term, matching);
    }

    /// Namespaces have other labels: the terms that choose by them may mean others.
    pub(super) fn resolve_again(&mut self) {
        self.topology.touch(Touched::everything);
        let by_label = |parts: &[Part]| parts.iter().any(|part| part.scope.is_by_label());
        let terms = self.terms.iter().filter(|(_, parts, _)| by_label(parts));
        for term in terms.map(|(term, _, _)| term).collect::<Vec<_>>() {
            if !self.resolve(term) {
                continue;
            }
            for (_, _, class) in self.pods.classes.iter_mut() {
                class.terms.retain(|known| *known != term);
            }
            self.match_classes(term);
            let known = self.terms.at(term).clone();
            for counter in known.counters {
                self.topology.counters.at_mut(counter).pods = Default::default();
                self.count_all(term, |topology, node, _| topology.count(counter, node, true));
            }
            for spread in known.spreads {
                let extent = self.topology.spreads.at(spread).extent;
                *self.topology.spreads.at_mut(spread) = Spread::new(extent);
                self.count_all(term, |topology, node, terminating| {
                    if !terminating {
                        topology.count_spread(spread, node, true);
                    }
                });
            }
        }
        self.matched = (NONE, Vec::new());
    }

    /// Counts all pods on nodes that match the term.
    fn count_all(
        &mut self,
        term: u32,
        mut count: impl FnMut(&mut super::topology::Topology, u32, bool),
    ) {
        if self.matched.0 != term {
            let classes = self.pods.classes.iter();
            let matching = classes.filter(|(_, _, class)| class.terms.contains(&term));
            self.matched = (term, matching.map(|(class, _, _)| class).collect());
        }
        for class in &self.matched.1 {
            for pod in &self.pods.classes.at(*class).pods {
                let (node, terminating) = self.pods.whereabouts(*pod);
                if node != NONE {
                    count(&mut self.topology, node, terminating);
                }
            }
        }
    }

    /// The counter of a term for a topology key.
    pub(super) fn term_counter(&mut self, term: u32, column: u32) -> u32 {
        let known = self.terms.at(term).counters.iter();
        let mut known = known.filter(|id| self.topology.counters.at(**id).column == column);
        if let Some(known) = known.next() {
            return *known;
        }
        let counter = self.topology.counters.add(Counter { column, ..Counter::default() });
        self.terms.at_mut(term).counters.push(counter);
        self.count_all(term, |topology, node, _| topology.count(counter, node, true));
        counter
    }

    /// The counter of a spread constraint; without a term it counts no pod.
    pub(super) fn term_spread(&mut self, term: Option<u32>, extent: u32) -> u32 {
        let known = match term {
            Some(term) => self.terms.at(term).spreads.as_slice(),
            None => self.shapes.empty_spreads.as_slice(),
        };
        let mut known = known.iter().filter(|id| self.topology.spreads.at(**id).extent == extent);
        if let Some(known) = known.next() {
            return *known;
        }
        let spread = self.topology.spreads.add(Spread::new(extent));
        match term {
            None => self.shapes.empty_spreads.push(spread),
            Some(term) => {
                self.terms.at_mut(term).spreads.push(spread);
                self.count_all(term, |topology, node, terminating| {
                    if !terminating {
                        topology.count_spread(spread, node, true);
                    }
                });
            }
        }
        spread
    }
}
