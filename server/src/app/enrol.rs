//! The newcomer's side of enrolment: all that a key unknown to the directory reaches.

use bytes::Bytes;
use chancery_core::act::{DeviceKeys, PersonKeys, verify_bytes};
use chancery_core::error::{Reason, WireReason};
use chancery_core::id::KeyId;
use chancery_core::name::Namespace;

use super::invitations::{EnrolmentState, Lookup, state_at};
use super::{App, AppError, audit};
use crate::gate::PeerKey;
use crate::store::invitations::{self, HandedIn, State};

/// The public keys that are handed in, as they were encoded and signed.
#[derive(Debug, Clone)]
pub enum NewKeys {
    /// Of a newcomer.
    Person(Bytes),
    /// Of a further device of the inviter's.
    Device(Bytes),
}

impl NewKeys {
    /// The TLS key among them, if the device's key has signed them.
    fn possessed(&self, root: &KeyId, possession: &[u8; 64]) -> Result<KeyId, AppError> {
        let (bytes, tls_key, sign, namespace) = match self {
            Self::Person(bytes) => {
                let keys = PersonKeys::decode(bytes)?;
                (bytes, keys.device_tls_key, keys.device_sign, Namespace::Possession)
            }
            Self::Device(bytes) => {
                let keys = DeviceKeys::decode(bytes)?;
                (bytes, keys.tls_key, keys.sign, Namespace::DevicePossession)
            }
        };
        verify_bytes(namespace, &sign, root, bytes, possession).map_err(|_| Reason::BadPossession)?;
        Ok(tls_key)
    }
}

/// What a newcomer, or a further device, hands in under an invitation.
#[derive(Debug, Clone)]
pub struct Redemption {
    /// The invitation's lookup value.
    pub lookup: Lookup,
    /// The encoded request, as the MAC covers it.
    pub request: Bytes,
    /// The MAC, which only the inviter can check.
    pub mac: Bytes,
    /// The keys inside the request.
    pub keys: NewKeys,
    /// The device key's signature over them.
    pub possession: [u8; 64],
}

impl App {
    /// Hands in keys. An invitation is redeemed once, unless its inviter rejects what was handed in; the same
    /// bytes from the same key again are no error.
    pub async fn redeem(&self, peer: &PeerKey, redemption: Redemption) -> Result<(), AppError> {
        self.may_look_up(peer)?;
        let tls_key = redemption.keys.possessed(&self.root(), &redemption.possession)?;
        if tls_key != peer.key {
            return Err(Reason::BadPossession.into());
        }
        let mut tx = self.pool().begin().await?;
        let Some(row) = invitations::by_lookup(&mut tx, &redemption.lookup).await? else {
            return Err(self.missed(peer));
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
        // Nobody could certify them any more.
        if !self.caller(row.inviter).await?.is_enrolled() {
            return Err(WireReason::InvitationVoid.into());
        }
        invitations::redeem(&mut tx, &redemption.lookup, &handed_in).await?;
        tx.commit().await?;
        audit::answered(&redemption.lookup);
        Ok(())
    }

    /// How an enrolment stands. Once someone has handed in keys, others are told that it is void.
    pub async fn enrolment(&self, peer: &PeerKey, lookup: &Lookup) -> Result<EnrolmentState, AppError> {
        self.may_look_up(peer)?;
        let row = invitations::read(self.pool(), lookup).await?;
        let Some(row) = row else { return Err(self.missed(peer)) };
        let state = state_at(row.state, row.expires_ms, self.now_ms());
        match row.handed_in {
            Some(handed_in) if handed_in.tls_key != peer.key => return Ok(EnrolmentState::Void),
            // The inviter's client may have certified the keys and not closed the invitation yet.
            Some(_) if self.caller(peer.key).await?.is_enrolled() => return Ok(EnrolmentState::Admitted),
            Some(_) | None => {}
        }
        let waits = matches!(state, EnrolmentState::Invited | EnrolmentState::Redeemed);
        if waits && !self.caller(row.inviter).await?.is_enrolled() {
            return Ok(EnrolmentState::Void);
        }
        Ok(state)
    }

    fn may_look_up(&self, peer: &PeerKey) -> Result<(), AppError> {
        let tries = self.tries();
        tries.allowed(&tries.lookups, peer, self.now_ms())
    }

    fn missed(&self, peer: &PeerKey) -> AppError {
        let tries = self.tries();
        if tries.failed(&tries.lookups, peer, self.now_ms()) {
            audit::out_of_tries("invitations");
        }
        AppError::NOT_FOUND
    }
}
