//! The guards of a vocabulary as literals of CEL, for a policy without parameters.
//!
//! An API server evaluates such a policy from its first moment on, whether or not it knows the kind
//! of the vocabulary. What the literals say is what the other policy reads: the pools and trust
//! domains that have a guard and `allowedNamespaces`, the agents and the schedulers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use placecard_language::checked::{Group, Words};
use placecard_language::vocabulary::NamespaceSet;

/// Code points that one expression may have (cel-go, `parser/parser.go`,
/// `expressionSizeCodePointLimit`).
pub const EXPRESSION: usize = 100_000;

/// Bytes that all literals together may have: an object of the API server has to stay below the 1.5
/// MiB that etcd takes in a request.
pub const LITERALS: usize = 900_000;

/// Guards that one policy may have: with more, pods with ten tolerations would be too many pairs to
/// compare. What all guards together cost is then also far below what the API server allows for an
/// expression (`k8s.io/apiserver`, `pkg/apis/cel/config.go`, `PerCallLimit`), as measured on a real
/// one with the largest that fit.
pub const GUARDS: usize = 500;

/// The guards of a vocabulary, as variables of the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inlined {
    /// `agents`, `schedulers`, `guarded`, and parts of the last: name and expression, each after
    /// those that it reads.
    pub variables: Vec<(String, String)>,
}

/// Why a vocabulary does not fit into a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooLarge {
    /// One pool, trust domain, or the agents, or the schedulers: code points of its literal.
    Expression(usize),
    /// Bytes of all literals.
    Literals(usize),
    /// Pools and trust domains with a guard.
    Guards(usize),
}

impl Inlined {
    /// The guards of these words.
    ///
    /// # Errors
    /// They are too many for the limits of the API server.
    pub fn of(words: &Words) -> Result<Self, TooLarge> {
        let none = NamespaceSet::default();
        let agents = set(words.agents.as_ref().unwrap_or(&none));
        let schedulers = format!("dyn({})", list(&words.schedulers));
        let groups = words.pools.values().chain(words.trust_domains.values());
        let guarded: Vec<String> = groups.filter_map(group).collect();
        if guarded.len() > GUARDS {
            return Err(TooLarge::Guards(guarded.len()));
        }
        let (parts, together) = parts(&guarded);
        let mut variables =
            vec![("agents".to_owned(), agents), ("schedulers".to_owned(), schedulers)];
        variables.extend(parts);
        variables.push(("guarded".to_owned(), together));
        for (_, expression) in &variables {
            if expression.len() > EXPRESSION {
                return Err(TooLarge::Expression(expression.len()));
            }
        }
        let bytes = variables.iter().map(|(_, expression)| expression.len()).sum();
        if bytes > LITERALS {
            return Err(TooLarge::Literals(bytes));
        }
        Ok(Self { variables })
    }

    /// As they stand in the policy.
    pub(super) fn yaml(&self) -> String {
        let mut text = "  # What the vocabulary says of guards.\n".to_owned();
        for (name, expression) in &self.variables {
            // A string of JSON is one of YAML; all of it is printable ASCII.
            let expression = serde_json::Value::from(expression.as_str());
            let _ = writeln!(text, "  - name: {name}\n    expression: {expression}");
        }
        text
    }
}

/// Long lists in parts, each an expression of its own, and the expression that joins them.
fn parts(all: &[String]) -> (Vec<(String, String)>, String) {
    let joined = |all: &[String]| format!("dyn([{}])", all.join(", "));
    let bytes: usize = all.iter().map(|one| one.len() + 2).sum();
    if bytes + 7 <= EXPRESSION {
        return (Vec::new(), joined(all));
    }
    let mut parts: Vec<&[String]> = Vec::new();
    let (mut first, mut room) = (0, EXPRESSION - 7);
    for (at, one) in all.iter().enumerate() {
        let size = one.len() + 2;
        if size > room && at > first {
            parts.extend(all.get(first..at));
            (first, room) = (at, EXPRESSION - 7);
        }
        room = room.saturating_sub(size);
    }
    parts.extend(all.get(first..));
    let name = |number: usize| format!("guarded{number}");
    let sum = (0..parts.len()).map(|number| format!("variables.{}", name(number)));
    let sum = sum.collect::<Vec<_>>().join(" + ");
    let parts = parts.iter().enumerate().map(|(number, part)| (name(number), joined(part)));
    (parts.collect(), sum)
}

/// Nothing of a group that is open to everybody or that nothing guards.
fn group(group: &Group) -> Option<String> {
    let (guard, allowed) = (group.guard.as_ref()?, group.allowed_namespaces.as_ref()?);
    let guard = [("key", &guard.key), ("value", &guard.value), ("effect", &guard.effect)];
    let guard = guard.map(|(name, value)| format!("'{name}': {}", text(value)));
    Some(format!(
        "{{'guard': dyn({{{}}}), 'allowedNamespaces': {}}}",
        guard.join(", "),
        set(allowed)
    ))
}

fn set(set: &NamespaceSet) -> String {
    let (names, labels) = (list(&set.names), map(&set.match_labels));
    format!("dyn({{'names': dyn({names}), 'matchLabels': dyn({labels})}})")
}

fn list(all: &[String]) -> String {
    let all: Vec<String> = all.iter().map(|one| text(one)).collect();
    format!("[{}]", all.join(", "))
}

fn map(all: &BTreeMap<String, String>) -> String {
    let one = |(key, value): (&String, &String)| format!("{}: {}", text(key), text(value));
    let all: Vec<String> = all.iter().map(one).collect();
    format!("{{{}}}", all.join(", "))
}

/// A string literal of CEL in printable ASCII, whatever it says: nothing in it ends it, and nothing
/// is a placeholder of ours or of a template.
fn text(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('\'');
    for letter in value.chars() {
        match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '.' | '-' | '_' | '/' | ':' | '=' | ',' => {
                text.push(letter);
            }
            letter => {
                let number = u32::from(letter);
                let _ = match number {
                    0..=0xffff => write!(text, "\\u{number:04x}"),
                    _ => write!(text, "\\U{number:08x}"),
                };
            }
        }
    }
    text.push('\'');
    text
}

#[cfg(test)]
mod tests {
    use placecard_language::vocabulary::Guard;

    use super::*;

    fn allowed(names: usize) -> NamespaceSet {
        let names = (0..names).map(|number| format!("team-{number}")).collect();
        NamespaceSet { names, match_labels: BTreeMap::new() }
    }

    fn pool(names: usize) -> Group {
        let guard = Guard {
            key: "pool.example.com/a".to_owned(),
            value: "b".to_owned(),
            effect: "NoSchedule".to_owned(),
        };
        Group { guard: Some(guard), allowed_namespaces: Some(allowed(names)), ..Group::default() }
    }

    fn pools(count: usize, names: usize) -> Words {
        let pools = (0..count).map(|number| (format!("pool-{number:04}"), pool(names))).collect();
        Words { pools, ..Words::default() }
    }

    #[test]
    fn what_has_no_guard_or_is_open_to_all_is_left_out() {
        let mut words = pools(1, 1);
        let open = Group { allowed_namespaces: None, ..pool(1) };
        words.pools.insert("open".to_owned(), open);
        let unguarded = Group { guard: None, ..pool(1) };
        words.trust_domains.insert("unguarded".to_owned(), unguarded);
        words.trust_domains.insert("guarded".to_owned(), pool(2));
        let variables = Inlined::of(&words).unwrap().variables;
        let guard = "{'guard': dyn({'key': 'pool.example.com/a', 'value': 'b', 'effect': \
                     'NoSchedule'}), 'allowedNamespaces': dyn({'names': dyn(";
        let named = |names: &str| format!("{guard}{names}), 'matchLabels': dyn({{}})}})}}");
        let both = [named("['team-0']"), named("['team-0', 'team-1']")].join(", ");
        let expected = [
            ("agents", "dyn({'names': dyn([]), 'matchLabels': dyn({})})".to_owned()),
            ("schedulers", "dyn([])".to_owned()),
            ("guarded", format!("dyn([{both}])")),
        ];
        assert_eq!(variables, expected.map(|(name, text)| (name.to_owned(), text)));
    }

    #[test]
    fn no_text_ends_its_literal() {
        for (value, expected) in [
            ("system:serviceaccount:a:b", "'system:serviceaccount:a:b'"),
            ("it's \"x\" \\d", "'it\\u0027s \\u0022x\\u0022 \\u005cd'"),
            (
                "@MODE@ {{ .x }} #\n",
                "'\\u0040MODE\\u0040 \\u007b\\u007b .x \\u007d\\u007d \\u0023\\u000a'",
            ),
            ("ü\u{2028}\u{1f600}\0", "'\\u00fc\\u2028\\U0001f600\\u0000'"),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    #[test]
    fn many_guards_are_cut_into_expressions_and_too_many_refused() {
        let variables = Inlined::of(&pools(500, 50)).unwrap().variables;
        assert!(variables.len() > 4, "{}", variables.len());
        let (name, sum) = variables.last().unwrap();
        assert!(name == "guarded" && sum.starts_with("variables.guarded0 + variables.guarded1"));
        assert!(variables.iter().all(|(_, expression)| expression.len() <= EXPRESSION));
        let said: usize =
            variables.iter().map(|(_, expression)| expression.matches("'guard'").count()).sum();
        assert_eq!(said, 500);
        assert_eq!(Inlined::of(&pools(501, 1)), Err(TooLarge::Guards(501)));
        assert!(matches!(Inlined::of(&pools(1, 10_000)), Err(TooLarge::Expression(_))));
        assert!(matches!(Inlined::of(&pools(500, 200)), Err(TooLarge::Literals(_))));
    }
}
