//! Checking what is kept against itself: every log is replayed from its first entry, everything that stands
//! beside an entry is compared with what the entry names, every projection with the logs, every file with
//! the database. Nothing is changed, and nothing is taken on trust.

mod beside;
mod cosignatures;
mod files;
mod logs;
mod publications;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;

use chancery_core::act::Audience;
use chancery_core::id::{ActId, ChannelId, DeviceId, Digest, FileId, KeyId};
use chancery_core::mechanism::Mechanism;
use chancery_core::state::{Channel, Directory};

pub(super) use publications::follow;

use super::AppError;
use super::replay::Fault;
use crate::blobs::Blobs;
use crate::store::db::Pool;

/// What is checked.
pub struct Check<'a> {
    /// The database.
    pub pool: &'a Pool,
    /// The bytes of files.
    pub blobs: &'a Blobs,
    /// The rules as data.
    pub mechanism: &'a Mechanism,
    /// Hash of the file that they are in.
    pub mechanism_digest: Digest,
    /// Fingerprint of the root.
    pub root: KeyId,
    /// Whether to hash every file.
    pub deep: bool,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// An entry does not follow from those before it; the rest of its log was not read.
    Entry {
        /// The channel.
        channel: ChannelId,
        /// Its index.
        index: u64,
        /// What is wrong.
        fault: Fault,
    },
    /// The mechanism file is not the one that the deployment was founded with.
    Mechanism,
    /// A column says something else than the entry.
    Column {
        /// The channel.
        channel: ChannelId,
        /// Index of the entry.
        index: u64,
        /// The column.
        column: &'static str,
    },
    /// What stands beside an entry is not what the entry names.
    Beside {
        /// The channel.
        channel: ChannelId,
        /// Index of the entry.
        index: u64,
        /// What it is.
        what: &'static str,
    },
    /// A channel's row is not as the logs say. `rebuild` puts it right.
    Row {
        /// The channel.
        channel: ChannelId,
        /// The column.
        column: &'static str,
    },
    /// The citations of an entry are not those of its act. `rebuild` puts them right.
    Citations {
        /// The channel.
        channel: ChannelId,
        /// Index of the entry.
        index: u64,
    },
    /// A publication log and the strands do not agree.
    Publication {
        /// To whom.
        audience: Audience,
        /// Index in the publication log; none for a statement that is missing there.
        index: Option<u64>,
        /// What is wrong.
        what: &'static str,
    },
    /// What a device is said to have verified is not its word, or not of this log.
    Cosignature {
        /// The channel.
        channel: ChannelId,
        /// The device.
        device: DeviceId,
        /// What is wrong.
        what: &'static str,
    },
    /// A file is not as the database says.
    File {
        /// The file.
        file: FileId,
        /// What is wrong.
        what: &'static str,
    },
    /// A file of the store that the database does not know: left by an upload that was cut off.
    Leftover {
        /// The file.
        file: FileId,
    },
}

impl Finding {
    /// What is wrong with a log whose row says `size` and of which `found` entries are there.
    fn of_size(channel: ChannelId, size: u64, found: u64) -> Option<Self> {
        match size.cmp(&found) {
            Ordering::Greater => Some(Self::Entry { channel, index: found, fault: Fault::Missing(size) }),
            Ordering::Less => Some(Self::Row { channel, column: "size" }),
            Ordering::Equal => None,
        }
    }

    /// Whether something is wrong, and not only left over.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        !matches!(self, Self::Leftover { .. })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry { channel, index, fault } => {
                write!(
                    f,
                    "channel {channel} entry {index}: {fault}; the log was not read further; restore a backup"
                )
            }
            Self::Mechanism => f.write_str(
                "mechanism.toml is not the file that the deployment was founded with; put that one back",
            ),
            Self::Column { channel, index, column } => {
                write!(f, "channel {channel} entry {index}: its column {column} is not what the entry says")
            }
            Self::Beside { channel, index, what } => {
                write!(f, "channel {channel} entry {index}: its {what} is not what the act names")
            }
            Self::Row { channel, column } => {
                write!(f, "channel {channel}: its {column} is not what the logs say; rebuild puts it right")
            }
            Self::Citations { channel, index } => write!(
                f,
                "channel {channel} entry {index}: its citations are not the act's; rebuild puts them right"
            ),
            Self::Publication { audience, index: Some(index), what } => {
                write!(f, "publication {} entry {index}: {what}", audience.as_str())
            }
            Self::Publication { audience, index: None, what } => {
                write!(f, "publication {}: {what}", audience.as_str())
            }
            Self::Cosignature { channel, device, what } => {
                write!(f, "channel {channel}, cosignature of device {device}: {what}")
            }
            Self::File { file, what } => write!(f, "file {file}: {what}"),
            Self::Leftover { file } => {
                write!(f, "file {file}: left by an upload that was cut off; nothing refers to it")
            }
        }
    }
}

/// What the logs together say.
#[derive(Default)]
struct Said {
    /// Statements that strands have put into publications, by audience and the entry's id.
    statements: HashMap<(Audience, ActId), Statement>,
    /// Files that entries cite, with the channel of one of them and its index.
    cited: Cited,
    /// Channels that reviews have opened, with their review.
    opened: HashMap<ChannelId, ChannelId>,
}

struct Statement {
    signed: bytes::Bytes,
    log_time_ms: u64,
}

impl Check<'_> {
    /// Checks everything and tells each finding as it comes. Returns the number of entries read.
    pub async fn run(&self, tell: &mut dyn FnMut(Finding)) -> Result<u64, AppError> {
        let mut said = Said::default();
        let mut entries = 0;
        let Some(directory) = self.directory(tell, &mut entries).await? else { return Ok(entries) };
        if directory.foundation.as_ref().is_some_and(|found| found.mechanism != self.mechanism_digest) {
            tell(Finding::Mechanism);
        }
        let reviews = self.reviews(&directory, &mut said, tell, &mut entries).await?;
        self.others(&directory, &reviews, &mut said, tell, &mut entries).await?;
        for audience in Audience::ALL {
            self.publication(audience, &mut said, tell, &mut entries).await?;
        }
        for (audience, _) in said.statements.keys().copied() {
            let what = "a statement of a strand is missing in its log";
            tell(Finding::Publication { audience, index: None, what });
        }
        self.files(said.cited, tell).await?;
        Ok(entries)
    }
}

/// Files that are cited, and where.
type Cited = HashMap<FileId, (ChannelId, u64)>;

/// Reviews as they stand, by id.
type Reviews = HashMap<ChannelId, Channel>;

/// What a log is replayed into.
enum Replayed<'a> {
    Directory(&'a mut Directory),
    Channel { directory: &'a Directory, review: Option<&'a Channel>, channel: &'a mut Channel },
}

#[cfg(test)]
mod tests;
