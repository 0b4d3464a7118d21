//! The placement language: annotation keys, grammar, vocabulary, intents.
//!
//! Text goes in, [`intent::Intents`] and [`problem::Problem`]s come out; nothing here reads a file,
//! a clock or a cluster, and no input makes it panic.

pub mod intent;
pub mod problem;
pub mod vocabulary;
