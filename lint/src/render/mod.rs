//! Findings as text: one renderer a file.

pub mod human;
pub mod json;
pub mod place;
pub mod short;
pub mod style;
pub mod window;
