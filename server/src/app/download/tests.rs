use chancery_core::file::SEALED_PART_BYTES;

use super::*;
use crate::app::upload::tests::{content, put, sealed, with_store};

async fn stored(store: &FileStore, id: u8) -> File {
    files::find(&mut Source::Pool(&store.pool), &FileId::new([id; 16])).await.unwrap().unwrap()
}

async fn collect(mut download: Download) -> Vec<u8> {
    let (mut bytes, expect) = (Vec::new(), download.remaining_bytes());
    while let Some(piece) = download.next().await.unwrap() {
        assert!(piece.len() <= crate::blobs::READ_BYTES);
        bytes.extend(piece);
    }
    assert_eq!((bytes.len() as u64, download.remaining_bytes()), (expect, 0));
    assert_eq!(download.next().await, Ok(None), "the end stays the end");
    bytes
}

#[tokio::test]
async fn every_range_gives_exactly_its_bytes() {
    with_store(async |store, _| {
        let first = SEALED_PART_BYTES + 56;
        let length = first + SEALED_PART_BYTES + 100;
        let bytes = content(length);
        put(&store, &sealed(7, length), &bytes).await;
        let file = stored(&store, 7).await;
        for (offset, wanted) in [
            (0, 0),
            (0, 1),
            (0, length),
            (first - 1, 2),
            (first, 0),
            (1_000, 300_000),
            (first + SEALED_PART_BYTES - 5, 10),
            (length - 1, 1),
            (length, 0),
        ] {
            let range = Wanted { offset_bytes: offset, length_bytes: wanted };
            let end = if wanted == 0 { length } else { offset + wanted };
            let expect = &bytes[usize::try_from(offset).unwrap()..usize::try_from(end).unwrap()];
            let got = collect(store.download(&file, range).unwrap()).await;
            assert!(got == expect, "{offset} and {wanted}");
        }
        for (offset, wanted) in [
            (0, length + 1),
            (length, 1),
            (length + 1, 0),
            (u64::MAX, 1),
            (1, u64::MAX),
            (u64::MAX, u64::MAX),
        ] {
            let range = Wanted { offset_bytes: offset, length_bytes: wanted };
            let refused = store.download(&file, range).err();
            assert_eq!(refused, Some(WireReason::FileRange.into()), "{offset} and {wanted}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_empty_file_has_an_empty_range() {
    with_store(async |store, _| {
        let file = File {
            length_bytes: 0,
            usage: FileUse::Rendition(chancery_core::id::Digest::of(b"")),
            ..{
                put(&store, &sealed(7, 100), &content(100)).await;
                stored(&store, 7).await
            }
        };
        let whole = Wanted { offset_bytes: 0, length_bytes: 0 };
        assert!(collect(store.download(&file, whole).unwrap()).await.is_empty());
    })
    .await;
}
