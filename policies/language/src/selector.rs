//! Selectors in kubectl's syntax (`labels.Parse` of k8s.io/apimachinery, and `>` and `<` for nodes).

/// What is wrong with a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectorFlaw {
    /// Nothing between the parentheses; everything is `*`.
    Empty,
    /// The parenthesis is not closed on its line.
    NotClosed,
    /// Something else than the syntax has there; `None` is the end.
    Unexpected {
        /// As written.
        found: Option<String>,
        /// What could stand there.
        expected: Expected,
    },
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
    /// `in ()`: a set without a value.
    EmptySet,
    /// `>` or `<` without a whole number from 0 to 2^63-1.
    NotInteger {
        /// As written.
        found: String,
    },
    /// `>` or `<` on something else than nodes.
    Comparison {
        /// The operator.
        operator: char,
    },
}

/// What could stand at a place of a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// A label key.
    Key,
    /// `=`, `!=`, `in`, `notin`, a comma or the end.
    Operator,
    /// `(`
    Open,
    /// A value.
    Value,
    /// A comma or `)`.
    CommaOrClose,
    /// A comma or the end.
    CommaOrEnd,
}
