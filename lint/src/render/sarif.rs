//! SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>), for code
//! scanning. The structs are those parts of the format that are written.

use std::collections::BTreeMap;

use placecard_findings::{Edit, Finding, ObjectRef, Severity};
use placecard_language::keys;
use serde::Serialize;

use crate::explain;
use crate::fingerprint::fingerprint;
use crate::fix::{TextEdit, in_text};
use crate::index::Index;
use crate::origin::origin;
use crate::render::Report;
use crate::render::place::{Place, Placed, PlacedLabel};
use crate::render::uri::{is_relative, uri};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What relative URIs are relative to: the folder in which placecard ran.
const BASE: &str = "%SRCROOT%";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    invocations: [Invocation; 1],
    column_kind: &'static str,
    original_uri_base_ids: BTreeMap<&'static str, Base>,
    results: Vec<SarifResult<'a>>,
}

#[derive(Serialize)]
struct Base {
    description: Message,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    semantic_version: &'static str,
    information_uri: String,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
    help: Help,
    help_uri: String,
    default_configuration: Configuration,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct RuleProperties {
    tags: Vec<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location<'a>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location<'a>>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Fix<'a>>,
    properties: ResultProperties<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
    physical_location: PhysicalLocation<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation<'a> {
    artifact_location: ArtifactLocation,
    region: Region<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region<'a> {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<Content<'a>>,
}

#[derive(Serialize)]
struct Content<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix<'a> {
    description: Message,
    artifact_changes: Vec<ArtifactChange<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange<'a> {
    artifact_location: ArtifactLocation,
    replacements: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'a> {
    deleted_region: Region<'a>,
    inserted_content: Inserted,
}

#[derive(Serialize)]
struct Inserted {
    text: String,
}

#[derive(Serialize)]
struct ResultProperties<'a> {
    verdict: &'static str,
    holds: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
}

/// The whole log, with a line break at its end.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let judged = report.judged;
    let mut codes: Vec<&'static str> =
        judged.findings.iter().map(|placed| placed.finding.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let results = judged.findings.iter().map(|placed| result(&judged.index, &codes, placed));
    let exit_code = report.exit_code();
    let base = "the folder in which placecard ran".to_owned();
    let base = Base { description: Message { text: base } };
    let run = Run {
        tool: tool(&codes),
        invocations: [Invocation { execution_successful: exit_code < 2, exit_code }],
        column_kind: "unicodeCodePoints",
        original_uri_base_ids: BTreeMap::from([(BASE, base)]),
        results: results.collect(),
    };
    let log = Log { schema: SCHEMA, version: "2.1.0", runs: [run] };
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

/// The page of a code on the web.
#[must_use]
pub fn help_uri(code: &str) -> String {
    format!("https://{}codes/{code}", keys::PREFIX)
}

fn tool(codes: &[&'static str]) -> Tool {
    let version = env!("CARGO_PKG_VERSION");
    let rows = explain::rows();
    let rules = codes.iter().filter_map(|code| rows.iter().find(|row| row.code == *code));
    Tool {
        driver: Driver {
            name: "placecard",
            version,
            semantic_version: version,
            information_uri: format!("https://{}", keys::PREFIX),
            rules: rules.map(rule).collect(),
        },
    }
}

fn rule(row: &explain::Row) -> Rule {
    let markdown = explain::explain(row.code).unwrap_or_default();
    let mut tags = vec![row.family, row.verdict.as_str()];
    tags.dedup();
    Rule {
        id: row.code,
        short_description: Message { text: row.summary.to_owned() },
        help: Help { text: markdown.clone(), markdown },
        help_uri: help_uri(row.code),
        default_configuration: Configuration { level: row.severity.as_str() },
        properties: RuleProperties { tags },
    }
}

fn result<'a>(index: &'a Index, codes: &[&'static str], placed: &'a Placed) -> SarifResult<'a> {
    let finding = &placed.finding;
    let code = finding.code.as_str();
    let primary = placed.labels.first();
    let place = placed.primary();
    let logical = (!finding.object.kind.is_empty()).then(|| logical(&finding.object));
    let location =
        Location { logical_locations: logical.into_iter().collect(), ..at(index, place) };
    // What stands at the primary place is part of the message: few readers show it otherwise.
    let label = primary.filter(|label| !label.text.is_empty() && finding.suggestion.is_none());
    let mut links: Vec<String> = label.map(|label| label.text.clone()).into_iter().collect();
    let mut related = Vec::new();
    for (position, label) in placed.labels.iter().enumerate().skip(1) {
        links.push(format!("[{}]({position})", in_link(label)));
        let message = Some(Message { text: label.text.clone() });
        let message = message.filter(|message| !message.text.is_empty());
        related.push(Location { id: Some(position), message, ..at(index, label.place) });
    }
    let hash = fingerprint(index, placed);
    SarifResult {
        rule_id: code,
        rule_index: codes.iter().position(|one| *one == code).unwrap_or_default(),
        level: level(finding.severity),
        message: Message { text: message(finding, &links) },
        locations: [location],
        related_locations: related,
        partial_fingerprints: BTreeMap::from([("placecardCore/v1", hash)]),
        fixes: fixes(index, placed).into_iter().collect(),
        properties: ResultProperties {
            verdict: finding.verdict.as_str(),
            holds: &finding.holds.text,
            origin: origin(index, placed),
        },
    }
}

/// The levels of SARIF have the names of our severities.
const fn level(severity: Severity) -> &'static str {
    severity.as_str()
}

fn message(finding: &Finding, links: &[String]) -> String {
    let mut text = finding.line();
    if !links.is_empty() {
        text.push_str(&format!(" ({})", links.join(", ")));
    }
    for way in &finding.help {
        text.push_str(&format!("\nhelp: {}", way.text));
    }
    text
}

/// The text of a link: brackets would end it.
fn in_link(label: &PlacedLabel) -> String {
    let text = match label.text.as_str() {
        "" => "and here",
        text => text,
    };
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '[' | ']' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

fn at(index: &Index, place: Place) -> Location<'_> {
    let (artifact, region) = region(index, place);
    Location {
        id: None,
        message: None,
        physical_location: PhysicalLocation { artifact_location: artifact, region },
        logical_locations: Vec::new(),
    }
}

fn region(index: &Index, place: Place) -> (ArtifactLocation, Region<'_>) {
    let Place { file, line, column, end_column, span } = place;
    let source = index.files.get(file).map(|file| &file.source);
    let text = source.map(|source| source.slice(span)).unwrap_or_default();
    let region = Region {
        start_line: line.max(1),
        start_column: column.max(1),
        end_line: line.max(1),
        end_column: end_column.max(column).max(1),
        snippet: Some(Content { text }).filter(|snippet| !snippet.text.is_empty()),
    };
    (artifact(source.map_or("", |source| &source.name)), region)
}

fn deleted<'a>(index: &'a Index, edit: &TextEdit) -> Region<'a> {
    let source = index.files.get(edit.file).map(|file| &file.source);
    let at = |byte: u32| source.map_or((1, 1), |source| source.line_column(byte));
    let ((start_line, start_column), (end_line, end_column)) =
        (at(edit.span.start), at(edit.span.end));
    let text = source.map(|source| source.slice(edit.span)).unwrap_or_default();
    let snippet = Some(Content { text }).filter(|snippet| !snippet.text.is_empty());
    Region { start_line, start_column, end_line, end_column, snippet }
}

fn artifact(name: &str) -> ArtifactLocation {
    ArtifactLocation { uri: uri(name), uri_base_id: is_relative(name).then_some(BASE) }
}

fn logical(object: &ObjectRef) -> LogicalLocation {
    let ObjectRef { api_version, kind, namespace, name } = object;
    let namespace = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
    LogicalLocation {
        name: name.clone(),
        fully_qualified_name: format!("{api_version}/{kind}/{namespace}{name}"),
        kind: "resource",
    }
}

/// The fix, if it can be said in edits of the text.
fn fixes<'a>(index: &'a Index, placed: &'a Placed) -> Option<Fix<'a>> {
    let fix = placed.finding.fix.as_ref()?;
    let edits = in_text(index, placed)?;
    let text: Vec<String> = fix.edits.iter().map(Edit::line).collect();
    let mut text = text.join(", ");
    if !fix.safe {
        text.push_str(" (needs a look)");
    }
    let mut changes: BTreeMap<usize, Vec<Replacement<'a>>> = BTreeMap::new();
    for edit in edits {
        let deleted_region = deleted(index, &edit);
        let inserted_content = Inserted { text: edit.new };
        changes
            .entry(edit.file)
            .or_default()
            .push(Replacement { deleted_region, inserted_content });
    }
    let changes = changes.into_iter().map(|(file, replacements)| ArtifactChange {
        artifact_location: artifact(index.files.get(file).map_or("", |file| &file.source.name)),
        replacements,
    });
    Some(Fix { description: Message { text }, artifact_changes: changes.collect() })
}
