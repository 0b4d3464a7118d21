use placecard_feasibility::label::Labels;
use placecard_feasibility::placement::{Cluster, Node, Pod, rejects};
use placecard_feasibility::pod_affinity::{
    AffinityTerm, NamedTerm, OwnPod, PodContradiction, SelectorAtom, TermId, decide,
    merge_label_keys, term_implies,
};
use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::selector::Selector;
use proptest::prelude::*;

const KEYS: [&str; 2] = ["zone", "host"];
const NAMESPACES: [&str; 3] = ["red", "blue", "free"];
const APPS: [&str; 3] = ["web", "db", "other"];

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn app_labels() -> impl Strategy<Value = Labels> {
    let app = prop::option::weighted(0.9, prop::sample::select(&APPS[..]));
    let tier = prop::option::of(Just("front"));
    (app, tier).prop_map(|(app, tier)| {
        let pairs = [("app", app), ("tier", tier)];
        let pairs: Vec<_> =
            pairs.iter().filter_map(|(key, value)| Some((*key, (*value)?))).collect();
        labels(&pairs)
    })
}

fn requirement(
    keys: &'static [&'static str],
    values: &'static [&'static str],
) -> impl Strategy<Value = Requirement> {
    let operator = prop::sample::select(vec![
        Operator::In,
        Operator::In,
        Operator::NotIn,
        Operator::Exists,
        Operator::DoesNotExist,
    ]);
    let values = prop::collection::vec(prop::sample::select(values), 1..3);
    (prop::sample::select(keys), operator, values).prop_map(|(key, operator, values)| {
        let takes = matches!(operator, Operator::In | Operator::NotIn);
        Requirement::new(key, operator, if takes { &values } else { &[] })
    })
}

fn selector() -> impl Strategy<Value = Selector> {
    let one = prop_oneof![
        3 => requirement(&["app"], &["web", "db"]),
        1 => requirement(&["tier"], &["front"]),
    ];
    prop::collection::vec(one, 0..3).prop_map(|requirements| Selector { requirements })
}

fn namespace_selector() -> impl Strategy<Value = Selector> {
    let one = prop_oneof![
        requirement(&["team"], &["x", "y"]),
        requirement(&["kubernetes.io/metadata.name"], &["red", "blue"]),
    ];
    prop::collection::vec(one, 0..3).prop_map(|requirements| Selector { requirements })
}

fn term(by_label: u32) -> impl Strategy<Value = AffinityTerm> {
    let namespaces = prop::collection::vec(prop::sample::select(&NAMESPACES[..2]), 0..2);
    let namespace_selector = (0_u32..100, namespace_selector())
        .prop_map(move |(dice, selector)| (dice < by_label).then_some(selector));
    let key = prop::sample::select(&KEYS[..]);
    (prop::option::weighted(0.97, selector()), namespaces, namespace_selector, key).prop_map(
        |(selector, namespaces, namespace_selector, key)| AffinityTerm {
            selector,
            namespaces: namespaces.into_iter().map(str::to_owned).collect(),
            namespace_selector,
            topology_key: key.to_owned(),
        },
    )
}

fn pod(by_label: u32, most: usize) -> impl Strategy<Value = Pod> {
    let affinity = prop::collection::vec(term(by_label), 0..=most);
    let anti = prop::collection::vec(term(by_label), 0..=most + 1);
    let namespace = prop::sample::select(&NAMESPACES[..]);
    (app_labels(), namespace, affinity, anti, any::<bool>()).prop_map(
        |(labels, namespace, affinity, anti_affinity, terminating)| Pod {
            namespace: namespace.to_owned(),
            labels,
            affinity,
            anti_affinity,
            terminating,
            ..Pod::default()
        },
    )
}

fn cluster() -> impl Strategy<Value = Cluster> {
    let zone = || prop::option::weighted(0.8, prop::sample::select(&["z1", "z2"][..]));
    let node = (zone(), prop::bool::weighted(0.8)).prop_map(|(zone, host)| (zone, host));
    let team = || prop::option::of(prop::sample::select(&["x", "y"][..]));
    (
        prop::collection::vec(node, 1..4),
        prop::collection::vec((pod(30, 1), 0_usize..3), 0..4),
        [team(), team(), team()],
        any::<bool>(),
    )
        .prop_map(|(nodes, pods, teams, wide)| {
            let node = |(index, (zone, host)): (usize, (Option<&str>, bool))| {
                let name = format!("n{index}");
                let zone = zone.map(|zone| ("zone".to_owned(), zone.to_owned()));
                let host = host.then(|| ("host".to_owned(), name.clone()));
                Node { labels: zone.into_iter().chain(host).collect(), name, taints: Vec::new() }
            };
            let team =
                |team: Option<&str>| team.iter().map(|t| ("team".into(), (*t).into())).collect();
            Cluster {
                nodes: nodes.into_iter().enumerate().map(node).collect(),
                pods: pods
                    .into_iter()
                    .map(|(pod, node)| Pod { node: Some(format!("n{node}")), ..pod })
                    .collect(),
                namespaces: NAMESPACES
                    .iter()
                    .map(|n| (*n).to_owned())
                    .zip(teams.map(team))
                    .collect(),
                negative_namespace_selectors_match_all: wide,
            }
        })
}

fn named(terms: &[AffinityTerm], from: u32) -> Vec<NamedTerm> {
    (from..).zip(terms).map(|(id, term)| NamedTerm { id: TermId(id), term: term.clone() }).collect()
}

fn judge(pod: &Pod) -> Vec<PodContradiction> {
    let own = OwnPod { namespace: pod.namespace.clone(), labels: pod.labels.clone() };
    decide(&named(&pod.affinity, 0), &named(&pod.anti_affinity, 100), &own)
}

/// Only the pod's own terms matter here.
fn fits(pod: &Pod, cluster: &Cluster) -> bool {
    cluster.nodes.iter().any(|node| rejects(pod, node, cluster).is_empty())
}

/// Every kind of pod that could be a companion: the universe is complete for the selectors.
fn kinds_of_pods() -> Vec<(&'static str, Labels)> {
    let mut kinds = Vec::new();
    for namespace in NAMESPACES {
        for app in APPS.iter().copied().map(Some).chain([None]) {
            for tier in [Some("front"), Some("back"), None] {
                let pairs = [("app", app), ("tier", tier)];
                let pairs: Vec<_> =
                    pairs.iter().filter_map(|(key, value)| Some((*key, (*value)?))).collect();
                kinds.push((namespace, labels(&pairs)));
            }
        }
    }
    kinds
}

/// Does the term of `pod`, without a namespace selector, select such a pod?
fn selects(pod: &Pod, term: &AffinityTerm, (namespace, labels): &(&str, Labels)) -> bool {
    let named = term.namespaces.iter().any(|one| one == namespace);
    (named || (term.namespaces.is_empty() && *namespace == pod.namespace))
        && term.selector.as_ref().is_some_and(|selector| selector.matches(labels))
}

fn without(pod: &Pod, affinity: Option<usize>, anti: Option<usize>) -> Pod {
    let keep = |terms: &[AffinityTerm], dropped: Option<usize>| {
        let kept = terms.iter().enumerate().filter(|(index, _)| Some(*index) != dropped);
        kept.map(|(_, term)| term.clone()).collect()
    };
    Pod {
        affinity: keep(&pod.affinity, affinity),
        anti_affinity: keep(&pod.anti_affinity, anti),
        ..pod.clone()
    }
}

/// The pod with only the terms that a contradiction names.
fn only(pod: &Pod, affinity: &[TermId], anti: &[TermId]) -> Pod {
    let pick = |terms: &[AffinityTerm], ids: &[TermId], from: u32| {
        let chosen = named(terms, from).into_iter().filter(|one| ids.contains(&one.id));
        chosen.map(|one| one.term).collect()
    };
    Pod {
        affinity: pick(&pod.affinity, affinity, 0),
        anti_affinity: pick(&pod.anti_affinity, anti, 100),
        ..pod.clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// No cluster refutes a contradiction, with namespace selectors and under both readings of them.
    #[test]
    fn contradictions_hold_on_every_cluster(
        pod in pod(50, 2),
        clusters in prop::collection::vec(cluster(), 12),
    ) {
        for found in judge(&pod) {
            for cluster in &clusters {
                if let PodContradiction::OneReplica { .. } = found {
                    // A second replica never fits beside a first one that a node with all keys runs.
                    let mut with_first = cluster.clone();
                    let home = cluster.nodes.iter().find(|n| KEYS.iter().all(|k| n.labels.contains_key(*k)));
                    let Some(home) = home.filter(|home| rejects(&pod, home, cluster).is_empty()) else { continue };
                    with_first.pods.push(Pod { node: Some(home.name.clone()), ..pod.clone() });
                    prop_assert!(!fits(&pod, &with_first), "{:?} in {:?}", found, with_first);
                } else {
                    prop_assert!(!fits(&pod, cluster), "{:?} in {:?}", found, cluster);
                }
            }
        }
    }

    /// With namespaces by name only, the decision is exact, and its sets are minimal.
    #[test]
    fn with_named_namespaces_the_decision_is_exact(pod in pod(0, 2)) {
        let found = judge(&pod);
        let nil = pod.affinity.iter().any(|term| term.selector.is_none());
        let companions: Vec<_> = kinds_of_pods()
            .into_iter()
            .filter(|kind| pod.affinity.iter().all(|term| selects(&pod, term, kind)))
            .collect();
        let repelled = pod.affinity.iter().any(|needed| companions.iter().all(|kind| {
            pod.anti_affinity.iter().any(|anti| {
                anti.topology_key == needed.topology_key && selects(&pod, anti, kind)
            })
        }));
        prop_assert_eq!(!found.is_empty(), nil || repelled, "{:?}", found);
        let one_replica = |one: &PodContradiction| matches!(one, PodContradiction::OneReplica { .. });
        let itself = companions.contains(&(NAMESPACES.into_iter().find(|n| *n == pod.namespace).unwrap(), pod.labels.clone()));
        if !nil && repelled {
            prop_assert_eq!(found.iter().all(one_replica), itself);
        }
        for one in &found {
            let (affinity, anti) = match one {
                PodContradiction::CompanionRepelled { affinity, anti, .. }
                | PodContradiction::OneReplica { affinity, anti, .. } => (affinity.clone(), anti.clone()),
                PodContradiction::NoCommonNamespace { affinity } => (affinity.clone(), vec![]),
                PodContradiction::NilSelector { affinity } => (vec![*affinity], vec![]),
                PodContradiction::NoCommonPod { clash, .. } => {
                    (clash.iter().map(|atom| atom.term).collect(), vec![])
                }
            };
            let core = only(&pod, &affinity, &anti);
            // The same kind again needs every term. (A pod with fewer terms may be its own first
            // companion, which is another, weaker contradiction.)
            let same = |less: Pod| judge(&less).iter().any(|less| std::mem::discriminant(less) == std::mem::discriminant(one));
            prop_assert!(same(core.clone()), "{:?} needs more", one);
            for index in 0..core.affinity.len() {
                prop_assert!(!same(without(&core, Some(index), None)), "{:?} needs less", one);
            }
            for index in 0..core.anti_affinity.len() {
                prop_assert!(!same(without(&core, None, Some(index))), "{:?} needs less", one);
            }
        }
    }

    #[test]
    fn implied_terms_select_no_more(a in term(30), b in term(30)) {
        if term_implies(&a, &b, "red") {
            prop_assert_eq!(&a.topology_key, &b.topology_key);
            let owner = Pod { namespace: "red".into(), ..Pod::default() };
            if a.namespace_selector.is_none() {
                for kind in kinds_of_pods() {
                    prop_assert!(!selects(&owner, &a, &kind) || selects(&owner, &b, &kind));
                }
            }
        }
        prop_assert!(term_implies(&a, &a, "red"));
    }
}

fn simple(selector: &[(&str, &str)], key: &str) -> AffinityTerm {
    AffinityTerm {
        selector: Some(Selector::from_labels(&labels(selector))),
        topology_key: key.to_owned(),
        ..AffinityTerm::default()
    }
}

fn pod_of(app: &str, affinity: Vec<AffinityTerm>, anti_affinity: Vec<AffinityTerm>) -> Pod {
    let labels = labels(&[("app", app)]);
    Pod { namespace: "red".into(), labels, affinity, anti_affinity, ..Pod::default() }
}

#[test]
fn toward_and_away_from_one_target() {
    let db = |key| simple(&[("app", "db")], key);
    let (affinity, anti) = (vec![TermId(0)], vec![TermId(100)]);
    let topology_key = "zone".to_owned();
    assert_eq!(
        judge(&pod_of("web", vec![db("zone")], vec![db("zone")])),
        [PodContradiction::CompanionRepelled {
            affinity: affinity.clone(),
            anti: anti.clone(),
            topology_key: topology_key.clone()
        }]
    );
    assert_eq!(
        judge(&pod_of("db", vec![db("zone")], vec![db("zone")])),
        [PodContradiction::OneReplica { affinity, anti, topology_key }]
    );
    assert!(judge(&pod_of("web", vec![db("zone")], vec![db("host")])).is_empty());
    let some = simple(&[("app", "db"), ("tier", "front")], "zone");
    assert!(judge(&pod_of("web", vec![db("zone")], vec![some.clone()])).is_empty());
    assert_eq!(judge(&pod_of("web", vec![some], vec![db("zone")])).len(), 1);
}

#[test]
fn two_targets_without_a_common_pod() {
    let terms =
        vec![simple(&[("tier", "x"), ("app", "cache")], "host"), simple(&[("app", "db")], "host")];
    assert_eq!(
        judge(&pod_of("web", terms, vec![])),
        [PodContradiction::NoCommonPod {
            key: "app".into(),
            clash: vec![
                SelectorAtom { term: TermId(0), requirement: 0 },
                SelectorAtom { term: TermId(1), requirement: 0 },
            ],
        }]
    );
    // Selectors that contradict themselves are reported one by one, instead of with others.
    let mut alone = simple(&[("app", "db")], "host");
    alone.selector.iter_mut().for_each(|s| s.requirements.push(Requirement::absent("app")));
    let cache = simple(&[("app", "cache")], "host");
    let found = judge(&pod_of("web", vec![alone.clone(), cache, alone], vec![]));
    let terms = found.iter().map(|one| match one {
        PodContradiction::NoCommonPod { clash, .. } => {
            clash.iter().map(|atom| atom.term.0).collect()
        }
        _ => Vec::new(),
    });
    assert_eq!(terms.collect::<Vec<_>>(), [[0, 0], [2, 2]]);
    let nil = AffinityTerm { selector: None, ..simple(&[], "host") };
    let found = judge(&pod_of("web", vec![nil.clone()], vec![nil]));
    assert_eq!(found, [PodContradiction::NilSelector { affinity: TermId(0) }]);
}

/// engine-corrections C3 and C4: neither a negative namespace selector nor today's labels of the
/// own namespace prove anything; a positive one does.
#[test]
fn namespaces_by_label() {
    let by_label = |key: &str, operator: Operator, values: &[&str]| AffinityTerm {
        namespace_selector: Some(Selector {
            requirements: vec![Requirement::new(key, operator, values)],
        }),
        ..simple(&[("app", "db")], "zone")
    };
    let name = "kubernetes.io/metadata.name";
    let here = simple(&[("app", "db")], "zone");
    let not_here = by_label(name, Operator::NotIn, &["red"]);
    assert!(judge(&pod_of("web", vec![here.clone(), not_here], vec![])).is_empty());
    let blue = by_label(name, Operator::In, &["blue"]);
    assert_eq!(
        judge(&pod_of("web", vec![here, blue], vec![])),
        [PodContradiction::NoCommonNamespace { affinity: vec![TermId(0), TermId(1)] }]
    );
    let team = by_label("team", Operator::In, &["x"]);
    let found = judge(&pod_of("db", vec![team.clone()], vec![team]));
    assert!(matches!(found.as_slice(), [PodContradiction::OneReplica { .. }]), "{found:?}");
}

#[test]
fn label_keys_merge_once() {
    let own = labels(&[("tenant", "t1"), ("hash", "h1")]);
    let keys = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    let (same, other) = (keys(&["hash", "absent"]), keys(&["tenant"]));
    let given = Selector::from_labels(&labels(&[("app", "db")]));
    let merged = merge_label_keys(Some(&given), &same, &other, &own).unwrap();
    let expected = [
        Requirement::one_of("app", &["db"]),
        Requirement::one_of("hash", &["h1"]),
        Requirement::none_of("tenant", &["t1"]),
    ];
    assert_eq!(merged.requirements, expected);
    assert_eq!(merge_label_keys(Some(&merged), &same, &other, &own), Some(merged));
    assert_eq!(merge_label_keys(None, &same, &other, &own), None);
}
