//! Work on many entries at once, on all cores.

use std::num::NonZero;
use std::thread;

/// Under so many items a thread costs more than it saves.
const ITEMS_PER_THREAD_MIN: usize = 32;

/// Applies `f` to every item and keeps the order.
///
/// # Errors
/// The first item, in order, for which `f` fails, with its place.
pub fn in_parallel<T: Sync, R: Send, E: Send>(
    items: &[T],
    f: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, (usize, E)> {
    shared(items, ITEMS_PER_THREAD_MIN, f)
}

/// As [`in_parallel`], for items of which each is worth a thread.
///
/// # Errors
/// As [`in_parallel`].
pub(crate) fn each_in_parallel<T: Sync, R: Send, E: Send>(
    items: &[T],
    f: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, (usize, E)> {
    shared(items, 1, f)
}

fn shared<T: Sync, R: Send, E: Send>(
    items: &[T],
    per_thread_min: usize,
    f: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, (usize, E)> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(items.len() / per_thread_min).max(1);
    if threads == 1 {
        return run(items, 0, &f);
    }
    let share = items.len().div_ceil(threads);
    let shares: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = items
            .chunks(share)
            .enumerate()
            .map(|(n, chunk)| {
                let f = &f;
                scope.spawn(move || run(chunk, n * share, f))
            })
            .collect();
        workers.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let mut all = Vec::with_capacity(items.len());
    for share in shares {
        // A panic of a worker is a panic here: nothing may pass for checked that was not.
        all.append(&mut share.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
    }
    Ok(all)
}

fn run<T, R, E>(items: &[T], first: usize, f: &impl Fn(&T) -> Result<R, E>) -> Result<Vec<R>, (usize, E)> {
    items.iter().enumerate().map(|(n, item)| f(item).map_err(|error| (first + n, error))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_and_the_first_failure_is_named() {
        for count in [0, 1, 31, 64, 1_000] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(in_parallel(&items, |n| Ok::<_, ()>(n * 2)), Ok((0..count).map(|n| n * 2).collect()));
        }
        let items: Vec<usize> = (0..1_000).collect();
        let failing = |n: &usize| if [700, 900, 120].contains(n) { Err(*n) } else { Ok(()) };
        assert_eq!(in_parallel(&items, failing), Err((120, 120)));
    }
}
