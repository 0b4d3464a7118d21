//! How far the objects of a kind are known, and what a list has not confirmed yet.

use std::collections::BTreeSet;

use placecard_feasibility::inventory::NamespacedName;

/// At most so many broken objects are told apart, by kind.
const MOST_BROKEN: usize = 1000;

/// How far the objects of one kind are known.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    /// All of them were listed once.
    pub(super) synced: bool,
    /// Those that are there and cannot be read.
    broken: BTreeSet<NamespacedName>,
    /// There are broken ones of which not even the name is known, or too many.
    nameless: bool,
    /// While they are listed.
    pub(super) listing: Option<Listing>,
}

/// What a list that is under way has not confirmed.
#[derive(Clone, Debug, Default)]
pub(super) struct Listing {
    /// Objects by name.
    pub(super) names: BTreeSet<NamespacedName>,
    /// Pods by number, 64 a word.
    pub(super) pods: Vec<u64>,
    broken: BTreeSet<NamespacedName>,
    /// Nameless ones were met since the list began.
    nameless: bool,
}

impl Marks {
    /// Everything of the kind is known.
    pub(super) fn is_complete(&self) -> bool {
        self.synced && self.broken.is_empty() && !self.nameless
    }

    /// How many are known to be broken, at least.
    pub(super) fn broken(&self) -> usize {
        self.broken.len() + usize::from(self.nameless)
    }

    /// A list begins, of which nothing is confirmed.
    pub(super) fn begin(&mut self, names: BTreeSet<NamespacedName>, pods: Vec<u64>) {
        let broken = self.broken.clone();
        self.listing = Some(Listing { names, pods, broken, nameless: false });
    }

    /// The object was seen, broken or not.
    pub(super) fn see(&mut self, name: &NamespacedName, pod: Option<u32>, broken: bool) {
        if let Some(listing) = &mut self.listing {
            listing.names.remove(name);
            listing.broken.remove(name);
            if let Some(word) = pod.and_then(|pod| listing.pods.get_mut(pod as usize / 64)) {
                *word &= !(1 << (pod.unwrap_or(0) % 64));
            }
        }
        if !broken {
            self.broken.remove(name);
        } else if self.broken.len() < MOST_BROKEN || self.broken.contains(name) {
            self.broken.insert(name.clone());
        } else {
            self.see_nameless();
        }
    }

    /// An object was seen of which not even the name can be read.
    pub(super) fn see_nameless(&mut self) {
        self.nameless = true;
        if let Some(listing) = &mut self.listing {
            listing.nameless = true;
        }
    }

    /// The list is complete: what it has not confirmed.
    pub(super) fn end(&mut self) -> Listing {
        let listing = self.listing.take().unwrap_or_default();
        self.broken.retain(|name| !listing.broken.contains(name));
        self.nameless &= listing.nameless;
        self.synced = true;
        listing
    }

    /// Nothing is known any longer.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
