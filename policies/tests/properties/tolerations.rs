//! Tolerations: every taint of a rule is tolerated for as long as the rule says, every other as it
//! was before, and a refusal has a reason.

use std::sync::atomic::{AtomicUsize, Ordering};

use placecard_feasibility::tolerations::{Taint, Toleration, tolerates};
use placecard_policies::findings::Severity;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::given::apply;
use crate::reading::form;
use crate::shop;
use crate::world::scheduled;

const READY: &str = "node.kubernetes.io/not-ready";

fn written() -> impl Strategy<Value = Value> {
    let keys = select(vec!["", "x", "x", "y", READY]);
    let effect = select(vec!["", "NoSchedule", "NoExecute", "NoExecute"]);
    let seconds = select(vec![None, Some(0), Some(9), Some(300)]);
    (keys, select(vec![None, Some(""), Some("1")]), effect, seconds).prop_map(
        |(key, value, effect, seconds)| {
            let mut one = json!({});
            match value {
                // The API server's own taints have no value.
                Some(value) if !key.is_empty() && (key != READY || value.is_empty()) => {
                    one["operator"] = json!("Equal");
                    if !value.is_empty() {
                        one["value"] = json!(value);
                    }
                }
                _ => one["operator"] = json!("Exists"),
            }
            if !key.is_empty() {
                one["key"] = json!(key);
            }
            if !effect.is_empty() {
                one["effect"] = json!(effect);
            }
            if let (Some(seconds), "NoExecute") = (seconds, effect) {
                one["tolerationSeconds"] = json!(seconds);
            }
            one
        },
    )
}

/// A rule and what it means.
fn rule() -> impl Strategy<Value = (String, Toleration)> {
    let effect = select(vec!["", "NoSchedule", "NoExecute"]);
    let value = select(vec![None, Some(""), Some("1")]);
    let seconds = select(vec![None, Some(9_i64), Some(300)]);
    (select(vec!["x", "y", READY]), value, effect, seconds).prop_map(
        |(key, value, effect, seconds)| {
            let seconds = seconds.filter(|_| effect == "NoExecute");
            let value = value.filter(|value| key != READY || value.is_empty());
            let value_text = value.map(|value| format!("={value}")).unwrap_or_default();
            let effect_text = if effect.is_empty() { String::new() } else { format!(":{effect}") };
            let seconds_text =
                seconds.map(|seconds| format!(" for {seconds}s")).unwrap_or_default();
            let meant = Toleration {
                key: key.into(),
                operator: match value {
                    None => placecard_feasibility::tolerations::TolerationOperator::Exists,
                    Some(_) => placecard_feasibility::tolerations::TolerationOperator::Equal,
                },
                value: value.unwrap_or_default().into(),
                effect: effect.into(),
                seconds,
            };
            (format!("{key}{value_text}{effect_text}{seconds_text}"), meant)
        },
    )
}

fn taints() -> Vec<Taint> {
    let mut all = Vec::new();
    for key in ["x", "y", "other"] {
        for value in ["", "1", "2"] {
            all.push((key, value));
        }
    }
    all.extend([(READY, ""), (READY, "1")]);
    let effects = ["NoSchedule", "NoExecute"];
    let with = |(key, value): (&str, &str)| {
        effects.map(|effect| Taint { key: key.into(), value: value.into(), effect: effect.into() })
    };
    all.into_iter().flat_map(with).collect()
}

/// How long the pod stays: not at all, some seconds, or for ever.
fn stays<'a>(list: &'a [Toleration], taint: &Taint) -> Option<&'a Toleration> {
    list.iter().find(|one| tolerates(one, taint))
}

fn is_default(one: &Toleration) -> bool {
    one.key == READY
        && one.effect == "NoExecute"
        && one.seconds == Some(300)
        && one.operator == placecard_feasibility::tolerations::TolerationOperator::Exists
}

#[test]
fn every_taint_is_tolerated_as_long_as_it_says() {
    let (met, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let held = prop::collection::vec(written(), 0..5);
    crate::run(3000, &(held, rule()), |(held, (text, meant))| {
        let annotations = shop::annotations("", "", &text);
        let (value, _) = shop::object("pod", &annotations, &json!({"tolerations": held}));
        let outcome = apply(&value);
        let (_, labels) = form("pod");
        let before = scheduled(&outcome.template().spec, &labels).tolerations;
        let after = scheduled(&outcome.review.expansions[0].spec, &labels).tolerations;
        let errors = outcome.review.findings.iter().any(|one| one.severity == Severity::Error);
        if errors {
            refused.fetch_add(1, Ordering::Relaxed);
            let in_the_way = taints().iter().any(|taint| {
                taint.effect == "NoExecute"
                    && tolerates(&meant, taint)
                    && stays(&before, taint)
                        .is_some_and(|one| one.seconds != meant.seconds && !is_default(one))
            });
            prop_assert!(in_the_way, "nothing is in the way of {}", text);
            return Ok(());
        }
        met.fetch_add(1, Ordering::Relaxed);
        // The API server's own taints have no value: its toleration of any may become one of none.
        let narrowed = |taint: &Taint| {
            taint.key == READY && !taint.value.is_empty() && !tolerates(&meant, taint)
        };
        for taint in taints().into_iter().filter(|taint| !narrowed(taint)) {
            let (was, is) = (stays(&before, &taint), stays(&after, &taint));
            if tolerates(&meant, &taint) {
                prop_assert!(is.is_some(), "{:?}", taint);
                if taint.effect == "NoExecute" {
                    prop_assert_eq!(is.and_then(|one| one.seconds), meant.seconds, "{:?}", taint);
                }
            } else {
                let seconds = |one: Option<&Toleration>| one.map(|one| one.seconds);
                prop_assert_eq!(seconds(was), seconds(is), "{:?}", taint);
            }
        }
        Ok(())
    });
    assert!(met.into_inner() > 1000 && refused.into_inner() > 300);
}
