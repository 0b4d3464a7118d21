//! What a snapshot says of ids, of Leases, and of whatever else rules name.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_findings::ObjectRef;
use placecard_language::affinity::ObjectId;
use placecard_language::directory::{Directory, ObjectKind, ObjectName, PodFacts, Unknown};
use placecard_language::intent::TargetKind;

use crate::kinds::POD_NAME_LABEL;
use crate::native;
use crate::surroundings::{Answer, Reference, Selects};

/// A snapshot as a directory. What is not in it is absent if the snapshot lists all objects of the
/// kind, and else not known; so is what would be in a namespace that is not known.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'a>(pub &'a Inventory);

impl Directory for Snapshot<'_> {
    fn object(&self, kind: ObjectKind, id: ObjectId) -> Result<ObjectName, Unknown> {
        let kind = listed(kind);
        let (namespace, name) =
            self.0.uids.get(&(kind, id.0)).ok_or_else(|| self.lacks(kind))?.clone();
        Ok(ObjectName { namespace, name })
    }

    fn node(&self, name: &str) -> Result<&BTreeMap<String, String>, Unknown> {
        self.0.nodes.get(name).map(|node| &node.labels).ok_or_else(|| self.lacks(Kind::Node))
    }

    fn lease(&self, namespace: &str, name: &str) -> Result<&str, Unknown> {
        let holder = self.0.leases.get(&key(namespace, name)).map(String::as_str);
        holder.ok_or_else(|| self.lacks_in(namespace, Kind::Lease))
    }

    fn pod(&self, namespace: &str, name: &str) -> Result<PodFacts, Unknown> {
        let pod = self.0.pods.get(&key(namespace, name));
        let pod = pod.ok_or_else(|| self.lacks_in(namespace, Kind::Pod))?;
        let keeps_its_name = pod.labels.get(POD_NAME_LABEL).is_some_and(|label| label == name);
        let node = pod.node.as_deref().unwrap_or_default().to_owned();
        Ok(PodFacts { node, keeps_its_name })
    }
}

impl Snapshot<'_> {
    /// The answer to a reference; `None` if the snapshot does not say.
    ///
    /// It has no UIDs of controllers: the owner of a pod is found by its name, as in manifests.
    #[must_use]
    pub fn answer(self, reference: &Reference) -> Option<Answer> {
        match reference {
            Reference::Object { kind, id } => {
                known(self.object(*kind, *id).map(|name| Answer::Name(Box::new(name))))
            }
            Reference::Node { name } => known(self.node(name).cloned().map(Answer::Node)),
            Reference::Lease { namespace, name } => {
                let holder = self.lease(namespace, name).map(str::to_owned);
                known(holder.map(Answer::Lease))
            }
            Reference::Pod { namespace, name } => {
                known(self.pod(namespace, name).map(|facts| Answer::Pod(Box::new(facts))))
            }
            Reference::PersistentVolume { name } => {
                let volume = self.0.volumes.get(name).cloned();
                let volume = volume.ok_or_else(|| self.lacks(Kind::PersistentVolume));
                known(volume.map(|volume| Answer::Volume(Box::new(volume))))
            }
            Reference::Claim { namespace, name } => {
                let claim = self.0.claims.get(&key(namespace, name));
                known(self.claimed(namespace, claim.map(|claim| self.volume_of(&claim.volume))))
            }
            Reference::AccessModes { namespace, name } => {
                let claim = self.0.claims.get(&key(namespace, name));
                let modes = claim.map(|claim| Answer::AccessModes(claim.access_modes.clone()));
                known(self.claimed(namespace, modes))
            }
            Reference::Namespace { name } => {
                // Of a namespace that is listed while others may not be, only the name is known.
                let listed = !self.0.is_unknown(Kind::Namespace);
                let labels = self.0.namespaces.get(name).filter(|_| listed)?;
                Some(Answer::Namespace(labels.clone()))
            }
            Reference::Target { kind, namespace, name } => self.target(*kind, namespace, name),
            Reference::Owner { object, .. } => self.owner(object),
            Reference::Autoscaler { .. }
            | Reference::Coordination { .. }
            | Reference::Coordinations { .. }
            | Reference::Cast { .. }
            | Reference::LongForm { .. }
            | Reference::Workload { .. }
            | Reference::InGroup { .. }
            | Reference::GroupSchema { .. }
            | Reference::Scale { .. } => None,
        }
    }

    /// A claim that is bound to the volume of this name.
    fn volume_of(self, volume: &str) -> Answer {
        match self.0.volumes.get(volume) {
            _ if volume.is_empty() => Answer::Unbound,
            Some(volume) => Answer::Volume(Box::new(volume.clone())),
            None => Answer::BoundTo(volume.to_owned()),
        }
    }

    fn claimed(self, namespace: &str, found: Option<Answer>) -> Result<Answer, Unknown> {
        found.ok_or_else(|| self.lacks_in(namespace, Kind::PersistentVolumeClaim))
    }

    /// The selector of a Service or of a StatefulSet: other workloads are not in a snapshot.
    fn target(self, kind: TargetKind, namespace: &str, name: &str) -> Option<Answer> {
        let name = key(namespace, name);
        let (kind, found) = match kind {
            TargetKind::Service => {
                let labels = self.0.services.get(&name).filter(|labels| !labels.is_empty());
                let selector = labels.map(|labels| LabelSelector {
                    match_labels: Some(labels.clone()),
                    match_expressions: None,
                });
                let exists = selector.is_some() || self.0.selectorless.contains(&name);
                (Kind::Service, exists.then_some(selector))
            }
            TargetKind::StatefulSet => {
                let found = self.0.controllers.get(&(Kind::StatefulSet, name));
                let selector = |of: &Option<_>| of.as_ref().map(native::native_selector);
                (Kind::StatefulSet, found.map(selector))
            }
            TargetKind::Deployment | TargetKind::DaemonSet | TargetKind::Job => return None,
        };
        let found = found.map(|selector| Answer::Selector(selector.map(Selects::from)));
        known(found.ok_or_else(|| self.lacks_in(namespace, kind)))
    }

    fn owner(self, owner: &ObjectRef) -> Option<Answer> {
        let ObjectRef { api_version, kind, namespace, name } = owner;
        let kind = match (api_version.as_str(), kind.as_str()) {
            ("apps/v1", "ReplicaSet") => Kind::ReplicaSet,
            ("apps/v1", "StatefulSet") => Kind::StatefulSet,
            ("v1", "ReplicationController") => Kind::ReplicationController,
            _ => return None,
        };
        let selector = self.0.controllers.get(&(kind, key(namespace, name)))?.as_ref()?;
        let selects = !selector.is_everything();
        selects.then(|| Answer::Selector(Some(native::native_selector(selector).into())))
    }

    /// Why something is not in the snapshot.
    fn lacks(self, kind: Kind) -> Unknown {
        if self.0.is_unknown(kind) { Unknown::NotAsked } else { Unknown::Absent }
    }

    /// As [`Self::lacks`], of something in a namespace.
    fn lacks_in(self, namespace: &str, kind: Kind) -> Unknown {
        if namespace.is_empty() { Unknown::NotAsked } else { self.lacks(kind) }
    }
}

fn key(namespace: &str, name: &str) -> (String, String) {
    (namespace.to_owned(), name.to_owned())
}

/// The kind among those of a snapshot.
const fn listed(kind: ObjectKind) -> Kind {
    match kind {
        ObjectKind::Node => Kind::Node,
        ObjectKind::Service => Kind::Service,
        ObjectKind::Lease => Kind::Lease,
        ObjectKind::PersistentVolume => Kind::PersistentVolume,
    }
}

fn known(found: Result<Answer, Unknown>) -> Option<Answer> {
    match found {
        Ok(answer) => Some(answer),
        Err(Unknown::Absent) => Some(Answer::Absent),
        Err(_) => None,
    }
}
