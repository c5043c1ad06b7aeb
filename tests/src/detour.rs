//! A road to a deployment's server that breaks where a test wants it to: around the answer to an append. It sees
//! nothing but sealed bytes, and knows the append by its size.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

/// Where the road breaks, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The act has arrived, and its answer is lost.
    BeforeTheAnswer,
    /// The answer has arrived, and nothing after it.
    AfterTheAnswer,
}

/// The road. It stays open until the test ends.
#[derive(Debug)]
pub struct Detour(Arc<AtomicU8>);

/// A road that is whole; one that breaks before, or after, the next answer; the answer has passed.
const WHOLE: u8 = 0;
const BEFORE: u8 = 1;
const AFTER: u8 = 2;
const ANSWERED: u8 = 3;

/// What goes to the server between two of its answers and is larger is an append: a test sends a long text.
const APPEND_BYTES: usize = 12 * 1024;
/// What the client sends and is larger is a request; smaller are the frames that keep a connection going.
const REQUEST_BYTES: usize = 64;

impl Detour {
    /// Leads from one port of this machine to another.
    #[must_use]
    pub fn open(from: u16, to: u16) -> Self {
        let state = Arc::new(AtomicU8::new(WHOLE));
        let listener = TcpListener::bind(("127.0.0.1", from)).unwrap();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(("127.0.0.1", to)).unwrap();
                lead(&client, &server, &shared);
            }
        });
        Self(state)
    }

    /// Breaks at the next append.
    pub fn break_at(&self, place: Break) {
        let state = if place == Break::BeforeTheAnswer { BEFORE } else { AFTER };
        self.0.store(state, Ordering::SeqCst);
    }

    /// Whether it has broken since it was told to.
    #[must_use]
    pub fn has_broken(&self) -> bool {
        self.0.load(Ordering::SeqCst) == WHOLE
    }
}

fn lead(client: &TcpStream, server: &TcpStream, state: &Arc<AtomicU8>) {
    // Bytes since the last answer, shared by the two directions.
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let up =
        (client.try_clone().unwrap(), server.try_clone().unwrap(), Arc::clone(state), Arc::clone(&asked));
    thread::spawn(move || {
        let (from, to, state, asked) = up;
        carry(&from, &to, |bytes| {
            asked.fetch_add(bytes, Ordering::SeqCst);
            bytes < REQUEST_BYTES || !turns(&state, ANSWERED, WHOLE)
        });
    });
    let (from, to, state) = (server.try_clone().unwrap(), client.try_clone().unwrap(), Arc::clone(state));
    thread::spawn(move || {
        carry(&from, &to, |_| {
            if asked.swap(0, Ordering::SeqCst) < APPEND_BYTES {
                return true;
            }
            turns(&state, AFTER, ANSWERED);
            !turns(&state, BEFORE, WHOLE)
        });
    });
}

fn turns(state: &AtomicU8, from: u8, to: u8) -> bool {
    state.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
}

/// Carries bytes for as long as they may pass. Then both ends are shut.
fn carry(mut from: &TcpStream, mut to: &TcpStream, mut may_pass: impl FnMut(usize) -> bool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(bytes) = from.read(&mut buffer) {
        if bytes == 0 || !may_pass(bytes) || to.write_all(&buffer[..bytes]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
