//! What all tests of admission share: a control plane with the chart installed, and the webhook that its
//! Deployment runs.

use std::sync::OnceLock;

use placecard_tests::controlplane::{Api, ControlPlane, or_skipped};
use placecard_tests::running::Running;
use serde_json::json;

/// The words of these tests.
pub(crate) const VOCABULARY: &str = "
apiVersion: placecard.dev/v1alpha1
kind: PlacementVocabulary
metadata: {name: default}
spec:
  levels:
    - {name: region, key: topology.kubernetes.io/region}
    - {name: zone, key: topology.kubernetes.io/zone}
    - {name: rack, key: topology.example.com/rack}
    - {name: node, key: kubernetes.io/hostname}
  pools:
    - name: h100
      nodes: accelerator=h100
      tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
    - name: a100
      nodes: accelerator=a100
      tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
  trustDomains:
    - name: payments
      nodes: trust.example.com/domain=payments
      guard: {key: trust.example.com/domain, value: payments, effect: NoSchedule}
      allowedNamespaces: {matchLabels: {team: payments}}
  agents: {matchLabels: {role: agents}}
  resources:
    - {name: fast-nvme, uid: 3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2b, nodes: disk=nvme}
";

/// The control plane and the release of this process.
pub(crate) struct Stage {
    pub(crate) plane: &'static ControlPlane,
    _running: Running,
}

impl Stage {
    /// Requests as the administrator.
    pub(crate) fn api(&self) -> &Api {
        self.plane.api()
    }
}

/// Runs a test on the shared stage; without a control plane says why not, and in CI fails.
pub(crate) fn with_stage(test: impl FnOnce(&Stage)) {
    static STAGE: OnceLock<Option<Stage>> = OnceLock::new();
    let stage = STAGE.get_or_init(|| {
        let plane = or_skipped(ControlPlane::shared())?;
        let vocabulary = serde_saphyr::from_str(VOCABULARY).expect("YAML");
        let _running = Running::install(plane, &json!({"log": {"level": "error"}}), &vocabulary);
        Some(Stage { plane, _running })
    });
    if let Some(stage) = stage {
        test(stage);
    }
}
