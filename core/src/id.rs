//! Typed identifiers. An id is never a bare string or byte array in a signature.

use std::fmt;
use std::str::FromStr;

/// The text or bytes given are not an id of this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: {expected}")]
pub struct InvalidId {
    /// What was expected, as the word list names it.
    pub kind: &'static str,
    /// The form it must have.
    pub expected: &'static str,
}

macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $len:literal, $kind:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN_BYTES: usize = $len;

            /// An id of exactly these bytes.
            #[must_use]
            pub const fn new(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes of the id.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = InvalidId;

            fn try_from(bytes: &[u8]) -> Result<Self, InvalidId> {
                bytes
                    .try_into()
                    .map(Self)
                    .map_err(|_| InvalidId { kind: $kind, expected: $expected })
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let mut bytes = [0; $len];
                hex::decode_to_slice(text, &mut bytes)
                    .map_err(|_| InvalidId { kind: $kind, expected: $expected })?;
                Ok(Self(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_bytes(&self.0)
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    deserializer.deserialize_str(IdVisitor($expected, std::marker::PhantomData))
                } else {
                    deserializer.deserialize_bytes(IdVisitor($expected, std::marker::PhantomData))
                }
            }
        }
    };
}

/// Reads an id from its text where a person may read the format, from its bytes elsewhere.
struct IdVisitor<T>(&'static str, std::marker::PhantomData<T>);

impl<T> serde::de::Visitor<'_> for IdVisitor<T>
where
    T: FromStr<Err = InvalidId> + for<'a> TryFrom<&'a [u8], Error = InvalidId>,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<T, E> {
        T::try_from(bytes).map_err(E::custom)
    }
}

byte_id!(
    /// A channel: 16 random bytes. The id of a review is the id of its review channel.
    ChannelId, 16, "channel id", "32 hexadecimal digits"
);
byte_id!(
    /// An act: 16 random bytes, and the idempotency key of an append.
    ActId, 16, "act id", "32 hexadecimal digits"
);
byte_id!(
    /// A section of a channel: 16 random bytes.
    SectionId, 16, "section id", "32 hexadecimal digits"
);
byte_id!(
    /// A person: 16 random bytes.
    UserId, 16, "user id", "32 hexadecimal digits"
);
byte_id!(
    /// A device of a person: 16 random bytes.
    DeviceId, 16, "device id", "32 hexadecimal digits"
);
byte_id!(
    /// A sealed file of a channel: 16 random bytes.
    FileId, 16, "file id", "32 hexadecimal digits"
);
byte_id!(
    /// A team of secretariat officers: 16 random bytes. Also the scope under which any team's key is
    /// wrapped ([`crate::name::team_scope`]).
    TeamId, 16, "team id", "32 hexadecimal digits"
);
byte_id!(
    /// The name of a public key: SHA-256 over its algorithm and bytes ([`crate::name::key_id`]).
    KeyId, 32, "key id", "64 hexadecimal digits"
);
byte_id!(
    /// A SHA-256 digest.
    Digest, 32, "SHA-256 digest", "64 hexadecimal digits"
);

impl Digest {
    /// SHA-256 of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        let mut out = [0; 32];
        out.copy_from_slice(digest.as_ref());
        Self(out)
    }
}

/// A State, by its ISO 3166-1 alpha-2 code in capitals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct StateCode([u8; 2]);

impl TryFrom<String> for StateCode {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<StateCode> for String {
    fn from(code: StateCode) -> Self {
        code.as_str().to_owned()
    }
}

impl StateCode {
    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // INVARIANT: only ASCII letters get in (see `FromStr`).
        std::str::from_utf8(&self.0).unwrap_or("??")
    }
}

impl FromStr for StateCode {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Self([*a, *b])),
            _ => Err(InvalidId {
                kind: "State code",
                expected: "two capital letters of ISO 3166-1 (for example CL)",
            }),
        }
    }
}

impl fmt::Display for StateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for StateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateCode({self})")
    }
}

/// A legal instrument, by its short code in the mechanism file: one to sixteen of `a-z`, `0-9` and `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstrumentCode(String);

impl InstrumentCode {
    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for InstrumentCode {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let valid = (1..=16).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        valid.then(|| Self(text.to_owned())).ok_or(InvalidId {
            kind: "instrument code",
            expected: "one to sixteen of a-z, 0-9 and - (for example firearms)",
        })
    }
}

impl TryFrom<String> for InstrumentCode {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<InstrumentCode> for String {
    fn from(code: InstrumentCode) -> Self {
        code.0
    }
}

impl fmt::Display for InstrumentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for InstrumentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstrumentCode({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_what_they_print() {
        let id = ActId::new([0xab; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("ab".parse::<ActId>().is_err());
        assert!(ActId::try_from(&[0u8; 15][..]).is_err());
    }

    #[test]
    fn codes_refuse_what_is_not_a_code() {
        for bad in ["", "cl", "CLX", "C1", "É"] {
            assert!(bad.parse::<StateCode>().is_err(), "{bad}");
        }
        for bad in ["", "UNTOC", "a b", "seventeen-letters"] {
            assert!(bad.parse::<InstrumentCode>().is_err(), "{bad}");
        }
    }
}
