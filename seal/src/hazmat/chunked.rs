//! C2SP `chunked-encryption@v1` over ring, with HKDF-Expand-SHA-512 and 256-bit AEADs.
//!
//! ```text
//! key (32) || base nonce (12) || commitment (32) = HKDF-Expand-SHA-512(input key,
//!     "c2sp.org/chunked-encryption@v1+" || AEAD name || 0x00 || salt (24) || context)
//!
//! +-----------+-----------------+---------+---------+-- ... --+-----------------+
//! | salt (24) | commitment (32) | chunk 0 | chunk 1 |         | last chunk      |
//! +-----------+-----------------+---------+---------+-- ... --+-----------------+
//!                                each 16,384 + 16              0 to 16,383 + 16
//! ```
//!
//! The last chunk is always shorter than the others, and empty if need be: that is how the end is known.
//! Chunk k starts at 56 + k · 16,400; its nonce is the base nonce XOR k, big-endian.

use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{self, HKDF_SHA512, Prk};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::SealError;

/// Plaintext bytes of every chunk but the last.
pub(crate) const CHUNK_BYTES: usize = 16 * 1024;
/// Bytes that the tag adds to each chunk.
pub(crate) const TAG_BYTES: usize = 16;
/// Sealed bytes of every chunk but the last.
pub(crate) const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
/// Length of the salt.
pub(crate) const SALT_BYTES: usize = 24;
/// Length of `salt || commitment`.
pub(crate) const HEADER_BYTES: usize = SALT_BYTES + COMMITMENT_BYTES;

const COMMITMENT_BYTES: usize = 32;
/// Chunks of one message: 2^38.
const CHUNKS_MAX: u64 = 1 << 38;

/// The AEAD under the construction: ring's algorithm and its name in the IANA registry.
#[derive(Clone, Copy)]
pub(crate) struct Cipher {
    pub(crate) algorithm: &'static aead::Algorithm,
    pub(crate) name: &'static [u8],
}

/// The cipher of suite 0x01.
pub(crate) const CIPHER: Cipher =
    Cipher { algorithm: &aead::CHACHA20_POLY1305, name: b"AEAD_CHACHA20_POLY1305" };

/// The number of a chunk. It cannot wrap and stays under the construction's bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ChunkNumber(u64);

impl ChunkNumber {
    pub(crate) const ZERO: Self = Self(0);

    pub(crate) fn new(number: u64) -> Result<Self, SealError> {
        (number < CHUNKS_MAX)
            .then_some(Self(number))
            .ok_or(SealError::PastTheEnd { what: "chunk", index: number })
    }

    pub(crate) fn next(self) -> Result<Self, SealError> {
        Self::new(self.0 + 1)
    }

    pub(crate) const fn get(self) -> u64 {
        self.0
    }
}

/// Key, base nonce and commitment of one message.
pub(crate) struct Message {
    key: LessSafeKey,
    base_nonce: [u8; 12],
    header: [u8; HEADER_BYTES],
}

impl Message {
    /// Derives the message's key. The salt must be fresh for every message sealed under `input_key`.
    pub(crate) fn derive(
        cipher: Cipher,
        input_key: &[u8; 32],
        salt: &[u8; SALT_BYTES],
        context: &[u8],
    ) -> Result<Self, SealError> {
        let mut okm = Okm([0; Okm::BYTES]);
        Prk::new_less_safe(HKDF_SHA512, input_key)
            .expand(&[b"c2sp.org/chunked-encryption@v1+", cipher.name, &[0], salt, context], Okm::LENGTH)
            .and_then(|out| out.fill(&mut okm.0))
            .map_err(|_| SealError::Bug("HKDF-Expand gives 76 bytes"))?;
        let (key, rest) = okm.0.split_at(32);
        let (nonce, commitment) = rest.split_at(12);
        let key = UnboundKey::new(cipher.algorithm, key)
            .map_err(|_| SealError::Bug("the AEAD takes a key of 32 bytes"))?;
        let mut base_nonce = [0; 12];
        base_nonce.copy_from_slice(nonce);
        let mut header = [0; HEADER_BYTES];
        header[..SALT_BYTES].copy_from_slice(salt);
        header[SALT_BYTES..].copy_from_slice(commitment);
        Ok(Self { key: LessSafeKey::new(key), base_nonce, header })
    }

    /// Derives the key of a message from its header, and checks the commitment before anything is opened.
    pub(crate) fn from_header(
        cipher: Cipher,
        input_key: &[u8; 32],
        context: &[u8],
        header: &[u8; HEADER_BYTES],
    ) -> Result<Self, SealError> {
        let salt = header.first_chunk().ok_or(SealError::Bug("the header starts with the salt"))?;
        let message = Self::derive(cipher, input_key, salt, context)?;
        bool::from(message.header.ct_eq(header)).then_some(message).ok_or(SealError::Commitment)
    }

    /// `salt || commitment`.
    pub(crate) const fn header(&self) -> &[u8; HEADER_BYTES] {
        &self.header
    }

    /// Appends one sealed chunk to `out`.
    pub(crate) fn seal_chunk(
        &self,
        number: ChunkNumber,
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let start = out.len();
        out.extend_from_slice(plaintext);
        self.seal_tail(number, start, out)
    }

    /// Seals the plaintext that `out` holds from `start` on, where it lies, and appends the tag.
    pub(crate) fn seal_tail(
        &self,
        number: ChunkNumber,
        start: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let sealed = self.key.seal_in_place_separate_tag(self.nonce(number), Aad::empty(), &mut out[start..]);
        let Ok(tag) = sealed else {
            out[start..].zeroize();
            out.truncate(start);
            return Err(SealError::Bug("the AEAD seals chunks of 16 KiB"));
        };
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// Opens one chunk where it lies and returns its plaintext, the front of `chunk`.
    pub(crate) fn open_chunk<'c>(
        &self,
        number: ChunkNumber,
        chunk: &'c mut [u8],
    ) -> Result<&'c [u8], SealError> {
        self.key
            .open_in_place(self.nonce(number), Aad::empty(), chunk)
            .map(|plaintext| &*plaintext)
            .map_err(|_| SealError::Tag)
    }

    /// Opens one chunk and appends its plaintext to `out`. On failure `out` is as it was.
    pub(crate) fn open_chunk_into(
        &self,
        number: ChunkNumber,
        chunk: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let start = out.len();
        out.extend_from_slice(chunk);
        let opened = self.open_chunk(number, &mut out[start..]).map(<[u8]>::len);
        out.truncate(start + opened.unwrap_or(0));
        opened.map(drop)
    }

    fn nonce(&self, number: ChunkNumber) -> Nonce {
        let mut nonce = self.base_nonce;
        for (byte, counter) in nonce[4..].iter_mut().zip(number.get().to_be_bytes()) {
            *byte ^= counter;
        }
        Nonce::assume_unique_for_key(nonce)
    }
}

/// Length of a sealed message of `plaintext_bytes`.
pub(crate) const fn sealed_bytes(plaintext_bytes: u64) -> u64 {
    HEADER_BYTES as u64 + plaintext_bytes + chunks(plaintext_bytes) * TAG_BYTES as u64
}

/// Number of chunks of a message of `plaintext_bytes`.
pub(crate) const fn chunks(plaintext_bytes: u64) -> u64 {
    plaintext_bytes / CHUNK_BYTES as u64 + 1
}

/// Seals a whole message that is in memory.
pub(crate) fn seal(
    cipher: Cipher,
    input_key: &[u8; 32],
    salt: &[u8; SALT_BYTES],
    context: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, SealError> {
    let message = Message::derive(cipher, input_key, salt, context)?;
    let chunks = plaintext.len() / CHUNK_BYTES + 1;
    let mut out = Vec::with_capacity(HEADER_BYTES + plaintext.len() + chunks * TAG_BYTES);
    out.extend_from_slice(message.header());
    let (full, last) = plaintext.as_chunks::<CHUNK_BYTES>();
    let mut number = ChunkNumber::ZERO;
    for chunk in full {
        message.seal_chunk(number, chunk, &mut out)?;
        number = number.next()?;
    }
    message.seal_chunk(number, last, &mut out)?;
    Ok(out)
}

/// Opens a whole message that is in memory.
pub(crate) fn open(
    cipher: Cipher,
    input_key: &[u8; 32],
    context: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let shortest = HEADER_BYTES + TAG_BYTES;
    let length = SealError::Length {
        what: "the sealed message",
        expected: shortest as u64,
        found: sealed.len() as u64,
    };
    let (header, body) = sealed.split_first_chunk::<HEADER_BYTES>().ok_or(length)?;
    let message = Message::from_header(cipher, input_key, context, header)?;
    let (full, last) = body.as_chunks::<SEALED_CHUNK_BYTES>();
    // A last chunk under 16 bytes has no tag: this is where a message cut at a chunk's end is refused.
    if last.len() < TAG_BYTES {
        return Err(length);
    }
    let mut out = Zeroizing::new(Vec::with_capacity(body.len()));
    let mut number = ChunkNumber::ZERO;
    for chunk in full {
        message.open_chunk_into(number, chunk, &mut out)?;
        number = number.next()?;
    }
    message.open_chunk_into(number, last, &mut out)?;
    Ok(out)
}

/// The derived bytes before they are taken apart; wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Okm([u8; Self::BYTES]);

impl Okm {
    const BYTES: usize = 32 + 12 + COMMITMENT_BYTES;
    const LENGTH: OkmLength = OkmLength;
}

#[derive(Clone, Copy)]
struct OkmLength;

impl hkdf::KeyType for OkmLength {
    fn len(&self) -> usize {
        Okm::BYTES
    }
}
