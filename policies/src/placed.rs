//! What becomes of the next pod of a template on a cluster, as findings.
//!
//! The pod is judged as it would be stored, with what its namespace adds and refuses.
//! The pods that the workload runs already are left out: those of the new template replace them, so
//! that a workload is never told that it stands in its own way.

mod daemon;
mod keys;
pub(crate) mod replicas;
mod sites;

use std::borrow::Cow;

use placecard_feasibility::filter::cycle::{Cycle, cycle, cycle_of};
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::label::Labels;
use placecard_feasibility::pod_affinity::{AffinityTerm, term_selects};
use placecard_feasibility::profile::Profile;
use placecard_findings::{FieldPath, Finding};
use placecard_language::checked::Words;
use placecard_language::intent::Intents;

use crate::closed::{self, Attempt};
use crate::cluster::Cluster;
use crate::contradict::proof::pointers;
use crate::expand::{Expander, Sources};
use crate::fields::inputs::Inputs;
use crate::live::Live;
use crate::object::{Object, PodSpec, Template};
use crate::stored::next_pod;
use crate::template_pod::{Unjudged, holder};
use crate::why::facts::Fact;
use crate::why::groups::Holder;
use crate::why::outlook::{Outlook, diagnose_empty, outlook_of};
use crate::why::rest::Rest;
use crate::why::{Diagnosis, diagnose_in_brief, without};
use crate::words;

/// A template, and the cluster that it is judged on.
pub(crate) struct Asked<'a> {
    pub(crate) object: &'a Object,
    /// As it is written.
    pub(crate) template: &'a Template,
    /// Without what an earlier expansion added.
    pub(crate) written: &'a Template,
    pub(crate) expander: &'a Expander<'a>,
    pub(crate) intents: &'a Intents,
    pub(crate) sources: &'a Sources,
    /// The placement fields with what the rules mean.
    pub(crate) spec: &'a PodSpec,
    /// All rules could be read and written.
    pub(crate) known: bool,
    /// What is in the way on the cluster is told.
    pub(crate) told: bool,
    /// Everything that was read together, if anything says so.
    pub(crate) inputs: Option<&'a Inputs>,
    pub(crate) cluster: &'a Cluster,
}

/// What becomes of the next pod of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The template's path.
    pub template: FieldPath,
    /// What was found.
    pub outcome: Outcome,
    /// What was made of the declaration that the inventory is closed, if no node could hold the pod.
    pub closed: Option<Attempt>,
}

/// What was found of the next pod of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A node fits now.
    Fits,
    /// No node fits; a finding says why.
    Shut,
    /// It was not judged.
    Unjudged(Unjudged),
}

/// A pod that fits no node, for the words.
pub(crate) struct Shut<'a> {
    pub(crate) asked: &'a Asked<'a>,
    pub(crate) pod: &'a Pod,
    /// As things stand or, if that would not help, on empty nodes.
    pub(crate) found: &'a Diagnosis,
    /// The nodes that would fit if they were empty; none in vain.
    pub(crate) when_empty: &'a [String],
    /// What it was judged on, volumes among it.
    pub(crate) inventory: &'a Inventory,
}

/// Judges the next pod of a template: what its namespace refuses, then what the nodes do.
pub(crate) fn judge(asked: &Asked<'_>) -> (Placement, Vec<Finding>) {
    let (placement, mut findings) = judge_by(asked, |pod| on_nodes(asked, pod));
    match placement.outcome {
        Outcome::Unjudged(Unjudged::DaemonSet) if asked.told => {
            findings.extend(daemon::findings(asked));
        }
        Outcome::Fits if asked.told => {
            let stored = next_pod(asked.cluster, asked.object, asked.template, asked.spec);
            if let Ok(stored) = stored {
                findings.extend(replicas::findings(asked, &stored));
                findings.extend(keys::findings(asked, &stored.pod));
            }
        }
        _ => {}
    }
    (placement, findings)
}

/// The same on a live cluster, of which `asked` has what lies in the namespace.
pub(crate) fn judge_live(
    asked: &Asked<'_>,
    live: &Live,
    words: &Words,
) -> (Placement, Vec<Finding>) {
    judge_by(asked, |pod| {
        let owner = owner(asked);
        let local = asked.cluster.inventory.pods.values();
        let replaced = live.numbers(local.filter(|other| is_replaced(pod, owner.as_ref(), other)));
        let profile = asked.cluster.profile_of(pod);
        let profile = profile.unwrap_or_else(|| Cow::Owned(Profile::of(asked.cluster.semantics)));
        if live.state().fits_without(pod, &profile, &replaced) {
            return Ok(());
        }
        if !asked.told && !asked.cluster.closed {
            return Err(None);
        }
        live.explain(pod, &profile, &replaced, words, |cycle, rest| explain(asked, cycle, rest))
    })
}

/// Why a pod fits nowhere.
struct Reasons {
    finding: Finding,
    closed: Option<Attempt>,
}

impl From<Finding> for Box<Reasons> {
    fn from(finding: Finding) -> Self {
        Self::new(Reasons { finding, closed: None })
    }
}

fn judge_by(
    asked: &Asked<'_>,
    on_nodes: impl FnOnce(&Pod) -> Result<(), Told>,
) -> (Placement, Vec<Finding>) {
    let template = &asked.template.path;
    let placement = |outcome| Placement { template: template.clone(), outcome, closed: None };
    let unjudged = |why| (placement(Outcome::Unjudged(why)), Vec::new());
    if !asked.known {
        return unjudged(Unjudged::Rules);
    }
    let stored = match next_pod(asked.cluster, asked.object, asked.template, asked.spec) {
        Ok(stored) => stored,
        Err(why) => return unjudged(why),
    };
    let mut findings = words::stored::findings(asked, &stored);
    let placement = match on_nodes(&stored.pod) {
        Err(None) => placement(Outcome::Shut),
        Err(Some(reasons)) => {
            let Reasons { finding, closed } = *reasons;
            findings.push(finding);
            Placement { closed, ..placement(Outcome::Shut) }
        }
        Ok(_) if stored.is_refused() => placement(Outcome::Shut),
        Ok(()) => placement(Outcome::Fits),
    };
    (placement, findings)
}

/// Whose pods make room for those of the template.
fn owner(asked: &Asked<'_>) -> Option<Holder> {
    (!asked.object.is_pod()).then(|| holder(asked.object))
}

/// Why no node fits; `None` if that is not told.
type Told = Option<Box<Reasons>>;

/// Whether a node fits the pod.
///
/// # Errors
///
/// Why none does.
fn on_nodes(asked: &Asked<'_>, pod: &Pod) -> Result<(), Told> {
    let owner = owner(asked);
    let fitting = asked.cluster.fitting(pod, owner.as_ref());
    if fitting.is_some_and(|nodes| !nodes.is_empty()) {
        return Ok(());
    }
    if !asked.told && !asked.cluster.closed {
        return Err(None);
    }
    explain(asked, &next_cycle(asked.cluster, pod, owner.as_ref()), &Rest::Nobody)
}

/// As [`on_nodes`], by the plain judge.
fn explain(asked: &Asked<'_>, cycle: &Cycle<'_>, rest: &Rest<'_>) -> Result<(), Told> {
    let (found, judgement) = diagnose_in_brief(cycle, rest);
    if !found.feasible.is_empty() {
        return Ok(());
    }
    let (pod, inventory) = (cycle.pod, cycle.inventory);
    Err(Some(match outlook_of(cycle, &judgement, rest) {
        Outlook::Waiting { preemption, growth } => {
            let shut = Shut { asked, pod, found: &found, when_empty: &[], inventory };
            words::placed::waits(&shut, &preemption, &growth).into()
        }
        Outlook::CrowdedOut { nodes, groups } => {
            let shut = Shut { asked, pod, found: &found, when_empty: &nodes, inventory };
            match repelled(&shut) {
                _ if nodes.is_empty() => words::placed::group_is_full(&shut, &groups),
                Some(key) => words::placed::kept_out(&shut, cycle, key),
                None if is_trapped(&shut) => words::placed::trapped(&shut),
                None => words::placed::crowded_out(&shut),
            }
            .into()
        }
        Outlook::Fits | Outlook::NoInventory => {
            let found = diagnose_empty(cycle);
            let shut = Shut { asked, pod, found: &found, when_empty: &[], inventory };
            match claim_elsewhere(&found) {
                Some(claim) => words::placed::volume_elsewhere(&shut, claim).into(),
                None => no_node_fits(&shut),
            }
        }
    }))
}

/// No node could hold the pod; where the vocabulary says that no others will come, that is proved.
fn no_node_fits(shut: &Shut<'_>) -> Box<Reasons> {
    let mut finding = words::placed::no_node_fits(shut);
    let mut closed = closed::claim(shut.asked, shut.inventory);
    if let Some(Attempt::Proved(claim)) = &mut closed {
        claim.certificate.core = pointers(&finding.labels);
        words::placed::never(&mut finding, claim);
    }
    Box::new(Reasons { finding, closed })
}

/// Is the other pod gone when this one comes?
fn is_replaced(pod: &Pod, owner: Option<&Holder>, other: &Pod) -> bool {
    other.is_same(pod) || owner.is_some_and(|owner| owner.holds(other))
}

/// The cycle that judges the pod: without itself, and without the pods that it replaces.
#[must_use]
pub fn next_cycle<'a>(cluster: &'a Cluster, pod: &'a Pod, owner: Option<&Holder>) -> Cycle<'a> {
    let replaced = |other: &Pod| is_replaced(pod, owner, other);
    let mut cycle = without(full_cycle(cluster, pod), replaced);
    if !pod.has_priority && cluster.inventory.is_unknown(Kind::PriorityClass) {
        // It may outrank those for whom room is kept.
        cycle.nominated.clear();
    }
    cycle
}

/// The cycle that judges the pod beside everything that runs, by the profile of its scheduler, or by
/// the default one if that is not known.
#[must_use]
pub fn full_cycle<'a>(cluster: &'a Cluster, pod: &'a Pod) -> Cycle<'a> {
    match cluster.profile_of(pod) {
        Some(profile) => cycle_of(&cluster.inventory, pod, cluster.semantics, profile),
        None => cycle(&cluster.inventory, pod, cluster.semantics),
    }
}

/// The label by which other pods keep this one out, if that alone is in the way on all nodes that
/// would fit.
fn repelled<'s>(shut: &'s Shut<'_>) -> Option<&'s str> {
    let opens = |node: &String| shut.when_empty.contains(node);
    let mut groups = shut.found.groups.iter().filter(|group| group.nodes.iter().any(opens));
    let key = match groups.clone().next()?.facts.as_slice() {
        [only] => match &only.fact {
            Fact::Repelled(key) => key,
            _ => return None,
        },
        _ => return None,
    };
    let same = |fact: &Fact| matches!(fact, Fact::Repelled(other) if other == key);
    let only = groups.all(|group| group.facts.iter().all(|shared| same(&shared.fact)));
    only.then_some(key.as_str())
}

/// Whether nothing but the pod's own required affinity is in the way on all nodes that would fit,
/// and it means pods like this one: others of these labels run where it may not go.
fn is_trapped(shut: &Shut<'_>) -> bool {
    let opens = |node: &String| shut.when_empty.contains(node);
    let mut groups = shut.found.groups.iter().filter(|group| group.nodes.iter().any(opens));
    let only = groups.all(|group| group.facts.iter().all(|shared| shared.fact == Fact::Affinity));
    let pod = shut.pod;
    let none = Labels::new();
    let labels = shut.inventory.namespaces.get(&pod.namespace).unwrap_or(&none);
    let own = |term: &AffinityTerm| {
        term_selects(term, &pod.namespace, &pod.namespace, &pod.labels, labels)
    };
    only && !pod.affinity.is_empty() && pod.affinity.iter().all(own)
}

/// The claim that no node can reach that the pod's other demands leave, if the core says so.
fn claim_elsewhere(found: &Diagnosis) -> Option<&str> {
    let claims = found.core.iter().filter_map(|member| match &member.demand {
        crate::why::cover::Demand::Of(Fact::Volume { claim, .. }) => Some(claim.as_str()),
        _ => None,
    });
    claims.min()
}
