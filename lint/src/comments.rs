//! Comments that silence findings: `# placecard: ignore[CODE, CODE] REASON`.
//!
//! At the end of a line a comment is about what begins in that line, in a line of its own about what
//! begins in the next, and above the first line of a document about all of it. What begins in a line
//! is the line, and a string over several lines to its end. The webhook sees no comments: what it
//! would refuse is refused, so a comment silences what the annotation `ignore` may silence, and what
//! only the linter says.

mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use placecard_findings::{Edit, Finding, Fix, Help, Label, ObjectRef, Severity, Site, Verdict};
use placecard_language::suggest::nearest;
use placecard_policies::rules;

use crate::explain;
use crate::index::{File, Index, Role};
use crate::load::{Comment, Document, NodeKind, Source, Span};
use crate::load_codes;
use crate::render::place::{Placed, place_span};
use crate::run::Judged;

use read::{Directive, Flaw, Named, directive};

/// A comment and what it is about.
struct Ignore {
    file: usize,
    comment: Span,
    /// It has no other thing in its line.
    alone: bool,
    lines: RangeInclusive<u32>,
    codes: Vec<Code>,
}

struct Code {
    name: String,
    span: Span,
    /// It is a code that may be silenced.
    known: bool,
    used: bool,
}

/// Takes out what comments silence, and adds what is to be said of the comments.
pub(crate) fn apply(judged: &mut Judged) {
    let mut told = Vec::new();
    let mut ignores: BTreeMap<usize, Vec<Ignore>> = BTreeMap::new();
    for (number, file) in judged.index.files.iter().enumerate() {
        // Most files have none: nothing is looked at twice.
        if file.source.text.contains(read::MARK) {
            let on_cluster = judged.on_cluster.is_some();
            let found = of_file(&judged.index, (number, file), on_cluster, &mut told);
            ignores.insert(number, found);
        }
    }
    if ignores.is_empty() {
        return;
    }
    judged.retain(|_, placed| {
        let place = placed.primary();
        let here = ignores.get_mut(&place.file);
        let here = here.filter(|_| can_be_silenced(placed.finding.verdict));
        let code = placed.finding.code.as_str();
        let mut about = here.into_iter().flatten().filter(|one| one.lines.contains(&place.line));
        let found = about
            .find_map(|one| one.codes.iter_mut().find(|named| named.known && named.name == code));
        match found {
            Some(named) => {
                named.used = true;
                false
            }
            None => true,
        }
    });
    for ignore in ignores.values().flatten() {
        told.extend(unused(&judged.index, ignore));
    }
    judged.add(told);
}

/// The directives in the comments of a file; what cannot be read of them is told.
fn of_file(
    index: &Index,
    (number, file): (usize, &File),
    on_cluster: bool,
    told: &mut Vec<Placed>,
) -> Vec<Ignore> {
    let mut ignores = Vec::new();
    for document in file.documents().iter().filter(|document| document.readable()) {
        for comment in &document.tree(&file.source).comments {
            let text = file.source.slice(comment.span);
            let Some(Directive { codes, flaw }) = directive(text) else { continue };
            let at = |range: std::ops::Range<usize>| {
                let offset = |byte: usize| comment.span.start + u32::try_from(byte).unwrap_or(0);
                Span::new(offset(range.start), offset(range.end))
            };
            let is_judged = file.role == Role::Judged;
            if let Some((flaw, range)) = flaw {
                if is_judged {
                    told.push(malformed(index, number, at(range), &flaw));
                }
                continue;
            }
            let mut named = Vec::new();
            for Named { name, range } in codes {
                let (span, wrong) = (at(range), wrong(&name));
                let known = wrong.is_none();
                if let Some(flaw) = wrong.filter(|_| is_judged) {
                    told.push(malformed(index, number, span, &flaw));
                }
                // Without a cluster nothing can be said of one, and nothing be ignored.
                let used = !is_judged || (!on_cluster && is_of_cluster(&name));
                named.push(Code { name, span, known, used });
            }
            ignores.push(Ignore {
                file: number,
                comment: comment.span,
                alone: !comment.trailing,
                lines: lines(document, &file.source, comment),
                codes: named,
            });
        }
    }
    ignores
}

/// What is wrong with a code.
fn wrong(name: &str) -> Option<Flaw> {
    let rows = explain::rows();
    match rows.iter().find(|row| row.code == name) {
        Some(row) if can_be_silenced(row.verdict) => None,
        Some(_) => Some(Flaw::NeverSilent { code: name.to_owned() }),
        None => {
            let silent = rows.iter().filter(|row| can_be_silenced(row.verdict));
            let near = nearest(name, silent.map(|row| row.code)).map(str::to_owned);
            Some(Flaw::UnknownCode { code: name.to_owned(), near })
        }
    }
}

/// Whether the findings of a code need a cluster.
fn is_of_cluster(code: &str) -> bool {
    rules::find(code).is_some_and(|rule| rule.verdict.is_of_cluster())
}

/// Whether a comment may silence it: what an annotation may, and what is named and not there. The
/// linter sees a part of a cluster, and a person may know the rest.
pub(crate) const fn can_be_silenced(verdict: Verdict) -> bool {
    verdict.can_be_silenced() || matches!(verdict, Verdict::Unresolved)
}

/// The lines that a comment is about.
fn lines(document: &Document, source: &Source, comment: &Comment) -> RangeInclusive<u32> {
    let line_of = |byte: u32| source.line_column(byte).0;
    let tree = document.tree(source);
    if let Some(root) =
        tree.outermost().filter(|root| !comment.trailing && comment.span.start < root.outer_start)
    {
        return line_of(root.outer_start)..=line_of(document.span.end);
    }
    let own = line_of(comment.span.start);
    let mut line = own;
    if !comment.trailing {
        line += 1;
        while source.line(line).trim_start().starts_with('#') {
            line += 1;
        }
    }
    let strings = tree.arena.nodes.iter().filter(|node| {
        matches!(node.kind, NodeKind::Scalar { .. }) && line_of(node.outer_start) == line
    });
    let end = strings.map(|node| line_of(node.span.end)).max();
    line..=end.unwrap_or(line).max(line)
}

fn malformed(index: &Index, file: usize, span: Span, flaw: &Flaw) -> Placed {
    let (message, label, help) = flaw.words();
    let mut finding = finding(load_codes::INVALID_IGNORE, message);
    finding.help = vec![Help::text(help)];
    let mut placed = placed(index, file, span, finding, label);
    if let Some((old, new)) = flaw.correction() {
        placed.finding.suggestion = Some(new.to_owned());
        placed.finding.fix = Some(Fix { safe: false, edits: vec![edit(old, new)] });
        placed.edits = placed.labels.iter().map(|label| label.place).collect();
        if let Some(label) = placed.labels.first_mut() {
            label.text = format!("did you mean {new}?");
        }
    }
    placed
}

/// A finding for each code that silences nothing; one for the comment, if that is all of them.
fn unused(index: &Index, ignore: &Ignore) -> Vec<Placed> {
    let source = index.files.get(ignore.file).map(|file| &file.source);
    let Some(source) = source else { return Vec::new() };
    let idle: Vec<&Code> = ignore.codes.iter().filter(|code| code.known && !code.used).collect();
    if idle.len() == ignore.codes.len() && !idle.is_empty() {
        let names: BTreeSet<&str> = idle.iter().map(|code| code.name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let help = if ignore.alone { "delete the line" } else { "delete the comment" };
        let one = silences_nothing(index, ignore, &names.join(", "), ignore.comment, help);
        return vec![with_deletion(one, index, ignore.file, ignore.comment, source)];
    }
    let mut told = Vec::new();
    for code in idle {
        let one = silences_nothing(index, ignore, &code.name, code.span, "delete the code");
        let span = with_comma(source, code.span);
        told.push(with_deletion(one, index, ignore.file, span, source));
    }
    told
}

fn silences_nothing(index: &Index, ignore: &Ignore, names: &str, at: Span, help: &str) -> Placed {
    let message = match names.contains(',') {
        false => format!("nothing to ignore: no finding here has the code {names}"),
        true => format!("nothing to ignore: no finding here has one of {names}"),
    };
    let mut finding = finding(rules::UNUSED_IGNORE, message);
    finding.help = vec![Help::text(help)];
    placed(index, ignore.file, at, finding, "silences nothing")
}

/// A code with the comma and the blanks behind it, or before it if it is the last.
fn with_comma(source: &Source, code: Span) -> Span {
    let after = source.text.get(code.end as usize..).unwrap_or_default();
    let rest = after.trim_start_matches([' ', '\t']);
    if let Some(rest) = rest.strip_prefix(',') {
        let rest = rest.trim_start_matches([' ', '\t']);
        let length = u32::try_from(after.len() - rest.len()).unwrap_or(0);
        return Span::new(code.start, code.end + length);
    }
    let before = source.text.get(..code.start as usize).unwrap_or_default();
    let kept = before.trim_end_matches([' ', '\t', ',']);
    Span::new(u32::try_from(kept.len()).unwrap_or(code.start), code.end)
}

fn with_deletion(
    mut placed: Placed,
    index: &Index,
    file: usize,
    span: Span,
    source: &Source,
) -> Placed {
    placed.finding.fix = Some(Fix { safe: true, edits: vec![edit(source.slice(span), "")] });
    placed.edits = vec![place_span(index, file, span, "").place];
    placed
}

fn edit(old: &str, new: &str) -> Edit {
    Edit::text(Site::default(), old, new)
}

fn finding(code: placecard_findings::Code, message: String) -> Finding {
    let nowhere = Label::new(Site::default(), "");
    let mut finding = Finding::new(code, Verdict::Risk, ObjectRef::default(), message, nowhere);
    finding.severity = Severity::Warning;
    finding
}

fn placed(index: &Index, file: usize, span: Span, finding: Finding, label: &str) -> Placed {
    Placed { finding, labels: vec![place_span(index, file, span, label)], edits: Vec::new() }
}
