//! Safety numbers: what people compare, in a note verbale, to be sure that they hold the same State key.
//!
//! `docs/formats/keys.md`, "Safety numbers": Signal's numeric fingerprint, over a State of a deployment.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA512, digest};

use crate::id::{KeyId, StateCode};
use crate::name::{Label, context};

/// Sixty digits in twelve groups of five.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SafetyNumber([u32; GROUPS]);

/// Groups of a safety number.
pub const GROUPS: usize = 12;

/// A text is no safety number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotASafetyNumber {
    /// There are too few or too many digits.
    #[error("a safety number has 60 digits, and this has {0}")]
    Length(usize),
    /// Something stands in it that is neither a digit nor between digits.
    #[error("a safety number has digits only, and this has {0:?}")]
    Character(char),
}

impl SafetyNumber {
    /// The number of a State's key in the deployment of `root`.
    #[must_use]
    pub fn of(root: &KeyId, state: StateCode, generation: u64, key: &[u8; 32]) -> Self {
        let hash = last_hash(root, state, generation, key);
        let mut groups = [0; GROUPS];
        for (group, bytes) in groups.iter_mut().zip(hash.chunks_exact(BYTES_PER_GROUP)) {
            let number = bytes.iter().fold(0, |number: u64, byte| (number << 8) | u64::from(*byte));
            *group = u32::try_from(number % u64::from(GROUP_END)).unwrap_or_default();
        }
        Self(groups)
    }

    /// The groups, each below 100,000.
    #[must_use]
    pub const fn groups(&self) -> &[u32; GROUPS] {
        &self.0
    }

    /// The place of the first group, from 1, in which the two differ.
    #[must_use]
    pub fn first_difference(&self, other: &Self) -> Option<usize> {
        let place = self.0.iter().zip(&other.0).position(|(one, two)| one != two);
        place.map(|place| place + 1)
    }

    /// The group at a place, from 1, as it is written.
    #[must_use]
    pub fn group(&self, place: usize) -> String {
        let group = place.checked_sub(1).and_then(|place| self.0.get(place));
        group.map(|group| format!("{group:05}")).unwrap_or_default()
    }
}

impl fmt::Display for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, group) in self.0.iter().enumerate() {
            let before = if place == 0 { "" } else { " " };
            write!(f, "{before}{group:05}")?;
        }
        Ok(())
    }
}

/// People type what a note shows: with blanks, line breaks and dashes, in the digits of their script.
impl FromStr for SafetyNumber {
    type Err = NotASafetyNumber;

    fn from_str(text: &str) -> Result<Self, NotASafetyNumber> {
        let mut digits = Vec::with_capacity(DIGITS);
        for c in text.chars().filter(|c| !is_between(*c)) {
            digits.push(digit(c).ok_or(NotASafetyNumber::Character(c))?);
        }
        if digits.len() != DIGITS {
            return Err(NotASafetyNumber::Length(digits.len()));
        }
        let mut groups = [0; GROUPS];
        for (group, digits) in groups.iter_mut().zip(digits.chunks_exact(DIGITS / GROUPS)) {
            *group = digits.iter().fold(0, |number, digit| number * 10 + digit);
        }
        Ok(Self(groups))
    }
}

/// Blanks, hyphens and dashes, and the marks of direction that copied text from right to left brings.
fn is_between(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{200e}' | '\u{200f}'
            | '\u{2066}'..='\u{2069}')
}

/// A decimal digit: European, Arabic-Indic, Persian or full-width.
fn digit(c: char) -> Option<u32> {
    let zero = match c {
        '0'..='9' => '0',
        '\u{660}'..='\u{669}' => '\u{660}',
        '\u{6f0}'..='\u{6f9}' => '\u{6f0}',
        '\u{ff10}'..='\u{ff19}' => '\u{ff10}',
        _ => return None,
    };
    Some(u32::from(c) - u32::from(zero))
}

/// The hash with which the iteration begins.
pub(crate) fn first_hash(
    root: &KeyId,
    state: StateCode,
    generation: u64,
    key: &[u8; 32],
) -> [u8; HASH_BYTES] {
    let parts = [&root.as_bytes()[..], state.as_str().as_bytes(), &generation.to_le_bytes(), key];
    sha512(&context(Label::SafetyNumber, &parts))
}

/// The hash whose bytes become digits.
pub(crate) fn last_hash(root: &KeyId, state: StateCode, generation: u64, key: &[u8; 32]) -> [u8; HASH_BYTES] {
    let mut input = [0; HASH_BYTES + 32];
    input[HASH_BYTES..].copy_from_slice(key);
    let mut hash = first_hash(root, state, generation, key);
    for _ in 1..ITERATIONS {
        input[..HASH_BYTES].copy_from_slice(&hash);
        hash = sha512(&input);
    }
    hash
}

fn sha512(bytes: &[u8]) -> [u8; HASH_BYTES] {
    let mut hash = [0; HASH_BYTES];
    hash.copy_from_slice(digest(&SHA512, bytes).as_ref());
    hash
}

const HASH_BYTES: usize = 64;
const ITERATIONS: u32 = 5_200;
const BYTES_PER_GROUP: usize = 5;
const GROUP_END: u32 = 100_000;
const DIGITS: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn number(key: u8) -> SafetyNumber {
        SafetyNumber::of(&KeyId::new([1; 32]), "KE".parse().unwrap(), 0, &[key; 32])
    }

    #[test]
    fn what_people_type_is_read() {
        let plain = number(2).to_string();
        assert_eq!(plain.len(), 71);
        let arabic = plain.chars().map(|c| c.to_digit(10).map_or(c, |d| char::from_u32(0x660 + d).unwrap()));
        for typed in [
            plain.clone(),
            plain.replace(' ', ""),
            plain.replace(' ', "-"),
            plain.replace(' ', "\u{2013}"),
            plain.replace(' ', "\r\n"),
            plain.replace(' ', "\u{a0}"),
            format!("\n  {plain} \n"),
            format!("\u{2067}{plain}\u{2069}"),
            arabic.collect(),
        ] {
            assert_eq!(typed.parse(), Ok(number(2)), "{typed:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let plain = number(2).to_string();
        let check =
            |typed: &str, expected| assert_eq!(typed.parse::<SafetyNumber>(), Err(expected), "{typed}");
        check("", NotASafetyNumber::Length(0));
        check(&plain[1..], NotASafetyNumber::Length(59));
        check(&format!("{plain}0"), NotASafetyNumber::Length(61));
        check(&plain.replacen(' ', ",", 1), NotASafetyNumber::Character(','));
        check(&plain.replacen(' ', "O", 1), NotASafetyNumber::Character('O'));
        check("\u{b2}", NotASafetyNumber::Character('\u{b2}'));
    }

    #[test]
    fn the_first_group_that_differs_is_named() {
        let one = number(2);
        assert_eq!(one.first_difference(&one), None);
        for place in 1..=GROUPS {
            let mut other = one;
            for group in &mut other.0[place - 1..] {
                *group = (*group + 1) % GROUP_END;
            }
            assert_eq!(one.first_difference(&other), Some(place));
            assert_eq!(one.group(place), one.to_string()[(place - 1) * 6..][..5]);
        }
        assert_ne!(one, number(3));
    }
}
