//! Words of the rules that the API server itself keeps for our resources: a text, and the same text
//! as a CEL expression that names the culprit (empty: nothing is to be named). They are those of
//! [`crate::words::vocabulary`] and [`crate::words::coordination`].

/// A text and an expression.
pub type Said = (&'static str, &'static str);

/// Another name than the one that counts.
pub const NAME_OF_VOCABULARY: Said = ("the name of a vocabulary is default", "");
/// A level that does not exist.
pub const SERVICE_DOMAIN: Said =
    ("no level has the name of serviceDomain", "'no level is named ' + self.serviceDomain");
/// A level that does not exist.
pub const LIMITED_LEVEL: Said = ("limits.requiredApartFrom names a level that does not exist", "");
/// A name for the second time.
pub const TWICE: Said = ("a level is there twice", "");
/// Levels in the wrong order.
pub const NODE_NOT_LAST: Said = ("the level node is not the last one", "");
/// The level `node` with a key of its own.
pub const NODE_KEY: Said = ("the level node has another key than the host name's", "");
/// A key without a prefix.
pub const UNQUALIFIED: Said =
    ("the key of a level needs a prefix", "'the key ' + self.key + ' of a level needs a prefix'");
/// A format without the number.
pub const FORMAT: Said = (
    "the format makes no label value of a number",
    "'the format ' + self.format + ' makes no label value of a number'",
);
/// What is no DNS-1123 label.
pub const NAME: Said = (
    "this cannot be a name",
    "self.name == '' ? 'a name is missing here' : self.name + ' cannot be a name'",
);
/// A word of rules as a name.
pub const RESERVED: Said =
    ("a word of rules cannot be a name", "self.name + ' is a word of rules, it cannot be a name'");
/// A pool for some, which keeps nobody out.
pub const UNGUARDED_POOL: Said = (
    "nothing keeps others out of the pool: a guard does",
    "'nothing keeps others out of pool ' + self.name",
);
/// A trust domain for some, which keeps nobody out.
pub const UNGUARDED_TRUST_DOMAIN: Said = (
    "nothing keeps others out of the trust domain: a guard does",
    "'nothing keeps others out of trust domain ' + self.name",
);
/// A name that no rule could write.
pub const TRUST_DOMAIN: Said = (
    "a rule could not write the trust domain",
    "'a rule could not write the trust domain ' + self.name",
);
/// A toleration of everything.
pub const EMPTY_KEY: Said = ("a toleration without a key opens every node", "");
/// A value that nothing is compared with.
pub const VALUE_BESIDE_EXISTS: Said = ("value goes not with the operator Exists", "");
/// Seconds that nothing counts.
pub const SECONDS: Said = ("tolerationSeconds goes only with the effect NoExecute", "");
/// What is no UUID.
pub const UID: Said = ("this is not a UUID", "self.uid + ' is not a UUID'");
/// A kind without a template.
pub const NO_TEMPLATES: Said = ("nothing stands where something has to", "");
/// What is no JSON pointer.
pub const TEMPLATE: Said =
    ("this is not a path to a template", "self + ' is not a path to a template'");
/// What is no quantity.
pub const AMOUNT: Said = (
    "this is not an amount of a resource",
    "self[self.filter(name, !isQuantity(self[name]))[0]] + ' is not an amount of a resource'",
);
/// A smaller maximum than minimum.
pub const COUNT: Said = ("count.min nodes at least cannot be count.max at most", "");

/// A role that the object does not define.
pub const UNKNOWN_ROLE: Said = (
    "a coordination names a role that spec.roles lacks",
    "'no role is named ' + self.coordination.filter(one, one.roles.exists(role, \
     !self.roles.exists(of, of.name == role)))[0].roles.filter(role, \
     !self.roles.exists(of, of.name == role))[0]",
);
/// A role in two coordinations that place it.
pub const PLACED_TWICE: Said = ("two coordinations place the same role", "");
/// What is no part of a label key.
pub const COORDINATION_NAME: Said = (
    "this cannot name a coordination",
    "(self.name == '' ? 'nothing' : self.name) + ' cannot name a coordination'",
);
/// What is no DNS-1123 label.
pub const ROLE_NAME: Said = (
    "this cannot name a role",
    "(self.name == '' ? 'nothing' : self.name) + ' cannot name a role'",
);
/// Two sources of pods.
pub const TWO_SOURCES: Said = (
    "a role has a workloadRef and a groupRef",
    "'role ' + self.name + ' has a workloadRef and a groupRef'",
);
/// No source of pods.
pub const NO_SOURCE: Said = (
    "a role has neither workloadRef nor groupRef",
    "'role ' + self.name + ' has neither workloadRef nor groupRef'",
);
/// A role inside a workload.
pub const ROLE_OF_WORKLOAD: Said = ("role goes only with a groupRef", "");
/// A kind of group that is not known.
pub const GROUP_KIND: Said = (
    "this is not a kind of group that is known",
    "self.groupRef.kind + ' is not a kind of group that is known'",
);
/// A group without its role.
pub const NO_ROLE_OF_GROUP: Said = (
    "which role of the group is missing here",
    "'which role of the ' + self.groupRef.kind + ' is missing here'",
);
/// A role inside of what has none.
pub const ROLE_OF_LEADER_WORKER_SET: Said = ("a LeaderWorkerSet has no roles inside", "");
/// A kind whose pods are not replicas.
pub const WORKLOAD_KIND: Said = (
    "the pods of this kind are in no batches",
    "'the pods of a ' + self.workloadRef.kind + ' are in no batches'",
);
/// A type without its strategy.
pub const NO_STRATEGY: Said = (
    "the strategy of the type is missing here",
    "'the strategy of type ' + self.type + ' is missing here'",
);
/// The strategy of another type.
pub const OTHER_STRATEGY: Said = (
    "a strategy is not that of the type",
    "(self.type == 'RollingUpdate' ? 'affinityScheduling' : 'rollingUpdate') + \
     ' is not the strategy of type ' + self.type",
);
/// A coordinated role without a ratio.
pub const NO_RATIO: Said = ("a role of the coordination has no ratio", "");
/// A ratio of another role.
pub const FOREIGN_RATIO: Said = ("a ratio is of no role of the coordination", "");
/// What is no label key.
pub const TOPOLOGY_KEY: Said = (
    "this cannot name a topology key",
    "(self.topologyKey == '' ? 'nothing' : self.topologyKey) + ' cannot name a topology key'",
);
/// Batches one after the other, and nobody who waits.
pub const SEQUENTIAL_BY_AFFINITY: Said =
    ("sequential batches wait for one another, affinity makes no pod wait", "");
/// A timeout that nobody counts.
pub const TIMEOUT_OF_GATED: Said = ("timeout goes only with placement gated", "");
/// The same for what happens then.
pub const ON_TIMEOUT_OF_GATED: Said = ("onTimeout goes only with placement gated", "");
/// What happens after a timeout that there is not.
pub const RELEASE_WITHOUT_TIMEOUT: Said = ("onTimeout release needs a timeout", "");
/// What Go does not read.
pub const TIMEOUT: Said = (
    "this is not a duration of a second or more",
    "self.timeout + ' is not a duration of a second or more'",
);
/// What is no percentage.
pub const MAX_UNAVAILABLE: Said = (
    "maxUnavailableRatio takes 1% to 100%",
    "'maxUnavailableRatio takes 1% to 100%, not ' + self.maxUnavailableRatio",
);
/// What is no percentage.
pub const MAX_SKEW: Said =
    ("maxSkew takes 0% to 100%", "'maxSkew takes 0% to 100%, not ' + self.maxSkew");
/// What is no percentage.
pub const PARTITION: Said =
    ("partition takes 0% to 100%", "'partition takes 0% to 100%, not ' + self.partition");
