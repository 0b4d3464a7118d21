//! What a review has to say, as plain data.
//!
//! A [`Finding`] names the object, says in one line what is, and carries a [`Label`] for every
//! clashing demand. It knows neither files nor terminals: a [`Site`] is an object, a field path and,
//! inside a string, a byte range of the decoded value. The front ends turn sites into lines and
//! columns, and findings into boxes, JSON or admission responses.

mod code;
mod finding;
mod path;

pub use code::{Code, Severity};
pub use finding::{
    Bytes, Change, Edit, Evidence, Finding, Fix, Help, Holds, Label, Scope, Verdict,
};
pub use path::{FieldPath, ObjectRef, Part, Segment, Site, api_group};
