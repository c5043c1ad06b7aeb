//! The pages over a real listener.

mod world;

use std::io::{Cursor, Read as _};
use std::time::Duration;

use chancery_core::act::{SignedAct, SignedStatement, TreeHead};
use chancery_core::id::Digest;
use chancery_core::log::{Checkpoint, EntryProof, origin};
use chancery_core::mechanism::Language;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;
use crate::app::LogKey;
use world::{DAY_MS, HIDDEN, LAW, NOW_MS, R, World, rendition, with_file};

#[tokio::test]
async fn states_stand_in_the_order_of_the_alphabet_with_their_items() {
    let mut world = World::new(&["CL", "CI", "ZA", "DZ"]).await;
    world.open("ZA", &rendition("Fourth", "t")).await;
    world.open("CL", &rendition("Third", "t")).await;
    world.open("DZ", &rendition("First", "t")).await;
    world.open("CL", &rendition("Other of the third", "t")).await;
    let served = world.serve(PublicLimits::default()).await;
    let page = served.get("/").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let text = page.text();
    let places: Vec<_> =
        ["Algeria", "First", "Chile", "Third", "Other of the third", "South Africa", "Fourth"]
            .iter()
            .map(|word| text.find(&format!(">{word}<")).unwrap_or_else(|| panic!("{word}: {text}")))
            .collect();
    assert!(places.is_sorted(), "{text}");
    assert!(!text.contains("Ivoire"), "a State without a public item is not named");
    for word in ["Firearms Protocol", "article 5", "question firearms-5-1", "English", "15 January 2027"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(!text.contains(HIDDEN));
    let state = served.get("/state/CL").await.text();
    assert!(state.contains("Third") && state.contains("Other of the third") && !state.contains("Fourth"));
    for path in ["/state/CI", "/state/XX", "/state/CL/99"] {
        assert_eq!(served.get(path).await.status, 404, "{path}");
    }
    served.stop().await;
}

#[tokio::test]
async fn nothing_public_is_said_plainly_and_new_items_appear() {
    let world = World::new(&["CL"]).await;
    let served = world.serve(PublicLimits::default()).await;
    assert!(served.get("/").await.text().contains("No State has opened an item"));
    assert_eq!(served.get("/item/0").await.status, 404);
    let checkpoint = served.get("/checkpoint").await.text();
    let log_key = LogKey::from_pkcs8(&world.log_key).unwrap();
    let origin = origin(&world.root.key_id(), &world.public_id());
    let head = Checkpoint::open(&checkpoint, &origin, log_key.public()).unwrap().head;
    assert_eq!(head, TreeHead { size: 0, root: Digest::of(b"") });
    served.stop().await;
}

#[tokio::test]
async fn an_item_is_shown_in_its_language_and_direction() {
    let mut world = World::new(&["CL"]).await;
    let mut arabic = with_file(rendition("سؤال", "نص\n\nفقرة ثانية"), "قانون.pdf", "application/pdf");
    arabic.language = Language::Ar;
    world.open("CL", &arabic).await;
    let served = world.serve(PublicLimits::default()).await;
    let page = served.get("/item/0").await;
    assert_eq!(page.status, 200);
    let text = page.text();
    for word in [
        "<h1 lang=\"ar\" dir=\"rtl\">سؤال</h1>",
        "<div class=\"text\" lang=\"ar\" dir=\"rtl\">\n<p>نص</p>\n<p>فقرة ثانية</p>",
        "<a href=\"/file/0/0\" download><bdi>قانون.pdf</bdi></a>",
        "href=\"/bundle/0\"",
        "<a href=\"/state/CL\">Chile</a>",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let file = served.get("/file/0/0").await;
    assert_eq!((file.status, &file.body[..]), (200, LAW));
    assert_eq!(file.header("content-type"), "application/pdf");
    assert!(file.header("content-disposition").starts_with("attachment; filename=\""));
    assert_eq!(file.header("content-length"), LAW.len().to_string());
    for path in ["/file/0/1", "/file/1/0", "/item/1", "/bundle/1"] {
        assert_eq!(served.get(path).await.status, 404, "{path}");
    }
    served.stop().await;
}

#[tokio::test]
async fn a_hostile_text_stays_text() {
    let mut world = World::new(&["CL"]).await;
    let evil = "</a></h1><script>alert(1)</script><img src=x onerror=\"x\">'&amp;\u{202e}txet";
    let rendition = with_file(rendition(evil, evil), "\"><svg onload=x>.html", "text/html");
    world.open("CL", &rendition).await;
    let served = world.serve(PublicLimits::default()).await;
    for path in ["/", "/state/CL", "/item/0"] {
        let text = served.get(path).await.text();
        assert!(text.contains("&lt;script&gt;"), "{path}: {text}");
        for markup in ["<script", "<img", "<svg", "onerror=\"", "&amp;amp;\u{202e}<"] {
            assert!(!text.contains(markup), "{path}: {markup}: {text}");
        }
    }
    let file = served.get("/file/0/0").await;
    assert_eq!(file.header("content-type"), "application/octet-stream");
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    served.stop().await;
}

#[tokio::test]
async fn a_withdrawn_item_leaves_a_dated_tombstone() {
    let mut world = World::new(&["CL"]).await;
    world.open("CL", &with_file(rendition("A title", "A text"), "law.pdf", "application/pdf")).await;
    world.open("CL", &rendition("Another", "t")).await;
    let served = world.serve(PublicLimits::default()).await;
    assert!(served.get("/").await.text().contains("A title"));
    served.stop().await;
    world.withdraw("CL", 1).await;
    let served = world.serve(PublicLimits::default()).await;
    for path in ["/", "/state/CL"] {
        let text = served.get(path).await.text();
        assert!(text.contains("Response, withdrawn on <time"), "{text}");
        assert!(text.contains("17 January 2027") && text.contains("Another"), "{text}");
        assert!(!text.contains("A title"), "{text}");
    }
    let page = served.get("/item/0").await;
    assert_eq!(page.status, 410);
    let text = page.text();
    assert!(text.contains("opened to the public on <time") && text.contains("15 January 2027"), "{text}");
    assert!(text.contains("withdrawn on <time") && text.contains("17 January 2027"), "{text}");
    assert!(!text.contains("A title") && !text.contains("A text"), "{text}");
    for path in ["/file/0/0", "/bundle/0", "/item/2"] {
        assert_eq!(served.get(path).await.status, 404, "{path}");
    }
    served.stop().await;
}

#[tokio::test]
async fn every_answer_is_fenced_in_and_only_reading_is_possible() {
    let mut world = World::new(&["CL"]).await;
    world.open("CL", &with_file(rendition("A title", "t"), "law.pdf", "application/pdf")).await;
    let served = world.serve(PublicLimits::default()).await;
    let paths = ["/", "/about", "/style.css", "/checkpoint", "/item/0", "/file/0/0", "/bundle/0", "/nothing"];
    for path in paths {
        let get = served.get(path).await;
        assert!(get.header("content-security-policy").starts_with("default-src 'none'; style-src 'self'"));
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(get.header(name), value, "{path}");
        }
        let head = served.request(Method::HEAD, path).await;
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
            let refused = served.request(method, path).await;
            assert_eq!((refused.status, refused.header("allow")), (405, "GET, HEAD"), "{path}");
        }
    }
    for path in ["/favicon.ico", "/robots.txt", "/item", "/state", "/.git/config", "/..%2f..%2fetc/passwd"] {
        assert_eq!(served.get(path).await.status, 404, "{path}");
    }
    assert!(served.get("/about").await.text().contains(&world.root.key_id().to_string()));
    served.stop().await;
}

#[tokio::test]
async fn every_page_is_whole_and_accessible() {
    let mut world = World::new(&["CL"]).await;
    world.open("CL", &with_file(rendition("A title", "t"), "law.pdf", "application/pdf")).await;
    let served = world.serve(PublicLimits::default()).await;
    for path in ["/", "/about", "/item/0", "/state/CL", "/nothing"] {
        let text = served.get(path).await.text();
        for (word, times) in [
            ("<html lang=\"en\">", 1),
            ("<title>", 1),
            ("<h1", 1),
            ("<main id=\"content\"", 1),
            ("href=\"#content\"", 1),
            ("<nav aria-label=", 1),
            ("<script", 0),
            ("style=", 0),
            ("http://", 0),
            ("https://", 0),
        ] {
            assert_eq!(text.matches(word).count(), times, "{path}: {word}");
        }
        for tag in ["ul", "li", "p", "dl", "dt", "dd", "div", "h1", "h2", "a", "span", "ol"] {
            let opened =
                text.matches(&format!("<{tag}>")).count() + text.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, text.matches(&format!("</{tag}>")).count(), "{path}: {tag}");
        }
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_has_every_proof_and_nothing_else() {
    let mut world = World::new(&["KE", "CL"]).await;
    world.open("KE", &rendition("Another", "t")).await;
    let shown =
        with_file(with_file(rendition("A title", "t"), "a.pdf", "application/pdf"), "b", "text/plain");
    let index = world.open("CL", &shown).await;
    world.admit("PT").await;
    let served = world.serve(PublicLimits::default()).await;
    let answer = served.get(&format!("/bundle/{index}")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/zip"));
    let mut zip = zip::ZipArchive::new(Cursor::new(answer.body)).unwrap();
    zip.validate_header_consistency().unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(
        names,
        [
            "format",
            "found-directory",
            "found-directory.tlog-proof",
            "admit-state",
            "admit-state.tlog-proof",
            "certify-state-key",
            "certify-state-key.tlog-proof",
            "grant",
            "grant.tlog-proof",
            "body",
            "revision-key",
            "rendition",
            "attachments/000",
            "attachments/001",
        ]
    );
    let mut member = |name: &str| {
        let mut bytes = Vec::new();
        let mut file = zip.by_name(name).unwrap();
        assert_eq!(file.compression(), zip::CompressionMethod::Stored);
        file.read_to_end(&mut bytes).unwrap();
        bytes
    };
    assert_eq!(member("format"), b"chancery/v1/bundle\n");
    assert_eq!((member("body"), member("revision-key")), (b"sealed 2".to_vec(), R.to_vec()));
    assert_eq!(member("rendition"), shown.encode());
    assert_eq!((member("attachments/000"), member("attachments/001")), (LAW.to_vec(), LAW.to_vec()));

    let log_key = *LogKey::from_pkcs8(&world.log_key).unwrap().public();
    let root = world.root.key_id();
    let directory = origin(&root, &world.directory_id());
    for (name, at) in [("found-directory", 0), ("admit-state", 4), ("certify-state-key", 6)] {
        let act = member(name);
        SignedAct::decode(act.clone()).unwrap().verify(&world.root.public(), &root).unwrap();
        let proof = EntryProof::decode(&member(&format!("{name}.tlog-proof"))).unwrap();
        let checkpoint = proof.verify(&act, &directory, &log_key).unwrap();
        assert_eq!((proof.index, checkpoint.head.size), (at, 7), "{name}: not how far it is by now");
    }
    let grant = member("grant");
    let signed = SignedStatement::decode(grant.clone()).unwrap();
    signed.verify(&World::state_key("CL").public(), &root).unwrap();
    let proof = EntryProof::decode(&member("grant.tlog-proof")).unwrap();
    proof.verify(&grant, &origin(&root, &world.public_id()), &log_key).unwrap();
    assert_eq!((proof.index, proof.log_time_ms), (index, NOW_MS + DAY_MS));
    served.stop().await;
}

#[tokio::test]
async fn strangers_are_bounded() {
    let world = World::new(&["CL"]).await;
    let limits = PublicLimits {
        connections_max: 2,
        head_max: Duration::from_millis(100),
        head_bytes_max: 8_192,
        ..PublicLimits::default()
    };
    let served = world.serve(limits).await;
    // A head that never ends is cut off, and so is one that is too long.
    for head in ["GET / HTTP/1.1\r\nhost: x\r\n".to_owned(), format!("GET /{} ", "a".repeat(20_000))] {
        let mut tcp = TcpStream::connect(served.address).await.unwrap();
        // It may be refused while it is still being sent.
        let _ = tcp.write_all(head.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = tcp.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(!answer.contains("200 OK"), "{answer}");
    }
    // Above the number of connections a further one is closed at once.
    let kept = [
        TcpStream::connect(served.address).await.unwrap(),
        TcpStream::connect(served.address).await.unwrap(),
    ];
    let mut further = TcpStream::connect(served.address).await.unwrap();
    assert_eq!(further.read(&mut [0; 1]).await.unwrap_or(0), 0);
    drop(kept);
    served.stop().await;
}

#[tokio::test]
async fn it_stops_when_it_is_told() {
    let world = World::new(&["CL"]).await;
    let served = world.serve(PublicLimits::default()).await;
    let address = served.address;
    assert_eq!(served.get("/").await.status, 200);
    served.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}
