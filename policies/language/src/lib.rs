//! The placement language: annotation keys, grammar, vocabulary, intents.
//!
//! Text goes in, [`intent::Intents`] and [`problem::Problem`]s come out; nothing here reads a file,
//! a clock or a cluster, and no input makes it panic.
//!
//! One way leads through: [`read::read`] takes the annotations of an object and the checked
//! [`Words`] of the cluster, which [`vocabulary_check::check`] makes from a vocabulary as written.

pub mod affinity;
pub mod ast;
pub mod checked;
pub mod codes;
pub mod complete;
pub mod coordination;
pub mod directory;
mod form;
mod ignore;
pub mod intent;
pub mod keys;
mod lease;
mod lex;
pub mod lower;
pub mod parse;
pub mod print;
pub mod problem;
pub mod read;
pub mod reference;
mod report;
mod schema;
pub mod selector;
pub mod suggest;
mod targets;
pub mod tolerate;
pub mod typed;
pub mod vocabulary;
pub mod vocabulary_check;
mod vocabulary_problem;
pub mod words;

pub use checked::{NamespaceFacts, Words};
pub use problem::{Detail, Problem};
pub use read::{Reading, read, read_labels, read_with};
