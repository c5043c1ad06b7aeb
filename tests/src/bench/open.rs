//! Opening a channel of many posts: by a reader who has nothing yet, and by one who had it all before.

use std::path::Path;

use chancery_client::home::{Home, TlsIdentity};
use chancery_client::link::Link;
use chancery_client::sync::Session;
use chancery_client::verbs::thread::dialogue;
use chancery_core::id::ChannelId;
use chancery_core::limits::ACTS_PER_APPEND_MAX;

use super::Extent;
use super::clock::Watch;
use super::scene::Scene;
use super::table::{Better, Goal, Pair, Row};
use crate::field::PASSPHRASE;

/// Measures; the strand is filled up to the number of posts first.
pub async fn run(extent: Extent, scene: &mut Scene, folder: &Path) -> Vec<Row> {
    let posts = fill(scene, if extent.quick { 1_000 } else { 10_000 }).await;
    let keys = scene.reader().await;
    let empty = scene.field.home("reader");
    drop(Home::create(&empty, PASSPHRASE, keys).unwrap());
    let (mut cold, mut verified, mut cached, mut shown) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..extent.rounds {
        let home = folder.join(format!("reader-{round}"));
        copy_folder(&empty, &home);
        let first = open(&home, scene.strand, posts).await;
        let bare = bare(&home, scene.strand, posts).await;
        let again = open(&home, scene.strand, posts).await;
        cold.push(Pair { ours: first.up_to_date + first.shown, bare });
        verified.push(first.up_to_date);
        cached.push(again.up_to_date * 1_000.0);
        shown.push(again.shown * 1_000.0);
    }
    let both = cached.iter().zip(&shown).map(|(cached, shown)| cached + shown).collect();
    vec![
        // Half of what the peer took on PostgreSQL, verifying nothing: 1.9 s.
        Row::pairs(
            &format!("open {posts} posts, nothing held: all verified, all opened"),
            "s",
            Better::Less,
            cold,
            &[Goal::Under(0.95)],
        ),
        Row::alone("  of it until all is verified and kept", "s", Better::Less, verified, &[]),
        Row::alone("open them again, from what is held", "ms", Better::Less, both, &[Goal::Under(50.0)]),
        Row::alone("  of it until the copy is loaded and up to date", "ms", Better::Less, cached, &[]),
        Row::alone("  of it until every body is opened and shown", "ms", Better::Less, shown, &[]),
    ]
}

/// Seconds of the two halves.
struct Opened {
    up_to_date: f64,
    shown: f64,
}

async fn open(home: &Path, strand: ChannelId, posts: usize) -> Opened {
    // The passphrase takes a quarter of a second on purpose, whatever is opened.
    let home = Home::open(home, PASSPHRASE).unwrap();
    let watch = Watch::start();
    let mut session = Session::open(home).await.unwrap();
    session.sync_channel(strand).await.unwrap();
    let up_to_date = watch.seconds();
    let watch = Watch::start();
    let dialogue = dialogue(&session, strand).unwrap();
    let shown = watch.seconds();
    assert!(dialogue.sections.len() >= posts && dialogue.alarms.is_empty(), "everything opens");
    Opened { up_to_date, shown }
}

/// The same bytes, by the same reader, and nothing done with them.
async fn bare(home: &Path, strand: ChannelId, posts: usize) -> f64 {
    let home = Home::open(home, PASSPHRASE).unwrap();
    let tls: &TlsIdentity = &home.keys().tls;
    let watch = Watch::start();
    let link = Link::connect(home.server().unwrap(), tls).await.unwrap();
    let mut read = 0;
    loop {
        let page = link.list_entries(strand, read).await.unwrap();
        if page.entries.is_empty() {
            break;
        }
        read += page.entries.len() as u64;
    }
    assert!(read >= posts as u64);
    watch.seconds()
}

/// Adds what is missing to the number of posts, and returns how many there are.
async fn fill(scene: &mut Scene, posts: usize) -> usize {
    scene.focal.sync_channel(scene.strand).await.unwrap();
    let mut there = scene.focal.channel(scene.strand).unwrap().state.posts.len();
    let links = scene.links(scene.field.address(), scene.writers.len()).await;
    let mut turn = 0;
    while there < posts {
        let writer = turn % links.len();
        let more = scene.posts(writer, ACTS_PER_APPEND_MAX.min(posts - there));
        there += links[writer].append(scene.strand, &more).await.unwrap().len();
        turn += 1;
    }
    scene.focal.sync_channel(scene.strand).await.unwrap();
    there
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
