//! Everything that arrives from outside, as functions of bytes: each reads them as placecard does,
//! and panics if what comes of it breaks a promise.
//!
//! `make fuzz TARGET=NAME SECONDS=N` has libFuzzer look for bytes that break one, steered by the code
//! that they reach; `cargo test -p placecard-fuzz` runs each target over its seeds, and over changed
//! ones, the same in every run. What a fuzzer finds is a seed from then on.
//!
//! A target has no clock. That time and memory stay in proportion is asserted of what comes out;
//! libFuzzer ends an input that takes seconds or gigabytes.

pub mod admission;
pub mod certificates;
pub mod choices;
pub mod clusters;
pub mod dictionary;
pub mod editor;
pub mod language;
pub mod manifests;
pub mod rounds;
pub mod seeds;

/// One way in.
#[derive(Debug)]
pub struct Target {
    /// As `make fuzz` names it; its folder in `seeds/` too.
    pub name: &'static str,
    /// What it reads, and what must come of it.
    pub promise: &'static str,
    /// Reads an input, and panics if a promise is broken.
    pub run: fn(&[u8]),
    /// Longer inputs teach nothing.
    pub longest: usize,
    /// Files of this repository, relative to its root, that are seeds besides its own.
    pub examples: &'static [&'static str],
    /// So many changed seeds are run by the tests.
    pub changed: u32,
}

/// Manifests of every sort.
const MANIFESTS: &[&str] = &["examples/clean", "examples/refused", "examples/coordination"];
/// Clusters.
const CLUSTERS: &[&str] = &["examples/snapshot", "examples/coordination/cluster.yaml"];
/// AdmissionReviews.
const REVIEWS: &[&str] = &["examples/reviews"];

/// All targets, in the order of the alphabet.
pub static TARGETS: &[Target] = &[
    Target {
        name: "baseline",
        promise: "a baseline is read, or named as the reason why nothing was linted",
        run: manifests::baseline,
        longest: 2048,
        examples: &[],
        changed: 60,
    },
    Target {
        name: "case",
        promise: "a case of `placecard feasible` gets one line of JSON, be it a verdict or a mistake",
        run: clusters::case,
        longest: 8192,
        examples: &[],
        changed: 300,
    },
    Target {
        name: "certificates",
        promise: "PEM is a pair or an error without a byte of it; what is kept is written as it was read",
        run: certificates::certificates,
        longest: 8192,
        examples: &[],
        changed: 300,
    },
    Target {
        name: "changed-object",
        promise: "a changed object gets an answer from both webhooks, a patch that applies, and no second one",
        run: admission::changed_object,
        longest: 512,
        examples: &[],
        changed: 150,
    },
    Target {
        name: "configuration",
        promise: "a `.placecard.yaml` is obeyed, or named as the reason why nothing was linted",
        run: manifests::configuration,
        longest: 2048,
        examples: &[],
        changed: 60,
    },
    Target {
        name: "editing",
        promise: "an editor's changes are taken and its questions answered, wherever they point",
        run: editor::editing,
        longest: 512,
        examples: &[],
        changed: 40,
    },
    Target {
        name: "editor",
        promise: "each request of an editor gets one answer in its frame, whatever else is sent",
        run: editor::editor,
        longest: 4096,
        examples: &[],
        changed: 60,
    },
    Target {
        name: "expand",
        promise: "what is expanded is read, and expanding it again changes nothing",
        run: manifests::expand,
        longest: 4096,
        examples: MANIFESTS,
        changed: 60,
    },
    Target {
        name: "intents",
        promise: "typed entries are read, written and read as the same entries",
        run: language::intents,
        longest: 2048,
        examples: &[],
        changed: 300,
    },
    Target {
        name: "intents-tlv",
        promise: "the wire form is read, written byte for byte, and spelt in base64 and back",
        run: language::intents_tlv,
        longest: 1024,
        examples: &[],
        changed: 1000,
    },
    Target {
        name: "json",
        promise: "JSON is read as serde_json reads it, with places inside the text",
        run: manifests::json,
        longest: 4096,
        examples: REVIEWS,
        changed: 400,
    },
    Target {
        name: "lint",
        promise: "every format tells the same findings, and a fix can be shown",
        run: manifests::lint,
        longest: 4096,
        examples: MANIFESTS,
        changed: 60,
    },
    Target {
        name: "live",
        promise: "an object of the API server is kept or refused, and leaves nothing behind when it is gone",
        run: clusters::live,
        longest: 8192,
        examples: CLUSTERS,
        changed: 200,
    },
    Target {
        name: "quantity",
        promise: "an amount is the same with its sign, with zeros in front and behind the point",
        run: language::quantity,
        longest: 64,
        examples: &[],
        changed: 2000,
    },
    Target {
        name: "review",
        promise: "an AdmissionReview is answered or refused, and is never an internal error",
        run: admission::review,
        longest: 8192,
        examples: REVIEWS,
        changed: 200,
    },
    Target {
        name: "scheduler-configuration",
        promise: "a KubeSchedulerConfiguration is profiles or mistakes with places, the same each time",
        run: clusters::scheduler_configuration,
        longest: 4096,
        examples: &["examples/snapshot/scheduler.yaml"],
        changed: 300,
    },
    Target {
        name: "selector",
        promise: "a selector keeps its places, and means the same in other blanks",
        run: language::selector,
        longest: 512,
        examples: &[],
        changed: 2000,
    },
    Target {
        name: "sentences",
        promise: "rules are read, printed and read as the same rules; nothing is silently ignored",
        run: language::sentences,
        longest: 1024,
        examples: &[],
        changed: 1000,
    },
    Target {
        name: "snapshot",
        promise: "a dump is the same cluster in whatever pieces it comes, and pods that are alike are read as if alone",
        run: clusters::snapshot,
        longest: 16384,
        examples: CLUSTERS,
        changed: 200,
    },
    Target {
        name: "timeout",
        promise: "no query of the API server keeps a review from its answer",
        run: admission::timeout,
        longest: 128,
        examples: &[],
        changed: 300,
    },
    Target {
        name: "vocabulary",
        promise: "a vocabulary is words, or mistakes at places that it has",
        run: language::vocabulary,
        longest: 4096,
        examples: &["examples/vocabulary.yaml"],
        changed: 200,
    },
    Target {
        name: "yaml",
        promise: "YAML is read line by line as by its parser, with places inside the text, and printed and read as the same",
        run: manifests::yaml,
        longest: 4096,
        examples: &["examples/clean", "examples/refused", "examples/snapshot"],
        changed: 400,
    },
];

/// The target of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
