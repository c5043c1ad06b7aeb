//! `chancery.v1.InvitationService`.

use bytes::Bytes;
use chancery_core::limits::PAGE_ENTRIES_MAX;
use chancery_proto::v1;
use tonic::{Request, Response, Status};

use super::enrol::{enrolment_state, lookup};
use super::{answer, enrolled, lists, page_size, page_token, peer, read_page_token};
use crate::app::App;
use crate::app::invitations::Invitation;

/// The service.
pub(crate) struct Invitations(pub(crate) App);

#[tonic::async_trait]
impl v1::invitation_service_server::InvitationService for Invitations {
    async fn create_invitation(
        &self,
        request: Request<v1::CreateInvitationRequest>,
    ) -> Result<Response<v1::CreateInvitationResponse>, Status> {
        answer("CreateInvitation", async {
            let caller = enrolled(&self.0, &peer(&request)?).await?;
            let expires_ms = self.0.create_invitation(&caller, &lookup(&request.get_ref().lookup)?).await?;
            Ok(v1::CreateInvitationResponse { expires_ms })
        })
        .await
    }

    async fn list_invitations(
        &self,
        request: Request<v1::ListInvitationsRequest>,
    ) -> Result<Response<v1::ListInvitationsResponse>, Status> {
        answer("ListInvitations", async {
            let caller = enrolled(&self.0, &peer(&request)?).await?;
            let request = request.into_inner();
            let after = read_page_token(lists::INVITATIONS, &request.page_token)?;
            let limit = page_size(request.page_size, PAGE_ENTRIES_MAX);
            let (invitations, next) = self.0.list_invitations(&caller, &after, limit).await?;
            Ok(v1::ListInvitationsResponse {
                invitations: invitations.into_iter().map(invitation).collect(),
                next_page_token: next.map(|next| page_token(lists::INVITATIONS, &next)).unwrap_or_default(),
            })
        })
        .await
    }

    async fn close_invitation(
        &self,
        request: Request<v1::CloseInvitationRequest>,
    ) -> Result<Response<v1::CloseInvitationResponse>, Status> {
        answer("CloseInvitation", async {
            let caller = enrolled(&self.0, &peer(&request)?).await?;
            let request = request.into_inner();
            self.0.close_invitation(&caller, &lookup(&request.lookup)?, request.admitted).await?;
            Ok(v1::CloseInvitationResponse {})
        })
        .await
    }

    async fn reject_answer(
        &self,
        request: Request<v1::RejectAnswerRequest>,
    ) -> Result<Response<v1::RejectAnswerResponse>, Status> {
        answer("RejectAnswer", async {
            let caller = enrolled(&self.0, &peer(&request)?).await?;
            let request = request.into_inner();
            let (state, attempts_left) =
                self.0.reject_answer(&caller, &lookup(&request.lookup)?, request.rejected).await?;
            Ok(v1::RejectAnswerResponse { state: enrolment_state(state).into(), attempts_left })
        })
        .await
    }
}

fn invitation(invitation: Invitation) -> v1::Invitation {
    let (request, mac) = invitation.handed_in.unwrap_or_default();
    v1::Invitation {
        lookup: Bytes::copy_from_slice(&invitation.lookup),
        state: enrolment_state(invitation.state).into(),
        expires_ms: invitation.expires_ms,
        request,
        mac,
        rejected: invitation.rejected,
    }
}
