//! Cosigned checkpoints from a server or a peer.
#![no_main]

use chancery_core::id::{ChannelId, KeyId};
use chancery_core::log::CosignedCheckpoint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let (root, channel) = (KeyId::new([1; 32]), ChannelId::new([2; 16]));
    if let Ok(cosigned) = CosignedCheckpoint::open(data, &root, &channel, &[7; 32]) {
        assert_eq!(cosigned.note(&root), data);
        let _ = cosigned.verify(&root, &[8; 32]);
    }
});
