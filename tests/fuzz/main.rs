//! The process of libFuzzer; `make fuzz TARGET=NAME SECONDS=N` builds and starts it. The target is
//! named by `PLACECARD_FUZZ`, because the arguments are those of libFuzzer.
#![no_main]
#![expect(clippy::expect_used, reason = "without a target there is nothing to do")]

use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use placecard_fuzz::Target;

static TARGET: LazyLock<&'static Target> = LazyLock::new(|| {
    let name = std::env::var("PLACECARD_FUZZ").unwrap_or_default();
    placecard_fuzz::find(&name).expect("PLACECARD_FUZZ names one of the targets in lib.rs")
});

fuzz_target!(|data: &[u8]| -> Corpus {
    if data.len() > TARGET.longest {
        return Corpus::Reject;
    }
    (TARGET.run)(data);
    Corpus::Keep
});
