//! No more replicas are ever placed than a bound allows: by our reading of the scheduler on random
//! clusters, by the real scheduler's plugins on fewer of them, and on the recorded cases that once
//! refuted a bound.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod counterexamples;
mod greedy;
mod instance;
