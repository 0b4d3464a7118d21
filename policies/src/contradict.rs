//! Contradictions of one pod: demands that no node, and no other pod, can meet together.
//!
//! The proofs come from the label algebra; this module knows where each demand is written.

pub(crate) mod entries;
pub(crate) mod proof;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::PodAffinityTerm;
use placecard_feasibility::any_cluster::Part;
use placecard_feasibility::any_cluster::kubelet::written;
use placecard_feasibility::certificate::Certificate;
use placecard_feasibility::contradiction::{
    Atom, AtomId, BUDGET, Clash, Core, Demand, DemandId, NodeVerdict, TermDemand, decide,
};
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::pod_affinity::{self, NamedTerm, OwnPod, PodContradiction, TermId};
use placecard_feasibility::requirement::{Operator, Requirement, domain, flaw};
use placecard_feasibility::verdict::{Logic, Proof};
use placecard_findings::{Evidence, FieldPath, Finding, Holds, ObjectRef, Site};
use placecard_language::intent::{Intents, NodeDemand, NodeTarget, Origin, Relation, Strength};

use crate::bounds::{self, Subject};
use crate::expand::{self, Expander, Sources, affinity_path, source};
use crate::native::{self, PodTerm};
use crate::object::{Map, PodSpec, Template};
use crate::words;

/// Where a demand, or one requirement of it, is written.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The exact words.
    pub(crate) site: Site,
    /// The words as written.
    pub(crate) quote: String,
    /// What kind of thing makes the demand.
    pub(crate) by: By,
}

/// What makes a demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// A rule of ours, as a sentence.
    Rule,
    /// A rule of ours, as a typed entry.
    Entry,
    /// `nodeSelector`.
    NodeSelector,
    /// Hand-written node affinity.
    NodeAffinity,
    /// `nodeName`.
    NodeName,
    /// A topology key, whose label the node must carry.
    TopologyKey,
    /// A claim, whose volume the node must reach.
    Volume,
    /// Nobody: a kubelet writes it on its node.
    Kubelet,
}

/// The demands of one pod on its node, and where each requirement is written.
#[derive(Clone, Default)]
pub(crate) struct Demands {
    /// By `DemandId`.
    pub(crate) demands: Vec<Demand>,
    /// By `DemandId`.
    whole: Vec<Place>,
    /// By `AtomId`.
    atoms: Vec<Place>,
    /// Those that follow a volume: facts about other objects.
    volumes: BTreeSet<DemandId>,
    /// Those that were read off other objects as they are now.
    observed: BTreeSet<DemandId>,
    /// What each is a part of in the pod as it would be placed; unknown for those of volumes.
    parts: BTreeMap<DemandId, Part>,
}

impl Demands {
    /// The node demands of a template: those of its rules, and those of its fields.
    pub(crate) fn of(
        template: &Template,
        expander: &Expander<'_>,
        intents: &Intents,
        sources: &Sources,
        expanded: &PodSpec,
    ) -> Self {
        let mut demands = Self::default();
        rules(&mut demands, template, expander, intents);
        fields(&mut demands, template);
        topology_keys(&mut demands, template, sources, expanded);
        demands
    }

    /// What the demands say of labels, in all their terms.
    fn of_labels(&self) -> impl Iterator<Item = &Requirement> + Clone {
        let atoms = self.demands.iter().flat_map(|one| &one.terms).flat_map(|term| &term.atoms);
        atoms.filter(|atom| !atom.field).map(|atom| &atom.requirement)
    }

    /// Where the demand is written, as a whole.
    pub(crate) fn whole(&self, demand: DemandId) -> Option<&Place> {
        self.whole.get(index(demand.0))
    }

    /// Where a requirement is written.
    pub(crate) fn atom(&self, atom: AtomId) -> Option<&Place> {
        self.atoms.get(index(atom.0))
    }

    /// Whether the demand is known from other objects only.
    pub(crate) fn follows_a_volume(&self, demand: DemandId) -> bool {
        self.volumes.contains(&demand)
    }

    /// Whether the demand is known from other objects, or holds as long as they stay as they are.
    pub(crate) fn is_of_others(&self, demand: DemandId) -> bool {
        self.volumes.contains(&demand) || self.observed.contains(&demand)
    }

    pub(crate) fn add(
        &mut self,
        whole: Place,
        terms: Vec<Vec<(bool, Requirement, Place)>>,
    ) -> DemandId {
        let id = DemandId(id_of(self.whole.len()));
        self.whole.push(whole);
        let mut demand = Demand { id, terms: Vec::new() };
        for term in terms {
            let mut atoms = Vec::new();
            for (field, requirement, place) in term {
                let id = AtomId(id_of(self.atoms.len()));
                self.atoms.push(place);
                atoms.push(Atom { id, field, requirement });
            }
            demand.terms.push(TermDemand { atoms });
        }
        self.demands.push(demand);
        id
    }
}

fn id_of(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn index(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

/// The contradiction of a template's node demands, if there is one.
pub(crate) fn nodes(subject: &Subject<'_>) -> Option<Finding> {
    let Subject { object, demands, .. } = subject;
    match decide(&demands.demands, BUDGET) {
        NodeVerdict::Satisfiable(_) | NodeVerdict::Undecided => None,
        NodeVerdict::Contradiction(core) => {
            let members = members(demands, &core);
            let finding = words::contradiction::nodes(&object.reference, &core, &members);
            let certificate = proof::of_nodes(subject, &core, &finding.labels);
            let mut finding = certified(finding, certificate, None);
            let observed = core.demands.iter().any(|id| demands.observed.contains(id));
            if observed && !finding.holds.proof {
                finding.holds = words::contradiction::by_what_is_followed();
            }
            Some(finding)
        }
    }
}

/// The clash of a template's node demands, which some node can meet, with what kubelets write on
/// nodes: no proof but a warning, for there are nodes without one.
pub(crate) fn on_kubelets(subject: &Subject<'_>) -> Option<Finding> {
    let written = by_kubelets(subject.demands);
    if written.iter().all(|(_, written)| is_free(subject.demands, written)) {
        return None;
    }
    clash_with(subject, written)
}

/// What kubelets write on the labels that the demands name.
fn by_kubelets(demands: &Demands) -> Vec<(&String, Requirement)> {
    let keys: BTreeSet<&String> = demands.of_labels().map(|one| &one.key).collect();
    keys.into_iter().filter_map(|key| Some((key, written(key)?))).collect()
}

/// Whether what is written on a label is in nobody's way: a node that meets all else may have any
/// value that all say of it.
fn is_free(demands: &Demands, written: &Requirement) -> bool {
    let named = demands.of_labels().filter(|one| one.key == written.key);
    // Most demands list what they take, and then one value in all lists is enough.
    let lists = |one: &Requirement| one.operator == Operator::In && flaw(one).is_none();
    let in_all = |value| named.clone().all(|one| one.values.contains(value));
    if written.values.iter().any(in_all) && named.clone().all(lists) {
        return true;
    }
    let mut left = domain(written);
    named.for_each(|one| left.restrict(&domain(one)));
    !left.is_empty()
}

/// The clash of the demands with what is written.
fn clash_with(subject: &Subject<'_>, written: Vec<(&String, Requirement)>) -> Option<Finding> {
    let mut demands = subject.demands.clone();
    let mut facts = BTreeSet::new();
    for (key, written) in written {
        let place = Place { site: Site::default(), quote: String::new(), by: By::Kubelet };
        let id = demands.add(place.clone(), vec![vec![(false, written, place)]]);
        demands.parts.insert(id, Part::Kubelet(key.clone()));
        facts.insert(id);
    }
    let NodeVerdict::Contradiction(whole) = decide(&demands.demands, BUDGET) else { return None };
    if whole.demands.iter().any(|id| demands.follows_a_volume(*id)) {
        return None;
    }
    let mut core = whole.clone();
    core.demands.retain(|id| !facts.contains(id));
    core.clashes.retain(|clash| !facts.contains(&clash.demand));
    core.without.retain(|without| !facts.contains(&without.demand));
    if core.clashes.is_empty() {
        return None;
    }
    let members = members(&demands, &core);
    let mut finding = words::contradiction::on_kubelets(&subject.object.reference, &core, &members);
    let certificate = proof::of_kubelets(subject, &demands, &whole, &finding.labels)?;
    finding.evidence = Some(Evidence::Certificate(Box::new(certificate)));
    Some(finding)
}

/// The finding with its certificate, and how far that one holds. Without one (its checker refused
/// it, or the terms are too many) it is not called proved, and denies nothing.
fn certified(
    mut finding: Finding,
    certificate: Option<Certificate>,
    autoscaler: Option<&ObjectRef>,
) -> Finding {
    let Some(certificate) = certificate else {
        finding.holds = Holds::every_cluster();
        return finding;
    };
    if Proof::<Logic>::of(certificate.clone()).is_err() {
        finding.holds = words::contradiction::by_objects(autoscaler);
    }
    finding.evidence = Some(Evidence::Certificate(Box::new(certificate)));
    finding
}

/// Where a requirement on a label of the node is written; the first place that names the label, if
/// an expansion put several requirements together.
pub(crate) fn place_of(
    template: &Template,
    expander: &Expander<'_>,
    intents: &Intents,
    requirement: &Requirement,
) -> Option<Place> {
    let mut demands = Demands::default();
    rules(&mut demands, template, expander, intents);
    fields(&mut demands, template);
    let atoms = || demands.demands.iter().flat_map(|one| &one.terms).flat_map(|term| &term.atoms);
    let exact = atoms().find(|atom| atom.requirement == *requirement);
    let atom = exact.or_else(|| atoms().find(|atom| atom.requirement.key == requirement.key))?;
    demands.atoms.get(usize::try_from(atom.id.0).ok()?).cloned()
}

/// The places of a core: one for each clash, or for each demand if whole demands are dead.
pub(crate) fn members<'a>(demands: &'a Demands, core: &Core) -> Vec<(DemandId, &'a Place)> {
    if core.clashes.is_empty() {
        let whole = |id: &DemandId| demands.whole(*id).map(|place| (*id, place));
        return core.demands.iter().filter_map(whole).collect();
    }
    let place = |clash: &Clash| Some((clash.demand, demands.atom(clash.atom)?));
    core.clashes.iter().filter_map(place).collect()
}

/// Required `on` and `not-on`.
fn rules(demands: &mut Demands, template: &Template, expander: &Expander<'_>, intents: &Intents) {
    for rule in intents.rules.iter().filter(|rule| rule.strength == Strength::Required) {
        let (targets, negated) = match &rule.relation {
            Relation::On(targets) => (targets, false),
            Relation::NotOn(targets) => (targets, true),
            _ => continue,
        };
        let Ok(Some(terms)) = expand::admitted(expander, targets, negated) else { continue };
        let whole = rule_place(template, &rule.origin, rule.origin.span.clone());
        let terms = terms.iter().map(|term| {
            let place = |(field, requirement): (bool, &Requirement)| {
                let span = words_of(targets, requirement, &rule.origin);
                (field, requirement.clone(), rule_place(template, &rule.origin, span))
            };
            term.requirements().map(place).collect()
        });
        let terms = terms.collect();
        let of_volume = |target: &NodeTarget| {
            matches!(target.demand, NodeDemand::Volume { .. } | NodeDemand::PersistentVolume { .. })
        };
        if rule.observed || targets.iter().any(of_volume) {
            demands.volumes.insert(DemandId(id_of(demands.whole.len())));
        }
        let id = demands.add(whole, terms);
        demands.parts.insert(id, Part::NodeAffinity);
        if rule.observed {
            demands.observed.insert(id);
        }
    }
}

/// The words of a rule that make a requirement: that requirement of a `nodes(…)`, or the target,
/// or the whole rule if it has one target.
fn words_of(
    targets: &[NodeTarget],
    requirement: &Requirement,
    whole: &Origin,
) -> std::ops::Range<usize> {
    let makes = |target: &&NodeTarget| match &target.demand {
        NodeDemand::Labels(selector) => {
            selector.requirements.iter().any(|one| one.key == requirement.key)
        }
        NodeDemand::Name(name) => requirement.values.contains(name),
        NodeDemand::Volume { .. } | NodeDemand::PersistentVolume { .. } => false,
    };
    let mut made = targets.iter().filter(makes);
    let (Some(target), None) = (made.next(), made.next()) else { return whole.span.clone() };
    if let (NodeDemand::Labels(selector), placecard_language::intent::NodeTargetKind::Nodes) =
        (&target.demand, &target.kind)
    {
        let mut spans = selector.requirements.iter().filter(|one| one.key == requirement.key);
        if let (Some(one), None) = (spans.next(), spans.next()) {
            return one.span.0..one.span.1;
        }
    }
    if targets.len() == 1 { whole.span.clone() } else { target.origin.span.clone() }
}

pub(crate) fn rule_place(
    template: &Template,
    origin: &Origin,
    span: std::ops::Range<usize>,
) -> Place {
    let value = template.annotations.get(origin.key).map(String::as_str).unwrap_or_default();
    // What a typed entry says is quoted as a sentence says it, wherever its bytes are.
    let typed = words::entries::is_key(origin.key);
    let quote = value.get(span.clone()).filter(|_| !typed).unwrap_or(&origin.text).to_owned();
    let by = if typed { By::Entry } else { By::Rule };
    Place { site: Site::within(template.said_at(origin.key), span), quote, by }
}

/// `nodeSelector`, required node affinity and `nodeName`.
fn fields(demands: &mut Demands, template: &Template) {
    for (key, value) in &template.spec.node_selector {
        let site = Site::value(template.spec_path(&["nodeSelector", key]));
        let place = Place { site, quote: value.clone(), by: By::NodeSelector };
        let requirement = Requirement::one_of(key, &[value.as_str()]);
        let id = demands.add(place.clone(), vec![vec![(false, requirement, place)]]);
        demands.parts.insert(id, Part::NodeSelector(key.clone()));
    }
    if !template.spec.node_name.is_empty() {
        let name = template.spec.node_name.clone();
        let site = Site::value(template.spec_path(&["nodeName"]));
        let place = Place { site, quote: name.clone(), by: By::NodeName };
        let term = NodeTerm::named(&name);
        let atoms = term.requirements().map(|(field, one)| (field, one.clone(), place.clone()));
        let id = demands.add(place.clone(), vec![atoms.collect()]);
        demands.parts.insert(id, Part::NodeName);
    }
    let Some(terms) = native::required_node_terms(&template.spec) else { return };
    let list = template.path.join(&affinity_path("nodeAffinity")).key("nodeSelectorTerms");
    let terms = terms.iter().enumerate().map(|(index, term)| {
        let at = list.index(index);
        let term = native::node_term(term);
        let labels = term.expressions.into_iter().map(|one| (false, one)).enumerate();
        let names = term.fields.into_iter().map(|one| (true, one)).enumerate();
        let place = |(position, (field, requirement)): (usize, (bool, Requirement))| {
            let kind = if field { "matchFields" } else { "matchExpressions" };
            let at = at.key(kind).index(position);
            let part = if requirement.values.is_empty() { "operator" } else { "values" };
            let quote = words::requirement(&requirement);
            let place = Place { site: Site::value(at.key(part)), quote, by: By::NodeAffinity };
            (field, requirement, place)
        };
        labels.chain(names).map(place).collect()
    });
    let terms = terms.collect();
    let whole = Place { site: Site::key(list), quote: String::new(), by: By::NodeAffinity };
    let id = demands.add(whole, terms);
    demands.parts.insert(id, Part::NodeAffinity);
}

/// Whether kube-scheduler places the pod. A kubelet looks at node affinity whoever placed it, but
/// pods near and apart are that scheduler's business alone.
pub(crate) fn is_by_kube_scheduler(spec: &PodSpec) -> bool {
    matches!(spec.scheduler_name.as_str(), "" | "default-scheduler") && spec.node_name.is_empty()
}

/// Labels that the node must carry because a required topology key names them: pod affinity fails
/// and hard spread constraints fail on nodes without the key.
fn topology_keys(
    demands: &mut Demands,
    template: &Template,
    sources: &Sources,
    expanded: &PodSpec,
) {
    if !is_by_kube_scheduler(expanded) {
        return;
    }
    let mut add = |part: Part, key: &str, by_rule: Option<&Origin>, field: FieldPath| {
        if key.is_empty() {
            return;
        }
        let place = match by_rule {
            Some(origin) => rule_place(template, origin, origin.span.clone()),
            None => Place {
                site: Site::value(template.path.join(&field).key("topologyKey")),
                quote: key.to_owned(),
                by: By::TopologyKey,
            },
        };
        let id = demands.add(place.clone(), vec![vec![(false, Requirement::exists(key), place)]]);
        demands.parts.insert(id, part);
    };
    for (index, term) in native::required_affinity(expanded).iter().enumerate() {
        let field = affinity_path("podAffinity").index(index);
        let part = Part::AffinityKey(index);
        add(part, &term.topology_key, source(&sources.affinity, index), field);
    }
    for (index, constraint) in expanded.spread.iter().enumerate() {
        if constraint.when_unsatisfiable == "DoNotSchedule" {
            let field = FieldPath::of(&["spec", "topologySpreadConstraints"]).index(index);
            let part = Part::SpreadKey(index);
            add(part, &constraint.topology_key, source(&sources.spread, index), field);
        }
    }
}

/// A term for the proofs. A selector that contradicts itself stays as it is written, so that the
/// proof names its labels; the canonical form of all of these is one and the same.
fn pod_term(native: &PodAffinityTerm, labels: &Map) -> PodTerm {
    let mut term = native::pod_term(native, labels);
    if let Some(written) = native.label_selector.as_ref().map(native::selector)
        && !written.is_satisfiable()
    {
        term.term.selector = Some(written);
    }
    term
}

/// The contradictions between required pod affinity and anti-affinity of one pod.
pub(crate) fn pods(subject: &Subject<'_>) -> Vec<Finding> {
    let Subject { object, template, frame, sources, spec: expanded, .. } = subject;
    if !is_by_kube_scheduler(expanded) {
        return Vec::new();
    }
    let affinity: Vec<PodTerm> = native::required_affinity(expanded)
        .iter()
        .map(|term| pod_term(term, frame.labels))
        .collect();
    let anti: Vec<PodTerm> = native::required_anti_affinity(expanded)
        .iter()
        .map(|term| pod_term(term, frame.labels))
        .collect();
    let named = |terms: &[PodTerm], whole: bool| {
        let id = |index: usize| TermId(id_of(index));
        // A key whose value is not known only makes a term mean fewer pods. For affinity leaving it
        // out is on the safe side; an anti-affinity term with such a key proves nothing.
        let usable = |term: &&PodTerm| {
            whole || (term.match_keys.is_empty() && term.mismatch_keys.is_empty())
        };
        let terms = terms.iter().enumerate().filter(|(_, term)| usable(term));
        terms.map(|(index, term)| NamedTerm { id: id(index), term: term.term.clone() }).collect()
    };
    let affinity_terms: Vec<NamedTerm> = named(&affinity, true);
    let anti_terms: Vec<NamedTerm> = named(&anti, false);
    let own = OwnPod { namespace: frame.namespace.to_owned(), labels: frame.labels.clone() };
    // Labels that controllers add may make the pod match itself after all.
    let unsure = affinity.iter().any(|term| {
        !term.match_keys.is_empty()
            || term.term.selector.as_ref().is_some_and(|selector| frame.may_match(selector))
    });
    // An object of no namespace goes wherever it is applied: also where these terms look.
    let anywhere = frame.namespace.is_empty()
        && affinity
            .iter()
            .map(|one| &one.term)
            .any(|term| !term.namespaces.is_empty() || term.namespace_selector.is_some());
    let place = |kind: &str, term: TermId| {
        let index = index(term.0);
        let (by, list) = if kind == "podAffinity" {
            (source(&sources.affinity, index), &affinity)
        } else {
            (source(&sources.anti_affinity, index), &anti)
        };
        let field = template.path.join(&affinity_path(kind)).index(index);
        let place = match by {
            Some(origin) => rule_place(template, origin, origin.span.clone()),
            None => Place {
                site: Site::value(field.key("labelSelector")),
                quote: String::new(),
                by: By::NodeAffinity,
            },
        };
        let selector = list.get(index).and_then(|term| term.term.selector.as_ref());
        words::contradiction::TermPlace { place, field, selects: words::selector(selector) }
    };
    pod_affinity::decide(&affinity_terms, &anti_terms, &own)
        .iter()
        .filter(|found| match found {
            PodContradiction::NilSelector { .. } | PodContradiction::NoCommonPod { .. } => true,
            PodContradiction::NoCommonNamespace { .. } => !anywhere,
            PodContradiction::CompanionRepelled { .. } | PodContradiction::OneReplica { .. } => {
                !anywhere && !unsure
            }
        })
        .filter_map(|found| {
            let finding = words::contradiction::pods(object, found, &place)?;
            let certificate = proof::of_pods(subject, found, &finding.labels);
            Some(certified(finding, certificate, bounds::autoscaler(subject)))
        })
        .collect()
}

#[cfg(test)]
mod tests;
