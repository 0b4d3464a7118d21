//! `placecard lsp`.
#![expect(clippy::expect_used, reason = "a target fails by panicking")]

use std::collections::BTreeMap;

use placecard_lint::lsp::serve_all;
use serde_json::{Value, json};

use crate::choices::Choices;

/// The messages that were written; every byte is part of one.
fn messages(mut out: &[u8]) -> Vec<Value> {
    let mut found = Vec::new();
    while !out.is_empty() {
        let text = std::str::from_utf8(out).expect("UTF-8");
        let (head, _) = text.split_once("\r\n\r\n").expect("a header with its end");
        let length = head.strip_prefix("Content-Length: ").expect("a length");
        let length: usize = length.parse().expect("a number");
        let body = out.get(head.len() + 4..).and_then(|rest| rest.get(..length));
        let body = body.expect("as many bytes as the header says");
        found.push(serde_json::from_slice(body).expect("JSON"));
        out = &out[head.len() + 4 + length..];
    }
    found
}

fn served(input: &[u8]) -> (bool, Vec<Value>) {
    let (mut out, mut log) = (Vec::new(), Vec::new());
    let orderly = serve_all(&mut &*input, &mut out, &mut log);
    (orderly, messages(&out))
}

/// Bytes on the standard input.
pub fn editor(data: &[u8]) {
    // What lies on this machine is no part of an input.
    if data.windows(5).any(|five| five.eq_ignore_ascii_case(b"file:")) || data.contains(&b'%') {
        return;
    }
    let (_, told) = served(data);
    let headers = data.windows(14).filter(|head| head.eq_ignore_ascii_case(b"content-length"));
    let answers = told.iter().filter(|message| message.get("method").is_none()).count();
    // One for each message, and one for each header that is none.
    assert!(answers <= headers.count() + data.len() + 1, "{answers}");
    for message in &told {
        assert_eq!(message["jsonrpc"], "2.0", "{message}");
        let both = message.get("result").is_some() && message.get("error").is_some();
        assert!(!both, "{message}");
    }
}

/// Documents of all sorts; an editor opens one of them.
const TEXTS: [&str; 5] = [
    include_str!("../../examples/refused/misspelt.yaml"),
    ENTRIES,
    "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Pod\",\n  \"metadata\": {\"name\": \"a\", \"annotations\": {\n    \
     \"placecard.dev/require\": \"near self in zone\",\n    \"a\": \"b\"\n  }}\n}\n",
    include_str!("../../examples/vocabulary.yaml"),
    include_str!("../../examples/coordination/affinity-scheduling-coordination.yaml"),
];
const ENTRIES: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: a
  annotations:
    placecard.dev/intents: |
      entries:
      - category: Topology
        strength: Preferred
        target: {type: ServiceId, name: cache}
        level: zone
";
const URI: &str = "untitled:/deploy.yaml";

/// What is typed.
const TYPED: &[&str] = &[
    "",
    "\n",
    "a",
    " ",
    "near ",
    "on pool/",
    "apart-from self in ",
    "service/",
    "  ",
    "- ",
    ": ",
    "\t",
    "é",
    "😀",
    "\r\n",
    "\r",
    "#",
    "'",
    "\"",
    "|",
    "---\n",
    "placecard.dev/",
    "placecard.dev/require: ",
    "{",
    "}",
    "\u{feff}",
    "\u{0}",
];

#[derive(Default)]
struct Typing {
    input: Vec<u8>,
    asked: Vec<i64>,
}

impl Typing {
    fn say(&mut self, mut message: Value) {
        message["jsonrpc"] = json!("2.0");
        let text = message.to_string();
        self.input
            .extend_from_slice(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    fn tell(&mut self, method: &str, params: &Value) {
        self.say(json!({"method": method, "params": params}));
    }

    fn ask(&mut self, method: &str, params: &Value) {
        let id = i64::try_from(self.asked.len()).unwrap_or_default();
        self.asked.push(id);
        self.say(json!({"id": id, "method": method, "params": params}));
    }
}

fn position(choices: &mut Choices<'_>) -> Value {
    let number = |choice: u8| match choice {
        255 => u32::MAX,
        254 => 1 << 31,
        choice => u32::from(choice % 48),
    };
    let (line, character) = (number(choices.byte()), number(choices.byte()));
    json!({"line": line, "character": character})
}

/// An editor that keeps to the protocol, and points anywhere.
pub fn editing(data: &[u8]) {
    let mut choices = Choices::new(data);
    let mut typing = Typing::default();
    let kind = choices.byte();
    let encoding = if kind & 1 == 1 { "utf-8" } else { "utf-16" };
    let text = TEXTS[usize::from(kind >> 1) % TEXTS.len()];
    let general = json!({"positionEncodings": [encoding]});
    typing.ask(
        "initialize",
        &json!({"processId": null, "rootUri": null, "capabilities": {"general": general}}),
    );
    typing.tell("initialized", &json!({}));
    let document = json!({"uri": URI, "languageId": "yaml", "version": 0, "text": text});
    typing.tell("textDocument/didOpen", &json!({"textDocument": document}));
    let id = json!({"uri": URI});
    let mut version = 0;
    while !choices.is_empty() && version < 24 {
        version += 1;
        let (start, end) = (position(&mut choices), position(&mut choices));
        let range = json!({"start": start, "end": end});
        match choices.below(8) {
            0 => typing.ask("textDocument/hover", &json!({"textDocument": id, "position": start})),
            1 => typing
                .ask("textDocument/completion", &json!({"textDocument": id, "position": start})),
            2 => {
                let context = json!({"diagnostics": []});
                let params = json!({"textDocument": id, "range": range, "context": context});
                typing.ask("textDocument/codeAction", &params);
            }
            3 => typing.tell("textDocument/didSave", &json!({"textDocument": id})),
            choice => {
                let text = match choice {
                    4 => choices.text(),
                    _ => choices.pick(TYPED).unwrap_or_default().to_owned(),
                };
                let changes = match choices.byte() {
                    255 => json!([{"text": text}]),
                    _ => json!([{"range": range, "text": text}]),
                };
                let document = json!({"uri": URI, "version": version});
                let params = json!({"textDocument": document, "contentChanges": changes});
                typing.tell("textDocument/didChange", &params);
            }
        }
    }
    typing.ask("shutdown", &Value::Null);
    typing.tell("exit", &Value::Null);
    let (orderly, told) = served(&typing.input);
    assert!(orderly, "it ends when it is told to");
    let mut answers: BTreeMap<i64, usize> = BTreeMap::new();
    for message in &told {
        if let Some(id) = message["id"].as_i64() {
            *answers.entry(id).or_default() += 1;
            assert!(message.get("error").is_none(), "{message}");
        }
        for finding in message["params"]["diagnostics"].as_array().into_iter().flatten() {
            let at = |end: &str| {
                let place = &finding["range"][end];
                (place["line"].as_u64(), place["character"].as_u64())
            };
            assert!(at("start") <= at("end"), "{finding}");
        }
    }
    let each: BTreeMap<i64, usize> = typing.asked.iter().map(|id| (*id, 1)).collect();
    assert_eq!(answers, each);
}
