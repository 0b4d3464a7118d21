//! The event that the scheduler writes when a pod fits no node.
//!
//! Semantics: `FitError.Error` of `pkg/scheduler/framework/types.go`.

use std::collections::BTreeMap;

use placecard_feasibility::filter::Plugin;
use placecard_feasibility::filter::cycle::Cycle;
use placecard_feasibility::filter::reason::{Reason, text};
use placecard_feasibility::judge::{Judgement, Semantics};
use placecard_feasibility::preemption::{Hopeless, Refusal, preempt};

use super::cover::Demand;
use super::facts::Facts;

/// The text of the event, with what preemption adds; `None` if a node fits.
#[must_use]
pub fn event(cycle: &Cycle<'_>, judgement: &Judgement<'_>) -> Option<String> {
    let filtered = of_filters(judgement, cycle.semantics)?;
    match of_preemption(cycle, judgement) {
        Some(more) => Some(format!("{filtered} {more}")),
        None => Some(filtered),
    }
}

/// What the plugins say that run once no node fits (`RunPostFilterPlugins`, `Evaluator.Preempt`):
/// nothing if one of them helps. Not known if the pod claims devices.
fn of_preemption(cycle: &Cycle<'_>, judgement: &Judgement<'_>) -> Option<String> {
    let Semantics { claims_devices, no_claims_told, .. } = cycle.semantics;
    // The first of them, `DynamicResources`, looks for what its pre-filter would have left, fails,
    // and ends it: every pre-filter that rejects runs before its own.
    if judgement.pre_filter.is_some() && claims_devices {
        return Some("not found".to_owned());
    }
    let found = preempt(cycle, judgement);
    if !found.candidates.is_empty() || cycle.pod.claims_devices {
        return None;
    }
    let devices = match claims_devices && no_claims_told {
        true => "no new claims to deallocate, ",
        false => "",
    };
    let said = match &found.refusal {
        Some(Refusal::Never) => "not eligible due to preemptionPolicy=Never.".to_owned(),
        Some(Refusal::VictimsEnding(_)) => {
            "not eligible due to a terminating pod on the nominated node.".to_owned()
        }
        None => {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            let mut count = |text: String| *counts.entry(text).or_default() += 1;
            for (_, why) in &found.others {
                match why {
                    Hopeless::Unresolvable => {
                        count("Preemption is not helpful for scheduling".to_owned());
                    }
                    Hopeless::NoLowerPriority | Hopeless::NobodyInTheWay => {
                        count("No preemption victims found for incoming pod".to_owned());
                    }
                    Hopeless::StillRejected(objection) => {
                        for reason in &objection.rejection.reasons {
                            count(text(reason, cycle.semantics.taint_named));
                        }
                    }
                }
            }
            let start = format!("0/{} nodes are available:", judgement.nodes.len());
            histogram(&start, &counts)
        }
    };
    Some(format!("{devices}preemption: {said}"))
}

/// Counts and reasons, sorted as text.
fn histogram(start: &str, counts: &BTreeMap<String, usize>) -> String {
    let mut lines: Vec<String> =
        counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    lines.sort();
    if lines.is_empty() { start.to_owned() } else { format!("{start} {}.", lines.join(", ")) }
}

fn of_filters(judgement: &Judgement<'_>, semantics: Semantics) -> Option<String> {
    if judgement.feasible().next().is_some() {
        return None;
    }
    let said = |reason: &Reason| text(reason, semantics.taint_named);
    let start = format!("0/{} nodes are available:", judgement.nodes.len());
    if let Some(objection) = &judgement.pre_filter {
        let reasons: Vec<String> = objection.rejection.reasons.iter().map(said).collect();
        return Some(format!("{start} {}.", reasons.join(", ")));
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for first in judgement.nodes.iter().filter_map(|node| node.first.as_ref()) {
        for reason in &first.rejection.reasons {
            *counts.entry(said(reason)).or_default() += 1;
        }
    }
    Some(histogram(&start, &counts))
}

/// What the event leaves out: it gives each node's first plugin only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The reason in the event.
    pub reason: String,
    /// How often it stands there.
    pub counted: usize,
    /// On how many of these nodes something else is in the way too.
    pub more: usize,
    /// What that is, on most of them.
    pub also: Demand,
}

/// The reason that hides most; `None` if none hides anything. `facts` in the order of the nodes.
#[must_use]
pub fn hidden(judgement: &Judgement<'_>, facts: &[Facts], semantics: Semantics) -> Option<Hidden> {
    let mut by_reason: BTreeMap<String, (usize, usize, BTreeMap<Demand, usize>)> = BTreeMap::new();
    for (node, facts) in judgement.nodes.iter().zip(facts) {
        let Some([reason]) = node.first.as_ref().map(|first| first.rejection.reasons.as_slice())
        else {
            continue;
        };
        let Some((first, _)) = node.all.first() else { continue };
        let own = node.first.as_ref().is_some_and(|one| one.plugins.as_slice() == [*first]);
        let others = node.all.iter().skip(1).map(|(plugin, _)| *plugin).collect::<Vec<_>>();
        let (counted, more, also) =
            by_reason.entry(text(reason, semantics.taint_named)).or_default();
        *counted += 1;
        // That a node is of the wrong kind is no surprise, and what else it lacks is no news.
        let of_kind = matches!(
            first,
            Plugin::NodeUnschedulable
                | Plugin::NodeName
                | Plugin::TaintToleration
                | Plugin::NodeAffinity
        );
        if own && !of_kind && !others.is_empty() {
            *more += 1;
            for fact in facts.keys().filter(|fact| others.contains(&fact.plugin())) {
                *also.entry(Demand::of(fact)).or_default() += 1;
            }
        }
    }
    let found = by_reason.into_iter().filter_map(|(reason, (counted, more, also))| {
        let (also, _) = also.into_iter().rev().max_by_key(|(_, count)| *count)?;
        Some(Hidden { reason, counted, more, also })
    });
    found.max_by_key(|hidden| hidden.more)
}
