//! `near` and `apart-from`: targets, levels, modifiers, and what `self` is.

use placecard_policies::findings::Severity;
use serde_json::json;

use super::{Case, case, check};

fn pod(require: &'static str) -> Case {
    case("pod of a Deployment", require)
}

#[test]
fn targets_and_levels() {
    check(&[
        pod("near service/db").gives(&["near {app=db} in node"]),
        pod("near service/db in zone").gives(&["near {app=db} in zone"]),
        pod("near service/db in rack").gives(&["near {app=db} in rack"]),
        pod("near service/db in a.b/c").gives(&["near {app=db} in a.b/c"]),
        pod("near service/shop/db").gives(&["near {app=db} in node"]),
        pod("near service/bank/ledger").gives(&["near {app=ledger} in node namespaces bank"]),
        pod("near deployment/api").gives(&["near {app=api} in node"]),
        pod("near statefulset/queue").gives(&["near {app In (queue,queue-old)} in node"]),
        pod("near daemonset/agent").gives(&["near {app=agent} in node"]),
        pod("near job/load").gives(&["near {batch.kubernetes.io/job-name=load} in node"]),
        pod("near pods(a=b,c in (d,e),f!=g,h,!i)")
            .gives(&["near {a=b, c In (d,e), f NotIn (g), h Exists, i DoesNotExist} in node"]),
        pod("near pods(*)").gives(&["near {} in node"]),
        pod("apart-from service/db in zone").gives(&["apart {app=db} in zone"]),
        pod("apart-from pods(*)").gives(&["apart {} in node"]),
        pod("near service/gone").codes(&["unresolved"]).gives(&[]),
        pod("near service/slow").codes(&["unresolved"]).gives(&[]),
        pod("near service/outside").codes(&["unresolved"]).gives(&[]),
        pod("near service/unheard-of").codes(&["unresolved"]).gives(&[]),
    ]);
}

#[test]
fn preferences() {
    let soft = |prefer| case("pod of a Deployment", "").prefer(prefer);
    check(&[
        soft("near service/db").gives(&["near+50 {app=db} in node"]),
        soft("near service/db in zone weight 9").gives(&["near+9 {app=db} in zone"]),
        soft("apart-from self in zone weight 100")
            .gives(&["apart+100 {app=web, pod-template-hash=5d4} in zone"]),
        soft("near service/db\nnear service/cache")
            .gives(&["near+50 {app=db} in node", "near+50 {app=cache} in node"]),
        soft("near service/db\nnear service/db").gives(&["near+50 {app=db} in node"]),
    ]);
}

#[test]
fn same_and_other() {
    check(&[
        pod("near pods(app) same tenant").gives(&["near {tenant=t1, app Exists} in node"]),
        pod("apart-from pods(app) other tenant")
            .gives(&["apart {app Exists, tenant NotIn (t1), tenant Exists} in node"]),
        case("pod", "near self same tenant").gives(&["near {app=web, tenant=t1} in node"]),
        pod("apart-from pods(*) same tenant,app").gives(&["apart {app=web, tenant=t1} in node"]),
        pod("near pods(app) same nobody").codes(&["missing-label"]).gives(&[]),
        pod("near pods(app) other nobody").codes(&["missing-label"]).gives(&[]),
        case("Deployment", "near pods(app) same tenant")
            .gives(&["near {app Exists} in node same tenant"]),
        case("Deployment", "apart-from pods(app) other tenant")
            .gives(&["apart {app Exists, tenant Exists} in node other tenant"]),
        case("Deployment", "near pods(app) same nobody").codes(&["missing-label"]),
        // Its controller writes this one.
        case("StatefulSet", "near pods(app) same apps.kubernetes.io/pod-index")
            .gives(&["near {app Exists} in node same apps.kubernetes.io/pod-index"]),
        case("Deployment", "apart-from self same pod-template-hash")
            .gives(&["apart {app=web} in node same pod-template-hash"]),
        // Nobody has another value of what is the same.
        pod("apart-from pods(app) same tenant other tenant")
            .codes(&["label-selector-unsatisfiable"]),
        pod("apart-from pods(tenant=t2) same tenant").codes(&["label-selector-unsatisfiable"]),
        pod("apart-from pods(a=b,a=c)").codes(&["label-selector-unsatisfiable"]),
        pod("at-most 2 pods(a=b,a=c)").codes(&["label-selector-unsatisfiable"]),
        pod("near pods(tenant=t2) same tenant").codes(&["label-selector-unsatisfiable"]),
        pod("near pods(a=b,a=c)").codes(&["label-selector-unsatisfiable"]),
        case("pod", "").prefer("near pods(a=b,a=c)").codes(&["label-selector-unsatisfiable"]),
        case("Deployment", "apart-from pods(app) same tenant other tenant")
            .codes(&["label-selector-unsatisfiable"]),
    ]);
}

#[test]
fn of_namespaces() {
    check(&[
        pod("near pods(a=b) of namespaces(team=x)")
            .gives(&["near {a=b} in node of {team=x, kubernetes.io/metadata.name Exists}"]),
        pod("near pods(a=b) of namespaces(!team)").gives(&[
            "near {a=b} in node of {team DoesNotExist, kubernetes.io/metadata.name Exists}",
        ]),
        pod("near pods(a=b) of namespaces(*)").gives(&["near {a=b} in node of {}"]),
        pod("near pods(a=b) of namespaces(kubernetes.io/metadata.name)")
            .gives(&["near {a=b} in node of {kubernetes.io/metadata.name Exists}"]),
        pod("near service/db of namespaces(team=x)")
            .gives(&["near {app=db} in node of {team=x, kubernetes.io/metadata.name Exists}"]),
        pod("near service/bank/ledger of namespaces(team=x)").codes(&["misplaced-word"]),
    ]);
}

#[test]
fn whom_self_means() {
    check(&[
        case("Deployment", "apart-from self").gives(&["apart {app=web} in node same pod-template-hash"]),
        case("Deployment", "apart-from self across revisions").gives(&["apart {app=web} in node"]),
        case("Deployment", "near self in zone").gives(&["near {app=web} in zone"]),
        case("expanded Deployment", "apart-from self")
            .gives(&["apart {app=web} in node same pod-template-hash"]),
        case("expanded Deployment", "apart-from self").server(30).codes(&["not-expressible"]),
        // A warning: the pods get it by value.
        case("Deployment", "apart-from self").server(30).codes(&["not-expressible"]).gives(&[]),
        pod("apart-from self").server(30).gives(&["apart {app=web, pod-template-hash=5d4} in node"]),
        case("Deployment", "spread over zone").prefer("spread over node").server(30).gives(&[
            "spread hard 1 over zone {app=web} same pod-template-hash taints Honor",
            "spread soft 1 over node {app=web} same pod-template-hash",
            "spread soft 5 over zone {app=web} same pod-template-hash",
        ]),
        case("StatefulSet", "apart-from self").gives(&["apart {app=web} in node"]),
        case("ReplicaSet", "apart-from self").gives(&["apart {app=web} in node"]),
        case("ReplicationController", "apart-from self").gives(&["apart {app=web} in node"]),
        case("Job", "apart-from self").gives(&[
            "apart {batch.kubernetes.io/job-name Exists} in node same batch.kubernetes.io/controller-uid",
        ]),
        case("CronJob", "near self in zone").gives(&[
            "near {batch.kubernetes.io/job-name Exists} in zone same batch.kubernetes.io/controller-uid",
        ]),
        // Its operator gives the pods this label.
        case("RayCluster", "apart-from self").gives(&["apart {app=web, ray.io/cluster=web, tenant=t1} in node"]),
        pod("apart-from self").gives(&["apart {app=web, pod-template-hash=5d4} in node"]),
        pod("apart-from self across revisions").gives(&["apart {app=web} in node"]),
        pod("near self in zone").gives(&["near {app=web} in zone"]),
        case("pod of a Rollout", "apart-from self")
            .gives(&["apart {app=web, rollouts-pod-template-hash=9f8, tenant=t1} in node"]),
        case("pod of a StatefulSet", "apart-from self").gives(&["apart {app=web} in node"]),
        case("pod of a Job", "apart-from self")
            .gives(&["apart {batch.kubernetes.io/controller-uid=u1} in node"]),
        case("pod of a RayCluster", "apart-from self")
            .gives(&["apart {app=web, tenant=t1} in node"]),
        case("pod", "apart-from self").gives(&["apart {app=web, tenant=t1} in node"]),
        // The owner's selector does not match the pod: it is not the pod's owner.
        case("pod of a forged ReplicaSet", "apart-from self")
            .gives(&["apart {app=web, tenant=t1} in node"]),
        case("pod of an unreachable ReplicaSet", "apart-from self").codes(&["unresolved"]).gives(&[]),
        case("pod of an unreachable ReplicaSet", "apart-from service/db")
            .gives(&["apart {app=db} in node"]),
        case("pod without labels", "apart-from self").codes(&["self-has-no-labels"]).gives(&[]),
    ]);
}

#[test]
fn apart_from_what_repels_already() {
    let held = |term: serde_json::Value| json!({"affinity": {"podAntiAffinity": {crate::shop::REQUIRED: [term]}}});
    check(&[
        pod("apart-from service/db")
            .with(held(json!({"labelSelector": {}, "topologyKey": "kubernetes.io/hostname"})))
            .gives(&["apart {} in node"]),
        pod("apart-from service/db")
            .with(held(json!({"labelSelector": {"matchExpressions": [
                {"key": "app", "operator": "In", "values": ["db", "cache"]}]},
                "topologyKey": "kubernetes.io/hostname", "namespaces": ["shop"]})))
            .gives(&["apart {app In (db,cache)} in node namespaces shop"]),
        pod("apart-from service/db in zone")
            .with(held(json!({"labelSelector": {}, "topologyKey": "kubernetes.io/hostname"})))
            .gives(&["apart {} in node", "apart {app=db} in zone"]),
        // As the API server merges it, and by value.
        pod("apart-from self")
            .with(held(json!({"labelSelector": {"matchLabels": {"app": "web"}},
                "matchLabelKeys": ["pod-template-hash"], "topologyKey": "kubernetes.io/hostname"})))
            .gives(&["apart {app=web} in node same pod-template-hash"]),
        // A null selector repels nobody.
        pod("apart-from service/db")
            .with(held(json!({"topologyKey": "kubernetes.io/hostname"})))
            .gives(&["apart nobody in node", "apart {app=db} in node"]),
        pod("apart-from pods(*)\napart-from service/bank/ledger")
            .gives(&["apart {} in node", "apart {app=ledger} in node namespaces bank"]),
        pod("apart-from service/db\napart-from service/db-primary")
            .gives(&["apart {app=db} in node"]),
    ]);
}

#[test]
fn an_old_server_is_no_reason_to_refuse_a_workload() {
    let annotations = crate::shop::annotations("apart-from self", "", "");
    for (kind, severity) in
        [("Deployment", Severity::Warning), ("expanded Deployment", Severity::Error)]
    {
        let (value, _) = crate::shop::object(kind, &annotations, &json!({}));
        let (review, _) = super::expanded(&value, 30);
        assert_eq!(review.findings[0].severity, severity, "{kind}");
        // `placecard expand` must not print it as if it were.
        assert!(!review.expansions[0].complete, "{kind}");
    }
}
