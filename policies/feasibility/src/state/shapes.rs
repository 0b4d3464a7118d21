//! What pods to be placed ask for, apart from names, labels and resources.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use super::State;
use super::column::ExtentScope;
use super::needs::{Needs, NodeRules};
use super::scope::Scope;
use super::table::{Index, NONE, Seed, Slab};
use super::terms::Part;
use crate::filter::{Stage, inter_pod_affinity, node_affinity};
use crate::inventory::kind::Kind;
use crate::inventory::pod::{Pod, PodSpec, TopologySpread, WhenUnsatisfiable};
use crate::label::Labels;
use crate::node_terms::NodeSet;
use crate::pod_affinity::AffinityTerm;
use crate::selector::Selector;
use crate::tolerations::Toleration;

/// A shape that is kept ready, see [`State::prepare`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prepared {
    pub(super) shape: u32,
    serial: u64,
}

/// As written.
#[derive(Clone, Debug, Default)]
struct Written {
    namespace: String,
    node_selector: Labels,
    node_affinity: NodeSet,
    tolerations: Vec<Toleration>,
    affinity: Vec<AffinityTerm>,
    anti_affinity: Vec<AffinityTerm>,
    spread: Vec<TopologySpread>,
}

impl Written {
    fn of(pod: &Pod) -> Self {
        Self {
            namespace: pod.namespace.clone(),
            node_selector: pod.node_selector.clone(),
            node_affinity: pod.node_affinity.clone(),
            tolerations: pod.tolerations.clone(),
            affinity: pod.affinity.clone(),
            anti_affinity: pod.anti_affinity.clone(),
            spread: pod.spread.clone(),
        }
    }

    fn is_of(&self, pod: &Pod) -> bool {
        self.namespace == pod.namespace
            && self.node_selector == pod.node_selector
            && self.node_affinity == pod.node_affinity
            && self.tolerations == pod.tolerations
            && self.affinity == pod.affinity
            && self.anti_affinity == pod.anti_affinity
            && self.spread == pod.spread
    }
}

/// A hard spread constraint.
#[derive(Clone, Debug, Default)]
pub(super) struct Constraint {
    /// What is counted.
    pub(super) spread: u32,
    /// The column of the topology key.
    pub(super) column: u32,
    /// Does the pod count itself?
    pub(super) selector: Option<Needs>,
    /// By how much a domain may exceed the emptiest one.
    pub(super) max_skew: i64,
    /// With fewer domains the minimum counts as 0.
    pub(super) min_domains: i64,
}

/// What pods ask for, with everything that is counted for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    written: Written,
    serial: u64,
    /// When it was asked for last, in questions.
    asked: u64,
    /// The number of the namespace.
    pub(super) namespace: u32,
    /// The nodes that the node rules admit, or [`NONE`] without rules.
    pub(super) rules: u32,
    /// The names that node affinity allows, as its pre-filter finds them.
    pub(super) names: Option<Box<Stage<Option<BTreeSet<String>>>>>,
    /// The nodes whose taints are tolerated.
    pub(super) tolerations: u32,
    /// What matches all required affinity terms, or [`NONE`] without any.
    pub(super) companions: u32,
    /// Companions may be anywhere, because the labels of their namespaces are not known.
    pub(super) is_open: bool,
    /// Where companions are, by topology key.
    pub(super) affinity: Vec<u32>,
    /// Where the pods are that required anti-affinity terms match.
    pub(super) anti_affinity: Vec<u32>,
    /// The terms of those.
    pub(super) repelled: Vec<u32>,
    /// Hard spread constraints.
    pub(super) spread: Vec<Constraint>,
    /// The terms of those.
    pub(super) spread_terms: Vec<u32>,
}

/// All shapes.
#[derive(Clone, Debug, Default)]
pub(super) struct Shapes {
    seed: Seed,
    shapes: Slab<Shape>,
    index: Index,
    questions: u64,
    /// The counters of constraints that count no pods.
    pub(super) empty_spreads: Vec<u32>,
}

/// More shapes than this are not kept ready.
const MOST: usize = 16_384;

impl Shapes {
    fn hash(&self, pod: &Pod) -> u64 {
        let mut hasher = self.seed.hasher();
        pod.namespace.hash(&mut hasher);
        pod.node_selector.hash(&mut hasher);
        pod.node_affinity.hash(&mut hasher);
        pod.tolerations.hash(&mut hasher);
        pod.affinity.hash(&mut hasher);
        pod.anti_affinity.hash(&mut hasher);
        pod.spread.hash(&mut hasher);
        hasher.finish()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.shapes.len()
    }

    /// True if there are more than are kept.
    pub(super) fn is_full(&self) -> bool {
        self.len() > MOST
    }

    /// All shapes.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Shape> {
        self.shapes.iter().map(|(_, shape)| shape)
    }

    /// The shape that was prepared; `None` if it has been forgotten since.
    pub(super) fn prepared(&self, prepared: Prepared) -> Option<&Shape> {
        Some(self.shapes.at(prepared.shape)).filter(|shape| shape.serial == prepared.serial)
    }

    /// Forgets all shapes.
    pub(super) fn forget_all(&mut self) {
        self.forget_before(u64::MAX);
    }

    /// Forgets the shapes that were not asked for in the last so many questions.
    pub(super) fn forget(&mut self, questions: u64) {
        self.forget_before((self.questions + 1).saturating_sub(questions));
    }

    fn forget_before(&mut self, oldest: u64) {
        let old = self.shapes.iter().filter(|(_, shape)| shape.asked < oldest);
        for id in old.map(|(id, _)| id).collect::<Vec<_>>() {
            let shape = self.shapes.take(id);
            let pod = Pod {
                namespace: shape.written.namespace,
                spec: PodSpec {
                    node_selector: shape.written.node_selector,
                    node_affinity: shape.written.node_affinity,
                    tolerations: shape.written.tolerations,
                    affinity: shape.written.affinity,
                    anti_affinity: shape.written.anti_affinity,
                    spread: shape.written.spread,
                    ..PodSpec::default()
                }
                .into(),
                ..Pod::default()
            };
            self.index.remove(self.hash(&pod), id);
        }
    }

    /// Forgets the shapes that were not asked for lately.
    pub(super) fn forget_old(&mut self) {
        self.forget(MOST as u64 / 2);
    }
}

impl State {
    /// What the pod asks for, if it has been prepared.
    #[must_use]
    pub fn prepared(&self, pod: &Pod) -> Option<Prepared> {
        self.find_shape(self.shapes.hash(pod), pod)
    }

    fn find_shape(&self, hash: u64, pod: &Pod) -> Option<Prepared> {
        let shapes = &self.shapes.shapes;
        let shape = self.shapes.index.find(hash, |id| shapes.at(id).written.is_of(pod))?;
        Some(Prepared { shape, serial: shapes.at(shape).serial })
    }

    /// Makes ready what [`State::decide`] needs for a pod: what its terms match is counted from now
    /// on. That takes time when the terms are new; otherwise they are looked up.
    ///
    /// Some thousand shapes are kept ready; one that is not asked for is forgotten when there are
    /// more.
    pub fn prepare(&mut self, pod: &Pod) -> Prepared {
        self.shapes.questions += 1;
        let asked = self.shapes.questions;
        let hash = self.shapes.hash(pod);
        if let Some(known) = self.find_shape(hash, pod) {
            self.shapes.shapes.at_mut(known.shape).asked = asked;
            return known;
        }
        if self.shapes.is_full() {
            self.shapes.forget_old();
            self.sweep();
        }
        let shape = Shape { serial: asked, asked, ..self.shape(pod) };
        self.matched = (NONE, Vec::new());
        let id = self.shapes.shapes.add(shape);
        self.shapes.index.insert(hash, id);
        Prepared { shape: id, serial: asked }
    }

    /// Is it kept still?
    pub(super) fn is_prepared(&self, prepared: Prepared) -> bool {
        self.shapes.prepared(prepared).is_some()
    }

    /// The node rules and the tolerations that a shape honours, each [`NONE`] if there are none.
    pub(super) fn rules_of(&self, prepared: Prepared) -> (u32, u32) {
        self.shapes
            .prepared(prepared)
            .map_or((NONE, NONE), |shape| (shape.rules, shape.tolerations))
    }

    fn shape(&mut self, pod: &Pod) -> Shape {
        let namespace = self.strings.add(&pod.namespace);
        let names = node_affinity::pre_filter(pod);
        let rules = match names {
            Stage::Skip => NONE,
            _ => {
                let strings = &mut self.strings;
                let rules = NodeRules::of(strings, &pod.node_selector, &pod.node_affinity);
                self.topology.rules(strings, rules, self.nodes.all_facts())
            }
        };
        let nodes = self.nodes.all_facts();
        let tolerations = self.topology.tolerations(&pod.tolerations, nodes);
        let mut shape = Shape {
            written: Written::of(pod),
            namespace,
            rules,
            names: match names {
                Stage::Skip | Stage::Ready(None) => None,
                names => Some(Box::new(names)),
            },
            tolerations,
            companions: NONE,
            ..Shape::default()
        };
        self.add_affinity(pod, &mut shape);
        self.add_spread(pod, &mut shape);
        shape
    }

    pub(super) fn part(&mut self, term: &AffinityTerm, namespace: u32) -> Part {
        let widened = self.semantics.negative_namespace_selectors_match_all;
        let blind = self.objects.is_unknown(Kind::Namespace);
        let scope = Scope::incoming(&mut self.strings, term, namespace, widened, blind);
        Part { scope, needs: Needs::of_optional(&mut self.strings, term.selector.as_ref()) }
    }

    fn add_affinity(&mut self, pod: &Pod, shape: &mut Shape) {
        if !pod.affinity.is_empty() {
            let parts = pod.affinity.iter().map(|term| self.part(term, shape.namespace));
            let parts: Vec<Part> = parts.collect();
            let is_open = |term| inter_pod_affinity::is_open(&self.objects, self.semantics, term);
            shape.is_open = pod.affinity.iter().any(is_open);
            shape.companions = self.term(parts);
            for term in &pod.affinity {
                let column = self.column(&term.topology_key);
                let counter = self.term_counter(shape.companions, column);
                if !shape.affinity.contains(&counter) {
                    shape.affinity.push(counter);
                }
            }
        }
        for term in &pod.anti_affinity {
            let part = self.part(term, shape.namespace);
            let column = self.column(&term.topology_key);
            let term = self.term(vec![part]);
            shape.anti_affinity.push(self.term_counter(term, column));
            shape.repelled.push(term);
        }
    }

    fn add_spread(&mut self, pod: &Pod, shape: &mut Shape) {
        let hard = |spread: &&TopologySpread| {
            spread.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule
        };
        let constraints: Vec<&TopologySpread> = pod.spread.iter().filter(hard).collect();
        let mut columns: Vec<u32> =
            constraints.iter().map(|spread| self.column(&spread.topology_key)).collect();
        columns.sort_unstable();
        columns.dedup();
        for spread in constraints {
            let column = self.column(&spread.topology_key);
            let extent = self.topology.extent(ExtentScope {
                column,
                columns: columns.clone().into(),
                rules: if spread.honor_affinity { shape.rules } else { NONE },
                tolerations: if spread.honor_taints { shape.tolerations } else { NONE },
            });
            let counted = spread.selector.as_ref().filter(|one| !Selector::is_everything(one));
            let term = counted.map(|selector| {
                let scope = Scope::only(shape.namespace);
                let needs = Needs::of_selector(&mut self.strings, selector);
                self.term(vec![Part { scope, needs }])
            });
            let selector = spread.selector.as_ref();
            let constraint = Constraint {
                spread: self.term_spread(term, extent),
                column,
                selector: selector.map(|one| Needs::of_selector(&mut self.strings, one)),
                max_skew: i64::from(spread.max_skew),
                min_domains: i64::from(spread.min_domains),
            };
            shape.spread.push(constraint);
            shape.spread_terms.extend(term);
        }
    }
}
