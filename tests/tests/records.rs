//! Files, disclosure, records and bundles between real processes.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use chancery_tests::field::{Field, PASSPHRASE, program};
use serde_json::Value;

const ABOUT: [&str; 6] = ["--instrument", "firearms", "--article", "5", "--question", "firearms-5-1"];

/// The usual review of Chile: Kenya reviews the Convention and firearms, Portugal firearms alone; Japan is another
/// party. Every command is a process of its own.
struct Town {
    field: Field,
}

/// What a command said.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    lines: Vec<Value>,
    error: Option<Value>,
}

impl Town {
    fn with_review() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let field = runtime.block_on(async {
            let mut field = Field::start().await;
            for code in ["CL", "KE", "PT", "JP"] {
                field.admit_state(code).await;
            }
            field.officer("officer").await;
            for (who, code) in [("chile", "CL"), ("kenya", "KE"), ("portugal", "PT"), ("japan", "JP")] {
                Box::pin(field.focal_point(who, code)).await;
            }
            field
        });
        let town = Self { field };
        town.done("officer", &["upkeep"]);
        let reviewers = ["--reviewer", "KE:untoc,firearms", "--reviewer", "PT:firearms"];
        let open =
            ["review", "open", "--state", "CL", "--instruments", "untoc,firearms", "--languages", "en,es"];
        town.done("officer", &[&open[..], &reviewers].concat());
        for who in ["chile", "kenya", "portugal", "officer"] {
            town.done(who, &["upkeep"]);
        }
        town
    }

    fn path(&self, name: &str) -> PathBuf {
        self.field.path().join(name)
    }

    fn root(&self) -> String {
        self.field.root().to_string()
    }

    fn start(&self, who: &str, args: &[&str]) -> Child {
        let mut command = Command::new(program("chancery"));
        command.arg("--home").arg(self.field.home(who)).args(["--json", "--passphrase-fd", "0"]).args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // One that needs no passphrase may have ended already.
        let _ = writeln!(child.stdin.take().unwrap(), "{PASSPHRASE}");
        child
    }

    fn run(&self, who: &str, args: &[&str]) -> Said {
        said(&self.start(who, args).wait_with_output().unwrap())
    }

    fn done(&self, who: &str, args: &[&str]) -> Vec<Value> {
        let said = self.run(who, args);
        assert_eq!(said.code, Some(0), "{who} {args:?}: {said:?}");
        said.lines
    }

    fn refused(&self, who: &str, args: &[&str], exit: i32) -> String {
        let said = self.run(who, args);
        assert_eq!(said.code, Some(exit), "{who} {args:?}: {said:?}");
        said.error.unwrap()["reason"].as_str().unwrap().to_owned()
    }

    fn posts(&self, who: &str, section: &str) -> Vec<Value> {
        let lines = self.done(who, &["thread", section]);
        lines.into_iter().filter(|line| line["kind"] == "post").collect()
    }
}

impl Said {
    fn one(self, kind: &str) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.lines.into_iter().find(|line| line["kind"] == kind).unwrap()
    }
}

fn said(output: &Output) -> Said {
    let parse = |bytes: &[u8]| -> Vec<Value> {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    let error = parse(&output.stderr).into_iter().find_map(|line| line.get("error").cloned());
    Said { code: output.status.code(), lines: parse(&output.stdout), error }
}

/// Whether a folder has anything in it, once it is there.
fn has_entries(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

fn field<'a>(lines: &'a [Value], kind: &str, name: &str) -> &'a str {
    let line = lines.iter().find(|line| line["kind"] == kind);
    line.and_then(|line| line[name].as_str()).unwrap_or_else(|| panic!("no {kind} with {name} in {lines:?}"))
}

fn section(lines: &[Value]) -> String {
    field(lines, "posted", "section").to_owned()
}

/// Bytes that no compression and no accident repeats.
fn bytes(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn file_of(posts: &[Value], name: &str) -> String {
    let files = posts.iter().filter_map(|post| post["content"]["files"].as_array()).flatten();
    let file = files.into_iter().find(|file| file["name"] == name).unwrap();
    file["file"].as_str().unwrap().to_owned()
}

fn page(town: &Town, path: &str) -> (u16, Vec<u8>) {
    chancery_tests::page::page(town.field.server.as_ref().unwrap().public(), path)
}

#[test]
fn a_document_goes_up_sealed_and_comes_down_checked() {
    let mut town = Town::with_review();
    let (content, file) = (bytes(12_000_000), town.path("ley 20.000.pdf"));
    fs::write(&file, &content).unwrap();
    let file = file.to_str().unwrap();

    // The client is killed while it sends, and the server, too; the same command goes on.
    let put = ["put", file, "--to", "firearms", "--language", "es", "--title", "Ley"];
    let mut child = town.start("chile", &put);
    let journals = town.path("homes/chile/records/journal");
    while !has_entries(&journals) {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it began");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    town.field.restart_server();
    let document = section(&town.done("chile", &put));
    let posts = town.posts("portugal", &document);
    assert_eq!(posts.len(), 1, "cited once");
    assert!(!has_entries(&journals), "nothing is left to go on with");

    let id = file_of(&posts, "ley 20.000.pdf");
    let to = town.path("got");
    fs::create_dir(&to).unwrap();
    let to_text = to.to_str().unwrap();
    let got = town.done("portugal", &["get", &id, "--to", to_text]);
    let path = field(&got, "file", "path");
    assert!(path.ends_with("ley_20.000.pdf") && fs::read(path).unwrap() == content);
    assert_eq!(town.refused("portugal", &["get", &id, "--to", to_text], 5), "EXISTS");
    town.done("portugal", &["get", &id, "--to", to_text, "--force"]);
    assert_eq!(fs::read_dir(&to).unwrap().count(), 1, "no part is left beside it");
    assert_eq!(town.refused("japan", &["get", &id, "--to", to_text], 4), "NOT_FOUND");

    // What an interrupted download has left is gone on with, and what is not of the file is found.
    let part = to.join(format!(".{id}.part"));
    fs::write(&part, &content[..5_242_880]).unwrap();
    town.done("portugal", &["get", &id, "--to", to_text, "--force"]);
    fs::write(&part, vec![0; 5_242_880]).unwrap();
    assert_eq!(town.refused("portugal", &["get", &id, "--to", to_text, "--force"], 6), "BEGINNING_DAMAGED");
    assert!(fs::read(path).unwrap() == content && !part.exists());
}

#[test]
fn para_40_one_revision_is_opened_and_no_other() {
    let town = Town::with_review();
    let held = ["--language", "es", "--hold-back", "todavía no"];
    let first = town.done("chile", &[&["post", "response"], &ABOUT[..], &held, &["primera"]].concat());
    let answer = section(&first);
    let revise = |text| {
        let revision =
            ["post", "response", "--revises", &answer, "--hold-back", "no", "--language", "es", text];
        field(&town.done("chile", &revision), "posted", "act").to_owned()
    };
    let second = revise("segunda");
    revise("tercera");

    let unasked = ["disclose", &answer, "--to", "all-parties", "--revision", &second];
    assert_eq!(town.refused("chile", &unasked, 2), "NOT_CONFIRMED", "nobody can be asked");
    let disclose = ["disclose", &answer, "--to", "all-parties", "--revision", &second, "--yes"];
    let preview = town.done("chile", &[&disclose[..], &["--preview"]].concat());
    let preview = preview.iter().find(|line| line["kind"] == "disclosure-preview").unwrap();
    assert_eq!(preview["states"], serde_json::json!(["CL", "JP", "KE", "PT"]));
    assert_eq!(
        (preview["posts"].as_array().unwrap().len(), &preview["posts"][0]["act"]),
        (1, &second.clone().into())
    );
    assert!(town.done("japan", &["disclosed"]).is_empty(), "a preview changes nothing");

    for (who, reason) in [("kenya", "STATE_UNDER_REVIEW_ONLY"), ("officer", "SECRETARIAT_READS_ONLY")] {
        assert_eq!(town.refused(who, &disclose, 3), reason);
    }
    assert_eq!(town.refused("japan", &disclose, 4), "NOT_FOUND");
    town.done("chile", &disclose);
    let listed = town.done("japan", &["disclosed"]);
    assert_eq!((listed.len(), &listed[0]["act"]), (1, &second.clone().into()));
    let item = town.done("japan", &["read-disclosed", "0"]);
    let item = item.iter().find(|line| line["kind"] == "item").unwrap();
    assert_eq!((&item["content"]["text"], &item["state"]), (&"segunda".into(), &"CL".into()));
    assert_eq!(town.refused("chile", &disclose, 5), "DISCLOSURE_UNCHANGED");

    let withdraw = ["withdraw", &answer, "--from", "all-parties", "--yes"];
    assert!(town.done("chile", &[&withdraw[..], &["--preview"]].concat())[0]["posts"].is_array());
    town.done("chile", &withdraw);
    assert!(town.done("japan", &["disclosed"])[0]["withdrawn"].is_string(), "a dated mark stays");
    let read = town.run("japan", &["read-disclosed", "0"]);
    let error = read.error.unwrap();
    assert_eq!((read.code, &error["reason"]), (Some(4), &"NOT_FOUND".into()));
    assert!(error["message"].as_str().unwrap().starts_with("item 0 was withdrawn at "), "{error}");
}

#[test]
fn para_41_what_is_public_is_proved_to_anyone() {
    let town = Town::with_review();
    let annex = town.path("anexo.txt");
    fs::write(&annex, "el texto de la ley").unwrap();
    let put = ["put", annex.to_str().unwrap(), "--to", "firearms", "--language", "es", "--text", "Véase"];
    let document = section(&town.done("chile", &put));
    assert_eq!(page(&town, "/bundle/0").0, 404);
    town.done("chile", &["disclose", &document, "--to", "public", "--yes"]);

    let root = town.root();
    let (status, bundle) = page(&town, "/bundle/0");
    assert_eq!(status, 200);
    let path = town.path("item.zip");
    fs::write(&path, &bundle).unwrap();
    let verify =
        |root: &str| town.run("nobody", &["verify", "bundle", path.to_str().unwrap(), "--root", root]);
    let shown = verify(&root).one("bundle-verified");
    assert_eq!((&shown["state"], &shown["text"]), (&"CL".into(), &"Véase".into()));
    assert_eq!(shown["files"][0]["name"], "anexo.txt");
    let other = verify(&"0".repeat(64));
    assert_eq!((other.code, &other.error.unwrap()["at"]), (Some(6), &"found-directory".into()));

    // Every part of it that says something is checked.
    for (words, at) in [("el texto de la ley", "attachments/000"), ("anexo.txt", "rendition")] {
        let place = bundle.windows(words.len()).position(|window| window == words.as_bytes()).unwrap();
        let mut changed = bundle.clone();
        changed[place] ^= 1;
        fs::write(&path, &changed).unwrap();
        let said = verify(&root);
        assert_eq!(said.code, Some(6), "{words}");
        assert_eq!(said.error.unwrap()["at"], at);
    }
    // A member's client finds the same in the publication log, and reads it as the public does.
    let folder = town.path("public");
    fs::create_dir(&folder).unwrap();
    let read = ["read-disclosed", "0", "--audience", "public", "--save", folder.to_str().unwrap()];
    town.done("japan", &read);
    assert_eq!(fs::read_to_string(folder.join("anexo.txt")).unwrap(), "el texto de la ley");

    town.done("chile", &["withdraw", &document, "--from", "public", "--yes"]);
    assert_ne!(page(&town, "/bundle/0").0, 200, "serving has stopped");
    town.done("kenya", &["verify"]);
}

#[test]
fn a_record_verifies_offline_without_an_account() {
    let mut town = Town::with_review();
    let file = town.path("anexo.txt");
    fs::write(&file, "el texto de la ley").unwrap();
    let question = [&["ask"], &ABOUT[..], &["--language", "ar", "هل يشمل الذخيرة؟"]].concat();
    let thread = section(&town.done("kenya", &question));
    let attach = ["--attach", file.to_str().unwrap()];
    town.done("chile", &[&["reply", &thread, "Sí", "--language", "es"][..], &attach].concat());
    let response = [&["post", "response"], &ABOUT[..], &["--language", "es", "otra sección"]].concat();
    town.done("chile", &response);

    let path = |name: &str| town.path(name).to_str().unwrap().to_owned();
    let (whole, other, part) = (path("whole.zip"), path("other.zip"), path("part.zip"));
    town.done("kenya", &["archive", "export", &whole, "--instrument", "firearms"]);
    town.done("officer", &["archive", "export", &other, "--instrument", "firearms"]);
    town.done("portugal", &["archive", "export", &part, "--section", &thread]);
    assert!(fs::read(&whole).unwrap() == fs::read(&other).unwrap(), "the same, whoever made it");
    assert_eq!(
        town.refused("kenya", &["archive", "export", &whole, "--instrument", "firearms"], 5),
        "EXISTS"
    );
    assert_eq!(
        town.refused("japan", &["archive", "export", &path("x"), "--instrument", "firearms"], 4),
        "NOT_FOUND"
    );

    let root = town.root();
    town.field.kill_server();
    let verify = |file: &str, root: &str| town.run("nobody", &["archive", "verify", file, "--root", root]);
    let shown = verify(&whole, &root).one("record-verified");
    assert_eq!((&shown["posts"], &shown["files"], &shown["state"]), (&3.into(), &1.into(), &"CL".into()));
    let shown = verify(&part, &root).one("record-verified");
    assert_eq!((&shown["posts"], &shown["section"]), (&2.into(), &thread.into()));
    assert_eq!(verify(&whole, &"0".repeat(64)).code, Some(6));

    let intact = fs::read(&whole).unwrap();
    for (words, at) in [("el texto de la ley", "attachments/"), ("هل يشمل", "index.html")] {
        let place = intact.windows(words.len()).position(|window| window == words.as_bytes()).unwrap();
        let mut changed = intact.clone();
        changed[place] ^= 1;
        fs::write(&other, &changed).unwrap();
        let said = verify(&other, &root);
        assert_eq!(said.code, Some(6), "{words}");
        let found = said.error.unwrap();
        assert!(found["at"].as_str().unwrap().starts_with(at), "{found}");
    }
}
