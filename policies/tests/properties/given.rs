//! What the properties of expansion begin with: an object with sentences and hand-written fields.

use placecard_policies::object::{Object, Template};
use placecard_policies::patch;
use placecard_policies::read;
use placecard_policies::review::{Review, review};
use placecard_policies::rules;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use crate::say::{Say, sentence};
use crate::shop;
use crate::world::written;

/// One object.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) kind: &'static str,
    pub(crate) require: String,
    pub(crate) prefer: String,
    pub(crate) tolerate: String,
    pub(crate) fields: Value,
}

impl Given {
    /// The object, and the pointer of its template.
    pub(crate) fn object(&self) -> (Value, &'static str) {
        let annotations = shop::annotations(&self.require, &self.prefer, &self.tolerate);
        shop::object(self.kind, &annotations, &self.fields)
    }
}

fn preference() -> impl Strategy<Value = String> {
    (sentence(), 1..101).prop_filter_map("not for prefer", |(say, weight)| {
        let weighted = |say: &Say| format!("{} weight {weight}\n", say.text());
        match &say {
            Say::AtMost(..) => None,
            Say::Spread(rule) if rule.min_domains.is_some() => None,
            Say::Spread(_) => Some(say.text() + "\n"),
            _ => Some(weighted(&say)),
        }
    })
}

const TOLERATIONS: [&str; 6] = [
    "x=1",
    "nvidia.com/gpu:NoSchedule",
    "y:NoExecute for 30s",
    "node.kubernetes.io/not-ready:NoExecute for 30s",
    "node.kubernetes.io/unreachable",
    "pool=big",
];

/// Objects of these kinds, with sentences of this sort under `require`.
pub(crate) fn given(
    kinds: &'static [&'static str],
    sentences: impl Strategy<Value = Say>,
    prefers: bool,
) -> impl Strategy<Value = Given> {
    let prefer = prop::collection::vec(preference(), 0..if prefers { 3 } else { 1 });
    let tolerate = subsequence(&TOLERATIONS[..], 0..3);
    let require = prop::collection::vec(sentences, 0..4);
    (select(kinds), require, prefer, tolerate, written()).prop_map(
        |(kind, require, prefer, tolerate, fields)| Given {
            kind,
            require: crate::reading::text(&require),
            prefer: prefer.concat(),
            tolerate: tolerate.join("\n"),
            fields,
        },
    )
}

/// A review, and the object that the mutating webhook makes of it.
pub(crate) struct Outcome {
    pub(crate) object: Object,
    pub(crate) review: Review,
    pub(crate) value: Value,
    /// Operations on the placement fields.
    pub(crate) operations: usize,
}

impl Outcome {
    /// Of the findings, but for those about single fields: once expanded, a field is one that
    /// somebody might have written by hand.
    pub(crate) fn codes(&self) -> Vec<&'static str> {
        let codes = self.review.findings.iter().map(|finding| finding.code.as_str());
        codes.filter(|code| !rules::is_about_fields(code)).collect()
    }

    pub(crate) fn template(&self) -> &Template {
        &self.object.templates[0]
    }
}

/// Reviews an object and applies the patch, with the record if it is written into this very object.
pub(crate) fn apply(value: &Value) -> Outcome {
    let surroundings = shop::surroundings(34);
    let object = read::object(value, &surroundings.words).unwrap();
    let review = review(&object, &surroundings);
    let mut patched = value.clone();
    let mut operations = 0;
    for expansion in &review.expansions {
        let template = object.templates.iter().find(|one| one.path == expansion.template).unwrap();
        let fields = patch::fields(expansion, template);
        operations += fields.len();
        json_patch::patch(&mut patched, &fields).unwrap();
        if expansion.in_place {
            json_patch::patch(&mut patched, &patch::record(expansion, template)).unwrap();
        }
    }
    Outcome { object, review, value: patched, operations }
}

/// The pod spec below a template's pointer.
pub(crate) fn spec_of<'a>(value: &'a mut Value, template: &str) -> &'a mut Value {
    value.pointer_mut(&format!("{template}/spec")).unwrap()
}

/// The lists of a pod spec that hold elements of ours, node terms apart.
pub(crate) fn lists() -> Vec<String> {
    let affinity = |kind: &str, list: &str| format!("/affinity/{kind}/{list}");
    vec![
        affinity("nodeAffinity", shop::PREFERRED),
        affinity("podAffinity", shop::REQUIRED),
        affinity("podAffinity", shop::PREFERRED),
        affinity("podAntiAffinity", shop::REQUIRED),
        affinity("podAntiAffinity", shop::PREFERRED),
        "/tolerations".to_owned(),
        "/topologySpreadConstraints".to_owned(),
    ]
}

pub(crate) fn elements(spec: &Value, list: &str) -> Vec<Value> {
    spec.pointer(list).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// Turns every list around, also those inside elements.
pub(crate) fn reverse(value: &mut Value) {
    match value {
        Value::Array(elements) => {
            elements.reverse();
            elements.iter_mut().for_each(reverse);
        }
        Value::Object(fields) => fields.values_mut().for_each(reverse),
        _ => {}
    }
}

/// Merges label keys into selectors, as the API server does when it stores a pod.
pub(crate) fn merge_keys(spec: &mut Value, labels: &Value) {
    let merge = |term: &mut Value| {
        if term["labelSelector"].is_null() {
            return;
        }
        for (keys, operator) in [("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")] {
            for key in term[keys].as_array().cloned().unwrap_or_default() {
                let value = &labels[key.as_str().unwrap()];
                if !value.is_null() {
                    let expressions = &mut term["labelSelector"]["matchExpressions"];
                    if expressions.is_null() {
                        *expressions = json!([]);
                    }
                    let merged = json!({"key": key, "operator": operator, "values": [value]});
                    expressions.as_array_mut().unwrap().push(merged);
                }
            }
            if term[keys].is_null() {
                term.as_object_mut().unwrap().remove(keys);
            }
        }
    };
    for list in lists() {
        let Some(Value::Array(elements)) = spec.pointer_mut(&list) else { continue };
        for element in elements {
            if element.get("topologyKey").is_some() {
                merge(element);
            } else if let Some(term) = element.get_mut("podAffinityTerm") {
                merge(term);
            }
        }
    }
}
