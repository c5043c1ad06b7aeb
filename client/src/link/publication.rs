//! `PublicationService`: what States have opened to all parties or to the public.

use bytes::Bytes;
use chancery_core::act::Audience;
use chancery_core::id::Digest;
use chancery_core::limits::PAGE_ENTRIES_MAX;
use chancery_proto::v1;

use super::{Link, LinkError, client, convert, unary};

/// One entry of a publication log, still to be verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosed {
    /// Its place in the log.
    pub index: u64,
    /// The signed statement with the grant.
    pub grant: Bytes,
    /// When the server took it, milliseconds of UTC.
    pub log_time_ms: u64,
    /// Place of the withdrawal; none while live.
    pub withdrawn_at: Option<u64>,
}

/// A disclosure with all that opens and proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosedItem {
    /// The entry.
    pub disclosed: Disclosed,
    /// The sealed body.
    pub body: Bytes,
    /// The revision key, or its wrap to the all-parties key.
    pub key_material: Bytes,
    /// Generation of the all-parties key; 0 for the public.
    pub generation: u64,
    /// The encoded rendition; only for the public.
    pub rendition: Option<Bytes>,
    /// RFC 6962 inclusion proof in the checkpoint's tree.
    pub inclusion_proof: Vec<Digest>,
    /// Signed note.
    pub checkpoint: String,
}

impl Link {
    /// Live disclosures to an audience, newest last.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn list_disclosed(&self, audience: Audience) -> Result<Vec<Disclosed>, LinkError> {
        let mut client = client!(self, publication_service_client::PublicationServiceClient);
        let mut disclosures = Vec::new();
        let mut page_token = String::new();
        loop {
            let audience = wire_audience(audience);
            let request = v1::ListDisclosedRequest { audience, page_size: PAGE_ENTRIES_MAX, page_token };
            let answer = unary(client.list_disclosed(request)).await?;
            let empty = answer.disclosures.is_empty();
            disclosures.extend(answer.disclosures.into_iter().map(disclosed));
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                return Ok(disclosures);
            }
            if empty || disclosures.len() > DISCLOSURES_MAX {
                return Err(LinkError::Protocol("next_page_token"));
            }
        }
    }

    /// One disclosure with all that opens and proves it.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn get_disclosed(&self, audience: Audience, index: u64) -> Result<DisclosedItem, LinkError> {
        let request = v1::GetDisclosedRequest { audience: wire_audience(audience), index };
        let mut client = client!(self, publication_service_client::PublicationServiceClient);
        let answer = unary(client.get_disclosed(request)).await?;
        Ok(DisclosedItem {
            disclosed: disclosed(answer.disclosed.ok_or(LinkError::Protocol("disclosed"))?),
            body: answer.body,
            key_material: answer.key_material,
            generation: answer.generation,
            rendition: convert::present(answer.rendition),
            inclusion_proof: convert::path(&answer.inclusion_proof, "inclusion_proof")?,
            checkpoint: answer.checkpoint,
        })
    }
}

fn disclosed(message: v1::Disclosed) -> Disclosed {
    Disclosed {
        index: message.index,
        grant: message.grant,
        log_time_ms: message.log_time_ms,
        withdrawn_at: message.withdrawn_at,
    }
}

fn wire_audience(audience: Audience) -> i32 {
    match audience {
        Audience::AllParties => v1::Audience::AllParties.into(),
        Audience::Public => v1::Audience::Public.into(),
    }
}

/// Far more disclosures than any deployment has.
const DISCLOSURES_MAX: usize = 10_000_000;
