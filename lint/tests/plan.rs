//! The exact text of `placecard plan` on the examples of role coordination.
//!
//! `PLACECARD_UPDATE_DOCS=1` writes the expected texts anew; read the difference before you commit.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::ran::ran;

const EXAMPLES: &str = "../examples/coordination/";

/// Runs a command line in the folder of the examples; its exit code, output and complaints.
fn placecard(line: &str, stdin: &str) -> (u8, String, String) {
    let word = |word: &str| match word.ends_with(".yaml") {
        true => OsString::from(format!("{EXAMPLES}{word}")),
        false => OsString::from(word),
    };
    ran(line.split(' ').map(word), stdin)
}

#[track_caller]
fn expect(name: &str, line: &str, stdin: &str, code: u8) {
    let (found, out, err) = placecard(line, stdin);
    assert_eq!((found, err.as_str()), (code, ""), "{line}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plan").join(name);
    let text = format!("$ placecard {line}\n{out}");
    if std::env::var_os("PLACECARD_UPDATE_DOCS").is_some() {
        fs::write(&path, &text).expect("written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{name}: PLACECARD_UPDATE_DOCS=1 writes it anew");
}

/// An example with some words replaced.
fn changed(example: &str, from: &str, to: &str) -> String {
    let text = fs::read_to_string(format!("{EXAMPLES}{example}")).expect("an example");
    assert!(text.contains(from), "{example} has no {from}");
    text.replace(from, to)
}

#[test]
fn every_batch_of_the_examples_has_a_place() {
    for name in
        ["affinity-scheduling-coordination", "multi-coordination", "frontend-middleware-backend"]
    {
        let line = format!("plan {name}.yaml --cluster cluster.yaml");
        expect(&format!("{name}.txt"), &line, "", 0);
    }
    expect("role-based-group.txt", "plan role-based-group.yaml --cluster cluster.yaml", "", 0);
    let line = "plan affinity-scheduling-coordination.yaml --cluster cluster.yaml -o json";
    expect("affinity-scheduling-coordination.json", line, "", 0);
}

#[test]
fn rollouts_are_planned_with_what_keeps_them_from_being_paced() {
    const FILE: &str = "rolling-update-coordination.yaml";
    expect("rollout.txt", &format!("plan {FILE} --cluster cluster.yaml"), "", 0);
    expect("rollout.json", &format!("plan {FILE} --cluster cluster.yaml -o json"), "", 0);
    // Only the rollout, of sets that count from other numbers, and a third of which stays.
    let text = changed(FILE, "partition: 0%", "partition: 34%");
    let text = text.replace("maxSkew: 1%", "maxSkew: 50%").replace("Ratio: 5%", "Ratio: 50%");
    let text = text.replace("  replicas: 6\n", "  replicas: 6\n  ordinals: {start: 5}\n");
    let (from, to) = (text.find("  - name: prefill-decode\n").unwrap_or(0), "  - name: update\n");
    let to = text.find(to).unwrap_or(0);
    let alone = format!("{}{}", &text[..from], &text[to..]);
    expect("rollout-alone.txt", "plan - --cluster cluster.yaml", &alone, 0);
    // Its batches have the names of the pods as they count.
    let (code, out, _) = placecard("plan - --cluster cluster.yaml", &text);
    assert_eq!((code, out.contains("decode-0 prefill-5 prefill-6")), (0, true), "{out}");
    let unmanaged = alone.replace("manageRollout: true", "manageRollout: false");
    expect("rollout-unmanaged.txt", "plan - --cluster cluster.yaml", &unmanaged, 0);
    let blocked = alone.replacen("placecard.dev/coordinate: prefill-decode", "other: word", 1);
    let blocked = blocked.replace(
        "  replicas: 3\n",
        "  replicas: 3\n  updateStrategy: {rollingUpdate: {partition: 0}}\n",
    );
    expect("rollout-blocked.txt", "plan - --cluster cluster.yaml", &blocked, 1);
}

#[test]
fn what_has_no_place_comes_with_what_would_help() {
    let line = "plan shared-gpu-nodes.yaml --cluster cluster.yaml";
    expect("shared-gpu-nodes.txt", line, "", 1);
    let twice = changed(
        "affinity-scheduling-coordination.yaml",
        "prefill: 2, decode: 1",
        "prefill: 6, decode: 3",
    );
    expect("twice.txt", "plan - --cluster cluster.yaml", &twice, 1);
    let more = changed("affinity-scheduling-coordination.yaml", "replicas: 6", "replicas: 12");
    let more = more.replace("replicas: 3", "replicas: 6");
    expect("more.txt", "plan - --cluster cluster.yaml --ascii", &more, 1);
    let whole = changed("shared-gpu-nodes.yaml", "ratio 7", "ratio 14");
    let whole = whole.replace("ratio 1 exclusive", "ratio 2 exclusive");
    expect("whole.json", "plan - --cluster cluster.yaml -o json", &whole, 1);
}

/// A leader and two workers of each group of a LeaderWorkerSet with one Job of two pods.
#[test]
fn replicas_of_groups_may_be_several_pods() {
    let text = "\
apiVersion: placecard.dev/v1alpha1
kind: RoleCoordination
metadata: {name: train, namespace: inference}
spec:
  roles:
  - name: servers
    groupRef: {apiVersion: leaderworkerset.x-k8s.io/v1, kind: LeaderWorkerSet, name: llm}
  - name: feeders
    groupRef: {apiVersion: jobset.x-k8s.io/v1alpha2, kind: JobSet, name: feed}
    role: feeders
  coordination:
  - name: train
    type: AffinityScheduling
    roles: [servers, feeders]
    strategy:
      affinityScheduling:
        topologyKey: topology.kubernetes.io/zone
        ratios: {servers: 1, feeders: 1}
        batchMode: Parallel
---
apiVersion: leaderworkerset.x-k8s.io/v1
kind: LeaderWorkerSet
metadata: {name: llm, namespace: inference}
spec:
  replicas: 2
  leaderWorkerTemplate:
    size: 3
    workerTemplate:
      spec:
        containers:
        - name: server
          image: server:1
          resources: {limits: {nvidia.com/gpu: \"1\"}}
---
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: feed, namespace: inference}
spec:
  replicatedJobs:
  - name: feeders
    replicas: 2
    template:
      spec:
        parallelism: 2
        completions: 2
        template:
          spec:
            restartPolicy: Never
            containers: [{name: feeder, image: \"feeder:1\"}]
";
    expect("groups.txt", "plan - --cluster cluster.yaml", text, 0);
    // The same coordination inside a RoleBasedGroup.
    let inside = changed("role-based-group.yaml", "", "");
    let group = inside.split("---").nth(1).unwrap_or_default();
    let list = "spec:\n  coordination:\n  - name: prefill-decode\n    type: AffinityScheduling\n    \
                roles: [prefill, decode]\n    strategy:\n      affinityScheduling:\n        \
                topologyKey: topology.kubernetes.io/zone\n        \
                ratios: {prefill: 2, decode: 1}\n        batchMode: Parallel\n";
    let group = group.replacen("spec:\n", list, 1);
    let (code, out, err) = placecard("plan - --cluster cluster.yaml", &group);
    assert_eq!((code, err.as_str()), (0, ""));
    let (_, expected, _) = placecard("plan role-based-group.yaml --cluster cluster.yaml", "");
    assert_eq!(out, expected);
}

#[test]
fn pods_that_run_count_as_placed() {
    let pod = |name: &str, node: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: inference}}\n\
             spec: {{nodeName: {node}, containers: [{{name: server, resources: {{requests: \
             {{nvidia.com/gpu: \"1\"}}}}}}]}}\n"
        )
    };
    let mut cluster = fs::read_to_string(format!("{EXAMPLES}cluster.yaml")).expect("a cluster");
    for name in ["prefill-0", "prefill-1", "decode-0", "prefill-2"] {
        cluster.push_str(&pod(name, "big-1"));
    }
    let line = "plan affinity-scheduling-coordination.yaml --cluster -";
    expect("running.txt", line, &cluster, 0);
}

/// No object describes the coordination: it is told once, at the role with the fewest batches, or at
/// the other one where that is only at hand.
#[test]
fn templates_of_one_coordination_are_held_to_one_another() {
    let set = |role: &str, replicas: u32, words: &str| {
        format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {role}, namespace: ml}}\n\
             spec:\n  replicas: {replicas}\n  podManagementPolicy: Parallel\n  serviceName: x\n  \
             selector: {{matchLabels: {{app: {role}}}}}\n  template:\n    metadata:\n      \
             labels: {{app: {role}}}\n      annotations:\n        placecard.dev/coordinate: \
             llm role {role} {words}\n    spec:\n      containers: [{{name: c, image: \"i:1\"}}]\n"
        )
    };
    let told = |text: &str, more: &str| -> Vec<String> {
        let (_, out, err) = placecard(&format!("lint - --format json{more}"), text);
        assert_eq!(err, "");
        let report: serde_json::Value = serde_json::from_str(&out).expect("a report");
        let found = report["findings"].as_array().expect("findings").iter();
        let found = found.filter(|one| one["code"] == "unequal-batches");
        found.map(|one| format!("{} {}", one["object"]["name"], one["message"])).collect()
    };
    let prefill = set("prefill", 6, "ratio 2 parallel");
    let decode = |replicas| set("decode", replicas, "ratio 1 parallel");
    let said = "\"prefill is enough for 3 batches, decode for 2\"";
    assert_eq!(told(&format!("{prefill}---\n{}", decode(2)), ""), [format!("\"decode\" {said}")]);
    assert_eq!(told(&format!("{prefill}---\n{}", decode(3)), ""), [""; 0]);
    // Another coordination of the namespace.
    let other = decode(2).replace("llm role", "other role");
    assert_eq!(told(&format!("{prefill}---\n{other}"), ""), [""; 0]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("decode.json");
    let json = r#"{"apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "decode", "namespace": "ml"}, "spec": {"replicas": 2,
        "template": {"metadata": {"annotations": {
            "placecard.dev/coordinate": "llm role decode ratio 1 parallel"}}}}}"#;
    fs::write(&path, json).expect("a file");
    let more = format!(" --objects {}", path.display());
    assert_eq!(told(&prefill, &more), [format!("\"prefill\" {said}")]);
}

#[test]
fn what_cannot_be_planned_is_said() {
    let pd = "affinity-scheduling-coordination.yaml";
    let alone = changed(pd, "", "");
    let alone = alone.split("---").next().unwrap_or_default().to_owned();
    expect("alone.txt", "plan - --cluster cluster.yaml", &alone, 1);
    let many = changed(pd, "replicas: 6", "replicas: 2000000");
    expect("many.txt", "plan - --cluster cluster.yaml", &many, 1);
    let wrong = changed(pd, "decode: 1}", "decode: 0}");
    for (line, stdin, part) in [
        ("plan cluster.yaml --cluster cluster.yaml", "", "no role coordination in"),
        ("plan - --cluster cluster.yaml", wrong.as_str(), "is not valid: placecard lint says why"),
        ("plan cluster.yaml", "", "on which cluster?"),
        ("plan --cluster cluster.yaml", "", "which manifests?"),
    ] {
        let (code, out, err) = placecard(line, stdin);
        assert_eq!((code, out.as_str()), (2, ""), "{line}");
        assert!(err.contains(part), "{line}: {err}");
    }
}
