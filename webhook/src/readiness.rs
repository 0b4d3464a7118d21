//! Whether the API server should send requests here.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::SystemTime;

use placecard_policies::surroundings::ServerVersion;

/// Whether requests can be answered, and if not, why.
#[derive(Debug)]
pub struct Readiness {
    /// From when on the serving certificate is valid, and until when; `None`: there is none yet.
    certificate: RwLock<Option<(SystemTime, SystemTime)>>,
    /// Whether there is a cluster that must have answered once.
    pub needs_contact: bool,
    contact: OnceLock<ServerVersion>,
    draining: AtomicBool,
}

impl Readiness {
    /// Ready as long as the certificate is valid, once the cluster answered if there is one.
    #[must_use]
    pub fn new(not_before: SystemTime, not_after: SystemTime, needs_contact: bool) -> Self {
        let readiness = Self::without_certificate(needs_contact);
        readiness.certified(not_before, not_after);
        readiness
    }

    /// Not ready before there is a certificate.
    #[must_use]
    pub fn without_certificate(needs_contact: bool) -> Self {
        Self {
            certificate: RwLock::default(),
            needs_contact,
            contact: OnceLock::new(),
            draining: AtomicBool::new(false),
        }
    }

    /// From now on a certificate with these dates is served.
    pub fn certified(&self, not_before: SystemTime, not_after: SystemTime) {
        let dates = Some((not_before, not_after));
        *self.certificate.write().unwrap_or_else(PoisonError::into_inner) = dates;
    }

    /// Until when the serving certificate is valid; `None`: there is none yet.
    #[must_use]
    pub fn not_after(&self) -> Option<SystemTime> {
        self.dates().map(|(_, not_after)| not_after)
    }

    fn dates(&self) -> Option<(SystemTime, SystemTime)> {
        *self.certificate.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cluster answered for the first time; later answers change nothing.
    pub fn contacted(&self, version: ServerVersion) {
        let _ = self.contact.set(version);
    }

    /// The version that the cluster told.
    #[must_use]
    pub fn server(&self) -> Option<ServerVersion> {
        self.contact.get().copied()
    }

    /// The server is about to stop.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the server is about to stop.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Why requests should go elsewhere; `None` if they need not.
    #[must_use]
    pub fn obstacle(&self, now: SystemTime) -> Option<&'static str> {
        let certificate = match self.dates() {
            None => Some("there is no serving certificate yet"),
            Some((not_before, _)) if now < not_before => {
                Some("the serving certificate is not valid yet")
            }
            Some((_, not_after)) if now > not_after => Some("the serving certificate has expired"),
            Some(_) => None,
        };
        if self.is_draining() {
            Some("shutting down")
        } else if certificate.is_some() {
            certificate
        } else if self.needs_contact && self.contact.get().is_none() {
            Some("the API server has not answered yet")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_obstacle_has_its_reason() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let hour = Duration::from_secs(3600);
        let readiness = Readiness::new(now - hour, now + hour, true);
        let starts = |at, words: &str| readiness.obstacle(at).is_some_and(|o| o.contains(words));
        assert!(starts(now, "API server"));
        readiness.contacted(ServerVersion(34));
        assert_eq!(readiness.obstacle(now), None);
        assert_eq!(readiness.server(), Some(ServerVersion(34)));
        // The clock jumps, and a new certificate comes.
        assert!(starts(now - 2 * hour, "not valid yet"));
        assert!(starts(now + 2 * hour, "expired"));
        readiness.certified(now + hour, now + 3 * hour);
        assert_eq!(readiness.obstacle(now + 2 * hour), None);
        assert_eq!(readiness.not_after(), Some(now + 3 * hour));
        readiness.certified(now - hour, now + hour);
        readiness.drain();
        assert!(starts(now, "shutting down"));
        assert_eq!(Readiness::new(now, now, false).obstacle(now), None);
        let none = Readiness::without_certificate(false);
        assert_eq!(none.obstacle(now), Some("there is no serving certificate yet"));
        assert_eq!(none.not_after(), None);
    }
}
