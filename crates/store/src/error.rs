//! What can go wrong with the database itself. Each sentence names the thing, the reason and the way out.

use rusqlite::ErrorCode;
use slipway_domain::refusal::Fault;
use std::path::{Path, PathBuf};

/// Why a profile could not be opened or made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No such file.
    #[error("There is no profile at {}. Make one first, or name another folder.", path.display())]
    NotFound {
        /// The file.
        path: PathBuf,
    },
    /// There is a file already.
    #[error("There is already a profile at {}. Open it, or name another folder.", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The key does not fit.
    #[error(
        "The profile {} cannot be unlocked with this key. Use the key or passphrase it was made with; \
         if that is the one you used, the file's beginning is damaged: restore a copy, or sign in anew.",
        path.display()
    )]
    WrongKey {
        /// The file.
        path: PathBuf,
    },
    /// A newer program made it.
    #[error(
        "The profile {} was written by a newer Slipway (format {found}, this program knows up to {known}). \
         Update Slipway; nothing was changed.",
        path.display()
    )]
    NewerThanProgram {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format this program knows.
        known: u32,
    },
    /// Something else.
    #[error("{} is no Slipway profile. Name the profile's folder.", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the database did not do what it was asked; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No room.
    #[error(
        "The profile {} cannot grow: the disk is full. Free some space and try again; nothing was changed.",
        path.display()
    )]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// Another program holds it.
    #[error(
        "The profile {} is in use by another program for longer than expected. \
         Wait for it or end it, then try again; nothing was changed.",
        path.display()
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error(
        "The profile {} is damaged ({reason}). Keep the file, restore a copy or sign in anew; \
         what was not yet sent may be read from the damaged file.",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The file cannot be read or written.
    #[error(
        "The profile {} cannot be read or written ({source}). \
         Check the folder's rights and the disk, then try again; nothing was changed.",
        path.display()
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A statement failed for a reason that is none of the above: a mistake in this program.
    #[error("The profile's database refused a statement ({0}). Report this; nothing was changed.")]
    Sql(#[source] rusqlite::Error),
    /// A row could not be understood.
    #[error("{0}. Report this; nothing was changed.")]
    Row(#[source] Fault),
    /// What was fetched of a bucket is not what the server signed; nothing was changed.
    #[error("The snapshot of {bucket} cannot be used: {why}. It is fetched again; nothing was changed.")]
    Snapshot {
        /// The bucket.
        bucket: String,
        /// How so.
        why: String,
    },
    /// What was asked for does not fit what is there.
    #[error("{sentence} {way_out}")]
    Misuse {
        /// What does not fit.
        sentence: String,
        /// What would.
        way_out: String,
    },
}

/// Inside a transaction, before it is known which file to name.
#[derive(Debug)]
pub(crate) enum Trouble {
    Sql(rusqlite::Error),
    Fault(Fault),
    Misuse { sentence: String, way_out: String },
    Snapshot { bucket: String, why: String },
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        match fault.0.downcast::<rusqlite::Error>() {
            Ok(error) => Self::Sql(*error),
            Err(other) => Self::Fault(Fault(other)),
        }
    }
}

impl From<serde_json::Error> for Trouble {
    fn from(error: serde_json::Error) -> Self {
        Self::Fault(Fault::new(error))
    }
}

impl Trouble {
    /// As the rules are told.
    pub(crate) fn into_fault(self) -> Fault {
        match self {
            Self::Sql(error) => Fault::new(error),
            Self::Fault(fault) => fault,
            Self::Misuse { sentence, .. } | Self::Snapshot { why: sentence, .. } => Fault::new(sentence),
        }
    }

    /// The same, naming the file.
    pub(crate) fn at(self, path: &Path) -> StoreError {
        let path = path.to_owned();
        let error = match self {
            Self::Sql(error) => error,
            Self::Fault(fault) => return StoreError::Row(fault),
            Self::Misuse { sentence, way_out } => return StoreError::Misuse { sentence, way_out },
            Self::Snapshot { bucket, why } => return StoreError::Snapshot { bucket, why },
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::DiskFull { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::InUse { path },
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                StoreError::Corrupt { path, reason: error.to_string() }
            }
            // A file-size limit and some file systems say "I/O error" where others say "full".
            Some(ErrorCode::SystemIoFailure) if no_room(&path) => StoreError::DiskFull { path },
            Some(
                ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly,
            ) => StoreError::Io { path, source: Box::new(error) },
            _ => StoreError::Sql(error),
        }
    }
}

/// Whether a small write beside the file fails for want of room.
fn no_room(path: &Path) -> bool {
    use std::io::{ErrorKind, Write};
    let probe = path.with_extension("room");
    let outcome = std::fs::File::create(&probe).and_then(|mut file| file.write_all(&[1; 65_536]));
    // Gone or not, the probe says nothing more.
    let _ = std::fs::remove_file(&probe);
    outcome
        .is_err_and(|e| matches!(e.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge))
}
