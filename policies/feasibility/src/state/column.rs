//! Topology: which domain of a node label each node is in.

use std::collections::BTreeMap;

use super::bits::{Set, assign, clear, set};
use super::table::NONE;

/// The nodes by the value of one label that a term names as its topology key.
///
/// As long as every node has a value of its own, as host names are, a domain has the number of its
/// node, and a set of domains is a set of nodes. When two nodes first share a value, domains keep
/// the numbers they have, and from then on have lists of members.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    /// The label key.
    pub(super) key: u32,
    /// The domain of each node.
    domains: Vec<u32>,
    /// The domain of each value.
    by_value: BTreeMap<u32, u32>,
    /// The nodes that have the label.
    pub(super) present: Vec<u64>,
    /// The nodes of each domain, once domains have several.
    members: Option<Vec<Members>>,
    /// Numbers of domains that can be given out.
    free: Vec<u32>,
}

/// The nodes of a domain.
#[derive(Clone, Debug, Default)]
struct Members {
    nodes: Set,
}

impl Column {
    /// An empty column.
    pub(super) fn new(key: u32) -> Self {
        Self { key, ..Self::default() }
    }

    /// The domain of a node; [`NONE`] without the label.
    pub(super) fn domain(&self, node: u32) -> u32 {
        self.domains.get(node as usize).copied().unwrap_or(NONE)
    }

    /// The domain of each node, as far as nodes have been in any; [`NONE`] without the label.
    pub(super) fn domains(&self) -> &[u32] {
        &self.domains
    }

    /// Have two nodes ever been in one domain? Else each domain has the number of its node.
    pub(super) fn is_shared(&self) -> bool {
        self.members.is_some()
    }

    /// Does any node have this value?
    pub(super) fn has_value(&self, value: u32) -> bool {
        self.by_value.contains_key(&value)
    }

    /// The domain of a value that some node has.
    pub(super) fn domain_of(&self, value: u32) -> Option<u32> {
        self.by_value.get(&value).copied()
    }

    /// Puts a node, which is in no domain, into that of its value.
    pub(super) fn join(&mut self, node: u32, value: u32) {
        let domain = match (self.by_value.get(&value).copied(), &self.members) {
            (Some(known), Some(_)) => known,
            (Some(known), None) => {
                self.share();
                known
            }
            (None, None) => node,
            (None, Some(members)) => {
                let next = u32::try_from(members.len()).unwrap_or(NONE);
                self.free.pop().unwrap_or(next)
            }
        };
        if self.domains.len() <= node as usize {
            self.domains.resize(node as usize + 1, NONE);
        }
        if let Some(known) = self.domains.get_mut(node as usize) {
            *known = domain;
        }
        self.by_value.insert(value, domain);
        set(&mut self.present, node);
        self.add_member(domain, node);
    }

    /// Domains have several nodes from now on.
    fn share(&mut self) {
        let mut members = vec![Members::default(); self.domains.len()];
        for node in self.by_value.values() {
            if let Some(one) = members.get_mut(*node as usize) {
                one.nodes.insert(*node);
            }
        }
        let vacant = (0u32..).zip(&members).filter(|(_, one)| one.nodes.is_empty());
        self.free = vacant.map(|(domain, _)| domain).collect();
        self.members = Some(members);
    }

    fn add_member(&mut self, domain: u32, node: u32) {
        let Some(members) = &mut self.members else {
            return;
        };
        if members.len() <= domain as usize {
            members.resize_with(domain as usize + 1, Members::default);
        }
        if let Some(one) = members.get_mut(domain as usize) {
            one.nodes.insert(node);
        }
    }

    /// Takes a node out of its domain, whose value it has.
    pub(super) fn leave(&mut self, node: u32, value: u32) {
        let domain = self.domain(node);
        if let Some(known) = self.domains.get_mut(node as usize) {
            *known = NONE;
        }
        clear(&mut self.present, node);
        let gone = match &mut self.members {
            None => true,
            Some(members) => members.get_mut(domain as usize).is_none_or(|one| {
                one.nodes.remove(node);
                one.nodes.is_empty()
            }),
        };
        if gone {
            self.by_value.remove(&value);
            if self.members.is_some() {
                self.free.push(domain);
            }
        }
    }

    /// Adds the nodes of the domains to a row of bits that is long enough.
    pub(super) fn add_nodes(&self, domains: &Set, row: &mut [u64]) {
        if self.members.is_none() {
            domains.add_to(row);
        } else {
            domains.iter().for_each(|domain| self.add_domain(domain, row));
        }
    }

    /// Adds the nodes of one domain.
    pub(super) fn add_domain(&self, domain: u32, row: &mut [u64]) {
        match &self.members {
            None => {
                if let Some(word) = row.get_mut(domain as usize / 64) {
                    *word |= 1 << (domain % 64);
                }
            }
            Some(members) => {
                if let Some(one) = members.get(domain as usize) {
                    one.nodes.add_to(row);
                }
            }
        }
    }

    /// The domains with their values, by value.
    pub(super) fn values(&self) -> impl Iterator<Item = (u32, u32)> {
        self.by_value.iter().map(|(value, domain)| (*value, *domain))
    }
}

/// The nodes that count for spread constraints: they have the keys of all hard constraints of the
/// pod and, where a constraint says so, its node rules and tolerations admit them.
#[derive(Clone, Debug, Default)]
pub(super) struct Extent {
    /// What it is made of.
    pub(super) scope: ExtentScope,
    /// The nodes.
    pub(super) nodes: Vec<u64>,
    /// How many of them are in each domain.
    sizes: Vec<u32>,
    /// How many domains have any.
    pub(super) domains: u32,
}

/// What makes an [`Extent`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ExtentScope {
    /// The column of the constraint.
    pub(super) column: u32,
    /// The columns of all constraints, sorted.
    pub(super) columns: Box<[u32]>,
    /// The node rules that are honoured, or [`NONE`].
    pub(super) rules: u32,
    /// The tolerations that are honoured, or [`NONE`].
    pub(super) tolerations: u32,
}

impl Extent {
    /// An empty one.
    pub(super) fn new(scope: ExtentScope) -> Self {
        Self { scope, ..Self::default() }
    }

    /// How many of the nodes are in a domain.
    pub(super) fn size(&self, domain: u32) -> u32 {
        self.sizes.get(domain as usize).copied().unwrap_or(0)
    }

    /// Counts a node, which is in this domain, or no longer.
    pub(super) fn assign(&mut self, node: u32, domain: u32, present: bool) {
        if domain == NONE {
            return;
        }
        assign(&mut self.nodes, node, present);
        if self.sizes.len() <= domain as usize {
            self.sizes.resize(domain as usize + 1, 0);
        }
        let Some(size) = self.sizes.get_mut(domain as usize) else {
            return;
        };
        if present {
            self.domains += u32::from(*size == 0);
            *size += 1;
        } else {
            *size = size.saturating_sub(1);
            self.domains = self.domains.saturating_sub(u32::from(*size == 0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bits::ones;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn domains_have_their_nodes(
            steps in prop::collection::vec((0u32..70, prop::option::of(0u32..90)), 0..200),
            spread in 1u32..90,
        ) {
            let mut column = Column::new(0);
            let mut model: BTreeMap<u32, u32> = BTreeMap::new();
            for (node, value) in steps {
                if let Some(known) = model.remove(&node) {
                    column.leave(node, known);
                }
                if let Some(value) = value {
                    // At first mostly values of their own.
                    let value = if value < spread { 1000 + node } else { value };
                    column.join(node, value);
                    model.insert(node, value);
                }
                for node in 0..70 {
                    let domain = column.domain(node);
                    prop_assert_eq!(domain != NONE, model.contains_key(&node));
                    if domain == NONE {
                        continue;
                    }
                    let mut row = vec![0; 2];
                    column.add_domain(domain, &mut row);
                    let together = model.iter().filter(|(_, value)| Some(*value) == model.get(&node));
                    prop_assert_eq!(
                        ones(&row).collect::<Vec<_>>(),
                        together.map(|(other, _)| *other).collect::<Vec<_>>()
                    );
                }
                prop_assert_eq!(ones(&column.present).collect::<Vec<_>>(), model.keys().copied().collect::<Vec<_>>());
            }
        }
    }
}
