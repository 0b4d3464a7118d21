//! Whether the API server should send requests here.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use placecard_policies::surroundings::ServerVersion;

/// Whether requests can be answered, and if not, why.
#[derive(Debug)]
pub struct Readiness {
    /// From when on the serving certificate is valid.
    pub not_before: SystemTime,
    /// Until when.
    pub not_after: SystemTime,
    /// Whether there is a cluster that must have answered once.
    pub needs_contact: bool,
    contact: OnceLock<ServerVersion>,
    draining: AtomicBool,
}

impl Readiness {
    /// Ready as long as the certificate is valid, once the cluster answered if there is one.
    #[must_use]
    pub fn new(not_before: SystemTime, not_after: SystemTime, needs_contact: bool) -> Self {
        Self {
            not_before,
            not_after,
            needs_contact,
            contact: OnceLock::new(),
            draining: AtomicBool::new(false),
        }
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

    /// Why requests should go elsewhere; `None` if they need not.
    #[must_use]
    pub fn obstacle(&self, now: SystemTime) -> Option<&'static str> {
        if self.draining.load(Ordering::Relaxed) {
            Some("shutting down")
        } else if now < self.not_before {
            Some("the serving certificate is not valid yet")
        } else if now > self.not_after {
            Some("the serving certificate has expired")
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
        assert!(starts(now - 2 * hour, "not valid yet"));
        assert!(starts(now + 2 * hour, "expired"));
        readiness.drain();
        assert!(starts(now, "shutting down"));
        assert_eq!(Readiness::new(now, now, false).obstacle(now), None);
    }
}
