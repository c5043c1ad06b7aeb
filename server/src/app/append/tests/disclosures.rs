//! Disclosures and withdrawals, and what stands beside them.

use bytes::Bytes;
use chancery_client::compose::RecipientKey;
use chancery_client::keyring::SealedPost;
use chancery_core::act::{Audience, Rendition, Team};
use chancery_core::id::ActId;
use chancery_seal::random::make_bytes;

use super::*;
use crate::app::rebuild::rebuild;
use crate::store::publications;
use crate::testing::Strand;

/// A question that stands in the strand, with its key and its rendition.
async fn opened(world: &World, strand: &Strand) -> (ActId, Bytes, Rendition) {
    let (act_id, entry) = world.question(strand, "Which article?").await;
    world.send(&world.focal["KE"], strand.id, vec![entry]).await.unwrap();
    let post = world.post_ref(strand, act_id).await;
    let sealed = SealedPost { section: post.section, act: act_id, kind: post.kind, body: post.body };
    let key = strand.ring.revision_key(0, &sealed).unwrap();
    let rendition = Rendition::of(&body("Which article?"));
    (act_id, Bytes::copy_from_slice(key.as_bytes()), rendition)
}

async fn all_parties(world: &World) {
    let team = world.app.directory().await.unwrap();
    let team = team.state.now(0).team(&Team::Secretariat(world.team)).unwrap().clone();
    world.new_team(Team::AllParties, vec![RecipientKey { id: team.kem_id, public: team.kem }]).await;
}

#[tokio::test]
async fn a_disclosure_stands_in_both_logs_and_a_withdrawal_leaves_a_tombstone() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        all_parties(&world).await;
        let chile = &world.focal["CL"];
        let (act_id, key, rendition) = opened(&world, &strand).await;
        let wrap = Bytes::from(vec![7; 1_168]);
        let to_parties = world.disclosure(&strand, act_id, Audience::AllParties, (wrap, None)).await;
        world.send(chile, strand.id, vec![to_parties]).await.unwrap();
        let to_public = world.disclosure(&strand, act_id, Audience::Public, (key, Some(&rendition))).await;
        world.later(10);
        let receipt = world.send(chile, strand.id, vec![to_public.clone()]).await.unwrap().remove(0);
        clean(&world).await;

        let public = world.app.world().publication_id(Audience::Public);
        let listed = publications::page(&world.pool, &public, 0, 9).await.unwrap();
        assert_eq!((listed.len(), listed[0].log_time_ms), (1, receipt.log_time_ms));
        assert_eq!((listed[0].withdrawn, listed[0].heading.is_some()), (None, true));
        // The same bytes again open nothing twice.
        world.send(chile, strand.id, vec![to_public]).await.unwrap();
        assert_eq!(world.size(&public).await, 1);

        let withdrawal = world.withdrawal(&strand, act_id, Audience::Public).await;
        world.send(chile, strand.id, vec![withdrawal]).await.unwrap();
        let listed = publications::page(&world.pool, &public, 0, 9).await.unwrap();
        assert_eq!(listed[0].withdrawn, Some((1, receipt.log_time_ms)));
        let (_, served) = publications::find(&world.pool, &public, 0).await.unwrap().unwrap();
        assert_eq!(served, None);
        let parties = world.app.world().publication_id(Audience::AllParties);
        assert_eq!((world.size(&public).await, world.size(&parties).await), (2, 1));
        clean(&world).await;
        rebuild(&world.pool, world.app.root()).await.unwrap();
        clean(&world).await;
    })
    .await;
}

#[tokio::test]
async fn what_does_not_open_the_post_is_refused() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        let chile = &world.focal["CL"];
        let (act_id, key, rendition) = opened(&world, &strand).await;
        let good = world.disclosure(&strand, act_id, Audience::Public, (key.clone(), Some(&rendition))).await;
        let other = Rendition::of(&body("Another text")).encode();
        let changes: [(&str, NewRelease); 5] = [
            ("another key", release(&make_bytes::<32>().unwrap(), &rendition.encode())),
            ("a cut key", release(&key[..31], &rendition.encode())),
            ("another text", release(&key, &other)),
            ("no text", release(&key, &[])),
            ("no key", release(&[], &rendition.encode())),
        ];
        for (name, changed) in changes {
            let entry = NewEntry { releases: vec![changed], ..good.clone() };
            let refused = world.send(chile, strand.id, vec![entry]).await;
            assert_eq!(refused, Err(WireReason::BesideMismatch.into()), "{name}");
        }
        let none = NewEntry { releases: Vec::new(), ..good.clone() };
        let refused = world.send(chile, strand.id, vec![none]).await;
        assert_eq!(refused, Err(WireReason::BesideMismatch.into()));
        // All parties have no key yet, so there is nothing that a wrap could be to.
        let wrap = Bytes::from(vec![7; 1_168]);
        let early = world.disclosure(&strand, act_id, Audience::AllParties, (wrap, None)).await;
        let refused = world.send(chile, strand.id, vec![early]).await;
        assert_eq!(refused, Err(WireReason::BesideMismatch.into()));
        assert_eq!(world.size(&world.app.world().publication_id(Audience::Public)).await, 0);
        world.send(chile, strand.id, vec![good]).await.unwrap();
        clean(&world).await;
    })
    .await;
}

/// A response and its disclosure are one append: a refused second half takes the first back, with all rows.
#[tokio::test]
async fn a_refused_withdrawal_takes_its_disclosure_back() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        let chile = &world.focal["CL"];
        let (act_id, key, rendition) = opened(&world, &strand).await;
        let disclosure = world.disclosure(&strand, act_id, Audience::Public, (key, Some(&rendition))).await;
        let withdrawal = world.withdrawal(&strand, act_id, Audience::AllParties).await;
        let refused = world.send(chile, strand.id, vec![disclosure, withdrawal]).await;
        assert_eq!(refused, Err(Reason::DisclosureUnchanged.into()));
        let public = world.app.world().publication_id(Audience::Public);
        assert_eq!((world.size(&public).await, world.size(&strand.id).await), (0, 2));
        assert_eq!(publications::page(&world.pool, &public, 0, 9).await, Ok(vec![]));
        clean(&world).await;
    })
    .await;
}

#[tokio::test]
async fn a_clear_file_that_a_rendition_shows_must_be_there() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        let (act_id, key, mut rendition) = opened(&world, &strand).await;
        rendition.files.push(chancery_core::act::RenditionFile {
            length: 6,
            sha256: Digest::of(b"clear"),
            name: "law.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
        });
        let entry = world.disclosure(&strand, act_id, Audience::Public, (key, Some(&rendition))).await;
        let refused = world.send(&world.focal["CL"], strand.id, vec![entry]).await;
        assert_eq!(refused, Err(WireReason::FileIncomplete.into()));
        clean(&world).await;
    })
    .await;
}

fn release(key: &[u8], rendition: &[u8]) -> NewRelease {
    NewRelease { key_material: Bytes::copy_from_slice(key), rendition: Bytes::copy_from_slice(rendition) }
}
