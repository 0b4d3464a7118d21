//! A kind of the table that the cluster may lack: it is followed once it is served. As long as it is
//! not, there are no objects of it.

use std::sync::Arc;
use std::time::Duration;

use placecard_policies::live::Watched;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::watch::ask::Trouble;
use crate::watch::backoff::{Backoff, spread};
use crate::watch::customs::describe;
use crate::watch::follow::{Follower, root};
use crate::watch::health::Health;
use crate::watch::queue::{Queue, Seen, Subject};

/// Between two looks whether it is served.
const AGAIN: Duration = Duration::from_secs(10);

/// Follows the kind while it is served, and looks for it while it is not.
pub async fn run(
    client: kube::Client,
    kind: Watched,
    queue: Queue,
    health: Arc<Health>,
    lists: Arc<Semaphore>,
) {
    let plural = kind.row().plural;
    let (pulse, mut backoff, mut was_served) = (health.pulse(kind), Backoff::default(), true);
    loop {
        let begin = Instant::now();
        let pause = match is_served(&client, kind).await {
            Ok(true) => {
                tracing::info!(kind = plural, "it is served: it is followed");
                was_served = true;
                let (client, queue, lists) = (client.clone(), queue.clone(), Arc::clone(&lists));
                Follower::new(client, kind, queue, &health, lists).run().await;
                spread(AGAIN)
            }
            Ok(false) => {
                if std::mem::take(&mut was_served) {
                    tracing::info!(kind = plural, "the cluster does not have it");
                    for seen in [Seen::List(Subject::Kind(kind)), Seen::Listed(Subject::Kind(kind))]
                    {
                        if queue.send(seen).await.is_err() {
                            return;
                        }
                    }
                }
                backoff.reset();
                pulse.contact(begin);
                spread(AGAIN)
            }
            Err(trouble) => {
                tracing::warn!(kind = plural, %trouble, "it cannot be found out whether it is served");
                backoff.pause()
            }
        };
        sleep(pause).await;
    }
}

async fn is_served(client: &kube::Client, kind: Watched) -> Result<bool, Trouble> {
    let row = kind.row();
    let path = root(row.group, row.version, "");
    let list = match describe(client, path.trim_end_matches('/')).await {
        Err(Trouble::Refused(told)) if told.starts_with("404") => return Ok(false),
        other => other?,
    };
    let entries = list.get("resources").and_then(Value::as_array);
    let mut entries = entries.into_iter().flatten();
    Ok(entries.any(|entry| entry.get("name").and_then(Value::as_str) == Some(row.plural)))
}
