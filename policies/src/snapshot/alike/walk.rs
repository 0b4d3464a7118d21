//! Takes a pod's text apart into what tells it from the pods that are written alike, and the rest.
//!
//! The rest is the *key*: all bytes of the text but certain values, each of which leaves a mark.
//! Why two texts with the same key, one of which was read, mean the same but for these values:
//!
//! - A value is left out as [`Part::Pass`] only if the JSON reader passes over it, and only under a
//!   name whose value no field of the reader takes. What it is does not matter then.
//! - A value is left out as [`Part::Apart`] only if it is a string that stands for itself, so one
//!   can stand for the other, and the reader does nothing with it but keep it as it is.
//! - Everything else is in the key, even blanks, and so are the names of what is left out. If one
//!   text is JSON that can be read, so is the other.
//!
//! Names that are not listed here are part of the key, so that a new field of the reader is safe
//! unless its name is listed as one to pass over.

use serde::de::IgnoredAny;

use super::super::scan::{Skip, blank};
use super::super::value::take;
use crate::snapshot::OwnerReference;
use crate::snapshot::notes::is_kept;

/// What becomes of the value of a name in a mapping.
#[derive(Clone, Copy)]
enum Part {
    /// It is part of the key.
    Keep,
    /// Nobody reads it.
    Pass,
    /// A string that is kept as it is; `null` is part of the key.
    Apart(Field),
    /// `metadata.ownerReferences`.
    Owners,
    /// A mapping.
    In(Table),
    /// A list of mappings.
    Each(Table),
}

/// What becomes of the values in a mapping, by name.
type Table = fn(&[u8]) -> Part;

/// What tells pods apart.
#[derive(Clone, Copy)]
enum Field {
    Name,
    Uid,
    Node,
    Created,
    Revision,
    Started,
    /// A string that is read for nothing.
    Unused,
}

/// What tells a pod from those that are written alike. Texts are empty if they are not there.
#[derive(Debug, Default)]
pub(super) struct Apart<'b> {
    pub(super) name: &'b str,
    pub(super) uid: &'b str,
    pub(super) node: &'b str,
    pub(super) created: &'b str,
    pub(super) revision: &'b str,
    pub(super) started: &'b str,
    pub(super) owners: Vec<OwnerReference>,
}

/// Takes apart the pod at the start of `bytes`, whose key is written to `key`. Also says how long
/// the text is, if `bytes` hold it to its end. `None`: it is not written as pods usually are.
pub(super) fn walk<'b>(bytes: &'b [u8], key: &mut Vec<u8>) -> Option<(Apart<'b>, usize)> {
    key.clear();
    let mut walk = Walk { bytes, key, kept: 0, apart: Apart::default() };
    let end = walk.mapping(0, of_pod)?;
    walk.leave_out(end, end);
    Some((walk.apart, end))
}

fn of_pod(name: &[u8]) -> Part {
    match name {
        b"metadata" => Part::In(of_metadata),
        b"spec" => Part::In(of_spec),
        b"status" => Part::In(of_status),
        _ => Part::Keep,
    }
}

fn of_metadata(name: &[u8]) -> Part {
    match name {
        b"name" => Part::Apart(Field::Name),
        b"uid" => Part::Apart(Field::Uid),
        b"creationTimestamp" => Part::Apart(Field::Created),
        b"resourceVersion" => Part::Apart(Field::Revision),
        b"ownerReferences" => Part::Owners,
        b"annotations" => Part::In(of_annotations),
        b"generateName" | b"generation" | b"managedFields" => Part::Pass,
        _ => Part::Keep,
    }
}

/// What is no mapping of annotations is part of the key.
fn of_annotations(name: &[u8]) -> Part {
    match std::str::from_utf8(name) {
        Ok(name) if !is_kept(name) => Part::Pass,
        _ => Part::Keep,
    }
}

fn of_spec(name: &[u8]) -> Part {
    match name {
        b"nodeName" => Part::Apart(Field::Node),
        b"containers" | b"initContainers" => Part::Each(of_container),
        b"volumes" => Part::Each(of_volume),
        _ => Part::Keep,
    }
}

fn of_container(name: &[u8]) -> Part {
    match name {
        b"args" | b"command" | b"env" | b"volumeMounts" => Part::Pass,
        _ => Part::Keep,
    }
}

/// The name of a volume matters if it is ephemeral; pods with such volumes are not remembered.
fn of_volume(name: &[u8]) -> Part {
    match name {
        b"name" => Part::Apart(Field::Unused),
        _ => Part::Keep,
    }
}

fn of_status(name: &[u8]) -> Part {
    match name {
        b"startTime" => Part::Apart(Field::Started),
        b"conditions" => Part::Each(of_condition),
        b"containerStatuses" | b"initContainerStatuses" => Part::Each(of_report),
        b"hostIP" | b"hostIPs" | b"message" | b"podIP" | b"podIPs" | b"reason" => Part::Pass,
        _ => Part::Keep,
    }
}

fn of_condition(name: &[u8]) -> Part {
    match name {
        b"lastProbeTime" | b"lastTransitionTime" | b"message" => Part::Pass,
        _ => Part::Keep,
    }
}

fn of_report(name: &[u8]) -> Part {
    match name {
        b"containerID" | b"image" | b"imageID" | b"lastState" | b"ready" | b"restartCount"
        | b"started" | b"state" | b"volumeMounts" => Part::Pass,
        _ => Part::Keep,
    }
}

/// Stands in the key for what is left out. It stands in no text that can be read: strings of JSON
/// have no such bytes.
const MARK: u8 = 0;

struct Walk<'b, 'k> {
    bytes: &'b [u8],
    key: &'k mut Vec<u8>,
    /// The bytes before this one are in the key, or left out.
    kept: usize,
    apart: Apart<'b>,
}

impl Walk<'_, '_> {
    fn leave_out(&mut self, start: usize, end: usize) {
        self.key.extend_from_slice(self.bytes.get(self.kept..start).unwrap_or_default());
        self.key.push(MARK);
        self.kept = end;
    }

    /// From an opening brace to after the closing one.
    fn mapping(&mut self, at: usize, table: Table) -> Option<usize> {
        let mut at = at + 1;
        loop {
            at = blank(self.bytes, at);
            match self.bytes.get(at)? {
                b'}' => return Some(at + 1),
                b',' => at += 1,
                b'"' => {
                    let (name, end) = plain(self.bytes, at)?;
                    at = blank(self.bytes, end);
                    if self.bytes.get(at) != Some(&b':') {
                        return None;
                    }
                    at = self.value(blank(self.bytes, at + 1), table(name.as_bytes()))?;
                }
                _ => return None,
            }
        }
    }

    /// From an opening bracket to after the closing one.
    fn list(&mut self, at: usize, table: Table) -> Option<usize> {
        let mut at = at + 1;
        loop {
            at = blank(self.bytes, at);
            at = match self.bytes.get(at)? {
                b']' => return Some(at + 1),
                b',' => at + 1,
                b'{' => self.mapping(at, table)?,
                _ => end_of(self.bytes, at)?,
            };
        }
    }

    fn value(&mut self, at: usize, part: Part) -> Option<usize> {
        let end = match (part, self.bytes.get(at)?) {
            (Part::In(table), b'{') => return self.mapping(at, table),
            (Part::Each(table), b'[') => return self.list(at, table),
            (Part::Pass, _) => passed(self.bytes, at)?,
            (Part::Owners, b'[') => {
                let (owners, length) = take(self.bytes.get(at..)?).ok()?;
                self.apart.owners = owners;
                at + length
            }
            (Part::Apart(field), b'"') => {
                let (text, end) = plain(self.bytes, at)?;
                match field {
                    Field::Name => self.apart.name = text,
                    Field::Uid => self.apart.uid = text,
                    Field::Node => self.apart.node = text,
                    Field::Created => self.apart.created = text,
                    Field::Revision => self.apart.revision = text,
                    Field::Started => self.apart.started = text,
                    Field::Unused => {}
                }
                end
            }
            (Part::Apart(_), first) if *first != b'n' => return None,
            _ => return end_of(self.bytes, at),
        };
        self.leave_out(at, end);
        Some(end)
    }
}

/// The byte after the value at `at`, if the JSON reader passes over it.
fn passed(bytes: &[u8], at: usize) -> Option<usize> {
    match plain(bytes, at).filter(|_| bytes.get(at) == Some(&b'"')) {
        Some((_, end)) => Some(end),
        None => Some(at + take::<IgnoredAny>(bytes.get(at..)?).ok()?.1),
    }
}

/// The string whose opening quote is at `at`, if it stands for itself and is nothing but ASCII, and
/// the byte after its closing quote.
fn plain(bytes: &[u8], at: usize) -> Option<(&str, usize)> {
    let rest = bytes.get(at + 1..)?;
    let length = rest
        .iter()
        .position(|byte| !matches!(byte, b' '..=b'~') || matches!(byte, b'"' | b'\\'))?;
    if rest.get(length) != Some(&b'"') {
        return None;
    }
    Some((std::str::from_utf8(rest.get(..length)?).ok()?, at + length + 2))
}

/// The byte after the value at `at`; a value has at least one byte, which a bracket that closes
/// nothing has not.
fn end_of(bytes: &[u8], at: usize) -> Option<usize> {
    match Skip::default().feed(bytes, at) {
        (end, true) if end > at => Some(end),
        _ => None,
    }
}
