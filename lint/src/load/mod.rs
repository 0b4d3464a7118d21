//! From bytes to documents with exact spans.
//!
//! ```text
//! files::collect -> Source::new -> load(&source) -> Vec<Document>
//!                                                   |- value, objects   what the rules see
//!                                                   |- locate, inside   where it is written
//!                                                   |- splice           the text with new values
//!                                                   `- problems         what could not be read
//! ```
//!
//! Scalars are read as Kubernetes' Go libraries read them (`sigs.k8s.io/yaml` over go-yaml v2), so
//! the values are those that `kubectl apply` would send. A broken document does not hide the
//! others. Everything is bounded: nesting, alias expansion, the number of problems.
//!
//! The syntax is that of YAML 1.2, Go's is 1.1. Known differences, all rare: `\/` and `\ud83d\ude00`
//! are escapes here and not there, `\'` there and not here; U+0085, U+2028 and U+2029 break lines
//! there; a `#` right after a quote, or a `|` in the first column, is refused here.

mod arena;
mod document;
mod edit;
mod emit;
mod files;
mod inside;
mod joined;
mod json;
mod lines;
mod locate;
mod part;
mod problem;
mod scalar;
mod source;
mod splice;
mod value;
mod yaml;

#[cfg(test)]
mod tests;

pub use arena::{Arena, Comment, Node, NodeId, NodeKind, Style};
pub use document::{Document, Format, MAX_PROBLEMS, ObjectAt, Tree, load, load_by_parser};
pub use emit::{emit_yaml, needs_quotes};
pub use files::{
    CollectError, Found, Input, MANIFESTS, MAX_BYTES, Wanted, collect, find, open, words,
};
pub use inside::{Piece, TextMap, inside, text_map};
pub(crate) use json::looks_like_json;
pub use locate::{Located, locate};
pub use part::{Part, Patch, part_of};
pub use problem::{Problem, ProblemKind, Syntax, describe};
pub use scalar::{Resolved, resolve_plain};
pub use source::{Source, Span};
pub use splice::{Refusal, Set, applied, splice, splice_part};
