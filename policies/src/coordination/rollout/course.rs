//! How a coordinated rollout goes if every pod comes up: the steps that the controller would take,
//! one after the other.

use std::collections::BTreeMap;

use super::{HOLD, Pace, Pod, Role, step};

/// Rollouts of more pods than this are not followed.
pub const MOST_PODS: u32 = 2_000;

/// What one step lets go: of each role the numbers of the pods, from 0, the last one first.
pub type Round = BTreeMap<String, Vec<u32>>;

/// A rollout from its beginning to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// Each begins when all pods of the one before are replaced and available.
    pub rounds: Vec<Round>,
    /// How many pods of each role stay as they are.
    pub stays: BTreeMap<String, u32>,
    /// How many pods of each role are down at once at most.
    pub down: BTreeMap<String, u32>,
    /// How far one role is ahead of another one after any round, at most, in per cent.
    pub apart: u32,
    /// The batches are replaced one after another, the last one first.
    pub in_batches: bool,
}

/// Follows the rollout of a new template of all roles, of which so many pods run. `None`: there are
/// more than [`MOST_PODS`].
#[must_use]
pub fn course(pace: &Pace, replicas: &BTreeMap<String, u32>) -> Option<Course> {
    let all = replicas.values().fold(0_u32, |sum, count| sum.saturating_add(*count));
    if all > MOST_PODS {
        return None;
    }
    let old = Pod { updated: false, available: true };
    let role = |(name, count): (&String, &u32)| Role {
        name: name.clone(),
        replicas: *count,
        partition: HOLD,
        observed: true,
        renewed: true,
        pods: (0..*count).map(|number| (number, old)).collect(),
    };
    let mut roles: Vec<Role> = replicas.iter().map(role).collect();
    let fitting = pace.fitting(&roles);
    let mut course = Course { in_batches: !fitting.ratios.is_empty(), ..Course::default() };
    for role in &roles {
        course.stays.insert(role.name.clone(), fitting.stays(&role.name, role.replicas));
    }
    // Every step but the last of each role lets a pod go.
    for _ in 0..=all.saturating_add(u32::try_from(roles.len()).unwrap_or(MOST_PODS)) {
        let partitions = step(pace, &roles);
        if partitions.is_empty() {
            break;
        }
        let round = replace(&mut roles, &partitions);
        for (name, numbers) in &round {
            let down = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            let most = course.down.entry(name.clone()).or_insert(0);
            *most = down.max(*most);
        }
        course.apart = course.apart.max(apart(&roles));
        if !round.is_empty() {
            course.rounds.push(round);
        }
    }
    Some(course)
}

/// The pods from the new partitions on are replaced, and come up.
fn replace(roles: &mut [Role], partitions: &BTreeMap<String, u32>) -> Round {
    let mut round = Round::new();
    for role in roles {
        let Some(partition) = partitions.get(&role.name) else { continue };
        role.partition = *partition;
        let mut gone = Vec::new();
        for (number, pod) in role.pods.range_mut(*partition..).rev() {
            if !pod.updated {
                pod.updated = true;
                gone.push(*number);
            }
        }
        // Once all are replaced the new revision is the current one.
        role.renewed = role.pods.values().any(|pod| !pod.updated);
        if !gone.is_empty() {
            round.insert(role.name.clone(), gone);
        }
    }
    round
}

/// How far the first is ahead of the last, in per cent, rounded down.
fn apart(roles: &[Role]) -> u32 {
    let share = |role: &Role| {
        let updated = role.pods.values().filter(|pod| pod.updated).count() as u64;
        u32::try_from(updated * 100 / u64::from(role.replicas.max(1))).unwrap_or(100)
    };
    let shares = || roles.iter().filter(|role| role.replicas > 0).map(share);
    shares().max().unwrap_or(0) - shares().min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pace(
        unavailable: Option<u32>,
        skew: Option<u32>,
        stay: u32,
        ratios: &[(&str, u32)],
    ) -> Pace {
        let ratios = ratios.iter().map(|(role, ratio)| ((*role).to_owned(), *ratio)).collect();
        Pace { max_unavailable: unavailable, max_skew: skew, partition: stay, ratios }
    }

    fn of(counts: &[(&str, u32)]) -> BTreeMap<String, u32> {
        counts.iter().map(|(role, count)| ((*role).to_owned(), *count)).collect()
    }

    fn told(course: &Course) -> Vec<String> {
        let of = |(role, numbers): (&String, &Vec<u32>)| format!("{role}{numbers:?}");
        let round = |one: &Round| one.iter().map(of).collect::<Vec<String>>().join(" ");
        course.rounds.iter().map(round).collect()
    }

    #[test]
    fn rollouts_by_case() {
        let (batches, roles) = (&[("p", 2), ("d", 1)][..], of(&[("p", 6), ("d", 3)]));
        let course = |pace: &Pace| course(pace, &roles).unwrap();
        let slow = course(&pace(Some(5), Some(1), 0, batches));
        assert_eq!(told(&slow), ["d[2] p[5]", "p[4]", "d[1] p[3]", "p[2]", "d[0] p[1]", "p[0]"]);
        assert_eq!((slow.apart, slow.in_batches), (17, true));
        assert_eq!((slow.down, slow.stays), (of(&[("d", 1), ("p", 1)]), of(&[("d", 0), ("p", 0)])));
        // All at once, batch after batch, and a third that stays.
        let fast = pace(Some(100), None, 34, batches);
        assert_eq!(told(&course(&fast)), ["d[2] p[5, 4]", "d[1] p[3, 2]"]);
        assert_eq!(course(&fast).stays, of(&[("d", 1), ("p", 2)]));
        let free = course(&pace(Some(100), None, 0, &[]));
        assert_eq!(told(&free), ["d[2, 1, 0] p[5, 4, 3, 2, 1, 0]"]);
        assert!(!free.in_batches && free.apart == 0);
        assert_eq!(told(&course(&pace(None, None, 100, &[]))), [""; 0]);
    }

    #[test]
    fn nothing_is_followed_for_ever() {
        let pace = pace(None, Some(1), 0, &[]);
        assert_eq!(course(&pace, &of(&[("p", MOST_PODS), ("d", 1)])), None);
        assert_eq!(course(&pace, &of(&[("p", u32::MAX), ("d", u32::MAX)])), None);
        assert_eq!(course(&pace, &of(&[])), Some(Course::default()));
        assert_eq!(told(&course(&pace, &of(&[("p", 0), ("d", 1)])).unwrap()), ["d[0]"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Every pod that does not stay is replaced once, and no more are down than may be.
        #[test]
        fn every_pod_has_its_round(
            p in 0..30_u32, d in 0..30_u32, unavailable in proptest::option::of(1..=100_u32),
            skew in proptest::option::of(0..=100_u32), stay in 0..=100_u32, is_batched: bool,
            ratio in 1..4_u32,
        ) {
            let ratios: &[(&str, u32)] = if is_batched { &[("p", ratio), ("d", 1)] } else { &[] };
            let pace = pace(unavailable, skew, stay, ratios);
            let counts = of(&[("p", p), ("d", d)]);
            let found = course(&pace, &counts).unwrap();
            for (role, count) in &counts {
                let gone = found.rounds.iter().filter_map(|round| round.get(role));
                let gone: Vec<u32> = gone.flatten().copied().collect();
                let expected: Vec<u32> = (found.stays[role]..*count).rev().collect();
                prop_assert_eq!(gone, expected);
                let down = found.down.get(role).copied().unwrap_or(0);
                prop_assert!(down <= pace.budget(*count));
            }
        }
    }
}
