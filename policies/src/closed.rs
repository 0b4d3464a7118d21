//! Proofs that rest on `inventory: closed`: what may be refused because no node will ever hold it.
//!
//! `claim` makes one while a template is judged, about the template as its author wrote it: what
//! a namespace adds to its pods may change. Where something else than a controller of Kubernetes
//! makes the pods, or adds tolerations to them, there is none. A claim says what holds on the nodes
//! as they were read; whoever refuses an object for it reads them again first ([`Again`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use placecard_feasibility::certificate::{Certificate, Refusal, verify_stock};
use placecard_feasibility::closed_inventory::prove;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::inventory::requests::{is_extended, requests};
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::tolerations::{Toleration, TolerationOperator};
use placecard_language::checked::Words;
use placecard_language::vocabulary::Inventory as Closeness;

use crate::node_templates::node_templates;
use crate::object::Object;
use crate::placed::Asked;
use crate::template_pod::pod_of;

/// The label of workloads that Kueue starts: it adds node selectors and tolerations then.
const QUEUE: &str = "kueue.x-k8s.io/queue-name";

/// That no node of a closed inventory will ever hold the pods of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The pod that it is about.
    pub pod: Pod,
    /// How the server's version reads it.
    pub semantics: Semantics,
    /// The proof, for which its checker has been asked.
    pub certificate: Certificate,
}

/// What became of the attempt to prove something of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It is proved, and the checker says so too.
    Proved(Box<Claim>),
    /// The checker refuses the proof: there is a mistake in one of the two, and nothing is proved.
    Disputed(Refusal),
}

/// Tries to prove that the inventory will never hold the pods of the template; `None`: there is no
/// proof. The fields that it is about are left open. `inventory` has the nodes and the templates.
pub(crate) fn claim(asked: &Asked<'_>, inventory: &Inventory) -> Option<Attempt> {
    let cluster = asked.cluster;
    if !cluster.closed || !is_as_written(asked) {
        return None;
    }
    let pod = pod_of(cluster, asked.object, asked.template, asked.spec).ok()?;
    let pod = if asked.object.is_pod() { pod } else { with_device_tolerations(pod) };
    let profile = cluster.profile_of(&pod)?;
    let semantics = cluster.semantics;
    let certificate = prove(inventory, &pod, semantics, &profile)?;
    Some(match verify_stock(&certificate, inventory, &pod, semantics) {
        Ok(()) => Attempt::Proved(Box::new(Claim { pod, semantics, certificate })),
        Err(refusal) => Attempt::Disputed(refusal),
    })
}

/// Will the pods be as the template says, and will there be any?
fn is_as_written(asked: &Asked<'_>) -> bool {
    let Object { kind, replicas, labels, parallel, .. } = asked.object;
    let written = asked.template.written.as_ref();
    // Its class may bring tolerations and overhead, when the pod is created.
    let class = written.and_then(|written| written.pointer("/spec/runtimeClassName"));
    let complete = asked.object.is_pod() || class.is_none_or(serde_json::Value::is_null);
    let queued = labels.contains_key(QUEUE) || parallel.suspended;
    let made = asked.object.is_pod() && asked.object.controller().is_some();
    kind.is_some() && *replicas != Some(0) && complete && !queued && !made
}

/// With the tolerations that the API server can add to pods that ask for extended resources
/// (admission plugin ExtendedResourceToleration).
fn with_device_tolerations(pod: Pod) -> Pod {
    let asked = requests(&pod, None);
    let devices = asked.into_keys().filter(|name| is_extended(name));
    let operator = TolerationOperator::Exists;
    let added: Vec<Toleration> = devices
        .map(|key| Toleration { key, operator: operator.clone(), ..Toleration::default() })
        .collect();
    pod.with(|spec| spec.tolerations.extend(added))
}

/// What claims rest on, read again.
#[derive(Clone, Debug, PartialEq)]
pub struct Again {
    inventory: Inventory,
    words: Arc<Words>,
    gives_tolerations: bool,
}

impl Again {
    /// All nodes, the vocabulary, and whether the namespace gives its pods tolerations that they do
    /// not ask for.
    #[must_use]
    pub fn of(nodes: BTreeMap<String, Node>, words: Arc<Words>, gives_tolerations: bool) -> Self {
        let templates = node_templates(&words);
        let inventory = Inventory { nodes, templates, ..Inventory::default() };
        Self { inventory, words, gives_tolerations }
    }

    /// Does the claim hold on this, to the very node? `words`: those that it was made with.
    #[must_use]
    pub fn confirms(&self, claim: &Claim, words: &Words) -> bool {
        let closed = words.inventory == Closeness::Closed && *self.words == *words;
        let Claim { pod, semantics, certificate } = claim;
        let verified = || verify_stock(certificate, &self.inventory, pod, *semantics).is_ok();
        closed && !self.gives_tolerations && verified()
    }
}
