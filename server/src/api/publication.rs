//! `chancery.v1.PublicationService`.

use chancery_core::act::Audience;
use chancery_core::error::WireReason;
use chancery_core::limits::PAGE_ENTRIES_MAX;
use chancery_proto::v1 as proto;
use chancery_proto::v1::publication_service_server::PublicationService;
use tonic::{Request, Response, Status};

use super::{answer, enrolled, lists, page_size, page_token, peer, read_page_token};
use crate::app::disclosed::DisclosedItem;
use crate::app::{App, AppError};
use crate::store::publications::Disclosed;

/// The service.
#[derive(Clone)]
pub(crate) struct Publications {
    app: App,
}

impl Publications {
    /// Over this state.
    pub(crate) fn new(app: App) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl PublicationService for Publications {
    async fn list_disclosed(
        &self,
        request: Request<proto::ListDisclosedRequest>,
    ) -> Result<Response<proto::ListDisclosedResponse>, Status> {
        answer("ListDisclosed", async {
            let caller = enrolled(&self.app, &peer(&request)?).await?;
            let request = request.into_inner();
            let audience = audience(request.audience())?;
            let start = start(&request.page_token)?;
            let size = page_size(request.page_size, PAGE_ENTRIES_MAX);
            let mut page = self.app.list_disclosed(&caller, audience, start, size + 1).await?;
            let more = page.len() > size as usize;
            page.truncate(size as usize);
            let next = page
                .last()
                .filter(|_| more)
                .map_or(String::new(), |last| page_token(lists::DISCLOSED, &(last.index + 1).to_be_bytes()));
            let disclosures = page.into_iter().map(disclosed).collect();
            Ok(proto::ListDisclosedResponse { disclosures, next_page_token: next })
        })
        .await
    }

    async fn get_disclosed(
        &self,
        request: Request<proto::GetDisclosedRequest>,
    ) -> Result<Response<proto::GetDisclosedResponse>, Status> {
        answer("GetDisclosed", async {
            let caller = enrolled(&self.app, &peer(&request)?).await?;
            let request = request.into_inner();
            let audience = audience(request.audience())?;
            Ok(response(self.app.get_disclosed(&caller, audience, request.index).await?))
        })
        .await
    }
}

fn audience(wire: proto::Audience) -> Result<Audience, AppError> {
    match wire {
        proto::Audience::AllParties => Ok(Audience::AllParties),
        proto::Audience::Public => Ok(Audience::Public),
        proto::Audience::Unspecified => Err(WireReason::Malformed.into()),
    }
}

fn start(token: &str) -> Result<u64, AppError> {
    let bytes = read_page_token(lists::DISCLOSED, token)?;
    if bytes.is_empty() {
        return Ok(0);
    }
    let index = bytes.as_slice().try_into().map_err(|_| WireReason::PageToken)?;
    Ok(u64::from_be_bytes(index))
}

fn disclosed(item: Disclosed) -> proto::Disclosed {
    proto::Disclosed {
        index: item.index,
        grant: item.grant,
        log_time_ms: item.log_time_ms,
        withdrawn_at: item.withdrawn.map(|(index, _)| index),
    }
}

fn response(item: DisclosedItem) -> proto::GetDisclosedResponse {
    let proof = item.proof.iter().map(|digest| bytes::Bytes::copy_from_slice(digest.as_bytes()));
    let mut response = proto::GetDisclosedResponse {
        disclosed: Some(disclosed(item.summary)),
        inclusion_proof: proof.collect(),
        checkpoint: item.checkpoint,
        ..proto::GetDisclosedResponse::default()
    };
    if let Some(opened) = item.opened {
        response.body = opened.body;
        response.key_material = opened.key_material;
        response.generation = opened.generation;
        response.rendition = opened.rendition.unwrap_or_default();
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_tokens_are_of_this_list() {
        for (token, expect) in [
            (String::new(), Ok(0)),
            (page_token(lists::DISCLOSED, &7_u64.to_be_bytes()), Ok(7)),
            (page_token(lists::CHANNELS, &7_u64.to_be_bytes()), Err(WireReason::PageToken.into())),
            (page_token(lists::DISCLOSED, &[7; 7]), Err(WireReason::PageToken.into())),
            ("%".to_owned(), Err(WireReason::PageToken.into())),
        ] {
            assert_eq!(start(&token), expect, "{token}");
        }
    }
}
