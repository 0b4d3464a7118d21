//! Lists and watches against a stand-in for the API server that does whatever a test says.

mod closed;
mod coordinate;
mod follow;
mod groups;
mod index;
mod server;
