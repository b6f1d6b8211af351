//! The flip: in one short transaction the confirmed state becomes the server's and the pending commands are carried
//! over to it. No reader ever sees a state between.

use crate::attention::{Attention, judged_after_all, raise};
use crate::carry::forget_foreign;
use crate::db::Db;
use crate::error::{StoreError, Trouble};
use crate::issue::run;
use crate::load::{Loaded, load};
use crate::open::Store;
use crate::queue::{Judged, Verdict};
use crate::snapshot::{Unpack, Unreadable};
use crate::stage::discard;
use crate::view::{new_row, row, uuid};
use crate::write::{Changes, Writer};
use rusqlite::{Connection, OptionalExtension};
use slipway_domain::checksum::row_checksum;
use slipway_domain::command::Envelope;
use slipway_domain::refusal::{Failure, Finding, Refusal};
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use uuid::Uuid;

/// A bucket as the server has it, or as this laptop has confirmed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The bucket.
    pub bucket: String,
    /// Everything up to here is in.
    pub seq: u64,
    /// How many records.
    pub count: u64,
    /// Their sum, see [`row_checksum`].
    pub sum: u64,
}

/// A complete pull.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flip {
    /// The server's epoch.
    pub epoch: String,
    /// This laptop's clock.
    pub at: Timestamp,
    /// Every bucket that was pulled, as the server has it now. Staged buckets must be among them.
    pub cursors: Vec<Cursor>,
    /// Buckets that are not for this laptop any more: what is in no other one goes.
    pub left: Vec<String>,
    /// Verdicts on commands whose effects came with these pages.
    pub judged: Vec<Judged>,
}

/// What a flip did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flipped {
    /// Which records look different now.
    pub changes: Changes,
    /// Buckets whose count or sum is not the server's: they are asked for anew at the next pull.
    pub mismatched: Vec<String>,
    /// Commands that need attention since.
    pub attention: Vec<slipway_domain::id::CommandId>,
    /// Pending commands that will probably be refused.
    pub predicted_refused: u64,
}

impl Store {
    /// Makes what was staged the confirmed state and carries the pending commands over to it, where no bucket was
    /// fetched whole.
    ///
    /// # Errors
    /// See [`Store::flip_with_snapshots`].
    pub fn flip(&self, flip: &Flip) -> Result<Flipped, StoreError> {
        self.flip_with_snapshots(flip, &Unreadable)
    }

    /// The same where buckets may have been fetched whole; `unpack` reads their frames.
    ///
    /// # Errors
    /// `Snapshot` if such a frame is not what it should be, `Misuse` if a staged bucket is missing in `cursors` or the epoch changed without
    /// [`Store::start_over`], or that the storage failed. Then nothing was changed.
    pub fn flip_with_snapshots(&self, flip: &Flip, unpack: &dyn Unpack) -> Result<Flipped, StoreError> {
        let flipped = self.writing(|conn| {
            check(conn, flip)?;
            forget_left(conn, flip)?;
            let mut writer = Writer::new(conn);
            let loaded = load(conn, flip, unpack)?;
            match loaded {
                Loaded::Staged => replace_what_did_not_come_again(conn, flip)?,
                Loaded::Anew => self.pool.copy_later(conn)?,
            }
            let sums = members(conn)?;
            undo(conn, &mut writer)?;
            apply(conn, &mut writer)?;
            discard(conn)?;
            let attention = drop_judged(conn, flip)?;
            let mismatched = cursors(conn, flip, &sums)?;
            let predicted_refused = replay(conn, &mut writer)?;
            let changes = match loaded {
                Loaded::Staged => writer.finish()?,
                Loaded::Anew => writer.finish().map(|_| Changes::everything())?,
            };
            epoch(conn, flip)?;
            Ok(Flipped { changes, mismatched, attention, predicted_refused })
        });
        self.pool.copy_usually().map_err(|e| self.explain(e.into()))?;
        flipped
    }
}

fn check(conn: &Connection, flip: &Flip) -> Result<(), Trouble> {
    let mut statement = conn.prepare_cached("SELECT bucket FROM staging UNION SELECT DISTINCT bucket FROM incoming")?;
    for bucket in statement.query_map((), |row| row.get::<_, String>(0))? {
        let bucket = bucket?;
        if !flip.cursors.iter().any(|c| c.bucket == bucket) && !flip.left.contains(&bucket) {
            return Err(Trouble::Misuse {
                sentence: format!("Records of {bucket} are staged, but the pull did not complete it."),
                way_out: "Pull until it is complete, or discard what is staged.".to_owned(),
            });
        }
    }
    let known: String = conn.query_row("SELECT epoch FROM profile WHERE one = 1", (), |row| row.get(0))?;
    let confirmed: i64 = conn.query_row("SELECT coalesce(max(seq), 0) FROM cursor", (), |row| row.get(0))?;
    if !known.is_empty() && known != flip.epoch && confirmed > 0 {
        return Err(Trouble::Misuse {
            sentence: "The server was restored from a backup since the last exchange.".to_owned(),
            way_out: "Push again what it no longer knows and start over before pulling.".to_owned(),
        });
    }
    Ok(())
}

/// What was set aside of a bucket that is not for this laptop any more never shows.
fn forget_left(conn: &Connection, flip: &Flip) -> Result<(), Trouble> {
    for bucket in &flip.left {
        for table in ["incoming", "staging", "frame", "snapshot"] {
            conn.execute(&format!("DELETE FROM {table} WHERE bucket = ?1"), (bucket,))?;
        }
    }
    Ok(())
}

/// A bucket that is fetched anew loses what did not come again; one that was left loses everything.
fn replace_what_did_not_come_again(conn: &Db, flip: &Flip) -> Result<(), Trouble> {
    let mut gone = conn.prepare_cached(
        "INSERT OR IGNORE INTO incoming (bucket, kind, id, seq, body)
         SELECT ?1, k.text, r.id, m.seq, NULL FROM member m JOIN record r ON r.n = m.n JOIN name k ON k.code = r.kind
         WHERE m.bucket = ?2",
    )?;
    for bucket in &flip.left {
        gone.execute((bucket, conn.code(bucket)?))?;
    }
    for cursor in &flip.cursors {
        let confirmed: Option<i64> = conn
            .prepare_cached("SELECT seq FROM cursor WHERE bucket = ?1")?
            .query_row((&cursor.bucket,), |row| row.get(0))
            .optional()?;
        if confirmed == Some(0) {
            gone.execute((&cursor.bucket, conn.code(&cursor.bucket)?))?;
        }
    }
    Ok(())
}

/// What staged entries add to count and sum of their bucket.
struct Delta {
    bucket: String,
    code: i64,
    count: i64,
    sum: u64,
}

/// Moves records into and out of buckets.
fn members(db: &Db) -> Result<Vec<Delta>, Trouble> {
    let mut deltas: Vec<Delta> = Vec::new();
    let mut statement = db.prepare_cached("SELECT bucket, kind, id, seq, body FROM incoming ORDER BY bucket")?;
    let mut old = db.prepare_cached("SELECT sum FROM member WHERE n = ?1 AND bucket = ?2")?;
    let mut put = db.prepare_cached(
        "INSERT INTO member (n, bucket, seq, sum) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (n, bucket) DO UPDATE SET seq = excluded.seq, sum = excluded.sum",
    )?;
    let mut remove = db.prepare_cached("DELETE FROM member WHERE n = ?1 AND bucket = ?2")?;
    let mut rows = statement.query(())?;
    while let Some(entry) = rows.next()? {
        let bucket: String = entry.get(0)?;
        let kind: String = entry.get(1)?;
        let id = uuid(entry, 2)?;
        let seq: i64 = entry.get(3)?;
        let body: Option<String> = entry.get(4)?;
        if deltas.last().is_none_or(|d| d.bucket != bucket) {
            deltas.push(Delta { code: db.code_or_new(&bucket)?, bucket, count: 0, sum: 0 });
        }
        let Some(delta) = deltas.last_mut() else { continue };
        let n = row(db, &kind, id)?;
        let was: Option<i64> = match n {
            Some(n) => old.query_row((n, delta.code), |row| row.get(0)).optional()?,
            None => None,
        };
        if let Some(was) = was {
            delta.count -= 1;
            delta.sum = delta.sum.wrapping_sub(was.cast_unsigned());
        }
        if let Some(body) = body {
            let sum = row_checksum(&kind, id, seq.cast_unsigned(), &body);
            delta.count += 1;
            delta.sum = delta.sum.wrapping_add(sum);
            let n = n.map_or_else(|| new_row(db, &kind, id), Ok)?;
            put.execute((n, delta.code, seq, sum.cast_signed()))?;
        } else if let (Some(n), Some(_)) = (n, was) {
            remove.execute((n, delta.code))?;
        }
    }
    Ok(deltas)
}

/// Takes the effects of all pending commands back, other laptops' among them: the oldest before-image of a record is its confirmed state.
///
/// Records that were staged are passed over, so that an effect which came back from the server as it was here
/// costs nothing.
fn undo(conn: &Connection, writer: &mut Writer<'_>) -> Result<(), Trouble> {
    let mut statement = conn.prepare_cached(
        "SELECT kind, id, body, min(n) FROM replaced r
         WHERE NOT EXISTS (SELECT 1 FROM incoming i WHERE i.kind = r.kind AND i.id = r.id AND i.body IS NOT NULL)
         GROUP BY kind, id",
    )?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let body: Option<String> = row.get(2)?;
        writer.set(&row.get::<_, String>(0)?, uuid(row, 1)?, body.as_deref())?;
    }
    drop(rows);
    drop(statement);
    conn.execute("DELETE FROM before", ())?;
    forget_foreign(conn)?;
    Ok(())
}

/// Gives staged records their new state; what is in no bucket any more goes.
fn apply(conn: &Db, writer: &mut Writer<'_>) -> Result<(), Trouble> {
    let mut statement = conn.prepare_cached("SELECT kind, id, body FROM incoming ORDER BY kind, id, seq")?;
    let mut elsewhere = conn.prepare_cached("SELECT 1 FROM member WHERE n = ?1")?;
    let mut rows = statement.query(())?;
    while let Some(entry) = rows.next()? {
        let kind: String = entry.get(0)?;
        let id: Uuid = uuid(entry, 1)?;
        let body: Option<String> = entry.get(2)?;
        let mut is_elsewhere = || match row(conn, &kind, id)? {
            Some(n) => elsewhere.exists((n,)),
            None => Ok(false),
        };
        if body.is_some() || !is_elsewhere()? {
            writer.set(&kind, id, body.as_deref())?;
        }
    }
    Ok(())
}

/// Judged commands leave the queue: kept until the server's backup covers them, and shown if they need attention.
fn drop_judged(conn: &Connection, flip: &Flip) -> Result<Vec<slipway_domain::id::CommandId>, Trouble> {
    let mut raised = Vec::new();
    let mut payload = conn.prepare_cached("SELECT payload FROM queue WHERE id = ?1")?;
    let mut keep = conn.prepare_cached(
        "INSERT INTO sent (n, counter, id, payload, signature, answer, seq, judged_at)
         SELECT n, counter, id, payload, signature, ?2, ?3, ?4 FROM queue WHERE id = ?1",
    )?;
    let mut leave = conn.prepare_cached("DELETE FROM queue WHERE id = ?1")?;
    for judged in &flip.judged {
        let id = judged.id.0.as_bytes();
        let Some(bytes) = payload.query_row((id,), |row| row.get::<_, Vec<u8>>(0)).optional()? else {
            if judged_after_all(conn, judged.id, &judged.verdict, flip.at)? && judged.verdict != Verdict::Applied {
                raised.push(judged.id);
            }
            continue;
        };
        keep.execute((id, serde_json::to_string(&judged.verdict)?, judged.seq.cast_signed(), flip.at.0))?;
        leave.execute((id,))?;
        if judged.verdict == Verdict::Applied {
            continue;
        }
        let envelope: Envelope<serde_json::Value> = serde_json::from_slice(&bytes)?;
        raise(
            conn,
            &Attention {
                id: judged.id,
                counter: judged.counter,
                actor: envelope.actor,
                made_at: envelope.made_at,
                judged_at: flip.at,
                entered: None,
                entered_json: envelope.command.to_string(),
                verdict: judged.verdict.clone(),
                settled: None,
                decided: BTreeMap::new(),
            },
        )?;
        raised.push(judged.id);
    }
    Ok(raised)
}

/// Moves the cursors and compares count and sum with the server's.
fn cursors(conn: &Connection, flip: &Flip, deltas: &[Delta]) -> Result<Vec<String>, Trouble> {
    let mut mismatched = Vec::new();
    for bucket in &flip.left {
        conn.execute("DELETE FROM cursor WHERE bucket = ?1", (bucket,))?;
    }
    for theirs in &flip.cursors {
        let ours: Option<(i64, i64)> = conn
            .prepare_cached("SELECT count, sum FROM cursor WHERE bucket = ?1")?
            .query_row((&theirs.bucket,), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (mut count, sum) = ours.unwrap_or_default();
        let mut sum = sum.cast_unsigned();
        if let Some(delta) = deltas.iter().find(|d| d.bucket == theirs.bucket) {
            count += delta.count;
            sum = sum.wrapping_add(delta.sum);
        }
        let agree = count.cast_unsigned() == theirs.count && sum == theirs.sum;
        if !agree {
            tracing::warn!(bucket = theirs.bucket, ours = count, theirs = theirs.count, "bucket differs, asking anew");
            mismatched.push(theirs.bucket.clone());
        }
        conn.prepare_cached(
            "INSERT INTO cursor (bucket, seq, count, sum) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (bucket) DO UPDATE SET seq = excluded.seq, count = excluded.count, sum = excluded.sum",
        )?
        .execute((
            &theirs.bucket,
            if agree { theirs.seq.cast_signed() } else { 0 },
            count,
            sum.cast_signed(),
        ))?;
    }
    Ok(mismatched)
}

/// Executes every pending command again, in order. One that no longer fits keeps its place with the reasons.
fn replay(conn: &Db, writer: &mut Writer<'_>) -> Result<u64, Trouble> {
    let mut refused = 0;
    let mut after = i64::MIN;
    let mut next = conn.prepare_cached("SELECT n, payload FROM queue WHERE n > ?1 ORDER BY n LIMIT 1")?;
    let mut predict = conn.prepare_cached("UPDATE queue SET predicted = ?2 WHERE n = ?1")?;
    while let Some((n, payload)) =
        next.query_row((after,), |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))).optional()?
    {
        after = n;
        conn.execute_batch("SAVEPOINT command")?;
        writer.executing(n);
        let outcome = execute_again(&payload, writer);
        match outcome {
            Ok(()) => predict.execute((n, ""))?,
            Err(Failure::Refused(refusal)) => {
                conn.execute_batch("ROLLBACK TO command")?;
                conn.rolled_back();
                refused += 1;
                predict.execute((n, serde_json::to_string(&refusal)?))?
            }
            Err(Failure::Fault(fault)) => return Err(fault.into()),
        };
        conn.execute_batch("RELEASE command")?;
    }
    Ok(refused)
}

fn execute_again(payload: &[u8], writer: &mut Writer<'_>) -> Result<(), Failure> {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(payload) else {
        return Err(Finding::new(
            "UNKNOWN_COMMAND",
            "This program does not know this kind of command; a newer one issued it.",
            "Update Slipway. The command is kept and sent.",
        )
        .into());
    };
    // A command that makes the rules panic must not keep every later flip from happening.
    match catch_unwind(AssertUnwindSafe(|| run(&envelope, writer))) {
        Ok(outcome) => outcome.map(|_| ()),
        Err(_) => Err(Refusal::from(Finding::new(
            "RULES_FAILED",
            "The rules failed on this command.",
            "Report this. The command is kept and sent; the server judges it.",
        ))
        .into()),
    }
}

fn epoch(conn: &Connection, flip: &Flip) -> Result<(), Trouble> {
    let known: String = conn.query_row("SELECT epoch FROM profile WHERE one = 1", (), |row| row.get(0))?;
    if known != flip.epoch {
        if !known.is_empty() {
            // A restored server may not remember to whom it leased them.
            conn.execute("DELETE FROM number_block", ())?;
        }
        conn.execute("UPDATE profile SET epoch = ?1 WHERE one = 1", (&flip.epoch,))?;
    }
    crate::meta::set(conn, crate::status::LAST_SYNC, &flip.at.0.to_string())?;
    Ok(())
}
