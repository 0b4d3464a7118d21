//! Why pods fit no node: from what was typed to a report for each pod.

pub(crate) mod human;
mod json;
pub(crate) mod pods;

use std::io::Read;

use placecard_findings::Severity;
use placecard_policies::cluster::Cluster;
use placecard_policies::feasibility::inventory::Inventory;
use placecard_policies::feasibility::inventory::pod::Pod;
use placecard_policies::placed::next_cycle;
use placecard_policies::stored::Stored;
use placecard_policies::template_pod::Unjudged;
use placecard_policies::why::groups::Holder;
use placecard_policies::why::outlook::{Outlook, outlook};
use placecard_policies::why::{Diagnosis, diagnose};

use crate::cluster_of::{self, Taken};
use crate::plan::{Ask, Look};
use crate::run::words_of;
use crate::{Outcome, complaining};

/// One pod, and what becomes of it.
pub(crate) struct Report {
    /// What it is called: `ml/trainer-6`, `Deployment ml/embedder`.
    pub(crate) subject: String,
    /// What was found, or why nothing was looked for.
    pub(crate) found: Result<Found, Unjudged>,
}

/// What was found of one pod.
pub(crate) struct Found {
    /// The pod as the scheduler sees it, and what is in its way before that.
    pub(crate) stored: Stored,
    /// The node on which it runs.
    pub(crate) runs_on: Option<String>,
    /// How many pods of its own workload were left out.
    pub(crate) left_out: usize,
    pub(crate) diagnosis: Diagnosis,
    pub(crate) outlook: Outlook,
}

/// Answers `placecard why`.
///
/// # Errors
/// Why it could not run.
pub(crate) fn answer(ask: &Ask, look: Look, stdin: &mut dyn Read) -> Result<Outcome, String> {
    let words = words_of(&ask.inputs, stdin)?;
    let Taken { mut cluster, server, complaints, .. } =
        cluster_of::read(&ask.cluster, &ask.inputs, &words, stdin)?;
    let ask = &ask.read_by(server);
    let reports: Vec<Report> = pods::subjects(ask, &mut cluster, words, stdin)?
        .into_iter()
        .map(|subject| report(&cluster, subject))
        .collect();
    let shut = |report: &Report| {
        let waits =
            |found: &Found| found.diagnosis.feasible.is_empty() || found.stored.is_refused();
        match &report.found {
            Ok(found) => waits(found),
            Err(why) => *why == Unjudged::Rules,
        }
    };
    let worst = reports.iter().any(shut).then_some(Severity::Error);
    let output = match ask.json {
        true => json::render(&cluster, &reports),
        false => human::render(&cluster, &reports, ask.all, look),
    };
    let complaints = complaining(&complaints);
    let fail_on = Some(Severity::Error);
    Ok(Outcome { worst, fail_on, complaints, ..Outcome::output(output) })
}

fn report(cluster: &Cluster, subject: pods::Subject) -> Report {
    let pods::Subject { name, pod, owner, runs_on, request: _ } = subject;
    let found = pod.map(|stored| {
        let pod = &stored.pod;
        let next = next_cycle(cluster, pod, owner.as_ref());
        let left_out = owner.as_ref().map_or(0, |owner| running(&cluster.inventory, owner));
        let mut diagnosis = diagnose(&next);
        if cluster.schedulers.is_some() {
            // Checkers take the default profile for granted.
            diagnosis.certificate = None;
        }
        let outlook = outlook(&next, !diagnosis.feasible.is_empty());
        Found { left_out, diagnosis, outlook, runs_on, stored: stored.clone() }
    });
    Report { subject: name, found }
}

/// How many pods of a workload are on nodes.
fn running(inventory: &Inventory, owner: &Holder) -> usize {
    let is_running = |pod: &&Pod| {
        let node = pod.node.as_deref().filter(|_| !pod.finished);
        node.is_some_and(|node| inventory.nodes.contains_key(node)) && owner.holds(pod)
    };
    inventory.pods.of_namespace(&owner.namespace).filter(is_running).count()
}
