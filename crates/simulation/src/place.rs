//! Where the server's records lie, as the simulation needs it: to be opened, copied, put back and looked into.

use crate::server::WORKSPACE;
use slipway_cluster::Cluster;
use slipway_domain::time::Timestamp;
use slipway_server::storage::Storage;
use slipway_server::storage::postgres::{Address, Postgres};
use slipway_server::storage::sqlite::Sqlite;
use slipway_server::storage::transfer::{copy_from_file, copy_to_file};
use slipway_sync::protocol::Epoch;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;

/// Which storage a run takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// A storage of one run.
pub struct Place {
    folder: TempDir,
    database: Option<Address>,
    backups: usize,
}

/// Memory-backed where there is such a folder: a run makes thousands of durable commits.
pub fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

impl Place {
    /// Makes an empty workspace.
    pub fn create(wanted: Database, epoch: Epoch) -> (Self, Arc<dyn Storage>) {
        let database = (wanted == Database::Postgres).then(|| Cluster::shared().database().parse().unwrap());
        let place = Self { folder: folder(), database, backups: 0 };
        let storage: Arc<dyn Storage> = match &place.database {
            Some(address) => {
                let storage = Postgres::open(address).unwrap();
                storage.create(WORKSPACE, "Model", epoch, Timestamp(0)).unwrap();
                Arc::new(storage)
            }
            None => Arc::new(Sqlite::create(&place.own_file(), WORKSPACE, "Model", epoch, Timestamp(0)).unwrap()),
        };
        (place, storage)
    }

    pub fn open(&self) -> Arc<dyn Storage> {
        match &self.database {
            Some(address) => Arc::new(Postgres::open(address).unwrap()),
            None => Arc::new(Sqlite::open(&self.own_file()).unwrap()),
        }
    }

    /// A file to read the rows in: the storage's own, or a copy of what the database holds.
    pub fn file(&self) -> PathBuf {
        let Some(address) = &self.database else { return self.own_file() };
        let copy = self.folder.path().join("rows.sqlite");
        copy_to_file(&Postgres::open(address).unwrap(), WORKSPACE, &copy).unwrap();
        copy
    }

    pub fn sql(&self, sql: &str) {
        match &self.database {
            Some(address) => drop(Cluster::shared().sql(address.secret(), sql)),
            None => {
                rusqlite::Connection::open(self.own_file()).unwrap().execute(sql, []).unwrap();
            }
        }
    }

    /// Packs what is stored, as a maintenance job may at any time.
    pub fn compact(&self) {
        match &self.database {
            Some(address) => drop(Cluster::shared().sql(address.secret(), "VACUUM FULL")),
            None => {
                let connection = rusqlite::Connection::open(self.own_file()).unwrap();
                connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); VACUUM").unwrap();
            }
        }
    }

    pub fn back_up(&mut self) {
        self.backups += 1;
        let to = self.backup();
        match &self.database {
            Some(address) => drop(copy_to_file(&Postgres::open(address).unwrap(), WORKSPACE, &to).unwrap()),
            None => {
                let connection = rusqlite::Connection::open(self.own_file()).unwrap();
                connection.execute("VACUUM INTO ?1", [to.to_str().unwrap()]).unwrap();
            }
        }
    }

    /// Puts the newest backup back, if there is one. The storage that was open is of no more use; a file's is ended
    /// before, by giving `leave` another one to hold.
    pub fn put_back(&self, leave: impl FnOnce(Arc<dyn Storage>)) -> bool {
        let from = self.backup();
        if !from.exists() {
            return false;
        }
        let nothing = self.folder.path().join("nothing.sqlite");
        let _ = std::fs::remove_file(&nothing);
        leave(Arc::new(Sqlite::create(&nothing, WORKSPACE, "Nothing", Epoch(Uuid::nil()), Timestamp(0)).unwrap()));
        if let Some(address) = &self.database {
            copy_from_file(&from, &Postgres::open(address).unwrap()).unwrap();
            return true;
        }
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(self.folder.path().join(format!("w.sqlite{suffix}")));
        }
        std::fs::copy(from, self.own_file()).unwrap();
        true
    }

    fn own_file(&self) -> PathBuf {
        self.path().join("w.sqlite")
    }

    fn backup(&self) -> PathBuf {
        self.path().join(format!("backup-{}.sqlite", self.backups))
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}
