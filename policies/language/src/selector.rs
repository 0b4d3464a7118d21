//! Selectors in kubectl's syntax (`labels.Parse` of k8s.io/apimachinery/pkg/labels/selector.go), and
//! `*` for everything.
//!
//! As there, `k=` and `k in (a,)` hold the empty value. Comparisons are for nodes only: the API
//! takes them in node selectors (`Gt`, `Lt`) and nowhere else.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::intent::{Operator, Requirement, Selector};
use crate::problem::Form;

/// What is wrong with a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectorFlaw {
    /// Nothing between the parentheses; everything is `*`.
    Empty,
    /// The parenthesis is not closed on its line.
    NotClosed,
    /// Something else than the syntax has there; `None` is the end.
    Unexpected {
        /// As written.
        found: Option<String>,
        /// What could stand there.
        expected: Expected,
    },
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
    /// `in ()`: a set without a value.
    EmptySet,
    /// `>` or `<` without a whole number from 0 to 2^63-1.
    NotInteger {
        /// As written.
        found: String,
    },
    /// `>` or `<` on something else than nodes.
    Comparison {
        /// The operator.
        operator: char,
    },
}

/// What could stand at a place of a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// A label key.
    Key,
    /// `=`, `!=`, `in`, `notin`, a comma or the end.
    Operator,
    /// `(`
    Open,
    /// A value.
    Value,
    /// A comma or `)`.
    CommaOrClose,
    /// A comma or the end.
    CommaOrEnd,
}

/// What a selector selects: nodes have comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// Node labels.
    Nodes,
    /// Labels of pods or namespaces.
    Others,
}

/// A selector as read, with the places of its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The selector; meaningful only if there is no problem.
    pub selector: Selector,
    /// One for each requirement of the selector.
    pub places: Vec<RequirementPlace>,
    /// What is wrong, and where.
    pub problems: Vec<(SelectorFlaw, Range<usize>)>,
}

/// Where the parts of a requirement stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequirementPlace {
    /// The key.
    pub key: Range<usize>,
    /// All values, with the parentheses of a set; empty without values.
    pub values: Range<usize>,
    /// Each value as written, in the order written.
    pub each: Vec<Range<usize>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Name,
    Equal,
    NotEqual,
    Not,
    Open,
    Close,
    Comma,
    Greater,
    Less,
}

#[derive(Clone, Copy, Debug)]
struct Token<'a> {
    kind: Kind,
    text: &'a str,
    start: usize,
}

impl Token<'_> {
    fn range(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }
}

/// Reads a selector. Ranges count from `offset`, the place of `text` in the value it is part of.
#[must_use]
pub fn parse(text: &str, offset: usize, of: Of) -> Parsed {
    let blanks = [' ', '\t', '\r', '\n'];
    let trimmed = text.trim_matches(blanks);
    if trimmed.is_empty() {
        let problems = vec![(SelectorFlaw::Empty, offset..offset + text.len())];
        return Parsed { problems, ..Parsed::default() };
    }
    if trimmed == "*" {
        return Parsed::default();
    }
    let end = offset + text.trim_end_matches(blanks).len();
    let mut reader =
        Reader { tokens: tokens(text, offset), next: 0, end, of, out: Parsed::default() };
    if let Err((flaw, range)) = reader.selector() {
        reader.out.problems.push((flaw, range));
    }
    reader.out
}

fn tokens(text: &str, offset: usize) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let (kind, length) = match (byte, bytes.get(at + 1)) {
            (b' ' | b'\t' | b'\r' | b'\n', _) => {
                at += 1;
                continue;
            }
            (b'=', Some(b'=')) => (Kind::Equal, 2),
            (b'!', Some(b'=')) => (Kind::NotEqual, 2),
            (b'=', _) => (Kind::Equal, 1),
            (b'!', _) => (Kind::Not, 1),
            (b'(', _) => (Kind::Open, 1),
            (b')', _) => (Kind::Close, 1),
            (b',', _) => (Kind::Comma, 1),
            (b'>', _) => (Kind::Greater, 1),
            (b'<', _) => (Kind::Less, 1),
            _ => {
                let rest = bytes.get(at..).unwrap_or_default();
                let length = rest.iter().position(|b| b" \t\r\n=!(),<>".contains(b));
                (Kind::Name, length.unwrap_or(rest.len()))
            }
        };
        // Every delimiter is ASCII, so the cut is at character boundaries.
        let word = text.get(at..at + length).unwrap_or_default();
        tokens.push(Token { kind, text: word, start: offset + at });
        at += length.max(1);
    }
    tokens
}

type Stop = (SelectorFlaw, Range<usize>);

struct Reader<'a> {
    tokens: Vec<Token<'a>>,
    next: usize,
    end: usize,
    of: Of,
    out: Parsed,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.next).copied()
    }

    fn take(&mut self) -> Option<Token<'a>> {
        let token = self.peek();
        self.next += usize::from(token.is_some());
        token
    }

    fn unexpected(&self, found: Option<Token<'a>>, expected: Expected) -> Stop {
        // At the end the last token is marked: there is nothing behind it to point at.
        let range = match (found, self.tokens.last()) {
            (Some(token), _) => token.range(),
            (None, Some(last)) => last.range(),
            (None, None) => self.end..self.end,
        };
        let found = found.map(|token| token.text.to_owned());
        (SelectorFlaw::Unexpected { found, expected }, range)
    }

    fn selector(&mut self) -> Result<(), Stop> {
        loop {
            self.requirement()?;
            match self.take() {
                None => return Ok(()),
                Some(token) if token.kind == Kind::Comma => {}
                found => return Err(self.unexpected(found, Expected::CommaOrEnd)),
            }
        }
    }

    fn key(&mut self) -> Result<Token<'a>, Stop> {
        match self.take() {
            Some(token) if token.kind == Kind::Name => {
                if !Form::LabelKey.accepts(token.text) {
                    let flaw = SelectorFlaw::BadKey { found: token.text.to_owned() };
                    self.out.problems.push((flaw, token.range()));
                }
                Ok(token)
            }
            found => Err(self.unexpected(found, Expected::Key)),
        }
    }

    fn at_requirement_end(&self) -> bool {
        self.peek().is_none_or(|token| token.kind == Kind::Comma)
    }

    fn requirement(&mut self) -> Result<(), Stop> {
        if let Some(not) = self.peek().filter(|token| token.kind == Kind::Not) {
            self.next += 1;
            let key = self.key()?;
            self.push(key, Operator::DoesNotExist, Vec::new(), not.start..key.range().end);
            return Ok(());
        }
        let key = self.key()?;
        if self.at_requirement_end() {
            self.push(key, Operator::Exists, Vec::new(), key.range());
            return Ok(());
        }
        let operator = self.take();
        match operator.map(|token| (token.kind, token.text)) {
            Some((Kind::Equal, _)) => self.exact(key, Operator::In),
            Some((Kind::NotEqual, _)) => self.exact(key, Operator::NotIn),
            Some((Kind::Name, "in")) => self.set(key, Operator::In),
            Some((Kind::Name, "notin")) => self.set(key, Operator::NotIn),
            Some((Kind::Greater, _)) => self.comparison(key, Operator::Gt, '>'),
            Some((Kind::Less, _)) => self.comparison(key, Operator::Lt, '<'),
            _ => Err(self.unexpected(operator, Expected::Operator)),
        }
    }

    /// `= value`, where nothing is the empty value.
    fn exact(&mut self, key: Token<'a>, operator: Operator) -> Result<(), Stop> {
        let end = self.tokens.get(self.next.wrapping_sub(1)).map_or(self.end, |t| t.range().end);
        if self.at_requirement_end() {
            self.push(key, operator, [String::new()].into(), key.start..end);
            return Ok(());
        }
        let value = self.value()?;
        let span = key.start..value.range().end;
        self.push(key, operator, [value.text.to_owned()].into(), span);
        self.place_values(value.range(), vec![value.range()]);
        Ok(())
    }

    fn value(&mut self) -> Result<Token<'a>, Stop> {
        match self.take() {
            Some(token) if token.kind == Kind::Name => {
                self.check_value(token);
                Ok(token)
            }
            found => Err(self.unexpected(found, Expected::Value)),
        }
    }

    fn check_value(&mut self, token: Token<'a>) {
        if !Form::LabelValue.accepts(token.text) {
            let flaw = SelectorFlaw::BadValue { found: token.text.to_owned() };
            self.out.problems.push((flaw, token.range()));
        }
    }

    /// `in (a, b)`; a comma without a value beside it stands for the empty value.
    fn set(&mut self, key: Token<'a>, operator: Operator) -> Result<(), Stop> {
        let open = match self.take() {
            Some(token) if token.kind == Kind::Open => token,
            found => return Err(self.unexpected(found, Expected::Open)),
        };
        let mut values = Unique::default();
        let mut each = Vec::new();
        let mut after_comma = true;
        let mut any = false;
        let close = loop {
            let token = self.take();
            match token.map(|token| (token, token.kind)) {
                Some((token, Kind::Name)) if after_comma => {
                    self.check_value(token);
                    values.insert(token.text.to_owned());
                    each.push(token.range());
                    after_comma = false;
                }
                Some((_, Kind::Comma)) => {
                    if after_comma {
                        values.insert(String::new());
                    }
                    after_comma = true;
                }
                Some((token, Kind::Close)) => {
                    if after_comma && any {
                        values.insert(String::new());
                    }
                    break token;
                }
                _ if after_comma => return Err(self.unexpected(token, Expected::Value)),
                _ => return Err(self.unexpected(token, Expected::CommaOrClose)),
            }
            any = true;
        };
        if values.list.is_empty() {
            return Err((SelectorFlaw::EmptySet, open.start..close.range().end));
        }
        self.push(key, operator, values.list, key.start..close.range().end);
        self.place_values(open.start..close.range().end, each);
        Ok(())
    }

    fn comparison(&mut self, key: Token<'a>, operator: Operator, sign: char) -> Result<(), Stop> {
        let sign_start = self.tokens.get(self.next.wrapping_sub(1)).map_or(key.start, |t| t.start);
        let value = match self.take() {
            Some(token) if token.kind == Kind::Name => token,
            found => return Err(self.unexpected(found, Expected::Value)),
        };
        let is_integer = value.text.bytes().all(|b| b.is_ascii_digit())
            && value.text.parse::<u64>().is_ok_and(|number| i64::try_from(number).is_ok());
        if self.of == Of::Others {
            let flaw = SelectorFlaw::Comparison { operator: sign };
            self.out.problems.push((flaw, sign_start..sign_start + 1));
        } else if !is_integer || !Form::LabelValue.accepts(value.text) {
            let flaw = SelectorFlaw::NotInteger { found: value.text.to_owned() };
            self.out.problems.push((flaw, value.range()));
        }
        let span = key.start..value.range().end;
        self.push(key, operator, [value.text.to_owned()].into(), span);
        self.place_values(value.range(), vec![value.range()]);
        Ok(())
    }

    fn push(
        &mut self,
        key: Token<'a>,
        operator: Operator,
        values: Vec<String>,
        span: Range<usize>,
    ) {
        self.out.selector.requirements.push(Requirement {
            key: key.text.to_owned(),
            operator,
            values,
            span: (span.start, span.end),
        });
        self.out.places.push(RequirementPlace { key: key.range(), ..RequirementPlace::default() });
    }

    fn place_values(&mut self, values: Range<usize>, each: Vec<Range<usize>>) {
        if let Some(place) = self.out.places.last_mut() {
            place.values = values;
            place.each = each;
        }
    }
}

/// Values in the order written, each once.
#[derive(Default)]
struct Unique {
    list: Vec<String>,
    seen: BTreeSet<String>,
}

impl Unique {
    fn insert(&mut self, value: String) {
        if self.seen.insert(value.clone()) {
            self.list.push(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(selector: &Selector) -> String {
        let one = |r: &Requirement| {
            let values = r.values.iter().map(|v| format!("'{v}'")).collect::<Vec<_>>().join(" ");
            format!("{} {:?} {values}", r.key, r.operator).trim_end().to_owned()
        };
        selector.requirements.iter().map(one).collect::<Vec<_>>().join(" & ")
    }

    #[test]
    fn selectors_read_as_kubectl_reads_them() {
        for (text, expected) in [
            ("*", ""),
            (" * ", ""),
            ("k=v", "k In 'v'"),
            ("k==v", "k In 'v'"),
            ("k = v , l != w", "k In 'v' & l NotIn 'w'"),
            ("k=", "k In ''"),
            ("k!=,l", "k NotIn '' & l Exists"),
            ("k", "k Exists"),
            ("!k", "k DoesNotExist"),
            ("! k,l", "k DoesNotExist & l Exists"),
            ("k in (a)", "k In 'a'"),
            ("k in(b,a , b)", "k In 'b' 'a'"),
            ("k notin (a,b)", "k NotIn 'a' 'b'"),
            ("k in (,a)", "k In '' 'a'"),
            ("k in (a,)", "k In 'a' ''"),
            ("k in (a,,b)", "k In 'a' '' 'b'"),
            ("k in (,)", "k In ''"),
            ("in in (in, notin)", "in In 'in' 'notin'"),
            ("notin", "notin Exists"),
            ("k=in", "k In 'in'"),
            (
                "topology.kubernetes.io/zone in (eu-1a, eu-1b)",
                "topology.kubernetes.io/zone In 'eu-1a' 'eu-1b'",
            ),
            ("a>0,b<9223372036854775807", "a Gt '0' & b Lt '9223372036854775807'"),
            ("a > 007", "a Gt '007'"),
            ("k\tin\t(a)", "k In 'a'"),
        ] {
            let parsed = parse(text, 0, Of::Nodes);
            assert_eq!(parsed.problems, [], "{text}");
            assert_eq!(show(&parsed.selector), expected, "{text}");
            assert_eq!(parsed.places.len(), parsed.selector.requirements.len(), "{text}");
        }
    }

    #[test]
    fn what_kubectl_refuses_is_refused_with_its_place() {
        use Expected as E;
        use SelectorFlaw as F;
        let unexpected = |found: &str, expected| F::Unexpected {
            found: (!found.is_empty()).then(|| found.to_owned()),
            expected,
        };
        for (text, flaw, marked) in [
            ("", F::Empty, ""),
            ("  ", F::Empty, "  "),
            ("=v", unexpected("=", E::Key), "="),
            ("k=v,", unexpected("", E::Key), ","),
            ("k=v,,l", unexpected(",", E::Key), ","),
            ("k v", unexpected("v", E::Operator), "v"),
            ("k=v w", unexpected("w", E::CommaOrEnd), "w"),
            ("!k=v", unexpected("=", E::CommaOrEnd), "="),
            ("k=a=b", unexpected("=", E::CommaOrEnd), "="),
            ("k in a", unexpected("a", E::Open), "a"),
            ("k in (a", unexpected("", E::CommaOrClose), "a"),
            ("k in (a b)", unexpected("b", E::CommaOrClose), "b"),
            ("k in (a=b)", unexpected("=", E::CommaOrClose), "="),
            ("k in (", unexpected("", E::Value), "("),
            ("k in ()", F::EmptySet, "()"),
            ("k =! v", unexpected("!", E::Value), "!"),
            ("-k=v", F::BadKey { found: "-k".into() }, "-k"),
            ("a/b/c=v", F::BadKey { found: "a/b/c".into() }, "a/b/c"),
            ("k=a/b", F::BadValue { found: "a/b".into() }, "a/b"),
            ("k in (a, ü)", F::BadValue { found: "ü".into() }, "ü"),
            ("k=*", F::BadValue { found: "*".into() }, "*"),
            ("*,k", F::BadKey { found: "*".into() }, "*"),
            ("k>", unexpected("", E::Value), ">"),
            ("k>x", F::NotInteger { found: "x".into() }, "x"),
            ("k>-1", F::NotInteger { found: "-1".into() }, "-1"),
            ("k<+1", F::NotInteger { found: "+1".into() }, "+1"),
            ("k>1.5", F::NotInteger { found: "1.5".into() }, "1.5"),
            (
                "k>9223372036854775808",
                F::NotInteger { found: "9223372036854775808".into() },
                "9223372036854775808",
            ),
        ] {
            let parsed = parse(text, 7, Of::Nodes);
            let found = parsed.problems.first().map(|(found, range)| {
                (found.clone(), text.get(range.start - 7..range.end - 7).unwrap_or("?"))
            });
            assert_eq!(found, Some((flaw, marked)), "{text}");
        }
    }

    #[test]
    fn comparisons_are_for_nodes() {
        let parsed = parse("a>1,b<2", 0, Of::Others);
        assert_eq!(
            parsed.problems,
            [
                (SelectorFlaw::Comparison { operator: '>' }, 1..2),
                (SelectorFlaw::Comparison { operator: '<' }, 5..6)
            ]
        );
    }

    #[test]
    fn every_requirement_and_value_has_its_place() {
        let text = "disk in (nvme, ssd), !spot, zone=a";
        let parsed = parse(text, 0, Of::Others);
        let cut = |range: &Range<usize>| text.get(range.clone()).unwrap_or("?").to_owned();
        let whole: Vec<_> =
            parsed.selector.requirements.iter().map(|r| cut(&(r.span.0..r.span.1))).collect();
        assert_eq!(whole, ["disk in (nvme, ssd)", "!spot", "zone=a"]);
        let values: Vec<_> = parsed.places.iter().map(|place| cut(&place.values)).collect();
        assert_eq!(values, ["(nvme, ssd)", "", "a"]);
        let first: Vec<_> = parsed.places.iter().flat_map(|p| p.each.iter().map(cut)).collect();
        assert_eq!(first, ["nvme", "ssd", "a"]);
    }

    #[test]
    fn a_thousand_values_are_fine() {
        let values: Vec<_> = (0..1000).map(|n| format!("v{n}")).collect();
        let text = format!("k in ({})", values.join(", "));
        let parsed = parse(&text, 0, Of::Nodes);
        assert_eq!(parsed.problems, []);
        assert_eq!(parsed.selector.requirements.first().map(|r| r.values.len()), Some(1000));
        assert_eq!(parsed.places.first().map(|place| place.each.len()), Some(1000));
    }
}
