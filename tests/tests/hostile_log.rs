//! What a member's client finds out about a server that alters, drops, repeats, reorders, rolls back or appends
//! what the rules do not allow: with real keys and real acts, without any server of ours in it.

use bytes::Bytes;
use chancery_client::compose::{Composed, RecipientKey, Signer, new_epoch};
use chancery_client::keyring::{ChannelKeys, OpenedPost, TeamRing};
use chancery_client::verify::{DirectoryCopy, Fault, OwnView, VerifyError, extend_directory};
use chancery_core::act::{ActError, Fault as Complained, Statement};
use chancery_core::error::Reason;
use chancery_core::limits::CLOCK_AHEAD_MS_MAX;
use chancery_core::log::{CheckpointError, CosignedCheckpoint, SignedCheckpoint, origin};
use chancery_core::mechanism::ItemKind;
use chancery_seal::secret::EpochSecret;
use chancery_tests::served::{Served, empty, log_key, read, read_directory, turned};
use chancery_tests::stage::{At, Stage, What};
use chancery_tests::{NOW_MS, person, random};

/// A strand with a new epoch and four posts: eight entries or more.
fn stage() -> Stage {
    let mut stage = Stage::open();
    for who in ["chile", "kenya", "portugal", "chile"] {
        stage.post(who, At::Strand, What::new(ItemKind::Clarification)).unwrap();
    }
    stage.rotate("kenya", At::Strand).unwrap();
    stage.post("kenya", At::Strand, What::new(ItemKind::Clarification)).unwrap();
    stage
}

/// Kenya's view of the strand.
fn strand(stage: &Stage) -> Served {
    Served::channel(stage, At::Strand, &[stage.people["kenya"].user_kem.key_id()])
}

fn open(stage: &Stage, served: &Served) -> Result<(), VerifyError> {
    let mut copy = empty(stage, At::Strand);
    let opened = read(stage, At::Strand, &mut copy, served.growth(0));
    if opened.is_err() {
        assert_eq!((copy.head().size, copy.entries.len()), (0, 0), "nothing was taken up");
    }
    opened
}

/// Changes what an honest server would hand out, and says at which entry what is found.
fn check(change: impl FnOnce(&mut Stage, &mut Served), at: impl Into<Option<u64>>, fault: Fault) {
    let mut stage = stage();
    let mut served = strand(&stage);
    change(&mut stage, &mut served);
    let error = open(&stage, &served).unwrap_err();
    assert_eq!((error.fault, error.at.map(|at| at.index)), (fault, at.into()), "{error}");
}

#[test]
fn an_honest_log_grows_from_nothing_in_any_steps() {
    let stage = stage();
    let served = strand(&stage);
    let mut copy = empty(&stage, At::Strand);
    for size in 1..=served.entries.len() {
        let part = Served { entries: served.entries[..size].to_vec(), ..served.clone() };
        read(&stage, At::Strand, &mut copy, part.growth(size - 1)).unwrap();
        assert_eq!(copy.head(), part.head(size));
    }
    read(&stage, At::Strand, &mut copy, served.growth(served.entries.len())).unwrap();
    assert_eq!(copy.state.log.head(), stage.logs[&At::Strand].channel.log.head());
    assert_eq!(copy.entries, served.entries);

    let directory = read_directory(&stage).unwrap();
    assert_eq!(directory.head(), stage.all.directory.log.head());
}

#[test]
fn altered() {
    let signature_tail = |served: &Served| served.entries[5].signed.len() - 50;
    check(
        |_, served| {
            let at = signature_tail(served);
            let act = served.entries[5].act().unwrap();
            served.entries[5].signed = turned(&act, at);
        },
        5,
        Fault::BadSignature,
    );
    check(
        |_, served| served.entries[5].signed = Bytes::from_static(b"x"),
        5,
        Fault::Malformed(ActError::Undecodable),
    );
    let body = |served: &Served| served.entries[5].body.as_ref().unwrap().to_vec();
    check(
        |_, served| {
            let mut altered = body(served);
            altered[100] ^= 1;
            served.entries[5].body = Some(altered.into());
        },
        5,
        Fault::OtherBody,
    );
    check(|_, served| served.entries[5].body = None, 5, Fault::NoBody);
    check(|_, served| served.entries[0].body = Some(Bytes::from_static(b"x")), 0, Fault::OtherBody);
    check(
        |_, served| {
            let mut wrap = served.entries[0].own_wraps[0].wrap.to_vec();
            wrap[0] ^= 1;
            served.entries[0].own_wraps[0].wrap = wrap.into();
        },
        0,
        Fault::OtherWrap,
    );
    check(|_, served| served.entries[0].own_wraps[0].position ^= 1, 0, Fault::OtherWrap);
}

#[test]
fn the_box_of_the_previous_secret_is_the_one_named() {
    let stage = stage();
    let mut served = strand(&stage);
    let boxed = served.entries.iter().position(|entry| entry.previous_box.is_some()).unwrap();
    served.entries[boxed].previous_box = Some(Bytes::from_static(b"another box"));
    let error = open(&stage, &served).unwrap_err();
    assert_eq!((error.fault, error.at.unwrap().index), (Fault::OtherBox, boxed as u64));
}

#[test]
fn dropped_repeated_and_reordered() {
    check(|_, served| drop(served.entries.remove(4)), 4, Fault::OutOfOrder { expected: 4, found: 5 });
    // With new numbers and a new checkpoint, the next author's own word of what it had seen gives it away.
    let renumbered = |change: fn(&mut Served)| {
        move |_: &mut Stage, served: &mut Served| {
            change(served);
            served.renumber();
        }
    };
    check(renumbered(|served| drop(served.entries.remove(4))), 4, Fault::Refused(Reason::BadSeen));
    check(renumbered(|served| served.entries.swap(4, 5)), 4, Fault::Refused(Reason::BadSeen));
    check(
        renumbered(|served| {
            let replayed = served.entries[4].clone();
            served.entries.push(replayed);
        }),
        9,
        Fault::Refused(Reason::ActIdUsed),
    );
    check(
        renumbered(|served| {
            let last = served.entries.len() - 1;
            let replayed = served.entries[last].clone();
            served.entries.push(replayed);
        }),
        9,
        Fault::Refused(Reason::ActIdUsed),
    );
}

#[test]
fn of_another_channel() {
    let mut stage = stage();
    stage.post("kenya", At::Coordination, What::new(ItemKind::Coordination)).unwrap();
    let other = stage.logs[&At::Coordination].entries.last().unwrap().clone();
    let mut served = strand(&stage);
    served.append(&other, &[]);
    let error = open(&stage, &served).unwrap_err();
    assert_eq!(error.fault, Fault::Refused(Reason::OtherChannel));
}

#[test]
fn rolled_back_and_forked() {
    let stage = stage();
    let served = strand(&stage);
    let size = served.entries.len();
    let mut copy = empty(&stage, At::Strand);
    read(&stage, At::Strand, &mut copy, served.growth(0)).unwrap();
    let kept = copy.head();

    let shorter = Served { entries: served.entries[..size - 2].to_vec(), ..served.clone() };
    let mut growth = shorter.growth(0);
    growth.entries.clear();
    let error = read(&stage, At::Strand, &mut copy, growth).unwrap_err();
    assert_eq!(error.fault, Fault::RolledBack { kept: size as u64, offered: size as u64 - 2 });

    let mut other = served.clone();
    other.entries[size - 1].log_time_ms += 1;
    let error = read(&stage, At::Strand, &mut copy, other.growth(size)).unwrap_err();
    assert_eq!(error.fault, Fault::Forked { size: size as u64 }, "another history of the same size");

    // A later log that does not continue what was kept: the checkpoint covers another past.
    let mut grown = stage;
    grown.post("kenya", At::Strand, What::new(ItemKind::Clarification)).unwrap();
    let mut later = strand(&grown);
    later.entries[2].log_time_ms += 1;
    let error = read(&grown, At::Strand, &mut copy, later.growth(size)).unwrap_err();
    assert_eq!(error.fault, Fault::Forked { size: size as u64 + 1 });
    assert_eq!(copy.head(), kept, "what was kept stays");
}

/// The word of a person that a served log is true up to `size`.
fn word(stage: &Stage, who: &str, served: &Served, size: usize) -> String {
    let (by, root) = (&stage.people[who], stage.all.root.key_id());
    let note = served.sign(served.head(size));
    let origin = origin(&root, &served.channel);
    let signed = SignedCheckpoint::open(&note, &origin, &log_key(&served.log_seed)).unwrap();
    let cosignature = by.sign.cosign(&root, by.device, &signed.checkpoint, NOW_MS / 1_000);
    CosignedCheckpoint { signed, cosignature }.note(&root)
}

#[test]
fn views_meet_in_the_words_of_other_readers() {
    let stage = stage();
    let served = strand(&stage);
    let size = served.entries.len();
    let mut copy = empty(&stage, At::Strand);
    read(&stage, At::Strand, &mut copy, served.growth(0)).unwrap();
    let directory = read_directory(&stage).unwrap();
    let (root, log_key) = (stage.all.root.key_id(), log_key(&served.log_seed));
    let view = OwnView {
        directory: &directory.state,
        founding: &directory.entries[0].signed,
        log_key: &log_key,
        channel: served.channel,
        log: &copy.state.log,
        note: copy.note.as_deref().unwrap(),
    };
    let mut fork = served.clone();
    fork.entries[4].log_time_ms += 1;
    let longer = Served { entries: [&fork.entries[..], &fork.entries[..1]].concat(), ..fork.clone() };
    let foreign = Served { log_seed: [1; 32], ..fork.clone() };

    for (who, size) in [("chile", size), ("kenya", 1), ("officer", 4), ("japan", 2)] {
        let said = view.meet(&word(&stage, who, &served, size)).unwrap().unwrap();
        assert_eq!((said.user, said.size), (stage.people[who].user, size as u64));
    }
    // What is not counted: of nobody, altered, beyond the copy, under another log key, of another log.
    let stranger = {
        let honest = word(&stage, "chile", &served, size);
        let device = person().device.to_string();
        honest.replace(&stage.people["chile"].device.to_string(), &device)
    };
    // One letter of the device's signature.
    let mut altered = word(&stage, "chile", &served, size);
    let at = altered.len() - 10;
    let other = if altered[at..].starts_with('A') { "B" } else { "A" };
    altered.replace_range(at..=at, other);
    let of_directory = word(&stage, "chile", &Served::directory(&stage.all), 1);
    for note in [
        String::new(),
        stranger,
        altered,
        word(&stage, "chile", &longer, size + 1),
        word(&stage, "chile", &foreign, size),
        of_directory,
        served.sign(served.head(size)),
    ] {
        assert_eq!(view.meet(&note), Ok(None), "{note}");
    }
    // Up to where the two part they are one history; from there on each size proves the fork.
    for at in 1..=size {
        let met = view.meet(&word(&stage, "chile", &fork, at));
        if at <= 4 {
            assert_eq!(met.unwrap().unwrap().size, at as u64);
            continue;
        }
        let forked = met.unwrap_err();
        let device = stage.people["chile"].device;
        assert_eq!(forked.error.fault, Fault::OtherView { size: at as u64, device });
        let proven = forked.proof.verify(&root).unwrap();
        assert_eq!((proven.first, proven.second), (fork.head(at), served.head(size)));
    }
    // The log key's signature is enough, whoever the device is.
    let nobody = word(&stage, "chile", &fork, size)
        .replace(&stage.people["chile"].device.to_string(), &person().device.to_string());
    assert!(view.meet(&nobody).is_err());
}

#[test]
fn log_times_go_forward_and_not_into_the_future() {
    check(|_, served| served.entries[5].log_time_ms -= 1, 5, Fault::TimeBack);
    let ahead_ms = CLOCK_AHEAD_MS_MAX + 1;
    check(
        |_, served| served.entries.last_mut().unwrap().log_time_ms = NOW_MS + ahead_ms,
        8,
        Fault::TimeAhead { ahead_ms },
    );
}

#[test]
fn checkpoints_are_the_log_keys_and_cover_the_entries() {
    check(|_, served| served.log_seed = [1; 32], None, Fault::Checkpoint(CheckpointError::NotSigned));
    let stage = stage();
    let served = strand(&stage);
    let size = served.entries.len();
    let refused = |change: &dyn Fn(&mut chancery_client::verify::Growth), fault| {
        let mut growth = served.growth(0);
        change(&mut growth);
        let error = read(&stage, At::Strand, &mut empty(&stage, At::Strand), growth).unwrap_err();
        assert_eq!(error.fault, fault);
    };
    let (have, all) = (size as u64 - 1, size as u64);
    refused(&|growth| drop(growth.entries.pop()), Fault::NotCovered { size: all, found: have });
    let of_directory = Served::directory(&stage.all).growth(0).note;
    refused(&|growth| growth.note.clone_from(&of_directory), Fault::Checkpoint(CheckpointError::OtherLog));
    refused(&|growth| growth.note.clear(), Fault::Checkpoint(CheckpointError::Malformed));
}

#[test]
fn para_33_a_modified_server_accepts_the_secretariats_post_and_no_client_does() {
    check(
        |stage, served| {
            let what = (What::new(ItemKind::Clarification), random());
            served.append(&stage.compose_post("officer", At::Strand, what, None), &[]);
        },
        9,
        Fault::Refused(Reason::SecretariatReadsOnly),
    );
}

#[test]
fn para_18_an_experts_submission_is_not_the_states() {
    check(
        |stage, served| {
            let what = (What::new(ItemKind::Response), random());
            served.append(&stage.compose_post("expert", At::Strand, what, Some("CL")), &[]);
        },
        9,
        Fault::Refused(Reason::FocalPointRequired),
    );
    check(
        |stage, served| {
            let what = (What::new(ItemKind::Response), random());
            served.append(&stage.compose_post("chile", At::Strand, what, Some("KE")), &[]);
        },
        9,
        Fault::Refused(Reason::BadStatement),
    );
}

#[test]
fn outsiders_and_strangers_write_nothing() {
    check(
        |stage, served| {
            let what = (What::new(ItemKind::Clarification), random());
            served.append(&stage.compose_post("japan", At::Strand, what, None), &[]);
        },
        9,
        Fault::Refused(Reason::NotAMember),
    );
    check(
        |stage, served| {
            let what = (What::new(ItemKind::Clarification), random());
            // Signed by a device that nobody knows, in Kenya's name.
            stage.people.get_mut("kenya").unwrap().sign = person().sign;
            served.append(&stage.compose_post("kenya", At::Strand, what, None), &[]);
        },
        9,
        Fault::Refused(Reason::WrongSigner),
    );
}

/// An epoch that goes to others than those who read, made by Kenya with a client of its own.
fn epoch_to(
    stage: &Stage,
    change: impl FnOnce(&mut Vec<RecipientKey>, &mut Option<RecipientKey>),
) -> Composed {
    let (mut readers, mut team) = stage.epoch_keys(At::Strand);
    change(&mut readers, &mut team);
    let standpoint = stage.standpoint("kenya", At::Strand);
    let root = stage.all.root.key_id();
    let signer = Signer { key: &stage.people["kenya"].sign, root: &root };
    let previous = stage.rings[&At::Strand].secret(standpoint.epoch).unwrap();
    let secret = EpochSecret::make().unwrap();
    new_epoch(signer, &standpoint, random(), &secret, Some(previous), readers, team).unwrap()
}

#[test]
fn an_epoch_for_a_ghost_or_without_the_secretariat() {
    check(
        |stage, served| {
            let ghost = person().user_kem;
            let key = chancery_tests::stage::recipient(&ghost);
            served.append(&epoch_to(stage, |readers, _| readers.push(key)), &[]);
        },
        9,
        Fault::Refused(Reason::WrongRecipients),
    );
    check(
        |stage, served| served.append(&epoch_to(stage, |_, team| *team = None), &[]),
        9,
        Fault::Refused(Reason::WrongRecipients),
    );
    check(
        |stage, served| served.append(&epoch_to(stage, |readers, _| drop(readers.pop())), &[]),
        9,
        Fault::Refused(Reason::WrongRecipients),
    );
}

#[test]
fn a_garbage_wrap_raises_an_alert_that_names_the_act() {
    let mut stage = stage();
    // Portugal's public key under Kenya's name: the list is what the act names, and does not open for Kenya.
    let (mut readers, team) = stage.epoch_keys(At::Strand);
    let kenya = stage.people["kenya"].user_kem.key_id();
    let portugal = chancery_tests::stage::recipient(&stage.people["portugal"].user_kem);
    readers.iter_mut().find(|key| key.id == kenya).unwrap().public = portugal.public;
    let standpoint = stage.standpoint("chile", At::Strand);
    let root = stage.all.root.key_id();
    let signer = Signer { key: &stage.people["chile"].sign, root: &root };
    let previous = stage.rings[&At::Strand].secret(standpoint.epoch).unwrap();
    let (act, secret) = (random(), EpochSecret::make().unwrap());
    let epoch = new_epoch(signer, &standpoint, act, &secret, Some(previous), readers, team).unwrap();
    let key = stage.people["chile"].sign.public();
    stage.append(At::Strand, &key, epoch).unwrap();

    let mut copy = empty(&stage, At::Strand);
    read(&stage, At::Strand, &mut copy, strand(&stage).growth(0)).unwrap();
    let keys = ChannelKeys::open(&copy, &stage.ring("kenya"), &TeamRing::default());
    let [alert] = &keys.alerts[..] else { panic!("one alert: {:?}", keys.alerts) };
    assert_eq!((alert.act, alert.fault), (act, Complained::Wrap));
    assert!(alert.to_string().contains(&act.to_string()));
    stage.act("kenya", At::Strand, Statement::Complain(alert.complaint())).unwrap();
    assert!(stage.logs[&At::Strand].channel.epoch.as_ref().unwrap().suspended);
}

#[test]
fn every_reader_opens_everything_that_is_written_for_it() {
    let stage = stage();
    for (who, opens) in [("kenya", 5), ("chile", 5), ("expert", 5), ("japan", 0)] {
        let own = &stage.people[who].user_kem;
        let served = Served::channel(&stage, At::Strand, &[own.key_id()]);
        let mut copy = empty(&stage, At::Strand);
        read(&stage, At::Strand, &mut copy, served.growth(0)).unwrap();
        let keys = ChannelKeys::open(&copy, &stage.ring(who), &TeamRing::default());
        let posts = keys.open_posts(&copy);
        assert_eq!(posts.iter().filter(|post| post.body.is_ok()).count(), opens, "{who}");
        assert_eq!(posts.iter().filter_map(OpenedPost::alert).count() + keys.alerts.len(), 0, "{who}");
    }
}

#[test]
fn a_directory_of_another_root_or_with_an_act_of_nobody() {
    let stage = stage();
    let served = Served::directory(&stage.all);
    let mechanism = &stage.all.mechanism;
    let mut other = DirectoryCopy::new(person().sign.key_id());
    assert!(extend_directory(mechanism, &mut other, served.growth(0)).is_err());
    let mut copy = DirectoryCopy::new(stage.all.root.key_id());
    let mut dropped = served.clone();
    dropped.entries.remove(3);
    dropped.renumber();
    let error = extend_directory(mechanism, &mut copy, dropped.growth(0)).unwrap_err();
    assert_eq!(error.at.unwrap().index, 3, "{error}");
    let none = Served { entries: Vec::new(), ..served };
    let error = extend_directory(mechanism, &mut copy, none.growth(0)).unwrap_err();
    assert_eq!(error.fault, Fault::NotFounded);
}
