//! Two copies of a value: readers have one while the other is written.
//!
//! The writer makes each change twice, once to each copy. Readers hold a copy for as long as one
//! decision takes, which is never across a wait, and never wait themselves: the lock is held only
//! to read or change a pointer. The writer waits until the last reader of a copy is gone.

use std::sync::{Arc, PoisonError, RwLock};

/// A value that changes are folded into.
///
/// Folding the same changes into equal values must leave equal values.
pub trait Fold: Clone + Send + Sync + 'static {
    /// One change.
    type Change: Send + 'static;

    /// What is odd about a change.
    type Problem;

    /// Makes the change.
    ///
    /// # Errors
    /// What is odd about it; it is made all the same, as far as it can be.
    fn fold(&mut self, change: &Self::Change) -> Result<(), Self::Problem>;
}

/// The side of the readers.
#[derive(Debug)]
pub struct Readers<I>(Arc<RwLock<Arc<I>>>);

impl<I> Clone for Readers<I> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<I> Readers<I> {
    /// The copy that is current. The writer waits until it is dropped, so it must not be kept.
    #[must_use]
    pub fn current(&self) -> Arc<I> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The side of the one writer.
#[derive(Debug)]
pub struct Writer<I: Fold> {
    readers: Readers<I>,
    /// The copy that readers leave.
    spare: Arc<I>,
    /// Changes that are in the current copy and not yet in the spare one.
    behind: Vec<I::Change>,
    /// Changes that are in the spare copy and not yet in the current one.
    ahead: Vec<I::Change>,
}

/// A change came before the copies were equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfTurn;

impl<I: Fold> Writer<I> {
    /// Two copies of this value.
    #[must_use]
    pub fn new(value: I) -> Self {
        let readers = Readers(Arc::new(RwLock::new(Arc::new(value.clone()))));
        Self { readers, spare: Arc::new(value), behind: Vec::new(), ahead: Vec::new() }
    }

    /// The side of the readers.
    #[must_use]
    pub fn readers(&self) -> Readers<I> {
        self.readers.clone()
    }

    /// Makes the changes to the spare copy that the current one has already. `false` if a reader
    /// still has that copy: try again.
    pub fn catch_up(&mut self) -> bool {
        let Some(spare) = Arc::get_mut(&mut self.spare) else { return false };
        for change in std::mem::take(&mut self.behind) {
            // It was told when the change was made for the first time.
            let _ = spare.fold(&change);
        }
        true
    }

    /// Makes a change, which readers see after [`Self::publish`]; with what is odd about it.
    ///
    /// # Errors
    /// The change was not made: a reader still has the spare copy, or that is behind.
    /// [`Self::catch_up`] first.
    pub fn change(&mut self, change: I::Change) -> Result<Option<I::Problem>, OutOfTurn> {
        match Arc::get_mut(&mut self.spare) {
            Some(spare) if self.behind.is_empty() => {
                let problem = spare.fold(&change).err();
                self.ahead.push(change);
                Ok(problem)
            }
            _ => Err(OutOfTurn),
        }
    }

    /// Shows all changes to the readers, all at once.
    pub fn publish(&mut self) {
        if self.ahead.is_empty() {
            return;
        }
        let mut current = self.readers.0.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut *current, &mut self.spare);
        self.behind = std::mem::take(&mut self.ahead);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two numbers that are always equal to whoever reads them.
    #[derive(Clone, Default, Debug)]
    struct Pair(u64, u64);

    impl Fold for Pair {
        type Change = u64;
        type Problem = u64;

        fn fold(&mut self, change: &u64) -> Result<(), u64> {
            self.0 += change;
            std::thread::yield_now();
            self.1 += change;
            if *change == 2 { Err(2) } else { Ok(()) }
        }
    }

    fn catch_up(writer: &mut Writer<Pair>) {
        while !writer.catch_up() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn changes_are_seen_together_and_by_both_copies() {
        let mut writer = Writer::new(Pair::default());
        let readers = writer.readers();
        assert_eq!(writer.change(1), Ok(None));
        assert_eq!(writer.change(2), Ok(Some(2)));
        assert_eq!(readers.current().0, 0, "not published");
        writer.publish();
        assert_eq!(readers.current().0, 3);
        assert_eq!(writer.change(4), Err(OutOfTurn), "behind");
        assert!(writer.catch_up());
        writer.change(4).unwrap();
        writer.publish();
        assert_eq!((readers.current().0, readers.current().1), (7, 7));
        assert!(writer.catch_up());
        assert_eq!(writer.spare.0, 7);
    }

    #[test]
    fn the_writer_waits_for_the_last_reader_of_a_copy() {
        let mut writer = Writer::new(Pair::default());
        let readers = writer.readers();
        let before = readers.current();
        writer.change(1).unwrap();
        writer.publish();
        assert!(!writer.catch_up(), "this reader still has it");
        assert_eq!(before.0, 0, "and sees what it saw");
        assert_eq!(readers.current().0, 1, "others do not wait");
        drop(before);
        assert!(writer.catch_up());
    }

    #[test]
    fn nobody_sees_half_a_change() {
        let mut writer = Writer::new(Pair::default());
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let readers = writer.readers();
                std::thread::spawn(move || {
                    let mut last = 0;
                    while last < 300 {
                        let pair = readers.current();
                        assert!(pair.0 == pair.1 && pair.0 >= last);
                        last = pair.0;
                    }
                })
            })
            .collect();
        for _ in 0..300 {
            catch_up(&mut writer);
            writer.change(1).unwrap();
            writer.publish();
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}
