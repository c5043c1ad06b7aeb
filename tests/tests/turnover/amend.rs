//! A reviewing State that is replaced by another.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chancery_tests::probe::{Stored, probe};
use chancery_tests::processes::Town;
use serde_json::Value;

use super::{ABOUT, ask, of_kind, section, texts, verifies};

const AMEND: [&str; 8] =
    ["review", "amend", "CL", "--reviewer", "KE:untoc,firearms", "--reviewer", "JP:firearms", "--yes"];

/// What was said before Portugal left.
struct Before {
    answered: String,
    open: String,
    counter: String,
    untoc: String,
    late: String,
}

/// Portugal, with an expert, has asked and was asked; then others went on without its reading it.
fn dialogue(town: &Town) -> Before {
    town.invited("portugal", &EXPERT, "ines");
    town.done("portugal", &["admit", "--all"]);
    town.done("ines", &["join"]);
    let answered = section(&town.done("portugal", &ask("Since when?")));
    town.done("chile", &["reply", &answered, "--language", "es", "Desde 2004"]);
    let open = section(&town.done("ines", &ask("Which arms?")));
    let counter = section(&town.done("kenya", &ask("By whom?")));
    town.done("chile", &["reply", &counter, "--question", "--language", "es", "¿Por quién qué?"]);
    let untoc = ["ask", "--instrument", "untoc", "--article", "5", "--question", "untoc-5-1"];
    let untoc = section(&town.done("kenya", &[&untoc[..], &["--language", "en", "Of untoc"]].concat()));
    town.done("chile", &["reply", &untoc, "--question", "--language", "es", "¿De untoc?"]);
    for (who, instrument) in [("kenya", "firearms"), ("portugal", "firearms"), ("kenya", "untoc")] {
        let text = format!("Among {instrument} reviewers");
        town.done(who, &["post", "coordination", "--instrument", instrument, "--language", "en", &text]);
    }
    town.done("portugal", &[&["post", "draft"], &ABOUT[..], &["--language", "en", "A draft"]].concat());
    for who in ["portugal", "ines"] {
        town.done(who, &["channels"]);
    }
    let late = section(&town.done("kenya", &ask("Not fetched yet")));
    Before { answered, open, counter, untoc, late }
}

const EXPERT: [&str; 7] = ["invite", "--role", "expert", "--instruments", "firearms", "--name", "Ines"];

fn channels(town: &Town, who: &str) -> Vec<Value> {
    let lines = town.done(who, &["channels"]);
    of_kind(&lines, "channel").into_iter().cloned().collect()
}

/// What the server says to whoever asks for a channel's entries, past all rules of the client.
fn asks_for(town: &Town, who: &str, channel: &str) -> (Option<i32>, Value) {
    let channel = BASE64_STANDARD.encode(hex::decode(channel).unwrap());
    let said = town.run(who, &["raw", "ListEntries", "--data", &format!(r#"{{"channel":"{channel}"}}"#)]);
    (said.status.code(), said.error.unwrap_or_default())
}

/// The statements in a channel, in order.
fn statements(stored: &Stored, channel: &str) -> Vec<&'static str> {
    let channel = stored.channels.iter().find(|one| one.id.to_string() == channel).unwrap();
    let acts = channel.entries.iter().filter_map(|entry| entry.act.as_ref());
    acts.map(|act| act.content().statement.kind().as_str()).collect()
}

fn name(channel: &Value) -> (String, Option<String>, Option<String>) {
    let text = |field: &str| channel[field].as_str().map(str::to_owned);
    (text("channel_kind").unwrap(), text("instrument"), text("delegation"))
}

#[test]
fn para_30_a_reviewing_state_is_replaced_in_one_command() {
    let town = Town::with_review();
    let before = dialogue(&town);
    assert_eq!(town.refused("officer", &AMEND[..7], 2), "NOT_CONFIRMED");
    assert_eq!(town.refused("kenya", &AMEND, 3), "OFFICER_ONLY");
    let same = ["review", "amend", "CL", "--reviewer", "KE:untoc,firearms", "--reviewer", "PT:firearms"];
    assert_eq!(town.refused("officer", &same, 5), "ALREADY_THERE");
    let read_before = channels(&town, "portugal");
    assert_eq!(read_before.len(), 4, "nothing was changed: {read_before:?}");
    // It has read all but what comes now.
    town.done("kenya", &["reply", &before.late, "--language", "en", "Nor this"]);

    let said = town.done("officer", &AMEND);
    let amended = of_kind(&said, "amended")[0];
    assert_eq!(amended["loses"], serde_json::json!([["PT", ["firearms"]]]));
    assert_eq!(amended["gains"], serde_json::json!([["JP", ["firearms"]]]));
    offers_what_it_leaves_open(&said, &before);
    is_shut_out(&town, &read_before, &before);
    the_next_reads_all_of_its_channels_and_nothing_else(&town, &before);
    verifies(&town, &["kenya", "chile", "officer", "japan"]);
}

fn offers_what_it_leaves_open(said: &[Value], before: &Before) {
    let offers = of_kind(said, "offer");
    let of =
        |section: &str| offers.iter().find(|offer| offer["section"] == section).map(|o| o["why"].clone());
    assert_eq!(of(&before.open), Some("wrote-last".into()), "an expert's question counts as the State's");
    assert_eq!(of(&before.counter), Some("awaited".into()));
    assert_eq!(
        offers.len(),
        2,
        "what is answered, another's, or of another strand is not offered: {offers:?}"
    );
    for offer in &offers {
        assert_eq!((&offer["of"], &offer["successors"]), (&"PT".into(), &serde_json::json!(["JP"])));
        let command = offer["command"].as_str().unwrap();
        assert!(command.starts_with("chancery reply ") && offer["since"].is_string(), "{offer}");
    }
    assert_eq!(said.last().unwrap()["kind"], "offer", "the command ends with them");
}

fn is_shut_out(town: &Town, read_before: &[Value], before: &Before) {
    let absent = asks_for(town, "portugal", &"0".repeat(32));
    assert_eq!(absent.0, Some(4));
    for who in ["portugal", "ines"] {
        for channel in read_before {
            let answer = asks_for(town, who, channel["channel"].as_str().unwrap());
            assert_eq!(answer, absent, "{who}: {:?}", name(channel));
        }
        let lines = town.done(who, &["channels"]);
        assert_eq!(of_kind(&lines, "channel").len(), 0, "{who}");
        assert!(!of_kind(&lines, "unlisted").is_empty(), "{who} is told so: {lines:?}");
        assert_eq!(town.refused(who, &["reply", &before.open, "--language", "en", "Still?"], 4), "NOT_FOUND");
    }

    // The next who writes makes the next key first, in each channel.
    let strand = read_before.iter().find(|one| one["channel_kind"] == "strand").unwrap();
    let strand = strand["channel"].as_str().unwrap();
    let size = statements(&town.stored(), strand).len();
    let after = section(&town.done("kenya", &ask("After Portugal")));
    let written = statements(&town.stored(), strand).split_off(size);
    let (key, post) =
        (written.iter().position(|one| *one == "new-epoch"), written.iter().position(|one| *one == "post"));
    assert!(key.is_some() && key < post, "{written:?}");
    town.done(
        "kenya",
        &["post", "coordination", "--instrument", "firearms", "--language", "en", "After, too"],
    );
    assert_eq!(texts(town, "chile", &after), ["After Portugal"]);

    // What was written since does not open to it, even with every byte of the server.
    let stored = town.stored();
    for who in ["portugal", "ines"] {
        let opened = probe(town.open_home(who).keys(), &stored);
        let says = |word: &str| opened.iter().any(|one| one.says(word));
        assert!(says("Which arms?"), "{who} keeps what opened to it");
        assert!(!says("After"), "{who}");
        assert!(!says("Of untoc"), "{who} was never there");
    }
}

fn the_next_reads_all_of_its_channels_and_nothing_else(town: &Town, before: &Before) {
    let invite = ["invite", "--role", "expert", "--instruments", "firearms,untoc", "--name", "Aiko"];
    town.done("kenya", &["upkeep"]);
    town.invited("japan", &invite, "aiko");
    town.done("japan", &["admit", "--all"]);
    town.done("aiko", &["join"]);
    for who in ["japan", "aiko"] {
        assert_eq!(texts(town, who, &before.answered), ["Since when?", "Desde 2004"], "{who}: the archive");
        assert_eq!(texts(town, who, &before.late), ["Not fetched yet", "Nor this"]);
        assert_eq!(town.refused(who, &["thread", &before.untoc], 4), "NOT_FOUND");
        let mut read: Vec<_> = channels(town, who).iter().map(name).collect();
        read.sort();
        let of = |kind: &str, instrument: Option<&str>, delegation: Option<&str>| {
            (kind.to_owned(), instrument.map(str::to_owned), delegation.map(str::to_owned))
        };
        let expected = [
            of("coordination", Some("firearms"), None),
            of("delegation", None, Some("JP")),
            of("review", None, None),
            of("strand", Some("firearms"), None),
        ];
        assert_eq!(read, expected, "{who}");
        let opened = probe(town.open_home(who).keys(), &town.stored());
        let says = |word: &str| opened.iter().any(|one| one.says(word));
        assert!(says("Among firearms reviewers") && says("After, too"), "{who}");
        assert!(!says("untoc") && !says("A draft"), "{who}: {opened:?}");
    }
    let waits = channels(town, "japan");
    let waits: Vec<&Value> = waits.iter().filter_map(|one| one["waits"].as_array()).flatten().collect();
    let own = |wait: &&&Value| wait["for_own_state"] == true && wait["section"] == before.counter.as_str();
    assert_eq!(waits.iter().filter(own).count(), 1, "its word is awaited now: {waits:?}");
    town.done("aiko", &["reply", &before.open, "--language", "en", "We take it up"]);
    assert_eq!(texts(town, "chile", &before.open), ["Which arms?", "We take it up"]);
}

#[test]
fn what_nobody_takes_over_goes_to_the_one_who_stays() {
    let town = Town::with_review();
    let question = section(&town.done("portugal", &ask("Who goes on?")));
    let said = town.done("officer", &["review", "amend", "CL", "--reviewer", "KE:untoc,firearms", "--yes"]);
    let offer = of_kind(&said, "offer")[0];
    assert_eq!((&offer["section"], &offer["successors"]), (&question.into(), &serde_json::json!(["KE"])));
    assert_eq!(channels(&town, "portugal").len(), 0);
}
