//! The exact text of reports about the number of replicas.

use std::fs;

/// What the linter prints about a file, its folder left out, without the summary.
fn lint(name: &str, text: &str, format: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::write(&path, text).expect("a file");
    let args = ["placecard", "lint", "--format", format].map(std::ffi::OsString::from);
    let args = args.into_iter().chain([path.into_os_string()]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = placecard_lint::run(args, &mut std::io::empty(), &mut out, &mut err, false);
    assert_eq!(status, 1, "{}", String::from_utf8_lossy(&err));
    let out = String::from_utf8(out).expect("text");
    let out = out.replace(&format!("{}/", folder.path().display()), "");
    out.split("\n\n").next().unwrap_or_default().trim_end().to_owned()
}

const QUORUM: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: quorum, namespace: infra}
spec:
  selector: {matchLabels: {app: quorum}}
  replicas: 5
  template:
    metadata:
      labels: {app: quorum}
      annotations:
        placecard.dev/require: |
          apart-from self in zone
          on nodes(topology.kubernetes.io/zone in (eu-1a, eu-1b))
    spec:
      containers: [{name: quorum, image: quorum}]
";

#[test]
fn more_replicas_than_zones() {
    let expected = "\
error[anti-affinity-replicas-exceed-allowed] Deployment infra/quorum
  × 5 replicas need 5 zones, 2 are allowed: 3 replicas can never run
   ╭─[infra/quorum.yaml:6:13]
 6 │   replicas: 5
   ·             ┬
   ·             ╰── 5 wanted
   ╰────
    ╭─[infra/quorum.yaml:12:11]
 11 │         placecard.dev/require: |
 12 │           apart-from self in zone
    ·           ───────────┬───────────
    ·                      ╰── at most 1 replica in a zone
 13 │           on nodes(topology.kubernetes.io/zone in (eu-1a, eu-1b))
    ·                                                   ───────┬──────
    ·                                                          ╰── only 2 zones
    ╰────
  help:  1. replicas: 2
         2. spread, not apart: spread over zone                        (3 and 2)
         3. move line 12 to placecard.dev/prefer
         4. allow 3 more zones in line 13
  holds: on every cluster (proof)";
    assert_eq!(lint("infra/quorum.yaml", QUORUM, "human"), expected);
    assert_eq!(
        lint("infra/quorum.yaml", QUORUM, "short"),
        "infra/quorum.yaml:12:11: error[anti-affinity-replicas-exceed-allowed]: \
         5 replicas need 5 zones, 2 are allowed: 3 replicas can never run"
    );
}

#[test]
fn the_certificate_is_in_the_report_for_programs() {
    let report = lint("infra/quorum.yaml", QUORUM, "json");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let finding = &report["findings"][0];
    assert_eq!(finding["verdict"], "contradictory-group");
    assert_eq!(
        finding["holds"],
        serde_json::json!({"scope": "every-cluster", "proof": true,
            "assume": ["A0", "no-relabelling"], "text": "on every cluster (proof)"})
    );
    assert_eq!(
        finding["proof"],
        serde_json::json!({"kind": "pigeonhole", "key": "topology.kubernetes.io/zone",
            "domains": ["eu-1a", "eu-1b"], "perDomain": 1, "need": 5, "term": 0})
    );
    let require = "/spec/template/metadata/annotations/placecard.dev~1require";
    assert_eq!(finding["core"], serde_json::json!([require, "/spec/replicas"]));
    assert_eq!(finding["help"][1]["text"], "spread, not apart: spread over zone (3 and 2)");
}

#[test]
fn an_update_without_a_spare_zone() {
    let text = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway, namespace: infra}
spec:
  replicas: 3
  selector: {matchLabels: {app: gateway}}
  template:
    metadata:
      labels: {app: gateway}
      annotations:
        placecard.dev/require: |
          on nodes(topology.kubernetes.io/zone in (eu-1a, eu-1b, eu-1c))
    spec:
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - topologyKey: topology.kubernetes.io/zone
            labelSelector: {matchLabels: {app: gateway}}
      containers: [{name: gateway, image: gateway}]
";
    let expected = "\
error[rollout-needs-spare-domain] Deployment infra/gateway
  × no update can finish by itself: 3 replicas fill 3 zones, it needs a 4th
   ╭─[infra/gateway.yaml:4:1]
 4 │ spec:
   · ──┬─
   ·   ╰── no strategy: surge 1, unavailable 0 (25% of 3)
   ╰────
    ╭─[infra/gateway.yaml:12:51]
 11 │         placecard.dev/require: |
 12 │           on nodes(topology.kubernetes.io/zone in (eu-1a, eu-1b, eu-1c))
    ·                                                   ──────────┬──────────
    ·                                                             ╰── 3 zones
    ╰────
    ╭─[infra/gateway.yaml:17:26]
 17 │           - topologyKey: topology.kubernetes.io/zone
    ·                          ─────────────┬─────────────
    ·                                       ╰── 1 pod in a zone, old or new
    ╰────
  help:  1. let an old pod go first: strategy.rollingUpdate.maxUnavailable: 1
         2. for the updates after the next, keep only pods of one revision apart
         (Kubernetes 1.31 and later)
           - topologyKey: topology.kubernetes.io/zone
         +   matchLabelKeys: [pod-template-hash]
  holds: on every cluster (proof)";
    assert_eq!(lint("infra/gateway.yaml", text, "human"), expected);
}

#[test]
fn of_constraints_that_come_again_and_again_a_few_are_told() {
    for (count, told) in [(1, 0), (2, 1), (9, 8), (10, 8), (2_000, 8)] {
        let one = "      - {maxSkew: 1, topologyKey: topology.kubernetes.io/zone, \
                   whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}\n";
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\n\
             spec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    \
             metadata: {{labels: {{app: web}}}}\n    spec:\n      \
             containers: [{{name: web, image: 'web:1'}}]\n      topologySpreadConstraints:\n{}",
            one.repeat(count)
        );
        let words = ["lint", "--select", "spread-duplicate-constraint", "-o", "json", "-"];
        let (code, out, err) = crate::ran::ran(words, &text);
        assert!(code < 2, "{err}");
        let report: serde_json::Value = serde_json::from_str(&out).expect("a report");
        assert_eq!(report["findings"].as_array().map(Vec::len), Some(told), "{count}");
    }
}
