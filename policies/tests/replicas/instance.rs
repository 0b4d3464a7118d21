//! A random workload that keeps its replicas apart in some way, and a random small cluster.

use serde_json::{Value, json};

/// Zones, racks and the like.
pub(crate) const ZONE: &str = "topology.kubernetes.io/zone";
pub(crate) const HOST: &str = "kubernetes.io/hostname";
const RACK: &str = "example.com/rack";

/// Random numbers (SplitMix64): the same seed, the same instance on every machine.
pub(crate) struct Dice(u64);

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        // Mixed, so that the sequences of neighbours do not overlap.
        Self(mix(seed ^ 0x5851_F42D_4C95_7F2D))
    }

    pub(crate) fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        usize::try_from(mix(self.0) % u64::try_from(sides).expect("few")).expect("few")
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list.get(self.below(list.len())).expect("within").clone()
    }
}

/// A workload and a cluster.
pub(crate) struct Instance {
    /// A Deployment.
    pub(crate) deployment: Value,
    /// `nodes`, `pods`, `namespaces`, `pvs` and `pvcs` of a case.
    pub(crate) cluster: Value,
    /// Pods of two revisions are placed, not of one.
    pub(crate) mixed: bool,
}

/// The instance of this number.
pub(crate) fn instance(seed: u64) -> Instance {
    let mut dice = Dice::new(seed);
    let claim = dice.chance(10);
    let mut nodes: Vec<Value> = Vec::new();
    for index in 0..=dice.below(5) {
        nodes.push(node(&mut dice, index));
    }
    let pods: Vec<Value> =
        (0..dice.below(4)).map(|index| other_pod(&mut dice, index, &nodes)).collect();
    let team = dice.pick(&["red", "blue"]);
    let namespaces = json!([
        {"metadata": {"name": "shop", "labels": {"team": team}}},
        {"metadata": {"name": "other", "labels": {"team": "red"}}},
    ]);
    let mut cluster = json!({"nodes": nodes, "pods": pods, "namespaces": namespaces});
    if claim {
        cluster["pvs"] = json!([{"metadata": {"name": "pv"}, "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOncePod"],
            "claimRef": {"kind": "PersistentVolumeClaim", "namespace": "shop", "name": "data"},
            "csi": {"driver": "d.example.com", "volumeHandle": "h"}}}]);
        cluster["pvcs"] = json!([{"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": "shop",
                "annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
            "spec": {"accessModes": ["ReadWriteOncePod"], "volumeName": "pv",
                "storageClassName": "", "resources": {"requests": {"storage": "1Gi"}}},
            "status": {"phase": "Bound"}}]);
    }
    let deployment = deployment(&mut dice, claim);
    Instance { deployment, cluster, mixed: dice.chance(40) }
}

fn node(dice: &mut Dice, index: usize) -> Value {
    let mut labels = json!({"disk": dice.pick(&["ssd", "hdd"])});
    if dice.chance(90) {
        labels[ZONE] = json!(dice.pick(&["a", "b", "c"]));
    }
    if dice.chance(70) {
        labels[RACK] = json!(dice.pick(&["1", "02", "9"]));
    }
    if dice.chance(95) {
        // Two nodes with one host name now and then.
        let name = if dice.chance(10) { 0 } else { index };
        labels[HOST] = json!(format!("n{name}"));
    }
    let mut spec = json!({});
    if dice.chance(15) {
        spec["taints"] = json!([{"key": "dedicated", "value": "x", "effect": "NoSchedule"}]);
    }
    json!({"metadata": {"name": format!("n{index}"), "labels": labels}, "spec": spec,
        "status": {"allocatable": {"cpu": "64", "memory": "64Gi", "pods": "110"}}})
}

/// A pod that is no replica, though it may look like one.
fn other_pod(dice: &mut Dice, index: usize, nodes: &[Value]) -> Value {
    let node = dice.pick(nodes)["metadata"]["name"].clone();
    let mut spec = json!({"nodeName": node, "containers": [{"name": "c", "image": "i"}]});
    if dice.chance(30) {
        spec["affinity"] =
            anti(vec![json!({"topologyKey": key(dice), "labelSelector": selector(dice)})]);
    }
    let mut metadata = json!({"name": format!("other-{index}"),
        "namespace": dice.pick(&["shop", "other"]),
        "labels": {"app": dice.pick(&["web", "db"]), "tier": dice.pick(&["front", "back"])}});
    if dice.chance(15) {
        metadata["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        metadata["deletionGracePeriodSeconds"] = json!(30);
    }
    json!({"metadata": metadata, "spec": spec})
}

fn key(dice: &mut Dice) -> &'static str {
    dice.pick(&[ZONE, ZONE, RACK, HOST])
}

fn selector(dice: &mut Dice) -> Value {
    dice.pick(&[
        json!({"matchLabels": {"app": "web"}}),
        json!({"matchLabels": {"app": "web"}}),
        json!({}),
        json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]}),
        json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["back"]}]}),
        json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["db", "web"]}]}),
        json!({"matchLabels": {"app": "db"}}),
    ])
}

fn anti(terms: Vec<Value>) -> Value {
    json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}})
}

fn deployment(dice: &mut Dice, claim: bool) -> Value {
    let mut spec = json!({"containers": [{"name": "c", "image": "i"}]});
    let mut affinity = json!({});
    if dice.chance(70) {
        let terms: Vec<Value> = (0..=dice.below(2)).map(|_| term(dice)).collect();
        affinity = anti(terms);
    }
    if dice.chance(15) {
        let term = json!({"topologyKey": key(dice), "labelSelector": selector(dice)});
        affinity["podAffinity"] = json!({"requiredDuringSchedulingIgnoredDuringExecution": [term]});
    }
    if dice.chance(60) {
        affinity["nodeAffinity"] = node_affinity(dice);
    }
    if dice.chance(50) {
        spec["nodeSelector"] = dice.pick(&[
            json!({"disk": "ssd"}),
            json!({ZONE: "a"}),
            json!({RACK: "02"}),
            json!({HOST: "n0"}),
        ]);
    }
    if dice.chance(50) {
        spec["topologySpreadConstraints"] = spread(dice);
    }
    if dice.chance(20) {
        spec["tolerations"] = json!([{"key": "dedicated", "operator": "Exists"}]);
    }
    if claim {
        spec["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
    }
    spec["affinity"] = affinity;
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web", "tier": "front"}}, "spec": spec}}})
}

fn term(dice: &mut Dice) -> Value {
    let mut term = json!({"topologyKey": key(dice), "labelSelector": selector(dice)});
    match dice.below(10) {
        0 => term["matchLabelKeys"] = json!(["pod-template-hash"]),
        1 => term["mismatchLabelKeys"] = json!(["pod-template-hash"]),
        2 => term["matchLabelKeys"] = json!(["absent"]),
        3 => term["namespaceSelector"] = json!({}),
        4 => term["namespaceSelector"] = json!({"matchLabels": {"team": "red"}}),
        5 => {
            let not = json!({"key": "team", "operator": "NotIn", "values": ["red"]});
            term["namespaceSelector"] = json!({"matchExpressions": [not]});
        }
        6 => term["namespaces"] = dice.pick(&[json!(["shop"]), json!(["other"])]),
        _ => {}
    }
    term
}

fn node_affinity(dice: &mut Dice) -> Value {
    let expressions = [
        json!({"key": ZONE, "operator": "In", "values": ["a", "b"]}),
        json!({"key": ZONE, "operator": "In", "values": ["c"]}),
        json!({"key": ZONE, "operator": "NotIn", "values": ["b"]}),
        json!({"key": RACK, "operator": "In", "values": ["1", "02"]}),
        json!({"key": RACK, "operator": "Lt", "values": ["5"]}),
        json!({"key": RACK, "operator": "Gt", "values": ["many"]}),
        json!({"key": HOST, "operator": "In", "values": ["n0", "n1"]}),
        json!({"key": "disk", "operator": "In", "values": ["ssd"]}),
        json!({"key": ZONE, "operator": "Exists"}),
    ];
    let terms: Vec<Value> = (0..=dice.below(2))
        .map(|_| {
            let list: Vec<Value> = (0..=dice.below(2)).map(|_| dice.pick(&expressions)).collect();
            json!({"matchExpressions": list})
        })
        .collect();
    json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}})
}

fn spread(dice: &mut Dice) -> Value {
    let mut keys = vec![key(dice)];
    if dice.chance(25) {
        keys.push(key(dice));
    }
    keys.sort_unstable();
    keys.dedup();
    let constraint = |key| {
        let min_domains = dice.pick(&[json!(1), json!(2), json!(3), json!(4), json!(i32::MAX)]);
        let mut one = json!({"topologyKey": key, "maxSkew": 1 + dice.below(2),
            "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector(dice),
            "minDomains": min_domains});
        if dice.chance(25) {
            one["nodeAffinityPolicy"] = json!("Ignore");
        }
        if dice.chance(30) {
            one["nodeTaintsPolicy"] = json!("Honor");
        }
        if dice.chance(25) {
            one["matchLabelKeys"] = json!(["pod-template-hash"]);
        }
        one
    };
    Value::Array(keys.into_iter().map(constraint).collect())
}
