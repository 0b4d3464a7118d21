//! YAML or JSON text into a value, with the place of each key and scalar.
//!
//! Scalars are read by YAML's core schema, in which JSON reads as JSON. What would make the value
//! depend on more than its own place (anchors, aliases, tags, several documents) is refused.

use std::collections::BTreeSet;
use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle};
use serde_json::{Map, Value};

use crate::problem::TypedFlaw;

/// Entries are four deep.
const MAX_DEPTH: usize = 16;

/// A place in a value, and whether it holds the text byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) span: Range<usize>,
    pub(super) verbatim: bool,
}

/// A value with its places.
#[derive(Clone, Debug)]
pub(super) struct Node {
    kind: Kind,
    spot: Spot,
}

#[derive(Clone, Debug)]
enum Kind {
    Scalar(Value),
    List(Vec<Node>),
    Mapping(Vec<(Key, Node)>),
}

#[derive(Clone, Debug)]
struct Key {
    name: String,
    spot: Spot,
}

impl Node {
    pub(super) fn spot(&self) -> Spot {
        self.spot.clone()
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Kind::Mapping(entries) = &self.kind else { return None };
        entries.iter().find(|(name, _)| name.name == key).map(|(_, node)| node)
    }

    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => items.iter().map(Self::to_value).collect(),
            Kind::Mapping(entries) => {
                let fields = entries.iter();
                let fields = fields.map(|(key, node)| (key.name.clone(), node.to_value()));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    /// The place of a JSON pointer: of its last key, or of its value. A key that is not there is
    /// the key of the mapping that lacks it; an item of a list has none, its first key stands for it.
    pub(super) fn find(&self, pointer: &str, on_key: bool) -> Spot {
        let (mut node, mut key) = (self, None);
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            match &node.kind {
                Kind::Mapping(entries) => {
                    let Some((name, next)) = entries.iter().find(|(name, _)| name.name == step)
                    else {
                        break;
                    };
                    (node, key) = (next, Some(&name.spot));
                }
                Kind::List(items) => {
                    let next = step.parse::<usize>().ok().and_then(|index| items.get(index));
                    let Some(next) = next else { break };
                    (node, key) = (next, None);
                }
                Kind::Scalar(_) => break,
            }
        }
        match (on_key, key, &node.kind) {
            (true, Some(spot), _) => spot.clone(),
            (true, None, Kind::Mapping(entries)) => match entries.first() {
                Some((first, _)) => first.spot.clone(),
                None => node.spot(),
            },
            (false, Some(spot), _) if node.spot.span.is_empty() => spot.clone(),
            _ => node.spot(),
        }
    }
}

/// Where the lines of a value begin.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    starts: Vec<usize>,
    end: usize,
}

impl Lines {
    pub(super) fn of(value: &str) -> Self {
        let breaks = value.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { starts, end: value.len() }
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, byte: usize) -> u32 {
        let line = self.starts.partition_point(|start| *start <= byte);
        u32::try_from(line).unwrap_or(u32::MAX).max(1)
    }

    pub(super) fn breaks(&self, span: &Range<usize>) -> bool {
        self.line(span.start) != self.line(span.end)
    }

    /// The part of a span in its first line.
    pub(super) fn first(&self, span: Range<usize>) -> Range<usize> {
        let line = self.starts.partition_point(|start| *start <= span.start);
        let next = self.starts.get(line).map_or(self.end, |next| next.saturating_sub(1));
        span.start..span.end.min(next).max(span.start)
    }
}

type Flaw = (TypedFlaw, Range<usize>);

/// The value of a text; none if there is nothing but comments.
pub(super) fn parse(text: &str) -> Result<Option<Node>, Flaw> {
    let mut options = Options::default();
    options.max_buffered_comment_events = 1_000_000;
    options.emit_unresolved_aliases = true;
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut composer = Composer { text, open: Vec::new(), root: None };
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => {
                let range = span.byte_range().unwrap_or_default();
                composer.event(event, clip(text, range))?;
            }
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or_default();
                return Err((TypedFlaw::Syntax, word_at(text, at)));
            }
        }
    }
    Ok(composer.root)
}

/// A range of the text, at the borders of its characters.
fn clip(text: &str, range: Range<usize>) -> Range<usize> {
    let border = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at = at.saturating_sub(1);
        }
        at
    };
    let start = border(range.start);
    start..border(range.end).max(start)
}

/// The word at a byte, or the last one before it.
fn word_at(text: &str, at: usize) -> Range<usize> {
    let at = clip(text, at..at).start;
    let blank = |c: char| c.is_whitespace();
    let before = text.get(..at).unwrap_or_default();
    let rest = text.get(at..).unwrap_or_default();
    if rest.chars().next().is_some_and(|c| !c.is_whitespace()) {
        return at..at + rest.find(blank).unwrap_or(rest.len());
    }
    let end = before.trim_end().len();
    let word = before.get(..end).unwrap_or_default();
    let start = word.rfind(blank).map_or(0, |blank| blank + 1);
    clip(text, start..end)
}

struct Composer<'a> {
    text: &'a str,
    open: Vec<Open>,
    root: Option<Node>,
}

struct Open {
    node: Node,
    names: BTreeSet<String>,
    key: Option<Key>,
}

impl Composer<'_> {
    fn event(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), Flaw> {
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                Err((TypedFlaw::SeveralDocuments, word_at(self.text, span.start)))
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => Err((TypedFlaw::Alias, span)),
            Event::Scalar(text, style, anchor, tag) => {
                self.plain(anchor, tag.is_some(), &span)?;
                let plain = matches!(style, ScalarStyle::Plain);
                // The parser says `~` for a value that is left out.
                let text = if plain && span.is_empty() { "" } else { &*text };
                let spot = self.spot(text, plain, span);
                let value = if plain { core_value(text) } else { Value::String(text.to_owned()) };
                self.attach(Node { kind: Kind::Scalar(value), spot }, Some(text))
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.plain(anchor, tag.is_some(), &span)?;
                self.start(Kind::List(Vec::new()), span);
                Ok(())
            }
            Event::MappingStart(_, anchor, tag) => {
                self.plain(anchor, tag.is_some(), &span)?;
                self.start(Kind::Mapping(Vec::new()), span);
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(&span),
            _ => Ok(()),
        }
    }

    fn plain(&self, anchor: usize, tagged: bool, span: &Range<usize>) -> Result<(), Flaw> {
        let span = || word_at(self.text, span.start);
        match (anchor, tagged) {
            (0, false) => Ok(()),
            (0, true) => Err((TypedFlaw::Tag, span())),
            _ => Err((TypedFlaw::Alias, span())),
        }
    }

    /// Where the text of a scalar stands, without its quotes.
    fn spot(&self, text: &str, plain: bool, span: Range<usize>) -> Spot {
        let written = self.text.get(span.clone()).unwrap_or_default();
        let quoted = ['"', '\''].into_iter().find_map(|quote| {
            let inner = written.strip_prefix(quote)?.strip_suffix(quote)?;
            Some(inner == text)
        });
        match quoted {
            Some(true) if !plain && !text.is_empty() => {
                Spot { span: span.start + 1..span.end - 1, verbatim: true }
            }
            _ => Spot { verbatim: written == text, span },
        }
    }

    fn start(&mut self, kind: Kind, span: Range<usize>) {
        let node = Node { kind, spot: Spot { span, verbatim: false } };
        self.open.push(Open { node, names: BTreeSet::new(), key: None });
    }

    /// A flow collection ends with its bracket, a block collection with its last value: the parser
    /// ends it at the next token.
    fn end(&mut self, span: &Range<usize>) -> Result<(), Flaw> {
        let Some(Open { mut node, .. }) = self.open.pop() else { return Ok(()) };
        let last = match &node.kind {
            Kind::List(items) => items.last(),
            Kind::Mapping(entries) => entries.last().map(|(_, value)| value),
            Kind::Scalar(_) => None,
        };
        let first = match &node.kind {
            Kind::List(items) => items.first().map(|item| item.spot.span.start),
            Kind::Mapping(entries) => entries.first().map(|(key, _)| key.spot.span.start),
            Kind::Scalar(_) => None,
        };
        let opening = self.text.get(node.spot.span.start..).and_then(|rest| rest.chars().next());
        let flow = matches!(opening, Some('[' | '{'))
            && self.text.get(..span.end).is_some_and(|text| text.ends_with([']', '}']));
        if flow {
            node.spot.span.end = span.end.max(node.spot.span.start);
        } else {
            let start = first.unwrap_or(node.spot.span.start);
            let end = last.map_or(start, |last| last.spot.span.end);
            node.spot.span = start..end.max(start);
        }
        self.attach(node, None)
    }

    /// Puts a finished node into the collection around it.
    fn attach(&mut self, node: Node, text: Option<&str>) -> Result<(), Flaw> {
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return Ok(());
        };
        match &mut open.node.kind {
            Kind::List(items) => items.push(node),
            Kind::Mapping(entries) => match open.key.take() {
                Some(key) => entries.push((key, node)),
                None => {
                    let Some(name) = text else { return Err((TypedFlaw::Key, node.spot.span)) };
                    if !open.names.insert(name.to_owned()) {
                        let flaw = TypedFlaw::DuplicateKey { key: name.to_owned() };
                        return Err((flaw, node.spot.span));
                    }
                    open.key = Some(Key { name: name.to_owned(), spot: node.spot });
                }
            },
            Kind::Scalar(_) => {}
        }
        Ok(())
    }
}

/// A plain scalar by the core schema of YAML 1.2 (section 10.3.2).
fn core_value(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let based = |prefix: &str, base: u32| {
        let digits = text.strip_prefix(prefix)?;
        let plain = digits.chars().all(|digit| digit.is_digit(base));
        u64::from_str_radix(digits, base).ok().filter(|_| plain)
    };
    if let Some(number) = based("0x", 16).or_else(|| based("0o", 8)) {
        return number.into();
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = text.strip_prefix('+').unwrap_or(text);
        if let Ok(number) = number.parse::<u64>() {
            return number.into();
        }
        if let Ok(number) = number.parse::<i64>() {
            return number.into();
        }
    }
    let is_float = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.bytes().all(|byte| b"0123456789.eE+-".contains(&byte))
        && unsigned.bytes().any(|byte| byte.is_ascii_digit());
    match text.parse::<f64>().ok().filter(|_| is_float).and_then(serde_json::Number::from_f64) {
        Some(number) => Value::Number(number),
        None => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(text: &str) -> Value {
        parse(text).expect("readable").map_or(Value::Null, |node| node.to_value())
    }

    #[test]
    fn yaml_and_json_give_one_value() {
        let expected = json!({"entries": [{"a": "x", "n": 42, "t": {"b": [1, "2", null, true]}}]});
        for text in [
            "entries:\n- a: x\n  n: 42\n  t:\n    b:\n    - 1\n    - '2'\n    -\n    - true\n",
            "{\"entries\": [{\"a\": \"x\", \"n\": 42, \"t\": {\"b\": [1, \"2\", null, true]}}]}",
            "# a comment\nentries: [{a: x, n: 0x2a, t: {b: [1, \"2\", ~, true]}}]  # and one more",
            "---\nentries:\n  - {a: \"x\", n: 0o52, t: {b: [+1, \"2\", null, True]}}\n...\n",
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
        assert_eq!(value("a: \"\\u00e4\\ud83d\\ude00\\/\""), json!({"a": "ä😀/"}));
        assert_eq!(
            value("[1.0, 1e3, -7, 3f2b, 1-2, .x, 18446744073709551616]"),
            json!([1.0, 1000.0, -7, "3f2b", "1-2", ".x", 18446744073709551616.0])
        );
        for nothing in ["", " \n", "# only this\n", "---\n"] {
            assert_eq!(value(nothing), Value::Null, "{nothing:?}");
        }
    }

    #[test]
    fn places_are_those_of_words() {
        let text = "entries:\n- category: Topology\n  target: {type: NodeId, name: \"gpu-7\"}\n\
                    - target:\n    type: RackId\n    value: 42\n";
        let tree = parse(text).unwrap().unwrap();
        let at = |pointer: &str, on_key: bool| &text[tree.find(pointer, on_key).span];
        assert_eq!(at("/entries/0/target/name", false), "gpu-7");
        assert_eq!(at("/entries/0/target/name", true), "name");
        assert_eq!(at("/entries/0/target", false), "{type: NodeId, name: \"gpu-7\"}");
        assert_eq!(at("/entries/0", true), "category", "an item has no key");
        assert_eq!(at("/entries/1/target/value", false), "42");
        assert_eq!(at("/entries/1/target", false), "type: RackId\n    value: 42");
        assert_eq!(at("/entries/1/strength", true), "target", "the mapping that lacks it");
        assert_eq!(at("/nothing", true), "entries");
        let lines = Lines::of(text);
        let target = tree.find("/entries/1/target", false);
        assert!(lines.breaks(&target.span));
        assert_eq!(&text[lines.first(target.span.clone())], "type: RackId");
        assert_eq!(lines.line(target.span.start), 5);
    }

    #[test]
    fn what_cannot_be_read_is_pointed_at() {
        for (text, flaw, marked) in [
            ("a: &x 1", TypedFlaw::Alias, "1"),
            ("a: *x", TypedFlaw::Alias, "*x"),
            ("a: !!str 1", TypedFlaw::Tag, "1"),
            ("a: 1\na: 2", TypedFlaw::DuplicateKey { key: "a".into() }, "a"),
            ("a: 1\n---\nb: 2", TypedFlaw::SeveralDocuments, "---"),
            ("? [a]\n: b", TypedFlaw::Key, "[a]"),
            ("a: [1, 2", TypedFlaw::Syntax, "[1,"),
        ] {
            let (found, span) = parse(text).unwrap_err();
            assert_eq!(found, flaw, "{text}");
            assert_eq!(&text[span], marked, "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(matches!(parse(&deep), Err((TypedFlaw::Syntax, _))));
    }
}
