//! The typed entry that says what a sentence says, where there is one: the way back of [`super`].

use std::ops::Range;

use crate::affinity::{
    Affinity, AffinityCategory, AffinityDirection, AffinityStrength, AffinityTarget,
    AffinityTargetType, LeaseError, Reason,
};
use crate::ast::{Body, PodSentence, Sentence, Term, TermKind};
use crate::checked::{HOSTNAME, NamespaceFacts, Words};
use crate::directory::Nobody;
use crate::intent::{
    Level, NodeDemand, NodeTarget, NodeTargetKind, Operator, Origin, PodTarget, Relation, Rule,
    Selector, Strength, TargetKind,
};
use crate::keys;
use crate::lease::is_lease;
use crate::lower::{DEFAULT_WEIGHT, Lower};
use crate::parse::parse_into;
use crate::problem::Problem;
use crate::report::Report;

use super::level::{RACK, level_key};

/// Where the number stands in a level's format.
const NUMBER: &str = "{n}";

/// A sentence, and what it is among typed entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsEntry {
    /// The sentence.
    pub origin: Origin,
    /// The entry; targets are called by the names that the sentence has. An error is the words of
    /// it that no entry has, and why.
    pub entry: Result<Affinity, (Range<usize>, NoTypedForm)>,
}

/// Why a sentence has no typed form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoTypedForm {
    /// `spread`, `at-most`: no entry counts.
    Counts {
        /// The relation.
        relation: &'static str,
    },
    /// `or`: an entry has one target.
    Alternatives,
    /// `pods(…)`, `nodes(…)`: an entry names one object.
    Selector,
    /// A kind of target that no entry has.
    Kind {
        /// `self`, `deployment`, `volume`, …
        kind: String,
    },
    /// A pool that is more than one rack.
    Pool {
        /// Its tolerations would be lost; else it is not one label of a rack.
        tolerates: bool,
    },
    /// A domain whose value is no number, as racks have one.
    NotANumber {
        /// The level.
        level: String,
        /// Its value.
        value: String,
    },
    /// A kind of target that entries have toward it only.
    OnlyToward {
        /// `trust`, `resource`, `lease`.
        kind: &'static str,
    },
    /// A modifier that no entry has.
    Modifier {
        /// `of`, `same`, `other`, `across`.
        word: &'static str,
    },
    /// An entry cannot have such a part.
    Invalid(Reason),
}

/// Reads rules as those of `require` or, if they are not `required`, of `prefer`, and makes entries
/// of them. With a problem among those of severity error nothing may be acted upon.
#[must_use]
pub fn entries_of(
    value: &str,
    required: bool,
    words: &Words,
    namespace: Option<&NamespaceFacts>,
) -> (Vec<AsEntry>, Vec<Problem>) {
    let key = if required { keys::REQUIRE } else { keys::PREFER };
    let mut report = Report::new(key, value);
    let sentences = parse_into(value, &mut report);
    let mut lower = Lower {
        key,
        required,
        value,
        words,
        namespace,
        directory: &Nobody,
        wants: Vec::new(),
        follows: None,
        observed: false,
        report: &mut report,
        line: 1,
        broken: false,
    };
    let mut entries = Vec::new();
    for sentence in &sentences {
        if lower.report.is_full() {
            break;
        }
        if let Some(rule) = lower.rule(sentence) {
            let entry = Writer { words, sentence, rule: &rule }.entry();
            entries.push(AsEntry { origin: rule.origin, entry });
        }
    }
    (entries, report.finish())
}

type Written = Result<Affinity, (Range<usize>, NoTypedForm)>;

/// Makes an entry of a rule.
struct Writer<'a> {
    words: &'a Words,
    sentence: &'a Sentence,
    rule: &'a Rule,
}

impl Writer<'_> {
    fn entry(&self) -> Written {
        match &self.sentence.body {
            Body::Near(pods) => self.pods(pods, AffinityDirection::Toward),
            Body::ApartFrom(pods) => self.pods(pods, AffinityDirection::Away),
            Body::On(terms) => self.nodes(terms, AffinityDirection::Toward),
            Body::NotOn(terms) => self.nodes(terms, AffinityDirection::Away),
            body @ (Body::Spread(_) | Body::AtMost(_)) => {
                let relation = body.relation();
                self.none(&self.sentence.head, NoTypedForm::Counts { relation })
            }
        }
    }

    fn none(&self, at: &Range<usize>, why: NoTypedForm) -> Written {
        Err((at.clone(), why))
    }

    /// An entry with the sentence's weight.
    fn write(
        &self,
        category: AffinityCategory,
        direction: AffinityDirection,
        target: AffinityTarget,
    ) -> Written {
        let (strength, weight) = match self.rule.strength {
            Strength::Required => (AffinityStrength::Required, DEFAULT_WEIGHT),
            Strength::Preferred { weight } => (AffinityStrength::Preferred, weight),
        };
        let entry = Affinity::new(category, strength, direction, target);
        // The weight of all entries that name none.
        let entry = match weight {
            DEFAULT_WEIGHT => entry,
            weight => entry.and_then(|entry| entry.with_weight(weight.into())),
        };
        entry.map_err(|error| self.invalid(error))
    }

    fn named(
        &self,
        category: AffinityCategory,
        direction: AffinityDirection,
        of: AffinityTargetType,
        name: &str,
    ) -> Written {
        let target = AffinityTarget::named(of, name).map_err(|error| self.invalid(error))?;
        self.write(category, direction, target)
    }

    fn invalid(&self, error: LeaseError) -> (Range<usize>, NoTypedForm) {
        let reason = match error {
            LeaseError::InvalidIntent { reason, .. } => reason,
            // Only writing bytes gives this.
            LeaseError::NotInWireForm { .. } => Reason::WeightOfRequired,
        };
        (self.sentence.span.clone(), NoTypedForm::Invalid(reason))
    }

    /// An entry in the sentence's level, which is left out where it is what the entry means anyway.
    fn in_level(&self, entry: Affinity, level: &Level) -> Written {
        if level_key(&entry, self.words) == Some(level.key.as_str()) {
            return Ok(entry);
        }
        entry.with_level(level.name.as_str()).map_err(|error| self.invalid(error))
    }

    fn pods(&self, pods: &PodSentence, direction: AffinityDirection) -> Written {
        let of = pods.namespaces.as_ref().map(|of| ("of", of.span.clone()));
        let same = pods.same.first().map(|key| ("same", key.span.clone()));
        let other = pods.other.first().map(|key| ("other", key.span.clone()));
        if let Some((word, at)) = of.or(same).or(other) {
            return self.none(&at, NoTypedForm::Modifier { word });
        }
        let Some(term) = &pods.target else {
            return self.none(&self.sentence.span, NoTypedForm::Selector);
        };
        if pods.across_revisions {
            return self.none(&self.sentence.span, NoTypedForm::Modifier { word: "across" });
        }
        if is_lease(term) {
            return self.lease(pods, term, direction);
        }
        let (Relation::Near(rule) | Relation::ApartFrom(rule)) = &self.rule.relation else {
            return self.none(&term.span, NoTypedForm::Selector);
        };
        let kind = match &rule.target {
            PodTarget::Named(named) if named.kind == TargetKind::Service => {
                let name = match &named.namespace {
                    Some(namespace) => format!("{namespace}/{}", named.name),
                    None => named.name.clone(),
                };
                let of = AffinityTargetType::ServiceId;
                let entry = self.named(AffinityCategory::Topology, direction, of, &name)?;
                return self.in_level(entry, &rule.level);
            }
            PodTarget::Pods(_) => return self.none(&term.span, NoTypedForm::Selector),
            PodTarget::Itself | PodTarget::Named(_) | PodTarget::Pod { .. } => head(term),
        };
        self.none(&term.span, NoTypedForm::Kind { kind })
    }

    /// Who holds the Lease is not asked: the entry follows it as the sentence does.
    fn lease(&self, pods: &PodSentence, term: &Term, direction: AffinityDirection) -> Written {
        if direction == AffinityDirection::Away {
            return self.none(&term.span, NoTypedForm::OnlyToward { kind: "lease" });
        }
        let TermKind::Word(word) = &term.kind else {
            return self.none(&term.span, NoTypedForm::Selector);
        };
        let name = word.strip_prefix("lease/").unwrap_or_default();
        let of = AffinityTargetType::LeaseId;
        let entry = self.named(AffinityCategory::State, direction, of, name)?;
        let level = pods.level.as_ref().map(|level| level.text.clone());
        let level = level.unwrap_or_else(|| "node".to_owned());
        let key = self.words.level(&level).map_or(level.clone(), |level| level.key.clone());
        self.in_level(entry, &Level { name: level, key })
    }

    fn nodes(&self, terms: &[Term], direction: AffinityDirection) -> Written {
        if let Some(second) = terms.get(1) {
            return self.none(&second.span, NoTypedForm::Alternatives);
        }
        let (Relation::On(targets) | Relation::NotOn(targets)) = &self.rule.relation else {
            return self.none(&self.sentence.span, NoTypedForm::Selector);
        };
        let (Some(term), Some(target)) = (terms.first(), targets.first()) else {
            return self.none(&self.sentence.span, NoTypedForm::Selector);
        };
        let toward = direction == AffinityDirection::Toward;
        let only_toward = |kind| self.none(&term.span, NoTypedForm::OnlyToward { kind });
        match &target.kind {
            NodeTargetKind::Node => {
                let category = match direction {
                    AffinityDirection::Toward => AffinityCategory::Resource,
                    AffinityDirection::Away => AffinityCategory::Topology,
                };
                let NodeDemand::Name(name) = &target.demand else {
                    return self.none(&term.span, NoTypedForm::Selector);
                };
                self.named(category, direction, AffinityTargetType::NodeId, name)
            }
            NodeTargetKind::Domain(level) => {
                let value = one_value(target, &level.key).unwrap_or_default();
                self.domain(term, level, value, direction)
            }
            NodeTargetKind::Trust(name) if toward => {
                let target = AffinityTarget::trust_domain(name);
                self.write(AffinityCategory::Trust, direction, target)
            }
            NodeTargetKind::Trust(_) => only_toward("trust"),
            NodeTargetKind::Resource(name) if toward => {
                let of = AffinityTargetType::ResourceId;
                self.named(AffinityCategory::Resource, direction, of, name)
            }
            NodeTargetKind::Resource(_) => only_toward("resource"),
            NodeTargetKind::Pool(_) => self.pool(term, target, direction),
            NodeTargetKind::Nodes => self.none(&term.span, NoTypedForm::Selector),
            NodeTargetKind::Volume(_) => {
                let kind = "volume".to_owned();
                self.none(&term.span, NoTypedForm::Kind { kind })
            }
        }
    }

    /// A domain by its number.
    fn domain(
        &self,
        term: &Term,
        level: &Level,
        value: &str,
        direction: AffinityDirection,
    ) -> Written {
        let racks = self.words.level(RACK).filter(|racks| racks.key == level.key);
        let spec = racks.or_else(|| self.words.level(&level.name));
        let format = spec.and_then(|spec| spec.format.as_deref());
        let Some(number) = number(value, format) else {
            let (level, value) = (level.name.clone(), value.to_owned());
            return self.none(&term.span, NoTypedForm::NotANumber { level, value });
        };
        let target = AffinityTarget::rack(number);
        let entry = self.write(AffinityCategory::Topology, direction, target)?;
        self.in_level(entry, level)
    }

    /// A pool is a rack if it says nothing else.
    fn pool(&self, term: &Term, target: &NodeTarget, direction: AffinityDirection) -> Written {
        let why = |tolerates| self.none(&term.span, NoTypedForm::Pool { tolerates });
        if !target.tolerations.is_empty() {
            return why(true);
        }
        let racks = self.words.level(RACK).filter(|racks| racks.key != HOSTNAME);
        let value = racks.and_then(|racks| Some((racks, one_value(target, &racks.key)?)));
        let value = value.filter(|(racks, value)| number(value, racks.format.as_deref()).is_some());
        let Some((racks, value)) = value else { return why(false) };
        let level = Level { name: racks.name.clone(), key: racks.key.clone() };
        self.domain(term, &level, value, direction)
    }
}

/// The word before the slash.
fn head(term: &Term) -> String {
    match &term.kind {
        TermKind::Word(word) => word.split('/').next().unwrap_or_default().to_owned(),
        TermKind::Group { head, .. } => head.clone(),
    }
}

/// The value that a target demands of one label and of no other.
fn one_value<'a>(target: &'a NodeTarget, key: &str) -> Option<&'a str> {
    let NodeDemand::Labels(Selector { requirements }) = &target.demand else { return None };
    let [one] = requirements.as_slice() else { return None };
    let [value] = one.values.as_slice() else { return None };
    (one.operator == Operator::In && one.key == key).then_some(value)
}

/// The number in a value that a format makes of it; digits as they would be written.
fn number(value: &str, format: Option<&str>) -> Option<u32> {
    let digits = match format.and_then(|format| format.split_once(NUMBER)) {
        Some((before, after)) => value.strip_prefix(before)?.strip_suffix(after)?,
        None => value,
    };
    let number: u32 = digits.parse().ok()?;
    (number.to_string() == digits).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_that_the_format_writes() {
        for (value, format, expected) in [
            ("42", None, Some(42)),
            ("rack-42", Some("rack-{n}"), Some(42)),
            ("r42x", Some("r{n}x"), Some(42)),
            ("0", None, Some(0)),
            ("042", None, None),
            ("+42", None, None),
            ("4294967296", None, None),
            ("42", Some("rack-{n}"), None),
            ("rack-", Some("rack-{n}"), None),
            ("a", Some("ab{n}ba"), None),
            ("", None, None),
        ] {
            assert_eq!(number(value, format), expected, "{value} {format:?}");
        }
    }
}
