//! Which nodes reach a volume, from the columns of the node labels that volumes name.

use super::State;
use super::bits::unite;
use super::column::Column;
use crate::filter::volume_zone::{self, Place};
use crate::inventory::volume::{Claim, Volume};
use crate::node_terms::{NodeTerm, requirement_flaw};
use crate::requirement::{Operator, Requirement};

/// So many labels are followed for volumes; nodes are looked at one by one for others.
const MOST_COLUMNS: usize = 64;

/// The node labels that decide whether a node reaches the volume.
pub(super) fn keys_of(volume: &Volume) -> impl Iterator<Item = &str> {
    let terms = volume.node_affinity.iter().flatten();
    let requirements = terms.flat_map(NodeTerm::requirements).filter(|(field, _)| !field);
    let has_place = volume_zone::places_of(volume).next().is_some();
    let zones = volume_zone::keys().filter(move |_| has_place).map(|key| -> &str { key });
    let keys = requirements.map(|(_, one)| one.key.as_str());
    keys.chain(zones)
}

impl State {
    /// Follows the labels that the volume names.
    pub(super) fn follow(&mut self, volume: &Volume) {
        for key in keys_of(volume) {
            let known = self.strings.get(key).and_then(|key| self.topology.columns.find(&key));
            if known.is_none() && self.topology.columns.len() < MOST_COLUMNS {
                self.column(key);
            }
        }
    }

    /// The nodes that reach the volumes of all these claims; `None` if nodes have to be looked at.
    pub(super) fn reaching(&self, claims: &[&Claim], may_be_missing: bool) -> Option<Vec<u64>> {
        let mut all = self.nodes.there.clone();
        for claim in claims {
            let volume = self.objects.volumes.get(&claim.volume);
            let row = match volume.map(|volume| &volume.node_affinity) {
                None if may_be_missing => continue,
                None => Vec::new(),
                Some(None) => continue,
                Some(Some(terms)) => self.meeting(terms)?,
            };
            keep(&mut all, &row);
        }
        Some(all)
    }

    /// The nodes that meet any of the terms.
    fn meeting(&self, terms: &[NodeTerm]) -> Option<Vec<u64>> {
        let mut any = vec![0; self.nodes.there.len()];
        for term in terms.iter().filter(|term| !term.is_empty()) {
            let mut all = self.nodes.there.clone();
            for (field, requirement) in term.requirements() {
                if field || requirement_flaw(field, requirement).is_some() {
                    return None;
                }
                keep(&mut all, &self.with_label(requirement)?);
            }
            unite(&mut any, &all);
        }
        Some(any)
    }

    fn followed(&self, key: &str) -> Option<&Column> {
        let column = self.topology.columns.find(&self.strings.get(key)?)?;
        Some(self.topology.columns.at(column))
    }

    fn with_label(&self, one: &Requirement) -> Option<Vec<u64>> {
        let column = self.followed(&one.key)?;
        let values = one.values.iter().map(String::as_str);
        match one.operator {
            Operator::In => Some(self.with_values(column, values)),
            Operator::NotIn => Some(self.others(&self.with_values(column, values))),
            Operator::Exists => Some(column.present.clone()),
            Operator::DoesNotExist => Some(self.others(&column.present)),
            Operator::Gt | Operator::Lt | Operator::Other(_) => None,
        }
    }

    fn with_values<'a>(&self, column: &Column, values: impl Iterator<Item = &'a str>) -> Vec<u64> {
        let mut row = vec![0; self.nodes.there.len()];
        let values = values.filter_map(|value| self.strings.get(value));
        for domain in values.filter_map(|value| column.domain_of(value)) {
            column.add_domain(domain, &mut row);
        }
        row
    }

    /// The nodes that are not in the row.
    fn others(&self, row: &[u64]) -> Vec<u64> {
        let row = row.iter().copied().chain(std::iter::repeat(0));
        self.nodes.there.iter().zip(row).map(|(there, not)| there & !not).collect()
    }

    /// The nodes in these zones and regions, or in none; `None` if nodes have to be looked at.
    pub(super) fn in_places(&self, places: &[Place<'_>]) -> Option<Vec<u64>> {
        let mut placed = vec![0; self.nodes.there.len()];
        for key in volume_zone::keys() {
            unite(&mut placed, &self.followed(key)?.present);
        }
        let mut row = self.nodes.there.clone();
        for (key, stand_in, values) in places {
            let column = self.followed(key)?;
            let named = self.with_values(column, values.iter().copied());
            let mut met = self.with_values(self.followed(stand_in)?, values.iter().copied());
            keep(&mut met, &self.others(&column.present));
            unite(&mut met, &named);
            keep(&mut row, &met);
        }
        unite(&mut row, &self.others(&placed));
        Some(row)
    }
}

/// Keeps what is in the other row as well.
fn keep(row: &mut [u64], other: &[u64]) {
    let other = other.iter().copied().chain(std::iter::repeat(0));
    row.iter_mut().zip(other).for_each(|(word, other)| *word &= other);
}
