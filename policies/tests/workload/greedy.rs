//! Pods that arrive one after another: Deployments of fifty replicas.

use serde_json::Value;

use crate::cluster::{Kind, NAMESPACES, arrival};

/// Arrival `j` of the mix: half of the Deployments are plain, the other kinds take turns.
pub fn mixed(j: usize) -> Value {
    const MIX: [Kind; 10] = [
        Kind::Plain,
        Kind::Plain,
        Kind::Plain,
        Kind::Plain,
        Kind::Plain,
        Kind::NodeAffinity,
        Kind::AntiAffinity,
        Kind::Spread,
        Kind::PodAffinity,
        Kind::Everything,
    ];
    let g = j / 50;
    let kind = MIX[g % MIX.len()];
    let app = format!("g-{}-{g}", kind.name());
    arrival(kind, &format!("new-{j:05}"), &app, &format!("ns-{}", g % NAMESPACES))
}
