//! `EnrolService` and `InvitationService`: how a newcomer and an inviter meet.

use bytes::Bytes;
use chancery_core::limits::{OPEN_INVITATIONS_MAX, PAGE_ENTRIES_MAX};
use chancery_proto::v1;
use prost::Message as _;

use super::{Link, LinkError, client, convert, unary};
use crate::entry::Receipt;

/// What a newcomer's MAC covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentRequest {
    /// An encoded [`chancery_core::act::PersonKeys`], or [`chancery_core::act::DeviceKeys`] of a further device.
    pub keys: Bytes,
    /// Whether it is a further device that asks.
    pub of_device: bool,
    /// The device key's signature over `keys`.
    pub possession: [u8; 64],
    /// A State key to be certified; only of a focal point.
    pub state_key: Option<[u8; 32]>,
}

impl EnrolmentRequest {
    /// The bytes that the MAC covers.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let message = v1::EnrolmentRequest {
            keys: if self.of_device { Bytes::new() } else { self.keys.clone() },
            device_keys: if self.of_device { self.keys.clone() } else { Bytes::new() },
            possession: Bytes::copy_from_slice(&self.possession),
            state_key: self.state_key.map(|key| Bytes::copy_from_slice(&key)).unwrap_or_default(),
        };
        message.encode_to_vec()
    }

    /// Reads a request whose MAC holds.
    ///
    /// # Errors
    /// [`LinkError::Protocol`] if it is not of this form.
    pub fn decode(bytes: &Bytes) -> Result<Self, LinkError> {
        let malformed = || LinkError::Protocol("request");
        let message = v1::EnrolmentRequest::decode(bytes.clone()).map_err(|_| malformed())?;
        let state_key = match &message.state_key[..] {
            [] => None,
            key => Some(key.try_into().map_err(|_| malformed())?),
        };
        let request = Self {
            possession: message.possession[..].try_into().map_err(|_| malformed())?,
            of_device: !message.device_keys.is_empty(),
            keys: if message.device_keys.is_empty() { message.keys } else { message.device_keys },
            state_key,
        };
        if request.encode() == *bytes { Ok(request) } else { Err(malformed()) }
    }
}

/// How an enrolment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrolment {
    /// Waiting for the newcomer.
    Invited,
    /// Waiting for the inviter.
    Redeemed,
    /// In the directory.
    Admitted,
    /// Used or refused.
    Void,
    /// Nobody has answered in time.
    Expired,
}

impl Enrolment {
    fn from_wire(state: i32) -> Result<Self, LinkError> {
        match v1::EnrolmentState::try_from(state) {
            Ok(v1::EnrolmentState::Invited) => Ok(Self::Invited),
            Ok(v1::EnrolmentState::Redeemed) => Ok(Self::Redeemed),
            Ok(v1::EnrolmentState::Admitted) => Ok(Self::Admitted),
            Ok(v1::EnrolmentState::Void) => Ok(Self::Void),
            Ok(v1::EnrolmentState::Expired) => Ok(Self::Expired),
            Ok(v1::EnrolmentState::Unspecified) | Err(_) => Err(LinkError::Protocol("state")),
        }
    }
}

/// One of the caller's invitations, as the server keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingInvitation {
    /// Derived from its secret.
    pub lookup: [u8; 32],
    /// How it stands.
    pub state: Enrolment,
    /// When it expires, milliseconds of UTC.
    pub expires_ms: u64,
    /// What the newcomer handed in.
    pub redemption: Option<Redemption>,
    /// Answers that were rejected so far.
    pub rejected: u32,
}

/// What a newcomer handed in. Nothing is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redemption {
    /// An encoded [`EnrolmentRequest`].
    pub request: Bytes,
    /// The MAC over it.
    pub mac: Bytes,
}

impl Link {
    /// Hands in a newcomer's keys under an invitation.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn redeem(
        &self,
        lookup: &[u8; 32],
        request: &EnrolmentRequest,
        mac: &[u8; 32],
    ) -> Result<(), LinkError> {
        let request = v1::RedeemRequest {
            lookup: convert::wire(lookup),
            request: request.encode().into(),
            mac: convert::wire(mac),
        };
        unary(client!(self, enrol_service_client::EnrolServiceClient).redeem(request)).await?;
        Ok(())
    }

    /// How an enrolment stands.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn enrolment(&self, lookup: &[u8; 32]) -> Result<Enrolment, LinkError> {
        let request = v1::GetEnrolmentRequest { lookup: convert::wire(lookup) };
        let answer =
            unary(client!(self, enrol_service_client::EnrolServiceClient).get_enrolment(request)).await?;
        Enrolment::from_wire(answer.state)
    }

    /// Brings in this device with a recovery sheet: the one act that a key unknown to the directory may append.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn recover(&self, signed: Bytes) -> Result<Receipt, LinkError> {
        let request = v1::RecoverRequest { signed_act: signed };
        let answer = unary(client!(self, enrol_service_client::EnrolServiceClient).recover(request)).await?;
        convert::receipt(answer.receipt.ok_or(LinkError::Protocol("receipt"))?)
    }

    /// Opens an invitation under a lookup value; returns when it expires.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn create_invitation(&self, lookup: &[u8; 32]) -> Result<u64, LinkError> {
        let request = v1::CreateInvitationRequest { lookup: convert::wire(lookup) };
        let mut client = client!(self, invitation_service_client::InvitationServiceClient);
        Ok(unary(client.create_invitation(request)).await?.expires_ms)
    }

    /// The caller's invitations.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn list_invitations(&self) -> Result<Vec<IncomingInvitation>, LinkError> {
        let mut client = client!(self, invitation_service_client::InvitationServiceClient);
        let mut invitations = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = v1::ListInvitationsRequest { page_size: PAGE_ENTRIES_MAX, page_token };
            let answer = unary(client.list_invitations(request)).await?;
            let empty = answer.invitations.is_empty();
            for invitation in answer.invitations {
                invitations.push(incoming(invitation)?);
            }
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                return Ok(invitations);
            }
            if empty || invitations.len() > INVITATIONS_MAX {
                return Err(LinkError::Protocol("next_page_token"));
            }
        }
    }

    /// Rejects an answer that does not come from whoever was given the invitation, which then waits for another.
    /// `rejected` is as it was listed with the answer. Returns how many answers may still be handed in.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn reject_answer(&self, lookup: &[u8; 32], rejected: u32) -> Result<u32, LinkError> {
        let request = v1::RejectAnswerRequest { lookup: convert::wire(lookup), rejected };
        let mut client = client!(self, invitation_service_client::InvitationServiceClient);
        Ok(unary(client.reject_answer(request)).await?.attempts_left)
    }

    /// Closes an invitation: its newcomer was admitted, or not.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn close_invitation(&self, lookup: &[u8; 32], admitted: bool) -> Result<(), LinkError> {
        let request = v1::CloseInvitationRequest { lookup: convert::wire(lookup), admitted };
        let mut client = client!(self, invitation_service_client::InvitationServiceClient);
        unary(client.close_invitation(request)).await?;
        Ok(())
    }
}

fn incoming(message: v1::Invitation) -> Result<IncomingInvitation, LinkError> {
    let redemption =
        (!message.request.is_empty()).then_some(Redemption { request: message.request, mac: message.mac });
    Ok(IncomingInvitation {
        lookup: message.lookup[..].try_into().map_err(|_| LinkError::Protocol("lookup"))?,
        state: Enrolment::from_wire(message.state)?,
        expires_ms: message.expires_ms,
        redemption,
        rejected: message.rejected,
    })
}

/// The server may list closed ones, too.
const INVITATIONS_MAX: usize = 100 * OPEN_INVITATIONS_MAX as usize;
