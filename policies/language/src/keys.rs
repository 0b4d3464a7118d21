//! The one table of annotation and label keys: which key is legal where, and what it says.
//!
//! The parser, the suggestions and the reference document all read this table; no other file of the
//! workspace spells a key out.

/// The prefix of all keys.
pub const PREFIX: &str = "placecard.dev/";
/// The API group of our resources.
pub const GROUP: &str = "placecard.dev";
/// The version of our resources.
pub const VERSION: &str = "v1alpha1";
/// Group and version of [`crate::vocabulary::PlacementVocabulary`].
pub const API_VERSION: &str = "placecard.dev/v1alpha1";
/// The kind of the vocabulary.
pub const VOCABULARY_KIND: &str = "PlacementVocabulary";
/// The vocabulary's kind as the API server spells it in paths and permissions.
pub const VOCABULARY_PLURAL: &str = "placementvocabularies";
/// The kind of [`crate::coordination::written::RoleCoordination`].
pub const COORDINATION_KIND: &str = "RoleCoordination";
/// The coordinations' kind as the API server spells it in paths and permissions.
pub const COORDINATION_PLURAL: &str = "rolecoordinations";
/// The only name that a vocabulary may have.
pub const VOCABULARY_NAME: &str = "default";

/// Rules that must hold.
pub const REQUIRE: &str = "placecard.dev/require";
/// Rules that should hold.
pub const PREFER: &str = "placecard.dev/prefer";
/// Taints.
pub const TOLERATE: &str = "placecard.dev/tolerate";
/// A role in a role coordination.
pub const COORDINATE: &str = "placecard.dev/coordinate";
/// Typed entries as YAML or JSON.
pub const INTENTS: &str = "placecard.dev/intents";
/// Typed entries in wire form.
pub const INTENTS_TLV: &str = "placecard.dev/intents-tlv";
/// Silenced codes.
pub const IGNORE: &str = "placecard.dev/ignore";
/// The record of an expansion.
pub const APPLIED: &str = "placecard.dev/applied";
/// Where a workload is expanded.
pub const EXPAND: &str = "placecard.dev/expand";
/// Overrides the protection of words in use.
pub const FORCE: &str = "placecard.dev/force";
/// Label: the mode of a namespace.
pub const MODE: &str = "placecard.dev/mode";
/// Label: the explicit batch of a pod without ordinal.
pub const BATCH: &str = "placecard.dev/batch";
/// Label: the coordination that a pod belongs to.
pub const COORDINATION: &str = "placecard.dev/coordination";
/// Label: how many pods one replica of the pod's role is, if more than one.
pub const REPLICA_PODS: &str = "placecard.dev/replica-pods";
/// Scheduling gate of a pod that waits for its batch.
pub const BATCH_GATE: &str = "placecard.dev/batch";
/// The prefix of the labels that tell which coordination a pod is a member of; the coordination's
/// name follows, and the value is [`MEMBER`]. They are for people and selectors; nothing acts upon
/// them.
pub const MEMBER_PREFIX: &str = "coordination.workloads.x-k8s.io/";
/// The value of the labels under [`MEMBER_PREFIX`].
pub const MEMBER: &str = "member";
/// Label key that nothing carries: `DoesNotExist` on it is always true.
pub const NEVER: &str = "placecard.dev/never";

/// Where a key can stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The metadata of a pod, bare or controlled.
    Pod,
    /// The metadata of a pod template that is expanded on the pods.
    Template,
    /// The metadata of a pod template that is expanded in place: of a DaemonSet, or of a workload
    /// with `expand: template`.
    ExpandedTemplate,
    /// The own metadata of an object that holds a pod template.
    Workload,
    /// The metadata of a Namespace.
    Namespace,
    /// The metadata of a PlacementVocabulary.
    Vocabulary,
    /// The metadata of any other object.
    Other,
}

/// Which of the two maps of the metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// `metadata.annotations`
    Annotation,
    /// `metadata.labels`
    Label,
}

/// Who writes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Author {
    /// The user.
    User,
    /// placecard, and nobody else.
    Placecard,
}

/// Since when a key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It works.
    Now,
    /// It belongs to the language, and this release does not read it: an error, not silence.
    Later,
}

/// One key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Without the prefix.
    pub name: &'static str,
    /// With the prefix.
    pub full: &'static str,
    /// Annotation or label.
    pub slot: Slot,
    /// Where it is legal.
    pub places: &'static [Place],
    /// Who writes it.
    pub author: Author,
    /// Whether this release reads it.
    pub status: Status,
    /// Whether it makes the object one with intents.
    pub intent: bool,
    /// The form of its value.
    pub grammar: &'static str,
    /// What it says.
    pub doc: &'static str,
    /// A value.
    pub example: &'static str,
}

const ON_PODS: &[Place] = &[Place::Template, Place::ExpandedTemplate, Place::Pod];

/// Each pod has a batch of its own, which one template cannot say for all.
const ON_OWN_PODS: &[Place] = &[Place::Template, Place::Pod];

const ANNOTATION: Key = Key {
    name: "",
    full: "",
    slot: Slot::Annotation,
    places: ON_PODS,
    author: Author::User,
    status: Status::Now,
    intent: false,
    grammar: "",
    doc: "",
    example: "",
};

/// All keys, in the order of the reference.
pub static KEYS: &[Key] = &[
    Key {
        name: "require",
        full: REQUIRE,
        intent: true,
        grammar: "rules, one a line or separated by `;`",
        doc: "Rules that must hold.",
        example: "near service/vector-db\napart-from self in zone",
        ..ANNOTATION
    },
    Key {
        name: "prefer",
        full: PREFER,
        intent: true,
        grammar: "rules, one a line or separated by `;`, each may end in `weight N`",
        doc: "Rules that should hold; weights run from 1 to 100, without one it is 50.",
        example: "on pool/h100 weight 80\nnot-on nodes(lifecycle=spot) weight 20",
        ..ANNOTATION
    },
    Key {
        name: "tolerate",
        full: TOLERATE,
        intent: true,
        grammar: "taints `KEY[=[VALUE]][:EFFECT] [for N(s|m|h)]`, one a line or separated by `;`",
        doc: "Taints that the pods tolerate. Without `=` any value (Exists), with it that value \
              (Equal); `for` needs the effect NoExecute.",
        example: "lifecycle=spot:NoSchedule\nnode.kubernetes.io/unreachable:NoExecute for 30s",
        ..ANNOTATION
    },
    Key {
        name: "coordinate",
        full: COORDINATE,
        places: ON_OWN_PODS,
        intent: true,
        grammar: "`NAME [role ROLE ratio N [in LEVEL] [sequential|parallel] \
                  [exclusive preferred|required|none] [by affinity|gated|podgroup]]`",
        doc: "This template's role in a role coordination: the name alone refers to a \
              RoleCoordination of the namespace, whose role is the one that refers to the workload; \
              the long form needs no object.",
        example: "pd role prefill ratio 2",
        ..ANNOTATION
    },
    Key {
        name: "intents",
        full: INTENTS,
        intent: true,
        grammar: "typed entries in YAML or JSON",
        doc: "Typed entries, checked against a published JSON Schema (`placecard schema intents`). \
              A target is named by its UID (`value`) or by its name (`name`); a preferred entry may \
              have a `weight`, and a NodeId, ServiceId, LeaseId or RackId a `level`.",
        example: "entries:\n- category: Topology\n  strength: Required\n  direction: away\n  \
                  target: {type: ServiceId, name: vector-db}\n  level: zone",
        ..ANNOTATION
    },
    Key {
        name: "intents-tlv",
        full: INTENTS_TLV,
        intent: true,
        grammar: "base64",
        doc: "The typed entries in wire form: TLVs of tag 0x0910; those of other tags are passed over.",
        example: "CRAAFQOCAQAQPyuMHppNTm+LIQxdfp8aKw==",
        ..ANNOTATION
    },
    Key {
        name: "ignore",
        full: IGNORE,
        grammar: "`CODE: REASON`, one a line; no `;`",
        doc: "Silences one code of this object, with a reason. Verdicts and lint findings only: \
              language, permission and API errors stay.",
        example: "anti-affinity-misses-self: the sidecar chart labels the pods",
        ..ANNOTATION
    },
    Key {
        name: "applied",
        full: APPLIED,
        places: &[Place::Pod, Place::ExpandedTemplate],
        author: Author::Placecard,
        grammar: "a digest and what was added",
        doc: "The record of an expansion. In a template that is expanded on its pods it is an \
              error: it was copied from a live pod.",
        example: "",
        ..ANNOTATION
    },
    Key {
        name: "expand",
        full: EXPAND,
        places: &[Place::Workload],
        grammar: "`template`",
        doc: "Expands in the template, for workloads whose templates another scheduler reads.",
        example: "template",
        ..ANNOTATION
    },
    Key {
        name: "force",
        full: FORCE,
        places: &[Place::Vocabulary],
        grammar: "a reason",
        doc: "Lets an update remove words that workloads still use.",
        example: "the a100 nodes are gone since Monday",
        ..ANNOTATION
    },
    Key {
        name: "mode",
        full: MODE,
        slot: Slot::Label,
        places: &[Place::Namespace],
        grammar: "`off`, `warn` or `enforce`",
        doc: "`off` passes the namespace by, `warn` admits with a warning what would be refused, \
              `enforce` refuses; without the label the webhook's default counts (`enforce`, unless \
              `--default-mode warn`), and a value that is none of these counts as `enforce`. No \
              mode opens a guarded pool.",
        example: "warn",
        ..ANNOTATION
    },
    Key {
        name: "batch",
        full: BATCH,
        slot: Slot::Label,
        places: ON_OWN_PODS,
        grammar: "a number",
        doc: "The explicit batch of a pod without ordinal; on pods it is also written by \
              placecard.",
        example: "3",
        ..ANNOTATION
    },
    Key {
        name: "coordination",
        full: COORDINATION,
        slot: Slot::Label,
        places: &[Place::Pod],
        author: Author::Placecard,
        grammar: "a name",
        doc: "The coordination that a pod belongs to.",
        example: "",
        ..ANNOTATION
    },
    Key {
        name: "replica-pods",
        full: REPLICA_PODS,
        slot: Slot::Label,
        places: &[Place::Pod],
        author: Author::Placecard,
        grammar: "a number",
        doc: "How many pods one replica of the pod's role is, if more than one: a batch that waits \
              at a gate is whole with all of them.",
        example: "",
        ..ANNOTATION
    },
    Key {
        name: "never",
        full: NEVER,
        slot: Slot::Label,
        places: &[],
        author: Author::Placecard,
        grammar: "none",
        doc: "A label that nothing may carry: selectors use its absence to mean every pod.",
        example: "",
        ..ANNOTATION
    },
];

/// The entry of a full key.
#[must_use]
pub fn find(full: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.full == full)
}

/// Whether a key is ours by its prefix; the prefix of a key has no case of its own (the API server
/// accepts `Placecard.dev/…` in annotations), so a wrong case is ours too, and then unknown.
#[must_use]
pub fn has_prefix(full: &str) -> bool {
    full.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_full_keys_carry_the_prefix() {
        let mut seen = BTreeSet::new();
        for key in KEYS {
            assert!(seen.insert(key.full), "{} twice", key.full);
            assert_eq!(key.full, format!("{PREFIX}{}", key.name));
            assert_eq!(find(key.full), Some(key));
            assert!(!key.doc.is_empty() && !key.grammar.is_empty(), "{}", key.name);
            assert!(!key.intent || [ON_PODS, ON_OWN_PODS].contains(&key.places), "{}", key.name);
        }
        assert_eq!(API_VERSION, format!("{GROUP}/v1alpha1"));
    }

    #[test]
    fn the_prefix_is_recognised_in_any_case() {
        assert!(has_prefix("placecard.dev/x"));
        assert!(has_prefix("Placecard.dev/require"));
        assert!(!has_prefix("placecard.device/x"));
        assert!(!has_prefix("plaçecard.dev/"));
        assert!(!has_prefix(""));
    }
}
