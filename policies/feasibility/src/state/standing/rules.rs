//! The rules of one pod, on the node where it is.

use super::{Breach, Counted};
use crate::filter::{Plugin, Stage, Verdict, node_affinity, volume_binding, volume_zone};
use crate::inventory::kind::Kind;
use crate::inventory::node::Node;
use crate::inventory::pod::{Pod, PodSpec, TopologySpread, WhenUnsatisfiable};
use crate::profile::Profile;
use crate::selector::Selector;
use crate::state::State;
use crate::state::bits::has;
use crate::state::shapes::{Constraint, Prepared, Shape};
use crate::state::table::NONE;
use crate::tolerations::untolerated;

/// What the pods of a class ask for.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    /// The index of the profile that judges them; out of range: none does.
    pub(super) profile: usize,
    /// What they ask of other pods; `None`: nothing.
    prepared: Option<Prepared>,
    /// The indices of their hard spread constraints.
    hard: Vec<usize>,
}

impl Rules {
    /// Is what they ask of other pods counted still?
    pub(super) fn is_prepared(&self, state: &State) -> bool {
        self.prepared.is_none_or(|prepared| state.is_prepared(prepared))
    }
}

fn is_hard(spread: &TopologySpread) -> bool {
    spread.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule
}

/// A pod that asks for the same of other pods, and for nothing else: so pods that differ in nothing
/// but their nodes, as those of a DaemonSet do, are counted once.
fn of_others(template: &PodSpec, namespace: &str) -> Pod {
    let hard = template.spread.iter().filter(|one| is_hard(one));
    let spread: Vec<TopologySpread> = hard.cloned().collect();
    let mut pod = Pod { namespace: namespace.to_owned(), ..Pod::default() };
    if spread.iter().any(|one| one.honor_affinity) {
        pod.node_selector = template.node_selector.clone();
        pod.node_affinity = template.node_affinity.clone();
    }
    if spread.iter().any(|one| one.honor_taints) {
        pod.tolerations = template.tolerations.clone();
    }
    pod.affinity = template.affinity.clone();
    pod.anti_affinity = template.anti_affinity.clone();
    pod.spread = spread;
    pod
}

impl State {
    /// What the pods of a class ask for, counted from now on.
    pub(super) fn rules_of_class(&mut self, class: u32, profiles: &[Profile]) -> Rules {
        let (mut rules, pod) = self.plain_rules(class, profiles);
        rules.prepared = pod.map(|pod| self.prepare(&pod));
        rules
    }

    /// The same, if it is counted already.
    pub(super) fn known_rules(&self, class: u32, profiles: &[Profile]) -> Option<Rules> {
        let (mut rules, pod) = self.plain_rules(class, profiles);
        if let Some(pod) = pod {
            rules.prepared = Some(self.prepared(&pod)?);
        }
        Some(rules)
    }

    /// The rules without what is counted for them, and the pod to be prepared.
    fn plain_rules(&self, class: u32, profiles: &[Profile]) -> (Rules, Option<Pod>) {
        let kind = *self.pods.classes.key(class);
        let template = &self.pods.specs.at(kind.spec).template;
        let scheduler = template.scheduler_name();
        let profile = profiles.iter().position(|profile| profile.scheduler == scheduler);
        let spreads = template.spread.iter().zip(0usize..);
        let hard: Vec<usize> =
            spreads.filter(|(spread, _)| is_hard(spread)).map(|(_, index)| index).collect();
        let alone =
            hard.is_empty() && template.affinity.is_empty() && template.anti_affinity.is_empty();
        let pod = (!alone).then(|| of_others(template, self.strings.text(kind.namespace)));
        (Rules { profile: profile.unwrap_or(usize::MAX), prepared: None, hard }, pod)
    }

    /// What they count on.
    pub(super) fn counted(&self, rules: &Rules) -> Vec<Counted> {
        let Some(shape) = rules.prepared.and_then(|prepared| self.shapes.prepared(prepared)) else {
            return Vec::new();
        };
        let counters = shape.affinity.iter().chain(&shape.anti_affinity);
        let counters = counters.map(|counter| Counted::Counter(*counter));
        let spreads = shape.spread.iter().map(|constraint| Counted::Spread(constraint.spread));
        counters.chain(spreads).collect()
    }

    /// The counters of the anti-affinity of pods that are there which matches the pods of a class.
    pub(super) fn repelling_class(&self, class: u32) -> Vec<u32> {
        let kind = self.pods.classes.key(class);
        let pairs = self.pods.labels.key(kind.labels);
        let mut counters: Vec<u32> = self.repelling_in(kind.namespace, pairs).collect();
        counters.sort_unstable();
        counters.dedup();
        counters
    }

    /// The rules of a pod that do not hold where it is; none if it is on no node that is known.
    pub(super) fn breaches(
        &self,
        pod: u32,
        rules: &Rules,
        profile: &Profile,
        repelling: &[u32],
    ) -> Vec<Breach> {
        let (number, terminating) = self.pods.whereabouts(pod);
        let mut breaches = Vec::new();
        let Some(node) = self.nodes.node(number).filter(|_| number != NONE && !terminating) else {
            return breaches;
        };
        let (kind, class) = self.pods.kind(pod);
        let template = &self.pods.specs.at(kind.spec).template;
        for plugin in profile.filter.iter().filter(|plugin| plugin.is_there(self.semantics)) {
            match plugin {
                Plugin::TaintToleration => of_taints(template, node, &mut breaches),
                Plugin::NodeAffinity => of_node(template, node, profile, &mut breaches),
                Plugin::VolumeBinding | Plugin::VolumeZone => {
                    breaches.extend(self.of_volumes(pod, node, *plugin));
                }
                Plugin::PodTopologySpread => self.of_spread(pod, number, rules, &mut breaches),
                Plugin::InterPodAffinity => {
                    let shape = rules.prepared.and_then(|one| self.shapes.prepared(one));
                    let pairs = self.pods.labels.key(kind.labels);
                    if let Some(shape) = shape {
                        self.of_terms(shape, number, pairs, &mut breaches);
                    }
                    self.of_repelling(repelling, number, &class.carried, &mut breaches);
                }
                _ => {}
            }
        }
        breaches
    }

    fn of_volumes(&self, pod: u32, node: &Node, plugin: Plugin) -> Option<Breach> {
        self.pods.mounts.get(&pod)?;
        let pod = self.mounted(pod);
        let cycle = self.bare_cycle(&pod);
        let rejection = match plugin {
            Plugin::VolumeBinding => {
                let state = volume_binding::pre_filter(&cycle);
                staged(&state, |state| volume_binding::filter(state, &cycle, node))
            }
            _ => staged(&volume_zone::pre_filter(&cycle), |state| volume_zone::filter(state, node)),
        };
        Some(Breach::Volume(plugin, rejection.err()?.reasons))
    }

    /// Nodes or pods may be there that are not listed.
    fn is_open(&self) -> bool {
        self.objects.is_unknown(Kind::Node) || self.objects.is_unknown(Kind::Pod)
    }

    fn of_spread(&self, pod: u32, node: u32, rules: &Rules, breaches: &mut Vec<Breach>) {
        let (kind, _) = self.pods.kind(pod);
        let pairs = self.pods.labels.key(kind.labels);
        let template = &self.pods.specs.at(kind.spec).template;
        let Some(shape) = rules.prepared.and_then(|prepared| self.shapes.prepared(prepared)) else {
            return;
        };
        for (constraint, index) in shape.spread.iter().zip(&rules.hard) {
            let written = template.spread.get(*index).and_then(|spread| spread.selector.as_ref());
            let counts_any = written.is_some_and(|selector| !Selector::is_everything(selector));
            let selected = constraint.selector.as_ref().is_some_and(|one| one.matches(pairs));
            match self.skew(constraint, node, selected, counts_any) {
                None => breaches.push(Breach::SpreadKey(*index)),
                Some(skew) if skew > constraint.max_skew && !self.is_open() => {
                    breaches.push(Breach::Spread { index: *index, skew });
                }
                Some(_) => {}
            }
        }
    }

    /// By how many pods the domain exceeds the emptiest one with a pod in it that is there already,
    /// and that the constraint's selector `selected`; `None`: the node lacks the key.
    fn skew(
        &self,
        constraint: &Constraint,
        node: u32,
        selected: bool,
        counts_any: bool,
    ) -> Option<i64> {
        let domain = self.topology.columns.at(constraint.column).domain(node);
        if domain == NONE {
            return None;
        }
        let spread = self.topology.spreads.at(constraint.spread);
        let extent = self.topology.extents.at(spread.extent);
        let counted = selected && counts_any && has(&extent.nodes, node);
        let all = i64::from(spread.pods.of(domain));
        // Without the pod itself, in the domain and where the least is looked for.
        let here = all - i64::from(counted);
        let enough = extent.domains > 0 && i64::from(extent.domains) >= constraint.min_domains;
        let mut least = if enough { i64::from(spread.least(extent.domains)) } else { 0 };
        if enough && counted {
            least = least.min(here);
        }
        Some(here + i64::from(selected) - least)
    }

    /// The pod's own terms.
    fn of_terms(&self, shape: &Shape, node: u32, pairs: &[(u32, u32)], breaches: &mut Vec<Breach>) {
        if shape.companions != NONE && !self.has_companion(shape, node, pairs) {
            breaches.push(Breach::Affinity);
        }
        let terms = shape.anti_affinity.iter().zip(&shape.repelled);
        for (index, (counter, term)) in terms.enumerate() {
            let itself = self.matches(*term, shape.namespace, pairs);
            if self.near(*counter, node, itself) {
                breaches.push(Breach::AntiAffinity(index));
            }
        }
    }

    /// Is a pod near that the counter counts, besides the pod itself?
    fn near(&self, counter: u32, node: u32, itself: bool) -> bool {
        let counter = self.topology.counters.at(counter);
        let domain = self.topology.columns.at(counter.column).domain(node);
        domain != NONE && counter.pods.of(domain) > u32::from(itself)
    }

    fn has_companion(&self, shape: &Shape, node: u32, pairs: &[(u32, u32)]) -> bool {
        let itself = self.matches(shape.companions, shape.namespace, pairs);
        let (mut together, mut alone) = (true, true);
        for id in &shape.affinity {
            let counter = self.topology.counters.at(*id);
            if self.topology.columns.at(counter.column).domain(node) == NONE {
                return false;
            }
            let near = self.near(*id, node, itself);
            together &= near;
            alone &= !near && counter.pods.some.len() <= u32::from(itself);
        }
        together || shape.is_open || self.is_open() || (itself && alone)
    }

    /// Terms of other pods.
    fn of_repelling(
        &self,
        repelling: &[u32],
        node: u32,
        carried: &[u32],
        breaches: &mut Vec<Breach>,
    ) {
        let mut keys: Vec<u32> = Vec::new();
        for counter in repelling {
            let key = self.topology.columns.at(self.topology.counters.at(*counter).column).key;
            if self.near(*counter, node, carried.contains(counter)) && !keys.contains(&key) {
                keys.push(key);
            }
        }
        let mut keys: Vec<&str> = keys.into_iter().map(|key| self.strings.text(key)).collect();
        keys.sort_unstable();
        breaches.extend(keys.into_iter().map(|key| Breach::Repelled(key.to_owned())));
    }
}

fn of_taints(template: &PodSpec, node: &Node, breaches: &mut Vec<Breach>) {
    for taint in &node.taints {
        if untolerated(std::slice::from_ref(taint), &template.tolerations).is_some() {
            breaches.push(Breach::Taint(taint.clone()));
        }
    }
}

fn of_node(template: &PodSpec, node: &Node, profile: &Profile, breaches: &mut Vec<Breach>) {
    if node_affinity::filter_added(&profile.added_nodes, node).is_err() {
        breaches.push(Breach::AddedNodeAffinity);
    }
    if node_affinity::filter(template, node).is_err() {
        breaches.push(Breach::NodeAffinity);
    }
}

fn staged<T>(stage: &Stage<T>, filter: impl FnOnce(&T) -> Verdict) -> Verdict {
    match stage {
        Stage::Skip => Ok(()),
        Stage::Rejected(rejection) => Err(rejection.clone()),
        Stage::Ready(state) => filter(state),
    }
}
