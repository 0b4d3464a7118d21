//! The checked meaning of an object's annotations: the one form that everything after it sees.
//!
//! Sentences become [`Intents`] in `lower`, where every word of the vocabulary is already replaced
//! by what it means. Byte ranges are those of the annotation's decoded value.

use std::ops::Range;

use crate::affinity::Affinity;
use crate::coordination::sentence::Coordinate;
use crate::directory::{Followed, Unknown, Want};
use crate::vocabulary::Toleration;

/// All intents of one pod template, in the order of the annotations and of the lines in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intents {
    /// `require` first, then `prefer`.
    pub rules: Vec<Rule>,
    /// `tolerate`.
    pub tolerations: Vec<Tolerate>,
    /// `ignore`.
    pub ignores: Vec<Ignore>,
    /// `coordinate`.
    pub coordinate: Option<Coordinate>,
}

/// Where a piece of an intent is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The annotation key, `placecard.dev/require`.
    pub key: &'static str,
    /// Bytes of the annotation's decoded value.
    pub span: Range<usize>,
    /// Line in the annotation's value, from 1.
    pub line: u32,
    /// The words as written, blanks folded.
    pub text: String,
}

/// Required or preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Must hold: filters nodes.
    Required,
    /// Should hold: scores nodes; 1 to 100.
    Preferred {
        /// The weight of the native term.
        weight: u8,
    },
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Required or preferred.
    pub strength: Strength,
    /// What it says.
    pub relation: Relation,
    /// The Lease whose holder `relation` is about, as it was resolved.
    pub follows: Option<Followed>,
    /// `relation` was read off other objects as they are now: a Lease's holder, a node's labels.
    pub observed: bool,
    /// The typed entry that says it; `None`: a sentence.
    pub entry: Option<Box<Affinity>>,
    /// The whole rule.
    pub origin: Origin,
}

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relation {
    /// In one domain with a pod of the target.
    Near(PodRule),
    /// In no domain with a pod of the target.
    ApartFrom(PodRule),
    /// On a node that meets one of the targets.
    On(Vec<NodeTarget>),
    /// On a node that meets none of the targets.
    NotOn(Vec<NodeTarget>),
    /// Evenly over domains.
    Spread(SpreadRule),
    /// At most so many of the named pods in one domain.
    AtMost(AtMostRule),
    /// Something that it names has to be known before it says anything: an id, a Lease, a node.
    Unresolved(Unresolved),
}

/// What a rule names and what is not known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// What has to be known.
    pub want: Want,
    /// Why it is not.
    pub missing: Unknown,
    /// It would be a rule about nodes (`on`, `not-on`), and not about pods.
    pub on_nodes: bool,
}

/// `near` and `apart-from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodRule {
    /// Which pods.
    pub target: PodTarget,
    /// The words of the target.
    pub target_origin: Origin,
    /// `of namespaces(sel)`.
    pub namespaces: Option<Selector>,
    /// `same KEY`: label keys whose value the other pod shares.
    pub same: Vec<Word>,
    /// `other KEY`: label keys whose value the other pod has differently.
    pub other: Vec<Word>,
    /// The domain.
    pub level: Level,
    /// `across revisions`.
    pub across_revisions: bool,
}

/// `spread over`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpreadRule {
    /// The domain.
    pub level: Level,
    /// 1 to 9999, default 1.
    pub max_skew: u32,
    /// 1 to 9999.
    pub min_domains: Option<u32>,
    /// Tainted nodes count as domains too.
    pub ignore_taints: bool,
    /// Nodes outside the pod's node rules count as domains too.
    pub ignore_node_rules: bool,
    /// `across revisions`.
    pub across_revisions: bool,
}

/// `at-most N`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtMostRule {
    /// 1 to 9999.
    pub count: u32,
    /// Which pods are counted.
    pub target: PodTarget,
    /// The words of the target.
    pub target_origin: Origin,
    /// The domain.
    pub level: Level,
    /// `across revisions`.
    pub across_revisions: bool,
}

/// Which pods.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodTarget {
    /// `self`: the pods of the same controller.
    Itself,
    /// `service/…`, `deployment/…` and so on: the pods that the named object selects.
    Named(NamedTarget),
    /// `pods(selector)`.
    Pods(Selector),
    /// A pod of a StatefulSet that holds a Lease: by the label that carries its name from node to
    /// node.
    Pod {
        /// `None`: the pod's own namespace.
        namespace: Option<String>,
        /// Its name.
        name: String,
    },
}

/// An object that a rule names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedTarget {
    /// Which kind of object.
    pub kind: TargetKind,
    /// `None`: the pod's own namespace.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// The kinds of objects that `near`, `apart-from` and `at-most` may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetKind {
    /// `service/`
    Service,
    /// `deployment/`
    Deployment,
    /// `statefulset/`
    StatefulSet,
    /// `daemonset/`
    DaemonSet,
    /// `job/`
    Job,
}

/// A topology level.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level {
    /// As written, `zone` or a label key.
    pub name: String,
    /// The node label key.
    pub key: String,
}

/// A word with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub text: String,
    /// Bytes of the annotation's decoded value.
    pub span: Range<usize>,
}

/// One alternative of `on` or `not-on`, its words replaced by what the vocabulary says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeTarget {
    /// The words of this alternative.
    pub origin: Origin,
    /// What kind of word it was.
    pub kind: NodeTargetKind,
    /// What it demands of a node.
    pub demand: NodeDemand,
    /// Tolerations that come with it (pools and trust domains, their guard included).
    pub tolerations: Vec<Toleration>,
}

/// The kind of a node target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeTargetKind {
    /// `node/NAME`
    Node,
    /// `LEVEL/VALUE`
    Domain(Level),
    /// `pool/NAME`
    Pool(String),
    /// `trust/DOMAIN`
    Trust(String),
    /// `resource/NAME`
    Resource(String),
    /// `volume/CLAIM`
    Volume(String),
    /// `nodes(selector)`
    Nodes,
}

/// What an alternative demands of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeDemand {
    /// Its name (`metadata.name`, by matchFields).
    Name(String),
    /// Its labels: all of these.
    Labels(Selector),
    /// To be where the claim's volume is: known only once the claim is read.
    Volume {
        /// A claim in the pod's namespace.
        claim: String,
    },
    /// To reach a PersistentVolume: known only once that is read.
    PersistentVolume {
        /// Its name.
        volume: String,
    },
}

/// A selector in kubectl's syntax: the conjunction of its requirements; none is everything (`*`).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selector {
    /// In the order written.
    pub requirements: Vec<Requirement>,
}

/// One requirement of a selector.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requirement {
    /// A qualified label key.
    pub key: String,
    /// How values are compared.
    pub operator: Operator,
    /// None for `Exists` and `DoesNotExist`, exactly one for `Gt` and `Lt`; as written, each once.
    pub values: Vec<String>,
    /// Bytes of the annotation's decoded value; equal for all requirements of a vocabulary's word.
    pub span: (usize, usize),
}

/// Operators of requirements; `=` and `==` are `In` with one value, `!=` is `NotIn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// The value is one of these.
    In,
    /// The value is none of these, or the label is absent.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
    /// The value is an integer greater than this; nodes only.
    Gt,
    /// The value is an integer less than this; nodes only.
    Lt,
}

/// `tolerate`: one toleration with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tolerate {
    /// The toleration.
    pub toleration: Toleration,
    /// The words.
    pub origin: Origin,
}

/// `ignore`: one silenced code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// The code, as written.
    pub code: String,
    /// Why; never empty.
    pub reason: String,
    /// The words.
    pub origin: Origin,
}
