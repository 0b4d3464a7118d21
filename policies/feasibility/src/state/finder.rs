//! Finds the selectors that some labels might meet, without looking at the others.

use super::bits::{Set, ones_of};
use super::needs::Needs;
use super::table::{Map, NONE};

/// So many candidates are looked at one by one; more are narrowed down by what rules them out.
const FEW: u32 = 64;

/// Selectors by what a match must have: a label value, else a key, else a namespace; and by what
/// rules a match out.
#[derive(Clone, Debug, Default)]
pub(super) struct Finder {
    by_pair: Map<(u32, u32), Set>,
    by_key: Map<u32, Set>,
    by_namespace: Map<u32, Set>,
    /// Those that a match need have nothing for.
    rest: Set,
    /// Those that a label value rules out.
    barred_by_pair: Map<(u32, u32), Set>,
    /// Those that a key rules out.
    barred_by_key: Map<u32, Set>,
    /// Those that count in a namespace, whatever finds them.
    homes: Map<u32, Set>,
    /// Those that count in every namespace, or in ones that are not known yet.
    homeless: Set,
}

impl Finder {
    /// Adds a selector that counts in every namespace, or in ones that are not known yet.
    pub(super) fn add(&mut self, id: u32, needs: &Needs) {
        self.add_in(id, needs, None);
    }

    /// Adds a selector that counts in these namespaces only. Of several label values that a match
    /// must have, those count that the fewest selectors are found by already. A namespace, of which
    /// many terms speak, finds only what no label finds.
    pub(super) fn add_in(&mut self, id: u32, needs: &Needs, namespaces: Option<&[u32]>) {
        if needs.is_never() {
            return;
        }
        let crowd = |(key, values): &(u32, &[u32])| {
            let crowd = |value: &u32| self.by_pair.get(&(*key, *value)).map_or(0, Set::len);
            values.iter().map(crowd).fold(values.len(), |sum, crowd| sum + crowd as usize)
        };
        if let Some((key, values)) = needs.choices().min_by_key(crowd) {
            for value in values {
                self.by_pair.entry((key, *value)).or_default().insert(id);
            }
        } else if let Some(key) = needs.key() {
            self.by_key.entry(key).or_default().insert(id);
        } else if let Some(namespaces) = namespaces {
            for namespace in namespaces {
                self.by_namespace.entry(*namespace).or_default().insert(id);
            }
        } else {
            self.rest.insert(id);
        }
        match namespaces {
            None => {
                self.homeless.insert(id);
            }
            Some(namespaces) => {
                for namespace in namespaces {
                    self.homes.entry(*namespace).or_default().insert(id);
                }
            }
        }
        for (key, values) in needs.barred() {
            for value in values {
                self.barred_by_pair.entry((key, *value)).or_default().insert(id);
            }
        }
        for key in needs.barred_keys() {
            self.barred_by_key.entry(key).or_default().insert(id);
        }
    }

    /// The selectors that the labels might meet, each once. For those that were added without
    /// namespaces.
    pub(super) fn candidates<'a>(
        &'a self,
        pairs: &'a [(u32, u32)],
    ) -> impl Iterator<Item = u32> + 'a {
        self.candidates_in(NONE, pairs)
    }

    /// The selectors that the labels might meet in the namespace, each once.
    pub(super) fn candidates_in<'a>(
        &'a self,
        namespace: u32,
        pairs: &'a [(u32, u32)],
    ) -> impl Iterator<Item = u32> + 'a {
        let found = move || self.found(namespace, pairs);
        let many = found().map(Set::len).sum::<u32>() > FEW;
        let row = if many { self.narrowed(namespace, pairs) } else { Vec::new() };
        let few = (!many).then(found);
        few.into_iter().flatten().flat_map(Set::iter).chain(ones_in(row))
    }

    /// What a match must have finds these.
    fn found<'a>(
        &'a self,
        namespace: u32,
        pairs: &'a [(u32, u32)],
    ) -> impl Iterator<Item = &'a Set> {
        let by_pair = pairs.iter().filter_map(|pair| self.by_pair.get(pair));
        let by_key = pairs.iter().filter_map(|(key, _)| self.by_key.get(key));
        by_pair.chain(by_key).chain(self.by_namespace.get(&namespace)).chain([&self.rest])
    }

    /// Those of them that neither the namespace nor a label rules out.
    fn narrowed(&self, namespace: u32, pairs: &[(u32, u32)]) -> Vec<u64> {
        let (mut row, mut here) = (Vec::new(), Vec::new());
        self.found(namespace, pairs).for_each(|found| found.grow_into(&mut row));
        self.homeless.grow_into(&mut here);
        self.homes.get(&namespace).into_iter().for_each(|homes| homes.grow_into(&mut here));
        let here = here.into_iter().chain(std::iter::repeat(0));
        row.iter_mut().zip(here).for_each(|(word, here)| *word &= here);
        let by_pair = pairs.iter().filter_map(|pair| self.barred_by_pair.get(pair));
        let by_key = pairs.iter().filter_map(|(key, _)| self.barred_by_key.get(key));
        by_pair.chain(by_key).for_each(|barred| barred.take_from(&mut row));
        row
    }
}

/// The numbers of a row that nobody else needs.
fn ones_in(row: Vec<u64>) -> impl Iterator<Item = u32> {
    (0u32..).zip(row).flat_map(|(index, word)| ones_of(word).map(move |bit| index * 64 + bit))
}

#[cfg(test)]
mod tests {
    use super::super::strings::Strings;
    use super::*;
    use crate::requirement::{Operator, Requirement};
    use crate::selector::Selector;
    use proptest::prelude::*;
    use proptest::sample::select;

    fn requirement() -> impl Strategy<Value = Requirement> {
        let operators = [Operator::In, Operator::NotIn, Operator::NotIn, Operator::Exists];
        let operator = select([&operators[..], &[Operator::DoesNotExist]].concat());
        let values = prop::collection::vec(select(vec!["x", "y", "z"]), 1..3);
        (select(vec!["a", "b", "c"]), operator, values).prop_map(|(key, operator, mut values)| {
            if matches!(operator, Operator::Exists | Operator::DoesNotExist) {
                values.clear();
            }
            Requirement::new(key, operator, &values)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn what_matches_is_found_once(
            selectors in prop::collection::vec(
                (prop::collection::vec(requirement(), 0..3), prop::option::of(0u32..3)),
                0..200,
            ),
            labels in prop::collection::vec(prop::option::of(select(vec!["x", "y", "w"])), 3),
            namespace in 0u32..4,
        ) {
            let (mut strings, mut finder) = (Strings::default(), Finder::default());
            let mut known = Vec::new();
            for (id, (requirements, home)) in (0u32..).zip(selectors) {
                let needs = Needs::of_selector(&mut strings, &Selector { requirements });
                finder.add_in(id, &needs, home.as_ref().map(std::slice::from_ref));
                known.push((id, needs, home));
            }
            let labels = ["a", "b", "c"].into_iter().zip(labels);
            let labels = labels.filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned())));
            let mut pairs = Vec::new();
            strings.known_pairs(&labels.collect(), &mut pairs);
            let mut found: Vec<u32> = finder.candidates_in(namespace, &pairs).collect();
            let crowd: u32 = finder.found(namespace, &pairs).map(Set::len).sum();
            let looked_at = found.len();
            found.sort_unstable();
            found.dedup();
            prop_assert_eq!(found.len(), looked_at);
            for (id, needs, home) in known {
                let matches = needs.matches(&pairs);
                let here = home.is_none_or(|home| home == namespace);
                let is_found = found.binary_search(&id).is_ok();
                prop_assert!(is_found || !(matches && here), "{id} is not found");
                let only_bars = needs.choices().next().is_none() && needs.key().is_none();
                let in_vain = is_found && crowd > FEW && !(here && (matches || !only_bars));
                prop_assert!(!in_vain, "{id} is ruled out");
            }
        }
    }
}
