//! The controller that places gated batches, in clusters that change at random, beside a scheduler
//! that takes one pod after the other, and with crashes between any two of its actions.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::{Container, Pod, PodSpec};
use placecard_feasibility::inventory::requests::Amounts;
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::profile::HOSTNAME;
use placecard_feasibility::quantity::Quantity;
use placecard_feasibility::state::{Board, State};
use placecard_language::coordination::written::{Phase, StrategyType};
use placecard_language::coordination::{
    AffinityScheduling, BatchMode, Exclusive, OnTimeout, Placement,
};
use placecard_language::keys;
use placecard_policies::coordination::status::status;
use placecard_policies::coordination::step::{
    Action, Observed, PATIENCE, Situation, Size, Step, Wait, reserve, step,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

const ZONE: &str = "topology.kubernetes.io/zone";

fn check<S: Strategy>(cases: u32, strategy: &S, property: impl Fn(S::Value)) {
    let factor = std::env::var("PLACECARD_TEST_FACTOR").ok().and_then(|text| text.parse().ok());
    let cases = cases.saturating_mul(factor.unwrap_or(1));
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let result = TestRunner::new_with_rng(config, rng).run(strategy, |value| {
        property(value);
        Ok(())
    });
    result.expect("the property holds");
}

fn slots(count: i64) -> Amounts {
    [("cpu", count), ("pods", 110)]
        .map(|(name, units)| (name.to_owned(), Quantity::of_units(units)))
        .into()
}

fn node(name: &str, zone: &str, count: i64) -> Node {
    Node {
        name: name.to_owned(),
        labels: [(HOSTNAME, name), (ZONE, zone)]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        allocatable: slots(count),
        ..Node::default()
    }
}

/// A pod of one slot.
fn one_slot(namespace: &str, name: &str) -> Pod {
    let mut requests = slots(1);
    requests.remove("pods");
    let container = Container { requests, ..Container::default() };
    Pod {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        spec: PodSpec { containers: vec![container], ..PodSpec::default() }.into(),
        ..Pod::default()
    }
}

/// Two prefill and one decode a batch.
fn coordination(mode: BatchMode, exclusive: Exclusive, key: &str) -> AffinityScheduling {
    AffinityScheduling {
        topology_key: key.to_owned(),
        ratios: [("decode".to_owned(), 1), ("prefill".to_owned(), 2)].into(),
        batch_mode: mode,
        exclusive,
        placement: Placement::Gated,
        timeout_seconds: None,
        on_timeout: OnTimeout::Wait,
    }
}

/// A cluster with a scheduler and the controllers of two StatefulSets that make all pods at once.
struct World {
    affinity: AffinityScheduling,
    sizes: BTreeMap<String, Size>,
    state: State,
    pods: BTreeMap<String, Observed>,
    version: u64,
    now: i64,
    last: Step,
}

impl World {
    fn new(affinity: AffinityScheduling, batches: u32, nodes: &[Node]) -> Self {
        let mut state = State::new(Semantics::of_minor(37));
        nodes.iter().for_each(|node| state.set_node(node.clone()));
        let size = |replicas| Size { replicas };
        let sizes = [("prefill", size(2 * batches)), ("decode", size(batches))];
        Self {
            affinity,
            sizes: sizes.map(|(role, size)| (role.to_owned(), size)).into(),
            state,
            pods: BTreeMap::new(),
            version: 0,
            now: 1_000,
            last: Step::default(),
        }
    }

    fn touch(&mut self, name: &str, change: impl FnOnce(&mut Observed)) {
        self.version += 1;
        let version = self.version.to_string();
        let known = self.pods.get_mut(name).unwrap();
        change(known);
        known.resource_version = version;
        self.state.set_pod(known.pod.clone());
    }

    /// The workloads' controllers make what is missing.
    fn produce(&mut self) {
        for (role, size) in self.sizes.clone() {
            let ratio = u64::from(*self.affinity.ratios.get(&role).unwrap());
            for ordinal in 0..u64::from(size.replicas) {
                let name = format!("{role}-{ordinal}");
                if self.pods.contains_key(&name) {
                    continue;
                }
                let mut pod = one_slot("a", &name);
                pod.gates = vec![keys::BATCH_GATE.to_owned()];
                self.version += 1;
                pod.uid = format!("uid-{}", self.version);
                let observed = Observed {
                    role: role.clone(),
                    batch: ordinal / ratio,
                    pod,
                    created: self.now,
                    ..Observed::default()
                };
                self.pods.insert(name.clone(), observed);
                self.touch(&name, |_| ());
            }
        }
    }

    fn remove(&mut self, name: &str) {
        self.state.remove_pod("a", name);
        self.pods.remove(name);
    }

    /// The scheduler takes the pods that are let go, in the order of this seed.
    fn schedule(&mut self, seed: usize) {
        let mut open: Vec<String> = self
            .pods
            .values()
            .filter(|one| one.pod.node.is_none() && one.pod.gates.is_empty())
            .map(|one| one.pod.name.clone())
            .collect();
        let turn = seed % open.len().max(1);
        open.rotate_left(turn);
        for name in open {
            let mut board = Board::default();
            let pod = self.pods.get(&name).unwrap().pod.clone();
            let placed = self.state.choose(&pod, &mut board);
            let host = placed.and_then(|one| Some(self.state.node(one.node)?.name.clone()));
            let now = self.now;
            self.touch(&name, |one| match host {
                Some(host) => {
                    one.pod.node = Some(host.as_str().into());
                    one.unschedulable = None;
                }
                None => one.unschedulable = one.unschedulable.or(Some(now)),
            });
        }
    }

    /// Pods that run become ready.
    fn run(&mut self) {
        let names: Vec<String> = self.pods.keys().cloned().collect();
        for name in names {
            let now = self.now;
            if self.pods.get(&name).is_some_and(|one| one.pod.node.is_some()) {
                self.touch(&name, |one| one.ready = one.ready.or(Some(now)));
            }
        }
    }

    /// The controller decides, and does so much of it.
    fn control(&mut self, most: usize) {
        let pods: Vec<Observed> = self.pods.values().cloned().collect();
        let situation =
            Situation { affinity: &self.affinity, sizes: &self.sizes, pods: &pods, now: self.now };
        let mut cluster = self.state.clone();
        let found = step(&situation, &mut cluster);
        assert_eq!(found, step(&situation, &mut self.state.clone()), "twice the same");
        self.assert_in_order(&found);
        for action in found.actions.iter().take(most) {
            match action {
                Action::Release { pod, pins } => {
                    let known = self.pods.get(&pod.name).unwrap();
                    assert_eq!(pod.resource_version, known.resource_version);
                    assert_eq!(pod.uid, known.pod.uid);
                    assert!(known.pod.node.is_none() && !known.pod.gates.is_empty());
                    self.touch(&pod.name, |one| {
                        one.pod.gates.clear();
                        one.pod.spec.node_selector.extend(pins.clone());
                    });
                }
                Action::Replace { pod } => {
                    let known = self.pods.get(&pod.name).unwrap();
                    assert!(known.pod.node.is_none() && known.pod.gates.is_empty());
                    self.remove(&pod.name);
                }
            }
        }
        self.last = found;
    }

    /// In sequence no batch begins before the earlier ones are ready.
    fn assert_in_order(&self, found: &Step) {
        if self.affinity.batch_mode == BatchMode::Parallel {
            return;
        }
        let begun: Vec<u64> = self
            .pods
            .values()
            .filter(|one| one.pod.gates.is_empty())
            .map(|one| one.batch)
            .collect();
        for action in &found.actions {
            let Action::Release { pod, .. } = action else { continue };
            let batch = self.pods.get(&pod.name).unwrap().batch;
            let earlier = |one: &&Observed| one.batch < batch;
            let ready = self.pods.values().filter(earlier).all(|one| one.ready.is_some());
            let passed = begun.iter().any(|number| *number >= batch);
            assert!(ready || passed, "batch {batch} begins before its turn");
        }
    }

    /// The domains of the pods of each batch that run.
    fn domains(&self) -> BTreeMap<u64, BTreeSet<String>> {
        let mut found: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
        for one in self.pods.values() {
            let node = one.pod.node.as_deref().and_then(|name| self.state.node_number(name));
            let Some(node) = node.and_then(|number| self.state.node(number)) else { continue };
            let value = node.labels.get(&self.affinity.topology_key).unwrap().clone();
            found.entry(one.batch).or_default().insert(value);
        }
        found
    }

    /// Until nothing changes any more.
    fn settle(&mut self) {
        for round in 0..60 {
            self.produce();
            self.control(usize::MAX);
            self.schedule(round);
            self.run();
            self.now += PATIENCE / 2;
        }
    }

    /// Phase, batch and message as the status has them, after one more step.
    fn status(&self) -> (Phase, String, String) {
        let pods: Vec<Observed> = self.pods.values().cloned().collect();
        let (affinity, sizes) = (&self.affinity, &self.sizes);
        let situation = Situation { affinity, sizes, pods: &pods, now: self.now };
        let found = step(&situation, &mut self.state.clone());
        let status = status("pd", &situation, &found);
        assert_eq!((status.kind, status.name.as_str()), (StrategyType::AffinityScheduling, "pd"));
        let ready: u32 = status.role_states.values().map(|role| role.ready_replicas).sum();
        assert_eq!(ready as usize, self.running());
        let batch = format!("{}/{}", status.current_batch, status.total_batches);
        (status.phase, batch, status.message)
    }

    fn running(&self) -> usize {
        self.pods.values().filter(|one| one.ready.is_some()).count()
    }
}

fn modes() -> impl Strategy<Value = (BatchMode, Exclusive)> {
    let mode = prop_oneof![Just(BatchMode::Sequential), Just(BatchMode::Parallel)];
    let exclusive =
        prop_oneof![Just(Exclusive::None), Just(Exclusive::Preferred), Just(Exclusive::Required)];
    (mode, exclusive)
}

#[test]
fn three_batches_land_whole_on_three_nodes() {
    for mode in [BatchMode::Sequential, BatchMode::Parallel] {
        for exclusive in [Exclusive::None, Exclusive::Preferred, Exclusive::Required] {
            let nodes = ["n0", "n1", "n2"].map(|name| node(name, "z", 3));
            let mut world = World::new(coordination(mode, exclusive, HOSTNAME), 3, &nodes);
            world.settle();
            assert_eq!(world.running(), 9, "{mode:?} {exclusive:?}");
            assert!(world.domains().values().all(|domains| domains.len() == 1));
            assert!(world.last.actions.is_empty() && world.last.again.is_none());
            assert!(world.last.batches.iter().all(|batch| batch.wait.is_none()));
        }
    }
}

#[test]
fn a_batch_waits_for_its_pods_its_turn_and_its_room() {
    let nodes = ["n0", "n1"].map(|name| node(name, "z", 3));
    let sequential = coordination(BatchMode::Sequential, Exclusive::None, HOSTNAME);
    let mut world = World::new(sequential, 3, &nodes);
    world.produce();
    world.remove("decode-0");
    world.control(usize::MAX);
    assert!(world.last.actions.is_empty());
    let waits: Vec<Option<Wait>> = world.last.batches.iter().map(|one| one.wait.clone()).collect();
    let missing = BTreeMap::from([("decode".to_owned(), 1)]);
    assert_eq!(
        waits,
        [Some(Wait::Pods(missing)), Some(Wait::Previous(0)), Some(Wait::Previous(0))]
    );
    world.settle();
    assert_eq!(world.running(), 6);
    let last = world.last.batches.last().unwrap();
    let Some(Wait::Room(waiting)) = &last.wait else { unreachable!("{last:?}") };
    assert_eq!((waiting.number, waiting.domains), (2, 2));
    // Room comes.
    world.state.set_node(node("n2", "z", 3));
    world.settle();
    assert_eq!(world.running(), 9);
}

/// The pods of one are let go and have no node yet when the other one decides.
#[test]
fn room_that_one_coordination_was_promised_is_not_promised_to_another() {
    let affinity = coordination(BatchMode::Parallel, Exclusive::None, HOSTNAME);
    let mut first = World::new(affinity.clone(), 1, &[node("n0", "z", 3)]);
    first.produce();
    let gated: Vec<Observed> = first.pods.values().cloned().collect();
    first.control(usize::MAX);
    let promised: Vec<Observed> = first.pods.values().cloned().collect();
    assert!(promised.iter().all(|one| one.pod.gates.is_empty() && one.pod.node.is_none()));
    let mut others = gated;
    let mut state = first.state.clone();
    for other in &mut others {
        other.pod.namespace = "b".to_owned();
        state.set_pod(other.pod.clone());
    }
    let of = |pods| Situation { affinity: &affinity, sizes: &first.sizes, pods, now: first.now };
    assert_eq!(step(&of(&others), &mut state.clone()).actions.len(), 3, "there is room");
    reserve(&of(&promised), &mut state);
    let found = step(&of(&others), &mut state);
    assert_eq!(found.actions, []);
    assert!(matches!(found.batches.first().unwrap().wait, Some(Wait::Room(_))), "{found:?}");
    // What is reserved is still there for whom it is reserved.
    let found = step(&of(&promised), &mut state);
    assert_eq!(found.batches.first().unwrap().wait, Some(Wait::Nodes));
}

/// One decode is a leader and a worker: the batch is not whole before both are there.
#[test]
fn a_replica_of_several_pods_is_waited_for() {
    let nodes = [node("n0", "z", 4)];
    let parallel = coordination(BatchMode::Parallel, Exclusive::None, HOSTNAME);
    let mut world = World::new(parallel, 1, &nodes);
    world.produce();
    world.touch("decode-0", |leader| leader.replica_pods = 2);
    world.control(usize::MAX);
    assert!(world.last.actions.is_empty());
    let missing = BTreeMap::from([("decode".to_owned(), 1)]);
    assert_eq!(world.last.batches[0].wait, Some(Wait::Pods(missing)));
    let mut worker = world.pods["decode-0"].clone();
    worker.pod.name = "decode-0-1".to_owned();
    worker.pod.uid = "worker".to_owned();
    world.pods.insert("decode-0-1".to_owned(), worker);
    world.touch("decode-0-1", |_| ());
    world.control(usize::MAX);
    assert_eq!((world.last.batches[0].expected, world.last.actions.len()), (4, 4));
}

#[test]
fn a_pod_that_is_made_again_goes_back_to_its_batch_at_once() {
    let nodes = ["n0", "n1", "n2"].map(|name| node(name, "z", 6));
    let sequential = coordination(BatchMode::Sequential, Exclusive::Required, HOSTNAME);
    let mut world = World::new(sequential, 3, &nodes);
    world.settle();
    let before = world.domains();
    for name in ["prefill-1", "decode-2"] {
        world.remove(name);
    }
    world.produce();
    world.control(usize::MAX);
    assert_eq!(world.last.actions.len(), 2);
    world.settle();
    assert_eq!((world.running(), world.domains()), (9, before));
}

#[test]
fn a_batch_whose_node_is_gone_moves_as_a_whole() {
    let nodes = ["n0", "n1", "n2", "n3"].map(|name| node(name, "z", 3));
    let sequential = coordination(BatchMode::Sequential, Exclusive::None, HOSTNAME);
    let mut world = World::new(sequential, 3, &nodes);
    world.settle();
    let gone = world.domains().get(&1).unwrap().first().unwrap().clone();
    world.state.remove_node(&gone);
    world.control(usize::MAX);
    assert!(world.last.actions.is_empty(), "nothing is done with pods on a node that is gone");
    let lost: Vec<String> = world
        .pods
        .values()
        .filter(|one| one.pod.node.as_deref() == Some(gone.as_str()))
        .map(|one| one.pod.name.clone())
        .collect();
    assert_eq!(lost.len(), 3);
    lost.iter().for_each(|name| world.remove(name));
    world.settle();
    assert_eq!(world.running(), 9);
    assert!(world.domains().values().all(|domains| domains.len() == 1));
}

#[test]
fn pods_that_were_sent_to_a_node_that_is_gone_are_made_again() {
    let nodes = ["n0", "n1"].map(|name| node(name, "z", 3));
    let parallel = coordination(BatchMode::Parallel, Exclusive::None, HOSTNAME);
    let mut world = World::new(parallel, 1, &nodes);
    world.produce();
    world.control(usize::MAX);
    let home = world.last.batches.first().unwrap().domain.clone().unwrap();
    world.state.remove_node(&home);
    world.control(usize::MAX);
    let replaced = |action: &Action| matches!(action, Action::Replace { .. });
    assert!(world.last.actions.len() == 3 && world.last.actions.iter().all(replaced));
    world.settle();
    assert_eq!(world.running(), 3);
}

#[test]
fn where_others_took_the_room_another_domain_is_found_after_a_while() {
    let nodes = ["n0", "n1"].map(|name| node(name, "z", 3));
    let parallel = coordination(BatchMode::Parallel, Exclusive::None, HOSTNAME);
    let mut world = World::new(parallel, 1, &nodes);
    world.produce();
    world.control(usize::MAX);
    let home = world.last.batches.first().unwrap().domain.clone().unwrap();
    let thief = Pod { node: Some(home.as_str().into()), ..one_slot("b", "thief") };
    // The whole node at once.
    let thief = thief.with(|spec| {
        let mut all = slots(3);
        all.remove("pods");
        spec.containers.iter_mut().for_each(|one| one.requests.clone_from(&all));
    });
    world.state.set_pod(thief);
    world.schedule(0);
    world.control(usize::MAX);
    let first = world.last.batches.first().unwrap();
    assert!(world.last.actions.is_empty() && matches!(first.wait, Some(Wait::RoomHere(_))));
    assert_eq!(world.last.again, Some(world.now + PATIENCE));
    world.settle();
    assert_eq!(world.running(), 3);
    assert!(!world.domains().get(&0).unwrap().contains(&home));
}

#[test]
fn on_timeout_a_batch_waits_or_is_let_go() {
    for on_timeout in [OnTimeout::Wait, OnTimeout::Release] {
        let nodes = ["n0", "n1"].map(|name| node(name, "z", 2));
        let parallel = AffinityScheduling {
            timeout_seconds: Some(600),
            on_timeout,
            ..coordination(BatchMode::Parallel, Exclusive::None, HOSTNAME)
        };
        let mut world = World::new(parallel, 1, &nodes);
        world.produce();
        world.control(usize::MAX);
        assert_eq!((world.last.actions.len(), world.last.again), (0, Some(1_600)));
        world.now = 1_599;
        world.control(usize::MAX);
        assert!(world.last.actions.is_empty() && !world.last.batches.first().unwrap().timed_out);
        world.now = 1_600;
        world.control(usize::MAX);
        let released = if on_timeout == OnTimeout::Release { 3 } else { 0 };
        assert_eq!(world.last.actions.len(), released);
        assert!(world.last.batches.first().unwrap().timed_out);
        world.settle();
        assert_eq!(world.running(), released);
    }
}

#[test]
fn a_batch_spans_the_nodes_of_a_zone_where_the_scheduler_alone_would_wedge() {
    // Large and small pods: taken one by one, the small ones fill the node that the large one needs.
    let nodes = [node("a0", "a", 4), node("a1", "a", 2), node("b0", "b", 3)];
    let mut zones = coordination(BatchMode::Parallel, Exclusive::None, ZONE);
    zones.ratios = [("decode".to_owned(), 2), ("prefill".to_owned(), 1)].into();
    let mut world = World::new(zones, 1, &nodes);
    world.sizes = [("prefill", 1), ("decode", 2)]
        .map(|(role, replicas)| (role.to_owned(), Size { replicas }))
        .into();
    world.produce();
    world.touch("prefill-0", |one| {
        let mut four = slots(4);
        four.remove("pods");
        one.pod.spec.containers.iter_mut().for_each(|each| each.requests.clone_from(&four));
    });
    world.control(usize::MAX);
    assert_eq!(world.last.actions.len(), 3);
    world.schedule(0);
    world.run();
    assert_eq!(world.running(), 3);
    assert_eq!(world.domains().get(&0).unwrap().len(), 1);
}

#[test]
fn the_status_says_how_far_it_is() {
    let nodes = ["n0", "n1"].map(|name| node(name, "z", 3));
    let sequential = coordination(BatchMode::Sequential, Exclusive::None, HOSTNAME);
    let mut world = World::new(sequential, 3, &nodes);
    let mut said = vec![world.status()];
    world.produce();
    said.push(world.status());
    world.control(usize::MAX);
    world.schedule(0);
    said.push(world.status());
    world.run();
    world.control(usize::MAX);
    world.schedule(0);
    said.push(world.status());
    world.settle();
    said.push(world.status());
    world.state.set_node(node("n2", "z", 3));
    world.settle();
    said.push(world.status());
    world.sizes.insert("prefill".to_owned(), Size { replicas: 7 });
    said.push(world.status());
    let said: Vec<String> =
        said.into_iter().map(|(phase, batch, text)| format!("{phase:?} {batch} {text}")).collect();
    let wanted = [
        "Pending 0/3 Waiting to deploy batch 1 of 3: waits for 1 pod of decode and 2 pods of prefill",
        "InProgress 1/3 Deploying batch 1 of 3: its pods go to n0",
        "InProgress 1/3 Deploying batch 1 of 3: 3 pods on n0 are not ready yet",
        "InProgress 2/3 Deploying batch 2 of 3: 3 pods on n1 are not ready yet",
        "InProgress 3/3 Deploying batch 3 of 3: no node has room for all 3 pods (2 nodes); n0 takes \
         0, then: not enough cpu is free",
        "Completed 3/3 All 3 batches are ready",
        "Completed 3/3 All 3 batches are ready; 1 pod of prefill belongs to no whole batch",
    ];
    assert_eq!(said, wanted);
}

/// What happens between two steps.
#[derive(Clone, Debug)]
enum Event {
    Control(usize),
    Schedule(usize),
    Run,
    Produce,
    PodGone(usize),
    NodeGone(usize),
    NodeComes(usize),
    Others(usize, bool),
    Scale(u32),
    Time(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => prop_oneof![(0..4usize), Just(usize::MAX)].prop_map(Event::Control),
        4 => any::<usize>().prop_map(Event::Schedule),
        3 => Just(Event::Run),
        3 => Just(Event::Produce),
        1 => any::<usize>().prop_map(Event::PodGone),
        1 => (0..4usize).prop_map(Event::NodeGone),
        1 => (0..4usize).prop_map(Event::NodeComes),
        2 => (0..6usize, any::<bool>()).prop_map(|(name, comes)| Event::Others(name, comes)),
        1 => (0..5u32).prop_map(Event::Scale),
        1 => (1..200i64).prop_map(Event::Time),
    ]
}

fn name_of(at: usize) -> String {
    format!("n{at}")
}

impl World {
    fn happen(&mut self, event: &Event) {
        match event {
            Event::Control(most) => self.control(*most),
            Event::Schedule(seed) => self.schedule(*seed),
            Event::Run => self.run(),
            Event::Produce => self.produce(),
            Event::PodGone(at) => {
                let at = at % self.pods.len().max(1);
                if let Some(name) = self.pods.keys().nth(at).cloned() {
                    self.remove(&name);
                }
            }
            Event::NodeGone(at) => {
                let host = name_of(*at);
                self.state.remove_node(&host);
                let on = |one: &&Observed| one.pod.node.as_deref() == Some(host.as_str());
                let lost: Vec<String> =
                    self.pods.values().filter(on).map(|one| one.pod.name.clone()).collect();
                lost.iter().for_each(|name| self.remove(name));
            }
            Event::NodeComes(at) => self.state.set_node(node(&name_of(*at), "z", 4)),
            Event::Others(name, true) => {
                let pod = one_slot("b", &format!("other-{name}"));
                self.state.place(&pod, &mut Board::default());
            }
            Event::Others(name, false) => self.state.remove_pod("b", &format!("other-{name}")),
            Event::Scale(batches) => {
                for (role, size) in &mut self.sizes {
                    size.replicas = batches * self.affinity.ratios.get(role).unwrap();
                }
                let sizes = self.sizes.clone();
                let surplus = |one: &&Observed| {
                    let ordinal = one.pod.name.rsplit('-').next().unwrap().parse::<u32>().unwrap();
                    ordinal >= sizes.get(&one.role).unwrap().replicas
                };
                let surplus: Vec<String> =
                    self.pods.values().filter(surplus).map(|one| one.pod.name.clone()).collect();
                surplus.iter().for_each(|name| self.remove(name));
            }
            Event::Time(seconds) => self.now += seconds,
        }
    }
}

#[test]
fn whatever_happens_each_batch_is_whole_on_one_domain_in_the_end() {
    let worlds = (modes(), 1..5u32, prop::collection::vec(event(), 0..80));
    check(200, &worlds, |((mode, exclusive), batches, events)| {
        let nodes: Vec<Node> = (0..4).map(|at| node(&name_of(at), "z", 4)).collect();
        let mut world = World::new(coordination(mode, exclusive, HOSTNAME), batches, &nodes);
        for event in &events {
            world.happen(event);
            assert!(world.domains().values().all(|domains| domains.len() == 1), "{event:?}");
        }
        // What is in the way goes, and room comes; then nobody waits for ever.
        (0..6).for_each(|name| world.state.remove_pod("b", &format!("other-{name}")));
        (0..4).for_each(|at| world.happen(&Event::NodeComes(at)));
        world.settle();
        let wanted: u32 = world.sizes.values().map(|size| size.replicas).sum();
        assert_eq!(world.running(), wanted as usize, "{:?}", world.last);
        let domains = world.domains();
        assert!(domains.values().all(|domains| domains.len() == 1));
        if exclusive == Exclusive::Required {
            let distinct: BTreeSet<&String> = domains.values().flatten().collect();
            assert_eq!(distinct.len(), domains.len());
        }
    });
}
