//! `placecard adopt`.

use super::{
    ASCII, Argument, COLOR, CONFIG, DIFF, Form, ISOLATED, KUBERNETES_VERSION, OBJECTS, PATH,
    TABLE_FORMAT, VOCABULARY, Verb,
};

/// Into the files.
pub static WRITE: Argument = Argument {
    name: "write",
    form: Form::Switch,
    summary: "write the files in place, and print no manifest",
};
/// What sentences bring back.
pub static DEFAULT_SPREADING: Argument = Argument {
    name: "default-spreading",
    form: Form::Switch,
    summary: "let sentences bring the scheduler's built-in soft spreading back",
};

pub(super) const ADOPT: Verb = Verb {
    name: "adopt",
    summary: "Turn hand-written affinity, spread and tolerations into sentences",
    details: "\
Prints every input with sentences in place of the hand-written placement fields of its pod templates: \
`nodeSelector`, node affinity, pod affinity and anti-affinity, topology spread constraints and \
tolerations. A field goes only if the template with the sentence, expanded as `expand` does, means \
exactly what it meant before; every other field stays as it is. Standard error has a line for each \
field, with the sentence or with the reason why it stays. Comments and layout of everything else \
stay, and comments on a field that goes move above the annotation with its sentence; where one finds \
no place, that is told. Sentences are added to those that are there already.

With `--vocabulary` the words of its levels and pools are used: `on pool/h100` takes the place of the \
labels and tolerations that are the pool's.

Hand-written spread constraints of a workload switch the scheduler's built-in soft spreading off, \
sentences keep it. That changes how nodes are scored, never which nodes fit; it is not the same, so \
such constraints stay, unless `--default-spreading` allows it.

Workloads keep working without the webhook only if their manifests are expanded before they are \
applied: `placecard expand` gives the fields back.",
    arguments: &[
        &PATH,
        &VOCABULARY,
        &OBJECTS,
        &KUBERNETES_VERSION,
        &DIFF,
        &WRITE,
        &TABLE_FORMAT,
        &DEFAULT_SPREADING,
        &CONFIG,
        &ISOLATED,
        &COLOR,
        &ASCII,
    ],
    exits: &[
        (0, "everything was looked at, whatever became of it"),
        (1, "a document could not be read, and is printed as it is"),
        (2, "it could not run: as for `lint`, or a file that cannot be written"),
    ],
    examples: &[
        "placecard adopt --diff deploy/",
        "placecard adopt --write --vocabulary vocabulary.yaml deploy/",
        "placecard adopt --format json deploy/ | jq '.templates[].kept'",
    ],
};
