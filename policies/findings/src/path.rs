//! Where something stands: object, field path, byte range inside a value.

use std::fmt;
use std::ops::Range;

use compact_str::CompactString;

/// An object as users name it. `namespace` is empty for cluster-scoped objects and where it is
/// unknown (a rendered chart).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// `apps/v1`, `v1`, …
    pub api_version: String,
    /// `Deployment`, …
    pub kind: String,
    /// Empty if cluster-scoped or unknown.
    pub namespace: String,
    /// Empty if the object has only a `generateName`.
    pub name: String,
}

impl ObjectRef {
    /// `namespace/name`, or the name alone.
    #[must_use]
    pub fn full_name(&self) -> String {
        if self.namespace.is_empty() {
            self.name.clone()
        } else {
            format!("{}/{}", self.namespace, self.name)
        }
    }

    /// The API group: empty for the core group.
    #[must_use]
    pub fn group(&self) -> &str {
        api_group(&self.api_version)
    }
}

/// The group of an `apiVersion`: empty for the core group.
#[must_use]
pub fn api_group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.full_name())
    }
}

/// One step of a field path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A key of a mapping.
    Key(CompactString),
    /// A position in a list, from 0.
    Index(usize),
}

/// Fields of a pod spec that are in so many paths, and too long to be kept in place.
const LONG: [&str; 3] = [
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
    "topologySpreadConstraints",
];

impl Segment {
    /// A key of a mapping.
    #[must_use]
    pub fn key(key: &str) -> Self {
        let long = if key.len() > 24 { LONG.into_iter().find(|long| *long == key) } else { None };
        Self::Key(long.map_or_else(|| CompactString::new(key), CompactString::const_new))
    }
}

/// A path from the root of an object to a field, as in `status.details.causes[].field`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(pub Vec<Segment>);

impl FieldPath {
    /// The root of the object.
    #[must_use]
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// A path of plain keys: `FieldPath::of(&["spec", "template"])`.
    #[must_use]
    pub fn of(keys: &[&str]) -> Self {
        Self(keys.iter().map(|key| Segment::key(key)).collect())
    }

    /// This path and then `key`.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let mut path = self.with_room(1);
        path.0.push(Segment::key(key));
        path
    }

    /// This path and then several keys.
    #[must_use]
    pub fn keys(&self, keys: &[&str]) -> Self {
        let mut path = self.with_room(keys.len());
        path.0.extend(keys.iter().map(|key| Segment::key(key)));
        path
    }

    /// This path, then `key` and several more.
    #[must_use]
    pub fn below(&self, key: &str, keys: &[&str]) -> Self {
        let mut path = self.with_room(keys.len() + 1);
        path.0.push(Segment::key(key));
        path.0.extend(keys.iter().map(|key| Segment::key(key)));
        path
    }

    /// This path and then position `index`.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut path = self.with_room(1);
        path.0.push(Segment::Index(index));
        path
    }

    /// This path and then `rest`.
    #[must_use]
    pub fn join(&self, rest: &Self) -> Self {
        let mut path = self.with_room(rest.0.len());
        path.0.extend(rest.0.iter().cloned());
        path
    }

    /// The path without its last step; the root stays the root.
    #[must_use]
    pub fn parent(&self) -> Self {
        let (_, parent) = self.0.split_last().unwrap_or((&Segment::Index(0), &[]));
        Self(parent.to_vec())
    }

    fn with_room(&self, more: usize) -> Self {
        let mut path = Vec::with_capacity(self.0.len() + more);
        path.extend_from_slice(&self.0);
        Self(path)
    }

    /// The JSON pointer (RFC 6901) of this path.
    #[must_use]
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        for segment in &self.0 {
            pointer.push('/');
            match segment {
                Segment::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                Segment::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }
}

impl fmt::Display for FieldPath {
    /// `spec.template.metadata.annotations[placecard.dev/require]`, as the API server writes paths.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key)
                    if key.is_empty()
                        || !key.chars().all(|c| c.is_ascii_alphanumeric() || "_-$".contains(c)) =>
                {
                    write!(f, "[{key}]")?;
                }
                Segment::Key(key) if position == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Which part of a mapping's entry is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The value: it is wrong.
    #[default]
    Value,
    /// The key: it is wrong, or its mapping lacks something.
    Key,
}

/// A place in an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// The object; `None` is the object of the finding.
    pub object: Option<ObjectRef>,
    /// From the root of the object.
    pub path: FieldPath,
    /// Key or value.
    pub part: Part,
    /// Start byte in the decoded string value, if only a piece of it is meant.
    pub start: Option<usize>,
    /// End byte (exclusive) in the decoded string value; meaningful with `start`.
    pub end: usize,
}

impl Site {
    /// The value at `path`.
    #[must_use]
    pub fn value(path: FieldPath) -> Self {
        Self { path, ..Self::default() }
    }

    /// The key at `path`.
    #[must_use]
    pub fn key(path: FieldPath) -> Self {
        Self { path, part: Part::Key, ..Self::default() }
    }

    /// A byte range of the decoded string at `path`.
    #[must_use]
    pub fn within(path: FieldPath, range: Range<usize>) -> Self {
        Self { path, start: Some(range.start), end: range.end, ..Self::default() }
    }

    /// The byte range inside the value, if there is one.
    #[must_use]
    pub fn range(&self) -> Option<Range<usize>> {
        self.start.map(|start| start..self.end.max(start))
    }

    /// The same place in another object.
    #[must_use]
    pub fn in_object(mut self, object: ObjectRef) -> Self {
        self.object = Some(object);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_like_the_api_servers() {
        let path = FieldPath::of(&["spec", "template", "metadata", "annotations"])
            .key("placecard.dev/require");
        assert_eq!(path.to_string(), "spec.template.metadata.annotations[placecard.dev/require]");
        assert_eq!(path.pointer(), "/spec/template/metadata/annotations/placecard.dev~1require");
        let path = FieldPath::of(&["spec", "tolerations"]).index(2).key("key");
        assert_eq!(path.to_string(), "spec.tolerations[2].key");
        assert_eq!(path.parent().pointer(), "/spec/tolerations/2");
        assert_eq!(FieldPath::root().parent(), FieldPath::root());
    }

    #[test]
    fn an_object_is_named_as_users_name_it() {
        let mut object = ObjectRef {
            api_version: "apps/v1".into(),
            kind: "Deployment".into(),
            namespace: "shop".into(),
            name: "cart".into(),
        };
        assert_eq!(object.to_string(), "Deployment shop/cart");
        assert_eq!(object.group(), "apps");
        object.namespace.clear();
        assert_eq!(object.to_string(), "Deployment cart");
    }
}
