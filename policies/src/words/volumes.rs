//! Words for volumes that no node reaches which the pod may use.

use placecard_feasibility::contradiction::{Clash, Core, DemandId, Subject, Wants};
use placecard_findings::{Finding, Help, Holds, Label, ObjectRef, Severity, Site, Verdict};

use crate::contradict::{By, Place};
use crate::rules;
use crate::volumes::BoundClaim;
use crate::words::contradiction::{label, wants};
use crate::words::{level, list};

/// What the claim of a demand is bound to, if it is one of a claim.
type ClaimOf<'a> = dyn Fn(DemandId) -> Option<&'a BoundClaim> + 'a;

/// Node demands of a pod, or of its volumes alone, that leave no node which reaches its volumes.
pub(crate) fn conflict(
    object: &ObjectRef,
    namespace: &str,
    core: &Core,
    members: &[(DemandId, &Place)],
    claim_of: &ClaimOf<'_>,
) -> Finding {
    let mut labels: Vec<Label> = Vec::new();
    for (demand, place) in members {
        let clash = core.clashes.iter().find(|clash| clash.demand == *demand);
        let text = match (claim_of(*demand), clash) {
            (Some(claim), _) => bound(claim, &values_of(core, *demand)),
            (None, Some(clash)) => wants(clash),
            (None, None) => String::new(),
        };
        if !labels.iter().any(|known| known.site == place.site) {
            labels.push(label(place, text));
        }
    }
    let claims = claims(core, claim_of);
    let (message, admission) = message(core, &claims, claim_of);
    let mut labels = labels.into_iter();
    let first = labels.next().unwrap_or_else(|| Label::new(Site::default(), ""));
    let code = rules::PV_AFFINITY_CONFLICT;
    let mut finding = Finding::new(code, Verdict::NoInventory, object.clone(), message, first);
    finding.labels.extend(labels);
    finding.severity = Severity::Error;
    finding.admission = admission;
    finding.help = vec![help(members, &claims)];
    finding.holds = holds(namespace, &claims);
    finding
}

/// The claims that take part, each once.
fn claims<'a>(core: &Core, claim_of: &ClaimOf<'a>) -> Vec<&'a BoundClaim> {
    let mut claims: Vec<&BoundClaim> = Vec::new();
    for claim in core.demands.iter().filter_map(|demand| claim_of(*demand)) {
        if !claims.contains(&claim) {
            claims.push(claim);
        }
    }
    claims
}

/// The values that a demand wants of the contradiction's only label, if it is one.
fn values_of(core: &Core, demand: DemandId) -> Vec<String> {
    let mut values = Vec::new();
    if core.subjects().len() != 1 {
        return values;
    }
    for clash in core.clashes.iter().filter(|clash| clash.demand == demand) {
        if let Wants::OneOf(more) = &clash.wants {
            values.extend(
                more.iter().filter(|value| !values.contains(value)).cloned().collect::<Vec<_>>(),
            );
        }
    }
    values
}

fn bound(claim: &BoundClaim, values: &[String]) -> String {
    let volume = &claim.volume;
    match values {
        [] => format!("bound to {volume}"),
        _ => format!("bound to {volume}, {} only", list(values, "or", 3)),
    }
}

/// The message, and what an admission response says.
fn message(
    core: &Core,
    claims: &[&BoundClaim],
    claim_of: &ClaimOf<'_>,
) -> (String, Option<String>) {
    let names: Vec<String> = claims.iter().map(|claim| claim.mounted.name.clone()).collect();
    let own: Vec<&Clash> =
        core.clashes.iter().filter(|clash| claim_of(clash.demand).is_none()).collect();
    let by_claim = core.demands.iter().find(|demand| claim_of(**demand).is_some());
    let values = by_claim.map(|demand| values_of(core, *demand)).unwrap_or_default();
    match (own.as_slice(), claims, core.subjects().as_slice()) {
        ([clash], [claim], [Subject::Label(key)]) if !values.is_empty() => {
            let (name, place) = (&claim.mounted.name, level(key));
            let (must, values) = (must(clash, key), list(&values, "or", 3));
            let (at, there) = if place == key.as_str() {
                (format!("where {key} is {values}"), format!("where {key} is {values}"))
            } else {
                (format!("in {values}"), format!("in {place} {values}"))
            };
            let message = format!("the pods must {must}, their claim {name} is bound {at}");
            (message, Some(format!("must {must}, but its claim {name} is bound {there}")))
        }
        ([], [claim], _) => (
            format!("no node can reach {}, volume of claim {}", claim.volume, names.concat()),
            None,
        ),
        ([], ..) => {
            (format!("no node can reach the volumes of claims {}", list(&names, "and", 3)), None)
        }
        (_, [_], _) => {
            (format!("no node that the pods may use reaches their claim {}", names.concat()), None)
        }
        _ => {
            let names = list(&names, "and", 3);
            (format!("no node that the pods may use reaches their claims {names}"), None)
        }
    }
}

/// What the pods must do, after `must`.
fn must(clash: &Clash, key: &str) -> String {
    let place = level(key);
    let short = place != key;
    match &clash.wants {
        Wants::OneOf(values) if short => format!("run in {place} {}", list(values, "or", 3)),
        Wants::NotOneOf(values) if short => {
            format!("run in another {place} than {}", list(values, "or", 3))
        }
        Wants::OneOf(values) => format!("run where {key} is {}", list(values, "or", 3)),
        Wants::NotOneOf(values) => format!("run where {key} is not {}", list(values, "or", 3)),
        Wants::Present => format!("run where {key} is set"),
        Wants::Absent => format!("run where {key} is not set"),
        Wants::Greater(than) => format!("run where {key} is more than {than}"),
        Wants::Less(than) => format!("run where {key} is less than {than}"),
    }
}

fn help(members: &[(DemandId, &Place)], claims: &[&BoundClaim]) -> Help {
    let of = |by: By| members.iter().any(|(_, place)| place.by == by);
    let only_volumes = members.iter().all(|(_, place)| place.by == By::Volume);
    match claims {
        [_] if only_volumes => Help::text("bind the claim to a volume that a node can reach"),
        _ if only_volumes => Help::text("give the pod claims whose volumes are in one place"),
        [claim] if of(By::Rule) || of(By::Entry) => Help::text(format!(
            "follow the volume, wherever it is: on volume/{}",
            claim.mounted.name
        )),
        _ => Help::text("drop the demand: the volumes already decide where the pods run"),
    }
}

fn holds(namespace: &str, claims: &[&BoundClaim]) -> Holds {
    let name = |claim: &&BoundClaim| match namespace {
        "" => claim.mounted.name.clone(),
        _ => format!("{namespace}/{}", claim.mounted.name),
    };
    match claims {
        [claim] => {
            Holds::objects(format!("while claim {} is bound to {}", name(claim), claim.volume))
        }
        _ => {
            let names: Vec<String> = claims.iter().map(name).collect();
            Holds::objects(format!("while claims {} are bound as they are", list(&names, "and", 3)))
        }
    }
}
