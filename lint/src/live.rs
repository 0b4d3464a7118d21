//! The edge to live clusters: an API server's lists into a file, or into memory.
//!
//! ```text
//! access: kubeconfig -> client -> listing: kinds, pages, objects -> redact -> Target
//!                                                  a file aside (aside.rs) ---'  |
//!                                            the reader of snapshots (memory.rs) '
//! ```
//!
//! Both take the same text, so what is judged with `--live` is what would be judged on a dump.

mod access;
mod aside;
mod evict;
mod listing;
mod memory;
mod progress;
mod request;

use std::collections::BTreeMap;
use std::future::Future;
use std::io::Write;

use placecard_policies::audit::evict::Fate;
use placecard_policies::feasibility::inventory::Inventory;
use placecard_policies::feasibility::inventory::kind::Kind;
use placecard_policies::feasibility::inventory::pod::Pod;
use placecard_policies::snapshot::object::Sink;
use placecard_policies::snapshot::redact::Include;
use placecard_policies::words;
use tokio::runtime::Builder;

use self::access::Contact;
use self::aside::Aside;
use self::listing::{Stop, Wanted, take};
use self::memory::Memory;
use self::progress::Progress;
use crate::cluster::{Complaint, Loaded, Summary};
use crate::plan::{Access, SnapshotAsk};
use crate::{Outcome, complaining};

/// Writes a dump of a live cluster.
///
/// # Errors
/// Why there is none; the file is as it was then.
pub(crate) fn snapshot(ask: &SnapshotAsk, stdout: &mut dyn Write) -> Result<Outcome, String> {
    let mut aside = Aside::new(ask.output.as_deref())?;
    let taken = run(async {
        let contact = access::connect(&ask.access).await?;
        let wanted = Wanted {
            namespaces: &ask.namespaces,
            selector: ask.selector.as_deref(),
            include: ask.include,
            more: true,
        };
        let mut progress = Progress::new();
        let mut tries = BTreeMap::new();
        let taking = take(&contact.client, &wanted, &mut aside, &mut tries, &mut progress);
        let taken = tokio::select! {
            taken = taking => taken,
            () = interrupted() => Err(Stop::Told("interrupted".to_owned())),
        };
        progress.end();
        match taken {
            Ok(taken) => Ok(taken),
            Err(Stop::Told(why)) => Err(why),
            // A file goes back by itself.
            Err(Stop::Expired(kind)) => Err(words::snapshot::too_old(kind)),
        }
    })?;
    if taken.count(Kind::Node) == 0 {
        let why = words::snapshot::no_node_to_list();
        let lines = taken.notes.into_iter().chain([why.to_owned()]);
        return Err(lines.collect::<Vec<String>>().join("\nplacecard: "));
    }
    aside.finish(stdout)?;
    Ok(Outcome { complaints: complaining(&taken.notes), ..Outcome::output(String::new()) })
}

/// Takes a snapshot into memory: all namespaces, with images.
///
/// # Errors
/// Why it cannot be judged on.
pub(crate) fn load(access: &Access) -> Result<Loaded, Vec<Complaint>> {
    let (inventory, summary) = load_as(access, false, Inventory::default)?;
    // No list of definitions is asked for.
    Ok(Loaded { inventory, definitions: Vec::new(), summary })
}

/// The same into anything that takes objects; `new` makes an empty one. `more`: with what says how
/// role coordinations stand.
///
/// # Errors
/// Why it cannot be judged on.
pub(crate) fn load_as<S: Sink>(
    access: &Access,
    more: bool,
    new: impl Fn() -> S,
) -> Result<(S, Summary), Vec<Complaint>> {
    let include = Include { images: true, ..Include::default() };
    let wanted = Wanted { namespaces: &[], selector: None, include, more };
    let loaded = run(async {
        let Contact { client, name } = access::connect(access).await?;
        let mut tries = BTreeMap::new();
        loop {
            let mut sink = new();
            let mut memory = Memory::new(&mut sink);
            let mut progress = Progress::new();
            let taken = take(&client, &wanted, &mut memory, &mut tries, &mut progress).await;
            progress.end();
            match taken {
                Ok(taken) => {
                    let summary = memory.finish(name, taken.notes);
                    return Ok(summary.map(|summary| (sink, summary)));
                }
                Err(Stop::Told(why)) => return Err(why),
                // Nothing is taken back from memory: all of it anew.
                Err(Stop::Expired(_)) => {}
            }
        }
    });
    loaded.unwrap_or_else(|why| Err(vec![Complaint::told(why)]))
}

/// Evicts pods one by one, each after it was read again, and stops at the first that is refused.
///
/// # Errors
/// There is no way to the API server.
pub(crate) fn evict(access: &Access, pods: &[Pod]) -> Result<Vec<Fate>, String> {
    run(async {
        let Contact { client, .. } = access::connect(access).await?;
        Ok(evict::one_by_one(&client, pods).await)
    })
}

/// Runs requests to their end, on this thread.
fn run<T>(requests: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("no requests can be made: {error}"))?.block_on(requests)
}

/// Waits until somebody wants the process to end; what is half written is removed then.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
