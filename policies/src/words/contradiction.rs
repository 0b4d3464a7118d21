//! Words for contradictions.

use placecard_feasibility::any_cluster::kubelet::{HOSTNAME, OS};
use placecard_feasibility::contradiction::{Clash, Core, Dead, DemandId, Subject, Wants};
use placecard_feasibility::domain::{Domain, Shape};
use placecard_feasibility::pod_affinity::{PodContradiction, TermId};
use placecard_findings::{
    Code, Edit, Evidence, FieldPath, Finding, Fix, Help, Holds, Label, ObjectRef, Severity, Site,
    Verdict,
};

use crate::contradict::{By, Place};
use crate::object::Object;
use crate::rules;
use crate::words::{self, level, list, shorten};

const KEEP_ONE: &str = "keep one of the two";
const APART_IN_A_NARROWER_LEVEL: &str = "keep one, or keep apart in a narrower level";

/// A pod (anti-)affinity term and where it is written.
pub(crate) struct TermPlace {
    /// The rule, or the term's selector.
    pub(crate) place: Place,
    /// The term's own path, if it is hand-written.
    pub(crate) field: FieldPath,
    /// Its selector in kubectl's syntax.
    pub(crate) selects: String,
}

/// Demands on the node that exclude one another.
pub(crate) fn nodes(object: &ObjectRef, core: &Core, members: &[(DemandId, &Place)]) -> Finding {
    let code = code_of(members);
    let mut labels: Vec<Label> = Vec::new();
    if core.clashes.is_empty() {
        for (demand, place) in members {
            labels.push(label(place, dead_words(core, *demand)));
        }
    } else {
        for (clash, (_, place)) in core.clashes.iter().zip(members) {
            labels.push(label(place, wants(clash)));
        }
    }
    labels.dedup_by(|a, b| a.site == b.site);
    let count = labels.len();
    let mut labels = labels.into_iter();
    let first = labels.next().unwrap_or_else(|| Label::new(Site::default(), ""));
    let (message, law) = message(core, count);
    let mut finding = Finding::new(code, Verdict::Contradictory, object.clone(), message, first);
    finding.labels.extend(labels);
    finding.holds = Holds::proof(law);
    let label_of = |place: &Place| finding.labels.iter().position(|one| one.site == place.site);
    finding.help = help(core, members, &label_of);
    finding
}

/// Demands that some node can meet, but none that a kubelet labels; `core` without what it writes.
pub(crate) fn on_kubelets(
    object: &ObjectRef,
    core: &Core,
    members: &[(DemandId, &Place)],
) -> Finding {
    let mut finding = nodes(object, core, members);
    finding.severity = Severity::Warning;
    finding.message.push_str(", if a kubelet labels it");
    finding.holds = Holds::assuming("if a kubelet labels each node");
    if let [Clash { subject: Subject::Label(key), wants, .. }] = core.clashes.as_slice() {
        finding.help = vec![Help::text(match (key.as_str(), wants) {
            (_, Wants::OneOf(values))
                if let [value] = values.as_slice()
                    && let Some(word) = go_word(value) =>
            {
                finding.fix = members.first().and_then(|(_, place)| in_place(place, value, word));
                format!("write {key}={word}")
            }
            (HOSTNAME, _) => "every kubelet writes this label".to_owned(),
            (OS, _) => "a kubelet writes linux or windows".to_owned(),
            _ => "a kubelet writes amd64, arm64 or another word that Go has for it".to_owned(),
        })];
    }
    finding
}

/// The value in Go's words, where it stands alone in a field.
fn in_place(place: &Place, value: &str, word: &str) -> Option<Fix> {
    let site = match place.by {
        By::NodeSelector => place.site.clone(),
        By::NodeAffinity => Site::value(place.site.path.index(0)),
        _ => return None,
    };
    Some(Fix::safe(vec![Edit::text(site, value, word)]))
}

/// What Go calls a system or an architecture that others call so.
fn go_word(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "amd64" | "x86_64" | "x86-64" | "x64" => "amd64",
        "arm64" | "aarch64" => "arm64",
        "386" | "i386" | "i686" | "x86" => "386",
        "arm" | "armhf" | "armv7" | "armv7l" => "arm",
        "linux" => "linux",
        "windows" | "win" => "windows",
        _ => return None,
    })
}

fn code_of(members: &[(DemandId, &Place)]) -> Code {
    let by_selector = members.iter().any(|(_, place)| place.by == By::NodeSelector);
    if by_selector && members.len() > 1 {
        rules::NODE_SELECTOR_CONTRADICTS_AFFINITY
    } else {
        rules::NODE_AFFINITY_UNSATISFIABLE
    }
}

pub(crate) fn label(place: &Place, text: String) -> Label {
    Label::new(place.site.clone(), text).quoting(place.quote.clone())
}

/// The message and the law behind it.
fn message(core: &Core, count: usize) -> (String, &'static str) {
    let one_key = "a node has one value of a label";
    if core.clashes.is_empty() {
        return ("no node matches any of these node affinity terms".to_owned(), "");
    }
    let subjects = core.subjects();
    let [subject] = subjects.as_slice() else {
        return (format!("no node can meet these {count} demands at once"), "any fewer can hold");
    };
    match (subject, core.clashes.as_slice()) {
        (_, [clash]) => (format!("no node can {}", asks(clash)), ""),
        (Subject::Name, [a, b]) => (both(a, b), "a node has one name"),
        (Subject::Label(_), [a, b]) => (both(a, b), one_key),
        (Subject::Name, _) => {
            (format!("no node name meets these {count} demands at once"), "any fewer can hold")
        }
        (Subject::Label(key), _) => (
            format!("no value of node label {key} meets these {count} demands at once"),
            if count == 3 { "any two can hold, the three cannot" } else { "any fewer can hold" },
        ),
    }
}

/// Two demands in one sentence; a verb that both begin with stands once.
fn both(a: &Clash, b: &Clash) -> String {
    let (a, b) = (asks(a), asks(b));
    let verb = a.split(' ').next().unwrap_or_default();
    let rest = b.strip_prefix(verb).and_then(|rest| rest.strip_prefix(' ')).unwrap_or(&b);
    format!("no node can {a} and {rest}")
}

/// What a demand asks a node to be.
fn asks(clash: &Clash) -> String {
    let Subject::Label(key) = &clash.subject else {
        return match &clash.wants {
            Wants::OneOf(names) => format!("be {}", list(names, "or", 3)),
            Wants::NotOneOf(names) => format!("be other than {}", list(names, "and", 3)),
            _ => "have that name".to_owned(),
        };
    };
    let place = level(key);
    let short = place != key.as_str() && place != "node";
    match &clash.wants {
        Wants::OneOf(values) if short => format!("be in {place} {}", list(values, "or", 3)),
        Wants::NotOneOf(values) if short => {
            format!("be in another {place} than {}", list(values, "or", 3))
        }
        Wants::OneOf(values) => format!("have {key}={}", list(values, "or", 3)),
        Wants::NotOneOf(values) => format!("have {key} other than {}", list(values, "or", 3)),
        Wants::Present => format!("have label {key}"),
        Wants::Absent => format!("lack label {key}"),
        Wants::Greater(than) => format!("have {key}>{than}"),
        Wants::Less(than) => format!("have {key}<{than}"),
    }
}

/// What a demand wants, beside its caret.
pub(crate) fn wants(clash: &Clash) -> String {
    let (key, place) = match &clash.subject {
        Subject::Name => ("name", "node"),
        Subject::Label(key) => (key.as_str(), level(key)),
    };
    match &clash.wants {
        Wants::OneOf(values) if place != key => {
            format!("wants {place} {}", list(values, "or", 4))
        }
        Wants::OneOf(values) => list(values, "or", 4),
        Wants::NotOneOf(values) => format!("not {}", list(values, "nor", 4)),
        Wants::Present => format!("needs label {key}"),
        Wants::Absent => format!("wants no label {key}"),
        Wants::Greater(than) => format!("more than {than}"),
        Wants::Less(than) => format!("less than {than}"),
    }
}

fn dead_words(core: &Core, demand: DemandId) -> String {
    let whys: Vec<&Dead> =
        core.dead.iter().filter(|dead| dead.demand == demand).map(|dead| &dead.why).collect();
    match whys.as_slice() {
        [Dead::Empty] => "an empty term matches no node".to_owned(),
        [Dead::Unreadable(..)] => "the scheduler cannot read this term".to_owned(),
        [] => "matches no node".to_owned(),
        _ => "none of these terms can match a node".to_owned(),
    }
}

fn help(
    core: &Core,
    members: &[(DemandId, &Place)],
    label_of: &dyn Fn(&Place) -> Option<usize>,
) -> Vec<Help> {
    let demands = core.demands.len();
    if core.clashes.is_empty() {
        return vec![Help::text("delete the terms, or write what the node must have")];
    }
    if demands < 2 {
        return vec![Help::text("drop one of the requirements")];
    }
    if demands == 2 {
        return vec![Help::text(KEEP_ONE)];
    }
    let mut ways = Vec::new();
    let mut mentions = Vec::new();
    for without in &core.without {
        let place = members.iter().find(|(demand, _)| *demand == without.demand);
        let label = place.and_then(|(_, place)| label_of(place));
        if let (Some(label), Some(left)) = (label, left(&without.left)) {
            ways.push(format!("without {{}} {left} is left"));
            mentions.push(label);
        }
    }
    if ways.is_empty() {
        return vec![Help::text(format!("drop one of the {demands}"))];
    }
    vec![Help::mentioning(format!("drop one: {}", ways.join(", ")), mentions)]
}

fn left(domain: &Domain) -> Option<String> {
    match domain.shape() {
        Shape::Only(values) if !values.is_empty() => Some(list(&values, "or", 3)),
        _ => None,
    }
}

/// Two typed entries, required toward and away from one target.
pub(crate) struct Opposed<'a> {
    /// The target is pods, and not a node.
    pub(crate) of_pods: bool,
    /// Its id, or its name.
    pub(crate) target: &'a str,
    /// The node label key of the domain.
    pub(crate) level: &'a str,
    pub(crate) toward: &'a Place,
    pub(crate) away: &'a Place,
}

/// Entries that exclude each other whatever their target is: as what is known of it would be told.
pub(crate) fn entries(object: &ObjectRef, opposed: &Opposed<'_>) -> Finding {
    let Opposed { of_pods, target, level: key, toward, away } = *opposed;
    let domain = level(key);
    let (code, message, texts, help) = if of_pods {
        (
            rules::AFFINITY_CONTRADICTS_ANTI_AFFINITY,
            near_and_apart(key),
            [
                format!("must share a {domain} with {target}"),
                format!("must share no {domain} with {target}"),
            ],
            APART_IN_A_NARROWER_LEVEL,
        )
    } else if domain == "node" {
        let message = format!("no node can be {target} and not be it");
        let texts = [format!("wants {target}"), format!("not {target}")];
        (rules::NODE_AFFINITY_UNSATISFIABLE, message, texts, KEEP_ONE)
    } else {
        let message = format!("no node can be in the {domain} of a node and not in it");
        let texts =
            [format!("wants the {domain} of {target}"), format!("not the {domain} of {target}")];
        (rules::NODE_AFFINITY_UNSATISFIABLE, message, texts, KEEP_ONE)
    };
    let [first, second] = texts;
    let message = shorten(&message, 72);
    let mut finding =
        Finding::new(code, Verdict::Contradictory, object.clone(), message, label(toward, first));
    finding.labels.push(label(away, second));
    finding.help = vec![Help::text(help)];
    // What is not known is in no field: the entries are refused for themselves.
    finding.evidence = Some(Evidence::UnwrittenRules);
    finding
}

/// It is a rule that follows a volume that clashes, or an autoscaler that asks for the replicas.
pub(crate) fn by_objects(autoscaler: Option<&ObjectRef>) -> Holds {
    match autoscaler {
        Some(autoscaler) => Holds::objects(words::bounds::while_it_scales(autoscaler)),
        None => Holds::objects(words::bounds::WHILE_THE_VOLUME_STAYS),
    }
}

/// It is a rule that follows a Lease, or the labels of a node, that clashes.
pub(crate) fn by_what_is_followed() -> Holds {
    Holds::objects("while what it follows is where it is")
}

/// Required pod affinity and anti-affinity that exclude each other; `None` if it does not concern
/// this object (one replica is all there is).
pub(crate) fn pods(
    object: &Object,
    found: &PodContradiction,
    place: &dyn Fn(&str, TermId) -> TermPlace,
) -> Option<Finding> {
    let near = |term: &TermId| place("podAffinity", *term);
    let apart = |term: &TermId| place("podAntiAffinity", *term);
    let contradiction = |code, message: String, label| {
        Finding::new(code, Verdict::Contradictory, object.reference.clone(), message, label)
    };
    let mut finding = match found {
        PodContradiction::NilSelector { affinity } => {
            let term = near(affinity);
            let mut finding = contradiction(
                rules::POD_AFFINITY_SELECTOR_NULL,
                "a required pod affinity without a selector matches no pod".to_owned(),
                Label::new(Site::key(term.field.key("topologyKey").parent()), "no labelSelector"),
            );
            finding.help = vec![Help::text("add a labelSelector, or delete the term")];
            finding
        }
        PodContradiction::NoCommonPod { key, clash } => no_common_pod(object, key, clash, &near)?,
        PodContradiction::NoCommonNamespace { affinity } => {
            let mut labels = affinity.iter().map(near).map(|term| {
                Label::new(term.place.site, "names other namespaces").quoting(term.place.quote)
            });
            let mut finding = contradiction(
                rules::POD_AFFINITY_TERMS_NO_COMMON_POD,
                "no namespace is meant by all required pod affinity terms".to_owned(),
                labels.next()?,
            );
            finding.labels.extend(labels);
            finding.why = Some("a pod counts only if all terms mean it".to_owned());
            finding
        }
        PodContradiction::CompanionRepelled { affinity, anti, topology_key } => {
            let mut finding = contradiction(
                rules::AFFINITY_CONTRADICTS_ANTI_AFFINITY,
                near_and_apart(topology_key),
                first_near(affinity, &near, topology_key)?,
            );
            finding.labels.extend(anti.iter().map(apart).map(|term| repels(&term, topology_key)));
            finding.help = vec![Help::text(APART_IN_A_NARROWER_LEVEL)];
            finding
        }
        PodContradiction::OneReplica { affinity, anti, topology_key } => {
            let replicas = object.replicas.filter(|replicas| *replicas > 1)?;
            let mut finding = contradiction(
                rules::SELF_AFFINITY_VS_SELF_ANTI_AFFINITY,
                format!(
                    "1 of {replicas} replicas can run: near and apart in one {}",
                    level(topology_key)
                ),
                first_near(affinity, &near, topology_key)?,
            );
            finding.verdict = Verdict::ContradictoryGroup;
            finding.labels.extend(anti.iter().map(apart).map(|term| repels(&term, topology_key)));
            finding.help = vec![Help::text("keep apart in a narrower level than near")];
            finding
        }
    };
    finding.holds = Holds::proof("");
    Some(finding)
}

fn near_and_apart(topology_key: &str) -> String {
    format!("required near and apart from the same pods in one {}", level(topology_key))
}

fn first_near(
    affinity: &[TermId],
    near: &dyn Fn(&TermId) -> TermPlace,
    topology_key: &str,
) -> Option<Label> {
    let term = affinity.first().map(near)?;
    let text = format!("must share a {} with {}", level(topology_key), term.selects);
    Some(Label::new(term.place.site, text).quoting(term.place.quote))
}

fn repels(term: &TermPlace, topology_key: &str) -> Label {
    let text = format!("must share no {} with {}", level(topology_key), term.selects);
    Label::new(term.place.site.clone(), text).quoting(term.place.quote.clone())
}

fn no_common_pod(
    object: &Object,
    key: &str,
    clash: &[placecard_feasibility::pod_affinity::SelectorAtom],
    near: &dyn Fn(&TermId) -> TermPlace,
) -> Option<Finding> {
    let mut terms: Vec<TermId> = clash.iter().map(|atom| atom.term).collect();
    terms.dedup();
    let ordinal = |index: usize| match index {
        0 => "the first",
        1 => "the second",
        _ => "another",
    };
    let alone = terms.len() == 1;
    let mut labels = terms.iter().map(near).enumerate().map(|(index, term)| {
        let text = if alone {
            format!("no pod matches {}", term.selects)
        } else {
            format!("{}: pods with {}", ordinal(index), term.selects)
        };
        Label::new(term.place.site, text).quoting(term.place.quote)
    });
    let (code, message) = if alone {
        let message = format!("no pod can match this selector: {key} has one value");
        (rules::LABEL_SELECTOR_UNSATISFIABLE, message)
    } else {
        let message = "a pod can be required near one target, this one is required near two";
        (rules::POD_AFFINITY_TERMS_NO_COMMON_POD, message.to_owned())
    };
    let first = labels.next()?;
    let mut finding =
        Finding::new(code, Verdict::Contradictory, object.reference.clone(), message, first);
    finding.labels.extend(labels);
    if alone {
        finding.help = vec![Help::text("put the values into one `in (...)`, or drop one")];
    } else {
        finding.why =
            Some(format!("a pod counts only if it matches both; none has both values of {key}"));
        finding.help = vec![Help::text("require the one that matters more, prefer the other")];
    }
    Some(finding)
}
