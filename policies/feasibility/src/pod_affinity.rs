//! Required pod affinity and anti-affinity of one pod: can any other pod be its companion?
//!
//! Semantics: `pkg/scheduler/framework/plugins/interpodaffinity` of Kubernetes 1.34. An existing
//! pod counts as a companion only if it matches *all* required affinity terms.

use crate::label::Labels;
use crate::selector::Selector;

/// One term of pod affinity or anti-affinity, `matchLabelKeys` already merged.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AffinityTerm {
    /// Which pods: `None` (null) none, empty all.
    pub selector: Option<Selector>,
    /// Namespaces by name. None here and no `namespace_selector`: the pod's own.
    pub namespaces: Vec<String>,
    /// Namespaces by label, besides those by name; empty: all.
    pub namespace_selector: Option<Selector>,
    /// The node label whose equal values make two nodes one domain.
    pub topology_key: String,
}

/// The caller's name of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TermId(pub u32);

/// A term with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedTerm {
    /// The caller's name for it.
    pub id: TermId,
    /// The term.
    pub term: AffinityTerm,
}

/// The pod whose terms are judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnPod {
    /// Its namespace.
    pub namespace: String,
    /// Its labels.
    pub labels: Labels,
}

/// One requirement of a term's selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SelectorAtom {
    /// The term.
    pub term: TermId,
    /// The index into its selector's requirements.
    pub requirement: usize,
}

/// Why no pod can be placed, in every cluster whatever runs there. Each set is minimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodContradiction {
    /// A required affinity term has no selector: it matches no pod.
    NilSelector {
        /// The affinity term.
        affinity: TermId,
    },
    /// No pod can match the selectors of all these required affinity terms.
    NoCommonPod {
        /// The label that would need two values.
        key: String,
        /// The clashing requirements; all of one term if its own selector can match nothing.
        clash: Vec<SelectorAtom>,
    },
    /// No namespace is meant by all these required affinity terms.
    NoCommonNamespace {
        /// The affinity terms.
        affinity: Vec<TermId>,
    },
    /// Each pod that could satisfy `affinity` is repelled by `anti` from the very domain it must
    /// share.
    CompanionRepelled {
        /// The affinity terms that together say which pods count.
        affinity: Vec<TermId>,
        /// The anti-affinity terms that repel them all.
        anti: Vec<TermId>,
        /// The level that both name.
        topology_key: String,
    },
    /// As `CompanionRepelled`, but the pod (or its copy) may match its own affinity: the first
    /// replica can start, a second one never can.
    OneReplica {
        /// The affinity terms that together say which pods count.
        affinity: Vec<TermId>,
        /// The anti-affinity terms that repel them all.
        anti: Vec<TermId>,
        /// The level that both name.
        topology_key: String,
    },
}

/// All contradictions among the required terms of one pod; empty if none can be proved.
#[must_use]
pub fn decide(
    _affinity: &[NamedTerm],
    _anti: &[NamedTerm],
    _own: &OwnPod,
) -> Vec<PodContradiction> {
    Vec::new()
}
