//! Properties of the label algebra and of the decisions built on it, each judged by looking at
//! every value, node or pod of a small universe.

mod any_cluster;
mod contradiction;
mod domain;
mod node_terms;
mod placement;
mod pod_affinity;
mod selector;
mod universe;
