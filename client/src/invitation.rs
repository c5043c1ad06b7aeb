//! The string that an inviter gives a newcomer by a road of their own: what to connect to, whom to trust,
//! and the secret that makes two strangers known to each other (`docs/formats/enrolment.md`).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chancery_core::act::Role;
use chancery_core::id::{Digest, KeyId, StateCode, UserId};
use chancery_seal::secret::InvitationSecret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::home::ServerAddress;

/// The longest invitation, as text.
pub const INVITATION_TEXT_BYTES_MAX: usize = 512;
/// The longest address, host and port.
pub const ADDRESS_BYTES_MAX: usize = 255;

/// Who is meant to answer an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Meant {
    /// Somebody who is not in the directory.
    Newcomer,
    /// A further device of this person, who opened the invitation.
    Device(UserId),
    /// This person, who has lost every key and is to be certified anew.
    Again(UserId),
}

/// An invitation for one person. It is worth as much as a key until it is used: it prints nothing of its
/// secret, and is wiped when dropped.
pub struct Invitation {
    /// Where the server is, and the key to pin.
    pub server: ServerAddress,
    /// Fingerprint of the mechanism root: the deployment's name.
    pub root: KeyId,
    /// Who is meant to answer.
    pub meant: Meant,
    /// What the newcomer is invited as, or the person is.
    pub role: Role,
    /// The State; none for an officer.
    pub state: Option<StateCode>,
    /// What proves to the inviter that the keys come from whoever was given this.
    pub secret: InvitationSecret,
}

/// A text is not an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    /// It does not begin as an invitation does.
    #[error("this is not an invitation: it does not begin with {PREFIX}")]
    NotOne,
    /// Longer than any invitation.
    #[error("the invitation is longer than {INVITATION_TEXT_BYTES_MAX} characters")]
    TooLong,
    /// Letters that do not belong in it, or some are missing.
    #[error("the invitation is incomplete or has other characters in it")]
    Garbled,
    /// The checksum does not match.
    #[error("the invitation has a mistake in it: its checksum does not match")]
    Checksum,
    /// Made by a newer program.
    #[error("the invitation is of version {0}, which this program does not know")]
    Newer(u8),
    /// A field has a value that the format excludes.
    #[error("the invitation's {0} has a value that the format excludes")]
    Field(&'static str),
}

impl Invitation {
    /// The text to hand over.
    ///
    /// # Errors
    /// [`InvitationError::Field`] if the address, or role and State together, have no place in the format.
    pub fn text(&self) -> Result<Zeroizing<String>, InvitationError> {
        let address = self.server.address.as_bytes();
        if !is_address(address) {
            return Err(InvitationError::Field("address"));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(INVITATION_TEXT_BYTES_MAX));
        bytes.extend([VERSION, self.kind_byte()]);
        bytes.extend(state_bytes(self.role, self.state)?);
        bytes.extend(self.root.as_bytes());
        bytes.extend(self.server.tls_key.as_bytes());
        bytes.extend(self.secret.as_bytes());
        if let Meant::Device(user) | Meant::Again(user) = self.meant {
            bytes.extend(user.as_bytes());
            bytes.push(role_byte(self.role));
        }
        bytes.extend(address);
        let checksum = checksum(&bytes);
        bytes.extend(checksum);
        let mut text = Zeroizing::new(String::with_capacity(INVITATION_TEXT_BYTES_MAX));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(&*bytes, &mut text);
        Ok(text)
    }

    const fn kind_byte(&self) -> u8 {
        match self.meant {
            Meant::Newcomer => role_byte(self.role),
            Meant::Device(_) => DEVICE,
            Meant::Again(_) => AGAIN,
        }
    }

    /// What the server finds it by.
    ///
    /// # Errors
    /// As the derivation.
    pub fn lookup(&self) -> Result<[u8; 32], chancery_seal::SealError> {
        self.secret.lookup()
    }
}

impl FromStr for Invitation {
    type Err = InvitationError;

    /// Strict but for white space around it, which copying adds.
    fn from_str(text: &str) -> Result<Self, InvitationError> {
        let text = text.trim();
        if text.len() > INVITATION_TEXT_BYTES_MAX {
            return Err(InvitationError::TooLong);
        }
        let encoded = text.strip_prefix(PREFIX).ok_or(InvitationError::NotOne)?;
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(encoded).map_err(|_| InvitationError::Garbled)?);
        let (content, found) = bytes.split_last_chunk::<4>().ok_or(InvitationError::Garbled)?;
        if *found != checksum(content) {
            return Err(InvitationError::Checksum);
        }
        parse(content)
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invitation({} of {}, ..)", self.role.as_str(), self.server.address)
    }
}

/// The content, whose checksum matches.
fn parse(content: &[u8]) -> Result<Invitation, InvitationError> {
    let ([version, kind], rest) = content.split_first_chunk().ok_or(InvitationError::Garbled)?;
    if *version != VERSION {
        return Err(InvitationError::Newer(*version));
    }
    let (state, rest) = rest.split_first_chunk::<2>().ok_or(InvitationError::Garbled)?;
    let (root, rest) = rest.split_first_chunk::<32>().ok_or(InvitationError::Garbled)?;
    let (tls_key, rest) = rest.split_first_chunk::<32>().ok_or(InvitationError::Garbled)?;
    let (secret, rest) = rest.split_first_chunk::<16>().ok_or(InvitationError::Garbled)?;
    let (meant, role, address) = parse_meant(*kind, rest)?;
    let address = std::str::from_utf8(address).ok().filter(|text| is_address(text.as_bytes()));
    let address = address.ok_or(InvitationError::Field("address"))?.to_owned();
    Ok(Invitation {
        server: ServerAddress { address, tls_key: KeyId::new(*tls_key) },
        root: KeyId::new(*root),
        meant,
        role,
        state: parse_state(role, *state)?,
        secret: InvitationSecret::from_bytes(*secret),
    })
}

/// Who is meant, with their role, and the rest of the content.
fn parse_meant(kind: u8, rest: &[u8]) -> Result<(Meant, Role, &[u8]), InvitationError> {
    let person = |meant: fn(UserId) -> Meant| {
        let (user, rest) = rest.split_first_chunk::<16>().ok_or(InvitationError::Garbled)?;
        let (role, rest) = rest.split_first().ok_or(InvitationError::Garbled)?;
        Ok((meant(UserId::new(*user)), parse_role(*role)?, rest))
    };
    match kind {
        DEVICE => person(Meant::Device),
        AGAIN => person(Meant::Again),
        role => Ok((Meant::Newcomer, parse_role(role)?, rest)),
    }
}

pub(crate) fn parse_role(byte: u8) -> Result<Role, InvitationError> {
    let role = Role::ALL.into_iter().find(|known| role_byte(*known) == byte);
    role.ok_or(InvitationError::Field("role"))
}

/// Officers have no State, everyone else has one.
pub(crate) fn state_bytes(role: Role, state: Option<StateCode>) -> Result<[u8; 2], InvitationError> {
    match (role, state) {
        (Role::Officer, None) => Ok(NO_STATE),
        (Role::FocalPoint | Role::Expert | Role::Observer, Some(state)) => {
            state.as_str().as_bytes().try_into().map_err(|_| InvitationError::Field("State"))
        }
        (Role::Officer, Some(_)) | (Role::FocalPoint | Role::Expert | Role::Observer, None) => {
            Err(InvitationError::Field("State"))
        }
    }
}

pub(crate) fn parse_state(role: Role, bytes: [u8; 2]) -> Result<Option<StateCode>, InvitationError> {
    let state = match bytes {
        NO_STATE => None,
        letters => {
            let code = std::str::from_utf8(&letters).ok().and_then(|text| text.parse().ok());
            Some(code.ok_or(InvitationError::Field("State"))?)
        }
    };
    state_bytes(role, state).map(|_| state)
}

pub(crate) const fn role_byte(role: Role) -> u8 {
    match role {
        Role::Officer => 1,
        Role::FocalPoint => 2,
        Role::Expert => 3,
        Role::Observer => 4,
    }
}

/// `HOST:PORT` of printable ASCII. Whether anyone is there is for the link to find out.
#[must_use]
pub fn is_address(address: &[u8]) -> bool {
    let printable = address.len() <= ADDRESS_BYTES_MAX && address.iter().all(u8::is_ascii_graphic);
    let text = std::str::from_utf8(address).unwrap_or_default();
    let parts = text.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
    printable && matches!(parts, Some((host, Ok(port))) if !host.is_empty() && port > 0)
}

/// Finds a slip of the hand; it proves nothing.
pub(crate) fn checksum(content: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = *Digest::of(content).as_bytes();
    [a, b, c, d]
}

const PREFIX: &str = "chancery-invite-1.";
const VERSION: u8 = 1;
const NO_STATE: [u8; 2] = [0, 0];
/// The byte in the role's place where a further device is meant.
const DEVICE: u8 = 5;
/// The byte in the role's place where a person is to be certified anew.
const AGAIN: u8 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn invitation(role: Role, state: Option<&str>, address: &str) -> Invitation {
        Invitation {
            server: ServerAddress { address: address.into(), tls_key: KeyId::new([2; 32]) },
            root: KeyId::new([1; 32]),
            meant: Meant::Newcomer,
            role,
            state: state.map(|code| code.parse().unwrap()),
            secret: InvitationSecret::from_bytes([3; 16]),
        }
    }

    /// An invitation of this content with the right checksum.
    fn of_content(content: &[u8]) -> String {
        let bytes = [content, &checksum(content)].concat();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    #[test]
    fn an_invitation_reads_back() {
        for (role, state) in [
            (Role::Officer, None),
            (Role::FocalPoint, Some("CL")),
            (Role::Expert, Some("KE")),
            (Role::Observer, Some("PT")),
        ] {
            let user = UserId::new([9; 16]);
            let longest = format!("{}:65535", "h".repeat(249));
            let meant = [Meant::Newcomer, Meant::Device(user), Meant::Again(user)];
            for (address, meant) in ["localhost:4433", "[::1]:1", &longest].into_iter().zip(meant) {
                let made = Invitation { meant, ..invitation(role, state, address) };
                let text = made.text().unwrap();
                let read: Invitation = format!(" {}\n", *text).parse().unwrap();
                assert_eq!(
                    (&read.server, read.root, read.meant, read.role, read.state),
                    (&made.server, made.root, made.meant, made.role, made.state)
                );
                assert_eq!(read.secret.as_bytes(), made.secret.as_bytes());
                assert_eq!(*read.text().unwrap(), *text);
            }
        }
    }

    #[test]
    fn an_invitation_prints_nothing_of_its_secret() {
        let made = invitation(Role::Officer, None, "h:1");
        assert_eq!(format!("{made:?}"), "Invitation(officer of h:1, ..)");
    }

    #[test]
    fn what_has_no_place_in_the_format_is_not_written() {
        let check = |role, state, address: &str, field| {
            let refused = invitation(role, state, address).text().unwrap_err();
            assert_eq!(refused, InvitationError::Field(field));
        };
        check(Role::Officer, Some("CL"), "h:1", "State");
        check(Role::Expert, None, "h:1", "State");
        for address in ["", "h", ":1", "h:", "h:0", "h:65536", "h i:1", "h\n:1", "\u{e9}:1"] {
            check(Role::Officer, None, address, "address");
        }
        check(Role::Officer, None, &format!("{}:1", "h".repeat(254)), "address");
    }

    #[test]
    fn every_slip_of_the_hand_is_found() {
        let text = invitation(Role::FocalPoint, Some("CL"), "localhost:4433").text().unwrap();
        let read = |text: &str| text.parse::<Invitation>().map(|_| ()).unwrap_err();
        for length in 0..text.len() {
            let refused = read(&text[..length]);
            assert!(!matches!(refused, InvitationError::Field(_)), "{length}: {refused}");
        }
        for at in PREFIX.len()..text.len() {
            let mut altered = text.as_bytes().to_vec();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let refused = read(std::str::from_utf8(&altered).unwrap());
            // The last letter also holds bits that must be zero.
            assert!(matches!(refused, InvitationError::Checksum | InvitationError::Garbled), "{at}");
        }
        assert_eq!(read(""), InvitationError::NotOne);
        assert_eq!(read(&text.replace("invite-1", "invite-2")), InvitationError::NotOne);
        assert_eq!(read(&text.replace("chancery-", "Chancery-")), InvitationError::NotOne);
        assert_eq!(read(&format!("{}=", *text)), InvitationError::Garbled);
        assert_eq!(read(&"x".repeat(INVITATION_TEXT_BYTES_MAX + 1)), InvitationError::TooLong);
    }

    #[test]
    fn fields_are_checked_after_the_checksum() {
        let content = |head: [u8; 4], address: &[u8]| [&head[..], &[7; 80], address].concat();
        let check = |content: &[u8], expected| {
            assert_eq!(of_content(content).parse::<Invitation>().map(|_| ()).unwrap_err(), expected);
        };
        check(&content([2, 1, 0, 0], b"h:1"), InvitationError::Newer(2));
        check(&content([1, 0, 0, 0], b"h:1"), InvitationError::Field("role"));
        check(&content([1, 7, 0, 0], b"h:1"), InvitationError::Field("role"));
        check(&content([1, 5, 0, 0], b""), InvitationError::Garbled);
        let of = |role: u8| [&[9; 16][..], &[role], b"h:1"].concat();
        check(&content([1, 5, 0, 0], &of(5)), InvitationError::Field("role"));
        check(&content([1, 6, 0, 0], &of(2)), InvitationError::Field("State"));
        check(&content([1, 5, b'C', b'L'], &of(1)), InvitationError::Field("State"));
        check(&content([1, 1, b'C', b'L'], b"h:1"), InvitationError::Field("State"));
        check(&content([1, 2, 0, 0], b"h:1"), InvitationError::Field("State"));
        check(&content([1, 2, b'c', b'l'], b"h:1"), InvitationError::Field("State"));
        check(&content([1, 1, 0, 0], b""), InvitationError::Field("address"));
        check(&content([1, 1, 0, 0], b"h\xff:1"), InvitationError::Field("address"));
        check(&content([1, 1, 0, 0], b"")[..60], InvitationError::Garbled);
        check(&[], InvitationError::Garbled);
    }
}
