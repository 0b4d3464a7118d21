//! How many pods a term has in each domain.

use std::collections::BTreeMap;

use super::bits::Tally;

/// The pods that match a term, or carry one, by domain of a topology key.
#[derive(Clone, Debug, Default)]
pub(super) struct Counter {
    /// The column of the topology key.
    pub(super) column: u32,
    /// The pods in each domain.
    pub(super) pods: Tally,
}

/// The pods that a spread constraint counts, by domain.
#[derive(Clone, Debug, Default)]
pub(super) struct Spread {
    /// Which nodes count.
    pub(super) extent: u32,
    /// The pods in each domain.
    pub(super) pods: Tally,
    /// How many domains have so many pods; those without any are left out.
    domains: BTreeMap<u32, u32>,
}

impl Spread {
    /// Of nodes of this extent.
    pub(super) fn new(extent: u32) -> Self {
        Self { extent, ..Self::default() }
    }

    /// Counts one more pod.
    pub(super) fn add(&mut self, domain: u32) {
        let count = self.pods.add(domain);
        self.change(count - 1, false);
        self.change(count, true);
    }

    /// Counts one pod less.
    pub(super) fn remove(&mut self, domain: u32) {
        let count = self.pods.remove(domain);
        if count > 0 {
            self.change(count, false);
            self.change(count - 1, true);
        }
    }

    fn change(&mut self, count: u32, more: bool) {
        if count == 0 {
            return;
        }
        let domains = self.domains.entry(count).or_default();
        if more {
            *domains += 1;
        } else {
            *domains = domains.saturating_sub(1);
            if *domains == 0 {
                self.domains.remove(&count);
            }
        }
    }

    /// The fewest pods in any of so many domains.
    pub(super) fn least(&self, domains: u32) -> u32 {
        if self.pods.some.len() < domains {
            return 0;
        }
        self.domains.first_key_value().map_or(0, |(count, _)| *count)
    }

    /// The most pods in any domain.
    pub(super) fn most(&self) -> u32 {
        self.domains.last_key_value().map_or(0, |(count, _)| *count)
    }
}
