//! What was opened of a channel is kept in the home: for whom it holds, when it is set aside, and what becomes of
//! it when it is altered, cut, of another version or half written.

use std::fs;
use std::path::PathBuf;

use chancery_client::home::{Family, Holder, Home, Keys, TlsIdentity};
use chancery_client::keyring::{ChannelKeys, Keyring, OpenError, OpenedPost, TeamRing};
use chancery_client::sync::contents::open_posts;
use chancery_client::verify::ChannelCopy;
use chancery_core::act::PostBody;
use chancery_core::id::ActId;
use chancery_core::mechanism::ItemKind;
use chancery_seal::secret::EpochSecret;
use chancery_seal::sign::SigningKey;
use chancery_tests::processes::{PASSPHRASE, Town};
use chancery_tests::served::{Served, empty, read};
use chancery_tests::stage::{At, Stage, What};

/// A strand with some posts, Kenya's focal point who reads it, and a home.
struct Scene {
    stage: Stage,
    copy: ChannelCopy,
    keys: ChannelKeys,
    home: Home,
    dir: tempfile::TempDir,
}

impl Scene {
    fn set() -> Self {
        let mut stage = Stage::open();
        for who in ["chile", "kenya", "chile", "portugal"] {
            stage.post(who, At::Strand, What::new(ItemKind::Clarification)).unwrap();
        }
        let copy = empty(&stage, At::Strand);
        let keys = ChannelKeys::open(&copy, &stage.ring("kenya"), &TeamRing::default());
        let dir = tempfile::tempdir().unwrap();
        let holder = Holder::Custodian { root: SigningKey::make().unwrap() };
        let tls = TlsIdentity::make().unwrap();
        let of = Keys { root: stage.all.root.key_id(), server: None, tls, holder };
        let home = Home::create(&dir.path().join("home"), PASSPHRASE, of).unwrap();
        let mut scene = Self { stage, copy, keys, home, dir };
        scene.sync();
        scene
    }

    /// Brings the copy up to date with the stage.
    fn sync(&mut self) {
        let own = [self.stage.people["kenya"].user_kem.key_id()];
        let growth = Served::channel(&self.stage, At::Strand, &own).growth(self.copy.entries.len());
        read(&self.stage, At::Strand, &mut self.copy, growth).unwrap();
        self.keys = ChannelKeys::open(&self.copy, &self.stage.ring("kenya"), &TeamRing::default());
    }

    fn bodies(&self) -> Vec<(ActId, PostBody)> {
        bodies(open_posts(&self.home, &self.copy, &self.keys))
    }

    /// What opens where there is nothing sealed to open: what was kept.
    fn kept(&self) -> usize {
        let mut without = self.copy.clone();
        without.entries.iter_mut().for_each(|entry| entry.body = Some(bytes::Bytes::new()));
        let dir = tempfile::tempdir().unwrap();
        copy_records(&self.dir.path().join("home"), &dir.path().join("home"));
        let home = Home::open(&dir.path().join("home"), PASSPHRASE).unwrap();
        let posts = open_posts(&home, &without, &self.keys);
        posts.iter().filter(|post| post.body.is_ok()).count()
    }

    fn name(&self) -> Vec<u8> {
        [self.copy.id().as_bytes(), &b"o"[..], &0_u64.to_be_bytes()].concat()
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("home/records/channel").join(format!("x{}", hex::encode(self.name())))
    }
}

fn copy_records(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_records(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn bodies(posts: Vec<OpenedPost<'_>>) -> Vec<(ActId, PostBody)> {
    posts.into_iter().map(|post| (post.act, post.body.unwrap())).collect()
}

#[test]
fn what_was_opened_is_the_same_again_and_what_is_new_is_added() {
    let mut scene = Scene::set();
    let fresh = scene.keys.open_posts(&scene.copy);
    let said: Vec<_> = fresh.iter().map(|post| (post.author, post.directory)).collect();
    let fresh = bodies(fresh);
    assert_eq!(fresh.len(), 4);
    assert_eq!(scene.bodies(), fresh);
    assert_eq!(scene.kept(), 4);
    let again = open_posts(&scene.home, &scene.copy, &scene.keys);
    assert_eq!(again.iter().map(|post| (post.author, post.directory)).collect::<Vec<_>>(), said);
    drop(again);
    let before = fs::read(scene.file()).unwrap();
    assert_eq!(scene.bodies(), fresh);
    assert_eq!(fs::read(scene.file()).unwrap(), before, "nothing new, nothing written");

    scene.stage.post("chile", At::Strand, What::new(ItemKind::Clarification)).unwrap();
    scene.sync();
    assert_eq!(scene.kept(), 4);
    let more = scene.bodies();
    assert_eq!((more.len(), &more[..4]), (5, &fresh[..]));
    assert_eq!(scene.kept(), 5);
}

#[test]
fn what_is_kept_is_shown_only_to_one_who_holds_the_secret() {
    let mut scene = Scene::set();
    scene.stage.rotate("chile", At::Strand).unwrap();
    scene.stage.post("chile", At::Strand, What::new(ItemKind::Clarification)).unwrap();
    scene.sync();
    let whole = scene.bodies();
    let secret = |number| EpochSecret::from_bytes(*scene.keys.ring.secret(number).unwrap().as_bytes());
    let with = |epochs: &[u64]| {
        let mut keys = ChannelKeys::open(&scene.copy, &scene.stage.ring("kenya"), &TeamRing::default());
        keys.ring = Keyring::new(scene.copy.id());
        for number in epochs {
            keys.ring.hold(*number, secret(*number));
        }
        keys
    };
    for (epochs, opens) in [(&[][..], 0), (&[0][..], 4), (&[1][..], 1), (&[0, 1][..], 5)] {
        let keys = with(epochs);
        let posts = open_posts(&scene.home, &scene.copy, &keys);
        for (post, (act, body)) in posts.iter().zip(&whole) {
            match &post.body {
                Ok(opened) => assert_eq!((post.act, opened), (*act, body)),
                Err(error) => assert!(matches!(error, OpenError::NoSecret(_)), "{epochs:?}"),
            }
        }
        assert_eq!(posts.iter().filter(|post| post.body.is_ok()).count(), opens, "{epochs:?}");
        assert!(posts.iter().all(|post| post.author.is_some() && post.alert().is_none()));
    }
    // One who opens less does not throw away what was kept; one who opens more later adds it.
    assert_eq!(scene.kept(), 5);
    fs::remove_file(scene.file()).unwrap();
    drop(open_posts(&scene.home, &scene.copy, &with(&[1])));
    assert_eq!(scene.kept(), 1);
    assert_eq!(scene.bodies(), whole);
    assert_eq!(scene.kept(), 5);
}

#[test]
fn a_record_that_is_not_what_the_home_wrote_shows_nothing_and_is_written_anew() {
    let scene = Scene::set();
    let whole = scene.bodies();
    let (file, good) = (scene.file(), fs::read(scene.file()).unwrap());
    let mut turned = good.clone();
    turned[good.len() / 2] ^= 1;
    let other = [scene.copy.id().as_bytes(), &b"o"[..], &1_u64.to_be_bytes()].concat();
    scene.home.put(Family::Channel, &other, b"of another segment").unwrap();
    let other = file.with_file_name(format!("x{}", hex::encode(other)));
    for (what, bytes) in [
        ("a bit", turned),
        ("cut", good[..good.len() - 1].to_vec()),
        ("empty", Vec::new()),
        ("a number alone", good[..8].to_vec()),
        ("extended", [&good[..], &[0]].concat()),
        ("another number", [&[9], &good[1..]].concat()),
        ("another segment's", fs::read(other).unwrap()),
    ] {
        fs::write(&file, bytes).unwrap();
        assert_eq!(scene.kept(), 0, "{what}");
        assert_eq!(scene.bodies(), whole, "{what}");
        assert_eq!(scene.kept(), 4, "{what}");
    }
}

#[test]
fn where_nothing_can_be_kept_everything_is_read_all_the_same() {
    let scene = Scene::set();
    let whole = scene.bodies();
    fs::remove_file(scene.file()).unwrap();
    // Root writes past the rights of a folder, and nobody writes a file over one.
    fs::create_dir_all(scene.file().join("in the way")).unwrap();
    assert_eq!(scene.bodies(), whole);
    assert_eq!(scene.kept(), 0);
}

#[test]
fn what_is_absent_of_another_version_or_of_another_log_is_opened_anew() {
    let mut scene = Scene::set();
    let whole = scene.bodies();
    let (file, name) = (scene.file(), scene.name());
    let record = scene.home.get(Family::Channel, &name).unwrap().unwrap().to_vec();
    let check = |scene: &Scene, what: &str| {
        assert_eq!(scene.bodies(), whole, "{what}");
        assert_eq!(scene.kept(), 4, "{what}");
    };
    // A home from before there were contents, and one that was stopped before a record got its name.
    fs::remove_file(&file).unwrap();
    fs::write(file.with_extension("new"), b"half").unwrap();
    check(&scene, "absent");
    let mut later = record.clone();
    later[0] = 2;
    let mut forked = record.clone();
    // The root in the head, after the version and the size.
    forked[5] ^= 1;
    for (what, plaintext) in [
        ("a later version", &later[..]),
        ("nothing", b""),
        ("cut", &record[..record.len() - 1]),
        ("another log", &forked),
    ] {
        scene.home.put(Family::Channel, &name, plaintext).unwrap();
        assert_eq!(scene.kept(), 0, "{what}");
        check(&scene, what);
    }
    // A copy that is read anew begins behind what was kept of the log.
    scene.stage.post("chile", At::Strand, What::new(ItemKind::Clarification)).unwrap();
    scene.sync();
    scene.bodies();
    let mut shorter = empty(&scene.stage, At::Strand);
    let mut served =
        Served::channel(&scene.stage, At::Strand, &[scene.stage.people["kenya"].user_kem.key_id()]);
    served.entries.pop();
    read(&scene.stage, At::Strand, &mut shorter, served.growth(0)).unwrap();
    assert_eq!(bodies(open_posts(&scene.home, &shorter, &scene.keys)), whole);
}

/// By the real program, killed while it writes what it has opened.
#[test]
fn a_reader_that_is_killed_while_it_keeps_what_it_opened_reads_on() {
    let town = Town::with_review();
    for n in 0..3 {
        let title = format!("title {n}");
        let about =
            ["--instrument", "untoc", "--article", "5", "--question", "untoc-5-1", "--language", "en"];
        town.done("kenya", &[&["ask"], &about[..], &["--title", &title, "Is it so?"]].concat());
    }
    let whole = town.done("chile", &["threads"]);
    let folder = town.home("chile").join("records/channel");
    let contents = || -> Vec<PathBuf> {
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        // `x`, the channel's id in 32 digits, and `o`.
        files.filter(|file| file.file_name().unwrap().to_str().unwrap().get(33..35) == Some("6f")).collect()
    };
    assert!(!contents().is_empty());
    let mut killed = 0;
    for _ in 0..6 {
        for file in contents() {
            fs::remove_file(file).unwrap();
        }
        let mut child = town.start("chile", &["threads"]);
        loop {
            if !contents().is_empty() {
                killed += usize::from(child.try_wait().unwrap().is_none());
                let _ = child.kill();
                break;
            }
            if child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert_eq!(town.done("chile", &["threads"]), whole);
    }
    assert!(killed > 0);
}
