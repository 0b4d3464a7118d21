//! The wire form of a contradiction of one pod.

use placecard_feasibility::any_cluster::{Contradiction, Part, Proof, Refutation};
use placecard_feasibility::contradiction::Subject;
use serde::{Deserialize, Serialize};

/// `{parts, everyVersion, why}`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireContradiction {
    parts: Vec<WirePart>,
    every_version: bool,
    why: Why,
}

/// A demand of the pod.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum WirePart {
    NodeSelector(String),
    NodeAffinity,
    NodeName,
    AffinityKey(usize),
    SpreadKey(usize),
    VolumeNodes(usize),
    VolumeZone(usize, String),
    ClassTopologies(usize),
    Affinity(usize),
    AntiAffinity(usize),
    Kubelet(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Why {
    Node(Case),
    NilSelector { affinity: usize },
    NoCommonPod { key: String, affinity: Vec<usize> },
    NoCommonNamespace { affinity: Vec<usize> },
    NoCompanion { affinity: Vec<usize>, anti: Vec<usize> },
}

/// `no-value` of a label or `no-name`, or cases by the terms of a demand.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Case {
    NoName,
    NoValue(String),
    Terms { of: WirePart, cases: Vec<(usize, Case)> },
}

impl From<&Contradiction> for WireContradiction {
    fn from(from: &Contradiction) -> Self {
        Self {
            parts: from.parts.iter().map(WirePart::from).collect(),
            every_version: from.every_version,
            why: match from.proof.clone() {
                Proof::Node(refutation) => Why::Node(Case::from(&refutation)),
                Proof::NilSelector { affinity } => Why::NilSelector { affinity },
                Proof::NoCommonPod { key, affinity } => Why::NoCommonPod { key, affinity },
                Proof::NoCommonNamespace { affinity } => Why::NoCommonNamespace { affinity },
                Proof::NoCompanion { affinity, anti } => Why::NoCompanion { affinity, anti },
            },
        }
    }
}

impl From<WireContradiction> for Contradiction {
    fn from(wire: WireContradiction) -> Self {
        Self {
            parts: wire.parts.into_iter().map(Part::from).collect(),
            // It says nothing about smaller sets, and holds no sentences.
            minimal: false,
            every_version: wire.every_version,
            proof: match wire.why {
                Why::Node(case) => Proof::Node(Refutation::from(case)),
                Why::NilSelector { affinity } => Proof::NilSelector { affinity },
                Why::NoCommonPod { key, affinity } => Proof::NoCommonPod { key, affinity },
                Why::NoCommonNamespace { affinity } => Proof::NoCommonNamespace { affinity },
                Why::NoCompanion { affinity, anti } => Proof::NoCompanion { affinity, anti },
            },
            core: None,
        }
    }
}

impl From<&Refutation> for Case {
    fn from(refutation: &Refutation) -> Self {
        match refutation {
            Refutation::NoValue(Subject::Name) => Self::NoName,
            Refutation::NoValue(Subject::Label(key)) => Self::NoValue(key.clone()),
            Refutation::Cases { part, cases } => Self::Terms {
                of: WirePart::from(part),
                cases: cases.iter().map(|(term, case)| (*term, Self::from(case))).collect(),
            },
        }
    }
}

impl From<Case> for Refutation {
    fn from(case: Case) -> Self {
        match case {
            Case::NoName => Self::NoValue(Subject::Name),
            Case::NoValue(key) => Self::NoValue(Subject::Label(key)),
            Case::Terms { of, cases } => Self::Cases {
                part: Part::from(of),
                cases: cases.into_iter().map(|(term, case)| (term, Self::from(case))).collect(),
            },
        }
    }
}

impl From<&Part> for WirePart {
    fn from(part: &Part) -> Self {
        match part.clone() {
            Part::NodeSelector(key) => Self::NodeSelector(key),
            Part::NodeAffinity => Self::NodeAffinity,
            Part::NodeName => Self::NodeName,
            Part::AffinityKey(index) => Self::AffinityKey(index),
            Part::SpreadKey(index) => Self::SpreadKey(index),
            Part::VolumeNodes(index) => Self::VolumeNodes(index),
            Part::VolumeZone(index, key) => Self::VolumeZone(index, key),
            Part::ClassTopologies(index) => Self::ClassTopologies(index),
            Part::Affinity(index) => Self::Affinity(index),
            Part::AntiAffinity(index) => Self::AntiAffinity(index),
            Part::Kubelet(key) => Self::Kubelet(key),
        }
    }
}

impl From<WirePart> for Part {
    fn from(part: WirePart) -> Self {
        match part {
            WirePart::NodeSelector(key) => Self::NodeSelector(key),
            WirePart::NodeAffinity => Self::NodeAffinity,
            WirePart::NodeName => Self::NodeName,
            WirePart::AffinityKey(index) => Self::AffinityKey(index),
            WirePart::SpreadKey(index) => Self::SpreadKey(index),
            WirePart::VolumeNodes(index) => Self::VolumeNodes(index),
            WirePart::VolumeZone(index, key) => Self::VolumeZone(index, key),
            WirePart::ClassTopologies(index) => Self::ClassTopologies(index),
            WirePart::Affinity(index) => Self::Affinity(index),
            WirePart::AntiAffinity(index) => Self::AntiAffinity(index),
            WirePart::Kubelet(key) => Self::Kubelet(key),
        }
    }
}
