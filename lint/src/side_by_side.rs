//! Work on many things at once, with results in the order of the things.

use std::iter::Enumerate;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, available_parallelism, scope};

/// Results wait for so many things at most: the memory for what is under way does not grow with the
/// number of things.
const WINDOW: usize = 256;
/// Fewer things for each thread are not worth starting it.
const WORTHWHILE: usize = 16;
/// As much as the main thread has: documents may be nested deeply.
const STACK: usize = 8 << 20;

/// How many threads there are for so many things, at least one.
pub(crate) fn threads(things: usize) -> usize {
    let worthwhile = things / WORTHWHILE;
    // The answer is in several files of the system: it is not asked for where it says nothing.
    if worthwhile <= 1 {
        return 1;
    }
    available_parallelism().map_or(1, NonZero::get).min(worthwhile)
}

/// Has `work` done to each of `things` by as many threads as there are `workers`, each of which is
/// what one thread keeps for itself; `take` hears the results in the order of the things, whoever was
/// first. One worker needs no thread.
pub(crate) fn each<T, W: Send, R: Send>(
    workers: &mut [W],
    mut things: impl Iterator<Item = T> + Send,
    work: impl Fn(&mut W, T) -> R + Sync,
    mut take: impl FnMut(usize, R),
) where
    T: Send,
{
    let Some((first, others)) = workers.split_first_mut() else { return };
    if others.is_empty() {
        return things.enumerate().for_each(|(at, thing)| take(at, work(first, thing)));
    }
    let mut done = 0;
    loop {
        let window = Mutex::new(things.by_ref().take(WINDOW).enumerate());
        let until_empty = |worker: &mut W| {
            let mut results = Vec::new();
            while let Some((at, thing)) = next(&window) {
                results.push((at, work(worker, thing)));
            }
            results
        };
        let mut results: Vec<(usize, R)> = scope(|scope| {
            let begun: Vec<_> = others
                .iter_mut()
                .filter_map(|worker| {
                    let job = || until_empty(worker);
                    // A system that gives no more threads makes it slower, and no less right.
                    Builder::new().stack_size(STACK).spawn_scoped(scope, job).ok()
                })
                .collect();
            let mut results = until_empty(first);
            for thread in begun {
                match thread.join() {
                    Ok(more) => results.extend(more),
                    Err(cause) => resume_unwind(cause),
                }
            }
            results
        });
        if results.is_empty() {
            return;
        }
        results.sort_unstable_by_key(|(at, _)| *at);
        for (_, result) in results {
            take(done, result);
            done += 1;
        }
    }
}

fn next<I: Iterator>(things: &Mutex<Enumerate<I>>) -> Option<(usize, I::Item)> {
    things.lock().unwrap_or_else(PoisonError::into_inner).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_from_any_number_of_threads() {
        for count in [0, 1, 2, 255, 256, 257, 5000] {
            for threads in 1..5 {
                let mut workers = vec![0_usize; threads];
                let mut heard = Vec::new();
                each(
                    &mut workers,
                    0..count,
                    |mine, thing| {
                        *mine += 1;
                        // Some take longer than others.
                        (0..thing % 7 * 500).fold(thing, |sum, step| sum ^ step ^ step)
                    },
                    |at, result| heard.push((at, result)),
                );
                assert_eq!(heard, (0..count).map(|at| (at, at)).collect::<Vec<_>>());
                assert_eq!(workers.iter().sum::<usize>(), count);
            }
        }
    }

    #[test]
    fn a_thread_that_panics_is_heard() {
        let ran = std::panic::catch_unwind(|| {
            each(&mut [(), ()], 0..100, |(), thing| assert!(thing != 50), |_, ()| {});
        });
        assert!(ran.is_err());
    }

    #[test]
    fn little_work_needs_no_thread() {
        assert_eq!(threads(0), 1);
        assert_eq!(threads(2 * WORTHWHILE - 1), 1);
        assert!(threads(1_000_000) >= 1);
    }
}
