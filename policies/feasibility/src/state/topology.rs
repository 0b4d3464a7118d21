//! Columns of node labels, and everything that is counted or kept by node.

use super::bits::{assign, clear, has, ones, set};
use super::column::{Column, Extent, ExtentScope};
use super::counters::{Counter, Spread};
use super::needs::NodeRules;
use super::strings::{Sheet, Strings, value_of};
use super::table::{Interner, NONE, Slab};
use super::touched::Touched;
use crate::filter::node_unschedulable;
use crate::tolerations::{Taint, Toleration, untolerated};

/// The nodes whose taints some tolerations leave open.
#[derive(Clone, Debug, Default)]
pub(super) struct Tolerated {
    /// The nodes.
    pub(super) nodes: Vec<u64>,
    /// Cordons are tolerated as well.
    pub(super) cordons: bool,
}

/// Everything that is kept by node for the terms that are known.
#[derive(Clone, Debug, Default)]
pub(super) struct Topology {
    /// By label key.
    pub(super) columns: Interner<u32, Column>,
    /// Of terms and of those who carry one.
    pub(super) counters: Slab<Counter>,
    /// Of spread constraints.
    pub(super) spreads: Slab<Spread>,
    /// The nodes that count for spread constraints.
    pub(super) extents: Interner<ExtentScope, Extent>,
    /// The nodes that node rules admit.
    pub(super) rules: Interner<NodeRules, Vec<u64>>,
    /// The nodes that tolerations leave open.
    pub(super) tolerations: Interner<Vec<Toleration>, Tolerated>,
    /// What events touch, if anybody wants to know.
    pub(super) touched: Option<Box<Touched>>,
    sheet: Sheet,
}

/// What the topology sees of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    /// Its number.
    pub(super) node: u32,
    /// The number of its name.
    pub(super) name: u32,
    /// Its labels.
    pub(super) labels: &'a [(u32, u32)],
    /// Its taints.
    pub(super) taints: &'a [Taint],
}

/// The columns and extents in which a node has another place, or had one, when its labels or
/// taints change. What counts in others stays as it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Moved {
    columns: Vec<u64>,
    extents: Vec<u64>,
}

impl Moved {
    /// Nothing has another place.
    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty() && self.extents.is_empty()
    }

    /// Has the node another place in this column?
    pub(super) fn column(&self, column: u32) -> bool {
        has(&self.columns, column)
    }
}

impl Topology {
    /// Does the counter count pods of a node that has moved so?
    pub(super) fn counter_moved(&self, counter: u32, moved: &Moved) -> bool {
        moved.column(self.counters.at(counter).column)
    }

    /// The same of the counter of a spread constraint.
    pub(super) fn spread_moved(&self, spread: u32, moved: &Moved) -> bool {
        has(&moved.extents, self.spreads.at(spread).extent)
    }

    /// Counts a pod on the node, or no longer.
    pub(super) fn count(&mut self, id: u32, node: u32, more: bool) {
        let counter = self.counters.at_mut(id);
        let domain = self.columns.at(counter.column).domain(node);
        if domain == NONE {
            return;
        }
        let pods = if more { counter.pods.add(domain) } else { counter.pods.remove(domain) };
        if let Some(touched) = &mut self.touched {
            let domains = counter.pods.some.len() + u32::from(!more);
            touched.counter(id, domain, pods, domains);
        }
    }

    /// The same for a spread constraint.
    pub(super) fn count_spread(&mut self, id: u32, node: u32, more: bool) {
        let spread = self.spreads.at_mut(id);
        let extent = self.extents.at(spread.extent);
        if !has(&extent.nodes, node) {
            return;
        }
        let domain = self.columns.at(extent.scope.column).domain(node);
        let least = self.touched.as_ref().map(|_| spread.least(extent.domains));
        if more {
            spread.add(domain)
        } else {
            spread.remove(domain)
        }
        if let Some(touched) = &mut self.touched {
            touched.spread(id, domain, least != Some(spread.least(extent.domains)));
        }
    }

    /// Notes what an event touches.
    pub(super) fn touch<R>(&mut self, note: impl FnOnce(&mut Touched) -> R) {
        if let Some(touched) = &mut self.touched {
            note(touched);
        }
    }

    /// Puts in a node on which no pod is counted.
    pub(super) fn join(&mut self, strings: &Strings, facts: Facts<'_>) {
        for (_, key, column) in self.columns.iter_mut() {
            if let Some(value) = value_of(facts.labels, *key) {
                column.join(facts.node, value);
            }
        }
        self.admit(strings, facts);
        self.leave_open(facts);
        for id in self.extent_ids() {
            self.join_extent(id, facts.node);
        }
    }

    /// Tells rules and tolerations of what a node will be like; what moves with that.
    pub(super) fn shift(
        &mut self,
        strings: &Strings,
        before: Facts<'_>,
        after: Facts<'_>,
    ) -> Moved {
        let (mut moved, mut present) = (Moved::default(), Vec::new());
        for (id, key, _) in self.columns.iter() {
            let value = value_of(after.labels, *key);
            if value.is_some() {
                set(&mut present, id);
            }
            if value != value_of(before.labels, *key) {
                set(&mut moved.columns, id);
            }
        }
        if before.labels != after.labels {
            self.admit(strings, after);
        }
        if before.taints != after.taints {
            self.leave_open(after);
        }
        for (id, scope, extent) in self.extents.iter() {
            let counted = has(&extent.nodes, after.node);
            let counts = self.counts(scope, after.node, |column| has(&present, column));
            if counted != counts || (counted && moved.column(scope.column)) {
                set(&mut moved.extents, id);
            }
        }
        moved
    }

    /// Takes the node out of its place in what has moved; no pod of it is counted there.
    pub(super) fn take_out(&mut self, moved: &Moved, before: Facts<'_>) {
        for id in ones(&moved.extents) {
            self.leave_extent(id, before.node);
        }
        for id in ones(&moved.columns) {
            let column = self.columns.at_mut(id);
            if let Some(value) = value_of(before.labels, column.key) {
                column.leave(before.node, value);
            }
        }
    }

    /// Puts the node, which was taken out, into its new place.
    pub(super) fn put_in(&mut self, moved: &Moved, after: Facts<'_>) {
        for id in ones(&moved.columns) {
            let column = self.columns.at_mut(id);
            if let Some(value) = value_of(after.labels, column.key) {
                column.join(after.node, value);
            }
        }
        for id in ones(&moved.extents) {
            self.join_extent(id, after.node);
        }
    }

    fn admit(&mut self, strings: &Strings, facts: Facts<'_>) {
        let rules = &mut self.rules;
        self.sheet.with(facts.labels, |sheet| {
            for (_, rules, nodes) in rules.iter_mut() {
                let admitted = rules.admit(strings, facts.name, |key| sheet.value(key));
                assign(nodes, facts.node, admitted);
            }
        });
    }

    fn leave_open(&mut self, facts: Facts<'_>) {
        for (_, tolerations, tolerated) in self.tolerations.iter_mut() {
            let open = untolerated(facts.taints, tolerations).is_none();
            assign(&mut tolerated.nodes, facts.node, open);
        }
    }

    fn extent_ids(&self) -> Vec<u32> {
        self.extents.iter().map(|(id, _, _)| id).collect()
    }

    fn join_extent(&mut self, id: u32, node: u32) {
        let scope = self.extents.key(id);
        if self.counts(scope, node, |column| has(&self.columns.at(column).present, node)) {
            let domain = self.columns.at(scope.column).domain(node);
            self.extents.at_mut(id).assign(node, domain, true);
            self.touch(|touched| touched.extents.insert(id));
        }
    }

    /// Does a node that is in some columns count in an extent of this scope?
    fn counts(&self, scope: &ExtentScope, node: u32, is_in: impl Fn(u32) -> bool) -> bool {
        scope.columns.iter().all(|column| is_in(*column))
            && (scope.rules == NONE || has(self.rules.at(scope.rules), node))
            && (scope.tolerations == NONE
                || has(&self.tolerations.at(scope.tolerations).nodes, node))
    }

    fn leave_extent(&mut self, id: u32, node: u32) {
        let domain = self.columns.at(self.extents.key(id).column).domain(node);
        let extent = self.extents.at_mut(id);
        if has(&extent.nodes, node) {
            extent.assign(node, domain, false);
            self.touch(|touched| touched.extents.insert(id));
        }
    }

    /// Takes out a node on which no pod is counted.
    pub(super) fn leave(&mut self, facts: Facts<'_>) {
        for id in self.extent_ids() {
            self.leave_extent(id, facts.node);
        }
        for (_, key, column) in self.columns.iter_mut() {
            if let Some(value) = value_of(facts.labels, *key) {
                column.leave(facts.node, value);
            }
        }
        for (_, _, nodes) in self.rules.iter_mut() {
            clear(nodes, facts.node);
        }
        for (_, _, tolerated) in self.tolerations.iter_mut() {
            clear(&mut tolerated.nodes, facts.node);
        }
    }

    /// The column of a key, over these nodes if it is new.
    pub(super) fn column<'a>(&mut self, key: u32, nodes: impl Iterator<Item = Facts<'a>>) -> u32 {
        if let Some(known) = self.columns.find(&key) {
            return known;
        }
        let mut column = Column::new(key);
        for facts in nodes {
            if let Some(value) = value_of(facts.labels, key) {
                column.join(facts.node, value);
            }
        }
        self.columns.add(key, column)
    }

    /// The nodes that the rules admit.
    pub(super) fn rules<'a>(
        &mut self,
        strings: &Strings,
        rules: NodeRules,
        nodes: impl Iterator<Item = Facts<'a>>,
    ) -> u32 {
        if let Some(known) = self.rules.find(&rules) {
            return known;
        }
        let mut row = Vec::new();
        for facts in nodes {
            if rules.admit(strings, facts.name, |key| value_of(facts.labels, key)) {
                set(&mut row, facts.node);
            }
        }
        self.rules.add(rules, row)
    }

    /// The nodes that the tolerations leave open.
    pub(super) fn tolerations<'a>(
        &mut self,
        tolerations: &[Toleration],
        nodes: impl Iterator<Item = Facts<'a>>,
    ) -> u32 {
        if let Some(known) = self.tolerations.find(tolerations) {
            return known;
        }
        let cordons = node_unschedulable::tolerated(tolerations);
        let mut tolerated = Tolerated { nodes: Vec::new(), cordons };
        for facts in nodes {
            if untolerated(facts.taints, tolerations).is_none() {
                set(&mut tolerated.nodes, facts.node);
            }
        }
        self.tolerations.add(tolerations.to_vec(), tolerated)
    }

    /// The nodes that count for a spread constraint.
    pub(super) fn extent(&mut self, scope: ExtentScope) -> u32 {
        if let Some(known) = self.extents.find(&scope) {
            return known;
        }
        let nodes: Vec<u32> = ones(&self.columns.at(scope.column).present).collect();
        let extent = Extent::new(scope.clone());
        let id = self.extents.add(scope, extent);
        for node in nodes {
            self.join_extent(id, node);
        }
        id
    }
}
