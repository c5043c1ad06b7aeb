//! A file that comes in pieces of any length and is altered at one place: whatever the sink got is a prefix of
//! the content, and only the unaltered whole finishes.
#![no_main]

use std::io::Read as _;

use chancery_core::id::ChannelId;
use chancery_seal::SealError;
use chancery_seal::file::{FileOpener, FileSealer, HEADER_BYTES};
use libfuzzer_sys::fuzz_target;

const CHANNEL: ChannelId = ChannelId::new([1; 16]);

fuzz_target!(|input: (u32, u8, u16, Vec<u8>, u32)| {
    let (at, mask, piece, content, cut) = input;
    let mut sealer = FileSealer::make(CHANNEL, content.len() as u64).expect("short");
    let mut sealed = Vec::new();
    let mut rest = &content[..];
    let read = |piece: &mut [u8]| {
        rest.read_exact(piece).expect("the content of one part");
        Ok::<_, SealError>(())
    };
    sealer.seal_part(0, &mut sealed, read, |_| Ok(())).expect("one part");
    let at = at as usize % sealed.len();
    sealed[at] ^= mask;
    let whole = cut as usize % 8 != 0;
    sealed.truncate(if whole { sealed.len() } else { cut as usize % sealed.len() });

    let (key, file) = (sealer.journal().key(), sealer.journal().file());
    let header = &sealed[..sealed.len().min(HEADER_BYTES)];
    let Ok(opener) = FileOpener::new(key, CHANNEL, file, content.len() as u64, header) else {
        assert!(!whole || (mask != 0 && at < HEADER_BYTES));
        return;
    };
    let mut stream = opener.stream_from(0).expect("part 0 exists");
    let mut got = Vec::new();
    for piece in sealed[HEADER_BYTES..].chunks(usize::from(piece) + 1) {
        let take = |content: &[u8]| {
            got.extend_from_slice(content);
            Ok::<_, SealError>(())
        };
        if stream.push(piece, take).is_err() {
            break;
        }
    }
    assert!(content.starts_with(&got));
    let finished = stream.finish().is_ok();
    assert_eq!(finished, whole && mask == 0);
    assert!(!finished || got == content);
});
