//! The spread constraints of a pod that has none of its own.
//!
//! Semantics: `buildDefaultConstraints` of `plugins/podtopologyspread/common.go` and
//! `DefaultSelector` of `plugins/helper/spread.go`.

use std::borrow::Cow;

use crate::inventory::Inventory;
use crate::inventory::kind::Kind;
use crate::inventory::pod::{Owner, Pod, TopologySpread, WhenUnsatisfiable};
use crate::label::Labels;
use crate::profile::Profile;
use crate::selector::{Selector, selector_flaw};

/// The constraints by which the pod is spread: its own or, if it has none, those of the profile
/// with the selector of its services and its controller.
#[must_use]
pub fn constraints<'a>(
    inventory: &Inventory,
    pod: &'a Pod,
    profile: &Profile,
) -> Cow<'a, [TopologySpread]> {
    if !pod.spread.is_empty() || profile.default_spread.constraints.is_empty() {
        return Cow::Borrowed(&pod.spread);
    }
    let selector = default_selector(inventory, pod);
    if selector.is_everything() {
        return Cow::Borrowed(&[]);
    }
    // With more selectors fewer pods count, so no node is rejected while some are unknown.
    let of_owner = pod.owner.as_deref().and_then(kind_of);
    let kinds = [Some(Kind::Service), of_owner];
    let open = kinds.into_iter().flatten().any(|kind| inventory.is_unknown(kind));
    let rejects = |one: &TopologySpread| one.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule;
    let constraints = profile.default_spread.constraints.iter();
    let constraints = constraints.filter(|one| !(open && rejects(one)));
    let with_selector =
        |one: &TopologySpread| TopologySpread { selector: Some(selector.clone()), ..one.clone() };
    Cow::Owned(constraints.map(with_selector).collect())
}

/// The kind of the controllers by which the scheduler spreads pods.
fn kind_of(owner: &Owner) -> Option<Kind> {
    match (owner.api_version.as_str(), owner.kind.as_str()) {
        ("v1", "ReplicationController") => Some(Kind::ReplicationController),
        ("apps/v1", "ReplicaSet") => Some(Kind::ReplicaSet),
        ("apps/v1", "StatefulSet") => Some(Kind::StatefulSet),
        _ => None,
    }
}

/// What the pods of its services and its controller have in common: everything, if it has neither.
#[must_use]
pub fn default_selector(inventory: &Inventory, pod: &Pod) -> Selector {
    let mut labels = Labels::new();
    let first = (pod.namespace.clone(), String::new());
    let services = inventory.services.range(first..);
    for (_, selector) in services.take_while(|((namespace, _), _)| *namespace == pod.namespace) {
        if selector.iter().all(|(key, value)| pod.labels.get(key) == Some(value)) {
            labels.extend(selector.clone());
        }
    }
    let owner = pod.owner.as_deref();
    let kind = owner.and_then(kind_of);
    let (Some(owner), Some(kind)) = (owner, kind) else {
        return Selector::from_labels(&labels);
    };
    let name = (pod.namespace.clone(), owner.name.clone());
    let Some(Some(controller)) = inventory.controllers.get(&(kind, name)) else {
        return Selector::from_labels(&labels);
    };
    if kind == Kind::ReplicationController {
        // Its selector is a map, whose values win.
        labels.extend(controller.requirements.iter().filter_map(|one| {
            let value = one.values.first()?;
            Some((one.key.clone(), value.clone()))
        }));
        return Selector::from_labels(&labels);
    }
    let mut selector = Selector::from_labels(&labels);
    if controller.requirements.iter().all(|one| selector_flaw(one).is_none()) {
        selector.requirements.extend(controller.requirements.iter().cloned());
    }
    selector
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirement::Requirement;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn name(namespace: &str, name: &str) -> (String, String) {
        (namespace.to_owned(), name.to_owned())
    }

    #[test]
    fn services_and_the_controller_say_which_pods_belong_together() {
        let mut inventory = Inventory::default();
        let services = [
            ("a", "web", labels(&[("app", "web")])),
            ("a", "other", labels(&[("app", "api")])),
            ("a", "all", labels(&[])),
            ("b", "tier", labels(&[("tier", "front")])),
        ];
        for (namespace, service, selector) in services {
            inventory.services.insert(name(namespace, service), selector);
        }
        let set = Selector { requirements: vec![Requirement::exists("hash")] };
        let key = (Kind::ReplicaSet, name("a", "web-1"));
        inventory.controllers.insert(key, Some(set));
        let key = (Kind::ReplicationController, name("a", "web-1"));
        inventory.controllers.insert(key, Some(Selector::from_labels(&labels(&[("app", "x")]))));
        let owner = |api_version: &str, kind: &str, name: &str| Owner {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
        };
        let web = Requirement::one_of("app", &["web"]);
        let table = [
            ("a", None, vec![web.clone()]),
            ("b", None, vec![Requirement::one_of("tier", &["front"])]),
            ("c", None, vec![]),
            (
                "a",
                Some(owner("apps/v1", "ReplicaSet", "web-1")),
                vec![web.clone(), Requirement::exists("hash")],
            ),
            ("a", Some(owner("apps/v1", "ReplicaSet", "gone")), vec![web.clone()]),
            ("a", Some(owner("v1", "ReplicaSet", "web-1")), vec![web]),
            (
                "a",
                Some(owner("v1", "ReplicationController", "web-1")),
                vec![Requirement::one_of("app", &["x"])],
            ),
        ];
        for (namespace, owner, expected) in table {
            let labels = labels(&[("app", "web"), ("tier", "front")]);
            let pod = Pod {
                namespace: namespace.into(),
                labels: labels.into(),
                owner: owner.map(Into::into),
                ..Pod::default()
            };
            let found = default_selector(&inventory, &pod).requirements;
            assert_eq!(found, expected, "{pod:?}");
            let constraints = constraints(&inventory, &pod, &Profile::default());
            assert_eq!(constraints.len(), if expected.is_empty() { 0 } else { 2 });
        }
    }
}
