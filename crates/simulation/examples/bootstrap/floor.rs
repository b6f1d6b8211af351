//! What a first sync is measured against: the same rows, put into SQLCipher one after the other.

use crate::sides::Table;
use rusqlite::{Connection, params_from_iter};
use std::time::{Duration, Instant};

/// Every table with its indexes in place; the search index is left out, for its words are not kept.
pub fn all_tables(tables: &[Table]) -> Duration {
    insert(tables)
}

/// The records alone, under their key.
pub fn records_only(tables: &[Table]) -> Duration {
    insert(&tables[..1])
}

fn insert(tables: &[Table]) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let conn = Connection::open(folder.path().join("floor.db")).unwrap();
    conn.pragma_update(None, "key", format!("x'{}'", "5a".repeat(32))).unwrap();
    conn.pragma_update(None, "journal_mode", "WAL").unwrap();
    conn.pragma_update(None, "cache_size", -65_536).unwrap();
    for sql in tables.iter().flat_map(|table| &table.schema) {
        conn.execute_batch(sql).unwrap();
    }
    let began = Instant::now();
    conn.execute_batch("BEGIN").unwrap();
    for table in tables {
        let places = vec!["?"; table.columns].join(", ");
        let mut put = conn.prepare(&format!("INSERT INTO {} VALUES ({places})", table.name)).unwrap();
        for row in &table.rows {
            put.execute(params_from_iter(row)).unwrap();
        }
    }
    conn.execute_batch("COMMIT").unwrap();
    began.elapsed()
}
