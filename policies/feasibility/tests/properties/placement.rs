//! The corners of the scheduler's filters, one by one.

use placecard_feasibility::label::Labels;
use placecard_feasibility::placement::{Cluster, Node, Pod, Reason, Spread, feasible, rejects};
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::requirement::Requirement;
use placecard_feasibility::selector::Selector;
use placecard_feasibility::tolerations::{Taint, Toleration, TolerationOperator};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Three nodes in two zones, and one without a zone.
fn cluster(pods: Vec<Pod>) -> Cluster {
    let node = |name: &str, zone: Option<&str>| {
        let zone = zone.map(|zone| ("zone", zone));
        let pairs: Vec<_> = zone.into_iter().chain([("host", name)]).collect();
        Node { name: name.to_owned(), labels: labels(&pairs), taints: Vec::new() }
    };
    let nodes = vec![
        node("a1", Some("a")),
        node("a2", Some("a")),
        node("b1", Some("b")),
        node("none", None),
    ];
    let namespaces = ["red", "blue"].map(|name| (name.to_owned(), Labels::new())).into();
    Cluster { nodes, pods, namespaces, negative_namespace_selectors_match_all: false }
}

fn pod(app: &str, node: Option<&str>) -> Pod {
    Pod {
        name: format!("{app}-{}", node.unwrap_or("new")),
        namespace: "red".into(),
        labels: labels(&[("app", app)]),
        node: node.map(str::to_owned),
        ..Pod::default()
    }
}

fn of_app(app: &str) -> Option<Selector> {
    Some(Selector::from_labels(&labels(&[("app", app)])))
}

fn in_zone(selector: Option<Selector>) -> AffinityTerm {
    AffinityTerm { selector, topology_key: "zone".into(), ..AffinityTerm::default() }
}

fn spread(selector: Option<Selector>) -> Spread {
    Spread {
        max_skew: 1,
        topology_key: "zone".into(),
        selector,
        min_domains: None,
        honor_affinity: true,
        honor_taints: false,
    }
}

#[test]
fn affinity_and_its_first_pod() {
    let near =
        |app: &str, target: &str| Pod { affinity: vec![in_zone(of_app(target))], ..pod(app, None) };
    let table: [(&str, Pod, Vec<Pod>, &[&str]); 7] = [
        ("the target's zone", near("web", "db"), vec![pod("db", Some("a1"))], &["a1", "a2"]),
        ("no target", near("web", "db"), vec![], &[]),
        (
            "the first of its kind, wherever the key is",
            near("db", "db"),
            vec![],
            &["a1", "a2", "b1"],
        ),
        ("the second joins", near("db", "db"), vec![pod("db", Some("b1"))], &["b1"]),
        (
            "one on a node without the key does not count",
            near("db", "db"),
            vec![pod("db", Some("none"))],
            &["a1", "a2", "b1"],
        ),
        (
            "a terminating one counts",
            near("web", "db"),
            vec![Pod { terminating: true, ..pod("db", Some("b1")) }],
            &["b1"],
        ),
        (
            "another namespace does not",
            near("web", "db"),
            vec![Pod { namespace: "blue".into(), ..pod("db", Some("b1")) }],
            &[],
        ),
    ];
    for (what, pod, others, expected) in table {
        assert_eq!(feasible(&pod, &cluster(others)), expected, "{what}");
    }
}

/// A companion must match all terms; each key is met on its own.
#[test]
fn several_affinity_terms() {
    let host = |selector| AffinityTerm { topology_key: "host".into(), ..in_zone(selector) };
    let two = Pod { affinity: vec![in_zone(of_app("db")), host(of_app("db"))], ..pod("web", None) };
    let at = |node| pod("db", Some(node));
    assert_eq!(feasible(&two, &cluster(vec![at("a1")])), ["a1"]);
    let different =
        Pod { affinity: vec![in_zone(of_app("db")), in_zone(of_app("cache"))], ..pod("web", None) };
    let both = cluster(vec![at("a1"), pod("cache", Some("a1"))]);
    assert!(feasible(&different, &both).is_empty());
    // A companion on a node with one of the two keys switches the first-pod rule off.
    let own = Pod { affinity: vec![in_zone(of_app("db")), host(of_app("db"))], ..pod("db", None) };
    assert!(feasible(&own, &cluster(vec![at("none")])).is_empty());
}

#[test]
fn anti_affinity_in_both_directions() {
    let away = |app: &str, target: Option<Selector>| Pod {
        anti_affinity: vec![in_zone(target)],
        ..pod(app, None)
    };
    let existing = |node: &str| Pod { node: Some(node.into()), ..away("db", of_app("web")) };
    let table: [(&str, Pod, Vec<Pod>, &[&str]); 6] = [
        ("own", away("web", of_app("db")), vec![pod("db", Some("a1"))], &["b1", "none"]),
        ("the other's", pod("web", None), vec![existing("a1")], &["b1", "none"]),
        (
            "the other's, on a node without the key",
            pod("web", None),
            vec![existing("none")],
            &["a1", "a2", "b1", "none"],
        ),
        (
            "null matches nothing",
            away("web", None),
            vec![pod("db", Some("a1"))],
            &["a1", "a2", "b1", "none"],
        ),
        (
            "empty matches everything",
            away("web", Some(Selector::everything())),
            vec![pod("db", Some("a1"))],
            &["b1", "none"],
        ),
        (
            "a pod that runs nowhere",
            away("web", of_app("db")),
            vec![pod("db", None), pod("db", Some("gone"))],
            &["a1", "a2", "b1", "none"],
        ),
    ];
    for (what, pod, others, expected) in table {
        assert_eq!(feasible(&pod, &cluster(others)), expected, "{what}");
    }
    let everything = cluster(vec![existing("a1")]);
    let reasons = rejects(&pod("web", None), &everything.nodes[1], &everything);
    assert_eq!(reasons, [Reason::ExistingAntiAffinity("red".into(), "db-new".into())]);
}

/// kubernetes#141526, and why `metadata.name Exists` avoids it.
#[test]
fn negative_namespace_selectors() {
    let not_blue = Requirement::none_of("kubernetes.io/metadata.name", &["blue"]);
    let named = Requirement::exists("kubernetes.io/metadata.name");
    let away = |requirements| Pod {
        anti_affinity: vec![AffinityTerm {
            namespace_selector: Some(Selector { requirements }),
            ..in_zone(of_app("db"))
        }],
        ..pod("web", None)
    };
    let mut judge = cluster(vec![Pod { namespace: "blue".into(), ..pod("db", Some("a1")) }]);
    for (wide, requirements, nodes) in [
        (false, vec![not_blue.clone()], 4),
        (true, vec![not_blue.clone()], 2),
        (true, vec![not_blue, named], 4),
    ] {
        judge.negative_namespace_selectors_match_all = wide;
        assert_eq!(feasible(&away(requirements), &judge).len(), nodes);
    }
}

#[test]
fn hard_spread() {
    let web = || spread(of_app("web"));
    let at = |node: &str| pod("web", Some(node));
    let table: [(&str, Spread, Vec<Pod>, &[&str]); 9] = [
        ("even", web(), vec![], &["a1", "a2", "b1"]),
        ("one ahead", web(), vec![at("a1")], &["b1"]),
        ("terminating", web(), vec![Pod { terminating: true, ..at("a1") }], &["a1", "a2", "b1"]),
        (
            "elsewhere",
            web(),
            vec![Pod { namespace: "blue".into(), ..at("a1") }],
            &["a1", "a2", "b1"],
        ),
        (
            "not selected itself",
            spread(of_app("db")),
            vec![pod("db", Some("a1"))],
            &["a1", "a2", "b1"],
        ),
        (
            "empty counts nobody",
            spread(Some(Selector::everything())),
            vec![at("a1"), at("a2")],
            &["a1", "a2", "b1"],
        ),
        ("null counts nobody", spread(None), vec![at("a1"), at("a2")], &["a1", "a2", "b1"]),
        (
            "too few domains",
            Spread { min_domains: Some(3), ..web() },
            vec![at("a1"), at("b1")],
            &[],
        ),
        (
            "at most two",
            Spread { max_skew: 2, min_domains: Some(i32::MAX as u32), ..web() },
            vec![at("a1"), at("a2"), at("b1")],
            &["b1"],
        ),
    ];
    for (what, constraint, others, expected) in table {
        let new = Pod { spread: vec![constraint], ..pod("web", None) };
        assert_eq!(feasible(&new, &cluster(others)), expected, "{what}");
    }
    let new = Pod { spread: vec![web()], ..pod("web", None) };
    let empty = cluster(vec![]);
    assert_eq!(rejects(&new, &empty.nodes[3], &empty), [Reason::SpreadKey(0)]);
}

/// Which domains count is said by the two policies.
#[test]
fn spread_policies() {
    let mut tainted = cluster(vec![pod("web", Some("a1"))]);
    let taint = Taint { key: "gpu".into(), value: String::new(), effect: "NoSchedule".into() };
    tainted.nodes[2].taints.push(taint);
    let with = |honor_taints, honor_affinity, selector: &[(&str, &str)]| Pod {
        spread: vec![Spread { honor_taints, honor_affinity, ..spread(of_app("web")) }],
        node_selector: labels(selector),
        ..pod("web", None)
    };
    let only_a = [("zone", "a")];
    assert!(feasible(&with(false, true, &[]), &tainted).is_empty(), "zone b stays empty");
    assert_eq!(feasible(&with(true, true, &[]), &tainted), ["a1", "a2"]);
    assert_eq!(feasible(&with(false, true, &only_a), &tainted), ["a1", "a2"]);
    assert!(feasible(&with(false, false, &only_a), &tainted).is_empty());
    let tolerant = Pod {
        tolerations: vec![Toleration {
            operator: TolerationOperator::Exists,
            ..Toleration::default()
        }],
        ..with(true, true, &[])
    };
    assert_eq!(feasible(&tolerant, &tainted), ["b1"]);
}

/// All hard constraints of a pod see only nodes that carry all of their keys.
#[test]
fn spread_counts_nodes_with_all_keys() {
    let mut judge = cluster(vec![pod("web", Some("a1"))]);
    judge.nodes[0].labels.remove("host");
    let host = Spread { topology_key: "host".into(), ..spread(of_app("web")) };
    let new = Pod { spread: vec![spread(of_app("web")), host], ..pod("web", None) };
    assert_eq!(feasible(&new, &judge), ["a2", "b1"]);
}
