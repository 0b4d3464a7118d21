//! The admission webhook: reads AdmissionReviews, looks up what a decision needs, and answers.

pub mod admission;
pub mod args;
pub mod audit;
pub mod certificates;
pub mod clients;
pub mod closed;
pub mod cluster;
mod connections;
pub mod coordinate;
pub mod decide;
pub mod files;
pub mod guards;
pub mod leader;
pub mod listen;
pub mod metrics;
mod moment;
pub mod readiness;
mod recent;
pub mod respond;
pub mod serve;
pub mod source;
pub mod start;
pub mod telemetry;
pub mod vocabulary;
pub mod watch;
pub mod write;
