//! Which namespaces a pod affinity term means.

use super::needs::{Needs, mark};
use super::strings::{Pairs, Strings};
use super::table::Map;
use crate::label::{Labels, NAMESPACE_NAME};
use crate::pod_affinity::AffinityTerm;
use crate::selector::Selector;

/// Namespaces by name, and by label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Scope {
    /// Every namespace, even one that is not listed.
    all: bool,
    /// By name, sorted.
    names: Box<[u32]>,
    /// By label.
    selector: Option<Needs>,
    /// The selector reads no label but that of the name, which is always known.
    reads_names: bool,
}

fn reads_names(selector: &Selector) -> bool {
    selector.requirements.iter().all(|one| one.key == NAMESPACE_NAME)
}

impl Scope {
    fn named(strings: &mut Strings, term: &AffinityTerm) -> Vec<u32> {
        let mut names: Vec<u32> = term.namespaces.iter().map(|name| strings.add(name)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What a term of a pod in the namespace `own` means, for the pod to be placed. `widened`: a
    /// selector that the empty label set meets matches every namespace (kubernetes#141526). `blind`:
    /// there may be namespaces that are not listed, so that only names are known.
    pub(super) fn incoming(
        strings: &mut Strings,
        term: &AffinityTerm,
        own: u32,
        widened: bool,
        blind: bool,
    ) -> Self {
        let mut names = Self::named(strings, term);
        let Some(selector) = &term.namespace_selector else {
            if names.is_empty() {
                names.push(own);
            }
            return Self { names: names.into(), ..Self::default() };
        };
        if selector.is_everything() || (widened && selector.matches(&Labels::new())) {
            return Self { all: true, ..Self::default() };
        }
        let reads_names = reads_names(selector);
        if blind && !reads_names {
            return Self { names: names.into(), ..Self::default() };
        }
        let selector = Some(Needs::of_selector(strings, selector));
        Self { all: false, names: names.into(), selector, reads_names }
    }

    /// What a term of an existing pod in the namespace `own` means.
    pub(super) fn existing(strings: &mut Strings, term: &AffinityTerm, own: u32) -> Self {
        let mut names = Self::named(strings, term);
        if names.is_empty() && term.namespace_selector.is_none() {
            names.push(own);
        }
        let all = term.namespace_selector.as_ref().is_some_and(Selector::is_everything);
        let written = term.namespace_selector.as_ref().filter(|_| !all);
        let selector = written.map(|selector| Needs::of_selector(strings, selector));
        let reads_names = written.is_some_and(reads_names);
        let names = if all { Box::default() } else { names.into() };
        Self { all, names, selector, reads_names }
    }

    /// One namespace.
    pub(super) fn only(namespace: u32) -> Self {
        Self { names: Box::new([namespace]), ..Self::default() }
    }

    /// The only namespaces that can be meant, if they are known by name.
    pub(super) fn names(&self) -> Option<&[u32]> {
        (!self.all && self.selector.is_none()).then_some(&*self.names)
    }

    /// True if it depends on the labels of namespaces.
    pub(super) fn is_by_label(&self) -> bool {
        self.selector.is_some()
    }

    /// The namespaces by name and those of the listed ones whose labels match; `None`: every one.
    pub(super) fn resolve(&self, listed: &Map<u32, Pairs>, order: &[u32]) -> Option<Box<[u32]>> {
        if self.all {
            return None;
        }
        let Some(selector) = &self.selector else {
            return Some(self.names.clone());
        };
        let matches = |name: &&u32| listed.get(name).is_some_and(|pairs| selector.matches(pairs));
        let mut names: Vec<u32> = order.iter().filter(matches).copied().collect();
        names.extend(&self.names);
        names.sort_unstable();
        names.dedup();
        Some(names.into())
    }

    /// Is the namespace meant? `labels`: those it has, if it is listed. `blind`: there may be
    /// namespaces that are not listed, so that only names are known.
    pub(super) fn means(&self, namespace: u32, labels: Option<&Pairs>, blind: bool) -> bool {
        let known = !blind || (self.reads_names && labels.is_some());
        let labels = labels.map(Vec::as_slice).unwrap_or_default();
        self.all
            || self.names.binary_search(&namespace).is_ok()
            || (known && self.selector.as_ref().is_some_and(|selector| selector.matches(labels)))
    }

    /// Marks the strings that it names.
    pub(super) fn mark(&self, used: &mut [bool]) {
        self.names.iter().for_each(|name| mark(used, *name));
        self.selector.iter().for_each(|selector| selector.mark(used));
    }

    /// For reports and comparisons.
    pub(super) fn text(&self, strings: &Strings) -> String {
        let mut names: Vec<&str> = self.names.iter().map(|name| strings.text(*name)).collect();
        names.sort_unstable();
        let selector = self.selector.as_ref().map(|selector| selector.text(strings));
        format!(
            "{}{}{}",
            if self.all { "*" } else { "" },
            names.join(","),
            match selector {
                Some(text) => format!("{{{text}}}"),
                None => String::new(),
            }
        )
    }
}
