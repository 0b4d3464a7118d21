//! Properties of expansion and review.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../notation/mod.rs"]
mod notation;
#[path = "../shop/mod.rs"]
mod shop;

mod accepted;
mod adopted;
mod bounds;
mod contradiction;
mod given;
mod in_place;
mod reading;
mod robust;
mod say;
mod tolerations;
mod twice;
mod world;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// Runs a property. Every run looks at the same cases, unless `PLACECARD_TEST_FACTOR` asks for so
/// many times as many random ones.
fn run<S: Strategy>(
    cases: u32,
    strategy: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let factor = std::env::var("PLACECARD_TEST_FACTOR").ok().and_then(|text| text.parse().ok());
    let cases = cases * factor.unwrap_or(1);
    let config = Config {
        cases,
        failure_persistence: None,
        max_global_rejects: cases * 20,
        ..Config::default()
    };
    let mut runner = match factor {
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
        Some(_) => TestRunner::new(config),
    };
    runner.run(strategy, property).unwrap_or_else(|problem| panic!("{problem}"));
}
