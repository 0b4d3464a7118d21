//! Batches on domains, against every order and every choice of nodes, judged by the plain judge.

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::batches::empty::whole;
use placecard_feasibility::batches::plan::plan;
use placecard_feasibility::batches::room::rooms;
use placecard_feasibility::batches::trial::{Outcome, trial};
use placecard_feasibility::batches::{Batch, Exclusive, Layout, Member, domains};
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::{Container, Pod, PodSpec};
use placecard_feasibility::inventory::requests::Amounts;
use placecard_feasibility::inventory::template::NodeTemplate;
use placecard_feasibility::judge::{Semantics, judge};
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::profile::Profile;
use placecard_feasibility::quantity::Quantity;
use placecard_feasibility::requirement::Requirement;
use placecard_feasibility::selector::Selector;
use placecard_feasibility::state::State;
use proptest::prelude::*;
use proptest::sample::select;

use crate::agree::apply;
use crate::check;
use crate::world::{event, pod};

const SEMANTICS: u32 = 37;
const PLENTY: u64 = 100_000;

fn batch_of(pods: Vec<Pod>) -> Batch {
    let member = |(role, pod): (usize, Pod)| Member { role, pod };
    Batch { members: pods.into_iter().enumerate().map(member).collect(), ..Batch::default() }
}

/// Two to four pods, some of them alike but for the name.
fn members() -> impl Strategy<Value = Vec<Pod>> {
    let sound = (pod(), any::<bool>()).prop_map(|(mut pod, modest)| {
        if modest {
            pod.volumes.clear();
            pod.spec.node_affinity = None;
            pod.spec.node_selector.clear();
            pod.spec.init_containers.clear();
            let first = |one: &mut Container| one.requests.retain(|name, _| name == "cpu");
            pod.spec.containers.iter_mut().for_each(first);
        }
        pod.node = None;
        pod.nominated_node = None;
        pod.finished = false;
        pod.terminating = false;
        // Sums that wrap are no sums: a node that is overfull by them has room for more.
        let sound = |one: &mut Container| one.requests.retain(|_, amount| amount.units() < 1 << 40);
        pod.spec.containers.iter_mut().for_each(sound);
        pod.spec.init_containers.iter_mut().for_each(sound);
        pod
    });
    prop::collection::vec((sound, 1..3usize), 1..3).prop_map(|kinds| {
        let mut pods = Vec::new();
        for (kind, (pod, copies)) in kinds.into_iter().enumerate() {
            for copy in 0..copies {
                pods.push(Pod { name: format!("m{kind}-{copy}"), ..pod.clone() });
            }
        }
        pods
    })
}

/// What is counted by node; terms that were asked for are counted from then on.
fn nodes_of(state: &State) -> BTreeMap<String, String> {
    let mut census = state.census();
    census.retain(|name, _| name.starts_with("node "));
    census
}

/// Is there an order and a choice of nodes in which all pods pass?
fn some_way(inventory: &Inventory, pods: &[Pod], domain: &BTreeSet<String>) -> bool {
    if pods.is_empty() {
        return true;
    }
    (0..pods.len()).any(|at| {
        let mut rest = pods.to_vec();
        let pod = rest.remove(at);
        let judgement = judge(inventory, &pod, Semantics::of_minor(SEMANTICS));
        let feasible: Vec<String> = judgement.feasible().map(str::to_owned).collect();
        feasible.into_iter().filter(|node| domain.contains(node)).any(|node| {
            let mut next = inventory.clone();
            next.pods.put(Pod { node: Some(node.into()), ..pod.clone() });
            some_way(&next, &rest, domain)
        })
    })
}

/// Can the pods go to these nodes, in some order?
fn stands(inventory: &Inventory, pods: &[(Pod, String)]) -> bool {
    pods.is_empty()
        || (0..pods.len()).any(|at| {
            let mut rest = pods.to_vec();
            let (pod, node) = rest.remove(at);
            let judgement = judge(inventory, &pod, Semantics::of_minor(SEMANTICS));
            let passes = judgement.feasible().any(|name| name == node);
            let mut next = inventory.clone();
            next.pods.put(Pod { node: Some(node.into()), ..pod });
            passes && stands(&next, &rest)
        })
}

#[test]
fn a_batch_fits_where_some_order_and_some_nodes_let_all_pods_pass() {
    let tally = std::cell::Cell::new([0_u32; 2]);
    let key = select(vec!["host", "zone", "rack"]);
    let world = (prop::collection::vec(event(), 10..60), members(), key);
    check(800, &world, |(events, pods, key)| {
        let mut inventory = Inventory::default();
        let mut state = State::new(Semantics::of_minor(SEMANTICS));
        events.into_iter().for_each(|event| apply(&mut inventory, &mut state, event));
        let before = nodes_of(&state);
        let batch = batch_of(pods);
        for (value, nodes) in domains(&state, key) {
            let domain = (key, value.as_str(), nodes.as_slice());
            let found = trial(&mut state, &batch, domain, PLENTY, false, false);
            let names: BTreeSet<String> = nodes
                .iter()
                .filter_map(|node| state.node(*node).map(|node| node.name.clone()))
                .collect();
            let narrowed = |member: &Member| {
                member.pod.clone().with(|spec| {
                    spec.node_selector.entry(key.to_owned()).or_insert_with(|| value.clone());
                })
            };
            let pods: Vec<Pod> = batch.members.iter().map(narrowed).collect();
            let [mut fits, mut stuck] = tally.get();
            match found {
                Outcome::Fits(nodes) => {
                    fits += 1;
                    let name = |node: &u32| state.node(*node).map(|node| node.name.clone());
                    let names: Vec<String> = nodes.iter().filter_map(name).collect();
                    let placed: Vec<(Pod, String)> = pods.into_iter().zip(names).collect();
                    assert_eq!(placed.len(), batch.members.len());
                    assert!(stands(&inventory, &placed), "{key}={value}: {placed:?}");
                }
                Outcome::Stuck(_) => {
                    stuck += 1;
                    assert!(!some_way(&inventory, &pods, &names), "{key}={value}");
                }
                Outcome::Unknown(_) => {}
            }
            tally.set([fits, stuck]);
        }
        assert_eq!(before, nodes_of(&state));
    });
    let [fits, stuck] = tally.get();
    assert!(fits > 40 && stuck > 400, "{fits} and {stuck}");
}

fn amounts(named: &[(&str, i64)]) -> Amounts {
    named.iter().map(|(name, units)| ((*name).to_owned(), Quantity::of_units(*units))).collect()
}

fn node(name: &str, zone: &str, slots: i64) -> Node {
    Node {
        name: name.to_owned(),
        labels: [("host", name), ("zone", zone)]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        allocatable: amounts(&[("cpu", slots), ("pods", 110)]),
        ..Node::default()
    }
}

/// One slot.
fn slot(name: &str) -> Pod {
    let container = Container { requests: amounts(&[("cpu", 1)]), ..Container::default() };
    Pod {
        name: name.to_owned(),
        namespace: "a".to_owned(),
        spec: PodSpec { containers: vec![container], ..PodSpec::default() }.into(),
        ..Pod::default()
    }
}

/// So many batches of two and one.
fn batches(count: u64) -> Vec<Batch> {
    let one = |number| {
        let pods = ["p0", "p1", "d0"].map(|name| slot(&format!("b{number}-{name}")));
        Batch { number, ..batch_of(pods.into()) }
    };
    (0..count).map(one).collect()
}

fn cluster(nodes: &[Node]) -> State {
    let mut state = State::new(Semantics::of_minor(SEMANTICS));
    nodes.iter().for_each(|node| state.set_node(node.clone()));
    state
}

fn placed(state: &mut State, count: u64, exclusive: Exclusive, key: &str) -> Vec<(u64, String)> {
    let layout = Layout::over(key, exclusive);
    let plan = plan(state, &batches(count), &layout, &BTreeSet::new());
    assert_eq!(plan.landings.len() + plan.waiting.len(), batches(count).len());
    plan.landings.into_iter().map(|one| (one.number, one.domain)).collect()
}

#[test]
fn three_batches_go_to_three_nodes_that_hold_one_each() {
    let nodes = ["n0", "n1", "n2"].map(|name| node(name, "z", 3));
    for exclusive in [Exclusive::None, Exclusive::Preferred, Exclusive::Required] {
        let mut state = cluster(&nodes);
        let domains: BTreeSet<String> =
            placed(&mut state, 3, exclusive, "host").into_iter().map(|(_, node)| node).collect();
        assert_eq!(domains.len(), 3, "{exclusive:?}");
    }
}

#[test]
fn what_adds_up_need_not_fit() {
    // 5 and 4 slots are 9, and three batches of 3 are 9 too.
    let mut state = cluster(&[node("n0", "z", 5), node("n1", "z", 4)]);
    let layout = Layout::over("host", Exclusive::None);
    let rooms = rooms(&mut state, &batches(3), &layout, true);
    assert_eq!(rooms.iter().map(|room| room.batches).collect::<Vec<_>>(), [1, 1]);
    let reasons = rooms.iter().filter_map(|room| room.blocked.as_ref()).map(|one| {
        let [(_, reason)] = one.reasons.keys().collect::<Vec<_>>()[..] else { return None };
        Some((one.placed, format!("{reason:?}")))
    });
    let insufficient = "Insufficient(\"cpu\")".to_owned();
    assert_eq!(
        reasons.collect::<Vec<_>>(),
        [Some((2, insufficient.clone())), Some((1, insufficient.clone()))]
    );
    let plan = plan(&mut state, &batches(3), &layout, &BTreeSet::new());
    assert_eq!(plan.landings.len(), 2);
    let [waiting] = &plan.waiting[..] else { unreachable!("{plan:?}") };
    let (domain, blocked) = waiting.nearest.as_ref().expect("a domain was tried");
    assert_eq!((waiting.number, domain.as_str(), blocked.placed), (2, "n0", 2));
}

#[test]
fn an_exclusive_domain_holds_one_batch() {
    let nodes = [node("n0", "z", 9), node("n1", "z", 3)];
    assert_eq!(placed(&mut cluster(&nodes), 3, Exclusive::Required, "host").len(), 2);
    assert_eq!(placed(&mut cluster(&nodes), 3, Exclusive::None, "host").len(), 3);
    let preferred = placed(&mut cluster(&nodes), 4, Exclusive::Preferred, "host");
    let of = |name: &str| preferred.iter().filter(|(_, node)| node == name).count();
    assert_eq!((of("n0"), of("n1")), (3, 1));
    let layout = Layout::over("host", Exclusive::Required);
    let rooms = rooms(&mut cluster(&nodes), &batches(3), &layout, false);
    assert_eq!(rooms.iter().map(|room| room.batches).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn a_batch_spans_the_nodes_of_its_zone() {
    let nodes: Vec<Node> = [("n0", "a", 2), ("n1", "a", 1), ("n2", "b", 2), ("n3", "b", 2)]
        .map(|(name, zone, slots)| node(name, zone, slots))
        .into();
    let mut state = cluster(&nodes);
    assert!(placed(&mut state, 2, Exclusive::None, "host").is_empty());
    let mut state = cluster(&nodes);
    let found = placed(&mut state, 3, Exclusive::None, "zone");
    let zones: BTreeSet<&str> = found.iter().map(|(_, zone)| zone.as_str()).collect();
    assert_eq!((found.len(), zones), (2, BTreeSet::from(["a", "b"])));
}

#[test]
fn a_batch_that_has_begun_stays_where_it_is() {
    let nodes = [node("n0", "z", 9), node("n1", "z", 3)];
    let mut state = cluster(&nodes);
    let mut batches = batches(2);
    if let Some(second) = batches.get_mut(1) {
        second.domain = Some("n1".to_owned());
    }
    let layout = Layout::over("host", Exclusive::Required);
    let plan = plan(&mut state, &batches, &layout, &BTreeSet::new());
    let found: Vec<(u64, &str)> =
        plan.landings.iter().map(|one| (one.number, one.domain.as_str())).collect();
    assert_eq!(found, [(1, "n1"), (0, "n0")]);
}

#[test]
fn a_pod_that_needs_a_companion_comes_after_it() {
    // The large one goes first, but must be near the small one.
    let mut state = cluster(&[node("n0", "z", 4)]);
    let large = slot("large").with(|spec| {
        spec.containers.iter_mut().for_each(|one| one.requests = amounts(&[("cpu", 3)]));
        spec.affinity = vec![AffinityTerm {
            selector: Some(Selector { requirements: vec![Requirement::one_of("app", &["db"])] }),
            namespaces: Vec::new(),
            namespace_selector: None,
            topology_key: "host".to_owned(),
        }];
    });
    let small = Pod {
        labels: [("app".to_owned(), "db".to_owned())]
            .into_iter()
            .collect::<BTreeMap<_, _>>()
            .into(),
        ..slot("small")
    };
    let nodes = domains(&state, "host");
    let nodes = nodes.get("n0").cloned().unwrap_or_default();
    let domain = ("host", "n0", nodes.as_slice());
    let outcome =
        trial(&mut state, &batch_of(vec![large.clone(), small]), domain, PLENTY, false, false);
    assert!(matches!(&outcome, Outcome::Fits(nodes) if nodes.len() == 2), "{outcome:?}");
    let outcome =
        trial(&mut state, &batch_of(vec![large, slot("other")]), domain, PLENTY, true, false);
    let Outcome::Stuck(blocked) = outcome else { unreachable!("{outcome:?}") };
    assert_eq!((blocked.placed, blocked.member), (1, 0));
}

#[test]
fn many_pods_that_do_not_fit_are_given_up_soon() {
    // 12 orders and choices of nodes without end; the bound holds.
    let nodes: Vec<Node> = (0..12).map(|at| node(&format!("n{at}"), "z", 7)).collect();
    let mut state = cluster(&nodes);
    let pods: Vec<Pod> = (0..13)
        .map(|at| {
            slot(&format!("p{at}")).with(|spec| {
                let wanted = amounts(&[("cpu", if at % 2 == 0 { 4 } else { 5 })]);
                spec.containers.iter_mut().for_each(|one| one.requests.clone_from(&wanted));
            })
        })
        .collect();
    let before = nodes_of(&state);
    let all = domains(&state, "zone");
    let domain = ("zone", "z", all.get("z").map(Vec::as_slice).unwrap_or_default());
    let outcome = trial(&mut state, &batch_of(pods), domain, 500, false, false);
    let Outcome::Unknown(blocked) = outcome else { unreachable!("{outcome:?}") };
    assert_eq!(blocked.placed, 12);
    assert_eq!(before, nodes_of(&state));
}

fn may_fit(nodes: &[Node], templates: Vec<NodeTemplate>, batch: &Batch, key: &str) -> bool {
    let mut inventory = Inventory::default();
    inventory.nodes.extend(nodes.iter().map(|node| (node.name.clone(), node.clone())));
    inventory.templates.extend(templates.into_iter().map(|one| (one.name.clone(), one)));
    let semantics = Semantics::of_minor(SEMANTICS);
    let mut whole = whole(&inventory, batch, semantics, &Profile::of(semantics));
    assert!(!whole.open);
    let layout = Layout::over(key, Exclusive::None);
    let rooms = rooms(&mut whole.state, std::slice::from_ref(&whole.batch), &layout, false);
    assert!(rooms.iter().all(|room| !room.more));
    rooms.iter().any(|room| room.batches > 0)
}

#[test]
fn a_batch_that_no_whole_node_holds_may_fit_a_zone_or_a_node_that_comes() {
    let nodes = ["n0", "n1"].map(|name| {
        let mut node = node(name, "z", 2);
        // What passes by is not in the way.
        node.unschedulable = name == "n0";
        node
    });
    let [batch, ..] = &batches(1)[..] else { unreachable!() };
    let fits = |templates, key| may_fit(&nodes, templates, batch, key);
    assert!(!fits(Vec::new(), "host") && fits(Vec::new(), "zone"));
    let template = |cpu: i64, max: Option<u32>| NodeTemplate {
        name: "large".to_owned(),
        allocatable: amounts(&[("cpu", cpu)]),
        zone_key: "rack".to_owned(),
        zones: vec!["r".to_owned()],
        max,
        ..NodeTemplate::default()
    };
    let host = "kubernetes.io/hostname";
    assert!(fits(vec![template(3, None)], host) && !fits(vec![template(2, None)], host));
    assert!(fits(vec![template(1, None)], "rack") && !fits(vec![template(1, Some(0))], "rack"));
}
