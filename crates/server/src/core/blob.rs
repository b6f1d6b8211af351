//! Files beside the records: who may send which, who may get which. The disk is [`crate::blobs`].

use super::scope::{Readable, Seen};
use super::{Caller, Core};
use crate::blobs::{Blobs, UploadError};
use crate::error::ServerError;
use crate::storage::WorkspaceView;
use slipway_domain::attachment::{Attachment, MediaType};
use slipway_domain::blob::{Holder, Manifest, Sha256};
use slipway_domain::dsl::item::DslItem;
use slipway_domain::id::{AttachmentId, DslItemId};
use slipway_domain::lookup::Lookup;
use slipway_domain::record::Record;
use slipway_domain::records::RecordsExt;
use slipway_domain::scope;
use slipway_sync::blob::{BeginUpload, UploadState};
use slipway_sync::protocol::{ErrorBody, ErrorCode};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Records with the same file that are looked at for one that its asker may read.
const NAMESAKES: usize = 1_000;
/// Other files of which chunks are taken for one upload.
const LIKE: usize = 8;

impl Core {
    /// The same core, with a folder for files beside the records.
    #[must_use]
    pub fn with_blobs(self, blobs: Blobs) -> Self {
        Self { blobs: Some(Arc::new(blobs)), ..self }
    }

    fn blobs(&self) -> Result<&Blobs, ServerError> {
        self.blobs.as_deref().ok_or_else(|| no_such_file().into())
    }

    /// Where a file lies that the caller may read through one of its records.
    ///
    /// # Errors
    /// There is none, or it is not the caller's to read: the answer is the same; or the storage failed.
    pub fn blob(&self, caller: &Caller, sha256: Sha256) -> Result<PathBuf, ServerError> {
        let blobs = self.blobs()?;
        let view = self.snapshot()?;
        let readable = Readable::of(view.as_ref(), caller.sound()?)?;
        let found = came_to(blobs, view.as_ref(), &readable, sha256)?;
        found.map(|_| blobs.path(sha256)).ok_or_else(|| no_such_file().into())
    }

    /// What such a file is made of.
    ///
    /// # Errors
    /// As [`Core::blob`].
    pub fn blob_manifest(&self, caller: &Caller, sha256: Sha256) -> Result<Manifest, ServerError> {
        self.blob(caller, sha256)?;
        self.blobs()?.manifest(sha256).map_err(disk)
    }

    /// Begins the upload of a record's file, or goes on with it.
    ///
    /// # Errors
    /// The record is not there or not the caller's to read, or says something else about the file; there is no room; or
    /// the storage failed.
    pub fn begin_upload(
        &self,
        caller: &Caller,
        sha256: Sha256,
        begin: &BeginUpload,
    ) -> Result<UploadState, ServerError> {
        let blobs = self.blobs()?;
        let view = self.snapshot()?;
        let readable = Readable::of(view.as_ref(), caller.sound()?)?;
        let named = named(view.as_ref(), &readable, begin.of, sha256)?;
        if blobs.came(sha256, begin.of) {
            return Ok(done());
        }
        let manifest = &begin.manifest;
        manifest.check().map_err(|why| wrong(&why.to_string()))?;
        if manifest.sha256 != sha256 || manifest.size_bytes != named.size_bytes {
            return Err(wrong("the manifest is of another file than the record").into());
        }
        // Who could fetch it need not send it.
        if came_to(blobs, view.as_ref(), &readable, sha256)?.is_some() {
            blobs.grant(sha256, begin.of).map_err(disk)?;
            return Ok(done());
        }
        let mut missing = blobs.begin(begin.of, manifest).map_err(refused)?;
        if missing.is_empty() || begin.like.is_empty() {
            return Ok(UploadState { done: false, missing, busy: false });
        }
        // The same for its parts: of a file that the sender could fetch it need not send what is in there.
        let mut like = Vec::new();
        for other in begin.like.iter().take(LIKE).filter(|other| **other != sha256) {
            if came_to(blobs, view.as_ref(), &readable, *other)?.is_some() {
                like.push(*other);
            }
        }
        drop(view);
        let mut busy = false;
        for other in like {
            busy = blobs.take_shared(begin.of, sha256, other).map_err(refused)?;
            if busy {
                break;
            }
        }
        missing = blobs.begin(begin.of, manifest).map_err(refused)?;
        Ok(UploadState { done: false, missing, busy })
    }

    /// Takes a chunk of an upload.
    ///
    /// # Errors
    /// Nobody announced it, or it is another; the record is not the caller's to read; or the storage failed.
    pub fn take_chunk(
        &self,
        caller: &Caller,
        sha256: Sha256,
        holder: Holder,
        n: u32,
        bytes: &[u8],
    ) -> Result<(), ServerError> {
        let blobs = self.blobs()?;
        let view = self.snapshot()?;
        let readable = Readable::of(view.as_ref(), caller.sound()?)?;
        named(view.as_ref(), &readable, holder, sha256)?;
        drop(view);
        if blobs.came(sha256, holder) {
            return Ok(());
        }
        blobs.take(sha256, holder, n, bytes).map_err(refused)
    }

    /// Makes a file of an upload that is complete; whoever may read the record can get it then.
    ///
    /// # Errors
    /// Chunks are missing, or the whole is not what the record says; or the storage failed.
    pub fn commit_upload(&self, caller: &Caller, sha256: Sha256, holder: Holder) -> Result<UploadState, ServerError> {
        let blobs = self.blobs()?;
        let view = self.snapshot()?;
        let readable = Readable::of(view.as_ref(), caller.sound()?)?;
        let named = named(view.as_ref(), &readable, holder, sha256)?;
        drop(view);
        if !blobs.came(sha256, holder) {
            match blobs.commit(sha256, holder, named.media_type) {
                Err(UploadError::Incomplete(missing)) => return Ok(UploadState { done: false, missing, busy: false }),
                Err(UploadError::Busy) => {
                    return Ok(UploadState { done: false, missing: Vec::new(), busy: true });
                }
                other => other.map_err(refused)?,
            }
            tracing::info!(blob = %sha256, %holder, bytes = named.size_bytes, "Took a file in");
        }
        Ok(done())
    }

    /// Removes files that no record names any more and that came long enough ago, and uploads that nobody went on with.
    /// Gives the number of files removed.
    ///
    /// # Errors
    /// The storage or the disk failed.
    pub fn sweep_blobs(&self) -> Result<u32, ServerError> {
        let Some(blobs) = self.blobs.as_deref() else { return Ok(0) };
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(self.now().0).unwrap_or(0));
        let mut removed: u32 = 0;
        let view = self.snapshot()?;
        for sha256 in blobs.all().map_err(disk)? {
            if blobs.is_old(sha256, now).map_err(disk)? && holders(view.as_ref(), sha256)?.is_empty() {
                blobs.remove(sha256).map_err(disk)?;
                removed = removed.saturating_add(1);
            }
        }
        drop(view);
        blobs.sweep(now).map_err(disk)?;
        Ok(removed)
    }
}

fn done() -> UploadState {
    UploadState { done: true, missing: Vec::new(), busy: false }
}

/// What a record says of one of its files.
struct Named {
    record: Record,
    size_bytes: u64,
    media_type: Option<MediaType>,
}

/// What the record says of this file; `None` if it is not there or does not name it.
fn saying(view: &dyn WorkspaceView, holder: Holder, sha256: Sha256) -> Result<Option<Named>, ServerError> {
    Ok(match holder {
        Holder::Attachment(id) => {
            Seen(view).get::<Attachment>(id)?.filter(|photo| photo.sha256 == sha256).map(|photo| {
                let (size_bytes, media_type) = (photo.size_bytes, Some(photo.media_type));
                Named { record: photo.into(), size_bytes, media_type }
            })
        }
        Holder::DslItem(id) => Seen(view).get::<DslItem>(id)?.and_then(|item| {
            let size_bytes = item.files.iter().find(|file| file.hash() == Some(sha256))?.size_bytes;
            Some(Named { record: item.into(), size_bytes, media_type: None })
        }),
    })
}

/// The same, if the caller may read the record.
fn named(view: &dyn WorkspaceView, readable: &Readable, holder: Holder, sha256: Sha256) -> Result<Named, ServerError> {
    match saying(view, holder, sha256)? {
        Some(named) if may_read(view, readable, &named.record)? => Ok(named),
        _ => Err(no_such_file().into()),
    }
}

/// Records that name this file.
fn holders(view: &dyn WorkspaceView, sha256: Sha256) -> Result<Vec<Holder>, ServerError> {
    let key = sha256.to_string();
    let photos = view.ids_under(Lookup::AttachmentsByHash, &key)?.into_iter().take(NAMESAKES);
    let items = view.ids_under(Lookup::ItemsByHash, &key)?.into_iter().take(NAMESAKES);
    Ok(photos
        .map(|id| Holder::Attachment(AttachmentId(id)))
        .chain(items.map(|id| Holder::DslItem(DslItemId(id))))
        .collect())
}

/// A record in the caller's sight whose bytes are this file and came.
fn came_to(
    blobs: &Blobs,
    view: &dyn WorkspaceView,
    readable: &Readable,
    sha256: Sha256,
) -> Result<Option<Holder>, ServerError> {
    for holder in holders(view, sha256)? {
        if !blobs.came(sha256, holder) {
            continue;
        }
        if let Some(named) = saying(view, holder, sha256)?
            && may_read(view, readable, &named.record)?
        {
            return Ok(Some(holder));
        }
    }
    Ok(None)
}

fn may_read(view: &dyn WorkspaceView, readable: &Readable, record: &Record) -> Result<bool, ServerError> {
    let buckets = scope::buckets(record, &Seen(view))?;
    Ok(buckets.into_iter().any(|bucket| readable.covers(bucket)))
}

/// The same whether there is none or it is not the asker's: else it would tell who has which file.
fn no_such_file() -> ErrorBody {
    ErrorBody::new(
        ErrorCode::NotFound,
        "There is no such file that you may read.",
        "Sync first; if it was added elsewhere, it may not have come to the server yet.",
    )
}

fn wrong(why: &str) -> ErrorBody {
    ErrorBody::new(
        ErrorCode::BlobWrong,
        format!("The file was not taken: {why}."),
        "Nothing of it was kept; send it again from the beginning.",
    )
}

fn refused(error: UploadError) -> ServerError {
    match error {
        UploadError::Io(error) => disk(error),
        UploadError::Quota => ErrorBody::new(
            ErrorCode::BlobQuota,
            "The server's room for files is used up.",
            "Ask an administrator for more (slipway-server serve --files-gib); the file waits on this laptop.",
        )
        .into(),
        other => wrong(&other.to_string()).into(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn disk(error: std::io::Error) -> ServerError {
    ServerError::Disk(error.to_string())
}
