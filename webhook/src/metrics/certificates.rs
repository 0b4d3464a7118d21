//! The metrics of the serving certificate.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use super::described::Described;

/// What became of a pair that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// It is served now.
    Taken,
    /// It is not good; the one before it is served on.
    Refused,
}

/// What the replica that keeps the certificate wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrote {
    /// A new authority.
    Authority,
    /// A new certificate.
    Certificate,
    /// Authorities without those that are not needed any more.
    Forgotten,
    /// Authorities into a configuration.
    Bundles,
    /// Nothing: the API server could not be asked, or did not take it.
    Failed,
}

impl Wrote {
    /// The label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::Certificate => "certificate",
            Self::Forgotten => "forgotten",
            Self::Bundles => "bundles",
            Self::Failed => "failed",
        }
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

/// Numbers of the serving certificate.
#[derive(Debug, Default)]
pub struct CertificateMetrics {
    offers: Family<ResultLabel, Counter>,
    writes: Family<ResultLabel, Counter>,
}

impl CertificateMetrics {
    pub(super) fn register(&self, registry: &mut Described) {
        registry.register(
            "certificate_reloads",
            "New serving certificates that were found, by what became of them",
            self.offers.clone(),
        );
        registry.register(
            "certificate_writes",
            "What the replica that keeps the certificate wrote, or failed to",
            self.writes.clone(),
        );
    }

    /// A pair was found.
    pub fn offered(&self, offer: Offer) {
        let result = match offer {
            Offer::Taken => "taken",
            Offer::Refused => "refused",
        };
        self.offers.get_or_create(&ResultLabel { result }).inc();
    }

    /// Something was written.
    pub fn wrote(&self, wrote: Wrote) {
        self.writes.get_or_create(&ResultLabel { result: wrote.as_str() }).inc();
    }
}
