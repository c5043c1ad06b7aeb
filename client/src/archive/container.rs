//! The container of a record: a ZIP in exactly one form.
//!
//! The `zip` crate reads many forms; a record has one, so that a changed byte anywhere in the file is found and
//! no two programs can see two different records in it. Whatever is read here is encoded again and compared.
//! Any ZIP program opens what is written here.

use std::io::{self, Read, Seek, SeekFrom, Write};

use chancery_core::id::Digest;
use chancery_seal::file::SealedHash;

/// Most members of a record.
pub const MEMBERS_MAX: u64 = 1_000_000;
/// Longest name of a member.
pub const NAME_BYTES_MAX: usize = 512;

/// A container is not in the one form, or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// It cannot be read.
    #[error("it could not be read: {0}")]
    Io(#[from] io::Error),
    /// Its end is not that of a container.
    #[error("the file is not a record, or its end is missing or damaged")]
    NotAContainer,
    /// It has more members than a record may.
    #[error("it has {0} members; at most {MEMBERS_MAX} are allowed")]
    TooMany(u64),
    /// What the container says of a member is not in the one form.
    #[error("the container was damaged here, or another program has written it anew")]
    Header(String),
    /// A name that no member may have.
    #[error("member {0} has a name that no member may have")]
    Name(u64),
    /// The content of a member has another checksum.
    #[error("its content is damaged")]
    Checksum(String),
    /// A member is longer than one of its kind may be.
    #[error("it has {length} bytes; at most {max} are allowed")]
    TooLarge {
        /// The member.
        name: String,
        /// Its length.
        length: u64,
        /// What is allowed.
        max: u64,
    },
}

impl ContainerError {
    /// The member at fault; none where the container as a whole is.
    #[must_use]
    pub fn member(&self) -> Option<&str> {
        match self {
            Self::Header(name) | Self::Checksum(name) | Self::TooLarge { name, .. } => Some(name),
            Self::Io(_) | Self::NotAContainer | Self::TooMany(_) | Self::Name(_) => None,
        }
    }
}

/// A member, as the container knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its length.
    pub length: u64,
    /// CRC-32 of its content.
    crc: u32,
    /// Where its local header starts.
    offset: u64,
}

/// Length, CRC-32 and SHA-256 of a content, taken while its bytes pass by.
pub struct Measure {
    length: u64,
    crc: crc32fast::Hasher,
    sha256: SealedHash,
}

/// What a content measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Bytes.
    pub length: u64,
    /// CRC-32.
    pub crc: u32,
    /// SHA-256.
    pub sha256: Digest,
}

impl Measure {
    /// Of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { length: 0, crc: crc32fast::Hasher::new(), sha256: SealedHash::new() }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        self.crc.update(bytes);
        self.sha256.update(bytes);
    }

    /// What they measure.
    #[must_use]
    pub fn finish(self) -> Measured {
        Measured { length: self.length, crc: self.crc.finalize(), sha256: self.sha256.finish() }
    }
}

impl Default for Measure {
    fn default() -> Self {
        Self::new()
    }
}

impl Measured {
    /// What `bytes` measure.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut measure = Measure::new();
        measure.update(bytes);
        measure.finish()
    }
}

/// Writes a container.
pub struct Writer<W> {
    out: W,
    position: u64,
    members: Vec<Member>,
}

impl<W: Write> Writer<W> {
    /// Begins one.
    pub fn new(out: W) -> Self {
        Self { out, position: 0, members: Vec::new() }
    }

    /// Adds a member, whose content measures `measured`.
    ///
    /// # Errors
    /// An [`io::Error`]; of kind `InvalidData` if the content is not what was measured.
    pub fn add(&mut self, name: &str, measured: &Measured, content: &mut dyn Read) -> io::Result<()> {
        let member = Member {
            name: name.to_owned(),
            length: measured.length,
            crc: measured.crc,
            offset: self.position,
        };
        self.out.write_all(&local_header(&member))?;
        let mut measure = Measure::new();
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let count = content.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            measure.update(&buffer[..count]);
            self.out.write_all(&buffer[..count])?;
        }
        if measure.finish() != *measured {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a file changed while it was archived"));
        }
        self.position = end_of(&member);
        self.members.push(member);
        Ok(())
    }

    /// Writes the directory and returns what was written to.
    ///
    /// # Errors
    /// An [`io::Error`].
    pub fn finish(mut self) -> io::Result<W> {
        let mut size = 0;
        for member in &self.members {
            let header = central_header(member);
            size += header.len() as u64;
            self.out.write_all(&header)?;
        }
        self.out.write_all(&end(self.members.len() as u64, self.position, size))?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// A container that is open for reading: its form is checked, the content of its members not yet.
pub struct Container<R> {
    reader: R,
    members: Vec<Member>,
}

impl<R: Read + Seek> Container<R> {
    /// Opens a container.
    ///
    /// # Errors
    /// [`ContainerError`]: the first thing that is not in the one form.
    pub fn open(mut reader: R) -> Result<Self, ContainerError> {
        let file_length = reader.seek(SeekFrom::End(0))?;
        let End { count, offset, size, length } = read_end(&mut reader, file_length)?;
        let whole = offset.checked_add(size).and_then(|sum| sum.checked_add(length));
        // Every member has a central header of at least this size, so that a count is bounded by the file.
        if whole != Some(file_length) || count > size / CENTRAL_BYTES as u64 {
            return Err(ContainerError::NotAContainer);
        }
        if count > MEMBERS_MAX {
            return Err(ContainerError::TooMany(count));
        }
        reader.seek(SeekFrom::Start(offset))?;
        let mut members = Vec::new();
        let mut directory = io::BufReader::new((&mut reader).take(size));
        let mut position = 0;
        for number in 0..count {
            let member = read_central(&mut directory, number, position)?;
            position = end_of(&member);
            members.push(member);
        }
        let mut left = [0];
        if position != offset || directory.read(&mut left)? != 0 {
            return Err(ContainerError::NotAContainer);
        }
        let mut container = Self { reader, members };
        container.check_local_headers()?;
        Ok(container)
    }

    /// Its members, in order.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Gives the content of a member to `sink`, piece by piece, and says what it measures.
    ///
    /// # Errors
    /// [`ContainerError::Checksum`], [`ContainerError::Io`].
    pub fn stream(&mut self, number: usize, mut sink: impl FnMut(&[u8])) -> Result<Measured, ContainerError> {
        let member = self.members.get(number).ok_or(ContainerError::NotAContainer)?;
        self.reader.seek(SeekFrom::Start(content_of(member)))?;
        let mut content = (&mut self.reader).take(member.length);
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut measure = Measure::new();
        loop {
            let count = content.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            measure.update(&buffer[..count]);
            sink(&buffer[..count]);
        }
        let measured = measure.finish();
        let same = measured.length == member.length && measured.crc == member.crc;
        if same { Ok(measured) } else { Err(ContainerError::Checksum(member.name.clone())) }
    }

    /// The content of a member.
    ///
    /// # Errors
    /// [`ContainerError::TooLarge`] over `max` bytes; as [`Container::stream`].
    pub fn read(&mut self, number: usize, max: u64) -> Result<Vec<u8>, ContainerError> {
        let member = self.members.get(number).ok_or(ContainerError::NotAContainer)?;
        if member.length > max {
            let (name, length) = (member.name.clone(), member.length);
            return Err(ContainerError::TooLarge { name, length, max });
        }
        let mut bytes = Vec::new();
        self.stream(number, |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }

    fn check_local_headers(&mut self) -> Result<(), ContainerError> {
        for member in &self.members {
            let expected = local_header(member);
            let mut found = vec![0; expected.len()];
            self.reader.seek(SeekFrom::Start(member.offset))?;
            self.reader.read_exact(&mut found)?;
            if found != expected {
                return Err(ContainerError::Header(member.name.clone()));
            }
        }
        Ok(())
    }
}

/// What the end of a container says.
struct End {
    count: u64,
    offset: u64,
    size: u64,
    length: u64,
}

fn read_end<R: Read + Seek>(reader: &mut R, file_length: u64) -> Result<End, ContainerError> {
    let tail_length = file_length.min(END64_BYTES + END_BYTES);
    reader.seek(SeekFrom::Start(file_length - tail_length))?;
    let mut tail = Vec::new();
    reader.take(tail_length).read_to_end(&mut tail)?;
    let found = end_at(&tail).ok_or(ContainerError::NotAContainer)?;
    let expected = end(found.count, found.offset, found.size);
    // The one form of the end, whole: also whether it is the long or the short one.
    if expected.len() as u64 == found.length && tail.ends_with(&expected) {
        Ok(found)
    } else {
        Err(ContainerError::NotAContainer)
    }
}

fn end_at(tail: &[u8]) -> Option<End> {
    let short = tail.len().checked_sub(END_BYTES_SHORT)?;
    let (before, record) = tail.split_at(short);
    let (count, size, offset) = (u16_at(record, 10)?, u32_at(record, 12)?, u32_at(record, 16)?);
    if (count, size, offset) != (u16::MAX, u32::MAX, u32::MAX) {
        let (count, size, offset) = (u64::from(count), u64::from(size), u64::from(offset));
        return Some(End { count, offset, size, length: END_BYTES });
    }
    let record = before.get(before.len().checked_sub(76)?..)?;
    let (count, size, offset) = (u64_at(record, 32)?, u64_at(record, 40)?, u64_at(record, 48)?);
    Some(End { count, offset, size, length: END64_BYTES + END_BYTES })
}

fn read_central(directory: &mut impl Read, number: u64, offset: u64) -> Result<Member, ContainerError> {
    let mut fixed = [0; CENTRAL_BYTES];
    directory.read_exact(&mut fixed).map_err(|_| ContainerError::NotAContainer)?;
    let field = |at| u32_at(&fixed, at).ok_or(ContainerError::NotAContainer);
    let (crc, length, name_length) = (field(16)?, field(24)?, u16_at(&fixed, 28).map_or(0, usize::from));
    if name_length == 0 || name_length > NAME_BYTES_MAX {
        return Err(ContainerError::Name(number));
    }
    let mut name = vec![0; name_length];
    directory.read_exact(&mut name).map_err(|_| ContainerError::NotAContainer)?;
    let name = String::from_utf8(name).map_err(|_| ContainerError::Name(number))?;
    let member = Member { name, length: length.into(), crc, offset };
    let expected = central_header(&member);
    let mut found = fixed.to_vec();
    found.extend(member.name.as_bytes());
    let mut extra = vec![0; expected.len() - found.len()];
    directory.read_exact(&mut extra).map_err(|_| ContainerError::NotAContainer)?;
    found.extend(extra);
    if found == expected { Ok(member) } else { Err(ContainerError::Header(member.name)) }
}

/// Where a member's content starts.
fn content_of(member: &Member) -> u64 {
    member.offset + LOCAL_BYTES + member.name.len() as u64
}

fn end_of(member: &Member) -> u64 {
    content_of(member) + member.length
}

fn is_far(member: &Member) -> bool {
    member.offset >= u64::from(u32::MAX)
}

/// Version needed, flags, method, time, date, CRC-32, length twice, length of the name.
fn common(member: &Member) -> Vec<u8> {
    let mut out = if is_far(member) { 45_u16 } else { 10 }.to_le_bytes().to_vec();
    for field in [UTF8_NAMES, STORED, 0, FIRST_DAY] {
        out.extend(field.to_le_bytes());
    }
    out.extend(member.crc.to_le_bytes());
    // INVARIANT: a member is shorter than 4 GiB; what is longer is not written, and not read.
    let length = u32::try_from(member.length).unwrap_or(u32::MAX);
    out.extend(length.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(u16::try_from(member.name.len()).unwrap_or(u16::MAX).to_le_bytes());
    out
}

fn local_header(member: &Member) -> Vec<u8> {
    let mut out = b"PK\x03\x04".to_vec();
    out.extend(common(member));
    out.extend([0; 2]);
    out.extend(member.name.as_bytes());
    out
}

fn central_header(member: &Member) -> Vec<u8> {
    let common = common(member);
    let mut extra = Vec::new();
    if is_far(member) {
        extra.extend([1, 0, 8, 0]);
        extra.extend(member.offset.to_le_bytes());
    }
    let mut out = b"PK\x01\x02".to_vec();
    out.extend(&common[..2]);
    out.extend(&common);
    out.extend(u16::try_from(extra.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend([0; 10]);
    out.extend(u32::try_from(member.offset).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(member.name.as_bytes());
    out.extend(extra);
    out
}

fn end(count: u64, offset: u64, size: u64) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut short_count, mut short_size, mut short_offset) = (u16::MAX, u32::MAX, u32::MAX);
    match (u16::try_from(count), u32::try_from(size), u32::try_from(offset)) {
        (Ok(count), Ok(size), Ok(offset)) if count < u16::MAX && size < u32::MAX && offset < u32::MAX => {
            (short_count, short_size, short_offset) = (count, size, offset);
        }
        _ => {
            out.extend(b"PK\x06\x06");
            out.extend(44_u64.to_le_bytes());
            out.extend([45, 0, 45, 0]);
            out.extend([0; 8]);
            for field in [count, count, size, offset] {
                out.extend(field.to_le_bytes());
            }
            out.extend(b"PK\x06\x07");
            out.extend([0; 4]);
            out.extend((offset.saturating_add(size)).to_le_bytes());
            out.extend(1_u32.to_le_bytes());
        }
    }
    out.extend(b"PK\x05\x06");
    out.extend([0; 4]);
    out.extend(short_count.to_le_bytes());
    out.extend(short_count.to_le_bytes());
    out.extend(short_size.to_le_bytes());
    out.extend(short_offset.to_le_bytes());
    out.extend([0; 2]);
    out
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

const BUFFER_BYTES: usize = 64 * 1024;
const LOCAL_BYTES: u64 = 30;
const CENTRAL_BYTES: usize = 46;
const END_BYTES_SHORT: usize = 22;
const END_BYTES: u64 = END_BYTES_SHORT as u64;
/// The ZIP64 record and its locator.
const END64_BYTES: u64 = 76;
const UTF8_NAMES: u16 = 0x0800;
const STORED: u16 = 0;
/// 1 January 1980: the first that the format knows.
const FIRST_DAY: u16 = 0x0021;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn written(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        for (name, content) in members {
            writer.add(name, &Measured::of(content), &mut &content[..]).unwrap();
        }
        writer.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ContainerError> {
        let mut container = Container::open(Cursor::new(bytes))?;
        let names: Vec<_> = container.members().iter().map(|member| member.name.clone()).collect();
        names
            .into_iter()
            .enumerate()
            .map(|(number, name)| Ok((name, container.read(number, 1_000_000)?)))
            .collect()
    }

    const MEMBERS: &[(&str, &[u8])] =
        &[("record.json", b"{}"), ("empty", b""), ("attachments/01/Закон.pdf", b"text")];

    #[test]
    fn another_implementation_reads_the_same() {
        let mut zip = zip::ZipArchive::new(Cursor::new(written(MEMBERS))).unwrap();
        zip.validate_header_consistency().unwrap();
        assert_eq!(zip.len(), MEMBERS.len());
        for (number, (name, content)) in MEMBERS.iter().enumerate() {
            let mut file = zip.by_index(number).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            assert_eq!((&*file.name().unwrap(), &bytes[..]), (*name, *content));
        }
    }

    #[test]
    fn a_container_reads_back() {
        let expected: Vec<_> = MEMBERS.iter().map(|(n, c)| ((*n).to_owned(), c.to_vec())).collect();
        assert_eq!(read(&written(MEMBERS)).unwrap(), expected);
        assert_eq!(read(&written(&[])).unwrap(), []);
    }

    #[test]
    fn every_changed_byte_is_found() {
        let bytes = written(MEMBERS);
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                // A name is a matter of the reader of members; everything else is found here.
                if let Ok(members) = read(&changed) {
                    assert!(members.iter().zip(MEMBERS).any(|((name, _), (known, _))| name != known), "{at}");
                }
            }
        }
    }

    #[test]
    fn another_form_is_refused() {
        let bytes = written(MEMBERS);
        let mut before = vec![0];
        before.extend(&bytes);
        let mut after = bytes.clone();
        after.push(0);
        for other in [before, after, Vec::new(), bytes[..bytes.len() - 1].to_vec(), bytes[1..].to_vec()] {
            assert!(matches!(read(&other), Err(ContainerError::NotAContainer)));
        }
        let long = "n".repeat(NAME_BYTES_MAX + 1);
        assert!(matches!(read(&written(&[(&long, b"")])), Err(ContainerError::Name(0))));
        let mut container = Container::open(Cursor::new(bytes)).unwrap();
        assert!(matches!(container.read(2, 3), Err(ContainerError::TooLarge { .. })));
    }

    #[test]
    fn many_members_take_the_long_end() {
        let names: Vec<String> = (0..u16::MAX).map(|number| number.to_string()).collect();
        let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
        let bytes = written(&members);
        assert_eq!(Container::open(Cursor::new(&bytes)).unwrap().members().len(), usize::from(u16::MAX));
        assert_eq!(zip::ZipArchive::new(Cursor::new(&bytes)).unwrap().len(), usize::from(u16::MAX));
    }

    #[test]
    fn a_member_that_starts_far_takes_a_long_offset() {
        let far = Member { name: "far".to_owned(), length: 1, crc: 0, offset: u64::from(u32::MAX) };
        let near = Member { offset: u64::from(u32::MAX) - 1, ..far.clone() };
        assert_eq!(central_header(&far).len(), central_header(&near).len() + 12);
        let mut header = &central_header(&far)[..];
        assert_eq!(read_central(&mut header, 0, far.offset).unwrap(), far);
        assert!(end(1, u64::from(u32::MAX), 1).len() > end(1, u64::from(u32::MAX) - 1, 1).len());
    }

    #[test]
    fn a_content_that_is_not_what_was_measured_is_not_written() {
        let mut writer = Writer::new(Vec::new());
        let error = writer.add("name", &Measured::of(b"one"), &mut &b"two"[..]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail_otherwise_than_by_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
        }
    }
}
