//! Small random clusters and pods whose rules often meet. Plain ones have zones, racks, taints,
//! requests and all rules about nodes and pods; rich ones also have what is rare: node selectors,
//! field selectors, empty terms, limits of 64 bits, namespace selectors, label keys, host ports,
//! terminating pods, cordoned nodes, hostnames that are missing or not unique, few pod slots.

use serde_json::{Value, json};

pub(crate) const ZONE: &str = "topology.kubernetes.io/zone";
pub(crate) const HOST: &str = "kubernetes.io/hostname";
pub(crate) const RACK: &str = "example.com/rack";
/// The field of the required terms.
pub(crate) const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// Random numbers (SplitMix64): the same seed, the same case on every machine.
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xD134_2543_DE82_EF95) ^ 0x5851_F42D_4C95_7F2D)
    }

    pub(crate) fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(sides.max(1)).expect("few")).expect("few")
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list.get(self.below(list.len())).expect("within").clone()
    }
}

/// A cluster and a pod to be placed, as objects of the API.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) cluster: Value,
    pub(crate) pod: Value,
    pub(crate) rich: bool,
}

impl World {
    /// The world of this number; every second one is rich.
    pub(crate) fn of(seed: u64) -> Self {
        let dice = &mut Dice::new(seed);
        let rich = seed % 2 == 1;
        let nodes: Vec<Value> = (0..=dice.below(6)).map(|at| node(dice, at, rich)).collect();
        let pods: Vec<Value> =
            (0..dice.below(8)).map(|at| running(dice, at, &nodes, rich)).collect();
        let namespaces = json!([
            {"metadata": {"name": "d", "labels": {}}},
            {"metadata": {"name": "e", "labels": {"team": "x"}}},
            {"metadata": {"name": "g", "labels": {"team": "y", "env": "q"}}},
        ]);
        let cluster = json!({"nodes": nodes, "pods": pods, "namespaces": namespaces});
        let pod = incoming(dice, rich);
        Self { cluster, pod, rich }
    }

    pub(crate) fn list(&mut self, name: &str) -> &mut Vec<Value> {
        self.cluster[name].as_array_mut().expect("a list")
    }
}

pub(crate) fn node(dice: &mut Dice, at: usize, rich: bool) -> Value {
    let mut labels = json!({"disk": dice.pick(&["ssd", "hdd"])});
    if dice.chance(85) {
        labels[ZONE] = json!(dice.pick(&["za", "zb", "zc"]));
    }
    if dice.chance(60) {
        let racks: &[&str] =
            if rich { &["1", "007", "03", "9223372036854775807", "no"] } else { &["1", "2"] };
        labels[RACK] = json!(dice.pick(racks));
    }
    if !rich || dice.chance(93) {
        let host = if rich && dice.chance(10) { 0 } else { at };
        labels[HOST] = json!(format!("h{host}"));
    }
    let mut spec = json!({});
    if dice.chance(25) {
        let effect = dice.pick(&["NoSchedule", "NoExecute", "PreferNoSchedule"]);
        spec["taints"] = json!([{"key": "dedicated", "value": "x", "effect": effect}]);
    }
    if rich && dice.chance(10) {
        spec["unschedulable"] = json!(true);
    }
    let slots = if rich && dice.chance(25) { dice.pick(&["1", "2", "3"]) } else { "110" };
    let allocatable = json!({"cpu": dice.pick(&["2", "4"]), "pods": slots,
        "example.com/gpu": dice.pick(&["0", "1", "2"]), "example.com/nic": "1"});
    json!({"metadata": {"name": format!("n{at}"), "labels": labels}, "spec": spec,
        "status": {"allocatable": allocatable}})
}

fn labels(dice: &mut Dice) -> Value {
    let mut labels = json!({"pod-template-hash": dice.pick(&["r1", "r2"])});
    if dice.chance(85) {
        labels["app"] = json!(dice.pick(&["app-a", "app-b", "app-c"]));
    }
    if dice.chance(40) {
        labels["tier"] = json!(dice.pick(&["front", "back"]));
    }
    labels
}

fn containers(dice: &mut Dice, rich: bool) -> Value {
    let mut amounts = json!({});
    let cpu = dice.pick(&["", "0", "1", "1", "2"]);
    if !cpu.is_empty() {
        amounts["cpu"] = json!(cpu);
    }
    if dice.chance(10) {
        amounts[dice.pick(&["example.com/gpu", "example.com/nic"])] = json!("1");
    }
    let mut container = json!({"name": "c", "image": "i",
        "resources": {"requests": amounts, "limits": amounts}});
    if rich && dice.chance(25) {
        let port = dice.pick(&[80, 81]);
        container["ports"] = json!([{"containerPort": port, "hostPort": port}]);
    }
    json!([container])
}

pub(crate) fn running(dice: &mut Dice, at: usize, nodes: &[Value], rich: bool) -> Value {
    let node = dice.pick(nodes)["metadata"]["name"].clone();
    let mut metadata = json!({"name": format!("e{at}"), "namespace": dice.pick(&["d", "d", "e", "g"]),
        "labels": labels(dice)});
    if rich && dice.chance(15) {
        metadata["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        metadata["deletionGracePeriodSeconds"] = json!(30);
    }
    let mut spec = json!({"nodeName": node, "containers": containers(dice, rich)});
    if dice.chance(25) {
        spec["affinity"]["podAntiAffinity"][REQUIRED] = json!([term(dice, rich)]);
    }
    json!({"metadata": metadata, "spec": spec, "status": {"phase": "Running"}})
}

pub(crate) fn key(dice: &mut Dice) -> &'static str {
    dice.pick(&[ZONE, ZONE, RACK, HOST])
}

fn selector(dice: &mut Dice) -> Value {
    let app = dice.pick(&["app-a", "app-b", "app-c"]);
    dice.pick(&[
        json!({"matchLabels": {"app": app}}),
        json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["app-a", app]}]}),
        json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": [app]}]}),
        json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]}),
        json!({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}, {"key": "app", "operator": "In", "values": ["app-b", app]}]}),
        json!({}),
    ])
}

/// A term about other pods.
pub(crate) fn term(dice: &mut Dice, rich: bool) -> Value {
    let mut term = json!({"topologyKey": key(dice), "labelSelector": selector(dice)});
    if !rich {
        return term;
    }
    match dice.below(12) {
        0 => term["matchLabelKeys"] = json!(["pod-template-hash"]),
        1 => term["mismatchLabelKeys"] = json!(["pod-template-hash"]),
        2 => term["namespaceSelector"] = json!({}),
        3 => term["namespaceSelector"] = json!({"matchLabels": {"team": "x"}}),
        4 => {
            let not = json!({"key": "team", "operator": "NotIn", "values": ["x"]});
            term["namespaceSelector"] = json!({"matchExpressions": [not]});
        }
        5 => term["namespaces"] = dice.pick(&[json!(["d"]), json!(["e", "g"])]),
        6 => {
            term.as_object_mut().expect("a term").remove("labelSelector");
        }
        _ => {}
    }
    term
}

/// A requirement on a node's labels.
pub(crate) fn expression(dice: &mut Dice, rich: bool) -> Value {
    let zone = dice.pick(&["za", "zb", "zc"]);
    let plain = [
        json!({"key": ZONE, "operator": "In", "values": ["za", zone]}),
        json!({"key": ZONE, "operator": "NotIn", "values": [zone]}),
        json!({"key": RACK, "operator": "Exists"}),
        json!({"key": RACK, "operator": "DoesNotExist"}),
        json!({"key": "disk", "operator": "In", "values": ["ssd"]}),
        json!({"key": HOST, "operator": "NotIn", "values": ["h0", "h1"]}),
    ];
    let numbers = ["0", "7", "-3", "9223372036854775807", "9223372036854775808", "1_0", "abc"];
    let compared = |dice: &mut Dice, operator| {
        let number = dice.pick(&numbers);
        json!({"key": RACK, "operator": operator, "values": [number.trim_start_matches('-')]})
    };
    match (rich, dice.below(10)) {
        (true, 0) => compared(dice, "Gt"),
        (true, 1) => compared(dice, "Lt"),
        _ => dice.pick(&plain),
    }
}

/// An alternative of the node affinity.
pub(crate) fn node_term(dice: &mut Dice, rich: bool) -> Value {
    if rich && dice.chance(10) {
        return json!({});
    }
    let list: Vec<Value> = (0..=dice.below(2)).map(|_| expression(dice, rich)).collect();
    let mut term = json!({"matchExpressions": list});
    if rich && dice.chance(10) {
        let operator = dice.pick(&["In", "NotIn"]);
        term["matchFields"] =
            json!([{"key": "metadata.name", "operator": operator, "values": ["n1"]}]);
    }
    term
}

/// One hard spread constraint for each of the keys.
pub(crate) fn spread(dice: &mut Dice, keys: &[&str], rich: bool) -> Value {
    let one = |key: &&str| {
        let mut one = json!({"topologyKey": key, "maxSkew": 1 + dice.below(2),
            "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector(dice)});
        if dice.chance(25) {
            one["minDomains"] = json!(1 + dice.below(3));
        }
        if dice.chance(40) {
            one["nodeAffinityPolicy"] = json!(dice.pick(&["Ignore", "Honor"]));
        }
        if dice.chance(40) {
            one["nodeTaintsPolicy"] = json!(dice.pick(&["Ignore", "Honor"]));
        }
        if rich && dice.chance(20) {
            one["matchLabelKeys"] = json!(["pod-template-hash"]);
        }
        one
    };
    Value::Array(keys.iter().map(one).collect())
}

fn incoming(dice: &mut Dice, rich: bool) -> Value {
    let mut spec = json!({"containers": containers(dice, rich)});
    if rich && dice.chance(20) {
        spec["nodeSelector"] = dice.pick(&[json!({"disk": "ssd"}), json!({ZONE: "za"}), json!({})]);
    }
    if dice.chance(40) {
        let terms: Vec<Value> = (0..=dice.below(2)).map(|_| node_term(dice, rich)).collect();
        spec["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"] = json!(terms);
    }
    for (kind, percent) in [("podAffinity", 35), ("podAntiAffinity", 35)] {
        if dice.chance(percent) {
            let terms: Vec<Value> = (0..=dice.below(2)).map(|_| term(dice, rich)).collect();
            spec["affinity"][kind][REQUIRED] = json!(terms);
        }
    }
    if dice.chance(45) {
        let mut keys: Vec<&str> = (0..=dice.below(2)).map(|_| key(dice)).collect();
        keys.sort_unstable();
        keys.dedup();
        spec["topologySpreadConstraints"] = spread(dice, &keys, rich);
    }
    if dice.chance(25) {
        spec["tolerations"] = json!([{"key": "dedicated", "operator": "Exists"}]);
    }
    let mut labels = labels(dice);
    labels["pod-template-hash"] = json!("r1");
    json!({"metadata": {"name": "p", "namespace": "d", "labels": labels}, "spec": spec})
}
