//! Words for the problems of a vocabulary.

use placecard_language::problem::Form;
use placecard_language::vocabulary_check::{VocabularyDetail, VocabularyProblem};

use crate::words::language::{Said, Worded, form_rule, kind, quote, said, selector, wrong_form};
use crate::words::{list, shorten};

/// The longest message.
const LONGEST: usize = 72;
/// As many names are listed in a help text.
const NAMES: usize = 12;

/// The words of a problem. Its quote is empty: the caller has the document.
#[must_use]
pub fn problem(problem: &VocabularyProblem) -> Worded {
    say(&problem.detail).worded(problem.suggestion.as_deref())
}

/// The words of what is wrong with the shape of any value, and ways out.
pub(crate) fn shape(detail: &VocabularyDetail) -> (String, Vec<String>) {
    let said = say(detail);
    (shorten(&said.message, LONGEST), said.help)
}

pub(crate) fn say(detail: &VocabularyDetail) -> Said {
    use VocabularyDetail as Is;
    match detail {
        Is::UnknownField { found, known } => {
            let said = said(format!("no field is named {} here", quote(found)));
            if known.is_empty() {
                return said;
            }
            said.help(format!("the fields are {}", list(known, "and", NAMES)))
        }
        Is::MissingField { field } => said(format!("the field {field} is missing here")),
        Is::WrongType { found, expected } => {
            let expected: Vec<String> = expected.iter().map(|name| a_type(name)).collect();
            let expected = list(&expected, "or", NAMES);
            said(format!("{} stands where {expected} belongs", a_type(found)))
        }
        Is::WrongValue { found, expected } if expected.is_empty() => {
            said(format!("{} is outside the range of this field", quote(found)))
        }
        Is::WrongValue { found, expected } => {
            let found = if found.is_empty() { "nothing".to_owned() } else { quote(found) };
            let expected: Vec<String> =
                expected.iter().filter(|value| !value.is_empty()).cloned().collect();
            said(format!("{found} is not a value of this field"))
                .help(format!("it takes {}", list(&expected, "or", NAMES)))
        }
        Is::Schema { keyword } => said(format!("the schema does not take this value: {keyword}")),
        Is::Form { found, form: Form::DnsLabel | Form::DnsSubdomain } if found.is_empty() => {
            said("a name is missing here")
        }
        Is::Form { found, form: form @ (Form::DnsLabel | Form::DnsSubdomain) } => {
            said(format!("{} cannot be a name", quote(found))).help(form_rule(*form))
        }
        Is::Form { found, form } => wrong_form(found, "a label or taint", *form),
        Is::Empty => said("nothing stands where something has to"),
        Is::TooMany { limit } => said(format!("this list has more than {limit} entries")),
        Is::TooLong { limit } => said(format!("this text has more than {limit} characters")),
        Is::Selector(flaw) => selector(flaw),
        other => meaning(other),
    }
}

/// A JSON type as YAML's readers know it.
fn a_type(name: &str) -> String {
    match name {
        "array" => "a list",
        "object" => "a mapping",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "null" => "nothing",
        _ => "a text",
    }
    .to_owned()
}

fn meaning(detail: &VocabularyDetail) -> Said {
    use VocabularyDetail as Is;
    match detail {
        Is::ReservedWord { word } => {
            said(format!("{word} is a word of rules, it cannot be a name"))
                .help("a name that rules do not use would do")
        }
        Is::Duplicate { name, .. } => {
            said(format!("{} is there twice", quote(name))).label("the second")
        }
        Is::UnqualifiedKey { found } => {
            said(format!("the key {} of a level needs a prefix", quote(found)))
                .help("as in topology.example.com/rack")
        }
        Is::TrustDomainName { found } => {
            said(format!("a rule could not write the trust domain {}", quote(found)))
                .help("no blanks, no ;, at least one character")
        }
        Is::Uid { found } => said(format!("{} is not a UUID", quote(found)))
            .help("as in 3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2b"),
        Is::OpensGuard { name, of, key } => {
            let (name, of) = (shorten(name, 14), shorten(of, 14));
            said(format!("{name} tolerates the guard of {of}, for more namespaces"))
                .help(format!("{key} keeps others out of {of}: give {name} a guard of its own"))
        }
        Is::NodeKey { .. } => said("the level node has another key than the host name's")
            .help("node is always kubernetes.io/hostname"),
        Is::NodeNotLast => said("the level node is not the last one")
            .help("levels go from broad to narrow, nothing is narrower than a node"),
        Is::RackFormat { found } => {
            said(format!("the format {} makes no label value of a number", quote(found)))
                .help("as in rack-{n}, where {n} is the number")
        }
        Is::UnknownLevel { found, known } => said(format!("no level is named {}", quote(found)))
            .help(format!("the levels are {}", list(known, "and", NAMES))),
        Is::Unguarded { kind: of, name, effect } => {
            let said = said(format!("nothing keeps others out of {} {}", kind(*of), quote(name)));
            match effect {
                Some(effect) => said.label(format!("{} keeps nobody out", quote(effect))),
                None => said.label("for these only, without a guard"),
            }
            .help("a guard of effect NoSchedule or NoExecute does")
        }
        Is::EmptyTolerationKey => {
            said("a toleration without a key opens every node").help("name the key of the taint")
        }
        Is::TolerationField { field } => {
            let with = match *field {
                "tolerationSeconds" => "only with the effect NoExecute",
                _ => "not with the operator Exists",
            };
            said(format!("{field} goes {with}"))
        }
        Is::TemplatePointer { found } => {
            said(format!("{} is not a path to a template", quote(found)))
                .help("as in /spec/template; * is every element of a list")
        }
        Is::NotAnAmount { found } => {
            said(format!("{} is not an amount of a resource", quote(found)))
                .help("as in 96, 500m or 1.5Gi")
        }
        Is::CountOrder { min, max } => {
            said(format!("at least {min} nodes cannot be at most {max}"))
        }
        _ => said(""),
    }
}

#[cfg(test)]
mod tests {
    use placecard_language::keys;
    use placecard_language::vocabulary_check::check;
    use serde_json::{Value, json};

    use super::*;

    fn worded(spec: &Value) -> Vec<Worded> {
        let (_, problems) = check(&json!({
            "apiVersion": keys::API_VERSION, "kind": keys::VOCABULARY_KIND, "spec": spec,
        }));
        problems.iter().map(problem).collect()
    }

    #[test]
    fn mistakes_read_like_sentences() {
        let pool = |fields: Value| {
            let mut pool = json!({"name": "a", "nodes": "x"});
            if let (Some(pool), Value::Object(fields)) = (pool.as_object_mut(), fields) {
                pool.extend(fields);
            }
            json!({"pools": [pool]})
        };
        let level = |level: Value| json!({"levels": [level]});
        let long = "x".repeat(36);
        for (spec, message, label) in [
            (json!({"pool": 1}), "no field is named pool here", "did you mean pools?"),
            (json!({"pools": 1}), "a number stands where a list belongs", ""),
            (json!({"pools": [{"name": "a"}]}), "the field nodes is missing here", ""),
            (json!({"inventory": "shut"}), "shut is not a value of this field", ""),
            (pool(json!({"name": "on"})), "on is a word of rules, it cannot be a name", ""),
            (pool(json!({"name": "A"})), "A cannot be a name", ""),
            (
                pool(json!({"nodes": "a b"})),
                "the selector has b where =, !=, in, notin or a comma belongs",
                "=, !=, in, notin or a comma belongs here",
            ),
            (
                pool(json!({"allowedNamespaces": {"names": ["b"]}})),
                "nothing keeps others out of pool a",
                "for these only, without a guard",
            ),
            (
                pool(json!({"tolerations": [{"operator": "Exists"}]})),
                "a toleration without a key opens every node",
                "",
            ),
            (
                level(json!({"name": "rack", "key": "rack"})),
                "the key rack of a level needs a prefix",
                "",
            ),
            (
                level(json!({"name": "rack", "key": "a.b/c", "format": "rack"})),
                "the format rack makes no label value of a number",
                "",
            ),
            (json!({"serviceDomain": "nod"}), "no level is named nod", "did you mean node?"),
            (
                json!({"nodeTemplates": [{"name": "a", "allocatable": {"memory": "1 TB"}}]}),
                "1 TB is not an amount of a resource",
                "",
            ),
            (
                json!({"resources": [{"name": "a", "nodes": "x", "uid": long}]}),
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxx... is not a UUID",
                "",
            ),
        ] {
            let words = worded(&spec);
            let shown: Vec<_> =
                words.iter().map(|w| (w.message.as_str(), w.label.as_str())).collect();
            assert_eq!(shown, [(message, label)], "{spec}");
            assert!(words.iter().all(|w| w.message.chars().count() <= 72));
        }
    }
}
