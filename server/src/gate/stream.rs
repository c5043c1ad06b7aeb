//! A connection that passed the gate.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::PeerKey;
use super::connections::Registered;

/// The bytes of one peer. Reads fail once [`Connections::close`](super::Connections::close) named its key,
/// which ends the connection and every call on it.
pub struct PeerStream {
    tls: TlsStream<TcpStream>,
    peer: PeerKey,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
    _registered: Registered,
    _place: OwnedSemaphorePermit,
}

impl PeerStream {
    pub(super) fn new(
        tls: TlsStream<TcpStream>,
        peer: PeerKey,
        registered: Registered,
        place: OwnedSemaphorePermit,
    ) -> Self {
        Self { tls, peer, closing: Box::pin(registered.closing()), _registered: registered, _place: place }
    }

    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> PeerKey {
        self.peer
    }

    /// Whether small writes go out at once.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.tls.get_ref().0.nodelay()
    }
}

impl AsyncRead for PeerStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // An HTTP/2 connection always has a read waiting, so this is where it is woken to close.
        if self.closing.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.tls).poll_read(cx, buffer)
    }
}

impl AsyncWrite for PeerStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tls.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(cx)
    }
}
