use chancery_core::act::{Audience, RenditionFile};
use chancery_core::file::FileUse;
use chancery_core::id::{Digest, UserId};
use chancery_core::mechanism::Language;

use super::*;
use crate::store::db::Tx;
use crate::store::db::testing::{on_both, prepare_all};
use crate::store::files::{self, NewFile, NewPart};
use crate::store::log::{self, NewRows, ReleaseRow};
use crate::store::testing::{act_id, body, entry, strand};

const STRAND: ChannelId = ChannelId::new([1; 16]);
const PUBLIC: ChannelId = ChannelId::new([2; 16]);
const LAW: &[u8] = b"the text of a law";

fn rendition(attachments: usize) -> Rendition {
    let file = |at: usize| RenditionFile {
        length: LAW.len() as u64,
        sha256: Digest::of(LAW),
        name: format!("law {at}.pdf"),
        media_type: "application/pdf".to_owned(),
    };
    Rendition {
        language: Language::Es,
        title: "Artículo 5".to_owned(),
        text: "Texto".to_owned(),
        about: Some(("untoc".parse().unwrap(), "5".to_owned(), "untoc-5-1".to_owned())),
        step: None,
        files: (0..attachments).map(file).collect(),
    }
}

/// A strand with sealed posts 0 to 9.
async fn posts(pool: &Pool) {
    strand(pool, STRAND).await;
    strand(pool, PUBLIC).await;
    let mut tx = pool.begin().await.unwrap();
    for index in 0..10 {
        entry(&mut tx, STRAND, index, b"a post").await;
        body(&mut tx, STRAND, index, b"body").await;
    }
    tx.commit().await.unwrap();
}

async fn clear_file(pool: &Pool, id: u8, channel: ChannelId) -> FileId {
    let id = FileId::new([id; 16]);
    let sha256 = Digest::of(LAW);
    let length_bytes = LAW.len() as u64;
    let mut tx = pool.begin().await.unwrap();
    let usage = FileUse::Rendition(sha256);
    let file = NewFile { id, channel, uploader: UserId::new([3; 16]), length_bytes, usage, empty: false };
    assert_eq!(files::insert(&mut tx, &file, 1).await, Ok(true));
    let part = NewPart { file: id, part: 0, sha256, length_bytes, completes: true };
    assert_eq!(files::receive_part(&mut tx, &part, 1).await, Ok(true));
    tx.commit().await.unwrap();
    id
}

/// Opens post `post` to the public at `index`, as an append does.
async fn open(pool: &Pool, state: &str, post: u64, index: u64, rendition: &Rendition) -> bool {
    let mut tx = pool.begin().await.unwrap();
    let opened = try_open(&mut tx, state, post, index, rendition).await;
    if opened {
        tx.commit().await.unwrap();
    } else {
        tx.rollback().await.unwrap();
    }
    opened
}

async fn try_open(tx: &mut Tx, state: &str, post: u64, index: u64, rendition: &Rendition) -> bool {
    let mut attached = Vec::new();
    for file in &rendition.files {
        let facts = (&file.sha256, file.length);
        let Some(id) = files::claim_clear(tx, &STRAND, facts, 2).await.unwrap() else { return false };
        attached.push((file.sha256, id));
    }
    entry(tx, PUBLIC, index, b"a grant").await;
    let release = ReleaseRow {
        publication: PUBLIC,
        index,
        channel: STRAND,
        act_id: ActId::new(act_id(post)),
        audience: Audience::Public,
        state: state.parse().unwrap(),
        generation: 0,
        key_material: vec![9; 32].into(),
        rendition: Some(rendition.encode().into()),
        heading: Some(heading(rendition)),
        files: attached,
    };
    log::insert(tx, &NewRows { releases: vec![release], ..NewRows::default() }).await.unwrap();
    true
}

async fn withdraw_at(pool: &Pool, post: u64, index: u64) -> u64 {
    let mut tx = pool.begin().await.unwrap();
    entry(&mut tx, PUBLIC, index, b"a withdrawal").await;
    let act = ActId::new(act_id(post));
    let ended = log::withdraw(&mut tx, &STRAND, &act, Audience::Public, index).await.unwrap();
    tx.commit().await.unwrap();
    ended
}

#[tokio::test]
async fn every_statement_is_prepared_on_both_engines() {
    let statements = [PAGE, READ_RELEASE, LIST_STATES, PAGE_OF_STATE, READ_ATTACHMENT];
    prepare_all(include_str!("../publications.rs"), &statements).await;
}

#[tokio::test]
async fn what_is_opened_is_served_until_it_is_withdrawn() {
    on_both(async |pool: Pool| {
        posts(&pool).await;
        let law = clear_file(&pool, 7, STRAND).await;
        assert!(open(&pool, "CL", 3, 0, &rendition(2)).await);
        let (summary, opened) = find(&pool, &PUBLIC, 0).await.unwrap().unwrap();
        assert_eq!((summary.index, summary.log_time_ms, summary.withdrawn), (0, 1_000, None));
        let heading = Rendition::decode(&summary.heading.unwrap()).unwrap();
        assert_eq!(
            (heading.title.as_str(), heading.text.as_str(), heading.files.len()),
            ("Artículo 5", "", 0)
        );
        let opened = opened.unwrap();
        assert_eq!((opened.channel, opened.act_id), (STRAND, ActId::new(act_id(3))));
        assert_eq!((&opened.key_material[..], &opened.body[..]), (&[9; 32][..], &b"body"[..]));
        assert_eq!(opened.rendition, Some(rendition(2).encode().into()));
        for (position, expect) in [(0, Some(law)), (1, Some(law)), (2, None)] {
            assert_eq!(attachment(&pool, &PUBLIC, 0, position).await, Ok(expect));
        }
        assert_eq!(files::is_in_rendition(&pool, &law).await, Ok(true));
        assert_eq!(files::garbage(&pool, 1_000, 9).await, Ok(vec![]));

        assert_eq!(withdraw_at(&pool, 3, 1).await, 1);
        let (summary, opened) = find(&pool, &PUBLIC, 0).await.unwrap().unwrap();
        assert_eq!((summary.withdrawn, summary.heading, opened), (Some((1, 1_001)), None, None));
        assert_eq!(attachment(&pool, &PUBLIC, 0, 0).await, Ok(None));
        assert_eq!(files::is_in_rendition(&pool, &law).await, Ok(false));
        assert_eq!(files::garbage(&pool, 1_000, 9).await, Ok(vec![law]), "the clear text goes");
        assert_eq!(withdraw_at(&pool, 3, 2).await, 0, "once");
        assert_eq!(withdraw_at(&pool, 4, 3).await, 0, "never opened");

        assert!(open(&pool, "CL", 3, 4, &rendition(1)).await, "and may be opened again");
        assert!(find(&pool, &PUBLIC, 4).await.unwrap().unwrap().1.is_some());
        assert!(find(&pool, &PUBLIC, 0).await.unwrap().unwrap().1.is_none(), "under its own entry");
        assert_eq!(find(&pool, &PUBLIC, 1).await, Ok(None), "a withdrawal is no item");
        assert_eq!(find(&pool, &PUBLIC, u64::MAX).await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn a_clear_file_stays_while_one_release_has_it() {
    on_both(async |pool: Pool| {
        posts(&pool).await;
        let law = clear_file(&pool, 7, STRAND).await;
        assert!(open(&pool, "CL", 1, 0, &rendition(1)).await);
        assert!(open(&pool, "CL", 2, 1, &rendition(1)).await);
        withdraw_at(&pool, 1, 2).await;
        assert_eq!(files::garbage(&pool, 1_000, 9).await, Ok(vec![]));
        assert_eq!(attachment(&pool, &PUBLIC, 1, 0).await, Ok(Some(law)));
        withdraw_at(&pool, 2, 3).await;
        assert_eq!(files::garbage(&pool, 1_000, 9).await, Ok(vec![law]));
    })
    .await;
}

#[tokio::test]
async fn attachments_must_be_there_in_clear_and_of_the_channel() {
    on_both(async |pool: Pool| {
        posts(&pool).await;
        strand(&pool, ChannelId::new([5; 16])).await;
        assert!(!open(&pool, "CL", 1, 0, &rendition(1)).await, "not uploaded");
        clear_file(&pool, 6, ChannelId::new([5; 16])).await;
        assert!(!open(&pool, "CL", 1, 0, &rendition(1)).await, "of another channel");
        assert!(open(&pool, "CL", 1, 0, &rendition(0)).await);
        assert_eq!(find(&pool, &PUBLIC, 0).await.unwrap().unwrap().0.index, 0);
    })
    .await;
}

#[tokio::test]
async fn lists_keep_the_order_of_the_log_and_of_states() {
    on_both(async |pool: Pool| {
        posts(&pool).await;
        assert_eq!(states(&pool, &PUBLIC).await, Ok(vec![]));
        for (index, state) in ["PT", "CL", "PT", "KE", "CL"].into_iter().enumerate() {
            assert!(open(&pool, state, index as u64, index as u64, &rendition(0)).await);
        }
        let indexes = |page: Vec<Disclosed>| page.iter().map(|item| item.index).collect::<Vec<_>>();
        assert_eq!(indexes(page(&pool, &PUBLIC, 0, 3).await.unwrap()), [0, 1, 2]);
        assert_eq!(indexes(page(&pool, &PUBLIC, 3, 3).await.unwrap()), [3, 4]);
        assert_eq!(indexes(page(&pool, &PUBLIC, u64::MAX, 3).await.unwrap()), [0; 0]);
        assert_eq!(indexes(page(&pool, &STRAND, 0, 3).await.unwrap()), [0; 0]);
        let names: Vec<String> =
            states(&pool, &PUBLIC).await.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["CL", "KE", "PT"]);
        let chile = "CL".parse().unwrap();
        assert_eq!(indexes(page_of_state(&pool, &PUBLIC, chile, 0, 9).await.unwrap()), [1, 4]);
        assert_eq!(indexes(page_of_state(&pool, &PUBLIC, chile, 2, 9).await.unwrap()), [4]);
    })
    .await;
}

/// The sealed file of a post is open to an audience exactly while the post is.
#[tokio::test]
async fn a_cited_file_is_open_as_long_as_its_post() {
    on_both(async |pool: Pool| {
        posts(&pool).await;
        let id = FileId::new([9; 16]);
        let mut tx = pool.begin().await.unwrap();
        let usage = FileUse::Sealed;
        let file = NewFile {
            id,
            channel: STRAND,
            uploader: UserId::new([3; 16]),
            length_bytes: 80,
            usage,
            empty: false,
        };
        files::insert(&mut tx, &file, 1).await.unwrap();
        let part = NewPart { file: id, part: 0, sha256: Digest::of(b""), length_bytes: 80, completes: true };
        files::receive_part(&mut tx, &part, 1).await.unwrap();
        let rows = NewRows { citations: vec![(id, STRAND, 2)], ..NewRows::default() };
        log::insert(&mut tx, &rows).await.unwrap();
        tx.commit().await.unwrap();
        open(&pool, "CL", 1, 0, &rendition(0)).await;
        assert_eq!(files::is_opened(&pool, &PUBLIC, &id).await, Ok(false), "another post");
        open(&pool, "CL", 2, 1, &rendition(0)).await;
        assert_eq!(files::is_opened(&pool, &PUBLIC, &id).await, Ok(true));
        assert_eq!(files::is_opened(&pool, &STRAND, &id).await, Ok(false), "another audience");
        withdraw_at(&pool, 2, 2).await;
        assert_eq!(files::is_opened(&pool, &PUBLIC, &id).await, Ok(false));
    })
    .await;
}
