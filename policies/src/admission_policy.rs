//! The policies that the API server evaluates by itself, so that the promises hold while the
//! webhook is away (ValidatingAdmissionPolicy, admissionregistration.k8s.io/v1).
//!
//! `admission_policy/unplaced.yaml` keeps pods with intents from running unplaced, and
//! `admission_policy/guards.yaml` keeps guarded pools and trust domains for those namespaces that
//! may use them. What these are, the second one has as literals (`inlined.rs`) or reads in the
//! vocabulary; then `admission_policy/kind.yaml` keeps the kind that it reads. The files are what is
//! installed, but for `@…@`: keys come from the table of keys, sentences from the words. The notion of an allowed namespace is that of
//! [`NamespaceSet::admits`](placecard_language::vocabulary::NamespaceSet::admits).

pub mod inlined;

use placecard_language::keys;

use self::inlined::Inlined;
use crate::words::admission_policy as words;

/// What is done with a pod whose intents nobody expanded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unplaced {
    /// It is refused until somebody does.
    #[default]
    Deny,
    /// It is admitted with a warning.
    Warn,
    /// It is noted in the audit log alone.
    Off,
}

impl Unplaced {
    /// The `validationActions` of the policy's binding, as YAML.
    #[must_use]
    pub const fn actions(self) -> &'static str {
        match self {
            Self::Deny => "[Deny]",
            Self::Warn => "[Warn, Audit]",
            Self::Off => "[Audit]",
        }
    }
}

/// What differs between installations, as it stands in the YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// The namespaces in which the webhook is not asked, as a flow sequence.
    pub exempt: String,
    /// `validationActions` of the first policy, as a flow sequence.
    pub actions: String,
    /// `failurePolicy` of the second policy.
    pub failure_policy: String,
}

impl Values {
    /// For a webhook in this namespace; `fail_open`: the second policy lets through what it cannot
    /// evaluate, as while an API server has not read the vocabulary yet.
    #[must_use]
    pub fn new(namespace: &str, unplaced: Unplaced, fail_open: bool) -> Self {
        Self {
            exempt: format!("[kube-system, \"{namespace}\"]"),
            actions: unplaced.actions().to_owned(),
            failure_policy: if fail_open { "Ignore" } else { "Fail" }.to_owned(),
        }
    }

    /// For the chart, with its values in place of ours.
    #[must_use]
    pub fn chart() -> Self {
        let action = |name: &str, action: Unplaced| format!("\"{name}\" \"{}\"", action.actions());
        let actions = [
            action("deny", Unplaced::Deny),
            action("warn", Unplaced::Warn),
            action("off", Unplaced::Off),
        ];
        Self {
            exempt: "{{ include \"placecard.exempt\" . }}".to_owned(),
            actions: format!(
                "{{{{ get (dict {}) (include \"placecard.unplaced\" .) }}}}",
                actions.join(" ")
            ),
            failure_policy: "{{ .Values.admissionPolicy.failurePolicy }}".to_owned(),
        }
    }
}

/// The most pairs of a toleration and a guard that are compared. On a real API server an evaluation
/// of the longest keys and values ended at somewhat more than 20,000 pairs.
const PAIRS: &str = "5000";

/// Where the second policy has from what is guarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guards {
    /// The API server reads the vocabulary in the cluster, as the parameters of the policy.
    Parametrised,
    /// They stand in the policy, which has no parameters.
    Inlined(Inlined),
}

impl Guards {
    /// The name of the policy and of its binding.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Parametrised => "placecard-guards",
            Self::Inlined(_) => INLINED,
        }
    }
}

/// The name of the policy without parameters, and of its binding.
pub const INLINED: &str = "placecard-guards-inlined";

/// All policies with their bindings, as YAML.
#[must_use]
pub fn yaml(values: &Values, guards: &Guards) -> String {
    let unplaced = unplaced(values);
    match guards {
        Guards::Parametrised => format!("{unplaced}---\n{}", parametrised(values)),
        Guards::Inlined(_) => {
            let (policy, binding) = (guards_policy(values, guards), inlined_binding());
            format!("{unplaced}---\n{policy}---\n{binding}")
        }
    }
}

/// The policy about unplaced pods with its binding.
#[must_use]
pub fn unplaced(values: &Values) -> String {
    filled(include_str!("admission_policy/unplaced.yaml"), values, &Guards::Parametrised)
}

/// The policy about guards that reads the vocabulary, and that which keeps the kind of that.
#[must_use]
pub fn parametrised(values: &Values) -> String {
    let text = format!(
        "{}---\n{}---\n{}",
        include_str!("admission_policy/guards.yaml"),
        include_str!("admission_policy/guards_binding.yaml"),
        include_str!("admission_policy/kind.yaml")
    );
    filled(&text, values, &Guards::Parametrised)
}

/// The policy about guards alone, without its binding.
#[must_use]
pub fn guards_policy(values: &Values, guards: &Guards) -> String {
    filled(include_str!("admission_policy/guards.yaml"), values, guards)
}

/// The binding of the policy about guards that has no parameters.
#[must_use]
pub fn inlined_binding() -> String {
    let guards = Guards::Inlined(Inlined::default());
    let values = Values::new("", Unplaced::Deny, false);
    filled(include_str!("admission_policy/guards_binding.yaml"), &values, &guards)
}

/// What is different with parameters and without: where they come from, and what that means.
fn of_guards(values: &Values, guards: &Guards) -> [(&'static str, String); 4] {
    let failure = &values.failure_policy;
    match guards {
        Guards::Parametrised => [
            ("WHERE", "stands in the PlacementVocabulary.".to_owned()),
            (
                "FAILURE_AND_PARAMETERS",
                format!(
                    "  # With Ignore, an API server that was just started and has not read the \
                     vocabulary yet would let\n  # everything through, and controllers try again \
                     until it does.\n  failurePolicy: {failure}\n  paramKind: {{apiVersion: {}, \
                     kind: {}}}\n",
                    keys::API_VERSION,
                    keys::VOCABULARY_KIND
                ),
            ),
            ("VOCABULARY", include_str!("admission_policy/parameters.yaml").to_owned()),
            (
                "PARAM_REF",
                format!(
                    "  # Without a vocabulary nothing is guarded.\n  paramRef: {{name: {}, \
                     parameterNotFoundAction: Allow}}\n",
                    keys::VOCABULARY_NAME
                ),
            ),
        ],
        Guards::Inlined(inlined) => [
            ("WHERE", "was taken from a PlacementVocabulary.".to_owned()),
            (
                "FAILURE_AND_PARAMETERS",
                format!(
                    "  # Without parameters there is nothing that an API server would have to read \
                     first.\n  failurePolicy: {failure}\n"
                ),
            ),
            ("VOCABULARY", inlined.yaml()),
            ("PARAM_REF", String::new()),
        ],
    }
}

fn filled(text: &str, values: &Values, guards: &Guards) -> String {
    let intents = keys::KEYS.iter().filter(|key| key.intent).map(|key| format!("'{}'", key.full));
    let intents = intents.collect::<Vec<_>>().join(", ");
    let said = |words: &str| serde_json::Value::from(words).to_string();
    let texts = [
        ("GUARDS", guards.name().to_owned()),
        ("EXEMPT", values.exempt.clone()),
        ("ACTIONS", values.actions.clone()),
        ("INTENTS", intents),
        ("MODE", keys::MODE.to_owned()),
        ("APPLIED", keys::APPLIED.to_owned()),
        ("PREFIX", keys::PREFIX.to_owned()),
        ("GROUP", keys::GROUP.to_owned()),
        ("PLURAL", keys::VOCABULARY_PLURAL.to_owned()),
        ("NAME", keys::VOCABULARY_NAME.to_owned()),
        ("PAIRS", PAIRS.to_owned()),
        ("UNPLACED", said(words::UNPLACED)),
        ("TOLERATES", said(words::TOLERATES)),
        ("NODE_NAME", said(words::NODE_NAME)),
        ("BINDING", said(words::BINDING)),
        ("BINDING_ANNOTATIONS", said(words::BINDING_ANNOTATIONS)),
        ("TOO_MANY", said(words::TOO_MANY)),
        ("LABELS", said(words::LABELS)),
        ("KIND_STAYS", said(words::KIND_STAYS)),
    ];
    let mut text = text.to_owned();
    // What is taken from a vocabulary comes last, so that nothing in it is filled.
    for (name, value) in texts.into_iter().chain(of_guards(values, guards)) {
        text = text.replace(&format!("@{name}@"), &value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_is_filled_and_every_sentence_said() {
        let values = Values::new("placecard-system", Unplaced::Deny, false);
        let text = yaml(&values, &Guards::Parametrised);
        let inlined = yaml(&values, &Guards::Inlined(Inlined::default()));
        assert!(!inlined.contains('@') && !inlined.contains("params"), "{inlined}");
        assert!(!inlined.contains("paramKind") && !inlined.contains("paramRef"), "{inlined}");
        assert!(!text.contains('@'), "{text}");
        for words in [
            words::UNPLACED,
            words::TOLERATES,
            words::NODE_NAME,
            words::BINDING,
            words::BINDING_ANNOTATIONS,
            words::TOO_MANY,
            words::LABELS,
            words::KIND_STAYS,
        ] {
            assert!(text.contains(words), "{words}");
        }
        for key in keys::KEYS.iter().filter(|key| key.intent) {
            assert!(text.contains(&format!("'{}'", key.full)), "{}", key.full);
        }
    }

    #[test]
    fn the_chart_differs_by_its_values_alone() {
        let values = Values::chart();
        let plain = Values::new("placecard-system", Unplaced::Warn, true);
        let text = yaml(&values, &Guards::Parametrised)
            .replace(&values.exempt, &plain.exempt)
            .replace(&values.actions, &plain.actions)
            .replace(&values.failure_policy, &plain.failure_policy);
        assert_eq!(text, yaml(&plain, &Guards::Parametrised));
        assert!(!text.contains("{{"), "{text}");
        assert!(values.actions.contains(r#""warn" "[Warn, Audit]""#), "{}", values.actions);
    }
}
