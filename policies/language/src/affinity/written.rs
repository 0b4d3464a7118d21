//! Entries as annotations and `placecard intent` spell them: YAML or JSON, with a published schema.
//!
//! ```
//! use placecard_language::affinity::written;
//! use serde_json::json;
//!
//! let value = json!({"entries": [{
//!     "category": "Topology", "strength": "Preferred", "direction": "away",
//!     "target": {"type": "ServiceId", "name": "search/cache"}, "weight": 80, "level": "zone",
//! }]});
//! let entries = written::read(&value).expect("all is well");
//! assert_eq!(written::write(&entries), value);
//! ```

mod conditions;

use std::sync::LazyLock;

use placecard_findings::Code;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::category::AffinityCategory;
use super::contradiction::check_contradictions;
use super::entry::Affinity;
use super::error::{LeaseError, Reason};
use super::strength::{AffinityDirection, AffinityStrength};
use super::surface;
use super::target::{AffinityTarget, AffinityTargetType, NamedTarget};
use crate::codes;
use crate::report::MAX_PROBLEMS;
use crate::schema::{Schema, fractions};
use crate::vocabulary_problem::{VocabularyDetail, VocabularyProblem};

/// As many entries are read; a checker of schemas needs memory for each that is wrong.
pub const MAX_ENTRIES: usize = 50_000;

/// Typed affinity entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Typed affinity entries")]
struct Written {
    /// All of them hold together; their order has no meaning.
    entries: Vec<WrittenEntry>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Entry", transform = conditions::of_entry)]
struct WrittenEntry {
    /// What kind of thing it is about.
    category: AffinityCategory,
    /// Required entries filter nodes, preferred ones score them. Trust is required only.
    strength: AffinityStrength,
    /// Toward the target or away from it, which only Topology can be; without it, toward.
    #[serde(default)]
    direction: AffinityDirection,
    /// What it is relative to.
    target: WrittenTarget,
    /// How much a preferred entry counts beside others, 1 to 100; without it, 50. Not in wire form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    weight: Option<u32>,
    /// The domain that counts as being with the target: a level of the vocabulary or a node label
    /// key. Without it a NodeId means the node, a RackId the rack, a ServiceId the vocabulary's
    /// `serviceDomain`. Not in wire form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(transform = conditions::of_level)]
    level: Option<String>,
}

/// What an entry is relative to: by `value`, or by `name` if the type has names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Target", transform = conditions::of_target)]
struct WrittenTarget {
    /// Resource takes NodeId and ResourceId, State NodeId and LeaseId, Topology NodeId, ServiceId
    /// and RackId, Trust TrustDomain.
    #[serde(rename = "type")]
    of: AffinityTargetType,
    /// The UID of a NodeId, ResourceId, LeaseId or ServiceId, the name of a TrustDomain, the number
    /// of a RackId.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "conditions::any_value")]
    value: Option<Value>,
    /// In place of a UID: the name of a node, of a Service or Lease (`NAME`, or `NAMESPACE/NAME`),
    /// of a resource of the vocabulary, or of a PersistentVolume (`volume/NAME`). Not in wire form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::of::<Written>);

/// The JSON Schema (2020-12) of typed entries, generated from their types.
#[must_use]
pub fn schema() -> Value {
    SCHEMA.value.clone()
}

/// One mistake in written entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryProblem {
    /// Which kind.
    pub code: Code,
    /// JSON pointer (RFC 6901) of the field, or of the mapping that lacks one.
    pub pointer: String,
    /// The key at `pointer` is meant and not its value: it is unknown, or its mapping lacks a field.
    pub on_key: bool,
    /// The facts.
    pub detail: EntryDetail,
    /// What could stand there instead.
    pub suggestion: Option<String>,
}

/// The facts of a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryDetail {
    /// The value does not have the shape of entries.
    Shape(VocabularyDetail),
    /// The value has their shape, and cannot be meant.
    Invalid(Reason),
}

/// Entries as a value: `{"entries": [{"category", "strength", "direction", "target": {"type",
/// "value" or "name"}, "weight"?, "level"?}]}`.
#[must_use]
pub fn write(entries: &[Affinity]) -> Value {
    let entries = entries.iter().map(WrittenEntry::of).collect();
    serde_json::to_value(Written { entries }).unwrap_or_default()
}

/// Entries as JSON text, two blanks a level, with a line break at its end.
#[must_use]
pub fn write_text(entries: &[Affinity]) -> String {
    let entries = entries.iter().map(WrittenEntry::of).collect();
    serde_json::to_string_pretty(&Written { entries }).unwrap_or_default() + "\n"
}

/// Reads entries from a value.
///
/// # Errors
/// All that is wrong, up to a bound, in the order of the schema or of the entries; no entry is
/// given then. Last comes whether they contradict each other.
pub fn read(value: &Value) -> Result<Vec<Affinity>, Vec<EntryProblem>> {
    let entries = read_each(value)?;
    check_contradictions(&entries).map_err(|error| vec![contradiction(error)])?;
    Ok(entries)
}

/// As [`read`], without looking for contradictions: an annotation is compared with the others beside
/// it, and not alone.
///
/// # Errors
/// As [`read`].
pub fn read_each(value: &Value) -> Result<Vec<Affinity>, Vec<EntryProblem>> {
    let count = value.get("entries").and_then(Value::as_array).map_or(0, Vec::len);
    if count > MAX_ENTRIES {
        let detail = VocabularyDetail::TooMany { limit: MAX_ENTRIES };
        return Err(vec![plain("/entries".to_owned(), EntryDetail::Shape(detail))]);
    }
    // What depends on values is told from our own types below, in their words.
    let [mut shape, conditional] = SCHEMA.refuse(value);
    if shape.is_empty() {
        fractions(value, &mut String::new(), &mut shape);
        shape.truncate(MAX_PROBLEMS);
    }
    if !shape.is_empty() {
        return Err(shape.into_iter().map(of_shape).collect());
    }
    let Ok(written) = Written::deserialize(value) else {
        // The types take what their schema takes; a test holds that.
        let detail = VocabularyDetail::Schema { keyword: "type".to_owned() };
        return Err(vec![plain(String::new(), EntryDetail::Shape(detail))]);
    };
    let (mut entries, mut problems) = (Vec::new(), Vec::new());
    for (index, written) in written.entries.iter().enumerate() {
        match written.read() {
            Ok(entry) => entries.push(entry),
            Err((field, detail)) => {
                problems.push(plain(format!("/entries/{index}{field}"), detail));
                if problems.len() >= MAX_PROBLEMS {
                    break;
                }
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    // The schema says nothing that the types do not; a test holds that.
    if !conditional.is_empty() {
        return Err(conditional.into_iter().map(of_shape).collect());
    }
    Ok(entries)
}

fn contradiction(error: LeaseError) -> EntryProblem {
    let reason = reason_of(error);
    let later = match &reason {
        Reason::Contradictory { toward, away, .. } => *toward.max(away),
        _ => 0,
    };
    plain(format!("/entries/{later}"), EntryDetail::Invalid(reason))
}

fn reason_of(error: LeaseError) -> Reason {
    match error {
        LeaseError::InvalidIntent { reason, .. } => reason,
        // Only the wire form refuses these.
        LeaseError::NotInWireForm { .. } => Reason::WeightOfRequired,
    }
}

fn plain(pointer: String, detail: EntryDetail) -> EntryProblem {
    let code = match &detail {
        EntryDetail::Invalid(Reason::WeightRange { .. }) => codes::WEIGHT_RANGE,
        EntryDetail::Invalid(Reason::WeightOfRequired) => codes::WEIGHT_IN_REQUIRE,
        EntryDetail::Shape(_) | EntryDetail::Invalid(_) => codes::INVALID_INTENT,
    };
    EntryProblem { code, pointer, on_key: false, detail, suggestion: None }
}

/// A problem of shape; what the model keeps for later is told as such.
fn of_shape(problem: VocabularyProblem) -> EntryProblem {
    let VocabularyProblem { pointer, on_key, detail, suggestion, .. } = problem;
    let in_entry = |field: &str| pointer.ends_with(field);
    let reason = match &detail {
        VocabularyDetail::WrongValue { found, .. } => match found.as_str() {
            "Facility" if in_entry("/category") => Some(Reason::FacilityReserved),
            "Adaptive" if in_entry("/strength") => {
                Some(Reason::AdaptiveReserved { byte: AffinityStrength::ADAPTIVE })
            }
            weight if in_entry("/weight") => {
                weight.parse().ok().map(|weight| Reason::WeightRange { weight })
            }
            _ => None,
        },
        _ => None,
    };
    match reason {
        Some(reason) => plain(pointer, EntryDetail::Invalid(reason)),
        None => {
            let detail = EntryDetail::Shape(detail);
            EntryProblem { on_key, suggestion, ..plain(pointer, detail) }
        }
    }
}

impl WrittenEntry {
    fn of(entry: &Affinity) -> Self {
        let target = entry.target();
        let (value, name) = match target {
            AffinityTarget::NodeId(id)
            | AffinityTarget::ResourceId(id)
            | AffinityTarget::LeaseId(id)
            | AffinityTarget::ServiceId(id) => (Some(id.to_string().into()), None),
            AffinityTarget::TrustDomain(name) => (Some(name.as_str().into()), None),
            AffinityTarget::RackId(id) => (Some((*id).into()), None),
            AffinityTarget::Named(named) => (None, Some(named.to_string())),
        };
        Self {
            category: entry.category(),
            strength: entry.strength(),
            direction: entry.direction(),
            target: WrittenTarget { of: target.target_type(), value, name },
            weight: entry.weight().map(u32::from),
            level: entry.level().map(str::to_owned),
        }
    }

    /// The entry, or the field that is wrong and why; fields in the order of the wire form.
    fn read(&self) -> Result<Affinity, (&'static str, EntryDetail)> {
        let at = |field: &'static str| move |reason| (field, EntryDetail::Invalid(reason));
        let Self { category, strength, direction, .. } = *self;
        surface::check_strength(category, strength, direction).map_err(|reason| {
            let of = match reason {
                Reason::PreferredTrust => "/strength",
                _ => "/direction",
            };
            at(of)(reason)
        })?;
        surface::check_type(category, self.target.of).map_err(at("/target/type"))?;
        let target = self.target.read()?;
        let mut entry = Affinity::new(category, strength, direction, target)
            .map_err(|error| at("/target")(reason_of(error)))?;
        if let Some(weight) = self.weight {
            let with = entry.with_weight(weight);
            entry = with.map_err(|error| at("/weight")(reason_of(error)))?;
        }
        if let Some(level) = &self.level {
            let with = entry.with_level(level.as_str());
            entry = with.map_err(|error| at("/level")(reason_of(error)))?;
        }
        Ok(entry)
    }
}

impl WrittenTarget {
    fn read(&self) -> Result<AffinityTarget, (&'static str, EntryDetail)> {
        let value = match (&self.value, &self.name) {
            (Some(_), Some(_)) => {
                let reason = Reason::ValueAndName { target: self.of };
                return Err(("/target/name", EntryDetail::Invalid(reason)));
            }
            (None, Some(name)) => {
                let named = NamedTarget::read(self.of, name);
                let at = |reason| ("/target/name", EntryDetail::Invalid(reason));
                return named.map(AffinityTarget::Named).map_err(at);
            }
            (None, None) => {
                let reason = Reason::NoTarget { target: self.of };
                return Err(("/target", EntryDetail::Invalid(reason)));
            }
            (Some(value), None) => value,
        };
        let invalid = |reason| ("/target/value", EntryDetail::Invalid(reason));
        let id = || match value {
            Value::String(text) => text.parse().map_err(invalid),
            other => Err(invalid(Reason::NotAnId { found: short(other) })),
        };
        Ok(match self.of {
            AffinityTargetType::NodeId => AffinityTarget::NodeId(id()?),
            AffinityTargetType::ResourceId => AffinityTarget::ResourceId(id()?),
            AffinityTargetType::LeaseId => AffinityTarget::LeaseId(id()?),
            AffinityTargetType::ServiceId => AffinityTarget::ServiceId(id()?),
            AffinityTargetType::RackId => {
                let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
                let wrong = || invalid(Reason::NotARack { found: short(value) });
                AffinityTarget::RackId(number.ok_or_else(wrong)?)
            }
            AffinityTargetType::TrustDomain => match value {
                Value::String(name) => {
                    let target = AffinityTarget::trust_domain(name);
                    surface::check_target(&target).map_err(invalid)?;
                    target
                }
                other => {
                    return Err(invalid(Reason::NotATrustDomain { found: short(other) }));
                }
            },
        })
    }
}

/// A value as JSON, its first 40 characters.
fn short(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}
