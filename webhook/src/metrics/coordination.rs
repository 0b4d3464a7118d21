//! The metrics of role coordinations. Only the replica that sees to them has numbers. Labels are the
//! names of coordinations; of more than [`MOST`] the others are left out.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use placecard_policies::language::coordination::written::Phase;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use super::audit::Told;
use super::described::Described;
use crate::coordinate::patch::Outcome;

/// Coordinations that have series of their own.
pub const MOST: usize = 1_000;

#[derive(Clone, Debug, Hash, PartialEq, Eq, PartialOrd, Ord, EncodeLabelSet)]
struct Labels {
    namespace: String,
    name: String,
    coordination: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PhaseLabels {
    namespace: String,
    name: String,
    coordination: String,
    phase: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

/// How far one coordination is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its namespace.
    pub namespace: String,
    /// The RoleCoordination.
    pub name: String,
    /// The coordination in it.
    pub coordination: String,
    /// The batch that is being placed, from 1.
    pub batch: u64,
    /// How many there are.
    pub batches: u64,
    /// The phase.
    pub phase: Phase,
}

/// Numbers of role coordinations.
#[derive(Debug, Default)]
pub struct CoordinationMetrics {
    leads: Gauge,
    stale: Counter,
    batch: Family<Labels, Gauge>,
    batches: Family<Labels, Gauge>,
    phase: Family<PhaseLabels, Gauge>,
    pods: Family<ResultLabel, Counter>,
    events: Family<ResultLabel, Counter>,
    known: Mutex<BTreeSet<Labels>>,
}

const PHASES: [(Phase, &str); 4] = [
    (Phase::Pending, "Pending"),
    (Phase::InProgress, "InProgress"),
    (Phase::Completed, "Completed"),
    (Phase::Failed, "Failed"),
];

impl CoordinationMetrics {
    pub(super) fn register(&self, registry: &mut Described) {
        registry.register(
            "coordination_leader",
            "1: this replica sees to role coordinations",
            self.leads.clone(),
        );
        registry.register(
            "coordination_stale",
            "Looks that were left out because the index was not trusted",
            self.stale.clone(),
        );
        registry.register(
            "coordination_batch",
            "The batch that is being placed, from 1; the last one in the end",
            self.batch.clone(),
        );
        registry.register(
            "coordination_batches",
            "Whole batches of a coordination",
            self.batches.clone(),
        );
        registry.register(
            "coordination_phase",
            "1 for the phase that a coordination is in, 0 for the others",
            self.phase.clone(),
        );
        registry.register(
            "coordination_pods",
            "Pods that were to be let go or made again, by what became of that",
            self.pods.clone(),
        );
        registry.register(
            "coordination_events",
            "Events about batches, by what became of them",
            self.events.clone(),
        );
    }

    /// Whether this replica is the one that sees to coordinations.
    pub fn leads(&self, leads: bool) {
        self.leads.set(i64::from(leads));
    }

    /// The index is not trusted.
    pub fn stale(&self) {
        self.stale.inc();
    }

    /// Another replica sees to them from now on.
    pub fn forget(&self) {
        self.stand(std::iter::empty());
    }

    /// How far all coordinations are.
    pub fn stand(&self, all: impl Iterator<Item = Standing>) {
        let size = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let mut found = BTreeSet::new();
        for one in all.take(MOST) {
            let Standing { namespace, name, coordination, batch, batches, phase } = one;
            let labels = Labels { namespace, name, coordination };
            self.batch.get_or_create(&labels).set(size(batch));
            self.batches.get_or_create(&labels).set(size(batches));
            for (is, word) in PHASES {
                let labels = with_phase(&labels, word);
                self.phase.get_or_create(&labels).set(i64::from(is == phase));
            }
            found.insert(labels);
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for gone in known.difference(&found) {
            self.batch.remove(gone);
            self.batches.remove(gone);
            for (_, word) in PHASES {
                self.phase.remove(&with_phase(gone, word));
            }
        }
        *known = found;
    }

    /// What became of a request about a pod.
    pub fn acted(&self, outcome: &Outcome) {
        let result = match outcome {
            Outcome::Done(_) => "done",
            Outcome::Changed => "changed",
            Outcome::Refused => "refused",
            Outcome::Busy(_) => "busy",
            Outcome::Unknown(_) => "unknown",
            Outcome::NotLeader => "left",
        };
        self.pods.get_or_create(&ResultLabel { result }).inc();
    }

    /// What became of an Event; `None`: it was not due.
    pub fn told(&self, told: Option<Told>) {
        if let Some(told) = told {
            self.events.get_or_create(&ResultLabel { result: told.as_str() }).inc();
        }
    }
}

fn with_phase(labels: &Labels, phase: &'static str) -> PhaseLabels {
    let Labels { namespace, name, coordination } = labels.clone();
    PhaseLabels { namespace, name, coordination, phase }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn coordinations_that_are_gone_have_no_series() {
        let metrics = CoordinationMetrics::default();
        let mut registry = Described::new();
        metrics.register(&mut registry);
        let standing = |name: &str, phase| Standing {
            namespace: "ml".to_owned(),
            name: name.to_owned(),
            coordination: "pd".to_owned(),
            batch: 2,
            batches: 3,
            phase,
        };
        metrics.stand([standing("a", Phase::InProgress), standing("b", Phase::Failed)].into_iter());
        metrics.stand([standing("a", Phase::Completed)].into_iter());
        let mut text = String::new();
        encode(&mut text, registry.registry()).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("name=\"")).collect();
        assert_eq!(lines.len(), 6, "{lines:#?}");
        assert!(lines.iter().all(|line| line.contains("name=\"a\"")));
        let completed = lines.iter().find(|line| line.contains("Completed"));
        assert!(completed.is_some_and(|line| line.ends_with(" 1")));
        metrics.forget();
        text.clear();
        encode(&mut text, registry.registry()).unwrap();
        assert!(!text.contains("name=\""));
    }
}
