//! The objects as the engine reads them, and what the plain judge says of them.

use std::collections::BTreeMap;

use placecard_feasibility::filter::Code;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::{Objection, Semantics, judge};
use placecard_policies::snapshot::{Cluster, WrittenPod};
use serde_json::Value;

use crate::cluster::{Size, write_cluster};
use crate::verdicts::Counts;

/// The version whose verdicts `verdicts.rs` has.
pub fn semantics() -> Semantics {
    Semantics::of_minor(37)
}

/// Reads a pod.
///
/// # Errors
///
/// If it is none.
pub fn pod(object: &Value) -> serde_json::Result<Pod> {
    Ok(serde_json::from_str::<WrittenPod>(&object.to_string())?.read())
}

/// Makes and reads a whole cluster.
///
/// # Errors
///
/// None, unless the rules and the reader have come apart.
pub fn cluster(size: Size) -> serde_json::Result<Inventory> {
    let mut text = Vec::new();
    write_cluster(&mut text, size).map_err(serde_json::Error::io)?;
    Ok(serde_json::from_slice::<Cluster>(&text)?.read())
}

/// A plugin and its code, as the recorded counts spell them.
pub fn key(objection: &Objection) -> String {
    let plugins: String = objection.plugins.iter().map(|plugin| plugin.name()).collect();
    format!("{plugins}/{}", code(objection.rejection.code))
}

/// The letters of a code.
pub fn code(code: Code) -> &'static str {
    match code {
        Code::Unschedulable => "U",
        Code::UnschedulableAndUnresolvable => "UU",
        Code::Error => "Error",
    }
}

/// What the plain judge says of each node, in the order of their names; `None`: feasible.
pub fn judged(inventory: &Inventory, pod: &Pod) -> Vec<Option<String>> {
    let judgement = judge(inventory, pod, semantics());
    judgement.nodes.iter().map(|node| node.first.as_ref().map(key)).collect()
}

/// The counts of such words.
pub fn counted(words: &[Option<String>]) -> Counts {
    let mut rejected: BTreeMap<String, usize> = BTreeMap::new();
    for word in words.iter().flatten() {
        *rejected.entry(word.clone()).or_default() += 1;
    }
    let feasible = words.iter().filter(|word| word.is_none()).count();
    Counts { feasible, rejected: rejected.into_iter().collect() }
}
