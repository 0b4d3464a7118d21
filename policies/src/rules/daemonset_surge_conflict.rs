//! A DaemonSet that is to run two pods on a node which holds one.

use placecard_findings::{Code, Edit, FieldPath, Finding, Fix, Help, Holds, Label, Severity, Site, Verdict};

use super::{Family, Rule, Sees};
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::native;

const CODE: Code = Code::new("daemonset-surge-conflict");

pub(super) const RULE: FieldRule = FieldRule {
    rule: Rule {
        code: CODE,
        family: Family::Rollout,
        severity: Severity::Error,
        verdict: Verdict::Risk,
        summary: "a DaemonSet with maxSurge whose old and new pods cannot share a node",
        page: include_str!("daemonset_surge_conflict.md"),
        sees: Sees::Placement,
    },
    check: Check::Template(check),
};

/// With `maxSurge` the new pod has to run beside the old one before that goes
/// (pkg/controller/daemon/update.go); a port of the node, and anti-affinity by host name, let in one
/// of them (the filters NodePorts and InterPodAffinity).
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let strategy = &case.object.strategy;
    let surges = strategy.max_surge.as_ref().is_some_and(is_some);
    let rolls = matches!(strategy.kind.as_str(), "" | "RollingUpdate") && !strategy.unreadable;
    if !case.object.is_daemon_set() || !surges || !rolls {
        return;
    }
    let port = case.template.containers.host_ports.first();
    let port = port.map(|port| {
        let site = Site::value(case.template.path.join(&port.path));
        Label::new(site, "one pod of a node has it").quoting(port.port.to_string())
    });
    let Some(conflict) = port.or_else(|| apart(case)) else { return };
    let surge = FieldPath::of(&["spec", "updateStrategy", "rollingUpdate", "maxSurge"]);
    let primary = Label::new(Site::value(surge), "the new pod runs before the old one goes");
    let object = case.object.reference.clone();
    let message = "no update can finish: the new pod cannot run beside the old one";
    let mut finding = Finding::new(CODE, Verdict::Risk, object, message, primary);
    finding.labels.push(conflict);
    finding.help = vec![Help::text("maxSurge: 0 and maxUnavailable: 1")];
    let rolling = FieldPath::of(&["spec", "updateStrategy", "rollingUpdate"]);
    finding.fix = Some(Fix::safe(vec![
        Edit::set(rolling.key("maxSurge"), "0"),
        Edit::set(rolling.key("maxUnavailable"), "1"),
    ]));
    finding.holds = Holds::every_cluster();
    findings.push(case.as_sure_as_can_be(finding));
}

/// `0` and `0%` are none.
fn is_some(written: &k8s_openapi::apimachinery::pkg::util::intstr::IntOrString) -> bool {
    use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
    match written {
        IntOrString::Int(count) => *count > 0,
        IntOrString::String(text) => {
            text.strip_suffix('%').and_then(|text| text.parse::<u32>().ok()).is_some_and(|one| one > 0)
        }
    }
}

/// Anti-affinity by host name to pods of every revision.
fn apart(case: &TemplateCase<'_>) -> Option<Label> {
    let terms = native::required_anti_affinity(&case.template.spec);
    terms.iter().enumerate().find_map(|(index, native)| {
        let read = native::pod_term(native, case.frame.labels);
        let selector = read.term.selector.as_ref()?;
        let own = read.term.namespaces.is_empty() && read.term.namespace_selector.is_none();
        let all = read.match_keys.is_empty() && read.mismatch_keys.is_empty();
        let is_self = own && all && case.frame.matches(selector) == Some(true);
        let is_node = native.topology_key == "kubernetes.io/hostname";
        let of_revision = selector.requirements.iter().any(|one| crate::kinds::is_volatile(&one.key));
        if !is_self || !is_node || of_revision {
            return None;
        }
        let path = crate::expand::affinity_path("podAntiAffinity").index(index);
        let site = Site::value(case.template.path.join(&path).key("topologyKey"));
        Some(Label::new(site, "1 pod on a node, old or new").quoting(native.topology_key.clone()))
    })
}

#[cfg(test)]
mod tests {
    use placecard_feasibility::inventory::Inventory;
    use placecard_feasibility::judge::{Semantics, judge};
    use serde_json::json;

    use crate::snapshot::{WrittenPod, parse};

    /// The claim, by the judge: the new pod does not pass on the node of the old one.
    #[test]
    fn the_new_pod_does_not_fit_beside_the_old_one() {
        let pod = |name: &str, spec: serde_json::Value| {
            let value = json!({"metadata": {"name": name, "namespace": "x", "labels": {"app": "a"}},
                "spec": spec});
            parse::<WrittenPod>(&value.to_string()).unwrap().read()
        };
        let port = json!({"nodeName": "n", "containers": [{"name": "c", "ports":
            [{"containerPort": 80, "hostPort": 80}]}]});
        let term = json!({"topologyKey": "kubernetes.io/hostname",
            "labelSelector": {"matchLabels": {"app": "a"}}});
        let apart = json!({"nodeName": "n", "containers": [{"name": "c"}], "affinity":
            {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}});
        let free = json!({"nodeName": "n", "containers": [{"name": "c"}]});
        for (spec, fits) in [(port, false), (apart, false), (free, true)] {
            let mut inventory = Inventory::default();
            let node = placecard_feasibility::inventory::node::Node {
                name: "n".to_owned(),
                labels: [("kubernetes.io/hostname".to_owned(), "n".to_owned())].into(),
                allocatable: [("pods".to_owned(),
                    placecard_feasibility::quantity::Quantity::of_units(9))].into(),
                ..Default::default()
            };
            inventory.nodes.insert("n".to_owned(), node);
            inventory.pods.insert(("x".to_owned(), "old".to_owned()), pod("old", spec.clone()));
            let new = pod("new", spec.clone());
            let judged = judge(&inventory, &new, Semantics::of_minor(34));
            assert_eq!(judged.feasible().count(), usize::from(fits), "{spec}");
        }
    }
}
