use chancery_core::id::{ChannelId, Digest, FileId};
use proptest::prelude::*;

use super::*;
use crate::SealError;
use crate::secret::FileKey;

const CHANNEL: ChannelId = ChannelId::new([1; 16]);
const PART: usize = 5_242_880;

fn content(bytes: usize) -> Vec<u8> {
    (0..251).cycle().take(bytes).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "has the form of what stores a journal")]
fn stored(_: &FileJournal) -> Result<(), SealError> {
    Ok(())
}

fn part_of(content: &[u8], layout: FileLayout, part: u32) -> &[u8] {
    let range = layout.content_part(part).unwrap();
    &content[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()]
}

/// Gives the content piece by piece.
fn reading(mut content: &[u8]) -> impl FnMut(&mut [u8]) -> Result<(), SealError> {
    move |piece| {
        let (next, rest) =
            content.split_at_checked(piece.len()).ok_or(SealError::SourceChanged { part: 0 })?;
        piece.copy_from_slice(next);
        content = rest;
        Ok(())
    }
}

fn seal_all(upload: &mut FileSealer, content: &[u8]) -> Vec<Vec<u8>> {
    let layout = upload.journal().layout();
    (0..layout.parts())
        .map(|part| {
            let mut out = Vec::new();
            let content = reading(part_of(content, layout, part));
            let hash = upload.seal_part(part, &mut out, content, stored).unwrap();
            assert_eq!(hash, Digest::of(&out));
            out
        })
        .collect()
}

fn opener(upload: &FileSealer, content: &[u8], sealed: &[u8]) -> Result<FileOpener, SealError> {
    let journal = upload.journal();
    let header = &sealed[..HEADER_BYTES];
    FileOpener::new(journal.key(), CHANNEL, journal.file(), content.len() as u64, header)
}

#[test]
fn files_of_one_and_of_several_parts_open_again() {
    for bytes in [0, 1, 16_384, PART - 1, PART, PART + 1, 11_000_000] {
        let content = content(bytes);
        let mut upload = FileSealer::make(CHANNEL, bytes as u64).unwrap();
        let parts = seal_all(&mut upload, &content);
        let layout = upload.journal().layout();
        let whole = parts.concat();
        assert_eq!(whole.len() as u64, layout.sealed_bytes(), "{bytes}");

        let by_parts = opener(&upload, &content, &whole).unwrap();
        let mut out = Vec::new();
        for (part, sealed) in (0..).zip(&parts) {
            by_parts.open_part(part, sealed, &mut out).unwrap();
            assert!(out == part_of(&content, layout, part), "{bytes}, part {part}");
        }

        let mut stream = opener(&upload, &content, &whole).unwrap().stream_from(0).unwrap();
        let mut streamed = Vec::new();
        for piece in whole[HEADER_BYTES..].chunks(262_144) {
            stream
                .push(piece, |content| {
                    streamed.extend_from_slice(content);
                    Ok::<_, SealError>(())
                })
                .unwrap();
        }
        stream.finish().unwrap();
        assert!(streamed == content, "{bytes}");
    }
}

#[test]
fn a_stream_goes_on_from_any_part() {
    let content = content(PART + 20_000);
    let mut upload = FileSealer::make(CHANNEL, content.len() as u64).unwrap();
    let parts = seal_all(&mut upload, &content);
    let mut stream = opener(&upload, &content, &parts[0]).unwrap().stream_from(1).unwrap();
    let mut streamed = Vec::new();
    let take = |content: &[u8]| {
        streamed.extend_from_slice(content);
        Ok::<_, SealError>(())
    };
    stream.push(&parts[1], take).unwrap();
    stream.finish().unwrap();
    assert!(streamed == content[PART..]);
}

#[test]
fn the_wrong_key_channel_file_or_length_is_refused() {
    let content = content(100_000);
    let mut upload = FileSealer::make(CHANNEL, 100_000).unwrap();
    let sealed = seal_all(&mut upload, &content).concat();
    let (file, key) = (upload.journal().file(), upload.journal().key());
    let header = &sealed[..HEADER_BYTES];
    let open = |key: &FileKey, channel, file, bytes, header: &[u8]| {
        FileOpener::new(key, channel, file, bytes, header).map(drop)
    };
    assert_eq!(open(key, CHANNEL, file, 100_000, header), Ok(()));
    let other = FileKey::make().unwrap();
    assert_eq!(open(&other, CHANNEL, file, 100_000, header), Err(SealError::Commitment));
    let elsewhere = ChannelId::new([2; 16]);
    assert_eq!(open(key, elsewhere, file, 100_000, header), Err(SealError::Commitment));
    let another = FileId::new([2; 16]);
    assert_eq!(open(key, CHANNEL, another, 100_000, header), Err(SealError::Commitment));
    assert!(matches!(open(key, CHANNEL, file, 100_000, &header[1..]), Err(SealError::Length { .. })));

    // The citing body gives another length: either the sealed length differs, or the padding does.
    let mut out = Vec::new();
    let longer = FileOpener::new(key, CHANNEL, file, 200_000, header).unwrap();
    assert!(matches!(longer.open_part(0, &sealed, &mut out), Err(SealError::Length { .. })));
    let shorter = FileOpener::new(key, CHANNEL, file, 99_999, header).unwrap();
    assert_eq!(shorter.open_part(0, &sealed, &mut out), Err(SealError::Padding));
    assert!(out.is_empty());
}

#[test]
fn moved_cut_and_extended_files_are_refused() {
    let content = content(PART + 100_000);
    let mut upload = FileSealer::make(CHANNEL, content.len() as u64).unwrap();
    let parts = seal_all(&mut upload, &content);
    let sealed = parts.concat();
    let opener = opener(&upload, &content, &sealed).unwrap();
    let mut out = Vec::new();

    let mut swapped = parts[1].clone();
    swapped[..2 * 16_400].rotate_left(16_400);
    assert_eq!(opener.open_part(1, &swapped, &mut out), Err(SealError::Tag));
    assert!(matches!(opener.open_part(1, &parts[1][1..], &mut out), Err(SealError::Length { .. })));
    assert!(matches!(opener.open_part(1, &parts[0], &mut out), Err(SealError::Length { .. })));
    assert_eq!(
        opener.open_part(2, &parts[1], &mut out),
        Err(SealError::PastTheEnd { what: "part", index: 2 })
    );
    let mut other_header = parts[0].clone();
    other_header[0] ^= 1;
    assert_eq!(opener.open_part(0, &other_header, &mut out), Err(SealError::Commitment));

    let ignore = |_: &[u8]| Ok::<_, SealError>(());
    let stream = || super::tests::opener(&upload, &content, &sealed).unwrap().stream_from(0).unwrap();
    let mut cut = stream();
    cut.push(&sealed[HEADER_BYTES..sealed.len() - 1], ignore).unwrap();
    assert!(matches!(cut.finish(), Err(SealError::Length { .. })));
    let mut cut_at_a_chunk = stream();
    cut_at_a_chunk.push(&sealed[HEADER_BYTES..HEADER_BYTES + 16_400], ignore).unwrap();
    assert!(matches!(cut_at_a_chunk.finish(), Err(SealError::Length { .. })));
    let mut extended = stream();
    extended.push(&sealed[HEADER_BYTES..], ignore).unwrap();
    assert!(matches!(extended.push(&[0], ignore), Err(SealError::PastTheEnd { .. })));
    assert!(matches!(extended.finish(), Err(SealError::PastTheEnd { .. })));
}

#[test]
fn a_stream_that_failed_gives_nothing_more() {
    let content = content(100_000);
    let mut upload = FileSealer::make(CHANNEL, 100_000).unwrap();
    let mut sealed = seal_all(&mut upload, &content).concat();
    sealed[HEADER_BYTES + 16_400] ^= 1;
    let mut stream = opener(&upload, &content, &sealed).unwrap().stream_from(0).unwrap();
    let mut chunks = 0;
    let mut count = |_: &[u8]| {
        chunks += 1;
        Ok::<_, SealError>(())
    };
    assert_eq!(stream.push(&sealed[HEADER_BYTES..], &mut count), Err(SealError::Tag));
    assert_eq!(stream.push(&sealed[HEADER_BYTES..], &mut count), Err(SealError::Tag));
    assert_eq!(stream.finish(), Err(SealError::Tag));
    assert_eq!(chunks, 1);
}

#[test]
fn an_upload_goes_on_from_its_journal_with_the_same_bytes() {
    let content = content(PART + 50_000);
    let mut upload = FileSealer::make(CHANNEL, content.len() as u64).unwrap();
    let layout = upload.journal().layout();
    let (mut first, mut kept) = (Vec::new(), None);
    let record = |journal: &FileJournal| {
        assert!(journal.is_recorded(0) && !journal.is_recorded(1));
        kept = Some(journal.encode());
        Ok::<_, SealError>(())
    };
    upload.seal_part(0, &mut first, reading(part_of(&content, layout, 0)), record).unwrap();
    let whole = [first.clone(), seal_all(&mut upload, &content).swap_remove(1)].concat();

    let journal = FileJournal::decode(&kept.unwrap()).unwrap();
    let mut resumed = FileSealer::resume(journal).unwrap();
    let mut again = Vec::new();
    let not_again = |_: &FileJournal| Err(SealError::Bug("the hash is in the journal already"));
    resumed.seal_part(0, &mut again, reading(part_of(&content, layout, 0)), not_again).unwrap();
    assert!(again == first);
    assert!(seal_all(&mut resumed, &content).concat() == whole);
}

/// The one thing that must never happen: two ciphertexts let out under one key and nonce.
#[test]
fn a_part_of_other_content_is_not_let_out() {
    let mut upload = FileSealer::make(CHANNEL, 50_000).unwrap();
    let mut sealed = Vec::new();
    upload.seal_part(0, &mut sealed, reading(&vec![1; 50_000]), stored).unwrap();
    let mut resumed = FileSealer::resume(FileJournal::decode(&upload.journal().encode()).unwrap()).unwrap();
    for upload in [&mut upload, &mut resumed] {
        let mut out = b"something".to_vec();
        let refused = upload.seal_part(0, &mut out, reading(&vec![2; 50_000]), stored);
        assert_eq!(refused, Err(SealError::SourceChanged { part: 0 }));
        assert!(out.is_empty());
    }
    let anew = FileSealer::make(CHANNEL, 50_000).unwrap();
    assert_ne!(anew.journal().key().as_bytes(), upload.journal().key().as_bytes());
    assert_ne!(anew.journal().salt, upload.journal().salt);
    assert_ne!(anew.journal().file(), upload.journal().file());
}

#[test]
fn nothing_is_let_out_before_the_journal_is_stored() {
    #[derive(Debug, PartialEq)]
    enum Failed {
        Disk,
        Seal(SealError),
    }
    impl From<SealError> for Failed {
        fn from(error: SealError) -> Self {
            Self::Seal(error)
        }
    }
    let mut upload = FileSealer::make(CHANNEL, 3).unwrap();
    let mut out = Vec::new();
    let content = |content: &'static [u8; 3]| {
        move |piece: &mut [u8]| {
            piece.copy_from_slice(content);
            Ok(())
        }
    };
    let failed = upload.seal_part(0, &mut out, content(b"one"), |_| Err(Failed::Disk));
    assert_eq!(failed, Err(Failed::Disk));
    assert!(out.is_empty() && !upload.journal().is_recorded(0));
    let mut stored = 0;
    let mut record = |_: &FileJournal| {
        stored += 1;
        Ok::<_, Failed>(())
    };
    let unreadable = upload.seal_part(0, &mut out, |_| Err(Failed::Disk), &mut record);
    assert_eq!(unreadable, Err(Failed::Disk));
    assert!(out.is_empty() && !upload.journal().is_recorded(0));
    upload.seal_part(0, &mut out, content(b"two"), &mut record).unwrap();
    assert_eq!((stored, out.len()), (1, 1_096));
}

#[test]
fn journals_of_another_form_are_refused() {
    let mut upload = FileSealer::make(CHANNEL, (PART + 1) as u64).unwrap();
    upload.seal_part(0, &mut Vec::new(), reading(&vec![0; PART]), stored).unwrap();
    let good = upload.journal().encode();
    assert_eq!(*FileJournal::decode(&good).unwrap().encode(), *good);
    for length in 0..good.len() {
        assert!(FileJournal::decode(&good[..length]).is_err(), "{length}");
    }
    let altered = |at: usize, value: u8| {
        let mut bytes = good.to_vec();
        bytes[at] = value;
        FileJournal::decode(&bytes).map(drop)
    };
    assert!(matches!(altered(0, 0), Err(SealError::Format { .. })));
    assert!(matches!(altered(8, 2), Err(SealError::UnknownVersion { found: 2, .. })));
    assert!(matches!(altered(104, 0xff), Err(SealError::TooLarge { .. })));
    assert!(matches!(altered(105, 2), Err(SealError::Format { .. })));
    assert!(matches!(FileJournal::decode(&[&good[..], &[0]].concat()), Err(SealError::Format { .. })));
}

#[test]
fn the_hash_of_a_file_is_over_the_hashes_of_its_parts() {
    for bytes in [0, 1, PART, PART + 1, 2 * PART + 9] {
        let content = content(bytes);
        let mut upload = FileSealer::make(CHANNEL, bytes as u64).unwrap();
        assert_eq!(upload.journal().parts_sha256(), None);
        let parts = seal_all(&mut upload, &content);
        let digests: Vec<u8> = parts.iter().flat_map(|part| *Digest::of(part).as_bytes()).collect();
        let expected = Digest::of(&digests);
        assert_eq!(upload.journal().parts_sha256(), Some(expected));

        let (layout, whole) = (upload.journal().layout(), parts.concat());
        for piece in [1_000, PART + 100, whole.len()] {
            let hash_of = |sealed: &[u8]| {
                let mut hash = PartsHash::new(layout).unwrap();
                sealed.chunks(piece).try_for_each(|piece| hash.update(piece)).map(|()| hash.finish())
            };
            assert_eq!(hash_of(&whole), Ok(Some(expected)), "{bytes} in pieces of {piece}");
            let mut altered = whole.clone();
            *altered.last_mut().unwrap() ^= 1;
            assert!(hash_of(&altered).unwrap().is_some_and(|other| other != expected));
            assert_eq!(hash_of(&whole[..whole.len() - 1]), Ok(None), "cut off");
            let longer = hash_of(&[&whole[..], &[0]].concat());
            assert!(matches!(longer, Err(SealError::PastTheEnd { .. })), "{longer:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_range_opens_from_its_own_chunks(bytes in 1_usize..120_000, from: prop::sample::Index, to: prop::sample::Index) {
        let content = content(bytes);
        let mut upload = FileSealer::make(CHANNEL, bytes as u64).unwrap();
        let sealed = seal_all(&mut upload, &content).concat();
        let opener = opener(&upload, &content, &sealed).unwrap();
        let (a, b) = (from.index(bytes), to.index(bytes));
        let range = a.min(b)..a.max(b) + 1;
        let span = opener.layout().span(range.start as u64..range.end as u64).unwrap();
        let fetch = span.sealed();
        let fetched = &sealed[usize::try_from(fetch.start).unwrap()..usize::try_from(fetch.end).unwrap()];
        let mut out = Vec::new();
        opener.open_span(&span, fetched, &mut out).unwrap();
        prop_assert!(out == content[range]);
        prop_assert!(opener.layout().span(0..bytes as u64 + 1).is_err());
    }
}
