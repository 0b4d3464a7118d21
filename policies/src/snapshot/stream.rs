//! Reads the JSON of a cluster piece by piece: bytes in, objects out.
//!
//! It takes what people have: lists as `kubectl get … -o json` prints them, lists of one kind as the
//! API server answers, lists in lists, single objects, one object after another, and lists by
//! resource as in recorded cases. Of a text no more is kept than the object that is being read.

use placecard_feasibility::inventory::kind::Kind;
use serde::Deserialize;

use super::dump::INCOMPLETE;
use super::object::{self, minor};
use super::problem::{Bytes, ObjectName, Place, Problem, ProblemKind, kind_of, kind_of_resource};
use super::scan::{Entry, Head, Skip, blank, entry, head, text};
use super::seen::Intake;
use super::stamp::Revision;
use super::value::{Failure, Stream, Whole, name_of, take};
use crate::read::or_default;

/// The longest object that is read, in bytes (16 MiB). The store of a cluster takes 1.5 MiB.
pub const LARGEST_OBJECT: usize = 16 << 20;

/// Lists in lists are followed so deep.
const MOST_LISTS: usize = 16;

/// Reads one text.
#[derive(Debug)]
pub struct Reader {
    /// What has arrived and is not read yet, from `at` on.
    buffer: Vec<u8>,
    at: usize,
    /// Where the buffer begins in the text.
    start: Place,
    /// It makes no sense to go on before the buffer has so many bytes.
    enough: usize,
    /// The lists and mappings around the next object.
    frames: Vec<Frame>,
    /// A value that is being passed over.
    skip: Option<Skip>,
    began: bool,
    ended: bool,
    largest: usize,
}

/// A list or a mapping that is open.
#[derive(Debug)]
enum Frame {
    /// A list, as an object of the API.
    List {
        kind: Option<String>,
        api_version: Option<String>,
        /// It says that it lacks objects.
        incomplete: bool,
    },
    /// Lists by resource.
    Cluster,
    /// Objects.
    Items {
        /// What they are if they do not say it.
        kind: Option<Kind>,
        /// They come from a live cluster, not from a recorded case.
        live: bool,
        /// A comma may follow.
        after: bool,
    },
}

/// How a step went.
enum Step {
    On,
    /// More bytes are needed.
    Short,
    Fatal(ProblemKind),
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader of a new text.
    #[must_use]
    pub fn new() -> Self {
        Self {
            buffer: Vec::new(),
            at: 0,
            start: Place::START,
            enough: 0,
            frames: Vec::new(),
            skip: None,
            began: false,
            ended: false,
            largest: LARGEST_OBJECT,
        }
    }

    /// A reader that takes no object above so many bytes.
    #[must_use]
    pub fn with_largest(largest: usize) -> Self {
        Self { largest, ..Self::new() }
    }

    /// Whether nothing more will be read, because the text cannot be trusted from here on.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Reads on. The pieces may be cut anywhere.
    pub fn push(&mut self, bytes: &[u8], to: &mut Intake<'_>) {
        if self.ended {
            return;
        }
        let read = self.buffer.get(..self.at).unwrap_or_default();
        self.start = advance(self.start, read);
        self.buffer.drain(..self.at);
        self.enough = self.enough.saturating_sub(self.at);
        self.at = 0;
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= self.enough {
            self.run(to, false);
        }
    }

    /// The text ends here.
    pub fn finish(mut self, to: &mut Intake<'_>) {
        if self.ended {
            return;
        }
        self.run(to, true);
        if self.ended {
            return;
        }
        let kind = match self.frames.is_empty() && self.skip.is_none() && self.at_end() {
            true if self.began => return,
            true => ProblemKind::Empty,
            false => ProblemKind::CutOff,
        };
        self.fail(kind, to);
    }

    fn at_end(&self) -> bool {
        blank(&self.buffer, self.at) >= self.buffer.len()
    }

    fn run(&mut self, to: &mut Intake<'_>, last: bool) {
        self.enough = 0;
        loop {
            match self.step(to, last) {
                Step::On => {}
                Step::Short => return,
                Step::Fatal(kind) => return self.fail(kind, to),
            }
        }
    }

    fn fail(&mut self, kind: ProblemKind, to: &mut Intake<'_>) {
        self.ended = true;
        let (at, object) = match kind {
            ProblemKind::CutOff => (self.buffer.len(), self.object_name(self.at)),
            _ => (self.at, None),
        };
        let place =
            matches!(kind, ProblemKind::Empty | ProblemKind::Utf16 | ProblemKind::NoText(_));
        let place = (!place).then(|| self.place(at));
        to.doubt();
        to.report(|| Problem { place, object, kind });
    }

    fn step(&mut self, to: &mut Intake<'_>, last: bool) -> Step {
        if let Some(skip) = &mut self.skip {
            let (at, done) = skip.feed(&self.buffer, self.at);
            self.at = at;
            let ends = last && self.frames.is_empty() && skip.is_scalar();
            if !done && !ends {
                return Step::Short;
            }
            self.skip = None;
            return Step::On;
        }
        match self.frames.last() {
            None => self.between(to, last),
            Some(Frame::Items { kind, live, after }) => {
                let (kind, live, after) = (*kind, *live, *after);
                self.item(kind, live, after, to, last)
            }
            Some(Frame::List { .. }) => self.key_of_list(to),
            Some(Frame::Cluster) => self.key_of_cluster(),
        }
    }

    /// Between the values of the text.
    fn between(&mut self, to: &mut Intake<'_>, last: bool) -> Step {
        if !self.began && self.start == Place::START && self.at == 0 {
            // However it is cut, a text is read the same.
            if self.buffer.len() < Bytes::ENOUGH && !last {
                return Step::Short;
            }
            if let Some(bytes) = Bytes::of(&self.buffer) {
                return Step::Fatal(ProblemKind::NoText(bytes));
            }
            match self.buffer.as_slice() {
                [0xEF, 0xBB, 0xBF, ..] => self.at = 3,
                [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => return Step::Fatal(ProblemKind::Utf16),
                _ => {}
            }
        }
        self.at = blank(&self.buffer, self.at);
        match self.buffer.get(self.at) {
            None => Step::Short,
            Some(b'{') => {
                self.began = true;
                self.object(None, true, to, last)
            }
            Some(b'[') => {
                self.began = true;
                self.open(1, Frame::Items { kind: None, live: true, after: false })
            }
            Some(found) => Step::Fatal(ProblemKind::NotJson { found: *found }),
        }
    }

    fn open(&mut self, bytes: usize, frame: Frame) -> Step {
        if self.frames.len() >= 2 * MOST_LISTS {
            return Step::Fatal(ProblemKind::TooDeep { limit: MOST_LISTS });
        }
        self.value_begins();
        self.at += bytes;
        self.frames.push(frame);
        Step::On
    }

    /// In a list, a comma has to follow the value that begins here.
    fn value_begins(&mut self) {
        if let Some(Frame::Items { after, .. }) = self.frames.last_mut() {
            *after = true;
        }
    }

    fn pass_over(&mut self, at: usize) -> Step {
        self.value_begins();
        self.at = at;
        self.skip = Some(Skip::default());
        Step::On
    }

    /// In a list of objects.
    fn item(
        &mut self,
        kind: Option<Kind>,
        live: bool,
        after: bool,
        to: &mut Intake<'_>,
        last: bool,
    ) -> Step {
        self.at = blank(&self.buffer, self.at);
        match self.buffer.get(self.at) {
            None => Step::Short,
            Some(b']') => {
                self.at += 1;
                self.frames.pop();
                if let Some(kind) = kind {
                    to.note(kind);
                }
                Step::On
            }
            Some(b',') if after => {
                self.at += 1;
                if let Some(Frame::Items { after, .. }) = self.frames.last_mut() {
                    *after = false;
                }
                Step::On
            }
            Some(b'{') if !after => self.object(kind, live, to, last),
            Some(b'"' | b'[' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') if !after => {
                let place = self.place(self.at);
                if kind.is_none() {
                    to.doubt();
                }
                to.leave_out(kind, || Problem {
                    place: Some(place),
                    object: None,
                    kind: ProblemKind::NoKind,
                });
                self.pass_over(self.at)
            }
            Some(found) => Step::Fatal(ProblemKind::NotJson { found: *found }),
        }
    }

    /// In a list as an object of the API.
    fn key_of_list(&mut self, to: &mut Intake<'_>) -> Step {
        let (name, value) = match entry(&self.buffer, self.at) {
            Entry::Short => return Step::Short,
            Entry::Broken(at) => return self.broken(at),
            Entry::End(at) => {
                self.doubt_list(to);
                return self.close(at);
            }
            Entry::Key(name, value) => (name, value),
        };
        let first = self.buffer.get(value).copied().unwrap_or_default();
        match (name, first) {
            ("items", b'[') => {
                let kind = self.kind_of_items();
                self.at = value;
                self.open(1, Frame::Items { kind, live: true, after: false })
            }
            ("items", b'{' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f') => {
                self.at = value;
                Step::Fatal(ProblemKind::NoList)
            }
            ("kind" | "apiVersion", b'"') => {
                let Some(found) = text(&self.buffer, value) else {
                    return Step::Short;
                };
                let found = Some(found.to_owned());
                let is_kind = name == "kind";
                if let Some(Frame::List { kind, api_version, .. }) = self.frames.last_mut() {
                    *(if is_kind { kind } else { api_version }) = found;
                }
                self.pass_over(value)
            }
            ("metadata", b'{') => {
                let rest = self.buffer.get(value..).unwrap_or_default();
                match take::<ListMetadata>(rest) {
                    Err(Failure::Short) if rest.len() <= self.largest => return Step::Short,
                    Err(_) => {}
                    Ok((metadata, _)) => {
                        to.note_revision(metadata.resource_version);
                        // There are more pages.
                        self.lacks(!metadata.token.is_empty());
                    }
                }
                self.pass_over(value)
            }
            (INCOMPLETE, b'"' | b't') => {
                let lacks = first == b't'
                    || match text(&self.buffer, value) {
                        None => return Step::Short,
                        Some(why) => !why.is_empty(),
                    };
                self.lacks(lacks);
                self.pass_over(value)
            }
            _ => self.pass_over(value),
        }
    }

    fn lacks(&mut self, objects: bool) {
        if let Some(Frame::List { incomplete, .. }) = self.frames.last_mut() {
            *incomplete |= objects;
        }
    }

    /// At the end of a list: if it lacks objects, of what kind they are.
    fn doubt_list(&self, to: &mut Intake<'_>) {
        let Some(Frame::List { kind, incomplete: true, .. }) = self.frames.last() else {
            return;
        };
        match self.kind_of_items() {
            Some(kind) => to.note_incomplete(kind),
            // A list of anything.
            None if kind.as_ref().is_none_or(|kind| kind == "List") => to.doubt(),
            None => {}
        }
    }

    /// `PodList` is a list of pods.
    fn kind_of_items(&self) -> Option<Kind> {
        match self.frames.last() {
            Some(Frame::List { kind: Some(kind), api_version, .. }) => {
                kind_of(api_version.as_deref(), kind.strip_suffix("List")?)
            }
            _ => None,
        }
    }

    /// In a mapping of lists by resource.
    fn key_of_cluster(&mut self) -> Step {
        let (name, value) = match entry(&self.buffer, self.at) {
            Entry::Short => return Step::Short,
            Entry::Broken(at) => return self.broken(at),
            Entry::End(at) => return self.close(at),
            Entry::Key(name, value) => (name, value),
        };
        let kind = kind_of_resource(name);
        match (name, self.buffer.get(value)) {
            (_, Some(b'[')) if kind.is_some() => {
                self.at = value;
                self.open(1, Frame::Items { kind, live: false, after: false })
            }
            ("cluster", Some(b'{')) => {
                self.at = value;
                self.open(1, Frame::Cluster)
            }
            _ => self.pass_over(value),
        }
    }

    fn close(&mut self, at: usize) -> Step {
        self.at = at + 1;
        self.frames.pop();
        Step::On
    }

    fn broken(&mut self, at: usize) -> Step {
        self.at = at;
        let found = self.buffer.get(at).copied().unwrap_or_default();
        Step::Fatal(ProblemKind::NotJson { found })
    }

    /// At the brace of an object, or of a list.
    fn object(&mut self, kind: Option<Kind>, live: bool, to: &mut Intake<'_>, last: bool) -> Step {
        let rest = self.buffer.get(self.at..).unwrap_or_default();
        let kind = match kind.map_or_else(|| head(rest), Head::Known) {
            Head::Short => return self.wait(None, to, last),
            Head::List => {
                let list = Frame::List { kind: None, api_version: None, incomplete: false };
                return self.open(1, list);
            }
            Head::Cluster => return self.open(1, Frame::Cluster),
            Head::Version => match take::<Versions>(rest) {
                Err(Failure::Short) => return self.wait(None, to, last),
                versions => {
                    if let Ok((versions, _)) = versions {
                        to.note_server(minor(&versions.server_version.git_version));
                    }
                    return self.pass_over(self.at);
                }
            },
            Head::Known(kind) => kind,
            Head::Object { kind: None, .. } => {
                let place = self.place(self.at);
                // A file that lies beside the dump is one thing, an item of a list another.
                if !self.frames.is_empty() {
                    to.doubt();
                }
                to.leave_out(None, || Problem {
                    place: Some(place),
                    object: None,
                    kind: ProblemKind::NoKind,
                });
                return self.pass_over(self.at);
            }
            Head::Object { kind: Some(name), api_version } => match kind_of(api_version, name) {
                Some(kind) => kind,
                None if to.wants(api_version, name) => {
                    let (end, true) = Skip::default().feed(rest, 0) else {
                        return self.wait(None, to, last);
                    };
                    to.pass_over(name);
                    to.see(api_version, name, rest.get(..end).unwrap_or_default());
                    self.value_begins();
                    self.at += end;
                    return Step::On;
                }
                None => {
                    to.pass_over(name);
                    return self.pass_over(self.at);
                }
            },
        };
        self.read(kind, live, to, last)
    }

    /// Reads the object at `at`.
    fn read(&mut self, kind: Kind, live: bool, to: &mut Intake<'_>, last: bool) -> Step {
        let rest = self.buffer.get(self.at..).unwrap_or_default();
        if kind == Kind::Pod
            && let Some(length) = to.put_alike(rest, || (self.place(self.at), name_of(rest)))
        {
            to.show(kind, rest.get(..length).filter(|_| live));
            self.value_begins();
            self.at += length;
            return Step::On;
        }
        let mut length = 0;
        let read = object::read(kind, live, Stream { bytes: rest, length: &mut length });
        match read {
            Ok(read) => {
                to.put(read, || (self.place(self.at), name_of(rest)));
                to.show(kind, rest.get(..length).filter(|_| live));
                self.value_begins();
                self.at += length;
                Step::On
            }
            Err(Failure::Short) => self.wait(Some(kind), to, last),
            Err(Failure::Broken) => match Skip::default().feed(rest, 0) {
                (_, false) => self.wait(Some(kind), to, last),
                (end, true) => {
                    self.read_again(kind, live, end, to);
                    self.value_begins();
                    self.at += end;
                    Step::On
                }
            },
        }
    }

    /// Says what is wrong with an object of so many bytes. If it is nothing but its letters, they
    /// are read as replacement characters, as Go does.
    fn read_again(&self, kind: Kind, live: bool, length: usize, to: &mut Intake<'_>) {
        let bytes = self.buffer.get(self.at..self.at + length).unwrap_or_default();
        let text = String::from_utf8_lossy(bytes);
        match object::read(kind, live, Whole(&text)) {
            Ok(read) => to.put(read, || (self.place(self.at), name_of(bytes))),
            Err(fault) => to.leave_out(Some(kind), || {
                let start = self.place(self.at);
                let column = fault.column.max(1);
                let place = match fault.line {
                    0 | 1 => Place { column: start.column + column - 1, ..start },
                    line => Place { line: start.line + line - 1, column },
                };
                let mut object = name_of(bytes);
                kind.name().clone_into(&mut object.kind);
                let kind = ProblemKind::Unreadable { path: fault.path, message: fault.message };
                Problem { place: Some(place), object: Some(object), kind }
            }),
        }
    }

    /// The object at `at` is not there to its end.
    fn wait(&mut self, kind: Option<Kind>, to: &mut Intake<'_>, last: bool) -> Step {
        let rest = self.buffer.len().saturating_sub(self.at);
        if rest > self.largest {
            let (place, object) = (self.place(self.at), self.object_name(self.at));
            let limit = self.largest;
            if kind.is_none() {
                to.doubt();
            }
            to.leave_out(kind, || Problem {
                place: Some(place),
                object,
                kind: ProblemKind::TooLarge { limit },
            });
            return self.pass_over(self.at);
        }
        if !last {
            // Twice as much each time, so that a large object is not read over and over again.
            self.enough = self.at + rest.saturating_mul(2).min(self.largest + 1);
        }
        Step::Short
    }

    fn object_name(&self, at: usize) -> Option<ObjectName> {
        let rest = self.buffer.get(at..).unwrap_or_default();
        let name = name_of(rest);
        (name != ObjectName::default()).then_some(name)
    }

    fn place(&self, at: usize) -> Place {
        advance(self.start, self.buffer.get(..at).unwrap_or(&self.buffer))
    }
}

/// The place after some bytes.
fn advance(from: Place, bytes: &[u8]) -> Place {
    let count = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
    // In small pieces, so that the sums stay in bytes and many are made at once.
    let lines = bytes.chunks(255).map(|piece| {
        let ends = piece.iter().map(|byte| u8::from(*byte == b'\n'));
        u64::from(ends.fold(0u8, u8::wrapping_add))
    });
    let lines: u64 = lines.sum();
    let last = || bytes.iter().rposition(|byte| *byte == b'\n');
    match (lines > 0).then(last).flatten() {
        None => Place { column: from.column + count(bytes.len()), ..from },
        Some(at) => Place { line: from.line + lines, column: count(bytes.len() - at) },
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ListMetadata {
    resource_version: Revision,
    #[serde(rename = "continue", deserialize_with = "or_default")]
    token: String,
}

/// What `kubectl version -o json` prints.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Versions {
    #[serde(deserialize_with = "or_default")]
    server_version: Version,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Version {
    #[serde(deserialize_with = "or_default")]
    git_version: String,
}
