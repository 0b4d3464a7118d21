//! What scores need to have counted, so that a pod is scored without a look at other pods.
//!
//! `loads`: points for resources, by what is asked for, found again only where a node has changed.
//! `preferences`: what the pods that are there prefer, by domain. `wish`: what is the same for all
//! pods of a class, as long as no node and no object changes. `total`: the sum for one pod.

pub(super) mod loads;
pub(super) mod preferences;
pub(super) mod total;
pub(super) mod wish;

use std::collections::BTreeMap;

use super::State;
use super::bits::{clear, set};
use super::finder::Finder;
use super::table::Interner;
use super::terms::Carrier;
use crate::inventory::node::Node;
use crate::inventory::pod::Owner;
use crate::profile::Profile;
use crate::shared::Shared;
use loads::Loads;
use preferences::Preference;
use wish::Wish;

/// Everything that is kept for scores.
#[derive(Clone, Debug, Default)]
pub(super) struct Scores {
    /// The profile scores as a scheduler without a configuration does.
    ordinary: bool,
    /// What is taken of each node, and the points for that.
    pub(super) loads: Loads,
    /// What the pods that are there prefer or require to be near.
    pub(super) preferences: Interner<Carrier, Preference>,
    pub(super) preferences_by_label: Finder,
    /// By class and owner.
    wishes: BTreeMap<(u32, Option<Shared<Owner>>), Wish>,
    /// How many numbers those keep.
    kept: usize,
    /// The nodes that have an image.
    images: BTreeMap<String, Vec<u64>>,
    /// The place of each node in the order of the names, once somebody asked.
    order: Option<Vec<u32>>,
}

/// More than this is forgotten, in wishes and in the numbers that they keep.
const MOST_WISHES: usize = 16_384;
const MOST_KEPT: usize = 1 << 22;

impl Scores {
    /// Forgets what rests on nodes, on objects and on what is counted for terms.
    pub(super) fn forget(&mut self) {
        self.wishes.clear();
        self.kept = 0;
    }

    /// How much is kept: wishes, images, tables of points.
    pub(super) fn sizes(&self) -> [usize; 3] {
        [self.wishes.len(), self.images.len(), self.loads.len()]
    }

    /// A node is added, replaced or gone.
    pub(super) fn change_node(&mut self, number: u32, before: Option<&Node>, after: Option<&Node>) {
        if before == after {
            return;
        }
        self.forget();
        self.loads.touch(number);
        if before.is_none() || after.is_none() {
            self.order = None;
        }
        let images = |node: Option<&Node>| node.map(|node| node.images.clone()).unwrap_or_default();
        let (old, new) = (images(before), images(after));
        if old == new {
            return;
        }
        for image in old {
            if let Some(row) = self.images.get_mut(&image) {
                clear(row, number);
                if row.iter().all(|word| *word == 0) {
                    self.images.remove(&image);
                }
            }
        }
        for image in new {
            set(self.images.entry(image).or_default(), number);
        }
    }

    /// Does the profile score as one without a configuration?
    pub(super) fn is_ordinary(&self) -> bool {
        self.ordinary
    }

    /// What was found for a class.
    pub(super) fn wish(&self, key: &(u32, Option<Shared<Owner>>)) -> Option<&Wish> {
        self.wishes.get(key)
    }

    /// The place of each node in the order of the names, once [`State::node_order`] has found it.
    pub(super) fn order(&self) -> &[u32] {
        self.order.as_deref().unwrap_or_default()
    }

    fn keep(&mut self, key: (u32, Option<Shared<Owner>>), wish: Wish) {
        if self.wishes.len() >= MOST_WISHES || self.kept > MOST_KEPT {
            self.forget();
        }
        self.kept += wish.size();
        self.wishes.insert(key, wish);
    }
}

impl State {
    /// Does the profile score as one without a configuration?
    pub(super) fn find_how_it_scores(&mut self) {
        let ordinary = Profile::of(self.semantics);
        let profile = Profile {
            scheduler: ordinary.scheduler.clone(),
            served: ordinary.served.clone(),
            percentage_of_nodes_to_score: ordinary.percentage_of_nodes_to_score,
            ..self.profile.clone()
        };
        self.scores.ordinary = self.ordinary && profile == ordinary;
        self.scores.forget();
    }

    /// The place of each node in the order of the names.
    pub(super) fn node_order(&mut self) {
        if self.scores.order.is_some() {
            return;
        }
        let mut names: Vec<(&str, u32)> =
            self.nodes.iter().map(|(number, node)| (node.name.as_str(), number)).collect();
        names.sort_unstable();
        let mut order = vec![u32::MAX; self.nodes.bound()];
        for (place, (_, number)) in (0u32..).zip(names) {
            if let Some(known) = order.get_mut(number as usize) {
                *known = place;
            }
        }
        self.scores.order = Some(order);
    }
}
