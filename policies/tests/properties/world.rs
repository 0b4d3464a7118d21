//! Random small clusters, and random hand-written fields.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PodAffinityTerm, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use placecard_feasibility::label::Labels;
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::placement::{Cluster, Node, Pod, Spread};
use placecard_feasibility::pod_affinity::{AffinityTerm, merge_label_keys};
use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::selector::Selector;
use placecard_feasibility::tolerations::{Taint, Toleration, TolerationOperator};
use placecard_policies::object::PodSpec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::say::{LEVELS, NODE, RACK, ZONE};
use crate::shop::REQUIRED;

type Choice = Option<&'static str>;

fn maybe(values: &'static [&'static str]) -> impl Strategy<Value = Choice> {
    prop_oneof![1 => Just(None), 3 => select(values).prop_map(Some)]
}

fn labels(pairs: &[(&str, Choice)]) -> Labels {
    let there = pairs.iter().filter_map(|(key, value)| Some((*key, (*value)?)));
    there.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn taint(key: &str, value: &str, effect: &str) -> Taint {
    Taint { key: key.into(), value: value.into(), effect: effect.into() }
}

fn node() -> impl Strategy<Value = Node> {
    let taints = prop::collection::vec(
        select(vec![
            taint("nvidia.com/gpu", "", "NoSchedule"),
            taint("pool", "big", "NoExecute"),
            taint("x", "1", "NoSchedule"),
        ]),
        0..2,
    );
    let hostname = prop::bool::weighted(0.9);
    (
        hostname,
        maybe(&["a", "b"]),
        maybe(&["r", "s"]),
        maybe(&["h100", "a100", "old"]),
        maybe(&["8", "31", "64", "many"]),
        prop::bool::weighted(0.3),
        taints,
    )
        .prop_map(|(hostname, zone, rack, accelerator, cores, spot, taints)| {
            let labels = labels(&[
                (NODE.1, hostname.then_some("")),
                (ZONE.1, zone),
                (RACK.1, rack),
                ("accelerator", accelerator),
                ("cores", cores),
                ("spot", spot.then_some("yes")),
            ]);
            Node { name: String::new(), labels, taints }
        })
}

fn running() -> impl Strategy<Value = (Pod, usize)> {
    let anti = prop_oneof![
        6 => Just(None),
        1 => (select(&["web", "db"][..]), select(&LEVELS[..])).prop_map(|(app, level)| {
            let selector = Selector { requirements: vec![Requirement::one_of("app", &[app])] };
            Some(AffinityTerm {
                selector: Some(selector),
                topology_key: level.1.into(),
                ..AffinityTerm::default()
            })
        }),
    ];
    (
        select(vec![
            ("shop", "web"),
            ("shop", "web"),
            ("shop", "db"),
            ("shop", "ledger"),
            ("bank", "ledger"),
            ("bank", "db"),
        ]),
        maybe(&["primary"]),
        maybe(&["t1", "t2"]),
        maybe(&["5d4", "777"]),
        maybe(&["u1", "u2"]),
        prop::bool::weighted(0.2),
        anti,
        0_usize..4,
    )
        .prop_map(|((namespace, app), role, tenant, hash, job, terminating, anti, home)| {
            let labels = labels(&[
                ("app", Some(app)),
                ("role", role),
                ("tenant", tenant),
                ("pod-template-hash", hash),
                ("batch.kubernetes.io/controller-uid", job),
                ("batch.kubernetes.io/job-name", job.map(|_| "web")),
            ]);
            let pod = Pod {
                namespace: namespace.into(),
                labels,
                terminating,
                anti_affinity: anti.into_iter().collect(),
                ..Pod::default()
            };
            (pod, home)
        })
}

/// One to four nodes with up to six pods.
pub(crate) fn cluster() -> impl Strategy<Value = Cluster> {
    (prop::collection::vec(node(), 1..5), prop::collection::vec(running(), 0..7)).prop_map(
        |(mut nodes, pods)| {
            for (index, node) in nodes.iter_mut().enumerate() {
                node.name = format!("n{index}");
                if let Some(hostname) = node.labels.get_mut(NODE.1) {
                    hostname.clone_from(&node.name);
                }
            }
            let count = nodes.len();
            let pods = pods.into_iter().enumerate().map(|(index, (pod, home))| Pod {
                name: format!("p{index}"),
                node: Some(format!("n{}", home % count)),
                ..pod
            });
            let namespace = |name: &str, team: Choice| {
                (
                    name.to_owned(),
                    labels(&[("kubernetes.io/metadata.name", Some("")), ("team", team)]),
                )
            };
            let mut namespaces =
                BTreeMap::from([namespace("shop", None), namespace("bank", Some("x"))]);
            for (name, labels) in &mut namespaces {
                labels.insert("kubernetes.io/metadata.name".into(), name.clone());
            }
            let pods = pods.collect();
            Cluster { nodes, pods, namespaces, negative_namespace_selectors_match_all: false }
        },
    )
}

/// Gives every node a label of every level.
pub(crate) fn complete(cluster: &mut Cluster) {
    for node in &mut cluster.nodes {
        let name = node.name.clone();
        node.labels.entry(NODE.1.into()).or_insert(name);
        node.labels.entry(ZONE.1.into()).or_insert("c".into());
        node.labels.entry(RACK.1.into()).or_insert("t".into());
    }
}

fn written_requirement() -> impl Strategy<Value = Value> {
    let row = |key: &str, operator: &str, values: &[&str]| {
        if values.is_empty() {
            json!({"key": key, "operator": operator})
        } else {
            json!({"key": key, "operator": operator, "values": values})
        }
    };
    select(vec![
        row(ZONE.1, "In", &["a"]),
        row(ZONE.1, "NotIn", &["a", "z"]),
        row("accelerator", "In", &["h100", "old"]),
        row("accelerator", "Exists", &[]),
        row("spot", "DoesNotExist", &[]),
        row("cores", "Gt", &["8"]),
        row("cores", "Lt", &["32"]),
        row("cores", "Gt", &["several"]),
        row("cores", "In", &["8", "64"]),
    ])
}

/// Hand-written node selector terms: empty ones and such that cannot be read, too.
pub(crate) fn written_terms() -> impl Strategy<Value = Value> {
    let name = select(&["n0", "n1"][..]);
    let field = (name, select(&["In", "NotIn"][..])).prop_map(
        |(name, operator)| json!({"key": "metadata.name", "operator": operator, "values": [name]}),
    );
    let term = (
        prop::collection::vec(written_requirement(), 0..3),
        prop_oneof![4 => Just(None), 1 => field.prop_map(Some)],
    )
        .prop_map(|(labels, field)| {
            let mut term = json!({});
            if !labels.is_empty() {
                term["matchExpressions"] = json!(labels);
            }
            if let Some(field) = field {
                term["matchFields"] = json!([field]);
            }
            term
        });
    prop::collection::vec(term, 1..4).prop_map(|terms| json!(terms))
}

fn written_selector() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"matchLabels": {"app": "db"}}),
        json!({"matchLabels": {"app": "db", "role": "primary"}}),
        json!({"matchLabels": {"app": "web"}}),
        json!({"matchExpressions": [{"key": "tenant", "operator": "Exists"}]}),
        json!({}),
    ])
}

/// Hand-written required pod affinity alone.
pub(crate) fn written_near() -> impl Strategy<Value = Value> {
    written_pods(2).prop_map(|terms| {
        if terms == json!([]) {
            return json!({});
        }
        json!({"affinity": {"podAffinity": {REQUIRED: terms}}})
    })
}

fn written_pods(most: usize) -> impl Strategy<Value = Value> {
    let term = (written_selector(), select(&LEVELS[..]), prop::bool::weighted(0.2)).prop_map(
        |(selector, level, all)| {
            let mut term = json!({"labelSelector": selector, "topologyKey": level.1});
            if all {
                term["namespaceSelector"] = json!({});
            }
            term
        },
    );
    prop::collection::vec(term, 0..=most).prop_map(|terms| json!(terms))
}

fn written_spread() -> impl Strategy<Value = Value> {
    let one = (written_selector(), select(&LEVELS[..]), 1..3, select(&["DoNotSchedule", "ScheduleAnyway"][..]))
        .prop_map(|(selector, level, skew, when)| {
            json!([{"labelSelector": selector, "topologyKey": level.1, "maxSkew": skew, "whenUnsatisfiable": when}])
        });
    prop_oneof![4 => Just(json!([])), 1 => one]
}

fn written_tolerations() -> impl Strategy<Value = Value> {
    let one = select(vec![
        json!({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}),
        json!({"key": "x", "value": "1"}),
        json!({"key": "pool", "operator": "Exists", "effect": "NoSchedule"}),
        json!({"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}),
        json!({"operator": "Exists"}),
    ]);
    prop::collection::vec(one, 0..3).prop_map(|list| json!(list))
}

/// Hand-written placement fields; more often than not a list is absent.
pub(crate) fn written() -> impl Strategy<Value = Value> {
    (
        prop_oneof![2 => Just(Value::Null), 1 => written_terms()],
        prop_oneof![2 => Just(json!([])), 1 => written_pods(2)],
        prop_oneof![2 => Just(json!([])), 1 => written_pods(2)],
        written_spread(),
        prop_oneof![2 => Just(json!([])), 1 => written_tolerations()],
        prop::bool::weighted(0.15),
    )
        .prop_map(|(terms, near, apart, spread, tolerations, selector)| {
            let mut spec = json!({});
            if selector {
                spec["nodeSelector"] = json!({"accelerator": "h100"});
            }
            if !terms.is_null() {
                spec["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"] = terms;
            }
            for (key, list) in [("podAffinity", near), ("podAntiAffinity", apart)] {
                if list != json!([]) {
                    spec["affinity"][key][REQUIRED] = list;
                }
            }
            for (key, list) in [("topologySpreadConstraints", spread), ("tolerations", tolerations)]
            {
                if list != json!([]) {
                    spec[key] = list;
                }
            }
            spec
        })
}

fn selector(native: &LabelSelector) -> Selector {
    let labels = native.match_labels.iter().flatten();
    let labels = labels.map(|(key, value)| Requirement::one_of(key, &[value.as_str()]));
    let expressions = native.match_expressions.iter().flatten().map(|one| Requirement {
        key: one.key.clone(),
        operator: Operator::read(&one.operator),
        values: one.values.clone().unwrap_or_default(),
    });
    Selector { requirements: labels.chain(expressions).collect() }
}

fn merged(
    native: Option<&LabelSelector>,
    same: &Option<Vec<String>>,
    other: &Option<Vec<String>>,
    labels: &Labels,
) -> Option<Selector> {
    let list = |keys: &Option<Vec<String>>| keys.clone().unwrap_or_default();
    merge_label_keys(native.map(selector).as_ref(), &list(same), &list(other), labels)
}

fn affinity_term(native: &PodAffinityTerm, labels: &Labels) -> AffinityTerm {
    let (same, other) = (&native.match_label_keys, &native.mismatch_label_keys);
    AffinityTerm {
        selector: merged(native.label_selector.as_ref(), same, other, labels),
        namespaces: native.namespaces.clone().unwrap_or_default(),
        namespace_selector: native.namespace_selector.as_ref().map(selector),
        topology_key: native.topology_key.clone(),
    }
}

fn constraint(native: &TopologySpreadConstraint, labels: &Labels) -> Spread {
    Spread {
        max_skew: u32::try_from(native.max_skew).unwrap(),
        topology_key: native.topology_key.clone(),
        selector: merged(native.label_selector.as_ref(), &native.match_label_keys, &None, labels),
        min_domains: native.min_domains.map(|least| u32::try_from(least).unwrap()),
        honor_affinity: native.node_affinity_policy.as_deref() != Some("Ignore"),
        honor_taints: native.node_taints_policy.as_deref() == Some("Honor"),
    }
}

/// The pod as the scheduler reads these fields of it.
pub(crate) fn scheduled(spec: &PodSpec, labels: &Labels) -> Pod {
    let mut pod = Pod {
        name: "incoming".into(),
        namespace: "shop".into(),
        labels: labels.clone(),
        node_selector: spec.node_selector.clone(),
        ..Pod::default()
    };
    let requirement = |one: &k8s_openapi::api::core::v1::NodeSelectorRequirement| Requirement {
        key: one.key.clone(),
        operator: Operator::read(&one.operator),
        values: one.values.clone().unwrap_or_default(),
    };
    let affinity = spec.affinity.clone().unwrap_or_default();
    let required = affinity
        .node_affinity
        .and_then(|nodes| nodes.required_during_scheduling_ignored_during_execution);
    pod.node_affinity = required.map(|required| {
        let term = |term: &k8s_openapi::api::core::v1::NodeSelectorTerm| NodeTerm {
            expressions: term.match_expressions.iter().flatten().map(requirement).collect(),
            fields: term.match_fields.iter().flatten().map(requirement).collect(),
        };
        required.node_selector_terms.iter().map(term).collect()
    });
    let near = affinity
        .pod_affinity
        .and_then(|pods| pods.required_during_scheduling_ignored_during_execution);
    pod.affinity = near.iter().flatten().map(|term| affinity_term(term, labels)).collect();
    let apart = affinity
        .pod_anti_affinity
        .and_then(|pods| pods.required_during_scheduling_ignored_during_execution);
    pod.anti_affinity = apart.iter().flatten().map(|term| affinity_term(term, labels)).collect();
    let hard = spec.spread.iter().filter(|one| one.when_unsatisfiable == "DoNotSchedule");
    pod.spread = hard.map(|one| constraint(one, labels)).collect();
    pod.tolerations = spec
        .tolerations
        .iter()
        .map(|one| Toleration {
            key: one.key.clone().unwrap_or_default(),
            operator: match one.operator.as_deref() {
                Some("Exists") => TolerationOperator::Exists,
                _ => TolerationOperator::Equal,
            },
            value: one.value.clone().unwrap_or_default(),
            effect: one.effect.clone().unwrap_or_default(),
            seconds: one.toleration_seconds,
        })
        .collect();
    pod
}
