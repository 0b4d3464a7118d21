//! Where the batches of a coordination would go, and what would help those that fit nowhere.
//!
//! Nothing here waits for anything: all pods are taken to be there, batch after batch. What is
//! proposed was tried out on a copy of the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use placecard_feasibility::batches::plan::{Landing, Waiting, plan};
use placecard_feasibility::batches::room::{Room, rooms};
use placecard_feasibility::batches::{self, Batch, Layout, Member, domains};
use placecard_feasibility::empty_inventory::at_rest;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::profile::HOSTNAME;
use placecard_feasibility::state::State;
use placecard_language::coordination::AffinityScheduling;

use super::layout;

/// More pods than this are not looked at.
pub const MOST_PODS: u64 = 20_000;

/// Nodes that are tried to be added.
const MOST_NODES: usize = 1_024;

/// The pods of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cast {
    /// The role.
    pub role: String,
    /// How many there are to be.
    pub replicas: u32,
    /// The ordinal of the first.
    pub start: u32,
    /// What their names begin with: `NAME` of `NAME-0`.
    pub name: String,
    /// The pods of one replica.
    pub parts: Vec<Part>,
}

/// Pods of one replica that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// One of them, without a node. What only depends on the batch (labels and terms of a
    /// coordination) is not on it.
    pub pod: Pod,
    /// What follows the number of the replica in their names; `None`: one pod, and nothing.
    pub suffixes: Option<Range<u32>>,
}

impl Cast {
    /// How many pods it has.
    fn pods(&self) -> u64 {
        let of = |part: &Part| part.suffixes.as_ref().map_or(1, |of| of.len() as u64);
        self.parts.iter().map(of).sum::<u64>().saturating_mul(u64::from(self.replicas))
    }

    /// The pods of one replica, by its number.
    fn replica(&self, unit: u64) -> impl Iterator<Item = Pod> {
        let name = format!("{}-{}", self.name, u64::from(self.start) + unit);
        self.parts.iter().flat_map(move |part| {
            let names: Vec<String> = match &part.suffixes {
                None => vec![name.clone()],
                Some(of) => of.clone().map(|suffix| format!("{name}-{suffix}")).collect(),
            };
            let pod = |name| Pod { name, uid: String::new(), node: None, ..part.pod.clone() };
            names.into_iter().map(pod)
        })
    }
}

/// What becomes of the batches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// How many batches there are; surplus replicas make one more that is not whole.
    pub total: u64,
    /// The batches that run already, and where.
    pub running: BTreeMap<u64, String>,
    /// Where the others go, in the order in which they were placed.
    pub landings: Vec<Landing>,
    /// The pods of each batch that has no place yet, by number: role and name, in the order of
    /// [`Landing::nodes`].
    pub pods: BTreeMap<u64, Vec<(String, String)>>,
    /// Those that go nowhere.
    pub waiting: Vec<Waiting>,
    /// How many batches each domain holds if all others stay away, at most as many as there are.
    pub rooms: Vec<Room>,
    /// What would place all of them.
    pub remedies: Vec<Remedy>,
}

/// A change after which every batch has a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// So many more nodes like this one.
    Nodes {
        /// How many.
        count: usize,
        /// The name of a node that is there.
        like: String,
    },
    /// Smaller batches.
    Ratios(BTreeMap<String, u32>),
    /// Wider domains.
    Key(String),
    /// Domains that hold several batches.
    Shared,
}

/// There are more pods than anybody would look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// How many there are.
    pub pods: u64,
}

/// Says where the batches would go. `wider`: label keys of wider domains than those of the
/// coordination, the narrowest first.
///
/// # Errors
///
/// [`TooMany`] pods.
pub fn forecast(
    state: &State,
    affinity: &AffinityScheduling,
    casts: &[Cast],
    wider: &[String],
) -> Result<Forecast, TooMany> {
    let pods = casts.iter().map(Cast::pods).fold(0, u64::saturating_add);
    if pods > MOST_PODS {
        return Err(TooMany { pods });
    }
    let layout = layout(affinity);
    let mut ground = state.clone();
    let batches = batches_of(&ground, casts, &affinity.ratios, &layout.topology_key);
    let mut found = Forecast { total: batches.len() as u64, ..Forecast::default() };
    for batch in &batches {
        if let (Some(domain), []) = (&batch.domain, batch.members.as_slice()) {
            found.running.insert(batch.number, domain.clone());
        }
        let name = |member: &Member| {
            let role = casts.get(member.role).map(|cast| cast.role.clone());
            (role.unwrap_or_default(), member.pod.name.clone())
        };
        found.pods.insert(batch.number, batch.members.iter().map(name).collect());
    }
    let open: Vec<Batch> = batches.into_iter().filter(|one| !one.members.is_empty()).collect();
    let taken = found.running.values().cloned().collect();
    found.rooms = rooms(&mut ground, &open, &layout, false);
    let planned = plan(&mut ground, &open, &layout, &taken);
    found.landings = planned.landings;
    found.waiting = planned.waiting;
    if !found.waiting.is_empty() {
        found.remedies = remedies(state, affinity, casts, wider, &found);
    }
    Ok(found)
}

/// The batches. Pods that have a node already are no members; where they run is the domain.
fn batches_of(
    state: &State,
    casts: &[Cast],
    ratios: &BTreeMap<String, u32>,
    key: &str,
) -> Vec<Batch> {
    let mut batches: BTreeMap<u64, Batch> = BTreeMap::new();
    for (role, cast) in casts.iter().enumerate() {
        let ratio = u64::from(ratios.get(&cast.role).copied().unwrap_or(1).max(1));
        for unit in 0..u64::from(cast.replicas) {
            let number = unit / ratio;
            let batch =
                batches.entry(number).or_insert_with(|| Batch { number, ..Batch::default() });
            for pod in cast.replica(unit) {
                let there = state.pod(&pod.namespace, &pod.name).and_then(|pod| pod.node);
                let node = there.and_then(|node| state.node(state.node_number(&node)?));
                match node {
                    Some(node) => {
                        let domain = node.labels.get(key);
                        batch.domain = batch.domain.take().or_else(|| domain.cloned());
                    }
                    None => batch.members.push(Member { role, pod }),
                }
            }
        }
    }
    batches.into_values().collect()
}

/// Would every batch have a place?
fn suffices(
    mut state: State,
    casts: &[Cast],
    ratios: &BTreeMap<String, u32>,
    layout: &Layout,
) -> bool {
    let batches = batches_of(&state, casts, ratios, &layout.topology_key);
    let (open, there): (Vec<Batch>, Vec<Batch>) =
        batches.into_iter().partition(|batch| !batch.members.is_empty());
    let taken: BTreeSet<String> = there.into_iter().filter_map(|batch| batch.domain).collect();
    plan(&mut state, &open, layout, &taken).waiting.is_empty()
}

fn remedies(
    state: &State,
    affinity: &AffinityScheduling,
    casts: &[Cast],
    wider: &[String],
    found: &Forecast,
) -> Vec<Remedy> {
    let layout = layout(affinity);
    let ratios = &affinity.ratios;
    let mut remedies = Vec::new();
    remedies.extend(more_nodes(state, casts, ratios, &layout, found));
    let divisor = ratios.values().copied().fold(0, gcd);
    let smaller = (2..=divisor).filter(|by| divisor % by == 0).find_map(|by| {
        let smaller: BTreeMap<String, u32> =
            ratios.iter().map(|(role, ratio)| (role.clone(), ratio / by)).collect();
        suffices(state.clone(), casts, &smaller, &layout).then_some(Remedy::Ratios(smaller))
    });
    remedies.extend(smaller);
    let coarser = wider.iter().find(|key| {
        let wider = Layout { topology_key: (*key).clone(), ..layout.clone() };
        suffices(state.clone(), casts, ratios, &wider)
    });
    remedies.extend(coarser.map(|key| Remedy::Key(key.clone())));
    if layout.exclusive == batches::Exclusive::Required {
        let shared = Layout { exclusive: batches::Exclusive::None, ..layout };
        let suffices = suffices(state.clone(), casts, ratios, &shared);
        remedies.extend(suffices.then_some(Remedy::Shared));
    }
    remedies
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The fewest nodes that suffice, like one that is there.
fn more_nodes(
    state: &State,
    casts: &[Cast],
    ratios: &BTreeMap<String, u32>,
    layout: &Layout,
    found: &Forecast,
) -> Option<Remedy> {
    if layout.topology_key != HOSTNAME {
        return None;
    }
    let like = sample(state, casts, ratios, layout)?;
    let enough = |count: usize| {
        let mut grown = state.clone();
        (0..count).for_each(|number| grown.set_node(copy(&like, number)));
        suffices(grown, casts, ratios, layout)
    };
    let most = MOST_NODES.min(found.waiting.len());
    let mut count = 1;
    while !enough(count) {
        if count >= most {
            return None;
        }
        count = (count * 2).min(most);
    }
    let mut too_few = count / 2;
    while too_few + 1 < count {
        let middle = usize::midpoint(too_few, count);
        if enough(middle) { count = middle } else { too_few = middle }
    }
    Some(Remedy::Nodes { count, like: like.name })
}

/// A node that would hold a whole batch if nothing ran on it, the first by name of those that look
/// differently.
fn sample(
    state: &State,
    casts: &[Cast],
    ratios: &BTreeMap<String, u32>,
    layout: &Layout,
) -> Option<Node> {
    let mut seen: Vec<Node> = Vec::new();
    for number in domains(state, HOSTNAME).into_values().flatten() {
        let Some(node) = state.node(number).map(at_rest) else { continue };
        let mut look = node.clone();
        look.name.clear();
        look.labels.remove(HOSTNAME);
        look.images.clear();
        if seen.len() >= MOST_LOOKS || seen.contains(&look) {
            continue;
        }
        seen.push(look);
        let mut grown = state.clone();
        let new = copy(&node, 0);
        let own = Arc::<str>::from(new.name.as_str());
        grown.set_node(new);
        let batches = batches_of(&grown, casts, ratios, HOSTNAME);
        let Some(open) = batches.into_iter().find(|batch| batch.domain.is_none()) else { continue };
        let alone = |member: Member| {
            let pod = member.pod.with(|spec| {
                spec.node_selector.insert(HOSTNAME.to_owned(), own.to_string());
            });
            Member { role: member.role, pod }
        };
        let members = open.members.into_iter().map(alone).collect();
        let batch = Batch { number: open.number, members, domain: Some(own.to_string()) };
        if plan(&mut grown, &[batch], layout, &BTreeSet::new()).waiting.is_empty() {
            return Some(node);
        }
    }
    None
}

/// Nodes that look differently and are tried as samples.
const MOST_LOOKS: usize = 32;

/// A node like this one, with a name of its own.
fn copy(node: &Node, number: usize) -> Node {
    // No node has such a name.
    let name = format!("/{number}");
    let mut node = Node { name: name.clone(), ..at_rest(node) };
    node.labels.insert(HOSTNAME.to_owned(), name);
    node
}

#[cfg(test)]
mod tests {
    use super::*;
    use placecard_feasibility::inventory::pod::{Container, PodSpec};
    use placecard_feasibility::inventory::requests::Amounts;
    use placecard_feasibility::judge::Semantics;
    use placecard_feasibility::quantity::Quantity;
    use placecard_language::coordination::{BatchMode, Exclusive, OnTimeout, Placement};

    const ZONE: &str = "topology.kubernetes.io/zone";

    fn amounts(cpu: i64) -> Amounts {
        [("cpu", cpu), ("pods", 110)]
            .map(|(name, units)| (name.to_owned(), Quantity::of_units(units)))
            .into()
    }

    fn cluster(nodes: &[(&str, i64)]) -> State {
        let mut state = State::new(Semantics::of_minor(37));
        for (name, slots) in nodes {
            let labels = [(HOSTNAME, *name), (ZONE, "z")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()));
            let allocatable = amounts(*slots);
            let name = (*name).to_owned();
            let labels = labels.into();
            state.set_node(Node { name, labels, allocatable, ..Node::default() });
        }
        state
    }

    fn cast(role: &str, replicas: u32) -> Cast {
        let mut requests = amounts(1);
        requests.remove("pods");
        let containers = vec![Container { requests, ..Container::default() }];
        let spec = PodSpec { containers, ..PodSpec::default() }.into();
        let pod = Pod { namespace: "a".to_owned(), spec, ..Pod::default() };
        let parts = vec![Part { pod, suffixes: None }];
        Cast { role: role.to_owned(), replicas, start: 0, name: role.to_owned(), parts }
    }

    fn affinity(prefill: u32, decode: u32, exclusive: Exclusive) -> AffinityScheduling {
        AffinityScheduling {
            topology_key: HOSTNAME.to_owned(),
            ratios: [("prefill".to_owned(), prefill), ("decode".to_owned(), decode)].into(),
            batch_mode: BatchMode::Parallel,
            exclusive,
            placement: Placement::Gated,
            timeout_seconds: None,
            on_timeout: OnTimeout::Wait,
        }
    }

    fn of(state: &State, affinity: &AffinityScheduling, replicas: [u32; 2]) -> Forecast {
        let [prefill, decode] = replicas;
        let casts = [cast("prefill", prefill), cast("decode", decode)];
        let found = forecast(state, affinity, &casts, &[ZONE.to_owned()]);
        found.unwrap_or_default()
    }

    #[test]
    fn all_batches_have_a_place_or_what_would_help_is_said() {
        let state = cluster(&[("n0", 3), ("n1", 3), ("n2", 3)]);
        let found = of(&state, &affinity(2, 1, Exclusive::Required), [6, 3]);
        assert_eq!((found.total, found.landings.len(), found.waiting.len()), (3, 3, 0));
        assert!(found.remedies.is_empty());
        assert_eq!(found.rooms.iter().map(|room| room.batches).collect::<Vec<_>>(), [1, 1, 1]);
        let found = of(&state, &affinity(2, 1, Exclusive::None), [10, 5]);
        assert_eq!((found.landings.len(), found.waiting.len()), (3, 2));
        let like = "n0".to_owned();
        assert_eq!(found.remedies, [Remedy::Nodes { count: 2, like }]);
    }

    #[test]
    fn a_batch_that_no_node_holds_may_be_cut_or_spread_over_a_zone() {
        let state = cluster(&[("n0", 3), ("n1", 3)]);
        let found = of(&state, &affinity(4, 2, Exclusive::None), [4, 2]);
        let halves = [("prefill".to_owned(), 2), ("decode".to_owned(), 1)].into();
        assert_eq!(found.remedies, [Remedy::Ratios(halves), Remedy::Key(ZONE.to_owned())]);
        let found =
            of(&cluster(&[("n0", 9), ("n1", 2)]), &affinity(2, 1, Exclusive::Required), [6, 3]);
        let like = "n0".to_owned();
        assert_eq!(found.remedies, [Remedy::Nodes { count: 2, like }, Remedy::Shared]);
    }

    #[test]
    fn what_runs_stays_where_it_is() {
        let mut state = cluster(&[("n0", 3), ("n1", 3)]);
        for name in ["prefill-0", "prefill-1", "decode-0"] {
            let pod = cast("any", 1).parts.remove(0).pod;
            let node = Some("n1".into());
            state.set_pod(Pod { name: name.to_owned(), node, ..pod });
        }
        let found = of(&state, &affinity(2, 1, Exclusive::Required), [4, 2]);
        assert_eq!(found.running, [(0, "n1".to_owned())].into());
        let landed: Vec<(u64, &str)> =
            found.landings.iter().map(|one| (one.number, one.domain.as_str())).collect();
        assert_eq!(landed, [(1, "n0")]);
        assert!(found.waiting.is_empty());
    }

    #[test]
    fn nobody_looks_at_a_billion_pods() {
        let casts = [cast("prefill", u32::MAX)];
        let state = cluster(&[("n0", 3)]);
        let found = forecast(&state, &affinity(2, 1, Exclusive::None), &casts, &[]);
        assert_eq!(found, Err(TooMany { pods: u64::from(u32::MAX) }));
    }
}
