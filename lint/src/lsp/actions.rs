//! Fixes as an editor offers them. What is offered was tried: the text reads as before but for what
//! is mended, and the finding is gone.

use std::collections::HashMap;

use gen_lsp_types::{CodeAction, CodeActionKind, Range, TextEdit, Uri, WorkspaceEdit};
use placecard_findings::Edit;

use crate::comments::can_be_silenced;
use crate::fingerprint::fingerprint;
use crate::fix::{Fixer, fixed, mended};
use crate::index::Index;
use crate::load::{Format, NodeKind, Source, Span};
use crate::render::place::Placed;

use super::diagnostics::{diagnostic, own};
use super::documents::{Document, Documents};
use super::judging::{Checked, Judge};

/// So many findings of a range are tried.
const MAX_TRIED: usize = 8;
/// The kind of the action that mends all.
pub(super) const FIX_ALL: &str = "source.fixAll.placecard";
/// What is written for a person to replace.
const REASON: &str = "say why";

/// What is asked.
pub(super) struct Asked<'a> {
    pub(super) documents: &'a Documents,
    pub(super) document: &'a Document,
    pub(super) checked: &'a Checked,
    pub(super) range: Range,
    /// The kinds that are wanted; `None`: all.
    pub(super) only: Option<Vec<String>>,
}

impl Asked<'_> {
    /// Fixes, comments that ignore, and the one for all.
    pub(super) fn actions(&self) -> Vec<CodeAction> {
        let Ok(mut judge) = Judge::new(self.documents, self.document) else { return Vec::new() };
        let mut actions = Vec::new();
        if self.wants("quickfix") {
            for placed in self.here().take(MAX_TRIED) {
                actions.extend(self.fix(placed, &mut judge));
                actions.extend(self.ignore(placed, &mut judge));
            }
        }
        if self.wants(FIX_ALL) {
            actions.extend(self.fix_all(&mut judge));
        }
        actions
    }

    fn wants(&self, kind: &str) -> bool {
        let covers = |wanted: &String| {
            wanted.is_empty() || kind == wanted || kind.starts_with(&format!("{wanted}."))
        };
        self.only.as_ref().is_none_or(|only| only.iter().any(covers))
    }

    /// The findings that the range touches.
    fn here(&self) -> impl Iterator<Item = &Placed> {
        let byte = |position| self.document.text.offset(position, self.documents.encoding);
        let (start, end) = (byte(self.range.start), byte(self.range.end));
        own(self.checked).filter(move |placed| {
            let span = placed.primary().span;
            span.start <= end && start <= span.end
        })
    }

    fn index(&self) -> &Index {
        &self.checked.judged.index
    }

    fn source(&self) -> Option<&Source> {
        self.index().files.first().map(|file| &file.source)
    }

    fn fix(&self, placed: &Placed, judge: &mut Judge) -> Option<CodeAction> {
        let fix = placed.finding.fix.as_ref()?;
        let (edits, text) = mended(self.index(), placed)?;
        // The others stay as they are.
        if edits.iter().any(|edit| edit.file != 0) || !self.mends(&text, placed, judge) {
            return None;
        }
        let said: Vec<String> = fix.edits.iter().map(Edit::line).collect();
        let unsafe_too = if fix.safe { "" } else { " (needs a look)" };
        let title = format!("{}{unsafe_too}", shortened(&said.join(", ")));
        let edits = edits.into_iter().map(|edit| self.edit(edit.span, edit.new)).collect();
        let action = self.action(title, CodeActionKind::QuickFix, edits);
        Some(CodeAction { is_preferred: fix.safe.then_some(true), ..self.about(placed, action) })
    }

    /// A comment above what a finding is about, or at the end of its line.
    fn ignore(&self, placed: &Placed, judge: &mut Judge) -> Option<CodeAction> {
        let source = self.source()?;
        let at = placed.primary().span.start;
        if !can_be_silenced(placed.finding.verdict) {
            return None;
        }
        let documents = self.index().documents(0);
        let document = documents
            .iter()
            .find(|one| one.span.start <= at && at <= one.span.end && one.format == Format::Yaml)?;
        let strings = document.tree(source).arena.nodes.iter().filter(|node| {
            let scalar = matches!(node.kind, NodeKind::Scalar { .. });
            scalar && node.outer_start <= at && at <= node.span.end
        });
        let begins = strings.map(|node| node.outer_start).min().unwrap_or(at);
        let (number, _) = source.line_column(begins);
        let line = source.line(number);
        let start = source.line_starts().get(number as usize - 1).copied()?;
        let code = placed.finding.code.as_str();
        let comment = format!("# placecard: ignore[{code}] {REASON}");
        let blanks = line.get(..line.len() - line.trim_start().len())?;
        let ends = source.line_break();
        let end = start + u32::try_from(line.len()).ok()?;
        for (byte, new) in
            [(start, format!("{blanks}{comment}{ends}")), (end, format!("   {comment}"))]
        {
            let text = with(source, Span::at(byte), &new)?;
            if self.mends(&text, placed, judge) {
                let edits = vec![self.edit(Span::at(byte), new)];
                let title = format!("ignore {code} here");
                let action = self.action(title, CodeActionKind::QuickFix, edits);
                return Some(self.about(placed, action));
            }
        }
        None
    }

    /// All safe fixes, as `placecard lint --fix` writes them.
    fn fix_all(&self, judge: &mut Judge) -> Option<CodeAction> {
        if !own(self.checked).any(|one| one.finding.fix.as_ref().is_some_and(|fix| fix.safe)) {
            return None;
        }
        let files = judge.files.clone();
        let mut again = |files| judge.judge(files);
        let fixed = fixed(files, &mut Fixer { with_unsafe: false, judge: &mut again }).ok()?;
        let (_, old, new) = fixed.changed.iter().find(|(file, _, _)| *file == 0)?;
        let (span, text) = between(old, new);
        let edits = vec![self.edit(span, text)];
        let kind = CodeActionKind::Custom(FIX_ALL.into());
        Some(self.action("mend all that is safe to mend".to_owned(), kind, edits))
    }

    /// Whether a text lacks the finding and has no other one of this kind.
    fn mends(&self, text: &str, placed: &Placed, judge: &mut Judge) -> bool {
        let Some(source) = self.source() else { return false };
        let mut files = judge.files.clone();
        if let Some((_, input)) = files.first_mut() {
            input.bytes = source.with_mark(text).into_bytes();
        }
        let print = fingerprint(self.index(), placed);
        let count = |index: &Index, findings: &[Placed]| {
            findings.iter().filter(|one| fingerprint(index, one) == print).count()
        };
        let before = &self.checked.judged;
        judge.judge(files).is_ok_and(|after| {
            count(&after.index, &after.findings) < count(&before.index, &before.findings)
                && after.findings.len() < before.findings.len()
        })
    }

    fn edit(&self, span: Span, new_text: String) -> TextEdit {
        TextEdit { range: self.document.text.range(span, self.documents.encoding), new_text }
    }

    fn action(&self, title: String, kind: CodeActionKind, edits: Vec<TextEdit>) -> CodeAction {
        let changes = HashMap::from([(Uri(self.document.uri.clone()), edits)]);
        let edit = WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() };
        CodeAction { title, kind: Some(kind), edit: Some(edit), ..CodeAction::default() }
    }

    fn about(&self, placed: &Placed, action: CodeAction) -> CodeAction {
        let told = diagnostic(self.documents, self.document, self.index(), placed);
        CodeAction { diagnostics: Some(vec![told]), ..action }
    }
}

fn with(source: &Source, span: Span, new: &str) -> Option<String> {
    let before = source.text.get(..span.start as usize)?;
    let after = source.text.get(span.end as usize..)?;
    Some(format!("{before}{new}{after}"))
}

/// A title is one line.
fn shortened(text: &str) -> String {
    let line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect();
    if line.len() < text.len() { format!("{line}…") } else { line }
}

/// What differs: whole lines between those that are the same.
fn between(old: &str, new: &str) -> (Span, String) {
    let same = |(one, other): &(&str, &str)| one == other;
    let length = |lines: Vec<(&str, &str)>| lines.iter().map(|(one, _)| one.len()).sum::<usize>();
    let olds: Vec<&str> = old.split_inclusive('\n').collect();
    let news: Vec<&str> = new.split_inclusive('\n').collect();
    let pairs = olds.iter().copied().zip(news.iter().copied());
    let start = length(pairs.take_while(same).collect());
    let (rest, other) =
        (old.get(start..).unwrap_or_default(), new.get(start..).unwrap_or_default());
    let ends = rest.split_inclusive('\n').rev().zip(other.split_inclusive('\n').rev());
    let end = length(ends.take_while(same).collect());
    let number = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
    let text = other.get(..other.len() - end).unwrap_or_default().to_owned();
    (Span::new(number(start), number(old.len() - end)), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_replaced() {
        for (old, new, expected) in [
            ("a\nb\nc\n", "a\nx\nc\n", (2, 4, "x\n")),
            ("a\nb\nc\n", "a\nc\n", (2, 4, "")),
            ("a\nc\n", "a\nb\nc\n", (2, 2, "b\n")),
            ("a\na\n", "a\n", (2, 4, "")),
            ("a", "b", (0, 1, "b")),
            ("a\n", "a\n", (2, 2, "")),
        ] {
            let (span, text) = between(old, new);
            assert_eq!((span.start, span.end, text.as_str()), expected, "{old:?} {new:?}");
        }
    }
}
