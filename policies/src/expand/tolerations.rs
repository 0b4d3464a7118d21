//! Tolerations: added only if not implied, and never in the way of what the user wrote first.
//!
//! For scheduling any toleration of a taint will do. For eviction the first one counts
//! (pkg/apis/core/v1/helper, `GetMatchingTolerations`), so an element that comes earlier decides
//! how long the pod stays.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Toleration;
use placecard_feasibility::tolerations::{self, TolerationOperator, covers};
use placecard_findings::FieldPath;
use placecard_language::intent::{Origin, Tolerate};

use super::{Expander, source};
use crate::change::Change;
use crate::native;
use crate::trouble::{Obstacle, Rival, Trouble};

/// Seconds that the admission plugin DefaultTolerationSeconds writes
/// (plugin/pkg/admission/defaulttolerationseconds/admission.go).
const DEFAULT_SECONDS: i64 = 300;
const DEFAULTED_KEYS: [&str; 2] =
    ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
const NO_EXECUTE: &str = "NoExecute";

/// What tells the taints of two tolerations apart: key, effect, operator, value.
type Slot = (String, String, TolerationOperator, String);

/// The tolerations of a pod by the taints they are for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    read: Vec<tolerations::Toleration>,
    /// The first of its kind: what comes after it is never looked at.
    first: BTreeMap<Slot, usize>,
    /// What was asked for, and is there now.
    met: BTreeSet<tolerations::Toleration>,
}

fn slot(toleration: &tolerations::Toleration) -> Slot {
    let value = match toleration.operator {
        TolerationOperator::Exists => String::new(),
        TolerationOperator::Equal | TolerationOperator::Other(_) => toleration.value.clone(),
    };
    (toleration.key.clone(), toleration.effect.clone(), toleration.operator.clone(), value)
}

impl Held {
    pub(crate) fn of(written: &[Toleration]) -> Self {
        let mut held = Self::default();
        for toleration in written {
            held.push(native::toleration(toleration));
        }
        held
    }

    fn push(&mut self, toleration: tolerations::Toleration) {
        self.first.entry(slot(&toleration)).or_insert(self.read.len());
        self.read.push(toleration);
    }

    fn replace(&mut self, index: usize, toleration: tolerations::Toleration) {
        if let Some(present) = self.read.get_mut(index) {
            self.first.remove(&slot(present));
            let first = self.first.entry(slot(&toleration)).or_insert(index);
            *first = (*first).min(index);
            *present = toleration;
        }
    }

    /// Those that may tolerate a taint of `wanted` in a way that matters for it, in order.
    fn about(&self, wanted: &tolerations::Toleration) -> Vec<usize> {
        let effect = if lasts(wanted) { NO_EXECUTE } else { &wanted.effect };
        let mut found = Vec::new();
        for (key, effect) in [(&*wanted.key, effect), (&*wanted.key, ""), ("", effect), ("", "")] {
            let slot = |operator, value: &str| {
                (key.to_owned(), effect.to_owned(), operator, value.to_owned())
            };
            if wanted.operator == TolerationOperator::Exists {
                let from = slot(TolerationOperator::Equal, "");
                let same = self.first.range(from..).take_while(|((its_key, its_effect, ..), _)| {
                    its_key == key && its_effect == effect
                });
                found.extend(same.map(|(_, index)| *index));
            } else {
                let same = slot(wanted.operator.clone(), &wanted.value);
                found.extend(self.first.get(&same));
                found.extend(self.first.get(&slot(TolerationOperator::Exists, "")));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether another one comes first for every taint of this one.
    fn is_shadowed(&self, index: usize, toleration: &tolerations::Toleration) -> bool {
        // Of those about it, `Exists` has all values of a key: what covers it names its own.
        let exact = tolerations::Toleration {
            operator: match toleration.operator {
                TolerationOperator::Exists => TolerationOperator::Equal,
                _ => toleration.operator.clone(),
            },
            ..toleration.clone()
        };
        self.about(&exact).into_iter().take_while(|earlier| *earlier < index).any(|earlier| {
            self.read.get(earlier).is_some_and(|earlier| {
                covers(&for_eviction(earlier), &for_eviction(toleration)) && lasts(earlier)
            })
        })
    }
}

/// The same toleration as far as `NoExecute` taints go.
fn for_eviction(toleration: &tolerations::Toleration) -> tolerations::Toleration {
    tolerations::Toleration { effect: NO_EXECUTE.to_owned(), ..toleration.clone() }
}

/// Expands `tolerate`.
pub(crate) fn expand(expander: &mut Expander<'_>, tolerate: &Tolerate) {
    let toleration = native::native_toleration(&tolerate.toleration);
    add(expander, &toleration, &tolerate.origin, true);
}

/// What the elements that are there mean for a toleration.
enum Fit {
    /// They say it already.
    Implied,
    /// It can stand behind them.
    Behind,
    /// It stands where the API server's default stood.
    Instead(usize),
    /// This one decides how long the pod stays, and says otherwise.
    After(usize),
}

/// Adds a toleration unless it is implied.
pub(crate) fn add(
    expander: &mut Expander<'_>,
    toleration: &Toleration,
    origin: &Origin,
    required: bool,
) {
    expander.note(origin, "tolerations");
    let wanted = native::toleration(toleration);
    let held = &mut expander.present.tolerations;
    if held.met.contains(&wanted) {
        return;
    }
    let fit = fit(held, &wanted);
    if !matches!(fit, Fit::After(_)) {
        held.met.insert(wanted.clone());
    }
    match fit {
        Fit::Implied => {}
        Fit::Behind => {
            let index = expander.spec.tolerations.len();
            expander.sources.tolerations.push((index, origin.clone()));
            expander.present.tolerations.push(wanted);
            expander.push(origin, Change::Toleration(toleration.clone()));
        }
        Fit::Instead(index) => {
            expander.present.tolerations.replace(index, wanted);
            expander.push(origin, Change::ReplaceToleration(index, toleration.clone()));
        }
        Fit::After(index) => {
            let rival = match source(&expander.sources.tolerations, index) {
                Some(origin) => Rival::Rule(origin.clone()),
                None => Rival::Field(FieldPath::of(&["spec", "tolerations"]).index(index)),
            };
            let obstacle = Obstacle::EarlierToleration { rival };
            expander.troubles.push(Trouble { rule: origin.clone(), required, obstacle });
        }
    }
}

fn fit(held: &Held, wanted: &tolerations::Toleration) -> Fit {
    // Whether it is decided that the pod stays as long as wanted.
    let mut settled = !lasts(wanted);
    for index in held.about(wanted) {
        let Some(present) = held.read.get(index) else { continue };
        let equal = present.seconds == wanted.seconds;
        if covers(present, wanted) && (settled || equal) {
            return Fit::Implied;
        }
        if settled || !lasts(present) || !overlaps(present, wanted) {
            continue;
        }
        if equal {
            settled = covers(&for_eviction(present), &for_eviction(wanted));
        } else if !held.is_shadowed(index, present) {
            return if is_defaulted(present) && replaces(wanted, present) {
                Fit::Instead(index)
            } else {
                Fit::After(index)
            };
        }
    }
    Fit::Behind
}

/// Whether it decides how long a pod stays on a node with a NoExecute taint.
fn lasts(toleration: &tolerations::Toleration) -> bool {
    toleration.effect.is_empty() || toleration.effect == NO_EXECUTE
}

/// Whether some NoExecute taint is tolerated by both.
fn overlaps(a: &tolerations::Toleration, b: &tolerations::Toleration) -> bool {
    let keys = a.key.is_empty() || b.key.is_empty() || a.key == b.key;
    let values = match (&a.operator, &b.operator) {
        (TolerationOperator::Equal, TolerationOperator::Equal) => a.value == b.value,
        (TolerationOperator::Other(_), _) | (_, TolerationOperator::Other(_)) => false,
        _ => true,
    };
    keys && values
}

/// Whether it is one of the two elements that the API server adds to every pod.
fn is_defaulted(toleration: &tolerations::Toleration) -> bool {
    DEFAULTED_KEYS.contains(&toleration.key.as_str())
        && toleration.operator == TolerationOperator::Exists
        && toleration.effect == NO_EXECUTE
        && toleration.seconds == Some(DEFAULT_SECONDS)
}

/// Whether nothing is lost with the default: its taints have no values.
fn replaces(wanted: &tolerations::Toleration, defaulted: &tolerations::Toleration) -> bool {
    covers(wanted, defaulted)
        || (wanted.key == defaulted.key
            && wanted.operator == TolerationOperator::Equal
            && wanted.value.is_empty())
}
