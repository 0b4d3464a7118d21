//! Makes the events through the API server, as fast as it takes them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use placecard_policies::language::keys;
use placecard_tests::controlplane::{Api, Patch, Refusal, Target};
use placecard_tests::crowd;
use serde_json::json;

use super::life::{self, Step};
use super::{Cluster, Counts};

/// Requests under way at once.
const WRITERS: usize = 12;

/// Of so many pods one has a rule, which the API server has our webhook write.
const ANNOTATED: u64 = 10;

/// Until they are stopped.
pub(crate) fn write(api: &Api, cluster: Cluster, counts: &Counts, stop: &AtomicBool) {
    let next = AtomicU64::new(0);
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some((step, pod)) = life::event(number, cluster.pods) else { continue };
            match one(api, cluster, step, pod) {
                Ok(applied) => {
                    counts.events.fetch_add(1, Ordering::Relaxed);
                    if let Some(applied) = applied {
                        counts.called.fetch_add(1, Ordering::Relaxed);
                        counts.lost.fetch_add(u64::from(!applied), Ordering::Relaxed);
                    }
                }
                // Made a moment ago, by another of the writers, or not yet.
                Err(refusal) if refusal.status == 404 => {
                    counts.missed.fetch_add(1, Ordering::Relaxed);
                }
                Err(refusal) => {
                    let asked = step == Step::Made && pod.is_multiple_of(ANNOTATED);
                    counts.lost.fetch_add(u64::from(asked), Ordering::Relaxed);
                    counts.refused(&refusal.to_string());
                }
            }
        }
    };
    std::thread::scope(|scope| (0..WRITERS).for_each(|_| _ = scope.spawn(work)));
}

/// Whether the webhook wrote the rule, if there is one.
fn one(api: &Api, cluster: Cluster, step: Step, number: u64) -> Result<Option<bool>, Box<Refusal>> {
    let (namespace, name) = (crowd::namespace(number / crowd::REPLICAS), crowd::name(number));
    let target = Target::new("v1", "Pod", &namespace, &name);
    match step {
        Step::Made => {
            let mut pod = life::unbound(number, cluster.nodes);
            let annotated = number.is_multiple_of(ANNOTATED);
            if annotated {
                let rule = format!("apart-from pods({}=build-{number}) in node", life::BUILD);
                pod["metadata"]["annotations"][keys::REQUIRE] = json!(rule);
            }
            let made = api.create(&pod)?.object;
            let applied = !made["metadata"]["annotations"][keys::APPLIED].is_null();
            return Ok(annotated.then_some(applied));
        }
        Step::Bound => api.bind(&namespace, &name, &life::node(number, cluster.nodes))?,
        Step::Running => api.patch_status(&target, &json!({"status": life::status()}))?,
        Step::Labelled => {
            let labels = json!({"metadata": {"labels": life::labels(number)}});
            api.patch(&target, Patch::Merge, &labels)?
        }
        Step::Gone => api.delete(&target)?,
    };
    Ok(None)
}
