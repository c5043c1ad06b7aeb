//! The newcomer's side of enrolment: all that a key unknown to the directory reaches.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use chancery_core::act::{PersonKeys, verify_bytes};
use chancery_core::error::{Reason, WireReason};
use chancery_core::id::KeyId;
use chancery_core::limits::FAILED_LOOKUPS_MAX;
use chancery_core::name::Namespace;

use super::invitations::{EnrolmentState, Lookup, state_at};
use super::{App, AppError};
use crate::store::invitations::{self, HandedIn, State};

/// What a newcomer hands in under an invitation.
#[derive(Debug, Clone)]
pub struct Redemption {
    /// The invitation's lookup value.
    pub lookup: Lookup,
    /// The encoded request, as the MAC covers it.
    pub request: Bytes,
    /// The MAC, which only the inviter can check.
    pub mac: Bytes,
    /// The encoded keys inside the request.
    pub keys: Bytes,
    /// The device key's signature over them.
    pub possession: [u8; 64],
}

impl App {
    /// Hands in a newcomer's keys. An invitation is redeemed once; the same bytes from the same key again are
    /// no error.
    pub async fn redeem(&self, tls_key: KeyId, redemption: Redemption) -> Result<(), AppError> {
        self.lookups().allowed(&tls_key, self.now_ms())?;
        let keys = PersonKeys::decode(&redemption.keys)?;
        if keys.device_tls_key != tls_key {
            return Err(Reason::BadPossession.into());
        }
        let (root, signature) = (self.root(), &redemption.possession);
        verify_bytes(Namespace::Possession, &keys.device_sign, &root, &redemption.keys, signature)
            .map_err(|_| Reason::BadPossession)?;
        let mut tx = self.pool().begin().await?;
        let Some(row) = invitations::by_lookup(&mut tx, &redemption.lookup).await? else {
            return Err(self.missed(&tls_key));
        };
        let handed_in = HandedIn { tls_key, request: redemption.request, mac: redemption.mac };
        match row.state {
            State::Redeemed if row.handed_in.as_ref() == Some(&handed_in) => return Ok(()),
            State::Redeemed | State::Admitted | State::Void => return Err(WireReason::InvitationVoid.into()),
            State::Invited if row.expires_ms <= self.now_ms() => {
                return Err(WireReason::InvitationExpired.into());
            }
            State::Invited => {}
        }
        invitations::redeem(&mut tx, &redemption.lookup, &handed_in).await?;
        Ok(tx.commit().await?)
    }

    /// How an enrolment stands. Once someone has handed in keys, others are told that it is void.
    pub async fn enrolment(&self, tls_key: KeyId, lookup: &Lookup) -> Result<EnrolmentState, AppError> {
        self.lookups().allowed(&tls_key, self.now_ms())?;
        let row = invitations::read(self.pool(), lookup).await?;
        let Some(row) = row else { return Err(self.missed(&tls_key)) };
        let state = state_at(row.state, row.expires_ms, self.now_ms());
        match row.handed_in {
            Some(handed_in) if handed_in.tls_key != tls_key => Ok(EnrolmentState::Void),
            // The inviter's client may have certified the keys and not closed the invitation yet.
            Some(_) if self.caller(tls_key).await?.is_enrolled() => Ok(EnrolmentState::Admitted),
            Some(_) | None => Ok(state),
        }
    }

    fn missed(&self, tls_key: &KeyId) -> AppError {
        self.lookups().missed(tls_key, self.now_ms());
        AppError::NOT_FOUND
    }
}

/// How often each peer has asked for an invitation that is not there.
#[derive(Debug, Default)]
pub(super) struct Lookups(Mutex<HashMap<KeyId, Missed>>);

#[derive(Debug, Clone, Copy)]
struct Missed {
    since_ms: u64,
    times: u32,
}

impl Lookups {
    fn allowed(&self, key: &KeyId, now_ms: u64) -> Result<(), AppError> {
        let missed = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied();
        match missed {
            Some(Missed { since_ms, times })
                if times >= FAILED_LOOKUPS_MAX && now_ms < since_ms + PERIOD_MS =>
            {
                Err(WireReason::TooMany.into())
            }
            _ => Ok(()),
        }
    }

    fn missed(&self, key: &KeyId, now_ms: u64) {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.len() >= PEERS_MAX {
            peers.retain(|_, missed| now_ms < missed.since_ms + PERIOD_MS);
        }
        if peers.len() >= PEERS_MAX {
            // A flood of fresh keys: guessing 256 bits is hopeless for it, with or without a memory of it.
            peers.clear();
        }
        let missed = peers.entry(*key).or_insert(Missed { since_ms: now_ms, times: 0 });
        if now_ms >= missed.since_ms + PERIOD_MS {
            *missed = Missed { since_ms: now_ms, times: 0 };
        }
        missed.times += 1;
    }
}

const PERIOD_MS: u64 = 60 * 60 * 1_000;
const PEERS_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_may_miss_so_often_in_an_hour() {
        let lookups = Lookups::default();
        let (one, other) = (KeyId::new([1; 32]), KeyId::new([2; 32]));
        for _ in 0..FAILED_LOOKUPS_MAX {
            assert_eq!(lookups.allowed(&one, 5), Ok(()));
            lookups.missed(&one, 5);
        }
        assert_eq!(lookups.allowed(&one, 6), Err(WireReason::TooMany.into()));
        assert_eq!(lookups.allowed(&other, 6), Ok(()));
        assert_eq!(lookups.allowed(&one, 5 + PERIOD_MS), Ok(()));
        lookups.missed(&one, 5 + PERIOD_MS);
        assert_eq!(lookups.allowed(&one, 6 + PERIOD_MS), Ok(()));
    }
}
