//! Installing the deployment's certificate: the root's first act, entry 0 of the directory.

use bytes::Bytes;
use chancery_core::act::{Audience, SignedAct, Statement};
use chancery_core::error::Reason;
use chancery_core::id::{Digest, KeyId};
use chancery_core::log::leaf_hash;
use chancery_core::mechanism::{ChannelKind, Mechanism};
use chancery_core::name::{directory_channel, publication_channel};
use chancery_core::state::Directory;

use super::replay::{Fault, replay_directory};
use crate::store::db::{DbError, Pool, Source};
use crate::store::log::{self, EntryRow, Grow, NewRows};

/// What this server has, and what its certificate must name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own {
    /// Fingerprint of the root that was asked.
    pub root: KeyId,
    /// The public log key.
    pub log_key: [u8; 32],
    /// Key id of the TLS key.
    pub server_tls_key: KeyId,
    /// SHA-256 of the mechanism file.
    pub mechanism: Digest,
}

/// The certificate is not installed. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertifyError {
    /// The file is not a deployment's certificate, or the root has not signed it.
    #[error("the file is not a certificate of this root: {0}. Ask the custodians for it again")]
    NotACertificate(Fault),
    /// It is for another server.
    #[error(
        "the certificate names another {0} than this server has. Ask the custodians to certify the line that `chancery-server init` prints here"
    )]
    OtherServer(&'static str),
    /// The database belongs to a deployment already.
    #[error(
        "this data folder is certified already, by another act. Use an empty folder for a new deployment"
    )]
    CertifiedAlready,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Founds the deployment in the database: the directory with its first entry, and the two publications. The
/// same certificate again changes nothing.
pub async fn certify(
    pool: &Pool,
    own: &Own,
    mechanism: &Mechanism,
    certificate: Bytes,
    now_ms: u64,
) -> Result<(), CertifyError> {
    let act = check(own, mechanism, &certificate, now_ms)?;
    let channel = directory_channel(&own.root);
    let mut tx = pool.begin().await?;
    if log::channel(&mut Source::Tx(&mut tx), &channel).await?.is_some() {
        let first = log::entry(&mut Source::Tx(&mut tx), &channel, 0).await?;
        let same = first.is_some_and(|entry| entry.signed == certificate);
        return if same { Ok(()) } else { Err(CertifyError::CertifiedAlready) };
    }
    let publications = Audience::ALL.map(|audience| publication_channel(&own.root, audience));
    let mut channels = vec![(channel, ChannelKind::Directory, None)];
    channels.extend(publications.map(|id| (id, ChannelKind::Publication, None)));
    let entry = EntryRow {
        channel,
        index: 0,
        act_id: act.content().header.act_id,
        leaf: leaf_hash(&certificate, now_ms),
        signed: certificate,
        log_time_ms: now_ms,
    };
    let rows = NewRows { channels, entries: vec![entry], ..NewRows::default() };
    log::insert(&mut tx, &rows).await?;
    if !log::grow(&mut tx, &Grow { channel, from: 0, to: 1, last_log_time_ms: now_ms }).await? {
        return Err(CertifyError::CertifiedAlready);
    }
    Ok(tx.commit().await?)
}

/// The same checks as for every other act, and then that it names this server.
fn check(
    own: &Own,
    mechanism: &Mechanism,
    certificate: &Bytes,
    now_ms: u64,
) -> Result<SignedAct, CertifyError> {
    let act = SignedAct::decode(certificate.clone())
        .map_err(|error| CertifyError::NotACertificate(error.into()))?;
    replay_directory(mechanism, &mut Directory::new(own.root), certificate.clone(), now_ms)
        .map_err(CertifyError::NotACertificate)?;
    let Statement::FoundDirectory(named) = &act.content().statement else {
        return Err(CertifyError::NotACertificate(Reason::NotGenesis.into()));
    };
    if named.log_key != own.log_key {
        return Err(CertifyError::OtherServer("log key"));
    }
    if named.server_tls_key != own.server_tls_key {
        return Err(CertifyError::OtherServer("TLS key"));
    }
    if named.mechanism != own.mechanism {
        return Err(CertifyError::OtherServer("mechanism file"));
    }
    Ok(act)
}
