//! Files beside the records, between this laptop and its server: sent after the record they belong to was accepted,
//! fetched when somebody looks. Both go on where they were cut.

use crate::App;
use crate::account::ask;
use crate::error::CallError;
use crate::link::Link;
use crate::pace;
use crate::session::{Session, off_thread};
use crate::start::blocking;
use crate::transport::{Server, ServerError};
use sha2::{Digest, Sha256 as Hasher};
use slipway_domain::attachment::Attachment;
use slipway_domain::blob::{Chunk, Holder, Manifest, Sha256};
use slipway_domain::dsl::item::DslItem;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use slipway_store::Store;
use slipway_store::blob::{BlobError, Upload};
use slipway_sync::blob::{BeginUpload, UploadState};
use slipway_sync::protocol::ErrorCode;
use slipway_sync::transport::TransportError;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Files sent in one go; the next sync sends the next ones.
const UPLOADS: u32 = 200;
/// Code of the error by which work leaves that was stopped.
pub(crate) const STOPPED: &str = "STOPPED";
/// Under which name the time of the last clearing-up is remembered.
const SWEPT: &str = "blobs.swept";
/// Between two of them, in milliseconds.
const SWEEP_MS: i64 = 24 * 3_600 * 1_000;

/// Other files named to the server, of which it may take chunks.
const AKIN: u32 = 8;
/// A server that asks for patience is asked again after this, unless it says when.
const PATIENCE: Duration = Duration::from_millis(1_000);
/// So often, one after another; then the file waits for the next sync.
const PATIENCE_MOST: u32 = 300;
/// Under which name it is remembered that files are not to be sent now.
const PAUSED: &str = "blobs.paused";
/// Room for files that is set aside unless somebody says otherwise; never more than half of what the disk has left.
const QUOTA_BYTES: u64 = 32 * 1024 * 1024 * 1024;

/// How far each file is that is being sent.
#[derive(Debug, Default)]
pub struct Sending(Mutex<BTreeMap<Sha256, u64>>);

impl Sending {
    /// Bytes of a file that the server has, while it is being sent.
    #[must_use]
    pub fn of(&self, sha256: Sha256) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&sha256).copied()
    }

    fn note(&self, sha256: Sha256, sent: Option<u64>) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match sent {
            Some(bytes) => files.insert(sha256, bytes),
            None => files.remove(&sha256),
        };
    }
}

/// Room for files on this laptop, in bytes.
///
/// # Errors
/// The storage failed.
pub fn quota(store: &Store) -> Result<u64, CallError> {
    if let Some(bytes) = store.blob_quota()? {
        return Ok(bytes);
    }
    // A disk that does not tell is one with room.
    let free = fs4::available_space(store.folder()).unwrap_or(u64::MAX);
    Ok(QUOTA_BYTES.min(store.blob_room()?.stored.saturating_add(free / 2)))
}

/// Whether files wait although the server could be reached.
///
/// # Errors
/// The storage failed.
pub fn is_paused(store: &Store) -> Result<bool, CallError> {
    Ok(store.remembered(PAUSED)?.is_some_and(|text| text == "yes"))
}

/// Lets files wait, or go again.
///
/// # Errors
/// The storage failed.
pub fn pause(store: &Store, paused: bool) -> Result<(), CallError> {
    Ok(store.remember(PAUSED, if paused { "yes" } else { "no" })?)
}

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
    let ready = off_thread(move || if is_paused(&store)? { Ok(Vec::new()) } else { ready(&store) }).await?;
    let mut sent: u32 = 0;
    for upload in ready {
        let went = send(session, link, upload).await;
        session.sending().note(upload.sha256, None);
        match went {
            Ok(Sent::Whole) => sent = sent.saturating_add(1),
            Ok(Sent::Paused) => break,
            Err(error) if is_about_the_file(&error) => {
                tracing::warn!(%error, holder = %upload.holder, "The server does not take a file now");
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
            let (kind, is_there) = match upload.holder {
                Holder::Attachment(id) => (Kind::Attachment, view.get::<Attachment>(id)?.is_some()),
                Holder::DslItem(id) => {
                    let item = view.get::<DslItem>(id)?;
                    let names_it = |item: DslItem| item.files.iter().any(|file| file.hash() == Some(upload.sha256));
                    (Kind::DslItem, item.is_some_and(names_it))
                }
            };
            let waiting = view.waiting(kind, upload.holder.id())?;
            Ok::<_, Fault>((is_there, waiting.commands > 0))
        })?;
        if is_there && !waits {
            ready.push(upload);
        }
    }
    Ok(ready)
}

/// How far sending came.
enum Sent {
    /// The server has it.
    Whole,
    /// Somebody wants it to wait.
    Paused,
}

/// Asks until the server has time.
async fn patient<T, F>(link: &Link, ask: impl Fn(Server, String) -> F + Send + Sync) -> Result<T, TransportError>
where
    F: Future<Output = Result<T, ServerError>> + Send,
{
    let mut tries = 0;
    loop {
        match link.ask(&ask).await {
            Err(TransportError::Refused(body))
                if tries < PATIENCE_MOST && matches!(body.code, ErrorCode::TooManyRequests | ErrorCode::Busy) =>
            {
                tries += 1;
                tokio::time::sleep(body.retry_after_ms.map_or(PATIENCE, Duration::from_millis)).await;
            }
            other => return other,
        }
    }
}

async fn send(session: &Arc<Session>, link: &Link, upload: Upload) -> Result<Sent, CallError> {
    let (holder, sha256) = (upload.holder, upload.sha256);
    let store = session.store().clone();
    let (manifest, like) = off_thread(move || Ok((store.blob(sha256)?, store.akin(sha256, AKIN)?))).await?;
    let manifest = manifest.ok_or(BlobError::NotHere)?;
    let begin = BeginUpload { of: holder, manifest: manifest.clone(), like };
    let (begin, total) = (&begin, manifest.size_bytes);
    let ask = |server: Server, access: String| async move { server.begin_upload(&access, sha256, begin).await };
    let mut state = patient(link, ask).await?;
    while state.busy && !state.done {
        state = patient(link, ask).await?;
    }
    // A second round only when another program sends the same file, or a chunk was lost on the server.
    for _ in 0..2 {
        if state.done {
            break;
        }
        let size =
            |n: &u32| usize::try_from(*n).ok().and_then(|n| manifest.chunks.get(n)).map_or(0, |c| c.bytes.into());
        let mut left: u64 = state.missing.iter().map(size).sum();
        for n in std::mem::take(&mut state.missing) {
            session.sending().note(sha256, Some(total.saturating_sub(left)));
            let place = usize::try_from(n).unwrap_or(usize::MAX);
            let chunk = *manifest.chunks.get(place).ok_or_else(|| unannounced(n))?;
            let store = session.store().clone();
            let read = move || if is_paused(&store)? { Ok(None) } else { Ok(Some(store.chunk(chunk.hash)?)) };
            let Some(bytes) = off_thread(read).await? else { return Ok(Sent::Paused) };
            let bytes = &bytes;
            patient(link, |server, access| async move { server.put_chunk(&access, sha256, holder, n, bytes).await })
                .await?;
            left = left.saturating_sub(chunk.bytes.into());
            if kept_pace(session, chunk.bytes, &mut || is_paused(session.store())).await? {
                return Ok(Sent::Paused);
            }
        }
        state = commit(link, upload).await?;
    }
    if !state.done {
        return Err(CallError::trouble(
            "BLOB_WRONG",
            "The server asks for the same parts of a file again and again.",
            "Nothing to do: it is tried again with the next sync.",
        ));
    }
    let store = session.store().clone();
    off_thread(move || Ok(store.uploaded(upload)?)).await?;
    Ok(Sent::Whole)
}

/// Waits until the line is free for files again after so many bytes; whether the work was stopped meanwhile.
async fn kept_pace(
    session: &Session,
    bytes: u32,
    is_stopped: &mut (dyn FnMut() -> Result<bool, CallError> + Send),
) -> Result<bool, CallError> {
    let store = session.store().clone();
    let limit = off_thread(move || pace::limit(&store)).await?;
    let until = session.pace().went(bytes.into(), limit, Instant::now());
    while Instant::now() < until {
        tokio::time::sleep_until(until.min(Instant::now() + pace::SLICE)).await;
        if is_stopped()? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Ends an upload; of a large file the server takes its time to hash the whole.
async fn commit(link: &Link, upload: Upload) -> Result<UploadState, CallError> {
    let Upload { holder, sha256 } = upload;
    let mut tries = 0;
    loop {
        let asked =
            patient(link, |server, access| async move { server.commit_upload(&access, sha256, holder).await }).await;
        match asked {
            Ok(state) if !state.busy || tries >= PATIENCE_MOST => return Ok(state),
            Ok(_) => tokio::time::sleep(PATIENCE).await,
            Err(error) => return Err(error.into()),
        }
        tries += 1;
    }
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
    fetch_watched(app, sha256, size_bytes, &mut |_| ControlFlow::Continue(())).await
}

/// The same for a file that takes its time: `watch` is told how many of its bytes are here, and may stop it. What came by
/// then is not asked for again.
///
/// # Errors
/// As [`fetch`]; `STOPPED`.
pub(crate) async fn fetch_watched(
    app: &App,
    sha256: Sha256,
    size_bytes: u64,
    watch: &mut (dyn FnMut(u64) -> ControlFlow<()> + Send),
) -> Result<(), CallError> {
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
        store.make_blob_room(of.size_bytes, quota(&store)?)?;
        Ok(missing)
    })
    .await?;
    let stretches = stretches(&manifest, &missing);
    let mut left: u64 = stretches.iter().map(|(chunk, _)| u64::from(chunk.bytes)).sum();
    for (chunk, from) in stretches {
        if watch(size_bytes.saturating_sub(left)).is_break() {
            return Err(BlobError::Stopped.into());
        }
        left = left.saturating_sub(chunk.bytes.into());
        let until = from.saturating_add(u64::from(chunk.bytes));
        let bytes =
            ask(app, |server, access| async move { whole(&server, &access, sha256, from, until).await }).await?;
        let store = open.store.clone();
        blocking(move || Ok(store.take_chunk(&chunk, &bytes)?)).await?;
        let here = size_bytes.saturating_sub(left);
        if kept_pace(&open.session, chunk.bytes, &mut || Ok(watch(here).is_break())).await? {
            return Err(BlobError::Stopped.into());
        }
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

/// The chunks at these places, ascending, and where in the file each begins.
fn stretches(manifest: &Manifest, places: &[usize]) -> Vec<(Chunk, u64)> {
    let mut wanted = places.iter().peekable();
    let (mut from, mut found) = (0_u64, Vec::with_capacity(places.len()));
    for (n, chunk) in manifest.chunks.iter().enumerate() {
        if wanted.next_if(|place| **place == n).is_some() {
            found.push((*chunk, from));
        }
        from = from.saturating_add(chunk.bytes.into());
    }
    found
}

/// Whether the server has a file of a record that the person may read.
///
/// # Errors
/// The server is not reached, or says something else.
pub(crate) async fn server_has(app: &App, sha256: Sha256) -> Result<bool, CallError> {
    ask(app, |server, access| async move { server.has_blob(&access, sha256).await }).await
}

/// Whether the disk has no room for it.
pub(crate) fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
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
            BlobError::Stopped => STOPPED,
            BlobError::WrongHash | BlobError::Manifest(_) => "FILE_WRONG",
            BlobError::Io { path, source } if is_full(&source) => {
                return Self::trouble(
                    "DISK_FULL",
                    format!("{} cannot be written: there is no room left for it.", path.display()),
                    "Make room there, then begin again: what is whole already is kept.",
                );
            }
            BlobError::Io { .. } => "FILES_IO",
        };
        let text = error.to_string();
        let (sentence, way_out) = text.rsplit_once(". ").unwrap_or((&text, "Try again."));
        Self::trouble(code, format!("{}.", sentence.trim_end_matches('.')), way_out)
    }
}
