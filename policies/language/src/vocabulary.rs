//! The vocabulary: what the words mean in one cluster (`PlacementVocabulary`,
//! `placecard.dev/v1alpha1`), as written.
//!
//! Field documentation becomes the description in the JSON Schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The object as it stands in a file or in the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlacementVocabulary {
    /// `placecard.dev/v1alpha1`
    pub api_version: String,
    /// `PlacementVocabulary`
    pub kind: String,
    /// The standard object's metadata; the name is `default`.
    #[serde(default)]
    #[schemars(schema_with = "any_object")]
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// The words.
    pub spec: VocabularySpec,
}

fn any_object(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "object"})
}

/// The words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VocabularySpec {
    /// Topology levels, broad to narrow; absent or empty: region, zone and node by their well-known
    /// labels.
    #[serde(default)]
    pub levels: Vec<LevelSpec>,
    /// The failure domain meant by a bare service id of a typed entry.
    #[serde(default)]
    pub service_domain: Option<String>,
    /// Named groups of nodes with the tolerations that go with them.
    #[serde(default)]
    pub pools: Vec<PoolSpec>,
    /// Attested groups of nodes.
    #[serde(default)]
    pub trust_domains: Vec<TrustDomainSpec>,
    /// Named resources that nodes offer.
    #[serde(default)]
    pub resources: Vec<ResourceSpec>,
    /// Custom resources that hold pod templates.
    #[serde(default)]
    pub workloads: Vec<WorkloadSpec>,
    /// What rules may ask for.
    #[serde(default)]
    pub limits: Limits,
    /// Users that may bind pods.
    #[serde(default)]
    pub schedulers: Vec<String>,
    /// Namespaces whose pods may tolerate guards.
    #[serde(default)]
    pub agents: Option<NamespaceSet>,
    /// `closed`: no node type beyond those seen and the templates below.
    #[serde(default)]
    pub inventory: Inventory,
    /// Node groups that may scale from zero.
    #[serde(default)]
    pub node_templates: Vec<NodeTemplate>,
}

/// A topology level.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LevelSpec {
    /// A DNS-1123 label.
    pub name: String,
    /// The node label key.
    pub key: String,
    /// How a rack id becomes a label value; `{n}` is the decimal id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The word is on its way out; rules that use it get a warning.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
}

/// A pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PoolSpec {
    /// A DNS-1123 label.
    pub name: String,
    /// Its nodes: a selector in kubectl's syntax.
    pub nodes: String,
    /// What its nodes' taints need.
    #[serde(default)]
    pub tolerations: Vec<Toleration>,
    /// The taint that keeps others out; tolerated by the pool's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Guard>,
    /// Who may use the word; absent: everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_namespaces: Option<NamespaceSet>,
    /// The word is on its way out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
}

/// A trust domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrustDomainSpec {
    /// Its name in rules.
    pub name: String,
    /// Its attested nodes: a selector in kubectl's syntax.
    pub nodes: String,
    /// The taint that keeps others out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Guard>,
    /// Who may use the word; absent: everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_namespaces: Option<NamespaceSet>,
    /// The word is on its way out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
}

/// A named resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceSpec {
    /// A DNS-1123 label.
    pub name: String,
    /// The id that typed entries use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// The nodes that offer it: a selector in kubectl's syntax.
    pub nodes: String,
    /// The word is on its way out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
}

/// A custom resource that holds pod templates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkloadSpec {
    /// Group and version.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// JSON pointers of the templates; `*` is every element of a list.
    pub templates: Vec<String>,
}

/// What rules may ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limits {
    /// For required `apart-from` of targets other than `self`; absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_apart_from: Option<ApartFromLimit>,
}

/// A limit on required `apart-from`, which is symmetric: it can close a zone to others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApartFromLimit {
    /// Allowed levels.
    #[serde(default)]
    pub levels: Vec<String>,
    /// Whether targets in other namespaces are allowed.
    #[serde(default)]
    pub cross_namespace: bool,
}

/// Whether other node types may come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Inventory {
    /// Nodes of any type may come.
    #[default]
    Open,
    /// No node type beyond those seen and the node templates.
    Closed,
}

/// A set of namespaces: by name, or by labels (all of them).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NamespaceSet {
    /// Namespaces by name.
    #[serde(default)]
    pub names: Vec<String>,
    /// Namespaces that carry all of these labels; empty: none by label.
    #[serde(default)]
    pub match_labels: BTreeMap<String, String>,
}

/// The taint that guards a pool or a trust domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Guard {
    /// Taint key.
    pub key: String,
    /// Taint value.
    #[serde(default)]
    pub value: String,
    /// `NoSchedule` or `NoExecute`.
    pub effect: String,
}

/// A toleration (core/v1).
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Toleration {
    /// Taint key; empty with Exists means every taint.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// `Equal` (default) or `Exists`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub operator: String,
    /// Taint value, with Equal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Taint effect; empty means every effect.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub effect: String,
    /// Seconds that a NoExecute taint is tolerated; absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toleration_seconds: Option<i64>,
}

/// A node group that may scale from zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeTemplate {
    /// A DNS-1123 label.
    pub name: String,
    /// Labels of its nodes.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Taints of its nodes.
    #[serde(default)]
    pub taints: Vec<Guard>,
    /// Allocatable resources of a node, as quantities.
    #[serde(default)]
    pub allocatable: BTreeMap<String, String>,
    /// Zones it may appear in.
    #[serde(default)]
    pub zones: Vec<String>,
    /// How many nodes.
    #[serde(default)]
    pub count: NodeCount,
    /// The nodes carry more labels than these.
    #[serde(default)]
    pub partial: bool,
}

/// How many nodes a template stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeCount {
    /// At least.
    #[serde(default)]
    pub min: u32,
    /// At most; absent: unbounded.
    #[serde(default)]
    pub max: Option<u32>,
}
