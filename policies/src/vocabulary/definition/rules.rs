//! What the types' schema lacks: how lists are merged, closed sets of texts, and rules in CEL.
//!
//! Each rule is also a check of `placecard_language::vocabulary_check`, with the same words: a
//! vocabulary that the API server refuses, the linter refuses too. The other way round is not so:
//! what would cost too much here (two guards of two thousand pools), and what CEL can not say (a
//! misspelt field), is left to the webhook.

use placecard_language::keys;
use placecard_language::tolerate::EFFECTS;
use placecard_language::vocabulary::MAX_NAME;
use placecard_language::vocabulary_check::GUARD_EFFECTS;
use placecard_language::words::{FREE_LEVELS, RESERVED};
use serde_json::json;

use crate::resource_definition::{Addition, Rule, rule};
use crate::words::definition as words;

/// Fields, keywords and their values.
pub(super) fn additions() -> Vec<Addition> {
    const TYPE: &str = "x-kubernetes-list-type";
    const KEYS: &str = "x-kubernetes-list-map-keys";
    let mut added = Vec::new();
    // Their order says something, or they are short.
    for list in [
        "spec.levels",
        "spec.schedulers",
        "spec.limits.requiredApartFrom.levels",
        "spec.pools[].tolerations",
        "spec.workloads[].templates",
        "spec.nodeTemplates[].taints",
        "spec.nodeTemplates[].zones",
    ] {
        added.push((list, TYPE, json!("atomic")));
    }
    // Several owners may each apply entries of their own.
    for list in ["spec.pools", "spec.trustDomains", "spec.resources", "spec.nodeTemplates"] {
        added.extend([(list, TYPE, json!("map")), (list, KEYS, json!(["name"]))]);
    }
    let kinds = "spec.workloads";
    added.extend([(kinds, TYPE, json!("map")), (kinds, KEYS, json!(["apiVersion", "kind"]))]);
    for set in SETS_OF_NAMESPACES {
        added.push((set, TYPE, json!("set")));
    }
    let or_nothing = |values: &[&str]| {
        let values = values.iter().copied().filter(|value| !value.is_empty());
        json!(values.chain([""]).collect::<Vec<_>>())
    };
    added.extend([
        ("spec.pools[].guard.effect", "enum", json!(GUARD_EFFECTS)),
        ("spec.trustDomains[].guard.effect", "enum", json!(GUARD_EFFECTS)),
        ("spec.nodeTemplates[].taints[].effect", "enum", json!(EFFECTS)),
        ("spec.pools[].tolerations[].effect", "enum", or_nothing(EFFECTS)),
        ("spec.pools[].tolerations[].operator", "enum", or_nothing(&["Exists", "Equal"])),
    ]);
    for selector in ["spec.pools[].nodes", "spec.trustDomains[].nodes", "spec.resources[].nodes"] {
        added.push((selector, "minLength", json!(1)));
    }
    for map in [
        "spec.pools[].allowedNamespaces.matchLabels{}",
        "spec.trustDomains[].allowedNamespaces.matchLabels{}",
        "spec.agents.matchLabels{}",
        "spec.nodeTemplates[].labels{}",
        "spec.nodeTemplates[].allocatable{}",
    ] {
        added.push((map, "maxLength", json!(MAX_NAME)));
    }
    added
}

const SETS_OF_NAMESPACES: [&str; 3] = [
    "spec.pools[].allowedNamespaces.names",
    "spec.trustDomains[].allowedNamespaces.names",
    "spec.agents.names",
];

/// All rules, in the order of the fields.
#[must_use]
pub fn rules() -> Vec<Rule> {
    let mut rules = vec![rule(
        "",
        format!("self.metadata.name == '{}'", keys::VOCABULARY_NAME),
        words::NAME_OF_VOCABULARY,
    )];
    rules.extend(of_levels());
    for list in ["spec.levels[]", "spec.pools[]", "spec.resources[]", "spec.nodeTemplates[]"] {
        rules.push(rule(list, "self.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')", words::NAME));
    }
    rules.push(rule("spec.levels[]", reserved(FREE_LEVELS), words::RESERVED));
    for list in ["spec.pools[]", "spec.resources[]"] {
        rules.push(rule(list, reserved(&[]), words::RESERVED));
    }
    const GUARDED: &str = "!has(self.allowedNamespaces) || has(self.guard)";
    rules.extend([
        rule("spec.pools[]", GUARDED, words::UNGUARDED_POOL),
        rule("spec.trustDomains[]", GUARDED, words::UNGUARDED_TRUST_DOMAIN),
        rule(
            "spec.trustDomains[]",
            "self.name.matches('^[^ \\\\t\\\\n\\\\r;]+$')",
            words::TRUST_DOMAIN,
        ),
    ]);
    rules.extend(of_tolerations());
    rules.extend([
        rule(
            "spec.resources[]",
            "!has(self.uid) || self.uid.matches('^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')",
            words::UID,
        ),
        rule("spec.workloads[]", "self.templates.size() > 0", words::NO_TEMPLATES),
        rule(
            "spec.workloads[].templates[]",
            "self.matches('^(/([^/~]|~[01])+)+$')",
            words::TEMPLATE,
        ),
        rule(
            "spec.nodeTemplates[].allocatable",
            "self.all(name, isQuantity(self[name]))",
            words::AMOUNT,
        ),
        rule(
            "spec.nodeTemplates[].count",
            "!has(self.min) || !has(self.max) || self.min <= self.max",
            words::COUNT,
        ),
    ]);
    rules
}

/// Levels, and what names one.
fn of_levels() -> Vec<Rule> {
    // A vocabulary without levels has the well-known ones; `node` is there always.
    let named = |name: &str| {
        format!(
            "{name} == 'node' || (has(self.levels) && self.levels.size() > 0 ? \
             self.levels.exists(level, level.name == {name}) : {name} in ['region', 'zone'])"
        )
    };
    let limited = format!(
        "!has(self.limits) || !has(self.limits.requiredApartFrom) || \
         !has(self.limits.requiredApartFrom.levels) || \
         self.limits.requiredApartFrom.levels.all(name, {})",
        named("name")
    );
    let service_domain = format!("!has(self.serviceDomain) || {}", named("self.serviceDomain"));
    vec![
        rule("spec", service_domain, words::SERVICE_DOMAIN),
        rule("spec", limited, words::LIMITED_LEVEL),
        rule(
            "spec.levels",
            "self.all(level, self.exists_one(other, other.name == level.name))",
            words::TWICE,
        ),
        rule(
            "spec.levels",
            "self.size() == 0 || !self.exists(level, level.name == 'node') || \
             self[self.size() - 1].name == 'node'",
            words::NODE_NOT_LAST,
        ),
        rule(
            "spec.levels[]",
            "self.name != 'node' || self.key == 'kubernetes.io/hostname'",
            words::NODE_KEY,
        ),
        rule("spec.levels[]", "self.key.contains('/')", words::UNQUALIFIED),
        rule("spec.levels[]", "!has(self.format) || self.format.contains('{n}')", words::FORMAT),
    ]
}

fn of_tolerations() -> Vec<Rule> {
    let at = "spec.pools[].tolerations[]";
    vec![
        rule(at, "has(self.key) && self.key != ''", words::EMPTY_KEY),
        rule(
            at,
            "!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
            words::VALUE_BESIDE_EXISTS,
        ),
        rule(
            at,
            "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
            words::SECONDS,
        ),
    ]
}

/// The name is no word of rules, but for these.
fn reserved(free: &[&str]) -> String {
    let words = RESERVED.iter().map(|word| word.text).filter(|word| !free.contains(word));
    // Only what could be a name at all.
    let plain = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let words: Vec<String> = words.filter(plain).map(|word| format!("'{word}'")).collect();
    format!("!(self.name in [{}])", words.join(", "))
}
