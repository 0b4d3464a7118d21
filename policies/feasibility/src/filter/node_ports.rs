//! Host ports: two pods of a node cannot have the same one.
//!
//! Semantics: `pkg/scheduler/framework/plugins/nodeports`, `HostPortInfo`.

use crate::filter::cycle::Host;
use crate::filter::reason::Reason;
use crate::filter::{Rejection, Stage, Verdict};
use crate::inventory::pod::{HostPort, Pod, PodSpec};

/// The address that stands for all of them.
pub(crate) const EVERY_ADDRESS: &str = "0.0.0.0";

/// Collects the ports of the pod.
#[must_use]
pub fn pre_filter(pod: &Pod) -> Stage<Vec<&HostPort>> {
    let wanted: Vec<&HostPort> = host_ports(pod).collect();
    if wanted.is_empty() { Stage::Skip } else { Stage::Ready(wanted) }
}

/// The ports of the containers that run as long as the pod.
pub(crate) fn host_ports(pod: &PodSpec) -> impl Iterator<Item = &HostPort> {
    let sidecars = pod.init_containers.iter().filter(|container| container.restartable);
    sidecars.chain(&pod.containers).flat_map(|container| &container.host_ports)
}

/// Judges one node.
///
/// # Errors
///
/// The rejection.
pub fn filter(wanted: &[&HostPort], host: &Host<'_>) -> Verdict {
    let taken = |port: &&HostPort| host.ports.iter().any(|used| conflict(port, used));
    if wanted.iter().any(taken) {
        return Err(Rejection::unschedulable(Reason::HostPorts));
    }
    Ok(())
}

/// Are both the same entry in what a node has taken?
pub(crate) fn is_same_port(one: &HostPort, other: &HostPort) -> bool {
    one.port == other.port && protocol(one) == protocol(other) && address(one) == address(other)
}

/// The pods of the host that have a port which the pod wants, each with that port of the pod.
pub fn takers<'h>(
    pod: &'h Pod,
    host: &'h Host<'_>,
) -> impl Iterator<Item = (&'h HostPort, &'h Pod)> {
    host_ports(pod).flat_map(move |port| {
        let takes = move |other: &&&Pod| host_ports(other).any(|used| conflict(port, used));
        host.pods.iter().filter(takes).map(move |other| (port, *other))
    })
}

fn conflict(wanted: &HostPort, used: &HostPort) -> bool {
    let (wanted_ip, used_ip) = (address(wanted), address(used));
    wanted.port == used.port
        && protocol(wanted) == protocol(used)
        && (wanted_ip == EVERY_ADDRESS || used_ip == EVERY_ADDRESS || wanted_ip == used_ip)
}

/// The address that is meant.
pub(crate) fn address(port: &HostPort) -> &str {
    if port.ip.is_empty() { EVERY_ADDRESS } else { &port.ip }
}

/// The protocol that is meant.
pub(crate) fn protocol(port: &HostPort) -> &str {
    if port.protocol.is_empty() { "TCP" } else { &port.protocol }
}
