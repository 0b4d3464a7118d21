//! Rules about fields that people write by hand: what they see, and how sure they can be.
//!
//! Each rule is a file in `rules/`, with its page beside it; `rules.rs` lists them. A rule here adds
//! findings and decides nothing else: what no cluster could ever place is the engine's to prove.

pub(crate) mod alternatives;
pub(crate) mod amounts;
pub(crate) mod companions;
pub mod inputs;
pub(crate) mod misplaced;
mod narrow;
mod seen;
pub(crate) mod terms;

use placecard_feasibility::requirement::{Requirement, is_met};
use placecard_feasibility::selector::Selector;
use placecard_findings::{
    Code, Edit, FieldPath, Finding, Holds, Label, Segment, Severity, Verdict,
};
use serde_json::Value;

use crate::contradict;
use crate::frame::{Frame, Own};
use crate::native;
use crate::object::{Object, PodSpec, Template};
use crate::read::{at, below};
use crate::rules::{FILES, Rule};
use crate::surroundings::Surroundings;
use inputs::{Inputs, World};
use seen::Seen;

/// A rule with what carries it out.
pub(crate) struct FieldRule {
    /// Its row in the table.
    pub(crate) rule: Rule,
    /// What it does.
    pub(crate) check: Check,
}

/// What a rule looks at.
pub(crate) enum Check {
    /// One pod template, or a pod that nothing controls.
    Template(fn(&TemplateCase<'_>, &mut Vec<Finding>)),
    /// An object as it is written, of whatever kind.
    Object(fn(&ObjectCase<'_>, &mut Vec<Finding>)),
}

/// A pod template under review, without what an earlier expansion in place added.
pub(crate) struct TemplateCase<'a> {
    /// The object that holds it.
    pub(crate) object: &'a Object,
    /// The template.
    pub(crate) template: &'a Template,
    /// What is known of its pods.
    pub(crate) frame: &'a Frame<'a>,
    /// Everything besides.
    pub(crate) surroundings: &'a Surroundings,
    /// The template as it is written, where the front end still has it.
    pub(crate) written: Option<&'a Value>,
    /// What several rules look at.
    pub(crate) seen: Seen<'a>,
}

/// An object under review.
pub(crate) struct ObjectCase<'a> {
    /// The object.
    pub(crate) object: &'a Object,
    /// Everything besides.
    pub(crate) surroundings: &'a Surroundings,
    /// As it is written, where the front end still has it.
    pub(crate) written: Option<&'a Value>,
}

/// Why a statement about a template is no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// Another scheduler than kube-scheduler places its pods, or none does.
    Scheduler,
    /// The object is a part of one: what is absent may come from elsewhere.
    Part,
    /// An operator makes the pods, and adds what it likes.
    Operator,
}

/// Adds what the rules find in a template.
pub(crate) fn of_template(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    // The pods of a controller were judged where their template is written.
    if case.object.is_pod() && case.object.controller().is_some() {
        return;
    }
    for rule in FILES {
        // What the API server refuses it has refused before a webhook hears of it, or will.
        let is_known = rule.rule.verdict == Verdict::ApiRejects && case.written.is_none();
        if let Check::Template(check) = rule.check
            && !is_known
        {
            check(case, findings);
        }
    }
    narrow::check(case, findings);
}

/// Adds what the rules find in an object.
pub(crate) fn of_object(case: &ObjectCase<'_>, findings: &mut Vec<Finding>) {
    for rule in FILES {
        if let Check::Object(check) = rule.check {
            check(case, findings);
        }
    }
}

/// Takes out findings about elements that are what rules in words mean: nobody wrote them by hand.
pub(crate) fn without_rules(template: &Template, meant: &PodSpec, findings: &mut Vec<Finding>) {
    let (written, meant) = (template.spec.lists(), meant.lists());
    findings.retain(|finding| {
        let Some(path) = finding.primary().map(|label| &label.site.path) else { return true };
        let below = path.0.get(template.path.0.len() + 1..).unwrap_or_default();
        let index = below.iter().position(|step| matches!(step, Segment::Index(_)));
        let Some((list, [element, ..])) = index.map(|at| below.split_at(at)) else { return true };
        let list = FieldPath(list.to_vec());
        let element = FieldPath(list.0.iter().chain([element]).cloned().collect());
        let element = written.pointer(&element.pointer());
        let others = meant.pointer(&list.pointer()).and_then(Value::as_array);
        !others.zip(element).is_some_and(|(others, element)| others.contains(element))
    });
}

impl<'a> TemplateCase<'a> {
    pub(crate) fn new(
        (object, template): (&'a Object, &'a Template),
        frame: &'a Frame<'a>,
        surroundings: &'a Surroundings,
        written: Option<&'a Value>,
    ) -> Self {
        Self { object, template, frame, surroundings, written, seen: Seen::default() }
    }
}

impl TemplateCase<'_> {
    /// Everything that was read besides the object, if anything says so.
    pub(crate) fn inputs(&self) -> Option<&Inputs> {
        self.surroundings.inputs.all()
    }

    /// The selector of the pods' own controller as JSON, for a fix; `None` where it is not sure.
    pub(crate) fn own_selector(&self) -> Option<String> {
        let Own::Pods { selector, keys } = &self.frame.own else { return None };
        if !keys.is_empty() || self.object.selector.is_none() || self.doubt().is_some() {
            return None;
        }
        let known = selector
            .requirements
            .iter()
            .all(|one| !one.values.iter().any(|text| is_placeholder(text)));
        serde_json::to_string(&native::native_selector(selector)).ok().filter(|_| known)
    }

    /// Why nothing can be proved about the pods, if that is so.
    pub(crate) fn doubt(&self) -> Option<Doubt> {
        if !contradict::is_by_kube_scheduler(&self.template.spec) {
            return Some(Doubt::Scheduler);
        }
        self.incomplete()
    }

    /// Why the template may not be all of it, if that is so.
    fn incomplete(&self) -> Option<Doubt> {
        let Some(kind) = self.object.kind else { return Some(Doubt::Operator) };
        // The API server takes no workload of `apps` without a selector: this one is a patch.
        let is_part = kind.group == "apps" && self.object.selector.is_none();
        (is_part || self.lacks_images()).then_some(Doubt::Part)
    }

    /// Whether a container has no image, which the API server refuses.
    fn lacks_images(&self) -> bool {
        let containers = self.written.and_then(|written| below(written, &["spec", "containers"]));
        containers
            .and_then(Value::as_array)
            .is_some_and(|list| list.iter().any(|one| one.get("image").is_none_or(Value::is_null)))
    }

    /// An error that rests on something not being there; a warning where nobody knows that.
    pub(crate) fn by_absence(
        &self,
        code: Code,
        message: impl Into<String>,
        label: Label,
    ) -> Finding {
        let mut finding = self.risk(code, message, label);
        let world = self.inputs().map(|inputs| inputs.world).unwrap_or_default();
        (finding.severity, finding.holds) = match world {
            World::Open => {
                let text = "if nothing else has these labels (--closed-world: an error)";
                (Severity::Warning, Holds::assuming(text))
            }
            World::Snapshot => (Severity::Error, Holds::snapshot(self.snapshot())),
            World::Closed => (
                Severity::Error,
                Holds::objects("for the objects that were read: there are no others"),
            ),
        };
        self.as_sure_as_can_be(finding)
    }

    /// `in snapshot NAME`.
    pub(crate) fn snapshot(&self) -> String {
        match &self.surroundings.cluster {
            Some(cluster) if !cluster.name.is_empty() => format!("in snapshot {}", cluster.name),
            _ => "in the snapshot".to_owned(),
        }
    }

    /// A statement that is worth knowing, and fails no run.
    pub(crate) fn note(&self, code: Code, message: impl Into<String>, label: Label) -> Finding {
        let mut finding = self.risk(code, message, label);
        finding.severity = Severity::Note;
        finding
    }

    /// A warning about a risk, or about something without effect.
    pub(crate) fn risk(&self, code: Code, message: impl Into<String>, label: Label) -> Finding {
        let object = self.object.reference.clone();
        let mut finding = Finding::new(code, Verdict::Risk, object, message, label);
        finding.severity = Severity::Warning;
        self.as_sure_as_can_be(finding)
    }

    /// What the API server refuses: the object or, as it does not look into a StatefulSet, its pods.
    pub(crate) fn refused(&self, code: Code, message: impl Into<String>, label: Label) -> Finding {
        let object = self.object.reference.clone();
        let mut finding = Finding::new(code, Verdict::ApiRejects, object, message, label);
        if self.object.kind.is_some_and(|kind| kind.kind == "StatefulSet") {
            finding.why = Some(
                "the API server takes the StatefulSet and refuses each of its pods".to_owned(),
            );
        }
        match self.incomplete() {
            Some(doubt) => doubted(finding, doubt),
            None => finding,
        }
    }

    /// A field as it is written, by its path from the root of the object.
    pub(crate) fn at(&self, path: &FieldPath) -> Option<&Value> {
        let below = path.0.get(self.template.path.0.len()..)?.to_vec();
        at(self.written?, &FieldPath(below))
    }

    /// A field of the pod spec as it is written.
    pub(crate) fn in_spec(&self, keys: &[&str]) -> Option<&Value> {
        below(self.written?.get("spec")?, keys)
    }

    /// Takes a field out, with the mappings above it that would be left without an entry.
    pub(crate) fn removal(&self, path: &FieldPath) -> Edit {
        let mut path = path.clone();
        let top = self.template.path.0.len() + 2;
        while path.0.len() > top {
            let parent = path.parent();
            let is_last = match self.at(&parent) {
                Some(Value::Object(fields)) => fields.len() == 1,
                Some(Value::Array(items)) => items.len() == 1,
                _ => false,
            };
            if !is_last {
                break;
            }
            path = parent;
        }
        Edit::remove(path)
    }

    /// The finding with the severity and certainty that the doubts about the template leave it.
    pub(crate) fn as_sure_as_can_be(&self, finding: Finding) -> Finding {
        match self.doubt() {
            Some(doubt) => doubted(finding, doubt),
            None => finding,
        }
    }
}

fn doubted(mut finding: Finding, doubt: Doubt) -> Finding {
    finding.severity = finding.severity.min(Severity::Warning);
    finding.holds = Holds::assuming(match doubt {
        Doubt::Scheduler => "if the scheduler of the pod does as kube-scheduler does",
        Doubt::Part => "if nothing is added to this part of an object",
        Doubt::Operator => "if the operator adds nothing to the pods",
    });
    finding
}

/// Whether a text stands for a value that is filled in later.
pub(crate) fn is_placeholder(text: &str) -> bool {
    let shouted = || {
        text.len() > 2
            && text.contains('_')
            && text
                .chars()
                .all(|one| one.is_ascii_uppercase() || one.is_ascii_digit() || one == '_')
    };
    let opens = |pair: &[u8]| matches!(pair, b"{{" | b"${" | b"$(" | b"($" | b"__");
    let bytes = text.as_bytes();
    bytes.contains(&b'<') || bytes.windows(2).any(opens) || shouted()
}

/// Whether a demand on nodes or on other pods has a value that is filled in later.
pub(crate) fn has_placeholder(spec: &PodSpec) -> bool {
    fn inside(value: &Value) -> bool {
        match value {
            Value::String(text) => is_placeholder(text),
            Value::Array(elements) => elements.iter().any(inside),
            Value::Object(fields) => {
                fields.iter().any(|(key, one)| is_placeholder(key) || inside(one))
            }
            _ => false,
        }
    }
    let mut demands = spec.node_selector.iter();
    demands.any(|(key, value)| is_placeholder(key) || is_placeholder(value))
        || spec
            .affinity
            .as_ref()
            .is_some_and(|one| serde_json::to_value(one).is_ok_and(|one| inside(&one)))
}

/// Whether a selector matches labels, beside which there may be others; `None`: it depends on those.
pub(crate) fn matches<'a>(
    label: impl Fn(&str) -> Option<&'a str>,
    may_carry: impl Fn(&str) -> bool,
    selector: &Selector,
) -> Option<bool> {
    let all = selector.requirements.iter();
    let is_known = |one: &&Requirement| label(&one.key).is_some() || !may_carry(&one.key);
    let fits = |one: &Requirement| !one.operator.is_comparison() && is_met(one, label(&one.key));
    if !all.clone().filter(is_known).all(fits) {
        return Some(false);
    }
    all.clone().all(|one| is_known(&one)).then_some(true)
}

impl Frame<'_> {
    /// Whether the pods match a selector; `None`: it depends on labels that are not known.
    pub(crate) fn matches(&self, selector: &Selector) -> Option<bool> {
        let label = |key: &str| self.labels.get(key).map(String::as_str);
        matches(label, |key| self.may_carry(key), selector)
    }
}

#[cfg(test)]
mod tests {
    use placecard_feasibility::requirement::Operator;
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn requirement() -> impl Strategy<Value = Requirement> {
        let operators = [
            (Operator::In, 2),
            (Operator::NotIn, 2),
            (Operator::Exists, 0),
            (Operator::DoesNotExist, 0),
            (Operator::Gt, 1),
        ];
        (select(vec!["a", "b", "c"]), select(operators.to_vec()), vec(select(vec!["1", "7"]), 2))
            .prop_map(|(key, (operator, operands), values)| Requirement {
                key: key.to_owned(),
                operator,
                values: values.into_iter().take(operands).map(str::to_owned).collect(),
            })
    }

    proptest! {
        /// There may be a label b besides.
        #[test]
        fn what_is_said_of_a_selector_holds_whatever_else_is_carried(
            requirements in vec(requirement(), 0..4),
            a in option::of(select(vec!["1", "7"])),
        ) {
            let selector = Selector { requirements };
            let mut labels: crate::object::Map = a.map(|a| ("a".to_owned(), a.to_owned())).into_iter().collect();
            let said = matches(|key| labels.get(key).map(String::as_str), |key| key == "b", &selector);
            let mut all = vec![selector.matches(&labels)];
            for b in ["1", "7", "8"] {
                labels.insert("b".to_owned(), b.to_owned());
                all.push(selector.matches(&labels));
            }
            if let Some(said) = said {
                prop_assert!(all.iter().all(|one| *one == said), "{said}: {all:?}");
            } else {
                prop_assert!(selector.requirements.iter().any(|one| one.key == "b"));
            }
        }
    }

    #[test]
    fn placeholders_are_told_from_values() {
        for text in ["{{ .Values.app }}", "${APP}", "$(APP)", "<your-app>", "APP_NAME", "__APP__"] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["web", "WEB", "eu-1a", "a_b", "", "v1.2"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
