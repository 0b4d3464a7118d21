//! How many of the pods of a template the nodes of a cluster can take at once.
//!
//! The bounds come from [`placecard_feasibility::room`]; what is proved without a cluster is told
//! elsewhere, and not again.

use std::borrow::Cow;
use std::collections::BTreeMap;

use placecard_feasibility::certificate::Update;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::profile::Profile;
use placecard_feasibility::room::{Alike, By, Room, rooms};
use placecard_findings::Finding;

use super::{Asked, is_replaced, owner};
use crate::bounds::update;
use crate::fields::inputs::BudgetFacts;
use crate::fields::inputs::selects;
use crate::kinds::POD_TEMPLATE_HASH;
use crate::object::Object;
use crate::stored::Stored;
use crate::words;

/// A bound that is too low, for the words.
pub(crate) struct Crowd<'a> {
    pub(crate) asked: &'a Asked<'a>,
    pub(crate) pod: &'a Pod,
    /// How many pods are asked for.
    pub(crate) pods: u64,
    pub(crate) room: &'a Room,
    /// What it was judged by differs from the default.
    pub(crate) note: String,
}

/// The findings about the number of pods of a template whose next pod fits.
pub(super) fn findings(asked: &Asked<'_>, stored: &Stored) -> Vec<Finding> {
    let pods = u64::from(stored.asked);
    if !stored.new || pods == 0 || asked.object.is_pod() || may_be_anywhere(asked, &stored.pod) {
        return Vec::new();
    }
    let first = &stored.pod;
    let next = renumbered(asked.object, first);
    let old = of_old_revision(asked.object, first);
    let alike = Alike { pod: first, next: &next, old: old.as_ref(), asked: pods };
    let profile = asked.cluster.profile_of(first);
    let profile = profile.unwrap_or_else(|| Cow::Owned(Profile::of(asked.cluster.semantics)));
    let owner = owner(asked);
    let gone = |other: &Pod| is_replaced(first, owner.as_ref(), other);
    let (inventory, semantics) = (&asked.cluster.inventory, asked.cluster.semantics);
    let mut found = rooms(inventory, alike, semantics, &profile, gone);
    let pods_are_known = !inventory.is_unknown(Kind::Pod);
    // What runs in a domain that is closed lets others have more.
    found.retain(|room| pods_are_known || !matches!(room.by, By::Spread { .. } | By::Full { .. }));
    let crowd = |room| {
        let note = words::why::profile(asked.cluster, first);
        Crowd { asked, pod: first, pods, room, note }
    };
    let tight = found.iter().filter(|room| room.most < pods).min_by_key(|room| room.most);
    if let Some(room) = tight {
        return vec![words::replicas::too_many(&crowd(room))];
    }
    let mut findings: Vec<Finding> = found
        .iter()
        .filter(|room| room.most == pods && pods > 1)
        .find_map(|room| Some(words::replicas::no_spare(&crowd(room), budget(asked)?)))
        .into_iter()
        .collect();
    let Some(Update { surge: 1.., unavailable }) = update(asked.object, pods) else {
        return findings;
    };
    let mut shared = found.iter().filter(|room| room.all_revisions);
    let stuck = shared.clone().filter(|_| pods_are_known).find_map(|room| {
        let least = least_old(asked, room, &gone)?;
        (least > unavailable && least > 1).then_some((room, least))
    });
    if let Some((room, least)) = stuck {
        findings.push(words::replicas::old_pods_share(&crowd(room), least, unavailable));
    } else if unavailable == 0
        && let Some(room) = shared.find(|room| room.most == pods)
    {
        findings.push(words::replicas::full(&crowd(room)));
    }
    findings
}

/// A budget that is about the pods of the template.
fn budget<'a>(asked: &'a Asked<'_>) -> Option<&'a BudgetFacts> {
    let inputs = asked.inputs?;
    let own = inputs.of(&asked.object.reference, &asked.template.path)?;
    inputs.budgets.iter().find(|budget| {
        budget.object.namespace == own.object.namespace
            && selects(&budget.selector, own) == Some(true)
    })
}

/// Whether nodes that are not known may change the answer.
fn may_be_anywhere(asked: &Asked<'_>, pod: &Pod) -> bool {
    asked.cluster.inventory.is_unknown(Kind::Node) || pod.node.is_some()
}

/// The pod after the first one.
fn renumbered(object: &Object, pod: &Pod) -> Pod {
    let name = format!("{}-1", object.reference.name);
    let labels = [
        ("statefulset.kubernetes.io/pod-name", name.as_str()),
        ("apps.kubernetes.io/pod-index", "1"),
        ("batch.kubernetes.io/job-completion-index", "1"),
    ];
    let mut next = Pod { name: name.clone(), ..pod.clone() };
    let mut changed = (*next.labels).clone();
    for (key, value) in labels {
        if let Some(label) = changed.get_mut(key) {
            value.clone_into(label);
        }
    }
    next.labels = changed.into();
    next
}

/// A pod of a Deployment before the update; other kinds delete a pod before they make the next.
fn of_old_revision(object: &Object, pod: &Pod) -> Option<Pod> {
    update(object, 1)?;
    let mut labels = (*pod.labels).clone();
    labels.insert(POD_TEMPLATE_HASH.to_owned(), "old".to_owned());
    Some(Pod { labels: labels.into(), ..pod.clone() })
}

/// If pods that are to be replaced are in every domain that the new ones can use: how many are in
/// the domain with the fewest.
fn least_old(asked: &Asked<'_>, room: &Room, gone: &impl Fn(&Pod) -> bool) -> Option<u64> {
    let inventory = &asked.cluster.inventory;
    let By::Apart(index) = room.by else { return None };
    let key = &asked.spec.affinity.as_ref()?.pod_anti_affinity.as_ref()?;
    let terms = key.required_during_scheduling_ignored_during_execution.as_ref()?;
    let key = &terms.get(index)?.topology_key;
    let mut there: BTreeMap<&str, u64> = BTreeMap::new();
    let namespace = &asked.object.reference.namespace;
    let old = inventory.pods.of_namespace(namespace).filter(|pod| !pod.finished && gone(pod));
    for pod in old {
        let node = pod.node.as_deref().and_then(|name| inventory.nodes.get(name));
        if let Some(domain) = node.and_then(|node| node.labels.get(key)) {
            *there.entry(domain).or_default() += 1;
        }
    }
    room.usable.iter().map(|domain| there.get(domain.as_str()).copied().unwrap_or(0)).min()
}
