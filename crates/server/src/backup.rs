//! Backups of a data folder while it is being served, and what is made of them again.
//!
//! A backup counts only once it was read back: unpacked, opened, its sums and its log compared. Then the server tells
//! laptops up to which sequence they need not keep their commands any longer.

mod archive;
mod seal;

use crate::blobs;
use crate::core::{Clock, Core};
use crate::error::ServerError;
use crate::folder::{Folder, FolderError, WORKSPACE, random_id};
use crate::storage::postgres::Postgres;
use crate::storage::restored::begin_epoch;
use crate::storage::sqlite::{Checked, Sqlite};
use crate::storage::transfer::{self, TransferError};
use crate::storage::{Storage, StorageError, Workspace, WorkspaceView};
use archive::Source;
pub use archive::{Manifest, Member};
use slipway_domain::id::WorkspaceId;
use slipway_sync::encoding::hex;
use slipway_sync::log::{Edge, Hash};
use slipway_sync::protocol::Epoch;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Leaves of the audit log read at once.
const LEAVES: usize = 1_000;

/// Why there is no backup, or why nothing was made of it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The target is there already.
    #[error("{} is there already; nothing was written over it", .path.display())]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// The folder to restore into holds something.
    #[error("{} is not empty; a backup is restored into a folder of its own", .path.display())]
    NotEmpty {
        /// Which.
        path: PathBuf,
    },
    /// The backup is sealed.
    #[error("{} is sealed; give its passphrase with --passphrase-stdin", .path.display())]
    Sealed {
        /// Which.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error("{} is a backup of form {found}, this program knows forms up to {known}; take a newer program", .path.display())]
    Newer {
        /// Which.
        path: PathBuf,
        /// In the file.
        found: u32,
        /// Here.
        known: u32,
    },
    /// It is not what its manifest says.
    #[error("{} is damaged: {why}", .path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// How so.
        why: String,
    },
    /// It does not hold what the workspace holds.
    #[error("the backup is not a copy of the workspace: {why}; nothing was declared durable")]
    Differs {
        /// In what.
        why: &'static str,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The database could not be copied.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// The server's core failed.
    #[error(transparent)]
    Server(#[from] ServerError),
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::File { path, source }
}

/// Backs up a data folder into one file, reads it back, and declares durable what it holds.
///
/// # Errors
/// The file cannot be written, or does not hold what the workspace holds; then nothing is declared durable.
pub fn create(data: &Path, to: &Path, passphrase: Option<&str>, clock: &Clock) -> Result<Manifest, BackupError> {
    let folder = Folder::find(data)?;
    // Beside the data, because it is as much in need of protection as they are.
    let scratch = || tempfile::Builder::new().prefix(".backup-").tempdir_in(data).map_err(at(data));
    let place = scratch()?;
    let database = place.path().join(WORKSPACE);
    let live = Live::open(&folder)?;
    live.copy_to(&database)?;
    let checked = Sqlite::open(&database)?.check()?;
    let mut sources: Vec<Source> =
        folder.files()?.into_iter().map(|name| Source { path: data.join(&name), name }).collect();
    // After the records were copied: a file that one of them names is there, unless it never came. Files only come whole.
    sources.extend(blob_files(data)?);
    sources.push(Source { name: WORKSPACE.to_owned(), path: database });
    let manifest = Manifest {
        form: Manifest::form_of(&sources),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: clock(),
        workspace: checked.workspace.id,
        name: checked.workspace.name.clone(),
        epoch: checked.workspace.epoch,
        head: checked.workspace.head,
        log_size: checked.log.size(),
        log_root: hex(&checked.log.root()),
        files: archive::members(&sources)?,
    };
    archive::write(to, &manifest, &sources, passphrase)?;
    drop(place);
    let place = scratch()?;
    let (_, copy) = read_back(to, place.path(), passphrase, clock)?;
    live.declare(&copy)?;
    Ok(manifest)
}

/// The files beside the records, without uploads under way.
fn blob_files(data: &Path) -> Result<Vec<Source>, BackupError> {
    let mut names = Vec::new();
    let mut list = || -> io::Result<()> {
        for fan in std::fs::read_dir(data.join(blobs::FOLDER))? {
            let fan = fan?;
            let name = fan.file_name().to_string_lossy().into_owned();
            if name.len() != 2 {
                continue;
            }
            for file in std::fs::read_dir(fan.path())? {
                let file = file?.file_name().to_string_lossy().into_owned();
                if !file.starts_with('.') {
                    names.push(format!("{}/{name}/{file}", blobs::FOLDER));
                }
            }
        }
        Ok(())
    };
    match list() {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&data.join(blobs::FOLDER))(error)),
        _ => {}
    }
    names.sort();
    Ok(names.into_iter().map(|name| Source { path: data.join(&name), name }).collect())
}

/// Makes a data folder of a backup, with a new epoch: laptops then send again what it does not know, and are told the
/// reason.
///
/// # Errors
/// The folder is not empty, or the backup is damaged; then no folder is left.
pub fn restore(
    from: &Path,
    data: &Path,
    passphrase: Option<&str>,
    reason: Option<&str>,
    clock: &Clock,
) -> Result<(Manifest, Workspace), BackupError> {
    match std::fs::read_dir(data).map(Iterator::count) {
        Ok(0) => std::fs::remove_dir(data).map_err(at(data))?,
        Ok(_) => return Err(BackupError::NotEmpty { path: data.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(at(data)(error)),
    }
    let parent = data.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(at(parent))?;
    let place = tempfile::Builder::new().prefix(".restore-").tempdir_in(parent).map_err(at(parent))?;
    let (manifest, copy) = read_back(from, place.path(), passphrase, clock)?;
    let mut tx = copy.begin(manifest.workspace)?;
    let made = format!("backup of {}", manifest.made_at.to_rfc3339());
    let why = reason.map_or_else(|| made.clone(), |reason| format!("{}; {made}", reason.trim()));
    begin_epoch(tx.as_mut(), Epoch(random_id()?), &why, clock())?;
    // The backup itself covers what is in it.
    tx.set_durable(manifest.head)?;
    let workspace = tx.workspace()?;
    tx.commit()?;
    drop(copy);
    std::fs::rename(place.path(), data).map_err(at(data))?;
    // Nothing is left there to be removed.
    let _ = place.keep();
    Ok((manifest, workspace))
}

/// Looks over everything that a workspace holds, also while it is served: over a copy.
///
/// # Errors
/// The first fault found.
pub fn check(data: &Path, clock: &Clock) -> Result<Checked, BackupError> {
    let folder = Folder::find(data)?;
    let place = tempfile::Builder::new().prefix(".check-").tempdir_in(data).map_err(at(data))?;
    let file = place.path().join(WORKSPACE);
    Live::open(&folder)?.copy_to(&file)?;
    look_over(&folder, Arc::new(Sqlite::open(&file)?), clock)
}

/// Pages, sums, chains, and the audit log with its signatures.
fn look_over(folder: &Folder, file: Arc<Sqlite>, clock: &Clock) -> Result<Checked, BackupError> {
    let checked = file.check()?;
    let found = Core::new(file, folder.workspace(), folder.log_key()?, clock.clone()).verify_log()?;
    match found.faults.into_iter().next() {
        Some(fault) => Err(StorageError::Corrupt { what: "log", why: fault }.into()),
        None => Ok(checked),
    }
}

/// Unpacks a backup, opens it, and checks all that it holds.
fn read_back(
    from: &Path,
    into: &Path,
    passphrase: Option<&str>,
    clock: &Clock,
) -> Result<(Manifest, Arc<Sqlite>), BackupError> {
    let manifest = archive::unpack(from, into, passphrase)?;
    let folder = Folder::find(into)?;
    let copy = Arc::new(Sqlite::open(&folder.file())?);
    let checked = look_over(&folder, copy.clone(), clock)?;
    let Workspace { id, epoch, head, .. } = checked.workspace;
    let found = (id, epoch, head, checked.log.size(), hex(&checked.log.root()));
    let told = (manifest.workspace, manifest.epoch, manifest.head, manifest.log_size, manifest.log_root.clone());
    if found == told {
        return Ok((manifest, copy));
    }
    Err(BackupError::Damaged { path: from.to_owned(), why: "its database is not the one of its manifest".to_owned() })
}

/// The records as they are served.
enum Live {
    File(Sqlite),
    Database(Postgres, WorkspaceId),
}

impl Live {
    fn open(folder: &Folder) -> Result<Self, BackupError> {
        Ok(match folder.database()? {
            None => Self::File(Sqlite::open(&folder.file())?),
            Some(address) => Self::Database(Postgres::open(&address)?, folder.workspace()),
        })
    }

    /// Into a file, as they are at one moment.
    fn copy_to(&self, file: &Path) -> Result<(), BackupError> {
        match self {
            Self::File(live) => Ok(live.copy_to(file)?),
            Self::Database(live, workspace) => Ok(transfer::copy_to_file(live, *workspace, file).map(drop)?),
        }
    }

    /// Declares durable what the copy holds, if it is one of this history.
    fn declare(&self, copy: &Sqlite) -> Result<(), BackupError> {
        let view = copy.snapshot(copy.workspace_id())?;
        let (held, log) = (view.workspace()?, view.log()?);
        let storage: &dyn Storage = match self {
            Self::File(live) => live,
            Self::Database(live, _) => live,
        };
        if root_at(storage.snapshot(held.id)?.as_ref(), log.size())? != Some(log.root()) {
            return Err(BackupError::Differs { why: "its audit log is another" });
        }
        let mut tx = storage.begin(held.id)?;
        let now = tx.workspace()?;
        if now.epoch != held.epoch || now.head < held.head {
            return Err(BackupError::Differs { why: "the server was restored meanwhile" });
        }
        // Another backup may have been faster.
        tx.set_durable(held.head.max(now.durable_seq))?;
        Ok(tx.commit()?)
    }
}

/// Root of the audit log's tree when it had so many leaves; `None` if it never had.
fn root_at(view: &dyn WorkspaceView, size: u64) -> Result<Option<Hash>, StorageError> {
    let mut edge = Edge::default();
    while edge.size() < size {
        let wanted = usize::try_from(size - edge.size()).map_or(LEAVES, |left| left.min(LEAVES));
        let leaves = view.leaves(edge.size(), wanted)?;
        if leaves.is_empty() {
            return Ok(None);
        }
        leaves.iter().for_each(|leaf| edge.append(leaf.hash));
    }
    Ok(Some(edge.root()))
}
