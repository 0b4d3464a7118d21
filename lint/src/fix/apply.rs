//! New texts that were judged again.

use std::collections::{BTreeMap, BTreeSet};

use placecard_findings::{FieldPath, Segment};
use serde_json::Value;

use crate::fingerprint::fingerprint;
use crate::index::{Index, Role};
use crate::load::{Document, Input, Source, load};
use crate::render::place::Placed;
use crate::run::Judged;

use super::text::{TextEdit, in_text};
use super::touched::Touched;

/// A fix may make room for another one; so often at most.
const ROUNDS: usize = 8;

/// How fixes are chosen and texts judged.
pub struct Fixer<'a> {
    /// Those that need a look too.
    pub with_unsafe: bool,
    /// Judges files; what it leaves out is not fixed.
    pub judge: &'a mut dyn FnMut(Vec<(Role, Input)>) -> Result<Judged, String>,
}

/// What fixes made of files.
#[derive(Debug, Default)]
pub struct Fixed {
    /// What is left to say.
    pub judged: Judged,
    /// How many findings were mended.
    pub mended: usize,
    /// The files that differ from what was read: index, old text and new text, without marks.
    pub changed: Vec<(usize, String, String)>,
}

/// Applies fixes until there are none left that mend something: after a fix the text can be read,
/// the finding is gone, and no other value has changed.
///
/// # Errors
/// As for judging.
pub fn fixed(files: Vec<(Role, Input)>, fixer: &mut Fixer<'_>) -> Result<Fixed, String> {
    let mut judged = (fixer.judge)(files.clone())?;
    let mut current = files;
    let first: Vec<String> = texts(&judged.index);
    let mut mended = 0;
    let mut tried: BTreeSet<String> = BTreeSet::new();
    for _ in 0..ROUNDS {
        let Some(round) = round(&judged, fixer.with_unsafe, &tried) else { break };
        let mut files = current.clone();
        for ((_, input), (source, text)) in files
            .iter_mut()
            .zip(judged.index.files.iter().map(|file| &file.source).zip(&round.texts))
        {
            if source.text != *text {
                input.bytes = source.with_mark(text).into_bytes();
            }
        }
        let next = (fixer.judge)(files.clone())?;
        let (before, after) = (prints(&judged), prints(&next));
        let count = |prints: &BTreeMap<String, usize>, print: &String| {
            prints.get(print).copied().unwrap_or_default()
        };
        let stay = |print: &&String| count(&after, print) >= count(&before, print);
        let stay: Vec<String> = round.prints.iter().filter(stay).cloned().collect();
        if stay.is_empty() {
            mended += round.prints.len();
            judged = next;
            current = files;
        } else {
            // What does not mend is not written.
            tried.extend(stay);
        }
    }
    let last = texts(&judged.index);
    let changed = first.into_iter().zip(last).enumerate();
    let changed = changed.filter(|(_, (old, new))| old != new);
    let changed = changed.map(|(file, (old, new))| (file, old, new)).collect();
    Ok(Fixed { judged, mended, changed })
}

fn texts(index: &Index) -> Vec<String> {
    index.files.iter().map(|file| file.source.text.clone()).collect()
}

fn prints(judged: &Judged) -> BTreeMap<String, usize> {
    let mut prints = BTreeMap::new();
    for placed in &judged.findings {
        *prints.entry(fingerprint(&judged.index, placed)).or_default() += 1;
    }
    prints
}

/// New texts of all files, and the findings whose fixes are in them.
struct Round {
    texts: Vec<String>,
    prints: Vec<String>,
}

/// A finding and the edits that mend it.
type Mend = (String, Vec<TextEdit>);

/// All fixes that stay out of each other's way; `None` if there is none.
fn round(judged: &Judged, with_unsafe: bool, tried: &BTreeSet<String>) -> Option<Round> {
    let index = &judged.index;
    let mut touched = Touched::default();
    let mut mends: Vec<Mend> = Vec::new();
    for placed in &judged.findings {
        let print = fingerprint(index, placed);
        let edits = chosen(index, placed, with_unsafe).filter(|_| !tried.contains(&print));
        mends.extend(edits.filter(|edits| touched.add(edits)).map(|edits| (print, edits)));
    }
    let mut by_file: BTreeMap<usize, Vec<(usize, &TextEdit)>> = BTreeMap::new();
    for (number, (_, edits)) in mends.iter().enumerate() {
        edits.iter().for_each(|edit| by_file.entry(edit.file).or_default().push((number, edit)));
    }
    let mut texts = texts(index);
    let mut dropped: BTreeSet<usize> = BTreeSet::new();
    for (file, edits) in &by_file {
        let source = &index.files.get(*file)?.source;
        if let Some(text) = left(source, edits, &dropped) {
            *texts.get_mut(*file)? = text;
            continue;
        }
        // One of them changes more than it says: each is tried alone.
        let here: BTreeSet<usize> = edits.iter().map(|(mend, _)| *mend).collect();
        let alone = |mend: usize| {
            let own = edits.iter().filter(|(one, _)| *one == mend);
            together(source, own.map(|(_, edit)| *edit).collect())
        };
        dropped.extend(here.iter().copied().filter(|mend| alone(*mend).is_none()));
        if left(source, edits, &dropped).is_none() {
            dropped.extend(here);
        }
    }
    if !dropped.is_empty() {
        // What was left out for one file may have been written into another one.
        for (file, edits) in &by_file {
            let source = &index.files.get(*file)?.source;
            *texts.get_mut(*file)? = left(source, edits, &dropped)?;
        }
    }
    let kept = mends.iter().enumerate().filter(|(number, _)| !dropped.contains(number));
    let prints: Vec<String> = kept.map(|(_, (print, _))| print.clone()).collect();
    (!prints.is_empty()).then_some(Round { texts, prints })
}

/// The text of a file with all edits in it but those of mends that were dropped.
fn left(
    source: &Source,
    edits: &[(usize, &TextEdit)],
    dropped: &BTreeSet<usize>,
) -> Option<String> {
    let left = edits.iter().filter(|(mend, _)| !dropped.contains(mend));
    together(source, left.map(|(_, edit)| *edit).collect())
}

/// The edits of one finding, safe or not, and the text of its file with them; `None` if it has none,
/// or if the text would not read as it should.
#[must_use]
pub fn mended(index: &Index, placed: &Placed) -> Option<(Vec<TextEdit>, String)> {
    let edits = chosen(index, placed, true)?;
    let number = placed.primary().file;
    let source = &index.files.get(number)?.source;
    let text = together(source, edits.iter().filter(|edit| edit.file == number).collect())?;
    Some((edits, text))
}

/// The text of a file with all edits in it; `None` if it would not read as it should.
fn together(source: &Source, mut edits: Vec<&TextEdit>) -> Option<String> {
    if edits.is_empty() {
        return Some(source.text.clone());
    }
    edits.sort_by_key(|edit| edit.span);
    edited(source, &edits).filter(|text| only(source, text, &edits))
}

/// The edits of a finding, if its fix is asked for and all of them are in judged files.
fn chosen(index: &Index, placed: &Placed, with_unsafe: bool) -> Option<Vec<TextEdit>> {
    let fix = placed.finding.fix.as_ref().filter(|fix| fix.safe || with_unsafe)?;
    let judged = |file: usize| index.files.get(file).is_some_and(|file| file.role == Role::Judged);
    let here = !fix.edits.is_empty() && placed.edits.iter().all(|place| judged(place.file));
    in_text(index, placed).filter(|_| here)
}

/// The text with edits, which are in order.
fn edited(source: &Source, edits: &[&TextEdit]) -> Option<String> {
    let mut out = String::with_capacity(source.text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(source.text.get(at..edit.span.start as usize)?);
        out.push_str(&edit.new);
        at = edit.span.end as usize;
    }
    out.push_str(source.text.get(at..)?);
    Some(out)
}

/// Whether a text reads as before but for the values that are to change.
fn only(source: &Source, text: &str, edits: &[&TextEdit]) -> bool {
    let before = load(source);
    let after = load(&Source::new(source.name.clone(), text.as_bytes()));
    let mut changes: BTreeMap<usize, Vec<&FieldPath>> = BTreeMap::new();
    for (document, path) in edits.iter().flat_map(|edit| &edit.changes) {
        changes.entry(*document).or_default().push(path);
    }
    let same = |(number, (old, new)): (usize, (&Document, &Document))| {
        let (mut left, mut right) = (old.value.clone(), new.value.clone());
        for path in changes.get(&number).into_iter().flatten() {
            for value in [&mut left, &mut right] {
                forget(value, path);
            }
        }
        old.readable() == new.readable() && left == right
    };
    before.len() == after.len() && before.iter().zip(&after).enumerate().all(same)
}

/// Takes a field out of a value.
fn forget(value: &mut Value, path: &FieldPath) {
    let Some(last) = path.0.last() else { return };
    match (value.pointer_mut(&path.parent().pointer()), last) {
        (Some(Value::Object(map)), Segment::Key(key)) => {
            map.remove(key.as_str());
        }
        (Some(Value::Array(items)), Segment::Index(index)) => {
            if let Some(item) = items.get_mut(*index) {
                *item = Value::Null;
            }
        }
        _ => {}
    }
}
