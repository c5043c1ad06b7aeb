//! A second custodian's public key, as the line of text that the first puts into the founding act.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chancery_core::act::verify_bytes;
use chancery_core::id::KeyId;
use chancery_core::name::Namespace;
use chancery_seal::sign::SigningKey;

/// The longest text that is read as a line.
pub const SECOND_LINE_BYTES_MAX: usize = 512;

/// The key of somebody who holds it and means to be the second custodian of a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondLine {
    /// Fingerprint of the root.
    pub root: KeyId,
    /// Ed25519 key.
    pub key: [u8; 32],
    signature: [u8; 64],
}

/// A text is not the line of a second custodian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecondLineError {
    /// Not of the form.
    #[error("this is not a line that begins with {PREFIX}, or it is incomplete")]
    NotOne,
    /// Altered, or made by somebody who does not hold the key.
    #[error("the line has a mistake in it: its signature does not hold")]
    Signature,
}

impl SecondLine {
    /// The line of a key, for a root.
    #[must_use]
    pub fn make(key: &SigningKey, root: KeyId) -> Self {
        let public = key.public();
        Self { root, key: public, signature: key.sign(Namespace::SecondCustodian, &root, &public) }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = [&self.root.as_bytes()[..], &self.key, &self.signature].concat();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for SecondLine {
    type Err = SecondLineError;

    fn from_str(text: &str) -> Result<Self, SecondLineError> {
        if text.len() > SECOND_LINE_BYTES_MAX {
            return Err(SecondLineError::NotOne);
        }
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(SecondLineError::NotOne)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| SecondLineError::NotOne)?;
        let (root, rest) = bytes.split_first_chunk::<32>().ok_or(SecondLineError::NotOne)?;
        let (key, signature) = rest.split_first_chunk::<32>().ok_or(SecondLineError::NotOne)?;
        let signature = signature.try_into().map_err(|_| SecondLineError::NotOne)?;
        let root = KeyId::new(*root);
        verify_bytes(Namespace::SecondCustodian, key, &root, key, &signature)
            .map_err(|_| SecondLineError::Signature)?;
        Ok(Self { root, key: *key, signature })
    }
}

const PREFIX: &str = "chancery-second-1.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_and_a_slip_is_found() {
        let line = SecondLine::make(&SigningKey::make().unwrap(), KeyId::new([1; 32]));
        let text = line.text();
        assert_eq!(text.parse(), Ok(line));
        assert_eq!(format!("  {text}\n").parse(), Ok(line));
        for at in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            assert!(std::str::from_utf8(&altered).unwrap().parse::<SecondLine>().is_err(), "{at}");
            assert_eq!(text[..at].parse::<SecondLine>(), Err(SecondLineError::NotOne), "{at}");
        }
        assert_eq!(format!("{text}AAAA").parse::<SecondLine>(), Err(SecondLineError::NotOne));
        let long = " ".repeat(SECOND_LINE_BYTES_MAX) + &text;
        assert_eq!(long.parse::<SecondLine>(), Err(SecondLineError::NotOne));
    }

    #[test]
    fn a_line_is_of_one_root_and_of_who_holds_the_key() {
        let line = SecondLine::make(&SigningKey::make().unwrap(), KeyId::new([1; 32]));
        let other = SigningKey::make().unwrap();
        for forged in [
            SecondLine { root: KeyId::new([2; 32]), ..line },
            SecondLine { key: other.public(), ..line },
            SecondLine { signature: other.sign(Namespace::SecondCustodian, &line.root, &line.key), ..line },
        ] {
            assert_eq!(forged.text().parse::<SecondLine>(), Err(SecondLineError::Signature));
        }
    }
}
