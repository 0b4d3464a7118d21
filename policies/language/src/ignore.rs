//! The annotation `ignore`: `CODE: REASON`, one a line; `#` is a comment only at a line's start.

use placecard_findings::Verdict;

use crate::codes;
use crate::intent::{Ignore, Origin};
use crate::keys;
use crate::lex::lines;
use crate::parse::MAX_TARGETS;
use crate::print::fold;
use crate::problem::{Detail, IgnoreFlaw};
use crate::report::{At, Report};

const BLANKS: [char; 2] = [' ', '\t'];

/// Whether the codes exist is for the caller to say, who knows the rules; of the language's own
/// codes none can be silenced but those of mere risks.
pub(crate) fn read(value: &str, report: &mut Report<'_>) -> Vec<Ignore> {
    let mut ignores = Vec::new();
    for line in lines(value) {
        let text = line.text.trim_matches(BLANKS);
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let lead = line.text.len() - line.text.trim_start_matches(BLANKS).len();
        let start = line.start + lead;
        let at = At::new(start..start + text.len(), line.number);
        if ignores.len() >= MAX_TARGETS {
            report.add(codes::VALUE_SYNTAX, at, Detail::TooMany { limit: MAX_TARGETS });
            break;
        }
        match entry(text) {
            Ok((code, reason)) => ignores.push(Ignore {
                code: code.to_owned(),
                reason: reason.to_owned(),
                origin: Origin {
                    key: keys::IGNORE,
                    span: at.span,
                    line: line.number,
                    text: fold(text),
                },
            }),
            Err((flaw, length)) => {
                let is_silent = matches!(flaw, IgnoreFlaw::NeverSilent { .. });
                let code = if is_silent { codes::NO_EFFECT_HERE } else { codes::VALUE_SYNTAX };
                let at = At::new(start..start + length, line.number);
                let word = text.get(..length).unwrap_or_default();
                report.word(code, at, word, None, Detail::Ignore(flaw));
            }
        }
    }
    ignores
}

/// Code and reason, or the flaw and how many bytes of the line it marks.
fn entry(text: &str) -> Result<(&str, &str), (IgnoreFlaw, usize)> {
    let Some((code, reason)) = text.split_once(':') else {
        return Err((IgnoreFlaw::NoColon, text.len()));
    };
    let (code, reason) = (code.trim_end_matches(BLANKS), reason.trim_matches(BLANKS));
    let found = code.to_owned();
    let is_code = code.split('-').all(|part| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    });
    if !is_code {
        return Err((IgnoreFlaw::BadCode { found }, code.len().max(1)));
    }
    if codes::find(code).is_some_and(|entry| entry.verdict != Verdict::Risk) {
        return Err((IgnoreFlaw::NeverSilent { code: found }, code.len()));
    }
    if reason.trim().is_empty() {
        return Err((IgnoreFlaw::NoReason { code: found }, text.len()));
    }
    Ok((code, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_code_and_a_reason() {
        let value = "anti-affinity-misses-self: by design; really # yes\r\n\n  # a comment\n\tdeprecated-word :\tuntil  May ";
        let mut report = Report::new(keys::IGNORE, value);
        let ignores = read(value, &mut report);
        assert_eq!(report.finish(), []);
        let shown: Vec<_> =
            ignores.iter().map(|i| (i.code.as_str(), i.reason.as_str(), i.origin.line)).collect();
        assert_eq!(
            shown,
            [
                ("anti-affinity-misses-self", "by design; really # yes", 1),
                ("deprecated-word", "until  May", 4),
            ]
        );
        let last = ignores.last().expect("two");
        assert_eq!(value.get(last.origin.span.clone()), Some("deprecated-word :\tuntil  May"));
    }

    #[test]
    fn what_is_no_entry_is_told_with_its_place() {
        for (value, code, flaw, marked) in [
            ("some-code", codes::VALUE_SYNTAX, IgnoreFlaw::NoColon, "some-code"),
            (
                " some-code:  ",
                codes::VALUE_SYNTAX,
                IgnoreFlaw::NoReason { code: "some-code".into() },
                "some-code:",
            ),
            (
                "Some Code: x",
                codes::VALUE_SYNTAX,
                IgnoreFlaw::BadCode { found: "Some Code".into() },
                "Some Code",
            ),
            (": x", codes::VALUE_SYNTAX, IgnoreFlaw::BadCode { found: String::new() }, ":"),
            ("*: x", codes::VALUE_SYNTAX, IgnoreFlaw::BadCode { found: "*".into() }, "*"),
            (
                "unknown-pool: soon",
                codes::NO_EFFECT_HERE,
                IgnoreFlaw::NeverSilent { code: "unknown-pool".into() },
                "unknown-pool",
            ),
        ] {
            let mut report = Report::new(keys::IGNORE, value);
            assert_eq!(read(value, &mut report), [], "{value}");
            let problems = report.finish();
            let problem = problems.first().expect(value);
            assert_eq!((problem.code, &problem.detail), (code, &Detail::Ignore(flaw)), "{value}");
            let span = problem.span.clone().expect("a place");
            assert_eq!(value.get(span), Some(marked), "{value}");
        }
    }
}
