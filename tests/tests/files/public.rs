//! An item goes to the public: through the append, onto the page, into a bundle that a client verifies, and
//! back again.

use std::io::Cursor;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use chancery_client::bundle;
use chancery_client::compose::Signer;
use chancery_core::act::{
    Audience, Disclose, Grant, PostBody, PostRef, Rendition, SignedAct, StateStatement, Statement, Withdraw,
    Withdrawal,
};
use chancery_core::file::FileUse;
use chancery_core::id::{ActId, ChannelId, Digest, KeyId, SectionId};
use chancery_seal::revision::{RevisionPlace, derive_revision_key};
use chancery_server::app::append::{NewEntry, NewRelease};
use chancery_server::app::upload::Announced;
use chancery_server::app::{App, Caller};
use chancery_server::public::{PublicLimits, serve};
use chancery_tests::{random, state};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::scene::{Scene, law};

const LAW: &[u8] = b"law";

/// A post that is being opened.
struct Opening {
    post: PostRef,
    content: PostBody,
}

impl Opening {
    async fn of(scene: &mut Scene) -> Self {
        let file = scene.upload().await;
        let (act_id, composed) = scene.cite(file).await;
        let Statement::Post(post) = composed.act.content().statement.clone() else { panic!("a post") };
        let channel = scene.strand.channel.id;
        let (kind, body) = (post.kind, post.body);
        let post = PostRef { state: state("CL"), channel, section: post.section, act_id, kind, body };
        Self { post, content: law(file) }
    }

    fn place(&self) -> (ChannelId, SectionId, ActId) {
        (self.post.channel, self.post.section, self.post.act_id)
    }
}

async fn upload_in_clear(scene: &Scene, app: &App, chile: &Caller) {
    let (channel, file) = (scene.strand.channel.id, random());
    let usage = FileUse::Rendition(Digest::of(LAW));
    let announced = Announced { channel, file, length_bytes: LAW.len() as u64, usage };
    app.start_upload(chile, announced).await.unwrap();
    let mut upload = app.upload(chile, &file).await.unwrap();
    upload.begin_part(0, Digest::of(LAW)).await.unwrap();
    upload.write(Bytes::from_static(LAW)).await.unwrap();
    assert!(upload.finish().await.unwrap().complete);
}

/// An act of Chile in the strand as the server has it now, which Chile's own copy follows.
fn act(scene: &mut Scene, statement: Statement) -> SignedAct {
    let root = scene.all.root.key_id();
    let standpoint = scene.all.standpoint(&scene.chile, &scene.strand, Some(&scene.review));
    let act = Signer { key: &scene.chile.sign, root: &root }.act(&standpoint, random(), statement).unwrap();
    scene.all.append(&scene.chile, &mut scene.strand, Some(&scene.review), act.clone().into()).unwrap();
    act
}

fn signed(scene: &Scene, statement: &StateStatement) -> chancery_core::act::SignedStatement {
    let root = scene.all.root.key_id();
    Signer { key: &scene.all.state_keys[&state("CL")], root: &root }.statement(statement).unwrap()
}

fn disclosure(scene: &mut Scene, opening: &Opening) -> NewEntry {
    let rendition = Bytes::from(Rendition::of(&opening.content).encode());
    let audience = Audience::Public;
    let grant = Grant { post: opening.post.clone(), audience, rendition: Some(Digest::of(&rendition)) };
    let grants = vec![signed(scene, &StateStatement::Grant(grant))];
    let (channel, section, act_id) = opening.place();
    let place = RevisionPlace { channel, section, act: act_id };
    let key = derive_revision_key(scene.ring.secret(0).unwrap(), &place).unwrap();
    let release = NewRelease { key_material: Bytes::copy_from_slice(key.as_bytes()), rendition };
    let act = act(scene, Statement::Disclose(Disclose { section, audience, grants }));
    NewEntry { signed: act.bytes().clone(), releases: vec![release], ..NewEntry::default() }
}

fn withdrawal(scene: &mut Scene, opening: &Opening) -> NewEntry {
    let (channel, section, act_id) = opening.place();
    let audience = Audience::Public;
    let withdrawal = Withdrawal { state: state("CL"), channel, section, act_id, audience };
    let withdrawals = vec![signed(scene, &StateStatement::Withdrawal(withdrawal))];
    let act = act(scene, Statement::Withdraw(Withdraw { section, audience, withdrawals }));
    NewEntry { signed: act.bytes().clone(), ..NewEntry::default() }
}

async fn page_of(app: &App) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, app.clone(), PublicLimits::default(), CancellationToken::new()));
    address
}

/// Status and body. HTTP/1.0, so that the body ends with the connection.
async fn get(address: SocketAddr, path: &str) -> (u16, Vec<u8>) {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(format!("GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), answer[end + 4..].to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn para_41_what_a_state_opens_anyone_reads_and_verifies_until_it_is_withdrawn() {
    let mut scene = Scene::new().await;
    let opening = Box::pin(Opening::of(&mut scene)).await;
    let app = scene.app().await;
    let chile = app.caller(scene.chile.public_keys().device_tls_key).await.unwrap();
    let strand = scene.strand.channel.id;
    let address = page_of(&app).await;
    assert_eq!(get(address, "/item/0").await.0, 404);

    upload_in_clear(&scene, &app, &chile).await;
    let entry = disclosure(&mut scene, &opening);
    app.append(&chile, strand, vec![entry]).await.unwrap();
    for path in ["/", "/item/0"] {
        let (status, page) = get(address, path).await;
        let page = String::from_utf8(page).unwrap();
        assert!(status == 200 && page.contains("Chile"), "{page}");
    }
    assert!(String::from_utf8(get(address, "/item/0").await.1).unwrap().contains("See the law"));
    assert_eq!(get(address, "/file/0/0").await, (200, LAW.to_vec()));
    let (status, zip) = get(address, "/bundle/0").await;
    assert_eq!(status, 200);
    let shown = bundle::verify(Cursor::new(&zip[..]), &scene.all.root.key_id()).unwrap();
    assert_eq!(shown.rendition, Rendition::of(&opening.content));
    assert!(bundle::verify(Cursor::new(&zip[..]), &KeyId::new([1; 32])).is_err(), "another root");

    let entry = withdrawal(&mut scene, &opening);
    app.append(&chile, strand, vec![entry]).await.unwrap();
    let (status, page) = get(address, "/item/0").await;
    let page = String::from_utf8(page).unwrap();
    assert!(status == 410 && page.contains("withdrawn on") && !page.contains("See the law"), "{page}");
    for path in ["/file/0/0", "/bundle/0"] {
        assert_eq!(get(address, path).await.0, 404, "{path}");
    }
    assert!(!String::from_utf8(get(address, "/").await.1).unwrap().contains("See the law"));
}
