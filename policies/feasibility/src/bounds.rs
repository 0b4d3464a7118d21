//! How many replicas of one workload can ever run, whatever the cluster.
//!
//! Let `D` be the values that a pod's node rules allow for a label, finite and never absent. Then
//!
//! - S1: with required anti-affinity to one another over the label, at most one replica fits each
//!   value;
//! - S2: with a hard spread constraint over it that honours node rules and asks for more domains
//!   than `D` has (or asks for more than any cluster has), at most `maxSkew` fit each value, because the minimum always counts as 0;
//! - S4: of pods that mount one claim with the access mode `ReadWriteOncePod`, one runs at a time;
//! - I4: of pods that are required near and apart from one another in one level, one runs.
//!
//! An update that may neither stop a pod first nor find room for one more never begins (S6).
//!
//! S1, S2 and I4 hold as long as no node that runs a replica is relabelled on the key, and S2 also
//! needs that no taint is added to one if it honours taints, and does not count replicas that are
//! being deleted. Semantics: the filters `InterPodAffinity`, `PodTopologySpread` and
//! `VolumeRestrictions`, and `ResolveFenceposts` in `pkg/controller/deployment/util`.

use std::collections::{BTreeMap, BTreeSet};

use crate::certificate::{
    Argument, Axiom, Certificate, FullUpdate, Manifest, OneReplica, Pigeonhole, Reach, SharedClaim,
    SpreadWindow, Update,
};
use crate::contradiction::{Demand, DemandId, TermDemand};
use crate::domain::{Domain, Shape};
use crate::inventory::pod::{Pod, PodVolume, TopologySpread, WhenUnsatisfiable};
use crate::label::{Labels, NAMESPACE_NAME};
use crate::node_terms::{Subject, requirement_domain, requirement_flaw};
use crate::pod_affinity::{self, AffinityTerm, NamedTerm, OwnPod, PodContradiction, TermId};
use crate::requirement::is_opaque;
use crate::selector::{Selector, has_opaque};
use crate::solve::{minimal, spend};

/// The work that one set of domains may cost, in labels copied.
const BUDGET: u64 = 100_000;

/// The most domains that are counted; more are as good as endless.
const MOST_DOMAINS: usize = 1_000;

/// The most demands with alternatives that are multiplied out.
const MOST_OPEN: usize = 64;

/// The access mode of a claim that one pod at a time may use.
const ONE_POD: &str = "ReadWriteOncePod";

/// A bound on the number of replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// How many replicas can run at once.
    pub most: u64,
    /// Whether replicas of all revisions count together.
    pub all_revisions: bool,
    /// Why.
    pub by: By,
}

/// What bounds the number of replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// S1.
    Apart {
        /// The required anti-affinity term, by its index.
        term: usize,
        /// Its topology key.
        key: String,
        /// The values that are left to the label, in order.
        domains: Vec<String>,
    },
    /// S2.
    Spread {
        /// The spread constraint, by its index.
        constraint: usize,
        /// Its topology key.
        key: String,
        /// The values that are left to the label, in order.
        domains: Vec<String>,
        /// `maxSkew`.
        max_skew: u64,
        /// `minDomains`.
        min_domains: u64,
        /// `nodeTaintsPolicy: Honor`.
        honor_taints: bool,
    },
    /// I4.
    OneReplica {
        /// The topology key that both sides name.
        key: String,
        /// The required affinity terms, by index.
        affinity: Vec<usize>,
        /// The required anti-affinity terms, by index.
        anti: Vec<usize>,
    },
    /// S4.
    SharedClaim {
        /// The claim's name.
        claim: String,
    },
}

/// All bounds that can be proved, by kind and index. `demands` are those of the pod on its node;
/// together they mean what the manifest's pod says with its native fields.
#[must_use]
pub fn bounds(manifest: &Manifest, demands: &[Demand]) -> Vec<Bound> {
    let rules = NodeRules::of(demands.iter());
    let mut budget = BUDGET;
    let mut known: BTreeMap<String, Option<Vec<String>>> = BTreeMap::new();
    let mut domains = |key: &str| {
        known.entry(key.to_owned()).or_insert_with(|| rules.domains(key, &mut budget)).clone()
    };
    let mut found: Vec<Bound> = one_replica(manifest).into_iter().collect();
    let claims = manifest.pod.volumes.iter().filter_map(|volume| match volume {
        PodVolume::Claim(name) => Some(name),
        PodVolume::Ephemeral(_) | PodVolume::Disk(_) | PodVolume::Migrated(_) => None,
    });
    for claim in claims {
        let modes = manifest.access_modes.get(claim);
        if modes.is_some_and(|modes| modes.iter().any(|mode| mode == ONE_POD)) {
            let by = By::SharedClaim { claim: claim.clone() };
            found.push(Bound { most: 1, all_revisions: true, by });
        }
    }
    for (term, written) in manifest.pod.anti_affinity.iter().enumerate() {
        let Some(all_revisions) = counted(&manifest.anti_reach, term) else { continue };
        if !selects_itself(written, &manifest.pod) {
            continue;
        }
        let key = written.topology_key.clone();
        if let Some(domains) = domains(&key) {
            let by = By::Apart { term, key, domains };
            found.push(Bound { most: by.room(), all_revisions, by });
        }
    }
    for (constraint, written) in manifest.pod.spread.iter().enumerate() {
        let Some(all_revisions) = counted(&manifest.spread_reach, constraint) else { continue };
        if !counts_itself(written, &manifest.pod) {
            continue;
        }
        let key = written.topology_key.clone();
        let (Some(domains), Ok(max_skew), Ok(min_domains)) =
            (domains(&key), u64::try_from(written.max_skew), u64::try_from(written.min_domains))
        else {
            continue;
        };
        if count(&domains) < min_domains {
            let honor_taints = written.honor_taints;
            let by = By::Spread { constraint, key, domains, max_skew, min_domains, honor_taints };
            found.push(Bound { most: by.room(), all_revisions, by });
        }
    }
    found
}

/// The values that the label of a node can have if it meets all demands, in order; `None` if they
/// are not a few, if the label may be absent, or if no node meets the demands.
#[must_use]
pub fn allowed_values(demands: &[Demand], key: &str) -> Option<Vec<String>> {
    NodeRules::of(demands.iter()).domains(key, &mut { BUDGET })
}

/// The tightest of the bounds that leave replicas without room for ever; of equals the first.
#[must_use]
pub fn exceeded<'a>(bounds: &'a [Bound], manifest: &Manifest) -> Option<&'a Bound> {
    bounds.iter().filter(|bound| bound.most < manifest.replicas).min_by_key(|bound| bound.most)
}

/// The first bound that all replicas fill, so that an update never begins: it may stop none of them
/// before a new one runs, and there is no room for a new one.
///
/// One pod more decides, however many the update may make: as soon as one runs, an old one goes.
#[must_use]
pub fn full<'a>(bounds: &'a [Bound], manifest: &Manifest) -> Option<&'a Bound> {
    let Some(Update { surge: 1.., unavailable: 0 }) = manifest.update else { return None };
    bounds.iter().find(|bound| bound.all_revisions && bound.most == manifest.replicas)
}

/// The rounding of a Deployment's `maxSurge` (up) and `maxUnavailable` (down); if both come to 0,
/// one pod may be unavailable.
#[must_use]
pub fn rolling_update(replicas: u64, max_surge: Amount, max_unavailable: Amount) -> Update {
    let surge = max_surge.of(replicas, true);
    let unavailable = max_unavailable.of(replicas, false).min(replicas);
    Update { surge, unavailable: if surge == 0 && unavailable == 0 { 1 } else { unavailable } }
}

/// A number or a percentage, as `intstr.IntOrString`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// So many.
    Number(u64),
    /// So many of a hundred.
    Percent(u64),
}

impl Amount {
    fn of(self, whole: u64, up: bool) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::Percent(percent) => {
                let product = u128::from(percent) * u128::from(whole);
                let rounded = if up { product.div_ceil(100) } else { product / 100 };
                u64::try_from(rounded).unwrap_or(u64::MAX)
            }
        }
    }
}

impl By {
    /// The domains that are counted; none if none are.
    #[must_use]
    pub fn domains(&self) -> &[String] {
        match self {
            Self::Apart { domains, .. } | Self::Spread { domains, .. } => domains,
            Self::OneReplica { .. } | Self::SharedClaim { .. } => &[],
        }
    }

    fn room(&self) -> u64 {
        match self {
            Self::Apart { domains, .. } => count(domains),
            Self::Spread { domains, max_skew, .. } => count(domains).saturating_mul(*max_skew),
            Self::OneReplica { .. } | Self::SharedClaim { .. } => 1,
        }
    }

    /// A smallest set of the demands that already leaves no room for `need` replicas, in their
    /// order.
    #[must_use]
    pub fn core(&self, demands: &[Demand], need: u64) -> Vec<DemandId> {
        let (key, each) = match self {
            Self::Apart { key, .. } => (key, 1),
            Self::Spread { key, max_skew, .. } => (key, *max_skew),
            Self::OneReplica { .. } | Self::SharedClaim { .. } => return Vec::new(),
        };
        let enough_domains = match self {
            Self::Spread { min_domains, .. } => *min_domains,
            _ => u64::MAX,
        };
        let chosen = |indices: &[usize]| -> Vec<&Demand> {
            indices.iter().filter_map(|index| demands.get(*index)).collect()
        };
        let core = minimal(demands.len(), &mut |indices| {
            let rules = NodeRules::of(chosen(indices).into_iter());
            rules.domains(key, &mut { BUDGET }).is_some_and(|domains| {
                let found = count(&domains);
                found < enough_domains && found.saturating_mul(each) < need
            })
        });
        chosen(&core).into_iter().map(|demand| demand.id).collect()
    }

    /// The argument for checkers, about `need` replicas.
    #[must_use]
    pub fn argument(&self, need: u64) -> Argument {
        match self.clone() {
            Self::Apart { term, key, domains } => {
                Argument::Pigeonhole(Pigeonhole { term, key, domains, per_domain: 1, need })
            }
            Self::Spread { constraint, key, domains, max_skew, min_domains, .. } => {
                Argument::SpreadWindow(SpreadWindow {
                    constraint,
                    key,
                    domains,
                    max_skew,
                    min_domains,
                    need,
                })
            }
            Self::OneReplica { key, affinity, anti } => {
                Argument::OneReplica(OneReplica { key, affinity, anti, need })
            }
            Self::SharedClaim { claim } => Argument::SharedClaim(SharedClaim { claim, need }),
        }
    }
}

impl Bound {
    /// The certificate that not all replicas can ever run; `core` are the fields, as pointers.
    #[must_use]
    pub fn certificate(&self, manifest: &Manifest, core: Vec<String>) -> Certificate {
        self.certified(self.by.argument(manifest.replicas), core)
    }

    /// The certificate that no update can begin; `core` are the fields, as pointers.
    #[must_use]
    pub fn update_certificate(&self, manifest: &Manifest, core: Vec<String>) -> Certificate {
        let Update { surge, unavailable } = manifest.update.unwrap_or_default();
        let replicas = manifest.replicas;
        let bound = Box::new(self.by.argument(replicas.saturating_add(1)));
        let argument = Argument::FullUpdate(FullUpdate { bound, replicas, surge, unavailable });
        self.certified(argument, core)
    }

    fn certified(&self, argument: Argument, core: Vec<String>) -> Certificate {
        let mut assume = argument.needs();
        if matches!(self.by, By::Spread { honor_taints: true, .. }) {
            assume.insert(Axiom::NoNewTaint);
        }
        Certificate { assume, core, argument }
    }
}

/// Whether all revisions count; `None` if it is not known who does.
fn counted(reach: &[Reach], index: usize) -> Option<bool> {
    match reach.get(index).copied().unwrap_or_default() {
        Reach::AllRevisions => Some(true),
        Reach::OneRevision => Some(false),
        Reach::Unknown => None,
    }
}

fn count(domains: &[String]) -> u64 {
    u64::try_from(domains.len()).unwrap_or(u64::MAX)
}

/// Does the term certainly select a copy of the pod, however its namespace is labelled?
fn selects_itself(term: &AffinityTerm, pod: &Pod) -> bool {
    let named = pod_affinity::named_namespaces(term, &pod.namespace);
    let every = |selector: &Selector| {
        !has_opaque(selector)
            && selector.requirements.iter().all(|one| requirement_flaw(false, one).is_none())
            && selector.domains().iter().all(|(key, domain)| {
                if key == NAMESPACE_NAME {
                    !pod.namespace.is_empty() && domain.contains(Some(&pod.namespace))
                } else {
                    Domain::everything().is_subset(domain)
                }
            })
    };
    certainly_matches(term.selector.as_ref(), &pod.labels)
        && (named.contains(&pod.namespace) || term.namespace_selector.as_ref().is_some_and(every))
}

/// Does the constraint keep replicas apart, on every cluster alike?
fn counts_itself(spread: &TopologySpread, pod: &Pod) -> bool {
    spread.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule
        && spread.min_domains > 1
        // Only the domains that the node rules allow count; or no cluster has as many as are asked for.
        && (spread.honor_affinity || spread.min_domains == i32::MAX)
        // A selector without requirements counts no pod that runs.
        && spread.selector.as_ref().is_some_and(|selector| !selector.is_everything())
        && certainly_matches(spread.selector.as_ref(), &pod.labels)
}

fn certainly_matches(selector: Option<&Selector>, labels: &Labels) -> bool {
    selector.is_some_and(|selector| !has_opaque(selector) && selector.matches(labels))
}

/// I4, from the proofs about companions.
fn one_replica(manifest: &Manifest) -> Option<Bound> {
    let pod = &manifest.pod;
    let sure = |reach: &[Reach], index: usize| counted(reach, index) == Some(true);
    let known = |index| sure(&manifest.affinity_reach, index);
    if pod.affinity.is_empty() || !(0..pod.affinity.len()).all(known) {
        return None;
    }
    let named = |(index, term): (usize, &AffinityTerm)| {
        Some(NamedTerm { id: TermId(u32::try_from(index).ok()?), term: term.clone() })
    };
    let affinity: Option<Vec<NamedTerm>> = pod.affinity.iter().enumerate().map(named).collect();
    let anti = pod.anti_affinity.iter().enumerate();
    let anti = anti.filter(|(index, _)| sure(&manifest.anti_reach, *index));
    let anti: Option<Vec<NamedTerm>> = anti.map(named).collect();
    let own = OwnPod { namespace: pod.namespace.clone(), labels: (*pod.labels).clone() };
    let indices = |ids: &[TermId]| -> Vec<usize> {
        ids.iter().filter_map(|id| usize::try_from(id.0).ok()).collect()
    };
    pod_affinity::decide(&affinity?, &anti?, &own).iter().find_map(|found| match found {
        PodContradiction::OneReplica { affinity, anti, topology_key } => Some(Bound {
            most: 1,
            all_revisions: true,
            by: By::OneReplica {
                key: topology_key.clone(),
                affinity: indices(affinity),
                anti: indices(anti),
            },
        }),
        PodContradiction::NilSelector { .. }
        | PodContradiction::NoCommonPod { .. }
        | PodContradiction::NoCommonNamespace { .. }
        | PodContradiction::CompanionRepelled { .. } => None,
    })
}

/// What is known of each label on one way through the alternatives.
type Known = BTreeMap<Subject, Domain>;

/// What is asked of a node.
struct NodeRules {
    /// By demands without alternatives, all together.
    certain: Known,
    /// Something that none of them leaves possible.
    impossible: bool,
    /// By each demand with alternatives.
    open: Vec<Vec<Known>>,
}

impl NodeRules {
    fn of<'a>(demands: impl Iterator<Item = &'a Demand>) -> Self {
        let mut rules = Self { certain: Known::new(), impossible: false, open: Vec::new() };
        for demand in demands {
            match alternatives(demand).as_slice() {
                [only] => restrict(&mut rules.certain, only),
                alternatives => rules.open.push(alternatives.to_vec()),
            }
        }
        rules.impossible = rules.certain.values().any(Domain::is_empty);
        rules
    }

    /// The values that nodes which meet all demands can have for the label, in order; `None` if
    /// they are not a few, if the label may be absent, if no node meets the demands, or if the
    /// budget does not suffice.
    fn domains(&self, key: &str, budget: &mut u64) -> Option<Vec<String>> {
        let subject = Subject::Label(key.to_owned());
        // Unless each alternative of some demand names the label, it can have any value.
        let named = |ways: &Vec<Known>| ways.iter().all(|known| known.contains_key(&subject));
        let may_be_few = self.certain.contains_key(&subject) || self.open.iter().any(named);
        if self.impossible || !may_be_few || self.open.len() > MOST_OPEN {
            return None;
        }
        let mut search = Search { subject, found: BTreeSet::new(), budget };
        search.walk(&self.certain, &self.open)?;
        let few = !search.found.is_empty() && search.found.len() <= MOST_DOMAINS;
        few.then(|| search.found.into_iter().collect())
    }
}

fn restrict(known: &mut Known, more: &Known) {
    for (subject, domain) in more {
        known.entry(subject.clone()).or_insert_with(Domain::everything).restrict(domain);
    }
}

/// The terms of a demand that some node may match.
fn alternatives(demand: &Demand) -> Vec<Known> {
    demand.terms.iter().filter_map(meaning).collect()
}

/// What a term asks of each label; `None` if no node matches it. An operator that is not known asks
/// nothing.
fn meaning(term: &TermDemand) -> Option<Known> {
    if term.atoms.is_empty() {
        return None;
    }
    let mut known = Known::new();
    for atom in term.atoms.iter().filter(|atom| !is_opaque(&atom.requirement)) {
        if requirement_flaw(atom.field, &atom.requirement).is_some() {
            return None;
        }
        let (subject, domain) = requirement_domain(atom.field, &atom.requirement);
        known.entry(subject).or_insert_with(Domain::everything).restrict(&domain);
    }
    Some(known).filter(|known| !known.values().any(Domain::is_empty))
}

/// A walk through all ways to meet all demands.
struct Search<'b> {
    subject: Subject,
    found: BTreeSet<String>,
    budget: &'b mut u64,
}

impl Search<'_> {
    /// Adds the values of the subject on each way; `None` as soon as they are not a few. Labels are
    /// independent of one another: each value that is left on a way can be had.
    fn walk(&mut self, known: &Known, clauses: &[Vec<Known>]) -> Option<()> {
        let Some((clause, rest)) = clauses.split_first() else {
            let left = known.get(&self.subject).filter(|left| !left.absent)?;
            let Shape::Only(values) = left.shape() else { return None };
            self.found.extend(values);
            return (self.found.len() <= MOST_DOMAINS).then_some(());
        };
        for alternative in clause {
            if !spend(self.budget, known.len().max(1)) {
                return None;
            }
            let mut both = known.clone();
            restrict(&mut both, alternative);
            if !both.values().any(Domain::is_empty) {
                self.walk(&both, rest)?;
            }
        }
        Some(())
    }
}
