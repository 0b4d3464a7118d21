//! Tolerations: added only if not implied, and never in the way of what the user wrote first.

use k8s_openapi::api::core::v1::Toleration;
use placecard_feasibility::tolerations::{self, TolerationOperator, covers};
use placecard_language::intent::{Origin, Tolerate};

use super::Expander;
use crate::change::Change;
use crate::native;
use crate::trouble::{Obstacle, Trouble};

/// Seconds that the admission plugin DefaultTolerationSeconds writes
/// (plugin/pkg/admission/defaulttolerationseconds/admission.go).
const DEFAULT_SECONDS: i64 = 300;
const DEFAULTED_KEYS: [&str; 2] =
    ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/// Expands `tolerate`.
pub(crate) fn expand(expander: &mut Expander<'_>, tolerate: &Tolerate) {
    let toleration = native::native_toleration(&tolerate.toleration);
    add(expander, &toleration, &tolerate.origin, true);
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
    let mut implied = false;
    let mut defaulted = None;
    for (index, present) in expander.spec.tolerations.iter().enumerate() {
        let present = native::toleration(present);
        if lasts(&wanted) && lasts(&present) && overlaps(&present, &wanted) {
            if present.seconds == wanted.seconds {
                implied |= covers(&present, &wanted);
                continue;
            }
            if is_defaulted(&present) && covers(&wanted, &present) {
                defaulted = Some(index);
                continue;
            }
            if !implied {
                expander.troubles.push(Trouble {
                    rule: origin.clone(),
                    required,
                    obstacle: Obstacle::EarlierToleration { index },
                });
                return;
            }
        } else if !lasts(&wanted) {
            implied |= covers(&present, &wanted);
        }
    }
    match (implied, defaulted) {
        (true, _) => {}
        (false, Some(index)) => {
            expander.push(origin, Change::ReplaceToleration(index, toleration.clone()));
        }
        (false, None) => expander.push(origin, Change::Toleration(toleration.clone())),
    }
}

/// Whether it decides how long a pod stays on a node with a NoExecute taint.
fn lasts(toleration: &tolerations::Toleration) -> bool {
    toleration.effect.is_empty() || toleration.effect == "NoExecute"
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
        && toleration.effect == "NoExecute"
        && toleration.seconds == Some(DEFAULT_SECONDS)
}
