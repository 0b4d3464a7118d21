//! `near` and `apart-from`: pod affinity and anti-affinity terms.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{PodAffinityTerm, WeightedPodAffinityTerm};
use placecard_feasibility::label::NAMESPACE_NAME;
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::selector::{self, Selector};
use placecard_language::intent::{Level, Origin, PodRule, PodTarget, Relation, Rule, Strength};

use super::Expander;
use super::present::pod_term;
use super::target::Pods;
use crate::change::Change;
use crate::frame::{Form, Frame};
use crate::native::{self, PodTerm};
use crate::trouble::{Obstacle, Rival};

/// A required affinity term that the pod has, and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Near {
    term: PodTerm,
    native: PodAffinityTerm,
    source: Rival,
}

/// Expands one `near` or `apart-from`.
pub(crate) fn expand(expander: &mut Expander<'_>, rule: &Rule) {
    let (pod_rule, toward) = match &rule.relation {
        Relation::Near(pod_rule) => (pod_rule, true),
        Relation::ApartFrom(pod_rule) => (pod_rule, false),
        _ => return,
    };
    let native = match native_term(expander, pod_rule, toward) {
        Ok(native) => native,
        Err(obstacle) => return expander.trouble(rule, obstacle),
    };
    // Required near is judged with the contradictions.
    if !toward || rule.strength != Strength::Required {
        let merged = native::merged_selector(&native, expander.frame.labels);
        expander.look_at(rule, merged.unwrap_or_default());
    }
    match (rule.strength, toward) {
        // Merged with the others once all are known.
        (Strength::Required, true) => {
            let term = pod_term(&native, expander.frame);
            let source = Rival::Rule(rule.origin.clone());
            expander.near.push((rule.clone(), Near { term, native, source }));
        }
        (Strength::Required, false) => {
            expander.note(&rule.origin, "pod anti-affinity");
            require_apart(expander, &rule.origin, native);
        }
        (Strength::Preferred { weight }, toward) => {
            prefer(expander, rule, native, i32::from(weight), toward);
        }
    }
}

/// The native term of a rule.
pub(crate) fn native_term(
    expander: &Expander<'_>,
    rule: &PodRule,
    toward: bool,
) -> Result<PodAffinityTerm, Obstacle> {
    let pods = expander.resolve(&rule.target)?;
    let mut term = by_level(expander, pods, &rule.level);
    if rule.target == PodTarget::Itself && !toward && !rule.across_revisions {
        by_revision(expander, &mut term);
    }
    let mut selector = term.label_selector.as_ref().map(native::selector).unwrap_or_default();
    for word in &rule.same {
        same_value(expander, &mut selector, &mut term, &word.text)
            .ok_or_else(|| Obstacle::MissingLabel { key: word.clone() })?;
    }
    for word in &rule.other {
        other_value(expander, &mut selector, &mut term, &word.text)
            .ok_or_else(|| Obstacle::MissingLabel { key: word.clone() })?;
    }
    if let Some(namespaces) = &rule.namespaces {
        let mut selector = native::rule_selector(namespaces);
        if !selector.is_everything() {
            // No change of meaning; kubernetes#141526 would otherwise read some selectors as every
            // namespace.
            let named = Requirement::exists(NAMESPACE_NAME);
            if !selector.requirements.contains(&named) {
                selector.requirements.push(named);
            }
        }
        term.namespaces = None;
        term.namespace_selector = Some(native::native_selector(&selector));
    }
    if expander.frame.form == Form::Template
        && (term.match_label_keys.is_some() || term.mismatch_label_keys.is_some())
        && !expander.surroundings.server.has_match_label_keys()
    {
        return Err(Obstacle::NeedsServer { minor: 31, in_place: expander.in_place });
    }
    term.label_selector = Some(native::native_selector(&selector));
    Ok(term)
}

fn by_level(expander: &Expander<'_>, pods: Pods, level: &Level) -> PodAffinityTerm {
    let foreign = pods.namespace.filter(|namespace| namespace != expander.frame.namespace);
    PodAffinityTerm {
        label_selector: Some(native::native_selector(&pods.selector)),
        match_label_keys: (!pods.keys.is_empty()).then_some(pods.keys),
        mismatch_label_keys: None,
        namespace_selector: None,
        namespaces: foreign.map(|namespace| vec![namespace]),
        topology_key: level.key.clone(),
    }
}

/// Only pods of the same revision: by key in a template, by value on a pod.
fn by_revision(expander: &Expander<'_>, term: &mut PodAffinityTerm) {
    let Some(label) = &expander.frame.revision else { return };
    if expander.frame.form == Form::Template {
        add_key(&mut term.match_label_keys, label);
        return;
    }
    let mut selector = term.label_selector.as_ref().map(native::selector).unwrap_or_default();
    if let Some(value) = expander.frame.labels.get(label) {
        selector.requirements.push(Requirement::one_of(label, &[value.as_str()]));
    }
    term.label_selector = Some(native::native_selector(&selector));
}

fn add_key(keys: &mut Option<Vec<String>>, key: &str) {
    let keys = keys.get_or_insert_default();
    if !keys.iter().any(|known| known == key) {
        keys.push(key.to_owned());
    }
}

/// `same KEY`. `None` if the pod lacks the label.
fn same_value(
    expander: &Expander<'_>,
    selector: &mut Selector,
    term: &mut PodAffinityTerm,
    key: &str,
) -> Option<()> {
    match (expander.frame.form, expander.frame.labels.get(key)) {
        (Form::Pod, value) => {
            let one = Requirement::one_of(key, &[value?.as_str()]);
            if !selector.requirements.contains(&one) {
                selector.requirements.push(one);
            }
        }
        (Form::Template, value) => {
            if value.is_none() && !expander.frame.may_carry(key) {
                return None;
            }
            add_key(&mut term.match_label_keys, key);
        }
    }
    Some(())
}

/// `other KEY`: another value, and the label is there. `None` if the pod lacks the label.
fn other_value(
    expander: &Expander<'_>,
    selector: &mut Selector,
    term: &mut PodAffinityTerm,
    key: &str,
) -> Option<()> {
    match (expander.frame.form, expander.frame.labels.get(key)) {
        (Form::Pod, value) => {
            selector.requirements.push(Requirement::none_of(key, &[value?.as_str()]));
        }
        (Form::Template, value) => {
            if value.is_none() && !expander.frame.may_carry(key) {
                return None;
            }
            add_key(&mut term.mismatch_label_keys, key);
        }
    }
    selector.requirements.push(native::bare_requirement(key, Operator::Exists));
    Some(())
}

/// Adds a required anti-affinity term unless a term that is there repels at least as much.
pub(crate) fn require_apart(expander: &mut Expander<'_>, origin: &Origin, native: PodAffinityTerm) {
    let wanted = pod_term(&native, expander.frame);
    if !expander.present.apart.implied(&wanted, implies) {
        expander.present.apart.insert(wanted);
        expander.push(origin, Change::PodAntiAffinity(native));
    }
}

fn prefer(
    expander: &mut Expander<'_>,
    rule: &Rule,
    native: PodAffinityTerm,
    weight: i32,
    toward: bool,
) {
    let what = if toward { "preferred pod affinity" } else { "preferred pod anti-affinity" };
    expander.note(&rule.origin, what);
    let wanted = pod_term(&native, expander.frame);
    if !expander.present.preferred_pods.insert((toward, weight, wanted)) {
        return;
    }
    let term = WeightedPodAffinityTerm { weight, pod_affinity_term: native };
    let change = if toward {
        Change::PreferredPodAffinity(term)
    } else {
        Change::PreferredPodAntiAffinity(term)
    };
    expander.push(&rule.origin, change);
}

/// All required `near` rules together: at most one term, the scheduler counts an existing pod only
/// if it matches all of them (interpodaffinity/filtering.go, `podMatchesAllAffinityTerms`).
pub(crate) fn merge_near(expander: &mut Expander<'_>) {
    let rules = std::mem::take(&mut expander.near);
    let written = Written::of(expander);
    let mut kept: Vec<(Rule, Near)> = Vec::new();
    let mut levels: BTreeMap<String, usize> = BTreeMap::new();
    for (rule, near) in rules {
        expander.note(&rule.origin, "pod affinity");
        if written.says(&near) {
            continue;
        }
        let level = near.term.term.topology_key.clone();
        let Some((_, other)) = levels.get(&level).and_then(|index| kept.get_mut(*index)) else {
            levels.insert(level, kept.len());
            kept.push((rule, near));
            continue;
        };
        match stronger(expander.frame, &other.term, &near.term) {
            Some(Stronger::First) => {}
            Some(Stronger::Second) => *other = near,
            None => {
                let obstacle = second_near(other, &near);
                expander.trouble(&rule, obstacle);
            }
        }
    }
    // Equivalent selectors in several levels may stand as several terms.
    let first = written.terms.first().cloned().or_else(|| Some(kept.first()?.1.clone()));
    for (rule, near) in kept {
        let rival = written.other_than(&near).or(first.as_ref());
        match rival.filter(|rival| anywhere(&rival.term) != anywhere(&near.term)) {
            Some(rival) => expander.trouble(&rule, second_near(rival, &near)),
            None => {
                let Rival::Rule(origin) = &near.source else { continue };
                expander.push(origin, Change::PodAffinity(near.native));
            }
        }
    }
}

fn second_near(rival: &Near, near: &Near) -> Obstacle {
    Obstacle::SecondNear {
        rival: Box::new(rival.source.clone()),
        rival_selects: selects(&rival.term.term),
        selects: selects(&near.term.term),
        clash: clash(&rival.term.term, &near.term.term),
    }
}

/// The hand-written required terms.
struct Written {
    terms: Vec<Near>,
    /// What they select, wherever: more than one is a pair that only counts pods of both.
    selected: BTreeSet<PodTerm>,
    /// The pod may be one that all of them select, so that it may start away from any other.
    may_start: bool,
}

/// Hand-written terms of one level that a rule is compared with; nobody writes more.
const MOST_WRITTEN: usize = 64;

impl Written {
    fn of(expander: &Expander<'_>) -> Self {
        let path = super::affinity_path("podAffinity");
        let terms = native::required_affinity(&expander.spec).iter().enumerate();
        let terms: Vec<Near> = terms
            .map(|(index, native)| Near {
                term: pod_term(native, expander.frame),
                native: native.clone(),
                source: Rival::Field(path.index(index)),
            })
            .collect();
        let selected = terms.iter().map(|near| anywhere(&near.term)).collect();
        let may_start = terms.iter().all(|near| selects_itself(expander.frame, &near.term));
        Self { terms, selected, may_start }
    }

    /// Whether the terms bring the pod where the rule wants it.
    fn says(&self, near: &Near) -> bool {
        let level = &near.term.term.topology_key;
        let here = self.terms.iter().filter(|term| term.term.term.topology_key == *level);
        here.take(MOST_WRITTEN).any(|written| {
            let equal = written.term == near.term && self.selected.len() == 1;
            equal || (!self.may_start && implies(&written.term, &near.term))
        })
    }

    /// The first that selects other pods.
    fn other_than(&self, near: &Near) -> Option<&Near> {
        let selected = anywhere(&near.term);
        self.terms.iter().find(|term| anywhere(&term.term) != selected)
    }
}

enum Stronger {
    First,
    Second,
}

/// Which of two terms of one level says what both say.
fn stronger(frame: &Frame<'_>, first: &PodTerm, second: &PodTerm) -> Option<Stronger> {
    // A pod that the stronger one selects could start away from the pods of the weaker one.
    if first == second || (implies(first, second) && !selects_itself(frame, first)) {
        Some(Stronger::First)
    } else if implies(second, first) && !selects_itself(frame, second) {
        Some(Stronger::Second)
    } else {
        None
    }
}

/// What a term selects, in no level.
fn anywhere(term: &PodTerm) -> PodTerm {
    let mut selected = term.clone();
    selected.term.topology_key.clear();
    selected
}

/// Whether every pod that `a` means is meant by `b` too, in the same level and namespaces.
fn implies(a: &PodTerm, b: &PodTerm) -> bool {
    let selectors = match (&a.term.selector, &b.term.selector) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(a), Some(b)) => selector::implies(a, b),
    };
    selectors
        && a.term.topology_key == b.term.topology_key
        && a.term.namespaces == b.term.namespaces
        && a.term.namespace_selector == b.term.namespace_selector
        && b.match_keys.is_subset(&a.match_keys)
        && b.mismatch_keys.is_subset(&a.mismatch_keys)
}

/// Whether the pod may be one of those that the term selects.
fn selects_itself(frame: &Frame<'_>, term: &PodTerm) -> bool {
    let own_namespace = (term.term.namespaces.is_empty() && term.term.namespace_selector.is_none())
        || term.term.namespaces.iter().any(|name| name == frame.namespace)
        || term.term.namespace_selector.is_some()
        || frame.namespace.is_empty();
    let labels = term
        .term
        .selector
        .as_ref()
        .is_some_and(|selector| selector.matches(frame.labels) || frame.may_match(selector));
    own_namespace && labels
}

fn selects(term: &AffinityTerm) -> String {
    crate::words::selector(term.selector.as_ref())
}

/// The label that would need two values at once, if no pod can match both.
fn clash(a: &AffinityTerm, b: &AffinityTerm) -> Option<String> {
    let (a, b) = (a.selector.as_ref()?, b.selector.as_ref()?);
    if selector::has_opaque(a) || selector::has_opaque(b) || selector::overlaps(a, b) {
        return None;
    }
    let mut both = a.clone();
    both.requirements.extend(b.requirements.iter().cloned());
    let core = both.satisfiable().err()?;
    core.first().and_then(|index| both.requirements.get(*index)).map(|one| one.key.clone())
}
