//! Parts are written once, whole, and read back by range.

use super::*;

const FILE: FileId = FileId::new([0xab; 16]);

async fn store() -> (tempfile::TempDir, Blobs) {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::open_folder(folder.path().join("files")).await.unwrap();
    (folder, blobs)
}

fn bytes(length: usize) -> Bytes {
    (0..length).map(|place| u8::try_from(place % 251).unwrap()).collect::<Vec<_>>().into()
}

async fn put(blobs: &Blobs, part: u32, bytes: &Bytes) -> Result<u64, BlobError> {
    blobs.put_part(FILE, part, bytes.clone(), Digest::of(bytes)).await?.await
}

async fn get(blobs: &Blobs, part: u32, offset: u64, length: u64) -> Result<Vec<u8>, BlobError> {
    let mut reader = blobs.read_range(FILE, part, offset, length).await?;
    let mut got = Vec::new();
    while let Some(piece) = reader.next().await? {
        assert!(piece.len() <= READ_BYTES);
        got.extend_from_slice(&piece);
    }
    Ok(got)
}

#[tokio::test]
async fn ranges_read_back_what_was_written() {
    let (_folder, blobs) = store().await;
    let whole = bytes(3 * 1024 * 1024 + 17);
    assert_eq!(put(&blobs, 3, &whole).await, Ok(whole.len() as u64));
    for (offset, length) in [
        (0, whole.len()),
        (0, 0),
        (whole.len(), 0),
        (1, READ_BYTES),
        (READ_BYTES - 1, 2),
        (whole.len() - 1, 1),
    ] {
        let got = get(&blobs, 3, offset as u64, length as u64).await.unwrap();
        assert!(got == whole[offset..offset + length], "{length} bytes at {offset}");
    }
    let length_bytes = whole.len() as u64;
    for (offset, length) in [(0, length_bytes + 1), (length_bytes, 1), (u64::MAX, 1), (1, u64::MAX)] {
        assert_eq!(get(&blobs, 3, offset, length).await, Err(BlobError::Range { length_bytes }));
    }
    assert_eq!(get(&blobs, 4, 0, 1).await, Err(BlobError::Absent));
    assert_eq!(blobs.digest(FILE, 3).await, Ok(Digest::of(&whole)));
}

#[tokio::test]
async fn a_part_is_written_once() {
    let (_folder, blobs) = store().await;
    put(&blobs, 0, &bytes(100)).await.unwrap();
    assert_eq!(put(&blobs, 0, &bytes(100)).await, Ok(100), "the same bytes again are no error");
    assert_eq!(put(&blobs, 0, &bytes(101)).await, Err(BlobError::Exists));
    assert_eq!(get(&blobs, 0, 0, 100).await.unwrap(), bytes(100));
}

#[tokio::test]
async fn what_fails_or_is_dropped_leaves_nothing() {
    let (folder, blobs) = store().await;
    let wrong = blobs.put_part(FILE, 0, bytes(10), Digest::new([0; 32])).await.unwrap().await;
    assert_eq!(wrong, Err(BlobError::Digest));

    let mut writer = blobs.begin_part(FILE, 0, 9).await.unwrap();
    assert_eq!(writer.write(bytes(10)).await, Err(BlobError::TooLong { length_bytes_max: 9 }));
    drop(writer);

    let mut writer = blobs.begin_part(FILE, 0, 100).await.unwrap();
    writer.write(bytes(10)).await.unwrap();
    drop(writer);

    assert_eq!(get(&blobs, 0, 0, 1).await, Err(BlobError::Absent));
    assert_eq!(std::fs::read_dir(folder.path().join("files/incoming")).unwrap().count(), 0);
}

#[tokio::test]
async fn parts_are_written_side_by_side() {
    let (_folder, blobs) = store().await;
    let mut durable = Vec::new();
    for part in 0..8 {
        let mut writer = blobs.begin_part(FILE, part, 2_000_000).await.unwrap();
        let whole = bytes(1_500_000 + part as usize);
        for piece in whole.chunks(READ_BYTES) {
            writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
        }
        durable.push(writer.finish(Digest::of(&whole)).await.unwrap());
    }
    for (part, durable) in (0..).zip(durable) {
        assert_eq!(durable.await, Ok(1_500_000 + part));
    }
    let parts = (0..8).map(|part| (part, 1_500_000 + u64::from(part))).collect();
    assert_eq!(blobs.list(0xab).await, Ok(vec![StoredFile { file: FILE, parts }]));
    assert_eq!(blobs.list(0xac).await, Ok(vec![]));
}

#[tokio::test]
async fn a_deleted_file_is_gone() {
    let (folder, blobs) = store().await;
    put(&blobs, 0, &bytes(10)).await.unwrap();
    put(&blobs, 1, &bytes(10)).await.unwrap();
    let place = folder.path().join("files/parts/ab/ab").join(FILE.to_string());
    assert!(place.join("00001").exists());
    blobs.delete(FILE).await.unwrap();
    assert!(!place.exists());
    blobs.delete(FILE).await.unwrap();
    put(&blobs, 0, &bytes(11)).await.unwrap();
}
