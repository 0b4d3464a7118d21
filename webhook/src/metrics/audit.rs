//! The metrics of the audit. Labels are kinds of rules, never names: the number of series is bounded.
//!
//! Only the replica that audits has numbers; on the others they are not there, so sums over all
//! replicas are right.

use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use placecard_findings::Severity;
use placecard_policies::audit::live::{Look, RULES};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::described::Described;
use crate::audit::seconds;

/// Seconds of one look.
const BUCKETS: [f64; 8] = [0.001, 0.005, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0];

/// What became of an Event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It was written, or its series.
    Written,
    /// There were too many.
    Limited,
    /// The API server did not take it.
    Failed,
}

impl Told {
    /// The label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Limited => "limited",
            Self::Failed => "failed",
        }
    }
}

/// What became of an eviction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evicted {
    /// The API server took it.
    Done,
    /// It would have been asked for.
    Dry,
    /// A budget does not allow for it now.
    Budget,
    /// The pod had changed.
    Changed,
    /// Pods of its workload were evicted too often.
    LeftAlone,
    /// The API server did not take it.
    Failed,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RuleLabels {
    rule: &'static str,
    severity: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

type NoLabels = [(&'static str, &'static str); 0];
type Number = Family<NoLabels, Gauge>;
type Seconds = Family<NoLabels, Gauge<f64, AtomicU64>>;

/// Numbers of the audit.
#[derive(Debug)]
pub struct AuditMetrics {
    leads: Gauge,
    violations: Family<RuleLabels, Gauge>,
    unplaceable: Number,
    unjudged: Number,
    lost_nodes: Number,
    without_place: Number,
    last: Seconds,
    durations: Histogram,
    looked_at: Counter,
    stale: Counter,
    events: Family<ResultLabel, Counter>,
    evictions: Family<ResultLabel, Counter>,
}

impl Default for AuditMetrics {
    fn default() -> Self {
        Self {
            leads: Gauge::default(),
            violations: Family::default(),
            unplaceable: Family::default(),
            unjudged: Family::default(),
            lost_nodes: Family::default(),
            without_place: Family::default(),
            last: Family::default(),
            durations: Histogram::new(BUCKETS),
            looked_at: Counter::default(),
            stale: Counter::default(),
            events: Family::default(),
            evictions: Family::default(),
        }
    }
}

impl AuditMetrics {
    pub(super) fn register(&self, registry: &mut Described) {
        registry.register("leader", "1: this replica audits", self.leads.clone());
        registry.register(
            "audit_violations",
            "Running pods for which a rule does not hold where they run, by kind of rule",
            self.violations.clone(),
        );
        for (name, help, number) in [
            ("audit_unplaceable", "Pending pods that no node takes", &self.unplaceable),
            ("audit_unjudged", "Pending pods that were not judged", &self.unjudged),
            ("audit_lost_nodes", "Nodes that failed or are gone", &self.lost_nodes),
            (
                "audit_without_place",
                "Pods of lost nodes that no other node takes",
                &self.without_place,
            ),
        ] {
            registry.register(name, help, number.clone());
        }
        registry.register(
            "audit_last_timestamp_seconds",
            "When the audit was last known to be up to date, in Unix time",
            self.last.clone(),
        );
        registry.register("audit_duration_seconds", "Time of one look", self.durations.clone());
        registry.register(
            "audit_pods_judged",
            "Running pods that were judged because something was touched",
            self.looked_at.clone(),
        );
        registry.register(
            "audit_stale",
            "Looks that were left out because the index was not trusted",
            self.stale.clone(),
        );
        registry.register("audit_events", "Events, by what became of them", self.events.clone());
        registry.register(
            "evictions",
            "Pods that were to be evicted, by what became of that",
            self.evictions.clone(),
        );
    }

    /// Whether this replica is the one that audits.
    pub fn leads(&self, leads: bool) {
        self.leads.set(i64::from(leads));
    }

    /// Another replica audits from now on.
    pub fn forget(&self) {
        self.violations.clear();
        for number in [&self.unplaceable, &self.unjudged, &self.lost_nodes, &self.without_place] {
            number.remove(&[]);
        }
        self.last.remove(&[]);
    }

    /// The index is not trusted.
    pub fn stale(&self) {
        self.stale.inc();
    }

    /// Nothing has happened since the last look.
    pub fn nothing_new(&self, now: SystemTime) {
        self.last.get_or_create(&[]).set(seconds(now));
    }

    /// What a look found.
    pub fn looked(&self, look: &Look, duration: Duration, now: SystemTime) {
        for rule in RULES {
            for severity in [Severity::Error, Severity::Warning] {
                let pods = look.violations.get(&(rule, severity)).copied().unwrap_or_default();
                let labels = RuleLabels { rule: rule.as_str(), severity: severity.as_str() };
                self.violations.get_or_create(&labels).set(size(pods));
            }
        }
        self.unplaceable.get_or_create(&[]).set(size(look.unplaceable));
        self.unjudged.get_or_create(&[]).set(size(look.unjudged));
        self.lost_nodes.get_or_create(&[]).set(size(look.lost_nodes));
        self.without_place.get_or_create(&[]).set(size(look.without_place));
        self.looked_at.inc_by(look.looked_at as u64);
        self.durations.observe(duration.as_secs_f64());
        self.nothing_new(now);
    }

    /// What became of an Event.
    pub fn told(&self, told: Told) {
        self.events.get_or_create(&ResultLabel { result: told.as_str() }).inc();
    }

    /// What became of an eviction.
    pub fn evicted(&self, evicted: Evicted) {
        let result = match evicted {
            Evicted::Done => "done",
            Evicted::Dry => "dry-run",
            Evicted::Budget => "budget",
            Evicted::Changed => "changed",
            Evicted::LeftAlone => "left-alone",
            Evicted::Failed => "failed",
        };
        self.evictions.get_or_create(&ResultLabel { result }).inc();
    }
}

fn size(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
