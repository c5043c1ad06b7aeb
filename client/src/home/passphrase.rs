//! What a new passphrase must be: the one rule, wherever one is chosen.

use super::HomeError;

/// Fewest characters of a new passphrase, not counting blanks at its ends. A home that opens with a shorter one
/// goes on opening with it.
pub const PASSPHRASE_CHARACTERS_MIN: usize = 12;

/// Whether a passphrase may be chosen.
///
/// # Errors
/// [`HomeError::ShortPassphrase`].
pub fn check_new_passphrase(passphrase: &str) -> Result<(), HomeError> {
    let characters = passphrase.trim().chars().count();
    if characters < PASSPHRASE_CHARACTERS_MIN {
        return Err(HomeError::ShortPassphrase { characters });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_count_and_blanks_at_the_ends_do_not() {
        let check = |passphrase: &str, short: Option<usize>| {
            let found = match check_new_passphrase(passphrase) {
                Err(HomeError::ShortPassphrase { characters }) => Some(characters),
                other => other.map(|()| None).unwrap(),
            };
            assert_eq!(found, short, "{passphrase:?}");
        };
        check("", Some(0));
        check("               ", Some(0));
        check("correct hor", Some(11));
        check("correct hor ", Some(11));
        check("correct hors", None);
        check("\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}", Some(6));
    }
}
