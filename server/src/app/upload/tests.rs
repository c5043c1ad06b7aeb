use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering as Memory};

use chancery_core::file::{CLEAR_PART_BYTES, SEALED_PART_BYTES};

use super::*;
use crate::store::db::testing::on_both;
use crate::store::testing::strand;

pub(in crate::app) const CHANNEL: ChannelId = ChannelId::new([1; 16]);
const PERSON: UserId = UserId::new([3; 16]);
const OTHER: UserId = UserId::new([4; 16]);
const FIRST: u64 = SEALED_PART_BYTES + 56;

/// A store on both engines, and the clock that it reads.
pub(in crate::app) async fn with_store(test: impl AsyncFn(FileStore, Arc<AtomicU64>)) {
    on_both(async |pool: Pool| {
        strand(&pool, CHANNEL).await;
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open_folder(folder.path().to_owned()).await.unwrap();
        let now = Arc::new(AtomicU64::new(1_000));
        let read = now.clone();
        let clock: Clock = Arc::new(move || read.load(Memory::Relaxed));
        test(FileStore { pool, blobs, clock }, now).await;
    })
    .await;
}

pub(in crate::app) fn sealed(id: u8, length_bytes: u64) -> Announced {
    Announced { channel: CHANNEL, file: FileId::new([id; 16]), length_bytes, usage: FileUse::Sealed }
}

fn clear(id: u8, bytes: &[u8]) -> Announced {
    Announced { usage: FileUse::Rendition(Digest::of(bytes)), ..sealed(id, bytes.len() as u64) }
}

/// Bytes that tell their place.
pub(in crate::app) fn content(length: u64) -> Bytes {
    (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

/// Sends parts of `bytes` from `from` on, before `to`, in pieces.
async fn send(
    store: &FileStore,
    announced: &Announced,
    bytes: &Bytes,
    parts: std::ops::Range<u32>,
) -> Result<Received, AppError> {
    let cut = FileParts::new(announced.usage, announced.length_bytes).unwrap();
    let mut upload = store.upload(PERSON, &announced.file).await?;
    for part in parts {
        let range = cut.range(part).unwrap();
        let part_bytes =
            bytes.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap());
        upload.begin_part(part, Digest::of(&part_bytes)).await?;
        for piece in part_bytes.chunks(200_000) {
            upload.write(part_bytes.slice_ref(piece)).await?;
        }
    }
    upload.finish().await
}

/// Uploads a whole file.
pub(in crate::app) async fn put(store: &FileStore, announced: &Announced, bytes: &Bytes) {
    store.announce(PERSON, *announced).await.unwrap();
    let parts = FileParts::new(announced.usage, announced.length_bytes).unwrap().count();
    let received = send(store, announced, bytes, 0..parts).await.unwrap();
    assert_eq!(received, Received { parts, complete: true });
}

async fn state(store: &FileStore, id: u8) -> Option<(u32, FileState)> {
    let file = files::find(&mut Source::Pool(&store.pool), &FileId::new([id; 16])).await.unwrap();
    file.map(|file| (file.received_parts, file.state))
}

#[tokio::test]
async fn an_upload_goes_on_where_it_stopped() {
    with_store(async |store, _| {
        let (file, bytes) =
            (sealed(7, FIRST + SEALED_PART_BYTES + 16), content(FIRST + SEALED_PART_BYTES + 16));
        let progress = async |parts, complete| {
            assert_eq!(store.announce(PERSON, file).await, Ok(Received { parts, complete }));
        };
        progress(0, false).await;
        assert_eq!(send(&store, &file, &bytes, 0..1).await, Ok(Received { parts: 1, complete: false }));
        progress(1, false).await;
        assert_eq!(send(&store, &file, &bytes, 0..2).await, Ok(Received { parts: 2, complete: false }));
        assert_eq!(send(&store, &file, &bytes, 2..3).await, Ok(Received { parts: 3, complete: true }));
        progress(3, true).await;
        assert_eq!(send(&store, &file, &bytes, 1..3).await, Ok(Received { parts: 3, complete: true }));
        for part in 0..3 {
            let range = FileParts::new(file.usage, file.length_bytes).unwrap().range(part).unwrap();
            let expect = Digest::of(
                &bytes[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()],
            );
            assert_eq!(store.blobs.digest(file.file, part).await, Ok(expect));
        }
    })
    .await;
}

#[tokio::test]
async fn only_the_same_upload_is_gone_on_with() {
    with_store(async |store, _| {
        strand(&store.pool, ChannelId::new([2; 16])).await;
        let file = sealed(7, 100);
        assert_eq!(store.announce(PERSON, file).await, Ok(Received { parts: 0, complete: false }));
        let taken: Result<Received, AppError> = Err(WireReason::FileExists.into());
        for (who, announced, expect) in [
            (PERSON, file, Ok(Received { parts: 0, complete: false })),
            (OTHER, file, taken.clone()),
            (PERSON, Announced { channel: ChannelId::new([2; 16]), ..file }, taken.clone()),
            (PERSON, Announced { length_bytes: 101, ..file }, taken.clone()),
            (PERSON, Announced { usage: FileUse::Rendition(Digest::of(b"")), ..file }, taken.clone()),
            (PERSON, sealed(8, 0), Err(WireReason::FileLength.into())),
            (PERSON, sealed(8, 71), Err(WireReason::FileLength.into())),
            (PERSON, sealed(8, u64::MAX), Err(WireReason::FileLength.into())),
            (PERSON, Announced { length_bytes: 0, ..clear(8, b"x") }, Err(WireReason::FileDigest.into())),
            (PERSON, clear(8, b""), Ok(Received { parts: 0, complete: true })),
            (PERSON, clear(8, b""), Ok(Received { parts: 0, complete: true })),
        ] {
            assert_eq!(store.announce(who, announced).await, expect, "{announced:?}");
        }
        assert_eq!(store.upload(OTHER, &file.file).await.err(), Some(AppError::NOT_FOUND));
        assert_eq!(store.upload(PERSON, &FileId::new([9; 16])).await.err(), Some(AppError::NOT_FOUND));
    })
    .await;
}

#[tokio::test]
async fn a_person_has_so_many_unfinished_uploads() {
    with_store(async |store, _| {
        let most = u8::try_from(OPEN_UPLOADS_MAX).unwrap();
        for id in 0..most {
            store.announce(PERSON, sealed(id, 100)).await.unwrap();
        }
        let refused = store.announce(PERSON, sealed(most, 100)).await;
        assert_eq!(refused, Err(WireReason::TooMany.into()));
        assert!(store.announce(PERSON, sealed(0, 100)).await.is_ok(), "one of them goes on");
        assert!(store.announce(OTHER, sealed(most, 100)).await.is_ok(), "another person begins");
        send(&store, &sealed(0, 100), &content(100), 0..1).await.unwrap();
        assert!(store.announce(PERSON, sealed(most + 1, 100)).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn what_is_not_the_next_whole_part_changes_nothing() {
    with_store(async |store, _| {
        let (file, bytes) = (sealed(7, FIRST + 100), content(FIRST));
        store.announce(PERSON, file).await.unwrap();
        let hash = Digest::of(&bytes);
        let begin = async |part, hash| {
            let mut upload = store.upload(PERSON, &file.file).await.unwrap();
            upload.begin_part(part, hash).await.map(|()| upload)
        };
        for part in [1, 2, u32::MAX] {
            assert_eq!(begin(part, hash).await.err(), Some(WireReason::FileRange.into()), "part {part}");
        }

        let mut short = begin(0, hash).await.unwrap();
        short.write(bytes.slice(..1_000)).await.unwrap();
        assert_eq!(short.begin_part(1, hash).await, Err(WireReason::Malformed.into()));
        assert_eq!(short.finish().await, Err(WireReason::Malformed.into()));

        let mut dropped = begin(0, hash).await.unwrap();
        dropped.write(bytes.slice(..5_000_000)).await.unwrap();
        drop(dropped);

        let mut long = begin(0, hash).await.unwrap();
        long.write(bytes.clone()).await.unwrap();
        assert_eq!(long.write(bytes.slice(..1)).await, Err(WireReason::Malformed.into()), "no part begun");

        let mut over = begin(0, hash).await.unwrap();
        over.write(bytes.slice(..5_000_000)).await.unwrap();
        assert_eq!(over.write(bytes.clone()).await, Err(WireReason::TooLarge.into()));
        drop(over);

        let mut headless = store.upload(PERSON, &file.file).await.unwrap();
        assert_eq!(headless.write(bytes.slice(..1)).await, Err(WireReason::Malformed.into()));
    })
    .await;
}

#[tokio::test]
async fn a_part_must_have_the_announced_hash() {
    with_store(async |store, _| {
        let (file, bytes) = (sealed(7, 1_000), content(1_000));
        store.announce(PERSON, file).await.unwrap();
        let mut upload = store.upload(PERSON, &file.file).await.unwrap();
        upload.begin_part(0, Digest::of(b"something else")).await.unwrap();
        upload.write(bytes.clone()).await.unwrap();
        assert_eq!(upload.finish().await, Err(AppError::Blob(crate::blobs::BlobError::Digest)));
        assert_eq!(state(&store, 7).await, Some((0, FileState::Open)));

        put(&store, &file, &bytes).await;
        let mut again = store.upload(PERSON, &file.file).await.unwrap();
        let other = again.begin_part(0, Digest::of(b"something else")).await;
        assert_eq!(other, Err(WireReason::FileExists.into()));
        assert_eq!(store.blobs.digest(file.file, 0).await, Ok(Digest::of(&bytes)));
    })
    .await;
}

/// A whole part counts even if the call that brought it ends at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_stops_leaves_its_whole_parts() {
    with_store(async |store, _| {
        let (file, bytes) = (sealed(7, FIRST + 100), content(FIRST));
        store.announce(PERSON, file).await.unwrap();
        let mut upload = store.upload(PERSON, &file.file).await.unwrap();
        upload.begin_part(0, Digest::of(&bytes)).await.unwrap();
        upload.write(bytes).await.unwrap();
        drop(upload);
        while state(&store, 7).await != Some((1, FileState::Open)) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_one_file_at_once_agree() {
    with_store(async |store, _| {
        let (file, bytes) = (sealed(7, FIRST + SEALED_PART_BYTES), content(FIRST + SEALED_PART_BYTES));
        store.announce(PERSON, file).await.unwrap();
        let (one, other) = tokio::join!(
            Box::pin(send(&store, &file, &bytes, 0..2)),
            Box::pin(send(&store, &file, &bytes, 0..2))
        );
        let done = Ok(Received { parts: 2, complete: true });
        assert_eq!((one, other), (done.clone(), done));
        assert_eq!(state(&store, 7).await, Some((2, FileState::Complete)));
    })
    .await;
}

#[tokio::test]
async fn a_file_in_clear_is_checked_as_a_whole() {
    with_store(async |store, _| {
        let bytes = content(CLEAR_PART_BYTES + 9);
        put(&store, &clear(7, &bytes), &bytes).await;

        let lie = Announced { usage: FileUse::Rendition(Digest::of(b"other")), ..clear(8, &bytes) };
        store.announce(PERSON, lie).await.unwrap();
        assert_eq!(send(&store, &lie, &bytes, 0..1).await, Ok(Received { parts: 1, complete: false }));
        assert_eq!(send(&store, &lie, &bytes, 1..2).await, Err(WireReason::FileDigest.into()));
        assert_eq!(state(&store, 8).await, None, "it is removed, and may be begun anew");
        assert_eq!(store.blobs.digest(lie.file, 0).await, Err(crate::blobs::BlobError::Absent));

        let small = Announced { usage: FileUse::Rendition(Digest::of(b"other")), ..clear(9, b"small") };
        store.announce(PERSON, small).await.unwrap();
        let refused = send(&store, &small, &Bytes::from_static(b"small"), 0..1).await;
        assert_eq!(refused, Err(WireReason::FileDigest.into()));
        assert_eq!(state(&store, 9).await, Some((0, FileState::Open)));
    })
    .await;
}

/// The server may stop between the last part and the check of the whole.
#[tokio::test]
async fn a_file_that_was_not_concluded_is_when_asked_for() {
    with_store(async |store, _| {
        let bytes = content(CLEAR_PART_BYTES + 9);
        let file = clear(7, &bytes);
        store.announce(PERSON, file).await.unwrap();
        let mut upload = store.upload(PERSON, &file.file).await.unwrap();
        let parts = FileParts::new(file.usage, file.length_bytes).unwrap();
        for part in 0..2 {
            let range = parts.range(part).unwrap();
            let part_bytes =
                bytes.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap());
            upload.begin_part(part, Digest::of(&part_bytes)).await.unwrap();
            upload.write(part_bytes).await.unwrap();
        }
        upload.settle().await.unwrap();
        drop(upload);
        assert_eq!(state(&store, 7).await, Some((2, FileState::Open)));
        assert_eq!(store.announce(PERSON, file).await, Ok(Received { parts: 2, complete: true }));
        assert_eq!(state(&store, 7).await, Some((2, FileState::Complete)));
    })
    .await;
}
