//! Which parts of files edits touch.

use std::collections::BTreeMap;

use super::text::TextEdit;

/// The parts that are touched already.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Ends by file and start; no two of them overlap or meet.
    parts: BTreeMap<(usize, u32), u32>,
}

impl Touched {
    /// Adds edits, unless one of them touches what is touched already or the same place; whether they
    /// were added. Among themselves they may.
    pub(super) fn add(&mut self, edits: &[TextEdit]) -> bool {
        let is_free =
            edits.iter().all(|edit| self.at(edit.file, edit.span.start, edit.span.end).is_none());
        if is_free {
            for TextEdit { file, span, .. } in edits {
                let (mut start, mut end) = (span.start, span.end);
                while let Some((from, to)) = self.at(*file, start, end) {
                    self.parts.remove(&(*file, from));
                    (start, end) = (start.min(from), end.max(to));
                }
                self.parts.insert((*file, start), end);
            }
        }
        is_free
    }

    /// The last part that overlaps or meets this one.
    fn at(&self, file: usize, start: u32, end: u32) -> Option<(u32, u32)> {
        let (&(other, from), &to) = self.parts.range(..=(file, end)).next_back()?;
        (other == file && to >= start).then_some((from, to))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::load::Span;

    proptest! {
        #[test]
        fn as_if_each_two_were_compared(
            all in vec(vec((0..2_usize, 0..40_u32, 0..4_u32), 0..4), 0..12),
        ) {
            let edit = |&(file, start, length): &(usize, u32, u32)| TextEdit {
                file,
                span: Span::new(start, start + length),
                new: String::new(),
                changes: Vec::new(),
            };
            let mut touched = Touched::default();
            let mut taken: Vec<TextEdit> = Vec::new();
            for edits in &all {
                let edits: Vec<TextEdit> = edits.iter().map(edit).collect();
                let apart = |one: &TextEdit, other: &TextEdit| {
                    let (here, there) = (one.span, other.span);
                    one.file != other.file || here.end < there.start || there.end < here.start
                };
                let free = taken.iter().all(|other| edits.iter().all(|one| apart(one, other)));
                prop_assert_eq!(touched.add(&edits), free, "{:?} in {:?}", edits, taken);
                if free {
                    taken.extend(edits);
                }
            }
        }
    }
}
