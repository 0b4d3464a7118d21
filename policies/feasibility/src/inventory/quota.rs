//! Resource quotas: what the pods of a namespace may take together.

use crate::inventory::requests::Amounts;

/// A resource quota.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceQuota {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `status.hard`; `spec.hard` where nothing has been counted yet.
    pub hard: Amounts,
    /// `status.used`; `None`: nothing has been counted yet.
    pub used: Option<Amounts>,
    /// `spec.scopes` and `spec.scopeSelector`: it counts the pods that meet all of them.
    pub scopes: Vec<QuotaScope>,
}

/// What a pod has to be for a quota to count it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaScope {
    /// The name of the scope.
    pub name: ScopeName,
    /// `scopeSelector.matchExpressions[].operator`; `Exists` for a plain scope.
    pub operator: ScopeOperator,
    /// What the name of the priority class is compared with.
    pub values: Vec<String>,
}

/// The scopes of quotas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeName {
    /// `activeDeadlineSeconds` is set.
    Terminating,
    /// It is not.
    NotTerminating,
    /// The pod asks for neither CPU nor memory.
    BestEffort,
    /// It asks for some.
    NotBestEffort,
    /// By the name of its priority class.
    PriorityClass,
    /// Its pod affinity or anti-affinity names other namespaces.
    CrossNamespacePodAffinity,
    /// A word that is not known; no pod meets it today.
    Other(String),
}

/// How a scope compares the name of a priority class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScopeOperator {
    /// The pod names a class.
    #[default]
    Exists,
    /// It names none.
    DoesNotExist,
    /// It names one of the values.
    In,
    /// It names none of the values, or no class.
    NotIn,
    /// A word that is not known; no pod meets it.
    Other,
}
