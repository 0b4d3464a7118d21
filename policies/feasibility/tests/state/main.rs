//! The state that is kept up to date, against the plain judge: small clusters that change at
//! random, and pods that ask for everything.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod agree;
mod alike;
mod batches;
mod garbage;
mod score;
mod standing;
mod world;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Runs a property over so many cases, the same in every run; `PLACECARD_TEST_FACTOR` asks for so
/// many times as many.
pub(crate) fn check<S: Strategy>(cases: u32, strategy: &S, property: impl Fn(S::Value)) {
    let factor = std::env::var("PLACECARD_TEST_FACTOR").ok().and_then(|text| text.parse().ok());
    let cases = cases.saturating_mul(factor.unwrap_or(1));
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let result = TestRunner::new_with_rng(config, rng).run(strategy, |value| {
        property(value);
        Ok(())
    });
    result.expect("the property holds");
}
