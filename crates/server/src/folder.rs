//! The data folder: the workspace's file, the server's keys, the certificate that laptops trust.

use crate::core::random;
use crate::error::ServerError;
use crate::storage::postgres::{Address, Postgres};
use crate::storage::sqlite::Sqlite;
use crate::storage::{Storage, StorageError};
use serde::{Deserialize, Serialize};
use slipway_domain::id::{DeviceId, WorkspaceId};
use slipway_domain::time::Timestamp;
use slipway_sync::encoding::hex;
use slipway_sync::protocol::Epoch;
use slipway_sync::signing::PrivateKey;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It holds a workspace already.
    #[error("{} holds a workspace already", .path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// It holds none.
    #[error("{} holds no workspace; make one with `slipway-server init --data`", .path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A file in it cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file in it does not hold what it should.
    #[error("{} does not hold {what}", .path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What it should.
        what: &'static str,
    },
    /// The certificate authority failed.
    #[error("the certificates could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The server's core failed.
    #[error(transparent)]
    Server(#[from] ServerError),
}

/// What stands in `server.json`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Identity {
    workspace: WorkspaceId,
    console: DeviceId,
}

/// An existing data folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    identity: Identity,
}

impl Folder {
    /// Makes the folder with keys, certificate authority and an empty workspace: in a file of the folder, or in a
    /// database whose address the folder keeps.
    ///
    /// # Errors
    /// It holds a workspace already, or cannot be written; or the database cannot.
    pub fn create(
        path: &Path,
        workspace_name: &str,
        database: Option<&Address>,
        now: Timestamp,
    ) -> Result<(Self, Arc<dyn Storage>), FolderError> {
        if path.join(WORKSPACE).exists() || path.join(IDENTITY).exists() {
            return Err(FolderError::Taken { path: path.to_owned() });
        }
        // First, so that a database that does not answer leaves no folder behind.
        let postgres = database.map(Postgres::open).transpose()?;
        let keys = path.join("keys");
        fs::create_dir_all(&keys).map_err(at(&keys))?;
        private(&keys, 0o700)?;
        let identity = Identity { workspace: WorkspaceId(random_id()?), console: DeviceId(random_id()?) };
        for key in [CONSOLE_KEY, LOG_KEY] {
            write_private(&path.join(key), format!("{}\n", hex(&random::<32>()?)).as_bytes())?;
        }
        let (authority, key) = crate::tls::new_authority(identity.workspace)?;
        write_private(&path.join(AUTHORITY_KEY), key.as_bytes())?;
        let ca = path.join(CA);
        fs::write(&ca, authority).map_err(at(&ca))?;
        let folder = Self { path: path.to_owned(), identity };
        let (id, epoch) = (identity.workspace, Epoch(random_id()?));
        let storage: Arc<dyn Storage> = match (database, postgres) {
            (Some(address), Some(postgres)) => {
                folder.set_database(Some(address))?;
                postgres.create(id, workspace_name, epoch, now)?;
                Arc::new(postgres)
            }
            _ => {
                folder.set_database(None)?;
                let file = folder.file();
                let storage = Sqlite::create(&file, id, workspace_name, epoch, now)?;
                private(&file, 0o600)?;
                Arc::new(storage)
            }
        };
        // Last, so that a folder whose making was cut short is not taken for a whole one.
        let json = serde_json::to_string_pretty(&identity).map_err(ServerError::from)?;
        let identity_file = path.join(IDENTITY);
        fs::write(&identity_file, json + "\n").map_err(at(&identity_file))?;
        Ok((folder, storage))
    }

    /// Opens a folder that [`Folder::create`] made.
    ///
    /// # Errors
    /// It holds no workspace, or cannot be read.
    pub fn open(path: &Path) -> Result<(Self, Arc<dyn Storage>), FolderError> {
        let folder = Self::find(path)?;
        let storage: Arc<dyn Storage> = match folder.database()? {
            Some(address) => Arc::new(Postgres::open(&address)?),
            None => Arc::new(Sqlite::open(&folder.file())?),
        };
        Ok((folder, storage))
    }

    /// The folder, without opening its storage.
    ///
    /// # Errors
    /// It holds no workspace, or cannot be read.
    pub fn find(path: &Path) -> Result<Self, FolderError> {
        let identity_file = path.join(IDENTITY);
        let json = match fs::read(&identity_file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(FolderError::Empty { path: path.to_owned() });
            }
            other => other.map_err(at(&identity_file))?,
        };
        let identity: Identity = serde_json::from_slice(&json)
            .map_err(|_| FolderError::Content { path: identity_file, what: "the server's identity" })?;
        Ok(Self { path: path.to_owned(), identity })
    }

    /// The database that holds the workspace; `None` when it lies in the folder's own file.
    ///
    /// # Errors
    /// The address cannot be read.
    pub fn database(&self) -> Result<Option<Address>, FolderError> {
        let path = self.path.join(DATABASE);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.parse()?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    /// From now on the workspace lies in this database, or in the folder's own file.
    ///
    /// # Errors
    /// The address cannot be written.
    pub fn set_database(&self, database: Option<&Address>) -> Result<(), FolderError> {
        let path = self.path.join(DATABASE);
        match database {
            Some(address) => write_private(&path, format!("{}\n", address.secret()).as_bytes()),
            None => match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&path)(error)),
                _ => Ok(()),
            },
        }
    }

    /// Names of the files that a backup needs beside the records: who this server is, and its keys.
    pub(crate) fn files(&self) -> Result<Vec<String>, FolderError> {
        let mut names = Vec::new();
        for (folder, prefix) in [(self.path.clone(), ""), (self.path.join("keys"), "keys/")] {
            for entry in fs::read_dir(&folder).map_err(at(&folder))? {
                let entry = entry.map_err(at(&folder))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let kept = !prefix.is_empty() || [".json", ".pem"].iter().any(|ending| name.ends_with(ending));
                let name = format!("{prefix}{name}");
                // A backup holds the records themselves, not where they lay.
                if kept && name != DATABASE && entry.path().is_file() {
                    names.push(name);
                }
            }
        }
        names.sort();
        Ok(names)
    }

    /// The workspace's own file.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.path.join(WORKSPACE)
    }

    /// Writes a file that holds no secret of the workspace.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), FolderError> {
        let file = self.path.join(name);
        fs::write(&file, content).map_err(at(&file))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The workspace it holds.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceId {
        self.identity.workspace
    }

    /// The server's own device.
    #[must_use]
    pub fn console(&self) -> DeviceId {
        self.identity.console
    }

    /// Key of the server's own device.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn console_key(&self) -> Result<PrivateKey, FolderError> {
        self.key(CONSOLE_KEY)
    }

    /// Key that signs the audit log's checkpoints.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn log_key(&self) -> Result<PrivateKey, FolderError> {
        self.key(LOG_KEY)
    }

    /// The certificate authority that laptops trust, in PEM.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn ca_pem(&self) -> Result<String, FolderError> {
        let path = self.path.join(CA);
        fs::read_to_string(&path).map_err(at(&path))
    }

    /// Its key, in PEM.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn authority_key(&self) -> Result<String, FolderError> {
        let path = self.path.join(AUTHORITY_KEY);
        fs::read_to_string(&path).map_err(at(&path))
    }

    /// Writes where the server listens, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_address(&self, url: &str) -> Result<(), FolderError> {
        let (path, new) = (self.path.join("address"), self.path.join("address.new"));
        fs::write(&new, format!("{url}\n")).map_err(at(&new))?;
        fs::rename(&new, &path).map_err(at(&path))
    }

    /// Writes a file for its owner only.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_private(&self, name: &str, content: &[u8]) -> Result<(), FolderError> {
        write_private(&self.path.join(name), content)
    }

    /// Removes what [`Folder::create`] made, as far as that goes: its making failed half-way.
    pub(crate) fn discard(&self) {
        if let Ok(Some(address)) = self.database() {
            let _ = Postgres::open(&address).and_then(|storage| storage.discard(self.identity.workspace));
        }
        for name in [IDENTITY, WORKSPACE, "workspace.sqlite-wal", "workspace.sqlite-shm", CA, SAMPLE_USERS] {
            let _ = fs::remove_file(self.path.join(name));
        }
        let _ = fs::remove_dir_all(self.path.join("keys"));
    }

    fn key(&self, name: &str) -> Result<PrivateKey, FolderError> {
        let path = self.path.join(name);
        let text = fs::read_to_string(&path).map_err(at(&path))?;
        let mut seed = [0; 32];
        hex::decode_to_slice(text.trim(), &mut seed)
            .map_err(|_| FolderError::Content { path, what: "a key of 64 hex digits" })?;
        Ok(PrivateKey::from_seed(&seed))
    }
}

/// Name of the workspace's own file.
pub(crate) const WORKSPACE: &str = "workspace.sqlite";
/// Address of the database that holds the workspace instead of that file.
const DATABASE: &str = "keys/database";
const IDENTITY: &str = "server.json";
const CONSOLE_KEY: &str = "keys/console.key";
const LOG_KEY: &str = "keys/log.key";
const AUTHORITY_KEY: &str = "keys/ca.key";
const CA: &str = "ca.pem";
/// Names the people of the sample company and their password; only there with the sample.
pub const SAMPLE_USERS: &str = "sample-users.json";

/// A random identity.
///
/// # Errors
/// No random bytes.
pub fn random_id() -> Result<Uuid, ServerError> {
    Ok(uuid::Builder::from_random_bytes(random::<16>()?).into_uuid())
}

pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::File { path, source }
}

fn write_private(path: &Path, content: &[u8]) -> Result<(), FolderError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(at(path))?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(at(path))
}

/// Makes a folder for its owner only, and those it lies in, unless they are there.
pub(crate) fn private_folder(path: &Path) -> Result<(), FolderError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        private_folder(parent)?;
    }
    fs::create_dir(path).map_err(at(path))?;
    private(path, 0o700)
}

#[cfg(unix)]
fn private(path: &Path, mode: u32) -> Result<(), FolderError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(at(path))
}

/// Elsewhere the folder's own access list holds.
#[cfg(not(unix))]
fn private(_path: &Path, _mode: u32) -> Result<(), FolderError> {
    Ok(())
}
