//! Expansion, contradictions and the one [`review`](review::review) that linter and webhook share.
//!
//! Values in, values out: the front ends read objects and collect [`surroundings::Surroundings`];
//! this crate says what is to be added to the pods and what is wrong. No IO, no clock, no logging,
//! and no input makes it panic.

pub mod admission;
pub mod admission_policy;
pub mod adopt;
mod applied;
pub mod audit;
pub mod bounds;
pub mod certificate;
pub mod change;
pub mod claims;
pub mod closed;
pub mod cluster;
mod contradict;
pub mod coordination;
pub mod directory;
mod expand;
pub mod family;
pub mod fields;
mod frame;
pub mod judge_case;
pub mod kinds;
pub mod live;
pub mod mode;
mod native;
pub mod node_templates;
pub mod object;
pub mod patch;
pub mod placed;
pub mod placement_request;
pub mod read;
mod resource_definition;
pub mod review;
pub mod rules;
pub mod scheduler_configuration;
pub mod scheduling;
pub mod snapshot;
mod standing;
pub mod stored;
pub mod surroundings;
pub mod template_pod;
mod trouble;
pub mod unreadable;
pub mod vocabulary;
mod volumes;
pub mod why;
pub mod words;

pub use placecard_feasibility as feasibility;
pub use placecard_findings as findings;
pub use placecard_language as language;
