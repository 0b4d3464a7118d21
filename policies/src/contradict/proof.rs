//! Certificates of contradictions of one pod, each verified before it is handed on.
//!
//! They are about the pod as its rules mean it: all required terms of its rules are multiplied into
//! its node affinity as they are, also where the expander writes nothing because no node is left.

use std::collections::BTreeSet;

use placecard_feasibility::any_cluster::{
    AnyCluster, Contradiction, Part, decide, decide_on_kubelets,
};
use placecard_feasibility::certificate::{
    Argument, Axiom, Certificate, Manifest, OneReplica, verify, verify_pod,
};
use placecard_feasibility::contradiction::{Core, Demand, TermDemand};
use placecard_feasibility::inventory::pod::{Pod, PodSpec, WhenUnsatisfiable};
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::pod_affinity::{AffinityTerm, PodContradiction, TermId};
use placecard_feasibility::selector::Selector;
use placecard_findings::Label;

use super::{By, Demands, index, pod_term};
use crate::bounds::{Subject, autoscaler, manifest, with_subject};
use crate::native;
use crate::object::Object;
use crate::surroundings::Surroundings;

/// The most terms of node affinity that a certificate speaks of.
const MOST_TERMS: usize = 256;

/// A server before kubernetes#141526. What holds on it alone is no proof by logic, and its
/// certificate says so.
pub(super) fn semantics() -> Semantics {
    Semantics::of_minor(34)
}

/// What the checker of a certificate about one pod sees of an object's only template. `volumes`:
/// the certificate assumes that other objects are as they were read, so that rules count which
/// follow a volume. `None` if the terms of its rules are too many.
#[must_use]
pub fn pod_of(object: &Object, surroundings: &Surroundings, volumes: bool) -> Option<Pod> {
    with_subject(object, surroundings, |subject| pod(subject, volumes))?
}

fn pod(subject: &Subject<'_>, volumes: bool) -> Option<Pod> {
    let Subject { template, frame, spec, demands, .. } = subject;
    let near = native::required_affinity(spec).iter().map(|one| pod_term(one, frame.labels).term);
    let apart = native::required_anti_affinity(spec).iter().map(|one| {
        let one = pod_term(one, frame.labels);
        // A key whose value is not known makes a term mean fewer pods: none, to be sure.
        let known = one.match_keys.is_empty() && one.mismatch_keys.is_empty();
        let selector = one.term.selector.filter(|_| known);
        AffinityTerm { selector, ..one.term }
    });
    let written = &template.spec;
    let mut pod = manifest(subject, 1, None).pod;
    pod.node = (!written.node_name.is_empty()).then(|| written.node_name.as_str().into());
    pod.node_selector = written.node_selector.clone();
    pod.node_affinity = node_affinity(demands, volumes)?;
    pod.affinity = near.collect();
    pod.anti_affinity = apart.collect();
    Some(pod)
}

/// The product of all terms; `None`: too many.
fn node_affinity(demands: &Demands, volumes: bool) -> Option<Option<Vec<NodeTerm>>> {
    let meant = |demand: &&Demand| {
        demands.parts.get(&demand.id) == Some(&Part::NodeAffinity)
            && (volumes || !demands.follows_a_volume(demand.id))
    };
    let mut product: Option<Vec<NodeTerm>> = None;
    for demand in demands.demands.iter().filter(meant) {
        let terms: Vec<NodeTerm> = demand.terms.iter().map(node_term).collect();
        let Some(before) = product else {
            product = Some(terms);
            continue;
        };
        if before.len().saturating_mul(terms.len()) > MOST_TERMS {
            return None;
        }
        product = Some(before.iter().flat_map(|a| terms.iter().map(|b| both(a, b))).collect());
    }
    Some(product)
}

fn node_term(term: &TermDemand) -> NodeTerm {
    let mut found = NodeTerm::default();
    for atom in &term.atoms {
        let list = if atom.field { &mut found.fields } else { &mut found.expressions };
        list.push(atom.requirement.clone());
    }
    found
}

/// An empty term holds nowhere, whatever it is put together with.
fn both(a: &NodeTerm, b: &NodeTerm) -> NodeTerm {
    if *a == NodeTerm::default() || *b == NodeTerm::default() {
        return NodeTerm::default();
    }
    NodeTerm {
        expressions: [a.expressions.as_slice(), &b.expressions].concat(),
        fields: [a.fields.as_slice(), &b.fields].concat(),
    }
}

/// The certificate of a core of node demands.
pub(super) fn of_nodes(
    subject: &Subject<'_>,
    core: &Core,
    labels: &[Label],
) -> Option<Certificate> {
    let volumes = core.demands.iter().any(|demand| subject.demands.follows_a_volume(*demand));
    let mut certificate =
        of_demands(subject, (subject.demands, core), labels, volumes, contradiction)?;
    if volumes {
        certificate.assume.insert(Axiom::OtherObjects);
    }
    Some(certificate)
}

/// The certificate of a core of node demands together with what kubelets write on nodes.
pub(super) fn of_kubelets(
    subject: &Subject<'_>,
    demands: &Demands,
    core: &Core,
    labels: &[Label],
) -> Option<Certificate> {
    of_demands(subject, (demands, core), labels, false, decide_on_kubelets)
}

fn of_demands(
    subject: &Subject<'_>,
    (demands, core): (&Demands, &Core),
    labels: &[Label],
    volumes: bool,
    decide: impl Fn(&Pod) -> Option<Contradiction>,
) -> Option<Certificate> {
    let pod = pod(subject, volumes)?;
    let parts = core.demands.iter().filter_map(|demand| demands.parts.get(demand));
    let parts: BTreeSet<&Part> = parts.collect();
    let found = decide(&only_nodes(&pod, &parts))?;
    let mut pointers = pointers(labels);
    if parts != found.parts.iter().collect() {
        // Another clash in the same fields: all of them are named.
        let of_parts = |one: &&Demand| {
            demands.parts.get(&one.id).is_some_and(|part| found.parts.contains(part))
        };
        let places = demands.demands.iter().filter(of_parts).filter_map(|d| demands.whole(d.id));
        let written = places.filter(|place| place.by != By::Kubelet);
        pointers = written.map(|place| place.site.path.pointer()).collect();
        pointers.dedup();
    }
    let certificate = Certificate::of_contradiction(found, pointers);
    verify_pod(&certificate, &pod, &[], semantics()).ok()?;
    Some(certificate)
}

/// The pod with these demands on its node, and those of its affinity's topology keys.
fn only_nodes(pod: &Pod, parts: &BTreeSet<&Part>) -> Pod {
    let mut pod = pod.clone().with(|spec| spec.anti_affinity = Vec::new());
    pod.node_selector.retain(|key, _| parts.contains(&Part::NodeSelector(key.clone())));
    if !parts.contains(&Part::NodeAffinity) {
        pod.node_affinity = None;
    }
    if !parts.contains(&Part::NodeName) {
        pod.node = None;
    }
    for (index, spread) in pod.spread.iter_mut().enumerate() {
        if !parts.contains(&Part::SpreadKey(index)) {
            spread.when_unsatisfiable = WhenUnsatisfiable::ScheduleAnyway;
        }
    }
    pod
}

fn contradiction(pod: &Pod) -> Option<Contradiction> {
    match decide(pod, &[], semantics()) {
        AnyCluster::Contradiction(found) => Some(*found),
        AnyCluster::Satisfiable(_) | AnyCluster::Undecided => None,
    }
}

/// The certificate of a contradiction among the required pod affinity and anti-affinity.
pub(super) fn of_pods(
    subject: &Subject<'_>,
    found: &PodContradiction,
    labels: &[Label],
) -> Option<Certificate> {
    let (affinity, anti): (Vec<TermId>, &[TermId]) = match found {
        PodContradiction::NilSelector { affinity } => (vec![*affinity], &[]),
        PodContradiction::NoCommonPod { clash, .. } => {
            (clash.iter().map(|atom| atom.term).collect(), &[])
        }
        PodContradiction::NoCommonNamespace { affinity } => (affinity.clone(), &[]),
        PodContradiction::CompanionRepelled { affinity, anti, .. } => (affinity.clone(), anti),
        PodContradiction::OneReplica { affinity, anti, topology_key } => {
            return of_replicas(subject, (affinity, anti, topology_key), labels);
        }
    };
    let pod = pod(subject, false)?;
    // That the pod is no companion of its own may be due to any of its terms.
    let all = matches!(found, PodContradiction::CompanionRepelled { .. });
    let chosen = |terms: &[TermId], place: usize| terms.iter().any(|term| index(term.0) == place);
    let near = pod.affinity.iter().enumerate();
    let near = near.map(|(at, one)| match all || chosen(&affinity, at) {
        true => one.clone(),
        false => AffinityTerm {
            selector: Some(Selector::everything()),
            namespaces: Vec::new(),
            namespace_selector: Some(Selector::everything()),
            topology_key: one.topology_key.clone(),
        },
    });
    let apart = pod.anti_affinity.iter().enumerate();
    let apart = apart.map(|(at, one)| {
        let selector = one.selector.clone().filter(|_| chosen(anti, at));
        AffinityTerm { selector, ..one.clone() }
    });
    let asked = Pod {
        namespace: pod.namespace.clone(),
        labels: pod.labels.clone(),
        spec: PodSpec {
            affinity: near.collect(),
            anti_affinity: apart.collect(),
            ..PodSpec::default()
        }
        .into(),
        ..Pod::default()
    };
    let certificate = Certificate::of_contradiction(contradiction(&asked)?, pointers(labels));
    verify_pod(&certificate, &pod, &[], semantics()).ok()?;
    Some(certificate)
}

/// The certificate that no node meets the demands of a core, whichever pods they are of: that of one
/// pod which asks for all of it.
pub(crate) fn of_core(demands: &Demands, core: &Core, labels: &[Label]) -> Option<Certificate> {
    let mut product: Vec<NodeTerm> = Vec::new();
    let meant = demands.demands.iter().filter(|demand| core.demands.contains(&demand.id));
    for (index, demand) in meant.enumerate() {
        let terms: Vec<NodeTerm> = demand.terms.iter().map(node_term).collect();
        if index == 0 {
            product = terms;
            continue;
        }
        if product.len().saturating_mul(terms.len()) > MOST_TERMS {
            return None;
        }
        product = product.iter().flat_map(|a| terms.iter().map(|b| both(a, b))).collect();
    }
    let pod = Pod {
        spec: PodSpec { node_affinity: Some(product), ..PodSpec::default() }.into(),
        ..Pod::default()
    };
    let AnyCluster::Contradiction(found) = decide(&pod, &[], semantics()) else { return None };
    let mut certificate = Certificate::of_contradiction(*found, pointers(labels));
    verify_pod(&certificate, &pod, &[], semantics()).ok()?;
    certificate.assume.insert(Axiom::OtherObjects);
    Some(certificate)
}

/// The certificate that the first replica is the only one.
fn of_replicas(
    subject: &Subject<'_>,
    (affinity, anti, key): (&[TermId], &[TermId], &str),
    labels: &[Label],
) -> Option<Certificate> {
    let need = subject.object.replicas.and_then(|replicas| u64::try_from(replicas).ok())?;
    let places = |terms: &[TermId]| terms.iter().map(|term| index(term.0)).collect();
    let manifest: Manifest = manifest(subject, need, None);
    let (affinity, anti) = (places(affinity), places(anti));
    let argument = Argument::OneReplica(OneReplica { key: key.to_owned(), affinity, anti, need });
    let mut core = pointers(labels);
    core.push("/spec/replicas".to_owned());
    let mut certificate = Certificate { assume: argument.needs(), core, argument };
    if autoscaler(subject).is_some() {
        // It may well be content with one.
        certificate.assume.insert(Axiom::OtherObjects);
    }
    verify(&certificate, &manifest).ok()?;
    Some(certificate)
}

/// The fields of this object that labels are at.
pub(crate) fn pointers(labels: &[Label]) -> Vec<String> {
    let here = labels.iter().filter(|label| label.site.object.is_none());
    let mut pointers: Vec<String> = here.map(|label| label.site.path.pointer()).collect();
    pointers.dedup();
    pointers
}
