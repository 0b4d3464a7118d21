//! How many CSI volumes a node can hold.
//!
//! Semantics: `pkg/scheduler/framework/plugins/nodevolumelimits/csi.go`. Volume attachments that
//! no pod uses are not counted.

use std::collections::{BTreeMap, BTreeSet};

use crate::filter::cycle::{Cycle, Host};
use crate::filter::reason::Reason;
use crate::filter::{Rejection, Stage, Verdict};
use crate::inventory::kind::Kind;
use crate::inventory::node::CsiNode;
use crate::inventory::pod::{Disk, Pod, PodVolume};
use crate::inventory::volume::{Claim, InTree, InTreePlugin, VolumeSource};

/// A driver and what tells one of its volumes from the others.
type Attached = BTreeSet<(String, String)>;

/// Is there a volume that might count?
#[must_use]
pub fn pre_filter(pod: &Pod) -> Stage<()> {
    let counts =
        |volume: &PodVolume| !matches!(volume, PodVolume::Disk(disk) if in_tree(disk).is_none());
    if pod.volumes.iter().any(counts) { Stage::Ready(()) } else { Stage::Skip }
}

/// Judges one node.
///
/// # Errors
///
/// The rejection.
pub fn filter(cycle: &Cycle<'_>, host: &Host<'_>) -> Verdict {
    let csi = cycle.inventory.csi_nodes.get(&host.node.name);
    let mut wanted = Attached::new();
    attach(cycle, cycle.pod, csi, true, &mut wanted)?;
    let Some(limits) = csi.map(|csi| &csi.limits) else {
        return Ok(());
    };
    if wanted.is_empty() || limits.is_empty() {
        return Ok(());
    }
    let mut present = Attached::new();
    for other in &host.pods {
        attach(cycle, other, csi, false, &mut present)?;
    }
    let mut counts: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for (driver, _) in &present {
        counts.entry(driver).or_default().0 += 1;
    }
    for (driver, _) in wanted.difference(&present) {
        counts.entry(driver).or_default().1 += 1;
    }
    let exceeds = |(driver, (present, new)): (&&str, &(i64, i64))| {
        *new > 0 && limits.get(*driver).is_some_and(|limit| present + new > *limit)
    };
    if counts.iter().any(exceeds) {
        return Err(Rejection::unschedulable(Reason::TooManyVolumes));
    }
    Ok(())
}

/// Are all claims of the pod there? If not, nodes without limits reject it as well.
pub(crate) fn has_claims(cycle: &Cycle<'_>) -> bool {
    attach(cycle, cycle.pod, None, true, &mut Attached::new()).is_ok()
}

/// Adds the CSI volumes of the pod.
fn attach(
    cycle: &Cycle<'_>,
    pod: &Pod,
    csi: Option<&CsiNode>,
    incoming: bool,
    attached: &mut Attached,
) -> Verdict {
    for volume in &pod.volumes {
        let (name, ephemeral) = match volume {
            PodVolume::Claim(name) => (name, false),
            PodVolume::Ephemeral(name) => (name, true),
            PodVolume::Disk(disk) => {
                attached.extend(in_tree(disk).and_then(|volume| migrated(&volume, csi)));
                continue;
            }
            PodVolume::Migrated(volume) => {
                attached.extend(migrated(volume, csi));
                continue;
            }
        };
        if name.is_empty() {
            return Err(Rejection::error(Reason::UnnamedClaim));
        }
        let (namespace, name) = (pod.namespace.clone(), name.clone());
        let Some(claim) = cycle.inventory.claims.get(&(namespace.clone(), name.clone())) else {
            if incoming && !cycle.inventory.is_unknown(Kind::PersistentVolumeClaim) {
                let reason = Reason::LimitedClaimNotFound { namespace, name };
                return Err(Rejection::unresolvable(reason));
            }
            continue;
        };
        if ephemeral && !is_for(claim, pod) {
            return Err(Rejection::error(foreign(claim, pod)));
        }
        attached.extend(volume_of(cycle, claim, csi));
    }
    Ok(())
}

/// Was the claim made for an ephemeral volume of the pod?
pub(crate) fn is_for(claim: &Claim, pod: &Pod) -> bool {
    claim.namespace == pod.namespace && claim.controller.as_ref() == Some(&pod.uid)
}

pub(crate) fn foreign(claim: &Claim, pod: &Pod) -> Reason {
    Reason::EphemeralClaimForeign {
        namespace: pod.namespace.clone(),
        claim: claim.name.clone(),
        pod: pod.name.clone(),
    }
}

/// The driver and volume of a claim; without a volume, those that its class will give it.
fn volume_of(cycle: &Cycle<'_>, claim: &Claim, csi: Option<&CsiNode>) -> Option<(String, String)> {
    match cycle.inventory.volumes.get(&claim.volume).filter(|_| !claim.volume.is_empty()) {
        // It may be a volume that is attached already, or one of another driver.
        None if !claim.volume.is_empty() && cycle.inventory.is_unknown(Kind::PersistentVolume) => {
            None
        }
        None => volume_to_come(cycle, claim, csi),
        Some(volume) => match volume.source.as_ref()? {
            VolumeSource::Csi { driver, handle } => {
                let named = !driver.is_empty() && !handle.is_empty();
                named.then(|| (driver.clone(), handle.clone()))
            }
            VolumeSource::InTree(volume) => migrated(volume, csi),
        },
    }
}

fn volume_to_come(
    cycle: &Cycle<'_>,
    claim: &Claim,
    csi: Option<&CsiNode>,
) -> Option<(String, String)> {
    let class = cycle.inventory.classes.get(&claim.class).filter(|_| !claim.class.is_empty())?;
    // No volume handle has a blank and two names in it.
    let handle = format!(" {} {}", claim.namespace, claim.name);
    match InTreePlugin::named(&class.provisioner) {
        Some(plugin) => migrated(&InTree { plugin, handle }, csi),
        None if class.provisioner.is_empty() => None,
        None => Some((class.provisioner.clone(), handle)),
    }
}

/// An in-tree volume, as its driver sees it on the node.
fn migrated(volume: &InTree, csi: Option<&CsiNode>) -> Option<(String, String)> {
    csi?;
    Some((volume.plugin.driver().to_owned(), volume.handle.clone()))
}

/// The in-tree volume that a disk of the pod spec is.
fn in_tree(disk: &Disk) -> Option<InTree> {
    match disk {
        Disk::Gce { name, .. } => {
            let handle = format!("projects/UNSPECIFIED/zones/UNSPECIFIED/disks/{name}");
            Some(InTree { plugin: InTreePlugin::GcePd, handle })
        }
        Disk::Aws { volume } => {
            Some(InTree { plugin: InTreePlugin::AwsEbs, handle: volume.clone() })
        }
        Disk::Iscsi { .. } | Disk::Rbd { .. } => None,
    }
}
