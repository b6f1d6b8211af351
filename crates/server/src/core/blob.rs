//! Files beside the records: who may send which, who may get which. The disk is [`crate::blobs`].

use super::scope::{Readable, Seen};
use super::{Caller, Core};
use crate::blobs::{Blobs, UploadError};
use crate::error::ServerError;
use crate::storage::WorkspaceView;
use slipway_domain::attachment::Attachment;
use slipway_domain::blob::{Manifest, Sha256};
use slipway_domain::id::AttachmentId;
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
        let record = record(view.as_ref(), &readable, begin.attachment, sha256)?;
        let done = UploadState { done: true, missing: Vec::new() };
        if blobs.came(sha256, record.id) {
            return Ok(done);
        }
        let manifest = &begin.manifest;
        manifest.check().map_err(|why| wrong(&why.to_string()))?;
        if manifest.sha256 != sha256 || manifest.size_bytes != record.size_bytes {
            return Err(wrong("the manifest is of another file than the record").into());
        }
        // Who could fetch it need not send it.
        if came_to(blobs, view.as_ref(), &readable, sha256)?.is_some() {
            blobs.grant(sha256, record.id).map_err(disk)?;
            return Ok(done);
        }
        drop(view);
        let missing = blobs.begin(record.id, manifest).map_err(refused)?;
        Ok(UploadState { done: false, missing })
    }

    /// Takes a chunk of an upload.
    ///
    /// # Errors
    /// Nobody announced it, or it is another; the record is not the caller's to read; or the storage failed.
    pub fn take_chunk(
        &self,
        caller: &Caller,
        sha256: Sha256,
        attachment: AttachmentId,
        n: u32,
        bytes: &[u8],
    ) -> Result<(), ServerError> {
        let blobs = self.blobs()?;
        let view = self.snapshot()?;
        let readable = Readable::of(view.as_ref(), caller.sound()?)?;
        let record = record(view.as_ref(), &readable, attachment, sha256)?;
        drop(view);
        if blobs.came(sha256, record.id) {
            return Ok(());
        }
        blobs.take(sha256, record.id, n, bytes).map_err(refused)
    }

    /// Makes a file of an upload that is complete; whoever may read the record can get it then.
    ///
    /// # Errors
    /// Chunks are missing, or the whole is not what the record says; or the storage failed.
    pub fn commit_upload(
        &self,
        caller: &Caller,
        sha256: Sha256,
        attachment: AttachmentId,
    ) -> Result<UploadState, ServerError> {
        let blobs = self.blobs()?;
        let view = self.snapshot()?;
        let readable = Readable::of(view.as_ref(), caller.sound()?)?;
        let record = record(view.as_ref(), &readable, attachment, sha256)?;
        drop(view);
        if !blobs.came(sha256, record.id) {
            match blobs.commit(sha256, record.id, record.media_type) {
                Err(UploadError::Incomplete(missing)) => return Ok(UploadState { done: false, missing }),
                other => other.map_err(refused)?,
            }
            tracing::info!(blob = %sha256, attachment = %record.id, bytes = record.size_bytes, "Took a file in");
        }
        Ok(UploadState { done: true, missing: Vec::new() })
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
            if blobs.is_old(sha256, now).map_err(disk)?
                && view.ids_under(Lookup::AttachmentsByHash, &sha256.to_string())?.is_empty()
            {
                blobs.remove(sha256).map_err(disk)?;
                removed = removed.saturating_add(1);
            }
        }
        drop(view);
        blobs.sweep(now).map_err(disk)?;
        Ok(removed)
    }
}

/// The record, if the caller may read it and it names this file.
fn record(
    view: &dyn WorkspaceView,
    readable: &Readable,
    id: AttachmentId,
    sha256: Sha256,
) -> Result<Attachment, ServerError> {
    let found = Seen(view).get::<Attachment>(id)?.filter(|record| record.sha256 == sha256);
    match found {
        Some(record) if may_read(view, readable, &record)? => Ok(record),
        _ => Err(no_such_file().into()),
    }
}

/// A record in the caller's sight whose bytes are this file and came.
fn came_to(
    blobs: &Blobs,
    view: &dyn WorkspaceView,
    readable: &Readable,
    sha256: Sha256,
) -> Result<Option<AttachmentId>, ServerError> {
    for id in view.ids_under(Lookup::AttachmentsByHash, &sha256.to_string())?.into_iter().take(NAMESAKES) {
        let id = AttachmentId(id);
        if !blobs.came(sha256, id) {
            continue;
        }
        if let Some(record) = Seen(view).get::<Attachment>(id)?
            && may_read(view, readable, &record)?
        {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

fn may_read(view: &dyn WorkspaceView, readable: &Readable, record: &Attachment) -> Result<bool, ServerError> {
    let buckets = scope::buckets(&Record::from(record.clone()), &Seen(view))?;
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
