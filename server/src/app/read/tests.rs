//! Who is shown what, on both engines.

use chancery_core::act::{Audience, Opening, Role, SignedAct, Statement, TreeHead};
use chancery_core::id::StateCode;
use chancery_core::log::{Checkpoint, origin, verify_consistency, verify_inclusion, verify_wrap};

use super::*;
use crate::store::db::Pool;
use crate::store::db::testing::on_both;
use crate::testing::{World, instrument, random, state};

async fn listed(world: &World, caller: &Caller) -> Vec<(ChannelId, &'static str)> {
    let (channels, next) = world.app.list_channels(caller, None, 100).await.unwrap();
    assert_eq!(next, None);
    channels.into_iter().map(|channel| (channel.id, channel.kind.as_str())).collect()
}

/// The list is what each may read, one by one; and the entries of each other channel are not found.
#[tokio::test]
async fn everyone_is_shown_what_they_may_read() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let (review, _) = world.open_review().await;
        let firearms = world.open_channel(review, Opening::Strand(instrument("firearms"))).await;
        let untoc = world.open_channel(review, Opening::Strand(instrument("untoc"))).await;
        let together = world.open_channel(review, Opening::Coordination(instrument("firearms"))).await;
        let own = world.open_channel(review, Opening::Delegation(state("CL"))).await;
        let (public, parties) = (
            world.app.world().publication_id(Audience::Public),
            world.app.world().publication_id(Audience::AllParties),
        );
        let directory = world.directory_id();
        let all = [directory, public, parties, review, firearms, untoc, together, own];
        let open = [directory, public, parties];
        let with = |more: &[ChannelId]| -> Vec<ChannelId> {
            let mut ids = open.to_vec();
            ids.extend(more);
            ids.sort_unstable();
            ids
        };
        let custodian = Caller::Custodian { tls_key: world.custodian };
        for (who, caller, expect) in [
            ("Chile", world.caller(&world.focal["CL"]), with(&[review, firearms, untoc, own])),
            ("Kenya", world.caller(&world.focal["KE"]), with(&[review, firearms, untoc, together])),
            ("Portugal", world.caller(&world.focal["PT"]), with(&[review, firearms, together])),
            ("Japan", world.caller(&world.focal["JP"]), with(&[])),
            ("the secretariat", world.caller(&world.officer), with(&[review, firearms, untoc, together])),
            ("the custodians", custodian, vec![directory]),
        ] {
            let ids: Vec<ChannelId> = listed(&world, &caller).await.iter().map(|(id, _)| *id).collect();
            assert_eq!(ids, expect, "{who}");
            for id in all {
                let read = world.app.list_entries(&caller, &id, 0, 10).await.map(|_| ());
                let expect = if ids.contains(&id) { Ok(()) } else { Err(AppError::NOT_FOUND) };
                assert_eq!(read, expect, "{who} reads {id}");
            }
            let absent = world.app.list_entries(&caller, &random(), 0, 10).await;
            assert_eq!(absent, Err(AppError::NOT_FOUND));
        }
        let stranger = Caller::Stranger { tls_key: KeyId::new([1; 32]) };
        let refused = world.app.list_channels(&stranger, None, 10).await;
        assert_eq!(refused, Err(WireReason::NotEnrolled.into()));
        assert_eq!(world.app.list_entries(&stranger, &directory, 0, 9).await, Err(AppError::NOT_FOUND));
    })
    .await;
}

#[tokio::test]
async fn lists_come_in_pages() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        world.open_review().await;
        let caller = world.caller(&world.officer);
        let whole: Vec<ChannelId> = listed(&world, &caller).await.iter().map(|(id, _)| *id).collect();
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = world.app.list_channels(&caller, after, 1).await.unwrap();
            assert!(page.len() <= 1);
            paged.extend(page.iter().map(|channel| channel.id));
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!((paged, whole.len()), (whole, 4));
    })
    .await;
}

/// A newcomer finds the wraps to its own key, to its device's and to its team's, each with its proof.
#[tokio::test]
async fn own_wraps_come_with_their_proofs() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        let expert = world.expert("KE").await;
        world.join(&world.focal["KE"], strand.id, &strand.ring, &expert).await;
        for (who, person, expect) in [
            ("a founder", &world.focal["PT"], vec![0]),
            ("one who joined", &expert, vec![1]),
            ("an officer, whose wrap is in the act", &world.officer, vec![]),
        ] {
            let page = world.app.list_entries(&world.caller(person), &strand.id, 0, 10).await.unwrap();
            let with: Vec<u64> = page
                .entries
                .iter()
                .filter(|entry| !entry.own_wraps.is_empty())
                .map(|entry| entry.index)
                .collect();
            assert_eq!(with, expect, "{who}");
            for entry in &page.entries {
                let act = SignedAct::decode(entry.signed.clone()).unwrap();
                for wrap in &entry.own_wraps {
                    let named = act.content().statement.beside().recipients.unwrap();
                    assert_eq!(wrap.key_id, person.user_kem.key_id());
                    let (key, bytes) = (&wrap.key_id, &wrap.wrap);
                    let wraps = TreeHead { size: named.key_ids.len() as u64, root: named.wraps_root };
                    verify_wrap(&wraps, wrap.position, key, bytes, &wrap.path).unwrap();
                }
            }
        }
        let officers =
            world.app.list_entries(&world.caller(&world.officer), &world.directory_id(), 0, 99).await;
        let wraps = officers.unwrap().entries.into_iter().map(|entry| entry.own_wraps.len()).sum::<usize>();
        assert_eq!(wraps, 1, "of the team's first generation");
    })
    .await;
}

#[tokio::test]
async fn entries_are_covered_by_their_checkpoint() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let directory = world.directory_id();
        let caller = world.caller(&world.focal["JP"]);
        let log_key = *crate::app::LogKey::from_pkcs8(&world.log_key).unwrap().public();
        let origin = origin(&world.app.root(), &directory);
        let size = world.size(&directory).await;
        let mut entries = Vec::new();
        while (entries.len() as u64) < size {
            let page = world.app.list_entries(&caller, &directory, entries.len() as u64, 3).await.unwrap();
            assert!(!page.entries.is_empty() && page.entries.len() <= 3);
            let head = Checkpoint::open(&page.checkpoint, &origin, &log_key).unwrap().head;
            for entry in &page.entries {
                let proof =
                    world.app.inclusion_proof(&caller, &directory, entry.index, head.size).await.unwrap();
                verify_inclusion(&head, entry.index, &entry.signed, entry.log_time_ms, &proof).unwrap();
            }
            entries.extend(page.entries);
        }
        let beyond = world.app.list_entries(&caller, &directory, size + 5, 3).await.unwrap();
        assert!(beyond.entries.is_empty() && !beyond.checkpoint.is_empty());
        let log = world.directory().await.log;
        for old in [0, 1, 5, size] {
            let proof = world.app.consistency_proof(&caller, &directory, old, size).await.unwrap();
            let head = |size| TreeHead { size, root: log.root_at(size).unwrap() };
            verify_consistency(&head(old), &head(size), &proof).unwrap();
        }
        for (old, new) in [(0, size + 1), (1, size + 1), (3, 2)] {
            let refused = world.app.consistency_proof(&caller, &directory, old, new).await;
            assert_eq!(refused, Err(AppError::NOT_FOUND), "{old} {new}");
        }
        for (index, size) in [(size, size), (0, 0), (0, size + 1)] {
            let refused = world.app.inclusion_proof(&caller, &directory, index, size).await;
            assert_eq!(refused, Err(AppError::NOT_FOUND), "{index} {size}");
        }
    })
    .await;
}

/// A State that is party to nothing does not read what is opened to all parties.
#[tokio::test]
async fn all_parties_are_parties() {
    on_both(async |pool: Pool| {
        let mut world = World::found(pool).await;
        let norway: StateCode = state("NO");
        let admitted = chancery_core::act::AdmitState {
            state: norway,
            group: chancery_core::act::RegionalGroup::WesternEuropeOthers,
            standings: vec![(instrument("untoc"), chancery_core::act::Standing::Signatory)],
        };
        world.by_root(Statement::AdmitState(admitted)).await.unwrap();
        let focal = crate::testing::person();
        let admission = world.admission(&focal, Role::FocalPoint, Some(norway), &[], false);
        world.by_root(admission).await.unwrap();
        world.focal.insert("NO", focal);
        let kinds = listed(&world, &world.caller(&world.focal["NO"])).await;
        let public = world.app.world().publication_id(Audience::Public);
        let mut expect = [(world.directory_id(), "directory"), (public, "publication")];
        expect.sort_unstable();
        assert_eq!(kinds, expect);
    })
    .await;
}

#[test]
fn a_page_closes_at_the_entry_that_passes_its_bound() {
    let page = PAGE_BYTES_MAX as u64;
    for (lengths, expect) in [
        (&[][..], 0),
        (&[10, 10], 2),
        (&[page - 1, 1, 1], 2),
        (&[page * 2, 1], 1),
        (&[page - 1, page, page], 2),
    ] {
        assert_eq!(fitting(lengths), expect, "{lengths:?}");
    }
}
