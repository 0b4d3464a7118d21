//! Pods that are alike, as one.

use super::State;
use super::table::NONE;
use crate::inventory::pod::{Pod, PodSpec};

/// Pods that are made from one template and have the same labels.
#[derive(Clone, Debug)]
pub struct Alike<'s> {
    /// One of them, without its name, its owner, its node and its volumes.
    pub like: Pod,
    /// All of them.
    pub pods: Vec<Member<'s>>,
}

/// One of some pods that are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'s> {
    /// Its number, [`State::pod_number`].
    pub number: u32,
    /// Its name.
    pub name: &'s str,
    /// Where it is.
    pub place: Whereabouts,
    /// It is being deleted.
    pub terminating: bool,
}

/// Where a pod is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// On no node yet.
    Nowhere,
    /// On the node with this number, [`State::node`].
    On(u32),
    /// On a node that is not known.
    Lost,
}

impl State {
    /// The pods whose spec is wanted, those that are alike together.
    pub fn alike(&self, wanted: impl Fn(&PodSpec) -> bool) -> impl Iterator<Item = Alike<'_>> {
        let classes = self.pods.classes.iter().filter(|(_, _, class)| !class.pods.is_empty());
        let wanted = move |spec: u32| wanted(&self.pods.specs.at(spec).template);
        classes.filter(move |(_, kind, _)| wanted(kind.spec)).map(|(_, kind, class)| Alike {
            like: self.pod_like(*kind),
            pods: class.pods.iter().map(|pod| self.member(*pod)).collect(),
        })
    }

    /// The pod with this number, as far as a filter or a score reads it.
    #[must_use]
    pub fn pod_at(&self, number: u32) -> Option<Pod> {
        self.pods.has(number).then(|| self.pod_of(number))
    }

    /// The names of the nodes that are not known, and of the pods that are on each.
    pub fn lost(&self) -> impl Iterator<Item = (&str, Vec<u32>)> {
        let strays = self.pods.strays.iter();
        strays.map(|(name, pods)| (self.strings.text(*name), pods.iter().copied().collect()))
    }

    /// The numbers of the pods on a node.
    #[must_use]
    pub fn pods_on(&self, node: u32) -> &[u32] {
        match self.nodes.node(node) {
            Some(_) => &self.nodes.slot(node).pods,
            None => &[],
        }
    }

    fn member(&self, number: u32) -> Member<'_> {
        let (node, terminating) = self.pods.whereabouts(number);
        let place = match node {
            NONE if self.pods.stray_name(number).is_some() => Whereabouts::Lost,
            NONE => Whereabouts::Nowhere,
            node => Whereabouts::On(node),
        };
        Member { number, name: self.pods.name(number), place, terminating }
    }
}
