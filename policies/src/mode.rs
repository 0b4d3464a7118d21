//! The mode of a namespace: how much of what placecard finds may stop an object there.

use placecard_findings::{FieldPath, Finding, Help, ObjectRef, Severity, Verdict};
use placecard_language::keys::{self, Place};
use placecard_language::read::read_labels;

use crate::object::Map;
use crate::surroundings::Surroundings;
use crate::words;

/// The label `mode` of a namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is done there.
    Off,
    /// What would be refused is admitted as it is, with warnings and a record; all else is as in
    /// `Enforce`.
    Warn,
    /// What is wrong is refused.
    #[default]
    Enforce,
}

impl Mode {
    /// Reads the label's value.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        [Self::Off, Self::Warn, Self::Enforce].into_iter().find(|mode| mode.as_str() == value)
    }

    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Enforce => "enforce",
        }
    }
}

/// The mode of a namespace, as far as it is known. Without the label, and where the labels cannot be
/// read, it is the default of the surroundings. A value that is no mode counts as `enforce`: whoever
/// wrote it wanted something, and the least surprising mistake is the one that is seen. No mode opens
/// what is guarded.
#[must_use]
pub fn of(namespace: &str, surroundings: &Surroundings) -> Mode {
    match surroundings.objects.mode(namespace) {
        None => surroundings.default_mode,
        Some(value) => Mode::parse(value).unwrap_or_default(),
    }
}

/// The warning about a label that is no mode.
#[must_use]
pub fn odd(namespace: &str, surroundings: &Surroundings) -> Option<Finding> {
    let value = surroundings.objects.mode(namespace)?;
    let label = Map::from([(keys::MODE.to_owned(), value.to_owned())]);
    let problem = read_labels(&label, Place::Namespace).pop()?;
    let object = ObjectRef {
        api_version: "v1".to_owned(),
        kind: "Namespace".to_owned(),
        name: namespace.to_owned(),
        ..ObjectRef::default()
    };
    let metadata = FieldPath::of(&["metadata"]);
    let mut finding = words::annotation::finding(&object, &metadata, &problem);
    finding.severity = Severity::Warning;
    finding.admission = Some(words::mode::odd(value));
    Some(finding)
}

/// A finding as the mode of its object's namespace weighs it, for a reader who is told before anything
/// is refused: what would not be refused there is a warning, except what the API server refuses.
pub fn weigh(mode: Mode, namespace: &str, finding: &mut Finding) {
    let lenient = mode != Mode::Enforce && finding.verdict != Verdict::ApiRejects;
    if lenient && finding.severity > Severity::Warning {
        finding.severity = Severity::Warning;
        finding.help.push(Help::text(words::mode::not_refused(mode, namespace)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surroundings::{Answer, Reference};

    fn surroundings(labels: &[(&str, &str)]) -> Surroundings {
        let mut surroundings = Surroundings::default();
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let answer = Answer::Namespace(labels.collect());
        surroundings.objects.insert(Reference::Namespace { name: "web".to_owned() }, answer);
        surroundings
    }

    #[test]
    fn the_label_is_the_mode_and_what_is_none_counts_as_enforce() {
        for (value, mode, is_odd) in [
            ("off", Mode::Off, false),
            ("warn", Mode::Warn, false),
            ("enforce", Mode::Enforce, false),
            ("Warn", Mode::Enforce, true),
            ("on", Mode::Enforce, true),
            ("", Mode::Enforce, true),
        ] {
            let mut around = surroundings(&[(keys::MODE, value)]);
            around.default_mode = Mode::Warn;
            assert_eq!(of("web", &around), mode, "{value:?}");
            assert_eq!(odd("web", &around).is_some(), is_odd, "{value:?}");
        }
    }

    #[test]
    fn without_the_label_the_default_counts() {
        for default_mode in [Mode::Warn, Mode::Enforce] {
            for namespace in ["web", "unknown"] {
                let around = Surroundings { default_mode, ..surroundings(&[("a", "b")]) };
                assert_eq!(of(namespace, &around), default_mode);
                assert_eq!(odd(namespace, &around), None);
            }
        }
    }
}
