//! One writer, a few readers that cannot write, all on the same file.

use crate::db::Db;
use crate::error::Trouble;
use crate::key::Key;
use rusqlite::{Connection, OpenFlags};
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// Readers at the same time; a further one waits.
pub(crate) const READERS: usize = 3;
/// How long a statement waits for another process before it gives up.
const BUSY: Duration = Duration::from_secs(5);
const WRITER_CACHE_KIB: i64 = 65_536;
const READER_CACHE_KIB: i64 = 4_096;
/// The log is copied into the file when it has grown by so many pages of 4 KiB.
const CHECKPOINT_PAGES: i64 = 8_000;
const STATEMENTS: usize = 96;

pub(crate) struct Pool {
    writer: Mutex<Db>,
    idle: Mutex<Vec<Db>>,
    returned: Condvar,
    /// Whether the log is to be copied into the file by whoever has time for it.
    owes_copy: AtomicBool,
}

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Write,
    Read,
}

/// Makes the first connection of the process alone. SQLite tells other threads that it is initialised before SQLCipher
/// is: who opened a database in between was told that it has no key.
fn ready() -> Result<(), rusqlite::Error> {
    static READY: Mutex<bool> = Mutex::new(false);
    let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
    if !*ready {
        Connection::open_in_memory()?;
        *ready = true;
    }
    drop(ready);
    Ok(())
}

/// Opens a connection and unlocks it; nothing is read yet.
pub(crate) fn connect(path: &Path, key: &Key, purpose: Purpose) -> Result<Connection, rusqlite::Error> {
    ready()?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    // A wrong key is told by an error, not by lines on the terminal.
    conn.pragma_update(None, "cipher_log_level", "NONE")?;
    conn.pragma_update(None, "key", key.pragma().as_str())?;
    conn.busy_timeout(BUSY)?;
    // Intermediate results never reach a disk unencrypted.
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    if purpose == Purpose::Read {
        conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        conn.pragma_update(None, "query_only", true)?;
    } else {
        conn.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    }
    Ok(conn)
}

/// What the writer needs beyond [`connect`], once it is known that the key fits.
pub(crate) fn durable(conn: &Connection) -> Result<(), rusqlite::Error> {
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    // Where the system only pretends to flush (macOS) it is asked again; elsewhere this does nothing.
    conn.pragma_update(None, "fullfsync", true)?;
    conn.pragma_update(None, "checkpoint_fullfsync", true)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    // An import touches the same index pages in every batch: they are copied into the file once in a while, not each time.
    conn.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    conn.pragma_update(None, "journal_size_limit", 2 * CHECKPOINT_PAGES * 4096)?;
    Ok(())
}

impl Pool {
    pub(crate) fn new(writer: Db, path: &Path, key: &Key) -> Result<Self, rusqlite::Error> {
        let idle =
            (0..READERS).map(|_| connect(path, key, Purpose::Read).map(Db::new)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            writer: Mutex::new(writer),
            idle: Mutex::new(idle),
            returned: Condvar::new(),
            owes_copy: AtomicBool::new(false),
        })
    }

    /// In a transaction that writes very much: its commit is durable in the log and leaves copying it into the file to
    /// [`Pool::copy_log`]. Ends with [`Pool::copy_usually`].
    pub(crate) fn copy_later(&self, writer: &Db) -> Result<(), rusqlite::Error> {
        self.owes_copy.store(true, Ordering::Relaxed);
        writer.pragma_update(None, "wal_autocheckpoint", 0)
    }

    /// Every later commit copies the log when it has grown, as usual.
    pub(crate) fn copy_usually(&self) -> Result<(), rusqlite::Error> {
        self.writer().pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)
    }

    /// Copies the log into the file if that was put off. Nobody who reads or writes meanwhile waits for it.
    pub(crate) fn copy_log(&self) -> Result<(), rusqlite::Error> {
        if !self.owes_copy.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let reader = self.reader();
        reader.pragma_update(None, "checkpoint_fullfsync", true)?;
        reader.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()))
    }

    /// The writer. A panic under the lock rolled its transaction back, so the connection stays good.
    pub(crate) fn writer(&self) -> MutexGuard<'_, Db> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writer, unless it is at work.
    pub(crate) fn writer_at_rest(&self) -> Option<MutexGuard<'_, Db>> {
        match self.writer.try_lock() {
            Ok(writer) => Some(writer),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Runs `f` in a write transaction that is committed if it returns `Ok`.
    pub(crate) fn write<T, E: From<Trouble>>(&self, f: impl FnOnce(&Db) -> Result<T, E>) -> Result<T, E> {
        let writer = self.writer();
        let tx = writer.begin("BEGIN IMMEDIATE").map_err(|e| E::from(Trouble::from(e)))?;
        let value = f(tx.db())?;
        tx.commit().map_err(|e| E::from(Trouble::from(e)))?;
        drop(writer);
        Ok(value)
    }

    /// Runs `f` in a read transaction: it sees one state, whatever is written meanwhile.
    pub(crate) fn read<T, E: From<Trouble>>(&self, f: impl FnOnce(&Db) -> Result<T, E>) -> Result<T, E> {
        let reader = self.reader();
        let tx = reader.begin("BEGIN").map_err(|e| E::from(Trouble::from(e)))?;
        let value = f(tx.db());
        drop(tx);
        drop(reader);
        value
    }

    fn reader(&self) -> Reader<'_> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(conn) = idle.pop() {
                return Reader { pool: self, conn: Some(conn) };
            }
            idle = self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A reader on loan.
struct Reader<'p> {
    pool: &'p Pool,
    conn: Option<Db>,
}

impl Deref for Reader<'_> {
    type Target = Db;
    #[expect(clippy::expect_used, reason = "the connection is taken out in drop only")]
    fn deref(&self) -> &Db {
        self.conn.as_ref().expect("a reader on loan has its connection")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
            self.pool.returned.notify_one();
        }
    }
}
