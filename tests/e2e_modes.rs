//! The modes of a namespace on a real API server, with the chart installed, its policy about unplaced
//! pods included: the table of `modes`.

use std::time::Duration;

use placecard_tests::controlplane::{Api, Patch, Target, wait_for};
use serde_json::{Value, json};

use crate::e2e::stage::with_stage;
use crate::modes::{Case, MODES, cases, refuses};

fn check(api: &Api, mode: &str, case: &Case) {
    let outcome = api.dry_run().create(&case.object);
    let about = format!("{mode}: {}: {}: {outcome:?}", case.code, case.object);
    if case.code.is_empty() || !refuses(mode) {
        let answer = outcome.unwrap_or_else(|_| panic!("{about}"));
        let expanded = case.code.is_empty() && mode != "off" && case.in_place();
        assert_eq!(case.affinity(&answer.object).is_object(), expanded, "{about}");
        let record = case.record(&answer.object);
        assert_eq!(record.is_some(), mode != "off" && case.in_place(), "{about}");
        let code = format!("[{}]", case.code);
        let told = answer.warnings.iter().any(|one| one.ends_with(&code));
        assert_eq!(told, !case.code.is_empty() && mode != "off", "{about}");
        // Whatever the mode: who may not go there gets no toleration.
        assert!(!answer.object.to_string().contains("trust.example.com/domain"), "{about}");
    } else {
        let refusal = outcome.map(drop).expect_err("a refusal");
        let status = if case.code == "unresolved" { 503 } else { 403 };
        assert_eq!(refusal.status, status, "{about}");
        assert!(refusal.causes.iter().any(|cause| cause.reason == case.code), "{about}");
    }
}

#[test]
fn each_mode_does_what_its_label_says() {
    with_stage(|stage| {
        let api = stage.api();
        for mode in MODES {
            let label = (!mode.is_empty()).then_some(("placecard.dev/mode", *mode));
            let namespace = api.namespace_with("modes", label.as_slice());
            for case in cases(&namespace.name) {
                check(api, mode, &case);
            }
        }
    });
}

#[test]
fn a_label_counts_from_when_it_is_set() {
    with_stage(|stage| {
        let api = stage.api();
        let namespace = api.namespace_with("modes", &[]);
        let target = Target::new("v1", "Namespace", "", &namespace.name);
        for mode in ["warn", "off", "enforce", "warn", ""] {
            let label = if mode.is_empty() { Value::Null } else { json!(mode) };
            let patch = json!({"metadata": {"labels": {"placecard.dev/mode": label}}});
            if let Err(refusal) = api.patch(&target, Patch::Merge, &patch) {
                panic!("{refusal}");
            }
            // The API server reads the labels of namespaces through a watch.
            wait_for(Duration::from_secs(30), mode, || {
                let mut right = true;
                for case in
                    cases(&namespace.name).into_iter().filter(|case| case.code == "unknown-pool")
                {
                    let accepted = api.dry_run().create(&case.object);
                    right &= match accepted {
                        Ok(answer) => {
                            !refuses(mode)
                                && case.record(&answer.object).is_some() == (mode == "warn")
                        }
                        Err(_) => refuses(mode),
                    };
                }
                if right { Ok(()) } else { Err("the mode before".to_owned()) }
            });
        }
    });
}
