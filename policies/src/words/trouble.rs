//! Words for rules that cannot be expanded.

use placecard_feasibility::selector::Selector;
use placecard_findings::{
    Edit, Evidence, FieldPath, Finding, Fix, Help, Holds, Label, ObjectRef, Segment, Severity,
    Site, Verdict,
};
use placecard_language::directory::ObjectKind;
use placecard_language::intent::{Ignore, Origin, Rule, TargetKind};
use placecard_language::{codes, keys, suggest};

use crate::object::Template;
use crate::read::ReadProblem;
use crate::rules;
use crate::surroundings::Reference;
use crate::trouble::{Missing, Obstacle, Rival, Trouble};
use crate::words::{self, entries, level, shorten};

/// The finding of an obstacle.
#[must_use]
pub(crate) fn finding(object: &ObjectRef, template: &Template, trouble: &Trouble) -> Finding {
    let mut finding = match &trouble.obstacle {
        Obstacle::SecondNear { .. } => second_near(object, template, trouble),
        Obstacle::BesideBatch { rival, selects } => {
            beside_batch(object, template, trouble, (rival, selects))
        }
        Obstacle::SecondSpread { .. } | Obstacle::AtMostUndercounts { .. } => {
            counted(object, template, trouble)
        }
        Obstacle::Unresolved { reference, missing } => {
            unresolved(object, template, trouble, reference, *missing)
        }
        _ => alone(object, template, trouble),
    };
    if !trouble.required && finding.verdict == Verdict::Unresolved {
        finding.severity = Severity::Warning;
    }
    finding
}

fn site(template: &Template, origin: &Origin) -> Site {
    Site::within(template.said_at(origin.key), origin.span.clone())
}

fn label(template: &Template, origin: &Origin, text: impl Into<String>) -> Label {
    Label::new(site(template, origin), text).quoting(origin.text.clone())
}

fn rival_label(template: &Template, rival: &Rival, text: String) -> Label {
    match rival {
        Rival::Rule(origin) => label(template, origin, text),
        Rival::Field(path) => Label::new(Site::value(template.path.join(path)), text),
    }
}

fn inexpressible(object: &ObjectRef, message: impl Into<String>, primary: Label) -> Finding {
    Finding::new(codes::NOT_EXPRESSIBLE, Verdict::NotExpressible, object.clone(), message, primary)
}

/// Obstacles that concern the rule alone.
fn alone(object: &ObjectRef, template: &Template, trouble: &Trouble) -> Finding {
    let rule = &trouble.rule;
    let here = |text: &str| label(template, rule, text);
    match &trouble.obstacle {
        Obstacle::TooManyNodeTerms { limit } => {
            let message = format!("the node rules need more than {limit} terms of node affinity");
            let mut finding = inexpressible(object, message, here("multiplies the terms"));
            finding.help = vec![
                Help::text("give the nodes one label that says it, and name that"),
                Help::text("fewer alternatives in the rules or in nodeAffinity"),
            ];
            finding
        }
        Obstacle::OtherNamespace { namespace } => {
            let message = "at-most counts pods of the pod's own namespace only";
            let text = format!("names namespace {namespace}");
            let mut finding = inexpressible(object, message, here(&text));
            finding.help = vec![Help::text("apart-from reaches other namespaces")];
            finding
        }
        Obstacle::EarlierToleration { rival } => {
            let message = "an earlier toleration of this taint decides how long the pod stays";
            let mut finding = inexpressible(object, message, here("never looked at"));
            finding.labels.push(rival_label(template, rival, "counts first".into()));
            finding.help = vec![Help::text(match rival {
                Rival::Rule(_) => "drop one of the two, or let them last equally long",
                Rival::Field(_) => "delete the one that is written by hand",
            })];
            finding
        }
        Obstacle::MissingLabel { key } => {
            let message = format!("the pod has no label {} to compare", key.text);
            let at = Site::within(template.annotation(rule.key), key.span.clone());
            let primary = Label::new(at, "not among the pod's labels").quoting(key.text.clone());
            let mut finding = Finding::new(
                codes::MISSING_LABEL,
                Verdict::NotExpressible,
                object.clone(),
                message,
                primary,
            );
            finding.help = vec![Help::text(format!("add the label {} to the template", key.text))];
            finding
        }
        _ => of_the_object(object, template, trouble),
    }
}

/// Obstacles that lie in the kind or the labels of the object.
fn of_the_object(object: &ObjectRef, template: &Template, trouble: &Trouble) -> Finding {
    let here = |text: &str| label(template, &trouble.rule, text);
    match &trouble.obstacle {
        Obstacle::SelfHasNoLabels => {
            let message = "self means nobody: no label tells these pods from others";
            let mut finding = Finding::new(
                codes::SELF_HAS_NO_LABELS,
                Verdict::NotExpressible,
                object.clone(),
                message,
                here("needs a label that lasts"),
            );
            finding.help = vec![Help::text("add a label such as app to the pod")];
            finding
        }
        Obstacle::NoRole { .. }
        | Obstacle::TwoCoordinations { .. }
        | Obstacle::GatedInGroup
        | Obstacle::NoOrdinal { .. }
        | Obstacle::NoController
        | Obstacle::NoPodGroups => {
            let primary = here("");
            words::coordination::obstacle(object, &trouble.obstacle, primary)
        }
        Obstacle::SchedulerBypassed { node } => {
            let message = "nodeName binds the pod by hand: the scheduler never reads this rule";
            let mut finding = Finding::new(
                codes::SCHEDULER_BYPASSED,
                Verdict::NotExpressible,
                object.clone(),
                message,
                here("has no effect"),
            );
            let at = Site::value(template.spec_path(&["nodeName"]));
            let text = format!("bound to {node}");
            finding.labels.push(Label::new(at, text).quoting(node.clone()));
            finding.help = vec![Help::text(match entries::is_key(trouble.rule.key) {
                false => format!("on node/{node} instead of nodeName"),
                true => format!("an entry toward node {node} instead of nodeName"),
            })];
            finding
        }
        Obstacle::NeedsServer { minor, in_place } => {
            let message = format!("a template can say this from Kubernetes 1.{minor} on");
            let mut finding = inexpressible(object, message, here("needs matchLabelKeys"));
            if !in_place {
                finding.severity = Severity::Warning;
            }
            finding.help = vec![Help::text(
                "leave the template as it is: the webhook writes it into the pods",
            )];
            finding
        }
        _ => on_daemon_set(object, trouble.rule.key, here("has no effect on a DaemonSet")),
    }
}

fn on_daemon_set(object: &ObjectRef, key: &str, primary: Label) -> Finding {
    let message = "a DaemonSet takes node rules only: its controller picks the nodes";
    let mut finding =
        Finding::new(codes::NO_EFFECT_HERE, Verdict::Language, object.clone(), message, primary);
    finding.help = vec![Help::text(match entries::is_key(key) {
        false => "on, not-on and tolerate have an effect here",
        true => "entries about nodes have an effect here",
    })];
    finding
}

fn second_near(object: &ObjectRef, template: &Template, trouble: &Trouble) -> Finding {
    let Obstacle::SecondNear { rival, rival_selects, selects, clash } = &trouble.obstacle else {
        return alone(object, template, trouble);
    };
    let message = "a pod can be required near one target, this one is required near two";
    let primary = label(template, &trouble.rule, format!("the second: pods with {selects}"));
    let mut finding = match clash {
        None => inexpressible(object, message, primary),
        Some(_) => Finding::new(
            rules::POD_AFFINITY_TERMS_NO_COMMON_POD,
            Verdict::Contradictory,
            object.clone(),
            message,
            primary,
        ),
    };
    finding.labels.push(rival_label(
        template,
        rival,
        format!("the first: pods with {rival_selects}"),
    ));
    let text = "require the one that matters more, prefer the other";
    finding.help = if entries::is_key(trouble.rule.key) {
        vec![Help::text(format!("{text}: strength: Preferred, weight: 100"))]
    } else {
        let prefer = format!("+ {}: {} weight 100", keys::PREFER, trouble.rule.text);
        let lines = vec![format!("-   {}", trouble.rule.text), prefer];
        vec![Help { lines, ..Help::text(text) }]
    };
    match clash {
        Some(key) => {
            finding.why = Some(format!(
                "a pod counts only if it matches both; none has both values of {key}"
            ));
            // Rules about two targets never become fields beside one another: there is no pod that
            // a certificate could be about.
            finding.evidence = Some(Evidence::UnwrittenRules);
        }
        None => {
            finding.why = Some("the scheduler counts only pods that match both".into());
            finding.help.push(Help::text("give both targets a common label, and name that"));
        }
    }
    finding
}

/// A batch by affinity beside another required term: ways out are those of
/// [`SECOND_POD_AFFINITY_TERM`](rules::SECOND_POD_AFFINITY_TERM).
fn beside_batch(
    object: &ObjectRef,
    template: &Template,
    trouble: &Trouble,
    (rival, selects): (&Rival, &str),
) -> Finding {
    let message = "the batch is one required pod affinity term, this would be two";
    let primary = label(template, &trouble.rule, "near the pods of its batch");
    let mut finding = inexpressible(object, message, primary);
    finding.code = rules::SECOND_POD_AFFINITY_TERM;
    finding.labels.push(rival_label(template, rival, format!("near pods with {selects}")));
    finding.why = Some("the scheduler counts only pods that match both".into());
    finding.help = vec![
        Help::text("place batches by gated: pods are sent to a domain, and get no term"),
        Help::text("prefer what is not the batch"),
        Help::text("make what it is near a role of the coordination, in the same domain"),
    ];
    finding
}

fn counted(object: &ObjectRef, template: &Template, trouble: &Trouble) -> Finding {
    let here = |text: &str| label(template, &trouble.rule, text);
    match &trouble.obstacle {
        Obstacle::SecondSpread { rival, hard, key } => {
            let kind = if *hard { "hard" } else { "soft" };
            let message = format!("the API takes one {kind} spread constraint per topology key");
            let mut finding =
                inexpressible(object, message, here(&format!("a second one for {}", level(key))));
            finding.labels.push(rival_label(template, rival, "the first one".into()));
            finding.help = vec![Help::text("make them equal, or drop one")];
            finding
        }
        Obstacle::AtMostUndercounts { rival } => {
            let message = "beside this spread, at-most would count too few pods";
            let mut finding = inexpressible(object, message, here("counts other pods"));
            let text = "hides nodes that lack its key".to_owned();
            finding.labels.push(rival_label(template, rival, text));
            finding.why = Some("only nodes with the keys of all hard constraints count".into());
            finding.help = vec![Help::text("move the spread to prefer, or use one level for both")];
            finding
        }
        _ => alone(object, template, trouble),
    }
}

fn unresolved(
    object: &ObjectRef,
    template: &Template,
    trouble: &Trouble,
    reference: &Reference,
    missing: Missing,
) -> Finding {
    let name = named(reference);
    let (message, text, help) = match missing {
        Missing::NotAsked => (
            format!("{name} is not among the objects read"),
            "not known here",
            "add its manifest, or name it with --objects",
        ),
        Missing::Absent => {
            (format!("{name} does not exist"), "does not exist yet", "create it first")
        }
        Missing::Unreachable => {
            (format!("{name} could not be read"), "could not be read", "try again")
        }
        Missing::SelectsNothing => (
            format!("{name} selects no pods"),
            "has no selector",
            match entries::is_key(trouble.rule.key) {
                false => "name the pods by pods(...)",
                true => "give it a selector: an entry can not name pods by their labels",
            },
        ),
        Missing::Unbound => (
            format!("{name} is not bound to a volume yet"),
            "where it will be is open",
            "create the volume first, or follow the pods that use it",
        ),
        Missing::NotHeld => (
            format!("{name} is held by nobody"),
            "nobody to be near or apart from",
            "wait until it is held",
        ),
        Missing::HolderGone => (
            format!("the holder of {name} is neither a pod nor a node"),
            "nobody to be near or apart from",
            "wait until somebody else holds it",
        ),
        Missing::NotPlaced => (
            format!("{name} is on no node yet"),
            "where it will be is open",
            "wait until it is placed",
        ),
        Missing::Unlabelled => (
            format!("{name} lacks the label of the level"),
            "is in no domain of the level",
            "label the node, or name another level",
        ),
    };
    let mut finding = Finding::new(
        codes::UNRESOLVED,
        Verdict::Unresolved,
        object.clone(),
        message,
        label(template, &trouble.rule, text),
    );
    finding.severity = Severity::Warning;
    finding.help = vec![Help::text(help)];
    finding.holds = match missing {
        Missing::NotAsked => Holds::objects("for the objects that were read"),
        _ => Holds::objects("while it is so"),
    };
    finding
}

/// A reference as users name objects.
fn named(reference: &Reference) -> String {
    let full = |namespace: &str, name: &str| {
        if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
    };
    match reference {
        Reference::Target { kind, namespace, name } => {
            let kind = match kind {
                TargetKind::Service => "Service",
                TargetKind::Deployment => "Deployment",
                TargetKind::StatefulSet => "StatefulSet",
                TargetKind::DaemonSet => "DaemonSet",
                TargetKind::Job => "Job",
            };
            format!("{kind} {}", full(namespace, name))
        }
        Reference::Owner { object, .. } | Reference::Workload { object } => {
            format!("{} {}", object.kind, full(&object.namespace, &object.name))
        }
        Reference::Namespace { name } => format!("Namespace {name}"),
        Reference::Claim { namespace, name } | Reference::AccessModes { namespace, name } => {
            format!("PersistentVolumeClaim {}", full(namespace, name))
        }
        Reference::Object { kind, id } => {
            let kind = match kind {
                ObjectKind::Node => "node",
                ObjectKind::Service => "Service",
                ObjectKind::Lease => "Lease",
                ObjectKind::PersistentVolume => "PersistentVolume",
            };
            format!("the {kind} {id}")
        }
        Reference::Node { name } => format!("node {name}"),
        Reference::Lease { namespace, name } => format!("Lease {}", full(namespace, name)),
        Reference::Pod { namespace, name } => format!("Pod {}", full(namespace, name)),
        Reference::PersistentVolume { name } => format!("PersistentVolume {name}"),
        Reference::Coordination { namespace, name } => {
            format!("RoleCoordination {}", full(namespace, name))
        }
        Reference::InGroup { namespace, name } => {
            format!("RoleBasedGroup {}", full(namespace, name))
        }
        Reference::LongForm { name, .. } => format!("the templates that name {name}"),
        Reference::GroupSchema { version } => format!("the schema of RoleBasedGroup {version}"),
        Reference::Coordinations { namespace } | Reference::Cast { namespace }
            if namespace.is_empty() =>
        {
            "the RoleCoordinations of the namespace".to_owned()
        }
        Reference::Coordinations { namespace } | Reference::Cast { namespace } => {
            format!("the RoleCoordinations of {namespace}")
        }
        Reference::Scale { kind, namespace, name } => {
            format!("{kind} {}", full(namespace, name))
        }
        Reference::Autoscaler { kind, namespace, name } => {
            format!("the autoscaler of {kind} {}", full(namespace, name))
        }
    }
}

/// A rule whose selector no pod can match: it says nothing.
#[must_use]
pub(crate) fn dead_rule(
    object: &ObjectRef,
    template: &Template,
    rule: &Rule,
    selector: &Selector,
) -> Finding {
    let at = label(
        template,
        &rule.origin,
        format!("no pod matches {}", words::selector(Some(selector))),
    );
    dead(object, at)
}

/// A hand-written selector that no pod can match: its term says nothing.
#[must_use]
pub(crate) fn dead_field(object: &ObjectRef, path: FieldPath, selector: &Selector) -> Finding {
    let text = format!("no pod matches {}", words::selector(Some(selector)));
    dead(object, Label::new(Site::value(path), text))
}

fn dead(object: &ObjectRef, primary: Label) -> Finding {
    let mut finding = Finding::new(
        rules::LABEL_SELECTOR_UNSATISFIABLE,
        Verdict::Risk,
        object.clone(),
        "no pod can match this selector: it keeps nothing apart",
        primary,
    );
    finding.severity = Severity::Warning;
    finding.help = vec![Help::text("put the values into one `in (...)`, or drop one")];
    finding.holds = Holds::proof("a pod has one value of a label");
    finding
}

/// An `ignore` that silences nothing.
#[must_use]
pub(crate) fn unused_ignore(object: &ObjectRef, template: &Template, ignore: &Ignore) -> Finding {
    let mut finding = Finding::new(
        rules::UNUSED_IGNORE,
        Verdict::Risk,
        object.clone(),
        format!("nothing to ignore: no finding has the code {}", ignore.code),
        label(template, &ignore.origin, "silences nothing"),
    );
    finding.severity = Severity::Warning;
    finding.help = vec![Help::text("delete the line")];
    if rules::find(&ignore.code).is_none() {
        let known = rules::RULES.iter().map(|rule| rule.code.as_str());
        finding.suggestion = suggest::nearest(&ignore.code, known).map(str::to_owned);
    }
    finding.fix = without_line(template, ignore);
    finding
}

/// The annotation without a line, or no annotation. To delete it changes nothing but the template,
/// and a changed template is a new revision: that needs a look.
fn without_line(template: &Template, ignore: &Ignore) -> Option<Fix> {
    let key = ignore.origin.key;
    let (path, value) = (template.said_at(key), template.annotations.get(key)?);
    let rest = value.get(ignore.origin.span.end..)?;
    let end = ignore.origin.span.end + rest.find('\n').map_or(rest.len(), |at| at + 1);
    let start = value.get(..ignore.origin.span.start)?.rfind('\n').map_or(0, |at| at + 1);
    let others = format!("{}{}", value.get(..start)?, value.get(end..)?);
    let edit = if others.trim().is_empty() {
        Edit::text(Site::key(path), key, "")
    } else {
        let old = value.get(start..end)?.to_owned();
        Edit::text(Site::within(path, start..end), old, "")
    };
    Some(Fix { safe: false, edits: vec![edit] })
}

/// Whether the decoder met a text that stands for a value to come.
fn found_placeholder(message: &str) -> bool {
    typed(message).is_some_and(|(found, _)| {
        found.strip_prefix("string ").is_some_and(crate::fields::is_placeholder)
    })
}

/// How far it holds, what is said of a template that is known by its shape alone.
pub(crate) fn as_it_stands() -> Holds {
    Holds::assuming("if pods are made from this template as it stands")
}

/// A field whose type is not the API's.
#[must_use]
pub(crate) fn field_type(object: &ObjectRef, problem: &ReadProblem) -> Finding {
    let keys = problem.path.0.iter().rev().find_map(|segment| match segment {
        Segment::Key(key) => Some(key.as_str()),
        Segment::Index(_) => None,
    });
    let field = keys.unwrap_or("the object");
    // serde's words: "invalid type: boolean `true`, expected a string".
    let (message, label) = match typed(&problem.message) {
        Some((found, wanted)) => (
            format!("{} takes {wanted}, not {}", shorten(field, 30), kind(found)),
            found.to_owned(),
        ),
        None => (format!("{} cannot be read", shorten(field, 40)), problem.message.clone()),
    };
    let site = Site::value(problem.path.clone());
    let mut finding = Finding::new(
        rules::FIELD_TYPE,
        Verdict::ApiRejects,
        object.clone(),
        shorten(&message, 72),
        Label::new(site, label),
    );
    if found_placeholder(&problem.message) {
        finding.severity = Severity::Note;
        finding.holds = Holds::assuming("if nothing is filled in");
    }
    if message.contains("takes a string") {
        finding.help = vec![Help::text("put quotes around the value")];
    }
    finding
}

/// What stands there, and what belongs there.
fn typed(message: &str) -> Option<(&str, &str)> {
    let message = message.split(" at line ").next()?;
    let rest = message.strip_prefix("invalid type: ")?;
    rest.split_once(", expected ")
}

/// The type without the value: a boolean, a number.
fn kind(found: &str) -> String {
    let word = found.split(' ').next().unwrap_or(found);
    let word = match word {
        "integer" | "floating" => "number",
        "map" => "mapping",
        "sequence" => "list",
        other => other,
    };
    let article = if word == "null" { "" } else { "a " };
    format!("{article}{word}")
}
