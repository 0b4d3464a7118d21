//! Required `near`: a pod gets at most one term, unless it says one thing in several levels.

use serde_json::{Value, json};

use super::{Case, case, check};
use crate::shop::REQUIRED;

fn pod(require: &'static str) -> Case {
    case("pod of a Deployment", require)
}

/// Hand-written required pod affinity terms: labels and level.
fn held(terms: &[(Value, &str)]) -> Value {
    let terms: Vec<Value> = terms
        .iter()
        .map(|(labels, level)| {
            let key = match *level {
                "node" => "kubernetes.io/hostname",
                "zone" => "topology.kubernetes.io/zone",
                other => other,
            };
            json!({"labelSelector": {"matchLabels": labels}, "topologyKey": key})
        })
        .collect();
    json!({"affinity": {"podAffinity": {REQUIRED: terms}}})
}

#[test]
fn rules() {
    check(&[
        // The stronger of two, whichever comes first.
        pod("near service/db\nnear service/db-primary")
            .gives(&["near {app=db, role=primary} in node"]),
        pod("near service/db-primary\nnear service/db")
            .gives(&["near {app=db, role=primary} in node"]),
        pod("near service/db\nnear pods(app in (db))").gives(&["near {app=db} in node"]),
        pod("near service/db\nnear service/shop/db").gives(&["near {app=db} in node"]),
        // Three.
        pod("near pods(app)\nnear service/db\nnear service/db-primary")
            .gives(&["near {app=db, role=primary} in node"]),
        pod("near service/db-primary in zone\nnear service/db in zone\nnear pods(role=primary,app=db) in rack").gives(&[
            "near {app=db, role=primary} in zone",
            "near {app=db, role=primary} in rack",
        ]),
        // In each level the stronger one, and then the same in all.
        pod("near service/db in zone\nnear service/db in node\nnear service/db-primary in zone\nnear service/db-primary in node").gives(&[
            "near {app=db, role=primary} in zone",
            "near {app=db, role=primary} in node",
        ]),
        // The pod itself is one of the stronger one's: it could start away from the weaker's.
        pod("near pods(app)\nnear pods(app,tenant=t1)").codes(&["not-expressible"]),
        // One in two levels.
        pod("near service/db in zone\nnear service/db in rack")
            .gives(&["near {app=db} in zone", "near {app=db} in rack"]),
        pod("near self in zone\nnear self in rack")
            .gives(&["near {app=web} in zone", "near {app=web} in rack"]),
        pod("near service/db in zone\nnear service/db-primary in rack").codes(&["not-expressible"]),
        // Two targets: a pod cannot be both of these, but both of those.
        pod("near service/db\nnear service/cache").codes(&["pod-affinity-terms-no-common-pod"]),
        pod("near service/db\nnear pods(ssd)").codes(&["not-expressible"]),
        pod("near service/db\nnear service/db of namespaces(a=b)").codes(&["not-expressible"]),
        pod("near service/bank/ledger\nnear pods(app)").codes(&["not-expressible"]),
        pod("near service/db").prefer("near service/cache")
            .gives(&["near {app=db} in node", "near+50 {app=cache} in node"]),
        case("Deployment", "near pods(app=db)\nnear pods(app=db) same tenant")
            .gives(&["near {app=db} in node same tenant"]),
        case("Deployment", "near service/db in zone\nnear service/db in node")
            .gives(&["near {app=db} in zone", "near {app=db} in node"]),
        case("Job", "near self in zone\nnear self in rack").gives(&[
            "near {batch.kubernetes.io/job-name Exists} in zone same batch.kubernetes.io/controller-uid",
            "near {batch.kubernetes.io/job-name Exists} in rack same batch.kubernetes.io/controller-uid",
        ]),
    ]);
}

#[test]
fn hand_written_terms() {
    let db = json!({"app": "db"});
    check(&[
        pod("near service/db")
            .with(held(&[(db.clone(), "node")]))
            .gives(&["near {app=db} in node"]),
        pod("near service/db in zone")
            .with(held(&[(db.clone(), "node")]))
            .gives(&["near {app=db} in node", "near {app=db} in zone"]),
        pod("near service/db")
            .with(held(&[(json!({"app": "db", "role": "primary"}), "node")]))
            .gives(&["near {app=db, role=primary} in node"]),
        // What is written by hand stays, so it cannot become the stronger one.
        pod("near service/db-primary")
            .with(held(&[(db.clone(), "node")]))
            .codes(&["not-expressible"]),
        pod("near service/cache")
            .with(held(&[(db.clone(), "node")]))
            .codes(&["pod-affinity-terms-no-common-pod"])
            .gives(&["near {app=db} in node"]),
        pod("near pods(a=b)").with(held(&[(db.clone(), "node")])).codes(&["not-expressible"]),
        // A pair: only pods of both count.
        pod("near service/db")
            .with(held(&[(db.clone(), "node"), (json!({"tier": "1"}), "node")]))
            .gives(&["near {app=db} in node", "near {tier=1} in node"]),
        pod("near self")
            .with(held(&[(json!({"app": "web"}), "node"), (json!({"tenant": "t1"}), "node")]))
            .codes(&["not-expressible"]),
        pod("near service/db in zone")
            .with(held(&[(db.clone(), "node"), (json!({"tier": "1"}), "node")]))
            .codes(&["not-expressible"]),
        // Nobody.
        pod("near service/db")
            .with(json!({"affinity": {"podAffinity": {REQUIRED: [
                {"topologyKey": "kubernetes.io/hostname"}]}}}))
            .codes(&["pod-affinity-selector-null"]),
    ]);
}
