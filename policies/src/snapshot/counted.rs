//! A snapshot straight into counts: no inventory in between, and no object is kept.

use std::collections::BTreeSet;

use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::state::State;

use super::alike::{Given, Like};
use super::object::{Object, Sink};

impl Sink for State {
    fn put(&mut self, object: Object) -> bool {
        let objects = self.objects();
        let key = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
        let replaces = match &object {
            Object::Node(node, _) => self.node_number(&node.name).is_some(),
            Object::Pod(pod) => self.pod(&pod.namespace, &pod.name).is_some(),
            Object::Namespace(name, _) => objects.namespaces.contains_key(name),
            Object::Volume(volume) => objects.volumes.contains_key(&volume.name),
            Object::Claim(claim) => {
                objects.claims.contains_key(&key(&claim.namespace, &claim.name))
            }
            Object::Class(class) => objects.classes.contains_key(&class.name),
            Object::CsiNode(name, _) => objects.csi_nodes.contains_key(name),
            Object::Service(name, _) => objects.services.contains_key(name),
            Object::Controller(kind, name, _) => {
                objects.controllers.contains_key(&(*kind, name.clone()))
            }
            Object::Quota(_)
            | Object::LimitRange(_)
            | Object::PriorityClass(_)
            | Object::Budget(_)
            | Object::Lease(..) => false,
        };
        match object {
            Object::Node(node, images) => {
                for (image, size) in images {
                    self.set_image_size(&image, size);
                }
                self.set_node(*node);
            }
            Object::Pod(pod) => self.set_pod(*pod),
            Object::Namespace(name, labels) => self.set_namespace(&name, labels),
            Object::Volume(volume) => self.set_volume(*volume),
            Object::Claim(claim) => self.set_claim(*claim),
            Object::Class(class) => self.set_class(class),
            Object::CsiNode(name, csi_node) => self.set_csi_node(&name, csi_node),
            Object::Service(name, Some(selector)) => self.set_service(name, selector),
            Object::Service(name, None) => self.remove_service(&name),
            Object::Controller(kind, name, selector) => self.set_controller((kind, name), selector),
            // Nothing that is counted depends on these.
            Object::Quota(_)
            | Object::LimitRange(_)
            | Object::PriorityClass(_)
            | Object::Budget(_)
            | Object::Lease(..) => {}
        }
        replaces
    }

    fn put_like(&mut self, like: &mut Like, given: Given<'_>) -> bool {
        let Given { name, uid, node, started: _, owner } = given;
        self.set_pod_like(&like.pod, &mut like.known, name, uid, node, owner.as_ref())
    }

    fn set_unknown(&mut self, kinds: BTreeSet<Kind>) {
        Self::set_unknown(self, kinds);
    }
}
