//! What is kept beside the counts: no filter reads it, but who judges new pods does.

use std::collections::BTreeMap;

use super::State;
use crate::inventory::disruption::DisruptionBudget;
use crate::inventory::limit_range::LimitRange;
use crate::inventory::priority::PriorityClass;
use crate::inventory::quota::ResourceQuota;
use crate::inventory::template::NodeTemplate;

fn key(namespace: &str, name: &str) -> (String, String) {
    (namespace.to_owned(), name.to_owned())
}

impl State {
    /// A resource quota.
    pub fn set_quota(&mut self, quota: ResourceQuota) {
        self.objects.quotas.insert(key(&quota.namespace, &quota.name), quota);
    }

    /// The resource quota is gone.
    pub fn remove_quota(&mut self, namespace: &str, name: &str) {
        self.objects.quotas.remove(&key(namespace, name));
    }

    /// A limit range.
    pub fn set_limit_range(&mut self, range: LimitRange) {
        self.objects.limit_ranges.insert(key(&range.namespace, &range.name), range);
    }

    /// The limit range is gone.
    pub fn remove_limit_range(&mut self, namespace: &str, name: &str) {
        self.objects.limit_ranges.remove(&key(namespace, name));
    }

    /// A priority class.
    pub fn set_priority_class(&mut self, class: PriorityClass) {
        self.objects.priority_classes.insert(class.name.clone(), class);
    }

    /// The priority class is gone.
    pub fn remove_priority_class(&mut self, name: &str) {
        self.objects.priority_classes.remove(name);
    }

    /// A pod disruption budget.
    pub fn set_budget(&mut self, budget: DisruptionBudget) {
        self.objects.budgets.insert(key(&budget.namespace, &budget.name), budget);
    }

    /// The pod disruption budget is gone.
    pub fn remove_budget(&mut self, namespace: &str, name: &str) {
        self.objects.budgets.remove(&key(namespace, name));
    }

    /// The groups of nodes that may grow, all of them.
    pub fn set_templates(&mut self, templates: BTreeMap<String, NodeTemplate>) {
        self.objects.templates = templates;
    }
}
