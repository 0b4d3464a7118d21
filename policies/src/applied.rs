//! The `applied` annotation: what placecard wrote, for readers and for undoing.
//!
//! On pods it is a digest and the list of what was added. On templates that are expanded in place
//! it also holds the user's own lists, so that a later write can start from them again: a client
//! that merges into the stored object sends our additions back as if they were its own. It is never
//! trusted as proof that a rule holds.

use std::collections::BTreeSet;

use placecard_language::directory::{Followed, Holder};
use placecard_language::intent::Rule;
use placecard_language::problem::Form;
use serde::{Deserialize, Serialize};
use serde_json::{Map as Json, Value};
use sha2::{Digest, Sha256};

use crate::change::{Change, Edit, edit_value};
use crate::object::PodSpec;

/// The longest `added` list, in bytes of JSON; the annotation then stays under 4 KiB on pods.
const LONGEST: usize = 3500;

/// The annotation's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Applied {
    /// The format.
    v: u32,
    /// What the intents mean, in 16 hex digits.
    digest: String,
    /// For each rule: the fields that say it.
    #[serde(default)]
    added: Vec<String>,
    /// Who held the Leases that rules follow, so that a second webhook call means the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    leases: Vec<Held>,
    /// The codes of what would have been refused, if that was admitted without its rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refused: Vec<String>,
    /// The lists that were changed in a template: by path, `affinity/nodeAffinity/…`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lists: Vec<Kept>,
}

/// A Lease and its holder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Held {
    /// `NAMESPACE/NAME`.
    lease: String,
    /// The pod of a StatefulSet that holds it, in the same namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pod: String,
    /// The node of any other holder.
    #[serde(skip_serializing_if = "String::is_empty")]
    node: String,
}

/// What rules follow, each Lease once.
pub(crate) fn followed(rules: &[Rule]) -> Vec<Held> {
    let mut held: Vec<Held> = Vec::new();
    for followed in rules.iter().filter_map(|rule| rule.follows.as_ref()) {
        let lease = format!("{}/{}", followed.namespace, followed.name);
        let (pod, node) = match followed.holder.clone() {
            Holder::Pod(name) => (name, String::new()),
            Holder::Node(name) => (String::new(), name),
        };
        if !held.iter().any(|one| one.lease == lease) {
            held.push(Held { lease, pod, node });
        }
    }
    held
}

/// What a record says of Leases; nothing if it cannot be read. It decides only where a pod whose
/// author could have written the same by hand goes: it proves nothing.
pub(crate) fn leases(annotation: &str) -> Vec<Followed> {
    let applied: Applied = serde_json::from_str(annotation).unwrap_or_default();
    let followed = applied.leases.into_iter().filter_map(|held| {
        let (namespace, name) = held.lease.split_once('/')?;
        let subdomain = |name: &String| Form::DnsSubdomain.accepts(name);
        let holder = match (subdomain(&held.pod), subdomain(&held.node)) {
            (true, _) => Holder::Pod(held.pod),
            (false, true) => Holder::Node(held.node),
            (false, false) => return None,
        };
        Some(Followed { namespace: namespace.to_owned(), name: name.to_owned(), holder })
    });
    followed.collect()
}

/// One list of a template that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Keys from the pod spec, joined by `/`.
    list: String,
    /// Digest of the list as we left it.
    digest: String,
    /// The list as the user wrote it; null: it was not there.
    own: Value,
}

/// The digest of a value.
fn digest(value: &Value) -> String {
    let hash = Sha256::digest(value.to_string().as_bytes());
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The content for a pod: `meaning` are the changes that a pod without any placement field would
/// get, so that it does not depend on what other webhooks did before.
#[must_use]
pub(crate) fn content(meaning: &[Change], added: &[String], leases: Vec<Held>) -> String {
    let mut applied = record(meaning, added);
    let size = |held: &Held| serde_json::to_string(held).map_or(LONGEST, |text| text.len() + 1);
    let all: usize = leases.iter().map(size).sum();
    // Together they stay within the bound; the Leases are read again, the list is for readers.
    let mut room = LONGEST.saturating_sub(all);
    let kept = applied.added.iter().take_while(|line| {
        let size = serde_json::to_string(line).map_or(LONGEST, |text| text.len()) + 1;
        let fits = size <= room;
        room = room.saturating_sub(size);
        fits
    });
    let kept = kept.count();
    let rest = applied.added.len() - kept;
    if rest > 0 {
        applied.added.truncate(kept);
        applied.added.push(format!("and {rest} more"));
    }
    // More Leases than fit are not to be followed by one pod; those that fit are repeated.
    let mut room = LONGEST;
    applied.leases = leases;
    applied.leases.retain(|held| {
        room = room.saturating_sub(size(held));
        room > 0
    });
    text(&applied)
}

/// The content for a template that is expanded in place.
#[must_use]
pub(crate) fn content_with_own(
    meaning: &[Change],
    added: &[String],
    base: &PodSpec,
    expanded: &PodSpec,
) -> String {
    let mut applied = record(meaning, added);
    let (base, expanded) = (base.lists(), expanded.lists());
    for list in LISTS {
        let (own, now) = (at(&base, list), at(&expanded, list));
        if own != now {
            applied.lists.push(Kept { list: list.join("/"), digest: digest(&now), own });
        }
    }
    text(&applied)
}

/// The content for an object that was admitted without its rules, though it would be refused for
/// these codes.
#[must_use]
pub(crate) fn refused(codes: &BTreeSet<&str>) -> String {
    let refused = codes.iter().map(|code| (*code).to_owned()).collect();
    text(&Applied { refused, ..record(&[], &[]) })
}

fn record(meaning: &[Change], added: &[String]) -> Applied {
    let meaning: Vec<Value> = meaning
        .iter()
        .map(|change| {
            let Edit { list, value, .. } = change.edit();
            Value::Array(vec![Value::String(list.join("/")), value])
        })
        .collect();
    let mut shown = Vec::new();
    let mut size = 0;
    for (index, line) in added.iter().enumerate() {
        // As JSON, quoted and with a comma.
        size += serde_json::to_string(line).map_or(LONGEST, |text| text.len()) + 1;
        if size > LONGEST {
            shown.push(format!("and {} more", added.len() - index));
            break;
        }
        shown.push(line.clone());
    }
    let digest = digest(&Value::Array(meaning));
    Applied { v: 1, digest, added: shown, ..Applied::default() }
}

fn text(applied: &Applied) -> String {
    serde_json::to_string(applied).unwrap_or_default()
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// The lists that changes concern, as paths from the pod spec.
pub(crate) const LISTS: &[&[&str]] = &[
    &["affinity", "nodeAffinity", REQUIRED, "nodeSelectorTerms"],
    &["affinity", "nodeAffinity", PREFERRED],
    &["affinity", "podAffinity", REQUIRED],
    &["affinity", "podAffinity", PREFERRED],
    &["affinity", "podAntiAffinity", REQUIRED],
    &["affinity", "podAntiAffinity", PREFERRED],
    &["tolerations"],
    &["topologySpreadConstraints"],
];

pub(crate) fn at(spec: &Value, list: &[&str]) -> Value {
    let found = list.iter().try_fold(spec, |at, key| at.get(key));
    found.cloned().unwrap_or(Value::Null)
}

/// Whether the annotation was written on a template that was to be expanded in place.
pub(crate) fn keeps_lists(annotation: &str) -> bool {
    let of_template = |applied: Applied| !applied.lists.is_empty() || !applied.refused.is_empty();
    serde_json::from_str(annotation).is_ok_and(of_template)
}

/// The placement fields as the user wrote them: every list that still is as we left it becomes the
/// user's own again. `None` if the annotation cannot be read, which anybody can bring about: then
/// the fields are the user's as they stand.
#[must_use]
pub(crate) fn undo(annotation: &str, spec: &PodSpec) -> Option<PodSpec> {
    let applied: Applied = serde_json::from_str(annotation).ok()?;
    let mut value = spec.lists();
    for kept in &applied.lists {
        let Some(list) = LISTS.iter().find(|list| list.join("/") == kept.list) else { continue };
        let now = at(&value, list);
        if now.is_null() || digest(&now) != kept.digest {
            continue;
        }
        if kept.own.is_null() {
            prune(&mut value, list);
        } else {
            let action = crate::change::Action::Set;
            edit_value(&mut value, Edit { list, action, value: kept.own.clone() });
        }
    }
    let mut undone = spec.clone();
    let field = |key: &str| value.get(key).cloned().unwrap_or(Value::Null);
    undone.affinity = serde_json::from_value(field("affinity")).ok()?;
    undone.tolerations = or_empty(field("tolerations"))?;
    undone.spread = or_empty(field("topologySpreadConstraints"))?;
    Some(undone)
}

fn or_empty<T: serde::de::DeserializeOwned>(value: Value) -> Option<Vec<T>> {
    serde_json::from_value::<Option<Vec<T>>>(value).ok().map(Option::unwrap_or_default)
}

/// Removes a list, and the mappings that become empty with it; returns the path of what went.
pub(crate) fn prune(value: &mut Value, list: &[&str]) -> Vec<String> {
    let Some((key, rest)) = list.split_first() else { return Vec::new() };
    let Value::Object(fields) = value else { return Vec::new() };
    let mut gone = vec![(*key).to_owned()];
    if rest.is_empty() {
        fields.remove(*key);
        return gone;
    }
    if let Some(below) = fields.get_mut(*key) {
        let deeper = prune(below, rest);
        if below.as_object().is_some_and(Json::is_empty) {
            fields.remove(*key);
        } else {
            gone.extend(deeper);
        }
    }
    gone
}
