//! Words for the problems of a RoleCoordination.

use placecard_findings::{Finding, Help, Holds, Label, ObjectRef, Severity, Site, Verdict};
use placecard_language::coordination::{
    CoordinationDetail, CoordinationProblem, GROUP_KINDS, MAX_RATIO,
};
use placecard_language::problem::Form;
use placecard_language::{codes, keys};

use crate::rules;
use crate::trouble::Obstacle;
use crate::words::language::{Said, Worded, form_rule, quote, said, sequential_by_affinity};
use crate::words::{list, shorten, vocabulary};

/// The longest message.
const LONGEST: usize = 72;
/// As many names are listed in a help text.
const NAMES: usize = 12;
/// The longest name in a message that holds several.
const NAME: usize = 18;

/// The words of a problem. Its quote is empty: the caller has the document.
#[must_use]
pub fn problem(problem: &CoordinationProblem) -> Worded {
    say(&problem.detail).worded(problem.suggestion.as_deref())
}

/// What is wrong in one sentence, with the field: for who sees no file.
#[must_use]
pub fn fault(finding: &Finding) -> String {
    match finding.labels.first().map(|label| label.site.path.to_string()) {
        Some(path) if !path.is_empty() => format!("{path}: {}", finding.line()),
        _ => finding.line(),
    }
}

fn say(detail: &CoordinationDetail) -> Said {
    use CoordinationDetail as Is;
    match detail {
        Is::Shape(shape) => vocabulary::say(shape),
        Is::Form { found, what, form } => form_of(found, what, *form),
        Is::Duplicate { what, name, .. } => {
            let said = said(format!("{what} {} is there twice", shorten(name, 40)));
            said.label("the second")
        }
        Is::Empty { what } => said(format!("{what} is missing here")),
        Is::OneSource { role, both } => one_source(role, *both),
        Is::RoleOfGroup { kind, present } => role_of_group(kind, *present),
        Is::GroupKind { found, .. } => {
            let kinds: Vec<String> =
                GROUP_KINDS.iter().map(|(group, kind, _)| format!("{kind} of {group}")).collect();
            said(format!("{} is not a kind of group that is known", shorten(found, 30)))
                .help(format!("groups are {}", list(&kinds, "and", NAMES)))
                .help("the pods of any other workload are reached by workloadRef")
        }
        Is::WorkloadKind { found, is_group: true } => {
            said(format!("{found} is a group, not one workload")).help("name it in groupRef")
        }
        Is::WorkloadKind { found, .. } => said(format!("the pods of a {found} are in no batches"))
            .help("a Deployment, a StatefulSet or an Indexed Job has replicas to count"),
        Is::UnknownRole { found, known } => {
            let said = said(format!("no role is named {}", shorten(found, 40)));
            if known.is_empty() {
                return said.help("the roles are those of spec.roles");
            }
            said.help(format!("the roles are {}", list(known, "and", NAMES)))
        }
        other => of_strategy(other),
    }
}

fn form_of(found: &str, what: &str, form: Form) -> Said {
    let found = if found.is_empty() { "nothing".to_owned() } else { quote(found) };
    let rule = match form {
        Form::LabelValue => "at most 63 of A-Z, a-z, 0-9, ., _ and -: it is part of a label key",
        Form::Reference => "as in apps/v1",
        form => form_rule(form),
    };
    said(format!("{found} cannot name {what}")).help(rule)
}

fn one_source(role: &str, both: bool) -> Said {
    let role = shorten(role, NAME);
    if both {
        return said(format!("role {role} has a workloadRef and a groupRef"))
            .label("the second")
            .help("keep one: the pods of a role come from one place");
    }
    said(format!("role {role} has neither workloadRef nor groupRef"))
        .help("name the workload whose pods play the role")
}

fn role_of_group(kind: &str, present: bool) -> Said {
    if kind.is_empty() {
        return said("role goes only with a groupRef")
            .label("no role inside a workload")
            .help("all pods of a workload play one role: delete it");
    }
    if present {
        return said(format!("a {kind} has no roles inside"))
            .label("nothing to name")
            .help("each of its groups is one replica: delete it");
    }
    let inside = GROUP_KINDS.iter().find(|(_, one, _)| *one == kind).and_then(|(.., at)| *at);
    let said = said(format!("which role of the {kind} is missing here"));
    match inside {
        Some(at) => said.help(format!("role: one of its {at}")),
        None => said,
    }
}

fn of_strategy(detail: &CoordinationDetail) -> Said {
    use CoordinationDetail as Is;
    match detail {
        Is::NoRatio { role, coordination } => {
            let (role, of) = (shorten(role, NAME), shorten(coordination, NAME));
            said(format!("role {role} of coordination {of} has no ratio"))
                .label(format!("then {role}: N"))
                .help("the ratio is how many of its replicas one batch holds")
        }
        Is::ForeignRatio { role, coordination, known } => {
            let (name, of) = (shorten(role, NAME), shorten(coordination, NAME));
            said(format!("{name} has a ratio and is no role of coordination {of}"))
                .label("no role of this coordination")
                .help(format!("its roles are {}", list(known, "and", NAMES)))
        }
        Is::Ratio { role, found } => {
            said(format!("the ratio of {} is {found}, it has to be 1 or more", shorten(role, NAME)))
                .help(format!("a whole number from 1 to {MAX_RATIO}"))
        }
        Is::PlacedTwice { role, first, second } => {
            let (role, first) = (shorten(role, NAME), shorten(first, NAME));
            said(format!("role {role} is placed by coordination {first} already"))
                .label("placed twice")
                .help(format!(
                    "a pod belongs to one batch: take {role} out of {first} or of {}",
                    shorten(second, NAME)
                ))
        }
        Is::StrategyOfType { kind, field, other: Some(other) } => {
            said(format!("{other} is not the strategy of type {kind}"))
                .label(format!("the type wants {field}"))
                .help("a coordination has one strategy: make a second one for the other")
        }
        Is::StrategyOfType { kind, field, other: None } => {
            said(format!("the strategy of type {kind} is missing here"))
                .label(format!("then {field}"))
        }
        Is::SequentialByAffinity => sequential_by_affinity(),
        Is::OnlyGated { field, placement } => {
            said(format!("{field} goes only with placement gated"))
                .label("nobody counts")
                .help(format!("with {placement} the scheduler alone decides how long pods wait"))
        }
        Is::ReleaseWithoutTimeout => {
            said("onTimeout release needs a timeout").help("as in timeout: 10m")
        }
        Is::Duration { found } => {
            said(format!("{} is not a duration of a second or more", quote(found)))
                .help("as in 90s, 10m or 1h30m")
        }
        Is::NotPaced { role, kind } => {
            let (role, kind) = (shorten(role, NAME), shorten(kind, NAME));
            said(format!("role {role} is played by a {kind}, which has no partition"))
                .label("nobody can stop its rollout")
                .help("manageRollout needs StatefulSets: they replace pods down to a partition")
                .help("without manageRollout the status says how far apart the roles are")
        }
        Is::PacedTwice { role, first } => {
            let (role, first) = (shorten(role, NAME), shorten(first, NAME));
            said(format!("the rollout of role {role} is managed by {first} already"))
                .label("managed twice")
                .help("a StatefulSet has one partition: take the role out of one of them")
        }
        Is::Percentage { field, found, least } => {
            let said = said(format!("{field} takes {least}% to 100%, not {}", shorten(found, 24)));
            if *least == 0 {
                return said;
            }
            said.help("with none that may be unavailable, no pod is ever replaced")
        }
        _ => said(""),
    }
}

/// Fields of a RoleBasedGroup's coordinations that the API server does not keep; `None`: it keeps
/// all.
pub(crate) fn pruned(object: &ObjectRef, fields: &[Site], offer: &[String]) -> Option<Finding> {
    let (first, others) = fields.split_first()?;
    let message = "this cluster's RoleBasedGroup has no such field: it would be dropped";
    let mut finding = Finding::new(
        rules::COORDINATION_PRUNED,
        Verdict::ApiRejects,
        object.clone(),
        message,
        Label::new(first.clone(), "dropped when it is stored, or refused"),
    );
    finding.labels.extend(others.iter().map(|one| Label::new(one.clone(), "dropped, too")));
    finding.help = vec![instead(offer)];
    finding.holds = Holds::objects("with the CustomResourceDefinition that was read");
    Some(finding)
}

/// Coordinations in a RoleBasedGroup of which no schema is at hand.
pub(crate) fn not_in_any_release(object: &ObjectRef, list: Site, offer: &[String]) -> Finding {
    let mut finding = Finding::new(
        rules::COORDINATION_PRUNED,
        Verdict::ApiRejects,
        object.clone(),
        "no known release of RoleBasedGroup has such coordinations",
        Label::new(list, "dropped, unless the cluster's definition has it"),
    );
    finding.severity = Severity::Note;
    let definition =
        "give the CustomResourceDefinition of the cluster to be sure, in --objects or --cluster";
    finding.help = vec![Help::text(definition), instead(offer)];
    finding.holds = Holds::assuming("by the releases up to v0.8.0-alpha.5");
    finding
}

fn instead(offer: &[String]) -> Help {
    let text = "delete the list, and say the same in an object of its own:";
    Help { lines: offer.to_vec(), ..Help::text(text) }
}

/// What it takes to have them.
const POD_GROUPS: &str = "PodGroups of scheduling.k8s.io/v1beta1 need the feature gates \
    GenericWorkload and TopologyAwareWorkloadScheduling, and the webhook's controller";

/// Why a template's place in a coordination cannot be written. `primary` is the annotation's words.
pub(crate) fn obstacle(object: &ObjectRef, obstacle: &Obstacle, mut primary: Label) -> Finding {
    let (code, verdict, said) = match obstacle {
        Obstacle::NoRole { coordination } => {
            let (kind, of) = (&object.kind, shorten(coordination, NAME));
            let said = said(format!("no role of RoleCoordination {of} refers to this {kind}"));
            let said = said.label("knows no such workload").help(
                "add a role whose workloadRef names the workload, or correct the one that is there",
            );
            // A pod may be tried again; of a workload it is known that nobody means it.
            let verdict = match object.kind.as_str() {
                "Pod" => Verdict::Unresolved,
                _ => Verdict::Uncoordinated,
            };
            (rules::PLAYS_NO_ROLE, verdict, said)
        }
        Obstacle::TwoCoordinations { first, second } => {
            let (first, second) = (shorten(first, NAME), shorten(second, NAME));
            let said = said(format!("RoleCoordinations {first} and {second} both place this pod"));
            let said = said
                .label("placed twice")
                .help("a pod belongs to one batch: take the role out of one of them");
            (codes::ROLE_PLACED_TWICE, Verdict::Language, said)
        }
        Obstacle::GatedInGroup => {
            let said = said("nobody opens the gates of a coordination inside a RoleBasedGroup")
                .label("would wait for ever")
                .help("say the same in a RoleCoordination: placecard lint prints it")
                .help("in parallel, by affinity, no gate is needed");
            (codes::NOT_EXPRESSIBLE, Verdict::NotExpressible, said)
        }
        Obstacle::NoOrdinal { replicas, ratio } => {
            let said = match replicas {
                Some(replicas) => said(format!(
                    "{replicas} replicas at ratio {ratio}, and nothing says which one a pod is"
                )),
                None => said("nothing says in which batch this pod is"),
            };
            let said = said
                .label("which batch?")
                .help("a StatefulSet or an Indexed Job numbers its pods")
                .help(format!(
                    "one workload for each batch, its template with the label {}",
                    keys::BATCH
                ))
                .help("a ratio of all replicas: then there is one batch");
            (codes::NO_ORDINAL, Verdict::NotExpressible, said)
        }
        Obstacle::NoController => {
            let said = said("no controller is seen that would release the pod from its gate");
            let said = said
                .label("would wait for ever")
                .help("the webhook's controller has to run, with a Lease that it renews")
                .help("placement affinity needs no controller: in parallel, by affinity");
            (codes::UNRESOLVED, Verdict::Unresolved, said)
        }
        _ => {
            let said = said("this cluster serves no PodGroups that keep to a topology");
            let said = said
                .label("nobody would see to it")
                .help(POD_GROUPS)
                .help("place the batches by gated, or in parallel by affinity");
            (codes::NOT_EXPRESSIBLE, Verdict::NotExpressible, said)
        }
    };
    primary.text.clone_from(&said.label);
    let mut finding =
        Finding::new(code, verdict, object.clone(), shorten(&said.message, LONGEST), primary);
    finding.help = said.help.into_iter().map(Help::text).collect();
    if verdict == Verdict::Uncoordinated {
        finding.holds = Holds::objects("with these objects");
    }
    if verdict == Verdict::Unresolved {
        finding.severity = Severity::Warning;
        finding.holds = Holds::objects("while it is so");
    }
    finding
}
