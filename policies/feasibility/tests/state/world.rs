//! Small clusters whose objects often meet.

use placecard_feasibility::inventory::node::{CsiNode, Node};
use placecard_feasibility::inventory::pod::{
    Container, Disk, HostPort, Pod, PodSpec, PodVolume, TopologySpread, WhenUnsatisfiable,
};
use placecard_feasibility::inventory::requests::Amounts;
use placecard_feasibility::inventory::volume::{Claim, Volume, VolumeSource};
use placecard_feasibility::label::Labels;
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::quantity::Quantity;
use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::selector::Selector;
use placecard_feasibility::tolerations::{Taint, Toleration, TolerationOperator};
use proptest::prelude::*;
use proptest::sample::select;

/// Something that happens to the cluster.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Node(Node),
    NodeGone(String),
    Pod(Box<Pod>),
    PodGone(String, String),
    Namespace(String, Labels),
    NamespaceGone(String),
    Claim(Claim),
    ClaimGone(String, String),
    Volume(Box<Volume>),
    VolumeGone(String),
    CsiNode(String, CsiNode),
    CsiNodeGone(String),
    Sweep,
    Forget,
}

pub(crate) const NAMESPACES: [&str; 3] = ["a", "b", "c"];
const KEYS: [&str; 3] = ["host", "zone", "rack"];
const PLACES: [&str; 2] = ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"];

fn name(prefix: &'static str, most: u8) -> impl Strategy<Value = String> {
    (0..most).prop_map(move |number| format!("{prefix}{number}"))
}

pub(crate) fn namespace() -> impl Strategy<Value = String> {
    select(NAMESPACES.to_vec()).prop_map(str::to_owned)
}

fn labels(keys: &'static [&'static str]) -> impl Strategy<Value = Labels> {
    let label = prop::option::weighted(0.7, select(vec!["x", "y", "7", ""]));
    prop::collection::vec(label, keys.len()).prop_map(|values| {
        let pairs = keys.iter().zip(values).filter_map(|(key, value)| Some((*key, value?)));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    })
}

fn requirement(keys: &'static [&'static str]) -> impl Strategy<Value = Requirement> {
    let operator = select(vec![
        Operator::In,
        Operator::In,
        Operator::NotIn,
        Operator::Exists,
        Operator::DoesNotExist,
        Operator::Gt,
        Operator::Other("Like".to_owned()),
    ]);
    let values = prop::collection::vec(select(vec!["x", "y", "7", "3"]), 1..3);
    (select(keys), operator, values, 0..20u8).prop_map(|(key, operator, mut values, odd)| {
        match operator {
            // Now and then the wrong number of values.
            _ if odd == 0 => {}
            Operator::Exists | Operator::DoesNotExist => values.clear(),
            Operator::Gt => values = vec!["3"],
            _ => {}
        }
        Requirement::new(key, operator, &values)
    })
}

fn selector(keys: &'static [&'static str]) -> impl Strategy<Value = Option<Selector>> {
    let requirements = prop::collection::vec(requirement(keys), 0..3);
    let requirements = requirements.prop_map(|mut requirements| {
        // Pod selectors that are understood, mostly.
        requirements.retain(|one| !matches!(one.operator, Operator::Gt) || one.values.len() > 1);
        Selector { requirements }
    });
    prop::option::weighted(0.95, requirements)
}

pub(crate) fn term() -> impl Strategy<Value = AffinityTerm> {
    let namespaces = prop::collection::vec(namespace(), 0..2);
    let by_label = prop::option::weighted(0.25, selector(&["team"]));
    (selector(&["app", "tier"]), namespaces, by_label, select(KEYS.to_vec())).prop_map(
        |(selector, namespaces, by_label, key)| AffinityTerm {
            selector,
            namespaces,
            namespace_selector: by_label.flatten(),
            topology_key: key.to_owned(),
        },
    )
}

fn spread() -> impl Strategy<Value = TopologySpread> {
    let key = select(KEYS.to_vec());
    let when = select(vec![
        WhenUnsatisfiable::DoNotSchedule,
        WhenUnsatisfiable::DoNotSchedule,
        WhenUnsatisfiable::DoNotSchedule,
        WhenUnsatisfiable::ScheduleAnyway,
    ]);
    let flags = (any::<bool>(), any::<bool>(), -1..4i32, 0..4i32);
    (key, when, selector(&["app", "tier"]), flags).prop_map(
        |(key, when_unsatisfiable, selector, (honor_affinity, honor_taints, max_skew, min))| {
            TopologySpread {
                max_skew,
                topology_key: key.to_owned(),
                when_unsatisfiable,
                selector,
                min_domains: min,
                honor_affinity,
                honor_taints,
            }
        },
    )
}

fn amounts(most: i64) -> impl Strategy<Value = Amounts> {
    let amount = move || prop::option::of(0..=most);
    let odd = prop::option::weighted(0.05, Just(i64::MAX));
    (amount(), amount(), amount(), odd).prop_map(|(cpu, memory, device, odd)| {
        let named = [("cpu", cpu), ("memory", odd.or(memory)), ("example.com/gpu", device)];
        let named = named.into_iter().filter_map(|(name, amount)| Some((name, amount?)));
        named.map(|(name, amount)| (name.to_owned(), Quantity::of_units(amount))).collect()
    })
}

fn taint() -> impl Strategy<Value = Taint> {
    let effect = select(vec!["NoSchedule", "NoExecute", "PreferNoSchedule"]);
    (select(vec!["t", "u"]), select(vec!["", "x"]), effect).prop_map(|(key, value, effect)| Taint {
        key: key.to_owned(),
        value: value.to_owned(),
        effect: effect.to_owned(),
    })
}

fn toleration() -> impl Strategy<Value = Toleration> {
    let key = select(vec!["t", "u", "", "node.kubernetes.io/unschedulable"]);
    let operator = select(vec![TolerationOperator::Equal, TolerationOperator::Exists]);
    (key, operator, select(vec!["", "x"])).prop_map(|(key, operator, value)| Toleration {
        key: key.to_owned(),
        operator,
        value: value.to_owned(),
        ..Toleration::default()
    })
}

pub(crate) fn node() -> impl Strategy<Value = Node> {
    let taints = prop::collection::vec(taint(), 0..2);
    let host = prop::option::weighted(0.9, prop::option::weighted(0.2, select(vec!["n0", "n1"])));
    let rest = (prop::bool::weighted(0.1), amounts(4), prop::option::weighted(0.9, 0..6i64), host);
    let places = prop::option::weighted(0.7, labels(&PLACES));
    (name("n", 6), (labels(&["zone", "rack"]), places), taints, rest).prop_map(
        |(name, (mut labels, places), taints, (unschedulable, mut allocatable, pods, host))| {
            labels.extend(places.into_iter().flatten());
            if let Some(host) = host {
                let host = host.map_or_else(|| name.clone(), str::to_owned);
                labels.insert("host".to_owned(), host);
            }
            let pods = pods.map(|pods| ("pods".to_owned(), Quantity::of_units(pods)));
            allocatable.extend(pods);
            Node { name, labels, taints, unschedulable, allocatable, ..Node::default() }
        },
    )
}

fn container() -> impl Strategy<Value = Container> {
    let port = (select(vec!["", "10.0.0.1"]), select(vec!["TCP", "UDP"]), 80..82);
    let port = port.prop_map(|(ip, protocol, port)| HostPort {
        ip: ip.to_owned(),
        protocol: protocol.to_owned(),
        port,
    });
    let ports = prop::collection::vec(port, 0..2);
    (amounts(2), ports, any::<bool>(), 0..3u8).prop_map(
        |(requests, mut ports, restartable, some)| {
            if some > 0 {
                ports.clear();
            }
            Container { requests, host_ports: ports, restartable, ..Container::default() }
        },
    )
}

pub(crate) fn node_rules() -> impl Strategy<Value = (Labels, Option<Vec<NodeTerm>>)> {
    let rule = prop::collection::vec(requirement(&["zone", "rack", "host"]), 0..3);
    let fields = prop::option::weighted(0.2, name("n", 6));
    let term = (rule, fields).prop_map(|(expressions, field)| {
        let fields = field.map(|name| Requirement::one_of("metadata.name", &[name.as_str()]));
        NodeTerm { expressions, fields: fields.into_iter().collect() }
    });
    let terms = prop::option::weighted(0.4, prop::collection::vec(term, 0..3));
    let selector = prop::option::weighted(0.2, labels(&["zone"]));
    (selector.prop_map(Option::unwrap_or_default), terms)
}

pub(crate) fn pod() -> impl Strategy<Value = Pod> {
    let rare = |most| prop::collection::vec(term(), 0..most);
    let terms = (rare(3), rare(3), prop::collection::vec(spread(), 0..3), 0..8u8);
    let volumes = prop::option::weighted(0.3, prop::collection::vec(pod_volume(), 1..3));
    let tolerations = prop::collection::vec(toleration(), 0..2);
    let containers = prop::collection::vec(container(), 1..3);
    let init = prop::option::weighted(0.2, container());
    let places =
        (prop::option::weighted(0.75, name("n", 6)), prop::option::weighted(0.3, name("n", 6)));
    let state = (0..12u8, 0..6u8, 0..3i32);
    (
        (name("p", 25), namespace(), labels(&["app", "tier"])),
        (node_rules(), terms, tolerations),
        (containers, init, volumes),
        (places, state),
    )
        .prop_map(|(meta, rules, parts, (places, state))| {
            let (name, namespace, labels) = meta;
            let (
                (node_selector, node_affinity),
                (affinity, anti_affinity, spread, kinds),
                tolerations,
            ) = rules;
            let (containers, init, volumes) = parts;
            let (finished, terminating, priority) = state;
            // Most pods ask for one thing.
            let keep = |bit: u8| kinds >> bit & 1 == 1;
            Pod {
                name,
                namespace,
                labels: labels.into(),
                node: places.0.map(Into::into),
                nominated_node: places.1.map(Into::into),
                finished: finished == 0,
                terminating: terminating == 0,
                volumes: volumes.unwrap_or_default(),
                spec: PodSpec {
                    priority,
                    node_selector,
                    node_affinity,
                    affinity: if keep(0) { affinity } else { Vec::new() },
                    anti_affinity: if keep(1) { anti_affinity } else { Vec::new() },
                    spread: if keep(2) { spread } else { Vec::new() },
                    tolerations,
                    containers,
                    init_containers: init.into_iter().collect(),
                    ..PodSpec::default()
                }
                .into(),
                ..Pod::default()
            }
        })
}

fn pod_volume() -> impl Strategy<Value = PodVolume> {
    prop_oneof![
        9 => name("claim", 3).prop_map(PodVolume::Claim),
        1 => name("claim", 3).prop_map(PodVolume::Ephemeral),
        1 => Just(PodVolume::Disk(Disk::Aws { volume: "disk".to_owned() })),
    ]
}

/// A volume with node affinity on few labels, and now and then on what is not looked up by label.
fn volume() -> impl Strategy<Value = Volume> {
    let term = prop::collection::vec(requirement(&KEYS), 0..3);
    let named = (term, prop::option::weighted(0.05, name("n", 6)));
    let term = named.prop_map(|(expressions, node)| {
        let fields = node.map(|node| NodeTerm::named(&node)).unwrap_or_default().fields;
        NodeTerm { fields, ..NodeTerm::of(expressions) }
    });
    let node_affinity = prop::option::of(prop::collection::vec(term, 0..3));
    (name("v", 4), labels(&PLACES), node_affinity).prop_map(|(name, labels, node_affinity)| {
        let source = VolumeSource::Csi { driver: "driver".to_owned(), handle: name.clone() };
        Volume { name, labels, node_affinity, source: Some(source), ..Volume::default() }
    })
}

fn csi_node() -> impl Strategy<Value = CsiNode> {
    let limit = prop::option::weighted(0.8, 0..4i64);
    limit.prop_map(|limit| CsiNode {
        limits: limit.map(|limit| ("driver".to_owned(), limit)).into_iter().collect(),
    })
}

fn claim() -> impl Strategy<Value = Claim> {
    let mode = select(vec!["ReadWriteOnce", "ReadWriteOnce", "ReadWriteOncePod"]);
    let input = (name("claim", 3), namespace(), mode, name("v", 4));
    input.prop_map(|(name, namespace, mode, volume)| Claim {
        name,
        namespace,
        access_modes: vec![mode.to_owned()],
        bound: true,
        volume,
        ..Claim::default()
    })
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => node().prop_map(Event::Node),
        2 => name("n", 6).prop_map(Event::NodeGone),
        16 => pod().prop_map(|pod| Event::Pod(Box::new(pod))),
        4 => (namespace(), name("p", 25)).prop_map(|(namespace, name)| Event::PodGone(namespace, name)),
        3 => (namespace(), labels(&["team"])).prop_map(|(name, labels)| Event::Namespace(name, labels)),
        1 => namespace().prop_map(Event::NamespaceGone),
        4 => claim().prop_map(Event::Claim),
        4 => volume().prop_map(|volume| Event::Volume(Box::new(volume))),
        1 => name("v", 4).prop_map(Event::VolumeGone),
        2 => (name("n", 6), csi_node()).prop_map(|(name, node)| Event::CsiNode(name, node)),
        1 => name("n", 6).prop_map(Event::CsiNodeGone),
        1 => (namespace(), name("claim", 3)).prop_map(|(namespace, name)| Event::ClaimGone(namespace, name)),
        1 => Just(Event::Sweep),
        1 => Just(Event::Forget),
    ]
}
