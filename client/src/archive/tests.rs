//! A record is made of a small dialogue, and then changed in every way that someone could want.

mod world;

use std::io::Cursor;

use chancery_core::id::{KeyId, SectionId};
use chancery_core::mechanism::UNTOC;
use proptest::prelude::*;

use super::container::{Container, Measured, Writer};
use super::manifest::{LeftOut, Listed, Manifest, Why};
use super::verify::{RecordError, RecordFault, Shown, verify};
use super::write::{Draft, Source, WriteError};
use super::{logs, names};
use world::{FILE, NOW_MS, World};

type Members = Vec<(String, Vec<u8>)>;

impl World {
    fn source(&self, section: Option<SectionId>) -> Source<'_> {
        Source {
            root: self.root_id(),
            mechanism: &self.mechanism,
            mechanism_text: UNTOC,
            directory: &self.directory,
            review: &self.review,
            channel: &self.strand,
            section,
        }
    }

    fn draft(&self, section: Option<SectionId>) -> Draft<'_> {
        Draft::open(self.source(section), |act, record, entry| self.open(act, record, entry)).unwrap()
    }

    fn record(&self, section: Option<SectionId>) -> Vec<u8> {
        written(&self.draft(section))
    }

    fn members(&self) -> Members {
        members(&self.record(None))
    }

    fn verify(&self, record: &[u8]) -> Result<Shown, RecordError> {
        verify_under(record, &self.root_id())
    }

    /// Where a record of these members, with a manifest that fits them, is found to be wrong.
    fn wrong_at(&self, members: &Members) -> String {
        self.verify(&zip(&listed_anew(members))).unwrap_err().at
    }
}

fn verify_under(record: &[u8], root: &KeyId) -> Result<Shown, RecordError> {
    verify(Cursor::new(record), root, NOW_MS + 7_200_000)
}

fn written(draft: &Draft<'_>) -> Vec<u8> {
    draft.write(Vec::new(), |_| Ok((Measured::of(FILE), Box::new(FILE)))).unwrap()
}

fn members(record: &[u8]) -> Members {
    let mut container = Container::open(Cursor::new(record)).unwrap();
    let names: Vec<String> = container.members().iter().map(|member| member.name.clone()).collect();
    names.into_iter().enumerate().map(|(n, name)| (name, container.read(n, 1 << 30).unwrap())).collect()
}

fn zip(members: &Members) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (name, content) in members {
        writer.add(name, &Measured::of(content), &mut &content[..]).unwrap();
    }
    writer.finish().unwrap()
}

/// What one makes who changes a record and knows the format.
fn listed_anew(members: &Members) -> Members {
    let mut manifest = Manifest::decode(&members[0].1).unwrap();
    let list = |(name, content): &(String, Vec<u8>)| {
        let measured = Measured::of(content);
        Listed { name: name.clone(), length: measured.length, sha256: measured.sha256 }
    };
    manifest.members = members[1..].iter().map(list).collect();
    let mut members = members.clone();
    members[0].1 = manifest.encode();
    members
}

fn with_manifest(members: &Members, change: impl FnOnce(&mut Manifest)) -> Members {
    let mut manifest = Manifest::decode(&members[0].1).unwrap();
    change(&mut manifest);
    let mut members = members.clone();
    members[0].1 = manifest.encode();
    members
}

fn place(members: &Members, start: &str) -> usize {
    members.iter().position(|(name, _)| name.starts_with(start)).unwrap()
}

#[test]
fn a_record_verifies_and_reads() {
    let world = World::new();
    let record = world.record(None);
    let shown = world.verify(&record).unwrap();
    assert_eq!((shown.posts, shown.files, shown.entries), (3, 1, 5));
    assert!(shown.left_out.is_empty());
    let members = members(&record);
    let page = String::from_utf8(members[1].1.clone()).unwrap();
    let link = format!("attachments/{}/ley_20.000.txt", "f1".repeat(16));
    for expected in ["dir=\"rtl\"", "&lt;script&gt;", "Opened to all parties", &link, "article 5"] {
        assert!(page.contains(expected), "{expected}");
    }
    // The same dialogue gives the same bytes, whoever makes the record.
    assert_eq!(record, world.record(None));
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names[..6],
        [
            "record.json",
            "index.html",
            "mechanism.toml",
            "logs/directory.log",
            "logs/directory.checkpoint",
            "logs/directory.jsonl"
        ]
    );
    assert_eq!(members.last().unwrap(), &(link, FILE.to_vec()));
}

#[test]
fn a_record_of_one_section_opens_that_section_and_nothing_else() {
    let world = World::new();
    let record = world.record(Some(world.answer.0));
    let shown = world.verify(&record).unwrap();
    assert_eq!((shown.posts, shown.files, shown.entries, shown.section), (1, 0, 5, Some(world.answer.0)));
    let text = "Véase el anexo.".as_bytes();
    assert!(!record.windows(text.len()).any(|window| window == text));
    let other = SectionId::new([9; 16]);
    let absent = Draft::open(world.source(Some(other)), |act, record, entry| world.open(act, record, entry));
    assert!(matches!(absent, Err(WriteError::NoSuchSection(section)) if section == other));
}

#[test]
fn another_root_is_found() {
    let (world, other) = (World::new(), World::new());
    let record = world.record(None);
    let error = verify_under(&record, &other.root_id()).unwrap_err();
    assert!(matches!(error.fault, RecordFault::OtherRoot(_)) && error.at == names::MANIFEST);
    // One who writes the other root into the manifest is found at the first act.
    let members = with_manifest(&members(&record), |manifest| manifest.root = other.root_id());
    let error = verify_under(&zip(&members), &other.root_id()).unwrap_err();
    assert!(error.at.starts_with("logs/directory.log, entry 0"), "{error}");
}

#[test]
fn a_changed_byte_in_any_member_is_found_and_its_member_named() {
    let world = World::new();
    let intact = world.members();
    for (number, (name, content)) in intact.iter().enumerate() {
        for at in [0, content.len() / 3, content.len() / 2, content.len() - 1] {
            let mut members = intact.clone();
            members[number].1[at] ^= 1;
            let error = world.verify(&zip(&members)).unwrap_err();
            assert_eq!(error.at, *name, "byte {at}");
        }
    }
}

#[test]
fn a_changed_byte_is_found_even_under_a_manifest_that_fits() {
    let world = World::new();
    let intact = world.members();
    for number in 1..intact.len() {
        let content = &intact[number].1;
        for at in [0, content.len() / 3, content.len() / 2, content.len() - 1] {
            let mut members = intact.clone();
            members[number].1[at] ^= 1;
            let (name, found) = (&intact[number].0, world.wrong_at(&members));
            assert!(found.starts_with(name.as_str()) || is_behind(name, &found), "{name} {at}: {found}");
        }
    }
}

/// A log cut in another place, or with another log time, can first be noticed at its checkpoint; a mechanism that
/// still parses judges the directory's first acts.
fn is_behind(name: &str, found: &str) -> bool {
    let log = name.strip_suffix(".log");
    log.is_some_and(|log| found == format!("{log}.checkpoint")) || name == names::MECHANISM
}

#[test]
fn a_dropped_member_is_named() {
    let world = World::new();
    let intact = world.members();
    for number in 0..intact.len() {
        let mut members = intact.clone();
        let (name, _) = members.remove(number);
        assert_eq!(world.verify(&zip(&members)).unwrap_err().at, name);
        if number > 0 {
            assert_eq!(world.wrong_at(&members), name);
        }
    }
}

#[test]
fn an_added_member_is_named() {
    let world = World::new();
    for name in ["zzz", "../../etc/passwd", "attachments/", "bodies/00", "record.json", "C:\\x", "a\0b"] {
        let mut members = world.members();
        members.push((name.to_owned(), b"x".to_vec()));
        assert_eq!(world.verify(&zip(&members)).unwrap_err().at, name);
        assert_eq!(world.wrong_at(&members), name);
    }
}

#[test]
fn swapped_members_are_named() {
    let world = World::new();
    let intact = world.members();
    let bodies = place(&intact, "bodies/");
    // Their places.
    let mut members = intact.clone();
    members.swap(bodies, bodies + 1);
    assert_eq!(world.wrong_at(&members), intact[bodies].0);
    // Their contents.
    let mut members = intact.clone();
    let first = members[bodies].1.clone();
    members[bodies].1 = std::mem::replace(&mut members[bodies + 1].1, first);
    assert_eq!(world.wrong_at(&members), intact[bodies].0);
    // Another file in the place of the one cited.
    let mut members = intact.clone();
    let file = place(&intact, "attachments/");
    members[file].1 = b"the text of the LAW".to_vec();
    assert_eq!(world.wrong_at(&members), intact[file].0);
}

#[test]
fn a_dropped_repeated_or_moved_act_is_found() {
    let world = World::new();
    let intact = world.members();
    let number = place(&intact, "logs/channel.log");
    let entries = logs::decode(intact[number].1.clone()).unwrap();
    let check = |change: fn(&mut Vec<crate::entry::Entry>), expect: &str| {
        let mut changed = entries.clone();
        change(&mut changed);
        let mut members = intact.clone();
        members[number].1 = logs::encode(&changed);
        let found = world.wrong_at(&members);
        assert!(found.starts_with(expect), "{found}");
    };
    check(|entries| drop(entries.pop()), "logs/channel.checkpoint");
    check(|entries| drop(entries.remove(1)), "logs/channel.log, entry ");
    check(|entries| entries.push(entries[4].clone()), "logs/channel.log, entry 5");
    check(|entries| entries.swap(1, 2), "logs/channel.log, entry 1");
    check(|entries| entries[4].log_time_ms += 1, "logs/channel.checkpoint");
    check(|entries| entries[4].log_time_ms = 0, "logs/channel.log, entry 4");
    check(|entries| entries[4].log_time_ms = u64::MAX, "logs/channel.log, entry 4");
}

#[test]
fn members_of_another_deployment_are_found() {
    let (world, other) = (World::new(), World::new());
    let (intact, foreign) = (world.members(), other.members());
    for start in ["logs/directory.log", "logs/review.log", "logs/channel.log", "logs/channel.checkpoint"] {
        let mut members = intact.clone();
        members[place(&intact, start)].1 = foreign[place(&foreign, start)].1.clone();
        let found = world.wrong_at(&members);
        assert!(found.starts_with(start), "{start}: {found}");
    }
    let mut members = intact.clone();
    members[2].1.extend(b"# another mechanism\n");
    assert_eq!(world.wrong_at(&members), names::MECHANISM);
}

#[test]
fn what_is_left_out_is_said_and_nothing_else_may_be_said() {
    let world = World::new();
    let mut draft = world.draft(None);
    let file = draft.files().remove(0);
    draft.leave_out(&file);
    let shown = world.verify(&written(&draft)).unwrap();
    let act = file.act;
    let left = LeftOut { act, file: Some(file.attachment.file), why: Why::DoesNotOpen };
    assert_eq!((shown.left_out, shown.files), (vec![left], 0));

    let closed = world.answer.1;
    let draft = Draft::open(world.source(None), |act, record, entry| {
        if act == closed { Err(Why::NoKey) } else { world.open(act, record, entry) }
    });
    let draft = draft.unwrap();
    let record = written(&draft);
    let shown = world.verify(&record).unwrap();
    let body = LeftOut { act: closed, file: None, why: Why::NoKey };
    assert_eq!((shown.left_out, shown.posts), (vec![body], 2));
    let page = String::from_utf8(members(&record)[1].1.clone()).unwrap();
    assert!(page.contains("leaves out"));

    // A post that is there cannot be said to be left out, nor one of no such id, nor one twice.
    let intact = world.members();
    for left_out in [
        vec![LeftOut { act: chancery_core::id::ActId::new([1; 16]), file: None, why: Why::NoKey }],
        vec![body, body],
        vec![LeftOut { file: Some(chancery_core::id::FileId::new([1; 16])), ..left }],
    ] {
        let members = with_manifest(&intact, |manifest| manifest.left_out = left_out);
        assert_eq!(world.verify(&zip(&members)).unwrap_err().at, names::MANIFEST);
    }
    let members = with_manifest(&intact, |manifest| manifest.left_out = vec![body]);
    let error = world.verify(&zip(&members)).unwrap_err();
    assert!(error.at.starts_with("bodies/"), "{error}");
}

#[test]
fn a_record_claims_no_other_channel_or_section() {
    let world = World::new();
    let intact = world.members();
    let check = |change: fn(&mut Manifest), expect: &str| {
        let found = world.verify(&zip(&with_manifest(&intact, change))).unwrap_err().at;
        assert!(found.starts_with(expect), "{found}");
    };
    check(|manifest| manifest.channel = chancery_core::id::ChannelId::new([1; 16]), "record.json");
    check(|manifest| manifest.review = chancery_core::id::ChannelId::new([1; 16]), "logs/review.log");
    check(|manifest| manifest.section = Some(SectionId::new([1; 16])), "record.json");
    check(|manifest| manifest.section = Some(SectionId::new([0xa1; 16])), "bodies/");
}

#[test]
fn a_log_from_the_future_is_refused() {
    let world = World::new();
    let error = verify(Cursor::new(world.record(None)), &world.root_id(), NOW_MS - 3_600_000).unwrap_err();
    assert!(error.at.starts_with("logs/directory.log, entry 0"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_changed_byte_of_the_file_is_found(at: prop::sample::Index, bit in 0_u8..8, cut: bool) {
        thread_local! {
            static MADE: (World, Vec<u8>) = {
                let world = World::new();
                let record = world.record(None);
                (world, record)
            };
        }
        MADE.with(|(world, record)| {
            let at = at.index(record.len());
            let mut changed = record.clone();
            if cut { changed.truncate(at) } else { changed[at] ^= 1 << bit }
            prop_assert!(world.verify(&changed).is_err());
            Ok(())
        })?;
    }
}
