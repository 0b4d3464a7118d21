//! What became of each field, for programs.

use placecard_policies::adopt::{Adopted, Adoption, Kept, Reason};
use placecard_policies::words::adopt::{name, reason};
use serde::Serialize;

use super::{Report, place};
use crate::index::{File, ObjectId};
use crate::run::Judged;

/// The output: version 1.
#[derive(Serialize)]
struct Output<'a> {
    version: u32,
    templates: Vec<OfTemplate<'a>>,
}

#[derive(Serialize)]
struct OfTemplate<'a> {
    file: &'a str,
    object: String,
    /// JSON pointer from the object; empty for a pod.
    template: String,
    adopted: Vec<Sentences<'a>>,
    kept: Vec<Field<'a>>,
}

#[derive(Serialize)]
struct Sentences<'a> {
    field: String,
    line: u32,
    column: u32,
    sentences: Vec<Sentence<'a>>,
}

#[derive(Serialize)]
struct Sentence<'a> {
    annotation: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct Field<'a> {
    field: String,
    line: u32,
    column: u32,
    reason: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

pub(super) fn render(judged: &Judged, reports: &[Report]) -> String {
    let mut templates = Vec::new();
    for report in reports {
        let Some((file, _at_hand)) = judged.index.object(report.at) else { continue };
        templates.extend(report.adoptions.iter().map(|adoption| OfTemplate {
            file: &file.source.name,
            object: report.object.to_string(),
            template: adoption.template.pointer(),
            adopted: adopted(file, report.at, adoption),
            kept: adoption.kept.iter().map(|one| kept(file, report.at, one)).collect(),
        }));
    }
    let output = Output { version: 1, templates };
    serde_json::to_string_pretty(&output).unwrap_or_default() + "\n"
}

fn adopted<'a>(file: &File, at: ObjectId, adoption: &'a Adoption) -> Vec<Sentences<'a>> {
    let one = |one: &'a Adopted| {
        let (line, column) = place(file, at, &one.field);
        let sentence =
            |(annotation, text): &'a (&'static str, String)| Sentence { annotation, text };
        let sentences = one.lines.iter().map(sentence).collect();
        Sentences { field: one.field.to_string(), line, column, sentences }
    };
    adoption.adopted.iter().map(one).collect()
}

fn kept<'a>(file: &File, at: ObjectId, kept: &Kept) -> Field<'a> {
    let (line, column) = place(file, at, &kept.field);
    Field {
        field: kept.field.to_string(),
        line,
        column,
        reason: name(&kept.reason),
        message: reason(&kept.reason),
        code: match &kept.reason {
            Reason::Refused(code) => Some(code.to_string()),
            _ => None,
        },
    }
}
