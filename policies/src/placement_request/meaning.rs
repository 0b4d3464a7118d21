//! One entry, resolved: which nodes meet it.

use std::collections::BTreeSet;

use placecard_feasibility::filter::cycle::Host;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::node_terms::{NodeFacts, NodeSet, NodeTerm, term_matches};
use placecard_feasibility::requirement::Requirement;
use placecard_feasibility::selector::Selector;
use placecard_language::affinity::{
    Affinity, AffinityDirection, AffinityTarget, NamedKind, ObjectId,
};
use placecard_language::checked::{Admits, Group, HOSTNAME, NamespaceFacts};
use placecard_language::directory::{Directory, Holder, ObjectKind, ObjectName, Unknown, holder};
use placecard_language::intent::TargetKind;

use super::Scene;
use super::resolve::Unresolvable;
use crate::kinds::{POD_NAME_LABEL, REVISION_LABELS};
use crate::native;
use crate::surroundings::{Answer, Reference};

/// The level of a RackId that names none.
const RACK: &str = "rack";

/// Which nodes meet an entry.
#[derive(Clone, Debug)]
pub(super) struct Meaning<'a> {
    direction: AffinityDirection,
    place: Place<'a>,
}

/// Where the target is.
#[derive(Clone, Debug)]
enum Place<'a> {
    /// The node of this name.
    Node(String),
    /// The nodes with this label.
    Domain { key: String, value: String },
    /// The nodes that match one of the terms; `None`: all.
    Nodes(NodeSet),
    /// The domains in which certain pods run.
    Beside {
        /// The label of the level.
        key: String,
        domains: BTreeSet<&'a str>,
        /// There may be such pods that are not known.
        open: bool,
    },
}

impl<'a> Meaning<'a> {
    /// What an entry means.
    pub(super) fn of(entry: &Affinity, scene: &Scene<'a>) -> Result<Self, Unresolvable> {
        let place = Resolver { scene, level: entry.level() }.place(entry.target())?;
        Ok(Self { direction: entry.direction(), place })
    }

    /// Whether a node meets the entry; `maybe`: what cannot be known is met.
    pub(super) fn holds(&self, host: &Host<'_>, maybe: bool) -> bool {
        let labels = &host.node.labels;
        let here = match &self.place {
            Place::Node(name) => host.node.name == *name,
            Place::Domain { key, value } => labels.get(key) == Some(value),
            Place::Nodes(None) => true,
            Place::Nodes(Some(terms)) => {
                let facts = NodeFacts { name: &host.node.name, labels };
                terms.iter().any(|term| term_matches(term, facts))
            }
            Place::Beside { key, domains, open } => labels.get(key).is_some_and(|value| {
                let toward = self.direction == AffinityDirection::Toward;
                domains.contains(value.as_str()) || (toward && *open && maybe)
            }),
        };
        match self.direction {
            AffinityDirection::Toward => here,
            AffinityDirection::Away => !here,
        }
    }
}

/// Finds the place of a target.
struct Resolver<'s, 'a> {
    scene: &'s Scene<'a>,
    /// The level of the entry.
    level: Option<&'s str>,
}

impl<'a> Resolver<'_, 'a> {
    fn place(&self, target: &AffinityTarget) -> Result<Place<'a>, Unresolvable> {
        match target {
            AffinityTarget::NodeId(id) => self.node(&self.object(ObjectKind::Node, *id)?.name),
            AffinityTarget::ResourceId(id) => match self.scene.words.resource_ids.get(id) {
                Some(name) => self.resource(name),
                None => self.volume(&self.object(ObjectKind::PersistentVolume, *id)?.name),
            },
            AffinityTarget::LeaseId(id) => self.lease(&self.object(ObjectKind::Lease, *id)?),
            AffinityTarget::ServiceId(id) => self.service(&self.object(ObjectKind::Service, *id)?),
            AffinityTarget::TrustDomain(name) => self.trust_domain(name),
            AffinityTarget::RackId(number) => self.rack(*number),
            AffinityTarget::Named(named) => {
                let own = &self.scene.cycle.pod.namespace;
                let namespace = named.namespace.as_ref().unwrap_or(own).clone();
                let name = named.name.clone();
                match named.kind {
                    NamedKind::Node => self.node(&name),
                    NamedKind::Resource => self.resource(&name),
                    NamedKind::Volume => self.volume(&name),
                    NamedKind::Lease => self.lease(&ObjectName { namespace, name }),
                    NamedKind::Service => self.service(&ObjectName { namespace, name }),
                }
            }
        }
    }

    fn object(&self, kind: ObjectKind, id: ObjectId) -> Result<ObjectName, Unresolvable> {
        Ok(self.scene.known.object(kind, id)?)
    }

    /// What is known of another object.
    fn find(&self, reference: &Reference) -> Result<Answer, Unknown> {
        match self.scene.known.find(reference) {
            Some(Answer::Absent) => Err(Unknown::Absent),
            Some(Answer::Unreachable) => Err(Unknown::Unreachable),
            answer => answer.ok_or(Unknown::NotAsked),
        }
    }

    /// The label of the entry's level.
    fn key(&self, default: &str) -> Result<String, Unresolvable> {
        let level = self.level.unwrap_or(default);
        match self.scene.words.level(level) {
            Some(known) => Ok(known.key.clone()),
            None if level.contains('/') => Ok(level.to_owned()),
            None => Err(Unresolvable::UnknownLevel(level.to_owned())),
        }
    }

    /// A node, or the domain around it.
    fn node(&self, name: &str) -> Result<Place<'a>, Unresolvable> {
        let key = self.key("node")?;
        if key == HOSTNAME {
            return Ok(Place::Node(name.to_owned()));
        }
        let labels = self.scene.known.node(name)?;
        let value = labels.get(&key).filter(|value| !value.is_empty());
        let value = value.ok_or(Unknown::Unlabelled)?.clone();
        Ok(Place::Domain { key, value })
    }

    fn resource(&self, name: &str) -> Result<Place<'a>, Unresolvable> {
        let group = self.scene.words.resources.get(name);
        let unknown = || Unresolvable::UnknownResource(name.to_owned());
        group.map(nodes_of).ok_or_else(unknown)
    }

    fn volume(&self, name: &str) -> Result<Place<'a>, Unresolvable> {
        match self.find(&Reference::PersistentVolume { name: name.to_owned() })? {
            Answer::Volume(volume) => Ok(Place::Nodes(volume.node_affinity)),
            _ => Err(Unknown::NotAsked.into()),
        }
    }

    fn rack(&self, number: u32) -> Result<Place<'a>, Unresolvable> {
        let key = self.key(RACK)?;
        let level = self.scene.words.level(self.level.unwrap_or(RACK));
        let number = number.to_string();
        let value = match level.and_then(|level| level.format.as_ref()) {
            Some(format) => format.replacen("{n}", &number, 1),
            None => number,
        };
        Ok(Place::Domain { key, value })
    }

    fn trust_domain(&self, name: &str) -> Result<Place<'a>, Unresolvable> {
        let group = self.scene.words.trust_domains.get(name);
        let group = group.ok_or_else(|| Unresolvable::UnknownTrustDomain(name.to_owned()))?;
        let (inventory, own) = (self.scene.cycle.inventory, &self.scene.cycle.pod.namespace);
        let labels = inventory.namespaces.get(own);
        // Of a namespace that is listed while others may not be, only the name is known.
        let labels = labels.filter(|_| !inventory.is_unknown(Kind::Namespace)).cloned();
        let facts = NamespaceFacts { name: own.clone(), labels };
        let facts = (!own.is_empty()).then_some(&facts);
        match &group.allowed_namespaces {
            Some(allowed) if allowed.admits(facts) == Admits::No => Err(Unresolvable::NotAllowed),
            _ => Ok(nodes_of(group)),
        }
    }

    fn service(&self, service: &ObjectName) -> Result<Place<'a>, Unresolvable> {
        let ObjectName { namespace, name } = service;
        let domain = self.scene.words.service_domain.as_deref();
        let key = self.key(domain.unwrap_or("node"))?;
        let (namespace, name) = (namespace.clone(), name.clone());
        let kind = TargetKind::Service;
        let service = Reference::Target { kind, namespace: namespace.clone(), name };
        let Answer::Selector(selector) = self.find(&service)? else {
            return Err(Unknown::NotAsked.into());
        };
        let mut selector = selector.map(|it| native::selector(&it.native())).unwrap_or_default();
        selector.requirements.retain(|one| !REVISION_LABELS.contains(&one.key.as_str()));
        if selector.is_everything() {
            return Err(Unresolvable::SelectsNothing);
        }
        Ok(self.beside(key, &namespace, &selector))
    }

    /// The domains in which the pods run that match.
    fn beside(&self, key: String, namespace: &str, selector: &Selector) -> Place<'a> {
        let cycle = self.scene.cycle;
        let is_one = |pod: &&Pod| pod.namespace == namespace && selector.matches(&pod.labels);
        let hosts = cycle.hosts.iter().filter(|host| host.pods.iter().any(is_one));
        let domains = hosts.filter_map(|host| host.node.labels.get(&key)).map(String::as_str);
        let domains = domains.collect();
        let open = [Kind::Pod, Kind::Node].into_iter().any(|it| cycle.inventory.is_unknown(it));
        Place::Beside { key, domains, open }
    }

    /// Where the holder of a Lease is.
    fn lease(&self, lease: &ObjectName) -> Result<Place<'a>, Unresolvable> {
        let ObjectName { namespace, name } = lease;
        let holder = holder(self.scene.known, namespace, name, &mut Vec::new());
        match holder.map_err(|(_, why)| why)? {
            Holder::Node(node) => self.node(&node),
            Holder::Pod(name) => {
                let stable = Requirement::one_of(POD_NAME_LABEL, &[name.as_str()]);
                let selector = Selector { requirements: vec![stable] };
                Ok(self.beside(self.key("node")?, namespace, &selector))
            }
        }
    }
}

/// The nodes of a group of the vocabulary.
fn nodes_of<'a>(group: &Group) -> Place<'a> {
    let requirements = native::rule_selector(&group.nodes).requirements;
    let all = requirements.is_empty();
    Place::Nodes((!all).then(|| vec![NodeTerm::of(requirements)]))
}
