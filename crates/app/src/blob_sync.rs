//! Files beside the records, between this laptop and its server: sent after the record they belong to was accepted,
//! fetched when somebody looks. Both go on where they were cut.

use crate::App;
use crate::account::ask;
use crate::error::CallError;
use crate::link::Link;
use crate::photos::QUOTA_BYTES;
use crate::session::{Session, off_thread};
use crate::start::blocking;
use crate::transport::{Server, ServerError};
use sha2::{Digest, Sha256 as Hasher};
use slipway_domain::attachment::Attachment;
use slipway_domain::blob::{Chunk, Manifest, Sha256};
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use slipway_store::Store;
use slipway_store::blob::{BlobError, Upload};
use slipway_sync::blob::BeginUpload;
use slipway_sync::transport::TransportError;
use std::sync::Arc;

/// Files sent in one go; the next sync sends the next ones.
const UPLOADS: u32 = 200;
/// Under which name the time of the last clearing-up is remembered.
const SWEPT: &str = "blobs.swept";
/// Between two of them, in milliseconds.
const SWEEP_MS: i64 = 24 * 3_600 * 1_000;

/// SHA-256 of bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Sha256 {
    Sha256(Hasher::digest(bytes).into())
}

/// Sends what waits for the server, and once a day clears up. Gives the number of files that the server has now.
///
/// # Errors
/// The server is not reached; what it says of one file keeps no other waiting.
pub(crate) async fn upload_waiting(session: &Arc<Session>, link: &Link, now: Timestamp) -> Result<u32, CallError> {
    let store = session.store().clone();
    let ready = off_thread(move || ready(&store)).await?;
    let mut sent: u32 = 0;
    for upload in ready {
        match send(session, link, upload).await {
            Ok(()) => sent = sent.saturating_add(1),
            Err(error) if is_about_the_file(&error) => {
                tracing::warn!(%error, attachment = %upload.attachment, "The server does not take a file now");
            }
            Err(error) => return Err(error),
        }
    }
    let store = session.store().clone();
    off_thread(move || sweep(&store, now)).await?;
    Ok(sent)
}

fn is_about_the_file(error: &CallError) -> bool {
    ["NOT_FOUND", "BLOB_WRONG", "BLOB_QUOTA", "TOO_LARGE", "FILE_DAMAGED", "FILE_NOT_HERE"]
        .iter()
        .any(|code| error.has(code))
}

/// Files whose records the server knows by now. A photo that was removed before waits no longer.
fn ready(store: &Store) -> Result<Vec<Upload>, CallError> {
    let mut ready = Vec::new();
    for upload in store.uploads(UPLOADS)? {
        let (is_there, waits) = store.look(|view| {
            let record = view.get::<Attachment>(upload.attachment)?;
            let waiting = view.waiting(Kind::Attachment, upload.attachment.0)?;
            Ok::<_, Fault>((record.is_some(), waiting.commands > 0))
        })?;
        if is_there && !waits {
            ready.push(upload);
        }
    }
    Ok(ready)
}

async fn send(session: &Arc<Session>, link: &Link, upload: Upload) -> Result<(), CallError> {
    let (attachment, sha256) = (upload.attachment, upload.sha256);
    let store = session.store().clone();
    let manifest = off_thread(move || Ok(store.blob(sha256)?)).await?.ok_or(BlobError::NotHere)?;
    let begin = BeginUpload { attachment, manifest: manifest.clone() };
    let begin = &begin;
    let mut state = link.ask(|server, access| async move { server.begin_upload(&access, sha256, begin).await }).await?;
    // A second round only when another program sends the same file, or a chunk was lost on the server.
    for _ in 0..2 {
        if state.done {
            break;
        }
        for n in std::mem::take(&mut state.missing) {
            let place = usize::try_from(n).unwrap_or(usize::MAX);
            let chunk = *manifest.chunks.get(place).ok_or_else(|| unannounced(n))?;
            let store = session.store().clone();
            let bytes = off_thread(move || Ok(store.chunk(chunk.hash)?)).await?;
            let bytes = &bytes;
            link.ask(|server, access| async move { server.put_chunk(&access, sha256, attachment, n, bytes).await })
                .await?;
        }
        state =
            link.ask(|server, access| async move { server.commit_upload(&access, sha256, attachment).await }).await?;
    }
    if !state.done {
        return Err(CallError::trouble(
            "BLOB_WRONG",
            "The server asks for the same parts of a file again and again.",
            "Nothing to do: it is tried again with the next sync.",
        ));
    }
    let store = session.store().clone();
    off_thread(move || Ok(store.uploaded(attachment)?)).await
}

/// What a server must not ask for.
fn unannounced(n: u32) -> CallError {
    TransportError::Garbled { why: format!("it asks for part {n} of a file that has fewer") }.into()
}

fn sweep(store: &Store, now: Timestamp) -> Result<(), CallError> {
    let last: Option<i64> = store.remembered(SWEPT)?.and_then(|text| text.parse().ok());
    if last.is_some_and(|last| now.0.saturating_sub(last) < SWEEP_MS) {
        return Ok(());
    }
    store.sweep_blobs(now)?;
    Ok(store.remember(SWEPT, &now.0.to_string())?)
}

/// Fetches a file from the server unless it is here.
///
/// # Errors
/// There is no server or it is not reached, it does not have the file, or what came is not what was asked for.
pub(crate) async fn fetch(app: &App, sha256: Sha256, size_bytes: u64) -> Result<(), CallError> {
    let open = app.open()?;
    let store = open.store.clone();
    if blocking(move || Ok(store.has_blob(sha256)?)).await? {
        return Ok(());
    }
    if open.alone {
        return Err(BlobError::NotHere.into());
    }
    let manifest = ask(app, |server, access| async move { server.blob_manifest(&access, sha256).await }).await?;
    if manifest.sha256 != sha256 || manifest.size_bytes != size_bytes {
        return Err(BlobError::WrongHash.into());
    }
    let (store, of) = (open.store.clone(), manifest.clone());
    let missing = blocking(move || {
        let missing = store.missing_chunks(&of)?;
        store.make_blob_room(of.size_bytes, QUOTA_BYTES)?;
        Ok(missing)
    })
    .await?;
    for (chunk, from) in missing.into_iter().filter_map(|n| stretch(&manifest, n)) {
        let until = from.saturating_add(u64::from(chunk.bytes));
        let bytes =
            ask(app, |server, access| async move { whole(&server, &access, sha256, from, until).await }).await?;
        let store = open.store.clone();
        blocking(move || Ok(store.take_chunk(&chunk, &bytes)?)).await?;
    }
    let (store, now) = (open.store.clone(), app.host().now());
    blocking(move || Ok(store.finish_blob(&manifest, now)?)).await
}

/// A stretch of a file, asked for again where the line was cut.
async fn whole(server: &Server, access: &str, sha256: Sha256, from: u64, until: u64) -> Result<Vec<u8>, ServerError> {
    let mut came = Vec::new();
    loop {
        let at = from.saturating_add(came.len() as u64);
        if at >= until {
            return Ok(came);
        }
        came.extend(server.blob_stretch(access, sha256, at..until).await?);
    }
}

/// A chunk, and where in the file it begins.
fn stretch(manifest: &Manifest, n: usize) -> Option<(Chunk, u64)> {
    let from = manifest.chunks.iter().take(n).map(|chunk| u64::from(chunk.bytes)).sum();
    manifest.chunks.get(n).map(|chunk| (*chunk, from))
}

impl From<BlobError> for CallError {
    fn from(error: BlobError) -> Self {
        let code = match error {
            BlobError::Store(error) => return error.into(),
            BlobError::Empty => "FILE_EMPTY",
            BlobError::TooLarge { .. } => "TOO_LARGE",
            BlobError::Full { .. } => "FILES_FULL",
            BlobError::NotHere => "FILE_NOT_HERE",
            BlobError::Damaged { .. } => "FILE_DAMAGED",
            BlobError::WrongHash | BlobError::Manifest(_) => "FILE_WRONG",
            BlobError::Io { .. } => "FILES_IO",
        };
        let text = error.to_string();
        let (sentence, way_out) = text.rsplit_once(". ").unwrap_or((&text, "Try again."));
        Self::trouble(code, format!("{}.", sentence.trim_end_matches('.')), way_out)
    }
}
