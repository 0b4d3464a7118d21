//! What is written passes the API server's validation (pkg/apis/core/validation/validation.go), on
//! the oldest server that takes it too.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use serde_json::Value;

use crate::given::{apply, elements, given, lists, spec_of};
use crate::say::sentence;
use crate::shop::REQUIRED;

const ALL: [&str; 9] = [
    "Deployment",
    "expanded Deployment",
    "StatefulSet",
    "Job",
    "CronJob",
    "RayCluster",
    "pod",
    "pod of a Deployment",
    "pod of a Job",
];

fn keys(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|key| key.as_str().unwrap().to_owned()).collect()
}

fn selector_keys(selector: &Value) -> Vec<String> {
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    let expressions = expressions.map(|one| one["key"].as_str().unwrap().to_owned());
    labels.map(|(key, _)| key.clone()).chain(expressions).collect()
}

fn requirement(one: &Value) -> Result<(), TestCaseError> {
    let values = one["values"].as_array().map_or(0, Vec::len);
    let fits = match one["operator"].as_str().unwrap() {
        "In" | "NotIn" => values > 0,
        "Exists" | "DoesNotExist" => one.get("values").is_none(),
        "Gt" | "Lt" => values == 1,
        _ => false,
    };
    prop_assert!(fits, "{}", one);
    Ok(())
}

fn selector(selector: &Value) -> Result<(), TestCaseError> {
    for one in selector["matchExpressions"].as_array().into_iter().flatten() {
        prop_assert!(!["Gt", "Lt"].contains(&one["operator"].as_str().unwrap()));
        requirement(one)?;
    }
    Ok(())
}

fn pod_term(term: &Value) -> Result<(), TestCaseError> {
    let (same, other) = (keys(&term["matchLabelKeys"]), keys(&term["mismatchLabelKeys"]));
    prop_assert!(!term["topologyKey"].as_str().unwrap().is_empty());
    prop_assert!(same.is_empty() && other.is_empty() || term["labelSelector"].is_object());
    prop_assert!(same.iter().all(|key| !other.contains(key)));
    prop_assert_eq!(same.iter().collect::<BTreeSet<_>>().len(), same.len());
    selector(&term["labelSelector"])?;
    selector(&term["namespaceSelector"])
}

fn constraint(one: &Value) -> Result<(), TestCaseError> {
    let same = keys(&one["matchLabelKeys"]);
    prop_assert!(one["maxSkew"].as_i64().unwrap() > 0);
    prop_assert!(one.get("minDomains").is_none() || one["whenUnsatisfiable"] == "DoNotSchedule");
    prop_assert!(one["labelSelector"].as_object().is_some_and(|fields| !fields.is_empty()));
    // Servers before 1.34 refuse a key in both.
    let named = selector_keys(&one["labelSelector"]);
    prop_assert!(same.iter().all(|key| !named.contains(key)), "{}", one);
    for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
        prop_assert!(matches!(one[policy].as_str(), None | Some("Honor" | "Ignore")));
    }
    selector(&one["labelSelector"])
}

fn toleration(one: &Value) -> Result<(), TestCaseError> {
    let operator = one["operator"].as_str().unwrap_or("Equal");
    prop_assert!(operator == "Equal" || one.get("value").is_none(), "{}", one);
    prop_assert!(operator == "Exists" || one.get("key").is_some(), "{}", one);
    prop_assert!(one.get("tolerationSeconds").is_none() || one["effect"] == "NoExecute");
    Ok(())
}

#[test]
fn what_is_added_is_valid() {
    let checked = AtomicUsize::new(0);
    crate::run(1500, &given(&ALL, sentence(), true), |given| {
        let (mut value, template) = given.object();
        let mut outcome = apply(&value);
        let own = spec_of(&mut value, template).clone();
        let spec = spec_of(&mut outcome.value, template).clone();
        for list in lists() {
            let own = elements(&own, &list);
            for one in elements(&spec, &list).iter().filter(|one| !own.contains(one)) {
                checked.fetch_add(1, Ordering::Relaxed);
                let weighted = one.get("podAffinityTerm");
                match list.rsplit('/').nth(1) {
                    Some("podAffinity" | "podAntiAffinity") => pod_term(weighted.unwrap_or(one))?,
                    Some("nodeAffinity") => node_term(&one["preference"])?,
                    _ if list == "/tolerations" => toleration(one)?,
                    _ => constraint(one)?,
                }
            }
        }
        let slots = elements(&spec, "/topologySpreadConstraints");
        let slots =
            slots.iter().map(|one| format!("{}{}", one["topologyKey"], one["whenUnsatisfiable"]));
        let slots: Vec<String> = slots.collect();
        prop_assert_eq!(slots.iter().collect::<BTreeSet<_>>().len(), slots.len());
        let terms = format!("/affinity/nodeAffinity/{REQUIRED}/nodeSelectorTerms");
        if spec.pointer(&terms) != own.pointer(&terms) {
            let terms = elements(&spec, &terms);
            prop_assert!(!terms.is_empty() && terms.len() <= 64);
            // The user's own empty ones aside.
            for term in terms.iter().filter(|term| **term != serde_json::json!({})) {
                node_term(term)?;
            }
        }
        Ok(())
    });
    assert!(checked.into_inner() > 2000);
}

fn node_term(term: &Value) -> Result<(), TestCaseError> {
    prop_assert_ne!(term, &serde_json::json!({}));
    for one in elements(term, "/matchExpressions") {
        requirement(&one)?;
    }
    for one in elements(term, "/matchFields") {
        prop_assert_eq!(elements(&one, "/values").len(), 1);
    }
    Ok(())
}
