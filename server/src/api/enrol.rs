//! `EnrolService`: the only service that a key unknown to the directory reaches.

use chancery_core::error::WireReason;
use chancery_core::limits::ENROLMENT_BYTES_MAX;
use chancery_proto::v1::enrol_service_server::EnrolService;
use chancery_proto::v1::{
    EnrolmentState, GetEnrolmentRequest, GetEnrolmentResponse, RedeemRequest, RedeemResponse,
};
use tonic::{Request, Response, Status};

use super::{answer, array, peer};
use crate::app::App;
use crate::store::invitations::{Redemption, State};

/// The service.
pub struct Enrol(pub App);

#[tonic::async_trait]
impl EnrolService for Enrol {
    async fn redeem(&self, request: Request<RedeemRequest>) -> Result<Response<RedeemResponse>, Status> {
        answer("Redeem", async {
            let tls_key = peer(&request)?.key;
            let RedeemRequest { lookup, request, mac } = request.into_inner();
            if request.len() > ENROLMENT_BYTES_MAX {
                return Err(WireReason::TooLarge.into());
            }
            if request.is_empty() || mac.len() != 32 {
                return Err(WireReason::Malformed.into());
            }
            self.0.redeem(&array(&lookup)?, &Redemption { tls_key, request, mac }).await?;
            Ok(RedeemResponse {})
        })
        .await
    }

    async fn get_enrolment(
        &self,
        request: Request<GetEnrolmentRequest>,
    ) -> Result<Response<GetEnrolmentResponse>, Status> {
        answer("GetEnrolment", async {
            let tls_key = peer(&request)?.key;
            let state = self.0.enrolment(&array(&request.get_ref().lookup)?, &tls_key).await?;
            Ok(GetEnrolmentResponse { state: state_to_wire(state).into() })
        })
        .await
    }
}

pub(super) const fn state_to_wire(state: State) -> EnrolmentState {
    match state {
        State::Invited => EnrolmentState::Invited,
        State::Redeemed => EnrolmentState::Redeemed,
        State::Admitted => EnrolmentState::Admitted,
        State::Void => EnrolmentState::Void,
    }
}
