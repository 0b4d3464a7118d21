//! The admission webhook: reads AdmissionReviews, looks up what a decision needs, and answers.

pub mod admission;
pub mod decide;
pub mod respond;
