//! What the server does: one verb, one file; every write is one transaction.
//!
//! A verb takes typed values and a [`Caller`], asks the policy who may, and answers typed values. The wire is
//! not known here.

pub mod append;
mod audit;
mod caller;
pub mod certify;
pub mod check;
mod cosign;
pub mod disclosed;
pub mod download;
pub mod enrol;
mod error;
pub mod garbage;
pub mod invitations;
mod log_key;
pub mod poll;
pub mod read;
pub mod rebuild;
mod recent;
pub mod recover;
pub mod replay;
mod sweep;
mod tries;
pub mod upload;
pub mod watch;
pub mod world;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use chancery_core::error::WireReason;
use chancery_core::id::{ChannelId, Digest, KeyId};
use chancery_core::mechanism::Mechanism;
use chancery_core::policy;
use chancery_core::state::Directory;
use tokio_util::sync::CancellationToken;

use crate::blobs::Blobs;
use crate::feed::Feed;
use crate::gate::Connections;
use crate::store::db::{Engine, Pool, Source};
use crate::store::log;

use append::Writer;
pub use caller::{Caller, CallingPerson};
pub use error::AppError;
pub use log_key::{LogKey, NotALogKey};
use recent::Recent;
use world::{Kept, View, World};

/// The clock, so that tests can turn it: milliseconds of UTC.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What an [`App`] is made of.
pub struct Parts {
    /// The database.
    pub pool: Pool,
    /// The bytes of files.
    pub blobs: Blobs,
    /// The gate's open connections.
    pub connections: Connections,
    /// The mechanism file.
    pub mechanism_file: Bytes,
    /// The key that signs checkpoints.
    pub log_key: LogKey,
    /// Key id of the server's TLS key.
    pub server_tls_key: KeyId,
    /// Fingerprint of the root.
    pub root: KeyId,
    /// The clock.
    pub clock: Clock,
}

/// Why a deployment cannot be served. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The root has not certified this server.
    #[error(
        "the root has not certified this server. Send the line that `chancery-server init` printed to the \
         custodians, and install what they send back with `chancery-server certify`"
    )]
    NotCertified,
    /// The certificate names something else than this server has.
    #[error("the deployment's certificate names another {0} than this server has; restore it from a backup")]
    OtherThanCertified(&'static str),
    /// The mechanism file does not parse.
    #[error("the mechanism file is not one: {0}")]
    Mechanism(String),
    /// The directory could not be read.
    #[error(transparent)]
    App(#[from] AppError),
}

/// The state that all calls share. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Shared>);

struct Shared {
    pool: Pool,
    blobs: Blobs,
    feed: Feed,
    connections: Connections,
    world: Arc<World>,
    writer: Writer,
    recent: Arc<Recent>,
    tries: tries::Tries,
    stopping: CancellationToken,
    mechanism: Arc<Mechanism>,
    mechanism_file: Bytes,
    log_key: LogKey,
    root: KeyId,
    clock: Clock,
}

impl App {
    /// Reads the directory, checks that it is this server's, and begins to work.
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let text = std::str::from_utf8(&parts.mechanism_file)
            .map_err(|_| StartError::Mechanism("it is not UTF-8".to_owned()))?;
        let mechanism =
            Arc::new(Mechanism::parse(text).map_err(|error| StartError::Mechanism(error.to_string()))?);
        let world = Arc::new(World::new(parts.root, mechanism.clone()));
        let feed = Feed::default();
        let recent = Arc::new(Recent::default());
        let writer = Writer::start(append::Group {
            pool: parts.pool.clone(),
            world: world.clone(),
            mechanism: mechanism.clone(),
            feed: feed.clone(),
            recent: recent.clone(),
            connections: parts.connections.clone(),
            clock: parts.clock.clone(),
            uncertain: AtomicBool::new(false),
        });
        let app = Self(Arc::new(Shared {
            pool: parts.pool,
            blobs: parts.blobs,
            feed,
            connections: parts.connections,
            world,
            writer,
            recent,
            tries: tries::Tries::default(),
            stopping: CancellationToken::new(),
            mechanism,
            mechanism_file: parts.mechanism_file,
            log_key: parts.log_key,
            root: parts.root,
            clock: parts.clock,
        }));
        let directory = app.load_directory().await?;
        app.check_foundation(&directory.state, &parts.server_tls_key)?;
        Ok(app)
    }

    fn check_foundation(&self, directory: &Directory, server_tls_key: &KeyId) -> Result<(), StartError> {
        let foundation = directory.foundation.as_ref().ok_or(StartError::NotCertified)?;
        if foundation.log_key != *self.0.log_key.public() {
            return Err(StartError::OtherThanCertified("log key"));
        }
        if foundation.server_tls_key != *server_tls_key {
            return Err(StartError::OtherThanCertified("TLS key"));
        }
        if foundation.mechanism != Digest::of(&self.0.mechanism_file) {
            return Err(StartError::OtherThanCertified("mechanism file"));
        }
        Ok(())
    }

    /// The database.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.0.pool
    }

    /// The bytes of files.
    #[must_use]
    pub fn blobs(&self) -> &Blobs {
        &self.0.blobs
    }

    /// Wake-ups of watchers.
    #[must_use]
    pub fn feed(&self) -> &Feed {
        &self.0.feed
    }

    /// The gate's open connections.
    #[must_use]
    pub fn connections(&self) -> &Connections {
        &self.0.connections
    }

    /// The rules as data.
    #[must_use]
    pub fn mechanism(&self) -> &Mechanism {
        &self.0.mechanism
    }

    /// The mechanism file, byte for byte.
    #[must_use]
    pub fn mechanism_file(&self) -> &Bytes {
        &self.0.mechanism_file
    }

    /// Fingerprint of the root.
    #[must_use]
    pub fn root(&self) -> KeyId {
        self.0.root
    }

    /// Folded states.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.0.world
    }

    /// Resolves when the server stops: streams end then, and appends under way finish.
    #[must_use]
    pub fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    fn tries(&self) -> &tries::Tries {
        &self.0.tries
    }

    fn writer(&self) -> &Writer {
        &self.0.writer
    }

    /// The public key of checkpoints.
    fn log_key(&self) -> &[u8; 32] {
        self.0.log_key.public()
    }

    /// Milliseconds of UTC.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        (self.0.clock)()
    }

    /// The signed note of a channel's size, as it stands in `view`. A view is of what is committed, so the
    /// size is durable.
    #[must_use]
    pub fn checkpoint(&self, channel: &ChannelId, view: &View) -> String {
        view.note(|| self.0.log_key.checkpoint(&self.0.root, channel, view.log().head())).to_owned()
    }

    /// The newest directory.
    pub async fn directory(&self) -> Result<Arc<Kept<Directory>>, AppError> {
        if self.is_the_only_writer() {
            Ok(self.0.world.kept_directory())
        } else {
            self.load_directory().await
        }
    }

    /// Any channel as it stands, whoever asks; none if there is none.
    pub async fn view(&self, id: &ChannelId) -> Result<Option<View>, AppError> {
        if self.is_the_only_writer()
            && let Some(view) = self.0.world.kept_view(id)
        {
            return Ok(Some(view));
        }
        let mut source = Source::Pool(&self.0.pool);
        match log::channel(&mut source, id).await? {
            Some(row) => Ok(Some(self.0.world.view_of(&mut source, &row).await?)),
            None => Ok(None),
        }
    }

    /// A channel as it stands, for a caller who may read it.
    ///
    /// # Errors
    /// [`AppError::NOT_FOUND`], the same for what is absent and for what is forbidden.
    pub async fn readable(&self, caller: &Caller, id: &ChannelId) -> Result<View, AppError> {
        let view = self.view(id).await?.ok_or(AppError::NOT_FOUND)?;
        let directory = self.directory().await?;
        if caller.reads(&directory.state, &view, self.now_ms()) { Ok(view) } else { Err(AppError::NOT_FOUND) }
    }

    /// Who holds a TLS key.
    pub async fn caller(&self, tls_key: KeyId) -> Result<Caller, AppError> {
        let directory = self.directory().await?;
        Ok(Caller::of(&directory.state, tls_key, self.now_ms()))
    }

    /// On SQLite this process alone writes, so what it keeps is the newest there is.
    fn is_the_only_writer(&self) -> bool {
        self.0.pool.engine() == Engine::Sqlite
    }

    async fn load_directory(&self) -> Result<Arc<Kept<Directory>>, AppError> {
        let mut source = Source::Pool(&self.0.pool);
        let row = log::channel(&mut source, &self.0.world.directory_id()).await?;
        self.0.world.directory_at(&mut source, row.map_or(0, |row| row.size)).await
    }
}

impl Caller {
    /// Whether the caller reads a channel at this time.
    #[must_use]
    pub fn reads(&self, directory: &Directory, view: &View, now_ms: u64) -> bool {
        let now = directory.now(now_ms);
        let person = match self {
            Self::Stranger { .. } => return false,
            Self::Custodian { .. } => return matches!(view, View::Directory(_)),
            // As the newest directory knows the person, who may have left since the call began.
            Self::Person(caller) => {
                let person =
                    now.person(&caller.user).filter(|person| person.device(&caller.device).is_some());
                match person {
                    Some(person) => person,
                    None => return false,
                }
            }
        };
        match view {
            View::Directory(_) => true,
            View::Publication(audience, _) => match audience {
                chancery_core::act::Audience::Public => true,
                chancery_core::act::Audience::AllParties => policy::reads_all_parties(&now, &person),
            },
            View::Channel { channel, .. } => {
                view.roster().is_some_and(|roster| policy::reads(&channel.state, roster, &now, &person))
            }
        }
    }

    /// The person, where only persons of the directory may call.
    pub fn person(&self) -> Result<&CallingPerson, AppError> {
        match self {
            Self::Person(person) => Ok(person),
            Self::Custodian { .. } => Err(WireReason::NotYours.into()),
            Self::Stranger { .. } => Err(WireReason::NotEnrolled.into()),
        }
    }
}
