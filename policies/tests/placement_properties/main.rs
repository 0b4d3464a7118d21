//! What may be concluded from one placement about another, and what may not: edits of small random
//! clusters and pods after which the set of feasible nodes is the same, or larger, or smaller; and
//! the recorded counterexamples to what looks just as true. Asked are the plain judge, the state
//! that is kept up to date and, where it is built, the real scheduler's plugins.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod counterexamples;
mod doors;
mod edits;
mod garbage;
mod greedy;
#[path = "../oracle/mod.rs"]
mod oracle;
mod table;
mod world;

/// `count`, multiplied by `PLACECARD_TEST_FACTOR`.
fn scaled(count: usize) -> usize {
    let factor = std::env::var("PLACECARD_TEST_FACTOR").ok().and_then(|text| text.parse().ok());
    count * factor.unwrap_or(1usize).max(1)
}
