//! `spread over` and `at-most`, and the scheduler's built-in soft constraints.

use serde_json::{Value, json};

use super::{Case, case, check};

fn set(require: &'static str) -> Case {
    // No revisions, so that the lines are short.
    case("pod", require)
}

fn held(key: &str, when: &str, skew: i32, labels: Value) -> Value {
    json!({"topologySpreadConstraints": [{"topologyKey": key, "whenUnsatisfiable": when,
        "maxSkew": skew, "labelSelector": {"matchLabels": labels}}]})
}

const ZONE: &str = "topology.kubernetes.io/zone";

#[test]
fn modifiers() {
    check(&[
        set("spread over zone")
            .gives(&["spread hard 1 over zone {app=web, tenant=t1} taints Honor"]),
        set("spread over zone max-skew 3")
            .gives(&["spread hard 3 over zone {app=web, tenant=t1} taints Honor"]),
        set("spread over zone min-domains 3")
            .gives(&["spread hard 1 over zone {app=web, tenant=t1} min-domains 3 taints Honor"]),
        set("spread over zone ignore-taints")
            .gives(&["spread hard 1 over zone {app=web, tenant=t1}"]),
        set("spread over zone ignore-node-rules")
            .gives(&["spread hard 1 over zone {app=web, tenant=t1} nodes Ignore taints Honor"]),
        set("")
            .prefer("spread over zone max-skew 2")
            .gives(&["spread soft 2 over zone {app=web, tenant=t1}"]),
        set("")
            .prefer("spread over zone ignore-node-rules")
            .gives(&["spread soft 1 over zone {app=web, tenant=t1} nodes Ignore"]),
        set("spread over zone").prefer("spread over zone").gives(&[
            "spread hard 1 over zone {app=web, tenant=t1} taints Honor",
            "spread soft 1 over zone {app=web, tenant=t1}",
        ]),
        set("spread over zone; spread over node").gives(&[
            "spread hard 1 over zone {app=web, tenant=t1} taints Honor",
            "spread hard 1 over node {app=web, tenant=t1} taints Honor",
        ]),
        case("pod without labels", "spread over zone").codes(&["self-has-no-labels"]).gives(&[]),
    ]);
}

#[test]
fn one_of_a_kind_per_level() {
    check(&[
        set("spread over zone; spread over zone")
            .gives(&["spread hard 1 over zone {app=web, tenant=t1} taints Honor"]),
        set("spread over zone; spread over zone max-skew 2").codes(&["not-expressible"]),
        set("spread over zone; at-most 2 self in zone").codes(&["not-expressible"]),
        set("at-most 2 self; at-most 3 self").codes(&["not-expressible"]),
        set("spread over zone")
            .with(held(ZONE, "DoNotSchedule", 1, json!({"app": "web"})))
            .codes(&["not-expressible"]),
        set("spread over zone").with(held(ZONE, "ScheduleAnyway", 1, json!({"app": "web"}))).gives(
            &[
                "spread soft 1 over zone {app=web}",
                "spread hard 1 over zone {app=web, tenant=t1} taints Honor",
            ],
        ),
        set("spread over zone ignore-taints")
            .with(held(ZONE, "DoNotSchedule", 1, json!({"app": "web", "tenant": "t1"})))
            .gives(&["spread hard 1 over zone {app=web, tenant=t1}"]),
    ]);
}

#[test]
fn at_most() {
    let end = "min-domains 2147483647 nodes Ignore taints Ignore";
    let lines = |lines: &[&str]| -> &'static [&'static str] {
        let lines = lines.iter().map(|line| &*format!("{line}{end}").leak());
        lines.collect::<Vec<&str>>().leak()
    };
    check(&[
        set("at-most 2 self").gives(lines(&["spread hard 2 over node {app=web, tenant=t1} "])),
        set("at-most 2 self in zone").gives(lines(&["spread hard 2 over zone {app=web, tenant=t1} "])),
        set("at-most 1 service/db").gives(lines(&["spread hard 1 over node {app=db} "])),
        set("at-most 2 pods(*)")
            .gives(lines(&["spread hard 2 over node {placecard.dev/never DoesNotExist} "])),
        set("at-most 2 pods(gpu)").gives(lines(&["spread hard 2 over node {gpu Exists} "])),
        set("at-most 2 service/db; at-most 3 service/cache in zone").codes(&["not-expressible", "not-expressible"]),
        set("at-most 2 service/bank/ledger").codes(&["not-expressible"]),
        set("at-most 2 service/db; spread over zone").codes(&["not-expressible"]),
        set("at-most 2 service/db").with(held(ZONE, "DoNotSchedule", 1, json!({"a": "b"})))
            .codes(&["not-expressible", "spread-misses-self"]),
        set("at-most 2 service/db").with(held(ZONE, "ScheduleAnyway", 1, json!({"a": "b"}))).gives(&[
            "spread soft 1 over zone {a=b}",
            "spread hard 2 over node {app=db} min-domains 2147483647 nodes Ignore taints Ignore",
        ]).codes(&["spread-misses-self"]),
        // Its own pods all carry both rules.
        set("at-most 2 self; spread over zone").gives(&[
            "spread hard 2 over node {app=web, tenant=t1} min-domains 2147483647 nodes Ignore taints Ignore",
            "spread hard 1 over zone {app=web, tenant=t1} taints Honor",
        ]),
        // One of its own: anti-affinity, and a node that has the level.
        set("at-most 1 self").gives(&["nodes {node Exists}", "apart {app=web, tenant=t1} in node"]),
        set("at-most 1 self in zone").gives(&["nodes {zone Exists}", "apart {app=web, tenant=t1} in zone"]),
        set("at-most 1 self in zone; on zone/a")
            .gives(&["nodes {zone In (a)}", "apart {app=web, tenant=t1} in zone"]),
        case("Deployment", "at-most 1 self")
            .gives(&["nodes {node Exists}", "apart {app=web} in node same pod-template-hash"]),
        case("pod of a Deployment", "at-most 1 self across revisions")
            .gives(&["nodes {node Exists}", "apart {app=web} in node"]),
    ]);
}

#[test]
fn revisions() {
    check(&[
        case("Deployment", "spread over zone").gives(&[
            "spread hard 1 over zone {app=web} same pod-template-hash taints Honor",
            "spread soft 3 over node {app=web} same pod-template-hash",
            "spread soft 5 over zone {app=web} same pod-template-hash",
        ]),
        case("Deployment", "spread over zone across revisions").gives(&[
            "spread hard 1 over zone {app=web} taints Honor",
            "spread soft 3 over node {app=web} same pod-template-hash",
            "spread soft 5 over zone {app=web} same pod-template-hash",
        ]),
        case("pod of a Deployment", "spread over zone").gives(&[
            "spread hard 1 over zone {app=web, pod-template-hash=5d4} taints Honor",
            "spread soft 3 over node {app=web, pod-template-hash=5d4}",
            "spread soft 5 over zone {app=web, pod-template-hash=5d4}",
        ]),
        case("StatefulSet", "spread over zone").gives(&[
            "spread hard 1 over zone {app=web} taints Honor",
            "spread soft 3 over node {app=web}",
            "spread soft 5 over zone {app=web}",
        ]),
        case("Job", "spread over zone").gives(&[
            "spread hard 1 over zone {batch.kubernetes.io/job-name Exists} same batch.kubernetes.io/controller-uid taints Honor",
        ]),
        case("pod of a Job", "spread over zone").gives(&[
            "spread hard 1 over zone {batch.kubernetes.io/controller-uid=u1} taints Honor",
        ]),
    ]);
}

#[test]
fn built_in_defaults() {
    check(&[
        // What is preferred takes the place of the default.
        case("StatefulSet", "")
            .prefer("spread over zone")
            .gives(&["spread soft 1 over zone {app=web}", "spread soft 3 over node {app=web}"]),
        // Not switched off by anti-affinity.
        case("StatefulSet", "at-most 1 self")
            .gives(&["nodes {node Exists}", "apart {app=web} in node"]),
        case("StatefulSet", "at-most 2 service/db").gives(&[
            "spread hard 2 over node {app=db} min-domains 2147483647 nodes Ignore taints Ignore",
            "spread soft 3 over node {app=web}",
            "spread soft 5 over zone {app=web}",
        ]),
        // The user switched them off.
        case("StatefulSet", "spread over zone")
            .with(held("x", "ScheduleAnyway", 1, json!({"a": "b"})))
            .gives(&[
                "spread soft 1 over x {a=b}",
                "spread hard 1 over zone {app=web} taints Honor",
            ])
            .codes(&["spread-misses-self"]),
        // One of ours is there, another is not.
        case("StatefulSet", "spread over zone")
            .with(held("kubernetes.io/hostname", "ScheduleAnyway", 3, json!({"app": "web"})))
            .gives(&[
                "spread soft 3 over node {app=web}",
                "spread hard 1 over zone {app=web} taints Honor",
                "spread soft 5 over zone {app=web}",
            ]),
        case("RayCluster", "spread over zone").gives(&[
            "spread hard 1 over zone {app=web, ray.io/cluster=web, tenant=t1} taints Honor",
        ]),
    ]);
}
