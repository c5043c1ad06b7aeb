//! The link: the road from a device to the server. TLS 1.3 to the one key that the home pins, with the
//! device's own key as its name, and every rpc of `chancery.v1` in the types of `chancery-core`.
//!
//! Nothing that comes over the link is verified here: signatures, proofs and the policy are other modules'
//! business. What is checked is the form, so that nobody after it meets an id of the wrong length.

mod connect;
mod convert;
mod enrol;
mod error;
mod files;
mod log;
mod publication;
mod raw;
mod verifier;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use chancery_core::id::KeyId;
use chancery_core::limits::MESSAGE_BYTES_MAX;
use chancery_proto::v1;
use tonic::transport::Channel;

use crate::home::{ServerAddress, TlsIdentity};

pub use enrol::{Enrolment, EnrolmentRequest, IncomingInvitation, Redemption};
pub use error::{Code, LinkError};
pub use files::{Download, FileUse, UploadPart, Uploaded};
pub use log::{EntriesPage, ListedChannel, Watch, WatchEvent};
pub use publication::{Disclosed, DisclosedItem};
pub use raw::{RawError, RawRpc, rpcs};

/// A connection that is shared by its clones and made again when it was lost.
#[derive(Debug, Clone)]
pub struct Link {
    channel: Channel,
}

/// What the server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// The program's version.
    pub version: String,
    /// Fingerprint of the mechanism root.
    pub root: KeyId,
    /// The server's clock.
    pub time_ms: u64,
    /// The mechanism file; empty for a peer that is not in the directory.
    pub mechanism: Bytes,
}

impl Link {
    /// Connects, and proves the device's key.
    ///
    /// # Errors
    /// [`LinkError::WrongServer`] if another key than the pinned one answers, [`LinkError::Unavailable`].
    pub async fn connect(server: &ServerAddress, tls: &TlsIdentity) -> Result<Self, LinkError> {
        Ok(Self { channel: connect::connect(server, tls).await? })
    }

    /// Connects when it is first used.
    ///
    /// # Errors
    /// [`LinkError::Protocol`].
    pub fn later(server: &ServerAddress, tls: &TlsIdentity) -> Result<Self, LinkError> {
        Ok(Self { channel: connect::later(server, tls)? })
    }

    /// What the server says of itself.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn server(&self) -> Result<ServerInfo, LinkError> {
        let mut client = v1::server_service_client::ServerServiceClient::new(self.channel.clone());
        let answer = unary(client.get_server(v1::GetServerRequest {})).await?;
        Ok(ServerInfo {
            version: answer.version,
            root: convert::id(&answer.root_fingerprint, "root_fingerprint")?,
            time_ms: answer.server_time_ms,
            mechanism: answer.mechanism,
        })
    }
}

/// Awaits an rpc with one answer, for as long as any of them may take.
async fn unary<T>(
    call: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
) -> Result<T, LinkError> {
    let answer = tokio::time::timeout(CALL_MAX, call).await.map_err(|_| LinkError::timeout())?;
    Ok(answer.map_err(|status| LinkError::from_status(&status))?.into_inner())
}

/// A generated client with our limits. The generated types share no trait.
macro_rules! client {
    ($link:expr, $module:ident :: $client:ident) => {
        chancery_proto::v1::$module::$client::new($link.channel.clone())
            .max_decoding_message_size($crate::link::ANSWER_BYTES_MAX)
            .max_encoding_message_size($crate::link::ANSWER_BYTES_MAX)
    };
}
use client;

/// A message, either way, with room for its frame.
const ANSWER_BYTES_MAX: usize = MESSAGE_BYTES_MAX;
/// Longest wait for one answer.
const CALL_MAX: Duration = Duration::from_mins(1);
