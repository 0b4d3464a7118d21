//! Limit ranges: what each container, pod and claim of a namespace may ask for.

use crate::inventory::requests::Amounts;

/// A limit range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitRange {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `spec.limits`, defaults of the API filled in.
    pub items: Vec<LimitRangeItem>,
}

/// One of its rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitRangeItem {
    /// `type`.
    pub kind: LimitKind,
    /// Requests and limits must be at least this.
    pub min: Amounts,
    /// And at most this.
    pub max: Amounts,
    /// The limits of a container that has none.
    pub default: Amounts,
    /// The requests of a container that has none.
    pub default_request: Amounts,
    /// `maxLimitRequestRatio`: by how many times a limit may exceed its request.
    pub max_ratio: Amounts,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitKind {
    /// Each container, init containers too.
    Container,
    /// A pod as a whole.
    Pod,
    /// The storage that a claim asks for.
    PersistentVolumeClaim,
    /// A word that is not known; nothing today.
    #[default]
    Other,
}

impl LimitRangeItem {
    /// Fills in what the API server does: a container's default limit is the maximum, its default
    /// request the default limit, then the minimum (`SetDefaults_LimitRangeItem` of
    /// `pkg/apis/core/v1/defaults.go`).
    #[must_use]
    pub fn with_defaults(mut self) -> Self {
        if self.kind == LimitKind::Container {
            for (name, amount) in &self.max {
                self.default.entry(name.clone()).or_insert(*amount);
            }
            for (name, amount) in self.default.iter().chain(&self.min) {
                self.default_request.entry(name.clone()).or_insert(*amount);
            }
        }
        self
    }
}
