//! The one table of the language's codes.
//!
//! One mistake has one code, in an annotation or in native YAML, in the linter or in the webhook.

use placecard_findings::{Code, Verdict};

/// One code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// Its public name.
    pub code: Code,
    /// What kind of statement it is.
    pub verdict: Verdict,
    /// What it says, for the reference.
    pub summary: &'static str,
}

/// A key under our prefix that does not exist, or not in this release.
pub const UNKNOWN_KEY: Code = Code::new("unknown-key");
/// A rule begins with a word that is no relation.
pub const UNKNOWN_RELATION: Code = Code::new("unknown-relation");
/// A word that means nothing where it stands.
pub const UNKNOWN_WORD: Code = Code::new("unknown-word");
/// A target of no known kind, or of a kind that the relation does not take.
pub const UNKNOWN_TARGET: Code = Code::new("unknown-target");
/// A level that is neither a word of the vocabulary nor a qualified label key.
pub const UNKNOWN_LEVEL: Code = Code::new("unknown-level");
/// No pool has this name.
pub const UNKNOWN_POOL: Code = Code::new("unknown-pool");
/// No trust domain has this name.
pub const UNKNOWN_TRUST_DOMAIN: Code = Code::new("unknown-trust-domain");
/// No resource has this name.
pub const UNKNOWN_RESOURCE: Code = Code::new("unknown-resource");
/// A weight outside 1 to 100.
pub const WEIGHT_RANGE: Code = Code::new("weight-range");
/// A weight under `require`.
pub const WEIGHT_IN_REQUIRE: Code = Code::new("weight-in-require");
/// A rule that ends before its target, level or key.
pub const MISSING_TARGET: Code = Code::new("missing-target");
/// A selector that cannot be read.
pub const SELECTOR_SYNTAX: Code = Code::new("selector-syntax");
/// A modifier twice in one rule.
pub const DUPLICATE_MODIFIER: Code = Code::new("duplicate-modifier");
/// An annotation without a word in it.
pub const EMPTY_VALUE: Code = Code::new("empty-value");
/// An annotation, label or word where it has no effect.
pub const NO_EFFECT_HERE: Code = Code::new("no-effect-here");
/// Readable, but the fields of a pod cannot say it.
pub const NOT_EXPRESSIBLE: Code = Code::new("not-expressible");
/// A pool that is not for this namespace.
pub const POOL_NOT_ALLOWED: Code = Code::new("pool-not-allowed");
/// A trust domain that is not for this namespace.
pub const TRUST_DOMAIN_NOT_ALLOWED: Code = Code::new("trust-domain-not-allowed");
/// Something that a rule names does not exist, or cannot be read now.
pub const UNRESOLVED: Code = Code::new("unresolved");
/// `self` of a pod that carries no lasting label.
pub const SELF_HAS_NO_LABELS: Code = Code::new("self-has-no-labels");
/// A rule that only the scheduler could keep, on a pod that passes it by.
pub const SCHEDULER_BYPASSED: Code = Code::new("scheduler-bypassed");
/// A typed entry that cannot be read.
pub const INVALID_INTENT: Code = Code::new("invalid-intent");
/// A number outside its range.
pub const NUMBER_RANGE: Code = Code::new("number-range");
/// A name or value that its field does not take.
pub const VALUE_SYNTAX: Code = Code::new("value-syntax");
/// A toleration that cannot be read.
pub const TOLERATION_SYNTAX: Code = Code::new("toleration-syntax");
/// A word of the language that this rule or this annotation does not take.
pub const MISPLACED_WORD: Code = Code::new("misplaced-word");
/// `same` or `other` with a label that the pod lacks.
pub const MISSING_LABEL: Code = Code::new("missing-label");
/// A required `apart-from` beyond the vocabulary's limit.
pub const APART_FROM_NOT_ALLOWED: Code = Code::new("apart-from-not-allowed");
/// A coordination names a role that its object does not define.
pub const UNKNOWN_ROLE: Code = Code::new("unknown-role");
/// A coordinated role without a ratio, or a ratio of another role.
pub const ROLE_RATIO: Code = Code::new("role-ratio");
/// A role in two coordinations that place it.
pub const ROLE_PLACED_TWICE: Code = Code::new("role-placed-twice");
/// Sequential batches by affinity alone.
pub const SEQUENTIAL_NEEDS_GATE: Code = Code::new("sequential-needs-gate");
/// A pod of which nothing says which replica it is, in a coordination of several batches.
pub const NO_ORDINAL: Code = Code::new("no-ordinal");
/// A word of the vocabulary that is on its way out; a warning.
pub const DEPRECATED_WORD: Code = Code::new("deprecated-word");

const fn entry(code: Code, verdict: Verdict, summary: &'static str) -> ErrorCode {
    ErrorCode { code, verdict, summary }
}

/// All codes of the language, in the order of the reference.
pub static CODES: &[ErrorCode] = &[
    entry(UNKNOWN_KEY, Verdict::Language, "no annotation or label of this name is read"),
    entry(UNKNOWN_RELATION, Verdict::Language, "a rule begins with a word that is no relation"),
    entry(UNKNOWN_WORD, Verdict::Language, "a word means nothing where it stands"),
    entry(UNKNOWN_TARGET, Verdict::Language, "the target is of no kind that the relation takes"),
    entry(
        UNKNOWN_LEVEL,
        Verdict::Language,
        "the level is neither in the vocabulary nor a qualified label key",
    ),
    entry(UNKNOWN_POOL, Verdict::Language, "no pool of the vocabulary has this name"),
    entry(UNKNOWN_TRUST_DOMAIN, Verdict::Language, "no trust domain has this name"),
    entry(UNKNOWN_RESOURCE, Verdict::Language, "no resource of the vocabulary has this name"),
    entry(WEIGHT_RANGE, Verdict::Language, "a weight is a whole number from 1 to 100"),
    entry(WEIGHT_IN_REQUIRE, Verdict::Language, "a rule that must hold has no weight"),
    entry(MISSING_TARGET, Verdict::Language, "the rule ends before its target, level or key"),
    entry(SELECTOR_SYNTAX, Verdict::Language, "the selector does not read as kubectl reads it"),
    entry(DUPLICATE_MODIFIER, Verdict::Language, "a modifier stands twice in one rule"),
    entry(EMPTY_VALUE, Verdict::Language, "the annotation says nothing"),
    entry(NO_EFFECT_HERE, Verdict::Language, "the annotation or label has no effect where it is"),
    entry(NOT_EXPRESSIBLE, Verdict::NotExpressible, "the fields of a pod cannot say this"),
    entry(POOL_NOT_ALLOWED, Verdict::NotAllowed, "the pool is not for this namespace"),
    entry(
        TRUST_DOMAIN_NOT_ALLOWED,
        Verdict::NotAllowed,
        "the trust domain is not for this namespace",
    ),
    entry(UNRESOLVED, Verdict::Unresolved, "what the rule names does not exist yet"),
    entry(SELF_HAS_NO_LABELS, Verdict::NotExpressible, "`self` finds no lasting label on the pod"),
    entry(
        SCHEDULER_BYPASSED,
        Verdict::NotExpressible,
        "the pod has a nodeName, so no scheduler keeps its rules",
    ),
    entry(INVALID_INTENT, Verdict::Language, "a typed entry cannot be read"),
    entry(NUMBER_RANGE, Verdict::Language, "a number is outside its range"),
    entry(VALUE_SYNTAX, Verdict::Language, "a name or value has a form that its field lacks"),
    entry(TOLERATION_SYNTAX, Verdict::Language, "a toleration reads KEY[=[VALUE]][:EFFECT]"),
    entry(MISPLACED_WORD, Verdict::Language, "a word of the language that is not taken here"),
    entry(MISSING_LABEL, Verdict::NotExpressible, "the pod lacks the label of `same` or `other`"),
    entry(
        APART_FROM_NOT_ALLOWED,
        Verdict::NotAllowed,
        "the vocabulary limits required apart-from to some levels",
    ),
    entry(UNKNOWN_ROLE, Verdict::Language, "the coordination names a role that does not exist"),
    entry(ROLE_RATIO, Verdict::Language, "exactly the roles of a coordination have a ratio"),
    entry(ROLE_PLACED_TWICE, Verdict::Language, "two coordinations place the same role"),
    entry(
        SEQUENTIAL_NEEDS_GATE,
        Verdict::Language,
        "sequential batches wait, and affinity makes no pod wait",
    ),
    entry(NO_ORDINAL, Verdict::NotExpressible, "nothing says in which batch the pod is"),
    entry(DEPRECATED_WORD, Verdict::Risk, "the word is on its way out of the vocabulary"),
];

/// The entry of a code by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static ErrorCode> {
    CODES.iter().find(|entry| entry.code.as_str() == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let mut seen = BTreeSet::new();
        for entry in CODES {
            let name = entry.code.as_str();
            assert!(seen.insert(name), "{name} twice");
            assert!(
                name.split('-').all(|part| {
                    !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase())
                })
            );
            assert!(!entry.summary.is_empty() && entry.summary.len() <= 72, "{name}");
            assert_eq!(find(name), Some(entry));
        }
        assert_eq!(CODES.len(), 34);
    }
}
