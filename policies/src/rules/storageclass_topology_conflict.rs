//! Volumes that are made where the pod may not go.

use placecard_feasibility::contradiction::{
    Atom, AtomId, BUDGET, Demand, DemandId, NodeVerdict, TermDemand, decide,
};
use placecard_feasibility::inventory::volume::StorageClass;
use placecard_feasibility::requirement::Requirement;
use placecard_findings::{
    Code, FieldPath, Finding, Help, Holds, Label, Severity, Site, Verdict,
};
use serde_json::Value;

use super::{Family, Sees, risk};
use crate::fields::inputs::{Inputs, TemplateFacts};
use crate::fields::{Check, FieldRule, ObjectCase};
use crate::read::below;
use crate::words;

const CODE: Code = Code::new("storageclass-topology-conflict");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Volumes,
        "volumes are made where the pods that mount them may not go",
        include_str!("storageclass_topology_conflict.md"),
        Sees::Inputs,
    ),
    check: Check::Object(check),
};

/// Provisioners whose volumes are reached from one zone or one node.
const ZONAL: &[&str] = &[
    "ebs.csi.aws.com",
    "ebs.csi.eks.amazonaws.com",
    "kubernetes.io/aws-ebs",
    "pd.csi.storage.gke.io",
    "kubernetes.io/gce-pd",
    "disk.csi.azure.com",
    "kubernetes.io/azure-disk",
    "cinder.csi.openstack.org",
    "kubernetes.io/cinder",
    "kubernetes.io/no-provisioner",
    "csi.hetzner.cloud",
    "topolvm.io",
    "rancher.io/local-path",
];

/// Labels that say where a node is.
const PLACES: &[&str] = &[
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "kubernetes.io/hostname",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
];

/// A claim of the pods, and where it is named.
struct Mounted {
    claim: String,
    class: Option<String>,
    site: Site,
}

/// With `Immediate`, the default, a volume has its place before the scheduler looks at the pod
/// (storage.k8s.io/v1 StorageClass `volumeBindingMode`); `allowedTopologies` bounds it in any mode.
fn check(case: &ObjectCase<'_>, findings: &mut Vec<Finding>) {
    if case.object.templates.is_empty() || !case.surroundings.inputs.has_classes() {
        return;
    }
    let Some(inputs) = case.surroundings.inputs.all() else { return };
    for template in &case.object.templates {
        let Some(facts) = inputs.of(&case.object.reference, &template.path) else { continue };
        let mut seen = std::collections::BTreeSet::new();
        for mounted in mounted(case, inputs, template) {
            let name = mounted.class.as_ref().or(inputs.default_class.as_ref());
            let Some(class) = name.and_then(|name| inputs.classes.get(name)) else { continue };
            if !facts.is_whole || !seen.insert(&class.name) {
                continue;
            }
            if excludes(class, facts) {
                findings.push(conflict(case, &mounted, class));
            } else if !class.waits
                && ZONAL.contains(&class.provisioner.as_str())
                && class.allowed_topologies.is_empty()
                && let Some(key) = place_rule(facts)
            {
                findings.push(too_early(case, &mounted, class, key));
            }
        }
    }
}

/// The claims that are mounted and have no volume yet.
fn mounted(
    case: &ObjectCase<'_>,
    inputs: &Inputs,
    template: &crate::object::Template,
) -> Vec<Mounted> {
    let namespace = &case.object.reference.namespace;
    let named = template.spec.claims.iter().filter_map(|claim| {
        let facts = inputs.claims.get(&(namespace.clone(), claim.name.clone()))?;
        let path = template.spec_path(&["volumes"]).index(claim.index);
        (!facts.is_bound).then(|| Mounted {
            claim: claim.name.clone(),
            class: facts.class.clone(),
            site: Site::value(path.keys(&["persistentVolumeClaim", "claimName"])),
        })
    });
    let made = case.written.and_then(|written| below(written, &["spec", "volumeClaimTemplates"]));
    let made = made.and_then(Value::as_array).into_iter().flatten().enumerate();
    let made = made.filter_map(|(index, claim)| {
        let path = FieldPath::of(&["spec", "volumeClaimTemplates"]).index(index);
        Some(Mounted {
            claim: claim.pointer("/metadata/name")?.as_str()?.to_owned(),
            class: claim.pointer("/spec/storageClassName").and_then(Value::as_str).map(str::to_owned),
            site: Site::value(path.keys(&["metadata", "name"])),
        })
    });
    named.chain(made).collect()
}

/// Whether no node that the rules admit is where volumes of the class may be.
fn excludes(class: &StorageClass, facts: &TemplateFacts) -> bool {
    let written = |terms: &[Vec<Requirement>]| Demand {
        id: DemandId(u32::MAX),
        terms: terms
            .iter()
            .map(|term| TermDemand {
                atoms: term
                    .iter()
                    .map(|one| Atom { id: AtomId(u32::MAX), field: false, requirement: one.clone() })
                    .collect(),
            })
            .collect(),
    };
    let clash = |demands: &[Demand]| matches!(decide(demands, BUDGET), NodeVerdict::Contradiction(_));
    if class.allowed_topologies.is_empty() || clash(&facts.demands) {
        return false;
    }
    let mut all = facts.demands.clone();
    all.push(written(&class.allowed_topologies));
    clash(&all)
}

/// A label of the place of nodes that the pod's node rules name.
fn place_rule(facts: &TemplateFacts) -> Option<&str> {
    let terms = facts.demands.iter().flat_map(|demand| &demand.terms);
    let mut keys = terms.flat_map(|term| &term.atoms).filter(|atom| {
        // A topology key asks for the label alone.
        !atom.field && !atom.requirement.values.is_empty()
    });
    let found = keys.find(|atom| PLACES.contains(&atom.requirement.key.as_str()))?;
    Some(found.requirement.key.as_str())
}

fn conflict(case: &ObjectCase<'_>, mounted: &Mounted, class: &StorageClass) -> Finding {
    let message = "the pods may not go where the volumes of their claim are made";
    let text = format!("class {} makes it elsewhere", class.name);
    let mut finding = finding(case, mounted, message, text);
    let is_closed = case.surroundings.inputs.all().is_some_and(|inputs| inputs.is_closed());
    finding.severity = if is_closed { Severity::Error } else { Severity::Warning };
    finding.why = Some("no node meets both its node rules and allowedTopologies of the class".into());
    finding.help = vec![Help::text("a class whose allowedTopologies the node rules admit")];
    finding.holds = Holds::objects(format!("while class {} is as it was read", class.name));
    finding
}

fn too_early(case: &ObjectCase<'_>, mounted: &Mounted, class: &StorageClass, key: &str) -> Finding {
    let message = "the volume is made before it is known where the pod may go";
    let text = format!("class {} makes it at once", class.name);
    let mut finding = finding(case, mounted, message, text);
    let level = words::level(key);
    finding.why = Some(format!("it may be made in another {level} than the node rules allow"));
    finding.help = vec![Help::text("volumeBindingMode: WaitForFirstConsumer in a class of its own")];
    finding.holds = Holds::objects(format!("while class {} is as it was read", class.name));
    finding
}

fn finding(case: &ObjectCase<'_>, mounted: &Mounted, message: &str, text: String) -> Finding {
    let label = Label::new(mounted.site.clone(), text).quoting(mounted.claim.clone());
    let object = case.object.reference.clone();
    let mut finding = Finding::new(CODE, Verdict::Risk, object, message, label);
    finding.severity = Severity::Warning;
    finding
}
