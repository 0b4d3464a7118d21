//! Annotated objects before a real API server, scheduler and controllers, through our webhook as
//! the chart installs it. Every test looks at the node of every pod.

mod near_and_apart;
mod nodes;
mod spread;
mod stage;
mod world;
