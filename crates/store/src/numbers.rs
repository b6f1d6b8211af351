//! Numbers for new records, from the blocks that the server leased to this device.

use crate::error::{StoreError, Trouble};
use crate::open::Store;
use rusqlite::{Connection, OptionalExtension};
use slipway_domain::number::{Number, Series};
use std::collections::BTreeMap;
use uuid::Uuid;

impl Store {
    /// Takes in a block of numbers, `first` to `last`, both included. A block known already changes nothing.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn lease(&self, series: Series, first: u32, last: u32) -> Result<(), StoreError> {
        self.writing(|conn| {
            conn.prepare_cached(
                "INSERT INTO number_block (series, first, next, last) VALUES (?1, ?2, ?2, ?3)
                 ON CONFLICT (series, first) DO NOTHING",
            )?
            .execute((series.name(), first, last))?;
            Ok(())
        })
    }
}

/// How many numbers are left in each series.
pub(crate) fn left(conn: &Connection) -> Result<BTreeMap<Series, u32>, rusqlite::Error> {
    let mut statement =
        conn.prepare_cached("SELECT coalesce(sum(last - next + 1), 0) FROM number_block WHERE series = ?1")?;
    Series::ALL.into_iter().map(|s| Ok((s, statement.query_row((s.name(),), |row| row.get(0))?))).collect()
}

/// Gives numbers away within the transaction that issues the command: a refused command uses none up.
pub struct Numbers<'t> {
    conn: &'t Connection,
    blocks: BTreeMap<Series, Option<Block>>,
    trouble: Option<rusqlite::Error>,
}

struct Block {
    first: u32,
    next: u32,
    last: u32,
}

impl<'t> Numbers<'t> {
    pub(crate) fn new(conn: &'t Connection) -> Self {
        Self { conn, blocks: BTreeMap::new(), trouble: None }
    }

    /// The next number of a series for the record of that id; a provisional one when no block has any left.
    pub fn take(&mut self, series: Series, id: Uuid) -> Number {
        match self.next(series) {
            Ok(Some(n)) => Number::new(series, n),
            Ok(None) => Number::provisional(series, id),
            Err(error) => {
                // Told at the end: the caller is in the middle of building a command.
                self.trouble.get_or_insert(error);
                Number::provisional(series, id)
            }
        }
    }

    fn next(&mut self, series: Series) -> Result<Option<u32>, rusqlite::Error> {
        loop {
            let block = match self.blocks.get_mut(&series) {
                Some(block) => block,
                None => {
                    let loaded = load(self.conn, series)?;
                    self.blocks.entry(series).or_insert(loaded)
                }
            };
            let Some(open) = block else { return Ok(None) };
            if open.next <= open.last {
                let n = open.next;
                open.next = open.next.saturating_add(1);
                return Ok(Some(n));
            }
            save(self.conn, series, open)?;
            self.blocks.remove(&series);
        }
    }

    /// Keeps what was given away.
    pub(crate) fn finish(self) -> Result<(), Trouble> {
        if let Some(error) = self.trouble {
            return Err(error.into());
        }
        for (series, block) in self.blocks {
            if let Some(block) = block {
                save(self.conn, series, &block)?;
            }
        }
        Ok(())
    }
}

fn load(conn: &Connection, series: Series) -> Result<Option<Block>, rusqlite::Error> {
    conn.prepare_cached(
        "SELECT first, next, last FROM number_block WHERE series = ?1 AND next <= last ORDER BY first LIMIT 1",
    )?
    .query_row((series.name(),), |row| Ok(Block { first: row.get(0)?, next: row.get(1)?, last: row.get(2)? }))
    .optional()
}

fn save(conn: &Connection, series: Series, block: &Block) -> Result<(), rusqlite::Error> {
    conn.prepare_cached("UPDATE number_block SET next = ?3 WHERE series = ?1 AND first = ?2")?.execute((
        series.name(),
        block.first,
        block.next,
    ))?;
    Ok(())
}
