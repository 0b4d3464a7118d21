//! An inventory as the objects of the API that it was read from, as far as random pods and clusters
//! have them.

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::{Pod, PodVolume, TopologySpread, WhenUnsatisfiable};
use placecard_feasibility::inventory::volume::{Claim, StorageClass, Volume};
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::requirement::Requirement;
use placecard_feasibility::selector::Selector;
use serde_json::{Value, json};

/// A case for the oracle and for `placecard feasible`.
pub(crate) fn case(id: &str, inventory: &Inventory, pod: &Pod) -> Value {
    let namespaces = inventory.namespaces.iter();
    json!({
        "id": id,
        "cluster": {
            "nodes": inventory.nodes.values().map(node).collect::<Vec<_>>(),
            "pods": inventory.pods.values().map(self::pod).collect::<Vec<_>>(),
            "namespaces": namespaces.map(|(name, labels)| json!({
                "metadata": {"name": name, "labels": labels},
            })).collect::<Vec<_>>(),
            "pvs": inventory.volumes.values().map(volume).collect::<Vec<_>>(),
            "pvcs": inventory.claims.values().map(claim).collect::<Vec<_>>(),
            "storageclasses": inventory.classes.values().map(class).collect::<Vec<_>>(),
        },
        "pod": self::pod(pod),
    })
}

fn node(node: &Node) -> Value {
    let allocatable = node.allocatable.iter();
    let allocatable: serde_json::Map<String, Value> = allocatable
        .map(|(name, amount)| (name.clone(), json!(amount.units().to_string())))
        .collect();
    json!({
        "metadata": {"name": node.name, "labels": node.labels},
        "status": {"allocatable": allocatable},
    })
}

fn requirements(requirements: &[Requirement]) -> Vec<Value> {
    let one = |one: &Requirement| json!({"key": one.key, "operator": one.operator.as_str(), "values": one.values});
    requirements.iter().map(one).collect()
}

fn node_terms(terms: &[NodeTerm]) -> Value {
    let term = |term: &NodeTerm| {
        json!({
            "matchExpressions": requirements(&term.expressions),
            "matchFields": requirements(&term.fields),
        })
    };
    json!({"nodeSelectorTerms": terms.iter().map(term).collect::<Vec<_>>()})
}

fn selector(selector: &Selector) -> Value {
    json!({"matchExpressions": requirements(&selector.requirements)})
}

fn terms(terms: &[AffinityTerm]) -> Value {
    let term = |term: &AffinityTerm| {
        json!({
            "labelSelector": term.selector.as_ref().map(selector),
            "namespaces": term.namespaces,
            "namespaceSelector": term.namespace_selector.as_ref().map(selector),
            "topologyKey": term.topology_key,
        })
    };
    json!({
        "requiredDuringSchedulingIgnoredDuringExecution": terms.iter().map(term).collect::<Vec<_>>(),
    })
}

fn spread(spread: &TopologySpread) -> Value {
    let hard = spread.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule;
    let policy = |honor: bool| if honor { "Honor" } else { "Ignore" };
    json!({
        "maxSkew": spread.max_skew,
        "topologyKey": spread.topology_key,
        "whenUnsatisfiable": if hard { "DoNotSchedule" } else { "ScheduleAnyway" },
        "labelSelector": spread.selector.as_ref().map(selector),
        "minDomains": hard.then_some(spread.min_domains),
        "nodeAffinityPolicy": policy(spread.honor_affinity),
        "nodeTaintsPolicy": policy(spread.honor_taints),
    })
}

fn pod(pod: &Pod) -> Value {
    let claims = pod.volumes.iter().enumerate().filter_map(|(index, volume)| match volume {
        PodVolume::Claim(name) => Some(json!({
            "name": format!("v{index}"), "persistentVolumeClaim": {"claimName": name},
        })),
        _ => None,
    });
    let nodes = pod
        .node_affinity
        .as_ref()
        .map(|terms| json!({"requiredDuringSchedulingIgnoredDuringExecution": node_terms(terms)}));
    let mut metadata = json!({"name": pod.name, "namespace": pod.namespace, "labels": *pod.labels});
    if pod.terminating {
        metadata["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        metadata["deletionGracePeriodSeconds"] = json!(30);
    }
    json!({
        "metadata": metadata,
        "spec": {
            "containers": [{"name": "c", "image": "i"}],
            "nodeName": pod.node.as_deref(),
            "nodeSelector": pod.node_selector,
            "affinity": {
                "nodeAffinity": nodes,
                "podAffinity": terms(&pod.affinity),
                "podAntiAffinity": terms(&pod.anti_affinity),
            },
            "topologySpreadConstraints": pod.spread.iter().map(spread).collect::<Vec<_>>(),
            "volumes": claims.collect::<Vec<_>>(),
        },
        "status": {"phase": "Running"},
    })
}

fn volume(volume: &Volume) -> Value {
    let reference = volume.claim.as_ref().map(|reference| {
        let (namespace, name) = &reference.claim;
        json!({"kind": "PersistentVolumeClaim", "namespace": namespace, "name": name})
    });
    let nodes = volume.node_affinity.as_ref().map(|terms| json!({"required": node_terms(terms)}));
    json!({
        "metadata": {"name": volume.name, "labels": volume.labels},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "10Gi"},
            "claimRef": reference,
            "csi": {"driver": "csi.example.com", "volumeHandle": volume.name},
            "nodeAffinity": nodes,
            "persistentVolumeReclaimPolicy": "Retain",
        },
        "status": {"phase": "Bound"},
    })
}

fn claim(claim: &Claim) -> Value {
    let mut metadata = json!({"name": claim.name, "namespace": claim.namespace});
    if claim.bound {
        metadata["annotations"] = json!({"pv.kubernetes.io/bind-completed": "yes"});
    }
    json!({
        "metadata": metadata,
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "5Gi"}},
            "storageClassName": claim.class,
            "volumeName": claim.volume,
        },
        "status": {"phase": if claim.bound { "Bound" } else { "Pending" }},
    })
}

fn class(class: &StorageClass) -> Value {
    let term = |term: &Vec<Requirement>| {
        let labels = term.iter().map(|one| json!({"key": one.key, "values": one.values}));
        json!({"matchLabelExpressions": labels.collect::<Vec<_>>()})
    };
    let topologies = class.allowed_topologies.iter();
    json!({
        "metadata": {"name": class.name},
        "provisioner": class.provisioner,
        "volumeBindingMode": "WaitForFirstConsumer",
        "reclaimPolicy": "Delete",
        "allowedTopologies": topologies.map(term).collect::<Vec<_>>(),
    })
}
