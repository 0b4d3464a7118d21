//! Intents are the webhook's business and hand-written fields the policy's; both go by the same
//! namespaces.

use std::collections::BTreeMap;

use placecard_policies::language::checked::{Admits, NamespaceFacts};
use placecard_policies::language::vocabulary_check;
use placecard_policies::words::admission_policy as words;
use placecard_tests::doors::{Context, Desk, lint};
use serde_json::{Value, json};

use super::ground::{NAMESPACES, VOCABULARY, accepted, namespace, pod, refused, with_ground};

/// The word, the code of its refusal, and what opens its guard.
fn groups() -> [(&'static str, &'static str, Value); 2] {
    [
        (
            "on pool/a100",
            "pool-not-allowed",
            json!({"key": "pool.example.com/a100", "value": "reserved", "effect": "NoSchedule"}),
        ),
        (
            "on trust/payments",
            "trust-domain-not-allowed",
            json!({"key": "trust.example.com/domain", "operator": "Exists"}),
        ),
    ]
}

#[test]
fn webhook_linter_and_policy_let_the_same_namespaces_in() {
    with_ground(|ground| {
        let (checked, problems) =
            vocabulary_check::check(&serde_saphyr::from_str::<Value>(VOCABULARY).expect("YAML"));
        assert!(problems.is_empty(), "{problems:?}");
        let sets = [&checked.pools["a100"], &checked.trust_domains["payments"]];
        let mut seen = [0, 0];
        for (name, labels) in NAMESPACES {
            let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
            let mut labels: BTreeMap<String, String> = labels.iter().map(owned).collect();
            labels.insert("kubernetes.io/metadata.name".to_owned(), (*name).to_owned());
            // In its mode nothing is refused; who may go where is the same.
            labels.remove("placecard.dev/mode");
            let manifest = namespace(name, &json!(labels)).to_string();
            let facts = NamespaceFacts { name: (*name).to_owned(), labels: Some(labels) };
            let context =
                Context { vocabulary: Some(VOCABULARY.to_owned()), objects: Some(manifest) };
            let desk = Desk::new(&context);
            for ((rule, code, toleration), set) in groups().into_iter().zip(sets) {
                let set = set.allowed_namespaces.as_ref().expect("allowedNamespaces");
                let may = set.admits(Some(&facts)) == Admits::Yes;
                seen[usize::from(may)] += 1;
                let mut asks = pod(name, "p", &json!({}));
                asks["metadata"]["annotations"] = json!({"placecard.dev/require": rule});
                let answer = desk.admit(&asks);
                assert_eq!(answer["allowed"], may, "{name}: {rule}: {answer}");
                let said = lint(&context, "p.json", asks.to_string().as_bytes());
                assert_eq!(said.codes().contains(&code), !may, "{name}: {rule}: {said:?}");

                let tolerates = pod(name, "p", &json!({"tolerations": [toleration]}));
                let outcome = ground.tenant().dry_run().create(&tolerates);
                match (may, *name) {
                    // Agents may tolerate every guard, and have no use for the words.
                    (true, _) | (_, "monitoring" | "agents-by-label") => drop(accepted(outcome)),
                    (false, _) => refused(outcome, words::TOLERATES),
                }
            }
        }
        assert_eq!(seen, [13, 3]);
    });
}
