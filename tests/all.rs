//! The one test binary of this crate: what no single crate can test.
//!
//! One binary links once; a module is one subject. The modules named `e2e…` need the control plane
//! (`make controlplane`), and `make test` counts them by that name where there is no Go.

/// The shape of the code base: crate graph, one table of keys, pages, sizes, reasons.
mod tidy;
