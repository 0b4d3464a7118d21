//! Which autoscaler sets the number of replicas of a workload.

use std::collections::BTreeMap;

use placecard_feasibility::inventory::NamespacedName;
use serde::Deserialize;
use serde_json::json;

use super::watched::Watched;
use crate::read::{self, or_default};
use crate::snapshot::problem::Problem;
use crate::snapshot::single::typed;
use crate::surroundings::{Answer, Reference};

/// The autoscalers by name, and by what they scale.
#[derive(Clone, Debug, Default)]
pub(super) struct Autoscalers {
    targets: BTreeMap<NamespacedName, Option<Reference>>,
    answers: BTreeMap<Reference, BTreeMap<NamespacedName, Answer>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Written {
    #[serde(deserialize_with = "or_default")]
    metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    spec: Spec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    namespace: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    #[serde(deserialize_with = "or_default")]
    scale_target_ref: Target,
    min_replicas: Option<u64>,
    max_replicas: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Target {
    #[serde(deserialize_with = "or_default")]
    kind: String,
    #[serde(deserialize_with = "or_default")]
    name: String,
}

impl Autoscalers {
    /// Reads one, and says what it is called.
    pub(super) fn read(&mut self, json: &[u8]) -> Result<NamespacedName, Problem> {
        let row = Watched::HorizontalPodAutoscaler.row();
        let Written { metadata, spec } = typed(row.kind, json)?;
        let name = (metadata.namespace, metadata.name);
        // What it says is read in one place only.
        let slim = json!({
            "apiVersion": Watched::HorizontalPodAutoscaler.api_version(),
            "kind": row.kind,
            "metadata": {"namespace": name.0, "name": name.1},
            "spec": {
                "scaleTargetRef":
                    {"kind": spec.scale_target_ref.kind, "name": spec.scale_target_ref.name},
                "minReplicas": spec.min_replicas,
                "maxReplicas": spec.max_replicas,
            },
        });
        self.remove(&name);
        let answer = read::answers(&slim, "").into_iter().next();
        self.targets.insert(name.clone(), answer.as_ref().map(|(target, _)| target.clone()));
        if let Some((target, answer)) = answer {
            self.answers.entry(target).or_default().insert(name.clone(), answer);
        }
        Ok(name)
    }

    pub(super) fn remove(&mut self, name: &NamespacedName) {
        let Some(Some(target)) = self.targets.remove(name) else {
            return;
        };
        if let Some(answers) = self.answers.get_mut(&target) {
            answers.remove(name);
            if answers.is_empty() {
                self.answers.remove(&target);
            }
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &NamespacedName> {
        self.targets.keys()
    }

    /// The first by name that scales the workload.
    pub(super) fn of(&self, reference: &Reference) -> Option<&Answer> {
        self.answers.get(reference)?.values().next()
    }
}
