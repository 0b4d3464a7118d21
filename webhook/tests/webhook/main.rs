//! The webhook as a whole: its router without a socket, its listener with one, its process, and
//! its look-ups against a stand-in for the API server.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails by panicking"
)]

mod binary;
mod certificates;
mod clients;
mod cluster;
mod decision;
mod http;
mod slow;
mod socket;
mod support;
mod vocabulary;
mod watch;
