//! UIDs by names: what the wire form needs of objects that entries call by name.

use std::collections::BTreeMap;
use std::io::Read;

use placecard_language::Words;
use placecard_language::affinity::{AffinityTarget, NamedKind, NamedTarget, ObjectId};
use placecard_language::directory::ObjectKind;
use placecard_policies::feasibility::inventory::kind::Kind;
use placecard_policies::read;
use placecard_policies::words::intent::NoId;
use serde_json::Value;

use crate::cluster::{self, Progress};
use crate::index::{Index, Role};
use crate::load::collect;
use crate::one_document::uncollected;
use crate::plan::EncodeAsk;

/// The objects of one kind and name: by namespace, empty for what is in none. `None`: it has no UID.
type Named = BTreeMap<String, Option<ObjectId>>;

/// What was read of objects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    objects: BTreeMap<(ObjectKind, String), Named>,
    /// There are such objects at all.
    asked: bool,
    namespace: Option<String>,
}

impl Ids {
    /// Reads `--objects` and `--cluster`.
    ///
    /// # Errors
    /// What could not be read.
    pub(crate) fn read(ask: &EncodeAsk, stdin: &mut dyn Read) -> Result<Self, String> {
        let asked = !ask.objects.is_empty() || !ask.cluster.is_empty();
        let mut ids = Self { objects: BTreeMap::new(), asked, namespace: ask.namespace.clone() };
        if !ask.objects.is_empty() {
            let inputs =
                collect(&ask.objects, &mut *stdin).map_err(|errors| uncollected(&errors))?;
            let inputs = inputs.into_iter().map(|input| (Role::Context, input)).collect();
            for (_, _, value) in Index::new(inputs).objects() {
                ids.add(&value);
            }
        }
        if !ask.cluster.is_empty() {
            let read = cluster::load(&ask.cluster, stdin, &mut Progress::silent());
            let read = read.map_err(|complaints| {
                complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
            })?;
            for ((kind, id), (namespace, name)) in read.inventory.uids {
                let kind = match kind {
                    Kind::Node => ObjectKind::Node,
                    Kind::Service => ObjectKind::Service,
                    Kind::Lease => ObjectKind::Lease,
                    Kind::PersistentVolume => ObjectKind::PersistentVolume,
                    _ => continue,
                };
                ids.insert(kind, namespace, name, Some(ObjectId(id)));
            }
        }
        Ok(ids)
    }

    fn add(&mut self, value: &Value) {
        let Some(object) = read::reference(value) else { return };
        let kind = match (object.api_version.as_str(), object.kind.as_str()) {
            ("v1", "Node") => ObjectKind::Node,
            ("v1", "Service") => ObjectKind::Service,
            ("v1", "PersistentVolume") => ObjectKind::PersistentVolume,
            ("coordination.k8s.io/v1", "Lease") => ObjectKind::Lease,
            _ => return,
        };
        let id = value.pointer("/metadata/uid").and_then(Value::as_str);
        self.insert(kind, object.namespace, object.name, id.and_then(|id| id.parse().ok()));
    }

    fn insert(&mut self, kind: ObjectKind, namespace: String, name: String, id: Option<ObjectId>) {
        let namespace = match kind {
            ObjectKind::Service | ObjectKind::Lease => namespace,
            ObjectKind::Node | ObjectKind::PersistentVolume => String::new(),
        };
        let found = self.objects.entry((kind, name)).or_default().entry(namespace).or_default();
        *found = found.or(id);
    }

    /// The target by its id.
    ///
    /// # Errors
    /// Why its id is not known.
    pub(crate) fn resolve(
        &self,
        named: &NamedTarget,
        words: &Words,
    ) -> Result<AffinityTarget, NoId> {
        let (kind, target): (_, fn(ObjectId) -> AffinityTarget) = match named.kind {
            NamedKind::Resource => {
                let mut ids = words.resource_ids.iter();
                let found = ids.find(|(_, name)| **name == named.name);
                let found = found.map(|(id, _)| AffinityTarget::ResourceId(*id));
                return found.ok_or(NoId::NotInVocabulary);
            }
            NamedKind::Node => (ObjectKind::Node, AffinityTarget::NodeId),
            NamedKind::Volume => (ObjectKind::PersistentVolume, AffinityTarget::ResourceId),
            NamedKind::Lease => (ObjectKind::Lease, AffinityTarget::LeaseId),
            NamedKind::Service => (ObjectKind::Service, AffinityTarget::ServiceId),
        };
        if !self.asked {
            return Err(NoId::NotAsked);
        }
        let found = self.objects.get(&(kind, named.name.clone())).ok_or(NoId::Absent)?;
        let id = self.among(found, named.namespace.as_deref())?;
        id.map(target).ok_or(NoId::WithoutUid)
    }

    /// The one that is meant of those with one name.
    fn among(&self, found: &Named, namespace: Option<&str>) -> Result<Option<ObjectId>, NoId> {
        if let Some(namespace) = namespace {
            return found.get(namespace).copied().ok_or(NoId::Absent);
        }
        if let Some(own) = &self.namespace {
            // An object without a namespace goes wherever it is applied.
            return found.get(own).or_else(|| found.get("")).copied().ok_or(NoId::Absent);
        }
        match found.iter().next() {
            Some((_, id)) if found.len() == 1 => Ok(*id),
            _ => Err(NoId::Several(found.keys().cloned().collect())),
        }
    }
}
