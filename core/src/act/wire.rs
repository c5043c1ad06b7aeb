//! The encoding of acts and statements: strict both ways.
//!
//! A reader decodes, checks every field, encodes again and requires the same bytes: this catches unknown
//! fields, other orders, defaults on the wire and every other second form of the same act.

mod act;
mod channel;
mod keys;
mod statement;
#[cfg(test)]
mod tests;

use std::str::FromStr;

use chancery_proto::act as proto;
use prost::Message;

use super::envelope::ActError;
use crate::act::{DeviceKeys, PersonKeys, Recipients, SealedBody, ServerRequest, TreeHead};
use crate::id::{InstrumentCode, KeyId};
use crate::limits::{ADDRESS_BYTES_MAX, INSTRUMENTS_MAX, PAYLOAD_BYTES_MAX, RECIPIENTS_MAX, WRAP_BYTES};

/// Bytes of an X-Wing public key.
const KEM_BYTES: usize = 1_216;

/// A payload that has exactly one encoding.
pub(super) trait Wire: Sized {
    /// The generated message.
    type Proto: Message + Default;

    /// Into the generated message.
    fn to_proto(&self) -> Self::Proto;

    /// From the generated message, checking every field.
    fn from_proto(message: Self::Proto) -> Result<Self, ActError>;

    /// The one encoding.
    fn encode(&self) -> Vec<u8> {
        self.to_proto().encode_to_vec()
    }

    /// The one decoding.
    fn decode_strictly(bytes: &[u8]) -> Result<Self, ActError> {
        if bytes.len() > PAYLOAD_BYTES_MAX {
            return Err(ActError::TooLarge);
        }
        let message = Self::Proto::decode(bytes).map_err(|_| ActError::Undecodable)?;
        let canonical = message.encode_to_vec() == bytes;
        let content = Self::from_proto(message)?;
        // Asked second: an unknown schema or kind also fails here, and deserves its own name.
        if canonical { Ok(content) } else { Err(ActError::NotCanonical) }
    }
}

impl PersonKeys {
    /// The one encoding, which the newcomer's device signs.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Wire::encode(self)
    }

    /// Parses strictly.
    ///
    /// # Errors
    /// As for acts.
    pub fn decode(bytes: &[u8]) -> Result<Self, ActError> {
        Self::decode_strictly(bytes)
    }
}

impl DeviceKeys {
    /// The one encoding, which the device signs.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Wire::encode(self)
    }

    /// Parses strictly.
    ///
    /// # Errors
    /// As for acts.
    pub fn decode(bytes: &[u8]) -> Result<Self, ActError> {
        Self::decode_strictly(bytes)
    }
}

impl Wire for DeviceKeys {
    type Proto = proto::DeviceKeys;

    fn to_proto(&self) -> Self::Proto {
        proto::DeviceKeys {
            user: self.user.as_bytes().to_vec(),
            device: self.device.as_bytes().to_vec(),
            sign: self.sign.to_vec(),
            kem: self.kem.to_vec(),
            tls_key_id: self.tls_key.as_bytes().to_vec(),
        }
    }

    fn from_proto(m: Self::Proto) -> Result<Self, ActError> {
        Ok(Self {
            user: id(&m.user, "user")?,
            device: id(&m.device, "device")?,
            sign: array(&m.sign, "sign")?,
            kem: exactly(m.kem, KEM_BYTES, "kem")?,
            tls_key: id(&m.tls_key_id, "tls_key_id")?,
        })
    }
}

impl Wire for PersonKeys {
    type Proto = proto::PersonKeys;

    fn to_proto(&self) -> Self::Proto {
        proto::PersonKeys {
            user: self.user.as_bytes().to_vec(),
            user_kem: self.user_kem.to_vec(),
            device: self.device.as_bytes().to_vec(),
            device_sign: self.device_sign.to_vec(),
            device_kem: self.device_kem.to_vec(),
            device_tls_key_id: self.device_tls_key.as_bytes().to_vec(),
        }
    }

    fn from_proto(m: Self::Proto) -> Result<Self, ActError> {
        Ok(Self {
            user: id(&m.user, "user")?,
            user_kem: exactly(m.user_kem, KEM_BYTES, "user_kem")?,
            device: id(&m.device, "device")?,
            device_sign: array(&m.device_sign, "device_sign")?,
            device_kem: exactly(m.device_kem, KEM_BYTES, "device_kem")?,
            device_tls_key: id(&m.device_tls_key_id, "device_tls_key_id")?,
        })
    }
}

impl Wire for ServerRequest {
    type Proto = proto::ServerRequest;

    fn to_proto(&self) -> Self::Proto {
        proto::ServerRequest {
            root: self.root.as_bytes().to_vec(),
            log_key: self.log_key.to_vec(),
            server_tls_key_id: self.server_tls_key.as_bytes().to_vec(),
            mechanism_sha256: self.mechanism.as_bytes().to_vec(),
            address: self.address.clone(),
        }
    }

    fn from_proto(m: Self::Proto) -> Result<Self, ActError> {
        let plain = m.address.len() <= ADDRESS_BYTES_MAX && m.address.bytes().all(|b| b.is_ascii_graphic());
        if !plain {
            return Err(ActError::Field("address"));
        }
        Ok(Self {
            root: id(&m.root, "root")?,
            log_key: array(&m.log_key, "log_key")?,
            server_tls_key: id(&m.server_tls_key_id, "server_tls_key_id")?,
            mechanism: id(&m.mechanism_sha256, "mechanism_sha256")?,
            address: m.address,
        })
    }
}

/// A fixed-length id.
fn id<'a, T: TryFrom<&'a [u8]>>(bytes: &'a [u8], field: &'static str) -> Result<T, ActError> {
    T::try_from(bytes).map_err(|_| ActError::Field(field))
}

/// An id that may be absent.
fn optional_id<'a, T: TryFrom<&'a [u8]>>(
    bytes: &'a [u8],
    field: &'static str,
) -> Result<Option<T>, ActError> {
    if bytes.is_empty() { Ok(None) } else { id(bytes, field).map(Some) }
}

/// A time that may be absent; 0 on the wire.
const fn optional_time(ms: u64) -> Option<u64> {
    if ms == 0 { None } else { Some(ms) }
}

/// A fixed-length byte array.
fn array<const N: usize>(bytes: &[u8], field: &'static str) -> Result<[u8; N], ActError> {
    bytes.try_into().map_err(|_| ActError::Field(field))
}

/// Bytes of exactly this length.
fn exactly(bytes: Vec<u8>, length: usize, field: &'static str) -> Result<bytes::Bytes, ActError> {
    if bytes.len() == length { Ok(bytes.into()) } else { Err(ActError::Field(field)) }
}

/// A code that people know.
fn code<T: FromStr>(text: &str, field: &'static str) -> Result<T, ActError> {
    text.parse().map_err(|_| ActError::Field(field))
}

/// A message that must be there.
fn required<T>(message: Option<T>, field: &'static str) -> Result<T, ActError> {
    message.ok_or(ActError::Field(field))
}

/// A list in strictly ascending order, so that a set has one encoding.
fn ascending<T: Ord>(list: Vec<T>, max: usize, field: &'static str) -> Result<Vec<T>, ActError> {
    let ordered = list.len() <= max && list.windows(2).all(|pair| pair[0] < pair[1]);
    if ordered { Ok(list) } else { Err(ActError::Field(field)) }
}

fn instruments(list: &[String], field: &'static str) -> Result<Vec<InstrumentCode>, ActError> {
    let list = list.iter().map(|text| code(text, field)).collect::<Result<_, _>>()?;
    ascending(list, INSTRUMENTS_MAX, field)
}

fn strings<T: ToString>(list: &[T]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn tree_head(head: &TreeHead) -> proto::TreeHead {
    proto::TreeHead { size: head.size, root: head.root.as_bytes().to_vec() }
}

fn parse_tree_head(message: &proto::TreeHead, field: &'static str) -> Result<TreeHead, ActError> {
    Ok(TreeHead { size: message.size, root: id(&message.root, field)? })
}

fn recipients(list: &Recipients) -> proto::Recipients {
    proto::Recipients {
        key_ids: list.key_ids.iter().map(|key| key.as_bytes().to_vec()).collect(),
        wraps_root: list.wraps_root.as_bytes().to_vec(),
    }
}

fn parse_recipients(message: &proto::Recipients) -> Result<Recipients, ActError> {
    let key_ids: Vec<KeyId> =
        message.key_ids.iter().map(|key| id(key, "recipients.key_ids")).collect::<Result<_, _>>()?;
    Ok(Recipients {
        key_ids: ascending(key_ids, RECIPIENTS_MAX, "recipients.key_ids")?,
        wraps_root: id(&message.wraps_root, "recipients.wraps_root")?,
    })
}

fn sealed_body(body: &SealedBody) -> proto::SealedBody {
    proto::SealedBody {
        length: body.length,
        sha256: body.sha256.as_bytes().to_vec(),
        key_commitment: body.key_commitment.as_bytes().to_vec(),
    }
}

fn parse_sealed_body(message: &proto::SealedBody) -> Result<SealedBody, ActError> {
    Ok(SealedBody {
        length: message.length,
        sha256: id(&message.sha256, "body.sha256")?,
        key_commitment: id(&message.key_commitment, "body.key_commitment")?,
    })
}

/// Two-way tables between the closed enums of the wire and ours; `Unspecified` and unknown are refused.
macro_rules! wire_enum {
    ($to:ident, $from:ident, $ours:ty, $theirs:ty, $field:literal, $($a:ident <=> $b:ident),* $(,)?) => {
        pub(super) fn $to(value: $ours) -> i32 {
            match value {
                $(<$ours>::$a => <$theirs>::$b as i32,)*
            }
        }

        pub(super) fn $from(value: i32) -> Result<$ours, ActError> {
            match <$theirs>::try_from(value) {
                $(Ok(<$theirs>::$b) => Ok(<$ours>::$a),)*
                Ok(<$theirs>::Unspecified) | Err(_) => Err(ActError::Field($field)),
            }
        }
    };
}

wire_enum!(
    role_to_wire, role_from_wire, crate::act::Role, proto::Role, "role",
    Officer <=> Officer, FocalPoint <=> FocalPoint, Expert <=> Expert, Observer <=> Observer,
);
wire_enum!(
    audience_to_wire, audience_from_wire, crate::act::Audience, proto::Audience, "audience",
    AllParties <=> AllParties, Public <=> Public,
);
wire_enum!(
    item_to_wire, item_from_wire, crate::mechanism::ItemKind, proto::ItemKind, "kind",
    Response <=> Response, Document <=> Document, Clarification <=> Clarification, Feedback <=> Feedback,
    MeetingRecord <=> MeetingRecord, Coordination <=> Coordination, Observations <=> Observations,
    Summary <=> Summary, FollowUp <=> FollowUp, GoodPractice <=> GoodPractice, Draft <=> Draft,
);
wire_enum!(
    group_to_wire, group_from_wire, crate::act::RegionalGroup, proto::RegionalGroup, "group",
    Africa <=> Africa, AsiaPacific <=> AsiaPacific, EasternEurope <=> EasternEurope,
    LatinAmericaCaribbean <=> LatinAmericaCaribbean, WesternEuropeOthers <=> WesternEuropeOthers,
);
wire_enum!(
    standing_to_wire, standing_from_wire, crate::act::Standing, proto::StandingKind, "standing",
    Party <=> Party, Signatory <=> Signatory,
);
wire_enum!(
    step_to_wire, step_from_wire, crate::act::ThreadStep, proto::ThreadStep, "step",
    Question <=> Question, Reply <=> Reply, NoFurtherInformation <=> NoFurtherInformation,
);
