//! The thread that folds what the watches see into the index.

use std::time::{Duration, Instant};

use placecard_policies::live::{Live, Watched};
use placecard_policies::snapshot::problem::{Problem, ProblemKind};
use tokio::sync::mpsc::Receiver;

use crate::watch::copies::{Fold, OutOfTurn, Writer};
use crate::watch::health::Health;
use crate::watch::queue::{Change, Parcel, Seen, Subject};

/// While changes keep coming, readers see them after at most about this time.
const BATCH: Duration = Duration::from_millis(20);

/// Between two looks whether the last reader of a copy is gone.
const LOOK: Duration = Duration::from_micros(500);

impl Fold for Live {
    type Change = Parcel;
    type Problem = (Watched, Box<Problem>);

    fn fold(&mut self, parcel: &Parcel) -> Result<(), Self::Problem> {
        let seen = match &parcel.change {
            Change::Seen(seen) => seen,
            Change::Edit(edit) => {
                edit(self);
                return Ok(());
            }
        };
        use Subject::{Custom, Group, Kind};
        match seen {
            Seen::Put(Kind(kind), object) => {
                return self.put(*kind, object).map_err(|problem| (*kind, Box::new(problem)));
            }
            Seen::Unreadable(Kind(kind), _, name) if name.is_empty() => self.broken(*kind, None),
            Seen::Unreadable(Kind(kind), namespace, name) => {
                self.broken(*kind, Some((namespace, name)));
            }
            Seen::Gone(Kind(kind), namespace, name) => self.gone(*kind, namespace, name),
            Seen::List(Kind(kind)) => self.list(*kind),
            Seen::Listed(Kind(kind)) => self.listed(*kind),
            Seen::Unknown(Kind(kind)) => self.unknown(*kind),
            Seen::Put(Custom(kind), object) => {
                if !self.put_custom(kind, object) {
                    tracing::debug!(%kind, "a custom resource cannot be read");
                }
            }
            Seen::Unreadable(Custom(kind), namespace, name)
            | Seen::Gone(Custom(kind), namespace, name) => {
                self.gone_custom(kind, namespace, name);
            }
            Seen::List(Custom(kind)) => self.list_custom(kind),
            Seen::Listed(Custom(kind)) => self.listed_custom(kind),
            Seen::Unknown(Custom(kind)) => self.unknown_custom(kind, true),
            Seen::Put(Group(kind), object) => {
                if !self.put_group(*kind, object) {
                    tracing::debug!(%kind, "a group cannot be read");
                }
            }
            Seen::Unreadable(Group(kind), namespace, name)
            | Seen::Gone(Group(kind), namespace, name) => self.gone_group(*kind, namespace, name),
            Seen::List(Group(kind)) => self.list_group(*kind),
            Seen::Listed(Group(kind)) => self.listed_group(*kind),
            Seen::Unknown(Group(kind)) => self.unknown_group(*kind, true),
            Seen::NoGroups(kind) => self.unknown_group(*kind, false),
            Seen::Unserved(kind) => self.unknown_custom(kind, false),
            Seen::Declared(kinds) => self.declare(kinds),
        }
        Ok(())
    }
}

/// Counts what cannot be read, and names it: the object and the field, and nothing of what stands
/// there.
fn complain(health: &Health, kind: Watched, problem: &Problem) {
    if let Some(health) = health.of(kind) {
        health.broken.add();
    }
    let field = match &problem.kind {
        ProblemKind::Unreadable { path, .. } => path.as_str(),
        _ => "",
    };
    let object = problem.object.as_ref();
    tracing::warn!(
        kind = kind.row().plural,
        namespace = object.map_or("", |object| &object.namespace),
        name = object.map_or("", |object| &object.name),
        field,
        "an object cannot be read"
    );
}

/// Folds changes until nobody can send any more.
pub fn fold(mut writer: Writer<Live>, mut queue: Receiver<Parcel>, health: &Health) {
    let mut waiting = Vec::new();
    let mut settled = Vec::new();
    let readers = writer.readers();
    let mut node_changes = 0;
    while let Some(first) = queue.blocking_recv() {
        let end = Instant::now() + BATCH;
        let mut next = Some(first);
        while let Some(mut parcel) = next {
            waiting.extend(parcel.done.take());
            if let Change::Seen(seen @ (Seen::Listed(_) | Seen::Unknown(_))) = &parcel.change {
                settled.push(seen.clone());
            }
            match writer.change(parcel) {
                Ok(None) => {}
                Ok(Some((kind, problem))) => complain(health, kind, &problem),
                Err(OutOfTurn) => tracing::error!("a change came out of turn; please report it"),
            }
            next = if Instant::now() < end { queue.try_recv().ok() } else { None };
        }
        writer.publish();
        let changes = readers.current().node_changes();
        if std::mem::replace(&mut node_changes, changes) != changes {
            health.nodes_changed();
        }
        for seen in settled.drain(..) {
            match seen {
                Seen::Listed(Subject::Kind(kind)) => health.synced(kind),
                Seen::Unknown(Subject::Kind(kind)) => health.refused(kind),
                _ => {}
            }
        }
        for done in waiting.drain(..) {
            // Who does not wait any longer need not know.
            let _ = done.send(());
        }
        // Before the next change, so that what the copies differ in stays small.
        while !writer.catch_up() {
            std::thread::sleep(LOOK);
        }
    }
}
