//! The label algebra and the scheduler's rules, as pure functions over plain data.
//!
//! Read in this order:
//!
//! 1. [`label`]: what a label key and a label value may look like, and which values are integers.
//! 2. [`requirement`]: one `key operator values` as written, and what the scheduler makes of it.
//! 3. [`domain`]: the set of values one label may have; contradictions come out of its algebra.
//! 4. [`selector`]: label selectors over pods; [`node_terms`]: node selector terms, their products,
//!    negations and disjoint forms.
//! 5. [`contradiction`]: can any node meet all demands of a pod? If not, a minimal clashing set.
//! 6. [`pod_affinity`]: can any other pod be the companion that a pod requires? [`any_cluster`]:
//!    can some cluster take the whole pod? It is given, or a proof that there is none.
//! 7. [`tolerations`]: which taints a toleration opens.
//! 8. [`placement`]: a plain reading of the scheduler's filters, the judge in property tests.
//! 9. [`quantity`] and [`inventory`]: a whole cluster as plain values; [`filter`]: the scheduler's
//!    filters, one a file; [`judge`]: what they say together of one pod and every node; [`score`]:
//!    which of the nodes that pass is best; [`profile`]: which of all this a scheduler is told to
//!    run; [`rank`]: filter, score and adapt, one after the other.
//! 10. [`bounds`]: how many replicas can ever run; [`certificate`]: why something can not be, as
//!     data that a small checker verifies; [`verdict`]: what is said in the end, with what it rests
//!     on in its type.
//! 11. [`state`]: what [`judge`] says, of a cluster that is kept up to date, and fast.
//! 12. [`relax`]: where a pod stands that fits nowhere now: [`preemption`], [`node_template`],
//!     [`empty_inventory`], and what its namespace lets in, [`limit_range`] and [`quota`]; and
//!     [`closed_inventory`]: why it never will, if no other kinds of nodes come.
//! 13. [`room`]: how many pods that are alike the nodes of a cluster take at once.
//! 14. [`batches`]: pods of several roles that go to one topology domain together.
//!
//! Nothing here reads a file, a clock or the environment, and nothing panics on any input. What a
//! user wrote wrongly is data ([`requirement::Flaw`]), never an error of this crate. An operator
//! that is not known today is *opaque*: it is never used to prove anything.

pub mod any_cluster;
pub mod batches;
pub mod bounds;
pub mod certificate;
pub mod closed_inventory;
pub mod contradiction;
pub mod domain;
pub mod empty_inventory;
pub mod filter;
pub mod inventory;
pub mod judge;
pub mod label;
pub mod limit_range;
mod negation;
pub mod node_template;
pub mod node_terms;
pub mod placement;
pub mod pod_affinity;
pub mod preemption;
pub mod profile;
pub mod quality_of_service;
pub mod quantity;
pub mod quota;
pub mod rank;
pub mod relax;
pub mod requirement;
pub mod room;
pub mod score;
pub mod selector;
pub mod shared;
mod solve;
pub mod state;
pub mod tolerations;
pub mod verdict;
