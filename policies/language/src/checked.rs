//! The checked vocabulary, ready for lookup.

use std::collections::BTreeMap;

use crate::affinity::ObjectId;
use crate::intent::{Level, Selector};
use crate::vocabulary::{
    Guard, Inventory, LevelSpec, Limits, NamespaceSet, NodeTemplate, Toleration, WorkloadSpec,
};

/// The node label of the level `node`.
pub const HOSTNAME: &str = "kubernetes.io/hostname";
/// The node label of the level `zone`, unless the vocabulary has another.
pub const ZONE: &str = "topology.kubernetes.io/zone";
/// The node label of the level `region`, unless the vocabulary has another.
pub const REGION: &str = "topology.kubernetes.io/region";

/// What the words mean in one cluster. The default is a cluster without a vocabulary: the levels
/// region, zone and node by their well-known labels, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Broad to narrow; `node` is there, and last.
    pub levels: Vec<LevelSpec>,
    /// The level meant by a bare service id of a typed entry.
    pub service_domain: Option<String>,
    /// By name.
    pub pools: BTreeMap<String, Group>,
    /// By name.
    pub trust_domains: BTreeMap<String, Group>,
    /// By name; without guard and tolerations.
    pub resources: BTreeMap<String, Group>,
    /// The names of resources by the ids that typed entries use.
    pub resource_ids: BTreeMap<ObjectId, String>,
    /// Custom resources that hold pod templates.
    pub workloads: Vec<WorkloadSpec>,
    /// What rules may ask for.
    pub limits: Limits,
    /// Users that may bind pods.
    pub schedulers: Vec<String>,
    /// Namespaces whose pods may tolerate guards.
    pub agents: Option<NamespaceSet>,
    /// Whether other node types may come.
    pub inventory: Inventory,
    /// Node groups that may scale from zero.
    pub node_templates: Vec<NodeTemplate>,
}

/// A named group of nodes: a pool, a trust domain or a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Its nodes.
    pub nodes: Selector,
    /// What comes with the word: the pool's tolerations and that of its guard.
    pub tolerations: Vec<Toleration>,
    /// The taint that keeps others out.
    pub guard: Option<Guard>,
    /// Who may use the word; absent: everybody.
    pub allowed_namespaces: Option<NamespaceSet>,
    /// The word is on its way out.
    pub deprecated: bool,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            levels: vec![
                level_spec("region", REGION),
                level_spec("zone", ZONE),
                level_spec("node", HOSTNAME),
            ],
            service_domain: None,
            pools: BTreeMap::new(),
            trust_domains: BTreeMap::new(),
            resources: BTreeMap::new(),
            resource_ids: BTreeMap::new(),
            workloads: Vec::new(),
            limits: Limits::default(),
            schedulers: Vec::new(),
            agents: None,
            inventory: Inventory::Open,
            node_templates: Vec::new(),
        }
    }
}

pub(crate) fn level_spec(name: &str, key: &str) -> LevelSpec {
    LevelSpec { name: name.to_owned(), key: key.to_owned(), format: None, deprecated: false }
}

impl Words {
    /// The vocabulary's level of this name.
    #[must_use]
    pub fn level(&self, name: &str) -> Option<&LevelSpec> {
        self.levels.iter().find(|level| level.name == name)
    }

    /// The names of all levels, broad to narrow.
    #[must_use]
    pub fn level_names(&self) -> Vec<String> {
        self.levels.iter().map(|level| level.name.clone()).collect()
    }

    /// The level `node`, which every vocabulary has.
    #[must_use]
    pub fn node_level() -> Level {
        Level { name: "node".to_owned(), key: HOSTNAME.to_owned() }
    }
}

/// What is known of the namespace of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceFacts {
    /// Its name.
    pub name: String,
    /// Its labels; `None`: not known here.
    pub labels: Option<BTreeMap<String, String>>,
}

/// Whether a namespace belongs to a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Admits {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// Its name or its labels are not known.
    Unknown,
}

impl NamespaceSet {
    /// Whether the set holds the namespace: by its name, or because it carries all of the labels.
    #[must_use]
    pub fn admits(&self, namespace: Option<&NamespaceFacts>) -> Admits {
        let Some(namespace) = namespace else {
            return Admits::Unknown;
        };
        if self.names.contains(&namespace.name) {
            return Admits::Yes;
        }
        if self.match_labels.is_empty() {
            return Admits::No;
        }
        match &namespace.labels {
            None => Admits::Unknown,
            Some(labels) => {
                let all =
                    self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value));
                if all { Admits::Yes } else { Admits::No }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(name: &str, labels: Option<&[(&str, &str)]>) -> NamespaceFacts {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
        };
        NamespaceFacts { name: name.to_owned(), labels: labels.map(map) }
    }

    #[test]
    fn a_set_admits_by_name_or_by_all_labels() {
        let set = NamespaceSet {
            names: vec!["inference".into()],
            match_labels: [("team".to_owned(), "ml".to_owned())].into(),
        };
        let by_name = NamespaceSet { match_labels: BTreeMap::new(), ..set.clone() };
        for (namespace, with_labels, name_alone) in [
            (Some(facts("inference", None)), Admits::Yes, Admits::Yes),
            (Some(facts("web", Some(&[("team", "ml"), ("a", "b")]))), Admits::Yes, Admits::No),
            (Some(facts("web", Some(&[("team", "web")]))), Admits::No, Admits::No),
            (Some(facts("web", Some(&[]))), Admits::No, Admits::No),
            (Some(facts("web", None)), Admits::Unknown, Admits::No),
            (None, Admits::Unknown, Admits::Unknown),
        ] {
            assert_eq!(set.admits(namespace.as_ref()), with_labels, "{namespace:?}");
            assert_eq!(by_name.admits(namespace.as_ref()), name_alone, "{namespace:?}");
        }
    }

    #[test]
    fn without_a_vocabulary_there_are_three_levels() {
        let words = Words::default();
        assert_eq!(words.level_names(), ["region", "zone", "node"]);
        assert_eq!(words.level("zone").map(|level| level.key.as_str()), Some(ZONE));
        assert_eq!(words.level("rack"), None);
    }
}
