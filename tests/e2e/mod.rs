//! Annotated objects before a real API server, scheduler and controllers, through our webhook as
//! the chart installs it. Every test looks at the node of every pod.

mod daemon_sets;
mod kubectl;
mod leases;
mod meddling;
mod near_and_apart;
mod nodes;
mod refusals;
mod safety;
mod spread;
pub(crate) mod stage;
mod workloads;
mod world;
