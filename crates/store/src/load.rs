//! Putting snapshots in force, within the flip's transaction.
//!
//! Where nothing that is confirmed has to be kept, the tables are filled from end to end: rows in the order of their
//! XX the records are staged like those of a page.

use crate::db::{Db, FastMap};
use crate::error::Trouble;
use crate::flip::Flip;
use crate::guard;
use crate::pack::{Body, Stored, end, pack};
use crate::project::{Projection, Writing};
use crate::snapshot::{Complete, Unpack, complete, frame};
use crate::view::{lookup_keys, stored};
use crate::words::beside::Beside;
use rusqlite::{Connection, params};
use slipway_domain::record::{Kind, Record};
use slipway_domain::refusal::Fault;
use std::borrow::Cow;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;
use uuid::Uuid;

/// From so many records on it is faster to put everything in anew than to compare.
const ANEW_RECORDS: u64 = 5_000;
/// Frames that are unpacked ahead of the one that is written.
const AHEAD: usize = 2;

/// What was done with the snapshots.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loaded {
    /// There were none, or they are staged like pages.
    Staged,
    /// They are the whole confirmed state; before-images are gone with what they were of.
    Anew,
}

/// Puts complete snapshots where the flip finds them.
pub(crate) fn load(conn: &Db, flip: &Flip, unpack: &dyn Unpack) -> Result<Loaded, Trouble> {
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
    body: Content,
    checksum: u64,
    keys: Vec<i64>,
    projection: Option<Projection>,
}

/// A body and what it says, as far as that is needed to pack it.
enum Content {
    /// That of this record.
    Of(Record),
    Text(String, Option<Record>),
}

impl Content {
    fn body(&self) -> Body<'_> {
        match self {
            Self::Of(record) => Body::Of(record),
            Self::Text(text, record) => Body::Text(text, record.as_ref()),
        }
    }
}

impl Prepared {
    fn of(row: crate::snapshot::Row<'_>) -> Self {
        let known = Kind::named(row.kind);
        // What this program does not understand is kept and stays hidden.
        let record = known.and_then(|kind| Record::from_body(kind, row.body).ok());
        let keys = record.as_ref().map(lookup_keys).unwrap_or_default();
        let projection = record.as_ref().and_then(Projection::of);
        let is_packed = |record: &Record| matches!(record.kind(), Kind::Ci | Kind::Relation);
        Self {
            kind: known.map_or_else(|| Cow::Owned(row.kind.to_owned()), |kind| Cow::Borrowed(kind.name())),
            id: row.id,
            seq: row.seq,
            body: match record.filter(is_packed) {
                Some(record) if record.is_body(row.body) => Content::Of(record),
                record => Content::Text(row.body.to_owned(), record),
            },
            checksum: row.checksum,
            keys,
            projection,
        }
    }
}

/// Replaces everything that is confirmed by these snapshots.
fn fill(conn: &Db, snapshots: &[Complete], unpack: &dyn Unpack) -> Result<(), Trouble> {
    // A table without triggers is emptied at once.
    let mut later = drop_indexes(conn)?;
    for table in [
        "before",
        "foreign_before",
        "lookup",
        "guard",
        "fact",
        "fact_service",
        "summary",
        "ci_summary",
        "ci_count",
        "member",
        "record",
    ] {
        conn.execute(&format!("DELETE FROM {table}"), ())?;
    }
    conn.execute("UPDATE cursor SET count = 0, sum = 0", ())?;
    let mut filler =
        Filler { conn, words: Beside::begin(conn)?, n: 0, keys: Vec::new(), is_first: true, ends: FastMap::default() };
    for snapshot in snapshots {
        if !filler.is_first
            && let Some(place) = later.iter().position(|sql| sql.contains("record_id"))
        {
            // From the second bucket on a record may be there already.
            conn.execute(&later.remove(place), ())?;
        }
        filler.bucket(snapshot, unpack)?;
        filler.is_first = false;
    }
    filler.words.end();
    filler.lookups()?;
    for sql in later {
        conn.execute(&sql, ())?;
    }
    filler.words.finish(conn)?;
    conn.execute(COUNT_CIS, ())?;
    guard::rebuild(conn)
}

/// Counts CIs after their rows came without triggers.
const COUNT_CIS: &str =
    "INSERT INTO ci_count (grp, state, count) SELECT grp, state, count(*) FROM ci_summary GROUP BY grp, state";

/// Takes secondary indexes and triggers away and gives the statements that make them again.
fn drop_indexes(conn: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    let mut statement = conn.prepare(
        "SELECT type, name, sql FROM sqlite_schema
         WHERE type IN ('index', 'trigger') AND sql IS NOT NULL
           AND tbl_name IN ('summary', 'ci_summary', 'record') ORDER BY name",
    )?;
    let found: Vec<(String, String, String)> =
        statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
    for (what, name, _) in &found {
        conn.execute(&format!("DROP {what} {name}"), ())?;
    }
    Ok(found.into_iter().map(|(.., sql)| sql).collect())
}

struct Filler<'c> {
    conn: &'c Db,
    words: Beside,
    /// Row number of the last record.
    n: i64,
    /// Look-up keys and the rows under them.
    keys: Vec<(i64, u32)>,
    /// Rows of the CIs of the first bucket, while no index finds them; of those that are only ends of relations so
    /// far, too.
    ends: FastMap<Uuid, u32>,
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
            // What one thread took memory for is given back by another than the one that everything waits for.
            let (done_out, done_in) = channel::<Vec<Prepared>>();
            scope.spawn(move || done_in.into_iter().for_each(drop));
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
            let bucket = self.conn.code_or_new(&snapshot.bucket)?;
            for n in 0..snapshot.frames {
                hand_over(n + AHEAD)?;
                let rows = rows_in.recv().unwrap_or_else(|_| Err(Fault::new("its reader ended early")));
                let mut rows = rows.map_err(|why| broken(snapshot, &why))?;
                let mut words = Vec::new();
                for row in &mut rows {
                    count += 1;
                    sum = sum.wrapping_add(row.checksum);
                    let (n, is_new) = self.put(&mut writes, bucket, row)?;
                    if is_new && let Some(text) = row.projection.as_mut().and_then(Projection::take_words) {
                        words.push((n, text));
                    }
                }
                self.words.add(words);
                // A thread that ended early left nothing to be told.
                let _ = done_out.send(rows);
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

    /// Puts a record in; gives its row, and whether it is there for the first time.
    fn put(&mut self, writes: &mut Writes<'_>, bucket: i64, row: &Prepared) -> Result<(i64, bool), Trouble> {
        let db = self.conn;
        let code = db.code_or_new(&row.kind)?;
        let is_ci = row.kind == Kind::Ci.name();
        let (there, is_known) = if !self.is_first {
            match stored(db, &row.kind, row.id)? {
                Some((n, body)) => (Some(n), !matches!(body, Stored::Nothing)),
                None => (None, false),
            }
        } else if is_ci {
            (self.ends.get(&row.id).copied().map(i64::from), false)
        } else {
            (None, false)
        };
        let (mut last, is_first) = (self.n, self.is_first);
        let ends = &mut self.ends;
        let n = if is_known {
            there.unwrap_or_default()
        } else {
            let packed = pack(db, row.body.body(), &mut |id| {
                if !is_first {
                    let n = end(db, id)?;
                    last = last.max(n);
                    return Ok(n);
                }
                if let Some(n) = ends.get(&id) {
                    return Ok(i64::from(*n));
                }
                last += 1;
                writes.end.execute(params![last, id.as_bytes()])?;
                ends.insert(id, u32::try_from(last).map_err(Fault::new)?);
                Ok(last)
            })?;
            match there {
                Some(n) => {
                    writes.update.execute(params![n, packed, packed.source, packed.target])?;
                    n
                }
                None => {
                    last += 1;
                    if is_first && is_ci {
                        ends.insert(row.id, u32::try_from(last).map_err(Fault::new)?);
                    }
                    let id = row.id.as_bytes();
                    writes.record.execute(params![last, code, id, packed, packed.source, packed.target])?;
                    last
                }
            }
        };
        self.n = last;
        writes.member.execute(params![n, bucket, row.seq.cast_signed(), row.checksum.cast_signed()])?;
        if !is_known {
            let small = u32::try_from(n).map_err(Fault::new)?;
            self.keys.extend(row.keys.iter().map(|key| (*key, small)));
            if let Some(projection) = &row.projection {
                writes.derived.lists(n, row.id, projection)?;
            }
        }
        Ok((n, !is_known))
    }

    fn lookups(&mut self) -> Result<(), rusqlite::Error> {
        self.keys.sort_unstable();
        self.keys.dedup();
        let mut put = self.conn.prepare_cached("INSERT INTO lookup (key, n) VALUES (?1, ?2)")?;
        for (key, n) in self.keys.drain(..) {
            put.execute((key, n))?;
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
    update: rusqlite::CachedStatement<'c>,
    end: rusqlite::CachedStatement<'c>,
    derived: Writing<'c>,
}

impl<'c> Writes<'c> {
    fn new(db: &'c Db) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            member: db.prepare_cached("INSERT INTO member (n, bucket, seq, sum) VALUES (?1, ?2, ?3, ?4)")?,
            record: db.prepare_cached(
                "INSERT INTO record (n, kind, id, body, source, target) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            update: db.prepare_cached("UPDATE record SET body = ?2, source = ?3, target = ?4 WHERE n = ?1")?,
            end: db.prepare_cached(
                "INSERT INTO record (n, kind, id) VALUES (?1, (SELECT code FROM name WHERE text = 'ci'), ?2)",
            )?,
            derived: Writing::anew(db)?,
        })
    }
}
