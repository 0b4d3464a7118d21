//! One decision: the plugins in their order, over rows of bits.

use std::collections::BTreeSet;

use super::State;
use super::bits::{clear, has, ones, ones_of, set, unite};
use super::rows::Main;
use super::shapes::{Constraint, Prepared, Shape};
use super::strings::Pairs;
use super::table::NONE;
use crate::filter::node_ports::host_ports;
use crate::filter::{Code, Plugin, Stage};
use crate::inventory::kind::Kind;
use crate::inventory::pod::Pod;
use crate::inventory::requests::{CPU, EPHEMERAL_STORAGE, MEMORY, Resources, is_scalar, requests};
use crate::judge::{Judgement, Objection, judge_cycle};
use crate::quantity::Quantity;

/// Some plugins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plugins(u16);

impl Plugins {
    /// These plugins.
    #[must_use]
    pub fn of(plugins: &[Plugin]) -> Self {
        Self(plugins.iter().fold(0, |bits, plugin| bits | 1 << *plugin as u16))
    }

    /// The plugins, in the order of [`crate::filter::PLUGINS`].
    pub fn iter(self) -> impl Iterator<Item = Plugin> {
        crate::filter::PLUGINS.into_iter().filter(move |plugin| self.0 >> *plugin as u16 & 1 == 1)
    }
}

/// The nodes that are rejected first by one plugin with one code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The plugin; all that let other nodes through by name; none if these name different nodes.
    pub plugins: Plugins,
    /// How.
    pub code: Code,
    /// How many nodes.
    pub count: usize,
    /// The nodes by number, 64 a word.
    pub nodes: Vec<u64>,
}

/// What the scheduler would find, in short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// The nodes that pass, by number, 64 a word.
    pub feasible: Vec<u64>,
    /// How many those are.
    pub feasible_count: usize,
    /// The others, in the order in which the plugins reject them.
    pub rejected: Vec<Rejected>,
    /// What rejects all nodes at once, before any is looked at.
    pub pre_filter: Option<Objection>,
    /// The only nodes that are looked at, if the pod names them.
    pub pre_filter_nodes: Option<BTreeSet<String>>,
}

/// What is said of one number of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// There is no node with this number.
    NoNode,
    /// The node is feasible.
    Feasible,
    /// These plugins reject it first.
    Rejected(Plugins, Code),
}

impl Decision {
    /// The numbers of the nodes that pass, ascending.
    pub fn feasible_nodes(&self) -> impl Iterator<Item = u32> {
        ones(&self.feasible)
    }

    /// What is said of each node, by number.
    pub fn said(&self, said: &mut Vec<Said>) {
        said.clear();
        said.resize(self.feasible.len() * 64, Said::NoNode);
        let mut say = |row: &[u64], word: Said| {
            for (known, bits) in said.as_chunks_mut::<64>().0.iter_mut().zip(row) {
                if *bits == u64::MAX {
                    known.fill(word);
                    continue;
                }
                for bit in ones_of(*bits) {
                    if let Some(known) = known.get_mut(bit as usize) {
                        *known = word;
                    }
                }
            }
        };
        say(&self.feasible, Said::Feasible);
        for rejected in &self.rejected {
            say(&rejected.nodes, Said::Rejected(rejected.plugins, rejected.code));
        }
    }
}

/// Memory that decisions use again.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    pub(super) decision: Decision,
    pub(super) mask: Vec<u64>,
    more: Vec<u64>,
    pairs: Pairs,
    spare: Vec<Vec<u64>>,
}

impl Scratch {
    /// Begins with these nodes.
    pub(super) fn begin(&mut self, nodes: &[u64]) {
        let decision = &mut self.decision;
        self.spare.extend(decision.rejected.drain(..).map(|rejected| rejected.nodes));
        decision.feasible.clear();
        decision.feasible.extend_from_slice(nodes);
        decision.pre_filter = None;
        decision.pre_filter_nodes = None;
        self.clear_mask();
    }

    /// An empty row of bits for all nodes.
    pub(super) fn clear_mask(&mut self) {
        self.mask.clear();
        self.mask.resize(self.decision.feasible.len(), 0);
    }

    /// Are all nodes in the mask that are left?
    fn masks_all(&self) -> bool {
        self.decision.feasible.iter().zip(&self.mask).all(|(left, mask)| left & !mask == 0)
    }

    /// Rejects the nodes of the mask that are left.
    pub(super) fn strike(&mut self, plugin: Plugin, code: Code) {
        let mask = std::mem::take(&mut self.mask);
        self.strike_row(&mask, 0, Plugins::of(&[plugin]), code);
        self.mask = mask;
    }

    /// Rejects the nodes that are left and not in the row.
    pub(super) fn strike_all_but(&mut self, row: &[u64], plugin: Plugin, code: Code) {
        self.strike_row(row, u64::MAX, Plugins::of(&[plugin]), code);
    }

    /// Rejects the nodes of the row that are left or, with all bits of `flip`, the others.
    pub(super) fn strike_row(&mut self, row: &[u64], flip: u64, plugins: Plugins, code: Code) {
        let left = &mut self.decision.feasible;
        let any = left.iter().zip(row).fold(0, |any, (left, mask)| any | (left & (mask ^ flip)));
        if any == 0 && (flip == 0 || row.len() >= left.len()) {
            return;
        }
        if row.len() < left.len() {
            let mut longer = row.to_vec();
            longer.resize(left.len(), 0);
            return self.strike_row(&longer, flip, plugins, code);
        }
        let mut nodes = self.spare.pop().unwrap_or_default();
        nodes.resize(left.len(), 0);
        let mut count = 0;
        for ((left, mask), struck) in left.iter_mut().zip(row).zip(&mut nodes) {
            *struck = *left & (mask ^ flip);
            *left &= !*struck;
            count += struck.count_ones() as usize;
        }
        let same = |known: &&mut Rejected| known.plugins == plugins && known.code == code;
        match self.decision.rejected.iter_mut().find(same) {
            None => self.decision.rejected.push(Rejected { plugins, code, count, nodes }),
            Some(known) => {
                known.count += count;
                unite(&mut known.nodes, &nodes);
                self.spare.push(nodes);
            }
        }
    }

    /// Rejects one node that is left.
    fn strike_one(&mut self, node: u32, plugins: Plugins, code: Code) {
        clear(&mut self.decision.feasible, node);
        let same = |known: &Rejected| known.plugins == plugins && known.code == code;
        let known = self.decision.rejected.iter().position(same);
        let at = known.unwrap_or_else(|| {
            let mut nodes = self.spare.pop().unwrap_or_default();
            nodes.clear();
            nodes.resize(self.decision.feasible.len(), 0);
            self.decision.rejected.push(Rejected { plugins, code, count: 0, nodes });
            self.decision.rejected.len() - 1
        });
        if let Some(known) = self.decision.rejected.get_mut(at) {
            set(&mut known.nodes, node);
            known.count += 1;
        }
    }

    /// The node counts as one that passes, whatever was found before.
    fn restore(&mut self, node: u32) {
        set(&mut self.decision.feasible, node);
        for rejected in &mut self.decision.rejected {
            if has(&rejected.nodes, node) {
                clear(&mut rejected.nodes, node);
                rejected.count -= 1;
            }
        }
        self.decision.rejected.retain(|rejected| rejected.count > 0);
    }
}

/// After so many terms it is found out whether any node is left for the others.
const GLANCE: usize = 256;

pub(super) const UNRESOLVABLE: Code = Code::UnschedulableAndUnresolvable;

impl State {
    /// Judges every node for a pod that has been prepared: `prepared` is what [`State::prepare`]
    /// gave for it, or for a pod that differs from it only in name, labels, resources, ports,
    /// volumes and what no filter reads.
    ///
    /// The work grows with the nodes and with the terms that match, not with the pods. The plain
    /// judge is asked, over the same counts, about nodes where room is being made for other pods,
    /// and about all nodes if the profile is not that of a scheduler without a configuration, or if
    /// nodes or pods may be missing. If the shape has been forgotten since, or default
    /// spread constraints reject nodes, the pods are counted again.
    pub fn decide<'s>(
        &self,
        pod: &Pod,
        prepared: Prepared,
        scratch: &'s mut Scratch,
    ) -> &'s Decision {
        match self.shapes.prepared(prepared) {
            Some(shape) if self.countable => {
                self.run(pod, shape, scratch);
                self.yield_room(pod, shape, scratch);
            }
            Some(shape) => self.decide_counted(pod, shape, scratch),
            None => self.decide_plainly(pod, scratch),
        }
        let decision = &mut scratch.decision;
        let rejected: usize = decision.rejected.iter().map(|rejected| rejected.count).sum();
        decision.feasible_count = self.node_count().saturating_sub(rejected);
        decision
    }

    fn run(&self, pod: &Pod, shape: &Shape, scratch: &mut Scratch) {
        scratch.begin(&self.nodes.there);
        let mut pairs = std::mem::take(&mut scratch.pairs);
        self.strings.known_pairs(&pod.labels, &mut pairs);
        if self.narrow(pod, shape, scratch) {
            self.strike_by_node(pod, shape, scratch);
            self.strike_short(pod, scratch);
            if !pod.volumes.is_empty() {
                self.strike_by_volume(pod, scratch);
            }
            for constraint in &shape.spread {
                self.strike_skewed(constraint, &pairs, scratch);
            }
            self.strike_apart(shape, &pairs, scratch);
        }
        scratch.pairs = pairs;
    }

    /// The pre-filters; false if they reject all nodes.
    fn narrow(&self, pod: &Pod, shape: &Shape, scratch: &mut Scratch) -> bool {
        let by_name = self.semantics.names_narrow && pod.node.is_some();
        if shape.names.is_none() && !by_name && pod.volumes.is_empty() {
            return true;
        }
        let node_affinity = match &shape.names {
            Some(names) => (**names).clone(),
            None => Stage::Ready(None),
        };
        match self.pre_filter(pod, node_affinity) {
            Err(objection) => {
                let plugins = Plugins::of(&objection.plugins);
                scratch.strike_row(&self.nodes.there, 0, plugins, objection.rejection.code);
                scratch.decision.pre_filter = Some(objection);
                false
            }
            Ok(None) => true,
            Ok(Some((names, plugins))) => {
                let mut row = Vec::new();
                for number in names.iter().filter_map(|name| self.node_number(name)) {
                    set(&mut row, number);
                }
                scratch.strike_row(&row, u64::MAX, Plugins::of(&plugins), UNRESOLVABLE);
                scratch.decision.pre_filter_nodes = Some(names);
                true
            }
        }
    }

    /// Cordons, names, taints, node rules and ports.
    fn strike_by_node(&self, pod: &Pod, shape: &Shape, scratch: &mut Scratch) {
        let tolerated = self.topology.tolerations.at(shape.tolerations);
        let named = |scratch: &mut Scratch| {
            if let Some(name) = &pod.node {
                let mut row = Vec::new();
                self.node_number(name).iter().for_each(|number| set(&mut row, *number));
                scratch.strike_all_but(&row, Plugin::NodeName, UNRESOLVABLE);
            }
        };
        if self.semantics.names_narrow {
            named(scratch);
        }
        if !tolerated.cordons {
            let plugins = Plugins::of(&[Plugin::NodeUnschedulable]);
            scratch.strike_row(&self.nodes.cordoned, 0, plugins, UNRESOLVABLE);
        }
        if !self.semantics.names_narrow {
            named(scratch);
        }
        scratch.strike_all_but(&tolerated.nodes, Plugin::TaintToleration, UNRESOLVABLE);
        if shape.rules != NONE {
            let admitted = self.topology.rules.at(shape.rules);
            scratch.strike_all_but(admitted, Plugin::NodeAffinity, UNRESOLVABLE);
        }
        let mut ports = host_ports(pod).peekable();
        if ports.peek().is_some() {
            scratch.clear_mask();
            ports.for_each(|port| self.ports.add_taken(&self.strings, port, &mut scratch.mask));
            scratch.strike(Plugin::NodePorts, Code::Unschedulable);
        }
    }

    /// Too little free.
    fn strike_short(&self, pod: &Pod, scratch: &mut Scratch) {
        let (main, scalars) = request(pod);
        if scalars.is_empty() && self.rows.fits_everywhere(&main) {
            return;
        }
        scratch.clear_mask();
        let mut never = std::mem::take(&mut scratch.more);
        never.clear();
        never.resize(scratch.mask.len(), 0);
        let words = scratch.decision.feasible.iter().zip(&mut scratch.mask).zip(&mut never);
        for (block, ((left, now), ever)) in words.enumerate() {
            if *left != 0 && !self.rows.fits_block(block, &main) {
                let short = self.rows.short(block, *left, &main);
                (*now, *ever) = (short.now, short.ever);
            }
        }
        for (name, wanted) in scalars.iter().filter(|(_, wanted)| *wanted > 0) {
            self.lacking(name, *wanted, &mut scratch.mask, &mut never);
        }
        let plugins = Plugins::of(&[Plugin::NodeResourcesFit]);
        scratch.strike_row(&never, 0, plugins, UNRESOLVABLE);
        scratch.strike(Plugin::NodeResourcesFit, Code::Unschedulable);
        scratch.more = never;
    }

    /// Adds the nodes that lack so much of a resource that not every node has.
    fn lacking(&self, name: &str, wanted: i64, now: &mut [u64], ever: &mut [u64]) {
        let mut enough = vec![0u64; now.len()];
        let mut large = vec![0u64; now.len()];
        let nodes = self.strings.get(name).into_iter().flat_map(|id| self.rows.scalar(id));
        for (node, all, taken) in nodes {
            if wanted <= all.wrapping_sub(taken) {
                set(&mut enough, node);
            } else if wanted <= all {
                set(&mut large, node);
            }
        }
        let rows = enough.iter().zip(&large).zip(now).zip(ever);
        for (((enough, large), now), ever) in rows {
            *now |= !enough;
            *ever |= !(enough | large);
        }
    }

    /// Domains with too many pods, and nodes outside of any.
    fn strike_skewed(&self, constraint: &Constraint, pairs: &Pairs, scratch: &mut Scratch) {
        let column = self.topology.columns.at(constraint.column);
        scratch.strike_all_but(&column.present, Plugin::PodTopologySpread, UNRESOLVABLE);
        let spread = self.topology.spreads.at(constraint.spread);
        let domains = self.topology.extents.at(spread.extent).domains;
        let enough = domains > 0 && i64::from(domains) >= constraint.min_domains;
        let least = if enough { i64::from(spread.least(domains)) } else { 0 };
        let itself = constraint.selector.as_ref().is_some_and(|one| one.matches(pairs));
        let most = constraint.max_skew + least - i64::from(itself);
        if i64::from(spread.most()) <= most {
            return;
        }
        scratch.clear_mask();
        match u32::try_from(most) {
            Err(_) => unite(&mut scratch.mask, &column.present),
            Ok(0) => column.add_nodes(&spread.pods.some, &mut scratch.mask),
            Ok(most) => {
                let full = spread.pods.above(most);
                full.for_each(|domain| column.add_domain(domain, &mut scratch.mask));
            }
        }
        scratch.strike(Plugin::PodTopologySpread, Code::Unschedulable);
    }

    /// Pods that must be near, pods that must not be, pods that do not want this one.
    fn strike_apart(&self, shape: &Shape, pairs: &Pairs, scratch: &mut Scratch) {
        let counter = |id: &u32| self.topology.counters.at(*id);
        let column = |id: &u32| self.topology.columns.at(counter(id).column);
        let alone = || shape.affinity.iter().all(|id| counter(id).pods.some.is_empty());
        let first = shape.is_open
            || (shape.companions != NONE
                && alone()
                && self.matches(shape.companions, shape.namespace, pairs));
        for id in &shape.affinity {
            if first {
                let present = &column(id).present;
                scratch.strike_all_but(present, Plugin::InterPodAffinity, UNRESOLVABLE);
            } else {
                scratch.clear_mask();
                column(id).add_nodes(&counter(id).pods.some, &mut scratch.mask);
                let mask = std::mem::take(&mut scratch.mask);
                scratch.strike_all_but(&mask, Plugin::InterPodAffinity, UNRESOLVABLE);
                scratch.mask = mask;
            }
        }
        let apart = shape.anti_affinity.iter().copied().chain(self.repelling(shape, pairs));
        let mut apart = apart.peekable();
        if apart.peek().is_none() {
            return;
        }
        scratch.clear_mask();
        for (at, id) in apart.enumerate() {
            column(&id).add_nodes(&counter(&id).pods.some, &mut scratch.mask);
            if at % GLANCE == GLANCE - 1 && scratch.masks_all() {
                break;
            }
        }
        scratch.strike(Plugin::InterPodAffinity, Code::Unschedulable);
    }

    /// The counters of the anti-affinity terms of existing pods that match the pod.
    pub(super) fn repelling<'a>(
        &'a self,
        shape: &Shape,
        pairs: &'a [(u32, u32)],
    ) -> impl Iterator<Item = u32> + 'a {
        self.repelling_in(shape.namespace, pairs)
    }

    /// The same for a pod of this namespace.
    pub(super) fn repelling_in<'a>(
        &'a self,
        namespace: u32,
        pairs: &'a [(u32, u32)],
    ) -> impl Iterator<Item = u32> + 'a {
        let labels = self.namespaces.get(&namespace);
        let blind = !self.ordinary && self.objects.is_unknown(Kind::Namespace);
        self.carriers_by_label.candidates_in(namespace, pairs).filter_map(move |carrier| {
            let counter = *self.carriers.at(carrier);
            let part = &self.carriers.key(carrier).part;
            let matches = !self.topology.counters.at(counter).pods.some.is_empty()
                && part.needs.matches(pairs)
                && part.scope.means(namespace, labels, blind);
            matches.then_some(counter)
        })
    }

    /// The decision of the plain judge, which counts the pods again.
    pub(super) fn decide_plainly(&self, pod: &Pod, scratch: &mut Scratch) {
        scratch.begin(&self.nodes.there);
        let view = self.view();
        self.adopt(judge_cycle(&view.cycle(pod)), scratch);
    }

    /// Takes over what the plain judge found.
    pub(super) fn adopt(&self, judgement: Judgement<'_>, scratch: &mut Scratch) {
        for node in &judgement.nodes {
            let Some(number) = self.node_number(node.node) else {
                continue;
            };
            scratch.restore(number);
            if let Some(objection) = &node.first {
                let plugins = Plugins::of(&objection.plugins);
                scratch.strike_one(number, plugins, objection.rejection.code);
            }
        }
        scratch.decision.pre_filter = judgement.pre_filter;
        scratch.decision.pre_filter_nodes = judgement.pre_filter_nodes;
    }

    /// What is said of one node.
    #[must_use]
    pub fn said(&self, decision: &Decision, node: u32) -> Said {
        if has(&decision.feasible, node) {
            return Said::Feasible;
        }
        let mut rejected = decision.rejected.iter();
        let rejected = rejected.find(|rejected| has(&rejected.nodes, node));
        rejected.map_or(Said::NoNode, |known| Said::Rejected(known.plugins, known.code))
    }
}

/// What a pod asks for, by name beyond what every node has. Pods that have only containers are
/// counted without any tables.
fn request(pod: &Pod) -> (Main, Vec<(String, i64)>) {
    let plain =
        pod.init_containers.is_empty() && pod.pod_level.is_empty() && pod.overhead.is_empty();
    let mut sums = [Quantity::ZERO; 3];
    let [cpu, memory, disk] = &mut sums;
    let mut simple = plain;
    for (name, amount) in pod.containers.iter().flat_map(|container| &container.requests) {
        match name.as_str() {
            CPU => *cpu = *cpu + *amount,
            MEMORY => *memory = *memory + *amount,
            EPHEMERAL_STORAGE => *disk = *disk + *amount,
            other => simple &= !is_scalar(other),
        }
    }
    if simple {
        return ([cpu.thousandths(), memory.units(), disk.units()], Vec::new());
    }
    let all = Resources::of(&requests(pod, None));
    ([all.milli_cpu, all.memory, all.ephemeral_storage], all.scalars.into_iter().collect())
}
