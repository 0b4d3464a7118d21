//! What lies between "no node passes now" and "no cluster ever could".
//!
//! Each question is weaker than the one before it: does the pod fit now; would it after preemption,
//! or on one more node of a group that may grow; would it on some row of the inventory, empty,
//! beside the pods that it needs; on any conceivable cluster. The first that is answered with yes
//! says where the pod stands. A pod that its namespace does not let in does not fit, whatever the
//! nodes say.

use std::borrow::Cow;

use crate::any_cluster::{AnyCluster, Contradiction, decide, known_volumes};
use crate::empty_inventory::{Row, rows};
use crate::filter::cycle::{Cycle, Host, cycle_of};
use crate::inventory::kind::Kind;
use crate::inventory::pod::Pod;
use crate::inventory::priority::{Prioritised, prioritise};
use crate::inventory::{Inventory, NamespacedName};
use crate::judge::trial::Trial;
use crate::judge::{Judgement, Objection, Semantics, judge_cycle};
use crate::limit_range::{self, OutOfRange};
use crate::node_template::{may_grow, present, virtual_nodes};
use crate::preemption::{Candidate, Hopeless, Refusal, preempt};
use crate::profile::Profile;
use crate::quota::{self, Beside, OverQuota};

/// What the namespace and the classes of the cluster make of a new pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The pod as it would be stored: with its priority, and with the defaults of limit ranges.
    pub pod: Pod,
    /// Its priority class, if that is why it would be refused.
    pub priority: Option<Prioritised>,
    /// What limit ranges refuse.
    pub out_of_range: Vec<OutOfRange>,
    /// What quotas refuse.
    pub over_quota: Vec<OverQuota>,
}

impl Admission {
    /// Is every one of the pods let in?
    #[must_use]
    pub fn lets_in(&self) -> bool {
        self.priority.is_none() && self.out_of_range.is_empty() && self.over_quota.is_empty()
    }
}

/// Where a pod stands, best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It fits now.
    Fits {
        /// The nodes that pass, in the order of their names.
        nodes: Vec<String>,
    },
    /// It will fit after preemption, or on a node that may be added.
    Waiting {
        /// The nodes on which pods of lower priority would make room, best first.
        preemption: Vec<Room>,
        /// The groups of nodes whose next node would take it.
        growth: Vec<Growth>,
    },
    /// It would fit on some row of the inventory, if that were empty.
    CrowdedOut(Crowded),
    /// It would fit on no row of the inventory, even an empty one.
    NoInventory {
        /// Every row, and what it lacks.
        rows: Vec<Row>,
    },
    /// No cluster could ever take it.
    Contradictory(Box<Contradiction>),
    /// It fits on no node that is known, but there may be others.
    NodesUnknown,
}

impl Standing {
    /// Its place among the others: 0 for what no cluster could take, 4 for what fits now; `None` if
    /// the nodes are not known.
    #[must_use]
    pub fn rank(&self) -> Option<u8> {
        match self {
            Self::Contradictory(_) => Some(0),
            Self::NoInventory { .. } => Some(1),
            Self::CrowdedOut(_) => Some(2),
            Self::Waiting { .. } => Some(3),
            Self::Fits { .. } => Some(4),
            Self::NodesUnknown => None,
        }
    }
}

/// What keeps a pod waiting that some node could take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crowded {
    /// The nodes that pass now, if only the namespace does not let the pod in.
    pub nodes: Vec<String>,
    /// Why the pod may not preempt, if it may not.
    pub refusal: Option<Waits>,
    /// Why preemption helps on none of the nodes that are rejected, by node.
    pub hopeless: Vec<(String, Hopeless)>,
    /// Groups that have as many nodes as they may.
    pub full: Vec<FullGroup>,
    /// Groups of nodes that may grow, though their next node would not take it now, and why.
    pub barred: Vec<(Growth, Objection)>,
    /// Every row of the inventory, and what it lacks; at least one lacks nothing.
    pub rows: Vec<Row>,
}

/// Why a pod may not preempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waits {
    /// Its `preemptionPolicy` is `Never`.
    Never,
    /// It has preempted on this node already, and its victims are still ending.
    VictimsEnding(String),
}

/// A node on which pods of lower priority would make room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The node.
    pub node: String,
    /// The scheduler could take this one: none is better.
    pub best: bool,
    /// Who would have to go, most important first.
    pub victims: Vec<Evicted>,
}

/// A pod that would have to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evicted {
    /// The pod.
    pub pod: NamespacedName,
    /// Its priority.
    pub priority: i32,
    /// The disruption budget that this violates.
    pub violates: Option<NamespacedName>,
}

/// A node that a group would get next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// The template.
    pub template: String,
    /// In which of its zones, if it names any.
    pub zone: Option<String>,
}

/// A group that has as many nodes as it may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullGroup {
    /// The template.
    pub template: String,
    /// How many nodes look like it.
    pub nodes: usize,
}

/// How the scheduler and the server read the cluster.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// How the server's version reads it.
    pub semantics: Semantics,
    /// The scheduler's profile.
    pub profile: &'a Profile,
}

/// Admits so many new pods like this one. A pod of the cluster has been admitted already. What the
/// inventory does not know refuses nothing.
#[must_use]
pub fn admit(inventory: &Inventory, pod: &Pod, replicas: u32) -> Admission {
    admit_beside(inventory, pod, replicas, Beside::Everything)
}

/// As [`admit`], beside a part of what runs now.
#[must_use]
pub fn admit_beside(
    inventory: &Inventory,
    pod: &Pod,
    replicas: u32,
    beside: Beside<'_>,
) -> Admission {
    let mut prioritised = pod.clone();
    let unknown = inventory.is_unknown(Kind::PriorityClass);
    let priority = match prioritise(&mut prioritised, &inventory.priority_classes) {
        Prioritised::Resolved { class: None } if unknown => {
            // There may be a global default.
            prioritised.has_priority = pod.has_priority;
            None
        }
        Prioritised::Resolved { .. } => None,
        _ if unknown => None,
        refused => Some(refused),
    };
    let (pod, out_of_range) = if inventory.is_unknown(Kind::LimitRange) {
        // Others than those that are known may come first.
        (prioritised, Vec::new())
    } else {
        limit_range::admit(&prioritised, inventory)
    };
    let over_quota = quota::refuse_beside(&pod, replicas, inventory, beside);
    Admission { pod, priority, out_of_range, over_quota }
}

/// Says where an admitted pod stands. `admission` is `None` for a pod of the cluster. Templates are
/// taken to bring what suits the pod where they leave something open.
#[must_use]
pub fn place_in_chain(
    inventory: &Inventory,
    pod: &Pod,
    admission: Option<&Admission>,
    reading: Reading<'_>,
) -> Standing {
    let Reading { semantics, profile } = reading;
    let cycle = cycle_of(inventory, pod, semantics, Cow::Borrowed(profile));
    let judgement = judge_cycle(&cycle);
    let nodes: Vec<String> = judgement.feasible().map(str::to_owned).collect();
    let lets_in = admission.is_none_or(Admission::lets_in);
    if lets_in && !nodes.is_empty() {
        return Standing::Fits { nodes };
    }
    let (preemption, refusal, hopeless) = make_room(&cycle, &judgement);
    let (growth, barred, full) = grow(&cycle);
    let helps = !preemption.is_empty() || !growth.is_empty();
    if lets_in && helps {
        return Standing::Waiting { preemption, growth };
    }
    let possible = helps || !nodes.is_empty();
    if !possible {
        // A row knows nothing of rules over other pods that exclude each other.
        let decided = decide(pod, &known_volumes(pod, inventory), semantics);
        if let AnyCluster::Contradiction(found) = decided {
            return Standing::Contradictory(found);
        }
    }
    if lets_in && inventory.is_unknown(Kind::Node) {
        return Standing::NodesUnknown;
    }
    let rows = rows(inventory, pod, semantics, profile);
    if possible || rows.iter().any(|row| row.lacks.is_empty()) {
        return Standing::CrowdedOut(Crowded { nodes, refusal, hopeless, full, barred, rows });
    }
    Standing::NoInventory { rows }
}

type Rooms = (Vec<Room>, Option<Waits>, Vec<(String, Hopeless)>);

fn make_room(cycle: &Cycle<'_>, judgement: &Judgement<'_>) -> Rooms {
    let found = preempt(cycle, judgement);
    let room = |(place, candidate): (usize, &Candidate<'_>)| Room {
        node: candidate.node.to_owned(),
        best: place < found.best,
        victims: candidate
            .victims
            .iter()
            .map(|victim| Evicted {
                pod: (victim.pod.namespace.clone(), victim.pod.name.clone()),
                priority: victim.pod.priority,
                violates: victim.violates.cloned(),
            })
            .collect(),
    };
    let rooms = found.candidates.iter().enumerate().map(room).collect();
    let refusal = found.refusal.map(|refusal| match refusal {
        Refusal::Never => Waits::Never,
        Refusal::VictimsEnding(node) => Waits::VictimsEnding(node.to_owned()),
    });
    let hopeless = found.others.into_iter().map(|(node, why)| (node.to_owned(), why)).collect();
    (rooms, refusal, hopeless)
}

/// The groups whose next node would take the pod; those whose next node would not, and why; and
/// those that may not grow.
pub type Grown = (Vec<Growth>, Vec<(Growth, Objection)>, Vec<FullGroup>);

/// Which groups would take the pod with their next node, beside everything that runs now.
#[must_use]
pub fn grow(cycle: &Cycle<'_>) -> Grown {
    let (mut growth, mut barred, mut full) = Grown::default();
    for template in cycle.inventory.templates.values() {
        if !may_grow(template, cycle.inventory) {
            let nodes = present(template, cycle.inventory);
            full.push(FullGroup { template: template.name.clone(), nodes });
            continue;
        }
        for one in virtual_nodes(template, cycle.pod, cycle.inventory) {
            let next = Growth { template: one.template, zone: one.zone };
            let mut larger = cycle.clone();
            larger.hosts.push(Host::empty(&one.node));
            match Trial::new(&larger, &Host::empty(&one.node)).objection() {
                None => growth.push(next),
                Some(objection) => barred.push((next, objection)),
            }
        }
    }
    (growth, barred, full)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::limit_range::{LimitKind, LimitRange, LimitRangeItem};
    use crate::inventory::node::Node;
    use crate::inventory::pod::{Container, PodSpec};
    use crate::inventory::priority::PriorityClass;
    use crate::inventory::quota::ResourceQuota;
    use crate::inventory::requests::Amounts;
    use crate::inventory::template::NodeTemplate;
    use crate::quantity::Quantity;

    fn amounts(cpu: i64) -> Amounts {
        let one = |name: &str, amount| (name.to_owned(), Quantity::of_units(amount));
        [one("cpu", cpu), one("pods", 10)].into()
    }

    /// One node of 4 CPUs, of which a pod takes `used`.
    fn inventory(used: i64) -> Inventory {
        let node = Node { name: "n".into(), allocatable: amounts(4), ..Node::default() };
        let other = Pod { name: "other".into(), node: Some("n".into()), ..pod(used) };
        Inventory {
            nodes: [("n".to_owned(), node)].into(),
            pods: [other].into_iter().collect(),
            ..Inventory::default()
        }
    }

    fn pod(cpu: i64) -> Pod {
        let requests = [("cpu".to_owned(), Quantity::of_units(cpu))].into();
        let container = Container { requests, ..Container::default() };
        Pod {
            name: "p".into(),
            spec: PodSpec { containers: vec![container], ..PodSpec::default() }.into(),
            ..Pod::default()
        }
    }

    fn stands(inventory: &Inventory, pod: &Pod) -> Standing {
        let semantics = Semantics::of_minor(34);
        let profile = Profile::of(semantics);
        place_in_chain(inventory, pod, None, Reading { semantics, profile: &profile })
    }

    #[test]
    fn from_what_fits_now_to_what_no_row_takes() {
        assert_eq!(stands(&inventory(1), &pod(3)), Standing::Fits { nodes: vec!["n".into()] });
        let full = inventory(3);
        assert!(matches!(stands(&full, &pod(3)), Standing::CrowdedOut(_)));
        let important = pod(3).with(|spec| spec.priority = 10);
        let Standing::Waiting { preemption, growth } = stands(&full, &important) else {
            panic!("it preempts")
        };
        assert_eq!((preemption[0].node.as_str(), preemption[0].best), ("n", true));
        assert_eq!(preemption[0].victims[0].pod.1, "other");
        assert_eq!(growth, []);
        let patient = important.with(|spec| spec.never_preempts = true);
        let Standing::CrowdedOut(crowded) = stands(&full, &patient) else { panic!("it waits") };
        assert_eq!(crowded.refusal, Some(Waits::Never));
        let Standing::NoInventory { rows } = stands(&full, &pod(5)) else { panic!("too large") };
        assert_eq!(rows.len(), 1);
    }

    #[test]
    fn a_group_of_nodes_may_grow_up_to_its_maximum() {
        let with = |max| {
            let template = NodeTemplate {
                name: "t".into(),
                allocatable: amounts(8),
                max,
                ..NodeTemplate::default()
            };
            Inventory { templates: [("t".to_owned(), template)].into(), ..inventory(3) }
        };
        let next = Growth { template: "t".into(), zone: None };
        let expected = Standing::Waiting { preemption: vec![], growth: vec![next] };
        assert_eq!(stands(&with(None), &pod(5)), expected);
        // The one node has all labels of the template, which are none.
        let Standing::CrowdedOut(crowded) = stands(&with(Some(1)), &pod(5)) else {
            panic!("the group is full")
        };
        assert_eq!(crowded.full, [FullGroup { template: "t".into(), nodes: 1 }]);
    }

    #[test]
    fn what_is_not_known_refuses_nothing() {
        let unknown = [Kind::Node, Kind::PriorityClass].into();
        let inventory = Inventory { unknown, ..inventory(3) };
        assert_eq!(stands(&inventory, &pod(9)), Standing::NodesUnknown);
        assert!(matches!(stands(&inventory, &pod(1)), Standing::Fits { .. }));
        let high = pod(1).with(|spec| spec.priority_class = "high".into());
        assert!(admit(&inventory, &high, 1).lets_in());
        // There may be a global default, and other limit ranges may come first.
        assert!(!admit(&inventory, &pod(1), 1).pod.has_priority);
        let item = LimitRangeItem {
            kind: LimitKind::Container,
            max: amounts(0),
            ..LimitRangeItem::default()
        };
        let range = LimitRange { name: "l".into(), items: vec![item], ..LimitRange::default() };
        let mut inventory = inventory;
        inventory.limit_ranges.insert((String::new(), "l".into()), range);
        assert!(!admit(&inventory, &pod(1), 1).lets_in());
        inventory.unknown.insert(Kind::LimitRange);
        assert!(admit(&inventory, &pod(1), 1).lets_in());
    }

    #[test]
    fn who_is_not_let_in_does_not_fit() {
        let mut inventory = inventory(0);
        let quota = ResourceQuota {
            name: "q".into(),
            hard: [("requests.cpu".to_owned(), Quantity::of_units(4))].into(),
            used: Some([("requests.cpu".to_owned(), Quantity::of_units(3))].into()),
            ..ResourceQuota::default()
        };
        inventory.quotas.insert((String::new(), "q".into()), quota);
        let class = PriorityClass { name: "high".into(), value: 7, ..PriorityClass::default() };
        inventory.priority_classes.insert("high".into(), class);
        let high = pod(1).with(|spec| spec.priority_class = "high".into());
        let semantics = Semantics::of_minor(34);
        let profile = Profile::of(semantics);
        let reading = Reading { semantics, profile: &profile };
        for (pod, replicas, let_in) in [
            (&high, 1, true),
            (&high, 2, false),
            (&pod(1).with(|spec| spec.priority_class = "hihg".into()), 1, false),
        ] {
            let admission = admit(&inventory, pod, replicas);
            assert_eq!(admission.lets_in(), let_in);
            let found = place_in_chain(&inventory, &admission.pod, Some(&admission), reading);
            assert_eq!(found.rank(), Some(if let_in { 4 } else { 2 }), "{found:?}");
        }
        assert_eq!(admit(&inventory, &high, 1).pod.priority, 7);
    }
}
