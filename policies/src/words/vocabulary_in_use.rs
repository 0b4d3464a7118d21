//! Words for a vocabulary that is about to lose words that are in use.

use placecard_findings::{FieldPath, Finding, Help, Holds, Label, ObjectRef, Site, Verdict};
use placecard_language::{codes, keys};

use crate::rules;
use crate::words::shorten;

/// As many workloads are listed.
const LISTED: usize = 10;
/// The longest line of the list.
const LONGEST: usize = 160;

fn finding(object: &ObjectRef, message: String) -> Finding {
    let label = Label::new(Site::key(FieldPath::of(&["spec"])), "words of workloads are gone");
    let mut finding =
        Finding::new(rules::WORD_IN_USE, Verdict::NotAllowed, object.clone(), message, label);
    finding.help = vec![Help::text(format!(
        "deprecated: true keeps a word for those who use it; {}: REASON lets it go",
        keys::FORCE
    ))];
    finding.holds = Holds::vocabulary();
    finding
}

/// So many workloads lose words.
#[must_use]
pub fn in_use(object: &ObjectRef, count: usize) -> Finding {
    let (who, their) = if count == 1 {
        ("1 workload".to_owned(), "its")
    } else {
        (format!("{count} workloads"), "their")
    };
    finding(object, format!("{who} could not be read any more, for {their} words are gone"))
}

/// Whether any workload loses words is not known.
#[must_use]
pub fn not_known(object: &ObjectRef) -> Finding {
    finding(
        object,
        "words go, and who uses them is not known yet; trying again may help".to_owned(),
    )
}

/// `status.message` of the refusal, with the workloads that lose words.
#[must_use]
pub fn denial(finding: &Finding, lost: &[Finding]) -> String {
    let mut lines = vec![format!("{}: {} [{}]", finding.object, finding.message, finding.code)];
    for one in lost.iter().take(LISTED) {
        lines.push(format!("  {}", shorten(&format!("{}: {}", one.object, one.line()), LONGEST)));
    }
    if lost.len() > LISTED {
        lines.push(format!("  and {} more", lost.len() - LISTED));
    }
    lines.extend(finding.help.iter().map(|help| format!("  help: {}", help.text)));
    lines.join("\n")
}

/// A typed entry's id that was a resource of the vocabulary.
#[must_use]
pub fn lost_id(object: &ObjectRef) -> Finding {
    let site = Site::key(FieldPath::of(&["metadata", "annotations"]));
    Finding::new(
        codes::UNRESOLVED,
        Verdict::Unresolved,
        object.clone(),
        "an id of its typed entries is no word of the vocabulary any more",
        Label::new(site, ""),
    )
}
