//! Words of the command line that are not types of the core with a spelling of their own.

use chancery_core::act::{RegionalGroup, Role};
use chancery_core::id::TeamId;
use chancery_seal::random::make_bytes;

use super::failure::Failure;

/// The regional groups of the United Nations, as they are spelt here.
const GROUPS: [(&str, RegionalGroup); 5] = [
    ("africa", RegionalGroup::Africa),
    ("asia-pacific", RegionalGroup::AsiaPacific),
    ("eastern-europe", RegionalGroup::EasternEurope),
    ("latin-america-caribbean", RegionalGroup::LatinAmericaCaribbean),
    ("western-europe-others", RegionalGroup::WesternEuropeOthers),
];

/// A role.
pub(super) fn role(text: &str) -> Result<Role, String> {
    let known = Role::ALL.into_iter().find(|role| role.as_str() == text);
    known.ok_or_else(|| format!("expected one of {}", Role::ALL.map(Role::as_str).join(", ")))
}

/// A regional group.
pub(super) fn group(text: &str) -> Result<RegionalGroup, String> {
    let known = GROUPS.into_iter().find(|(word, _)| *word == text).map(|(_, group)| group);
    known.ok_or_else(|| format!("expected one of {}", GROUPS.map(|(word, _)| word).join(", ")))
}

/// A team of officers: an existing one, or a new one.
#[derive(Debug, Clone, Copy)]
pub(super) enum TeamName {
    New,
    Id(TeamId),
}

impl TeamName {
    pub(super) fn id(self) -> Result<TeamId, Failure> {
        match self {
            Self::New => Ok(TeamId::new(make_bytes()?)),
            Self::Id(id) => Ok(id),
        }
    }
}

/// A team: its id, or `NEW`.
pub(super) fn team(text: &str) -> Result<TeamName, String> {
    if text == "NEW" {
        return Ok(TeamName::New);
    }
    text.parse()
        .map(TeamName::Id)
        .map_err(|_| "expected NEW or the 32 hexadecimal digits of a team".to_owned())
}

/// The end of a seat: the last day, in UTC, or a time as RFC 3339 has it; in milliseconds of UTC.
pub(super) fn until(text: &str) -> Result<u64, String> {
    let end = match text.parse::<jiff::civil::Date>() {
        Ok(day) if text.len() == "2026-12-31".len() => {
            let next = day.tomorrow().ok();
            next.and_then(|next| format!("{next}T00:00:00Z").parse::<jiff::Timestamp>().ok())
        }
        _ => text.parse::<jiff::Timestamp>().ok(),
    };
    end.and_then(|end| u64::try_from(end.as_millisecond()).ok())
        .ok_or_else(|| "expected a day, as 2026-12-31, or a time, as 2026-12-31T12:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_command_line() {
        assert_eq!(role("focal-point"), Ok(Role::FocalPoint));
        assert!(role("Focal-Point").is_err());
        assert_eq!(group("asia-pacific"), Ok(RegionalGroup::AsiaPacific));
        assert!(group("").is_err());
        assert!(matches!(team("NEW"), Ok(TeamName::New)));
        assert!(matches!(team("000102030405060708090a0b0c0d0e0f"), Ok(TeamName::Id(_))));
        assert!(team("new").is_err());
        assert_eq!(until("1970-01-01"), Ok(86_400_000));
        assert_eq!(until("1970-01-02T00:00:00Z"), Ok(86_400_000));
        for wrong in ["", "tomorrow", "2026-13-01", "2026-12-31T12:00:00", "1969-12-01"] {
            assert!(until(wrong).is_err(), "{wrong}");
        }
    }
}
