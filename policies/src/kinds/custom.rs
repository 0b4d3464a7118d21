//! Custom resources whose operators make pods, and what is known of those: by API group and kind,
//! in any version, and never by kind alone.
//!
//! An operator adds what it likes to its pods, so nothing that is read here is ever complete. Fields
//! with a schema of their own are not in the table, however much they look like native ones.

mod table;

pub use table::CUSTOM_KINDS;

/// A custom resource.
#[derive(Debug, PartialEq, Eq)]
pub struct CustomKind {
    /// API group.
    pub group: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// Where its pods are described.
    pub pods: &'static [Pods],
    /// `spec.selector` is a LabelSelector of its pods.
    pub selector: bool,
    /// The label that its pods carry per revision.
    pub revision_label: Option<&'static str>,
    /// Labels that its operator gives to pods, besides others that are not known.
    pub labels: &'static [(&'static str, Given)],
}

/// The value of a label that an operator gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// The name of the object.
    Name,
    /// Always this.
    Value(&'static str),
}

/// A place where pods are described.
#[derive(Debug, PartialEq, Eq)]
pub struct Pods {
    /// A JSON pointer; `*` stands for every element of a list and every value of a mapping.
    pub at: &'static str,
    /// What stands there.
    pub form: Form,
}

/// How pods are described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A pod template.
    Template,
    /// Some fields of one: where they would stand in a pod template, and where they do stand. Both
    /// are keys with `/` between them.
    Fields(&'static [(&'static str, &'static str)]),
}

/// The row of a group and kind.
#[must_use]
pub fn find(group: &str, kind: &str) -> Option<&'static CustomKind> {
    CUSTOM_KINDS.iter().find(|row| row.group == group && row.kind == kind)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::kinds;

    #[test]
    fn rows_are_sorted_and_no_kind_is_there_twice() {
        let names: Vec<_> = CUSTOM_KINDS.iter().map(|row| (row.group, row.kind)).collect();
        let sorted: BTreeSet<_> = names.iter().copied().collect();
        assert_eq!(names, sorted.into_iter().collect::<Vec<_>>());
        for row in CUSTOM_KINDS {
            assert!(kinds::find(row.group, row.kind).is_none(), "{}", row.kind);
            assert!(!row.pods.is_empty(), "{}", row.kind);
            for pods in row.pods {
                assert!(pods.at.starts_with('/') && !pods.at.ends_with('/'), "{}", pods.at);
                let Form::Fields(fields) = pods.form else { continue };
                for (virtually, really) in fields {
                    let known = ["spec", "metadata"].iter().any(|key| {
                        virtually
                            .strip_prefix(key)
                            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                    });
                    assert!(known && !really.starts_with('/'), "{virtually} {really}");
                }
            }
        }
    }
}
