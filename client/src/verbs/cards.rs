//! Who people are: the cards that a focal point keeps of those it brings in. The directory holds no names.

use chancery_core::act::PersonCard;
use chancery_core::id::UserId;

use crate::home::{Family, Home};
use crate::sync::{Session, SessionError};

/// The card of a person: as kept in this home, or as the members of a channel have it.
///
/// # Errors
/// [`SessionError::Home`].
pub fn of(session: &Session, user: UserId) -> Result<Option<PersonCard>, SessionError> {
    let kept = session.home.get(Family::Card, user.as_bytes())?;
    if let Some(card) = kept.and_then(|bytes| PersonCard::decode(&bytes).ok()) {
        return Ok(Some(card));
    }
    let known = session.channels().find_map(|copy| {
        let cards = session.keys(copy.id())?.cards(copy);
        cards.into_iter().rev().find(|(of, card)| *of == user && !card.name.is_empty())
    });
    Ok(known.map(|(_, card)| card))
}

/// Keeps the card of a person.
///
/// # Errors
/// [`SessionError::Home`].
pub fn keep(home: &Home, user: UserId, card: &PersonCard) -> Result<(), SessionError> {
    Ok(home.put(Family::Card, user.as_bytes(), &card.encode())?)
}
