//! A connection with the names that it knows by heart: kinds, buckets and values that many rows share are stored as
//! small numbers, whose texts stand in the table `name`.

use rusqlite::{Connection, OptionalExtension};
use std::cell::RefCell;
use std::ops::Deref;
use std::sync::Arc;

/// So many names are remembered; then it begins anew.
const REMEMBERED: usize = 50_000;

/// For maps that are asked once a row or more often: its hash is a fraction of the standard one's, and seeded at random.
pub(crate) type FastMap<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

pub(crate) const CODE: &str = "SELECT code FROM name WHERE text = ?1";
pub(crate) const TEXT: &str = "SELECT text FROM name WHERE code = ?1";

/// A connection with its names.
pub(crate) struct Db {
    conn: Connection,
    names: RefCell<Names>,
}

#[derive(Default)]
struct Names {
    /// Names up to here were there when the transaction began. Later ones may be rolled back, and their numbers given
    /// to others: they are remembered apart, until then at most.
    lasting: i64,
    new: FastMap<Arc<str>, i64>,
    new_by_code: FastMap<i64, Arc<str>>,
    by_code: FastMap<i64, Arc<str>>,
    by_text: FastMap<Arc<str>, i64>,
}

impl Names {
    fn forget_new(&mut self) {
        self.new.clear();
        self.new_by_code.clear();
    }

    fn remember(&mut self, code: i64, text: &Arc<str>) {
        if code > self.lasting {
            if self.new.len() >= REMEMBERED {
                self.forget_new();
            }
            self.new.insert(text.clone(), code);
            self.new_by_code.insert(code, text.clone());
            return;
        }
        if self.by_code.len() >= REMEMBERED {
            self.by_code.clear();
            self.by_text.clear();
        }
        self.by_code.insert(code, text.clone());
        self.by_text.insert(text.clone(), code);
    }
}

impl Deref for Db {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.conn
    }
}

impl Db {
    pub(crate) fn new(conn: Connection) -> Self {
        Self { conn, names: RefCell::default() }
    }

    /// Begins a transaction; it is rolled back unless it is committed.
    pub(crate) fn begin(&self, sql: &str) -> Result<Transaction<'_>, rusqlite::Error> {
        self.conn.execute_batch(sql)?;
        let begun = Transaction(self);
        let lasting =
            self.conn.prepare_cached("SELECT coalesce(max(code), 0) FROM name")?.query_row((), |row| row.get(0))?;
        let mut names = self.names.borrow_mut();
        names.lasting = lasting;
        names.forget_new();
        drop(names);
        Ok(begun)
    }

    /// To be called after a part of the transaction was rolled back: names given since it began are not remembered.
    pub(crate) fn rolled_back(&self) {
        self.names.borrow_mut().forget_new();
    }

    /// The number of a name, if it has one.
    pub(crate) fn code(&self, text: &str) -> Result<Option<i64>, rusqlite::Error> {
        let names = self.names.borrow();
        if let Some(code) = names.by_text.get(text).or_else(|| names.new.get(text)) {
            return Ok(Some(*code));
        }
        drop(names);
        let code = self.conn.prepare_cached(CODE)?.query_row((text,), |row| row.get(0)).optional()?;
        if let Some(code) = code {
            self.names.borrow_mut().remember(code, &text.into());
        }
        Ok(code)
    }

    /// The number of a name, which is given one if it has none.
    pub(crate) fn code_or_new(&self, text: &str) -> Result<i64, rusqlite::Error> {
        if let Some(code) = self.code(text)? {
            return Ok(code);
        }
        self.conn.prepare_cached("INSERT INTO name (text) VALUES (?1)")?.execute((text,))?;
        let code = self.conn.last_insert_rowid();
        self.names.borrow_mut().remember(code, &text.into());
        Ok(code)
    }

    /// The name of a number.
    pub(crate) fn text(&self, code: i64) -> Result<Arc<str>, rusqlite::Error> {
        let names = self.names.borrow();
        if let Some(text) = names.by_code.get(&code).or_else(|| names.new_by_code.get(&code)) {
            return Ok(text.clone());
        }
        drop(names);
        let text: String = self.conn.prepare_cached(TEXT)?.query_row((code,), |row| row.get(0))?;
        let text: Arc<str> = text.into();
        self.names.borrow_mut().remember(code, &text);
        Ok(text)
    }
}

/// A transaction that was begun.
pub(crate) struct Transaction<'c>(&'c Db);

impl Transaction<'_> {
    pub(crate) fn db(&self) -> &Db {
        self.0
    }

    pub(crate) fn commit(self) -> Result<(), rusqlite::Error> {
        self.0.execute_batch("COMMIT")
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            // Also after a panic: the next one must see a fresh state. A connection that cannot even do that fails
            // at its next BEGIN, and says so.
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}
