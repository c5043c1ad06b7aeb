//! Records and bundles that were tampered with, and the limits of the programs' own input.

use std::path::Path;
use std::process::Command;

use chancery_tests::field::program;
use chancery_tests::played::{Played, finish, run_publicly};

const DESCRIPTOR_BYTES: usize = 16;

/// A proof, and the command that verifies it.
struct Proof {
    file: &'static str,
    verify: [&'static str; 2],
    reason: &'static str,
}

const PROOFS: [Proof; 2] = [
    Proof { file: "archive.zip", verify: ["archive", "verify"], reason: "RECORD" },
    Proof { file: "bundles/0.zip", verify: ["verify", "bundle"], reason: "BUNDLE" },
];

/// The members of a container as its own headers name them: name, where the header begins, where the content ends.
fn members(zip: &[u8]) -> Vec<(String, usize, usize)> {
    let mut starts: Vec<usize> =
        zip.windows(4).enumerate().filter(|(_, at)| *at == b"PK\x03\x04").map(|(start, _)| start).collect();
    let central = zip.windows(4).position(|at| at == b"PK\x01\x02").unwrap();
    starts.push(central);
    starts
        .windows(2)
        .map(|pair| {
            let length = usize::from(u16::from_le_bytes([zip[pair[0] + 26], zip[pair[0] + 27]]));
            let name = String::from_utf8_lossy(&zip[pair[0] + 30..pair[0] + 30 + length]).into_owned();
            // Sizes stand before the content, or after it with a mark and the checksum.
            let described = zip[pair[1] - DESCRIPTOR_BYTES..].starts_with(b"PK\x07\x08");
            (name, pair[0], pair[1] - if described { DESCRIPTOR_BYTES } else { 0 })
        })
        .collect()
}

#[test]
fn a_changed_byte_is_found_and_its_member_is_named() {
    let played = Played::copy();
    for Proof { file, verify, reason } in &PROOFS {
        let good = std::fs::read(played.path(file)).unwrap();
        let members = members(&good);
        assert!(members.len() >= 12, "{members:?}");
        for (name, _, end) in &members {
            let mut bad = good.clone();
            bad[end - 1] ^= 1;
            let (exit, at) = attempt(&played, verify, &bad, reason, played.id("root"));
            assert_eq!((exit, at.as_str()), (6, name.as_str()), "{file}");
        }
    }
}

#[test]
fn a_cut_or_a_foreign_container_is_found() {
    let played = Played::copy();
    let root = played.id("root").to_owned();
    let other = root.chars().rev().collect::<String>();
    for Proof { file, verify, reason } in &PROOFS {
        let good = std::fs::read(played.path(file)).unwrap();
        let all = members(&good);
        let without_a_member = [&good[..all[1].1], &good[all[2].1..]].concat();
        for (what, bytes, root) in [
            ("cut", good[..good.len() - 100].to_vec(), &root),
            ("empty", Vec::new(), &root),
            ("another file", b"PK\x03\x04 but no container".to_vec(), &root),
            ("a member dropped", without_a_member, &root),
            ("another root", good.clone(), &other),
        ] {
            let (exit, at) = attempt(&played, verify, &bytes, reason, root);
            assert_eq!(exit, 6, "{file}: {what}");
            assert!(!at.is_empty(), "{file}: {what}");
        }
        let said = run_publicly(&[verify[0], verify[1], path(&played.path(file)), "--root", &root]);
        assert_eq!(said.exit, 0, "{file} itself: {}", said.stderr);
    }
}

fn attempt(played: &Played, verify: &[&str; 2], bytes: &[u8], reason: &str, root: &str) -> (i32, String) {
    let altered = played.path("altered.zip");
    std::fs::write(&altered, bytes).unwrap();
    let said = run_publicly(&[verify[0], verify[1], path(&altered), "--root", root]);
    assert_eq!(said.refusal().1, reason, "{}", said.stderr);
    (said.exit, said.error["at"].as_str().unwrap_or_default().to_owned())
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn the_demo_overwrites_nothing() {
    let played = Played::copy();
    let said = run_publicly(&["demo", "--keep", path(&played.path(""))]);
    assert_eq!(said.refusal(), (2, "USAGE"), "{}", said.stderr);
}

#[test]
fn init_refuses_what_it_cannot_use_and_makes_nothing() {
    let played = Played::copy();
    let (root, mechanism) = (played.id("root"), played.path("mechanism.toml"));
    let (large, other) = (played.path("large.toml"), played.path("other.toml"));
    std::fs::write(&large, "#".repeat(300_000)).unwrap();
    std::fs::write(&other, "x = 1").unwrap();
    let absent = played.path("absent.toml");
    let data = played.path("new");
    for (root, mechanism, exit) in [
        ("zz", &mechanism, 2),
        ("", &mechanism, 2),
        (&root[2..], &mechanism, 2),
        (root, &absent, 1),
        (root, &large, 1),
        (root, &other, 1),
    ] {
        let said = init(&data, root, mechanism);
        assert_eq!(said, exit, "{root} {}", mechanism.display());
        assert!(!data.exists(), "{root} {}", mechanism.display());
    }
    assert_eq!(init(&data, root, &mechanism), 0);
    let keys = std::fs::read(data.join("log.key")).unwrap();
    let other_root: String = root.chars().rev().collect();
    assert_eq!(init(&data, &other_root, &mechanism), 1, "the folder is of another root");
    assert_eq!(init(&data, root, &mechanism), 0, "the same again");
    assert_eq!(std::fs::read(data.join("log.key")).unwrap(), keys);
    let mut serve = Command::new(program("chancery-server"));
    serve.args(["serve", "--listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0", "--data"]).arg(&data);
    let said = finish(serve, "");
    assert_eq!(said.exit, 1, "it is not certified: {}", said.stderr);
}

fn init(data: &Path, root: &str, mechanism: &Path) -> i32 {
    let mut command = Command::new(program("chancery-server"));
    command.args(["init", "--root", root, "--data"]).arg(data).arg("--mechanism").arg(mechanism);
    finish(command, "").exit
}
