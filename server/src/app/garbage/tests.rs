use std::sync::atomic::Ordering;

use bytes::Bytes;
use chancery_core::id::Digest;

use super::*;
use crate::app::upload::tests::{CHANNEL, content, put, sealed, with_store};
use crate::blobs::BlobError;
use crate::store::log::{self, NewRows};
use crate::store::testing::entry;

#[tokio::test]
async fn only_old_uncited_files_go_with_their_bytes() {
    with_store(async |store, now| {
        let stop = CancellationToken::new();
        for id in [7, 8] {
            put(&store, &sealed(id, 100), &content(100)).await;
        }
        let mut tx = store.pool.begin().await.unwrap();
        entry(&mut tx, CHANNEL, 0, b"an act").await;
        let cited = FileId::new([8; 16]);
        let rows = NewRows { citations: vec![(cited, CHANNEL, 0)], ..NewRows::default() };
        log::insert(&mut tx, &rows).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.collect(&stop).await, Ok(Collected::default()), "a young file stays");

        now.fetch_add(UNCITED_FILE_MS + 1, Ordering::Relaxed);
        put(&store, &sealed(9, 100), &content(100)).await;
        let stopped = CancellationToken::new();
        stopped.cancel();
        assert_eq!(store.collect(&stopped).await, Ok(Collected::default()), "it stops when told");
        assert_eq!(store.collect(&stop).await, Ok(Collected { files: 1, strays: 0 }));
        let digest = async |id: u8| store.blobs.digest(FileId::new([id; 16]), 0).await;
        assert_eq!(digest(7).await, Err(BlobError::Absent));
        assert_eq!((digest(8).await.is_ok(), digest(9).await.is_ok()), (true, true));
        assert_eq!(store.collect(&stop).await, Ok(Collected::default()));

        put(&store, &sealed(7, 100), &content(100)).await;
        assert!(digest(7).await.is_ok(), "its id may be used anew");
    })
    .await;
}

/// A crash between the rows and the bytes leaves work that the next collection does.
#[tokio::test]
async fn a_collection_that_was_cut_off_is_finished() {
    with_store(async |store, now| {
        put(&store, &sealed(7, 100), &content(100)).await;
        now.fetch_add(UNCITED_FILE_MS + 1, Ordering::Relaxed);
        let mut tx = store.pool.begin().await.unwrap();
        let doomed = files::doom(&mut tx, &FileId::new([7; 16]), store.now_ms()).await;
        assert_eq!(doomed, Ok(true));
        tx.commit().await.unwrap();
        let stop = CancellationToken::new();
        assert_eq!(store.collect(&stop).await, Ok(Collected { files: 1, strays: 0 }));
        assert_eq!(store.blobs.digest(FileId::new([7; 16]), 0).await, Err(BlobError::Absent));
    })
    .await;
}

#[tokio::test]
async fn bytes_without_a_row_go() {
    with_store(async |store, _| {
        put(&store, &sealed(7, 100), &content(100)).await;
        let stray = FileId::new([8; 16]);
        let bytes = Bytes::from_static(b"of another time");
        let sha256 = Digest::of(&bytes);
        store.blobs.put_part(stray, 0, bytes, sha256).await.unwrap().await.unwrap();
        let stop = CancellationToken::new();
        assert_eq!(store.collect(&stop).await, Ok(Collected { files: 0, strays: 1 }));
        assert_eq!(store.blobs.digest(stray, 0).await, Err(BlobError::Absent));
        assert!(store.blobs.digest(FileId::new([7; 16]), 0).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn the_task_ends_when_it_is_told() {
    with_store(async |store, _| {
        let stop = CancellationToken::new();
        let task = tokio::spawn({
            let (store, stop) = (store.clone(), stop.clone());
            async move { store.collect_until(stop).await }
        });
        stop.cancel();
        task.await.unwrap();
    })
    .await;
}
