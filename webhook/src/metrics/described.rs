//! A registry that knows what is in it, for the reference of metrics.

use std::fmt;

use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Metric, Registry};

/// All names begin like this.
const PREFIX: &str = "placecard";

/// A metric, as it is documented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The name of its series: `placecard_findings_total`.
    pub name: String,
    /// `counter`, `gauge`, `histogram` or `info`.
    pub kind: &'static str,
    /// What it counts.
    pub help: &'static str,
}

/// Metrics and their descriptions.
pub(super) struct Described {
    registry: Registry,
    all: Vec<Description>,
}

impl Described {
    pub(super) fn new() -> Self {
        Self { registry: Registry::with_prefix(PREFIX), all: Vec::new() }
    }

    pub(super) fn register(&mut self, name: &str, help: &'static str, metric: impl Metric) {
        // What OpenMetrics adds to the names of series.
        let (kind, end) = match metric.metric_type() {
            MetricType::Counter => ("counter", "_total"),
            MetricType::Gauge => ("gauge", ""),
            MetricType::Histogram => ("histogram", ""),
            MetricType::Info => ("info", "_info"),
            _ => ("unknown", ""),
        };
        self.all.push(Description { name: format!("{PREFIX}_{name}{end}"), kind, help });
        self.registry.register(name, help, metric);
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(super) fn all(&self) -> &[Description] {
        &self.all
    }
}

impl fmt::Debug for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.all.fmt(f)
    }
}

/// The reference of metrics, as a Markdown document.
#[must_use]
pub fn markdown(all: &[Description]) -> String {
    const HEAD: &str = "\
# Metrics

Written from `webhook/src/metrics`; `make update` writes it anew.

The webhook serves them at `/metrics`, on the port of the admissions, as OpenMetrics text.
Labels are of bounded kinds: webhook, kind, operation, verdict, code, severity, resource, result, what, rule, phase.
No object's name is a label but those of role coordinations, of which at most 1,000 have series of their own.
A series is there from the first time that there is something to count.
What to watch, and what the log and the audit log say, is in [observability.md](observability.md).

| metric | type | what it says |
|---|---|---|
";
    let mut rows: Vec<String> = all
        .iter()
        .map(|one| format!("| `{}` | {} | {} |\n", one.name, one.kind, one.help))
        .collect();
    rows.sort();
    format!("{HEAD}{}", rows.concat())
}
