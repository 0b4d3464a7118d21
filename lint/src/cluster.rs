//! The edge to the file system for clusters: paths to an inventory, however large the files are.
//!
//! ```text
//! files -> pieces -> policies::snapshot::stream (JSON) -> Intake -> Sink (an Inventory)
//!              `---> yaml: documents and items of lists --^
//! ```

use std::io::{ErrorKind, Read};

use placecard_policies::feasibility::inventory::Inventory;
use placecard_policies::feasibility::inventory::kind::Kind;
use placecard_policies::snapshot::object::Sink;
use placecard_policies::snapshot::problem::{Bytes, Problem, ProblemKind};
use placecard_policies::snapshot::seen::{Intake, Seen};
use placecard_policies::snapshot::stream::Reader;
use placecard_policies::surroundings::{Answer, Reference};
use placecard_policies::words;

use self::definitions::Reading;
use crate::load;

mod definitions;
mod progress;
mod yaml;

pub use progress::Progress;

/// So much is read at a time, in bytes.
const PIECE: usize = 256 << 10;

/// So many objects that are left out are told where no node is left.
const MOST_REASONS: usize = 5;

/// The files of a folder that are read.
const SNAPSHOTS: load::Wanted = load::Wanted {
    extensions: &["json", "jsonl", "yaml", "yml"],
    words: ".json, .jsonl, .yaml or .yml",
};

/// A cluster that was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its objects. What may be missing is in [`Inventory::unknown`].
    pub inventory: Inventory,
    /// What its definitions of custom resources answer.
    pub definitions: Vec<(Reference, Answer)>,
    /// What it holds, and how it was read.
    pub summary: Summary,
}

/// How a cluster was read.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The files, as the user named them.
    pub names: Vec<String>,
    /// How many bytes they have.
    pub bytes: u64,
    /// What was read.
    pub seen: Seen,
    /// What is odd, but does not make a verdict wrong: it is told and counted.
    pub complaints: Vec<Complaint>,
}

impl Summary {
    /// The snapshot in a few words: `prod.json`, or `prod.json and 3 more`.
    #[must_use]
    pub fn name(&self) -> String {
        words::list(&self.names, "and", 1)
    }
}

/// One thing to complain about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The file, as the user named it; empty if it is about all of them.
    pub file: String,
    /// The line and column, both from 1.
    pub place: Option<(u64, u64)>,
    /// What it is, in one line.
    pub message: String,
    /// A way out.
    pub help: Option<String>,
}

impl Complaint {
    /// One that is about no place of a file.
    #[cfg(feature = "live")]
    pub(crate) fn told(message: String) -> Self {
        Self { file: String::new(), place: None, message, help: None }
    }

    pub(crate) fn of(file: &str, problem: &Problem) -> Self {
        let (message, help) = words::snapshot::problem(problem);
        let place = problem.place.map(|place| (place.line, place.column));
        Self { file: file.to_owned(), place, message, help }
    }
}

impl std::fmt::Display for Complaint {
    /// `prod.json:12:3: it ends in the middle of a list`.
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.file.is_empty() {
            to.write_str(&self.file)?;
            if let Some((line, column)) = self.place {
                write!(to, ":{line}:{column}")?;
            }
            to.write_str(": ")?;
        }
        to.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(to, "\n  help:  {help}"),
            None => Ok(()),
        }
    }
}

/// Reads a cluster into an inventory. `paths` are files of any extension, folders (recursive, the
/// files that end in `.json`, `.jsonl`, `.yaml` and `.yml`), and `-` for `stdin`.
///
/// # Errors
/// Everything that makes a verdict impossible or misleading: files that cannot be read or are cut
/// off, and no node at all. Objects that cannot be read are no errors, but complaints.
pub fn load(
    paths: &[String],
    stdin: &mut dyn Read,
    progress: &mut Progress<'_>,
) -> Result<Loaded, Vec<Complaint>> {
    let mut reading = Reading::default();
    let summary = load_into(paths, stdin, &mut reading, progress)?;
    let Reading { inventory, definitions } = reading;
    Ok(Loaded { inventory, definitions, summary })
}

/// As [`load()`], into anything that takes objects: no object is kept.
///
/// # Errors
/// As [`load()`].
pub fn load_into(
    paths: &[String],
    stdin: &mut dyn Read,
    sink: &mut dyn Sink,
    progress: &mut Progress<'_>,
) -> Result<Summary, Vec<Complaint>> {
    let mut intake = Intake::new(sink);
    let (mut names, mut complaints, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    let mut bytes = 0;
    for found in load::find(paths, SNAPSHOTS) {
        let read = found.map_err(|error| (error.name, error.message)).and_then(|found| {
            let read = match &found.path {
                None => read_all(stdin, &mut intake, progress),
                Some(path) => {
                    load::open(path).and_then(|mut file| read_all(&mut file, &mut intake, progress))
                }
            };
            names.push(found.name.clone());
            match read {
                Ok(read) => {
                    bytes += read;
                    Ok(found.name)
                }
                Err(message) => Err((found.name, message)),
            }
        });
        match read {
            Ok(file) => {
                for problem in intake.take_problems() {
                    let complaint = Complaint::of(&file, &problem);
                    if problem.kind.is_fatal() { &mut errors } else { &mut complaints }
                        .push(complaint);
                }
            }
            Err((file, message)) => {
                errors.push(Complaint { file, place: None, message, help: None });
            }
        }
    }
    progress.end();
    conclude(intake, names, bytes, complaints, errors)
}

/// What was read in the end, and whether verdicts can rest on it.
pub(crate) fn conclude(
    intake: Intake<'_>,
    names: Vec<String>,
    bytes: u64,
    mut complaints: Vec<Complaint>,
    mut errors: Vec<Complaint>,
) -> Result<Summary, Vec<Complaint>> {
    let (seen, problems) = intake.finish();
    complaints.extend(problems.iter().map(|problem| Complaint::of("", problem)));
    if errors.is_empty() && seen.count(Kind::Node) == 0 {
        let kinds = seen.passed_over.iter().map(|(kind, count)| (kind.clone(), *count));
        let read = seen.counts.iter().map(|(kind, count)| (kind.name().to_owned(), *count));
        let kinds: Vec<(String, usize)> =
            read.chain(kinds).filter(|(_, count)| *count > 0).collect();
        let kind = ProblemKind::NothingKnown { kinds };
        // What was left out may be why.
        errors.extend(complaints.drain(..).take(MOST_REASONS));
        errors.push(Complaint::of(&words::list(&names, "and", 1), &Problem::whole(kind)));
    }
    if errors.is_empty() { Ok(Summary { names, bytes, seen, complaints }) } else { Err(errors) }
}

/// Reads one text to its end, or until it makes no sense to go on; how many bytes that were.
fn read_all(
    from: &mut dyn Read,
    to: &mut Intake<'_>,
    progress: &mut Progress<'_>,
) -> Result<u64, String> {
    let mut piece = vec![0; PIECE];
    let mut text = Text::Unknown(Vec::new());
    let mut total = 0;
    while !text.has_ended() {
        let length = match from.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(load::words(&error)),
        };
        total += u64::try_from(length).unwrap_or(u64::MAX);
        text.push(piece.get(..length).unwrap_or_default(), to);
        progress.add(length, to.seen());
    }
    text.finish(to);
    Ok(total)
}

/// A text of which it turns out what it is.
enum Text {
    /// Nothing but blanks so far.
    Unknown(Vec<u8>),
    Json(Reader),
    Yaml(yaml::Splitter),
}

impl Text {
    fn push(&mut self, bytes: &[u8], to: &mut Intake<'_>) {
        if let Self::Unknown(begun) = self {
            begun.extend_from_slice(bytes);
            // What it is must not depend on how a pipe cuts it.
            if begun.len() < Bytes::ENOUGH {
                return;
            }
            let Some(mut known) = Self::of(begun) else { return };
            known.push(&std::mem::take(begun), to);
            *self = known;
            return;
        }
        match self {
            Self::Json(reader) => reader.push(bytes, to),
            Self::Yaml(splitter) => splitter.push(bytes, to),
            Self::Unknown(_) => {}
        }
    }

    /// What begins like this; `None`: with nothing but blanks, and not too many.
    fn of(begun: &[u8]) -> Option<Self> {
        let text = begun.strip_prefix(b"\xEF\xBB\xBF".as_slice()).unwrap_or(begun);
        match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            _ if Bytes::of(begun).is_some() => Some(Self::Json(Reader::new())),
            // Also UTF-16, by its mark.
            Some(b'{' | b'[' | 0xFE | 0xFF) => Some(Self::Json(Reader::new())),
            Some(_) => Some(Self::Yaml(yaml::Splitter::new())),
            None => (begun.len() > PIECE).then(|| Self::Json(Reader::new())),
        }
    }

    fn has_ended(&self) -> bool {
        matches!(self, Self::Json(reader) if reader.has_ended())
    }

    fn finish(self, to: &mut Intake<'_>) {
        match self {
            Self::Json(reader) => reader.finish(to),
            Self::Yaml(splitter) => splitter.finish(to),
            Self::Unknown(begun) => {
                let mut known = Self::of(&begun).unwrap_or_else(|| Self::Json(Reader::new()));
                known.push(&begun, to);
                known.finish(to);
            }
        }
    }
}

#[cfg(test)]
mod tests;
