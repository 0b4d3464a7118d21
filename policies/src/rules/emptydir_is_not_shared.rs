//! Directories that every pod has for itself.

use placecard_feasibility::any_cluster::kubelet::HOSTNAME;
use placecard_findings::{Code, Finding, Help, Label, Site};
use serde_json::Value;

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::words;

const CODE: Code = Code::new("emptydir-is-not-shared");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Volumes,
        "pods are kept on one node to share an emptyDir, which no two pods share",
        include_str!("emptydir_is_not_shared.md"),
        Sees::Text,
    ),
    check: Check::Template(check),
};

/// k8s.io/api/core/v1 EmptyDirVolumeSource: a directory that shares the pod's lifetime.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let near = case.pod_demands().iter().find(|one| one.near && one.required && one.term.topology_key == HOSTNAME);
    let list = case.template.spec_path(&["volumes"]);
    let volumes = case.at(&list).and_then(Value::as_array);
    let Some(near) = near else { return };
    for (index, volume) in volumes.into_iter().flatten().enumerate() {
        let name = volume.get("name").and_then(Value::as_str).unwrap_or_default();
        let means_shared = name.split(['-', '_', '.']).any(|word| ["shared", "share", "exchange"].contains(&word));
        if volume.get("emptyDir").is_none() || !means_shared {
            continue;
        }
        let site = Site::key(list.index(index).key("emptyDir"));
        let label = Label::new(site, "one for each pod").quoting(name);
        let message = format!("the emptyDir {} is shared with no other pod", words::shorten(name, 25));
        let mut finding = case.risk(CODE, message, label);
        let site = Site::value(near.path.key("topologyKey"));
        finding.labels.push(Label::new(site, "on one node with them").quoting(HOSTNAME));
        finding.why = Some("an emptyDir belongs to one pod, also where others run on its node".to_owned());
        finding.help = vec![Help::text("put the containers into one pod, or share a claim or a hostPath")];
        findings.push(finding);
    }
}
