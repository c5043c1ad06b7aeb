//! Opening a channel of many posts: by a reader who has nothing yet, and by one who had it all before.

use std::path::Path;

use chancery_client::home::{Home, TlsIdentity};
use chancery_client::link::Link;
use chancery_client::render::{Content, Post};
use chancery_client::sync::Session;
use chancery_client::verbs::channels::channels;
use chancery_client::verbs::thread::{dialogue, section};
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
    let (mut cold, mut verified, mut again) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..extent.rounds {
        let home = folder.join(format!("reader-{round}"));
        copy_folder(&empty, &home);
        let first = open(&home, scene.strand, posts).await;
        let bare = bare(&home, scene.strand, posts).await;
        again.push(open(&home, scene.strand, posts).await);
        cold.push(Pair { ours: first.up_to_date + first.all, bare });
        verified.push(first.up_to_date);
    }
    let ms = |seconds: fn(&Opened) -> f64| again.iter().map(|one| seconds(one) * 1_000.0).collect();
    let alone =
        |work: &str, seconds, goals: &[Goal]| Row::alone(work, "ms", Better::Less, ms(seconds), goals);
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
        alone("open them again, from what is held", |one| one.up_to_date + one.all, &[Goal::Under(50.0)]),
        alone("  of it until the copy is loaded and up to date", |one| one.up_to_date, &[]),
        alone("  of it until every body is opened and shown", |one| one.all, &[]),
        alone(
            "the first screen over them: what is new, what waits",
            |one| one.up_to_date + one.first_screen,
            &[Goal::Under(50.0)],
        ),
        alone("one thread of them", |one| one.up_to_date + one.thread, &[Goal::Under(50.0)]),
    ]
}

/// Seconds: until the copy is there, and then for what is shown of it.
struct Opened {
    up_to_date: f64,
    all: f64,
    first_screen: f64,
    thread: f64,
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
    let all = watch.seconds();
    assert!(dialogue.sections.len() >= posts && dialogue.alarms.is_empty(), "everything opens");
    let opened = |post: &Post| matches!(post.content, Content::Open(_)) && post.fault.is_none();
    assert!(dialogue.sections.iter().flat_map(|section| &section.posts).all(opened), "and is well-formed");

    let watch = Watch::start();
    let views = channels(&session).unwrap();
    let first_screen = watch.seconds();
    let view = views.iter().find(|view| view.id == strand).unwrap();
    assert!(view.new.len() >= posts && view.new.iter().all(|new| !new.title.is_empty()), "each has a title");

    let newest = dialogue.sections.iter().max_by_key(|section| section.posts[0].index).unwrap();
    let watch = Watch::start();
    let one = section(&session, strand, newest.id).unwrap();
    let thread = watch.seconds();
    assert_eq!(one.sections.first(), Some(newest), "a thread opened alone is what it is among the others");
    Opened { up_to_date, all, first_screen, thread }
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
