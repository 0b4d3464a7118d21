//! The metrics of the watches.

use std::sync::atomic::{AtomicU64, Ordering};

use placecard_policies::live::WATCHED;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use super::described::Described;
use crate::watch::Watches;
use crate::watch::health::Standing;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResourceLabel {
    resource: &'static str,
}

type NoLabels = [(&'static str, &'static str); 0];
type ByResource = Family<ResourceLabel, Gauge>;
type CountByResource = Family<ResourceLabel, Counter>;
type SecondsByResource = Family<ResourceLabel, Gauge<f64, AtomicU64>>;

/// Numbers of the watches, taken over when somebody asks for them; none without a cluster.
#[derive(Debug, Default)]
pub(super) struct WatchMetrics {
    objects: ByResource,
    unreadable: ByResource,
    events: CountByResource,
    lists: CountByResource,
    resumes: CountByResource,
    broken: CountByResource,
    synced: ByResource,
    event_age: SecondsByResource,
    /// Not there while it is not known.
    age: SecondsByResource,
    /// Without labels; not there while it is not known.
    snapshot_age: Family<NoLabels, Gauge<f64, AtomicU64>>,
}

impl WatchMetrics {
    pub(super) fn register(&self, registry: &mut Described) {
        for (name, help, numbers) in [
            ("watched_objects", "Objects in the index", &self.objects),
            ("watched_unreadable", "Objects that cannot be read", &self.unreadable),
            ("watch_synced", "1: listed; 0: not yet, not served or not allowed", &self.synced),
        ] {
            registry.register(name, help, numbers.clone());
        }
        for (name, help, counts) in [
            ("watch_events", "Events that arrived", &self.events),
            ("watch_lists", "Complete lists, the first included", &self.lists),
            ("watch_resumes", "Watches that began from a revision", &self.resumes),
            ("watch_broken", "Objects and lines that could not be read", &self.broken),
        ] {
            registry.register(name, help, counts.clone());
        }
        registry.register(
            "watch_event_age_seconds",
            "Seconds since the last event",
            self.event_age.clone(),
        );
        registry.register(
            "watch_age_seconds",
            "Seconds since the watch was known to be up to date",
            self.age.clone(),
        );
        registry.register(
            "snapshot_age_seconds",
            "Seconds since all watches were known to be up to date",
            self.snapshot_age.clone(),
        );
    }

    pub(super) fn take(&self, watches: &Watches) {
        let size = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let health = watches.health();
        let live = watches.current();
        let counts = WATCHED.map(|kind| (kind, live.count(kind), live.broken_count(kind)));
        drop(live);
        for (kind, objects, unreadable) in counts {
            let label = ResourceLabel { resource: kind.row().plural };
            self.objects.get_or_create(&label).set(size(objects));
            self.unreadable.get_or_create(&label).set(size(unreadable));
            let synced = matches!(health.standing(kind), Standing::Synced(_));
            self.synced.get_or_create(&label).set(i64::from(synced));
            if let Some(age) = health.event_age(kind) {
                self.event_age.get_or_create(&label).set(age.as_secs_f64());
            }
            match health.age_of(kind) {
                Some(age) => _ = self.age.get_or_create(&label).set(age.as_secs_f64()),
                None => _ = self.age.remove(&label),
            }
            let Some(one) = health.of(kind) else { continue };
            for (family, count) in [
                (&self.events, &one.events),
                (&self.lists, &one.lists),
                (&self.resumes, &one.resumes),
                (&self.broken, &one.broken),
            ] {
                family.get_or_create(&label).inner().store(count.get(), Ordering::Relaxed);
            }
        }
        match health.age() {
            Some(age) => {
                self.snapshot_age.get_or_create(&[]).set(age.as_secs_f64());
            }
            None => {
                self.snapshot_age.remove(&[]);
            }
        }
    }
}
