//! Forgets what nobody uses any more.

use std::collections::BTreeSet;

use super::State;
use super::finder::Finder;
use super::needs::{mark, mark_pairs};
use super::reach::keys_of;
use super::table::NONE;
use super::touched::Touched;

/// Less garbage than this is left where it is.
const LEAST: usize = 1024;

/// Some numbers.
type Used = BTreeSet<u32>;

impl State {
    /// Sweeps once half of what is kept has fallen out of use, so that it costs little for each
    /// event.
    pub(super) fn sweep_if_due(&mut self) {
        let kept = self.pods.classes.len() + self.nodes.len() + self.shapes.len();
        if self.pods.garbage > LEAST && self.pods.garbage * 2 > kept {
            self.sweep();
        }
    }

    /// Forgets classes without pods, and all that was kept for them alone; and what was kept for
    /// shapes that are forgotten. It happens by itself from time to time.
    pub fn sweep(&mut self) {
        self.pods.garbage = 0;
        // Numbers of what is forgotten are given to other things.
        self.topology.touch(Touched::everything);
        self.scores.forget();
        self.matched = (NONE, Vec::new());
        self.sweep_classes();
        self.sweep_carriers();
        self.sweep_preferences();
        self.sweep_terms();
        self.sweep_topology();
        self.sweep_strings();
    }

    /// Forgets what was prepared for pods that were not asked for in the last so many calls of
    /// [`State::prepare`].
    pub fn forget(&mut self, calls: u64) {
        self.shapes.forget(calls);
        self.scores.loads.forget();
        self.sweep();
    }

    fn sweep_classes(&mut self) {
        let pods = &mut self.pods;
        pods.sweeps += 1;
        pods.sweep_owners();
        pods.classes.keep(|_, class| !class.pods.is_empty());
        let (mut labels, mut specs) = (Used::new(), Used::new());
        for (_, kind, _) in pods.classes.iter() {
            labels.insert(kind.labels);
            specs.insert(kind.spec);
        }
        pods.labels.keep(|id, ()| labels.contains(&id));
        let unused = pods.specs.iter().map(|(id, _)| id).filter(|id| !specs.contains(id));
        for id in unused.collect::<Vec<_>>() {
            pods.take_spec(id);
        }
    }

    fn sweep_carriers(&mut self) {
        let classes = self.pods.classes.iter();
        let used: Used = classes.flat_map(|(_, _, class)| class.carried.iter().copied()).collect();
        let all: Vec<u32> = self.carriers.iter().map(|(_, _, counter)| *counter).collect();
        if self.carriers.keep(|_, counter| used.contains(counter)).is_empty() {
            return;
        }
        for counter in all.iter().filter(|counter| !used.contains(counter)) {
            self.topology.counters.take(*counter);
        }
        self.carriers_by_label = Finder::default();
        for (id, carrier, _) in self.carriers.iter() {
            let part = &carrier.part;
            self.carriers_by_label.add_in(id, &part.needs, part.scope.names());
        }
    }

    fn sweep_preferences(&mut self) {
        let classes = self.pods.classes.iter();
        let used: Used =
            classes.flat_map(|(_, _, class)| class.preferred.iter().map(|(id, _)| *id)).collect();
        if self.scores.preferences.keep(|id, _| used.contains(&id)).is_empty() {
            return;
        }
        self.scores.preferences_by_label = Finder::default();
        for (id, carrier, _) in self.scores.preferences.iter() {
            self.scores.preferences_by_label.add(id, &carrier.part.needs);
        }
    }

    fn sweep_terms(&mut self) {
        let (mut terms, mut counters, mut spreads) = (Used::new(), Used::new(), Used::new());
        for shape in self.shapes.iter() {
            terms.extend(shape.repelled.iter().chain(&shape.spread_terms));
            terms.extend(Some(shape.companions).filter(|term| *term != NONE));
            counters.extend(shape.affinity.iter().chain(&shape.anti_affinity));
            spreads.extend(shape.spread.iter().map(|constraint| constraint.spread));
        }
        for (_, _, term) in self.terms.iter_mut() {
            for unused in extract(&mut term.counters, &counters) {
                self.topology.counters.take(unused);
            }
            for unused in extract(&mut term.spreads, &spreads) {
                self.topology.spreads.take(unused);
            }
        }
        for unused in extract(&mut self.shapes.empty_spreads, &spreads) {
            self.topology.spreads.take(unused);
        }
        if self.terms.keep(|id, _| terms.contains(&id)).is_empty() {
            return;
        }
        for (_, _, class) in self.pods.classes.iter_mut() {
            class.terms.retain(|term| terms.contains(term));
        }
        self.terms_by_label = Finder::default();
        for id in terms {
            self.find_by_label(id);
        }
    }

    fn sweep_topology(&mut self) {
        let topology = &mut self.topology;
        let extents: Used = topology.spreads.iter().map(|(_, spread)| spread.extent).collect();
        topology.extents.keep(|id, _| extents.contains(&id));
        let (mut rules, mut tolerations, mut columns) = (Used::new(), Used::new(), Used::new());
        for (_, scope, _) in topology.extents.iter() {
            columns.extend(&scope.columns);
            rules.insert(scope.rules);
            tolerations.insert(scope.tolerations);
        }
        columns.extend(topology.counters.iter().map(|(_, counter)| counter.column));
        columns.extend(self.scores.preferences.iter().map(|(_, carrier, _)| carrier.column));
        for shape in self.shapes.iter() {
            rules.insert(shape.rules);
            tolerations.insert(shape.tolerations);
            columns.extend(shape.spread.iter().map(|constraint| constraint.column));
        }
        let named = self.objects.volumes.values().flat_map(keys_of);
        let named = named.filter_map(|key| topology.columns.find(&self.strings.get(key)?));
        columns.extend(named);
        topology.rules.keep(|id, _| rules.contains(&id));
        topology.tolerations.keep(|id, _| tolerations.contains(&id));
        topology.columns.keep(|id, _| columns.contains(&id));
    }

    fn sweep_strings(&mut self) {
        let mut used = vec![false; self.strings.bound()];
        for (_, slot) in self.nodes.slots() {
            mark(&mut used, slot.name);
            mark_pairs(&mut used, &slot.labels);
        }
        for name in self.objects.namespaces.keys() {
            if let Some(id) = self.strings.get(name) {
                mark(&mut used, id);
                self.namespaces.get(&id).iter().for_each(|pairs| mark_pairs(&mut used, pairs));
            }
        }
        for (_, pairs, ()) in self.pods.labels.iter() {
            mark_pairs(&mut used, pairs);
        }
        for (_, kind, _) in self.pods.classes.iter() {
            mark(&mut used, kind.namespace);
        }
        for (_, spec) in self.pods.specs.iter() {
            spec.amount.scalars.iter().for_each(|(name, _)| mark(&mut used, *name));
            spec.ports.iter().flat_map(|port| port.strings()).for_each(|id| mark(&mut used, id));
        }
        self.rows.scalar_names().for_each(|name| mark(&mut used, name));
        self.pods.strays.keys().for_each(|name| mark(&mut used, *name));
        let carried = self.carriers.iter().map(|(_, carrier, _)| &carrier.part);
        let preferred = self.scores.preferences.iter().map(|(_, carrier, _)| &carrier.part);
        let carried = carried.chain(preferred);
        for part in self.terms.iter().flat_map(|(_, parts, _)| parts).chain(carried) {
            part.scope.mark(&mut used);
            part.needs.mark(&mut used);
        }
        self.topology.rules.iter().for_each(|(_, rules, _)| rules.mark(&mut used));
        self.topology.columns.iter().for_each(|(_, key, _)| mark(&mut used, *key));
        for shape in self.shapes.iter() {
            mark(&mut used, shape.namespace);
            let selectors = shape.spread.iter().filter_map(|one| one.selector.as_ref());
            selectors.for_each(|selector| selector.mark(&mut used));
        }
        self.strings.keep(&used);
    }

    /// How much is kept: strings, sets of labels, specs, classes, terms, carried terms, terms that
    /// pods prefer, counters, spread constraints and the nodes that count for them, columns, node
    /// rules, tolerations; for scores what classes ask for, images and tables of points; shapes.
    /// For tests of what is forgotten.
    #[must_use]
    pub fn sizes(&self) -> [usize; 17] {
        let [wishes, images, tables] = self.scores.sizes();
        [
            self.strings.len(),
            self.pods.labels.len(),
            self.pods.specs.len(),
            self.pods.classes.len(),
            self.terms.len(),
            self.carriers.len(),
            self.scores.preferences.len(),
            self.topology.counters.len(),
            self.topology.spreads.len(),
            self.topology.extents.len(),
            self.topology.columns.len(),
            self.topology.rules.len(),
            self.topology.tolerations.len(),
            wishes,
            images,
            tables,
            self.shapes.len(),
        ]
    }
}

/// Takes out the numbers that are not used.
fn extract(numbers: &mut Vec<u32>, used: &Used) -> Vec<u32> {
    let (keep, unused) = numbers.iter().partition(|number| used.contains(number));
    *numbers = keep;
    unused
}
