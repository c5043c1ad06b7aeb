//! Work on many entries at once, on all cores.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    let threads = cores().min(items.len() / ITEMS_PER_THREAD_MIN).max(1);
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
        all.append(&mut finished(share)?);
    }
    Ok(all)
}

/// As [`in_parallel`], for few items of which each is worth a thread, and which take unlike long.
///
/// # Errors
/// As [`in_parallel`].
pub(crate) fn each_in_parallel<T: Sync, R: Send, E: Send>(
    items: &[T],
    f: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, (usize, E)> {
    let threads = cores().min(items.len()).max(1);
    if threads == 1 {
        return run(items, 0, &f);
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return Ok::<_, (usize, E)>(done) };
            done.push((at, f(item).map_err(|error| (at, error))?));
        }
    };
    let workers = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(thread::ScopedJoinHandle::join).map(finished).collect::<Vec<_>>()
    });
    let mut all: Vec<(usize, R)> = Vec::new();
    let mut first: Option<(usize, E)> = None;
    for worker in workers {
        match worker {
            Ok(mut done) => all.append(&mut done),
            // All items before one that was taken were taken, too: the least that failed is the first.
            Err(error) => first = Some(first.filter(|first| first.0 < error.0).unwrap_or(error)),
        }
    }
    all.sort_unstable_by_key(|(at, _)| *at);
    first.map_or_else(|| Ok(all.into_iter().map(|(_, done)| done).collect()), Err)
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// A panic of a worker is a panic here: nothing may pass for checked that was not.
fn finished<T>(worker: thread::Result<T>) -> T {
    worker.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
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
            let doubled = Ok((0..count).map(|n| n * 2).collect());
            assert_eq!(in_parallel(&items, |n| Ok::<_, ()>(n * 2)), doubled);
            assert_eq!(each_in_parallel(&items, |n| Ok::<_, ()>(n * 2)), doubled);
        }
        let items: Vec<usize> = (0..1_000).collect();
        let failing = |n: &usize| if [700, 900, 120].contains(n) { Err(*n) } else { Ok(()) };
        assert_eq!(in_parallel(&items, failing), Err((120, 120)));
        assert_eq!(each_in_parallel(&items, failing), Err((120, 120)));
    }
}
