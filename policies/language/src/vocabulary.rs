//! The vocabulary: what the words mean in one cluster (`PlacementVocabulary`,
//! `placecard.dev/v1alpha1`), as written.
//!
//! Field documentation becomes the description in the JSON Schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// As many entries of one list of words are read.
pub const MAX_ENTRIES: usize = 2_000;
/// As many levels are read: every rule looks through them.
pub const MAX_LEVELS: usize = 64;
/// As many kinds of custom resources are read.
pub const MAX_KINDS: usize = 256;
/// As many templates of one kind are read.
pub const MAX_TEMPLATES: usize = 16;
/// As many entries of one word, or of one list of texts, are read.
pub const MAX_SHORT: usize = 64;
/// As many namespaces are named in one set.
pub const MAX_NAMESPACES: usize = 1_000;
/// Characters of a name (a DNS-1123 label), and of a label's value.
pub const MAX_NAME: usize = 63;
/// Characters of a UUID.
pub const MAX_UID: usize = 36;
/// Characters of a label key: a DNS-1123 subdomain, a slash and a name.
pub const MAX_KEY: usize = 317;
/// Characters of the selector of a word.
pub const MAX_SELECTOR: usize = 4_096;
/// Characters of any other text.
pub const MAX_TEXT: usize = 256;

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
    #[schemars(length(max = MAX_LEVELS))]
    pub levels: Vec<LevelSpec>,
    /// The failure domain meant by a bare service id of a typed entry.
    #[serde(default)]
    #[schemars(length(max = MAX_NAME))]
    pub service_domain: Option<String>,
    /// Named groups of nodes with the tolerations that go with them.
    #[serde(default)]
    #[schemars(length(max = MAX_ENTRIES))]
    pub pools: Vec<PoolSpec>,
    /// Attested groups of nodes.
    #[serde(default)]
    #[schemars(length(max = MAX_ENTRIES))]
    pub trust_domains: Vec<TrustDomainSpec>,
    /// Named resources that nodes offer.
    #[serde(default)]
    #[schemars(length(max = MAX_ENTRIES))]
    pub resources: Vec<ResourceSpec>,
    /// Custom resources that hold pod templates.
    #[serde(default)]
    #[schemars(length(max = MAX_KINDS))]
    pub workloads: Vec<WorkloadSpec>,
    /// What rules may ask for.
    #[serde(default)]
    pub limits: Limits,
    /// Users that may bind pods.
    #[serde(default)]
    #[schemars(length(max = MAX_SHORT), inner(length(max = MAX_TEXT)))]
    pub schedulers: Vec<String>,
    /// Namespaces whose pods may tolerate guards.
    #[serde(default)]
    pub agents: Option<NamespaceSet>,
    /// `closed`: no node type beyond those seen and the templates below.
    #[serde(default)]
    pub inventory: Inventory,
    /// Node groups that may scale from zero.
    #[serde(default)]
    #[schemars(length(max = MAX_ENTRIES))]
    pub node_templates: Vec<NodeTemplate>,
}

/// A topology level.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LevelSpec {
    /// A DNS-1123 label.
    #[schemars(length(max = MAX_NAME))]
    pub name: String,
    /// The node label key.
    #[schemars(length(max = MAX_KEY))]
    pub key: String,
    /// How a rack id becomes a label value; `{n}` is the decimal id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_KEY))]
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
    #[schemars(length(max = MAX_NAME))]
    pub name: String,
    /// Its nodes: a selector in kubectl's syntax.
    #[schemars(length(max = MAX_SELECTOR))]
    pub nodes: String,
    /// What its nodes' taints need.
    #[serde(default)]
    #[schemars(length(max = MAX_SHORT))]
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
    #[schemars(length(max = MAX_TEXT))]
    pub name: String,
    /// Its attested nodes: a selector in kubectl's syntax.
    #[schemars(length(max = MAX_SELECTOR))]
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
    #[schemars(length(max = MAX_NAME))]
    pub name: String,
    /// The id that typed entries use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_UID))]
    pub uid: Option<String>,
    /// The nodes that offer it: a selector in kubectl's syntax.
    #[schemars(length(max = MAX_SELECTOR))]
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
    #[schemars(length(max = MAX_KEY))]
    pub api_version: String,
    /// Kind.
    #[schemars(length(max = MAX_NAME))]
    pub kind: String,
    /// JSON pointers of the templates; `*` is every element of a list.
    #[schemars(length(max = MAX_TEMPLATES), inner(length(max = MAX_TEXT)))]
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
    #[schemars(length(max = MAX_LEVELS), inner(length(max = MAX_NAME)))]
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
    #[schemars(length(max = MAX_NAMESPACES), inner(length(max = MAX_NAME)))]
    pub names: Vec<String>,
    /// Namespaces that carry all of these labels; empty: none by label.
    #[serde(default)]
    #[schemars(extend("maxProperties" = MAX_SHORT))]
    pub match_labels: BTreeMap<String, String>,
}

/// The taint that guards a pool or a trust domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Guard {
    /// Taint key.
    #[schemars(length(max = MAX_KEY))]
    pub key: String,
    /// Taint value.
    #[serde(default)]
    #[schemars(length(max = MAX_NAME))]
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
    #[schemars(length(max = MAX_KEY))]
    pub key: String,
    /// `Equal` (default) or `Exists`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub operator: String,
    /// Taint value, with Equal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = MAX_NAME))]
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
    #[schemars(length(max = MAX_NAME))]
    pub name: String,
    /// Labels of its nodes.
    #[serde(default)]
    #[schemars(extend("maxProperties" = MAX_SHORT * 4))]
    pub labels: BTreeMap<String, String>,
    /// Taints of its nodes.
    #[serde(default)]
    #[schemars(length(max = MAX_SHORT))]
    pub taints: Vec<Guard>,
    /// Allocatable resources of a node, as quantities.
    #[serde(default)]
    #[schemars(extend("maxProperties" = MAX_SHORT))]
    pub allocatable: BTreeMap<String, String>,
    /// Zones it may appear in.
    #[serde(default)]
    #[schemars(length(max = MAX_SHORT), inner(length(max = MAX_NAME)))]
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
