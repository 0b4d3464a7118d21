//! The codes of files that cannot be read: what the rules know nothing of.

use placecard_findings::{Code, Severity, Verdict};
use placecard_policies::family::Family;

use crate::load::{Format, Problem, ProblemKind};

/// A code for something that cannot be read.
#[derive(Debug)]
pub struct LoadCode {
    /// The public name.
    pub code: Code,
    /// What it is about.
    pub family: Family,
    /// Severity of its findings.
    pub severity: Severity,
    /// What kind of statement it makes.
    pub verdict: Verdict,
    /// One line without a full stop.
    pub summary: &'static str,
    /// What it means and what to do, in Markdown, without the heading.
    pub details: &'static str,
}

/// YAML that does not parse.
pub const YAML_SYNTAX: Code = Code::new("yaml-syntax");
/// JSON that does not parse.
pub const JSON_SYNTAX: Code = Code::new("json-syntax");
/// Bytes that are no text.
pub const NOT_UTF8: Code = Code::new("not-utf8");
/// A template.
pub const UNRENDERED_TEMPLATE: Code = Code::new("unrendered-template");
/// A key twice.
pub const DUPLICATE_KEY: Code = Code::new("duplicate-key");
/// Anchors and aliases.
pub const YAML_ALIAS: Code = Code::new("yaml-alias");
/// A value that JSON cannot hold.
pub const YAML_VALUE: Code = Code::new("yaml-value");
/// Too long, too deep, too much.
pub const INPUT_LIMIT: Code = Code::new("input-limit");
/// Something that is nearly an object.
pub const NOT_AN_OBJECT: Code = Code::new("not-an-object");

/// A comment that was meant to silence findings.
pub const INVALID_IGNORE: Code = Code::new("invalid-ignore");

const fn error(code: Code, summary: &'static str, details: &'static str) -> LoadCode {
    LoadCode {
        code,
        family: Family::Files,
        severity: Severity::Error,
        verdict: Verdict::ApiRejects,
        summary,
        details,
    }
}

/// All of them, in the order of the reference.
pub static LOAD_CODES: &[LoadCode] = &[
    error(
        YAML_SYNTAX,
        "a document is not YAML",
        "The mark stands where reading stopped, or at the bracket or quote that is never closed. \
         The other documents of the file are read.",
    ),
    error(
        JSON_SYNTAX,
        "an input that begins like JSON is not JSON",
        "The mark stands where reading stopped.",
    ),
    error(
        NOT_UTF8,
        "a file is not UTF-8 text",
        "Manifests are UTF-8, with or without a byte-order mark. Convert the file.",
    ),
    LoadCode {
        code: UNRENDERED_TEMPLATE,
        family: Family::Files,
        severity: Severity::Note,
        verdict: Verdict::Unresolved,
        summary: "a document is a template that was not rendered, and is skipped",
        details: "Only what a template renders to can be judged. Render it first, and lint the \
                  result:\n\n```sh\nhelm template chart/ | placecard lint -\n```",
    },
    error(
        DUPLICATE_KEY,
        "a mapping has a key twice",
        "YAML wants keys to be unique. `kubectl` keeps the last one and says nothing, so the first \
         is lost. The document is judged as `kubectl` would send it.",
    ),
    error(
        YAML_ALIAS,
        "an alias stands for nothing, or for itself",
        "`*name` needs an `&name` earlier in the same document, and not around itself.",
    ),
    error(
        YAML_VALUE,
        "a value or key that JSON cannot hold",
        "Kubernetes turns YAML into JSON. Numbers such as `.inf`, keys that are lists, and tags \
         that do not fit their value have no form there.",
    ),
    error(
        INPUT_LIMIT,
        "an input is longer, deeper or more entangled than is read",
        "Inputs, nesting and the expansion of aliases are bounded, so that no file can exhaust the \
         machine that checks it. The API server has bounds of its own, and lower ones.",
    ),
    error(
        NOT_AN_OBJECT,
        "a document looks like an object, but lacks apiVersion or kind",
        "Without both nobody can tell what it is, and the API server refuses it. Documents with \
         neither (values files, configuration) are passed over.",
    ),
    LoadCode {
        code: INVALID_IGNORE,
        family: Family::Language,
        severity: Severity::Warning,
        verdict: Verdict::Risk,
        summary: "a comment that was meant to silence findings silences none",
        details: "A comment reads `# placecard: ignore[CODE, CODE] REASON`. At the end of a line it \
                  is about that line, in a line of its own about the next one, and above the first \
                  line of a document about all of it. The codes exist, and a reason is required. \
                  What words mean, what is allowed and what the API server refuses cannot be \
                  silenced. The webhook reads no comments: what it would warn of or refuse is \
                  silenced by the annotation `ignore` alone.",
    },
];

/// The row of a code by its name.
#[must_use]
pub fn find(code: &str) -> Option<&'static LoadCode> {
    LOAD_CODES.iter().find(|row| row.code.as_str() == code)
}

/// The code of a problem.
#[must_use]
pub fn code_of(problem: &Problem, format: Format) -> Code {
    match problem.kind {
        ProblemKind::NotUtf8 { .. } | ProblemKind::Utf16 => NOT_UTF8,
        ProblemKind::TooLarge { .. } | ProblemKind::TooDeep { .. } | ProblemKind::AliasBudget => {
            INPUT_LIMIT
        }
        ProblemKind::Syntax(_) if format == Format::Json => JSON_SYNTAX,
        ProblemKind::Syntax(_) => YAML_SYNTAX,
        ProblemKind::Template => UNRENDERED_TEMPLATE,
        ProblemKind::UnknownAnchor { .. } | ProblemKind::AliasCycle { .. } => YAML_ALIAS,
        ProblemKind::DuplicateKey { .. } => DUPLICATE_KEY,
        ProblemKind::MergeNotMapping
        | ProblemKind::NotJsonNumber { .. }
        | ProblemKind::KeyNotString { .. }
        | ProblemKind::TagMismatch { .. } => YAML_VALUE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        for (position, row) in LOAD_CODES.iter().enumerate() {
            let name = row.code.as_str();
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            );
            assert!(!row.summary.ends_with('.') && row.summary.len() <= 72, "{name}");
            assert!(LOAD_CODES[..position].iter().all(|other| other.code != row.code), "{name}");
            assert!(placecard_policies::rules::find(name).is_none(), "{name} is a rule too");
        }
    }
}
