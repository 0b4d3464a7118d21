//! The groups of other controllers, of which coordinations count replicas: each kind is followed while
//! the server has it, and looked for while it does not.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use placecard_policies::coordination::inline::{keeps_batches, of_object};
use placecard_policies::live::groups::GroupKind;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::cluster::groups::of_kind;
use crate::watch::ask::Trouble;
use crate::watch::backoff::{Backoff, spread};
use crate::watch::customs::describe;
use crate::watch::follow::{Followed, Follower, root};
use crate::watch::health::Pulse;
use crate::watch::queue::{Queue, Seen, Subject};

/// Between two looks whether a kind is served.
const AGAIN: Duration = Duration::from_secs(10);

/// Between two looks whether RoleBasedGroups keep coordinations now.
const LOOK: Duration = Duration::from_secs(60);

/// A definition that is new is served before it is described; so often it is waited for.
const PATIENCE: u32 = 6;

/// The watches of groups.
#[derive(Debug)]
pub struct Groups {
    pulses: BTreeMap<GroupKind, Arc<Pulse>>,
    /// RoleBasedGroups are followed in a version that keeps coordinations.
    keeps: Arc<AtomicBool>,
}

impl Groups {
    /// Follows all kinds from now on, as far as the server has them.
    pub(super) fn follow(client: &kube::Client, queue: &Queue, lists: &Arc<Semaphore>) -> Self {
        let keeps = Arc::new(AtomicBool::new(false));
        let one = |kind: GroupKind| {
            let pulse = Arc::new(Pulse::new(Instant::now()));
            let one = Watch {
                client: client.clone(),
                kind,
                queue: queue.clone(),
                pulse: Arc::clone(&pulse),
                lists: Arc::clone(lists),
                keeps: Arc::clone(&keeps),
            };
            tokio::spawn(one.run());
            (kind, pulse)
        };
        Self { pulses: GroupKind::all().map(one).collect(), keeps }
    }

    /// Whether RoleBasedGroups are followed in a version that keeps coordinations.
    pub(super) fn keeps(&self) -> bool {
        self.keeps.load(Ordering::Relaxed)
    }

    /// How long ago what is known of a kind was last known to be true; `None`: never.
    pub(super) fn age(&self, kind: GroupKind) -> Option<Duration> {
        self.pulses.get(&kind)?.age()
    }
}

struct Watch {
    client: kube::Client,
    kind: GroupKind,
    queue: Queue,
    pulse: Arc<Pulse>,
    lists: Arc<Semaphore>,
    keeps: Arc<AtomicBool>,
}

impl Watch {
    async fn run(self) {
        let (kind, mut backoff, mut was_served) = (self.kind, Backoff::default(), true);
        loop {
            let pause = match find(&self.client, kind, backoff.failures < PATIENCE).await {
                Ok(Some((followed, keeps))) => {
                    tracing::info!(%kind, path = followed.path, keeps, "it is served: it is followed");
                    was_served = true;
                    self.set(keeps);
                    backoff.reset();
                    self.follow(followed, keeps).await;
                    self.set(false);
                    spread(AGAIN)
                }
                Ok(None) => {
                    if std::mem::take(&mut was_served)
                        && self.queue.send(Seen::NoGroups(kind)).await.is_err()
                    {
                        return;
                    }
                    backoff.reset();
                    spread(AGAIN)
                }
                Err(trouble) => {
                    tracing::warn!(%kind, %trouble, "it cannot be found out how it is asked for");
                    backoff.pause()
                }
            };
            sleep(pause).await;
        }
    }

    fn set(&self, keeps: bool) {
        if self.kind.is_home() {
            self.keeps.store(keeps, Ordering::Relaxed);
        }
    }

    /// Follows until that fails, or the kind is to be asked for in another way.
    async fn follow(&self, followed: Followed, keeps: bool) {
        let (client, lists) = (self.client.clone(), Arc::clone(&self.lists));
        let (pulse, path) = (Arc::clone(&self.pulse), followed.path.clone());
        let follower = Follower::of(client, followed, self.queue.clone(), pulse, lists);
        let changes = async {
            loop {
                sleep(spread(LOOK)).await;
                if let Ok(Some((found, now))) = find(&self.client, self.kind, true).await
                    && (found.path != path || now != keeps)
                {
                    return;
                }
            }
        };
        if self.kind.is_home() {
            tokio::select! {
                () = follower.run() => {}
                () = changes => {}
            }
        } else {
            follower.run().await;
        }
    }
}

/// How the kind is asked for, and whether its objects keep coordinations; `None`: the server does not
/// have it. `waits`: what is not described yet may be soon.
async fn find(
    client: &kube::Client,
    kind: GroupKind,
    waits: bool,
) -> Result<Option<(Followed, bool)>, Trouble> {
    let Some(group) = found(describe(client, &format!("/apis/{}", kind.group)).await)? else {
        return Ok(None);
    };
    let Some((version, keeps)) = version(client, kind, &group, waits).await? else {
        return Ok(None);
    };
    let path = root(kind.group, &version, "");
    let Some(list) = found(describe(client, path.trim_end_matches('/')).await)? else {
        return Ok(None);
    };
    let entries = list.get("resources").and_then(Value::as_array).into_iter().flatten();
    let plural = entries.filter(|entry| entry.get("kind").is_some_and(|is| is == kind.kind));
    let mut plural = plural.filter_map(|entry| entry.get("name")?.as_str());
    let Some(plural) = plural.find(|plural| !plural.contains('/')) else { return Ok(None) };
    let followed = Followed {
        subject: Subject::Group(kind),
        path: root(kind.group, &version, plural),
        name: plural.to_owned(),
        namespaced: true,
    };
    Ok(Some((followed, keeps)))
}

fn found(described: Result<Value, Trouble>) -> Result<Option<Value>, Trouble> {
    match described {
        Err(Trouble::Refused(told)) if told.starts_with("404") => Ok(None),
        other => other.map(Some),
    }
}

/// The version to follow, and whether its objects keep coordinations: one that does, or else the one
/// that the server prefers.
async fn version(
    client: &kube::Client,
    kind: GroupKind,
    group: &Value,
    waits: bool,
) -> Result<Option<(String, bool)>, Trouble> {
    let preferred = group.pointer("/preferredVersion/version").and_then(Value::as_str);
    let versions = group.get("versions").and_then(Value::as_array).into_iter().flatten();
    let versions = versions.filter(|_| kind.is_home());
    for version in versions.filter_map(|one| one.get("version")?.as_str()) {
        let path = format!("/openapi/v3/apis/{}/{version}", kind.group);
        let description = found(describe(client, &path).await)?;
        match description.as_ref().and_then(|description| of_kind(description, kind.kind)) {
            Some(schema) if keeps_batches(&of_object(schema)) => {
                return Ok(Some((version.to_owned(), true)));
            }
            None if waits => return Err(Trouble::Failed("it is not described yet".to_owned())),
            _ => {}
        }
    }
    Ok(preferred.map(|version| (version.to_owned(), false)))
}
