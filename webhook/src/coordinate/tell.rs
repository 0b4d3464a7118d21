//! Events and metrics about batches.

use std::collections::BTreeMap;

use placecard_policies::coordination::gather::{Case, Orphan};
use placecard_policies::coordination::news::news as happened;
use placecard_policies::coordination::rollouts::{Hindrance, Rolled};
use placecard_policies::coordination::status::{INVALID, progress};
use placecard_policies::coordination::step::BatchState;
use placecard_policies::language::coordination::inline::HOME;
use placecard_policies::language::keys;
use placecard_policies::live::Live;
use placecard_policies::live::coordinated::Coordinated;
use placecard_policies::words;

use super::pod_groups::Refused;
use super::{Decided, unix};
use crate::audit::events::{Events, News, Subject};
use crate::metrics::coordination::{CoordinationMetrics, Standing};
use crate::serve::App;

/// RoleCoordinations by name.
pub(super) type Objects = BTreeMap<(String, String), Coordinated>;

/// Orphans that are told of in one turn.
const ORPHANS: usize = 10;

/// PodGroups that were refused and are told of in one turn.
const REFUSED: usize = 10;

/// Coordinations that cannot be used and are told of in one turn.
const UNUSABLE: usize = 10;

/// The RoleCoordinations that these are about, and those that cannot be used.
pub(super) fn objects(live: &Live, decided: &[Decided], rolled: &[Rolled]) -> Objects {
    let wanted = |name: &(String, String)| {
        let of = |one: &Decided| {
            one.case.has_object && (&one.case.namespace, &one.case.group) == (&name.0, &name.1)
        };
        let rolls = |one: &Rolled| (&one.namespace, &one.group) == (&name.0, &name.1);
        decided.iter().any(of) || rolled.iter().any(rolls)
    };
    let found = live.coordinated().filter(|(name, one)| one.group.is_none() || wanted(name));
    found.map(|(name, one)| (name.clone(), one.clone())).collect()
}

/// Events about what happened, on the RoleCoordination, or without one on a pod.
pub(super) async fn news(
    app: &App,
    events: &mut Events,
    objects: &Objects,
    before: &BTreeMap<(String, String), Vec<BatchState>>,
    decided: &[Decided],
) {
    let now = unix(app);
    for one in decided {
        let (case, step) = (&one.case, &one.step);
        let known = before.get(&one.key).map(Vec::as_slice);
        for (event, batch) in happened(&case.situation(now), known, step) {
            let Some(subject) = subject(objects, case, batch) else { continue };
            let key = &case.affinity.topology_key;
            let news = News {
                key: format!("{} {} {}", case.coordination, batch.number, event.reason()),
                reason: event.reason(),
                action: "Coordinate",
                note: words::batches::news(event, &case.coordination, batch, key),
                kind: if event.is_warning() { "Warning" } else { "Normal" },
            };
            let told = events.one(&subject, &news, event.lasts(), (app.clock)()).await;
            app.metrics.coordination.told(told);
        }
    }
}

/// Events about pods that nothing will let go.
pub(super) async fn orphans(app: &App, events: &mut Events, orphans: &[Orphan]) {
    for orphan in orphans.iter().take(ORPHANS) {
        let (namespace, name) = &orphan.pod;
        let subject = Subject::pod(namespace, name, Some(orphan.uid.clone()));
        let news = News {
            key: format!("orphan {}", orphan.uid),
            reason: "NoCoordination",
            action: "Coordinate",
            note: words::batches::orphan(),
            kind: "Warning",
        };
        let told = events.one(&subject, &news, true, (app.clock)()).await;
        app.metrics.coordination.told(told);
    }
}

/// Events about groups of batches that the server does not take.
pub(super) async fn refused(
    app: &App,
    events: &mut Events,
    objects: &Objects,
    decided: &[Decided],
    refused: &[Refused],
) {
    for one in refused.iter().take(REFUSED) {
        let Some(of) = decided.iter().find(|decided| decided.key == one.key) else { continue };
        let batch = BatchState { number: one.batch, ..BatchState::default() };
        let Some(subject) = subject(objects, &of.case, &batch) else { continue };
        let news = News {
            key: format!("{} {} refused", of.case.coordination, one.batch),
            reason: "PodGroupRefused",
            action: "Coordinate",
            note: words::batches::pod_group_refused(&of.case.coordination, one.batch, &one.told),
            kind: "Warning",
        };
        let told = events.one(&subject, &news, true, (app.clock)()).await;
        app.metrics.coordination.told(told);
    }
}

fn subject(objects: &Objects, case: &Case, batch: &BatchState) -> Option<Subject> {
    if let Some(inside) = &case.inside {
        let (_, kind) = HOME;
        return Some(Subject {
            api_version: inside.api_version.clone(),
            kind: kind.to_owned(),
            namespace: case.namespace.clone(),
            name: case.group.clone(),
            uid: Some(inside.uid.clone()),
        });
    }
    if !case.has_object {
        let pod = case.pods.iter().find(|one| one.batch == batch.number)?;
        return Some(Subject::pod(&case.namespace, &pod.pod.name, Some(pod.pod.uid.clone())));
    }
    coordination(objects, &case.namespace, &case.group)
}

/// A RoleCoordination.
fn coordination(objects: &Objects, namespace: &str, name: &str) -> Option<Subject> {
    let object = objects.get(&(namespace.to_owned(), name.to_owned()))?;
    Some(Subject {
        api_version: keys::API_VERSION.to_owned(),
        kind: keys::COORDINATION_KIND.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: Some(object.uid.clone()),
    })
}

/// Events about rollouts that are to be paced and cannot be.
pub(super) async fn blocked(app: &App, events: &mut Events, objects: &Objects, rolled: &[Rolled]) {
    for one in rolled.iter().filter(|one| one.rolling.manage_rollout) {
        let Some(subject) = coordination(objects, &one.namespace, &one.group) else { continue };
        for (role, why) in one.hindered.iter().filter(|(_, why)| Hindrance::lasts(why)) {
            let news = News {
                key: format!("{} {role} blocked", one.coordination),
                reason: "RolloutBlocked",
                action: "Coordinate",
                note: words::rollout::hindered(role, why),
                kind: "Warning",
            };
            let told = events.one(&subject, &news, true, (app.clock)()).await;
            app.metrics.coordination.told(told);
        }
    }
}

/// Events about RoleCoordinations that cannot be used.
pub(super) async fn unusable(app: &App, events: &mut Events, objects: &Objects) {
    let all = objects.iter().filter(|(_, object)| object.group.is_none());
    for ((namespace, name), object) in all.take(UNUSABLE) {
        let Some(subject) = coordination(objects, namespace, name) else { continue };
        let news = News {
            key: "unusable".to_owned(),
            reason: INVALID,
            action: "Coordinate",
            note: words::batches::unusable(&object.fault),
            kind: "Warning",
        };
        let told = events.one(&subject, &news, true, (app.clock)()).await;
        app.metrics.coordination.told(told);
    }
}

/// How far all coordinations are.
pub(super) fn measure(metrics: &CoordinationMetrics, decided: &[Decided], rolled: &[Rolled]) {
    let standing = |one: &Decided| {
        let found = progress(&one.case.situation(0), &one.step);
        Standing {
            namespace: one.case.namespace.clone(),
            name: one.case.group.clone(),
            coordination: one.case.coordination.clone(),
            batch: found.current,
            batches: found.total,
            phase: found.phase,
        }
    };
    let of_rollout = |one: &Rolled| {
        let (entry, _) = one.status();
        Standing {
            namespace: one.namespace.clone(),
            name: one.group.clone(),
            coordination: one.coordination.clone(),
            batch: entry.current_batch.into(),
            batches: entry.total_batches.into(),
            phase: entry.phase,
        }
    };
    metrics.stand(decided.iter().map(standing).chain(rolled.iter().map(of_rollout)));
}
