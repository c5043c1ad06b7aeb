//! Opening a channel of 10,000 posts: every signature, the log and every rule verified, every body opened; then
//! again from what was kept. Not run by default: it measures, and makes 10,000 posts to do so.
//!
//! `cargo test --release -p chancery-tests --test open_speed -- --ignored --nocapture`

use std::time::{Duration, Instant};

use chancery_client::home::{Holder, Home, Keys, TlsIdentity};
use chancery_client::keyring::{ChannelKeys, TeamRing};
use chancery_client::sync::{contents, store};
use chancery_client::verify::Fault;
use chancery_core::mechanism::ItemKind;
use chancery_seal::sign::SigningKey;
use chancery_tests::served::{Served, empty, read, turned};
use chancery_tests::stage::{At, Stage, What};

const POSTS: usize = 10_000;

fn measure<T>(what: &str, work: impl FnOnce() -> T) -> (T, Duration) {
    #[expect(clippy::disallowed_methods, reason = "a measurement")]
    let start = Instant::now();
    let done = work();
    let took = start.elapsed();
    println!("{what}: {took:?}");
    (done, took)
}

#[test]
#[ignore = "measures; makes 10,000 posts"]
fn opening_ten_thousand_posts() {
    let mut stage = Stage::open();
    for n in 0..POSTS {
        let who = if n % 2 == 0 { "kenya" } else { "chile" };
        stage.post(who, At::Strand, What::new(ItemKind::Clarification)).unwrap();
    }
    let own = &stage.ring("kenya");
    let served = Served::channel(&stage, At::Strand, &[stage.people["kenya"].user_kem.key_id()]);

    let mut copy = empty(&stage, At::Strand);
    let growth = served.growth(0);
    measure("every act verified", || read(&stage, At::Strand, &mut copy, growth)).0.unwrap();
    let keys = ChannelKeys::open(&copy, own, &TeamRing::default());
    let (opened, _) = measure("every body opened", || keys.open_posts(&copy).len());
    assert_eq!(opened, POSTS);

    let dir = tempfile::tempdir().unwrap();
    let tls = TlsIdentity::make().unwrap();
    let holder = Holder::Custodian { root: SigningKey::make().unwrap() };
    let keys = Keys { root: stage.all.root.key_id(), server: None, tls, holder };
    let home = Home::create(&dir.path().join("home"), "a passphrase", keys).unwrap();
    measure("kept", || store::keep_channel(&home, &copy, 0)).0.unwrap();
    let (kept, _) = measure("read again from what was kept", || store::load_channel(&home, copy.id()));
    let kept = kept.unwrap().unwrap();
    assert_eq!((kept.head(), kept.entries.len()), (copy.head(), copy.entries.len()));
    let (keys, _) = measure("its keys", || ChannelKeys::open(&kept, own, &TeamRing::default()));
    measure("every body opened again", || keys.open_posts(&kept).len());
    measure("and kept", || contents::open_posts(&home, &kept, &keys).len());
    let (opened, _) = measure("every body from what was kept", || contents::open_posts(&home, &kept, &keys));
    assert!(opened.iter().all(|post| post.body.is_ok()));

    // The bench counts only if one bad act among them all is found.
    let mut bad = served;
    let act = bad.entries[POSTS / 2].act().unwrap();
    bad.entries[POSTS / 2].signed = turned(&act, act.bytes().len() - 50);
    let error = read(&stage, At::Strand, &mut empty(&stage, At::Strand), bad.growth(0)).unwrap_err();
    assert_eq!((error.fault, error.at.unwrap().index), (Fault::BadSignature, POSTS as u64 / 2));
}
