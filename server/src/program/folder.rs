//! The data folder: the server's two keys, the mechanism file, the root it belongs to. One process at a time.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use chancery_core::act::ServerRequest;
use chancery_core::id::{Digest, KeyId};
use chancery_core::limits::MECHANISM_BYTES_MAX;
use chancery_core::mechanism::Mechanism;
use chancery_server::app::LogKey;
use chancery_server::app::certify::Own;
use chancery_server::gate::ServerIdentity;
use chancery_server::random::make_ed25519_key;
use zeroize::Zeroizing;

/// What stands in a data folder beside the database and the files.
pub(crate) struct Folder {
    pub(crate) root: KeyId,
    pub(crate) identity: ServerIdentity,
    pub(crate) log_key: LogKey,
    pub(crate) mechanism_file: Bytes,
    /// Locked while this process works in the folder.
    _lock: File,
}

impl Folder {
    /// Makes the folder, its keys and its copy of the mechanism file. An existing one is left as it is, if it
    /// is of this root and this mechanism.
    pub(crate) fn make(data: &Path, root: KeyId, mechanism: &Path) -> anyhow::Result<Self> {
        let file = read_mechanism(mechanism)?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data)
            .with_context(|| format!("cannot make the folder {}", data.display()))?;
        if data.join(ROOT).exists() {
            let there = Self::open(data)?;
            if there.root != root || there.mechanism_file != file {
                bail!(
                    "{} belongs to another root or mechanism; nothing was changed. Choose an empty folder",
                    data.display()
                );
            }
            return Ok(there);
        }
        write_new(&data.join(TLS_KEY), &ServerIdentity::make_key()?)?;
        write_new(&data.join(LOG_KEY), &make_ed25519_key()?)?;
        write_new(&data.join(MECHANISM), &file)?;
        // Last: a folder without it was not finished.
        write_new(&data.join(ROOT), format!("{root}\n").as_bytes())?;
        Self::open(data)
    }

    /// Opens a folder that `init` has made, for this process alone.
    pub(crate) fn open(data: &Path) -> anyhow::Result<Self> {
        let Ok(root) = fs::read_to_string(data.join(ROOT)) else {
            bail!("{} is no data folder; make one with `chancery-server init`", data.display())
        };
        let root =
            root.trim().parse().with_context(|| format!("{} is damaged", data.join(ROOT).display()))?;
        let lock = lock(&data.join(LOCK))?;
        Ok(Self {
            root,
            identity: ServerIdentity::from_pkcs8(&read_key(&data.join(TLS_KEY))?)?,
            log_key: LogKey::from_pkcs8(&read_key(&data.join(LOG_KEY))?)?,
            mechanism_file: read_mechanism(&data.join(MECHANISM))?,
            _lock: lock,
        })
    }

    /// What the certificate must name.
    pub(crate) fn own(&self) -> Own {
        Own {
            root: self.root,
            log_key: *self.log_key.public(),
            server_tls_key: self.identity.key_id(),
            mechanism: Digest::of(&self.mechanism_file),
        }
    }

    /// The rules as data.
    pub(crate) fn mechanism(&self) -> anyhow::Result<Mechanism> {
        parse(&self.mechanism_file)
    }

    /// The line that the custodians certify.
    pub(crate) fn request(&self, address: &str) -> anyhow::Result<String> {
        let own = self.own();
        let request = ServerRequest {
            root: own.root,
            log_key: own.log_key,
            server_tls_key: own.server_tls_key,
            mechanism: own.mechanism,
            address: address.to_owned(),
        };
        let line = request.line(&self.log_key.sign(&request.signing_input()));
        ServerRequest::read(&line).context("the address is not HOST:PORT")?;
        Ok(line)
    }
}

fn read_mechanism(path: &Path) -> anyhow::Result<Bytes> {
    let bytes =
        fs::read(path).with_context(|| format!("cannot read the mechanism file {}", path.display()))?;
    if bytes.len() > MECHANISM_BYTES_MAX {
        bail!("{} is larger than a mechanism file may be", path.display());
    }
    parse(&bytes).with_context(|| path.display().to_string())?;
    Ok(bytes.into())
}

fn parse(bytes: &[u8]) -> anyhow::Result<Mechanism> {
    let text = std::str::from_utf8(bytes).context("the mechanism file is not UTF-8")?;
    Mechanism::parse(text).context("the mechanism file is not one")
}

fn read_key(path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let key = fs::read(path).with_context(|| format!("cannot read the key {}", path.display()))?;
    Ok(Zeroizing::new(key))
}

/// Writes a file that is not there yet, for its owner only, and makes it durable.
fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        File::open(folder)?.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

fn lock(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(path).with_context(|| format!("cannot write {}", path.display()))?;
    if file.try_lock().is_err() {
        bail!("another process works in this data folder; stop it first");
    }
    Ok(file)
}

const TLS_KEY: &str = "tls.key";
const LOG_KEY: &str = "log.key";
const MECHANISM: &str = "mechanism.toml";
const ROOT: &str = "root";
const LOCK: &str = "lock";
