//! What the real scheduler finds on the anchor workload.
//!
//! Printed by `oracle bench --kind all` (1.37.1); for 1,000 × 10 and 5,000 × 30 the verdicts that
//! were recorded with 1.34.1 say the same.

use crate::cluster::{Kind, Size};

/// How many nodes of a cluster a pod may go to, and how many each plugin rejects first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Nodes that every filter lets through.
    pub feasible: usize,
    /// Nodes by `plugin/code`, in the order of the text.
    pub rejected: Vec<(String, usize)>,
}

type Row = (Kind, usize, &'static [(&'static str, usize)]);

const ANTI: &str = "InterPodAffinity/U";
const NODE: &str = "NodeAffinity/UU";
const PORT: &str = "NodePorts/U";
const SPREAD: &str = "PodTopologySpread/U";
const TAINT: &str = "TaintToleration/UU";

const ROWS: [[Row; 6]; 6] = [
    [
        (Kind::Plain, 95, &[(TAINT, 5)]),
        (Kind::NodeAffinity, 60, &[(NODE, 35), (TAINT, 5)]),
        (Kind::AntiAffinity, 90, &[(ANTI, 5), (TAINT, 5)]),
        (Kind::Spread, 32, &[(SPREAD, 63), (TAINT, 5)]),
        (Kind::PodAffinity, 95, &[(TAINT, 5)]),
        (Kind::Everything, 57, &[(ANTI, 3), (NODE, 35), (PORT, 5)]),
    ],
    [
        (Kind::Plain, 95, &[(TAINT, 5)]),
        (Kind::NodeAffinity, 60, &[(NODE, 35), (TAINT, 5)]),
        (Kind::AntiAffinity, 85, &[(ANTI, 10), (TAINT, 5)]),
        (Kind::Spread, 95, &[(TAINT, 5)]),
        (Kind::PodAffinity, 95, &[(TAINT, 5)]),
        (Kind::Everything, 15, &[(ANTI, 3), (NODE, 35), (PORT, 9), (SPREAD, 38)]),
    ],
    [
        (Kind::Plain, 950, &[(TAINT, 50)]),
        (Kind::NodeAffinity, 802, &[(NODE, 148), (TAINT, 50)]),
        (Kind::AntiAffinity, 900, &[(ANTI, 50), (TAINT, 50)]),
        (Kind::Spread, 317, &[(SPREAD, 633), (TAINT, 50)]),
        (Kind::PodAffinity, 950, &[(TAINT, 50)]),
        (Kind::Everything, 754, &[(ANTI, 48), (NODE, 148), (PORT, 50)]),
    ],
    [
        (Kind::Plain, 950, &[(TAINT, 50)]),
        (Kind::NodeAffinity, 802, &[(NODE, 148), (TAINT, 50)]),
        (Kind::AntiAffinity, 850, &[(ANTI, 100), (TAINT, 50)]),
        (Kind::Spread, 950, &[(TAINT, 50)]),
        (Kind::PodAffinity, 950, &[(TAINT, 50)]),
        (Kind::Everything, 195, &[(ANTI, 48), (NODE, 148), (PORT, 122), (SPREAD, 487)]),
    ],
    [
        (Kind::Plain, 4750, &[(TAINT, 250)]),
        (Kind::NodeAffinity, 4102, &[(NODE, 648), (TAINT, 250)]),
        (Kind::AntiAffinity, 4500, &[(ANTI, 250), (TAINT, 250)]),
        (Kind::Spread, 3167, &[(SPREAD, 1583), (TAINT, 250)]),
        (Kind::PodAffinity, 4750, &[(TAINT, 250)]),
        (Kind::Everything, 1286, &[(ANTI, 82), (NODE, 648), (PORT, 250), (SPREAD, 2734)]),
    ],
    [
        (Kind::Plain, 4750, &[(TAINT, 250)]),
        (Kind::NodeAffinity, 4102, &[(NODE, 648), (TAINT, 250)]),
        (Kind::AntiAffinity, 4250, &[(ANTI, 500), (TAINT, 250)]),
        (Kind::Spread, 4750, &[(TAINT, 250)]),
        (Kind::PodAffinity, 4750, &[(TAINT, 250)]),
        (Kind::Everything, 995, &[(ANTI, 248), (NODE, 648), (PORT, 622), (SPREAD, 2487)]),
    ],
];

/// What the scheduler finds for the recorded pod of a kind; `None` if that size was not asked for.
pub fn of(size: Size, kind: Kind) -> Option<Counts> {
    let at = crate::cluster::SIZES.iter().position(|known| *known == size)?;
    let (_, feasible, rejected) = ROWS.get(at)?.iter().find(|(known, ..)| *known == kind)?;
    let rejected = rejected.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect();
    Some(Counts { feasible: *feasible, rejected })
}
