//! The annotation `tolerate`: `KEY[=[VALUE]][:EFFECT] [for N(s|m|h)]`, one a line or by `;`.
//!
//! Semantics as in core/v1: without `=` the operator is Exists, with it Equal; without an effect
//! every effect; `tolerationSeconds` only with NoExecute (pkg/apis/core/validation).

use std::ops::Range;

use crate::codes;
use crate::intent::{Origin, Tolerate};
use crate::keys;
use crate::lex::{Statement, Token, statements};
use crate::parse::MAX_TARGETS;
use crate::print::fold;
use crate::problem::{Detail, Form};
use crate::report::{At, Report};
use crate::suggest::{nearest, plain};
use crate::vocabulary::Toleration;

/// The effects of taints.
pub static EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// What is wrong with a toleration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TolerationFlaw {
    /// `*`: would open every node.
    Everything,
    /// No key before `=` or `:`.
    NoKey,
    /// Not a label key.
    BadKey {
        /// As written.
        found: String,
    },
    /// Not a label value.
    BadValue {
        /// As written.
        found: String,
    },
    /// Not an effect.
    BadEffect {
        /// As written; empty: nothing after the colon.
        found: String,
    },
    /// Something else than `for` after the taint.
    UnknownWord {
        /// As written.
        found: String,
    },
    /// `for` without the effect NoExecute.
    ForNeedsNoExecute {
        /// The effect; empty: every effect.
        effect: String,
    },
    /// Not a number with s, m or h.
    BadDuration {
        /// As written; empty: nothing after `for`.
        found: String,
    },
}

pub(crate) fn read(value: &str, report: &mut Report<'_>) -> Vec<Tolerate> {
    let mut tolerations = Vec::new();
    for (index, statement) in statements(value).iter().enumerate() {
        let mut reader = Reader { statement, report: &mut *report, broken: false };
        if index >= MAX_TARGETS {
            let detail = Detail::TooMany { limit: MAX_TARGETS };
            let span = statement.tokens.first().map_or(0..0, Token::range);
            reader.report.add(codes::VALUE_SYNTAX, At::new(span, statement.line), detail);
            break;
        }
        tolerations.extend(reader.toleration(value));
    }
    tolerations
}

struct Reader<'s, 'a, 'r, 'v> {
    statement: &'s Statement<'a>,
    report: &'r mut Report<'v>,
    broken: bool,
}

impl<'a> Reader<'_, 'a, '_, '_> {
    fn flaw(
        &mut self,
        span: Range<usize>,
        word: &str,
        meant: Option<String>,
        flaw: TolerationFlaw,
    ) {
        self.broken = true;
        let at = At::new(span, self.statement.line);
        self.report.word(codes::TOLERATION_SYNTAX, at, word, meant, Detail::Toleration(flaw));
    }

    fn toleration(&mut self, value: &str) -> Option<Tolerate> {
        let first = *self.statement.tokens.first()?;
        let mut toleration = self.taint(first);
        toleration.toleration_seconds = self.rest(&toleration.effect);
        let end = self.statement.tokens.last().map_or(first.range().end, |last| last.range().end);
        let span = first.start..end;
        let text = fold(value.get(span.clone()).unwrap_or_default());
        let origin = Origin { key: keys::TOLERATE, span, line: self.statement.line, text };
        (!self.broken).then_some(Tolerate { toleration, origin })
    }

    /// `KEY[=[VALUE]][:EFFECT]`
    fn taint(&mut self, token: Token<'a>) -> Toleration {
        let (taint, effect) = match token.text.split_once(':') {
            Some((taint, effect)) => (taint, Some(effect)),
            None => (token.text, None),
        };
        let (key, value) = match taint.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (taint, None),
        };
        let key_span = token.start..token.start + key.len();
        if key == "*" {
            self.flaw(key_span, key, None, TolerationFlaw::Everything);
        } else if key.is_empty() {
            self.flaw(token.range(), "", None, TolerationFlaw::NoKey);
        } else {
            self.check(key, key_span, Form::LabelKey);
        }
        if let Some(value) = value {
            let start = token.start + key.len() + 1;
            self.check(value, start..start + value.len(), Form::LabelValue);
        }
        if let Some(effect) = effect.filter(|effect| !EFFECTS.contains(effect)) {
            let start = token.start + taint.len() + 1;
            let span = if effect.is_empty() { token.range() } else { start..token.range().end };
            let meant = nearest(effect, EFFECTS.iter().copied()).map(str::to_owned);
            let flaw = TolerationFlaw::BadEffect { found: effect.to_owned() };
            self.flaw(span, effect, meant, flaw);
        }
        Toleration {
            key: key.to_owned(),
            operator: if value.is_some() { "Equal" } else { "Exists" }.to_owned(),
            value: value.unwrap_or_default().to_owned(),
            effect: effect.unwrap_or_default().to_owned(),
            toleration_seconds: None,
        }
    }

    fn check(&mut self, text: &str, span: Range<usize>, form: Form) {
        if form.accepts(text) {
            return;
        }
        let found = text.to_owned();
        let flaw = match form {
            Form::LabelValue => TolerationFlaw::BadValue { found },
            Form::LabelKey | Form::DnsLabel | Form::DnsSubdomain | Form::Reference => {
                TolerationFlaw::BadKey { found }
            }
        };
        let clean = plain(text);
        let meant = (clean != text && form.accepts(&clean)).then_some(clean);
        self.flaw(span, text, meant, flaw);
    }

    /// `for N(s|m|h)`, and nothing behind it; in seconds.
    fn rest(&mut self, effect: &str) -> Option<i64> {
        let second = *self.statement.tokens.get(1)?;
        if !second.is_word("for") {
            let meant = nearest(second.text, ["for"]).map(str::to_owned);
            let flaw = TolerationFlaw::UnknownWord { found: second.text.to_owned() };
            self.flaw(second.range(), second.text, meant, flaw);
            return None;
        }
        let third = self.statement.tokens.get(2).copied();
        let seconds = self.duration(second, third);
        if effect != "NoExecute" && (effect.is_empty() || EFFECTS.contains(&effect)) {
            let end = third.map_or(second.range().end, |third| third.range().end);
            let flaw = TolerationFlaw::ForNeedsNoExecute { effect: effect.to_owned() };
            self.flaw(second.start..end, "", None, flaw);
        }
        if let Some(fourth) = self.statement.tokens.get(3).copied() {
            let flaw = TolerationFlaw::UnknownWord { found: fourth.text.to_owned() };
            self.flaw(fourth.range(), fourth.text, None, flaw);
        }
        seconds
    }

    fn duration(&mut self, before: Token<'a>, token: Option<Token<'a>>) -> Option<i64> {
        let Some(token) = token else {
            let flaw = TolerationFlaw::BadDuration { found: String::new() };
            self.flaw(before.range(), "", None, flaw);
            return None;
        };
        let text = token.text;
        let digits = text.trim_end_matches(['s', 'm', 'h']);
        let unit = match text.strip_prefix(digits) {
            Some("s") => Some(1),
            Some("m") => Some(60),
            Some("h") => Some(3600),
            _ => None,
        };
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let Some(unit) = unit.filter(|_| is_number) else {
            let meant = (is_number && digits == text).then(|| format!("{text}s"));
            let flaw = TolerationFlaw::BadDuration { found: text.to_owned() };
            self.flaw(token.range(), text, meant, flaw);
            return None;
        };
        let seconds = digits.parse::<i64>().ok().and_then(|number| number.checked_mul(unit));
        if seconds.is_none() {
            self.broken = true;
            let (word, found) = ("for".to_owned(), text.to_owned());
            let max = u64::try_from(i64::MAX / unit).unwrap_or(u64::MAX);
            let at = At::new(token.range(), self.statement.line);
            let detail = Detail::NumberRange { word, found, min: 0, max };
            self.report.add(codes::NUMBER_RANGE, at, detail);
        }
        seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problem;

    fn run(value: &str) -> (Vec<Tolerate>, Vec<Problem>) {
        let mut report = Report::new(keys::TOLERATE, value);
        let tolerations = read(value, &mut report);
        (tolerations, report.finish())
    }

    #[test]
    fn taints_become_tolerations() {
        for (value, expected) in [
            ("a", "a Exists '' '' None"),
            ("a=", "a Equal '' '' None"),
            ("a=b", "a Equal 'b' '' None"),
            ("x.io/a=b:NoSchedule # why", "x.io/a Equal 'b' 'NoSchedule' None"),
            ("a:PreferNoSchedule", "a Exists '' 'PreferNoSchedule' None"),
            ("a=:NoExecute", "a Equal '' 'NoExecute' None"),
            ("a:NoExecute for 30s", "a Exists '' 'NoExecute' Some(30)"),
            ("a:NoExecute for 5m", "a Exists '' 'NoExecute' Some(300)"),
            ("a:NoExecute\tfor 2h;", "a Exists '' 'NoExecute' Some(7200)"),
            ("a:NoExecute for 0s", "a Exists '' 'NoExecute' Some(0)"),
        ] {
            let (tolerations, problems) = run(value);
            assert_eq!(problems, [], "{value}");
            let shown: Vec<_> = tolerations
                .iter()
                .map(|t| &t.toleration)
                .map(|t| {
                    let seconds = t.toleration_seconds;
                    format!("{} {} '{}' '{}' {seconds:?}", t.key, t.operator, t.value, t.effect)
                })
                .collect();
            assert_eq!(shown, [expected], "{value}");
        }
        let (tolerations, _) = run("a;b\r\n  c:NoExecute   for 1s # x\n");
        let texts: Vec<_> =
            tolerations.iter().map(|t| (t.origin.line, t.origin.text.as_str())).collect();
        assert_eq!(texts, [(1, "a"), (1, "b"), (2, "c:NoExecute for 1s")]);
    }

    #[test]
    fn what_is_no_toleration_is_told_with_its_place() {
        use TolerationFlaw as F;
        for (value, flaw, marked, suggestion) in [
            ("*", F::Everything, "*", None),
            ("*:NoSchedule", F::Everything, "*", None),
            (":NoSchedule", F::NoKey, ":NoSchedule", None),
            ("=b", F::NoKey, "=b", None),
            ("a_:NoSchedule", F::BadKey { found: "a_".into() }, "a_", None),
            ("а=b", F::BadKey { found: "а".into() }, "а", Some("a")),
            ("a=b/c", F::BadValue { found: "b/c".into() }, "b/c", None),
            ("a=b=c", F::BadValue { found: "b=c".into() }, "b=c", None),
            (
                "a:noschedule",
                F::BadEffect { found: "noschedule".into() },
                "noschedule",
                Some("NoSchedule"),
            ),
            (
                "a:NoExcute",
                F::BadEffect { found: "NoExcute".into() },
                "NoExcute",
                Some("NoExecute"),
            ),
            ("a:", F::BadEffect { found: String::new() }, "a:", None),
            ("a = b", F::UnknownWord { found: "=".into() }, "=", None),
            ("a:NoExecute fro 5s", F::UnknownWord { found: "fro".into() }, "fro", Some("for")),
            ("a:NoExecute for 5s more", F::UnknownWord { found: "more".into() }, "more", None),
            ("a for 5s", F::ForNeedsNoExecute { effect: String::new() }, "for 5s", None),
            (
                "a:NoSchedule for 5s",
                F::ForNeedsNoExecute { effect: "NoSchedule".into() },
                "for 5s",
                None,
            ),
            ("a:NoExecute for", F::BadDuration { found: String::new() }, "for", None),
            ("a:NoExecute for 30", F::BadDuration { found: "30".into() }, "30", Some("30s")),
            ("a:NoExecute for 5d", F::BadDuration { found: "5d".into() }, "5d", None),
            ("a:NoExecute for s", F::BadDuration { found: "s".into() }, "s", None),
            ("a:NoExecute for 5sm", F::BadDuration { found: "5sm".into() }, "5sm", None),
            ("a:NoExecute for -5s", F::BadDuration { found: "-5s".into() }, "-5s", None),
        ] {
            let (tolerations, problems) = run(value);
            assert_eq!(tolerations, [], "{value}");
            let problem = problems.first().expect(value);
            let span = problem.span.clone().expect("a place");
            assert_eq!(problem.detail, Detail::Toleration(flaw), "{value}");
            assert_eq!(problem.code, codes::TOLERATION_SYNTAX);
            assert_eq!(value.get(span), Some(marked), "{value}");
            assert_eq!(problem.suggestion.as_deref(), suggestion, "{value}");
            assert_eq!(problems.len(), 1, "{value}");
        }
    }

    #[test]
    fn seconds_beyond_the_field_are_out_of_range() {
        for value in
            ["a:NoExecute for 9223372036854775808s", "a:NoExecute for 9223372036854775807h"]
        {
            let (_, problems) = run(value);
            assert_eq!(problems.first().map(|p| p.code), Some(codes::NUMBER_RANGE), "{value}");
        }
    }

    #[test]
    fn one_bad_line_does_not_hide_the_others() {
        let (tolerations, problems) = run("a\n*\nb;:x;c");
        assert_eq!(tolerations.len(), 3);
        assert_eq!(problems.iter().map(|p| p.line).collect::<Vec<_>>(), [2, 3, 3]);
    }
}
