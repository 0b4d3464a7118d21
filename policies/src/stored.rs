//! The next pod of a template as the API server would store it, and what its namespace refuses.
//!
//! Semantics: the admission plugins Priority, LimitRanger and ResourceQuota, as
//! [`placecard_feasibility::relax::admit_beside`] reads them. How many pods come, and which of
//! those that run make room for them, follows the controllers (`pkg/controller/deployment`: an
//! update that may miss no pod adds one before it takes one away).

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::NamespacedName;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::limit_range::{LimitKind, LimitRange};
use placecard_feasibility::inventory::pod::{Container, Pod};
use placecard_feasibility::inventory::priority::Prioritised;
use placecard_feasibility::inventory::quota::ResourceQuota;
use placecard_feasibility::limit_range::OutOfRange;
use placecard_feasibility::quantity::Quantity;
use placecard_feasibility::quota::{Beside, Exceeded, OverQuota, refuse_beside};
use placecard_feasibility::relax::{Admission, admit_beside};

use serde_json::Value;

use crate::bounds::update;
use crate::cluster::Cluster;
use crate::object::{Object, PodSpec, Template};
use crate::snapshot::add;
use crate::template_pod::{Unjudged, holder, pod_of};
use crate::why::groups::Holder;

/// A new pod, completed, and what is in its way before any scheduler sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The pod as it would be stored: with its priority, and with the defaults of limit ranges.
    pub pod: Pod,
    /// It is still to be created.
    pub new: bool,
    /// How many such pods are asked for.
    pub asked: u32,
    /// What limit ranges ask for in its stead.
    pub filled: Vec<Filled>,
    /// Its priority class, if that is why it would be refused.
    pub priority: Option<Prioritised>,
    /// What limit ranges refuse.
    pub out_of_range: Vec<OutOfRange>,
    /// What quotas refuse when the pods that are replaced have gone.
    pub over_quota: Vec<OverQuota>,
    /// What quotas refuse while they still run, where an update takes none of them away before a
    /// new one runs: it cannot begin.
    pub stuck: Vec<Exceeded>,
}

/// A request that a limit range makes in a container's stead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// The limit range.
    pub range: NamespacedName,
    /// The container's name.
    pub container: String,
    /// The resource.
    pub resource: String,
    /// How much.
    pub amount: Quantity,
}

impl Stored {
    /// A pod of the cluster: it has been let in.
    #[must_use]
    pub fn of_cluster(pod: Pod) -> Self {
        Self {
            pod,
            new: false,
            asked: 1,
            filled: Vec::new(),
            priority: None,
            out_of_range: Vec::new(),
            over_quota: Vec::new(),
            stuck: Vec::new(),
        }
    }

    /// Is the next pod refused, and not only one of those after it?
    #[must_use]
    pub fn is_refused(&self) -> bool {
        let no_room = |refusal: &OverQuota| match refusal {
            OverQuota::Exceeded(exceeded) => exceeded.room_for == 0,
            OverQuota::Unspecified { .. } => true,
        };
        self.priority.is_some()
            || !self.out_of_range.is_empty()
            || !self.stuck.is_empty()
            || self.over_quota.iter().any(no_room)
    }

    /// What quotas refuse: of all the pods that are asked for or, if these have room, of the first
    /// one of an update.
    pub fn exceeded(&self) -> impl Iterator<Item = &Exceeded> {
        let of_all = self.over_quota.iter().filter_map(|refusal| match refusal {
            OverQuota::Exceeded(exceeded) => Some(exceeded),
            OverQuota::Unspecified { .. } => None,
        });
        of_all.chain(&self.stuck)
    }
}

/// Counts a quota, limit range or priority class among the manifests into the cluster: it will be
/// there when their pods come. A quota keeps what is used of it; `namespace` stands for an absent
/// one. Other objects change nothing.
pub fn add_manifest(inventory: &mut Inventory, object: &Value, namespace: Option<&str>) {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    let mut read = Inventory::default();
    let counts = matches!(kind, "ResourceQuota" | "LimitRange" | "PriorityClass");
    if !counts || add(&mut read, &object.to_string()).is_err() {
        return;
    }
    inventory.priority_classes.extend(read.priority_classes);
    let place = |written: String| match namespace {
        Some(namespace) if written.is_empty() => namespace.to_owned(),
        _ => written,
    };
    for ((written, name), range) in read.limit_ranges {
        let namespace = place(written);
        let range = LimitRange { namespace: namespace.clone(), ..range };
        inventory.limit_ranges.insert((namespace, name), range);
    }
    for ((written, name), quota) in read.quotas {
        let namespace = place(written);
        let key = (namespace.clone(), name);
        let used = inventory.quotas.get(&key).and_then(|known| known.used.clone());
        let used = used.or(quota.used);
        inventory.quotas.insert(key, ResourceQuota { namespace, used, ..quota });
    }
}

/// The next pod of the template, as it would be stored.
///
/// # Errors
///
/// Why it is not to be judged.
pub fn next_pod(
    cluster: &Cluster,
    object: &Object,
    template: &Template,
    spec: &PodSpec,
) -> Result<Stored, Unjudged> {
    let pod = pod_of(cluster, object, template, spec)?;
    Ok(store(&cluster.inventory, object, &pod))
}

fn store(inventory: &Inventory, object: &Object, pod: &Pod) -> Stored {
    let own = Own::of(inventory, object, pod);
    let running = own.running(inventory, &pod.namespace);
    let asked = asked(object, running.pods);
    let is_own = |other: &Pod| own.has(other);
    let beside = if own == Own::Unknown { Beside::Nothing } else { Beside::AllBut(&is_own) };
    let Admission { pod: stored, priority, out_of_range, over_quota } =
        admit_beside(inventory, pod, asked, beside);
    let mut stuck = Vec::new();
    let has_room = !over_quota.iter().any(|refusal| matches!(refusal, OverQuota::Exceeded(_)));
    // Only where the update finds as many pods as it has to keep: with fewer or more of them it is
    // another question which of them go first.
    let is_complete = asked == running.pods && !running.leaving;
    let waits = update(object, u64::from(asked)).is_some_and(|update| update.unavailable == 0);
    if has_room && is_complete && waits && own != Own::Unknown {
        let refused = refuse_beside(&stored, 1, inventory, Beside::Everything);
        stuck.extend(refused.into_iter().filter_map(|refusal| match refusal {
            OverQuota::Exceeded(exceeded) => Some(exceeded),
            OverQuota::Unspecified { .. } => None,
        }));
    }
    let filled = filled(inventory, pod, &stored);
    Stored { pod: stored, new: true, asked, filled, priority, out_of_range, over_quota, stuck }
}

/// The pods that make room for those of the template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Own {
    /// The pod of this name.
    Itself(NamespacedName),
    /// Those of a controller.
    Of(Holder),
    /// They cannot be told from others.
    Unknown,
}

/// What runs of a workload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Running {
    pods: u32,
    /// One of them is being deleted.
    leaving: bool,
}

impl Own {
    fn of(inventory: &Inventory, object: &Object, pod: &Pod) -> Self {
        // What a controller owns that is owned itself goes by another name.
        if inventory.is_unknown(Kind::Pod) || object.controller().is_some() {
            return Self::Unknown;
        }
        match object.kind.map(|kind| kind.kind) {
            Some("Pod") => Self::Itself((pod.namespace.clone(), pod.name.clone())),
            Some("Deployment" | "ReplicaSet" | "StatefulSet" | "Job" | "ReplicationController") => {
                Self::Of(holder(object))
            }
            _ => Self::Unknown,
        }
    }

    fn has(&self, pod: &Pod) -> bool {
        match self {
            Self::Itself((namespace, name)) => *namespace == pod.namespace && *name == pod.name,
            Self::Of(holder) => holder.holds(pod),
            Self::Unknown => false,
        }
    }

    fn running(&self, inventory: &Inventory, namespace: &str) -> Running {
        let pods = inventory.pods.of_namespace(namespace);
        let mut running = Running::default();
        for pod in pods.filter(|pod| !pod.finished && self.has(pod)) {
            running.pods = running.pods.saturating_add(1);
            running.leaving |= pod.terminating;
        }
        running
    }
}

/// How many pods are asked for; where nothing is written, as many as run.
fn asked(object: &Object, running: u32) -> u32 {
    let count = |written: i64| u32::try_from(written.max(0)).unwrap_or(u32::MAX);
    match object.kind.map(|kind| kind.kind) {
        Some("Deployment" | "ReplicaSet" | "StatefulSet" | "ReplicationController") => {
            object.replicas.map_or(running.max(1), count)
        }
        Some("Job" | "CronJob") => {
            let parallel = count(object.parallel.parallelism.unwrap_or(1));
            object.parallel.completions.map_or(parallel, |all| count(all).min(parallel))
        }
        _ => 1,
    }
}

/// What the limit ranges of the namespace ask for where a container asks for nothing.
fn filled(inventory: &Inventory, written: &Pod, stored: &Pod) -> Vec<Filled> {
    fn containers(pod: &Pod) -> impl Iterator<Item = &Container> {
        pod.init_containers.iter().chain(&pod.containers)
    }
    let mut found = Vec::new();
    for (before, after) in containers(written).zip(containers(stored)) {
        let new = |(resource, _): &(&String, &Quantity)| !before.requests.contains_key(*resource);
        for (resource, amount) in after.requests.iter().filter(new) {
            let gives = |range: &&LimitRange| {
                range.namespace == stored.namespace
                    && range.items.iter().any(|item| {
                        item.kind == LimitKind::Container
                            && item.default_request.contains_key(resource)
                    })
            };
            let range = inventory.limit_ranges.values().find(gives);
            found.extend(range.map(|range| Filled {
                range: (range.namespace.clone(), range.name.clone()),
                container: after.name.clone(),
                resource: resource.clone(),
                amount: *amount,
            }));
        }
    }
    found
}

#[cfg(test)]
mod tests;
