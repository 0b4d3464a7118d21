//! The coordinations of many objects at once: who plays which role in which of them.

use std::collections::{BTreeMap, BTreeSet};

use placecard_language::coordination::{AffinityScheduling, Group};

use super::membership::Member;

/// One coordination that places batches, and what was found of its roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Troupe<T> {
    /// The namespace.
    pub namespace: String,
    /// The name of the RoleCoordination, or what the long form calls it.
    pub group: String,
    /// The name of the coordination.
    pub coordination: String,
    /// What holds between the roles. In the long form each template adds its own ratio.
    pub affinity: AffinityScheduling,
    /// Who plays each role, the first that was found.
    pub players: BTreeMap<String, T>,
    /// Roles that nobody plays.
    pub missing: BTreeSet<String>,
    /// Roles that more than one workload plays.
    pub contested: BTreeSet<String>,
}

/// Puts members together, with the RoleCoordinations of which no member may be there; in the order
/// of namespaces and names.
#[must_use]
pub fn troupes<T>(groups: &[Group], members: Vec<(String, Member, T)>) -> Vec<Troupe<T>> {
    let mut found: BTreeMap<(String, String, String), Troupe<T>> = BTreeMap::new();
    let empty = |namespace: &str, group: &str, name: &str, affinity: &AffinityScheduling| Troupe {
        namespace: namespace.to_owned(),
        group: group.to_owned(),
        coordination: name.to_owned(),
        affinity: affinity.clone(),
        players: BTreeMap::new(),
        missing: BTreeSet::new(),
        contested: BTreeSet::new(),
    };
    for group in groups {
        let roles = group.coordinations.iter().flat_map(|one| &one.roles);
        for (one, affinity) in roles.filter_map(|role| group.placing(role)) {
            let key = (group.namespace.clone(), group.name.clone(), one.name.clone());
            let new = || empty(&group.namespace, &group.name, &one.name, affinity);
            found.entry(key).or_insert_with(new);
        }
    }
    for (namespace, member, player) in members {
        let key = (namespace.clone(), member.group.clone(), member.coordination.clone());
        let new = || empty(&namespace, &member.group, &member.coordination, &member.placing);
        let troupe = found.entry(key).or_insert_with(new);
        troupe.affinity.ratios.entry(member.role.clone()).or_insert(member.ratio);
        if troupe.players.contains_key(&member.role) {
            troupe.contested.insert(member.role);
            continue;
        }
        troupe.players.insert(member.role, player);
    }
    let mut found: Vec<Troupe<T>> = found.into_values().collect();
    for troupe in &mut found {
        let missing = |role: &&String| !troupe.players.contains_key(*role);
        troupe.missing = troupe.affinity.ratios.keys().filter(missing).cloned().collect();
    }
    found
}

#[cfg(test)]
mod tests {
    use placecard_language::coordination::{BatchMode, Coordination, Exclusive, OnTimeout};
    use placecard_language::coordination::{Placement, Source, Strategy};

    use super::*;
    use crate::coordination::membership::{By, id};

    fn affinity(ratios: &[(&str, u32)]) -> AffinityScheduling {
        AffinityScheduling {
            topology_key: "kubernetes.io/hostname".to_owned(),
            ratios: ratios.iter().map(|(role, ratio)| ((*role).to_owned(), *ratio)).collect(),
            batch_mode: BatchMode::Parallel,
            exclusive: Exclusive::None,
            placement: Placement::Affinity,
            timeout_seconds: None,
            on_timeout: OnTimeout::Wait,
        }
    }

    fn member(role: &str, ratio: u32, affinity: AffinityScheduling) -> (String, Member, String) {
        let member = Member {
            by: By::Annotation,
            group: "pd".to_owned(),
            coordination: "pd".to_owned(),
            role: role.to_owned(),
            source: Source::Annotation,
            ratio,
            placing: affinity,
            id: id("a", "pd", "pd"),
        };
        ("a".to_owned(), member, format!("the {role}"))
    }

    #[test]
    fn templates_with_the_long_form_make_one_coordination() {
        let members = vec![
            member("prefill", 2, affinity(&[("prefill", 2)])),
            member("decode", 1, affinity(&[("decode", 1)])),
            member("decode", 1, affinity(&[("decode", 1)])),
        ];
        let found = troupes(&[], members);
        let [one] = found.as_slice() else { unreachable!("{found:?}") };
        assert_eq!(one.affinity.ratios, affinity(&[("decode", 1), ("prefill", 2)]).ratios);
        assert_eq!(one.players.len(), 2);
        assert!(one.missing.is_empty() && one.contested.contains("decode"));
    }

    #[test]
    fn a_role_that_nobody_plays_is_missing() {
        let whole = affinity(&[("decode", 1), ("prefill", 2)]);
        let group = Group {
            namespace: "a".to_owned(),
            name: "pd".to_owned(),
            roles: Vec::new(),
            coordinations: vec![Coordination {
                name: "pd".to_owned(),
                roles: vec!["prefill".to_owned(), "decode".to_owned()],
                strategy: Strategy::AffinityScheduling(whole.clone()),
            }],
        };
        let found = troupes(&[group], vec![member("prefill", 2, whole)]);
        let [one] = found.as_slice() else { unreachable!("{found:?}") };
        assert_eq!(one.missing, ["decode".to_owned()].into());
    }
}
