use placecard_feasibility::inventory::requests::{Amounts, Resizing, Resources, requests};
use placecard_feasibility::label::NAMESPACE_NAME;
use placecard_feasibility::quantity::Quantity;
use serde_json::{Value, json};

use super::*;

fn pod(json: &Value) -> Pod {
    parse::<WrittenPod>(&json.to_string()).unwrap().read()
}

fn amounts(list: &[(&str, &str)]) -> Amounts {
    list.iter().map(|(name, text)| ((*name).to_owned(), Quantity::parse(text).unwrap())).collect()
}

#[test]
fn limits_become_requests() {
    let container = json!({"resources": {
        "limits": {"cpu": 1, "memory": "1Gi"},
        "requests": {"cpu": 0.5},
    }});
    let pod = pod(&json!({"spec": {"containers": [container]}}));
    assert_eq!(requests(&pod, None), amounts(&[("cpu", "500m"), ("memory", "1Gi")]));
}

#[test]
fn requests_of_the_pod_as_a_whole_are_filled_in_from_its_limits_and_containers() {
    let containers = json!([
        {"resources": {"requests": {"cpu": "100m"}, "limits": {"hugepages-2Mi": "4Mi"}}},
        {"resources": {"requests": {"cpu": "200m"}}},
    ]);
    let table = [
        // Requests alone; but the limit of huge pages that comes from the containers is a limit.
        (
            json!({"requests": {"memory": "1Gi"}}),
            amounts(&[("cpu", "300m"), ("memory", "1Gi"), ("hugepages-2Mi", "4Mi")]),
        ),
        // Limits alone: CPU from the containers, the rest from the limits.
        (
            json!({"limits": {"cpu": "2", "memory": "2Gi"}}),
            amounts(&[("cpu", "300m"), ("memory", "2Gi"), ("hugepages-2Mi", "4Mi")]),
        ),
        // What a pod cannot ask for as a whole is left to its containers.
        (
            json!({"limits": {"example.com/gpu": 1}}),
            amounts(&[("cpu", "300m"), ("hugepages-2Mi", "4Mi")]),
        ),
        (json!({}), Amounts::new()),
    ];
    for (resources, expected) in table {
        let pod = pod(&json!({"spec": {"containers": containers, "resources": resources}}));
        assert_eq!(pod.pod_level, expected, "{resources}");
    }
}

#[test]
fn init_containers_count_with_the_sidecars_before_them() {
    let init = |cpu: &str, policy: Option<&str>| json!({"resources": {"requests": {"cpu": cpu}}, "restartPolicy": policy});
    let table = [
        (vec![init("5", None)], "5"),
        (vec![init("500m", Some("Always")), init("5", None)], "5500m"),
        (vec![init("5", None), init("500m", Some("Always"))], "5"),
        (vec![init("1", Some("Always")), init("2", Some("Always"))], "4"),
    ];
    for (init_containers, expected) in table {
        let pod = pod(&json!({"spec": {
            "containers": [{"resources": {"requests": {"cpu": "1"}}}],
            "initContainers": init_containers,
        }}));
        assert_eq!(requests(&pod, None), amounts(&[("cpu", expected)]), "{init_containers:?}");
    }
}

#[test]
fn a_pod_that_is_resized_counts_the_largest_figure() {
    let resized = |reason: &str| {
        let status = |name: &str, allocated: &str, actuated: &str| {
            json!({
                "name": name,
                "allocatedResources": {"cpu": allocated},
                "resources": {"requests": {"cpu": actuated}},
            })
        };
        pod(&json!({
            "spec": {"containers": [
                {"name": "a", "resources": {"requests": {"cpu": "4"}}},
                {"name": "b", "resources": {"requests": {"cpu": "1"}}},
            ]},
            "status": {
                "conditions": [{"type": "PodResizePending", "reason": reason}],
                "containerStatuses": [status("a", "1", "2"), status("b", "2", "1")],
            },
        }))
    };
    let cpu = |pod: &Pod, how| Resources::of(&requests(pod, Some(how))).milli_cpu;
    let (pending, infeasible) = (resized("Deferred"), resized("Infeasible"));
    assert_eq!(cpu(&pending, Resizing::ByContainer), 6000);
    assert_eq!(cpu(&pending, Resizing::ByPod), 5000);
    assert_eq!(cpu(&infeasible, Resizing::ByContainer), 4000);
    assert_eq!(cpu(&infeasible, Resizing::ByPod), 3000);
}

#[test]
fn ports_on_the_network_of_the_host_are_ports_of_the_host() {
    let ports = |host_network: bool| {
        let ports = json!([{"containerPort": 80}, {"containerPort": 81, "hostPort": 8081}]);
        let spec = json!({"hostNetwork": host_network, "containers": [{"ports": ports}]});
        let containers = pod(&json!({"spec": spec})).containers.clone();
        let all = containers.into_iter().flat_map(|container| container.host_ports);
        all.map(|port| port.port).collect::<Vec<_>>()
    };
    assert_eq!(ports(false), [8081]);
    assert_eq!(ports(true), [80, 8081]);
}

#[test]
fn lists_as_kubectl_prints_them_are_read() {
    let list = json!({"kind": "List", "apiVersion": "v1", "items": [
        {"kind": "Node", "metadata": {"name": "n"}, "status": {"capacity": {"pods": "3"}}},
        {"kind": "Pod", "metadata": {"name": "p", "namespace": "a"}, "spec": {"nodeName": "n"}},
        {"kind": "Namespace", "metadata": {"name": "a", "labels": null}},
        {"kind": "ConfigMap", "metadata": {"name": "s"}, "spec": 7},
        {"kind": "CSINode", "metadata": {"name": "n"}, "spec": {"drivers": null}},
    ]});
    let mut inventory = Inventory::default();
    add(&mut inventory, &list.to_string()).unwrap();
    assert_eq!(inventory.nodes["n"].allocatable, amounts(&[("pods", "3")]));
    assert!(inventory.pods.contains_key(&("a".to_owned(), "p".to_owned())));
    assert_eq!(inventory.namespaces["a"][NAMESPACE_NAME], "a");
    assert_eq!(inventory.csi_nodes.len(), 1);
}

#[test]
fn what_cannot_be_read_is_pointed_at() {
    let cpu = json!({"kind": "Pod", "spec": {"containers": [
        {"resources": {"requests": {"cpu": "1 core"}}},
    ]}});
    let table = [
        (cpu.clone(), "spec.containers[0].resources.requests.cpu", "\"1 core\" is not a quantity"),
        (json!({"items": [cpu]}), "items[0].spec.containers[0].resources.requests.cpu", "quantity"),
        (json!({"kind": "Node", "metadata": {"labels": {"a": 1}}}), "metadata.labels.a", "string"),
    ];
    for (object, path, message) in table {
        let found = add(&mut Inventory::default(), &object.to_string()).unwrap_err();
        assert_eq!(found.path, path);
        assert!(found.message.contains(message), "{found:?}");
    }
    for broken in ["", "{", "{} {}", "nul"] {
        assert!(add(&mut Inventory::default(), broken).is_err(), "{broken:?}");
    }
}

#[test]
fn the_controller_the_scheduler_and_the_gates_of_a_pod_are_read() {
    let owners = json!([
        {"kind": "Backup", "name": "nightly"},
        {"kind": "StatefulSet", "name": "ledger", "controller": true},
    ]);
    let pod = pod(&json!({
        "metadata": {"name": "ledger-0", "ownerReferences": owners},
        "spec": {"schedulerName": "volcano", "schedulingGates": [{"name": "example.com/wait"}]},
    }));
    let owner = pod.owner.clone().unwrap();
    assert_eq!((owner.kind.as_str(), owner.name.as_str()), ("StatefulSet", "ledger"));
    assert_eq!(
        (pod.scheduler.as_str(), pod.gates.as_slice()),
        ("volcano", &["example.com/wait".to_owned()][..])
    );
}
