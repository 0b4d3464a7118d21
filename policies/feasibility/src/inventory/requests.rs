//! What a pod takes from a node.
//!
//! Semantics: `k8s.io/component-helpers/resource` (`PodRequests`) and `Resource` of
//! `pkg/scheduler/framework/types.go`.

use std::collections::BTreeMap;

use crate::inventory::pod::{Container, PodSpec, ReportedResources};
use crate::label::is_label_key;
use crate::quantity::Quantity;

/// Quantities by resource.
pub type Amounts = BTreeMap<String, Quantity>;

/// The resource that every node counts in thousandths.
pub const CPU: &str = "cpu";
/// Bytes of memory.
pub const MEMORY: &str = "memory";
/// Bytes of local disk.
pub const EPHEMERAL_STORAGE: &str = "ephemeral-storage";
/// How many pods a node may run.
pub const PODS: &str = "pods";

const HUGE_PAGES: &str = "hugepages-";
const NATIVE: &str = "kubernetes.io/";
const ATTACHABLE_VOLUMES: &str = "attachable-volumes-";

/// What scores assume of a container without a CPU request, in milli-CPUs.
const ASSUMED_CPU: i64 = 100;
/// What scores assume of a container without a memory request, in bytes.
const ASSUMED_MEMORY: i64 = 200 * 1024 * 1024;

/// Amounts as a node counts them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// Thousandths of a CPU.
    pub milli_cpu: i64,
    /// Bytes.
    pub memory: i64,
    /// Bytes.
    pub ephemeral_storage: i64,
    /// Pods.
    pub pods: i64,
    /// Devices, huge pages (bytes) and whatever else a node has.
    pub scalars: BTreeMap<String, i64>,
}

impl Resources {
    /// Counts the amounts of the resources that the scheduler knows.
    #[must_use]
    pub fn of(amounts: &Amounts) -> Self {
        let mut found = Self::default();
        for (name, amount) in amounts {
            match name.as_str() {
                CPU => found.milli_cpu = amount.thousandths(),
                MEMORY => found.memory = amount.units(),
                EPHEMERAL_STORAGE => found.ephemeral_storage = amount.units(),
                PODS => found.pods = amount.units(),
                other if is_scalar(other) => {
                    found.scalars.insert(other.to_owned(), amount.units());
                }
                _ => {}
            }
        }
        found
    }

    /// Adds what a pod takes. Sums beyond 64 bits wrap, as they do in the scheduler.
    pub fn add(&mut self, other: &Self) {
        self.milli_cpu = self.milli_cpu.wrapping_add(other.milli_cpu);
        self.memory = self.memory.wrapping_add(other.memory);
        self.ephemeral_storage = self.ephemeral_storage.wrapping_add(other.ephemeral_storage);
        self.pods = self.pods.wrapping_add(other.pods);
        for (name, amount) in &other.scalars {
            let known = self.scalars.entry(name.clone()).or_default();
            *known = known.wrapping_add(*amount);
        }
    }

    /// Takes away what a pod took, as [`Self::add`] added it.
    pub fn subtract(&mut self, other: &Self) {
        self.milli_cpu = self.milli_cpu.wrapping_sub(other.milli_cpu);
        self.memory = self.memory.wrapping_sub(other.memory);
        self.ephemeral_storage = self.ephemeral_storage.wrapping_sub(other.ephemeral_storage);
        self.pods = self.pods.wrapping_sub(other.pods);
        for (name, amount) in &other.scalars {
            let known = self.scalars.entry(name.clone()).or_default();
            *known = known.wrapping_sub(*amount);
        }
    }

    /// The amount of a scalar resource; 0 if the node does not have it.
    #[must_use]
    pub fn scalar(&self, name: &str) -> i64 {
        self.scalars.get(name).copied().unwrap_or(0)
    }
}

/// How the requests of a pod that is resized in place are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resizing {
    /// The largest of spec, allocated and actuated, container by container (up to 1.35).
    ByContainer,
    /// So, and requests of the pod as a whole likewise (1.36).
    WithPodLevel,
    /// The largest of the three sums over the pod (from 1.37).
    #[default]
    ByPod,
}

/// Which figure of a container counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figure {
    Spec,
    Largest,
    Allocated,
    Actuated,
}

/// What the pod takes from a node: its containers, or what it asks for as a whole, and its
/// overhead. `resizing`: `None` reads the spec alone, as the filter does for the pod to be placed.
#[must_use]
pub fn requests(pod: &PodSpec, resizing: Option<Resizing>) -> Amounts {
    with_pod_level(aggregate(pod, resizing, &Amounts::new()), pod, resizing)
}

/// What the pod may take at most: the limits of its containers put together as requests are, or
/// those of the pod as a whole, and its overhead where there is a limit (`PodLimits`).
#[must_use]
pub fn limits(pod: &PodSpec) -> Amounts {
    let mut found = container_limits(pod);
    for (name, limit) in pod.pod_level_limits.iter().filter(|(name, _)| is_pod_level(name)) {
        found.insert(name.clone(), *limit);
    }
    for (name, more) in &pod.overhead {
        if let Some(limit) = found.get_mut(name).filter(|limit| **limit != Quantity::ZERO) {
            *limit = *limit + *more;
        }
    }
    found
}

/// The limits of the containers alone, put together as requests are.
#[must_use]
pub fn container_limits(pod: &PodSpec) -> Amounts {
    let limited = |containers: &[Container]| {
        let one = |container: &Container| Container {
            requests: container.limits.clone(),
            restartable: container.restartable,
            ..Container::default()
        };
        containers.iter().map(one).collect()
    };
    container_requests(&PodSpec {
        containers: limited(&pod.containers),
        init_containers: limited(&pod.init_containers),
        ..PodSpec::default()
    })
}

/// As [`requests`], but CPU and memory that a container does not ask for are assumed: what the
/// scores of an existing pod count.
#[must_use]
pub fn assumed_requests(pod: &PodSpec, resizing: Resizing) -> Amounts {
    let known = requests(pod, Some(resizing));
    let mut assumed = assumptions();
    if pod.pod_level.keys().any(|name| is_pod_level(name)) {
        assumed.retain(|name, _| !known.contains_key(name));
    }
    with_pod_level(aggregate(pod, Some(resizing), &assumed), pod, Some(resizing))
}

/// What `NodeResourcesFit` counts of the pod to be placed when it scores: the spec of its containers
/// and the overhead. As in the scheduler, requests of the pod as a whole are left out.
#[must_use]
pub fn incoming_assumed_requests(pod: &PodSpec) -> Amounts {
    let mut amounts = aggregate(pod, None, &assumptions());
    add(&mut amounts, &pod.overhead);
    amounts
}

/// The sum over the containers, without requests of the pod as a whole and without overhead.
#[must_use]
pub fn container_requests(pod: &PodSpec) -> Amounts {
    aggregate(pod, None, &Amounts::new())
}

/// True for the resources that a pod can ask for as a whole.
#[must_use]
pub fn is_pod_level(name: &str) -> bool {
    name == CPU || name == MEMORY || name.starts_with(HUGE_PAGES)
}

fn assumptions() -> Amounts {
    Amounts::from([
        (CPU.to_owned(), Quantity::of_thousandths(ASSUMED_CPU)),
        (MEMORY.to_owned(), Quantity::of_units(ASSUMED_MEMORY)),
    ])
}

/// Replaces what the pod asks for as a whole, and adds its overhead.
fn with_pod_level(mut amounts: Amounts, pod: &PodSpec, resizing: Option<Resizing>) -> Amounts {
    let wanted = |name: &&String| is_pod_level(name);
    if pod.pod_level.keys().any(|name| is_pod_level(name)) {
        let effective = match resizing.filter(|_| pod.reported.has_resources) {
            None | Some(Resizing::ByContainer) => pod.pod_level.clone(),
            Some(Resizing::WithPodLevel) => {
                let largest = largest(&pod.pod_level, &pod.reported, pod);
                let amount = |name: &String| largest.get(name).copied().unwrap_or_default();
                pod.pod_level.keys().map(|name| (name.clone(), amount(name))).collect()
            }
            Some(Resizing::ByPod) => largest(&pod.pod_level, &pod.reported, pod),
        };
        for name in effective.keys().filter(wanted) {
            amounts.insert(name.clone(), effective.get(name).copied().unwrap_or_default());
        }
    }
    add(&mut amounts, &pod.overhead);
    amounts
}

/// The largest of what is wanted, unless the resize is infeasible, allocated and actuated.
fn largest(spec: &Amounts, reported: &ReportedResources, pod: &PodSpec) -> Amounts {
    let mut largest = if pod.resize_infeasible { Amounts::new() } else { spec.clone() };
    for more in [&reported.actuated, &reported.allocated].into_iter().flatten() {
        raise(&mut largest, more);
    }
    largest
}

fn aggregate(pod: &PodSpec, resizing: Option<Resizing>, assumed: &Amounts) -> Amounts {
    match resizing {
        None => aggregate_figure(pod, Figure::Spec, assumed),
        Some(Resizing::ByContainer | Resizing::WithPodLevel) => {
            aggregate_figure(pod, Figure::Largest, assumed)
        }
        Some(Resizing::ByPod) => {
            let mut largest = match &pod.reported {
                ReportedResources {
                    allocated: Some(allocated),
                    has_resources: true,
                    actuated: Some(actuated),
                } => {
                    let mut reported = allocated.clone();
                    raise(&mut reported, actuated);
                    reported
                }
                _ => {
                    let mut sums = aggregate_figure(pod, Figure::Allocated, assumed);
                    raise(&mut sums, &aggregate_figure(pod, Figure::Actuated, assumed));
                    sums
                }
            };
            if !pod.resize_infeasible {
                raise(&mut largest, &aggregate_figure(pod, Figure::Spec, assumed));
            }
            largest
        }
    }
}

/// All containers run at once; each init container runs with the restartable ones before it.
fn aggregate_figure(pod: &PodSpec, figure: Figure, assumed: &Amounts) -> Amounts {
    let mut running = Amounts::new();
    for container in &pod.containers {
        add(&mut running, &container_amounts(pod, container, figure, assumed, false));
    }
    let mut sidecars = Amounts::new();
    let mut starting = Amounts::new();
    for container in &pod.init_containers {
        let amounts = container_amounts(pod, container, figure, assumed, true);
        if container.restartable {
            add(&mut running, &amounts);
            add(&mut sidecars, &amounts);
            raise(&mut starting, &sidecars);
        } else {
            let mut together = amounts;
            add(&mut together, &sidecars);
            raise(&mut starting, &together);
        }
    }
    raise(&mut running, &starting);
    running
}

fn container_amounts(
    pod: &PodSpec,
    container: &Container,
    figure: Figure,
    assumed: &Amounts,
    init: bool,
) -> Amounts {
    let spec = &container.requests;
    let reported = container.reported.as_ref();
    let allocated = reported.and_then(|reported| reported.allocated.as_ref());
    let actuated = reported.and_then(|reported| reported.actuated.as_ref());
    let wanted = || if pod.resize_infeasible { Amounts::new() } else { spec.clone() };
    let mut amounts = match (figure, reported) {
        (Figure::Allocated, _) => allocated.cloned().unwrap_or_else(wanted),
        (Figure::Actuated, _) => actuated.or(allocated).cloned().unwrap_or_else(wanted),
        (Figure::Largest, Some(reported))
            if reported.has_resources && (!init || container.restartable) =>
        {
            largest(spec, reported, pod)
        }
        (Figure::Spec | Figure::Largest, _) => spec.clone(),
    };
    for (name, amount) in assumed {
        amounts.entry(name.clone()).or_insert(*amount);
    }
    amounts
}

/// Adds the second to the first.
pub fn add(sum: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let known = sum.entry(name.clone()).or_default();
        *known = *known + *amount;
    }
}

/// Raises the first to the second where that is larger, or not there.
fn raise(largest: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        let known = largest.entry(name.clone()).or_insert(*amount);
        *known = (*known).max(*amount);
    }
}

/// True for resources that the scheduler counts by name: extended resources, huge pages, volumes.
#[must_use]
pub fn is_scalar(name: &str) -> bool {
    name.starts_with(HUGE_PAGES)
        || name.contains(NATIVE)
        || name.starts_with(ATTACHABLE_VOLUMES)
        || is_extended(name)
}

/// True for resources of a vendor, `vendor.example/device`.
#[must_use]
pub fn is_extended(name: &str) -> bool {
    name.contains('/')
        && !name.contains(NATIVE)
        && !name.starts_with("requests.")
        && is_label_key(&format!("requests.{name}"))
}
