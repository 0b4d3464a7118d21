//! Messages as they travel: a header with a length, and JSON (LSP 3.18, "Base Protocol").

use std::io::{BufRead, Read, Write};

use serde_json::Value;

use crate::load::MAX_BYTES;

/// The longest message that is read: a document of the greatest size, most of it escaped.
const MAX_MESSAGE: usize = 2 * MAX_BYTES;
/// The longest line of a header.
const MAX_HEADER: u64 = 4096;

/// What came.
#[derive(Debug, PartialEq)]
pub(super) enum Frame {
    /// A message.
    Message(Value),
    /// Something that is none; what comes behind it can be read.
    Unreadable(String),
    /// Nothing any more.
    End,
}

/// Reads the next message. A header that says nothing sensible is passed over up to the next one, a
/// message that is too long is passed over as a whole and never held. Empty lines before a header say
/// nothing, and are passed over in silence.
pub(super) fn read(from: &mut dyn BufRead) -> Frame {
    let mut length = None;
    let mut wrong = None;
    let mut begun = false;
    loop {
        let mut line = Vec::new();
        match (&mut *from).take(MAX_HEADER).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return Frame::End,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches(['\n', '\r']);
        if line.is_empty() {
            if begun {
                break;
            }
            continue;
        }
        begun = true;
        match line.split_once(':') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse::<usize>().ok();
                if length.is_none() {
                    wrong = Some("a Content-Length that is no number".to_owned());
                }
            }
            Some((name, _)) if name.trim().eq_ignore_ascii_case("content-type") => {}
            _ => wrong = Some("a line in a header that is no field of it".to_owned()),
        }
    }
    match (length, wrong) {
        (Some(length), None) => body(from, length),
        (None, None) => Frame::Unreadable("a header without Content-Length".to_owned()),
        (_, Some(wrong)) => {
            if let Some(length) = length {
                pass_over(from, length);
            }
            Frame::Unreadable(wrong)
        }
    }
}

fn body(from: &mut dyn BufRead, length: usize) -> Frame {
    if length > MAX_MESSAGE {
        pass_over(from, length);
        return Frame::Unreadable(format!("a message of {length} bytes, too long to be read"));
    }
    // As much is held as really comes.
    let mut bytes = Vec::new();
    match from.take(length as u64).read_to_end(&mut bytes) {
        Ok(read) if read == length => {}
        _ => return Frame::End,
    }
    match serde_json::from_slice(&bytes) {
        Ok(message) => Frame::Message(message),
        Err(error) => Frame::Unreadable(format!("a message that is no JSON: {error}")),
    }
}

fn pass_over(from: &mut dyn BufRead, length: usize) {
    // What cannot be read any more is the end, which the next read finds.
    let _ = std::io::copy(&mut from.take(length as u64), &mut std::io::sink());
}

/// Writes a message; false if nobody reads any more.
pub(super) fn write(to: &mut dyn Write, message: &Value) -> bool {
    let text = message.to_string();
    let written = write!(to, "Content-Length: {}\r\n\r\n{text}", text.len());
    written.and_then(|()| to.flush()).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        let message = json!({"a": "größe"});
        assert!(write(&mut bytes, &message));
        assert!(write(&mut bytes, &json!(1)));
        let mut from = bytes.as_slice();
        assert_eq!(read(&mut from), Frame::Message(message));
        assert_eq!(read(&mut from), Frame::Message(json!(1)));
        assert_eq!(read(&mut from), Frame::End);
    }

    #[test]
    fn what_is_broken_does_not_hide_the_next() {
        for broken in [
            "Content-Length: x\r\n\r\n",
            "Content-Type: y\r\n\r\n",
            "nonsense\r\n\r\n",
            "Content-Length: 3\r\n\r\n{a}",
            "Content-Length: 2\r\nnonsense\r\n\r\n{}",
        ] {
            let text = format!("{broken}content-length:2\n\n{{}}");
            let mut from = text.as_bytes();
            assert!(matches!(read(&mut from), Frame::Unreadable(_)), "{broken}");
            assert_eq!(read(&mut from), Frame::Message(json!({})), "{broken}");
        }
    }

    #[test]
    fn empty_lines_between_messages_say_nothing() {
        let mut from = "\r\n\nContent-Length: 2\r\n\r\n{}\n\r\nContent-Length:1\n\n1\n".as_bytes();
        assert_eq!(read(&mut from), Frame::Message(json!({})));
        assert_eq!(read(&mut from), Frame::Message(json!(1)));
        assert_eq!(read(&mut from), Frame::End);
    }

    #[test]
    fn a_length_alone_takes_no_memory() {
        for length in ["99999999999999", "1000"] {
            let text = format!("Content-Length: {length}\r\n\r\n{{}}");
            let mut from = text.as_bytes();
            while read(&mut from) != Frame::End {}
        }
        let endless = "x".repeat(100_000);
        let mut from = endless.as_bytes();
        while read(&mut from) != Frame::End {}
    }
}
