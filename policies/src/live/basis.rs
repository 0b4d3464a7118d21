//! Which kinds an answer, a verdict or a list is read from: a watch that is stuck silences what rests
//! on it, and nothing else.

use placecard_language::directory::ObjectKind;
use placecard_language::intent::TargetKind;
use serde_json::Value;

use super::{WATCHED, Watched};
use crate::cluster::is_read_for;
use crate::object::{Object, Template};
use crate::surroundings::Reference;

/// Volumes that hold no node back: the filters read nothing for them
/// (`pkg/scheduler/framework/plugins/{volumebinding,volumezone,volumerestrictions,nodevolumelimits}`).
const LOCAL_VOLUMES: [&str; 8] =
    ["name", "emptyDir", "configMap", "secret", "projected", "downwardAPI", "hostPath", "image"];

/// What the answer to a reference is read from, [`Live::answer`](super::Live::answer).
#[must_use]
pub fn of_answer(reference: &Reference) -> Vec<Watched> {
    match reference {
        Reference::Target { kind, .. } => vec![target(*kind)],
        Reference::Owner { object, .. } => {
            Watched::find(&object.api_version, &object.kind).into_iter().collect()
        }
        Reference::Namespace { .. } => vec![Watched::Namespace],
        Reference::Claim { .. } => vec![Watched::PersistentVolumeClaim, Watched::PersistentVolume],
        Reference::AccessModes { .. } => vec![Watched::PersistentVolumeClaim],
        Reference::Object { kind, .. } => vec![named(*kind)],
        Reference::Node { .. } => vec![Watched::Node],
        Reference::Lease { .. } => vec![Watched::Lease],
        Reference::Pod { .. } => vec![Watched::Pod],
        Reference::PersistentVolume { .. } => vec![Watched::PersistentVolume],
        Reference::Autoscaler { .. } => vec![Watched::HorizontalPodAutoscaler],
        Reference::Coordination { .. }
        | Reference::Coordinations { .. }
        | Reference::Cast { .. } => {
            vec![Watched::RoleCoordination]
        }
        // These are asked of the API server, or of nobody.
        Reference::Workload { .. }
        | Reference::InGroup { .. }
        | Reference::GroupSchema { .. }
        | Reference::LongForm { .. } => Vec::new(),
        Reference::Scale { kind, .. } => counted(kind).into_iter().collect(),
    }
}

/// What the verdict on the new pods of an object is read from: those of its templates that are kept
/// as they are written.
#[must_use]
pub fn of_verdict(object: &Object) -> Vec<Watched> {
    let volumes = object.templates.iter().any(has_volumes);
    let read = |kind: &Watched| kind.kind().is_some_and(|kind| is_read_for(kind, volumes));
    WATCHED.into_iter().filter(read).collect()
}

/// What the list of those who use the vocabulary is read from.
#[must_use]
pub fn of_users() -> Vec<Watched> {
    let read = |kind: &Watched| kind.holds_pods() || *kind == Watched::Namespace;
    WATCHED.into_iter().filter(read).collect()
}

pub(super) fn target(kind: TargetKind) -> Watched {
    match kind {
        TargetKind::Service => Watched::Service,
        TargetKind::Deployment => Watched::Deployment,
        TargetKind::StatefulSet => Watched::StatefulSet,
        TargetKind::DaemonSet => Watched::DaemonSet,
        TargetKind::Job => Watched::Job,
    }
}

/// A kind of the group `apps` that counts replicas.
pub(super) fn counted(kind: &str) -> Option<Watched> {
    let kinds = [Watched::StatefulSet, Watched::Deployment, Watched::ReplicaSet];
    kinds.into_iter().find(|one| one.row().kind == kind)
}

pub(super) fn named(kind: ObjectKind) -> Watched {
    match kind {
        ObjectKind::Node => Watched::Node,
        ObjectKind::Service => Watched::Service,
        ObjectKind::Lease => Watched::Lease,
        ObjectKind::PersistentVolume => Watched::PersistentVolume,
    }
}

/// Whether the pods have volumes of which the filters read more than that they are there.
fn has_volumes(template: &Template) -> bool {
    let written = template.written.as_ref().and_then(|written| written.pointer("/spec/volumes"));
    let mut volumes = written.and_then(Value::as_array).into_iter().flatten();
    let is_local = |volume: &Value| {
        let fields = volume.as_object();
        fields.is_some_and(|fields| fields.keys().all(|key| LOCAL_VOLUMES.contains(&key.as_str())))
    };
    !template.spec.claims.is_empty() || !volumes.all(is_local)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::language::checked::Words;
    use crate::read;

    fn verdict(volumes: &Value) -> Vec<&'static str> {
        let pod = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "p", "namespace": "shop"},
            "spec": {"containers": [], "volumes": volumes}});
        let mut object = read::object_from_json(&pod.to_string(), &Words::default()).unwrap();
        read::keep_written(&mut object, &pod);
        of_verdict(&object).into_iter().map(|kind| kind.row().plural).collect()
    }

    #[test]
    fn verdicts_rest_on_what_filters_and_admission_read() {
        let plain =
            ["namespaces", "nodes", "resourcequotas", "limitranges", "priorityclasses", "pods"];
        let with_volumes = [
            "namespaces",
            "nodes",
            "csinodes",
            "storageclasses",
            "persistentvolumes",
            "persistentvolumeclaims",
            "resourcequotas",
            "limitranges",
            "priorityclasses",
            "pods",
        ];
        for local in [
            json!([]),
            json!(null),
            json!([{"name": "a", "emptyDir": {}}, {"name": "b", "projected": {"sources": []}}]),
        ] {
            assert_eq!(verdict(&local), plain, "{local}");
        }
        for read in [
            json!([{"name": "a", "persistentVolumeClaim": {"claimName": "c"}}]),
            json!([{"name": "a", "emptyDir": {}}, {"name": "b", "ephemeral": {}}]),
            json!([{"name": "a", "csi": {"driver": "d"}}]),
            json!([{"name": "a", "newSource": {}}]),
        ] {
            assert_eq!(verdict(&read), with_volumes, "{read}");
        }
    }

    #[test]
    fn users_of_words_are_looked_for_where_pods_are_held() {
        let kinds = of_users();
        assert!(kinds.contains(&Watched::CronJob) && kinds.contains(&Watched::Namespace));
        assert!(!kinds.contains(&Watched::HorizontalPodAutoscaler));
        assert!(!kinds.contains(&Watched::Node));
    }
}
