//! Small texts that the profile remembers, by name: they stay on this laptop and never travel.

use crate::chain::Chain;
use crate::error::StoreError;
use crate::open::{Profile, Store};
use rusqlite::{Connection, OptionalExtension};

impl Store {
    /// To which workspace the profile belongs, and under which identity it issues commands now.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn profile(&self) -> Result<Profile, StoreError> {
        self.reading(|conn| {
            let chain = Chain::load(conn)?;
            Ok(Profile { workspace: chain.workspace, device: chain.device })
        })
    }

    /// What is remembered under a name.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn remembered(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.reading(|conn| Ok(get(conn, name)?))
    }

    /// Remembers a text under a name, in place of what was there.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn remember(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.writing(|conn| Ok(set(conn, name, value)?))
    }

    /// Forgets what is remembered under a name.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn forget(&self, name: &str) -> Result<(), StoreError> {
        self.writing(|conn| {
            conn.prepare_cached("DELETE FROM meta WHERE name = ?1")?.execute((name,))?;
            Ok(())
        })
    }
}

pub(crate) fn get(conn: &Connection, name: &str) -> Result<Option<String>, rusqlite::Error> {
    conn.prepare_cached("SELECT value FROM meta WHERE name = ?1")?.query_row((name,), |row| row.get(0)).optional()
}

pub(crate) fn set(conn: &Connection, name: &str, value: &str) -> Result<(), rusqlite::Error> {
    conn.prepare_cached(
        "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?
    .execute((name, value))?;
    Ok(())
}
