//! Which nodes have a host port taken.

use super::bits::Tally;
use super::strings::Strings;
use super::table::Map;
use crate::filter::node_ports::{EVERY_ADDRESS, address, protocol};
use crate::inventory::pod::HostPort;

/// A host port, its address and protocol as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Port {
    ip: u32,
    protocol: u32,
    port: i32,
}

impl Port {
    /// The port of a pod.
    pub(super) fn of(strings: &mut Strings, port: &HostPort) -> Self {
        let ip = strings.add(address(port));
        Self { ip, protocol: strings.add(protocol(port)), port: port.port }
    }

    /// The strings that it names.
    pub(super) fn strings(&self) -> [u32; 2] {
        [self.ip, self.protocol]
    }
}

/// The taken ports: by protocol and port, for each address, how often on which node.
#[derive(Clone, Debug, Default)]
pub(super) struct Ports(Map<(u32, i32), Vec<(u32, Tally)>>);

impl Ports {
    /// Counts a port on a node, or no longer.
    pub(super) fn count(&mut self, node: u32, port: Port, more: bool) {
        let key = (port.protocol, port.port);
        let taken = self.0.entry(key).or_default();
        let at = taken.iter().position(|(ip, _)| *ip == port.ip);
        let at = at.unwrap_or_else(|| {
            taken.push((port.ip, Tally::default()));
            taken.len() - 1
        });
        if let Some((_, nodes)) = taken.get_mut(at) {
            if more {
                nodes.add(node);
            } else {
                nodes.remove(node);
                if nodes.some.is_empty() {
                    taken.swap_remove(at);
                }
            }
        }
        if taken.is_empty() {
            self.0.remove(&key);
        }
    }

    /// Adds the nodes where the port is taken to a row of bits.
    pub(super) fn add_taken(&self, strings: &Strings, wanted: &HostPort, row: &mut [u64]) {
        let Some(protocol) = strings.get(protocol(wanted)) else {
            return;
        };
        let wanted_ip = address(wanted);
        for (ip, nodes) in self.0.get(&(protocol, wanted.port)).into_iter().flatten() {
            let ip = strings.text(*ip);
            if ip == wanted_ip || ip == EVERY_ADDRESS || wanted_ip == EVERY_ADDRESS {
                nodes.some.add_to(row);
            }
        }
    }
}
