//! Buckets to be fetched whole: built from one reading transaction while writers go on, kept in the data folder.

use super::scope::Readable;
use super::{Caller, Core};
use crate::error::ServerError;
use crate::storage::WorkspaceView;
use slipway_sync::bucket::Bucket;
use slipway_sync::protocol::{ErrorBody, ErrorCode};
use slipway_sync::signing::PrivateKey;
use slipway_sync::snapshot::{Manifest, Offers, Packer, Row, SignedManifest, SnapshotId};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Records read at once while one is built.
const STRETCH: usize = 5_000;
/// One is built anew when more than this part of the bucket changed since.
const STALE_PART: u64 = 10;

/// The snapshots in a folder: of each bucket the newest, and the one before it for those who are still fetching it.
#[derive(Debug)]
pub struct Snapshots {
    folder: PathBuf,
    /// Buckets with fewer records are not worth it.
    from_records: u64,
    known: Mutex<BTreeMap<Bucket, Vec<Kept>>>,
    /// One is built at a time; who needs it meanwhile waits for it.
    building: Mutex<()>,
}

/// A snapshot in the folder.
#[derive(Clone, Debug)]
struct Kept {
    id: SnapshotId,
    signed: SignedManifest,
    manifest: Arc<Manifest>,
}

impl Snapshots {
    /// Those in a folder, which is made if need be. What a build that was cut short left there goes.
    ///
    /// # Errors
    /// The folder cannot be read or written.
    pub fn open(folder: &Path, from_records: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut known: BTreeMap<Bucket, Vec<Kept>> = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let kept = (path.extension().is_some_and(|e| e == "manifest")).then(|| read(&path)).flatten();
            if let Some(kept) = kept {
                known.entry(kept.manifest.bucket).or_default().push(kept);
            }
        }
        for of_bucket in known.values_mut() {
            of_bucket.sort_by_key(|kept| kept.manifest.seq);
        }
        let snapshots =
            Self { folder: folder.to_owned(), from_records, known: Mutex::new(known), building: Mutex::new(()) };
        snapshots.sweep()?;
        Ok(snapshots)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Bucket, Vec<Kept>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn newest(&self, bucket: Bucket) -> Option<Kept> {
        self.known().get(&bucket).and_then(|all| all.last().cloned())
    }

    fn path(&self, id: SnapshotId, what: &str) -> PathBuf {
        self.folder.join(format!("{id}.{what}"))
    }

    /// Writes a file whole or not at all.
    fn write(&self, name: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        fill(file.as_file_mut())?;
        file.as_file().sync_all()?;
        file.persist(name).map_err(|error| error.error)?;
        Ok(())
    }

    /// Takes a new one in and lets go of all but the one before it.
    fn keep(&self, kept: Kept) -> io::Result<()> {
        let mut known = self.known();
        let of_bucket = known.entry(kept.manifest.bucket).or_default();
        of_bucket.retain(|old| old.id != kept.id);
        of_bucket.push(kept);
        let surplus = of_bucket.len().saturating_sub(2);
        of_bucket.drain(..surplus);
        drop(known);
        self.sweep()
    }

    /// Removes every file that belongs to no known snapshot.
    fn sweep(&self) -> io::Result<()> {
        let known: Vec<String> = self.known().values().flatten().map(|kept| kept.id.to_string()).collect();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if !known.iter().any(|id| id == stem) {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
}

/// A snapshot whose file is as long as its manifest says.
fn read(path: &Path) -> Option<Kept> {
    let signed: SignedManifest = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let manifest = Manifest::read(&signed.payload.0).ok()?;
    let length = fs::metadata(path.with_extension("frames")).ok()?.len();
    (length == manifest.bytes()).then(|| Kept { id: signed.id(), manifest: Arc::new(manifest), signed })
}

impl Core {
    /// The same core, with a folder for snapshots.
    #[must_use]
    pub fn with_snapshots(self, snapshots: Snapshots) -> Self {
        Self { snapshots: Some(Arc::new(snapshots)), ..self }
    }

    /// Snapshots of those buckets that are worth fetching whole, built now where there is no good one.
    ///
    /// # Errors
    /// The storage or the folder failed.
    pub fn offers(&self, caller: &Caller, buckets: &[Bucket]) -> Result<Offers, ServerError> {
        let caller = caller.sound()?;
        let view = self.snapshot()?;
        let (epoch, readable) = (view.workspace()?.epoch, Readable::of(view.as_ref(), caller)?);
        drop(view);
        let mut offers = Offers { epoch, snapshots: Vec::new() };
        let Some(snapshots) = &self.snapshots else { return Ok(offers) };
        // A laptop whose scope has changed hears of it with its next page.
        for bucket in buckets.iter().filter(|bucket| readable.covers(**bucket)) {
            offers.snapshots.extend(self.good(snapshots, *bucket)?.map(|kept| kept.signed));
        }
        Ok(offers)
    }

    /// Where the frames of a snapshot lie.
    ///
    /// # Errors
    /// There is no such snapshot any more, or its bucket is not the caller's.
    pub fn frames(&self, caller: &Caller, id: SnapshotId) -> Result<PathBuf, ServerError> {
        let caller = caller.sound()?;
        let gone = || {
            ErrorBody::new(
                ErrorCode::SnapshotGone,
                "This copy was replaced by a newer one.",
                "Nothing to do: the laptop asks for the newer one.",
            )
        };
        let snapshots = self.snapshots.as_ref().ok_or_else(gone)?;
        let bucket = snapshots.known().values().flatten().find(|kept| kept.id == id).map(|kept| kept.manifest.bucket);
        match bucket {
            Some(bucket) if self.may_read(caller, bucket)? => Ok(snapshots.path(id, "frames")),
            _ => Err(gone().into()),
        }
    }

    /// Builds those anew that are no good any more, so that no laptop waits for it.
    ///
    /// # Errors
    /// The storage or the folder failed.
    pub fn refresh_snapshots(&self) -> Result<(), ServerError> {
        let Some(snapshots) = &self.snapshots else { return Ok(()) };
        let buckets: Vec<Bucket> = snapshots.known().keys().copied().collect();
        for bucket in buckets {
            self.good(snapshots, bucket)?;
        }
        Ok(())
    }

    /// The newest if it is good, else a new one; `None` where it is not worth it.
    fn good(&self, snapshots: &Snapshots, bucket: Bucket) -> Result<Option<Kept>, ServerError> {
        let _one = snapshots.building.lock().unwrap_or_else(PoisonError::into_inner);
        let view = self.snapshot()?;
        if view.sum(bucket)?.count < snapshots.from_records {
            return Ok(None);
        }
        match snapshots.newest(bucket) {
            Some(kept) if self.is_good(&*view, &kept.manifest)? => Ok(Some(kept)),
            _ => Ok(Some(build(&*view, snapshots, bucket, self.log_name(), &self.log_key)?)),
        }
    }

    fn is_good(&self, view: &dyn WorkspaceView, manifest: &Manifest) -> Result<bool, ServerError> {
        if manifest.log != self.log_name() || manifest.epoch != view.workspace()?.epoch {
            return Ok(false);
        }
        // A pull from before the horizon is refused.
        if manifest.seq < view.horizon(manifest.bucket)? {
            return Ok(false);
        }
        let most = manifest.sum.count / STALE_PART;
        Ok(view.changed_since(manifest.bucket, manifest.seq, most + 1)? <= most)
    }
}

/// Everything in a bucket as this view sees it, into the folder.
fn build(
    view: &dyn WorkspaceView,
    snapshots: &Snapshots,
    bucket: Bucket,
    log: String,
    key: &PrivateKey,
) -> Result<Kept, ServerError> {
    let began = std::time::Instant::now();
    let failed = |error: &dyn std::fmt::Display| ServerError::Snapshot { bucket, why: error.to_string() };
    let workspace = view.workspace()?;
    let mut file = tempfile::NamedTempFile::new_in(&snapshots.folder).map_err(|e| failed(&e))?;
    let mut packer = Packer::default();
    let mut after: Option<(String, Uuid)> = None;
    loop {
        let rows = view.held(bucket, after.as_ref().map(|(kind, id)| (kind.as_str(), *id)), STRETCH)?;
        for entry in &rows {
            let body = entry.body.as_deref().unwrap_or_default();
            let row = Row { kind: &entry.kind, id: entry.id, seq: entry.seq, body };
            if let Some(frame) = packer.add(row).map_err(|e| failed(&e))? {
                file.write_all(&frame).map_err(|e| failed(&e))?;
            }
        }
        match rows.into_iter().next_back() {
            Some(last) => after = Some((last.kind, last.id)),
            None => break,
        }
    }
    let (last, frames, sum) = packer.finish().map_err(|e| failed(&e))?;
    file.write_all(&last.unwrap_or_default()).map_err(|e| failed(&e))?;
    if sum != view.sum(bucket)? {
        return Err(failed(&"what was read is not what the bucket counts"));
    }
    let manifest = Manifest {
        domain: Manifest::DOMAIN.to_owned(),
        log,
        epoch: workspace.epoch,
        bucket,
        seq: workspace.head,
        sum,
        frames,
    };
    let signed = SignedManifest::sign(&manifest, key)?;
    let id = signed.id();
    file.as_file().sync_all().map_err(|e| failed(&e))?;
    file.persist(snapshots.path(id, "frames")).map_err(|e| failed(&e.error))?;
    let json = serde_json::to_vec(&signed)?;
    snapshots.write(&snapshots.path(id, "manifest"), |out| out.write_all(&json)).map_err(|e| failed(&e))?;
    let kept = Kept { id, signed, manifest: Arc::new(manifest) };
    snapshots.keep(kept.clone()).map_err(|e| failed(&e))?;
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(%bucket, records = sum.count, bytes = kept.manifest.bytes(), duration_ms, "Built a snapshot");
    Ok(kept)
}
