//! A proof with anything changed is refused.

use placecard_feasibility::any_cluster::check::check;
use placecard_feasibility::any_cluster::{
    AnyCluster, Contradiction, Part, Proof, Refutation, decide,
};
use placecard_feasibility::node_terms::Subject;

use super::dice::Dice;
use super::{KINDS, count, pods, versions};

/// All refutations that differ in one place. One that differs may be true as well: another label of
/// the same demands, or cases within a case.
fn of_refutation(refutation: &Refutation) -> Vec<Refutation> {
    match refutation {
        Refutation::NoValue(subject) => {
            let mut other = vec![Refutation::NoValue(Subject::Label("example.com/none".into()))];
            if *subject != Subject::Name {
                other.push(Refutation::NoValue(Subject::Name));
            }
            other
        }
        Refutation::Cases { part, cases } => {
            let mut mutants = Vec::new();
            for (index, (term, why)) in cases.iter().enumerate() {
                let mut fewer = cases.clone();
                fewer.remove(index);
                mutants.push(fewer);
                let mut moved = cases.clone();
                moved[index].0 = term + 17;
                mutants.push(moved);
                for why in of_refutation(why) {
                    let mut changed = cases.clone();
                    changed[index].1 = why;
                    mutants.push(changed);
                }
            }
            let mut mutants: Vec<Refutation> = mutants
                .into_iter()
                .map(|cases| Refutation::Cases { part: part.clone(), cases })
                .collect();
            let absent = Part::NodeSelector("example.com/none".into());
            mutants.push(Refutation::Cases { part: absent, cases: cases.clone() });
            mutants
        }
    }
}

/// Without one of the terms, and with one that the pod does not have.
fn of_terms(terms: &[usize]) -> Vec<Vec<usize>> {
    let mut mutants = Vec::new();
    for index in 0..terms.len() {
        let mut fewer = terms.to_vec();
        fewer.remove(index);
        mutants.push(fewer);
        let mut moved = terms.to_vec();
        moved[index] += 23;
        mutants.push(moved);
    }
    mutants
}

fn mutants(found: &Contradiction) -> Vec<Contradiction> {
    let with = |proof: Proof| {
        let terms = |affinity: &[usize], anti: &[usize]| {
            let affinity = affinity.iter().map(|place| Part::Affinity(*place));
            affinity.chain(anti.iter().map(|place| Part::AntiAffinity(*place))).collect()
        };
        let parts: Vec<Part> = match &proof {
            Proof::Node(_) => found.parts.clone(),
            Proof::NilSelector { affinity } => terms(&[*affinity], &[]),
            Proof::NoCommonPod { affinity, .. } | Proof::NoCommonNamespace { affinity } => {
                terms(affinity, &[])
            }
            Proof::NoCompanion { affinity, anti } => terms(affinity, anti),
        };
        Contradiction { proof, parts, ..found.clone() }
    };
    let mut mutants = Vec::new();
    match &found.proof {
        Proof::Node(refutation) => {
            mutants.extend(of_refutation(refutation).into_iter().map(Proof::Node).map(with));
        }
        Proof::NilSelector { affinity } => {
            mutants.push(with(Proof::NilSelector { affinity: affinity + 5 }));
        }
        Proof::NoCommonPod { key, affinity } => {
            let less = of_terms(affinity).into_iter();
            mutants.extend(
                less.map(|affinity| with(Proof::NoCommonPod { key: key.clone(), affinity })),
            );
            let key = "none".to_owned();
            mutants.push(with(Proof::NoCommonPod { key, affinity: affinity.clone() }));
        }
        Proof::NoCommonNamespace { affinity } => {
            let less = of_terms(affinity).into_iter();
            mutants.extend(less.map(|affinity| with(Proof::NoCommonNamespace { affinity })));
        }
        Proof::NoCompanion { affinity, anti } => {
            for affinity in of_terms(affinity) {
                mutants.push(with(Proof::NoCompanion { affinity, anti: anti.clone() }));
            }
            for anti in of_terms(anti) {
                mutants.push(with(Proof::NoCompanion { affinity: affinity.clone(), anti }));
            }
        }
    }
    for index in 0..found.parts.len() {
        let mut less = found.clone();
        less.parts.remove(index);
        mutants.push(less);
        let mut other = found.clone();
        other.parts[index] = Part::SpreadKey(31);
        mutants.push(other);
    }
    mutants
}

#[test]
fn a_changed_proof_is_refused() {
    let [old, _] = versions();
    let mut refused = 0_u64;
    for seed in 0..count(500) {
        let mut dice = Dice::new(seed + 1_000_000);
        let kind = *dice.pick(&KINDS);
        let (pod, volumes) = pods::pod(&mut dice, kind);
        let AnyCluster::Contradiction(found) = decide(&pod, &volumes, old) else { continue };
        assert!(check(&pod, &volumes, &found, old));
        for mutant in mutants(&found) {
            assert!(
                !check(&pod, &volumes, &mutant, old),
                "{found:?}\nas {mutant:?}\n{pod:?} {volumes:?}"
            );
            refused += 1;
        }
        // The proof is about this pod: without a demand of it there is none.
        let (mut other, volumes) = (pod.clone(), volumes.clone());
        other.node_affinity = None;
        other.affinity.clear();
        other.spread.clear();
        other.node_selector.clear();
        other.node = None;
        if !found.parts.iter().all(|part| {
            matches!(part, Part::VolumeNodes(_) | Part::VolumeZone(..) | Part::ClassTopologies(_))
        }) {
            assert!(!check(&other, &volumes, &found, old), "{found:?}");
        }
    }
    assert!(refused > 500, "{refused}");
}
