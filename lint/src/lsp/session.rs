//! One editor from its first message to its last.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, TryRecvError};

use gen_lsp_types::{
    CodeActionParams, CompletionParams, Diagnostic, DidChangeTextDocumentParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams, HoverParams,
    TextDocumentPositionParams,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::actions::{Asked, FIX_ALL};
use super::completion::completion;
use super::diagnostics;
use super::documents::{Document, Documents};
use super::frame::{Frame, write};
use super::hover::hover;
use super::judging::{Checked, check};
use super::text::Encoding;
use super::trouble::{elsewhere, uri_of};

/// Errors of JSON-RPC and of the protocol.
const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const METHOD_NOT_FOUND: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;
const NOT_INITIALIZED: i32 = -32002;
const CANCELLED: i32 = -32800;

/// So many messages wait here; more wait where they come from.
const MAX_WAITING: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing has been agreed upon.
    New,
    Running,
    /// Only the end is waited for.
    ShutDown,
}

/// What there is between an editor and this server.
pub(super) struct Session<'a> {
    out: &'a mut dyn Write,
    log: &'a mut dyn Write,
    state: State,
    documents: Documents,
    waiting: VecDeque<Value>,
    /// The documents whose findings may be others by now.
    stale: VecDeque<String>,
    /// What was told of each document.
    told: BTreeMap<String, Vec<Diagnostic>>,
    /// What judging each document says of files that are not open, by document and file.
    beyond: BTreeMap<String, BTreeMap<PathBuf, Vec<Diagnostic>>>,
    /// What was told of files that are not open.
    told_beyond: BTreeMap<PathBuf, Vec<Diagnostic>>,
    /// The configurations of each document.
    configurations: BTreeMap<String, BTreeSet<PathBuf>>,
    /// The last judgement, until something changes.
    last: Option<(String, Rc<Checked>)>,
    /// Nobody reads any more.
    gone: bool,
}

type Answer = Result<Value, (i32, String)>;

impl<'a> Session<'a> {
    pub(super) fn new(out: &'a mut dyn Write, log: &'a mut dyn Write) -> Self {
        Self {
            out,
            log,
            state: State::New,
            documents: Documents::default(),
            waiting: VecDeque::new(),
            stale: VecDeque::new(),
            told: BTreeMap::new(),
            beyond: BTreeMap::new(),
            told_beyond: BTreeMap::new(),
            configurations: BTreeMap::new(),
            last: None,
            gone: false,
        }
    }

    /// Serves to the end; whether it was an orderly one.
    pub(super) fn run(mut self, messages: &Receiver<Frame>) -> bool {
        while !self.gone {
            let mut ended = self.look(messages);
            let Some(message) = self.waiting.pop_front() else {
                if let Some(uri) = self.stale.pop_front() {
                    self.tell(&uri);
                } else if !ended {
                    ended = messages.recv().map_or(true, |frame| self.take(frame));
                }
                if ended && self.waiting.is_empty() && self.stale.is_empty() {
                    return false;
                }
                continue;
            };
            if message.get("method").and_then(Value::as_str) == Some("exit") {
                return self.state == State::ShutDown;
            }
            self.handle(message);
        }
        false
    }

    /// Takes what has come meanwhile, for what in it is no longer wanted; whether that was the end.
    fn look(&mut self, messages: &Receiver<Frame>) -> bool {
        while self.waiting.len() < MAX_WAITING {
            match messages.try_recv() {
                Ok(frame) => {
                    if self.take(frame) {
                        return true;
                    }
                }
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => return true,
            }
        }
        false
    }

    /// Whether it was the end.
    fn take(&mut self, frame: Frame) -> bool {
        match frame {
            Frame::End => return true,
            Frame::Unreadable(why) => {
                self.note(&why);
                self.answer(&Value::Null, Err((PARSE_ERROR, why)));
            }
            Frame::Message(message) => match message.get("method").and_then(Value::as_str) {
                Some("$/cancelRequest") => self.cancel(&message),
                _ => self.waiting.push_back(message),
            },
        }
        false
    }

    /// A request that waits is not begun; of the others the answer is on its way.
    fn cancel(&mut self, message: &Value) {
        let Some(id) = message.pointer("/params/id").filter(|id| !id.is_null()) else { return };
        let is_it = |one: &Value| one.get("id") == Some(id) && one.get("method").is_some();
        if let Some(at) = self.waiting.iter().position(is_it) {
            self.waiting.remove(at);
            self.answer(&id.clone(), Err((CANCELLED, "cancelled".to_owned())));
        }
    }

    fn note(&mut self, text: &str) {
        // Without a reader there is nobody to be told.
        let _ = writeln!(self.log, "placecard: {text}");
    }

    fn send(&mut self, message: &Value) {
        self.gone |= !write(self.out, message);
    }

    fn answer(&mut self, id: &Value, answer: Answer) {
        let message = match answer {
            Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Err((code, message)) => {
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
            }
        };
        self.send(&message);
    }

    fn handle(&mut self, mut message: Value) {
        let method = message.get("method").and_then(Value::as_str).map(str::to_owned);
        let id = message.get("id").cloned();
        let params = message.get_mut("params").map(Value::take).unwrap_or_default();
        match (method, id) {
            (Some(method), Some(id)) => {
                let answer = self.request(&method, params);
                self.answer(&id, answer);
            }
            (Some(method), None) => {
                if self.state == State::Running
                    && let Err((_, why)) = self.notification(&method, params)
                {
                    self.note(&format!("{method}: {why}"));
                }
            }
            // An answer; nothing was asked.
            (None, Some(_)) => {}
            (None, None) => {
                let why = "a message without a method".to_owned();
                self.note(&why);
                self.answer(&Value::Null, Err((INVALID_REQUEST, why)));
            }
        }
    }

    fn request(&mut self, method: &str, params: Value) -> Answer {
        match (self.state, method) {
            (State::New, "initialize") => Ok(self.initialize(&params)),
            (State::New, _) => Err((NOT_INITIALIZED, "initialize comes first".to_owned())),
            (State::Running, "shutdown") => {
                self.state = State::ShutDown;
                Ok(Value::Null)
            }
            (State::Running, "textDocument/hover") => {
                let HoverParams { text_document_position_params: at, .. } = typed(params)?;
                self.at(at, |documents, document, checked, position| {
                    json!(hover(documents, document, checked, position))
                })
            }
            (State::Running, "textDocument/completion") => {
                let CompletionParams { text_document_position_params: at, .. } = typed(params)?;
                self.at(at, |documents, document, checked, position| {
                    json!(completion(documents, document, checked, position))
                })
            }
            (State::Running, "textDocument/codeAction") => self.actions(typed(params)?),
            (State::Running, "initialize") => {
                Err((INVALID_REQUEST, "it is initialized already".to_owned()))
            }
            (State::Running, _) => Err((METHOD_NOT_FOUND, format!("{method} is not served"))),
            (State::ShutDown, _) => Err((INVALID_REQUEST, "it is shut down".to_owned())),
        }
    }

    fn initialize(&mut self, params: &Value) -> Value {
        self.state = State::Running;
        let offered = params.pointer("/capabilities/general/positionEncodings");
        let offered = offered.and_then(Value::as_array).into_iter().flatten();
        let utf8 = offered.filter_map(Value::as_str).any(|name| name == "utf-8");
        self.documents.encoding = if utf8 { Encoding::Utf8 } else { Encoding::Utf16 };
        json!({
            "capabilities": {
                "positionEncoding": if utf8 { "utf-8" } else { "utf-16" },
                // Open and close are told, changes are told in parts, and so is saving.
                "textDocumentSync": {"openClose": true, "change": 2, "save": {"includeText": false}},
                "hoverProvider": true,
                "completionProvider": {"triggerCharacters": [" ", "/", "(", ":", ";", "."]},
                "codeActionProvider": {"codeActionKinds": ["quickfix", FIX_ALL]},
            },
            "serverInfo": {"name": "placecard", "version": env!("CARGO_PKG_VERSION")},
        })
    }

    fn notification(&mut self, method: &str, params: Value) -> Result<(), (i32, String)> {
        match method {
            "textDocument/didOpen" => {
                let DidOpenTextDocumentParams { text_document: item } = typed(params)?;
                let document = Document::new(item.uri.0.clone(), item.version, item.text);
                self.documents.open.insert(item.uri.0.clone(), document);
                self.extended();
                self.changed(&item.uri.0);
            }
            "textDocument/didChange" => self.change(typed(params)?)?,
            "textDocument/didSave" => {
                let DidSaveTextDocumentParams { text_document, .. } = typed(params)?;
                self.changed(&text_document.uri.0);
                // It may be what others are judged by.
                self.all_stale();
            }
            "textDocument/didClose" => {
                let DidCloseTextDocumentParams { text_document } = typed(params)?;
                let uri = text_document.uri.0;
                self.changed(&uri);
                self.documents.open.remove(&uri);
                self.stale.retain(|stale| *stale != uri);
                if self.told.remove(&uri).is_some_and(|told| !told.is_empty()) {
                    self.publish(&uri, None, &[]);
                }
                self.beyond.remove(&uri);
                self.configurations.remove(&uri);
                self.extended();
                self.tell_beyond();
            }
            "workspace/didChangeWatchedFiles" | "workspace/didChangeConfiguration" => {
                self.last = None;
                self.all_stale();
            }
            // What is not known is passed over, as the protocol says.
            _ => {}
        }
        Ok(())
    }

    fn change(&mut self, params: DidChangeTextDocumentParams) -> Result<(), (i32, String)> {
        let id = params.text_document;
        let uri = id.text_document_identifier.uri.0;
        let encoding = self.documents.encoding;
        let document = self.documents.open.get_mut(&uri);
        let document = document.ok_or_else(|| (INVALID_PARAMS, format!("{uri} is not open")))?;
        document.version = id.version;
        for change in params.content_changes {
            document.text = std::mem::take(&mut document.text).changed(change, encoding);
        }
        self.changed(&uri);
        Ok(())
    }

    /// The document is judged anew, and after it those that are judged with it.
    fn changed(&mut self, uri: &str) {
        self.last = None;
        let document = self.documents.open.get(uri);
        let folder: Option<PathBuf> = document.and_then(|one| one.folder().map(Into::into));
        let is_configuration = document.is_some_and(Document::is_configuration);
        self.stale.retain(|stale| stale != uri);
        self.stale.push_front(uri.to_owned());
        if is_configuration {
            self.all_stale();
        }
        for other in self.documents.open.values() {
            let beside = folder.is_some() && other.folder() == folder.as_deref();
            if beside && !self.stale.contains(&other.uri) {
                self.stale.push_back(other.uri.clone());
            }
        }
    }

    fn all_stale(&mut self) {
        for uri in self.documents.open.keys() {
            if !self.stale.contains(uri) {
                self.stale.push_back(uri.clone());
            }
        }
    }

    fn checked(&mut self, uri: &str) -> Option<Rc<Checked>> {
        if let Some((known, checked)) = &self.last
            && known == uri
        {
            return Some(Rc::clone(checked));
        }
        let document = self.documents.open.get(uri)?;
        let checked = Rc::new(check(&self.documents, document));
        self.last = Some((uri.to_owned(), Rc::clone(&checked)));
        Some(checked)
    }

    /// Tells the findings of a document, unless they are as they were.
    fn tell(&mut self, uri: &str) {
        let Some(checked) = self.checked(uri) else { return };
        let Some(document) = self.documents.open.get(uri) else { return };
        let found = diagnostics::of(&self.documents, document, &checked);
        let version = document.version;
        self.beyond.insert(uri.to_owned(), elsewhere(document, &checked));
        self.configurations.insert(uri.to_owned(), checked.configurations.clone());
        if self.told.get(uri) != Some(&found) {
            self.publish(uri, Some(version), &found);
            self.told.insert(uri.to_owned(), found);
        }
        self.extended();
        self.tell_beyond();
    }

    /// Documents that a configuration extends are judged as configurations.
    fn extended(&mut self) {
        let all: BTreeSet<&PathBuf> = self.configurations.values().flatten().collect();
        let mut changed = Vec::new();
        for document in self.documents.open.values_mut() {
            let extended = document.path.as_ref().is_some_and(|path| all.contains(path));
            if document.extended != extended {
                document.extended = extended;
                changed.push(document.uri.clone());
            }
        }
        for uri in changed {
            self.last = None;
            if !self.stale.contains(&uri) {
                self.stale.push_back(uri);
            }
        }
    }

    /// Tells what is wrong with files that are not open; of those that are, judging them tells it.
    fn tell_beyond(&mut self) {
        let mut all: BTreeMap<PathBuf, Vec<Diagnostic>> = BTreeMap::new();
        for (path, found) in self.beyond.values().flatten() {
            if self.documents.at(path).is_none() {
                let told = all.entry(path.clone()).or_default();
                for one in found {
                    if !told.contains(one) {
                        told.push(one.clone());
                    }
                }
            }
        }
        let before = std::mem::take(&mut self.told_beyond);
        for (path, found) in &all {
            if before.get(path) != Some(found) {
                self.publish(&uri_of(path).0, None, found);
            }
        }
        for path in before.into_keys() {
            if !all.contains_key(&path) && self.documents.at(&path).is_none() {
                self.publish(&uri_of(&path).0, None, &[]);
            }
        }
        self.told_beyond = all;
    }

    fn publish(&mut self, uri: &str, version: Option<i32>, found: &[Diagnostic]) {
        let mut params = json!({"uri": uri, "diagnostics": found});
        if let (Some(version), Value::Object(params)) = (version, &mut params) {
            params.insert("version".to_owned(), json!(version));
        }
        let method = "textDocument/publishDiagnostics";
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Answers about a place.
    fn at(
        &mut self,
        at: TextDocumentPositionParams,
        ask: impl FnOnce(&Documents, &Document, &Checked, gen_lsp_types::Position) -> Value,
    ) -> Answer {
        let uri = at.text_document.uri.0;
        let not_open = || (INVALID_PARAMS, format!("{uri} is not open"));
        let checked = self.checked(&uri).ok_or_else(not_open)?;
        let document = self.documents.open.get(&uri).ok_or_else(not_open)?;
        Ok(ask(&self.documents, document, &checked, at.position))
    }

    fn actions(&mut self, params: CodeActionParams) -> Answer {
        let uri = params.text_document.uri.0;
        let not_open = || (INVALID_PARAMS, format!("{uri} is not open"));
        let checked = self.checked(&uri).ok_or_else(not_open)?;
        let document = self.documents.open.get(&uri).ok_or_else(not_open)?;
        let only = params.context.only.map(|only| only.into_iter().map(String::from).collect());
        let documents = &self.documents;
        let asked = Asked { documents, document, checked: &checked, range: params.range, only };
        Ok(json!(asked.actions()))
    }
}

fn typed<T: DeserializeOwned>(params: Value) -> Result<T, (i32, String)> {
    serde_json::from_value(params).map_err(|error| (INVALID_PARAMS, error.to_string()))
}
