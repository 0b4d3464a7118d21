//! A text in which something is being typed, made readable.

use crate::load::{NodeKind, Source, Span};
use crate::lsp::place::Field;

/// Nobody writes this.
const PROBE: &str = "qzxqzxqzxqzxqzx";

/// What is being typed, in a text that can be read.
#[derive(Clone, Copy)]
pub(super) struct Typing<'a> {
    /// The text with the probe in it.
    pub(super) source: &'a Source,
    /// The key or value that the probe is part of.
    pub(super) found: &'a Field<'a>,
    /// Key or value, with the probe.
    pub(super) text: &'a str,
    /// Its part before the probe, or the end of that.
    pub(super) before: &'a str,
}

impl<'a> Typing<'a> {
    pub(super) fn of(source: &'a Source, found: &'a Field<'a>) -> Option<Self> {
        let text = match &found.tree.arena.get(found.node)?.kind {
            NodeKind::Scalar { text, .. } => text.as_str(),
            _ => return None,
        };
        let before = text.get(..text.find(PROBE)?)?;
        Some(Self { source, found, text, before })
    }

    /// With what is before the probe from this byte on only.
    pub(super) fn from(self, byte: usize) -> Option<Self> {
        Some(Self { before: self.before.get(byte..)?, ..self })
    }

    /// What stands behind the probe.
    pub(super) fn after(&self) -> &'a str {
        self.text.split_once(PROBE).map_or("", |(_, after)| after)
    }

    /// Whether it stands in the line of its key, where no key of its own can stand.
    pub(super) fn is_behind_colon(&self) -> bool {
        let Some(node) = self.found.tree.arena.get(self.found.node) else { return false };
        let before = self.source.text.get(..node.outer_start as usize).unwrap_or_default();
        !self.found.on_key && before.trim_end_matches([' ', '\t']).ends_with(':')
    }

    pub(super) fn is_quoted(&self) -> bool {
        let node = self.found.tree.arena.get(self.found.node);
        let first = node.map(|node| Span::new(node.span.start, node.span.start + 1));
        first.is_some_and(|first| ["\"", "'"].contains(&self.source.slice(first)))
    }
}

/// A text with the probe where the cursor is, in the ways in which what is typed there may be meant:
/// as it stands; as a key whose value is yet to come; as something in braces with a comma yet to
/// come; as something whose closing quote is yet to come; and as the end of braces that are open.
pub(super) fn ways(before: &str, after: &str) -> Vec<String> {
    let rest = after.get(after.find(['\n', '\r']).unwrap_or(after.len())..).unwrap_or_default();
    let (quote, behind) = match after.strip_prefix(['"', '\'']) {
        Some(behind) => after.split_at(after.len() - behind.len()),
        None => ("", after),
    };
    vec![
        format!("{before}{PROBE}{after}"),
        format!("{before}{PROBE}: ''{rest}"),
        format!("{before}{PROBE}{quote},{behind}"),
        format!("{before}{PROBE}\"{rest}"),
        format!("{before}{PROBE}\",{rest}"),
        format!("{before}{PROBE}{}", closing(before)),
        format!("{before}{PROBE}\"{}", closing(before)),
    ]
}

/// The braces and brackets that are open at the end of a text, without those in double quotes.
fn closing(before: &str) -> String {
    let mut open = Vec::new();
    let (mut quoted, mut escaped) = (false, false);
    for c in before.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' => open.push('}'),
            '[' => open.push(']'),
            '}' | ']' => drop(open.pop()),
            _ => {}
        }
    }
    open.into_iter().rev().collect()
}

/// Whether the word that ends in what is behind the cursor is followed by no colon.
pub(super) fn lacks_colon(after: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || "-_./".contains(c);
    let behind = after.trim_start_matches(part).trim_start_matches(['"', '\'']);
    !behind.trim_start_matches([' ', '\t']).starts_with(':')
}
