//! The program, as an operator runs it: made, certified, served, checked, stopped.

#![expect(clippy::unwrap_used, reason = "everything here is a test")]

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use chancery_client::compose::{Signer, Standpoint};
use chancery_core::act::{Author, FoundDirectory, ServerRequest, Statement};
use chancery_core::id::{ActId, Digest, KeyId};
use chancery_core::mechanism::UNTOC;
use chancery_core::name::directory_channel;
use chancery_core::state::Directory;
use chancery_seal::random::make_bytes;
use chancery_seal::sign::SigningKey;

/// A folder with a mechanism file, and the data folder inside it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn make() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(place.path("untoc.toml"), UNTOC).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, command: &str) -> Command {
        let mut run = Command::new(env!("CARGO_BIN_EXE_chancery-server"));
        run.arg(command).arg("--data").arg(self.path("data")).current_dir(self.folder.path());
        run
    }

    fn init(&self, root: &KeyId) -> Output {
        let mut init = self.command("init");
        init.arg("--root").arg(root.to_string()).arg("--mechanism").arg(self.path("untoc.toml"));
        init.args(["--address", "chancery.example:7443"]).output().unwrap()
    }

    fn certify(&self, certificate: &Path) -> Output {
        self.command("certify").arg(certificate).output().unwrap()
    }

    fn serve(&self) -> Served {
        let mut serve = self.command("serve");
        serve.args(["--listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0"]);
        let mut child = serve.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        Served { child, ready }
    }
}

/// A running server; killed when it is dropped.
struct Served {
    child: Child,
    ready: String,
}

impl Served {
    fn stop(mut self) -> Output {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        let mut stderr = Vec::new();
        std::io::Read::read_to_end(&mut self.child.stderr.take().unwrap(), &mut stderr).unwrap();
        Output { status, stdout: Vec::new(), stderr }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the custodians make of a request.
fn certificate(root: &SigningKey, request: &ServerRequest) -> Vec<u8> {
    let fingerprint = root.key_id();
    let statement = Statement::FoundDirectory(FoundDirectory {
        root_key: root.public(),
        mechanism: request.mechanism,
        log_key: request.log_key,
        server_tls_key: request.server_tls_key,
        custodian_tls_key: KeyId::new(make_bytes().unwrap()),
        second: None,
    });
    let standpoint = Standpoint {
        channel: directory_channel(&fingerprint),
        author: Author::Root,
        clock_ms: 1_800_000_000_000,
        seen: Directory::new(fingerprint).log.head(),
        epoch: 0,
        basis: None,
    };
    let act_id = ActId::new(make_bytes().unwrap());
    Signer { key: root, root: &fingerprint }.act(&standpoint, act_id, statement).unwrap().bytes().to_vec()
}

fn says(output: &Output, words: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains(words), "{text}");
}

#[test]
fn a_server_is_made_certified_served_and_checked() {
    let (place, root) = (Place::make(), SigningKey::make().unwrap());
    let init = place.init(&root.key_id());
    assert!(init.status.success(), "{init:?}");
    let line = String::from_utf8(init.stdout).unwrap();
    assert_eq!(line.lines().count(), 1, "the line and nothing else");
    let request = ServerRequest::read(&line).unwrap();
    assert_eq!((request.root, request.mechanism), (root.key_id(), Digest::of(UNTOC.as_bytes())));
    assert_eq!(request.address, "chancery.example:7443");
    for key in ["data/tls.key", "data/log.key"] {
        let mode = std::fs::metadata(place.path(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }

    let early = place.command("serve").output().unwrap();
    assert_eq!(early.status.code(), Some(1));
    says(&early, "the root has not certified this server");

    let file = place.path("certificate");
    std::fs::write(&file, certificate(&root, &request)).unwrap();
    for _ in 0..2 {
        let certify = place.certify(&file);
        assert!(certify.status.success(), "{certify:?}");
    }
    let served = place.serve();
    let fields: Vec<&str> = served.ready.split_whitespace().collect();
    assert_eq!(fields[..2], ["chancery-server", "ready"]);
    for (field, name) in fields[2..].iter().zip(["listen=", "public="]) {
        let address: std::net::SocketAddr = field.strip_prefix(name).unwrap().parse().unwrap();
        assert_ne!(address.port(), 0);
    }
    let second = place.command("check").output().unwrap();
    says(&second, "another process works in this data folder");
    let stopped = served.stop();
    assert!(stopped.status.success(), "{stopped:?}");
    says(&stopped, "stopped");

    for (command, words) in
        [("check", "1 entries: all is as it should be"), ("rebuild", "rebuilt 3 channels")]
    {
        let output = place.command(command).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(words), "{output:?}");
    }
}

#[test]
fn what_is_not_this_servers_is_refused() {
    let (place, root, other) = (Place::make(), SigningKey::make().unwrap(), SigningKey::make().unwrap());
    let nothing = place.command("check").output().unwrap();
    says(&nothing, "is no data folder");
    let line = String::from_utf8(place.init(&root.key_id()).stdout).unwrap();
    let again = String::from_utf8(place.init(&root.key_id()).stdout).unwrap();
    assert_eq!(line, again, "the keys are kept");
    let refused = place.init(&other.key_id());
    assert_eq!(refused.status.code(), Some(1));
    says(&refused, "belongs to another root or mechanism");

    let request = ServerRequest::read(&line).unwrap();
    let file = place.path("certificate");
    let mut altered = certificate(&root, &request);
    let last = altered.len() - 40;
    altered[last] ^= 1;
    let cases = [
        (altered, "is not a certificate of this root"),
        (certificate(&other, &request), "is not a certificate of this root"),
        (b"nothing".to_vec(), "is not a certificate of this root"),
        (certificate(&root, &ServerRequest { log_key: [1; 32], ..request.clone() }), "another log key"),
        (
            certificate(&root, &ServerRequest { server_tls_key: KeyId::new([1; 32]), ..request.clone() }),
            "another TLS key",
        ),
        (
            certificate(&root, &ServerRequest { mechanism: Digest::of(b"other"), ..request.clone() }),
            "another mechanism file",
        ),
    ];
    for (bytes, words) in cases {
        std::fs::write(&file, bytes).unwrap();
        let refused = place.certify(&file);
        assert_eq!(refused.status.code(), Some(1));
        says(&refused, words);
    }
    std::fs::write(&file, certificate(&root, &request)).unwrap();
    assert!(place.certify(&file).status.success());
    std::fs::write(&file, certificate(&root, &request)).unwrap();
    says(&place.certify(&file), "certified already");
}

#[test]
fn wrong_arguments_are_told_so() {
    let place = Place::make();
    for arguments in [&["--nonsense"][..], &["--listen", "nowhere"]] {
        let output = place.command("serve").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
