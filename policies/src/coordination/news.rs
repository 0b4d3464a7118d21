//! What a step is worth telling about.

use std::collections::BTreeSet;

use super::step::{Action, BatchState, Situation, Step, Wait, is_gated};

/// What happened to a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// Its pods were let go to a domain.
    Begun,
    /// All of its pods have a node.
    Placed,
    /// Its pods were let go without a domain, for it waited as long as it may.
    Released,
    /// Its pods have to be made again.
    Replaced,
    /// It waited as long as it may, and goes on waiting.
    TimedOut,
    /// There is no room for it.
    NoRoom,
}

impl Event {
    /// In CamelCase, as Events have it.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Begun => "BatchBegun",
            Self::Placed => "BatchPlaced",
            Self::Released => "BatchReleased",
            Self::Replaced => "BatchReplaced",
            Self::TimedOut => "BatchTimedOut",
            Self::NoRoom => "BatchCannotBePlaced",
        }
    }

    /// Somebody should look at it.
    #[must_use]
    pub const fn is_warning(self) -> bool {
        !matches!(self, Self::Begun | Self::Placed)
    }

    /// It holds as long as nothing changes, so it is told again only after a while.
    #[must_use]
    pub const fn lasts(self) -> bool {
        matches!(self, Self::TimedOut | Self::NoRoom)
    }
}

/// What a step is worth telling about, by batch. `before`: how the batches stood before it, if that
/// is known.
#[must_use]
pub fn news<'s>(
    situation: &Situation<'_>,
    before: Option<&[BatchState]>,
    step: &'s Step,
) -> Vec<(Event, &'s BatchState)> {
    let of = |wanted: &str| situation.pods.iter().find(|pod| pod.pod.uid == wanted);
    let (mut pinned, mut free, mut replaced) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for action in &step.actions {
        let (batches, pod) = match action {
            Action::Release { pod, pins } if pins.is_empty() => (&mut free, pod),
            Action::Release { pod, .. } => (&mut pinned, pod),
            Action::Replace { pod } => (&mut replaced, pod),
        };
        batches.extend(of(&pod.uid).map(|pod| pod.batch));
    }
    let begun = |number: u64| {
        let mut pods = situation.pods.iter().filter(|pod| pod.batch == number);
        pods.any(|pod| !pod.pod.terminating && !is_gated(pod))
    };
    let known = |number: u64| before?.iter().find(|batch| batch.number == number);
    let mut found = Vec::new();
    for batch in &step.batches {
        let number = batch.number;
        let whole = batch.expected > 0 && batch.scheduled == batch.expected;
        let fell_short = known(number).is_some_and(|one| one.scheduled < one.expected);
        for (event, is) in [
            (Event::Begun, pinned.contains(&number) && !begun(number)),
            (Event::Released, free.contains(&number) && !begun(number)),
            (Event::Replaced, replaced.contains(&number)),
            (Event::Placed, whole && fell_short),
            (Event::TimedOut, batch.timed_out && !free.contains(&number)),
            (Event::NoRoom, matches!(batch.wait, Some(Wait::Room(_) | Wait::RoomHere(_)))),
        ] {
            found.extend(is.then_some((event, batch)));
        }
    }
    found
}
