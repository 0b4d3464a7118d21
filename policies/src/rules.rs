//! The table of codes: the language's errors and the rules, in the order of the reference.

use std::sync::LazyLock;

use placecard_findings::{Code, Severity, Verdict};
use placecard_language::codes;

mod proofs;

pub use proofs::*;

use crate::family::Family;
use crate::fields::FieldRule;

mod on_cluster;

use on_cluster::ON_CLUSTER;
pub use on_cluster::{
    ANTI_AFFINITY_REPLICAS_EXCEED_DOMAINS, DAEMONSET_SELECTS_NO_NODE, FOREIGN_ANTI_AFFINITY_BLOCKS,
    GANG_EXCEEDS_DOMAINS, NAMESPACE_REFUSES_POD, NO_NODE_FITS, PDB_DRAIN_NO_SPARE_DOMAIN,
    PRIORITY_CLASS_REFUSED, QUOTA_BLOCKS_ROLLOUT, ROLLOUT_HOST_PORT, SELF_AFFINITY_TRAPPED,
    SOFT_TO_HARD_TRANSITION, SPREAD_CAPACITY_BOUND, SPREAD_COUNTS_UNUSABLE_DOMAIN,
    SPREAD_KEYS_NOT_ON_SAME_NODES, SPREAD_NODE_AFFINITY_POLICY_IGNORE, WOULD_WAIT,
};

/// Declares the rules that are files of their own, and lists them in the order of the reference.
macro_rules! files {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*
        /// The rules about fields that people write by hand.
        pub(crate) static FILES: &[FieldRule] = &[$($name::RULE),*];
    };
}

// A new rule is one line here, its file and its page.
files! {
    deprecated_node_label,
    removed_master_role,
    unknown_reserved_label_key,
    invalid_well_known_value,
    node_affinity_or_instead_of_and,
    not_default_scheduled,
    anti_affinity_misses_self,
    anti_affinity_selector_everything,
    match_label_key_absent,
    spread_selector_missing,
    spread_selector_empty,
    spread_misses_self,
    spread_over_pinned_key,
    daemonset_spread_noop,
    toleration_everything,
    toleration_unused_or_shadowed,
    pdb_zero_disruptions,
    affinity_target_absent,
    affinity_target_other_namespace,
    affinity_cycle_deadlock,
    anti_affinity_selects_other_apps,
    anti_affinity_wrong_namespace,
    namespace_selector_matches_nothing,
    pdb_overlap,
    pdb_selects_nothing,
    affinity_provider_disjoint,
    exclusion_groups_exceed_domains,
    storageclass_topology_conflict,
    runtimeclass_scheduling_conflict,
    near_target_without_readiness,
    daemonset_surge_conflict,
    daemonset_domain_anti_affinity,
    spread_no_revision_key,
    spread_drops_defaults,
    singleton_placement,
    rollout_host_port,
    spread_node_affinity_policy_ignore,
    spread_conflicting_constraints,
    statefulset_stuck_pending,
    affinity_weight_range,
    topology_key_empty,
    required_term_wrapped,
    node_field_selector,
    expression_operator,
    expression_values,
    label_syntax,
    spread_duplicate_constraint,
    spread_skew_range,
    spread_min_domains_range,
    spread_min_domains_soft,
    spread_word,
    label_keys_without_selector,
    label_key_twice,
    toleration_operator,
    toleration_exists_value,
    toleration_seconds_effect,
    toleration_effect,
    selector_misses_template,
    request_exceeds_limit,
    extended_resource_limit,
    extended_resource_fraction,
    hugepages_alone,
    memory_in_thousandths,
    limit_range_exceeded,
    request_exceeds_largest_node,
    node_affinity_empty_term,
    node_affinity_unparsable_value,
    node_affinity_dead_term,
    preferred_node_term_dead,
    preferred_pod_term_useless,
    anti_affinity_selector_null,
    hostname_pin,
    node_name_bypasses_scheduler,
    os_field_vs_selector,
    toleration_value_mismatch,
    toleration_without_targeting,
    selector_targets_tainted_pool,
    emptydir_is_not_shared,
    critical_best_effort,
    misspelt_prefix,
    placement_field_misplaced,
}

/// What is known about a code besides its findings.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The public name.
    pub code: Code,
    /// What it is about: it is selected and weighed with these.
    pub family: Family,
    /// Severity of its findings, before overrides; single findings may be milder.
    pub severity: Severity,
    /// What kind of statement it makes.
    pub verdict: Verdict,
    /// One line for `placecard rules`, without a full stop.
    pub summary: &'static str,
    /// The Markdown page: manual, text of `placecard explain`, and test cases.
    pub page: &'static str,
    /// What it has to see.
    pub sees: Sees,
}

/// What a rule has to see, besides the fields that placement depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    /// Nothing else: webhook and linter report it alike.
    Placement,
    /// The object as it is written; an API server has read it before a webhook sees it.
    Text,
    /// The other objects of the same input.
    Inputs,
}

const fn rule(
    code: Code,
    family: Family,
    severity: Severity,
    verdict: Verdict,
    summary: &'static str,
    page: &'static str,
) -> Rule {
    Rule { code, family, severity, verdict, summary, page, sees: Sees::Placement }
}

/// The row of a risk, or of something without effect.
pub(crate) const fn risk(
    code: Code,
    family: Family,
    summary: &'static str,
    page: &'static str,
    sees: Sees,
) -> Rule {
    Rule { code, family, severity: Severity::Warning, verdict: Verdict::Risk, summary, page, sees }
}

/// The row of what the API server refuses.
pub(crate) const fn refusal(
    code: Code,
    family: Family,
    summary: &'static str,
    page: &'static str,
) -> Rule {
    let (severity, verdict) = (Severity::Error, Verdict::ApiRejects);
    Rule { code, family, severity, verdict, summary, page, sees: Sees::Text }
}

/// The rules that stand on the engine's proofs: an entry here, and a page.
static OTHERS: &[Rule] = &[
    rule(
        NODE_SELECTOR_CONTRADICTS_AFFINITY,
        Family::Node,
        Severity::Error,
        Verdict::Contradictory,
        "nodeSelector and another demand exclude each other on every node",
        include_str!("rules/node_selector_contradicts_affinity.md"),
    ),
    rule(
        NODE_AFFINITY_UNSATISFIABLE,
        Family::Node,
        Severity::Error,
        Verdict::Contradictory,
        "the demands of one pod on its node exclude one another",
        include_str!("rules/node_affinity_unsatisfiable.md"),
    ),
    rule(
        AFFINITY_CONTRADICTS_ANTI_AFFINITY,
        Family::Affinity,
        Severity::Error,
        Verdict::Contradictory,
        "required near and apart from the same pods in one level",
        include_str!("rules/affinity_contradicts_anti_affinity.md"),
    ),
    rule(
        SELF_AFFINITY_VS_SELF_ANTI_AFFINITY,
        Family::Affinity,
        Severity::Error,
        Verdict::ContradictoryGroup,
        "replicas are required near and apart from one another in one level",
        include_str!("rules/self_affinity_vs_self_anti_affinity.md"),
    ),
    rule(
        ANTI_AFFINITY_REPLICAS_EXCEED_ALLOWED,
        Family::Affinity,
        Severity::Error,
        Verdict::ContradictoryGroup,
        "more replicas than domains that are allowed, with one replica to a domain",
        include_str!("rules/anti_affinity_replicas_exceed_allowed.md"),
    ),
    rule(
        SPREAD_MIN_DOMAINS_UNREACHABLE,
        Family::Spread,
        Severity::Error,
        Verdict::ContradictoryGroup,
        "more replicas than the allowed domains may hold",
        include_str!("rules/spread_min_domains_unreachable.md"),
    ),
    rule(
        SINGLE_WRITER_VOLUME_SHARED,
        Family::Volumes,
        Severity::Error,
        Verdict::ContradictoryGroup,
        "replicas share a claim that one pod at a time may use",
        include_str!("rules/single_writer_volume_shared.md"),
    ),
    rule(
        HPA_MAX_EXCEEDS_DOMAINS,
        Family::Rollout,
        Severity::Warning,
        Verdict::ContradictoryGroup,
        "an autoscaler may ask for more replicas than can ever run",
        include_str!("rules/hpa_max_exceeds_domains.md"),
    ),
    rule(
        ROLLOUT_NEEDS_SPARE_DOMAIN,
        Family::Rollout,
        Severity::Error,
        Verdict::ContradictoryUpdate,
        "no update can begin while all replicas run",
        include_str!("rules/rollout_needs_spare_domain.md"),
    ),
    rule(
        POD_AFFINITY_TERMS_NO_COMMON_POD,
        Family::Affinity,
        Severity::Error,
        Verdict::Contradictory,
        "no pod can match all required pod affinity terms",
        include_str!("rules/pod_affinity_terms_no_common_pod.md"),
    ),
    rule(
        POD_AFFINITY_SELECTOR_NULL,
        Family::Affinity,
        Severity::Error,
        Verdict::Contradictory,
        "a required pod affinity term without a selector matches no pod",
        include_str!("rules/pod_affinity_selector_null.md"),
    ),
    rule(
        LABEL_SELECTOR_UNSATISFIABLE,
        Family::Affinity,
        Severity::Error,
        Verdict::Contradictory,
        "a selector demands two values of one label",
        include_str!("rules/label_selector_unsatisfiable.md"),
    ),
    rule(
        PV_AFFINITY_CONFLICT,
        Family::Volumes,
        Severity::Error,
        Verdict::NoInventory,
        "no node that the pod may use reaches the volume of its claim",
        include_str!("rules/pv_affinity_conflict.md"),
    ),
    rule(
        REPLICAS_NOT_DIVISIBLE,
        Family::Coordination,
        Severity::Error,
        Verdict::Uncoordinated,
        "the replicas of a role are no whole batches",
        include_str!("rules/replicas_not_divisible.md"),
    ),
    rule(
        UNEQUAL_BATCHES,
        Family::Coordination,
        Severity::Error,
        Verdict::Uncoordinated,
        "the roles of a coordination are enough for different numbers of batches",
        include_str!("rules/unequal_batches.md"),
    ),
    rule(
        BATCH_NEVER_COMPLETE,
        Family::Coordination,
        Severity::Error,
        Verdict::Uncoordinated,
        "pods of a batch wait for pods that come only after them",
        include_str!("rules/batch_never_complete.md"),
    ),
    rule(
        BATCH_KEPT_APART,
        Family::Coordination,
        Severity::Error,
        Verdict::Uncoordinated,
        "the pods of a batch exclude one another in its one domain",
        include_str!("rules/batch_kept_apart.md"),
    ),
    rule(
        READY_WITHOUT_PROBE,
        Family::Coordination,
        Severity::Warning,
        Verdict::Risk,
        "sequential batches of pods that are ready as soon as they run",
        include_str!("rules/ready_without_probe.md"),
    ),
    rule(
        BATCH_FITS_NO_DOMAIN,
        Family::Coordination,
        Severity::Warning,
        Verdict::NoInventory,
        "no domain of the cluster could hold a batch, even empty",
        include_str!("rules/batch_fits_no_domain.md"),
    ),
    rule(
        TOPOLOGY_LABEL_MISSING,
        Family::Coordination,
        Severity::Error,
        Verdict::NoInventory,
        "nodes lack the label whose values are the domains of batches",
        include_str!("rules/topology_label_missing.md"),
    ),
    rule(
        ROLES_SHARE_NO_DOMAIN,
        Family::Coordination,
        Severity::Error,
        Verdict::Uncoordinated,
        "the node rules of two roles leave no domain for a batch of both",
        include_str!("rules/roles_share_no_domain.md"),
    ),
    rule(
        AUTOSCALER_BREAKS_BATCHES,
        Family::Coordination,
        Severity::Warning,
        Verdict::Risk,
        "an autoscaler may ask for replicas that make no whole batches",
        include_str!("rules/autoscaler_breaks_batches.md"),
    ),
    rule(
        OTHER_EXCLUSIVE_DOMAIN,
        Family::Coordination,
        Severity::Warning,
        Verdict::Risk,
        "another controller keeps the pods of a member to domains of its own",
        include_str!("rules/other_exclusive_domain.md"),
    ),
    rule(
        NOT_COORDINATED,
        Family::Coordination,
        Severity::Error,
        Verdict::Uncoordinated,
        "a workload plays a role, and its template does not name the coordination",
        include_str!("rules/not_coordinated.md"),
    ),
    rule(
        PLAYS_NO_ROLE,
        Family::Coordination,
        Severity::Error,
        Verdict::Uncoordinated,
        "a template names a coordination in which its workload plays no role",
        include_str!("rules/plays_no_role.md"),
    ),
    rule(
        SECOND_POD_AFFINITY_TERM,
        Family::Coordination,
        Severity::Error,
        Verdict::NotExpressible,
        "the batch would be a second required pod affinity term",
        include_str!("rules/second_pod_affinity_term.md"),
    ),
    rule(
        NOT_APPLIED,
        Family::Language,
        Severity::Error,
        Verdict::Unresolved,
        "the pod's fields lack what its rules become",
        include_str!("rules/not_applied.md"),
    ),
    rule(
        WORD_IN_USE,
        Family::Language,
        Severity::Error,
        Verdict::NotAllowed,
        "the vocabulary is about to lose words that workloads use",
        include_str!("rules/word_in_use.md"),
    ),
    rule(
        RULE_NO_LONGER_HOLDS,
        Family::Cluster,
        Severity::Error,
        Verdict::Risk,
        "a rule of running pods does not hold any longer where they run",
        include_str!("rules/rule_no_longer_holds.md"),
    ),
    rule(
        CANNOT_BE_PLACED,
        Family::Cluster,
        Severity::Error,
        Verdict::CrowdedOut,
        "no node takes a pending pod",
        include_str!("rules/cannot_be_placed.md"),
    ),
    rule(
        NO_PLACE_WITHOUT,
        Family::Cluster,
        Severity::Error,
        Verdict::NoInventory,
        "pods of nodes that are lost have no place on the others",
        include_str!("rules/no_place_without.md"),
    ),
    rule(
        FIELD_TYPE,
        Family::Files,
        Severity::Error,
        Verdict::ApiRejects,
        "a field has a type that the API server refuses",
        include_str!("rules/field_type.md"),
    ),
    rule(
        SELECTOR_VALUE_NOT_STRING,
        Family::Node,
        Severity::Error,
        Verdict::ApiRejects,
        "a value of a selector is a number or a boolean, and no string",
        include_str!("rules/selector_value_not_string.md"),
    ),
    rule(
        COORDINATION_PRUNED,
        Family::Coordination,
        Severity::Error,
        Verdict::ApiRejects,
        "the API server does not keep the coordinations inside a RoleBasedGroup",
        include_str!("rules/coordination_pruned.md"),
    ),
    rule(
        UNUSED_IGNORE,
        Family::Language,
        Severity::Warning,
        Verdict::Risk,
        "an ignore silences nothing",
        include_str!("rules/unused_ignore.md"),
    ),
];

/// The pages of the language's errors, by code.
static PAGES: &[(Code, Family, &str)] = &[
    (codes::UNKNOWN_KEY, Family::Language, include_str!("rules/unknown_key.md")),
    (codes::UNKNOWN_RELATION, Family::Language, include_str!("rules/unknown_relation.md")),
    (codes::UNKNOWN_WORD, Family::Language, include_str!("rules/unknown_word.md")),
    (codes::UNKNOWN_TARGET, Family::Language, include_str!("rules/unknown_target.md")),
    (codes::UNKNOWN_LEVEL, Family::Language, include_str!("rules/unknown_level.md")),
    (codes::UNKNOWN_POOL, Family::Language, include_str!("rules/unknown_pool.md")),
    (codes::UNKNOWN_TRUST_DOMAIN, Family::Language, include_str!("rules/unknown_trust_domain.md")),
    (codes::UNKNOWN_RESOURCE, Family::Language, include_str!("rules/unknown_resource.md")),
    (codes::WEIGHT_RANGE, Family::Language, include_str!("rules/weight_range.md")),
    (codes::WEIGHT_IN_REQUIRE, Family::Language, include_str!("rules/weight_in_require.md")),
    (codes::MISSING_TARGET, Family::Language, include_str!("rules/missing_target.md")),
    (codes::SELECTOR_SYNTAX, Family::Language, include_str!("rules/selector_syntax.md")),
    (codes::DUPLICATE_MODIFIER, Family::Language, include_str!("rules/duplicate_modifier.md")),
    (codes::EMPTY_VALUE, Family::Language, include_str!("rules/empty_value.md")),
    (codes::NO_EFFECT_HERE, Family::Language, include_str!("rules/no_effect_here.md")),
    (codes::NOT_EXPRESSIBLE, Family::Language, include_str!("rules/not_expressible.md")),
    (codes::POOL_NOT_ALLOWED, Family::Language, include_str!("rules/pool_not_allowed.md")),
    (
        codes::TRUST_DOMAIN_NOT_ALLOWED,
        Family::Language,
        include_str!("rules/trust_domain_not_allowed.md"),
    ),
    (codes::UNRESOLVED, Family::Language, include_str!("rules/unresolved.md")),
    (codes::SELF_HAS_NO_LABELS, Family::Language, include_str!("rules/self_has_no_labels.md")),
    (codes::SCHEDULER_BYPASSED, Family::Language, include_str!("rules/scheduler_bypassed.md")),
    (codes::INVALID_INTENT, Family::Language, include_str!("rules/invalid_intent.md")),
    (codes::NUMBER_RANGE, Family::Language, include_str!("rules/number_range.md")),
    (codes::VALUE_SYNTAX, Family::Language, include_str!("rules/value_syntax.md")),
    (codes::TOLERATION_SYNTAX, Family::Language, include_str!("rules/toleration_syntax.md")),
    (codes::MISPLACED_WORD, Family::Language, include_str!("rules/misplaced_word.md")),
    (codes::MISSING_LABEL, Family::Language, include_str!("rules/missing_label.md")),
    (
        codes::APART_FROM_NOT_ALLOWED,
        Family::Language,
        include_str!("rules/apart_from_not_allowed.md"),
    ),
    (codes::UNKNOWN_ROLE, Family::Coordination, include_str!("rules/unknown_role.md")),
    (codes::ROLE_RATIO, Family::Coordination, include_str!("rules/role_ratio.md")),
    (codes::ROLE_PLACED_TWICE, Family::Coordination, include_str!("rules/role_placed_twice.md")),
    (codes::NO_ORDINAL, Family::Coordination, include_str!("rules/no_ordinal.md")),
    (
        codes::SEQUENTIAL_NEEDS_GATE,
        Family::Coordination,
        include_str!("rules/sequential_needs_gate.md"),
    ),
    (codes::DEPRECATED_WORD, Family::Language, include_str!("rules/deprecated_word.md")),
];

/// All codes that a review can give.
pub static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let page = |code: Code| PAGES.iter().find(|(paged, ..)| *paged == code);
    let language = codes::CODES.iter().filter_map(|entry| {
        let severity = match entry.verdict {
            Verdict::Unresolved | Verdict::Risk => Severity::Warning,
            _ => Severity::Error,
        };
        let (code, family, page) = *page(entry.code)?;
        Some(rule(code, family, severity, entry.verdict, entry.summary, page))
    });
    language
        .chain(OTHERS.iter().copied())
        .chain(ON_CLUSTER.iter().copied())
        .chain(FILES.iter().map(|file| file.rule))
        .collect()
});

/// Whether a code is that of a rule about fields that people write by hand.
#[must_use]
pub fn is_about_fields(code: &str) -> bool {
    FILES.iter().any(|file| file.rule.code.as_str() == code)
}

/// The row of a code by its name.
#[must_use]
pub fn find(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code.as_str() == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_there_once_with_its_page() {
        let mut seen = BTreeSet::new();
        for rule in RULES.iter() {
            assert!(seen.insert(rule.code.as_str()), "{} twice", rule.code);
            let title = rule.page.lines().next().unwrap_or_default();
            assert_eq!(title, format!("# {}", rule.code));
            assert!(!rule.summary.ends_with('.') && !rule.summary.is_empty());
            assert_eq!(find(rule.code.as_str()).unwrap().code, rule.code);
        }
        let without: Vec<&str> = codes::CODES
            .iter()
            .map(|entry| entry.code.as_str())
            .filter(|code| find(code).is_none())
            .collect();
        assert_eq!(without, Vec::<&str>::new());
    }
}
