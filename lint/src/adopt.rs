//! `placecard adopt`: manifests in which sentences take the place of hand-written fields.

mod json;
mod remarks;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;
use std::path::PathBuf;

use placecard_findings::{FieldPath, ObjectRef, Severity};
use placecard_policies::adopt::{Adoption, adopt};
use placecard_policies::read;
use placecard_policies::surroundings::Surroundings;
use placecard_policies::words::adopt::reason;
use placecard_policies::words::why::several;

use crate::expand::{printed, rewritten_as};
use crate::index::{File, ObjectId, Role};
use crate::load::{Set, locate};
use crate::plan::{AdoptAsk, Adopted, Look};
use crate::render::human;
use crate::run::{Judged, judge_read, read_files};
use crate::write_back::write_back;
use crate::{Outcome, unusable};
use remarks::{Carried, carried};

/// What becomes of the templates of an object.
struct Report {
    at: ObjectId,
    object: ObjectRef,
    adoptions: Vec<Adoption>,
}

/// Answers `placecard adopt`.
///
/// # Errors
/// As for `lint`, and a file that cannot be written.
pub(crate) fn answer(ask: &AdoptAsk, look: Look, stdin: &mut dyn Read) -> Result<Outcome, String> {
    let files = read_files(&ask.inputs, stdin)?;
    let paths: Vec<Option<PathBuf>> = files.iter().map(|(_, input)| input.path.clone()).collect();
    let judged = judge_read(None, &ask.inputs, files, stdin, &mut |_, _, _| {})?;
    if judged.unusable.is_some() {
        return Ok(Outcome {
            complaints: unusable(&judged),
            failed: true,
            ..Outcome::output(String::new())
        });
    }
    let reports = reports(&judged, ask);
    let (unreadable, worst) = unreadable(&judged, look);
    let (texts, lost) = texts(&judged, &reports);
    let mut complaints = unreadable + &told(&judged, &reports) + &lost;
    let output = match ask.output {
        Adopted::Json => json::render(&judged, &reports),
        Adopted::Printed => printed(&judged.index, false, |file, _| texts.get(&file).cloned()),
        Adopted::Diff => printed(&judged.index, true, |file, _| texts.get(&file).cloned()),
        Adopted::Written => {
            for (file, text) in &texts {
                let source = judged.index.files.get(*file).map(|file| &file.source);
                let (Some(source), Some(Some(path))) = (source, paths.get(*file)) else { continue };
                write_back(source, path, text)?;
            }
            String::new()
        }
    };
    complaints.push_str(&summary(&reports, texts.len()));
    Ok(Outcome { complaints, worst, fail_on: Some(Severity::Error), ..Outcome::output(output) })
}

fn reports(judged: &Judged, ask: &AdoptAsk) -> Vec<Report> {
    let surroundings = Surroundings {
        words: judged.words.clone(),
        objects: judged.answers.clone(),
        server: ask.inputs.server,
        ..Surroundings::default()
    };
    let mut reports = Vec::new();
    for (at, _, value) in judged.index.objects_of(|role| role == Role::Judged) {
        let Some(object) = read::reference(&value) else { continue };
        let adoptions = adopt(&value, &surroundings, ask.allow);
        if !adoptions.is_empty() {
            reports.push(Report { at, object, adoptions });
        }
    }
    reports
}

/// Documents that could not be read are printed as they are, and told.
fn unreadable(judged: &Judged, look: Look) -> (String, Option<Severity>) {
    let of_no_object = judged.findings.iter().filter(|placed| {
        placed.finding.severity == Severity::Error && placed.finding.object == ObjectRef::default()
    });
    let told: Vec<String> =
        of_no_object.map(|placed| human::finding(&judged.index, placed, look) + "\n").collect();
    (told.concat(), (!told.is_empty()).then_some(Severity::Error))
}

/// The new text of each file that changes, and what is to be told of comments that are not in it.
fn texts(judged: &Judged, reports: &[Report]) -> (BTreeMap<usize, String>, String) {
    let mut sets: BTreeMap<(usize, usize), Vec<Set>> = BTreeMap::new();
    let mut adoptions: BTreeMap<(usize, usize), Vec<(FieldPath, &Adoption)>> = BTreeMap::new();
    for report in reports {
        let Some((_, at)) = judged.index.object(report.at) else { continue };
        let Some(object) = at.path() else { continue };
        let edits = report.adoptions.iter().flat_map(|adoption| &adoption.edits);
        let set = |(path, value): &(FieldPath, _)| Set {
            path: object.join(path),
            value: Option::clone(value),
        };
        let document = (report.at.file, report.at.document);
        sets.entry(document).or_default().extend(edits.map(set));
        let each = report.adoptions.iter().map(|one| (object.clone(), one));
        adoptions.entry(document).or_default().extend(each);
    }
    let mut texts = BTreeMap::new();
    let mut told = String::new();
    for (number, file) in judged.index.files.iter().enumerate() {
        let of = |position| sets.get(&(number, position)).cloned().unwrap_or_default();
        let text = rewritten_as(
            file,
            |position, _| of(position),
            |position, document, text| {
                let adoptions = adoptions.get(&(number, position)).map_or(&[][..], Vec::as_slice);
                let Carried { text, lost } = carried(&file.source, document, text, adoptions);
                if lost > 0 {
                    let (line, _) = file.source.line_column(document.span.start);
                    let name = &file.source.name;
                    let _ =
                        writeln!(told, "{name}:{line}:1: {} left out", several(lost, "comment"));
                }
                text
            },
        );
        if text != file.source.text {
            texts.insert(number, text);
        }
    }
    (texts, told)
}

/// Line and column of a field, from 1; of the object where that is not found.
fn place(file: &File, at: ObjectId, field: &FieldPath) -> (u32, u32) {
    let documents = file.documents();
    let Some(document) = documents.get(at.document) else { return (1, 1) };
    let object = document.objects.get(at.object).map(|object| &object.path);
    let path = object.map(|object| object.join(field)).unwrap_or_default();
    let span = match locate(document, &file.source, &path.0) {
        Some(found) => found.key.unwrap_or(found.value),
        None => document.span,
    };
    file.source.line_column(span.start)
}

/// A line for each field, in the order of the text.
fn told(judged: &Judged, reports: &[Report]) -> String {
    let mut out = String::new();
    for report in reports {
        let Some((file, _at_hand)) = judged.index.object(report.at) else { continue };
        let mut lines: Vec<(u32, u32, String)> = Vec::new();
        let mut tell = |field: &FieldPath, text: &str| {
            let (line, column) = place(file, report.at, field);
            lines.push((line, column, format!("{field} {text}")));
        };
        for adoption in &report.adoptions {
            for one in &adoption.adopted {
                let words: Vec<&str> = one.lines.iter().map(|(_, text)| text.as_str()).collect();
                match words.as_slice() {
                    [] => tell(&one.field, "comes with another sentence"),
                    words => tell(&one.field, &format!("-> {}", words.join("; "))),
                }
            }
            for one in &adoption.kept {
                tell(&one.field, &format!("stays: {}", reason(&one.reason)));
            }
        }
        lines.sort();
        for (line, column, text) in lines {
            let _ = writeln!(out, "{}:{line}:{column}: {text}", file.source.name);
        }
    }
    out
}

fn summary(reports: &[Report], files: usize) -> String {
    let of = |count: fn(&Adoption) -> usize| {
        reports.iter().flat_map(|report| &report.adoptions).map(count).sum::<usize>()
    };
    let (adopted, kept) = (of(|one| one.adopted.len()), of(|one| one.kept.len()));
    if adopted + kept == 0 {
        return "placecard: no hand-written placement fields\n".to_owned();
    }
    format!(
        "placecard: {} of {} became sentences, in {}\n",
        adopted,
        several(adopted + kept, "hand-written field"),
        several(files, "file"),
    )
}
