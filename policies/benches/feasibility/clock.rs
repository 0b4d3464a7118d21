//! Times of single calls.

use std::hint::black_box;
use std::time::Instant;

/// Times in microseconds, in rounds.
#[derive(Clone, Debug, Default)]
pub struct Times {
    /// Every time, ascending.
    all: Vec<f64>,
    /// The lowest time of each place in a round.
    lowest: Vec<f64>,
}

impl Times {
    /// Adds a round. The same places of all rounds are for pods of the same application.
    pub fn add(&mut self, round: &[f64]) {
        self.lowest.resize(round.len(), f64::INFINITY);
        for (lowest, time) in self.lowest.iter_mut().zip(round) {
            *lowest = lowest.min(*time);
        }
        self.all.extend_from_slice(round);
        self.all.sort_by(f64::total_cmp);
    }

    /// How many calls were timed.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// The time that half of the calls stay under.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The time that the given share of the calls stay under.
    pub fn quantile(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index into some thousands"
        )]
        let at = (self.all.len().saturating_sub(1) as f64 * share) as usize;
        self.all.get(at).copied().unwrap_or(f64::NAN)
    }

    /// The mean over the places of a round of the lowest time of each: what the calls take when
    /// nothing disturbs them, of all applications alike.
    pub fn undisturbed(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let count = self.lowest.len() as f64;
        self.lowest.iter().sum::<f64>() / count
    }
}

/// Calls `work` with each item and returns how long each call took, in microseconds. The clock's
/// own time, some 0.03 µs, is in it.
pub fn each<T, R>(items: impl IntoIterator<Item = T>, mut work: impl FnMut(T) -> R) -> Vec<f64> {
    let mut times = Vec::new();
    for item in items {
        let start = Instant::now();
        drop(black_box(work(black_box(item))));
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times
}
