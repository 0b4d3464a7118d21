//! The pods of a cluster, by namespace and name.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use crate::inventory::NamespacedName;
use crate::inventory::pod::{Owner, Pod, PodSpec};
use crate::label::Labels;
use crate::shared::Shared;

/// So many pods stand together; more are divided.
const MOST: usize = 128;

/// Pods, in the order of their namespaces and names, each once. What pods have in common is kept
/// once, however they were made.
#[derive(Clone, Default)]
pub struct Pods {
    /// Sorted, and none of them empty: an array for each pod would move too much when one is added,
    /// and a tree would keep the names twice.
    chunks: Vec<Vec<Pod>>,
    length: usize,
    common: Common,
}

/// What pods have in common. Nothing depends on it but memory.
#[derive(Clone, Default)]
struct Common {
    nodes: HashSet<Arc<str>>,
    labels: HashSet<Shared<Labels>>,
    owners: HashSet<Shared<Owner>>,
    specs: HashSet<Shared<PodSpec>>,
}

impl Common {
    fn share(&mut self, pod: &mut Pod) {
        for node in [&mut pod.node, &mut pod.nominated_node].into_iter().flatten() {
            share(&mut self.nodes, node);
        }
        if let Some(owner) = &mut pod.owner {
            share(&mut self.owners, owner);
        }
        // Comparing these takes time, and whoever read the pod may have shared them.
        if pod.labels.is_alone() {
            share(&mut self.labels, &mut pod.labels);
        }
        if pod.spec.is_alone() {
            share(&mut self.specs, &mut pod.spec);
        }
    }
}

/// Replaces the value by an equal one that is known.
fn share<T: Clone + Eq + Hash>(known: &mut HashSet<T>, value: &mut T) {
    match known.get(value) {
        Some(known) => value.clone_from(known),
        None => _ = known.insert(value.clone()),
    }
}

fn order(pod: &Pod, namespace: &str, name: &str) -> Ordering {
    (pod.namespace.as_str(), pod.name.as_str()).cmp(&(namespace, name))
}

impl Pods {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The chunk in which such a pod stands or would stand.
    fn chunk(&self, namespace: &str, name: &str) -> usize {
        let starts_before = |chunk: &Vec<Pod>| {
            chunk.first().is_some_and(|first| order(first, namespace, name).is_le())
        };
        self.chunks.partition_point(starts_before).saturating_sub(1)
    }

    /// Its chunk, and where it stands in that.
    fn find(&self, namespace: &str, name: &str) -> (usize, Result<usize, usize>) {
        let at = self.chunk(namespace, name);
        let chunk = self.chunks.get(at).map_or(&[][..], Vec::as_slice);
        (at, chunk.binary_search_by(|pod| order(pod, namespace, name)))
    }

    /// The pod of this name.
    #[must_use]
    pub fn named(&self, namespace: &str, name: &str) -> Option<&Pod> {
        let (chunk, place) = self.find(namespace, name);
        self.chunks.get(chunk)?.get(place.ok()?)
    }

    /// The pod of this name.
    #[must_use]
    pub fn get(&self, (namespace, name): &NamespacedName) -> Option<&Pod> {
        self.named(namespace, name)
    }

    /// Is there a pod of this name?
    #[must_use]
    pub fn contains_key(&self, key: &NamespacedName) -> bool {
        self.get(key).is_some()
    }

    /// Adds a pod; the one of its name that was there.
    pub fn put(&mut self, mut pod: Pod) -> Option<Pod> {
        self.common.share(&mut pod);
        let (at, place) = self.find(&pod.namespace, &pod.name);
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.chunks.push(vec![pod]);
            self.length = 1;
            return None;
        };
        let place = match place {
            Ok(place) => {
                let old = chunk.get_mut(place)?;
                return Some(std::mem::replace(old, pod));
            }
            Err(place) => place,
        };
        self.length += 1;
        if chunk.len() < MOST {
            chunk.insert(place, pod);
            return None;
        }
        // Pods mostly come in order: then a chunk stays full.
        let half = if place == MOST { MOST } else { MOST / 2 };
        let mut more = Vec::with_capacity(MOST);
        more.extend(chunk.drain(half..));
        match place.checked_sub(half) {
            Some(place) => more.insert(place, pod),
            None => chunk.insert(place, pod),
        }
        self.chunks.insert(at + 1, more);
        None
    }

    /// As [`Self::put`], under the pod's own name, which is `key`.
    pub fn insert(&mut self, (namespace, name): NamespacedName, pod: Pod) -> Option<Pod> {
        self.put(Pod { name, namespace, ..pod })
    }

    /// Takes out the pod of this name.
    pub fn remove(&mut self, (namespace, name): &NamespacedName) -> Option<Pod> {
        let (at, place) = self.find(namespace, name);
        let chunk = self.chunks.get_mut(at)?;
        let pod = chunk.remove(place.ok()?);
        if chunk.is_empty() {
            self.chunks.remove(at);
        }
        self.length -= 1;
        Some(pod)
    }

    /// Keeps the pods for which `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&Pod) -> bool) {
        self.chunks.iter_mut().for_each(|chunk| chunk.retain(&mut keep));
        self.chunks.retain(|chunk| !chunk.is_empty());
        self.length = self.chunks.iter().map(Vec::len).sum();
    }

    /// The pods, in order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Pod> + Clone {
        self.chunks.iter().flatten()
    }

    /// The pods, in order. Names and namespaces have to stay.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Pod> {
        self.chunks.iter_mut().flatten()
    }

    /// The namespaces and names, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> + Clone {
        self.values().map(|pod| (pod.namespace.as_str(), pod.name.as_str()))
    }

    /// The pods of a namespace, in order.
    pub fn of_namespace<'p>(&'p self, namespace: &str) -> impl Iterator<Item = &'p Pod> + use<'p> {
        let (at, place) = self.find(namespace, "");
        let skipped = place.unwrap_or_else(|place| place);
        let chunks = self.chunks.get(at..).unwrap_or_default();
        let pods = chunks.iter().flatten().skip(skipped);
        let own = pods.clone().next().map(|pod| &pod.namespace).filter(|own| *own == namespace);
        pods.take_while(move |pod| Some(&pod.namespace) == own)
    }
}

impl fmt::Debug for Pods {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_list().entries(self.values()).finish()
    }
}

impl PartialEq for Pods {
    fn eq(&self, other: &Self) -> bool {
        self.length == other.length && self.values().eq(other.values())
    }
}

impl Eq for Pods {}

impl Extend<Pod> for Pods {
    fn extend<I: IntoIterator<Item = Pod>>(&mut self, pods: I) {
        for pod in pods {
            self.put(pod);
        }
    }
}

impl FromIterator<Pod> for Pods {
    fn from_iter<I: IntoIterator<Item = Pod>>(pods: I) -> Self {
        let mut found = Self::default();
        found.extend(pods);
        found
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn pod(number: u64) -> Pod {
        let namespace = format!("n{}", number % 7);
        Pod { name: format!("p{}", number / 7), namespace, ..Pod::default() }
    }

    /// Numbers below `most` that jump about.
    fn numbers(most: u64) -> impl Iterator<Item = u64> {
        (0..3 * most)
            .map(move |at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33)
            .map(move |n| n % most)
    }

    fn assert_alike(pods: &Pods, map: &BTreeMap<NamespacedName, Pod>) {
        assert_eq!(pods.len(), map.len());
        assert_eq!(pods.is_empty(), map.is_empty());
        assert!(pods.values().eq(map.values()));
        assert!(pods.chunks.iter().all(|chunk| (1..=MOST).contains(&chunk.len())));
        for namespace in ["", "n", "n0", "n3", "n6", "n7"] {
            let of = map.values().filter(|pod| pod.namespace == namespace);
            assert!(pods.of_namespace(namespace).eq(of), "{namespace}");
        }
    }

    #[test]
    fn pods_are_found_as_in_a_map() {
        let (mut pods, mut map) = (Pods::default(), BTreeMap::new());
        assert_alike(&pods, &map);
        for (round, number) in numbers(2000).enumerate() {
            let one = Pod { terminating: round % 2 == 0, ..pod(number) };
            let key = (one.namespace.clone(), one.name.clone());
            assert_eq!(pods.get(&key), map.get(&key));
            if round % 5 == 4 {
                assert_eq!(pods.remove(&key), map.remove(&key));
            } else {
                assert_eq!(pods.put(one.clone()), map.insert(key, one));
            }
        }
        assert_alike(&pods, &map);
        let again: Pods = map.values().rev().cloned().collect();
        assert_eq!(again, pods);
        pods.retain(|pod| pod.terminating);
        map.retain(|_, pod| pod.terminating);
        assert_alike(&pods, &map);
        pods.retain(|_| false);
        assert_alike(&pods, &BTreeMap::new());
    }

    #[test]
    fn pods_in_order_fill_their_chunks_and_share_what_is_equal() {
        let pods: Pods = (0..1000)
            .map(|number| {
                let mut pod = Pod { name: format!("{number:04}"), ..Pod::default() };
                pod.node = Some(format!("n{}", number % 3).into());
                pod.priority = number % 2;
                pod.labels.insert("app".to_owned(), "web".to_owned());
                pod
            })
            .collect();
        assert_eq!(pods.chunks.len(), 1000usize.div_ceil(MOST));
        let specs: HashSet<*const PodSpec> =
            pods.values().map(|pod| &raw const *pod.spec).collect();
        let labels: HashSet<*const Labels> =
            pods.values().map(|pod| &raw const *pod.labels).collect();
        let nodes: HashSet<*const u8> =
            pods.values().filter_map(|pod| Some(pod.node.as_ref()?.as_ptr())).collect();
        assert_eq!((specs.len(), labels.len(), nodes.len()), (2, 1, 3));
        assert_eq!((pods.values().next().map(|pod| pod.priority)), Some(0));
    }
}
