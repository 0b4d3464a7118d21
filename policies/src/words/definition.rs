//! Words of the rules that the API server itself keeps for the vocabulary: a text, and the same text
//! as a CEL expression that names the culprit (empty: nothing is to be named). They are those of
//! [`crate::words::vocabulary`].

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
