//! Columns of node labels, and everything that is counted or kept by node.

use super::bits::{assign, clear, has, ones, set};
use super::column::{Column, Extent, ExtentScope};
use super::counters::{Counter, Spread};
use super::needs::NodeRules;
use super::strings::{Strings, value_of};
use super::table::{Interner, NONE, Slab};
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

impl Topology {
    /// Counts a pod on the node, or no longer.
    pub(super) fn count(&mut self, counter: u32, node: u32, more: bool) {
        let counter = self.counters.at_mut(counter);
        let domain = self.columns.at(counter.column).domain(node);
        if domain == NONE {
            return;
        }
        if more {
            counter.pods.add(domain);
        } else {
            counter.pods.remove(domain);
        }
    }

    /// The same for a spread constraint.
    pub(super) fn count_spread(&mut self, spread: u32, node: u32, more: bool) {
        let spread = self.spreads.at_mut(spread);
        let extent = self.extents.at(spread.extent);
        if !has(&extent.nodes, node) {
            return;
        }
        let domain = self.columns.at(extent.scope.column).domain(node);
        if more { spread.add(domain) } else { spread.remove(domain) }
    }

    /// Puts in a node on which no pod is counted.
    pub(super) fn join(&mut self, strings: &Strings, facts: Facts<'_>) {
        for (_, key, column) in self.columns.iter_mut() {
            if let Some(value) = value_of(facts.labels, *key) {
                column.join(facts.node, value);
            }
        }
        for (_, rules, nodes) in self.rules.iter_mut() {
            assign(nodes, facts.node, rules.admit(strings, facts.name, facts.labels));
        }
        for (_, tolerations, tolerated) in self.tolerations.iter_mut() {
            let open = untolerated(facts.taints, tolerations).is_none();
            assign(&mut tolerated.nodes, facts.node, open);
        }
        for id in self.extent_ids() {
            self.join_extent(id, facts.node);
        }
    }

    fn extent_ids(&self) -> Vec<u32> {
        self.extents.iter().map(|(id, _, _)| id).collect()
    }

    fn join_extent(&mut self, id: u32, node: u32) {
        let scope = self.extents.key(id);
        let present = |column: &u32| has(&self.columns.at(*column).present, node);
        let counts = scope.columns.iter().all(present)
            && (scope.rules == NONE || has(self.rules.at(scope.rules), node))
            && (scope.tolerations == NONE
                || has(&self.tolerations.at(scope.tolerations).nodes, node));
        if counts {
            let domain = self.columns.at(scope.column).domain(node);
            self.extents.at_mut(id).assign(node, domain, true);
        }
    }

    /// Takes out a node on which no pod is counted.
    pub(super) fn leave(&mut self, facts: Facts<'_>) {
        for id in self.extent_ids() {
            let domain = self.columns.at(self.extents.key(id).column).domain(facts.node);
            let extent = self.extents.at_mut(id);
            if has(&extent.nodes, facts.node) {
                extent.assign(facts.node, domain, false);
            }
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
            if rules.admit(strings, facts.name, facts.labels) {
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
