//! A vocabulary's mistakes as findings.

use placecard_findings::{
    FieldPath, Finding, Holds, Label, ObjectRef, Part, Segment, Site, Verdict,
};
use placecard_language::problem::{Form, WordKind};
use placecard_language::selector::SelectorFlaw;
use placecard_language::vocabulary_check::{self, VocabularyDetail, VocabularyProblem};
use serde_json::Value;

/// Whether an object is a vocabulary of ours, of whatever version.
#[must_use]
pub fn is_vocabulary(value: &Value) -> bool {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let group = text("apiVersion").split('/').next().unwrap_or_default();
    group == "placecard.dev" && text("kind") == "PlacementVocabulary"
}

/// The JSON Schema, with a line break at its end.
#[must_use]
pub fn schema() -> String {
    serde_json::to_string_pretty(&vocabulary_check::schema()).unwrap_or_default() + "\n"
}

/// A mistake as a finding about `object`, whose value is `value`.
#[must_use]
pub fn finding(object: &ObjectRef, value: &Value, problem: &VocabularyProblem) -> Finding {
    let path = path(value, &problem.pointer);
    let site = match &problem.span {
        _ if problem.on_key => Site::key(path),
        Some(span) => Site::within(path, span.clone()),
        None => Site { part: Part::Value, ..Site::value(path) },
    };
    let (message, label) = words(&problem.detail);
    let mut finding = Finding::new(
        problem.code,
        Verdict::Language,
        object.clone(),
        message,
        Label::new(site, label.unwrap_or_default()),
    );
    finding.suggestion.clone_from(&problem.suggestion);
    if let VocabularyDetail::Duplicate { first, .. } = &problem.detail {
        let site = Site::value(self::path(value, first));
        finding.labels.push(Label::new(site, "the first is here"));
    }
    finding.holds = Holds::every_cluster();
    finding
}

/// The path of a JSON pointer; whether a number is a key or a position depends on the value.
fn path(value: &Value, pointer: &str) -> FieldPath {
    let mut path = FieldPath::root();
    let mut here = Some(value);
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        match (here, step.parse::<usize>()) {
            (Some(Value::Array(items)), Ok(index)) => {
                here = items.get(index);
                path.0.push(Segment::Index(index));
            }
            _ => {
                here = here.and_then(|value| value.get(&step));
                path.0.push(Segment::Key(step));
            }
        }
    }
    path
}

/// The message, and the label if it says more.
fn words(detail: &VocabularyDetail) -> (String, Option<String>) {
    use VocabularyDetail as Is;
    let known = |known: &[String]| {
        (!known.is_empty() && known.len() <= 8).then(|| format!("it takes {}", known.join(", ")))
    };
    match detail {
        Is::UnknownField { found, known: fields } => {
            (format!("the vocabulary has no field {found} here"), known(fields))
        }
        Is::MissingField { field } => (format!("{field} is missing here"), None),
        Is::WrongType { found, expected } => {
            (format!("{found} stands where {} belongs", expected.join(" or ")), None)
        }
        Is::WrongValue { found, expected } => {
            (format!("{found} is not a value of this field"), known(expected))
        }
        Is::Schema { keyword } => (format!("the schema refuses this value: {keyword}"), None),
        Is::Form { found, form } => {
            (format!("{found} is not {}", form_name(*form)), Some(form_rule(*form).to_owned()))
        }
        Is::ReservedWord { word } => {
            (format!("{word} is a word of the language, so it cannot be a name"), None)
        }
        Is::Duplicate { name, .. } => (format!("{name} is defined twice"), None),
        Is::UnqualifiedKey { found } => (
            format!("the key {found} of this level has no prefix"),
            Some("topology.example.com/rack, say".to_owned()),
        ),
        Is::Empty => ("nothing stands here".to_owned(), None),
        Is::TooMany { limit } => (format!("more than {limit} entries are not read"), None),
        Is::TrustDomainName { found } => {
            (format!("no rule could write the trust domain {found:?}"), None)
        }
        Is::Uid { found } => (format!("{found} is not a UUID"), None),
        Is::OpensGuard { name, of, key } => (
            format!("{name} tolerates the guard of {of}, and is open to more namespaces"),
            Some(format!("{key} guards {of}")),
        ),
        Is::NodeKey { found } => (
            format!("the level node has the key {found}"),
            Some("node is always kubernetes.io/hostname".to_owned()),
        ),
        Is::NodeNotLast => ("the level node is not the last one".to_owned(), None),
        Is::RackFormat { found } => (format!("the format {found} has no {{n}} in it"), None),
        Is::UnknownLevel { found, known: levels } => {
            (format!("no level is named {found}"), known(levels))
        }
        Is::Selector(flaw) => (selector(flaw), None),
        Is::Unguarded { kind, name, effect } => (
            format!("nothing keeps other namespaces out of {} {name}", kind_name(*kind)),
            Some(match effect {
                Some(effect) => format!("{effect} does not keep pods out; NoSchedule does"),
                None => "it needs a guard with effect NoSchedule or NoExecute".to_owned(),
            }),
        ),
        Is::EmptyTolerationKey => {
            ("a toleration without a key tolerates every taint".to_owned(), None)
        }
        Is::TolerationField { field } => {
            (format!("{field} does not go with the other fields of this toleration"), None)
        }
        Is::TemplatePointer { found } => (
            format!("{found} is no JSON pointer"),
            Some("/spec/template, say; * is every element".to_owned()),
        ),
        Is::CountOrder { min, max } => {
            (format!("at least {min} nodes are more than at most {max}"), None)
        }
    }
}

fn kind_name(kind: WordKind) -> &'static str {
    match kind {
        WordKind::Level => "level",
        WordKind::Pool => "pool",
        WordKind::TrustDomain => "trust domain",
        WordKind::Resource => "resource",
    }
}

fn form_name(form: Form) -> &'static str {
    match form {
        Form::DnsLabel | Form::DnsSubdomain => "a name",
        Form::LabelKey => "a label key",
        Form::LabelValue => "a label value",
        Form::Reference => "a reference",
    }
}

fn form_rule(form: Form) -> &'static str {
    match form {
        Form::DnsLabel => "at most 63 of a-z, 0-9 and -",
        Form::DnsSubdomain => "at most 253 of a-z, 0-9, - and .",
        Form::LabelKey => "PREFIX/NAME or NAME, at most 63 letters in NAME",
        Form::LabelValue => "at most 63 of A-Z, a-z, 0-9, -, _ and .",
        Form::Reference => "NAMESPACE/NAME or NAME",
    }
}

fn selector(flaw: &SelectorFlaw) -> String {
    match flaw {
        SelectorFlaw::Empty => "this selector is empty; * selects everything".to_owned(),
        SelectorFlaw::NotClosed => "this parenthesis is not closed".to_owned(),
        SelectorFlaw::Unexpected { found: Some(found), .. } => {
            format!("{found} cannot stand here in a selector")
        }
        SelectorFlaw::Unexpected { found: None, .. } => "this selector ends too early".to_owned(),
        SelectorFlaw::BadKey { found } => format!("{found} is not a label key"),
        SelectorFlaw::BadValue { found } => format!("{found} is not a label value"),
        SelectorFlaw::EmptySet => "this set holds no value".to_owned(),
        SelectorFlaw::NotInteger { found } => {
            format!("{found} is not a whole number from 0 to 2^63-1")
        }
        SelectorFlaw::Comparison { operator } => {
            format!("{operator} compares labels of nodes only")
        }
    }
}
