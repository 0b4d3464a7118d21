//! A cluster that is kept up to date, so that one decision needs no work for each of its pods.
//!
//! [`State`] answers what [`crate::judge`] answers, which is its referee: which nodes are feasible
//! for a pod, and which plugin rejects each of the others first. Everything that a decision looks
//! up is counted when pods and nodes come and go. Read in this order:
//!
//! 1. `table`, `bits`, `strings`: numbers for things, sets of numbers, strings as numbers.
//! 2. `needs` and `scope`: selectors, node rules and namespaces of terms, read once.
//! 3. `column`, `counters`, `topology`: which domain each node is in, and how many pods of
//!    each term there are in each domain.
//! 4. `rows`, `ports` and `attached`: what is free on each node; `reach`: who reaches a volume.
//! 5. `spec`, `pods`, `nodes`, `occupancy`: pods share what they have in common; events.
//! 6. `terms` and `shapes`: what the pod to be placed asks for, known before it comes.
//! 7. `decide`: one plugin after the other, over rows of bits; `counted`: the plain judge over
//!    the same counts, for all reasons and for what is rare.
//! 8. `score` and `place`: the best of the nodes that pass, and the pod on it.
//! 9. `touched` and `standing`: which pods may not stay where they are, kept up to date.
//!
//! Pods that are made from one template and have the same labels are one *class*: what a term
//! selects is known by class, and a pod is a name, a class and a node. What the pod to be placed
//! asks for, apart from its name, labels and resources, is its *shape*; what terms a shape needs
//! to have counted is found out once, by [`State::prepare`].

mod alike;
mod aside;
mod attached;
mod bits;
mod column;
mod counted;
mod counters;
mod decide;
mod finder;
mod governance;
mod needs;
mod nodes;
mod occupancy;
mod place;
mod pods;
mod ports;
mod reach;
mod rows;
mod scope;
mod score;
mod shapes;
mod spec;
mod standing;
mod strings;
mod sweep;
mod table;
mod tenants;
mod terms;
mod topology;
mod touched;
mod view;
mod volumes;

pub use crate::state::alike::{Alike, Member, Whereabouts};
pub use crate::state::aside::{Aside, Named};
pub use crate::state::decide::{Decision, Plugins, Rejected, Said, Scratch};
pub use crate::state::place::{Board, Placed};
pub use crate::state::pods::Likeness;
pub use crate::state::shapes::Prepared;
pub use crate::state::standing::{Breach, Broken, Standing, Update};
pub use crate::state::tenants::Tenant;
pub use crate::state::view::View;

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::kind::Kind;
use crate::inventory::node::{CsiNode, Node};
use crate::inventory::pod::Pod;
use crate::inventory::volume::{Claim, StorageClass, Volume};
use crate::inventory::{self, Inventory, NamespacedName};
use crate::judge::Semantics;
use crate::label::Labels;
use crate::profile::Profile;
use crate::selector::Selector;
use crate::state::attached::Attachments;
use crate::state::finder::Finder;
use crate::state::nodes::Nodes;
use crate::state::pods::Pods;
use crate::state::ports::Ports;
use crate::state::rows::Rows;
use crate::state::score::Scores;
use crate::state::shapes::Shapes;
use crate::state::standing::Handed;
use crate::state::strings::{Pairs, Strings};
use crate::state::table::{Interner, Map};
use crate::state::terms::{Carrier, Part, Term};
use crate::state::topology::Topology;
use crate::state::touched::Touched;

/// A cluster, kept up to date by events.
///
/// An event adds an object or replaces the one of the same name. A pod whose node is not known
/// counts as soon as the node is; a pod that is finished is forgotten.
#[derive(Clone, Debug)]
pub struct State {
    semantics: Semantics,
    profile: Profile,
    /// The profile runs what a scheduler without a configuration runs, and nodes and pods are known.
    countable: bool,
    /// The same, and namespaces are known.
    ordinary: bool,
    strings: Strings,
    /// All that is neither a node nor a pod.
    objects: Inventory,
    /// The labels of the namespaces that are listed.
    namespaces: Map<u32, Pairs>,
    nodes: Nodes,
    pods: Pods,
    rows: Rows,
    ports: Ports,
    topology: Topology,
    attachments: Attachments,
    /// What the pods to be placed look for.
    terms: Interner<Vec<Part>, Term>,
    terms_by_label: Finder,
    /// The anti-affinity of the pods that are there, and where it is counted.
    carriers: Interner<Carrier, u32>,
    carriers_by_label: Finder,
    shapes: Shapes,
    /// The classes that match the term that was asked for last, while a pod is prepared.
    matched: (u32, Vec<u32>),
    /// What scores need.
    scores: Scores,
    /// What was touched, for those who look at copies.
    handed: Option<Box<Handed>>,
}

impl State {
    /// An empty cluster, as this version of the scheduler reads it.
    #[must_use]
    pub fn new(semantics: Semantics) -> Self {
        let mut state = Self {
            semantics,
            profile: Profile::of(semantics),
            countable: true,
            ordinary: true,
            strings: Strings::default(),
            objects: Inventory::default(),
            namespaces: Map::default(),
            nodes: Nodes::default(),
            pods: Pods::default(),
            rows: Rows::default(),
            ports: Ports::default(),
            topology: Topology::default(),
            attachments: Attachments::default(),
            terms: Interner::default(),
            terms_by_label: Finder::default(),
            carriers: Interner::default(),
            carriers_by_label: Finder::default(),
            shapes: Shapes::default(),
            matched: (table::NONE, Vec::new()),
            scores: Scores::default(),
            handed: None,
        };
        state.find_how_it_scores();
        state
    }

    /// The cluster of an inventory.
    #[must_use]
    pub fn of(inventory: &Inventory, semantics: Semantics) -> Self {
        let mut state = Self::new(semantics);
        state.objects = objects_of(inventory);
        for (name, labels) in &inventory.namespaces {
            state.set_namespace(name, labels.clone());
        }
        inventory.volumes.values().for_each(|volume| state.follow(volume));
        inventory.nodes.values().for_each(|node| state.set_node(node.clone()));
        inventory.pods.values().for_each(|pod| state.set_pod(pod.clone()));
        state.find_whether_ordinary();
        state
    }

    /// How the scheduler's version reads the cluster.
    #[must_use]
    pub fn semantics(&self) -> Semantics {
        self.semantics
    }

    /// The profile of the scheduler; that of one without a configuration at first.
    pub fn set_profile(&mut self, profile: Profile) {
        self.profile = profile;
        self.find_whether_ordinary();
    }

    /// The kinds of which there may be objects that are not listed; none at first.
    pub fn set_unknown(&mut self, unknown: BTreeSet<Kind>) {
        let namespaces = self.objects.is_unknown(Kind::Namespace);
        self.objects.unknown = unknown;
        self.find_whether_ordinary();
        self.topology.touch(Touched::everything);
        if namespaces != self.objects.is_unknown(Kind::Namespace) {
            // What was prepared was counted in other namespaces.
            self.shapes.forget_all();
            self.sweep();
        }
    }

    fn find_whether_ordinary(&mut self) {
        let ordinary = Profile::of(self.semantics);
        let counted = [Kind::Node, Kind::Pod];
        self.countable = !counted.iter().any(|kind| self.objects.is_unknown(*kind))
            && self.profile.pre_filter == ordinary.pre_filter
            && self.profile.filter == ordinary.filter
            && self.profile.added_nodes.is_none()
            && self.profile.fit.ignored_resources.is_empty()
            && self.profile.fit.ignored_resource_groups.is_empty()
            && self.profile.default_spread == ordinary.default_spread
            && !self.profile.kubelet;
        self.ordinary = self.countable && !self.objects.is_unknown(Kind::Namespace);
        self.find_how_it_scores();
    }

    /// All that is neither a node nor a pod.
    #[must_use]
    pub fn objects(&self) -> &Inventory {
        &self.objects
    }

    /// A service: its selector.
    pub fn set_service(&mut self, name: NamespacedName, selector: Labels) {
        self.objects.services.insert(name, selector);
        self.scores.forget();
    }

    /// The service is gone.
    pub fn remove_service(&mut self, name: &NamespacedName) {
        self.objects.services.remove(name);
        self.scores.forget();
    }

    /// A ReplicationController, ReplicaSet or StatefulSet: its selector.
    pub fn set_controller(&mut self, name: (Kind, NamespacedName), selector: Option<Selector>) {
        self.objects.controllers.insert(name, selector);
        self.scores.forget();
    }

    /// The controller is gone.
    pub fn remove_controller(&mut self, name: &(Kind, NamespacedName)) {
        self.objects.controllers.remove(name);
        self.scores.forget();
    }

    /// A namespace and its labels, `kubernetes.io/metadata.name` among them.
    pub fn set_namespace(&mut self, name: &str, labels: Labels) {
        let id = self.strings.add(name);
        let mut pairs = Pairs::new();
        self.strings.add_pairs(&labels, &mut pairs);
        self.objects.namespaces.insert(name.to_owned(), labels);
        if self.namespaces.insert(id, pairs.clone()).as_ref() != Some(&pairs) {
            self.resolve_again();
        }
    }

    /// The namespace is gone.
    pub fn remove_namespace(&mut self, name: &str) {
        self.objects.namespaces.remove(name);
        let known = self.strings.get(name).and_then(|id| self.namespaces.remove(&id));
        if known.is_some() {
            self.resolve_again();
        }
    }

    /// The size in bytes of an image, if no node has reported it before.
    pub fn set_image_size(&mut self, image: &str, size: i64) {
        self.objects.image_sizes.entry(image.to_owned()).or_insert(size);
        self.scores.forget();
    }

    /// A persistent volume.
    pub fn set_volume(&mut self, volume: Volume) {
        self.topology.touch(|touched| touched.volumes = true);
        self.follow(&volume);
        self.objects.volumes.insert(volume.name.clone(), volume);
    }

    /// The persistent volume is gone.
    pub fn remove_volume(&mut self, name: &str) {
        self.topology.touch(|touched| touched.volumes = true);
        self.objects.volumes.remove(name);
    }

    /// A persistent volume claim.
    pub fn set_claim(&mut self, claim: Claim) {
        self.topology.touch(|touched| touched.volumes = true);
        self.objects.claims.insert((claim.namespace.clone(), claim.name.clone()), claim);
    }

    /// The claim is gone.
    pub fn remove_claim(&mut self, namespace: &str, name: &str) {
        self.topology.touch(|touched| touched.volumes = true);
        self.objects.claims.remove(&(namespace.to_owned(), name.to_owned()));
    }

    /// A storage class.
    pub fn set_class(&mut self, class: StorageClass) {
        self.topology.touch(|touched| touched.volumes = true);
        self.objects.classes.insert(class.name.clone(), class);
    }

    /// The storage class is gone.
    pub fn remove_class(&mut self, name: &str) {
        self.topology.touch(|touched| touched.volumes = true);
        self.objects.classes.remove(name);
    }

    /// What the CSI drivers report of a node.
    pub fn set_csi_node(&mut self, name: &str, csi_node: CsiNode) {
        if let Some(number) = self.node_number(name) {
            self.attachments.limit(number, Some(&csi_node.limits));
        }
        self.objects.csi_nodes.insert(name.to_owned(), csi_node);
    }

    /// The CSI drivers report nothing of the node any longer.
    pub fn remove_csi_node(&mut self, name: &str) {
        if let Some(number) = self.node_number(name) {
            self.attachments.limit(number, None);
        }
        self.objects.csi_nodes.remove(name);
    }

    /// How many nodes there are.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// How many pods there are that are not finished, on whatever node.
    #[must_use]
    pub fn pod_count(&self) -> usize {
        self.pods.len()
    }

    /// One more than the largest number of a node.
    #[must_use]
    pub fn node_bound(&self) -> usize {
        self.nodes.bound()
    }

    /// The node with this number, as in [`Decision`]; numbers of nodes that are gone are used again.
    #[must_use]
    pub fn node(&self, number: u32) -> Option<&Node> {
        self.nodes.node(number)
    }

    /// The number of the node with this name.
    #[must_use]
    pub fn node_number(&self, name: &str) -> Option<u32> {
        self.nodes.number(self.strings.get(name)?)
    }

    /// Is room being made on some node for a pod that is not there yet?
    #[must_use]
    pub fn keeps_room(&self) -> bool {
        !self.pods.nominated.is_empty()
    }

    /// A pod that is not finished, as far as a filter or a score reads it.
    #[must_use]
    pub fn pod(&self, namespace: &str, name: &str) -> Option<Pod> {
        let id = self.pods.find(&self.strings, namespace, name)?;
        Some(self.pod_of(id))
    }
}

/// A copy without nodes and pods, and without what no filter and no score reads: Leases, UIDs, and
/// services without a selector.
pub(crate) fn objects_of(inventory: &Inventory) -> Inventory {
    Inventory {
        nodes: BTreeMap::new(),
        pods: inventory::pods::Pods::default(),
        image_sizes: inventory.image_sizes.clone(),
        namespaces: inventory.namespaces.clone(),
        volumes: inventory.volumes.clone(),
        claims: inventory.claims.clone(),
        classes: inventory.classes.clone(),
        csi_nodes: inventory.csi_nodes.clone(),
        services: inventory.services.clone(),
        selectorless: BTreeSet::new(),
        controllers: inventory.controllers.clone(),
        quotas: inventory.quotas.clone(),
        limit_ranges: inventory.limit_ranges.clone(),
        priority_classes: inventory.priority_classes.clone(),
        budgets: inventory.budgets.clone(),
        leases: BTreeMap::new(),
        uids: BTreeMap::new(),
        templates: inventory.templates.clone(),
        unknown: inventory.unknown.clone(),
    }
}
