//! The live cluster, audited again and again: only what events touched is looked at.
//!
//! An [`Auditor`] keeps which pods stand badly between two looks. It reads one copy of the index and
//! changes nothing of it; the writer hands over what was touched ([`Live::hand_over`]) before each
//! look. No pod of the cluster is written out but those that something is said about.

mod lost;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::profile::{DEFAULT_SCHEDULER, Profile};
use placecard_feasibility::state::{Alike, Member, Standing, State, Whereabouts};
use placecard_findings::{Code, Severity};
use placecard_language::checked::Words;

use self::lost::{Fleet, required};
use super::broken::{Member as Where, facts, severity};
use super::intents::{Meaning, lapsed};
use super::is_static;
use crate::live::{Live, Watched};
use crate::rules::{CANNOT_BE_PLACED, NO_PLACE_WITHOUT, RULE_NO_LONGER_HOLDS};
use crate::surroundings::{Reference, ServerVersion};
use crate::why::facts::Fact;
use crate::why::groups::Holder;
use crate::words;

/// So many kinds of pending pods are judged in one look.
const MOST_WAITING: usize = 256;
/// Names that are kept of the pods of one remark.
const MOST_NAMES: usize = 16;
/// Remarks that are kept of one look; all pods are counted.
const MOST_REMARKS: usize = 2000;

/// What kind of rule it is, as metrics name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A taint that is not tolerated.
    Taint,
    /// `nodeSelector` and node affinity.
    NodeAffinity,
    /// A volume that is out of reach.
    Volume,
    /// A hard spread constraint.
    Spread,
    /// Required pod affinity.
    PodAffinity,
    /// Required pod anti-affinity.
    PodAntiAffinity,
    /// The anti-affinity of other pods.
    Repelled,
    /// A rule in words, by what it means now.
    Intent,
}

/// All of them.
pub const RULES: [Rule; 8] = [
    Rule::Taint,
    Rule::NodeAffinity,
    Rule::Volume,
    Rule::Spread,
    Rule::PodAffinity,
    Rule::PodAntiAffinity,
    Rule::Repelled,
    Rule::Intent,
];

impl Rule {
    /// The value of a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Taint => "taint",
            Self::NodeAffinity => "node-affinity",
            Self::Volume => "volume",
            Self::Spread => "spread",
            Self::PodAffinity => "pod-affinity",
            Self::PodAntiAffinity => "pod-anti-affinity",
            Self::Repelled => "repelled",
            Self::Intent => "intent",
        }
    }

    fn of_fact(fact: &Fact) -> Self {
        match fact {
            Fact::Taint(_) => Self::Taint,
            Fact::Volume { .. } | Fact::VolumeZone => Self::Volume,
            Fact::SpreadKey(_) | Fact::Spread(_) => Self::Spread,
            Fact::Affinity => Self::PodAffinity,
            Fact::AntiAffinity(_) => Self::PodAntiAffinity,
            Fact::Repelled(_) => Self::Repelled,
            _ => Self::NodeAffinity,
        }
    }
}

/// Something that is said of the pods of one owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Which.
    pub code: Code,
    /// What kind of rule it is about; `None`: all of them.
    pub rule: Option<Rule>,
    /// How much it weighs.
    pub severity: Severity,
    /// Whose pods they are.
    pub owner: Holder,
    /// What is so, in words.
    pub what: String,
    /// The native rule that does not hold.
    pub fact: Option<Fact>,
    /// How many pods it is about.
    pub count: usize,
    /// Some of them by name; the node is empty for those that are on none.
    pub pods: Vec<Where>,
}

/// What one look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// How many pods were judged in this look, because something was touched.
    pub looked_at: usize,
    /// Pods that do not stand well, by the kind of rule, and its weight.
    pub violations: BTreeMap<(Rule, Severity), usize>,
    /// Pending pods that no node takes.
    pub unplaceable: usize,
    /// Nodes that failed, and those that are gone and that pods name.
    pub lost_nodes: usize,
    /// Pods of these that no other node takes.
    pub without_place: usize,
    /// Pending pods that were not judged: too many kinds of them, gates, other schedulers.
    pub unjudged: usize,
    /// What is to be said: the gravest first, then by owner.
    pub remarks: Vec<Remark>,
}

/// Of each owner whose pending pods no node takes, one of them, and their names.
type Shut = BTreeMap<Holder, (Pod, Vec<String>)>;

/// Looks at a live cluster again and again.
#[derive(Debug)]
pub struct Auditor {
    profile: Profile,
    standing: Standing,
    fleet: Fleet,
}

impl Live {
    /// Hands over to an [`Auditor`] what events touched.
    pub fn hand_over(&mut self) {
        self.state_mut().hand_over();
    }

    /// Nobody audits any longer.
    pub fn stop_handing_over(&mut self) {
        self.state_mut().stop_handing_over();
    }

    /// The UID of a workload, if it is known.
    #[must_use]
    pub fn uid_of(&self, owner: &Holder) -> Option<(String, String)> {
        let named = |kind: &Watched| kind.row().kind == owner.kind;
        let kind = crate::live::WATCHED.into_iter().find(named)?;
        let uid = self.uid(kind, &owner.namespace, &owner.name)?;
        Some((kind.api_version(), uid))
    }
}

impl Auditor {
    /// Nothing was looked at.
    #[must_use]
    pub fn new(live: &Live) -> Self {
        let profile = Profile::of(live.state().semantics());
        let standing = Standing::new(vec![profile.clone()]);
        Self { standing, profile, fleet: Fleet::default() }
    }

    /// Looks at what was touched since the last look; `None` if nothing was handed over.
    pub fn look(&mut self, live: &Live, words: &Arc<Words>, server: ServerVersion) -> Option<Look> {
        let state = live.state();
        let update = self.standing.follow(state)?;
        let mut look = Look { looked_at: update.looked_at, ..Look::default() };
        self.running(state, &mut look);
        let answer = |reference: &Reference| live.answer(reference);
        let meaning = Meaning { words, server, answer: &answer };
        for one in lapsed(state, std::slice::from_ref(&self.profile), &meaning, &|_| true) {
            let severity = Severity::Error;
            *look.violations.entry((Rule::Intent, severity)).or_default() += one.pods.len();
            look.remarks.push(Remark {
                code: RULE_NO_LONGER_HOLDS,
                rule: Some(Rule::Intent),
                severity,
                what: words::audit::lapsed(&one.rule, &one.how),
                fact: None,
                count: one.pods.len(),
                owner: one.owner,
                pods: one.pods,
            });
        }
        let shut = self.pending(live, &mut look);
        if live.knows_nodes() {
            self.fleet.see(state);
            self.lost(state, &shut, &mut look);
        }
        look.remarks.sort_by_cached_key(|one| {
            (Reverse(one.severity), one.owner.clone(), one.code, one.what.clone())
        });
        look.remarks.truncate(MOST_REMARKS);
        look.remarks.iter_mut().for_each(|one| one.pods.truncate(MOST_NAMES));
        Some(look)
    }

    /// The standing of all pods, as it was found in the last look.
    #[must_use]
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    fn running(&self, state: &State, look: &mut Look) {
        type Found = (Pod, BTreeSet<String>, i64, Vec<Where>);
        let mut found: BTreeMap<(Holder, Fact), Found> = BTreeMap::new();
        for broken in self.standing.broken(state) {
            let pod = state.pod(broken.namespace, broken.name);
            let Some(pod) = pod.filter(|pod| !is_static(pod)) else { continue };
            let number = state.node_number(broken.node);
            let Some(node) = number.and_then(|number| state.node(number)) else { continue };
            let facts = facts(state.objects(), &pod, node, broken.breaches);
            let counted = facts.keys().map(|fact| (Rule::of_fact(fact), severity(fact)));
            for key in counted.collect::<BTreeSet<_>>() {
                *look.violations.entry(key).or_default() += 1;
            }
            for (fact, detail) in facts {
                if found.len() > MOST_REMARKS {
                    continue;
                }
                let entry = found.entry((Holder::of(&pod), fact));
                let (_, values, skew, pods) =
                    entry.or_insert_with(|| (pod.clone(), BTreeSet::new(), 0, Vec::new()));
                values.extend(detail.value);
                *skew = detail.amount.max(*skew);
                pods.push(Where { pod: pod.name.clone(), node: node.name.clone() });
            }
        }
        for ((owner, fact), (pod, values, skew, mut pods)) in found {
            pods.sort();
            let values: Vec<String> = values.into_iter().collect();
            look.remarks.push(Remark {
                code: RULE_NO_LONGER_HOLDS,
                rule: Some(Rule::of_fact(&fact)),
                severity: severity(&fact),
                what: words::audit::fact(&fact, &pod, &values, skew),
                fact: Some(fact),
                count: pods.len(),
                owner,
                pods,
            });
        }
    }

    /// What lost nodes mean.
    fn lost(&self, state: &State, shut: &Shut, look: &mut Look) {
        let lost = self.fleet.lost(state, &self.profile, shut);
        look.lost_nodes = lost.nodes;
        look.without_place = lost.without_place;
        for one in lost.stuck {
            let name = |pod: &String| Where { pod: pod.clone(), node: String::new() };
            look.remarks.push(Remark {
                code: NO_PLACE_WITHOUT,
                rule: None,
                severity: Severity::Error,
                what: words::audit::stuck_without(&one, &required(&one.example)),
                fact: None,
                count: one.pods.len(),
                pods: one.pods.iter().map(name).collect(),
                owner: one.owner,
            });
        }
    }

    /// Pending pods: one of each kind is judged.
    fn pending(&self, live: &Live, look: &mut Look) -> Shut {
        let mut shut = Shut::new();
        if !live.knows_nodes() {
            return shut;
        }
        let state = live.state();
        let mut left = MOST_WAITING;
        for Alike { pods, .. } in state.alike(|_| true) {
            let waits = |pod: &&Member<'_>| pod.place == Whereabouts::Nowhere && !pod.terminating;
            let mut known: Option<bool> = None;
            for member in pods.iter().filter(waits) {
                let Some(pod) = state.pod_at(member.number) else { continue };
                if pod.scheduler_name() != DEFAULT_SCHEDULER || !pod.gates.is_empty() {
                    look.unjudged += 1;
                    continue;
                }
                // What differs among those that are alike: volumes, and room that is being made.
                let special = pod.nominated_node.is_some() || !pod.volumes.is_empty();
                let verdict = if special { None } else { known };
                let fits = match verdict {
                    Some(fits) => fits,
                    None if left == 0 => {
                        look.unjudged += 1;
                        continue;
                    }
                    None => {
                        left -= 1;
                        let itself = pod.nominated_node.is_some().then_some(&pod);
                        let itself = live.numbers(itself.into_iter());
                        live.state().fits_without(&pod, &self.profile, &itself)
                    }
                };
                if !special {
                    known = Some(fits);
                }
                if !fits {
                    let name = pod.name.clone();
                    let entry = shut.entry(Holder::of(&pod));
                    entry.or_insert_with(|| (pod, Vec::new())).1.push(name);
                }
            }
        }
        for (owner, (_, pods)) in &mut shut {
            pods.sort();
            look.unplaceable += pods.len();
            let name = |pod: &String| Where { pod: pod.clone(), node: String::new() };
            look.remarks.push(Remark {
                code: CANNOT_BE_PLACED,
                rule: None,
                severity: Severity::Error,
                what: words::audit::shut(pods.len(), state.node_count()),
                fact: None,
                count: pods.len(),
                owner: owner.clone(),
                pods: pods.iter().map(name).collect(),
            });
        }
        shut
    }
}
