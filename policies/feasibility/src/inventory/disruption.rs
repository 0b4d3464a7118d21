//! Pod disruption budgets.
//!
//! Semantics: `pkg/controller/disruption/disruption.go` for what a budget allows, and
//! `filterPodsWithPDBViolation` of `plugins/defaultpreemption` for which pods it covers.

use std::collections::BTreeSet;

use crate::inventory::pod::Pod;
use crate::selector::Selector;

/// A pod disruption budget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DisruptionBudget {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `spec.selector`: `None` and empty cover no pod when pods are preempted.
    pub selector: Option<Selector>,
    /// `spec.minAvailable`.
    pub min_available: Option<Share>,
    /// `spec.maxUnavailable`; it counts if both are there.
    pub max_unavailable: Option<Share>,
    /// `status.disruptionsAllowed`; `None`: nothing has been counted yet.
    pub allowed: Option<i32>,
    /// `status.disruptedPods`: pods that are being evicted already, by name; they are counted.
    pub disrupted: BTreeSet<String>,
}

/// A number of pods, or a part of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// So many.
    Count(i32),
    /// So many of a hundred, rounded up.
    Percent(i32),
}

impl Share {
    /// Of so many pods.
    fn of(self, pods: i64) -> i64 {
        match self {
            Self::Count(count) => i64::from(count),
            Self::Percent(percent) => {
                let parts = pods.saturating_mul(i64::from(percent));
                parts.div_euclid(100) + i64::from(parts.rem_euclid(100) != 0)
            }
        }
    }
}

impl DisruptionBudget {
    /// Does the budget cover the pod, when it is to be preempted? Pods without labels are covered
    /// by none.
    #[must_use]
    pub fn covers(&self, pod: &Pod) -> bool {
        let selects =
            |selector: &Selector| !selector.is_everything() && selector.matches(&pod.labels);
        self.namespace == pod.namespace
            && !pod.labels.is_empty()
            && self.selector.as_ref().is_some_and(selects)
            && !self.disrupted.contains(&pod.name)
    }

    /// How many of the pods may be disrupted: what the status says or, without one, what the
    /// controller would write there, taking every bound pod for a healthy one and the pods that
    /// are there for those that are wanted.
    #[must_use]
    pub fn disruptions_allowed<'p>(&self, pods: impl IntoIterator<Item = &'p Pod>) -> i32 {
        if let Some(allowed) = self.allowed {
            return allowed;
        }
        let selected = |pod: &&Pod| {
            !pod.finished
                && pod.namespace == self.namespace
                && self.selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels))
        };
        let (mut expected, mut healthy) = (0i64, 0i64);
        for pod in pods.into_iter().filter(selected) {
            expected += 1;
            healthy += i64::from(!pod.terminating && pod.node.is_some());
        }
        let desired = match (self.max_unavailable, self.min_available) {
            (Some(share), _) => expected.saturating_sub(share.of(expected)).max(0),
            (None, Some(share)) => share.of(expected),
            (None, None) => 0,
        };
        let allowed = healthy.saturating_sub(desired).max(0);
        i32::try_from(allowed).unwrap_or(i32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirement::{Operator, Requirement};

    fn budget(min_available: Option<Share>, max_unavailable: Option<Share>) -> DisruptionBudget {
        let app = Requirement {
            key: "app".to_owned(),
            operator: Operator::In,
            values: vec!["web".to_owned()],
        };
        DisruptionBudget {
            namespace: "shop".to_owned(),
            selector: Some(Selector { requirements: vec![app] }),
            min_available,
            max_unavailable,
            ..DisruptionBudget::default()
        }
    }

    fn web(number: usize) -> Pod {
        Pod {
            name: format!("web-{number}"),
            namespace: "shop".into(),
            labels: [("app".to_owned(), "web".to_owned())].into(),
            node: Some("n".into()),
            ..Pod::default()
        }
    }

    #[test]
    fn without_a_status_the_budget_is_counted() {
        let pods: Vec<Pod> = (0..7).map(web).collect();
        for (min, max, allowed) in [
            (Some(Share::Count(5)), None, 2),
            (Some(Share::Count(9)), None, 0),
            (Some(Share::Percent(50)), None, 3),
            (Some(Share::Percent(100)), None, 0),
            (None, Some(Share::Count(1)), 1),
            (None, Some(Share::Percent(30)), 3),
            (None, Some(Share::Percent(0)), 0),
            (None, None, 7),
        ] {
            assert_eq!(budget(min, max).disruptions_allowed(&pods), allowed, "{min:?} {max:?}");
        }
        let written = DisruptionBudget { allowed: Some(0), ..budget(None, None) };
        assert_eq!(written.disruptions_allowed(&pods), 0);
    }

    #[test]
    fn a_budget_covers_the_pods_that_it_selects() {
        let budget = budget(None, None);
        assert!(budget.covers(&web(0)));
        assert!(!budget.covers(&Pod { namespace: "other".to_owned(), ..web(0) }));
        assert!(!budget.covers(&Pod { labels: [].into(), ..web(0) }));
        for selector in [None, Some(Selector::default())] {
            let empty = DisruptionBudget { selector, ..budget.clone() };
            assert!(!empty.covers(&web(0)));
        }
        let evicted = DisruptionBudget { disrupted: ["web-0".to_owned()].into(), ..budget };
        assert!(!evicted.covers(&web(0)) && evicted.covers(&web(1)));
    }
}
