//! What is refused, why, and that it changes nothing.

use bytes::Bytes;
use chancery_core::act::Statement;
use chancery_core::limits::{ACTS_PER_APPEND_MAX, BODY_BYTES_MAX};

use super::*;

/// What is altered in an entry.
type Change<'c> = &'c dyn Fn(&mut NewEntry);

/// Each call is refused with its reason, and no log grows.
#[expect(clippy::too_many_lines, reason = "one table, a row for each refusal")]
#[tokio::test]
async fn refusals_change_nothing() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        let other = world.open_channel(strand.review, opening("untoc")).await;
        let kenya = &world.focal["KE"];
        let (_, good) = world.question(&strand, "Question").await;
        let altered = |change: &dyn Fn(&mut NewEntry)| {
            let mut entry = good.clone();
            change(&mut entry);
            entry
        };
        let flipped = |bytes: &Bytes, place: usize| {
            let mut bytes = bytes.to_vec();
            bytes[place] ^= 1;
            Bytes::from(bytes)
        };
        let not_found = AppError::NOT_FOUND;
        let mismatch: AppError = WireReason::BesideMismatch.into();
        let cases: Vec<(&str, Caller, ChannelId, Vec<NewEntry>, AppError)> = vec![
            ("nothing", world.caller(kenya), strand.id, vec![], WireReason::Malformed.into()),
            (
                "too many",
                world.caller(kenya),
                strand.id,
                vec![good.clone(); ACTS_PER_APPEND_MAX + 1],
                WireReason::TooLarge.into(),
            ),
            ("twice", world.caller(kenya), strand.id, vec![good.clone(); 2], WireReason::Malformed.into()),
            (
                "a stranger",
                Caller::Stranger { tls_key: random_key() },
                strand.id,
                vec![good.clone()],
                WireReason::NotEnrolled.into(),
            ),
            (
                "an outsider",
                world.caller(&world.focal["JP"]),
                strand.id,
                vec![good.clone()],
                not_found.clone(),
            ),
            (
                "a reviewer of another instrument",
                world.caller(&world.focal["PT"]),
                other,
                vec![good.clone()],
                not_found.clone(),
            ),
            ("an absent channel", world.caller(kenya), random(), vec![good.clone()], not_found.clone()),
            (
                "the publication",
                world.caller(kenya),
                world.app.world().publication_id(chancery_core::act::Audience::Public),
                vec![good.clone()],
                Reason::WrongChannel.into(),
            ),
            (
                "another channel of the caller's",
                world.caller(kenya),
                other,
                vec![good.clone()],
                Reason::OtherChannel.into(),
            ),
            (
                "another's act",
                world.caller(&world.focal["PT"]),
                strand.id,
                vec![good.clone()],
                Reason::WrongSigner.into(),
            ),
            (
                "no act",
                world.caller(kenya),
                strand.id,
                vec![altered(&|entry| entry.signed = Bytes::from_static(b"\xff\xff"))],
                WireReason::Malformed.into(),
            ),
            (
                "an unknown field",
                world.caller(kenya),
                strand.id,
                vec![altered(&|entry| entry.signed = [&entry.signed[..], &[0xf8, 7, 1]].concat().into())],
                WireReason::NotCanonical.into(),
            ),
            (
                "an altered signature",
                world.caller(kenya),
                strand.id,
                // The suite ends the envelope with two bytes, the key id before it has 34, so this is the signature's.
                vec![altered(&|entry| entry.signed = flipped(&entry.signed, entry.signed.len() - 40))],
                WireReason::BadSignature.into(),
            ),
            (
                "another body",
                world.caller(kenya),
                strand.id,
                vec![altered(&|entry| entry.body = flipped(&entry.body, 100))],
                mismatch.clone(),
            ),
            (
                "a cut body",
                world.caller(kenya),
                strand.id,
                vec![altered(&|entry| entry.body = entry.body.slice(1..))],
                mismatch.clone(),
            ),
            (
                "no body",
                world.caller(kenya),
                strand.id,
                vec![altered(&|entry| entry.body = Bytes::new())],
                mismatch.clone(),
            ),
            (
                "a huge body",
                world.caller(kenya),
                strand.id,
                vec![altered(&|entry| entry.body = vec![0; BODY_BYTES_MAX + 1].into())],
                WireReason::TooLarge.into(),
            ),
            (
                "a wrap too many",
                world.caller(kenya),
                strand.id,
                vec![altered(&|entry| entry.wraps = vec![vec![0; 1_168].into()])],
                mismatch.clone(),
            ),
            (
                "a box too many",
                world.caller(kenya),
                strand.id,
                vec![altered(&|entry| entry.previous_box = vec![0; 104].into())],
                mismatch.clone(),
            ),
            (
                "a release too many",
                world.caller(kenya),
                strand.id,
                vec![altered(&|entry| entry.releases = vec![NewRelease::default()])],
                mismatch.clone(),
            ),
        ];
        let ids = [world.directory_id(), strand.review, strand.id, other];
        let mut before = Vec::new();
        for id in &ids {
            before.push(world.size(id).await);
        }
        for (name, caller, channel, entries, expect) in cases {
            assert_eq!(world.app.append(&caller, channel, entries).await, Err(expect), "{name}");
        }
        for (id, size) in ids.iter().zip(before) {
            assert_eq!(world.size(id).await, size);
        }
        world.send(kenya, strand.id, vec![good]).await.unwrap();
        clean(&world).await;
    })
    .await;
}

#[tokio::test]
async fn an_epoch_comes_with_exactly_its_wraps() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        let kenya = &world.focal["KE"];
        let (composed, _, _) = world.epoch(kenya, strand.id, &strand.ring).await;
        let good = crate::testing::entry(&composed);
        assert_eq!((good.wraps.len(), good.previous_box.len()), (3, 104));
        let changes: [(&str, Change); 6] = [
            ("one too few", &|entry| drop(entry.wraps.pop())),
            ("in another order", &|entry| entry.wraps.swap(0, 1)),
            ("one twice", &|entry| entry.wraps[1] = entry.wraps[0].clone()),
            ("a cut one", &|entry| entry.wraps[2] = entry.wraps[2].slice(1..)),
            ("no box", &|entry| entry.previous_box = Bytes::new()),
            ("another box", &|entry| entry.previous_box = vec![1; 104].into()),
        ];
        for (name, change) in changes {
            let mut entry = good.clone();
            change(&mut entry);
            let refused = world.send(kenya, strand.id, vec![entry]).await;
            assert_eq!(refused, Err(WireReason::BesideMismatch.into()), "{name}");
        }
        world.send(kenya, strand.id, vec![good]).await.unwrap();
        clean(&world).await;
    })
    .await;
}

/// What the policy refuses, the server refuses with the policy's reason (¶33 first of all).
#[tokio::test]
async fn the_policys_reasons_come_through() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        let place = (random(), None, ItemKind::Clarification);
        let (act_id, question) = world.question(&strand, "Question").await;
        world.send(&world.focal["KE"], strand.id, vec![question]).await.unwrap();

        let (_, by_officer) = world.revision(&world.officer, "KE", &strand, place, &body("Me too")).await;
        let refused = world.send(&world.officer, strand.id, vec![by_officer]).await;
        assert_eq!(refused, Err(Reason::SecretariatReadsOnly.into()));

        let place = (random(), Some(act_id), ItemKind::Clarification);
        let (_, elsewhere) = world.revision(&world.focal["KE"], "KE", &strand, place, &body("Lost")).await;
        let refused = world.send(&world.focal["KE"], strand.id, vec![elsewhere]).await;
        assert_eq!(refused, Err(Reason::NoSuchSubject.into()));

        let expert = world.expert("CL").await;
        let leaves = Statement::RemovePerson(world.focal["KE"].user);
        let refused = world.state_in(&world.focal["CL"], world.directory_id(), leaves).await;
        assert_eq!(refused, Err(Reason::NotEntitled.into()), "another State's focal point");
        let leaves = Statement::RemovePerson(expert.user);
        let refused = world.state_in(&world.focal["KE"], world.directory_id(), leaves).await;
        assert_eq!(refused, Err(Reason::NotEntitled.into()));
        clean(&world).await;
    })
    .await;
}

#[tokio::test]
async fn an_act_id_is_taken_once() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        let kenya = &world.focal["KE"];
        let (act_id, question) = world.question(&strand, "Question").await;
        // Another act of the same author, place and id.
        let root = world.app.root();
        let signer = chancery_client::compose::Signer { key: &kenya.sign, root: &root };
        let standpoint = world.standpoint(kenya, &strand.id).await;
        let fault = chancery_core::act::Fault::Body;
        let complain = chancery_core::act::Complain { act_id, fault };
        let other = signer.act(&standpoint, act_id, Statement::Complain(complain)).unwrap();
        world.send(kenya, strand.id, vec![question]).await.unwrap();
        let refused = world.send(kenya, strand.id, vec![bare(&other.into())]).await;
        assert_eq!(refused, Err(WireReason::ActIdTaken.into()));
        assert_eq!(world.size(&strand.id).await, 2);
    })
    .await;
}

#[tokio::test]
async fn cited_files_must_be_there() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        let mut body = body("See the law attached.");
        body.attachments.push(chancery_core::act::Attachment {
            file: chancery_core::id::FileId::new([3; 16]),
            key: [4; 32],
            sealed_length: 5,
            parts_sha256: Digest::of(b"sealed"),
            length: 6,
            sha256: Digest::of(b"clear"),
            name: "law.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
        });
        let place = (random(), None, ItemKind::Clarification);
        let (_, entry) = world.revision(&world.focal["KE"], "KE", &strand, place, &body).await;
        let refused = world.send(&world.focal["KE"], strand.id, vec![entry]).await;
        assert_eq!(refused, Err(WireReason::FileIncomplete.into()));
        clean(&world).await;
    })
    .await;
}

fn opening(code: &str) -> chancery_core::act::Opening {
    chancery_core::act::Opening::Strand(crate::testing::instrument(code))
}

fn random_key() -> chancery_core::id::KeyId {
    chancery_core::id::KeyId::new(chancery_seal::random::make_bytes().unwrap())
}
