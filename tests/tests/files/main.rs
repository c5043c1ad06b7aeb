//! Who may bring a file, who may fetch it, and who sees what is disclosed: the server's verbs, and files on the
//! wire.

mod public;
mod scene;
mod wire;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chancery_core::act::{Audience, TreeHead};
use chancery_core::error::{Reason, WireReason};
use chancery_core::file::FileUse;
use chancery_core::id::Digest;
use chancery_core::log::verify_inclusion;
use chancery_core::name::directory_channel;
use chancery_server::app::AppError;
use chancery_server::app::disclosed::DisclosedItem;
use chancery_server::app::download::Wanted;
use chancery_tests::random;

use scene::{BYTES, ENROLLED, MEMBERS, Scene, announced};

#[tokio::test]
async fn who_writes_posts_brings_files_and_outsiders_are_told_nothing() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let strand = scene.strand.channel.id;
    let clear = FileUse::Rendition(Digest::of(BYTES));
    let reads_only: AppError = Reason::SecretariatReadsOnly.into();
    for (name, caller) in scene.callers(&app).await {
        let (sealed, in_clear) = match name {
            "Chile" => (None, None),
            "expert" => (None, Some(Reason::FocalPointRequired.into())),
            "observer" => (Some(Reason::ObserverReadsOnly.into()), Some(Reason::ObserverReadsOnly.into())),
            "Kenya" => (None, Some(Reason::StateUnderReviewOnly.into())),
            "officer" => (Some(reads_only.clone()), Some(reads_only.clone())),
            _ => (Some(AppError::NOT_FOUND), Some(AppError::NOT_FOUND)),
        };
        for (usage, expect) in [(FileUse::Sealed, sealed), (clear, in_clear)] {
            let begun = app.start_upload(&caller, announced(strand, random(), usage)).await;
            assert_eq!(begun.err(), expect, "{name} {usage:?}");
        }
        let absent = app.start_upload(&caller, announced(random(), random(), FileUse::Sealed)).await;
        assert_eq!(absent.err(), Some(AppError::NOT_FOUND), "{name}: as for an absent channel");
    }
    let chile = app.caller(scene.chile.public_keys().device_tls_key).await.unwrap();
    let directory = directory_channel(&scene.all.root.key_id());
    let elsewhere = app.start_upload(&chile, announced(directory, random(), FileUse::Sealed)).await;
    assert_eq!(elsewhere.err(), Some(Reason::WrongChannel.into()));
}

#[tokio::test]
async fn a_file_is_fetched_by_whoever_may_read_what_cites_it() {
    let mut scene = Scene::new().await;
    let file = scene.upload().await;
    assert_eq!(scene.fetchers(file).await, [""; 0], "nothing cites it yet, so nobody reads it");
    let (act, _) = scene.cite(file).await;
    assert_eq!(scene.fetchers(file).await, MEMBERS);
    scene.disclose(act, Audience::AllParties, 0).await;
    assert_eq!(scene.fetchers(file).await, ENROLLED, "of other State parties");
    scene.withdraw(act, Audience::AllParties, 1).await;
    assert_eq!(scene.fetchers(file).await, MEMBERS);
    scene.disclose(act, Audience::Public, 0).await;
    assert_eq!(scene.fetchers(file).await, ENROLLED);
    scene.withdraw(act, Audience::Public, 1).await;
    assert_eq!(scene.fetchers(file).await, MEMBERS);
}

#[tokio::test]
async fn a_file_has_one_channel_and_an_end() {
    let mut scene = Scene::new().await;
    let file = scene.upload().await;
    scene.cite(file).await;
    let app = scene.app().await;
    let chile = app.caller(scene.chile.public_keys().device_tls_key).await.unwrap();
    let (strand, review) = (scene.strand.channel.id, scene.review.channel.id);
    for (channel, file, offset_bytes, expect) in [
        (strand, file, 0, None),
        (review, file, 0, Some(AppError::NOT_FOUND)),
        (random(), file, 0, Some(AppError::NOT_FOUND)),
        (strand, random(), 0, Some(AppError::NOT_FOUND)),
        (strand, file, 101, Some(WireReason::FileRange.into())),
    ] {
        let wanted = Wanted { offset_bytes, length_bytes: 0 };
        assert_eq!(app.download(&chile, &channel, &file, wanted).await.err(), expect);
    }
    let japan = app.caller(scene.japan.public_keys().device_tls_key).await.unwrap();
    let outside = Wanted { offset_bytes: 101, length_bytes: 0 };
    let told = app.download(&japan, &strand, &file, outside).await.err();
    assert_eq!(told, Some(AppError::NOT_FOUND), "who may not read is not told of its length");
    assert_eq!(app.upload(&japan, &file).await.err(), Some(AppError::NOT_FOUND));
}

#[tokio::test]
async fn what_is_opened_is_listed_for_its_audience() {
    let mut scene = Scene::new().await;
    let file = scene.upload().await;
    let (act, composed) = scene.cite(file).await;
    scene.disclose(act, Audience::AllParties, 0).await;
    scene.disclose(act, Audience::Public, 0).await;
    scene.withdraw(act, Audience::Public, 1).await;
    let app = scene.app().await;
    for (name, caller) in scene.callers(&app).await {
        for audience in Audience::ALL {
            let expect = ENROLLED.contains(&name);
            let list = app.list_disclosed(&caller, audience, 0, 10).await;
            let item = app.get_disclosed(&caller, audience, 0).await;
            if !expect {
                assert_eq!(list.err(), Some(AppError::NOT_FOUND), "{name}");
                assert_eq!(item.err(), Some(AppError::NOT_FOUND), "{name}");
                continue;
            }
            let list = list.unwrap();
            assert_eq!((list.len(), list[0].index), (1, 0), "{name}");
            let item = item.unwrap();
            check_proof(&item);
            match audience {
                Audience::AllParties => {
                    assert_eq!(item.opened.unwrap().body, composed.body.clone().unwrap());
                }
                Audience::Public => {
                    assert_eq!((item.opened, item.summary.withdrawn.map(|at| at.0)), (None, Some(1)));
                }
            }
            let absent = app.get_disclosed(&caller, audience, 1).await.err();
            assert_eq!(absent, Some(AppError::NOT_FOUND));
        }
    }
}

/// The grant stands in the log of the checkpoint.
fn check_proof(item: &DisclosedItem) {
    let lines: Vec<&str> = item.checkpoint.lines().collect();
    let head = TreeHead { size: lines[1].parse().unwrap(), root: decode(lines[2]) };
    let (signed, time) = (&item.summary.grant, item.summary.log_time_ms);
    verify_inclusion(&head, item.summary.index, signed, time, &item.proof).unwrap();
}

fn decode(line: &str) -> Digest {
    let bytes = STANDARD.decode(line).unwrap();
    Digest::try_from(bytes.as_slice()).unwrap()
}
