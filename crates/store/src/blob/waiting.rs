//! Files that the server does not have yet.

use crate::error::StoreError;
use crate::open::Store;
use slipway_domain::blob::{Holder, Sha256};
use slipway_domain::id::{AttachmentId, DslItemId};
use slipway_domain::lookup::Lookup;
use slipway_domain::time::Timestamp;
use uuid::Uuid;

/// A file that the server does not have yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The record it belongs to.
    pub holder: Holder,
    /// Which file.
    pub sha256: Sha256,
}

impl Store {
    /// Notes that the server does not have a file of a record yet. Before the command that adds it, so that nothing that
    /// happens between the two makes one without the other.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn await_upload(&self, upload: Upload, now: Timestamp) -> Result<(), StoreError> {
        let (id, sha256) = (upload.holder.id().into_bytes(), upload.sha256.0);
        let kind = upload.holder.kind();
        self.writing(|db| Ok(db.prepare_cached(AWAIT)?.execute((sha256.as_slice(), id.as_slice(), kind, now.0))?))?;
        Ok(())
    }

    /// The server has a file of a record, or nobody wants it any more.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn uploaded(&self, upload: Upload) -> Result<(), StoreError> {
        let (id, sha256) = (upload.holder.id().into_bytes(), upload.sha256.0);
        self.writing(|db| Ok(db.prepare_cached(UPLOADED)?.execute((sha256.as_slice(), id.as_slice()))?))?;
        Ok(())
    }

    /// Files that the server does not have yet, longest waiting first, at most so many.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn uploads(&self, most: u32) -> Result<Vec<Upload>, StoreError> {
        self.reading(|db| {
            let mut statement = db.prepare_cached(UPLOADS)?;
            let rows = statement.query_map((most,), |row| {
                let (sha256, id): ([u8; 32], [u8; 16]) = (row.get(0)?, row.get(1)?);
                let kind: String = row.get(2)?;
                Ok(Holder::of(&kind, Uuid::from_bytes(id)).map(|holder| Upload { holder, sha256: Sha256(sha256) }))
            })?;
            // A kind that this program does not know is of a newer one, and waits for it.
            Ok(rows.filter_map(Result::transpose).collect::<Result<_, _>>()?)
        })
    }

    /// Whether the server does not have a file of a record yet.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn awaits_upload(&self, upload: Upload) -> Result<bool, StoreError> {
        let (id, sha256) = (upload.holder.id().into_bytes(), upload.sha256.0);
        self.reading(|db| Ok(db.prepare_cached(AWAITS)?.exists((sha256.as_slice(), id.as_slice()))?))
    }

    /// Every file that is here has to be offered to the server again: it is another one, or was restored.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn await_all_uploads(&self, now: Timestamp) -> Result<(), StoreError> {
        self.writing(|db| {
            let here: Vec<[u8; 32]> = db
                .prepare_cached("SELECT sha256 FROM blob")?
                .query_map((), |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for sha256 in here {
                let key = Sha256(sha256).to_string();
                let photos = crate::view::find(db, Lookup::AttachmentsByHash, &key)?.into_iter();
                let items = crate::view::find(db, Lookup::ItemsByHash, &key)?.into_iter();
                let holders = photos
                    .map(|id| Holder::Attachment(AttachmentId(id)))
                    .chain(items.map(|id| Holder::DslItem(DslItemId(id))));
                for holder in holders {
                    let id = holder.id().into_bytes();
                    db.prepare_cached(AWAIT)?.execute((sha256.as_slice(), id.as_slice(), holder.kind(), now.0))?;
                }
            }
            Ok(())
        })
    }
}

const AWAIT: &str = "INSERT INTO blob_wait (sha256, holder, kind, since) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (sha256, holder) DO NOTHING";
pub(super) const UPLOADED: &str = "DELETE FROM blob_wait WHERE sha256 = ?1 AND holder = ?2";
pub(super) const AWAITS: &str = "SELECT 1 FROM blob_wait WHERE sha256 = ?1 AND holder = ?2";
pub(super) const WAITS: &str = "SELECT 1 FROM blob_wait WHERE sha256 = ?1";
pub(super) const UPLOADS: &str = "SELECT sha256, holder, kind FROM blob_wait ORDER BY since, holder, sha256 LIMIT ?1";
