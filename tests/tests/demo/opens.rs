//! Who opens what, with the keys of a home and every byte of the server.

use std::collections::BTreeSet;

use chancery_core::act::{Opening, Statement};
use chancery_core::id::ChannelId;
use chancery_core::mechanism::ChannelKind;
use chancery_tests::played::Played;
use chancery_tests::probe::{By, Opened, Stored, probe};

use super::set;

/// Where a role reads: kinds of channel, each with an instrument or a State.
struct Reads {
    role: &'static str,
    reviews: bool,
    strands: &'static [&'static str],
    coordination: &'static [&'static str],
    delegation: Option<&'static str>,
}

const BOTH: &[&str] = &["firearms", "untoc"];
const ROLES: [Reads; 10] = [
    Reads { role: "custodians", reviews: false, strands: &[], coordination: &[], delegation: None },
    Reads { role: "secretariat", reviews: true, strands: BOTH, coordination: BOTH, delegation: None },
    Reads { role: "chile", reviews: true, strands: BOTH, coordination: &[], delegation: Some("CL") },
    Reads { role: "chile-expert", reviews: true, strands: BOTH, coordination: &[], delegation: Some("CL") },
    Reads {
        role: "chile-expert-next",
        reviews: true,
        strands: BOTH,
        coordination: &[],
        delegation: Some("CL"),
    },
    Reads { role: "kenya", reviews: true, strands: BOTH, coordination: BOTH, delegation: Some("KE") },
    Reads { role: "kenya-expert", reviews: true, strands: BOTH, coordination: BOTH, delegation: Some("KE") },
    Reads {
        role: "portugal",
        reviews: true,
        strands: &["untoc"],
        coordination: &["untoc"],
        delegation: Some("PT"),
    },
    Reads {
        role: "portugal-next",
        reviews: true,
        strands: &["untoc"],
        coordination: &["untoc"],
        delegation: Some("PT"),
    },
    Reads { role: "japan", reviews: false, strands: &[], coordination: &[], delegation: None },
];

async fn stored(played: &Played) -> Stored {
    let root = played.id("root").parse().unwrap();
    Stored::read(&root, &played.path("server/data"), &played.path("server/files")).await
}

#[tokio::test]
async fn para_37_each_role_opens_what_policy_lets_it_read() {
    let played = Played::copy();
    let stored = stored(&played).await;
    let openings = stored.openings();
    assert!(openings.len() >= 7, "{openings:?}");
    for reads in &ROLES {
        let role = reads.role;
        let mut expected = BTreeSet::new();
        for channel in &stored.channels {
            if !is_read(reads, channel.kind, channel.id, &openings) {
                continue;
            }
            for act in channel.entries.iter().filter_map(|entry| entry.act.as_ref()) {
                let id = act.content().header.act_id.to_string();
                // What was written after a person, or a device, was shut out.
                let after = ["after_the_theft", "after_leaving", "after_handing_over"];
                let since = match role {
                    "chile-expert" => 0,
                    "kenya-expert" => 1,
                    _ => after.len(),
                };
                let later = after[since..].iter().any(|what| id == played.id(what));
                if matches!(act.content().statement, Statement::Post(_)) && !later {
                    expected.insert(id);
                }
            }
        }
        let found = probe(played.open(role).keys(), &stored);
        let by =
            |wanted: By| set(found.iter().filter_map(Opened::post).filter(|p| p.1 == wanted).map(|p| p.0));
        assert_eq!(by(By::Epoch), expected, "{role}");
        let public = set([played.id("public_revision")]);
        assert_eq!(by(By::Public), public, "{role}: what is public opens to everyone");
        // The same answer is open to all parties; the other disclosure was withdrawn, which clears its key.
        let parties = if role == "custodians" { BTreeSet::new() } else { public };
        assert_eq!(by(By::AllParties), parties, "{role}");
    }
}

fn is_read(reads: &Reads, kind: ChannelKind, id: ChannelId, openings: &[(ChannelId, Opening)]) -> bool {
    match kind {
        ChannelKind::Directory | ChannelKind::Publication => false,
        ChannelKind::Review => reads.reviews,
        ChannelKind::Strand | ChannelKind::Coordination | ChannelKind::Delegation => {
            let (_, opening) = openings.iter().find(|(channel, _)| *channel == id).unwrap();
            match opening {
                Opening::Strand(code) => reads.strands.contains(&code.as_str()),
                Opening::Coordination(code) => reads.coordination.contains(&code.as_str()),
                Opening::Delegation(state) => reads.delegation == Some(state.as_str()),
            }
        }
    }
}

#[tokio::test]
async fn para_37_markers_open_to_those_they_were_written_for() {
    let played = Played::copy();
    let stored = stored(&played).await;
    let opened = ROLES.map(|reads| (reads.role, probe(played.open(reads.role).keys(), &stored)));
    let says = |role: &str, place: &str| {
        let (_, found) = opened.iter().find(|(name, _)| *name == role).unwrap();
        let markers = played.markers(false);
        let mut words = markers.iter().filter(|(_, there)| there == place).map(|(word, _)| word).peekable();
        assert!(words.peek().is_some(), "{place}");
        words.all(|word| found.iter().any(|opened| opened.says(word)))
    };
    for (place, to, not_to) in [
        ("draft", ["chile", "chile-expert"], ["secretariat", "kenya"]),
        ("coordination", ["secretariat", "portugal"], ["chile", "japan"]),
        ("document", ["secretariat", "kenya-expert"], ["japan", "custodians"]),
        ("file name", ["portugal", "chile"], ["japan", "custodians"]),
        ("after the expert left", ["kenya", "secretariat"], ["kenya-expert", "japan"]),
        ("after the theft", ["kenya", "chile-expert-next"], ["chile-expert", "japan"]),
        ("after the hand-over", ["portugal-next", "secretariat"], ["chile-expert", "kenya-expert"]),
    ] {
        for role in to {
            assert!(says(role, place), "{role}: {place}");
        }
        for role in not_to {
            assert!(!says(role, place), "{role}: {place}");
        }
    }
}

#[tokio::test]
async fn para_40_revision_2_opens_to_japan_and_neither_1_nor_3() {
    let mut played = Played::copy();
    played.serve(&["chile"]);
    let (section, revision) = (played.id("section").to_owned(), played.id("revision_2").to_owned());
    let disclose = ["disclose", &section, "--revision", &revision, "--to", "all-parties", "--yes"];
    let _ = played.run("chile", &disclose).ok();
    drop(played.server.take());

    let found = probe(played.open("japan").keys(), &stored(&played).await);
    let posts = set(found.iter().filter_map(Opened::post).map(|(act, _)| act));
    assert_eq!(posts, set([revision.as_str(), played.id("public_revision")]));
    let files: Vec<&Opened> = found.iter().filter(|opened| matches!(opened, Opened::File { .. })).collect();
    assert_eq!(files.len(), 1, "its attachment, and no other: {files:?}");
    assert!(!found.iter().any(|opened| matches!(opened, Opened::Epoch { .. })), "no channel's secret");
    let says = |place: &str| {
        let markers = played.markers(false);
        let (word, _) = markers.iter().find(|(_, there)| there == place).unwrap();
        found.iter().any(|opened| opened.says(word))
    };
    assert!(says("revision_2"));
    assert!(!says("response, revision 1") && !says("revision_3") && !says("question"));

    // To one who is no party's person it opens as little as before.
    let found = probe(played.open("custodians").keys(), &stored(&played).await);
    let posts = set(found.iter().filter_map(Opened::post).map(|(act, _)| act));
    assert_eq!(posts, set([played.id("public_revision")]));
}
