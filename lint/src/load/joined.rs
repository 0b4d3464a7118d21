//! Quoted texts over several lines that are indented less than YAML wants. `kubectl` takes them
//! (go-yaml looks at no indentation inside of quotes), and generators of manifests write them.

use super::source::to_u32;

/// So many bytes are read again for it, at most: each text that is joined costs another reading of
/// its chunk.
pub(super) const BUDGET: usize = 64 << 20;

/// A quoted text whose lines were made one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Joined {
    /// Where it begins, from the start of the chunk.
    pub(super) start: u32,
    /// Where it really ends, behind the quote.
    pub(super) end: u32,
}

/// The chunk with the lines of the quoted text at `open` joined as YAML folds them, and blanks behind
/// it, so that every other byte stays where it is. `None`: it is never closed, something follows in
/// its last line, or its value cannot be written in one line.
pub(super) fn join(chunk: &str, open: usize) -> Option<(String, Joined)> {
    let quote = chunk.get(open..)?.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let mut text = String::from(quote);
    let mut rest = chunk.get(open + 1..)?;
    loop {
        let character = rest.chars().next()?;
        let step = match character {
            '\\' if quote == '"' => {
                let escaped = rest.chars().nth(1).filter(|next| !matches!(next, '\n' | '\r'))?;
                1 + escaped.len_utf8()
            }
            '\'' if quote == '\'' && rest.starts_with("''") => 2,
            _ if character == quote => break,
            '\n' | '\r' => {
                let next = rest.strip_prefix("\r\n").or_else(|| rest.get(1..))?;
                let document = |mark| next.starts_with(mark);
                let next_text = next.trim_start_matches([' ', '\t']);
                if document("---") || document("...") || next_text.starts_with(['\n', '\r']) {
                    return None;
                }
                text.truncate(text.trim_end_matches([' ', '\t']).len());
                text.push(' ');
                rest = next_text;
                continue;
            }
            _ => character.len_utf8(),
        };
        text.push_str(rest.get(..step)?);
        rest = rest.get(step..)?;
    }
    text.push(quote);
    rest = rest.get(1..)?;
    let line = rest.split(['\n', '\r']).next().unwrap_or_default().trim_start();
    if !line.is_empty() && !line.starts_with('#') {
        return None;
    }
    let end = chunk.len() - rest.len();
    let blanks = (end - open).checked_sub(text.len())?;
    let whole = [chunk.get(..open)?, &text, &" ".repeat(blanks), rest].concat();
    Some((whole, Joined { start: to_u32(open), end: to_u32(end) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_and_everything_else_stays_where_it_is() {
        for (chunk, expected) in [
            ("a: 'x\n y'\nb: 1\n", Some("a: 'x y' \nb: 1\n")),
            ("a: 'it''s  \r\n\ty' # so\n", Some("a: 'it''s y'     # so\n")),
            ("a: \"x\\\"\nü\"", Some("a: \"x\\\" ü\"")),
            ("a: 'x\nb: 1\n", None),
            ("a: 'x\nb: 'y'\n", None),
            ("a: 'x\n\ny'\n", None),
            ("a: 'x\n--- y'\n", None),
            ("a: \"x\\\ny\"\n", None),
            ("a: 'x\ny': 1\n", None),
            ("a: x\n", None),
        ] {
            let joined = join(chunk, 3);
            assert_eq!(joined.as_ref().map(|(text, _)| text.as_str()), expected, "{chunk:?}");
            if let Some((text, joined)) = joined {
                assert_eq!(text.len(), chunk.len());
                let (start, end) = (joined.start as usize, joined.end as usize);
                assert_eq!(text[end..], chunk[end..]);
                assert!(chunk[start..end].ends_with(['"', '\'']), "{chunk:?}");
            }
        }
    }
}
