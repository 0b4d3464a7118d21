//! Words for bounds on the number of replicas.

use placecard_feasibility::bounds::By;
use placecard_feasibility::certificate::Update;
use placecard_feasibility::requirement::Requirement;
use placecard_findings::{
    Code, Evidence, FieldPath, Finding, Help, Holds, Label, ObjectRef, Severity, Site, Verdict,
};
use placecard_language::keys;

use crate::bounds::{AskedBy, Case};
use crate::contradict::{By as WrittenBy, Place};
use crate::object::Object;
use crate::rules;
use crate::words::{self, level};

/// What a finding rests on that follows a volume.
pub(crate) const WHILE_THE_VOLUME_STAYS: &str = "while the volume that it follows is where it is";

/// The values of a label as users call them.
struct Level<'a> {
    key: &'a str,
    name: Option<&'a str>,
}

impl<'a> Level<'a> {
    fn of(case: &'a Case<'_>) -> Self {
        let key = match &case.bound.by {
            By::Apart { key, .. } | By::Spread { key, .. } | By::OneReplica { key, .. } => key,
            By::SharedClaim { .. } => "",
        };
        let name = case.level.as_deref().or_else(|| Some(level(key)).filter(|name| *name != key));
        Self { key, name }
    }

    /// `zone`, or the key.
    fn word(&self) -> &str {
        self.name.unwrap_or(self.key)
    }

    /// `5 zones`, `1 value of KEY`.
    fn count(&self, count: u64) -> String {
        let s = if count == 1 { "" } else { "s" };
        match self.name {
            Some(name) => format!("{count} {name}{s}"),
            None => format!("{count} value{s} of {}", self.key),
        }
    }

    /// `in a zone`, `with one KEY`.
    fn within(&self) -> String {
        match self.name {
            Some("node") => "on a node".to_owned(),
            Some(name) => format!("in a {name}"),
            None => format!("with one {}", self.key),
        }
    }
}

fn replicas(count: u64) -> String {
    if count == 1 { "1 replica".to_owned() } else { format!("{count} replicas") }
}

/// `pods` for a Job, whose pods are no replicas of one another.
fn pods(by: AskedBy, count: u64) -> String {
    match (by, count) {
        (AskedBy::Job, 1) => "1 pod".to_owned(),
        (AskedBy::Job, _) => format!("{count} pods"),
        _ => replicas(count),
    }
}

pub(super) fn ordinal(count: u64) -> String {
    let ending = match (count % 10, count % 100) {
        (1, not) if not != 11 => "st",
        (2, not) if not != 12 => "nd",
        (3, not) if not != 13 => "rd",
        _ => "th",
    };
    format!("{count}{ending}")
}

/// How many replicas stand in each domain if they are spread: `3 and 2`.
fn shares(pods: u64, domains: u64) -> Option<String> {
    if !(2..=3).contains(&domains) {
        return None;
    }
    let share = |index: u64| (pods / domains + u64::from(index < pods % domains)).to_string();
    let shares: Vec<String> = (0..domains).map(share).collect();
    Some(words::list(&shares, "and", 3))
}

/// More replicas than can ever run; `None` where another finding says so.
pub(crate) fn too_many(case: &Case<'_>) -> Option<Finding> {
    let (code, message) = match &case.bound.by {
        By::Apart { .. } => (rules::ANTI_AFFINITY_REPLICAS_EXCEED_ALLOWED, apart(case)),
        By::Spread { max_skew, .. } => {
            (rules::SPREAD_MIN_DOMAINS_UNREACHABLE, spread(case, *max_skew))
        }
        By::SharedClaim { claim } => (rules::SINGLE_WRITER_VOLUME_SHARED, shared(case, claim)),
        By::OneReplica { .. } => return None,
    };
    let mut finding = start(case, code, Verdict::ContradictoryGroup, message);
    finding.labels.extend(few(case));
    if let By::SharedClaim { .. } = &case.bound.by {
        finding.labels.extend(modes(case));
    }
    if let Some(site) = &case.asked.site {
        let text = match case.asked.by {
            AskedBy::Replicas => format!("{} wanted", case.asked.pods),
            AskedBy::Job => format!("{} wanted at once", case.asked.pods),
            AskedBy::AutoscalerLeast => format!("at least {} wanted", case.asked.pods),
            AskedBy::AutoscalerMost => format!("up to {} wanted", case.asked.pods),
        };
        let label = Label::new(site.clone(), text).quoting(case.asked.pods.to_string());
        finding.labels.push(label);
    }
    finding.help = ways_out(case);
    match case.asked.by {
        AskedBy::Replicas | AskedBy::AutoscalerLeast => {}
        // A pod that has finished makes room for the next.
        AskedBy::Job => finding.severity = Severity::Warning,
        AskedBy::AutoscalerMost => {
            finding.code = rules::HPA_MAX_EXCEEDS_DOMAINS;
            finding.severity = Severity::Warning;
        }
    }
    Some(finding)
}

/// The finding with its primary label and how far it holds.
fn start(case: &Case<'_>, code: Code, verdict: Verdict, message: String) -> Finding {
    let text = rule_words(case, verdict);
    let primary = Label::new(case.rule.site.clone(), text).quoting(case.rule.quote.clone());
    let mut finding = Finding::new(code, verdict, case.object.reference.clone(), message, primary);
    finding.holds = if case.on_objects { Holds::objects(objects(case)) } else { Holds::proof("") };
    finding.evidence = Some(Evidence::Certificate(Box::new(case.certificate.clone())));
    finding
}

/// What a finding rests on whose number of replicas is an autoscaler's.
pub(crate) fn while_it_scales(autoscaler: &ObjectRef) -> String {
    format!("while {autoscaler} scales it")
}

fn objects(case: &Case<'_>) -> String {
    if let Some(claim) = &case.claim {
        return format!("while claim {} asks for ReadWriteOncePod", claim.full_name());
    }
    match case.asked.site.as_ref().and_then(|site| site.object.as_ref()) {
        Some(autoscaler) => while_it_scales(autoscaler),
        None => WHILE_THE_VOLUME_STAYS.to_owned(),
    }
}

fn apart(case: &Case<'_>) -> String {
    let (level, most) = (Level::of(case), case.bound.most);
    let are = if most == 1 { "is" } else { "are" };
    let need = level.count(case.asked.pods);
    limit(case, &format!("need {need}"), &format!("{most} {are} allowed"))
}

fn spread(case: &Case<'_>, max_skew: u64) -> String {
    let level = Level::of(case);
    let found = u64::try_from(case.bound.by.domains().len()).unwrap_or(u64::MAX);
    let are = if found == 1 { "is" } else { "are" };
    let need = level.count(case.asked.pods.div_ceil(max_skew.max(1)));
    limit(case, &format!("need {need} at {max_skew} each"), &format!("{found} {are} allowed"))
}

/// The longest message that still fits a line of a report.
const LONGEST: usize = 72;
const NEVER: &str = " can never run";

fn limit(case: &Case<'_>, need: &str, allowed: &str) -> String {
    let (asked, most) = (case.asked.pods, case.bound.most);
    let never = asked.saturating_sub(most);
    match case.asked.by {
        AskedBy::Replicas | AskedBy::AutoscalerLeast => {
            let whole = format!("{} {need}, {allowed}: {}", replicas(asked), replicas(never));
            if whole.chars().count() + NEVER.len() <= LONGEST {
                whole + NEVER
            } else {
                format!("{} {need}, {allowed}: {never}{NEVER}", replicas(asked))
            }
        }
        AskedBy::Job => {
            let run = if most == 1 { "runs" } else { "run" };
            format!(
                "{} at once {need}, {allowed}: {most} {run} at a time",
                pods(AskedBy::Job, asked)
            )
        }
        AskedBy::AutoscalerMost => {
            format!("up to {} {need}, {allowed}: {never}{NEVER}", replicas(asked))
        }
    }
}

fn shared(case: &Case<'_>, claim: &str) -> String {
    let asked = case.asked.pods;
    let never = asked.saturating_sub(1);
    match case.asked.by {
        AskedBy::Job => format!("claim {claim} is for one pod at a time: {asked} pods take turns"),
        _ => format!("claim {claim} is for one pod at a time: {never} of {asked} can never run"),
    }
}

/// What the rule or field says, beside its caret.
fn rule_words(case: &Case<'_>, verdict: Verdict) -> String {
    let level = Level::of(case);
    let within = level.within();
    let update = verdict == Verdict::ContradictoryUpdate;
    match &case.bound.by {
        By::Apart { .. } if update => format!("1 pod {within}, old or new"),
        By::Apart { .. } => format!("at most {} {within}", pods(case.asked.by, 1)),
        By::Spread { max_skew, .. } if update => {
            let s = if *max_skew == 1 { "" } else { "s" };
            format!("{max_skew} pod{s} {within}, old or new")
        }
        By::Spread { max_skew, min_domains, .. } => {
            let most = format!("at most {} {within}", pods(case.asked.by, *max_skew));
            if matches!(case.rule.by, WrittenBy::Rule | WrittenBy::Entry) {
                most
            } else {
                format!("with fewer than {}, {most}", level.count(*min_domains))
            }
        }
        By::OneReplica { .. } => format!("repels what it must share a {} with", level.word()),
        By::SharedClaim { .. } if update => "old and new pods mount it".to_owned(),
        By::SharedClaim { .. } => format!("all {} mount it", pods(case.asked.by, case.asked.pods)),
    }
}

/// The requirements that leave few domains.
fn few(case: &Case<'_>) -> Vec<Label> {
    let level = Level::of(case);
    let count = u64::try_from(case.bound.by.domains().len()).unwrap_or(u64::MAX);
    let alone = case.few.len() == 1;
    let words = |requirement: Option<&Requirement>| match requirement {
        _ if alone => format!("only {}", level.count(count)),
        Some(requirement) if requirement.values.is_empty() => words::requirement(requirement),
        Some(requirement) => words::list(&requirement.values, "or", 4),
        None => format!("leaves {}", level.count(count)),
    };
    let label = |(place, requirement): &(Place, Option<Requirement>)| {
        Label::new(place.site.clone(), words(requirement.as_ref())).quoting(place.quote.clone())
    };
    case.few.iter().map(label).collect()
}

/// The access modes, in the claim.
fn modes(case: &Case<'_>) -> Option<Label> {
    let site = Site::value(FieldPath::of(&["spec", "accessModes"]));
    let site = site.in_object(case.claim.clone()?);
    Some(Label::new(site, "one pod at a time").quoting("ReadWriteOncePod"))
}

/// Smallest change first.
fn ways_out(case: &Case<'_>) -> Vec<Help> {
    let (level, most) = (Level::of(case), case.bound.most);
    let by = case.rule.by;
    let by_rule = matches!(by, WrittenBy::Rule | WrittenBy::Entry);
    let field = match case.asked.by {
        AskedBy::Replicas => "replicas",
        AskedBy::Job => "parallelism",
        AskedBy::AutoscalerLeast => "minReplicas",
        AskedBy::AutoscalerMost => "maxReplicas",
    };
    let mut help = vec![Help::text(format!("{field}: {most}"))];
    let word = level.word();
    match &case.bound.by {
        By::Apart { .. } => {
            let over = match by {
                WrittenBy::Rule => format!("spread, not apart: spread over {word}"),
                // No entry spreads.
                WrittenBy::Entry => {
                    format!("spread, not apart: spread over {word} in {}", keys::REQUIRE)
                }
                _ => format!("spread, not apart: a topologySpreadConstraint over {word}"),
            };
            let shares = shares(case.asked.pods, most).map(|shares| format!("({shares})"));
            help.push(Help { yields: shares.unwrap_or_default(), ..Help::text(over) });
            help.push(prefer(by));
        }
        By::Spread { domains, .. } => {
            let found = u64::try_from(domains.len()).unwrap_or(u64::MAX);
            if by_rule {
                let each = case.asked.pods.div_ceil(found.max(1));
                help.push(Help::mentioning(
                    format!("allow {each} {} in {{}}", level.within()),
                    vec![0],
                ));
            } else {
                help.push(Help::text(format!("minDomains: {found}")));
            }
            help.push(prefer(by));
        }
        By::SharedClaim { .. } => {
            help.push(Help::text("a StatefulSet gives each replica a claim of its own"));
            help.push(Help::text("accessModes: [ReadWriteMany], if the storage can"));
            return help;
        }
        By::OneReplica { .. } => return help,
    }
    help.extend(allow_more(case, &level));
    help
}

fn prefer(by: WrittenBy) -> Help {
    match by {
        WrittenBy::Rule => Help::mentioning(format!("move {{}} to {}", keys::PREFER), vec![0]),
        WrittenBy::Entry => Help::mentioning("strength: Preferred for the entry in {}", vec![0]),
        _ => Help::mentioning("prefer it, do not require it, in {}", vec![0]),
    }
}

/// How many more domains it takes, where one place names them all.
fn allow_more(case: &Case<'_>, level: &Level<'_>) -> Option<Help> {
    let found = u64::try_from(case.bound.by.domains().len()).ok()?;
    let each = match &case.bound.by {
        By::Spread { max_skew, .. } => *max_skew,
        _ => 1,
    };
    let more = case.asked.pods.div_ceil(each.max(1)).checked_sub(found).filter(|more| *more > 0)?;
    let more = match level.name {
        Some(name) => format!("{more} more {name}{}", if more == 1 { "" } else { "s" }),
        None => format!("{more} more of {}", level.key),
    };
    if case.few.len() == 1 {
        return Some(Help::mentioning(format!("allow {more} in {{}}"), vec![1]));
    }
    Some(Help::text(format!("allow {more}")))
}

/// An update that can never begin.
pub(crate) fn full_update(case: &Case<'_>, update: Update) -> Finding {
    let (level, asked) = (Level::of(case), case.asked.pods);
    let fill = if asked == 1 { "fills" } else { "fill" };
    let next = ordinal(asked.saturating_add(1));
    let filled = match &case.bound.by {
        By::Apart { .. } => format!(
            "{} {fill} {}, it needs a {next}",
            replicas(asked),
            level.count(case.bound.most)
        ),
        By::Spread { domains, max_skew, .. } => {
            let found = u64::try_from(domains.len()).unwrap_or(u64::MAX);
            format!("{} {fill} {} at {max_skew} each", replicas(asked), level.count(found))
        }
        By::OneReplica { .. } => format!("near and apart in one {}", level.word()),
        By::SharedClaim { claim } => format!("claim {claim} is for one pod at a time"),
    };
    let message = format!("no update can finish by itself: {filled}");
    let code = rules::ROLLOUT_NEEDS_SPARE_DOMAIN;
    let mut finding = start(case, code, Verdict::ContradictoryUpdate, message);
    let count = u64::try_from(case.bound.by.domains().len()).unwrap_or(u64::MAX);
    let mut more = few(case);
    if let [only] = more.as_mut_slice() {
        only.text = level.count(count);
    }
    finding.labels.extend(more);
    if let By::SharedClaim { .. } = &case.bound.by {
        finding.labels.extend(modes(case));
    }
    finding.labels.push(strategy(case.object, asked, update));
    finding.help = update_ways_out(case);
    finding
}

/// Where the numbers of the update come from.
pub(super) fn strategy(object: &Object, pods: u64, update: Update) -> Label {
    let Update { surge, unavailable } = update;
    let numbers = format!("surge {surge}, unavailable {unavailable}");
    let spec = FieldPath::of(&["spec"]);
    let rolling = spec.keys(&["strategy", "rollingUpdate"]);
    if object.strategy.max_unavailable.is_some() {
        return Label::new(Site::value(rolling.key("maxUnavailable")), numbers);
    }
    let numbers = format!("{numbers} (25% of {pods})");
    if object.strategy.written {
        return Label::new(Site::key(spec.key("strategy")), numbers);
    }
    Label::new(Site::key(spec), format!("no strategy: {numbers}"))
}

/// What helps this update, and what helps those after it: old pods keep the terms that they were
/// made with, so that the update which brings `matchLabelKeys` is stuck as well.
fn update_ways_out(case: &Case<'_>) -> Vec<Help> {
    let first = "let an old pod go first: strategy.rollingUpdate.maxUnavailable: 1";
    let mut help = vec![Help::text(first)];
    let later = "for the updates after the next, keep only pods of one revision apart";
    match &case.bound.by {
        By::Apart { .. } | By::Spread { .. } if case.rule.by == WrittenBy::Rule => {
            help.push(Help::mentioning(
                format!("{later}: {{}} without `across revisions`"),
                vec![0],
            ));
        }
        By::Apart { key, .. } | By::Spread { key, .. } => help.push(Help {
            lines: vec![
                format!("  - topologyKey: {key}"),
                "+   matchLabelKeys: [pod-template-hash]".to_owned(),
            ],
            ..Help::text(format!("{later} (Kubernetes 1.31 and later)"))
        }),
        By::OneReplica { .. } | By::SharedClaim { .. } => {
            help.push(Help::text("strategy.type: Recreate"));
        }
    }
    help
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_end_as_they_are_spoken() {
        let said: Vec<String> = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111].map(ordinal).to_vec();
        let wanted =
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st", "111th"];
        assert_eq!(said, wanted);
    }

    #[test]
    fn shares_add_up() {
        assert_eq!(shares(5, 2).as_deref(), Some("3 and 2"));
        assert_eq!(shares(7, 3).as_deref(), Some("3, 2 and 2"));
        assert_eq!(shares(7, 1), None);
        assert_eq!(shares(7, 4), None);
    }
}
