//! The wire: decodes and bounds what comes in, calls a verb, encodes what it answers. Nothing is decided here.

mod enrol;
pub mod files;
mod invitations;
mod log;
mod publication;
mod serve;
mod server;
mod status;
mod stream;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chancery_core::error::WireReason;
use tonic::{Request, Response, Status};
use tracing::Instrument as _;

use crate::app::{App, AppError, Caller};
use crate::gate::PeerKey;

pub use log::Log;
pub use serve::{ServeError, serve, serve_with};
pub(crate) use status::status;

/// The peer at the other end of the connection, as the gate knows it.
pub(crate) fn peer<T>(request: &Request<T>) -> Result<PeerKey, AppError> {
    request.extensions().get::<PeerKey>().copied().ok_or(AppError::Bug("a call without a peer"))
}

/// The peer as the directory knows it.
pub(crate) async fn caller(app: &App, peer: &PeerKey) -> Result<Caller, AppError> {
    app.caller(peer.key).await
}

/// As [`caller`], where strangers have no business.
pub(crate) async fn enrolled(app: &App, peer: &PeerKey) -> Result<Caller, AppError> {
    let caller = caller(app, peer).await?;
    if caller.is_enrolled() { Ok(caller) } else { Err(WireReason::NotEnrolled.into()) }
}

/// Runs a unary call in its span and gives its errors their place on the wire.
pub(crate) async fn answer<T>(
    rpc: &'static str,
    work: impl Future<Output = Result<T, AppError>>,
) -> Result<Response<T>, Status> {
    let work = async { work.await.map(Response::new).map_err(|error| status(rpc, error)) };
    work.instrument(tracing::debug_span!("rpc", name = rpc)).await
}

/// An id or a digest of a request.
pub(crate) fn id<'b, T: TryFrom<&'b [u8]>>(bytes: &'b [u8]) -> Result<T, AppError> {
    T::try_from(bytes).map_err(|_| WireReason::Malformed.into())
}

/// A value of 32 bytes that is no id.
pub(crate) fn array(bytes: &[u8]) -> Result<[u8; 32], AppError> {
    bytes.try_into().map_err(|_| WireReason::Malformed.into())
}

/// The size of a page: what the caller wants, within `max`; 0 means the most.
pub(crate) fn page_size(wanted: u32, max: u32) -> u32 {
    if wanted == 0 { max } else { wanted.min(max) }
}

/// A page token, which is where the next page begins, in a form that nobody is tempted to write by hand.
pub(crate) fn page_token(list: u8, after: &[u8]) -> String {
    let mut token = vec![list];
    token.extend(after);
    URL_SAFE_NO_PAD.encode(token)
}

/// What stands in a page token of this list; empty for the first page.
pub(crate) fn read_page_token(list: u8, token: &str) -> Result<Vec<u8>, AppError> {
    if token.is_empty() {
        return Ok(Vec::new());
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| WireReason::PageToken)?;
    match bytes.split_first() {
        Some((first, after)) if *first == list && token.len() <= PAGE_TOKEN_BYTES_MAX => Ok(after.to_vec()),
        _ => Err(WireReason::PageToken.into()),
    }
}

/// The lists that have page tokens: a token of one is none of another.
pub(crate) mod lists {
    pub(crate) const CHANNELS: u8 = 1;
    pub(crate) const INVITATIONS: u8 = 2;
    pub(crate) const DISCLOSED: u8 = 3;
}

const PAGE_TOKEN_BYTES_MAX: usize = 128;

#[cfg(test)]
mod tests;
