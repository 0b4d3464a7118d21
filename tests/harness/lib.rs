//! What the tests of this crate share.

/// A real API server, scheduler and controllers, and requests to them.
pub mod controlplane;
