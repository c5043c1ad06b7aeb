//! The bundle that proves one public item to anyone, offline (`docs/formats/bundle.md`).
//!
//! It goes out while it is made: the longest attachment passes through a few pieces of 256 KiB.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chancery_core::act::{Audience, Grant, Kind, SignedAct, SignedStatement, StateStatement, Statement};
use chancery_core::log::EntryProof;
use chancery_core::name::{KeyAlgorithm, key_id};
use chancery_core::state::StateKey;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::attachment::{disposition, rendition};
use super::response::{self, Response};
use crate::app::disclosed::DisclosedItem;
use crate::app::download::{Download, Wanted};
use crate::app::{App, AppError};
use crate::store::db::Source;
use crate::store::publications::Opened;
use crate::store::{files, publications};

/// A member of the container.
enum Member {
    Bytes(Bytes),
    File(Download),
}

type Members = Vec<(String, Member)>;

/// The bundle of a live item, to be saved.
pub(super) async fn open(
    app: &App,
    places: &Arc<Semaphore>,
    index: u64,
) -> Result<Option<Response>, AppError> {
    let Some(item) = app.disclosed_item(Audience::Public, index).await? else { return Ok(None) };
    let Some(opened) = &item.opened else { return Ok(None) };
    let Ok(place) = places.clone().try_acquire_owned() else { return Ok(Some(response::busy())) };
    let Some(members) = members(app, &item, opened).await? else { return Ok(None) };
    let name = disposition(&format!("chancery-item-{index}.zip"));
    Ok(Some(response::download("application/zip", name, None, write(members, place))))
}

/// Every member in the order of the format; none if the item was withdrawn meanwhile.
async fn members(app: &App, item: &DisclosedItem, opened: &Opened) -> Result<Option<Members>, AppError> {
    let rendition = rendition(opened.rendition.as_deref())?;
    let mut members = vec![fixed("format", &b"chancery/v1/bundle\n"[..])];
    members.extend(certificates(app, item).await?);
    members.push(fixed("grant", item.summary.grant.clone()));
    let proof = EntryProof {
        log_time_ms: item.summary.log_time_ms,
        index: item.summary.index,
        path: item.proof.clone(),
        checkpoint: item.checkpoint.clone(),
    };
    members.push(fixed("grant.tlog-proof", proof.encode()));
    members.push(fixed("body", opened.body.clone()));
    members.push(fixed("revision-key", opened.key_material.clone()));
    members.push(fixed("rendition", opened.rendition.clone().unwrap_or_default()));
    let publication = app.world().publication_id(Audience::Public);
    for position in 0..u32::try_from(rendition.files.len()).unwrap_or(u32::MAX) {
        let found = publications::attachment(app.pool(), &publication, item.summary.index, position).await?;
        let Some(id) = found else { return Ok(None) };
        let Some(file) = files::find(&mut Source::Pool(app.pool()), &id).await? else { return Ok(None) };
        let whole = app.file_store().download(&file, Wanted { offset_bytes: 0, length_bytes: 0 })?;
        members.push((format!("attachments/{position:03}"), Member::File(whole)));
    }
    Ok(Some(members))
}

fn fixed(name: &str, bytes: impl Into<Bytes>) -> (String, Member) {
    (name.to_owned(), Member::Bytes(bytes.into()))
}

/// What certifies the key under which the grant is signed: the acts of the root, with their proofs, and from the
/// key that the root certified last to this one each key's word for the next.
async fn certificates(app: &App, item: &DisclosedItem) -> Result<Members, AppError> {
    let signed = SignedStatement::decode(item.summary.grant.clone())?;
    let grant = grant_of(&signed)?;
    let directory = app.directory().await?;
    let directory = &directory.state;
    let now = directory.now(app.now_ms());
    let state = now.state(&grant.post.state).ok_or(AppError::Bug("a grant of an unknown State"))?;
    let signs = |known: &StateKey| key_id(KeyAlgorithm::Ed25519, &known.key) == signed.signer();
    let signing = state.keys.iter().position(signs).ok_or(AppError::Bug("a grant under an unknown key"))?;
    let mut successions = Vec::new();
    let mut certified = None;
    for key in state.keys[..=signing].iter().rev() {
        let entry = app.directory_entry(key.since).await?;
        let act = SignedAct::decode(entry.signed)?;
        match &act.content().statement {
            Statement::ReplaceStateKey(act) => successions.push(act.succession.bytes().clone()),
            statement => {
                certified = Some((statement.kind(), key.since));
                break;
            }
        }
    }
    let (kind, certified) = certified.ok_or(AppError::Bug("a State key that the root never certified"))?;
    let mut members = Members::new();
    for (name, index) in [
        (Kind::FoundDirectory.as_str(), 0),
        (Kind::AdmitState.as_str(), state.since),
        (kind.as_str(), certified),
    ] {
        let entry = app.directory_entry(index).await?;
        let proof = app.prove_directory_entry(directory, &entry, certified + 1)?;
        members.push(fixed(name, entry.signed));
        members.push(fixed(&format!("{name}.tlog-proof"), proof.encode()));
    }
    for (position, succession) in successions.into_iter().rev().enumerate() {
        members.push(fixed(&format!("successions/{position:03}"), succession));
    }
    Ok(members)
}

/// The grant in an entry of the publication log.
pub(super) fn grant_of(signed: &SignedStatement) -> Result<&Grant, AppError> {
    match signed.content() {
        StateStatement::Grant(grant) => Ok(grant),
        _ => Err(AppError::Bug("a release that is not a grant")),
    }
}

/// Writes the container on a thread of its own, for the writer of ZIPs knows only blocking writes.
fn write(members: Members, place: OwnedSemaphorePermit) -> ReceiverStream<Result<Bytes, AppError>> {
    let (sender, receiver) = mpsc::channel(PIECES_WAITING_MAX);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let mut out = Pieces { runtime: runtime.clone(), sender: sender.clone(), piece: Vec::new() };
        let written = write_members(&mut out, &runtime, members).and_then(|()| out.flush());
        if written.is_err() {
            // The reader, if it is still there, must not take what came so far for the whole.
            let cut = Err(AppError::Bug("a bundle was cut off"));
            let _ = runtime.block_on(tokio::time::timeout(PIECE_MAX, sender.send(cut)));
        }
    });
    ReceiverStream::new(receiver)
}

fn write_members(out: &mut Pieces, runtime: &Handle, members: Members) -> io::Result<()> {
    let mut zip = ZipWriter::new_stream(out);
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, member) in members {
        zip.start_file(name, stored)?;
        match member {
            Member::Bytes(bytes) => zip.write_all(&bytes)?,
            Member::File(mut file) => {
                while let Some(piece) = runtime.block_on(file.next()).map_err(io::Error::other)? {
                    zip.write_all(&piece)?;
                }
            }
        }
    }
    zip.finish()?;
    Ok(())
}

/// Gathers what is written into pieces, and waits until the reader takes them.
struct Pieces {
    runtime: Handle,
    sender: mpsc::Sender<Result<Bytes, AppError>>,
    piece: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = Ok(std::mem::take(&mut self.piece).into());
        let sent = self.runtime.block_on(tokio::time::timeout(PIECE_MAX, self.sender.send(piece)));
        match sent {
            Ok(Ok(())) => Ok(()),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

const PIECE_BYTES: usize = 256 * 1024;
/// Longest wait until the reader takes a piece.
const PIECE_MAX: Duration = Duration::from_mins(1);
const PIECES_WAITING_MAX: usize = 2;
