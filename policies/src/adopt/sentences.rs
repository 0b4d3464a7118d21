//! Guesses: the sentences that may say what a field says, the one that people would write first.
//!
//! A guess may be wrong; what it becomes decides.

use k8s_openapi::api::core::v1::{
    NodeSelectorTerm, PodAffinityTerm, Toleration, TopologySpreadConstraint,
};
use placecard_feasibility::node_terms::{NAME_FIELD, NodeTerm};
use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::selector::{Selector, equivalent};
use placecard_language::checked::{Group, Words};
use placecard_language::keys;

use super::{Piece, Reason};
use crate::frame::{Frame, Own};
use crate::native;
use crate::object::{Map, PodSpec};
use crate::words;

/// The weight that a rule under `prefer` has when it says none.
const USUAL_WEIGHT: i32 = 50;

/// The key of the level that needs no `in`.
const NODE: &str = "node";

/// A line of an annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The annotation.
    pub(super) key: &'static str,
    /// One sentence.
    pub(super) text: String,
}

/// Each candidate is what would be said in the place of the piece.
pub(super) type Candidates = Vec<Vec<Line>>;

/// What may say the same as a piece.
///
/// # Errors
/// Why no sentence can.
pub(super) fn candidates(
    piece: &Piece,
    spec: &PodSpec,
    frame: &Frame<'_>,
    words: &Words,
) -> Result<Candidates, Reason> {
    let writer = Writer { frame, words };
    let affinity = spec.affinity.clone().unwrap_or_default();
    let nodes = affinity.node_affinity.unwrap_or_default();
    let near = affinity.pod_affinity.unwrap_or_default();
    let near = near.preferred_during_scheduling_ignored_during_execution.unwrap_or_default();
    let apart = affinity.pod_anti_affinity.unwrap_or_default();
    let apart = apart.preferred_during_scheduling_ignored_during_execution.unwrap_or_default();
    let missing = || Reason::Differs;
    match piece {
        Piece::NodeSelector => Ok(writer.node_selector(&spec.node_selector)),
        Piece::RequiredNodes => {
            writer.node_terms(native::required_node_terms(spec).unwrap_or_default())
        }
        Piece::PreferredNode(index) => {
            let list = nodes.preferred_during_scheduling_ignored_during_execution;
            let list = list.unwrap_or_default();
            let term = list.get(*index).ok_or_else(missing)?;
            let targets = writer.targets(&native::node_term(&term.preference))?;
            preferred(targets.iter().map(|target| format!("on {target}")), term.weight)
        }
        Piece::Near(index) => {
            let term = native::required_affinity(spec).get(*index).ok_or_else(missing)?;
            Ok(required(writer.pods("near", term)?))
        }
        Piece::Apart(index) => {
            let term = native::required_anti_affinity(spec).get(*index).ok_or_else(missing)?;
            Ok(required(writer.pods("apart-from", term)?))
        }
        Piece::PreferredNear(index) => {
            let term = near.get(*index).ok_or_else(missing)?;
            preferred(writer.pods("near", &term.pod_affinity_term)?.into_iter(), term.weight)
        }
        Piece::PreferredApart(index) => {
            let term = apart.get(*index).ok_or_else(missing)?;
            preferred(writer.pods("apart-from", &term.pod_affinity_term)?.into_iter(), term.weight)
        }
        Piece::Spread => {
            let lines = spec.spread.iter().map(|one| writer.spread(one));
            Ok(vec![lines.collect::<Result<_, _>>()?])
        }
        Piece::Toleration(index) => {
            let toleration = spec.tolerations.get(*index).ok_or_else(missing)?;
            Ok(vec![vec![Line { key: keys::TOLERATE, text: tolerate(toleration)? }]])
        }
    }
}

fn required(texts: Vec<String>) -> Candidates {
    texts.into_iter().map(|text| vec![Line { key: keys::REQUIRE, text }]).collect()
}

fn preferred(texts: impl Iterator<Item = String>, weight: i32) -> Result<Candidates, Reason> {
    if !(1..=100).contains(&weight) {
        return Err(Reason::Number);
    }
    let weight = match weight {
        USUAL_WEIGHT => String::new(),
        weight => format!(" weight {weight}"),
    };
    let line = |text| vec![Line { key: keys::PREFER, text: format!("{text}{weight}") }];
    Ok(texts.map(line).collect())
}

/// What the words of one cluster are, and whom `self` means.
struct Writer<'a> {
    frame: &'a Frame<'a>,
    words: &'a Words,
}

impl Writer<'_> {
    /// A level's name where it has one, else the label key.
    fn level<'k>(&'k self, key: &'k str) -> &'k str {
        let named = self.words.levels.iter().find(|level| level.key == key && !level.deprecated);
        named.map_or(key, |level| level.name.as_str())
    }

    /// ` in LEVEL`, where that is to be said.
    fn in_level(&self, key: &str) -> String {
        match self.level(key) {
            NODE => String::new(),
            level => format!(" in {level}"),
        }
    }

    /// The words for nodes with all of these labels: pools first, then levels, then the rest.
    fn node_selector(&self, labels: &Map) -> Candidates {
        let on = |(key, value): (&String, &String)| match self.level(key) {
            level if level != key && level != NODE => Ok(format!("{level}/{value}")),
            _ => Err(Requirement::one_of(key, &[value.as_str()])),
        };
        let mut candidates = Candidates::new();
        for (name, group) in self.words.pools.iter().filter(|(_, group)| !group.deprecated) {
            let Some(rest) = without(labels, group) else { continue };
            let mut targets = vec![format!("pool/{name}")];
            targets.extend(self.each(&rest, on));
            candidates.push(on_each(&targets));
        }
        candidates.push(on_each(&self.each(labels, on)));
        let plain = labels.iter().map(|(key, value)| Requirement::one_of(key, &[value.as_str()]));
        candidates.push(on_each(&[nodes(&plain.collect::<Vec<_>>())]));
        candidates
    }

    /// One target for each label that has a word, and one for all others.
    fn each(
        &self,
        labels: &Map,
        on: impl Fn((&String, &String)) -> Result<String, Requirement>,
    ) -> Vec<String> {
        let mut targets = Vec::new();
        let mut others = Vec::new();
        for label in labels {
            match on(label) {
                Ok(target) => targets.push(target),
                Err(requirement) => others.push(requirement),
            }
        }
        if !others.is_empty() {
            targets.push(nodes(&others));
        }
        targets
    }

    fn node_terms(&self, terms: &[NodeSelectorTerm]) -> Result<Candidates, Reason> {
        let mut each = Vec::new();
        for term in terms {
            each.push(self.targets(&native::node_term(term))?);
        }
        // All in words first, then all by their labels.
        let most = each.iter().map(Vec::len).max().unwrap_or(0);
        let nth = |index: usize| {
            let targets = each.iter().filter_map(|of| of.get(index).or_else(|| of.last()));
            format!("on {}", targets.map(String::as_str).collect::<Vec<_>>().join(" or "))
        };
        Ok(required((0..most).map(nth).collect()))
    }

    /// The targets that may say what a term says.
    fn targets(&self, term: &NodeTerm) -> Result<Vec<String>, Reason> {
        match (term.expressions.as_slice(), term.fields.as_slice()) {
            ([], []) => Err(Reason::EmptyTerm),
            ([], [name]) => match (&name.operator, name.values.as_slice()) {
                (Operator::In, [value]) if name.key == NAME_FIELD => {
                    Ok(vec![format!("node/{value}")])
                }
                _ => Err(Reason::MatchFields),
            },
            (_, [_, ..]) => Err(Reason::MatchFields),
            (requirements, []) if requirements.iter().any(is_unknown) => {
                Err(Reason::UnknownOperator)
            }
            (requirements, []) => {
                let mut targets = self.pools(requirements);
                if let [Requirement { key, operator: Operator::In, values }] = requirements
                    && let ([value], level) = (values.as_slice(), self.level(key))
                    && level != key
                    && level != NODE
                {
                    targets.push(format!("{level}/{value}"));
                }
                targets.push(nodes(requirements));
                Ok(targets)
            }
        }
    }

    /// Pools whose nodes are exactly these.
    fn pools(&self, requirements: &[Requirement]) -> Vec<String> {
        let wanted = Selector { requirements: requirements.to_vec() };
        let named = self.words.pools.iter().filter(|(_, group)| {
            !group.deprecated && equivalent(&native::rule_selector(&group.nodes), &wanted)
        });
        named.map(|(name, _)| format!("pool/{name}")).collect()
    }

    /// The sentences that may say what a pod affinity or anti-affinity term says.
    fn pods(&self, relation: &str, term: &PodAffinityTerm) -> Result<Vec<String>, Reason> {
        let Some(selector) = &term.label_selector else { return Err(Reason::NoSelector) };
        let selector = native::selector(selector);
        if selector.requirements.iter().any(is_unknown) {
            return Err(Reason::UnknownOperator);
        }
        if term.namespaces.as_ref().is_some_and(|names| {
            !names.is_empty() && names.as_slice() != [self.frame.namespace.to_owned()]
        }) {
            return Err(Reason::NamesNamespaces);
        }
        let mut tail = match &term.namespace_selector {
            None => String::new(),
            Some(namespaces) => {
                format!(" of namespaces({})", words::selector(Some(&native::selector(namespaces))))
            }
        };
        let revision = |key: &&String| self.frame.revision.as_ref() == Some(*key);
        let keys = |keys: &Option<Vec<String>>| {
            let keys = keys.iter().flatten().filter(|key| !revision(key));
            keys.cloned().collect::<Vec<_>>().join(",")
        };
        for (word, keys) in
            [("same", keys(&term.match_label_keys)), ("other", keys(&term.mismatch_label_keys))]
        {
            if !keys.is_empty() {
                tail.push_str(&format!(" {word} {keys}"));
            }
        }
        tail.push_str(&self.in_level(&term.topology_key));
        let mut sentences = Vec::new();
        if self.is_own(&selector) {
            sentences.push(format!("{relation} self{tail}"));
            sentences.push(format!("{relation} self{tail} across revisions"));
        }
        sentences.push(format!("{relation} pods({}){tail}", words::selector(Some(&selector))));
        Ok(sentences)
    }

    fn is_own(&self, selector: &Selector) -> bool {
        matches!(&self.frame.own, Own::Pods { selector: own, .. } if equivalent(own, selector))
    }

    fn spread(&self, constraint: &TopologySpreadConstraint) -> Result<Line, Reason> {
        let soft = constraint.when_unsatisfiable != "DoNotSchedule";
        let selector = constraint.label_selector.as_ref().map(native::selector);
        match selector {
            None => return Err(Reason::NoSelector),
            Some(selector) if !self.is_own(&selector) => return Err(Reason::CountsOthers),
            Some(_) => {}
        }
        let honours = constraint.node_taints_policy.as_deref() == Some("Honor");
        if soft && honours {
            return Err(Reason::SoftHonoursTaints);
        }
        let small = |number: i32| (1..=9999).contains(&number);
        if !small(constraint.max_skew) || constraint.min_domains.is_some_and(|least| !small(least))
        {
            return Err(Reason::Number);
        }
        let mut text = format!("spread over {}", self.level(&constraint.topology_key));
        let mut add = |words: &str| {
            text.push(' ');
            text.push_str(words);
        };
        if constraint.max_skew != 1 {
            add(&format!("max-skew {}", constraint.max_skew));
        }
        if let Some(least) = constraint.min_domains {
            add(&format!("min-domains {least}"));
        }
        if !soft && !honours {
            add("ignore-taints");
        }
        if constraint.node_affinity_policy.as_deref() == Some("Ignore") {
            add("ignore-node-rules");
        }
        let revision = self.frame.revision.as_ref();
        let keys = constraint.match_label_keys.as_deref().unwrap_or_default();
        if revision.is_some_and(|label| !keys.contains(label)) {
            add("across revisions");
        }
        Ok(Line { key: if soft { keys::PREFER } else { keys::REQUIRE }, text })
    }
}

fn is_unknown(requirement: &Requirement) -> bool {
    matches!(requirement.operator, Operator::Other(_))
}

/// `nodes(SELECTOR)`.
fn nodes(requirements: &[Requirement]) -> String {
    let words: Vec<String> = requirements.iter().map(words::requirement).collect();
    format!("nodes({})", words.join(","))
}

/// A line for each target: all of them must hold.
fn on_each(targets: &[String]) -> Vec<Line> {
    let line = |target: &String| Line { key: keys::REQUIRE, text: format!("on {target}") };
    targets.iter().map(line).collect()
}

/// The labels besides those of a group, if its nodes are those with some of them.
fn without(labels: &Map, group: &Group) -> Option<Map> {
    let mut rest = labels.clone();
    for requirement in &native::rule_selector(&group.nodes).requirements {
        let [value] = requirement.values.as_slice() else { return None };
        if requirement.operator != Operator::In
            || rest.remove(&requirement.key).as_ref() != Some(value)
        {
            return None;
        }
    }
    Some(rest)
}

/// `KEY[=VALUE][:EFFECT][ for Ns]`.
fn tolerate(toleration: &Toleration) -> Result<String, Reason> {
    let key = toleration.key.as_deref().unwrap_or_default();
    if key.is_empty() {
        return Err(Reason::EveryTaint);
    }
    let mut text = key.to_owned();
    match toleration.operator.as_deref() {
        Some("Exists") => {}
        None | Some("" | "Equal") => {
            text.push('=');
            text.push_str(toleration.value.as_deref().unwrap_or_default());
        }
        Some(_) => return Err(Reason::UnknownOperator),
    }
    if let Some(effect) = toleration.effect.as_deref().filter(|effect| !effect.is_empty()) {
        text.push(':');
        text.push_str(effect);
    }
    if let Some(seconds) = toleration.toleration_seconds {
        if seconds < 0 {
            return Err(Reason::Number);
        }
        text.push_str(&format!(" for {seconds}s"));
    }
    Ok(text)
}
