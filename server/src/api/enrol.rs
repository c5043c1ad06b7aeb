//! `chancery.v1.EnrolService`: all that a key unknown to the directory reaches, beside the health service.

use chancery_core::error::WireReason;
use chancery_core::limits::ENROLMENT_BYTES_MAX;
use chancery_proto::v1;
use prost::Message as _;
use tonic::{Request, Response, Status};

use super::log::receipt;
use super::{answer, array, peer};
use crate::app::enrol::{NewKeys, Redemption};
use crate::app::invitations::{EnrolmentState, Lookup};
use crate::app::{App, AppError};

/// The service.
pub(crate) struct Enrol(pub(crate) App);

#[tonic::async_trait]
impl v1::enrol_service_server::EnrolService for Enrol {
    async fn redeem(
        &self,
        request: Request<v1::RedeemRequest>,
    ) -> Result<Response<v1::RedeemResponse>, Status> {
        answer("Redeem", async {
            let peer = peer(&request)?;
            self.0.redeem(&peer, redemption(request.into_inner())?).await?;
            Ok(v1::RedeemResponse {})
        })
        .await
    }

    async fn get_enrolment(
        &self,
        request: Request<v1::GetEnrolmentRequest>,
    ) -> Result<Response<v1::GetEnrolmentResponse>, Status> {
        answer("GetEnrolment", async {
            let peer = peer(&request)?;
            let lookup = lookup(&request.get_ref().lookup)?;
            let state = enrolment_state(self.0.enrolment(&peer, &lookup).await?);
            Ok(v1::GetEnrolmentResponse { state: state.into() })
        })
        .await
    }

    async fn recover(
        &self,
        request: Request<v1::RecoverRequest>,
    ) -> Result<Response<v1::RecoverResponse>, Status> {
        answer("Recover", async {
            let peer = peer(&request)?;
            let landed = self.0.recover(&peer, request.into_inner().signed_act).await?;
            Ok(v1::RecoverResponse { receipt: Some(receipt(landed)) })
        })
        .await
    }
}

fn redemption(request: v1::RedeemRequest) -> Result<Redemption, AppError> {
    if request.request.len() > ENROLMENT_BYTES_MAX {
        return Err(WireReason::TooLarge.into());
    }
    if request.mac.len() != MAC_BYTES {
        return Err(WireReason::Malformed.into());
    }
    let inner = v1::EnrolmentRequest::decode(request.request.clone()).map_err(|_| WireReason::Malformed)?;
    if inner.encode_to_vec() != request.request {
        return Err(WireReason::Malformed.into());
    }
    let keys = match (inner.keys.is_empty(), inner.device_keys.is_empty(), inner.state_key.len()) {
        (false, true, 0 | 32) => NewKeys::Person(inner.keys),
        (true, false, 0) => NewKeys::Device(inner.device_keys),
        _ => return Err(WireReason::Malformed.into()),
    };
    let possession = inner.possession.as_ref().try_into().map_err(|_| WireReason::Malformed)?;
    Ok(Redemption {
        lookup: lookup(&request.lookup)?,
        request: request.request,
        mac: request.mac,
        keys,
        possession,
    })
}

pub(super) fn lookup(bytes: &[u8]) -> Result<Lookup, AppError> {
    array(bytes)
}

pub(super) fn enrolment_state(state: EnrolmentState) -> v1::EnrolmentState {
    match state {
        EnrolmentState::Invited => v1::EnrolmentState::Invited,
        EnrolmentState::Redeemed => v1::EnrolmentState::Redeemed,
        EnrolmentState::Admitted => v1::EnrolmentState::Admitted,
        EnrolmentState::Void => v1::EnrolmentState::Void,
        EnrolmentState::Expired => v1::EnrolmentState::Expired,
    }
}

const MAC_BYTES: usize = 32;
