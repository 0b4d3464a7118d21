//! What the tests of this crate share.

pub mod balancer;
pub mod chart;
pub mod controlplane;
pub mod doors;
pub mod meddler;
pub mod passage;
pub mod replica;
pub mod variable;
pub mod vocabulary;
pub mod webhook;
