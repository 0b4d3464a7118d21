//! The annotation `tolerate`.

/// What is wrong with a toleration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TolerationFlaw {
    /// `*`: would open every node.
    Everything,
    /// No key before `=` or `:`.
    NoKey,
    /// Not a label key.
    BadKey {
        /// As written.
        found: String,
    },
    /// Not a label value.
    BadValue {
        /// As written.
        found: String,
    },
    /// Not an effect.
    BadEffect {
        /// As written; empty: nothing after the colon.
        found: String,
    },
    /// Something else than `for` after the taint.
    UnknownWord {
        /// As written.
        found: String,
    },
    /// `for` without the effect NoExecute.
    ForNeedsNoExecute {
        /// The effect; empty: every effect.
        effect: String,
    },
    /// Not a number with s, m or h.
    BadDuration {
        /// As written; empty: nothing after `for`.
        found: String,
    },
}
