//! Pods that no API server would store, or that are very large.

use placecard_feasibility::any_cluster::check::check;
use placecard_feasibility::any_cluster::{AnyCluster, KnownVolume, decide};
use placecard_feasibility::inventory::pod::{Pod, PodSpec, PodVolume, TopologySpread};
use placecard_feasibility::judge::judge;
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::selector::Selector;

use super::dice::Dice;
use super::{KINDS, clusters, count, pods, versions};

/// Requirements that cannot be read, or not yet.
fn odd_requirement(dice: &mut Dice) -> Requirement {
    let (operator, values): (Operator, &[&str]) = match dice.below(8) {
        0 => (Operator::In, &[]),
        1 => (Operator::NotIn, &["not legal"]),
        2 => (Operator::Exists, &["a"]),
        3 => (Operator::Gt, &["1", "2"]),
        4 => (Operator::Lt, &["-1"]),
        5 => (Operator::Gt, &["abc"]),
        _ => (Operator::Other("SemverGt".to_owned()), &["1.2"]),
    };
    let key = *dice.pick(&["app", "team", pods::ZONE, "", "not legal"]);
    Requirement::new(key, operator, values)
}

fn spoil_selector(dice: &mut Dice, selector: &mut Option<Selector>) {
    let one = odd_requirement(dice);
    selector.get_or_insert_default().requirements.push(one);
}

fn spoil(dice: &mut Dice, pod: &mut Pod, volumes: &mut [KnownVolume]) {
    match dice.below(9) {
        0 => {
            let term = NodeTerm::of(vec![odd_requirement(dice)]);
            pod.node_affinity.get_or_insert_default().push(term);
        }
        1 => {
            for term in pod.node_affinity.iter_mut().flatten() {
                term.expressions.push(odd_requirement(dice));
            }
        }
        2 => pod.affinity.iter_mut().for_each(|term| spoil_selector(dice, &mut term.selector)),
        3 => pod.anti_affinity.iter_mut().for_each(|term| spoil_selector(dice, &mut term.selector)),
        4 => {
            let spec = &mut *pod.spec;
            for term in spec.affinity.iter_mut().chain(&mut spec.anti_affinity) {
                spoil_selector(dice, &mut term.namespace_selector);
            }
        }
        5 => {
            for term in &mut pod.affinity {
                term.topology_key = (*dice.pick(&["", "not legal", "a/b/c"])).to_owned();
            }
        }
        6 => pod.spec.spread.push(TopologySpread {
            topology_key: pods::ZONE.to_owned(),
            max_skew: *dice.pick(&[0, -1, i32::MIN]),
            min_domains: *dice.pick(&[0, -7, i32::MAX]),
            selector: Some(Selector::from_labels(&pod.labels)),
            ..TopologySpread::default()
        }),
        7 => pod.node = Some((*dice.pick(&["", "Not Legal", "a..b"])).into()),
        _ => {
            pod.volumes.push(PodVolume::Claim(String::new()));
            volumes.iter_mut().for_each(|known| known.claim.clear());
        }
    }
    if dice.chance(10) {
        pod.namespace = (*dice.pick(&["", "Not Legal"])).to_owned();
    }
}

#[test]
fn odd_pods_are_never_judged_wrongly() {
    let mut undecided = 0_u64;
    let pods = count(300);
    for seed in 0..pods {
        let mut dice = Dice::new(seed + 2_000_000);
        let kind = *dice.pick(&KINDS);
        let (mut pod, mut volumes) = pods::pod(&mut dice, kind);
        spoil(&mut dice, &mut pod, &mut volumes);
        for semantics in versions() {
            match decide(&pod, &volumes, semantics) {
                AnyCluster::Undecided => undecided += 1,
                AnyCluster::Satisfiable(witness) => {
                    let judgement = judge(&witness.inventory, &pod, semantics);
                    assert!(judgement.feasible().any(|name| name == witness.node), "{seed}");
                }
                AnyCluster::Contradiction(found) => {
                    assert!(check(&pod, &volumes, &found, semantics), "{seed}: {found:?} {pod:?}");
                    for _ in 0..4 {
                        let inventory = clusters::cluster(&mut dice, &pod, &volumes);
                        let judgement = judge(&inventory, &pod, semantics);
                        let placed =
                            judgement.pre_filter.is_none() && judgement.feasible().next().is_some();
                        assert!(!placed, "{seed}: {found:?}\n{pod:?}\n{inventory:?}");
                    }
                }
            }
        }
    }
    assert!(undecided > 0 && undecided < pods, "{undecided} undecided");
}

fn many<T>(count: usize, make: impl FnMut(usize) -> T) -> Vec<T> {
    (0..count).map(make).collect()
}

fn near(names: &[&str], one: Requirement, key: &str) -> AffinityTerm {
    AffinityTerm {
        selector: Some(Selector { requirements: vec![one] }),
        namespaces: names.iter().map(|name| (*name).to_owned()).collect(),
        topology_key: key.to_owned(),
        ..AffinityTerm::default()
    }
}

/// Each is answered, whatever the answer, with bounded work.
#[test]
fn large_pods_are_answered() {
    let [old, _] = versions();
    let text = |n: usize| format!("v{n}");
    let answer = |pod: &Pod| {
        let answer = decide(pod, &[], old);
        if let AnyCluster::Contradiction(found) = &answer {
            assert!(check(pod, &[], found, old));
        }
        answer
    };

    // A choice between many terms, against many entries of the node selector.
    let term = |n| NodeTerm::of(vec![Requirement::one_of(&text(n), &["other"])]);
    let mut pod = Pod {
        spec: PodSpec { node_affinity: Some(many(400, term)), ..PodSpec::default() }.into(),
        ..Pod::default()
    };
    pod.node_selector = (0..400).map(|n| (text(n), "it".to_owned())).collect();
    assert!(!matches!(answer(&pod), AnyCluster::Satisfiable(_)));
    pod.node_selector.remove("v7");
    assert!(matches!(answer(&pod), AnyCluster::Satisfiable(_)));

    // A long list of values, all excluded.
    let values = many(1000, text);
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let all = vec![Requirement::one_of("k", &values), Requirement::none_of("k", &values)];
    let pod = Pod {
        spec: PodSpec { node_affinity: Some(vec![NodeTerm::of(all)]), ..PodSpec::default() }.into(),
        ..Pod::default()
    };
    assert!(matches!(answer(&pod), AnyCluster::Contradiction(_)));

    // Many anti-affinity terms that cover the companions together, one by one.
    let mut pod = Pod { namespace: "d".into(), ..Pod::default() };
    pod.affinity = vec![near(&["d"], Requirement::one_of("app", &values[..40]), "zone")];
    pod.anti_affinity =
        many(40, |n| near(&["d"], Requirement::one_of("app", &values[n..=n]), "zone"));
    assert!(matches!(answer(&pod), AnyCluster::Contradiction(_)));
    pod.anti_affinity.remove(11);
    assert!(matches!(answer(&pod), AnyCluster::Satisfiable(_)));

    // Namespaces by the hundred, and labels of theirs.
    let selects = |n: usize| Selector { requirements: vec![Requirement::one_of(&text(n), &["x"])] };
    pod.affinity = many(30, |n| AffinityTerm {
        namespace_selector: Some(selects(n)),
        ..near(&values[..300], Requirement::exists("app"), &text(n))
    });
    pod.anti_affinity = many(30, |n| AffinityTerm {
        namespace_selector: Some(selects(n + 1)),
        ..near(&values[..300], Requirement::exists("app"), &text(n))
    });
    answer(&pod);
}
