//! What the types' schema lacks: how lists are merged, and rules in CEL.
//!
//! Each rule is also a check of `placecard_language::coordination::check`, with the same words: what
//! the API server refuses, the linter refuses too. The other way round is not so: what CEL can not
//! say (a misspelt field) is left to the webhook.

use placecard_language::coordination::MAX_RATIO;
use placecard_language::coordination::written::MAX_NAME;
use serde_json::json;

use crate::resource_definition::{Addition, Rule, rule};
use crate::words::definition as words;

/// One coordination of the spec.
const ONE: &str = "spec.coordination[]";
/// Its strategies.
const AFFINITY: &str = "spec.coordination[].strategy.affinityScheduling";
const ROLLING: &str = "spec.coordination[].strategy.rollingUpdate";

/// Fields, keywords and their values.
pub(super) fn additions() -> Vec<Addition> {
    const TYPE: &str = "x-kubernetes-list-type";
    const KEYS: &str = "x-kubernetes-list-map-keys";
    let mut added = vec![
        ("spec.coordination[].roles", TYPE, json!("set")),
        // The keys of a map have no bound of their own.
        ("spec.coordination[].strategy.affinityScheduling.ratios{}", "minimum", json!(1)),
        ("spec.coordination[].strategy.affinityScheduling.ratios{}", "maximum", json!(MAX_RATIO)),
    ];
    for (list, key) in [
        ("spec.roles", "name"),
        ("spec.coordination", "name"),
        ("status.coordinationStatus", "name"),
        ("status.conditions", "type"),
    ] {
        added.extend([(list, TYPE, json!("map")), (list, KEYS, json!([key]))]);
    }
    for list in ["spec.roles", "spec.coordination", "spec.coordination[].roles"] {
        added.push((list, "minItems", json!(1)));
    }
    added
}

/// All rules, in the order of the fields.
#[must_use]
pub fn rules() -> Vec<Rule> {
    let mut rules = of_roles();
    rules.extend([
        rule(
            "spec",
            "self.coordination.all(one, one.roles.all(role, self.roles.exists(of, of.name == role)))",
            words::UNKNOWN_ROLE,
        ),
        rule(
            "spec",
            "self.roles.all(role, self.coordination.filter(one, one.type == 'AffinityScheduling' \
             && role.name in one.roles).size() <= 1)",
            words::PLACED_TWICE,
        ),
        rule(
            ONE,
            format!(
                "self.name.size() <= {MAX_NAME} && \
                 self.name.matches('^[a-zA-Z0-9]([-a-zA-Z0-9_.]*[a-zA-Z0-9])?$')"
            ),
            words::COORDINATION_NAME,
        ),
        rule(
            ONE,
            "self.type == 'AffinityScheduling' ? has(self.strategy.affinityScheduling) : \
             has(self.strategy.rollingUpdate)",
            words::NO_STRATEGY,
        ),
        rule(
            ONE,
            "self.type == 'AffinityScheduling' ? !has(self.strategy.rollingUpdate) : \
             !has(self.strategy.affinityScheduling)",
            words::OTHER_STRATEGY,
        ),
        rule(
            ONE,
            "!has(self.strategy.affinityScheduling) || self.roles.all(role, role in \
             self.strategy.affinityScheduling.ratios)",
            words::NO_RATIO,
        ),
        rule(
            ONE,
            "!has(self.strategy.affinityScheduling) || \
             self.strategy.affinityScheduling.ratios.all(role, role in self.roles)",
            words::FOREIGN_RATIO,
        ),
    ]);
    rules.extend(of_affinity());
    for (field, least, said) in [
        ("maxUnavailableRatio", "[1-9]", words::MAX_UNAVAILABLE),
        ("maxSkew", "[0-9]", words::MAX_SKEW),
        ("partition", "[0-9]", words::PARTITION),
    ] {
        let form = format!("^0*(100|[1-9][0-9]|{least})%$");
        let holds = format!("!has(self.{field}) || self.{field}.matches('{form}')");
        rules.push(rule(ROLLING, holds, said));
    }
    rules
}

fn of_roles() -> Vec<Rule> {
    let at = "spec.roles[]";
    let mut rules = vec![
        rule(at, "self.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')", words::ROLE_NAME),
        rule(at, "!has(self.workloadRef) || !has(self.groupRef)", words::TWO_SOURCES),
        rule(at, "has(self.workloadRef) || has(self.groupRef)", words::NO_SOURCE),
        rule(at, "!has(self.role) || !has(self.workloadRef)", words::ROLE_OF_WORKLOAD),
    ];
    let known = placecard_language::coordination::GROUP_KINDS;
    let group = "self.groupRef.apiVersion.startsWith";
    let kinds: Vec<String> = known
        .iter()
        .map(|(of, kind, _)| format!("(self.groupRef.kind == '{kind}' && {group}('{of}/'))"))
        .collect();
    let is = format!("!has(self.groupRef) || {}", kinds.join(" || "));
    rules.push(rule(at, is, words::GROUP_KIND));
    rules.push(rule(
        at,
        "!has(self.groupRef) || self.groupRef.kind == 'LeaderWorkerSet' || has(self.role)",
        words::NO_ROLE_OF_GROUP,
    ));
    rules.push(rule(
        at,
        "!has(self.groupRef) || self.groupRef.kind != 'LeaderWorkerSet' || !has(self.role)",
        words::ROLE_OF_LEADER_WORKER_SET,
    ));
    let never = "!has(self.workloadRef) || !(self.workloadRef.kind in ['Pod', 'DaemonSet', \
                 'CronJob'] && self.workloadRef.apiVersion in ['v1', 'apps/v1', 'batch/v1'])";
    rules.push(rule(at, never, words::WORKLOAD_KIND));
    rules
}

fn of_affinity() -> Vec<Rule> {
    let gated = "self.placement == 'gated'";
    let by_default = "(!has(self.placement) && (!has(self.batchMode) || \
                      self.batchMode == 'Sequential'))";
    let is_gated = format!("({by_default} || (has(self.placement) && {gated}))");
    vec![
        rule(
            AFFINITY,
            "!has(self.topologyKey) || self.topologyKey.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?\
             ([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[a-zA-Z0-9]([-a-zA-Z0-9_.]{0,61}[a-zA-Z0-9])?$')",
            words::TOPOLOGY_KEY,
        ),
        rule(
            AFFINITY,
            "(has(self.batchMode) && self.batchMode == 'Parallel') || !has(self.placement) || \
             self.placement != 'affinity'",
            words::SEQUENTIAL_BY_AFFINITY,
        ),
        rule(AFFINITY, format!("!has(self.timeout) || {is_gated}"), words::TIMEOUT_OF_GATED),
        rule(AFFINITY, format!("!has(self.onTimeout) || {is_gated}"), words::ON_TIMEOUT_OF_GATED),
        rule(
            AFFINITY,
            "!has(self.onTimeout) || self.onTimeout != 'release' || has(self.timeout)",
            words::RELEASE_WITHOUT_TIMEOUT,
        ),
        rule(
            AFFINITY,
            "!has(self.timeout) || self.timeout.matches('^[+]?(([0-9]+([.][0-9]*)?|[.][0-9]+)\
             (ns|us|µs|μs|ms|s|m|h))+$')",
            words::TIMEOUT,
        ),
    ]
}
