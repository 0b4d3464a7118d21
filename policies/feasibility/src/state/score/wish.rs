//! What all pods of a class are scored by, found once.

use super::super::State;
use super::super::bits::ones;
use super::super::column::ExtentScope;
use super::super::needs::Needs;
use super::super::scope::Scope;
use super::super::shapes::Prepared;
use super::super::table::NONE;
use super::super::terms::Part;
use super::loads::Request;
use crate::filter::default_spread::constraints;
use crate::inventory::pod::{Owner, Pod, TopologySpread, Weighted, WhenUnsatisfiable};
use crate::node_terms::{NodeFacts, term_matches};
use crate::pod_affinity::AffinityTerm;
use crate::profile::HOSTNAME;
use crate::score::image_locality::{self, spread_out};
use crate::score::{node_affinity, taint_toleration};
use crate::selector::Selector;
use crate::shared::Shared;

/// A soft spread constraint.
#[derive(Clone, Debug)]
pub(super) struct Soft {
    /// Where matching pods are counted.
    pub(super) spread: u32,
    /// The column of the key.
    pub(super) column: u32,
    /// The key is that of the host name: pods count by node.
    pub(super) by_host: bool,
    pub(super) max_skew: i32,
}

/// What a class is scored by.
#[derive(Clone, Debug)]
pub(in super::super) struct Wish {
    pub(in super::super) prepared: Prepared,
    pub(super) request: Request,
    /// A preference cannot be read, so that the scheduler fails.
    pub(super) unreadable: bool,
    /// Taints that are only to be avoided and are not tolerated, by node; none anywhere if empty.
    pub(super) avoided: Vec<i64>,
    /// The weights of the node preferences that a node meets; none anywhere if empty.
    pub(super) liked: Vec<i64>,
    /// The points for images; none anywhere if empty.
    pub(super) images: Vec<i16>,
    /// The counters of the pods' own preferences, and the weights of those.
    pub(super) drawn: Vec<(u32, i64)>,
    /// Soft spread constraints.
    pub(super) soft: Vec<Soft>,
    /// Nodes without the key of a soft constraint are scored by the others.
    pub(super) lenient: bool,
    /// A node might get points that no plugin may give.
    pub(super) odd: bool,
}

impl Wish {
    /// What such a pod asks for.
    pub(in super::super) fn request(&self) -> Request {
        self.request
    }

    /// The scheduler fails when it reads the node preferences.
    pub(in super::super) fn is_unreadable(&self) -> bool {
        self.unreadable
    }

    /// How many numbers it keeps.
    pub(super) fn size(&self) -> usize {
        self.avoided.len() + self.liked.len() + self.images.len()
    }
}

/// Nothing, if all of it is nothing.
fn unless_empty<T: PartialEq + Default>(row: Vec<T>) -> Vec<T> {
    if row.iter().all(|one| *one == T::default()) { Vec::new() } else { row }
}

impl State {
    /// The owner, if it says how the pod is spread.
    fn spreading_owner(&self, pod: &Pod) -> Option<Shared<Owner>> {
        let by_owner = pod.spread.is_empty() && !self.objects.controllers.is_empty();
        pod.owner.clone().filter(|_| by_owner)
    }

    /// The class of the pod; and what it is scored by is known from now on.
    pub(in super::super) fn wish(&mut self, pod: &Pod) -> (u32, Option<Shared<Owner>>) {
        let owner = self.spreading_owner(pod);
        if let Some(class) = self.find_class(pod) {
            let key = (class, owner.clone());
            if self.scores.wishes.get(&key).is_some_and(|wish| self.is_prepared(wish.prepared)) {
                return key;
            }
        }
        // May sweep, so it comes first.
        let prepared = self.prepare(pod);
        let class = self.class(pod.clone());
        let wish = self.make_wish(pod, prepared);
        self.matched = (NONE, Vec::new());
        let key = (class, owner);
        self.scores.keep(key.clone(), wish);
        key
    }

    fn make_wish(&mut self, pod: &Pod, prepared: Prepared) -> Wish {
        let (soft, lenient) = self.soft(pod, prepared);
        let (liked, images) = (self.liked(pod), unless_empty(self.image_points(pod)));
        let odd = liked.iter().any(|sum| *sum < 0)
            || images.iter().any(|points| !(0..=100).contains(points))
            || soft.iter().any(|one| one.max_skew < 1);
        Wish {
            prepared,
            request: Request::of(pod, self.semantics),
            unreadable: node_affinity::is_unreadable(pod),
            avoided: unless_empty(self.by_node(|node| taint_toleration::avoided(pod, node.0))),
            liked,
            images,
            drawn: self.drawn(pod),
            soft,
            lenient,
            odd,
        }
    }

    /// Something of each node, by number.
    fn by_node<T: Clone + Default>(
        &self,
        of: impl Fn((&crate::inventory::node::Node, u32)) -> T,
    ) -> Vec<T> {
        let mut row = vec![T::default(); self.nodes.bound()];
        for (number, node) in self.nodes.iter() {
            if let Some(cell) = row.get_mut(number as usize) {
                *cell = of((node, number));
            }
        }
        row
    }

    fn liked(&self, pod: &Pod) -> Vec<i64> {
        if pod.preferred_nodes.is_empty() {
            return Vec::new();
        }
        unless_empty(self.by_node(|(node, _)| {
            let facts = NodeFacts { name: &node.name, labels: &node.labels };
            let met = pod.preferred_nodes.iter().filter(|one| term_matches(&one.term, facts));
            met.map(|one| i64::from(one.weight)).sum()
        }))
    }

    fn image_points(&self, pod: &Pod) -> Vec<i16> {
        let (containers, wanted) = image_locality::wanted(pod, self.semantics);
        let mut sums = vec![0i64; self.nodes.bound()];
        let mut any = false;
        for image in &wanted {
            let row = self.scores.images.get(image.as_str());
            let size = self.objects.image_sizes.get(image.as_str());
            let (Some(row), Some(size)) = (row, size) else {
                continue;
            };
            let here = spread_out(*size, ones(row).count(), self.node_count());
            any = true;
            for node in ones(row) {
                if let Some(sum) = sums.get_mut(node as usize) {
                    *sum = sum.saturating_add(here);
                }
            }
        }
        if !any {
            return Vec::new();
        }
        let points =
            |sum: i64| i16::try_from(image_locality::points(sum, containers)).unwrap_or(-1);
        sums.into_iter().map(points).collect()
    }

    fn drawn(&mut self, pod: &Pod) -> Vec<(u32, i64)> {
        let namespace = self.strings.add(&pod.namespace);
        let mut counter = |weight: i64, one: &Weighted<AffinityTerm>| {
            let part = self.part(&one.term, namespace);
            let column = self.column(&one.term.topology_key);
            let term = self.term(vec![part]);
            (self.term_counter(term, column), weight)
        };
        let mut found: Vec<(u32, i64)> = (pod.preferred_affinity.iter())
            .map(|one| counter(i64::from(one.weight), one))
            .collect();
        let repelled = pod.preferred_anti_affinity.iter();
        found.extend(repelled.map(|one| counter(-i64::from(one.weight), one)));
        found
    }

    fn soft(&mut self, pod: &Pod, prepared: Prepared) -> (Vec<Soft>, bool) {
        let soft = |spread: &&TopologySpread| {
            spread.when_unsatisfiable == WhenUnsatisfiable::ScheduleAnyway
        };
        let all = constraints(&self.objects, pod, &self.profile);
        let constraints: Vec<TopologySpread> = all.iter().filter(soft).cloned().collect();
        let lenient = pod.spread.is_empty() && self.profile.default_spread.system;
        let mut columns: Vec<u32> =
            constraints.iter().map(|spread| self.column(&spread.topology_key)).collect();
        columns.sort_unstable();
        columns.dedup();
        let namespace = self.strings.add(&pod.namespace);
        let (rules, tolerations) = self.rules_of(prepared);
        let mut found = Vec::new();
        for spread in constraints {
            let column = self.column(&spread.topology_key);
            let by_host = spread.topology_key == HOSTNAME;
            let alone = by_host || lenient;
            let honoured = |honour: bool, what: u32| if honour && !by_host { what } else { NONE };
            let extent = self.topology.extent(ExtentScope {
                column,
                columns: if alone { Box::new([column]) } else { columns.clone().into() },
                rules: honoured(spread.honor_affinity, rules),
                tolerations: honoured(spread.honor_taints, tolerations),
            });
            let counted = spread.selector.as_ref().filter(|one| !Selector::is_everything(one));
            let term = counted.map(|selector| {
                let scope = Scope::only(namespace);
                let needs = Needs::of_selector(&mut self.strings, selector);
                self.term(vec![Part { scope, needs }])
            });
            let spread_id = self.term_spread(term, extent);
            found.push(Soft { spread: spread_id, column, by_host, max_skew: spread.max_skew });
        }
        (found, lenient)
    }
}
