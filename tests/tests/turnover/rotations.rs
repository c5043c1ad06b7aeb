//! What a State's earlier keys signed, after two replacements.

use std::fs;

use chancery_client::compose::Signer;
use chancery_client::entry::{Outgoing, Release};
use chancery_client::home::Holder;
use chancery_client::keyring::sealed_post;
use chancery_client::sync::Session;
use chancery_core::act::{Audience, Disclose, PostRef, Statement, Team};
use chancery_core::id::{ActId, ChannelId};
use chancery_seal::revision::RevisionPlace;
use chancery_seal::sign::SigningKey;
use chancery_seal::wrap::wrap_revision_key;
use chancery_tests::processes::Town;
use serde_json::Value;

use super::{ABOUT, of_kind, section, verifies};

/// A response, opened to the public; the act of the post and that of the disclosure.
fn publish(town: &Town, who: &str, text: &str) -> (String, String) {
    let posted = town.done(who, &[&["post", "response"], &ABOUT[..], &["--language", "es", text]].concat());
    let disclosed = town.done(who, &["disclose", &section(&posted), "--to", "public", "--yes"]);
    let act = |lines: &[Value], kind: &str, field: &str| match &of_kind(lines, kind)[0][field] {
        Value::Array(acts) => acts[0].as_str().unwrap().to_owned(),
        act => act.as_str().unwrap().to_owned(),
    };
    (act(&posted, "posted", "act"), act(&disclosed, "disclosed", "acts"))
}

/// The bundle of a public item says this to anyone.
fn bundle_says(town: &Town, root: &str, index: usize, text: &str) {
    let (status, bundle) = town.page(&format!("/bundle/{index}"));
    assert_eq!(status, 200, "{text}");
    let path = town.path(&format!("bundle-{index}.zip"));
    fs::write(&path, bundle).unwrap();
    let shown = town.run("nobody", &["verify", "bundle", path.to_str().unwrap(), "--root", root]);
    assert_eq!(shown.one("bundle-verified")["text"], text);
}

#[test]
fn two_keys_later_bundles_and_records_verify_and_the_old_key_signs_nothing() {
    let town = Town::with_review();
    let root = town.root();
    let first = publish(&town, "chile", "bajo la primera");
    let old = town.path("old.zip");
    let old = old.to_str().unwrap();
    town.done("kenya", &["archive", "export", old, "--instrument", "firearms"]);

    // Once by a hand-over, once by a lost device.
    town.invited("chile", &["invite", "--role", "focal-point", "--name", "Ana"], "ana");
    town.done("chile", &["hand-over", "--to", "Ana", "--leave", "--yes"]);
    town.done("ana", &["join"]);
    town.done("ana", &["channels"]);
    let second = publish(&town, "ana", "bajo la segunda");
    let lost = town.done("ana", &["device", "list"])[0]["device"].as_str().unwrap().to_owned();
    town.invited("ana", &["device", "add"], "desktop");
    town.done("ana", &["device", "admit"]);
    town.done("desktop", &["join"]);
    town.done("desktop", &["device", "revoke", &lost]);
    town.done("desktop", &["channels"]);
    let third = publish(&town, "desktop", "bajo la tercera");
    let number = town.run("kenya", &["trust", "safety-number", "CL"]).one("safety-number");
    assert_eq!(number["generation"], 2, "{number}");

    for (index, text) in ["bajo la primera", "bajo la segunda", "bajo la tercera"].iter().enumerate() {
        bundle_says(&town, &root, index, text);
    }
    let new = town.path("new.zip");
    let new = new.to_str().unwrap();
    town.done("kenya", &["archive", "export", new, "--instrument", "firearms"]);
    for (path, posts) in [(old, 1), (new, 3)] {
        let shown = town.run("nobody", &["archive", "verify", path, "--root", &root]).one("record-verified");
        assert_eq!(shown["posts"], posts);
    }
    for (generation, (post, disclosure)) in [first, second, third].iter().enumerate() {
        for (who, act) in [("kenya", post), ("portugal", disclosure), ("desktop", disclosure)] {
            let trust = town.run(who, &["trust", act]).one("trust-act");
            let word = &trust["state_word"];
            assert_eq!((&trust["valid"], &word["generation"]), (&true.into(), &generation.into()), "{trust}");
            assert_eq!(word["replaced"].is_object(), generation < 2, "{trust}");
        }
    }
    verifies(&town, &["desktop", "kenya", "portugal", "officer", "japan"]);
    for who in ["kenya", "officer"] {
        assert_eq!(of_kind(&town.done(who, &["channels"]), "alert").len(), 0, "{who}");
    }
    under_an_old_key(&town);
}

/// Someone who kept a copy of the first key, and has a device that is admitted: past the client's own rules.
fn under_an_old_key(town: &Town) {
    let posted =
        town.run("desktop", &["post", "document", "--instrument", "firearms", "--language", "es", "x"]);
    let posted = posted.one("posted");
    let id = |field: &str| posted[field].as_str().unwrap().to_owned();
    let (channel, act): (ChannelId, ActId) = (id("channel").parse().unwrap(), id("act").parse().unwrap());
    let old_home = town.open_home("chile");
    let Holder::Person(chile) = &old_home.keys().holder else { panic!("a person's home") };
    let old = chile.state_key.as_ref().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut session = Session::open(town.open_home("desktop")).await.unwrap();
        session.sync_all().await.unwrap();
        let refused = session.link.append(channel, &[disclosure(&session, channel, act, old)]).await;
        let reason = refused.unwrap_err().reason().map(str::to_owned);
        assert_eq!(reason.as_deref(), Some("BAD_STATEMENT"));
        // The same under the current key is taken, so it was the key.
        let current = session.state_key().unwrap();
        let taken = session.link.append(channel, &[disclosure(&session, channel, act, current)]).await;
        assert_eq!(taken.unwrap().len(), 1);
    });
    verifies(town, &["desktop", "kenya"]);
}

fn disclosure(session: &Session, channel: ChannelId, act_id: ActId, key: &SigningKey) -> Outgoing {
    let copy = session.channel(channel).unwrap();
    let record = &copy.state.posts[&act_id];
    let (section, kind, body) = (record.section, record.kind, record.body);
    let state = "CL".parse().unwrap();
    let post = PostRef { state, channel, section, act_id, kind, body };
    let audience = Audience::AllParties;
    let grant = Signer { key, root: session.root() }.grant(post, audience, None).unwrap();
    let statement = Statement::Disclose(Disclose { section, audience, grants: vec![grant] });
    let keys = session.keys(channel).unwrap();
    let revision = keys.ring.revision_key(keys.epoch_at(record.index), &sealed_post(act_id, record)).unwrap();
    let team = session.now().team(&Team::AllParties).unwrap();
    let place = RevisionPlace { channel, section, act: act_id };
    let wrapped = wrap_revision_key(&place, team.number, &revision, &team.kem).unwrap();
    let act = session.sign(channel, statement).unwrap();
    Outgoing {
        act: act.bytes().clone(),
        body: None,
        wraps: Vec::new(),
        previous_box: None,
        releases: vec![Release { key_material: wrapped.into(), rendition: None }],
    }
}
