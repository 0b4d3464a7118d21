//! The engine that is measured and tested: a cluster kept up to date, and the memory that its
//! decisions use again.

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::state::{Said, Scratch, State};

use crate::reading::{code, semantics};

/// A cluster and its scratch memory.
pub struct Engine {
    pub state: State,
    scratch: Scratch,
    said: Vec<Said>,
}

impl Engine {
    pub fn new(state: State) -> Self {
        Self { state, scratch: Scratch::default(), said: Vec::new() }
    }

    pub fn of(inventory: &Inventory) -> Self {
        Self::new(State::of(inventory, semantics()))
    }

    /// Makes ready what the pod asks for, looks at every node, and counts the feasible ones and
    /// those that each plugin rejects first. If what the pod asks for is ready, that is found by
    /// looking it up. Returns the number of feasible nodes.
    pub fn decide(&mut self, pod: &Pod) -> usize {
        let prepared = self.state.prepare(pod);
        self.state.decide(pod, prepared, &mut self.scratch).feasible_count
    }

    /// The same, and writes out for every node which plugin rejects it first and with which code.
    pub fn write_codes(&mut self, pod: &Pod) -> usize {
        let prepared = self.state.prepare(pod);
        self.state.decide(pod, prepared, &mut self.scratch).said(&mut self.said);
        self.said.len()
    }

    /// What is said of each node, in the order of their names; `None`: feasible.
    pub fn words(&mut self, pod: &Pod) -> Vec<Option<String>> {
        self.write_codes(pod);
        let mut words = Vec::new();
        for (number, said) in (0u32..).zip(&self.said) {
            let word = match said {
                Said::NoNode => continue,
                Said::Feasible => None,
                Said::Rejected(plugins, how) => {
                    let plugins: String = plugins.iter().map(|plugin| plugin.name()).collect();
                    Some(format!("{plugins}/{}", code(*how)))
                }
            };
            words.push((self.state.node(number).map(|node| node.name.as_str()), word));
        }
        words.sort();
        words.into_iter().map(|(_, word)| word).collect()
    }
}
