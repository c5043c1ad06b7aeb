//! The container of a bundle: a ZIP, read under limits.

use std::io::{Read, Seek};

use chancery_core::act::RenditionFile;
use chancery_core::limits::{FILES_PER_POST_MAX, PAYLOAD_BYTES_MAX};
use chancery_core::log::ENTRY_PROOF_BYTES_MAX;
use chancery_seal::file::{CONTENT_BYTES_MAX, SealedHash};
use zip::{CompressionMethod, ZipArchive};

use super::{
    ADMIT_STATE, ATTACHMENTS, BODY, BundleError, BundleFault, CERTIFY_STATE_KEY, FORMAT, FORMAT_CONTENT,
    FOUND_DIRECTORY, GRANT, PROOF, RENDITION, REVISION_KEY, SUCCESSIONS, wrong,
};

const MEMBER_BYTES_MAX: u64 = PAYLOAD_BYTES_MAX as u64 + 256;
const FIXED: [(&str, bool); 8] = [
    (FORMAT, false),
    (FOUND_DIRECTORY, true),
    (ADMIT_STATE, true),
    (CERTIFY_STATE_KEY, true),
    (GRANT, true),
    (BODY, false),
    (REVISION_KEY, false),
    (RENDITION, false),
];
/// Keys of a State after the one that the root certified.
const SUCCESSIONS_MAX: usize = 256;
const MEMBERS_MAX: usize = 12 + SUCCESSIONS_MAX + FILES_PER_POST_MAX;
const BUFFER_BYTES: usize = 64 * 1024;

/// Why a container is refused.
#[derive(Debug, thiserror::Error)]
pub enum ContainerFault {
    /// Not a ZIP, or damaged.
    #[error("the file is not a readable ZIP: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// It cannot be read.
    #[error("it could not be read: {0}")]
    Io(#[from] std::io::Error),
    /// Too many members.
    #[error("the bundle has {0} members; at most {MEMBERS_MAX} are allowed")]
    TooMany(usize),
    /// Two members of one name, or two that share bytes.
    #[error("two members have one name or share their bytes")]
    Ambiguous,
    /// A member that does not belong.
    #[error("the format has no such member")]
    Unknown,
    /// A member that is not there.
    #[error("the member is missing")]
    Missing,
    /// Compressed or encrypted.
    #[error("the member is not stored plainly")]
    NotStored,
    /// Too long, or of another length than it must have.
    #[error("the member has {found} bytes; {bytes} are expected")]
    Length {
        /// What is allowed or expected.
        bytes: u64,
        /// What was found.
        found: u64,
    },
}

/// The members of a bundle.
pub(super) struct Members<R> {
    zip: ZipArchive<R>,
}

impl<R: Read + Seek> Members<R> {
    /// Opens the container: only known members, each once, each stored, the first of them the format's.
    pub(super) fn open(reader: R) -> Result<Self, BundleError> {
        let container = |fault: ContainerFault| wrong("bundle", fault);
        let mut zip = ZipArchive::new(reader).map_err(|fault| container(fault.into()))?;
        if zip.len() > MEMBERS_MAX {
            return Err(container(ContainerFault::TooMany(zip.len())));
        }
        if zip.has_duplicate_names()
            || zip.has_overlapping_entries().map_err(|fault| container(fault.into()))?
        {
            return Err(container(ContainerFault::Ambiguous));
        }
        zip.validate_header_consistency().map_err(|fault| container(fault.into()))?;
        for index in 0..zip.len() {
            let file = zip.by_index_raw(index).map_err(|fault| container(fault.into()))?;
            let name = String::from_utf8_lossy(file.name_raw()).into_owned();
            if !is_known(&name) {
                return Err(wrong(&name, ContainerFault::Unknown));
            }
            if file.compression() != CompressionMethod::Stored || file.encrypted() {
                return Err(wrong(&name, ContainerFault::NotStored));
            }
            if index == 0 && name != FORMAT {
                return Err(wrong(FORMAT, BundleFault::UnknownFormat));
            }
        }
        let mut members = Self { zip };
        if members.read(FORMAT)? == FORMAT_CONTENT {
            Ok(members)
        } else {
            Err(wrong(FORMAT, BundleFault::UnknownFormat))
        }
    }

    /// A member that is not an attachment.
    pub(super) fn read(&mut self, name: &str) -> Result<Vec<u8>, BundleError> {
        let max = if name.ends_with(PROOF) { ENTRY_PROOF_BYTES_MAX as u64 } else { MEMBER_BYTES_MAX };
        self.take(name, max).map_err(|fault| wrong(name, fault))
    }

    fn take(&mut self, name: &str, max: u64) -> Result<Vec<u8>, ContainerFault> {
        let mut file = member(&mut self.zip, name)?;
        let found = file.size();
        if found > max {
            return Err(ContainerFault::Length { bytes: max, found });
        }
        let mut bytes = Vec::new();
        // The size in the directory is a claim: what is read is bounded by itself.
        (&mut file).take(max + 1).read_to_end(&mut bytes)?;
        let read = bytes.len() as u64;
        if read == found { Ok(bytes) } else { Err(ContainerFault::Length { bytes: found, found: read }) }
    }

    /// How many successions there are, from the first without a gap.
    pub(super) fn successions(&self) -> Result<usize, BundleError> {
        let there = |place: &usize| self.zip.index_for_name_raw(succession(*place).as_bytes()).is_some();
        let count = (0..SUCCESSIONS_MAX).take_while(there).count();
        if (count..SUCCESSIONS_MAX).any(|place| there(&place)) {
            return Err(wrong(&succession(count), ContainerFault::Missing));
        }
        Ok(count)
    }

    /// Checks that the attachments are exactly these files.
    pub(super) fn check_attachments(&mut self, files: &[RenditionFile]) -> Result<(), BundleError> {
        for (place, expected) in files.iter().enumerate() {
            let name = attachment(place);
            self.check_attachment(&name, expected).map_err(|fault| wrong(&name, fault))?;
        }
        let surplus = attachment(files.len());
        let expected = 12 + self.successions()? + files.len();
        if self.zip.len() == expected { Ok(()) } else { Err(wrong(&surplus, ContainerFault::Unknown)) }
    }

    fn check_attachment(&mut self, name: &str, expected: &RenditionFile) -> Result<(), BundleFault> {
        let mut file = member(&mut self.zip, name)?;
        let found = file.size();
        if found != expected.length || found > CONTENT_BYTES_MAX {
            return Err(ContainerFault::Length { bytes: expected.length, found }.into());
        }
        let mut hash = SealedHash::new();
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut file = (&mut file).take(expected.length + 1);
        let mut read = 0_u64;
        loop {
            let count = file.read(&mut buffer).map_err(ContainerFault::Io)?;
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
            read += count as u64;
        }
        let same = read == expected.length && hash.finish() == expected.sha256;
        if same { Ok(()) } else { Err(BundleFault::NotAsExchanged) }
    }
}

fn member<'a, R: Read + Seek>(
    zip: &'a mut ZipArchive<R>,
    name: &str,
) -> Result<zip::read::ZipFile<'a, R>, ContainerFault> {
    let index = zip.index_for_name_raw(name.as_bytes()).ok_or(ContainerFault::Missing)?;
    Ok(zip.by_index(index)?)
}

fn is_known(name: &str) -> bool {
    let fixed = FIXED
        .iter()
        .any(|(fixed, proved)| name == *fixed || (*proved && name.strip_prefix(fixed) == Some(PROOF)));
    fixed
        || (0..SUCCESSIONS_MAX).any(|place| name == succession(place))
        || (0..FILES_PER_POST_MAX).any(|place| name == attachment(place))
}

pub(super) fn succession(place: usize) -> String {
    format!("{SUCCESSIONS}{place:03}")
}

pub(super) fn attachment(place: usize) -> String {
    format!("{ATTACHMENTS}{place:03}")
}
