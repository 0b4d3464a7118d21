//! Sentences as the tests see them: their text, and what a plain reader takes them to mean. Nothing
//! here knows about native fields.

use std::collections::BTreeMap;

use placecard_feasibility::label::Labels;
use placecard_feasibility::placement::{Cluster, Node, Pod};
use placecard_feasibility::tolerations::Taint;
use proptest::prelude::*;
use proptest::sample::select;

/// A level's word and label key.
pub(crate) type Level = (&'static str, &'static str);
pub(crate) const NODE: Level = ("node", "kubernetes.io/hostname");
pub(crate) const ZONE: Level = ("zone", "topology.kubernetes.io/zone");
pub(crate) const RACK: Level = ("rack", "example.com/rack");
pub(crate) const LEVELS: [Level; 3] = [NODE, ZONE, RACK];

/// Which pods: the words, their namespace, and what they match.
#[derive(Debug)]
pub(crate) struct Pods {
    words: &'static str,
    namespace: &'static str,
    matches: fn(&Labels) -> bool,
}

fn is(labels: &Labels, key: &str, value: &str) -> bool {
    labels.get(key).is_some_and(|found| found == value)
}

static PODS: &[Pods] = &[
    Pods { words: "service/db", namespace: "shop", matches: |l| is(l, "app", "db") },
    Pods {
        words: "service/db-primary",
        namespace: "shop",
        matches: |l| is(l, "app", "db") && is(l, "role", "primary"),
    },
    Pods { words: "service/web", namespace: "shop", matches: |l| is(l, "app", "web") },
    Pods { words: "service/bank/ledger", namespace: "bank", matches: |l| is(l, "app", "ledger") },
    Pods { words: "pods(app=db)", namespace: "shop", matches: |l| is(l, "app", "db") },
    Pods {
        words: "pods(app in (db,ledger),tenant!=t2)",
        namespace: "shop",
        matches: |l| (is(l, "app", "db") || is(l, "app", "ledger")) && !is(l, "tenant", "t2"),
    },
    Pods { words: "pods(!role)", namespace: "shop", matches: |l| !l.contains_key("role") },
    Pods { words: "pods(tenant)", namespace: "shop", matches: |l| l.contains_key("tenant") },
    Pods { words: "pods(*)", namespace: "shop", matches: |_| true },
];

/// Namespaces by label: the words, and what they match.
type Namespaces = (&'static str, fn(&Labels) -> bool);

static NAMESPACES: &[Namespaces] = &[
    ("team=x", |labels| is(labels, "team", "x")),
    ("!team", |labels| !labels.contains_key("team")),
    ("*", |_| true),
];

/// True, false, or neither: a label that is not an integer satisfies neither a comparison nor its
/// negation.
type Maybe = Option<bool>;

/// Which nodes: the words, what they match, and the taint whose toleration comes with them.
#[derive(Debug)]
pub(crate) struct Nodes {
    words: &'static str,
    matches: fn(&Node) -> Maybe,
    tolerates: Option<fn(&Taint) -> bool>,
}

fn has(node: &Node, key: &str, value: &str) -> Maybe {
    Some(is(&node.labels, key, value))
}

fn compares(node: &Node, key: &str, holds: fn(i64) -> bool) -> Maybe {
    node.labels.get(key).map_or(Some(false), |value| value.parse().ok().map(holds))
}

fn both(a: Maybe, b: Maybe) -> Maybe {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

static NODES: &[Nodes] = &[
    Nodes { words: "node/n1", matches: |n| Some(n.name == "n1"), tolerates: None },
    Nodes { words: "zone/a", matches: |n| has(n, ZONE.1, "a"), tolerates: None },
    Nodes { words: "zone/b", matches: |n| has(n, ZONE.1, "b"), tolerates: None },
    Nodes { words: "example.com/rack/r", matches: |n| has(n, RACK.1, "r"), tolerates: None },
    Nodes {
        words: "pool/h100",
        matches: |n| has(n, "accelerator", "h100"),
        tolerates: Some(|t| t.key == "nvidia.com/gpu" && t.effect == "NoSchedule"),
    },
    Nodes {
        words: "pool/a100",
        matches: |n| both(has(n, "accelerator", "a100"), Some(!n.labels.contains_key("spot"))),
        tolerates: None,
    },
    Nodes {
        words: "pool/big",
        matches: |n| compares(n, "cores", |cores| cores > 31),
        tolerates: Some(|t| t.key == "pool" && t.value == "big" && t.effect == "NoExecute"),
    },
    Nodes {
        words: "nodes(accelerator)",
        matches: |n| Some(n.labels.contains_key("accelerator")),
        tolerates: None,
    },
    Nodes {
        words: "nodes(cores<32)",
        matches: |n| compares(n, "cores", |cores| cores < 32),
        tolerates: None,
    },
    Nodes {
        words: "nodes(spot,cores>7)",
        matches: |n| both(Some(n.labels.contains_key("spot")), compares(n, "cores", |c| c > 7)),
        tolerates: None,
    },
    Nodes {
        words: "nodes(accelerator notin (h100,a100))",
        matches: |n| {
            Some(!is(&n.labels, "accelerator", "h100") && !is(&n.labels, "accelerator", "a100"))
        },
        tolerates: None,
    },
];

/// A target of `near`, `apart-from` and `at-most`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    Itself,
    Pods(&'static Pods),
}

#[derive(Clone, Debug)]
pub(crate) struct PodRule {
    pub(crate) target: Target,
    pub(crate) namespaces: Option<Namespaces>,
    pub(crate) same: bool,
    pub(crate) other: bool,
    pub(crate) level: Level,
    pub(crate) across: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Spread {
    pub(crate) level: Level,
    pub(crate) max_skew: usize,
    pub(crate) min_domains: Option<usize>,
    pub(crate) ignore_taints: bool,
    pub(crate) ignore_node_rules: bool,
    pub(crate) across: bool,
}

/// One sentence under `require`.
#[derive(Clone)]
pub(crate) enum Say {
    Near(PodRule),
    Apart(PodRule),
    On(Vec<&'static Nodes>),
    NotOn(Vec<&'static Nodes>),
    Spread(Spread),
    AtMost(usize, Target, Level, bool),
}

fn target(target: Target) -> &'static str {
    match target {
        Target::Itself => "self",
        Target::Pods(pods) => pods.words,
    }
}

impl std::fmt::Debug for Say {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.text())
    }
}

impl Say {
    pub(crate) fn text(&self) -> String {
        let across = |across: bool| if across { " across revisions" } else { "" };
        match self {
            Self::Near(rule) | Self::Apart(rule) => {
                let word = if matches!(self, Self::Near(_)) { "near" } else { "apart-from" };
                let of = rule.namespaces.map(|(of, _)| format!(" of namespaces({of})"));
                let same = if rule.same { " same tenant" } else { "" };
                let other = if rule.other { " other tenant" } else { "" };
                let (target, of) = (target(rule.target), of.unwrap_or_default());
                let (level, across) = (rule.level.0, across(rule.across));
                format!("{word} {target}{of}{same}{other} in {level}{across}")
            }
            Self::On(nodes) | Self::NotOn(nodes) => {
                let word = if matches!(self, Self::On(_)) { "on" } else { "not-on" };
                let nodes: Vec<&str> = nodes.iter().map(|one| one.words).collect();
                format!("{word} {}", nodes.join(" or "))
            }
            Self::Spread(rule) => {
                let mut text = format!("spread over {} max-skew {}", rule.level.0, rule.max_skew);
                if let Some(least) = rule.min_domains {
                    text += &format!(" min-domains {least}");
                }
                for (on, word) in [
                    (rule.ignore_taints, " ignore-taints"),
                    (rule.ignore_node_rules, " ignore-node-rules"),
                ] {
                    text += if on { word } else { "" };
                }
                text + across(rule.across)
            }
            Self::AtMost(most, pods, level, revisions) => {
                format!("at-most {most} {} in {}{}", target(*pods), level.0, across(*revisions))
            }
        }
    }
}

fn any_target() -> impl Strategy<Value = Target> {
    prop_oneof![1 => Just(Target::Itself), 2 => (0..PODS.len()).prop_map(|i| Target::Pods(&PODS[i]))]
}

fn level() -> impl Strategy<Value = Level> {
    select(&LEVELS[..])
}

fn rarely() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.15)
}

fn pod_rule() -> impl Strategy<Value = PodRule> {
    let namespaces = prop_oneof![5 => Just(None), 1 => select(NAMESPACES).prop_map(Some)];
    (any_target(), namespaces, rarely(), rarely(), level(), rarely()).prop_map(
        |(target, namespaces, same, other, level, across)| {
            let named = matches!(target, Target::Pods(pods) if pods.namespace == "bank");
            let namespaces = namespaces.filter(|_| !named);
            PodRule { target, namespaces, same, other: other && !same, level, across }
        },
    )
}

fn nodes() -> impl Strategy<Value = Vec<&'static Nodes>> {
    prop::collection::vec((0..NODES.len()).prop_map(|i| &NODES[i]), 1..4)
}

fn spread() -> impl Strategy<Value = Spread> {
    let least = prop_oneof![3 => Just(None), 1 => (1_usize..5).prop_map(Some)];
    (level(), 1_usize..3, least, rarely(), rarely(), rarely()).prop_map(
        |(level, max_skew, min_domains, ignore_taints, ignore_node_rules, across)| Spread {
            level,
            max_skew,
            min_domains,
            ignore_taints,
            ignore_node_rules,
            across,
        },
    )
}

/// Any sentence.
pub(crate) fn sentence() -> impl Strategy<Value = Say> {
    prop_oneof![
        3 => pod_rule().prop_map(Say::Near),
        3 => pod_rule().prop_map(Say::Apart),
        2 => nodes().prop_map(Say::On),
        2 => nodes().prop_map(Say::NotOn),
        2 => spread().prop_map(Say::Spread),
        2 => (1_usize..4, any_target(), level(), rarely())
            .prop_map(|(most, target, level, across)| Say::AtMost(most, target, level, across)),
    ]
}

/// A `near` that has much in common with others.
pub(crate) fn near_sentence() -> impl Strategy<Value = Say> {
    (pod_rule(), prop::bool::weighted(0.3)).prop_map(|(mut rule, other_level)| {
        rule.namespaces = None;
        rule.other = false;
        if !other_level {
            rule.level = ZONE;
        }
        Say::Near(rule)
    })
}

/// A sentence that counts pods, more often than not those of its own.
pub(crate) fn counting_sentence() -> impl Strategy<Value = Say> {
    let target = prop_oneof![2 => Just(Target::Itself), 1 => any_target()];
    prop_oneof![
        1 => spread().prop_map(Say::Spread),
        2 => (1_usize..4, target, level(), rarely())
            .prop_map(|(most, target, level, across)| Say::AtMost(most, target, level, across)),
    ]
}

/// A sentence about nodes.
pub(crate) fn node_sentence() -> impl Strategy<Value = Say> {
    prop_oneof![nodes().prop_map(Say::On), nodes().prop_map(Say::NotOn)]
}

/// Who `self` is, besides the revision.
pub(crate) type Own = fn(&Labels) -> bool;

/// What the sentences are read against.
pub(crate) struct Reader<'a> {
    pub(crate) cluster: &'a Cluster,
    /// The pod, without any placement field of ours.
    pub(crate) pod: &'a Pod,
    pub(crate) own: Own,
    pub(crate) says: &'a [Say],
    /// Whether the hand-written fields admit a node.
    pub(crate) admits: &'a dyn Fn(&Node) -> bool,
    /// Whether the hand-written tolerations tolerate a taint.
    pub(crate) tolerates: &'a dyn Fn(&Taint) -> bool,
    /// The keys of hand-written hard spread constraints.
    pub(crate) hard_keys: Vec<String>,
}

fn domain<'a>(node: &'a Node, key: &str) -> Option<&'a String> {
    node.labels.get(key)
}

impl Reader<'_> {
    /// Whether the sentences let the pod run on the node.
    pub(crate) fn allows(&self, node: &Node) -> bool {
        self.node_rules(node)
            && self.taints(node)
            && self.says.iter().all(|say| match say {
                Say::Near(rule) => self.near(rule, node),
                Say::Apart(rule) => !self.meets(rule, false, node),
                Say::On(_) | Say::NotOn(_) => true,
                Say::Spread(rule) => self.spread(rule, node),
                Say::AtMost(most, target, level, across) => {
                    self.at_most(*most, *target, *level, *across, node)
                }
            })
    }

    /// Whether the node rules do, written and said.
    pub(crate) fn node_rules(&self, node: &Node) -> bool {
        (self.admits)(node)
            && self.says.iter().all(|say| match say {
                Say::On(targets) => targets.iter().any(|one| (one.matches)(node) == Some(true)),
                Say::NotOn(targets) => targets.iter().all(|one| (one.matches)(node) == Some(false)),
                _ => true,
            })
    }

    /// Whether every taint is tolerated.
    pub(crate) fn taints(&self, node: &Node) -> bool {
        let with_pools = |taint: &Taint| {
            self.says.iter().any(|say| match say {
                Say::On(targets) => targets
                    .iter()
                    .any(|one| one.tolerates.is_some_and(|tolerates| tolerates(taint))),
                _ => false,
            })
        };
        node.taints.iter().all(|taint| (self.tolerates)(taint) || with_pools(taint))
    }

    fn running(&self) -> impl Iterator<Item = (&Pod, &Node)> {
        self.cluster.pods.iter().filter_map(|pod| {
            let node = self.cluster.nodes.iter().find(|node| Some(&node.name) == pod.node.as_ref());
            node.map(|node| (pod, node))
        })
    }

    /// Whether a pod is one of those that a rule names.
    fn names(&self, rule: &PodRule, revision: bool, other: &Pod) -> bool {
        let labels = self.cluster.namespaces.get(&other.namespace).cloned().unwrap_or_default();
        let there = match (rule.namespaces, rule.target) {
            (Some((_, matches)), _) => matches(&labels),
            (None, Target::Pods(pods)) => other.namespace == pods.namespace,
            (None, Target::Itself) => other.namespace == "shop",
        };
        let (mine, its) = (self.pod.labels.get("tenant"), other.labels.get("tenant"));
        there
            && self.is(rule.target, revision, &other.labels)
            && (!rule.same || its == mine)
            && (!rule.other || (its.is_some() && its != mine))
    }

    fn is(&self, target: Target, revision: bool, labels: &Labels) -> bool {
        const HASH: &str = "pod-template-hash";
        match target {
            Target::Pods(pods) => (pods.matches)(labels),
            Target::Itself => {
                let mine = self.pod.labels.get(HASH);
                (self.own)(labels) && (!revision || mine.is_none() || labels.get(HASH) == mine)
            }
        }
    }

    /// Whether a pod that a rule names runs in the node's domain.
    fn meets(&self, rule: &PodRule, near: bool, node: &Node) -> bool {
        let revision = !near && !rule.across;
        let here = domain(node, rule.level.1);
        self.running().any(|(other, home)| {
            here.is_some()
                && domain(home, rule.level.1) == here
                && self.names(rule, revision, other)
        })
    }

    /// In a domain that exists; the first of its kind may start anywhere.
    fn near(&self, rule: &PodRule, node: &Node) -> bool {
        let none_yet = !self.running().any(|(other, home)| {
            domain(home, rule.level.1).is_some() && self.names(rule, false, other)
        });
        let first = none_yet && self.names(rule, false, self.pod);
        domain(node, rule.level.1).is_some() && (first || self.meets(rule, true, node))
    }

    /// Nodes without one of the labels over which the pod is spread have no pods to be counted.
    fn has_hard_keys(&self, node: &Node) -> bool {
        let said = self.says.iter().filter_map(|say| match say {
            Say::Spread(rule) => Some(rule.level.1),
            // Written as anti-affinity.
            Say::AtMost(1, Target::Itself, ..) => None,
            Say::AtMost(_, _, level, _) => Some(level.1),
            _ => None,
        });
        said.chain(self.hard_keys.iter().map(String::as_str)).all(|key| domain(node, key).is_some())
    }

    fn count(&self, target: Target, revision: bool, node: &Node) -> usize {
        let counts = |(pod, home): &(&Pod, &Node)| {
            home.name == node.name
                && pod.namespace == "shop"
                && !pod.terminating
                && self.is(target, revision, &pod.labels)
        };
        self.running().filter(counts).count()
    }

    fn spread(&self, rule: &Spread, node: &Node) -> bool {
        let Some(here) = domain(node, rule.level.1) else { return false };
        let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
        for one in self.cluster.nodes.iter().filter(|one| {
            self.has_hard_keys(one)
                && (rule.ignore_node_rules || self.node_rules(one))
                && (rule.ignore_taints || self.taints(one))
        }) {
            if let Some(domain) = domain(one, rule.level.1) {
                *counts.entry(domain).or_default() += self.count(Target::Itself, !rule.across, one);
            }
        }
        let enough = counts.len() >= rule.min_domains.unwrap_or(1);
        let least = if enough { counts.values().min().copied().unwrap_or(0) } else { 0 };
        counts.get(here).copied().unwrap_or(0) < rule.max_skew + least
    }

    fn at_most(
        &self,
        most: usize,
        target: Target,
        level: Level,
        across: bool,
        node: &Node,
    ) -> bool {
        let Some(here) = domain(node, level.1) else { return false };
        let revision = !across;
        let itself = usize::from(self.is(target, revision, &self.pod.labels));
        let in_domain = |one: &&Node| domain(one, level.1) == Some(here);
        let nodes = self.cluster.nodes.iter().filter(in_domain);
        let count: usize = if let (1, Target::Itself) = (most, target) {
            // Anti-affinity sees pods that are going, too.
            self.running()
                .filter(|(pod, home)| {
                    domain(home, level.1) == Some(here)
                        && pod.namespace == "shop"
                        && self.is(target, revision, &pod.labels)
                })
                .count()
        } else {
            // Its own pods carry the rules too; others may run where its rules do not reach.
            let own = matches!(target, Target::Itself);
            nodes
                .filter(|one| !own || self.has_hard_keys(one))
                .map(|one| self.count(target, revision, one))
                .sum()
        };
        count + itself <= most
    }
}
