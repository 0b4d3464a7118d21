//! From the watches to the index: changes in order, of a bounded number of bytes.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use placecard_policies::live::custom::Custom;
use placecard_policies::live::groups::GroupKind;
use placecard_policies::live::{Live, Watched};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// What a watch is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A kind of the table.
    Kind(Watched),
    /// A kind that the vocabulary names.
    Custom(Custom),
    /// A kind of groups that coordinations may refer to.
    Group(GroupKind),
}

/// What a watch saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// An object as it is now.
    Put(Subject, Bytes),
    /// An object is there that cannot be read: namespace and name, as far as they are known.
    Unreadable(Subject, String, String),
    /// An object is gone: namespace and name.
    Gone(Subject, String, String),
    /// A list begins.
    List(Subject),
    /// It is complete: what was not put since it began is gone.
    Listed(Subject),
    /// The kind is not served, or may not be read.
    Unknown(Subject),
    /// The server does not have the kind: there are no objects.
    Unserved(Custom),
    /// The same of a kind of groups.
    NoGroups(GroupKind),
    /// These are all kinds that the vocabulary names.
    Declared(BTreeSet<Custom>),
}

impl Seen {
    fn bytes(&self) -> usize {
        match self {
            Self::Put(_, bytes) => bytes.len(),
            Self::Unreadable(_, namespace, name) | Self::Gone(_, namespace, name) => {
                namespace.len() + name.len()
            }
            Self::List(_)
            | Self::Listed(_)
            | Self::Unknown(_)
            | Self::Unserved(_)
            | Self::NoGroups(_)
            | Self::Declared(_) => 0,
        }
    }
}

/// An edit of the index that is made to both copies, and so twice. It must leave equal copies
/// equal.
pub type Edit = Box<dyn Fn(&mut Live) + Send + Sync>;

/// One change of the index.
pub enum Change {
    /// By a watch.
    Seen(Seen),
    /// By a reader, who wants something prepared.
    Edit(Edit),
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seen(seen) => seen.fmt(f),
            Self::Edit(_) => f.write_str("Edit"),
        }
    }
}

/// A change on its way; it takes room until it is dropped.
#[derive(Debug)]
pub struct Parcel {
    /// The change.
    pub change: Change,
    /// Told when readers see the change.
    pub done: Option<oneshot::Sender<()>>,
    _room: OwnedSemaphorePermit,
}

/// Parcels that are on their way, and changes that one of two copies still lacks, take at most so
/// much together, in bytes.
const ROOM: usize = 4 * 1024 * 1024;

/// And are at most so many.
const PARCELS: usize = 4096;

/// The side of the watches: who sends waits until there is room.
#[derive(Debug, Clone)]
pub struct Queue {
    sender: mpsc::Sender<Parcel>,
    room: Arc<Semaphore>,
}

/// A queue and its other end.
#[must_use]
pub fn queue() -> (Queue, mpsc::Receiver<Parcel>) {
    let (sender, receiver) = mpsc::channel(PARCELS);
    let room = Arc::new(Semaphore::new(ROOM / 1024));
    (Queue { sender, room }, receiver)
}

/// Nobody reads the queue any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended;

impl Queue {
    /// Sends what was seen, after all that was sent before.
    ///
    /// # Errors
    /// Nobody reads the queue any longer.
    pub async fn send(&self, seen: Seen) -> Result<(), Ended> {
        let bytes = seen.bytes();
        self.parcel(Change::Seen(seen), bytes, None).await
    }

    /// Has the index edited, and waits until readers see that.
    ///
    /// # Errors
    /// Nobody reads the queue any longer.
    pub async fn edit(&self, edit: Edit) -> Result<(), Ended> {
        let (done, told) = oneshot::channel();
        self.parcel(Change::Edit(edit), 0, Some(done)).await?;
        told.await.map_err(|_| Ended)
    }

    async fn parcel(
        &self,
        change: Change,
        bytes: usize,
        done: Option<oneshot::Sender<()>>,
    ) -> Result<(), Ended> {
        let kibibytes = (bytes / 1024 + 1).min(ROOM / 1024);
        let kibibytes = u32::try_from(kibibytes).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(kibibytes).await;
        let parcel = Parcel { change, done, _room: room.map_err(|_| Ended)? };
        self.sender.send(parcel).await.map_err(|_| Ended)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Is there room for an object of so many bytes, at once?
    fn sends(queue: &Queue, bytes: usize) -> bool {
        let seen = Seen::Put(Subject::Kind(Watched::Pod), Bytes::from(vec![b' '; bytes]));
        let mut context = Context::from_waker(Waker::noop());
        matches!(pin!(queue.send(seen)).poll(&mut context), Poll::Ready(Ok(())))
    }

    #[test]
    fn while_the_writer_waits_a_tenth_of_a_second_of_events_has_room_and_no_more_than_that_is_held()
    {
        const POD: usize = 6_500;
        let (queue, mut receiver) = queue();
        // Of 5,000 a second.
        assert!((0..500).all(|_| sends(&queue, POD)));
        let all = 500 + (0..PARCELS).take_while(|_| sends(&queue, POD)).count();
        assert!(all * POD <= ROOM && (all + 1) * (POD + 1024) > ROOM, "{all}");
        // Who has to wait holds one object each; so does whoever sends one that is larger than all.
        assert!(!sends(&queue, 2 * ROOM));
        drop(receiver.try_recv());
        assert!(sends(&queue, POD) && !sends(&queue, POD));
        while receiver.try_recv().is_ok() {}
        assert!(sends(&queue, 2 * ROOM) && !sends(&queue, 1));
        drop(receiver.try_recv());
        let small = (0..2 * PARCELS).take_while(|_| sends(&queue, 1)).count();
        assert_eq!(small, PARCELS);
    }
}
