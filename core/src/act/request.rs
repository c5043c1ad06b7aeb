//! What a new server asks the custodians to certify, as the line of text that people carry between machines.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::envelope::{ActError, verify_bytes};
use super::wire::Wire;
use crate::id::{Digest, KeyId};
use crate::name::{KeyAlgorithm, Namespace, key_id, signature_input};

/// What a server asks the custodians to certify. They answer with the deployment's first act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRequest {
    /// Fingerprint of the root that is asked.
    pub root: KeyId,
    /// Ed25519 key that signs checkpoints, and this request.
    pub log_key: [u8; 32],
    /// Key id of the server's TLS key.
    pub server_tls_key: KeyId,
    /// SHA-256 of the mechanism file that the server holds.
    pub mechanism: Digest,
    /// Where clients will find the server, host and port; may be empty.
    pub address: String,
}

impl ServerRequest {
    /// What the log key signs.
    #[must_use]
    pub fn signing_input(&self) -> Vec<u8> {
        let signer = key_id(KeyAlgorithm::Ed25519, &self.log_key);
        signature_input(Namespace::ServerRequest, &signer, &self.root, &self.encode())
    }

    /// The line: `chancery-request-1.` and base64url of the encoded request and its signature.
    #[must_use]
    pub fn line(&self, signature: &[u8; 64]) -> String {
        let mut bytes = self.encode();
        bytes.extend(signature);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a line and checks that the log key in it has signed it.
    ///
    /// # Errors
    /// As for acts.
    pub fn read(line: &str) -> Result<Self, ActError> {
        if line.len() > LINE_BYTES_MAX {
            return Err(ActError::TooLarge);
        }
        let encoded = line.trim().strip_prefix(PREFIX).ok_or(ActError::Undecodable)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| ActError::Undecodable)?;
        let (payload, signature) = bytes.split_last_chunk().ok_or(ActError::Undecodable)?;
        let request = Self::decode_strictly(payload)?;
        verify_bytes(Namespace::ServerRequest, &request.log_key, &request.root, payload, signature)?;
        Ok(request)
    }

    fn encode(&self) -> Vec<u8> {
        Wire::encode(self)
    }
}

const PREFIX: &str = "chancery-request-1.";
const LINE_BYTES_MAX: usize = 2_048;

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair as _};

    use super::*;

    fn signed(address: &str) -> (ServerRequest, String) {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let request = ServerRequest {
            root: KeyId::new([1; 32]),
            log_key: key.public_key().as_ref().try_into().unwrap(),
            server_tls_key: KeyId::new([2; 32]),
            mechanism: Digest::of(b"mechanism"),
            address: address.to_owned(),
        };
        let signature = key.sign(&request.signing_input()).as_ref().try_into().unwrap();
        let line = request.line(&signature);
        (request, line)
    }

    #[test]
    fn a_line_reads_back() {
        for address in ["", "chancery.example:7443", "[2001:db8::1]:7443"] {
            let (request, line) = signed(address);
            assert_eq!(ServerRequest::read(&line), Ok(request.clone()));
            assert_eq!(ServerRequest::read(&format!(" {line}\n")), Ok(request));
        }
    }

    #[test]
    fn every_other_line_is_refused() {
        let (request, line) = signed("a:1");
        let altered = ServerRequest { address: "b:1".to_owned(), ..request.clone() };
        let (payload, signature) = (altered.encode(), [0; 64]);
        assert!(payload.len() < LINE_BYTES_MAX);
        for (line, expect) in [
            (String::new(), ActError::Undecodable),
            (line.replace("request-1", "request-2"), ActError::Undecodable),
            (line[..line.len() - 4].to_owned(), ActError::Undecodable),
            (altered.line(&signature), ActError::BadSignature),
            (signed("a b").1, ActError::Field("address")),
            (signed(&"a".repeat(256)).1, ActError::Field("address")),
            ("x".repeat(LINE_BYTES_MAX + 1), ActError::TooLarge),
        ] {
            let read = ServerRequest::read(&line);
            // A cut line may also lose a field or the signature's last bytes; it is never taken.
            let cut = expect == ActError::Undecodable;
            assert!(read == Err(expect) || (cut && read.is_err()), "{line}: {read:?}");
        }
    }
}
