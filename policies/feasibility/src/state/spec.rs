//! What pods have in common that were made from the same template.

use super::ports::Port;
use super::rows::Amount;
use super::score::loads::Pair;
use crate::inventory::pod::PodSpec;
use crate::shared::Shared;

/// A spec, and what is worked out from it.
#[derive(Clone, Debug, Default)]
pub(super) struct Spec {
    /// What the pods say.
    pub(super) template: Shared<PodSpec>,
    /// What such a pod takes from its node.
    pub(super) amount: Amount,
    /// What it counts for scores, which assume CPU and memory that it does not ask for.
    pub(super) assumed: Pair,
    /// The host ports that it takes.
    pub(super) ports: Box<[Port]>,
}
