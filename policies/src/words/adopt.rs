//! Why a hand-written field is not a sentence.

use crate::adopt::Reason;

/// The reason, to stand after the field and `stays:`.
#[must_use]
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::NamesNamespaces => "it names namespaces one by one, a sentence selects them",
        Reason::NoSelector => "it has no labelSelector, so it matches no pod",
        Reason::MatchFields => "a sentence names one node, and then says nothing else of it",
        Reason::EmptyTerm => "a term without requirements matches no node",
        Reason::EveryTaint => "a toleration of every taint has no sentence",
        Reason::UnknownOperator => "its operator has no sentence",
        Reason::CountsOthers => "it counts other pods than those of this workload",
        Reason::SoftHonoursTaints => "a soft spread in words counts tainted nodes too",
        Reason::Number => "no sentence may say this number",
        Reason::Refused(code) => return format!("the sentence would be refused ({code})"),
        Reason::DefaultSpread => {
            "the scheduler's default spreading would come back (--default-spreading)"
        }
        Reason::NotKnown => "what the rules of this template become is not known",
        Reason::Differs => "no sentence becomes exactly this",
        Reason::TooMany => "the template has too many fields",
        Reason::OfController => "a controller makes this pod: its template is to be adopted",
        Reason::Incomplete => "the object has no selector: only a part of one, as a patch is",
    }
    .to_owned()
}

/// The reason as one word, for programs.
#[must_use]
pub const fn name(reason: &Reason) -> &'static str {
    match reason {
        Reason::NamesNamespaces => "names-namespaces",
        Reason::NoSelector => "no-selector",
        Reason::MatchFields => "match-fields",
        Reason::EmptyTerm => "empty-term",
        Reason::EveryTaint => "every-taint",
        Reason::UnknownOperator => "unknown-operator",
        Reason::CountsOthers => "counts-others",
        Reason::SoftHonoursTaints => "soft-honours-taints",
        Reason::Number => "number",
        Reason::Refused(_) => "refused",
        Reason::DefaultSpread => "default-spreading",
        Reason::NotKnown => "not-known",
        Reason::Differs => "differs",
        Reason::TooMany => "too-many",
        Reason::OfController => "of-controller",
        Reason::Incomplete => "incomplete",
    }
}
