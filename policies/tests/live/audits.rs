//! An auditor that looks at what was touched finds what one finds who looks at everything, and what
//! the audit of a snapshot finds.

use std::collections::BTreeSet;
use std::sync::Arc;

use placecard_findings::Severity;
use placecard_language::checked::Words;
use placecard_policies::audit::live::{Auditor, Look, Remark, Rule};
use placecard_policies::audit::{Ask, audit};
use placecard_policies::cluster::Cluster;
use placecard_policies::live::{Live, Watched};
use placecard_policies::rules::NO_PLACE_WITHOUT;
use placecard_policies::words;
use proptest::prelude::*;
use serde_json::json;

use super::events::{Model, event};
use super::{fresh, server, snapshot};

/// Severity, owner, sentence and pods.
type Told = BTreeSet<(Severity, String, String, Vec<String>)>;

/// What is said of native rules.
fn native(look: &Look) -> Told {
    let remarks = look.remarks.iter().filter(|one| one.fact.is_some());
    let told = remarks.map(|one| {
        let pods = one.pods.iter().map(|pod| pod.pod.clone()).collect();
        (one.severity, words::audit::owner(&one.owner), one.what.clone(), pods)
    });
    told.collect()
}

fn plainly(model: &Model) -> Told {
    let cluster = Cluster::of(snapshot(model));
    let found = audit(&cluster, &Ask::default(), &mut |_| {});
    let told = found.groups.iter().map(|group| {
        let pods = group.pods.iter().map(|one| one.pod.clone()).collect();
        (group.severity, words::audit::owner(&group.owner), words::audit::what(group), pods)
    });
    told.collect()
}

/// What is said but for nodes that are gone, which only those remember who saw them.
fn remarks(look: &Look) -> Vec<&Remark> {
    look.remarks.iter().filter(|one| one.code != NO_PLACE_WITHOUT).collect()
}

fn look(auditor: &mut Auditor, live: &Live) -> Look {
    auditor.look(live, &Arc::new(Words::default()), server()).expect("handed over")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn looks_at_what_was_touched_find_everything(
        events in prop::collection::vec(event(), 1..50),
        pause in 1..6usize,
    ) {
        let (mut live, mut model) = (Live::new(server()), Model::default());
        let mut auditor = Auditor::new(&live);
        for (at, event) in events.iter().enumerate() {
            event.tell(&mut live);
            model.apply(event);
            if at % pause == 0 {
                live.hand_over();
                let found = look(&mut auditor, &live.clone());
                let mut new = fresh(&model);
                new.hand_over();
                let expected = look(&mut Auditor::new(&new), &new);
                prop_assert_eq!(remarks(&found), remarks(&expected));
                prop_assert_eq!(found.violations, expected.violations);
                prop_assert_eq!(found.unplaceable, expected.unplaceable);
            }
        }
        live.hand_over();
        let told = native(&look(&mut auditor, &live));
        prop_assert_eq!(told, plainly(&model));
    }
}

fn words_with_pool(disk: &str) -> Arc<Words> {
    let written = json!({"apiVersion": "placecard.dev/v1alpha1", "kind": "PlacementVocabulary",
        "metadata": {"name": "default"}, "spec": {"pools": [{"name": "fast",
        "nodes": format!("disk={disk}")}]}});
    let (words, problems) = placecard_policies::vocabulary::check(&written);
    assert_eq!(problems, [], "{written}");
    Arc::new(words)
}

fn put(live: &mut Live, kind: Watched, object: &serde_json::Value) {
    live.put(kind, object.to_string().as_bytes()).expect("readable");
}

/// Two nodes, a pod with rules in words that hold, and one that waits.
fn small() -> Live {
    let mut live = Live::new(server());
    for kind in placecard_policies::live::WATCHED {
        live.list(kind);
        live.listed(kind);
    }
    for (name, disk) in [("n1", "ssd"), ("n2", "hdd")] {
        let node = json!({"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name,
            "disk": disk}}, "status": {"allocatable": {"cpu": "4", "pods": "9"}}});
        put(&mut live, Watched::Node, &node);
    }
    put(&mut live, Watched::Namespace, &json!({"metadata": {"name": "shop"}}));
    let service = |app: &str| {
        json!({"metadata": {"name": "cache", "namespace": "shop"},
            "spec": {"selector": {"app": app}}})
    };
    put(&mut live, Watched::Service, &service("cache"));
    let pod = |name: &str, node: &str, spec: serde_json::Value| {
        let mut pod = json!({"metadata": {"name": name, "namespace": "shop",
            "labels": {"app": name}}, "spec": spec, "status": {"phase": "Running"}});
        pod["spec"]["nodeName"] = json!(node);
        pod["spec"]["containers"] = json!([{"name": "c", "image": "i"}]);
        pod
    };
    put(&mut live, Watched::Pod, &pod("cache", "n1", json!({})));
    let near = json!([{"topologyKey": "kubernetes.io/hostname", "namespaces": ["shop"],
        "labelSelector": {"matchLabels": {"app": "cache"}}}]);
    let own = json!({"nodeSelector": {"disk": "ssd"}, "affinity": {"podAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": near}}});
    let mut worded = pod("web", "n1", own);
    worded["metadata"]["annotations"] =
        json!({"placecard.dev/require": "on pool/fast\nnear service/cache in node"});
    put(&mut live, Watched::Pod, &worded);
    put(&mut live, Watched::Pod, &pod("waits", "", json!({"nodeSelector": {"disk": "tape"}})));
    live
}

#[test]
fn rules_in_words_lapse_when_what_they_name_changes() {
    let mut live = small();
    let mut auditor = Auditor::new(&live);
    let mut said = |live: &mut Live, words: &Arc<Words>| -> Vec<String> {
        live.hand_over();
        let look = auditor.look(live, words, server()).expect("handed over");
        let remarks = look.remarks.iter().map(|one| {
            let pods: Vec<&str> = one.pods.iter().map(|pod| pod.pod.as_str()).collect();
            format!("{}: {}", pods.join(" "), one.what)
        });
        let lapsed = look.violations.get(&(Rule::Intent, Severity::Error)).copied();
        let found: Vec<String> = remarks.filter(|one| !one.starts_with("waits")).collect();
        assert_eq!(found.len(), lapsed.unwrap_or_default());
        assert_eq!(look.unplaceable, 1);
        found
    };
    let ssd = words_with_pool("ssd");
    assert_eq!(said(&mut live, &ssd), [] as [&str; 0]);
    let hdd = words_with_pool("hdd");
    assert_eq!(said(&mut live, &hdd), ["web: on pool/fast: it means other nodes now"]);
    let none = Arc::new(Words::default());
    assert_eq!(said(&mut live, &none), ["web: on pool/fast: no pool is named fast"]);
    let service = json!({"metadata": {"name": "cache", "namespace": "shop"},
        "spec": {"selector": {"app": "other"}}});
    put(&mut live, Watched::Service, &service);
    let near = "web: near service/cache in node: it means pods, none of which is near";
    assert_eq!(said(&mut live, &ssd), [near]);
    live.gone(Watched::Service, "shop", "cache");
    let gone = said(&mut live, &ssd);
    assert!(
        gone.len() == 1 && gone[0].starts_with("web: near service/cache in node: "),
        "{gone:?}"
    );
}

#[test]
fn what_would_have_to_return_is_said_of_nodes_that_failed_and_of_those_that_are_gone() {
    let mut live = small();
    let mut auditor = Auditor::new(&live);
    let words = words_with_pool("ssd");
    let mut said = |live: &mut Live| -> (usize, usize, Vec<String>) {
        live.hand_over();
        let look = auditor.look(live, &words, server()).expect("handed over");
        let of_loss = look.remarks.iter().filter(|one| one.code == NO_PLACE_WITHOUT);
        let told = of_loss.map(|one| format!("{}: {}", one.owner.name, one.what)).collect();
        (look.lost_nodes, look.without_place, told)
    };
    assert_eq!(said(&mut live), (0, 0, vec![]));
    let web = "web: 1 pod without a place for on pool/fast and near service/cache in node: ";
    let mut failed = json!({"metadata": {"name": "n1", "labels": {"kubernetes.io/hostname": "n1",
        "disk": "ssd"}}, "status": {"allocatable": {"cpu": "4", "pods": "9"}}});
    failed["spec"]["taints"] =
        json!([{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}]);
    put(&mut live, Watched::Node, &failed);
    let (nodes, without, told) = said(&mut live);
    assert_eq!((nodes, without), (1, 1), "{told:?}");
    assert!(told.iter().any(|one| one.starts_with(web)), "{told:?}");
    // The node is gone, and so are its pods; a new one waits for it.
    live.gone(Watched::Node, "", "n1");
    live.gone(Watched::Pod, "shop", "web");
    live.gone(Watched::Pod, "shop", "cache");
    let new = json!({"metadata": {"name": "web-2", "namespace": "shop",
        "annotations": {"placecard.dev/require": "on pool/fast"}},
        "spec": {"nodeSelector": {"disk": "ssd"}, "containers": [{"name": "c", "image": "i"}]}});
    put(&mut live, Watched::Pod, &new);
    let returns = "web-2: 1 pod without a place for on pool/fast: node n1, with disk=ssd would have to return";
    assert_eq!(said(&mut live), (0, 0, vec![returns.to_owned()]));
    put(&mut live, Watched::Node, &{
        failed["spec"] = json!({});
        failed
    });
    assert_eq!(said(&mut live), (0, 0, vec![]));
}
