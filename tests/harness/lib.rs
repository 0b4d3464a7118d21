//! What the tests of this crate share.

pub mod asking;
pub mod balancer;
pub mod chart;
pub mod controlplane;
pub mod crowd;
pub mod doors;
pub mod handshake;
pub mod installation;
pub mod meddler;
pub mod passage;
pub mod process;
pub mod replica;
pub mod running;
pub mod variable;
pub mod vocabulary;
pub mod webhook;
