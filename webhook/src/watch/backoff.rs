//! How long to wait before the next attempt.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

/// After the first failure at most this long.
const FIRST: Duration = Duration::from_millis(500);

/// And never longer.
const LONGEST: Duration = Duration::from_secs(30);

/// Pauses that double, each of a random length between a half and the whole of it, so that
/// watches that broke together do not come back together.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
    /// Failures in a row.
    pub failures: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST, failures: 0 }
    }
}

impl Backoff {
    /// The next pause.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        spread(pause)
    }

    /// It works again.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

/// A random time between a half and the whole of this one.
#[must_use]
pub fn spread(whole: Duration) -> Duration {
    // The standard library's own seeds; nothing depends on how good they are.
    let random = RandomState::new().build_hasher().finish();
    let share = f64::from(u32::try_from(random >> 32).unwrap_or(0)) / f64::from(u32::MAX);
    whole / 2 + (whole / 2).mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_differ() {
        let mut backoff = Backoff::default();
        let mut whole = FIRST;
        for _ in 0..20 {
            let pause = backoff.pause();
            assert!(pause >= whole / 2 && pause <= whole, "{pause:?} of {whole:?}");
            whole = (whole * 2).min(LONGEST);
        }
        backoff.reset();
        assert!(backoff.pause() <= FIRST);
        let pauses: Vec<_> = (0..8).map(|_| spread(LONGEST)).collect();
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }
}
