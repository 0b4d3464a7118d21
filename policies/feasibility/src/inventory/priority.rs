//! Priority classes.
//!
//! Semantics: `plugin/pkg/admission/priority`, `pkg/apis/scheduling/v1/helpers.go`.

use std::collections::BTreeMap;

use crate::inventory::pod::Pod;

/// A priority class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriorityClass {
    /// `metadata.name`.
    pub name: String,
    /// `value`.
    pub value: i32,
    /// `globalDefault`: what pods get that name no class.
    pub global_default: bool,
    /// `preemptionPolicy: Never`: its pods wait instead of preempting.
    pub never_preempts: bool,
}

/// The classes that every server has, and their values.
const SYSTEM: [(&str, i32); 2] =
    [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];

/// What the admission of a pod finds of its priority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prioritised {
    /// The pod has its priority, from this class or from none.
    Resolved {
        /// The class.
        class: Option<String>,
    },
    /// The class it names does not exist: it would be refused.
    NoSuchClass(String),
    /// `spec.priority` or `spec.preemptionPolicy` contradicts the class: it would be refused.
    Contradicts {
        /// The class, or the priority 0 of no class.
        class: Option<String>,
        /// What the class says.
        value: i32,
    },
}

/// Gives a new pod its priority: of the class that it names, otherwise of the global default (the
/// lowest, if there are several), otherwise 0. A pod that cannot be resolved stays as it is.
pub fn prioritise(pod: &mut Pod, classes: &BTreeMap<String, PriorityClass>) -> Prioritised {
    let system = SYSTEM.iter().find(|(name, _)| *name == pod.priority_class);
    let class = if pod.priority_class.is_empty() {
        let defaults = classes.values().filter(|class| class.global_default);
        defaults.min_by_key(|class| class.value).cloned()
    } else {
        match (classes.get(&pod.priority_class), system) {
            (Some(class), _) => Some(class.clone()),
            (None, Some((name, value))) => Some(PriorityClass {
                name: (*name).to_owned(),
                value: *value,
                ..PriorityClass::default()
            }),
            (None, None) => return Prioritised::NoSuchClass(pod.priority_class.clone()),
        }
    };
    let value = class.as_ref().map_or(0, |class| class.value);
    let never = class.as_ref().is_some_and(|class| class.never_preempts);
    let name = class.map(|class| class.name);
    if (pod.has_priority && pod.priority != value) || (pod.never_preempts && !never) {
        return Prioritised::Contradicts { class: name, value };
    }
    pod.priority = value;
    pod.has_priority = true;
    pod.never_preempts = never;
    if let Some(name) = &name {
        pod.priority_class.clone_from(name);
    }
    Prioritised::Resolved { class: name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::pod::PodSpec;

    fn classes() -> BTreeMap<String, PriorityClass> {
        let class = |name: &str, value, global_default, never_preempts| PriorityClass {
            name: name.to_owned(),
            value,
            global_default,
            never_preempts,
        };
        let all = [
            class("high", 1000, false, false),
            class("patient", 500, false, true),
            class("usual", 10, true, false),
            class("usual-too", 20, true, false),
        ];
        all.into_iter().map(|class| (class.name.clone(), class)).collect()
    }

    #[test]
    fn a_pod_gets_the_priority_of_its_class_or_of_the_default() {
        let pod = |class: &str| Pod {
            spec: PodSpec { priority_class: class.to_owned(), ..PodSpec::default() }.into(),
            ..Pod::default()
        };
        for (class, value, never) in [
            ("high", 1000, false),
            ("patient", 500, true),
            ("", 10, false),
            ("system-node-critical", 2_000_001_000, false),
        ] {
            let mut pod = pod(class);
            let found = prioritise(&mut pod, &classes());
            assert!(
                matches!(found, Prioritised::Resolved { class: Some(_) }),
                "{class}: {found:?}"
            );
            assert_eq!((pod.priority, pod.never_preempts), (value, never), "{class}");
            // Once more changes nothing.
            let before = pod.clone();
            prioritise(&mut pod, &classes());
            assert_eq!(pod, before);
        }
        let mut plain = pod("");
        assert_eq!(prioritise(&mut plain, &BTreeMap::new()), Prioritised::Resolved { class: None });
        assert_eq!(plain.priority, 0);
    }

    #[test]
    fn a_class_that_does_not_exist_and_a_priority_of_ones_own_are_refused() {
        let mut pod = Pod {
            spec: PodSpec { priority_class: "hihg".to_owned(), ..PodSpec::default() }.into(),
            ..Pod::default()
        };
        let refused = Prioritised::NoSuchClass("hihg".to_owned());
        assert_eq!(prioritise(&mut pod, &classes()), refused);
        let mut pod = Pod {
            spec: PodSpec { priority: 7, has_priority: true, ..PodSpec::default() }.into(),
            ..Pod::default()
        };
        let refused = Prioritised::Contradicts { class: Some("usual".to_owned()), value: 10 };
        assert_eq!(prioritise(&mut pod, &classes()), refused);
        assert_eq!(pod.priority, 7);
    }
}
