//! A recovery sheet as people keep it: 24 words, and a line that says where and whose
//! (`docs/formats/enrolment.md`). The words are the secret; the line is none.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bip39::{Language, Mnemonic};
use chancery_core::act::Role;
use chancery_core::id::{KeyId, StateCode, UserId};
use chancery_seal::secret::RecoverySecret;
use zeroize::{Zeroize as _, Zeroizing};

use crate::home::ServerAddress;
use crate::invitation::{
    InvitationError, checksum, is_address, parse_role, parse_state, role_byte, state_bytes,
};

/// Words of a sheet: 256 bits and a checksum of eight.
pub const WORDS: usize = 24;
/// The longest text that is read as a sheet.
pub const SHEET_BYTES_MAX: usize = 4_096;

/// What the line of a sheet says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetLine {
    /// Where the server is, and the key to pin.
    pub server: ServerAddress,
    /// Fingerprint of the mechanism root.
    pub root: KeyId,
    /// Whose sheet it is.
    pub user: UserId,
    /// What the person was when the sheet was made; the directory has the last word.
    pub role: Role,
    /// The State; none for an officer.
    pub state: Option<StateCode>,
}

/// A text is not a recovery sheet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// No line of a sheet.
    #[error("there is no line that begins with {PREFIX}")]
    NoLine,
    /// Two lines of sheets.
    #[error("there are two lines that begin with {PREFIX}")]
    TwoLines,
    /// Longer than any sheet.
    #[error("the text is longer than a recovery sheet")]
    TooLong,
    /// Letters that do not belong in the line, or some are missing.
    #[error("the line is incomplete or has other characters in it")]
    Garbled,
    /// The line's checksum does not match.
    #[error("the line has a mistake in it: its checksum does not match")]
    LineChecksum,
    /// Made by a newer program.
    #[error("the sheet is of version {0}, which this program does not know")]
    Newer(u8),
    /// A field of the line has a value that the format excludes.
    #[error("the line's {0} has a value that the format excludes")]
    Field(&'static str),
    /// Too few or too many words.
    #[error("there are {0} words; a recovery sheet has {WORDS}")]
    Count(usize),
    /// A word that is in no sheet.
    #[error("word {0} is not in the list of words")]
    Word(usize),
    /// Words of the list, and not those of a sheet.
    #[error("the checksum of the words does not match: one of them is another, or two have changed places")]
    WordsChecksum,
}

/// The words of a secret, in order.
///
/// # Errors
/// [`SheetError::Count`] never comes: 32 bytes are 24 words.
pub fn words(secret: &RecoverySecret) -> Result<Vec<&'static str>, SheetError> {
    let mnemonic = Mnemonic::from_entropy(secret.as_bytes()).map_err(|_| SheetError::Count(0))?;
    Ok(mnemonic.words().collect())
}

/// The secret of a sheet's words. Numbers and full stops, as on a printed sheet, are passed over.
///
/// # Errors
/// [`SheetError`] that names the slip.
pub fn parse_words(text: &str) -> Result<RecoverySecret, SheetError> {
    let mut plain = Zeroizing::new(String::with_capacity(SHEET_BYTES_MAX));
    let mut count = 0;
    for token in text.split_whitespace() {
        let word = token.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        if word.is_empty() {
            continue;
        }
        if count > 0 {
            plain.push(' ');
        }
        plain.extend(word.chars().map(|letter| letter.to_ascii_lowercase()));
        count += 1;
    }
    if count != WORDS {
        return Err(SheetError::Count(count));
    }
    let mnemonic = Mnemonic::parse_in_normalized(Language::English, &plain).map_err(|error| match error {
        bip39::Error::UnknownWord(place) => SheetError::Word(place + 1),
        _ => SheetError::WordsChecksum,
    })?;
    let (mut entropy, _) = mnemonic.to_entropy_array();
    let secret = entropy.first_chunk::<32>().map(|bytes| RecoverySecret::from_bytes(*bytes));
    entropy.zeroize();
    secret.ok_or(SheetError::Count(count))
}

/// A whole sheet, as [`text`] writes it: remarks begin with `#`.
///
/// # Errors
/// [`SheetError`].
pub fn parse(text: &str) -> Result<(SheetLine, RecoverySecret), SheetError> {
    if text.len() > SHEET_BYTES_MAX {
        return Err(SheetError::TooLong);
    }
    let mut line = None;
    let mut rest = Zeroizing::new(String::with_capacity(SHEET_BYTES_MAX));
    for one in text.lines().map(str::trim).filter(|one| !one.starts_with('#')) {
        if one.starts_with(PREFIX) {
            if line.replace(one.parse()?).is_some() {
                return Err(SheetError::TwoLines);
            }
        } else {
            rest.push_str(one);
            rest.push('\n');
        }
    }
    Ok((line.ok_or(SheetError::NoLine)?, parse_words(&rest)?))
}

/// The sheet to print or write down.
///
/// # Errors
/// [`SheetError::Field`] if the line has no place in the format.
pub fn text(line: &SheetLine, secret: &RecoverySecret) -> Result<Zeroizing<String>, SheetError> {
    let mut out = Zeroizing::new(String::with_capacity(SHEET_BYTES_MAX));
    out.push_str(
        "# Chancery recovery sheet. Whoever has the words is you: keep it where nobody else reads it.\n",
    );
    for (place, word) in (1..).zip(words(secret)?) {
        let end = if place % 4 == 0 { "\n" } else { "  " };
        out.push_str(&format!("{place:>2}. {word:<9}{end}"));
    }
    out.push_str(&line.text()?);
    out.push('\n');
    Ok(out)
}

impl SheetLine {
    /// The line.
    ///
    /// # Errors
    /// [`SheetError::Field`] if the address, or role and State together, have no place in the format.
    pub fn text(&self) -> Result<String, SheetError> {
        let address = self.server.address.as_bytes();
        if !is_address(address) {
            return Err(SheetError::Field("address"));
        }
        let state = state_bytes(self.role, self.state).map_err(|_| SheetError::Field("State"))?;
        let mut bytes = vec![VERSION, role_byte(self.role)];
        bytes.extend(state);
        bytes.extend(self.root.as_bytes());
        bytes.extend(self.server.tls_key.as_bytes());
        bytes.extend(self.user.as_bytes());
        bytes.extend(address);
        let sum = checksum(&bytes);
        bytes.extend(sum);
        Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }
}

impl FromStr for SheetLine {
    type Err = SheetError;

    fn from_str(text: &str) -> Result<Self, SheetError> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(SheetError::NoLine)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| SheetError::Garbled)?;
        let (content, found) = bytes.split_last_chunk::<4>().ok_or(SheetError::Garbled)?;
        if *found != checksum(content) {
            return Err(SheetError::LineChecksum);
        }
        let ([version, role], rest) = content.split_first_chunk().ok_or(SheetError::Garbled)?;
        if *version != VERSION {
            return Err(SheetError::Newer(*version));
        }
        let field = |error| match error {
            InvitationError::Field(field) => SheetError::Field(field),
            _ => SheetError::Garbled,
        };
        let role = parse_role(*role).map_err(field)?;
        let (state, rest) = rest.split_first_chunk::<2>().ok_or(SheetError::Garbled)?;
        let (root, rest) = rest.split_first_chunk::<32>().ok_or(SheetError::Garbled)?;
        let (tls_key, rest) = rest.split_first_chunk::<32>().ok_or(SheetError::Garbled)?;
        let (user, address) = rest.split_first_chunk::<16>().ok_or(SheetError::Garbled)?;
        let address = std::str::from_utf8(address).ok().filter(|text| is_address(text.as_bytes()));
        let address = address.ok_or(SheetError::Field("address"))?.to_owned();
        Ok(Self {
            server: ServerAddress { address, tls_key: KeyId::new(*tls_key) },
            root: KeyId::new(*root),
            user: UserId::new(*user),
            role,
            state: parse_state(role, *state).map_err(field)?,
        })
    }
}

const PREFIX: &str = "chancery-recovery-1.";
const VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn line(role: Role, state: Option<&str>) -> SheetLine {
        SheetLine {
            server: ServerAddress { address: "localhost:4433".into(), tls_key: KeyId::new([2; 32]) },
            root: KeyId::new([1; 32]),
            user: UserId::new([3; 16]),
            role,
            state: state.map(|code| code.parse().unwrap()),
        }
    }

    fn secret() -> RecoverySecret {
        RecoverySecret::from_bytes([7; 32])
    }

    #[test]
    fn a_sheet_reads_back() {
        for (role, state) in
            [(Role::Officer, None), (Role::FocalPoint, Some("CL")), (Role::Expert, Some("KE"))]
        {
            let (written, of) = (text(&line(role, state), &secret()).unwrap(), line(role, state));
            for text in [written.to_string(), written.replace('\n', "\r\n"), written.to_uppercase_words()] {
                let (line, read) = parse(&text).unwrap();
                assert_eq!(line, of);
                assert_eq!(read.as_bytes(), secret().as_bytes());
            }
        }
    }

    trait Shout {
        fn to_uppercase_words(&self) -> String;
    }

    impl Shout for str {
        /// Every line but the last, which is not words.
        fn to_uppercase_words(&self) -> String {
            let (words, line) = self.trim_end().rsplit_once('\n').unwrap();
            format!("{}\n{line}\n", words.to_uppercase())
        }
    }

    #[test]
    fn the_words_are_those_of_bip_39() {
        let check = |byte: u8, first: &str, last: &str| {
            let words = words(&RecoverySecret::from_bytes([byte; 32])).unwrap();
            assert_eq!((words.len(), words[0], words[WORDS - 1]), (WORDS, first, last));
        };
        // Known answers of the proposal.
        check(0x00, "abandon", "art");
        check(0x7f, "legal", "title");
        check(0x80, "letter", "bless");
        check(0xff, "zoo", "vote");
    }

    /// In a file that any other implementation can read. After a deliberate change of the format, `UPDATE_VECTORS=1`
    /// writes it anew.
    #[test]
    fn vectors() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/recovery.json");
        let sheets = [0x00, 0x7f, 0xff].map(|byte| {
            let secret = RecoverySecret::from_bytes([byte; 32]);
            let line = line(Role::Expert, Some("KE"));
            serde_json::json!({
                "secret": hex::encode(secret.as_bytes()),
                "words": words(&secret).unwrap().join(" "),
                "sign_public": hex::encode(secret.signing_key().unwrap().public()),
                "kem_key_id": secret.kem().unwrap().key_id(),
                "line": line.text().unwrap(),
                "line_fields": {
                    "role": line.role.as_str(), "state": line.state, "root": line.root,
                    "server_key": line.server.tls_key, "user": line.user, "address": line.server.address,
                },
            })
        });
        let made = serde_json::json!({
            "description": "docs/formats/keys.md and enrolment.md, recovery sheets. Bytes are in hex.",
            "vectors": sheets,
        });
        if std::env::var_os("UPDATE_VECTORS").is_some() {
            std::fs::write(path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
        }
        let kept: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(kept, made);
    }

    #[test]
    fn a_slip_in_the_words_is_named() {
        let good: Vec<String> = words(&secret()).unwrap().into_iter().map(str::to_owned).collect();
        let check = |change: &dyn Fn(&mut Vec<String>), expected: SheetError| {
            let mut changed = good.clone();
            change(&mut changed);
            assert_eq!(parse_words(&changed.join(" ")).map(drop).unwrap_err(), expected);
        };
        check(&|words| words[6] = "chancery".into(), SheetError::Word(7));
        check(&|words| words[23] = String::from("x"), SheetError::Word(24));
        check(&|words| words[0] = "zoo".into(), SheetError::WordsChecksum);
        check(&|words| words.truncate(23), SheetError::Count(23));
        check(&|words| words.push("zoo".into()), SheetError::Count(25));
        check(&|words| words.clear(), SheetError::Count(0));
        let other = words(&RecoverySecret::from_bytes([8; 32])).unwrap();
        assert_ne!(parse_words(&other.join(" ")).unwrap().as_bytes(), secret().as_bytes());
    }

    #[test]
    fn a_slip_in_the_line_is_named() {
        let good = line(Role::Expert, Some("KE")).text().unwrap();
        let read = |text: &str| text.parse::<SheetLine>().unwrap_err();
        for at in PREFIX.len()..good.len() {
            let mut altered = good.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let refused = read(std::str::from_utf8(&altered).unwrap());
            assert!(matches!(refused, SheetError::LineChecksum | SheetError::Garbled), "{at}");
        }
        for length in 0..good.len() {
            let refused = read(&good[..length]);
            assert!(!matches!(refused, SheetError::Field(_)), "{length}");
        }
        assert_eq!(parse("").map(drop).unwrap_err(), SheetError::NoLine);
        assert_eq!(parse(&format!("{good}\n{good}\n")).map(drop).unwrap_err(), SheetError::TwoLines);
        assert_eq!(parse(&"x".repeat(SHEET_BYTES_MAX + 1)).map(drop).unwrap_err(), SheetError::TooLong);
        let content = |head: [u8; 2], state: &[u8; 2], address: &[u8]| {
            let bytes = [&head[..], state, &[7; 80], address].concat();
            read(&format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode([&bytes[..], &checksum(&bytes)].concat())))
        };
        assert_eq!(content([2, 1], &[0, 0], b"h:1"), SheetError::Newer(2));
        assert_eq!(content([1, 5], &[0, 0], b"h:1"), SheetError::Field("role"));
        assert_eq!(content([1, 1], b"CL", b"h:1"), SheetError::Field("State"));
        assert_eq!(content([1, 3], b"cl", b"h:1"), SheetError::Field("State"));
        assert_eq!(content([1, 1], &[0, 0], b"h"), SheetError::Field("address"));
    }

    #[test]
    fn what_has_no_place_in_the_format_is_not_written() {
        assert_eq!(line(Role::Officer, Some("CL")).text().unwrap_err(), SheetError::Field("State"));
        let mut wrong = line(Role::Officer, None);
        wrong.server.address = "h".into();
        assert_eq!(wrong.text().unwrap_err(), SheetError::Field("address"));
    }
}
