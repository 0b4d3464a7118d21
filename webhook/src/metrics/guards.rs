//! The metrics of the policy about guards, which the leader writes.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use super::described::Described;

/// What became of the attempt to write the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It was created or replaced.
    Written,
    /// The API server did not take it.
    Failed,
    /// The guards of the vocabulary do not fit into a policy.
    TooLarge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

type NoLabels = [(&'static str, &'static str); 0];

/// Numbers of the policy about guards.
#[derive(Debug, Default)]
pub struct GuardMetrics {
    writes: Family<ResultLabel, Counter>,
    current: Family<NoLabels, Gauge>,
}

impl GuardMetrics {
    pub(super) fn register(&self, registry: &mut Described) {
        registry.register(
            "guards_writes",
            "Attempts to write the policy about guards, by what became of them",
            self.writes.clone(),
        );
        registry.register(
            "guards_current",
            "1: the policy about guards says what the vocabulary says; 0: it does not",
            self.current.clone(),
        );
    }

    /// What became of an attempt.
    pub fn told(&self, kept: Kept) {
        let result = match kept {
            Kept::Written => "written",
            Kept::Failed => "failed",
            Kept::TooLarge => "too-large",
        };
        self.writes.get_or_create(&ResultLabel { result }).inc();
    }

    /// Whether the policy says what the vocabulary says.
    pub fn current(&self, current: bool) {
        self.current.get_or_create(&[]).set(i64::from(current));
    }

    /// Another replica writes it.
    pub fn forget(&self) {
        self.current.remove(&[]);
    }
}
