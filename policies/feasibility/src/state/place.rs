//! One pod after the other, each on the node that the scheduler would take.

use super::State;
use super::bits::ones;
use super::decide::Scratch;
use super::pods::Mount;
use super::score::total::Sheet;
use crate::inventory::pod::Pod;
use crate::judge::{judge_cycle, score_cycle};

/// Memory that placements use again.
#[derive(Clone, Debug, Default)]
pub struct Board {
    scratch: Scratch,
    sheet: Sheet,
    /// The class of the pod that was scored last, if it was looked up.
    class: Option<u32>,
}

/// Where a pod goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The number of the node.
    pub node: u32,
    /// The points of the node; `None` if it is the only one that passes, because the scheduler does
    /// not score then.
    pub points: Option<i64>,
}

/// What is known of the nodes that pass.
enum Scored {
    /// Nobody takes the pod: no node passes, or a score plugin fails.
    Nowhere,
    /// The only node that passes.
    Only(u32),
    /// The points are on the sheet; each node gets so many besides.
    OnSheet(i64),
    /// Of each node, in the order of the names.
    Plainly(Vec<(u32, i64)>),
}

impl State {
    /// The node that gets the most points of all nodes that pass every filter, as if the scheduler
    /// looked at all of them (`percentageOfNodesToScore: 100`); of several, the one whose name comes
    /// first, where the scheduler takes any (`selectHost` of `schedule_one.go`). `None` if no node
    /// passes or a score plugin fails: the pod stays where it is.
    ///
    /// Scores are those of [`crate::judge::score_cycle`]. The work grows with the nodes, and with
    /// the nodes that changed since a pod asked for as much. Pods are only looked at one by one for
    /// profiles that are not that of a scheduler without a configuration, if some objects may be
    /// missing, if several nodes share a host name by which the pod is spread softly, or for volumes
    /// that are scored.
    pub fn choose(&mut self, pod: &Pod, board: &mut Board) -> Option<Placed> {
        match self.score(pod, board) {
            Scored::Nowhere => None,
            Scored::Only(node) => Some(Placed { node, points: None }),
            Scored::OnSheet(besides) => {
                let order = self.scores.order();
                let (node, points) = board.sheet.best(&board.scratch.decision.feasible, order)?;
                Some(Placed { node, points: Some(i64::from(points).saturating_add(besides)) })
            }
            Scored::Plainly(nodes) => {
                let most = nodes.iter().map(|(_, points)| *points).max()?;
                let (node, _) = nodes.into_iter().find(|(_, points)| *points == most)?;
                Some(Placed { node, points: Some(most) })
            }
        }
    }

    /// The pod is put on the node that [`Self::choose`] finds.
    pub fn place(&mut self, pod: &Pod, board: &mut Board) -> Option<Placed> {
        let placed = self.choose(pod, board)?;
        self.settle(pod, placed.node, board.class);
        Some(placed)
    }

    /// The points of every node that passes, by number; nothing if there are less than two or if a
    /// score plugin fails.
    pub fn points(&mut self, pod: &Pod, board: &mut Board) -> Vec<(u32, i64)> {
        match self.score(pod, board) {
            Scored::Nowhere | Scored::Only(_) => Vec::new(),
            Scored::OnSheet(besides) => {
                let totals = &board.sheet.totals;
                let points = |node: u32| totals.get(node as usize).copied().unwrap_or(0);
                let feasible = ones(&board.scratch.decision.feasible);
                feasible.map(|node| (node, i64::from(points(node)) + besides)).collect()
            }
            Scored::Plainly(mut nodes) => {
                nodes.sort_unstable();
                nodes
            }
        }
    }

    fn score(&mut self, pod: &Pod, board: &mut Board) -> Scored {
        board.class = None;
        if !self.scores.is_ordinary() {
            return self.score_plainly(pod);
        }
        let key = self.wish(pod);
        board.class = Some(key.0);
        self.node_order();
        let (bound, semantics) = (self.nodes.bound(), self.semantics);
        if let Some(wish) = self.scores.wish(&key) {
            let request = wish.request();
            self.scores.loads.refresh(&request, &self.rows, bound, semantics);
        }
        let Some(wish) = self.scores.wish(&key) else {
            return self.score_plainly(pod);
        };
        let decision = self.decide(pod, wish.prepared, &mut board.scratch);
        match decision.feasible_count {
            0 => return Scored::Nowhere,
            1 => return decision.feasible_nodes().next().map_or(Scored::Nowhere, Scored::Only),
            _ if wish.is_unreadable() => return Scored::Nowhere,
            _ => {}
        }
        let of_volumes = semantics.volumes_scored && !pod.volumes.is_empty();
        let kind = *self.pods.classes.key(key.0);
        let total = match of_volumes {
            true => None,
            false => self.total(kind, wish, &decision.feasible, &mut board.sheet),
        };
        total.map_or_else(|| self.score_plainly(pod), Scored::OnSheet)
    }

    /// Looks at every pod.
    fn score_plainly(&self, pod: &Pod) -> Scored {
        let view = self.view();
        let cycle = view.cycle(pod);
        let judgement = judge_cycle(&cycle);
        let mut feasible = judgement.feasible();
        match (feasible.next(), feasible.next()) {
            (None, _) => return Scored::Nowhere,
            (Some(one), None) => {
                return self.node_number(one).map_or(Scored::Nowhere, Scored::Only);
            }
            _ => {}
        }
        let scores = score_cycle(&cycle, &judgement);
        let of = |(name, score): (&str, crate::score::Score)| {
            Some((self.node_number(name)?, score.total))
        };
        Scored::Plainly(scores.into_iter().filter_map(of).collect())
    }

    /// The pod is on the node from now on.
    fn settle(&mut self, pod: &Pod, node: u32, class: Option<u32>) {
        let class = class.or_else(|| self.find_class(pod));
        let class = class.unwrap_or_else(|| self.class(pod.clone()));
        let mount = (!pod.volumes.is_empty())
            .then(|| Mount { volumes: pod.volumes.clone(), uid: pod.uid.clone() });
        let id = self.enter(class, &pod.name, pod.terminating, mount);
        self.put(id, node);
        self.sweep_if_due();
    }
}
