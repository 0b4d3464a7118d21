//! Words of admission responses: stable, so that retries fold into one event.

use placecard_findings::{FieldPath, Finding, Help, Label, Site, Verdict};
use placecard_language::codes;

use crate::kinds::REVISION_LABELS;
use crate::object::Object;
use crate::review::Expansion;
use crate::rules;
use crate::words::shorten;

/// The longest warning; kubectl and the API server cut longer ones.
const LONGEST_WARNING: usize = 120;
/// The most warnings of one response.
const MOST_WARNINGS: usize = 5;
/// The most findings that a denial spells out.
const MOST_DENIALS: usize = 10;

/// `status.message` of a denial.
#[must_use]
pub fn denial(object: &Object, findings: &[&Finding]) -> String {
    let subject = subject(object);
    let mut lines = Vec::new();
    for finding in findings.iter().take(MOST_DENIALS) {
        lines.push(format!("{subject}: {} [{}]", text(object, finding), finding.code));
        if finding.verdict == Verdict::NoInventory {
            // Labels and ways out count nodes, and the text is to be the same at the next attempt.
            lines.extend(
                finding.labels.iter().map(|label| format!("  {}", of_nodes(object, label))),
            );
        } else if finding.labels.len() > 1 {
            lines.extend(finding.labels.iter().map(|label| format!("  {}", place(object, label))));
            let quote = |label: usize| {
                finding.labels.get(label).map(|label| label.quote.clone()).unwrap_or_default()
            };
            let help = finding.help.iter().take(1);
            lines.extend(help.map(|help| format!("  help: {}", help.say(quote))));
        }
    }
    if findings.len() > MOST_DENIALS {
        lines.push(format!("{} more: placecard lint", findings.len() - MOST_DENIALS));
    }
    lines.join("\n")
}

/// Who it is about. Pods of controllers have no name yet, and a hash in their owner's: the text is
/// that of the Deployment.
fn subject(object: &Object) -> String {
    let namespace = &object.reference.namespace;
    let full = |name: &str| {
        if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
    };
    match object.controller().filter(|_| object.is_pod()) {
        Some(owner) => {
            let hash = object
                .templates
                .first()
                .and_then(|pod| REVISION_LABELS.iter().find_map(|label| pod.labels.get(*label)));
            let name = hash
                .and_then(|hash| owner.name.strip_suffix(&format!("-{hash}")))
                .unwrap_or(&owner.name);
            format!("pod of {}", full(name))
        }
        None if object.reference.name.is_empty() => {
            format!("{} in {namespace}", object.reference.kind)
        }
        None => object.reference.to_string(),
    }
}

/// The finding in one line, with the place in its annotation if it has one label.
fn text(object: &Object, finding: &Finding) -> String {
    let suggestion = finding.suggestion.as_ref();
    let ask = suggestion.map(|word| format!("; did you mean {word}?")).unwrap_or_default();
    if let Some(text) = &finding.admission {
        return format!("{text}{ask}");
    }
    let at = match finding.labels.as_slice() {
        [label] => line_of(object, label)
            .map(|(key, line)| format!(" ({key}, line {line})"))
            .unwrap_or_default(),
        _ => String::new(),
    };
    format!("{}{at}{ask}", finding.message)
}

/// The place of a label, and its words if they are those of a rule.
fn of_nodes(object: &Object, label: &Label) -> String {
    match label.quote.is_empty() {
        true => label.site.path.to_string(),
        false => place(object, label),
    }
}

fn place(object: &Object, label: &Label) -> String {
    let path = &label.site.path;
    let line = line_of(object, label).map(|(_, line)| format!(", line {line}")).unwrap_or_default();
    let words = if label.quote.is_empty() { &label.text } else { &label.quote };
    format!("{path}{line}: {words}")
}

/// The annotation key and the line in its value, from 1.
fn line_of<'a>(object: &'a Object, label: &Label) -> Option<(&'a str, usize)> {
    let start = label.site.start?;
    let annotations = object.templates.iter().flat_map(|template| {
        let path = |key: &str| template.annotation(key);
        template.annotations.iter().map(move |(key, value)| (path(key), key, value))
    });
    let own = object.annotations.iter();
    let own =
        own.map(|(key, value)| (FieldPath::of(&["metadata", "annotations", key]), key, value));
    let (_, key, value) = annotations.chain(own).find(|(path, ..)| *path == label.site.path)?;
    let before = value.get(..start)?;
    Some((key, before.matches('\n').count() + 1))
}

/// The warnings of a response.
#[must_use]
pub fn warnings(findings: &[&Finding]) -> Vec<String> {
    let line = |finding: &&Finding| {
        let code = format!(" [{}]", finding.code);
        let name = &finding.object.name;
        let text = finding.admission.as_ref().unwrap_or(&finding.message);
        let text = if name.is_empty() { text.clone() } else { format!("{name}: {text}") };
        let text: String = text
            .chars()
            .map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' })
            .collect();
        format!("{}{code}", shorten(&text, LONGEST_WARNING.saturating_sub(code.len())))
    };
    let mut lines: Vec<String> = findings.iter().map(line).collect();
    if lines.len() > MOST_WARNINGS {
        let more = lines.len() - (MOST_WARNINGS - 1);
        lines.truncate(MOST_WARNINGS - 1);
        lines.push(format!("{more} more: placecard lint"));
    }
    lines
}

/// The final pod lacks what its rules become.
#[must_use]
pub fn not_applied(object: &Object, expansion: &Expansion) -> Finding {
    let site = Site::key(expansion.template.key("spec"));
    let mut finding = Finding::new(
        rules::NOT_APPLIED,
        Verdict::Unresolved,
        object.reference.clone(),
        "its placement rules are not in its fields yet; trying again may help",
        Label::new(site, "lacks what the rules become"),
    );
    finding.help = vec![Help::text("look for a webhook that removes placement fields")];
    finding
}

/// An intent that changes on a pod that exists.
#[must_use]
pub fn changed_intent(object: &Object, key: &str) -> Finding {
    let site = Site::key(FieldPath::of(&["metadata", "annotations", key]));
    Finding::new(
        codes::NO_EFFECT_HERE,
        Verdict::Language,
        object.reference.clone(),
        format!("{key} has no effect on a pod that exists"),
        Label::new(site, "change the workload's template instead"),
    )
}
