use proptest::prelude::*;

use super::*;

fn pace(
    unavailable: Option<u32>,
    skew: Option<u32>,
    partition: u32,
    ratios: &[(&str, u32)],
) -> Pace {
    let ratios = ratios.iter().map(|(role, ratio)| ((*role).to_owned(), *ratio)).collect();
    Pace { max_unavailable: unavailable, max_skew: skew, partition, ratios }
}

/// A role of which every pod is old, or as its letter says: `u` updated, `n` updated and not
/// available, `x` old and not available, `-` not there; the first letter is pod 0.
fn role(name: &str, partition: u32, pods: &str) -> Role {
    let pod = |letter: char| Pod {
        updated: matches!(letter, 'u' | 'n'),
        available: matches!(letter, 'u' | 'o'),
    };
    let there = pods.chars().enumerate().filter(|(_, letter)| *letter != '-');
    Role {
        name: name.to_owned(),
        replicas: u32::try_from(pods.len()).unwrap(),
        partition,
        observed: true,
        renewed: true,
        pods: there.map(|(at, letter)| (u32::try_from(at).unwrap(), pod(letter))).collect(),
    }
}

fn told(pace: &Pace, roles: &[Role]) -> String {
    let said: Vec<String> =
        step(pace, roles).into_iter().map(|(role, to)| format!("{role}={to}")).collect();
    said.join(" ")
}

#[test]
fn partitions_by_case() {
    let batches: &[(&str, u32)] = &[("p", 2), ("d", 1)];
    let s3 = (Some(5), Some(1), 0);
    let all = |skew| (Some(100), skew, 0);
    for ((unavailable, skew, partition), ratios, p, d, expected) in [
        // Both begin with one pod; nothing else before that is there again.
        (s3, batches, (HOLD, "oooooo"), (HOLD, "ooo"), "d=2 p=5"),
        (s3, batches, (5, "oooooo"), (2, "ooo"), ""),
        (s3, batches, (5, "ooooo-"), (2, "oou"), ""),
        // Decode is ahead by less than one pod, and its next one is of the next batch.
        (s3, batches, (5, "ooooou"), (2, "oou"), "p=4"),
        (s3, batches, (4, "oooouu"), (2, "oou"), "d=1 p=3"),
        // Without batches decode goes on, for nobody is behind by more than one of its pods.
        (s3, &[], (5, "ooooou"), (2, "oou"), "p=4"),
        (s3, &[], (4, "oooouu"), (2, "oou"), "d=1 p=3"),
        // A pod that is not ready stops its role, and the others one pod later.
        (s3, &[], (4, "oooouu"), (2, "oon"), ""),
        (s3, &[], (5, "ooooou"), (2, "oon"), ""),
        (s3, &[], (HOLD, "oooooo"), (2, "oon"), "p=5"),
        // As much as may be down, as far as nobody is left behind.
        (all(None), &[], (HOLD, "oooooo"), (HOLD, "ooo"), "d=0 p=0"),
        (all(None), batches, (HOLD, "oooooo"), (HOLD, "ooo"), "d=2 p=4"),
        (all(Some(50)), &[], (HOLD, "oooooo"), (HOLD, "ooo"), "d=2 p=3"),
        ((Some(50), Some(50), 0), &[], (HOLD, "ooooxo"), (HOLD, "ooo"), "d=2 p=3"),
        // What is down anyway costs nothing.
        (s3, &[], (HOLD, "xxxxxx"), (HOLD, "ooo"), "d=2 p=5"),
        ((None, None, 0), &[], (HOLD, "xxxxxx"), (HOLD, "ooo"), "d=2 p=0"),
        ((None, None, 0), &[], (HOLD, "ooooox"), (HOLD, "ooo"), "d=2 p=5"),
        ((None, None, 0), &[], (HOLD, "oxoooo"), (HOLD, "ooo"), "d=2"),
        // Some stay as they are, and the partition is not below them.
        ((None, None, 80), batches, (5, "ooooou"), (2, "oou"), "p=4"),
        ((None, None, 80), batches, (4, "oooouu"), (2, "oou"), ""),
        ((None, None, 80), batches, (1, "oooouu"), (0, "oou"), "d=2 p=4"),
        ((None, None, 100), batches, (HOLD, "oooooo"), (HOLD, "ooo"), ""),
        // Somebody let more go: what goes already goes on, the others wait.
        (s3, &[], (0, "oooooo"), (0, "ooo"), "d=2 p=5"),
        (s3, &[], (0, "ooooo-"), (0, "oou"), "d=1 p=4"),
        // Nothing else is to be done, or to be done here.
        (s3, &[], (0, "uuuuuu"), (2, "oou"), "d=1"),
        (s3, &[], (3, "uuuuuu"), (2, "oou"), "d=1 p=0"),
        (s3, &[], (HOLD, ""), (HOLD, "ooo"), "d=2"),
    ] {
        let found = told(
            &pace(unavailable, skew, partition, ratios),
            &[role("p", p.0, p.1), role("d", d.0, d.1)],
        );
        assert_eq!(found, expected, "{unavailable:?} {skew:?} {partition} {ratios:?} {p:?} {d:?}");
    }
}

#[test]
fn at_rest_partitions_are_held() {
    let rules = pace(None, None, 0, &[]);
    let rest = |partition| Role { renewed: false, ..role("p", partition, "uuu") };
    assert_eq!(told(&rules, &[rest(0)]), format!("p={HOLD}"));
    assert_eq!(told(&rules, &[rest(HOLD)]), "");
    // Back to the template before: the controller calls it the current one at once.
    let back = Role { renewed: false, ..role("p", 1, "uoo") };
    assert_eq!(told(&rules, &[back]), "p=2");
    // Of one role it is not known yet.
    let unseen = Role { observed: false, ..rest(0) };
    assert_eq!(told(&rules, &[unseen, role("d", HOLD, "ooo")]), "");
}

#[test]
fn nobody_counts_a_billion_pods() {
    let many = Role { replicas: u32::MAX, ..role("p", HOLD, "ooo") };
    assert_eq!(told(&pace(None, None, 0, &[]), &[many]), format!("p={}", HOLD - AT_ONCE));
}

/// One role as it is, with what a controller of StatefulSets does to it.
#[derive(Clone, Debug)]
struct Set {
    role: Role,
    /// The template, and the revision of each pod that is there.
    template: u32,
    revisions: BTreeMap<u32, u32>,
    current: u32,
}

impl Set {
    fn new(name: &str, replicas: u32) -> Self {
        let pod = Pod { updated: true, available: true };
        let pods = (0..replicas).map(|number| (number, pod)).collect();
        let role = Role {
            name: name.to_owned(),
            replicas,
            partition: 0,
            observed: true,
            renewed: false,
            pods,
        };
        Self { role, template: 1, revisions: (0..replicas).map(|at| (at, 1)).collect(), current: 1 }
    }

    fn see(&mut self) {
        self.role.renewed = self.current != self.template;
        for (number, pod) in &mut self.role.pods {
            pod.updated = self.revisions.get(number) == Some(&self.template);
        }
    }

    /// Pods are made, the last old one above the partition goes if all others there are well, and
    /// a rollout that is through is called so.
    fn reconcile(&mut self, parallel: bool) {
        let replicas = self.role.replicas;
        self.role.pods.retain(|number, _| *number < replicas);
        self.revisions.retain(|number, _| *number < replicas);
        for number in 0..replicas {
            if self
                .role
                .pods
                .insert(number, self.role.pods.get(&number).copied().unwrap_or_default())
                .is_none()
            {
                let old = number < self.role.partition;
                self.revisions.insert(number, if old { self.current } else { self.template });
            }
        }
        self.see();
        let whole = self.role.own().all(|(_, pod)| pod.updated && pod.available);
        if whole && self.role.own().count() as u32 == replicas {
            self.current = self.template;
        }
        for number in (self.role.partition..replicas).rev() {
            let Some(pod) = self.role.pods.get(&number).copied() else { continue };
            if !pod.updated {
                self.role.pods.remove(&number);
                self.revisions.remove(&number);
                if !parallel {
                    break;
                }
            } else if !pod.available && !parallel {
                break;
            }
        }
        self.see();
    }

    /// A pod is ready, or is not any more.
    fn turn(&mut self, number: u32, available: bool) {
        let number = number % self.role.replicas.max(1);
        if let Some(pod) = self.role.pods.get_mut(&number) {
            pod.available = available;
        }
    }

    /// Pods that are down, or will be.
    fn down(&self) -> u32 {
        let up =
            |number: u32, pod: Pod| pod.available && (pod.updated || number < self.role.partition);
        self.role.replicas - self.role.count(up)
    }

    /// Pods that are updated, or were let go to be.
    fn gone(&self) -> u32 {
        let below = self.role.count(|number, pod| pod.updated && number < self.role.partition);
        below + self.role.replicas.saturating_sub(self.role.partition)
    }
}

#[derive(Clone, Debug)]
enum Event {
    Step,
    Reconcile(usize, bool),
    Ready(usize, u32),
    Crash(usize, u32),
    Lost(usize, u32),
    Scale(usize, u32),
    Template(bool, bool),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => Just(Event::Step),
        6 => (0..2_usize, any::<bool>()).prop_map(|(of, parallel)| Event::Reconcile(of, parallel)),
        6 => (0..2_usize, 0..12_u32).prop_map(|(of, pod)| Event::Ready(of, pod)),
        1 => (0..2_usize, 0..12_u32).prop_map(|(of, pod)| Event::Crash(of, pod)),
        1 => (0..2_usize, 0..12_u32).prop_map(|(of, pod)| Event::Lost(of, pod)),
        1 => (0..2_usize, 0..12_u32).prop_map(|(of, to)| Event::Scale(of, to)),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(one, other)| Event::Template(one, other)),
    ]
}

/// The step is taken, and holds to its promises.
fn take(pace: &Pace, sets: &mut [Set; 2]) -> Result<bool, TestCaseError> {
    let roles: Vec<Role> = sets.iter().map(|set| set.role.clone()).collect();
    let wanted = step(pace, &roles);
    let pace = &pace.fitting(&roles);
    let standings: Vec<Standing> = roles.iter().map(|role| role.standing(pace)).collect();
    for set in sets.iter_mut() {
        let Some(to) = wanted.get(&set.role.name) else { continue };
        let (before, name) = (set.clone(), set.role.name.clone());
        set.role.partition = *to;
        let standing = before.role.standing(pace);
        if !standing.rolling {
            prop_assert_eq!(*to, HOLD);
            continue;
        }
        prop_assert!(*to >= standing.stays);
        let budget = pace.budget(set.role.replicas);
        if *to > before.role.partition {
            // It rises for pods that stay, or where more was let go than may be down.
            let more = before.role.count(|number, pod| {
                number >= before.role.partition && pod.available && !pod.updated
            });
            prop_assert!(more > budget || before.role.partition < standing.stays, "{}", name);
            continue;
        }
        if set.down() > before.down() {
            prop_assert!(set.down() <= budget, "{} of {} down", set.down(), name);
        }
        if set.gone() > before.gone() {
            for (other, of) in roles.iter().zip(&standings) {
                if !of.rolling || of.done || other.replicas == 0 {
                    continue;
                }
                let (n, m) = (u64::from(set.role.replicas), u64::from(other.replicas));
                let ahead = u64::from(set.gone()) * m * 100;
                let most = u64::from(pace.max_skew.unwrap_or(100)) * n * m;
                let behind = u64::from(of.settled) * n * 100;
                // Within maxSkew, or by less than a pod beyond the last whole one.
                let is_one = u64::from(set.gone() - 1) * m <= u64::from(of.settled) * n;
                prop_assert!(ahead <= behind + most || is_one, "{} is ahead", name);
            }
            if let Some(turn) = turn(pace, &roles).filter(|_| pace.ratios.contains_key(&name)) {
                let ratio = pace.ratios.get(&name).copied().unwrap_or(1);
                let lowest = (*to..set.role.replicas)
                    .find(|number| !set.role.pods.get(number).is_some_and(|pod| pod.updated));
                prop_assert!(lowest.is_none_or(|number| number / ratio >= turn));
            }
        }
    }
    Ok(!wanted.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// Pods crash, go and come, roles grow and shrink, templates change in the middle: no step goes
    /// too far, and in the end everything is updated that is to be.
    #[test]
    fn every_step_keeps_pace_and_all_of_them_come_to_an_end(
        unavailable in prop::option::of(1..=100_u32),
        skew in prop::option::of(0..=100_u32),
        partition in prop_oneof![2 => Just(0_u32), 1 => 0..=100_u32],
        ratios in prop::option::of((1..=3_u32, 1..=3_u32)),
        replicas in (0..=9_u32, 0..=9_u32),
        events in prop::collection::vec(event(), 0..60),
    ) {
        let ratios: Vec<(&str, u32)> =
            ratios.map(|(p, d)| vec![("p", p), ("d", d)]).unwrap_or_default();
        let pace = pace(unavailable, skew, partition, &ratios);
        let mut sets = [Set::new("p", replicas.0), Set::new("d", replicas.1)];
        take(&pace, &mut sets)?;
        for event in events {
            match event {
                Event::Step => _ = take(&pace, &mut sets)?,
                Event::Reconcile(of, parallel) => sets[of].reconcile(parallel),
                Event::Ready(of, pod) => sets[of].turn(pod, true),
                Event::Crash(of, pod) => sets[of].turn(pod, false),
                Event::Lost(of, pod) => {
                    let set = &mut sets[of];
                    set.role.pods.remove(&pod);
                    set.revisions.remove(&pod);
                }
                Event::Scale(of, to) => sets[of].role.replicas = to,
                Event::Template(one, other) => {
                    for (set, is) in sets.iter_mut().zip([one, other]) {
                        set.template += u32::from(is);
                    }
                }
            }
            sets.iter_mut().for_each(Set::see);
        }
        let mut quiet = 0;
        for _ in 0..1000 {
            let changed = take(&pace, &mut sets)?;
            for set in &mut sets {
                set.reconcile(false);
                (0..set.role.replicas).for_each(|number| set.turn(number, true));
                set.see();
            }
            quiet = if changed { 0 } else { quiet + 1 };
            // The last step may let all pods of a role go, one after the other.
            if quiet > 30 {
                break;
            }
        }
        prop_assert!(quiet > 30, "it does not come to an end: {:?}", sets);
        for set in &sets {
            let roles = [&sets[0], &sets[1]].map(|set| set.role.clone());
            let standing = set.role.standing(&pace.fitting(&roles));
            prop_assert!(!standing.rolling || standing.done, "{:?}", set);
        }
    }
}
