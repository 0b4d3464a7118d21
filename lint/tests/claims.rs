//! Claims of pods that are bound by hand: what the files say of them.

use crate::ran::ran;

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeName: worker-3
      containers: [{name: web, image: 'web:1'}]
      volumes:
      - {name: cache, emptyDir: {}}
      - {name: data, persistentVolumeClaim: {claimName: data}}
";

/// A claim, and its class.
fn claim(more: &str) -> String {
    format!(
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data, namespace: shop}}\n\
         spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}{more}}}\n"
    )
}

fn class(name: &str, mode: &str, more: &str) -> String {
    format!(
        "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {{name: {name}{more}}}\n\
         provisioner: example.com/disk\nvolumeBindingMode: {mode}\n"
    )
}

#[test]
fn a_pod_bound_by_hand_never_has_a_claim_that_waits_for_the_scheduler() {
    const WAITS: &str = "WaitForFirstConsumer";
    const DEFAULT: &str = ", annotations: {storageclass.kubernetes.io/is-default-class: 'true'}";
    let fast = ", storageClassName: fast";
    let all = [
        (claim(fast), class("fast", WAITS, ""), true),
        (claim(fast), class("fast", "Immediate", ""), false),
        // Bound to a volume already.
        (claim(", storageClassName: fast, volumeName: v1"), class("fast", WAITS, ""), false),
        // Another class waits, which it is not of.
        (claim(fast), class("slow", WAITS, DEFAULT), false),
        (claim(""), class("slow", WAITS, DEFAULT), true),
        (claim(""), class("slow", WAITS, ""), false),
        // A class that is said to be none.
        (claim(", storageClassName: ''"), class("slow", WAITS, DEFAULT), false),
        // Another namespace's claim.
        (claim(fast).replace("shop", "books"), class("fast", WAITS, ""), false),
    ];
    for (claim, class, waits) in all {
        let text = [WEB, &claim, &class].join("---\n");
        let words = ["lint", "--select", "node-name-bypasses-scheduler", "-o", "json", "-"];
        let (code, out, err) = ran(words, &text);
        assert!(code < 2, "{err}");
        let report: serde_json::Value = serde_json::from_str(&out).expect("a report");
        let found = report["findings"].as_array().expect("findings");
        assert_eq!(found.len(), 1, "{text}\n{report:#}");
        let why = found[0]["why"].as_str().expect("a reason");
        assert_eq!(why.contains("claim data waits for a scheduler"), waits, "{text}\n{why}");
    }
}
