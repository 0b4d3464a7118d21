//! How many batches each domain holds.

use super::trial::{Blocked, Outcome, trial};
use super::{Batch, Exclusive, Layout, domains};
use crate::inventory::pod::Pod;
use crate::state::State;

/// The room in one domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The value of the label.
    pub domain: String,
    /// How many nodes it has.
    pub nodes: usize,
    /// How many of the batches fit, one after the other.
    pub batches: usize,
    /// What is in the way of the next one; `None` if there is no next one.
    pub blocked: Option<Blocked>,
    /// More may fit: the bound of work was reached.
    pub more: bool,
}

/// How many of these batches fit each domain if they all went there, the first ones first; the
/// domains in the order of their names. The state is left as it was.
///
/// In an exclusive layout that is at most one.
pub fn rooms(state: &mut State, batches: &[Batch], layout: &Layout, explain: bool) -> Vec<Room> {
    let most = match layout.exclusive {
        Exclusive::Required => 1,
        Exclusive::None | Exclusive::Preferred => batches.len(),
    };
    let batches = batches.get(..most).unwrap_or(batches);
    let domains = domains(state, &layout.topology_key);
    let mut rooms = Vec::new();
    for (value, nodes) in &domains {
        let domain = (layout.topology_key.as_str(), value.as_str(), nodes.as_slice());
        let mut room = Room {
            domain: value.clone(),
            nodes: nodes.len(),
            batches: 0,
            blocked: None,
            more: false,
        };
        let mut taken: Vec<Taken> = Vec::new();
        for batch in batches {
            let known = taken_by(state, batch);
            match trial(state, batch, domain, layout.decisions, explain, true) {
                Outcome::Fits(_) => {
                    room.batches += 1;
                    taken.push(known);
                    continue;
                }
                Outcome::Stuck(blocked) => room.blocked = Some(blocked),
                Outcome::Unknown(blocked) => {
                    room.blocked = Some(blocked);
                    room.more = true;
                }
            }
            break;
        }
        while let Some(known) = taken.pop() {
            give_back(state, known);
        }
        rooms.push(room);
    }
    rooms
}

/// The pods of a batch by namespace and name, and what the state has by that name.
pub(super) type Taken = Vec<(String, String, Option<Pod>)>;

/// What a batch that is placed would replace.
pub(super) fn taken_by(state: &State, batch: &Batch) -> Taken {
    let known = |pod: &Pod| {
        let before = state.pod(&pod.namespace, &pod.name);
        (pod.namespace.clone(), pod.name.clone(), before)
    };
    batch.members.iter().map(|member| known(&member.pod)).collect()
}

/// As if the batch had not been placed.
pub(super) fn give_back(state: &mut State, taken: Taken) {
    for (namespace, name, before) in taken {
        match before {
            Some(before) => state.set_pod(before),
            None => state.remove_pod(&namespace, &name),
        }
    }
}
