//! Answers to what a review has to know of other objects.

use placecard_feasibility::inventory::kind::Kind;
use placecard_language::affinity::ObjectId;
use placecard_language::directory::{ObjectKind, ObjectName, PodFacts};

use super::watched::Watched;
use super::{Live, basis, coordinated};
use crate::kinds;
use crate::read;
use crate::surroundings::{Answer, Reference};

impl Live {
    /// What is known of another object; `None`: it has to be asked for elsewhere.
    ///
    /// [`Answer::Absent`] says that the kind is listed completely and the object was not in it: it
    /// may have come since, so whoever would refuse something for it asks again. It is never said
    /// of pods, because finished ones are not kept, nor of owners.
    #[must_use]
    pub fn answer(&self, reference: &Reference) -> Option<Answer> {
        let objects = self.index.state.objects();
        let key = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
        match reference {
            Reference::Target { kind, namespace, name } => {
                self.target(basis::target(*kind), key(namespace, name), reference)
            }
            Reference::Owner { object, uid } => {
                let kind = Watched::find(&object.api_version, &object.kind)?;
                let name = key(&object.namespace, &object.name);
                let workload = self.index.workloads.get(&(kind, name.clone()))?;
                let ObjectId(uid) = uid.parse().ok()?;
                let selector = read::controller_selector(&workload.slim(kind, &name));
                (workload.uid == Some(uid)).then(|| {
                    selector.map_or(Answer::Absent, |it| Answer::Selector(Some(it.into())))
                })
            }
            Reference::Namespace { name } => {
                let known = objects.namespaces.get(name).filter(|_| !self.index.is_assumed(name));
                known.cloned().map(Answer::Namespace).or_else(|| self.absent(Watched::Namespace))
            }
            Reference::Claim { namespace, name } => match objects.claims.get(&key(namespace, name))
            {
                None => self.absent(Watched::PersistentVolumeClaim),
                Some(claim) if claim.volume.is_empty() => Some(Answer::Unbound),
                Some(claim) => {
                    let volume = objects.volumes.get(&claim.volume)?;
                    Some(Answer::Volume(Box::new(volume.clone())))
                }
            },
            Reference::AccessModes { namespace, name } => {
                let claim = objects.claims.get(&key(namespace, name));
                let modes = claim.map(|claim| Answer::AccessModes(claim.access_modes.clone()));
                modes.or_else(|| self.absent(Watched::PersistentVolumeClaim))
            }
            Reference::Object { kind, id } => self.named(*kind, *id),
            Reference::Node { name } => {
                let number = self.index.state.node_number(name);
                let node = number.and_then(|number| self.index.state.node(number));
                let labels = node.map(|node| Answer::Node(node.labels.clone()));
                labels.or_else(|| self.absent(Watched::Node))
            }
            Reference::Lease { namespace, name } => {
                let holder = self.index.leases.get(&key(namespace, name));
                let holder = holder.map(|holder| Answer::Lease(holder.to_string()));
                holder.or_else(|| self.absent(Watched::Lease).filter(|_| is_listed(namespace)))
            }
            Reference::Pod { namespace, name } => {
                let pod = self.index.state.pod(namespace, name)?;
                let keeps_its_name = pod.labels.get(kinds::POD_NAME_LABEL) == Some(name);
                let node = pod.node.unwrap_or_default();
                let facts = PodFacts { node: node.to_string(), keeps_its_name };
                Some(Answer::Pod(Box::new(facts)))
            }
            Reference::PersistentVolume { name } => {
                let volume = objects.volumes.get(name);
                let volume = volume.map(|volume| Answer::Volume(Box::new(volume.clone())));
                volume.or_else(|| self.absent(Watched::PersistentVolume))
            }
            Reference::Coordination { .. }
            | Reference::Coordinations { .. }
            | Reference::Workload { .. }
            | Reference::InGroup { .. }
            | Reference::GroupSchema { .. }
            | Reference::Cast { .. }
            | Reference::LongForm { .. }
            | Reference::Scale { .. } => self.coordination(reference),
            Reference::Autoscaler { .. } => {
                let known = self.index.autoscalers.of(reference).cloned();
                known.or_else(|| self.absent(Watched::HorizontalPodAutoscaler))
            }
        }
    }

    /// What is known of what a rule names.
    fn target(
        &self,
        kind: Watched,
        name: (String, String),
        reference: &Reference,
    ) -> Option<Answer> {
        let Some(workload) = self.index.workloads.get(&(kind, name.clone())) else {
            return self.absent(kind);
        };
        let mut answers = read::answers(&workload.slim(kind, &name), "").into_iter();
        answers.find_map(|(of, answer)| (of == *reference).then_some(answer))
    }

    /// What is known of coordinations, and of the workloads that play their roles.
    fn coordination(&self, reference: &Reference) -> Option<Answer> {
        match reference {
            Reference::Coordination { .. } => {
                let known = self.index.coordinated.get(&coordinated::named(reference)?);
                let answer = known.map(coordinated::Coordinated::answer);
                answer.or_else(|| self.absent(Watched::RoleCoordination))
            }
            Reference::Coordinations { namespace } | Reference::Cast { namespace } => {
                let known = self.is_complete(Watched::RoleCoordination);
                let roster = self.index.rosters.get(namespace).cloned().unwrap_or_default();
                known.then_some(Answer::Coordinations(roster))
            }
            Reference::Scale { kind, namespace, name } => {
                let kind = basis::counted(kind)?;
                let name = (namespace.to_string(), name.to_string());
                let slim = self.index.workloads.get(&(kind, name.clone()))?.slim(kind, &name);
                let mut answers = read::answers(&slim, "").into_iter();
                answers.find_map(|(of, answer)| (of == *reference).then_some(answer))
            }
            // These are asked of the API server.
            _ => None,
        }
    }

    /// Nothing of the kind is hidden, so what was not found is not there.
    fn absent(&self, kind: Watched) -> Option<Answer> {
        self.is_complete(kind).then_some(Answer::Absent)
    }

    fn named(&self, kind: ObjectKind, ObjectId(uid): ObjectId) -> Option<Answer> {
        let watched = basis::named(kind);
        let kind = watched.kind()?;
        match self.index.by_uid.get(&(kind, uid)) {
            Some((namespace, name)) => {
                let name = ObjectName { namespace: namespace.clone(), name: name.clone() };
                Some(Answer::Name(Box::new(name)))
            }
            // The heartbeats of nodes are Leases too.
            None if kind == Kind::Lease => None,
            None => self.absent(watched),
        }
    }
}

/// Whether the Leases of the namespace are watched, [`Watched::row`].
fn is_listed(namespace: &str) -> bool {
    namespace != "kube-node-lease"
}
