//! `spread over` and `at-most`: topology spread constraints, and the defaults they switch off.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::TopologySpreadConstraint;
use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::selector::Selector;
use placecard_language::intent::{
    AtMostRule, Level, Origin, PodRule, PodTarget, Relation, Rule, SpreadRule, Strength,
};
use placecard_language::keys;

use super::{Expander, nodes, pods};
use crate::change::Change;
use crate::frame::{Form, Own};
use crate::native;
use crate::object::Map;
use crate::trouble::Obstacle;

const HARD: &str = "DoNotSchedule";
const SOFT: &str = "ScheduleAnyway";
/// With fewer domains than minDomains the scheduler takes the global minimum as 0; no cluster has
/// so many (podtopologyspread/filtering.go, `minMatchNum`).
const NEVER_ENOUGH_DOMAINS: i32 = i32::MAX;
/// The scheduler's built-in soft constraints (podtopologyspread/plugin.go, `systemDefaultConstraints`).
const DEFAULTS: [(&str, i32); 2] =
    [("kubernetes.io/hostname", 3), ("topology.kubernetes.io/zone", 5)];

/// Expands one `spread over` or `at-most`.
pub(crate) fn expand(expander: &mut Expander<'_>, rule: &Rule) {
    match &rule.relation {
        Relation::Spread(spread) => {
            expander.note(&rule.origin, "topology spread");
            match spread_constraint(expander, spread, rule.strength) {
                Ok(constraint) => add(expander, rule, constraint),
                Err(obstacle) => expander.trouble(rule, obstacle),
            }
        }
        Relation::AtMost(at_most) if is_one_self(at_most) => one_self(expander, rule, at_most),
        Relation::AtMost(at_most) => {
            expander.note(&rule.origin, "topology spread");
            match at_most_constraint(expander, at_most) {
                Ok(constraint) => {
                    let selector = constraint.label_selector.as_ref().map(native::selector);
                    expander.look_at(rule, selector.unwrap_or_default());
                    add(expander, rule, constraint);
                }
                Err(obstacle) => expander.trouble(rule, obstacle),
            }
        }
        _ => {}
    }
}

fn is_one_self(rule: &AtMostRule) -> bool {
    rule.count == 1 && rule.target == PodTarget::Itself
}

/// `at-most 1 self`: anti-affinity and a node that has the level.
fn one_self(expander: &mut Expander<'_>, rule: &Rule, at_most: &AtMostRule) {
    let apart = PodRule {
        target: PodTarget::Itself,
        target_origin: at_most.target_origin.clone(),
        namespaces: None,
        same: Vec::new(),
        other: Vec::new(),
        level: at_most.level.clone(),
        across_revisions: at_most.across_revisions,
    };
    expander.note(&rule.origin, "pod anti-affinity");
    match pods::native_term(expander, &apart, false) {
        Ok(term) => {
            pods::require_apart(expander, &rule.origin, term);
            nodes::require_label(expander, rule, &at_most.level.key);
        }
        Err(obstacle) => expander.trouble(rule, obstacle),
    }
}

fn spread_constraint(
    expander: &Expander<'_>,
    spread: &SpreadRule,
    strength: Strength,
) -> Result<TopologySpreadConstraint, Obstacle> {
    let hard = strength == Strength::Required;
    let mut constraint =
        self_constraint(expander, &spread.level, spread.across_revisions, spread.max_skew)?;
    constraint.when_unsatisfiable = if hard { HARD } else { SOFT }.to_owned();
    constraint.min_domains = spread.min_domains.map(number);
    constraint.node_taints_policy = (hard && !spread.ignore_taints).then(|| "Honor".to_owned());
    constraint.node_affinity_policy = spread.ignore_node_rules.then(|| "Ignore".to_owned());
    Ok(constraint)
}

fn number(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A constraint that counts `self`, in the revision of the pod unless across revisions.
fn self_constraint(
    expander: &Expander<'_>,
    level: &Level,
    across_revisions: bool,
    max_skew: u32,
) -> Result<TopologySpreadConstraint, Obstacle> {
    let pods = expander.resolve(&PodTarget::Itself)?;
    let mut selector = pods.selector;
    let mut keys = pods.keys;
    if let Some(label) = expander.frame.revision.as_ref().filter(|_| !across_revisions) {
        match (expander.frame.form, expander.frame.labels.get(label)) {
            (Form::Template, _) => keys.push(label.clone()),
            (Form::Pod, Some(value)) => {
                selector.requirements.push(Requirement::one_of(label, &[value.as_str()]));
            }
            (Form::Pod, None) => {}
        }
    }
    Ok(TopologySpreadConstraint {
        label_selector: Some(native::native_selector(&selector)),
        match_label_keys: (!keys.is_empty()).then_some(keys),
        max_skew: number(max_skew),
        topology_key: level.key.clone(),
        ..Default::default()
    })
}

fn at_most_constraint(
    expander: &Expander<'_>,
    rule: &AtMostRule,
) -> Result<TopologySpreadConstraint, Obstacle> {
    let mut constraint = if rule.target == PodTarget::Itself {
        self_constraint(expander, &rule.level, rule.across_revisions, rule.count)?
    } else {
        let pods = expander.resolve(&rule.target)?;
        if let Some(namespace) = pods.namespace.filter(|name| name != expander.frame.namespace) {
            return Err(Obstacle::OtherNamespace { namespace });
        }
        let selector = if pods.selector.is_everything() {
            // An empty selector would count no pod at all.
            Selector {
                requirements: vec![native::bare_requirement(keys::NEVER, Operator::DoesNotExist)],
            }
        } else {
            pods.selector
        };
        TopologySpreadConstraint {
            label_selector: Some(native::native_selector(&selector)),
            max_skew: number(rule.count),
            topology_key: rule.level.key.clone(),
            ..Default::default()
        }
    };
    constraint.when_unsatisfiable = HARD.to_owned();
    constraint.min_domains = Some(NEVER_ENOUGH_DOMAINS);
    constraint.node_affinity_policy = Some("Ignore".to_owned());
    constraint.node_taints_policy = Some("Ignore".to_owned());
    Ok(constraint)
}

/// Adds a constraint: the API allows one per topology key and whenUnsatisfiable.
fn add(expander: &mut Expander<'_>, rule: &Rule, constraint: TopologySpreadConstraint) {
    let ours = meaning(&constraint, expander.frame.labels);
    expander.present.wanted_spread.insert(ours.clone());
    match expander.present.spread.get(&ours.slot()) {
        Some((_, present)) if *present == ours => {}
        Some((index, _)) => {
            let obstacle = Obstacle::SecondSpread {
                rival: expander.spread_source(*index),
                hard: constraint.when_unsatisfiable == HARD,
                key: constraint.topology_key.clone(),
            };
            expander.trouble(rule, obstacle);
        }
        None => push(expander, &rule.origin, constraint, ours),
    }
}

fn push(
    expander: &mut Expander<'_>,
    origin: &Origin,
    constraint: TopologySpreadConstraint,
    meaning: Meaning,
) {
    let index = expander.spec.spread.len();
    expander.present.spread.insert(meaning.slot(), (index, meaning));
    expander.push(origin, Change::Spread(constraint));
}

/// `at-most` of other pods sees only nodes that carry the keys of all hard constraints, so beside
/// a constraint on another key it would count too few.
pub(crate) fn check_at_most(expander: &mut Expander<'_>, rules: &[Rule]) {
    for rule in rules {
        let Relation::AtMost(at_most) = &rule.relation else { continue };
        if at_most.target == PodTarget::Itself {
            continue;
        }
        let other = expander.spec.spread.iter().position(|constraint| {
            constraint.when_unsatisfiable == HARD && constraint.topology_key != at_most.level.key
        });
        if let Some(index) = other {
            let rival = expander.spread_source(index);
            expander.trouble(rule, Obstacle::AtMostUndercounts { rival });
        }
    }
}

/// The first constraint of a pod switches off the scheduler's built-in soft ones: they are added,
/// unless the user switched them off before, with a constraint that is neither a rule's nor one of
/// them.
pub(crate) fn keep_defaults(expander: &mut Expander<'_>) {
    if expander.present.wanted_spread.is_empty()
        || !expander.frame.default_spread
        || matches!(expander.frame.own, Own::NoLabels)
    {
        return;
    }
    let mut defaults = Vec::new();
    for (key, max_skew) in DEFAULTS {
        let level = Level { name: key.to_owned(), key: key.to_owned() };
        let constraint = self_constraint(expander, &level, false, max_skew.unsigned_abs());
        let Ok(mut constraint) = constraint else { return };
        constraint.when_unsatisfiable = SOFT.to_owned();
        let meaning = meaning(&constraint, expander.frame.labels);
        expander.present.wanted_spread.insert(meaning.clone());
        defaults.push((constraint, meaning));
    }
    let wanted = &expander.present.wanted_spread;
    if expander.present.written_spread.iter().any(|written| !wanted.contains(written)) {
        return;
    }
    for (constraint, meaning) in defaults {
        if !expander.present.spread.contains_key(&meaning.slot()) {
            push(expander, &Origin::default(), constraint, meaning);
        }
    }
}

/// Everything that a constraint says, with defaults filled in and known label keys merged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Meaning {
    topology_key: String,
    when_unsatisfiable: String,
    max_skew: i32,
    min_domains: i32,
    node_affinity_policy: String,
    node_taints_policy: String,
    selector: Option<Selector>,
    /// `matchLabelKeys` whose values are not known.
    keys: BTreeSet<String>,
}

impl Meaning {
    /// What the API allows once in a pod.
    pub(crate) fn slot(&self) -> (String, String) {
        (self.topology_key.clone(), self.when_unsatisfiable.clone())
    }

    /// Whether it is one of the scheduler's built-in constraints, of whatever pods.
    pub(crate) fn is_default(&self) -> bool {
        DEFAULTS.contains(&(self.topology_key.as_str(), self.max_skew))
            && self.when_unsatisfiable == SOFT
    }
}

/// Reads a constraint as it stands in a pod with `labels`.
pub(crate) fn meaning(constraint: &TopologySpreadConstraint, labels: &Map) -> Meaning {
    let mut keys = BTreeSet::new();
    let selector = constraint.label_selector.as_ref().map(|selector| {
        let mut selector = native::selector(selector);
        for key in constraint.match_label_keys.iter().flatten() {
            match labels.get(key) {
                Some(value) => {
                    selector.requirements.push(Requirement::one_of(key, &[value.as_str()]));
                }
                None => {
                    keys.insert(key.clone());
                }
            }
        }
        selector.canonical()
    });
    let policy = |policy: &Option<String>, default: &str| {
        policy.clone().filter(|policy| !policy.is_empty()).unwrap_or_else(|| default.to_owned())
    };
    Meaning {
        topology_key: constraint.topology_key.clone(),
        when_unsatisfiable: constraint.when_unsatisfiable.clone(),
        max_skew: constraint.max_skew,
        min_domains: constraint.min_domains.unwrap_or(1),
        node_affinity_policy: policy(&constraint.node_affinity_policy, "Honor"),
        node_taints_policy: policy(&constraint.node_taints_policy, "Ignore"),
        selector,
        keys,
    }
}
