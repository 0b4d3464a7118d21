//! The protocol, spoken to the real program over pipes. Every wait is bounded.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::ran::ran;

/// As long as a machine with much to do may need.
const PATIENCE: Duration = Duration::from_secs(120);

struct Editor {
    child: Child,
    stdin: Option<ChildStdin>,
    messages: Receiver<Value>,
    next: i64,
    /// What came while something else was waited for.
    kept: Vec<Value>,
}

impl Editor {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_placecard"))
            .args(["lsp", "--stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let stdin = child.stdin.take();
        let mut from = BufReader::new(child.stdout.take().expect("its output"));
        let (send, messages) = channel();
        thread::spawn(move || {
            while let Some(message) = read(&mut from) {
                if send.send(message).is_err() {
                    return;
                }
            }
        });
        Self { child, stdin, messages, next: 0, kept: Vec::new() }
    }

    fn initialized(encodings: &[&str]) -> Self {
        let mut editor = Self::start();
        let general = json!({"positionEncodings": encodings});
        let params =
            json!({"processId": null, "rootUri": null, "capabilities": {"general": general}});
        let answer = editor.ask("initialize", &params);
        let expected = if encodings.contains(&"utf-8") { "utf-8" } else { "utf-16" };
        assert_eq!(answer["result"]["capabilities"]["positionEncoding"], expected);
        editor.tell("initialized", &json!({}));
        editor
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("open");
        stdin.write_all(bytes).expect("written");
        stdin.flush().expect("written");
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.bytes(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    fn tell(&mut self, method: &str, params: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn request(&mut self, method: &str, params: &Value) -> i64 {
        self.next += 1;
        let id = self.next;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        let id = self.request(method, params);
        self.wait(|message| message["id"] == id)
    }

    /// The first message that is wanted; others are kept.
    fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at);
        }
        loop {
            let message = self.messages.recv_timeout(PATIENCE).expect("a message in time");
            if wanted(&message) {
                return message;
            }
            self.kept.push(message);
        }
    }

    /// What is told of this version of a document.
    fn told(&mut self, uri: &str, version: i64) -> Vec<Value> {
        let message = self.wait(|message| {
            let params = &message["params"];
            params["uri"] == uri && params["version"] == version
        });
        message["params"]["diagnostics"].as_array().expect("a list").clone()
    }

    fn open(&mut self, uri: &str, text: &str) -> Vec<Value> {
        let item = json!({"uri": uri, "languageId": "yaml", "version": 1, "text": text});
        self.tell("textDocument/didOpen", &json!({"textDocument": item}));
        self.told(uri, 1)
    }

    fn change(&mut self, uri: &str, version: i64, changes: &Value) {
        let document = json!({"uri": uri, "version": version});
        let params = json!({"textDocument": document, "contentChanges": changes});
        self.tell("textDocument/didChange", &params);
    }

    fn at(&mut self, method: &str, uri: &str, line: u32, character: u32) -> Value {
        let position = json!({"line": line, "character": character});
        let params = json!({"textDocument": {"uri": uri}, "position": position});
        let answer = self.ask(method, &params);
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    }

    fn actions(&mut self, uri: &str, range: &Value, only: Option<&str>) -> Vec<Value> {
        let mut context = json!({"diagnostics": []});
        if let Some(only) = only {
            context["only"] = json!([only]);
        }
        let params = json!({"textDocument": {"uri": uri}, "range": range, "context": context});
        self.ask("textDocument/codeAction", &params)["result"].as_array().expect("a list").clone()
    }

    /// Waits for its end, and gives the exit code.
    fn ended(mut self) -> Option<i32> {
        drop(self.stdin.take());
        // Its output ends with it.
        while self.messages.recv_timeout(PATIENCE).is_ok() {}
        self.child.wait().expect("ended").code()
    }

    fn bye(mut self) {
        let answer = self.ask("shutdown", &Value::Null);
        assert_eq!(answer["result"], Value::Null);
        self.tell("exit", &Value::Null);
        assert_eq!(self.ended(), Some(0));
    }
}

fn read(from: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some((_, value)) => length = value.parse().expect("a length"),
            None => break,
        }
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).ok()?;
    Some(serde_json::from_slice(&bytes).expect("JSON"))
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.to_string_lossy())
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// Code, severity and place of each finding, as the linter reports it.
fn linted(path: &Path) -> Vec<(String, String, u64, u64)> {
    let words = ["lint", "-o", "json", &path.to_string_lossy()].map(str::to_owned);
    let (_, out, err) = ran(words, "");
    let report: Value = serde_json::from_str(&out).expect(&err);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let number = |value: &Value| value.as_u64().expect("a number") - 1;
    let findings = report["findings"].as_array().expect("findings").iter();
    let mut all: Vec<_> = findings
        .map(|one| {
            let place = (number(&one["line"]), number(&one["column"]));
            (text(&one["code"]), text(&one["severity"]), place.0, place.1)
        })
        .collect();
    all.sort();
    all
}

/// The same of what an editor is told.
fn drawn(told: &[Value]) -> Vec<(String, String, u64, u64)> {
    let severity = |one: &Value| match one["severity"].as_u64() {
        Some(1) => "error",
        Some(2) => "warning",
        _ => "note",
    };
    let mut all: Vec<_> = told
        .iter()
        .map(|one| {
            let start = &one["range"]["start"];
            let number = |key: &str| start[key].as_u64().expect("a number");
            let code = one["code"].as_str().unwrap_or_default().to_owned();
            (code, severity(one).to_owned(), number("line"), number("character"))
        })
        .collect();
    all.sort();
    all
}

#[test]
fn documents_have_the_findings_of_the_linter() {
    let mut editor = Editor::initialized(&[]);
    let mut found = 0;
    for folder in ["refused", "clean", "coordination"] {
        let mut paths: Vec<PathBuf> = fs::read_dir(examples().join(folder))
            .expect("examples")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|it| it == "yaml"))
            .collect();
        paths.sort();
        for path in paths {
            let alone = tempfile::tempdir().expect("a folder");
            let name = path.file_name().expect("a name");
            let copy = alone.path().join(name);
            fs::copy(&path, &copy).expect("copied");
            fs::copy(examples().join("vocabulary.yaml"), alone.path().join("vocabulary.yaml"))
                .expect("copied");
            fs::write(
                alone.path().join(".placecard.yaml"),
                "root: true\nvocabulary: vocabulary.yaml\n",
            )
            .expect("written");
            let text = fs::read_to_string(&copy).expect("text");
            let told = editor.open(&uri(&copy), &text);
            let expected = linted(&copy);
            assert_eq!(drawn(&told), expected, "{}", path.display());
            found += expected.len();
            for one in &told {
                let page = format!("/codes/{}", one["code"].as_str().expect("a code"));
                assert!(one["codeDescription"]["href"].as_str().expect("a page").ends_with(&page));
                assert_eq!(one["source"], "placecard");
            }
        }
    }
    let crlf = RANKER.replace("apart-from", "aprat-from").replace('\n', "\r\n");
    let broken = format!("a: [\n---\n{}", RANKER.replace("near", "naer"));
    let silent = format!("# placecard: ignore[unresolved] elsewhere\n{RANKER}");
    for (name, text) in [
        ("lines.yaml", crlf.as_str()),
        ("broken.yaml", &broken),
        ("mark.yaml", &format!("\u{feff}{}", RANKER.replace("apart-from", "x"))),
        ("silent.yaml", &silent),
        ("chart.yaml", "a: {{ .Values.b }}\n"),
        (
            "pod.json",
            "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {}, \"spec\": {,}}",
        ),
        (
            "list.json",
            "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"a\", \
          \"annotations\": {\"placecard.dev/require\": \"on pol/x; nera self\"}}, \"spec\": {}}",
        ),
    ] {
        let folder = folder_with(&[(".placecard.yaml", "root: true\n"), (name, text)]);
        let path = folder.path().join(name);
        let (told, expected) = (editor.open(&uri(&path), text), linted(&path));
        if name == "mark.yaml" {
            // The mark is no character to the linter, and one to editors that keep it.
            assert_eq!(codes(&told).len(), expected.len(), "{told:?}");
        } else {
            assert_eq!(drawn(&told), expected, "{name}");
        }
        found += expected.len();
    }
    assert!(found > 12, "only {found} findings");
    editor.bye();
}

const RANKER: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: ranker, namespace: search}
spec:
  selector: {matchLabels: {app: ranker}}
  template:
    metadata:
      labels: {app: ranker}
      annotations:
        note: 'größe 𝔸'
        placecard.dev/require: |
          apart-from self in zone
          near service/cache
    spec:
      containers: [{name: ranker, image: 'ranker:1'}]
";

const CACHE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: cache, namespace: search}
spec: {selector: {app: cache}}
";

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

fn codes(told: &[Value]) -> Vec<&str> {
    told.iter().map(|one| one["code"].as_str().unwrap_or_default()).collect()
}

fn ranges(line: u32, from: u32, to: u32) -> Value {
    json!({"start": {"line": line, "character": from}, "end": {"line": line, "character": to}})
}

#[test]
fn changes_are_followed_in_either_encoding() {
    for encodings in [&["utf-16"][..], &["utf-32", "utf-8"]] {
        let folder = folder_with(&[(".placecard.yaml", "root: true\n"), ("cache.yaml", CACHE)]);
        let uri = uri(&folder.path().join("ranker.yaml"));
        let mut editor = Editor::initialized(encodings);
        assert_eq!(editor.open(&uri, RANKER), [] as [Value; 0]);
        // Behind characters of several units.
        let end = if encodings.contains(&"utf-8") { 26 } else { 22 };
        let start = end - if encodings.contains(&"utf-8") { 4 } else { 2 };
        let part = |range: Value, text: &str| json!({"range": range, "text": text});
        editor.change(
            &uri,
            2,
            &json!([
                part(ranges(9, start, end), "B"),
                part(ranges(11, 10, 20), "aprat-from"),
                part(ranges(12, 10, 10), "# ä\u{1F600} \r\n          "),
            ]),
        );
        let told = editor.told(&uri, 2);
        assert_eq!(codes(&told), ["unknown-relation"], "{told:?}");
        assert_eq!(told[0]["range"], ranges(11, 10, 20));
        assert!(told[0]["message"].as_str().expect("text").contains("did you mean apart-from?"));
        // Half a word, and YAML that is none: what is wrong is told at its place.
        editor.change(&uri, 3, &json!([part(ranges(9, 8, 12), "note\n  - : [")]));
        let told = editor.told(&uri, 3);
        assert_eq!(codes(&told), ["yaml-syntax"], "{told:?}");
        editor.change(&uri, 4, &json!([{"text": RANKER}]));
        assert_eq!(editor.told(&uri, 4), [] as [Value; 0]);
        editor.tell("textDocument/didClose", &json!({"textDocument": {"uri": uri}}));
        editor.bye();
    }
}

#[test]
fn what_lies_and_what_is_open_beside_counts() {
    let files = [(".placecard.yaml", "root: true\n"), ("cache.yaml", CACHE)];
    let folder = folder_with(&files);
    let (ranker, cache) = (folder.path().join("ranker.yaml"), folder.path().join("cache.yaml"));
    let mut editor = Editor::initialized(&[]);
    assert_eq!(codes(&editor.open(&uri(&ranker), RANKER)), [] as [&str; 0]);
    // Another name, that is not saved yet.
    let other = CACHE.replace("name: cache", "name: stash");
    let _ = editor.open(&uri(&cache), &other);
    let told = editor.told(&uri(&ranker), 1);
    assert_eq!(codes(&told), ["unresolved"], "{told:?}");
    // One that is not open counts as soon as it is saved.
    fs::write(folder.path().join(".placecard.yaml"), "root: true\nignore: [unresolved]\n")
        .expect("written");
    editor.tell("textDocument/didSave", &json!({"textDocument": {"uri": uri(&cache)}}));
    assert_eq!(codes(&editor.told(&uri(&ranker), 1)), [] as [&str; 0]);
    fs::write(folder.path().join(".placecard.yaml"), "root: true\nignroe: []\n").expect("written");
    editor.tell("workspace/didChangeWatchedFiles", &json!({"changes": []}));
    let told = editor.told(&uri(&ranker), 1);
    assert!(told[0]["message"].as_str().expect("text").contains("ignroe"), "{told:?}");
    let path = folder.path().join(".placecard.yaml");
    let told = editor.open(&uri(&path), "root: true\nignroe: []\n");
    assert_eq!(told[0]["range"]["start"], json!({"line": 1, "character": 0}), "{told:?}");
    editor.bye();
}

#[test]
fn an_open_configuration_counts_before_it_is_saved() {
    let folder = folder_with(&[(".placecard.yaml", "root: true\n")]);
    let at = |name: &str| uri(&folder.path().join(name));
    let (ranker, configuration) = (at("deploy/ranker.yaml"), at(".placecard.yaml"));
    let mut editor = Editor::initialized(&[]);
    assert_eq!(codes(&editor.open(&ranker, RANKER)), ["unresolved"]);
    let _ = editor.open(&configuration, "root: true\n");
    editor.change(&configuration, 2, &json!([{"text": "root: true\nignore: [unresolved]\n"}]));
    assert_eq!(codes(&editor.told(&ranker, 1)), [] as [&str; 0]);
    // What is wrong is told where it stands now.
    editor.change(&configuration, 3, &json!([{"text": "root: true\n\nignroe: []\n"}]));
    let told = editor.told(&configuration, 3);
    assert_eq!(told[0]["range"], ranges(2, 0, 1), "{told:?}");
    let told = editor.told(&ranker, 1);
    assert!(told[0]["message"].as_str().expect("text").contains("ignroe"), "{told:?}");
    // What it extends may be open, too, and lie nowhere yet.
    editor.change(&configuration, 4, &json!([{"text": "root: true\nextends: base.yaml\n"}]));
    let told = editor.told(&ranker, 1);
    assert!(told[0]["message"].as_str().expect("text").contains("there is no file"), "{told:?}");
    let _ = editor.open(&at("base.yaml"), "ignore: [unresolved]\n");
    assert_eq!(codes(&editor.told(&ranker, 1)), [] as [&str; 0]);
    // Closed without being saved, the one that lies there counts.
    editor.tell("textDocument/didClose", &json!({"textDocument": {"uri": configuration}}));
    assert_eq!(codes(&editor.told(&ranker, 1)), ["unresolved"]);
    editor.bye();
}

#[test]
fn what_is_wrong_with_a_configuration_is_told_where_it_is() {
    let folder = folder_with(&[
        (".placecard.yaml", "root: true\nextends: base.yaml\n"),
        ("base.yaml", "ignroe: []\n"),
    ]);
    let at = |name: &str| uri(&folder.path().join(name));
    let mut editor = Editor::initialized(&[]);
    // A manifest has it in its first line, and the file where it is.
    let told = editor.open(&at("cache.yaml"), CACHE);
    assert_eq!(told.len(), 1, "{told:?}");
    let related = &told[0]["relatedInformation"][0];
    assert_eq!(related["location"], json!({"uri": at("base.yaml"), "range": ranges(0, 0, 1)}));
    let beyond = |editor: &mut Editor| {
        let uri = at("base.yaml");
        let is_wanted =
            |one: &Value| one["params"]["uri"] == uri && one["params"].get("version").is_none();
        let message = editor.wait(is_wanted);
        message["params"]["diagnostics"].as_array().expect("a list").clone()
    };
    let drawn = beyond(&mut editor);
    assert_eq!(drawn[0]["range"], ranges(0, 0, 1), "{drawn:?}");
    assert_eq!(drawn[0]["message"], "no field is named ignroe; did you mean ignore?");
    // The configuration has it where it names the file.
    let text = "root: true\nextends: base.yaml\n";
    let told = editor.open(&at(".placecard.yaml"), text);
    assert_eq!((told.len(), &told[0]["range"]), (1, &ranges(1, 9, 18)), "{told:?}");
    // Open, it is judged as what it is.
    let told = editor.open(&at("base.yaml"), "ignroe: []\n");
    assert_eq!(told[0]["range"]["start"], json!({"line": 0, "character": 0}), "{told:?}");
    let found = offered(&mut editor, &at("base.yaml"), 2, "fail|");
    assert!(found.contains(&("failOn: ".to_owned(), "fail".to_owned())), "{found:?}");
    editor.tell("textDocument/didClose", &json!({"textDocument": {"uri": at("base.yaml")}}));
    // Mended, it is told nowhere any more.
    fs::write(folder.path().join("base.yaml"), "ignore: []\n").expect("written");
    editor.tell("workspace/didChangeWatchedFiles", &json!({"changes": []}));
    let mut last = beyond(&mut editor);
    while !last.is_empty() {
        last = beyond(&mut editor);
    }
    for name in ["cache.yaml", ".placecard.yaml"] {
        while !editor.told(&at(name), 1).is_empty() {}
    }
    editor.bye();
}

#[test]
fn thousands_of_changes_at_once_are_taken() {
    let uri = "untitled:many.yaml";
    let mut editor = Editor::initialized(&[]);
    let text = format!("{RANKER}# {}\n", "x".repeat(4_000));
    let _ = editor.open(uri, &text);
    let last = u32::try_from(text.lines().count() - 1).expect("small");
    let changes: Vec<Value> = (0..10_000)
        .map(|number| match number % 3 {
            0 => json!({"range": ranges(last, 4_000, 4_001), "text": "y"}),
            1 => json!({"range": ranges(12, 0, 0), "text": "\n"}),
            _ => {
                let range = json!({"start": {"line": 12, "character": 0}, "end": {"line": 13, "character": 0}});
                json!({"range": range, "text": ""})
            }
        })
        .collect();
    editor.change(uri, 2, &json!(changes));
    editor.change(uri, 3, &json!([{"range": ranges(11, 10, 20), "text": "aprat-from"}]));
    let told = editor.told(uri, 3);
    assert_eq!(codes(&told)[0], "unknown-relation", "{told:?}");
    assert_eq!(told[0]["range"], ranges(11, 10, 20));
    editor.bye();
}

#[test]
fn hover_says_what_a_rule_becomes() {
    let folder = folder_with(&[(".placecard.yaml", "root: true\n"), ("cache.yaml", CACHE)]);
    let uri = uri(&folder.path().join("ranker.yaml"));
    let mut editor = Editor::initialized(&[]);
    let _ = editor.open(&uri, RANKER);
    let hover = |editor: &mut Editor, line, character| {
        let found = editor.at("textDocument/hover", &uri, line, character);
        found["contents"]["value"].as_str().unwrap_or_default().to_owned()
    };
    let text = hover(&mut editor, 11, 12);
    for part in ["Rules that must hold.", "apart-from TARGET", "```yaml", "podAntiAffinity:"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.contains("topologyKey: topology.kubernetes.io/zone"), "{text}");
    let text = hover(&mut editor, 11, 30);
    assert!(text.contains("level `zone`"), "{text}");
    assert_eq!(hover(&mut editor, 1, 3), "");
    let broken = RANKER.replace("apart-from", "aprat-from");
    editor.change(&uri, 2, &json!([{"text": broken}]));
    let text = hover(&mut editor, 11, 12);
    assert!(text.contains("**unknown-relation**") && text.contains("/codes/unknown-relation"));
    assert!(!text.contains("```yaml"), "{text}");
    editor.bye();
}

/// What is offered where `¦` stands, or else the first `|`.
fn offered(editor: &mut Editor, uri: &str, version: i64, text: &str) -> Vec<(String, String)> {
    let mark = if text.contains('¦') { '¦' } else { '|' };
    let at = text.find(mark).expect("a place");
    let before = &text[..at];
    let line = u32::try_from(before.matches('\n').count()).expect("small");
    let column = before.rsplit('\n').next().unwrap_or_default().encode_utf16().count();
    let typed = format!("{before}{}", &text[at + mark.len_utf8()..]);
    editor.change(uri, version, &json!([{"text": typed}]));
    let column = u32::try_from(column).expect("small");
    let items = editor.at("textDocument/completion", uri, line, column);
    let items = items.as_array().expect("a list").iter();
    items
        .map(|item| {
            let edit = &item["textEdit"];
            let start = edit["range"]["start"]["character"].as_u64().expect("a number");
            assert_eq!(edit["range"]["end"], json!({"line": line, "character": column}));
            let lines: Vec<&str> = typed.split('\n').collect();
            let units: Vec<u16> = lines[line as usize].encode_utf16().collect();
            let start = usize::try_from(start).expect("small");
            let replaced = String::from_utf16_lossy(&units[start..column as usize]);
            (edit["newText"].as_str().expect("text").to_owned(), replaced)
        })
        .collect()
}

/// A folder with the vocabulary of the examples and a Service, and an editor with a Deployment in it.
fn ranker_with_a_vocabulary() -> (tempfile::TempDir, String, Editor) {
    let vocabulary = fs::read_to_string(examples().join("vocabulary.yaml")).expect("text");
    let folder = folder_with(&[
        (".placecard.yaml", "root: true\nvocabulary: vocabulary.yaml\n"),
        ("vocabulary.yaml", &vocabulary),
        ("cache.yaml", CACHE),
    ]);
    let uri = uri(&folder.path().join("ranker.yaml"));
    let mut editor = Editor::initialized(&[]);
    let _ = editor.open(&uri, RANKER);
    (folder, uri, editor)
}

#[test]
fn keys_words_and_names_are_completed() {
    let (_folder, uri, mut editor) = ranker_with_a_vocabulary();
    let lines = "          apart-from self in zone\n          near service/cache\n";
    let value = format!("placecard.dev/require: \x7C\n{lines}");
    let bare = RANKER.replace(&value, "@\n");
    assert!(bare.contains('@'));
    for (version, (typed, offers, replaced)) in (2_i64..).zip([
        ("|", "placecard.dev/require: ", ""),
        ("place|", "placecard.dev/coordinate: ", "place"),
        ("placecard.dev/pre|: x", "placecard.dev/prefer", "placecard.dev/pre"),
        ("placecard.dev/require: |", "apart-from", ""),
        ("placecard.dev/require: 'near s|'", "service/cache", "s"),
        ("placecard.dev/require: near service/ca|", "service/cache", "service/ca"),
        ("placecard.dev/require: |\n          near self;\n", "near", ""),
        ("placecard.dev/require: \"on \\u0070ool/x or |\"", "pool/", ""),
        ("placecard.dev/require: on po|", "pool/", "po"),
        ("placecard.dev/require: spread over z|", "zone", "z"),
        ("placecard.dev/prefer: near self in zone we|", "weight", "we"),
        ("placecard.dev/require: near pods|", "pods(app=ranker)", "pods"),
        ("placecard.dev/tolerate: a:|", "NoExecute", ""),
        ("placecard.dev/ignore: no-node|", "no-node-fits: ", "no-node"),
    ]) {
        let found = offered(&mut editor, &uri, version, &bare.replace('@', typed));
        let expected = (offers.to_owned(), replaced.to_owned());
        assert!(found.contains(&expected), "{typed}: {found:?}");
    }
    for (version, (typed, never)) in (50_i64..).zip([
        ("placecard.dev/require: x\n        |", "placecard.dev/require: "),
        ("|", "placecard.dev/expand: "),
        ("placecard.dev/require: near self we|", "weight"),
        ("note|: x", "apart-from"),
    ]) {
        let found = offered(&mut editor, &uri, version, &bare.replace('@', typed));
        assert!(found.iter().all(|(text, _)| text != never), "{typed}: {found:?}");
    }
    let text = RANKER.replace(
        "metadata: {name: ranker, namespace: search}",
        "metadata:\n  name: ranker\n  annotations:\n    |",
    );
    let found = offered(&mut editor, &uri, 90, &text);
    assert!(found.iter().any(|(text, _)| text == "placecard.dev/expand: "), "{found:?}");
    editor.bye();
}

const RANKER_JSON: &str = r#"{
  "apiVersion": "v1",
  "kind": "Pod",
  "metadata": {
    "name": "ranker",
    "annotations": {
      @
      "note": "x"
    }
  },
  "spec": {}
}
"#;

#[test]
fn keys_of_json_are_completed() {
    let folder = folder_with(&[(".placecard.yaml", "root: true\n"), ("cache.yaml", CACHE)]);
    let uri = uri(&folder.path().join("ranker.json"));
    let mut editor = Editor::initialized(&[]);
    let _ = editor.open(&uri, &RANKER_JSON.replace("@\n", ""));
    for (version, (typed, offers, replaced)) in (2_i64..).zip([
        // As it is when an editor closes quotes, when it does not, and without any.
        (r#""place|""#, "placecard.dev/require", "place"),
        (r#""place|","#, "placecard.dev/require", "place"),
        (r#""place|"#, "placecard.dev/require", "place"),
        ("place|", "\"placecard.dev/require\": ", "place"),
        ("|", "\"placecard.dev/require\": ", ""),
        ("|,", "\"placecard.dev/require\": ", ""),
        (r#""placecard.dev/pre|": "on zone/a","#, "placecard.dev/prefer", "placecard.dev/pre"),
        (r#""placecard.dev/require": "near self in z|","#, "zone", "z"),
        (r#""placecard.dev/require": "near self in z|""#, "zone", "z"),
        (r#""placecard.dev/require": "near self\nspread over |","#, "region", ""),
        (r#""placecard.dev/intents": "entries: [{category: |","#, "Topology", ""),
        (r#""placecard.dev/intents": "{\"entries\": [{\"cat|\": 1}]}","#, "category", "cat"),
    ]) {
        let found = offered(&mut editor, &uri, version, &RANKER_JSON.replace('@', typed));
        let expected = (offers.to_owned(), replaced.to_owned());
        assert!(found.contains(&expected), "{typed}: {found:?}");
    }
    for (version, (typed, never)) in (50_i64..).zip([
        (r#""placecard.dev/require": |"#, "near"),
        (r#""note": "pla|","#, "placecard.dev/require"),
    ]) {
        let found = offered(&mut editor, &uri, version, &RANKER_JSON.replace('@', typed));
        assert!(found.iter().all(|(text, _)| !text.contains(never)), "{typed}: {found:?}");
    }
    let text = RANKER_JSON.replace('@', r#""placecard.dev/require": "near self in zone","#);
    editor.change(&uri, 90, &json!([{"text": text}]));
    for (character, part) in [(12, "Rules that must hold."), (45, "level `zone`")] {
        let found = editor.at("textDocument/hover", &uri, 6, character);
        assert!(found["contents"]["value"].as_str().unwrap_or_default().contains(part), "{found}");
    }
    editor.bye();
}

/// The id of a resource in the vocabulary of the examples.
const NVME: &str = "3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2b";

#[test]
fn typed_entries_are_completed_and_explained() {
    let (_folder, uri, mut editor) = ranker_with_a_vocabulary();
    let rules = "placecard.dev/require: |\n          apart-from self in zone\n          \
                 near service/cache\n";
    let block = RANKER.replace(rules, "placecard.dev/intents: \x7C\n@\n");
    let entries = |text: &str| {
        let lines: Vec<String> = text.lines().map(|line| format!("          {line}")).collect();
        block.replace('@', &lines.join("\n"))
    };
    let target = "entries:\n- category: Topology\n  strength: Preferred\n  target:\n    ";
    let of_service = format!("{target}type: ServiceId\n    name: |");
    let with_id =
        "apiVersion: v1\nkind: Service\nmetadata: {name: cache, namespace: search, uid: 0c9d1f}\n";
    let _ = editor.open("untitled:ids.yaml", with_id);
    let of_id = format!("{target}type: ServiceId\n    value: 0c|");
    let of_trust =
        "entries: [{category: Trust, strength: Required, target: {type: TrustDomain, value: p|}}]";
    for (version, (typed, offers, replaced)) in (2_i64..).zip([
        ("ent|", "entries: ", "ent"),
        ("entries:\n- |", "category: ", ""),
        ("entries:\n- category: |", "Topology", ""),
        ("entries:\n- category: Topology\n  str|", "strength: ", "str"),
        ("entries:\n- str|: Required\n  category: Topology", "strength", "str"),
        ("entries: [{category: Topology, direction: aw|}]", "away", "aw"),
        ("entries: [{category: Topology, dir|", "direction: ", "dir"),
        ("entries: [{category: Topology, level: |}]", "rack", ""),
        (&format!("{target}type: |"), "ServiceId", ""),
        (&format!("{target}|"), "type: ", ""),
        (&of_service, "cache", ""),
        (&of_id, "0c9d1f", "0c"),
        (of_trust, "payments", "p"),
        ("entries: [{category: Resource, target: {type: ResourceId, name: |}}]", "fast-nvme", ""),
        ("entries: [{category: Resource, target: {type: ResourceId, value: |}}]", NVME, ""),
    ]) {
        let found = offered(&mut editor, &uri, version, &entries(&typed.replace('|', "¦")));
        let expected = (offers.to_owned(), replaced.to_owned());
        assert!(found.contains(&expected), "{typed}: {found:?}");
    }
    for (version, (typed, never)) in (50_i64..).zip([
        ("entries:\n- category: State\n  direction: |", "away"),
        ("entries:\n- category: Trust\n  target: {type: |}", "NodeId"),
        ("entries:\n- category: Trust\n  |", "category: "),
        ("entries:\n- strength: Required\n  |", "weight: "),
    ]) {
        let found = offered(&mut editor, &uri, version, &entries(&typed.replace('|', "¦")));
        assert!(
            !found.is_empty() && found.iter().all(|(text, _)| text != never),
            "{typed}: {found:?}"
        );
    }
    let text = entries(
        "entries:\n- category: Topology\n  strength: Required\n  target: {type: RackId, value: 4}",
    );
    editor.change(&uri, 90, &json!([{"text": text}]));
    for (line, character, part) in [
        (12, 14, "**category** What kind"),
        (13, 25, "**strength** Required entries"),
        (14, 22, "**type** "),
    ] {
        let found = editor.at("textDocument/hover", &uri, line, character);
        let said = found["contents"]["value"].as_str().unwrap_or_default();
        assert!(said.contains(part) && said.contains("Typed entries"), "{line}: {said}");
    }
    editor.bye();
}

#[test]
fn configurations_vocabularies_and_coordinations_are_completed_and_explained() {
    let folder = folder_with(&[]);
    let mut editor = Editor::initialized(&[]);
    let configuration = uri(&folder.path().join(".placecard.yaml"));
    let _ = editor.open(&configuration, "root: true\n");
    let words = "apiVersion: placecard.dev/v1alpha1\nkind: PlacementVocabulary\n\
                 metadata: {name: default}\nspec:\n";
    let roles = "apiVersion: placecard.dev/v1alpha1\nkind: RoleCoordination\n\
                 metadata: {name: a}\nspec:\n";
    let group = format!("{roles}  coordination:\n  - strategy:\n      affinityScheduling:\n");
    let manifest = uri(&folder.path().join("a.yaml"));
    let _ = editor.open(&manifest, CACHE);
    for (version, (uri, typed, offers, replaced)) in (2_i64..).zip([
        (&configuration, "|".to_owned(), "failOn: ", ""),
        (&configuration, "root: true\nfail|".to_owned(), "failOn: ", "fail"),
        (&configuration, "failOn: |".to_owned(), "never", ""),
        (&configuration, "ignore: [unused-i|]".to_owned(), "unused-ignore", "unused-i"),
        (&configuration, "select:\n- |".to_owned(), "all", ""),
        (&configuration, "severity:\n  unus|".to_owned(), "unused-ignore: ", "unus"),
        (&configuration, "severity:\n  unused-ignore: |".to_owned(), "note", ""),
        (&configuration, "overrides:\n- files: [a]\n  se|".to_owned(), "severity: ", "se"),
        (&configuration, "root: |".to_owned(), "true", ""),
        (&manifest, format!("{words}  po|"), "pools: ", "po"),
        (&manifest, format!("{words}  inventory: |"), "closed", ""),
        (&manifest, format!("{words}  pools:\n  - name: a\n    no|"), "nodes: ", "no"),
        (&manifest, format!("{roles}  coordination:\n  - type: |"), "AffinityScheduling", ""),
        (&manifest, format!("{group}        batchMode: P|"), "Parallel", "P"),
        (&manifest, format!("{group}        topologyKey: |"), "topology.kubernetes.io/zone", ""),
    ]) {
        let found = offered(&mut editor, uri, version, &typed);
        let expected = (offers.to_owned(), replaced.to_owned());
        assert!(found.contains(&expected), "{typed}: {found:?}");
    }
    for (version, typed) in (60_i64..).zip(["severity: |", "root|: true\n", "root: x\n  |"]) {
        let found = offered(&mut editor, &configuration, version, typed);
        assert!(found.iter().all(|(text, _)| !text.ends_with(": ")), "{typed}: {found:?}");
    }
    editor.change(
        &configuration,
        90,
        &json!([{"text": "failOn: never\nignore: [unused-ignore]\n"}]),
    );
    for (line, character, part) in
        [(0, 2, "**failOn** The least severity"), (1, 12, "/codes/unused-ignore")]
    {
        let found = editor.at("textDocument/hover", &configuration, line, character);
        assert!(found["contents"]["value"].as_str().unwrap_or_default().contains(part), "{found}");
    }
    editor.bye();
}

/// The text after the edits of an action.
fn applied(text: &str, action: &Value, uri: &str) -> String {
    let byte = |position: &Value| {
        let line = usize::try_from(position["line"].as_u64().expect("a line")).expect("small");
        let column = usize::try_from(position["character"].as_u64().expect("one")).expect("small");
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let units: Vec<u16> = text[start..].encode_utf16().take(column).collect();
        start + String::from_utf16_lossy(&units).len()
    };
    let edits = action["edit"]["changes"][uri].as_array().expect("edits");
    let mut edits: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            let new = edit["newText"].as_str().expect("text");
            (byte(&range["start"]), byte(&range["end"]), new)
        })
        .collect();
    edits.sort_unstable();
    let mut new = text.to_owned();
    for (start, end, text) in edits.into_iter().rev() {
        new.replace_range(start..end, text);
    }
    new
}

#[test]
fn actions_mend_what_they_say() {
    let folder = folder_with(&[(".placecard.yaml", "root: true\n"), ("cache.yaml", CACHE)]);
    let uri = uri(&folder.path().join("ranker.yaml"));
    let mut editor = Editor::initialized(&[]);
    let text = RANKER.replace("apart-from", "aprat-from").replace(
        "    spec:\n",
        "    # placecard: ignore[label-selector-unsatisfiable] größe\n    spec:\n",
    );
    let told = editor.open(&uri, &text);
    assert_eq!(codes(&told), ["unknown-relation", "unused-ignore"]);
    let mut version = 1;
    let mut gone = |editor: &mut Editor, text: &str, code: &str| {
        version += 1;
        editor.change(&uri, version, &json!([{"text": text}]));
        let told = editor.told(&uri, version);
        assert!(!codes(&told).contains(&code), "{text}");
        told.len()
    };
    let all = editor.actions(&uri, &told[0]["range"], None);
    let titles: Vec<&str> = all.iter().map(|one| one["title"].as_str().expect("text")).collect();
    let [first, .., last] = titles.as_slice() else { panic!("{titles:?}") };
    assert_eq!(*first, "aprat-from -> apart-from (needs a look)", "{titles:?}");
    assert_eq!(all[0].get("isPreferred"), None);
    assert_eq!(all[0]["diagnostics"][0]["code"], "unknown-relation");
    let mended = applied(&text, &all[0], &uri);
    assert_eq!(mended, text.replace("aprat-from", "apart-from"));
    assert_eq!(*last, "mend all that is safe to mend");
    assert_eq!(gone(&mut editor, &mended, "unknown-relation"), 1);
    // Only what is asked for, and the safe ones alone.
    let safe = editor.actions(&uri, &ranges(0, 0, 0), Some("source.fixAll"));
    let [safe] = safe.as_slice() else { panic!("{safe:?}") };
    assert_eq!(safe["kind"], "source.fixAll.placecard");
    let clean = applied(&mended, safe, &uri);
    assert_eq!(
        clean,
        mended.replace("    # placecard: ignore[label-selector-unsatisfiable] größe\n", "")
    );
    assert_eq!(gone(&mut editor, &clean, "unused-ignore"), 0);
    // A comment silences.
    let risky = clean.replace("near service/cache", "near service/stash");
    assert_eq!(gone(&mut editor, &risky, "x"), 1);
    let told = ranges(12, 12, 13);
    let all = editor.actions(&uri, &told, Some("quickfix"));
    let ignore = all.iter().find(|one| one["title"] == "ignore unresolved here");
    let quiet = applied(&risky, ignore.unwrap_or_else(|| panic!("{all:?}")), &uri);
    assert!(
        quiet.contains("        # placecard: ignore[unresolved] say why\n        placecard.dev")
    );
    assert_eq!(gone(&mut editor, &quiet, "unresolved"), 0);
    editor.bye();
}

#[test]
fn what_is_broken_is_answered_and_passed_over() {
    let mut editor = Editor::start();
    let early = editor.ask("textDocument/hover", &json!({}));
    assert_eq!(early["error"]["code"], -32002);
    editor.bytes(b"Content-Length: 99\r\nnonsense\r\n\r\n");
    editor.bytes(&[b'x'; 99]);
    editor.bytes(b"Content-Length: 1\r\n\r\n{");
    editor.bytes(b"Content-Length: 6\r\n\r\n\"\xff\xfe\xfd\"x");
    for _ in 0..3 {
        let answer = editor.wait(|message| message["id"].is_null());
        assert_eq!(answer["error"]["code"], -32700);
    }
    let _ = editor.ask("initialize", &json!({"capabilities": {}}));
    for (method, params, code) in [
        ("no/such", json!({}), -32601),
        ("textDocument/hover", json!({"textDocument": 3}), -32602),
        ("textDocument/completion", json!([]), -32602),
        ("initialize", json!({}), -32600),
    ] {
        assert_eq!(editor.ask(method, &params)["error"]["code"], code, "{method}");
    }
    let position = json!({"line": 4_294_967_295_u32, "character": 4_294_967_295_u32});
    let nowhere = json!({"textDocument": {"uri": "file:///no"}, "position": position});
    assert_eq!(editor.ask("textDocument/hover", &nowhere)["error"]["code"], -32602);
    editor.change("file:///no", 1, &json!([{"text": ""}]));
    editor.send(&json!([]));
    assert_eq!(editor.wait(|message| message["id"].is_null())["error"]["code"], -32600);
    // Any text, any place.
    let uri = "untitled:x";
    for (version, text) in
        (2_i64..).zip(["", "\u{feff}", "a: [", "{\"a\":", "\t\r\r\n- &a *a\n", RANKER])
    {
        if version == 2 {
            let item = json!({"uri": uri, "languageId": "yaml", "version": 2, "text": text});
            editor.tell("textDocument/didOpen", &json!({"textDocument": item}));
        } else {
            editor.change(uri, version, &json!([{"text": text}]));
        }
        for (line, character) in [(0, 0), (0, 3), (1, 2), (u32::MAX, u32::MAX)] {
            editor.at("textDocument/hover", uri, line, character);
            editor.at("textDocument/completion", uri, line, character);
        }
        let all = json!({"start": {"line": 9, "character": 0}, "end": {"line": 0, "character": 0}});
        let _ = editor.actions(uri, &all, None);
    }
    // What waits behind something can be cancelled, and is answered either way.
    for _ in 0..20 {
        editor.change(uri, 100, &json!([{"text": RANKER}]));
        let at = json!({"line": 0, "character": 0});
        let id = editor
            .request("textDocument/hover", &json!({"textDocument": {"uri": uri}, "position": at}));
        editor.tell("$/cancelRequest", &json!({"id": id}));
        let answer = editor.wait(|message| message["id"] == id);
        let code = &answer["error"]["code"];
        assert!(code.is_null() || *code == -32800, "{answer}");
    }
    editor.bye();
}

#[test]
fn an_end_without_shutdown_is_1() {
    let mut editor = Editor::initialized(&[]);
    editor.tell("exit", &Value::Null);
    assert_eq!(editor.ended(), Some(1));
    assert_eq!(Editor::start().ended(), Some(1));
    let mut editor = Editor::initialized(&[]);
    let _ = editor.ask("shutdown", &Value::Null);
    let refused = editor.ask("textDocument/hover", &json!({}));
    assert_eq!(refused["error"]["code"], -32600);
    editor.tell("exit", &Value::Null);
    assert_eq!(editor.ended(), Some(0));
    let mut editor = Editor::start();
    editor.bytes(b"Content-Length: 99999999999999\r\n\r\n{");
    assert_eq!(editor.ended(), Some(1));
}
