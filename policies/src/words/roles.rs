//! Words for what a coordination and those who play its roles make together.

use placecard_findings::{Code, Finding, Help, Holds, Label, Severity, Site, Verdict};

use super::shorten;
use crate::coordination::players::Count;
use crate::coordination::rules::{Part, Scene};
use crate::rules;

/// The longest name of a role in a message.
const ROLE: usize = 16;

fn role(part: &Part<'_>) -> String {
    shorten(&part.player.role, ROLE)
}

/// `1 batch`, `2 batches`.
fn batches(count: u64) -> String {
    if count == 1 { "1 batch".to_owned() } else { format!("{count} batches") }
}

fn start(scene: &Scene<'_>, code: Code, message: String, labels: Vec<Label>) -> Finding {
    let mut finding = Finding::new(
        code,
        Verdict::Uncoordinated,
        scene.reviewed.clone(),
        message,
        Label::new(Site::default(), ""),
    );
    finding.labels = labels;
    finding.holds = Holds::objects("with these objects");
    finding
}

/// The number of replicas, or who lacks it.
fn counted(part: &Part<'_>, count: &Count, text: &str) -> Label {
    let label = Label::new(part.player.at(count.site.clone()), text);
    match count.is_written {
        true => label.quoting(count.replicas.to_string()),
        false => Label { text: format!("no replicas: 1; {text}"), ..label },
    }
}

/// The ratio, or the words of the long form.
fn ratio(scene: &Scene<'_>, part: &Part<'_>) -> Label {
    let text = format!("{} {} in a batch", part.ratio, role(part));
    let quote = match scene.quote() {
        "" => part.ratio.to_string(),
        words => words.to_owned(),
    };
    Label::new(scene.ratio(part), text).quoting(quote)
}

/// Replicas that are no whole batches.
pub(crate) fn indivisible(scene: &Scene<'_>, part: &Part<'_>, count: &Count) -> Finding {
    let (replicas, size) = (count.replicas, u64::from(part.ratio));
    let (whole, over) = (replicas / size, replicas % size);
    let message = format!("{replicas} {} make no whole batches of {size}", role(part));
    let text = match whole {
        0 => format!("less than one batch of {size}"),
        _ => format!("{}, and {over} more", batches(whole)),
    };
    let labels = vec![counted(part, count, &text), ratio(scene, part)];
    let mut finding = start(scene, rules::REPLICAS_NOT_DIVISIBLE, message, labels);
    let counts = [whole, whole + 1].into_iter().filter(|count| *count > 0);
    for count in counts {
        let mut help = Help::text(format!("replicas: {}", count * size));
        help.yields = batches(count);
        finding.help.push(help);
    }
    let divisor = (1..size).rev().find(|one| replicas % one == 0).filter(|_| replicas > 0);
    if let Some(divisor) = divisor {
        let mut help = Help::text(format!("a ratio of {divisor}"));
        help.yields = batches(replicas / divisor);
        finding.help.push(help);
    }
    finding
}

/// Roles with different numbers of batches.
pub(crate) fn unequal(
    scene: &Scene<'_>,
    (most, more): (&Part<'_>, u64),
    (least, fewer): (&Part<'_>, u64),
) -> Finding {
    let message =
        format!("{} is enough for {}, {} for {fewer}", role(most), batches(more), role(least));
    let mut labels = Vec::new();
    for (part, count) in [(most, more), (least, fewer)] {
        let known = part.player.count.as_ref();
        labels.extend(known.map(|known| counted(part, known, &batches(count))));
    }
    labels.extend([ratio(scene, most), ratio(scene, least)]);
    let mut finding = start(scene, rules::UNEQUAL_BATCHES, message, labels);
    for (part, count) in [(least, more), (most, fewer)] {
        let replicas = count * u64::from(part.ratio);
        let mut help = Help::text(format!("replicas: {replicas} of {}", role(part)));
        help.yields = batches(count);
        finding.help.push(help);
    }
    finding.severity = Severity::Error;
    finding
}
