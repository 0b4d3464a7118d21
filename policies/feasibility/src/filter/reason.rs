//! Why a plugin rejects, and the scheduler's words for it.

use crate::filter::Plugin;
use crate::tolerations::Taint;

/// A reason of a [`crate::filter::Rejection`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The node is cordoned.
    Cordoned,
    /// `spec.nodeName` is another node.
    OtherNode,
    /// The node has this taint, and the pod does not tolerate it.
    Taint(Taint),
    /// `nodeSelector` or required node affinity does not admit the node.
    NodeAffinity,
    /// The node affinity that the scheduler adds to every pod does not admit the node.
    AddedNodeAffinity,
    /// No node has all the names that `matchFields` asks for.
    NameConflict,
    /// The node is not among those that these plugins let through by name.
    NotNamed(Vec<Plugin>),
    /// These plugins let through no node that all of them name.
    NamedApart(Vec<Plugin>),
    /// The profile runs the filter without the pre-filter that it needs.
    NotPrepared(Plugin),
    /// A host port is taken.
    HostPorts,
    /// The node runs as many pods as it may.
    TooManyPods,
    /// Too little of this resource is free.
    Insufficient(String),
    /// A disk is in use by another pod.
    DiskConflict,
    /// A `ReadWriteOncePod` claim is in use by another pod.
    ClaimInUse,
    /// The pod names a claim that does not exist.
    ClaimNotFound(String),
    /// The same, in the words of the volume limits.
    LimitedClaimNotFound {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The claim of an ephemeral volume has not been made yet.
    EphemeralClaimMissing(String),
    /// The claim of an ephemeral volume belongs to something else.
    EphemeralClaimForeign {
        /// The namespace of both.
        namespace: String,
        /// The claim.
        claim: String,
        /// The pod.
        pod: String,
    },
    /// The claim's volume is gone.
    ClaimLost {
        /// The claim.
        claim: String,
        /// The volume.
        volume: String,
    },
    /// The claim is being deleted.
    ClaimTerminating(String),
    /// A claim that does not wait for a pod has no volume yet.
    UnboundImmediateClaims,
    /// A claim has neither a volume nor a class.
    ClaimWithoutClass,
    /// A claim has no volume, though its class does not wait for a pod.
    ClaimWithoutVolume,
    /// The pod names a claim with an empty name.
    UnnamedClaim,
    /// The class of a claim does not exist.
    ClassNotFound(String),
    /// The volume of a claim does not exist.
    VolumeNotFound(String),
    /// The node cannot hold one more volume of a driver.
    TooManyVolumes,
    /// The node does not reach the volume of a claim.
    VolumeNodeAffinity,
    /// No volume for a claim can be found, or made, on the node.
    NoVolumeToBind,
    /// A claim is bound to a volume that does not exist.
    BoundVolumeGone,
    /// The volume of a claim is in another zone or region.
    VolumeZone,
    /// The node lacks the key of a spread constraint.
    SpreadKey,
    /// A spread constraint would be exceeded.
    SpreadSkew,
    /// Required pod affinity is not met.
    PodAffinity,
    /// The pod's anti-affinity repels it.
    PodAntiAffinity,
    /// The anti-affinity of a pod that runs in the domain repels it.
    ExistingAntiAffinity,
}

/// The text that the scheduler gives. `taint_named`: the version that says which taint it is.
#[must_use]
pub fn text(reason: &Reason, taint_named: bool) -> String {
    let fixed = match reason {
        Reason::Cordoned => "node(s) were unschedulable",
        Reason::OtherNode => "node(s) didn't match the requested node name",
        Reason::Taint(taint) if taint_named => {
            return format!("node(s) had untolerated taint {{{}: {}}}", taint.key, taint.value);
        }
        Reason::Taint(_) => "node(s) had untolerated taint(s)",
        Reason::NodeAffinity => "node(s) didn't match Pod's node affinity/selector",
        Reason::AddedNodeAffinity => "node(s) didn't match scheduler-enforced node affinity",
        Reason::NameConflict => "pod affinity terms conflict",
        Reason::NotNamed(plugins) => {
            return format!("node(s) didn't satisfy plugin(s) [{}]", names(plugins));
        }
        Reason::NamedApart(plugins) => {
            let names = names(plugins);
            return format!("node(s) didn't satisfy plugin(s) [{names}] simultaneously");
        }
        Reason::NotPrepared(plugin) => {
            return format!("reading \"PreFilter{}\" from cycleState: not found", plugin.name());
        }
        Reason::HostPorts => "node(s) didn't have free ports for the requested pod ports",
        Reason::TooManyPods => "Too many pods",
        Reason::Insufficient(resource) => return format!("Insufficient {resource}"),
        Reason::DiskConflict => "node(s) had no available disk",
        Reason::ClaimInUse => {
            "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode \
             already in-use by another pod"
        }
        Reason::TooManyVolumes => "node(s) exceed max volume count",
        Reason::VolumeNodeAffinity => "node(s) didn't match PersistentVolume's node affinity",
        Reason::NoVolumeToBind => "node(s) didn't find available persistent volumes to bind",
        Reason::BoundVolumeGone => {
            "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
        }
        Reason::VolumeZone => "node(s) had no available volume zone",
        Reason::SpreadKey => {
            "node(s) didn't match pod topology spread constraints (missing required label)"
        }
        Reason::SpreadSkew => "node(s) didn't match pod topology spread constraints",
        Reason::PodAffinity => "node(s) didn't match pod affinity rules",
        Reason::PodAntiAffinity => "node(s) didn't match pod anti-affinity rules",
        Reason::ExistingAntiAffinity => "node(s) didn't satisfy existing pods anti-affinity rules",
        of_claim => return claim_text(of_claim),
    };
    fixed.to_owned()
}

fn names(plugins: &[Plugin]) -> String {
    let mut names: Vec<&str> = plugins.iter().map(|plugin| plugin.name()).collect();
    names.sort_unstable();
    names.join(" ")
}

/// The text of a reason that is about a claim of the pod.
fn claim_text(reason: &Reason) -> String {
    match reason {
        Reason::ClaimNotFound(claim) => format!("persistentvolumeclaim {claim:?} not found"),
        Reason::LimitedClaimNotFound { namespace, name } => {
            format!("looking up PVC {namespace}/{name}: persistentvolumeclaim {name:?} not found")
        }
        Reason::EphemeralClaimMissing(claim) => format!(
            "waiting for ephemeral volume controller to create the persistentvolumeclaim {claim:?}"
        ),
        Reason::EphemeralClaimForeign { namespace, claim, pod } => format!(
            "PVC {namespace}/{claim} was not created for pod {namespace}/{pod} (pod is not owner)"
        ),
        Reason::ClaimLost { claim, volume } => format!(
            "persistentvolumeclaim {claim:?} bound to non-existent persistentvolume {volume:?}"
        ),
        Reason::ClaimTerminating(claim) => {
            format!("persistentvolumeclaim {claim:?} is being deleted")
        }
        Reason::ClaimWithoutClass => {
            "PersistentVolumeClaim had no pv name and storageClass name".to_owned()
        }
        Reason::ClaimWithoutVolume => "PersistentVolume had no name".to_owned(),
        Reason::UnnamedClaim => "PersistentVolumeClaim had no name".to_owned(),
        Reason::ClassNotFound(class) => {
            format!("storageclass.storage.k8s.io {class:?} not found")
        }
        Reason::VolumeNotFound(volume) => format!("persistentvolume {volume:?} not found"),
        _ => "pod has unbound immediate PersistentVolumeClaims".to_owned(),
    }
}
