use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use chancery_core::id::{ChannelId, Digest};
use chancery_seal::SealError;
use chancery_seal::file::{FileJournal, FileOpener, FileSealer, HEADER_BYTES, PART_CONTENT_BYTES};
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::seal::{Sealed, seal};
use super::*;
use crate::link::UploadPart;

const CHANNEL: ChannelId = ChannelId::new([7; 16]);

struct Source {
    _dir: TempDir,
    path: PathBuf,
    content: Vec<u8>,
}

fn source(length: u64) -> Source {
    let dir = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let path = dir.path().join("ley.pdf");
    fs::write(&path, &content).unwrap();
    Source { _dir: dir, path, content }
}

/// Seals a file and returns what was sent, with the journals in the order in which they were stored.
fn run(
    writer: &mut FileSealer,
    source: &Source,
    first: u32,
) -> (Result<Sealed, FileError>, Vec<UploadPart>, usize) {
    let (sender, mut receiver) = mpsc::channel::<UploadPart>(1);
    let sent = std::thread::spawn(move || {
        let mut sent = Vec::new();
        while let Some(part) = receiver.blocking_recv() {
            // A copy: the memory of what was sent is used again.
            sent.push(UploadPart { data: part.data.to_vec().into(), ..part });
        }
        sent
    });
    let mut stored = 0;
    let sealed = seal(writer, &source.path, first, sender, |_| {
        stored += 1;
        Ok(())
    });
    (sealed, sent.join().unwrap(), stored)
}

#[test]
fn what_is_sent_opens_to_the_file_and_has_the_hashes_that_are_cited() {
    for length in [0, 1, PART_CONTENT_BYTES - 1, PART_CONTENT_BYTES, 2 * PART_CONTENT_BYTES + 9] {
        let source = source(length);
        let mut writer = FileSealer::make(CHANNEL, length).unwrap();
        let (sealed, sent, stored) = run(&mut writer, &source, 0);
        let sealed = sealed.unwrap();
        assert_eq!((stored, sent.len()), (sent.len(), writer.journal().layout().parts() as usize));
        let whole: Vec<u8> = sent.iter().flat_map(|part| part.data.to_vec()).collect();
        let digests: Vec<u8> = sent.iter().flat_map(|part| *part.sha256.as_bytes()).collect();
        assert_eq!(sealed.parts_sha256, Digest::of(&digests));
        assert_eq!(sealed.sha256, Digest::of(&source.content));
        assert!(sent.iter().all(|part| part.sha256 == Digest::of(&part.data)));
        let journal = writer.journal();
        let header = &whole[..HEADER_BYTES];
        let opener = FileOpener::new(journal.key(), CHANNEL, journal.file(), length, header).unwrap();
        let mut clear = Vec::new();
        let mut stream = opener.stream_from(0).unwrap();
        stream
            .push::<SealError>(&whole[HEADER_BYTES..], |content| {
                clear.extend_from_slice(content);
                Ok(())
            })
            .unwrap();
        stream.finish().unwrap();
        assert!(clear == source.content, "{length}");
    }
}

#[test]
fn a_resumed_upload_sends_the_rest_and_hashes_the_whole() {
    let source = source(2 * PART_CONTENT_BYTES + 9);
    let mut writer = FileSealer::make(CHANNEL, source.content.len() as u64).unwrap();
    let (sealed, all, _) = run(&mut writer, &source, 0);
    let journal = FileJournal::decode(&writer.journal().encode()).unwrap();
    let mut resumed = FileSealer::resume(journal).unwrap();
    let (again, rest, stored) = run(&mut resumed, &source, 1);
    assert_eq!(again.unwrap(), sealed.unwrap());
    assert_eq!((rest.as_slice(), stored), (&all[1..], 0), "the same bytes, and no hash stored twice");
    let (_, none, _) = run(&mut resumed, &source, 3);
    assert!(none.is_empty());
}

#[test]
fn a_file_that_changed_is_never_sent_under_the_same_key() {
    let length = PART_CONTENT_BYTES + 9;
    let changed = |change: fn(&mut Vec<u8>)| {
        let mut source = source(length);
        let mut writer = FileSealer::make(CHANNEL, length).unwrap();
        run(&mut writer, &source, 0).0.unwrap();
        change(&mut source.content);
        fs::write(&source.path, &source.content).unwrap();
        let (sealed, sent, _) = run(&mut writer, &source, 0);
        assert!(matches!(sealed, Err(FileError::Seal(SealError::SourceChanged { .. }))), "{sealed:?}");
        sent.len()
    };
    assert_eq!(changed(|content| content[0] ^= 1), 0);
    assert_eq!(changed(|content| *content.last_mut().unwrap() ^= 1), 1);
    assert_eq!(changed(|content| content.truncate(content.len() - 1)), 1);
    assert_eq!(changed(|content| content.push(0)), 2);
}

#[test]
fn a_journal_that_could_not_be_stored_lets_nothing_out() {
    let source = source(9);
    let mut writer = FileSealer::make(CHANNEL, 9).unwrap();
    let (sender, mut receiver) = mpsc::channel(1);
    let sealed = seal(&mut writer, &source.path, 0, sender, |_| Err(FileError::Bug("no disk")));
    assert!(matches!(sealed, Err(FileError::Bug("no disk"))));
    assert!(receiver.blocking_recv().is_none() && !writer.journal().is_recorded(0));
}

#[test]
fn an_upload_that_ended_ends_the_sealing() {
    let source = source(3 * PART_CONTENT_BYTES);
    let mut writer = FileSealer::make(CHANNEL, source.content.len() as u64).unwrap();
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    // It neither hangs nor takes the file for another: the next try goes on from the journal.
    let ended = seal(&mut writer, &source.path, 0, sender, |_| Ok(()));
    assert!(matches!(ended, Err(FileError::Incomplete)), "{ended:?}");
}

#[test]
fn names_of_files_are_bare() {
    let check = |path: &str, expect: &str| assert_eq!(file_name(std::path::Path::new(path)), expect);
    check("/a/b/Закон.pdf", "Закон.pdf");
    check("a\nb.txt", "a_b.txt");
    check("/", "file");
    assert_eq!(file_name(std::path::Path::new(&"ж".repeat(200))).len(), 254);
    assert_eq!(media_type(std::path::Path::new("a.PDF")), "application/pdf");
    assert_eq!(media_type(std::path::Path::new("a")), "application/octet-stream");
}

#[test]
fn what_was_fetched_before_is_kept_up_to_the_last_whole_part() {
    use chancery_seal::file::{FileLayout, SealedHash};

    let length = 2 * PART_CONTENT_BYTES + 9;
    let layout = FileLayout::new(length).unwrap();
    let check = |there: u64, part: u32| {
        let mut out = Cursor::new(vec![5; usize::try_from(there).unwrap()]);
        let mut hash = SealedHash::new();
        assert_eq!(fetch::keep(&mut out, &layout, &mut hash, &Progress::none()).unwrap(), part, "{there}");
        let kept = usize::try_from(u64::from(part) * PART_CONTENT_BYTES).unwrap();
        assert_eq!((out.position(), hash.finish()), (kept as u64, Digest::of(&vec![5; kept])));
    };
    check(0, 0);
    check(PART_CONTENT_BYTES - 1, 0);
    check(PART_CONTENT_BYTES, 1);
    check(length - 1, 2);
    check(length + 99, 2);
}
