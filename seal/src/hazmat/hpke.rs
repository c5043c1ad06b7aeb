//! HPKE (RFC 9180) in base mode, single shot, with X-Wing (KEM 0x647a), HKDF-SHA256 and `ChaCha20Poly1305`;
//! the associated data is empty.
//!
//! ```text
//! +-------------+--------------------------+
//! | enc (1,120) | ciphertext (len + 16)    |
//! +-------------+--------------------------+
//! ```

use std::convert::Infallible;

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use zeroize::Zeroizing;

use crate::SealError;

/// Length of an X-Wing public key.
pub(crate) const PUBLIC_BYTES: usize = 1_216;
/// Length of an X-Wing encapsulation.
pub(crate) const ENC_BYTES: usize = 1_120;
/// Length of the Poly1305 tag.
pub(crate) const TAG_BYTES: usize = 16;
/// What one encapsulation draws.
pub(crate) const RANDOMNESS_BYTES: usize = 64;

/// A decapsulation key; the library wipes it when dropped.
pub(crate) struct PrivateKey(<XWing as Kem>::PrivateKey);

impl PrivateKey {
    /// The seed *is* the X-Wing decapsulation key; HPKE's `DeriveKeyPair` is not applied.
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Result<Self, SealError> {
        <XWing as Kem>::PrivateKey::from_bytes(seed)
            .map(Self)
            .map_err(|_| SealError::Bug("every 32 bytes are an X-Wing seed"))
    }

    pub(crate) fn public(&self) -> Box<[u8; PUBLIC_BYTES]> {
        let mut out = Box::new([0; PUBLIC_BYTES]);
        XWing::sk_to_pk(&self.0).write_exact(&mut *out);
        out
    }
}

/// `enc || ciphertext`. The randomness must be fresh for every call.
pub(crate) fn seal(
    public: &[u8],
    info: &[u8],
    plaintext: &[u8],
    randomness: &[u8; RANDOMNESS_BYTES],
) -> Result<Vec<u8>, SealError> {
    let public = <XWing as Kem>::PublicKey::from_bytes(public).map_err(|_| SealError::PublicKey)?;
    let mut source = Drawn { left: Some(randomness) };
    let (enc, ciphertext) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeS::Base,
        &public,
        info,
        plaintext,
        &[],
        &mut source,
    )
    .map_err(|_| SealError::Bug("HPKE sealing cannot fail for a valid key"))?;
    // INVARIANT: nothing leaves that was made from more or less than the fresh randomness.
    if source.left.is_none_or(|left| !left.is_empty()) {
        return Err(SealError::Bug("an encapsulation draws 64 bytes"));
    }
    let mut out = Vec::with_capacity(ENC_BYTES + ciphertext.len());
    out.extend_from_slice(&enc.to_bytes());
    out.extend_from_slice(&ciphertext);
    Ok(out)
}

/// Opens what [`seal`] made.
pub(crate) fn open(private: &PrivateKey, info: &[u8], bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (enc, ciphertext) = bytes.split_at_checked(ENC_BYTES).ok_or(SealError::Tag)?;
    let enc = <XWing as Kem>::EncappedKey::from_bytes(enc).map_err(|_| SealError::Tag)?;
    hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeR::Base,
        &private.0,
        &enc,
        info,
        ciphertext,
        &[],
    )
    .map(Zeroizing::new)
    .map_err(|_| SealError::Tag)
}

/// Hands out bytes drawn beforehand: the library's trait for randomness cannot fail, the system's can.
struct Drawn<'a> {
    /// None once more was asked for than was drawn.
    left: Option<&'a [u8]>,
}

impl TryRng for Drawn<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.left = self.left.and_then(|left| left.split_at_checked(out.len())).map(|(head, tail)| {
            out.copy_from_slice(head);
            tail
        });
        Ok(())
    }
}

impl TryCryptoRng for Drawn<'_> {}
