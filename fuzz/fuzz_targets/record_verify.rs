//! Records: the container has one form, and so have manifests and logs; no bytes hold under a root that nobody has.
#![no_main]

use std::io::Cursor;

use chancery_client::archive::container::{Container, Measured, Writer};
use chancery_client::archive::logs;
use chancery_client::archive::manifest::Manifest;
use chancery_client::archive::verify::verify;
use chancery_core::id::KeyId;
use libfuzzer_sys::fuzz_target;

const MEMBER_BYTES_MAX: u64 = 1 << 20;

fuzz_target!(|data: &[u8]| {
    assert!(verify(Cursor::new(data), &KeyId::new([0; 32]), u64::MAX).is_err());
    if let Ok(manifest) = Manifest::decode(data) {
        assert_eq!(manifest.encode(), data);
    }
    if let Ok(entries) = logs::decode(data.to_vec()) {
        assert_eq!(logs::encode(&entries), data);
    }
    if let Some(again) = written_again(data) {
        assert_eq!(again, data);
    }
});

fn written_again(data: &[u8]) -> Option<Vec<u8>> {
    let mut container = Container::open(Cursor::new(data)).ok()?;
    let names: Vec<String> = container.members().iter().map(|member| member.name.clone()).collect();
    let mut writer = Writer::new(Vec::new());
    for (number, name) in names.iter().enumerate() {
        let content = container.read(number, MEMBER_BYTES_MAX).ok()?;
        writer.add(name, &Measured::of(&content), &mut &content[..]).ok()?;
    }
    writer.finish().ok()
}
