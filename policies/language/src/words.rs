//! The one table of reserved words, and the one of words that people write for them.

use crate::keys;

/// What a word does in a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Begins a rule.
    Relation,
    /// A target, or the kind of one, that names pods.
    PodKind,
    /// A target, or the kind of one, that names nodes.
    NodeKind,
    /// Says more about a rule.
    Modifier,
    /// Belongs to another word.
    Particle,
}

/// A word that no level and no pool may have as its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// The word.
    pub text: &'static str,
    /// What it does.
    pub role: Role,
    /// How it is used.
    pub form: &'static str,
    /// What it says.
    pub doc: &'static str,
}

const fn word(role: Role, text: &'static str, form: &'static str, doc: &'static str) -> Reserved {
    Reserved { text, role, form, doc }
}

/// All reserved words, in the order of the reference.
pub static RESERVED: &[Reserved] = &[
    word(
        Role::Relation,
        "near",
        "near TARGET [of namespaces(SELECTOR)] [same KEY,…] [other KEY,…] [in LEVEL]",
        "in one domain of the level with a pod of the target",
    ),
    word(
        Role::Relation,
        "apart-from",
        "apart-from TARGET [of namespaces(SELECTOR)] [same KEY,…] [other KEY,…] [in LEVEL]",
        "in no domain of the level with a pod of the target",
    ),
    word(Role::Relation, "on", "on TARGET [or TARGET]…", "on a node that meets one of the targets"),
    word(
        Role::Relation,
        "not-on",
        "not-on TARGET [or TARGET]…",
        "on a node that meets none of the targets",
    ),
    word(Role::Relation, "spread", "spread over LEVEL", "evenly over the domains of the level"),
    word(
        Role::Relation,
        "at-most",
        "at-most N TARGET [in LEVEL]",
        "at most N of the named pods in one domain; only under require",
    ),
    word(Role::PodKind, "self", "self", "the pods of the same controller"),
    word(Role::PodKind, "service", "service/[NAMESPACE/]NAME", "the pods that a Service selects"),
    word(Role::PodKind, "deployment", "deployment/[NAMESPACE/]NAME", "the pods of a Deployment"),
    word(Role::PodKind, "statefulset", "statefulset/[NAMESPACE/]NAME", "the pods of a StatefulSet"),
    word(Role::PodKind, "daemonset", "daemonset/[NAMESPACE/]NAME", "the pods of a DaemonSet"),
    word(Role::PodKind, "job", "job/[NAMESPACE/]NAME", "the pods of a Job"),
    word(
        Role::PodKind,
        "lease",
        "lease/[NAMESPACE/]NAME",
        "the holder of a Lease; with near and apart-from",
    ),
    word(Role::PodKind, "pods", "pods(SELECTOR)", "the pods that a selector matches"),
    word(Role::NodeKind, "node", "node/NAME", "the node of this name"),
    word(Role::NodeKind, "pool", "pool/NAME", "the nodes of a pool, with its tolerations"),
    word(
        Role::NodeKind,
        "trust",
        "trust/DOMAIN",
        "the attested nodes of a trust domain; only under require",
    ),
    word(Role::NodeKind, "resource", "resource/NAME", "the nodes that offer a resource"),
    word(Role::NodeKind, "volume", "volume/CLAIM", "where the volume of a claim is"),
    word(Role::NodeKind, "nodes", "nodes(SELECTOR)", "the nodes that a selector matches"),
    word(Role::Modifier, "of", "of namespaces(SELECTOR)", "pods of these namespaces"),
    word(Role::Modifier, "same", "same KEY[,KEY…]", "pods with the same value of these labels"),
    word(Role::Modifier, "other", "other KEY[,KEY…]", "pods with another value of these labels"),
    word(Role::Modifier, "in", "in LEVEL", "the domain; without it, node"),
    word(Role::Modifier, "across", "across revisions", "pods of every revision, not only of one"),
    word(Role::Modifier, "weight", "weight N", "1 to 100, without it 50; only under prefer"),
    word(Role::Modifier, "max-skew", "max-skew N", "the largest difference, without it 1"),
    word(
        Role::Modifier,
        "min-domains",
        "min-domains N",
        "with fewer domains the least one counts as empty; only under require",
    ),
    word(Role::Modifier, "ignore-taints", "ignore-taints", "tainted nodes count as domains too"),
    word(
        Role::Modifier,
        "ignore-node-rules",
        "ignore-node-rules",
        "nodes outside the pod's node rules count as domains too",
    ),
    word(Role::Particle, "namespaces", "of namespaces(SELECTOR)", "see of"),
    word(Role::Particle, "revisions", "across revisions", "see across"),
    word(Role::Particle, "over", "spread over LEVEL", "see spread"),
    word(Role::Particle, "or", "on TARGET or TARGET", "joins node targets"),
    word(Role::Particle, "role", "role ROLE", "the annotation coordinate"),
];

/// The relations.
pub static RELATIONS: &[&str] = &["near", "apart-from", "on", "not-on", "spread", "at-most"];
/// The modifiers.
pub static MODIFIERS: &[&str] = &[
    "of",
    "same",
    "other",
    "in",
    "across",
    "weight",
    "max-skew",
    "min-domains",
    "ignore-taints",
    "ignore-node-rules",
];
/// The targets of `near`, `apart-from` and `at-most`.
pub static POD_TARGETS: &[&str] = &[
    "self",
    "service/NAME",
    "deployment/NAME",
    "statefulset/NAME",
    "daemonset/NAME",
    "job/NAME",
    "pods(SELECTOR)",
];
/// The targets of `on` and `not-on`.
pub static NODE_TARGETS: &[&str] = &[
    "node/NAME",
    "LEVEL/VALUE",
    "pool/NAME",
    "trust/DOMAIN",
    "resource/NAME",
    "volume/CLAIM",
    "nodes(SELECTOR)",
];
/// The relations that take pods.
pub static POD_RELATIONS: &[&str] = &["near", "apart-from", "at-most"];
/// The relations that take nodes.
pub static NODE_RELATIONS: &[&str] = &["on", "not-on"];
/// The words that may follow `pods`, by relation.
pub static POD_MODIFIERS: &[&str] = &["of", "same", "other", "in", "across", "weight"];
/// The words that may follow the targets of `on`.
pub static NODE_MODIFIERS: &[&str] = &["or", "weight"];
/// The words that may follow `spread over LEVEL`.
pub static SPREAD_MODIFIERS: &[&str] =
    &["max-skew", "min-domains", "ignore-taints", "ignore-node-rules", "across"];
/// The words that may follow `at-most N TARGET`.
pub static AT_MOST_MODIFIERS: &[&str] = &["in", "across"];

/// Levels of the vocabulary that may bear a reserved or well-known name.
pub static FREE_LEVELS: &[&str] = &["node", "zone", "region"];

/// The words that may follow the target of a relation.
#[must_use]
pub fn modifiers_of(relation: &str) -> &'static [&'static str] {
    match relation {
        "on" | "not-on" => NODE_MODIFIERS,
        "spread" => SPREAD_MODIFIERS,
        "at-most" => AT_MOST_MODIFIERS,
        _ => POD_MODIFIERS,
    }
}

/// The relations that take a modifier.
#[must_use]
pub fn relations_with(modifier: &str) -> Vec<&'static str> {
    RELATIONS.iter().copied().filter(|r| modifiers_of(r).contains(&modifier)).collect()
}

/// The entry of a reserved word.
#[must_use]
pub fn find(text: &str) -> Option<&'static Reserved> {
    RESERVED.iter().find(|reserved| reserved.text == text)
}

/// What a word of other languages stands for in this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meaning {
    /// The name of a key.
    Key,
    /// A relation.
    Relation,
    /// A kind of target.
    Kind,
    /// A modifier.
    Modifier,
    /// A level.
    Level,
    /// No word: the annotation key says it.
    WhichKey,
}

/// A word that people write, and the word of the language that says it. Not an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// As people write it.
    pub written: &'static str,
    /// What it stands for.
    pub meaning: Meaning,
    /// As the language has it.
    pub meant: &'static str,
}

const fn synonym(meaning: Meaning, written: &'static str, meant: &'static str) -> Synonym {
    Synonym { written, meaning, meant }
}

/// All of them, in the order of the reference.
pub static SYNONYMS: &[Synonym] = &[
    synonym(Meaning::Key, "required", "require"),
    synonym(Meaning::Key, "preferred", "prefer"),
    synonym(Meaning::Key, "tolerations", "tolerate"),
    synonym(Meaning::Key, "hard", "require"),
    synonym(Meaning::Key, "soft", "prefer"),
    synonym(Meaning::Relation, "with", "near"),
    synonym(Meaning::Relation, "beside", "near"),
    synonym(Meaning::Relation, "affinity", "near"),
    synonym(Meaning::Relation, "avoid", "apart-from"),
    synonym(Meaning::Relation, "away-from", "apart-from"),
    synonym(Meaning::Relation, "anti-affinity", "apart-from"),
    synonym(Meaning::Relation, "not-near", "apart-from"),
    synonym(Meaning::Relation, "off", "not-on"),
    synonym(Meaning::Level, "host", "node"),
    synonym(Meaning::Level, "hostname", "node"),
    synonym(Meaning::Level, "az", "zone"),
    synonym(Meaning::Modifier, "topology", "in"),
    synonym(Meaning::Modifier, "skew", "max-skew"),
    synonym(Meaning::Kind, "svc", "service"),
    synonym(Meaning::Kind, "deploy", "deployment"),
    synonym(Meaning::Kind, "sts", "statefulset"),
    synonym(Meaning::Kind, "ds", "daemonset"),
    synonym(Meaning::WhichKey, "hard", keys::REQUIRE),
    synonym(Meaning::WhichKey, "required", keys::REQUIRE),
    synonym(Meaning::WhichKey, "require", keys::REQUIRE),
    synonym(Meaning::WhichKey, "soft", keys::PREFER),
    synonym(Meaning::WhichKey, "preferred", keys::PREFER),
    synonym(Meaning::WhichKey, "prefer", keys::PREFER),
];

/// What a written word stands for, where a word of this meaning is looked for.
#[must_use]
pub fn synonym_of(written: &str, meaning: Meaning) -> Option<&'static str> {
    SYNONYMS
        .iter()
        .find(|synonym| synonym.meaning == meaning && synonym.written == written)
        .map(|synonym| synonym.meant)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn reserved_words_are_unique_and_the_lists_agree_with_them() {
        let mut seen = BTreeSet::new();
        for reserved in RESERVED {
            assert!(seen.insert(reserved.text), "{} twice", reserved.text);
            assert!(reserved.form.contains(reserved.text), "{}", reserved.text);
        }
        let with =
            |role| RESERVED.iter().filter(|r| r.role == role).map(|r| r.text).collect::<Vec<_>>();
        assert_eq!(with(Role::Relation), RELATIONS);
        assert_eq!(with(Role::Modifier), MODIFIERS);
        for modifier in MODIFIERS {
            assert!(!relations_with(modifier).is_empty(), "{modifier}");
        }
        for list in [POD_MODIFIERS, NODE_MODIFIERS, SPREAD_MODIFIERS, AT_MOST_MODIFIERS] {
            assert!(list.iter().all(|text| find(text).is_some()));
        }
        let kind = |target: &&str| target.split(['/', '(']).next().and_then(find).map(|r| r.role);
        assert!(POD_TARGETS.iter().all(|t| kind(t) == Some(Role::PodKind)));
        assert!(
            NODE_TARGETS.iter().all(|t| *t == "LEVEL/VALUE" || kind(t) == Some(Role::NodeKind))
        );
    }

    #[test]
    fn synonyms_are_no_words_and_mean_words() {
        for synonym in SYNONYMS {
            match synonym.meaning {
                Meaning::Relation => assert!(RELATIONS.contains(&synonym.meant)),
                Meaning::Modifier => assert!(MODIFIERS.contains(&synonym.meant)),
                Meaning::Level => assert!(FREE_LEVELS.contains(&synonym.meant)),
                Meaning::Kind => assert!(find(synonym.meant).is_some()),
                Meaning::Key => assert!(keys::KEYS.iter().any(|key| key.name == synonym.meant)),
                Meaning::WhichKey => assert!(keys::find(synonym.meant).is_some()),
            }
            assert!(find(synonym.written).is_none(), "{} is a word", synonym.written);
        }
    }
}
