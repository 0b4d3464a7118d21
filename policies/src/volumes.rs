//! Claims whose volumes no node reaches that the pod may use.
//!
//! A volume that is bound decides where its pods can run: the scheduler lets them only on nodes that
//! meet the volume's node affinity and its zone labels (`plugins/volumebinding`,
//! `plugins/volumezone`). What is said here holds as long as the claims stay bound as they are.

use placecard_feasibility::any_cluster::demands::node_demands;
use placecard_feasibility::any_cluster::{KnownVolume, Part, Reach};
use placecard_feasibility::contradiction::{BUDGET, DemandId, NodeVerdict, decide};
use placecard_feasibility::inventory::pod::{Pod, PodVolume};
use placecard_findings::{Finding, Site};

use crate::contradict::{By, Demands, Place, members};
use crate::expand::Expander;
use crate::native;
use crate::object::{ClaimVolume, Object, Template};
use crate::surroundings::{Answer, Reference};
use crate::words;

/// A claim of the pod, and the volume that it is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BoundClaim {
    /// Where the pod mounts it.
    pub(crate) mounted: ClaimVolume,
    /// The name of its volume.
    pub(crate) volume: String,
}

/// What has to be known about the claims of a template: nothing if nothing could be in their way. A
/// pod of a controller was judged at its workload.
pub(crate) fn references(
    object: &Object,
    template: &Template,
    has_intents: bool,
) -> Vec<Reference> {
    let spec = &template.spec;
    let own_demands = !spec.node_selector.is_empty()
        || !spec.node_name.is_empty()
        || native::required_node_terms(spec).is_some();
    let judged_before = object.is_pod() && object.controller().is_some();
    if judged_before || !(has_intents || own_demands || spec.claims.len() > 1) {
        return Vec::new();
    }
    let namespace = object.reference.namespace.clone();
    let of = |mounted: &ClaimVolume| Reference::Claim {
        namespace: namespace.clone(),
        name: mounted.name.clone(),
    };
    spec.claims.iter().filter(|mounted| !mounted.name.is_empty()).map(of).collect()
}

/// The finding if the pod's demands on its node, which some node can meet, leave none that reaches
/// its volumes too.
pub(crate) fn conflict(
    object: &Object,
    template: &Template,
    expander: &Expander<'_>,
    demands: &Demands,
) -> Option<Finding> {
    if object.is_pod() && object.controller().is_some() {
        return None;
    }
    let (bound, known) = bound_claims(template, expander);
    let mounts = known.iter().map(|one| PodVolume::Claim(one.claim.clone())).collect();
    let of_volumes = node_demands(&Pod { volumes: mounts, ..Pod::default() }, &known);
    let mut demands = demands.clone();
    let mut by_volume: Vec<(DemandId, usize)> = Vec::new();
    for (demand, part) in of_volumes.demands.iter().zip(&of_volumes.parts) {
        let (Part::VolumeNodes(index) | Part::VolumeZone(index, _)) = part else { continue };
        // What the scheduler reads as another volume's labels proves nothing.
        let Some(claim) = bound.get(*index).filter(|_| !of_volumes.is_translated(part)) else {
            continue;
        };
        let place = place(template, &claim.mounted);
        let terms = demand.terms.iter().map(|term| {
            let atoms = term.atoms.iter();
            atoms.map(|atom| (atom.field, atom.requirement.clone(), place.clone())).collect()
        });
        let terms = terms.collect();
        by_volume.push((demands.add(place, terms), *index));
    }
    if by_volume.is_empty() {
        return None;
    }
    let NodeVerdict::Contradiction(core) = decide(&demands.demands, BUDGET) else { return None };
    let claim_of = |demand: DemandId| {
        let index = by_volume.iter().find(|(id, _)| *id == demand).map(|(_, index)| *index)?;
        bound.get(index)
    };
    let namespace = expander.frame.namespace;
    let members = members(&demands, &core);
    Some(words::volumes::conflict(&object.reference, namespace, &core, &members, &claim_of))
}

fn place(template: &Template, claim: &ClaimVolume) -> Place {
    let volume = template.spec_path(&["volumes"]).index(claim.index);
    let site = Site::value(volume.key("persistentVolumeClaim").key("claimName"));
    Place { site, quote: claim.name.clone(), by: By::Volume }
}

/// The claims of the template whose volumes are known, each once.
fn bound_claims(
    template: &Template,
    expander: &Expander<'_>,
) -> (Vec<BoundClaim>, Vec<KnownVolume>) {
    let mut bound: Vec<BoundClaim> = Vec::new();
    let mut known = Vec::new();
    for mounted in &template.spec.claims {
        let reference = Reference::Claim {
            namespace: expander.frame.namespace.to_owned(),
            name: mounted.name.clone(),
        };
        let Some(Answer::Volume(volume)) = expander.surroundings.objects.get(&reference) else {
            continue;
        };
        if bound.iter().any(|other| other.mounted.name == mounted.name) {
            continue;
        }
        bound.push(BoundClaim { mounted: mounted.clone(), volume: volume.name.clone() });
        let claim = mounted.name.clone();
        known.push(KnownVolume { claim, reach: Reach::Bound(volume.clone()) });
    }
    (bound, known)
}

#[cfg(test)]
mod tests {
    use placecard_findings::Severity;
    use serde_json::{Value, json};

    use crate::admission::{Door, Operation, answer};
    use crate::surroundings::Surroundings;
    use crate::{claims, read, review};

    const ZONE: &str = "topology.kubernetes.io/zone";

    fn in_zone(zones: &[&str]) -> Value {
        let literal = json!({"key": ZONE, "operator": "In", "values": zones});
        json!({"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [literal]}]}}})
    }

    fn bound(claim: &str, volume: &str, labels: Value, spec: Value) -> [Value; 2] {
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": claim, "namespace": "shop"}, "spec": {"volumeName": volume}});
        let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": volume, "labels": labels}, "spec": spec});
        [claim, volume]
    }

    /// Claims by the zone of their volumes: `data` and `more` in eu-1b, `logs` in eu-1c, `old` with a
    /// label alone, `either` in both, `net` everywhere, `disk` where a driver of former times is.
    fn surroundings() -> Surroundings {
        let mut in_tree = in_zone(&["eu-1b"]);
        in_tree["gcePersistentDisk"] = json!({"pdName": "d"});
        let ssd = json!({"key": "disk", "operator": "In", "values": ["ssd"]});
        let ssd = json!({"nodeAffinity": {"required": {"nodeSelectorTerms": [
            {"matchExpressions": [ssd]}]}}});
        let objects = [
            bound("data", "pv-7", json!({}), in_zone(&["eu-1b"])),
            bound("more", "pv-8", json!({}), in_zone(&["eu-1b"])),
            bound("logs", "pv-9", json!({}), in_zone(&["eu-1c"])),
            bound("old", "pv-3", json!({ZONE: "eu-1b__eu-1c"}), json!({})),
            bound("either", "pv-5", json!({}), in_zone(&["eu-1b", "eu-1c"])),
            bound("net", "pv-1", json!({}), json!({})),
            bound("disk", "pv-2", json!({}), in_tree),
            bound("local", "pv-6", json!({}), ssd),
        ];
        let mut surroundings = Surroundings::default();
        for (reference, answer) in claims::answers(objects.iter().flatten(), "shop") {
            surroundings.objects.insert(reference, answer);
        }
        surroundings
    }

    fn workload(rule: &str, node_selector: Value, claims: &[&str]) -> Value {
        let volumes: Vec<Value> = claims
            .iter()
            .map(|claim| json!({"name": claim, "persistentVolumeClaim": {"claimName": claim}}))
            .collect();
        let annotations = match rule {
            "" => json!({}),
            _ => json!({"placecard.dev/require": rule}),
        };
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "ledger", "namespace": "shop"},
            "spec": {"selector": {"matchLabels": {"app": "ledger"}}, "template": {
                "metadata": {"labels": {"app": "ledger"}, "annotations": annotations},
                "spec": {"nodeSelector": node_selector, "volumes": volumes}}}})
    }

    /// Message, labels, help and how long it holds, of each finding.
    fn said(rule: &str, node_selector: Value, claims: &[&str]) -> Vec<String> {
        let surroundings = surroundings();
        let object =
            read::object(&workload(rule, node_selector, claims), &surroundings.words).unwrap();
        let review = review::review(&object, &surroundings);
        let mut said = Vec::new();
        for finding in review.findings {
            assert_eq!(finding.code.as_str(), "pv-affinity-conflict");
            assert_eq!(finding.severity, Severity::Error);
            said.push(finding.message.clone());
            let label = |label: &placecard_findings::Label| {
                format!("{} at {}: {}", label.quote, label.site.path, label.text)
            };
            said.extend(finding.labels.iter().map(label));
            said.extend(finding.help.iter().map(|help| help.text.clone()));
            said.push(finding.holds.text.clone());
        }
        said
    }

    #[test]
    fn a_rule_against_a_volume() {
        assert_eq!(
            said("on zone/eu-1a", json!({}), &["net", "data"]),
            [
                "the pods must run in zone eu-1a, their claim data is bound in eu-1b",
                "on zone/eu-1a at spec.template.metadata.annotations[placecard.dev/require]: wants zone eu-1a",
                "data at spec.template.spec.volumes[1].persistentVolumeClaim.claimName: bound to pv-7, eu-1b only",
                "follow the volume, wherever it is: on volume/data",
                "while claim shop/data is bound to pv-7",
            ]
        );
    }

    #[test]
    fn fields_labels_and_other_volumes() {
        let table: [(&str, Value, &[&str], &str); 8] = [
            (
                "",
                json!({ZONE: "eu-1a"}),
                &["old"],
                "the pods must run in zone eu-1a, their claim old is bound in eu-1b or eu-1c",
            ),
            (
                "not-on zone/eu-1b",
                json!({}),
                &["data"],
                "the pods must run in another zone than eu-1b, their claim data is bound in eu-1b",
            ),
            (
                "",
                json!({"disk": "hdd"}),
                &["local"],
                "the pods must run where disk is hdd, their claim local is bound where disk is ssd",
            ),
            (
                "",
                json!({}),
                &["data", "logs"],
                "no node can reach the volumes of claims data and logs",
            ),
            ("not-on zone/eu-1b", json!({ZONE: "eu-1c"}), &["either", "logs"], ""),
            ("on zone/eu-1b", json!({}), &["data", "more", "old", "either"], ""),
            ("on volume/data", json!({}), &["data"], ""),
            ("on zone/eu-1a", json!({}), &["disk"], ""),
        ];
        for (rule, node_selector, claims, expected) in table {
            let said = said(rule, node_selector, claims);
            assert_eq!(said.first().map_or("", String::as_str), expected, "{rule:?} {claims:?}");
        }
        // Every one of these is needed.
        let three = said("not-on zone/eu-1b", json!({}), &["either", "old", "data"]);
        assert_eq!(
            three[0],
            "the pods must run in another zone than eu-1b, their claim data is bound in eu-1b"
        );
    }

    #[test]
    fn the_webhook_warns() {
        let surroundings = surroundings();
        let object = workload("on zone/eu-1a", json!({}), &["data"]);
        let object = read::object(&object, &surroundings.words).unwrap();
        let asked = review::references(&object, &surroundings);
        assert!(
            asked
                .iter()
                .any(|one| matches!(one, super::Reference::Claim { name, .. } if name == "data"))
        );
        let review = review::review(&object, &surroundings);
        let admission = answer(Door::Validate, Operation::Create, (&object, &review), None);
        assert!(admission.denial.is_none());
        assert_eq!(
            admission.warnings,
            [
                "ledger: must run in zone eu-1a, but its claim data is bound in zone eu-1b [pv-affinity-conflict]"
            ]
        );
    }
}
