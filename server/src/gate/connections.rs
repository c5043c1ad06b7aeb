//! The open connections of each key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chancery_core::id::KeyId;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// The open connections by key. Cheap to clone.
#[derive(Clone)]
pub struct Connections(Arc<Registry>);

struct Registry {
    per_peer_max: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    by_key: HashMap<KeyId, Vec<(u64, CancellationToken)>>,
}

impl Connections {
    /// No connections yet.
    #[must_use]
    pub fn new(per_peer_max: usize) -> Self {
        Self(Arc::new(Registry { per_peer_max, open: Mutex::default() }))
    }

    /// Closes every connection of `key` at once, with the streams on them, and returns how many there were.
    ///
    /// A handshake may end just after: so revoke the key in the directory first, which each call asks, and
    /// close the connections then.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn close(&self, key: &KeyId) -> usize {
        let connections = self.0.lock().by_key.get(key).cloned().unwrap_or_default();
        for (_, closing) in &connections {
            closing.cancel();
        }
        connections.len()
    }

    /// Closes every connection of `key` as [`Connections::close`] does, once the answer to the call that asked
    /// for it has had time to go out. Each call asks the directory, so none succeeds in between.
    pub fn close_soon(&self, key: KeyId) {
        let connections = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(ANSWER_MAX).await;
            let closed = connections.close(&key);
            tracing::info!(closed, "a device has left by its own word; connections closed");
        });
    }

    /// The keys that have connections open now.
    #[must_use]
    pub fn keys(&self) -> Vec<KeyId> {
        self.0.lock().by_key.keys().copied().collect()
    }

    /// Connections open now, over all keys.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.lock().by_key.values().map(Vec::len).sum()
    }

    /// Registers a connection, unless its key has too many.
    pub(super) fn admit(&self, key: KeyId) -> Option<Registered> {
        let mut open = self.0.lock();
        let number = open.next;
        let connections = open.by_key.entry(key).or_default();
        if connections.len() >= self.0.per_peer_max {
            return None;
        }
        let closing = CancellationToken::new();
        connections.push((number, closing.clone()));
        open.next += 1;
        drop(open);
        Some(Registered { registry: self.0.clone(), key, number, closing })
    }
}

/// How long an answer may take on its way out.
const ANSWER_MAX: Duration = Duration::from_secs(1);

/// A connection's place in the registry; dropped, it leaves.
pub(super) struct Registered {
    registry: Arc<Registry>,
    key: KeyId,
    number: u64,
    closing: CancellationToken,
}

impl Registered {
    /// Resolves when the connection is to be closed.
    pub(super) fn closing(&self) -> WaitForCancellationFutureOwned {
        self.closing.clone().cancelled_owned()
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut open = self.registry.lock();
        if let Some(connections) = open.by_key.get_mut(&self.key) {
            connections.retain(|(number, _)| *number != self.number);
            if connections.is_empty() {
                open.by_key.remove(&self.key);
            }
        }
    }
}

impl Registry {
    /// No code panics while it holds the lock, and what it guards is whole after each line.
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
