//! What the rules call refused, a real API server refuses, and what their pages do not report it
//! takes: the object, or else the pod that its template makes.

use std::collections::BTreeSet;

use placecard_findings::{ObjectRef, Verdict};
use placecard_policies::kinds;
use placecard_policies::rules;
use placecard_tests::controlplane::{Api, ControlPlane, or_skipped};
use serde_json::{Value, json};

use crate::pages::{Block, blocks, pages};

/// Of resources of ours, which this API server does not have.
const ELSEWHERE: &[&str] = &["coordination-pruned"];

fn is_refused(code: &str) -> bool {
    let refused = rules::find(code).is_some_and(|rule| rule.verdict == Verdict::ApiRejects);
    refused && !ELSEWHERE.contains(&code)
}

/// The codes of a block's errors that say that the API server refuses it.
fn refusals(block: &Block) -> Vec<&str> {
    let codes = block.marks.iter().filter_map(|mark| {
        let (_, rest) = mark.split_once(" error[")?;
        rest.split(']').next()
    });
    codes.filter(|code| is_refused(code)).collect()
}

/// The pod that the template of a workload makes; a pod is its own.
fn pod(object: &Value) -> Option<Value> {
    let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
    let reference =
        ObjectRef { api_version: text("apiVersion"), kind: text("kind"), ..ObjectRef::default() };
    let kind = kinds::find(reference.group(), &reference.kind)?;
    let mut pod = kind.template.iter().try_fold(object, |value, key| value.get(key))?.clone();
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!("one");
    pod["metadata"]["namespace"] = object["metadata"]["namespace"].clone();
    Some(pod)
}

/// Why the API server refuses an object or its pods, if it does.
fn refused(api: &Api, object: &Value) -> Option<String> {
    // As clients do that are not strict: what is unknown is dropped.
    let api = api.with_query("fieldValidation", "Warn").dry_run();
    let whole = api.create(object).err().map(|refusal| refusal.message);
    whole.or_else(|| pod(object).and_then(|pod| api.create(&pod).err().map(|why| why.message)))
}

#[test]
fn the_api_server_agrees_about_what_it_refuses() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let api = plane.api();
    let mut namespaces = BTreeSet::new();
    let (mut wrong, mut told) = (Vec::new(), BTreeSet::new());
    for (code, page) in pages() {
        let of_refusals = is_refused(&code);
        for block in blocks(&page).iter().filter(|block| block.info == "yaml") {
            let codes = refusals(block);
            if codes.is_empty() && !of_refusals {
                continue;
            }
            let object: Value = serde_saphyr::from_str(&block.text).expect("one object");
            let namespace =
                object["metadata"]["namespace"].as_str().unwrap_or("default").to_owned();
            if namespaces.insert(namespace.clone()) && namespace != "default" {
                let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
                api.create(&space).unwrap_or_else(|why| panic!("{why}"));
            }
            let why = refused(api, &object);
            if why.is_some() == codes.is_empty() {
                wrong.push(format!(
                    "{code}: {codes:?}, and the API server: {why:?}\n{}",
                    block.text
                ));
            }
            told.extend(codes.into_iter().map(str::to_owned));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let all = rules::RULES.iter().map(|rule| rule.code.as_str()).filter(|code| is_refused(code));
    let untold: Vec<&str> = all.filter(|code| !told.contains(*code)).collect();
    assert_eq!(untold, Vec::<&str>::new());
}
