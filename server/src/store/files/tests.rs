use super::*;
use crate::store::db::testing::{on_both, prepare_all};
use crate::store::log::{self, NewRows};
use crate::store::testing::{entry, strand};

const DAY: u64 = 1_000;
const PERSON: UserId = UserId::new([3; 16]);
const CHANNEL: ChannelId = ChannelId::new([1; 16]);
const OTHER_CHANNEL: ChannelId = ChannelId::new([2; 16]);

fn file(id: u8, usage: FileUse) -> NewFile {
    NewFile {
        id: FileId::new([id; 16]),
        channel: CHANNEL,
        uploader: PERSON,
        length_bytes: 6_000_000,
        usage,
        empty: false,
    }
}

fn part(id: u8, part: u32, completes: bool) -> NewPart {
    let sha256 = Digest::new([u8::try_from(part).unwrap(); 32]);
    NewPart { file: FileId::new([id; 16]), part, sha256, length_bytes: 7, completes }
}

/// A file of two parts, both durable.
async fn complete_file(pool: &Pool, id: u8, usage: FileUse) {
    let mut tx = pool.begin().await.unwrap();
    assert_eq!(insert(&mut tx, &file(id, usage), 10).await, Ok(true));
    assert_eq!(receive_part(&mut tx, &part(id, 0, false), 20).await, Ok(true));
    assert_eq!(receive_part(&mut tx, &part(id, 1, true), 30).await, Ok(true));
    tx.commit().await.unwrap();
}

async fn state(pool: &Pool, id: u8) -> Option<FileState> {
    find(&mut Source::Pool(pool), &FileId::new([id; 16])).await.unwrap().map(|file| file.state)
}

#[tokio::test]
async fn every_statement_is_prepared_on_both_engines() {
    let statements = [
        INSERT_FILE,
        READ_FILE,
        COUNT_OPEN,
        READ_PART,
        COUNT_PART,
        INSERT_PART,
        COMPLETE_FILE,
        CLAIM_FILES,
        CLAIM_CLEAR_FILE,
        READ_CITATION,
        READ_OPENED,
        READ_RENDITION_FILE,
        LIST_GARBAGE,
        DOOM_FILE,
        DOOM_OPEN_FILE,
        DELETE_RENDITION_FILES,
        DELETE_PARTS,
        DELETE_FILE,
        PAGE,
        LIST_PARTS,
    ];
    prepare_all(include_str!("../files.rs"), &statements).await;
}

#[tokio::test]
async fn parts_count_in_order_and_once() {
    on_both(async |pool: Pool| {
        strand(&pool, CHANNEL).await;
        let mut tx = pool.begin().await.unwrap();
        assert_eq!(insert(&mut tx, &file(7, FileUse::Sealed), 10).await, Ok(true));
        assert_eq!(insert(&mut tx, &file(7, FileUse::Sealed), 10).await, Ok(false), "the id is taken");
        assert_eq!(open_uploads(&mut tx, &PERSON).await, Ok(1));
        assert_eq!(receive_part(&mut tx, &part(7, 1, false), 20).await, Ok(false), "not the next");
        assert_eq!(receive_part(&mut tx, &part(7, 0, false), 20).await, Ok(true));
        assert_eq!(receive_part(&mut tx, &part(7, 0, false), 20).await, Ok(false), "counted already");
        assert_eq!(receive_part(&mut tx, &part(7, 1, true), 20).await, Ok(true));
        assert_eq!(receive_part(&mut tx, &part(7, 2, true), 20).await, Ok(false), "complete");
        assert_eq!(open_uploads(&mut tx, &PERSON).await, Ok(0));
        tx.commit().await.unwrap();

        let found = find(&mut Source::Pool(&pool), &FileId::new([7; 16])).await.unwrap().unwrap();
        assert_eq!((found.received_parts, found.state), (2, FileState::Complete));
        assert_eq!((found.channel, found.uploader, found.usage), (CHANNEL, PERSON, FileUse::Sealed));
        assert_eq!(super::part(&mut Source::Pool(&pool), &found.id, 1).await, Ok(Some(Digest::new([1; 32]))));
        assert_eq!(super::part(&mut Source::Pool(&pool), &found.id, 2).await, Ok(None));
        assert_eq!(parts(&pool, &found.id).await, Ok(vec![(0, 7), (1, 7)]));
        assert_eq!(find(&mut Source::Pool(&pool), &FileId::new([8; 16])).await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn an_empty_file_in_clear_is_complete_at_once() {
    on_both(async |pool: Pool| {
        strand(&pool, CHANNEL).await;
        let usage = FileUse::Rendition(Digest::of(b""));
        let empty = NewFile { empty: true, length_bytes: 0, ..file(7, usage) };
        let mut tx = pool.begin().await.unwrap();
        assert_eq!(insert(&mut tx, &empty, 10).await, Ok(true));
        let found = find(&mut Source::Tx(&mut tx), &empty.id).await.unwrap().unwrap();
        assert_eq!((found.state, found.usage), (FileState::Complete, usage));
    })
    .await;
}

/// Cites a file as an append does; `false` if it cannot be cited.
async fn cite(tx: &mut Tx, index: u64, file: FileId) -> Result<bool, DbError> {
    let claimed = claim(tx, &[file], 5_000).await?;
    let citable = claimed.iter().any(|file| {
        file.channel == CHANNEL && file.usage == FileUse::Sealed && file.state == FileState::Complete
    });
    if citable {
        entry(tx, CHANNEL, index, b"an act").await;
        log::insert(tx, &NewRows { citations: vec![(file, CHANNEL, index)], ..NewRows::default() }).await?;
    }
    Ok(citable)
}

#[tokio::test]
async fn claims_find_what_there_is() {
    on_both(async |pool: Pool| {
        strand(&pool, CHANNEL).await;
        let clear = FileUse::Rendition(Digest::of(b"clear"));
        complete_file(&pool, 8, clear).await;
        for id in 10..30 {
            complete_file(&pool, id, FileUse::Sealed).await;
        }
        let mut tx = pool.begin().await.unwrap();
        let ids: Vec<_> = (0..40).map(|id| FileId::new([id; 16])).collect();
        let mut found: Vec<u8> =
            claim(&mut tx, &ids, 50).await.unwrap().iter().map(|file| file.id.as_bytes()[0]).collect();
        found.sort_unstable();
        assert_eq!(found, [8].into_iter().chain(10..30).collect::<Vec<_>>());
        assert_eq!(claim(&mut tx, &[], 50).await, Ok(vec![]));
        for (channel, bytes, length, expect) in [
            (CHANNEL, &b"clear"[..], 6_000_000, Some(FileId::new([8; 16]))),
            (CHANNEL, b"clear", 6_000_001, None),
            (CHANNEL, b"other", 6_000_000, None),
            (OTHER_CHANNEL, b"clear", 6_000_000, None),
        ] {
            let found = claim_clear(&mut tx, &channel, (&Digest::of(bytes), length), 50).await;
            assert_eq!(found, Ok(expect));
        }
    })
    .await;
}

#[tokio::test]
async fn garbage_is_old_and_uncited() {
    on_both(async |pool: Pool| {
        strand(&pool, CHANNEL).await;
        for id in [7, 8] {
            complete_file(&pool, id, FileUse::Sealed).await;
        }
        let mut tx = pool.begin().await.unwrap();
        insert(&mut tx, &file(9, FileUse::Sealed), DAY).await.unwrap();
        assert_eq!(cite(&mut tx, 0, FileId::new([8; 16])).await, Ok(true));
        tx.commit().await.unwrap();
        assert_eq!(garbage(&pool, DAY, 10).await, Ok(vec![FileId::new([7; 16])]));
        assert_eq!(is_cited(&pool, &FileId::new([8; 16])).await, Ok(true));
        assert_eq!(is_cited(&pool, &FileId::new([7; 16])).await, Ok(false));

        let mut tx = pool.begin().await.unwrap();
        for (id, before, expect) in [(7, DAY, true), (8, 9_000, false), (9, DAY, false), (10, DAY, false)] {
            assert_eq!(doom(&mut tx, &FileId::new([id; 16]), before).await, Ok(expect), "{id}");
        }
        assert_eq!(cite(&mut tx, 1, FileId::new([7; 16])).await, Ok(false), "doomed");
        assert_eq!(receive_part(&mut tx, &part(7, 2, false), 20).await, Ok(false), "doomed");
        tx.commit().await.unwrap();
        assert_eq!(garbage(&pool, DAY, 10).await, Ok(vec![FileId::new([7; 16])]), "until it is gone");

        let mut tx = pool.begin().await.unwrap();
        for id in [7, 8, 9] {
            remove(&mut tx, &FileId::new([id; 16])).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(state(&pool, 7).await, None);
        assert_eq!(state(&pool, 8).await, Some(FileState::Complete));
        assert_eq!(state(&pool, 9).await, Some(FileState::Open));
        assert_eq!(parts(&pool, &FileId::new([8; 16])).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn only_an_open_file_is_doomed_at_once() {
    on_both(async |pool: Pool| {
        strand(&pool, CHANNEL).await;
        complete_file(&pool, 7, FileUse::Sealed).await;
        let mut tx = pool.begin().await.unwrap();
        insert(&mut tx, &file(8, FileUse::Sealed), DAY).await.unwrap();
        for (id, expect) in [(7, false), (8, true), (9, false)] {
            assert_eq!(doom_open(&mut tx, &FileId::new([id; 16])).await, Ok(expect), "{id}");
        }
        tx.commit().await.unwrap();
        assert_eq!(state(&pool, 8).await, Some(FileState::Doomed));
    })
    .await;
}

/// A file that is cited and doomed at once is one of the two.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_second_finds_what_the_first_left() {
    on_both(async |pool: Pool| {
        strand(&pool, CHANNEL).await;
        for id in 0..16_u8 {
            complete_file(&pool, 100 + id, FileUse::Sealed).await;
            let file = FileId::new([100 + id; 16]);
            let citing = async {
                let mut tx = pool.begin().await?;
                let cited = cite(&mut tx, id.into(), file).await?;
                tx.commit().await.map(|()| cited)
            };
            let dooming = async {
                let mut tx = pool.begin().await?;
                let doomed = doom(&mut tx, &file, DAY).await?;
                tx.commit().await.map(|()| doomed)
            };
            let (cited, doomed): (Result<bool, DbError>, Result<bool, DbError>) =
                tokio::join!(citing, dooming);
            assert_ne!(cited.unwrap(), doomed.unwrap());
        }
    })
    .await;
}

#[tokio::test]
async fn files_are_listed_by_their_first_byte() {
    on_both(async |pool: Pool| {
        strand(&pool, CHANNEL).await;
        let mut tx = pool.begin().await.unwrap();
        for last in [0_u8, 1, 0xff] {
            for first in [7_u8, 8] {
                let mut id = [last; 16];
                id[0] = first;
                insert(&mut tx, &NewFile { id: FileId::new(id), ..file(0, FileUse::Sealed) }, 10)
                    .await
                    .unwrap();
            }
        }
        tx.commit().await.unwrap();
        let first = page(&pool, 7, None, 2).await.unwrap();
        assert_eq!(first.len(), 2);
        let rest = page(&pool, 7, Some(first[1].id), 2).await.unwrap();
        assert_eq!(rest.len(), 1);
        assert!(first.iter().chain(&rest).all(|file| file.id.as_bytes()[0] == 7));
        assert_eq!(page(&pool, 9, None, 2).await, Ok(vec![]));
    })
    .await;
}
