//! What a review may know besides the object: values that the front ends collected beforehand.

mod asked;
mod selects;

use std::collections::BTreeMap;
use std::sync::Arc;

use placecard_feasibility::inventory::volume::Volume;
use placecard_findings::ObjectRef;
use placecard_language::affinity::ObjectId;
use placecard_language::checked::Words;
use placecard_language::coordination::Group;
use placecard_language::directory::{ObjectKind, ObjectName, PodFacts};
use placecard_language::intent::TargetKind;
use placecard_language::keys;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::coordination::roster::Roster;
use crate::live::Live;
use crate::mode::Mode;
use crate::object::{Map, Owner};
use asked::Asked;

pub use asked::{Others, Topics};
pub use selects::Selects;

/// Everything besides the object.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The vocabulary; shared, because every review has surroundings of its own.
    pub words: Arc<Words>,
    /// Answers to the references of the object.
    pub objects: Objects,
    /// The server that will read the object.
    pub server: ServerVersion,
    /// The cluster on which templates are judged; `None`: on none.
    pub cluster: Option<Arc<Cluster>>,
    /// The live cluster on which templates are judged, if there is no other and all of its nodes are
    /// known.
    pub live: Option<Arc<Live>>,
    /// The mode of namespaces without the label.
    pub default_mode: Mode,
    /// Who sees to batches of pods.
    pub coordinating: Coordinating,
    /// Everything that was read together.
    pub inputs: Others,
}

impl Surroundings {
    /// What was asked of other objects since these surroundings were made. A review that finds nothing
    /// finds nothing either where more is known of what it did not ask about.
    #[must_use]
    pub fn asked(&self) -> Topics {
        self.objects.asked.topics() | self.inputs.asked()
    }
}

/// Who sees to batches of pods besides the scheduler's filters; nobody unless it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coordinating {
    /// A controller of ours has renewed its Lease lately: what waits behind its gate is released.
    pub controller: bool,
    /// That controller follows the coordinations that stand in RoleBasedGroups, too.
    pub inside: bool,
    /// The server and its scheduler serve PodGroups (`scheduling.k8s.io`).
    pub pod_groups: bool,
}

/// Minor version of a Kubernetes server, `1.N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerVersion(pub u32);

impl Default for ServerVersion {
    /// The newest release whose fields this code was checked against.
    fn default() -> Self {
        Self(34)
    }
}

impl ServerVersion {
    /// The oldest supported server.
    pub const OLDEST: Self = Self(30);

    /// matchLabelKeys of pod affinity terms are on by default (KEP-3633, beta in 1.31).
    #[must_use]
    pub fn has_match_label_keys(self) -> bool {
        self >= Self(31)
    }

    /// Reads `1.34`, `v1.34.1` or `1.34+`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.trim().trim_start_matches('v').strip_prefix("1.")?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let tail = &rest[digits.len()..];
        let known_tail = tail.is_empty() || tail.starts_with(['.', '+', '-']);
        if known_tail { digits.parse().ok().map(Self) } else { None }
    }
}

/// Something that a review needs to know about another object. There is one for each answer, so that
/// what takes much room stands elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// The selector of a Service or workload that a rule names.
    Target {
        /// Which kind.
        kind: TargetKind,
        /// Its namespace, resolved.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The selector of a pod's controller.
    Owner {
        /// The controller, in the namespace of the pod.
        object: Box<ObjectRef>,
        /// UID; the answer is `Absent` if the object of that name has another one.
        uid: String,
    },
    /// The labels of a namespace.
    Namespace {
        /// Its name.
        name: String,
    },
    /// The volume of a claim.
    Claim {
        /// Namespace of the pod.
        namespace: String,
        /// Name of the claim.
        name: String,
    },
    /// The access modes of a claim.
    AccessModes {
        /// Namespace of the pod.
        namespace: String,
        /// Name of the claim.
        name: String,
    },
    /// The name of an object by its UID.
    Object {
        /// Which kind.
        kind: ObjectKind,
        /// Its UID.
        id: ObjectId,
    },
    /// The labels of a node.
    Node {
        /// Its name.
        name: String,
    },
    /// The holder of a Lease.
    Lease {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Where a pod is.
    Pod {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Which nodes reach a PersistentVolume.
    PersistentVolume {
        /// Its name.
        name: String,
    },
    /// A RoleCoordination.
    Coordination {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// All RoleCoordinations of a namespace, as far as they are at hand: the API server is not asked.
    Cast {
        /// The namespace.
        namespace: String,
    },
    /// All RoleCoordinations of a namespace.
    Coordinations {
        /// The namespace.
        namespace: String,
    },
    /// The workloads whose templates name a coordination in the long form, which no object describes;
    /// as far as they are at hand: nobody is asked.
    LongForm {
        /// The namespace.
        namespace: String,
        /// What they call the coordination.
        name: String,
    },
    /// A workload as it is written: one that plays a role in a coordination.
    Workload {
        /// The workload, with its namespace.
        object: Box<ObjectRef>,
    },
    /// The coordinations inside a RoleBasedGroup.
    InGroup {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// What the API server keeps of the coordinations inside a RoleBasedGroup.
    GroupSchema {
        /// The version of the API, `v1alpha1`.
        version: String,
    },
    /// How a workload of the group `apps` counts its replicas.
    Scale {
        /// `StatefulSet`, `Deployment` or `ReplicaSet`.
        kind: Box<str>,
        /// Its namespace.
        namespace: Box<str>,
        /// Its name.
        name: Box<str>,
    },
    /// The autoscaler of a workload.
    Autoscaler {
        /// Kind of the workload.
        kind: Box<str>,
        /// Namespace of the workload.
        namespace: Box<str>,
        /// Name of the workload.
        name: Box<str>,
    },
}

impl Reference {
    /// Whether its answer may be what makes a review ask about something else, as a Lease that about its
    /// holder. What selectors, labels of namespaces, modes of claims and autoscalers say is the end of it.
    #[must_use]
    pub const fn leads_on(&self) -> bool {
        !matches!(
            self,
            Self::Target { .. }
                | Self::Owner { .. }
                | Self::Namespace { .. }
                | Self::AccessModes { .. }
                | Self::Autoscaler { .. }
        )
    }

    /// The reference to a pod's controller.
    #[must_use]
    pub fn owner(owner: &Owner, namespace: &str) -> Self {
        let object = ObjectRef {
            api_version: owner.api_version.clone(),
            kind: owner.kind.clone(),
            namespace: namespace.to_owned(),
            name: owner.name.clone(),
        };
        Self::Owner { object: Box::new(object), uid: owner.uid.clone() }
    }
}

/// What was found. There is one for most objects, so that what takes much room stands elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The object's selector; `None`: it selects no pods (a Service without selector).
    Selector(Option<Selects>),
    /// The namespace's labels.
    Namespace(Map),
    /// The volume, or the one that the claim is bound to.
    Volume(Box<Volume>),
    /// What the object is called.
    Name(Box<ObjectName>),
    /// The node's labels.
    Node(Map),
    /// `spec.holderIdentity` of the Lease; empty if nobody holds it.
    Lease(String),
    /// Where the pod is.
    Pod(Box<PodFacts>),
    /// The access modes that the claim asks for.
    AccessModes(Vec<String>),
    /// The RoleCoordination, checked.
    Coordination(Box<Group>),
    /// The RoleCoordinations of the namespace.
    Coordinations(Arc<Roster>),
    /// The workload.
    Workload(Box<Workload>),
    /// The workloads, in the order in which they were read.
    Workloads(Arc<Vec<Workload>>),
    /// A structural schema; null if there is no such field.
    Schema(Arc<Value>),
    /// How the workload counts its replicas.
    Scale {
        /// `spec.replicas`, 1 if it says nothing.
        replicas: u64,
        /// The number of the first one: `spec.ordinals.start` of a StatefulSet.
        start: u32,
    },
    /// An autoscaler sets the number of replicas.
    Autoscaler {
        /// The autoscaler.
        object: Box<ObjectRef>,
        /// The fewest replicas that it asks for.
        least: u64,
        /// The most replicas that it asks for.
        most: u64,
    },
    /// The claim exists but is not bound to a volume.
    Unbound,
    /// The claim is bound to the volume of this name, which was not found.
    BoundTo(String),
    /// It was looked for where it would have to be, and is not there.
    Absent,
    /// It could not be asked for: time ran out, no permission.
    Unreachable,
}

/// A workload as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// The whole object.
    pub written: Value,
    /// It has a review of its own in the same run, which says what is wrong with it alone.
    pub is_reviewed: bool,
}

/// Answers by reference. A reference without an answer was never asked: nothing is known.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    answers: BTreeMap<Reference, Answer>,
    asked: Asked,
}

impl FromIterator<(Reference, Answer)> for Objects {
    /// Of two answers to one reference the first counts.
    fn from_iter<T: IntoIterator<Item = (Reference, Answer)>>(all: T) -> Self {
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all.dedup_by(|(later, _), (first, _)| later == first);
        Self { answers: all.into_iter().collect(), asked: Asked::default() }
    }
}

impl Objects {
    /// Records an answer.
    pub fn insert(&mut self, reference: Reference, answer: Answer) {
        self.answers.insert(reference, answer);
    }

    /// Adds the answers of others; those that are there stay.
    pub fn extend(&mut self, others: Self) {
        for (reference, answer) in others.answers {
            self.answers.entry(reference).or_insert(answer);
        }
    }

    /// The answer, if the reference was asked.
    #[must_use]
    pub fn get(&self, reference: &Reference) -> Option<&Answer> {
        self.asked.after(reference);
        self.answers.get(reference)
    }

    /// The labels of a namespace, if known.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<&Map> {
        match self.get(&Reference::Namespace { name: name.to_owned() }) {
            Some(Answer::Namespace(labels)) => Some(labels),
            _ => None,
        }
    }

    /// The value of a namespace's label of the mode. Not recorded as asked: by the mode findings are
    /// weighed, and none are made.
    pub(crate) fn mode(&self, name: &str) -> Option<&str> {
        match self.answers.get(&Reference::Namespace { name: name.to_owned() }) {
            Some(Answer::Namespace(labels)) => labels.get(keys::MODE).map(String::as_str),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_answers_are_small() {
        // Bytes. The linter keeps one or two of each for every workload.
        assert!(size_of::<Reference>() <= 64, "{}", size_of::<Reference>());
        assert!(size_of::<Answer>() <= 32, "{}", size_of::<Answer>());
        assert!(size_of::<(Reference, Answer)>() <= 96);
    }
}
