//! A sealed body of any bytes: no panic, and what does not come from the key does not open. If the input is
//! long enough it is also sealed and mutated, so that the fuzzer gets past the commitment.
#![no_main]

use chancery_core::id::{ActId, ChannelId, SectionId};
use chancery_seal::body::{BodyContext, CONTENT_BYTES_MAX, open_body, seal_body};
use chancery_seal::revision::RevisionPlace;
use chancery_seal::secret::RevisionKey;
use libfuzzer_sys::fuzz_target;

const CONTEXT: BodyContext<'_> = BodyContext {
    place: RevisionPlace {
        channel: ChannelId::new([1; 16]),
        section: SectionId::new([2; 16]),
        act: ActId::new([3; 16]),
    },
    kind: "response",
};

fuzz_target!(|bytes: &[u8]| {
    let key = RevisionKey::from_bytes([4; 32]);
    assert!(open_body(&key, &CONTEXT, bytes).is_err());

    let Some(([a, b, c, mask], content)) = bytes.split_first_chunk::<4>() else { return };
    let content = &content[..content.len().min(CONTENT_BYTES_MAX)];
    let mut sealed = seal_body(&key, &CONTEXT, content).expect("the content is short enough");
    let at = u32::from_le_bytes([*a, *b, *c, 0]) as usize % sealed.len();
    sealed[at] ^= mask;
    let opened = open_body(&key, &CONTEXT, &sealed);
    assert_eq!(opened.is_ok(), *mask == 0);
    assert!(opened.is_err() || **opened.expect("checked") == *content);
});
