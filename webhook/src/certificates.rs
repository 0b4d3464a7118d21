//! The certificate that is served, and where the next one comes from: files that somebody else
//! writes, or a Secret that the replicas keep themselves.
//!
//! A pair that is not good never takes the place of one that is; connections that are there go on
//! whatever is put in its place.

pub mod files;
pub mod keeper;
pub mod secret;

use std::sync::{Arc, Mutex, PoisonError};

use placecard_certs::{Current, Pair, Refusal};

use crate::certificates::secret::Settings;
use crate::leader::Leader;
use crate::metrics::certificates::Offer;
use crate::serve::App;

/// The certificate of this process.
pub struct Serving {
    current: Arc<Current>,
    app: Arc<App>,
    /// `None`: only a certificate for the probes of the kubelet, which no client trusts.
    pair: Mutex<Option<Pair>>,
    refused: Mutex<Option<Refusal>>,
}

impl Serving {
    /// Serves this pair, or none yet, by what the listener asks at each handshake.
    #[must_use]
    pub fn new(current: Arc<Current>, pair: Option<Pair>, app: Arc<App>) -> Self {
        Self { current, app, pair: Mutex::new(pair), refused: Mutex::default() }
    }

    /// What is served.
    #[must_use]
    pub fn pair(&self) -> Option<Pair> {
        self.pair.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes what is kept in the Secret from now on, and keeps it there while the leader is here.
    pub fn keep(self: &Arc<Self>, client: kube::Client, leader: Leader, settings: Settings) {
        let app = Arc::clone(&self.app);
        tokio::spawn(keeper::keep(client.clone(), app, leader, settings.clone()));
        tokio::spawn(secret::follow(client, Arc::clone(self), settings));
    }

    /// Takes what was judged good; what was not is told once, however often it is offered.
    fn take(&self, judged: Result<Pair, Refusal>, origin: &str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match judged {
            Ok(pair) => {
                *refused = None;
                self.current.put(&pair);
                self.app.readiness.certified(pair.not_before, pair.not_after);
                self.app.metrics.certificates.offered(Offer::Taken);
                let names = pair.names.join(" ");
                tracing::info!(names, subject = pair.subject, origin, "serving certificate");
                *self.pair.lock().unwrap_or_else(PoisonError::into_inner) = Some(pair);
            }
            Err(Refusal::Same) => *refused = None,
            Err(refusal) if refused.as_ref() == Some(&refusal) => {}
            Err(refusal) => {
                self.app.metrics.certificates.offered(Offer::Refused);
                tracing::error!(
                    reason = %refusal,
                    origin,
                    "a certificate was not taken; the one before it is served on"
                );
                *refused = Some(refusal);
            }
        }
    }
}
