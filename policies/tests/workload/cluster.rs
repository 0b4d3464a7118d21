//! The anchor workload: a cluster of any size, and one pod of each kind that arrives there.
//!
//! No random numbers: whoever follows the same rules gets the same objects. `tests/oracle` makes
//! them too, and the recorded file of a thousand nodes holds both to each other.

use std::io::{self, Write};

use serde_json::{Value, json};

/// How many applications the existing pods belong to.
pub const APPS: usize = 200;
/// How many namespaces there are; application `a` lives in `ns-{a % NAMESPACES}`.
pub const NAMESPACES: usize = 20;

const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";
const REGION: &str = "topology.kubernetes.io/region";
/// There because the API demands one; no node has it.
const IMAGE: &str = "registry.example.com/img:1";
/// The host port of application 11 and of the kind `everything`.
const PORT: u16 = 9100;

/// How large a cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size {
    /// Nodes.
    pub nodes: usize,
    /// Pods on each of them.
    pub pods: usize,
}

/// The sizes for which the scheduler's verdicts are known.
pub const SIZES: [Size; 6] = [
    Size { nodes: 100, pods: 10 },
    Size { nodes: 100, pods: 30 },
    Size { nodes: 1000, pods: 10 },
    Size { nodes: 1000, pods: 30 },
    Size { nodes: 5000, pods: 10 },
    Size { nodes: 5000, pods: 30 },
];

/// What an arriving pod asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Requests, nothing else.
    Plain,
    /// A node selector and two terms of required node affinity.
    NodeAffinity,
    /// Required anti-affinity to its own application, per host.
    AntiAffinity,
    /// A hard spread of its own application over zones.
    Spread,
    /// Required affinity to its own application, per zone.
    PodAffinity,
    /// All of these, a toleration and a host port.
    Everything,
}

impl Kind {
    /// All kinds, in the order of the tables.
    pub const ALL: [Self; 6] = [
        Self::Plain,
        Self::NodeAffinity,
        Self::AntiAffinity,
        Self::Spread,
        Self::PodAffinity,
        Self::Everything,
    ];

    /// The name that the recorded files and the oracle use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::NodeAffinity => "nodeaffinity",
            Self::AntiAffinity => "antiaffinity",
            Self::Spread => "spread",
            Self::PodAffinity => "podaffinity",
            Self::Everything => "everything",
        }
    }

    /// The application of the pod whose verdicts are recorded.
    fn recorded_app(self) -> usize {
        match self {
            Self::Plain | Self::NodeAffinity => 2,
            Self::AntiAffinity => 20,
            Self::Spread => 27,
            Self::PodAffinity => 24,
            Self::Everything => 40,
        }
    }
}

/// Node `i`.
pub fn node(i: usize) -> Value {
    let name = format!("node-{i:05}");
    let cpu = [16, 32, 64][(i / 3) % 3];
    let amounts = json!({
        "cpu": cpu.to_string(), "ephemeral-storage": "200Gi",
        "memory": format!("{}Gi", 4 * cpu), "pods": "110",
    });
    let spec = if i.is_multiple_of(20) {
        json!({ "taints": [{ "key": "dedicated", "value": "infra", "effect": "NoSchedule" }] })
    } else {
        json!({})
    };
    json!({
        "kind": "Node",
        "apiVersion": "v1",
        "metadata": {
            "uid": format!("uid-{name}"),
            "labels": {
                HOSTNAME: name,
                ZONE: format!("zone-{}", i % 3),
                REGION: "region-0",
                "kubernetes.io/arch": if i % 10 == 9 { "arm64" } else { "amd64" },
                "kubernetes.io/os": "linux",
                "disktype": if i % 4 < 2 { "ssd" } else { "hdd" },
                "node.kubernetes.io/instance-type": format!("type-{}", i % 5),
                "pool": format!("pool-{}", i % 8),
                "rack": format!("rack-{}", i / 40),
            },
            "name": name,
        },
        "spec": spec,
        "status": {
            "capacity": amounts.clone(),
            "allocatable": amounts,
            "daemonEndpoints": { "kubeletEndpoint": { "Port": 0 } },
            "nodeInfo": {
                "machineID": "", "systemUUID": "", "bootID": "", "kernelVersion": "",
                "osImage": "", "containerRuntimeVersion": "", "kubeletVersion": "",
                "kubeProxyVersion": "", "operatingSystem": "", "architecture": "",
            },
        },
    })
}

/// The existing pod `g`, on node `node`.
pub fn existing(node: usize, g: usize) -> Value {
    let a = g % APPS;
    let app = format!("app-{a}");
    let cpu = ["50m", "100m", "250m", "500m"][(g * 7) % 4];
    let memory = ["64Mi", "128Mi", "256Mi", "512Mi"][(g * 3) % 4];
    let tier = ["web", "api", "db", "cache"][a % 4];
    let mut container = json!({
        "name": "c",
        "image": IMAGE,
        "resources": { "requests": {
            "cpu": cpu, "memory": memory,
        }},
    });
    if a == 11 {
        container["ports"] = json!([{ "hostPort": PORT, "containerPort": PORT }]);
    }
    let mut spec = json!({ "containers": [container], "nodeName": format!("node-{node:05}") });
    match a % 10 {
        0 => spec["affinity"] = json!({ "podAntiAffinity": required(&app_term(&app, HOSTNAME)) }),
        3 => {
            let term = app_term(&format!("app-{}", (a + 1) % APPS), ZONE);
            let preferred = json!([{ "weight": 50, "podAffinityTerm": term }]);
            spec["affinity"] = json!({
                "podAffinity": { "preferredDuringSchedulingIgnoredDuringExecution": preferred },
            });
        }
        7 => spec["topologySpreadConstraints"] = json!([zone_spread(&app)]),
        _ => {}
    }
    let namespace = format!("ns-{}", a % NAMESPACES);
    let name = format!("pod-{g:06}");
    json!({
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "uid": format!("uid-{namespace}-{name}"),
            "name": name,
            "namespace": namespace,
            "labels": {
                "app": app,
                "tier": tier,
                "version": format!("v{}", g % 3),
                "pod-template-hash": format!("h{a}"),
            },
        },
        "spec": spec,
        "status": { "phase": "Running" },
    })
}

/// The namespaces.
pub fn namespaces() -> impl Iterator<Item = Value> {
    (0..NAMESPACES).map(|i| {
        json!({
            "kind": "Namespace", "apiVersion": "v1",
            "metadata": { "name": format!("ns-{i}") }, "spec": {}, "status": {},
        })
    })
}

/// The pods of a cluster, node by node.
pub fn pods(size: Size) -> impl Iterator<Item = Value> {
    (0..size.nodes * size.pods).map(move |g| existing(g / size.pods, g))
}

/// The arriving pod of a kind whose verdicts are recorded.
pub fn incoming(kind: Kind) -> Value {
    let a = kind.recorded_app();
    arrival(kind, "incoming", &format!("app-{a}"), &format!("ns-{}", a % NAMESPACES))
}

/// An arriving pod of a kind, which selects by its own application.
pub fn arrival(kind: Kind, name: &str, app: &str, namespace: &str) -> Value {
    let mut container = json!({
        "name": "c",
        "image": IMAGE,
        "resources": { "requests": { "cpu": "500m", "memory": "512Mi" } },
    });
    if kind == Kind::Everything {
        container["ports"] = json!([{ "hostPort": PORT, "containerPort": PORT }]);
    }
    let mut spec = json!({ "containers": [container] });
    match kind {
        Kind::Plain => {}
        Kind::NodeAffinity => {
            spec["nodeSelector"] = json!({ "kubernetes.io/os": "linux" });
            spec["affinity"] = json!({ "nodeAffinity": node_affinity() });
        }
        Kind::AntiAffinity => {
            spec["affinity"] = json!({ "podAntiAffinity": required(&app_term(app, HOSTNAME)) });
        }
        Kind::Spread => spec["topologySpreadConstraints"] = json!([zone_spread(app)]),
        Kind::PodAffinity => {
            spec["affinity"] = json!({ "podAffinity": required(&app_term(app, ZONE)) });
        }
        Kind::Everything => {
            spec["nodeSelector"] = json!({ "kubernetes.io/os": "linux" });
            spec["tolerations"] = json!([{
                "key": "dedicated", "operator": "Equal", "value": "infra", "effect": "NoSchedule",
            }]);
            spec["affinity"] = json!({
                "nodeAffinity": node_affinity(),
                "podAntiAffinity": required(&app_term(app, HOSTNAME)),
                "podAffinity": required(&app_term(app, REGION)),
            });
            spec["topologySpreadConstraints"] = json!([zone_spread(app)]);
        }
    }
    json!({
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": format!("uid-{namespace}-{name}"),
            "labels": {
                "app": app, "tier": "web", "version": "v1",
                "pod-template-hash": format!("h-{app}"),
            },
        },
        "spec": spec,
        "status": {},
    })
}

fn node_affinity() -> Value {
    required_nodes(&json!([
        { "matchExpressions": [
            { "key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"] },
            { "key": "disktype", "operator": "In", "values": ["ssd"] },
            {
                "key": "node.kubernetes.io/instance-type", "operator": "In",
                "values": ["type-0", "type-1", "type-2"],
            },
        ]},
        { "matchExpressions": [
            { "key": "pool", "operator": "NotIn", "values": ["pool-7"] },
            { "key": ZONE, "operator": "Exists" },
            { "key": "rack", "operator": "NotIn", "values": ["rack-0"] },
        ]},
    ]))
}

fn required_nodes(terms: &Value) -> Value {
    json!({ "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": terms } })
}

fn required(term: &Value) -> Value {
    json!({ "requiredDuringSchedulingIgnoredDuringExecution": [term] })
}

fn app_term(app: &str, topology_key: &str) -> Value {
    json!({ "labelSelector": { "matchLabels": { "app": app } }, "topologyKey": topology_key })
}

fn zone_spread(app: &str) -> Value {
    json!({
        "maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": { "matchLabels": { "app": app } },
    })
}

/// Writes a cluster in the form of the recorded files: `{"namespaces":[…],"nodes":[…],"pods":[…]}`.
///
/// # Errors
///
/// Those of the writer.
pub fn write_cluster(out: &mut impl Write, size: Size) -> io::Result<()> {
    out.write_all(b"{\"namespaces\":[")?;
    write_list(out, namespaces())?;
    out.write_all(b"],\"nodes\":[")?;
    write_list(out, (0..size.nodes).map(node))?;
    out.write_all(b"],\"pods\":[")?;
    write_list(out, pods(size))?;
    out.write_all(b"]}")
}

fn write_list(out: &mut impl Write, objects: impl Iterator<Item = Value>) -> io::Result<()> {
    for (index, object) in objects.enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        serde_json::to_writer(&mut *out, &object)?;
    }
    Ok(())
}
