//! Each kind of certificate is verified, and refused as soon as one number or name is another.

use super::*;
use crate::any_cluster::{AnyCluster, decide};
use crate::inventory::Inventory;
use crate::inventory::node::Node;
use crate::inventory::pod::PodSpec;
use crate::inventory::pod::{PodVolume, TopologySpread, WhenUnsatisfiable};
use crate::judge::Semantics;
use crate::label::Labels;
use crate::node_terms::NodeTerm;
use crate::pod_affinity::AffinityTerm;
use crate::requirement::{Operator, Requirement};
use crate::selector::Selector;
use crate::verdict::{Logic, Proof};

const ZONE: &str = "topology.kubernetes.io/zone";

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn selector(pairs: &[(&str, &str)]) -> Option<Selector> {
    Some(Selector::from_labels(&labels(pairs)))
}

fn term(pairs: &[(&str, &str)]) -> AffinityTerm {
    AffinityTerm {
        selector: selector(pairs),
        topology_key: ZONE.to_owned(),
        ..AffinityTerm::default()
    }
}

/// Five replicas that must be in one of two zones.
fn manifest() -> Manifest {
    let zones = |values: &[&str]| Requirement::one_of(ZONE, values);
    let own = labels(&[("app", "db"), ("tier", "back")]);
    let pod = Pod {
        namespace: "shop".into(),
        labels: own.into(),
        spec: PodSpec {
            node_selector: labels(&[("disk", "ssd")]),
            node_affinity: Some(vec![
                NodeTerm::of(vec![zones(&["a", "x"]), Requirement::none_of(ZONE, &["x"])]),
                NodeTerm::of(vec![zones(&["b"]), Requirement::exists("disk")]),
                NodeTerm::of(vec![zones(&["c"]), Requirement::one_of("disk", &["hdd"])]),
                NodeTerm::of(vec![zones(&["d"]), Requirement::new("cpu", Operator::Gt, &["many"])]),
                NodeTerm::default(),
            ]),
            ..PodSpec::default()
        }
        .into(),
        ..Pod::default()
    };
    let update = Some(Update { surge: 2, unavailable: 0 });
    Manifest { pod, replicas: 5, update, ..Manifest::default() }
}

fn spread() -> TopologySpread {
    TopologySpread {
        max_skew: 2,
        topology_key: ZONE.to_owned(),
        when_unsatisfiable: WhenUnsatisfiable::DoNotSchedule,
        selector: selector(&[("app", "db")]),
        min_domains: 3,
        honor_affinity: true,
        honor_taints: true,
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn certificate(argument: Argument) -> Certificate {
    let mut assume = argument.needs();
    assume.insert(Axiom::NoNewTaint);
    Certificate { assume, core: Vec::new(), argument }
}

fn pigeonhole(need: u64) -> Argument {
    let domains = names(&["a", "b"]);
    Argument::Pigeonhole(Pigeonhole { term: 1, key: ZONE.to_owned(), domains, per_domain: 1, need })
}

fn window(need: u64) -> Argument {
    Argument::SpreadWindow(SpreadWindow {
        constraint: 0,
        key: ZONE.to_owned(),
        domains: names(&["a", "b"]),
        max_skew: 2,
        min_domains: 3,
        need,
    })
}

/// A manifest and an argument about it that holds, of each kind.
fn examples() -> Vec<(Manifest, Argument)> {
    let mut apart = manifest();
    apart.pod.anti_affinity = vec![term(&[("app", "web")]), term(&[("app", "db")])];
    apart.anti_reach = vec![Reach::AllRevisions, Reach::OneRevision];
    let mut spreading = manifest();
    spreading.pod.spread = vec![spread()];
    spreading.spread_reach = vec![Reach::AllRevisions];
    let mut both = manifest();
    both.pod.affinity = vec![term(&[("app", "db")]), term(&[("tier", "back")])];
    both.pod.anti_affinity =
        vec![term(&[("app", "web")]), term(&[("app", "db"), ("tier", "back")])];
    both.anti_reach = vec![Reach::AllRevisions; 2];
    both.affinity_reach = vec![Reach::AllRevisions; 2];
    let one_replica =
        OneReplica { key: ZONE.to_owned(), affinity: vec![0, 1], anti: vec![1], need: 5 };
    let mut sharing = manifest();
    sharing.pod.volumes = vec![PodVolume::Claim("data".to_owned())];
    sharing.access_modes = BTreeMap::from([("data".to_owned(), names(&["ReadWriteOncePod"]))]);
    let mut full = apart.clone();
    full.replicas = 2;
    full.anti_reach = vec![Reach::AllRevisions; 2];
    let update =
        FullUpdate { bound: Box::new(pigeonhole(3)), replicas: 2, surge: 2, unavailable: 0 };
    let mut crowded = spreading.clone();
    crowded.replicas = 4;
    let crowding = FullUpdate { bound: Box::new(window(5)), replicas: 4, ..update.clone() };
    vec![
        (apart, pigeonhole(5)),
        (spreading, window(5)),
        (both, Argument::OneReplica(one_replica)),
        (sharing, Argument::SharedClaim(SharedClaim { claim: "data".to_owned(), need: 5 })),
        (full, Argument::FullUpdate(update)),
        (crowded, Argument::FullUpdate(crowding)),
    ]
}

/// Everything that differs from the argument in one number or one name.
fn mutations(argument: &Argument) -> Vec<Argument> {
    let numbers = |number: u64| [number.wrapping_sub(1), number + 1, 0, u64::MAX];
    let indices = |index: usize| [index.wrapping_sub(1), index + 1, usize::MAX];
    let mut found = Vec::new();
    let mut with = |edit: &dyn Fn(&mut Argument)| {
        let mut changed = argument.clone();
        edit(&mut changed);
        found.push(changed);
    };
    macro_rules! each {
        ($kind:ident, $field:ident, $values:expr) => {
            for value in $values {
                with(&|changed| {
                    if let Argument::$kind(one) = changed {
                        one.$field = value.clone();
                    }
                });
            }
        };
    }
    let lists = |list: &[String]| -> Vec<Vec<String>> {
        let mut lists = vec![Vec::new(), [list, &names(&["z"])].concat()];
        for index in 0..list.len() {
            let mut fewer = list.to_vec();
            let name = fewer.remove(index);
            lists.push(fewer.clone());
            fewer.push(format!("{name}x"));
            fewer.sort();
            lists.push(fewer);
            lists.push([list, &[name]].concat());
        }
        lists
    };
    match argument {
        Argument::Pigeonhole(one) => {
            each!(Pigeonhole, term, indices(one.term));
            each!(Pigeonhole, key, ["zone".to_owned(), String::new()]);
            each!(Pigeonhole, domains, lists(&one.domains));
            each!(Pigeonhole, per_domain, numbers(one.per_domain));
            each!(Pigeonhole, need, numbers(one.need));
        }
        Argument::SpreadWindow(one) => {
            each!(SpreadWindow, constraint, indices(one.constraint));
            each!(SpreadWindow, key, ["zone".to_owned(), String::new()]);
            each!(SpreadWindow, domains, lists(&one.domains));
            each!(SpreadWindow, max_skew, numbers(one.max_skew));
            each!(SpreadWindow, min_domains, numbers(one.min_domains));
            each!(SpreadWindow, need, numbers(one.need));
        }
        Argument::OneReplica(one) => {
            each!(OneReplica, key, ["zone".to_owned(), String::new()]);
            each!(
                OneReplica,
                affinity,
                [vec![], vec![0], vec![1], vec![0, 0], vec![0, 2], vec![0, 1, 1]]
            );
            each!(OneReplica, anti, [vec![], vec![0], vec![2], vec![1, 1]]);
            each!(OneReplica, need, numbers(one.need));
        }
        Argument::SharedClaim(one) => {
            each!(SharedClaim, claim, ["data2".to_owned(), String::new()]);
            each!(SharedClaim, need, numbers(one.need));
        }
        Argument::FullUpdate(one) => {
            each!(FullUpdate, bound, mutations(&one.bound).into_iter().map(Box::new));
            each!(FullUpdate, replicas, numbers(one.replicas));
            each!(FullUpdate, surge, numbers(one.surge));
            each!(FullUpdate, unavailable, [1, u64::MAX]);
            each!(FullUpdate, bound, [Box::new(argument.clone())]);
        }
        Argument::AnyCluster(_) | Argument::Cover(_) | Argument::Stock(_) | Argument::Batch(_) => {}
    }
    found.retain(|changed| changed != argument);
    found
}

#[test]
fn what_holds_is_verified_and_any_other_number_or_name_is_refused() {
    let mut refused = 0;
    for (manifest, argument) in examples() {
        let right = certificate(argument.clone());
        assert_eq!(verify(&right, &manifest), Ok(()), "{}", argument.kind());
        for changed in mutations(&argument) {
            refused += 1;
            assert!(verify(&certificate(changed.clone()), &manifest).is_err(), "{changed:?}");
        }
        for axiom in argument.needs() {
            let mut silent = right.clone();
            silent.assume.remove(&axiom);
            assert_eq!(verify(&silent, &manifest), Err(Refusal::Assumptions), "{axiom:?}");
        }
    }
    assert!(refused > 100, "{refused} mutations");
}

/// Edits to a manifest after which the argument at this position must be refused.
type Edit = (usize, fn(&mut Manifest));

#[test]
fn an_argument_about_another_manifest_is_refused() {
    let edits: [Edit; 21] = [
        (0, |m| m.replicas = 4),
        (0, |m| m.anti_reach[1] = Reach::Unknown),
        (0, |m| m.anti_reach.clear()),
        (0, |m| m.pod.labels = labels(&[("app", "other")]).into()),
        (0, |m| m.pod.node_affinity = None),
        (0, |m| m.pod.node_selector = labels(&[("disk", "hdd")])),
        (0, |m| m.pod.anti_affinity[1].namespaces = names(&["other"])),
        (0, |m| m.pod.anti_affinity[1].selector = None),
        (0, |m| {
            let negative = Requirement::none_of("team", &["x"]);
            let labelled = Selector { requirements: vec![negative] };
            m.pod.anti_affinity[1].namespace_selector = Some(labelled);
        }),
        (1, |m| m.pod.spread[0].honor_affinity = false),
        (1, |m| m.pod.spread[0].selector = Some(Selector::everything())),
        (1, |m| m.pod.spread[0].when_unsatisfiable = WhenUnsatisfiable::ScheduleAnyway),
        (1, |m| m.pod.spread[0].max_skew = -2),
        (2, |m| m.anti_reach[1] = Reach::OneRevision),
        (2, |m| m.pod.anti_affinity[1].namespaces = names(&["shop2"])),
        (2, |m| m.affinity_reach[0] = Reach::OneRevision),
        (2, |m| m.pod.labels = labels(&[("app", "db")]).into()),
        (3, |m| m.pod.volumes.clear()),
        (3, |m| m.access_modes.values_mut().for_each(|modes| *modes = names(&["ReadWriteOnce"]))),
        (4, |m| m.update = None),
        (4, |m| m.anti_reach[1] = Reach::OneRevision),
    ];
    for (number, (example, edit)) in edits.into_iter().enumerate() {
        let (mut manifest, argument) = examples().swap_remove(example);
        edit(&mut manifest);
        assert!(verify(&certificate(argument), &manifest).is_err(), "edit {number}");
    }
}

#[test]
fn a_constraint_that_honours_taints_needs_its_assumption() {
    let (mut manifest, argument) = examples().swap_remove(1);
    let bare = Certificate { assume: argument.needs(), core: Vec::new(), argument };
    assert_eq!(verify(&bare, &manifest), Err(Refusal::Assumptions));
    manifest.pod.spread[0].honor_taints = false;
    assert_eq!(verify(&bare, &manifest), Ok(()));
}

#[test]
fn a_cover_is_checked_node_by_node() {
    let mut inventory = Inventory::default();
    for (name, disk, cordoned) in [("n1", "hdd", false), ("n2", "ssd", true), ("n3", "hdd", true)] {
        let labels = labels(&[("disk", disk)]);
        let node =
            Node { name: name.to_owned(), labels, unschedulable: cordoned, ..Node::default() };
        inventory.nodes.insert(name.to_owned(), node);
    }
    let pod = Pod {
        spec: PodSpec { node_selector: labels(&[("disk", "ssd")]), ..PodSpec::default() }.into(),
        ..Pod::default()
    };
    let semantics = Semantics::of_minor(34);
    let cover = |pairs: &[(&str, &[&str])]| {
        let set = |nodes: &[&str]| nodes.iter().map(|node| (*node).to_owned()).collect();
        let excluded = pairs.iter().map(|(by, nodes)| ((*by).to_owned(), set(nodes))).collect();
        let argument = Argument::Cover(Cover { empty: false, excluded });
        let certificate = Certificate { assume: argument.needs(), core: Vec::new(), argument };
        verify_cover(&certificate, &inventory, &pod, semantics)
    };
    let right: &[(&str, &[&str])] =
        &[("NodeAffinity", &["n1", "n3"]), ("NodeUnschedulable", &["n2"])];
    assert_eq!(cover(right), Ok(()));
    assert_eq!(cover(&[("NodeAffinity", &["n1"]), ("NodeUnschedulable", &["n2", "n3"])]), Ok(()));
    for wrong in [
        &[("NodeAffinity", &["n1", "n3"][..])][..],
        &[("NodeAffinity", &["n1", "n3", "n2"]), ("NodeUnschedulable", &["n2"])],
        &[("NodeAffinity", &["n1", "n4"]), ("NodeUnschedulable", &["n2", "n3"])],
        &[("NodeAffinity", &["n1", "n3"]), ("NodePorts", &["n2"])],
        &[("NodeAffinity", &["n1", "n3"]), ("NodeUnschedulable", &["n2"]), ("NodeName", &[])],
        &[],
    ] {
        assert!(cover(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_contradiction_of_one_pod_is_verified_and_any_other_is_refused() {
    let semantics = Semantics::of_minor(34);
    let zone = |value: &str| labels(&[(ZONE, value)]);
    let affinity = Some(vec![NodeTerm::of(vec![Requirement::one_of(ZONE, &["b"])])]);
    let pod = Pod {
        spec: PodSpec { node_selector: zone("a"), node_affinity: affinity, ..PodSpec::default() }
            .into(),
        ..Pod::default()
    };
    let AnyCluster::Contradiction(found) = decide(&pod, &[], semantics) else { panic!() };
    let certificate = Certificate::of_contradiction(*found.clone(), Vec::new());
    assert_eq!(verify_pod(&certificate, &pod, &[], semantics), Ok(()));
    assert_eq!(certificate.assume, BTreeSet::from([Axiom::LabelSyntax]));
    assert_eq!(verify(&certificate, &Manifest::default()), Err(Refusal::Beyond));
    let other = pod.clone().with(|spec| spec.node_selector = zone("b"));
    assert_eq!(verify_pod(&certificate, &other, &[], semantics), Err(Refusal::Argument));
    let mut silent = certificate.clone();
    silent.assume.clear();
    assert_eq!(verify_pod(&silent, &pod, &[], semantics), Err(Refusal::Assumptions));
    let versioned = Contradiction { every_version: false, ..*found.clone() };
    let versioned = Certificate::of_contradiction(versioned, Vec::new());
    assert!(versioned.assume.contains(&Axiom::ServerVersion));
    assert!(Proof::<Logic>::of(versioned).is_err(), "denials hold for every server");
    assert!(Proof::<Logic>::of(certificate).is_ok());
    let fewer = Contradiction { parts: found.parts.iter().skip(1).cloned().collect(), ..*found };
    let fewer = Certificate::of_contradiction(fewer, Vec::new());
    assert_eq!(verify_pod(&fewer, &pod, &[], semantics), Err(Refusal::Argument));
}
