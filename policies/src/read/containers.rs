//! What containers say that batches depend on: ports of the node, and when a pod is ready.
//!
//! Whatever is odd says nothing here: the API server refuses it in its own words.

use placecard_findings::FieldPath;
use serde_json::Value;

use super::WirePod;
use crate::object::{Containers, HostPort};

/// Reads the containers of a pod. Init containers count if they go on running beside the others
/// (`pkg/scheduler/framework/types.go`, `GetHostPorts`).
pub(super) fn of(pod: &WirePod) -> Containers {
    let mut found = Containers::default();
    let of_host = pod.host_network == Some(Value::Bool(true));
    let gates = pod.readiness_gates.as_ref().and_then(Value::as_array);
    found.tells_ready = gates.is_some_and(|gates| !gates.is_empty());
    for (field, written) in
        [("containers", &pod.containers), ("initContainers", &pod.init_containers)]
    {
        let list = written.as_ref().and_then(Value::as_array).into_iter().flatten();
        for (index, container) in list.enumerate() {
            let goes_on = container.get("restartPolicy").is_some_and(|policy| policy == "Always");
            if field == "initContainers" && !goes_on {
                continue;
            }
            found.tells_ready |= container.get("readinessProbe").is_some_and(Value::is_object);
            let path = FieldPath::of(&["spec", field]).index(index).key("ports");
            let ports = container.get("ports").and_then(Value::as_array).into_iter().flatten();
            for (index, port) in ports.enumerate() {
                found.host_ports.extend(host_port(port, &path.index(index), of_host));
            }
        }
    }
    found
}

/// A port of the node, if it is one. In the network of the host each port is
/// (`pkg/apis/core/v1/defaults.go`, `SetDefaults_PodSpec`).
fn host_port(written: &Value, path: &FieldPath, of_host: bool) -> Option<HostPort> {
    let number = |field: &str| {
        let number = written.get(field).and_then(Value::as_u64);
        number.and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0)
    };
    let (field, port) = match (number("hostPort"), of_host) {
        (Some(port), _) => ("hostPort", port),
        (None, true) => ("containerPort", number("containerPort")?),
        (None, false) => return None,
    };
    let text = |field: &str, default: &str| {
        let text = written.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.unwrap_or(default).to_owned()
    };
    let (ip, protocol) = (text("hostIP", "0.0.0.0"), text("protocol", "TCP"));
    Some(HostPort { ip, protocol, port, path: path.key(field) })
}
