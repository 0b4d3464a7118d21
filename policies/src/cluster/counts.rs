//! A cluster that is counted once, for questions that need no reasons.
//!
//! Whoever lints sixty templates asks sixty times whether a pod fits. The plain judge puts all pods
//! on their nodes for each of these; a [`State`] does that once. The pods of the workload itself are
//! taken out for the question and put back after it, so each question finds the cluster as it was
//! read, and an answer does not depend on what was asked before.

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock};

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::profile::Profile;
use placecard_feasibility::state::{Scratch, State};

use crate::why::groups::Holder;

/// The nodes and pods of a cluster, counted when they are first asked for. The cluster must not be
/// changed after that; a clone is counted anew.
#[derive(Debug, Default)]
pub struct Counts(OnceLock<Mutex<Counted>>);

#[derive(Debug)]
struct Counted {
    state: State,
    scratch: Scratch,
}

impl Clone for Counts {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// All are equal: they hold nothing that the cluster does not say.
impl PartialEq for Counts {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Counts {
    /// As [`super::Cluster::fitting`], for the cluster that this belongs to.
    pub(super) fn fitting(
        &self,
        inventory: &Inventory,
        semantics: Semantics,
        profile: Profile,
        pod: &Pod,
        owner: Option<&Holder>,
    ) -> Option<Vec<String>> {
        let count = || {
            let state = State::of(inventory, semantics);
            Mutex::new(Counted { state, scratch: Scratch::default() })
        };
        // Whoever failed in the middle of a question has left pods out.
        let mut counted = self.0.get_or_init(count).lock().ok()?;
        let Counted { state, scratch } = &mut *counted;
        let replaced = replaced(inventory, pod, owner);
        for other in &replaced {
            state.remove_pod(&other.namespace, &other.name);
        }
        state.set_profile(profile);
        let prepared = state.prepare(pod);
        let decision = state.decide(pod, prepared, scratch);
        let nodes = decision.feasible_nodes().filter_map(|number| state.node(number));
        let names: BTreeSet<String> = nodes.map(|node| node.name.clone()).collect();
        for other in replaced {
            state.set_pod(other.clone());
        }
        Some(names.into_iter().collect())
    }
}

/// The pod itself, and those that it replaces.
fn replaced<'a>(inventory: &'a Inventory, pod: &Pod, owner: Option<&Holder>) -> Vec<&'a Pod> {
    let itself = inventory.pods.named(&pod.namespace, &pod.name);
    let own = owner.into_iter().flat_map(|owner| {
        let there = inventory.pods.of_namespace(&owner.namespace);
        there.filter(|other| owner.holds(other) && !other.is_same(pod))
    });
    itself.into_iter().chain(own).filter(|other| !other.finished).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{BufRead, BufReader};
    use std::path::Path;

    use flate2::read::GzDecoder;
    use placecard_feasibility::inventory::kind::Kind;
    use placecard_feasibility::inventory::pod::Owner;
    use placecard_feasibility::judge::judge_cycle;
    use placecard_feasibility::quantity::Quantity;
    use serde::Deserialize;

    use super::*;
    use crate::cluster::Cluster;
    use crate::placed::next_cycle;
    use crate::snapshot::{Cluster as WrittenCluster, WrittenPod};

    #[derive(Deserialize)]
    struct Case {
        id: String,
        cluster: WrittenCluster,
        pod: WrittenPod,
    }

    fn cases() -> impl Iterator<Item = Case> {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/oracle");
        let files = ["counterexamples.jsonl.gz", "cases-1.37.jsonl.gz", "cases.jsonl.gz"];
        files.into_iter().flat_map(move |name| {
            let file =
                File::open(data.join(name)).expect("the recorded cases are in the repository");
            let lines = BufReader::new(GzDecoder::new(file)).lines().step_by(25);
            lines.map(|line| serde_json::from_str(&line.expect("packed text")).expect("a case"))
        })
    }

    fn plainly(cluster: &Cluster, pod: &Pod, owner: Option<&Holder>) -> Vec<String> {
        let cycle = next_cycle(cluster, pod, owner);
        judge_cycle(&cycle).feasible().map(str::to_owned).collect()
    }

    /// A third of the pods belong to one workload, a third to another.
    fn with_owners(inventory: &mut Inventory) {
        let names = [Some("one"), Some("other"), None];
        for (pod, name) in inventory.pods.values_mut().zip(names.into_iter().cycle()) {
            let (kind, name) = ("StatefulSet".to_owned(), name.map(str::to_owned));
            pod.owner = name.map(|name| Owner { kind, name, ..Owner::default() }.into());
        }
    }

    #[test]
    fn counted_and_plain_agree_on_recorded_clusters_whatever_is_left_out() {
        let mut seen = [0usize; 4];
        for (at, case) in cases().enumerate() {
            let (mut inventory, pod) = (case.cluster.read(), case.pod.read());
            with_owners(&mut inventory);
            if at % 3 == 0 {
                inventory.unknown = [Kind::Namespace, Kind::PersistentVolume]
                    .into_iter()
                    .take(1 + at % 2)
                    .collect();
            }
            let cluster = Cluster {
                inventory,
                semantics: Semantics::of_minor(if at % 2 == 0 { 34 } else { 37 }),
                name: String::new(),
                closed: false,
                schedulers: None,
                counts: Counts::default(),
            };
            let holder = |kind: &str, name: &str| Holder {
                namespace: pod.namespace.clone(),
                kind: kind.to_owned(),
                name: name.to_owned(),
            };
            let owners = [
                None,
                Some(holder("StatefulSet", "one")),
                Some(holder("StatefulSet", "other")),
                Some(holder("Pod", &pod.name)),
                // Again: what was left out is back.
                None,
            ];
            let mut answers = BTreeSet::new();
            for owner in &owners {
                let found = cluster.fitting(&pod, owner.as_ref()).expect("an answer");
                assert_eq!(found, plainly(&cluster, &pod, owner.as_ref()), "{} {owner:?}", case.id);
                answers.insert(found);
            }
            seen[0] += 1;
            seen[1] += usize::from(answers.iter().any(Vec::is_empty));
            seen[2] += usize::from(answers.iter().any(|nodes| !nodes.is_empty()));
            seen[3] += usize::from(answers.len() > 1);
        }
        let [cases, shut, open, owners_matter] = seen;
        assert!(cases > 700 && shut > 100 && open > 100 && owners_matter > 20, "{seen:?}");
    }

    #[test]
    fn another_pod_of_a_running_one_s_name_is_judged_as_its_successor() {
        let mut inventory = Inventory::default();
        let node = placecard_feasibility::inventory::node::Node {
            name: "n".into(),
            allocatable: [("pods".to_owned(), Quantity::of_units(1))].into(),
            ..Default::default()
        };
        inventory.nodes.insert("n".into(), node);
        let running = |name: &str| Pod {
            namespace: "shop".into(),
            name: name.into(),
            node: Some("n".into()),
            ..Pod::default()
        };
        inventory.pods.insert(("shop".into(), "web".into()), running("web"));
        let counts = Counts::default();
        let semantics = Semantics::of_minor(34);
        let fitting = |name: &str| {
            let pod = Pod { node: None, ..running(name) };
            counts.fitting(&inventory, semantics, Profile::of(semantics), &pod, None)
        };
        assert_eq!(fitting("web"), Some(vec!["n".to_owned()]));
        assert_eq!(fitting("other"), Some(vec![]));
        assert_eq!(fitting("web"), Some(vec!["n".to_owned()]));
    }
}
