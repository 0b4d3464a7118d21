//! Bounds on the replicas of a workload: who asks for how many, what keeps them apart, and where
//! each of these is written.
//!
//! The bounds come from [`placecard_feasibility::bounds`], and no finding is made of one unless its
//! certificate is verified. Pods of DaemonSets are one to a node and are not counted.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{PodAffinityTerm, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use placecard_feasibility::bounds::{Amount, Bound, By, bounds, exceeded, full, rolling_update};
use placecard_feasibility::certificate::{Axiom, Certificate, Manifest, Reach, Update, verify};
use placecard_feasibility::contradiction::{Demand, DemandId};
use placecard_feasibility::inventory::pod::{
    self, Pod, PodVolume, TopologySpread, WhenUnsatisfiable,
};
use placecard_feasibility::pod_affinity::merge_label_keys;
use placecard_feasibility::requirement::Requirement;
use placecard_feasibility::selector::Selector;
use placecard_feasibility::verdict::{Logic, Proof};
use placecard_findings::{FieldPath, Finding, ObjectRef, Site};
use placecard_language::intent::{Relation, Rule, Strength};
use placecard_language::keys;

use crate::contradict::{By as WrittenBy, Demands, Place, is_by_kube_scheduler, rule_place};
use crate::directory;
use crate::expand::{self, Expander, Sources, affinity_path, source};
use crate::frame::{self, Frame};
use crate::kinds::{self, OwnPods};
use crate::native;
use crate::object::{Object, PodSpec, Strategy as Replacement, Template};
use crate::surroundings::{Answer, Reference, Surroundings};
use crate::words;

/// The share of a Deployment's pods that an update may add, and take away, if it says nothing
/// (`pkg/apis/apps/v1/defaults.go`).
const DEFAULT_SHARE: Amount = Amount::Percent(25);

/// Nobody knows whom a term selects among the replicas.
pub(crate) const UNKNOWN_REACH: Reach = Reach::Unknown;

/// The most findings about one template.
const MOST_FINDINGS: usize = 8;

/// The template whose pods are counted, and what is known of it.
pub(crate) struct Subject<'a> {
    pub(crate) object: &'a Object,
    pub(crate) template: &'a Template,
    pub(crate) frame: &'a Frame<'a>,
    pub(crate) surroundings: &'a Surroundings,
    pub(crate) demands: &'a Demands,
    pub(crate) sources: &'a Sources,
    /// The placement fields, expanded.
    pub(crate) spec: &'a PodSpec,
}

/// How many pods are asked for, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// How many.
    pub(crate) pods: u64,
    /// Where the number is written; `None`: nowhere, it is the default.
    pub(crate) site: Option<Site>,
    /// In which way.
    pub(crate) by: AskedBy,
}

/// Who asks for pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AskedBy {
    /// `spec.replicas`.
    Replicas,
    /// `spec.parallelism`: so many at once, as long as the job has work.
    Job,
    /// The least that an autoscaler asks for.
    AutoscalerLeast,
    /// The most that an autoscaler asks for.
    AutoscalerMost,
}

/// A bound on the pods of a template, and where all of it is written.
pub(crate) struct Case<'a> {
    pub(crate) object: &'a Object,
    pub(crate) asked: &'a Asked,
    pub(crate) bound: &'a Bound,
    /// What the vocabulary calls the level, or else what the key is called anywhere.
    pub(crate) level: Option<String>,
    /// The rule or field that keeps the pods apart.
    pub(crate) rule: Place,
    /// The requirements that leave few domains; without those that the rule makes itself.
    pub(crate) few: Vec<(Place, Option<Requirement>)>,
    /// The claim, where the claim is what they share.
    pub(crate) claim: Option<ObjectRef>,
    /// It depends on other objects that were read: claims, volumes, autoscalers.
    pub(crate) on_objects: bool,
    pub(crate) certificate: Certificate,
}

/// The findings about the number of pods of a template.
pub(crate) fn findings(subject: &Subject<'_>) -> Vec<Finding> {
    if is_free(subject.spec) {
        return Vec::new();
    }
    let Some((asked, most)) = asked(subject) else { return Vec::new() };
    let update = match asked.by {
        AskedBy::Replicas | AskedBy::AutoscalerLeast => update(subject.object, asked.pods),
        AskedBy::Job | AskedBy::AutoscalerMost => None,
    };
    let manifest = manifest(subject, asked.pods, update);
    let found = bounds(&manifest, &subject.demands.demands);
    let over = each_once(&found, |bound| bound.most < asked.pods);
    if exceeded(&found, &manifest).is_some() {
        let cases = over
            .iter()
            .take(MOST_FINDINGS)
            .filter_map(|bound| case(subject, &manifest, &asked, bound, false));
        return cases.filter_map(|case| words::bounds::too_many(&case)).collect();
    }
    if let Some(most) = most.filter(|most| most.pods > asked.pods) {
        let manifest = Manifest { replicas: most.pods, ..manifest.clone() };
        if let Some(bound) = exceeded(&found, &manifest) {
            let case = case(subject, &manifest, &most, bound, false);
            return case.and_then(|case| words::bounds::too_many(&case)).into_iter().collect();
        }
    }
    let stuck = full(&found, &manifest);
    let case = stuck.and_then(|bound| case(subject, &manifest, &asked, bound, true));
    let update = manifest.update.unwrap_or_default();
    case.map(|case| words::bounds::full_update(&case, update)).into_iter().collect()
}

/// Whether nothing required is about other replicas, so that there is no bound on them.
fn is_free(spec: &PodSpec) -> bool {
    native::required_affinity(spec).is_empty()
        && native::required_anti_affinity(spec).is_empty()
        && spec.claims.is_empty()
        && spec.spread.iter().all(|one| one.when_unsatisfiable == "ScheduleAnyway")
}

/// The bounds that are meant, one for each level and kind of rule.
fn each_once(bounds: &[Bound], meant: impl Fn(&Bound) -> bool) -> Vec<&Bound> {
    let mut seen = BTreeSet::new();
    let kind = |bound: &Bound| match &bound.by {
        By::Apart { key, .. } => (0, key.clone()),
        By::Spread { key, .. } => (1, key.clone()),
        By::OneReplica { key, .. } => (2, key.clone()),
        By::SharedClaim { claim } => (3, claim.clone()),
    };
    bounds.iter().filter(|bound| meant(bound) && seen.insert(kind(bound))).collect()
}

/// How many pods are asked for now, and at most by an autoscaler. `None` where nothing is known or
/// another scheduler decides.
fn asked(subject: &Subject<'_>) -> Option<(Asked, Option<Asked>)> {
    let object = subject.object;
    let row = object.kind?;
    let spec = subject.spec;
    if object.is_pod() || object.is_daemon_set() || !is_by_kube_scheduler(spec) {
        return None;
    }
    let count = |written: Option<i64>| u64::try_from(written.unwrap_or(1)).ok();
    if row.own == OwnPods::JobUid {
        let parallelism = count(object.parallel.parallelism)?;
        let completions = object.parallel.completions.and_then(|one| u64::try_from(one).ok());
        let pods = completions.map_or(parallelism, |completions| completions.min(parallelism));
        let path = subject.template.path.parent().key("parallelism");
        let site = object.parallel.parallelism.map(|_| Site::value(path));
        return Some((Asked { pods, site, by: AskedBy::Job }, None));
    }
    let site = object.replicas.map(|_| Site::value(FieldPath::of(&["spec", "replicas"])));
    let replicas = Asked { pods: count(object.replicas)?, site, by: AskedBy::Replicas };
    let Some(Answer::Autoscaler { object: autoscaler, least, most }) =
        subject.surroundings.objects.get(&autoscaler_of(object))
    else {
        return Some((replicas, None));
    };
    let by = |pods: u64, field: &str, by| {
        let site =
            Site::value(FieldPath::of(&["spec", field])).in_object(ObjectRef::clone(autoscaler));
        Asked { pods, site: Some(site), by }
    };
    Some((
        by(*least, "minReplicas", AskedBy::AutoscalerLeast),
        Some(by(*most, "maxReplicas", AskedBy::AutoscalerMost)),
    ))
}

/// The reference to the autoscaler of a workload.
pub(crate) fn autoscaler_of(object: &Object) -> Reference {
    Reference::Autoscaler {
        kind: object.reference.kind.as_str().into(),
        namespace: object.reference.namespace.as_str().into(),
        name: object.reference.name.as_str().into(),
    }
}

/// Who else sets the number of pods, as far as it is known.
pub(crate) fn autoscaler<'a>(subject: &Subject<'a>) -> Option<&'a ObjectRef> {
    match subject.surroundings.objects.get(&autoscaler_of(subject.object)) {
        Some(Answer::Autoscaler { object, .. }) => Some(object),
        _ => None,
    }
}

/// What the number of pods depends on besides the object: the modes of claims and, where something
/// keeps replicas apart, who else sets their number.
pub(crate) fn references(
    object: &Object,
    template: &Template,
    rules: &[Rule],
    found: &mut Vec<Reference>,
) {
    let Some(row) = object.kind.filter(|_| !object.is_pod() && !object.is_daemon_set()) else {
        return;
    };
    let spec = &template.spec;
    found.extend(spec.claims.iter().map(|claim| access_modes(object, &claim.name)));
    let by_rule = rules.iter().any(|rule| {
        rule.strength == Strength::Required
            && matches!(rule.relation, Relation::ApartFrom(_) | Relation::AtMost(_))
    });
    let apart = by_rule
        || !native::required_anti_affinity(spec).is_empty()
        || spec.spread.iter().any(|spread| spread.min_domains.is_some());
    if row.own != OwnPods::JobUid && apart {
        found.push(autoscaler_of(object));
    }
}

fn access_modes(object: &Object, claim: &str) -> Reference {
    let namespace = object.reference.namespace.clone();
    Reference::AccessModes { namespace, name: claim.to_owned() }
}

/// What the checkers of certificates see of an object's only template.
#[must_use]
pub fn manifest_of(
    object: &Object,
    surroundings: &Surroundings,
) -> Option<(Manifest, Vec<Demand>)> {
    with_subject(object, surroundings, |subject| {
        let (asked, _) = asked(subject)?;
        let manifest = manifest(subject, asked.pods, update(object, asked.pods));
        Some((manifest, subject.demands.demands.clone()))
    })?
}

/// How many pods of an object can run at most, where more are asked for and that is proved.
pub(crate) fn too_many(object: &Object, surroundings: &Surroundings) -> Option<u64> {
    let is_plain = |one: &Template| !one.says_anything() && is_free(&one.spec);
    if object.templates.iter().all(is_plain) {
        return None;
    }
    with_subject(object, surroundings, |subject| {
        let (asked, _) = asked(subject).filter(|_| !is_free(subject.spec))?;
        let manifest = manifest(subject, asked.pods, None);
        let found = bounds(&manifest, &subject.demands.demands);
        exceeded(&found, &manifest).map(|bound| bound.most)
    })?
}

/// Asks about an object's only template.
pub(crate) fn with_subject<T>(
    object: &Object,
    surroundings: &Surroundings,
    ask: impl FnOnce(&Subject<'_>) -> T,
) -> Option<T> {
    let [template] = object.templates.as_slice() else { return None };
    Some(with_template(object, template, surroundings, ask))
}

/// Asks about one template of an object.
pub(crate) fn with_template<T>(
    object: &Object,
    template: &Template,
    surroundings: &Surroundings,
    ask: impl FnOnce(&Subject<'_>) -> T,
) -> T {
    let place = match object.expands_in_place() {
        _ if object.is_pod() => keys::Place::Pod,
        true => keys::Place::ExpandedTemplate,
        false => keys::Place::Template,
    };
    let reading = directory::reading(object, &template.annotations, place, surroundings, None);
    let frame = frame::frame(object, template, &surroundings.objects);
    let expanded = expand::expand(object, template, &frame, surroundings, &reading.intents);
    let expander = Expander::empty(object, &frame, surroundings);
    let (sources, spec) = (&expanded.sources, &expanded.spec);
    let demands = Demands::of(template, &expander, &reading.intents, sources, spec);
    let subject =
        Subject { object, template, frame: &frame, surroundings, demands: &demands, sources, spec };
    ask(&subject)
}

/// What the bounds and their checkers see of the template.
pub(crate) fn manifest(subject: &Subject<'_>, replicas: u64, update: Option<Update>) -> Manifest {
    let Subject { frame, spec, .. } = subject;
    let terms = |natives: &[PodAffinityTerm]| {
        let one = |native: &PodAffinityTerm| {
            let term = native::pod_term(native, frame.labels);
            let reach = reach(frame, term.term.selector.as_ref(), &term.match_keys);
            let known = !term.mismatch_keys.iter().any(|key| frame.may_carry(key));
            (term.term, if known { reach } else { Reach::Unknown })
        };
        natives.iter().map(one).unzip()
    };
    let (affinity, affinity_reach) = terms(native::required_affinity(spec));
    let (anti_affinity, anti_reach) = terms(native::required_anti_affinity(spec));
    let spreads = spec.spread.iter().map(|native| spread(frame, native));
    let (spread, spread_reach) = spreads.unzip();
    let node_terms = native::required_node_terms(spec);
    let pod = Pod {
        namespace: frame.namespace.into(),
        labels: frame.labels.clone().into(),
        volumes: spec.claims.iter().map(|claim| PodVolume::Claim(claim.name.clone())).collect(),
        spec: pod::PodSpec {
            node_selector: spec.node_selector.clone(),
            node_affinity: node_terms.map(|terms| terms.iter().map(native::node_term).collect()),
            affinity,
            anti_affinity,
            spread,
            ..pod::PodSpec::default()
        }
        .into(),
        ..Pod::default()
    };
    let modes = spec.claims.iter().filter_map(|claim| {
        match subject.surroundings.objects.get(&access_modes(subject.object, &claim.name)) {
            Some(Answer::AccessModes(modes)) => Some((claim.name.clone(), modes.clone())),
            _ => None,
        }
    });
    let access_modes: BTreeMap<String, Vec<String>> = modes.collect();
    Manifest { pod, replicas, affinity_reach, anti_reach, spread_reach, update, access_modes }
}

/// Which replicas a selector means that compares `keys` besides, all of them absent from the
/// template's labels.
fn reach<'k>(
    frame: &Frame<'_>,
    selector: Option<&Selector>,
    keys: impl IntoIterator<Item = &'k String>,
) -> Reach {
    let mut named = selector.iter().flat_map(|one| &one.requirements).map(|one| &one.key);
    let hidden = |key: &String| !frame.labels.contains_key(key) && frame.may_carry(key);
    if named.any(hidden) {
        return Reach::Unknown;
    }
    let mut reach = Reach::AllRevisions;
    // The API server passes over keys that the pod does not carry.
    for key in keys.into_iter().filter(|key| frame.may_carry(key)) {
        if frame.revision.as_ref() != Some(key) {
            return Reach::Unknown;
        }
        reach = Reach::OneRevision;
    }
    let mut named = selector.iter().flat_map(|one| &one.requirements).map(|one| &one.key);
    // The next revision may well have another value.
    if named.any(|key| kinds::is_volatile(key)) { Reach::OneRevision } else { reach }
}

/// A spread constraint with its defaults and the label keys merged that the template shows.
fn spread(frame: &Frame<'_>, native: &TopologySpreadConstraint) -> (TopologySpread, Reach) {
    let keys = native.match_label_keys.clone().unwrap_or_default();
    let written = native.label_selector.as_ref().map(native::selector);
    let selector = merge_label_keys(written.as_ref(), &keys, &[], frame.labels);
    let hidden = keys.iter().filter(|key| !frame.labels.contains_key(*key));
    let reach = reach(frame, selector.as_ref(), hidden);
    let honors = |policy: &Option<String>, default: bool| match policy.as_deref() {
        Some(policy) => policy == "Honor",
        None => default,
    };
    let spread = TopologySpread {
        max_skew: native.max_skew,
        topology_key: native.topology_key.clone(),
        when_unsatisfiable: match native.when_unsatisfiable.as_str() {
            "DoNotSchedule" => WhenUnsatisfiable::DoNotSchedule,
            "ScheduleAnyway" => WhenUnsatisfiable::ScheduleAnyway,
            _ => WhenUnsatisfiable::Other,
        },
        selector,
        min_domains: native.min_domains.unwrap_or(1),
        honor_affinity: honors(&native.node_affinity_policy, true),
        honor_taints: honors(&native.node_taints_policy, false),
    };
    (spread, reach)
}

/// How a Deployment replaces its pods; other kinds delete a pod before they make the next.
pub(crate) fn update(object: &Object, replicas: u64) -> Option<Update> {
    let Replacement { kind, max_surge, max_unavailable, unreadable, .. } = &object.strategy;
    let rolling = matches!(kind.as_str(), "" | "RollingUpdate");
    let is_deployment = object.kind.is_some_and(|row| row.kind == "Deployment");
    if !is_deployment || *unreadable || !rolling || replicas == 0 {
        return None;
    }
    Some(rolling_update(replicas, amount(max_surge.as_ref())?, amount(max_unavailable.as_ref())?))
}

/// `None` if the API server would refuse it.
fn amount(written: Option<&IntOrString>) -> Option<Amount> {
    match written {
        None => Some(DEFAULT_SHARE),
        Some(IntOrString::Int(number)) => u64::try_from(*number).ok().map(Amount::Number),
        Some(IntOrString::String(text)) => {
            let digits = text.strip_suffix('%')?;
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| plain).map(Amount::Percent)
        }
    }
}

/// The case with all its places; `None` if the checker refuses the certificate.
fn case<'a>(
    subject: &Subject<'a>,
    manifest: &Manifest,
    asked: &'a Asked,
    bound: &'a Bound,
    is_update: bool,
) -> Option<Case<'a>> {
    let need = if is_update { asked.pods.saturating_add(1) } else { asked.pods };
    let core = bound.by.core(&subject.demands.demands, need);
    let rule = rule(subject, bound)?;
    let mut few = few(subject, bound, &core);
    few.retain(|(place, _)| place.site != rule.site);
    let sites = [&rule.site].into_iter().chain(few.iter().map(|(place, _)| &place.site));
    let counted = asked.site.iter().filter(|site| site.object.is_none());
    let mut pointers: Vec<String> = sites.chain(counted).map(|site| site.path.pointer()).collect();
    pointers.dedup();
    let mut certificate = if is_update {
        bound.update_certificate(manifest, pointers)
    } else {
        bound.certificate(manifest, pointers)
    };
    let autoscaled = matches!(asked.by, AskedBy::AutoscalerLeast | AskedBy::AutoscalerMost);
    let by_volume = core.iter().any(|demand| subject.demands.follows_a_volume(*demand));
    if autoscaled || by_volume {
        certificate.assume.insert(Axiom::OtherObjects);
    }
    verify(&certificate, manifest).ok()?;
    let on_objects = Proof::<Logic>::of(certificate.clone()).is_err();
    let levels = &subject.surroundings.words.levels;
    let named = |key: &String| levels.iter().find(|level| level.key == *key);
    let level = match &bound.by {
        By::Apart { key, .. } | By::Spread { key, .. } | By::OneReplica { key, .. } => {
            named(key).map(|level| level.name.clone())
        }
        By::SharedClaim { .. } => None,
    };
    let claim = match &bound.by {
        By::SharedClaim { claim } => Some(ObjectRef {
            api_version: "v1".to_owned(),
            kind: "PersistentVolumeClaim".to_owned(),
            namespace: subject.object.reference.namespace.clone(),
            name: claim.clone(),
        }),
        By::Apart { .. } | By::Spread { .. } | By::OneReplica { .. } => None,
    };
    let object = subject.object;
    Some(Case { object, asked, bound, level, rule, few, claim, on_objects, certificate })
}

/// Where it is written what keeps the pods apart.
fn rule(subject: &Subject<'_>, bound: &Bound) -> Option<Place> {
    let template = subject.template;
    let (origin, path, quote) = match &bound.by {
        By::Apart { term, key, .. } => {
            let path = affinity_path("podAntiAffinity").index(*term).key("topologyKey");
            (source(&subject.sources.anti_affinity, *term), path, key.clone())
        }
        By::OneReplica { key, anti, .. } => {
            let term = *anti.first()?;
            let path = affinity_path("podAntiAffinity").index(term).key("topologyKey");
            (source(&subject.sources.anti_affinity, term), path, key.clone())
        }
        By::Spread { constraint, min_domains, .. } => {
            let path = FieldPath::of(&["spec", "topologySpreadConstraints"]);
            let path = path.index(*constraint).key("minDomains");
            (source(&subject.sources.spread, *constraint), path, min_domains.to_string())
        }
        By::SharedClaim { claim } => {
            let volume = subject.spec.claims.iter().find(|volume| volume.name == *claim)?;
            let path = FieldPath::of(&["spec", "volumes"]).index(volume.index);
            (None, path.keys(&["persistentVolumeClaim", "claimName"]), claim.clone())
        }
    };
    Some(match origin {
        Some(origin) => rule_place(template, origin, origin.span.clone()),
        None => Place {
            site: Site::value(template.path.join(&path)),
            quote,
            by: WrittenBy::TopologyKey,
        },
    })
}

/// Where the demands of the core speak of the level: their requirements, or the whole of a demand
/// that has many or none.
fn few(
    subject: &Subject<'_>,
    bound: &Bound,
    core: &[DemandId],
) -> Vec<(Place, Option<Requirement>)> {
    let (By::Apart { key, .. } | By::Spread { key, .. }) = &bound.by else { return Vec::new() };
    let mut found: Vec<(Place, Option<Requirement>)> = Vec::new();
    let demands = &subject.demands.demands;
    for demand in demands.iter().filter(|demand| core.contains(&demand.id)) {
        let mut places = about(subject, demand, key);
        if places.is_empty() || places.len() > 2 {
            let whole = subject.demands.whole(demand.id);
            places = whole.map(|place| (place.clone(), None)).into_iter().collect();
        }
        found.extend(places);
    }
    let mut seen = Vec::new();
    found.retain(|(place, _)| {
        let first = !seen.contains(&place.site);
        seen.push(place.site.clone());
        first
    });
    found
}

/// Of `KEY in (a, b)` in a rule, the list.
fn values_of(mut place: Place) -> Place {
    if let (WrittenBy::Rule, Some(start), Some(at)) =
        (place.by, place.site.start, place.quote.find('('))
        && place.quote.ends_with(')')
    {
        place.site.start = Some(start + at);
        place.quote.drain(..at);
    }
    place
}

fn about(subject: &Subject<'_>, demand: &Demand, key: &str) -> Vec<(Place, Option<Requirement>)> {
    let atoms = demand.terms.iter().flat_map(|term| &term.atoms);
    let about = atoms.filter(|atom| !atom.field && atom.requirement.key == key);
    let place = |atom: &placecard_feasibility::contradiction::Atom| {
        let place = values_of(subject.demands.atom(atom.id)?.clone());
        Some((place, Some(atom.requirement.clone())))
    };
    about.filter_map(place).collect()
}

#[cfg(test)]
mod tests;
