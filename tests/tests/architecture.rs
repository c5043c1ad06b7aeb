//! The invariants of ARCHITECTURE.md that the sources themselves can show.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Every Rust source under these folders, as (path from the root, text).
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(!found.is_empty(), "{folders:?}");
    found
}

/// The sources that contain one of `words` outside comments, but are not under one of `rooms`.
fn strays(folders: &[&str], words: &[&str], rooms: &[&str]) -> Vec<String> {
    sources(folders)
        .into_iter()
        .filter(|(name, _)| !rooms.iter().any(|room| name.starts_with(room)))
        .filter(|(_, text)| {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            code.into_iter().any(|line| words.iter().any(|word| line.contains(word)))
        })
        .map(|(name, _)| name)
        .collect()
}

/// Every code that the client gives as a reason: a literal in capitals, outside tests and outside what names the values
/// of arguments or variables of the environment.
#[test]
fn every_reason_of_the_client_is_documented() {
    let read = |page: &str| fs::read_to_string(root().join("docs").join(page)).unwrap();
    let documented = read("interface.md") + &read("errors.md");
    let is_reason = |word: &str| {
        let capital = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
        word.len() >= 4 && !word.ends_with('_') && word.bytes().all(capital)
    };
    let mut found = 0;
    for (name, text) in sources(&["client/src/cli", "client/src/link", "client/src/verify"]) {
        let code = text.split("#[cfg(test)]").next().unwrap();
        let lines = code.lines().filter(|line| !line.contains("value_name") && !line.contains("named("));
        for reason in lines.flat_map(|line| line.split('"').skip(1).step_by(2)).filter(|word| is_reason(word))
        {
            found += 1;
            assert!(documented.contains(&format!("`{reason}`")), "{reason} of {name}");
        }
    }
    assert!(found > 80, "only {found} reasons were found");
}

fn dependencies(package: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--offline",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--package",
            package,
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn invariant_1_core_does_no_io_and_reads_no_clock() {
    let words = ["std::fs", "std::net", "std::io", "SystemTime", "Instant::now", "SystemRandom", "tokio"];
    // The vectors are a test, which reads and rewrites their files.
    assert_eq!(strays(&["core/src"], &words, &["core/src/vectors"]), [""; 0]);
}

#[test]
fn invariant_2_the_server_does_not_link_what_opens_content() {
    let server = dependencies("chancery-server");
    assert!(server.contains("chancery-core"), "the check itself works");
    for crate_name in ["chancery-seal", "hpke", "chacha20poly1305"] {
        assert!(!server.lines().any(|line| line.starts_with(&format!("{crate_name} "))), "{crate_name}");
    }
}

#[test]
fn invariant_3_each_room_keeps_to_its_own_words() {
    // The gate hands its streams to tonic, which asks for a trait of its own there.
    let wire = ["server/src/api", "server/src/gate", "client/src/link"];
    assert_eq!(strays(&["server/src", "client/src", "core/src", "seal/src"], &["tonic::"], &wire), [""; 0]);
    let encodings = ["server/src/api", "client/src/link", "core/src/act"];
    assert_eq!(
        strays(&["server/src", "client/src", "core/src", "seal/src"], &["prost::"], &encodings),
        [""; 0]
    );
    // The logs name a target of sqlx, to show that its lines stay out.
    let sql = ["\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE ", "sqlx::"];
    assert_eq!(
        strays(&["server/src", "client/src"], &sql, &["server/src/store", "server/src/observe.rs"]),
        [""; 0]
    );
}

#[test]
fn invariant_4_only_the_policy_makes_permits() {
    let words = ["DirectoryPermit {", "ChannelPermit {"];
    assert_eq!(strays(&["core/src", "server/src", "client/src"], &words, &["core/src/policy/"]), [""; 0]);
}

#[test]
fn no_private_key_is_committed() {
    let output = Command::new("git").arg("ls-files").current_dir(root()).output().unwrap();
    assert!(output.status.success(), "git is needed to list the committed files");
    for name in String::from_utf8(output.stdout).unwrap().lines() {
        let Ok(bytes) = fs::read(root().join(name)) else { continue };
        let marker = ["-----BEGIN", "PRIVATE KEY-----"];
        let text = String::from_utf8_lossy(&bytes);
        let found = text.lines().any(|line| line.starts_with(marker[0]) && line.ends_with(marker[1]));
        assert!(!found, "{name}");
    }
}
