//! Putting snapshots in force, within the flip's transaction.
//!
//! Where nothing that is confirmed has to be kept, the tables are filled from end to end: rows in the order of their
//! keys, look-ups sorted first, indexes made after the rows, while another thread unpacks and reads what comes next.
//! Everywhere else the records are staged like those of a page.

use crate::error::Trouble;
use crate::flip::Flip;
use crate::project::Projection;
use crate::snapshot::{Complete, Unpack, complete, frame};
use crate::view::lookup_key;
use rusqlite::{Connection, params};
use slipway_domain::record::{Kind, Record};
use slipway_domain::refusal::Fault;
use std::borrow::Cow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use uuid::Uuid;

/// From so many records on it is faster to put everything in anew than to compare.
const ANEW_RECORDS: u64 = 5_000;
/// Frames that are unpacked ahead of the one that is written.
const AHEAD: usize = 2;
/// What search gathers in memory before it writes, while tables are filled.
const GATHER_BYTES: u32 = 48 * 1024 * 1024;
/// The same in everyday work; the engine's own choice.
const GATHER_BYTES_USUAL: u32 = 1024 * 1024;

/// What was done with the snapshots.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loaded {
    /// There were none, or they are staged like pages.
    Staged,
    /// They are the whole confirmed state; before-images are gone with what they were of.
    Anew,
}

/// Puts complete snapshots where the flip finds them.
pub(crate) fn load(conn: &Connection, flip: &Flip, unpack: &dyn Unpack) -> Result<Loaded, Trouble> {
    let snapshots = complete(conn)?;
    if snapshots.is_empty() {
        return Ok(Loaded::Staged);
    }
    let mut records = 0;
    for snapshot in &snapshots {
        records += unpack.total(&snapshot.manifest).map_err(|why| broken(snapshot, &why))?.0;
    }
    if is_empty(conn)? || (records >= ANEW_RECORDS && keeps_nothing(conn, flip)?) {
        fill(conn, &snapshots, unpack)?;
        return Ok(Loaded::Anew);
    }
    for snapshot in &snapshots {
        stage(conn, snapshot, unpack)?;
    }
    Ok(Loaded::Staged)
}

fn broken(snapshot: &Complete, why: &dyn std::fmt::Display) -> Trouble {
    Trouble::Snapshot { bucket: snapshot.bucket.clone(), why: why.to_string() }
}

fn is_empty(conn: &Connection) -> Result<bool, rusqlite::Error> {
    conn.query_row("SELECT NOT EXISTS (SELECT 1 FROM record) AND NOT EXISTS (SELECT 1 FROM member)", (), |row| {
        row.get(0)
    })
}

/// Whether every bucket comes anew, so that nothing of the confirmed state outlives this flip.
fn keeps_nothing(conn: &Connection, flip: &Flip) -> Result<bool, Trouble> {
    let mut statement = conn.prepare_cached("SELECT bucket FROM cursor WHERE seq > 0")?;
    let kept = statement.query_map((), |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(kept.iter().all(|bucket| flip.left.contains(bucket)))
}

/// Like pages: what was pulled since is newer and stays.
fn stage(conn: &Connection, snapshot: &Complete, unpack: &dyn Unpack) -> Result<(), Trouble> {
    let mut put = conn
        .prepare_cached("INSERT OR IGNORE INTO incoming (bucket, kind, id, seq, body) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let (mut count, mut sum) = (0_u64, 0_u64);
    for n in 0..snapshot.frames {
        let packed = frame(conn, &snapshot.bucket, n)?;
        let mut failed = None;
        let shown = unpack.unpack(&snapshot.manifest, n, &packed, &mut |row| {
            count += 1;
            sum = sum.wrapping_add(row.checksum);
            let key = (&snapshot.bucket, row.kind, row.id.as_bytes(), row.seq.cast_signed(), row.body);
            if failed.is_none() {
                failed = put.execute(key).err();
            }
        });
        shown.map_err(|why| broken(snapshot, &why))?;
        if let Some(error) = failed {
            return Err(error.into());
        }
    }
    agree(snapshot, unpack, (count, sum))
}

fn agree(snapshot: &Complete, unpack: &dyn Unpack, found: (u64, u64)) -> Result<(), Trouble> {
    let told = unpack.total(&snapshot.manifest).map_err(|why| broken(snapshot, &why))?;
    if told == found { Ok(()) } else { Err(broken(snapshot, &"its records are not those that its manifest counts")) }
}

/// A record, read and taken apart on the other thread.
struct Prepared {
    kind: Cow<'static, str>,
    id: Uuid,
    seq: u64,
    body: String,
    checksum: u64,
    keys: Vec<[u8; 16]>,
    projection: Option<Projection>,
}

impl Prepared {
    fn of(row: crate::snapshot::Row<'_>) -> Self {
        let known = Kind::named(row.kind);
        // What this program does not understand is kept and stays hidden.
        let record = known.and_then(|kind| Record::from_body(kind, row.body).ok());
        let keys = |record: &Record| record.lookups().iter().map(|(name, key)| lookup_key(*name, key)).collect();
        Self {
            kind: known.map_or_else(|| Cow::Owned(row.kind.to_owned()), |kind| Cow::Borrowed(kind.name())),
            id: row.id,
            seq: row.seq,
            body: row.body.to_owned(),
            checksum: row.checksum,
            keys: record.as_ref().map(keys).unwrap_or_default(),
            projection: record.as_ref().and_then(Projection::of),
        }
    }
}

/// Replaces everything that is confirmed by these snapshots.
fn fill(conn: &Connection, snapshots: &[Complete], unpack: &dyn Unpack) -> Result<(), Trouble> {
    for table in ["before", "foreign_before", "lookup", "summary", "member", "record"] {
        conn.execute(&format!("DELETE FROM {table}"), ())?;
    }
    conn.execute("INSERT INTO search (search) VALUES ('delete-all')", ())?;
    conn.execute("UPDATE cursor SET count = 0, sum = 0", ())?;
    let indexes = drop_indexes(conn)?;
    gather(conn, GATHER_BYTES)?;
    let mut filler = Filler { conn, n: 0, keys: Vec::new(), is_first: true };
    for snapshot in snapshots {
        filler.bucket(snapshot, unpack)?;
        filler.is_first = false;
    }
    filler.lookups()?;
    gather(conn, GATHER_BYTES_USUAL)?;
    for sql in indexes {
        conn.execute(&sql, ())?;
    }
    Ok(())
}

/// Takes the secondary indexes away and gives the statements that make them again.
fn drop_indexes(conn: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    let mut statement = conn.prepare(
        "SELECT name, sql FROM sqlite_schema
         WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('summary', 'member') ORDER BY name",
    )?;
    let indexes: Vec<(String, String)> =
        statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (name, _) in &indexes {
        conn.execute(&format!("DROP INDEX {name}"), ())?;
    }
    Ok(indexes.into_iter().map(|(_, sql)| sql).collect())
}

fn gather(conn: &Connection, bytes: u32) -> Result<(), rusqlite::Error> {
    conn.execute("INSERT INTO search (search, rank) VALUES ('hashsize', ?1)", (bytes,)).map(|_| ())
}

struct Filler<'c> {
    conn: &'c Connection,
    /// Row number of the last record.
    n: i64,
    /// Look-up keys and the ids under them.
    keys: Vec<([u8; 16], [u8; 16])>,
    /// No record can be there already.
    is_first: bool,
}

impl Filler<'_> {
    fn bucket(&mut self, snapshot: &Complete, unpack: &dyn Unpack) -> Result<(), Trouble> {
        let (mut count, mut sum) = (0_u64, 0_u64);
        thread::scope(|scope| {
            let (packed_out, packed_in) = sync_channel::<(usize, Vec<u8>)>(AHEAD);
            let (rows_out, rows_in) = sync_channel(AHEAD);
            scope.spawn(move || prepare(&snapshot.manifest, unpack, &packed_in, &rows_out));
            let hand_over = |n: usize| -> Result<(), Trouble> {
                if n < snapshot.frames {
                    let packed = frame(self.conn, &snapshot.bucket, n)?;
                    // A thread that ended early says why in what it gave last.
                    let _ = packed_out.send((n, packed));
                }
                Ok(())
            };
            for n in 0..AHEAD {
                hand_over(n)?;
            }
            let mut writes = Writes::new(self.conn)?;
            for n in 0..snapshot.frames {
                hand_over(n + AHEAD)?;
                let rows = rows_in.recv().unwrap_or_else(|_| Err(Fault::new("its reader ended early")));
                for row in rows.map_err(|why| broken(snapshot, &why))? {
                    count += 1;
                    sum = sum.wrapping_add(row.checksum);
                    let id = row.id.as_bytes();
                    writes.member.execute(params![
                        snapshot.bucket,
                        row.kind,
                        id,
                        row.seq.cast_signed(),
                        row.checksum.cast_signed()
                    ])?;
                    if !self.is_first && writes.there.exists(params![row.kind, id])? {
                        continue;
                    }
                    self.n += 1;
                    writes.record.execute(params![self.n, row.kind, id, row.body])?;
                    self.keys.extend(row.keys.iter().map(|key| (*key, *id)));
                    if let Some(projection) = &row.projection {
                        projection.insert(self.conn, self.n, &row.kind, row.id)?;
                    }
                }
            }
            Ok::<_, Trouble>(())
        })?;
        agree(snapshot, unpack, (count, sum))?;
        self.conn.execute(
            "INSERT INTO cursor (bucket, seq, count, sum) VALUES (?1, 0, ?2, ?3)
             ON CONFLICT (bucket) DO UPDATE SET count = excluded.count, sum = excluded.sum",
            (&snapshot.bucket, count.cast_signed(), sum.cast_signed()),
        )?;
        Ok(())
    }

    fn lookups(&mut self) -> Result<(), rusqlite::Error> {
        self.keys.sort_unstable();
        self.keys.dedup();
        let mut put = self.conn.prepare_cached("INSERT INTO lookup (key, id) VALUES (?1, ?2)")?;
        for (key, id) in self.keys.drain(..) {
            put.execute((key, id))?;
        }
        Ok(())
    }
}

/// Unpacks frames until there are no more, or nobody takes them.
fn prepare(
    manifest: &str,
    unpack: &dyn Unpack,
    packed_in: &Receiver<(usize, Vec<u8>)>,
    rows_out: &SyncSender<Result<Vec<Prepared>, Fault>>,
) {
    for (n, packed) in packed_in {
        let mut rows = Vec::new();
        let shown = unpack.unpack(manifest, n, &packed, &mut |row| rows.push(Prepared::of(row)));
        if rows_out.send(shown.map(|()| rows)).is_err() {
            return;
        }
    }
}

/// Statements that every row needs, looked up once for each bucket.
struct Writes<'c> {
    member: rusqlite::CachedStatement<'c>,
    record: rusqlite::CachedStatement<'c>,
    there: rusqlite::CachedStatement<'c>,
}

impl<'c> Writes<'c> {
    fn new(conn: &'c Connection) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            member: conn
                .prepare_cached("INSERT INTO member (bucket, kind, id, seq, sum) VALUES (?1, ?2, ?3, ?4, ?5)")?,
            record: conn.prepare_cached("INSERT INTO record (n, kind, id, body) VALUES (?1, ?2, ?3, ?4)")?,
            there: conn.prepare_cached("SELECT 1 FROM record WHERE kind = ?1 AND id = ?2")?,
        })
    }
}
