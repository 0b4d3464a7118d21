//! The audit in the webhook on a real control plane: a real scheduler places pods, then the nodes
//! change under them. Metrics and Events tell exactly the pods that `placecard audit` tells of a dump,
//! one of two webhooks does all that, and evictions move what has another place and nothing else.

pub(crate) mod stage;

use std::collections::BTreeSet;

use placecard_tests::controlplane::{Target, wait_for};
use placecard_tests::installation;
use placecard_tests::running::Running;
use serde_json::{Value, json};

use self::stage::{PATIENCE, Stage, with_stage};

/// Values of the chart, for audits as often as it allows.
fn values(evict: &str) -> Value {
    json!({"log": {"level": "error"}, "audit": {"every": 1, "evict": evict}})
}

/// An installed webhook of this name that audits, if no other one does.
fn audits(stage: &Stage, name: &str, evict: &str) -> Running {
    Running::follow(&stage.plane, &values(evict), name)
}

/// Whether it is the one that audits.
fn leads(running: &Running) -> bool {
    running.metric("placecard_leader") == Some(1.0)
}

/// Pods for which a required rule of this kind does not hold.
fn broken(rule: &str) -> String {
    format!("placecard_audit_violations{{rule=\"{rule}\",severity=\"error\"}}")
}

/// Waits until the metric of the one that audits has this value.
fn becomes(webhooks: &[&Running], line: &str, expected: f64) {
    wait_for(PATIENCE, &format!("{line} is {expected}"), || {
        let found: Vec<f64> = webhooks.iter().filter_map(|one| one.metric(line)).collect();
        match found.as_slice() {
            [one] if (one - expected).abs() < f64::EPSILON => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}

/// Waits until exactly these Events of these reasons were written, each as `NAME: note`.
fn events(stage: &Stage, reasons: &[&str], expected: &[&str]) {
    let expected: BTreeSet<String> = expected.iter().map(|one| (*one).to_owned()).collect();
    wait_for(PATIENCE, "the Events", || {
        let found = stage.events(reasons);
        if found == expected { Ok(()) } else { Err(format!("{found:#?}")) }
    });
}

#[test]
fn what_no_longer_holds_is_told_once_and_as_of_a_dump() {
    with_stage(|stage| {
        let api = stage.plane.api();
        for (name, node, more) in [
            ("pinned", "a1", json!({"nodeSelector": {"disk": "ssd"}})),
            ("near", "a1", stage::near("pinned")),
            ("worker", "b1", json!({"nodeSelector": {"topology.kubernetes.io/zone": "b"}})),
            ("spare", "a2", json!({})),
        ] {
            stage.deploy(name, node, more);
        }
        installation::apply(api, &values("off"), &["Deployment"]);
        let (one, other) = (audits(stage, "one", "off"), audits(stage, "other", "off"));
        let both = [&one, &other];
        becomes(&both, &broken("node-affinity"), 0.0);
        assert_eq!(both.iter().filter(|one| leads(one)).count(), 1);
        assert_eq!(stage.events(&[]), BTreeSet::new());
        assert_eq!(stage.told(), BTreeSet::new());

        // The label goes that a pod asks for, and the pod that another one is to be near.
        stage.patch_node("a1", &json!({"metadata": {"labels": {"disk": "hdd"}}}));
        becomes(&both, &broken("node-affinity"), 1.0);
        let lost = "pinned: disk is hdd (ssd asked): pinned-# on a1 [rule-no-longer-holds]";
        events(stage, &[], &[lost]);
        assert_eq!(
            stage.told(),
            ["Deployment shop/pinned: disk is hdd (ssd asked)".to_owned()].into()
        );

        // A taint that came later is worth a warning.
        stage.patch_node(
            "a2",
            &json!({"spec": {"taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]}}),
        );
        let taint = "placecard_audit_violations{rule=\"taint\",severity=\"warning\"}";
        becomes(&both, taint, 1.0);
        let tainted =
            "spare: taint k=v:NoSchedule is not tolerated: spare-# on a2 [rule-no-longer-holds]";
        events(stage, &[], &[lost, tainted]);

        // A zone fails: nothing but one of its nodes would do.
        let failed = json!({"spec": {"taints": [
            {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}]}});
        stage.patch_node("b1", &failed);
        becomes(&both, "placecard_audit_lost_nodes{}", 1.0);
        becomes(&both, "placecard_audit_without_place{}", 1.0);
        let without = "worker: 1 pod without a place: node b1, with \
            disk=ssd and topology.kubernetes.io/zone=b would have to return: worker-# [no-place-without]";
        let found = |expected: &str| {
            wait_for(PATIENCE, "an Event", || {
                let events = stage.events(&["NoPlaceWithout"]);
                if events.contains(expected) { Ok(()) } else { Err(format!("{events:#?}")) }
            });
        };
        found(without);
        // It is removed, its pods with it, and a new one of them waits.
        api.delete(&Target::new("v1", "Node", "", "b1")).expect("deleted");
        stage.kill("worker");
        becomes(&both, "placecard_audit_unplaceable{}", 1.0);
        let shut = "worker: 1 pending pod: none of 2 nodes fits: worker-# [cannot-be-placed]";
        events(stage, &["CannotBePlaced"], &[shut]);
        // Every Event is on the Deployment, and there is one of each, whoever audits.
        assert!(stage.all_events().iter().all(|event| event["regarding"]["kind"] == "Deployment"
            && event["regarding"]["uid"].is_string()));
        let told = stage.events(&[]).len();
        let (gone, left) = if leads(&one) { (one, other) } else { (other, one) };
        gone.stop();
        becomes(&[&left], "placecard_audit_unplaceable{}", 1.0);
        wait_for(PATIENCE, "the second webhook went on with the Events", || {
            let on = stage.all_events().into_iter().filter(|one| one["series"]["count"].is_u64());
            match on.count() {
                0 => Err("none".to_owned()),
                _ => Ok(()),
            }
        });
        assert_eq!(stage.events(&[]).len(), told, "no Event twice");
        left.stop();
    });
}

/// Four workloads on `a1`, one of which has another place once that has no `ssd` any more: its pod,
/// and those of the others.
fn four(stage: &Stage) -> (String, [String; 3]) {
    let ssd = json!({"nodeSelector": {"disk": "ssd"}});
    let here = json!({"nodeSelector": {"disk": "ssd", "only": "a1"}});
    stage.label_node("a1", "only", "a1");
    stage.deploy("moves", "a1", ssd.clone());
    stage.deploy("guarded", "a1", ssd);
    stage.deploy("stuck", "a1", here);
    stage.deploy("fine", "a1", json!({}));
    stage.budget("guarded");
    let stay = that_stay(stage);
    (stage.pod_of("moves").0, stay)
}

/// The pods that a budget guards, that have no other node, and that nothing is wrong with.
fn that_stay(stage: &Stage) -> [String; 3] {
    ["guarded", "stuck", "fine"].map(|name| stage.pod_of(name).0)
}

#[test]
fn what_has_another_place_is_evicted_and_nothing_else() {
    with_stage(|stage| {
        let (moved, before) = four(stage);

        installation::apply(stage.plane.api(), &values("on"), &["Deployment"]);
        let dry = audits(stage, "dry", "dry-run");
        stage.patch_node("a1", &json!({"metadata": {"labels": {"disk": "hdd"}}}));
        becomes(&[&dry], "placecard_evictions_total{result=\"dry-run\"}", 1.0);
        assert_eq!(stage.pod_of("moves").0, moved, "nothing was done");
        dry.stop();

        let webhook = audits(stage, "on", "on");
        wait_for(PATIENCE, "the pod moves", || match stage.bound("moves") {
            Some((pod, node)) if pod != moved && node == "b1" => Ok(()),
            other => Err(format!("{other:?}")),
        });
        becomes(&[&webhook], "placecard_evictions_total{result=\"done\"}", 1.0);
        // The others stay: no other node, a budget, nothing is wrong.
        becomes(&[&webhook], &broken("node-affinity"), 2.0);
        assert_eq!(before, that_stay(stage));
        let evicting = stage.all_events().into_iter().filter(|one| one["reason"] == "Evicting");
        let evicted: Vec<String> = evicting
            .map(|one| one["regarding"]["name"].as_str().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(evicted, [moved]);
        webhook.stop();
    });
}

#[test]
fn the_command_evicts_what_has_another_place() {
    with_stage(|stage| {
        let (moved, before) = four(stage);
        assert_eq!(stage.evict(&[]), json!([]), "every rule holds");
        stage.patch_node("a1", &json!({"metadata": {"labels": {"disk": "hdd"}}}));

        let name = |evictions: &Value| evictions[0]["pod"].clone();
        let would = stage.evict(&["--dry-run"]);
        assert_eq!(
            (name(&would), &would[0]["done"]),
            (json!(format!("shop/{moved}")), &json!(false))
        );
        assert_eq!(stage.pod_of("moves").0, moved, "nothing was done");
        let done = stage.evict(&[]);
        assert_eq!((name(&done), &done[0]["done"]), (name(&would), &json!(true)), "{done:#}");
        assert_eq!(done.as_array().map(Vec::len), Some(1), "{done:#}");
        wait_for(PATIENCE, "the pod moves", || match stage.bound("moves") {
            Some((pod, node)) if pod != moved && node == "b1" => Ok(()),
            other => Err(format!("{other:?}")),
        });
        assert_eq!(stage.evict(&[]), json!([]), "the others have no other node, or a budget");
        assert_eq!(before, that_stay(stage));
    });
}
