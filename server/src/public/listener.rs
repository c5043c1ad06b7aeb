//! The listener: HTTP/1, everything bounded.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Public;
use crate::app::App;

/// Limits on strangers.
#[derive(Debug, Clone, Copy)]
pub struct PublicLimits {
    /// Connections open at once.
    pub connections_max: usize,
    /// Longest wait for the head of a request, also between two requests.
    pub head_max: Duration,
    /// Longest life of a connection.
    pub connection_max: Duration,
    /// Bytes of the head of a request.
    pub head_bytes_max: usize,
    /// How long requests under way may go on when the server stops.
    pub drain_max: Duration,
}

impl Default for PublicLimits {
    fn default() -> Self {
        Self {
            connections_max: 1_024,
            head_max: Duration::from_secs(10),
            connection_max: Duration::from_hours(1),
            head_bytes_max: 16 * 1024,
            drain_max: Duration::from_secs(10),
        }
    }
}

/// Serves the public pages until told to stop; then ends what is under way, within its limit.
pub async fn serve(listener: TcpListener, app: App, limits: PublicLimits, stop: CancellationToken) {
    let public = Public::new(app);
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((tcp, _)) => {
                if let Ok(place) = places.clone().try_acquire_owned() {
                    connections.spawn(connection(tcp, place, public.clone(), limits, stop.clone()));
                } else {
                    // Closed at once: its owner learns of it now, not by a timeout.
                    tracing::warn!(limits.connections_max, "public connection refused: no place");
                }
            }
            Err(error) => {
                // Most likely no file descriptor is left: at full speed this loop would take a core.
                tracing::warn!(kind = %error.kind(), "a public connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    let _ = tokio::time::timeout(limits.drain_max, connections.wait()).await;
}

async fn connection(
    tcp: TcpStream,
    place: OwnedSemaphorePermit,
    public: Public,
    limits: PublicLimits,
    stop: CancellationToken,
) {
    let _place = place;
    let _ = tcp.set_nodelay(true);
    let service = service_fn(|request| {
        let public = public.clone();
        async move { Ok::<_, Infallible>(public.answer(&request).await) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_max)
        .max_buf_size(limits.head_bytes_max)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(tcp), service);
    tokio::pin!(serving);
    let ended = tokio::time::timeout(limits.connection_max, async {
        tokio::select! {
            ended = serving.as_mut() => ended,
            () = stop.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        }
    });
    if let Ok(Err(error)) = ended.await {
        // Not its text, which may quote what a stranger sent.
        tracing::debug!(timeout = error.is_timeout(), parse = error.is_parse(), "a public connection ended");
    }
}

const HEADERS_MAX: usize = 64;
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
