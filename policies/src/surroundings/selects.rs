//! A LabelSelector that is kept of every workload, and asked for by few.

use std::fmt::{self, Debug, Formatter};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// Stands between keys and values. No valid label has it.
const BETWEEN: char = '\n';

/// Which pods a workload or Service selects. Nearly all say it by labels alone, and those are one text:
/// a map of them takes several times as much.
#[derive(Clone, PartialEq)]
pub struct Selects(Kept);

#[derive(Clone, PartialEq)]
enum Kept {
    /// Keys and values of `matchLabels` by turns, at least one of each; there is nothing else.
    Labels(Box<str>),
    /// Whatever is no such text.
    Native(Box<LabelSelector>),
}

impl Selects {
    /// The selector as it was written.
    #[must_use]
    pub fn native(&self) -> LabelSelector {
        let text = match &self.0 {
            Kept::Labels(text) => text,
            Kept::Native(native) => return LabelSelector::clone(native),
        };
        let mut texts = text.split(BETWEEN).map(str::to_owned);
        let pairs = std::iter::from_fn(|| texts.next().zip(texts.next()));
        LabelSelector { match_labels: Some(pairs.collect()), match_expressions: None }
    }
}

impl From<LabelSelector> for Selects {
    fn from(native: LabelSelector) -> Self {
        let LabelSelector { match_labels: Some(labels), match_expressions: None } = &native else {
            return Self(Kept::Native(Box::new(native)));
        };
        let texts = || labels.iter().flat_map(|(key, value)| [key.as_str(), value]);
        if labels.is_empty() || texts().any(|text| text.contains(BETWEEN)) {
            return Self(Kept::Native(Box::new(native)));
        }
        let length = texts().map(|text| text.len() + BETWEEN.len_utf8()).sum::<usize>();
        let mut kept = String::with_capacity(length - BETWEEN.len_utf8());
        for (number, text) in texts().enumerate() {
            if number > 0 {
                kept.push(BETWEEN);
            }
            kept.push_str(text);
        }
        Self(Kept::Labels(kept.into()))
    }
}

impl Debug for Selects {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        self.native().fmt(to)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(selector: &Value) -> LabelSelector {
        serde_json::from_value(selector.clone()).unwrap()
    }

    #[test]
    fn selectors_are_kept_as_they_were_written() {
        let expression = json!({"key": "app", "operator": "In", "values": ["a", "b"]});
        for (selector, is_text) in [
            (json!({}), false),
            (json!({"matchLabels": {}}), false),
            (json!({"matchLabels": {"app": "web"}}), true),
            (json!({"matchLabels": {"z": "", "a/b": "c\r", "": "=,é"}}), true),
            (json!({"matchLabels": {"": ""}}), true),
            (json!({"matchLabels": {"app": "a\nb"}}), false),
            (json!({"matchLabels": {"a\n": "b"}}), false),
            (json!({"matchLabels": {"app": "web"}, "matchExpressions": []}), false),
            (json!({"matchLabels": {"app": "web"}, "matchExpressions": [expression]}), false),
            (json!({"matchExpressions": [expression]}), false),
        ] {
            let native = read(&selector);
            let kept = Selects::from(native.clone());
            assert_eq!(kept.native(), native);
            assert_eq!(format!("{kept:?} {kept:#?}"), format!("{native:?} {native:#?}"));
            match &kept.0 {
                Kept::Labels(_) => assert!(is_text, "{selector}"),
                Kept::Native(_) => assert!(!is_text, "{selector}"),
            }
        }
    }

    #[test]
    fn selectors_are_the_same_if_they_were_written_so() {
        let of = |selector: &Value| Selects::from(read(selector));
        let web = of(&json!({"matchLabels": {"app": "web", "tier": "a"}}));
        assert_eq!(web, of(&json!({"matchLabels": {"tier": "a", "app": "web"}})));
        for other in [
            json!({"matchLabels": {"app": "web"}}),
            json!({"matchLabels": {"app": "web", "tier": "b"}}),
            json!({"matchLabels": {"app": "web\ntier\na"}}),
            json!({"matchLabels": {"app": "web", "tier": "a"}, "matchExpressions": []}),
        ] {
            assert_ne!(web, of(&other), "{other}");
        }
    }
}
