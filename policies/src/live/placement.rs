//! The live cluster as templates are judged on it.
//!
//! Whether a pod fits is asked of the counts, with what its own namespace holds of the same
//! workload beside them. For what fits nowhere a cycle is made of the counts that has only the pods
//! that a reason may be about; the reasons are found and said exactly as for a snapshot.

use std::borrow::Cow;
use std::collections::BTreeSet;

use placecard_feasibility::filter::cycle::Cycle;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::inventory::pods::Pods;
use placecard_feasibility::profile::Profile;
use placecard_feasibility::state::{Named, State, Tenant};
use placecard_language::checked::Words;
use placecard_language::vocabulary::Inventory as Closeness;

use super::Live;
use crate::cluster::{Cluster, Counts};
use crate::kinds::POD_TEMPLATE_HASH;
use crate::node_templates::node_templates;
use crate::object::Object;
use crate::template_pod::{holder, pod_name};
use crate::why::rest::Rest;

/// What a report calls it.
const NAME: &str = "live";

impl Live {
    /// The cluster as far as what a namespace lets in depends on it: its quotas and limit ranges,
    /// the priority classes, and the pods that those of the object replace; all of its pods if what
    /// they use up has to be counted.
    pub(crate) fn local(&self, object: &Object, words: &Words) -> Cluster {
        let (state, namespace) = (self.state(), &object.reference.namespace);
        let objects = state.objects();
        let quotas = || objects.quotas.iter().filter(|((of, _), _)| of == namespace);
        let ranges = objects.limit_ranges.iter().filter(|((of, _), _)| of == namespace);
        let owner = holder(object);
        let uncounted = quotas().any(|(_, quota)| quota.used.is_none());
        let wanted = |pod: &Tenant<'_>| uncounted || owner.has(pod);
        let pods = state.pods_of(namespace, POD_TEMPLATE_HASH, wanted);
        let mut pods: Pods = pods.into_iter().collect();
        pods.extend(state.pod(namespace, &pod_name(object)));
        let inventory = Inventory {
            pods,
            quotas: quotas().map(copy).collect(),
            limit_ranges: ranges.map(copy).collect(),
            priority_classes: objects.priority_classes.clone(),
            unknown: objects.unknown.clone(),
            ..Inventory::default()
        };
        Cluster {
            inventory,
            semantics: state.semantics(),
            name: NAME.to_owned(),
            closed: words.inventory == Closeness::Closed,
            schedulers: None,
            counts: Counts::default(),
        }
    }

    /// The nodes, and the templates of the vocabulary that would bring others.
    pub(crate) fn nodes(&self, words: &Words) -> Inventory {
        let state = self.state();
        let numbers = (0..state.node_bound()).filter_map(|number| u32::try_from(number).ok());
        let nodes = numbers.filter_map(|number| state.node(number));
        Inventory {
            nodes: nodes.map(|node| (node.name.clone(), node.clone())).collect(),
            templates: node_templates(words),
            unknown: state.objects().unknown.clone(),
            ..Inventory::default()
        }
    }

    /// The numbers of these pods.
    pub(crate) fn numbers<'p>(&self, pods: impl Iterator<Item = &'p Pod>) -> BTreeSet<u32> {
        pods.filter_map(|pod| self.state().pod_number(&pod.namespace, &pod.name)).collect()
    }

    /// Asks for the reasons why a pod fits or does not, as if the pods with these numbers were not
    /// there.
    pub(crate) fn explain<R>(
        &self,
        pod: &Pod,
        profile: &Profile,
        leave: &BTreeSet<u32>,
        words: &Words,
        ask: impl FnOnce(&Cycle<'_>, &Rest<'_>) -> R,
    ) -> R {
        let state = self.state();
        let objects = with_templates(state, words);
        let aside = state.aside(pod, profile, leave, Named::All);
        let mut cycle = aside.cycle(pod, profile, &objects);
        if !pod.has_priority && objects.is_unknown(Kind::PriorityClass) {
            // It may outrank those for whom room is kept.
            cycle.nominated.clear();
        }
        ask(&cycle, &Rest::Counted(state, leave))
    }
}

/// All that is neither a node nor a pod; with the nodes, if the vocabulary has templates of more, or
/// says that there will be no others.
fn with_templates<'s>(state: &'s State, words: &Words) -> Cow<'s, Inventory> {
    let templates = node_templates(words);
    if templates.is_empty() && words.inventory != Closeness::Closed {
        return Cow::Borrowed(state.objects());
    }
    let numbers = (0..state.node_bound()).filter_map(|number| u32::try_from(number).ok());
    let nodes = numbers.filter_map(|number| state.node(number));
    let nodes = nodes.map(|node| (node.name.clone(), node.clone())).collect();
    Cow::Owned(Inventory { nodes, templates, ..state.objects().clone() })
}

fn copy<K: Clone, V: Clone>((key, value): (&K, &V)) -> (K, V) {
    (key.clone(), value.clone())
}
