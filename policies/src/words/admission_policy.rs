//! What the API server says by itself when a policy refuses: constant, because nothing else is at
//! hand there, and so that retries fold into one event.

use crate::admission_policy::inlined::{EXPRESSION, GUARDS, LITERALS, TooLarge};

/// Guards that do not fit into a policy.
#[must_use]
pub fn too_large(why: TooLarge) -> String {
    let way_out = "name namespaces by matchLabels instead of by name, or let the API server read the \
                   vocabulary (a policy without literals)";
    match why {
        TooLarge::Expression(size) => format!(
            "one pool or trust domain, the agents or the schedulers take {size} characters in a \
             policy, and an expression may have {EXPRESSION}; {way_out}"
        ),
        TooLarge::Literals(size) => format!(
            "the guards take {size} bytes in a policy, and an API server keeps no object much larger \
             than {LITERALS}; {way_out}"
        ),
        TooLarge::Guards(count) => format!(
            "{count} pools and trust domains have a guard and allowedNamespaces, and a policy compares \
             no more than {GUARDS}; give those that are for the same namespaces one guard"
        ),
    }
}

/// A pod with intents that were not expanded.
pub const UNPLACED: &str = "its placement rules are not in its fields: the webhook of placecard was \
     not asked or did not answer; trying again may help";
/// A toleration of somebody else's guard.
pub const TOLERATES: &str = "it tolerates a taint that guards a pool or trust domain which is not \
     for its namespace (allowedNamespaces in PlacementVocabulary default); give the toleration the \
     key and value of the taint that is meant";
/// A node by name.
pub const NODE_NAME: &str = "it names its node, which passes by the taints that guard pools and \
     trust domains, and not all of these are for its namespace; use a nodeSelector on \
     kubernetes.io/hostname, or a namespace among the agents of PlacementVocabulary default";
/// A binding by somebody who is no scheduler.
pub const BINDING: &str = "only schedulers bind pods here, because not all guarded pools and trust \
     domains are for this namespace (schedulers in PlacementVocabulary default)";
/// A binding with annotations.
pub const BINDING_ANNOTATIONS: &str =
    "a Binding may not carry annotations of placecard, nor more than 100 of any kind";
/// More tolerations than the policy may look at.
pub const TOO_MANY: &str = "it has too many tolerations to compare them with the taints that guard \
     pools and trust domains";
/// Labels that open something.
pub const LABELS: &str = "these labels would let the namespace use a guarded pool or trust domain, \
     or make it one of agents: that needs the permission to update PlacementVocabulary default";
/// The kind of the vocabulary is to go before the policy that reads it.
pub const KIND_STAYS: &str = "the policy placecard-guards reads this kind, and without it an API \
     server refuses every pod once it is started anew; delete the \
     ValidatingAdmissionPolicyBindings placecard-guards and placecard-kind first";
