//! Pods that are written alike are read once.
//!
//! Most pods of a cluster are copies: a text differs from another one in names, moments and what
//! the kubelet reports. What such a text means is known from the other one, apart from these.

mod walk;

use std::collections::HashMap;
use std::fmt;

use placecard_feasibility::inventory::pod::{Owner, Pod, PodVolume};
use placecard_feasibility::shared::Shared;
use placecard_feasibility::state::Likeness;

use self::walk::walk;
use super::stamp::{Moment, Revision};
use super::{governance, pod};

/// How much is remembered; when it is full, all is forgotten.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// So many pods.
    pods: usize,
    /// So many bytes of their texts.
    bytes: usize,
}

/// While a list is read, for that long only.
const OF_A_LIST: Limits = Limits { pods: 2048, bytes: 4 << 20 };
/// For as long as a process runs: pods of one workload come one after the other, as lists are in the
/// order of names and workloads roll one by one.
const LASTING: Limits = Limits { pods: 256, bytes: 512 << 10 };

/// So many pods in a row may be unlike any other before it is not worth asking.
const PATIENCE: u32 = 1024;
/// After so many pods it is tried again, with little patience.
const PAUSE: u32 = 2048;
const LITTLE: u32 = 64;

/// What many pods have in common.
#[derive(Clone, Debug, Default)]
pub struct Like {
    /// Such a pod, without what [`Given`] holds.
    pub pod: Pod,
    /// What a state knows of it.
    pub known: Likeness,
}

/// What a pod has of its own.
#[derive(Debug)]
pub struct Given<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its UID; may be empty.
    pub uid: &'a str,
    /// The node that it is bound to.
    pub node: Option<&'a str>,
    /// When it started, in seconds since 1970.
    pub started: Option<i64>,
    /// The controller that made it.
    pub owner: Option<Shared<Owner>>,
}

impl Like {
    /// The pod to which this was given.
    #[must_use]
    pub fn pod(&self, given: Given<'_>) -> Pod {
        Pod {
            name: given.name.to_owned(),
            uid: given.uid.to_owned(),
            node: given.node.map(Into::into),
            started: given.started,
            owner: given.owner,
            ..self.pod.clone()
        }
    }
}

/// A pod that is written like one that was read before.
pub(super) struct Known<'m, 'b> {
    pub(super) like: &'m mut Like,
    pub(super) given: Given<'b>,
    /// How many bytes it takes.
    pub(super) length: usize,
    pub(super) moment: Moment,
    pub(super) revision: Revision,
}

struct Entry {
    key: Box<[u8]>,
    like: Like,
}

/// The pods that were read.
pub(super) struct Alike {
    /// By the hash of their keys. Of two with the same hash the later one is remembered.
    entries: HashMap<u64, Entry>,
    /// The keys' bytes.
    bytes: usize,
    /// The key of the pod that was asked for last, and its hash if the pod is to be remembered.
    key: Vec<u8>,
    hash: Option<u64>,
    patience: u32,
    pause: u32,
    limits: Limits,
}

impl fmt::Debug for Alike {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Alike({} pods)", self.entries.len())
    }
}

impl Default for Alike {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            bytes: 0,
            key: Vec::new(),
            hash: None,
            patience: PATIENCE,
            pause: 0,
            limits: OF_A_LIST,
        }
    }
}

impl Alike {
    /// Remembers little, for long.
    pub(super) fn lasting() -> Self {
        Self { limits: LASTING, ..Self::default() }
    }

    /// Remembers nothing.
    pub(super) fn forgetful() -> Self {
        Self { pause: u32::MAX, ..Self::default() }
    }

    /// The pod at the start of the bytes, if one that is written alike was remembered.
    pub(super) fn find<'b>(&mut self, bytes: &'b [u8]) -> Option<Known<'_, 'b>> {
        self.hash = None;
        if self.pause > 0 {
            self.pause -= u32::from(self.pause < u32::MAX);
            return None;
        }
        let (apart, length) = walk(bytes, &mut self.key)?;
        let hash = hash(&self.key);
        let entry = self.entries.get_mut(&hash).filter(|entry| *entry.key == *self.key);
        let Some(entry) = entry.filter(|_| !apart.name.is_empty()) else {
            self.hash = Some(hash);
            self.patience -= 1;
            if self.patience == 0 {
                (self.patience, self.pause) = (LITTLE, PAUSE);
            }
            return None;
        };
        self.patience = (self.patience + 2).min(PATIENCE);
        let given = Given {
            name: apart.name,
            uid: apart.uid,
            node: Some(apart.node).filter(|node| !node.is_empty()),
            started: governance::seconds(apart.started),
            owner: pod::owner(&apart.owners).map(Into::into),
        };
        Some(Known {
            like: &mut entry.like,
            given,
            length,
            moment: Moment::parse(apart.created).unwrap_or_default(),
            revision: apart.revision.parse().map(Revision).unwrap_or_default(),
        })
    }

    /// Remembers the pod that was asked for last and was not known.
    pub(super) fn remember(&mut self, pod: &Pod) {
        let Some(hash) = self.hash.take() else {
            return;
        };
        // Claims of ephemeral volumes are called after the pod.
        if pod.volumes.iter().any(|volume| matches!(volume, PodVolume::Ephemeral(_))) {
            return;
        }
        let Limits { pods, bytes } = self.limits;
        if self.entries.len() >= pods || self.bytes + self.key.len() > bytes {
            self.entries.clear();
            self.bytes = 0;
        }
        if self.key.len() > bytes {
            return;
        }
        let pod = Pod {
            name: String::new(),
            uid: String::new(),
            node: None,
            started: None,
            owner: None,
            ..pod.clone()
        };
        let like = Like { pod, known: Likeness::default() };
        let entry = Entry { key: self.key.as_slice().into(), like };
        self.bytes += entry.key.len();
        if let Some(old) = self.entries.insert(hash, entry) {
            self.bytes -= old.key.len();
        }
    }
}

/// Nothing depends on it but speed: keys are compared.
fn hash(bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |sum: u64, word: u64| {
        let product = u128::from(sum ^ word) * u128::from(ODD);
        #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
        let halves = (product as u64, (product >> 64) as u64);
        halves.0 ^ halves.1.rotate_left(29)
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let sum =
        words.iter().fold(bytes.len() as u64, |sum, word| mix(sum, u64::from_le_bytes(*word)));
    let last = rest.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    mix(mix(sum, last), ODD)
}

#[cfg(test)]
mod tests;
