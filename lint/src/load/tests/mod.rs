//! Tests of the loader as a whole; tables of one part stand beside the code.

pub(super) mod generate;
mod inside;
mod lines;
mod read;
mod scalars;
mod splice;

use super::{Document, Source, load};

/// The only document of a text.
#[track_caller]
fn only(text: &str) -> (Source, Document) {
    let source = Source::new("test.yaml", text.as_bytes());
    let mut documents = load(&source);
    assert_eq!(documents.len(), 1, "{text:?}: {documents:#?}");
    (source, documents.remove(0))
}
