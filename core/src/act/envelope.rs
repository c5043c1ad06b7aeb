//! The signed envelope: parsed strictly, verified over the bytes as received.

use bytes::Bytes;
use chancery_proto::act as proto;
use prost::Message as _;

use super::wire::Wire;
use super::{Act, Author, StateStatement};
use crate::id::KeyId;
use crate::limits::PAYLOAD_BYTES_MAX;
use crate::name::{KeyAlgorithm, Namespace, SUITE, key_id, signature_input};

/// The rest of an envelope: two signatures, a key id, a suite, and the tags and lengths of all.
const ENVELOPE_BYTES: usize = 256;

/// Why bytes are not a well-formed act or statement, or its signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// More bytes than any act may have.
    #[error("the act is larger than {PAYLOAD_BYTES_MAX} bytes")]
    TooLarge,
    /// Not protobuf of this type at all.
    #[error("the bytes are not an encoded act")]
    Undecodable,
    /// A suite that this version does not know. There is no negotiation.
    #[error("unknown suite {0}; this version knows only suite 1")]
    UnknownSuite(u32),
    /// A schema that this version does not know.
    #[error("unknown schema version {0}; this version knows only schema 1")]
    UnknownSchema(u32),
    /// No known statement inside.
    #[error("unknown kind of act; a newer client may have made it")]
    UnknownKind,
    /// Unknown fields, or fields in another order or form than the one encoding.
    #[error("the bytes are not in the one canonical encoding")]
    NotCanonical,
    /// A field has a value that the format excludes.
    #[error("field {0} has a value that the format excludes")]
    Field(&'static str),
    /// The key offered is not the one the envelope names.
    #[error("the act is signed by another key than the one it must be signed by")]
    WrongSigner,
    /// The signature does not hold.
    #[error("the signature does not hold")]
    BadSignature,
}

/// A parsed envelope together with the very bytes it came in. The signature is not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed<T> {
    bytes: Bytes,
    payload: Bytes,
    signature: [u8; 64],
    signer: KeyId,
    second: Option<[u8; 64]>,
    content: T,
}

/// An act in its envelope.
pub type SignedAct = Signed<Act>;

/// What a State key signed, in its envelope.
pub type SignedStatement = Signed<StateStatement>;

/// The content of an envelope: knows its encoding and the namespace of its signature.
#[expect(private_bounds, reason = "`Wire` seals the trait: only acts and State statements are signed")]
pub trait Content: Wire {
    /// The namespace under which it is signed.
    fn namespace(&self) -> Namespace;

    /// The namespace under which a second custodian signs it; none if nobody else does.
    fn second_namespace(&self) -> Option<Namespace>;
}

impl Content for Act {
    fn namespace(&self) -> Namespace {
        Namespace::Act(self.statement.kind())
    }

    fn second_namespace(&self) -> Option<Namespace> {
        (self.header.author == Author::Root).then(|| Namespace::Second(self.statement.kind()))
    }
}

impl Content for StateStatement {
    fn namespace(&self) -> Namespace {
        Self::namespace(self)
    }

    fn second_namespace(&self) -> Option<Namespace> {
        None
    }
}

impl<T: Content> Signed<T> {
    /// Parses an envelope and its payload strictly.
    ///
    /// # Errors
    /// Any [`ActError`] but the two about signatures.
    pub fn decode(bytes: impl Into<Bytes>) -> Result<Self, ActError> {
        let bytes = bytes.into();
        if bytes.len() > PAYLOAD_BYTES_MAX + ENVELOPE_BYTES {
            return Err(ActError::TooLarge);
        }
        let envelope = proto::SignedAct::decode(bytes.clone()).map_err(|_| ActError::Undecodable)?;
        if envelope.suite != u32::from(SUITE) {
            return Err(ActError::UnknownSuite(envelope.suite));
        }
        if envelope.encode_to_vec() != bytes {
            return Err(ActError::NotCanonical);
        }
        let signature = envelope.signature.as_slice().try_into().map_err(|_| ActError::Field("signature"))?;
        let signer = KeyId::try_from(envelope.signer_key_id.as_slice())
            .map_err(|_| ActError::Field("signer_key_id"))?;
        let content = T::decode_strictly(&envelope.payload)?;
        let second = match envelope.second_signature.as_slice() {
            [] => None,
            // Nobody's but the root's acts are signed twice.
            _ if content.second_namespace().is_none() => return Err(ActError::Field("second_signature")),
            bytes => Some(bytes.try_into().map_err(|_| ActError::Field("second_signature"))?),
        };
        Ok(Self { bytes, payload: envelope.payload.into(), signature, signer, second, content })
    }

    /// The envelope's bytes as received.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The key that the envelope names.
    #[must_use]
    pub fn signer(&self) -> KeyId {
        self.signer
    }

    /// The parsed content.
    #[must_use]
    pub fn content(&self) -> &T {
        &self.content
    }

    /// Checks the signature under `public_key`, in the deployment of `root`.
    ///
    /// # Errors
    /// [`ActError::WrongSigner`] if the envelope names another key, [`ActError::BadSignature`].
    pub fn verify(&self, public_key: &[u8; 32], root: &KeyId) -> Result<(), ActError> {
        if key_id(KeyAlgorithm::Ed25519, public_key) != self.signer {
            return Err(ActError::WrongSigner);
        }
        verify_bytes(self.content.namespace(), public_key, root, &self.payload, &self.signature)
    }
}

impl SignedAct {
    /// What the second custodian signs of an act of the root, and under which namespace; none for acts of others.
    #[must_use]
    pub fn second_payload(&self) -> Option<(Namespace, &Bytes)> {
        Some((self.content.second_namespace()?, &self.payload))
    }

    /// Whether it bears a second signature, of whomever.
    #[must_use]
    pub const fn has_second(&self) -> bool {
        self.second.is_some()
    }

    /// The same act with the second custodian's signature.
    ///
    /// # Errors
    /// As [`Signed::decode`]: an act that is not the root's has no second signature.
    pub fn with_second(&self, signature: [u8; 64]) -> Result<Self, ActError> {
        let envelope = proto::SignedAct {
            payload: self.payload.to_vec(),
            signature: self.signature.to_vec(),
            signer_key_id: self.signer.as_bytes().to_vec(),
            suite: u32::from(SUITE),
            second_signature: signature.to_vec(),
        };
        Self::decode(envelope.encode_to_vec())
    }

    /// Whether `second_key` has signed this act of the root too.
    #[must_use]
    pub fn is_signed_twice(&self, second_key: &[u8; 32], root: &KeyId) -> bool {
        let verify = |namespace, signature| {
            verify_bytes(namespace, second_key, root, &self.payload, signature).is_ok()
        };
        matches!((self.content.second_namespace(), &self.second), (Some(namespace), Some(signature)) if verify(namespace, signature))
    }
}

/// An act whose signature holds under `key`. Whether that key is the author's is the policy's question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedAct {
    act: SignedAct,
    key: [u8; 32],
}

impl VerifiedAct {
    /// Checks the signature; it needs no state, so that many can be checked at once.
    ///
    /// # Errors
    /// As [`Signed::verify`].
    pub fn new(act: SignedAct, key: [u8; 32], root: &KeyId) -> Result<Self, ActError> {
        act.verify(&key, root)?;
        Ok(Self { act, key })
    }

    /// The act.
    #[must_use]
    pub fn act(&self) -> &SignedAct {
        &self.act
    }

    /// The key under which the signature holds.
    #[must_use]
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The act, without the knowledge that its signature holds.
    #[must_use]
    pub fn into_act(self) -> SignedAct {
        self.act
    }
}

/// Checks an Ed25519 signature (RFC 8032) over [`signature_input`].
///
/// # Errors
/// [`ActError::BadSignature`].
pub fn verify_bytes(
    namespace: Namespace,
    public_key: &[u8; 32],
    root: &KeyId,
    payload: &[u8],
    signature: &[u8; 64],
) -> Result<(), ActError> {
    let signer = key_id(KeyAlgorithm::Ed25519, public_key);
    let input = signature_input(namespace, &signer, root, payload);
    ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, public_key)
        .verify(&input, signature)
        .map_err(|_| ActError::BadSignature)
}

impl Act {
    /// The payload that is signed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Wire::encode(self)
    }
}

impl StateStatement {
    /// The payload that is signed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Wire::encode(self)
    }
}

/// Puts a signed payload into its envelope and parses the result, so that nothing leaves a writer that a
/// reader would refuse.
///
/// # Errors
/// As [`Signed::decode`].
pub fn assemble_act(payload: Vec<u8>, signature: [u8; 64], signer: KeyId) -> Result<SignedAct, ActError> {
    Signed::decode(envelope(payload, signature, signer))
}

/// As [`assemble_act`], for what a State key signs.
///
/// # Errors
/// As [`Signed::decode`].
pub fn assemble_statement(
    payload: Vec<u8>,
    signature: [u8; 64],
    signer: KeyId,
) -> Result<SignedStatement, ActError> {
    Signed::decode(envelope(payload, signature, signer))
}

fn envelope(payload: Vec<u8>, signature: [u8; 64], signer: KeyId) -> Vec<u8> {
    let signer_key_id = signer.as_bytes().to_vec();
    proto::SignedAct {
        payload,
        signature: signature.to_vec(),
        signer_key_id,
        suite: u32::from(SUITE),
        second_signature: Vec::new(),
    }
    .encode_to_vec()
}
