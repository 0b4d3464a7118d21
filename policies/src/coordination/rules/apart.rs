//! Pods of one batch that its one domain cannot hold together: they are required apart there, or
//! take the same port of its only node.

use placecard_feasibility::inventory::pod::{TopologySpread, WhenUnsatisfiable};
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::profile::HOSTNAME;
use placecard_findings::{FieldPath, Finding, Site};
use placecard_language::coordination::Placement;

use super::{Part, Scene, order};
use crate::bounds::{self, Subject};
use crate::contradict::rule_place;
use crate::expand::{Sources, affinity_path, source};
use crate::native;
use crate::object::{HostPort, Map, Template};
use crate::words;

/// Levels of which each lies within the next ones, as far as labels are what they are meant to be.
const NESTED: [&str; 3] =
    [HOSTNAME, "topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

/// Something that keeps two pods of a batch apart, and where it is written.
pub(crate) struct Apart {
    /// Where.
    pub(crate) site: Site,
    /// The words there.
    pub(crate) quote: String,
    /// Whether nothing can help: the domain of the batch is one of the domains that it counts.
    /// `false`: only where nodes carry the label.
    pub(crate) always: bool,
    /// The topology key.
    pub(crate) key: String,
}

/// What keeps the pods of one role of a batch apart.
pub(super) fn of_role(scene: &Scene<'_>, part: &Part<'_>) -> Option<Finding> {
    let more = |count: u64| count > 1;
    if part.ratio < 2 || !part.player.count.as_ref().is_none_or(|count| more(count.replicas)) {
        return None;
    }
    let found = with_subject(scene, part, |subject| {
        let labels = &subject.template.labels;
        terms(subject, part, labels, true).map(|apart| words::roles::apart(scene, part, &apart))
    });
    let port = || {
        let port = ports(part).first()?;
        (part.affinity.topology_key == HOSTNAME)
            .then(|| words::roles::same_port(scene, (part, port), (part, port)))
    };
    let spread = || with_subject(scene, part, |subject| spread(scene, part, subject)).flatten();
    found.flatten().or_else(port).or_else(spread)
}

/// What keeps the pods of two roles of a batch apart.
pub(super) fn of_roles(scene: &Scene<'_>, parts: &[Part<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, first) in parts.iter().enumerate() {
        for second in parts.iter().skip(index + 1) {
            findings.extend(of_two(scene, first, second));
        }
    }
    findings
}

fn of_two(scene: &Scene<'_>, first: &Part<'_>, second: &Part<'_>) -> Option<Finding> {
    for (one, other) in [(first, second), (second, first)] {
        let Some(template) = template(other) else { continue };
        let found =
            with_subject(scene, one, |subject| terms(subject, one, &template.labels, false));
        if let Some(apart) = found.flatten() {
            return Some(words::roles::roles_apart(scene, one, other, &apart));
        }
    }
    if first.affinity.topology_key != HOSTNAME {
        return None;
    }
    let (ours, theirs) = (ports(first), ports(second));
    let clash = ours.iter().find_map(|port| {
        theirs.iter().find(|other| port.conflicts_with(other)).map(|other| (port, other))
    });
    clash.map(|(port, other)| words::roles::same_port(scene, (first, port), (second, other)))
}

fn template<'a>(part: &Part<'a>) -> Option<&'a Template> {
    part.player.object.templates.first()
}

fn ports<'a>(part: &Part<'a>) -> &'a [HostPort] {
    template(part).map(|template| template.containers.host_ports.as_slice()).unwrap_or_default()
}

/// Asks about the pods of a player, with what its rules become.
fn with_subject<T>(
    scene: &Scene<'_>,
    part: &Part<'_>,
    ask: impl FnOnce(&Subject<'_>) -> T,
) -> Option<T> {
    bounds::with_subject(&part.player.object, scene.surroundings, ask)
}

/// A required anti-affinity term of the pod that selects pods with these labels, in a level that
/// the domain of the batch lies in; those about which nothing can help come first.
fn terms(subject: &Subject<'_>, part: &Part<'_>, labels: &Map, own: bool) -> Option<Apart> {
    let natives = native::required_anti_affinity(subject.spec);
    let reaches = bounds::manifest(subject, 1, None).anti_reach;
    let domain = part.affinity.topology_key.as_str();
    let mut found: Vec<Apart> = Vec::new();
    for (index, native) in natives.iter().enumerate() {
        let term = native::pod_term(native, &subject.template.labels);
        let known = match own {
            true => reaches.get(index).is_some_and(|one| *one != bounds::UNKNOWN_REACH),
            // Labels that are merged or added later are of the pod itself, or of who knows whom.
            false => term.match_keys.is_empty() && term.mismatch_keys.is_empty(),
        };
        if !known || !selects(subject, &term.term, labels) {
            continue;
        }
        let key = term.term.topology_key.clone();
        let always = key == domain;
        if !always && !within(domain, &key) {
            continue;
        }
        let path = affinity_path("podAntiAffinity").index(index).key("topologyKey");
        let (site, quote) = written(subject, index, path, &key);
        found.push(Apart {
            site: site.in_object(part.player.object.reference.clone()),
            quote,
            always,
            key,
        });
    }
    found.sort_by_key(|apart| !apart.always);
    found.into_iter().next()
}

/// Whether a domain lies within one domain of another level, if its nodes carry that label.
fn within(domain: &str, level: &str) -> bool {
    let at = |key: &str| NESTED.iter().position(|one| *one == key);
    domain == HOSTNAME || at(domain).zip(at(level)).is_some_and(|(inner, outer)| inner < outer)
}

fn written(subject: &Subject<'_>, index: usize, path: FieldPath, key: &str) -> (Site, String) {
    let Sources { anti_affinity, .. } = subject.sources;
    match source(anti_affinity, index) {
        Some(origin) => {
            let place = rule_place(subject.template, origin, origin.span.clone());
            (place.site, place.quote)
        }
        None => (Site::value(subject.template.path.join(&path)), key.to_owned()),
    }
}

/// Whether a term surely selects pods of the same namespace with these labels in their template.
fn selects(subject: &Subject<'_>, term: &AffinityTerm, labels: &Map) -> bool {
    let everywhere = term.namespace_selector.as_ref().is_some_and(|one| one.is_everything());
    let own = term.namespaces.is_empty() && term.namespace_selector.is_none();
    let named = term.namespaces.iter().any(|name| name == subject.frame.namespace);
    let hidden = |key: &str| !labels.contains_key(key) && subject.frame.may_carry(key);
    (own || everywhere || named)
        && term.selector.as_ref().is_some_and(|selector| {
            let known = selector.requirements.iter().all(|one| !hidden(&one.key));
            known && selector.matches(labels)
        })
}

/// A spread over nodes that lets more pods of the role onto one node only when the others have as
/// many.
///
/// Pods that are let go to one domain count no other one, as long as the constraint honours node
/// rules: then it stops them only by `minDomains`.
fn spread(scene: &Scene<'_>, part: &Part<'_>, subject: &Subject<'_>) -> Option<Finding> {
    if part.affinity.topology_key != HOSTNAME {
        return None;
    }
    let manifest = bounds::manifest(subject, 1, None);
    let is_hard = |one: &TopologySpread| {
        one.topology_key == HOSTNAME
            && one.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule
            && i64::from(one.max_skew) < i64::from(part.ratio)
            && one.selector.as_ref().is_some_and(|selector| selector.matches(&manifest.pod.labels))
    };
    for (index, one) in manifest.pod.spread.iter().enumerate().filter(|(_, one)| is_hard(one)) {
        if manifest.spread_reach.get(index).is_none_or(|reach| *reach == bounds::UNKNOWN_REACH) {
            continue;
        }
        let pinned = part.affinity.placement == Placement::Gated && one.honor_affinity;
        let never = pinned && one.min_domains > 1 && !order::gives_up(part.affinity);
        if pinned && one.min_domains < 2 {
            continue;
        }
        let path = FieldPath::of(&["spec", "topologySpreadConstraints"]);
        let field = if pinned { "minDomains" } else { "maxSkew" };
        let path = path.index(index).key(field);
        let (site, quote) = match source(&subject.sources.spread, index) {
            Some(origin) => {
                let place = rule_place(subject.template, origin, origin.span.clone());
                (place.site, place.quote)
            }
            None => {
                let quote = if pinned { one.min_domains } else { one.max_skew };
                (Site::value(subject.template.path.join(&path)), quote.to_string())
            }
        };
        let site = site.in_object(part.player.object.reference.clone());
        let label = (site, quote);
        return Some(words::roles::spread(scene, part, label, one, (pinned, never)));
    }
    None
}
