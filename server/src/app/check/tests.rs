//! What a check finds after someone altered the database, and what a rebuild can put right.

use bytes::Bytes;
use chancery_client::identity::Identity;
use chancery_client::keyring::SealedPost;
use chancery_core::act::{Rendition, RevokeDevice, Statement};
use chancery_core::log::{CosignedCheckpoint, SignedCheckpoint, origin};

use super::*;
use crate::app::LogKey;
use crate::app::rebuild::rebuild;
use crate::store::db::testing::on_both;
use crate::store::testing::{Tampering, tamper};
use crate::testing::{NOW_MS, World, body};

/// A deployment that has something of everything: a strand with two epochs, a post, a public disclosure.
async fn filled(pool: Pool) -> World {
    let world = World::found(pool).await;
    let mut strand = world.strand().await;
    let (act_id, entry) = world.question(&strand, "Which article?").await;
    world.send(&world.focal["KE"], strand.id, vec![entry]).await.unwrap();
    let post = world.post_ref(&strand, act_id).await;
    let sealed = SealedPost { section: post.section, act: act_id, kind: post.kind, body: post.body };
    let key = Bytes::copy_from_slice(strand.ring.revision_key(0, &sealed).unwrap().as_bytes());
    let rendition = Rendition::of(&body("Which article?"));
    let disclosure = world.disclosure(&strand, act_id, Audience::Public, (key, Some(&rendition))).await;
    world.send(&world.focal["CL"], strand.id, vec![disclosure]).await.unwrap();
    world.rotate(&world.focal["KE"], strand.id, &mut strand.ring).await.unwrap();
    let note = cosigned(&world, &world.focal["CL"], strand.id).await;
    world.app.add_cosignatures(&world.caller(&world.focal["CL"]), &[note]).await.unwrap();
    world
}

/// The word of a person that it has verified a channel to its end.
async fn cosigned(world: &World, by: &Identity, channel: ChannelId) -> String {
    let root = world.app.root();
    let note = world.app.newest_checkpoint(&world.caller(by), &channel).await.unwrap();
    let log_key = LogKey::from_pkcs8(&world.log_key).unwrap();
    let signed = SignedCheckpoint::open(&note, &origin(&root, &channel), log_key.public()).unwrap();
    let cosignature = by.sign.cosign(&root, by.device, &signed.checkpoint, NOW_MS / 1_000);
    CosignedCheckpoint { signed, cosignature }.note(&root)
}

/// What a rebuild says to a log that is not whole; it changes nothing.
#[tokio::test]
async fn a_rebuild_makes_no_log_shorter() {
    for (tampering, words) in
        [(Tampering::Longer, "it is missing: the log had"), (Tampering::Act, "does not replay at entry 1")]
    {
        on_both(async |pool: Pool| {
            let world = Box::pin(filled(pool)).await;
            tamper(&world.pool, tampering).await;
            let before = findings(&world).await;
            let error = rebuild(&world.pool, world.app.root()).await.unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
            assert_eq!(findings(&world).await, before);
        })
        .await;
    }
}

#[tokio::test]
async fn the_mechanism_file_is_the_one_of_the_founding() {
    on_both(async |pool: Pool| {
        let world = Box::pin(World::found(pool).await);
        let check = Check { mechanism_digest: Digest::of(b"another file"), ..check(&world) };
        let mut found = Vec::new();
        check.run(&mut |finding| found.push(finding)).await.unwrap();
        assert_eq!(found, [Finding::Mechanism]);
    })
    .await;
}

fn check(world: &World) -> Check<'_> {
    Check {
        pool: &world.pool,
        blobs: &world.blobs,
        mechanism: world.app.mechanism(),
        mechanism_digest: Digest::of(world.app.mechanism_file()),
        root: world.app.root(),
        deep: true,
    }
}

async fn findings(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    check(world).run(&mut |finding| found.push(finding.to_string())).await.unwrap();
    found
}

async fn found_after(tampering: Tampering, words: &str, mended: bool) {
    on_both(async |pool: Pool| {
        let world = Box::pin(filled(pool)).await;
        assert_eq!(findings(&world).await, [""; 0]);
        tamper(&world.pool, tampering).await;
        let found = findings(&world).await;
        assert!(found.iter().any(|line| line.contains(words)), "{tampering:?}: {found:?}");
        if mended {
            rebuild(&world.pool, world.app.root()).await.unwrap();
            assert_eq!(findings(&world).await, [""; 0], "{tampering:?}");
        }
    })
    .await;
}

/// Devices, sheets, people certified anew and a replacement: the logs that they leave replay.
#[tokio::test]
async fn acts_of_turnover_replay() {
    on_both(async |pool: Pool| {
        let world = Box::pin(World::found(pool).await);
        world.strand().await;
        let key = || crate::testing::person().tls_key;
        let expert = world.expert("CL").await;
        let lost = world.further(&expert, key()).await;
        let sheet = world.sheet(&expert).await;
        let device = crate::testing::turnover::further_device(&expert, key());
        let act = world.by_sheet(&sheet, &device, |_| ());
        let from = crate::testing::peer(device.tls_key);
        world.app.recover(&from, act.bytes().clone()).await.unwrap();
        let revoke = RevokeDevice { user: expert.user, device: lost.device };
        let revoke = Statement::RevokeDevice(revoke);
        world.state_in(&device, world.directory_id(), revoke).await.unwrap();
        world.new_user_key(&device).await.unwrap();
        world.sheet(&device).await;
        world.recertify(&world.focal["CL"], expert.user, key()).await;
        world.until(key(), world.now_ms() + 1_000).await;
        world.later(1_000);
        world.replace().await;
        assert_eq!(findings(&world).await, [""; 0]);
        tamper(&world.pool, Tampering::Size).await;
        assert_ne!(findings(&world).await, [""; 0]);
        rebuild(&world.pool, world.app.root()).await.unwrap();
        assert_eq!(findings(&world).await, [""; 0]);
    })
    .await;
}

macro_rules! tampered {
    ($($name:ident: $tampering:ident, $words:literal, $mended:literal;)*) => {
        $(#[tokio::test]
        async fn $name() {
            found_after(Tampering::$tampering, $words, $mended).await;
        })*
    };
}

tampered! {
    an_altered_body: Body, "its body is not what the act names", false;
    an_altered_wrap: Wrap, "its list of wraps is not what the act names", false;
    an_altered_box: Box, "its box is not what the act names", false;
    an_altered_leaf: Leaf, "its column leaf_hash is not what the entry says", false;
    an_altered_log_time: LogTime, "its log time is not that of the strand's act", false;
    an_altered_act: Act, "the log was not read further", false;
    an_altered_statement: Statement, "the statement is not the strand's, byte for byte", false;
    an_altered_parent: Parent, "its parent is not what the logs say", true;
    an_altered_size: Size, "its size is not what the logs say", true;
    a_log_that_was_longer: Longer, "it is missing: the log had", false;
    an_altered_cosignature: Cosignature, "its note is of another device or size", false;
    a_release_that_is_gone: Withdrawn, "its release is not withdrawn as the log says", false;
}

#[tokio::test]
async fn files_are_compared_with_the_store() {
    use chancery_core::file::FileUse;
    use chancery_core::id::UserId;

    use crate::store::files::{self, NewFile, NewPart};

    on_both(async |pool: Pool| {
        let world = Box::pin(filled(pool)).await;
        let (known, lost, stray) = (FileId::new([1; 16]), FileId::new([2; 16]), FileId::new([3; 16]));
        let bytes = Bytes::from_static(b"sealed bytes");
        let sha256 = Digest::of(&bytes);
        for file in [known, lost] {
            let new = NewFile {
                id: file,
                channel: world.directory_id(),
                uploader: UserId::new([1; 16]),
                length_bytes: bytes.len() as u64,
                usage: FileUse::Sealed,
                empty: false,
            };
            let part = NewPart { file, part: 0, sha256, length_bytes: bytes.len() as u64, completes: true };
            let mut tx = world.pool.begin().await.unwrap();
            assert!(files::insert(&mut tx, &new, 1).await.unwrap());
            assert!(files::receive_part(&mut tx, &part, 1).await.unwrap());
            tx.commit().await.unwrap();
        }
        for file in [known, stray] {
            world.blobs.put_part(file, 0, bytes.clone(), sha256).await.unwrap().await.unwrap();
        }
        let found = findings(&world).await;
        assert_eq!(
            found,
            [
                format!("file {lost}: a part is missing in the store of files"),
                format!("file {stray}: left by an upload that was cut off; nothing refers to it"),
            ]
        );
        // The same files, where an entry cites them.
        let channel = world.directory_id();
        let gone = FileId::new([4; 16]);
        let cited = [known, stray, gone].map(|file| (file, (channel, 7)));
        let mut found = Vec::new();
        check(&world).files(cited.into(), &mut |finding| found.push(finding)).await.unwrap();
        let unknown = |file| Finding::Entry { channel, index: 7, fault: Fault::File(file) };
        assert!(found.contains(&unknown(stray)) && found.contains(&unknown(gone)), "{found:?}");
        assert_eq!(found.len(), 3, "and the part that is missing: {found:?}");
    })
    .await;
}
