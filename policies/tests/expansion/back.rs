//! And back: hand-written fields to sentences, or to the reason why they stay.

use placecard_policies::adopt::{Allow, adopt};
use placecard_policies::findings::Segment;
use placecard_policies::words::adopt::name;
use serde_json::{Value, json};

use crate::shop::{self, PREFERRED, REQUIRED};

/// `key: sentence`, and `field: reason` of what stays.
fn said(kind: &str, annotations: &Value, fields: &Value, allow: Allow) -> Vec<String> {
    let (value, _) = shop::object(kind, annotations, fields);
    let mut said = Vec::new();
    for adoption in adopt(&value, &shop::surroundings(34), allow) {
        for one in adoption.adopted {
            let line = |(key, text): &(&str, String)| {
                format!("{}: {text}", key.rsplit('/').next().unwrap())
            };
            match one.lines.as_slice() {
                [] => said.push("comes along".to_owned()),
                lines => said.extend(lines.iter().map(line)),
            }
        }
        for one in adoption.kept {
            let keys = one.field.0.iter().rev().filter_map(|segment| match segment {
                Segment::Key(key) if key != REQUIRED && key != PREFERRED => Some(key.to_string()),
                _ => None,
            });
            let field: Vec<String> = keys.take(1).collect();
            said.push(format!("{}: {}", field.concat(), name(&one.reason)));
        }
    }
    said
}

#[track_caller]
fn check(cases: &[(&str, Value, &[&str])]) {
    let mut wrong = Vec::new();
    for (kind, fields, wanted) in cases {
        let found = said(kind, &json!({}), fields, Allow::default());
        if found != *wanted {
            wrong.push(format!("{kind} {fields}\n  gives {found:#?}\n  wants {wanted:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn nodes(expressions: Value) -> Value {
    json!({"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": expressions}}}})
}

fn pods(kind: &str, term: Value) -> Value {
    json!({"affinity": {kind: {REQUIRED: [term]}}})
}

fn spread(constraints: Value) -> Value {
    json!({"topologySpreadConstraints": constraints})
}

#[test]
fn nodes_by_label() {
    let ssd = json!([{"key": "disk", "operator": "In", "values": ["ssd"]}]);
    let big = json!([{"key": "cores", "operator": "Gt", "values": ["31"]}]);
    let spot = json!([{"key": "spot", "operator": "DoesNotExist"},
        {"key": "accelerator", "operator": "In", "values": ["a100"]}]);
    let named = json!([{"key": "metadata.name", "operator": "In", "values": ["n1"]}]);
    check(&[
        ("pod", json!({"nodeSelector": {"disk": "ssd"}}), &["require: on nodes(disk=ssd)"]),
        (
            "Deployment",
            json!({"nodeSelector": {"disk": "ssd", "topology.kubernetes.io/zone": "a", "b": ""}}),
            &["require: on zone/a", "require: on nodes(b=,disk=ssd)"],
        ),
        ("DaemonSet", json!({"nodeSelector": {"disk": "ssd"}}), &["require: on nodes(disk=ssd)"]),
        ("RayCluster", json!({"nodeSelector": {"disk": "ssd"}}), &["require: on nodes(disk=ssd)"]),
        (
            "Job",
            nodes(json!([{"matchExpressions": ssd}, {"matchFields": named}])),
            &["require: on nodes(disk=ssd) or node/n1"],
        ),
        ("pod", nodes(json!([{"matchExpressions": spot}])), &["require: on pool/a100"]),
        // The pool would bring a toleration that the pod does not have.
        ("pod", nodes(json!([{"matchExpressions": big}])), &["require: on nodes(cores>31)"]),
        (
            "pod",
            json!({"affinity": {"nodeAffinity": {PREFERRED: [
                {"weight": 7, "preference": {"matchExpressions": ssd}},
                {"weight": 50, "preference": {"matchExpressions": [
                    {"key": "example.com/rack", "operator": "In", "values": ["r1"]}]}}]}}}),
            &["prefer: on nodes(disk=ssd) weight 7", "prefer: on rack/r1"],
        ),
        ("pod", nodes(json!([{}])), &["nodeAffinity: empty-term"]),
        (
            "pod",
            nodes(json!([{"matchFields": named, "matchExpressions": ssd}])),
            &["nodeAffinity: match-fields"],
        ),
    ]);
}

#[test]
fn a_pool_takes_its_tolerations_along() {
    let gpu = json!({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"});
    let other = json!({"key": "x", "value": "1"});
    check(&[
        (
            "Deployment",
            json!({"nodeSelector": {"accelerator": "h100", "disk": "ssd"}, "tolerations": [gpu, other]}),
            &[
                "require: on pool/h100",
                "require: on nodes(disk=ssd)",
                "tolerate: x=1",
                "comes along",
            ],
        ),
        (
            "Deployment",
            json!({"nodeSelector": {"accelerator": "h100"}}),
            &["require: on nodes(accelerator=h100)"],
        ),
    ]);
}

#[test]
fn other_pods() {
    let own = json!({"matchLabels": {"app": "web"}});
    let db = json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["db"]}]});
    let host = "kubernetes.io/hostname";
    let zone = "topology.kubernetes.io/zone";
    check(&[
        (
            "Deployment",
            pods("podAntiAffinity", json!({"topologyKey": host, "labelSelector": own})),
            &["require: apart-from self across revisions"],
        ),
        (
            "Deployment",
            pods(
                "podAntiAffinity",
                json!({"topologyKey": host, "labelSelector": own,
                       "matchLabelKeys": ["pod-template-hash"]}),
            ),
            &["require: apart-from self"],
        ),
        (
            "StatefulSet",
            pods("podAntiAffinity", json!({"topologyKey": zone, "labelSelector": own})),
            &["require: apart-from self in zone"],
        ),
        (
            "Deployment",
            pods("podAffinity", json!({"topologyKey": zone, "labelSelector": db})),
            &["require: near pods(app=db) in zone"],
        ),
        (
            "Deployment",
            pods(
                "podAffinity",
                json!({"topologyKey": "example.com/row", "labelSelector": db, "namespaces": ["shop"],
                       "matchLabelKeys": ["tenant"]}),
            ),
            &["require: near pods(app=db) same tenant in example.com/row"],
        ),
        (
            "Deployment",
            pods(
                "podAntiAffinity",
                json!({"topologyKey": host, "labelSelector": {}, "namespaceSelector": {}}),
            ),
            &["require: apart-from pods(*) of namespaces(*)"],
        ),
        (
            "Deployment",
            pods(
                "podAffinity",
                json!({"topologyKey": host, "labelSelector": db, "namespaces": ["data"]}),
            ),
            &["podAffinity: names-namespaces"],
        ),
        (
            "Deployment",
            pods("podAntiAffinity", json!({"topologyKey": host})),
            &["podAntiAffinity: no-selector"],
        ),
        (
            "DaemonSet",
            pods("podAntiAffinity", json!({"topologyKey": host, "labelSelector": own})),
            &["podAntiAffinity: refused"],
        ),
    ]);
}

#[test]
fn constraints_go_together_or_not_at_all() {
    let own = json!({"matchLabels": {"app": "web"}});
    let hard = json!({"topologyKey": "topology.kubernetes.io/zone", "maxSkew": 1,
        "whenUnsatisfiable": "DoNotSchedule", "labelSelector": own});
    let soft = json!({"topologyKey": "kubernetes.io/hostname", "maxSkew": 3,
        "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": own,
        "matchLabelKeys": ["pod-template-hash"]});
    let mut zones = soft.clone();
    zones["topologyKey"] = json!("topology.kubernetes.io/zone");
    zones["maxSkew"] = json!(5);
    let mut of_others = hard.clone();
    of_others["labelSelector"] = json!({"matchLabels": {"tier": "x"}});
    check(&[
        ("Deployment", spread(json!([hard])), &["topologySpreadConstraints: default-spreading"]),
        // Nothing switches anything off for the pods of a Job.
        (
            "pod",
            spread(json!([{"topologyKey": "kubernetes.io/hostname", "maxSkew": 2, "minDomains": 3,
                "whenUnsatisfiable": "DoNotSchedule", "nodeTaintsPolicy": "Honor",
                "labelSelector": {"matchLabels": {"app": "web", "tenant": "t1"}}}])),
            &["require: spread over node max-skew 2 min-domains 3"],
        ),
        // The built-in ones are there already.
        (
            "Deployment",
            spread(json!([soft, zones, hard])),
            &[
                "prefer: spread over node max-skew 3",
                "prefer: spread over zone max-skew 5",
                "require: spread over zone ignore-taints across revisions",
            ],
        ),
        ("Deployment", spread(json!([of_others])), &["topologySpreadConstraints: counts-others"]),
    ]);
    let allow = Allow { default_spread: true };
    assert_eq!(
        said("Deployment", &json!({}), &spread(json!([hard])), allow),
        ["require: spread over zone ignore-taints across revisions"]
    );
}

#[test]
fn taints() {
    check(&[
        (
            "pod",
            json!({"tolerations": [
                {"key": "a", "operator": "Exists"},
                {"key": "b", "value": "v", "effect": "NoSchedule"},
                {"key": "c", "operator": "Equal", "value": "", "effect": "NoExecute",
                 "tolerationSeconds": 30}]}),
            &["tolerate: c=:NoExecute for 30s", "tolerate: b=v:NoSchedule", "tolerate: a"],
        ),
        ("pod", json!({"tolerations": [{"operator": "Exists"}]}), &["tolerations: every-taint"]),
        // One that is implied already would not be added again.
        (
            "pod",
            json!({"tolerations": [{"key": "a", "operator": "Exists"}, {"operator": "Exists"}]}),
            &["tolerations: every-taint", "tolerations: differs"],
        ),
    ]);
}

#[test]
fn what_is_said_already_stays() {
    let annotations = shop::annotations("apart-from self", "", "");
    let (value, _) =
        shop::object("Deployment", &annotations, &json!({"nodeSelector": {"disk": "ssd"}}));
    let adoptions = adopt(&value, &shop::surroundings(34), Allow::default());
    let [adoption] = adoptions.as_slice() else { panic!("{adoptions:?}") };
    let texts: Vec<&Value> =
        adoption.edits.iter().filter_map(|(_, value)| value.as_ref()).collect();
    assert_eq!(texts, [&json!("apart-from self\non nodes(disk=ssd)\n")]);
    // A sentence that cannot be read says nothing of what the template becomes.
    let broken = shop::annotations("apart from self", "", "");
    assert_eq!(
        said("Deployment", &broken, &json!({"nodeSelector": {"disk": "ssd"}}), Allow::default()),
        ["nodeSelector: not-known"]
    );
}

#[test]
fn what_is_not_the_place_for_sentences() {
    let fields = json!({"nodeSelector": {"disk": "ssd"}});
    let reason = |kind: &str| said(kind, &json!({}), &fields, Allow::default());
    assert_eq!(reason("pod of a Deployment"), ["nodeSelector: of-controller"]);
    let (mut patch, _) = shop::object("Deployment", &json!({}), &fields);
    patch["spec"].as_object_mut().unwrap().remove("selector");
    let adoptions = adopt(&patch, &shop::surroundings(34), Allow::default());
    let reasons: Vec<&str> =
        adoptions.iter().flat_map(|one| &one.kept).map(|one| name(&one.reason)).collect();
    assert_eq!(reasons, ["incomplete"]);
    let many: Vec<Value> = (0..200).map(|n| json!({"key": format!("k{n}")})).collect();
    let many = json!({"tolerations": many});
    assert!(
        said("pod", &json!({}), &many, Allow::default()).iter().all(|one| one.ends_with("many"))
    );
    assert_eq!(said("pod", &json!({}), &json!({}), Allow::default()), Vec::<String>::new());
}
