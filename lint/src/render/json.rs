//! The report as JSON, version 1. The structs are the format: order and names of their fields are
//! part of the interface.

use std::borrow::Cow;

use placecard_findings::{Change, Edit, Evidence, FieldPath, Finding, ObjectRef};
use placecard_policies::certificate::to_json;
use placecard_policies::words;
use serde::Serialize;

use crate::fingerprint::fingerprint;
use crate::fix::in_text;
use crate::index::Index;
use crate::origin::origin;
use crate::render::place::{Place, Placed, PlacedLabel};
use crate::run::{Counts, Judged, OnCluster};

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    findings: Vec<JsonFinding<'a>>,
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<JsonCluster<'a>>,
}

#[derive(Serialize)]
struct JsonCluster<'a> {
    name: &'a str,
    nodes: usize,
    placed: usize,
    unjudged: Vec<JsonUnjudged<'a>>,
}

#[derive(Serialize)]
struct JsonUnjudged<'a> {
    object: JsonObject<'a>,
    why: String,
}

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
    notes: usize,
    files: usize,
    objects: usize,
    templates: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonFinding<'a> {
    v: u32,
    code: &'static str,
    severity: &'static str,
    verdict: &'static str,
    fingerprint: String,
    file: &'a str,
    line: u32,
    column: u32,
    /// Of a rendered document, as its renderer names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    /// Null for a file that cannot be read.
    object: Option<JsonObject<'a>>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<&'a str>,
    labels: Vec<JsonLabel<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    now: &'a [String],
    help: Vec<JsonHelp<'a>>,
    holds: JsonHolds<'a>,
    /// The argument of the certificate, and the fields that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    core: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<serde_json::Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonObject<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonLabel<'a> {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    primary: bool,
    text: &'a str,
    file: &'a str,
    start: Point,
    end: Point,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_value: Option<Point>,
}

#[derive(Serialize)]
struct Point {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct JsonHelp<'a> {
    text: String,
    /// `suggested`: a person decides. `safe`: cannot change what was meant. `unsafe`: needs a look.
    safety: &'static str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    lines: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    edits: Vec<JsonEdit<'a>>,
}

#[derive(Serialize)]
struct JsonEdit<'a> {
    path: String,
    old: Cow<'a, str>,
    new: Cow<'a, str>,
    file: &'a str,
    start: Point,
    end: Point,
}

#[derive(Serialize)]
struct JsonHolds<'a> {
    scope: &'static str,
    proof: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    assume: Option<Vec<&'static str>>,
    text: &'a str,
}

/// The whole report, with a line break at its end.
#[must_use]
pub fn render(judged: &Judged) -> String {
    let Counts { errors, warnings, notes, files, objects, templates } = judged.counts;
    let report = Report {
        version: 1,
        findings: judged.findings.iter().map(|placed| finding(&judged.index, placed)).collect(),
        summary: Summary { errors, warnings, notes, files, objects, templates },
        cluster: judged.on_cluster.as_ref().map(cluster),
    };
    let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
    text.push('\n');
    text
}

fn cluster(found: &OnCluster) -> JsonCluster<'_> {
    let OnCluster { name, nodes, placed, unjudged, .. } = found;
    let unjudged = unjudged
        .iter()
        .map(|(one, why)| JsonUnjudged { object: object(one), why: words::why::unjudged(why) });
    JsonCluster { name, nodes: *nodes, placed: *placed, unjudged: unjudged.collect() }
}

fn object(of: &ObjectRef) -> JsonObject<'_> {
    JsonObject {
        api_version: &of.api_version,
        kind: &of.kind,
        namespace: &of.namespace,
        name: &of.name,
    }
}

fn finding<'a>(index: &'a Index, placed: &'a Placed) -> JsonFinding<'a> {
    let finding = &placed.finding;
    let primary = placed.primary();
    let object = &finding.object;
    let certificate = finding.evidence.as_ref().and_then(Evidence::certificate);
    let verdict = finding.verdict.as_str();
    let wire = certificate.map(|certificate| to_json(verdict, certificate));
    JsonFinding {
        v: 1,
        code: finding.code.as_str(),
        severity: finding.severity.as_str(),
        verdict,
        fingerprint: fingerprint(index, placed),
        file: placed.file_name(index),
        line: primary.line,
        column: primary.column,
        origin: origin(index, placed),
        object: (!object.kind.is_empty()).then_some(self::object(object)),
        message: &finding.message,
        suggestion: finding.suggestion.as_deref(),
        labels: placed
            .labels
            .iter()
            .enumerate()
            .map(|(position, one)| label(index, one, position == 0))
            .collect(),
        why: finding.why.as_deref(),
        now: &finding.now,
        help: ways_out(index, placed),
        holds: JsonHolds {
            scope: finding.holds.scope.as_str(),
            proof: finding.holds.proof,
            assume: certificate
                .map(|certificate| certificate.assume.iter().map(|axiom| axiom.as_str()).collect()),
            text: &finding.holds.text,
        },
        core: certificate.map(|certificate| certificate.core.as_slice()),
        proof: wire.and_then(|mut wire| wire.get_mut("proof").map(serde_json::Value::take)),
    }
}

fn label<'a>(index: &'a Index, label: &'a PlacedLabel, primary: bool) -> JsonLabel<'a> {
    let (start, end) = points(label.place);
    JsonLabel {
        primary,
        text: &label.text,
        file: file_name(index, label.place),
        start,
        end,
        path: label.path.as_ref().map(FieldPath::to_string),
        in_value: label.in_value.map(|(line, column)| Point { line, column }),
    }
}

/// The help and, last, the fix.
fn ways_out<'a>(index: &'a Index, placed: &'a Placed) -> Vec<JsonHelp<'a>> {
    let Finding { help, fix, .. } = &placed.finding;
    let mut ways: Vec<JsonHelp<'a>> = help
        .iter()
        .map(|way| JsonHelp {
            text: match way.yields.as_str() {
                "" => way.text.clone(),
                yields => format!("{} {yields}", way.text),
            },
            safety: "suggested",
            lines: &way.lines,
            edits: Vec::new(),
        })
        .collect();
    if let Some(fix) = fix {
        let of_text = fix.edits.iter().all(|edit| edit.change == Change::Text);
        let edits = if of_text { as_said(index, placed) } else { as_written(index, placed) };
        let text: Vec<String> = fix.edits.iter().map(Edit::line).collect();
        ways.push(JsonHelp {
            text: text.join(", "),
            safety: if fix.safe { "safe" } else { "unsafe" },
            lines: &[],
            edits,
        });
    }
    ways
}

/// Edits of text, as the fix says them.
fn as_said<'a>(index: &'a Index, placed: &'a Placed) -> Vec<JsonEdit<'a>> {
    let edits = placed.finding.fix.iter().flat_map(|fix| &fix.edits).zip(&placed.edits);
    let said = edits.map(|(edit, place)| {
        let (start, end) = points(*place);
        JsonEdit {
            path: edit.site.path.to_string(),
            old: Cow::Borrowed(&edit.old),
            new: Cow::Borrowed(&edit.new),
            file: file_name(index, *place),
            start,
            end,
        }
    });
    said.collect()
}

/// Edits of values, as edits of the text.
fn as_written<'a>(index: &'a Index, placed: &'a Placed) -> Vec<JsonEdit<'a>> {
    let first = placed.finding.fix.as_ref().and_then(|fix| fix.edits.first());
    let path = first.map(|edit| edit.site.path.to_string()).unwrap_or_default();
    let written = in_text(index, placed).unwrap_or_default().into_iter().filter_map(|edit| {
        let source = &index.files.get(edit.file)?.source;
        let point = |byte: u32| {
            let (line, column) = source.line_column(byte);
            Point { line, column }
        };
        Some(JsonEdit {
            path: path.clone(),
            old: Cow::Borrowed(source.slice(edit.span)),
            file: &source.name,
            start: point(edit.span.start),
            end: point(edit.span.end),
            new: Cow::Owned(edit.new),
        })
    });
    written.collect()
}

fn file_name(index: &Index, place: Place) -> &str {
    index.files.get(place.file).map_or("", |file| &file.source.name)
}

fn points(place: Place) -> (Point, Point) {
    let Place { line, column, end_column, .. } = place;
    (Point { line, column }, Point { line, column: end_column })
}
