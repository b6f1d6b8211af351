//! Making and opening a profile's database.

use crate::blob::Sealed;
use crate::db::Db;
use crate::error::{OpenError, StoreError, Trouble};
use crate::key::Key;
use crate::migrate::{APPLICATION_ID, MIGRATIONS, migrate};
use crate::pool::{Pool, Purpose, connect, durable};
use crate::project;
use crate::words::Merged;
use rusqlite::{Connection, ErrorCode};
use slipway_domain::id::{DeviceId, WorkspaceId};
use std::fs::OpenOptions;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A profile's database, open. Cheap to share behind an `Arc`; several processes may have the same file open.
pub struct Store {
    pub(crate) pool: Pool,
    pub(crate) merged: Merged,
    pub(crate) sealed: Sealed,
    path: PathBuf,
}

/// To which workspace a new profile belongs, and under which identity it issues commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The device.
    pub device: DeviceId,
}

impl Store {
    /// The folder that the database lies in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or_else(|| Path::new("."))
    }

    /// Makes a new database. Its folder must exist.
    ///
    /// # Errors
    /// `Exists` if there is a file already, or that the storage failed; then no file is left.
    pub fn create(path: &Path, key: &Key, profile: Profile) -> Result<Self, OpenError> {
        match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(OpenError::Exists { path: path.to_owned() });
            }
            Err(e) => return Err(StoreError::Io { path: path.to_owned(), source: Box::new(e) }.into()),
        }
        let made = Self::prepare(path, key, Some(profile), &mut |_, _| {});
        if made.is_err() {
            for suffix in ["", "-wal", "-shm"] {
                let mut name = path.file_name().unwrap_or_default().to_owned();
                name.push(suffix);
                // What is left of a failed attempt helps nobody; a second error would hide the first.
                let _ = std::fs::remove_file(path.with_file_name(name));
            }
        }
        made
    }

    /// Opens a database and, if an older program wrote it, brings it to the present format, keeping a copy.
    ///
    /// # Errors
    /// Why it cannot be used; nothing was changed.
    pub fn open(path: &Path, key: &Key) -> Result<Self, OpenError> {
        Self::open_telling(path, key, &mut |_, _| {})
    }

    /// The same, and tells how many records have been brought to the present format, of how many.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_telling(path: &Path, key: &Key, told: &mut dyn FnMut(u64, u64)) -> Result<Self, OpenError> {
        let mut head = Vec::new();
        match std::fs::File::open(path).and_then(|file| file.take(16).read_to_end(&mut head)) {
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(OpenError::NotFound { path: path.to_owned() });
            }
            Err(e) => return Err(StoreError::Io { path: path.to_owned(), source: Box::new(e) }.into()),
        }
        // An encrypted file begins with random salt; this is a plain one, or none at all.
        if head.len() < 16 || head.starts_with(b"SQLite format 3") {
            return Err(OpenError::NotADatabase { path: path.to_owned() });
        }
        Self::prepare(path, key, None, told)
    }

    fn prepare(
        path: &Path,
        key: &Key,
        new: Option<Profile>,
        told: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, OpenError> {
        let explain = |e: rusqlite::Error| OpenError::Store(Trouble::from(e).at(path));
        let mut writer = connect(path, key, Purpose::Write).map_err(|e| locked(e, path))?;
        if new.is_none() {
            unlock(&writer, path)?;
        }
        durable(&writer).map_err(explain)?;
        migrate(&mut writer, path, key, MIGRATIONS)?;
        if let Some(profile) = new {
            writer
                .execute(
                    "INSERT INTO profile (one, workspace, device) VALUES (1, ?1, ?2)",
                    (profile.workspace.0.as_bytes(), profile.device.0.as_bytes()),
                )
                .map_err(explain)?;
        }
        let writer = Db::new(writer);
        project::refresh(&writer, told).map_err(|t| t.at(path))?;
        let pool = Pool::new(writer, path, key).map_err(explain)?;
        let sealed = Sealed::beside(path, key);
        Ok(Self { pool, merged: Merged::default(), sealed, path: path.to_owned() })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks the whole file over. Slow on a large profile.
    ///
    /// # Errors
    /// `Corrupt` with the first fault found, or that the storage failed.
    pub fn check(&self) -> Result<(), StoreError> {
        let found: String =
            self.reading(|conn| Ok(conn.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))?))?;
        if found == "ok" {
            return Ok(());
        }
        Err(StoreError::Corrupt { path: self.path.clone(), reason: found })
    }

    /// A figure that moves when *another process* writes to the same profile.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn foreign_writes(&self) -> Result<i64, StoreError> {
        let writer = self.pool.writer();
        writer.pragma_query_value(None, "data_version", |row| row.get(0)).map_err(|e| self.explain(e.into()))
    }

    /// The same, or nothing while somebody writes: who asks this waits for nobody.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn foreign_writes_at_rest(&self) -> Result<Option<i64>, StoreError> {
        let Some(writer) = self.pool.writer_at_rest() else { return Ok(None) };
        writer.pragma_query_value(None, "data_version", |row| row.get(0)).map(Some).map_err(|e| self.explain(e.into()))
    }

    pub(crate) fn explain(&self, trouble: Trouble) -> StoreError {
        trouble.at(&self.path)
    }

    pub(crate) fn reading<T>(&self, f: impl FnOnce(&Db) -> Result<T, Trouble>) -> Result<T, StoreError> {
        self.pool.read(f).map_err(|t| self.explain(t))
    }

    pub(crate) fn writing<T>(&self, f: impl FnOnce(&Db) -> Result<T, Trouble>) -> Result<T, StoreError> {
        self.pool.write(f).map_err(|t| self.explain(t))
    }
}

/// Reads the first page, which shows whether the key fits and the file is ours.
fn unlock(conn: &Connection, path: &Path) -> Result<(), OpenError> {
    let path = path.to_owned();
    match conn.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get::<_, i64>(0)) {
        Ok(_) => {}
        Err(e) => return Err(locked(e, &path)),
    }
    let ours: u32 =
        conn.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(|e| Trouble::from(e).at(&path))?;
    if ours == APPLICATION_ID { Ok(()) } else { Err(OpenError::NotADatabase { path }) }
}

/// What an error before the first page was read means.
fn locked(error: rusqlite::Error, path: &Path) -> OpenError {
    if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
        return OpenError::WrongKey { path: path.to_owned() };
    }
    Trouble::from(error).at(path).into()
}
