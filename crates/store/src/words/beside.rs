//! Words of very many records, indexed in memory by a thread of its own while another fills the tables, and then put into
//! the profile as they are: the blocks of an index are the same wherever it was made.

use crate::error::Trouble;
use crate::project::INSERT_WORDS;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use slipway_domain::refusal::Fault;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

/// What is gathered before a part of the index is written. All of it is in memory, so that this bounds nothing but the
/// number of parts that search goes through later.
const GATHER_BYTES: u32 = 48 * 1024 * 1024;

/// What an index of words consists of.
const PARTS: [&str; 3] = ["search_data", "search_idx", "search_docsize"];

/// Words by the rows of their records.
pub(crate) type Words = Vec<(i64, String)>;

/// An index of words in the making.
pub(crate) struct Beside {
    /// `None`: all were given.
    words: Option<Sender<Words>>,
    thread: JoinHandle<Result<Connection, rusqlite::Error>>,
}

impl Beside {
    /// Empties the index of the profile and begins another one beside it.
    pub(crate) fn begin(conn: &Connection) -> Result<Self, rusqlite::Error> {
        conn.execute("INSERT INTO search (search) VALUES ('delete-all')", ())?;
        let sql: String =
            conn.query_row("SELECT sql FROM sqlite_schema WHERE name = 'search'", (), |row| row.get(0))?;
        let (words, given) = channel();
        Ok(Self { words: Some(words), thread: thread::spawn(move || index(&sql, &given)) })
    }

    /// Takes words in, by ascending rows.
    pub(crate) fn add(&self, words: Words) {
        if let Some(index) = &self.words {
            // A thread that ended early says why at the end.
            let _ = index.send(words);
        }
    }

    /// There are no more: the index is brought to its end while others go on.
    pub(crate) fn end(&mut self) {
        self.words = None;
    }

    /// Puts the index into the profile, within its transaction.
    pub(crate) fn finish(mut self, conn: &Connection) -> Result<(), Trouble> {
        self.end();
        let made = self.thread.join().map_err(|_| Fault::new("the index of words could not be made"))??;
        // What the engine still has to write of the old index is written before, and what it remembers of it is
        // forgotten behind: going back to a savepoint makes it read again.
        conn.execute_batch("SAVEPOINT words; RELEASE words")?;
        for part in PARTS {
            conn.execute(&format!("DELETE FROM {part}"), ())?;
            copy(&made, conn, part)?;
        }
        Ok(conn.execute_batch("SAVEPOINT words; ROLLBACK TO words; RELEASE words")?)
    }
}

fn index(sql: &str, given: &Receiver<Words>) -> Result<Connection, rusqlite::Error> {
    let conn = Connection::open_in_memory()?;
    conn.execute_batch(sql)?;
    conn.execute("INSERT INTO search (search, rank) VALUES ('automerge', 0)", ())?;
    conn.execute("INSERT INTO search (search, rank) VALUES ('hashsize', ?1)", (GATHER_BYTES,))?;
    conn.execute_batch("BEGIN")?;
    let mut put = conn.prepare(INSERT_WORDS)?;
    for words in given {
        for (n, words) in words {
            put.execute((n, words))?;
        }
    }
    drop(put);
    conn.execute_batch("COMMIT")?;
    Ok(conn)
}

fn copy(from: &Connection, to: &Connection, table: &str) -> Result<(), rusqlite::Error> {
    // In the order of their keys, so that each table is filled from end to end.
    let mut read = from.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2"))?;
    let columns = read.column_count();
    let mut put = to.prepare(&format!("INSERT INTO {table} VALUES ({})", vec!["?"; columns].join(", ")))?;
    let mut rows = read.query(())?;
    while let Some(row) = rows.next()? {
        let values = (0..columns).map(|place| row.get::<_, Value>(place)).collect::<Result<Vec<_>, _>>()?;
        put.execute(params_from_iter(values))?;
    }
    Ok(())
}
