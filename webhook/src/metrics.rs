//! The metrics, in one table. No label takes its value from an object: kinds that are not in the
//! table of kinds are `other`, so the number of series is bounded.

pub mod audit;
pub mod certificates;
pub mod coordination;
pub mod described;
pub mod guards;
pub mod limits;
mod watches;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use placecard_policies::admission::{Admission, Door};
use placecard_policies::kinds;
use placecard_policies::language::keys;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;

use crate::admission::GroupVersionKind;
use crate::closed::Outcome;
use crate::metrics::audit::AuditMetrics;
use crate::metrics::certificates::CertificateMetrics;
use crate::metrics::coordination::CoordinationMetrics;
use crate::metrics::described::{Described, Description};
use crate::metrics::guards::GuardMetrics;
use crate::metrics::limits::LimitMetrics;
use crate::metrics::watches::WatchMetrics;
use crate::vocabulary::Taken;
use crate::watch::Watches;

/// Seconds; the API server's default timeout for a webhook is 10.
const BUCKETS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 5.0];

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Admitted, perhaps changed.
    Allowed,
    /// Admitted with a warning.
    Warned,
    /// Refused.
    Denied,
    /// Refused for now.
    Retry,
    /// Not an AdmissionReview.
    Invalid,
    /// The webhook broke.
    Failed,
}

impl Verdict {
    /// The verdict of an answer.
    #[must_use]
    pub fn of(admission: &Admission) -> Self {
        match &admission.denial {
            Some(denial) if denial.retryable => Self::Retry,
            Some(_) => Self::Denied,
            None if admission.warnings.is_empty() => Self::Allowed,
            None => Self::Warned,
        }
    }

    /// The label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Warned => "warned",
            Self::Denied => "denied",
            Self::Retry => "retry",
            Self::Invalid => "invalid",
            Self::Failed => "failed",
        }
    }
}

/// What a request was about, as the metrics see it.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// Which webhook.
    pub door: Door,
    /// A kind of the table of kinds, `other`, or `unknown` if it could not be read.
    pub kind: &'static str,
    /// The operation, or `unknown`.
    pub operation: &'static str,
}

impl Subject {
    /// A request that could not be read.
    #[must_use]
    pub const fn unknown(door: Door) -> Self {
        Self { door, kind: "unknown", operation: "unknown" }
    }
}

/// The label value of a webhook.
#[must_use]
pub const fn door_name(door: Door) -> &'static str {
    match door {
        Door::Mutate => "mutate",
        Door::Validate => "validate",
    }
}

/// The label value of a kind.
#[must_use]
pub fn kind_name(kind: &GroupVersionKind<'_>) -> &'static str {
    if (&*kind.group, &*kind.kind) == (keys::GROUP, keys::VOCABULARY_KIND) {
        return keys::VOCABULARY_KIND;
    }
    kinds::find(&kind.group, &kind.kind).map_or("other", |row| row.kind)
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    webhook: &'static str,
    kind: &'static str,
    operation: &'static str,
    verdict: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct WebhookLabel {
    webhook: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FindingLabels {
    code: &'static str,
    severity: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

/// All metrics.
pub struct Metrics {
    registry: Described,
    requests: Family<RequestLabels, Counter>,
    durations: Family<WebhookLabel, Histogram, fn() -> Histogram>,
    findings: Family<FindingLabels, Counter>,
    mutations: Family<KindLabel, Counter>,
    watches: WatchMetrics,
    /// Of the audit.
    pub audit: AuditMetrics,
    /// Role coordinations.
    pub coordination: CoordinationMetrics,
    /// Of the policy about guards.
    pub guards: GuardMetrics,
    /// Of the serving certificate.
    pub certificates: CertificateMetrics,
    certificate_expiry: Gauge<f64, AtomicU64>,
    /// Of what was not done.
    pub limits: LimitMetrics,
    vocabularies: Family<ResultLabel, Counter>,
    vocabulary_usable: Gauge,
    closed: Family<ResultLabel, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Described::new(),
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            findings: Family::default(),
            mutations: Family::default(),
            watches: WatchMetrics::default(),
            audit: AuditMetrics::default(),
            coordination: CoordinationMetrics::default(),
            guards: GuardMetrics::default(),
            certificates: CertificateMetrics::default(),
            certificate_expiry: Gauge::default(),
            limits: LimitMetrics::default(),
            vocabularies: Family::default(),
            vocabulary_usable: Gauge::default(),
            closed: Family::default(),
        };
        let registry = &mut metrics.registry;
        registry.register(
            "admission_requests",
            "AdmissionReviews by what became of them",
            metrics.requests.clone(),
        );
        registry.register(
            "admission_duration_seconds",
            "Time from the request's head to its answer, look-ups included",
            metrics.durations.clone(),
        );
        registry.register("findings", "Findings by code and severity", metrics.findings.clone());
        registry.register("mutations", "Answers that carry a patch", metrics.mutations.clone());
        registry.register(
            "certificate_expiry_seconds",
            "Seconds until the serving certificate expires, negative once it has",
            metrics.certificate_expiry.clone(),
        );
        metrics.certificates.register(registry);
        metrics.limits.register(registry);
        metrics.watches.register(registry);
        metrics.audit.register(registry);
        metrics.coordination.register(registry);
        metrics.guards.register(registry);
        registry.register(
            "vocabulary_changes",
            "Changes of the vocabulary that were seen, by what became of them",
            metrics.vocabularies.clone(),
        );
        registry.register(
            "vocabulary_usable",
            "0 if the vocabulary cannot be used, so that older words are in use, or none",
            metrics.vocabulary_usable.clone(),
        );
        metrics.vocabulary_usable.set(1);
        registry.register(
            "closed_inventory_proofs",
            "Proofs that no node of a closed inventory fits, by what became of them",
            metrics.closed.clone(),
        );
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The build that is running", build);
        metrics
    }
}

impl Metrics {
    /// Counts a request.
    pub fn request(&self, subject: Subject, verdict: Verdict) {
        let labels = RequestLabels {
            webhook: door_name(subject.door),
            kind: subject.kind,
            operation: subject.operation,
            verdict: verdict.as_str(),
        };
        self.requests.get_or_create(&labels).inc();
    }

    /// Counts what an answer holds. A finding that several places share counts once.
    pub fn admission(&self, subject: Subject, admission: &Admission) {
        if admission.denial.is_none() && !admission.patch.is_empty() {
            self.mutations.get_or_create(&KindLabel { kind: subject.kind }).inc();
        }
        let found: BTreeSet<_> = admission
            .findings
            .iter()
            .map(|(code, severity)| (code.as_str(), severity.as_str()))
            .collect();
        for (code, severity) in found {
            self.findings.get_or_create(&FindingLabels { code, severity }).inc();
        }
    }

    /// Counts a change of the vocabulary.
    pub fn vocabulary(&self, taken: Taken) {
        self.vocabularies.get_or_create(&ResultLabel { result: taken.as_str() }).inc();
        self.vocabulary_usable.set(i64::from(taken != Taken::Broken));
    }

    /// Counts a proof about a closed inventory.
    pub fn closed(&self, outcome: Outcome) {
        self.closed.get_or_create(&ResultLabel { result: outcome.as_str() }).inc();
    }

    /// Records how long a request took.
    pub fn duration(&self, door: Door, duration: Duration) {
        let labels = WebhookLabel { webhook: door_name(door) };
        self.durations.get_or_create(&labels).observe(duration.as_secs_f64());
    }

    /// Takes over how the watches are doing.
    pub fn watches(&self, watches: &Watches) {
        self.watches.take(watches);
    }

    /// All metrics that there are, also those without a series yet.
    #[must_use]
    pub fn described(&self) -> &[Description] {
        self.registry.all()
    }

    /// All metrics as OpenMetrics text, at this time.
    ///
    /// # Errors
    /// None that a metric can bring about; the encoder's signature has one.
    pub fn text(&self, not_after: SystemTime, now: SystemTime) -> Result<String, fmt::Error> {
        let left = match not_after.duration_since(now) {
            Ok(left) => left.as_secs_f64(),
            Err(over) => -over.duration().as_secs_f64(),
        };
        self.certificate_expiry.set(left);
        let mut text = String::new();
        encode(&mut text, self.registry.registry())?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use placecard_findings::{Code, Severity};
    use placecard_policies::admission::{Denial, Ground};

    use super::*;

    #[test]
    fn the_names_are_those_that_are_documented() {
        let metrics = Metrics::default();
        let subject = Subject { door: Door::Mutate, kind: "Pod", operation: "CREATE" };
        let patch: Vec<json_patch::PatchOperation> =
            serde_json::from_str(r#"[{"op": "remove", "path": "/a"}]"#).unwrap();
        let findings = vec![(Code::new("unknown-pool"), Severity::Error); 2];
        let admission = Admission { patch, findings, ..Admission::default() };
        metrics.request(subject, Verdict::of(&admission));
        metrics.admission(subject, &admission);
        metrics.duration(Door::Mutate, Duration::from_millis(3));
        metrics.vocabulary(Taken::Adopted);
        metrics.vocabulary(Taken::Broken);
        metrics.closed(Outcome::Unsettled);
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let text = metrics.text(now - Duration::from_secs(5), now).unwrap();
        for line in [
            r#"placecard_admission_requests_total{webhook="mutate",kind="Pod",operation="CREATE",verdict="allowed"} 1"#,
            r#"placecard_admission_duration_seconds_bucket{le="0.0025",webhook="mutate"} 0"#,
            r#"placecard_admission_duration_seconds_bucket{le="0.005",webhook="mutate"} 1"#,
            r#"placecard_mutations_total{kind="Pod"} 1"#,
            "placecard_certificate_expiry_seconds -5.0",
            r#"placecard_vocabulary_changes_total{result="adopted"} 1"#,
            r#"placecard_vocabulary_changes_total{result="broken"} 1"#,
            "placecard_vocabulary_usable 0",
            r#"placecard_closed_inventory_proofs_total{result="unsettled"} 1"#,
            concat!(r#"placecard_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""} 1"#),
            r#"placecard_findings_total{code="unknown-pool",severity="error"} 1"#,
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn verdicts() {
        let mut admission = Admission::default();
        assert_eq!(Verdict::of(&admission), Verdict::Allowed);
        admission.warnings.push("careful".to_owned());
        assert_eq!(Verdict::of(&admission), Verdict::Warned);
        let denial = |retryable| {
            let denial = Denial::of(vec![Ground::NotApplied], String::new(), Vec::new());
            denial.map(|mut one| {
                one.retryable = retryable;
                one
            })
        };
        admission.denial = denial(true);
        assert_eq!(Verdict::of(&admission), Verdict::Retry);
        admission.denial = denial(false);
        assert_eq!(Verdict::of(&admission), Verdict::Denied);
    }

    #[test]
    fn foreign_kinds_are_other() {
        let kind = |group, kind| GroupVersionKind {
            group: Cow::Borrowed(group),
            version: Cow::Borrowed("v1"),
            kind: Cow::Borrowed(kind),
        };
        assert_eq!(kind_name(&kind("", "Pod")), "Pod");
        assert_eq!(kind_name(&kind("apps", "Deployment")), "Deployment");
        assert_eq!(kind_name(&kind(keys::GROUP, keys::VOCABULARY_KIND)), keys::VOCABULARY_KIND);
        assert_eq!(kind_name(&kind("example.com", "Deployment")), "other");
        assert_eq!(kind_name(&kind("", "Secret-7f3a")), "other");
    }
}
