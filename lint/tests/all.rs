//! One binary: linking is what takes the time of building tests.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod adopt;
mod any_cluster;
mod any_input;
mod bounds;
mod claims;
mod cli;
mod closed_world;
mod config;
mod definitions;
mod expand;
mod fix_properties;
mod fixes;
mod formats;
mod golden;
mod hooks;
mod ignores;
mod intent;
mod live;
mod lsp;
mod plan;
mod ran;
mod selection;
mod status;
mod watch;
mod why;
