//! What volume claims answer to `volume/CLAIM`: a claim and its volume are two objects.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use placecard_feasibility::inventory::volume::Volume;
use placecard_findings::ObjectRef;
use serde_json::Value;

use crate::read;
use crate::snapshot;
use crate::surroundings::{Answer, Reference};

/// The answers of all PersistentVolumeClaims among the objects, by their PersistentVolumes
/// (`spec.volumeName` and `spec.nodeAffinity.required`, core/v1). `namespace` stands for an absent
/// `metadata.namespace`.
pub fn answers(
    objects: impl Iterator<Item = impl Borrow<Value>>,
    namespace: &str,
) -> Vec<(Reference, Answer)> {
    let mut claims = Vec::new();
    let mut volumes = BTreeMap::new();
    for object in objects {
        let object = object.borrow();
        let Some(reference) = read::reference(object).filter(counts) else { continue };
        if reference.kind == VOLUME {
            volumes.insert(reference.name, volume(object));
        } else {
            let volume = object.pointer("/spec/volumeName").and_then(Value::as_str);
            claims.push((reference, volume.unwrap_or_default().to_owned()));
        }
    }
    let mut answers = Vec::new();
    for (claim, volume) in claims {
        let at = if claim.namespace.is_empty() { namespace.to_owned() } else { claim.namespace };
        let answer = match volumes.get(&volume) {
            _ if volume.is_empty() => Answer::Unbound,
            Some(Some(volume)) => Answer::Volume(Box::new(volume.clone())),
            _ => Answer::BoundTo(volume),
        };
        answers.push((Reference::Claim { namespace: at, name: claim.name }, answer));
    }
    answers
}

const VOLUME: &str = "PersistentVolume";

/// Whether an object is one of those whose answers are made here.
#[must_use]
pub fn counts(object: &ObjectRef) -> bool {
    object.api_version == "v1" && ["PersistentVolumeClaim", VOLUME].contains(&object.kind.as_str())
}

/// A PersistentVolume; `None` if it has a field that cannot be read.
#[must_use]
pub fn volume(object: &Value) -> Option<Volume> {
    snapshot::volume_of(object)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_claim_is_where_its_volume_is() {
        let claim = |name: &str, volume: Value| {
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": {"name": name, "namespace": "shop"}, "spec": {"volumeName": volume}})
        };
        let term =
            json!({"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]});
        let objects = [
            claim("bound", json!("pv-a")),
            claim("anywhere", json!("pv-net")),
            claim("waiting", json!(null)),
            claim("elsewhere", json!("pv-unknown")),
            json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv-net"}}),
            json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv-a"},
                "spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}}}),
        ];
        let answers = answers(objects.iter(), "");
        let of = |name: &str| {
            let reference = Reference::Claim { namespace: "shop".into(), name: name.into() };
            answers.iter().find(|(asked, _)| *asked == reference).map(|(_, answer)| answer)
        };
        let Some(Answer::Volume(bound)) = of("bound") else { panic!() };
        assert_eq!(bound.node_affinity.as_ref().map(Vec::len), Some(1));
        let Some(Answer::Volume(anywhere)) = of("anywhere") else { panic!() };
        assert_eq!((anywhere.name.as_str(), &anywhere.node_affinity), ("pv-net", &None));
        assert_eq!(of("waiting"), Some(&Answer::Unbound));
        assert_eq!(of("elsewhere"), Some(&Answer::BoundTo("pv-unknown".into())));
    }
}
