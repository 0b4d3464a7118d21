//! What an expansion adds to a pod spec: one list for the linter's text edits and the webhook's patch.

use k8s_openapi::api::core::v1::{
    NodeSelectorTerm, PodAffinityTerm, PreferredSchedulingTerm, Toleration,
    TopologySpreadConstraint, WeightedPodAffinityTerm,
};
use serde_json::Value;

use crate::object::PodSpec;

/// One change of a pod spec.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The required node terms become these.
    RequiredNodeTerms(Vec<NodeSelectorTerm>),
    /// One more preferred node term.
    PreferredNodeTerm(PreferredSchedulingTerm),
    /// The required pod affinity term.
    PodAffinity(PodAffinityTerm),
    /// One more preferred pod affinity term.
    PreferredPodAffinity(WeightedPodAffinityTerm),
    /// One more required pod anti-affinity term.
    PodAntiAffinity(PodAffinityTerm),
    /// One more preferred pod anti-affinity term.
    PreferredPodAntiAffinity(WeightedPodAffinityTerm),
    /// One more topology spread constraint.
    Spread(TopologySpreadConstraint),
    /// One more toleration, at the end.
    Toleration(Toleration),
    /// The toleration at this index is replaced.
    ReplaceToleration(usize, Toleration),
    /// One more scheduling gate, by its name.
    SchedulingGate(String),
    /// The scheduling group, by the name of its PodGroup.
    SchedulingGroup(String),
}

/// A change in the form of a document: where, and what.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// Keys from the pod spec to the list, or to the field that is set.
    pub list: &'static [&'static str],
    /// What happens there.
    pub action: Action,
    /// The element or the whole value, as the API writes it.
    pub value: Value,
}

/// What an edit does to its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The whole list is replaced (or created).
    Set,
    /// One element is added at the end (of a list that may not exist yet).
    Append,
    /// The element at this index is replaced.
    Replace(usize),
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

impl Change {
    /// The change in the form of a document.
    #[must_use]
    pub fn edit(&self) -> Edit {
        let append = |list, value| Edit { list, action: Action::Append, value };
        match self {
            Self::RequiredNodeTerms(terms) => Edit {
                list: &["affinity", "nodeAffinity", REQUIRED, "nodeSelectorTerms"],
                action: Action::Set,
                value: json(terms),
            },
            Self::PreferredNodeTerm(term) => {
                append(&["affinity", "nodeAffinity", PREFERRED], json(term))
            }
            Self::PodAffinity(term) => append(&["affinity", "podAffinity", REQUIRED], json(term)),
            Self::PreferredPodAffinity(term) => {
                append(&["affinity", "podAffinity", PREFERRED], json(term))
            }
            Self::PodAntiAffinity(term) => {
                append(&["affinity", "podAntiAffinity", REQUIRED], json(term))
            }
            Self::PreferredPodAntiAffinity(term) => {
                append(&["affinity", "podAntiAffinity", PREFERRED], json(term))
            }
            Self::Spread(constraint) => append(&["topologySpreadConstraints"], json(constraint)),
            Self::Toleration(toleration) => append(&["tolerations"], json(toleration)),
            Self::SchedulingGate(name) => {
                append(&["schedulingGates"], serde_json::json!({"name": name}))
            }
            Self::SchedulingGroup(name) => Edit {
                list: &["schedulingGroup"],
                action: Action::Set,
                value: serde_json::json!({"podGroupName": name}),
            },
            Self::ReplaceToleration(index, toleration) => Edit {
                list: &["tolerations"],
                action: Action::Replace(*index),
                value: json(toleration),
            },
        }
    }

    /// Makes the change in the typed fields.
    pub fn apply(&self, spec: &mut PodSpec) {
        match self {
            Self::Spread(constraint) => spec.spread.push(constraint.clone()),
            Self::Toleration(toleration) => spec.tolerations.push(toleration.clone()),
            Self::SchedulingGate(name) => spec.scheduling_gates.push(name.clone()),
            Self::SchedulingGroup(name) => spec.scheduling_group.clone_from(name),
            Self::ReplaceToleration(index, toleration) => {
                if let Some(slot) = spec.tolerations.get_mut(*index) {
                    *slot = toleration.clone();
                }
            }
            Self::RequiredNodeTerms(terms) => {
                let node =
                    spec.affinity.get_or_insert_default().node_affinity.get_or_insert_default();
                node.required_during_scheduling_ignored_during_execution
                    .get_or_insert_default()
                    .node_selector_terms
                    .clone_from(terms);
            }
            Self::PreferredNodeTerm(term) => {
                let node =
                    spec.affinity.get_or_insert_default().node_affinity.get_or_insert_default();
                node.preferred_during_scheduling_ignored_during_execution
                    .get_or_insert_default()
                    .push(term.clone());
            }
            Self::PodAffinity(term) => {
                let pods =
                    spec.affinity.get_or_insert_default().pod_affinity.get_or_insert_default();
                pods.required_during_scheduling_ignored_during_execution
                    .get_or_insert_default()
                    .push(term.clone());
            }
            Self::PreferredPodAffinity(term) => {
                let pods =
                    spec.affinity.get_or_insert_default().pod_affinity.get_or_insert_default();
                pods.preferred_during_scheduling_ignored_during_execution
                    .get_or_insert_default()
                    .push(term.clone());
            }
            Self::PodAntiAffinity(term) => {
                let affinity = spec.affinity.get_or_insert_default();
                let pods = affinity.pod_anti_affinity.get_or_insert_default();
                pods.required_during_scheduling_ignored_during_execution
                    .get_or_insert_default()
                    .push(term.clone());
            }
            Self::PreferredPodAntiAffinity(term) => {
                let affinity = spec.affinity.get_or_insert_default();
                let pods = affinity.pod_anti_affinity.get_or_insert_default();
                pods.preferred_during_scheduling_ignored_during_execution
                    .get_or_insert_default()
                    .push(term.clone());
            }
        }
    }

    /// Whether it is what a required rule needs (and not merely a preference).
    #[must_use]
    pub fn is_required(&self) -> bool {
        match self {
            Self::RequiredNodeTerms(_)
            | Self::PodAffinity(_)
            | Self::PodAntiAffinity(_)
            | Self::Toleration(_)
            | Self::SchedulingGate(_)
            | Self::SchedulingGroup(_)
            | Self::ReplaceToleration(..) => true,
            Self::Spread(constraint) => constraint.when_unsatisfiable == "DoNotSchedule",
            Self::PreferredNodeTerm(_)
            | Self::PreferredPodAffinity(_)
            | Self::PreferredPodAntiAffinity(_) => false,
        }
    }
}

/// The API's JSON; its types always have one.
fn json<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Makes an edit in the JSON of a pod spec, creating what is missing on the way.
pub fn edit_value(spec: &mut Value, edit: Edit) {
    let mut at = spec;
    for key in edit.list {
        if !at.is_object() {
            *at = Value::Object(serde_json::Map::new());
        }
        let Value::Object(fields) = at else { return };
        at = fields.entry(*key).or_insert(Value::Null);
    }
    match (edit.action, at) {
        (Action::Append, Value::Array(elements)) => elements.push(edit.value),
        (Action::Append, slot) => *slot = Value::Array(vec![edit.value]),
        (Action::Replace(index), Value::Array(elements)) => {
            if let Some(element) = elements.get_mut(index) {
                *element = edit.value;
            }
        }
        (Action::Replace(_), _) => {}
        (Action::Set, slot) => *slot = edit.value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn typed_fields_and_json_change_alike() {
        let term = PodAffinityTerm { topology_key: "zone".into(), ..Default::default() };
        let weighted = WeightedPodAffinityTerm { weight: 3, pod_affinity_term: term.clone() };
        let toleration = Toleration { key: Some("gpu".into()), ..Default::default() };
        let changes = [
            Change::RequiredNodeTerms(vec![NodeSelectorTerm::default()]),
            Change::PreferredNodeTerm(PreferredSchedulingTerm { weight: 1, ..Default::default() }),
            Change::PodAffinity(term.clone()),
            Change::PreferredPodAffinity(weighted.clone()),
            Change::PodAntiAffinity(term.clone()),
            Change::PodAntiAffinity(term),
            Change::PreferredPodAntiAffinity(weighted),
            Change::Spread(TopologySpreadConstraint { max_skew: 2, ..Default::default() }),
            Change::Toleration(Toleration::default()),
            Change::ReplaceToleration(0, toleration),
            Change::SchedulingGate("a.b/c".into()),
            Change::SchedulingGroup("x-0".into()),
        ];
        let (mut typed, mut value) = (PodSpec::default(), json!({}));
        for change in &changes {
            change.apply(&mut typed);
            edit_value(&mut value, change.edit());
        }
        assert_eq!(value["affinity"], json(&typed.affinity));
        assert_eq!(value["tolerations"], json!([{"key": "gpu"}]));
        assert_eq!(value["topologySpreadConstraints"], json(&typed.spread));
        for list in ["schedulingGates", "schedulingGroup"] {
            assert_eq!(value[list], typed.lists()[list], "{list}");
        }
        assert_eq!(value["affinity"]["podAntiAffinity"][REQUIRED].as_array().unwrap().len(), 2);
    }
}
