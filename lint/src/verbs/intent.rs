//! `placecard intent`.

use super::{
    AS_JSON, BASE64, CLUSTER, CONFIG, DATA, ENTRIES, HEX, ISOLATED, NAMESPACE, OBJECTS, PREFER,
    REQUIRE, VOCABULARY, Verb,
};

pub(super) const DECODE: Verb = Verb {
    name: "intent decode",
    summary: "Print the typed entries of a parameter blob as JSON",
    details: "\
Finds the entries (TLVs of tag 0x0910) in a parameter blob and passes over TLVs of other tags. The \
output is `{\"entries\": [{\"category\", \"strength\", \"direction\", \"target\": {\"type\", \"value\"}}]}`: \
category `Resource`, `State`, `Topology` or `Trust`, strength `Required` or `Preferred`, direction \
`toward` or `away`, type `NodeId`, `ResourceId`, `LeaseId`, `ServiceId`, `TrustDomain` or `RackId`; \
ids are UUIDs, racks numbers. A blob without entries has an empty list.

The entries are read together or not at all: what is wrong goes to standard error as \
`InvalidIntent at byte N (0xNN): REASON`, N counted from the first byte of the blob, and entries \
that contradict each other as `InvalidIntent: contradictory`. Which byte that is, and in which order \
mistakes are looked for, is part of the vectors in `tests/vectors/intents-tlv.json`, with which \
other readers can be tested.

Without a flag, text that has only hexadecimal digits is hexadecimal and other text is base64; bytes \
on standard input that are no text are the blob itself. Blanks and line breaks in text mean nothing.",
    arguments: &[&DATA, &HEX, &BASE64],
    exits: &[
        (0, "the entries are printed"),
        (1, "the blob is malformed, or its entries contradict each other"),
        (2, "it could not run: no data, or text that is no hexadecimal and no base64"),
    ],
    examples: &[
        "placecard intent decode CRAACQMBBgAEAAAAKg==",
        "placecard intent decode --hex '0910 0009 03 01 06 0004 0000002a'",
        "placecard intent decode - < parameters.bin",
    ],
};

pub(super) const ENCODE: Verb = Verb {
    name: "intent encode",
    summary: "Print typed entries, or the rules that say the same, in wire form",
    details: "\
Reads what `placecard intent decode` prints, in JSON or YAML, and prints the blob in base64, as the \
annotation `intents-tlv` takes it. `direction` may be left out: it is `toward` then. \
What only the annotation `intents` can say (`weight`, `level`) has no wire form and is an error; \
`--json` prints entries that have it. An empty list is an empty blob: an empty line. `placecard schema \
intents` has all fields.

Rules are read from `--require` and `--prefer`, or from a file with the keys `require` and `prefer`, \
with or without the prefix of the annotations. A rule without a typed form is an error that says why \
and where: `spread`, `at-most`, selectors, alternatives, modifiers such as `same`, targets that no \
entry has. `on node/…` is a Resource entry, `not-on node/…` a Topology entry.

The wire form has UIDs and no names. `--objects` and `--cluster` look up nodes, Services, Leases and \
PersistentVolumes, `--vocabulary` has the ids of its resources, and says what its other words mean. \
`--namespace` is that of what is named without one.",
    arguments: &[
        &ENTRIES, &REQUIRE, &PREFER, &VOCABULARY, &OBJECTS, &CLUSTER, &NAMESPACE, &HEX, &AS_JSON,
        &CONFIG, &ISOLATED,
    ],
    exits: &[
        (0, "the blob is printed"),
        (
            1,
            "the entries are no entries, contradict each other or have no wire form, or a rule \
             has no typed form",
        ),
        (2, "it could not run: a file that cannot be read, or nothing in it"),
    ],
    examples: &[
        "placecard intent encode entries.yaml",
        "placecard intent encode --require 'on node/gpu-7' --objects nodes.json",
        "placecard intent encode --json --prefer 'near lease/shard-7 in rack weight 60'",
        "placecard intent decode CRAACQMBBgAEAAAAKg== | placecard intent encode --hex",
    ],
};
