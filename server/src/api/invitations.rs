//! `InvitationService`.

use chancery_core::limits::PAGE_ENTRIES_MAX;
use chancery_proto::v1::invitation_service_server::InvitationService;
use chancery_proto::v1::{
    CloseInvitationRequest, CloseInvitationResponse, CreateInvitationRequest, CreateInvitationResponse,
    Invitation, ListInvitationsRequest, ListInvitationsResponse,
};
use tonic::{Request, Response, Status};

use super::enrol::state_to_wire;
use super::{answer, array, enrolled, lists, page_size, page_token, peer, read_page_token};
use crate::app::App;
use crate::store::invitations;

/// The service.
pub struct Invitations(pub App);

#[tonic::async_trait]
impl InvitationService for Invitations {
    async fn create_invitation(
        &self,
        request: Request<CreateInvitationRequest>,
    ) -> Result<Response<CreateInvitationResponse>, Status> {
        answer("CreateInvitation", async {
            let caller = enrolled(&self.0, &peer(&request)?).await?;
            let expires_ms = self.0.invite(&caller, &array(&request.get_ref().lookup)?).await?;
            Ok(CreateInvitationResponse { expires_ms })
        })
        .await
    }

    async fn list_invitations(
        &self,
        request: Request<ListInvitationsRequest>,
    ) -> Result<Response<ListInvitationsResponse>, Status> {
        answer("ListInvitations", async {
            let caller = enrolled(&self.0, &peer(&request)?).await?;
            let request = request.get_ref();
            let after = read_page_token(lists::INVITATIONS, &request.page_token)?;
            let size = page_size(request.page_size, PAGE_ENTRIES_MAX);
            let found = self.0.invitations(&caller, &after, size).await?;
            // A full page may have a successor; an empty one ends the list.
            let next = found.last().filter(|_| found.len() == size as usize);
            let next_page_token =
                next.map_or_else(String::new, |last| page_token(lists::INVITATIONS, &last.lookup));
            let invitations = found.into_iter().map(invitation).collect();
            Ok(ListInvitationsResponse { invitations, next_page_token })
        })
        .await
    }

    async fn close_invitation(
        &self,
        request: Request<CloseInvitationRequest>,
    ) -> Result<Response<CloseInvitationResponse>, Status> {
        answer("CloseInvitation", async {
            let caller = enrolled(&self.0, &peer(&request)?).await?;
            let request = request.get_ref();
            self.0.close_invitation(&caller, &array(&request.lookup)?, request.admitted).await?;
            Ok(CloseInvitationResponse {})
        })
        .await
    }
}

fn invitation(found: invitations::Invitation) -> Invitation {
    let (request, mac) =
        found.redemption.map(|redeemed| (redeemed.request, redeemed.mac)).unwrap_or_default();
    Invitation {
        lookup: found.lookup.to_vec().into(),
        state: state_to_wire(found.state).into(),
        expires_ms: found.expires_ms,
        request,
        mac,
    }
}
