//! Whose word is taken, and to whom it is handed, on both engines.

use chancery_client::identity::Identity;
use chancery_core::act::TreeHead;
use chancery_core::id::Digest;
use chancery_core::log::{CosignedCheckpoint, SignedCheckpoint, origin};

use super::*;
use crate::app::LogKey;
use crate::random::make_ed25519_key;
use crate::store::db::Pool;
use crate::store::db::testing::on_both;
use crate::testing::{NOW_MS, Strand, World, random};

/// A signed checkpoint of any head, by any log key.
fn signed(world: &World, channel: ChannelId, head: TreeHead, log_key: &LogKey) -> SignedCheckpoint {
    let note = log_key.checkpoint(&world.app.root(), &channel, head);
    SignedCheckpoint::open(&note, &origin(&world.app.root(), &channel), log_key.public()).unwrap()
}

fn log_key(world: &World) -> LogKey {
    LogKey::from_pkcs8(&world.log_key).unwrap()
}

/// The word of a person's device.
fn word(world: &World, by: &Identity, device: DeviceId, signed: SignedCheckpoint, time_s: u64) -> String {
    let cosignature = by.sign.cosign(&world.app.root(), device, &signed.checkpoint, time_s);
    CosignedCheckpoint { signed, cosignature }.note(&world.app.root())
}

async fn head(world: &World, channel: &ChannelId, size: u64) -> TreeHead {
    let view = world.app.view(channel).await.unwrap().unwrap();
    TreeHead { size, root: view.log().root_at(size).unwrap() }
}

/// The honest word of a person about the first `size` entries of a channel.
async fn honest(world: &World, by: &Identity, channel: ChannelId, size: u64) -> String {
    let head = head(world, &channel, size).await;
    word(world, by, by.device, signed(world, channel, head, &log_key(world)), NOW_MS / 1_000)
}

async fn filled(pool: Pool) -> (World, Strand) {
    let world = World::found(pool).await;
    let strand = world.strand().await;
    for text in ["Which article?", "Which law?"] {
        let (_, entry) = world.question(&strand, text).await;
        world.send(&world.focal["KE"], strand.id, vec![entry]).await.unwrap();
    }
    (world, strand)
}

#[tokio::test]
async fn each_readers_newest_word_reaches_the_readers_and_nobody_else() {
    on_both(async |pool: Pool| {
        let (world, strand) = Box::pin(filled(pool)).await;
        let app = &world.app;
        let (chile, kenya) = (&world.focal["CL"], &world.focal["KE"]);
        let add =
            async |by: &Identity, notes: &[String]| app.add_cosignatures(&world.caller(by), notes).await;
        let older = honest(&world, chile, strand.id, 1).await;
        let newer = honest(&world, chile, strand.id, 3).await;
        let officers = honest(&world, &world.officer, strand.id, 2).await;
        assert_eq!(add(chile, std::slice::from_ref(&newer)).await, Ok(()));
        assert_eq!(add(chile, &[older]).await, Ok(()), "no error, and never back");
        assert_eq!(add(&world.officer, std::slice::from_ref(&officers)).await, Ok(()));
        assert_eq!(add(chile, &[]).await, Ok(()));
        for reader in [chile, kenya, &world.officer] {
            let handed = app.cosigned(&world.caller(reader), &strand.id).await.unwrap();
            assert_eq!(handed, [newer.clone(), officers.clone()]);
        }
        let outsider = world.caller(&world.focal["JP"]);
        assert_eq!(app.cosigned(&outsider, &strand.id).await, Err(AppError::NOT_FOUND));
        assert_eq!(app.cosigned(&outsider, &random()).await, Err(AppError::NOT_FOUND));
        assert_eq!(app.cosigned(&outsider, &world.directory_id()).await, Ok(Vec::new()));
        // On another replica the same.
        let replica = world.replica().await;
        assert_eq!(replica.cosigned(&world.caller(kenya), &strand.id).await.unwrap().len(), 2);
    })
    .await;
}

type Case<'a> = (&'a str, &'a Identity, String);

#[tokio::test]
async fn no_other_word_is_taken() {
    on_both(async |pool: Pool| {
        let (world, strand) = Box::pin(filled(pool)).await;
        let (chile, kenya) = (&world.focal["CL"], &world.focal["KE"]);
        let (key, now_s) = (log_key(&world), NOW_MS / 1_000);
        let two = head(&world, &strand.id, 2).await;
        let other_root = TreeHead { size: 2, root: Digest::of(b"another history") };
        let beyond = TreeHead { size: 9, root: Digest::of(b"not yet") };
        let of = |head, key: &LogKey| signed(&world, strand.id, head, key);
        let says = |by, device, head, time_s| word(&world, by, device, of(head, &key), time_s);
        let another_key = LogKey::from_pkcs8(&make_ed25519_key().unwrap()).unwrap();
        let foreign = self::word(&world, chile, chile.device, of(two, &another_key), now_s);
        let good = honest(&world, chile, strand.id, 2).await;
        let ahead_s = now_s + CLOCK_AHEAD_MS_MAX / 1_000 + 1;
        let cases: [Case<'_>; 10] = [
            ("another root", chile, says(chile, chile.device, other_root, now_s)),
            ("beyond the end", chile, says(chile, chile.device, beyond, now_s)),
            ("another log key", chile, foreign),
            ("another's device", kenya, good.clone()),
            ("another's name", kenya, says(kenya, chile.device, two, now_s)),
            ("another's key", kenya, says(chile, kenya.device, two, now_s)),
            ("from the future", chile, says(chile, chile.device, two, ahead_s)),
            ("an altered time", chile, altered(&good)),
            ("no word at all", chile, of(two, &key).note()),
            ("two words", chile, format!("{good}{}\n", good.lines().last().unwrap())),
        ];
        refused(&world, &strand, cases, &WireReason::NotThisLog.into()).await;
        let no_note = [("no note", chile, "x".repeat(9_000))];
        refused(&world, &strand, no_note, &WireReason::Malformed.into()).await;
        let many = vec![good; COSIGNED_PER_CALL_MAX + 1];
        let added = world.app.add_cosignatures(&world.caller(chile), &many).await;
        assert_eq!(added, Err(WireReason::TooLarge.into()));
    })
    .await;
}

#[tokio::test]
async fn what_the_caller_does_not_read_is_absent() {
    on_both(async |pool: Pool| {
        let (world, strand) = Box::pin(filled(pool)).await;
        let (chile, japan) = (&world.focal["CL"], &world.focal["JP"]);
        let root = world.app.root();
        let good = honest(&world, chile, strand.id, 2).await;
        let cases: [Case<'_>; 4] = [
            ("an outsider", japan, honest(&world, japan, strand.id, 2).await),
            ("an outsider's nonsense", japan, format!("{}\n", origin(&root, &strand.id))),
            ("no such channel", chile, format!("{}\n", origin(&root, &random()))),
            ("another deployment", chile, good.replace(&root.to_string(), &"00".repeat(32))),
        ];
        refused(&world, &strand, cases, &AppError::NOT_FOUND).await;
        let directory = [("the directory", chile, honest(&world, chile, world.directory_id(), 1).await)];
        refused(&world, &strand, directory, &Reason::WrongChannel.into()).await;
        let custodian = Caller::Custodian { tls_key: world.custodian };
        assert_eq!(world.app.add_cosignatures(&custodian, &[good]).await, Err(AppError::NOT_FOUND));
    })
    .await;
}

/// Each is refused, and nothing is kept: not even the good word before it.
async fn refused(
    world: &World,
    strand: &Strand,
    cases: impl IntoIterator<Item = Case<'_>>,
    expect: &AppError,
) {
    for (what, by, note) in cases {
        let first = honest(world, by, strand.id, 1).await;
        let added = world.app.add_cosignatures(&world.caller(by), &[first, note]).await;
        assert_eq!(added.as_ref(), Err(expect), "{what}");
    }
    let reader = world.caller(&world.focal["CL"]);
    assert_eq!(world.app.cosigned(&reader, &strand.id).await.unwrap(), [""; 0], "nothing of it was kept");
}

/// The same word under another time: one bit of the time in the last line.
fn altered(note: &str) -> String {
    let (rest, line) = note.trim_end().rsplit_once(' ').unwrap();
    // The 13th to 16th digits hold the last bytes of the time.
    let digit = if &line[14..15] == "A" { "B" } else { "A" };
    format!("{rest} {}{digit}{}\n", &line[..14], &line[15..])
}
